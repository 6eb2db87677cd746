//! What tests are made of; a dev-dependency only.
//!
//! [`faulty_proxy`] makes a network that fails when a test says so; [`runtime_api`] runs the binary
//! of a Lambda function.
#![warn(missing_docs)]

pub mod faulty_proxy;
pub mod runtime_api;
