//! Arguments about the organisation and its journals.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use ledger_api::journal_layouts::Layout;

use super::{PostingArgs, SaidArgs};

/// Legal entities, cost centres and accounts: where costs are posted.
#[derive(Debug, Subcommand)]
#[command(after_help = "\
organisation.toml:
  paying_entity = \"1000\"              # pays for the bills of all payers but these
  [payers]
  \"210987654321\" = \"2000\"

  [[entity]]                          # a company with books of its own
  code = \"1000\"
  name = \"Contoso US\"
  home_currency = \"USD\"
  recovery_account = \"650190\"         # credited when consumers are charged
  recovery_cost_centre = \"9000\"
  receivable_account = \"140100\"       # claims on other entities
  payable_account = \"210100\"          # debts to other entities
  rounding_account = \"650199\"
  mark_up_percent = \"5\"               # on what other entities are charged

  [[cost_centre]]
  code = \"4100\"
  name = \"Search\"
  entity = \"1000\"
  owners = [\"search\"]                 # as rules name them
  aliases = [\"CC-4100\"]               # as rules write this cost centre
  valid_to = 2026-12-31

  [[account]]                         # all accounts, those of entities too
  code = \"650120\"
  name = \"AI services\"

  [[posting]]                         # the first that matches is the account of a charge
  when = { provider = \"aws\", line_type = [\"Credit\", \"Refund*\"] }
  account = \"650121\"

  [[posting]]
  account = \"650120\"")]
pub enum OrganisationCommand {
    /// Apply an organisation file as the next version.
    Apply {
        /// The file, such as organisation.toml.
        file: PathBuf,
        /// Check it and say what would change, without applying it.
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        said: SaidArgs,
    },
    /// The entities, cost centres, accounts and postings that are applied.
    Show,
}

/// Journals of a month for an ERP.
#[derive(Debug, Subcommand)]
pub enum JournalCommand {
    /// Export the charges of a month as balanced journals, one for each legal entity and currency.
    ///
    /// The cost centre of each charge is the one that rules set, or else the one whose `owners` name the
    /// owner; its account is that of the first posting that matches. The entity that paid the bill is
    /// credited on its recovery account, and between entities there are a receivable, a payable and the
    /// mark-up. Amounts are rounded once, so that they add up; the same request gives the same bytes.
    ///
    /// Of a month that is closed these are the journals that were posted, with the same bytes for ever; of one that is
    /// not they are what the ledger says now.
    ///
    /// Charges without owner, cost centre or account, and cost centres and accounts that are not valid on
    /// the posting date, are refused with their money before anything is written.
    #[command(
        after_help = "Examples:\n  tollbook journal export --period 2026-10 --layout csv\n  tollbook journal \
                      export --period 2026-10 --layout sap --out journals --unattributed-to 9999"
    )]
    Export(JournalArgs),
}

/// The journals to export.
#[derive(Args, Debug)]
pub struct JournalArgs {
    /// The month, such as 2026-10.
    #[arg(long, value_name = "MONTH")]
    pub period: String,
    /// The form of the files.
    #[arg(long, value_enum)]
    pub layout: LayoutArg,
    /// The folder to write to; without it one file goes to standard output.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Only the bills that this entity pays, by its code.
    #[arg(long, value_name = "ENTITY")]
    pub entity: Option<String>,
    /// The accrual of the month in place of its charges.
    #[arg(long)]
    pub accrual: bool,
    #[command(flatten)]
    pub posting: PostingArgs,
}

/// The form of files of journals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "lower")]
pub enum LayoutArg {
    /// Tollbook's own, with the charges behind each line; a file for each journal.
    Json,
    /// One CSV for any system.
    Csv,
    /// SAP S/4HANA, app F2548; entries of at most 999 lines.
    Sap,
    /// Oracle Fusion, GlInterface.csv of release 24D; a file for each journal.
    Oracle,
    /// NetSuite; dates as MM/DD/YYYY, entries of at most 1,000 lines.
    NetSuite,
    /// Workday, as drafts.
    Workday,
    /// Dynamics 365 Finance; vouchers of at most 10 lines, a file for each journal.
    D365,
}

impl From<LayoutArg> for Layout {
    fn from(arg: LayoutArg) -> Layout {
        match arg {
            LayoutArg::Json => Layout::Json,
            LayoutArg::Csv => Layout::Csv,
            LayoutArg::Sap => Layout::Sap,
            LayoutArg::Oracle => Layout::Oracle,
            LayoutArg::NetSuite => Layout::NetSuite,
            LayoutArg::Workday => Layout::Workday,
            LayoutArg::D365 => Layout::D365,
        }
    }
}
