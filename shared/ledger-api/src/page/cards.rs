//! The figures at the top of a currency, and the section around them.

use jiff::ToSpan as _;
use ledger_app::overview::{CurrencyFigures, Figures};
use ledger_core::money::Money;
use ledger_core::percent::Percent;
use maud::{Markup, html};

use super::chart::chart;
use super::last_day;
use super::tables::{amount, model_table, owner_table, status_word};

pub(super) fn currency_section(figures: &Figures, of_currency: &CurrencyFigures) -> Markup {
    let CurrencyFigures { by_owner, by_model, previous, .. } = of_currency;
    let periods = &figures.periods;
    html! {
        section {
            h2 { (periods.month.first_day().strftime("%B %Y")) " in " (by_owner.currency) }
            div.cards {
                div.card {
                    h3 { "Spend, month so far" }
                    p.figure { (amount(by_owner.total)) }
                    p { @if let Some(status) = by_owner.status() { (status_word(status)) } " " (periods.days.start()) " to " (last_day(periods.days)) }
                }
                div.card {
                    h3 { "Versus last month" }
                    p.figure { (change(of_currency)) }
                    @if let (Some(previous), Some(before)) = (*previous, periods.before) {
                        p { (amount(previous)) " from " (before.start()) " to " (last_day(before)) }
                    }
                }
                (unattributed_card(of_currency.unattributed, by_owner.total))
                div.card {
                    h3 { "Budgets broken" }
                    p.figure { (of_currency.exceeded_count) }
                    p { "of " (of_currency.budget_count) }
                }
                div.card {
                    h3 { "Data up to" }
                    p.figure { (figures.data_up_to.saturating_sub(1.day())) }
                    p { "the last day with data" }
                }
            }
            (chart(periods.chart_days, by_owner.currency, &of_currency.by_day))
            @if !by_owner.rows.is_empty() { (owner_table(by_owner)) (model_table(by_model)) }
        }
    }
}

fn change(figures: &CurrencyFigures) -> Markup {
    let CurrencyFigures { previous, change, .. } = figures;
    let percent = previous.zip(*change).and_then(|(previous, it)| Percent::of(it, previous));
    html! {
        @match percent {
            Some(percent) => {
                span title=[change] {
                    @if percent > Percent::ZERO { "+" } (percent) " %"
                }
            }
            None => "no spend then",
        }
    }
}

fn unattributed_card(cost: Money, total: Money) -> Markup {
    html! {
        div.card {
            h3 { "Unattributed" }
            p.figure { (Percent::of(cost, total).unwrap_or(Percent::ZERO)) " %" }
            p { (amount(cost)) " that no rule gives an owner" }
        }
    }
}
