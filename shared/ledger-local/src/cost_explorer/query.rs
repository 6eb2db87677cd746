//! Answers to Cost Explorer requests from a bill: pure functions, without paging.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan;
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::CostLine;
use super::error::StandInError;
use super::expression::{Dimension, Filter, LabelKind, has_product_attributes};
use super::wire::{
    DateInterval, DimensionValue, GetCostAndUsageRequest, GetDimensionValuesRequest,
    GetTagsRequest, Group, GroupDefinition, MetricValue, Metrics, ResultByTime,
};

/// The first day with product attributes.
const PRODUCT_ATTRIBUTES_SINCE: Date = jiff::civil::date(2026, 9, 1);

/// Separator between the key and the value of a label: `team$search`.
const KEY_SEPARATOR: char = '$';

/// The unit of a quantity that sums unlike units.
const MIXED_UNIT: &str = "N/A";

/// The data that an answer depends on besides the request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bill<'a> {
    pub lines: &'a [CostLine],
    /// Days on or after this one are estimated.
    pub settled_before: Date,
    /// The day of the request, in UTC.
    pub today: Date,
}

/// Answers `GetCostAndUsage`: one element per period and group, in this order, so that a list cut
/// anywhere is a page. A period without groups is one element, too.
pub(super) fn cost_and_usage(
    request: &GetCostAndUsageRequest,
    bill: Bill<'_>,
) -> Result<Vec<ResultByTime>, StandInError> {
    let period = Period::parse(request.time_period.as_ref(), bill.today)?;
    let granularity = Granularity::parse(request.granularity.as_deref())?;
    let metrics = parse_metrics(request.metrics.as_deref())?;
    let groupings = request
        .group_by
        .as_deref()
        .unwrap_or_default()
        .iter()
        .map(Grouping::parse)
        .collect::<Result<Vec<_>, _>>()?;
    if groupings.len() > 2 {
        return Err(StandInError::invalid(
            "Group Definition is invalid. At most 2 groups are supported.",
        ));
    }
    let filter = request.filter.as_ref().map(Filter::parse).transpose()?;
    let asks_product_attributes = check_product_attributes(
        period,
        filter.as_ref(),
        groupings.iter().any(Grouping::is_product_attribute),
    )?;
    let mut taken: BTreeMap<Date, Vec<&CostLine>> = BTreeMap::new();
    for line in bill.lines.iter().filter(|line| period.holds(line.day)) {
        let is_supported = !asks_product_attributes || has_product_attributes(&line.service);
        if is_supported && filter.as_ref().is_none_or(|it| it.takes(line)) {
            taken.entry(line.day).or_default().push(line);
        }
    }

    let mut results = Vec::new();
    for span in granularity.split(period)? {
        let within = taken.range(span.start..span.end).flat_map(|(_, lines)| lines).copied();
        let head = ResultByTime {
            time_period: span.to_wire(),
            total: Metrics::new(),
            groups: Vec::new(),
            estimated: span.end > bill.settled_before,
        };
        if groupings.is_empty() {
            let total = sum(&within.collect::<Vec<_>>(), &metrics, bill)?;
            results.push(ResultByTime { total, ..head });
            continue;
        }
        let mut groups: BTreeMap<Vec<String>, Vec<&CostLine>> = BTreeMap::new();
        for line in within {
            groups
                .entry(groupings.iter().map(|it| it.key_of(line)).collect())
                .or_default()
                .push(line);
        }
        if groups.is_empty() {
            results.push(head);
            continue;
        }
        for (keys, lines) in groups {
            let group = Group { keys, metrics: sum(&lines, &metrics, bill)? };
            results.push(ResultByTime { groups: vec![group], ..head.clone() });
        }
    }
    Ok(results)
}

/// Merges neighbouring results of one period, as AWS does within a page.
pub(super) fn join_periods(page: &[ResultByTime]) -> Vec<ResultByTime> {
    let mut joined: Vec<ResultByTime> = Vec::new();
    for result in page {
        match joined.last_mut() {
            Some(last) if last.time_period == result.time_period => {
                last.groups.extend_from_slice(&result.groups);
            }
            _ => joined.push(result.clone()),
        }
    }
    joined
}

/// Answers `GetDimensionValues`, sorted by value.
pub(super) fn dimension_values(
    request: &GetDimensionValuesRequest,
    bill: Bill<'_>,
) -> Result<Vec<DimensionValue>, StandInError> {
    let dimension =
        request.dimension.as_deref().ok_or_else(|| StandInError::missing("dimension"))?;
    if request.context.as_deref().is_some_and(|it| it != "COST_AND_USAGE") {
        return Err(StandInError::invalid("Only the context COST_AND_USAGE is supported"));
    }
    refuse_sorting(request.sort_by.as_deref())?;
    let is_product_attribute = dimension == "PRODUCT_ATTRIBUTE";
    if request.dimension_key.is_some() && !is_product_attribute {
        return Err(StandInError::invalid(
            "DimensionKey can be specified only when Dimension is PRODUCT_ATTRIBUTE",
        ));
    }
    let lines = lines_of_listing(
        request.time_period.as_ref(),
        request.filter.as_ref(),
        is_product_attribute,
        bill,
    )?;

    let mut values: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    if is_product_attribute {
        let key = request.dimension_key.as_deref().filter(|key| !key.is_empty());
        let listed = label_values(&lines, LabelKind::ProductAttribute, key);
        values.extend(listed.into_iter().map(|value| (value, BTreeMap::new())));
    } else if dimension != "PAYER_ACCOUNT" {
        // A bill does not name its payer: PAYER_ACCOUNT lists nothing.
        let kept = Dimension::parse_filter(dimension)?;
        for line in lines.iter().filter(|_| !matches!(kept, Dimension::Unkept(_))) {
            let attributes = values.entry(kept.value_of(line)).or_default();
            if kept == Dimension::UsageType && !line.unit.is_empty() {
                attributes.insert("unit".to_owned(), line.unit.clone());
            }
        }
    }
    Ok(values
        .into_iter()
        .filter(|(value, _)| is_found(value, request.search_string.as_deref()))
        .map(|(value, attributes)| DimensionValue { value, attributes })
        .collect())
}

/// Answers `GetTags`: the tag keys, or the values of one key, sorted.
pub(super) fn tags(request: &GetTagsRequest, bill: Bill<'_>) -> Result<Vec<String>, StandInError> {
    refuse_sorting(request.sort_by.as_deref())?;
    let lines =
        lines_of_listing(request.time_period.as_ref(), request.filter.as_ref(), false, bill)?;
    let key = request.tag_key.as_deref().filter(|key| !key.is_empty());
    Ok(label_values(&lines, LabelKind::Tag, key)
        .into_iter()
        .filter(|value| is_found(value, request.search_string.as_deref()))
        .collect())
}

/// A half-open span of days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Period {
    start: Date,
    end: Date,
}

impl Period {
    fn parse(sent: Option<&DateInterval>, today: Date) -> Result<Self, StandInError> {
        let sent = sent.ok_or_else(|| StandInError::missing("timePeriod"))?;
        let start = parse_day("Start", &sent.start)?;
        let end = parse_day("End", &sent.end)?;
        if start >= end {
            return Err(StandInError::invalid(
                "Start date (and hour) should be before end date (and hour)",
            ));
        }
        let limit = today.last_of_month().tomorrow().map_err(|_| out_of_calendar())?;
        if end > limit {
            return Err(StandInError::invalid("end date past the beginning of next month"));
        }
        Ok(Self { start, end })
    }

    fn holds(self, day: Date) -> bool {
        self.start <= day && day < self.end
    }

    fn to_wire(self) -> DateInterval {
        DateInterval { start: self.start.to_string(), end: self.end.to_string() }
    }
}

/// Reads `YYYY-MM-DD` and nothing else: the calendar crate alone would take `20260901` as well.
fn parse_day(name: &str, sent: &str) -> Result<Date, StandInError> {
    sent.parse::<Date>().ok().filter(|day| day.to_string() == sent).ok_or_else(|| {
        StandInError::invalid(format!(
            "{name} time {sent} is invalid. Valid format is: yyyy-MM-dd."
        ))
    })
}

fn out_of_calendar() -> StandInError {
    StandInError::invalid("the time period is out of the calendar")
}

#[derive(Clone, Copy, Debug)]
enum Granularity {
    Daily,
    Monthly,
}

impl Granularity {
    fn parse(sent: Option<&str>) -> Result<Self, StandInError> {
        match sent {
            Some("DAILY") => Ok(Self::Daily),
            Some("MONTHLY") => Ok(Self::Monthly),
            Some("HOURLY") => Err(StandInError::invalid(
                "Hourly granularity is not enabled for this account. Enable it in the Cost Explorer settings.",
            )),
            Some(other) => {
                Err(StandInError::outside("granularity", other, &["MONTHLY", "DAILY", "HOURLY"]))
            }
            None => Err(StandInError::missing("granularity")),
        }
    }

    /// Cuts a period into days or calendar months; the first and the last month can be partial.
    fn split(self, period: Period) -> Result<Vec<Period>, StandInError> {
        let mut spans = Vec::new();
        let mut start = period.start;
        while start < period.end {
            let next = match self {
                Self::Daily => start.tomorrow(),
                Self::Monthly => start.first_of_month().checked_add(1.month()),
            };
            let end = next.map_err(|_| out_of_calendar())?.min(period.end);
            spans.push(Period { start, end });
            start = end;
        }
        Ok(spans)
    }
}

#[derive(Clone, Copy, Debug)]
enum Metric {
    Unblended,
    NetUnblended,
    Amortized,
    NetAmortized,
    UsageQuantity,
    NormalizedUsage,
}

impl Metric {
    /// The blended cost is the unblended one: a bill has no blended rates.
    fn parse(name: &str) -> Result<Self, StandInError> {
        Ok(match name {
            "UnblendedCost" | "BlendedCost" => Self::Unblended,
            "NetUnblendedCost" => Self::NetUnblended,
            "AmortizedCost" => Self::Amortized,
            "NetAmortizedCost" => Self::NetAmortized,
            "UsageQuantity" => Self::UsageQuantity,
            "NormalizedUsageAmount" => Self::NormalizedUsage,
            other => {
                return Err(StandInError::invalid(format!(
                    "Metric {other} is invalid. Valid values are AmortizedCost, BlendedCost, NetAmortizedCost, NetUnblendedCost, NormalizedUsageAmount, UnblendedCost, UsageQuantity"
                )));
            }
        })
    }

    fn value_of(self, line: &CostLine) -> Decimal {
        match self {
            Self::Unblended => line.unblended,
            Self::NetUnblended => line.net_unblended,
            Self::Amortized => line.amortized,
            Self::NetAmortized => line.net_amortized,
            Self::UsageQuantity => line.usage_amount,
            // Only instances have a size factor.
            Self::NormalizedUsage => Decimal::ZERO,
        }
    }

    fn unit_of(self, line: &CostLine) -> &str {
        match self {
            _ if self.is_cost() => &line.currency,
            Self::UsageQuantity => &line.unit,
            _ => MIXED_UNIT,
        }
    }

    fn is_cost(self) -> bool {
        !matches!(self, Self::UsageQuantity | Self::NormalizedUsage)
    }
}

/// Reads the metrics, each under the name it was asked by.
fn parse_metrics(sent: Option<&[String]>) -> Result<Vec<(String, Metric)>, StandInError> {
    match sent {
        Some(names) if !names.is_empty() => {
            names.iter().map(|name| Ok((name.clone(), Metric::parse(name)?))).collect()
        }
        _ => Err(StandInError::missing("metrics")),
    }
}

#[derive(Clone, Debug)]
enum Grouping {
    Dimension(Dimension),
    Label(LabelKind, String),
}

impl Grouping {
    fn parse(sent: &GroupDefinition) -> Result<Self, StandInError> {
        let is_set = |it: &&str| !it.is_empty();
        let (Some(kind), Some(key)) =
            (sent.kind.as_deref().filter(is_set), sent.key.as_deref().filter(is_set))
        else {
            // The slip in the grammar is AWS's own.
            return Err(StandInError::invalid(
                "Group Definition is invalid. Both type an key need to be set to a non-empty value.",
            ));
        };
        let label = |kind| Ok(Self::Label(kind, key.to_owned()));
        match kind {
            "DIMENSION" => Dimension::parse_group(key).map(Self::Dimension),
            "TAG" => label(LabelKind::Tag),
            "COST_CATEGORY" => label(LabelKind::CostCategory),
            "PRODUCT_ATTRIBUTE" => label(LabelKind::ProductAttribute),
            _ => Err(StandInError::invalid("Group Definition type is invalid.")),
        }
    }

    fn is_product_attribute(&self) -> bool {
        matches!(self, Self::Label(LabelKind::ProductAttribute, _))
    }

    fn key_of(&self, line: &CostLine) -> String {
        match self {
            Self::Dimension(dimension) => dimension.value_of(line),
            Self::Label(kind, key) => format!("{key}{KEY_SEPARATOR}{}", kind.value_of(line, key)),
        }
    }
}

/// Whether a group or a filter asks for product attributes; an error where they are not available.
fn check_product_attributes(
    period: Period,
    filter: Option<&Filter>,
    is_grouped: bool,
) -> Result<bool, StandInError> {
    if !is_grouped && !filter.is_some_and(Filter::names_product_attributes) {
        return Ok(false);
    }
    if period.start < PRODUCT_ATTRIBUTES_SINCE {
        return Err(StandInError::DataUnavailableException);
    }
    if let Some(filter) = filter {
        filter.check_services_for_product_attributes()?;
    }
    Ok(true)
}

/// Sums every metric over some lines. Nothing is rounded.
fn sum(
    lines: &[&CostLine],
    metrics: &[(String, Metric)],
    bill: Bill<'_>,
) -> Result<Metrics, StandInError> {
    metrics
        .iter()
        .map(|(name, metric)| {
            let amount = lines
                .iter()
                .try_fold(Decimal::ZERO, |total, line| add_exactly(total, metric.value_of(line)))
                .ok_or_else(|| {
                    tracing::error!(metric.name = %name, "a sum of the bill has too many digits to be exact");
                    StandInError::InternalServerError
                })?;
            let unit = unit_of(lines, *metric, bill)?;
            Ok((name.clone(), MetricValue { amount: plain(amount), unit }))
        })
        .collect()
}

/// Adds exactly; `None` if the sum does not fit, where [`Decimal`] itself drops digits silently.
fn add_exactly(left: Decimal, right: Decimal) -> Option<Decimal> {
    let (left, right) = (left.normalize(), right.normalize());
    if left.is_zero() {
        return Some(right);
    }
    if right.is_zero() {
        return Some(left);
    }
    let sum = left.checked_add(right)?;
    // A sum of zero has no fraction digits, even if its parts had some.
    (sum.is_zero() || sum.scale() == left.scale().max(right.scale())).then_some(sum)
}

/// The unit all lines share. Without lines AWS still names the currency, but no unit of usage.
fn unit_of(lines: &[&CostLine], metric: Metric, bill: Bill<'_>) -> Result<String, StandInError> {
    let is_cost = metric.is_cost();
    let units: BTreeSet<&str> = lines.iter().map(|line| metric.unit_of(line)).collect();
    match (units.first(), units.len()) {
        (Some(unit), 1) if !unit.is_empty() => Ok((*unit).to_owned()),
        (None, _) if is_cost => {
            Ok(bill.lines.first().map_or("USD", |line| line.currency.as_str()).to_owned())
        }
        _ if is_cost => {
            tracing::error!("a bill for Cost Explorer is in one currency; this one mixes them");
            Err(StandInError::InternalServerError)
        }
        _ => Ok(MIXED_UNIT.to_owned()),
    }
}

fn plain(amount: Decimal) -> String {
    if amount.is_zero() { "0".to_owned() } else { amount.normalize().to_string() }
}

/// The lines of a listing. Unlike costs, a listing with a filter by product attributes must have a
/// `SERVICE` filter.
fn lines_of_listing<'a>(
    time_period: Option<&DateInterval>,
    filter: Option<&super::wire::Expression>,
    is_product_attribute: bool,
    bill: Bill<'a>,
) -> Result<Vec<&'a CostLine>, StandInError> {
    let period = Period::parse(time_period, bill.today)?;
    let filter = filter.map(Filter::parse).transpose()?;
    let asks_product_attributes =
        check_product_attributes(period, filter.as_ref(), is_product_attribute)?;
    if filter.as_ref().is_some_and(|it| it.names_product_attributes() && !it.binds_service()) {
        return Err(StandInError::invalid(
            "A SERVICE filter is required when the filter includes ProductAttributes",
        ));
    }
    Ok(bill
        .lines
        .iter()
        .filter(|line| period.holds(line.day))
        .filter(|line| !asks_product_attributes || has_product_attributes(&line.service))
        .filter(|line| filter.as_ref().is_none_or(|it| it.takes(line)))
        .collect())
}

/// The keys of a label, or with a key its values, with an empty one if a line has none.
fn label_values(lines: &[&CostLine], kind: LabelKind, key: Option<&str>) -> BTreeSet<String> {
    match key {
        Some(key) => lines.iter().map(|line| kind.value_of(line, key).to_owned()).collect(),
        None => lines.iter().flat_map(|line| kind.keys_of(line)).cloned().collect(),
    }
}

/// Whether a value contains the searched text, ignoring case.
fn is_found(value: &str, search: Option<&str>) -> bool {
    search.is_none_or(|it| value.to_lowercase().contains(&it.to_lowercase()))
}

fn refuse_sorting(sort_by: Option<&[serde_json::Value]>) -> Result<(), StandInError> {
    match sort_by {
        Some(keys) if !keys.is_empty() => {
            Err(StandInError::invalid("SortBy is not supported by this stand-in for Cost Explorer"))
        }
        _ => Ok(()),
    }
}
