//! Use cases and their ports: in which order to read, decide and write.
//!
//! Everything here is async where it waits, knows no vendor, and takes the time as an argument.
//! Start reading at [`import`], then [`ports`].

pub mod alert_document;
pub mod alert_notes;
pub mod anomalies;
pub mod apply_rules;
pub mod attribution;
pub mod audience;
pub mod audit;
mod blocks;
pub mod budget_charts;
pub mod budget_file;
pub mod causes;
pub mod checks;
pub mod collect;
pub mod contacts;
mod dates;
pub mod documents;
pub mod environments;
pub mod evaluate;
mod file_text;
pub mod forecast;
pub mod held;
pub mod import;
pub mod journals;
pub mod kept_days;
pub mod lookup;
pub mod mirror;
pub mod organisation_file;
pub mod overview;
pub mod periods;
pub mod ports;
pub mod rules_file;
pub mod said;
mod settled;
pub mod subscriptions;
pub mod trial;
pub mod view;
