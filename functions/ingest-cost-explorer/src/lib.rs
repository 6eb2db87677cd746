//! Asks Cost Explorer, on a schedule, for the days that no bill covers yet.
//!
//! Start reading at [`handler::handle`].

pub mod config;
pub mod handler;
