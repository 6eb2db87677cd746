//! Taxes of a month.

use fastrand::Rng;

use super::random::{day_number, mix, mix_text};
use super::{Calendar, MARK, blank};
use crate::sample::callers::{DEVELOPMENT_ACCOUNT, SANDBOX_ACCOUNT};
use crate::sample::fixed::Fixed;
use crate::sample::line::{BillingPeriod, Line, PAYER_ACCOUNT};
use crate::sample::other::TAX_PERCENT;

impl Calendar {
    /// One tax line per month, account and seller, on that month's charges as first delivered.
    pub(super) fn push_taxes(&self, lines: &mut Vec<Line>) {
        let mut months: Vec<BillingPeriod> = lines.iter().map(|line| line.period).collect();
        months.dedup();
        let mut taxes = Vec::new();
        for period in months {
            for account in [PAYER_ACCOUNT, DEVELOPMENT_ACCOUNT, SANDBOX_ACCOUNT] {
                for code in ["AmazonBedrock", "AmazonEC2"] {
                    let due = lines
                        .iter()
                        .filter(|it| {
                            it.period == period && it.account == account && it.product_code == code
                        })
                        .fold(Fixed::ZERO, |sum, it| sum.plus(it.net_unblended_cost))
                        .percent(TAX_PERCENT)
                        .cents();
                    let Some(first) = self.days.iter().find(|day| **day >= period.start) else {
                        continue;
                    };
                    if due > Fixed::ZERO {
                        let mut rng = Rng::with_seed(mix(
                            self.seed,
                            &[day_number(*first), mix_text(account), mix_text(code)],
                        ));
                        taxes.push(Line {
                            invoice_id: self.invoice(period),
                            line_type: "Tax",
                            description: format!("Tax for product code {code}{MARK}"),
                            product_code: code,
                            net_unblended_cost: due,
                            unblended_cost: due,
                            amount: Fixed::new(1, 0),
                            end: period.end,
                            ..blank(&mut rng, *first, period, account)
                        });
                    }
                }
            }
        }
        lines.append(&mut taxes);
    }
}
