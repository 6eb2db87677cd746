//! Statements of a month.

use std::sync::Arc;

use ledger_core::statement::Statement;
use serde::Serialize;

use super::{is_false, plain};

#[derive(Serialize)]
pub(crate) struct StatementsAnswer {
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) sample: bool,
    pub(crate) period: String,
    pub(crate) cost_kind: &'static str,
    pub(crate) statements: Vec<StatementBody>,
}

#[derive(Serialize)]
pub(crate) struct StatementBody {
    pub(crate) owner: String,
    pub(crate) currency: String,
    pub(crate) status: &'static str,
    pub(crate) lines: Vec<LineBody>,
    pub(crate) exact_total: String,
    pub(crate) total: String,
    pub(crate) rounding: String,
}

#[derive(Serialize)]
pub(crate) struct LineBody {
    pub(crate) cost_centre: Option<String>,
    pub(crate) product: Option<String>,
    pub(crate) environment: Option<String>,
    pub(crate) service: String,
    pub(crate) model: Option<String>,
    pub(crate) meter: &'static str,
    pub(crate) line_type: String,
    pub(crate) tokens: Option<u64>,
    pub(crate) line_count: u64,
    pub(crate) exact: String,
    pub(crate) amount: String,
}

pub(crate) fn statement_body(statement: Statement) -> StatementBody {
    let text = |it: Arc<str>| it.to_string();
    let lines = statement.lines.into_iter().map(|line| LineBody {
        cost_centre: line.key.cost_centre.map(text),
        product: line.key.product.map(text),
        environment: line.key.environment.map(text),
        service: text(line.key.service),
        model: line.key.model.map(text),
        meter: line.key.meter.as_str(),
        line_type: text(line.key.line_type),
        tokens: line.tokens,
        line_count: line.line_count,
        exact: plain(line.exact),
        amount: plain(line.amount),
    });
    StatementBody {
        owner: statement.owner.as_str().to_owned(),
        currency: statement.currency.to_string(),
        status: statement.status.as_str(),
        lines: lines.collect(),
        exact_total: plain(statement.exact_total),
        total: plain(statement.total),
        rounding: plain(statement.rounding),
    }
}
