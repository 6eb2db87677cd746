//! Parts of a delivery that are in no figure, or in no field, of the ledger.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::currency::Currency;
use crate::finding::{Finding, FindingCode};
use crate::line_item::Rejected;
use crate::money::{Money, MoneyError};

/// Findings that a bill keeps; an import names all.
const FINDINGS_MAX: usize = 20;

/// Bytes of a message that a bill keeps: usage types can be of any length.
const MESSAGE_BYTES_MAX: usize = 600;

/// Parts of the last delivery of a bill that are in no figure, or in no field, of the ledger. They
/// stay with the bill until a delivery replaces it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unread {
    /// Lines that could not be read and are in no figure.
    pub rejected_count: u64,
    /// The cost of those whose cost could be read.
    pub rejected_costs: BTreeMap<Currency, Money>,
    /// Columns that its files lack, each with the consequence and the fix.
    pub columns: BTreeMap<Arc<str>, Arc<str>>,
    /// Findings about fields of its lines.
    pub findings: BTreeSet<Finding>,
}

impl Unread {
    /// Counts a line that could not be read.
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`].
    pub fn reject(&mut self, rejected: &Rejected) -> Result<(), MoneyError> {
        self.rejected_count = self.rejected_count.saturating_add(1);
        if let Some(cost) = rejected.cost {
            self.add_cost(cost)?;
        }
        Ok(())
    }

    /// Adds the cost of lines that could not be read.
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`].
    pub fn add_cost(&mut self, cost: Money) -> Result<(), MoneyError> {
        let sum = self
            .rejected_costs
            .entry(cost.currency())
            .or_insert_with(|| Money::zero(cost.currency()));
        *sum = sum.checked_add(cost)?;
        Ok(())
    }

    /// Keeps a finding where it says that fields of lines are unknown.
    pub fn keep(&mut self, finding: &Finding) {
        let is_of_lines = matches!(
            finding.code,
            FindingCode::CellUnreadable
                | FindingCode::LegacyReport
                | FindingCode::NotAmortized
                | FindingCode::PrincipalUnreadable
                | FindingCode::TokensNotAi
                | FindingCode::UsageTypeUnknown
        );
        if !is_of_lines {
            return;
        }
        if self.findings.len() >= FINDINGS_MAX {
            let message =
                "more fields could not be read; `tollbook import` of its files names them all";
            let code = FindingCode::FieldsUnknown;
            self.findings.insert(Finding { code, message: message.to_owned() });
            return;
        }
        let mut message = finding.message.clone();
        if message.len() > MESSAGE_BYTES_MAX {
            message.truncate(message.floor_char_boundary(MESSAGE_BYTES_MAX));
            message.push('…');
        }
        self.findings.insert(Finding { code: finding.code, message });
    }

    /// The rejected lines in words, such as `3 lines (1.50 USD)`; `None` where there are none.
    pub fn rejected(&self) -> Option<String> {
        let costs: Vec<String> = self.rejected_costs.values().map(|it| it.to_reader()).collect();
        let lines = if self.rejected_count == 1 { "line" } else { "lines" };
        let costs = match costs.is_empty() {
            true => "of unknown cost".to_owned(),
            false => format!("({}, as far as it could be read)", costs.join(" and ")),
        };
        (self.rejected_count > 0).then(|| format!("{} {lines} {costs}", self.rejected_count))
    }

    /// Unknown fields of its lines in words, such as `no column tags`; `None` where nothing is.
    pub fn unknown(&self) -> Option<String> {
        let columns: Vec<String> = self.columns.keys().map(|it| format!("`{it}`")).collect();
        let columns = match columns.as_slice() {
            [] => None,
            [one] => Some(format!("no column {one}")),
            all => Some(format!("no columns {}", all.join(", "))),
        };
        let codes: BTreeSet<&str> = self.findings.iter().map(|it| it.code.as_str()).collect();
        let codes = Vec::from_iter(codes).join(", ");
        let codes = (!codes.is_empty()).then_some(codes);
        let parts: Vec<String> = columns.into_iter().chain(codes).collect();
        (!parts.is_empty()).then(|| parts.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(code: FindingCode, message: &str) -> Finding {
        Finding { code, message: message.to_owned() }
    }

    #[test]
    fn findings_of_lines_are_kept_and_those_of_other_things_are_not() {
        let mut unread = Unread::default();
        unread.keep(&finding(FindingCode::CellUnreadable, "`tags` cannot be read in 1 line"));
        unread.keep(&finding(FindingCode::NoBudgets, "no budgets are applied"));
        assert_eq!(unread.unknown().unwrap(), "cell-unreadable");
        unread.columns.insert("tags".into(), "no line has tags".into());
        assert_eq!(unread.unknown().unwrap(), "no column `tags`; cell-unreadable");
        for number in 0..100 {
            let message = format!("{number}{}", "é".repeat(MESSAGE_BYTES_MAX));
            unread.keep(&finding(FindingCode::TokensNotAi, &message));
        }
        let more = |it: &&Finding| it.message.starts_with("more fields could not be read");
        assert_eq!(unread.findings.len(), FINDINGS_MAX + 1);
        assert_eq!(unread.findings.iter().filter(more).count(), 1);
        assert!(unread.findings.iter().all(|it| it.message.len() < MESSAGE_BYTES_MAX + 4));
    }

    #[test]
    fn rejected_lines_are_counted_with_the_cost_that_is_known() {
        let mut unread = Unread::default();
        assert_eq!((unread.rejected(), unread.unknown()), (None, None));
        unread.rejected_count = 1;
        assert_eq!(unread.rejected().unwrap(), "1 line of unknown cost");
        let cost = |text: &str| Money::parse(text, Currency::USD).unwrap().money;
        unread.rejected_count = 3;
        unread.add_cost(cost("1.25")).unwrap();
        unread.add_cost(cost("0.25")).unwrap();
        let words = "3 lines (1.50 USD, as far as it could be read)";
        assert_eq!(unread.rejected().unwrap(), words);
    }
}
