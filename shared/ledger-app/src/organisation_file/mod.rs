//! Reads `organisation.toml`: legal entities, cost centres, accounts, and the account of each charge.

mod changes;
mod checks;
mod entries;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use ledger_core::organisation::{Code, Organisation};
use serde::Deserialize;

pub use self::changes::changes;
use self::checks::check;
use self::entries::{AccountEntry, CostCentreEntry, EntityEntry, PostingEntry};
use crate::file_text::{check_value, entry_name};
use crate::rules_file::FileError;

/// Reads and checks the text of an organisation file.
///
/// # Errors
///
/// [`FileError`]: the first thing that is wrong, with the entry it is in.
pub fn parse_organisation(text: &str, version: u64) -> Result<Organisation, FileError> {
    let file: OrganisationFile = toml::from_str(text).map_err(FileError::toml)?;
    let mut organisation = Organisation { version, ..Organisation::default() };
    for (at, entry) in file.entity.iter().enumerate() {
        let entity = entry.entity().map_err(|it| in_entry("entity", at, &entry.code, &it))?;
        let is_known = organisation.entities.insert(entity.code.clone(), entity).is_some();
        refuse_second(is_known, "entity", at, &entry.code)?;
    }
    for (at, entry) in file.cost_centre.iter().enumerate() {
        let found = entry.cost_centre();
        let centre = found.map_err(|it| in_entry("cost_centre", at, &entry.code, &it))?;
        let is_known = organisation.cost_centres.insert(centre.code.clone(), centre).is_some();
        refuse_second(is_known, "cost_centre", at, &entry.code)?;
    }
    for (at, entry) in file.account.iter().enumerate() {
        let account = entry.account().map_err(|it| in_entry("account", at, &entry.code, &it))?;
        let is_known = organisation.accounts.insert(account.code.clone(), account).is_some();
        refuse_second(is_known, "account", at, &entry.code)?;
    }
    for (at, entry) in file.posting.iter().enumerate() {
        let named = |message| FileError(format!("posting {}: {message}", at + 1));
        organisation.postings.push(entry.posting().map_err(named)?);
    }
    organisation.paying_entity = file.paying_entity.as_deref().map(code_of).transpose()?;
    for (payer, entity) in &file.payers {
        check_value("payers", payer).map_err(FileError)?;
        organisation.payers.insert(payer.as_str().into(), code_of(entity)?);
    }
    check(&organisation).map_err(FileError)?;
    Ok(organisation)
}

fn code_of(text: &str) -> Result<Code, FileError> {
    Code::parse(text).map_err(|err| FileError(format!("the entity that pays for bills: {err}")))
}

fn in_entry(kind: &str, at: usize, code: &str, message: &str) -> FileError {
    FileError(format!("{}: {message}", entry_name(kind, at, code)))
}

fn refuse_second(is_known: bool, kind: &str, at: usize, code: &str) -> Result<(), FileError> {
    match is_known {
        true => Err(in_entry(kind, at, code, "the code is used twice; expected a unique code")),
        false => Ok(()),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OrganisationFile {
    paying_entity: Option<String>,
    #[serde(default)]
    payers: BTreeMap<String, String>,
    #[serde(default)]
    entity: Vec<EntityEntry>,
    #[serde(default)]
    cost_centre: Vec<CostCentreEntry>,
    #[serde(default)]
    account: Vec<AccountEntry>,
    #[serde(default)]
    posting: Vec<PostingEntry>,
}
