//! Settings from environment variables, read once at cold start.
//!
//! A function has its own `Config` with a [`Common`] in it. [`Variables`] keeps reading after the
//! first problem, so that one message names them all.
//!
//! ```
//! use ledger_lambda::config::{Common, ConfigError, Variables};
//!
//! fn read(var: impl Fn(&str) -> Option<String>) -> Result<(Common, u64), ConfigError> {
//!     let mut variables = Variables::new(&var);
//!     let common = Common::read(&mut variables);
//!     let bytes_max = variables.number("MAX_EXPORT_BYTES", None, 1..=u64::MAX);
//!     variables.finish((common, bytes_max))
//! }
//!
//! let problem = read(|_| None).unwrap_err().to_string();
//! assert!(problem.contains("`TABLE_NAME` is missing") && problem.contains("`MAX_EXPORT_BYTES`"));
//! ```

use std::fmt;
use std::ops::RangeInclusive;

use ledger_aws::connect::Roots;
use tracing_subscriber::filter::LevelFilter;

use crate::logging::DEFAULT_LEVEL;

/// Characters of a wrong value that a message repeats.
const VALUE_CHARS_MAX: usize = 60;

/// A variable of this process.
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Settings that all functions share.
///
/// - `TABLE_NAME`: the table of the ledger.
/// - `LOG_LEVEL`, optional: `error`, `warn`, `info` (the default), `debug` or `trace`.
/// - `TLS_ROOTS`, optional: `amazon` (the default) trusts the certificate authorities of AWS alone;
///   `system` those of the system, for proxies that inspect TLS and for endpoints with certificates
///   of a private authority.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Common {
    /// The table of the ledger.
    pub table_name: String,
    /// The log level of our own crates.
    pub log_level: LevelFilter,
    /// Which certificate authorities are trusted.
    pub roots: Roots,
}

impl Common {
    /// Reads the settings that all functions share.
    pub fn read(variables: &mut Variables<'_>) -> Common {
        let level = |text: &str| {
            let is_level = ["error", "warn", "info", "debug", "trace"].contains(&text);
            text.parse().ok().filter(|_| is_level)
        };
        let roots = |text: &str| match text {
            "amazon" => Some(Roots::Amazon),
            "system" => Some(Roots::System),
            _ => None,
        };
        let levels = "error, warn, info, debug or trace";
        Common {
            table_name: variables.text("TABLE_NAME", "the name of the ledger's table"),
            log_level: variables
                .optional("LOG_LEVEL", levels, |it| level(&it.to_ascii_lowercase()))
                .unwrap_or(DEFAULT_LEVEL),
            roots: variables.optional("TLS_ROOTS", "amazon or system", roots).unwrap_or_default(),
        }
    }
}

/// Reads variables and collects their problems.
pub struct Variables<'a> {
    var: &'a dyn Fn(&str) -> Option<String>,
    problems: Vec<String>,
}

impl<'a> Variables<'a> {
    /// Reads through `var`, which returns the value of a variable.
    pub fn new(var: &'a dyn Fn(&str) -> Option<String>) -> Variables<'a> {
        Variables { var, problems: Vec::new() }
    }

    /// The settings, or every problem of the variables they were read from.
    ///
    /// # Errors
    ///
    /// [`ConfigError`].
    pub fn finish<T>(self, settings: T) -> Result<T, ConfigError> {
        if self.problems.is_empty() { Ok(settings) } else { Err(ConfigError(self.problems)) }
    }

    /// A required text. `expected` ends the sentence "expected …".
    pub fn text(&mut self, name: &str, expected: &str) -> String {
        self.given(name).unwrap_or_else(|| {
            self.missing(name, expected);
            String::new()
        })
    }

    /// An optional value; `None` if missing or empty, or if invalid, which is noted as a problem.
    pub fn optional<T>(
        &mut self,
        name: &str,
        expected: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let text = self.given(name)?;
        let value = parse(text.trim());
        if value.is_none() {
            let text: String = text.chars().take(VALUE_CHARS_MAX).collect();
            self.problems.push(format!("`{name}` is `{text}`; expected {expected}"));
        }
        value
    }

    /// A whole number in a range; required if it has no default.
    pub fn number(&mut self, name: &str, default: Option<u64>, range: RangeInclusive<u64>) -> u64 {
        let expected = format!("a whole number from {} to {}", range.start(), range.end());
        if default.is_none() && self.given(name).is_none() {
            self.missing(name, &expected);
        }
        let parse = |text: &str| text.parse().ok().filter(|it| range.contains(it));
        self.optional(name, &expected, parse).or(default).unwrap_or_default()
    }

    fn given(&self, name: &str) -> Option<String> {
        (self.var)(name).filter(|it| !it.trim().is_empty())
    }

    fn missing(&mut self, name: &str, expected: &str) {
        self.problems.push(format!("`{name}` is missing or empty; expected {expected}"));
    }
}

/// Every problem of the environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError(Vec<String>);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "environment variables: {}", self.0.join("; "))
    }
}

impl std::error::Error for ConfigError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(set: &[(&str, &str)]) -> Result<(Common, u64, u64), String> {
        let var = |name: &str| {
            let found = set.iter().find(|(it, _)| *it == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let mut variables = Variables::new(&var);
        let common = Common::read(&mut variables);
        let needed = variables.number("NEEDED", None, 1..=9);
        let preset = variables.number("PRESET", Some(5), 1..=9);
        variables.finish((common, needed, preset)).map_err(|err| err.to_string())
    }

    #[test]
    fn what_is_not_said_has_its_default() {
        let (common, needed, preset) = read(&[("TABLE_NAME", "ledger"), ("NEEDED", "3")]).unwrap();
        assert_eq!(common.table_name, "ledger");
        assert_eq!(common.log_level, LevelFilter::INFO);
        assert_eq!(common.roots, Roots::Amazon);
        assert_eq!((needed, preset), (3, 5));
    }

    #[test]
    fn what_is_said_counts() {
        let set = [
            ("TABLE_NAME", "ledger"),
            ("LOG_LEVEL", "DEBUG"),
            ("TLS_ROOTS", "system"),
            ("NEEDED", "9"),
            ("PRESET", " 1 "),
        ];
        let (common, needed, preset) = read(&set).unwrap();
        assert_eq!(common.log_level, LevelFilter::DEBUG);
        assert_eq!(common.roots, Roots::System);
        assert_eq!((needed, preset), (9, 1));
    }

    #[test]
    fn all_that_is_wrong_is_named_at_once() {
        let set =
            [("TABLE_NAME", " "), ("LOG_LEVEL", "off"), ("TLS_ROOTS", "none"), ("PRESET", "0")];
        assert_eq!(
            read(&set).unwrap_err(),
            "environment variables: `TABLE_NAME` is missing or empty; expected the name of the \
             ledger's table; `LOG_LEVEL` is `off`; expected error, warn, info, debug or trace; \
             `TLS_ROOTS` is `none`; expected amazon or system; `NEEDED` is missing or empty; \
             expected a whole number from 1 to 9; `PRESET` is `0`; expected a whole number from 1 \
             to 9"
        );
    }
}
