//! Anomalies and their causes.

use ledger_app::anomalies::{Anomalies, Expectation};
use ledger_core::anomaly::{AlsoIn, Anomaly, Effect, Part, SeriesName};
use ledger_core::percent::Percent;
use serde::Serialize;

use super::values::{Amount, Day, Share, words};

/// Days that cost more than usual: `GET /v1/anomalies` and `tollbook anomalies`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = Anomalies))]
pub struct AnomaliesAnswer {
    /// The first day that was looked at; `null` for a ledger without data.
    pub since: Option<Day>,
    /// The day after the last that was judged: later days may still change.
    pub judged_up_to: Option<Day>,
    /// Callers, workflows, owners, accounts and models that were looked at.
    pub series_count: usize,
    /// Anomalies that are expected. They are in the list only where they are asked for.
    pub muted_count: usize,
    /// The anomalies on this page, newest first.
    pub anomalies: Vec<AnomalyBody>,
    /// The `cursor` of the next page; `null` on the last.
    pub next_cursor: Option<String>,
}

/// Days in a row on which a series cost more than usual.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = Anomaly))]
pub struct AnomalyBody {
    /// Its name, made of series, kind, currency and first day.
    pub id: String,
    /// `spike`, `drift`, `new_caller` or `new_model`.
    pub kind: String,
    /// The dimension of the series: `principal`, `workflow`, `owner`, `account` or `model`.
    pub dimension: String,
    /// The value of the series, such as a caller.
    pub value: String,
    /// The first day.
    pub first: Day,
    /// The last day.
    pub last: Day,
    /// The currency of all amounts, by ISO 4217.
    pub currency: String,
    /// The cost of these days.
    pub actual: Amount,
    /// The cost that was expected.
    pub expected: Amount,
    /// The cost above it.
    pub excess: Amount,
    /// The excess in percent of what was expected; `null` where nothing was.
    pub excess_percent: Option<Share>,
    /// The largest cause in words.
    pub cause: String,
    /// The parts of the excess, largest first. They sum to it exactly.
    pub parts: Vec<AnomalyPartBody>,
    /// Wider series in which the same cost is an anomaly.
    pub also_in: Vec<AlsoInBody>,
    /// Why it is expected; `null` for one that is not.
    pub expected_because: Option<ExpectationBody>,
}

/// A part of an excess.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = AnomalyPart))]
pub struct AnomalyPartBody {
    /// How it came about.
    pub effect: EffectWord,
    /// The model; `null` for a charge without one.
    pub model: Option<String>,
    /// The meter, such as `output_tokens`.
    pub meter: String,
    /// The money, negative where it made the excess smaller.
    pub amount: Amount,
}

/// A wider series in which an anomaly is seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = AnomalyAlsoIn))]
pub struct AlsoInBody {
    /// The dimension.
    pub dimension: String,
    /// The value.
    pub value: String,
    /// Its cost above what was expected.
    pub excess: Amount,
}

/// Why and until when an anomaly is expected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = AnomalyExpectation))]
pub struct ExpectationBody {
    /// The anomaly that it was said of.
    pub id: String,
    /// The last day.
    pub until: String,
    /// Why.
    pub reason: String,
    /// Who said so.
    pub by: String,
    /// When.
    pub at: String,
}

words! {
    /// How a part of an excess came about.
    EffectWord of Effect: Effect::ALL;
}

impl AnomaliesAnswer {
    /// The body of the anomalies on a page.
    pub fn new<'a>(
        found: &Anomalies,
        on_page: impl IntoIterator<Item = &'a (Anomaly, Option<Expectation>)>,
        next_cursor: Option<String>,
    ) -> AnomaliesAnswer {
        AnomaliesAnswer {
            since: found.since.map(Day),
            judged_up_to: found.judged_up_to.map(Day),
            series_count: found.series_count,
            muted_count: found.muted_count,
            anomalies: on_page.into_iter().map(|(it, muted)| body(it, muted.as_ref())).collect(),
            next_cursor,
        }
    }
}

fn body(anomaly: &Anomaly, muted: Option<&Expectation>) -> AnomalyBody {
    let Anomaly { id, series, first, last, actual, expected, excess, parts, also_in, .. } = anomaly;
    AnomalyBody {
        id: id.as_str().to_owned(),
        kind: anomaly.kind_word().to_owned(),
        dimension: series.dimension.to_string(),
        value: series.value.to_string(),
        first: Day(*first),
        last: Day(*last),
        currency: excess.currency().to_string(),
        actual: (*actual).into(),
        expected: (*expected).into(),
        excess: (*excess).into(),
        excess_percent: Percent::of(*excess, *expected).map(Into::into),
        cause: cause_of(anomaly),
        parts: parts.iter().map(part_body).collect(),
        also_in: also_in.iter().map(also_in_body).collect(),
        expected_because: muted.map(expectation_body),
    }
}

fn part_body(part: &Part) -> AnomalyPartBody {
    AnomalyPartBody {
        effect: part.effect.into(),
        model: part.model.as_deref().map(str::to_owned),
        meter: part.meter.to_string(),
        amount: part.amount.into(),
    }
}

fn also_in_body(AlsoIn { series: SeriesName { dimension, value }, excess }: &AlsoIn) -> AlsoInBody {
    AlsoInBody {
        dimension: dimension.to_string(),
        value: value.to_string(),
        excess: (*excess).into(),
    }
}

fn expectation_body(expectation: &Expectation) -> ExpectationBody {
    let Expectation { id, until, reason, by, at, .. } = expectation.clone();
    ExpectationBody { id, until, reason, by, at }
}

/// The largest part in words, such as `output tokens of claude-sonnet-4.6: +41.20 USD by volume`.
pub fn cause_of(anomaly: &Anomaly) -> String {
    let part = anomaly.parts.iter().find(|it| it.amount.femto_units() > 0);
    part.map_or_else(String::new, ToString::to_string)
}
