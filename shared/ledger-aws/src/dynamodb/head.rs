//! Heads as items.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use jiff::civil::Date;
use ledger_app::ports::StoreError;
use ledger_core::bill::{
    BillHead, DayHead, Export, FactsForm, FileSet, Generation, Pending, Unread,
};
use ledger_core::cost::{CostKind, Costs};
use ledger_core::currency::Currency;
use ledger_core::finding::{Finding, FindingCode};
use ledger_core::money::Money;
use ledger_core::rollup::DayTotal;
use serde::{Deserialize, Serialize};

use super::{Item, WRITTEN_BY, json_fault, keys, malformed, number, parsed, text, text_of};

#[derive(Deserialize, Serialize)]
struct StoredDay {
    generation: StoredGeneration,
    estimated: bool,
    /// Releases before it kept no invoices.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    invoiced: bool,
    /// [`FactsForm`]; releases before it had one form.
    #[serde(default = "first_form")]
    facts: u32,
    totals: BTreeMap<String, StoredTotal>,
    /// [`FileSet`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    files: Option<String>,
}

fn first_form() -> u32 {
    FactsForm::FIRST.0
}

#[derive(Deserialize, Serialize)]
struct StoredGeneration {
    version: u64,
    content_hash: String,
}

#[derive(Deserialize, Serialize)]
struct StoredTotal {
    ai: StoredCosts,
    other: StoredCosts,
    ai_line_count: u64,
    other_line_count: u64,
}

#[derive(Deserialize, Serialize)]
struct StoredCosts {
    unblended: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    net_unblended: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    amortized: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    net_amortized: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    list: Option<String>,
}

#[derive(Deserialize, Serialize)]
struct StoredPending {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    delivered_at: Option<String>,
    read_at: String,
    totals: BTreeMap<String, String>,
    reasons: String,
}

impl StoredPending {
    fn new(pending: &Pending) -> StoredPending {
        let Pending { delivered_at, read_at, totals, reasons } = pending;
        let amount = |it: &Money| it.amount().normalize().to_string();
        StoredPending {
            delivered_at: delivered_at.map(|it| it.to_string()),
            read_at: read_at.to_string(),
            totals: totals.iter().map(|(code, it)| (code.to_string(), amount(it))).collect(),
            reasons: reasons.to_string(),
        }
    }
}

/// [`Unread`], except for the number of lines.
#[derive(Deserialize, Serialize)]
struct StoredUnread {
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    rejected_costs: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    columns: BTreeMap<String, String>,
    /// Code and message.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    findings: Vec<(String, String)>,
}

impl StoredUnread {
    fn new(unread: &Unread) -> StoredUnread {
        let costs = unread.rejected_costs.iter();
        let costs = costs.map(|(code, it)| (code.to_string(), it.amount().normalize().to_string()));
        let findings = unread.findings.iter();
        StoredUnread {
            rejected_costs: costs.collect(),
            columns: unread
                .columns
                .iter()
                .map(|(column, it)| (column.to_string(), it.to_string()))
                .collect(),
            findings: findings
                .map(|it| (it.code.as_str().to_owned(), it.message.clone()))
                .collect(),
        }
    }

    fn is_empty(&self) -> bool {
        self.rejected_costs.is_empty() && self.columns.is_empty() && self.findings.is_empty()
    }
}

/// An amount in one form, whatever it was added up from.
pub(super) fn amount(costs: &Costs, kind: CostKind) -> Option<String> {
    costs.stated(kind).map(|it| it.amount().normalize().to_string())
}

/// Amounts as they are stored, each where the costs state it.
#[derive(Clone, Copy, Debug)]
pub(super) struct StoredAmounts<'a> {
    pub unblended: &'a str,
    pub net_unblended: Option<&'a str>,
    pub amortized: Option<&'a str>,
    pub net_amortized: Option<&'a str>,
    pub list: Option<&'a str>,
}

/// Reads amounts of one currency.
pub(super) fn costs_of(stored: StoredAmounts<'_>, currency: Currency) -> Option<Costs> {
    let read = |text: &str| Money::parse(text, currency).map(|it| it.money);
    let maybe = |text: Option<&str>| text.map(read).transpose().ok();
    let charged = Costs::new(read(stored.unblended).ok()?, maybe(stored.net_unblended)?).ok()?;
    let listed = charged.with_list(maybe(stored.list)?).ok()?;
    listed.amortized_to(maybe(stored.amortized)?, maybe(stored.net_amortized)?).ok()
}

impl StoredCosts {
    fn new(costs: &Costs) -> StoredCosts {
        StoredCosts {
            unblended: amount(costs, CostKind::Unblended).unwrap_or_default(),
            net_unblended: amount(costs, CostKind::NetUnblended),
            amortized: amount(costs, CostKind::Amortized),
            net_amortized: amount(costs, CostKind::NetAmortized),
            list: amount(costs, CostKind::List),
        }
    }

    fn costs(&self, currency: Currency) -> Option<Costs> {
        let stored = StoredAmounts {
            unblended: &self.unblended,
            net_unblended: self.net_unblended.as_deref(),
            amortized: self.amortized.as_deref(),
            net_amortized: self.net_amortized.as_deref(),
            list: self.list.as_deref(),
        };
        costs_of(stored, currency)
    }
}

/// Totals as they are stored.
fn stored_totals(totals: &BTreeMap<Currency, DayTotal>) -> BTreeMap<String, StoredTotal> {
    let stored = |total: &DayTotal| StoredTotal {
        ai: StoredCosts::new(&total.ai),
        other: StoredCosts::new(&total.other),
        ai_line_count: total.ai_line_count,
        other_line_count: total.other_line_count,
    };
    totals.iter().map(|(currency, total)| (currency.to_string(), stored(total))).collect()
}

pub(super) fn item_of(head: &BillHead) -> Result<Item, StoreError> {
    let days: BTreeMap<String, StoredDay> = head
        .days
        .iter()
        .map(|(day, state)| {
            let generation = StoredGeneration {
                version: state.generation.version,
                content_hash: state.generation.content_hash.to_string(),
            };
            let totals = stored_totals(&state.totals);
            let (estimated, facts) = (state.estimated, state.facts.0);
            let (invoiced, files) =
                (state.is_invoiced, state.files.as_ref().map(ToString::to_string));
            (day.to_string(), StoredDay { generation, estimated, invoiced, facts, totals, files })
        })
        .collect();
    let mut item = Item::from([
        ("pk".to_owned(), text("HEAD")),
        ("sk".to_owned(), text(keys::head_sk(&head.bill))),
        ("version".to_owned(), number(head.version)),
        ("imported_at".to_owned(), text(head.imported_at.to_string())),
        ("rules_version".to_owned(), number(head.rules_version)),
        ("written_by".to_owned(), text(WRITTEN_BY)),
    ]);
    if let Some(export) = &head.export {
        item.insert("export".to_owned(), text(&*export.name));
        if let Some(place) = &export.place {
            item.insert("export_place".to_owned(), text(&**place));
        }
    }
    if let Some(at) = head.delivered_at {
        item.insert("delivered_at".to_owned(), text(at.to_string()));
    }
    if head.is_chosen_part {
        item.insert("chosen_part".to_owned(), AttributeValue::Bool(true));
    }
    let stored = |it: Result<String, serde_json::Error>, item: &Item| {
        it.map_err(|err| malformed(item, err.to_string()))
    };
    if head.unread.rejected_count > 0 {
        item.insert("rejected_count".to_owned(), number(head.unread.rejected_count));
    }
    let unread = StoredUnread::new(&head.unread);
    if !unread.is_empty() {
        let unread = stored(serde_json::to_string(&unread), &item)?;
        item.insert("unread".to_owned(), text(unread));
    }
    if let Some(pending) = &head.pending {
        let pending = stored(serde_json::to_string(&StoredPending::new(pending)), &item)?;
        item.insert("pending".to_owned(), text(pending));
    }
    let days = stored(serde_json::to_string(&days), &item)?;
    item.insert("days".to_owned(), text(days));
    Ok(item)
}

pub(super) fn head_of(item: &Item) -> Result<BillHead, StoreError> {
    let bill = keys::bill_of(text_of(item, "sk")?)
        .ok_or_else(|| malformed(item, "expected the key `<month>#<source>#<payer>`"))?;
    let days: BTreeMap<String, StoredDay> = serde_json::from_str(text_of(item, "days")?)
        .map_err(|err| malformed(item, json_fault("days", &err)))?;
    let maybe = |name: &str| -> Result<Option<Arc<str>>, StoreError> {
        let has_it = item.contains_key(name);
        Ok(if has_it { Some(text_of(item, name)?.into()) } else { None })
    };
    let place = maybe("export_place")?;
    let export = maybe("export")?.map(|name| Export { name, place });
    let delivered_at = match item.contains_key("delivered_at") {
        true => Some(parsed(item, "delivered_at")?),
        false => None,
    };
    let mut unread = match item.contains_key("unread") {
        true => unread_of(item, text_of(item, "unread")?)?,
        false => Unread::default(),
    };
    if item.contains_key("rejected_count") {
        unread.rejected_count = parsed(item, "rejected_count")?;
    }
    let pending = match item.contains_key("pending") {
        true => Some(pending_of(item, text_of(item, "pending")?)?),
        false => None,
    };
    Ok(BillHead {
        bill,
        version: parsed(item, "version")?,
        export,
        delivered_at,
        imported_at: parsed(item, "imported_at")?,
        rules_version: parsed(item, "rules_version")?,
        days: days
            .into_iter()
            .map(|(day, stored)| {
                day_of(&day, stored)
                    .ok_or_else(|| malformed(item, "a day of `days` cannot be read"))
            })
            .collect::<Result<_, _>>()?,
        unread: Arc::new(unread),
        is_chosen_part: item.contains_key("chosen_part"),
        pending,
    })
}

fn unread_of(item: &Item, stored: &str) -> Result<Unread, StoreError> {
    let stored: StoredUnread =
        serde_json::from_str(stored).map_err(|err| malformed(item, json_fault("unread", &err)))?;
    let findings = stored.findings.into_iter().map(|(code, message)| {
        // A newer release may know others: their message says enough.
        let code = FindingCode::ALL.iter().find(|it| it.as_str() == code).copied();
        Finding { code: code.unwrap_or(FindingCode::FieldsUnknown), message }
    });
    Ok(Unread {
        rejected_count: 0,
        rejected_costs: costs_by_currency(&stored.rejected_costs)
            .ok_or_else(|| malformed(item, "`rejected_costs` of `unread` cannot be read"))?,
        columns: stored.columns.into_iter().map(|(it, text)| (it.into(), text.into())).collect(),
        findings: findings.collect(),
    })
}

/// Amounts by currency.
fn costs_by_currency(stored: &BTreeMap<String, String>) -> Option<BTreeMap<Currency, Money>> {
    let read = |(code, amount): (&String, &String)| {
        let currency = Currency::parse(code).ok()?;
        Some((currency, Money::parse(amount, currency).ok()?.money))
    };
    stored.iter().map(read).collect()
}

fn pending_of(item: &Item, stored: &str) -> Result<Pending, StoreError> {
    let stored: StoredPending =
        serde_json::from_str(stored).map_err(|err| malformed(item, json_fault("pending", &err)))?;
    let unread = |field: &str| malformed(item, format!("`{field}` of `pending` cannot be read"));
    let totals = costs_by_currency(&stored.totals).ok_or_else(|| unread("totals"))?;
    let at = |it: &str| it.parse::<Timestamp>().map_err(|_| unread("delivered_at or read_at"));
    Ok(Pending {
        delivered_at: stored.delivered_at.as_deref().map(at).transpose()?,
        read_at: at(&stored.read_at)?,
        totals,
        reasons: stored.reasons.into(),
    })
}

fn day_of(day: &str, stored: StoredDay) -> Option<(Date, DayHead)> {
    let mut totals = BTreeMap::new();
    for (code, total) in stored.totals {
        let currency = Currency::parse(&code).ok()?;
        let total = DayTotal {
            ai: total.ai.costs(currency)?,
            other: total.other.costs(currency)?,
            ai_line_count: total.ai_line_count,
            other_line_count: total.other_line_count,
        };
        totals.insert(currency, total);
    }
    let generation = Generation {
        version: stored.generation.version,
        content_hash: stored.generation.content_hash.into(),
    };
    let files = stored.files.as_deref().map(FileSet::parse).map(Arc::new);
    let state = DayHead {
        generation,
        totals,
        estimated: stored.estimated,
        is_invoiced: stored.invoiced,
        facts: FactsForm(stored.facts),
        files,
    };
    Some((day.parse().ok()?, state))
}

#[cfg(test)]
mod tests {
    use ledger_testkit::build::{bill, head};

    use super::*;

    #[test]
    fn totals_that_were_written_before_costs_were_amortized_are_the_same() {
        for (text, expected) in [
            (r#"{"unblended":"1.5"}"#, ["1.5"; 5]),
            (r#"{"unblended":"1.5","net_unblended":"1.2"}"#, ["1.5", "1.2", "1.5", "1.2", "1.5"]),
            (
                r#"{"unblended":"1.5","net_unblended":"1.2","amortized":"2","net_amortized":"1.75"}"#,
                ["1.5", "1.2", "2", "1.75", "1.5"],
            ),
            (r#"{"unblended":"1.5","list":"3"}"#, ["1.5", "1.5", "1.5", "1.5", "3"]),
        ] {
            let stored: StoredCosts = serde_json::from_str(text).unwrap();
            let costs = stored.costs(Currency::USD).unwrap();
            assert_eq!(CostKind::ALL.map(|kind| costs.of(kind).amount().to_string()), expected);
            assert_eq!(serde_json::to_string(&StoredCosts::new(&costs)).unwrap(), text);
        }
    }

    /// The item of a head with another value, or without it.
    fn item_with(name: &str, value: Option<AttributeValue>) -> Item {
        let mut item = item_of(&head(bill("2026-11"), &[("2026-11-03", "1.5")])).unwrap();
        match value {
            Some(value) => item.insert(name.to_owned(), value),
            None => item.remove(name),
        };
        item
    }

    #[test]
    fn attributes_of_a_newer_release_cost_nothing() {
        let expected = head(bill("2026-11"), &[("2026-11-03", "1.5")]);
        let days = text_of(&item_with("x", None), "days").unwrap().to_owned();
        let days = days.replace("\"estimated\":", "\"of_tomorrow\":[1],\"estimated\":");
        for (name, value) in [
            ("of_tomorrow", Some(number(1))),
            ("written_by", Some(text("9.9.9"))),
            ("written_by", None),
            ("days", Some(text(days))),
        ] {
            assert_eq!(head_of(&item_with(name, value)).unwrap(), expected, "{name}");
        }
    }

    #[test]
    fn days_without_a_form_are_of_the_first() {
        let days = text_of(&item_with("x", None), "days").unwrap().to_owned();
        let old = days.replace("\"facts\":2,", "");
        assert_ne!(old, days);
        let head = head_of(&item_with("days", Some(text(old)))).unwrap();
        assert!(head.days.values().all(|it| it.facts == FactsForm::FIRST));
    }

    #[test]
    fn a_head_that_cannot_be_read_is_named() {
        for (name, value, expected) in [
            ("version", Some(text("x")), "`version` does not have the form of u64"),
            ("days", Some(text("{")), "`days` is no JSON, at line 1 column 1"),
            ("days", Some(number(1)), "`days` is missing; expected a text"),
            ("imported_at", None, "`imported_at` is missing"),
        ] {
            let err = head_of(&item_with(name, value)).unwrap_err().to_string();
            let start = "item `HEAD 2026-11#cur#123456789012` cannot be read: ";
            assert!(err.starts_with(&format!("{start}{expected}")), "{err}");
        }
    }
}
