//! The generated organisation whose month is simulated.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::civil::Date;
use ledger_local::cost_explorer::CostLine;
use rust_decimal::Decimal;

/// Callers that share a role and an owner.
const PRINCIPALS_A_TEAM: u64 = 50;

/// Models, as usage types name them.
const MODELS: [&str; 8] = [
    "NovaMicro",
    "NovaLite",
    "NovaPro",
    "NovaPremier",
    "Llama3-3-70B",
    "MistralLarge",
    "Nova2.0Lite",
    "TitanTextG1-Express",
];

/// Meters of a model call.
const METERS: [&str; 4] = [
    "input-tokens",
    "output-tokens",
    "cache-read-input-token-count",
    "cache-write-input-token-count",
];

/// Services that Cost Explorer reports these models under.
const SERVICES: [&str; 3] = [
    "Amazon Bedrock",
    "Claude Sonnet 4.6 (Amazon Bedrock Edition)",
    "Claude Haiku 4.5 (Amazon Bedrock Edition)",
];

/// Net share of a cost, after a discount of 7%.
const NET: Decimal = Decimal::from_parts(93, 0, 0, false, 2);

/// Tag key that Cost Explorer groups by.
pub const TAG: &str = "iamPrincipal/team";

/// Attribution rules: the role of a team is the owner.
pub const RULES: &str =
    "[[rule]]\nname = \"teams\"\nwhen = { role = \"team-*\" }\nowner = \"{role}\"\n";

const HEADER: &str = "bill_billing_period_start_date,bill_payer_account_id,\
    line_item_usage_account_id,line_item_usage_start_date,line_item_line_item_type,\
    line_item_product_code,line_item_usage_type,line_item_usage_amount,pricing_unit,\
    line_item_unblended_cost,line_item_net_unblended_cost,line_item_currency_code,\
    line_item_iam_principal,tags\n";

/// Size of the organisation.
#[derive(Clone, Copy, Debug)]
pub struct Organisation {
    /// Number of callers.
    pub principals: u64,
    /// Model calls a day.
    pub calls_a_day: u64,
}

/// One charge of a day.
struct Charge {
    team: u64,
    principal: u64,
    model: &'static str,
    meter: &'static str,
    cost: Decimal,
}

impl Organisation {
    /// Number of owners.
    pub fn teams(&self) -> u64 {
        self.principals.div_ceil(PRINCIPALS_A_TEAM).max(1)
    }

    /// Charges of a day. Each caller has at least one call, and uses two models if there are two
    /// calls for each. Half of the callers cache prompts, which adds two meters.
    ///
    /// The costs differ between deliveries of a day.
    fn charges(&self, delivery: u64) -> impl Iterator<Item = Charge> {
        let active = self.principals.min(self.calls_a_day);
        let models = if self.calls_a_day >= 2 * active { 2 } else { 1 };
        (0..active).flat_map(move |principal| {
            let team = principal / PRINCIPALS_A_TEAM;
            let meters = if principal % 2 == 0 { 2 } else { METERS.len() };
            (0..models).flat_map(move |nth| {
                let model = MODELS.iter().cycle().nth(at(team + principal * 3 + nth * 5));
                METERS.iter().zip(1..).take(meters).filter_map(move |(meter, number)| {
                    let seed = scrambled(principal << 16 | nth << 8 | number) ^ delivery;
                    let cost = Decimal::new(digits(scrambled(seed)), 10);
                    model.map(|model| Charge { team, principal, model, meter, cost })
                })
            })
        })
    }

    /// Number of lines a day.
    pub fn lines_a_day(&self) -> usize {
        self.charges(0).count()
    }

    /// A bill as CSV. `days` maps each day to the number of the delivery that last changed it.
    pub fn bill(&self, period: &str, days: &BTreeMap<Date, u64>) -> String {
        let mut text = HEADER.to_owned();
        for (day, delivery) in days {
            for Charge { team, principal, model, meter, cost } in self.charges(*delivery) {
                // Writing to a `String` does not fail.
                let _ = writeln!(
                    text,
                    "{period}-01T00:00:00Z,123456789012,123456789012,{day}T00:00:00Z,Usage,\
                     AmazonBedrock,USE1-{model}-{meter},{amount},1K tokens,{cost},{net},USD,\
                     arn:aws:sts::123456789012:assumed-role/team-{team:03}/\
                     {name:016x}@example.com,\
                     \"{{\"\"{TAG}\"\":\"\"team-{team:03}\"\"}}\"",
                    amount = cost * Decimal::from(1_000),
                    net = cost * NET,
                    name = scrambled(principal),
                );
            }
        }
        text
    }

    /// Days as Cost Explorer reports them: by service, usage type and tag. `days` maps each day to the
    /// number of its last change.
    pub fn cost_lines(&self, days: &BTreeMap<Date, u64>) -> Vec<CostLine> {
        let mut lines = BTreeMap::new();
        for (day, change) in days {
            let day = *day;
            for charge in self.charges(*change) {
                let usage_type = format!("USE1-{}-{}", charge.model, charge.meter);
                let service = SERVICES.iter().cycle().nth(at(charge.principal / 2));
                let service = service.copied().unwrap_or_default().to_owned();
                let key = (day, service, usage_type, charge.team);
                *lines.entry(key).or_insert(Decimal::ZERO) += charge.cost;
            }
        }
        let line = |((day, service, usage_type, team), cost)| CostLine {
            day,
            service,
            usage_type,
            account: "123456789012".to_owned(),
            record_type: "Usage".to_owned(),
            operation: "InvokeModelInference".to_owned(),
            region: "us-east-1".to_owned(),
            billing_entity: "AWS".to_owned(),
            tags: BTreeMap::from([(TAG.to_owned(), format!("team-{team:03}"))]),
            product_attributes: BTreeMap::new(),
            unblended: cost,
            net_unblended: cost,
            amortized: cost,
            net_amortized: cost,
            usage_amount: cost,
            unit: "1K tokens".to_owned(),
            currency: "USD".to_owned(),
        };
        lines.into_iter().map(line).collect()
    }

    /// Monthly budgets: every tenth counts the charges of all owners, the others those of one owner
    /// each. All have reached all thresholds, which is the most alerts that a month can have.
    pub fn budgets(&self, count: u64) -> String {
        let mut text = String::new();
        for number in 0..count {
            let scope = if number % 10 == 0 {
                String::new()
            } else {
                format!("scope = {{ owner = \"team-{:03}\" }}\n", number % self.teams())
            };
            let _ = write!(
                text,
                "[[budget]]\nname = \"budget-{number:04}\"\nowner = \"team-{:03}\"\n\
                 limit = \"0.01\"\ncurrency = \"USD\"\nwindow = \"monthly\"\n\
                 thresholds = [50, 80, 100]\n{scope}\n",
                number % self.teams(),
            );
        }
        text
    }
}

/// Pseudo-random bits of a number, by the step of the generator SplitMix64: figures and names have
/// no pattern beyond the repetition of a real bill.
fn scrambled(number: u64) -> u64 {
    let mut bits = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ bits >> 31
}

/// At most ten digits.
fn digits(number: u64) -> i64 {
    i64::try_from(number % 10_000_000_000).unwrap_or_default()
}

fn at(number: u64) -> usize {
    usize::try_from(number % 1_000).unwrap_or_default() % MODELS.len()
}
