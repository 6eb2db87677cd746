//! Words of a fixed list, read so that a word of a newer version is kept instead of refused.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// An enum whose variants have one written form each.
pub trait Label: Copy {
    /// The form that is stored and shown.
    fn label(self) -> &'static str;

    /// Reads what [`Label::label`] gives, and nothing else.
    fn of_label(text: &str) -> Option<Self>;
}

/// A word of a fixed list, or one that a newer version of the product wrote.
///
/// An unknown word keeps its text, so that what is stored can be read, shown and written again. It
/// is shown as `unknown:TEXT` and equals no word of the list.
///
/// ```
/// use ledger_core::meter::Tier;
/// use ledger_core::word::Word;
///
/// assert_eq!(Word::<Tier>::parse("batch"), Word::Known(Tier::Batch));
/// let newer = Word::<Tier>::parse("overnight");
/// assert_eq!((newer.as_str(), newer.known()), ("overnight", None));
/// assert_eq!(newer.to_string(), "unknown:overnight");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Word<T> {
    /// A word of the list.
    Known(T),
    /// Any other text.
    Unknown(Arc<str>),
}

impl<T: Label> Word<T> {
    /// Reads any text.
    #[must_use]
    pub fn parse(text: &str) -> Word<T> {
        T::of_label(text).map_or_else(|| Word::Unknown(text.into()), Word::Known)
    }

    /// The form that is stored.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Word::Known(word) => word.label(),
            Word::Unknown(text) => text,
        }
    }

    /// The word, if it is one of the list.
    #[must_use]
    pub fn known(&self) -> Option<T> {
        match self {
            Word::Known(word) => Some(*word),
            Word::Unknown(_) => None,
        }
    }

    /// The form that is shown.
    #[must_use]
    pub fn shown(&self) -> Cow<'_, str> {
        match self {
            Word::Known(word) => Cow::Borrowed(word.label()),
            Word::Unknown(text) => Cow::Owned(format!("unknown:{text}")),
        }
    }
}

impl<T> From<T> for Word<T> {
    fn from(word: T) -> Word<T> {
        Word::Known(word)
    }
}

impl<T: PartialEq> PartialEq<T> for Word<T> {
    fn eq(&self, other: &T) -> bool {
        matches!(self, Word::Known(word) if word == other)
    }
}

impl<T: Label> fmt::Display for Word<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown())
    }
}
