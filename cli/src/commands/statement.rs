//! Statements of a month.

use std::sync::Arc;

use jiff::civil::Date;
use ledger_api::bodies::statements::StatementFigures;
use ledger_app::lookup::statements;
use ledger_app::view::View;
use ledger_core::access::{Access, Owners};
use ledger_core::cost::CostKind;
use ledger_core::coverage::missing_days;
use ledger_core::money::Money;
use ledger_core::owner::Owner;
use ledger_core::period::BillingPeriod;
use ledger_core::statement::{Statement, StatementLine};

use super::{now, today};
use crate::args::Format;
use crate::place::Place;
use crate::{Outcome, output};

/// Prints the statements.
pub async fn statement(
    place: &Place,
    format: Format,
    period: Option<String>,
    owner: Option<String>,
    cost_kind: CostKind,
) -> anyhow::Result<Outcome> {
    let period = match period {
        Some(text) => BillingPeriod::parse(&text)?,
        None => BillingPeriod::containing(today()),
    };
    let owners = owner.as_deref().map_or(Owners::All, |it| Owners::one(Owner::parse(it)));
    let opened = place.open_to_read().await?;
    let view = View::open(&opened.ledger, period, Access::everything(), now()).await?;
    let answer = statements(&view, period, owners, cost_kind).await?;
    opened.close().await;
    let known = Known {
        data_up_to: view.data_up_to(),
        missing_days: missing_days(view.heads(), period, view.now().today()),
    };
    match format {
        Format::Json => {
            let figures = StatementFigures {
                period,
                cost_kind,
                data_up_to: known.data_up_to,
                missing_days: &known.missing_days,
                statements: &answer,
            };
            output::json(&figures.body(None))?;
        }
        Format::Csv => csv(&answer, &known),
        Format::Table if answer.is_empty() => {
            output::line(&format!("nothing was spent in {period}"));
        }
        Format::Table => answer.iter().for_each(|it| table(it, &known)),
    }
    Ok(Outcome::Done)
}

/// The days that a statement knows of.
struct Known {
    data_up_to: Option<Date>,
    /// Days of the month that no source has reached.
    missing_days: Vec<Date>,
}

impl Known {
    /// The end of the last day with data.
    fn up_to(&self) -> String {
        self.data_up_to.map_or_else(String::new, |it| it.to_string())
    }

    /// The days that lack, as `2026-10-03, 2026-10-30 to 2026-10-31`.
    fn missing(&self) -> String {
        let mut spans: Vec<(Date, Date)> = Vec::new();
        for day in &self.missing_days {
            match spans.last_mut() {
                Some((_, last)) if last.tomorrow().ok() == Some(*day) => *last = *day,
                _ => spans.push((*day, *day)),
            }
        }
        let span = |(first, last): &(Date, Date)| match first == last {
            true => first.to_string(),
            false => format!("{first} to {last}"),
        };
        spans.iter().map(span).collect::<Vec<_>>().join(", ")
    }
}

/// The columns before the amounts.
const COLUMNS: [&str; 8] =
    ["cost_centre", "product", "environment", "service", "model", "meter", "line_type", "tokens"];

/// The place of `line_type` in [`COLUMNS`].
const LINE_TYPE: usize = 6;

/// The cells of [`COLUMNS`], `absent` where the line has no value.
fn cells(line: &StatementLine, absent: &str) -> Vec<String> {
    let text = |value: &Option<Arc<str>>| value.as_deref().unwrap_or(absent).to_owned();
    vec![
        text(&line.key.cost_centre),
        text(&line.key.product),
        text(&line.key.environment),
        line.key.service.to_string(),
        text(&line.key.model),
        line.key.meter.as_str().to_owned(),
        line.key.line_type.to_string(),
        line.tokens.map_or_else(|| absent.to_owned(), |it| it.to_string()),
    ]
}

/// A row that closes a statement, with a word in the first column.
fn closing(word: &str, amounts: &[String]) -> Vec<String> {
    let mut row = vec![String::new(); COLUMNS.len()];
    if let Some(first) = row.first_mut() {
        *first = word.to_owned();
    }
    [row.as_slice(), amounts].concat()
}

fn table(statement: &Statement, known: &Known) {
    output::line(&format!(
        "{} {} ({}, {} cost), data up to {}, end excluded",
        statement.owner,
        statement.period,
        statement.status.as_str(),
        statement.cost_kind.as_str(),
        known.up_to()
    ));
    if !known.missing_days.is_empty() {
        output::line(&format!("no data of {}", known.missing()));
    }
    let amount = |money: Money| money.to_reader();
    let row = |line: &StatementLine| {
        let mut row = cells(line, "-");
        if let (Some(cell), Some(period)) = (row.get_mut(LINE_TYPE), line.key.bill_period) {
            cell.push_str(&format!(" (bill of {period})"));
        }
        row.push(amount(line.amount));
        row
    };
    let mut rows: Vec<Vec<String>> = statement.lines.iter().map(row).collect();
    rows.push(closing("rounding", &[amount(statement.rounding)]));
    rows.push(closing("total", &[amount(statement.total)]));
    let names = COLUMNS.map(|it| it.replace('_', " "));
    let header: Vec<&str> = names.iter().map(String::as_str).chain(["amount"]).collect();
    output::table(&header, &rows, 2);
}

fn csv(statements: &[Statement], known: &Known) {
    let exact = |money: Money| money.amount().to_string();
    let mut rows = Vec::new();
    for statement in statements {
        let start = vec![
            statement.owner.to_string(),
            statement.period.to_string(),
            statement.currency.to_string(),
        ];
        let status = statement.status.as_str().to_owned();
        let end = vec![status, known.up_to(), known.missing()];
        for line in &statement.lines {
            let amounts = vec![exact(line.amount), exact(line.exact)];
            let bill = vec![line.key.bill_period.map_or_else(String::new, |it| it.to_string())];
            rows.push([start.clone(), cells(line, ""), amounts, end.clone(), bill].concat());
        }
        let rounding = closing("rounding", &[exact(statement.rounding), String::new()]);
        rows.push([start, rounding, end, vec![String::new()]].concat());
    }
    let end = ["amount", "exact", "status", "data_up_to", "missing_days", "bill_period"];
    let header = [&["owner", "period", "currency"], &COLUMNS[..], &end].concat();
    output::csv(&header, &rows);
}
