//! The audit trail.

use anyhow::Context as _;
use ledger_app::audit::{Audited, audited};
use ledger_app::ports::DocumentStore as _;
use ledger_core::audit::{AuditEntry, Hash};
use serde_json::{Value, json};

use crate::args::{AuditCommand, Format};
use crate::place::Place;
use crate::{Outcome, output};

/// Runs a command on the audit trail.
pub async fn audit(
    place: &Place,
    format: Format,
    command: &AuditCommand,
) -> anyhow::Result<Outcome> {
    match command {
        AuditCommand::List => list(place, format).await,
        AuditCommand::Verify { head } => verify(place, format, head.as_deref()).await,
    }
}

async fn list(place: &Place, format: Format) -> anyhow::Result<Outcome> {
    let opened = place.open_to_read().await?;
    let trail = opened.ledger.audit_trail().await;
    opened.close().await;
    let trail = trail?;
    let header =
        ["number", "at", "by", "action", "subject", "document", "version", "reason", "hash"];
    let rows: Vec<_> = trail.iter().map(|(entry, hash)| row(entry, *hash)).collect();
    match format {
        Format::Json => output::json(&json!({
            "entries": trail.iter().map(|(entry, hash)| body(entry, *hash)).collect::<Vec<_>>(),
        }))?,
        Format::Csv => output::csv(&header, &rows),
        Format::Table if rows.is_empty() => output::line("nothing was changed yet"),
        Format::Table => output::table(&header, &rows, header.len()),
    }
    Ok(Outcome::Done)
}

fn row(entry: &AuditEntry, hash: Hash) -> Vec<String> {
    vec![
        entry.number.to_string(),
        entry.at.to_string(),
        entry.by.clone(),
        entry.action.as_str().to_owned(),
        entry.subject.clone(),
        entry.document.clone(),
        entry.version.to_string(),
        entry.reason.clone(),
        hash.to_string(),
    ]
}

fn body(entry: &AuditEntry, hash: Hash) -> Value {
    json!({
        "number": entry.number,
        "at": entry.at.to_string(),
        "by": entry.by,
        "action": entry.action.as_str(),
        "subject": entry.subject,
        "document": entry.document,
        "version": entry.version,
        "before": entry.before.map(|it| it.to_string()),
        "after": entry.after.to_string(),
        "reason": entry.reason,
        "previous": entry.previous.to_string(),
        "hash": hash.to_string(),
    })
}

async fn verify(place: &Place, format: Format, head: Option<&str>) -> anyhow::Result<Outcome> {
    let published = head
        .map(|it| {
            Hash::parse(it).with_context(|| {
                let shown: String = it.chars().take(80).collect();
                format!("--head is `{shown}`; expected `sha256:` and 64 digits from 0 to f")
            })
        })
        .transpose()?;
    let opened = place.open_to_read().await?;
    let checked = audited(&opened.ledger, published).await;
    opened.close().await;
    let Audited { chain, faults, before } = checked?;
    let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
    let before = before.iter().map(|(kind, version)| (kind.as_str(), *version));
    match format {
        Format::Json => output::json(&json!({
            "entries": chain.count,
            "head": chain.head.to_string(),
            "faults": faults,
            "before_the_trail": before.map(|(document, version)| {
                json!({ "document": document, "version": version })
            }).collect::<Vec<_>>(),
        }))?,
        Format::Table | Format::Csv => {
            for (document, version) in before {
                output::line(&format!(
                    "{document} up to version {version} are older than the trail, so nothing says who \
                     applied them"
                ));
            }
            faults.iter().for_each(|it| output::line(it));
            let holds = if faults.is_empty() { "all as written" } else { "NOT as written" };
            output::line(&format!("{} entries, {holds}; head {}", chain.count, chain.head));
        }
    }
    Ok(if faults.is_empty() { Outcome::Done } else { Outcome::Found })
}
