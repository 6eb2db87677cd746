//! Periods: accrual, closing, and what is against it.

use std::collections::BTreeSet;

use anyhow::{Context as _, bail};
use ledger_api::bodies::periods::{CheckBody, PeriodBody, PeriodsAnswer};
use ledger_app::documents::applied_organisation;
use ledger_app::periods::{
    self, Book, Expected, Month, Period, PeriodError, Posting, Terms, book, months,
    paying_entities, sight,
};
use ledger_app::view::View;
use ledger_aws::dynamodb::DynamoLedger;
use ledger_core::access::Access;
use ledger_core::closing::{Check, CheckKind, business_day};
use ledger_core::currency::Currency;
use ledger_core::journal::{JournalError, JournalRequest};
use ledger_core::money::{Money, parse_decimal};
use ledger_core::organisation::{Code, Organisation};
use ledger_core::period::BillingPeriod;
use rust_decimal::Decimal;
use serde_json::json;

use super::journal::posting_date;
use super::now;
use crate::args::{
    AccrueArgs, CloseArgs, FinaliseArgs, Format, PeriodArgs, PeriodCommand, PostingArgs,
    StatusArgs, TermsArgs,
};
use crate::place::{OpenLedger, Place};
use crate::{Outcome, output};

/// Runs a command on periods.
pub async fn period(
    place: &Place,
    format: Format,
    command: &PeriodCommand,
) -> anyhow::Result<Outcome> {
    let opened = match command {
        PeriodCommand::Status(_) => place.open_to_read().await?,
        _ => place.open().await?,
    };
    let outcome = match command {
        PeriodCommand::Status(args) => status(&opened, format, args).await,
        PeriodCommand::Accrue(args) => accrue(&opened, format, args).await,
        PeriodCommand::Close(args) => close(&opened, format, args).await,
        PeriodCommand::Finalise(args) => finalise(&opened, format, args).await,
    };
    opened.close().await;
    outcome
}

/// The ledger with the organisation that its periods are of.
struct Books {
    view: View<DynamoLedger>,
    book: Book,
    organisation: Organisation,
}

async fn books(opened: &OpenLedger) -> anyhow::Result<Books> {
    let organisation = applied_organisation(&opened.ledger).await?.context(
        "no organisation is applied, so there are no entities to close months of; `tollbook \
         organisation --help` shows a file, and `tollbook organisation apply FILE` applies it",
    )?;
    let view = View::open_all(&opened.ledger, Access::everything(), now()).await?;
    let book = book(&opened.ledger).await?;
    Ok(Books { view, book, organisation })
}

impl Books {
    fn month_of(&self, args: &PeriodArgs) -> anyhow::Result<(Code, BillingPeriod)> {
        let month = BillingPeriod::parse(&args.period).context("`--period`")?;
        Ok((self.entity(args.entity.as_deref())?, month))
    }

    /// The entity with a code, or the only one that pays.
    fn entity(&self, code: Option<&str>) -> anyhow::Result<Code> {
        let paying = paying_entities(&self.organisation, &self.book);
        let known: Vec<String> = paying.iter().map(ToString::to_string).collect();
        match code {
            Some(text) => {
                let code = Code::parse(text).context("`--entity`")?;
                match paying.contains(&code) {
                    true => Ok(code),
                    false => bail!(
                        "`{code}` is no entity that pays bills; expected one of {}",
                        known.join(", ")
                    ),
                }
            }
            None if paying.len() == 1 => {
                paying.into_iter().next().context("the organisation has no entity that pays bills")
            }
            None if paying.is_empty() => bail!(
                "the organisation has no entity that pays bills; expected `paying_entity` or \
                 `[payers]` in organisation.toml"
            ),
            None => bail!("several entities pay bills; expected --entity {}", known.join(" or ")),
        }
    }
}

fn terms(
    month: BillingPeriod,
    posting: &PostingArgs,
    args: Option<&TermsArgs>,
) -> anyhow::Result<Terms> {
    let unattributed_to = posting.unattributed_to.as_deref().map(Code::parse).transpose();
    let request = JournalRequest {
        posting_date: posting_date(month, posting.date)?,
        unattributed_to: unattributed_to.context("`--unattributed-to`")?,
        paid_by: None,
    };
    let mut terms = Terms {
        cost_kind: posting.cost_kind.into(),
        request,
        invoices: Vec::new(),
        tolerance: Decimal::ZERO,
        unattributed_percent: Decimal::ONE,
        waived: BTreeSet::new(),
    };
    if let Some(args) = args {
        terms.invoices = invoices(&args.invoices)?;
        terms.tolerance = not_negative("--tolerance", &args.tolerance)?;
        terms.unattributed_percent =
            not_negative("--unattributed-below", &args.unattributed_below)?;
        terms.waived = args.waive.iter().map(|it| waived(it)).collect::<Result<_, _>>()?;
    }
    Ok(terms)
}

fn invoices(texts: &[String]) -> anyhow::Result<Vec<Money>> {
    let mut invoices: Vec<Money> = Vec::new();
    for text in texts {
        let expected = || format!("`--invoices {text}`; expected CURRENCY=TOTAL, as USD=1234.56");
        let (currency, total) = text.split_once('=').with_context(expected)?;
        let currency = Currency::parse(currency).with_context(expected)?;
        let total = parse_decimal(total).with_context(expected)?;
        let total = Money::new(total, currency).with_context(expected)?;
        if invoices.iter().any(|it| it.currency() == currency) {
            bail!("`--invoices` names {currency} twice; expected the total of all its invoices");
        }
        invoices.push(total);
    }
    Ok(invoices)
}

fn not_negative(name: &str, text: &str) -> anyhow::Result<Decimal> {
    let number = parse_decimal(text).ok().filter(|it| !it.is_sign_negative());
    number.with_context(|| format!("`{name} {text}`; expected a number of 0 or more"))
}

fn waived(text: &str) -> anyhow::Result<CheckKind> {
    let can_be: Vec<&str> =
        CheckKind::ALL.iter().filter(|it| it.can_be_waived()).map(|it| it.as_str()).collect();
    match CheckKind::parse(text) {
        Some(kind) if kind.can_be_waived() => Ok(kind),
        Some(kind) => bail!("`{kind}` cannot be waived; expected one of {}", can_be.join(", ")),
        None => bail!("`{text}` is no check; expected one of {}", can_be.join(", ")),
    }
}

async fn status(opened: &OpenLedger, format: Format, args: &StatusArgs) -> anyhow::Result<Outcome> {
    let books = books(opened).await?;
    let entity = args.entity.as_deref().map(|it| books.entity(Some(it))).transpose()?;
    let month = args.period.as_deref().map(BillingPeriod::parse).transpose();
    let month = month.context("`--period`")?;
    let mut all = months(&books.view, &books.book, &books.organisation)?;
    all.retain(|it| entity.as_ref().is_none_or(|entity| it.entity == *entity));
    all.retain(|it| month.is_none_or(|month| it.month == month));
    let mut checked = Vec::new();
    if month.is_some() {
        for it in all.iter().filter(|it| !it.state.is_fixed()) {
            let terms = terms(it.month, &args.posting, Some(&args.terms))?;
            let key = (&it.entity, it.month);
            let sight = sight(&books.view, &books.book, &books.organisation, key, &terms).await;
            checked.push((it.entity.clone(), it.month, sight?.checks));
        }
    }
    match format {
        Format::Json => status_json(&all, &checked)?,
        Format::Csv => output::csv(&HEADER, &rows(&all)),
        Format::Table if all.is_empty() => output::line("no month has data yet"),
        Format::Table => {
            output::table(&HEADER, &rows(&all), HEADER.len());
            for (entity, month, checks) in &checked {
                output::line("");
                checklist(&books, entity, *month, checks);
            }
        }
    }
    let is_against = checked.iter().flat_map(|(.., checks)| checks).any(Check::is_against);
    Ok(if is_against { Outcome::Found } else { Outcome::Done })
}

fn status_json(all: &[Month], checked: &[(Code, BillingPeriod, Vec<Check>)]) -> anyhow::Result<()> {
    let answer =
        PeriodsAnswer { periods: all.iter().map(PeriodBody::of).collect(), next_cursor: None };
    let mut value = serde_json::to_value(answer)?;
    let checks: Vec<_> = checked
        .iter()
        .map(|(entity, month, checks)| {
            json!({
                "legal_entity": entity.to_string(),
                "period": month.to_string(),
                "checks": checks.iter().map(CheckBody::of).collect::<Vec<_>>(),
            })
        })
        .collect();
    if let (Some(object), false) = (value.as_object_mut(), checked.is_empty()) {
        object.insert("checklists".to_owned(), json!(checks));
    }
    output::json(&value)
}

const HEADER: [&str; 7] =
    ["legal_entity", "period", "state", "cost now", "changed", "batches", "closed by"];

fn rows(all: &[Month]) -> Vec<Vec<String>> {
    let row = |month: &Month| {
        let costs: Vec<String> = month.cost.iter().map(|it| it.to_reader()).collect();
        let closing = month.period.as_ref().and_then(|it| it.closing.as_ref());
        let accrual = month.period.as_ref().and_then(|it| it.accrual.as_ref());
        let posting = closing.map(|it| &it.posting).or(accrual);
        vec![
            month.entity.to_string(),
            month.month.to_string(),
            month.state.to_string(),
            costs.join(" and "),
            if month.is_changed { "after closing".to_owned() } else { String::new() },
            posting.map_or_else(String::new, |it| it.batches.len().to_string()),
            closing.map_or_else(String::new, |it| {
                let By { by, at } = By::of(&it.posting);
                format!("{by}, {at}")
            }),
        ]
    };
    all.iter().map(row).collect()
}

/// Who posted, and on which day.
struct By<'a> {
    by: &'a str,
    at: String,
}

impl By<'_> {
    fn of(posting: &Posting) -> By<'_> {
        let at = posting.posted.at.to_string();
        let day = at.split_once('T').map_or(at.as_str(), |it| it.0).to_owned();
        By { by: &posting.posted.by, at: day }
    }
}

/// The checks before a month is closed, each with the way to mend it.
fn checklist(books: &Books, entity: &Code, month: BillingPeriod, checks: &[Check]) {
    let entity_name = books.organisation.entities.get(entity);
    let day = entity_name.map_or(0, |it| business_day(month, it, now().at()));
    output::line(&format!("{month} of {entity}, business day {day} after it:"));
    for check in checks {
        let word = match (&check.failure, check.is_waived) {
            (None, _) => "ok    ",
            (Some(_), true) => "waived",
            (Some(_), false) => "NOT YET",
        };
        match &check.failure {
            None => output::line(&format!("  {word}  {}", check.kind)),
            Some(failure) => {
                output::line(&format!("  {word} {}: {failure}", check.kind));
                if !check.is_waived {
                    output::line(&format!("          -> {}", check.kind.mended_by()));
                }
            }
        }
    }
}

async fn accrue(opened: &OpenLedger, format: Format, args: &AccrueArgs) -> anyhow::Result<Outcome> {
    let books = books(opened).await?;
    let (entity, month) = books.month_of(&args.of)?;
    let terms = terms(month, &args.posting, None)?;
    let said = args.said.said()?;
    let key = (&entity, month);
    let accrued = periods::accrue(&books.view, &books.organisation, key, &terms, said).await;
    let accrued = accrued.map_err(shown)?;
    if format == Format::Json {
        let expected = accrued.expected.iter().map(expected_json).collect::<Vec<_>>();
        let mut value = serde_json::to_value(PeriodBody::of_period(&accrued.period))?;
        if let Some(object) = value.as_object_mut() {
            object.insert("expected".to_owned(), json!(expected));
        }
        output::json(&value)?;
        return Ok(Outcome::Done);
    }
    for Expected { billed, missing, low, high } in &accrued.expected {
        output::line(&match missing.is_zero() {
            true => format!("{}: all days of {month} are settled", billed.to_reader()),
            false => format!(
                "{} billed so far and {} still expected, between {} and {}",
                billed.to_reader(),
                missing.to_reader(),
                low.to_reader(),
                high.to_reader()
            ),
        });
    }
    posted(&accrued.period, accrued.period.accrual.as_ref());
    Ok(Outcome::Done)
}

fn expected_json(expected: &Expected) -> serde_json::Value {
    let text = |it: Money| it.amount().to_string();
    json!({
        "currency": expected.billed.currency().to_string(),
        "billed": text(expected.billed),
        "missing": text(expected.missing),
        "low": text(expected.low),
        "high": text(expected.high),
    })
}

async fn close(opened: &OpenLedger, format: Format, args: &CloseArgs) -> anyhow::Result<Outcome> {
    let books = books(opened).await?;
    let (entity, month) = books.month_of(&args.of)?;
    let terms = terms(month, &args.posting, Some(&args.terms))?;
    let said = args.said.said()?;
    let key = (&entity, month);
    let closed = periods::close(&books.view, &books.organisation, key, &terms, said).await;
    let closed = closed.map_err(shown)?;
    if format == Format::Json {
        output::json(&PeriodBody::of_period(&closed.period))?;
        return Ok(Outcome::Done);
    }
    let closing = closed.period.closing.as_ref();
    posted(&closed.period, closing.map(|it| &it.posting));
    for adjusted in closing.iter().flat_map(|it| &it.adjusts) {
        output::line(&format!("  with what changed of {} since it was closed", adjusted.month));
    }
    for waived in closing.iter().flat_map(|it| &it.waived) {
        output::line(&format!("  in spite of {}: {}", waived.check, waived.failure));
    }
    Ok(Outcome::Done)
}

async fn finalise(
    opened: &OpenLedger,
    format: Format,
    args: &FinaliseArgs,
) -> anyhow::Result<Outcome> {
    let books = books(opened).await?;
    let (entity, month) = books.month_of(&args.of)?;
    let said = args.said.said()?;
    let key = (&entity, month);
    let period = periods::finalise(&books.view, &books.organisation, key, said).await?;
    match format {
        Format::Json => output::json(&PeriodBody::of_period(&period))?,
        _ => output::line(&format!("{month} of {entity} is final")),
    }
    Ok(Outcome::Done)
}

/// The period and its journals.
fn posted(period: &Period, posting: Option<&Posting>) {
    output::line(&format!("{} of {} is {}", period.month, period.entity, period.state));
    for batch in posting.iter().flat_map(|it| &it.batches) {
        output::line(&format!(
            "  {} {} of {}: {} lines, {} {} on each side",
            batch.batch_id, batch.kind, batch.entity, batch.line_count, batch.total, batch.currency
        ));
    }
}

/// The error, after the reasons that take more than a line.
fn shown(err: PeriodError) -> anyhow::Error {
    match &err {
        PeriodError::Checks { entity, month, checks } => {
            let against: Vec<Check> = checks.iter().filter(|it| it.is_against()).cloned().collect();
            for check in &against {
                let failure = check.failure.as_deref().unwrap_or("");
                output::aside(&format!("{}: {failure}", check.kind));
                output::aside(&format!("  -> {}", check.kind.mended_by()));
            }
            anyhow::anyhow!("{month} of {entity} was not closed, for the reasons above")
        }
        PeriodError::Journal(JournalError::Refused(refusal)) => {
            refusal.lines().for_each(|it| output::aside(&it));
            anyhow::anyhow!("nothing was posted, for the reasons above")
        }
        _ => err.into(),
    }
}
