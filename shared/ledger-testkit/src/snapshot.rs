//! A ledger as a table.

use std::fmt::Write as _;

use ledger_app::ports::{LedgerStore, StoreError};
use ledger_core::business::{BusinessField, BusinessKey};
use ledger_core::cost::CostKind;
use ledger_core::dimension::{Dimension, Level};
use ledger_core::period::BillingPeriod;
use ledger_core::rollup::Row;

/// All that readers see: each bill with its days, and each day with its rollups in detail, equal
/// for equal ledgers. A failing comparison shows the rows that differ.
///
/// # Errors
///
/// As the store.
pub async fn snapshot(ledger: &impl LedgerStore) -> Result<String, StoreError> {
    let mut table = String::new();
    let first = BillingPeriod::containing(jiff::civil::Date::MIN);
    for head in ledger.heads(first).await? {
        let delivered = head.delivered_at.map_or("-".to_owned(), |it| it.to_string());
        let export = head.export.as_ref().map_or("-", |it| &*it.name);
        let (version, rules) = (head.version, head.rules_version);
        line(
            &mut table,
            &format!(
                "{}: version {version}, rules {rules}, export {export}, delivered {delivered}",
                head.bill
            ),
        );
        for (day, state) in &head.days {
            let estimated = if state.estimated { ", estimated" } else { "" };
            line(
                &mut table,
                &format!("  {day} of version {}{estimated}", state.generation.version),
            );
            for (currency, total) in &state.totals {
                let ai = total.ai.of(CostKind::Unblended).amount();
                let other = total.other.of(CostKind::Unblended).amount();
                let (ai_lines, other_lines) = (total.ai_line_count, total.other_line_count);
                line(
                    &mut table,
                    &format!(
                        "    total {currency} ai {ai} ({ai_lines}) other {other} ({other_lines})"
                    ),
                );
            }
            let rollups =
                ledger.rollups(&head.bill, *day, &state.generation, Level::Detail, None).await?;
            for rollup in rollups {
                line(&mut table, &format!("    {}", cells(rollup.row(), *day)));
            }
        }
    }
    Ok(table)
}

fn line(table: &mut String, text: &str) {
    // Writing into a text cannot fail.
    let _ = writeln!(table, "{text}");
}

/// The values of a rollup that has them, and its measures.
fn cells(row: Row<'_>, day: jiff::civil::Date) -> String {
    let business = BusinessField::ALL.iter().map(|it| Dimension::Business(BusinessKey::Named(*it)));
    let named = ["publisher", "service", "model", "meter", "line_type", "account"];
    let detail = ["principal", "usage_type", "rule", "entry"];
    let words = named.into_iter().chain(detail).filter_map(|it| Dimension::parse(it).ok());
    let dimensions = [Dimension::Owner].into_iter().chain(business).chain(words);
    let values = dimensions.filter_map(|dimension| {
        let value = dimension.value_of(row, day)?;
        Some(format!("{dimension}={value}"))
    });
    let mut cells: Vec<String> = values.collect();
    if let Some(position) = row.position() {
        cells
            .extend(position.detail.tags.iter().map(|(name, value)| format!("tag:{name}={value}")));
        let texts = position.detail.texts.iter();
        cells.extend(texts.map(|(text, value)| format!("{text}={value}")));
    }
    let measures = row.measures();
    for kind in CostKind::ALL {
        cells.extend(measures.costs.stated(kind).map(|it| format!("{}={it}", kind.as_str())));
    }
    let unit = row.summary().charge.unit.as_deref().unwrap_or("-");
    cells.extend(measures.quantity.map(|it| format!("quantity={it} {unit}")));
    cells.extend(measures.tokens.map(|it| format!("tokens={it}")));
    cells.push(format!("line_count={}", measures.line_count));
    cells.join("  ")
}
