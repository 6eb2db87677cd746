//! Findings about the ledger, and their fixes.

use ledger_api::bodies::findings::FindingsAnswer;
use ledger_app::checks::examine;
use ledger_app::view::View;
use ledger_core::access::Access;
use ledger_core::finding::{Finding, FindingCode};
use ledger_local::database::integrity::faults;

use super::now;
use crate::args::Format;
use crate::place::Place;
use crate::{Outcome, output};

/// Prints findings; exit code 1 if there are any.
pub async fn doctor(place: &Place, format: Format) -> anyhow::Result<Outcome> {
    let damage = damage(place).await?;
    let findings = match (of_ledger(place).await, damage) {
        (Ok(findings), damage) => {
            findings.into_iter().chain(damage).chain(sharing(place)).collect()
        }
        // A damaged file may be too damaged to ask.
        (Err(_), Some(damage)) => vec![damage],
        (Err(err), None) => return Err(err),
    };
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

/// Findings about what the ledger holds.
async fn of_ledger(place: &Place) -> anyhow::Result<Vec<Finding>> {
    let opened = place.open_to_read().await?;
    let view = View::open_all(&opened.ledger, Access::everything(), now()).await?;
    let findings = examine(&view).await;
    opened.close().await;
    Ok(findings?)
}

/// The finding that the file of a folder's ledger is damaged. A table of an account has no file.
async fn damage(place: &Place) -> anyhow::Result<Option<Finding>> {
    let Some(file) = place.database_file().filter(|it| it.is_file()) else { return Ok(None) };
    let faults = faults(&file).await?;
    let message = |first: &String| {
        format!(
            "the ledger `{}` is damaged in {} places ({first}); restore it, or import the files into a \
             new folder",
            file.display(),
            faults.len()
        )
    };
    let code = FindingCode::DatabaseDamaged;
    Ok(faults.first().map(|first| Finding { code, message: message(first) }))
}

/// The finding that other users of the machine may read the folder of a ledger.
fn sharing(place: &Place) -> Option<Finding> {
    use std::os::unix::fs::PermissionsExt as _;
    let Place::Folder(folder) = place else { return None };
    let mode = std::fs::metadata(folder).ok()?.permissions().mode() & 0o777;
    let message = format!(
        "other users may read the data folder `{}` (permissions {mode:o}); chmod 700 keeps it to its owner",
        folder.display()
    );
    (mode & 0o077 != 0).then_some(Finding { code: FindingCode::DataFolderShared, message })
}
