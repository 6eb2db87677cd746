//! The settings of the function, from its environment.

use ledger_core::mirror::Mirror;
use ledger_lambda::config::{Common, ConfigError, Variables};

/// The settings of the function.
///
/// - `TOPIC_ARN`: the SNS topic of alerts, such as
///   `arn:aws:sns:eu-west-1:123456789012:tollbook-alerts`.
/// - `ALARMS_TOPIC_ARN`: that of alarms, whose subscribers are counted; without it they are not.
/// - `PAGE_URL`: the address of the page, such as `https://tollbook.example.com/`, which alerts name.
/// - `MIRROR_BUDGETS`: `true` to mirror budgets into AWS Budgets of the topic's account; `false` by default.
/// - `STACK_NAME`: the name of the stack, which names of mirrored budgets begin with; needed to mirror.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The settings of all functions.
    pub common: Common,
    /// `TOPIC_ARN`.
    pub topic_arn: String,
    /// `ALARMS_TOPIC_ARN`.
    pub alarms_topic_arn: Option<String>,
    /// `PAGE_URL`.
    pub page_url: Option<String>,
    /// The copies of budgets, where they are mirrored.
    pub mirror: Option<Mirror>,
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
        const EXPECTED: &str = "the ARN of an SNS topic";
        let mut variables = Variables::new(&var);
        let common = Common::read(&mut variables);
        let text = variables.text("TOPIC_ARN", EXPECTED);
        let is_topic = |text: &str| {
            let mut parts = text.split(':');
            parts.next() == Some("arn") && parts.nth(1) == Some("sns") && parts.count() == 3
        };
        let arn = |text: &str| is_topic(text).then(|| text.to_owned());
        let topic_arn = variables.optional("TOPIC_ARN", EXPECTED, arn).unwrap_or(text);
        let alarms_topic_arn = variables.optional("ALARMS_TOPIC_ARN", EXPECTED, arn);
        let page = |text: &str| is_page(text).then(|| text.to_owned());
        let page_url = variables.optional("PAGE_URL", "a URL that begins with https://", page);
        let is_mirroring =
            variables.optional("MIRROR_BUDGETS", "`true` or `false`", |it| it.parse().ok());
        let mirror = match is_mirroring {
            Some(true) => {
                Mirror::new(&variables.text("STACK_NAME", "the name of the stack"), &topic_arn)
            }
            _ => None,
        };
        variables.finish(Config { common, topic_arn, alarms_topic_arn, page_url, mirror })
    }
}

/// An address that can be written into a message as it is.
fn is_page(text: &str) -> bool {
    let is_plain = |it: char| it.is_ascii_graphic() && !matches!(it, '<' | '>' | '"' | '`');
    text.starts_with("https://") && text.len() <= 500 && text.chars().all(is_plain)
}
