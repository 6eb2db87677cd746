//! NetSuite, CSV import of journal entries.
//!
//! **Source:** `testdata/erp/netsuite_journal.csv`. Accounts, subsidiaries and departments are matched by
//! their exact names; the External ID makes a repeated import an update.

use std::collections::BTreeMap;

use ledger_core::journal::{Journal, documents};

use super::cells::{Rows, Rule, cut, day, sides, text_of, texts, title};
use super::{LayoutError, System};
use crate::cell::csv_cell;

/// More can be imported, and not be edited.
const LINES_MAX: usize = 1_000;

/// Digits before the point.
const WHOLE_DIGITS: usize = 10;

/// Digits after it.
const FRACTION_DIGITS: u32 = 2;

const TEXT_CHARS: usize = 999;

const COLUMNS: [&str; 11] = [
    "External ID",
    "Date",
    "Posting Period",
    "Currency",
    "Subsidiary",
    "Account",
    "Debit",
    "Credit",
    "Line Memo",
    "Department",
    "Memo",
];

/// The codes behind names: NetSuite knows a subsidiary and a department by its name alone.
#[derive(Default)]
struct Names<'j> {
    entities: BTreeMap<&'j str, &'j str>,
    cost_centres: BTreeMap<&'j str, &'j str>,
}

impl<'j> Names<'j> {
    fn check(
        &mut self,
        rule: &Rule<'_>,
        journal: &'j Journal,
        place: usize,
    ) -> Result<(), LayoutError> {
        let (name, code) = (&*journal.entity.name, journal.entity.code.as_str());
        let is_one = *self.entities.entry(name).or_insert(code) == code;
        rule.check(is_one, "takes one entity of a name", name)?;
        let Some(line) = journal.lines.get(place) else { return Ok(()) };
        let of_line = line.cost_centre_name.as_deref().zip(line.cost_centre.as_ref());
        let Some((name, code)) = of_line else { return Ok(()) };
        let is_one = *self.cost_centres.entry(name).or_insert(code.as_str()) == code.as_str();
        rule.check(is_one, "takes one cost centre of a name", name)
    }
}

pub(super) fn file(journals: &[&Journal]) -> Result<Vec<u8>, LayoutError> {
    let mut rows = Rows::new();
    rows.row(COLUMNS)?;
    let mut names = Names::default();
    for journal in journals {
        let texts = texts(journal, TEXT_CHARS);
        for (number, document) in (1_u32..).zip(documents(journal, LINES_MAX)?) {
            for part in &document {
                let rule = Rule { system: System::NetSuite, journal, place: part.place };
                let [debit, credit] = sides(part);
                let whole = [&debit, &credit].map(|it| it.split('.').next().map_or(0, str::len));
                let is_short = whole.iter().all(|it| *it <= WHOLE_DIGITS);
                let limit = "takes amounts of at most 10 digits before the point";
                rule.check(is_short, limit, &[&*debit, &*credit].concat())?;
                let has_few = journal.currency.minor_units() <= FRACTION_DIGITS;
                let limit = "takes amounts of at most 2 digits after the point";
                rule.check(has_few, limit, &[&*debit, &*credit].concat())?;
                let line = part.line;
                names.check(&rule, journal, part.place)?;
                let account = format!("{} {}", line.account, line.account_name);
                rows.row([
                    &format!("{}-{number}", journal.batch_id),
                    &day(journal.posting_date, "%m/%d/%Y"),
                    &day(journal.posting_date, "%b %Y"),
                    journal.currency.as_str(),
                    &csv_cell(&journal.entity.name),
                    &csv_cell(&account),
                    &debit,
                    &credit,
                    text_of(&texts, part),
                    &csv_cell(line.cost_centre_name.as_deref().unwrap_or("")),
                    &cut(&title(journal), TEXT_CHARS),
                ])?;
            }
        }
    }
    rows.into_bytes()
}
