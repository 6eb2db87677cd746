//! The columns of a bill and what they mean: one row becomes one line item.

mod account;
pub(crate) mod amortized;
pub(crate) mod codes;
pub(crate) mod columns;
pub(crate) mod faults;
pub(crate) mod interned;
pub(crate) mod line;
mod map_text;
pub(crate) mod names;
mod other_tokens;
mod product;
pub(crate) mod row;
mod values;
