//! Cost Explorer through the SDK: one call, one request.

mod error;

use std::collections::HashMap;

use aws_sdk_costexplorer::Client;
use aws_sdk_costexplorer::types::{
    DateInterval, Dimension, DimensionValues, Expression, Granularity, Group, GroupDefinition,
    GroupDefinitionType, MetricValue, ResultByTime,
};
use jiff::civil::Date;
use ledger_app::ports::{
    CostDay, CostGroup, CostGroups, CostPage, CostQuery, NamePage, QuickLook, QuickLookError,
};
use ledger_core::period::ChargePeriod;

use self::error::{not_built, translate};

const UNBLENDED: &str = "UnblendedCost";
const NET_UNBLENDED: &str = "NetUnblendedCost";
const AMORTIZED: &str = "AmortizedCost";
const NET_AMORTIZED: &str = "NetAmortizedCost";
const USAGE: &str = "UsageQuantity";

/// Separator between a tag's key and value in an answer. Keys and values may contain it too.
const KEY_SEPARATOR: char = '$';

/// Prefix of user-defined tag keys in some answers.
const USER_PREFIX: &str = "user:";

/// The [`QuickLook`] of AWS.
///
/// The client must not retry: every attempt is billed, and the use case counts them.
#[derive(Clone, Debug)]
pub struct AwsCostExplorer {
    /// The SDK's client; region us-east-1.
    pub client: Client,
}

impl QuickLook for AwsCostExplorer {
    async fn service_names(
        &self,
        period: ChargePeriod,
        token: Option<&str>,
    ) -> Result<NamePage, QuickLookError> {
        let answer = self
            .client
            .get_dimension_values()
            .time_period(interval(period)?)
            .dimension(Dimension::Service)
            .set_next_page_token(token.map(str::to_owned))
            .send()
            .await
            .map_err(translate)?;
        let names = answer.dimension_values.into_iter().filter_map(|it| it.value).collect();
        Ok(NamePage { names, next: answer.next_page_token.filter(|it| !it.is_empty()) })
    }

    async fn costs(
        &self,
        query: &CostQuery,
        token: Option<&str>,
    ) -> Result<CostPage, QuickLookError> {
        let group_by = |kind, key: &str| GroupDefinition::builder().r#type(kind).key(key).build();
        let mut request = self
            .client
            .get_cost_and_usage()
            .time_period(interval(query.period)?)
            .granularity(Granularity::Daily)
            .metrics(UNBLENDED)
            .metrics(NET_UNBLENDED)
            .metrics(AMORTIZED)
            .metrics(NET_AMORTIZED)
            .metrics(USAGE)
            .set_filter(service_filter(&query.services))
            .set_next_page_token(token.map(str::to_owned));
        match &query.groups {
            CostGroups::None => {}
            CostGroups::Services => {
                request = request.group_by(group_by(GroupDefinitionType::Dimension, "SERVICE"));
            }
            CostGroups::TagAndUsageType(key) => {
                request = request
                    .group_by(group_by(GroupDefinitionType::Tag, key))
                    .group_by(group_by(GroupDefinitionType::Dimension, "USAGE_TYPE"));
            }
        }
        let answer = request.send().await.map_err(translate)?;
        let days = answer.results_by_time().iter().map(|it| read_day(it, &query.groups));
        Ok(CostPage {
            days: days.collect::<Result<_, _>>()?,
            next: answer.next_page_token.filter(|it| !it.is_empty()),
        })
    }
}

fn interval(period: ChargePeriod) -> Result<DateInterval, QuickLookError> {
    DateInterval::builder()
        .start(period.start().to_string())
        .end(period.end().to_string())
        .build()
        .map_err(not_built)
}

fn service_filter(services: &[String]) -> Option<Expression> {
    let values =
        DimensionValues::builder().key(Dimension::Service).set_values(Some(services.to_vec()));
    (!services.is_empty()).then(|| Expression::builder().dimensions(values.build()).build())
}

fn read_day(result: &ResultByTime, asked: &CostGroups) -> Result<CostDay, QuickLookError> {
    let start = result.time_period().map(|it| it.start()).unwrap_or_default();
    let day: Date = start.split('T').next().unwrap_or_default().parse().map_err(|_| {
        let start: String = start.chars().take(32).collect();
        QuickLookError::Unreadable(format!("`{start}` is not a day; expected one as 2026-03-01"))
    })?;
    let mut groups: Vec<_> = result.groups().iter().map(|group| read_group(group, asked)).collect();
    if let Some(total) = result.total()
        && groups.is_empty()
        && !total.is_empty()
    {
        groups.push(read_metrics(total));
    }
    Ok(CostDay { day, estimated: result.estimated(), groups })
}

fn read_group(group: &Group, asked: &CostGroups) -> CostGroup {
    let mut read = group.metrics().map(read_metrics).unwrap_or_default();
    let tag_key = match asked {
        CostGroups::None => None,
        CostGroups::TagAndUsageType(key) => Some(key.as_str()),
        CostGroups::Services => {
            read.service = group.keys().first().cloned();
            return read;
        }
    };
    let mut is_tag_read = false;
    for key in group.keys() {
        let value = tag_key.filter(|_| !is_tag_read).and_then(|it| tag_value(key, it));
        match value {
            Some(value) => {
                is_tag_read = true;
                read.tag_value = Some(value.to_owned()).filter(|it| !it.is_empty());
            }
            None => read.usage_type = Some(key.clone()),
        }
    }
    read
}

/// The value in `key$value`, empty for a cost without the tag; `None` for another key.
fn tag_value<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let key = key.strip_prefix(USER_PREFIX).unwrap_or(key);
    let text = text.strip_prefix(USER_PREFIX).unwrap_or(text);
    text.strip_prefix(key)?.strip_prefix(KEY_SEPARATOR)
}

fn read_metrics(metrics: &HashMap<String, MetricValue>) -> CostGroup {
    let amount = |metric| metrics.get(metric).and_then(|it| it.amount.clone());
    let unit = |metric| metrics.get(metric).and_then(|it| it.unit.clone());
    CostGroup {
        service: None,
        tag_value: None,
        usage_type: None,
        unblended: amount(UNBLENDED),
        net_unblended: amount(NET_UNBLENDED),
        amortized: amount(AMORTIZED),
        net_amortized: amount(NET_AMORTIZED),
        usage_amount: amount(USAGE),
        unit: unit(USAGE),
        currency: unit(UNBLENDED).or_else(|| unit(NET_UNBLENDED)),
    }
}
