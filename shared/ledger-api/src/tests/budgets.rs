//! Budgets on the page, and the same figures in the API.

use super::*;

/// Costs by day and budgets as a file has them.
fn ledger(costs: &[(i8, &str)], budgets: &str) -> MemoryLedger {
    let rows = costs.iter().map(|(day, cost)| usd(*day, "search", cost)).collect();
    // The ledger of these tests holds a text that never goes away.
    let budgets: &'static str = Box::leak(budgets.to_owned().into_boxed_str());
    MemoryLedger { budgets: Some(budgets), ..MemoryLedger::of(rows) }
}

fn budget(name: &str, limit: &str, more: &str) -> String {
    format!(
        "[[budget]]\nname = {name:?}\nowner = \"Ida\"\nlimit = \"{limit}\"\ncurrency = \"USD\"\n\
         window = \"monthly\"\nscope = {{ owner = \"search\" }}\n{more}\n"
    )
}

/// Each day of the month up to the 19th at the same cost.
fn steady(cost: &'static str) -> Vec<(i8, &'static str)> {
    (1..=19).map(|day| (day, cost)).collect()
}

/// The part of the page that begins with the first card of a budget.
async fn cards(ledger: &MemoryLedger) -> String {
    let page = text(get(ledger, "/").await).await;
    page.split_once("<article").map(|(_, cards)| cards.to_owned()).unwrap_or_default()
}

#[track_caller]
fn check(page: &str, parts: &[&str]) {
    let words = words(page);
    for part in parts {
        assert!(words.contains(part) || page.contains(part), "{part} in {words}");
    }
}

/// The text of some markup.
fn words(markup: &str) -> String {
    let mut words = String::new();
    for part in markup.split('<') {
        words.push_str(part.split_once('>').map_or("", |(_, text)| text));
    }
    words
}

#[tokio::test]
async fn a_budget_is_drawn_and_said_in_words() {
    let ledger = ledger(&steady("10"), &budget("search", "280", "thresholds = [50, 80, 100]"));
    let page = cards(&ledger).await;
    check(
        &page,
        &[
            "190.00 USD of 280.00 USD, 67.8 %",
            "90.00 USD left: 8.18 USD for each of the 11 days without data so far",
            "300.00 USD by 2026-11-30, 107.1 % of the limitNext",
            "at 80 %, which is 224.00 USD: expected about Nov 23",
            "2026-11-19; costs from 2026-11-17 on may still change",
            "none in this window",
            "Up to 2026-11-19 190.00 USD of 280.00 USD are spent, 67.8 %.",
            "aria-labelledby=\"budget-0-title budget-0-desc\"",
            "<td>2026-11-16</td>",
            "class=\"spend open\"",
            "class=\"range\"",
            "class=\"threshold\"",
        ],
    );
    let answer = json(&ledger, "/v1/budgets").await;
    let budget = &answer["budgets"][0];
    assert_eq!((&budget["headroom"], &budget["spend"]), (&"90".into(), &"190".into()));
    assert_eq!(budget["next_threshold_percent"], 80);
}

/// The figures are those of the API, to the last digit.
#[tokio::test]
async fn the_last_day_of_the_table_has_the_spend_of_the_budget() {
    let costs = [(1, "0.000000000000001"), (3, "7.25"), (9, "-0.5")];
    let ledger = ledger(&costs, &budget("search", "10", ""));
    let page = cards(&ledger).await;
    let spend = json(&ledger, "/v1/budgets").await["budgets"][0]["spend"].clone();
    assert_eq!(spend, "6.750000000000001");
    let (_, row) = page.split_once("<td>2026-11-09</td>").unwrap();
    let (row, _) = row.split_once("</tr>").unwrap();
    assert!(row.contains("title=\"-0.5 USD\"") && row.contains("title=\"6.750000000000001 USD\""));
    // Days without a cost have one of zero. Those ahead go on from the six settled ones, at 7.25 / 6 a day.
    check(&page, &["<td>2026-11-08</td>", " % of the limit; 80 of 100 times "]);
    let (_, row) = page.split_once("<td>2026-11-10</td>").unwrap();
    assert!(words(row).starts_with("––12.09ahead"), "{}", words(row));
}

#[tokio::test]
async fn an_overspent_budget_is_over_and_has_its_alerts() {
    let mut ledger = with_budget();
    ledger.alerts[0].at = "2026-11-02T06:30:00Z".parse().unwrap();
    let page = cards(&ledger).await;
    check(
        &page,
        &[
            "over by 2.00 USD",
            "none: the last threshold of this window is reached",
            "100 %: sent 2026-11-02 06:30 UTC",
            "<g class=\"alert\"><title>100 %: sent",
        ],
    );
    let budget = &json(&ledger, "/v1/budgets").await["budgets"][0];
    assert_eq!(budget["headroom"], "-2");
    assert_eq!(budget["next_threshold_percent"], Value::Null);
}

#[tokio::test]
async fn a_window_without_data_says_so() {
    let mut ledger = with_budget();
    ledger.days = Arc::default();
    ledger.alerts.clear();
    let page = cards(&ledger).await;
    check(
        &page,
        &[
            "no day of this window has data yet",
            "10.00 USD left: 0.33 USD for each of the 30 days without data so far",
            "at 50 %, which is 5.00 USD",
            "No day from 2026-11-01 on has data; the limit is 10.00 USD.",
            "not made on this page",
        ],
    );
    assert!(!page.contains("<details") && !page.contains("<polyline"));
    // A scope that has cost nothing, in a ledger with data.
    let ledger =
        MemoryLedger { budgets: ledger.budgets, ..MemoryLedger::of(vec![usd(2, "ads", "1")]) };
    check(&cards(&ledger).await, &["none yet: nothing was spent so far", "2026-11-02"]);
}

#[tokio::test]
async fn cost_in_another_currency_is_named_and_not_drawn() {
    let text = budget("euros", "10", "").replace("\"USD\"", "\"EUR\"");
    let page = cards(&ledger(&steady("1"), &text)).await;
    check(&page, &["0.00 EUR of 10.00 EUR", "Not counted19.00 USD, as the limit is in EUR"]);
}

#[tokio::test]
async fn a_window_that_is_settled_expects_nothing() {
    let costs = (1..=28).map(|day| (date(2026, 10, day), "1"));
    let rows = costs.map(|(day, cost)| (day, usd(1, "search", cost).1));
    let rows: Vec<_> = rows.chain([usd(18, "search", "2")]).collect();
    let more = "window = \"once\"\nfrom = \"2026-10-01\"\nto = \"2026-11-01\"";
    let text = budget("october", "40", "").replace("window = \"monthly\"", more);
    let ledger = MemoryLedger { days: MemoryLedger::of(rows).days, ..ledger(&[], &text) };
    let page = cards(&ledger).await;
    check(
        &page,
        &[
            "28.00 USD of 40.00 USD, 70 %",
            "12.00 USD left",
            "none: all days of the window are settled",
            "once, 2026-10-01 to 2026-10-31",
        ],
    );
    assert!(!page.contains("may still change") && !page.contains("class=\"unsettled\""));
}

#[tokio::test]
async fn a_long_window_is_listed_by_month() {
    let text = budget("yearly", "1000", "").replace("\"monthly\"", "\"yearly\"");
    let page = cards(&ledger(&steady("1"), &text)).await;
    check(&page, &["Figures by month", "<td>2026-11</td>", "19.00 USD", "Jan 1"]);
    assert!(!page.contains("<td>2026-11-19</td>"));
}

#[tokio::test]
async fn the_page_draws_some_of_many_budgets() {
    let budgets: Vec<String> =
        (1..=150).map(|at| budget(&format!("b{at}"), &format!("{at}"), "")).collect();
    let ledger = ledger(&steady("1"), &budgets.concat());
    let page = text(get(&ledger, "/").await).await;
    assert_eq!(page.matches("<article").count(), 24);
    assert_eq!(page.matches("role=\"img\"").count(), 25, "and the days of all owners");
    check(
        &page,
        &[
            "The 24 of 150 windows with the largest share of their limit are drawn; tollbook budget list \
             and /v1/budgets have all.",
            "The 100 of 150 windows with the largest share of their limit are in this table",
            // The smallest limit has the largest share.
            "<h4 title=\"owner = search\"><bdi>b1</bdi>",
            ">b100</td>",
            "of 24.00 USD, 79.1 %",
            "27.75 USD by 2026-11-30",
        ].map(|it| it.replace("27.75", "30.00")).each_ref().map(String::as_str),
    );
    assert!(!page.contains("<bdi>b25</bdi>") && !page.contains(">b101</td>"));
    assert!(page.len() < 400_000, "{}", page.len());
    let listed = json(&ledger, "/v1/budgets").await;
    assert_eq!(listed["budgets"].as_array().unwrap().len(), 150);
}

#[tokio::test]
async fn a_name_of_a_budget_is_text_short_and_in_its_place() {
    let script = "</title></svg><script>alert(1)</script>\"' onload=x";
    let long = "x".repeat(10_000);
    let names = [script, "hcraes\u{202e}", "אבג", &long];
    let text: Vec<String> = names.iter().map(|it| budget(it, "10", "")).collect();
    let text = text.concat().replace("\"Ida\"", &format!("{:?}", script.repeat(20)));
    let text = text.replace("\\u{202e}", "\\u202E");
    let mut ledger = ledger(&[(1, "12")], &text);
    ledger.alerts = with_budget().alerts;
    let AlertId::Crossing(id) = &mut ledger.alerts[0].alert.id else { unreachable!("it is one") };
    id.budget = script.into();
    let page = super::text(get(&ledger, "/").await).await;
    assert_eq!(page.matches("<article").count(), 4, "{page}");
    assert!(!page.contains("<script") && !page.contains("</title></svg>"));
    assert!(page.contains("&lt;/title&gt;&lt;/svg&gt;&lt;script&gt;alert(1)&lt;/script&gt;&quot;"));
    assert!(page.contains(r"hcraes\u{202e}") && !page.contains('\u{202e}'));
    assert!(page.contains("<bdi>אבג</bdi>"));
    assert!(page.contains(&format!("<bdi>{}…</bdi>", "x".repeat(120))));
    assert!(!page.contains(&"x".repeat(121)), "a long name is cut wherever it is");
    let titles = page.matches("<svg").count();
    assert_eq!(page.matches("</svg>").count(), titles);
}

/// The page forecasts budgets that alert on a forecast as the API does.
#[tokio::test]
async fn a_forecast_is_the_same_on_the_page_and_in_the_api() {
    let costs: Vec<(i8, &str)> =
        (1..=19).map(|day| (day, if day % 3 == 0 { "7" } else { "11.5" })).collect();
    let ledger = ledger(&costs, &budget("search", "280", "forecast_thresholds = [100]"));
    let page = cards(&ledger).await;
    let projection = json(&ledger, "/v1/budgets").await["budgets"][0]["projection"].clone();
    for end in ["expected", "low", "high"] {
        let amount = projection[end].as_str().unwrap();
        assert!(page.contains(&format!("title=\"{amount} USD\"")), "{end} {amount}");
    }
}

/// So long that its days are not summed with all others.
#[tokio::test]
async fn a_window_of_thousands_of_years_is_drawn_as_far_as_there_is_data() {
    let more = "window = \"once\"\nfrom = \"1000-01-01\"\nto = \"9999-01-01\"";
    let text = budget("ages", "40", "").replace("window = \"monthly\"", more);
    let page = cards(&ledger(&steady("1"), &text)).await;
    check(
        &page,
        &[
            "19.00 USD of 40.00 USD, 47.5 %",
            "not made on this page",
            "<td>2026-11</td>",
            "class=\"spend\"",
            "Jan 1000",
        ],
    );
    assert!(page.len() < 10_000, "{}", page.len());
}
