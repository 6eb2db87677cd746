//! Adapters to AWS, one module a service: build the request, send it, convert the answer.
//!
//! They take no decision and do not call each other. Start reading at [`dynamodb`].

pub mod budgets;
pub mod connect;
pub mod cost_explorer;
pub mod cur;
pub mod dynamodb;
pub mod sns;
