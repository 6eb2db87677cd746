//! Currencies and their minor units.

use std::fmt;

/// A currency of ISO 4217.
///
/// - **Shape:** three capital letters, such as `USD`.
/// - **Range:** the currencies of the list published on 2026-01-01 that have minor units; metals
///   and testing codes are refused, since no invoice uses them.
/// - **Source:** the currency that a bill writes beside its amounts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency(&'static str, u32);

impl Currency {
    /// US dollar.
    pub const USD: Currency = Currency("USD", 2);

    /// Reads a currency code.
    ///
    /// # Errors
    ///
    /// [`UnknownCurrency`] when the text is not a code of the list, in capitals.
    pub fn parse(text: &str) -> Result<Currency, UnknownCurrency> {
        BY_MINOR_UNITS
            .iter()
            .find_map(|(units, codes)| {
                let code = codes.iter().find(|code| **code == text)?;
                Some(Currency(code, *units))
            })
            .ok_or_else(|| UnknownCurrency(text.chars().take(16).collect()))
    }

    /// The code, such as `USD`.
    pub fn as_str(self) -> &'static str {
        self.0
    }

    /// Decimals on an invoice in this currency: 2 for `USD`, 0 for `JPY`, 3 for `KWD`.
    pub fn minor_units(self) -> u32 {
        self.1
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// A text that is not a known currency code of ISO 4217.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a currency; expected a code of ISO 4217 such as `USD`")]
pub struct UnknownCurrency(String);

/// ISO 4217, list one, as the PyPI package `iso4217` (public domain) carries it, most used first.
#[rustfmt::skip]
const BY_MINOR_UNITS: [(u32, &[&str]); 4] = [
    (2, &[
        "AED", "AFN", "ALL", "AMD", "AOA", "ARS", "AUD", "AWG", "AZN", "BAM", "BBD", "BDT", "BMD", "BND",
        "BOB", "BOV", "BRL", "BSD", "BTN", "BWP", "BYN", "BZD", "CAD", "CDF", "CHE", "CHF", "CHW", "CNY",
        "COP", "COU", "CRC", "CUP", "CVE", "CZK", "DKK", "DOP", "DZD", "EGP", "ERN", "ETB", "EUR", "FJD",
        "FKP", "GBP", "GEL", "GHS", "GIP", "GMD", "GTQ", "GYD", "HKD", "HNL", "HTG", "HUF", "IDR", "ILS",
        "INR", "IRR", "JMD", "KES", "KGS", "KHR", "KPW", "KYD", "KZT", "LAK", "LBP", "LKR", "LRD", "LSL",
        "MAD", "MDL", "MGA", "MKD", "MMK", "MNT", "MOP", "MRU", "MUR", "MVR", "MWK", "MXN", "MXV", "MYR",
        "MZN", "NAD", "NGN", "NIO", "NOK", "NPR", "NZD", "PAB", "PEN", "PGK", "PHP", "PKR", "PLN", "QAR",
        "RON", "RSD", "RUB", "SAR", "SBD", "SCR", "SDG", "SEK", "SGD", "SHP", "SLE", "SOS", "SRD", "SSP",
        "STN", "SVC", "SYP", "SZL", "THB", "TJS", "TMT", "TOP", "TRY", "TTD", "TWD", "TZS", "UAH", "USD",
        "USN", "UYU", "UZS", "VED", "VES", "WST", "XAD", "XCD", "XCG", "YER", "ZAR", "ZMW", "ZWG",
    ]),
    (0, &[
        "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV",
        "XAF", "XOF", "XPF",
    ]),
    (3, &[
        "BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND",
    ]),
    (4, &[
        "CLF", "UYW",
    ]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minor_units_are_those_of_the_list() {
        for (code, units) in [("USD", 2), ("EUR", 2), ("JPY", 0), ("KWD", 3), ("CLF", 4)] {
            assert_eq!(Currency::parse(code).unwrap().minor_units(), units, "{code}");
        }
    }

    #[test]
    fn what_is_no_currency_is_refused() {
        for text in ["", "usd", "US", "XXX", "XAU", "dollar"] {
            assert_eq!(
                Currency::parse(text).unwrap_err().to_string(),
                format!("`{text}` is not a currency; expected a code of ISO 4217 such as `USD`")
            );
        }
    }

    #[test]
    fn the_constant_is_the_one_that_is_read() {
        assert_eq!(Currency::parse("USD").unwrap(), Currency::USD);
    }
}
