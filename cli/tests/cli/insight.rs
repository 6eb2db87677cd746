//! Attribution health through the front door.

use rust_decimal::Decimal;
use serde_json::Value;

use crate::anomalies::{said, sample};
use crate::{decimal, json};

fn sum<'a>(items: impl IntoIterator<Item = &'a Value>) -> Decimal {
    items.into_iter().map(|it| decimal(&it["cost"])).sum()
}

#[test]
fn attribution_health_sums_to_the_report_and_has_changes_to_paste() {
    let folder = tempfile::tempdir().unwrap();
    let data = sample(folder.path());
    let days = ["--from", "2026-11-01", "--to", "2026-11-22"];
    let report = json(&data, &[&["report"], &days[..]].concat());
    let insight = ["insight", "attribution", "--limit", "3"];
    let health = json(&data, &[&insight, &days[..]].concat());
    let (report, health) = (&report["currencies"][0], &health["currencies"][0]);
    assert_eq!(health["total"], report["total"]);
    let total = decimal(&health["total"]);
    let classes = health["classes"].as_array().unwrap();
    assert_eq!((classes.len(), sum(classes)), (5, total));
    let steps = health["trend"].as_array().unwrap();
    assert_eq!(
        steps.iter().map(|it| sum(it["classes"].as_array().unwrap())).sum::<Decimal>(),
        total
    );
    let parts = health["parts"].as_array().unwrap();
    assert_eq!(parts.len(), 3);
    assert_eq!(sum(parts) + decimal(&health["other_parts"]["cost"]), total);
    let preserved = decimal(&classes[0]["cost"]);
    assert_eq!(decimal(&health["hidden"]), total - preserved);

    let fixes = said(&data, &[&["insight", "attribution", "--fixes"], &days[..]].concat());
    for part in
        ["aws iam tag-role --role-name ", "TagKey=iamPrincipal/team,Status=Active", "[[rule]]"]
    {
        assert!(fixes.contains(part), "{part}: {fixes}");
    }
    let csv = said(&data, &[&["insight", "attribution", "--format", "csv"], &days[..]].concat());
    assert!(csv.starts_with("identity,class,reason,cost,currency,sessions"), "{csv}");
}
