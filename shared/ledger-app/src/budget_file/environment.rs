//! `[environment.NAME]`: the thresholds of budgets that name none of their own, and limits that are findings.

use std::collections::BTreeMap;
use std::sync::Arc;

use ledger_core::business::{BusinessField, BusinessKey};
use ledger_core::dimension::Dimension;
use ledger_core::filter::{Filter, Glob};
use serde::Deserialize;

use super::thresholds::Named;
use crate::file_text::{check_name, check_value};

/// The environments of a file by name.
pub(super) type Environments = BTreeMap<String, EnvironmentEntry>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EnvironmentEntry {
    thresholds: Option<Vec<u16>>,
    forecast_thresholds: Option<Vec<u16>>,
    pace_thresholds: Option<Vec<u16>>,
    change_thresholds: Option<Vec<u16>>,
    models: Option<Vec<String>>,
    share_percent_max: Option<u16>,
}

/// The limits of an environment that are findings and not alerts.
#[derive(Clone, Debug, PartialEq)]
pub struct EnvironmentLimits {
    /// The environment.
    pub name: Arc<str>,
    /// The models that it may use, by name or pattern; all of them without.
    pub models: Option<Vec<Glob>>,
    /// The share of all cost that it may have, in percent.
    pub share_percent_max: Option<u16>,
}

impl EnvironmentLimits {
    /// Whether it may use a model.
    pub fn allows(&self, model: &str) -> bool {
        self.models.as_ref().is_none_or(|it| it.iter().any(|it| it.matches(model)))
    }
}

impl EnvironmentEntry {
    fn named(&self) -> Named<'_> {
        Named {
            thresholds: self.thresholds.as_deref(),
            forecast_thresholds: self.forecast_thresholds.as_deref(),
            pace_thresholds: self.pace_thresholds.as_deref(),
            change_thresholds: self.change_thresholds.as_deref(),
        }
    }

    fn limits(&self, name: &str) -> Result<EnvironmentLimits, String> {
        check_name("environment", name)?;
        self.named().check()?;
        let models = self.models.as_deref();
        if models.is_some_and(<[String]>::is_empty) {
            return Err("`models` is an empty list, which allows none; expected names of models, \
                        such as `nova-*`, or no such key"
                .to_owned());
        }
        for model in models.into_iter().flatten() {
            check_value("models", model)?;
        }
        let models = models.map(|it| it.iter().map(|it| Glob::new(it)).collect());
        let share_percent_max = self.share_percent_max;
        if let Some(share) = share_percent_max.filter(|it| *it >= 100) {
            return Err(format!(
                "`share_percent_max` is `{share}`; expected a share of all cost from 0 to 99"
            ));
        }
        Ok(EnvironmentLimits { name: name.into(), models, share_percent_max })
    }
}

/// The dimension of environments.
pub(crate) fn environment() -> Dimension {
    Dimension::Business(BusinessKey::Named(BusinessField::Environment))
}

/// The thresholds of the environment that a scope names alone.
pub(super) fn thresholds_of<'e>(scope: &Filter, environments: &'e Environments) -> Named<'e> {
    let named = scope.exact.0.get(&environment());
    let one = named.and_then(|it| if let [one] = it.as_slice() { Some(one) } else { None });
    let entry = one.and_then(|it| environments.get(it));
    entry.map_or_else(Named::default, EnvironmentEntry::named)
}

/// The limits of each environment, checked.
pub(super) fn limits(environments: &Environments) -> Result<Vec<EnvironmentLimits>, String> {
    let limits = |(name, entry): (&String, &EnvironmentEntry)| {
        entry.limits(name).map_err(|err| format!("environment `{name}`: {err}"))
    };
    environments.iter().map(limits).collect()
}
