//! What a charge was metered by.

use std::sync::Arc;

use crate::meter::{CacheTtl, Context, Meter, Modality, Routing, Tier};

/// The usage behind a charge: its meter and the axes that decide its price.
///
/// A reader fills it once from the provider's words; nothing reads these words again. A field is
/// `None` where the provider says nothing about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage {
    /// The provider's own name of what was metered.
    pub raw: Option<Arc<str>>,
    /// The thing that was counted.
    pub meter: Meter,
    /// The service tier.
    pub tier: Option<Tier>,
    /// Where the call could be served.
    pub routing: Option<Routing>,
    /// The kind of content.
    pub modality: Option<Modality>,
    /// The length of the prompt.
    pub context: Option<Context>,
    /// How long a cached prompt is kept.
    pub cache_ttl: Option<CacheTtl>,
    /// Single tokens, where the charge counts tokens and says in which unit.
    pub tokens: Option<u64>,
}

impl Usage {
    /// Usage of which only the meter is known.
    #[must_use]
    pub fn of(meter: Meter) -> Usage {
        Usage {
            raw: None,
            meter,
            tier: None,
            routing: None,
            modality: None,
            context: None,
            cache_ttl: None,
            tokens: None,
        }
    }
}
