//! Lines of a Parquet file that differ in nothing but their days and amounts, summed as they come.
//!
//! Rows are told apart by the [numbers](super::ids) of their texts; a group is read once, when all
//! of its rows are in. What is not plain in any way, such as an amount with more than 15 fraction
//! digits, is left to the reader of rows as text, so that both say the same.

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Decimal128Type, Float64Type, Int64Type, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
};
use arrow_array::{Array, ArrayRef, Decimal128Array, Float64Array, Int64Array, RecordBatch};
use arrow_buffer::NullBuffer;
use arrow_schema::{DataType, TimeUnit};
use foldhash::fast::RandomState;
use jiff::ToSpan;
use jiff::civil::{Date, date};
use ledger_app::ports::{Reading, SourceError};
use ledger_core::ai_service::{is_ai, is_ai_by_code};
use ledger_core::currency::Currency;
use ledger_core::day_sum::{DaySum, LineAmounts};
use ledger_core::line_item::{LineItem, Provenance, Tags};
use ledger_core::money::MoneyError;
use ledger_core::period::BillingPeriod;
use ledger_core::tokens::token_power;
use ledger_core::usage_type::UsageType;

use super::Reader;
use super::columns::{COUNT, Column, Kind};
use super::double::Digits;
use super::ids::{EMPTY, Id, MapView, ODD, Sets, TextView, Texts, Translation};
use super::line::{Converter, Problem, RawLine, Shared, days_of};

/// Groups that are held before they are handed on: some 30 MB beside their sums.
const GROUPS_MAX: usize = 1 << 18;

/// Texts that are held; a file whose callers are all different has many.
const TEXTS_MAX: usize = 1 << 18;

/// Rows that are held before they are added to their groups: 9 MB.
const PENDING_MAX: usize = 1 << 17;

/// Columns that say who was charged, with the tags.
const CALLER_COLUMNS: [Column; 3] = [Column::Principal, Column::Account, Column::Region];

/// Columns that say what was charged for, with the product.
const CHARGE_COLUMNS: [Column; 6] = [
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
    group_of: Map<Key, u32>,
    groups: Vec<Group>,
    keys: Vec<Key>,
    /// What the rows of these keys add.
    pending: Vec<Pending>,
    order: Vec<u64>,
    /// The tags of a batch's rows.
    tag_sets: Vec<Id>,
}

/// What a row adds to its group.
struct Pending {
    /// In femto-units, as the net cost.
    unblended: i64,
    net_unblended: i64,
    tokens: u64,
    line: u64,
    date: Date,
    of_month: usize,
    has_net: bool,
    has_tokens: bool,
}

#[derive(Default)]
struct Dictionaries {
    none: Translation,
    columns: [Translation; COUNT],
    /// Keys and values.
    tags: [Translation; 2],
    product: [Translation; 2],
}

/// The month of the bill, that of usage, the payer and the currency.
type FrameKey = (u32, u32, Id, Id);

/// [`CALLER_COLUMNS`] and the tags.
type CallerKey = ([Id; CALLER_COLUMNS.len()], Id);

/// Lines of one bill, month of usage and currency.
struct Frame {
    period: BillingPeriod,
    payer: Id,
    currency: Id,
    currency_read: Currency,
    /// The days that can stand on the bill; `None` where something of it cannot be read.
    days: Option<RangeInclusive<Date>>,
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

/// The sums of one key.
struct Group {
    /// Where the sum of each day of the month is.
    days: [u8; 31],
    sums: Vec<DaySum>,
}

/// A day without a sum.
const NO_SUM: u8 = u8::MAX;

impl Default for Group {
    fn default() -> Self {
        Group { days: [NO_SUM; 31], sums: Vec::new() }
    }
}

/// A row of a batch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    /// In the batch.
    pub place: usize,
    /// In the file, from 1.
    pub line: u64,
    pub is_ai: bool,
}

impl Groups {
    pub(super) fn new(has_column: [bool; COUNT]) -> Groups {
        let mut texts = Texts::new();
        Groups {
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
            group_of: Map::default(),
            groups: Vec::new(),
            keys: Vec::new(),
            pending: Vec::new(),
            order: Vec::new(),
            tag_sets: Vec::new(),
        }
    }

    /// What the product code of each row decides alone.
    pub(super) fn verdicts_by_code(&mut self, batch: &RecordBatch) -> Vec<Option<bool>> {
        self.learn(batch);
        let codes = self.dictionaries.text(batch, Column::ProductCode);
        let mut known: Map<Id, Option<bool>> = Map::default();
        (0..batch.num_rows())
            .map(|place| {
                let id = codes.id(place);
                *known.entry(id).or_insert_with(|| is_ai_by_code(self.texts.get(id)))
            })
            .collect()
    }

    /// Whether each row is AI. A text that is not told by number counts as AI, and is read as text.
    pub(super) fn verdicts(&mut self, batch: &RecordBatch) -> Vec<bool> {
        self.learn(batch);
        let Groups { texts, products, product_keys, dictionaries, charges, .. } = self;
        let view = ChargeView::new(dictionaries, batch);
        (0..batch.num_rows())
            .map(|place| {
                view.charge(place, texts, products, product_keys, charges)
                    .is_none_or(|(_, charge)| charge.is_ai)
            })
            .collect()
    }

    /// Adds rows of a batch; `read_as_text` is told of each that is to be read as text.
    pub(super) fn add(
        &mut self,
        batch: &RecordBatch,
        rows: impl Iterator<Item = Row>,
        converter: &mut Converter,
        mut read_as_text: impl FnMut(Row),
    ) -> Result<(), MoneyError> {
        self.learn(batch);
        let view = View::new(&self.dictionaries, batch);
        let mut known = Known {
            has_column: &self.has_column,
            texts: &self.texts,
            tags: &mut self.tags,
            products: &mut self.products,
            product_keys: &self.product_keys,
            calendar: &mut self.calendar,
            frames: &mut self.frames,
            callers: &mut self.callers,
            charges: &mut self.charges,
            converter,
        };
        let mut tags = std::mem::take(&mut self.tag_sets);
        tags.clear();
        if view.tags.is_there() {
            let places = 0..batch.num_rows();
            tags.extend(places.map(|place| view.tags.id(place, known.tags, |_| true)));
        }
        for row in rows {
            let Some((key, amounts)) = known.read(&view, &tags, row) else {
                read_as_text(row);
                continue;
            };
            self.keys.push(key);
            self.pending.push(amounts);
        }
        self.tag_sets = tags;
        if self.pending.len() >= PENDING_MAX {
            self.settle()?;
        }
        Ok(())
    }

    /// Adds what is pending to its groups, group by group: the sums of a large bill are more than a
    /// cache holds, and this way each is fetched once.
    fn settle(&mut self) -> Result<(), MoneyError> {
        let Groups { keys, pending, order, group_of, groups, .. } = self;
        order.clear();
        // Nothing else is done in this loop, so that the processor looks several keys up at once.
        for (place, key) in (0_u64..).zip(keys.iter()) {
            let group = match group_of.get(key) {
                Some(group) => *group,
                None => {
                    let next = u32::try_from(groups.len()).unwrap_or(u32::MAX);
                    group_of.insert(*key, next);
                    groups.push(Group::default());
                    next
                }
            };
            order.push((u64::from(group) << 32) | place);
        }
        order.sort_unstable();
        for number in order.iter() {
            let place = usize::try_from(number & u64::from(u32::MAX)).unwrap_or(usize::MAX);
            let group = usize::try_from(number >> 32).unwrap_or(usize::MAX);
            if let Some((group, pending)) = groups.get_mut(group).zip(pending.get(place)) {
                group.add(pending)?;
            }
        }
        keys.clear();
        pending.clear();
        Ok(())
    }

    /// Whether so much is held that it should be handed on.
    pub(super) fn is_full(&self) -> bool {
        self.groups.len() > GROUPS_MAX || self.texts.len() > TEXTS_MAX
    }

    fn learn(&mut self, batch: &RecordBatch) {
        let Dictionaries { columns, tags, product, .. } = &mut self.dictionaries;
        for (translation, column) in columns.iter_mut().zip(Column::ALL) {
            if let Some(array) = batch.column_by_name(column.name()) {
                translation.learn(array, &mut self.texts);
            }
        }
        for ([keys, values], column) in [(tags, Column::Tags), (product, Column::Product)] {
            let array = batch.column_by_name(column.name());
            if let Some(map) = array.and_then(|it| it.as_map_opt()) {
                keys.learn(map.keys(), &mut self.texts);
                values.learn(map.values(), &mut self.texts);
            }
        }
    }

    /// Hands on all groups and begins anew.
    pub(super) fn hand_on(
        &mut self,
        file: &Arc<str>,
        reader: &mut Reader<'_>,
    ) -> Result<(), SourceError> {
        self.settle().map_err(|error| SourceError::Money(file.to_string(), error))?;
        (self.keys, self.pending, self.order) = Default::default();
        // Neighbours then share most of what they are made of.
        let mut keys: Vec<(Key, u32)> = std::mem::take(&mut self.group_of).into_iter().collect();
        keys.sort_unstable();
        let mut groups = std::mem::take(&mut self.groups);
        let mut made = [Map::default(), Map::default()];
        for (key, group) in keys {
            let group = usize::try_from(group).ok().and_then(|it| groups.get_mut(it));
            let sums = group.map(|it| std::mem::take(&mut it.sums)).unwrap_or_default();
            let line = self.first_of(&key, &sums, file, &mut made, &mut reader.converter);
            let line = line.map_err(|(column, reason)| {
                SourceError::Refused(format!("`{file}`: {}: {reason}", column.name()))
            })?;
            reader.emit(file, Reading::Lines(line, sums))?;
        }
        *self = Groups::new(self.has_column);
        Ok(())
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
        let unknown = || (Column::UsageType, "a group of lines is of no known kind".to_owned());
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

    /// A set of entries by text; made once.
    fn map(&self, sets: &Sets, id: Id, made: &mut Map<Id, Arc<Tags>>) -> Arc<Tags> {
        let make = || {
            let text = |id| self.texts.shared(id).map(Arc::clone).unwrap_or_default();
            let entries = sets.get(id).iter();
            Arc::new(entries.map(|(key, value)| (text(*key), text(*value))).collect())
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
        (month, _, payer, currency): FrameKey,
        texts: &Texts,
        has_column: &[bool; COUNT],
        converter: &mut Converter,
    ) -> Option<Frame> {
        let year = i16::try_from(month / 12).ok()?;
        let first_day = Date::new(year, i8::try_from(month % 12).ok()? + 1, 1).ok()?;
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
        let days = read.filter(|_| is_told).map(|_| days_of(period));
        Some(Frame { period, payer, currency, currency_read, days })
    }
}

impl Group {
    #[inline]
    fn add(&mut self, pending: &Pending) -> Result<(), MoneyError> {
        let Some(day) = self.days.get_mut(pending.of_month) else { return Ok(()) };
        if *day == NO_SUM {
            *day = u8::try_from(self.sums.len()).unwrap_or(NO_SUM);
            // At most 31: twice the room at the end would waste much of all memory.
            if self.sums.len() == self.sums.capacity() {
                self.sums.reserve_exact(self.sums.len().clamp(2, 8));
            }
            self.sums.push(DaySum::zero(pending.date));
        }
        let place = usize::from(*day);
        let amounts = LineAmounts {
            unblended: pending.unblended.into(),
            net_unblended: pending.has_net.then_some(pending.net_unblended.into()),
            tokens: pending.has_tokens.then_some(pending.tokens),
            line: pending.line,
        };
        self.sums.get_mut(place).map_or(Ok(()), |it| it.add_line(&amounts))
    }
}

/// What reading a row takes and learns.
struct Known<'a> {
    has_column: &'a [bool; COUNT],
    texts: &'a Texts,
    tags: &'a mut Sets,
    products: &'a mut Sets,
    product_keys: &'a [Id],
    calendar: &'a mut Calendar,
    frames: &'a mut Numbered<FrameKey, Frame>,
    callers: &'a mut Numbered<CallerKey, CallerKey>,
    charges: &'a mut Numbered<ChargeKey, Charge>,
    converter: &'a mut Converter,
}

impl Known<'_> {
    /// The group of a row and what it adds; `None` where text must tell.
    #[inline]
    fn read(&mut self, view: &View<'_>, tags: &[Id], row: Row) -> Option<(Key, Pending)> {
        let place = row.place;
        // What one line costs nearly always fits: below 9,223 main units.
        let femto_units = |cell: Cell| i64::try_from(cell.digits()?.femto_units()?).ok();
        let unblended = femto_units(view.unblended.get(place))?;
        let net_unblended = match view.net_unblended.get(place) {
            Cell::Empty => None,
            cell => Some(femto_units(cell)?),
        };
        let day = self.calendar.get(view.start.get(place)?)?;
        let month = match view.period.get(place) {
            Some(start) => self.calendar.get(start)?.month,
            None if !view.period.is_null(place) => return None,
            None => match self.converter.period() {
                Some(period) => Day::of(period.first_day())?.month,
                None => day.month,
            },
        };
        let key = (month, day.month, view.payer.id(place), view.currency.id(place));
        let make = || Frame::new(key, self.texts, self.has_column, self.converter);
        let (frame, Frame { days, .. }) = self.frames.get(key, make)?;
        if !days.as_ref()?.contains(&day.date) {
            return None;
        }
        let mut pending = Pending {
            unblended,
            net_unblended: net_unblended.unwrap_or_default(),
            tokens: 0,
            line: row.line,
            date: day.date,
            of_month: day.of_month,
            has_net: net_unblended.is_some(),
            has_tokens: false,
        };
        if !row.is_ai {
            return Some(([frame, OTHER, EMPTY, EMPTY], pending));
        }
        let texts = self.texts;
        let (id, charge) =
            view.charge.charge(place, texts, self.products, self.product_keys, self.charges)?;
        let amount = view.amount.get(place);
        if amount != Cell::Empty {
            let tokens = amount.digits()?.tokens(charge.token_power.unwrap_or(0)).ok()?;
            let tokens = tokens.filter(|_| charge.token_power.is_some());
            pending.has_tokens = tokens.is_some();
            pending.tokens = tokens.unwrap_or_default();
        }
        let tags = tags.get(place).copied().unwrap_or(EMPTY);
        let of_caller = view.caller.each_ref().map(|it| it.id(place));
        let line_type = view.line_type.id(place);
        if tags == ODD || line_type == ODD || of_caller.contains(&ODD) {
            return None;
        }
        let caller = (of_caller, tags);
        let (caller, _) = self.callers.get(caller, || Some(caller))?;
        Some(([frame, id, caller, line_type], pending))
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
    fn text<'a>(&'a self, batch: &'a RecordBatch, column: Column) -> TextView<'a> {
        let known = self.columns.get(column as usize).unwrap_or(&self.none);
        known.view(batch.column_by_name(column.name()))
    }

    fn map<'a>(
        &'a self,
        batch: &'a RecordBatch,
        column: Column,
        [keys, values]: &'a [Translation; 2],
    ) -> MapView<'a> {
        MapView::new(batch.column_by_name(column.name()), keys, values)
    }
}

/// What a batch says of charges.
struct ChargeView<'a> {
    columns: [TextView<'a>; CHARGE_COLUMNS.len()],
    product: MapView<'a>,
}

impl<'a> ChargeView<'a> {
    fn new(dictionaries: &'a Dictionaries, batch: &'a RecordBatch) -> ChargeView<'a> {
        ChargeView {
            columns: CHARGE_COLUMNS.map(|it| dictionaries.text(batch, it)),
            product: dictionaries.map(batch, Column::Product, &dictionaries.product),
        }
    }

    /// What a row was charged for; `None` where text must tell.
    #[inline]
    fn charge<'c>(
        &self,
        place: usize,
        texts: &Texts,
        products: &mut Sets,
        product_keys: &[Id],
        charges: &'c mut Numbered<ChargeKey, Charge>,
    ) -> Option<(u32, &'c Charge)> {
        let ids = self.columns.each_ref().map(|it| it.id(place));
        let product = self.product.id(place, products, |it| product_keys.contains(&it));
        if product == ODD || ids.contains(&ODD) {
            return None;
        }
        let key = (ids, product);
        charges.get(key, || {
            let [code, entity, family, usage_type, unit, description] =
                ids.map(|id| Some(texts.get(id)).filter(|it| !it.is_empty()));
            // Of a key that stands there twice the last counts, as in JSON.
            let names = products.get(product).iter().rev();
            let name = names.filter(|it| Some(&it.0) == product_keys.first()).map(|it| it.1).next();
            let name = name.map(|it| texts.get(it)).filter(|it| !it.is_empty());
            let usage_type = UsageType::parse(usage_type.unwrap_or_default());
            let is_ai = is_ai(code, entity, name, family, &usage_type);
            let token_power = token_power(usage_type.meter_within_bedrock(), unit, description);
            Some(Charge { key, is_ai, token_power })
        })
    }
}

/// A batch by column.
struct View<'a> {
    start: DayView<'a>,
    period: DayView<'a>,
    payer: TextView<'a>,
    currency: TextView<'a>,
    unblended: NumberView<'a>,
    net_unblended: NumberView<'a>,
    amount: NumberView<'a>,
    charge: ChargeView<'a>,
    tags: MapView<'a>,
    caller: [TextView<'a>; CALLER_COLUMNS.len()],
    line_type: TextView<'a>,
}

impl<'a> View<'a> {
    fn new(dictionaries: &'a Dictionaries, batch: &'a RecordBatch) -> View<'a> {
        let column = |it: Column| batch.column_by_name(it.name());
        View {
            start: DayView::new(column(Column::UsageStart)),
            period: DayView::new(column(Column::PeriodStart)),
            payer: dictionaries.text(batch, Column::Payer),
            currency: dictionaries.text(batch, Column::Currency),
            unblended: NumberView::new(column(Column::Unblended)),
            net_unblended: NumberView::new(column(Column::NetUnblended)),
            amount: NumberView::new(column(Column::Amount)),
            charge: ChargeView::new(dictionaries, batch),
            tags: dictionaries.map(batch, Column::Tags, &dictionaries.tags),
            caller: CALLER_COLUMNS.map(|it| dictionaries.text(batch, it)),
            line_type: dictionaries.text(batch, Column::LineType),
        }
    }
}

/// Whether a column of numbers or dates can be read without text.
pub(super) fn is_plain(column: Column, kind: &DataType) -> bool {
    let is_text = |it: &DataType| *it == DataType::Utf8;
    match (column.kind(), kind) {
        (Kind::Text, kind) => is_text(kind),
        (Kind::Number, DataType::Float64 | DataType::Int64) => true,
        (Kind::Number, DataType::Decimal128(_, scale)) => *scale >= 0,
        (Kind::Date, DataType::Timestamp(..) | DataType::Date32) => true,
        (Kind::Map, DataType::Map(entry, _)) => match entry.data_type() {
            DataType::Struct(fields) => fields.iter().all(|it| is_text(it.data_type())),
            _ => false,
        },
        _ => false,
    }
}

/// A cell of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cell {
    Empty,
    Number(Digits),
    Unclear,
}

impl Cell {
    fn digits(self) -> Option<Digits> {
        match self {
            Cell::Number(digits) => Some(digits),
            Cell::Empty | Cell::Unclear => None,
        }
    }
}

#[derive(Clone, Copy)]
enum NumberView<'a> {
    Absent,
    Doubles(&'a Float64Array),
    Integers(&'a Int64Array),
    Decimals(&'a Decimal128Array, i32),
}

impl<'a> NumberView<'a> {
    fn new(column: Option<&'a ArrayRef>) -> NumberView<'a> {
        let Some(column) = column else { return NumberView::Absent };
        match column.data_type() {
            DataType::Float64 => NumberView::Doubles(column.as_primitive::<Float64Type>()),
            DataType::Int64 => NumberView::Integers(column.as_primitive::<Int64Type>()),
            DataType::Decimal128(_, scale) => {
                NumberView::Decimals(column.as_primitive::<Decimal128Type>(), i32::from(*scale))
            }
            _ => NumberView::Absent,
        }
    }

    #[inline]
    fn get(&self, place: usize) -> Cell {
        let digits = match self {
            NumberView::Absent => return Cell::Empty,
            NumberView::Doubles(it) if it.is_null(place) => return Cell::Empty,
            NumberView::Integers(it) if it.is_null(place) => return Cell::Empty,
            NumberView::Decimals(it, _) if it.is_null(place) => return Cell::Empty,
            NumberView::Doubles(it) => it.values().get(place).and_then(|it| Digits::of_double(*it)),
            NumberView::Integers(it) => {
                it.values().get(place).map(|it| Digits { digits: *it, exponent: 0 })
            }
            NumberView::Decimals(it, scale) => {
                let digits = it.values().get(place).and_then(|it| i64::try_from(*it).ok());
                digits.map(|digits| Digits { digits, exponent: -scale })
            }
        };
        digits.map_or(Cell::Unclear, Cell::Number)
    }
}

/// Times by the number of their day since 1970.
#[derive(Clone, Copy)]
enum DayView<'a> {
    Absent,
    Days(&'a [i32], Option<&'a NullBuffer>),
    Times(&'a [i64], Option<&'a NullBuffer>, i64),
}

impl<'a> DayView<'a> {
    fn new(column: Option<&'a ArrayRef>) -> DayView<'a> {
        const SECONDS: i64 = 86_400;
        let Some(column) = column else { return DayView::Absent };
        let nulls = column.nulls();
        match column.data_type() {
            DataType::Date32 => DayView::Days(column.as_primitive::<Date32Type>().values(), nulls),
            DataType::Timestamp(TimeUnit::Second, _) => {
                let values = column.as_primitive::<TimestampSecondType>().values();
                DayView::Times(values, nulls, SECONDS)
            }
            DataType::Timestamp(TimeUnit::Millisecond, _) => {
                let values = column.as_primitive::<TimestampMillisecondType>().values();
                DayView::Times(values, nulls, SECONDS * 1_000)
            }
            DataType::Timestamp(TimeUnit::Microsecond, _) => {
                let values = column.as_primitive::<TimestampMicrosecondType>().values();
                DayView::Times(values, nulls, SECONDS * 1_000_000)
            }
            DataType::Timestamp(TimeUnit::Nanosecond, _) => {
                let values = column.as_primitive::<TimestampNanosecondType>().values();
                DayView::Times(values, nulls, SECONDS * 1_000_000_000)
            }
            _ => DayView::Absent,
        }
    }

    fn is_null(&self, place: usize) -> bool {
        match self {
            DayView::Absent => true,
            DayView::Days(_, nulls) | DayView::Times(_, nulls, _) => {
                nulls.is_some_and(|it| it.is_null(place))
            }
        }
    }

    #[inline]
    fn get(&self, place: usize) -> Option<i64> {
        if self.is_null(place) {
            return None;
        }
        match self {
            DayView::Absent => None,
            DayView::Days(days, _) => days.get(place).map(|it| i64::from(*it)),
            DayView::Times(times, _, day) => times.get(place).map(|it| it.div_euclid(*day)),
        }
    }
}

/// A day of the calendar.
#[derive(Clone, Copy)]
struct Day {
    date: Date,
    /// Months since the year 0.
    month: u32,
    /// From 0.
    of_month: usize,
}

impl Day {
    fn of(date: Date) -> Option<Day> {
        let (year, month) = (u32::try_from(date.year()).ok()?, u32::try_from(date.month()).ok()?);
        let of_month = usize::try_from(date.day()).ok()? - 1;
        Some(Day { date, month: year * 12 + (month - 1), of_month })
    }
}

/// Days by their number; bills hold a few dozen of them.
struct Calendar(Box<[Option<(i64, Day)>; CALENDAR_DAYS]>);

const CALENDAR_DAYS: usize = 1024;

impl Default for Calendar {
    fn default() -> Self {
        Calendar(Box::new([None; CALENDAR_DAYS]))
    }
}

impl Calendar {
    /// `None` far off the present, where text tells what is wrong.
    #[inline]
    fn get(&mut self, number: i64) -> Option<Day> {
        let place = usize::try_from(number).ok()? % CALENDAR_DAYS;
        let known = self.0.get_mut(place)?;
        if let Some((_, day)) = known.filter(|it| it.0 == number) {
            return Some(day);
        }
        let day = date(1970, 1, 1).checked_add(i32::try_from(number).ok()?.days()).ok()?;
        let day = Day::of(day).filter(|it| it.date.year() < 2200)?;
        *known = Some((number, day));
        Some(day)
    }
}
