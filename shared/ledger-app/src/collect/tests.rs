//! The days that are asked for when none are named.

use super::*;

#[test]
fn the_last_month_is_asked_until_it_has_settled() {
    for (today, from, to) in [
        ("2026-11-20", "2026-11-01", "2026-11-20"),
        ("2026-11-04", "2026-10-01", "2026-11-04"),
        ("2026-11-05", "2026-11-01", "2026-11-05"),
        ("2026-11-01", "2026-10-01", "2026-11-01"),
        ("2027-01-02", "2026-12-01", "2027-01-02"),
    ] {
        let period = recent_period(today.parse().unwrap()).unwrap();
        assert_eq!(period.start().to_string(), from, "{today}");
        assert_eq!(period.end().to_string(), to, "{today}");
    }
    // No period ends before the first day of the calendar.
    assert!(recent_period(Date::MIN).is_err());
}
