//! Totals of a period.

use anyhow::Context;
use jiff::civil::Date;
use ledger_api::bodies::costs::CostsFigures;
use ledger_app::lookup::{self, ReportAnswer};
use ledger_app::view::View;
use ledger_aws::dynamodb::DynamoLedger;
use ledger_core::access::Access;
use ledger_core::currency::Currency;
use ledger_core::dimension::{Dimension, Scope};
use ledger_core::money::Money;
use ledger_core::percent::Percent;
use ledger_core::period::{BillingPeriod, ChargePeriod};
use ledger_core::reconciliation::{Compared, ReconciledDay};
use ledger_core::report::ReportQuery;

use super::now;
use crate::args::{Format, ReportArgs};
use crate::output::Cell;
use crate::place::Place;
use crate::{Outcome, output};

/// Prints a report.
pub async fn report(place: &Place, format: Format, args: &ReportArgs) -> anyhow::Result<Outcome> {
    let by = args.by.iter().filter(|it| !it.is_empty()).map(|it| Dimension::parse(it));
    let by = by.collect::<Result<Vec<_>, _>>().context("`--by`")?;
    let scope = scope_of(&args.filters)?;
    let cost_kind = args.cost_kind.into();
    let currency = args.currency.as_deref().map(Currency::parse).transpose()?;
    let opened = place.open_to_read().await?;
    let view = match args.from {
        Some(from) => {
            let month = BillingPeriod::containing(from);
            View::open(&opened.ledger, month, Access::everything(), now()).await?
        }
        None => View::open_all(&opened.ledger, Access::everything(), now()).await?,
    };
    let query = ReportQuery { period: period_of(args.from, args.to, &view)?, by, scope, cost_kind };
    let (mut answer, reconciled) = answers(&view, &query, format).await?;
    opened.close().await;
    if let Some(currency) = currency {
        answer.currencies.retain(|it| it.currency == currency);
    }
    match format {
        Format::Table => print_tables(&query, &answer, &reconciled),
        Format::Json => {
            let (answer, reconciled) = (&answer, reconciled.as_slice());
            let figures = CostsFigures { query: &query, currency, answer, reconciled };
            output::json(&figures.body(None, None))?;
        }
        Format::Csv => print_csv(&query, &answer),
    }
    Ok(Outcome::Done)
}

/// The scope of conditions as `DIM=VALUE`.
pub(super) fn scope_of(filters: &[String]) -> anyhow::Result<Scope> {
    let mut scope = Scope::default();
    for filter in filters {
        let (word, value) = filter.split_once('=').with_context(|| {
            format!("`--where {filter}`: expected DIM=VALUE, such as owner=search")
        })?;
        let dimension = Dimension::parse(word).context("`--where`")?;
        scope.0.entry(dimension).or_default().push(value.to_owned());
    }
    Ok(scope)
}

/// The report, and beside it both sources where the format shows them: in one pass.
async fn answers(
    view: &View<DynamoLedger>,
    query: &ReportQuery,
    format: Format,
) -> anyhow::Result<(ReportAnswer, Vec<ReconciledDay>)> {
    Ok(match format {
        Format::Csv => (lookup::report(view, query).await?, Vec::new()),
        Format::Json | Format::Table => lookup::report_beside_sources(view, query).await?,
    })
}

/// The days asked for; a side that is left open goes to the end of the ledger.
pub(super) fn period_of(
    from: Option<Date>,
    to: Option<Date>,
    view: &View<DynamoLedger>,
) -> anyhow::Result<ChargePeriod> {
    let first = view.heads().iter().filter_map(|head| head.days.keys().next()).min().copied();
    let to = match to {
        Some(to) => to,
        None => view.data_up_to().map_or_else(|| view.now().today().tomorrow(), Ok)?,
    };
    let from = from.or(first.filter(|it| *it < to)).map_or_else(|| to.yesterday(), Ok)?;
    Ok(ChargePeriod::new(from, to)?)
}

/// Whether Cost Explorer agrees with the bill; for all owners, also when the report is limited.
fn print_reconciliation(reconciled: &[ReconciledDay], charged: &str) {
    if reconciled.is_empty() {
        return;
    }
    let differs = |it: &&ReconciledDay| {
        !it.total.difference.is_zero() || it.differing_services().next().is_some()
    };
    let differing: Vec<_> = reconciled.iter().filter(differs).collect();
    output::line(&format!(
        "Cost Explorer agrees with the bill on {} of {} days{charged}",
        reconciled.len() - differing.len(),
        reconciled.len()
    ));
    for day in differing {
        let state = if day.settled { "" } else { ", may still settle" };
        output::line(&format!("  {}: {}{state}", day.day, in_words(&day.total)));
        for (service, compared) in day.differing_services() {
            output::line(&format!("    {service}: {}", in_words(compared)));
        }
    }
}

fn in_words(compared: &Compared) -> String {
    format!(
        "bill {}, Cost Explorer {}, difference {}{}",
        compared.bill.to_reader(),
        compared.quick_look.to_reader(),
        compared.difference.to_reader(),
        compared.percent.map_or_else(String::new, |it| format!(" ({it:.1}%)")),
    )
}

fn print_csv(query: &ReportQuery, answer: &ReportAnswer) {
    let names: Vec<String> = query.by.iter().map(ToString::to_string).collect();
    let mut header: Vec<&str> = names.iter().map(String::as_str).collect();
    header.extend(["currency", "cost_kind", "cost", "status"]);
    let mut rows = Vec::new();
    for report in &answer.currencies {
        for row in &report.rows {
            let keys = row.keys.iter().map(|it| Cell::of(it.as_deref()));
            let figures = [
                report.currency.to_string(),
                query.cost_kind.as_str().to_owned(),
                row.cost.amount().to_string(),
                row.status.as_str().to_owned(),
            ];
            rows.push(keys.chain(figures.map(Cell::from)).collect::<Vec<_>>());
        }
    }
    output::csv(&header, &rows);
    output::notes(Format::Csv, &answer.findings);
}

fn print_tables(query: &ReportQuery, answer: &ReportAnswer, reconciled: &[ReconciledDay]) {
    if answer.currencies.is_empty() {
        output::line(&match answer.data_up_to {
            Some(end) if end > query.period.start() => {
                format!("no charge for generative AI in {}", query.period)
            }
            // Bills of months before may be there.
            Some(_) | None => format!("no data of {} yet", query.period),
        });
    }
    let names: Vec<String> = query.by.iter().map(ToString::to_string).collect();
    for report in &answer.currencies {
        let mut header: Vec<&str> = names.iter().map(String::as_str).collect();
        header.extend(["status", "tokens", "cost", "share"]);
        let share = |money: Money| {
            Percent::of(money, report.total).map_or_else(String::new, |it| format!("{it:.1}%"))
        };
        let mut rows: Vec<Vec<Cell>> = report
            .rows
            .iter()
            .map(|row| {
                let tokens = Some(row.token_count()).filter(|it| *it > 0);
                let keys = row.keys.iter().map(|it| Cell::of(it.as_deref()));
                let figures = [
                    row.status.as_str().to_owned().into(),
                    Cell::of(tokens.map(|it| it.to_string()).as_deref()),
                    row.cost.to_reader().into(),
                    share(row.cost).into(),
                ];
                keys.chain(figures).collect()
            })
            .collect();
        let mut total = vec![Cell::Blank; names.len() + 2];
        if let Some(first) = total.first_mut() {
            *first = Cell::of(Some("total"));
        }
        total.push(report.total.to_reader().into());
        total.push(Cell::Blank);
        rows.push(total);
        output::table(&header, &rows, 3);
    }
    let up_to = answer.data_up_to.map_or_else(|| "no data".to_owned(), |it| it.to_string());
    output::line(&format!(
        "{} (UTC, end excluded), {} cost, data up to {up_to}",
        query.period,
        query.cost_kind.as_str()
    ));
    let charged = match !query.cost_kind.is_charged() {
        true => format!(", {} cost", query.cost_kind.as_charged().as_str()),
        false => String::new(),
    };
    for (currency, other) in answer.other.iter().filter(|(_, other)| !other.is_zero()) {
        let other = other.to_reader();
        output::line(&format!("not AI on the same bills{charged}: {other} ({currency})"));
    }
    print_reconciliation(reconciled, &charged);
    output::notes(Format::Table, &answer.findings);
}
