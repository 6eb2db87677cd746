//! Rules on what the ledger holds: applied, or held against it to see the money that would move.

use std::io::{IsTerminal as _, Write as _};
use std::path::Path;

use anyhow::Context;
use ledger_app::apply_rules::{AppliedRules, ApplyProgress, apply_rules, dry_run};
use ledger_app::documents::applied_budgets;
use ledger_app::ports::{Change, DocumentKind, DocumentStore};
use ledger_app::rules_file::parse_rules;
use ledger_app::view::View;
use ledger_core::access::Access;
use ledger_core::audit::AuditAction;
use ledger_core::budget::Budget;
use ledger_core::cost::CostKind;
use ledger_core::currency::Currency;
use ledger_core::finding::{Finding, FindingCode};
use ledger_core::money::Money;
use ledger_core::moves::{MoveKey, Moved, Moves};
use ledger_core::owner::Owner;
use ledger_core::rules::AttributionRules;
use serde_json::{Value, json};

use super::{now, read_file};
use crate::args::{Format, SaidArgs};
use crate::output::Cell;
use crate::place::{OpenLedger, Place};
use crate::{Outcome, output};

/// The answer to a file that is applied and whose owners all bills have.
const SAME: &str = "these rules are applied already; nothing changes";

/// Applies a file, or says what applying it would change.
pub async fn apply(
    place: &Place,
    format: Format,
    file: &Path,
    is_dry_run: bool,
    said: &SaidArgs,
) -> anyhow::Result<Outcome> {
    let change = said.said()?.applies(AuditAction::ApplyRules);
    let text = read_file(file)?;
    let rules = parse_rules(&text, 0).with_context(|| file.display().to_string())?;
    if is_dry_run {
        let opened = place.open_to_read().await?;
        let outcome = show_moves(&opened, format, &text, &rules).await;
        opened.close().await;
        return outcome;
    }
    let opened = place.open().await?;
    let outcome = apply_to(&opened, place, format, (&text, change), &rules.findings()).await;
    opened.close().await;
    outcome
}

/// Progress, beside the answer on standard output.
fn show_progress(ApplyProgress { bill, number, count }: ApplyProgress) {
    if std::io::stderr().is_terminal() {
        let _ = writeln!(std::io::stderr().lock(), "{number} of {count}: {bill}");
    }
}

async fn apply_to(
    opened: &OpenLedger,
    place: &Place,
    format: Format,
    (text, change): (&str, Change<'_>),
    findings: &[Finding],
) -> anyhow::Result<Outcome> {
    let ledger = &opened.ledger;
    let before = ledger.document(DocumentKind::Rules).await?;
    let is_same = before.as_ref().is_some_and(|it| it.text == text);
    let document = ledger.apply(DocumentKind::Rules, text, change).await?;
    // In an account the function `apply-rules` follows each new version. Applying the same file once
    // more does here what it has not done.
    if matches!(place, Place::Table(_)) && !is_same {
        let version = document.version;
        match format {
            Format::Json => output::json(&json!({ "rules_version": version }))?,
            Format::Table | Format::Csv => output::line(&format!(
                "the rules are version {version} now; the function apply-rules makes the owners \
                 of all bills anew within minutes, and `tollbook doctor` names bills that are behind"
            )),
        }
        return Ok(Outcome::Done);
    }
    let applied = apply_rules(now().at(), show_progress, ledger).await?;
    let findings = [findings, &applied.held_back].concat();
    match format {
        Format::Json => output::json(&json_of(&applied, &findings))?,
        Format::Table | Format::Csv => print(&applied, &findings, is_same),
    }
    Ok(if applied.held_back.is_empty() { Outcome::Done } else { Outcome::Found })
}

fn json_of(applied: &AppliedRules, findings: &[Finding]) -> Value {
    let bills: Vec<Value> = applied
        .bills
        .iter()
        .map(|(bill, replaced)| {
            json!({
                "source": bill.source.to_string(),
                "period": bill.period.to_string(),
                "payer": bill.payer_shown(),
                "part": bill.part.as_deref(),
                "days_written": replaced.days_written,
                "days_unchanged": replaced.days_unchanged,
                "write_units": replaced.write_units.normalize().to_string(),
            })
        })
        .collect();
    let version = applied.rules_version;
    json!({ "rules_version": version, "bills": bills, "findings": json_of_findings(findings) })
}

fn json_of_findings(findings: &[Finding]) -> Vec<Value> {
    findings.iter().map(|it| json!({ "code": it.code.as_str(), "message": it.message })).collect()
}

fn print(applied: &AppliedRules, findings: &[Finding], is_same: bool) {
    for finding in findings {
        output::line(&finding.message);
    }
    if is_same && applied.bills.is_empty() && applied.held_back.is_empty() {
        output::line(SAME);
        return;
    }
    for (bill, replaced) in &applied.bills {
        output::line(&format!(
            "{bill}: {} days written, {} unchanged; {} write request units",
            replaced.days_written,
            replaced.days_unchanged,
            replaced.write_units.normalize(),
        ));
    }
    let version = applied.rules_version;
    output::line(&match applied.held_back.len() {
        0 => format!("the rules are version {version} now and own all bills"),
        count => format!("the rules are version {version} now and own all bills but {count}"),
    });
}

/// Prints the money that rules would move; exit code 1 if a person should look before applying them.
async fn show_moves(
    opened: &OpenLedger,
    format: Format,
    text: &str,
    rules: &AttributionRules,
) -> anyhow::Result<Outcome> {
    let applied = opened.ledger.document(DocumentKind::Rules).await?;
    let is_same = applied.is_some_and(|it| it.text == text);
    let view = View::open_all(&opened.ledger, Access::everything(), now()).await?;
    let moves = dry_run(rules, CostKind::Unblended, &view).await?;
    let (_, budgets) = applied_budgets(&opened.ledger).await?;
    let mut findings = rules.findings();
    findings.extend(moves.findings(|owner| has_contact(owner, &budgets)));
    match format {
        Format::Json => output::json(&json_of_moves(&moves, &findings))?,
        Format::Csv => output::csv(&HEADER, &rows_of(&moves)),
        Format::Table if is_same && moves.is_nothing() => output::line(SAME),
        Format::Table => print_moves(&moves, &findings),
    }
    let is_found = findings.iter().any(|it| it.code != FindingCode::RulesMoveNothing);
    Ok(if is_found { Outcome::Found } else { Outcome::Done })
}

/// Whether the alerts of any budget go to an owner.
fn has_contact(owner: &Owner, budgets: &[Budget]) -> bool {
    let name = owner.as_str();
    budgets.iter().any(|budget| {
        let of_scope = budget.scope.owners().into_iter().flatten();
        &*budget.owner == name || of_scope.into_iter().any(|it| it == name)
    })
}

const HEADER: [&str; 6] = ["from", "to", "rule", "currency", "lines", "cost"];

fn rows_of(moves: &Moves) -> Vec<Vec<Cell>> {
    let row = |(key, moved): (&MoveKey, &Moved)| {
        vec![
            Cell::of(Some(key.from.as_str())),
            Cell::of(Some(key.to.as_str())),
            Cell::of(key.rule.as_deref()),
            Cell::from(key.currency.to_string()),
            Cell::from(moved.line_count.to_string()),
            Cell::from(exact(moved.cost)),
        ]
    };
    moves.moves.iter().map(row).collect()
}

fn exact(money: Money) -> String {
    money.amount().normalize().to_string()
}

fn print_moves(moves: &Moves, findings: &[Finding]) {
    if !moves.moves.is_empty() {
        output::table(&HEADER, &rows_of(moves), 2);
    }
    for (currency, moved) in &moves.relabelled {
        output::line(&format!(
            "{} {currency} on {} lines stay with their owner and change another dimension",
            exact(moved.cost),
            moved.line_count
        ));
    }
    for finding in findings {
        output::line(&output::one_line(&format!("note: {}", finding.message)));
    }
}

fn json_of_moves(moves: &Moves, findings: &[Finding]) -> Value {
    let of_currency = |currency: &Currency, all: &Moved| {
        let of = moves.moves.iter().filter(|(key, _)| key.currency == *currency);
        let list: Vec<Value> = of
            .map(|(key, moved)| {
                json!({
                    "from": key.from.as_str(),
                    "to": key.to.as_str(),
                    "rule": key.rule.as_deref(),
                    "cost": exact(moved.cost),
                    "line_count": moved.line_count,
                })
            })
            .collect();
        let relabelled = moves.relabelled.get(currency).map(json_of_moved);
        json!({
            "currency": currency.as_str(),
            "moves": list,
            "relabelled": relabelled,
            "all": json_of_moved(all),
        })
    };
    let currencies: Vec<Value> =
        moves.all.iter().map(|(code, all)| of_currency(code, all)).collect();
    json!({
        "cost_kind": moves.cost_kind.as_str(),
        "currencies": currencies,
        "findings": json_of_findings(findings),
    })
}

fn json_of_moved(moved: &Moved) -> Value {
    json!({ "cost": exact(moved.cost), "line_count": moved.line_count })
}
