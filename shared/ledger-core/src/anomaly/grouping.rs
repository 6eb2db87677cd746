//! One cause is one anomaly, though it is seen in several series.

use std::collections::BTreeMap;

use super::causes::Change;
use super::series::AllSeries;
use super::{AlsoIn, Anomaly};
use crate::dimension::Dimension;

/// An anomaly with its series and its change.
pub(super) struct Candidate {
    pub anomaly: Anomaly,
    pub series: usize,
    pub rank: usize,
    pub change: Change,
}

/// Takes the anomalies of wider series that are explained by those of more specific ones into these:
/// those whose excess is for the larger half theirs.
pub(super) fn grouped(mut candidates: Vec<Candidate>, all: &AllSeries) -> Vec<Anomaly> {
    candidates.sort_by_key(|it| (it.rank, std::cmp::Reverse(it.anomaly.excess.femto_units())));
    let narrower = narrower_of(all);
    let mut kept: Vec<Candidate> = Vec::new();
    // The places in `kept` by series: few of all series have an anomaly.
    let mut kept_of: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for wide in candidates {
        let mut explained = 0_i128;
        let mut largest: Option<(i128, usize)> = None;
        let series = narrower.get(&wide.series).into_iter().flatten();
        let places = series.filter_map(|it| kept_of.get(it)).flatten();
        for (at, narrow) in places.filter_map(|at| Some((*at, kept.get(*at)?))) {
            let part = common(narrow, &wide, all);
            explained = explained.saturating_add(part.max(0));
            if part > largest.map_or(0, |(part, _)| part) {
                largest = Some((part, at));
            }
        }
        let is_explained = explained.saturating_mul(2) >= wide.anomaly.excess.femto_units();
        let into = largest.filter(|_| is_explained).and_then(|(_, at)| kept.get_mut(at));
        match into {
            Some(narrow) => {
                let Anomaly { series, excess, .. } = wide.anomaly;
                narrow.anomaly.also_in.push(AlsoIn { series, excess });
            }
            None => {
                kept_of.entry(wide.series).or_default().push(kept.len());
                kept.push(wide);
            }
        }
    }
    let mut anomalies: Vec<Anomaly> = kept.into_iter().map(|it| it.anomaly).collect();
    anomalies.sort_by(|left, right| {
        let key = |it: &Anomaly| (it.last, it.excess.femto_units());
        key(right).cmp(&key(left)).then_with(|| left.id.cmp(&right.id))
    });
    anomalies
}

/// The more specific series that have cost in common with each, in their order.
fn narrower_of(all: &AllSeries) -> BTreeMap<usize, Vec<usize>> {
    let mut narrower: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (narrow, wide) in all.shared.keys() {
        narrower.entry(*wide).or_default().push(*narrow);
    }
    narrower.values_mut().for_each(|it| it.sort_unstable());
    narrower
}

/// The excess of the narrower anomaly that is in the wider one too.
fn common(narrow: &Candidate, wide: &Candidate, all: &AllSeries) -> i128 {
    let (left, right) = (&narrow.anomaly, &wide.anomaly);
    let overlaps = left.first <= right.last && right.first <= left.last;
    if !overlaps {
        return 0;
    }
    match right.series.dimension {
        Dimension::Model => narrow.change.of_model(&right.series.value, &all.cell_keys),
        _ => left.excess.femto_units(),
    }
}
