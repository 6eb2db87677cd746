//! Lines of callers: one per meter, for an agent one per run and meter.

use std::rc::Rc;

use fastrand::Rng;

use super::MARK;
use super::day::Day;
use super::prepared::Prepared;
use super::random::{day_number, mix, noisy, uuid};
use crate::sample::callers::{Identity, Rhythm};
use crate::sample::catalogue::{Meter, Offer, Seller};
use crate::sample::fixed::Fixed;
use crate::sample::line::{Attributes, Line};

/// Factors of the runaway agent's use over that of an ordinary day.
const RUNAWAY_RUNS: u64 = 3;
const RUNAWAY_TOKENS: i64 = 5;

impl Day<'_> {
    /// The lines of one caller: one per meter, for an agent one per run and meter.
    pub(super) fn push_use(&self, prepared: &mut Prepared, lines: &mut Vec<Line>) {
        let caller = prepared.caller;
        let mut rng = self.rng(prepared.index);
        if caller.rhythm == Rhythm::Office && !self.is_at_work(&mut rng) {
            return;
        }
        let runs_away = caller.rhythm == Rhythm::Runaway && self.is_runaway;
        let runs = match caller.identity {
            Identity::Agent(_, runs) if runs_away => runs.saturating_mul(RUNAWAY_RUNS),
            Identity::Agent(_, runs) => runs,
            _ => 1,
        };
        for _ in 0..runs {
            let principal = self.principal(prepared, &mut rng);
            for used in caller.uses {
                let tokens =
                    if runs_away { used.count.saturating_mul(RUNAWAY_TOKENS) } else { used.count };
                let tokens = self.shaped(tokens, caller.rhythm, &mut rng);
                for meter in used.offer.meters {
                    let count = tokens.saturating_mul(used.blend.per_thousand(meter.kind)) / 1_000;
                    let count = if caller.rhythm == Rhythm::Constant {
                        count
                    } else {
                        noisy(count, 60, &mut rng)
                    };
                    if count > 0 {
                        let product = prepared.product(used.offer, meter.kind);
                        lines.push(self.metered(
                            prepared,
                            used.offer,
                            meter,
                            count,
                            product,
                            principal.clone(),
                            &mut rng,
                        ));
                    }
                }
            }
        }
    }

    /// The caller's ARN on this day.
    fn principal(&self, prepared: &Prepared, rng: &mut Rng) -> Option<Rc<str>> {
        let account = prepared.caller.account;
        let arn = match prepared.caller.identity {
            Identity::None => return None,
            Identity::User(name) => {
                return Some(Rc::from(format!("arn:aws:iam::{account}:user/{name}")));
            }
            Identity::Role(role, session) => assumed(account, role, session),
            Identity::Task(role) => {
                let week = day_number(self.day) / 7;
                let mut rng = Rng::with_seed(mix(self.calendar.seed, &[week, prepared.index]));
                assumed(account, role, &format!("{:032x}", rng.u128(..)))
            }
            Identity::Sdk(role) => {
                let seconds =
                    day_number(self.day).saturating_mul(86_400).saturating_add(rng.u64(0..86_400));
                assumed(account, role, &format!("botocore-session-{seconds}"))
            }
            Identity::Agent(role, _) => {
                assumed(account, role, &format!("BedrockAgentCore-{}", uuid(rng)))
            }
            Identity::Person(set, number) => assumed(
                account,
                &format!("AWSReservedSSO_{set}_0123456789abcdef"),
                &format!("user-{number:02}@example.org"),
            ),
        };
        Some(Rc::from(arn))
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "one line is made of all of these, and nothing else calls it"
    )]
    fn metered(
        &self,
        prepared: &Prepared,
        offer: &Offer,
        meter: &Meter,
        count: i64,
        product: Rc<Attributes>,
        principal: Option<Rc<str>>,
        rng: &mut Rng,
    ) -> Line {
        let amount = Fixed::count_in(count, meter.unit.size);
        let cost = amount.at(meter.price);
        let (entity, product_code) = match offer.seller {
            Seller::Aws(code) => ("AWS", code),
            Seller::Marketplace { product_code, .. } => ("AWS Marketplace", product_code),
        };
        // The private price agreement of the sample is about Amazon's own models.
        let net =
            if entity == "AWS" && offer.provider == "Amazon" { cost.percent(97) } else { cost };
        Line {
            billing_entity: entity,
            description: description(offer, meter),
            product_code,
            usage_type: meter.usage_type,
            operation: offer.operation,
            resource_id: prepared.resource(offer.region),
            amount,
            unblended_cost: cost,
            net_unblended_cost: net,
            principal,
            pricing_unit: meter.unit.name,
            public_cost: Some(cost),
            product,
            product_family: "Amazon Bedrock",
            region: offer.region,
            tags: Rc::clone(&prepared.tags),
            cost_category: Rc::clone(&prepared.cost_category),
            ..self.blank(rng, prepared.caller.account)
        }
    }
}

/// Description in the words of AWS, with the mark of the sample at its end.
fn description(offer: &Offer, meter: &Meter) -> String {
    let place =
        if offer.region == "us-west-2" { "US West (Oregon)" } else { "US East (N. Virginia)" };
    match offer.seller {
        Seller::Aws(_) => format!(
            "${} per {} for {} in {place}{MARK}",
            meter.price.decimal(),
            meter.unit.name,
            meter.usage_type,
        ),
        Seller::Marketplace { scope, .. }
            if scope.starts_with("Standard") || scope.starts_with("Reserved") =>
        {
            format!(
                "AWS Marketplace software usage|{}|{} - {scope}{MARK}",
                offer.region,
                meter.kind.words()
            )
        }
        Seller::Marketplace { scope, .. } => {
            format!(
                "AWS Marketplace software usage|{}|Million {} {scope}{MARK}",
                offer.region,
                meter.kind.words()
            )
        }
    }
}

fn assumed(account: &str, role: &str, session: &str) -> String {
    format!("arn:aws:sts::{account}:assumed-role/{role}/{session}")
}
