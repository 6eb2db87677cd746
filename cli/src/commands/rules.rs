//! Who owns what.

use std::path::Path;

use anyhow::{Context, bail};
use ledger_api::bodies::findings::RulesCheckAnswer;
use ledger_app::rules_file::parse_rules;

use ledger_app::documents::applied_rules;
use ledger_app::lookup::{self, FoundEntry};
use ledger_app::view::View;
use ledger_core::access::Access;
use ledger_core::cost::CostKind;
use ledger_core::rule_review::{RuleReview, RuleReviewBuilder, ended_rules, is_mistake};
use ledger_core::rules::{AttributionRules, Rule, RuleOutcome};
use serde_json::{Value, json};

use super::{now, read_file, today};
use crate::args::Format;
use crate::place::Place;
use crate::{Outcome, output};

/// Checks a file by itself, and on the lines of a ledger.
pub async fn check(place: Option<&Place>, format: Format, file: &Path) -> anyhow::Result<Outcome> {
    let rules = parse_rules(&read_file(file)?, 0).with_context(|| file.display().to_string())?;
    let review = match place.filter(|it| it.is_made()) {
        Some(place) => Some(review_of(place, &rules).await?),
        None => None,
    };
    let mut findings = rules.findings();
    findings.extend(ended_rules(&rules, today()));
    findings.extend(review.iter().flat_map(RuleReview::findings));
    let mistakes = findings.iter().filter(|it| is_mistake(it.code)).count();
    match format {
        Format::Json => {
            let (rule_count, review) = (rules.rules.len(), review.as_ref());
            output::json(&RulesCheckAnswer::new(rule_count, mistakes, review, &findings))?;
        }
        Format::Table | Format::Csv => {
            for finding in &findings {
                output::line(&finding.message);
            }
            output::line(&format!("{} rules, {} findings", rules.rules.len(), findings.len()));
            if let Some(place) = place.filter(|it| !it.is_made()) {
                output::line(&place.without_ledger());
            }
        }
    }
    Ok(if mistakes == 0 { Outcome::Done } else { Outcome::Found })
}

/// The rules beside all days of the ledger that answers count.
async fn review_of(place: &Place, rules: &AttributionRules) -> anyhow::Result<RuleReview> {
    let opened = place.open_to_read().await?;
    let view = View::open_all(&opened.ledger, Access::everything(), now()).await?;
    let mut builder = RuleReviewBuilder::new(rules);
    view.answer(&mut [&mut builder]).await?;
    opened.close().await;
    Ok(builder.finish())
}

/// Says why entries belong to their owner.
pub async fn explain(place: &Place, format: Format, entry: &str) -> anyhow::Result<Outcome> {
    let opened = place.open_to_read().await?;
    let rules = applied_rules(&opened.ledger).await?;
    let view = View::open_all(&opened.ledger, Access::everything(), now()).await?;
    let found = lookup::entries(&view, entry).await?;
    opened.close().await;
    if found.is_empty() {
        bail!(
            "no entry begins with line `{entry}`; expected FILE:LINE as `tollbook report --by \
             entry` shows it"
        );
    }
    for entry in &found {
        match format {
            Format::Json => output::json(&json_of(entry, &rules))?,
            Format::Table | Format::Csv => print(entry, &rules),
        }
    }
    Ok(Outcome::Done)
}

fn facts(entry: &FoundEntry) -> Vec<(&'static str, String)> {
    let FoundEntry { bill, day, status, position } = entry;
    let (key, measures) = (&position.key, &position.measures);
    let (charge, detail) = (&key.summary.charge, &key.detail);
    let mut facts = vec![
        ("bill", bill.to_string()),
        ("day", day.to_string()),
        ("lines", measures.line_count.to_string()),
        ("cost", measures.costs.of(CostKind::Unblended).to_string()),
        ("status", status.as_str().to_owned()),
        ("service", charge.service.to_string()),
        ("line_type", charge.line_type.to_string()),
    ];
    let mut add = |name, value: Option<String>| facts.extend(value.map(|it| (name, it)));
    add("model", charge.model.as_deref().map(str::to_owned));
    add("account", detail.account.as_deref().map(str::to_owned));
    add("principal", detail.caller.as_deref().map(str::to_owned));
    add("usage_type", detail.axes.usage_type.as_deref().map(str::to_owned));
    let tags: Vec<_> = detail.tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
    add("tags", (!tags.is_empty()).then(|| tags.join(", ")));
    add("rule", key.rule.as_deref().map(str::to_owned));
    add("owner", Some(key.summary.owner.to_string()));
    facts
}

fn walk<'a>(entry: &FoundEntry, rules: &'a AttributionRules) -> Vec<(&'a Rule, RuleOutcome)> {
    let fact = entry.position.key.to_fact();
    rules.explain(fact.with_caller(fact.caller().as_ref()), entry.day)
}

fn json_of(entry: &FoundEntry, rules: &AttributionRules) -> Value {
    let facts: serde_json::Map<String, Value> =
        facts(entry).into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
    let walked: Vec<Value> = walk(entry, rules)
        .iter()
        .map(|(rule, outcome)| json!({ "rule": &*rule.name, "finding": outcome.to_string() }))
        .collect();
    json!({ "entry": facts, "rules_version": rules.version, "rules": walked })
}

fn print(entry: &FoundEntry, rules: &AttributionRules) {
    let row = |name: &str, value: &str| vec![name.to_owned(), value.to_owned()];
    let rows: Vec<_> = facts(entry).iter().map(|(name, value)| row(name, value)).collect();
    output::table(&["entry", ""], &rows, 0);
    let walked = walk(entry, rules);
    let rows: Vec<_> =
        walked.iter().map(|(rule, outcome)| row(&rule.name, &outcome.to_string())).collect();
    output::table(&[&format!("rules, version {}", rules.version), "finds"], &rows, 0);
    let is_claimed = walked.iter().any(|(_, outcome)| *outcome == RuleOutcome::Claims);
    if !is_claimed {
        output::line("no rule claims it");
    }
}
