//! Settings of the function.

use ledger_lambda::config::{Common, ConfigError, Variables};

/// The settings of the function: those of all functions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// `TABLE_NAME`, `LOG_LEVEL` and `TLS_ROOTS`.
    pub common: Common,
}

impl AsRef<Common> for Config {
    fn as_ref(&self) -> &Common {
        &self.common
    }
}

impl Config {
    /// Reads the settings; `var` returns the value of a variable.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] names every setting that is wrong.
    pub fn from_env(var: impl Fn(&str) -> Option<String>) -> Result<Config, ConfigError> {
        let mut variables = Variables::new(&var);
        let common = Common::read(&mut variables);
        variables.finish(Config { common })
    }
}
