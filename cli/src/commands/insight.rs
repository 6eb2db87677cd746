//! Insights: attribution health.

use anyhow::Context;
use ledger_api::bodies::attribution::{AttributionAnswer, AttributionCurrency};
use ledger_app::attribution::{attribution_health, fixes, recent_days};
use ledger_app::view::View;
use ledger_core::access::Access;
use ledger_core::attribution_health::{Class, CurrencyHealth, HealthPart, HealthQuery};
use ledger_core::money::Money;
use ledger_core::percent::Percent;
use ledger_core::period::ChargePeriod;

use super::now;
use super::report::scope_of;
use crate::args::{AttributionArgs, Format};
use crate::place::Place;
use crate::{Outcome, output};

/// Prints attribution health.
pub async fn attribution(
    place: &Place,
    format: Format,
    args: &AttributionArgs,
) -> anyhow::Result<Outcome> {
    let scope = scope_of(&args.filters)?;
    let opened = place.open_to_read().await?;
    let view = View::open_all(&opened.ledger, Access::everything(), now()).await?;
    let data_up_to = view.data_up_to();
    let recent = recent_days(&view);
    let period = match (args.from, args.to, recent) {
        (None, None, Some(recent)) => Some(recent),
        (from, to, recent) => {
            let from = from.or_else(|| recent.map(ChargePeriod::start));
            let to = to.or_else(|| recent.map(ChargePeriod::end));
            from.zip(to).map(|(from, to)| ChargePeriod::new(from, to)).transpose()?
        }
    };
    let query =
        period.map(|period| HealthQuery { period, scope, cost_kind: args.cost_kind.into() });
    let healths = match &query {
        Some(query) => attribution_health(&view, query).await,
        None => Ok(Vec::new()),
    };
    opened.close().await;
    let healths = healths?;
    let query = query.context("no data yet; `tollbook import PATH` reads a bill")?;
    match format {
        Format::Json => {
            output::json(&AttributionAnswer::new(&query, data_up_to, &healths, args.limit)?)?;
        }
        Format::Csv => print_csv(&healths),
        Format::Table => {
            for health in &healths {
                print_tables(&query, health, args)?;
            }
            if healths.is_empty() {
                output::line(&format!("no cost on {}", query.period));
            }
        }
    }
    Ok(Outcome::Done)
}

fn print_csv(healths: &[CurrencyHealth]) {
    let header = ["identity", "class", "reason", "cost", "currency", "sessions"];
    let row = |it: &HealthPart| {
        vec![
            it.identity.as_deref().unwrap_or("").to_owned(),
            it.reason.class().to_string(),
            it.reason.to_string(),
            it.cost.amount().to_string(),
            it.cost.currency().to_string(),
            it.session_count.to_string(),
        ]
    };
    let rows: Vec<_> = healths.iter().flat_map(|it| &it.parts).map(row).collect();
    output::csv(&header, &rows);
}

fn print_tables(
    query: &HealthQuery,
    health: &CurrencyHealth,
    args: &AttributionArgs,
) -> anyhow::Result<()> {
    let AttributionCurrency { trend, other_parts, .. } =
        AttributionAnswer::new(query, None, std::slice::from_ref(health), args.limit)?
            .currencies
            .pop()
            .context("a currency has no answer")?;
    let share = |cost: Money| {
        Percent::of(cost, health.total).map_or_else(String::new, |it| it.to_one_digit())
    };
    let rows: Vec<_> = Class::ALL
        .iter()
        .map(|it| {
            let cost = health.classes.of(*it);
            vec![it.to_string(), cost.to_reader(), share(cost)]
        })
        .collect();
    output::table(&["class", "cost", "percent"], &rows, 2);
    let step = query.step();
    let rows: Vec<Vec<String>> = trend
        .iter()
        .map(|it| {
            let percent = it
                .classes
                .iter()
                .map(|it| it.percent.as_ref().map_or_else(String::new, |it| it.0.to_one_digit()));
            std::iter::once(it.start.0.to_string()).chain(percent).collect()
        })
        .collect();
    let first = format!("{step} %");
    let header: Vec<&str> =
        std::iter::once(first.as_str()).chain(Class::ALL.iter().map(|it| it.as_str())).collect();
    output::table(&header, &rows, Class::ALL.len());
    let hidden = health.parts.iter().filter(|it| it.reason.class() != Class::Preserved);
    let hidden: Vec<&HealthPart> = hidden.take(args.limit).collect();
    let rows: Vec<_> = hidden
        .iter()
        .map(|it| {
            vec![
                it.identity.as_deref().unwrap_or("no caller").to_owned(),
                it.reason.class().to_string(),
                it.reason.sentence().to_owned(),
                it.cost.to_reader(),
            ]
        })
        .collect();
    if !rows.is_empty() {
        output::table(&["identity", "class", "why", "cost"], &rows, 1);
    }
    output::line(&format!(
        "{} of {} on {} does not say who called ({}%); identities beyond --limit {}: {}",
        health.hidden()?.to_reader(),
        health.total.to_reader(),
        query.period,
        share(health.hidden()?),
        args.limit,
        other_parts.count
    ));
    if args.fixes {
        hidden.iter().for_each(|it| print_fixes(it));
    }
    Ok(())
}

/// The changes for one identity; each line is printed as it is to be pasted.
fn print_fixes(part: &HealthPart) {
    let identity = part.identity.as_deref().unwrap_or("lines without a caller");
    for fix in fixes(part) {
        output::line(&format!("\n# {identity}: {}", fix.title));
        output::line(&format!("# goes to: {}", fix.place));
        fix.text.lines().for_each(output::line);
    }
}
