//! The usage behind a charge: its meter and the axes that decide its price.

use std::sync::Arc;

use crate::meter::{CacheTtl, Context, Meter, Modality, Routing, Tier};
use crate::word::Word;

/// The usage behind a charge.
///
/// A reader fills it once from the provider's words; nothing reads these words again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage {
    /// The thing that was counted.
    pub meter: Meter,
    /// The rest that the usage's name says. Many charges share it.
    pub axes: Arc<UsageAxes>,
    /// Single tokens, where the charge counts tokens and says in which unit.
    pub tokens: Option<u64>,
}

/// The provider's name of a usage, and what it says beside model and meter.
///
/// A field is `None` where the provider says nothing about it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UsageAxes {
    /// The provider's own name of what was metered.
    pub usage_type: Option<Arc<str>>,
    /// The service tier.
    pub tier: Option<Word<Tier>>,
    /// Where the call could be served.
    pub routing: Option<Word<Routing>>,
    /// The kind of content.
    pub modality: Option<Word<Modality>>,
    /// The length of the prompt.
    pub context: Option<Word<Context>>,
    /// How long a cached prompt is kept.
    pub cache_ttl: Option<Word<CacheTtl>>,
}
