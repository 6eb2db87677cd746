//! SAP S/4HANA, app F2548 "Upload General Journal Entries".
//!
//! **Source:** the template of the app, as in `testdata/erp/sap_upload_general_journal_entry.csv`: technical
//! names above labels, which name the length of each field; one block for each journal entry.

use ledger_core::journal::{Journal, Part, documents};

use super::cells::{Rows, Rule, code, day, sides, text_of, texts};
use super::{LayoutError, System};

/// An entry has at most 999 lines.
const LINES_MAX: usize = 999;

const COMPANY_CHARS: usize = 4;
const ACCOUNT_CHARS: usize = 10;
const COST_CENTRE_CHARS: usize = 10;
const TAX_CODE_CHARS: usize = 2;
const TEXT_CHARS: usize = 50;

const START: [&str; 4] = [
    "Upload General Journal Entry",
    "// To add field columns to the template, please add technical names.",
    "// For a complete list of field columns and their technical names, choose ? in the right upper corner \
     of the app screen and then view the Browse entry of web assistance.",
    "Batch ID",
];

const HEADER: [[&str; 8]; 2] = [
    ["", "BUKRS", "BLART", "BLDAT", "BUDAT", "MONAT", "BKTXT", "WAERS"],
    [
        "",
        "*Company Code (4)",
        "*Journal Entry Type (2)",
        "*Journal Entry Date",
        "*Posting Date",
        "Fiscal period (2)",
        "Document Header Text (25)",
        "*Transaction Currency (5)",
    ],
];

const LINES: [[&str; 12]; 2] = [
    [
        "", "BUKRS", "HKONT", "SGTXT", "WRSOL", "WRHAB", "MWSKZ", "KOSTL", "PRCTR", "SEGMENT",
        "FKBER", "VBUND",
    ],
    [
        "",
        "Company Code (4)",
        "G/L Account (10)",
        "Item Text (50)",
        "Debit",
        "Credit",
        "Tax Code (2)",
        "Cost Center (10)",
        "Profit Center (10)",
        "Segment for Segmental Reporting (10)",
        "Functional Area (16)",
        "Trading Partner (6)",
    ],
];

/// A general-ledger entry.
const ENTRY_TYPE: &str = "SA";

pub(super) fn file(journals: &[&Journal]) -> Result<Vec<u8>, LayoutError> {
    let mut bytes = Vec::new();
    let mut start = Rows::new();
    START.iter().try_for_each(|it| start.row([it]))?;
    bytes.extend(start.into_bytes()?);
    bytes.push(b'\n');
    let mut number = 0_u32;
    for journal in journals {
        let texts = texts(journal, TEXT_CHARS);
        for document in documents(journal, LINES_MAX)? {
            number += 1;
            bytes.push(b'\n');
            entry(journal, &document, &texts, number, &mut bytes)?;
        }
    }
    Ok(bytes)
}

fn entry(
    journal: &Journal,
    document: &[Part<'_>],
    texts: &[String],
    number: u32,
    bytes: &mut Vec<u8>,
) -> Result<(), LayoutError> {
    let company = journal.entity.code.as_str();
    let date = day(journal.posting_date, "%Y%m%d");
    let mut header = Rows::new();
    header.row([&number.to_string(), "Header"])?;
    HEADER.iter().try_for_each(|it| header.row(it))?;
    header.row([
        "",
        company,
        ENTRY_TYPE,
        &date,
        &date,
        &day(journal.posting_date, "%m"),
        // All of its 25 characters.
        &format!("AI {} {}", journal.period, journal.batch_id),
        journal.currency.as_str(),
    ])?;
    bytes.extend(header.into_bytes()?);
    bytes.push(b'\n');
    let mut lines = Rows::new();
    lines.row(["", "Line Items"])?;
    lines.row(["", "", "", "", "Transaction Currency"])?;
    LINES.iter().try_for_each(|it| lines.row(it))?;
    for part in document {
        let rule = Rule { system: System::Sap, journal, place: part.place };
        let (cost_centre, tax_code) = (code(&part.line.cost_centre), code(&part.line.tax_code));
        let account = part.line.account.as_str();
        rule.check_length("company codes", company, COMPANY_CHARS)?;
        rule.check_length("accounts", account, ACCOUNT_CHARS)?;
        rule.check_length("cost centres", cost_centre, COST_CENTRE_CHARS)?;
        rule.check_length("tax codes", tax_code, TAX_CODE_CHARS)?;
        let [debit, credit] = sides(part);
        lines.row([
            "",
            company,
            &padded(account, ACCOUNT_CHARS),
            text_of(texts, part),
            &debit,
            &credit,
            tax_code,
            &padded(cost_centre, COST_CENTRE_CHARS),
            "",
            "",
            "",
            // A company code has fewer characters than a trading partner.
            code(&part.line.counterpart),
        ])?;
    }
    bytes.extend(lines.into_bytes()?);
    Ok(())
}

/// A code of digits alone has zeros in front, up to its length.
fn padded(code: &str, chars: usize) -> String {
    let is_number = !code.is_empty() && code.bytes().all(|it| it.is_ascii_digit());
    if is_number { format!("{code:0>chars$}") } else { code.to_owned() }
}
