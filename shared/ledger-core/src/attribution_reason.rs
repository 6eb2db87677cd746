//! Classes of charges by how much of their caller is on the bill, and the reasons.

labels! {
    /// How much of who called is still on the bill.
    pub enum Class {
        /// The bill tells who or what called.
        Preserved = "preserved",
        /// One identity hides many callers.
        Collapsed = "collapsed",
        /// The identity is known, and nothing says for whom it called.
        Untagged = "untagged",
        /// The bill names no caller.
        Unknown = "unknown",
        /// It ran in the project that takes what names no project.
        DefaultProject = "default_project",
    }
}

labels! {
    /// Why a charge is in its class.
    pub enum Reason {
        /// The caller is a person.
        Person = "person",
        /// A tag of the caller is on the line.
        CallerTag = "caller_tag",
        /// A tag of the resource, such as a project, is on the line.
        ResourceTag = "resource_tag",
        /// The role was used under several names of sessions, of which the line has one.
        NamedSessions = "named_sessions",
        /// The identity is named like a gateway, and all its money has one session and the same tags.
        Gateway = "gateway",
        /// A large part of all cost is of one identity without tags and with one session.
        OneIdentity = "one_identity",
        /// The owner of the account called.
        Root = "root",
        /// No tag is on the line.
        NoTags = "no_tags",
        /// The line is for use, and names no caller.
        NoCaller = "no_caller",
        /// The line is no use but a purchase, tax, credit or adjustment, which have no caller.
        NotUsage = "not_usage",
        /// The figure is from a quick look, which knows no callers, and has no tag.
        QuickLook = "quick_look",
        /// The text of the caller is of a form that is not known.
        UnreadableCaller = "unreadable_caller",
        /// The line names the default project.
        DefaultProject = "default_project",
    }
}

impl Reason {
    /// The class that it says.
    pub fn class(self) -> Class {
        match self {
            Reason::Person | Reason::CallerTag | Reason::ResourceTag | Reason::NamedSessions => {
                Class::Preserved
            }
            Reason::Gateway | Reason::OneIdentity | Reason::Root => Class::Collapsed,
            Reason::NoTags => Class::Untagged,
            Reason::NoCaller | Reason::NotUsage | Reason::QuickLook | Reason::UnreadableCaller => {
                Class::Unknown
            }
            Reason::DefaultProject => Class::DefaultProject,
        }
    }

    /// The reason as a sentence for readers.
    pub fn sentence(self) -> &'static str {
        match self {
            Reason::Person => "the caller is a person",
            Reason::CallerTag => "a tag of the caller is on the lines",
            Reason::ResourceTag => "a tag of the project or profile is on the lines",
            Reason::NamedSessions => {
                "the role was used under several session names, and the lines carry them"
            }
            Reason::Gateway => {
                "it is named like a gateway, and all its cost has one session and the same tags"
            }
            Reason::OneIdentity => {
                "10 % or more of all cost has this one identity, with one session and no tags"
            }
            Reason::Root => "the owner of the account called, which may be anyone with its key",
            Reason::NoTags => "the identity is known, and its lines carry no tag",
            Reason::NoCaller => "the lines are for use and name no caller",
            Reason::NotUsage => "purchases, taxes, credits and adjustments have no caller",
            Reason::QuickLook => "the quick look names no callers, and no tag was found",
            Reason::UnreadableCaller => "the caller is a text of an unknown form",
            Reason::DefaultProject => "the lines name the default project",
        }
    }
}
