//! x
pub mod collect;
pub mod ports;
