//! The axes of a usage as one text, so that rows share them.

use std::sync::Arc;

use ledger_core::usage::UsageAxes;
use ledger_core::word::{Label, Word};

/// Axes as one text, with tabs between them.
pub(super) fn axes_text(axes: &UsageAxes) -> String {
    let UsageAxes { usage_type, tier, routing, modality, context, cache_ttl } = axes;
    let texts = [
        tier.as_ref().map(Word::as_str),
        routing.as_ref().map(Word::as_str),
        modality.as_ref().map(Word::as_str),
        context.as_ref().map(Word::as_str),
        cache_ttl.as_ref().map(Word::as_str),
        usage_type.as_deref(),
    ];
    texts.map(Option::unwrap_or_default).join("\t")
}

/// Reads the text of [`axes_text`].
pub(super) fn axes_of(text: &str) -> Arc<UsageAxes> {
    fn word<T: Label>(text: Option<&str>) -> Option<Word<T>> {
        text.map(Word::parse)
    }
    let mut texts = text.splitn(6, '\t').map(|it| Some(it).filter(|it| !it.is_empty()));
    let mut next = || texts.next().flatten();
    Arc::new(UsageAxes {
        tier: word(next()),
        routing: word(next()),
        modality: word(next()),
        context: word(next()),
        cache_ttl: word(next()),
        usage_type: next().map(Arc::from),
    })
}
