//! The words of AWS: pure parsers of usage types, callers, services and names of models.
//!
//! Only the readers of AWS's bills and answers come here; everything else uses the neutral types
//! of this crate.

pub mod ai_service;
pub mod line_type;
pub mod models;
pub mod principal;
pub mod usage_type;

/// The word of AWS as a [provider](crate::source::Provider).
pub(crate) const PROVIDER: &str = "aws";

/// The word of AWS's bill, a cost and usage export, as a [source](crate::source::Source).
pub(crate) const BILL: &str = "cur";

/// The word of AWS's quick look, Cost Explorer.
pub(crate) const QUICK_LOOK: &str = "cost-explorer";

/// The word of estimates of what AWS will bill.
pub(crate) const ESTIMATE: &str = "aws:estimate";
