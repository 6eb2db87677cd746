//! Compares the lines of a delivery with those of a bill that something else delivered.
//!
//! Ids of lines do not decide: the provider makes them anew for each delivery, so that the same line
//! has another id in the next one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::Date;

use super::deliverer::FileSet;
use super::head::BillHead;
use crate::bill_rollups::BillRollups;
use crate::cost::CostKind;
use crate::currency::Currency;
use crate::money::{Money, MoneyError};
use crate::position::{EntryKind, PositionKey};
use crate::rollup::{DayTotal, Measures};

/// How the lines of a delivery relate to those of a bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// They are of other days.
    OtherDays,
    /// They are of other accounts.
    OtherAccounts,
    /// They are the same, on the days that both have.
    Same,
    /// Each may be in the bill or not.
    Unclear,
}

/// The days that a delivery and a bill both have lines on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommonDays {
    /// Days of the bill that the same files delivered.
    pub restated: Vec<Date>,
    /// All others.
    pub compared: Vec<Date>,
    /// Whether totals differ on one of the compared days.
    pub is_different: bool,
}

impl CommonDays {
    /// The days that `head` and `ours` both have lines on. Days of an earlier release, which did not
    /// keep the files of a day, are those of any files.
    pub fn of(head: &BillHead, ours: &BillRollups, files: Option<&FileSet>) -> CommonDays {
        let is_of_export = head.export.is_some() || head.delivered_at.is_some();
        let mut common = CommonDays::default();
        for (day, totals) in ours.totals().filter(|it| has_lines(it.1)) {
            let Some(state) = head.days.get(&day).filter(|it| has_lines(&it.totals)) else {
                continue;
            };
            let is_restated = match (&state.files, files) {
                (Some(theirs), Some(ours)) => ours.covers(theirs),
                (None, Some(_)) => !is_of_export,
                (_, None) => false,
            };
            if is_restated {
                common.restated.push(day);
            } else {
                common.compared.push(day);
                common.is_different |= state.totals != *totals;
            }
        }
        common
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.restated.is_empty() && self.compared.is_empty()
    }

    /// The relation of the lines on the compared days, of which the makeup is known.
    pub fn relation(&self, ours: &Makeup, theirs: &Makeup) -> Relation {
        if self.is_empty() {
            return Relation::OtherDays;
        }
        if !self.is_different && ours == theirs {
            return Relation::Same;
        }
        // Accounts that cost the same may be one account under two names: that of the caller counts
        // where a file does not name the account that was charged.
        let is_apart = self.is_different && self.restated.is_empty();
        match is_apart && are_apart(&ours.accounts(), &theirs.accounts()) {
            true => Relation::OtherAccounts,
            false => Relation::Unclear,
        }
    }
}

fn has_lines(totals: &BTreeMap<Currency, DayTotal>) -> bool {
    totals.values().any(|it| it.ai_line_count > 0 || it.other_line_count > 0)
}

/// The days of a bill that have lines.
pub fn days_with_lines(head: &BillHead) -> impl Iterator<Item = Date> {
    head.days.iter().filter(|(_, state)| has_lines(&state.totals)).map(|(day, _)| *day)
}

/// Currency, account and usage type.
type MakeupKey = (Currency, Option<Arc<str>>, Option<Arc<str>>);

/// Cost and number of the AI lines of some days, by account and usage type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Makeup(BTreeMap<MakeupKey, (Money, u64)>);

impl Makeup {
    /// Adds a position; the parts of a split are no lines.
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`].
    pub fn add(&mut self, key: &PositionKey, measures: &Measures) -> Result<(), MoneyError> {
        if key.kind != EntryKind::Charge {
            return Ok(());
        }
        let currency = key.summary.charge.currency;
        let usage_type = key.detail.axes.usage_type.clone();
        let sum = self.0.entry((currency, key.detail.account.clone(), usage_type));
        let (cost, line_count) = sum.or_insert((Money::zero(currency), 0));
        *cost = cost.checked_add(measures.costs.of(CostKind::Unblended))?;
        *line_count = line_count.saturating_add(measures.line_count);
        Ok(())
    }

    /// Adds a day of a bill.
    ///
    /// # Errors
    ///
    /// As [`BillRollups::get`].
    pub fn add_day(&mut self, bill: &BillRollups, day: Date) -> Result<(), MoneyError> {
        for position in bill.positions(day) {
            let (key, measures) = position?;
            self.add(&key, &measures)?;
        }
        Ok(())
    }

    /// The accounts; `None` is one that is not named.
    fn accounts(&self) -> BTreeSet<Option<&str>> {
        self.0.keys().map(|it| it.1.as_deref()).collect()
    }
}

/// Whether two sets of accounts surely have no line in common.
fn are_apart(one: &BTreeSet<Option<&str>>, two: &BTreeSet<Option<&str>>) -> bool {
    let is_named = |it: &BTreeSet<Option<&str>>| !it.is_empty() && !it.contains(&None);
    is_named(one) && is_named(two) && one.is_disjoint(two)
}

/// The lines that a restated bill gets, beside another part of it: on the days that both have.
#[derive(Clone, Debug, Default)]
pub struct Growth {
    /// Whether the two had days in common before.
    pub had_common_days: bool,
    /// Days that the bill did not have.
    pub new_days: Vec<Date>,
    /// Days that it had otherwise.
    pub changed_days: Vec<Date>,
}

impl Growth {
    /// The days of the bill `own` that are restated by `ours`, as far as the part `other` has them.
    pub fn of(own: &BillHead, ours: &BillRollups, other: &BillHead) -> Growth {
        let held: BTreeSet<Date> = days_with_lines(own).collect();
        let others: BTreeSet<Date> = days_with_lines(other).collect();
        let had_common_days = !held.is_disjoint(&others);
        let mut growth = Growth { had_common_days, ..Growth::default() };
        for (day, totals) in ours.totals().filter(|it| has_lines(it.1) && others.contains(&it.0)) {
            match own.days.get(&day).filter(|_| held.contains(&day)) {
                None => growth.new_days.push(day),
                Some(state) if state.totals != *totals => growth.changed_days.push(day),
                Some(_) => {}
            }
        }
        growth
    }

    /// Whether what it gets is surely of other accounts: on new days, `ours` beside `theirs`; on changed
    /// days, the accounts that `ours` has more than `own`.
    pub fn is_apart(&self, new: [&Makeup; 2], changed: [&Makeup; 3]) -> bool {
        let ([ours, theirs], [all, own, others]) = (new.map(Makeup::accounts), changed);
        let (all, own) = (all.accounts(), own.accounts());
        let more: BTreeSet<_> = all.difference(&own).copied().collect();
        // Lines that are not for AI name no account: there the days before have to decide.
        let is_without_ai = ours.is_empty() || theirs.is_empty();
        let is_apart_on_new_days = self.new_days.is_empty()
            || are_apart(&ours, &theirs)
            || is_without_ai && self.had_common_days;
        is_apart_on_new_days && (more.is_empty() || are_apart(&more, &others.accounts()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bill_rollups::BillRollups;
    use crate::line_item::LineItem;
    use crate::rules::AttributionRules;
    use crate::source::Source;
    use crate::testing::*;

    /// The bill of lines as day, account and cost.
    fn bill_of(lines: &[(&str, &str, &str)]) -> BillRollups {
        let line = |(day, account, cost): &(&str, &str, &str)| LineItem {
            day: date(day),
            account: Some((*account).into()).filter(|_| !account.is_empty()),
            ..line_of(USER, cost)
        };
        let lines: Vec<LineItem> = lines.iter().map(line).collect();
        ledger_of(&lines, &AttributionRules::default()).0.into_values().next().unwrap_or_default()
    }

    /// The head of such a bill.
    fn head_of(bill_days: &BillRollups, files: Option<&FileSet>) -> BillHead {
        let mut head = head(bill(Source::AWS_BILL, "2026-10", "1"), &[]);
        for (day, totals) in bill_days.totals() {
            let mut state = super::super::DayHead::clone(
                crate::testing::head(head.bill.clone(), &[("2026-10-01", "1")])
                    .days
                    .values()
                    .next()
                    .unwrap(),
            );
            state.totals = totals.clone();
            state.files = files.cloned().map(Arc::new);
            head.days.insert(day, state);
        }
        head
    }

    fn makeup(bill: &BillRollups, days: &[Date]) -> Makeup {
        let mut makeup = Makeup::default();
        for day in days {
            makeup.add_day(bill, *day).unwrap();
        }
        makeup
    }

    #[track_caller]
    fn check(theirs: &[(&str, &str, &str)], ours: &[(&str, &str, &str)], expected: Relation) {
        let (theirs, ours) = (bill_of(theirs), bill_of(ours));
        let mut head = head_of(&theirs, None);
        head.delivered_at = Some("2026-10-20T00:00:00Z".parse().unwrap());
        let common = CommonDays::of(&head, &ours, None);
        let days = &common.compared;
        let relation = common.relation(&makeup(&ours, days), &makeup(&theirs, days));
        assert_eq!(relation, expected);
    }

    #[test]
    fn lines_of_other_days_or_accounts_are_others() {
        let held = [("2026-10-01", "1", "5"), ("2026-10-02", "1", "7")];
        check(&held, &[("2026-10-03", "1", "5")], Relation::OtherDays);
        check(
            &held,
            &[("2026-10-02", "2", "8"), ("2026-10-03", "1", "1")],
            Relation::OtherAccounts,
        );
        check(&held, &held, Relation::Same);
        check(&held, &held[1..], Relation::Same);
        check(&held, &[], Relation::OtherDays);
    }

    #[test]
    fn lines_that_may_be_the_same_are_unclear() {
        let held = [("2026-10-01", "1", "5")];
        check(&held, &[("2026-10-01", "1", "6")], Relation::Unclear);
        // Half of the lines.
        check(&held, &[("2026-10-01", "1", "2"), ("2026-10-01", "2", "3")], Relation::Unclear);
        // The same cost in another account may be the same line.
        check(&held, &[("2026-10-01", "2", "5")], Relation::Unclear);
        check(&held, &[("2026-10-01", "", "6")], Relation::Unclear);
        check(&[("2026-10-01", "", "5")], &[("2026-10-01", "2", "6")], Relation::Unclear);
    }

    #[track_caller]
    fn check_growth(
        own: &[(&str, &str, &str)],
        ours: &[(&str, &str, &str)],
        other: &[(&str, &str, &str)],
        expected: bool,
    ) {
        let [own, ours, other] = [own, ours, other].map(bill_of);
        let growth = Growth::of(&head_of(&own, None), &ours, &head_of(&other, None));
        let new = [&ours, &other].map(|it| makeup(it, &growth.new_days));
        let changed = [&ours, &own, &other].map(|it| makeup(it, &growth.changed_days));
        assert_eq!(growth.is_apart(new.each_ref(), changed.each_ref()), expected);
    }

    #[test]
    fn a_part_may_grow_by_lines_that_no_other_part_can_have() {
        let own = [("2026-10-01", "1", "5")];
        let grown = |day, account| [own[0], (day, account, "1")];
        let other = [("2026-10-01", "2", "7"), ("2026-10-02", "2", "7")];
        check_growth(&own, &own, &other, true);
        check_growth(&own, &grown("2026-10-01", "1"), &other, true);
        check_growth(&own, &grown("2026-10-01", "3"), &other, true);
        check_growth(&own, &grown("2026-10-02", "1"), &other, true);
        check_growth(&own, &grown("2026-10-03", "2"), &other, true);
        for (day, account) in
            [("2026-10-01", "2"), ("2026-10-02", "2"), ("2026-10-02", ""), ("2026-10-01", "")]
        {
            check_growth(&own, &grown(day, account), &other, false);
        }
        // Days in common for the first time.
        check_growth(&own, &grown("2026-10-02", "1"), &[("2026-10-02", "1", "1")], false);
    }

    #[test]
    fn days_of_the_same_files_are_restated() {
        let [one, both] = [&["/a"][..], &["/a", "/b"]].map(|it| FileSet::of(it.iter().copied()));
        let held = bill_of(&[("2026-10-01", "1", "5"), ("2026-10-02", "1", "7")]);
        let ours = bill_of(&[("2026-10-02", "1", "8")]);
        let restated = |of: Option<&FileSet>, by: Option<&FileSet>| {
            let common = CommonDays::of(&head_of(&held, of), &ours, by);
            assert_eq!(common.restated.len() + common.compared.len(), 1);
            !common.restated.is_empty()
        };
        assert!(restated(Some(&one), Some(&one)) && restated(Some(&one), Some(&both)));
        assert!(!restated(Some(&both), Some(&one)) && !restated(Some(&one), None));
        // An earlier release did not keep the files.
        assert!(restated(None, Some(&one)));
    }
}
