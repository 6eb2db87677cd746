//! Statements of a month.

use std::sync::Arc;

use jiff::civil::Date;
use ledger_api::bodies::statements::StatementFigures;
use ledger_app::lookup::findings_of_month;
use ledger_app::periods::statements_of_month;
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
use crate::output::Cell;
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
    let answer = statements_of_month(&view, period, owners, cost_kind).await?;
    opened.close().await;
    let known = Known {
        data_up_to: view.data_up_to(),
        missing_days: missing_days(view.heads(), period, view.now().today()),
    };
    let findings = findings_of_month(&view, period);
    match format {
        Format::Json => {
            let figures = StatementFigures {
                period,
                cost_kind,
                data_up_to: known.data_up_to,
                missing_days: &known.missing_days,
                statements: &answer,
                findings: &findings,
            };
            output::json(&figures.body(None))?;
        }
        Format::Csv => csv(&answer, &known),
        Format::Table if answer.is_empty() => output::line(&known.nothing(period)),
        Format::Table => answer.iter().for_each(|it| table(it, &known)),
    }
    output::notes(format, &findings);
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

    /// In place of statements.
    fn nothing(&self, period: BillingPeriod) -> String {
        match self.data_up_to {
            Some(end) if end > period.first_day() => format!(
                "no charge for generative AI in {period}, of which the data goes up to {end}, end \
                 excluded"
            ),
            // Bills of months before may be there.
            Some(_) | None => format!("no data of {period} yet"),
        }
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

/// The cells of [`COLUMNS`].
fn cells(line: &StatementLine) -> Vec<Cell> {
    let text = |value: &Option<Arc<str>>| Cell::of(value.as_deref());
    vec![
        text(&line.key.cost_centre),
        text(&line.key.product),
        text(&line.key.environment),
        Cell::of(Some(&line.key.service)),
        text(&line.key.model),
        Cell::of(Some(line.key.meter.as_str())),
        Cell::of(Some(&line.key.line_type)),
        Cell::of(line.tokens.map(|it| it.to_string()).as_deref()),
    ]
}

/// A row that closes a statement, with a word in the first column.
fn closing(word: &str, amounts: &[String]) -> Vec<Cell> {
    let mut row = vec![Cell::Blank; COLUMNS.len()];
    if let Some(first) = row.first_mut() {
        *first = Cell::of(Some(word));
    }
    row.extend(amounts.iter().cloned().map(Cell::from));
    row
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
        let mut row = cells(line);
        let line_type = &line.key.line_type;
        let shown = match (line.key.adjusts, line.key.bill_period) {
            (Some(month), _) => Some(format!("{line_type} (adjustment of {month})")),
            (None, Some(month)) => Some(format!("{line_type} (bill of {month})")),
            (None, None) => None,
        };
        if let (Some(cell), Some(shown)) = (row.get_mut(LINE_TYPE), shown) {
            *cell = Cell::from(shown);
        }
        row.push(amount(line.amount).into());
        row
    };
    let mut rows: Vec<Vec<Cell>> = statement.lines.iter().map(row).collect();
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
        let start = [
            statement.owner.to_string(),
            statement.period.to_string(),
            statement.currency.to_string(),
        ]
        .map(Cell::from);
        let status = statement.status.as_str().to_owned();
        let end = [status, known.up_to(), known.missing()].map(Cell::from);
        let row = |cells: Vec<Cell>, months: [Option<BillingPeriod>; 2]| {
            let months = months.map(|it| it.map(|it| it.to_string()));
            let months = months.map(|it| Cell::of(it.as_deref()));
            [&start[..], &cells, &end, &months].concat()
        };
        for line in &statement.lines {
            let amounts = [exact(line.amount), exact(line.exact)].map(Cell::from);
            let months = [line.key.bill_period, line.key.adjusts];
            rows.push(row([&cells(line)[..], &amounts].concat(), months));
        }
        let rounding = closing("rounding", &[exact(statement.rounding), String::new()]);
        rows.push(row(rounding, [None, None]));
    }
    let end = ["amount", "exact", "status", "data_up_to", "missing_days", "bill_period", "adjusts"];
    let header = [&["owner", "period", "currency"], &COLUMNS[..], &end].concat();
    output::csv(&header, &rows);
}
