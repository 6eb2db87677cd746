//! A figure of a report by the rules that claimed its money, and why none above them did.

use ledger_app::documents::applied_rules;
use ledger_app::view::View;
use ledger_core::access::Access;
use ledger_core::claimed_figure::{
    ClaimedFigure, ClaimedFigureBuilder, ClaimedPart, EarlierRule, FigureQuery, Reason, Sum,
};
use ledger_core::money::Money;
use serde_json::{Value, json};

use super::now;
use super::report::{period_of, scope_of};
use crate::args::{FigureArgs, Format};
use crate::output::Cell;
use crate::place::Place;
use crate::{Outcome, output};

/// Reasons of one rule in a table; JSON and CSV have all.
const REASONS_SHOWN: usize = 3;

/// Explains the money of a figure.
pub async fn explain(place: &Place, format: Format, args: &FigureArgs) -> anyhow::Result<Outcome> {
    let scope = scope_of(&args.filters)?;
    let opened = place.open_to_read().await?;
    let rules = applied_rules(&opened.ledger).await?;
    let view = View::open_all(&opened.ledger, Access::everything(), now()).await?;
    let period = period_of(args.from, args.to, &view)?;
    let query = FigureQuery { period, scope, cost_kind: args.cost_kind.into() };
    let mut builder = ClaimedFigureBuilder::new(&query, &rules);
    view.answer(&mut [&mut builder]).await?;
    opened.close().await;
    let figures = builder.finish()?;
    match format {
        Format::Json => output::json(&json_of(&query, rules.version, &figures))?,
        Format::Csv => {
            let header = ["currency", "rule", "version", "above", "finding", "lines", "cost"];
            let rows: Vec<_> = figures.iter().flat_map(|it| rows_of(it, format)).collect();
            output::csv(&header, &rows);
        }
        Format::Table => print(&query, rules.version, &figures),
    }
    Ok(Outcome::Done)
}

fn print(query: &FigureQuery, version: u64, figures: &[ClaimedFigure]) {
    if figures.is_empty() {
        output::line(&format!("no charge of {} in {}", query.scope, query.period));
    }
    for figure in figures {
        let header = ["rule", "version", "above", "why it does not claim it", "lines", "cost"];
        output::table(&header, &rows_of(figure, Format::Table), 2);
        output::line(&format!("total {}", figure.total.to_reader()));
    }
    output::line(&format!(
        "{} of {} (UTC, end excluded), {} cost; the applied rules are version {version}",
        query.scope,
        query.period,
        query.cost_kind.as_str()
    ));
}

/// A row for each rule that claimed something, then one for each reason of the rules above it.
fn rows_of(figure: &ClaimedFigure, format: Format) -> Vec<Vec<Cell>> {
    figure.parts.iter().flat_map(|part| rows_of_part(part, format)).collect()
}

fn rows_of_part(part: &ClaimedPart, format: Format) -> Vec<Vec<Cell>> {
    let row = |above: Cell, finding: Cell, sum: Sum| {
        let version = Cell::from(part.rules_version.to_string());
        let rule = Cell::of(part.rule.as_deref());
        let lines = Cell::from(sum.line_count.to_string());
        if format == Format::Csv {
            let currency = Cell::from(sum.cost.currency().to_string());
            return vec![currency, rule, version, above, finding, lines, exact(sum.cost).into()];
        }
        let is_first = above == Cell::Blank;
        let (rule, version) = if is_first { (rule, version) } else { (Cell::Blank, Cell::Blank) };
        vec![rule, version, above, finding, lines, sum.cost.to_reader().into()]
    };
    let mut rows = vec![row(Cell::Blank, Cell::Blank, part.sum)];
    for EarlierRule { rule, reasons } in &part.earlier {
        let shown = if format == Format::Csv { reasons.len() } else { REASONS_SHOWN };
        for Reason { finding, sum } in reasons.iter().take(shown) {
            let finding = finding.as_deref().unwrap_or(OTHERS);
            rows.push(row(Cell::of(Some(rule)), Cell::of(Some(finding)), *sum));
        }
        let rest = reasons.get(shown..).and_then(sum_of);
        rows.extend(rest.map(|sum| row(Cell::of(Some(rule)), Cell::of(Some(OTHERS)), sum)));
    }
    let unexplained = Cell::of(Some(UNEXPLAINED));
    rows.extend(part.unexplained.map(|sum| row(Cell::Absent, unexplained, sum)));
    rows
}

/// Reasons that are not listed one by one.
const OTHERS: &str = "other reasons";

/// A part of a bill that follows older rules than the applied ones.
const UNEXPLAINED: &str = "claimed by other rules than the applied ones; `tollbook rules apply` brings the bill up to date";

/// The sum of reasons; `None` without any, or beyond the range of money.
fn sum_of(reasons: &[Reason]) -> Option<Sum> {
    let (first, rest) = reasons.split_first()?;
    rest.iter().try_fold(first.sum, |sum, it| sum.checked_add(it.sum).ok())
}

fn exact(money: Money) -> String {
    money.amount().normalize().to_string()
}

fn json_of(query: &FigureQuery, version: u64, figures: &[ClaimedFigure]) -> Value {
    let currencies: Vec<Value> = figures
        .iter()
        .map(|figure| {
            let parts: Vec<Value> = figure.parts.iter().map(json_of_part).collect();
            json!({
                "currency": figure.total.currency().as_str(),
                "total": exact(figure.total),
                "claims": parts,
            })
        })
        .collect();
    json!({
        "from": query.period.start().to_string(),
        "to": query.period.end().to_string(),
        "cost_kind": query.cost_kind.as_str(),
        "rules_version": version,
        "currencies": currencies,
    })
}

fn json_of_part(part: &ClaimedPart) -> Value {
    let sum = |sum: &Sum| json!({ "cost": exact(sum.cost), "line_count": sum.line_count });
    let reason = |it: &Reason| {
        let Sum { cost, line_count } = it.sum;
        json!({ "finding": it.finding, "cost": exact(cost), "line_count": line_count })
    };
    let earlier = part.earlier.iter().map(|EarlierRule { rule, reasons }| {
        json!({ "rule": &**rule, "reasons": reasons.iter().map(reason).collect::<Vec<_>>() })
    });
    json!({
        "rule": part.rule.as_deref(),
        "rules_version": part.rules_version,
        "cost": exact(part.sum.cost),
        "line_count": part.sum.line_count,
        "earlier": earlier.collect::<Vec<_>>(),
        "unexplained": part.unexplained.as_ref().map(sum),
    })
}
