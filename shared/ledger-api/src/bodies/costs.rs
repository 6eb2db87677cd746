//! Totals of a period.

use std::collections::BTreeMap;

use serde::Serialize;

use super::is_false;

#[derive(Serialize)]
pub(crate) struct CostsAnswer {
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) sample: bool,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) data_up_to: Option<String>,
    pub(crate) currency: Option<String>,
    pub(crate) cost_kind: &'static str,
    pub(crate) rows: Vec<CostsRow>,
    pub(crate) total: String,
    /// What is not AI; `null` by an amortized cost kind, by which it is not known.
    pub(crate) other: Option<String>,
    pub(crate) next_cursor: Option<String>,
}

#[derive(Serialize)]
pub(crate) struct CostsRow {
    pub(crate) keys: BTreeMap<String, Option<String>>,
    pub(crate) cost: String,
    pub(crate) status: &'static str,
    pub(crate) tokens: BTreeMap<&'static str, u64>,
}
