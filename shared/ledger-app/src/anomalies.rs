//! Anomalies of the ledger, and those that are expected.
//!
//! That an anomaly is expected is said by a person, with a reason and until a day. It is kept as a
//! document, so that each version can be looked up: it mutes anomalies of the same series and kind.

use jiff::ToSpan as _;
use jiff::civil::Date;
use ledger_core::anomaly::{
    Anomaly, AnomalySearch, HISTORY_DAYS, Sensitivity, SeriesName, UNSETTLED_DAYS,
};
use ledger_core::audit::AuditAction;
use ledger_core::dimension::Dimension;
use serde::{Deserialize, Serialize};

use crate::documents::DocumentError;
use crate::ports::{Document, DocumentKind, DocumentStore, LedgerStore, Retryable, StoreError};
use crate::rules_file::FileError;
use crate::said::{self, ATTEMPTS_MAX, is_overtaken};
use crate::settled::data_up_to;
use crate::view::{LookupError, View};

/// Settled days that are looked at where no first day is given.
const SHOWN_DAYS: i64 = 30;

/// The document in messages.
const EXPECTED: &str = "expected anomalies";

/// Why there is no answer about anomalies.
#[derive(Debug, thiserror::Error)]
pub enum AnomaliesError {
    /// The ledger did not answer.
    #[error("could not look for anomalies")]
    Lookup(#[from] LookupError),
    /// The expected ones could not be read.
    #[error("could not find out which anomalies are expected")]
    Expected(#[from] DocumentError),
    /// The expected ones could not be kept.
    #[error("could not keep that the anomaly is expected")]
    Keep(#[source] StoreError),
    /// It cannot be expected so.
    #[error("{0}")]
    Refused(String),
}

impl Retryable for AnomaliesError {
    fn is_retryable(&self) -> bool {
        match self {
            AnomaliesError::Lookup(source) => source.is_retryable(),
            AnomaliesError::Expected(source) => source.is_retryable(),
            AnomaliesError::Keep(source) => source.is_retryable(),
            AnomaliesError::Refused(_) => false,
        }
    }
}

/// The anomalies that are asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked {
    /// The first day of interest; the last 30 settled days without one.
    pub since: Option<Date>,
    /// The limits from which days are an anomaly.
    pub sensitivity: Sensitivity,
}

/// Anomalies of a ledger.
#[derive(Clone, Debug)]
pub struct Anomalies {
    /// The anomalies, newest first, each with the entry that mutes it.
    pub all: Vec<(Anomaly, Option<Expectation>)>,
    /// Those of them that are expected.
    pub muted_count: usize,
    /// The first day that was looked at; `None` for a ledger without data.
    pub since: Option<Date>,
    /// The end of the days that were judged.
    pub judged_up_to: Option<Date>,
    /// Series that were looked at.
    pub series_count: usize,
}

impl Anomalies {
    /// Those that are not expected, or all.
    pub fn shown(&self, with_muted: bool) -> impl Iterator<Item = &(Anomaly, Option<Expectation>)> {
        self.all.iter().filter(move |(_, muted)| with_muted || muted.is_none())
    }
}

/// A kind of anomaly of a series that is expected until a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// The anomaly that it was said of.
    pub id: String,
    /// The kind.
    pub kind: String,
    /// The dimension of the series.
    pub dimension: String,
    /// The value of the series.
    pub value: String,
    /// The currency of the series.
    pub currency: String,
    /// The last day on which it is expected.
    pub until: String,
    /// Why.
    pub reason: String,
    /// Who said so.
    pub by: String,
    /// When.
    pub at: String,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectedFile {
    #[serde(default)]
    expected: Vec<Expectation>,
}

impl Expectation {
    /// Whether it mutes an anomaly: one that goes on after the last day is shown again.
    pub fn mutes(&self, anomaly: &Anomaly) -> bool {
        let SeriesName { dimension, value } = &anomaly.series;
        let is_same = self.kind == anomaly.kind_word()
            && Dimension::parse(&self.dimension).is_ok_and(|it| it == *dimension)
            && self.value == **value
            && self.currency == anomaly.excess.currency().to_string();
        is_same && self.until.parse().is_ok_and(|until: Date| anomaly.last <= until)
    }
}

/// Searches the ledger for anomalies, in one pass. The view begins 400 days before the first day of
/// interest, or is of the whole ledger.
///
/// # Errors
///
/// [`AnomaliesError`].
pub async fn anomalies<L>(view: &View<L>, asked: Asked) -> Result<Anomalies, AnomaliesError>
where
    L: LedgerStore + DocumentStore + Clone + 'static,
{
    let Some((data_up_to, has_bills)) = data_up_to(view) else {
        let (since, judged_up_to) = (asked.since, None);
        return Ok(Anomalies {
            all: Vec::new(),
            muted_count: 0,
            since,
            judged_up_to,
            series_count: 0,
        });
    };
    let shown = || data_up_to.saturating_sub((UNSETTLED_DAYS + SHOWN_DAYS).days());
    let since = asked.since.unwrap_or_else(shown);
    let mut search = AnomalySearch::new(since, data_up_to, asked.sensitivity);
    if has_bills {
        search = search.of_bills();
    }
    let mut questions: [&mut dyn ledger_core::question::Question; 1] = [&mut search];
    let (answered, expected) =
        tokio::join!(view.answer(&mut questions), expectations(view.ledger()));
    answered?;
    let (expected, found) = (expected?, search.finish().map_err(LookupError::from)?);
    // Of an account or a model a limited caller sees a part, of which nothing was said.
    let is_everything = view.access().is_everything();
    let is_meant = |it: &Anomaly| {
        is_everything || matches!(it.series.dimension, Dimension::Owner | Dimension::Principal)
    };
    let mute = |anomaly: Anomaly| {
        let mut said = expected.iter().filter(|_| is_meant(&anomaly));
        let muted = said.find(|it| it.mutes(&anomaly)).cloned();
        (anomaly, muted)
    };
    let all: Vec<_> = found.anomalies.into_iter().map(mute).collect();
    Ok(Anomalies {
        muted_count: all.iter().filter(|(_, muted)| muted.is_some()).count(),
        all,
        since: Some(since),
        judged_up_to: Some(found.judged_up_to),
        series_count: found.series_count,
    })
}

/// All that is expected.
///
/// # Errors
///
/// [`DocumentError`].
pub async fn expectations(
    documents: &impl DocumentStore,
) -> Result<Vec<Expectation>, DocumentError> {
    Ok(kept_expectations(documents).await?.1)
}

/// All that is expected, with the document that has it.
async fn kept_expectations(
    documents: &impl DocumentStore,
) -> Result<(Option<Document>, Vec<Expectation>), DocumentError> {
    let document = documents.document(DocumentKind::ExpectedAnomalies).await;
    let document = document.map_err(|err| DocumentError::Read(EXPECTED, err))?;
    let read = |it: &Document| toml::from_str::<ExpectedFile>(&it.text).map_err(FileError::toml);
    let file = document.as_ref().map(read).transpose();
    let file = file.map_err(|err| DocumentError::Malformed(EXPECTED, err))?;
    Ok((document, file.map_or_else(Vec::new, |it| it.expected)))
}

/// Something that a person says about an anomaly.
#[derive(Clone, Copy, Debug)]
pub struct Said<'a> {
    /// The anomaly.
    pub id: &'a str,
    /// The last day on which it is expected.
    pub until: Date,
    /// Why.
    pub reason: &'a str,
    /// Who says so.
    pub by: &'a str,
}

/// Keeps that an anomaly is expected, in place of what was said of the same series and kind. It is one of
/// those that were asked for, or of the last 400 days.
///
/// # Errors
///
/// [`AnomaliesError::Refused`] for an anomaly that is not there, a day before it and texts that
/// mislead.
pub async fn expect<L>(
    view: &View<L>,
    asked: Asked,
    said: Said<'_>,
) -> Result<Expectation, AnomaliesError>
where
    L: LedgerStore + DocumentStore + Clone + 'static,
{
    let Said { id, until, reason, by } = said;
    let words = said::Said { by, reason, at: view.now().at() };
    words.check().map_err(AnomaliesError::Refused)?;
    let year = view.data_up_to().map(|it| it.saturating_sub(HISTORY_DAYS.days()));
    let mut found = None;
    for since in [asked.since, year] {
        if found.is_none() {
            let listed = anomalies(view, Asked { since, ..asked }).await?.all;
            found = listed.into_iter().map(|(it, _)| it).find(|it| it.id.as_str() == id);
        }
    }
    let anomaly = found.ok_or_else(|| {
        let id: String = id.chars().take(40).collect();
        AnomaliesError::Refused(format!(
            "no anomaly has the id `{id}`; `tollbook anomalies --all` lists them, and `--since` and \
             `--min-amount` look for more"
        ))
    })?;
    if until < anomaly.last {
        return Err(AnomaliesError::Refused(format!(
            "it is expected until {until}, which is before its last day, {}; expected a later day",
            anomaly.last
        )));
    }
    let expectation = Expectation {
        id: id.to_owned(),
        kind: anomaly.kind_word().to_owned(),
        dimension: anomaly.series.dimension.to_string(),
        value: anomaly.series.value.to_string(),
        currency: anomaly.excess.currency().to_string(),
        until: until.to_string(),
        reason: reason.to_owned(),
        by: by.to_owned(),
        at: view.now().at().to_string(),
    };
    let change = |expected: &mut Vec<Expectation>| {
        expected.retain(|it| !is_of_same(it, &expectation));
        expected.push(expectation.clone());
        Ok(())
    };
    keep(view.ledger(), (AuditAction::ExpectAnomaly, id), words, change).await?;
    Ok(expectation)
}

fn is_of_same(left: &Expectation, right: &Expectation) -> bool {
    let key =
        |it: &Expectation| [&it.kind, &it.dimension, &it.value, &it.currency].map(String::clone);
    key(left) == key(right)
}

/// Takes back that an anomaly is expected. The versions before keep who said so.
///
/// # Errors
///
/// [`AnomaliesError::Refused`] for one that is not expected.
pub async fn no_longer_expect(
    documents: &impl DocumentStore,
    id: &str,
    said: said::Said<'_>,
) -> Result<Expectation, AnomaliesError> {
    said.check_by().map_err(AnomaliesError::Refused)?;
    let change = |expected: &mut Vec<Expectation>| {
        let Some(at_place) = expected.iter().position(|it| it.id == id) else {
            let ids: Vec<&str> = expected.iter().map(|it| it.id.as_str()).collect();
            let ids = if ids.is_empty() { "none is".to_owned() } else { ids.join(", ") };
            let id: String = id.chars().take(40).collect();
            return Err(AnomaliesError::Refused(format!(
                "no expected anomaly has the id `{id}`; expected: {ids}"
            )));
        };
        Ok(expected.remove(at_place))
    };
    keep(documents, (AuditAction::ForgetAnomaly, id), said, change).await
}

/// Changes the expectations, made anew where somebody else has just changed them.
async fn keep<T>(
    documents: &impl DocumentStore,
    (action, subject): (AuditAction, &str),
    said: said::Said<'_>,
    change: impl Fn(&mut Vec<Expectation>) -> Result<T, AnomaliesError>,
) -> Result<T, AnomaliesError> {
    let mut attempt = 1;
    loop {
        let (document, mut expected) = kept_expectations(documents).await?;
        let changed = change(&mut expected)?;
        let text = toml::to_string(&ExpectedFile { expected })
            .map_err(|err| AnomaliesError::Refused(format!("it cannot be written down: {err}")))?;
        let changes = said.changes(action, subject, document.as_ref());
        let applied = documents.apply(DocumentKind::ExpectedAnomalies, &text, changes).await;
        if !is_overtaken(&applied) || attempt == ATTEMPTS_MAX {
            return applied.map(|_| changed).map_err(AnomaliesError::Keep);
        }
        attempt += 1;
    }
}
