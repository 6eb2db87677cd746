//! The columns of a bill and what they mean: one row becomes one line item.

pub(crate) mod amortized;
pub(crate) mod columns;
pub(crate) mod interned;
pub(crate) mod line;
pub(crate) mod names;
pub(crate) mod row;
mod values;
