//! The words of AWS: pure parsers of usage types, callers, services and names of models.
//!
//! Only the readers of AWS's bills and answers come here; everything else uses the neutral types
//! of this crate.

pub mod ai_service;
pub mod models;
pub mod principal;
pub mod usage_type;
