//! Journals of made-up organisations: what is posted, and that it always balances.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::bill::Status;
use crate::charges::{Charge, ChargeKey, Charges};
use crate::cost::CostKind;
use crate::currency::Currency;
use crate::filter::Glob;
use crate::money::Money;
use crate::organisation::{
    Account, Code, CostCentre, Entity, MarkUp, Organisation, Posting, PostingField, Validity,
};
use crate::owner::Owner;
use crate::period::BillingPeriod;
use crate::testing::{date, usd};
use crate::word::Word;

fn code(text: &str) -> Code {
    Code::parse(text).unwrap()
}

fn entity(text: &str, mark_up: &str) -> Entity {
    let account = |of: &str| Some(code(&format!("{text}.{of}")));
    Entity {
        code: code(text),
        name: format!("Contoso {text}").into(),
        home_currency: None,
        recovery_account: account("recovery"),
        recovery_cost_centre: Some(code(&format!("{text}-it"))),
        accrual_account: None,
        receivable_account: account("receivable"),
        payable_account: account("payable"),
        intercompany_cost_centre: None,
        rounding_account: account("rounding"),
        time_zone: None,
        holidays: Default::default(),
        mark_up: MarkUp::parse(mark_up).unwrap(),
        tax_code: Some(code("V1")),
        ledger_id: None,
    }
}

fn cost_centre(text: &str, entity: &str, owners: &[&str]) -> CostCentre {
    CostCentre {
        code: code(text),
        name: text.into(),
        entity: code(entity),
        owners: owners.iter().map(|it| Arc::from(*it)).collect(),
        aliases: [Arc::from(format!("CC {text}"))].into(),
        validity: Validity::default(),
    }
}

fn account(text: &str) -> Account {
    let (code, name) = (code(text), text.into());
    Account { code, name, entity: None, validity: Validity::default() }
}

/// Entity 10 pays bills and marks them up; entity 20 consumes, and pays the bills of account 2. Each
/// has two owners.
fn organisation() -> Organisation {
    let entities = [entity("10", "5"), entity("20", "0")];
    let centres = [
        cost_centre("10-it", "10", &[]),
        cost_centre("20-it", "20", &[]),
        cost_centre("search", "10", &["search"]),
        cost_centre("support", "10", &["support"]),
        cost_centre("sales", "20", &["sales", "partners"]),
    ];
    let mut accounts = vec![account("usage"), account("credits")];
    for it in ["10", "20"] {
        let of = ["recovery", "receivable", "payable", "rounding"];
        accounts.extend(of.map(|of| account(&format!("{it}.{of}"))));
    }
    let credits = [(PostingField::LineType, vec![Glob::new("Credit"), Glob::new("Ref*")])];
    Organisation {
        version: 1,
        entities: entities.map(|it| (it.code.clone(), it)).into(),
        payers: [("2".into(), code("20"))].into(),
        paying_entity: Some(code("10")),
        cost_centres: centres.map(|it| (it.code.clone(), it)).into(),
        accounts: accounts.into_iter().map(|it| (it.code.clone(), it)).collect(),
        postings: vec![
            Posting { when: credits.into(), account: code("credits") },
            Posting { when: BTreeMap::new(), account: code("usage") },
        ],
    }
}

fn charge(owner: &str, exact: Money) -> Charge {
    let key = ChargeKey {
        payer: Some("1".into()),
        owner: Owner::parse(owner),
        cost_centre: None,
        product: None,
        environment: None,
        provider: "cloud".into(),
        service: "models".into(),
        model: None,
        meter: Word::parse("input"),
        line_type: "Usage".into(),
        bill_period: None,
        adjusts: None,
    };
    Charge { key, exact, tokens: None, line_count: 1 }
}

fn charges(charges: &[Charge]) -> Charges {
    Charges {
        period: BillingPeriod::parse("2026-10").unwrap(),
        cost_kind: CostKind::Unblended,
        status: Status::Billed,
        charges: charges.to_vec(),
    }
}

fn request() -> JournalRequest {
    JournalRequest { posting_date: date("2026-10-31"), unattributed_to: None, paid_by: None }
}

/// The lines of each journal as `side account cost_centre amount`.
fn posted(of: &[Charge]) -> Vec<Vec<String>> {
    let journals = journals(&charges(of), &organisation(), &request()).unwrap();
    let line = |it: &JournalLine| {
        let cost_centre = it.cost_centre.as_ref().map_or("-", Code::as_str);
        format!("{} {} {cost_centre} {}", it.side, it.account, it.amount.amount())
    };
    journals.iter().map(|it| it.lines.iter().map(line).collect()).collect()
}

fn refused(of: &[Charge], organisation: &Organisation, request: &JournalRequest) -> Vec<String> {
    match journals(&charges(of), organisation, request) {
        Err(JournalError::Refused(refusal)) => refusal.lines().collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn consumers_are_debited_and_the_recovery_is_credited() {
    let of = [charge("search", usd("10.005")), charge("support", usd("4.001"))];
    assert_eq!(
        posted(&of),
        [["debit usage search 10.01", "debit usage support 4", "credit 10.recovery 10-it 14.01",]]
    );
}

#[test]
fn a_claim_and_a_debt_are_between_entities_and_the_mark_up_is_on_lines_of_its_own() {
    let of = [charge("search", usd("1")), charge("sales", usd("100.10"))];
    assert_eq!(
        posted(&of),
        [
            vec![
                "debit usage search 1",
                "credit 10.recovery 10-it 1",
                "debit 10.receivable - 105.1",
                "credit 10.recovery 10-it 100.1",
                "credit 10.recovery 10-it 5",
            ],
            vec!["debit usage sales 100.1", "debit usage sales 5", "credit 20.payable - 105.1",],
        ]
    );
}

#[test]
fn a_credit_has_the_sides_the_other_way_round() {
    let mut credit = charge("search", usd("-3"));
    credit.key.line_type = "Refund".into();
    assert_eq!(
        posted(std::slice::from_ref(&credit)),
        [["credit credits search 3", "debit 10.recovery 10-it 3",]]
    );
    assert_eq!(
        posted(&[credit, charge("search", usd("3"))]),
        [["credit credits search 3", "debit usage search 3",]]
    );
}

#[test]
fn what_rounding_of_parts_leaves_is_on_the_rounding_account() {
    let of = [charge("search", usd("0.005")), charge("sales", usd("0.007"))];
    assert_eq!(posted(&of)[0], ["debit 10.receivable - 0.01", "credit 10.recovery 10-it 0.01",]);
    let of = [charge("search", usd("0.004")), charge("sales", usd("0.004"))];
    let rest = vec!["credit 10.recovery 10-it 0.01", "debit 10.rounding 10-it 0.01"];
    assert_eq!(posted(&of), [rest, vec![]]);
}

#[test]
fn lines_name_their_counterpart_tax_code_and_support() {
    let mut production = charge("partners", usd("2"));
    production.key.environment = Some("production".into());
    let of = [charge("sales", usd("1")), production];
    let found = journals(&charges(&of), &organisation(), &request()).unwrap();
    let [_, consumer] = found.as_slice() else { panic!("{found:?}") };
    let line = &consumer.lines[0];
    assert_eq!(line.text, "AI usage 2026-10 sales: usage, paid by Contoso 10");
    assert_eq!(
        (line.counterpart.clone(), line.tax_code.clone()),
        (Some(code("10")), Some(code("V1")))
    );
    let support: Vec<_> = line.support.iter().map(|it| (it.owner.as_str(), it.exact)).collect();
    assert_eq!(support, [("partners", usd("2")), ("sales", usd("1"))]);
    assert_eq!(line.support[0].environment.as_deref(), Some("production"));
    assert_eq!(consumer.lines[2].tax_code, None);
}

#[test]
fn all_that_is_against_a_journal_is_said_at_once_with_its_money() {
    let mut with_cost_centre = charge("search", usd("4"));
    with_cost_centre.key.cost_centre = Some("lost".into());
    let of = [
        charge("Unattributed", usd("1.5")),
        charge("Unattributed", usd("1")),
        charge("stranger", usd("2")),
        with_cost_centre,
    ];
    assert_eq!(
        refused(&of, &organisation(), &request()),
        [
            "2.5 USD: no rule gives it an owner; expected a rule, or a cost centre in --unattributed-to",
            "2 USD: owner `stranger` has no cost centre on the posting date; expected one that names it in \
         `owners`, or a cost centre in --unattributed-to",
            "4 USD: cost centre `lost` is not in the organisation; expected its code, or one of the \
         `aliases`, of a [[cost_centre]]",
        ]
    );
}

#[test]
fn what_has_no_cost_centre_goes_where_the_request_says() {
    let of = [charge("Unattributed", usd("1")), charge("stranger", usd("2"))];
    let with = |text: &str| JournalRequest { unattributed_to: Some(code(text)), ..request() };
    let found = journals(&charges(&of), &organisation(), &with("support")).unwrap();
    assert_eq!(found[0].lines[0].cost_centre, Some(code("support")));
    assert_eq!(found[0].lines[0].amount, usd("3"));
    assert!(refused(&of, &organisation(), &with("lost"))[0].contains("`lost` is not in the"));
    // An owner whose cost centre is over has a place, and this is none of it.
    let mut ended = organisation();
    let to = Some(date("2026-10-30"));
    ended.cost_centres.get_mut(&code("search")).unwrap().validity = Validity { from: None, to };
    let found = refused(&[charge("search", usd("4"))], &ended, &with("support"));
    assert!(
        found[0].starts_with("4 USD: cost centre `search` is valid to 2026-10-30"),
        "{found:?}"
    );
}

#[test]
fn a_cost_centre_that_rules_set_counts_before_that_of_the_owner() {
    let mut of = charge("search", usd("4"));
    of.key.cost_centre = Some("CC support".into());
    assert_eq!(posted(&[of])[0][0], "debit usage support 4");
}

#[test]
fn what_is_not_valid_on_the_posting_date_is_refused() {
    let ended = Validity { from: None, to: Some(date("2026-10-30")) };
    for (place, expected) in [
        ("search", "4 USD: cost centre `search` is valid to 2026-10-30"),
        ("usage", "4 USD: account `usage` is valid to 2026-10-30; expected the posting date in it"),
        ("10.recovery", "4 USD: account `10.recovery` is valid to 2026-10-30"),
        ("10-it", "4 USD: cost centre `10-it` is valid to 2026-10-30"),
    ] {
        let mut of = organisation();
        if let Some(it) = of.cost_centres.get_mut(&code(place)) {
            it.validity = ended;
        }
        if let Some(it) = of.accounts.get_mut(&code(place)) {
            it.validity = ended;
        }
        let found = refused(&[charge("search", usd("4"))], &of, &request());
        assert!(found[0].starts_with(expected), "{found:?}");
        let before = JournalRequest { posting_date: date("2026-10-30"), ..request() };
        assert!(journals(&charges(&[charge("search", usd("4"))]), &of, &before).is_ok());
    }
}

#[test]
fn an_organisation_that_lacks_a_part_is_refused() {
    let refusal = |change: &dyn Fn(&mut Organisation), owner: &str| {
        let mut of = organisation();
        change(&mut of);
        refused(&[charge(owner, usd("4"))], &of, &request())
    };
    let change: &dyn Fn(&mut Organisation) = &|it| it.paying_entity = None;
    assert!(
        refusal(change, "search")[0]
            .starts_with("4 USD: no entity pays for the bills of account `1`")
    );
    let change: &dyn Fn(&mut Organisation) = &|it| it.postings.clear();
    assert!(
        refusal(change, "search")[0]
            .contains("no posting has an account of entity `10` for `Usage`")
    );
    let change: &dyn Fn(&mut Organisation) = &|it| {
        it.accounts.get_mut(&code("usage")).unwrap().entity = Some(code("20"));
    };
    assert!(refusal(change, "search")[0].contains("no posting has an account of entity `10`"));
    let change: &dyn Fn(&mut Organisation) = &|it| {
        it.entities.get_mut(&code("10")).unwrap().receivable_account = None;
        it.entities.get_mut(&code("20")).unwrap().payable_account = None;
    };
    let found = refusal(change, "sales");
    assert!(found[0].contains("entity `10` has no `receivable_account`"), "{found:?}");
    assert!(found[1].contains("entity `20` has no `payable_account`"), "{found:?}");
}

#[test]
fn an_id_names_the_content() {
    let ids = |of: &[Charge], date: Date| {
        let request = JournalRequest { posting_date: date, ..request() };
        let found = journals(&charges(of), &organisation(), &request).unwrap();
        found.into_iter().map(|it| (it.batch_id, it.content_hash)).collect::<Vec<_>>()
    };
    let (of, other) = ([charge("search", usd("1"))], [charge("search", usd("1.001"))]);
    let first = ids(&of, date("2026-10-31"));
    assert_eq!(first, ids(&of, date("2026-10-31")));
    assert_ne!(first, ids(&of, date("2026-11-01")));
    assert_ne!(first, ids(&other, date("2026-10-31")));
    let (id, hash) = &first[0];
    assert_eq!((id.len(), hash.len()), (14, 64));
    assert!(hash.to_uppercase().starts_with(id.strip_prefix("TB").unwrap()));
}

prop_compose! {
    fn any_charge()(
        payer in select(vec![None, Some("1"), Some("2")]),
        owner in select(vec!["search", "support", "sales", "partners"]),
        cost_centre in prop::option::weighted(0.1, select(vec!["sales", "CC search"])),
        environment in select(vec![None, Some("production")]),
        line_type in select(vec!["Usage", "Credit"]),
        code in select(vec!["USD", "JPY", "KWD"]),
        femto in prop_oneof![-10_i128.pow(16)..10_i128.pow(16), -10_i128.pow(20)..10_i128.pow(20)],
        line_count in 1..9_u64,
    ) -> Charge {
        let exact = Money::from_femto_units(femto, Currency::parse(code).unwrap()).unwrap();
        let it = charge(owner, exact);
        let key = ChargeKey {
            payer: payer.map(Into::into),
            cost_centre: cost_centre.map(Into::into),
            environment: environment.map(Into::into),
            line_type: line_type.into(),
            ..it.key
        };
        Charge { key, line_count, ..it }
    }
}

fn unit_of(currency: Currency) -> i128 {
    10_i128.pow(15 - currency.minor_units())
}

/// A line's amount as a debit.
fn signed(line: &JournalLine) -> i128 {
    let femto = line.amount.femto_units();
    if line.side == Side::Debit { femto } else { -femto }
}

proptest! {
    #[test]
    fn journals_balance_and_post_what_was_charged(of in prop::collection::vec(any_charge(), 0..30)) {
        let found = journals(&charges(&of), &organisation(), &request()).unwrap();
        let (mut recovered, mut supported) = (BTreeMap::new(), BTreeMap::new());
        for journal in &found {
            prop_assert_eq!(journal.total(Side::Debit).unwrap(), journal.total(Side::Credit).unwrap());
            let unit = unit_of(journal.currency);
            for line in &journal.lines {
                prop_assert!(line.amount.femto_units() > 0);
                prop_assert_eq!(line.amount.femto_units() % unit, 0);
                if line.kind == LineKind::Charge {
                    let exact: i128 = line.support.iter().map(|it| it.exact.femto_units()).sum();
                    prop_assert!((signed(line) - exact).abs() < unit);
                }
                if line.kind == LineKind::Recovery || line.kind == LineKind::Rounding {
                    *recovered.entry(journal.currency).or_insert(0) -= match line.kind {
                        LineKind::Recovery => signed(line),
                        _ => 0,
                    };
                }
            }
            let in_lines = journal.lines.iter().flat_map(|it| &it.support);
            for it in in_lines.chain(&journal.below_minor_unit) {
                let sum = supported.entry(journal.currency).or_insert((0, 0));
                *sum = (sum.0 + it.exact.femto_units(), sum.1 + it.line_count);
            }
        }
        let mut charged = BTreeMap::new();
        for it in of.iter().filter(|it| !it.exact.is_zero()) {
            let sum = charged.entry(it.exact.currency()).or_insert((0, 0));
            *sum = (sum.0 + it.exact.femto_units(), sum.1 + it.line_count);
        }
        prop_assert_eq!(&supported, &charged, "nothing is lost on the way");
        for (currency, (exact, _)) in charged {
            // Two entities pay bills, and each recovers them rounded once.
            let found = recovered.get(&currency).copied().unwrap_or(0);
            prop_assert!((found - exact).abs() <= unit_of(currency));
        }
    }

    #[test]
    fn the_order_of_charges_does_not_matter(
        of in prop::collection::vec(any_charge(), 0..20),
        seed in any::<u64>(),
    ) {
        let mut other = of.clone();
        other.sort_by_key(|it| it.exact.femto_units().rotate_left((seed % 64) as u32));
        let of = |it: &[Charge]| journals(&charges(it), &organisation(), &request()).unwrap();
        prop_assert_eq!(of(&other), of(&of_sorted(&other)));
    }

    #[test]
    fn documents_balance_and_add_up_to_the_journal(
        of in prop::collection::vec(any_charge(), 0..30),
        lines_max in 2..6_usize,
    ) {
        for journal in journals(&charges(&of), &organisation(), &request()).unwrap() {
            let mut parts: BTreeMap<usize, i128> = BTreeMap::new();
            for document in documents(&journal, lines_max).unwrap() {
                prop_assert!(document.len() <= lines_max && document.len() >= 2);
                let sum = |side| -> i128 {
                    document.iter().filter_map(|it| it.on(side)).map(Money::femto_units).sum()
                };
                prop_assert_eq!(sum(Side::Debit), sum(Side::Credit));
                for part in &document {
                    *parts.entry(part.place).or_insert(0) += part.amount.femto_units();
                }
            }
            let lines = journal.lines.iter().enumerate();
            prop_assert_eq!(parts, lines.map(|(at, it)| (at, it.amount.femto_units())).collect());
        }
    }
}

fn of_sorted(of: &[Charge]) -> Vec<Charge> {
    let mut sorted = of.to_vec();
    sorted.sort_by(|left, right| left.key.cmp(&right.key));
    sorted
}
