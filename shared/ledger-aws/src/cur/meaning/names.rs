//! Maps each column we read to its position in a file, for every known spelling.
//!
//! Exports 2.0 name columns `line_item_unblended_cost` and keep attributes and tags in maps. The cost
//! and usage reports before them name the same columns `lineItem/UnblendedCost`, and give each
//! attribute and each tag a column of its own; their Parquet form spells those as Athena does.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::cur::meaning::columns::{COUNT, Column};

/// The prefix of resource tags in the column `tags` of exports 2.0.
const RESOURCE_TAG: &str = "resourceTags/";
const COST_CATEGORY: &str = "costCategory/";

/// The map of exports 2.0 that has tags of resources alone.
const RESOURCE_TAGS: &str = "resource_tags";

/// The attributes of products that are read. Others have columns of their own in exports 2.0 too.
const ATTRIBUTES: [&str; 3] = ["model", "product_name", "provider"];

/// The positions of the columns we read in one file.
#[derive(Debug)]
pub(crate) struct ColumnMap {
    /// By [`Column`].
    positions: [Option<usize>; COUNT],
    /// Entries of maps that have columns of their own.
    entries: Vec<Entry>,
    /// The column of tags of resources, where it is all there is.
    resource_tags: Option<usize>,
    is_legacy: bool,
}

#[derive(Debug)]
struct Entry {
    map: Column,
    key: String,
    position: usize,
}

impl ColumnMap {
    /// Reads the names of a file's columns.
    pub(crate) fn new<'a>(names: impl Iterator<Item = &'a str> + Clone) -> ColumnMap {
        let is_legacy = names.clone().any(|it| snake(it) != it);
        let mut positions = [None; COUNT];
        let (mut entries, mut resource_tags) = (Vec::new(), None);
        for (position, name) in names.enumerate() {
            let name = snake(name);
            let column = Column::ALL.into_iter().find(|it| it.name() == name);
            if let Some(column) = column {
                if let Some(cell) = positions.get_mut(column as usize) {
                    cell.get_or_insert(position);
                }
            } else if name == RESOURCE_TAGS {
                resource_tags.get_or_insert(position);
            } else if let Some((map, key)) = entry_of(&name) {
                entries.push(Entry { map, key, position });
            }
        }
        // A map in one column holds all there is.
        entries.retain(|it| positions.get(it.map as usize).is_none_or(Option::is_none));
        let has_tags = positions.get(Column::Tags as usize).is_some_and(Option::is_some);
        ColumnMap {
            positions,
            entries,
            resource_tags: resource_tags.filter(|_| !has_tags),
            is_legacy,
        }
    }

    /// The position of a column.
    pub(crate) fn position(&self, column: Column) -> Option<usize> {
        self.positions.get(column as usize).copied().flatten()
    }

    /// Whether the file has a column in any form.
    pub(crate) fn has(&self, column: Column) -> bool {
        self.position(column).is_some() || self.is_apart(column)
    }

    /// Whether a map is put together from other columns.
    pub(crate) fn is_apart(&self, map: Column) -> bool {
        self.entries.iter().any(|it| it.map == map)
            || map == Column::Tags && self.resource_tags.is_some()
    }

    /// The positions of all parts of a column.
    pub(crate) fn positions(&self, column: Column) -> impl Iterator<Item = usize> {
        let entries = self.entries.iter().filter(move |it| it.map == column);
        let resource_tags = self.resource_tags.filter(|_| column == Column::Tags);
        self.position(column).into_iter().chain(resource_tags).chain(entries.map(|it| it.position))
    }

    /// Whether any of the names is one of an export or a report.
    pub(crate) fn is_known(&self) -> bool {
        self.positions.iter().any(Option::is_some)
    }

    /// Whether columns are named as before exports 2.0.
    pub(crate) fn is_legacy(&self) -> bool {
        self.is_legacy
    }

    /// A map that is put together from other columns, as the JSON that a column of its own would
    /// have; `cell` reads the text at a position.
    ///
    /// # Errors
    ///
    /// Those of `cell`.
    pub(crate) fn map<T: AsRef<str>, E>(
        &self,
        map: Column,
        cell: impl Fn(usize) -> Result<T, E>,
    ) -> Result<String, E> {
        let mut all: BTreeMap<String, serde_json::Value> = BTreeMap::new();
        if let Some(position) = self.resource_tags.filter(|_| map == Column::Tags) {
            let text = cell(position)?;
            let text = text.as_ref();
            let object = if text.is_empty() { "{}" } else { text };
            match serde_json::from_str::<BTreeMap<String, serde_json::Value>>(object) {
                Ok(tags) => all.extend(tags.into_iter().map(|(key, it)| (resource_tag(&key), it))),
                // The converter says what is wrong with it.
                Err(_) => return Ok(text.to_owned()),
            }
        }
        for entry in self.entries.iter().filter(|it| it.map == map) {
            let text = cell(entry.position)?;
            let text = text.as_ref();
            if !text.is_empty() {
                all.insert(entry.key.clone(), text.into());
            }
        }
        Ok(serde_json::Value::from_iter(all).to_string())
    }
}

/// A column's name as exports 2.0 spell it. What people name themselves stays as it is.
fn snake(name: &str) -> Cow<'_, str> {
    match name.split_once('/') {
        Some(("reservation", "ReservationARN")) => Column::ReservationArn.name().into(),
        Some(("resourceTags" | "costCategory", _)) | None => Cow::Borrowed(name),
        Some((category, rest)) => format!("{}_{}", snake_words(category), snake_words(rest)).into(),
    }
}

/// `lineItem` as `line_item`. A word begins with a capital letter; several are one word, up to the
/// last before a small letter, as in `SKUGroup`.
fn snake_words(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 8);
    let mut letters = name.chars().peekable();
    let mut before = '_';
    while let Some(letter) = letters.next() {
        let next_is_small = letters.peek().is_some_and(|it| it.is_lowercase());
        let begins_word = letter.is_uppercase() && (!before.is_uppercase() || next_is_small);
        if (begins_word || !letter.is_alphanumeric()) && before != '_' {
            snake.push('_');
        }
        before = if letter.is_alphanumeric() { letter } else { '_' };
        snake.extend(letter.to_lowercase().filter(|it| it.is_alphanumeric()));
    }
    snake
}

/// The map and the key that a separate column belongs to.
fn entry_of(name: &str) -> Option<(Column, String)> {
    if let Some(key) = name.strip_prefix(RESOURCE_TAG) {
        return Some((Column::Tags, resource_tag(key)));
    }
    if let Some(key) = name.strip_prefix("resource_tags_") {
        return Some((Column::Tags, resource_tag(key)));
    }
    if name.starts_with(COST_CATEGORY) {
        return Some((Column::Tags, name.to_owned()));
    }
    if let Some(key) = name.strip_prefix("cost_category_") {
        return Some((Column::Tags, format!("{COST_CATEGORY}{key}")));
    }
    let attribute = name.strip_prefix("product_").filter(|it| ATTRIBUTES.contains(it))?;
    Some((Column::Product, attribute.to_owned()))
}

/// The key of a resource's tag as the column `tags` has it: users' own keys without a mark, those of
/// AWS with theirs.
fn resource_tag(key: &str) -> String {
    let own = key.strip_prefix("user:").or_else(|| key.strip_prefix("user_"));
    match (own, key.strip_prefix("aws_")) {
        (Some(own), _) => format!("{RESOURCE_TAG}{own}"),
        (None, Some(aws)) => format!("{RESOURCE_TAG}aws:{aws}"),
        (None, None) => format!("{RESOURCE_TAG}{key}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(cells: &[(&str, &str)], map: Column) -> String {
        let layout = ColumnMap::new(cells.iter().map(|(name, _)| *name));
        let cell = |position: usize| Ok::<_, ()>(cells[position].1);
        layout.map(map, cell).unwrap()
    }

    #[test]
    fn every_column_has_its_legacy_name() {
        let names = [
            "bill/BillingEntity",
            "bill/BillingPeriodStartDate",
            "bill/PayerAccountId",
            "bill/InvoiceId",
            "lineItem/UsageAccountId",
            "lineItem/UsageStartDate",
            "lineItem/LineItemType",
            "lineItem/LineItemDescription",
            "lineItem/ProductCode",
            "lineItem/UsageType",
            "lineItem/UsageAmount",
            "lineItem/UnblendedCost",
            "lineItem/NetUnblendedCost",
            "lineItem/CurrencyCode",
            "lineItem/AvailabilityZone",
            "pricing/unit",
            "pricing/publicOnDemandCost",
            "product/productFamily",
            "product/regionCode",
            "product/ProductName",
            "resourceTags/user:team",
            "savingsPlan/SavingsPlanEffectiveCost",
            "savingsPlan/NetSavingsPlanEffectiveCost",
            "savingsPlan/TotalCommitmentToDate",
            "savingsPlan/UsedCommitment",
            "savingsPlan/RecurringCommitmentForBillingPeriod",
            "savingsPlan/NetRecurringCommitmentForBillingPeriod",
            "savingsPlan/AmortizedUpfrontCommitmentForBillingPeriod",
            "savingsPlan/NetAmortizedUpfrontCommitmentForBillingPeriod",
            "reservation/EffectiveCost",
            "reservation/NetEffectiveCost",
            "reservation/UnusedAmortizedUpfrontFeeForBillingPeriod",
            "reservation/NetUnusedAmortizedUpfrontFeeForBillingPeriod",
            "reservation/UnusedRecurringFee",
            "reservation/NetUnusedRecurringFee",
            "reservation/ReservationARN",
        ];
        let layout = ColumnMap::new(names.into_iter());
        assert!(layout.is_legacy() && layout.is_known());
        let missing: Vec<_> = Column::ALL.into_iter().filter(|it| !layout.has(*it)).collect();
        // Only exports 2.0 name callers.
        assert_eq!(missing, [Column::Principal]);
    }

    #[test]
    fn attributes_and_tags_of_their_own_columns_make_the_maps_of_exports_2_0() {
        let cells = [
            ("product/ProductName", "Amazon Bedrock"),
            ("product/provider", "Amazon"),
            ("product/vcpu", ""),
            ("resourceTags/aws:createdBy", "me"),
            ("resourceTags/user:Cost Centre", "CC-1"),
            ("costCategory/Team", "search"),
        ];
        assert_eq!(
            row(&cells, Column::Product),
            r#"{"product_name":"Amazon Bedrock","provider":"Amazon"}"#,
        );
        assert_eq!(
            row(&cells, Column::Tags),
            r#"{"costCategory/Team":"search","resourceTags/Cost Centre":"CC-1","resourceTags/aws:createdBy":"me"}"#,
        );
        let athena = [("resource_tags_user_team", "a\"b"), ("resource_tags_aws_created_by", "me")];
        assert_eq!(
            row(&athena, Column::Tags),
            r#"{"resourceTags/aws:created_by":"me","resourceTags/team":"a\"b"}"#,
        );
    }

    #[test]
    fn tags_of_resources_count_where_there_are_no_others() {
        let only = [("resource_tags", r#"{"user_team":"a","user:env":"b"}"#)];
        assert_eq!(row(&only, Column::Tags), r#"{"resourceTags/env":"b","resourceTags/team":"a"}"#,);
        let others = ["product_servicecode", "product_sku", "product_region_code"];
        assert!(!ColumnMap::new(others.into_iter()).is_apart(Column::Product));
        let both = ["tags", "resource_tags", "product", "product_provider", "product_region_code"];
        let layout = ColumnMap::new(both.into_iter());
        assert!(!layout.is_apart(Column::Tags) && !layout.is_apart(Column::Product));
        assert!(!layout.is_legacy());
    }
}
