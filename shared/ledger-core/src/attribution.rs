//! One owner for each charge, by ordered rules: the first that matches wins.

use crate::business::Business;
use crate::line_item::LineItem;
use crate::owner::Owner;
use crate::rules::AttributionRules;
use crate::rules::rule::Claim;

/// A line item with exactly one owner.
#[derive(Clone, Debug)]
pub struct LedgerEntry<'a> {
    /// The charge.
    pub line_item: &'a LineItem,
    /// Whose it is.
    pub claim: Claim,
}

/// Gives a line item exactly one owner.
///
/// The entry carries the line itself, so no cost can be lost or made; what no rule claims goes to
/// [`Owner::Unattributed`].
pub fn attribute<'a>(line_item: &'a LineItem, rules: &AttributionRules) -> LedgerEntry<'a> {
    let claim = rules.rules.iter().find_map(|rule| rule.claim(line_item)).unwrap_or(Claim {
        owner: Owner::Unattributed,
        business: Business::default(),
        rule: None,
    });
    LedgerEntry { line_item, claim }
}
