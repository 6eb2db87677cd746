//! However a bill arrives, the same thresholds are said.

use proptest::prelude::*;

use super::*;

const OWNED: &str = "[[rule]]\nname = \"users\"\nwhen = { user = \"*\" }\nowner = \"{user}\"\n";

/// Day of November, owner, and cost in tenths.
type Line = (u8, u8, u16);

fn bill(lines: &[Line]) -> String {
    let (head, _) = OWNED_BILL.split_once('\n').unwrap();
    let line = |(day, owner, tenths): &Line| {
        format!(
            "2026-11-{day:02},123456789012,123456789012,AmazonBedrock,USE1-NovaLite-input-tokens,{}.{},\
             USD,arn:aws:iam::123456789012:user/{owner}\n",
            tenths / 10,
            tenths % 10
        )
    };
    format!("{head}\n{}", lines.iter().map(line).collect::<String>())
}

fn budgets() -> String {
    let scope = |owner: u8| format!("scope = {{ owner = \"{owner}\" }}");
    let of = |owner: u8| budget(&format!("of-{owner}"), &scope(owner));
    [budget("all", ""), of(0), of(1)].concat()
}

/// All crossings that any message of an outbox says.
async fn crossings(setting: &Setting) -> BTreeSet<String> {
    use ledger_app::ports::AlertStore as _;
    let ledger = setting.ledger(setting.database.endpoint()).await;
    let first: Date = "2026-11-01".parse().unwrap();
    let november = ledger_core::period::ChargePeriod::new(first, "2026-12-01".parse().unwrap());
    let kept = ledger.alerts(november.unwrap()).await.unwrap();
    let of_alert = kept.iter().flat_map(|it| {
        let budget = it.alert.id.crossing().unwrap().budget.clone();
        it.alert.crossings().map(move |crossing| format!("{budget} {crossing}"))
    });
    of_alert.collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// In one delivery or in several that grow, in any order of lines, judged after some or each of them, twice,
    /// and by two runs at once.
    #[test]
    fn the_way_a_bill_arrives_changes_no_alert(
        lines in prop::collection::vec((1_u8..5, 0_u8..2, 1_u16..400), 1..8),
        cuts in prop::collection::vec((0_usize..8, 0_usize..3), 0..4),
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let whole = Setting::of(&bill(&lines), OWNED, &budgets()).await;
            whole.evaluate_at("2026-11-05T08:00:00Z").await;

            let mut cuts: Vec<_> = cuts.iter().map(|(at, runs)| (at % lines.len(), *runs)).collect();
            cuts.sort_unstable();
            let mut reversed = lines.clone();
            reversed.reverse();
            let split = Setting::of(&bill(&[]), OWNED, &budgets()).await;
            for (hour, (at, runs)) in cuts.into_iter().chain([(lines.len() - 1, 2)]).enumerate() {
                // The last lines first, whole days or not.
                let part = reversed.iter().take(at + 1).rev().copied().collect::<Vec<Line>>();
                split.import(&bill(&part), OWNED).await;
                let time = format!("2026-11-05T{:02}:00:00Z", 8 + hour);
                match runs {
                    0 => {}
                    1 => drop(split.evaluate_at(&time).await),
                    _ => {
                        // A run is named by its time.
                        let other = time.replace(":00Z", ":01Z");
                        tokio::join!(split.evaluate_at(&time), split.evaluate_at(&other));
                    }
                }
            }
            assert_eq!(crossings(&split).await, crossings(&whole).await);
            let told = split.told();
            let once: BTreeSet<&String> = told.iter().collect();
            assert_eq!(once.len(), told.len(), "{told:?}");
        });
    }
}
