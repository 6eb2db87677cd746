//! `GET /v1/costs`.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use ledger_app::lookup;
use ledger_app::ports::LedgerStore;
use ledger_core::currency::Currency;
use ledger_core::period::BillingPeriod;
use ledger_core::report::{CurrencyReport, ReportQuery};

use crate::AppState;
use crate::bodies::costs::{CostsAnswer, CostsRow};
use crate::bodies::plain;
use crate::parameters::{Pairs, Parameters};
use crate::response::{ApiError, hash_of, tagged};

/// `GET /v1/costs`.
pub(crate) async fn costs<L: LedgerStore + Clone + 'static>(
    State(state): State<AppState<L>>,
    headers: HeaderMap,
    pairs: Pairs,
) -> Result<Response, ApiError> {
    const KNOWN: [&str; 8] =
        ["from", "to", "group_by", "where", "cost_kind", "currency", "limit", "cursor"];
    let parameters = Parameters::read(pairs, &KNOWN, &["where"])?;
    let query = ReportQuery {
        period: parameters.period(state.now().today())?,
        by: parameters.group_by()?,
        scope: parameters.scope()?,
        cost_kind: parameters.cost_kind()?,
    };
    let (asked, limit) = (parameters.currency()?, parameters.limit()?);
    let view = state.view(BillingPeriod::containing(query.period.start())).await?;
    let answer = lookup::report(&view, &query).await?;
    let currency = match asked {
        Some(asked) => Some(asked),
        None => only_currency(&answer)?,
    };
    let report = answer.currencies.into_iter().find(|it| Some(it.currency) == currency);
    let hash = cursor_hash(&query, asked, report.as_ref());
    let start = match parameters.get("cursor") {
        Some(cursor) => offset_of(cursor, hash)?,
        None => 0,
    };
    let (rows, total) = report
        .map_or_else(|| (Vec::new(), "0".to_owned()), |report| (report.rows, plain(report.total)));
    let end = start.saturating_add(limit);
    let next_cursor = (end < rows.len()).then(|| format!("{hash:016x}{end:08x}"));
    let names: Vec<String> = query.by.iter().map(ToString::to_string).collect();
    let rows = rows.into_iter().skip(start).take(limit).map(|row| CostsRow {
        keys: names.iter().cloned().zip(row.keys).collect(),
        cost: plain(row.cost),
        status: row.status.as_str(),
        tokens: row.tokens.iter().map(|(direction, count)| (direction.as_str(), *count)).collect(),
    });
    let other = currency.and_then(|it| answer.other.get(&it).copied());
    let body = CostsAnswer {
        sample: state.sample,
        from: query.period.start().to_string(),
        to: query.period.end().to_string(),
        data_up_to: answer.data_up_to.map(|it| it.to_string()),
        currency: currency.map(|it| it.to_string()),
        cost_kind: query.cost_kind.as_str(),
        rows: rows.collect(),
        total,
        other: query.cost_kind.is_charged().then(|| other.map_or_else(|| "0".to_owned(), plain)),
        next_cursor,
    };
    tagged(&headers, &body)
}

/// The currency of an answer that nobody chose one for: amounts of several are never mixed.
fn only_currency(answer: &lookup::ReportAnswer) -> Result<Option<Currency>, ApiError> {
    let mut currencies: Vec<Currency> = answer.currencies.iter().map(|it| it.currency).collect();
    if currencies.is_empty() {
        currencies = answer.other.keys().copied().collect();
    }
    match currencies.as_slice() {
        [] => Ok(None),
        [only] => Ok(Some(*only)),
        _ => {
            let names: Vec<String> = currencies.iter().map(ToString::to_string).collect();
            let message = format!(
                "the answer has several currencies, which do not add; expected `currency` to be one of {}",
                names.join(", ")
            );
            Err(ApiError::bad_request("currency_needed", message).with("currencies", names))
        }
    }
}

/// Ties a cursor to the question and to the rows it counts: after a change of either, the next page
/// would leave rows out or repeat them.
fn cursor_hash(
    query: &ReportQuery,
    asked: Option<Currency>,
    report: Option<&CurrencyReport>,
) -> u64 {
    let rows: Vec<_> = report
        .iter()
        .flat_map(|it| &it.rows)
        .map(|row| (&row.keys, row.cost.amount().to_string()))
        .collect();
    hash_of((format!("{query:?} {asked:?}"), rows))
}

fn offset_of(cursor: &str, hash: u64) -> Result<usize, ApiError> {
    let offset = cursor.strip_prefix(&format!("{hash:016x}"));
    let offset = offset.filter(|it| it.len() == 8 && it.bytes().all(|it| it.is_ascii_hexdigit()));
    offset.and_then(|it| usize::from_str_radix(it, 16).ok()).ok_or_else(|| {
        let message = "`cursor` is not of this question, or the ledger has changed since; start \
                       again without it";
        ApiError::bad_request("cursor_invalid", message.to_owned())
            .with("parameter", vec!["cursor".to_owned()])
    })
}
