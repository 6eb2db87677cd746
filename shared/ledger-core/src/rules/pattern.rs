//! Patterns of a rule, checked against the form of the values that they match.

use wildmatch::WildMatch;

use crate::rules::match_key::{MatchKey, TAG_PREFIXES};

/// A text with `*` for any characters and `?` for one.
#[derive(Clone, Debug, PartialEq)]
pub struct Pattern(WildMatch);

impl Pattern {
    /// Reads a pattern and refuses one that no line of a bill can ever match.
    ///
    /// # Errors
    ///
    /// [`PatternError`] says what a bill holds there instead.
    pub fn parse(key: &MatchKey, text: &str) -> Result<Pattern, PatternError> {
        let never =
            |expected| Err(PatternError { key: key.clone(), text: text.to_owned(), expected });
        if text.is_empty() {
            return never("some text; an absent key matches everything");
        }
        match key {
            MatchKey::Account if !could_be_account(text) => {
                never("12 digits, or a pattern of them")
            }
            MatchKey::Role if text.contains(['/', ':']) => {
                never("the role's name alone: a session on the bill carries no path and no ARN")
            }
            MatchKey::Session if text.contains('/') => never("a session name, which has no `/`"),
            MatchKey::Principal => match arn_problem(text) {
                Some(expected) => never(expected),
                None => Ok(Pattern(WildMatch::new(text))),
            },
            MatchKey::Tag(tag_key) if !TAG_PREFIXES.iter().any(|it| tag_key.starts_with(it)) => {
                never(
                    "a tag key with its prefix, such as `iamPrincipal/team` or `resourceTags/team`",
                )
            }
            _ => Ok(Pattern(WildMatch::new(text))),
        }
    }

    pub(super) fn matches(&self, value: &str) -> bool {
        self.0.matches(value)
    }

    pub(super) fn matches_everything(&self) -> bool {
        self.0 == WildMatch::new("*")
    }
}

fn could_be_account(text: &str) -> bool {
    let wild = text.contains('*');
    let shape = text.bytes().all(|it| it.is_ascii_digit() || it == b'*' || it == b'?');
    let fixed = text.bytes().filter(|it| *it != b'*').count();
    shape && (fixed == 12 || (wild && fixed < 12))
}

/// The form that a pattern would need to match a caller's ARN; `None` if it can match one.
fn arn_problem(text: &str) -> Option<&'static str> {
    const FORM: &str = "an ARN such as `arn:aws:sts::123456789012:assumed-role/NAME/*`";
    // A wildcard also matches `:` and `/`: only the text before the first one is certain.
    let certain = text.split(['*', '?']).next().unwrap_or_default();
    let whole = certain.len() == text.len();
    let fields: Vec<&str> = certain.splitn(6, ':').collect();
    let field = |at: usize| fields.get(at).copied();
    let complete = |at: usize| whole || fields.len() > at + 1;
    let fits = |at: usize, options: &[&str]| match field(at) {
        None => !whole,
        Some(it) if complete(at) => options.contains(&it),
        Some(it) => options.iter().any(|option| option.starts_with(it)),
    };
    if !fits(0, &["arn"]) || !fits(2, &["iam", "sts"]) || !fits(3, &[""]) {
        return Some(FORM);
    }
    if let Some(partition) = field(1)
        && complete(1)
        && !partition.starts_with("aws")
    {
        return Some(FORM);
    }
    if let Some(account) = field(4)
        && complete(4)
        && !could_be_account(account)
    {
        return Some("12 digits for the account in the ARN");
    }
    let resource = field(5)?;
    let kind = resource.split('/').next().unwrap_or_default();
    let kind_complete = whole || resource.contains('/');
    let kinds: &[&str] = match field(2) {
        Some("sts") => &["assumed-role", "federated-user"],
        Some("iam") => &["user", "role", "root"],
        _ => &["assumed-role", "federated-user", "user", "role", "root"],
    };
    let possible =
        kinds.iter().any(|it| if kind_complete { *it == kind } else { it.starts_with(kind) });
    if !possible {
        return Some(
            "a caller: `iam` has `user/`, `role/` and `root`, `sts` has `assumed-role/` and \
             `federated-user/`",
        );
    }
    if kind == "assumed-role" && resource.split('/').count() > 3 {
        return Some("`assumed-role/NAME/SESSION`: a session on the bill carries no role path");
    }
    None
}

/// A pattern that can never match.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{key}` is `{text}`, which can never match; expected {expected}")]
pub struct PatternError {
    key: MatchKey,
    text: String,
    expected: &'static str,
}
