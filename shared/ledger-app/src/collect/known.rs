//! Days that the ledger has as a provider's control totals say: these are not asked again.

use std::collections::BTreeSet;

use jiff::civil::Date;
use ledger_core::bill::{BillHead, FileSet};
use ledger_core::cost::Costs;
use ledger_core::currency::Currency;
use ledger_core::period::ChargePeriod;

use super::compare::{DailyCosts, agree};

/// The form in which answers are read. A release that reads more of the same answer has another, so that
/// it asks all days once.
const READING: u32 = 1;

/// The mark of days that were asked by a tag key, in the place where days of a bill have their files.
pub(super) fn asked_by(key: &str) -> FileSet {
    FileSet::of([format!("groups by tag {key}, read in form {READING}").as_str()])
}

/// Whether a day was asked in the same way, and its totals are those of the control.
pub(super) fn is_known(
    held: &BillHead,
    day: Date,
    asked_by: &FileSet,
    control: &DailyCosts,
) -> bool {
    let Some(state) = held.days.get(&day) else { return false };
    if state.files.as_deref() != Some(asked_by) || state.facts.is_partial() {
        return false;
    }
    let of_control = control.keys().filter(|it| it.0 == day).map(|it| it.1);
    let currencies: BTreeSet<Currency> = of_control.chain(state.totals.keys().copied()).collect();
    currencies.into_iter().all(|currency| {
        let nothing = Costs::zero(currency);
        let (sum, count) =
            state.totals.get(&currency).map_or((nothing, 0), |it| (it.ai, it.ai_line_count));
        let total = control.get(&(day, currency)).map_or(nothing, |it| it.0);
        agree(&sum, count, &total)
    })
}

/// Days in order as spans.
pub(super) fn spans(days: impl Iterator<Item = Date>) -> Vec<ChargePeriod> {
    let mut spans: Vec<Vec<Date>> = Vec::new();
    for day in days {
        let follows =
            |span: &&mut Vec<Date>| span.last().is_some_and(|it| it.tomorrow().ok() == Some(day));
        match spans.last_mut().filter(follows) {
            Some(span) => span.push(day),
            None => spans.push(vec![day]),
        }
    }
    let period = |span: &Vec<Date>| {
        let end = span.last()?.tomorrow().ok()?;
        ChargePeriod::new(*span.first()?, end).ok()
    };
    spans.iter().filter_map(period).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_that_follow_each_other_are_one_span() {
        let of_month = |days: &[i8]| {
            let days = days.iter().map(|it| Date::constant(2026, 11, *it));
            let text = |it: &ChargePeriod| format!("{}..{}", it.start().day(), it.end().day());
            spans(days).iter().map(text).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(of_month(&[]), "");
        assert_eq!(of_month(&[3]), "3..4");
        assert_eq!(of_month(&[1, 2, 3, 4, 5, 6, 7]), "1..8");
        assert_eq!(of_month(&[1, 3, 4, 9]), "1..2 3..5 9..10");
    }
}
