//! Dynamics 365 Finance, general journal entity.
//!
//! **Source:** `testdata/erp/d365_general_journal.csv`. The batch number holds a place until Dynamics gives
//! its own; all rows of a voucher have one date.

use ledger_core::journal::{Journal, Side, documents};
use ledger_core::money::Money;

use super::cells::{Rows, Rule, amount, code, cut, text_of, texts, title};
use super::{LayoutError, System};

/// Rows of a voucher: larger ones are slow to post.
const VOUCHER_LINES_MAX: usize = 10;

/// Rows of a batch.
const BATCH_LINES_MAX: usize = 10_000;

const TEXT_CHARS: usize = 60;

/// Between the parts of an account with its dimensions.
const SEPARATOR: char = '-';

const COLUMNS: [&str; 12] = [
    "JOURNALBATCHNUMBER",
    "LINENUMBER",
    "JOURNALNAME",
    "DESCRIPTION",
    "ACCOUNTTYPE",
    "ACCOUNTDISPLAYVALUE",
    "TRANSDATE",
    "VOUCHER",
    "CURRENCYCODE",
    "DEBITAMOUNT",
    "CREDITAMOUNT",
    "TEXT",
];

pub(super) fn file(journal: &Journal) -> Result<Vec<u8>, LayoutError> {
    let mut rows = Rows::new();
    rows.row(COLUMNS)?;
    let texts = texts(journal, TEXT_CHARS);
    let title = cut(&title(journal), TEXT_CHARS);
    let zero = Money::zero(journal.currency);
    let (mut batch, mut row_count) = (1_u32, 0);
    for (voucher, document) in (1_u32..).zip(documents(journal, VOUCHER_LINES_MAX)?) {
        if row_count + document.len() > BATCH_LINES_MAX {
            (batch, row_count) = (batch + 1, 0);
        }
        for part in &document {
            row_count += 1;
            let rule = Rule { system: System::D365, journal, place: part.place };
            let (account, cost_centre) = (part.line.account.as_str(), code(&part.line.cost_centre));
            for code in [account, cost_centre] {
                let limit = "has `-` between account and cost centre, so codes have none";
                rule.check(!code.contains(SEPARATOR), limit, code)?;
            }
            let on = |side| amount(Some(part.on(side).unwrap_or(zero)));
            rows.row([
                &format!("TB{batch:04}"),
                &row_count.to_string(),
                "GenJrn",
                &title,
                "Ledger",
                &format!("{account}-{cost_centre}--"),
                &journal.posting_date.to_string(),
                &format!("{}-{voucher:05}", journal.batch_id),
                journal.currency.as_str(),
                &on(Side::Debit),
                &on(Side::Credit),
                text_of(&texts, part),
            ])?;
        }
    }
    rows.into_bytes()
}
