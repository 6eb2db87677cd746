//! Journals of a month.

use std::sync::Arc;

use ledger_core::journal::{Journal, JournalKind, JournalLine, LineKind, Side, Support};
use ledger_core::money::{Money, MoneyError};
use ledger_core::organisation::Code;
use rust_decimal::Decimal;
use serde::Serialize;

use super::values::{Amount, CostKindWord, Day, StatusWord, words};

words! {
    /// The part of a journal in the books of a month.
    JournalKindWord of JournalKind: JournalKind::ALL;
}

words! {
    /// The reason of a line.
    LineKindWord of LineKind: LineKind::ALL;
}

/// Journals that were posted of a month: `GET /v1/journals`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = Journals))]
pub struct JournalsAnswer {
    /// The month of usage, such as `2026-10`.
    pub period: String,
    /// The journals on this page: of the accrual, and of the closing.
    pub journals: Vec<JournalBody>,
    /// The `cursor` of the next page; `null` on the last.
    pub next_cursor: Option<String>,
}

/// A balanced journal in the books of one legal entity, in one currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = Journal))]
pub struct JournalBody {
    /// 14 letters and digits that name its content: the same content has the same id.
    pub batch_id: String,
    /// SHA-256 of its content, in hexadecimal digits.
    pub content_hash: String,
    /// The month of usage, such as `2026-10`.
    pub period: String,
    /// The day that it is posted on.
    pub posting_date: Day,
    /// The currency of all amounts, by ISO 4217.
    pub currency: String,
    /// The code of the legal entity.
    pub legal_entity: String,
    /// The name of the legal entity.
    pub legal_entity_name: String,
    /// Its part in the books of the month.
    pub kind: JournalKindWord,
    /// The cost that was posted.
    pub cost_kind: CostKindWord,
    /// How sure the least sure day of the month is.
    pub status: StatusWord,
    /// The lines.
    pub lines: Vec<JournalLineBody>,
    /// The sum of debits.
    pub debit_total: Amount,
    /// The sum of credits, which is the same.
    pub credit_total: Amount,
    /// Charges whose line would be zero after rounding, and which have none.
    pub below_minor_unit: Vec<SupportBody>,
}

/// One line of a journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = JournalLine))]
pub struct JournalLineBody {
    /// The number of the line, from 1.
    pub line: usize,
    /// Its reason.
    pub kind: LineKindWord,
    /// The account.
    pub account: String,
    /// The account's name.
    pub account_name: String,
    /// The cost centre; intercompany accounts may have none.
    pub cost_centre: Option<String>,
    /// The cost centre's name.
    pub cost_centre_name: Option<String>,
    /// The amount, if it is a debit; zero otherwise.
    pub debit: Amount,
    /// The amount, if it is a credit; zero otherwise.
    pub credit: Amount,
    /// A text for readers.
    pub text: String,
    /// The code of the other entity, where there is one.
    pub counterpart: Option<String>,
    /// The tax code of lines between entities.
    pub tax_code: Option<String>,
    /// The charges that it sums.
    pub support: Vec<SupportBody>,
}

/// Charges in a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = JournalSupport))]
pub struct SupportBody {
    /// The owner.
    pub owner: String,
    /// The environment, where rules set one.
    pub environment: Option<String>,
    /// The service, as the bill names it.
    pub service: String,
    /// The sum, unrounded; a credit is below zero.
    pub amount: Amount,
    /// Lines of the bill in it.
    pub line_count: u64,
}

impl JournalBody {
    /// The body of a journal.
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`].
    pub fn of(journal: &Journal) -> Result<JournalBody, MoneyError> {
        let lines = journal.lines.iter().enumerate();
        Ok(JournalBody {
            batch_id: journal.batch_id.clone(),
            content_hash: journal.content_hash.clone(),
            period: journal.period.to_string(),
            posting_date: Day(journal.posting_date),
            currency: journal.currency.to_string(),
            legal_entity: journal.entity.code.to_string(),
            legal_entity_name: journal.entity.name.to_string(),
            kind: journal.kind.into(),
            cost_kind: journal.cost_kind.into(),
            status: journal.status.into(),
            lines: lines.map(|(at, it)| line_body(at, it)).collect(),
            debit_total: in_minor_units(journal.total(Side::Debit)?),
            credit_total: in_minor_units(journal.total(Side::Credit)?),
            below_minor_unit: journal.below_minor_unit.iter().map(support_body).collect(),
        })
    }
}

/// An amount with all decimals of its currency.
pub(crate) fn in_minor_units(money: Money) -> Amount {
    let mut amount: Decimal = money.amount();
    amount.rescale(money.currency().minor_units());
    Amount(amount)
}

fn line_body(at: usize, line: &JournalLine) -> JournalLineBody {
    let on = |side| match line.side == side {
        true => in_minor_units(line.amount),
        false => in_minor_units(Money::zero(line.amount.currency())),
    };
    let code = |it: &Option<Code>| it.as_ref().map(ToString::to_string);
    JournalLineBody {
        line: at + 1,
        kind: line.kind.into(),
        account: line.account.to_string(),
        account_name: line.account_name.to_string(),
        cost_centre: code(&line.cost_centre),
        cost_centre_name: text(&line.cost_centre_name),
        debit: on(Side::Debit),
        credit: on(Side::Credit),
        text: line.text.clone(),
        counterpart: code(&line.counterpart),
        tax_code: code(&line.tax_code),
        support: line.support.iter().map(support_body).collect(),
    }
}

fn support_body(support: &Support) -> SupportBody {
    SupportBody {
        owner: support.owner.as_str().to_owned(),
        environment: text(&support.environment),
        service: support.service.to_string(),
        amount: support.exact.into(),
        line_count: support.line_count,
    }
}

fn text(text: &Option<Arc<str>>) -> Option<String> {
    text.as_deref().map(str::to_owned)
}
