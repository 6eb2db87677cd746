//! Who owns what.

use std::path::Path;

use anyhow::Context;
use ledger_app::ports::{DocumentKind, DocumentStore};
use ledger_app::rules_file::parse_rules;

use super::read_file;
use crate::place::Place;
use crate::{Outcome, output};

/// Checks a file.
pub fn check(file: &Path) -> anyhow::Result<Outcome> {
    let rules = parse_rules(&read_file(file)?, 0).with_context(|| file.display().to_string())?;
    let findings = rules.findings();
    for finding in &findings {
        output::line(&finding.message);
    }
    output::line(&format!("{} rules, {} findings", rules.rules.len(), findings.len()));
    Ok(if findings.is_empty() { Outcome::Done } else { Outcome::Found })
}

/// Applies a file.
pub async fn apply(place: &Place, file: &Path, dry_run: bool) -> anyhow::Result<Outcome> {
    let text = read_file(file)?;
    let rules = parse_rules(&text, 0).with_context(|| file.display().to_string())?;
    for finding in rules.findings() {
        output::line(&finding.message);
    }
    let opened = place.open().await?;
    let before = opened.ledger.document(DocumentKind::Rules).await?;
    let is_same = before.as_ref().is_some_and(|it| it.text == text);
    if is_same {
        output::line("these rules are applied already; nothing changes");
    } else if dry_run {
        let next = before.map_or(1, |it| it.version + 1);
        output::line(&format!("{} rules would become version {next}", rules.rules.len()));
    } else {
        let applied =
            opened.ledger.apply(DocumentKind::Rules, &text, jiff::Timestamp::now()).await?;
        output::line(&format!(
            "{} rules are version {} now; import the exports again to move what they hold",
            rules.rules.len(),
            applied.version
        ));
    }
    opened.close().await;
    Ok(Outcome::Done)
}
