//! Reads a bill as an import does, up to what is written: rows, owners, rollups.
//!
//! usage: import_bench PATH [--line-by-line]
//!
//! Prints one JSON object: seconds, peak memory in MiB, lines, groups and exact totals.

use std::error::Error;
use std::path::PathBuf;
use std::time::Instant;

use ledger_app::ports::{BillSource as _, Reading};
use ledger_aws::cur::CurFolder;
use ledger_core::cost::CostKind;
use ledger_core::currency::Currency;
use ledger_core::roll_up::RollupBuilder;
use ledger_core::rollup::DayTotal;
use ledger_core::rules::AttributionRules;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("expected the path of a bill")?;
    let mut source = CurFolder::new(vec![PathBuf::from(path)]);
    if arguments.next().is_some_and(|it| it == "--line-by-line") {
        source = source.line_by_line();
    }
    let started = Instant::now();
    let mut builder = RollupBuilder::default();
    let mut rejected: u64 = 0;
    for delivery in source.deliveries()? {
        source.read(&delivery, &mut |reading| {
            match reading {
                Reading::Charge(line, sums) => builder.add_sums(line, sums)?,
                Reading::Other(line, sums) => builder.add_other(&line, &sums)?,
                Reading::Rejected(_) => rejected += 1,
                _ => {}
            }
            Ok(())
        })?;
    }
    let read_seconds = started.elapsed().as_secs_f64();
    let (bills, _) = builder.finish(&AttributionRules::default())?;
    let seconds = started.elapsed().as_secs_f64();
    let mut total = DayTotal::zero(Currency::USD);
    let mut groups = 0;
    for bill in bills.values() {
        groups += bill.rollup_count();
        for usd in bill.totals().filter_map(|(_, by_currency)| by_currency.get(&Currency::USD)) {
            total = total.checked_add(usd)?;
        }
    }
    let all = total.ai.checked_add(&total.other)?;
    println!(
        "{{\"wall\": {seconds:.4}, \"cpu\": {:.2}, \"read\": {read_seconds:.4}, \"rss\": {:.1}, \"groups\": \
         {groups}, \"lines_ai\": {}, \"lines_other\": {}, \"rejected\": {rejected}, \"unblended\": \
         \"{}\", \"net\": \"{}\", \"list\": \"{}\"}}",
        cpu_seconds()?,
        peak_mib()?,
        total.ai_line_count,
        total.other_line_count,
        all.of(CostKind::Unblended).amount(),
        all.of(CostKind::NetUnblended).amount(),
        total.ai.of(CostKind::List).amount(),
    );
    Ok(())
}

/// The time on a core since the process began, in the hundredths that Linux counts.
fn cpu_seconds() -> Result<f64, Box<dyn Error>> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let (_, fields) = stat.rsplit_once(')').ok_or("expected a name in brackets")?;
    let times = fields.split_whitespace().skip(11).take(2).map(str::parse::<f64>);
    Ok(times.sum::<Result<f64, _>>()? / 100.0)
}

/// The peak of the process's resident set.
fn peak_mib() -> Result<f64, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|it| it.strip_prefix("VmHWM:"));
    let kib = peak.and_then(|it| it.split_whitespace().next()).ok_or("expected `VmHWM`")?;
    Ok(kib.parse::<f64>()? / 1024.0)
}
