//! The settings that the function reads from its environment.

use ledger_lambda::config::{Common, ConfigError, Variables};

/// The settings of the function: those of all functions, and none of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The settings of all functions.
    pub common: Common,
}

impl AsRef<Common> for Config {
    fn as_ref(&self) -> &Common {
        &self.common
    }
}

impl Config {
    /// Reads the settings by way of `var`, which answers with the value of a variable.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] names all that is wrong.
    pub fn from_env(var: impl Fn(&str) -> Option<String>) -> Result<Config, ConfigError> {
        let mut variables = Variables::new(&var);
        let common = Common::read(&mut variables);
        variables.finish(Config { common })
    }
}
