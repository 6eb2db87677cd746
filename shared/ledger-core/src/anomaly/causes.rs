//! The causes of a change in money: volume, price, model mix, token direction and new models.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::scale::Ratio;
use super::series::{CellKey, Series, Sum};
use crate::currency::Currency;
use crate::meter::Meter;
use crate::money::{Money, MoneyError};
use crate::word::Word;

labels! {
    /// How a part of a change came about.
    pub enum Effect {
        /// All of it was used more, at the same prices and in the same proportions.
        Volume = "volume",
        /// The price of one token or unit: also by tier, routing and region.
        Price = "price",
        /// Models were used in other proportions.
        Mix = "mix",
        /// More input, output, cache reads or cache writes than the rest of the model's tokens.
        Direction = "direction",
        /// A model or kind of usage that had no cost before.
        New = "new",
    }
}

/// A part of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// How it came about.
    pub effect: Effect,
    /// The model.
    pub model: Option<Arc<str>>,
    /// The meter: input tokens, output tokens …
    pub meter: Word<Meter>,
    /// The money, negative where it made the change smaller.
    pub amount: Money,
}

/// Both sides of a change, by cell.
#[derive(Debug, Default)]
pub(super) struct Change {
    cells: BTreeMap<u32, Sides>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Sides {
    expected: Sum,
    actual: Sum,
}

impl Change {
    /// Adds a day and the mean of the days that it is compared with.
    ///
    /// Each cell's mean is cut to whole femto-units, and the expected cost is the sum of the cells: so
    /// nothing is left over.
    pub(super) fn add_day(
        &mut self,
        series: &Series,
        day: usize,
        compared: &[usize],
    ) -> Result<(), MoneyError> {
        for (cell, sum) in cells_of(series, day) {
            self.cells.entry(cell).or_default().actual.add(sum)?;
        }
        let mut sums: BTreeMap<u32, Sum> = BTreeMap::new();
        for day in compared {
            for (cell, sum) in cells_of(series, *day) {
                sums.entry(cell).or_default().add(sum)?;
            }
        }
        let count = i128::try_from(compared.len()).unwrap_or(i128::MAX).max(1);
        for (cell, Sum { cost, quantity }) in sums {
            let mean = Sum { cost: cost.div_euclid(count), quantity: quantity.div_euclid(count) };
            self.cells.entry(cell).or_default().expected.add(mean)?;
        }
        Ok(())
    }

    /// The cost and the expected cost.
    pub(super) fn totals(&self) -> (i128, i128) {
        let sum = |side: fn(&Sides) -> i128| self.cells.values().map(side).sum();
        (sum(|it| it.actual.cost), sum(|it| it.expected.cost))
    }

    /// The change in cells of a model.
    pub(super) fn of_model(&self, model: &str, keys: &[CellKey]) -> i128 {
        let is_of =
            |cell: &u32| key_of(keys, *cell).is_some_and(|it| it.model.as_deref() == Some(model));
        let cells = self.cells.iter().filter(|(cell, _)| is_of(cell));
        cells.map(|(_, it)| it.actual.cost - it.expected.cost).sum()
    }

    /// The parts, largest first. They sum to the change exactly, because the parts of a cell are the
    /// steps from its expected cost to its cost.
    pub(super) fn parts(
        &self,
        keys: &[CellKey],
        currency: Currency,
    ) -> Result<Vec<Part>, MoneyError> {
        let models = self.models(keys);
        let volume = volume_of(&models);
        let mut amounts: BTreeMap<(Effect, &CellKey), i128> = BTreeMap::new();
        for (cell, sides) in &self.cells {
            let Some(key) = key_of(keys, *cell) else { continue };
            let model = models.get(&key.model);
            for (effect, amount) in steps(key, *sides, model, volume) {
                let sum = amounts.entry((effect, key)).or_default();
                *sum = sum.checked_add(amount).ok_or(MoneyError::OutOfRange)?;
            }
        }
        let mut parts = Vec::new();
        for ((effect, key), amount) in amounts.into_iter().filter(|(_, amount)| *amount != 0) {
            let amount = Money::from_femto_units(amount, currency)?;
            let (model, meter) = (key.model.clone(), key.meter.clone());
            parts.push(Part { effect, model, meter, amount });
        }
        // Stable, so that equal ones stay in the order of their keys.
        parts.sort_by_key(|it| Reverse(it.amount.femto_units().abs()));
        Ok(parts)
    }

    fn models<'k>(&self, keys: &'k [CellKey]) -> BTreeMap<&'k Option<Arc<str>>, ModelChange> {
        let mut models: BTreeMap<&Option<Arc<str>>, ModelChange> = BTreeMap::new();
        for (cell, sides) in &self.cells {
            let Some(key) = key_of(keys, *cell) else { continue };
            let model = models.entry(&key.model).or_default();
            model.expected_cost += sides.expected.cost;
            if key.unit.is_none() {
                model.expected_tokens += sides.expected.quantity;
                model.actual_tokens += sides.actual.quantity;
                let ratio = Ratio::of(sides.actual.quantity, sides.expected.quantity);
                model.ratios.extend(ratio.map(|it| (it, sides.expected.cost)));
            }
        }
        models
    }
}

fn cells_of(series: &Series, day: usize) -> impl Iterator<Item = (u32, Sum)> {
    series.sums.range((day, 0)..=(day, u32::MAX)).map(|((_, cell), sum)| (*cell, *sum))
}

fn key_of(keys: &[CellKey], cell: u32) -> Option<&CellKey> {
    keys.get(usize::try_from(cell).ok()?)
}

/// The tokens of a model on both sides.
#[derive(Debug, Default)]
struct ModelChange {
    expected_cost: i128,
    expected_tokens: i128,
    actual_tokens: i128,
    /// How each of its meters of tokens grew, and its expected cost.
    ratios: Vec<(Ratio, i128)>,
}

impl ModelChange {
    /// How its use grew in common: the growth of the meter that is in the middle of its expected cost.
    /// One meter that grows alone does not move it.
    fn growth(&self) -> Option<Ratio> {
        let mut ratios = self.ratios.clone();
        ratios.sort_unstable();
        let whole: i128 = ratios.iter().map(|(_, cost)| (*cost).max(0)).sum();
        let mut sum = 0;
        let middle = ratios.iter().find(|(_, cost)| {
            sum += (*cost).max(0);
            sum * 2 >= whole
        });
        middle.map(|(ratio, _)| *ratio)
    }
}

/// How the use of all models grew: by their tokens, where each model has grown as its middle meter did.
/// Tokens of new models make up for those that other models lost, and are no growth of theirs.
fn volume_of(models: &BTreeMap<&Option<Arc<str>>, ModelChange>) -> Option<Ratio> {
    let (mut before, mut after, mut new) = (0_i128, 0_i128, 0_i128);
    let mut growths = Vec::new();
    for model in models.values() {
        match model.growth() {
            Some(growth) => {
                before = before.checked_add(model.expected_tokens)?;
                after = after.checked_add(growth.times(model.expected_tokens))?;
                growths.push(growth);
            }
            None => new = new.checked_add(model.actual_tokens)?,
        }
    }
    let made_up = after.checked_add(new)?.min(before).max(after);
    match growths.as_slice() {
        // As it is, without what another division would cut off.
        [growth] if made_up == after => Some(*growth),
        _ => Ratio::of(made_up, before),
    }
}

/// The largest cost between two steps, in femto-units: the difference of two is still an amount.
const STEP_MAX: u128 = 10_u128.pow(27);

/// The steps of a cell from its expected cost to its cost, each with its effect.
fn steps(
    key: &CellKey,
    sides: Sides,
    model: Option<&ModelChange>,
    volume: Option<Ratio>,
) -> Vec<(Effect, i128)> {
    let Sides { expected, actual } = sides;
    let change = actual.cost - expected.cost;
    let is_token = key.unit.is_none();
    if expected.cost == 0 && expected.quantity == 0 {
        let is_known = model.is_some_and(|it| it.expected_cost != 0);
        let effect = if is_known && is_token { Effect::Direction } else { Effect::New };
        return vec![(effect, change)];
    }
    let Some(at_old_price) = at_old_price(sides) else { return vec![(Effect::Volume, change)] };
    let growth = model.and_then(ModelChange::growth).filter(|_| is_token);
    let at_volume = match (growth, volume) {
        (Some(_), Some(volume)) => volume.times(expected.cost),
        _ => at_old_price,
    };
    let at_growth = growth.map_or(at_old_price, |it| it.times(expected.cost));
    // A quantity of next to nothing before makes steps that no amount holds, and that say nothing.
    if [at_old_price, at_volume, at_growth].iter().any(|it| it.unsigned_abs() > STEP_MAX) {
        return vec![(Effect::Volume, change)];
    }
    let price = actual.cost - at_old_price;
    // A millionth is what means and ratios of whole numbers cut off, and no price.
    let is_rounding = price.unsigned_abs() <= actual.cost.unsigned_abs() / 1_000_000;
    let (rounding, price) = if is_rounding { (price, 0) } else { (0, price) };
    vec![
        (Effect::Volume, at_volume - expected.cost + rounding),
        (Effect::Mix, at_growth - at_volume),
        (Effect::Direction, at_old_price - at_growth),
        (Effect::Price, price),
    ]
}

/// The quantity at the expected price of one; `None` where a quantity is not known.
fn at_old_price(Sides { expected, actual }: Sides) -> Option<i128> {
    if expected.quantity <= 0 || actual.quantity < 0 || actual.quantity == 0 && actual.cost != 0 {
        return None;
    }
    let exact = expected.cost.checked_mul(actual.quantity);
    let exact = exact.map(|it| it.div_euclid(expected.quantity));
    exact.or_else(|| Some(Ratio::of(actual.quantity, expected.quantity)?.times(expected.cost)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::anomaly::SeriesName;
    use crate::dimension::Dimension;

    fn key(model: &str, meter: Meter, unit: Option<&str>) -> CellKey {
        CellKey { model: Some(model.into()), meter: Word::Known(meter), unit: unit.map(Into::into) }
    }

    fn keys() -> Vec<CellKey> {
        let meters = [Meter::InputTokens, Meter::OutputTokens, Meter::CacheReadTokens];
        let of_model = |model| meters.map(|meter| key(model, meter, None));
        let mut keys: Vec<CellKey> = ["a", "b", "c"].into_iter().flat_map(of_model).collect();
        keys.push(key("a", Meter::SearchUnits, Some("images")));
        keys
    }

    fn series(days: &[Vec<(u32, i128, i128)>]) -> Series {
        let mut sums = BTreeMap::new();
        for (day, cells) in days.iter().enumerate() {
            for (cell, cost, quantity) in cells {
                sums.insert((day, *cell), Sum { cost: *cost, quantity: *quantity });
            }
        }
        let name = SeriesName { dimension: Dimension::Principal, value: "x".into() };
        Series { name, rank: 0, currency: Currency::USD, sums }
    }

    /// The parts of the change from the first day to the second, by effect.
    fn by_effect(
        before: &[(u32, i128, i128)],
        after: &[(u32, i128, i128)],
    ) -> BTreeMap<&'static str, i128> {
        let series = series(&[before.to_vec(), after.to_vec()]);
        let mut change = Change::default();
        change.add_day(&series, 1, &[0]).unwrap();
        let mut sums = BTreeMap::new();
        for part in change.parts(&keys(), Currency::USD).unwrap() {
            *sums.entry(part.effect.as_str()).or_default() += part.amount.femto_units();
        }
        sums
    }

    const MILLION: i128 = 1_000_000_000;

    #[test]
    fn each_cause_is_named_alone() {
        let before = [(0, 3 * MILLION, 3_000), (1, 5 * MILLION, 1_000), (3, MILLION, 1_000)];
        let scaled = |by: [(i128, i128); 3]| -> Vec<(u32, i128, i128)> {
            let cells = before.iter().zip(by);
            cells.map(|((cell, cost, it), (x, y))| (*cell, cost * x, it * y)).collect()
        };
        for (after, expected) in [
            // Everything three times.
            (scaled([(3, 3); 3]), vec![("volume", 18 * MILLION)]),
            // The price of all doubled.
            (scaled([(2, 1); 3]), vec![("price", 9 * MILLION)]),
            // Twice the input of a model, where output costs more.
            (scaled([(2, 2), (1, 1), (1, 1)]), vec![("direction", 3 * MILLION)]),
            // A model that had no cost before, beside the others.
            (
                [scaled([(1, 1); 3]), vec![(6, 7 * MILLION, 50)]].concat(),
                vec![("new", 7 * MILLION)],
            ),
            // Cache reads of a known model for the first time.
            ([scaled([(1, 1); 3]), vec![(2, MILLION, 9)]].concat(), vec![("direction", MILLION)]),
        ] {
            assert_eq!(by_effect(&before, &after), expected.into_iter().collect(), "{after:?}");
        }
    }

    #[test]
    fn tokens_that_move_to_an_expensive_model_are_mix() {
        let before = [(0, MILLION, 1_000), (3, 10 * MILLION, 1_000)];
        let after = [(0, 0, 0), (3, 20 * MILLION, 2_000)];
        assert_eq!(by_effect(&before, &after), BTreeMap::from([("mix", 9 * MILLION)]));
        // Also where it is new.
        let after = [(0, 0, 0), (3, 10 * MILLION, 1_000), (6, 30 * MILLION, 1_000)];
        let expected = BTreeMap::from([("mix", -MILLION), ("new", 30 * MILLION)]);
        assert_eq!(by_effect(&before, &after), expected);
    }

    prop_compose! {
        fn any_day()(cells in prop::collection::btree_map(
            0..10_u32,
            (-10_i128.pow(20)..10_i128.pow(24), prop_oneof![Just(0), 0..10_i128.pow(20)]),
            0..8,
        )) -> Vec<(u32, i128, i128)> {
            cells.into_iter().map(|(cell, (cost, quantity))| (cell, cost, quantity)).collect()
        }
    }

    proptest! {
        #[test]
        fn parts_sum_to_the_change_to_the_last_digit(
            days in prop::collection::vec(any_day(), 1..8),
            judged in prop::collection::vec(any_day(), 1..4),
        ) {
            let compared: Vec<usize> = (0..days.len()).collect();
            let series = series(&[days, judged.clone()].concat());
            let mut change = Change::default();
            for at in 0..judged.len() {
                change.add_day(&series, compared.len() + at, &compared).unwrap();
            }
            let (actual, expected) = change.totals();
            let parts = change.parts(&keys(), Currency::USD).unwrap();
            let sum: i128 = parts.iter().map(|it| it.amount.femto_units()).sum();
            prop_assert_eq!(sum, actual - expected);
        }
    }
}
