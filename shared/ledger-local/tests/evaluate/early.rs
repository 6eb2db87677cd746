//! Warnings before a limit: a pace, a change against the window before, and what that window has left.

use super::*;

/// October at 2 a day, then November at other costs by day.
fn bill(november: &[&str]) -> String {
    let line = |day: &str, cost: &str| {
        format!(
            "{day},123456789012,123456789012,AmazonBedrock,USE1-NovaLite-input-tokens,{cost},USD\n"
        )
    };
    let (header, _) = BILL.split_once('\n').unwrap();
    let october = (1..=31).map(|day| line(&format!("2026-10-{day:02}"), "2.00"));
    let november = november.iter().enumerate();
    let november = november.map(|(at, cost)| line(&format!("2026-11-{:02}", at + 1), cost));
    format!("{header}\n{}", october.chain(november).collect::<String>())
}

fn budgets(more: &str) -> String {
    BUDGETS.replace("[50, 80, 81]", &format!("[100]\n{more}"))
}

/// All that was said of November.
fn said(setting: &Setting) -> Vec<String> {
    setting.told().into_iter().filter(|it| it.starts_with("2026-11-01/")).collect()
}

#[tokio::test]
async fn a_pace_above_the_limit_is_said_once_and_not_in_the_first_two_days() {
    let budgets = budgets("pace_thresholds = [120, 150]");
    let setting = Setting::of(&bill(&["9", "9"]), "", &budgets).await;
    setting.evaluate_at("2026-11-03T08:00:00Z").await;
    assert_eq!(said(&setting), [""; 0]);
    // 12 of the 10 that belong to three of thirty days.
    for (days, at, expected) in [
        (&["4", "4", "3.999999999999999"][..], "2026-11-04T08:00:00Z", &[][..]),
        (&["4", "4", "4"], "2026-11-04T09:00:00Z", &["2026-11-01/120/pace"]),
        (&["4", "4", "4"], "2026-11-05T08:00:00Z", &["2026-11-01/120/pace"]),
        // 18 of 13.333…; then 20.
        (&["4", "4", "4", "6"], "2026-11-05T09:00:00Z", &["2026-11-01/120/pace"]),
        (
            &["4", "4", "4", "8"],
            "2026-11-05T10:00:00Z",
            &["2026-11-01/120/pace", "2026-11-01/150/pace"],
        ),
        // A slower day takes nothing back, and is no news.
        (
            &["4", "4", "4", "8", "0"],
            "2026-11-06T08:00:00Z",
            &["2026-11-01/120/pace", "2026-11-01/150/pace"],
        ),
    ] {
        setting.import(&bill(days), "").await;
        setting.evaluate_at(at).await;
        assert_eq!(said(&setting), expected, "{days:?}");
    }
    let messages = setting.outbox.outbox();
    let message = messages.iter().find(|it| it.attributes["event"] == "pace_exceeded").unwrap();
    assert!(message.message.contains("Even pace:   10.00 USD"), "{}", message.message);
    assert!(message.message.contains("(120%)"), "{}", message.message);
}

#[tokio::test]
async fn a_limit_that_is_reached_says_nothing_of_its_pace() {
    let budgets = budgets("pace_thresholds = [120]");
    let setting = Setting::of(&bill(&["40", "30", "30"]), "", &budgets).await;
    setting.evaluate_at("2026-11-04T08:00:00Z").await;
    assert_eq!(said(&setting), ["2026-11-01/100"]);
}

#[tokio::test]
async fn a_change_is_against_the_same_days_of_the_window_before_and_in_money() {
    let budgets = budgets("change_thresholds = [150, 300]");
    // 6 in October's first three days.
    for (days, expected) in [
        (&["3", "3", "2.999999999999999"][..], &[][..]),
        // Half more, which is 3 % of the limit alone.
        (&["3", "3", "3"], &[]),
        (&["4", "4", "4"], &["2026-11-01/150/change"]),
        // One message for both, which the higher one names.
        (&["6", "6", "6"], &["2026-11-01/300/change"]),
    ] {
        let setting = Setting::of(&bill(days), "", &budgets).await;
        setting.evaluate_at("2026-11-04T08:00:00Z").await;
        setting.evaluate_at("2026-11-04T18:00:00Z").await;
        assert_eq!(said(&setting), expected, "{days:?}");
        if let Some(message) = setting.outbox.outbox().first() {
            assert_eq!(message.attributes["event"], "change_exceeded");
        }
    }
}

#[tokio::test]
async fn warnings_of_all_kinds_that_come_together_are_one_message() {
    let budgets =
        budgets("forecast_thresholds = [100]\npace_thresholds = [150]\nchange_thresholds = [200]");
    let days = ["6"; 10];
    let setting = Setting::of(&bill(&days), "", &budgets).await;
    setting.evaluate_at("2026-11-11T08:00:00Z").await;
    assert_eq!(said(&setting), ["2026-11-01/100/projected"]);
    let message = setting.outbox.outbox().remove(0).message;
    for part in [
        "100% of its limit by the end",
        "150% of the pace",
        "200% of the cost of the window before",
    ] {
        assert!(
            message.split_whitespace().collect::<Vec<_>>().join(" ").contains(part),
            "{message}"
        );
    }
    setting.evaluate_at("2026-11-12T08:00:00Z").await;
    assert_eq!(said(&setting).len(), 1);
}

/// October has left 38 of 100.
#[tokio::test]
async fn what_a_window_has_left_is_part_of_the_next_up_to_a_share() {
    for (percent, limit, left) in [("100", "138", "38"), ("38", "138", "38"), ("20", "120", "20")] {
        let budgets = budgets(&format!("roll_over_percent_max = {percent}"));
        let setting = Setting::of(&bill(&["100"]), "", &budgets).await;
        let evaluation = setting.evaluate_at("2026-11-04T08:00:00Z").await;
        let verdict = evaluation.verdicts.last().unwrap();
        assert_eq!(verdict.budget.limit.to_string(), format!("{limit} USD"));
        assert_eq!(verdict.spend.rolled_over.to_string(), format!("{left} USD"));
        assert_eq!(said(&setting), [""; 0], "{percent}");
        // October is restated, and has left less: the same cost is above the limit.
        let restated = bill(&["100"]).replacen(",2.00,", ",40.00,", 1);
        setting.import(&restated, "").await;
        let evaluation = setting.evaluate_at("2026-11-05T08:00:00Z").await;
        let verdict = evaluation.verdicts.last().unwrap();
        assert_eq!(verdict.spend.rolled_over.to_string(), "0 USD");
        assert_eq!(said(&setting), ["2026-11-01/100"], "{percent}");
        let told = setting.outbox.outbox();
        assert!(!told[0].message.contains("has left"), "{}", told[0].message);
    }
}

#[tokio::test]
async fn nothing_is_rolled_over_from_before_the_first_day_with_data_or_the_first_that_counts() {
    // The export of October begins with its second day.
    let partial = bill(&["80"]).replacen("2026-10-01,", "2026-10-02,", 1);
    let starts = "starts = \"2026-11-01\"";
    for (bill, more) in [(BILL.to_owned(), ""), (partial, ""), (bill(&["80"]), starts)] {
        let budgets = budgets(&format!("roll_over_percent_max = 100\n{more}"));
        let setting = Setting::of(&bill, "", &budgets).await;
        let evaluation = setting.evaluate_at("2026-11-05T08:00:00Z").await;
        let verdict = evaluation.verdicts.last().unwrap();
        assert_eq!(verdict.budget.limit.to_string(), "100 USD");
    }
}

#[tokio::test]
async fn a_change_against_days_that_the_ledger_lacks_is_none() {
    let budgets = budgets("change_thresholds = [150]");
    let partial = bill(&["4", "4", "4"]).replacen("2026-10-01,", "2026-10-02,", 1);
    let setting = Setting::of(&partial, "", &budgets).await;
    setting.evaluate_at("2026-11-04T08:00:00Z").await;
    assert_eq!(said(&setting), [""; 0]);
}

/// March has more days than February: no day of it is compared with none.
#[tokio::test]
async fn a_longer_window_is_compared_as_far_as_the_one_before_goes() {
    let budgets = budgets("change_thresholds = [110]").replace("\"100\"", "\"1000\"");
    let first: Date = "2027-01-01".parse().unwrap();
    let days = first.series(jiff::ToSpan::days(1)).take(31 + 28 + 31);
    let line = |day: Date| {
        format!("{day},123456789012,123456789012,AmazonBedrock,USE1-NovaLite-input-tokens,30,USD\n")
    };
    let (header, _) = BILL.split_once('\n').unwrap();
    let bill = format!("{header}\n{}", days.map(line).collect::<String>());
    let setting = Setting::of(&bill, "", &budgets).await;
    setting.evaluate_at("2027-04-01T08:00:00Z").await;
    let told: Vec<String> = setting.told();
    assert!(told.iter().all(|it| !it.ends_with("/change")), "{told:?}");
}

/// Auckland's November begins with the UTC day of 31 October, of which it has most.
#[tokio::test]
async fn a_window_of_a_time_zone_counts_each_day_of_the_bill_in_one_window() {
    let budgets = format!("{}time_zone = \"Pacific/Auckland\"\n", budgets(""));
    let setting = Setting::of(&bill(&["3", "4"]), "", &budgets).await;
    let evaluation = setting.evaluate_at("2026-11-03T08:00:00Z").await;
    let spans: Vec<String> = evaluation
        .verdicts
        .iter()
        .map(|it| format!("{} {} {}", it.window_name(), it.spend.period, it.spend.cost))
        .collect();
    assert_eq!(spans, ["Nov 2026 2026-10-31..2026-11-30 9 USD"]);
}
