//! The footers of a delivery's files: their columns and how many rows they have together.

use ledger_app::ports::{Delivery, SourceError};
use parquet::file::metadata::ParquetMetaDataReader;

use crate::cur::columnar::{Field, Form, fields};
use crate::cur::files;
use crate::cur::meaning::columns::{COUNT, Column, Kind};
use crate::cur::meaning::names::ColumnMap;
use crate::cur::places::s3::{Chunks, Object, Store};
use crate::cur::reader::Reader;

/// Which columns the files have, and how many rows together.
pub(super) fn outline(
    store: &Store,
    objects: &[Object],
    delivery: &Delivery,
    reader: &mut Reader<'_>,
) -> Result<([bool; COUNT], u64), SourceError> {
    let mut row_count: u64 = 0;
    let mut known: Option<[bool; COUNT]> = None;
    for object in objects {
        let name = &*object.key;
        if !files::is_parquet(&object.start) {
            return Err(SourceError::Refused(format!(
                "`{name}` is no Parquet file; expected Parquet in a delivery that Athena reads",
            )));
        }
        let chunks = Chunks::new(store.clone(), object.clone());
        let metadata = ParquetMetaDataReader::new().parse_and_finish(&chunks).map_err(|error| {
            chunks.take_failure().unwrap_or_else(|| {
                SourceError::Refused(format!(
                    "`{name}` is damaged: {error}, expected a whole Parquet file; fetch it again",
                ))
            })
        })?;
        let fields = fields(metadata.file_metadata().schema_descr());
        let field = |column: Column| fields.iter().find(|it| it.name == column.name());
        reader.check_columns(name, |column| field(column).is_some())?;
        check_maps(name, fields.iter().map(|it| it.name.as_str()))?;
        let mut has_column = [false; COUNT];
        for (has_column, column) in has_column.iter_mut().zip(Column::ALL) {
            let Some(Field { form, .. }) = field(column) else { continue };
            *has_column = true;
            let expected = column.kind();
            if !is_as_delivered(expected, form) {
                return Err(SourceError::Refused(format!(
                    "`{name}` has column `{}` of type {form}; expected {} in a delivery that \
                     Athena reads",
                    column.name(),
                    delivered_as(expected),
                )));
            }
        }
        if *known.get_or_insert(has_column) != has_column {
            return Err(SourceError::Refused(format!(
                "`{name}` has other columns than the files before it; expected the same in all \
                 files of `{}`",
                delivery.name,
            )));
        }
        let rows = metadata.file_metadata().num_rows();
        row_count = row_count.saturating_add(u64::try_from(rows).unwrap_or_default());
    }
    Ok((known.unwrap_or([false; COUNT]), row_count))
}

/// The query reads attributes and tags from their maps alone.
fn check_maps<'a>(
    name: &str,
    columns: impl Iterator<Item = &'a str> + Clone,
) -> Result<(), SourceError> {
    let layout = ColumnMap::new(columns);
    match [Column::Product, Column::Tags].into_iter().find(|it| layout.is_apart(*it)) {
        Some(map) => Err(SourceError::Refused(format!(
            "`{name}` has no column `{}`, but others with what it holds; expected the column in a \
             delivery that Athena reads",
            map.name(),
        ))),
        None => Ok(()),
    }
}

/// Whether a column has the type that AWS delivers it with, which is the one the query is made for.
fn is_as_delivered(expected: Kind, form: &Form) -> bool {
    match expected {
        Kind::Text => *form == Form::Text,
        Kind::Number => *form == Form::Double,
        Kind::Date => matches!(form, Form::Time(_) | Form::Time96),
        Kind::Map => *form == Form::Map,
    }
}

fn delivered_as(expected: Kind) -> &'static str {
    match expected {
        Kind::Text => "text",
        Kind::Number => "a double",
        Kind::Date => "a timestamp",
        Kind::Map => "a map of text to text",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(names: &[&str]) -> Result<(), String> {
        check_maps("a.parquet", names.iter().copied()).map_err(|error| error.to_string())
    }

    #[test]
    fn attributes_and_tags_in_columns_of_their_own_are_refused() {
        let refused = |map: &str| {
            Err(format!(
                "`a.parquet` has no column `{map}`, but others with what it holds; expected the \
                 column in a delivery that Athena reads"
            ))
        };
        assert_eq!(check(&["product_provider", "tags"]), refused("product"));
        assert_eq!(check(&["product", "resource_tags_user_team"]), refused("tags"));
        assert_eq!(check(&["product", "product_provider", "tags", "resource_tags"]), Ok(()));
        assert_eq!(check(&["product_sku", "product_region_code"]), Ok(()));
    }
}
