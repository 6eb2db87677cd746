//! The words of AWS: pure parsers of usage types, callers, services and names of models.
//!
//! Only the readers of AWS's bills and answers come here; everything else uses the neutral types
//! of this crate. Neutral modules ask this one where a text is AWS's own, such as that of a caller.
//!
//! The places where AWS states the values of the neutral types:
//!
//! | Value | Export | Cost Explorer |
//! | --- | --- | --- |
//! | [unblended](crate::cost::CostKind::Unblended) | `line_item_unblended_cost` | `UnblendedCost` |
//! | [net unblended](crate::cost::CostKind::NetUnblended) | `line_item_net_unblended_cost` | `NetUnblendedCost` |
//! | [amortized](crate::cost::CostKind::Amortized) | columns by the type of the line | `AmortizedCost` |
//! | [net amortized](crate::cost::CostKind::NetAmortized) | the same columns, net | `NetAmortizedCost` |
//! | [list](crate::cost::CostKind::List) | `pricing_public_on_demand_cost`, FOCUS `ListCost` | |
//! | [currency](crate::currency::Currency) | `line_item_currency_code` | `Unit` |
//! | [quantity](crate::quantity::Quantity) | `line_item_usage_amount` in `pricing_unit` | `UsageQuantity` |
//!
//! An export leaves a net column out or empty where no discount applies. Amounts have at most 12
//! fraction digits in dollars, the currency of payers who chose no other.

pub mod ai_service;
pub mod attribution_fix;
pub mod budgets;
pub mod line_type;
pub mod models;
pub(crate) mod patterns;
pub mod principal;
pub(crate) mod tags;
pub mod tokens;
pub mod usage_type;

/// The word of AWS as a [provider](crate::source::Provider).
pub(crate) const PROVIDER: &str = "aws";

/// The word of AWS's bill, a cost and usage export, as a [source](crate::source::Source).
pub(crate) const BILL: &str = "cur";

/// The word of AWS's quick look, Cost Explorer.
pub(crate) const QUICK_LOOK: &str = "cost-explorer";

/// The word of estimates of what AWS will bill.
pub(crate) const ESTIMATE: &str = "aws:estimate";
