//! The source that serves each day.

use jiff::civil::Date;

use super::head::{BillHead, DayHead};
use crate::line_item::BillId;
use crate::period::{BillingPeriod, ChargePeriod};
use crate::source::Rank;

/// How sure a figure is; the weakest of what it was made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// From logs or a quick look, or on a bill of which a line is on no invoice yet.
    Estimated,
    /// Every AI line of the bill is on an invoice.
    Billed,
    /// The period is closed.
    Final,
}

impl Status {
    /// All of them.
    pub const ALL: [Status; 3] = [Status::Estimated, Status::Billed, Status::Final];

    /// Reads the word.
    pub fn parse(text: &str) -> Option<Status> {
        Status::ALL.into_iter().find(|it| it.as_str() == text)
    }

    /// The word in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Estimated => "estimated",
            Status::Billed => "billed",
            Status::Final => "final",
        }
    }
}

/// A day of a bill that answers count.
#[derive(Clone, Copy, Debug)]
pub struct ServedDay<'a> {
    /// The bill.
    pub head: &'a BillHead,
    /// The day.
    pub day: Date,
    /// Its state.
    pub state: &'a DayHead,
    /// Whether the bill [is invoiced](BillHead::is_invoiced).
    pub is_invoiced: bool,
}

impl ServedDay<'_> {
    /// How sure its figures are.
    pub fn status(&self) -> Status {
        let is_bill = self.head.bill.source.rank() == Some(Rank::Bill);
        let is_billed = is_bill && self.is_invoiced && !self.state.estimated;
        if is_billed { Status::Billed } else { Status::Estimated }
    }
}

/// The days of a period, each from one source: of a provider's sources for a payer and day, the one
/// of the highest [rank](crate::source::Rank) that reaches it.
///
/// A bill reaches to its last day: within its reach a day that is not on the bill is a day without
/// cost. Other sources reach the days that they hold. Sources without a rank serve nothing.
pub fn served_days(heads: &[BillHead], period: ChargePeriod) -> Vec<ServedDay<'_>> {
    let mut served = Vec::new();
    for head in heads.iter().filter(|head| head.bill.source.rank().is_some()) {
        let is_invoiced = head.is_invoiced();
        for (day, state) in head.days.range(period.start()..period.end()) {
            let is_late = head.bill.source.rank() == Some(Rank::Bill)
                && head.bill.period != BillingPeriod::containing(*day);
            // A lower source files a late charge under its day, so where it serves the day it
            // already has what a later bill says of it.
            let counts = match is_late {
                true => !served_by_lower(heads, &head.bill, *day),
                false => !reached_by_higher(heads, &head.bill, *day),
            };
            if counts {
                served.push(ServedDay { head, day: *day, state, is_invoiced });
            }
        }
    }
    served
}

/// Whether a source of a higher rank reaches a day of this bill.
pub(crate) fn reached_by_higher(heads: &[BillHead], bill: &BillId, day: Date) -> bool {
    heads.iter().any(|head| {
        head.bill.source.rank() > bill.source.rank()
            && covers_payer(bill, &head.bill)
            && reaches(head, day)
    })
}

/// The last day that a source of a higher rank reaches in the month of this bill.
pub fn last_day_of_higher(heads: &[BillHead], bill: &BillId) -> Option<Date> {
    let higher = heads.iter().filter(|head| {
        head.bill.source.rank() > bill.source.rank()
            && head.bill.period == bill.period
            && covers_payer(bill, &head.bill)
    });
    higher.filter_map(|head| head.days.keys().next_back()).max().copied()
}

/// Whether a source of a lower rank serves a day of this bill's payer.
fn served_by_lower(heads: &[BillHead], bill: &BillId, day: Date) -> bool {
    heads.iter().any(|head| {
        head.bill.source.rank().is_some()
            && head.bill.source.rank() < bill.source.rank()
            && covers_payer(&head.bill, bill)
            && head.days.contains_key(&day)
            && !reached_by_higher(heads, &head.bill, day)
    })
}

/// Whether a bill of a lower source and one of a higher are of one provider and payer. A lower source
/// that names no payer covers them all.
pub(super) fn covers_payer(lower: &BillId, higher: &BillId) -> bool {
    lower.source.provider == higher.source.provider
        && (lower.payer.is_none() || lower.payer == higher.payer)
}

fn reaches(head: &BillHead, day: Date) -> bool {
    if head.bill.source.rank() != Some(Rank::Bill) {
        return head.days.contains_key(&day);
    }
    head.bill.period == BillingPeriod::containing(day)
        && head.days.keys().next_back().is_some_and(|last| day <= *last)
}

/// The end of the last day with a charge of any source that serves days. A quick look holds days
/// without cost also where the provider has no data yet, so empty days do not count.
pub fn data_up_to(heads: &[BillHead]) -> Option<Date> {
    heads
        .iter()
        .filter(|head| head.bill.source.rank().is_some())
        .filter_map(|head| head.days.iter().rfind(|(_, state)| !state.totals.is_empty()))
        .map(|(day, _)| day)
        .max()
        .and_then(|day| day.tomorrow().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Provider, Source, SourceKind};
    use crate::testing::*;

    const ONE: &str = "123456789012";
    const TWO: &str = "210987654321";

    /// The served days of October and November, as `day source payer`.
    fn served(heads: &[BillHead]) -> Vec<String> {
        let mut served: Vec<String> = served_days(heads, span("2026-10-01", "2026-12-01"))
            .into_iter()
            .map(|it| {
                let bill = &it.head.bill;
                format!("{} {} {}", it.day, bill.source, bill.payer_shown())
            })
            .collect();
        served.sort();
        served
    }

    fn cur(period: &str, payer: &str, days: &[&str]) -> BillHead {
        of_source(Source::AWS_BILL, period, payer, days)
    }

    fn explorer(period: &str, payer: &str, days: &[&str]) -> BillHead {
        of_source(Source::AWS_QUICK_LOOK, period, payer, days)
    }

    fn of_source(source: Source, period: &str, payer: &str, days: &[&str]) -> BillHead {
        let days: Vec<_> = days.iter().map(|it| (*it, "1")).collect();
        head(bill(source, period, payer), &days)
    }

    #[test]
    fn the_bill_serves_up_to_its_last_day_and_cost_explorer_after_that() {
        let heads = [
            cur("2026-10", ONE, &["2026-10-01", "2026-10-03"]),
            explorer(
                "2026-10",
                "unknown",
                &["2026-10-01", "2026-10-02", "2026-10-03", "2026-10-04"],
            ),
        ];
        // On the 2nd the bill has no cost: what Cost Explorer says of it is not served.
        assert_eq!(
            served(&heads),
            [
                "2026-10-01 cur 123456789012",
                "2026-10-03 cur 123456789012",
                "2026-10-04 cost-explorer unknown"
            ]
        );
    }

    #[test]
    fn a_view_is_never_served() {
        assert_eq!(
            served(&[of_source(Source::aws_view("x"), "2026-10", ONE, &["2026-10-01"])]),
            Vec::<String>::new()
        );
    }

    #[test]
    fn a_kind_of_source_that_is_not_known_is_never_served() {
        let newer = Source::parse("aws:forecast");
        let heads = [of_source(newer, "2026-10", ONE, &["2026-10-01"])];
        assert_eq!(served(&heads), Vec::<String>::new());
        assert_eq!(data_up_to(&heads), None);
    }

    #[test]
    fn the_highest_rank_of_each_provider_and_payer_serves_a_day() {
        let of = |provider: &str, kind: SourceKind, days: &[&str]| {
            let source = Source { provider: Provider::parse(provider), kind };
            of_source(source, "2026-10", ONE, days)
        };
        let all = ["2026-10-01", "2026-10-02", "2026-10-03"];
        let heads = [
            of("aws", SourceKind::Estimate, &all),
            of("aws", SourceKind::QuickLook, &all[..2]),
            of("aws", SourceKind::Bill, &all[..1]),
            of("other", SourceKind::Estimate, &all[..1]),
        ];
        assert_eq!(
            served(&heads),
            [
                "2026-10-01 cur 123456789012",
                "2026-10-01 other:estimate 123456789012",
                "2026-10-02 cost-explorer 123456789012",
                "2026-10-03 aws:estimate 123456789012",
            ]
        );
    }

    #[test]
    fn a_late_charge_on_the_next_bill_counts_on_its_day() {
        let heads = [cur("2026-10", ONE, &["2026-10-31"]), cur("2026-11", ONE, &["2026-10-31"])];
        assert_eq!(served(&heads).len(), 2);
    }

    #[test]
    fn a_late_charge_does_not_count_where_cost_explorer_alone_tells_of_the_day() {
        let heads = [
            explorer("2026-10", "unknown", &["2026-10-31"]),
            cur("2026-11", ONE, &["2026-10-31", "2026-11-01"]),
        ];
        assert_eq!(
            served(&heads),
            ["2026-10-31 cost-explorer unknown", "2026-11-01 cur 123456789012"]
        );
    }

    #[test]
    fn what_cost_explorer_tells_of_one_payer_hides_nothing_of_another() {
        let heads = [
            explorer("2026-10", TWO, &["2026-10-31"]),
            cur("2026-10", ONE, &["2026-10-30"]),
            cur("2026-11", ONE, &["2026-10-31"]),
        ];
        assert_eq!(
            served(&heads),
            [
                "2026-10-30 cur 123456789012",
                "2026-10-31 cost-explorer 210987654321",
                "2026-10-31 cur 123456789012"
            ]
        );
    }

    #[test]
    fn days_outside_the_period_are_not_served() {
        assert_eq!(served(&[cur("2026-09", ONE, &["2026-09-30"])]), Vec::<String>::new(),);
    }

    #[test]
    fn a_figure_is_billed_once_every_line_of_its_bill_is_on_an_invoice() {
        use Status::{Billed, Estimated};
        let days = ["2026-10-01", "2026-10-02"];
        let second = date("2026-10-02");
        let statuses = |head: BillHead| -> Vec<Status> {
            let heads = [head];
            let days = served_days(&heads, span("2026-10-01", "2026-11-01"));
            days.iter().map(ServedDay::status).collect()
        };
        let bill = cur("2026-10", ONE, &days);
        assert_eq!(statuses(bill.clone()), [Billed, Billed]);
        let mut open = bill.clone();
        open.days.get_mut(&second).unwrap().is_invoiced = false;
        assert_eq!(statuses(open), [Estimated, Estimated]);
        let mut marked = bill;
        marked.days.get_mut(&second).unwrap().estimated = true;
        assert_eq!(statuses(marked), [Billed, Estimated]);
        assert_eq!(statuses(explorer("2026-10", ONE, &days)), [Estimated, Estimated]);
    }

    #[test]
    fn data_reaches_to_the_end_of_the_last_day_of_any_source_but_views() {
        let heads = [
            cur("2026-10", ONE, &["2026-10-03"]),
            explorer("2026-10", "unknown", &["2026-10-31"]),
            of_source(Source::aws_view("x"), "2026-11", ONE, &["2026-11-09"]),
        ];
        assert_eq!(data_up_to(&heads), Some(date("2026-11-01")));
        assert_eq!(data_up_to(&[]), None);
    }
}
