//! Converts a row of a bill to a line item, the same way for every file format.

use std::borrow::Cow;
use std::ops::RangeInclusive;
use std::sync::Arc;

use jiff::ToSpan;
use jiff::civil::Date;
use ledger_app::ports::Reading;
use ledger_core::aws::ai_service::is_ai_by_code;
use ledger_core::aws::line_type::category_of;
use ledger_core::aws::models::canonical_model;
use ledger_core::aws::principal::{NotAPrincipal, Principal};
use ledger_core::aws::tokens::{TooManyTokens, token_count};
use ledger_core::aws::usage_type::UsageType;
use ledger_core::bill_text::BillText;
use ledger_core::caller::Caller;
use ledger_core::cost::{CostKind, Costs};
use ledger_core::currency::Currency;
use ledger_core::day_sum::DaySum;
use ledger_core::finding::Finding;
use ledger_core::line_item::{BillId, LineItem, Provenance, Rejected, Tags};
use ledger_core::model::Model;
use ledger_core::money::{Money, MoneyError, parse_decimal};
use ledger_core::period::BillingPeriod;
use ledger_core::quantity::Quantity;
use ledger_core::source::Source;
use ledger_core::usage::{Usage, UsageAxes};
use rust_decimal::Decimal;

use crate::cur::meaning::account::{self, Account};
use crate::cur::meaning::amortized::{Amortized, Spread, Unamortized};
use crate::cur::meaning::codes::ProductCodes;
use crate::cur::meaning::columns::Column;
use crate::cur::meaning::faults::{self, Fault, Faults};
use crate::cur::meaning::interned::{Cache, Interner};
use crate::cur::meaning::other_tokens::OtherTokens;
use crate::cur::meaning::row::{Problem, RawLine};
use crate::cur::meaning::values::{read_date, read_map};

/// Corrections reach back a year; a charge that is older than this has a broken date.
const MONTHS_BACK: i64 = 13;

const NOT_A_CURRENCY: Fault = "not a currency; expected a code of ISO 4217 such as `USD`";

const MARKETPLACE_EDITION: &str = "(Amazon Bedrock Edition)";

/// A converted row.
#[derive(Debug)]
pub(crate) struct Converted {
    pub line: LineItem,
    /// Whether it is a charge for generative AI.
    pub is_ai: bool,
    /// Sum of the rounding differences of the line's amounts.
    pub rounded: Decimal,
    /// The cells that could not be read, and so count as empty.
    pub faults: Vec<(Column, Fault)>,
}

impl Converted {
    /// The reading of lines that share this line item.
    pub(crate) fn reading(self, sums: Vec<DaySum>) -> Reading {
        reading(self.is_ai, self.line, sums)
    }
}

/// The reading of lines that share a line item.
pub(crate) fn reading(is_ai: bool, line: LineItem, sums: Vec<DaySum>) -> Reading {
    match is_ai {
        true => Reading::Charge(line, sums),
        false => Reading::Other(line, sums),
    }
}

/// The cells and costs of a group of lines.
#[derive(Clone, Debug)]
pub(crate) struct Shared<'a> {
    pub raw: &'a RawLine<'a>,
    /// The product attributes, used in place of the cell.
    pub product: &'a Tags,
    /// The tags if they are parsed already; otherwise the cell is read.
    pub tags: Option<Arc<Tags>>,
    pub costs: Costs,
}

/// The fields that lines share, as they were read.
#[derive(Clone, Debug)]
pub(crate) struct SharedFields {
    pub line: LineItem,
    pub is_ai: bool,
    /// The cells that could not be read.
    pub faults: Vec<(Column, Fault)>,
}

/// Reads rows; caches parsed cells and counts lines for findings.
#[derive(Debug, Default)]
pub(crate) struct Converter {
    /// The month that the delivery is for.
    period: Option<BillingPeriod>,
    pub codes: ProductCodes,
    pub(super) texts: Interner,
    pub(super) usage_types: Cache<(Arc<UsageType>, Arc<UsageAxes>)>,
    principals: Cache<Result<Arc<Principal>, NotAPrincipal>>,
    maps: Cache<Result<Arc<Tags>, Fault>>,
    models: Cache<(Arc<str>, Option<Arc<str>>)>,
    dates: Cache<Result<Date, Fault>>,
    currencies: Cache<Option<Currency>>,
    /// Whether a row goes on for several lines of its file. If a quote is not closed, it may be
    /// several rows of the bill.
    pub is_row_tall: bool,
    pub faults: Faults,
    pub(super) other_tokens: OtherTokens,
    pub unamortized: Unamortized,
}

impl Converter {
    /// Takes the month that the delivery is for.
    pub(crate) fn new(period: Option<BillingPeriod>) -> Converter {
        Converter { period, ..Converter::default() }
    }

    /// The month that the delivery is for.
    pub(crate) fn period(&self) -> Option<BillingPeriod> {
        self.period
    }

    /// Reads one row; `broken` are cells that are no text, and empty in `raw`.
    pub(crate) fn convert(
        &mut self,
        raw: &RawLine<'_>,
        broken: &[(Column, Fault)],
        provenance: &Provenance,
    ) -> Result<Converted, Box<Rejected>> {
        self.line(raw, broken, provenance).map_err(|(column, reason)| {
            Box::new(Rejected {
                provenance: provenance.clone(),
                column: self.texts.get(column.name()),
                reason,
                cost: self.lone_cost(raw),
            })
        })
    }

    /// The unblended cost of a row that cannot be read otherwise.
    fn lone_cost(&mut self, raw: &RawLine<'_>) -> Option<Money> {
        let (costs, _) = self.costs(raw, &mut Vec::new()).ok()?;
        Some(costs.of(CostKind::Unblended))
    }

    /// Findings after the last row.
    pub(crate) fn findings(&self) -> Vec<Finding> {
        let findings = self.faults.findings().chain(self.unamortized.findings());
        findings.chain(self.other_tokens.findings()).collect()
    }

    fn line(
        &mut self,
        raw: &RawLine<'_>,
        broken: &[(Column, Fault)],
        provenance: &Provenance,
    ) -> Result<Converted, Problem> {
        let mut faults: Vec<_> = broken.iter().copied().chain(faults::too_large(raw)).collect();
        if let Some((column, fault)) = faults.iter().find(|it| faults::is_vital(it.0)) {
            return Err((*column, (*fault).to_owned()));
        }
        // A map that is put together keeps the parts that can be read.
        let raw = &match faults.len() > broken.len() {
            true => raw.without(faults::too_large(raw).map(|it| it.0)),
            false => *raw,
        };
        let (costs, mut rounded) = self.costs(raw, &mut faults)?;
        let product = self.map(raw, Column::Product, &mut faults);
        let shared = Shared { raw, product: &product, tags: None, costs };
        let SharedFields { mut line, is_ai, faults: more } = self.shared(&shared, provenance)?;
        faults.extend(more);
        if is_ai {
            self.meter(raw, &mut line, &mut faults);
            rounded = added(rounded, self.list(raw, &mut line, &mut faults), Column::List)?;
            let more = self.amortize(raw, &mut line, &mut faults);
            rounded = added(rounded, more, Column::Unblended)?;
        } else {
            self.count_other_tokens(raw, costs)?;
        }
        let is_other_by_code =
            is_ai_by_code(raw.text(Column::ProductCode).unwrap_or_default()) == Some(false);
        let has_spread = Spread::of(&line.line_type).is_some();
        faults.retain(|(column, _)| match column {
            _ if self.is_row_tall => true,
            Column::NetUnblended | Column::Payer => true,
            it if !Column::OF_ALL_LINES.contains(it) => is_ai && has_spread,
            it if it.is_for_ai() => is_ai,
            // The columns that say what was sold.
            _ => !is_other_by_code,
        });
        Ok(Converted { line, is_ai, rounded, faults })
    }

    /// Sets the quantity and the tokens of a line.
    fn meter(&self, raw: &RawLine<'_>, line: &mut LineItem, faults: &mut Vec<(Column, Fault)>) {
        let read = |text| {
            let amount = parse_decimal(text)?;
            // Without a unit, quantities of different kinds would be summed.
            let metered = Some(amount).filter(|_| line.unit.is_some());
            Ok((amount, metered.map(Quantity::new).transpose()?))
        };
        let Some(text) = raw.text(Column::Amount) else { return };
        match read(text) {
            Ok((amount, quantity)) => {
                let unit = raw.text(Column::PricingUnit);
                let description = raw.text(Column::Description);
                match token_count(line.usage.meter, amount, unit, description) {
                    Ok(tokens) => (line.quantity, line.usage.tokens) = (quantity, tokens),
                    Err(TooManyTokens) => faults.push((Column::Amount, faults::TOO_MANY_TOKENS)),
                }
            }
            Err(error) => faults.push((Column::Amount, faults::of_amount_text(&error, text))),
        }
    }

    /// Sets the list cost of a line, where the row states one; returns the rounding difference.
    fn list(
        &self,
        raw: &RawLine<'_>,
        line: &mut LineItem,
        faults: &mut Vec<(Column, Fault)>,
    ) -> Decimal {
        let Some(text) = raw.text(Column::List) else { return Decimal::ZERO };
        let read = Money::parse(text, line.costs.currency());
        let read = read.and_then(|it| Ok((line.costs.with_list(Some(it.money))?, it.difference)));
        match read {
            Ok((costs, difference)) => {
                line.costs = costs;
                difference
            }
            Err(error) => {
                faults.push((Column::List, faults::of_amount_text(&error, text)));
                Decimal::ZERO
            }
        }
    }

    /// Sets the amortized costs of a line; returns the rounding difference.
    fn amortize(
        &mut self,
        raw: &RawLine<'_>,
        line: &mut LineItem,
        faults: &mut Vec<(Column, Fault)>,
    ) -> Decimal {
        let Some(spread) = Spread::of(&line.line_type) else { return Decimal::ZERO };
        match spread.apply(raw, line.costs) {
            Ok(Amortized::Costs(costs, rounded)) => {
                line.costs = costs;
                return rounded;
            }
            Ok(Amortized::Unknown { columns, is_column_there }) => {
                self.unamortized.count(&line.line_type, columns, is_column_there, 1);
            }
            Err(fault) => faults.push(fault),
        }
        Decimal::ZERO
    }

    /// Reads the fields that lines can share, all but costs and tokens, and whether they are for
    /// generative AI.
    pub(crate) fn shared(
        &mut self,
        shared: &Shared<'_>,
        provenance: &Provenance,
    ) -> Result<SharedFields, Problem> {
        let Shared { raw, product, costs, .. } = *shared;
        let mut faults = Vec::new();
        let (usage_type, axes) = self.usage_type(raw);
        let attribute = |key: &str| product.get(key).map(|it| &**it).filter(|it| !it.is_empty());
        let (bill, day) = self.bill(raw, &mut faults)?;

        let code = raw.text(Column::ProductCode);
        let entity = raw.text(Column::BillingEntity);
        let (is_ai, product_name) = self.judged(raw, product, &usage_type);
        let product_name = product_name.as_deref();
        let tags = match &shared.tags {
            Some(tags) => Arc::clone(tags),
            None => self.map(raw, Column::Tags, &mut faults),
        };
        let principal = self.principal(raw, &mut faults);
        let service = service(code, entity, product_name);
        let edition = product_name.filter(|it| it.ends_with(MARKETPLACE_EDITION));
        let model_text =
            attribute("model").or(usage_type.model.as_deref()).or(edition).filter(|_| is_ai);
        let (model, model_publisher) = model_text.map(|it| self.model(it)).unzip();
        let publisher = attribute("provider").filter(|_| is_ai).map(|it| self.texts.get(it));
        let text = |text: BillText| match text {
            BillText::Region => usage_type.region.or(raw.text(Column::of_text(text))),
            _ => raw.text(Column::of_text(text)).filter(|_| is_ai),
        };
        let texts = BillText::ALL.iter().map(|it| (*it, text(*it).map(|it| self.texts.get(it))));
        let texts = texts.collect();
        let account = raw.text(Column::Account).and_then(|it| {
            let read = account::read(it);
            read.map(|it| note_restored(it, Column::Account, &mut faults))
                .map_err(|fault| faults.push((Column::Account, fault)))
                .ok()
        });
        let account = account.or(principal.as_deref().map(|it| it.account().into()));
        let line_type = raw.text(Column::LineType).unwrap_or_default();
        let line = LineItem {
            provenance: provenance.clone(),
            bill,
            day,
            account: account.map(|it| self.texts.get(&it)),
            line_type: self.texts.get(line_type),
            category: category_of(line_type),
            service: self.texts.get(service),
            usage: Usage { meter: usage_type.meter_within_bedrock(), axes, tokens: None },
            caller: principal.map(Caller::Aws),
            tags,
            texts,
            model: Model { name: model, publisher: publisher.or(model_publisher.flatten()) },
            unit: raw.text(Column::PricingUnit).filter(|_| is_ai).map(|it| self.texts.get(it)),
            quantity: None,
            estimated: false,
            costs,
        };
        Ok(SharedFields { line, is_ai, faults })
    }

    /// The unblended and net unblended costs, and their rounding difference.
    fn costs(
        &mut self,
        raw: &RawLine<'_>,
        faults: &mut Vec<(Column, Fault)>,
    ) -> Result<(Costs, Decimal), Problem> {
        let currency = match raw.0.get(Column::Currency as usize).copied().flatten() {
            None => Currency::USD,
            Some(text) => {
                let read = self.currencies.get(text, |it| Currency::parse(it).ok());
                read.ok_or_else(|| (Column::Currency, NOT_A_CURRENCY.to_owned()))?
            }
        };
        let problem = |reason: Fault| (Column::Unblended, reason.to_owned());
        let unblended = raw.text(Column::Unblended);
        let unblended =
            unblended.ok_or_else(|| problem("the cell is empty; expected an amount"))?;
        let unblended = Money::parse(unblended, currency)
            .map_err(|it| problem(faults::of_amount_text(&it, unblended)))?;
        let costs = |net| Costs::new(unblended.money, net);
        let net = raw.text(Column::NetUnblended).map(|text| {
            let net = Money::parse(text, currency)?;
            let rounded = unblended.difference.checked_add(net.difference);
            Ok((costs(Some(net.money))?, rounded.ok_or(MoneyError::OutOfRange)?))
        });
        match net.transpose() {
            Ok(Some(both)) => return Ok(both),
            Ok(None) => {}
            Err(error) => faults.push((Column::NetUnblended, faults::of_amount(&error))),
        }
        let costs = costs(None).map_err(|it| problem(faults::of_amount(&it)))?;
        Ok((costs, unblended.difference))
    }

    /// The bill and the day.
    fn bill(
        &mut self,
        raw: &RawLine<'_>,
        faults: &mut Vec<(Column, Fault)>,
    ) -> Result<(BillId, Date), Problem> {
        let start = Column::UsageStart;
        let day = self
            .dates
            .get(raw.text(start).unwrap_or_default(), read_date)
            .map_err(|reason| (start, reason.to_owned()))?;
        let period = match raw.text(Column::PeriodStart) {
            Some(text) => self
                .dates
                .get(text, read_date)
                .map(BillingPeriod::containing)
                .map_err(|reason| (Column::PeriodStart, reason.to_owned()))?,
            None => self.period.unwrap_or(BillingPeriod::containing(day)),
        };
        // A delivery restates one month. A row of another month would replace that month's whole
        // bill.
        if let Some(own) = self.period.filter(|own| *own != period) {
            return Err((
                Column::PeriodStart,
                format!(
                    "the row is of the bill of {period}, but its delivery is of {own}; expected \
                     rows of one bill"
                ),
            ));
        }
        if !days_of(period).contains(&day) {
            return Err((
                start,
                format!(
                    "the day cannot be on the bill of {period}; expected a day of that month \
                     or of the {MONTHS_BACK} months before it",
                ),
            ));
        }
        let payer = raw.text(Column::Payer);
        let payer = payer.map(account::read).transpose();
        let payer = payer.map_err(|fault| (Column::Payer, fault.to_owned()))?;
        let payer = payer.map(|it| note_restored(it, Column::Payer, faults));
        Ok((
            BillId {
                period,
                source: Source::AWS_BILL,
                payer: payer.map(|it| self.texts.get(&it)),
                part: None,
            },
            day,
        ))
    }

    pub(super) fn map(
        &mut self,
        raw: &RawLine<'_>,
        column: Column,
        faults: &mut Vec<(Column, Fault)>,
    ) -> Arc<Tags> {
        let texts = &mut self.texts;
        let text = raw.text(column).unwrap_or("{}");
        let map = self.maps.get(text, |text| read_map(text, texts).map(Arc::new));
        map.unwrap_or_else(|fault| {
            faults.push((column, fault));
            Arc::default()
        })
    }

    fn model(&mut self, text: &str) -> (Arc<str>, Option<Arc<str>>) {
        let texts = &mut self.texts;
        self.models.get(text, |text| {
            let model = canonical_model(text);
            (texts.get(&model.name), model.publisher.map(|it| texts.get(it)))
        })
    }

    fn principal(
        &mut self,
        raw: &RawLine<'_>,
        faults: &mut Vec<(Column, Fault)>,
    ) -> Option<Arc<Principal>> {
        let text = raw.text(Column::Principal)?;
        let read = self.principals.get(text, |it| Principal::parse(it).map(Arc::new));
        let unreadable = |error| Some((Column::Principal, faults::of_principal(&error)?));
        read.map_err(|error| faults.extend(unreadable(error))).ok()
    }
}

/// The id of an account; notes that it was a number.
fn note_restored<'a>(
    account: Account<'a>,
    column: Column,
    faults: &mut Vec<(Column, Fault)>,
) -> Cow<'a, str> {
    if account.is_restored {
        faults.push((column, faults::RESTORED));
    }
    account.id
}

/// Adds two rounding differences of a row.
fn added(left: Decimal, right: Decimal, column: Column) -> Result<Decimal, Problem> {
    let sum = left.checked_add(right);
    sum.ok_or_else(|| (column, MoneyError::OutOfRange.to_string()))
}

/// The days that the bill of a month can have charges of.
pub(crate) fn days_of(period: BillingPeriod) -> RangeInclusive<Date> {
    let first_day = period.first_day();
    first_day.checked_sub(MONTHS_BACK.months()).unwrap_or(Date::MIN)..=first_day.last_of_month()
}

/// The service name under which Cost Explorer shows the cost.
fn service<'a>(
    code: Option<&'a str>,
    entity: Option<&str>,
    product_name: Option<&'a str>,
) -> &'a str {
    let is_name = |name: &&str| {
        entity == Some("AWS Marketplace")
            || name.starts_with("Amazon Bedrock")
            || name.ends_with(MARKETPLACE_EDITION)
    };
    if let Some(name) = product_name.filter(is_name) {
        return name;
    }
    match code {
        Some("AmazonBedrock") => "Amazon Bedrock",
        Some("AmazonBedrockService") => "Amazon Bedrock Service",
        Some("AmazonBedrockFoundationModels") => "Amazon Bedrock Foundation Models",
        Some("AmazonBedrockAgentCore") => "Amazon Bedrock AgentCore",
        Some(code) => code,
        None => product_name.unwrap_or_default(),
    }
}
