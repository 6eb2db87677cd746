//! Pages of texts as pages of numbers: the places of the texts in a dictionary.
//!
//! A text that occurs in a million rows is then looked at once, and Parquet's own reader does the
//! rest as for any column of numbers. What was written without a dictionary gets one here.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use foldhash::fast::RandomState;
use parquet::basic::{Encoding, Repetition, Type as Physical};
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::column::reader::ColumnReaderImpl;
use parquet::data_type::{ByteArray, ByteArrayType};
use parquet::errors::{ParquetError, Result};
use parquet::schema::types::{ColumnDescPtr, ColumnDescriptor, Type};

/// Texts that were added to a dictionary, for the reader that turns places back into texts.
pub(super) type NewTexts = Arc<Mutex<Vec<ByteArray>>>;

/// The pages of one column chunk of texts.
pub(super) struct TextPages<P> {
    pages: P,
    /// Of the column in the file.
    descriptor: ColumnDescPtr,
    /// Of a column with a value in each row.
    of_values: ColumnDescPtr,
    new_texts: NewTexts,
    count: i32,
    /// The texts of the dictionary, until places by text are needed.
    dictionary: Vec<ByteArray>,
    places: HashMap<Box<[u8]>, i32, RandomState>,
}

impl<P: PageReader> TextPages<P> {
    pub(super) fn new(
        pages: P,
        descriptor: &ColumnDescPtr,
        new_texts: &NewTexts,
    ) -> Result<TextPages<P>> {
        Ok(TextPages {
            pages,
            descriptor: Arc::clone(descriptor),
            of_values: column_like(descriptor, Physical::BYTE_ARRAY, 0, 0)?,
            new_texts: Arc::clone(new_texts),
            count: 0,
            dictionary: Vec::new(),
            places: HashMap::default(),
        })
    }

    /// A page that has places where this one has texts.
    fn translated(&mut self, page: Page) -> Result<Page> {
        match page {
            Page::DictionaryPage { buf, num_values, .. } => {
                let texts = texts_of(plain(buf, num_values), num_values, &self.of_values)?;
                let places = texts.iter().map(|it| self.add(it)).collect::<Result<Vec<i32>>>()?;
                self.dictionary = texts;
                Ok(Page::DictionaryPage {
                    num_values: u32::try_from(places.len())?,
                    buf: bytes_of(&[], &places),
                    encoding: Encoding::PLAIN,
                    is_sorted: false,
                })
            }
            page if is_by_place(page.encoding()) => Ok(page),
            page => {
                let texts = texts_of(page.clone(), page.num_values(), &self.descriptor)?;
                let places = texts.iter().map(|it| self.place(it)).collect::<Result<Vec<i32>>>()?;
                let levels = level_bytes(&page, &self.descriptor);
                let levels = levels.and_then(|it| page.buffer().get(..it));
                let levels = levels.ok_or_else(|| damaged("a page ends within its levels"))?;
                let buf = bytes_of(levels, &places);
                Ok(with_values(page, buf))
            }
        }
    }

    /// Adds a text to the dictionary.
    fn add(&mut self, text: &ByteArray) -> Result<i32> {
        let place = self.count;
        self.count = place.checked_add(1).ok_or_else(|| damaged("too many texts in a column"))?;
        self.new_texts.lock().unwrap_or_else(PoisonError::into_inner).push(text.clone());
        Ok(place)
    }

    /// The place of a text, which may be new.
    fn place(&mut self, text: &ByteArray) -> Result<i32> {
        for (place, known) in (0..).zip(self.dictionary.drain(..)) {
            self.places.insert(known.data().into(), place);
        }
        if let Some(place) = self.places.get(text.data()) {
            return Ok(*place);
        }
        let place = self.add(text)?;
        self.places.insert(text.data().into(), place);
        Ok(place)
    }
}

impl<P: PageReader> Iterator for TextPages<P> {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Result<Page>> {
        self.get_next_page().transpose()
    }
}

impl<P: PageReader> PageReader for TextPages<P> {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        self.pages.get_next_page()?.map(|page| self.translated(page)).transpose()
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        self.pages.peek_next_page()
    }

    fn skip_next_page(&mut self) -> Result<()> {
        self.pages.skip_next_page()
    }

    fn at_record_boundary(&mut self) -> Result<bool> {
        self.pages.at_record_boundary()
    }
}

/// The descriptor of a column with values of another type or with other levels.
pub(super) fn column_like(
    column: &ColumnDescPtr,
    physical: Physical,
    max_definition: i16,
    max_repetition: i16,
) -> Result<ColumnDescPtr> {
    let primitive = Type::primitive_type_builder(column.name(), physical)
        .with_repetition(Repetition::REQUIRED)
        .build()?;
    let path = column.path().clone();
    let like = ColumnDescriptor::new(Arc::new(primitive), max_definition, max_repetition, path);
    Ok(Arc::new(like))
}

fn damaged(what: &str) -> ParquetError {
    ParquetError::General(what.to_owned())
}

fn is_by_place(encoding: Encoding) -> bool {
    matches!(encoding, Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY)
}

/// A page of plain values, one after the other.
fn plain(buf: Bytes, num_values: u32) -> Page {
    Page::DataPage {
        buf,
        num_values,
        encoding: Encoding::PLAIN,
        def_level_encoding: Encoding::RLE,
        rep_level_encoding: Encoding::RLE,
        statistics: None,
    }
}

/// The texts of a page, whatever their encoding.
fn texts_of(page: Page, count: u32, column: &ColumnDescPtr) -> Result<Vec<ByteArray>> {
    let page = Box::new(SinglePage(Some(page)));
    let mut reader = ColumnReaderImpl::<ByteArrayType>::new(Arc::clone(column), page);
    let (mut definitions, mut repetitions, mut texts) = (Vec::new(), Vec::new(), Vec::new());
    let count = usize::try_from(count)?;
    reader.read_records(count, Some(&mut definitions), Some(&mut repetitions), &mut texts)?;
    Ok(texts)
}

/// A column chunk of one page.
struct SinglePage(Option<Page>);

impl Iterator for SinglePage {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Result<Page>> {
        self.0.take().map(Ok)
    }
}

impl PageReader for SinglePage {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        Ok(self.0.take())
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        // Asked for what follows a page: nothing does.
        Ok(None)
    }

    fn skip_next_page(&mut self) -> Result<()> {
        self.0 = None;
        Ok(())
    }
}

/// Levels as they were read, then places.
fn bytes_of(levels: &[u8], places: &[i32]) -> Bytes {
    levels.iter().copied().chain(places.iter().flat_map(|it| it.to_le_bytes())).collect()
}

/// The number of bytes of a page that are levels; these come first. `None` if the page ends before.
fn level_bytes(page: &Page, column: &ColumnDescriptor) -> Option<usize> {
    match page {
        Page::DictionaryPage { .. } => Some(0),
        Page::DataPageV2 { def_levels_byte_len, rep_levels_byte_len, .. } => {
            usize::try_from(def_levels_byte_len.checked_add(*rep_levels_byte_len)?).ok()
        }
        Page::DataPage { buf, num_values, def_level_encoding, rep_level_encoding, .. } => {
            let repetition = (column.max_rep_level(), rep_level_encoding);
            let definition = (column.max_def_level(), def_level_encoding);
            let mut bytes = 0;
            for (max, encoding) in [repetition, definition].into_iter().filter(|it| it.0 > 0) {
                bytes += if *encoding == Encoding::RLE {
                    let length = buf.get(bytes..)?.first_chunk::<4>()?;
                    usize::try_from(u32::from_le_bytes(*length)).ok()?.checked_add(4)?
                } else {
                    // Packed side by side, by the oldest of writers.
                    let bits = i16::BITS.checked_sub(max.leading_zeros())?;
                    usize::try_from(num_values.checked_mul(bits)?.div_ceil(8)).ok()?
                };
            }
            Some(bytes)
        }
    }
}

/// A page of data with other values behind its levels.
fn with_values(page: Page, buf: Bytes) -> Page {
    match page {
        Page::DataPage { num_values, def_level_encoding, rep_level_encoding, .. } => {
            Page::DataPage {
                buf,
                num_values,
                encoding: Encoding::PLAIN,
                def_level_encoding,
                rep_level_encoding,
                statistics: None,
            }
        }
        Page::DataPageV2 {
            num_values,
            num_nulls,
            num_rows,
            def_levels_byte_len,
            rep_levels_byte_len,
            is_compressed,
            ..
        } => Page::DataPageV2 {
            buf,
            num_values,
            encoding: Encoding::PLAIN,
            num_nulls,
            num_rows,
            def_levels_byte_len,
            rep_levels_byte_len,
            is_compressed,
            statistics: None,
        },
        Page::DictionaryPage { num_values, .. } => plain(buf, num_values),
    }
}
