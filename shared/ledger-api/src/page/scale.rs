//! Vertical places of amounts in a chart, and the lines that name amounts.

use rust_decimal::Decimal;

/// Most lines across a chart.
const LINES_MAX: i64 = 5;

/// Amounts from the lowest to the highest line of a chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scale {
    step: Decimal,
    /// The lowest and the highest line, counted in steps from zero.
    low: Decimal,
    high: Decimal,
    /// Pixels above the highest line, and from there to the lowest.
    top: u32,
    height: u32,
}

impl Scale {
    /// Lines at whole steps of 1, 2 or 5 with any power of ten; `None` between two amounts that are equal.
    pub(super) fn of(from: Decimal, to: Decimal, top: u32, height: u32) -> Option<Scale> {
        let span = to.checked_sub(from).filter(|it| !it.is_zero())?;
        let mut unit = Decimal::new(1, 15);
        loop {
            for factor in [1, 2, 5] {
                let step = unit.checked_mul(Decimal::from(factor))?;
                if step.checked_mul(Decimal::from(LINES_MAX))? >= span {
                    let low = from.checked_div(step)?.floor();
                    let high = to.checked_div(step)?.ceil();
                    return Some(Scale { step: step.normalize(), low, high, top, height });
                }
            }
            unit = unit.checked_mul(Decimal::TEN)?;
        }
    }

    /// The amounts at which lines are drawn, from low to high.
    pub(super) fn lines(self) -> impl Iterator<Item = Decimal> {
        let after = move |at: &Decimal| Some(*at + Decimal::ONE).filter(|it| *it <= self.high);
        std::iter::successors(Some(self.low), after).map(move |it| (it * self.step).normalize())
    }

    /// The vertical place of an amount.
    pub(super) fn y(self, amount: Decimal) -> Decimal {
        let from_top = (self.high - amount / self.step) / (self.high - self.low);
        (Decimal::from(self.top) + Decimal::from(self.height) * from_top).round_dp(2).normalize()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_at_round_amounts_at_any_size() {
        for (from, to, expected) in [
            ("0", "0.000000000000001", "0 0.000000000000001"),
            ("0", "0.07", "0 0.02 0.04 0.06 0.08"),
            ("0", "51", "0 20 40 60"),
            ("-30", "51", "-40 -20 0 20 40 60"),
            (
                "0",
                "9999999999999",
                "0 2000000000000 4000000000000 6000000000000 8000000000000 \
                              10000000000000",
            ),
        ] {
            let (from, to) = (from.parse().unwrap(), to.parse().unwrap());
            let scale = Scale::of(from, to, 0, 100).unwrap();
            let lines: Vec<String> = scale.lines().map(|it| it.to_string()).collect();
            assert_eq!(lines.join(" "), expected, "{from} {to}");
        }
        assert_eq!(Scale::of(Decimal::ONE, Decimal::ONE, 0, 100), None);
    }

    /// From -40 to 60, each two pixels.
    #[test]
    fn places_go_down_from_the_highest_line() {
        let scale = Scale::of(Decimal::from(-30), Decimal::from(51), 10, 200).unwrap();
        for (amount, expected) in [("60", "10"), ("0", "130"), ("-40", "210"), ("0.5", "129")] {
            assert_eq!(scale.y(amount.parse().unwrap()).to_string(), expected, "{amount}");
        }
    }
}
