//! Anomalies: days that cost more than usual, and those that are expected.

use std::borrow::Cow;

use ledger_api::bodies::anomalies::{AnomaliesAnswer, cause_of};
use ledger_app::anomalies::{Asked, Expectation, Said, anomalies, expect, no_longer_expect};
use ledger_app::view::View;
use ledger_core::access::Access;
use ledger_core::anomaly::{Anomaly, Sensitivity};
use ledger_core::money::Money;

use super::now;
use crate::args::{AnomaliesArgs, ExpectArgs, Format, SearchArgs};
use crate::place::Place;
use crate::{Outcome, output};

/// Characters of a value in a table: a caller's name ends with what tells it from others.
const VALUE_CHARS_MAX: usize = 48;

/// Prints the anomalies.
pub async fn list(place: &Place, format: Format, args: &AnomaliesArgs) -> anyhow::Result<Outcome> {
    let opened = place.open_to_read().await?;
    let view = View::open_all(&opened.ledger, Access::everything(), now()).await?;
    let found = anomalies(&view, asked(&args.search)).await;
    opened.close().await;
    let found = found?;
    let shown: Vec<_> = found.shown(args.all).collect();
    match format {
        Format::Json => output::json(&AnomaliesAnswer::new(&found, shown, None))?,
        Format::Csv => {
            let header = [
                "id",
                "first",
                "last",
                "kind",
                "dimension",
                "value",
                "actual",
                "expected",
                "excess",
                "currency",
                "cause",
                "also_in",
                "expected_until",
            ];
            let rows: Vec<_> =
                shown.iter().map(|(it, muted)| csv_row(it, muted.as_ref())).collect();
            output::csv(&header, &rows);
        }
        Format::Table => {
            let header = ["id", "when", "kind", "series", "cause", "actual", "expected", "excess"];
            let rows: Vec<_> = shown.iter().map(|(it, muted)| row(it, muted.is_some())).collect();
            if !rows.is_empty() {
                output::table(&header, &rows, 3);
            }
            let (Some(since), Some(end)) = (found.since, found.judged_up_to) else {
                output::line("no data yet; `tollbook import PATH` reads a bill");
                return Ok(Outcome::Done);
            };
            let muted = match found.muted_count {
                0 => String::new(),
                count if args.all => format!(", {count} of them expected"),
                count => format!(", and {count} that are expected (--all lists them)"),
            };
            output::line(&format!(
                "{} anomalies{muted} in {} series from {since} to {end}, which is left out; later days \
                 may still change",
                rows.len(),
                found.series_count
            ));
        }
    }
    Ok(Outcome::Done)
}

fn asked(args: &SearchArgs) -> Asked {
    Asked { since: args.since, sensitivity: Sensitivity { min_amount: args.min_amount } }
}

fn row(anomaly: &Anomaly, is_muted: bool) -> Vec<String> {
    let Anomaly { first, last, series, also_in, .. } = anomaly;
    let when = if first == last { first.to_string() } else { format!("{first} to {last}") };
    let kind = match is_muted {
        true => format!("{} (expected)", anomaly.kind_word()),
        false => anomaly.kind_word().to_owned(),
    };
    let dimensions: Vec<String> =
        also_in.iter().map(|it| it.series.dimension.to_string()).collect();
    let also = match dimensions.is_empty() {
        true => String::new(),
        false => format!(" (also seen in its {})", dimensions.join(", ")),
    };
    let amount = |money: Money| money.to_reader();
    vec![
        anomaly.id.as_str().to_owned(),
        when,
        kind,
        format!("{} {}{also}", series.dimension, shortened(&series.value)),
        cause_of(anomaly),
        amount(anomaly.actual),
        amount(anomaly.expected),
        amount(anomaly.excess),
    ]
}

/// The end of a long value.
fn shortened(value: &str) -> Cow<'_, str> {
    let count = value.chars().count();
    match count > VALUE_CHARS_MAX {
        false => Cow::Borrowed(value),
        true => {
            format!("…{}", value.chars().skip(count - VALUE_CHARS_MAX).collect::<String>()).into()
        }
    }
}

fn csv_row(anomaly: &Anomaly, muted: Option<&Expectation>) -> Vec<String> {
    let Anomaly { id, first, last, series, also_in, actual, expected, excess, .. } = anomaly;
    let also =
        |it: &ledger_core::anomaly::AlsoIn| format!("{}={}", it.series.dimension, it.series.value);
    vec![
        id.as_str().to_owned(),
        first.to_string(),
        last.to_string(),
        anomaly.kind_word().to_owned(),
        series.dimension.to_string(),
        series.value.to_string(),
        actual.amount().to_string(),
        expected.amount().to_string(),
        excess.amount().to_string(),
        excess.currency().to_string(),
        cause_of(anomaly),
        also_in.iter().map(also).collect::<Vec<_>>().join("; "),
        muted.map_or_else(String::new, |it| it.until.clone()),
    ]
}

/// Keeps that an anomaly is expected, or takes it back.
pub async fn say_expected(place: &Place, args: &ExpectArgs) -> anyhow::Result<Outcome> {
    let ExpectArgs { id, search, until, reason, by, remove } = args;
    let opened = place.open().await?;
    let now = now();
    let line = if *remove {
        let (by, reason) = (by.as_deref().unwrap_or("unknown"), reason.as_deref().unwrap_or(""));
        let said = ledger_app::said::Said { by, reason, at: now.at() };
        let removed = no_longer_expect(&opened.ledger, id, said).await;
        removed
            .map(|it| format!("{} of {} {} is no longer expected", it.kind, it.dimension, it.value))
    } else {
        let view = View::open_all(&opened.ledger, Access::everything(), now).await?;
        let (Some(until), Some(reason), Some(by)) = (*until, reason, by) else {
            anyhow::bail!("--until, --reason or --by is missing; expected all three");
        };
        let expected = expect(&view, asked(search), Said { id, until, reason, by }).await;
        expected.map(|it| {
            format!("{} of {} {} is expected until {}", it.kind, it.dimension, it.value, it.until)
        })
    };
    opened.close().await;
    output::line(&line?);
    Ok(Outcome::Done)
}
