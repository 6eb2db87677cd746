//! Local stand-ins.

pub mod sample;
