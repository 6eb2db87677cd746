//! Findings about a ledger, such as missing or stale data, each with its fix.
//!
//! `CHECKS` is a list of small functions over one [`Examined`] ledger; [`examine`] reads everything
//! they look at, once, and runs them all.

use std::collections::BTreeSet;

use jiff::ToSpan as _;
use jiff::civil::Date;
use jiff::tz::Offset;
use ledger_core::bill::{BillHead, Feed, feeds};
use ledger_core::budget::Budget;
use ledger_core::currency::Currency;
use ledger_core::dimension::Dimension;
use ledger_core::finding::{Finding, FindingCode};
use ledger_core::now::Now;
use ledger_core::owner::Owner;
use ledger_core::percent::Percent;
use ledger_core::period::ChargePeriod;
use ledger_core::question::Question;
use ledger_core::reconciliation::ReconciledDay;
use ledger_core::report::{CurrencyReport, ReportBuilder};
use ledger_core::source::Rank;

use crate::attribution::findings_of_attribution;
use crate::audience::findings_of_audiences;
use crate::contacts::Contacts;
use crate::documents::{DocumentError, applied_budgets, applied_contacts};
use crate::environments::findings_of_environments;
use crate::evaluate::{Undelivered, undelivered};
use crate::lookup::{findings_in_full, reconciliation_question};
use crate::overview::{OverviewError, grouped, recent_alerts};
use crate::periods::findings_of_periods;
use crate::ports::{AlertStore, DocumentKind, DocumentStore, LedgerStore, StoredAlert};
use crate::view::{LookupError, View};

/// Days without data after which something is wrong: AWS refreshes an export at least daily.
const STALE_DAYS: i32 = 3;

/// A larger part of the recent cost than this should have an owner.
const UNATTRIBUTED_MAX: Percent = Percent::whole(5);

/// Days after a month until its bill should have been delivered once more: AWS closes bills within
/// a few days.
const CLOSING_DAYS: i32 = 10;

/// Days that are examined for callers, owners and agreement with Cost Explorer.
const RECENT_DAYS: i64 = 30;

/// Everything that the checks look at.
#[derive(Clone, Debug)]
pub struct Examined {
    heads: Vec<BillHead>,
    now: Now,
    data_up_to: Option<Date>,
    rules_version: Option<u64>,
    budgets_version: Option<u64>,
    budgets: Vec<Budget>,
    contacts: Contacts,
    alerts: Vec<StoredAlert>,
    recent: Option<Recent>,
}

/// The last days with data.
#[derive(Clone, Debug)]
struct Recent {
    period: ChargePeriod,
    by_caller: Vec<CurrencyReport>,
    by_owner: Vec<CurrencyReport>,
    reconciled: Vec<ReconciledDay>,
}

/// A check: the findings of one kind.
type Check = fn(&Examined) -> Vec<Finding>;

/// All checks, in the order of their findings.
const CHECKS: [Check; 11] = [
    data_is_recent,
    ended_months_are_complete,
    rules_are_applied,
    bills_are_complete,
    callers_are_named,
    costs_have_owners,
    sources_agree,
    budgets_are_applied,
    budgets_are_in_a_currency_of_the_bills,
    owners_have_contacts,
    alerts_arrived,
];

/// Examines a ledger, of which the view has all heads.
///
/// # Errors
///
/// [`OverviewError`].
pub async fn examine<L>(view: &View<L>) -> Result<Vec<Finding>, OverviewError>
where
    L: LedgerStore + AlertStore + DocumentStore + Clone + 'static,
{
    let examined = examined(view).await?;
    let unheard = findings_of_audiences(view).await?;
    let of_environments = findings_of_environments(view).await?;
    let of_attribution = findings_of_attribution(view).await?;
    let of_periods = findings_of_periods(view).await?;
    let found = CHECKS.iter().flat_map(|check| check(&examined));
    Ok(found
        .chain(unheard)
        .chain(of_environments)
        .chain(of_attribution)
        .chain(of_periods)
        .collect())
}

async fn examined<L>(view: &View<L>) -> Result<Examined, OverviewError>
where
    L: LedgerStore + AlertStore + DocumentStore + Clone + 'static,
{
    let rules = view.ledger().document(DocumentKind::Rules).await;
    let rules = rules.map_err(|err| DocumentError::Read("rules", err))?;
    let (budgets_version, budgets) = applied_budgets(view.ledger()).await?;
    Ok(Examined {
        heads: view.heads().to_vec(),
        now: view.now(),
        data_up_to: view.data_up_to(),
        rules_version: rules.map(|it| it.version),
        budgets_version,
        alerts: recent_alerts(view, &budgets).await?,
        budgets,
        contacts: applied_contacts(view.ledger()).await?,
        recent: recent(view).await?,
    })
}

async fn recent<L>(view: &View<L>) -> Result<Option<Recent>, LookupError>
where
    L: LedgerStore + Clone + 'static,
{
    let Some(end) = view.data_up_to() else { return Ok(None) };
    let start = end.saturating_sub(RECENT_DAYS.days());
    let Ok(period) = ChargePeriod::new(start, end) else { return Ok(None) };
    let by_caller = grouped(period, vec![Dimension::Principal]);
    let by_owner = grouped(period, vec![Dimension::Owner]);
    let mut callers = ReportBuilder::new(&by_caller);
    let mut owners = ReportBuilder::new(&by_owner);
    let mut both = reconciliation_question(view, period, by_owner.cost_kind)?;
    let questions: &mut [&mut dyn Question] = &mut [&mut callers, &mut owners, &mut both];
    view.answer(questions).await?;
    Ok(Some(Recent {
        period,
        by_caller: callers.finish()?,
        by_owner: owners.finish()?,
        reconciled: both.finish()?,
    }))
}

fn finding(code: FindingCode, message: impl Into<String>) -> Finding {
    Finding { code, message: message.into() }
}

fn data_is_recent(examined: &Examined) -> Vec<Finding> {
    let Some(newest) = examined.data_up_to else {
        let message = "the ledger holds no bill; `tollbook import PATH` reads an export";
        return vec![finding(FindingCode::NoData, message)];
    };
    let today = examined.now.today();
    let age = |up_to: Date| today.since(up_to).map_or(0, |it| it.get_days());
    let of = |feed: &Feed| {
        let Feed { data_up_to: up_to, .. } = feed;
        let days = age(*up_to);
        format!("the data of {feed} ends at {up_to}, {days} days ago; import the newest delivery")
    };
    let feeds = feeds(&examined.heads, today);
    let stale = feeds.iter().filter(|it| age(it.data_up_to) > STALE_DAYS);
    let mut findings: Vec<_> = stale.map(|it| finding(FindingCode::DataStale, of(it))).collect();
    if feeds.is_empty() && age(newest) > STALE_DAYS {
        let days = age(newest);
        let message =
            format!("the data ends at {newest}, {days} days ago; import the newest delivery");
        findings.push(finding(FindingCode::DataStale, message));
    }
    findings
}

/// A delivery that was made within its month cannot hold the month's last charges.
fn ended_months_are_complete(examined: &Examined) -> Vec<Finding> {
    let mut findings = Vec::new();
    for head in examined.heads.iter().filter(|it| it.bill.source.rank() == Some(Rank::Bill)) {
        let (verb, at) = match head.delivered_at {
            Some(at) => ("made", at),
            None => ("imported", head.imported_at),
        };
        let day = Offset::UTC.to_datetime(at).date();
        let end = head.bill.period.first_day().saturating_add(1.month());
        let days_since = examined.now.today().since(end).map_or(0, |it| it.get_days());
        if day < end && days_since > CLOSING_DAYS {
            let message = format!(
                "the newest delivery of {} was {verb} on {day}, before the month was over on {end}, so \
                 it is likely not the final bill; import a delivery that was made after that",
                head.bill
            );
            findings.push(finding(FindingCode::BillNotFinal, message));
        }
    }
    findings
}

fn rules_are_applied(examined: &Examined) -> Vec<Finding> {
    let Some(version) = examined.rules_version else {
        let message = "no rules are applied, so nothing has an owner; `tollbook rules apply FILE` applies \
             some";
        return vec![finding(FindingCode::NoRules, message)];
    };
    let outdated = examined.heads.iter().filter(|head| head.rules_version != version);
    let message = |head: &BillHead| {
        format!(
            "{} has owners by version {} of the rules, and version {version} is applied; `tollbook \
             rules apply FILE` with the applied file makes them anew, or says why it cannot",
            head.bill, head.rules_version
        )
    };
    outdated.map(|head| finding(FindingCode::RulesOutdated, message(head))).collect()
}

fn bills_are_complete(examined: &Examined) -> Vec<Finding> {
    findings_in_full(&examined.heads)
}

/// An export without callers is a setting, not a company whose calls have none.
fn callers_are_named(examined: &Examined) -> Vec<Finding> {
    let Some(Recent { period, by_caller, .. }) = &examined.recent else { return Vec::new() };
    let mut rows = by_caller.iter().flat_map(|it| &it.rows).peekable();
    let has_rows = rows.peek().is_some();
    let is_unnamed = has_rows && rows.all(|row| row.keys.iter().all(Option::is_none));
    let message = || {
        format!(
            "no line of {period} names its caller; set the export's table property \
             INCLUDE_IAM_PRINCIPAL_DATA to \"TRUE\" and name `line_item_iam_principal` in its query"
        )
    };
    is_unnamed.then(|| finding(FindingCode::NoCallers, message())).into_iter().collect()
}

/// Without rules nothing has an owner, which is a finding of its own.
fn costs_have_owners(examined: &Examined) -> Vec<Finding> {
    let recent = examined.recent.as_ref().filter(|_| examined.rules_version.is_some());
    let Some(Recent { period, by_owner, .. }) = recent else { return Vec::new() };
    let unattributed = Owner::Unattributed;
    let of_report = |report: &CurrencyReport| {
        let is_unattributed = |key: &Option<String>| key.as_deref() == Some(unattributed.as_str());
        let row = report.rows.iter().find(|row| row.keys.iter().any(is_unattributed))?;
        let percent = Percent::of(row.cost, report.total)?;
        let message = format!(
            "{} of {period} ({}%) has no owner; `tollbook report --where owner={} --by principal` \
             shows whose it is",
            row.cost.to_reader(),
            percent.to_one_digit(),
            unattributed.as_str()
        );
        (percent > UNATTRIBUTED_MAX).then(|| finding(FindingCode::Unattributed, message))
    };
    by_owner.iter().filter_map(of_report).collect()
}

fn sources_agree(examined: &Examined) -> Vec<Finding> {
    let days = examined.recent.iter().flat_map(|it| &it.reconciled);
    let message = |day: &ReconciledDay| {
        let services: Vec<String> =
            day.differing_services().map(|(service, _)| format!("`{service}`")).collect();
        format!(
            "on {} the bill says {} and Cost Explorer {}; they differ on {}: collect the day again, \
             then check that the export holds all accounts",
            day.day,
            day.total.bill.to_reader(),
            day.total.quick_look.to_reader(),
            services.join(", "),
        )
    };
    let suspicious = days.filter(|it| it.is_suspicious());
    suspicious.map(|day| finding(FindingCode::Reconciliation, message(day))).collect()
}

fn budgets_are_applied(examined: &Examined) -> Vec<Finding> {
    let message = "no budgets are applied, so no owner is alerted; `tollbook budget apply FILE` \
                   applies some";
    let is_missing = examined.budgets_version.is_none();
    is_missing.then(|| finding(FindingCode::NoBudgets, message)).into_iter().collect()
}

/// A budget counts its own currency alone: in one that no bill has it never reaches a threshold.
fn budgets_are_in_a_currency_of_the_bills(examined: &Examined) -> Vec<Finding> {
    let days = examined.heads.iter().flat_map(|head| head.days.values());
    let known: BTreeSet<Currency> = days.flat_map(|day| day.totals.keys().copied()).collect();
    if known.is_empty() {
        return Vec::new();
    }
    let names: Vec<String> = known.iter().map(ToString::to_string).collect();
    let unknown = examined.budgets.iter().filter(|it| !known.contains(&it.limit.currency()));
    let message = |budget: &Budget| {
        format!(
            "budget `{}` is in {}, and the bills are in {}, so it counts nothing; give it a currency \
             of the bills",
            budget.name,
            budget.limit.currency(),
            names.join(", ")
        )
    };
    unknown.map(|budget| finding(FindingCode::BudgetCurrency, message(budget))).collect()
}

/// Every budget has somebody who is reached, once there are contacts.
fn owners_have_contacts(examined: &Examined) -> Vec<Finding> {
    examined.contacts.findings(&examined.budgets)
}

fn alerts_arrived(examined: &Examined) -> Vec<Finding> {
    let Undelivered { not_sent, unconfirmed } = undelivered(&examined.alerts, examined.now.at());
    let not_sent = not_sent.into_iter().map(|stored| {
        let message = format!(
            "\"{}\" was not accepted, at last on {}; the log of the evaluation says why, and the next \
             one tries again while it is still so",
            stored.alert.subject,
            stored.at.strftime("%Y-%m-%d %H:%M UTC")
        );
        finding(FindingCode::AlertNotSent, message)
    });
    let unconfirmed = unconfirmed.into_iter().map(|stored| {
        let message = format!(
            "it is not known whether \"{}\" arrived; the next evaluation sends it again, marked as a \
             possible repeat",
            stored.alert.subject
        );
        finding(FindingCode::AlertUnconfirmed, message)
    });
    not_sent.chain(unconfirmed).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use jiff::civil::date;
    use ledger_core::bill::{DayHead, FactsForm, Generation, Status};
    use ledger_core::line_item::BillId;
    use ledger_core::money::Money;
    use ledger_core::period::BillingPeriod;
    use ledger_core::report::ReportRow;
    use ledger_core::rollup::DayTotal;
    use ledger_core::source::Source;

    use super::*;
    use crate::budget_file::parse_budgets;

    fn usd(text: &str) -> Money {
        Money::parse(text, Currency::USD).unwrap().money
    }

    /// The first moment of a day.
    fn at(day: Date) -> Now {
        Now::new(Offset::UTC.to_timestamp(day.at(0, 0, 0, 0)).unwrap())
    }

    /// A ledger in which nothing is wrong: one day in dollars, owned by version 2 of the rules.
    fn healthy() -> Examined {
        let day = DayHead {
            generation: Generation { version: 1, content_hash: "00".into() },
            totals: BTreeMap::from([(Currency::USD, DayTotal::zero(Currency::USD))]),
            estimated: false,
            is_invoiced: true,
            facts: FactsForm::CURRENT,
            files: None,
        };
        let head = BillHead {
            bill: BillId {
                period: BillingPeriod::parse("2026-11").unwrap(),
                source: Source::AWS_BILL,
                payer: Some("123456789012".into()),
                part: None,
            },
            version: 1,
            export: None,
            delivered_at: None,
            imported_at: "2026-11-08T06:00:00Z".parse().unwrap(),
            rules_version: 2,
            days: BTreeMap::from([(date(2026, 11, 4), day)]),
            unread: Arc::default(),
            is_chosen_part: false,
            pending: None,
        };
        Examined {
            contacts: Contacts::default(),
            heads: vec![head],
            now: at(date(2026, 11, 8)),
            data_up_to: Some(date(2026, 11, 5)),
            rules_version: Some(2),
            budgets_version: Some(1),
            budgets: budgets("USD"),
            alerts: Vec::new(),
            recent: Some(recent("5", "a person")),
        }
    }

    fn budgets(currency: &str) -> Vec<Budget> {
        let text = format!(
            "[[budget]]\nname = \"b\"\nowner = \"o\"\nlimit = \"1\"\ncurrency = \"{currency}\"\n\
             window = \"daily\"\n"
        );
        parse_budgets(&text).unwrap()
    }

    /// 100 dollars, of which this much has no owner, by one caller.
    fn recent(unattributed: &str, caller: &str) -> Recent {
        let row = |key: &str, cost| ReportRow {
            keys: vec![(!key.is_empty()).then(|| key.to_owned())],
            cost,
            status: Status::Billed,
            tokens: BTreeMap::new(),
            quantities: BTreeMap::new(),
        };
        let report = |rows| CurrencyReport { currency: Currency::USD, rows, total: usd("100") };
        let owned = usd("100").checked_sub(usd(unattributed)).unwrap();
        Recent {
            period: ChargePeriod::new(date(2026, 10, 6), date(2026, 11, 5)).unwrap(),
            by_caller: vec![report(vec![row(caller, usd("100"))])],
            by_owner: vec![report(vec![
                row("search", owned),
                row(Owner::Unattributed.as_str(), usd(unattributed)),
            ])],
            reconciled: Vec::new(),
        }
    }

    #[track_caller]
    fn check(examined: Examined, expected: &[&str]) {
        let findings: Vec<Finding> = CHECKS.iter().flat_map(|check| check(&examined)).collect();
        let codes: Vec<&str> = findings.iter().map(|it| it.code.as_str()).collect();
        assert_eq!(codes, expected, "{findings:?}");
    }

    #[test]
    fn what_is_well_has_no_finding() {
        check(healthy(), &[]);
    }

    #[test]
    fn each_fault_is_one_finding() {
        // Four days after the end of the data; three are no finding.
        check(Examined { now: at(date(2026, 11, 9)), ..healthy() }, &["data-stale"]);
        check(Examined { rules_version: Some(3), ..healthy() }, &["rules-outdated"]);
        check(Examined { rules_version: None, ..healthy() }, &["no-rules"]);
        check(Examined { recent: Some(recent("5", "")), ..healthy() }, &["no-callers"]);
        // 5.1 percent; 5 are no finding.
        check(Examined { recent: Some(recent("5.1", "x")), ..healthy() }, &["unattributed"]);
        check(Examined { budgets_version: None, ..healthy() }, &["no-budgets"]);
        let empty = Examined { heads: Vec::new(), data_up_to: None, recent: None, ..healthy() };
        check(empty, &["no-data"]);
    }

    #[test]
    fn a_month_that_ended_long_ago_needs_a_delivery_after_its_end() {
        let since = |today, made: &str| {
            let mut examined = Examined { now: at(today), ..healthy() };
            examined.data_up_to = Some(today);
            examined.heads[0].delivered_at = Some(made.parse().unwrap());
            examined
        };
        // The eleventh day after the month; the tenth is no finding.
        check(since(date(2026, 12, 12), "2026-11-30T23:59:59Z"), &["bill-not-final"]);
        check(since(date(2026, 12, 11), "2026-11-30T23:59:59Z"), &[]);
        check(since(date(2026, 12, 12), "2026-12-01T00:00:00Z"), &[]);
        let message = |examined: &Examined| ended_months_are_complete(examined).remove(0).message;
        let mut examined = since(date(2026, 12, 12), "2026-11-30T23:59:59Z");
        let made = "the newest delivery of cur 2026-11 of payer 123456789012 was made on 2026-11-30, \
                    before the month was over on 2026-12-01, so it is likely not the final bill; \
                    import a delivery that was made after that";
        assert_eq!(message(&examined), made);
        // A file that does not say when it was made is as old as its import.
        examined.heads[0].delivered_at = None;
        let imported = made.replace("was made on 2026-11-30", "was imported on 2026-11-08");
        assert_eq!(message(&examined), imported);
    }

    #[test]
    fn a_budget_in_a_currency_of_no_bill_is_named() {
        let examined = Examined { budgets: budgets("EUR"), ..healthy() };
        check(examined.clone(), &["budget-currency"]);
        let finding = budgets_are_in_a_currency_of_the_bills(&examined).remove(0);
        assert_eq!(
            finding.message,
            "budget `b` is in EUR, and the bills are in USD, so it counts nothing; give it a \
             currency of the bills"
        );
    }
}
