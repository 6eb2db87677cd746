//! The rows of a batch, column by column.

use jiff::ToSpan;
use jiff::civil::{Date, date};
use ledger_core::money::MoneyError;

use crate::cur::columnar::double::Digits;
use crate::cur::columnar::{Amounts, Femto, NO_AMOUNT, ODD_AMOUNT};
use crate::cur::columnar::{Array, Batch, Unit, Values};
use crate::cur::groups::dictionaries::Dictionaries;
use crate::cur::groups::ids::{Id, MapView, Sets, TextView};
use crate::cur::groups::packed::{BitLayout, FIELDS, Field, PackedRows};
use crate::cur::groups::pending::PendingRow;
use crate::cur::meaning::columns::{CALLER_COLUMNS, Column, PRODUCT_COLUMNS};

/// A row of a batch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BatchRow {
    /// In the batch.
    pub place: usize,
    /// In the row group, from 0.
    pub row: usize,
    pub is_ai: bool,
}

/// The parts of a row's numbers; those of the frame first, then the line type.
pub(super) const PERIODS: Field = 0;
pub(super) const STARTS: Field = 1;
pub(super) const TAGS: Field = FIELDS - 2;
pub(super) const ATTRIBUTES: Field = FIELDS - 1;

/// Texts by their parts, from the part after [`STARTS`]: first payer, currency and line type.
const TEXTS: [Column; FIELDS - 4] = {
    let mut texts = [Column::LineType; FIELDS - 4];
    [texts[0], texts[1]] = [Column::Payer, Column::Currency];
    let (_, rest) = texts.split_at_mut(3);
    let (of_product, of_caller) = rest.split_at_mut(PRODUCT_COLUMNS.len());
    of_product.copy_from_slice(&PRODUCT_COLUMNS);
    of_caller.copy_from_slice(&CALLER_COLUMNS);
    texts
};

/// The part of a text.
pub(super) fn text_field(column: Column) -> Field {
    let place = TEXTS.iter().position(|it| *it == column);
    place.map_or(FIELDS, |it| it + STARTS + 1)
}

/// The values of a batch's rows.
#[derive(Debug, Default)]
pub(super) struct Cells {
    starts: Vec<RowDay>,
    periods: Vec<RowDay>,
    tags: Vec<Id>,
    attributes: Vec<Id>,
    packed: PackedRows,
}

impl Cells {
    pub(super) fn read(
        &mut self,
        view: &BatchView<'_>,
        row_count: usize,
        calendar: &mut Calendar,
        tags: &mut Sets,
        attributes: &mut Sets,
        attribute_keys: &[Id],
    ) {
        view.start.read(calendar, row_count, &mut self.starts);
        view.period.read(calendar, row_count, &mut self.periods);
        view.tags.read(tags, None, &mut self.tags);
        view.product.read(attributes, Some(attribute_keys), &mut self.attributes);
    }

    /// Lays the numbers of each row side by side.
    pub(super) fn pack(
        &mut self,
        view: &BatchView<'_>,
        layout: &BitLayout,
        row_count: usize,
    ) -> Result<(), MoneyError> {
        let packed = &mut self.packed;
        packed.begin(layout, row_count);
        packed.add(PERIODS, self.periods.iter().map(|it| it.month.into()));
        packed.add(STARTS, self.starts.iter().map(|it| it.month.into()));
        packed.add(TAGS, self.tags.iter().copied());
        packed.add(ATTRIBUTES, self.attributes.iter().copied());
        for (text, part) in view.texts.iter().zip(STARTS + 1..) {
            packed.add_with(part, |rows, shift| text.pack(rows, shift))?;
        }
        Ok(())
    }

    /// The amounts that a row adds to its group; `None` if it must be read as text.
    #[inline]
    pub(super) fn pending(
        &self,
        amounts: AmountsView<'_>,
        row: &BatchRow,
        before: u64,
    ) -> Option<PendingRow> {
        let place = row.place;
        let unblended = *amounts.unblended.get(place)?;
        let net_unblended = amounts.net_unblended.get(place).copied().unwrap_or(NO_AMOUNT);
        // Of non-AI lines only the charged costs count.
        let list = amounts.list.get(place).copied().filter(|_| row.is_ai).unwrap_or(NO_AMOUNT);
        let start = *self.starts.get(place)?;
        let period = *self.periods.get(place)?;
        let is_clear = unblended > ODD_AMOUNT
            && net_unblended != ODD_AMOUNT
            && list != ODD_AMOUNT
            && start.of_month != RowDay::NONE.of_month
            && period != RowDay::ODD;
        if !is_clear {
            return None;
        }
        let amount = amounts.quantities.get(place).copied().unwrap_or(NO_DIGITS);
        Some(PendingRow {
            key: self.packed.get(place, row.is_ai)?,
            unblended,
            net_unblended,
            list,
            amount_digits: amount.digits,
            amount_exponent: amount.exponent.try_into().ok()?,
            row: u32::try_from(before.checked_add(u64::try_from(row.row).ok()?)?).ok()?,
            day: start.of_month,
        })
    }
}

/// The amounts of a batch's rows; nothing where there is no such column.
#[derive(Clone, Copy)]
pub(super) struct AmountsView<'a> {
    unblended: &'a [Femto],
    net_unblended: &'a [Femto],
    list: &'a [Femto],
    quantities: &'a [Digits],
}

impl<'a> AmountsView<'a> {
    pub(super) fn new(batch: &'a Batch) -> AmountsView<'a> {
        let costs = |it| match batch.column(it).and_then(Array::as_amounts) {
            Some(Amounts::Costs(it)) => it.as_slice(),
            _ => &[],
        };
        AmountsView {
            unblended: costs(Column::Unblended),
            net_unblended: costs(Column::NetUnblended),
            list: costs(Column::List),
            quantities: match batch.column(Column::Amount).and_then(Array::as_amounts) {
                Some(Amounts::Quantities(it)) => it,
                _ => &[],
            },
        }
    }
}

/// The columns of a batch that tell its rows apart.
pub(super) struct BatchView<'a> {
    start: DayView<'a>,
    period: DayView<'a>,
    texts: [TextView<'a>; TEXTS.len()],
    /// The count of numbers of each.
    text_counts: [usize; TEXTS.len()],
    tags: MapView<'a>,
    product: MapView<'a>,
}

impl<'a> BatchView<'a> {
    pub(super) fn new(dictionaries: &'a Dictionaries, batch: &'a Batch) -> BatchView<'a> {
        let column = |it: Column| batch.column(it);
        BatchView {
            start: DayView::new(column(Column::UsageStart)),
            period: DayView::new(column(Column::PeriodStart)),
            texts: TEXTS.map(|it| dictionaries.text(batch, it)),
            text_counts: TEXTS.map(|it| dictionaries.number_count(it)),
            tags: dictionaries.map(batch, Column::Tags, &dictionaries.tags),
            product: dictionaries.map(batch, Column::Product, &dictionaries.product),
        }
    }

    /// The count of numbers that each field of a row can have.
    pub(super) fn counts(
        &self,
        calendar: &Calendar,
        tags: &Sets,
        attributes: &Sets,
    ) -> [usize; FIELDS] {
        let mut counts = [calendar.month_count(); FIELDS];
        let others = self.text_counts.iter().copied().chain([tags.len(), attributes.len()]);
        for (count, other) in counts.iter_mut().skip(STARTS + 1).zip(others) {
            *count = other;
        }
        counts
    }
}

const NO_DIGITS: Digits = Digits { digits: NO_AMOUNT, exponent: 0 };

/// Times by the number of their day since 1970.
#[derive(Clone, Copy)]
enum DayView<'a> {
    Absent,
    Days(&'a Values<i32>),
    Times(&'a Values<i64>, Unit),
}

impl<'a> DayView<'a> {
    fn new(column: Option<&'a Array>) -> DayView<'a> {
        match column {
            Some(Array::Days(it)) => DayView::Days(it),
            Some(Array::Times(it, unit)) => DayView::Times(it, *unit),
            _ => DayView::Absent,
        }
    }

    /// All of the column.
    fn read(&self, calendar: &mut Calendar, row_count: usize, days: &mut Vec<RowDay>) {
        const SECONDS: i64 = 86_400;
        days.clear();
        match *self {
            DayView::Absent => days.resize(row_count, RowDay::NONE),
            DayView::Days(it) => {
                days.extend(it.values().iter().map(|it| calendar.get((*it).into())));
                leave_out(it.nulls(), days);
            }
            // Each unit for itself: dividing by what is fixed is a multiplication.
            DayView::Times(it, unit) => {
                let times = it.values();
                match unit {
                    Unit::Millisecond => calendar.read::<{ SECONDS * 1_000 }>(times, days),
                    Unit::Microsecond => calendar.read::<{ SECONDS * 1_000_000 }>(times, days),
                    Unit::Nanosecond => calendar.read::<{ SECONDS * 1_000_000_000 }>(times, days),
                }
                leave_out(it.nulls(), days);
            }
        }
    }
}

/// A null has no day, whatever placeholder the value array holds.
fn leave_out(nulls: Option<&[bool]>, days: &mut [RowDay]) {
    for (day, is_null) in days.iter_mut().zip(nulls.into_iter().flatten()) {
        if *is_null {
            *day = RowDay::NONE;
        }
    }
}

/// A day as a row has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RowDay {
    /// As the calendar counts the months that it has seen, from [`FIRST_MONTH`].
    month: u16,
    /// From 0.
    of_month: u8,
}

impl RowDay {
    /// A cell without a day.
    const NONE: RowDay = RowDay { month: 0, of_month: u8::MAX };

    /// The month of [`RowDay::NONE`].
    pub(super) const NO_MONTH: u32 = 0;

    /// A day that must be read as text: far off the present, where the row reader names the fault.
    const ODD: RowDay = RowDay { month: 1, of_month: u8::MAX };
}

const FIRST_MONTH: u16 = 2;

/// Days by their number; bills hold a few dozen of them.
#[derive(Debug)]
pub(super) struct Calendar {
    days: Box<[(i64, RowDay); CALENDAR_DAYS]>,
    /// Since the year 0.
    months: Vec<u32>,
}

const CALENDAR_DAYS: usize = 1024;

impl Default for Calendar {
    fn default() -> Self {
        // No day has this number.
        Calendar { days: Box::new([(i64::MAX, RowDay::ODD); CALENDAR_DAYS]), months: Vec::new() }
    }
}

impl Calendar {
    /// Times of which `DAY` are one day.
    #[inline]
    fn read<const DAY: i64>(&mut self, times: &[i64], days: &mut Vec<RowDay>) {
        days.extend(times.iter().map(|it| self.get(it.div_euclid(DAY))));
    }

    #[inline]
    fn get(&mut self, number: i64) -> RowDay {
        // The mask leaves ten bits, also of a number below zero.
        let place = (number & CALENDAR_MASK) as usize;
        match self.days.get(place) {
            Some((known, day)) if *known == number => *day,
            _ => self.learn(number, place).unwrap_or(RowDay::ODD),
        }
    }

    #[cold]
    fn learn(&mut self, number: i64, place: usize) -> Option<RowDay> {
        let date = date(1970, 1, 1).checked_add(i32::try_from(number).ok()?.days()).ok()?;
        let month = month_of(date).filter(|_| date.year() < 2200)?;
        let at = self.months.iter().position(|it| *it == month).unwrap_or_else(|| {
            self.months.push(month);
            self.months.len() - 1
        });
        let day = RowDay {
            month: u16::try_from(at).ok()?.checked_add(FIRST_MONTH)?,
            of_month: u8::try_from(date.day()).ok()?.checked_sub(1)?,
        };
        *self.days.get_mut(place)? = (number, day);
        Some(day)
    }

    /// The month of a number, since the year 0.
    pub(super) fn month(&self, number: u32) -> Option<u32> {
        let place = usize::try_from(number).ok()?.checked_sub(usize::from(FIRST_MONTH))?;
        self.months.get(place).copied()
    }

    /// The count of numbers that months can have.
    fn month_count(&self) -> usize {
        self.months.len() + usize::from(FIRST_MONTH)
    }
}

const CALENDAR_MASK: i64 = CALENDAR_DAYS as i64 - 1;

/// Months since the year 0.
pub(super) fn month_of(date: Date) -> Option<u32> {
    let (year, month) = (u32::try_from(date.year()).ok()?, u32::try_from(date.month()).ok()?);
    Some(year * 12 + (month - 1))
}

/// The first day of a month since the year 0.
pub(super) fn first_of(month: u32) -> Option<Date> {
    Date::new(i16::try_from(month / 12).ok()?, i8::try_from(month % 12).ok()? + 1, 1).ok()
}
