//! Days that no source has reached.

use std::collections::BTreeSet;

use jiff::civil::Date;

use crate::bill::BillHead;
use crate::period::BillingPeriod;
use crate::source::{Provider, Rank};

/// Days of a month before `today` that no source has reached, for at least one of the payers with a
/// bill in the month; all of them if no payer has one.
///
/// A bill reaches from the first day of its month to its last day with data, so a day without cost
/// within its reach is not missing. Other sources reach the days that they have.
pub fn missing_days(heads: &[BillHead], month: BillingPeriod, today: Date) -> Vec<Date> {
    let heads: Vec<&BillHead> = heads.iter().filter(|head| counts(head, month)).collect();
    let mut payers: BTreeSet<Payer<'_>> = heads.iter().map(|it| payer_of(it)).collect();
    let unnamed: Vec<Payer<'_>> = payers.iter().filter(|it| it.1.is_none()).copied().collect();
    for (provider, payer) in unnamed {
        if payers.iter().any(|it| it.0 == provider && it.1.is_some()) {
            payers.remove(&(provider, payer));
        }
    }
    let is_missing = |day: &Date| {
        let is_reached_for = |(provider, payer): &Payer<'_>| {
            // A source that does not name its payer may be of any.
            let mut of_payer = heads.iter().filter(|it| {
                let bill = payer_of(it);
                bill.0 == *provider && (bill.1.is_none() || bill.1 == *payer)
            });
            of_payer.any(|head| reaches(head, *day))
        };
        payers.is_empty() || !payers.iter().all(is_reached_for)
    };
    let days = month.charge_period().into_iter().flat_map(|it| it.days());
    days.take_while(|day| *day < today).filter(is_missing).collect()
}

/// Provider and payer.
type Payer<'a> = (&'a Provider, Option<&'a str>);

fn payer_of(head: &BillHead) -> Payer<'_> {
    (&head.bill.source.provider, head.bill.payer.as_deref())
}

fn counts(head: &BillHead, month: BillingPeriod) -> bool {
    head.bill.period == month && head.bill.source.rank().is_some()
}

fn reaches(head: &BillHead, day: Date) -> bool {
    match head.bill.source.rank() {
        Some(Rank::Bill) => head.days.keys().next_back().is_some_and(|last| day <= *last),
        _ => head.days.contains_key(&day),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;
    use crate::testing::*;

    fn cur(payer: &str, days: &[&str]) -> BillHead {
        let days: Vec<(&str, &str)> = days.iter().map(|it| (*it, "1")).collect();
        let mut bill = line().bill;
        bill.payer = Some(payer).filter(|it| !it.is_empty()).map(Into::into);
        head(bill, &days)
    }

    #[track_caller]
    fn check(heads: &[BillHead], today: &str, expected: &[&str]) {
        let month = BillingPeriod::parse("2026-10").unwrap();
        let missing = missing_days(heads, month, date(today));
        assert_eq!(missing, expected.iter().map(|it| date(it)).collect::<Vec<_>>());
    }

    #[test]
    fn a_day_within_the_reach_of_a_bill_is_not_missing() {
        let bill = cur("1", &["2026-10-03"]);
        check(std::slice::from_ref(&bill), "2026-10-04", &[]);
        check(std::slice::from_ref(&bill), "2026-10-06", &["2026-10-04", "2026-10-05"]);
    }

    #[test]
    fn a_day_is_missing_if_one_payer_lacks_it() {
        let heads = [cur("1", &["2026-10-03"]), cur("2", &["2026-10-02"])];
        check(&heads, "2026-10-04", &["2026-10-03"]);
    }

    #[test]
    fn a_quick_look_reaches_the_days_it_has() {
        let mut explorer = cur("", &["2026-10-02", "2026-10-04"]);
        explorer.bill.source = Source::AWS_QUICK_LOOK;
        let heads = [cur("1", &["2026-10-01"]), explorer];
        check(&heads, "2026-10-06", &["2026-10-03", "2026-10-05"]);
    }

    #[test]
    fn without_a_bill_of_the_month_every_day_is_missing() {
        check(&[], "2026-10-03", &["2026-10-01", "2026-10-02"]);
        check(&[], "2026-09-30", &[]);
    }
}
