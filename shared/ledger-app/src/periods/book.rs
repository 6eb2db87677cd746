//! The periods of all entities, as one document: what is closed, and which content it has.

use jiff::Timestamp;
use jiff::civil::Date;
use ledger_core::audit::Hash;
use ledger_core::closing::{CheckKind, PeriodState};
use ledger_core::cost::CostKind;
use ledger_core::currency::Currency;
use ledger_core::journal::{Journal, JournalKind, Side};
use ledger_core::money::MoneyError;
use ledger_core::organisation::Code;
use ledger_core::period::BillingPeriod;
use serde::{Deserialize, Serialize};

use super::{PeriodError, written};
use crate::ports::{Document, DocumentKind, DocumentStore};

/// The periods that are not open. Each is once in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Book {
    /// By entity and month.
    pub periods: Vec<Period>,
}

/// A month of an entity that pays bills.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Period {
    /// The entity.
    #[serde(with = "written")]
    pub entity: Code,
    /// The month of usage.
    #[serde(with = "written")]
    pub month: BillingPeriod,
    /// How far its books are.
    #[serde(with = "written")]
    pub state: PeriodState,
    /// The accrual, where one was posted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accrual: Option<Posting>,
    /// The closing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closing: Option<Closing>,
    /// Who made it final.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finalised: Option<By>,
}

/// Who did something, when and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct By {
    /// Who, as they said.
    pub by: String,
    /// When.
    #[serde(with = "written")]
    pub at: Timestamp,
    /// Why; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// Charges and journals that were posted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Posting {
    /// The day that they are posted on.
    #[serde(with = "written")]
    pub posting_date: Date,
    /// The cost that counts.
    #[serde(with = "written")]
    pub cost_kind: CostKind,
    /// The hash of charges and journals.
    #[serde(with = "written")]
    pub content: Hash,
    /// The journals.
    pub batches: Vec<Batch>,
    /// Who posted them.
    pub posted: By,
}

/// A journal in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Batch {
    /// Its id.
    pub batch_id: String,
    /// SHA-256 of its content.
    pub content_hash: String,
    /// Its part in the books.
    #[serde(with = "written")]
    pub kind: JournalKind,
    /// The entity whose books it is for.
    #[serde(with = "written")]
    pub entity: Code,
    /// The currency.
    #[serde(with = "written")]
    pub currency: Currency,
    /// The total of each side.
    pub total: String,
    /// The number of its lines.
    pub line_count: usize,
}

/// The closing of a month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Closing {
    /// Its charges and journals.
    pub posting: Posting,
    /// The days of bills that it was made from, as one hash.
    #[serde(with = "written")]
    pub days: Hash,
    /// The version of the organisation that it was made with.
    pub organisation_version: u64,
    /// The accounts whose bills it covers; `None` for bills that name none.
    #[serde(default)]
    pub payers: Vec<Option<String>>,
    /// The totals of invoices that were named, such as `USD 1234.56`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub invoices: Vec<String>,
    /// How far the bills might be from them.
    #[serde(default)]
    pub tolerance: String,
    /// The share of the cost that might have no owner, in percent.
    #[serde(default)]
    pub unattributed_percent: String,
    /// Earlier months whose changes it posts, or of which it found none that cost something.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub adjusts: Vec<Adjusted>,
    /// Checks that a person waived.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waived: Vec<Waived>,
}

/// An earlier month whose changes a closing posts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Adjusted {
    /// The month.
    #[serde(with = "written")]
    pub month: BillingPeriod,
    /// Its days of bills then, as one hash.
    #[serde(with = "written")]
    pub days: Hash,
}

/// A check that did not hold, and that a person waived.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Waived {
    /// The check.
    #[serde(with = "written")]
    pub check: CheckKind,
    /// Why it did not hold.
    pub failure: String,
}

impl Batch {
    /// A journal in short.
    pub(super) fn of(journal: &Journal) -> Result<Batch, MoneyError> {
        Ok(Batch {
            batch_id: journal.batch_id.clone(),
            content_hash: journal.content_hash.clone(),
            kind: journal.kind,
            entity: journal.entity.code.clone(),
            currency: journal.currency,
            total: journal.total(Side::Debit)?.amount().to_string(),
            line_count: journal.lines.len(),
        })
    }
}

impl Book {
    /// A month of an entity, if it is not open.
    pub fn period(&self, entity: &Code, month: BillingPeriod) -> Option<&Period> {
        self.periods.iter().find(|it| it.entity == *entity && it.month == month)
    }

    /// The closed months of an entity with their closings, in their order.
    pub fn closed(&self, entity: &Code) -> Vec<(BillingPeriod, &Closing)> {
        let of_entity = self.periods.iter().filter(|it| it.entity == *entity);
        let mut closed: Vec<_> =
            of_entity.filter_map(|it| Some((it.month, it.closing.as_ref()?))).collect();
        closed.sort_by_key(|(month, _)| *month);
        closed
    }

    /// The entity that closed a month of the bills of an account.
    pub(super) fn closed_by(&self, payer: Option<&str>, month: BillingPeriod) -> Option<&Code> {
        let covers = |it: &&Period| {
            let payers = it.closing.iter().flat_map(|it| &it.payers);
            it.month == month && payers.into_iter().any(|it| it.as_deref() == payer)
        };
        self.periods.iter().find(covers).map(|it| &it.entity)
    }

    /// The days of a closed month, as one hash, when its cost was last booked.
    pub(super) fn days_booked(&self, entity: &Code, month: BillingPeriod) -> Option<Hash> {
        let closed = self.closed(entity);
        let own = closed.iter().find(|(of, _)| *of == month)?.1.days;
        let mut later = closed.iter().rev().flat_map(|(_, it)| &it.adjusts);
        Some(later.find(|it| it.month == month).map_or(own, |it| it.days))
    }

    /// Puts a period in the place of the one of its entity and month.
    pub(super) fn put(&mut self, period: Period) {
        let key = |it: &Period| (it.entity.clone(), it.month);
        self.periods.retain(|it| key(it) != key(&period));
        self.periods.push(period);
        self.periods.sort_by_key(key);
    }

    /// The text that is kept.
    pub(super) fn text(&self) -> Result<String, PeriodError> {
        serde_json::to_string_pretty(self).map_err(|err| PeriodError::Unreadable(err.to_string()))
    }
}

/// The periods that are kept, with the document that has them.
pub(super) async fn kept(
    documents: &impl DocumentStore,
) -> Result<(Option<Document>, Book), PeriodError> {
    let document = documents.document(DocumentKind::Periods).await.map_err(PeriodError::Store)?;
    let book = match &document {
        Some(it) => serde_json::from_str(&it.text)
            .map_err(|err| PeriodError::Unreadable(format!("the periods: {err}")))?,
        None => Book::default(),
    };
    Ok((document, book))
}

/// The periods that are kept.
///
/// # Errors
///
/// [`PeriodError`].
pub async fn book(documents: &impl DocumentStore) -> Result<Book, PeriodError> {
    Ok(kept(documents).await?.1)
}
