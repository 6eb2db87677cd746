//! Budgets in AWS Budgets.

use clap::Args;

/// Where budgets are mirrored to.
#[derive(Args, Debug)]
pub struct MirrorArgs {
    /// The topic that copies notify; they are made in its account. Its policy lets budgets.amazonaws.com publish.
    #[arg(long, value_name = "ARN", env = "TOLLBOOK_TOPIC")]
    pub topic: String,
    /// The stack that copies belong to: their names begin with it, and their tag tollbook:stack has it.
    #[arg(long, value_name = "NAME", default_value = "tollbook")]
    pub stack: String,
    /// Remove all copies of the stack, as before it is deleted. The budgets of the ledger stay.
    #[arg(long)]
    pub remove: bool,
    /// Show what would be created, updated and removed, and why a budget is not mirrored, without a change.
    #[arg(long)]
    pub dry_run: bool,
}

/// The budgets to print.
#[derive(Args, Debug)]
pub struct ImportAwsArgs {
    /// The account that has them.
    #[arg(long, value_name = "ACCOUNT")]
    pub account: String,
    /// The owner of each, who is alerted.
    #[arg(long, value_name = "NAME")]
    pub owner: String,
}
