//! x
pub mod cur;
