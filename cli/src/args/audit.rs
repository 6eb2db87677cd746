//! Arguments of `tollbook audit`.

use clap::Subcommand;

/// Who changed what, when and why: rules, budgets, contacts and answers to alerts.
///
/// Each change is kept with an entry that has the hash of the entry before, so that none can be changed, left
/// out or put in without a trace.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// List the changes, oldest first.
    List,
    /// Check that the trail and all documents are as they were written, and print the head of the chain. Exit
    /// code 1: something is not.
    #[command(after_help = "Keep the head somewhere that those who can write the ledger cannot \
                            write, such as a ticket or a mail. A trail that is cut off or \
                            written anew is found by --head alone.")]
    Verify {
        /// A head that was printed before: it has to be in the chain.
        #[arg(long, value_name = "HASH")]
        head: Option<String>,
    },
}
