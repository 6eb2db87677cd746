//! Cost and usage exports 2.0, and the reports before them: Parquet and CSV as AWS delivers them.
//!
//! Five rooms, each built on those before it:
//!
//! | Room | Holds |
//! | --- | --- |
//! | `meaning` | the columns of a bill, their names in a file, and one row as one line item |
//! | `columnar` | the columns of a Parquet file, batch by batch |
//! | `groups` | rows of a Parquet file that are equal except for day and amounts, summed as they are read |
//! | `files` | CSV and Parquet files, row by row or in groups |
//! | `places` | deliveries in a folder, in S3, or too large to read here and asked of Athena |
//!
//! Every row becomes a line item by one conversion, `meaning::line`, so all forms of a bill mean the same.
//! `reader` carries what a delivery's files share.

mod columnar;
mod files;
#[cfg(test)]
mod form_tests;
#[cfg(test)]
mod fuzz_tests;
mod groups;
mod meaning;
mod places;
mod reader;
#[cfg(test)]
mod tests;

pub use self::places::athena::Athena;
pub use self::places::folder::CurFolder;
pub use self::places::manifest::{MANIFEST_END, export_name};
pub use self::places::s3_export::S3Export;
