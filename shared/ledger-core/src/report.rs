//! Totals of a period by dimensions.

use std::collections::BTreeMap;
use std::sync::Arc;

use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive as _;

use crate::access::Owners;
use crate::bill::Status;
use crate::cost::CostKind;
use crate::currency::Currency;
use crate::dimension::{Dimension, Level, Scope};
use crate::grouping::Grouping;
use crate::meter::TokenDirection;
use crate::money::{Money, MoneyError};
use crate::money_sum::MoneySum;
use crate::owner::Owner;
use crate::period::ChargePeriod;
use crate::quantity::Quantity;
use crate::question::{LedgerDay, Question, QuestionError, Wanted};
use crate::rollup::Row;

/// The query of a report.
#[derive(Clone, Debug)]
pub struct ReportQuery {
    /// The days.
    pub period: ChargePeriod,
    /// The dimensions to group by; without any there is one row per currency.
    pub by: Vec<Dimension>,
    /// The charges that count.
    pub scope: Scope,
    /// The cost kind.
    pub cost_kind: CostKind,
}

impl ReportQuery {
    /// The level of rollups it needs.
    pub fn level(&self) -> Level {
        self.by.iter().map(Dimension::level).max().unwrap_or(Level::Summary).max(self.scope.level())
    }

    /// A dimension that only detail rows have, if it names one.
    fn detail_dimension(&self) -> Option<&Dimension> {
        self.by.iter().chain(self.scope.0.keys()).find(|it| it.level() == Level::Detail)
    }
}

/// One group of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportRow {
    /// The group's values, in the order of the query's dimensions.
    pub keys: Vec<Option<String>>,
    /// Its cost.
    pub cost: Money,
    /// The weakest status of its days.
    pub status: Status,
    /// Its tokens by direction.
    pub tokens: BTreeMap<TokenDirection, u128>,
    /// Its quantities by pricing unit.
    pub quantities: BTreeMap<Arc<str>, Quantity>,
}

impl ReportRow {
    /// Its tokens of all directions. A sum of 2⁶⁴ of the ledger's counts would still fit.
    pub fn token_count(&self) -> u128 {
        self.tokens.values().fold(0, |sum, it| sum.saturating_add(*it))
    }

    /// The cost per million tokens, over all tokens of the row; `None` without tokens.
    pub fn price_per_million_tokens(&self) -> Option<Decimal> {
        let count = Decimal::from_u128(self.token_count())?;
        // The price is for display: the division may lose digits, but no sum is made of it.
        self.cost.amount().checked_mul(Decimal::from(1_000_000))?.checked_div(count)
    }
}

/// The answer in one currency: currencies are never summed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurrencyReport {
    /// The currency of all rows.
    pub currency: Currency,
    /// The groups: by time where the query groups by day, month or weekday first, otherwise
    /// the most expensive first and equal ones by their keys.
    pub rows: Vec<ReportRow>,
    /// The sum of the rows.
    pub total: Money,
}

impl CurrencyReport {
    /// The cost without an owner, in a report by owner.
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`].
    pub fn unattributed(&self) -> Result<Money, MoneyError> {
        let name = Owner::Unattributed;
        let is_unattributed = |row: &&ReportRow| {
            row.keys.first().is_some_and(|key| key.as_deref() == Some(name.as_str()))
        };
        let mut rows = self.rows.iter().filter(is_unattributed);
        rows.try_fold(Money::zero(self.currency), |sum, row| sum.checked_add(row.cost))
    }

    /// The weakest status of its rows; `None` without rows.
    pub fn status(&self) -> Option<Status> {
        self.rows.iter().map(|row| row.status).min()
    }
}

/// Groups rows as they come; memory is bounded by the number of groups.
#[derive(Debug)]
pub struct ReportBuilder<'q> {
    query: &'q ReportQuery,
    level: Level,
    /// A dimension that only detail rows have, if the query names one.
    detail_dimension: Option<&'q Dimension>,
    /// By currency, then by the query's dimensions.
    groups: Grouping<Group>,
}

/// The sums of one group.
#[derive(Debug)]
struct Group {
    cost: MoneySum,
    status: Status,
    tokens: BTreeMap<TokenDirection, u128>,
    quantities: BTreeMap<Arc<str>, Quantity>,
}

impl<'q> ReportBuilder<'q> {
    /// Starts an empty report.
    pub fn new(query: &'q ReportQuery) -> ReportBuilder<'q> {
        ReportBuilder {
            query,
            level: query.level(),
            detail_dimension: query.detail_dimension(),
            groups: Grouping::new(query.by.len() + 1),
        }
    }

    /// The answer, by currency; empty without rows, since no currency is assumed.
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`].
    pub fn finish(self) -> Result<Vec<CurrencyReport>, MoneyError> {
        let mut rows_of: BTreeMap<Currency, (Vec<ReportRow>, MoneySum)> = BTreeMap::new();
        for (values, Group { cost, status, tokens, quantities }) in self.groups.into_groups() {
            let cost = cost.total()?;
            let currency = cost.currency();
            let keys = values.into_iter().skip(1).map(|it| it.map(|it| it.to_string())).collect();
            let (rows, total) =
                rows_of.entry(currency).or_insert_with(|| (Vec::new(), MoneySum::zero(currency)));
            rows.push(ReportRow { keys, cost, status, tokens, quantities });
            total.add(cost)?;
        }
        let first = self.query.by.first();
        let by_time = |left: &ReportRow, right: &ReportRow| {
            first?.by_time(left.keys.first()?.as_deref(), right.keys.first()?.as_deref())
        };
        rows_of
            .into_iter()
            .map(|(currency, (mut rows, total))| {
                rows.sort_by(|left, right| {
                    let by_cost = || right.cost.amount().cmp(&left.cost.amount());
                    let order = by_time(left, right).unwrap_or_else(by_cost);
                    order.then_with(|| left.keys.cmp(&right.keys))
                });
                Ok(CurrencyReport { currency, rows, total: total.total()? })
            })
            .collect()
    }
}

impl Question for ReportBuilder<'_> {
    fn wants(&mut self, day: &LedgerDay<'_>) -> Option<Wanted> {
        let ReportQuery { period, scope, .. } = self.query;
        let counts = day.is_served && period.contains(day.day);
        counts.then(|| Wanted { level: self.level, owners: Owners::of_scope(scope) })
    }

    fn add(&mut self, row: Row<'_>, day: &LedgerDay<'_>) -> Result<(), QuestionError> {
        let (charge, measures) = (&row.summary().charge, row.measures());
        if row.position().is_none()
            && let Some(dimension) = self.detail_dimension
        {
            return Err(QuestionError::NeedsDetail(dimension.clone()));
        }
        let ReportQuery { by, scope, cost_kind, .. } = self.query;
        if !scope.contains(row, day.day) {
            return Ok(());
        }
        let mut group = self.groups.row().value(Some(charge.currency.as_str()));
        for dimension in by {
            let value = || dimension.value_of(row, day.day);
            group = match dimension {
                Dimension::Day | Dimension::Month => {
                    group.value_of_day(day.day, || value().map_or_else(String::new, |it| it.into()))
                }
                _ => group.value(value().as_deref()),
            };
        }
        let status = day.status();
        let new = || Group {
            cost: MoneySum::zero(charge.currency),
            status,
            tokens: BTreeMap::new(),
            quantities: BTreeMap::new(),
        };
        group.update(new, |group| {
            group.cost.add(measures.costs.of(*cost_kind))?;
            group.status = group.status.min(status);
            if let (Some(direction), Some(count)) =
                (charge.meter.token_direction(), measures.tokens)
            {
                let tokens = group.tokens.entry(direction).or_default();
                *tokens = tokens.saturating_add(count.into());
            }
            if let (Some(unit), Some(quantity)) = (&charge.unit, measures.quantity) {
                match group.quantities.get_mut(&**unit) {
                    Some(sum) => *sum = sum.checked_add(quantity)?,
                    None => {
                        group.quantities.insert(Arc::clone(unit), quantity);
                    }
                }
            }
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::subsequence;

    use super::*;
    use crate::line_item::LineItem;
    use crate::question::ledger_days;
    use crate::rules::AttributionRules;
    use crate::testing::*;

    fn query(by: &[&str]) -> ReportQuery {
        ReportQuery {
            period: span("2026-10-01", "2026-12-01"),
            by: by.iter().map(|it| Dimension::parse(it).unwrap()).collect(),
            scope: Scope::default(),
            cost_kind: CostKind::Unblended,
        }
    }

    fn report_of(
        lines: &[LineItem],
        rules: &AttributionRules,
        query: &ReportQuery,
        is_detail: bool,
    ) -> Vec<CurrencyReport> {
        let mut builder = ReportBuilder::new(query);
        ask(&mut builder, &rollups_of(&ledger_of(lines, rules).0, is_detail));
        builder.finish().unwrap()
    }

    fn of_model(model: &str, day: &str, cost: &str) -> LineItem {
        LineItem { model: named_model(model), day: date(day), ..line_of(GATEWAY, cost) }
    }

    /// The rows as `key cost`.
    #[track_caller]
    fn check(by: &str, expected: &[&str]) {
        let lines = [
            of_model("b", "2026-10-02", "2"),
            of_model("a", "2026-10-03", "2"),
            of_model("c", "2026-10-01", "5"),
            of_model("d", "2026-12-01", "9"),
        ];
        let reports = report_of(&lines, &AttributionRules::default(), &query(&[by]), true);
        let rows = reports[0].rows.iter();
        let rows: Vec<String> =
            rows.map(|it| format!("{} {}", it.keys[0].as_deref().unwrap(), it.cost)).collect();
        assert_eq!(rows, expected);
        assert_eq!(reports[0].total, usd("9"), "what lies outside the period does not count");
    }

    #[test]
    fn the_dearest_group_is_first_and_equal_ones_go_by_name() {
        check("model", &["c 5 USD", "a 2 USD", "b 2 USD"]);
    }

    #[test]
    fn a_price_is_by_all_tokens_and_there_is_none_without_tokens() {
        let row = |tokens: &[(TokenDirection, u128)]| ReportRow {
            keys: Vec::new(),
            cost: usd("3"),
            status: Status::Billed,
            tokens: tokens.iter().copied().collect(),
            quantities: BTreeMap::new(),
        };
        let (input, output) = (TokenDirection::Input, TokenDirection::Output);
        let price = row(&[(input, 1_500_000), (output, 500_000)]).price_per_million_tokens();
        assert_eq!(price.map(|it| it.normalize().to_string()).as_deref(), Some("1.5"));
        assert_eq!(row(&[]).price_per_million_tokens(), None);
    }

    #[test]
    fn quantities_add_up_by_their_unit() {
        let of = |unit: Option<&str>, quantity: &str| LineItem {
            unit: unit.map(Into::into),
            quantity: Some(Quantity::parse(quantity).unwrap()),
            ..line()
        };
        let lines = [
            of(Some("1K tokens"), "1.5"),
            of(Some("1K tokens"), "0.0001"),
            of(Some("Hrs"), "2"),
            of(Some("1K tokens"), "-0.5"),
        ];
        let reports = report_of(&lines, &AttributionRules::default(), &query(&[]), false);
        let [row] = &reports[0].rows[..] else { panic!("{reports:?}") };
        let quantities = row.quantities.iter().map(|(unit, it)| format!("{it} {unit}"));
        assert_eq!(quantities.collect::<Vec<_>>(), ["1.0001 1K tokens", "2 Hrs"]);
    }

    #[test]
    fn days_are_in_order() {
        check("day", &["2026-10-01 5 USD", "2026-10-02 2 USD", "2026-10-03 2 USD"]);
        check("weekday", &["Thursday 5 USD", "Friday 2 USD", "Saturday 2 USD"]);
    }

    #[test]
    fn without_figures_no_currency_is_assumed() {
        let rules = AttributionRules::default();
        assert_eq!(report_of(&[], &rules, &query(&[]), true), []);
    }

    #[test]
    fn a_row_is_as_sure_as_its_weakest_figure() {
        let rollups = rollups_of(&ledger_of(&[line()], &AttributionRules::default()).0, false);
        let (day, rollup) = &rollups[0];
        let query = query(&[]);
        let mut builder = ReportBuilder::new(&query);
        for is_estimated in [false, true, false] {
            let mut head = head(line().bill, &[("2026-10-05", "1")]);
            head.days.get_mut(day).unwrap().estimated = is_estimated;
            let heads = [head];
            builder.add(rollup.row(), &ledger_days(&heads)[0]).unwrap();
        }
        let row = builder.finish().unwrap().remove(0).rows.remove(0);
        assert_eq!(row.status, Status::Estimated);
        assert_eq!(row.tokens, BTreeMap::from([(TokenDirection::Input, 3_000)]));
    }

    #[test]
    fn a_summary_has_no_value_of_a_detail_dimension() {
        let rollups = rollups_of(&ledger_of(&[line()], &AttributionRules::default()).0, false);
        let heads = [head(line().bill, &[("2026-10-05", "1")])];
        let query = query(&["owner", "principal"]);
        let err = ReportBuilder::new(&query).add(rollups[0].1.row(), &ledger_days(&heads)[0]);
        assert_eq!(
            err.unwrap_err().to_string(),
            "a summary row has no `principal`; expected a detail row"
        );
    }

    const WORDS: [&str; 11] = [
        "owner",
        "cost_centre",
        "model",
        "day",
        "month",
        "weekday",
        "line_type",
        "principal",
        "tier",
        "rule",
        "tag:iamPrincipal/team",
    ];

    proptest! {
        /// P1: however it is grouped, a report's total is the ledger's.
        #[test]
        fn the_total_does_not_depend_on_the_grouping(
            lines in any_line_items(),
            rules in any_rules(),
            by in subsequence(WORDS.to_vec(), 0..=4),
        ) {
            for cost_kind in CostKind::ALL {
                let query = ReportQuery { cost_kind, ..query(&by) };
                let reports = report_of(&lines, &rules, &query, true);
                if query.level() == Level::Summary {
                    prop_assert_eq!(&reports, &report_of(&lines, &rules, &query, false));
                }
                let mut expected = totals(lines.iter().filter(|it| is_ai(it)).map(|it| it.costs));
                expected.retain(|(_, kind), _| *kind == cost_kind);
                let found: Totals = reports
                    .iter()
                    .filter(|it| !it.total.is_zero())
                    .map(|it| ((it.currency, cost_kind), it.total))
                    .collect();
                prop_assert_eq!(found, expected);
            }
        }
    }
}
