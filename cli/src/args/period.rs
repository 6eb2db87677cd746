//! Arguments about periods.

use clap::{Args, Subcommand};
use jiff::civil::Date;

use super::{CostKindArg, SaidArgs};

/// Months of the legal entities that pay bills, from accrual to closing.
#[derive(Debug, Subcommand)]
#[command(after_help = "\
A month, by the business days after it:
  tollbook period accrue --period 2026-10             # day 1 to 3: what is billed and what is still expected
  tollbook period status --period 2026-10             # what is still against closing it, and who can mend it
  tollbook period close --period 2026-10 --invoices USD=12345.67
  tollbook journal export --period 2026-10 --layout sap --out journals
  tollbook period finalise --period 2026-10           # when no change is expected any more")]
pub enum PeriodCommand {
    /// The periods and how far each is; with --period the checks before it is closed.
    Status(StatusArgs),
    /// Post what a month is expected to cost: what is billed so far, and a forecast of what is missing.
    ///
    /// Each consumer's cost centre and account are debited, the `accrual_account` of its entity is credited.
    /// Closing the month takes it back.
    Accrue(AccrueArgs),
    /// Close a month: its statements and journals stay as they are from then on.
    ///
    /// All checks of `period status` must hold; some can be waived with a reason, which is kept. The accrual is
    /// taken back. Where the cost of a month that was closed before has changed, the difference is posted as
    /// an adjustment of that month.
    Close(CloseArgs),
    /// Make a closed month final, for good: refused while its cost in the ledger is not what was booked.
    Finalise(FinaliseArgs),
}

/// The month and its entity.
#[derive(Args, Debug)]
pub struct PeriodArgs {
    /// The month, such as 2026-10.
    #[arg(long, value_name = "MONTH")]
    pub period: String,
    /// The entity that pays the bills, by its code; not needed where there is one.
    #[arg(long, value_name = "ENTITY")]
    pub entity: Option<String>,
}

/// The date and the kind of cost that is posted.
#[derive(Args, Debug)]
pub struct PostingArgs {
    /// The posting date; by default the last day of the month.
    #[arg(long, value_name = "DATE")]
    pub date: Option<Date>,
    /// The cost centre of charges that no rule gives an owner, and of owners without a cost centre;
    /// without it they are refused.
    #[arg(long, value_name = "COST_CENTRE")]
    pub unattributed_to: Option<String>,
    /// The cost kind to post.
    #[arg(long, value_enum, default_value_t, value_name = "KIND")]
    pub cost_kind: CostKindArg,
}

/// The terms of closing.
#[derive(Args, Debug)]
pub struct TermsArgs {
    /// The total of the invoices of the month in a currency; once for each currency.
    #[arg(long, value_name = "CURRENCY=TOTAL")]
    pub invoices: Vec<String>,
    /// How far the bills may be from the invoices, in units of the currency.
    #[arg(long, default_value = "0.01", value_name = "AMOUNT")]
    pub tolerance: String,
    /// The share of the cost that may have no owner, in percent.
    #[arg(long, default_value = "1", value_name = "PERCENT")]
    pub unattributed_below: String,
    /// A check to close in spite of; needs --reason. Once for each.
    #[arg(long, value_name = "CHECK")]
    pub waive: Vec<String>,
}

/// The periods to show.
#[derive(Args, Debug)]
pub struct StatusArgs {
    /// Only this month, with its checks.
    #[arg(long, value_name = "MONTH")]
    pub period: Option<String>,
    /// Only this entity.
    #[arg(long, value_name = "ENTITY")]
    pub entity: Option<String>,
    #[command(flatten)]
    pub posting: PostingArgs,
    #[command(flatten)]
    pub terms: TermsArgs,
}

/// The accrual to post.
#[derive(Args, Debug)]
pub struct AccrueArgs {
    #[command(flatten)]
    pub of: PeriodArgs,
    #[command(flatten)]
    pub posting: PostingArgs,
    #[command(flatten)]
    pub said: SaidArgs,
}

/// The month to close.
#[derive(Args, Debug)]
pub struct CloseArgs {
    #[command(flatten)]
    pub of: PeriodArgs,
    #[command(flatten)]
    pub posting: PostingArgs,
    #[command(flatten)]
    pub terms: TermsArgs,
    #[command(flatten)]
    pub said: SaidArgs,
}

/// The month to make final.
#[derive(Args, Debug)]
pub struct FinaliseArgs {
    #[command(flatten)]
    pub of: PeriodArgs,
    #[command(flatten)]
    pub said: SaidArgs,
}
