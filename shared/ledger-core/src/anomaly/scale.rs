//! Whole-number statistics: logarithms, medians and spreads that are the same on every machine.

/// Fraction bits of a logarithm.
const LOG_BITS: u32 = 16;

/// A binary logarithm in 65,536ths.
pub(super) type Log = i64;

/// The binary logarithm of a number, cut to 1/65,536; 0 for 0.
pub(super) fn log2(value: u128) -> Log {
    let Some(whole) = value.checked_ilog2() else { return 0 };
    // The number as 1.xxx with 31 fraction bits: each squaring shifts out one bit of the logarithm.
    let mut mantissa = match whole.checked_sub(31) {
        Some(right) => value >> right,
        None => value << (31 - whole),
    };
    let mut log = Log::from(whole);
    for _ in 0..LOG_BITS {
        mantissa = (mantissa * mantissa) >> 31;
        log <<= 1;
        if mantissa >> 32 != 0 {
            mantissa >>= 1;
            log |= 1;
        }
    }
    log
}

/// The logarithm of a cost. The offset keeps cents from looking like large ratios.
pub(super) fn log_of(cost: i128, offset: i128) -> Log {
    let cost = u128::try_from(cost.saturating_add(offset)).unwrap_or(0);
    log2(cost.max(1))
}

/// The middle value; 0 of none.
pub(super) fn median(values: &mut [Log]) -> Log {
    let middle = values.len() / 2;
    if values.is_empty() {
        return 0;
    }
    *values.select_nth_unstable(middle).1
}

/// The middle value, and the spread around it as a standard deviation of normal noise would have it.
pub(super) fn median_and_spread(values: &mut [Log]) -> (Log, Log) {
    let middle = median(values);
    for value in values.iter_mut() {
        *value = (*value - middle).abs();
    }
    // The median of absolute deviations is 0.6745 of a standard deviation.
    (middle, median(values).saturating_mul(14_826) / 10_000)
}

/// A ratio of two quantities in billionths, from 0 to a billion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ratio(i128);

const BILLION: i128 = 1_000_000_000;

impl Ratio {
    /// `part` of `whole`; `None` where either is negative or there is no whole.
    pub(super) fn of(part: i128, whole: i128) -> Option<Ratio> {
        if part < 0 || whole <= 0 {
            return None;
        }
        let exact = part.checked_mul(BILLION).and_then(|it| it.checked_div(whole));
        let ratio = exact.or_else(|| part.checked_div((whole / BILLION).max(1)));
        ratio.map(|it| Ratio(it.min(BILLION * BILLION)))
    }

    /// An amount times the ratio, cut to whole units.
    pub(super) fn times(self, amount: i128) -> i128 {
        let (whole, rest) = (amount.div_euclid(BILLION), amount.rem_euclid(BILLION));
        // Amounts are below 10²⁸ and ratios below 10¹⁸, so the products fit.
        whole.saturating_mul(self.0).saturating_add(rest.saturating_mul(self.0) / BILLION)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithms_are_those_of_a_double() {
        for value in [1_u128, 2, 3, 10, 1_000, 123_456_789, 10_u128.pow(15), 10_u128.pow(28) + 7] {
            let expected = (value as f64).log2() * 65_536.0;
            assert!((log2(value) as f64 - expected).abs() < 2.0, "{value}");
        }
        assert_eq!(log2(0), 0);
    }

    #[test]
    fn a_spread_is_not_moved_by_one_value() {
        let mut values = vec![10, 12, 8, 11, 9, 10, 1_000_000];
        let (middle, spread) = median_and_spread(&mut values);
        assert_eq!((middle, spread), (10, 1));
        assert_eq!(median(&mut []), 0);
    }

    #[test]
    fn a_ratio_scales_amounts_of_any_size() {
        let half = Ratio::of(1, 2).unwrap();
        assert_eq!(half.times(10_i128.pow(27)), 5 * 10_i128.pow(26));
        assert_eq!(Ratio::of(10_i128.pow(28), 1).unwrap().times(1), BILLION);
        assert_eq!((Ratio::of(1, 0), Ratio::of(-1, 2)), (None, None));
        assert_eq!(Ratio::of(3, 3).unwrap().times(-7), -7);
    }
}
