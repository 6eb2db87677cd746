//! The product that a row charges for: whether it is AI, and its name.

use std::sync::Arc;

use ledger_core::aws::ai_service::{ProductWords, counts_tokens, judge};
use ledger_core::aws::usage_type::UsageType;
use ledger_core::cost::{CostKind, Costs};
use ledger_core::line_item::Tags;
use ledger_core::usage::UsageAxes;

use crate::cur::meaning::columns::Column;
use crate::cur::meaning::line::Converter;
use crate::cur::meaning::row::{Problem, RawLine};

impl Converter {
    /// Whether this pass over the delivery reads a row. Attributes that cannot be read say nothing in
    /// either pass; they are counted where the row is read.
    pub(crate) fn takes(&mut self, raw: &RawLine<'_>) -> bool {
        let product = self.map(raw, Column::Product, &mut Vec::new());
        let (usage_type, _) = self.usage_type(raw);
        let words = words_of(raw, &product, &usage_type);
        let verdict = judge(&words);
        self.codes.learn(verdict, &words);
        self.codes.take(verdict, words.product_code.unwrap_or_default()).is_some()
    }

    /// Counts a row that is not AI, if it counts tokens.
    pub(super) fn count_other_tokens(
        &mut self,
        raw: &RawLine<'_>,
        costs: Costs,
    ) -> Result<(), Problem> {
        if !counts_tokens(&self.usage_type(raw).0) {
            return Ok(());
        }
        let cost = costs.of(CostKind::Unblended);
        let texts = [Column::UsageType, Column::ProductCode].map(|it| raw.text(it));
        let [usage_type, code] = texts.map(|it| self.texts.get(it.unwrap_or_default()));
        let counted = self.other_tokens.count(usage_type, code, cost);
        counted.map_err(|it| (Column::Unblended, it.to_string()))
    }

    /// The usage type of a row.
    pub(super) fn usage_type(&mut self, raw: &RawLine<'_>) -> (Arc<UsageType>, Arc<UsageAxes>) {
        let text = raw.text(Column::UsageType).unwrap_or_default();
        self.usage_types.get(text, |it| {
            let usage_type = UsageType::parse(it);
            let axes = usage_type.axes().into();
            (usage_type.into(), axes)
        })
    }

    /// Whether a row is AI, and the name of its product: its own, or that of other AI lines with its
    /// code.
    pub(super) fn judged(
        &mut self,
        raw: &RawLine<'_>,
        product: &Tags,
        usage_type: &UsageType,
    ) -> (bool, Option<Arc<str>>) {
        let words = words_of(raw, product, usage_type);
        let code = words.product_code.unwrap_or_default();
        let verdict = judge(&words);
        let is_ai = self.codes.is_ai(verdict, code);
        let named = words.product_name.map(|it| self.texts.get(it));
        let by_others = || self.codes.name(verdict, code).map(Arc::clone);
        (is_ai, named.or_else(by_others))
    }
}

/// The words of a row about its product.
fn words_of<'a>(
    raw: &RawLine<'a>,
    product: &'a Tags,
    usage_type: &'a UsageType,
) -> ProductWords<'a> {
    ProductWords {
        product_code: raw.text(Column::ProductCode),
        billing_entity: raw.text(Column::BillingEntity),
        product_name: product.get("product_name").map(|it| &**it).filter(|it| !it.is_empty()),
        product_family: raw.text(Column::ProductFamily),
        description: raw.text(Column::Description),
        usage_type,
    }
}
