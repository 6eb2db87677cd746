//! Values as the texts that they are written as.

use std::borrow::Cow;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use ledger_core::audit::Hash;
use ledger_core::bill::Status;
use ledger_core::closing::{CheckKind, PeriodState};
use ledger_core::cost::CostKind;
use ledger_core::currency::Currency;
use ledger_core::journal::{JournalKind, LineKind, Side};
use ledger_core::organisation::Code;
use ledger_core::period::BillingPeriod;
use rust_decimal::Decimal;
use serde::{Deserialize as _, Deserializer, Serializer};

/// A value that is written as a text.
pub(super) trait Written: Sized {
    fn read(text: &str) -> Option<Self>;
    fn write(&self) -> Cow<'static, str>;
}

macro_rules! written {
    ($($type:ty: $read:expr,)+) => {
        $(impl Written for $type {
            fn read(text: &str) -> Option<$type> {
                let read: fn(&str) -> Option<$type> = $read;
                read(text)
            }

            fn write(&self) -> Cow<'static, str> {
                self.to_string().into()
            }
        })+
    };
}

written! {
    Arc<str>: |it| Some(it.into()),
    BillingPeriod: |it| BillingPeriod::parse(it).ok(),
    Code: |it| Code::parse(it).ok(),
    Currency: |it| Currency::parse(it).ok(),
    Hash: Hash::parse,
    Decimal: |it| Decimal::from_str_exact(it).ok(),
    Date: |it| it.parse().ok(),
    Timestamp: |it| it.parse().ok(),
    PeriodState: PeriodState::parse,
    CheckKind: CheckKind::parse,
    JournalKind: JournalKind::parse,
    LineKind: LineKind::parse,
    Side: Side::parse,
}

impl Written for CostKind {
    fn read(text: &str) -> Option<CostKind> {
        CostKind::parse(text)
    }

    fn write(&self) -> Cow<'static, str> {
        self.as_str().into()
    }
}

impl Written for Status {
    fn read(text: &str) -> Option<Status> {
        Status::parse(text)
    }

    fn write(&self) -> Cow<'static, str> {
        self.as_str().into()
    }
}

pub(super) fn serialize<T: Written, S: Serializer>(it: &T, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&it.write())
}

pub(super) fn deserialize<'de, T: Written, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    value_of(&String::deserialize(from)?)
}

fn value_of<T: Written, E: serde::de::Error>(text: &str) -> Result<T, E> {
    let name = std::any::type_name::<T>().rsplit("::").next();
    let name = name.unwrap_or("value");
    T::read(text).ok_or_else(|| E::custom(format!("`{text}` is no {name} that this release knows")))
}

/// The same for values that may be missing.
pub(super) mod maybe {
    use serde::{Deserialize as _, Deserializer, Serializer};

    use super::Written;

    pub(in super::super) fn serialize<T: Written, S: Serializer>(
        it: &Option<T>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        match it {
            Some(it) => to.serialize_str(&it.write()),
            None => to.serialize_none(),
        }
    }

    pub(in super::super) fn deserialize<'de, T: Written, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<T>, D::Error> {
        Option::<String>::deserialize(from)?.map(|it| super::value_of(&it)).transpose()
    }
}
