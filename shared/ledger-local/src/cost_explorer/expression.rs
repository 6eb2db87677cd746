//! Filters: from the wire into a checked [`Filter`], and the question whether it takes a line.

use std::collections::BTreeSet;

use super::CostLine;
use super::error::StandInError;
use super::wire::{Expression, KeyValues};

/// The dimensions that may filter a cost query, as the API reference lists them.
const FILTER_DIMENSIONS: [&str; 27] = [
    "AGREEMENT_END_DATE_TIME_AFTER",
    "AGREEMENT_END_DATE_TIME_BEFORE",
    "AZ",
    "BILLING_ENTITY",
    "CACHE_ENGINE",
    "DATABASE_ENGINE",
    "DEPLOYMENT_OPTION",
    "INSTANCE_TYPE",
    "INSTANCE_TYPE_FAMILY",
    "INVOICING_ENTITY",
    "LEGAL_ENTITY_NAME",
    "LINKED_ACCOUNT",
    "OPERATING_SYSTEM",
    "OPERATION",
    "PAYMENT_OPTION",
    "PLATFORM",
    "PURCHASE_TYPE",
    "RECORD_TYPE",
    "REGION",
    "RESERVATION_ID",
    "RESOURCE_ID",
    "SAVINGS_PLANS_TYPE",
    "SAVINGS_PLAN_ARN",
    "SERVICE",
    "TENANCY",
    "USAGE_TYPE",
    "USAGE_TYPE_GROUP",
];

/// The dimensions that may group a cost query, as the API reference lists them.
const GROUP_DIMENSIONS: [&str; 12] = [
    "AZ",
    "INSTANCE_TYPE",
    "LINKED_ACCOUNT",
    "OPERATION",
    "PURCHASE_TYPE",
    "SERVICE",
    "USAGE_TYPE",
    "PLATFORM",
    "TENANCY",
    "RECORD_TYPE",
    "LEGAL_ENTITY_NAME",
    "INVOICING_ENTITY",
];

const ROOTS: &str = "Expression has zero or more than one roots. Only one root operator is allowed for each expression: \"and\", \"or\", \"not\", \"tag\" or \"dimensionValue\"";

/// A property of a charge that AWS knows by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Dimension {
    Service,
    UsageType,
    LinkedAccount,
    Operation,
    RecordType,
    Region,
    BillingEntity,
    /// A dimension of AWS that a [`CostLine`] does not carry: no line has a value for it.
    Unkept(&'static str),
}

impl Dimension {
    /// Reads a dimension that may filter a cost query.
    pub fn parse_filter(name: &str) -> Result<Self, StandInError> {
        Self::parse(name, &FILTER_DIMENSIONS, "Dimension not valid.")
    }

    /// Reads a dimension that may group a cost query.
    pub fn parse_group(name: &str) -> Result<Self, StandInError> {
        Self::parse(name, &GROUP_DIMENSIONS, "Group Definition dimension is invalid.")
    }

    fn parse(name: &str, allowed: &[&'static str], complaint: &str) -> Result<Self, StandInError> {
        let known = allowed.iter().find(|it| **it == name).ok_or_else(|| {
            StandInError::invalid(format!("{complaint} Valid values are {}", allowed.join(", ")))
        })?;
        Ok(match *known {
            "SERVICE" => Self::Service,
            "USAGE_TYPE" => Self::UsageType,
            "LINKED_ACCOUNT" => Self::LinkedAccount,
            "OPERATION" => Self::Operation,
            "RECORD_TYPE" => Self::RecordType,
            "REGION" => Self::Region,
            "BILLING_ENTITY" => Self::BillingEntity,
            unkept => Self::Unkept(unkept),
        })
    }

    /// The value of a line, or `No` and the dimension's name where it has none: `NoOperation`.
    pub fn value_of(&self, line: &CostLine) -> String {
        let (value, name) = match self {
            Self::Service => (&line.service, "SERVICE"),
            Self::UsageType => (&line.usage_type, "USAGE_TYPE"),
            Self::LinkedAccount => (&line.account, "LINKED_ACCOUNT"),
            Self::Operation => (&line.operation, "OPERATION"),
            Self::RecordType => (&line.record_type, "RECORD_TYPE"),
            Self::Region => (&line.region, "REGION"),
            Self::BillingEntity => (&line.billing_entity, "BILLING_ENTITY"),
            Self::Unkept(name) => return no_value(name),
        };
        if value.is_empty() { no_value(name) } else { value.clone() }
    }
}

/// `INSTANCE_TYPE` becomes `NoInstanceType`; `AZ` is an abbreviation and stays `NoAZ`.
fn no_value(name: &str) -> String {
    if name == "AZ" {
        return "NoAZ".to_owned();
    }
    let words = name.split('_').map(|word| {
        let mut letters = word.chars();
        let first = letters.next().map(String::from).unwrap_or_default();
        first + &letters.as_str().to_lowercase()
    });
    std::iter::once("No".to_owned()).chain(words).collect()
}

/// Where a label of a line comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LabelKind {
    Tag,
    /// A bill carries no cost categories: each key is without a value on every line.
    CostCategory,
    ProductAttribute,
}

impl LabelKind {
    /// The value of a line, empty where it has none: AWS does not tell the two apart.
    pub fn value_of<'a>(self, line: &'a CostLine, key: &str) -> &'a str {
        let labels = match self {
            Self::Tag => &line.tags,
            Self::CostCategory => return "",
            Self::ProductAttribute => &line.product_attributes,
        };
        labels.get(key).map_or("", String::as_str)
    }

    /// The keys a line has a value for.
    pub fn keys_of(self, line: &CostLine) -> impl Iterator<Item = &String> {
        let labels = match self {
            Self::Tag => Some(&line.tags),
            Self::CostCategory => None,
            Self::ProductAttribute => Some(&line.product_attributes),
        };
        labels.into_iter().flatten().filter(|(_, value)| !value.is_empty()).map(|(key, _)| key)
    }

    fn has_none(self, line: &CostLine) -> bool {
        self.keys_of(line).next().is_none()
    }
}

/// Whether a service has product attributes: Amazon Bedrock, under any of the names it is billed
/// with, such as `Claude Sonnet 5 (Amazon Bedrock Edition)`.
pub(super) fn has_product_attributes(service: &str) -> bool {
    service.contains("Bedrock")
}

/// A filter that was checked.
#[derive(Clone, Debug)]
pub(super) enum Filter {
    And(Vec<Filter>),
    Or(Vec<Filter>),
    Not(Box<Filter>),
    Dimension {
        dimension: Dimension,
        values: BTreeSet<String>,
    },
    Label {
        kind: LabelKind,
        key: String,
        values: BTreeSet<String>,
    },
    /// No value for the key, or, without a key, no value at all.
    Absent {
        kind: LabelKind,
        key: Option<String>,
    },
}

impl Filter {
    /// Checks a filter as AWS does.
    pub fn parse(expression: &Expression) -> Result<Self, StandInError> {
        let filter = Self::parse_operator(expression)?;
        filter.check_services()?;
        Ok(filter)
    }

    /// Whether a line passes.
    pub fn takes(&self, line: &CostLine) -> bool {
        match self {
            Self::And(members) => members.iter().all(|it| it.takes(line)),
            Self::Or(members) => members.iter().any(|it| it.takes(line)),
            Self::Not(member) => !member.takes(line),
            Self::Dimension { dimension, values } => values.contains(&dimension.value_of(line)),
            Self::Label { kind, key, values } => values.contains(kind.value_of(line, key)),
            Self::Absent { kind, key: Some(key) } => kind.value_of(line, key).is_empty(),
            Self::Absent { kind, key: None } => kind.has_none(line),
        }
    }

    /// Whether product attributes occur anywhere.
    pub fn names_product_attributes(&self) -> bool {
        self.any(&|it| {
            matches!(
                it,
                Self::Label { kind: LabelKind::ProductAttribute, .. }
                    | Self::Absent { kind: LabelKind::ProductAttribute, .. }
            )
        })
    }

    /// Whether a `SERVICE` filter holds for the whole request: in a member of every `And`, in each
    /// member of every `Or`, never below `Not`.
    pub fn binds_service(&self) -> bool {
        match self {
            Self::And(members) => members.iter().any(Self::binds_service),
            Self::Or(members) => members.iter().all(Self::binds_service),
            Self::Dimension { dimension, .. } => *dimension == Dimension::Service,
            Self::Not(_) | Self::Label { .. } | Self::Absent { .. } => false,
        }
    }

    /// The rules for a `SERVICE` filter in a request with product attributes.
    ///
    /// A request that only groups by product attributes calls this itself, through
    /// [`Filter::check_services_for_product_attributes`].
    fn check_services(&self) -> Result<(), StandInError> {
        if self.names_product_attributes() {
            self.check_services_for_product_attributes()
        } else {
            Ok(())
        }
    }

    /// Refuses a `SERVICE` filter with services that have no product attributes, and one that does
    /// not hold for the whole request.
    pub fn check_services_for_product_attributes(&self) -> Result<(), StandInError> {
        let names_service =
            |it: &Self| matches!(it, Self::Dimension { dimension: Dimension::Service, .. });
        let names_other_service = |it: &Self| match it {
            Self::Dimension { dimension: Dimension::Service, values } => {
                !values.iter().all(|service| has_product_attributes(service))
            }
            _ => false,
        };
        let negates_service =
            |it: &Self| matches!(it, Self::Not(member) if member.any(&names_service));
        if self.any(&names_other_service) {
            return Err(StandInError::invalid(
                "A SERVICE filter in a request with product attributes must contain only supported services",
            ));
        }
        if self.any(&names_service) && (self.any(&negates_service) || !self.binds_service()) {
            return Err(StandInError::invalid(
                "A SERVICE filter in a request with product attributes must apply to the whole request",
            ));
        }
        Ok(())
    }

    fn any(&self, test: &dyn Fn(&Self) -> bool) -> bool {
        test(self)
            || match self {
                Self::And(members) | Self::Or(members) => members.iter().any(|it| it.any(test)),
                Self::Not(member) => member.any(test),
                Self::Dimension { .. } | Self::Label { .. } | Self::Absent { .. } => false,
            }
    }

    fn parse_operator(expression: &Expression) -> Result<Self, StandInError> {
        let Expression { and, or, not, dimensions, tags, cost_categories, product_attributes } =
            expression;
        match (and, or, not, dimensions, tags, cost_categories, product_attributes) {
            (Some(members), None, None, None, None, None, None) => {
                Ok(Self::And(Self::parse_members("And", members)?))
            }
            (None, Some(members), None, None, None, None, None) => {
                Ok(Self::Or(Self::parse_members("Or", members)?))
            }
            (None, None, Some(member), None, None, None, None) => {
                Ok(Self::Not(Box::new(Self::parse_operator(member)?)))
            }
            (None, None, None, Some(it), None, None, None) => Self::parse_dimension(it),
            (None, None, None, None, Some(it), None, None) => Self::parse_label(LabelKind::Tag, it),
            (None, None, None, None, None, Some(it), None) => {
                Self::parse_label(LabelKind::CostCategory, it)
            }
            (None, None, None, None, None, None, Some(it)) => {
                Self::parse_label(LabelKind::ProductAttribute, it)
            }
            _ => Err(StandInError::invalid(ROOTS)),
        }
    }

    fn parse_members(operator: &str, members: &[Expression]) -> Result<Vec<Self>, StandInError> {
        if members.len() < 2 {
            return Err(StandInError::invalid(format!(
                "{operator} expression must have at least 2 operands"
            )));
        }
        members.iter().map(Self::parse_operator).collect()
    }

    fn parse_dimension(sent: &KeyValues) -> Result<Self, StandInError> {
        let key = sent.key.as_deref().unwrap_or_default();
        let dimension = Dimension::parse_filter(key)?;
        if asks_absent(sent)? {
            return Err(StandInError::invalid(
                "Match option ABSENT is not supported for dimensions. Valid values are EQUALS, CASE_SENSITIVE",
            ));
        }
        Ok(Self::Dimension { dimension, values: values_of(sent)? })
    }

    fn parse_label(kind: LabelKind, sent: &KeyValues) -> Result<Self, StandInError> {
        let key = sent.key.clone().filter(|key| !key.is_empty());
        let has_values = sent.values.as_ref().is_some_and(|it| !it.is_empty());
        // Tags and cost categories without values mean ABSENT; product attributes must say so.
        let is_absent = asks_absent(sent)?
            || (!has_values && sent.match_options.is_none() && kind != LabelKind::ProductAttribute);
        if kind == LabelKind::ProductAttribute && key.is_none() {
            return Err(StandInError::missing("filter.productAttributes.key"));
        }
        match (is_absent, has_values, key) {
            (true, true, _) => {
                Err(StandInError::invalid("Values must not be set with match option ABSENT"))
            }
            (true, false, key) => Ok(Self::Absent { kind, key }),
            (false, _, Some(key)) => Ok(Self::Label { kind, key, values: values_of(sent)? }),
            (false, _, None) => {
                Err(StandInError::invalid("Filter key must be set to a non-empty value."))
            }
        }
    }
}

fn values_of(sent: &KeyValues) -> Result<BTreeSet<String>, StandInError> {
    match &sent.values {
        Some(values) if !values.is_empty() => Ok(values.iter().cloned().collect()),
        _ => Err(StandInError::invalid("Filter values must not be empty.")),
    }
}

/// Reads the match options of a cost query. Both defaults mean the same: equal, case included.
fn asks_absent(sent: &KeyValues) -> Result<bool, StandInError> {
    let options = sent.match_options.as_deref().unwrap_or_default();
    if let Some(unknown) =
        options.iter().find(|it| !["EQUALS", "CASE_SENSITIVE", "ABSENT"].contains(&it.as_str()))
    {
        return Err(StandInError::invalid(format!(
            "Match option {unknown} is not supported. Valid values are EQUALS, ABSENT, CASE_SENSITIVE"
        )));
    }
    let is_absent = options.iter().any(|it| it == "ABSENT");
    if is_absent && options.iter().any(|it| it == "EQUALS") {
        return Err(StandInError::invalid(
            "Match options EQUALS and ABSENT must not be used together",
        ));
    }
    Ok(is_absent)
}
