//! Settings of the function, from its environment variables.

use ledger_lambda::config::{Common, ConfigError, Variables};

/// The settings of the function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// `TABLE_NAME`, `LOG_LEVEL` and `TLS_ROOTS`.
    pub common: Common,
    /// The bucket that the export is delivered to: `EXPORT_BUCKET`.
    pub export_bucket: String,
    /// The folder of the export in the bucket: `EXPORT_PREFIX`, which may be empty. Manifests
    /// outside it are ignored.
    ///
    /// - **Shape:** without a slash at either end.
    pub export_prefix: String,
    /// The exports whose deliveries are imported: `EXPORT_NAMES`, with commas. Empty means the one that the
    /// ledger was fed by first.
    pub export_names: Vec<String>,
    /// Largest total size of one delivery's data files, in bytes, that the function reads itself:
    /// `MAX_EXPORT_BYTES`, from 1.
    pub export_bytes_max: u64,
    /// The Athena table for larger deliveries; without it they are refused.
    pub athena: Option<AthenaTable>,
}

/// The table of the export in Athena.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AthenaTable {
    /// Its database: `ATHENA_DATABASE`. Without one Athena is not used.
    pub database: String,
    /// Its name: `ATHENA_TABLE`.
    pub table: String,
    /// The workgroup of the queries: `ATHENA_WORKGROUP`.
    pub workgroup: String,
}

impl AthenaTable {
    fn read(variables: &mut Variables<'_>) -> Option<AthenaTable> {
        let text = |text: &str| Some(text.to_owned());
        Some(AthenaTable {
            database: variables.optional("ATHENA_DATABASE", "a database of Athena", text)?,
            table: variables.text("ATHENA_TABLE", "the table of the export in Athena"),
            workgroup: variables.text("ATHENA_WORKGROUP", "a workgroup of Athena"),
        })
    }
}

impl AsRef<Common> for Config {
    fn as_ref(&self) -> &Common {
        &self.common
    }
}

impl Config {
    /// Reads the settings through `var`, which returns the value of a variable.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] names every problem.
    pub fn from_env(var: impl Fn(&str) -> Option<String>) -> Result<Config, ConfigError> {
        let mut variables = Variables::new(&var);
        let folder = |text: &str| Some(text.trim_matches('/').to_owned());
        let names = |text: &str| {
            let names = text.split(',').map(str::trim).filter(|it| !it.is_empty());
            Some(names.map(str::to_owned).collect())
        };
        let config = Config {
            common: Common::read(&mut variables),
            export_bucket: variables.text("EXPORT_BUCKET", "the bucket of the export"),
            export_prefix: variables
                .optional("EXPORT_PREFIX", "a folder in the bucket", folder)
                .unwrap_or_default(),
            export_names: variables
                .optional("EXPORT_NAMES", "names of exports with commas", names)
                .unwrap_or_default(),
            export_bytes_max: variables.number("MAX_EXPORT_BYTES", None, 1..=u64::MAX),
            athena: AthenaTable::read(&mut variables),
        };
        variables.finish(config)
    }

    /// Whether a key lies in the folder of the export.
    pub fn covers(&self, key: &str) -> bool {
        let rest = key.strip_prefix(&*self.export_prefix);
        self.export_prefix.is_empty() || rest.is_some_and(|it| it.starts_with('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(set: &[(&str, &str)]) -> Result<Config, String> {
        let var = |name: &str| {
            let found = set.iter().find(|(it, _)| *it == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        Config::from_env(var).map_err(|err| err.to_string())
    }

    #[test]
    fn all_that_is_missing_is_named() {
        assert_eq!(
            read(&[]).unwrap_err(),
            "environment variables: `TABLE_NAME` is missing or empty; expected the name of the \
             ledger's table; `EXPORT_BUCKET` is missing or empty; expected the bucket of the \
             export; `MAX_EXPORT_BYTES` is missing or empty; expected a whole number from 1 to \
             18446744073709551615"
        );
    }

    #[test]
    fn an_athena_database_needs_a_table_and_a_workgroup() {
        let bill =
            [("TABLE_NAME", "ledger"), ("EXPORT_BUCKET", "bills"), ("MAX_EXPORT_BYTES", "1000")];
        let with = |more: &[(&str, &str)]| read(&[&bill, more].concat());
        for off in [&[][..], &[("ATHENA_DATABASE", ""), ("ATHENA_TABLE", "cur2")]] {
            assert_eq!(with(off).unwrap().athena, None);
        }
        assert_eq!(
            with(&[("ATHENA_DATABASE", "billing")]).unwrap_err(),
            "environment variables: `ATHENA_TABLE` is missing or empty; expected the table of the \
             export in Athena; `ATHENA_WORKGROUP` is missing or empty; expected a workgroup of \
             Athena"
        );
        let on = [
            ("ATHENA_DATABASE", "billing"),
            ("ATHENA_TABLE", "cur2"),
            ("ATHENA_WORKGROUP", "primary"),
        ];
        let [database, table, workgroup] = on.map(|(_, value)| value.to_owned());
        assert_eq!(with(&on).unwrap().athena, Some(AthenaTable { database, table, workgroup }));
    }

    #[test]
    fn names_of_exports_stand_between_commas() {
        let with = |names| {
            let set = [
                ("TABLE_NAME", "ledger"),
                ("EXPORT_BUCKET", "bills"),
                ("EXPORT_NAMES", names),
                ("MAX_EXPORT_BYTES", "1000"),
            ];
            read(&set).unwrap().export_names
        };
        assert_eq!(with("bills"), ["bills"]);
        assert_eq!(with(" bills, more ,"), ["bills", "more"]);
        assert!(with("").is_empty());
    }

    #[test]
    fn a_prefix_is_a_folder_and_not_the_start_of_a_name() {
        let with = |prefix| {
            let set = [
                ("TABLE_NAME", "ledger"),
                ("EXPORT_BUCKET", "bills"),
                ("EXPORT_PREFIX", prefix),
                ("MAX_EXPORT_BYTES", "1000"),
            ];
            read(&set).unwrap()
        };
        for prefix in ["exports", "exports/", "/exports/"] {
            assert!(with(prefix).covers("exports/a-Manifest.json"), "{prefix}");
            assert!(!with(prefix).covers("exports-2/a-Manifest.json"), "{prefix}");
        }
        assert!(with("").covers("a-Manifest.json"));
    }
}
