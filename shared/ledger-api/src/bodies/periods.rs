//! Periods: months of legal entities that pay bills.

use ledger_app::periods::{Batch, By, Month, Period, Posting};
use ledger_core::closing::{Check, CheckKind, PeriodState};
use ledger_core::journal::JournalKind;
use ledger_core::money::Money;
use serde::Serialize;

use super::journals::JournalKindWord;
use super::values::{Amount, Day, words};

words! {
    /// How far the books of a period are.
    PeriodStateWord of PeriodState: PeriodState::ALL;
}

words! {
    /// Something that must hold before a month is closed.
    CheckWord of CheckKind: CheckKind::ALL;
}

/// Periods: `GET /v1/periods` and `tollbook period status`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = Periods))]
pub struct PeriodsAnswer {
    /// The periods on this page, by legal entity and month.
    pub periods: Vec<PeriodBody>,
    /// The `cursor` of the next page; `null` on the last.
    pub next_cursor: Option<String>,
}

/// A month of a legal entity that pays bills.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = Period))]
pub struct PeriodBody {
    /// The month of usage, such as `2026-10`.
    pub period: String,
    /// The code of the legal entity.
    pub legal_entity: String,
    /// How far its books are.
    pub state: PeriodStateWord,
    /// Its cost in the ledger now, by currency.
    pub costs: Vec<CurrencyAmount>,
    /// Whether its bills changed since they were booked: the next closing posts the difference.
    pub changed_after_closing: bool,
    /// The accrual, where one was posted.
    pub accrual: Option<PostingBody>,
    /// The closing, where it is closed.
    pub closing: Option<PostingBody>,
    /// Earlier months whose changes the closing posts.
    pub adjusts: Vec<String>,
    /// Checks that were waived.
    pub waived: Vec<WaivedBody>,
    /// Who made it final.
    pub finalised: Option<ByBody>,
}

/// An amount with its currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CurrencyAmount {
    /// The currency, by ISO 4217.
    pub currency: String,
    /// The amount.
    pub amount: Amount,
}

/// Journals that were posted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = Posting))]
pub struct PostingBody {
    /// The day that they are posted on.
    pub posting_date: Day,
    /// The journals.
    pub batches: Vec<BatchBody>,
    /// Who posted them.
    pub posted: ByBody,
}

/// A journal in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = Batch))]
pub struct BatchBody {
    /// Its id.
    pub batch_id: String,
    /// SHA-256 of its content, in hexadecimal digits.
    pub content_hash: String,
    /// Its part in the books of the month.
    pub kind: JournalKindWord,
    /// The code of the legal entity whose books it is for.
    pub legal_entity: String,
    /// The currency, by ISO 4217.
    pub currency: String,
    /// The total of each side.
    pub total: String,
    /// The number of its lines.
    pub line_count: usize,
}

/// Who did something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = By))]
pub struct ByBody {
    /// Who, as they said.
    pub by: String,
    /// When.
    pub at: String,
    /// Why; may be empty.
    pub reason: String,
}

/// A check that did not hold, and that was waived.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = Waived))]
pub struct WaivedBody {
    /// The check.
    pub check: CheckWord,
    /// Why it did not hold.
    pub failure: String,
}

/// A check before a month is closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CheckBody {
    /// The condition.
    pub check: CheckWord,
    /// Whether it holds.
    pub holds: bool,
    /// Whether it was waived.
    pub waived: bool,
    /// Why it does not hold.
    pub failure: Option<String>,
    /// Who can mend it.
    pub mended_by: Option<&'static str>,
}

impl CheckBody {
    /// The body of a check.
    pub fn of(check: &Check) -> CheckBody {
        CheckBody {
            check: check.kind.into(),
            holds: check.failure.is_none(),
            waived: check.is_waived,
            failure: check.failure.clone(),
            mended_by: check.failure.is_some().then(|| check.kind.mended_by()),
        }
    }
}

impl CurrencyAmount {
    /// The body of an amount.
    pub fn of(money: Money) -> CurrencyAmount {
        CurrencyAmount { currency: money.currency().to_string(), amount: money.into() }
    }
}

impl PeriodBody {
    /// The body of a month.
    pub fn of(month: &Month) -> PeriodBody {
        let period = month.period.as_ref();
        let closing = period.and_then(|it| it.closing.as_ref());
        PeriodBody {
            period: month.month.to_string(),
            legal_entity: month.entity.to_string(),
            state: month.state.into(),
            costs: month.cost.iter().copied().map(CurrencyAmount::of).collect(),
            changed_after_closing: month.is_changed,
            accrual: period.and_then(|it| it.accrual.as_ref()).map(PostingBody::of),
            closing: closing.map(|it| PostingBody::of(&it.posting)),
            adjusts: closing
                .iter()
                .flat_map(|it| &it.adjusts)
                .map(|it| it.month.to_string())
                .collect(),
            waived: closing.iter().flat_map(|it| &it.waived).map(WaivedBody::of).collect(),
            finalised: period.and_then(|it| it.finalised.as_ref()).map(ByBody::of),
        }
    }

    /// The body of a period that was just changed.
    pub fn of_period(period: &Period) -> PeriodBody {
        PeriodBody::of(&Month {
            entity: period.entity.clone(),
            month: period.month,
            state: period.state,
            cost: Vec::new(),
            is_changed: false,
            period: Some(period.clone()),
        })
    }
}

impl PostingBody {
    fn of(posting: &Posting) -> PostingBody {
        PostingBody {
            posting_date: Day(posting.posting_date),
            batches: posting.batches.iter().map(BatchBody::of).collect(),
            posted: ByBody::of(&posting.posted),
        }
    }
}

impl BatchBody {
    /// The body of a journal in short.
    pub fn of(batch: &Batch) -> BatchBody {
        let kind: JournalKind = batch.kind;
        BatchBody {
            batch_id: batch.batch_id.clone(),
            content_hash: batch.content_hash.clone(),
            kind: kind.into(),
            legal_entity: batch.entity.to_string(),
            currency: batch.currency.to_string(),
            total: batch.total.clone(),
            line_count: batch.line_count,
        }
    }
}

impl ByBody {
    fn of(by: &By) -> ByBody {
        ByBody { by: by.by.clone(), at: by.at.to_string(), reason: by.reason.clone() }
    }
}

impl WaivedBody {
    fn of(waived: &ledger_app::periods::Waived) -> WaivedBody {
        WaivedBody { check: waived.check.into(), failure: waived.failure.clone() }
    }
}
