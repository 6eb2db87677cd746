//! The second delivery, which restates one day.

use fastrand::Rng;
use jiff::ToSpan as _;
use jiff::civil::Date;

use super::Calendar;
use super::random::{day_number, id, mix};
use crate::sample::line::Line;

/// The day of the restatement, counted back from the end: just before the runaway.
const RESTATED_DAYS_AGO: i64 = 6;

impl Calendar {
    /// The lines of the second delivery: one day of one month is different.
    ///
    /// On that day some charges are cheaper, one is gone and one is new.
    pub(in crate::sample) fn restated_lines(&self) -> Vec<Line> {
        let Some(day) = self.restated_day() else {
            return self.lines();
        };
        let mut lines = self.lines();
        let mut ids = Rng::with_seed(mix(self.seed, &[day_number(day), 0xD1FF]));
        let mut position = 0_u32;
        let mut late = None;
        lines.retain_mut(|line| {
            if line.start != day || line.principal.is_none() {
                return true;
            }
            position = position.saturating_add(1);
            match position {
                3 => return false,
                4 => late = Some(line.clone()),
                _ if position.is_multiple_of(5) => {
                    line.amount = line.amount.percent(92);
                    line.unblended_cost = line.unblended_cost.percent(92);
                    line.net_unblended_cost = line.net_unblended_cost.percent(92);
                    line.public_cost = line.public_cost.map(|it| it.percent(92));
                }
                _ => {}
            }
            true
        });
        if let Some(mut line) = late {
            line.id = id(&mut ids);
            line.operation = "InvokeModelInference";
            line.amount = line.amount.percent(4);
            line.unblended_cost = line.unblended_cost.percent(4);
            line.net_unblended_cost = line.net_unblended_cost.percent(4);
            line.public_cost = line.public_cost.map(|it| it.percent(4));
            let end = lines.partition_point(|it| it.start <= day);
            lines.insert(end, line);
        }
        lines
    }

    /// The day that the second delivery restates; none in a sample shorter than that.
    pub(in crate::sample) fn restated_day(&self) -> Option<Date> {
        let day = self.as_of.saturating_sub(RESTATED_DAYS_AGO.days());
        self.days.contains(&day).then_some(day)
    }
}
