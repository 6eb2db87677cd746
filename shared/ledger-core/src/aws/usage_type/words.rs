//! A usage type as a list of lower-case words.

/// One word, and its segment: the part between two separators.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    /// The word in lower case: `CacheWrite1h` gives `cache`, `write`, `1h`.
    pub text: String,
    /// Whether the word begins its segment.
    pub opens_segment: bool,
    /// The segment as it was written.
    pub segment: String,
    /// Where the segment begins, in bytes.
    pub segment_start: usize,
}

/// Words in the order in which they were written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Words<'a>(pub &'a [Word]);

impl Words<'_> {
    pub(super) fn has(self, word: &str) -> bool {
        self.0.iter().any(|it| it.text == word)
    }

    pub(super) fn has_any(self, words: &[&str]) -> bool {
        self.0.iter().any(|it| words.contains(&it.text.as_str()))
    }

    pub(super) fn has_start(self, start: &str) -> bool {
        self.0.iter().any(|it| it.text.starts_with(start))
    }

    /// Whether these words follow each other somewhere.
    pub(super) fn has_run(self, run: &[&str]) -> bool {
        self.0
            .windows(run.len())
            .any(|window| window.iter().map(|it| it.text.as_str()).eq(run.iter().copied()))
    }

    /// Whether the first words are these.
    pub(super) fn start_with(self, run: &[&str]) -> bool {
        self.0.len() >= run.len() && self.0.iter().zip(run).all(|(it, word)| it.text == *word)
    }
}

/// Splits at separators, and inside a segment where a small letter is followed by a capital or a digit.
pub(super) fn split(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut segment_start = 0;
    for segment in text.split(is_separator) {
        for (index, word) in camel_words(segment).into_iter().enumerate() {
            words.push(Word {
                text: word,
                opens_segment: index == 0,
                segment: segment.to_owned(),
                segment_start,
            });
        }
        // Every separator is one byte long.
        segment_start += segment.len() + 1;
    }
    words
}

/// A point is no separator: it belongs to model versions (`Nova2.0Lite`).
fn is_separator(char: char) -> bool {
    matches!(char, '-' | '_' | ':' | ' ' | '/')
}

fn camel_words(segment: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut previous = None;
    for char in segment.chars() {
        if previous.is_some_and(|previous| is_boundary(previous, char, word.len())) {
            push_word(&mut words, &mut word);
        }
        word.push(char.to_ascii_lowercase());
        previous = Some(char);
    }
    push_word(&mut words, &mut word);
    words
}

/// `t2v` and `v1` stay whole: one letter is not yet a word.
fn is_boundary(previous: char, next: char, word_len: usize) -> bool {
    previous.is_lowercase() && (next.is_uppercase() || (next.is_ascii_digit() && word_len > 1))
}

/// AWS writes `cacheread`, `searchunits` and others both as one word and as two.
fn push_word(words: &mut Vec<String>, word: &mut String) {
    let whole = std::mem::take(word);
    match JOINED.iter().find(|(joined, _)| *joined == whole) {
        Some((_, parts)) => words.extend(parts.iter().map(|part| (*part).to_owned())),
        None if whole.is_empty() => {}
        None => words.push(whole),
    }
}

const JOINED: &[(&str, &[&str])] = &[
    ("cacheread", &["cache", "read"]),
    ("cachewrite", &["cache", "write"]),
    ("cachestorage", &["cache", "storage"]),
    ("custommodel", &["custom", "model"]),
    ("custommodelimport", &["custom", "model", "import"]),
    ("dataautomation", &["data", "automation"]),
    ("finetuning", &["fine", "tuning"]),
    ("generatesql", &["generate", "sql"]),
    ("knowledgebase", &["knowledge", "base"]),
    ("latencyoptimized", &["latency", "optimized"]),
    ("lctx", &["long", "context"]),
    ("longcontext", &["long", "context"]),
    ("longctx", &["long", "context"]),
    ("modelunits", &["model", "units"]),
    ("provisionedthroughput", &["provisioned", "throughput"]),
    ("searchunit", &["search", "unit"]),
    ("searchunits", &["search", "units"]),
    ("structuredretrieve", &["structured", "retrieve"]),
    ("ctx", &["context"]),
    ("tokencount", &["token", "count"]),
];
