//! Folding of sessions: a role with very many of them keeps the most expensive ones of each day.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::Date;

use super::bill_facts::{BillFacts, FactId};
use crate::bill_rollups::DetailId;
use crate::caller::Caller;
use crate::fact::DetailKey;
use crate::money::MoneyError;

/// The sessions of one role, each with the facts that name it.
type Sessions = BTreeMap<Arc<str>, Vec<FactId>>;

impl BillFacts {
    /// Folds the cheapest sessions of roles that have more than `limit` of them on a day. The choice
    /// does not depend on the order of lines: by cost, then by name.
    pub(super) fn fold_sessions(
        &mut self,
        limit: usize,
        folded_roles: &mut BTreeSet<String>,
    ) -> Result<(), MoneyError> {
        let crowded = self.crowded_roles(limit);
        // A role with few sessions on the bill has few on each day.
        if crowded.is_empty() {
            return Ok(());
        }
        for (role, sessions) in self.sessions_of(&crowded) {
            let mut folded = 0_usize;
            for (day, costs) in self.costs_by_day(&sessions)? {
                for session in cheapest(costs, limit) {
                    folded += 1;
                    for id in sessions.get(&session).into_iter().flatten() {
                        self.fold(*id, day, &Caller::all_sessions_of(&role))?;
                    }
                }
            }
            if folded > 0 {
                folded_roles.insert(role);
            }
        }
        Ok(())
    }

    /// Roles that have more than `limit` sessions in the whole bill.
    fn crowded_roles(&self, limit: usize) -> BTreeSet<String> {
        let mut sessions_of: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (_, detail) in self.details.iter() {
            if let Some((role, caller)) = session_of(detail) {
                sessions_of.entry(role).or_default().insert(caller);
            }
        }
        let crowded = sessions_of.into_iter().filter(|(_, sessions)| sessions.len() > limit);
        crowded.map(|(role, _)| role.to_owned()).collect()
    }

    /// The sessions of roles.
    fn sessions_of(&self, roles: &BTreeSet<String>) -> BTreeMap<String, Sessions> {
        let mut caller_of: BTreeMap<DetailId, (&str, &Arc<str>)> = BTreeMap::new();
        for (id, detail) in self.details.iter() {
            if let Some((role, caller)) = session_of(detail)
                && roles.contains(role)
            {
                caller_of.insert(id, (role, caller));
            }
        }
        let mut sessions_of: BTreeMap<String, Sessions> = BTreeMap::new();
        for id in self.sums.keys() {
            if let Some((role, caller)) = caller_of.get(&id.1) {
                let sessions = sessions_of.entry((*role).to_owned()).or_default();
                sessions.entry(Arc::clone(caller)).or_default().push(id);
            }
        }
        sessions_of
    }

    /// The cost of each session by day, with credits counted like charges.
    fn costs_by_day(
        &self,
        sessions: &Sessions,
    ) -> Result<BTreeMap<Date, BTreeMap<Arc<str>, i128>>, MoneyError> {
        let mut costs: BTreeMap<Date, BTreeMap<Arc<str>, i128>> = BTreeMap::new();
        for (session, ids) in sessions {
            for id in ids {
                for sum in self.sums.days(*id)? {
                    let cost = costs.entry(sum.day()).or_default();
                    let cost = cost.entry(Arc::clone(session)).or_default();
                    let more = cost.checked_add(sum.unblended().abs());
                    *cost = more.ok_or(MoneyError::OutOfRange)?;
                }
            }
        }
        Ok(costs)
    }

    /// Moves one day of a fact, if it has the day, to the same fact of another caller.
    fn fold(&mut self, id: FactId, day: Date, caller: &str) -> Result<(), MoneyError> {
        if !self.sums.days(id)?.iter().any(|it| it.day() == day) {
            return Ok(());
        }
        let detail = self.details.get(id.1, "the detail key of a session")?.clone();
        let detail = DetailKey { caller: Some(caller.into()), ..detail };
        let folded = (id.0, self.details.id(detail)?);
        self.sums.move_day(id, day, folded)
    }
}

/// The role and the whole caller, where the caller is a session of a role.
fn session_of(detail: &DetailKey) -> Option<(&str, &Arc<str>)> {
    let caller = detail.caller.as_ref()?;
    Some((Caller::role_of_session(caller)?, caller))
}

/// All but the `limit` most expensive.
fn cheapest(costs: BTreeMap<Arc<str>, i128>, limit: usize) -> impl Iterator<Item = Arc<str>> {
    let mut ranked: Vec<_> = costs.into_iter().collect();
    ranked.sort_by(|(left, left_cost), (right, right_cost)| {
        right_cost.cmp(left_cost).then_with(|| left.cmp(right))
    });
    ranked.into_iter().skip(limit).map(|(session, _)| session)
}
