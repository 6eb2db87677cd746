//! Days that the ledger has as a provider's control totals say: these are not asked again.

use std::collections::BTreeSet;

use jiff::ToSpan as _;
use jiff::civil::Date;
use ledger_core::bill::{BillHead, FileSet};
use ledger_core::cost::Costs;
use ledger_core::currency::Currency;
use ledger_core::period::ChargePeriod;

use super::compare::{DailyCosts, agree};

/// Days that are asked and written together. What is written stays, so that a run whose requests are
/// used up goes on in the next one.
const DAYS_TOGETHER: usize = 5;

/// The mark of days that were asked by a tag key, in the place where days of a bill have their files.
pub(super) fn asked_by(key: &str) -> FileSet {
    FileSet::of([format!("groups by tag {key}").as_str()])
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

/// Days in order as spans of at most [`DAYS_TOGETHER`], the newest first.
pub(super) fn spans(days: impl Iterator<Item = Date>) -> Vec<ChargePeriod> {
    let mut spans: Vec<Vec<Date>> = Vec::new();
    for day in days {
        let follows = |span: &&mut Vec<Date>| {
            span.len() < DAYS_TOGETHER && span.last().is_some_and(|it| *it + 1.day() == day)
        };
        match spans.last_mut().filter(follows) {
            Some(span) => span.push(day),
            None => spans.push(vec![day]),
        }
    }
    let period = |span: &Vec<Date>| {
        let end = span.last()?.tomorrow().ok()?;
        ChargePeriod::new(*span.first()?, end).ok()
    };
    spans.iter().rev().filter_map(period).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_asked_in_short_spans_the_newest_first() {
        let of_month = |days: &[i8]| {
            let days = days.iter().map(|it| Date::constant(2026, 11, *it));
            let text = |it: &ChargePeriod| format!("{}..{}", it.start().day(), it.end().day());
            spans(days).iter().map(text).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(of_month(&[]), "");
        assert_eq!(of_month(&[3]), "3..4");
        assert_eq!(of_month(&[1, 2, 3, 4, 5, 6, 7]), "6..8 1..6");
        assert_eq!(of_month(&[1, 3, 4, 9]), "9..10 3..5 1..2");
    }
}
