//! Texts of a charge that nothing but grouping and filtering looks at.
//!
//! A text listed here is kept from the bill to the answer: a fact holds it, the ledger stores it in a
//! column of its own, and it is a dimension. What remains to say is where a provider's bill has it.

use std::sync::Arc;

labels! {
    /// A text of a charge that is kept as it is.
    pub enum BillText {
        /// The region's name, such as `us-east-1`.
        Region = "region",
        /// The availability zone within the region.
        AvailabilityZone = "availability_zone",
        /// The invoice; none until the month is invoiced.
        InvoiceId = "invoice_id",
    }
}

impl BillText {
    /// How many there are.
    pub const COUNT: usize = BillText::ALL.len();
}

/// The texts of a charge, as far as it has them.
///
/// ```
/// use ledger_core::bill_text::{BillText, BillTexts};
///
/// let texts = BillTexts::default().with(BillText::Region, Some("us-east-1".into()));
/// assert_eq!(texts.get(BillText::Region).map(|it| &**it), Some("us-east-1"));
/// assert_eq!(texts.get(BillText::InvoiceId), None);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BillTexts([Option<Arc<str>>; BillText::COUNT]);

impl BillTexts {
    /// These texts, with one of them set.
    #[must_use]
    pub fn with(mut self, text: BillText, value: Option<Arc<str>>) -> BillTexts {
        if let Some(place) = self.0.get_mut(text as usize) {
            *place = value;
        }
        self
    }

    /// One of the texts.
    #[must_use]
    pub fn get(&self, text: BillText) -> Option<&Arc<str>> {
        self.0.get(text as usize)?.as_ref()
    }

    /// All texts that are there.
    pub fn iter(&self) -> impl Iterator<Item = (BillText, &Arc<str>)> {
        BillText::ALL.iter().zip(&self.0).filter_map(|(text, value)| Some((*text, value.as_ref()?)))
    }

    /// The texts, each mapped where it is there.
    pub(crate) fn map<T>(&self, map: impl Fn(&Arc<str>) -> T) -> [Option<T>; BillText::COUNT] {
        self.0.each_ref().map(|it| it.as_ref().map(&map))
    }
}

impl FromIterator<(BillText, Option<Arc<str>>)> for BillTexts {
    fn from_iter<I: IntoIterator<Item = (BillText, Option<Arc<str>>)>>(texts: I) -> BillTexts {
        texts.into_iter().fold(BillTexts::default(), |it, (text, value)| it.with(text, value))
    }
}
