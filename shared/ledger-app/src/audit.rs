//! The audit trail is checked: its chain, and the documents that it speaks of.

use ledger_core::audit::{AuditEntry, Chain, ChainError, Hash};

use crate::ports::{DocumentKind, DocumentStore, StoreError};

/// Why a trail is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuditFault {
    /// The chain is broken.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// A document is not the one that an entry speaks of.
    #[error(
        "{document} version {version} is not as entry {number} applied it: its text was changed"
    )]
    Text {
        /// The document.
        document: String,
        /// Its version.
        version: u64,
        /// The entry.
        number: u64,
    },
    /// A document is gone.
    #[error("{document} version {version}, which entry {number} applied, is gone")]
    Gone {
        /// The document.
        document: String,
        /// Its version.
        version: u64,
        /// The entry.
        number: u64,
    },
    /// The version before the first entry of a document is not the one that was there.
    #[error(
        "{document} version {version} is not as it was when entry {number} followed it: its text was \
         changed, or it is gone"
    )]
    Before {
        /// The document.
        document: &'static str,
        /// Its version.
        version: u64,
        /// The entry.
        number: u64,
    },
    /// A document has a version that no entry speaks of.
    #[error("{document} version {version} was applied without an entry")]
    Unaudited {
        /// The document.
        document: &'static str,
        /// Its version.
        version: u64,
    },
    /// A head that was published is not in the chain.
    #[error(
        "no entry has the hash {0}: the trail was cut off or written anew since that head was published"
    )]
    Head(Hash),
}

/// A trail that was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audited {
    /// The chain, as far as it holds.
    pub chain: Chain,
    /// All that is wrong.
    pub faults: Vec<AuditFault>,
    /// The newest versions of documents that are older than the trail, with their kinds.
    pub before: Vec<(DocumentKind, u64)>,
}

/// Checks that each entry follows the one before and is as it was written, that each document is as an entry
/// applied it, and that a head which was published is in the chain.
///
/// # Errors
///
/// [`StoreError`].
pub async fn audited(
    documents: &impl DocumentStore,
    published: Option<Hash>,
) -> Result<Audited, StoreError> {
    let trail = documents.audit_trail().await?;
    let (chain, mut faults) = checked(&trail);
    for (entry, _) in &trail {
        faults.extend(fault_of_text(documents, entry).await?);
    }
    let mut before = Vec::new();
    for kind in DocumentKind::ALL {
        let of_kind = trail.iter().map(|(it, _)| it).filter(|it| it.document == kind.as_str());
        let of_kind: Vec<&AuditEntry> = of_kind.collect();
        let newest = documents.document(kind).await?.map_or(0, |it| it.version);
        let oldest = of_kind.first().map_or(newest, |it| it.version.saturating_sub(1));
        if oldest > 0 {
            before.push((kind, oldest));
        }
        if let Some(first) = of_kind.first() {
            let kept = documents.version(kind, oldest).await?.map(|it| Hash::of(&it.text));
            if kept != first.before {
                faults.push(AuditFault::Before {
                    document: kind.as_str(),
                    version: oldest,
                    number: first.number,
                });
            }
            faults.extend(gaps(kind, &of_kind, newest));
        }
    }
    let is_published = |it: &Hash| *it == Hash::START || trail.iter().any(|(_, hash)| hash == it);
    faults.extend(published.filter(|it| !is_published(it)).map(AuditFault::Head));
    Ok(Audited { chain, faults, before })
}

/// The versions of a document that no entry speaks of: between its entries, and after the last.
fn gaps(kind: DocumentKind, of_kind: &[&AuditEntry], newest: u64) -> Vec<AuditFault> {
    let mut faults = Vec::new();
    let mut last: Option<u64> = None;
    let versions = of_kind.iter().map(|it| it.version).chain([newest.saturating_add(1)]);
    for version in versions {
        let missing = last.map(|it| it.saturating_add(1)).filter(|it| *it < version);
        let document = kind.as_str();
        faults.extend(missing.map(|version| AuditFault::Unaudited { document, version }));
        last = Some(version);
    }
    faults
}

/// The chain up to its first fault.
fn checked(trail: &[(AuditEntry, Hash)]) -> (Chain, Vec<AuditFault>) {
    let mut chain = Chain::default();
    for (entry, hash) in trail {
        if let Err(fault) = chain.add(entry, *hash) {
            return (chain, vec![AuditFault::Chain(fault)]);
        }
    }
    (chain, Vec::new())
}

async fn fault_of_text(
    documents: &impl DocumentStore,
    entry: &AuditEntry,
) -> Result<Option<AuditFault>, StoreError> {
    // A document of a newer release is not known here.
    let kind = DocumentKind::ALL.into_iter().find(|it| it.as_str() == entry.document);
    let Some(kind) = kind else { return Ok(None) };
    let (document, version, number) = (entry.document.clone(), entry.version, entry.number);
    Ok(match documents.version(kind, version).await? {
        None => Some(AuditFault::Gone { document, version, number }),
        Some(it) if Hash::of(&it.text) != entry.after => {
            Some(AuditFault::Text { document, version, number })
        }
        Some(_) => None,
    })
}
