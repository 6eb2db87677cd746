//! What each owner owes for a month.

use ledger_app::lookup::statements;
use ledger_app::view::View;
use ledger_core::access::{Access, Owners};
use ledger_core::money::Money;
use ledger_core::owner::Owner;
use ledger_core::period::BillingPeriod;
use ledger_core::statement::{Statement, StatementLine};
use serde_json::{Value, json};

use super::{cost_kind, now, today};
use crate::args::Format;
use crate::place::Place;
use crate::{Outcome, output};

/// Prints the statements.
pub async fn statement(
    place: &Place,
    format: Format,
    period: Option<String>,
    owner: Option<String>,
    kind: &str,
) -> anyhow::Result<Outcome> {
    let period = match period {
        Some(text) => BillingPeriod::parse(&text)?,
        None => BillingPeriod::containing(today()),
    };
    let kind = cost_kind(kind)?;
    let owners = owner.as_deref().map_or(Owners::All, |it| Owners::one(Owner::parse(it)));
    let opened = place.open_to_read().await?;
    let view = View::open(&opened.ledger, period, Access::everything(), now()).await?;
    let answer = statements(&view, period, owners, kind).await?;
    opened.close().await;
    match format {
        Format::Json => {
            let list: Vec<Value> = answer.iter().map(json_of).collect();
            output::line(&json!({ "period": period.to_string(), "statements": list }).to_string());
        }
        Format::Csv => csv(&answer),
        Format::Table if answer.is_empty() => {
            output::line(&format!("nothing was spent in {period}"));
        }
        Format::Table => answer.iter().for_each(table),
    }
    Ok(Outcome::Done)
}

fn cells(line: &StatementLine) -> Vec<String> {
    let text = |value: &Option<std::sync::Arc<str>>| value.as_deref().unwrap_or("-").to_owned();
    vec![
        text(&line.key.cost_centre),
        text(&line.key.product),
        text(&line.key.model),
        line.key.meter.as_str().to_owned(),
        line.key.line_type.to_string(),
        line.tokens.map_or_else(|| "-".to_owned(), |it| it.to_string()),
    ]
}

fn table(statement: &Statement) {
    output::line(&format!(
        "{} {} ({}, {} cost)",
        statement.owner,
        statement.period,
        statement.status.as_str(),
        statement.cost_kind.as_str()
    ));
    let amount = |money: Money| money.to_reader();
    let mut rows: Vec<Vec<String>> = statement
        .lines
        .iter()
        .map(|line| [cells(line), vec![amount(line.amount)]].concat())
        .collect();
    let closing = |label: &str, money: Money| {
        let mut row = vec![String::new(); 6];
        row.insert(0, label.to_owned());
        row.truncate(6);
        row.push(amount(money));
        row
    };
    rows.push(closing("rounding", statement.rounding));
    rows.push(closing("total", statement.total));
    let header = ["cost centre", "product", "model", "meter", "line type", "tokens", "amount"];
    output::table(&header, &rows, 2);
}

fn csv(statements: &[Statement]) {
    let header = [
        "owner",
        "period",
        "currency",
        "cost_centre",
        "product",
        "model",
        "meter",
        "line_type",
        "tokens",
        "amount",
        "exact",
    ];
    let mut rows = Vec::new();
    for statement in statements {
        let start = vec![
            statement.owner.to_string(),
            statement.period.to_string(),
            statement.currency.to_string(),
        ];
        for line in &statement.lines {
            let amounts = vec![line.amount.amount().to_string(), line.exact.amount().to_string()];
            rows.push([start.clone(), cells(line), amounts].concat());
        }
        let mut rounding = vec![String::new(); 6];
        rounding.insert(0, "rounding".to_owned());
        rounding.truncate(6);
        let amounts = vec![statement.rounding.amount().to_string(), String::new()];
        rows.push([start, rounding, amounts].concat());
    }
    output::csv(&header, &rows);
}

fn json_of(statement: &Statement) -> Value {
    let amount = |money: Money| money.amount().to_string();
    let lines: Vec<Value> = statement
        .lines
        .iter()
        .map(|line| {
            json!({
                "cost_centre": line.key.cost_centre.as_deref(),
                "product": line.key.product.as_deref(),
                "environment": line.key.environment.as_deref(),
                "service": &*line.key.service,
                "model": line.key.model.as_deref(),
                "meter": line.key.meter.as_str(),
                "line_type": &*line.key.line_type,
                "tokens": line.tokens,
                "lines": line.line_count,
                "exact": amount(line.exact),
                "amount": amount(line.amount),
            })
        })
        .collect();
    json!({
        "owner": statement.owner.as_str(),
        "currency": statement.currency.as_str(),
        "cost_kind": statement.cost_kind.as_str(),
        "status": statement.status.as_str(),
        "lines": lines,
        "exact_total": amount(statement.exact_total),
        "rounding": amount(statement.rounding),
        "total": amount(statement.total),
    })
}
