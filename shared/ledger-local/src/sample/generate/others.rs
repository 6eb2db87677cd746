//! Lines without a caller: other services, the support fee and the credit.

use std::borrow::Cow;
use std::rc::Rc;

use fastrand::Rng;

use super::MARK;
use super::day::Day;
use crate::sample::callers::Rhythm;
use crate::sample::fixed::Fixed;
use crate::sample::line::{Line, PAYER_ACCOUNT};
use crate::sample::other::{CREDIT, PLAIN_LINES, Plain, SUPPORT_FEE};

impl Day<'_> {
    /// Other services, the support fee and the credit.
    pub(super) fn push_others(&self, lines: &mut Vec<Line>) {
        let mut rng = self.rng(0x07E5);
        for plain in PLAIN_LINES {
            let rhythm = if plain.steady { Rhythm::Constant } else { Rhythm::Service };
            let count = self.shaped(plain.count, rhythm, &mut rng);
            lines.push(self.plain(plain, count, &mut rng));
        }
        match self.day.day() {
            1 => lines.push(Line {
                line_type: "Fee",
                description: format!("AWS Support (Business){MARK}"),
                product_code: "AWSSupportBusiness",
                usage_type: "Dollar",
                amount: Fixed::new(1, 0),
                unblended_cost: SUPPORT_FEE,
                net_unblended_cost: SUPPORT_FEE,
                ..self.blank(&mut rng, PAYER_ACCOUNT)
            }),
            3 => lines.push(Line {
                line_type: "Credit",
                description: format!("Promotional credit for Amazon Bedrock{MARK}"),
                product_code: "AmazonBedrock",
                product_family: "Amazon Bedrock",
                amount: Fixed::new(1, 0),
                unblended_cost: CREDIT,
                net_unblended_cost: CREDIT,
                ..self.blank(&mut rng, PAYER_ACCOUNT)
            }),
            _ => {}
        }
    }

    fn plain(&self, plain: &Plain, count: i64, rng: &mut Rng) -> Line {
        let amount = Fixed::count_in(count, plain.size);
        let cost = amount.at(plain.price);
        let product = vec![
            ("product_name", Cow::Borrowed(plain.product_name)),
            ("region", Cow::Borrowed("us-east-1")),
        ];
        Line {
            line_type: plain.line_type,
            description: format!(
                "${} per {} {}{MARK}",
                plain.price.decimal(),
                plain.unit,
                plain.usage_type
            ),
            product_code: plain.product_code,
            usage_type: plain.usage_type,
            operation: plain.operation,
            resource_id: Some(Rc::from(plain.resource)),
            amount,
            unblended_cost: cost,
            net_unblended_cost: cost,
            pricing_unit: plain.unit,
            public_cost: Some(cost),
            product: Rc::new(product),
            product_family: plain.family,
            region: "us-east-1",
            ..self.blank(rng, plain.account)
        }
    }
}
