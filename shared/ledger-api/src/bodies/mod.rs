//! Answers in their outside form: one serde body for each.

pub(crate) mod budgets;
pub(crate) mod costs;
pub(crate) mod health;
pub(crate) mod statements;

use ledger_core::money::Money;

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature is serde's")]
pub(crate) fn is_false(flag: &bool) -> bool {
    !flag
}

pub(crate) fn plain(money: Money) -> String {
    money.amount().to_string()
}
