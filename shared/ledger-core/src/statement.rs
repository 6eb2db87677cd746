//! The answer to a chargeback lookup: the one place where money is rounded.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::bill::Status;
use crate::charges::{Charge, ChargeKey, Charges};
use crate::cost::CostKind;
use crate::currency::Currency;
use crate::meter::Meter;
use crate::money::{Money, MoneyError};
use crate::money_sum::MoneySum;
use crate::owner::Owner;
use crate::period::BillingPeriod;
use crate::word::Word;

/// The cost of one owner in one month and one currency.
///
/// - **Invariant:** the rounded lines and `rounding` add up to `total`, which is `exact_total`
///   rounded once; the exact totals of all owners add up to what was billed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The owner.
    pub owner: Owner,
    /// The month of usage.
    pub period: BillingPeriod,
    /// The currency of all amounts.
    pub currency: Currency,
    /// The cost that counts.
    pub cost_kind: CostKind,
    /// The lines, in the order of the fields of [`StatementKey`].
    pub lines: Vec<StatementLine>,
    /// The sum, unrounded.
    pub exact_total: Money,
    /// The sum in minor units.
    pub total: Money,
    /// `total` minus the sum of the rounded lines.
    pub rounding: Money,
    /// How sure the least sure day of the month is.
    pub status: Status,
}

/// One line of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementLine {
    /// The charges that it sums.
    pub key: StatementKey,
    /// Tokens, where the meter counts them.
    pub tokens: Option<u128>,
    /// How many lines of the bill are in it.
    pub line_count: u64,
    /// The sum, unrounded.
    pub exact: Money,
    /// The sum in minor units, half to even.
    pub amount: Money,
}

/// The key of a statement line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the other fields are the dimensions of the same names")]
pub struct StatementKey {
    pub cost_centre: Option<Arc<str>>,
    pub product: Option<Arc<str>>,
    pub environment: Option<Arc<str>>,
    pub service: Arc<str>,
    pub model: Option<Arc<str>>,
    pub meter: Word<Meter>,
    pub line_type: Arc<str>,
    /// The month of the bill, where it is not the statement's: a late charge, or a credit for a month
    /// before.
    pub bill_period: Option<BillingPeriod>,
    /// The month that was closed before its cost changed, of an adjustment.
    pub adjusts: Option<BillingPeriod>,
}

/// A line that charges are still added to.
struct DraftLine {
    exact: MoneySum,
    tokens: Option<u128>,
    line_count: u64,
}

/// The statements of charges, by owner and currency.
///
/// # Errors
///
/// [`MoneyError::OutOfRange`].
pub fn statements(charges: &Charges) -> Result<Vec<Statement>, MoneyError> {
    let mut drafts: BTreeMap<(&Owner, Currency), BTreeMap<StatementKey, DraftLine>> =
        BTreeMap::new();
    for Charge { key, exact, tokens, line_count } in &charges.charges {
        let lines = drafts.entry((&key.owner, exact.currency())).or_default();
        let line = lines.entry(StatementKey::of(key)).or_insert_with(|| DraftLine {
            exact: MoneySum::zero(exact.currency()),
            tokens: None,
            line_count: 0,
        });
        line.exact.add(*exact)?;
        if let Some(more) = tokens {
            line.tokens = Some(line.tokens.unwrap_or(0).saturating_add(*more));
        }
        line.line_count = line.line_count.saturating_add(*line_count);
    }
    let statement = |((owner, currency), lines): ((&Owner, Currency), BTreeMap<_, _>)| {
        let empty = Statement {
            owner: owner.clone(),
            period: charges.period,
            currency,
            cost_kind: charges.cost_kind,
            lines: Vec::new(),
            exact_total: Money::zero(currency),
            total: Money::zero(currency),
            rounding: Money::zero(currency),
            status: charges.status,
        };
        let line = |(key, draft): (StatementKey, DraftLine)| {
            let DraftLine { exact, tokens, line_count } = draft;
            let exact = exact.total()?;
            let amount = exact.round_to_minor_units();
            Ok(StatementLine { key, tokens, line_count, exact, amount })
        };
        let lines = lines.into_iter().map(line).collect::<Result<_, MoneyError>>()?;
        with_lines(empty, lines)
    };
    drafts.into_iter().map(statement).collect()
}

impl StatementKey {
    fn of(key: &ChargeKey) -> StatementKey {
        StatementKey {
            cost_centre: key.cost_centre.clone(),
            product: key.product.clone(),
            environment: key.environment.clone(),
            service: key.service.clone(),
            model: key.model.clone(),
            meter: key.meter.clone(),
            line_type: key.line_type.clone(),
            bill_period: key.bill_period,
            adjusts: key.adjusts,
        }
    }
}

/// A statement of these lines.
fn with_lines(empty: Statement, lines: Vec<StatementLine>) -> Result<Statement, MoneyError> {
    let (mut exact, mut rounded) = (MoneySum::zero(empty.currency), MoneySum::zero(empty.currency));
    for line in &lines {
        exact.add(line.exact)?;
        rounded.add(line.amount)?;
    }
    let exact_total = exact.total()?;
    let total = exact_total.round_to_minor_units();
    let rounding = total.checked_sub(rounded.total()?)?;
    Ok(Statement { lines, exact_total, total, rounding, ..empty })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::access::Owners;
    use crate::charges::ChargeBuilder;
    use crate::line_item::LineItem;
    use crate::rules::AttributionRules;
    use crate::testing::*;

    fn statements_of(
        lines: &[LineItem],
        rules: &AttributionRules,
        period: &str,
        cost_kind: CostKind,
    ) -> Vec<Statement> {
        let period = BillingPeriod::parse(period).unwrap();
        let mut builder = ChargeBuilder::new(period, Owners::All, cost_kind);
        ask(&mut builder, &rollups_of(&ledger_of(lines, rules).0, false));
        statements(&builder.finish().unwrap()).unwrap()
    }

    #[test]
    fn what_rounding_takes_from_the_lines_is_a_visible_amount() {
        let of_model =
            |model: &str| LineItem { model: named_model(model), ..line_of(GATEWAY, "0.004") };
        let lines = [of_model("a"), of_model("b"), of_model("c")];
        let rules = AttributionRules::default();
        let statements = statements_of(&lines, &rules, "2026-10", CostKind::Unblended);
        assert_eq!(statements.len(), 1);
        let statement = &statements[0];
        assert_eq!(statement.owner, Owner::Unattributed);
        assert!(statement.lines.iter().all(|it| it.amount.is_zero()));
        assert_eq!(statement.exact_total, usd("0.012"));
        assert_eq!((statement.total, statement.rounding), (usd("0.01"), usd("0.01")));
    }

    #[test]
    fn a_half_goes_to_the_even_cent() {
        for (exact, rounded) in [("0.005", "0"), ("0.015", "0.02"), ("-0.025", "-0.02")] {
            let lines = [line_of(GATEWAY, exact)];
            let rules = AttributionRules::default();
            let statements = statements_of(&lines, &rules, "2026-10", CostKind::Unblended);
            assert_eq!(statements[0].total, usd(rounded), "{exact}");
        }
    }

    #[test]
    fn another_month_is_another_statement() {
        let rules = AttributionRules::default();
        assert_eq!(statements_of(&[line()], &rules, "2026-11", CostKind::Unblended), []);
    }

    proptest! {
        /// P1: the exact totals of all owners are the bill; each statement adds up after rounding.
        #[test]
        fn statements_add_up(lines in any_line_items(), rules in any_rules()) {
            for cost_kind in CostKind::ALL {
                let mut exact: BTreeMap<Currency, Money> = BTreeMap::new();
                for period in ["2026-10", "2026-11"] {
                    for it in statements_of(&lines, &rules, period, cost_kind) {
                        let zero = Money::zero(it.currency);
                        let amounts = it.lines.iter().map(|it| it.amount);
                        let sum = amounts.chain([it.rounding])
                            .try_fold(zero, |sum, it| sum.checked_add(it)).unwrap();
                        prop_assert_eq!(sum, it.total);
                        prop_assert_eq!(it.total, it.exact_total.round_to_minor_units());
                        let all = exact.entry(it.currency).or_insert(zero);
                        *all = all.checked_add(it.exact_total).unwrap();
                    }
                }
                let mut expected = totals(lines.iter().filter(|it| is_ai(it)).map(|it| it.costs));
                expected.retain(|(_, kind), _| *kind == cost_kind);
                let found: Totals = exact
                    .into_iter()
                    .filter(|(_, sum)| !sum.is_zero())
                    .map(|(currency, sum)| ((currency, cost_kind), sum))
                    .collect();
                prop_assert_eq!(found, expected);
            }
        }
    }
}
