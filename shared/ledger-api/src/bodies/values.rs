//! Values of bodies: each has one written form and says so in the OpenAPI document.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use ledger_core::bill::Status;
use ledger_core::cost::CostKind;
use ledger_core::money::Money;
use ledger_core::percent::Percent;
use rust_decimal::Decimal;
use serde::{Serialize, Serializer};
#[cfg(feature = "openapi")]
use utoipa::openapi::{KnownFormat, SchemaFormat};

#[cfg(feature = "openapi")]
use super::schema;

/// An exact decimal as text, so that no reader turns it into a float.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amount(pub Decimal);

impl From<Money> for Amount {
    fn from(money: Money) -> Amount {
        Amount(money.amount())
    }
}

/// A share in percent with at most one fraction digit, as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share(pub Percent);

impl From<Percent> for Share {
    fn from(percent: Percent) -> Share {
        Share(percent)
    }
}

/// A UTC day, such as `2026-11-03`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(pub Date);

/// An instant, such as `2026-11-03T08:00:00Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instant(pub Timestamp);

macro_rules! written_as_text {
    ($($name:ident: $schema:expr;)+) => {
        $(impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(&self.0)
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                $schema.build().into()
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::ToSchema for $name {})+
    };
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

written_as_text! {
    Amount: schema::text().pattern(Some(DECIMAL)).description(Some("An exact decimal."));
    Share: schema::text().pattern(Some(DECIMAL)).description(Some("A share in percent."));
    Day: schema::text().format(Some(SchemaFormat::KnownFormat(KnownFormat::Date)));
    Instant: schema::text().format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)));
}

#[cfg(feature = "openapi")]
const DECIMAL: &str = "^-?[0-9]+([.][0-9]+)?$";

/// Declares the written form of an enum of the core.
macro_rules! words {
    ($(#[doc = $about:literal] $name:ident of $core:ty: $all:expr;)+) => {
        $(
            #[doc = $about]
            #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
            #[serde(transparent)]
            pub struct $name(&'static str);

            impl $name {
                /// The word.
                pub fn as_str(self) -> &'static str {
                    self.0
                }
            }

            impl From<$core> for $name {
                fn from(value: $core) -> $name {
                    $name(value.as_str())
                }
            }

            #[cfg(feature = "openapi")]
            impl utoipa::PartialSchema for $name {
                fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                    crate::bodies::schema::words($all.iter().map(|it| it.as_str()), $about.trim())
                }
            }

            #[cfg(feature = "openapi")]
            impl utoipa::ToSchema for $name {}
        )+
    };
}
pub(crate) use words;

words! {
    /// The cost that is meant.
    CostKindWord of CostKind: CostKind::ALL;
    /// How sure a figure is.
    StatusWord of Status: [Status::Estimated, Status::Billed, Status::Final];
}
