//! A hash of the values of a day, whatever form they are stored in.

use std::collections::BTreeMap;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use crate::bill_text::BillText;
use crate::cost::{CostKind, Costs};
use crate::currency::Currency;
use crate::fact::{ChargeKey, DetailKey};
use crate::position::{EntryKind, PositionKey, SummaryKey};
use crate::rollup::{DayTotal, Measures};
use crate::usage::UsageAxes;
use crate::word::Word;

/// Long enough to distinguish the generations of one day of one bill, of which there are few.
const HASH_BYTES: usize = 8;

/// Hash of everything readers see of a day: 16 hexadecimal digits.
///
/// - **Invariant:** equal days have equal hashes in every release that reads the same values, so a
///   new stored form rewrites nothing. A field without a value adds nothing: a release that learns
///   to read one more column changes only the hashes of days that have it.
///
/// Names of files are left out: the same figures delivered again are the same day.
///
/// Its positions are added in order, one at a time.
#[derive(Default)]
pub(super) struct ContentHash(Content);

impl ContentHash {
    pub(super) fn add(&mut self, key: &PositionKey, measures: &Measures) {
        let ContentHash(content) = self;
        content.key(key);
        content.measures(measures);
        content.end();
    }

    pub(super) fn finish(self, totals: &BTreeMap<Currency, DayTotal>, estimated: bool) -> Arc<str> {
        let ContentHash(mut content) = self;
        for (currency, total) in totals {
            content.text("total", Some(currency.as_str()));
            content.costs("ai", &total.ai);
            content.costs("other", &total.other);
            content.number("ai_line_count", Some(total.ai_line_count.into()));
            content.number("other_line_count", Some(total.other_line_count.into()));
            content.end();
        }
        content.number("estimated", estimated.then_some(1));
        let hash = content.0.finalize();
        hash.iter().take(HASH_BYTES).map(|it| format!("{it:02x}")).collect::<String>().into()
    }
}

/// Named values, fed into a hash in an unambiguous form.
#[derive(Default)]
struct Content(Sha256);

impl Content {
    /// Adds `<name>=<length>:<text>`; the length keeps neighbours apart.
    fn text(&mut self, name: &str, text: Option<&str>) {
        let Some(text) = text else { return };
        self.0.update(name);
        self.0.update(b"=");
        self.0.update(text.len().to_be_bytes());
        self.0.update(text);
    }

    fn number(&mut self, name: &str, number: Option<i128>) {
        let Some(number) = number else { return };
        self.0.update(name);
        self.0.update(b"#");
        self.0.update(number.to_be_bytes());
    }

    /// Ends a record.
    fn end(&mut self) {
        self.0.update(b"\n");
    }

    fn key(&mut self, key: &PositionKey) {
        let PositionKey { summary, detail, business: in_detail, rule, kind } = key;
        let SummaryKey { owner, business, charge } = summary;
        self.text("owner", Some(owner.as_str()));
        for (name, value) in business.iter().chain(in_detail.iter()) {
            self.text(name.as_str(), Some(value));
        }
        self.charge(charge);
        self.detail(detail);
        self.text("rule", rule.as_deref());
        match kind {
            EntryKind::Charge => {}
            EntryKind::AllocatedOut(id) => self.text("allocated_out", Some(&id.0)),
            EntryKind::AllocatedIn(id) => self.text("allocated_in", Some(&id.0)),
        }
    }

    fn charge(&mut self, charge: &ChargeKey) {
        let ChargeKey {
            provider,
            service,
            publisher,
            model,
            meter,
            category,
            line_type,
            unit,
            currency,
        } = charge;
        self.text("provider", Some(provider.as_str()));
        self.text("category", category.as_ref().map(Word::as_str));
        self.text("service", Some(service));
        self.text("publisher", publisher.as_deref());
        self.text("model", model.as_deref());
        self.text("meter", Some(meter.as_str()));
        self.text("line_type", Some(line_type));
        self.text("unit", unit.as_deref());
        self.text("currency", Some(currency.as_str()));
    }

    fn detail(&mut self, detail: &DetailKey) {
        let DetailKey { account, texts, caller, axes, tags } = detail;
        let UsageAxes { usage_type, tier, routing, modality, context, cache_ttl } = &**axes;
        self.text("account", account.as_deref());
        // The region was a field once: it keeps its place.
        self.text(BillText::Region.as_str(), texts.get(BillText::Region).map(|it| &**it));
        self.text("caller", caller.as_deref());
        self.text("usage_type", usage_type.as_deref());
        self.text("tier", tier.as_ref().map(Word::as_str));
        self.text("routing", routing.as_ref().map(Word::as_str));
        self.text("modality", modality.as_ref().map(Word::as_str));
        self.text("context", context.as_ref().map(Word::as_str));
        self.text("cache_ttl", cache_ttl.as_ref().map(Word::as_str));
        for (tag, value) in &**tags {
            self.text("tag", Some(tag));
            self.text("value", Some(value));
        }
        for (text, value) in texts.iter().filter(|(text, _)| *text != BillText::Region) {
            self.text(text.as_str(), Some(value));
        }
    }

    fn measures(&mut self, measures: &Measures) {
        let Measures { costs, quantity, tokens, line_count, first_line } = measures;
        self.costs("cost", costs);
        self.number("quantity", quantity.map(|it| it.femto_units()));
        self.number("tokens", tokens.map(Into::into));
        self.number("line_count", Some((*line_count).into()));
        // The file is not part of the figures, and a row without its file says nothing.
        let _ = first_line;
    }

    /// Adds the stated amounts.
    fn costs(&mut self, name: &str, costs: &Costs) {
        self.text(name, Some(costs.currency().as_str()));
        for kind in CostKind::ALL {
            self.number(kind.as_str(), costs.stated(kind).map(|it| it.femto_units()));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::line_item::{LineItem, Provenance};
    use crate::model::Model;
    use crate::rollup::DayRollups;
    use crate::rules::AttributionRules;
    use crate::testing::*;

    fn content_hash(rollups: &DayRollups) -> Arc<str> {
        let mut content = ContentHash::default();
        rollups.positions.iter().for_each(|(key, measures)| content.add(key, measures));
        content.finish(&rollups.totals, rollups.estimated)
    }

    fn day_of(lines: &[LineItem]) -> DayRollups {
        let (ledger, _) = ledger_of(lines, &AttributionRules::default());
        ledger.values().next().unwrap().iter().next().unwrap().unwrap().1
    }

    #[test]
    fn every_value_counts_and_the_file_does_not() {
        let plain = content_hash(&day_of(&[line()]));
        let moved = LineItem { provenance: Provenance { file: "x.csv".into(), line: 9 }, ..line() };
        assert_eq!(content_hash(&day_of(&[moved])), plain);
        let tags = |name: &str, value: &str| BTreeMap::from([(name.into(), value.into())]).into();
        let changed = [
            LineItem { account: Some("2".into()), ..line() },
            LineItem { account: None, ..line() },
            LineItem { category: None, ..line() },
            LineItem { service: "Other".into(), ..line() },
            LineItem { line_type: "Tax".into(), ..line() },
            LineItem { model: Model::default(), ..line() },
            LineItem { unit: None, ..line() },
            LineItem { quantity: None, ..line() },
            LineItem { usage: usage("USE1-NovaLite-input-tokens", None), ..line() },
            LineItem { usage: usage("USE1-NovaLite-input-tokens-batch", Some(1_000)), ..line() },
            LineItem { usage: usage("USE1-NovaLite-input-tokens", Some(0)), ..line() },
            LineItem { estimated: true, ..line() },
            LineItem { tags: tags("a", "b"), ..line() },
            LineItem { tags: tags("ab", ""), ..line() },
            line_of(GATEWAY, "1.000000000000001"),
            line_of(USER, "1"),
        ];
        let with = |text: &BillText, value: Option<&str>| LineItem {
            texts: line().texts.with(*text, value.map(Into::into)),
            ..line()
        };
        let texts = BillText::ALL.iter().map(|it| with(it, Some("another")));
        let changed = changed.into_iter().chain(texts).chain([with(&BillText::Region, None)]);
        let mut hashes: Vec<_> = changed.map(|it| content_hash(&day_of(&[it]))).collect();
        hashes.push(plain);
        let count = hashes.len();
        hashes.sort();
        hashes.dedup();
        assert_eq!(hashes.len(), count);
    }

    proptest! {
        #[test]
        fn equal_days_and_only_these_have_equal_hashes(
            left in any_line_items(), right in any_line_items(), rules in any_rules(),
        ) {
            let days = |lines: &[LineItem]| -> Vec<DayRollups> {
                let (ledger, _) = ledger_of(lines, &rules);
                let days = ledger.values().flat_map(|it| it.iter());
                days.map(|it| it.unwrap().1).map(without_first_lines).collect()
            };
            for (left, right) in days(&left).iter().zip(&days(&right)) {
                prop_assert_eq!(content_hash(left) == content_hash(right), left == right);
            }
        }
    }

    fn without_first_lines(mut day: DayRollups) -> DayRollups {
        day.positions.values_mut().for_each(|it| it.first_line = None);
        day
    }
}
