//! Parts of the monthly cost: a quantity of each and its price.

use anyhow::Context;
use ledger_aws::dynamodb::Consumption;
use ledger_core::reconciliation::SETTLING_DAYS;
use rust_decimal::Decimal;

use super::simulation::Counted;
use super::{Assumption, Function, Price, Prices};
use crate::args::CostOfRunningArgs;

const BYTES_A_GB: u64 = 1 << 30;

/// One line of the bill.
pub(super) struct Part {
    pub name: &'static str,
    pub quantity: Decimal,
    pub price: Price,
}

impl Part {
    pub(super) fn cost(&self) -> Decimal {
        self.quantity * self.price.usd / Decimal::from(self.price.per)
    }
}

/// A part by its name, the name of its price and the quantity in a month.
type Quantity = (&'static str, &'static str, Decimal);

/// All parts, at the prices of the list.
pub(super) fn parts(
    args: &CostOfRunningArgs,
    prices: &Prices,
    counted: &Counted,
) -> anyhow::Result<Vec<Part>> {
    let runs = Runs::of_month(args, prices.assumption);
    let quantities = [
        watching(prices.assumption, &runs).to_vec(),
        ledger_units(counted, &runs).to_vec(),
        ledger_storage(args, prices.assumption, counted).to_vec(),
        functions(prices, &runs)?.to_vec(),
        requests(counted, &runs).to_vec(),
    ];
    let quantities = quantities.into_iter().flatten();
    let part = |(name, price, quantity): Quantity| {
        let price = prices.price.get(price);
        let price = *price.with_context(|| format!("the price list has no price of `{name}`"))?;
        Ok(Part { name, quantity, price })
    };
    quantities.map(part).collect()
}

/// Runs in a month.
struct Runs {
    days: u64,
    /// Deliveries that are read, with the one at the close of the month.
    imports: u64,
    /// The same in deliveries of the size that was counted, which is two days.
    deliveries_written: u64,
    cost_explorer: u64,
    evaluations_scheduled: u64,
    evaluations_changed: u64,
    evaluations_unchanged: u64,
    lookups: u64,
}

impl Runs {
    fn of_month(args: &CostOfRunningArgs, assumption: Assumption) -> Runs {
        let days = assumption.days_a_month;
        let deliveries = args.deliveries_per_day * days;
        let imports = deliveries + 1;
        let cost_explorer = args.cost_explorer_runs_per_day * days;
        let evaluations_scheduled = 24 * days;
        Runs {
            days,
            imports,
            // The close of a month changes each of its days once more.
            deliveries_written: deliveries + days / 2,
            cost_explorer,
            evaluations_scheduled,
            // The first evaluation of a UTC day judges it although nothing changed.
            evaluations_changed: imports + cost_explorer + days,
            evaluations_unchanged: evaluations_scheduled - days,
            lookups: args.lookups,
        }
    }

    /// Invocations of each function of the price list.
    fn invocations(&self) -> [(&'static str, u64); 5] {
        [
            ("ingest_export", self.imports),
            ("evaluate_changed", self.evaluations_changed),
            ("evaluate_unchanged", self.evaluations_unchanged),
            ("lookup", self.lookups),
            ("cost_explorer", self.cost_explorer),
        ]
    }

    fn invocation_count(&self) -> u64 {
        self.invocations().iter().map(|(_, count)| count).sum()
    }
}

/// Alarms, metrics and logs.
fn watching(assumption: Assumption, runs: &Runs) -> [Quantity; 3] {
    let log_bytes = runs.invocation_count() * assumption.log_bytes_an_invocation
        + runs.lookups * assumption.log_bytes_an_api_request;
    [
        ("alarms", "alarm", assumption.alarms.into()),
        ("metric of the age of data", "metric", assumption.metrics.into()),
        ("logs, in GB", "log_gb", gb(log_bytes)),
    ]
}

/// Requests to the database.
fn ledger_units(counted: &Counted, runs: &Runs) -> [Quantity; 7] {
    let reads = |it: Consumption, count: u64| it.read_units * Decimal::from(count);
    let writes = |it: Consumption, count: u64| it.write_units * Decimal::from(count);
    let evaluations = |units: &dyn Fn(Consumption, u64) -> Decimal| {
        units(counted.changed, runs.evaluations_changed)
            + units(counted.unchanged, runs.evaluations_unchanged)
            + units(counted.alerts, 1)
    };
    let (delivery, deliveries) = (counted.delivery, runs.deliveries_written);
    let (explorer, explorer_runs) = (counted.explorer, runs.cost_explorer);
    let (read, write) = ("dynamodb_read_unit", "dynamodb_write_unit");
    [
        ("ledger: writes of deliveries", write, writes(delivery, deliveries)),
        ("ledger: reads of deliveries", read, reads(delivery, deliveries)),
        ("ledger: writes of evaluations", write, evaluations(&writes)),
        ("ledger: reads of evaluations", read, evaluations(&reads)),
        ("ledger: reads of lookups", read, reads(counted.statement, runs.lookups)),
        ("ledger: writes of Cost Explorer", write, writes(explorer, explorer_runs)),
        ("ledger: reads of Cost Explorer", read, reads(explorer, explorer_runs)),
    ]
}

/// Storage of the database and its backup.
fn ledger_storage(
    args: &CostOfRunningArgs,
    assumption: Assumption,
    counted: &Counted,
) -> [Quantity; 2] {
    // A replaced day is kept for a week.
    let replaced_days = 2 * args.deliveries_per_day * 7;
    let days = assumption.days_a_month * assumption.months_kept + replaced_days;
    let stored = gb(counted.day_bytes * days);
    [
        ("ledger: storage", "dynamodb_gb_month", stored),
        ("ledger: point-in-time recovery", "dynamodb_backup_gb_month", stored),
    ]
}

/// Functions, their schedules and the API in front of one.
fn functions(prices: &Prices, runs: &Runs) -> anyhow::Result<[Quantity; 4]> {
    let mut gb_seconds = Decimal::ZERO;
    for (name, count) in runs.invocations() {
        let function = prices.function.get(name);
        let Function { memory_mb, seconds } =
            *function.with_context(|| format!("the price list has no function `{name}`"))?;
        gb_seconds += Decimal::from(memory_mb * seconds * count) / Decimal::from(1024);
    }
    let schedules = runs.evaluations_scheduled + runs.cost_explorer;
    Ok([
        ("functions: time", "lambda_gb_second", gb_seconds),
        ("functions: invocations", "lambda_request", runs.invocation_count().into()),
        ("schedules", "schedule", schedules.into()),
        ("API requests", "api_request", runs.lookups.into()),
    ])
}

/// Requests to other services: the export, alerts and Cost Explorer.
fn requests(counted: &Counted, runs: &Runs) -> [Quantity; 4] {
    let explorer_requests = explorer_requests(counted, runs);
    [
        ("export: GET requests", "s3_get", (counted.delivery_gets * runs.imports).into()),
        ("alerts: published", "sns_publish", counted.alert_count.into()),
        ("alerts: sent by mail", "sns_email", counted.alert_count.into()),
        ("Cost Explorer requests", "cost_explorer_request", explorer_requests.into()),
    ]
}

/// In the first days of a month the month before is asked for too, by one more request a run.
fn explorer_requests(counted: &Counted, runs: &Runs) -> u64 {
    let days = SETTLING_DAYS.unsigned_abs() + 1;
    let runs_a_day = runs.cost_explorer.div_ceil(runs.days);
    counted.explorer_requests * runs.cost_explorer + runs_a_day * days
}

fn gb(bytes: u64) -> Decimal {
    Decimal::from(bytes) / Decimal::from(BYTES_A_GB)
}
