//! Groups as readings, once all rows are in.

use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::thread;

use ledger_app::ports::{Reading, SourceError};
use ledger_core::day_sum::DaySum;

use crate::cur::groups::Groups;
use crate::cur::groups::catalog::Catalog;
use crate::cur::groups::ids::Id;
use crate::cur::groups::key::{Map, OTHER};
use crate::cur::groups::line_items::{LineItems, unknown};
use crate::cur::groups::partition::Partition;
use crate::cur::meaning::line::{Converter, reading};
use crate::cur::meaning::row::Problem;
use crate::cur::reader::Reader;

/// Partitions whose readings wait to be emitted.
const WAITING_MAX: usize = 1;

impl Groups {
    /// Emits all groups and begins anew. If `is_ahead`, another thread makes the readings.
    pub(crate) fn emit(
        &mut self,
        file: &Arc<str>,
        is_ahead: bool,
        reader: &mut Reader<'_>,
    ) -> Result<(), SourceError> {
        let Groups { catalog, partitions, first_row, .. } =
            std::mem::replace(self, Groups::new(self.catalog.present));
        let (converter, out) = reader.parts();
        let (line_items, line_counts) = (LineItems::new(&catalog, file), Map::default());
        let mut maker = Maker { line_items, catalog: &catalog, first_row, line_counts, converter };
        let mut partitions = partitions.into_iter();
        if is_ahead {
            thread::scope(|scope| {
                let (sender, made) = sync_channel(WAITING_MAX);
                let (maker, partitions) = (&mut maker, &mut partitions);
                let helper = thread::Builder::new().spawn_scoped(scope, move || {
                    let mut made = partitions.map(|partition| {
                        let mut readings = Vec::with_capacity(partition.group_count());
                        let kept = maker.each(&partition, file, |it| {
                            readings.push(it);
                            Ok(())
                        });
                        kept.map(|()| readings)
                    });
                    // Nothing is received any more after an error.
                    made.all(|it| sender.send(it).is_ok())
                });
                // Where the system has no thread left, nothing comes, and all is made below.
                drop(helper);
                for readings in made {
                    for reading in readings? {
                        // Sums stay. Here they get the memory that partitions leave; that of the
                        // other thread would be held beside it.
                        let reading = match reading {
                            Reading::Charge(line, sums) => Reading::Charge(line, sums.clone()),
                            other => other,
                        };
                        out.emit(file, reading)?;
                    }
                }
                Ok(())
            })?;
        }
        for partition in partitions {
            maker.each(&partition, file, |it| out.emit(file, it))?;
        }
        maker.end();
        Ok(())
    }
}

/// Makes the readings of one file's groups.
struct Maker<'a> {
    line_items: LineItems<'a>,
    catalog: &'a Catalog,
    first_row: u64,
    /// Of AI lines, by line type.
    line_counts: Map<Id, u64>,
    converter: &'a mut Converter,
}

impl Maker<'_> {
    /// The groups of a partition, in order of their keys.
    fn each(
        &mut self,
        partition: &Partition,
        file: &Arc<str>,
        mut take: impl FnMut(Reading) -> Result<(), SourceError>,
    ) -> Result<(), SourceError> {
        let Maker { line_items, catalog, first_row, line_counts, converter } = self;
        let keys = partition.sorted_keys().ok_or_else(|| refused(file, unknown()))?;
        for (key, place) in keys {
            let month = catalog.first_of_use(&key).ok_or_else(|| refused(file, unknown()))?;
            let has_unit = catalog.has_unit(&key);
            let sums = partition.day_sums(place, *first_row, month, has_unit);
            let sums = sums.map_err(|it| SourceError::Money(file.to_string(), it))?;
            let line = line_items.of(key, &sums, converter);
            let line = line.map_err(|it| refused(file, it))?;
            let is_ai = key.product != OTHER;
            if is_ai {
                *line_counts.entry(key.line_type).or_default() +=
                    sums.iter().map(DaySum::line_count).sum::<u64>();
            }
            take(reading(is_ai, line, sums))?;
        }
        Ok(())
    }

    /// Counts the lines whose type is amortized by columns that the file lacks.
    fn end(self) {
        for (line_type, count) in self.line_counts {
            if let Some(columns) = self.catalog.absent(line_type) {
                let line_type = self.catalog.texts.get(line_type);
                self.converter.unamortized.count(line_type, columns, false, count);
            }
        }
    }
}

fn refused(file: &str, (column, reason): Problem) -> SourceError {
    SourceError::Refused(format!("`{file}`: {}: {reason}", column.name()))
}
