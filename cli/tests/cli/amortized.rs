//! What was paid ahead, by the cost kinds that spread it.

use std::fs;
use std::path::Path;

use rust_decimal::Decimal;
use serde_json::Value;

use crate::{decimal, json, tollbook};

const COLUMNS: [&str; 26] = [
    "bill_billing_period_start_date",
    "bill_payer_account_id",
    "line_item_usage_account_id",
    "line_item_usage_start_date",
    "line_item_line_item_type",
    "line_item_product_code",
    "line_item_usage_type",
    "line_item_unblended_cost",
    "line_item_net_unblended_cost",
    "line_item_currency_code",
    "tags",
    "savings_plan_savings_plan_effective_cost",
    "savings_plan_net_savings_plan_effective_cost",
    "savings_plan_total_commitment_to_date",
    "savings_plan_used_commitment",
    "savings_plan_recurring_commitment_for_billing_period",
    "savings_plan_net_recurring_commitment_for_billing_period",
    "savings_plan_amortized_upfront_commitment_for_billing_period",
    "savings_plan_net_amortized_upfront_commitment_for_billing_period",
    "reservation_effective_cost",
    "reservation_net_effective_cost",
    "reservation_unused_amortized_upfront_fee_for_billing_period",
    "reservation_net_unused_amortized_upfront_fee_for_billing_period",
    "reservation_unused_recurring_fee",
    "reservation_net_unused_recurring_fee",
    "reservation_reservation_a_r_n",
];

/// The same columns as the reports before exports 2.0 name them; those have a column a tag.
const LEGACY: [&str; 26] = [
    "bill/BillingPeriodStartDate",
    "bill/PayerAccountId",
    "lineItem/UsageAccountId",
    "lineItem/UsageStartDate",
    "lineItem/LineItemType",
    "lineItem/ProductCode",
    "lineItem/UsageType",
    "lineItem/UnblendedCost",
    "lineItem/NetUnblendedCost",
    "lineItem/CurrencyCode",
    "resourceTags/user:team",
    "savingsPlan/SavingsPlanEffectiveCost",
    "savingsPlan/NetSavingsPlanEffectiveCost",
    "savingsPlan/TotalCommitmentToDate",
    "savingsPlan/UsedCommitment",
    "savingsPlan/RecurringCommitmentForBillingPeriod",
    "savingsPlan/NetRecurringCommitmentForBillingPeriod",
    "savingsPlan/AmortizedUpfrontCommitmentForBillingPeriod",
    "savingsPlan/NetAmortizedUpfrontCommitmentForBillingPeriod",
    "reservation/EffectiveCost",
    "reservation/NetEffectiveCost",
    "reservation/UnusedAmortizedUpfrontFeeForBillingPeriod",
    "reservation/NetUnusedAmortizedUpfrontFeeForBillingPeriod",
    "reservation/UnusedRecurringFee",
    "reservation/NetUnusedRecurringFee",
    "reservation/ReservationARN",
];

/// Type, product code, unblended and net unblended cost, how it is amortized.
const LINES: [(&str, &str, &str, &str, &str); 10] = [
    ("Usage", "AmazonBedrock", "1", "0.5", ",,,,,,,,,,,,,,"),
    ("SavingsPlanCoveredUsage", "AmazonBedrock", "10", "", "7,6.3,,,,,,,,,,,,,"),
    ("SavingsPlanNegation", "AmazonBedrock", "-10", "", ",,,,,,,,,,,,,,"),
    ("SavingsPlanRecurringFee", "AmazonBedrock", "5", "4.5", ",,5,3,3720,3348,0,0,,,,,,,"),
    ("SavingsPlanUpfrontFee", "AmazonBedrock", "100", "90", ",,,,,,,,,,,,,,"),
    ("DiscountedUsage", "AmazonBedrock", "0", "", ",,,,,,,,1.25,1,,,,,"),
    ("RIFee", "AmazonBedrock", "20", "18", ",,,,,,,,,,3,2,4,3.5,"),
    ("Fee", "AmazonBedrock", "400", "360", ",,,,,,,,,,,,,,arn:aws:bedrock:::reserved/a"),
    ("Tax", "AmazonBedrock", "2", "", ",,,,,,,,,,,,,,"),
    ("SavingsPlanCoveredUsage", "AmazonEC2", "50", "", "30,,,,,,,,,,,,,,"),
];

/// What the AI lines come to by each cost kind, worked out by hand.
const TOTALS: [(&str, &str); 4] = [
    ("unblended", "528"),
    ("net_unblended", "475"),
    ("amortized", "20.25"),
    ("net_amortized", "17.1"),
];

fn bill(header: &[&str], tags: &str) -> String {
    let mut text = format!("{}\n", header.join(","));
    for (line_type, code, cost, net, amortized) in LINES {
        text.push_str(&format!(
            "2026-10-01T00:00:00Z,123456789012,123456789012,2026-10-05T00:00:00Z,{line_type},{code},\
             USE1-NovaLite-input-tokens,{cost},{net},USD,{tags},{amortized}\n",
        ));
    }
    text
}

fn import(data: &Path, text: &str) -> Value {
    let file = data.with_extension("csv");
    fs::write(&file, text).unwrap();
    json(data, &["import", file.to_str().unwrap()])
}

#[test]
fn a_report_by_each_cost_kind_comes_to_what_aws_would_show() {
    let folder = tempfile::tempdir().unwrap();
    let exports = bill(&COLUMNS, r#""{""resourceTags/team"":""search""}""#);
    let reports = bill(&LEGACY, "search");
    for (name, text) in [("exports", exports), ("reports", reports)] {
        let data = folder.path().join(name);
        let read = import(&data, &text);
        assert_eq!((&read["lines_ai"], &read["lines_other"]), (&9.into(), &1.into()), "{name}");
        let findings = read["findings"].to_string();
        assert!(!findings.contains("not-amortized"), "{findings}");
        let totals = read["totals"].as_array().unwrap();
        for ((kind, expected), total) in TOTALS.into_iter().zip(totals) {
            let expected: Decimal = expected.parse().unwrap();
            assert_eq!((&total["cost_kind"], decimal(&total["ai"])), (&kind.into(), expected));
            let report = json(&data, &["report", "--cost-kind", kind]);
            assert_eq!(decimal(&report["currencies"][0]["total"]), expected, "{name} {kind}");
            assert_eq!(report["cost_kind"], kind);
            let args = ["statement", "--period", "2026-10", "--cost-kind", kind];
            let statements = json(&data, &args);
            assert_eq!(decimal(&statements["statements"][0]["exact_total"]), expected, "{kind}");
            // What is not AI is only totalled: nobody knows what it is amortized to.
            let is_amortized = kind.ends_with("amortized");
            assert_eq!(report["currencies"][0]["other"].is_null(), is_amortized, "{kind}");
            assert_eq!(
                (total["other"].is_null(), total["all"].is_null()),
                (is_amortized, is_amortized)
            );
        }
        let types = ["report", "--by", "line_type", "--cost-kind", "amortized"];
        let report = json(&data, &types);
        let costs: Vec<String> = report["currencies"][0]["rows"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| {
                format!("{} {}", row["keys"]["line_type"].as_str().unwrap(), decimal(&row["cost"]))
            })
            .collect();
        assert_eq!(
            costs,
            [
                "RIFee 7",
                "SavingsPlanCoveredUsage 7",
                "SavingsPlanRecurringFee 2",
                "Tax 2",
                "DiscountedUsage 1.25",
                "Usage 1",
                "Fee 0",
                "SavingsPlanNegation 0",
                "SavingsPlanUpfrontFee 0",
            ]
        );
        // The same bill again is the same ledger.
        let again = import(&data, &text);
        assert_eq!(again["bills"][0]["days_written"], 0);
    }
}

#[test]
fn a_table_says_which_figures_are_not_amortized() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    import(&data, &bill(&COLUMNS, ""));
    let output = tollbook(&data, &["report", "--cost-kind", "amortized"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("amortized cost, data up to"), "{text}");
    assert!(text.contains("not AI on the same bills, unblended cost: 50.00 USD (USD)"), "{text}");
}

#[test]
fn a_budget_can_count_amortized_cost() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    // Budgets are judged for the month in which it is asked.
    let month = jiff::Timestamp::now().strftime("%Y-%m").to_string();
    import(
        &data,
        &bill(&COLUMNS, "").replace("2026-10-05", "2026-10-01").replace("2026-10", &month),
    );
    let budgets = folder.path().join("budgets.toml");
    let budget = |kind: &str| {
        format!(
            "[[budget]]\nname = \"{kind}\"\nowner = \"search\"\nlimit = \"100\"\n\
             currency = \"USD\"\nwindow = \"monthly\"\ncost_kind = \"{kind}\"\n"
        )
    };
    let all: String = TOTALS.iter().map(|(kind, _)| budget(kind)).collect();
    fs::write(&budgets, all).unwrap();
    let applied = tollbook(&data, &["budget", "apply", budgets.to_str().unwrap()]);
    assert!(applied.status.success(), "{}", String::from_utf8_lossy(&applied.stderr));
    let listed = json(&data, &["budget", "list"]);
    let listed = listed["budgets"].as_array().unwrap();
    let spent: Vec<(&str, Decimal)> = listed
        .iter()
        .map(|it| (it["cost_kind"].as_str().unwrap(), decimal(&it["spend"])))
        .collect();
    let expected = TOTALS.map(|(kind, total)| (kind, total.parse().unwrap()));
    assert_eq!(spent, expected);

    fs::write(&budgets, budget("amortised")).unwrap();
    let refused = tollbook(&data, &["budget", "apply", budgets.to_str().unwrap()]);
    let message = String::from_utf8(refused.stderr).unwrap();
    let expected = "`cost_kind` is `amortised`; expected `unblended`, `net_unblended`, `amortized`, \
                    `net_amortized` or `list`";
    assert!(message.contains(expected), "{message}");
}

#[test]
fn an_export_that_does_not_say_how_lines_are_amortized_is_told_of() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let text = bill(&COLUMNS, "");
    // The first eleven columns alone.
    let cut: Vec<String> =
        text.lines().map(|it| it.split(',').take(11).collect::<Vec<_>>().join(",")).collect();
    let read = import(&data, &format!("{}\n", cut.join("\n")));
    let findings = read["findings"].as_array().unwrap();
    let told: Vec<&str> = findings
        .iter()
        .filter(|it| it["code"] == "not-amortized")
        .map(|it| it["message"].as_str().unwrap())
        .collect();
    assert_eq!(told.len(), 5, "{told:?}");
    assert_eq!(
        told[3],
        "1 line of type `SavingsPlanCoveredUsage` with no column \
         `savings_plan_savings_plan_effective_cost`: its unblended cost counts as its amortized \
         cost; name it in the export's query"
    );
    let amortized = json(&data, &["report", "--cost-kind", "amortized"]);
    // What is known: negations and fees paid ahead cost nothing.
    assert_eq!(
        decimal(&amortized["currencies"][0]["total"]),
        Decimal::from(1 + 10 + 5 + 20 + 400 + 2)
    );
}
