//! Where the ledger gets data from, and how far each of it is.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use jiff::ToSpan;
use jiff::civil::Date;

use super::head::{BillHead, DayHead};
use super::served::covers_payer;
use crate::cost::{CostKind, Costs};
use crate::line_item::BillId;
use crate::source::Source;

/// Months after which no more data of a feed is expected: its account or its export was given up.
const WATCHED_MONTHS: i32 = 3;

/// Data that is expected to go on: the bills of a payer, or, where a payer has no bills, its quick
/// look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feed {
    /// The source.
    pub source: Source,
    /// The payer.
    pub payer: Option<Arc<str>>,
    /// The end of the last day with AI lines or with a cost. Days after today do not count.
    pub data_up_to: Date,
}

impl fmt::Display for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Feed { source, payer, .. } = self;
        write!(f, "{source} of payer {}", payer.as_deref().unwrap_or("unknown"))
    }
}

/// The feeds of a ledger. One that goes on says nothing of another that stopped, so each has an age of
/// its own.
pub fn feeds(heads: &[BillHead], today: Date) -> Vec<Feed> {
    let first = today.first_of_month().saturating_sub(WATCHED_MONTHS.months());
    let mut newest: BTreeMap<(&Source, Option<&str>), (&BillId, Date)> = BTreeMap::new();
    let has_rank = |it: &&BillHead| it.bill.source.rank().is_some();
    for head in heads.iter().filter(has_rank).filter(|it| it.bill.period.first_day() >= first) {
        let last = head.days.range(..=today).rfind(|(_, state)| has_data(state));
        if let Some((day, _)) = last {
            let feed = (&head.bill.source, head.bill.payer.as_deref());
            let known = newest.entry(feed).or_insert((&head.bill, *day));
            known.1 = known.1.max(*day);
        }
    }
    let is_covered = |bill: &BillId| {
        let higher = newest.values().map(|it| it.0);
        let mut higher = higher.filter(|it| it.source.rank() > bill.source.rank());
        higher.any(|it| covers_payer(bill, it))
    };
    let watched = newest.values().filter(|(bill, _)| !is_covered(bill));
    watched
        .map(|(bill, day)| Feed {
            source: bill.source.clone(),
            payer: bill.payer.clone(),
            data_up_to: day.tomorrow().unwrap_or(*day),
        })
        .collect()
}

/// Credits may pay for all of a day, so a day counts by its AI lines. Lines of zero that are not AI are
/// there for whole months in advance.
fn has_data(state: &DayHead) -> bool {
    let has_cost = |costs: &Costs| !costs.of(CostKind::Unblended).is_zero();
    state.totals.values().any(|it| it.ai_line_count > 0 || has_cost(&it.other))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bill::{FactsForm, Generation};
    use crate::currency::Currency;
    use crate::money::Money;
    use crate::period::BillingPeriod;
    use crate::rollup::DayTotal;

    /// A bill with other cost on each of these days; `0` is a line of zero.
    fn head(source: Source, payer: Option<&str>, days: &[(&str, &str)]) -> BillHead {
        let day = |(day, cost): &(&str, &str)| {
            let generation = Generation { version: 1, content_hash: "a".into() };
            let cost = Money::parse(cost, Currency::USD).unwrap().money;
            let other = Costs::new(cost, None).unwrap();
            let total = DayTotal { other, other_line_count: 1, ..DayTotal::zero(Currency::USD) };
            let state = DayHead {
                generation,
                totals: BTreeMap::from([(Currency::USD, total)]),
                estimated: false,
                is_invoiced: true,
                facts: FactsForm::CURRENT,
                files: None,
            };
            (day.parse::<Date>().unwrap(), state)
        };
        let days: BTreeMap<Date, DayHead> = days.iter().map(day).collect();
        let period = BillingPeriod::containing(*days.keys().next().unwrap());
        BillHead {
            bill: BillId { period, source, payer: payer.map(Arc::from), part: None },
            version: 1,
            export: None,
            delivered_at: None,
            imported_at: jiff::Timestamp::UNIX_EPOCH,
            rules_version: 1,
            days,
            unread: Arc::default(),
            is_chosen_part: false,
            pending: None,
        }
    }

    #[test]
    fn a_feed_that_goes_on_does_not_hide_one_that_stopped() {
        let bill = |payer, days: &[_]| head(Source::AWS_BILL, Some(payer), days);
        let quick_look = |payer, days: &[_]| head(Source::AWS_QUICK_LOOK, payer, days);
        let heads = [
            bill("1", &[("2026-10-31", "5")]),
            bill("1", &[("2026-11-05", "5"), ("2026-11-06", "0"), ("2026-11-29", "7")]),
            quick_look(Some("1"), &[("2026-11-19", "5")]),
            bill("2", &[("2026-11-18", "5")]),
            quick_look(Some("3"), &[("2026-11-19", "5")]),
            // Given up long ago.
            bill("4", &[("2026-07-31", "5")]),
        ];
        let today = "2026-11-20".parse().unwrap();
        let said = |heads: &[BillHead]| -> Vec<String> {
            feeds(heads, today).iter().map(|it| format!("{it} to {}", it.data_up_to)).collect()
        };
        let expected = [
            "cost-explorer of payer 3 to 2026-11-20",
            "cur of payer 1 to 2026-11-06",
            "cur of payer 2 to 2026-11-19",
        ];
        let mut all = said(&heads);
        all.sort();
        assert_eq!(all, expected);
        // A quick look that names no payer is of all of them.
        let whole = [bill("1", &[("2026-11-05", "5")]), quick_look(None, &[("2026-11-19", "5")])];
        assert_eq!(said(&whole), ["cur of payer 1 to 2026-11-06"]);
        assert_eq!(said(&[]), Vec::<String>::new());
    }
}
