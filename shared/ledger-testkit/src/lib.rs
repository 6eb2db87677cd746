//! What tests are made of; a dev-dependency only.
//!
//! [`faulty_proxy`] makes a network that fails when a test says so.
#![warn(missing_docs)]

pub mod faulty_proxy;
