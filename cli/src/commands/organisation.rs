//! The organisation that costs are posted in.

use std::path::Path;

use anyhow::{Context as _, bail};
use ledger_app::documents::{DocumentError, applied_organisation};
use ledger_app::organisation_file::{changes, parse_organisation};
use ledger_app::periods::{Book, Period, book};
use ledger_app::ports::{DocumentKind, DocumentStore as _};
use ledger_core::audit::AuditAction;
use ledger_core::organisation::{Code, Entity, Organisation, Posting, Validity};
use serde_json::json;

use super::read_file;
use crate::args::{Format, OrganisationCommand, SaidArgs};
use crate::output::Cell;
use crate::place::Place;
use crate::{Outcome, output};

/// Runs a command about the organisation.
pub async fn organisation(
    place: &Place,
    format: Format,
    command: &OrganisationCommand,
) -> anyhow::Result<Outcome> {
    match command {
        OrganisationCommand::Apply { file, dry_run, said } => {
            apply(place, file, *dry_run, said).await
        }
        OrganisationCommand::Show => show(place, format).await,
    }
}

/// An entity with an accrual or a closed month stays: its books go on.
fn check_periods(book: &Book, after: &Organisation) -> anyhow::Result<()> {
    let is_gone = |it: &&Period| !after.entities.contains_key(&it.entity);
    match book.periods.iter().find(is_gone) {
        Some(Period { entity, month, state, .. }) => bail!(
            "entity `{entity}` is gone, and its {month} is {state}; expected an [[entity]] with this code"
        ),
        None => Ok(()),
    }
}

async fn apply(
    place: &Place,
    file: &Path,
    dry_run: bool,
    said: &SaidArgs,
) -> anyhow::Result<Outcome> {
    let change = said.said()?.applies(AuditAction::ApplyOrganisation);
    let text = read_file(file)?;
    let after = parse_organisation(&text, 0).with_context(|| file.display().to_string())?;
    let opened = place.open().await?;
    let before = applied_organisation(&opened.ledger).await;
    let kept = book(&opened.ledger).await.map_err(anyhow::Error::from);
    if let Err(err) = kept.and_then(|book| check_periods(&book, &after)) {
        opened.close().await;
        return Err(err);
    }
    let version = match dry_run {
        true => Ok(None),
        false => {
            let applied = opened.ledger.apply(DocumentKind::Organisation, &text, change).await;
            applied.map(|it| Some(it.version))
        }
    };
    opened.close().await;
    // One that a later release wrote is replaced, not compared.
    let before = match before {
        Ok(Some(before)) => before,
        Ok(None) | Err(DocumentError::Malformed(..)) => Organisation::default(),
        Err(err @ DocumentError::Read(..)) => return Err(err.into()),
    };
    let changes = changes(&before, &after);
    changes.iter().for_each(|it| output::line(it));
    if changes.is_empty() {
        output::line("nothing changes");
    }
    let counts = format!(
        "{} entities, {} cost centres, {} accounts and {} postings",
        after.entities.len(),
        after.cost_centres.len(),
        after.accounts.len(),
        after.postings.len()
    );
    match version? {
        Some(version) => output::line(&format!("{counts} are version {version} now")),
        None => output::line(&format!("{counts}; nothing was applied")),
    }
    Ok(Outcome::Done)
}

const COLUMNS: [&str; 6] = ["kind", "code", "name", "entity", "valid", "details"];

async fn show(place: &Place, format: Format) -> anyhow::Result<Outcome> {
    let opened = place.open_to_read().await?;
    let organisation = applied_organisation(&opened.ledger).await;
    opened.close().await;
    let Some(organisation) = organisation? else {
        let nothing = "no organisation is applied; `tollbook organisation --help` shows a file, and \
                       `tollbook organisation apply FILE` applies it";
        match format {
            Format::Table => output::line(nothing),
            Format::Csv => output::csv::<Cell>(&COLUMNS, &[]),
            Format::Json => output::json(&json!({ "version": null, "entries": [] }))?,
        }
        return Ok(Outcome::Done);
    };
    let rows = rows(&organisation);
    match format {
        Format::Table => output::table(&COLUMNS, &rows, 0),
        Format::Csv => output::csv(&COLUMNS, &rows),
        Format::Json => {
            let value = |it: &Cell| match it {
                Cell::Text(text) => json!(text),
                Cell::Absent | Cell::Blank => json!(null),
            };
            let object = |row: &Vec<Cell>| {
                let pairs =
                    COLUMNS.iter().zip(row).map(|(name, it)| ((*name).to_owned(), value(it)));
                serde_json::Value::Object(pairs.collect())
            };
            let entries: Vec<_> = rows.iter().map(object).collect();
            output::json(&json!({ "version": organisation.version, "entries": entries }))?;
        }
    }
    Ok(Outcome::Done)
}

fn rows(organisation: &Organisation) -> Vec<Vec<Cell>> {
    let text = |it: &str| Cell::of(Some(it));
    let row = |kind: &str, code: &Code, name: &str, entity: Option<&Code>, validity, details| {
        let entity = Cell::of(entity.map(Code::as_str));
        vec![
            text(kind),
            text(code.as_str()),
            text(name),
            entity,
            valid(validity),
            Cell::from(details),
        ]
    };
    let always = Validity::default();
    let mut rows = Vec::new();
    for it in organisation.entities.values() {
        rows.push(row("entity", &it.code, &it.name, None, always, details(organisation, it)));
    }
    for it in organisation.cost_centres.values() {
        let owners = it.owners.iter().map(|it| &**it).collect::<Vec<_>>().join(", ");
        let owners = if owners.is_empty() { owners } else { format!("owners {owners}") };
        rows.push(row("cost_centre", &it.code, &it.name, Some(&it.entity), it.validity, owners));
    }
    for it in organisation.accounts.values() {
        let entity = it.entity.as_ref();
        rows.push(row("account", &it.code, &it.name, entity, it.validity, String::new()));
    }
    for it in &organisation.postings {
        let name = organisation.accounts.get(&it.account).map_or("", |it| &it.name);
        rows.push(row("posting", &it.account, name, None, always, when(it)));
    }
    rows
}

fn valid(validity: Validity) -> Cell {
    match validity == Validity::default() {
        true => Cell::Blank,
        false => Cell::Text(validity.to_string()),
    }
}

fn details(organisation: &Organisation, entity: &Entity) -> String {
    let code = |word: &str, it: &Option<Code>| it.as_ref().map(|it| format!("{word} {it}"));
    let pays = organisation.paying_entity.as_ref() == Some(&entity.code);
    let payers = organisation.payers.iter().filter(|(_, it)| **it == entity.code);
    let payers: Vec<&str> = payers.map(|(payer, _)| &**payer).collect();
    let parts = [
        pays.then(|| "pays all other bills".to_owned()),
        (!payers.is_empty()).then(|| format!("pays the bills of {}", payers.join(", "))),
        entity.home_currency.map(|it| it.to_string()),
        code("recovery", &entity.recovery_account),
        code("on cost centre", &entity.recovery_cost_centre),
        code("accrual", &entity.accrual_account),
        code("receivable", &entity.receivable_account),
        code("payable", &entity.payable_account),
        code("rounding", &entity.rounding_account),
        entity.mark_up.map(|it| format!("mark-up {it}")),
        code("tax code", &entity.tax_code),
        entity.time_zone.as_deref().map(str::to_owned),
        (!entity.holidays.is_empty()).then(|| format!("{} holidays", entity.holidays.len())),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn when(posting: &Posting) -> String {
    let mut parts = Vec::new();
    for (field, globs) in &posting.when {
        let globs: Vec<String> = globs.iter().map(ToString::to_string).collect();
        parts.push(format!("{field} = {}", globs.join(" or ")));
    }
    if parts.is_empty() { "all charges".to_owned() } else { parts.join(" and ") }
}
