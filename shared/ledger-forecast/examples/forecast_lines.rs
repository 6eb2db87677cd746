//! Forecasts series from standard input, for the comparison in `bench/forecast`.
//!
//! A line is `FIRST_DAY DAYS_AHEAD COST COST ...`; its answer is `EXPECTED LOW HIGH`.

use std::io::{self, BufRead, Write};

use jiff::civil::Date;
use ledger_forecast::{History, forecast};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    for line in io::stdin().lock().lines() {
        let line = line?;
        let mut words = line.split_whitespace();
        let first: Date = words.next().ok_or("a line without a first day")?.parse()?;
        let ahead: usize = words.next().ok_or("a line without days ahead")?.parse()?;
        let costs = words.map(str::parse).collect::<Result<Vec<f64>, _>>()?;
        match forecast(&History::new(first, &costs), ahead) {
            Some(it) => writeln!(out, "{} {} {}", it.expected, it.low, it.high)?,
            None => writeln!(out, "0 0 0")?,
        }
    }
    Ok(())
}
