//! The audit trail: each change that a person makes, in a chain of hashes.
//!
//! Each entry has the hash of the one before it, so an entry that is changed, left out or put in breaks the
//! chain at its place. A person who can write the ledger can write a new chain: a head that was published
//! elsewhere shows that too.

use std::fmt;

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use crate::word::Word;

labels! {
    /// A change that a person makes.
    pub enum AuditAction {
        /// Rules are applied.
        ApplyRules = "apply_rules",
        /// Budgets are applied.
        ApplyBudgets = "apply_budgets",
        /// Contacts are applied.
        ApplyContacts = "apply_contacts",
        /// The organisation is applied.
        ApplyOrganisation = "apply_organisation",
        /// The expected cost of a period is posted.
        AccruePeriod = "accrue_period",
        /// A period is closed.
        ClosePeriod = "close_period",
        /// A closed period becomes final.
        FinalisePeriod = "finalise_period",
        /// Somebody knows of an alert.
        AcknowledgeAlert = "acknowledge_alert",
        /// A budget sends no alerts for a while.
        MuteBudget = "mute_budget",
        /// A budget sends alerts again.
        UnmuteBudget = "unmute_budget",
        /// An anomaly is expected.
        ExpectAnomaly = "expect_anomaly",
        /// An anomaly is not expected any more.
        ForgetAnomaly = "forget_anomaly",
    }
}

/// A SHA-256 hash.
///
/// - **Shape:** `sha256:` and 64 digits of base 16.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hash([u8; 32]);

impl Hash {
    /// The hash before the first entry.
    pub const START: Hash = Hash([0; 32]);

    /// The hash of a text.
    pub fn of(text: &str) -> Hash {
        Hash(Sha256::digest(text).into())
    }

    /// Reads what its `Display` writes.
    pub fn parse(text: &str) -> Option<Hash> {
        let digits = text.strip_prefix("sha256:").filter(|it| it.len() == 64 && it.is_ascii())?;
        let mut bytes = [0; 32];
        for (at, byte) in bytes.iter_mut().enumerate() {
            let pair = digits.get(at * 2..at * 2 + 2)?;
            let is_written = |it: char| matches!(it, '0'..='9' | 'a'..='f');
            *byte = u8::from_str_radix(pair, 16).ok().filter(|_| pair.chars().all(is_written))?;
        }
        Some(Hash(bytes))
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sha256:")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// Counts entries, from 1.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// Who, as they said.
    pub by: String,
    /// The kind of change.
    pub action: Word<AuditAction>,
    /// The thing that it is about, such as an alert or a budget; empty where the document is all of it.
    pub subject: String,
    /// The document that changed, and its version from then on.
    pub document: String,
    /// The version.
    pub version: u64,
    /// The hash of its text before; none of a first version.
    pub before: Option<Hash>,
    /// The hash of its text after.
    pub after: Hash,
    /// Why; empty where nothing was said.
    pub reason: String,
    /// The hash of the entry before.
    pub previous: Hash,
}

impl AuditEntry {
    /// The hash of all of it.
    ///
    /// - **Source:** SHA-256 over `tollbook-audit-1` and the fields in their order as texts, each after its
    ///   length in bytes as eight bytes, the lowest first; what is missing is an empty text.
    pub fn hash(&self) -> Hash {
        let before = self.before.map_or_else(String::new, |it| it.to_string());
        let (number, version) = (self.number.to_string(), self.version.to_string());
        let (at, after) = (self.at.to_string(), self.after.to_string());
        let previous = self.previous.to_string();
        let fields = [
            "tollbook-audit-1",
            &number,
            &at,
            &self.by,
            self.action.as_str(),
            &self.subject,
            &self.document,
            &version,
            &before,
            &after,
            &self.reason,
            &previous,
        ];
        let mut hasher = Sha256::new();
        for field in fields {
            let length = u64::try_from(field.len()).unwrap_or(u64::MAX);
            hasher.update(length.to_le_bytes());
            hasher.update(field);
        }
        Hash(hasher.finalize().into())
    }
}

/// A chain of entries, checked one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chain {
    /// How many entries it has.
    pub count: u64,
    /// The hash of the last one.
    pub head: Hash,
}

/// The place at which a chain is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// An entry is missing, or there twice.
    #[error("entry {expected} is missing: after entry {} comes entry {found}", .expected - 1)]
    Number {
        /// The number that follows.
        expected: u64,
        /// The number that is there.
        found: u64,
    },
    /// An entry does not follow the one before.
    #[error(
        "entry {0} does not follow the entry before it: that one was changed after it was written, \
         or this one"
    )]
    Previous(u64),
    /// An entry is not as it was written.
    #[error("entry {0} is not as it was written: its fields do not have its hash")]
    Changed(u64),
}

impl Default for Chain {
    fn default() -> Chain {
        Chain { count: 0, head: Hash::START }
    }
}

impl Chain {
    /// Adds the next entry, which was written with a hash.
    ///
    /// # Errors
    ///
    /// [`ChainError`]; the chain stays as it was.
    pub fn add(&mut self, entry: &AuditEntry, written: Hash) -> Result<(), ChainError> {
        let expected = self.count.saturating_add(1);
        if entry.number != expected {
            return Err(ChainError::Number { expected, found: entry.number });
        }
        if entry.hash() != written {
            return Err(ChainError::Changed(entry.number));
        }
        if entry.previous != self.head {
            return Err(ChainError::Previous(entry.number));
        }
        (self.count, self.head) = (expected, written);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entry(chain: Chain, by: &str) -> AuditEntry {
        AuditEntry {
            number: chain.count + 1,
            at: "2026-11-21T07:00:00Z".parse().unwrap(),
            by: by.to_owned(),
            action: AuditAction::ApplyRules.into(),
            subject: String::new(),
            document: "rules".to_owned(),
            version: chain.count + 1,
            before: (chain.count > 0).then(|| Hash::of("before")),
            after: Hash::of("after"),
            reason: "a new team".to_owned(),
            previous: chain.head,
        }
    }

    fn entries(names: &[String]) -> Vec<(AuditEntry, Hash)> {
        let mut chain = Chain::default();
        let mut entries = Vec::new();
        for name in names {
            let entry = entry(chain, name);
            let hash = entry.hash();
            chain.add(&entry, hash).unwrap();
            entries.push((entry, hash));
        }
        entries
    }

    fn check(entries: &[(AuditEntry, Hash)]) -> Result<Chain, ChainError> {
        let mut chain = Chain::default();
        entries.iter().try_for_each(|(entry, hash)| chain.add(entry, *hash))?;
        Ok(chain)
    }

    #[test]
    fn a_hash_is_read_as_it_is_written_and_not_otherwise() {
        let hash = Hash::of("abc");
        let text = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!((hash.to_string().as_str(), Hash::parse(text)), (text, Some(hash)));
        let upper = format!("sha256:{}", text[7..].to_uppercase());
        for bad in ["", "sha256:", &text[7..], &text[..70], &format!("{text}0"), &upper, "sha256:é"]
        {
            assert_eq!(Hash::parse(bad), None, "{bad}");
        }
    }

    /// The hash is that of the bytes that the documentation of [`AuditEntry::hash`] describes.
    #[test]
    fn the_hash_of_an_entry_is_that_of_its_fields_with_their_lengths() {
        let entry = entry(Chain::default(), "ana");
        let start = format!("sha256:{}", "0".repeat(64));
        let after = Hash::of("after").to_string();
        let mut bytes = Vec::new();
        for field in [
            "tollbook-audit-1",
            "1",
            "2026-11-21T07:00:00Z",
            "ana",
            "apply_rules",
            "",
            "rules",
            "1",
            "",
            &after,
            "a new team",
            &start,
        ] {
            bytes.extend(u64::try_from(field.len()).unwrap().to_le_bytes());
            bytes.extend(field.bytes());
        }
        assert_eq!(entry.hash(), Hash(Sha256::digest(&bytes).into()));
    }

    proptest! {
        /// Any change of one field, one entry less, twice or in another place is found where it is.
        #[test]
        fn a_chain_finds_each_change(
            names in prop::collection::vec("[a-z]{1,3}", 2..6),
            at in any::<prop::sample::Index>(),
            field in 0..10_usize,
            recompute in any::<bool>(),
        ) {
            let good = entries(&names);
            let count = u64::try_from(names.len()).unwrap();
            prop_assert_eq!(check(&good).map(|it| it.count), Ok(count));
            let at = at.index(good.len());
            let mut bad = good.clone();
            let (entry, hash) = &mut bad[at];
            match field {
                0 => entry.by.push('x'),
                1 => entry.reason.clear(),
                2 => entry.subject.push('x'),
                3 => entry.document.push('s'),
                4 => entry.version += 1,
                5 => entry.after = Hash::of("other"),
                6 => entry.before = Some(Hash::of("other")),
                7 => entry.action = AuditAction::ApplyBudgets.into(),
                8 => entry.at = "2026-11-21T07:00:00.000000001Z".parse().unwrap(),
                _ => entry.previous = Hash::of("other"),
            }
            if recompute {
                *hash = entry.hash();
            }
            let is_last = at + 1 == good.len();
            let found = check(&bad);
            match (recompute, field) {
                (false, _) => prop_assert_eq!(found, Err(ChainError::Changed(entry_number(at)))),
                (true, 9) => prop_assert_eq!(found, Err(ChainError::Previous(entry_number(at)))),
                // A new end of a chain is found by its head alone.
                (true, _) if is_last => prop_assert_ne!(found.unwrap().head, check(&good).unwrap().head),
                (true, _) => prop_assert_eq!(found, Err(ChainError::Previous(entry_number(at + 1)))),
            }
            let mut less = good.clone();
            less.remove(at);
            if !is_last {
                prop_assert!(check(&less).is_err());
            }
            let mut twice = good.clone();
            twice.insert(at, good[at].clone());
            prop_assert!(check(&twice).is_err());
            let mut moved = good;
            moved.swap(0, names.len() - 1);
            prop_assert!(check(&moved).is_err());
        }
    }

    fn entry_number(at: usize) -> u64 {
        u64::try_from(at).unwrap() + 1
    }
}
