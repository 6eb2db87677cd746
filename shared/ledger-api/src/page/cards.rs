//! The figures at the top of a currency, and the section around them.

use std::collections::BTreeSet;

use jiff::ToSpan as _;
use ledger_app::overview::Figures;
use ledger_core::budget::Verdict;
use ledger_core::currency::Currency;
use ledger_core::money::Money;
use ledger_core::report::CurrencyReport;
use maud::{Markup, html};
use rust_decimal::Decimal;

use super::chart::chart;
use super::tables::{amount, model_table, owner_table, status_word};
use super::{last_day, report_of};
use crate::health::unattributed_of;

pub(super) fn currency_section(
    figures: &Figures,
    currency: Currency,
    verdicts: &[Verdict],
) -> Markup {
    let owners = report_of(&figures.by_owner, currency);
    let total = owners.map_or(Money::zero(currency), |it| it.total);
    let previous = figures
        .previous
        .as_ref()
        .map(|answer| report_of(answer, currency).map_or(Money::zero(currency), |it| it.total));
    let status = owners.and_then(|it| it.rows.iter().map(|row| row.status).min());
    html! {
        section {
            h2 { (figures.periods.month.first_day().strftime("%B %Y")) " in " (currency) }
            div.cards {
                div.card {
                    h3 { "Spend, month so far" }
                    p.figure { (amount(total)) }
                    p { @if let Some(status) = status { (status_word(status)) } " " (figures.periods.days.start()) " to " (last_day(figures.periods.days)) }
                }
                div.card {
                    h3 { "Versus last month" }
                    p.figure { (change(total, previous)) }
                    @if let (Some(previous), Some(before)) = (previous, figures.periods.before) {
                        p { (amount(previous)) " from " (before.start()) " to " (last_day(before)) }
                    }
                }
                (unattributed_card(owners, total))
                (budgets_card(verdicts, currency))
                div.card {
                    h3 { "Data up to" }
                    p.figure { (figures.data_up_to.saturating_sub(1.day())) }
                    p { "the last day with data" }
                }
            }
            (chart(figures, currency))
            @if let Some(owners) = owners { (owner_table(owners)) }
            @if let Some(models) = report_of(&figures.by_model, currency) { (model_table(models)) }
        }
    }
}

fn change(total: Money, previous: Option<Money>) -> Markup {
    let difference = previous.and_then(|it| total.checked_sub(it).ok());
    let percent = previous.zip(difference).and_then(|(it, difference)| difference.percent_of(it));
    html! {
        @match percent {
            Some(percent) => {
                span title=(difference.map(|it| it.to_string()).unwrap_or_default()) {
                    @if percent > Decimal::ZERO { "+" } (percent.normalize()) " %"
                }
            }
            None => "no spend then",
        }
    }
}

fn unattributed_card(owners: Option<&CurrencyReport>, total: Money) -> Markup {
    let cost =
        owners.and_then(|it| unattributed_of(it).ok()).unwrap_or(Money::zero(total.currency()));
    let percent = cost.percent_of(total).unwrap_or_default().normalize();
    html! {
        div.card {
            h3 { "Unattributed" }
            p.figure { (percent) " %" }
            p { (amount(cost)) " that no rule gives an owner" }
        }
    }
}

fn budgets_card(verdicts: &[Verdict], currency: Currency) -> Markup {
    let of_currency = || verdicts.iter().filter(|it| it.budget.limit.currency() == currency);
    let names: BTreeSet<_> = of_currency().map(|it| &it.budget.name).collect();
    let broken: BTreeSet<_> =
        of_currency().filter(|it| it.state() == "exceeded").map(|it| &it.budget.name).collect();
    html! {
        div.card {
            h3 { "Budgets broken" }
            p.figure { (broken.len()) }
            p { "of " (names.len()) }
        }
    }
}
