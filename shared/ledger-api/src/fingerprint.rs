//! Names of answers and of lists, for tags and cursors.

use sha2::{Digest as _, Sha256};

/// A hash of plain values, the same in every build. Each value is hashed with its length, so that no
/// two lists of values are alike.
pub(crate) struct Fingerprint(Sha256);

impl Fingerprint {
    pub(crate) fn new() -> Fingerprint {
        Fingerprint(Sha256::new())
    }

    /// Adds a value.
    pub(crate) fn add(&mut self, value: impl AsRef<[u8]>) {
        let value = value.as_ref();
        self.0.update(value.len().to_be_bytes());
        self.0.update(value);
    }

    /// Adds a value that may be absent, which is not the same as an empty one.
    pub(crate) fn add_option(&mut self, value: Option<impl AsRef<[u8]>>) {
        match value {
            Some(value) => {
                self.add("some");
                self.add(value);
            }
            None => self.add("none"),
        }
    }

    /// The first 16 bytes of the hash as hexadecimal digits.
    pub(crate) fn finish(self) -> String {
        self.0.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str) -> Fingerprint {
        let mut fingerprint = Fingerprint::new();
        fingerprint.add(name);
        fingerprint
    }

    /// A cursor outlives a deploy, so the digits are fixed: the first 16 bytes of the SHA-256 of the
    /// eight bytes of the length 1 and `a`.
    #[test]
    fn a_fingerprint_is_the_same_in_every_build() {
        assert_eq!(of("a").finish(), "3b196fd4907bedf51c3090e9835f2f7c");
        let (mut joined, mut apart) = (of("ab"), of("a"));
        joined.add("");
        apart.add("b");
        assert_ne!(joined.finish(), apart.finish());
    }
}
