//! The reason of a charge, from its lines and all others of its identity.

use super::COLLAPSED_FROM;
use crate::attribution_reason::Reason;
use crate::identity::Identity;
use crate::percent::Percent;

/// Evidence of one line by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mark {
    /// A tag of its caller.
    CallerTag,
    /// A tag of its resource alone.
    ResourceTag,
    /// No tag, and a session with a name.
    Session,
    /// Nothing but its identity, or not even that.
    Bare,
    /// As bare, on a line that is no use.
    NotUsage,
    /// As bare, on a figure from a quick look.
    QuickLook,
}

/// Evidence of all lines of one identity together.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen<'a> {
    /// The identity; none where the lines name none.
    pub(super) identity: Option<(&'a str, Identity<'a>)>,
    /// Its part of all cost, where there is any.
    pub(super) share: Option<Percent>,
    /// Different names of its sessions.
    pub(super) session_count: usize,
    /// Different sets of tags of the caller on its lines, without those that have none.
    pub(super) tag_set_count: usize,
}

/// Parts of names of programs that pass on calls of others.
const GATEWAY_WORDS: [&str; 4] = ["gateway", "litellm", "portkey", "proxy"];

/// Whether an identity is named like a program that passes on calls of others.
fn is_gateway_name(identity: &str) -> bool {
    let name = identity.rsplit_once('/').map_or(identity, |(_, name)| name);
    let name = name.to_ascii_lowercase();
    GATEWAY_WORDS.iter().any(|it| name.contains(it))
}

/// The reason of lines with this mark.
pub(super) fn reason(mark: Mark, seen: Seen<'_>) -> Reason {
    let Some((name, identity)) = seen.identity else {
        return match mark {
            Mark::CallerTag => Reason::CallerTag,
            Mark::ResourceTag => Reason::ResourceTag,
            Mark::Session | Mark::Bare => Reason::NoCaller,
            Mark::NotUsage => Reason::NotUsage,
            Mark::QuickLook => Reason::QuickLook,
        };
    };
    match identity {
        Identity::Person => return Reason::Person,
        Identity::Root => return Reason::Root,
        Identity::Unreadable | Identity::Key | Identity::Role { .. } => {}
    }
    let looks_the_same = seen.session_count <= 1 && seen.tag_set_count <= 1;
    let is_large = seen.share.is_some_and(|it| it >= COLLAPSED_FROM);
    if looks_the_same && identity != Identity::Unreadable {
        if is_gateway_name(name) {
            return Reason::Gateway;
        }
        if is_large && seen.tag_set_count == 0 && mark != Mark::ResourceTag {
            return Reason::OneIdentity;
        }
    }
    match mark {
        Mark::CallerTag => Reason::CallerTag,
        Mark::ResourceTag => Reason::ResourceTag,
        _ if identity == Identity::Unreadable => Reason::UnreadableCaller,
        Mark::Session if seen.session_count > 1 => Reason::NamedSessions,
        Mark::Session | Mark::Bare | Mark::NotUsage | Mark::QuickLook => Reason::NoTags,
    }
}
