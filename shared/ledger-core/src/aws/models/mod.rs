//! One name per model.
//!
//! AWS spells a model by where it appears: `Claude4.6Sonnet` in a usage type,
//! `anthropic.claude-opus-4-8` on the mantle endpoint, `Claude Sonnet 4.6` as a product attribute,
//! `Claude Sonnet 4.6 (Amazon Bedrock Edition)` as a service. Sums per model need one name.

mod names;

use self::names::{ALIASES, ALONE, FAMILIES, PUBLISHERS, SCOPES};

/// A model under its one name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CanonicalModel {
    /// The name in lower case; see [`canonical_model`] for its form.
    pub name: String,
    /// Who made the model, where the text shows it.
    pub publisher: Option<&'static str>,
}

/// Gives a model its one name.
///
/// The name is `family-words-version-sizes-rest`: the family, then other words in the order of the
/// text, then the version with points, then sizes such as `70b`. So `Claude4.6Sonnet` is
/// `claude-sonnet-4.6`, `Nova2.0Lite` is `nova-lite-2` and `Llama 4 Maverick 17B Instruct` is
/// `llama-maverick-4-17b`. What does not tell models apart is dropped: the publisher, the
/// release date, `.0` and `v1` in versions, `instruct`, and the suffix `(Amazon Bedrock Edition)`.
///
/// A text that shows neither a publisher nor a family we know keeps its form, in lower case.
///
/// ```
/// use ledger_core::aws::models::canonical_model;
///
/// let model = canonical_model("anthropic.claude-opus-4-8");
/// assert_eq!((model.name.as_str(), model.publisher), ("claude-opus-4.8", Some("Anthropic")));
/// assert_eq!(canonical_model("Claude4.8Opus"), model);
/// ```
#[must_use]
pub fn canonical_model(text: &str) -> CanonicalModel {
    let text = without_edition(text.trim());
    let mut words = words_of(text);
    let named_publisher = take_publisher(&mut words);
    let publisher =
        named_publisher.or_else(|| words.iter().find_map(|word| family_publisher(word)));
    if let Some((_, name, maker)) = ALONE.iter().find(|it| it.0.eq_ignore_ascii_case(text)) {
        return CanonicalModel { name: (*name).to_owned(), publisher: Some(maker) };
    }
    if publisher.is_none() || words.is_empty() {
        return CanonicalModel { name: text.to_lowercase(), publisher };
    }
    // The family knows better than the prefix: others sell their own builds of open models.
    let publisher = words.iter().find_map(|word| family_publisher(word)).or(publisher);
    let name = ordered(words);
    let alias = ALIASES.iter().find(|(spelling, _)| *spelling == name);
    CanonicalModel { name: alias.map_or(name, |(_, model)| (*model).to_owned()), publisher }
}

const EDITION: &str = "(amazon bedrock edition)";

fn without_edition(text: &str) -> &str {
    let start = text.len().saturating_sub(EDITION.len());
    match text.get(start..) {
        Some(end) if end.eq_ignore_ascii_case(EDITION) => {
            text.get(..start).unwrap_or(text).trim_end()
        }
        _ => text,
    }
}

fn publisher_of(word: &str) -> Option<&'static str> {
    PUBLISHERS.iter().find(|(known, _)| *known == word).map(|(_, publisher)| *publisher)
}

fn family_publisher(word: &str) -> Option<&'static str> {
    FAMILIES.iter().find(|(known, _)| *known == word).map(|(_, publisher)| *publisher)
}

/// Splits into lower-case words, joins the names that are written apart, and unifies spellings.
fn words_of(text: &str) -> Vec<String> {
    let id = without_revision(text);
    let pieces: Vec<String> = id
        .split(|char: char| !(char.is_alphanumeric() || matches!(char, '.' | '+')))
        .flat_map(pieces_of)
        .collect();
    joined(pieces).into_iter().filter_map(unified).collect()
}

/// Takes the revision off a model id: `-v1:0` and `-v1:0:300k` are `-v1`. A revision that is not
/// zero is a version of its own, as in `claude-v2:1`. OpenAI's ids leave out the `v`: `gpt-oss-120b-1:0`.
fn without_revision(text: &str) -> String {
    let Some((id, revision)) = text.split_once(':') else {
        return text.to_owned();
    };
    let revision = revision.split(':').next().unwrap_or_default();
    match revision {
        "0" => id.strip_suffix("b-1").map_or(id.to_owned(), |base| format!("{base}b")),
        _ => format!("{id}.{revision}"),
    }
}

/// Splits where letters meet digits or a capital begins a word: `Llama3` is `llama`, `3`.
///
/// A single letter stays with its number (`70B`, `a4b`, `R1`, `m2.5`, `4o`), for there it is one name.
fn pieces_of(segment: &str) -> Vec<String> {
    let mut runs: Vec<String> = Vec::new();
    let mut previous = None;
    for char in segment.chars() {
        let starts_run = previous.is_none_or(|previous| starts_run(previous, char));
        match runs.last_mut() {
            Some(run) if !starts_run => run.push(char),
            _ => runs.push(char.to_string()),
        }
        previous = Some(char);
    }
    let runs: Vec<String> =
        runs.into_iter().map(|run| run.trim_matches('.').to_lowercase()).collect();
    glued(runs.into_iter().filter(|run| !run.is_empty()).collect())
}

/// A point belongs to the number beside it, or else ends a word.
fn starts_run(previous: char, next: char) -> bool {
    let is_number = |char: char| char.is_ascii_digit() || char == '.';
    match (is_number(previous), is_number(next)) {
        (true, true) => false,
        (false, false) => previous.is_lowercase() && next.is_uppercase(),
        _ => true,
    }
}

/// Puts single letters back to their numbers.
fn glued(runs: Vec<String>) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut previous_run: Option<String> = None;
    for run in runs {
        let glues = previous_run
            .as_ref()
            .is_some_and(|previous| is_single_letter(previous) != is_single_letter(&run))
            && previous_run.as_ref().is_some_and(|previous| is_number(previous) || is_number(&run));
        match words.last_mut() {
            Some(word) if glues => word.push_str(&run),
            _ => words.push(run.clone()),
        }
        previous_run = Some(run);
    }
    words
}

fn is_single_letter(run: &str) -> bool {
    run.len() == 1 && run.bytes().all(|byte| byte.is_ascii_alphabetic())
}

fn is_number(word: &str) -> bool {
    word.starts_with(|char: char| char.is_ascii_digit())
        && word.chars().all(|char| char.is_ascii_digit() || char == '.')
}

/// Joins what capitals or points tore apart: `MiniMax`, `DeepSeek`, `OpenAI`, `z.ai`, `ai21`.
fn joined(pieces: Vec<String>) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for piece in pieces {
        match words.last_mut() {
            Some(last) if is_name(&format!("{last}{piece}")) => last.push_str(&piece),
            _ => words.push(piece),
        }
    }
    words
}

fn is_name(word: &str) -> bool {
    publisher_of(word).or_else(|| family_publisher(word)).is_some()
}

/// Drops what does not tell models apart, and gives the rest one spelling.
fn unified(word: String) -> Option<String> {
    match word.as_str() {
        "embedding" | "embeddings" => Some("embed".to_owned()),
        "instruct" | "it" | "v1" => None,
        // The release date in a model id; the version beside it already tells the models apart.
        date if date.len() == 8 && date.starts_with("20") && is_number(date) => None,
        _ => Some(word),
    }
}

/// Takes scope and publisher off the front, unless the publisher is also the family.
fn take_publisher(words: &mut Vec<String>) -> Option<&'static str> {
    let starts_with_scope = words.first().is_some_and(|word| SCOPES.contains(&word.as_str()));
    if starts_with_scope && words.get(1).is_some_and(|word| is_name(word)) {
        words.remove(0);
    }
    let first = words.first()?;
    let publisher = publisher_of(first)?;
    let next_is_family = words.get(1).is_some_and(|word| family_publisher(word).is_some());
    if next_is_family || family_publisher(first).is_none() {
        words.remove(0);
    }
    Some(publisher)
}

/// Brings the words into the order of the canonical name.
fn ordered(words: Vec<String>) -> String {
    let mut names = Vec::new();
    let mut version: Vec<String> = Vec::new();
    let mut later = Vec::new();
    let mut sizes = Vec::new();
    let mut follows_number = false;
    for word in words {
        let number = version_number(&word);
        let extends =
            number.is_some() && (version.is_empty() || (follows_number && is_number(&word)));
        match number {
            Some(number) if extends => version.push(number),
            Some(_) => later.push(word),
            None if is_size(&word) => sizes.push(word),
            None => names.push(word),
        }
        follows_number = extends;
    }
    names.extend(dotted(&version));
    names.extend(sizes);
    names.extend(later);
    names.join("-")
}

/// The number in `4`, `4.6` or `v3`.
fn version_number(word: &str) -> Option<String> {
    let number = word.strip_prefix('v').unwrap_or(word);
    is_number(number).then(|| number.to_owned())
}

/// A count of parameters: `70b`, `a4b`, `e2b`.
fn is_size(word: &str) -> bool {
    let Some(count) = word.strip_suffix('b') else {
        return false;
    };
    is_number(count.strip_prefix(|char: char| char.is_ascii_lowercase()).unwrap_or(count))
}

/// `3`, `5` is written 3.5, and 2.0 is written 2.
fn dotted(numbers: &[String]) -> Option<String> {
    let version = numbers.join(".");
    let short = version.strip_suffix(".0").unwrap_or(&version);
    (!short.is_empty()).then(|| short.to_owned())
}

#[cfg(test)]
mod tests;
