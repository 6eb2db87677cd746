//! Budgets: limits, thresholds and recipients.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Context;
use jiff::ToSpan as _;
use ledger_api::bodies::budgets::{BudgetsAnswer, budget_body};
use ledger_api::bodies::findings::bodies;
use ledger_app::budget_file::{
    EnvironmentLimits, parse_applied_budgets, parse_budgets, parse_environments,
};
use ledger_app::documents::applied_budgets;
use ledger_app::evaluate::judge_all;
use ledger_app::forecast::project;
use ledger_app::lookup::findings_of_windows;
use ledger_app::overview::recent_alerts;
use ledger_app::ports::{Document, DocumentKind, DocumentStore, LedgerStore, StoredAlert};
use ledger_app::view::View;
use ledger_aws::dynamodb::DynamoLedger;
use ledger_core::access::Access;
use ledger_core::audit::AuditAction;
use ledger_core::budget::{
    Budget, BudgetChange, Drivers, Projection, Replay, Replayed, Verdict, changes, first_month,
};
use ledger_core::finding::Finding;
use ledger_core::percent::Percent;
use ledger_core::period::ChargePeriod;
use ledger_core::question::Question;

use super::{now, read_file};
use crate::args::{Format, SaidArgs};
use crate::place::Place;
use crate::{Outcome, output};

/// Days that a dry run looks back on.
const REPLAY_DAYS: i64 = 90;

/// Prints the verdict of each budget.
pub async fn list(place: &Place, format: Format) -> anyhow::Result<Outcome> {
    let judged = judged(place, false).await?;
    judged.print(format)?;
    Ok(Outcome::Done)
}

/// Prints the verdict of each budget; the exit code says whether one has reached a threshold, or will.
pub async fn check(place: &Place, format: Format, explain: bool) -> anyhow::Result<Outcome> {
    let explain = explain && format == Format::Table;
    let judged = judged(place, explain).await?;
    judged.print(format)?;
    for text in &judged.explained {
        output::line("");
        text.lines().for_each(output::line);
    }
    let is_broken = |it: &Verdict| !it.reached.is_empty() || it.has_warning();
    Ok(if judged.verdicts.iter().any(is_broken) { Outcome::Found } else { Outcome::Done })
}

/// The applied budgets, judged.
struct Judged {
    version: Option<u64>,
    verdicts: Vec<Verdict>,
    alerts: Vec<StoredAlert>,
    findings: Vec<Finding>,
    /// A text for each verdict, where they were asked for.
    explained: Vec<String>,
}

impl Judged {
    fn print(&self, format: Format) -> anyhow::Result<()> {
        print(self.version, &self.verdicts, &self.alerts, &self.findings, format)
    }
}

async fn judged(place: &Place, explain: bool) -> anyhow::Result<Judged> {
    let opened = place.open_to_read().await?;
    let (version, budgets) = applied_budgets(&opened.ledger).await?;
    let now = now();
    let from = first_month(&budgets, now.today());
    let view = View::open(&opened.ledger, from, Access::everything(), now).await?;
    let mut verdicts = judge_all(&view, &budgets).await?;
    project(&view, &mut verdicts).await?;
    let alerts = recent_alerts(&view, &budgets).await?;
    let explained = if explain { explained(&view, &verdicts).await? } else { Vec::new() };
    opened.close().await;
    let findings = findings_of_windows(&view, &verdicts);
    Ok(Judged { version, verdicts, alerts, findings, explained })
}

/// The words of each verdict, with the drivers of all read in one pass.
async fn explained(view: &View<DynamoLedger>, verdicts: &[Verdict]) -> anyhow::Result<Vec<String>> {
    let mut drivers: Vec<Drivers<'_>> = verdicts.iter().map(Drivers::new).collect();
    let asked = drivers.iter_mut().map(|it| it as &mut dyn Question);
    view.answer(&mut asked.collect::<Vec<_>>()).await?;
    let pairs = verdicts.iter().zip(drivers);
    pairs.map(|(verdict, drivers)| Ok(verdict.explained(&drivers.finish()?))).collect()
}

/// Prints verdicts and the findings about them.
pub(super) fn print(
    version: Option<u64>,
    verdicts: &[Verdict],
    alerts: &[StoredAlert],
    findings: &[Finding],
    format: Format,
) -> anyhow::Result<()> {
    let header = [
        "budget", "owner", "window", "state", "status", "spend", "limit", "currency", "percent",
        "headroom",
    ];
    let beside = verdicts.iter().filter(|it| !it.spend.beside.is_empty());
    let beside: Vec<String> = beside.map(beside_words).collect();
    let row = |verdict: &Verdict, is_exact: bool| {
        let Verdict { budget, spend, .. } = verdict;
        let amount = |money: ledger_core::money::Money| {
            let whole = if is_exact { money.amount().to_string() } else { money.to_reader() };
            whole.split(' ').next().unwrap_or_default().to_owned()
        };
        vec![
            budget.name.to_string(),
            budget.owner.to_string(),
            format!("{} {}", budget.window(), spend.period),
            verdict.state().to_string(),
            spend.status.as_str().to_owned(),
            amount(spend.cost),
            amount(budget.limit),
            budget.limit.currency().to_string(),
            verdict.percent().to_string(),
            verdict.headroom().map_or_else(String::new, amount),
        ]
    };
    match format {
        Format::Table if verdicts.is_empty() => {
            output::line("no budgets are applied; `tollbook budget apply FILE` applies some");
        }
        Format::Table => {
            let rows: Vec<_> = verdicts.iter().map(|it| row(it, false)).collect();
            output::table(&header, &rows, 4);
            beside.iter().for_each(|it| output::line(it));
            verdicts.iter().filter_map(projected_words).for_each(|it| output::line(&it));
            verdicts.iter().flat_map(early_words).for_each(|it| output::line(&it));
        }
        Format::Csv => {
            let rows: Vec<_> = verdicts.iter().map(|it| row(it, true)).collect();
            output::csv(&header, &rows);
        }
        Format::Json => {
            let body = BudgetsAnswer {
                version,
                budgets: verdicts.iter().map(|verdict| budget_body(verdict, alerts)).collect(),
                findings: bodies(findings),
                next_cursor: None,
            };
            output::json(&body)?;
        }
    }
    output::notes(format, findings);
    Ok(())
}

/// The cost that a budget's window is expected to have at its end.
fn projected_words(verdict: &Verdict) -> Option<String> {
    let Verdict { budget, spend, projection, .. } = verdict;
    let Projection { expected, low, high } = (*projection)?;
    let percent = Percent::of(expected, budget.limit).unwrap_or(Percent::ZERO);
    Some(format!(
        "budget `{}` is expected to cost {} in {} ({percent}%); 80 of 100 times {} to {}",
        budget.name,
        expected.to_reader(),
        spend.period,
        low.to_reader(),
        high.to_reader()
    ))
}

/// The part that the window before left of its limit, and the pace and change where a budget warns of them.
fn early_words(verdict: &Verdict) -> Vec<String> {
    let Verdict { budget, spend, .. } = verdict;
    let (name, period) = (&budget.name, spend.period);
    let mut words = Vec::new();
    if !spend.rolled_over.is_zero() {
        let left = spend.rolled_over.to_reader();
        words.push(format!(
            "budget `{name}` has {left} of the window before in its limit of {period}"
        ));
    }
    let warns = |thresholds: &[u16]| !thresholds.is_empty();
    if let Some(pace) = verdict.pace_percent().filter(|_| warns(&budget.pace_thresholds)) {
        words.push(format!("budget `{name}` is at {pace}% of an even pace in {period}"));
    }
    if let Some(change) = verdict.change_percent().filter(|_| warns(&budget.change_thresholds)) {
        words.push(format!(
            "budget `{name}` is at {change}% of the window before, up to the same day, in {period}"
        ));
    }
    words
}

/// Cost in the scope of a budget that its limit does not count.
fn beside_words(verdict: &Verdict) -> String {
    let Verdict { budget, spend, .. } = verdict;
    let beside: Vec<String> = spend.beside.iter().map(|it| it.to_reader()).collect();
    format!(
        "budget `{}` does not count {} of {}: its limit is in {}",
        budget.name,
        beside.join(", "),
        spend.period,
        budget.limit.currency()
    )
}

/// Applies a file, or says what applying it would change.
pub async fn apply(
    place: &Place,
    file: &Path,
    dry_run: bool,
    said: &SaidArgs,
) -> anyhow::Result<Outcome> {
    let said = said.said()?;
    let text = read_file(file)?;
    let budgets = parse_budgets(&text).with_context(|| file.display().to_string())?;
    let opened = place.open().await?;
    let before = opened.ledger.document(DocumentKind::Budgets).await?;
    let is_same = before.as_ref().is_some_and(|it| it.text == text);
    if is_same {
        output::line("these budgets are applied already; nothing changes");
    } else if dry_run {
        print_changes(before.as_ref(), &text, &budgets);
        print_replay(&opened.ledger, &budgets).await?;
    } else {
        let change = said.applies(AuditAction::ApplyBudgets);
        let applied = opened.ledger.apply(DocumentKind::Budgets, &text, change).await?;
        output::line(&format!("{} budgets are version {} now", budgets.len(), applied.version));
    }
    opened.close().await;
    Ok(Outcome::Done)
}

fn print_changes(before: Option<&Document>, text: &str, budgets: &[Budget]) {
    let next = before.map_or(1, |it| it.version + 1);
    output::line(&format!("{} budgets would become version {next}", budgets.len()));
    // What was applied may be of a form that is not read any more: then all of it is new.
    let old = before.and_then(|it| parse_applied_budgets(&it.text).ok());
    let limits = |text: &str| parse_environments(text).unwrap_or_else(|_| Vec::new());
    let limits = [limits(before.map_or("", |it| it.text.as_str())), limits(text)];
    let [old_limits, new_limits] = &limits;
    let names: BTreeSet<&str> = limits.iter().flatten().map(|it| &*it.name).collect();
    for name in names {
        let of = |limits: &[EnvironmentLimits]| limits.iter().find(|it| *it.name == *name).cloned();
        if of(old_limits) != of(new_limits) {
            output::line(&format!("  ~ environment {name}: other models or another share"));
        }
    }
    for change in changes(old.as_deref().unwrap_or(&[]), budgets) {
        match change {
            BudgetChange::Added(it) => output::line(&format!("  + {}: {}", it.name, it.limit)),
            BudgetChange::Removed(it) => output::line(&format!("  - {}: {}", it.name, it.limit)),
            BudgetChange::Changed(it, fields) => {
                output::line(&format!("  ~ {}", it.name));
                for (field, old, new) in fields {
                    output::line(&format!("      {field}: {old} -> {new}"));
                }
            }
        }
    }
}

/// Prints the alerts that budgets would have sent on the last days with data.
async fn print_replay<L>(ledger: &L, budgets: &[Budget]) -> anyhow::Result<()>
where
    L: LedgerStore + Clone + 'static,
{
    let now = now();
    let from = first_month(budgets, now.today());
    let view = View::open(ledger, from, Access::everything(), now).await?;
    let Some(end) = view.data_up_to() else {
        output::line("there is no data yet, so it is not known which alerts they would have sent");
        return Ok(());
    };
    let days = ChargePeriod::new(end.saturating_sub(REPLAY_DAYS.days()), end)?;
    let mut replay = Replay::new(budgets, days);
    view.answer(&mut [&mut replay]).await?;
    let replayed = replay.finish()?;
    let warns = |it: &Budget| {
        let kinds = [&it.forecast_thresholds, &it.pace_thresholds, &it.change_thresholds];
        kinds.iter().any(|it| !it.is_empty())
    };
    if budgets.iter().any(warns) {
        output::line("alerts on forecast, pace and change are not among the following:");
    }
    output::line(&format!(
        "they would have sent {} alerts from {} to {}, by the costs that the ledger holds now:",
        replayed.len(),
        days.start(),
        days.end().yesterday()?
    ));
    if replayed.is_empty() {
        return Ok(());
    }
    let header = ["day", "budget", "owner", "reached", "spend", "limit", "window"];
    let row = |it: &Replayed| {
        let Verdict { budget, spend, .. } = &it.verdict;
        let reached: Vec<String> = it.thresholds.iter().map(|it| format!("{it}%")).collect();
        vec![
            it.day.to_string(),
            budget.name.to_string(),
            budget.owner.to_string(),
            reached.join(" "),
            spend.cost.to_reader(),
            budget.limit.to_reader(),
            format!("{} {}", budget.window(), spend.period),
        ]
    };
    output::table(&header, &replayed.iter().map(row).collect::<Vec<_>>(), 4);
    Ok(())
}
