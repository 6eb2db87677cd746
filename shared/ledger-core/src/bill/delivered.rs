//! Which bills a delivery restates as a whole, and which it takes back.

use jiff::Timestamp;

use super::deliverer::Export;
use super::head::BillHead;
use crate::line_item::BillId;
use crate::period::BillingPeriod;
use crate::source::SourceKind;

/// A delivery, once all of it is read.
#[derive(Clone, Copy, Debug)]
pub struct Delivered<'a> {
    /// The export that made it, where a manifest names it.
    pub export: Option<&'a Export>,
    /// The month it is for, where a manifest or a folder says so.
    pub period: Option<BillingPeriod>,
    /// Time at which the provider made it, where a manifest says so.
    pub delivered_at: Option<Timestamp>,
    /// Whether it claims to be the whole of a bill.
    pub is_complete: bool,
    /// Whether every line of it could be read.
    pub is_read_whole: bool,
    /// The bills that it has lines of, as the ledger keeps them.
    pub bills: &'a [BillId],
}

impl Delivered<'_> {
    /// Whether it claims to be a whole bill and has lines of several. It cannot be the whole of each,
    /// and taking a few stray rows for a whole bill would remove that bill.
    pub fn is_mixed(&self) -> bool {
        self.is_complete && self.bills.len() > 1
    }

    /// Whether days that it leaves out have no cost.
    pub fn restates_whole_bill(&self) -> bool {
        self.is_complete && !self.is_mixed()
    }

    /// The bills that the same export delivered earlier for this month and no longer contains.
    ///
    /// None where a line could not be read: the bill may be the one that the line belongs to. An
    /// empty delivery is whole too: of a bill that was taken back.
    pub fn withdraws(&self, heads: &[BillHead]) -> Vec<BillId> {
        let (Some(export), Some(period)) = (self.export, self.period) else { return Vec::new() };
        if !self.restates_whole_bill() || !self.is_read_whole {
            return Vec::new();
        }
        let is_withdrawn = |head: &&BillHead| {
            head.bill.period == period
                && head.bill.source.kind == SourceKind::Bill
                && head.export.as_ref().is_some_and(|it| it.is_same(export))
                && !head.days.is_empty()
                && head.delivered_at <= self.delivered_at
                && !self.bills.contains(&head.bill)
        };
        heads.iter().filter(is_withdrawn).map(|head| head.bill.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;
    use crate::source::Source;
    use crate::testing::*;

    fn held(payer: &str, export: &str, hour: u8) -> BillHead {
        let mut head = head(bill(Source::AWS_BILL, "2026-10", payer), &[("2026-10-01", "1")]);
        head.export = Some(named(export));
        head.delivered_at = Some(time(hour));
        head
    }

    fn named(name: &str) -> Export {
        Export { name: name.into(), place: None }
    }

    fn time(hour: u8) -> Timestamp {
        format!("2026-11-20T{hour:02}:00:00Z").parse().unwrap()
    }

    /// The payers of bills that a delivery at 6 o'clock takes back, with one change to it.
    #[track_caller]
    fn check(change: impl Fn(&mut Delivered<'_>), expected: &[&str]) {
        let heads = [
            held("1", "daily", 5),
            held("2", "daily", 5),
            held("3", "other", 5),
            held("4", "daily", 7),
        ];
        let bills = [heads[0].bill.clone(), bill(Source::AWS_BILL, "2026-10", "9")];
        let daily = named("daily");
        let mut delivered = Delivered {
            export: Some(&daily),
            period: Some(BillingPeriod::parse("2026-10").unwrap()),
            delivered_at: Some(time(6)),
            is_complete: true,
            is_read_whole: true,
            bills: &bills[..1],
        };
        change(&mut delivered);
        let withdrawn: Vec<_> =
            delivered.withdraws(&heads).into_iter().map(|it| it.payer).collect();
        assert_eq!(withdrawn.iter().map(|it| it.as_deref().unwrap()).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn an_export_takes_back_what_it_delivered_before_and_leaves_out() {
        check(|_| (), &["2"]);
        check(|it| it.bills = &[], &["1", "2"]);
        static OTHER: LazyLock<Export> = LazyLock::new(|| named("other"));
        check(|it| it.export = Some(&OTHER), &["3"]);
    }

    #[test]
    fn nothing_is_taken_back_where_it_is_not_certain() {
        check(|it| it.export = None, &[]);
        check(|it| it.period = None, &[]);
        check(|it| it.is_complete = false, &[]);
        check(|it| it.is_read_whole = false, &[]);
        check(|it| it.delivered_at = Some(time(4)), &[]);
        check(|it| it.period = Some(BillingPeriod::parse("2026-11").unwrap()), &[]);
    }

    #[test]
    fn a_delivery_of_several_bills_is_the_whole_of_none() {
        let bills = ["1", "2"].map(|it| bill(Source::AWS_BILL, "2026-10", it));
        let of = |bills| Delivered {
            export: None,
            period: None,
            delivered_at: None,
            is_complete: true,
            is_read_whole: true,
            bills,
        };
        assert!(of(&bills[..]).is_mixed() && !of(&bills[..]).restates_whole_bill());
        assert!(!of(&bills[..1]).is_mixed() && of(&bills[..1]).restates_whole_bill());
        assert!(of(&[]).restates_whole_bill());
    }
}
