//! The sources of charges: who bills, and how far the figures can be trusted.

use std::fmt;
use std::sync::Arc;

use crate::aws;

/// The cloud or vendor that bills.
///
/// - **Shape:** a word in lower case, such as `aws`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Provider {
    /// Amazon Web Services.
    Aws,
    /// Any other, by its word.
    Other(Arc<str>),
}

impl Provider {
    /// Reads any word.
    #[must_use]
    pub fn parse(text: &str) -> Provider {
        if text == aws::PROVIDER { Provider::Aws } else { Provider::Other(text.into()) }
    }

    /// The word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Provider::Aws => aws::PROVIDER,
            Provider::Other(word) => word,
        }
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The kind of a source.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SourceKind {
    /// The bill itself, as it is delivered.
    Bill,
    /// A query of the provider's own cost tool: early, and less detailed than the bill.
    QuickLook,
    /// An estimate from usage, priced here.
    Estimate,
    /// The quick look grouped by a further tag key. The same money once more: shown, never served.
    View(Arc<str>),
    /// A kind that a newer version wrote, as it wrote it: shown, never served.
    Unknown(Arc<str>),
}

/// The order in which sources serve a day: of several that reach it, the highest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// Below everything else.
    Estimate,
    /// Above estimates.
    QuickLook,
    /// Above everything else.
    Bill,
}

impl SourceKind {
    /// The rank; `None` for kinds that never serve a day.
    #[must_use]
    pub fn rank(&self) -> Option<Rank> {
        match self {
            SourceKind::Bill => Some(Rank::Bill),
            SourceKind::QuickLook => Some(Rank::QuickLook),
            SourceKind::Estimate => Some(Rank::Estimate),
            SourceKind::View(_) | SourceKind::Unknown(_) => None,
        }
    }
}

const BILL: &str = "bill";
const QUICK_LOOK: &str = "quick-look";
const ESTIMATE: &str = "estimate";
const VIEW_START: &str = "view:";

/// A source of charges.
///
/// - **Shape:** printed as `PROVIDER:KIND`; AWS's bill, quick look and views have words of their own,
///   which they had before there were other providers.
/// - **Invariant:** [`Source::parse`] reads any text, and gives back what it was printed from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Source {
    /// Who bills.
    pub provider: Provider,
    /// The kind.
    pub kind: SourceKind,
}

impl Source {
    /// AWS's bill.
    pub const AWS_BILL: Source = Source { provider: Provider::Aws, kind: SourceKind::Bill };

    /// AWS's quick look, grouped by the primary tag key.
    pub const AWS_QUICK_LOOK: Source =
        Source { provider: Provider::Aws, kind: SourceKind::QuickLook };

    /// AWS's quick look, grouped by a further tag key.
    #[must_use]
    pub fn aws_view(key: &str) -> Source {
        Source { provider: Provider::Aws, kind: SourceKind::View(key.into()) }
    }

    /// Reads what [`Source`] prints. Any other text is a source of unknown kind.
    #[must_use]
    pub fn parse(text: &str) -> Source {
        if let Some((provider, kind)) = text.split_once(':')
            && !matches!(provider, "" | "view" | aws::PROVIDER)
        {
            return Source { provider: Provider::parse(provider), kind: kind_of(kind) };
        }
        let kind = match text {
            aws::BILL => SourceKind::Bill,
            aws::QUICK_LOOK => SourceKind::QuickLook,
            aws::ESTIMATE => SourceKind::Estimate,
            _ => match text.strip_prefix(VIEW_START) {
                Some(key) => SourceKind::View(key.into()),
                None => SourceKind::Unknown(text.into()),
            },
        };
        Source { provider: Provider::Aws, kind }
    }

    /// The rank; `None` for sources that never serve a day.
    #[must_use]
    pub fn rank(&self) -> Option<Rank> {
        self.kind.rank()
    }
}

fn kind_of(text: &str) -> SourceKind {
    match text {
        BILL => SourceKind::Bill,
        QUICK_LOOK => SourceKind::QuickLook,
        ESTIMATE => SourceKind::Estimate,
        _ => match text.strip_prefix(VIEW_START) {
            Some(key) => SourceKind::View(key.into()),
            None => SourceKind::Unknown(text.into()),
        },
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_aws = self.provider == Provider::Aws;
        if !is_aws {
            write!(f, "{}:", self.provider)?;
        }
        match &self.kind {
            SourceKind::Bill => f.write_str(if is_aws { aws::BILL } else { BILL }),
            SourceKind::QuickLook => f.write_str(if is_aws { aws::QUICK_LOOK } else { QUICK_LOOK }),
            SourceKind::Estimate => f.write_str(if is_aws { aws::ESTIMATE } else { ESTIMATE }),
            SourceKind::View(key) => write!(f, "{VIEW_START}{key}"),
            SourceKind::Unknown(text) => f.write_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(provider: &str, kind: SourceKind) -> Source {
        Source { provider: Provider::parse(provider), kind }
    }

    #[test]
    fn sources_are_written_as_they_always_were_and_others_with_their_provider() {
        for (text, expected) in [
            ("cur", Source::AWS_BILL),
            ("cost-explorer", Source::AWS_QUICK_LOOK),
            ("view:resourceTags/a:b", Source::aws_view("resourceTags/a:b")),
            ("aws:estimate", of("aws", SourceKind::Estimate)),
            ("azure:bill", of("azure", SourceKind::Bill)),
            ("azure:quick-look", of("azure", SourceKind::QuickLook)),
            ("azure:estimate", of("azure", SourceKind::Estimate)),
            ("azure:view:team", of("azure", SourceKind::View("team".into()))),
            ("azure:forecast", of("azure", SourceKind::Unknown("forecast".into()))),
            ("forecast", of("aws", SourceKind::Unknown("forecast".into()))),
            ("aws:forecast", of("aws", SourceKind::Unknown("aws:forecast".into()))),
        ] {
            assert_eq!(Source::parse(text), expected);
            assert_eq!(expected.to_string(), text);
        }
    }

    #[test]
    fn a_bill_ranks_above_a_quick_look_above_an_estimate_and_the_rest_serves_nothing() {
        let ranks = ["azure:bill", "cost-explorer", "aws:estimate", "view:team", "azure:forecast"]
            .map(|text| Source::parse(text).rank());
        let expected = [Some(Rank::Bill), Some(Rank::QuickLook), Some(Rank::Estimate), None, None];
        assert_eq!(ranks, expected);
        assert!(ranks.is_sorted_by(|left, right| left >= right));
    }

    proptest! {
        #[test]
        fn any_text_is_read_and_printed_again(text in "[a-z:# -]{0,12}|(cur|view|aws|x)(:[a-z:]{0,8})?") {
            prop_assert_eq!(Source::parse(&text).to_string(), text);
        }
    }
}
