//! Reading a table.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::write::unzigzag;
use super::{AMOUNT, CONSTANT, FORM, NUMBER, PAIRS, TEXT};

/// More rows than any chunk has; a count beyond it is damage, not a reason to reserve memory.
const ROWS_MAX: usize = 1 << 20;

/// Reason why a table, or one of its columns, cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::dynamodb) enum Damage {
    /// The bytes end early.
    #[error("it ends before its {0}")]
    Truncated(&'static str),
    /// A newer release wrote it.
    #[error("it is of form {0}; this release reads form {FORM}")]
    NewerForm(u128),
    /// A text is not UTF-8.
    #[error("a text is not UTF-8")]
    NotText,
    /// A number names a text, set or power that is not there, or is too large.
    #[error("a number in its {0} is out of range")]
    OutOfRange(&'static str),
    /// A column has values of another kind.
    #[error("column `{name}` has kind {kind}; expected {expected}")]
    OtherKind {
        /// The column.
        name: String,
        /// The kind it has.
        kind: u8,
        /// The kind that was asked for.
        expected: u8,
    },
}

/// Pairs of texts by key.
pub(in crate::dynamodb) type Pairs = BTreeMap<Arc<str>, Arc<str>>;

/// A table whose columns are decoded when they are asked for.
#[derive(Debug)]
pub(in crate::dynamodb) struct Table<'a> {
    row_count: usize,
    texts: Vec<Arc<str>>,
    columns: Vec<(&'a str, u8, &'a [u8])>,
}

/// The values of a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::dynamodb) enum Column<T> {
    /// All rows have this value.
    Constant(Option<T>),
    /// The value of each row.
    Each(Vec<Option<T>>),
}

impl<T> Column<T> {
    /// The value of a row.
    pub(in crate::dynamodb) fn get(&self, row: usize) -> Option<&T> {
        match self {
            Column::Constant(value) => value.as_ref(),
            Column::Each(values) => values.get(row).and_then(Option::as_ref),
        }
    }
}

impl Column<Arc<str>> {
    /// Reads each text; rows that follow each other with one text read it once.
    pub(in crate::dynamodb) fn map<T: Clone>(
        &self,
        mut read: impl FnMut(&Arc<str>) -> T,
    ) -> Column<T> {
        let values = match self {
            Column::Constant(value) => return Column::Constant(value.as_ref().map(read)),
            Column::Each(values) => values,
        };
        let mut last: Option<(&Arc<str>, T)> = None;
        let mut value = |text| {
            let known = last.as_ref().filter(|(known, _)| Arc::ptr_eq(known, text));
            let value = known.map_or_else(|| read(text), |(_, value)| value.clone());
            last = Some((text, value.clone()));
            value
        };
        Column::Each(values.iter().map(|it| it.as_ref().map(&mut value)).collect())
    }
}

impl<'a> Table<'a> {
    /// Reads the texts and the list of columns.
    pub(in crate::dynamodb) fn parse(bytes: &'a [u8]) -> Result<Table<'a>, Damage> {
        let mut input = Input { bytes, part: "header" };
        let form = input.number()?;
        if form != FORM {
            return Err(Damage::NewerForm(form));
        }
        let row_count = input.count()?;
        if row_count > ROWS_MAX {
            return Err(Damage::OutOfRange("header"));
        }
        input.part = "texts";
        let mut texts = Vec::new();
        for _ in 0..input.count()? {
            texts.push(Arc::from(input.text()?));
        }
        input.part = "columns";
        let mut columns = Vec::new();
        for _ in 0..input.count()? {
            let name = input.text()?;
            let kind = input.byte()?;
            let length = input.count()?;
            columns.push((name, kind, input.take(length)?));
        }
        Ok(Table { row_count, texts, columns })
    }

    /// The number of rows.
    pub(in crate::dynamodb) fn row_count(&self) -> usize {
        self.row_count
    }

    /// A column of texts, each shared by all rows that have it.
    pub(in crate::dynamodb) fn texts(&self, name: &str) -> Result<Column<Arc<str>>, Damage> {
        self.column(name, TEXT, "texts", |_| Ok(()), |(), cell| self.text_at(cell))
    }

    /// A column of whole numbers.
    pub(in crate::dynamodb) fn numbers(&self, name: &str) -> Result<Column<u64>, Damage> {
        let number = |(): &(), cell: u128| {
            u64::try_from(cell - 1).map_err(|_| Damage::OutOfRange("numbers"))
        };
        self.column(name, NUMBER, "numbers", |_| Ok(()), number)
    }

    /// A column of amounts in femto-units.
    pub(in crate::dynamodb) fn amounts(&self, name: &str) -> Result<Column<i128>, Damage> {
        let out_of_range = || Damage::OutOfRange("amounts");
        let unit = |input: &mut Input<'_>| {
            let power = u32::try_from(input.number()?).map_err(|_| out_of_range())?;
            10_i128.checked_pow(power).ok_or_else(out_of_range)
        };
        let amount = |unit: &i128, cell: u128| {
            unzigzag(cell - 1).checked_mul(*unit).ok_or_else(out_of_range)
        };
        self.column(name, AMOUNT, "amounts", unit, amount)
    }

    /// A column of pairs, each set shared by all rows that have it.
    pub(in crate::dynamodb) fn pairs(&self, name: &str) -> Result<Column<Arc<Pairs>>, Damage> {
        let sets = |input: &mut Input<'_>| {
            let mut sets = Vec::new();
            for _ in 0..input.count()? {
                let mut pairs = Pairs::new();
                for _ in 0..input.count()? {
                    let key = self.text_at(input.number()?)?;
                    pairs.insert(key, self.text_at(input.number()?)?);
                }
                sets.push(Arc::new(pairs));
            }
            Ok(sets)
        };
        let set = |sets: &Vec<Arc<Pairs>>, cell: u128| {
            let place = usize::try_from(cell - 1).ok();
            place.and_then(|it| sets.get(it)).cloned().ok_or(Damage::OutOfRange("pairs"))
        };
        self.column(name, PAIRS, "pairs", sets, set)
    }

    fn text_at(&self, number: u128) -> Result<Arc<str>, Damage> {
        let place = number.checked_sub(1).and_then(|it| usize::try_from(it).ok());
        place.and_then(|it| self.texts.get(it)).cloned().ok_or(Damage::OutOfRange("texts"))
    }

    /// Decodes a column; one that is not there has no values.
    fn column<T: Clone, S>(
        &self,
        name: &str,
        expected: u8,
        part: &'static str,
        start: impl Fn(&mut Input<'_>) -> Result<S, Damage>,
        value: impl Fn(&S, u128) -> Result<T, Damage>,
    ) -> Result<Column<T>, Damage> {
        let Some((_, kind, payload)) = self.columns.iter().find(|it| it.0 == name) else {
            return Ok(Column::Constant(None));
        };
        if kind & !CONSTANT != expected {
            return Err(Damage::OtherKind {
                name: name.to_owned(),
                kind: kind & !CONSTANT,
                expected,
            });
        }
        let mut input = Input { bytes: payload, part };
        let state = start(&mut input)?;
        let mut cell = || match input.number()? {
            0 => Ok(None),
            cell => value(&state, cell).map(Some),
        };
        if kind & CONSTANT != 0 {
            return cell().map(Column::Constant);
        }
        (0..self.row_count).map(|_| cell()).collect::<Result<_, _>>().map(Column::Each)
    }
}

/// Bytes that are read from the front.
struct Input<'a> {
    bytes: &'a [u8],
    /// The part that is read, for messages.
    part: &'static str,
}

impl<'a> Input<'a> {
    fn byte(&mut self) -> Result<u8, Damage> {
        let (first, rest) = self.bytes.split_first().ok_or(Damage::Truncated(self.part))?;
        self.bytes = rest;
        Ok(*first)
    }

    fn number(&mut self) -> Result<u128, Damage> {
        let first = self.byte()?;
        // Nearly all numbers are small.
        if first < 0x80 {
            return Ok(first.into());
        }
        let mut number = u128::from(first & 0x7f);
        for shift in (7..128).step_by(7) {
            let byte = self.byte()?;
            let digits = u128::from(byte & 0x7f);
            if digits.leading_zeros() < shift {
                return Err(Damage::OutOfRange(self.part));
            }
            number |= digits << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Damage::OutOfRange(self.part))
    }

    fn count(&mut self) -> Result<usize, Damage> {
        usize::try_from(self.number()?).map_err(|_| Damage::OutOfRange(self.part))
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Damage> {
        let (taken, rest) =
            self.bytes.split_at_checked(length).ok_or(Damage::Truncated(self.part))?;
        self.bytes = rest;
        Ok(taken)
    }

    fn text(&mut self) -> Result<&'a str, Damage> {
        let length = self.count()?;
        std::str::from_utf8(self.take(length)?).map_err(|_| Damage::NotText)
    }
}
