//! Oracle Fusion, file-based data import of journals: `GlInterface.csv`, 150 positions without a header.
//!
//! **Source:** `testdata/erp/oracle_glinterface_columns.csv`. The columns change with releases, so the layout
//! names the one that it has.

use ledger_core::journal::{Journal, Part};
use ledger_core::organisation::Code;

use super::cells::{Rows, Rule, code, day, sides, text_of, texts};
use super::{LayoutError, System};

/// The release whose columns these are.
pub(super) const RELEASE: &str = "24D";

/// The number of columns.
const COLUMN_COUNT: usize = 150;

const LEDGER_NAME_CHARS: usize = 30;
const TEXT_CHARS: usize = 240;

/// Positions, counted from 1 as Oracle's documents do.
mod position {
    pub(super) const STATUS: usize = 1;
    pub(super) const LEDGER_ID: usize = 2;
    pub(super) const ACCOUNTING_DATE: usize = 3;
    pub(super) const SOURCE: usize = 4;
    pub(super) const CATEGORY: usize = 5;
    pub(super) const CURRENCY: usize = 6;
    pub(super) const CREATION_DATE: usize = 7;
    pub(super) const ACTUAL_FLAG: usize = 8;
    pub(super) const COMPANY: usize = 9;
    pub(super) const COST_CENTRE: usize = 10;
    pub(super) const ACCOUNT: usize = 11;
    pub(super) const DEBIT: usize = 39;
    pub(super) const CREDIT: usize = 40;
    pub(super) const BATCH_NAME: usize = 43;
    pub(super) const JOURNAL_NAME: usize = 46;
    pub(super) const LINE_TEXT: usize = 52;
    pub(super) const GROUP: usize = 67;
    pub(super) const LEDGER_NAME: usize = 92;
    pub(super) const PERIOD: usize = 95;
    pub(super) const END: usize = 150;
}

pub(super) fn file(journal: &Journal) -> Result<Vec<u8>, LayoutError> {
    let texts = texts(journal, TEXT_CHARS);
    let mut rows = Rows::new();
    for (place, line) in journal.lines.iter().enumerate() {
        rows.row(row(journal, &Part { place, line, amount: line.amount }, &texts)?)?;
    }
    rows.into_bytes()
}

fn row(journal: &Journal, part: &Part<'_>, texts: &[String]) -> Result<Vec<String>, LayoutError> {
    let rule = Rule { system: System::Oracle, journal, place: part.place };
    let (entity, line) = (&journal.entity, part.line);
    let cost_centre = code(&line.cost_centre);
    let is_id = |it: &Code| it.as_str().bytes().all(|it| it.is_ascii_digit());
    if let Some(id) = &entity.ledger_id {
        rule.check(is_id(id), "takes a number as `ledger_id` of an entity", id.as_str())?;
    } else {
        let is_short = entity.name.chars().count() <= LEDGER_NAME_CHARS;
        let limit =
            "takes a `ledger_id` of the entity, or its name as a ledger of at most 30 characters";
        rule.check(is_short, limit, &entity.name)?;
    }
    let limit = "needs a cost centre on each line: give the entity an `intercompany_cost_centre`";
    rule.check(!cost_centre.is_empty(), limit, line.account.as_str())?;
    let date = day(journal.posting_date, "%Y/%m/%d");
    let [debit, credit] = sides(part);
    let ledger_id = entity.ledger_id.as_ref().map_or("", Code::as_str);
    let ledger_name = if ledger_id.is_empty() { &*entity.name } else { "" };
    let values: [(usize, &str); 20] = [
        (position::STATUS, "NEW"),
        (position::LEDGER_ID, ledger_id),
        (position::ACCOUNTING_DATE, &date),
        (position::SOURCE, "Tollbook"),
        (position::CATEGORY, "AI Chargeback"),
        (position::CURRENCY, journal.currency.as_str()),
        (position::CREATION_DATE, &date),
        (position::ACTUAL_FLAG, "A"),
        (position::COMPANY, entity.code.as_str()),
        (position::COST_CENTRE, cost_centre),
        (position::ACCOUNT, line.account.as_str()),
        (position::DEBIT, &debit),
        (position::CREDIT, &credit),
        (position::BATCH_NAME, &journal.batch_id),
        (position::JOURNAL_NAME, &format!("AI {}", journal.period)),
        (position::LINE_TEXT, text_of(texts, part)),
        (position::GROUP, &group(journal)),
        (position::LEDGER_NAME, &crate::cell::csv_cell(ledger_name)),
        (position::PERIOD, &day(journal.posting_date, "%b-%y")),
        (position::END, "END"),
    ];
    let mut row = vec![String::new(); COLUMN_COUNT];
    for (position, value) in values {
        if let Some(cell) = row.get_mut(position - 1) {
            value.clone_into(cell);
        }
    }
    Ok(row)
}

/// The number that keeps one load apart from others: the digits of the batch id as a decimal.
fn group(journal: &Journal) -> String {
    let digits = journal.batch_id.trim_start_matches("TB");
    u64::from_str_radix(digits, 16).unwrap_or(0).to_string()
}
