//! Codes of entities, cost centres and accounts.

use std::fmt;
use std::sync::Arc;

/// The most characters that a code has in any of the systems that post it.
const CHARS_MAX: usize = 25;

/// A code of the user's ERP, such as `1000` or `CC-4100`.
///
/// - **Shape:** up to 25 ASCII letters, digits, `.`, `_` and `-`, with a letter or digit in front: no
///   spreadsheet runs it, and it is never cut.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(Arc<str>);

impl Code {
    /// Reads a code.
    ///
    /// # Errors
    ///
    /// [`CodeError`].
    ///
    /// ```
    /// use ledger_core::organisation::Code;
    ///
    /// assert_eq!(Code::parse("CC-4100").unwrap().as_str(), "CC-4100");
    /// assert!(Code::parse("-4100").is_err());
    /// ```
    pub fn parse(text: &str) -> Result<Code, CodeError> {
        let is_char = |it: char| it.is_ascii_alphanumeric() || matches!(it, '.' | '_' | '-');
        let is_code = text.starts_with(|it: char| it.is_ascii_alphanumeric())
            && text.len() <= CHARS_MAX
            && text.chars().all(is_char);
        match is_code {
            true => Ok(Code(text.into())),
            false => Err(CodeError(text.chars().take(40).collect())),
        }
    }

    /// The code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that is no code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a code; expected up to 25 letters, digits, `.`, `_` and `-`, with a letter or digit in \
     front"
)]
pub struct CodeError(String);
