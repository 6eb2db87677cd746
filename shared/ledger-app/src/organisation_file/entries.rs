//! The entries of an organisation file, each read for itself.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::Date;
use ledger_core::currency::Currency;
use ledger_core::filter::Glob;
use ledger_core::organisation::{
    Account, Code, CostCentre, Entity, MarkUp, Posting, PostingField, Validity,
};
use ledger_core::owner::UNATTRIBUTED;
use serde::Deserialize;

use crate::file_text::{check_name, check_value};
use crate::rules_file::OneOrMany;

/// `[[entity]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EntityEntry {
    pub(super) code: String,
    name: String,
    home_currency: Option<String>,
    recovery_account: Option<String>,
    recovery_cost_centre: Option<String>,
    accrual_account: Option<String>,
    receivable_account: Option<String>,
    payable_account: Option<String>,
    intercompany_cost_centre: Option<String>,
    rounding_account: Option<String>,
    time_zone: Option<String>,
    #[serde(default)]
    holidays: Vec<DateEntry>,
    mark_up_percent: Option<PercentEntry>,
    tax_code: Option<String>,
    ledger_id: Option<String>,
}

impl EntityEntry {
    pub(super) fn entity(&self) -> Result<Entity, String> {
        let home_currency = self.home_currency.as_deref().map(Currency::parse).transpose();
        let home_currency = home_currency.map_err(|err| format!("`home_currency`: {err}"))?;
        let mark_up = match &self.mark_up_percent {
            Some(entry) => {
                MarkUp::parse(&entry.text()).map_err(|err| format!("`mark_up_percent`: {err}"))?
            }
            None => None,
        };
        let holidays = self.holidays.iter().map(|it| it.date("holidays"));
        Ok(Entity {
            code: code("code", &self.code)?,
            name: name("name", &self.name)?,
            home_currency,
            recovery_account: maybe("recovery_account", &self.recovery_account)?,
            recovery_cost_centre: maybe("recovery_cost_centre", &self.recovery_cost_centre)?,
            accrual_account: maybe("accrual_account", &self.accrual_account)?,
            receivable_account: maybe("receivable_account", &self.receivable_account)?,
            payable_account: maybe("payable_account", &self.payable_account)?,
            intercompany_cost_centre: maybe(
                "intercompany_cost_centre",
                &self.intercompany_cost_centre,
            )?,
            rounding_account: maybe("rounding_account", &self.rounding_account)?,
            time_zone: self.time_zone.as_deref().map(time_zone).transpose()?,
            holidays: holidays.collect::<Result<_, _>>()?,
            mark_up,
            tax_code: maybe("tax_code", &self.tax_code)?,
            ledger_id: maybe("ledger_id", &self.ledger_id)?,
        })
    }
}

/// `[[cost_centre]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CostCentreEntry {
    pub(super) code: String,
    name: String,
    entity: String,
    #[serde(default)]
    owners: Vec<String>,
    #[serde(default)]
    aliases: Vec<String>,
    valid_from: Option<DateEntry>,
    valid_to: Option<DateEntry>,
}

impl CostCentreEntry {
    pub(super) fn cost_centre(&self) -> Result<CostCentre, String> {
        if self.owners.iter().any(|it| it == UNATTRIBUTED) {
            return Err(format!(
                "`owners` has `{UNATTRIBUTED}`, which is no owner; expected its cost centre in \
                 --unattributed-to when a journal is exported"
            ));
        }
        Ok(CostCentre {
            code: code("code", &self.code)?,
            name: name("name", &self.name)?,
            entity: code("entity", &self.entity)?,
            owners: names("owners", &self.owners)?,
            aliases: names("aliases", &self.aliases)?,
            validity: validity(self.valid_from.as_ref(), self.valid_to.as_ref())?,
        })
    }
}

/// `[[account]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AccountEntry {
    pub(super) code: String,
    name: String,
    entity: Option<String>,
    valid_from: Option<DateEntry>,
    valid_to: Option<DateEntry>,
}

impl AccountEntry {
    pub(super) fn account(&self) -> Result<Account, String> {
        Ok(Account {
            code: code("code", &self.code)?,
            name: name("name", &self.name)?,
            entity: maybe("entity", &self.entity)?,
            validity: validity(self.valid_from.as_ref(), self.valid_to.as_ref())?,
        })
    }
}

/// `[[posting]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PostingEntry {
    #[serde(default)]
    when: WhenEntry,
    account: String,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct WhenEntry {
    provider: Option<OneOrMany>,
    service: Option<OneOrMany>,
    model: Option<OneOrMany>,
    environment: Option<OneOrMany>,
    line_type: Option<OneOrMany>,
}

impl PostingEntry {
    pub(super) fn posting(&self) -> Result<Posting, String> {
        let mut when = BTreeMap::new();
        for field in PostingField::ALL {
            let Some(texts) = self.when.of(*field) else { continue };
            if texts.texts().is_empty() {
                return Err(format!("`when.{field}` is an empty list, which can never match"));
            }
            for text in texts.texts() {
                check_value(&format!("when.{field}"), text)?;
                if text.is_empty() {
                    return Err(format!(
                        "`when.{field}` is empty; expected some text, or no such key to match all"
                    ));
                }
            }
            when.insert(*field, texts.texts().iter().map(|it| Glob::new(it)).collect());
        }
        Ok(Posting { when, account: code("account", &self.account)? })
    }
}

impl WhenEntry {
    fn of(&self, field: PostingField) -> Option<&OneOrMany> {
        match field {
            PostingField::Provider => self.provider.as_ref(),
            PostingField::Service => self.service.as_ref(),
            PostingField::Model => self.model.as_ref(),
            PostingField::Environment => self.environment.as_ref(),
            PostingField::LineType => self.line_type.as_ref(),
        }
    }
}

/// A day, as a text or as a date of TOML.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a day such as 2026-12-31")]
enum DateEntry {
    Text(String),
    Date(toml::value::Datetime),
}

impl DateEntry {
    fn date(&self, key: &str) -> Result<Date, String> {
        let text = match self {
            DateEntry::Text(text) => text.clone(),
            DateEntry::Date(date) => date.to_string(),
        };
        check_name(key, &text)?;
        let date = text.parse().ok().filter(|_| text.len() == "2026-12-31".len());
        date.ok_or_else(|| format!("`{key}` is `{text}`; expected a day such as 2026-12-31"))
    }
}

/// A percentage: a text, since a fraction in TOML is not exact, or a whole number.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a text such as \"6.5\", or a whole number")]
enum PercentEntry {
    Whole(i64),
    Text(String),
}

impl PercentEntry {
    fn text(&self) -> String {
        match self {
            PercentEntry::Whole(number) => number.to_string(),
            PercentEntry::Text(text) => text.clone(),
        }
    }
}

fn code(key: &str, text: &str) -> Result<Code, String> {
    check_name(key, text)?;
    Code::parse(text).map_err(|err| format!("`{key}`: {err}"))
}

fn maybe(key: &str, text: &Option<String>) -> Result<Option<Code>, String> {
    text.as_deref().map(|it| code(key, it)).transpose()
}

fn name(key: &str, text: &str) -> Result<Arc<str>, String> {
    check_name(key, text)?;
    match text.trim().is_empty() {
        true => Err(format!("`{key}` is empty; expected a name")),
        false => Ok(text.into()),
    }
}

fn names(key: &str, texts: &[String]) -> Result<BTreeSet<Arc<str>>, String> {
    texts.iter().map(|it| name(key, it)).collect()
}

/// The form of a name of the time zone database. Its list of names changes, so it is not compared.
fn time_zone(text: &str) -> Result<Arc<str>, String> {
    check_name("time_zone", text)?;
    let is_part = |it: &str| {
        let is_char = |it: char| it.is_ascii_alphanumeric() || matches!(it, '_' | '-' | '+');
        it.starts_with(|it: char| it.is_ascii_alphabetic()) && it.chars().all(is_char)
    };
    let is_name = text == "UTC" || text.contains('/') && text.split('/').all(is_part);
    match is_name {
        true => Ok(text.into()),
        false => Err(format!("`time_zone` is `{text}`; expected a name such as `Europe/Berlin`")),
    }
}

fn validity(from: Option<&DateEntry>, to: Option<&DateEntry>) -> Result<Validity, String> {
    let from = from.map(|it| it.date("valid_from")).transpose()?;
    let to = to.map(|it| it.date("valid_to")).transpose()?;
    match (from, to) {
        (Some(from), Some(to)) if to < from => Err(format!(
            "`valid_to` is {to}, before `valid_from`, which is {from}; expected it on that day or after"
        )),
        _ => Ok(Validity { from, to }),
    }
}
