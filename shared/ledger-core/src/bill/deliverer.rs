//! The deliverer of a bill: an export, or files that no manifest names.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

/// An export, by which its later deliveries are recognised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// Its name.
    pub name: Arc<str>,
    /// The folder that the provider writes it to, where the manifest says so: two exports, each in a
    /// bucket of its own, can have one name.
    pub place: Option<Arc<str>>,
}

impl Export {
    /// Whether two deliveries are of one export. A name alone is that of any place.
    pub fn is_same(&self, other: &Export) -> bool {
        let is_elsewhere =
            self.place.as_ref().zip(other.place.as_ref()).is_some_and(|(a, b)| a != b);
        self.name == other.name && !is_elsewhere
    }
}

impl fmt::Display for Export {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some(place) => write!(f, "export `{}` in `{place}`", self.name),
            None => write!(f, "export `{}`", self.name),
        }
    }
}

/// More files than this are one thing: either all of them come again, or others.
const FILES_KEPT: usize = 16;

/// Long enough to tell the files of one bill apart.
const HASH_BYTES: usize = 6;

/// Files that no manifest names, as hashes of their places.
///
/// - **Shape:** as text, hexadecimal hashes with a point between two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileSet(BTreeSet<Arc<str>>);

impl FileSet {
    /// The set of these places.
    pub fn of<'a>(places: impl IntoIterator<Item = &'a str>) -> FileSet {
        let hashes: BTreeSet<Arc<str>> = places.into_iter().map(|it| hash([it])).collect();
        if hashes.len() <= FILES_KEPT {
            return FileSet(hashes);
        }
        FileSet(BTreeSet::from([hash(hashes.iter().map(|it| &**it))]))
    }

    /// Reads the text of a set.
    pub fn parse(text: &str) -> FileSet {
        FileSet(text.split('.').filter(|it| !it.is_empty()).map(Arc::from).collect())
    }

    /// Whether it has all files of another one.
    pub fn covers(&self, other: &FileSet) -> bool {
        other.0.is_subset(&self.0)
    }
}

fn hash<'a>(texts: impl IntoIterator<Item = &'a str>) -> Arc<str> {
    let mut hasher = Sha256::new();
    for text in texts {
        hasher.update(text);
        hasher.update(b"\n");
    }
    hasher
        .finalize()
        .iter()
        .take(HASH_BYTES)
        .map(|it| format!("{it:02x}"))
        .collect::<String>()
        .into()
}

impl fmt::Display for FileSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hashes: Vec<&str> = self.0.iter().map(|it| &**it).collect();
        f.write_str(&hashes.join("."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exports_of_one_name_are_told_apart_by_their_place() {
        let export = |name: &str, place: Option<&str>| Export {
            name: name.into(),
            place: place.map(Into::into),
        };
        let here = export("cur", Some("s3://a/cur"));
        for (other, is_same) in [
            (export("cur", Some("s3://a/cur")), true),
            (export("cur", None), true),
            (export("cur", Some("s3://b/cur")), false),
            (export("other", Some("s3://a/cur")), false),
            (export("other", None), false),
        ] {
            assert_eq!((here.is_same(&other), other.is_same(&here)), (is_same, is_same), "{other}");
        }
    }

    #[test]
    fn a_set_of_files_covers_its_parts_and_is_read_as_it_is_written() {
        let [one, two, both] =
            [&["/a"][..], &["/b"], &["/a", "/b"]].map(|it| FileSet::of(it.iter().copied()));
        assert!(both.covers(&one) && both.covers(&two) && both.covers(&both));
        assert!(!one.covers(&both) && !one.covers(&two));
        assert_eq!(FileSet::parse(&both.to_string()), both);
        assert_eq!(both.to_string().len(), 25);
        let names: Vec<String> = (0..40).map(|it| format!("/{it}")).collect();
        let many = |count| FileSet::of(names.iter().take(count).map(String::as_str));
        assert_eq!(many(40).to_string().len(), 12);
        assert!(many(40).covers(&many(40)) && !many(40).covers(&many(39)));
    }
}
