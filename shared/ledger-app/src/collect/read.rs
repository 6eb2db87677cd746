//! Turns the answers of one month and tag key into rollups.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;
use ledger_core::aws::line_type::category_of;
use ledger_core::aws::models::{CanonicalModel, canonical_model};
use ledger_core::aws::tokens::token_count;
use ledger_core::aws::usage_type::UsageType;
use ledger_core::bill::FileSet;
use ledger_core::bill_text::{BillText, BillTexts};
use ledger_core::cost::Costs;
use ledger_core::currency::Currency;
use ledger_core::finding::{Finding, FindingCode};
use ledger_core::line_item::{BillId, LineItem, Provenance, Tags};
use ledger_core::model::Model;
use ledger_core::money::{Money, MoneyError, parse_decimal};
use ledger_core::period::ChargePeriod;
use ledger_core::quantity::Quantity;
use ledger_core::roll_up::RollupBuilder;
use ledger_core::rollup::DayRollups;
use ledger_core::rules::AttributionRules;
use ledger_core::usage::Usage;
use rust_decimal::Decimal;

use super::CollectError;
use super::ask::Question;
use super::compare::{DailyCosts, add_costs};
use super::known::asked_by;
use crate::ports::{CostDay, CostGroup, QuickLookError};

/// How the name of a Marketplace service that is a model ends.
const MARKETPLACE_EDITION: &str = "(Amazon Bedrock Edition)";

/// Whether any cost carries a tag key.
#[derive(Default)]
pub(super) struct SilentKey {
    tagged: bool,
    untagged: bool,
    /// Whether days were left out that were asked before: they may carry the key.
    is_partial: bool,
}

impl SilentKey {
    pub(super) fn saw(&mut self, reader: &Reader, is_whole: bool) {
        self.tagged |= reader.tagged_count > 0;
        self.untagged |= reader.line_count > reader.tagged_count;
        self.is_partial |= !is_whole;
    }

    pub(super) fn finding(&self, key: &str) -> Option<Finding> {
        let name = key.strip_prefix("iamPrincipal/").unwrap_or(key);
        (self.untagged && !self.tagged && !self.is_partial).then(|| Finding {
            code: FindingCode::TagKeySilent,
            message: format!(
                "no cost carries the tag `{key}`; activate `iamPrincipal/{name}` as a cost allocation tag in the payer account; `tollbook collect` then asks days again that AWS filled in"
            ),
        })
    }
}

/// Turns the answers of one month and tag key into rollups.
pub(super) struct Reader {
    pub(super) bill: BillId,
    key: Arc<str>,
    builder: RollupBuilder,
    pub(super) sums: DailyCosts,
    estimated: BTreeMap<Date, bool>,
    line_count: u64,
    tagged_count: u64,
    rounded: Decimal,
}

/// Why an answer cannot be read.
pub(super) enum ReadError {
    Money(MoneyError),
    Unreadable(String),
}

impl ReadError {
    pub(super) fn while_asking(self, question: &Question) -> CollectError {
        let question = question.describe();
        match self {
            ReadError::Money(source) => CollectError::Amount { question, source },
            ReadError::Unreadable(reason) => {
                CollectError::Ask { question, source: QuickLookError::Unreadable(reason) }
            }
        }
    }
}

impl Reader {
    pub(super) fn new(bill: BillId, key: &str) -> Reader {
        Reader {
            bill,
            key: key.into(),
            builder: RollupBuilder::default(),
            sums: DailyCosts::new(),
            estimated: BTreeMap::new(),
            line_count: 0,
            tagged_count: 0,
            rounded: Decimal::ZERO,
        }
    }

    /// The mark of its days; `None` where they were not asked by a tag.
    pub(super) fn asked_by(&self) -> Option<FileSet> {
        (!self.key.is_empty()).then(|| asked_by(&self.key))
    }

    /// Adds the answer for one service.
    pub(super) fn read(
        &mut self,
        service: &str,
        period: ChargePeriod,
        days: &[CostDay],
    ) -> Result<(), ReadError> {
        let service: Arc<str> = service.into();
        let file: Arc<str> = format!("cost-explorer:{service}").into();
        let mut group_number = 0;
        for day in days {
            if !period.contains(day.day) {
                return Err(ReadError::Unreadable(format!(
                    "it has {}; expected days of {}..{}",
                    day.day,
                    period.start(),
                    period.end()
                )));
            }
            *self.estimated.entry(day.day).or_default() |= day.estimated;
            for group in &day.groups {
                group_number += 1;
                if let Some((costs, rounded)) = read_costs(group)? {
                    let provenance = Provenance { file: Arc::clone(&file), line: group_number };
                    let line_item = self.line_item(provenance, &service, day, group, costs);
                    self.line_count += 1;
                    self.tagged_count += u64::from(!line_item.tags.is_empty());
                    self.rounded += rounded;
                    add_costs(&mut self.sums, day.day, &costs).map_err(ReadError::Money)?;
                    self.builder.add(&line_item).map_err(ReadError::Money)?;
                }
            }
        }
        Ok(())
    }

    fn line_item(
        &self,
        provenance: Provenance,
        service: &Arc<str>,
        day: &CostDay,
        group: &CostGroup,
        costs: Costs,
    ) -> LineItem {
        let usage_type = UsageType::parse(group.usage_type.as_deref().unwrap_or_default());
        let usage_amount = group.usage_amount.as_deref().and_then(|it| parse_decimal(it).ok());
        let meter = usage_type.meter_within_bedrock();
        // A sum of lines beyond what one line may count has none, as where no unit is written.
        let count = |amount| token_count(meter, amount, group.unit.as_deref(), None).ok().flatten();
        let tokens = usage_amount.and_then(count);
        // Cost Explorer names the unit of a quantity in several units `N/A`.
        let unit = group.unit.as_deref().filter(|it| !it.is_empty() && *it != "N/A");
        let quantity = usage_amount.and_then(|it| Quantity::new(it).ok());
        let metered = unit.zip(quantity);
        let model = model_of(&usage_type, service);
        let tags: Tags = group
            .tag_value
            .as_deref()
            .map(|value| (Arc::clone(&self.key), value.into()))
            .into_iter()
            .collect();
        LineItem {
            provenance,
            bill: self.bill.clone(),
            day: day.day,
            account: None,
            line_type: "Usage".into(),
            category: category_of("Usage"),
            service: Arc::clone(service),
            texts: BillTexts::default().with(BillText::Region, usage_type.region.map(Arc::from)),
            usage: Usage { meter, axes: Arc::new(usage_type.axes()), tokens },
            caller: None,
            tags: Arc::new(tags),
            model: Model {
                publisher: model.as_ref().and_then(|it| it.publisher).map(Arc::from),
                name: model.map(|it| it.name.into()),
            },
            quantity: metered.map(|(_, quantity)| quantity),
            unit: metered.map(|(unit, _)| unit.into()),
            estimated: day.estimated,
            costs,
        }
    }

    /// Total of what rounding added.
    pub(super) fn rounding(&self) -> Option<Finding> {
        (!self.rounded.is_zero()).then(|| Finding {
            code: FindingCode::AmountRounded,
            message: format!(
                "amounts of {} had more than 15 decimals; rounding added {}",
                self.bill, self.rounded
            ),
        })
    }

    /// The days asked, also those without cost.
    pub(super) fn finish(
        self,
        spans: &[ChargePeriod],
        rules: &AttributionRules,
    ) -> Result<(BTreeMap<Date, DayRollups>, Vec<Finding>), MoneyError> {
        let (mut bills, findings) = self.builder.finish(rules)?;
        let answered = bills.remove(&self.bill).unwrap_or_default();
        let mut days: BTreeMap<Date, DayRollups> = answered.iter().collect::<Result<_, _>>()?;
        for day in spans.iter().flat_map(|it| it.days()) {
            let rollups = days.entry(day).or_default();
            rollups.estimated |= self.estimated.get(&day).copied().unwrap_or_default();
        }
        Ok((days, findings))
    }
}

/// The model that the usage type names, or else the service.
fn model_of(usage_type: &UsageType, service: &str) -> Option<CanonicalModel> {
    let of_usage_type = usage_type.model.as_deref();
    of_usage_type
        .or(Some(service).filter(|it| it.ends_with(MARKETPLACE_EDITION)))
        .map(canonical_model)
}

/// The costs of a group, and the difference that rounding made; `None` for a total of zero.
pub(super) fn read_costs(group: &CostGroup) -> Result<Option<(Costs, Decimal)>, ReadError> {
    let missing =
        |metric| ReadError::Unreadable(format!("it has no `{metric}`; expected an amount"));
    let unblended = group.unblended.as_deref().ok_or_else(|| missing("UnblendedCost"))?;
    let others = [&group.net_unblended, &group.amortized, &group.net_amortized];
    let is_total = group.tag_value.is_none() && group.usage_type.is_none();
    let is_nothing = |text: &str| parse_decimal(text).is_ok_and(|it| it.is_zero());
    if is_total && is_nothing(unblended) && others.into_iter().flatten().all(|it| is_nothing(it)) {
        return Ok(None);
    }
    let code = group.currency.as_deref().unwrap_or_default();
    let currency = Currency::parse(code).map_err(|err| ReadError::Unreadable(err.to_string()))?;
    let read = |it: &str| Money::parse(it, currency).map_err(ReadError::Money);
    let unblended = read(unblended)?;
    let mut amounts = [None; 3];
    for (amount, text) in amounts.iter_mut().zip(others) {
        *amount = text.as_deref().map(read).transpose()?.map(|it| it.money);
    }
    let [net, amortized, net_amortized] = amounts;
    let costs = Costs::new(unblended.money, net)
        .and_then(|it| it.amortized_to(amortized, net_amortized))
        .map_err(ReadError::Money)?;
    Ok(Some((costs, unblended.difference)))
}
