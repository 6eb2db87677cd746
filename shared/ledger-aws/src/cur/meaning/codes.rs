//! Product codes of AWS Marketplace: which of them are AI in one delivery.
//!
//! Discounts, taxes, credits and refunds of a model may say no more of it than its code, and the line
//! that names the model can be anywhere in the delivery. So its files are read in two passes: the
//! first reads the lines that say themselves whether they are AI, and learns their codes; the second
//! reads the lines that were left out. Files without such lines are read once.

use std::collections::BTreeMap;
use std::sync::Arc;

use ledger_core::aws::ai_service::{ProductWords, Verdict, is_ai_by_code};

/// Product codes that the lines of a delivery show to be AI, and the pass over its files.
#[derive(Debug, Default)]
pub(crate) struct ProductCodes {
    /// Codes that are AI, and the name of each where a line has one.
    ai: BTreeMap<Arc<str>, Option<Arc<str>>>,
    is_second_pass: bool,
    /// The number of lines that are left for the second pass.
    left_count: u64,
}

impl ProductCodes {
    /// Learns the code of a line that says itself that it is AI.
    pub(crate) fn learn(&mut self, verdict: Verdict, words: &ProductWords<'_>) {
        let code = words.product_code.unwrap_or_default().trim();
        let is_ai = matches!(verdict, Verdict::Ai | Verdict::AiWithoutName);
        if is_ai && !code.is_empty() && is_ai_by_code(code).is_none() {
            self.add(code, words.product_name);
        }
    }

    fn add(&mut self, code: &str, name: Option<&str>) {
        match (self.ai.get_mut(code), name) {
            (None, name) => {
                self.ai.insert(code.into(), name.map(Arc::from));
            }
            // Of several names the first in order counts, in whatever order lines are read.
            (Some(known), Some(name)) if known.as_deref().is_none_or(|it| name < it) => {
                *known = Some(name.into());
            }
            (Some(_), _) => {}
        }
    }

    /// Whether a line is AI, once all that is known of its code is known.
    pub(crate) fn is_ai(&self, verdict: Verdict, code: &str) -> bool {
        match verdict {
            Verdict::Ai | Verdict::AiWithoutName => true,
            Verdict::Other => false,
            Verdict::ByCode => self.ai.contains_key(code.trim()),
        }
    }

    /// The name that other AI lines with the code of a line have.
    pub(crate) fn name(&self, verdict: Verdict, code: &str) -> Option<&Arc<str>> {
        self.ai.get(code.trim()).filter(|_| needs_others(verdict))?.as_ref()
    }

    /// Whether a line is AI; `None` if the other pass reads it.
    pub(crate) fn take(&mut self, verdict: Verdict, code: &str) -> Option<bool> {
        match (needs_others(verdict), self.is_second_pass) {
            (false, false) | (true, true) => Some(self.is_ai(verdict, code)),
            (false, true) => None,
            (true, false) => {
                self.left_count = self.left_count.saturating_add(1);
                None
            }
        }
    }

    /// Whether the lines are read that were left out before.
    pub(crate) fn is_second_pass(&self) -> bool {
        self.is_second_pass
    }

    pub(crate) fn begin_second_pass(&mut self) {
        self.is_second_pass = true;
    }

    /// The number of lines that are left for the second pass.
    pub(crate) fn left_count(&self) -> u64 {
        self.left_count
    }
}

/// Whether other lines with its code say more of a line than it does.
fn needs_others(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::ByCode | Verdict::AiWithoutName)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_in_the_first_pass_or_in_the_second() {
        let pass = |codes: &mut ProductCodes| {
            [Verdict::Ai, Verdict::Other, Verdict::ByCode, Verdict::AiWithoutName]
                .map(|it| codes.take(it, " code"))
        };
        let mut codes = ProductCodes::default();
        assert_eq!(pass(&mut codes), [Some(true), Some(false), None, None]);
        assert_eq!(codes.left_count(), 2);
        codes.begin_second_pass();
        assert_eq!(pass(&mut codes), [None, None, Some(false), Some(true)]);
        codes.add("code", None);
        assert_eq!(pass(&mut codes), [None, None, Some(true), Some(true)]);
        assert_eq!(codes.left_count(), 2);
    }

    #[test]
    fn the_name_of_a_code_does_not_depend_on_the_order_of_lines() {
        let name_of = |names: [Option<&str>; 3]| {
            let mut codes = ProductCodes::default();
            names.into_iter().for_each(|it| codes.add("code", it));
            codes.name(Verdict::ByCode, "code ").map(|it| it.to_string())
        };
        for names in [[None, Some("a"), Some("b")], [Some("b"), None, Some("a")]] {
            assert_eq!(name_of(names).as_deref(), Some("a"));
        }
        assert_eq!(name_of([None; 3]), None);
    }
}
