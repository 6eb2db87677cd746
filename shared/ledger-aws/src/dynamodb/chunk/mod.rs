//! Rollups as items: the rows of an owner in chunks, each a [table](super::table) of columns.
//!
//! | Column | Meaning | Column | Meaning |
//! | --- | --- | --- | --- |
//! | `o` | owner | `u` | unblended cost |
//! | `te` `pr` `cc` `en` `cu` `wf` `ag` `b` | business dimensions, `b` the user's own | `n` | net unblended cost |
//! | `s` | service | `am` `na` | amortized and net amortized cost |
//! | `p` | publisher | `li` | list cost |
//! | `m` | model | `q` `un` | quantity and its unit |
//! | `me` | meter | `t` | tokens |
//! | `lt` | line type | `k` | number of lines |
//! | `c` | currency | `f` `l` | first line: its file and row |
//!
//! `pv` is the provider, AWS where it is missing, and `ca` the charge category.
//!
//! Positions have more: `a` account, `pn` caller, `ux` the axes of the usage (tier, routing,
//! modality, context, cache lifetime, and last the usage type, between tabs), `bd` own dimensions that
//! summaries leave out, `tg` tags, `ru` rule, [texts](BillText) such as `r` region and `iv` invoice; `ao` and `ai` the split that a move of cost out of or into an owner belongs to.
//! Amounts and quantities are in femto-units; a cost that the bill does not state is left out.
//!
//! The attribute `table` begins with a byte that says how the rest is packed: 0 not at all, 1 as zlib
//! (RFC 1950), which is used where it saves a write unit.
//!
//! Money decides what a read survives. Owner, currency, costs and line counts must be readable: the
//! error names the item, whose key names bill and day. Anything else that is not what it should be,
//! such as a column of another type or a meter of a newer release, is shown as unknown and named in
//! the log.

mod axes;
mod packing;
mod read;
mod write;

#[cfg(test)]
mod tests;

use ledger_core::bill_text::BillText;
use ledger_core::business::BusinessField;
use ledger_core::cost::CostKind;

pub(super) use self::read::rollups_of;
pub(super) use self::write::Chunks;

/// The column of a business dimension.
fn column_of(field: BusinessField) -> &'static str {
    match field {
        BusinessField::Team => "te",
        BusinessField::Product => "pr",
        BusinessField::CostCentre => "cc",
        BusinessField::Environment => "en",
        BusinessField::Customer => "cu",
        BusinessField::Workflow => "wf",
        BusinessField::Agent => "ag",
    }
}

/// Columns of texts that have a short name; the others have their own.
const SHORT: [(BillText, &str); 2] = [(BillText::Region, "r"), (BillText::InvoiceId, "iv")];

/// The column of a text that is kept as it is.
fn column_of_text(text: BillText) -> &'static str {
    let short = SHORT.iter().find(|(it, _)| *it == text).map(|(_, short)| *short);
    short.unwrap_or(text.as_str())
}

/// The column of a cost kind.
fn column_of_cost(kind: CostKind) -> &'static str {
    match kind {
        CostKind::Unblended => "u",
        CostKind::NetUnblended => "n",
        CostKind::Amortized => "am",
        CostKind::NetAmortized => "na",
        CostKind::List => "li",
    }
}
