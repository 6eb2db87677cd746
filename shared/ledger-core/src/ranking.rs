//! The owners that a chart names, and all others together.

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::money::{Money, MoneyError};
use crate::report::CurrencyReport;

/// The cost of one owner, or of several together, by day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    /// The owner, or the number of owners that are not named.
    pub name: String,
    /// One amount a day, in the order of the days.
    pub costs: Vec<Money>,
}

/// The most expensive owners of a report by day and owner, `count` of them, and the others as one
/// series.
///
/// # Errors
///
/// [`MoneyError::OutOfRange`].
pub fn top_by_day(
    report: &CurrencyReport,
    days: &[Date],
    count: usize,
) -> Result<Vec<Series>, MoneyError> {
    let zero = Money::zero(report.currency);
    let places: BTreeMap<String, usize> =
        days.iter().enumerate().map(|(at, day)| (day.to_string(), at)).collect();
    let mut by_owner: BTreeMap<&str, Vec<Money>> = BTreeMap::new();
    for row in &report.rows {
        let (day, owner) = match row.keys.as_slice() {
            [day, owner] => (day.as_deref(), owner.as_deref()),
            _ => (None, None),
        };
        if let Some((at, owner)) = day.and_then(|it| places.get(it)).zip(owner) {
            let costs = by_owner.entry(owner).or_insert_with(|| vec![zero; days.len()]);
            if let Some(cost) = costs.get_mut(*at) {
                *cost = cost.checked_add(row.cost)?;
            }
        }
    }
    let mut ranked = Vec::new();
    for (owner, costs) in by_owner {
        let total = costs.iter().try_fold(zero, |sum, cost| sum.checked_add(*cost))?;
        ranked.push((total, Series { name: owner.to_owned(), costs }));
    }
    ranked.sort_by(|(left, left_series), (right, right_series)| {
        let by_cost = right.amount().cmp(&left.amount());
        by_cost.then_with(|| left_series.name.cmp(&right_series.name))
    });
    let others = ranked.split_off(ranked.len().min(count));
    let mut series: Vec<Series> = ranked.into_iter().map(|(_, it)| it).collect();
    if !others.is_empty() {
        let name = format!("{} others", others.len());
        let mut costs = vec![zero; days.len()];
        for (_, other) in &others {
            for (sum, cost) in costs.iter_mut().zip(&other.costs) {
                *sum = sum.checked_add(*cost)?;
            }
        }
        series.push(Series { name, costs });
    }
    Ok(series)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bill::Status;
    use crate::currency::Currency;
    use crate::report::ReportRow;
    use crate::testing::*;

    #[test]
    fn the_most_expensive_are_named_and_the_others_are_one_series() {
        let row = |(day, owner, cost): (&str, &str, &str)| ReportRow {
            keys: vec![Some(day.to_owned()), Some(owner.to_owned())],
            cost: usd(cost),
            status: Status::Billed,
            tokens: BTreeMap::new(),
            quantities: BTreeMap::new(),
        };
        let rows = [
            ("2026-11-01", "a", "1"),
            ("2026-11-01", "b", "0.5"),
            ("2026-11-01", "c", "3"),
            ("2026-11-02", "b", "4"),
            ("2026-11-02", "d", "-0.25"),
        ];
        let report = CurrencyReport {
            currency: Currency::USD,
            rows: rows.map(row).to_vec(),
            total: usd("8.25"),
        };
        let days = [date("2026-11-01"), date("2026-11-02")];
        let shown: Vec<String> = top_by_day(&report, &days, 2)
            .unwrap()
            .iter()
            .map(|it| {
                let costs: Vec<String> =
                    it.costs.iter().map(|it| it.amount().to_string()).collect();
                format!("{} {}", it.name, costs.join(" "))
            })
            .collect();
        assert_eq!(shown, ["b 0.5 4", "c 3 0", "2 others 1 -0.25"]);
    }
}
