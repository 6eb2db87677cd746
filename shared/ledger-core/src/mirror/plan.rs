//! The calls that make the budgets of an account the copies that they should be.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use jiff::civil::Date;

use super::{Existing, Key, Mirror, Notice, Reason, Seen, Subscribers, Wanted, wanted_of};
use crate::aws::budgets::{BUDGETS_MAX, is_service_name};
use crate::budget::Budget;
use crate::period::Window;

/// One change of a budget of the account.
///
/// Only [`Step::Update`] writes a budget that is there, and only it sets its spend back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Make a copy, with its notifications.
    Create(Wanted),
    /// Write what a copy counts, and its limit.
    Update {
        /// The copy.
        wanted: Wanted,
        /// The first day that it counts.
        starts: Date,
        /// The part that differs, in words.
        because: String,
    },
    /// Make a notification.
    AddNotice {
        /// The name of the copy.
        name: String,
        /// The notification.
        notice: Notice,
    },
    /// Let a notification that is there go to the topic.
    AddTopic {
        /// The name of the copy.
        name: String,
        /// The notification.
        notice: Notice,
    },
    /// Put the topic in place of another one.
    MoveTopic {
        /// The name of the copy.
        name: String,
        /// The notification.
        notice: Notice,
        /// The topic that it has.
        from: String,
    },
    /// Remove a notification that only a topic has.
    RemoveNotice {
        /// The name of the copy.
        name: String,
        /// The notification.
        notice: Notice,
    },
    /// Remove the topic of a notification that people have too.
    RemoveTopic {
        /// The name of the copy.
        name: String,
        /// The notification.
        notice: Notice,
        /// The topic that it has.
        from: String,
    },
    /// Remove a copy whose budget is gone, or cannot be mirrored any more.
    Remove {
        /// The name of the copy.
        name: String,
    },
}

impl Step {
    /// The name of the budget that it changes.
    pub fn name(&self) -> &str {
        match self {
            Step::Create(wanted) | Step::Update { wanted, .. } => &wanted.name,
            Step::AddNotice { name, .. }
            | Step::AddTopic { name, .. }
            | Step::MoveTopic { name, .. }
            | Step::RemoveNotice { name, .. }
            | Step::RemoveTopic { name, .. }
            | Step::Remove { name } => name,
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Create(Wanted { name, definition, notices }) => {
                let notices: Vec<String> = notices.iter().map(Notice::to_string).collect();
                write!(f, "create `{name}`: {definition}; notifies {}", notices.join(", "))
            }
            Step::Update { wanted, because, .. } => {
                write!(f, "update `{}`: {}; it has {because}", wanted.name, wanted.definition)
            }
            Step::AddNotice { name, notice } => write!(f, "update `{name}`: notify {notice}"),
            Step::AddTopic { name, notice } | Step::MoveTopic { name, notice, .. } => {
                write!(f, "update `{name}`: notify the topic {notice}")
            }
            Step::RemoveNotice { name, notice } => {
                write!(f, "update `{name}`: notify no longer {notice}")
            }
            Step::RemoveTopic { name, notice, .. } => {
                write!(f, "update `{name}`: notify the topic no longer {notice}")
            }
            Step::Remove { name } => write!(f, "remove `{name}`"),
        }
    }
}

/// A budget without a copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotMirrored {
    /// The budget.
    pub budget: Arc<str>,
    /// The reason.
    pub reason: Reason,
}

/// The steps to the copies of all budgets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The steps, removals first. Without any, all is as it should be.
    pub steps: Vec<Step>,
    /// The copies that are as they should be.
    pub unchanged: Vec<String>,
    /// Budgets without a copy.
    pub not_mirrored: Vec<NotMirrored>,
}

/// Compares the copies of budgets with what an account has.
///
/// - **Invariant:** no step names a budget that is there without the tag of the stack.
/// - **Invariant:** when all steps are done, the next plan has none.
pub fn plan(
    budgets: &[Budget],
    seen: &Seen,
    existing: &[Existing],
    mirror: &Mirror,
    today: Date,
) -> Plan {
    let by_name: BTreeMap<&str, &Existing> =
        existing.iter().map(|it| (it.name.as_str(), it)).collect();
    let is_ours = |it: &Existing| it.stack.as_ref() == Some(&mirror.stack);
    let mut plan = Plan::default();
    let mut wanted = BTreeMap::new();
    for budget in budgets {
        let there = by_name.get(mirror.name_of(&budget.name).as_str()).copied();
        let result = match there {
            Some(foreign) if !is_ours(foreign) => Err(Reason::Taken(foreign.name.clone())),
            _ => wanted_of(budget, seen, &services_of(there), mirror, today),
        };
        match result {
            Ok(it) => drop(wanted.insert(it.name.clone(), (budget, it))),
            Err(reason) => {
                plan.not_mirrored.push(NotMirrored { budget: budget.name.clone(), reason });
            }
        }
    }
    let orphans = existing.iter().filter(|it| is_ours(it) && !wanted.contains_key(&it.name));
    plan.steps = orphans.map(|it| Step::Remove { name: it.name.clone() }).collect();
    let mut left = BUDGETS_MAX.saturating_sub(existing.len().saturating_sub(plan.steps.len()));
    for (budget, it) in wanted.into_values() {
        match by_name.get(it.name.as_str()) {
            Some(there) => plan.change(it, there, mirror, today),
            None if left == 0 => {
                let reason = Reason::Quota(BUDGETS_MAX);
                plan.not_mirrored.push(NotMirrored { budget: budget.name.clone(), reason });
            }
            None => {
                left -= 1;
                plan.steps.push(Step::Create(it));
            }
        }
    }
    plan
}

/// The AI services that a copy counts. It goes on to count them: a service that costs nothing changes
/// nothing, and a copy that is written anew has no spend for some hours.
fn services_of(there: Option<&Existing>) -> BTreeSet<String> {
    let definition = there.and_then(|it| it.definition.as_ref().ok());
    let services = definition.and_then(|it| it.conditions.get(&Key::Service));
    services.into_iter().flatten().filter(|it| is_service_name(it)).cloned().collect()
}

impl Plan {
    fn change(&mut self, wanted: Wanted, there: &Existing, mirror: &Mirror, today: Date) {
        let because = difference(&wanted, there, today);
        let (removed, added) = notices(&wanted, there, mirror);
        if because.is_none() && removed.is_empty() && added.is_empty() {
            self.unchanged.push(wanted.name);
            return;
        }
        // A daily budget has no forecasts: they go before it becomes one, and come after it was one.
        self.steps.extend(removed);
        if let Some(because) = because {
            let starts = first_day(wanted.definition.window, there.starts, today);
            self.steps.push(Step::Update { wanted, starts, because });
        }
        self.steps.extend(added);
    }
}

/// The part in which a budget is not as it should be, in words.
fn difference(wanted: &Wanted, there: &Existing, today: Date) -> Option<String> {
    let window = wanted.definition.window;
    match &there.definition {
        Err(unlike) => Some(unlike.clone()),
        Ok(definition) if *definition != wanted.definition => Some(definition.to_string()),
        Ok(_) => match (there.starts, there.ends) {
            (_, Some(end)) => Some(format!("an end on {end}")),
            (Some(start), None) if !counts_whole(window, start, today) => {
                Some(format!("a beginning on {start}"))
            }
            _ => None,
        },
    }
}

/// Whether a budget that begins on a day counts the whole of the window that is running, and begins its
/// quarters and years with those of the calendar.
pub fn counts_whole(window: Window, start: Date, today: Date) -> bool {
    let begins = |day: Date| window.containing(day).map(|it| it.start());
    let is_aligned = begins(start) == Some(start);
    let is_long = matches!(window, Window::Quarterly | Window::Yearly);
    begins(today).is_some_and(|it| start <= it) && (is_aligned || !is_long)
}

/// The first day for a copy: the one that it has, or that of the window that is running.
fn first_day(window: Window, start: Option<Date>, today: Date) -> Date {
    let running = window.containing(today).map_or(today, |it| it.start());
    start.filter(|it| counts_whole(window, *it, today)).unwrap_or(running)
}

/// The changes of a copy's notifications: what is taken away, and what is added. Those that people made,
/// without a topic, are left as they are.
fn notices(wanted: &Wanted, there: &Existing, mirror: &Mirror) -> (Vec<Step>, Vec<Step>) {
    let name = || wanted.name.clone();
    let (mut removed, mut added) = (Vec::new(), Vec::new());
    for (notice, Subscribers { topic, mails }) in &there.notices {
        let notice = *notice;
        match (wanted.notices.contains(&notice), topic.clone()) {
            (true, Some(topic)) if topic == mirror.topic => {}
            (true, Some(from)) => added.push(Step::MoveTopic { name: name(), notice, from }),
            (true, None) => added.push(Step::AddTopic { name: name(), notice }),
            (false, Some(_)) if *mails == 0 => {
                removed.push(Step::RemoveNotice { name: name(), notice });
            }
            (false, Some(from)) => removed.push(Step::RemoveTopic { name: name(), notice, from }),
            (false, None) => {}
        }
    }
    let missing = wanted.notices.iter().filter(|it| !there.notices.contains_key(*it));
    added.extend(missing.map(|it| Step::AddNotice { name: name(), notice: *it }));
    (removed, added)
}
