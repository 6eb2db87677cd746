//! The rows of a row group that are decoded together.

/// Rows of one batch.
const BATCH: usize = 8192;

/// Rows that are decoded at most for a batch.
pub(super) const DECODED_MAX: usize = 4 * BATCH;

/// Gaps of up to this many unwanted rows are decoded anyway: skipping them is slower.
const GAP_MAX: usize = 32;

/// The rows of a row group that are read.
pub(super) struct Rows<'a> {
    count: usize,
    /// In ascending order; `None` where all are.
    wanted: Option<&'a [usize]>,
    /// The first row that is not decoded.
    at: usize,
}

/// Rows that are decoded one after the other, and those before them that are not.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    pub skip: usize,
    pub take: usize,
}

/// The rows that are decoded for one batch.
#[derive(Debug)]
pub(super) struct Window {
    pub runs: Vec<Run>,
    /// The rows that are wanted, counted among those that are decoded; `None` where all are.
    pub places: Option<Vec<usize>>,
    pub row_count: usize,
}

impl<'a> Rows<'a> {
    /// All rows of a row group of `count` rows, or the wanted ones.
    pub(super) fn new(count: usize, wanted: Option<&'a [usize]>) -> Rows<'a> {
        Rows { count, wanted, at: 0 }
    }

    /// The next window; `None` after the last row.
    pub(super) fn next(&mut self) -> Option<Window> {
        let Some(wanted) = self.wanted else {
            let take = BATCH.min(self.count - self.at);
            self.at += take;
            let runs = vec![Run { skip: 0, take }];
            return (take > 0).then_some(Window { runs, places: None, row_count: take });
        };
        let (mut runs, mut places, mut decoded) = (Vec::<Run>::new(), Vec::new(), 0);
        for row in wanted.iter().take(BATCH).take_while(|it| **it < self.count) {
            let gap = row.saturating_sub(self.at);
            let run = runs.last_mut().filter(|_| gap <= GAP_MAX);
            let take = if run.is_some() { gap + 1 } else { 1 };
            if decoded + take > DECODED_MAX {
                break;
            }
            decoded += take;
            match run {
                Some(run) => run.take += take,
                None => runs.push(Run { skip: gap, take }),
            }
            places.push(decoded - 1);
            self.at = row + 1;
        }
        self.wanted = wanted.get(places.len()..);
        let row_count = places.len();
        (row_count > 0).then_some(Window { runs, places: Some(places), row_count })
    }
}
