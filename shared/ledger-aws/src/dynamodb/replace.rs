//! Replacing a bill, and reading what the ledger holds of it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;
use ledger_app::causes::causes;
use ledger_app::ports::{BillReplacement, LedgerStore, Replaced, StoreError};
use ledger_core::bill::{
    BillHead, DayGeneration, Generation, Planned, ReplacementPlan, plan_replacement,
};
use ledger_core::dimension::Level;
use ledger_core::line_item::BillId;
use ledger_core::money::MoneyError;
use ledger_core::owner::Owner;
use ledger_core::period::BillingPeriod;
use ledger_core::rollup::Rollup;
use sha2::{Digest, Sha256};

use super::{
    DynamoLedger, Item, Meter, Pages, Range, chunk, head, is_condition_failed, json_fault, key_of,
    keys, malformed, number, text, text_of, unavailable,
};

/// Generations that no head names expire after a week: a reader may still hold an older head.
const EXPIRY_SECONDS: i64 = 7 * 24 * 60 * 60;

impl LedgerStore for DynamoLedger {
    async fn heads(&self, from: BillingPeriod) -> Result<Vec<BillHead>, StoreError> {
        let doing = format!("read the bills from {from} on");
        let items = self.query(&doing, "HEAD", Range::From(&from.to_string()), false).await?;
        items.iter().map(head::head_of).collect()
    }

    async fn replace(&self, replacement: BillReplacement) -> Result<Replaced, StoreError> {
        let meter = Meter::default();
        let client = meter.watch(&self.client);
        let ledger = DynamoLedger { client, table: self.table.clone() };
        let replaced = ledger.replace_bill(replacement).await?;
        Ok(Replaced { write_units: meter.take().write_units, ..replaced })
    }

    async fn rollups(
        &self,
        bill: &BillId,
        day: Date,
        generation: &Generation,
        level: Level,
        owners: Option<&[Owner]>,
    ) -> Result<Vec<Rollup>, StoreError> {
        let doing = format!("read {day} of {bill}");
        let pk = keys::rollups_pk(bill, day, generation);
        let prefixes: BTreeSet<String> = match owners {
            None => BTreeSet::from([keys::level_prefix(level).to_owned()]),
            Some(owners) => owners.iter().map(|it| keys::owner_prefix(level, it)).collect(),
        };
        let mut by_owner: BTreeMap<Owner, Vec<Rollup>> = BTreeMap::new();
        for prefix in prefixes {
            let mut pages = Pages::new(self, &doing, &pk, Range::Prefix(&prefix));
            while let Some(page) = pages.next().await? {
                for item in page {
                    let mut rollups = chunk::rollups_of(&item)?;
                    // All rows of an item have one owner, and are in order.
                    let Some(first) = rollups.first() else { continue };
                    let known = by_owner.entry(first.row().summary().owner.clone()).or_default();
                    if known.is_empty() {
                        std::mem::swap(known, &mut rollups);
                    }
                    known.extend(rollups);
                }
            }
        }
        Ok(by_owner.into_values().flatten().collect())
    }
}

/// The intent: an item that names the generations a running replacement writes and replaces.
fn intent_of(plan: &ReplacementPlan) -> Result<Item, StoreError> {
    let written = plan
        .written
        .iter()
        .filter_map(|day| plan.wanted.days.get(day).map(|state| (*day, state.generation.clone())));
    let mut item = Item::from([
        ("pk".to_owned(), text("INTENT")),
        ("sk".to_owned(), text(intent_sk(&plan.wanted))),
    ]);
    for (name, generations) in
        [("written", written.collect::<Vec<_>>()), ("replaced", plan.replaced.clone())]
    {
        let stored: Vec<(String, u64, String)> = generations
            .into_iter()
            .map(|(day, it)| (day.to_string(), it.version, it.content_hash.to_string()))
            .collect();
        let stored =
            serde_json::to_string(&stored).map_err(|err| malformed(&item, err.to_string()))?;
        item.insert(name.to_owned(), text(stored));
    }
    Ok(item)
}

/// `<head>#<version>#<hash of its days>`.
fn intent_sk(wanted: &BillHead) -> String {
    let mut hasher = Sha256::new();
    for (day, state) in &wanted.days {
        hasher.update(format!("{day} {}\n", state.generation));
    }
    let hash: Vec<u8> = hasher.finalize().into_iter().take(8).collect();
    format!("{}#{:08}#{}", keys::head_sk(&wanted.bill), wanted.version, keys::hex(&hash))
}

fn generations_of(intent: &Item, name: &str) -> Result<Vec<DayGeneration>, StoreError> {
    let stored: Vec<(String, u64, String)> = serde_json::from_str(text_of(intent, name)?)
        .map_err(|err| malformed(intent, json_fault(name, &err)))?;
    stored
        .into_iter()
        .map(|(day, version, hash)| {
            let generation = Generation { version, content_hash: hash.into() };
            let day =
                day.parse().map_err(|_| malformed(intent, format!("a day of `{name}` is none")))?;
            Ok((day, generation))
        })
        .collect()
}

fn doing(bill: &BillId) -> String {
    format!("replace {bill}")
}

impl DynamoLedger {
    async fn replace_bill(&self, replacement: BillReplacement) -> Result<Replaced, StoreError> {
        let bill = &replacement.bill;
        let planned = plan_replacement(self.head(bill).await?, &replacement);
        let unread = |err: MoneyError| StoreError::Malformed {
            key: bill.to_string(),
            reason: err.to_string(),
        };
        let plan = match planned.map_err(unread)? {
            Planned::Superseded => {
                return Ok(Replaced { is_superseded: true, ..Replaced::default() });
            }
            Planned::Outdated => return Err(StoreError::Replaced(bill.clone())),
            Planned::Replace(plan) => plan,
        };
        self.clear_intents(&plan, replacement.imported_at).await;
        let mut outcome = Replaced::of(&plan);
        if !plan.moves_head() {
            return Ok(outcome);
        }
        if plan.has_generations() {
            self.put(&doing(bill), intent_of(&plan)?).await?;
        }
        outcome.items_written = self.write_days(&plan, &replacement).await?;
        self.move_head(&plan).await?;
        if plan.has_generations()
            && self.expire(bill, &plan.replaced, replacement.imported_at).await
        {
            self.delete_intent(&intent_sk(&plan.wanted)).await;
        }
        Ok(outcome)
    }

    async fn head(&self, bill: &BillId) -> Result<Option<BillHead>, StoreError> {
        let item = self.get(&format!("read {bill}"), "HEAD", &keys::head_sk(bill)).await?;
        item.as_ref().map(head::head_of).transpose()
    }

    async fn put(&self, doing: &str, item: Item) -> Result<(), StoreError> {
        let call = self.client.put_item().table_name(&self.table).set_item(Some(item));
        call.send().await.map(|_| ()).map_err(|err| unavailable(doing, err))
    }

    /// Moves the pointer; a lost answer to our own move counts as done.
    async fn move_head(&self, plan: &ReplacementPlan) -> Result<(), StoreError> {
        let item = head::item_of(&plan.wanted)?;
        let call = self.client.put_item().table_name(&self.table).set_item(Some(item));
        let call = match &plan.read {
            None => call.condition_expression("attribute_not_exists(pk)"),
            Some(read) => call
                .condition_expression("#version = :read")
                .expression_attribute_names("#version", "version")
                .expression_attribute_values(":read", number(read.version)),
        };
        let Err(err) = call.send().await else { return Ok(()) };
        let is_moved = is_condition_failed(&err);
        match self.head(&plan.wanted.bill).await {
            Ok(now) if now.as_ref() == Some(&plan.wanted) => Ok(()),
            _ if is_moved => Err(StoreError::Replaced(plan.wanted.bill.clone())),
            _ => Err(unavailable(doing(&plan.wanted.bill), err)),
        }
    }

    /// Expires generations that earlier runs of this bill left behind. A failure is only logged.
    async fn clear_intents(&self, plan: &ReplacementPlan, now: Timestamp) {
        let Some(read) = &plan.read else { return };
        let prefix = format!("{}#", keys::head_sk(&read.bill));
        let intents = match self
            .query(&doing(&plan.wanted.bill), "INTENT", Range::Prefix(&prefix), false)
            .await
        {
            Ok(intents) => intents,
            Err(err) => {
                tracing::warn!(error = causes(&err), "could not look for unfinished runs");
                return;
            }
        };
        for intent in intents {
            if let Err(err) = self.clear_intent(read, &prefix, &intent, now).await {
                tracing::warn!(error = causes(&err), "could not clear `{}`", key_of(&intent));
            }
        }
    }

    async fn clear_intent(
        &self,
        read: &BillHead,
        prefix: &str,
        intent: &Item,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let sk = text_of(intent, "sk")?;
        let version: Option<u64> = sk
            .strip_prefix(prefix)
            .and_then(|it| it.split('#').next())
            .and_then(|it| it.parse().ok());
        let version = version.ok_or_else(|| malformed(intent, "expected a version in the key"))?;
        // The run of a later version may still be under way.
        if version > read.version {
            return Ok(());
        }
        let mut left = generations_of(intent, "written")?;
        left.extend(generations_of(intent, "replaced")?);
        left.retain(|(day, it)| read.days.get(day).map(|state| &state.generation) != Some(it));
        if self.expire(&read.bill, &left, now).await {
            self.delete_intent(sk).await;
        }
        Ok(())
    }

    async fn delete_intent(&self, sk: &str) {
        let call = self.client.delete_item().table_name(&self.table);
        let outcome = call.key("pk", text("INTENT")).key("sk", text(sk)).send().await;
        if let Err(err) = outcome {
            let err = unavailable(format!("delete intent `{sk}`"), err);
            tracing::warn!(error = causes(&err), "could not delete intent `{sk}`");
        }
    }

    /// Marks generations that no head names as expiring; `false` if that failed for some.
    async fn expire(&self, bill: &BillId, generations: &[DayGeneration], now: Timestamp) -> bool {
        let mut is_done = true;
        for (day, generation) in generations {
            if let Err(err) = self.expire_one(bill, *day, generation, now).await {
                tracing::warn!(error = causes(&err), "could not expire {day} of {bill}");
                is_done = false;
            }
        }
        is_done
    }

    async fn expire_one(
        &self,
        bill: &BillId,
        day: Date,
        generation: &Generation,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let doing = format!("expire {day} of {bill}");
        let pk = keys::rollups_pk(bill, day, generation);
        let expires_at = now.as_second().saturating_add(EXPIRY_SECONDS);
        let mut pages = Pages::new(self, &doing, &pk, Range::All);
        pages.keys_only = true;
        while let Some(page) = pages.next().await? {
            for key in page {
                self.expire_item(&doing, key, expires_at).await?;
            }
        }
        Ok(())
    }

    async fn expire_item(&self, doing: &str, key: Item, expires_at: i64) -> Result<(), StoreError> {
        let outcome = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key))
            .update_expression("SET expires_at = :at")
            // An item that is already gone must not come back empty.
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_values(":at", number(expires_at))
            .send()
            .await;
        match outcome {
            Err(err) if !is_condition_failed(&err) => Err(unavailable(doing, err)),
            _ => Ok(()),
        }
    }
}
