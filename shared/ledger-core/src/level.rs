//! How much of a rollup a question needs.

/// How much of a rollup a question needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Sums without [`crate::fact::DetailKey`]: few rows, cheap to read.
    Summary,
    /// Everything.
    Detail,
}
