//! Rollups read from items.

use std::sync::Arc;

use aws_sdk_dynamodb::types::AttributeValue;
use ledger_app::ports::StoreError;
use ledger_core::bill_text::BillText;
use ledger_core::business::{BusinessField, BusinessKey};
use ledger_core::category::ChargeCategory;
use ledger_core::cost::{CostKind, Costs};
use ledger_core::currency::Currency;
use ledger_core::fact::{ChargeKey, DetailKey};
use ledger_core::line_item::Provenance;
use ledger_core::meter::Meter;
use ledger_core::money::{Money, MoneyError};
use ledger_core::owner::Owner;
use ledger_core::position::{AllocationId, EntryKind, PositionKey, SummaryKey};
use ledger_core::quantity::Quantity;
use ledger_core::rollup::{Measures, Position, Rollup, Summary};
use ledger_core::source::Provider;
use ledger_core::usage::UsageAxes;
use ledger_core::word::Word;

use super::axes::axes_of;
use super::packing::unpacked;
use super::{column_of, column_of_cost, column_of_text};
use crate::dynamodb::table::{Column, Damage, Pairs, Table};
use crate::dynamodb::{Item, key_of, keys, malformed, row, text_of};

/// The text in place of one that cannot be read.
const UNKNOWN: &str = "unknown";

/// Reads the rollups of an item, in whatever form it is.
pub(in crate::dynamodb) fn rollups_of(item: &Item) -> Result<Vec<Rollup>, StoreError> {
    let packed = match item.get("table") {
        Some(AttributeValue::B(packed)) => packed.as_ref(),
        Some(_) => return Err(malformed(item, "`table` is not bytes")),
        // The release before wrote rows.
        None => return row::rollups_of(item),
    };
    let table = unpacked(packed).map_err(|reason| malformed(item, reason))?;
    let is_detail = text_of(item, "sk")?.starts_with(keys::DETAIL_PREFIX);
    let unread = |err: Damage| malformed(item, format!("`table` cannot be read: {err}"));
    let table = Table::parse(&table).map_err(unread)?;
    let columns = Columns::new(&table, is_detail).map_err(unread)?;
    let rollup = |row| columns.rollup(row).map_err(|it| malformed(item, it.of_row(row)));
    // Many items have one row: a vector of unknown length would take room for four.
    let mut rollups = Vec::with_capacity(table.row_count());
    for row in 0..table.row_count() {
        rollups.push(rollup(row)?);
    }
    for problem in &columns.problems {
        tracing::warn!("item `{}` is read in part: {problem}", key_of(item));
    }
    Ok(rollups)
}

/// Columns of a table by what they hold.
struct Columns {
    owner: Column<Owner>,
    business: Vec<(BusinessField, Column<Arc<str>>)>,
    service: Column<Arc<str>>,
    publisher: Column<Arc<str>>,
    model: Column<Arc<str>>,
    provider: Column<Provider>,
    own: Column<Arc<Pairs>>,
    category: Column<Word<ChargeCategory>>,
    meter: Column<Word<Meter>>,
    line_type: Column<Arc<str>>,
    unit: Column<Arc<str>>,
    currency: Column<Option<Currency>>,
    costs: Vec<(CostKind, Column<i128>)>,
    quantity: Column<i128>,
    tokens: Column<u64>,
    line_count: Column<u64>,
    file: Column<Arc<str>>,
    line: Column<u64>,
    detail: Option<DetailColumns>,
    /// The text in place of one that cannot be read.
    unknown: Arc<str>,
    /// Columns and words that are shown as unknown.
    problems: Vec<String>,
}

struct DetailColumns {
    account: Column<Arc<str>>,
    texts: Vec<(BillText, Column<Arc<str>>)>,
    caller: Column<Arc<str>>,
    axes: Column<Arc<UsageAxes>>,
    own: Column<Arc<Pairs>>,
    tags: Column<Arc<Pairs>>,
    rule: Column<Arc<str>>,
    allocated_out: Column<Arc<str>>,
    allocated_in: Column<Arc<str>>,
    no_tags: Arc<Pairs>,
    no_axes: Arc<UsageAxes>,
}

/// Reason why a row's money cannot be counted.
enum RowError {
    Missing(&'static str),
    UnknownCurrency,
    Money(MoneyError),
}

impl RowError {
    fn of_row(&self, row: usize) -> String {
        match self {
            RowError::Missing(column) => format!("row {row} of `table` has no `{column}`"),
            RowError::UnknownCurrency => {
                format!("row {row} of `table` has a currency that is not known here")
            }
            RowError::Money(err) => format!("row {row} of `table` has no amount of money: {err}"),
        }
    }
}

/// The values of the user's own dimensions in a row.
fn own_values(
    column: &Column<Arc<Pairs>>,
    row: usize,
) -> impl Iterator<Item = (BusinessKey, Arc<str>)> {
    let pairs = column.get(row).cloned();
    pairs.into_iter().flat_map(|pairs| {
        let values =
            pairs.iter().map(|(name, value)| (BusinessKey::of_stored(name), value.clone()));
        values.collect::<Vec<_>>()
    })
}

/// Columns that are shown as unknown where they cannot be read.
struct Lenient<'a> {
    table: &'a Table<'a>,
    problems: Vec<String>,
}

impl Lenient<'_> {
    fn read<T>(&mut self, column: Result<Column<T>, Damage>) -> Column<T> {
        column.unwrap_or_else(|err| {
            self.problems.push(err.to_string());
            Column::Constant(None)
        })
    }

    fn texts(&mut self, name: &str) -> Column<Arc<str>> {
        let column = self.table.texts(name);
        self.read(column)
    }
}

impl Columns {
    fn new(table: &Table<'_>, is_detail: bool) -> Result<Columns, Damage> {
        let mut lenient = Lenient { table, problems: Vec::new() };
        let mut unknown_meters: Vec<String> = Vec::new();
        let meter = lenient.texts("me").map(|text| {
            let meter = Word::parse(text);
            if meter.known().is_none() {
                unknown_meters.push(format!("`{text}` is not a meter known here"));
            }
            meter
        });
        unknown_meters.dedup();
        let amounts = |kind| Ok((kind, table.amounts(column_of_cost(kind))?));
        let mut columns = Columns {
            owner: table.texts("o")?.map(owner_of),
            business: BusinessField::ALL
                .iter()
                .map(|it| (*it, lenient.texts(column_of(*it))))
                .collect(),
            own: lenient.read(table.pairs("b")),
            provider: lenient.texts("pv").map(|it| Provider::parse(it)),
            category: lenient.texts("ca").map(|it| Word::parse(it)),
            service: lenient.texts("s"),
            publisher: lenient.texts("p"),
            model: lenient.texts("m"),
            meter,
            line_type: lenient.texts("lt"),
            unit: lenient.texts("un"),
            currency: table.texts("c")?.map(|code| Currency::parse(code).ok()),
            costs: CostKind::ALL.into_iter().map(amounts).collect::<Result<_, Damage>>()?,
            quantity: lenient.read(table.amounts("q")),
            tokens: lenient.read(table.numbers("t")),
            line_count: table.numbers("k")?,
            file: lenient.texts("f"),
            line: lenient.read(table.numbers("l")),
            detail: is_detail.then(|| DetailColumns::new(&mut lenient)),
            unknown: UNKNOWN.into(),
            problems: lenient.problems,
        };
        columns.problems.extend(unknown_meters);
        Ok(columns)
    }

    fn rollup(&self, row: usize) -> Result<Rollup, RowError> {
        let currency = match self.currency.get(row) {
            Some(Some(currency)) => *currency,
            Some(None) => return Err(RowError::UnknownCurrency),
            None => return Err(RowError::Missing("c")),
        };
        let named = self.business.iter().filter_map(|(field, column)| {
            Some((BusinessKey::Named(*field), Arc::clone(column.get(row)?)))
        });
        let business = named.chain(own_values(&self.own, row)).collect();
        let known = |column: &Column<Arc<str>>| column.get(row).unwrap_or(&self.unknown).clone();
        let key = SummaryKey {
            owner: self.owner.get(row).cloned().ok_or(RowError::Missing("o"))?,
            business,
            charge: ChargeKey {
                provider: self.provider.get(row).cloned().unwrap_or(Provider::Aws),
                category: self.category.get(row).cloned(),
                service: known(&self.service),
                publisher: self.publisher.get(row).cloned(),
                model: self.model.get(row).cloned(),
                meter: self.meter.get(row).cloned().unwrap_or(Word::Known(Meter::Unknown)),
                line_type: known(&self.line_type),
                unit: self.unit.get(row).cloned(),
                currency,
            },
        };
        let measures = self.measures(row, currency)?;
        Ok(match &self.detail {
            None => Rollup::Summary(Summary { key, measures }),
            Some(detail) => {
                let key = detail.position(row, key);
                Rollup::Position(Position { key, measures })
            }
        })
    }

    fn measures(&self, row: usize, currency: Currency) -> Result<Measures, RowError> {
        let amount = |kind: CostKind| {
            let column = self.costs.iter().find(|it| it.0 == kind);
            let amount = column.and_then(|it| it.1.get(row));
            amount.map(|it| Money::from_femto_units(*it, currency)).transpose()
        };
        let costs = || {
            let Some(unblended) = amount(CostKind::Unblended)? else { return Ok(None) };
            Costs::new(unblended, amount(CostKind::NetUnblended)?)?
                .with_list(amount(CostKind::List)?)?
                .amortized_to(amount(CostKind::Amortized)?, amount(CostKind::NetAmortized)?)
                .map(Some)
        };
        let first_line = self.file.get(row).zip(self.line.get(row));
        let quantity = self.quantity.get(row).map(|it| Quantity::from_femto_units(*it));
        Ok(Measures {
            costs: costs().map_err(RowError::Money)?.ok_or(RowError::Missing("u"))?,
            quantity: quantity.transpose().map_err(RowError::Money)?,
            tokens: self.tokens.get(row).copied(),
            line_count: self.line_count.get(row).copied().ok_or(RowError::Missing("k"))?,
            first_line: first_line
                .map(|(file, line)| Provenance { file: Arc::clone(file), line: *line }),
        })
    }
}

impl DetailColumns {
    fn new(lenient: &mut Lenient<'_>) -> DetailColumns {
        DetailColumns {
            account: lenient.texts("a"),
            texts: BillText::ALL
                .iter()
                .map(|text| (*text, lenient.texts(column_of_text(*text))))
                .collect(),
            caller: lenient.texts("pn"),
            axes: lenient.texts("ux").map(|it| axes_of(it)),
            own: lenient.read(lenient.table.pairs("bd")),
            tags: lenient.read(lenient.table.pairs("tg")),
            rule: lenient.texts("ru"),
            allocated_out: lenient.texts("ao"),
            allocated_in: lenient.texts("ai"),
            no_tags: Arc::default(),
            no_axes: Arc::default(),
        }
    }

    fn position(&self, row: usize, summary: SummaryKey) -> PositionKey {
        let id = |column: &Column<Arc<str>>| column.get(row).cloned().map(AllocationId);
        let kind = match (id(&self.allocated_out), id(&self.allocated_in)) {
            (Some(id), _) => EntryKind::AllocatedOut(id),
            (None, Some(id)) => EntryKind::AllocatedIn(id),
            (None, None) => EntryKind::Charge,
        };
        let detail = DetailKey {
            account: self.account.get(row).cloned(),
            texts: self
                .texts
                .iter()
                .map(|(text, column)| (*text, column.get(row).cloned()))
                .collect(),
            caller: self.caller.get(row).cloned(),
            axes: Arc::clone(self.axes.get(row).unwrap_or(&self.no_axes)),
            tags: Arc::clone(self.tags.get(row).unwrap_or(&self.no_tags)),
        };
        let business = own_values(&self.own, row).collect();
        PositionKey { summary, detail, business, rule: self.rule.get(row).cloned(), kind }
    }
}

fn owner_of(name: &Arc<str>) -> Owner {
    Owner::of(Arc::clone(name))
}
