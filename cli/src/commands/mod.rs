//! One module a command.

pub mod budget;
pub mod collect;
pub mod doctor;
pub mod explain;
pub mod import;
pub mod report;
pub mod rules;
pub mod statement;
pub mod up;

use std::path::Path;

use anyhow::Context;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use ledger_app::ports::{DocumentKind, DocumentStore};
use ledger_app::rules_file::parse_rules;
use ledger_core::attribution::AttributionRules;
use ledger_core::cost::CostKind;

/// Today in UTC, as all periods are.
pub fn today() -> Date {
    jiff::Timestamp::now().to_zoned(TimeZone::UTC).date()
}

fn cost_kind(text: &str) -> anyhow::Result<CostKind> {
    CostKind::parse(text)
        .with_context(|| format!("`--cost-kind {text}`: expected unblended or net_unblended"))
}

fn read_file(path: &Path) -> anyhow::Result<String> {
    let bytes =
        std::fs::read(path).with_context(|| format!("could not read `{}`", path.display()))?;
    String::from_utf8(bytes)
        .ok()
        .with_context(|| format!("`{}` is not UTF-8 text; expected a TOML file", path.display()))
}

/// The rules that are applied; without any, nothing has an owner.
async fn applied_rules(documents: &impl DocumentStore) -> anyhow::Result<AttributionRules> {
    match documents.document(DocumentKind::Rules).await? {
        Some(document) => parse_rules(&document.text, document.version)
            .context("the applied rules cannot be read"),
        None => Ok(AttributionRules::default()),
    }
}
