//! A provider that does not exist, from its bill to a statement: euros, no ARN, meters and models of its
//! own. All that knows it is the reader in this file.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use std::collections::BTreeMap;
use std::sync::Arc;

use ledger_app::import::{Accept, import_bills};
use ledger_app::lookup::{View, report};
use ledger_app::periods::statements_of_month;
use ledger_app::ports::{BillSource, Delivery, Reading, SourceError};
use ledger_app::rules_file::parse_rules;
use ledger_aws::connect::{LocalEndpoint, dynamodb_client};
use ledger_aws::dynamodb::DynamoLedger;
use ledger_core::access::{Access, Owners};
use ledger_core::bill::Status;
use ledger_core::bill_text::{BillText, BillTexts};
use ledger_core::caller::Caller;
use ledger_core::category::ChargeCategory;
use ledger_core::cost::{CostKind, Costs};
use ledger_core::day_sum::DaySum;
use ledger_core::dimension::{Dimension, Scope};
use ledger_core::line_item::{BillId, LineItem, Provenance};
use ledger_core::meter::{Meter, TokenDirection};
use ledger_core::model::Model;
use ledger_core::money::MoneyError;
use ledger_core::now::Now;
use ledger_core::report::ReportQuery;
use ledger_core::source::{Provider, Source, SourceKind};
use ledger_core::usage::{Usage, UsageAxes};
use ledger_local::database::EmbeddedDatabase;
use ledger_testkit::build::{at, date, money, month, quantity, span};

/// Day, user or key, model, meter, quantity in millions of tokens, euros.
const BILL: &str = "\
2026-11-03;user:ana@example.com;nimbus-large;prompt;1.5;3.005
2026-11-03;workload:nightly;nimbus-large;answer;0.25;4.005
2026-11-04;workload:nightly;nimbus-small;prompt;2;0.4
2026-11-04;workload:nightly;;tax;;1.40";

const RULES: &str = r#"
[[rule]]
name = "people"
when = { provider = "nimbus", user = "*@example.com" }
owner = "search"

[[rule]]
name = "jobs"
when = { provider = "nimbus", role = "nightly" }
owner = "data"
"#;

/// The reader: the one place that knows this provider's words.
struct Nimbus;

impl BillSource for Nimbus {
    fn deliveries(&self) -> Result<Vec<Delivery>, SourceError> {
        Ok(vec![Delivery {
            name: "nimbus 2026-11".to_owned(),
            files: vec!["nimbus.txt".to_owned()],
            export: None,
            file_set: None,
            period: Some(month("2026-11")),
            delivered_at: None,
            is_complete: true,
            bytes: 0,
        }])
    }

    fn read(
        &self,
        _: &Delivery,
        sink: &mut dyn FnMut(Reading) -> Result<(), MoneyError>,
    ) -> Result<(), SourceError> {
        let failed = |err| SourceError::Money("nimbus.txt".to_owned(), err);
        for (number, line) in (1..).zip(BILL.lines()) {
            let item = line_item(number, line);
            let sum = DaySum::of(&item).map_err(failed)?;
            sink(Reading::Charge(item, vec![sum])).map_err(failed)?;
        }
        Ok(())
    }
}

fn line_item(number: u64, line: &str) -> LineItem {
    let cells: [&str; 6] = line.split(';').collect::<Vec<_>>().try_into().unwrap();
    let [day, caller, model, meter, millions, euros] = cells;
    let source = Source { provider: Provider::parse("nimbus"), kind: SourceKind::Bill };
    let is_tax = meter == "tax";
    LineItem {
        provenance: Provenance { file: "nimbus.txt".into(), line: number },
        bill: BillId {
            period: month("2026-11"),
            source,
            payer: Some("acme-eu".into()),
            part: None,
        },
        day: date(day),
        account: None,
        line_type: meter.into(),
        category: Some(if is_tax { ChargeCategory::Tax } else { ChargeCategory::Usage }),
        service: "Nimbus AI".into(),
        usage: Usage {
            meter: match meter {
                "prompt" => Meter::InputTokens,
                "answer" => Meter::OutputTokens,
                _ => Meter::Unknown,
            },
            axes: Arc::new(UsageAxes {
                usage_type: (!is_tax).then(|| meter.into()),
                ..UsageAxes::default()
            }),
            tokens: match millions {
                "1.5" => Some(1_500_000),
                "0.25" => Some(250_000),
                "2" => Some(2_000_000),
                _ => None,
            },
        },
        caller: Some(Caller::parse(caller)),
        tags: Arc::default(),
        model: Model {
            name: (!model.is_empty()).then(|| model.into()),
            publisher: Some("Nimbus".into()),
        },
        texts: BillTexts::default()
            .with(BillText::Region, Some("eu-north".into()))
            .with(BillText::InvoiceId, Some("nimbus-11".into())),
        unit: (!is_tax).then(|| "1M tokens".into()),
        quantity: (!is_tax).then(|| quantity(millions)),
        estimated: false,
        costs: Costs::new(money(euros, "EUR"), None).unwrap(),
    }
}

#[tokio::test]
async fn another_provider_needs_no_more_than_a_reader() {
    let database = EmbeddedDatabase::open(None).await.unwrap();
    let client = dynamodb_client(Some(&LocalEndpoint(database.endpoint()))).await;
    let ledger = DynamoLedger { client, table: "ledger".to_owned() };
    ledger.ensure_table().await.unwrap();
    let now = at("2026-11-05T08:00:00Z");
    let rules = Arc::new(parse_rules(RULES, 1).unwrap());
    for written in [2, 0] {
        let rules = Arc::clone(&rules);
        let imported = import_bills(Arc::new(Nimbus), rules, Accept::Good, now, |_| (), &ledger)
            .await
            .unwrap();
        assert_eq!(imported.lines_ai, 4);
        assert_eq!(imported.bills[0].1.days_written, written);
    }

    let view = View::open(&ledger, month("2026-11"), Access::everything(), Now::new(now));
    let view = view.await.unwrap();
    let words = ["provider", "owner", "principal", "category", "publisher", "account"];
    let query = ReportQuery {
        period: span("2026-11-01", "2026-12-01"),
        by: words.map(|it| Dimension::parse(it).unwrap()).to_vec(),
        scope: Scope::default(),
        cost_kind: CostKind::Unblended,
    };
    let answer = report(&view, &query).await.unwrap();
    let [euros] = &answer.currencies[..] else { panic!("{answer:?}") };
    assert_eq!(euros.total, money("8.81", "EUR"));
    let rows: BTreeMap<String, String> = euros
        .rows
        .iter()
        .map(|row| {
            let keys: Vec<&str> = row.keys.iter().map(|it| it.as_deref().unwrap_or("-")).collect();
            (keys.join(" "), row.cost.amount().to_string())
        })
        .collect();
    let expected = [
        ("nimbus data workload:nightly tax Nimbus -", "1.4"),
        ("nimbus data workload:nightly usage Nimbus -", "4.405"),
        ("nimbus search user:ana@example.com usage Nimbus -", "3.005"),
    ];
    let expected = expected.map(|(keys, cost)| (keys.to_owned(), cost.to_owned()));
    assert_eq!(rows, BTreeMap::from(expected));
    let of_job = euros.rows.iter().find(|it| it.cost == money("4.405", "EUR")).unwrap();
    assert_eq!(of_job.tokens[&TokenDirection::Output], 250_000);
    assert_eq!(of_job.quantities["1M tokens"], quantity("2.25"));

    let statements = statements_of_month(&view, month("2026-11"), Owners::All, CostKind::Unblended)
        .await
        .unwrap();
    let [data, search] = &statements[..] else { panic!("{statements:?}") };
    // 0.40, 4.005 and 1.40 are 5.805: 5.80 half to even, as the lines 0.40, 4.00 and 1.40 are.
    assert_eq!((data.exact_total, data.total), (money("5.805", "EUR"), money("5.80", "EUR")));
    assert_eq!(data.rounding, money("0", "EUR"));
    assert_eq!((search.exact_total, search.total), (money("3.005", "EUR"), money("3", "EUR")));
    assert_eq!(search.status, Status::Billed);
}
