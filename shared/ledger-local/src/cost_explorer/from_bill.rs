//! The lines of a bill as Cost Explorer sees them.

use ledger_app::ports::{BillSource, Reading, SourceError};
use ledger_core::bill_text::BillText;
use ledger_core::cost::CostKind;
use ledger_core::day_sum::DaySum;
use ledger_core::line_item::LineItem;
use ledger_core::money::MoneyError;
use rust_decimal::Decimal;

use super::CostLine;

/// Reads every line of a source, which should give lines that are not AI in full. Attributes that a
/// line item does not keep, such as the operation, are empty; usage is in single tokens where the
/// line counts tokens. Lines that are not AI are not amortized.
///
/// # Errors
///
/// As [`BillSource::read`].
pub fn cost_lines(source: &impl BillSource) -> Result<Vec<CostLine>, SourceError> {
    let mut lines = Vec::new();
    for delivery in source.deliveries()? {
        source.read(&delivery, &mut |reading| {
            if let Reading::Charge(line_item, sums) | Reading::Other(line_item, sums) = reading {
                for sum in sums {
                    lines.push(cost_line(&line_item, &sum)?);
                }
            }
            Ok(())
        })?;
    }
    Ok(lines)
}

fn cost_line(line_item: &LineItem, sum: &DaySum) -> Result<CostLine, MoneyError> {
    let costs = sum.costs_of(line_item)?;
    let attribute = |name: &str, value: &Option<std::sync::Arc<str>>| {
        value.as_deref().map(|value| (name.to_owned(), value.to_owned()))
    };
    Ok(CostLine {
        day: sum.day(),
        service: line_item.service.to_string(),
        usage_type: line_item.usage.axes.usage_type.as_deref().unwrap_or_default().to_owned(),
        account: line_item.account.as_deref().unwrap_or_default().to_owned(),
        record_type: line_item.line_type.to_string(),
        operation: String::new(),
        region: line_item.texts.get(BillText::Region).map(|it| it.to_string()).unwrap_or_default(),
        billing_entity: String::new(),
        tags: line_item
            .tags
            .iter()
            .map(|(key, value)| (key.to_string(), value.to_string()))
            .collect(),
        product_attributes: attribute("provider", &line_item.model.publisher)
            .into_iter()
            .chain(attribute("model", &line_item.model.name))
            .collect(),
        unblended: costs.of(CostKind::Unblended).amount(),
        net_unblended: costs.of(CostKind::NetUnblended).amount(),
        amortized: costs.of(CostKind::Amortized).amount(),
        net_amortized: costs.of(CostKind::NetAmortized).amount(),
        usage_amount: sum.tokens().map(Decimal::from).unwrap_or_default(),
        unit: if sum.tokens().is_some() { "Tokens".to_owned() } else { String::new() },
        currency: line_item.costs.currency().to_string(),
    })
}
