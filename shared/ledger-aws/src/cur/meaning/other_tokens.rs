//! Lines that count tokens and are not AI.

use std::collections::BTreeMap;
use std::sync::Arc;

use ledger_core::finding::{Finding, FindingCode};
use ledger_core::money::{Money, MoneyError};

/// The number and the cost of lines that count tokens and are not AI.
#[derive(Debug, Default)]
pub(super) struct OtherTokens(BTreeMap<Key, (u64, Money)>);

/// Usage type, product code and currency.
type Key = (Arc<str>, Arc<str>, &'static str);

impl OtherTokens {
    /// Counts one line.
    pub(super) fn count(
        &mut self,
        usage_type: Arc<str>,
        code: Arc<str>,
        cost: Money,
    ) -> Result<(), MoneyError> {
        let key = (usage_type, code, cost.currency().as_str());
        let (count, sum) = self.0.entry(key).or_insert((0, Money::zero(cost.currency())));
        *count = count.saturating_add(1);
        *sum = sum.checked_add(cost)?;
        Ok(())
    }

    /// One finding for each usage type of each product code.
    pub(super) fn findings(&self) -> impl Iterator<Item = Finding> {
        self.0.iter().map(|((usage_type, code, _), (count, cost))| {
            let (lines, verb, their) = match count {
                1 => ("line", "counts", "its"),
                _ => ("lines", "count", "their"),
            };
            let code = match &**code {
                "" => String::new(),
                code => format!(" and product code `{code}`"),
            };
            let message = format!(
                "{count} {lines} of usage type `{usage_type}`{code} {verb} tokens, and nothing in \
                 the delivery says that the product is a model on Amazon Bedrock: {their} {cost} \
                 count as other cost"
            );
            Finding { code: FindingCode::TokensNotAi, message }
        })
    }
}
