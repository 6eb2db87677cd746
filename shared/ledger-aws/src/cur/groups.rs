//! Lines of a Parquet file that differ in nothing but their days and amounts, summed as they come.
//!
//! Rows are told apart by the [numbers](super::ids) of their texts, [side by side](super::packed);
//! what a group's rows share is read once, when all of them are in. What is not plain in any way, such
//! as an amount with more than 15 fraction digits, is left to the reader of rows as text, so that both
//! say the same.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;
use jiff::civil::Date;
use ledger_app::ports::{Reading, SourceError};
use ledger_core::aws::ai_service::{is_ai, is_ai_by_code};
use ledger_core::aws::usage_type::UsageType;
use ledger_core::currency::Currency;
use ledger_core::day_sum::{DaySum, LineAmounts};
use ledger_core::line_item::{LineItem, Provenance, Tags};
use ledger_core::money::MoneyError;
use ledger_core::period::BillingPeriod;
use ledger_core::tokens::token_power;

use super::Reader;
use super::amortized::Spread;
use super::cells::{
    Calendar, Cells, Femto, NO_AMOUNT, ODD_AMOUNT, PERIODS, PRODUCTS, Row, RowDay, STARTS, TAGS,
    View, first_of, month_of, text_part,
};
use super::columnar::{Array, Batch};
use super::columns::{COUNT, Column};
use super::double::Digits;
use super::ids::{EMPTY, Id, MapView, ODD, ODD_SET, Sets, TextView, Texts, Translation, parts};
use super::line::{Converter, Problem, RawLine, Shared, days_of};
use super::packed::{Fit, Layout, Packed};

/// Groups that are held before they are handed on: some 40 MB beside their sums.
const GROUPS_MAX: usize = 1 << 18;

/// Texts that are held; a file whose callers are all different has many.
const TEXTS_MAX: usize = 1 << 18;

/// Rows that a partition holds before they are added to its groups: 30 MB over all.
const PENDING_MAX: usize = 1 << 11;

/// Rows that the sums of small files and large can count.
const ROWS_MAX: u64 = 1 << 31;

/// As many as [`Layout::partition`] tells apart.
const PARTITIONS: usize = 256;

/// Columns that say who was charged, with the tags.
pub(super) const CALLER_COLUMNS: [Column; 3] = [Column::Principal, Column::Account, Column::Region];

/// Columns that say what was charged for, with the product.
pub(super) const CHARGE_COLUMNS: [Column; 6] = [
    Column::ProductCode,
    Column::BillingEntity,
    Column::ProductFamily,
    Column::UsageType,
    Column::PricingUnit,
    Column::Description,
];

/// The attributes of a product that are read.
const PRODUCT_KEYS: [&str; 3] = ["product_name", "model", "provider"];

/// Frame, charge, caller and line type.
type Key = [u32; 4];

/// The charge of all lines that are not AI.
const OTHER: u32 = u32::MAX;

type Map<K, V> = HashMap<K, V, RandomState>;

/// The groups of one file.
pub(super) struct Groups {
    known: Known,
    cells: Cells,
    /// Groups by what their rows have: more of them than a cache holds. Rows are added to those of
    /// one partition at a time, so that each is fetched for many rows.
    partitions: Vec<Partition>,
    /// Rows that are not yet added to the groups, by partition.
    pending: Vec<Vec<Pending>>,
    /// The rows of the file that stand before those that are held.
    first_row: u64,
    /// The rows that are held from before the row group.
    before: u64,
    /// The rows of the row group that are to be read as text.
    unclear: Vec<usize>,
    /// Whether what rows have no longer fits side by side.
    is_short: bool,
}

/// What rows have, by number.
struct Known {
    has_column: [bool; COUNT],
    texts: Texts,
    tags: Sets,
    products: Sets,
    product_keys: [Id; PRODUCT_KEYS.len()],
    dictionaries: Dictionaries,
    calendar: Calendar,
    frames: Numbered<FrameKey, Frame>,
    callers: Numbered<CallerKey, CallerKey>,
    charges: Numbered<ChargeKey, Charge>,
    layout: Layout,
    /// Of the rows of one partition.
    found: Vec<Found>,
}

/// Where a row belongs in its partition.
struct Found {
    group: u32,
    /// Or [`NO_SUM`].
    sum: u16,
    kind: GroupKind,
}

/// A row whose group is not there yet.
const NO_GROUP: u32 = u32::MAX;

#[derive(Default)]
pub(super) struct Dictionaries {
    none: Translation,
    columns: [Translation; Column::OF_ALL_LINES.len()],
    /// Keys and values.
    pub tags: [Translation; 2],
    pub product: [Translation; 2],
}

/// The month of the bill, that of usage, the payer and the currency.
type FrameKey = (u32, u32, Id, Id);

/// [`CALLER_COLUMNS`] and the tags.
type CallerKey = ([Id; CALLER_COLUMNS.len()], Id);

/// Lines of one bill, month of usage and currency.
struct Frame {
    period: BillingPeriod,
    /// The first day of the month of usage.
    first_of_use: Date,
    payer: Id,
    currency: Id,
    currency_read: Currency,
    /// Whether the lines can stand on the bill and all of it can be read.
    is_clear: bool,
}

/// [`CHARGE_COLUMNS`] and the product.
type ChargeKey = ([Id; CHARGE_COLUMNS.len()], Id);

/// What was charged for.
struct Charge {
    key: ChargeKey,
    is_ai: bool,
    /// As [`token_power`].
    token_power: Option<u32>,
}

/// Some of the groups.
#[derive(Default)]
struct Partition {
    places: Map<Packed, u32>,
    groups: Vec<Group>,
    /// Of each group; `None` where its rows are to be read as text.
    keys: Vec<Option<Key>>,
    sums: Vec<SmallSum>,
    /// What became too large for one small sum, by its place.
    spilled: Map<u16, Vec<SmallSum>>,
}

/// What a row adds to its group.
#[derive(Clone)]
pub(super) struct Pending {
    pub packed: Packed,
    pub unblended: Femto,
    /// Or [`NO_AMOUNT`].
    pub net_unblended: Femto,
    pub amount: Digits,
    /// From the first row that is held.
    pub row: u32,
    /// From 0.
    pub of_month: u8,
}

/// What rows have in common: one line of the cache.
#[derive(Clone)]
#[repr(align(64))]
struct Group {
    /// Where the partition has the sum of each day of the month.
    days: [u16; 31],
    kind: GroupKind,
}

/// A [`DaySum`] as long as it is small: half a line of the cache.
#[derive(Clone, Copy, Default)]
struct SmallSum {
    unblended: Femto,
    /// With the unblended cost of the lines that state no net cost.
    net_unblended: Femto,
    tokens: u64,
    /// From the first row that is held.
    first_row: u32,
    line_count: u16,
    is_net_stated: bool,
    has_tokens: bool,
}

#[derive(Clone, Copy)]
enum GroupKind {
    /// Its rows are to be read as text.
    Unclear,
    /// Lines that are not AI.
    Other,
    /// Lines of which no tokens are counted.
    Plain,
    /// As [`token_power`].
    Tokens(u8),
}

/// A day without a sum.
const NO_SUM: u16 = u16::MAX;

/// A partition with more sums is full: before a row group adds [`NO_SUM`] of them to it.
const SUMS_MAX: usize = 1 << 15;

impl Groups {
    pub(super) fn new(has_column: [bool; COUNT]) -> Groups {
        let mut texts = Texts::new();
        let known = Known {
            has_column,
            product_keys: PRODUCT_KEYS.map(|it| texts.id(it)),
            texts,
            tags: Sets::new(),
            products: Sets::new(),
            dictionaries: Dictionaries::default(),
            calendar: Calendar::default(),
            frames: Numbered::default(),
            callers: Numbered::default(),
            charges: Numbered::default(),
            layout: Layout::default(),
            found: Vec::new(),
        };
        Groups {
            known,
            cells: Cells::default(),
            partitions: (0..PARTITIONS).map(|_| Partition::default()).collect(),
            pending: vec![Vec::new(); PARTITIONS],
            first_row: 0,
            before: 0,
            unclear: Vec::new(),
            is_short: false,
        }
    }

    /// What the product code of each row decides alone.
    pub(super) fn verdicts_by_code(&mut self, batch: &Batch) -> Vec<Option<bool>> {
        self.known.learn(batch);
        let codes = self.known.dictionaries.text(batch, Column::ProductCode);
        let mut verdicts: Vec<Option<Option<bool>>> = Vec::new();
        let verdict = |place| {
            let number = usize::try_from(codes.number(place)).unwrap_or_default();
            if let Some(Some(verdict)) = verdicts.get(number) {
                return *verdict;
            }
            let verdict = is_ai_by_code(self.known.texts.get(codes.id(place)));
            verdicts.resize(verdicts.len().max(number + 1), None);
            if let Some(known) = verdicts.get_mut(number) {
                *known = Some(verdict);
            }
            verdict
        };
        (0..batch.row_count()).map(verdict).collect()
    }

    /// Whether each row is AI. A text that is not told by number counts as AI, and is read as text.
    pub(super) fn verdicts(&mut self, batch: &Batch) -> Vec<bool> {
        self.known.learn(batch);
        let Known { texts, products, product_keys, dictionaries, charges, .. } = &mut self.known;
        let columns = CHARGE_COLUMNS.map(|it| dictionaries.text(batch, it));
        let product = dictionaries.map(batch, Column::Product, &dictionaries.product);
        let verdict = |place| {
            let product = product.id(place, products, |it| product_keys.contains(&it));
            let key = (columns.each_ref().map(|it| it.id(place)), product);
            let charge = charges.get(key, || Some(Charge::new(key, texts, products, product_keys)));
            charge.is_none_or(|(_, charge)| charge.is_ai)
        };
        (0..batch.row_count()).map(verdict).collect()
    }

    /// Takes how many rows of the file stand before the row group.
    pub(super) fn begin_row_group(&mut self, before: u64) {
        if self.partitions.iter().all(|it| it.groups.is_empty()) {
            self.first_row = before;
        }
        self.before = before.saturating_sub(self.first_row);
    }

    /// Adds rows of a batch of the row group.
    pub(super) fn add(
        &mut self,
        batch: &Batch,
        rows: &[Row],
        converter: &mut Converter,
    ) -> Result<(), MoneyError> {
        let row_count = batch.row_count();
        self.known.learn(batch);
        let Known { tags, products, product_keys, dictionaries, calendar, layout, .. } =
            &mut self.known;
        let view = View::new(dictionaries, batch);
        self.cells.read(&view, row_count, calendar, tags, products, product_keys);
        let mut layout = layout.clone();
        let fit = layout.fit(view.counts(calendar, tags, products));
        self.cells.pack(&view, &layout, row_count);
        match fit {
            Fit::Same => {}
            Fit::Moved => self.lay_out(layout, converter)?,
            Fit::Short => {
                self.is_short = true;
                self.unclear.extend(rows.iter().map(|it| it.row));
                return Ok(());
            }
        }
        for row in rows {
            let Some(pending) = self.cells.pending(row, self.before) else {
                self.unclear.push(row.row);
                continue;
            };
            let partition = self.known.layout.partition(&pending.packed);
            let Some(rows) = self.pending.get_mut(partition) else { continue };
            rows.push(pending);
            if rows.len() >= PENDING_MAX
                && let Some(partition) = self.partitions.get_mut(partition)
            {
                partition.settle(rows, &mut self.known, self.before, &mut self.unclear, converter);
            }
        }
        Ok(())
    }

    /// Lays out anew what rows have.
    fn lay_out(&mut self, layout: Layout, converter: &mut Converter) -> Result<(), MoneyError> {
        self.settle(converter);
        let before = std::mem::replace(&mut self.known.layout, layout);
        let partitions = (0..PARTITIONS).map(|_| Partition::default()).collect();
        for mut partition in std::mem::replace(&mut self.partitions, partitions) {
            for (packed, place) in std::mem::take(&mut partition.places) {
                let moved = before.moved(&packed, &self.known.layout);
                let Some(mut group) = partition.group(place).cloned() else { continue };
                let key = partition.key(place);
                // Where its own partition is full another keeps it; its next rows begin a new group.
                let own = self.known.layout.partition(&moved);
                let has_room = |it: &Partition| it.sums.len() + group.days.len() < NO_SUM.into();
                let to = match self.partitions.get(own).is_some_and(has_room) {
                    true => Some(own),
                    false => self.partitions.iter().position(has_room),
                };
                let to = to.and_then(|it| self.partitions.get_mut(it));
                let to = to.ok_or(MoneyError::OutOfRange)?;
                for place in group.days.iter_mut().filter(|it| **it != NO_SUM) {
                    *place = partition.move_sum(*place, to).ok_or(MoneyError::OutOfRange)?;
                }
                to.insert(moved, group, key);
            }
        }
        Ok(())
    }

    fn settle(&mut self, converter: &mut Converter) {
        for (partition, rows) in self.partitions.iter_mut().zip(&mut self.pending) {
            partition.settle(rows, &mut self.known, self.before, &mut self.unclear, converter);
        }
    }

    /// Adds what is left of a row group; says which of its rows are to be read as text.
    pub(super) fn end_row_group(&mut self, converter: &mut Converter) -> Vec<usize> {
        self.settle(converter);
        std::mem::take(&mut self.unclear)
    }

    /// Whether so much is held that it should be handed on.
    pub(super) fn is_full(&self) -> bool {
        let group_count: usize = self.partitions.iter().map(|it| it.groups.len()).sum();
        group_count > GROUPS_MAX
            || self.known.texts.len() > TEXTS_MAX
            || self.partitions.iter().any(|it| it.sums.len() > SUMS_MAX)
            || self.before > ROWS_MAX
            || self.is_short
    }

    /// Hands on all groups and begins anew.
    pub(super) fn hand_on(
        &mut self,
        file: &Arc<str>,
        reader: &mut Reader<'_>,
    ) -> Result<(), SourceError> {
        let Groups { known, partitions, first_row, .. } =
            std::mem::replace(self, Groups::new(self.known.has_column));
        let mut made = [Map::default(), Map::default()];
        let mut line_counts: Map<Id, u64> = Map::default();
        for partition in partitions {
            let mut keys = Vec::with_capacity(partition.groups.len());
            for ((group, key), place) in partition.groups.iter().zip(&partition.keys).zip(0..) {
                if group.has_sums() {
                    keys.push((key.ok_or_else(|| refused(file, unknown()))?, place));
                }
            }
            // Neighbours then share most of what they are made of.
            keys.sort_unstable();
            fetch(partition.sums.iter().map(|it| it.line_count));
            let mut before: Option<(Key, LineItem)> = None;
            for (key, place) in keys {
                let month = known.first_of_use(&key).ok_or_else(|| refused(file, unknown()))?;
                let sums = partition.day_sums(place, first_row, month);
                let sums = sums.map_err(|it| SourceError::Money(file.to_string(), it))?;
                let like = before.take().filter(|it| is_alike(it, &key)).map(|it| it.1);
                let line = match like {
                    Some(line) => known.of_another_type(line, &key, &sums),
                    None => known.first_of(&key, &sums, file, &mut made, &mut reader.converter),
                };
                let line = line.map_err(|it| refused(file, it))?;
                before = Some((key, line.clone()));
                if line.ai {
                    *line_counts.entry(key[3]).or_default() +=
                        sums.iter().map(DaySum::line_count).sum::<u64>();
                }
                reader.emit(file, Reading::Lines(line, sums))?;
            }
        }
        for (line_type, count) in line_counts {
            if let Some(columns) = known.absent(line_type) {
                let line_type = known.texts.get(line_type);
                reader.converter.count_unamortized(line_type, columns, false, count);
            }
        }
        Ok(())
    }
}

/// Whether the lines of a key are those of another but for their type. Lines whose caller cannot be
/// read are counted one by one.
fn is_alike((key, line): &(Key, LineItem), other: &Key) -> bool {
    let ([frame, charge, caller, _], [frame_2, charge_2, caller_2, _]) = (key, other);
    (frame, charge, caller) == (frame_2, charge_2, caller_2) && line.principal.is_some()
}

fn unknown() -> Problem {
    (Column::UsageType, "a group of lines is of no known kind".to_owned())
}

fn refused(file: &str, (column, reason): Problem) -> SourceError {
    SourceError::Refused(format!("`{file}`: {}: {reason}", column.name()))
}

impl Known {
    fn learn(&mut self, batch: &Batch) {
        let Dictionaries { columns, tags, product, .. } = &mut self.dictionaries;
        for (translation, column) in columns.iter_mut().zip(Column::ALL) {
            if let Some(texts) = batch.column(column).and_then(Array::as_texts) {
                translation.learn(texts, &mut self.texts);
                translation.number();
            }
        }
        for ([keys, values], column) in [(tags, Column::Tags), (product, Column::Product)] {
            if let Some(map) = batch.column(column).and_then(Array::as_map) {
                keys.learn(map.keys(), &mut self.texts);
                values.learn(map.values(), &mut self.texts);
            }
        }
    }

    /// What rows have that are packed like this; `None` where text must tell.
    fn key(&mut self, packed: &Packed, converter: &mut Converter) -> Option<Key> {
        let number = |part| self.layout.number(packed, part);
        let text = |column| self.dictionaries.id(column, number(text_part(column)));
        let month = self.calendar.month(number(STARTS))?;
        let period = match (number(PERIODS), converter.period()) {
            (RowDay::NO_MONTH, None) => month,
            (RowDay::NO_MONTH, Some(period)) => month_of(period.first_day())?,
            (month, _) => self.calendar.month(month)?,
        };
        let key = (period, month, text(Column::Payer), text(Column::Currency));
        let (tags, product) = (number(TAGS), number(PRODUCTS));
        let (of_charge, of_caller) = (CHARGE_COLUMNS.map(text), CALLER_COLUMNS.map(text));
        let line_type = text(Column::LineType);
        let make = || Frame::new(key, &self.texts, &self.has_column, converter);
        let (frame, Frame { is_clear, .. }) = self.frames.get(key, make)?;
        if !is_clear {
            return None;
        }
        if !packed.is_ai() {
            return Some([frame, OTHER, EMPTY, EMPTY]);
        }
        let is_odd = of_charge.contains(&ODD) || of_caller.contains(&ODD) || line_type == ODD;
        if is_odd || tags == ODD_SET || product == ODD_SET {
            return None;
        }
        let charge = (of_charge, product);
        let make = || Charge::new(charge, &self.texts, &self.products, &self.product_keys);
        let (charge, _) = self.charges.get(charge, || Some(make()))?;
        let (caller, _) = self.callers.get((of_caller, tags), || Some((of_caller, tags)))?;
        Some([frame, charge, caller, line_type])
    }

    /// The group of rows that are packed like this.
    fn group(&mut self, packed: &Packed, converter: &mut Converter) -> (Group, Option<Key>) {
        let key = self.key(packed, converter);
        let kind = match key {
            None => GroupKind::Unclear,
            Some([_, OTHER, ..]) => GroupKind::Other,
            // Each of its rows says for itself how it is amortized.
            Some([.., line_type]) if self.absent(line_type).is_some_and(|it| it.is_empty()) => {
                GroupKind::Unclear
            }
            Some([_, charge, ..]) => {
                let power = self.charges.value(charge).and_then(|it| it.token_power);
                let power = power.and_then(|it| u8::try_from(it).ok());
                power.map_or(GroupKind::Plain, GroupKind::Tokens)
            }
        };
        (Group::new(kind), key)
    }

    /// The columns that the file lacks to amortize lines of a type; `None` where nothing is spread.
    fn absent(&self, line_type: Id) -> Option<Vec<Column>> {
        let has = |it: Column| self.has_column.get(it as usize).copied().unwrap_or_default();
        Some(Spread::of(self.texts.get(line_type))?.absent(has))
    }

    /// The first day of the month of usage.
    fn first_of_use(&self, [frame, ..]: &Key) -> Option<Date> {
        self.frames.value(*frame).map(|it| it.first_of_use)
    }

    /// What the lines of a group share, with the day and the amounts of their first sum.
    fn first_of(
        &self,
        key: &Key,
        sums: &[DaySum],
        file: &Arc<str>,
        made: &mut [Map<Id, Arc<Tags>>; 2],
        converter: &mut Converter,
    ) -> Result<LineItem, Problem> {
        let [frame, charge, caller, line_type] = *key;
        let first = sums.first().ok_or_else(unknown)?;
        let frame = self.frames.value(frame).ok_or_else(unknown)?;
        let charge = (charge != OTHER).then(|| self.charges.value(charge)).flatten();
        let (day, period) = (first.day().to_string(), frame.period.first_day().to_string());
        let mut raw = RawLine([None; COUNT]);
        let cells = [
            (Column::UsageStart, day.as_str()),
            (Column::PeriodStart, period.as_str()),
            (Column::Payer, self.texts.get(frame.payer)),
            (Column::Currency, self.texts.get(frame.currency)),
        ];
        set(&mut raw, &self.has_column, cells.into_iter());
        let (mut product, mut tags) = (EMPTY, EMPTY);
        if let Some(Charge { key: (ids, product_id), .. }) = charge {
            let (of_caller, caller_tags) = *self.callers.value(caller).ok_or_else(unknown)?;
            (product, tags) = (*product_id, caller_tags);
            let ids = CHARGE_COLUMNS.into_iter().zip(*ids);
            let ids = ids.chain(CALLER_COLUMNS.into_iter().zip(of_caller));
            let ids = ids.chain([(Column::LineType, line_type)]);
            let cells = ids.map(|(column, id)| (column, self.texts.get(id)));
            set(&mut raw, &self.has_column, cells);
        }
        let [products_made, tags_made] = made;
        let product = self.map(&self.products, product, products_made);
        let costs = first.costs(frame.currency_read);
        let shared = Shared {
            raw: &raw,
            product: &product,
            tags: Some(self.map(&self.tags, tags, tags_made)),
            costs: costs.map_err(|it| (Column::Unblended, it.to_string()))?,
            line_count: sums.iter().map(DaySum::line_count).sum(),
        };
        let line = sums.iter().map(DaySum::first_line).min().unwrap_or_default();
        let provenance = Provenance { file: Arc::clone(file), line };
        let mut line = converter.shared(&shared, &provenance)?;
        if line.ai != charge.is_some() {
            return Err(unknown());
        }
        line.tokens = first.tokens();
        Ok(line)
    }

    /// As [`Known::first_of`], from a line that differs in its type alone.
    fn of_another_type(
        &self,
        line: LineItem,
        [frame, _, _, line_type]: &Key,
        sums: &[DaySum],
    ) -> Result<LineItem, Problem> {
        let first = sums.first().ok_or_else(unknown)?;
        let frame = self.frames.value(*frame).ok_or_else(unknown)?;
        let costs = first.costs(frame.currency_read);
        Ok(LineItem {
            line_type: self.texts.shared(*line_type).map(Arc::clone).unwrap_or_default(),
            day: first.day(),
            tokens: first.tokens(),
            costs: costs.map_err(|it| (Column::Unblended, it.to_string()))?,
            provenance: Provenance {
                line: sums.iter().map(DaySum::first_line).min().unwrap_or_default(),
                ..line.provenance
            },
            ..line
        })
    }

    /// A set of entries by text; made once.
    fn map(&self, sets: &Sets, id: Id, made: &mut Map<Id, Arc<Tags>>) -> Arc<Tags> {
        let make = || {
            let text = |id| self.texts.shared(id).map(Arc::clone).unwrap_or_default();
            let entries = sets.get(id).iter().map(|it| parts(*it));
            Arc::new(entries.map(|(key, value)| (text(key), text(value))).collect())
        };
        Arc::clone(made.entry(id).or_insert_with(make))
    }
}

/// Sets the cells of columns that the file has.
fn set<'a>(
    raw: &mut RawLine<'a>,
    has_column: &[bool; COUNT],
    cells: impl Iterator<Item = (Column, &'a str)>,
) {
    for (column, text) in cells {
        let has_column = has_column.get(column as usize).copied().unwrap_or_default();
        // The month of a bill is known, by whatever it was told.
        if let Some(cell) = raw.0.get_mut(column as usize)
            && (has_column || column == Column::PeriodStart)
        {
            *cell = Some(text);
        }
    }
}

impl Frame {
    /// Reads what the frame's rows share.
    fn new(
        (month, month_of_use, payer, currency): FrameKey,
        texts: &Texts,
        has_column: &[bool; COUNT],
        converter: &mut Converter,
    ) -> Option<Frame> {
        let (first_day, first_of_use) = (first_of(month)?, first_of(month_of_use)?);
        let period = BillingPeriod::containing(first_day);
        let text = first_day.to_string();
        let mut raw = RawLine([None; COUNT]);
        let cells = [
            (Column::UsageStart, text.as_str()),
            (Column::PeriodStart, text.as_str()),
            (Column::Payer, texts.get(payer)),
            (Column::Currency, texts.get(currency)),
            (Column::Unblended, "0"),
        ];
        set(&mut raw, has_column, cells.into_iter());
        let nowhere = Provenance { file: "".into(), line: 0 };
        let read = converter.convert(&raw, &nowhere).ok();
        let is_told = payer != ODD && currency != ODD;
        let currency_read = read.as_ref().map_or(Currency::USD, |it| it.line.costs.currency());
        let days = days_of(period);
        let can_stand =
            days.contains(&first_of_use) && days.contains(&first_of_use.last_of_month());
        let is_clear = is_told && can_stand && read.is_some();
        Some(Frame { period, first_of_use, payer, currency, currency_read, is_clear })
    }
}

impl Charge {
    fn new(key: ChargeKey, texts: &Texts, products: &Sets, product_keys: &[Id]) -> Charge {
        let (ids, product) = key;
        let [code, entity, family, usage_type, unit, description] =
            ids.map(|id| Some(texts.get(id)).filter(|it| !it.is_empty()));
        // Of a key that stands there twice the last counts, as in JSON.
        let names = products.get(product).iter().rev().map(|it| parts(*it));
        let name = names.filter(|it| Some(&it.0) == product_keys.first()).map(|it| it.1).next();
        let name = name.map(|it| texts.get(it)).filter(|it| !it.is_empty());
        let usage_type = UsageType::parse(usage_type.unwrap_or_default());
        let is_ai = is_ai(code, entity, name, family, &usage_type);
        let token_power = token_power(usage_type.meter_within_bedrock(), unit, description);
        // What is not told by number counts as AI, and is read as text.
        let is_odd = ids.contains(&ODD) || product == ODD_SET;
        Charge { key, is_ai: is_ai || is_odd, token_power }
    }
}

impl Partition {
    /// Adds what is pending to its groups.
    fn settle(
        &mut self,
        pending: &mut Vec<Pending>,
        known: &mut Known,
        before: u64,
        unclear: &mut Vec<usize>,
        converter: &mut Converter,
    ) {
        let mut found = std::mem::take(&mut known.found);
        found.clear();
        // Nothing else is done in these loops, so that the processor fetches for several rows at once.
        found.extend(pending.iter().map(|row| Found {
            group: self.places.get(&row.packed).copied().unwrap_or(NO_GROUP),
            sum: NO_SUM,
            kind: GroupKind::Unclear,
        }));
        for (row, found) in pending.iter().zip(&mut found).filter(|it| it.1.group == NO_GROUP) {
            found.group = match self.places.get(&row.packed) {
                Some(place) => *place,
                None => {
                    let (group, key) = known.group(&row.packed, converter);
                    self.insert(row.packed, group, key)
                }
            };
        }
        fetch(self.groups.iter().map(|it| it.days[0]));
        for (row, found) in pending.iter().zip(&mut found) {
            if let Some(group) = self.group(found.group) {
                found.kind = group.kind;
                found.sum = group.days.get(usize::from(row.of_month)).copied().unwrap_or(NO_SUM);
            }
        }
        fetch(found.iter().filter_map(|it| Some(self.sums.get(usize::from(it.sum))?.line_count)));
        for (row, found) in pending.iter().zip(&found) {
            if !self.add(row, found) {
                let row = u64::from(row.row).saturating_sub(before);
                unclear.push(usize::try_from(row).unwrap_or(usize::MAX));
            }
        }
        pending.clear();
        known.found = found;
    }

    /// Adds a row to its sum; says so where text must tell instead.
    #[inline]
    fn add(&mut self, row: &Pending, found: &Found) -> bool {
        let Some(tokens) = found.kind.tokens(row.amount) else { return false };
        let lines = SmallSum::of(row, tokens);
        let mut place = found.sum;
        if place == NO_SUM {
            let group = usize::try_from(found.group).ok().and_then(|it| self.groups.get_mut(it));
            let day = group.and_then(|it| it.days.get_mut(usize::from(row.of_month)));
            let Some(day) = day else { return false };
            if *day == NO_SUM {
                let Some(made) = new_sum(&mut self.sums) else { return false };
                *day = made;
            }
            place = *day;
        }
        let Some(sum) = self.sums.get_mut(usize::from(place)) else { return false };
        if !sum.add(&lines) {
            self.spilled.entry(place).or_default().push(std::mem::replace(sum, lines));
        }
        true
    }

    fn insert(&mut self, packed: Packed, group: Group, key: Option<Key>) -> u32 {
        let place = u32::try_from(self.groups.len()).unwrap_or(u32::MAX);
        self.places.insert(packed, place);
        self.groups.push(group);
        self.keys.push(key);
        place
    }

    fn key(&self, place: u32) -> Option<Key> {
        *self.keys.get(usize::try_from(place).ok()?)?
    }

    fn group(&self, place: u32) -> Option<&Group> {
        self.groups.get(usize::try_from(place).ok()?)
    }

    /// The sums of a group by day.
    fn day_sums(
        &self,
        place: u32,
        first_row: u64,
        first_of_use: Date,
    ) -> Result<Vec<DaySum>, MoneyError> {
        let days = self.group(place).map_or([NO_SUM; 31], |it| it.days);
        let mut sums = Vec::with_capacity(days.iter().filter(|it| **it != NO_SUM).count());
        for (day, place) in (1..).zip(days) {
            let date = Date::new(first_of_use.year(), first_of_use.month(), day);
            let Some((sum, date)) = self.sums.get(usize::from(place)).zip(date.ok()) else {
                continue;
            };
            let mut day_sum = DaySum::zero(date);
            for sum in self.spilled.get(&place).into_iter().flatten().chain([sum]) {
                day_sum.add_lines(&sum.amounts(first_row))?;
            }
            sums.push(day_sum);
        }
        Ok(sums)
    }
}

/// Reads a number of each of many values and nothing else, so that the processor fetches several of
/// them at once, and has them near when they are used.
fn fetch(numbers: impl Iterator<Item = u16>) {
    std::hint::black_box(numbers.fold(0, |all, it| all | it));
}

/// Makes a sum; `None` where there is no room, and text must tell.
fn new_sum(sums: &mut Vec<SmallSum>) -> Option<u16> {
    let place = u16::try_from(sums.len()).ok().filter(|it| *it != NO_SUM)?;
    // Twice the room would waste much of all memory.
    if sums.len() == sums.capacity() {
        sums.reserve_exact((sums.len() / 4).max(64));
    }
    sums.push(SmallSum { first_row: u32::MAX, ..SmallSum::default() });
    Some(place)
}

impl Partition {
    /// Moves a sum to another partition.
    fn move_sum(&self, place: u16, to: &mut Partition) -> Option<u16> {
        let moved = new_sum(&mut to.sums)?;
        if let Some((sum, from)) = to.sums.last_mut().zip(self.sums.get(usize::from(place))) {
            *sum = *from;
        }
        if let Some(spilled) = self.spilled.get(&place) {
            to.spilled.insert(moved, spilled.clone());
        }
        Some(moved)
    }
}

impl SmallSum {
    /// What a row adds.
    #[inline]
    fn of(row: &Pending, tokens: Option<u64>) -> SmallSum {
        let is_net_stated = row.net_unblended != NO_AMOUNT;
        SmallSum {
            unblended: row.unblended,
            net_unblended: if is_net_stated { row.net_unblended } else { row.unblended },
            tokens: tokens.unwrap_or_default(),
            first_row: row.row,
            line_count: 1,
            is_net_stated,
            has_tokens: tokens.is_some(),
        }
    }

    /// Adds another; changes nothing and says so where the sum is no longer small.
    #[inline]
    fn add(&mut self, other: &SmallSum) -> bool {
        let (unblended, is_large) = self.unblended.overflowing_add(other.unblended);
        let (net_unblended, is_large_net) = self.net_unblended.overflowing_add(other.net_unblended);
        let (tokens, has_many_tokens) = self.tokens.overflowing_add(other.tokens);
        let (line_count, has_many_lines) = self.line_count.overflowing_add(other.line_count);
        if is_large | is_large_net | has_many_tokens | has_many_lines {
            return false;
        }
        *self = SmallSum {
            unblended,
            net_unblended,
            tokens,
            first_row: self.first_row.min(other.first_row),
            line_count,
            is_net_stated: self.is_net_stated | other.is_net_stated,
            has_tokens: self.has_tokens | other.has_tokens,
        };
        true
    }

    fn amounts(&self, first_row: u64) -> LineAmounts {
        LineAmounts {
            unblended: self.unblended.into(),
            net_unblended: self.net_unblended.into(),
            is_net_stated: self.is_net_stated,
            tokens: self.has_tokens.then_some(self.tokens),
            line_count: self.line_count.into(),
            first_line: first_row.saturating_add(self.first_row.into()).saturating_add(1),
        }
    }
}

impl Group {
    fn new(kind: GroupKind) -> Group {
        Group { days: [NO_SUM; 31], kind }
    }

    /// None where all of its rows were read as text.
    fn has_sums(&self) -> bool {
        self.days.iter().any(|it| *it != NO_SUM)
    }
}

impl GroupKind {
    /// The tokens of an amount; `None` where text must tell.
    #[inline]
    fn tokens(self, amount: Digits) -> Option<Option<u64>> {
        let power = match self {
            GroupKind::Unclear => return None,
            GroupKind::Other => return Some(None),
            GroupKind::Plain => 0,
            GroupKind::Tokens(power) => u32::from(power),
        };
        match amount.digits {
            NO_AMOUNT => Some(None),
            ODD_AMOUNT => None,
            _ => {
                let tokens = amount.tokens(power).ok()?;
                Some(tokens.filter(|_| matches!(self, GroupKind::Tokens(_))))
            }
        }
    }
}

/// Values by key, numbered as they come.
struct Numbered<K, V> {
    ids: Map<K, u32>,
    values: Vec<V>,
    /// Rows often have what the row before them had.
    last: Option<(K, u32)>,
}

impl<K, V> Default for Numbered<K, V> {
    fn default() -> Self {
        Numbered { ids: Map::default(), values: Vec::new(), last: None }
    }
}

impl<K: Copy + Eq + std::hash::Hash, V> Numbered<K, V> {
    #[inline]
    fn get(&mut self, key: K, make: impl FnOnce() -> Option<V>) -> Option<(u32, &V)> {
        let known = self.last.filter(|it| it.0 == key).map(|it| it.1);
        let id = match known.or_else(|| self.ids.get(&key).copied()) {
            Some(id) => id,
            None => {
                // The last two numbers are taken.
                let id = u32::try_from(self.values.len()).ok().filter(|it| *it < OTHER)?;
                self.values.push(make()?);
                self.ids.insert(key, id);
                id
            }
        };
        self.last = Some((key, id));
        self.value(id).map(|it| (id, it))
    }

    fn value(&self, id: u32) -> Option<&V> {
        self.values.get(usize::try_from(id).ok()?)
    }
}

impl Dictionaries {
    pub(super) fn text<'a>(&'a self, batch: &'a Batch, column: Column) -> TextView<'a> {
        let known = self.columns.get(column as usize).unwrap_or(&self.none);
        known.view(batch.column(column).and_then(Array::as_texts))
    }

    pub(super) fn map<'a>(
        &'a self,
        batch: &'a Batch,
        column: Column,
        [keys, values]: &'a [Translation; 2],
    ) -> MapView<'a> {
        MapView::new(batch.column(column), keys, values)
    }

    pub(super) fn number_count(&self, column: Column) -> usize {
        self.columns.get(column as usize).map_or(0, Translation::number_count)
    }

    /// The text of a number of a column.
    fn id(&self, column: Column, number: u32) -> Id {
        self.columns.get(column as usize).map_or(EMPTY, |it| it.id(number))
    }
}
