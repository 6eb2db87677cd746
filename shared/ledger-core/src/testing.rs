//! What the tests of this crate are made of.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;
use proptest::prelude::*;
use proptest::sample::select;
use rust_decimal::Decimal;

use crate::aws::line_type::category_of;
use crate::aws::usage_type::UsageType;
use crate::bill::{BillHead, DayHead, FactsForm, Generation};
use crate::bill_rollups::BillRollups;
use crate::bill_text::{BillText, BillTexts};
use crate::business::{BusinessField, BusinessKey};
use crate::caller::Caller;
use crate::cost::{CostKind, Costs};
use crate::currency::Currency;
use crate::day_sum::DaySum;
use crate::fact::FactKey;
use crate::finding::Finding;
use crate::line_item::{BillId, LineItem, Provenance};
use crate::model::Model;
use crate::money::Money;
use crate::period::{BillingPeriod, ChargePeriod};
use crate::quantity::Quantity;
use crate::question::{Question, ledger_days};
use crate::roll_up::{RollupBuilder, RollupsByBill};
use crate::rollup::{DayTotal, Position, Rollup, Summary};
use crate::rules::{
    AttributionRules, Claim, MatchKey, Matcher, Pattern, PatternForm, Rule, Template, Validity,
};
use crate::source::Source;
use crate::usage::Usage;

pub(crate) const TEAM_TAG: &str = "iamPrincipal/team";
pub(crate) const GATEWAY: &str = "arn:aws:sts::123456789012:assumed-role/llm-gateway/checkout";
pub(crate) const PERSON: &str =
    "arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Dev_0123456789abcdef/ana@example.com";
pub(crate) const USER: &str = "arn:aws:iam::123456789012:user/ci/batch";

pub(crate) fn date(text: &str) -> Date {
    text.parse().unwrap()
}

pub(crate) fn usd(text: &str) -> Money {
    Money::parse(text, Currency::USD).unwrap().money
}

pub(crate) fn span(start: &str, end: &str) -> ChargePeriod {
    ChargePeriod::new(date(start), date(end)).unwrap()
}

pub(crate) fn bill(source: Source, period: &str, payer: &str) -> BillId {
    let payer = Some(payer).filter(|it| *it != "unknown").map(Into::into);
    BillId { period: BillingPeriod::parse(period).unwrap(), source, payer, part: None }
}

/// The usage that a text of AWS names.
pub(crate) fn usage(text: &str, tokens: Option<u64>) -> Usage {
    let usage_type = UsageType::parse(text);
    let axes = Arc::new(usage_type.axes());
    Usage { meter: usage_type.meter_within_bedrock(), axes, tokens }
}

/// A model of Amazon's by name.
pub(crate) fn named_model(name: &str) -> Model {
    Model { name: Some(name.into()), publisher: Some("Amazon".into()) }
}

/// A charge of one dollar for input tokens.
pub(crate) fn line() -> LineItem {
    LineItem {
        provenance: Provenance { file: "part-1.csv".into(), line: 1 },
        bill: bill(Source::AWS_BILL, "2026-10", "123456789012"),
        day: date("2026-10-05"),
        account: Some("123456789012".into()),
        line_type: "Usage".into(),
        category: category_of("Usage"),
        service: "Amazon Bedrock".into(),
        usage: usage("USE1-NovaLite-input-tokens", Some(1_000)),
        caller: Some(Caller::parse(GATEWAY)),
        tags: Arc::new(BTreeMap::from([(TEAM_TAG.into(), "search".into())])),
        model: named_model("nova-lite"),
        texts: BillTexts::default().with(BillText::Region, Some("us-east-1".into())),
        unit: Some("1K tokens".into()),
        quantity: Some(Quantity::parse("1").unwrap()),
        estimated: false,
        costs: Costs::new(usd("1"), None).unwrap(),
    }
}

pub(crate) fn line_of(caller: &str, cost: &str) -> LineItem {
    LineItem {
        caller: Some(Caller::parse(caller)),
        costs: Costs::new(usd(cost), None).unwrap(),
        ..line()
    }
}

/// A condition of plain patterns.
pub(crate) fn matcher(when: &[(MatchKey, &str)]) -> Matcher {
    let mut patterns: BTreeMap<MatchKey, Vec<Pattern>> = BTreeMap::new();
    for (key, text) in when {
        patterns.entry(key.clone()).or_default().push(Pattern::parse(key, text).unwrap());
    }
    Matcher { patterns, ..Matcher::default() }
}

fn usd_only() -> Matcher {
    matcher(&[(MatchKey::Currency, "USD")])
}

/// A part of a condition beside its plain patterns.
#[derive(Clone, Copy, Debug)]
enum Part {
    None,
    Any,
    Not,
}

pub(crate) fn rule(name: &str, when: &[(MatchKey, &str)], owner: &str) -> Rule {
    Rule {
        name: name.into(),
        validity: Validity::default(),
        when: matcher(when),
        owner: Template::parse(owner).unwrap(),
        business: BTreeMap::new(),
    }
}

pub(crate) fn rules(rules: &[Rule]) -> AttributionRules {
    AttributionRules { version: 1, rules: rules.to_vec(), ..AttributionRules::default() }
}

/// What the ledger keeps of these lines.
pub(crate) fn ledger_of(
    line_items: &[LineItem],
    rules: &AttributionRules,
) -> (RollupsByBill, Vec<Finding>) {
    let mut builder = RollupBuilder::default();
    for line_item in line_items {
        match is_ai(line_item) {
            true => builder.add(line_item).unwrap(),
            false => builder.add_other(line_item, &[DaySum::of(line_item).unwrap()]).unwrap(),
        }
    }
    builder.finish(rules).unwrap()
}

/// All rollups of a ledger with their days, in detail or in summary.
pub(crate) fn rollups_of(ledger: &RollupsByBill, is_detail: bool) -> Vec<(Date, Rollup)> {
    let days = ledger.values().flat_map(BillRollups::iter).map(Result::unwrap);
    days.flat_map(|(day, rollups)| {
        let summary = rollups.summary().unwrap().into_iter();
        let rollups: Vec<Rollup> = match is_detail {
            false => {
                summary.map(|(key, measures)| Rollup::Summary(Summary { key, measures })).collect()
            }
            true => rollups
                .positions
                .into_iter()
                .map(|(key, measures)| Rollup::Position(Position { key, measures }))
                .collect(),
        };
        rollups.into_iter().map(move |it| (day, it))
    })
    .collect()
}

/// The claim of rules on the fact that a charge is part of.
pub(crate) fn claim_of(line_item: &LineItem, rules: &AttributionRules) -> Claim {
    let fact = FactKey::of(line_item.clone());
    rules.claim(fact.with_caller(fact.caller().as_ref()), line_item.day)
}

/// Asks a question of days as if each row were of a day of a bill that is served.
pub(crate) fn ask(question: &mut dyn Question, rollups: &[(Date, Rollup)]) {
    let mut heads: BTreeMap<Date, BillHead> = BTreeMap::new();
    for (day, _) in rollups {
        let text = day.to_string();
        let month = BillingPeriod::containing(*day).to_string();
        let bill = bill(Source::AWS_BILL, &month, "123456789012");
        heads.entry(*day).or_insert_with(|| head(bill, &[(&text, "0")]));
    }
    for (day, head) in &heads {
        let heads = std::slice::from_ref(head);
        for ledger_day in ledger_days(heads) {
            let Some(wanted) = question.wants(&ledger_day) else { continue };
            let of_day = rollups.iter().filter(|(it, _)| it == day).map(|(_, rollup)| rollup);
            for rollup in of_day.filter(|it| wanted.owners.contains(&it.row().summary().owner)) {
                question.add(rollup.row(), &ledger_day).unwrap();
            }
        }
    }
}

/// Sums by currency and cost kind.
pub(crate) type Totals = BTreeMap<(Currency, CostKind), Money>;

/// Adds up costs; what comes to nothing counts like nothing at all.
pub(crate) fn totals(costs: impl IntoIterator<Item = Costs>) -> Totals {
    let mut totals = Totals::new();
    for costs in costs {
        for kind in CostKind::ALL {
            let zero = Money::zero(costs.currency());
            let sum = totals.entry((costs.currency(), kind)).or_insert(zero);
            *sum = sum.checked_add(costs.of(kind)).unwrap();
        }
    }
    totals.retain(|_, sum| !sum.is_zero());
    totals
}

/// A bill's pointer with these days, each at this cost.
pub(crate) fn head(bill: BillId, days: &[(&str, &str)]) -> BillHead {
    let day_head = |cost: &str| {
        let ai = Costs::new(usd(cost), None).unwrap();
        let total = DayTotal { ai, ai_line_count: 1, ..DayTotal::zero(Currency::USD) };
        DayHead {
            generation: Generation { version: 1, content_hash: "00".into() },
            totals: BTreeMap::from([(Currency::USD, total)]),
            estimated: false,
            is_invoiced: true,
            facts: FactsForm::CURRENT,
            files: None,
        }
    };
    BillHead {
        bill,
        version: 1,
        export: None,
        delivered_at: None,
        imported_at: "2026-11-01T00:00:00Z".parse().unwrap(),
        rules_version: 1,
        days: days.iter().map(|(day, cost)| (date(day), day_head(cost))).collect(),
        unread: Arc::default(),
        is_chosen_part: false,
        pending: None,
    }
}

fn any_money(currency: Currency) -> impl Strategy<Value = Money> {
    (-1_000_000_000_000_000_000_i64..1_000_000_000_000_000_000, 0..=15_u32).prop_map(
        move |(digits, scale)| {
            Money::new(Decimal::new(digits / 1_000_000_000, scale), currency).unwrap()
        },
    )
}

fn any_costs() -> impl Strategy<Value = Costs> {
    let currency = select(vec![Currency::USD, Currency::parse("JPY").unwrap()]);
    currency.prop_flat_map(|currency| {
        let maybe = || prop::option::of(any_money(currency));
        let amortized = prop::option::weighted(0.2, (maybe(), maybe()));
        (any_money(currency), maybe(), maybe(), amortized).prop_map(
            |(unblended, net, list, amortized)| {
                let (amortized, net_amortized) = amortized.unwrap_or_default();
                let charged = Costs::new(unblended, net).unwrap();
                let charged = charged.with_list(list).unwrap();
                charged.amortized_to(amortized, net_amortized).unwrap()
            },
        )
    })
}

fn any_bill() -> impl Strategy<Value = BillId> {
    (
        select(vec![Source::AWS_BILL, Source::AWS_QUICK_LOOK]),
        select(vec!["2026-10", "2026-11"]),
        select(vec!["123456789012", "210987654321"]),
    )
        .prop_map(|(source, period, payer)| bill(source, period, payer))
}

/// The one service that is not for generative AI.
const OTHER: &str = "Amazon EC2";

/// Whether a line is for generative AI.
pub(crate) fn is_ai(line_item: &LineItem) -> bool {
    &*line_item.service != OTHER
}

const GENERATED: &str = "arn:aws:sts::123456789012:assumed-role/worker/botocore-session-1700000000";

prop_compose! {
    fn any_line_item()(
        bill in any_bill(),
        day in select(vec!["2026-10-05", "2026-10-31", "2026-11-01"]),
        line_number in 1..10_000_u64,
        words in (
            select(vec!["Usage", "Tax", "Credit"]),
            select(vec!["Amazon Bedrock", "Claude Sonnet 4.6 (Amazon Bedrock Edition)", "Amazon Bedrock", OTHER]),
            select(vec!["USE1-NovaLite-input-tokens", "USE1-NovaLite-output-tokens", "new", ""]),
        ),
        caller in select(vec![None, Some(GATEWAY), Some(PERSON), Some(USER), Some(GENERATED)]),
        team in select(vec![None, Some("search"), Some(""), Some("Unattributed")]),
        model in select(vec![None, Some("nova-lite"), Some("claude-sonnet-4.6")]),
        tokens in prop::option::of(0..1_000_000_u64),
        metered in (
            select(vec![None, Some("1K tokens"), Some("Hrs")]),
            prop::option::of(-1_000_000_000_000_000_000_i128..1_000_000_000_000_000_000),
            select(vec![None, Some("EUINUS26-1"), Some("EUINUS26-2")]),
        ),
        zone in select(vec![None, Some("us-east-1a"), Some("us-east-1b")]),
        estimated in any::<bool>(),
        costs in any_costs(),
    ) -> LineItem {
        LineItem {
            provenance: Provenance { file: "part-1.csv".into(), line: line_number },
            bill,
            day: date(day),
            line_type: words.0.into(),
            category: category_of(words.0),
            service: words.1.into(),
            usage: usage(words.2, tokens),
            caller: caller.map(Caller::parse),
            tags: Arc::new(team.iter().map(|it| (TEAM_TAG.into(), (*it).into())).collect()),
            model: Model { name: model.map(Into::into), ..line().model },
            unit: metered.0.map(Into::into),
            quantity: metered.1.map(|it| Quantity::from_femto_units(it).unwrap()),
            texts: line()
                .texts
                .with(BillText::AvailabilityZone, zone.map(Into::into))
                .with(BillText::InvoiceId, metered.2.map(Into::into)),
            estimated,
            // Lines that are not AI are not amortized.
            costs: if words.1 != OTHER { costs } else { costs.amortized_to(None, None).unwrap() },
            ..line()
        }
    }
}

/// Lines of several bills, days, callers and currencies.
pub(crate) fn any_line_items() -> impl Strategy<Value = Vec<LineItem>> {
    prop::collection::vec(any_line_item(), 0..40)
}

prop_compose! {
    fn any_rule()(
        name in "[a-z]{1,3}",
        when in prop::collection::vec(
            select(vec![
                (MatchKey::Role, "llm-*"),
                (MatchKey::Session, "*@example.com"),
                (MatchKey::Tag(TEAM_TAG.into()), "*"),
                (MatchKey::LineType, "Usage"),
                (MatchKey::Model, "claude*"),
                (MatchKey::User, "?*"),
            ]),
            0..3,
        ),
        owner in select(vec!["search", "{role}", "{tag:iamPrincipal/team}", "{user}"]),
        cost_centre in prop::option::of(select(vec!["CC-1", "{account}", "{session}"])),
        (from, to) in (
            prop::option::weighted(0.2, select(vec!["2026-10-05", "2026-10-06", "2026-11-01"])),
            prop::option::weighted(0.2, select(vec!["2026-11-01", "2026-12-01"])),
        ),
        part in select(vec![Part::None, Part::Any, Part::Not]),
        captured in prop::option::weighted(0.2, select(vec!["{part}", "team-{part}"])),
    ) -> Rule {
        let mut rule = rule(&name, &when, owner);
        rule.validity = Validity::new(from.map(date), to.map(date)).unwrap_or(rule.validity);
        match part {
            Part::None => {}
            Part::Any => rule.when.any = vec![usd_only(), matcher(&[(MatchKey::Role, "w*")])],
            Part::Not => rule.when.not = vec![usd_only()],
        }
        if let Some(text) = captured {
            let text_of = |text| Pattern::of_form(&MatchKey::Model, PatternForm::Regex, text);
            let pattern = text_of("(?<part>[a-z]*)-.*").unwrap();
            rule.when.patterns.insert(MatchKey::Model, vec![pattern]);
            rule.owner = Template::with_groups(text, &["part"].into()).unwrap();
        }
        if let Some(text) = cost_centre {
            rule.business.insert(BusinessKey::Named(BusinessField::CostCentre), Template::parse(text).unwrap());
        }
        rule
    }
}

/// Rules of which some match, some cannot be filled, and some are unreachable.
pub(crate) fn any_rules() -> impl Strategy<Value = AttributionRules> {
    prop::collection::vec(any_rule(), 0..5).prop_map(|it| rules(&it))
}
