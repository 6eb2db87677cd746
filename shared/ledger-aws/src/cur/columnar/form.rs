//! The types of a file's columns.

use std::fmt;
use std::ops::Range;

use parquet::basic::{ConvertedType, LogicalType, TimeUnit, Type as Physical};
use parquet::schema::types::{ColumnDescriptor, SchemaDescriptor, Type};

/// A column of a file.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub name: String,
    pub form: Form,
    /// The columns of Parquet that it consists of: two of a map, one of anything else.
    pub leaves: Range<usize>,
}

/// The type of a column, as far as bills are concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Text,
    Double,
    Integer,
    /// With this number of fraction digits, of at most 38 digits.
    Decimal(i32),
    Time(Unit),
    /// The timestamp of older writers, in 96 bits.
    Time96,
    Day,
    /// Of text to text.
    Map,
    /// A map as tools without maps write it: a list of records of a key and a value, or of lists of
    /// them.
    Pairs,
    /// A map of which each key is a column; `None` where that is null in all rows.
    Record(Vec<Option<String>>),
    /// Nothing but nulls.
    Null,
    /// Anything else, by name.
    Other(String),
}

/// The unit of a timestamp, which counts from 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Millisecond,
    Microsecond,
    Nanosecond,
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Form::Text => "text",
            Form::Double => "double",
            Form::Integer => "integer",
            Form::Decimal(_) => "decimal",
            Form::Time(_) | Form::Time96 => "timestamp",
            Form::Day => "date",
            Form::Map => "map of text to text",
            Form::Pairs => "list of key and value",
            Form::Record(_) => "record of texts",
            Form::Null => "null",
            Form::Other(name) => name,
        })
    }
}

/// The most digits that are read of a decimal: those of 128 bits.
const DIGITS_MAX: i32 = 38;

/// The columns of a file, in its order.
pub(crate) fn fields(schema: &SchemaDescriptor) -> Vec<Field> {
    let mut from = 0;
    let fields = schema.root_schema().get_fields().iter().enumerate();
    fields
        .map(|(root, field)| {
            let leaves = schema.columns().iter().enumerate().skip(from);
            let leaves = leaves.take_while(|it| schema.get_column_root_idx(it.0) == root);
            let leaves: Vec<&ColumnDescriptor> = leaves.map(|it| it.1.as_ref()).collect();
            let range = from..from + leaves.len();
            from = range.end;
            Field { name: field.name().to_owned(), form: form_of(field, &leaves), leaves: range }
        })
        .collect()
}

fn form_of(field: &Type, leaves: &[&ColumnDescriptor]) -> Form {
    match leaves {
        [leaf] if field.is_primitive() && leaf.max_rep_level() == 0 => form_of_leaf(leaf),
        [key, value] if is_map(field) => {
            let is_text = |it: &ColumnDescriptor| {
                // The map, its entries, one side of them: nothing is nested deeper.
                it.max_rep_level() == 1 && it.path().parts().len() == 3
            };
            let is_text = |it| is_text(it) && form_of_leaf(it) == Form::Text;
            match is_text(key) && is_text(value) {
                true => Form::Map,
                false => Form::Other("map of other things than text".to_owned()),
            }
        }
        [leaf] if leaf.max_rep_level() == 2 && form_of_leaf(leaf) == Form::Text => Form::Pairs,
        [key, value] if are_sides(key, value) => Form::Pairs,
        _ if leaves.iter().all(|it| is_field_of_record(it)) => Form::Record(
            leaves
                .iter()
                .map(|it| Some(it.name().to_owned()).filter(|_| form_of_leaf(it) == Form::Text))
                .collect(),
        ),
        [leaf] if leaf.max_rep_level() == 1 => Form::Other("list of single values".to_owned()),
        _ => Form::Other("records or lists of other things than text".to_owned()),
    }
}

/// Whether two columns are the key and the value of records in a list.
fn are_sides(key: &ColumnDescriptor, value: &ColumnDescriptor) -> bool {
    let is_side = |it: &ColumnDescriptor| it.max_rep_level() == 1 && form_of_leaf(it) == Form::Text;
    let record = |it: &ColumnDescriptor| it.path().parts().split_last().map(|it| it.1.to_vec());
    let is_value = ["value", "v"].iter().any(|it| key.name().eq_ignore_ascii_case(it));
    is_side(key) && is_side(value) && record(key) == record(value) && !is_value
}

fn is_field_of_record(leaf: &ColumnDescriptor) -> bool {
    leaf.max_rep_level() == 0
        && leaf.path().parts().len() == 2
        && matches!(form_of_leaf(leaf), Form::Text | Form::Null)
}

fn is_map(field: &Type) -> bool {
    let info = field.get_basic_info();
    let converted = [ConvertedType::MAP, ConvertedType::MAP_KEY_VALUE];
    info.logical_type_ref() == Some(&LogicalType::Map) || converted.contains(&info.converted_type())
}

fn form_of_leaf(leaf: &ColumnDescriptor) -> Form {
    let (logical, converted) = (leaf.logical_type_ref(), leaf.converted_type());
    let is_decimal = matches!(logical, Some(LogicalType::Decimal(_)))
        || logical.is_none() && converted == ConvertedType::DECIMAL;
    let form = match leaf.physical_type() {
        _ if logical == Some(&LogicalType::Unknown) => Some(Form::Null),
        _ if is_decimal => decimal_of(leaf),
        Physical::BYTE_ARRAY => Some(Form::Text),
        Physical::DOUBLE => Some(Form::Double),
        Physical::INT96 => Some(Form::Time96),
        Physical::INT32 => match (logical, converted) {
            (Some(LogicalType::Date), _) | (None, ConvertedType::DATE) => Some(Form::Day),
            (None, ConvertedType::NONE | ConvertedType::INT_32) => Some(Form::Integer),
            (Some(LogicalType::Integer(it)), _) if it.is_signed => Some(Form::Integer),
            _ => None,
        },
        Physical::INT64 => match (logical, converted) {
            (None, ConvertedType::NONE | ConvertedType::INT_64) => Some(Form::Integer),
            (Some(LogicalType::Integer(it)), _) if it.is_signed => Some(Form::Integer),
            (Some(LogicalType::Timestamp(it)), _) => Some(Form::Time(match it.unit {
                TimeUnit::MILLIS => Unit::Millisecond,
                TimeUnit::MICROS => Unit::Microsecond,
                TimeUnit::NANOS => Unit::Nanosecond,
            })),
            (None, ConvertedType::TIMESTAMP_MILLIS) => Some(Form::Time(Unit::Millisecond)),
            (None, ConvertedType::TIMESTAMP_MICROS) => Some(Form::Time(Unit::Microsecond)),
            _ => None,
        },
        _ => None,
    };
    form.unwrap_or_else(|| Form::Other(leaf.physical_type().to_string()))
}

fn decimal_of(leaf: &ColumnDescriptor) -> Option<Form> {
    let (scale, precision) = match leaf.logical_type_ref() {
        Some(LogicalType::Decimal(it)) => (it.scale, it.precision),
        _ => (leaf.type_scale(), leaf.type_precision()),
    };
    let is_whole = matches!(
        leaf.physical_type(),
        Physical::INT32 | Physical::INT64 | Physical::BYTE_ARRAY | Physical::FIXED_LEN_BYTE_ARRAY
    );
    let can_be_read = is_whole && precision <= DIGITS_MAX && (0..=DIGITS_MAX).contains(&scale);
    can_be_read.then_some(Form::Decimal(scale))
}
