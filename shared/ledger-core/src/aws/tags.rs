//! Prefixes of the tag keys on AWS's bill: each names the place where a tag was set.

/// The prefix of tags of the caller.
pub(crate) const OF_CALLER: &str = "iamPrincipal/";

/// The prefix of cost categories, which the bill shows among the tags.
pub(crate) const OF_CATEGORY: &str = "costCategory/";

const PREFIXES: [&str; 5] =
    [OF_CALLER, "resourceTags/", "accountTag/", "userAttribute/", OF_CATEGORY];

/// Whether a tag key has its prefix.
pub(crate) fn has_prefix(key: &str) -> bool {
    PREFIXES.iter().any(|it| key.starts_with(it))
}
