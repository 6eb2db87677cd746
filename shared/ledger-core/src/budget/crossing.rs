//! Which thresholds of a budget have something new to say.
//!
//! A threshold is crossed in rounds: it is reached, a restatement may take the cost back below it, and it
//! may be reached again. Each step is said once, in whatever order bills arrive and however often they are
//! judged.

use std::fmt;

use jiff::{SignedDuration, Timestamp};

use super::Verdict;

/// How old the alert of a threshold is before a cost below it is believed: another run may have read an
/// older bill.
const BACK_BELOW_AGE: SignedDuration = SignedDuration::from_mins(15);

labels! {
    /// How a cost relates to a threshold that it crossed.
    pub enum CrossingKind {
        /// The cost has reached the threshold.
        Reached = "reached",
        /// It had reached it, and is below it again.
        BackBelow = "back_below",
        /// The whole window is expected to reach it, and has not yet.
        Projected = "projected",
        /// The cost has reached it, and the alert of that was not acknowledged in time.
        Escalated = "escalated",
        /// The cost is this percentage of an even pace, and below the limit.
        Pace = "pace",
        /// The cost is this percentage of that of the window before, up to the same day.
        Change = "change",
    }
}

impl CrossingKind {
    /// Warnings before a limit is reached.
    pub(super) const EARLY: [CrossingKind; 3] =
        [CrossingKind::Projected, CrossingKind::Pace, CrossingKind::Change];
}

/// One step of a threshold within a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Crossing {
    /// The threshold in percent of what its kind compares with.
    pub threshold: u16,
    /// How the cost relates to it.
    pub kind: CrossingKind,
    /// How often it has happened in this window, from one on.
    pub round: u16,
}

impl Crossing {
    /// The first time that a cost reaches a threshold.
    pub fn reached(threshold: u16) -> Crossing {
        Crossing { threshold, kind: CrossingKind::Reached, round: 1 }
    }

    /// Reads what its `Display` writes.
    pub fn parse(text: &str) -> Option<Crossing> {
        let mut parts = text.split('/');
        let threshold = parts.next()?.parse().ok()?;
        let mut crossing = Crossing::reached(threshold);
        for part in parts {
            match CrossingKind::parse(part) {
                Some(kind) => crossing.kind = kind,
                None => crossing.round = part.parse().ok()?,
            }
        }
        Some(crossing)
    }
}

/// `80`, `80/2` for the second time, `80/back_below`.
impl fmt::Display for Crossing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.threshold)?;
        if self.kind != CrossingKind::Reached {
            write!(f, "/{}", self.kind)?;
        }
        if self.round != 1 {
            write!(f, "/{}", self.round)?;
        }
        Ok(())
    }
}

/// A crossing that an alert of the window has said, or is about to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Said {
    /// The crossing.
    pub crossing: Crossing,
    /// Whether its alert may have arrived.
    pub is_published: bool,
    /// When its alert was last touched.
    pub at: Timestamp,
}

/// The crossings of a verdict that no alert of its window has said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Due {
    /// Each is one message; its first crossing names it.
    pub messages: Vec<Vec<Crossing>>,
    /// Something is below a threshold whose alert is too new to be taken back.
    pub is_early: bool,
}

impl Verdict {
    /// The crossings to say now, given those that were said in this window.
    pub fn due(&self, said: &[Said], now: Timestamp) -> Due {
        let (mut reached, mut back_below, mut is_early) = (Vec::new(), Vec::new(), false);
        let highest_up = self
            .budget
            .thresholds
            .iter()
            .rev()
            .copied()
            .find(|it| self.reached.contains(it) && Rounds::of(said, *it).is_up());
        for threshold in self.budget.thresholds.iter().copied() {
            let rounds = Rounds::of(said, threshold);
            let is_reached = self.reached.contains(&threshold);
            // A threshold below one that was said goes without saying.
            let is_said = rounds.is_up() || highest_up.is_some_and(|it| threshold < it);
            if is_reached && !is_said {
                let round = rounds.back_below.saturating_add(1);
                reached.push(Crossing { threshold, kind: CrossingKind::Reached, round });
            } else if !is_reached && rounds.is_up() && rounds.is_published {
                let age = rounds.at.map(|at| now.duration_since(at));
                if age.is_some_and(|age| age < BACK_BELOW_AGE) {
                    is_early = true;
                } else {
                    let (kind, round) = (CrossingKind::BackBelow, rounds.reached);
                    back_below.push(Crossing { threshold, kind, round });
                }
            }
        }
        let mut early = Vec::new();
        for kind in CrossingKind::EARLY {
            let of_kind = self.early_thresholds(kind).iter().copied();
            let is_new = |it: &u16| self.is_ahead(kind, *it) && !is_known(said, kind, *it);
            let new = of_kind.filter(is_new).map(|it| Crossing { threshold: it, kind, round: 1 });
            // The highest threshold names a warning.
            let mut new: Vec<Crossing> = new.collect();
            new.reverse();
            early.append(&mut new);
        }
        // The highest threshold names a warning, the lowest an all-clear.
        reached.reverse();
        let messages = [reached, back_below, early];
        let messages = messages.into_iter().filter(|it| !it.is_empty()).collect();
        Due { messages, is_early }
    }

    /// Whether what a crossing says is still so.
    pub fn still_holds(&self, crossing: Crossing) -> bool {
        let is_reached = self.reached.contains(&crossing.threshold);
        match crossing.kind {
            CrossingKind::Reached | CrossingKind::Escalated => is_reached,
            CrossingKind::BackBelow => !is_reached,
            kind @ (CrossingKind::Projected | CrossingKind::Pace | CrossingKind::Change) => {
                self.is_ahead(kind, crossing.threshold)
            }
        }
    }
}

/// Whether a warning goes without saying: it was said, or the limit that it warns of was.
fn is_known(said: &[Said], kind: CrossingKind, threshold: u16) -> bool {
    said.iter().any(|Said { crossing, .. }| match (kind, crossing.kind) {
        (CrossingKind::Projected, CrossingKind::Projected) => crossing.threshold == threshold,
        (CrossingKind::Projected, CrossingKind::Reached) => crossing.threshold >= threshold,
        (CrossingKind::Pace, CrossingKind::Reached) => crossing.threshold >= 100,
        (CrossingKind::Pace, CrossingKind::Pace) | (CrossingKind::Change, CrossingKind::Change) => {
            crossing.threshold >= threshold
        }
        _ => false,
    })
}

/// The rounds of one threshold.
#[derive(Clone, Copy, Debug, Default)]
struct Rounds {
    reached: u16,
    back_below: u16,
    /// Of the last time that it was reached.
    is_published: bool,
    at: Option<Timestamp>,
}

impl Rounds {
    fn of(said: &[Said], threshold: u16) -> Rounds {
        let mut rounds = Rounds::default();
        for Said { crossing, is_published, at } in said {
            if crossing.threshold != threshold {
                continue;
            }
            match crossing.kind {
                CrossingKind::Reached if crossing.round >= rounds.reached => {
                    rounds.reached = crossing.round;
                    rounds.is_published = *is_published;
                    rounds.at = Some(*at);
                }
                CrossingKind::BackBelow => {
                    rounds.back_below = rounds.back_below.max(crossing.round);
                }
                CrossingKind::Reached
                | CrossingKind::Projected
                | CrossingKind::Escalated
                | CrossingKind::Pace
                | CrossingKind::Change => {}
            }
        }
        rounds
    }

    fn is_up(self) -> bool {
        self.reached > self.back_below
    }
}
