//! The state that an evaluation follows from: while it stays, so does the outcome.

use jiff::civil::Date;
use ledger_core::bill::BillHead;
use ledger_core::budget::Budget;
use ledger_core::line_item::BillId;

use super::Watch;
use crate::alert_notes::AlertNotes;
use crate::contacts::Contacts;

/// Names everything that an evaluation follows from: the day, the bills' versions, the budgets, the contacts
/// and the answers of people. Made of plain values, so that the text stays the same until one of them changes.
pub(super) fn state_of(watch: Watch<'_>, today: Date, heads: &[BillHead]) -> String {
    let Watch { budgets, contacts, notes, page, expected_version } = watch;
    let mut state = format!("day {today}\n");
    for BillHead { bill, version, .. } in heads {
        let BillId { period, source, payer: _, part } = bill;
        let payer = bill.payer_shown();
        let part = part.iter().map(|it| format!(" {}:{it}", it.len())).collect::<String>();
        state.push_str(&format!("bill {period} {source} {payer} {version}{part}\n"));
    }
    for budget in budgets {
        state.push_str(&state_of_budget(budget));
    }
    if *contacts != Contacts::default() || *notes != AlertNotes::default() {
        state.push_str(&format!("{contacts:?}\n{notes:?}\n{page:?}\n{expected_version:?}\n"));
    }
    state
}

/// Names a budget by all its fields. Texts are in quotes, so no two budgets are named alike; another release
/// may name it otherwise, which makes one evaluation more.
fn state_of_budget(budget: &Budget) -> String {
    format!("{budget:?}\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget_file::parse_budgets;

    const BUDGET: &str = "[[budget]]\nname = \"a b\"\nowner = \"o\"\nlimit = \"10.50\"\n\
         currency = \"USD\"\nwindow = \"monthly\"\nscope = { owner = [\"x\", \"y\"] }\n";

    fn state(text: &str) -> String {
        let budgets = parse_budgets(text).unwrap();
        state_of(Watch::from(&*budgets), Date::constant(2026, 11, 5), &[])
    }

    #[test]
    fn an_evaluation_follows_from_plain_values() {
        assert_eq!(state(BUDGET), state(BUDGET));
        assert!(
            state(BUDGET).starts_with("day 2026-11-05\nBudget { name: \"a b\", "),
            "{}",
            state(BUDGET)
        );
    }

    #[test]
    fn every_change_of_a_budget_is_another_state() {
        for (from, to) in [
            ("a b", "a c"),
            ("\"o\"", "\"p\""),
            ("owner = \"o\"", "owner = \"o\"\ndeputy = \"d\""),
            ("10.50", "10.51"),
            ("USD", "EUR"),
            ("monthly", "weekly"),
            ("monthly\"", "monthly\"\nthresholds = [50]"),
            ("monthly\"", "monthly\"\ncost_kind = \"amortized\""),
            ("\"x\", \"y\"", "\"x\""),
            ("{ owner", "{ model"),
        ] {
            assert_ne!(state(&BUDGET.replace(from, to)), state(BUDGET), "{from} -> {to}");
        }
    }
}
