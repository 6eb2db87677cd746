//! Converts a row of a bill to a line item, the same way for every file format.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

use jiff::ToSpan;
use jiff::civil::Date;
use ledger_app::ports::Reading;
use ledger_core::aws::line_type::category_of;
use ledger_core::aws::models::canonical_model;
use ledger_core::aws::principal::{NotAPrincipal, Principal};
use ledger_core::aws::tokens::token_count;
use ledger_core::aws::usage_type::UsageType;
use ledger_core::bill_text::BillText;
use ledger_core::caller::Caller;
use ledger_core::cost::Costs;
use ledger_core::currency::Currency;
use ledger_core::day_sum::DaySum;
use ledger_core::finding::{Finding, FindingCode};
use ledger_core::line_item::{BillId, LineItem, Provenance, Rejected, Tags};
use ledger_core::model::Model;
use ledger_core::money::{Money, MoneyError, parse_decimal};
use ledger_core::period::BillingPeriod;
use ledger_core::quantity::Quantity;
use ledger_core::source::Source;
use ledger_core::usage::{Usage, UsageAxes};
use rust_decimal::Decimal;

use crate::cur::meaning::amortized::{Amortized, Spread};
use crate::cur::meaning::codes::ProductCodes;
use crate::cur::meaning::columns::Column;
use crate::cur::meaning::interned::{Cache, Interner};
use crate::cur::meaning::other_tokens::OtherTokens;
use crate::cur::meaning::row::{Problem, RawLine};
use crate::cur::meaning::values::{read_date, read_map};

/// AWS's own cells are below a few kilobytes; a larger one comes from a quote that is not closed.
const CELL_LIMIT: usize = 1 << 20;

/// Corrections reach back a year; a charge that is older than this has a broken date.
const MONTHS_BACK: i64 = 13;

const MARKETPLACE_EDITION: &str = "(Amazon Bedrock Edition)";

/// A converted row.
#[derive(Debug)]
pub(crate) struct Converted {
    pub line: LineItem,
    /// Whether it is a charge for generative AI.
    pub is_ai: bool,
    /// Sum of the rounding differences of the line's amounts.
    pub rounded: Decimal,
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
    pub line_count: u64,
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
    maps: Cache<Result<Arc<Tags>, String>>,
    models: Cache<(Arc<str>, Option<Arc<str>>)>,
    dates: Cache<Result<Date, String>>,
    currencies: Cache<Result<Currency, String>>,
    /// By kind: an example with its place, and the number of lines.
    unreadable_principals: BTreeMap<&'static str, ((Provenance, String), u64)>,
    pub(super) other_tokens: OtherTokens,
    /// By line type and missing columns: the number of lines.
    unamortized: BTreeMap<(Arc<str>, Untold), u64>,
}

/// Columns that are needed to amortize a line but missing or empty, and whether the file has them.
type Untold = (Vec<&'static str>, bool);

impl Converter {
    /// Takes the month that the delivery is for.
    pub(crate) fn new(period: Option<BillingPeriod>) -> Converter {
        Converter { period, ..Converter::default() }
    }

    /// The month that the delivery is for.
    pub(crate) fn period(&self) -> Option<BillingPeriod> {
        self.period
    }

    /// Reads one row.
    pub(crate) fn convert(
        &mut self,
        raw: &RawLine<'_>,
        provenance: &Provenance,
    ) -> Result<Converted, Box<Rejected>> {
        self.line(raw, provenance).map_err(|(column, reason)| {
            Box::new(Rejected {
                provenance: provenance.clone(),
                column: self.texts.get(column.name()),
                reason,
            })
        })
    }

    /// Findings after the last row.
    pub(crate) fn findings(&self) -> Vec<Finding> {
        let principals = self.unreadable_principals.values().map(|((_, example), count)| Finding {
            code: FindingCode::PrincipalUnreadable,
            message: format!(
                "{count} {} a caller that cannot be read and stay without one: {example}",
                if *count == 1 { "line names" } else { "lines name" },
            ),
        });
        let unamortized = self.unamortized.iter().map(|((line_type, untold), count)| Finding {
            code: FindingCode::NotAmortized,
            message: not_amortized(line_type, untold, *count),
        });
        principals.chain(unamortized).chain(self.other_tokens.findings()).collect()
    }

    fn line(&mut self, raw: &RawLine<'_>, provenance: &Provenance) -> Result<Converted, Problem> {
        check_sizes(raw, |column| !column.is_for_ai())?;
        let (unblended, net_unblended, mut rounded) = self.amounts(raw)?;
        let costs = Costs::new(unblended, net_unblended)
            .map_err(|error| (Column::NetUnblended, error.to_string()))?;
        let product = self.map(raw, Column::Product)?;
        let shared = Shared { raw, product: &product, tags: None, costs, line_count: 1 };
        let (mut line, is_ai) = self.shared(&shared, provenance)?;
        if is_ai {
            let problem = |error: MoneyError| (Column::Amount, error.to_string());
            let amount = raw.text(Column::Amount).map(parse_decimal).transpose();
            let amount = amount.map_err(problem)?;
            // Without a unit, quantities of different kinds would be summed.
            let metered = amount.filter(|_| line.unit.is_some());
            line.quantity = metered.map(Quantity::new).transpose().map_err(problem)?;
            let (list, difference) = self.list(raw, costs.currency())?;
            line.costs = costs.with_list(list).map_err(|it| (Column::List, it.to_string()))?;
            rounded = added(rounded, difference, Column::List)?;
            let unit = raw.text(Column::PricingUnit);
            let description = raw.text(Column::Description);
            let meter = line.usage.meter;
            line.usage.tokens = amount.and_then(|it| token_count(meter, it, unit, description));
            let more = self.amortize(raw, &mut line)?;
            rounded = added(rounded, more, Column::Unblended)?;
        } else {
            self.count_other_tokens(raw, costs)?;
        }
        Ok(Converted { line, is_ai, rounded })
    }

    /// The list cost, where the row states one, and its rounding difference.
    fn list(
        &self,
        raw: &RawLine<'_>,
        currency: Currency,
    ) -> Result<(Option<Money>, Decimal), Problem> {
        let read = raw.text(Column::List).map(|it| Money::parse(it, currency)).transpose();
        let read = read.map_err(|error| (Column::List, error.to_string()))?;
        Ok((read.as_ref().map(|it| it.money), read.map_or(Decimal::ZERO, |it| it.difference)))
    }

    /// Sets the amortized costs of a line; returns the rounding difference.
    fn amortize(&mut self, raw: &RawLine<'_>, line: &mut LineItem) -> Result<Decimal, Problem> {
        let Some(spread) = Spread::of(&line.line_type) else { return Ok(Decimal::ZERO) };
        match spread.apply(raw, line.costs)? {
            Amortized::Costs(costs, rounded) => {
                line.costs = costs;
                Ok(rounded)
            }
            Amortized::Unknown { columns, is_column_there } => {
                self.count_unamortized(&line.line_type, columns, is_column_there, 1);
                Ok(Decimal::ZERO)
            }
        }
    }

    /// Counts lines that cannot be amortized because these columns are missing or empty.
    pub(crate) fn count_unamortized(
        &mut self,
        line_type: &str,
        columns: Vec<Column>,
        is_column_there: bool,
        line_count: u64,
    ) {
        let columns = columns.into_iter().map(Column::name).collect();
        let key = (self.texts.get(line_type), (columns, is_column_there));
        let count = self.unamortized.entry(key).or_default();
        *count = count.saturating_add(line_count);
    }

    /// Reads the fields that lines can share, all but costs and tokens, and whether they are for
    /// generative AI.
    pub(crate) fn shared(
        &mut self,
        shared: &Shared<'_>,
        provenance: &Provenance,
    ) -> Result<(LineItem, bool), Problem> {
        let Shared { raw, product, costs, line_count, .. } = *shared;
        let (usage_type, axes) = self.usage_type(raw);
        let attribute = |key: &str| product.get(key).map(|it| &**it).filter(|it| !it.is_empty());
        let (bill, day) = self.bill(raw)?;

        let code = raw.text(Column::ProductCode);
        let entity = raw.text(Column::BillingEntity);
        let (is_ai, product_name) = self.judged(raw, product, &usage_type);
        let product_name = product_name.as_deref();
        if is_ai {
            check_sizes(raw, Column::is_for_ai)?;
        }
        let tags = match &shared.tags {
            Some(tags) => Arc::clone(tags),
            None if is_ai => self.map(raw, Column::Tags)?,
            None => self.map(raw, Column::Tags).unwrap_or_default(),
        };
        let unreadable_count = if is_ai { line_count } else { 0 };
        let principal = raw
            .text(Column::Principal)
            .and_then(|it| self.principal(it, unreadable_count, provenance));
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
        let account = raw.text(Column::Account).or(principal.as_deref().map(Principal::account));
        let line_type = raw.text(Column::LineType).unwrap_or_default();
        let line = LineItem {
            provenance: provenance.clone(),
            bill,
            day,
            account: account.map(|it| self.texts.get(it)),
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
        Ok((line, is_ai))
    }

    /// The unblended and net unblended costs, and their rounding difference.
    fn amounts(&mut self, raw: &RawLine<'_>) -> Result<(Money, Option<Money>, Decimal), Problem> {
        let currency = match raw.0.get(Column::Currency as usize).copied().flatten() {
            None => Currency::USD,
            Some(text) => self
                .currencies
                .get(text, |it| Currency::parse(it).map_err(|error| error.to_string()))
                .map_err(|reason| (Column::Currency, reason))?,
        };
        let read = |column, text| {
            Money::parse(text, currency).map_err(|error| (column, error.to_string()))
        };
        let unblended = raw.text(Column::Unblended).ok_or_else(|| {
            (Column::Unblended, "the cell is empty; expected an amount".to_owned())
        })?;
        let unblended = read(Column::Unblended, unblended)?;
        let net = raw
            .text(Column::NetUnblended)
            .map(|text| read(Column::NetUnblended, text))
            .transpose()?;
        let net_difference = net.map_or(Decimal::ZERO, |it| it.difference);
        let rounded = added(unblended.difference, net_difference, Column::NetUnblended)?;
        Ok((unblended.money, net.map(|it| it.money), rounded))
    }

    /// The bill and the day.
    fn bill(&mut self, raw: &RawLine<'_>) -> Result<(BillId, Date), Problem> {
        let start = Column::UsageStart;
        let day = self
            .dates
            .get(raw.text(start).unwrap_or_default(), read_date)
            .map_err(|reason| (start, reason))?;
        let period = match raw.text(Column::PeriodStart) {
            Some(text) => self
                .dates
                .get(text, read_date)
                .map(BillingPeriod::containing)
                .map_err(|reason| (Column::PeriodStart, reason))?,
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
                    "`{day}` cannot stand on the bill of {period}; expected a day of that month \
                     or of the {MONTHS_BACK} months before it",
                ),
            ));
        }
        let payer = raw.text(Column::Payer);
        let is_account = |it: &&str| it.len() == 12 && it.bytes().all(|it| it.is_ascii_digit());
        if let Some(payer) = payer.filter(|it| !is_account(it)) {
            let payer: String = payer.chars().take(40).collect();
            return Err((
                Column::Payer,
                format!("`{payer}` is not an account id; expected 12 digits"),
            ));
        }
        Ok((
            BillId { period, source: Source::AWS_BILL, payer: payer.map(|it| self.texts.get(it)) },
            day,
        ))
    }

    pub(super) fn map(&mut self, raw: &RawLine<'_>, column: Column) -> Result<Arc<Tags>, Problem> {
        let texts = &mut self.texts;
        self.maps
            .get(raw.text(column).unwrap_or("{}"), |text| read_map(text, texts).map(Arc::new))
            .map_err(|reason| (column, reason))
    }

    fn model(&mut self, text: &str) -> (Arc<str>, Option<Arc<str>>) {
        let texts = &mut self.texts;
        self.models.get(text, |text| {
            let model = canonical_model(text);
            (texts.get(&model.name), model.publisher.map(|it| texts.get(it)))
        })
    }

    /// The caller. If it cannot be read, a finding counts `line_count` lines without one.
    fn principal(
        &mut self,
        text: &str,
        line_count: u64,
        provenance: &Provenance,
    ) -> Option<Arc<Principal>> {
        let error = match self.principals.get(text, |it| Principal::parse(it).map(Arc::new)) {
            Ok(principal) => return Some(principal),
            Err(NotAPrincipal::Empty) => return None,
            Err(error) => error,
        };
        let kind = match error {
            NotAPrincipal::Empty => "empty",
            NotAPrincipal::NotAnArn(_) => "arn",
            NotAPrincipal::Pattern(_) => "pattern",
            NotAPrincipal::Partition(_) => "partition",
            NotAPrincipal::Service(_) => "service",
            NotAPrincipal::Account(_) => "account",
            NotAPrincipal::Resource(_) => "resource",
        };
        if line_count > 0 {
            let here = || (provenance.clone(), shortened(&error.to_string()));
            let seen = self.unreadable_principals.entry(kind).or_insert_with(|| (here(), 0));
            // The example is the earliest line of the file, regardless of the order of groups.
            if seen.0.0.file == provenance.file && provenance.line < seen.0.0.line {
                seen.0 = here();
            }
            seen.1 = seen.1.saturating_add(line_count);
        }
        None
    }
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

fn check_sizes(raw: &RawLine<'_>, is_read: impl Fn(Column) -> bool) -> Result<(), Problem> {
    for (column, cell) in Column::ALL.into_iter().zip(raw.0) {
        let length = cell.map_or(0, str::len);
        if length > CELL_LIMIT && is_read(column) {
            let reason = format!("the cell has {length} bytes; expected at most {CELL_LIMIT}");
            return Err((column, reason));
        }
    }
    Ok(())
}

fn not_amortized(line_type: &str, (columns, is_there): &Untold, count: u64) -> String {
    let (lines, their) = if count == 1 { ("line", "its") } else { ("lines", "their") };
    let columns: Vec<String> = columns.iter().map(|it| format!("`{it}`")).collect();
    let columns = columns.join(" and ");
    let (lack, fix) = match is_there {
        true => ("nothing in", ""),
        false => ("no column", "; name it in the export's query"),
    };
    format!(
        "{count} {lines} of type `{line_type}` with {lack} {columns}: {their} unblended cost counts \
         as {their} amortized cost{fix}"
    )
}

/// The start of a broken text, so that a message fits a line.
fn shortened(text: &str) -> String {
    text.chars().take(240).collect()
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
