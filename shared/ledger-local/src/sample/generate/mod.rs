//! Ninety days of charges from a seed: the same seed and date give the same lines.
//!
//! Whole numbers only. Each line counts tokens (or hours, or images) and multiplies by a list
//! price, so every cost is an exact decimal.

mod day;
mod others;
mod prepared;
mod random;
mod restatement;
mod taxes;
mod usage;

use std::rc::Rc;

use fastrand::Rng;
use jiff::ToSpan as _;
use jiff::civil::Date;

pub(super) use self::random::{mix, mix_text, uuid};

use self::day::Day;
use self::prepared::Prepared;
use super::callers::CALLERS;
use super::fixed::Fixed;
use super::line::{BillingPeriod, Line};

/// Marks every line for its readers.
const MARK: &str = " (sample data)";

/// The days of the sample and what is needed to fill them.
pub(super) struct Calendar {
    seed: u64,
    as_of: Date,
    days: Vec<Date>,
}

impl Calendar {
    /// This number of days, up to the day before `as_of`; days before the calendar begins are left out.
    pub(super) fn new(seed: u64, as_of: Date, day_count: u16) -> Calendar {
        let first = as_of.saturating_sub(i64::from(day_count).days());
        Calendar {
            seed,
            as_of,
            days: first.series(1.day()).take_while(|day| *day < as_of).collect(),
        }
    }

    /// Every line as first delivered, in the order of the days.
    pub(super) fn lines(&self) -> Vec<Line> {
        let mut lines = Vec::with_capacity(self.days.len().saturating_mul(400));
        let mut callers = CALLERS.iter().zip(0_u64..).map(Prepared::new).collect::<Vec<_>>();
        for (day, index) in self.days.iter().zip(0_i64..) {
            let Some(period) = BillingPeriod::of(*day) else {
                continue;
            };
            let charges = Day::new(self, *day, period, index);
            for caller in &mut callers {
                charges.push_use(caller, &mut lines);
            }
            charges.push_others(&mut lines);
        }
        self.push_taxes(&mut lines);
        lines.sort_by_key(|line| line.start);
        lines
    }

    /// The invoice of a month: AWS issues it once two later months have begun.
    fn invoice(&self, period: BillingPeriod) -> Option<Rc<str>> {
        let last = self.as_of.first_of_month().saturating_sub(1.month());
        (period.start < last).then(|| Rc::from(format!("SAMPLE-{}", period.label())))
    }
}

/// A line with nothing charged yet.
fn blank(rng: &mut Rng, day: Date, period: BillingPeriod, account: &'static str) -> Line {
    Line {
        id: random::id(rng),
        period,
        billing_entity: "AWS",
        invoice_id: None,
        account,
        start: day,
        end: day.tomorrow().unwrap_or(day),
        line_type: "Usage",
        description: String::new(),
        product_code: "",
        usage_type: "",
        operation: "",
        resource_id: None,
        amount: Fixed::ZERO,
        unblended_cost: Fixed::ZERO,
        net_unblended_cost: Fixed::ZERO,
        principal: None,
        pricing_unit: "",
        public_cost: None,
        product: Rc::default(),
        product_family: "",
        region: "",
        tags: Rc::default(),
        cost_category: Rc::default(),
    }
}
