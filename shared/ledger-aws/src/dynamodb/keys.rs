//! Keys of items.

use std::sync::Arc;

use jiff::civil::Date;
use ledger_core::bill::Generation;
use ledger_core::dimension::Level;
use ledger_core::line_item::BillId;
use ledger_core::owner::Owner;
use ledger_core::period::BillingPeriod;
use ledger_core::source::Source;
use sha2::{Digest, Sha256};

/// Longest name in a key. A sort key has at most 1,024 bytes; the rest is for its other parts.
const NAME_BYTES_MAX: usize = 200;

/// Sort key prefix of detail rollups.
pub(super) const DETAIL_PREFIX: &str = "D#";

/// Bytes kept of a longer name, for people who read the table.
const NAME_BYTES_KEPT: usize = 100;

/// Escapes `#`, which separates the parts of a key, and `%`.
pub(super) fn escape(name: &str) -> String {
    name.replace('%', "%25").replace('#', "%23")
}

fn unescape(name: &str) -> String {
    name.replace("%23", "#").replace("%25", "%")
}

/// An escaped name of bounded length; different names stay different.
pub(super) fn bounded(name: &str) -> String {
    let escaped = escape(name);
    if escaped.len() <= NAME_BYTES_MAX {
        return escaped;
    }
    let kept = escaped.floor_char_boundary(NAME_BYTES_KEPT);
    format!("{}~{}", escaped.get(..kept).unwrap_or_default(), hex(&Sha256::digest(name)))
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|it| format!("{it:02x}")).collect()
}

/// The payer in the key of a bill that names none.
const UNKNOWN_PAYER: &str = "unknown";

fn payer_text(bill: &BillId) -> &str {
    bill.payer.as_deref().unwrap_or(UNKNOWN_PAYER)
}

/// Separates the payer from the name of a part. No escaped name has it, and releases that know no
/// parts take both together for the name of a payer, so that their sums are right.
const PART_SEPARATOR: &str = "%+";

/// The payer, and the part of its bill.
fn payer_and_part(bill: &BillId) -> String {
    let payer = escape(payer_text(bill));
    match &bill.part {
        Some(part) => format!("{payer}{PART_SEPARATOR}{}", escape(part)),
        None => payer,
    }
}

/// The sort key of a bill's head.
pub(super) fn head_sk(bill: &BillId) -> String {
    let source = escape(&bill.source.to_string());
    format!("{}#{source}#{}", bill.period, payer_and_part(bill))
}

/// Reads what [`head_sk`] writes.
pub(super) fn bill_of(head_sk: &str) -> Option<BillId> {
    let mut parts = head_sk.split('#');
    let period = BillingPeriod::parse(parts.next()?).ok()?;
    let source = Source::parse(&unescape(parts.next()?));
    let payer = parts.next()?;
    let (payer, part) = match payer.split_once(PART_SEPARATOR) {
        Some((payer, part)) => (payer, Some(unescape(part).into())),
        None => (payer, None),
    };
    let payer = Some(unescape(payer)).filter(|it| it != UNKNOWN_PAYER).map(Arc::from);
    let bill = BillId { period, source, payer, part };
    parts.next().is_none().then_some(bill)
}

/// The partition of one generation of one day.
pub(super) fn rollups_pk(bill: &BillId, day: Date, generation: &Generation) -> String {
    let source = escape(&bill.source.to_string());
    format!("ROLLUPS#{source}#{}#{}#{day}#{generation}", bill.period, payer_and_part(bill))
}

/// Sort key prefix of a level.
pub(super) fn level_prefix(level: Level) -> &'static str {
    match level {
        Level::Summary => "S#",
        Level::Detail => DETAIL_PREFIX,
    }
}

/// Sort key prefix of an owner's chunks.
pub(super) fn owner_prefix(level: Level, owner: &Owner) -> String {
    format!("{}{}#", level_prefix(level), bounded(owner.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bills_are_read_as_they_are_written() {
        for source in
            [Source::AWS_BILL, Source::AWS_QUICK_LOOK, Source::aws_view("resourceTags/a#b%23")]
        {
            let period = BillingPeriod::parse("2026-11").unwrap();
            for (payer, part) in [
                (Some("1#2"), None),
                (Some("1%+#2"), Some("a%+b#")),
                (None, Some("unknown")),
                (None, None),
            ] {
                let source = source.clone();
                let (payer, part) = (payer.map(Into::into), part.map(Into::into));
                let bill = BillId { period, source, payer, part };
                assert_eq!(bill_of(&head_sk(&bill)), Some(bill));
            }
        }
        assert_eq!(bill_of("2026-11#cur"), None);
        assert_eq!(bill_of("2026-11#cur#1#2"), None);
    }

    #[test]
    fn long_names_are_cut_and_stay_different() {
        let name = "ü".repeat(150);
        let other = format!("{}x", "ü".repeat(149));
        assert!(bounded(&name).len() <= NAME_BYTES_MAX);
        assert_ne!(bounded(&name), bounded(&other));
        assert_eq!(bounded("a#b%"), "a%23b%25");
    }
}
