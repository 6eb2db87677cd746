//! Answers to alerts: that somebody knows of one, and that a budget is muted.

use anyhow::{Context as _, bail};
use jiff::ToSpan as _;
use jiff::civil::Date;
use ledger_app::alert_notes::{Said, acknowledge as keep_acknowledged, mute as keep_muted, unmute};
use ledger_app::documents::applied_budgets;
use ledger_app::ports::AlertStore as _;
use ledger_core::period::ChargePeriod;

use super::now;
use crate::args::SaidArgs;
use crate::place::Place;
use crate::{Outcome, output};

/// Days in which an alert is looked for: those of the windows that are judged.
const DAYS: i64 = 800;

/// Keeps that somebody knows of an alert.
pub async fn acknowledge(place: &Place, id: &str, said: &SaidArgs) -> anyhow::Result<Outcome> {
    let opened = place.open().await?;
    let now = now();
    let days = ChargePeriod::new(
        now.today().saturating_sub(DAYS.days()),
        now.today().saturating_add(1.day()),
    )?;
    let alerts = opened.ledger.alerts(days).await?;
    let Some(stored) = alerts.iter().find(|it| it.alert.id.to_string() == id) else {
        let newest: Vec<String> =
            alerts.iter().take(3).map(|it| format!("`{}`", it.alert.id)).collect();
        let newest = if newest.is_empty() { "there is none".to_owned() } else { newest.join(", ") };
        let id: String = id.chars().take(80).collect();
        bail!("no alert has the id `{id}`; the newest: {newest}");
    };
    anyhow::ensure!(
        stored.alert.id.crossing().is_some(),
        "`{id}` is of no budget; expected an alert of one, as `tollbook budget list --format json` \
         names them"
    );
    let said = Said { by: &said.by, reason: &said.reason, at: now.at() };
    let kept = keep_acknowledged(&opened.ledger, &stored.alert.id, said).await;
    opened.close().await;
    kept?;
    output::line(&format!("alert {id} is acknowledged by {}", said.by));
    Ok(Outcome::Done)
}

/// Mutes a budget up to and with a day, or lets it speak again.
pub async fn mute(
    place: &Place,
    name: &str,
    until: Option<Date>,
    said: &SaidArgs,
) -> anyhow::Result<Outcome> {
    let opened = place.open().await?;
    let (_, budgets) = applied_budgets(&opened.ledger).await?;
    let now = now();
    let said = Said { by: &said.by, reason: &said.reason, at: now.at() };
    let Some(until) = until else {
        let done = unmute(&opened.ledger, name, said).await;
        opened.close().await;
        done?;
        output::line(&format!("budget `{name}` sends its alerts again"));
        return Ok(Outcome::Done);
    };
    budgets.iter().find(|it| &*it.name == name).with_context(|| {
        let names: Vec<String> = budgets.iter().map(|it| format!("`{}`", it.name)).collect();
        format!("there is no budget `{name}`; expected one of: {}", names.join(", "))
    })?;
    anyhow::ensure!(
        now.today() <= until,
        "--until is {until}, which is over; expected today or a later day"
    );
    let done = keep_muted(&opened.ledger, name, until, said).await;
    opened.close().await;
    done?;
    output::line(&format!("budget `{name}` sends no alerts up to and with {until}"));
    Ok(Outcome::Done)
}
