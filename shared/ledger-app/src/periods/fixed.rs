//! Charges and journals that do not change any more, as they are kept.

use std::sync::Arc;

use jiff::civil::Date;
use ledger_core::audit::Hash;
use ledger_core::bill::Status;
use ledger_core::charges::{Charge, ChargeKey, Charges};
use ledger_core::cost::CostKind;
use ledger_core::currency::Currency;
use ledger_core::journal::{Journal, JournalKind, JournalLine, LineKind, Side, Support};
use ledger_core::money::{Money, MoneyError};
use ledger_core::organisation::{Code, Entity};
use ledger_core::owner::Owner;
use ledger_core::period::BillingPeriod;
use ledger_core::word::Word;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{PeriodError, written};
use crate::ports::ContentStore;

/// Charges and journals that were posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fixed {
    /// The charges, adjustments of earlier months among them.
    pub charges: Charges,
    /// The journals.
    pub journals: Vec<Journal>,
}

impl Fixed {
    /// Keeps it, and gives the hash by which it is found.
    pub(super) async fn keep(&self, contents: &impl ContentStore) -> Result<Hash, PeriodError> {
        let text = serde_json::to_string(&Kept::of(self))
            .map_err(|err| PeriodError::Unreadable(err.to_string()))?;
        contents.keep_content(&text).await.map_err(PeriodError::Store)
    }

    /// The charges and journals under a hash.
    ///
    /// # Errors
    ///
    /// [`PeriodError`].
    pub async fn read(contents: &impl ContentStore, hash: Hash) -> Result<Fixed, PeriodError> {
        let unreadable = |reason: String| PeriodError::Unreadable(format!("{hash}: {reason}"));
        let text = contents.content(hash).await.map_err(PeriodError::Store)?;
        let text = text.ok_or_else(|| unreadable("it is not kept".to_owned()))?;
        let kept: Kept = serde_json::from_str(&text).map_err(|err| unreadable(err.to_string()))?;
        kept.fixed().map_err(|err| unreadable(err.to_string()))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    #[serde(with = "written")]
    month: BillingPeriod,
    #[serde(with = "written")]
    cost_kind: CostKind,
    #[serde(with = "written")]
    status: Status,
    charges: Vec<KeptCharge>,
    journals: Vec<KeptJournal>,
}

/// An amount with its currency.
#[derive(Serialize, Deserialize)]
struct KeptMoney(#[serde(with = "written")] Decimal, #[serde(with = "written")] Currency);

type Text = Option<Arc<str>>;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptCharge {
    #[serde(with = "written::maybe", default, skip_serializing_if = "Option::is_none")]
    payer: Text,
    owner: String,
    #[serde(with = "written::maybe", default, skip_serializing_if = "Option::is_none")]
    cost_centre: Text,
    #[serde(with = "written::maybe", default, skip_serializing_if = "Option::is_none")]
    product: Text,
    #[serde(with = "written::maybe", default, skip_serializing_if = "Option::is_none")]
    environment: Text,
    #[serde(with = "written")]
    provider: Arc<str>,
    #[serde(with = "written")]
    service: Arc<str>,
    #[serde(with = "written::maybe", default, skip_serializing_if = "Option::is_none")]
    model: Text,
    meter: String,
    #[serde(with = "written")]
    line_type: Arc<str>,
    #[serde(with = "written::maybe", default, skip_serializing_if = "Option::is_none")]
    bill_period: Option<BillingPeriod>,
    #[serde(with = "written::maybe", default, skip_serializing_if = "Option::is_none")]
    adjusts: Option<BillingPeriod>,
    exact: KeptMoney,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tokens: Option<String>,
    line_count: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptJournal {
    batch_id: String,
    content_hash: String,
    #[serde(with = "written")]
    posting_date: Date,
    #[serde(with = "written")]
    currency: Currency,
    #[serde(with = "written")]
    kind: JournalKind,
    #[serde(with = "written")]
    entity: Code,
    #[serde(with = "written")]
    entity_name: Arc<str>,
    #[serde(with = "written::maybe", default)]
    home_currency: Option<Currency>,
    #[serde(with = "written::maybe", default)]
    ledger_id: Option<Code>,
    lines: Vec<KeptLine>,
    below_minor_unit: Vec<KeptSupport>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptLine {
    #[serde(with = "written")]
    kind: LineKind,
    #[serde(with = "written")]
    account: Code,
    #[serde(with = "written")]
    account_name: Arc<str>,
    #[serde(with = "written::maybe", default)]
    cost_centre: Option<Code>,
    #[serde(with = "written::maybe", default)]
    cost_centre_name: Text,
    #[serde(with = "written")]
    side: Side,
    #[serde(with = "written")]
    amount: Decimal,
    text: String,
    #[serde(with = "written::maybe", default)]
    counterpart: Option<Code>,
    #[serde(with = "written::maybe", default)]
    tax_code: Option<Code>,
    support: Vec<KeptSupport>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptSupport {
    owner: String,
    #[serde(with = "written::maybe", default)]
    environment: Text,
    #[serde(with = "written")]
    service: Arc<str>,
    #[serde(with = "written")]
    exact: Decimal,
    line_count: u64,
}

impl Kept {
    fn of(fixed: &Fixed) -> Kept {
        let Charges { period, cost_kind, status, charges } = &fixed.charges;
        let mut charges: Vec<&Charge> = charges.iter().collect();
        // Their order means nothing, and the same charges are the same text.
        let order = |it: &Charge| (it.exact.currency(), it.key.clone());
        charges.sort_by_cached_key(|it| order(it));
        Kept {
            month: *period,
            cost_kind: *cost_kind,
            status: *status,
            charges: charges.into_iter().map(KeptCharge::of).collect(),
            journals: fixed.journals.iter().map(KeptJournal::of).collect(),
        }
    }

    fn fixed(self) -> Result<Fixed, MoneyError> {
        let Kept { month, cost_kind, status, charges, journals } = self;
        let charges = charges.into_iter().map(KeptCharge::charge).collect::<Result<_, _>>()?;
        let journal = |it: KeptJournal| it.journal(month, cost_kind, status);
        let journals = journals.into_iter().map(journal).collect::<Result<_, _>>()?;
        Ok(Fixed { charges: Charges { period: month, cost_kind, status, charges }, journals })
    }
}

impl KeptCharge {
    fn of(charge: &Charge) -> KeptCharge {
        let Charge { key, exact, tokens, line_count } = charge;
        KeptCharge {
            payer: key.payer.clone(),
            owner: key.owner.as_str().to_owned(),
            cost_centre: key.cost_centre.clone(),
            product: key.product.clone(),
            environment: key.environment.clone(),
            provider: key.provider.clone(),
            service: key.service.clone(),
            model: key.model.clone(),
            meter: key.meter.as_str().to_owned(),
            line_type: key.line_type.clone(),
            bill_period: key.bill_period,
            adjusts: key.adjusts,
            exact: KeptMoney(exact.amount(), exact.currency()),
            tokens: tokens.map(|it| it.to_string()),
            line_count: *line_count,
        }
    }

    fn charge(self) -> Result<Charge, MoneyError> {
        let KeptMoney(amount, currency) = self.exact;
        Ok(Charge {
            key: ChargeKey {
                payer: self.payer,
                owner: Owner::parse(&self.owner),
                cost_centre: self.cost_centre,
                product: self.product,
                environment: self.environment,
                provider: self.provider,
                service: self.service,
                model: self.model,
                meter: Word::parse(&self.meter),
                line_type: self.line_type,
                bill_period: self.bill_period,
                adjusts: self.adjusts,
            },
            exact: Money::new(amount, currency)?,
            tokens: self.tokens.and_then(|it| it.parse().ok()),
            line_count: self.line_count,
        })
    }
}

impl KeptJournal {
    fn of(journal: &Journal) -> KeptJournal {
        KeptJournal {
            batch_id: journal.batch_id.clone(),
            content_hash: journal.content_hash.clone(),
            posting_date: journal.posting_date,
            currency: journal.currency,
            kind: journal.kind,
            entity: journal.entity.code.clone(),
            entity_name: journal.entity.name.clone(),
            home_currency: journal.entity.home_currency,
            ledger_id: journal.entity.ledger_id.clone(),
            lines: journal.lines.iter().map(KeptLine::of).collect(),
            below_minor_unit: journal.below_minor_unit.iter().map(KeptSupport::of).collect(),
        }
    }

    fn journal(
        self,
        period: BillingPeriod,
        cost_kind: CostKind,
        status: Status,
    ) -> Result<Journal, MoneyError> {
        let currency = self.currency;
        let entity = Entity {
            home_currency: self.home_currency,
            ledger_id: self.ledger_id,
            ..Entity::named(self.entity, self.entity_name)
        };
        Ok(Journal {
            batch_id: self.batch_id,
            content_hash: self.content_hash,
            period,
            posting_date: self.posting_date,
            currency,
            entity,
            kind: self.kind,
            cost_kind,
            status,
            lines: self.lines.into_iter().map(|it| it.line(currency)).collect::<Result<_, _>>()?,
            below_minor_unit: supports(self.below_minor_unit, currency)?,
        })
    }
}

impl KeptLine {
    fn of(line: &JournalLine) -> KeptLine {
        KeptLine {
            kind: line.kind,
            account: line.account.clone(),
            account_name: line.account_name.clone(),
            cost_centre: line.cost_centre.clone(),
            cost_centre_name: line.cost_centre_name.clone(),
            side: line.side,
            amount: line.amount.amount(),
            text: line.text.clone(),
            counterpart: line.counterpart.clone(),
            tax_code: line.tax_code.clone(),
            support: line.support.iter().map(KeptSupport::of).collect(),
        }
    }

    fn line(self, currency: Currency) -> Result<JournalLine, MoneyError> {
        Ok(JournalLine {
            kind: self.kind,
            account: self.account,
            account_name: self.account_name,
            cost_centre: self.cost_centre,
            cost_centre_name: self.cost_centre_name,
            side: self.side,
            amount: Money::new(self.amount, currency)?,
            text: self.text,
            counterpart: self.counterpart,
            tax_code: self.tax_code,
            support: supports(self.support, currency)?,
        })
    }
}

impl KeptSupport {
    fn of(support: &Support) -> KeptSupport {
        KeptSupport {
            owner: support.owner.as_str().to_owned(),
            environment: support.environment.clone(),
            service: support.service.clone(),
            exact: support.exact.amount(),
            line_count: support.line_count,
        }
    }
}

fn supports(kept: Vec<KeptSupport>, currency: Currency) -> Result<Vec<Support>, MoneyError> {
    let support = |it: KeptSupport| {
        Ok(Support {
            owner: Owner::parse(&it.owner),
            environment: it.environment,
            service: it.service,
            exact: Money::new(it.exact, currency)?,
            line_count: it.line_count,
        })
    };
    kept.into_iter().map(support).collect()
}
