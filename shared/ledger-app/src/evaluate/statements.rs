//! Messages that the statement of a month is ready.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::ToSpan as _;
use jiff::civil::Date;
use ledger_core::access::Owners;
use ledger_core::bill::Status;
use ledger_core::budget::{Alert, AlertId, DigestKind};
use ledger_core::cost::CostKind;
use ledger_core::message::{Headline, Message, NOTHING_IS_BLOCKED};
use ledger_core::money::{Money, MoneyError};
use ledger_core::owner::Owner;
use ledger_core::period::BillingPeriod;
use ledger_core::statement::Statement;

use super::Watch;
use super::digest::{Batch, alert_of};
use crate::alert_document;
use crate::periods::{PeriodError, statements_of_month};
use crate::ports::{ContentStore, DocumentStore, LedgerStore, StoredAlert};
use crate::view::View;

/// Parts of a statement that a message names.
const PARTS_MAX: usize = 5;

/// The messages of last month's statements that no alert has said: once each line of all bills of the month is on
/// an invoice, to each contact that asks for it and had cost.
pub(super) async fn ready_statements<L>(
    view: &View<L>,
    watch: Watch<'_>,
    kept: &[StoredAlert],
) -> Result<Vec<Batch>, PeriodError>
where
    L: LedgerStore + DocumentStore + ContentStore + Clone + 'static,
{
    let month = last_month(view.now().today());
    let is_said = |receiver: &Arc<str>| {
        kept.iter().any(|it| {
            matches!(&it.alert.id, AlertId::Digest { receiver: of, kind: DigestKind::Month, first, .. }
                if of == receiver && *first == month.first_day())
        })
    };
    let contacts = watch.contacts.by_name.iter().filter(|(_, it)| it.has_statements);
    let receivers: Vec<&Arc<str>> =
        contacts.map(|(name, _)| name).filter(|it| !is_said(it)).collect();
    if receivers.is_empty() {
        return Ok(Vec::new());
    }
    let owners: BTreeSet<Owner> = receivers.iter().map(|it| Owner::parse(it)).collect();
    let owners = Owners::Only(owners);
    let statements = statements_of_month(view, month, owners, CostKind::Unblended).await?;
    let mut messages = Vec::new();
    for receiver in receivers {
        let of_receiver: Vec<&Statement> = statements
            .iter()
            .filter(|it| it.owner.as_str() == &**receiver && it.status >= Status::Billed)
            .collect();
        if !of_receiver.is_empty() {
            messages.push(message(watch, receiver, month, &of_receiver)?.into());
        }
    }
    Ok(messages)
}

/// Whether all of a month is closed.
fn are_final(statements: &[&Statement]) -> bool {
    statements.iter().all(|it| it.status == Status::Final)
}

fn status_of(statements: &[&Statement]) -> &'static str {
    match are_final(statements) {
        true => "final: the month is closed",
        false => "billed: each line of the bills is on an invoice",
    }
}

fn next_of(statements: &[&Statement]) -> &'static str {
    match are_final(statements) {
        true => "what changes later is an adjustment in the statement of a later month.",
        false => {
            "a bill that is restated later changes the statement; there is no other message of this \
             month."
        }
    }
}

/// The month before the one of a day.
fn last_month(today: Date) -> BillingPeriod {
    BillingPeriod::containing(today.first_of_month().saturating_sub(1.day()))
}

/// The message about the statements of one owner, one for each currency.
fn message(
    watch: Watch<'_>,
    receiver: &Arc<str>,
    month: BillingPeriod,
    statements: &[&Statement],
) -> Result<Alert, MoneyError> {
    let id = AlertId::Digest {
        receiver: Arc::clone(receiver),
        kind: DigestKind::Month,
        first: month.first_day(),
        mark: "1".into(),
    };
    let totals: Vec<String> = statements.iter().map(|it| it.total.to_reader()).collect();
    let total = totals.join(" and ");
    let mut list = Vec::new();
    for statement in statements {
        list.extend(parts(statement)?);
    }
    let message = Message {
        headline: Headline {
            noun: "The statement of",
            name: receiver.to_string(),
            says: format!(" for {month} is ready: {total}."),
        },
        facts: vec![
            ("Month", month.to_string()),
            ("Total", total.clone()),
            ("Status", status_of(statements).to_owned()),
        ],
        list_name: "Largest parts",
        list: list.clone(),
        no_entries: "none",
        next: format!("{} {NOTHING_IS_BLOCKED}", next_of(statements)),
        command: command(month, receiver),
    };
    let subject = format!("[AI budget] statement of {month}: {total} - {receiver}");
    let mut alert = alert_of(watch, id, &subject, &message, &[Arc::clone(receiver)]);
    alert.attributes.insert("event".to_owned(), "statement_ready".to_owned());
    let first = month.first_day();
    let last = month.charge_period().and_then(|it| it.end().yesterday().ok()).unwrap_or(first);
    Ok(alert_document::of_digest(alert, (first, last), &list, watch.page))
}

/// The command that shows the statement. A name that a shell would read otherwise is left out: people copy what
/// a message says, and names come from tags.
fn command(month: BillingPeriod, owner: &str) -> String {
    let is_plain = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_' | '.');
    let all = format!("tollbook statement --period {month}");
    match !owner.starts_with('-') && owner.chars().all(is_plain) {
        true => format!("{all} --owner {owner}"),
        false => all,
    }
}

/// The most expensive models, or services where there is no model, of a statement.
fn parts(statement: &Statement) -> Result<Vec<String>, MoneyError> {
    let mut costs: BTreeMap<&str, Money> = BTreeMap::new();
    for line in &statement.lines {
        let name = line.key.model.as_ref().unwrap_or(&line.key.service);
        let cost = costs.entry(name).or_insert(Money::zero(statement.currency));
        *cost = cost.checked_add(line.exact)?;
    }
    let mut costs: Vec<(&str, Money)> = costs.into_iter().collect();
    costs.sort_by_key(|(name, cost)| (std::cmp::Reverse(cost.femto_units()), *name));
    let words = costs.iter().take(PARTS_MAX).map(|(name, it)| format!("{} {name}", it.to_reader()));
    Ok(words.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_has_no_name_that_a_shell_would_run() {
        let month = BillingPeriod::parse("2026-10").unwrap();
        let all = "tollbook statement --period 2026-10";
        assert_eq!(command(month, "team-1.search"), format!("{all} --owner team-1.search"));
        for name in ["a b", "it's", "$(reboot)", "--all", "a;b", "ünï"] {
            assert_eq!(command(month, name), all, "{name}");
        }
    }
}
