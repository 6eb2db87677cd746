//! The fields of a charge that rules match.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::bill_text::BillText;
use crate::caller::Caller;
use crate::fact::FactRef;
use crate::word::{Label, Word};

/// A field of a charge that a pattern is matched with.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MatchKey {
    /// The caller's text as the bill writes it.
    Principal,
    /// The account that was charged.
    Account,
    /// A role's name, without path: a session does not carry the path.
    Role,
    /// A role session's name.
    Session,
    /// The person behind a session of single sign-on, or a user's name.
    User,
    /// The cloud or vendor that bills.
    Provider,
    /// The maker of the model.
    Publisher,
    /// The model's canonical name.
    Model,
    /// The service's name.
    Service,
    /// The provider's own name of the metered usage.
    UsageType,
    /// The category of the charge.
    Category,
    /// The provider's own word for the type of the line.
    LineType,
    /// The thing that was counted, such as `input_tokens`.
    Meter,
    /// Input, output, cache read or cache write.
    Direction,
    /// The pricing unit of the quantity.
    Unit,
    /// The currency of the charge.
    Currency,
    /// Standard, batch, flex, priority …
    Tier,
    /// In region, geographic or global.
    Routing,
    /// Text, image, video, audio or speech.
    Modality,
    /// The usual or the long context.
    Context,
    /// How long a cached prompt is kept.
    CacheTtl,
    /// A text that is kept as the bill has it: region, invoice …
    Text(BillText),
    /// A tag by its prefixed key.
    Tag(Arc<str>),
}

/// Keys beside texts and tags, each with its word.
const NAMED: [(&str, MatchKey); 21] = [
    ("principal", MatchKey::Principal),
    ("account", MatchKey::Account),
    ("role", MatchKey::Role),
    ("session", MatchKey::Session),
    ("user", MatchKey::User),
    ("provider", MatchKey::Provider),
    ("publisher", MatchKey::Publisher),
    ("model", MatchKey::Model),
    ("service", MatchKey::Service),
    ("usage_type", MatchKey::UsageType),
    ("category", MatchKey::Category),
    ("line_type", MatchKey::LineType),
    ("meter", MatchKey::Meter),
    ("direction", MatchKey::Direction),
    ("unit", MatchKey::Unit),
    ("currency", MatchKey::Currency),
    ("tier", MatchKey::Tier),
    ("routing", MatchKey::Routing),
    ("modality", MatchKey::Modality),
    ("context", MatchKey::Context),
    ("cache_ttl", MatchKey::CacheTtl),
];

impl MatchKey {
    /// Reads a word; tags have none, since their keys are free.
    #[must_use]
    pub fn parse(word: &str) -> Option<MatchKey> {
        let named = NAMED.iter().find(|(name, _)| *name == word).map(|(_, key)| key.clone());
        named.or_else(|| BillText::parse(word).map(MatchKey::Text))
    }

    /// The words of all keys but tags.
    pub fn words() -> impl Iterator<Item = &'static str> {
        let texts = BillText::ALL.iter().map(|it| it.as_str());
        NAMED.iter().map(|(name, _)| *name).chain(texts)
    }

    /// The value of the field in a fact. A folded session is named `*`.
    pub(super) fn value_of<'a>(&self, fact: FactRef<'a>) -> Option<Cow<'a, str>> {
        let FactRef { charge, detail, caller } = fact;
        let text = match self {
            MatchKey::Principal => caller.map(Caller::text),
            MatchKey::Account => detail.account.as_deref(),
            MatchKey::Role => caller.and_then(Caller::role),
            MatchKey::Session => caller.and_then(Caller::session),
            MatchKey::User => caller.and_then(Caller::user),
            MatchKey::Provider => Some(charge.provider.as_str()),
            MatchKey::Category => charge.category.as_ref().map(Word::as_str),
            MatchKey::Publisher => charge.publisher.as_deref(),
            MatchKey::Model => charge.model.as_deref(),
            MatchKey::Service => Some(&*charge.service),
            MatchKey::UsageType => detail.axes.usage_type.as_deref(),
            MatchKey::LineType => Some(&*charge.line_type),
            MatchKey::Meter => return Some(charge.meter.shown()),
            MatchKey::Direction => charge.meter.token_direction().map(|it| it.as_str()),
            MatchKey::Unit => charge.unit.as_deref(),
            MatchKey::Currency => Some(charge.currency.as_str()),
            MatchKey::Tier => return shown(detail.axes.tier.as_ref()),
            MatchKey::Routing => return shown(detail.axes.routing.as_ref()),
            MatchKey::Modality => return shown(detail.axes.modality.as_ref()),
            MatchKey::Context => return shown(detail.axes.context.as_ref()),
            MatchKey::CacheTtl => return shown(detail.axes.cache_ttl.as_ref()),
            MatchKey::Text(text) => detail.texts.get(*text).map(|it| &**it),
            MatchKey::Tag(key) => detail.tags.get(key).map(|it| &**it),
        };
        text.map(Cow::Borrowed)
    }

    /// Whether its values may end in `*`, for many sessions that were put together.
    pub(super) fn is_folded(&self) -> bool {
        matches!(self, MatchKey::Session | MatchKey::Principal)
    }
}

fn shown<T: Label>(word: Option<&Word<T>>) -> Option<Cow<'_, str>> {
    word.map(Word::shown)
}

impl fmt::Display for MatchKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MatchKey::Tag(key) => write!(f, "tags.\"{key}\""),
            MatchKey::Text(text) => f.write_str(text.as_str()),
            _ => {
                let named = NAMED.iter().find(|(_, key)| key == self);
                f.write_str(named.map_or("", |(name, _)| name))
            }
        }
    }
}
