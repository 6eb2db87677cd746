//! `budgets.toml`: limits, thresholds and recipients.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ledger_core::budget::Budget;
use ledger_core::cost::CostKind;
use ledger_core::currency::Currency;
use ledger_core::dimension::{Dimension, Scope};
use ledger_core::money::Money;
use ledger_core::period::Window;
use serde::Deserialize;

use crate::file_text::{check_name, check_value, entry_name};
use crate::rules_file::{FileError, OneOrMany, Origin, PUBLISHER_MEANT, is_publisher};

/// Highest threshold in percent: ten times the limit.
const THRESHOLD_MAX: u16 = 1_000;

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

fn parse(text: &str, origin: Origin) -> Result<Vec<Budget>, FileError> {
    let file: BudgetsFile = toml::from_str(text).map_err(FileError::toml)?;
    let mut names = BTreeSet::new();
    let mut budgets = Vec::new();
    for (at, entry) in file.budget.into_iter().enumerate() {
        let at =
            |message| FileError(format!("{}: {message}", entry_name("budget", at, &entry.name)));
        if entry.name.trim().is_empty() {
            return Err(FileError(
                "a budget has an empty `name`; expected a unique name".to_owned(),
            ));
        }
        if origin == Origin::File {
            check_texts(&entry).map_err(at)?;
        }
        if !names.insert(entry.name.clone()) {
            return Err(at("the name is used twice; expected a unique name".to_owned()));
        }
        budgets.push(budget_of(&entry, origin).map_err(at)?);
    }
    Ok(budgets)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BudgetsFile {
    #[serde(default)]
    budget: Vec<BudgetEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BudgetEntry {
    name: String,
    owner: Option<String>,
    deputy: Option<String>,
    limit: String,
    currency: String,
    window: String,
    thresholds: Option<Vec<u16>>,
    cost_kind: Option<String>,
    #[serde(default)]
    scope: BTreeMap<String, OneOrMany>,
}

/// Budgets of earlier releases may hold any text: it is not checked again when they are read.
fn check_texts(entry: &BudgetEntry) -> Result<(), String> {
    check_name("name", &entry.name)?;
    let contacts = [("owner", &entry.owner), ("deputy", &entry.deputy)];
    for (key, text) in contacts.into_iter().filter_map(|(key, it)| Some((key, it.as_ref()?))) {
        check_name(key, text)?;
    }
    for (key, values) in &entry.scope {
        check_name("scope", key)?;
        values.texts().iter().try_for_each(|it| check_value(&format!("scope.{key}"), it))?;
    }
    Ok(())
}

fn budget_of(entry: &BudgetEntry, origin: Origin) -> Result<Budget, String> {
    let owner = entry.owner.as_deref().map(str::trim).filter(|it| !it.is_empty());
    let owner =
        owner.ok_or("`owner` is missing; expected the name of the owner, who is alerted")?;
    let currency = Currency::parse(&entry.currency).map_err(|err| format!("`currency`: {err}"))?;
    let limit =
        Money::parse(&entry.limit, currency).map_err(|err| format!("`limit`: {err}"))?.money;
    if !limit.amount().is_sign_positive() || limit.is_zero() {
        return Err(format!("`limit` is `{}`; expected an amount above zero", entry.limit));
    }
    let window = Window::parse(&entry.window).ok_or_else(|| {
        format!(
            "`window` is `{}`; expected daily, weekly, monthly, quarterly or yearly",
            entry.window
        )
    })?;
    let cost_kind = match entry.cost_kind.as_deref() {
        None => CostKind::Unblended,
        Some(text) => CostKind::parse(text)
            .ok_or_else(|| format!("`cost_kind` is `{text}`; expected {}", CostKind::WORDS))?,
    };
    let thresholds = entry.thresholds.clone().unwrap_or_else(|| vec![50, 80, 100]);
    let ascending =
        thresholds.iter().zip(thresholds.iter().skip(1)).all(|(left, right)| left < right);
    let in_range = thresholds.iter().all(|it| (1..=THRESHOLD_MAX).contains(it));
    if thresholds.is_empty() || !ascending || !in_range {
        return Err(format!(
            "`thresholds` is `{thresholds:?}`; expected ascending percentages from 1 to {THRESHOLD_MAX}"
        ));
    }
    Ok(Budget {
        name: Arc::from(entry.name.as_str()),
        owner: Arc::from(owner),
        deputy: entry.deputy.as_deref().map(Arc::from),
        limit,
        window,
        scope: scope_of(&entry.scope, origin)?,
        thresholds,
        cost_kind,
    })
}

fn scope_of(entry: &BTreeMap<String, OneOrMany>, origin: Origin) -> Result<Scope, String> {
    let mut scope = Scope::default();
    for (word, values) in entry {
        let mut dimension = Dimension::parse(word).map_err(|err| format!("`scope`: {err}"))?;
        let old = values.texts().iter().find(|it| is_publisher(it));
        if let Some(text) = old.filter(|_| dimension == Dimension::Provider) {
            if origin == Origin::File {
                return Err(format!("`scope`: `{text}` {PUBLISHER_MEANT}"));
            }
            dimension = Dimension::Publisher;
        }
        if matches!(dimension, Dimension::Day | Dimension::Month) {
            return Err(format!("`scope`: `{word}` is set by the window"));
        }
        if values.texts().is_empty() {
            return Err(format!("`scope`: `{word}` is an empty list, which can never match"));
        }
        scope.0.insert(dimension, values.texts().to_vec());
    }
    Ok(scope)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(lines: &str) -> String {
        let base = "[[budget]]\nname = \"a\"\ncurrency = \"USD\"\n";
        parse_budgets(&format!("{base}{lines}")).unwrap_err().to_string()
    }

    #[test]
    fn what_is_wrong_is_named() {
        let good = "owner = \"o\"\nlimit = \"1\"\nwindow = \"daily\"\n";
        for (lines, message) in [
            (
                "limit = \"1\"\nwindow = \"daily\"\n".to_owned(),
                "budget `a`: `owner` is missing; expected the name of the owner, who is alerted",
            ),
            (
                good.replace("\"1\"", "\"0\""),
                "budget `a`: `limit` is `0`; expected an amount above zero",
            ),
            (
                good.replace("\"1\"", "\"-5\""),
                "budget `a`: `limit` is `-5`; expected an amount above zero",
            ),
            (
                good.replace("\"1\"", "\"1,5\""),
                "budget `a`: `limit`: `1,5` is not a decimal amount; expected digits with at most one `.`",
            ),
            (
                good.replace("daily", "hourly"),
                "budget `a`: `window` is `hourly`; expected daily, weekly, monthly, quarterly or yearly",
            ),
            (
                format!("{good}thresholds = [80, 50]\n"),
                "budget `a`: `thresholds` is `[80, 50]`; expected ascending percentages from 1 to 1000",
            ),
        ] {
            assert_eq!(refused(&lines), message);
        }
    }

    #[test]
    fn a_maker_under_the_old_word_is_read_from_the_ledger_and_refused_in_a_file() {
        let text = "[[budget]]\nname = \"a\"\nowner = \"o\"\nlimit = \"1\"\ncurrency = \"USD\"\n\
                    window = \"daily\"\nscope = { provider = \"Anthropic\" }\n";
        let applied = parse_applied_budgets(text).unwrap();
        assert_eq!(applied[0].scope.to_string(), "publisher = Anthropic");
        assert_eq!(
            parse_budgets(text).unwrap_err().to_string(),
            "budget `a`: `scope`: `Anthropic` is no provider; expected the cloud or vendor that bills, \
             such as `aws` (the maker of a model is `publisher`)"
        );
        let new = text.replace("Anthropic", "aws");
        assert_eq!(parse_budgets(&new).unwrap()[0].scope.to_string(), "provider = aws");
    }

    #[test]
    fn a_budget_may_count_several_values_of_a_dimension() {
        let text = "[[budget]]\nname = \"a\"\nowner = \"o\"\nlimit = \"1\"\ncurrency = \"USD\"\n\
                    window = \"daily\"\nscope = { owner = [\"x\", \"y\"] }\n";
        let budgets = parse_budgets(text).unwrap();
        assert_eq!(budgets[0].scope.to_string(), "owner = x or y");
        assert_eq!(budgets[0].thresholds, [50, 80, 100]);
    }
}
