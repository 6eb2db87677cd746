//! Whether an error may pass.

use std::error::Error;

use ledger_core::money::MoneyError;

/// An error that knows whether trying again may help.
///
/// Functions ask it to decide between failing the invocation, so that it is repeated, and recording
/// the failure; the API asks it to decide between `503` and `500`.
pub trait Retryable: Error + 'static {
    /// Whether trying again may help.
    fn is_retryable(&self) -> bool;
}

/// The same amounts add up to the same error.
impl Retryable for MoneyError {
    fn is_retryable(&self) -> bool {
        false
    }
}
