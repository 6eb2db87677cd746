//! Anomalies: days on which a caller, owner, model, workflow or account costs more than it used to.
//!
//! [`AnomalySearch`] gathers the cost per day of each series, and each day is judged by the days before
//! it alone: by the same weekdays, robustly, in percent and in money. Only more cost is an anomaly, and
//! days that may still change are not judged. Each [`Anomaly`] has the [`Part`]s of its change, which
//! sum to it exactly.

mod alert;
mod causes;
mod detect;
mod grouping;
mod scale;
mod search;
mod series;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use jiff::civil::Date;
use sha2::{Digest as _, Sha256};

use crate::dimension::Dimension;
use crate::money::Money;

pub use causes::{Effect, Part};
pub use search::{AnomalySearch, Found};

/// The last days of data, which may still change: charges settle within 72 hours.
pub const UNSETTLED_DAYS: i64 = 3;

/// Days before the first one that is asked for which are read as history.
pub const HISTORY_DAYS: i64 = 400;

labels! {
    /// The kind of an anomaly.
    pub enum AnomalyKind {
        /// Days that cost far more than the same weekdays before.
        Spike = "spike",
        /// A level that is higher over three days, though no day of them is a spike.
        Drift = "drift",
        /// A caller or a model that never cost anything before.
        New = "new",
    }
}

/// The limits from which days of a series are an anomaly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sensitivity {
    /// Whole units of a currency by which a day must be above what is expected.
    pub min_amount: u32,
}

impl Default for Sensitivity {
    /// Ten units a day: below 300 a month, looking into it costs more than it saves.
    fn default() -> Sensitivity {
        Sensitivity { min_amount: 10 }
    }
}

/// Costs that belong together: of one caller, for example.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SeriesName {
    /// Caller, workflow, owner, account or model.
    pub dimension: Dimension,
    /// Its value.
    pub value: Arc<str>,
}

/// A name for one anomaly, the same in every answer that has it: made of series, kind, currency and first day.
///
/// - **Shape:** 12 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AnomalyId(String);

impl AnomalyId {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn new(series: &SeriesName, kind: AnomalyKind, currency: &str, first: Date) -> AnomalyId {
        let mut hash = Sha256::new();
        let (dimension, first) = (series.dimension.to_string(), first.to_string());
        for text in [&dimension, &*series.value, kind.as_str(), currency, &first] {
            hash.update(text.len().to_be_bytes());
            hash.update(text);
        }
        AnomalyId(hash.finalize().iter().take(6).map(|it| format!("{it:02x}")).collect())
    }
}

/// Days in a row on which a series costs more than it used to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anomaly {
    /// Its name.
    pub id: AnomalyId,
    /// The kind.
    pub kind: AnomalyKind,
    /// Whose cost it is: the most specific series that explains it.
    pub series: SeriesName,
    /// The first day.
    pub first: Date,
    /// The last day.
    pub last: Date,
    /// The cost of these days.
    pub actual: Money,
    /// The cost that was expected.
    pub expected: Money,
    /// The cost above it.
    pub excess: Money,
    /// The parts of the excess, largest first. They sum to it exactly.
    pub parts: Vec<Part>,
    /// Wider series in which the same cost is an anomaly too.
    pub also_in: Vec<AlsoIn>,
}

/// A wider series in which an anomaly is seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlsoIn {
    /// The series.
    pub series: SeriesName,
    /// Its cost above what was expected.
    pub excess: Money,
}

impl Anomaly {
    /// The kind in words: a new series says of what it is.
    #[must_use]
    pub fn kind_word(&self) -> &'static str {
        kind_word(self.kind, &self.series.dimension)
    }
}

/// All words of [`Anomaly::kind_word`].
pub const KIND_WORDS: [&str; 4] = ["spike", "drift", "new_caller", "new_model"];

fn kind_word(kind: AnomalyKind, dimension: &Dimension) -> &'static str {
    match (kind, dimension) {
        (AnomalyKind::New, Dimension::Model) => "new_model",
        (AnomalyKind::New, _) => "new_caller",
        (kind, _) => kind.as_str(),
    }
}
