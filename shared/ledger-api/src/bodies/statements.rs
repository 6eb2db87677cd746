//! Statements of a month.

use std::sync::Arc;

use jiff::civil::Date;
use ledger_core::cost::CostKind;
use ledger_core::finding::Finding;
use ledger_core::period::BillingPeriod;
use ledger_core::statement::{Statement, StatementLine};
use serde::Serialize;

use super::findings::{self, FindingBody};
use super::values::{Amount, CostKindWord, Day, StatusWord};

/// The statements of a month: `GET /v1/statements` and `tollbook statement`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = Statements))]
pub struct StatementsAnswer {
    /// The month, such as `2026-11`.
    pub period: String,
    /// The cost of all amounts.
    pub cost_kind: CostKindWord,
    /// The day after the last one with data; `null` without data.
    pub data_up_to: Option<Day>,
    /// The statements on this page, by owner and currency.
    pub statements: Vec<StatementBody>,
    /// Things to know about the bills of the month.
    pub findings: Vec<FindingBody>,
    /// The `cursor` of the next page; `null` on the last.
    pub next_cursor: Option<String>,
}

/// The cost of one owner in one month and one currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = Statement))]
pub struct StatementBody {
    /// The owner.
    pub owner: String,
    /// The month of usage, such as `2026-11`.
    pub period: String,
    /// How sure the least sure figure is.
    pub status: StatusWord,
    /// The day after the last one with data.
    pub data_up_to: Option<Day>,
    /// Days of the month up to today that no source has reached.
    pub missing_days: Vec<Day>,
    /// The currency of all amounts, by ISO 4217.
    pub currency: String,
    /// The cost of all amounts.
    pub cost_kind: CostKindWord,
    /// The lines.
    pub lines: Vec<StatementLineBody>,
    /// The sum, unrounded.
    pub exact_total: Amount,
    /// `total` minus the sum of the rounded lines.
    pub rounding: Amount,
    /// The sum, rounded once to minor units.
    pub total: Amount,
}

/// One line of a statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = StatementLine))]
pub struct StatementLineBody {
    /// The cost centre, where a rule gives one.
    pub cost_centre: Option<String>,
    /// The product, where a rule gives one.
    pub product: Option<String>,
    /// The environment, where a rule gives one.
    pub environment: Option<String>,
    /// The service, as the bill names it.
    pub service: String,
    /// The model, where the bill names one.
    pub model: Option<String>,
    /// The meter, such as `input_tokens`.
    pub meter: String,
    /// The type of the line in the provider's own word, such as `Usage`.
    pub line_type: String,
    /// The month of the bill, such as `2026-12`, where it is not the statement's: a late charge, or a
    /// credit for a month before.
    pub bill_period: Option<String>,
    /// The month, such as `2026-09`, that was closed before its cost changed, of an adjustment.
    pub adjusts: Option<String>,
    /// Tokens, where the meter counts them.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u64>))]
    pub tokens: Option<u128>,
    /// Lines of the bill in it.
    pub line_count: u64,
    /// The sum, unrounded.
    pub exact: Amount,
    /// The sum in minor units, rounded half to even.
    pub amount: Amount,
}

/// Statements and the parts of an answer around them.
#[derive(Clone, Copy, Debug)]
pub struct StatementFigures<'a> {
    /// The month.
    pub period: BillingPeriod,
    /// The cost.
    pub cost_kind: CostKind,
    /// The end of the last day with data.
    pub data_up_to: Option<Date>,
    /// Days of the month that no source has reached.
    pub missing_days: &'a [Date],
    /// The statements.
    pub statements: &'a [Statement],
    /// Findings about the bills of the month.
    pub findings: &'a [Finding],
}

impl StatementFigures<'_> {
    /// The answer with these statements.
    pub fn body(&self, next_cursor: Option<String>) -> StatementsAnswer {
        StatementsAnswer {
            period: self.period.to_string(),
            cost_kind: self.cost_kind.into(),
            data_up_to: self.data_up_to.map(Day),
            statements: self.statements.iter().map(|it| self.statement_body(it)).collect(),
            findings: findings::bodies(self.findings),
            next_cursor,
        }
    }

    fn statement_body(&self, statement: &Statement) -> StatementBody {
        StatementBody {
            owner: statement.owner.as_str().to_owned(),
            period: statement.period.to_string(),
            status: statement.status.into(),
            data_up_to: self.data_up_to.map(Day),
            missing_days: self.missing_days.iter().copied().map(Day).collect(),
            currency: statement.currency.to_string(),
            cost_kind: statement.cost_kind.into(),
            lines: statement.lines.iter().map(line_body).collect(),
            exact_total: statement.exact_total.into(),
            rounding: statement.rounding.into(),
            total: statement.total.into(),
        }
    }
}

fn line_body(line: &StatementLine) -> StatementLineBody {
    let text = |it: &Option<Arc<str>>| it.as_deref().map(str::to_owned);
    let key = &line.key;
    StatementLineBody {
        cost_centre: text(&key.cost_centre),
        product: text(&key.product),
        environment: text(&key.environment),
        service: key.service.to_string(),
        model: text(&key.model),
        meter: key.meter.to_string(),
        line_type: key.line_type.to_string(),
        bill_period: key.bill_period.map(|it| it.to_string()),
        adjusts: key.adjusts.map(|it| it.to_string()),
        tokens: line.tokens,
        line_count: line.line_count,
        exact: line.exact.into(),
        amount: line.amount.into(),
    }
}
