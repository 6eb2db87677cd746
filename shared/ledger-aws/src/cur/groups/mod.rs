//! Rows of a Parquet file that are equal except for day and amounts, summed as they are read.
//!
//! From row to sum:
//!
//! 1. [`ids`] numbers each text and each set of tags of the file, once.
//! 2. [`cells`] reads a batch column by column; [`packed`] puts the numbers of a row side by side in
//!    three words, its key.
//! 3. The key chooses one of 256 [partitions](partition), where rows wait until there are enough to
//!    make fetching their groups worthwhile.
//! 4. Each group has a [small sum](small_sum) for each day.
//! 5. When all rows are in, each group is [emitted](emit); [`line_items`] reads its shared fields, once.
//!
//! Anything unusual, such as an amount with more than 15 fraction digits, falls back to the
//! row-by-row reader, so both paths give the same result.

mod catalog;
mod cells;
mod dictionaries;
mod emit;
mod ids;
mod key;
mod line_items;
mod packed;
mod partition;
mod pending;
mod small_sum;

use ledger_core::money::MoneyError;

pub(crate) use self::catalog::Turn;
pub(crate) use self::cells::BatchRow;

use self::catalog::Catalog;
use self::cells::{AmountsView, BatchView, Cells};
use self::packed::{BitLayout, Fit};
use self::partition::{Partition, RowSlot};
use self::pending::PendingRow;
use crate::cur::columnar::Batch;
use crate::cur::meaning::codes::ProductCodes;
use crate::cur::meaning::columns::ColumnSet;
use crate::cur::meaning::line::Converter;

/// Groups that are held before they are emitted: about 40 MB beside their sums.
const GROUPS_MAX: usize = 1 << 18;

/// Texts that are held; a file whose callers are all different has many.
const TEXTS_MAX: usize = 1 << 18;

/// Rows that wait in a partition before they are added to its groups: 15 MB in all partitions.
const PENDING_MAX: usize = 896;

/// Rows that sums can count in 32 bits.
const ROWS_MAX: u64 = 1 << 31;

/// The number of values of [`BitLayout::partition`].
const PARTITIONS: usize = 256;

/// A partition with more sums is full; one row group adds fewer than there is room left for.
const SUMS_MAX: usize = 1 << 15;

/// The groups of one file.
pub(crate) struct Groups {
    catalog: Catalog,
    cells: Cells,
    /// More groups than the processor's cache holds. Rows are added to one partition at a time, so
    /// each group is fetched once for many rows.
    partitions: Vec<Partition>,
    /// Rows that are not yet added to the groups, by partition.
    pending: Vec<Vec<PendingRow>>,
    /// The slots of the rows of one partition, kept to reuse their memory.
    slots: Vec<RowSlot>,
    /// The number of rows of the file before those that are held.
    first_row: u64,
    /// The number of rows that are held from before the row group.
    before: u64,
    /// The rows of the row group that must be read as text.
    unclear: Vec<usize>,
    /// Whether packed keys ran out of bits.
    is_short: bool,
}

impl Groups {
    pub(crate) fn new(present: ColumnSet) -> Groups {
        Groups {
            catalog: Catalog::new(present),
            cells: Cells::default(),
            partitions: (0..PARTITIONS).map(|_| Partition::default()).collect(),
            pending: vec![Vec::new(); PARTITIONS],
            slots: Vec::new(),
            first_row: 0,
            before: 0,
            unclear: Vec::new(),
            is_short: false,
        }
    }

    /// How each row is read, as far as its product code decides it alone.
    pub(crate) fn turns_by_code<'a>(
        &'a mut self,
        batch: &'a Batch,
        codes: &ProductCodes,
    ) -> impl Iterator<Item = Option<Turn>> + 'a {
        self.catalog.learn(batch);
        self.catalog.turns_by_code(batch, codes.is_second_pass())
    }

    /// Whether the usage type of each row counts tokens, or may.
    pub(crate) fn token_counts<'a>(
        &'a mut self,
        batch: &'a Batch,
    ) -> impl Iterator<Item = bool> + 'a {
        self.catalog.learn(batch);
        self.catalog.token_counts(batch)
    }

    /// How each row is read.
    pub(crate) fn turns(&mut self, batch: &Batch, codes: &mut ProductCodes) -> Vec<Turn> {
        self.catalog.learn(batch);
        self.catalog.turns(batch, codes)
    }

    /// Takes the number of rows of the file before the row group.
    pub(crate) fn begin_row_group(&mut self, before: u64) {
        if self.partitions.iter().all(Partition::is_empty) {
            self.first_row = before;
        }
        self.before = before.saturating_sub(self.first_row);
    }

    /// Adds rows of a batch of the row group.
    pub(crate) fn add(
        &mut self,
        batch: &Batch,
        rows: impl Iterator<Item = BatchRow>,
        converter: &mut Converter,
    ) -> Result<(), MoneyError> {
        let row_count = batch.row_count();
        self.catalog.learn(batch);
        let Catalog { tags, attributes, attribute_keys, dictionaries, calendar, layout, .. } =
            &mut self.catalog;
        let view = BatchView::new(dictionaries, batch);
        self.cells.read(&view, row_count, calendar, tags, attributes, attribute_keys);
        let mut layout = layout.clone();
        let counts = view.counts(calendar, tags, attributes);
        let fit = layout.fit(counts);
        self.cells.pack(&view, &layout, row_count)?;
        match fit {
            Fit::Same => {}
            Fit::Moved => self.rebuild(layout, converter)?,
            Fit::Short => {
                self.is_short = true;
                self.unclear.extend(rows.map(|it| it.row));
                return Ok(());
            }
        }
        let amounts = AmountsView::new(batch);
        for row in rows {
            let Some(pending) = self.cells.pending(amounts, &row, self.before) else {
                self.unclear.push(row.row);
                continue;
            };
            let partition = self.catalog.layout.partition(&pending.key);
            let waiting = self.pending.get_mut(partition);
            let waiting = waiting.ok_or(MoneyError::OutOfRange)?;
            waiting.push(pending);
            if waiting.len() >= PENDING_MAX {
                self.add_pending(partition, converter);
            }
        }
        Ok(())
    }

    /// Adds the waiting rows of a partition to its groups.
    fn add_pending(&mut self, partition: usize, converter: &mut Converter) {
        let Groups { catalog, partitions, pending, slots, before, unclear, .. } = self;
        let found = partitions.get_mut(partition).zip(pending.get_mut(partition));
        if let Some((partition, pending)) = found {
            let make_group = |packed: &_| catalog.group(packed, converter);
            let read_as_text = |row: u32| {
                let row = u64::from(row).saturating_sub(*before);
                unclear.push(usize::try_from(row).unwrap_or(usize::MAX));
            };
            partition.add_pending(pending, slots, make_group, read_as_text);
        }
    }

    /// Moves all groups to keys of another layout.
    fn rebuild(&mut self, layout: BitLayout, converter: &mut Converter) -> Result<(), MoneyError> {
        self.add_all_pending(converter);
        let before = std::mem::replace(&mut self.catalog.layout, layout);
        let partitions = (0..PARTITIONS).map(|_| Partition::default()).collect();
        for mut partition in std::mem::replace(&mut self.partitions, partitions) {
            for (packed, place) in partition.take_places() {
                let moved = before.moved(&packed, &self.catalog.layout);
                // If its own partition is full another keeps it; its next rows begin a new group.
                let own = self.catalog.layout.partition(&moved);
                let to = match self.partitions.get(own).is_some_and(Partition::has_room) {
                    true => Some(own),
                    false => self.partitions.iter().position(Partition::has_room),
                };
                let to = to.and_then(|it| self.partitions.get_mut(it));
                let to = to.ok_or(MoneyError::OutOfRange)?;
                partition.move_group(place, moved, to).ok_or(MoneyError::OutOfRange)?;
            }
        }
        Ok(())
    }

    fn add_all_pending(&mut self, converter: &mut Converter) {
        (0..PARTITIONS).for_each(|it| self.add_pending(it, converter));
    }

    /// Adds the last rows of a row group; returns those of its rows that must be read as text.
    pub(crate) fn end_row_group(&mut self, converter: &mut Converter) -> Vec<usize> {
        self.add_all_pending(converter);
        std::mem::take(&mut self.unclear)
    }

    /// Whether the groups should be emitted before more rows are read.
    pub(crate) fn is_full(&self) -> bool {
        let group_count: usize = self.partitions.iter().map(Partition::group_count).sum();
        group_count > GROUPS_MAX
            || self.catalog.texts.len() > TEXTS_MAX
            || self.partitions.iter().any(|it| it.sum_count() > SUMS_MAX)
            || self.before > ROWS_MAX
            || self.is_short
    }
}
