//! Promises of [`ContentStore`].

use std::fmt::Write as _;

use ledger_app::ports::ContentStore;
use ledger_core::audit::Hash;

/// Digits of a number that do not repeat: little of them can be packed.
fn digits(bytes: usize) -> String {
    let mut text = String::new();
    let mut number = 1_u64;
    while text.len() < bytes {
        number = number.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
        write!(text, "{number:x}").unwrap();
    }
    text
}

/// A text of any length is read as it was kept, by its hash; also one that was kept twice.
pub async fn a_text_is_read_by_its_hash_as_it_was_kept(contents: &impl ContentStore) {
    for text in [String::new(), "a".to_owned(), "äöü\n".repeat(9_000), digits(3_000_000)] {
        let hash = Hash::of(&text);
        assert_eq!(contents.content(hash).await.unwrap(), None, "{} bytes", text.len());
        for _ in 0..2 {
            assert_eq!(contents.keep_content(&text).await.unwrap(), hash);
            let kept = contents.content(hash).await.unwrap();
            assert!(kept.as_ref() == Some(&text), "{} bytes", text.len());
        }
    }
}
