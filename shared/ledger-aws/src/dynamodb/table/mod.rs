//! Rows of one chunk as a table of columns: small to store, fast to read.
//!
//! Texts are kept once and columns hold their numbers. A column whose rows all have one value keeps
//! that value alone; a column without any value is left out. Readers ask for columns by name: what a
//! newer writer adds is skipped without being decoded.
//!
//! ```text
//! table   = form rows texts columns      form: 1; rows: the number of rows
//! texts   = count (length bytes)*        UTF-8; texts are numbered from 1 in this order
//! columns = count (name kind length payload)*
//! name    = length bytes
//! payload = cell                         of a constant column, whose kind has bit 0x80
//!         | cell*                        of any other, one for each row
//! ```
//!
//! All numbers are LEB128. A cell is 0 where a row has no value. The kinds and their other cells:
//!
//! | Kind | Values | Cell | Before the cells |
//! | --- | --- | --- | --- |
//! | 1 | text | its number | |
//! | 2 | whole number | one more than it | |
//! | 3 | amount in femto-units | one more than the zigzag of its multiple of a power of ten | the power |
//! | 4 | pairs of texts | the number of the set | count (count (text text)*)*: the sets, from 1 |

mod read;
mod write;

#[cfg(test)]
mod tests;

pub(super) use self::read::{Column, Damage, Pairs, Table};
pub(super) use self::write::TableWriter;

/// The form that is written.
const FORM: u128 = 1;

/// The bit of a kind that says that one cell holds for all rows.
const CONSTANT: u8 = 0x80;

/// The kinds of columns.
const TEXT: u8 = 1;
const NUMBER: u8 = 2;
const AMOUNT: u8 = 3;
const PAIRS: u8 = 4;
