//! Ninety days of charges from a seed: the same seed and date give the same lines.
//!
//! Whole numbers only. Each line counts tokens (or hours, or images) and multiplies by a list
//! price, so every cost is an exact decimal.

use std::borrow::Cow;
use std::rc::Rc;

use fastrand::Rng;
use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday};

use super::callers::{CALLERS, Caller, Environment, Identity, Rhythm, SANDBOX_ACCOUNT, Tags};
use super::catalogue::{Kind, Meter, Offer, Seller};
use super::fixed::Fixed;
use super::line::{Attributes, BillingPeriod, Line, PAYER_ACCOUNT};
use super::other::{CREDIT, PLAIN_LINES, Plain, SUPPORT_FEE, TAX_PERCENT};

/// On how many days before the end the research agent runs away.
const RUNAWAY_DAYS: i64 = 4;
/// What it then costs, compared with an ordinary day: three times the runs, five times the tokens.
const RUNAWAY_RUNS: u64 = 3;
const RUNAWAY_TOKENS: i64 = 5;
/// The day of the restatement, counted back from the end: just before the runaway.
pub(super) const RESTATED_DAYS_AGO: i64 = 6;
/// Growth of use, in thousandths a day: a sixth over the ninety days.
const GROWTH_PER_DAY: i64 = 2;
/// Marks every line, whoever reads it later.
const MARK: &str = " (sample data)";

/// The days of the sample and what is needed to fill them.
pub(super) struct Calendar {
    seed: u64,
    as_of: Date,
    days: Vec<Date>,
}

impl Calendar {
    /// So many days that end the day before `as_of`; days before the calendar begins are left out.
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

    /// The lines as AWS delivers them again: one day of one month is different.
    ///
    /// On that day some charges are cheaper, one is gone and one is new.
    pub(super) fn restated_lines(&self) -> Vec<Line> {
        let Some(day) = self.restated_day() else {
            return self.lines();
        };
        let mut lines = self.lines();
        let mut ids = Rng::with_seed(mix(self.seed, &[day_number(day), 0xD1FF]));
        let mut position = 0_u32;
        let mut late = None;
        lines.retain_mut(|line| {
            if line.start != day || line.principal.is_none() {
                return true;
            }
            position = position.saturating_add(1);
            match position {
                3 => return false,
                4 => late = Some(line.clone()),
                _ if position.is_multiple_of(5) => {
                    line.amount = line.amount.percent(92);
                    line.unblended_cost = line.unblended_cost.percent(92);
                    line.net_unblended_cost = line.net_unblended_cost.percent(92);
                    line.public_cost = line.public_cost.map(|it| it.percent(92));
                }
                _ => {}
            }
            true
        });
        if let Some(mut line) = late {
            line.id = id(&mut ids);
            line.operation = "InvokeModelInference";
            line.amount = line.amount.percent(4);
            line.unblended_cost = line.unblended_cost.percent(4);
            line.net_unblended_cost = line.net_unblended_cost.percent(4);
            line.public_cost = line.public_cost.map(|it| it.percent(4));
            let end = lines.partition_point(|it| it.start <= day);
            lines.insert(end, line);
        }
        lines
    }

    /// The day that the second delivery restates; none in a sample shorter than that.
    pub(super) fn restated_day(&self) -> Option<Date> {
        let day = self.as_of.saturating_sub(RESTATED_DAYS_AGO.days());
        self.days.contains(&day).then_some(day)
    }

    /// The invoice of a month: there once two later months have begun.
    fn invoice(&self, period: BillingPeriod) -> Option<Rc<str>> {
        let last = self.as_of.first_of_month().saturating_sub(1.month());
        (period.start < last).then(|| Rc::from(format!("SAMPLE-{}", period.label())))
    }

    /// One tax line per month, account and seller, on that month's charges as first delivered.
    fn push_taxes(&self, lines: &mut Vec<Line>) {
        let mut months: Vec<BillingPeriod> = lines.iter().map(|line| line.period).collect();
        months.dedup();
        let mut taxes = Vec::new();
        for period in months {
            for account in [PAYER_ACCOUNT, super::callers::DEVELOPMENT_ACCOUNT, SANDBOX_ACCOUNT] {
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

/// One day: its place in the week and in the growth.
struct Day<'calendar> {
    calendar: &'calendar Calendar,
    day: Date,
    period: BillingPeriod,
    invoice: Option<Rc<str>>,
    /// Thousandths of the first day's use.
    growth: i64,
    is_runaway: bool,
}

impl<'calendar> Day<'calendar> {
    fn new(
        calendar: &'calendar Calendar,
        day: Date,
        period: BillingPeriod,
        index: i64,
    ) -> Day<'calendar> {
        let runaway_from = calendar.as_of.saturating_sub(RUNAWAY_DAYS.days());
        Day {
            calendar,
            day,
            period,
            invoice: calendar.invoice(period),
            growth: index.saturating_mul(GROWTH_PER_DAY).saturating_add(920),
            is_runaway: day >= runaway_from,
        }
    }

    fn rng(&self, stream: u64) -> Rng {
        Rng::with_seed(mix(self.calendar.seed, &[day_number(self.day), stream]))
    }

    /// The lines of one caller: one per meter, for an agent one per run and meter.
    fn push_use(&self, prepared: &mut Prepared, lines: &mut Vec<Line>) {
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

    /// Nine of ten people on a working day, one of seven on a weekend.
    fn is_at_work(&self, rng: &mut Rng) -> bool {
        if self.is_weekend() { rng.u32(0..7) == 0 } else { rng.u32(0..10) > 0 }
    }

    fn is_weekend(&self) -> bool {
        matches!(self.day.weekday(), Weekday::Saturday | Weekday::Sunday)
    }

    /// An ordinary day's count on this day of the week, grown and with noise.
    fn shaped(&self, count: i64, rhythm: Rhythm, rng: &mut Rng) -> i64 {
        if rhythm == Rhythm::Constant {
            return count;
        }
        let week = match (rhythm, self.day.weekday()) {
            (Rhythm::Office, Weekday::Saturday | Weekday::Sunday) => 350,
            (_, Weekday::Saturday) => 620,
            (_, Weekday::Sunday) => 560,
            (_, Weekday::Monday) => 1_040,
            (_, Weekday::Friday) => 930,
            _ => 1_000,
        };
        let spread = if rhythm == Rhythm::Office { 450 } else { 90 };
        let grown = count.saturating_mul(week) / 1_000;
        noisy(grown.saturating_mul(self.growth) / 1_000, spread, rng)
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
            invoice_id: self.invoice.clone(),
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
            ..blank(rng, self.day, self.period, prepared.caller.account)
        }
    }

    /// Other services, the support fee and the credit.
    fn push_others(&self, lines: &mut Vec<Line>) {
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
                invoice_id: self.invoice.clone(),
                ..blank(&mut rng, self.day, self.period, PAYER_ACCOUNT)
            }),
            3 => lines.push(Line {
                line_type: "Credit",
                description: format!("Promotional credit for Amazon Bedrock{MARK}"),
                product_code: "AmazonBedrock",
                product_family: "Amazon Bedrock",
                amount: Fixed::new(1, 0),
                unblended_cost: CREDIT,
                net_unblended_cost: CREDIT,
                invoice_id: self.invoice.clone(),
                ..blank(&mut rng, self.day, self.period, PAYER_ACCOUNT)
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
            invoice_id: self.invoice.clone(),
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
            ..blank(rng, self.day, self.period, plain.account)
        }
    }
}

/// A caller with what is the same on all of its lines.
struct Prepared {
    caller: &'static Caller,
    index: u64,
    /// The id of the application inference profile, if it uses one.
    profile: Option<String>,
    tags: Rc<Attributes>,
    cost_category: Rc<Attributes>,
    /// The product map of each offer and kind seen so far, by address: most lines share one.
    products: Vec<(*const Offer, Kind, Rc<Attributes>)>,
}

impl Prepared {
    fn new((caller, index): (&'static Caller, u64)) -> Prepared {
        let profile = match caller.environment {
            Environment::Unmarked => None,
            Environment::Profile(_) => Some(format!("{:012x}", mix(index, &[0x9F0F]) >> 16)),
        };
        let unit = match caller.tags.cost_centre {
            "" => "",
            "CC-9000" | "CC-6100" => "Corporate",
            _ => "Product",
        };
        Prepared {
            caller,
            index,
            profile,
            tags: Rc::new(tags(caller)),
            cost_category: Rc::new(present(vec![("business-unit", unit)])),
            products: Vec::new(),
        }
    }

    /// The profile's ARN: there is one per region.
    fn resource(&self, region: &str) -> Option<Rc<str>> {
        let id = self.profile.as_deref()?;
        let account = self.caller.account;
        Some(Rc::from(format!(
            "arn:aws:bedrock:{region}:{account}:application-inference-profile/{id}"
        )))
    }

    fn product(&mut self, offer: &'static Offer, kind: Kind) -> Rc<Attributes> {
        let key: *const Offer = offer;
        if let Some((_, _, product)) =
            self.products.iter().find(|(it, with, _)| *it == key && *with == kind)
        {
            return Rc::clone(product);
        }
        let name = match offer.seller {
            Seller::Aws("AmazonBedrockAgentCore") => "Amazon Bedrock AgentCore",
            Seller::Aws("AmazonBedrockService") => "Amazon Bedrock Service",
            Seller::Aws(_) => "Amazon Bedrock",
            Seller::Marketplace { product_name, .. } => product_name,
        };
        let product = Rc::new(present(vec![
            ("feature", offer.feature),
            ("inference_type", kind.inference_type().unwrap_or("")),
            ("model", offer.model),
            ("product_name", name),
            ("provider", offer.provider),
            ("region", offer.region),
            ("servicename", name),
        ]));
        self.products.push((key, kind, Rc::clone(&product)));
        product
    }
}

/// The tags of a caller's lines: of the identity, and of the profile it calls through.
fn tags(caller: &Caller) -> Attributes {
    let Tags { team, project, cost_centre } = caller.tags;
    let environment = match caller.environment {
        Environment::Unmarked => "",
        Environment::Profile(name) => name,
    };
    if matches!(caller.identity, Identity::None) {
        // There is no caller to carry tags: only the capacity itself is tagged.
        return present(vec![
            ("resourceTags/cost-center", cost_centre),
            ("resourceTags/project", project),
            ("resourceTags/team", team),
        ]);
    }
    present(vec![
        ("iamPrincipal/cost-center", cost_centre),
        ("iamPrincipal/project", project),
        ("iamPrincipal/team", team),
        ("resourceTags/environment", environment),
    ])
}

/// A key is present only when it has a value for the line.
fn present(pairs: Vec<(&'static str, &'static str)>) -> Attributes {
    pairs
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(key, value)| (key, Cow::Borrowed(value)))
        .collect()
}

/// As AWS words it, with the mark of the sample behind.
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

/// A line with nothing charged yet.
fn blank(rng: &mut Rng, day: Date, period: BillingPeriod, account: &'static str) -> Line {
    Line {
        id: id(rng),
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

fn assumed(account: &str, role: &str, session: &str) -> String {
    format!("arn:aws:sts::{account}:assumed-role/{role}/{session}")
}

/// AWS's ids look like a lower-case hash.
fn id(rng: &mut Rng) -> String {
    format!("{:032x}", rng.u128(..))
}

/// A random UUID, version 4.
pub(super) fn uuid(rng: &mut Rng) -> String {
    let bits = rng.u128(..);
    let bits = (bits & !(0xF << 76)) | (0x4 << 76);
    let bits = (bits & !(0x3 << 62)) | (0x2 << 62);
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        bits >> 96,
        (bits >> 80) & 0xFFFF,
        (bits >> 64) & 0xFFFF,
        (bits >> 48) & 0xFFFF,
        bits & 0xFFFF_FFFF_FFFF,
    )
}

/// `count`, up to so many thousandths more or less.
fn noisy(count: i64, thousandths: i64, rng: &mut Rng) -> i64 {
    let factor = rng.i64(-thousandths..=thousandths).saturating_add(1_000);
    count.saturating_mul(factor) / 1_000
}

fn day_number(day: Date) -> u64 {
    let epoch = jiff::civil::date(1970, 1, 1);
    u64::try_from(day.duration_since(epoch).as_hours() / 24).unwrap_or(0)
}

/// One seed from several: each day and caller has numbers of its own, so that a change to one
/// caller leaves the others as they were.
pub(super) fn mix(seed: u64, parts: &[u64]) -> u64 {
    parts.iter().fold(seed ^ 0x9E37_79B9_7F4A_7C15, |mixed, part| {
        Rng::with_seed(mixed.rotate_left(23) ^ part.wrapping_mul(0xD6E8_FEB8_6659_FD93)).u64(..)
    })
}

pub(super) fn mix_text(text: &str) -> u64 {
    text.bytes().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
    })
}
