//! Prefixes of the tag keys on AWS's bill: each names the place where a tag was set.

/// The prefix of tags of the caller.
pub(crate) const OF_CALLER: &str = "iamPrincipal/";

/// The prefix of tags of the resource that was used: a project, a workspace, an inference profile.
const OF_RESOURCE: &str = "resourceTags/";

/// The prefix of cost categories, which the bill shows among the tags.
pub(crate) const OF_CATEGORY: &str = "costCategory/";

const PREFIXES: [&str; 5] = [OF_CALLER, OF_RESOURCE, "accountTag/", "userAttribute/", OF_CATEGORY];

/// Whether a tag key has its prefix.
pub(crate) fn has_prefix(key: &str) -> bool {
    PREFIXES.iter().any(|it| key.starts_with(it))
}

/// Whether a tag was set on the caller: on its role or user, or for the session.
pub(crate) fn is_of_caller(key: &str) -> bool {
    key.starts_with(OF_CALLER)
}

/// Whether a person or program tagged the resource. Those that AWS sets itself say nothing of who called.
pub(crate) fn is_of_resource(key: &str) -> bool {
    key.strip_prefix(OF_RESOURCE).is_some_and(|it| !it.starts_with("aws:"))
}
