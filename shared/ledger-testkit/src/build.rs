//! Builders of test values: each gives a plain value, and the test changes what it is about.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use ledger_app::ports::Change;
use ledger_core::audit::AuditAction;
use ledger_core::aws::usage_type::UsageType;
use ledger_core::bill::{BillHead, BillReplacement, DayHead, FactsForm, Generation};
use ledger_core::bill_rollups::BillRollups;
use ledger_core::bill_text::{BillText, BillTexts};
use ledger_core::budget::{Alert, AlertId, Crossing, CrossingId};
use ledger_core::business::{Business, BusinessField, BusinessKey};
use ledger_core::caller::Caller;
use ledger_core::category::ChargeCategory;
use ledger_core::cost::Costs;
use ledger_core::currency::Currency;
use ledger_core::fact::{ChargeKey, DetailKey};
use ledger_core::line_item::{BillId, LineItem, Provenance, Tags};
use ledger_core::meter::Meter;
use ledger_core::model::Model;
use ledger_core::money::Money;
use ledger_core::owner::Owner;
use ledger_core::period::{BillingPeriod, ChargePeriod, Window};
use ledger_core::position::{EntryKind, PositionKey, SummaryKey};
use ledger_core::quantity::Quantity;
use ledger_core::roll_up::{RollupBuilder, RollupsByBill};
use ledger_core::rollup::{DayRollups, DayTotal, Measures, Position};
use ledger_core::rules::AttributionRules;
use ledger_core::source::{Provider, Source};
use ledger_core::usage::{Usage, UsageAxes};

/// The payer of [`bill`] and the account of [`line()`].
pub const ACCOUNT: &str = "123456789012";

/// A session of an application's role.
pub const GATEWAY: &str = "arn:aws:sts::123456789012:assumed-role/llm-gateway/checkout";

/// The tag by which callers name their team.
pub const TEAM_TAG: &str = "iamPrincipal/team";

/// A day, as in `2026-11-03`.
pub fn date(text: &str) -> Date {
    text.parse().unwrap()
}

/// A moment, as in `2026-11-20T06:00:00Z`.
pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A month, as in `2026-11`.
pub fn month(text: &str) -> BillingPeriod {
    BillingPeriod::parse(text).unwrap()
}

/// The days from `start` to the day before `end`.
pub fn span(start: &str, end: &str) -> ChargePeriod {
    ChargePeriod::new(date(start), date(end)).unwrap()
}

/// An amount in any currency.
pub fn money(text: &str, currency: &str) -> Money {
    Money::parse(text, Currency::parse(currency).unwrap()).unwrap().money
}

/// An amount in dollars.
pub fn usd(text: &str) -> Money {
    money(text, "USD")
}

/// A quantity.
pub fn quantity(text: &str) -> Quantity {
    Quantity::parse(text).unwrap()
}

/// Costs without discounts or amortization.
pub fn costs(text: &str) -> Costs {
    Costs::new(usd(text), None).unwrap()
}

/// A bill of [`ACCOUNT`], from an export.
pub fn bill(period: &str) -> BillId {
    BillId {
        period: month(period),
        source: Source::AWS_BILL,
        payer: Some(ACCOUNT.into()),
        part: None,
    }
}

/// A charge of one dollar for input tokens on 2026-11-03, by [`GATEWAY`].
pub fn line() -> LineItem {
    LineItem {
        provenance: Provenance { file: "part-1.csv".into(), line: 1 },
        bill: bill("2026-11"),
        day: date("2026-11-03"),
        account: Some(ACCOUNT.into()),
        line_type: "Usage".into(),
        category: Some(ChargeCategory::Usage),
        service: "Amazon Bedrock".into(),
        usage: Usage { meter: Meter::InputTokens, axes: axes(), tokens: Some(1_000) },
        caller: Some(Caller::parse(GATEWAY)),
        tags: Arc::new(BTreeMap::from([(TEAM_TAG.into(), "search".into())])),
        model: Model { name: Some("nova-lite".into()), publisher: Some("Amazon".into()) },
        texts: BillTexts::default().with(BillText::Region, Some("us-east-1".into())),
        unit: Some("1K tokens".into()),
        quantity: Some(quantity("1")),
        estimated: false,
        costs: costs("1"),
    }
}

/// [`line()`] by another caller, at another cost.
pub fn line_of(caller: &str, cost: &str) -> LineItem {
    LineItem { caller: Some(Caller::parse(caller)), costs: costs(cost), ..line() }
}

fn axes() -> Arc<UsageAxes> {
    Arc::new(UsageType::parse("USE1-NovaLite-input-tokens").axes())
}

fn team(name: &str) -> Business {
    Business::from_iter([(BusinessKey::Named(BusinessField::Team), name.into())])
}

/// The rollups that an import makes of lines.
pub fn roll_up(lines: &[LineItem], rules: &AttributionRules) -> RollupsByBill {
    let mut builder = RollupBuilder::default();
    for line in lines {
        builder.add(line).unwrap();
    }
    builder.finish(rules).unwrap().0
}

/// A position of one line, its owner as its team too: a dollar amount for 1,000 tokens of
/// `nova-lite`.
pub fn position(owner: &str, cost: &str) -> Position {
    position_of(owner, ACCOUNT, costs(cost))
}

/// [`position`] with costs of any kind and currency, in any account.
pub fn position_of(owner: &str, account: &str, costs: Costs) -> Position {
    let tags: Tags = BTreeMap::from([(TEAM_TAG.into(), owner.into())]);
    let summary = SummaryKey {
        owner: Owner::parse(owner),
        business: team(owner),
        charge: ChargeKey {
            provider: Provider::Aws,
            service: "Amazon Bedrock".into(),
            publisher: Some("Amazon".into()),
            model: Some("nova-lite".into()),
            meter: Meter::InputTokens.into(),
            category: Some(ChargeCategory::Usage.into()),
            line_type: "Usage".into(),
            unit: Some("1K tokens".into()),
            currency: costs.currency(),
        },
    };
    let detail = DetailKey {
        account: Some(account.into()),
        texts: BillTexts::default().with(BillText::Region, Some("us-east-1".into())),
        caller: Some(GATEWAY.into()),
        axes: axes(),
        tags: Arc::new(tags),
    };
    let rule = Some("by team".into());
    let first_line = Some(Provenance { file: "part-1.csv".into(), line: 1 });
    Position {
        key: PositionKey {
            summary,
            detail,
            business: Business::default(),
            rule,
            kind: EntryKind::Charge,
        },
        measures: Measures {
            costs,
            quantity: Some(quantity("1")),
            tokens: Some(1_000),
            line_count: 1,
            first_line,
        },
    }
}

/// A day with these positions and its totals; equal keys are added up.
pub fn day_of(positions: impl IntoIterator<Item = Position>) -> DayRollups {
    let mut day = DayRollups::default();
    for Position { key, measures } in positions {
        let currency = key.summary.charge.currency;
        let total = day.totals.entry(currency).or_insert_with(|| DayTotal::zero(currency));
        total.ai = total.ai.checked_add(&measures.costs).unwrap();
        total.ai_line_count += measures.line_count;
        match day.positions.get_mut(&key) {
            Some(sum) => sum.add(&measures).unwrap(),
            None => {
                day.positions.insert(key, measures);
            }
        }
    }
    day
}

/// A day of owners and dollar amounts, as in `[("search", "1.5")]`.
pub fn day_of_owners(lines: &[(&str, &str)]) -> DayRollups {
    day_of(lines.iter().map(|(owner, cost)| position(owner, cost)))
}

/// A day with these charges, as owner, account and dollars; every other one states its net cost,
/// all a list cost of 12.5, the second is invoiced, and their first lines are in two files. Beside them are two charges that are not for AI.
pub fn mixed_day(lines: &[(&str, &str, &str)]) -> DayRollups {
    let charges = lines.iter().enumerate().map(|(at, (owner, account, cost))| {
        let net = (at % 2 == 0).then(|| usd(cost));
        let costs = Costs::new(usd(cost), net).unwrap().with_list(Some(usd("12.5"))).unwrap();
        let mut position = position_of(owner, account, costs);
        let invoice = (at == 1).then(|| "EUINUS26-1".into());
        let texts = std::mem::take(&mut position.key.detail.texts);
        position.key.detail.texts = texts.with(BillText::InvoiceId, invoice);
        let file = format!("part-{}.csv", at % 2).into();
        let line = u64::try_from(at).unwrap() + 1;
        position.measures.first_line = Some(Provenance { file, line });
        position
    });
    let mut day = day_of(charges);
    let zero = || DayTotal::zero(Currency::USD);
    let total = day.totals.entry(Currency::USD).or_insert_with(zero);
    total.other = costs("7.000000000000001");
    total.other_line_count = 2;
    day
}

/// A complete delivery of the bill of 2026-11, made on 20 November at 6:00 and read at 7:00.
pub fn delivery(days: &[(&str, DayRollups)]) -> BillReplacement {
    BillReplacement {
        bill: bill("2026-11"),
        days: days_from(days.iter().map(|(day, rollups)| (date(day), rollups.clone()))),
        is_complete: true,
        based_on: None,
        export: None,
        files: None,
        takes_over: false,
        delivered_at: Some(at("2026-11-20T06:00:00Z")),
        imported_at: at("2026-11-20T07:00:00Z"),
        rules_version: 2,
        unread: Arc::default(),
        is_chosen_part: false,
        pending: None,
    }
}

/// A bill's rollups from days in full.
pub fn days_from(days: impl IntoIterator<Item = (Date, DayRollups)>) -> BillRollups {
    BillRollups::from_days(days).unwrap()
}

/// The same days in full.
pub fn days_of(days: &BillRollups) -> BTreeMap<Date, DayRollups> {
    days.iter().map(Result::unwrap).collect()
}

/// The pointer of a bill with these days, each at a dollar amount.
pub fn head(bill: BillId, days: &[(&str, &str)]) -> BillHead {
    let state = |cost: &str| DayHead {
        generation: Generation { version: 1, content_hash: "00".into() },
        totals: day_of_owners(&[("search", cost)]).totals,
        estimated: false,
        is_invoiced: true,
        facts: FactsForm::CURRENT,
        files: None,
    };
    BillHead {
        bill,
        version: 1,
        export: None,
        delivered_at: None,
        imported_at: at("2026-11-20T07:00:00Z"),
        rules_version: 1,
        days: days.iter().map(|(day, cost)| (date(day), state(cost))).collect(),
        unread: Arc::default(),
        is_chosen_part: false,
        pending: None,
    }
}

/// An alert of the monthly budget `chat#1`.
pub fn alert(start: &str, threshold: u16) -> Alert {
    let crossing = Crossing::reached(threshold);
    let (budget, window, start) = ("chat#1".into(), Window::Monthly, date(start));
    let id = AlertId::Crossing(CrossingId { budget, window, start, crossing });
    let attributes = BTreeMap::from([("owner".to_owned(), "chat".to_owned())]);
    Alert {
        id,
        also: Vec::new(),
        receivers: Vec::new(),
        chat: None,
        document: None,
        subject: "subject".to_owned(),
        body: "body".to_owned(),
        attributes,
    }
}

/// A change of a whole document that a test makes.
pub fn change(at: Timestamp) -> Change<'static> {
    let (by, reason) = ("test", "");
    Change { action: AuditAction::ApplyRules, subject: "", by, reason, at, follows: None }
}
