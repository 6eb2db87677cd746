//! Sums by identity as rows come, and the judgement at the end.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::Date;

use super::judge::{Mark, Seen, reason};
use super::{Classes, CurrencyHealth, HealthPart, HealthQuery, Reason};
use crate::access::Owners;
use crate::arena::Map;
use crate::aws::tags;
use crate::caller::Caller;
use crate::category::ChargeCategory;
use crate::currency::Currency;
use crate::dimension::{Dimension, Level};
use crate::identity::Identity;
use crate::line_item::Tags;
use crate::money::{Money, MoneyError};
use crate::money_sum::MoneySum;
use crate::percent::Percent;
use crate::period::Window;
use crate::position::PositionKey;
use crate::question::{LedgerDay, Question, QuestionError, Wanted};
use crate::rollup::Row;
use crate::source::Rank;
use crate::word::Word;

/// Sums cost by identity and by what its lines say; memory is bounded by the number of identities.
#[derive(Debug)]
pub struct AttributionHealthBuilder<'q> {
    query: &'q HealthQuery,
    step: Window,
    /// The place of each caller's identity, by the text of the caller.
    callers: Map<Arc<str>, (usize, bool)>,
    places: Map<Arc<str>, usize>,
    identities: Vec<Faces>,
    sums: BTreeMap<Slot, MoneySum>,
}

/// Lines that are judged together: the currency, the first day of the step, the place of the identity.
type Slot = (Currency, Date, Option<usize>, Mark);

/// The different things that lines of one identity say.
#[derive(Debug)]
struct Faces {
    /// The identity as it is shown.
    name: Arc<str>,
    /// A caller of it.
    caller: Caller,
    sessions: BTreeSet<Arc<str>>,
    tag_sets: BTreeSet<Vec<(Arc<str>, Arc<str>)>>,
}

/// The cost of each currency, and of each identity in it.
#[derive(Debug)]
struct Wholes {
    currencies: BTreeMap<Currency, MoneySum>,
    identities: BTreeMap<(Currency, usize), MoneySum>,
}

impl Wholes {
    fn total_of(&self, currency: Currency) -> Result<Money, MoneyError> {
        let sum = self.currencies.get(&currency);
        sum.map_or(Ok(Money::zero(currency)), |it| it.total())
    }
}

/// Different sets of tags that are remembered: a second one already says that they differ.
const TAG_SETS_MAX: usize = 2;

impl<'q> AttributionHealthBuilder<'q> {
    /// Starts without any charge.
    pub fn new(query: &'q HealthQuery) -> AttributionHealthBuilder<'q> {
        AttributionHealthBuilder {
            query,
            step: query.step(),
            callers: Map::default(),
            places: Map::default(),
            identities: Vec::new(),
            sums: BTreeMap::new(),
        }
    }

    /// The health in each currency; empty without any charge, since no currency is assumed.
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`].
    pub fn finish(self) -> Result<Vec<CurrencyHealth>, MoneyError> {
        let wholes = self.wholes()?;
        let mut answers: BTreeMap<Currency, CurrencyHealth> = BTreeMap::new();
        let mut parts: BTreeMap<(Currency, Option<usize>, Reason), Money> = BTreeMap::new();
        for ((currency, step, place, mark), sum) in &self.sums {
            let (currency, cost) = (*currency, sum.total()?);
            let total = wholes.total_of(currency)?;
            let faces = place.and_then(|it| self.identities.get(it));
            let share = match place.and_then(|it| wholes.identities.get(&(currency, it))) {
                Some(whole) => Percent::of(whole.total()?, total),
                None => None,
            };
            let reason = reason(*mark, seen(faces, share));
            let answer = answers.entry(currency).or_insert_with(|| CurrencyHealth {
                currency,
                total,
                classes: Classes::zero(currency),
                trend: BTreeMap::new(),
                parts: Vec::new(),
            });
            answer.classes.add(reason.class(), cost)?;
            let of_step = answer.trend.entry(*step).or_insert_with(|| Classes::zero(currency));
            of_step.add(reason.class(), cost)?;
            let part = parts.entry((currency, *place, reason)).or_insert(Money::zero(currency));
            *part = part.checked_add(cost)?;
        }
        for ((currency, place, reason), cost) in parts {
            let part = self.part(place, reason, cost);
            if let Some(answer) = answers.get_mut(&currency) {
                answer.parts.push(part);
            }
        }
        let mut answers: Vec<_> = answers.into_values().collect();
        for answer in &mut answers {
            let order = |it: &HealthPart| (Reverse(it.cost.femto_units()), it.identity.clone());
            answer.parts.sort_by_cached_key(|it| (order(it), it.reason));
        }
        Ok(answers)
    }

    fn wholes(&self) -> Result<Wholes, MoneyError> {
        let mut wholes = Wholes { currencies: BTreeMap::new(), identities: BTreeMap::new() };
        for ((currency, _, place, _), sum) in &self.sums {
            let (zero, cost) = (MoneySum::zero(*currency), sum.total()?);
            wholes.currencies.entry(*currency).or_insert(zero).add(cost)?;
            if let Some(place) = place {
                wholes.identities.entry((*currency, *place)).or_insert(zero).add(cost)?;
            }
        }
        Ok(wholes)
    }

    fn part(&self, place: Option<usize>, reason: Reason, cost: Money) -> HealthPart {
        let faces = place.and_then(|it| self.identities.get(it));
        HealthPart {
            identity: faces.map(|it| Arc::clone(&it.name)),
            reason,
            cost,
            session_count: faces.map_or(0, |it| it.sessions.len()),
        }
    }

    /// The place of a caller's identity, and whether its session has a name.
    fn place_of(&mut self, text: &Arc<str>) -> (usize, bool) {
        if let Some(known) = self.callers.get(text) {
            return *known;
        }
        let caller = Caller::parse(text);
        let session = match caller.identity() {
            Identity::Role { session } => session.map(Arc::from),
            _ => None,
        };
        let name: Arc<str> = match caller.identity() {
            Identity::Role { .. } => {
                Caller::role_of_session(text).map_or_else(|| Arc::clone(text), Arc::from)
            }
            _ => Arc::clone(text),
        };
        let place = match self.places.get(&name) {
            Some(place) => *place,
            None => {
                let place = self.identities.len();
                self.places.insert(Arc::clone(&name), place);
                let (sessions, tag_sets) = (BTreeSet::new(), BTreeSet::new());
                self.identities.push(Faces { name, caller, sessions, tag_sets });
                place
            }
        };
        let is_named = session.is_some();
        if let Some(faces) = self.identities.get_mut(place) {
            faces.sessions.extend(session);
        }
        self.callers.insert(Arc::clone(text), (place, is_named));
        (place, is_named)
    }
}

fn seen(faces: Option<&Faces>, share: Option<Percent>) -> Seen<'_> {
    Seen {
        identity: faces.map(|it| (&*it.name, it.caller.identity())),
        share,
        session_count: faces.map_or(0, |it| it.sessions.len()),
        tag_set_count: faces.map_or(0, |it| it.tag_sets.len()),
    }
}

/// The tags of the caller that have a value.
fn caller_tags(tags: &Tags) -> impl Iterator<Item = (&Arc<str>, &Arc<str>)> {
    tags.iter().filter(|(key, value)| tags::is_of_caller(key) && !value.is_empty())
}

/// The mark of a line, by itself.
fn mark_of(key: &PositionKey, day: &LedgerDay<'_>, is_named: bool) -> Mark {
    let tags = &key.detail.tags;
    let is_resource =
        |(key, value): (&Arc<str>, &Arc<str>)| tags::is_of_resource(key) && !value.is_empty();
    let category = key.summary.charge.category.as_ref();
    if caller_tags(tags).next().is_some() {
        Mark::CallerTag
    } else if tags.iter().any(is_resource) {
        Mark::ResourceTag
    } else if is_named {
        Mark::Session
    } else if category.is_some_and(|it| *it != Word::Known(ChargeCategory::Usage)) {
        Mark::NotUsage
    } else if day.source().rank() == Some(Rank::QuickLook) {
        Mark::QuickLook
    } else {
        Mark::Bare
    }
}

impl Question for AttributionHealthBuilder<'_> {
    fn wants(&mut self, day: &LedgerDay<'_>) -> Option<Wanted> {
        let HealthQuery { period, scope, .. } = self.query;
        let counts = day.is_served && period.contains(day.day);
        counts.then(|| Wanted { level: Level::Detail, owners: Owners::of_scope(scope) })
    }

    fn add(&mut self, row: Row<'_>, day: &LedgerDay<'_>) -> Result<(), QuestionError> {
        let Row::Position(key, measures) = row else {
            return Err(QuestionError::NeedsDetail(Dimension::Principal));
        };
        if !self.query.scope.contains(row, day.day) {
            return Ok(());
        }
        let cost = measures.costs.of(self.query.cost_kind);
        let place = key.detail.caller.as_ref().filter(|it| !it.is_empty());
        let place = place.map(|it| self.place_of(it));
        let mark = mark_of(key, day, place.is_some_and(|(_, is_named)| is_named));
        let place = place.map(|(place, _)| place);
        if mark == Mark::CallerTag
            && let Some(faces) = place.and_then(|it| self.identities.get_mut(it))
            && faces.tag_sets.len() < TAG_SETS_MAX
        {
            let tags = caller_tags(&key.detail.tags);
            faces
                .tag_sets
                .insert(tags.map(|(key, value)| (Arc::clone(key), Arc::clone(value))).collect());
        }
        let step = self.step.containing(day.day).map_or(day.day, |it| it.start());
        let currency = cost.currency();
        let sum = self.sums.entry((currency, step, place, mark));
        Ok(sum.or_insert_with(|| MoneySum::zero(currency)).add(cost)?)
    }
}
