//! `budgets.toml`: limits, thresholds and recipients.

mod calendar;
mod environment;
mod family;
mod scope;
mod thresholds;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ledger_core::budget::{Budget, Fiscal, Zone};
use ledger_core::category::ChargeCategory;
use ledger_core::cost::CostKind;
use ledger_core::currency::Currency;
use ledger_core::dimension::{Dimension, Scope};
use ledger_core::filter::Filter;
use ledger_core::money::Money;
use ledger_core::period::{BillingPeriod, Window};
use serde::Deserialize;

pub use self::environment::EnvironmentLimits;
pub(crate) use self::environment::environment;

use self::calendar::{FiscalEntry, calendar_of, zone_of};
use self::environment::{Environments, limits, thresholds_of};
use self::family::check_families;
use self::scope::ScopeEntry;
use self::thresholds::{Named, Thresholds, check_roll_over};
use crate::file_text::{check_name, day_of, entry_name};
use crate::rules_file::{FileError, Origin};

/// Reads and checks the text of a budget file.
///
/// # Errors
///
/// [`FileError`]: the first thing that is wrong, with its budget.
pub fn parse_budgets(text: &str) -> Result<Vec<Budget>, FileError> {
    parse(text, Origin::File)
}

/// Reads the text of budgets that were applied. Until the maker of a model had a word of its own, it
/// was called `provider`.
///
/// # Errors
///
/// As [`parse_budgets`].
pub fn parse_applied_budgets(text: &str) -> Result<Vec<Budget>, FileError> {
    parse(text, Origin::Applied)
}

/// Reads the limits of environments of budgets that were applied.
///
/// # Errors
///
/// As [`parse_budgets`].
pub fn parse_environments(text: &str) -> Result<Vec<EnvironmentLimits>, FileError> {
    let file: BudgetsFile = toml::from_str(text).map_err(FileError::toml)?;
    limits(&file.environment).map_err(FileError)
}

fn parse(text: &str, origin: Origin) -> Result<Vec<Budget>, FileError> {
    let file: BudgetsFile = toml::from_str(text).map_err(FileError::toml)?;
    let fiscal = file.fiscal.as_ref().map_or(Ok(Fiscal::CALENDAR), FiscalEntry::fiscal);
    let fiscal = fiscal.map_err(FileError)?;
    let zone = file.fiscal.as_ref().map_or(Ok(Zone::UTC), FiscalEntry::zone).map_err(FileError)?;
    limits(&file.environment).map_err(FileError)?;
    let common = Common { fiscal, zone, environments: &file.environment, origin };
    let mut names = BTreeSet::new();
    let mut budgets = Vec::new();
    for (at, entry) in file.budget.iter().enumerate() {
        let at =
            |message| FileError(format!("{}: {message}", entry_name("budget", at, &entry.name)));
        if entry.name.trim().is_empty() {
            return Err(FileError(
                "a budget has an empty `name`; expected a unique name".to_owned(),
            ));
        }
        if origin == Origin::File {
            entry.check_texts().map_err(at)?;
        }
        if !names.insert(entry.name.as_str()) {
            return Err(at("the name is used twice; expected a unique name".to_owned()));
        }
        budgets.push(entry.budget(&common).map_err(at)?);
    }
    for (at, entry) in file.budget.iter().enumerate() {
        let former = entry.formerly.as_deref().filter(|it| names.contains(it));
        if let Some(former) = former {
            let name = entry_name("budget", at, &entry.name);
            return Err(FileError(format!(
                "{name}: `formerly` is `{former}`, which is the name of another budget; expected a \
                 name that is not used any more"
            )));
        }
    }
    let parents = file.budget.iter().map(|it| it.parent.as_deref());
    check_families(&budgets, &parents.collect::<Vec<_>>()).map_err(FileError)?;
    Ok(budgets)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BudgetsFile {
    fiscal: Option<FiscalEntry>,
    #[serde(default)]
    environment: Environments,
    #[serde(default)]
    budget: Vec<BudgetEntry>,
}

/// The settings of a file that hold for all of its budgets.
struct Common<'f> {
    fiscal: Fiscal,
    zone: Zone,
    environments: &'f Environments,
    origin: Origin,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BudgetEntry {
    name: String,
    formerly: Option<String>,
    parent: Option<String>,
    owner: Option<String>,
    deputy: Option<String>,
    limit: String,
    #[serde(default)]
    limits: BTreeMap<String, String>,
    currency: String,
    window: String,
    time_zone: Option<String>,
    from: Option<String>,
    to: Option<String>,
    starts: Option<String>,
    thresholds: Option<Vec<u16>>,
    forecast_thresholds: Option<Vec<u16>>,
    pace_thresholds: Option<Vec<u16>>,
    change_thresholds: Option<Vec<u16>>,
    roll_over_percent_max: Option<u16>,
    counts: Option<Vec<String>>,
    cost_kind: Option<String>,
    #[serde(default)]
    scope: ScopeEntry,
}

impl BudgetEntry {
    /// Budgets of earlier releases may hold any text: it is not checked again when they are read.
    fn check_texts(&self) -> Result<(), String> {
        check_name("name", &self.name)?;
        let names = [
            ("owner", &self.owner),
            ("deputy", &self.deputy),
            ("formerly", &self.formerly),
            ("parent", &self.parent),
        ];
        for (key, text) in names.into_iter().filter_map(|(key, it)| Some((key, it.as_ref()?))) {
            check_name(key, text)?;
        }
        self.scope.check_texts()
    }

    fn budget(&self, common: &Common<'_>) -> Result<Budget, String> {
        let owner = self.owner.as_deref().map(str::trim).filter(|it| !it.is_empty());
        let owner =
            owner.ok_or("`owner` is missing; expected the name of the owner, who is alerted")?;
        let currency =
            Currency::parse(&self.currency).map_err(|err| format!("`currency`: {err}"))?;
        let limit = limit_of("limit", &self.limit, currency)?;
        let (from, to) = (self.from.as_deref(), self.to.as_deref());
        let zone = self.time_zone.as_deref().map_or(Ok(common.zone.clone()), zone_of)?;
        let calendar = calendar_of(&self.window, (from, to), common.fiscal, &zone)?;
        let cost_kind = match self.cost_kind.as_deref() {
            None => CostKind::Unblended,
            Some(text) => CostKind::parse(text)
                .ok_or_else(|| format!("`cost_kind` is `{text}`; expected {}", CostKind::WORDS))?,
        };
        let scope = self.filter(common.origin)?;
        let window = calendar.window();
        let of_environment = thresholds_of(&scope, common.environments);
        let thresholds = self.thresholds().of_budget(of_environment, window)?;
        let Thresholds { actual, forecast, pace, change } = thresholds;
        let limits = self.limits_of(window, currency)?;
        let all_limits = [&limit].into_iter().chain(limits.values());
        check_roll_over(window, self.roll_over_percent_max, all_limits)?;
        let starts = self.starts.as_deref().map(|it| day_of("starts", it)).transpose()?;
        Ok(Budget {
            name: Arc::from(self.name.as_str()),
            owner: Arc::from(owner),
            deputy: self.deputy.as_deref().map(Arc::from),
            formerly: self.formerly.as_deref().map(Arc::from),
            limit,
            limits,
            calendar,
            starts: starts.map(|it| zone.first_day(it)),
            scope,
            thresholds: actual,
            forecast_thresholds: forecast,
            pace_thresholds: pace,
            change_thresholds: change,
            roll_over_percent_max: self.roll_over_percent_max,
            cost_kind,
        })
    }

    fn thresholds(&self) -> Named<'_> {
        Named {
            thresholds: self.thresholds.as_deref(),
            forecast_thresholds: self.forecast_thresholds.as_deref(),
            pace_thresholds: self.pace_thresholds.as_deref(),
            change_thresholds: self.change_thresholds.as_deref(),
        }
    }

    fn limits_of(
        &self,
        window: Window,
        currency: Currency,
    ) -> Result<BTreeMap<BillingPeriod, Money>, String> {
        let mut limits = BTreeMap::new();
        for (month, text) in &self.limits {
            let month = BillingPeriod::parse(month).map_err(|err| format!("`limits`: {err}"))?;
            if !matches!(window, Window::Monthly | Window::Quarterly | Window::Yearly) {
                return Err(format!(
                    "`limits` has limits by the month that a window begins in, and this one is \
                     {window}; expected a monthly, quarterly or yearly window"
                ));
            }
            limits.insert(month, limit_of(&format!("limits.{month}"), text, currency)?);
        }
        Ok(limits)
    }

    /// The scope, with the categories that count.
    fn filter(&self, origin: Origin) -> Result<Filter, String> {
        let filter = self.scope.filter(origin)?;
        let Some(words) = &self.counts else { return Ok(filter) };
        let all = ChargeCategory::ALL.iter().map(|it| it.as_str()).collect::<Vec<_>>().join(", ");
        if words.is_empty() {
            return Err(format!("`counts` is an empty list; expected some of {all}"));
        }
        if let Some(word) = words.iter().find(|it| ChargeCategory::parse(it).is_none()) {
            return Err(format!("`counts` has `{word}`; expected some of {all}"));
        }
        let counts = Scope(BTreeMap::from([(Dimension::Category, words.clone())]));
        if filter == Filter::default() {
            return Ok(counts.into());
        }
        let mut filter = filter;
        filter.all.push(counts.into());
        Ok(filter)
    }
}

fn limit_of(key: &str, text: &str, currency: Currency) -> Result<Money, String> {
    let limit = Money::parse(text, currency).map_err(|err| format!("`{key}`: {err}"))?.money;
    if !limit.amount().is_sign_positive() || limit.is_zero() {
        return Err(format!("`{key}` is `{text}`; expected an amount above zero"));
    }
    Ok(limit)
}

#[cfg(test)]
mod tests;
