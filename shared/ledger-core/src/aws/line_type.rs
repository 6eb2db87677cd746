//! The types of lines on AWS's bill.

use crate::category::ChargeCategory;

/// The category of a line by its type; `None` for a type that is not known.
///
/// `SavingsPlanNegation` takes back covered usage, so it is in the same category: usage under a
/// savings plan is then zero, and the plan's own lines are its purchase.
///
/// **Source:** `line_item_line_item_type`, and the categories of FOCUS.
///
/// ```
/// use ledger_core::aws::line_type::category_of;
/// use ledger_core::category::ChargeCategory;
///
/// assert_eq!(category_of("DiscountedUsage"), Some(ChargeCategory::Usage));
/// assert_eq!(category_of("SomethingNew"), None);
/// ```
#[must_use]
pub fn category_of(line_type: &str) -> Option<ChargeCategory> {
    Some(match line_type {
        "Usage" | "DiscountedUsage" | "SavingsPlanCoveredUsage" | "SavingsPlanNegation" => {
            ChargeCategory::Usage
        }
        "Fee" | "RIFee" | "SavingsPlanRecurringFee" | "SavingsPlanUpfrontFee" => {
            ChargeCategory::Purchase
        }
        "Tax" => ChargeCategory::Tax,
        "Credit" => ChargeCategory::Credit,
        "Refund"
        | "Discount"
        | "BundledDiscount"
        | "EdpDiscount"
        | "PrivateRateDiscount"
        | "RiVolumeDiscount" => ChargeCategory::Adjustment,
        _ => return None,
    })
}
