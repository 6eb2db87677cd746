//! Cells that cannot be read: what each costs its line, counted for findings.
//!
//! Only a cost, and what says in which currency, on which day and on which bill it is, can reject a
//! line. Any other cell costs what it says.

use std::collections::BTreeMap;

use ledger_core::aws::principal::NotAPrincipal;
use ledger_core::currency::Currency;
use ledger_core::finding::{Finding, FindingCode};
use ledger_core::line_item::Provenance;
use ledger_core::money::{Money, MoneyError};

use crate::cur::meaning::columns::Column;
use crate::cur::meaning::row::RawLine;

/// AWS's own cells are below a few kilobytes; a larger one comes from a quote that is not closed.
pub(super) const CELL_LIMIT: usize = 1 << 20;

/// Why a cell cannot be read, and what was expected; never its text, which can name a person.
pub(crate) type Fault = &'static str;

pub(crate) const NOT_UTF8: Fault = "not UTF-8; expected UTF-8 text";
pub(super) const TOO_LARGE: Fault = "larger than 1048576 bytes";
/// A note: the id of an account was a number, and is restored.
pub(super) const RESTORED: Fault = "a number in place of an account id";
/// As [`TooManyTokens`](ledger_core::aws::tokens::TooManyTokens).
pub(super) const TOO_MANY_TOKENS: Fault = "more than 1,000,000,000,000,000 tokens in one line";
const DECIMAL_COMMA: Fault = "a number with commas, as spreadsheets write it; write it with a `.` before \
     the fraction and without separators of thousands";
const NOT_A_DECIMAL: Fault = "not a decimal amount; expected digits with at most one `.`";

/// The fault of a cell that is no amount.
pub(super) fn of_amount(error: &MoneyError) -> Fault {
    match error {
        MoneyError::OutOfRange => "out of range; expected less than 10,000,000,000,000 either way",
        MoneyError::TooPrecise => "more than 15 fraction digits",
        _ => NOT_A_DECIMAL,
    }
}

/// The fault of a text that is no amount; names the habit of the tool that wrote it.
pub(super) fn of_amount_text(error: &MoneyError, text: &str) -> Fault {
    let is_of_number = |it: char| it.is_ascii_digit() || matches!(it, '.' | ',' | '-' | ' ');
    match of_amount(error) {
        NOT_A_DECIMAL if text.contains(',') && text.chars().all(is_of_number) => DECIMAL_COMMA,
        fault => fault,
    }
}

/// The fault of a cell that names no caller; `None` where it is empty.
pub(super) fn of_principal(error: &NotAPrincipal) -> Option<Fault> {
    Some(match error {
        NotAPrincipal::Empty => return None,
        NotAPrincipal::NotAnArn(_) => {
            "not an ARN; expected `arn:<partition>:<iam or sts>::<account>:<resource>`"
        }
        NotAPrincipal::Pattern(_) => "a pattern, or a character that no principal has",
        NotAPrincipal::Partition(_) => "not a partition of AWS; expected `aws` or `aws-…`",
        NotAPrincipal::Service(_) => "a service without principals; expected `iam` or `sts`",
        NotAPrincipal::Account(_) => "not an account id within; expected 12 digits",
        NotAPrincipal::Resource(_) => {
            "a resource that cannot call; expected a user, a role, a session or `root`"
        }
    })
}

/// Whether a line cannot be read without this cell.
pub(super) fn is_vital(column: Column) -> bool {
    matches!(
        column,
        Column::Unblended
            | Column::Currency
            | Column::UsageStart
            | Column::PeriodStart
            | Column::Payer
    )
}

/// The cells of a line that are too large.
pub(super) fn too_large<'a>(
    raw: &'a RawLine<'_>,
) -> impl Iterator<Item = (Column, Fault)> + use<'a> {
    let cells = Column::ALL.into_iter().zip(raw.0);
    cells
        .filter(|(_, cell)| cell.is_some_and(|it| it.len() > CELL_LIMIT))
        .map(|(column, _)| (column, TOO_LARGE))
}

/// Whether a cell is lost; otherwise it was read, and there is something to know of it.
pub(crate) fn is_lost(fault: Fault) -> bool {
    fault != RESTORED
}

/// Lines with cells that cannot be read, by column and fault.
#[derive(Debug, Default)]
pub(crate) struct Faults(BTreeMap<(&'static str, Fault), Faulty>);

/// Lines with a fault.
#[derive(Debug)]
struct Faulty {
    column: Column,
    /// The earliest line of the first file.
    first: Provenance,
    line_count: u64,
    costs: BTreeMap<Currency, Money>,
}

impl Faults {
    /// Counts lines with the same faults, which cost `cost` together.
    pub(crate) fn count(
        &mut self,
        faults: &[(Column, Fault)],
        (line_count, cost): (u64, Money),
        at: &Provenance,
    ) {
        for (column, fault) in faults {
            let seen = self.0.entry((column.name(), *fault)).or_insert_with(|| Faulty {
                column: *column,
                first: at.clone(),
                line_count: 0,
                costs: BTreeMap::new(),
            });
            // The same whatever the order of groups is.
            if seen.first.file == at.file && at.line < seen.first.line {
                seen.first = at.clone();
            }
            seen.line_count = seen.line_count.saturating_add(line_count);
            let sum = seen.costs.entry(cost.currency()).or_insert(Money::zero(cost.currency()));
            // A sum that is out of range ends the import where the bill is summed.
            *sum = sum.checked_add(cost).unwrap_or(*sum);
        }
    }

    pub(super) fn findings(&self) -> impl Iterator<Item = Finding> {
        self.0.iter().map(|((_, fault), faulty)| faulty.finding(fault))
    }
}

impl Faulty {
    fn finding(&self, fault: Fault) -> Finding {
        let Faulty { column, first, line_count, costs } = self;
        let costs: Vec<String> = costs.values().map(Money::to_string).collect();
        let (lines, they, their) =
            if *line_count == 1 { ("line", "it", "its") } else { ("lines", "they", "their") };
        if !is_lost(fault) {
            return Finding {
                code: FindingCode::AccountRestored,
                message: format!(
                    "`{}` is a number in {line_count} {lines} of {}, first at {first}, as \
                     spreadsheets and data frames write it; it is read as the 12 digits that it was \
                     made from; keep the column text there",
                    column.name(),
                    costs.join(" and "),
                ),
            };
        }
        let code = match column {
            Column::Principal => FindingCode::PrincipalUnreadable,
            _ => FindingCode::CellUnreadable,
        };
        Finding {
            code,
            message: format!(
                "`{}` cannot be read in {line_count} {lines} of {}, first at {first}: {fault}; \
                 {their} cost is kept, {}",
                column.name(),
                costs.join(" and "),
                consequence(*column, they, their),
            ),
        }
    }
}

/// The consequence of a cell that cannot be read.
fn consequence(column: Column, they: &str, their: &str) -> String {
    let has = if they == "it" { "has" } else { "have" };
    match column {
        Column::Tags => format!("{their} tags are unknown"),
        Column::Product => format!("{they} {has} no attributes of a product"),
        Column::Principal => format!("{they} {has} no caller"),
        Column::Account => format!("{their} account is that of {their} caller, where there is one"),
        Column::Amount => format!("{they} {has} no tokens and no quantity"),
        Column::NetUnblended => format!("{their} unblended cost counts as net"),
        Column::List => format!("{their} unblended cost counts as the list cost"),
        _ if !Column::OF_ALL_LINES.contains(&column) => {
            format!("{their} unblended cost counts as {their} amortized cost")
        }
        _ => "and the cell counts as empty".to_owned(),
    }
}
