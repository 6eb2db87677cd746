//! Stand-ins.

use std::path::PathBuf;

use clap::Subcommand;

/// Stand-ins for AWS services.
#[derive(Debug, Subcommand)]
pub enum StandInCommand {
    /// Cost Explorer, answering from the bill of an export.
    ///
    /// Prints AWS_ENDPOINT_URL_COST_EXPLORER=URL when it is ready: with this variable in the
    /// environment, `tollbook collect`, AWS's own tools and SDKs call it instead of AWS.
    CostExplorer {
        /// Files, or export folders as AWS delivers them; can be given several times.
        #[arg(long, required = true, value_name = "PATH")]
        export: Vec<PathBuf>,
        /// The port on 127.0.0.1; 0 takes a free one.
        #[arg(long, default_value_t = 0)]
        port: u16,
    },
    /// AWS Budgets, which keeps budgets in memory and checks each request against the service's model.
    ///
    /// Prints AWS_ENDPOINT_URL_BUDGETS=URL when it is ready: with this variable in the environment, `tollbook
    /// budget mirror` and `import-aws`, AWS's own tools and SDKs call it instead of AWS. Counts no cost.
    Budgets {
        /// The account whose budgets it has.
        #[arg(long, default_value = "123456789012", value_name = "ACCOUNT")]
        account: String,
        /// The port on 127.0.0.1; 0 takes a free one.
        #[arg(long, default_value_t = 0)]
        port: u16,
    },
    /// S3, serving folders as read-only buckets.
    ///
    /// Prints AWS_ENDPOINT_URL_S3=URL when it is ready.
    S3 {
        /// The folder that holds one folder per bucket.
        #[arg(long, value_name = "DIR")]
        root: PathBuf,
        /// The port on 127.0.0.1; 0 takes a free one.
        #[arg(long, default_value_t = 0)]
        port: u16,
    },
    /// SNS, which keeps published messages in DIR/outbox.jsonl and delivers none.
    ///
    /// Prints AWS_ENDPOINT_URL_SNS=URL when it is ready. Its topic is
    /// arn:aws:sns:us-east-1:123456789012:TOPIC.
    Sns {
        /// The folder of the outbox; created if missing.
        #[arg(long, value_name = "DIR")]
        outbox: PathBuf,
        /// The name of the topic.
        #[arg(long, value_name = "TOPIC", default_value = "tollbook-alerts")]
        topic: String,
        /// The port on 127.0.0.1; 0 takes a free one.
        #[arg(long, default_value_t = 0)]
        port: u16,
    },
}
