//! Groups of rows by text values, without a copy of a value for each row.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;

/// Things of type `T`, one for each combination of values of some columns.
///
/// Values are numbered as they come. A group is found by the numbers of its values, so that looking
/// for it copies no text: each value is owned once, each combination of numbers too.
#[derive(Debug)]
pub(crate) struct Grouping<T> {
    columns: Vec<Column>,
    groups: BTreeMap<Box<[u32]>, T>,
    /// The numbers of the row that is looked for.
    row: Vec<u32>,
}

/// The different values of a column. The number 0 is that of no value.
#[derive(Debug, Default)]
struct Column {
    numbers: BTreeMap<Arc<str>, u32>,
    texts: Vec<Arc<str>>,
    /// The value of the row before: rows are sorted, so it is often the same again.
    last: u32,
    /// The number of a day's value: all rows of a day have it.
    of_day: Option<(Date, u32)>,
}

impl<T> Grouping<T> {
    /// Starts without groups.
    pub(crate) fn new(column_count: usize) -> Grouping<T> {
        let columns = std::iter::repeat_with(Column::default).take(column_count).collect();
        Grouping { columns, groups: BTreeMap::new(), row: Vec::new() }
    }

    /// Starts to look for the group of a row.
    pub(crate) fn row(&mut self) -> RowOf<'_, T> {
        self.row.clear();
        RowOf { grouping: self }
    }

    /// The groups with their values, in no order that means anything.
    pub(crate) fn into_groups(self) -> impl Iterator<Item = (Vec<Option<Arc<str>>>, T)> {
        let Grouping { columns, groups, .. } = self;
        groups.into_iter().map(move |(numbers, group)| {
            let values = numbers.iter().zip(&columns).map(|(number, column)| column.text(*number));
            (values.map(|it| it.cloned()).collect(), group)
        })
    }
}

/// A row whose values are named one after the other, in the order of the columns.
#[derive(Debug)]
pub(crate) struct RowOf<'a, T> {
    grouping: &'a mut Grouping<T>,
}

impl<T> RowOf<'_, T> {
    /// Names the next value.
    pub(crate) fn value(mut self, text: Option<&str>) -> Self {
        let number = self.column().map_or(0, |column| column.number(text));
        self.grouping.row.push(number);
        self
    }

    /// Names the next value, which follows from the day.
    pub(crate) fn value_of_day(mut self, day: Date, text: impl FnOnce() -> String) -> Self {
        let number = self.column().map_or(0, |column| column.number_of_day(day, text));
        self.grouping.row.push(number);
        self
    }

    /// Changes the group, a new one for a new combination of values.
    pub(crate) fn update<R>(self, new: impl FnOnce() -> T, change: impl FnOnce(&mut T) -> R) -> R {
        let Grouping { groups, row, .. } = self.grouping;
        match groups.get_mut(row.as_slice()) {
            Some(group) => change(group),
            None => {
                let mut group = new();
                let changed = change(&mut group);
                groups.insert(row.as_slice().into(), group);
                changed
            }
        }
    }

    fn column(&mut self) -> Option<&mut Column> {
        let Grouping { columns, row, .. } = &mut *self.grouping;
        columns.get_mut(row.len())
    }
}

impl Column {
    fn number(&mut self, text: Option<&str>) -> u32 {
        let Some(text) = text else { return 0 };
        if self.text(self.last).is_some_and(|last| **last == *text) {
            return self.last;
        }
        self.last = match self.numbers.get(text) {
            Some(number) => *number,
            None => self.add(text),
        };
        self.last
    }

    fn number_of_day(&mut self, day: Date, text: impl FnOnce() -> String) -> u32 {
        match self.of_day {
            Some((of, number)) if of == day => number,
            _ => {
                let number = self.number(Some(&text()));
                self.of_day = Some((day, number));
                number
            }
        }
    }

    fn add(&mut self, text: &str) -> u32 {
        let text: Arc<str> = text.into();
        self.texts.push(Arc::clone(&text));
        // A number more than there is memory for texts.
        let number = u32::try_from(self.texts.len()).unwrap_or(u32::MAX);
        self.numbers.insert(text, number);
        number
    }

    fn text(&self, number: u32) -> Option<&Arc<str>> {
        let at = usize::try_from(number).ok()?.checked_sub(1)?;
        self.texts.get(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_with_the_same_values_are_one_group() {
        let mut counts = Grouping::new(2);
        let rows = [
            (Some("a"), Some("x")),
            (Some("a"), None),
            (Some("b"), Some("x")),
            (None, Some("x")),
            (Some("a"), Some("x")),
            (Some(""), Some("x")),
        ];
        for (first, second) in rows {
            counts.row().value(first).value(second).update(|| 0, |count| *count += 1);
        }
        let mut groups: Vec<String> = counts
            .into_groups()
            .map(|(values, count)| {
                let values: Vec<_> = values.iter().map(|it| it.as_deref().unwrap_or("-")).collect();
                format!("{} {count}", values.join(","))
            })
            .collect();
        groups.sort();
        assert_eq!(groups, [",x 1", "-,x 1", "a,- 1", "a,x 2", "b,x 1"]);
    }

    #[test]
    fn the_value_of_a_day_is_made_once_for_rows_in_a_row() {
        let mut made = 0;
        let mut counts = Grouping::new(1);
        for day in ["2026-11-01", "2026-11-01", "2026-11-02", "2026-11-01"] {
            let date: Date = day.parse().unwrap();
            let text = || {
                made += 1;
                date.to_string()
            };
            counts.row().value_of_day(date, text).update(|| 0, |count| *count += 1);
        }
        let counts: Vec<i32> = counts.into_groups().map(|(_, count)| count).collect();
        assert_eq!((counts, made), (vec![3, 1], 3));
    }
}
