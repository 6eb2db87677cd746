//! Arguments about who hears of alerts.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use ledger_app::said::Said;

/// Who hears of alerts: contacts, subscriptions of the topic, and a trial.
#[derive(Debug, Subcommand)]
#[command(after_help = "\
contacts.toml:
  fallback = \"finops\"             # gets what is for names without a contact
  escalate_after_hours = 24       # then an alert that nobody acknowledged goes on
  messages_per_day = 20           # more of a day come in digests
  anomalies_from = 50             # anomalies of so many dollars a day are alerts too

  [[contact]]
  name = \"search\"                 # as budgets and rules name it
  mail = [\"search@example.com\"]   # and https, sqs, lambda
  escalate_to = \"finops\"
  weekly = true                   # a digest of each week
  statements = true               # a message when a month's statement is ready

  [[contact]]
  name = \"finops\"
  mail = [\"finops@example.com\"]")]
pub enum NotifyCommand {
    /// Apply a contacts file as the next version.
    Apply {
        /// The file, such as contacts.toml.
        file: PathBuf,
        #[command(flatten)]
        said: SaidArgs,
    },
    /// The contacts, and whether each is reached.
    List(TopicArgs),
    /// Make the subscriptions of the topic as the contacts say. A mail address is asked to confirm first.
    ///
    /// What is as it should be is left alone, and so are subscriptions that no contact names.
    Subscribe {
        #[command(flatten)]
        topic: TopicArgs,
        /// Say what would be done.
        #[arg(long)]
        dry_run: bool,
    },
    /// Send a message of trial to a name, and say which subscriptions get it. Exit code 1: none does.
    Test {
        /// The name of an owner, a deputy or another contact.
        name: String,
        #[command(flatten)]
        topic: TopicArgs,
    },
}

/// The topic of alerts.
#[derive(Debug, Args)]
pub struct TopicArgs {
    /// The ARN of the topic of alerts: the output AlertsTopicArn of the stack. Not needed for a ledger in a
    /// folder, whose messages stay in its outbox.
    #[arg(long, env = "TOLLBOOK_TOPIC", value_name = "ARN")]
    pub topic: Option<String>,
}

/// Who says something, and why: kept in the audit trail.
#[derive(Debug, Args)]
pub struct SaidArgs {
    /// Who says so.
    #[arg(long, env = "USER", default_value = "unknown")]
    pub by: String,
    /// Why.
    #[arg(long, default_value = "")]
    pub reason: String,
}

impl SaidArgs {
    /// The words, said now and checked.
    pub fn said(&self) -> anyhow::Result<Said<'_>> {
        let said = Said { by: &self.by, reason: &self.reason, at: jiff::Timestamp::now() };
        said.check_by().map_err(anyhow::Error::msg)?;
        Ok(said)
    }
}
