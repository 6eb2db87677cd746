//! Patterns of rules that no value on a bill of AWS can match.
//!
//! Each function returns the form that the values have instead, or `None` if the pattern can match.

use super::tags;

/// The fault of a pattern of account ids.
pub(crate) fn account_problem(text: &str) -> Option<&'static str> {
    (!could_be_account(text)).then_some("12 digits, or a pattern of them")
}

/// The fault of a pattern of role names.
pub(crate) fn role_problem(text: &str) -> Option<&'static str> {
    text.contains(['/', ':'])
        .then_some("the role's name alone: a session on the bill carries no path and no ARN")
}

/// The fault of a pattern of session names.
pub(crate) fn session_problem(text: &str) -> Option<&'static str> {
    text.contains('/').then_some("a session name, which has no `/`")
}

/// The fault of the key of a tag.
pub(crate) fn tag_key_problem(key: &str) -> Option<&'static str> {
    (!tags::has_prefix(key))
        .then_some("a tag key with its prefix, such as `iamPrincipal/team` or `resourceTags/team`")
}

/// The fault of a pattern of callers: of the text of an ARN.
pub(crate) fn caller_problem(text: &str) -> Option<&'static str> {
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

fn could_be_account(text: &str) -> bool {
    let wild = text.contains('*');
    let shape = text.bytes().all(|it| it.is_ascii_digit() || it == b'*' || it == b'?');
    let fixed = text.bytes().filter(|it| *it != b'*').count();
    shape && (fixed == 12 || (wild && fixed < 12))
}
