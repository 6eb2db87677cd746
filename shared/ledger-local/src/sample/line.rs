//! One line of the sample bill, and the columns it is written in.

use std::borrow::Cow;
use std::rc::Rc;

use jiff::civil::Date;

use super::fixed::Fixed;

/// The payer account, which also runs production.
pub(super) const PAYER_ACCOUNT: &str = "123456789012";

/// A map column: prefixed keys, in the order they are written.
pub(super) type Attributes = Vec<(&'static str, Cow<'static, str>)>;

/// One charge of one day.
///
/// - **Shape:** one row as AWS writes it at daily granularity with caller identities on.
/// - **Range:** amounts and costs have at most fifteen significant digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub id: String,
    pub period: BillingPeriod,
    pub billing_entity: &'static str,
    pub invoice_id: Option<Rc<str>>,
    pub account: &'static str,
    pub start: Date,
    /// Exclusive.
    pub end: Date,
    pub line_type: &'static str,
    pub description: String,
    pub product_code: &'static str,
    pub usage_type: &'static str,
    pub operation: &'static str,
    pub resource_id: Option<Rc<str>>,
    pub amount: Fixed,
    pub unblended_cost: Fixed,
    pub net_unblended_cost: Fixed,
    pub principal: Option<Rc<str>>,
    pub pricing_unit: &'static str,
    pub public_cost: Option<Fixed>,
    pub product: Rc<Attributes>,
    pub product_family: &'static str,
    pub region: &'static str,
    pub tags: Rc<Attributes>,
    pub cost_category: Rc<Attributes>,
}

/// A calendar month, as a bill and a folder of the export.
///
/// **Shape:** the first day of the month and the first day of the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct BillingPeriod {
    pub start: Date,
    pub end: Date,
}

impl BillingPeriod {
    /// The month that `day` is in; `None` in the last month of the calendar.
    pub(super) fn of(day: Date) -> Option<BillingPeriod> {
        let start = day.first_of_month();
        let end = day.last_of_month().tomorrow().ok()?;
        Some(BillingPeriod { start, end })
    }

    /// As in the folder name: `2026-10`.
    pub(super) fn label(self) -> String {
        format!("{:04}-{:02}", self.start.year(), self.start.month())
    }
}

/// The value of a column for one line.
pub(super) enum Cell<'line> {
    Text(Option<Cow<'line, str>>),
    Midnight(Date),
    Number(Option<Fixed>),
    Map(&'line Attributes),
}

/// The type of a column, as Athena spells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ColumnType {
    Text,
    Timestamp,
    Double,
    Map,
}

impl ColumnType {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            ColumnType::Text => "string",
            ColumnType::Timestamp => "timestamp",
            ColumnType::Double => "double",
            ColumnType::Map => "map<string,string>",
        }
    }
}

/// One column of the export.
pub(super) struct Column {
    pub name: &'static str,
    pub kind: ColumnType,
    pub cell: for<'line> fn(&'line Line) -> Cell<'line>,
}

/// The columns of the export, in the order of its query.
///
/// **Source:** the CUR 2.0 table dictionary.
pub(super) static COLUMNS: &[Column] = &[
    text("identity_line_item_id", |line| some(&line.id)),
    text("identity_time_interval", |line| {
        Cell::Text(Some(Cow::Owned(format!("{}T00:00:00Z/{}T00:00:00Z", line.start, line.end))))
    }),
    text("bill_bill_type", |_| some("Anniversary")),
    text("bill_billing_entity", |line| some(line.billing_entity)),
    timestamp("bill_billing_period_start_date", |line| Cell::Midnight(line.period.start)),
    timestamp("bill_billing_period_end_date", |line| Cell::Midnight(line.period.end)),
    text("bill_invoice_id", |line| maybe(line.invoice_id.as_deref())),
    text("bill_payer_account_id", |_| some(PAYER_ACCOUNT)),
    text("line_item_usage_account_id", |line| some(line.account)),
    timestamp("line_item_usage_start_date", |line| Cell::Midnight(line.start)),
    timestamp("line_item_usage_end_date", |line| Cell::Midnight(line.end)),
    text("line_item_line_item_type", |line| some(line.line_type)),
    text("line_item_line_item_description", |line| some(&line.description)),
    text("line_item_product_code", |line| some(line.product_code)),
    text("line_item_usage_type", |line| some(line.usage_type)),
    text("line_item_operation", |line| some(line.operation)),
    text("line_item_resource_id", |line| maybe(line.resource_id.as_deref())),
    double("line_item_usage_amount", |line| Cell::Number(Some(line.amount))),
    double("line_item_unblended_cost", |line| Cell::Number(Some(line.unblended_cost))),
    double("line_item_net_unblended_cost", |line| Cell::Number(Some(line.net_unblended_cost))),
    text("line_item_currency_code", |_| some("USD")),
    text("line_item_legal_entity", |_| some("Amazon Web Services, Inc.")),
    text("line_item_iam_principal", |line| maybe(line.principal.as_deref())),
    text("pricing_unit", |line| some(line.pricing_unit)),
    double("pricing_public_on_demand_cost", |line| Cell::Number(line.public_cost)),
    map("product", |line| Cell::Map(&line.product)),
    text("product_product_family", |line| some(line.product_family)),
    text("product_region_code", |line| some(line.region)),
    map("tags", |line| Cell::Map(&line.tags)),
    map("cost_category", |line| Cell::Map(&line.cost_category)),
    double("discount_total_discount", |line| Cell::Number(discount(line))),
];

/// The discount of a private pricing agreement, below zero; `None` where there is none.
fn discount(line: &Line) -> Option<Fixed> {
    let discount = line.net_unblended_cost.minus(line.unblended_cost);
    (discount != Fixed::ZERO).then_some(discount)
}

/// A text; null if empty, as AWS leaves such a field.
fn some(text: &str) -> Cell<'_> {
    maybe(Some(text))
}

fn maybe(text: Option<&str>) -> Cell<'_> {
    Cell::Text(text.filter(|it| !it.is_empty()).map(Cow::Borrowed))
}

const fn text(name: &'static str, cell: for<'line> fn(&'line Line) -> Cell<'line>) -> Column {
    Column { name, kind: ColumnType::Text, cell }
}

const fn timestamp(name: &'static str, cell: for<'line> fn(&'line Line) -> Cell<'line>) -> Column {
    Column { name, kind: ColumnType::Timestamp, cell }
}

const fn double(name: &'static str, cell: for<'line> fn(&'line Line) -> Cell<'line>) -> Column {
    Column { name, kind: ColumnType::Double, cell }
}

const fn map(name: &'static str, cell: for<'line> fn(&'line Line) -> Cell<'line>) -> Column {
    Column { name, kind: ColumnType::Map, cell }
}
