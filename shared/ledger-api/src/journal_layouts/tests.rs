//! Each layout is read back and compared with the journal, and its columns with those of a real file.

use std::collections::BTreeMap;

use jiff::civil::date;
use ledger_app::organisation_file::parse_organisation;
use ledger_core::bill::Status;
use ledger_core::charges::{Charge, ChargeKey, Charges};
use ledger_core::cost::CostKind;
use ledger_core::currency::Currency;
use ledger_core::journal::{Journal, JournalRequest, journals};
use ledger_core::money::Money;
use ledger_core::owner::Owner;
use ledger_core::period::BillingPeriod;
use ledger_core::word::Word;
use rust_decimal::Decimal;

use super::*;

const ORGANISATION: &str = r#"
    paying_entity = "1000"

    [[entity]]
    code = "1000"
    name = "Contoso US"
    home_currency = "USD"
    recovery_account = "650190"
    recovery_cost_centre = "9000"
    receivable_account = "140100"
    intercompany_cost_centre = "9000"
    rounding_account = "650199"
    mark_up_percent = "5"

    [[entity]]
    code = "2000"
    name = "Contoso, Inc. \"Deutschland\""
    payable_account = "210100"
    intercompany_cost_centre = "5100"
    tax_code = "V0"

    [[cost_centre]]
    code = "4100"
    name = "Search"
    entity = "1000"
    owners = ["search"]

    [[cost_centre]]
    code = "4200"
    name = "=Ünïcode 🇩🇪 support of all customers in the whole world, first half"
    entity = "1000"
    owners = ["support"]

    [[cost_centre]]
    code = "4201"
    name = "=Ünïcode 🇩🇪 support of all customers in the whole world, second half"
    entity = "1000"
    owners = ["care"]

    [[cost_centre]]
    code = "5100"
    name = "Vertrieb"
    entity = "2000"
    owners = ["sales"]

    [[cost_centre]]
    code = "9000"
    name = "Platform"
    entity = "1000"

    [[account]]
    code = "650120"
    name = "AI Services"

    [[account]]
    code = "650190"
    name = "AI Recovery"

    [[account]]
    code = "650199"
    name = "Rounding"

    [[account]]
    code = "140100"
    name = "Receivables"

    [[account]]
    code = "210100"
    name = "Payables"

    [[posting]]
    account = "650120"
"#;

fn charge(owner: &str, amount: &str, currency: &str) -> Charge {
    let currency = Currency::parse(currency).unwrap();
    let key = ChargeKey {
        payer: None,
        owner: Owner::parse(owner),
        cost_centre: None,
        product: None,
        environment: None,
        provider: "aws".into(),
        service: "Amazon Bedrock".into(),
        model: None,
        meter: Word::parse("input"),
        line_type: "Usage".into(),
        bill_period: None,
        adjusts: None,
    };
    let exact = Money::parse(amount, currency).unwrap().money;
    Charge { key, exact, tokens: None, line_count: 3 }
}

fn journals_of(organisation: &str, charges: Vec<Charge>) -> Vec<Journal> {
    let charges = Charges {
        period: BillingPeriod::parse("2026-10").unwrap(),
        cost_kind: CostKind::Unblended,
        status: Status::Billed,
        charges,
    };
    let organisation = parse_organisation(organisation, 1).unwrap();
    let posting_date = date(2026, 10, 31);
    let request = JournalRequest { posting_date, unattributed_to: None, paid_by: None };
    journals(&charges, &organisation, &request).unwrap()
}

/// Two entities, a credit, two currencies, and texts that are long and alike.
fn sample() -> Vec<Journal> {
    journals_of(
        ORGANISATION,
        vec![
            charge("search", "1234.561", "USD"),
            charge("support", "-20.004", "USD"),
            charge("care", "7", "USD"),
            charge("sales", "100.1", "USD"),
            charge("search", "1200.4", "JPY"),
        ],
    )
}

/// An entity with this many cost centres, each charged a dollar.
fn large(line_count: usize) -> Vec<Journal> {
    let mut organisation = ORGANISATION.to_owned();
    let mut charges = Vec::new();
    for at in 0..line_count {
        let code = at + 10_000;
        organisation.push_str(&format!(
            "[[cost_centre]]\ncode = \"{code}\"\nname = \"{at}\"\nentity = \"1000\"\nowners = [\"o{at}\"]\n"
        ));
        charges.push(charge(&format!("o{at}"), "1", "USD"));
    }
    journals_of(&organisation, charges)
}

/// The records of a CSV of any widths.
fn records(bytes: &[u8]) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
    reader.records().map(|it| it.unwrap().iter().map(str::to_owned).collect()).collect()
}

fn erp_file(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/testdata/erp/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn only_file(layout: Layout, journals: &[Journal]) -> Vec<u8> {
    let files = layout.files(journals).unwrap();
    assert_eq!(files.len(), 1, "{layout:?}");
    files.into_iter().next().unwrap().bytes
}

/// A row of a layout: the journal it is of, its account and cost centre, its debit and credit.
type Row = (String, String, String, Decimal, Decimal);

fn decimal(text: &str) -> Decimal {
    if text.is_empty() { Decimal::ZERO } else { text.parse().unwrap() }
}

/// The lines of journals, in the form of [`Row`].
fn expected(journals: &[Journal], of: impl Fn(&Journal) -> String) -> Vec<Row> {
    let mut rows = Vec::new();
    for journal in journals {
        for line in &journal.lines {
            let cost_centre = line.cost_centre.as_ref().map_or("", |it| it.as_str());
            let on = |side| if line.side == side { line.amount.amount() } else { Decimal::ZERO };
            let (account, cost_centre) = (line.account.to_string(), cost_centre.to_owned());
            let (debit, credit) =
                (on(ledger_core::journal::Side::Debit), on(ledger_core::journal::Side::Credit));
            rows.push((of(journal), account, cost_centre, debit, credit));
        }
    }
    rows
}

/// Reads columns by their names in the first row.
fn by_columns(bytes: &[u8], columns: [&str; 5]) -> Vec<Row> {
    let records = records(bytes);
    let place = |name: &str| records[0].iter().position(|it| it == name).unwrap();
    let [of, account, cost_centre, debit, credit] = columns.map(place);
    let row = |it: &Vec<String>| {
        let text = |at: usize| it[at].clone();
        (text(of), text(account), text(cost_centre), decimal(&it[debit]), decimal(&it[credit]))
    };
    records[1..].iter().map(row).collect()
}

#[test]
fn the_generic_csv_has_the_journal() {
    let journals = sample();
    let bytes = only_file(Layout::Csv, &journals);
    let columns = ["batch_id", "account", "cost_centre", "debit", "credit"];
    assert_eq!(by_columns(&bytes, columns), expected(&journals, |it| it.batch_id.clone()));
    let text = String::from_utf8(bytes).unwrap();
    assert!(text.contains(",\"'=Ünïcode 🇩🇪 support of all"), "{text}");
    assert!(text.contains(",1200,,"), "no decimals of a yen: {text}");
}

#[test]
fn json_has_the_journal_with_its_support() {
    let journals = sample();
    let files = Layout::Json.files(&journals).unwrap();
    assert_eq!(files.len(), 3);
    for (file, journal) in files.iter().zip(&journals) {
        assert_eq!(file.name, format!("{}.json", journal.batch_id));
        let body: serde_json::Value = serde_json::from_slice(&file.bytes).unwrap();
        assert_eq!(body["batch_id"], journal.batch_id);
        assert_eq!(body["debit_total"], body["credit_total"]);
        let sum = |side: &str| -> Decimal {
            body["lines"]
                .as_array()
                .unwrap()
                .iter()
                .map(|it| decimal(it[side].as_str().unwrap()))
                .sum()
        };
        assert_eq!(sum("debit"), sum("credit"));
        assert_eq!(sum("debit"), decimal(body["debit_total"].as_str().unwrap()));
    }
    let body: serde_json::Value = serde_json::from_slice(&files[1].bytes).unwrap();
    assert_eq!((&body["currency"], &body["legal_entity"]), (&"USD".into(), &"1000".into()));
    let line = &body["lines"][0];
    assert_eq!((&line["debit"], &line["credit"]), (&"1234.56".into(), &"0.00".into()));
    let support = serde_json::json!([{
        "owner": "search", "environment": null, "service": "Amazon Bedrock", "amount": "1234.561",
        "line_count": 3
    }]);
    assert_eq!(line["support"], support);
}

#[test]
fn sap_has_one_block_for_each_journal_and_the_fields_of_the_template() {
    let journals = sample();
    let found = records(&only_file(Layout::Sap, &journals));
    let template = records(&erp_file("sap_upload_general_journal_entry.csv"));
    // Up to the labels of the header, and those of the lines.
    assert_eq!(found[..7], template[..7]);
    assert_eq!(found[8..12], template[8..12]);
    let mut rows = Vec::new();
    let mut header: Vec<String> = Vec::new();
    for record in found {
        match record.len() {
            8 if record[1].len() == 4 => header = record,
            12 if record[1] == header.get(1).map_or("", String::as_str) => {
                assert!(record[3].chars().count() <= 50, "{record:?}");
                let bare = |it: &str| it.trim_start_matches('0').to_owned();
                let of = format!("{} {}", header[6], header[7]);
                rows.push((
                    of,
                    bare(&record[2]),
                    bare(&record[7]),
                    decimal(&record[4]),
                    decimal(&record[5]),
                ));
            }
            _ => {}
        }
    }
    let of = |it: &Journal| format!("AI 2026-10 {} {}", it.batch_id, it.currency);
    assert_eq!(rows, expected(&journals, of));
    assert!(rows.iter().all(|it| it.0.len() - 4 <= 25));
}

#[test]
fn oracle_has_150_positions_and_ends_each_row() {
    let columns = records(&erp_file("oracle_glinterface_columns.csv"));
    let named = |name: &str| {
        columns.iter().find(|it| it[1] == name).unwrap()[0].parse::<usize>().unwrap() - 1
    };
    let real = records(&erp_file("oracle_GlInterface.csv"));
    for (file, journal) in Layout::Oracle.files(&sample()).unwrap().iter().zip(&sample()) {
        assert_eq!(file.name, format!("{}/GlInterface.csv", journal.batch_id));
        let mut rows = Vec::new();
        for record in records(&file.bytes) {
            assert_eq!((record.len(), &*record[149]), (150, "END"));
            for column in columns[1..].iter().filter(|it| it[2] == "Y" && it[1] != "*Ledger ID") {
                assert!(!record[named(&column[1])].is_empty(), "{column:?}");
            }
            // The constants are at the places where the real file has them.
            for at in [0, 3, 4, 7, 149] {
                assert_eq!(record[at], real[0][at]);
            }
            let filled =
                |it: &[String]| -> Vec<bool> { it.iter().map(|it| !it.is_empty()).collect() };
            let differing = filled(&record)
                .iter()
                .zip(filled(&real[0]))
                .enumerate()
                .filter(|(_, (found, real))| *found != real)
                .map(|(at, _)| at)
                .collect::<Vec<_>>();
            // The ledger by its name, and the side.
            assert!(differing.iter().all(|it| [1, 91, 38, 39].contains(it)), "{differing:?}");
            let [debit, credit] = ["Entered Debit Amount", "Entered Credit Amount"].map(named);
            let [cost_centre, account] = ["Segment2", "Segment3"].map(named);
            let of = record[named("REFERENCE1 (Batch Name)")].clone();
            let text = |at: usize| record[at].clone();
            rows.push((
                of,
                text(account),
                text(cost_centre),
                decimal(&record[debit]),
                decimal(&record[credit]),
            ));
        }
        assert_eq!(rows, expected(std::slice::from_ref(journal), |it| it.batch_id.clone()));
    }
    let with_id =
        ORGANISATION.replacen("home_currency", "ledger_id = \"300000046975971\"\nhome_currency", 1);
    let bytes =
        only_file(Layout::Oracle, &journals_of(&with_id, vec![charge("search", "1", "USD")]));
    let record = &records(&bytes)[0];
    assert_eq!((&*record[1], &*record[91], &*record[94]), ("300000046975971", "", "Oct-26"));
}

#[test]
fn netsuite_has_the_columns_of_a_real_file_and_names() {
    let journals = sample();
    let bytes = only_file(Layout::NetSuite, &journals);
    let (found, real) = (records(&bytes), records(&erp_file("netsuite_journal.csv")));
    assert_eq!(found[0], real[0]);
    assert_eq!(found[4][1..3], real[1][1..3], "dates have the same form");
    let columns = ["External ID", "Account", "Department", "Debit", "Credit"];
    let names = by_columns(&bytes, columns);
    let mut expected = expected(&journals, |it| format!("{}-1", it.batch_id));
    let organisation = parse_organisation(ORGANISATION, 1).unwrap();
    for row in &mut expected {
        let code = |text: &str| ledger_core::organisation::Code::parse(text).unwrap();
        row.1 = format!("{} {}", row.1, organisation.accounts[&code(&row.1)].name);
        row.2 = crate::cell::csv_cell(&organisation.cost_centres[&code(&row.2)].name).into_owned();
    }
    assert_eq!(names, expected);
}

#[test]
fn workday_has_the_columns_of_a_real_file() {
    let journals = sample();
    let bytes = only_file(Layout::Workday, &journals);
    let (found, real) = (records(&bytes), records(&erp_file("workday_accounting_journal.csv")));
    assert_eq!(found[0], real[0]);
    let columns = [
        "JournalKey",
        "LedgerAccountReferenceID",
        "Worktag_Cost_Center_Reference_ID",
        "DebitAmount",
        "CreditAmount",
    ];
    assert_eq!(by_columns(&bytes, columns), expected(&journals, |it| it.batch_id.clone()));
    // Amounts of the ledger are those of the line in its own currency alone.
    let yen = found.iter().find(|it| it[5] == "JPY").unwrap();
    assert_eq!(yen[24..27], ["", "", ""]);
    let dollar = found.iter().find(|it| it[5] == "USD").unwrap();
    assert_eq!(dollar[24..27], ["1", "1234.56", ""]);
}

#[test]
fn d365_has_the_columns_of_a_real_file_and_small_vouchers() {
    let real = records(&erp_file("d365_general_journal.csv"));
    for journals in [sample(), large(25)] {
        for (file, journal) in Layout::D365.files(&journals).unwrap().iter().zip(&journals) {
            let found = records(&file.bytes);
            assert_eq!(found[0], real[0]);
            let mut vouchers: BTreeMap<&str, Vec<&Vec<String>>> = BTreeMap::new();
            let mut sums: BTreeMap<String, Decimal> = BTreeMap::new();
            for row in &found[1..] {
                vouchers.entry(&row[7]).or_default().push(row);
                *sums.entry(row[5].clone()).or_default() += decimal(&row[9]) - decimal(&row[10]);
                assert!(row[7].len() <= 20 && row[11].chars().count() <= 60, "{row:?}");
            }
            for rows in vouchers.values() {
                assert!(rows.len() <= 10, "{rows:?}");
                let rest: Decimal = rows.iter().map(|it| decimal(&it[9]) - decimal(&it[10])).sum();
                assert!(rest.is_zero(), "{rows:?}");
            }
            let mut in_journal: BTreeMap<String, Decimal> = BTreeMap::new();
            for (_, account, cost_centre, debit, credit) in
                expected(std::slice::from_ref(journal), |_| String::new())
            {
                *in_journal.entry(format!("{account}-{cost_centre}--")).or_default() +=
                    debit - credit;
            }
            assert_eq!(sums, in_journal);
        }
    }
}

#[test]
fn a_large_journal_is_several_entries_that_balance() {
    let journals = large(2_100);
    let sap = records(&only_file(Layout::Sap, &journals));
    let entries = sap.iter().filter(|it| it.get(1).is_some_and(|it| it == "Header")).count();
    assert_eq!(entries, 3);
    let found = records(&only_file(Layout::NetSuite, &journals));
    let mut entries: BTreeMap<&str, (usize, Decimal)> = BTreeMap::new();
    for row in &found[1..] {
        let entry = entries.entry(&row[0]).or_default();
        *entry = (entry.0 + 1, entry.1 + decimal(&row[6]) - decimal(&row[7]));
    }
    assert_eq!(entries.len(), 3);
    assert!(entries.values().all(|(count, rest)| *count <= 1_000 && rest.is_zero()), "{entries:?}");
}

#[test]
fn texts_are_cut_between_characters_and_stay_different() {
    let journals = sample();
    for chars_max in 20..80 {
        let texts = cells::texts(&journals[1], chars_max);
        for text in &texts {
            assert!(text.chars().count() <= chars_max, "{text}");
            // A flag is one character of two code points: never half of it.
            assert!(!text.contains('🇩') || text.contains("🇩🇪"), "{text}");
        }
        let different: std::collections::BTreeSet<_> = texts.iter().collect();
        assert_eq!(different.len(), texts.len(), "{texts:?}");
    }
}

#[test]
fn what_a_system_would_refuse_is_refused_with_the_line() {
    let refused = |layout: Layout, change: &str, to: &str, charge: Charge| {
        let journals = journals_of(&ORGANISATION.replace(change, to), vec![charge]);
        layout.files(&journals).unwrap_err().to_string()
    };
    let dollar = || charge("search", "1", "USD");
    let long = "\"650190-0000-9\"";
    for (layout, change, to, charge, expected) in [
        (
            Layout::Sap,
            "\"1000\"",
            "\"US-1000\"",
            dollar(),
            "SAP takes company codes of at most 4 characters; journal ",
        ),
        (Layout::Sap, "\"650190\"", long, dollar(), "line 2 has `650190-0000-9`"),
        (
            Layout::Sap,
            "\"4100\"",
            "\"SEARCH-4100\"",
            dollar(),
            "SAP takes cost centres of at most 10 characters",
        ),
        (
            Layout::D365,
            "\"4100\"",
            "\"CC-4100\"",
            dollar(),
            "Dynamics 365 has `-` between account and cost centre",
        ),
        (
            Layout::NetSuite,
            "",
            "",
            charge("search", "1", "KWD"),
            "NetSuite takes amounts of at most 2 digits after the point",
        ),
        (
            Layout::NetSuite,
            "",
            "",
            charge("search", "12345678901", "JPY"),
            "NetSuite takes amounts of at most 10 digits before the point",
        ),
        (
            Layout::Oracle,
            "home_currency",
            "ledger_id = \"US\"\nhome_currency",
            dollar(),
            "Oracle takes a number as `ledger_id` of an entity",
        ),
        (
            Layout::Oracle,
            "Contoso US",
            "Contoso of the United States of America",
            dollar(),
            "or its name as a ledger of at most 30 characters",
        ),
        (
            Layout::Oracle,
            "intercompany_cost_centre = \"9000\"",
            "",
            charge("sales", "1", "USD"),
            "Oracle needs a cost centre on each line",
        ),
    ] {
        let message = match change {
            "" => refused(layout, "no such text", "", charge),
            _ => refused(layout, change, to, charge),
        };
        assert!(message.contains(expected), "{message}");
    }
}

/// NetSuite finds subsidiaries and departments by their names, and so does Oracle a ledger without a number.
#[test]
fn names_that_two_codes_have_are_refused_where_a_name_is_all() {
    let refused = |change: &str, to: &str| {
        let charges = vec![charge("search", "1", "USD"), charge("sales", "2", "USD")];
        let journals = journals_of(&ORGANISATION.replace(change, to), charges);
        Layout::NetSuite.files(&journals).unwrap_err().to_string()
    };
    let message = refused("\"Platform\"", "\"Search\"");
    assert!(message.contains("NetSuite takes one cost centre of a name"), "{message}");
    let message = refused("Contoso, Inc. \\\"Deutschland\\\"", "Contoso US");
    assert!(message.contains("NetSuite takes one entity of a name"), "{message}");
}

/// All that a layout writes is in the identity of a batch.
#[test]
fn another_name_or_ledger_is_another_batch() {
    let of = |change: &str, to: &str| {
        let text = ORGANISATION.replace(change, to);
        let journals = journals_of(&text, vec![charge("search", "1", "USD")]);
        journals[0].content_hash.clone()
    };
    let before = of("Contoso US", "Contoso US");
    for (change, to) in [
        ("Contoso US", "Contoso America"),
        ("home_currency = \"USD\"", "home_currency = \"EUR\""),
        ("home_currency", "ledger_id = \"300\"\nhome_currency"),
    ] {
        assert_ne!(of(change, to), before, "{change}");
    }
}

#[test]
fn the_same_journals_are_the_same_bytes() {
    let layouts = [
        Layout::Json,
        Layout::Csv,
        Layout::Sap,
        Layout::Oracle,
        Layout::NetSuite,
        Layout::Workday,
        Layout::D365,
    ];
    for layout in layouts {
        assert_eq!(layout.files(&sample()).unwrap(), layout.files(&sample()).unwrap());
        assert_eq!(layout.files(&[]).unwrap(), []);
    }
}
