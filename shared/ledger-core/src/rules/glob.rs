//! Proofs about two texts with wildcards: that one matches all that the other does, or that no text
//! matches both.

/// A letter of a pattern, or a wildcard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Letter {
    /// This letter.
    One(char),
    /// Any one letter.
    Any,
    /// Any number of letters.
    Many,
}

impl Letter {
    /// A letter of a text with `*` and `?`.
    pub(super) fn of_glob(letter: char) -> Letter {
        match letter {
            '*' => Letter::Many,
            '?' => Letter::Any,
            _ => Letter::One(letter),
        }
    }
}

/// Whether every text that `narrow` matches is matched by `wide`.
///
/// `wide` is matched with the letters and wildcards of `narrow` as if these were a text. That proves it
/// where it is true; it may miss a case such as `*?` within `?*`, and is never wrong.
pub(super) fn is_within(narrow: &[Letter], wide: &[Letter]) -> bool {
    // Whether the letters of `wide` so far match the first letters of `narrow`, by their number.
    let mut reached = vec![false; narrow.len() + 1];
    set(&mut reached, 0, true);
    for letter in wide {
        let mut next = vec![false; narrow.len() + 1];
        if *letter == Letter::Many {
            let mut is_reached = false;
            for (next, before) in next.iter_mut().zip(&reached) {
                is_reached |= *before;
                *next = is_reached;
            }
        } else {
            for (at, (narrow, before)) in narrow.iter().zip(&reached).enumerate() {
                let is_covered = match letter {
                    Letter::Any => *narrow != Letter::Many,
                    _ => narrow == letter,
                };
                set(&mut next, at + 1, *before && is_covered);
            }
        }
        reached = next;
    }
    reached.last().copied().unwrap_or(false)
}

/// Whether some text matches both.
pub(super) fn can_meet(left: &[Letter], right: &[Letter]) -> bool {
    // Whether the letters of `left` so far and the first letters of `right`, by their number, have a
    // text in common.
    let mut reached = vec![false; right.len() + 1];
    set(&mut reached, 0, true);
    skip_wildcards(&mut reached, right);
    for letter in left {
        let mut next = vec![false; right.len() + 1];
        if *letter == Letter::Many {
            let mut is_reached = false;
            for (next, before) in next.iter_mut().zip(&reached) {
                is_reached |= *before;
                *next = is_reached;
            }
        } else {
            for (at, (other, before)) in right.iter().zip(&reached).enumerate() {
                if !before {
                    continue;
                }
                match other {
                    Letter::Many => set(&mut next, at, true),
                    Letter::Any => set(&mut next, at + 1, true),
                    Letter::One(_) if *letter == Letter::Any || letter == other => {
                        set(&mut next, at + 1, true);
                    }
                    Letter::One(_) => {}
                }
            }
            skip_wildcards(&mut next, right);
        }
        reached = next;
    }
    reached.last().copied().unwrap_or(false)
}

/// A wildcard for any number of letters may be for none.
fn skip_wildcards(reached: &mut [bool], letters: &[Letter]) {
    for (at, letter) in letters.iter().enumerate() {
        if *letter == Letter::Many && reached.get(at) == Some(&true) {
            set(reached, at + 1, true);
        }
    }
}

fn set(places: &mut [bool], at: usize, value: bool) {
    if let Some(place) = places.get_mut(at) {
        *place = value;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use wildmatch::WildMatch;

    use super::*;

    fn letters(text: &str) -> Vec<Letter> {
        text.chars().map(Letter::of_glob).collect()
    }

    /// All texts of up to five letters, which decide every pair of short patterns.
    fn texts() -> Vec<String> {
        let mut all = vec![String::new()];
        let mut last = all.clone();
        for _ in 0..5 {
            last = last.iter().flat_map(|it| ["a", "b"].map(|end| format!("{it}{end}"))).collect();
            all.extend(last.clone());
        }
        all
    }

    proptest! {
        #[test]
        fn what_is_certain_holds_for_every_text(left in "[ab?*]{0,4}", right in "[ab?*]{0,4}") {
            let (one, other) = (WildMatch::new(&left), WildMatch::new(&right));
            let texts = texts();
            let mut both = texts.iter().filter(|it| one.matches(it) && other.matches(it));
            let meets = can_meet(&letters(&left), &letters(&right));
            prop_assert!(both.next().is_none() || meets, "{left} meets {right}");
            if is_within(&letters(&left), &letters(&right)) {
                let outside = texts.iter().find(|it| one.matches(it) && !other.matches(it));
                prop_assert_eq!(outside, None, "{} within {}", left, right);
            }
        }
    }

    #[test]
    fn pairs_that_people_write_are_decided() {
        for (left, right, within, meets) in [
            ("a*", "*", true, true),
            ("team-search-*", "team-*", true, true),
            ("team-*", "team-search-*", false, true),
            ("team-*", "*-prod", false, true),
            ("team-*-prod", "*-prod", true, true),
            ("a?", "a*", true, true),
            ("a*", "b*", false, false),
            ("*a", "*b", false, false),
            ("??", "?", false, false),
        ] {
            assert_eq!(is_within(&letters(left), &letters(right)), within, "{left} in {right}");
            assert_eq!(can_meet(&letters(left), &letters(right)), meets, "{left} and {right}");
        }
    }
}
