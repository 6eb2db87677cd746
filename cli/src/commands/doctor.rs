//! Findings about the ledger, and their fixes.

use ledger_api::bodies::findings::FindingsAnswer;
use ledger_app::checks::examine;
use ledger_app::view::View;
use ledger_core::access::Access;
use ledger_core::finding::Finding;

use super::now;
use crate::args::Format;
use crate::place::Place;
use crate::{Outcome, output};

/// Prints findings; exit code 1 if there are any.
pub async fn doctor(place: &Place, format: Format) -> anyhow::Result<Outcome> {
    let opened = place.open_to_read().await?;
    let view = View::open_all(&opened.ledger, Access::everything(), now()).await?;
    let findings = examine(&view).await;
    opened.close().await;
    let findings = findings?;
    match format {
        Format::Json => output::json(&FindingsAnswer::new(&findings))?,
        Format::Csv => {
            let rows: Vec<_> = findings
                .iter()
                .map(|Finding { code, message }| vec![code.to_string(), message.clone()])
                .collect();
            output::csv(&["code", "message"], &rows);
        }
        Format::Table => {
            for Finding { message, .. } in &findings {
                output::line(&format!("- {message}"));
            }
            if findings.is_empty() {
                output::line("all checks passed");
            }
        }
    }
    Ok(if findings.is_empty() { Outcome::Done } else { Outcome::Found })
}
