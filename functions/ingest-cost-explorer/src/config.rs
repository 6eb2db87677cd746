//! Settings of the function, from its environment variables.

use ledger_lambda::config::{Common, ConfigError, Variables};

/// The tag that IAM principals carry as their team.
const TAG_KEY: &str = "iamPrincipal/team";

/// Largest number of requests: more are a mistake, since these already cost 100 USD at 0.01 USD
/// each.
const REQUESTS_MAX: u64 = 10_000;

/// The settings of the function.
///
/// - `TAG_KEYS`: cost allocation tag keys as AWS spells them, separated by commas; by default
///   `iamPrincipal/team`. The first fills the ledger; each further one is another view of the same
///   costs.
/// - `MAX_REQUESTS_PER_RUN`, `MAX_REQUESTS_PER_DAY`: from 1 to 10000; by default 50 each.
/// - `PAYER_ACCOUNT`, optional: twelve digits, to match the collected costs with the payer's bills.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Settings that all functions share.
    pub common: Common,
    /// `TAG_KEYS`.
    pub tag_keys: Vec<String>,
    /// `MAX_REQUESTS_PER_RUN`.
    pub max_requests_per_run: u32,
    /// `MAX_REQUESTS_PER_DAY`.
    pub max_requests_per_day: u64,
    /// `PAYER_ACCOUNT`.
    pub payer: Option<String>,
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
        let common = Common::read(&mut variables);
        let keys = |text: &str| {
            let keys: Vec<String> = text.split(',').map(|it| it.trim().to_owned()).collect();
            keys.iter().all(|it| !it.is_empty()).then_some(keys)
        };
        let tag_keys = variables
            .optional("TAG_KEYS", "tag keys such as `iamPrincipal/team`, separated by commas", keys)
            .unwrap_or_else(|| vec![TAG_KEY.to_owned()]);
        let per_run = variables.number("MAX_REQUESTS_PER_RUN", Some(50), 1..=REQUESTS_MAX);
        let per_day = variables.number("MAX_REQUESTS_PER_DAY", Some(50), 1..=REQUESTS_MAX);
        let account = |text: &str| {
            let is_account = text.len() == 12 && text.bytes().all(|it| it.is_ascii_digit());
            is_account.then(|| text.to_owned())
        };
        let payer = variables.optional("PAYER_ACCOUNT", "an account id of twelve digits", account);
        variables.finish(Config {
            common,
            tag_keys,
            max_requests_per_run: u32::try_from(per_run).unwrap_or(u32::MAX),
            max_requests_per_day: per_day,
            payer,
        })
    }
}
