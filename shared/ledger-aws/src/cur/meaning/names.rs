//! Maps each column we read to its position in a file, for every known spelling.
//!
//! Exports 2.0 name columns `line_item_unblended_cost` and keep attributes and tags in maps. The cost
//! and usage reports before them name the same columns `lineItem/UnblendedCost`, and give each
//! attribute and each tag a column of its own. Databases and data frames write the names of either in
//! small or capital letters, with or without what is between the words, so that letters and digits
//! alone decide: `LINE_ITEM_UNBLENDED_COST`, `lineitem_unblendedcost`.

use std::collections::BTreeMap;

use crate::cur::meaning::columns::{COUNT, Column};
use crate::cur::meaning::faults::Fault;
use crate::cur::meaning::map_text;
use crate::cur::meaning::row::is_null;

/// The prefix of resource tags in the column `tags` of exports 2.0.
const RESOURCE_TAG: &str = "resourceTags/";
const COST_CATEGORY: &str = "costCategory/";
const PRINCIPAL_TAG: &str = "iamPrincipal/";
const ACCOUNT_TAG: &str = "accountTag/";

/// The maps of exports 2.0 that have tags of resources and cost categories alone, with the prefix of
/// their keys in the column `tags`.
const PARTS_OF_TAGS: [(&str, &str); 2] =
    [("resource_tags", RESOURCE_TAG), ("cost_category", COST_CATEGORY)];

/// The attributes of products that are read. Others have columns of their own in exports 2.0 too.
const ATTRIBUTES: [&str; 3] = ["model", "product_name", "provider"];

/// The positions of the columns we read in one file.
#[derive(Debug)]
pub(crate) struct ColumnMap {
    /// By [`Column`].
    positions: [Option<usize>; COUNT],
    /// Entries of maps that have columns of their own.
    entries: Vec<Entry>,
    /// The positions of [`PARTS_OF_TAGS`], where there is no column of all tags.
    parts_of_tags: [Option<usize>; PARTS_OF_TAGS.len()],
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
        let mut positions = [None; COUNT];
        let (mut entries, mut parts_of_tags) = (Vec::new(), [None; PARTS_OF_TAGS.len()]);
        let mut is_legacy = false;
        for (position, name) in names.enumerate() {
            let column = Column::ALL.into_iter().find(|it| is_spelling(name, it.name()));
            let part = PARTS_OF_TAGS.iter().position(|it| is_spelling(name, it.0));
            if let Some(cell) = column.and_then(|it| positions.get_mut(it as usize)) {
                cell.get_or_insert(position);
                is_legacy |= name.contains('/');
            } else if let Some(cell) = part.and_then(|it| parts_of_tags.get_mut(it)) {
                cell.get_or_insert(position);
            } else if let Some((map, key)) = entry_of(name) {
                entries.push(Entry { map, key, position });
            }
        }
        // A map in one column holds all there is.
        entries.retain(|it| positions.get(it.map as usize).is_none_or(Option::is_none));
        if positions.get(Column::Tags as usize).is_some_and(Option::is_some) {
            parts_of_tags = [None; PARTS_OF_TAGS.len()];
        }
        ColumnMap { positions, entries, parts_of_tags, is_legacy }
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
            || map == Column::Tags && self.parts_of_tags.iter().any(Option::is_some)
    }

    /// The positions of all parts of a column.
    pub(crate) fn positions(&self, column: Column) -> impl Iterator<Item = usize> {
        let entries = self.entries.iter().filter(move |it| it.map == column);
        let parts = self.parts_of_tags.iter().flatten().filter(move |_| column == Column::Tags);
        let parts = parts.copied().chain(entries.map(|it| it.position));
        self.position(column).into_iter().chain(parts)
    }

    /// The number of columns that are one of an export or a report.
    pub(crate) fn known_count(&self) -> usize {
        self.positions.iter().flatten().count()
    }

    /// Whether columns are named as before exports 2.0.
    pub(crate) fn is_legacy(&self) -> bool {
        self.is_legacy
    }

    /// A map that is put together from other columns, as the JSON that a column of its own would
    /// have, and why a part of it cannot be read; `cell` reads the text at a position.
    pub(crate) fn map<T: AsRef<str>>(
        &self,
        map: Column,
        cell: impl Fn(usize) -> Result<T, Fault>,
    ) -> (String, Option<Fault>) {
        let mut all: BTreeMap<String, String> = BTreeMap::new();
        let mut unread = None;
        let parts = self.parts_of_tags.iter().zip(PARTS_OF_TAGS).filter(|_| map == Column::Tags);
        for (position, (_, prefix)) in parts {
            let Some(position) = *position else { continue };
            match cell(position).and_then(|it| map_text::entries(it.as_ref())) {
                Ok(entries) => {
                    all.extend(entries.into_iter().map(|(key, it)| (tag(prefix, &key), it)));
                }
                Err(fault) => unread = Some(fault),
            }
        }
        for entry in self.entries.iter().filter(|it| it.map == map) {
            match cell(entry.position) {
                Ok(text) if is_no_tag(text.as_ref()) => {}
                Ok(text) => drop(all.insert(entry.key.clone(), text.as_ref().to_owned())),
                Err(fault) => unread = Some(fault),
            }
        }
        (serde_json::Value::from_iter(all).to_string(), unread)
    }
}

/// Whether the cell of a tag is empty. People write `None` and `null` as values of tags: with them a
/// charge has an owner.
fn is_no_tag(text: &str) -> bool {
    is_null(text) && !matches!(text, "None" | "null" | "undefined")
}

/// Whether a name is that of a column, in any spelling.
fn is_spelling(name: &str, column: &str) -> bool {
    let letters = |it: &str| -> String {
        it.chars().filter(|it| it.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    letters(name) == letters(column)
}

/// Prefixes of the columns that hold one tag each, in small letters, with that of the key.
const ENTRIES_OF_TAGS: [(&str, &str); 15] = [
    ("iamprincipal/", PRINCIPAL_TAG),
    ("iam_principal_", PRINCIPAL_TAG),
    ("iamprincipal_", PRINCIPAL_TAG),
    ("iam_principal.", PRINCIPAL_TAG),
    ("accounttag/", ACCOUNT_TAG),
    ("account_tag_", ACCOUNT_TAG),
    ("resourcetags/", RESOURCE_TAG),
    ("resource_tags_", RESOURCE_TAG),
    ("resourcetags_", RESOURCE_TAG),
    ("resource_tags.", RESOURCE_TAG),
    ("costcategory/", COST_CATEGORY),
    ("cost_category_", COST_CATEGORY),
    ("costcategory_", COST_CATEGORY),
    ("cost_category.", COST_CATEGORY),
    ("tags.", ""),
];

/// The map and the key that a separate column belongs to.
fn entry_of(name: &str) -> Option<(Column, String)> {
    let small = name.to_ascii_lowercase();
    for (start, prefix) in ENTRIES_OF_TAGS {
        if small.starts_with(start) {
            // Databases that write all names in capitals have lost those of the key.
            let has_small = name.bytes().any(|it| it.is_ascii_lowercase());
            let key = if has_small { name } else { &small }.get(start.len()..)?;
            return Some((Column::Tags, tag(prefix, key)));
        }
    }
    let attribute =
        ATTRIBUTES.into_iter().find(|it| is_spelling(name, &format!("product_{it}")))?;
    Some((Column::Product, attribute.to_owned()))
}

/// The key of a tag as the column `tags` has it.
fn tag(prefix: &str, key: &str) -> String {
    match prefix {
        RESOURCE_TAG => resource_tag(key),
        _ => format!("{prefix}{key}"),
    }
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
        let (text, fault) = layout.map(map, |position| Ok(cells[position].1));
        assert_eq!(fault, None);
        text
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
        assert!(layout.is_legacy());
        let missing: Vec<_> = Column::ALL.into_iter().filter(|it| !layout.has(*it)).collect();
        // Only exports 2.0 name callers.
        assert_eq!(missing, [Column::Principal]);
    }

    #[test]
    fn a_column_is_known_in_the_spelling_of_any_tool() {
        for name in [
            "LINE_ITEM_UNBLENDED_COST",
            "lineitem_unblendedcost",
            "lineItem/UnblendedCost",
            "lineitem/unblendedcost",
            "Line Item Unblended Cost",
            "\u{feff}line_item_unblended_cost",
            "\"line_item_unblended_cost\"",
            "line-item-unblended-cost",
        ] {
            let layout = ColumnMap::new([name].into_iter());
            assert!(layout.has(Column::Unblended), "{name}");
            assert_eq!(layout.is_legacy(), name.contains('/'));
        }
        let cells = [
            ("RESOURCE_TAGS_USER_TEAM", "a"),
            ("costcategory_Unit", "b"),
            ("tags.iamPrincipal/team", "c"),
            ("PRODUCT_PRODUCT_NAME", "d"),
        ];
        assert_eq!(
            row(&cells, Column::Tags),
            r#"{"costCategory/Unit":"b","iamPrincipal/team":"c","resourceTags/team":"a"}"#,
        );
        assert_eq!(row(&cells, Column::Product), r#"{"product_name":"d"}"#);
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
        let parts = [("cost_category", "{Team=a}"), ("RESOURCE_TAGS", "[('user_env', 'b')]")];
        assert_eq!(
            row(&parts, Column::Tags),
            r#"{"costCategory/Team":"a","resourceTags/env":"b"}"#,
        );
        let others = ["product_servicecode", "product_sku", "product_region_code"];
        assert!(!ColumnMap::new(others.into_iter()).is_apart(Column::Product));
        let both = ["tags", "resource_tags", "product", "product_provider", "product_region_code"];
        let layout = ColumnMap::new(both.into_iter());
        assert!(!layout.is_apart(Column::Tags) && !layout.is_apart(Column::Product));
        assert!(!layout.is_legacy());
    }
}
