//! Months are closed in the embedded database: what was booked in all is what the bills say, and what is closed stays.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};
use ledger_app::audit::audited;
use ledger_app::documents::{applied_organisation, applied_rules};
use ledger_app::import::{Accept, import_bills};
use ledger_app::periods::{
    Book, Fixed, Period, PeriodError, Terms, accrue, book, close, finalise, statements_of_month,
};
use ledger_app::ports::{Change, DocumentKind, DocumentStore as _};
use ledger_app::said::Said;
use ledger_app::view::View;
use ledger_aws::connect::{LocalEndpoint, dynamodb_client};
use ledger_aws::cur::CurFolder;
use ledger_aws::dynamodb::DynamoLedger;
use ledger_core::access::{Access, Owners};
use ledger_core::audit::AuditAction;
use ledger_core::closing::{CheckKind, PeriodState, month_end};
use ledger_core::cost::CostKind;
use ledger_core::currency::Currency;
use ledger_core::journal::{Journal, JournalKind, JournalRequest, LineKind, Side};
use ledger_core::money::Money;
use ledger_core::now::Now;
use ledger_core::organisation::{Code, Organisation};
use ledger_core::period::BillingPeriod;
use ledger_core::statement::Statement;
use ledger_local::database::EmbeddedDatabase;
use ledger_testkit::build::change;
use ledger_testkit::csv_bill::CsvBill;
use ledger_testkit::faulty_proxy::{Fault, FaultPlan, FaultyProxy};
use rust_decimal::Decimal;

const ORGANISATION: &str = r#"
    paying_entity = "1000"
    payers = { "210987654321" = "2000" }

    [[entity]]
    code = "1000"
    name = "Example Inc"
    recovery_account = "650190"
    recovery_cost_centre = "9000"
    accrual_account = "230500"
    receivable_account = "140100"
    payable_account = "210100"
    rounding_account = "650199"

    [[entity]]
    code = "2000"
    name = "Example GmbH"
    recovery_account = "650190"
    recovery_cost_centre = "9100"
    accrual_account = "230500"
    receivable_account = "140100"
    payable_account = "210100"
    rounding_account = "650199"

    [[cost_centre]]
    code = "4100"
    name = "Search"
    entity = "1000"
    owners = ["search"]

    [[cost_centre]]
    code = "5100"
    name = "Support"
    entity = "2000"
    owners = ["support"]

    [[cost_centre]]
    code = "9000"
    name = "Platform"
    entity = "1000"

    [[cost_centre]]
    code = "9100"
    name = "Plattform"
    entity = "2000"

    [[account]]
    code = "650120"
    name = "AI services"

    [[account]]
    code = "650190"
    name = "AI recovery"

    [[account]]
    code = "650199"
    name = "Rounding"

    [[account]]
    code = "230500"
    name = "Accrued liabilities"

    [[account]]
    code = "140100"
    name = "Receivables"

    [[account]]
    code = "210100"
    name = "Payables"

    [[posting]]
    account = "650120"
"#;

const RULES: &str = "[[rule]]\nname = \"team\"\nowner = \"{tag:iamPrincipal/team}\"\n";

/// The payers, each with the entity that pays and the currency of its bills.
const PAYERS: [(&str, &str, &str); 2] =
    [("123456789012", "1000", "USD"), ("210987654321", "2000", "EUR")];

/// More calls than any run here makes.
const CALLS_MAX: u64 = 120;

struct Setting {
    _database: EmbeddedDatabase,
    folder: tempfile::TempDir,
    proxy: FaultyProxy,
    /// Through the proxy.
    ledger: DynamoLedger,
    /// Past the proxy.
    reader: DynamoLedger,
    /// The costs of each bill as they were delivered last: payer and month, then owner.
    delivered: BTreeMap<(&'static str, BillingPeriod), [Decimal; 2]>,
}

async fn ledger_at(endpoint: String) -> DynamoLedger {
    let client = dynamodb_client(Some(&LocalEndpoint(endpoint))).await;
    DynamoLedger { client, table: "ledger".to_owned() }
}

fn code(text: &str) -> Code {
    Code::parse(text).unwrap()
}

fn month(text: &str) -> BillingPeriod {
    BillingPeriod::parse(text).unwrap()
}

/// Noon of a day after a month.
fn days_after(month: BillingPeriod, days: i64) -> Timestamp {
    let day: Date = month_end(month).saturating_add((days - 1).days());
    format!("{day}T12:00:00Z").parse().unwrap()
}

fn said(at: Timestamp) -> Said<'static> {
    Said { by: "ana", reason: "month end", at }
}

impl Setting {
    async fn new() -> Setting {
        let database = EmbeddedDatabase::open(None).await.unwrap();
        let proxy = FaultyProxy::start(database.address(), FaultPlan::none()).await.unwrap();
        let ledger = ledger_at(database.endpoint_by(proxy.address())).await;
        let reader = ledger_at(database.endpoint()).await;
        reader.ensure_table().await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let start = "2024-12-01T00:00:00Z".parse().unwrap();
        for (kind, text) in
            [(DocumentKind::Rules, RULES), (DocumentKind::Organisation, ORGANISATION)]
        {
            reader.apply(kind, text, change(start)).await.unwrap();
        }
        let delivered = BTreeMap::new();
        Setting { _database: database, folder, proxy, ledger, reader, delivered }
    }

    /// Delivers a bill with these costs of search and support, in the place of an earlier delivery.
    async fn deliver(
        &mut self,
        (payer, _, currency): (&'static str, &str, &str),
        of: BillingPeriod,
        costs: [Decimal; 2],
        at: Timestamp,
    ) {
        let start = of.first_day();
        let last = month_end(of).yesterday().unwrap();
        let mut bill = CsvBill::default();
        for (team, cost) in ["search", "support"].into_iter().zip(costs) {
            // On the first day and the last one.
            for (day, part) in [(start, cost - Decimal::ONE), (last, Decimal::ONE)] {
                bill = bill.line(&[
                    ("bill_billing_period_start_date", &format!("{start}T00:00:00Z")),
                    ("bill_payer_account_id", payer),
                    ("line_item_usage_start_date", &format!("{day}T00:00:00Z")),
                    ("line_item_unblended_cost", &part.to_string()),
                    ("line_item_currency_code", currency),
                    ("tags", &format!(r#"{{"iamPrincipal/team":"{team}"}}"#)),
                    ("bill_invoice_id", "1"),
                ]);
            }
        }
        let file: PathBuf = self.folder.path().join(format!("{payer}-{of}.csv"));
        std::fs::write(&file, bill.to_string()).unwrap();
        let rules = Arc::new(applied_rules(&self.reader).await.unwrap());
        let source = Arc::new(CurFolder::new(vec![file]));
        import_bills(source, rules, Accept::All, at, |_| (), &self.reader).await.unwrap();
        self.delivered.insert((payer, of), costs);
    }

    async fn organisation(&self) -> Organisation {
        applied_organisation(&self.reader).await.unwrap().unwrap()
    }

    async fn view(&self, at: Timestamp) -> View<DynamoLedger> {
        View::open_all(&self.reader, Access::everything(), Now::new(at)).await.unwrap()
    }

    async fn close(
        &self,
        ledger: &DynamoLedger,
        entity: &str,
        of: BillingPeriod,
        at: Timestamp,
    ) -> Result<(Period, Fixed), PeriodError> {
        let access = Access::everything();
        let view = View::open_all(ledger, access, Now::new(at)).await?;
        let invoice = self.invoice(entity, of);
        let terms = terms(of, vec![invoice]);
        let key = (&code(entity), of);
        let closed = close(&view, &self.organisation().await, key, &terms, said(at)).await?;
        Ok((closed.period, closed.fixed))
    }

    /// The sum of a bill.
    fn invoice(&self, entity: &str, of: BillingPeriod) -> Money {
        let (payer, _, currency) = PAYERS.into_iter().find(|it| it.1 == entity).unwrap();
        let costs = self.delivered.get(&(payer, of)).unwrap();
        Money::new(costs.iter().sum(), Currency::parse(currency).unwrap()).unwrap()
    }

    async fn statements(&self, of: BillingPeriod) -> Vec<Statement> {
        let view = self.view(days_after(of, 500)).await;
        statements_of_month(&view, of, Owners::All, CostKind::Unblended).await.unwrap()
    }

    async fn book(&self) -> Book {
        book(&self.reader).await.unwrap()
    }
}

fn terms(of: BillingPeriod, invoices: Vec<Money>) -> Terms {
    let posting_date = month_end(of).yesterday().unwrap();
    Terms {
        cost_kind: CostKind::Unblended,
        request: JournalRequest { posting_date, unattributed_to: None, paid_by: None },
        invoices,
        tolerance: Decimal::ZERO,
        unattributed_percent: Decimal::ZERO,
        waived: BTreeSet::new(),
    }
}

fn check_balance(journal: &Journal) {
    assert_eq!(journal.total(Side::Debit).unwrap(), journal.total(Side::Credit).unwrap());
}

/// The sum of the charges in a currency that were fixed.
fn exact(fixed: &Fixed) -> Decimal {
    fixed.charges.charges.iter().map(|it| it.exact.amount()).sum()
}

/// Amounts that a bill has at a time: another one each time.
fn costs(payer: usize, of: usize, restated: usize) -> [Decimal; 2] {
    let cents = |number: usize| Decimal::new(i64::try_from(number).unwrap(), 4);
    [
        cents(1_000_003 + payer * 370_007 + of * 11_003 + restated * 1_117),
        cents(2_000_011 + payer * 130_003 + of * 7_001 - restated * 2_309),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_year_of_restated_bills_is_booked_to_the_digit() {
    let mut setting = Setting::new().await;
    let months: Vec<BillingPeriod> = (1..=12).map(|it| month(&format!("2025-{it:02}"))).collect();
    // Exact sums that were booked, by entity.
    let mut booked: BTreeMap<&str, Decimal> = BTreeMap::new();
    let mut frozen: BTreeMap<BillingPeriod, Vec<Statement>> = BTreeMap::new();
    for (at, of) in months.iter().enumerate() {
        for (number, payer) in PAYERS.into_iter().enumerate() {
            setting.deliver(payer, *of, costs(number, at, 0), days_after(*of, 1)).await;
            // The month before is restated each time, and one long before now and then.
            for (back, restated) in [(1, 1), (4, 2)] {
                if let Some(before) = at.checked_sub(back) {
                    let changed = costs(number, before, restated);
                    setting.deliver(payer, months[before], changed, days_after(*of, 2)).await;
                }
            }
        }
        for (_, entity, _) in PAYERS {
            let early = days_after(*of, 3);
            let organisation = setting.organisation().await;
            let key = (&code(entity), *of);
            let view = setting.view(early).await;
            let terms = terms(*of, vec![]);
            let accrued = accrue(&view, &organisation, key, &terms, said(early)).await.unwrap();
            accrued.fixed.journals.iter().for_each(check_balance);
            let (period, fixed) =
                setting.close(&setting.reader, entity, *of, days_after(*of, 6)).await.unwrap();
            fixed.journals.iter().for_each(check_balance);
            *booked.entry(entity).or_default() += exact(&fixed);
            assert_eq!(period.state, PeriodState::Closed);
            check_reversal(&accrued.fixed.journals, &fixed.journals);
            let adjusted: Vec<_> = period.closing.unwrap().adjusts;
            let expected = [4, 1].into_iter().filter(|it| at >= *it).count();
            assert_eq!(adjusted.len(), expected, "{of} {entity}");
        }
        // All that was ever booked is what the bills say now.
        for (payer, entity, _) in PAYERS {
            let bills = setting.delivered.iter().filter(|((of, _), _)| *of == payer);
            let billed: Decimal = bills.flat_map(|(_, costs)| costs).sum();
            assert_eq!(booked[entity], billed, "{of} {entity}");
        }
        frozen.insert(*of, setting.statements(*of).await);
        // What was closed before is as it was.
        for (closed, statements) in &frozen {
            assert_eq!(setting.statements(*closed).await, *statements, "{closed} after {of}");
        }
    }
    let audited = audited(&setting.reader, None).await.unwrap();
    assert_eq!((audited.faults, audited.chain.count), (vec![], 2 + 12 * 4));
}

/// A reversal of each accrual, which leaves nothing of it.
fn check_reversal(accruals: &[Journal], closing: &[Journal]) {
    let of_kind = |kind| closing.iter().filter(move |it| it.kind == kind);
    assert_eq!(of_kind(JournalKind::Reversal).count(), accruals.len());
    for (accrual, reversal) in accruals.iter().zip(of_kind(JournalKind::Reversal)) {
        assert_ne!(accrual.batch_id, reversal.batch_id);
        for (line, back) in accrual.lines.iter().zip(&reversal.lines) {
            let of = |it: &ledger_core::journal::JournalLine| {
                (it.account.clone(), it.cost_centre.clone(), it.amount)
            };
            assert_eq!((of(line), line.side), (of(back), back.side.other()));
            assert!(back.text.contains(&accrual.batch_id));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_after_closing_is_an_adjustment_of_its_month_in_the_next_one() {
    let mut setting = Setting::new().await;
    let [first, second] = ["2025-01", "2025-02"].map(month);
    let payer = PAYERS[0];
    let dec = |text: &str| text.parse::<Decimal>().unwrap();
    setting.deliver(payer, first, [dec("100"), dec("50")], days_after(first, 1)).await;
    setting.close(&setting.reader, "1000", first, days_after(first, 6)).await.unwrap();
    let before = setting.statements(first).await;
    setting.deliver(payer, first, [dec("97.5"), dec("50")], days_after(second, 1)).await;
    setting.deliver(payer, second, [dec("10"), dec("20")], days_after(second, 1)).await;
    let organisation = setting.organisation().await;
    let key = (&code("1000"), first);
    let at = days_after(second, 6);
    let refused = finalise(&setting.view(at).await, &organisation, key, said(at)).await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("changed after it was closed, by -2.5 USD"), "{refused}");

    let (_, fixed) = setting.close(&setting.reader, "1000", second, at).await.unwrap();
    let lines = fixed.journals.iter().flat_map(|it| &it.lines);
    let adjustments: Vec<_> = lines.filter(|it| it.kind == LineKind::Adjustment).collect();
    let [line] = &adjustments[..] else { panic!("{adjustments:?}") };
    assert_eq!((line.side, line.amount.amount()), (Side::Credit, dec("2.5")));
    assert!(line.text.contains("adjustment of 2025-01 in 2025-02"), "{}", line.text);

    assert_eq!(setting.statements(first).await, before);
    let after = setting.statements(second).await;
    let search = after.iter().find(|it| it.owner.as_str() == "search").unwrap();
    assert_eq!(search.total.amount(), dec("7.5"));
    let adjusts: Vec<_> =
        search.lines.iter().map(|it| (it.key.adjusts, it.exact.amount())).collect();
    assert_eq!(adjusts, [(None, dec("10")), (Some(first), dec("-2.5"))]);
    // Nothing of it changed since: now it can be final, and then nothing more can be done with it.
    finalise(&setting.view(at).await, &organisation, key, said(at)).await.unwrap();
    for refused in [
        setting.close(&setting.reader, "1000", first, at).await.map(drop),
        finalise(&setting.view(at).await, &organisation, key, said(at)).await.map(drop),
    ] {
        let refused = refused.unwrap_err().to_string();
        assert!(refused.starts_with("2025-01 of 1000 is final"), "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_month_is_closed_only_where_all_checks_hold() {
    let mut setting = Setting::new().await;
    let [first, second, third] = ["2025-01", "2025-02", "2025-03"].map(month);
    let [payer, other] = PAYERS;
    let ten = Decimal::TEN;
    for of in [first, second, third] {
        setting.deliver(payer, of, [ten, ten], days_after(of, 1)).await;
        setting.deliver(other, of, [ten, ten], days_after(of, 1)).await;
    }
    let failing = async |of: BillingPeriod, invoices: Vec<Money>, at: Timestamp| {
        let view = setting.view(at).await;
        let key = (&code("1000"), of);
        let terms = terms(of, invoices);
        match close(&view, &setting.organisation().await, key, &terms, said(at)).await {
            Err(PeriodError::Checks { checks, .. }) => {
                let against = checks.into_iter().filter(|it| it.is_against());
                against.map(|it| (it.kind, it.failure.unwrap())).collect::<Vec<_>>()
            }
            other => panic!("{other:?}"),
        }
    };
    let right = setting.invoice("1000", first);
    let wrong = right.checked_add(Money::new(Decimal::ONE, Currency::USD).unwrap()).unwrap();
    let late = days_after(third, 6);
    let expected = "no invoice was named to compare its bills with".to_owned();
    assert_eq!(failing(first, vec![], late).await, [(CheckKind::Invoices, expected)]);
    let expected = "the bills are 20 USD, the invoices 21 USD: -1 USD, more than 0".to_owned();
    assert_eq!(failing(first, vec![wrong], late).await, [(CheckKind::Invoices, expected)]);
    let found = failing(first, vec![right], days_after(first, 2)).await;
    assert_eq!(found.first().unwrap().0, CheckKind::Settled);
    assert!(setting.book().await.periods.is_empty(), "nothing was kept");

    setting.close(&setting.reader, "1000", first, late).await.unwrap();
    let expected = "2025-01 was closed last, so 2025-02 is next".to_owned();
    assert_eq!(failing(third, vec![right], late).await, [(CheckKind::MonthBefore, expected)]);
    // The other entity's months are its own.
    setting.close(&setting.reader, "2000", first, late).await.unwrap();
}

/// Another entity pays the bills of an account from now on: months that were closed stay with the one that closed
/// them, with all that changes of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_month_stays_with_the_entity_that_closed_it() {
    let mut setting = Setting::new().await;
    let [first, second] = ["2025-01", "2025-02"].map(month);
    let ten = Decimal::TEN;
    for payer in PAYERS {
        setting.deliver(payer, first, [ten, ten], days_after(first, 1)).await;
        let (_, entity, _) = payer;
        setting.close(&setting.reader, entity, first, days_after(first, 6)).await.unwrap();
    }
    let statements = setting.statements(first).await;
    let moved = ORGANISATION.replace("payers = { \"210987654321\" = \"2000\" }", "");
    assert_ne!(moved, ORGANISATION);
    let at = days_after(second, 6);
    setting.reader.apply(DocumentKind::Organisation, &moved, change(at)).await.unwrap();
    let late = days_after(second, 1);
    setting.deliver(PAYERS[0], second, [ten, ten], late).await;
    setting.deliver(PAYERS[1], second, [Decimal::TWO, Decimal::TWO], late).await;
    setting.deliver(PAYERS[1], first, [ten, Decimal::TWO], late).await;
    assert_eq!(setting.statements(first).await, statements);

    let mut booked = BTreeMap::new();
    for entity in ["1000", "2000"] {
        let mut terms = terms(second, vec![]);
        terms.waived = BTreeSet::from([CheckKind::Invoices, CheckKind::DaysComplete]);
        let view = setting.view(at).await;
        let key = (&code(entity), second);
        let closed = close(&view, &setting.organisation().await, key, &terms, said(at)).await;
        let fixed = closed.unwrap().fixed;
        fixed.journals.iter().for_each(check_balance);
        let recoveries = fixed.journals.iter().flat_map(|it| {
            let recoveries = it.lines.iter().filter(|it| it.kind == LineKind::Recovery);
            recoveries.map(|_| it.entity.code.clone())
        });
        assert_eq!(recoveries.collect::<BTreeSet<_>>(), BTreeSet::from([code(entity)]));
        booked.insert(entity, exact(&fixed));
    }
    let sum = |number: i64| Decimal::new(number, 0);
    assert_eq!(booked, BTreeMap::from([("1000", sum(24)), ("2000", sum(-8))]));
    assert_eq!(setting.statements(first).await, statements);
}

/// Each is refused, and nothing is kept.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn books_that_would_not_add_up_are_refused() {
    let mut setting = Setting::new().await;
    let [first, second, third] = ["2025-01", "2025-02", "2025-03"].map(month);
    let ten = Decimal::TEN;
    for of in [first, second, third] {
        setting.deliver(PAYERS[0], of, [ten, ten], days_after(of, 1)).await;
    }
    let at = days_after(third, 6);
    // The first closing says which months it leaves out.
    let refused = setting.close(&setting.reader, "1000", second, at).await.unwrap_err();
    let PeriodError::Checks { checks, .. } = refused else { panic!("{refused}") };
    let against: Vec<_> = checks.iter().filter(|it| it.is_against()).map(|it| it.kind).collect();
    assert_eq!(against, [CheckKind::FirstMonth]);
    let (view, organisation) = (setting.view(at).await, setting.organisation().await);
    let entity = code("1000");
    let mut waived = terms(second, vec![setting.invoice("1000", second)]);
    waived.waived = BTreeSet::from([CheckKind::FirstMonth]);
    close(&view, &organisation, (&entity, second), &waived, said(at)).await.unwrap();
    // Nothing would ever take this accrual back.
    let accrued = accrue(&view, &organisation, (&entity, first), &waived, said(at)).await;
    let refused = accrued.unwrap_err().to_string();
    assert!(refused.starts_with("2025-02 of 1000 is closed already"), "{refused}");
    // Adjustments of another kind of cost would be no adjustments.
    let mut net = terms(third, vec![setting.invoice("1000", third)]);
    net.cost_kind = CostKind::NetUnblended;
    let closed = close(&view, &organisation, (&entity, third), &net, said(at)).await;
    let refused = closed.unwrap_err().to_string();
    assert!(refused.contains("expected --cost-kind unblended"), "{refused}");
    // A limit that lets anything pass needs a reason, as a waiver does.
    let mut lenient = terms(third, vec![setting.invoice("1000", third)]);
    lenient.tolerance = Decimal::ONE_THOUSAND;
    let silent = Said { reason: "", ..said(at) };
    let closed = close(&view, &organisation, (&entity, third), &lenient, silent).await;
    assert!(closed.unwrap_err().to_string().contains("its limit raised"), "a reason is needed");
    assert_eq!(setting.book().await.periods.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_closings_at_once_one_wins_and_the_other_changes_nothing() {
    let mut setting = Setting::new().await;
    let of = month("2025-01");
    for payer in PAYERS {
        setting.deliver(payer, of, [Decimal::TEN, Decimal::TEN], days_after(of, 1)).await;
    }
    let close = |entity, days| setting.close(&setting.reader, entity, of, days_after(of, days));
    let (one, two, three) = tokio::join!(close("1000", 6), close("1000", 7), close("2000", 8));
    let outcomes = [one.map(drop), two.map(drop), three.map(drop)];
    let won = outcomes.iter().filter(|it| it.is_ok()).count();
    assert!(won >= 1, "{outcomes:?}");
    assert!(outcomes[0].is_err() || outcomes[1].is_err(), "closed twice");
    for refused in outcomes.into_iter().filter_map(Result::err) {
        assert!(matches!(refused, PeriodError::Refused(_)), "{refused}");
    }
    assert_eq!(setting.book().await.periods.len(), won);
    let audited = audited(&setting.reader, None).await.unwrap();
    assert_eq!((audited.faults, audited.chain.count), (vec![], 2 + won as u64));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closing_that_stops_after_any_call_is_done_or_not_and_can_be_done_again() {
    let of = month("2025-01");
    let mut expected: Option<Vec<String>> = None;
    for call_count in 0..CALLS_MAX {
        let mut setting = Setting::new().await;
        setting.deliver(PAYERS[0], of, [Decimal::TEN, Decimal::TEN], days_after(of, 1)).await;
        setting.proxy.set_plan(FaultPlan::fail_after(call_count));
        let at = days_after(of, 6);
        let outcome = setting.close(&setting.ledger, "1000", of, at).await;
        if outcome.is_err() && setting.book().await.periods.is_empty() {
            setting.close(&setting.reader, "1000", of, at).await.unwrap();
        }
        let book = setting.book().await;
        let closing = book.periods[0].closing.as_ref().unwrap();
        let batches = closing.posting.batches.iter().map(|it| it.batch_id.clone()).collect();
        assert_eq!(*expected.get_or_insert_with(|| Vec::clone(&batches)), batches);
        Fixed::read(&setting.reader, closing.posting.content).await.unwrap();
        let audited = audited(&setting.reader, None).await.unwrap();
        assert_eq!((audited.faults, audited.chain.count), (vec![], 3), "after {call_count}");
        if outcome.is_ok() {
            assert!(call_count > 4, "{call_count} calls");
            return;
        }
    }
    panic!("a closing takes more than {CALLS_MAX} calls");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_answer_to_any_call_of_a_closing_is_harmless() {
    let of = month("2025-01");
    for number in 1..CALLS_MAX {
        let mut setting = Setting::new().await;
        setting.deliver(PAYERS[0], of, [Decimal::TEN, Decimal::TEN], days_after(of, 1)).await;
        let before = setting.proxy.calls();
        setting.proxy.set_plan(FaultPlan::only(number, Fault::LoseAnswer));
        setting.close(&setting.ledger, "1000", of, days_after(of, 6)).await.unwrap();
        assert_eq!(setting.book().await.periods.len(), 1);
        assert_eq!(audited(&setting.reader, None).await.unwrap().chain.count, 3);
        if setting.proxy.calls() - before < number {
            assert!(number > 4, "{number} calls");
            return;
        }
    }
    panic!("a closing takes more than {CALLS_MAX} calls");
}

/// Text that was kept and then changed by hand is found, not shown.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn periods_that_were_changed_by_hand_are_found() {
    let mut setting = Setting::new().await;
    let of = month("2025-01");
    setting.deliver(PAYERS[0], of, [Decimal::TEN, Decimal::TEN], days_after(of, 1)).await;
    setting.close(&setting.reader, "1000", of, days_after(of, 6)).await.unwrap();
    let text = setting.reader.document(DocumentKind::Periods).await.unwrap().unwrap().text;
    let forged = text.replace("\"closed\"", "\"clozed\"");
    let at = days_after(of, 7);
    let change = Change { action: AuditAction::ClosePeriod, ..change(at) };
    setting.reader.apply(DocumentKind::Periods, &forged, change).await.unwrap();
    let err = book(&setting.reader).await.unwrap_err().to_string();
    assert!(err.contains("`clozed` is no PeriodState"), "{err}");
}
