//! Attribution health: the money by how much of its caller the bill tells.

use ledger_app::attribution::fixes;
use ledger_core::attribution_health::{
    Class, Classes, CurrencyHealth, HealthPart, HealthQuery, Reason,
};
use ledger_core::money::MoneyError;
use ledger_core::percent::Percent;
use serde::Serialize;

use super::values::{Amount, CostKindWord, Day, Share, words};

/// The money of a period by how much of its caller the bill tells: `tollbook insight attribution`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AttributionAnswer {
    /// The first day.
    pub from: Day,
    /// The day after the last.
    pub to: Day,
    /// The day after the last one with data; `null` without data.
    pub data_up_to: Option<Day>,
    /// The cost that is meant.
    pub cost_kind: CostKindWord,
    /// The length of a step of the trend: `weekly` or `monthly`.
    pub step: &'static str,
    /// One entry for each currency.
    pub currencies: Vec<AttributionCurrency>,
}

/// Attribution health in one currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AttributionCurrency {
    /// The currency, by ISO 4217.
    pub currency: String,
    /// The sum of all classes.
    pub total: Amount,
    /// All but what is preserved.
    pub hidden: Amount,
    /// Each class, also one without cost.
    pub classes: Vec<AttributionClass>,
    /// The classes over time.
    pub trend: Vec<AttributionStep>,
    /// The identities, the most expensive first.
    pub parts: Vec<AttributionPart>,
    /// Identities beyond these, and their cost.
    pub other_parts: OtherParts,
}

/// The cost of one class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AttributionClass {
    /// The class.
    pub class: ClassWord,
    /// Its cost.
    pub cost: Amount,
    /// Its part of the total; `null` of nothing.
    pub percent: Option<Share>,
}

/// The classes of a week or month, as far as it is in the period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AttributionStep {
    /// The first day of the week or month.
    pub start: Day,
    /// Each class, also one without cost.
    pub classes: Vec<AttributionClass>,
}

/// The money of one identity that is in its class for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AttributionPart {
    /// A role without its sessions, or the caller as the bill has it; `null` where it names none.
    pub identity: Option<String>,
    /// The class.
    pub class: ClassWord,
    /// Why.
    pub reason: ReasonWord,
    /// The reason in words.
    pub sentence: &'static str,
    /// Its cost.
    pub cost: Amount,
    /// Names of sessions that a person or program chose.
    pub session_count: usize,
    /// Changes that make the bill tell more.
    pub fixes: Vec<AttributionFixBody>,
}

/// A change, ready to paste.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AttributionFixBody {
    /// Its effect, in words.
    pub title: String,
    /// Where the text goes.
    pub place: &'static str,
    /// The text.
    pub text: String,
}

/// Identities that are not listed one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct OtherParts {
    /// Their number.
    pub count: usize,
    /// Their cost.
    pub cost: Amount,
}

words! {
    /// How much of who called is still on the bill.
    ClassWord of Class: Class::ALL;
    /// Why a charge is in its class.
    ReasonWord of Reason: Reason::ALL;
}

impl AttributionAnswer {
    /// The body, with at most this many identities of each currency.
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`].
    pub fn new(
        query: &HealthQuery,
        data_up_to: Option<jiff::civil::Date>,
        healths: &[CurrencyHealth],
        parts_max: usize,
    ) -> Result<AttributionAnswer, MoneyError> {
        let currencies = healths.iter().map(|it| currency(it, parts_max));
        Ok(AttributionAnswer {
            from: Day(query.period.start()),
            to: Day(query.period.end()),
            data_up_to: data_up_to.map(Day),
            cost_kind: query.cost_kind.into(),
            step: query.step().as_str(),
            currencies: currencies.collect::<Result<_, _>>()?,
        })
    }
}

fn currency(health: &CurrencyHealth, parts_max: usize) -> Result<AttributionCurrency, MoneyError> {
    let others = health.parts.get(parts_max..).unwrap_or(&[]);
    let cost = others.iter().try_fold(health.zero(), |sum, it| sum.checked_add(it.cost))?;
    let mut trend = Vec::new();
    for (start, step) in &health.trend {
        trend.push(AttributionStep { start: Day(*start), classes: classes(step)? });
    }
    Ok(AttributionCurrency {
        currency: health.currency.to_string(),
        total: health.total.into(),
        hidden: health.hidden()?.into(),
        classes: classes(&health.classes)?,
        trend,
        parts: health.parts.iter().take(parts_max).map(part).collect(),
        other_parts: OtherParts { count: others.len(), cost: cost.into() },
    })
}

fn classes(classes: &Classes) -> Result<Vec<AttributionClass>, MoneyError> {
    let total = classes.total()?;
    let of = |class: &Class| {
        let cost = classes.of(*class);
        let percent = Percent::of(cost, total).map(Into::into);
        AttributionClass { class: (*class).into(), cost: cost.into(), percent }
    };
    Ok(Class::ALL.iter().map(of).collect())
}

fn part(part: &HealthPart) -> AttributionPart {
    let fixes = fixes(part).into_iter();
    AttributionPart {
        identity: part.identity.as_deref().map(str::to_owned),
        class: part.reason.class().into(),
        reason: part.reason.into(),
        sentence: part.reason.sentence(),
        cost: part.cost.into(),
        session_count: part.session_count,
        fixes: fixes
            .map(|it| AttributionFixBody { title: it.title, place: it.place, text: it.text })
            .collect(),
    }
}
