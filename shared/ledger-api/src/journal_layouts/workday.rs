//! Workday, accounting journal as CSV.
//!
//! **Source:** `testdata/erp/workday_accounting_journal.csv`.

use ledger_core::journal::{Journal, Part};

use super::LayoutError;
use super::cells::{Rows, code, day, sides, text_of, texts, title};

const TEXT_CHARS: usize = 255;

const COLUMNS: [&str; 31] = [
    "JournalKey",
    "JournalEntryMemo",
    "Submit",
    "CompanyReferenceIDType",
    "CompanyReferenceID",
    "Currency",
    "LedgerType",
    "BookCode",
    "AccountingDate",
    "JournalSource",
    "AdjustmentJournal",
    "BalancingWorktagReferenceIDType",
    "CurrencyRateType",
    "JournalLineOrder",
    "LineCompanyReferenceIDType",
    "LineCompanyReferenceID",
    "LedgerAccountReferenceID_ParentIDType",
    "LedgerAccountReferenceID_ParentID",
    "LedgerAccountReferenceIDType",
    "LedgerAccountReferenceID",
    "LineMemo",
    "DebitAmount",
    "CreditAmount",
    "LineCurrency",
    "LineCurrencyRate",
    "LedgerDebitAmount",
    "LedgerCreditAmount",
    "ExcludeFromSpendReport",
    "Worktag_Cost_Center_Reference_ID",
    "Worktag_Project_ID",
    "Worktag_Spend_Category_ID",
];

/// A draft: a person submits it.
const SUBMIT: &str = "0";

const COMPANY_ID: &str = "Company_Reference_ID";

pub(super) fn file(journals: &[&Journal]) -> Result<Vec<u8>, LayoutError> {
    let mut rows = Rows::new();
    rows.row(COLUMNS)?;
    for journal in journals {
        let texts = texts(journal, TEXT_CHARS);
        for (place, line) in journal.lines.iter().enumerate() {
            rows.row(row(journal, &Part { place, line, amount: line.amount }, &texts))?;
        }
    }
    rows.into_bytes()
}

fn row(journal: &Journal, part: &Part<'_>, texts: &[String]) -> [String; COLUMNS.len()] {
    let (company, currency) = (journal.entity.code.as_str(), journal.currency.as_str());
    let [debit, credit] = sides(part);
    // Amounts of the ledger are known where its currency is; otherwise Workday converts them.
    let is_home = journal.entity.home_currency == Some(journal.currency);
    let of_ledger = |it: &str| if is_home { it.to_owned() } else { String::new() };
    [
        journal.batch_id.clone(),
        title(journal),
        SUBMIT.to_owned(),
        COMPANY_ID.to_owned(),
        company.to_owned(),
        currency.to_owned(),
        "ACTUALS".to_owned(),
        String::new(),
        day(journal.posting_date, "%Y-%m-%d"),
        "Tollbook".to_owned(),
        "0".to_owned(),
        String::new(),
        "Current".to_owned(),
        (part.place + 1).to_string(),
        COMPANY_ID.to_owned(),
        company.to_owned(),
        "Account_Set_ID".to_owned(),
        "Standard".to_owned(),
        "Ledger_Account_ID".to_owned(),
        part.line.account.to_string(),
        text_of(texts, part).to_owned(),
        debit.clone(),
        credit.clone(),
        currency.to_owned(),
        of_ledger("1"),
        of_ledger(&debit),
        of_ledger(&credit),
        "0".to_owned(),
        code(&part.line.cost_centre).to_owned(),
        String::new(),
        String::new(),
    ]
}
