//! Groups as line items: the fields that their rows share, read once.

use std::sync::Arc;

use ledger_core::aws::line_type::category_of;
use ledger_core::cost::CostKind;
use ledger_core::day_sum::DaySum;
use ledger_core::line_item::{LineItem, Provenance, Tags};
use ledger_core::money::{Money, MoneyError};
use ledger_core::quantity::Quantity;
use ledger_core::usage::Usage;

use crate::cur::groups::catalog::{Catalog, set};
use crate::cur::groups::ids::{EMPTY, Id, Sets, parts};
use crate::cur::groups::key::{GroupKey, Map, OTHER};
use crate::cur::meaning::columns::{CALLER_COLUMNS, COUNT, Column, PRODUCT_COLUMNS};
use crate::cur::meaning::line::{Converter, Shared, SharedFields};
use crate::cur::meaning::row::{Problem, RawLine};

/// Makes the line items of one file's groups.
pub(super) struct LineItems<'a> {
    catalog: &'a Catalog,
    file: &'a Arc<str>,
    /// Sets of entries as text, each made once.
    tags: Map<Id, Arc<Tags>>,
    attributes: Map<Id, Arc<Tags>>,
    /// The line item before: it often differs in its type alone.
    before: Option<(GroupKey, LineItem)>,
}

impl<'a> LineItems<'a> {
    pub(super) fn new(catalog: &'a Catalog, file: &'a Arc<str>) -> LineItems<'a> {
        LineItems { catalog, file, tags: Map::default(), attributes: Map::default(), before: None }
    }

    /// The fields that a group's lines share, with the day and the amounts of its first sum.
    pub(super) fn of(
        &mut self,
        key: GroupKey,
        sums: &[DaySum],
        converter: &mut Converter,
    ) -> Result<LineItem, Problem> {
        let is_alike = |(before, _): &(GroupKey, LineItem)| before.differs_in_type_alone(&key);
        if let Some((_, line)) = self.before.take().filter(is_alike) {
            let line = self.of_another_type(line, key, sums)?;
            self.before = Some((key, line.clone()));
            return Ok(line);
        }
        let SharedFields { line, faults, .. } = self.made(key, sums, converter)?;
        if faults.is_empty() {
            self.before = Some((key, line.clone()));
        } else {
            // Such lines are counted group by group.
            let mut cost = Money::zero(line.costs.currency());
            for sum in sums {
                let costs = sum.costs(cost.currency()).map_err(too_much)?;
                cost = cost.checked_add(costs.of(CostKind::Unblended)).map_err(too_much)?;
            }
            let line_count = sums.iter().map(DaySum::line_count).sum();
            converter.faults.count(&faults, (line_count, cost), &line.provenance);
        }
        Ok(line)
    }

    fn made(
        &mut self,
        key: GroupKey,
        sums: &[DaySum],
        converter: &mut Converter,
    ) -> Result<SharedFields, Problem> {
        let catalog = self.catalog;
        let first = sums.first().ok_or_else(unknown)?;
        let bill_month = catalog.bill_months.value(key.bill_month).ok_or_else(unknown)?;
        let (day, period) = (first.day().to_string(), bill_month.period.first_day().to_string());
        let mut raw = RawLine([None; COUNT]);
        let cells = [
            (Column::UsageStart, day.as_str()),
            (Column::PeriodStart, period.as_str()),
            (Column::Payer, catalog.texts.get(bill_month.payer)),
            (Column::Currency, catalog.texts.get(bill_month.currency)),
        ];
        set(&mut raw, catalog.present, cells.into_iter());
        let (mut attributes, mut tags) = (EMPTY, EMPTY);
        if key.product != OTHER {
            let product = catalog.products.value(key.product).ok_or_else(unknown)?;
            let (of_caller, caller_tags) =
                *catalog.callers.value(key.caller).ok_or_else(unknown)?;
            let of_product = product.key.0;
            (attributes, tags) = (product.key.1, caller_tags);
            let ids = PRODUCT_COLUMNS.into_iter().zip(of_product);
            let ids = ids.chain(CALLER_COLUMNS.into_iter().zip(of_caller));
            let ids = ids.chain([(Column::LineType, key.line_type)]);
            let cells = ids.map(|(column, id)| (column, catalog.texts.get(id)));
            set(&mut raw, catalog.present, cells);
        }
        let attributes = entries(catalog, &catalog.attributes, attributes, &mut self.attributes)?;
        let costs = first.costs(bill_month.currency_read.ok_or_else(unknown)?);
        let shared = Shared {
            raw: &raw,
            product: &attributes,
            tags: Some(entries(catalog, &catalog.tags, tags, &mut self.tags)?),
            costs: costs.map_err(too_much)?,
        };
        let provenance = Provenance { file: Arc::clone(self.file), line: first_line(sums)? };
        let mut made = converter.shared(&shared, &provenance)?;
        if made.is_ai != (key.product != OTHER) {
            return Err(unknown());
        }
        made.line.quantity = quantity(first)?;
        made.line.usage.tokens = first.tokens();
        Ok(made)
    }

    /// As [`LineItems::made`], from a line item that differs in its type alone.
    fn of_another_type(
        &self,
        line: LineItem,
        key: GroupKey,
        sums: &[DaySum],
    ) -> Result<LineItem, Problem> {
        let first = sums.first().ok_or_else(unknown)?;
        let bill_month = self.catalog.bill_months.value(key.bill_month).ok_or_else(unknown)?;
        let costs = first.costs(bill_month.currency_read.ok_or_else(unknown)?);
        let line_type = self.catalog.texts.shared(key.line_type).ok_or_else(unknown)?;
        Ok(LineItem {
            line_type: Arc::clone(line_type),
            category: category_of(line_type),
            day: first.day(),
            quantity: quantity(first)?,
            usage: Usage { tokens: first.tokens(), ..line.usage },
            costs: costs.map_err(too_much)?,
            provenance: Provenance { line: first_line(sums)?, ..line.provenance },
            ..line
        })
    }
}

/// A group without a sum, or whose key names something that is not in the catalog: neither can be.
pub(super) fn unknown() -> Problem {
    (Column::UsageType, "a group of lines is of no known kind".to_owned())
}

fn too_much(error: MoneyError) -> Problem {
    (Column::Unblended, error.to_string())
}

fn quantity(sum: &DaySum) -> Result<Option<Quantity>, Problem> {
    sum.quantity().map_err(|it| (Column::Amount, it.to_string()))
}

fn first_line(sums: &[DaySum]) -> Result<u64, Problem> {
    sums.iter().map(DaySum::first_line).min().ok_or_else(unknown)
}

/// A set of entries as text.
fn entries(
    catalog: &Catalog,
    sets: &Sets,
    id: Id,
    made: &mut Map<Id, Arc<Tags>>,
) -> Result<Arc<Tags>, Problem> {
    if let Some(known) = made.get(&id) {
        return Ok(Arc::clone(known));
    }
    let text = |id| catalog.texts.shared(id).map(Arc::clone).ok_or_else(unknown);
    let mut tags = Tags::new();
    for (key, value) in sets.get(id).ok_or_else(unknown)?.iter().map(|it| parts(*it)) {
        tags.insert(text(key)?, text(value)?);
    }
    let tags = Arc::new(tags);
    made.insert(id, Arc::clone(&tags));
    Ok(tags)
}
