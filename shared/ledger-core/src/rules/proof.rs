//! Proofs about conditions, without any fact: that one never holds, or only where others do.
//!
//! A condition is written as cases, of which one holds: each a list of fields that match one of some
//! patterns, and of fields that match none. What is not proven here may still be so; what is proven
//! is so.

use crate::rules::match_key::MatchKey;
use crate::rules::matcher::Matcher;
use crate::rules::pattern::Pattern;

/// Cases of one condition that are looked at; with more, nothing is claimed of it.
const CASES_MAX: usize = 256;

/// A field and the patterns that it is compared with.
type Literal<'m> = (&'m MatchKey, &'m [Pattern]);

/// One way in which a condition can hold.
#[derive(Clone, Debug, Default)]
struct Case<'m> {
    /// Fields that match one of their patterns.
    is: Vec<Literal<'m>>,
    /// Fields that match none of theirs, or have no value.
    is_not: Vec<Literal<'m>>,
}

/// The cases of a condition that may hold; `None` where there are too many.
#[derive(Clone, Debug)]
pub(super) struct Cases<'m>(Option<Vec<Case<'m>>>);

impl<'m> Cases<'m> {
    /// The cases of a condition.
    pub(super) fn of(matcher: &'m Matcher) -> Cases<'m> {
        Cases(holds(matcher))
    }

    /// Whether it is certain that no fact matches.
    pub(super) fn never_hold(&self) -> bool {
        self.0.as_ref().is_some_and(Vec::is_empty)
    }

    /// Whether it is certain that every fact that matches `narrower` matches this.
    pub(super) fn cover(&self, narrower: &Cases<'_>) -> bool {
        narrower.covered_by(&[self]).is_some()
    }

    /// The first of `wider` that together are certain to match every fact that this matches, by
    /// their places.
    pub(super) fn covered_by(&self, wider: &[&Cases<'_>]) -> Option<Vec<usize>> {
        let mut places = Vec::new();
        for case in self.0.as_ref()? {
            let covers = |it: &&Cases<'_>| it.0.iter().flatten().any(|it| case.implies(it));
            let place = wider.iter().position(covers)?;
            if !places.contains(&place) {
                places.push(place);
            }
        }
        places.sort_unstable();
        Some(places)
    }
}

/// The cases in which a condition holds.
fn holds(matcher: &Matcher) -> Option<Vec<Case<'_>>> {
    let Matcher { patterns, all, any, not } = matcher;
    let is = patterns.iter().map(|(key, patterns)| (key, patterns.as_slice())).collect();
    let mut cases = vec![Case { is, is_not: Vec::new() }];
    for part in all {
        cases = both(&cases, &holds(part)?)?;
    }
    if !any.is_empty() {
        cases = both(&cases, &one_of(any.iter().map(holds))?)?;
    }
    for part in not {
        cases = both(&cases, &fails(part)?)?;
    }
    cases.retain(Case::is_possible);
    Some(cases)
}

/// The cases in which a condition does not hold.
fn fails(matcher: &Matcher) -> Option<Vec<Case<'_>>> {
    let Matcher { patterns, all, any, not } = matcher;
    let mut cases: Vec<Case<'_>> = Vec::new();
    for (key, patterns) in patterns {
        cases.push(Case { is: Vec::new(), is_not: vec![(key, patterns.as_slice())] });
    }
    cases.extend(one_of(all.iter().map(fails))?);
    if !any.is_empty() {
        let mut none = vec![Case::default()];
        for part in any {
            none = both(&none, &fails(part)?)?;
        }
        cases.extend(none);
    }
    cases.extend(one_of(not.iter().map(holds))?);
    (cases.len() <= CASES_MAX).then_some(cases)
}

fn one_of<'m>(parts: impl Iterator<Item = Option<Vec<Case<'m>>>>) -> Option<Vec<Case<'m>>> {
    let parts: Option<Vec<_>> = parts.collect();
    let cases: Vec<_> = parts?.into_iter().flatten().collect();
    (cases.len() <= CASES_MAX).then_some(cases)
}

/// The cases in which two conditions hold at once.
fn both<'m>(left: &[Case<'m>], right: &[Case<'m>]) -> Option<Vec<Case<'m>>> {
    if left.len().saturating_mul(right.len()) > CASES_MAX {
        return None;
    }
    let with = |left: &Case<'m>, right: &Case<'m>| Case {
        is: [left.is.as_slice(), &right.is].concat(),
        is_not: [left.is_not.as_slice(), &right.is_not].concat(),
    };
    let cases = left.iter().flat_map(|one| right.iter().map(move |other| with(one, other)));
    Some(cases.filter(Case::is_possible).collect())
}

impl<'m> Case<'m> {
    /// Whether it is not certain that no value can match all that is said of a field.
    fn is_possible(&self) -> bool {
        self.is.iter().all(|literal| self.possible(*literal).next().is_some())
    }

    /// The patterns of a field that nothing else said of the field rules out.
    fn possible(&self, (key, patterns): Literal<'m>) -> impl Iterator<Item = &'m Pattern> {
        patterns.iter().filter(move |pattern| {
            let is_excluded = self.is_not_of(key).any(|it| pattern.is_within(it));
            let of_key = self.is.iter().filter(|(other, _)| *other == key);
            let mut others = of_key.map(|(_, patterns)| patterns);
            !is_excluded && !others.any(|them| them.iter().all(|it| pattern.is_apart_from(it)))
        })
    }

    fn is_not_of(&self, key: &MatchKey) -> impl Iterator<Item = &'m Pattern> {
        self.is_not.iter().filter(move |(other, _)| *other == key).flat_map(|(_, it)| it.iter())
    }

    /// Whether another case is certain to hold where this one does.
    fn implies(&self, other: &Case<'_>) -> bool {
        let all_of = |key: &MatchKey, holds: &dyn Fn(&Pattern) -> bool| {
            let mut of_key = self.is.iter().filter(|(it, _)| *it == key);
            of_key.any(|literal| self.possible(*literal).all(holds))
        };
        let is = other.is.iter().all(|(key, patterns)| {
            all_of(key, &|mine| patterns.iter().any(|it| mine.is_within(it)))
        });
        is && other.is_not.iter().all(|(key, patterns)| {
            let is_excluded = |it: &Pattern| self.is_not_of(key).any(|mine| it.is_within(mine));
            all_of(key, &|mine| patterns.iter().all(|it| mine.is_apart_from(it)))
                || patterns.iter().all(is_excluded)
        })
    }
}
