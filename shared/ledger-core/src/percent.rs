//! Shares for readers.

use std::fmt;

use crate::money::Money;

/// A share in percent, cut to one fraction digit.
///
/// - **Shape:** whole tenths of a percent, from exact division of whole femto-units: an amount has at
///   most 28 digits of them, so a share of any two amounts fits.
/// - **Invariant:** only shown and compared with other shares. No amount is made of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Percent {
    tenths: i128,
}

impl Percent {
    /// No share at all.
    pub const ZERO: Percent = Percent::whole(0);

    /// The whole.
    pub const HUNDRED: Percent = Percent::whole(100);

    /// Whole percent.
    pub const fn whole(percent: u16) -> Percent {
        // `as` and not `from`, which is not const; a `u16` always fits.
        Percent { tenths: percent as i128 * 10 }
    }

    /// The share of `part` in `whole`; `None` in nothing and in another currency.
    ///
    /// ```
    /// use ledger_core::{currency::Currency, money::Money, percent::Percent};
    /// let usd = |text| Money::parse(text, Currency::USD).unwrap().money;
    /// assert_eq!(Percent::of(usd("2"), usd("3")).unwrap().to_string(), "66.6");
    /// assert_eq!(Percent::of(usd("2"), usd("0")), None);
    /// ```
    pub fn of(part: Money, whole: Money) -> Option<Percent> {
        if part.currency() != whole.currency() {
            return None;
        }
        let tenths = (part.femto_units() * 1_000).checked_div(whole.femto_units())?;
        Some(Percent { tenths })
    }

    /// The same share without its sign.
    #[must_use]
    pub fn abs(self) -> Percent {
        Percent { tenths: self.tenths.abs() }
    }

    /// The share with exactly one fraction digit, such as `5.0`.
    pub fn to_one_digit(self) -> String {
        let sign = if self.tenths < 0 { "-" } else { "" };
        let tenths = self.tenths.unsigned_abs();
        format!("{sign}{}.{}", tenths / 10, tenths % 10)
    }
}

/// Without a zero after the point: `81.2`, `5`.
impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.to_one_digit();
        f.write_str(text.strip_suffix(".0").unwrap_or(&text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::currency::Currency;
    use crate::testing::usd;

    #[track_caller]
    fn check(part: &str, whole: &str, shown: Option<&str>, one_digit: Option<&str>) {
        let percent = Percent::of(usd(part), usd(whole));
        assert_eq!(percent.map(|it| it.to_string()).as_deref(), shown, "{part} of {whole}");
        assert_eq!(percent.map(Percent::to_one_digit).as_deref(), one_digit, "{part} of {whole}");
    }

    #[test]
    fn a_share_is_cut_to_one_digit_and_never_rounded_up() {
        check("1", "2", Some("50"), Some("50.0"));
        check("2", "3", Some("66.6"), Some("66.6"));
        check("-2", "3", Some("-66.6"), Some("-66.6"));
        check("-0.5", "100", Some("-0.5"), Some("-0.5"));
        check("99.999999999999999", "100", Some("99.9"), Some("99.9"));
        check("0.05", "100", Some("0"), Some("0.0"));
        check("0", "7", Some("0"), Some("0.0"));
        check("7", "0", None, None);
    }

    #[test]
    fn the_ends_of_money_fit() {
        let (largest, smallest) = ("9999999999999.999999999999999", "0.000000000000001");
        let share = "999999999999999999999999999900";
        check(largest, smallest, Some(share), Some(&format!("{share}.0")));
        check(smallest, largest, Some("0"), Some("0.0"));
    }

    #[test]
    fn there_is_no_share_in_another_currency() {
        let euro = Money::parse("1", Currency::parse("EUR").unwrap()).unwrap().money;
        assert_eq!(Percent::of(usd("1"), euro), None);
    }
}
