//! The sentences of an import report.

use std::collections::BTreeSet;

use jiff::civil::Date;
use ledger_core::bill::{BillHead, Pending};
use ledger_core::finding::{Finding, FindingCode};
use ledger_core::line_item::BillId;
use ledger_core::source::Provider;

use crate::ports::Delivery;

/// Days that a message names.
const DAYS_NAMED: usize = 5;

pub(super) fn mixed(delivery: &Delivery, bills: &[BillId]) -> Finding {
    let bills: Vec<String> = bills.iter().map(BillId::to_string).collect();
    Finding {
        code: FindingCode::DeliveryMixed,
        message: format!(
            "`{}` holds {} bills ({}) and is taken for the whole of none: days that it leaves out \
             stay as they are",
            delivery.name,
            bills.len(),
            bills.join(", "),
        ),
    }
}

/// The finding of a delivery that is held back.
pub(crate) fn pending_finding(bill: &BillId, pending: &Pending) -> Finding {
    let made = pending.delivered_at.map(|it| format!(" made at {it}")).unwrap_or_default();
    Finding {
        code: FindingCode::DeliveryPending,
        message: format!(
            "{bill} is as it was before, since a delivery of it{made} is held back: {}; a later \
             delivery takes its place, and `tollbook import --accept` takes it as it is",
            pending.reasons
        ),
    }
}

pub(super) fn superseded(bill: &BillId) -> Finding {
    Finding {
        code: FindingCode::DeliverySuperseded,
        message: format!("{bill} is held from a newer delivery; this one was left out"),
    }
}

pub(super) fn withdrawn(delivery: &Delivery, bill: &BillId) -> Finding {
    Finding {
        code: FindingCode::BillWithdrawn,
        message: format!(
            "`{}` has no line of {bill}, which its export told of before: the bill is taken back",
            delivery.name,
        ),
    }
}

pub(super) fn replaced(delivery: &Delivery, bill: &BillId) -> Finding {
    Finding {
        code: FindingCode::BillReplaced,
        message: format!("`{}` is in place of {bill}, which is taken back", delivery.name),
    }
}

/// Days of an earlier delivery that stay, because this one lacks them.
pub(super) fn days_kept(delivery: &Delivery, bill: &BillId, days: &[Date]) -> Finding {
    let named: Vec<String> = days.iter().take(DAYS_NAMED).map(ToString::to_string).collect();
    let more = days.len().saturating_sub(DAYS_NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    Finding {
        code: FindingCode::DaysKept,
        message: format!(
            "{} days of {bill} stay as an earlier delivery left them, since `{}` lacks them: {}{more}; \
             if it is the whole bill, `tollbook import --replace` takes it for that",
            days.len(),
            delivery.name,
            named.join(", "),
        ),
    }
}

/// A delivery whose lines are kept beside those of a bill.
pub(super) fn part(delivery: &Delivery, part: &BillId, beside: &BillHead) -> Finding {
    Finding {
        code: FindingCode::BillInParts,
        message: format!(
            "`{}` is kept as {part}, beside {}: its lines are of other accounts or days, and the bill \
             is the sum of both",
            delivery.name,
            held(beside),
        ),
    }
}

/// A delivery that has the lines of a bill from elsewhere.
pub(super) fn same(delivery: &Delivery, bill: &BillId, head: &BillHead) -> Option<Finding> {
    let (code, effect) = if head.bill.payer != bill.payer {
        (FindingCode::PayerUnknown, "one of the two does not name its payer, and they are one bill")
    } else if delivery.export.is_some() {
        (FindingCode::DelivererChanged, "the bill is from this export from now on")
    } else {
        return None;
    };
    let message = format!("`{}` has the same lines as {}: {effect}", delivery.name, held(head));
    Some(Finding { code, message })
}

/// The refusal of a delivery that may hold lines of a bill from elsewhere.
pub(super) fn unclear(delivery: &Delivery, head: &BillHead, faults: &[String]) -> String {
    let faults: String = faults.iter().map(|it| format!("; {it}")).collect();
    let column = match head.bill.source.provider {
        Provider::Aws => " (`line_item_usage_account_id`)",
        Provider::Other(_) => "",
    };
    format!(
        "`{}` and {} have lines of the same days; by account{column}, usage type, cost and number they \
         are neither the same lines nor all of other accounts, so that lines could count twice or be \
         lost; expected `--as-part NAME`, which adds it to the bill, or `--replace`, which puts it in \
         place of the bill{faults}",
        delivery.name,
        held(head),
    )
}

/// Faults of a delivery by which its lines may look like lines of other accounts.
pub(super) fn faults_of_accounts(findings: &BTreeSet<Finding>) -> Vec<String> {
    let codes = [FindingCode::AccountRestored, FindingCode::CellUnreadable];
    let faults = findings.iter().filter(|it| codes.contains(&it.code));
    faults.map(|it| it.message.clone()).collect()
}

/// The refusal of a part that the ledger has under another name.
pub(super) fn already_in(delivery: &Delivery, bill: &BillId) -> String {
    format!(
        "`{}` is in the ledger as {bill}; expected to import it without `--as-part`, which restates \
         that, or `--replace`",
        delivery.name,
    )
}

/// A bill with what it is from.
fn held(head: &BillHead) -> String {
    match &head.export {
        Some(export) => format!("{} from {export}", head.bill),
        None => head.bill.to_string(),
    }
}
