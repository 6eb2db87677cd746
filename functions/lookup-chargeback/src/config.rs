//! What the function is told by its environment.

/// The settings of the function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The table of the ledger: `TABLE_NAME`.
    pub table_name: String,
}

/// Variables that are not set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingVariables(Vec<&'static str>);

impl std::fmt::Display for MissingVariables {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "environment variables are missing or empty: {}", self.0.join(", "))
    }
}

impl std::error::Error for MissingVariables {}

impl Config {
    /// Reads the settings by way of `var`, which answers with the value of a variable.
    ///
    /// # Errors
    ///
    /// [`MissingVariables`] names all that are missing.
    pub fn from_env(var: impl Fn(&str) -> Option<String>) -> Result<Config, MissingVariables> {
        let mut missing = Vec::new();
        let mut required = |name: &'static str| {
            let value = var(name).filter(|it| !it.trim().is_empty());
            if value.is_none() {
                missing.push(name);
            }
            value.unwrap_or_default()
        };
        let config = Config { table_name: required("TABLE_NAME") };
        if missing.is_empty() { Ok(config) } else { Err(MissingVariables(missing)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named() {
        let missing = Config::from_env(|_| None).unwrap_err();
        assert_eq!(missing.to_string(), "environment variables are missing or empty: TABLE_NAME");
        let config = Config::from_env(|_| Some("ledger".to_owned())).unwrap();
        assert_eq!(config.table_name, "ledger");
    }
}
