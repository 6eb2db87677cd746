//! Commitments: costs that go on as they were agreed.

use crate::History;

/// The costs of commitments on the days after a history, whose days may be without any.
///
/// A cost of every day is paid on: each day costs what the last one did. A cost of some days is
/// paid again on the same day of the next month, or on its last one.
pub fn continued(history: &History, days: usize) -> Vec<f64> {
    let week = history.last(7);
    if let (7, Some(last)) = (week.len(), week.last())
        && week.iter().all(|it| *it != 0.0)
    {
        return vec![*last; days];
    }
    let mut all = history.clone();
    for place in history.len()..history.len() + days {
        let cost = all.month_before(place);
        all.push(cost);
    }
    all.after(history.len(), days).to_vec()
}
