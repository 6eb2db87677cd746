//! The thresholds of a budget: its own, or those of its environment.

use ledger_core::money::Money;
use ledger_core::period::Window;

/// Highest threshold in percent: ten times the limit.
const THRESHOLD_MAX: u16 = 1_000;

/// Thresholds of a budget that names none.
const THRESHOLDS: [u16; 3] = [50, 80, 100];

/// The bases of percentages in messages.
const PACE: &str = "the pace that spends the limit by the end of the window";
const CHANGE: &str = "the cost of the window before up to the same day";

/// Thresholds as a file names them.
#[derive(Clone, Copy, Default)]
pub(super) struct Named<'e> {
    pub thresholds: Option<&'e [u16]>,
    pub forecast_thresholds: Option<&'e [u16]>,
    pub pace_thresholds: Option<&'e [u16]>,
    pub change_thresholds: Option<&'e [u16]>,
}

/// The thresholds of a budget, checked.
pub(super) struct Thresholds {
    pub actual: Vec<u16>,
    pub forecast: Vec<u16>,
    pub pace: Vec<u16>,
    pub change: Vec<u16>,
}

impl Named<'_> {
    /// Refuses thresholds that can never be right.
    pub(super) fn check(&self) -> Result<(), String> {
        self.thresholds.map_or(Ok(()), check_thresholds)?;
        self.forecast_thresholds.map_or(Ok(()), check_forecast_thresholds)?;
        let above_100 = |key, of, it| check_above_100(key, it, of);
        self.pace_thresholds.map_or(Ok(()), |it| above_100("pace_thresholds", PACE, it))?;
        self.change_thresholds.map_or(Ok(()), |it| above_100("change_thresholds", CHANGE, it))
    }

    /// Those of a budget with such windows, by itself and by its environment.
    pub(super) fn of_budget(
        &self,
        environment: Named<'_>,
        window: Window,
    ) -> Result<Thresholds, String> {
        self.check()?;
        let has_any = |it: Option<&[u16]>| it.is_some_and(|it| !it.is_empty());
        let has_pace = has_any(self.pace_thresholds);
        let has_change = !matches!(window, Window::Daily | Window::Once);
        if has_any(self.change_thresholds) && !has_change {
            return Err(format!(
                "`change_thresholds` compares with the same days of the window before, and this one is \
                 {window}; expected a window that repeats and is longer than a day"
            ));
        }
        if window == Window::Daily && has_pace {
            return Err("`pace_thresholds` compares the days of a window, and this one is daily; \
                        expected a longer window"
                .to_owned());
        }
        let of = |own: Option<&[u16]>, other: Option<&[u16]>, default: &[u16]| {
            own.or(other).unwrap_or(default).to_vec()
        };
        let pace_of_others = environment.pace_thresholds.filter(|_| window != Window::Daily);
        let change_of_others = environment.change_thresholds.filter(|_| has_change);
        Ok(Thresholds {
            actual: of(self.thresholds, environment.thresholds, &THRESHOLDS),
            forecast: of(self.forecast_thresholds, environment.forecast_thresholds, &[]),
            pace: of(self.pace_thresholds, pace_of_others, &[]),
            change: of(self.change_thresholds, change_of_others, &[]),
        })
    }
}

/// Refuses a share of the limit that cannot be rolled over.
pub(super) fn check_roll_over<'m>(
    window: Window,
    percent: Option<u16>,
    limits: impl IntoIterator<Item = &'m Money>,
) -> Result<(), String> {
    if let Some(percent @ 1..=100) = percent {
        for limit in limits {
            limit.checked_add(limit.part(i64::from(percent), 100)).map_err(|err| {
                format!("`roll_over_percent_max` adds {percent} % to a limit of {limit}: {err}")
            })?;
        }
    }
    match percent {
        None => Ok(()),
        Some(_) if window == Window::Once => Err("`roll_over_percent_max` is for windows that \
                                                  repeat, and this one is once"
            .to_owned()),
        Some(1..=100) => Ok(()),
        Some(percent) => Err(format!(
            "`roll_over_percent_max` is `{percent}`; expected a share of the limit from 1 to 100"
        )),
    }
}

fn check_thresholds(thresholds: &[u16]) -> Result<(), String> {
    let ascending = is_ascending(thresholds);
    let in_range = thresholds.iter().all(|it| (1..=THRESHOLD_MAX).contains(it));
    if thresholds.is_empty() || !ascending || !in_range {
        return Err(format!(
            "`thresholds` is `{thresholds:?}`; expected ascending percentages from 1 to {THRESHOLD_MAX}"
        ));
    }
    Ok(())
}

/// A forecast is of the whole window: below its limit there is nothing to warn of.
fn check_forecast_thresholds(thresholds: &[u16]) -> Result<(), String> {
    let in_range = thresholds.iter().all(|it| (100..=THRESHOLD_MAX).contains(it));
    if !is_ascending(thresholds) || !in_range {
        return Err(format!(
            "`forecast_thresholds` is `{thresholds:?}`; expected ascending percentages from 100 to \
             {THRESHOLD_MAX}, which the whole window is expected to reach"
        ));
    }
    Ok(())
}

/// A pace of 100 spends the limit, and a change to 100 is none.
fn check_above_100(key: &str, thresholds: &[u16], of: &str) -> Result<(), String> {
    let in_range = thresholds.iter().all(|it| (101..=THRESHOLD_MAX).contains(it));
    if !is_ascending(thresholds) || !in_range {
        return Err(format!(
            "`{key}` is `{thresholds:?}`; expected ascending percentages from 101 to {THRESHOLD_MAX} of \
             {of}"
        ));
    }
    Ok(())
}

fn is_ascending(thresholds: &[u16]) -> bool {
    thresholds.iter().zip(thresholds.iter().skip(1)).all(|(left, right)| left < right)
}
