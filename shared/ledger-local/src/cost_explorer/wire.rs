//! The JSON shapes of the three answered operations, in AWS's spelling.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetCostAndUsageRequest {
    pub time_period: Option<DateInterval>,
    pub granularity: Option<String>,
    pub filter: Option<Expression>,
    pub metrics: Option<Vec<String>>,
    pub group_by: Option<Vec<GroupDefinition>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetDimensionValuesRequest {
    pub time_period: Option<DateInterval>,
    pub dimension: Option<String>,
    pub dimension_key: Option<String>,
    pub context: Option<String>,
    pub search_string: Option<String>,
    pub filter: Option<Expression>,
    pub sort_by: Option<Vec<serde_json::Value>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetTagsRequest {
    pub time_period: Option<DateInterval>,
    pub tag_key: Option<String>,
    pub search_string: Option<String>,
    pub filter: Option<Expression>,
    pub sort_by: Option<Vec<serde_json::Value>>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DateInterval {
    pub start: String,
    pub end: String,
}

/// A filter as it is sent: exactly one field may be set, which
/// [`super::expression::Filter::parse`] checks.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Expression {
    pub and: Option<Vec<Expression>>,
    pub or: Option<Vec<Expression>>,
    pub not: Option<Box<Expression>>,
    pub dimensions: Option<KeyValues>,
    pub tags: Option<KeyValues>,
    pub cost_categories: Option<KeyValues>,
    pub product_attributes: Option<KeyValues>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct KeyValues {
    pub key: Option<String>,
    pub values: Option<Vec<String>>,
    pub match_options: Option<Vec<String>>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GroupDefinition {
    #[serde(rename = "Type")]
    pub kind: Option<String>,
    pub key: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetCostAndUsageAnswer {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_page_token: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub group_definitions: Vec<GroupDefinition>,
    pub results_by_time: Vec<ResultByTime>,
    /// AWS puts the names of accounts here. A bill has none.
    pub dimension_value_attributes: Vec<DimensionValue>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ResultByTime {
    pub time_period: DateInterval,
    pub total: Metrics,
    pub groups: Vec<Group>,
    pub estimated: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Group {
    pub keys: Vec<String>,
    pub metrics: Metrics,
}

/// Metric name, in the spelling of the request, to its value.
pub(super) type Metrics = BTreeMap<String, MetricValue>;

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct MetricValue {
    /// A plain decimal: no exponent, no grouping, no trailing zeros.
    pub amount: String,
    pub unit: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetDimensionValuesAnswer {
    pub dimension_values: Vec<DimensionValue>,
    pub return_size: usize,
    pub total_size: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_page_token: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DimensionValue {
    pub value: String,
    pub attributes: BTreeMap<String, String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetTagsAnswer {
    pub tags: Vec<String>,
    pub return_size: usize,
    pub total_size: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_page_token: Option<String>,
}
