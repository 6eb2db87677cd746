#[macro_use]
mod labels;

pub mod ai_service;
pub mod model;
pub mod principal;
pub mod tokens;
pub mod usage_type;
