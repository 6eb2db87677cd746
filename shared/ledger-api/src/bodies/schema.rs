//! Schemas of values, for the OpenAPI document.

use utoipa::openapi::schema::{Schema, SchemaType, Type};
use utoipa::openapi::{ObjectBuilder, RefOr};

/// The schema of a text that is one of some words.
pub(crate) fn words<'a>(words: impl Iterator<Item = &'a str>, about: &str) -> RefOr<Schema> {
    text().enum_values(Some(words)).description(Some(about)).build().into()
}

/// The schema of a text of a form.
pub(crate) fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::new(Type::String))
}
