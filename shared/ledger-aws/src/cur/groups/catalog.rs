//! The parts that keys of groups are made of, each under a number.

use jiff::civil::Date;
use ledger_core::aws::ai_service::{ProductWords, Verdict, counts_tokens, is_ai_by_code, judge};
use ledger_core::aws::tokens::token_power;
use ledger_core::aws::usage_type::UsageType;
use ledger_core::currency::Currency;
use ledger_core::line_item::Provenance;
use ledger_core::period::BillingPeriod;

use crate::cur::columnar::Batch;
use crate::cur::groups::cells::{
    ATTRIBUTES, Calendar, PERIODS, RowDay, STARTS, TAGS, first_of, month_of, text_field,
};
use crate::cur::groups::dictionaries::Dictionaries;
use crate::cur::groups::ids::{EMPTY, Id, ODD, ODD_SET, Sets, Texts, parts};
use crate::cur::groups::key::{GroupKey, GroupKind, Numbered, OTHER};
use crate::cur::groups::packed::{BitLayout, PackedKey};
use crate::cur::groups::partition::Group;
use crate::cur::meaning::amortized::Spread;
use crate::cur::meaning::codes::ProductCodes;
use crate::cur::meaning::columns::{CALLER_COLUMNS, COUNT, Column, ColumnSet, PRODUCT_COLUMNS};
use crate::cur::meaning::line::{Converter, days_of};
use crate::cur::meaning::row::RawLine;

/// The attributes of a product that are read.
const ATTRIBUTE_KEYS: [&str; 3] = ["product_name", "model", "provider"];

/// The parts of one file's rows, by number.
pub(super) struct Catalog {
    pub present: ColumnSet,
    pub texts: Texts,
    pub tags: Sets,
    pub attributes: Sets,
    pub attribute_keys: [Id; ATTRIBUTE_KEYS.len()],
    pub dictionaries: Dictionaries,
    pub calendar: Calendar,
    pub layout: BitLayout,
    pub bill_months: Numbered<BillMonthKey, BillMonth>,
    pub callers: Numbered<CallerKey, CallerKey>,
    pub products: Numbered<ProductKey, Product>,
    /// Whether a product code is AI, where it decides that alone.
    ai_codes: Meanings<Option<bool>>,
    /// Whether a usage type counts tokens.
    token_types: Meanings<bool>,
}

/// The meaning of each text of a column, which is looked at once.
#[derive(Debug, Default)]
struct Meanings<T>(Vec<T>);

impl<T: Copy> Meanings<T> {
    /// Learns the texts of a column that are new.
    fn learn(&mut self, numbered: &[Id], texts: &Texts, meaning: impl Fn(&str) -> T) {
        let new = numbered.iter().skip(self.0.len());
        self.0.extend(new.map(|it| meaning(texts.get(*it))));
    }

    /// Of the text with a number within its column; `None` if it was not learnt, which cannot be.
    #[inline]
    fn of(&self, number: Option<u32>) -> Option<T> {
        self.0.get(usize::try_from(number?).ok()?).copied()
    }
}

/// The month of the bill, the month of usage, the payer and the currency.
pub(super) type BillMonthKey = (u32, u32, Id, Id);

/// [`CALLER_COLUMNS`] and the tags.
pub(super) type CallerKey = ([Id; CALLER_COLUMNS.len()], Id);

/// [`PRODUCT_COLUMNS`] and the attributes.
pub(super) type ProductKey = ([Id; PRODUCT_COLUMNS.len()], Id);

/// One month of usage on one bill, in one currency.
pub(super) struct BillMonth {
    pub period: BillingPeriod,
    /// The first day of the month of usage.
    pub first_of_use: Date,
    pub payer: Id,
    pub currency: Id,
    /// `None` where lines of this month are read as text: a part cannot be read, or no such line can be
    /// on the bill.
    pub currency_read: Option<Currency>,
}

/// How a row is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    Ai,
    Other,
    /// As text, which decides whether this pass over the delivery reads it.
    AsText,
    /// In the other pass.
    Later,
}

/// The product that was charged for.
pub(super) struct Product {
    pub key: ProductKey,
    /// `None` where a text has no number, which is read as text.
    verdict: Option<Verdict>,
    counts_tokens: bool,
    /// As [`token_power`].
    token_power: Option<u32>,
}

impl Catalog {
    pub(super) fn new(present: ColumnSet) -> Catalog {
        let mut texts = Texts::new();
        Catalog {
            present,
            attribute_keys: ATTRIBUTE_KEYS.map(|it| texts.id(it)),
            texts,
            tags: Sets::new(),
            attributes: Sets::new(),
            dictionaries: Dictionaries::default(),
            calendar: Calendar::default(),
            layout: BitLayout::default(),
            bill_months: Numbered::default(),
            callers: Numbered::default(),
            products: Numbered::default(),
            ai_codes: Meanings::default(),
            token_types: Meanings::default(),
        }
    }

    /// Learns the texts that are new with a batch.
    pub(super) fn learn(&mut self, batch: &Batch) {
        self.dictionaries.learn(batch, &mut self.texts);
    }

    /// How each row is read, as far as its product code decides it alone.
    pub(super) fn turns_by_code<'a>(
        &'a mut self,
        batch: &'a Batch,
        is_second_pass: bool,
    ) -> impl Iterator<Item = Option<Turn>> + 'a {
        let Catalog { texts, dictionaries, ai_codes, .. } = self;
        ai_codes.learn(dictionaries.numbered(Column::ProductCode), texts, is_ai_by_code);
        let codes = dictionaries.text(batch, Column::ProductCode);
        let turn = move |is_ai: Option<bool>| match is_ai? {
            _ if is_second_pass => Some(Turn::Later),
            true => Some(Turn::Ai),
            false => Some(Turn::Other),
        };
        (0..batch.row_count()).map(move |place| turn(ai_codes.of(codes.number(place))?))
    }

    /// Whether the usage type of each row counts tokens, or may.
    pub(super) fn token_counts<'a>(
        &'a mut self,
        batch: &'a Batch,
    ) -> impl Iterator<Item = bool> + 'a {
        let Catalog { texts, dictionaries, token_types, .. } = self;
        token_types.learn(dictionaries.numbered(Column::UsageType), texts, |it| {
            counts_tokens(&UsageType::parse(it))
        });
        let types = dictionaries.text(batch, Column::UsageType);
        let counts = move |place| token_types.of(types.number(place)) != Some(false);
        (0..batch.row_count()).map(counts)
    }

    /// How each row is read.
    pub(super) fn turns(&mut self, batch: &Batch, codes: &mut ProductCodes) -> Vec<Turn> {
        let Catalog { texts, attributes, attribute_keys, dictionaries, products, .. } = self;
        let columns = PRODUCT_COLUMNS.map(|it| dictionaries.text(batch, it));
        let product = dictionaries.map(batch, Column::Product, &dictionaries.product);
        let mut turn = |place| {
            let set = product.id(place, attributes, |it| attribute_keys.contains(&it));
            let key = (columns.each_ref().map(|it| it.id(place)), set);
            let make = || Product::new(key, texts, attributes, attribute_keys, codes);
            let (_, product) = products.get(key, make)?;
            let code = texts.get(product.code());
            Some(match codes.take(product.verdict?, code) {
                None => Turn::Later,
                Some(true) => Turn::Ai,
                Some(false) if product.counts_tokens => Turn::AsText,
                Some(false) => Turn::Other,
            })
        };
        (0..batch.row_count()).map(|it| turn(it).unwrap_or(Turn::AsText)).collect()
    }

    /// The group of rows with this packed key.
    pub(super) fn group(
        &mut self,
        packed: &PackedKey,
        converter: &mut Converter,
    ) -> (Group, Option<GroupKey>) {
        let key = self.key(packed, converter);
        let kind = match key {
            None => GroupKind::Unclear,
            Some(GroupKey { product: OTHER, .. }) => GroupKind::Other,
            // Each of these rows says itself how it is amortized.
            Some(GroupKey { line_type, .. })
                if self.absent(line_type).is_some_and(|it| it.is_empty()) =>
            {
                GroupKind::Unclear
            }
            Some(GroupKey { product, .. }) => {
                let power = self.products.value(product).and_then(|it| it.token_power);
                let power = power.and_then(|it| u8::try_from(it).ok());
                power.map_or(GroupKind::Plain, GroupKind::Tokens)
            }
        };
        (Group::new(kind), key)
    }

    /// The parts that a packed key stands for; `None` if its rows must be read as text.
    fn key(&mut self, packed: &PackedKey, converter: &mut Converter) -> Option<GroupKey> {
        let number = |field| self.layout.number(packed, field);
        let text = |column| self.dictionaries.id(column, number(text_field(column)));
        let month = self.calendar.month(number(STARTS))?;
        let period = match (number(PERIODS), converter.period()) {
            (RowDay::NO_MONTH, None) => month,
            (RowDay::NO_MONTH, Some(period)) => month_of(period.first_day())?,
            (month, _) => self.calendar.month(month)?,
        };
        let key = (period, month, text(Column::Payer), text(Column::Currency));
        let (tags, attributes) = (number(TAGS), number(ATTRIBUTES));
        let (of_product, of_caller) = (PRODUCT_COLUMNS.map(text), CALLER_COLUMNS.map(text));
        let line_type = text(Column::LineType);
        let make = || BillMonth::new(key, &self.texts, self.present, converter);
        let (bill_month, BillMonth { currency_read, .. }) = self.bill_months.get(key, make)?;
        currency_read.as_ref()?;
        if !packed.is_ai() {
            let (product, caller, line_type) = (OTHER, EMPTY, EMPTY);
            return Some(GroupKey { bill_month, product, caller, line_type });
        }
        let is_odd = of_product.contains(&ODD) || of_caller.contains(&ODD) || line_type == ODD;
        if is_odd || tags == ODD_SET || attributes == ODD_SET {
            return None;
        }
        let product = (of_product, attributes);
        let (texts, attributes, keys) = (&self.texts, &self.attributes, &self.attribute_keys);
        let codes = &mut converter.codes;
        let make = || Product::new(product, texts, attributes, keys, codes);
        let (product, _) = self.products.get(product, make)?;
        let (caller, _) = self.callers.get((of_caller, tags), || Some((of_caller, tags)))?;
        Some(GroupKey { bill_month, product, caller, line_type })
    }

    /// The columns that the file lacks to amortize lines of a type; `None` for types that are
    /// charged as they are.
    pub(super) fn absent(&self, line_type: Id) -> Option<Vec<Column>> {
        Some(Spread::of(self.texts.get(line_type))?.absent(|it| self.present.has(it)))
    }

    /// Whether the pricing unit of a group's product is known.
    pub(super) fn has_unit(&self, key: &GroupKey) -> bool {
        let unit = PRODUCT_COLUMNS.iter().position(|it| *it == Column::PricingUnit);
        let product = self.products.value(key.product).map(|it| it.key.0);
        unit.zip(product).and_then(|(unit, ids)| ids.get(unit).copied()) != Some(EMPTY)
            && product.is_some()
    }

    /// The first day of the month of usage.
    pub(super) fn first_of_use(&self, key: &GroupKey) -> Option<Date> {
        self.bill_months.value(key.bill_month).map(|it| it.first_of_use)
    }
}

/// Sets the cells of columns that the file has.
pub(super) fn set<'a>(
    raw: &mut RawLine<'a>,
    present: ColumnSet,
    cells: impl Iterator<Item = (Column, &'a str)>,
) {
    for (column, text) in cells {
        // The month of a bill is known, also from its folder.
        if let Some(cell) = raw.0.get_mut(column as usize)
            && (present.has(column) || column == Column::PeriodStart)
        {
            *cell = Some(text);
        }
    }
}

impl BillMonth {
    /// Reads the cells that all rows of the month share.
    fn new(
        (month, month_of_use, payer, currency): BillMonthKey,
        texts: &Texts,
        present: ColumnSet,
        converter: &mut Converter,
    ) -> Option<BillMonth> {
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
        set(&mut raw, present, cells.into_iter());
        let nowhere = Provenance { file: "".into(), line: 0 };
        let is_numbered = payer != ODD && currency != ODD;
        let days = days_of(period);
        let can_be_on_bill =
            days.contains(&first_of_use) && days.contains(&first_of_use.last_of_month());
        let currency_read = match converter.convert(&raw, &[], &nowhere) {
            Ok(read) if is_numbered && can_be_on_bill => Some(read.line.costs.currency()),
            // Where rows are read as text, the error is found again, with the place of its row.
            Ok(_) | Err(_) => None,
        };
        Some(BillMonth { period, first_of_use, payer, currency, currency_read })
    }
}

impl Product {
    /// `None` where the attributes have no set, which cannot be.
    fn new(
        key: ProductKey,
        texts: &Texts,
        attributes: &Sets,
        attribute_keys: &[Id],
        codes: &mut ProductCodes,
    ) -> Option<Product> {
        let (ids, set) = key;
        let [code, entity, family, usage_type, unit, description] = ids.map(|id| texts.get(id));
        let [code, entity, family, unit, description] = [code, entity, family, unit, description]
            .map(|it| Some(it).filter(|it| !it.is_empty()));
        // The last value of a repeated key counts, as in JSON.
        let names = attributes.get(set)?.iter().rev().map(|it| parts(*it));
        let name = names.filter(|it| Some(&it.0) == attribute_keys.first()).map(|it| it.1).next();
        let name = name.map(|it| texts.get(it)).filter(|it| !it.is_empty());
        let usage_type = UsageType::parse(usage_type);
        let words = ProductWords {
            product_code: code,
            billing_entity: entity,
            product_name: name,
            product_family: family,
            description,
            usage_type: &usage_type,
        };
        let is_odd = ids.contains(&ODD) || set == ODD_SET;
        let verdict = (!is_odd).then(|| judge(&words));
        if let Some(verdict) = verdict {
            codes.learn(verdict, &words);
        }
        let token_power = token_power(usage_type.meter_within_bedrock(), unit, description);
        Some(Product { key, verdict, counts_tokens: counts_tokens(&usage_type), token_power })
    }

    fn code(&self) -> Id {
        let place = PRODUCT_COLUMNS.iter().position(|it| *it == Column::ProductCode);
        place.and_then(|it| self.key.0.get(it).copied()).unwrap_or(EMPTY)
    }
}
