//! CSV for any system: one row a line, with codes and names.

use ledger_core::journal::{Journal, Side};
use ledger_core::money::Money;

use super::LayoutError;
use super::cells::{Rows, amount, code};
use crate::cell::csv_cell;

const COLUMNS: [&str; 17] = [
    "batch_id",
    "period",
    "posting_date",
    "legal_entity",
    "legal_entity_name",
    "currency",
    "line",
    "kind",
    "account",
    "account_name",
    "cost_centre",
    "cost_centre_name",
    "debit",
    "credit",
    "text",
    "counterpart",
    "tax_code",
];

pub(super) fn file(journals: &[&Journal]) -> Result<Vec<u8>, LayoutError> {
    let mut rows = Rows::new();
    rows.row(COLUMNS)?;
    for journal in journals {
        for (at, line) in journal.lines.iter().enumerate() {
            let on = |side| -> Option<Money> { Some(line.amount).filter(|_| line.side == side) };
            rows.row([
                journal.batch_id.clone(),
                journal.period.to_string(),
                journal.posting_date.to_string(),
                journal.entity.code.to_string(),
                csv_cell(&journal.entity.name).into_owned(),
                journal.currency.to_string(),
                (at + 1).to_string(),
                line.kind.to_string(),
                line.account.to_string(),
                csv_cell(&line.account_name).into_owned(),
                code(&line.cost_centre).to_owned(),
                csv_cell(line.cost_centre_name.as_deref().unwrap_or("")).into_owned(),
                amount(on(Side::Debit)),
                amount(on(Side::Credit)),
                csv_cell(&line.text).into_owned(),
                code(&line.counterpart).to_owned(),
                code(&line.tax_code).to_owned(),
            ])?;
        }
    }
    rows.into_bytes()
}
