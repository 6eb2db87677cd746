//! Mirrored budgets: copies of Tollbook's budgets that AWS judges as well, as a backstop.
//!
//! A copy counts the same cost as its budget, or there is none: [`wanted_of`] gives the copy or the reason
//! against it. [`plan()`] compares the copies with the budgets that are there. Start reading there.

mod plan;
mod reason;
mod seen;
#[cfg(test)]
mod tests;
mod wanted;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use jiff::civil::Date;

use crate::aws::budgets::account_of_topic;
use crate::cost::CostKind;
use crate::money::Money;
use crate::period::Window;

pub use self::plan::{NotMirrored, Plan, Step, counts_whole, plan};
pub use self::reason::Reason;
pub use self::seen::Seen;
pub use self::wanted::wanted_of;

/// Where copies are, and whose they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mirror {
    /// The stack that they belong to. Their names begin with it, and a tag has it.
    pub stack: String,
    /// The account that they are in.
    pub account: String,
    /// The topic that they notify.
    pub topic: String,
}

impl Mirror {
    /// The copies of a stack, in the account of its topic; `None` if that is not the name of one.
    pub fn new(stack: &str, topic: &str) -> Option<Mirror> {
        let account = account_of_topic(topic)?.to_owned();
        Some(Mirror { stack: stack.to_owned(), account, topic: topic.to_owned() })
    }

    /// The beginning of the names of copies.
    pub fn prefix(&self) -> String {
        format!("{}-", self.stack)
    }

    /// The name of the copy of a budget.
    pub fn name_of(&self, budget: &str) -> String {
        format!("{}{budget}", self.prefix())
    }
}

/// A dimension that AWS filters by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// The service.
    Service,
    /// The account that was charged.
    Account,
    /// A tag, by its key.
    Tag(Arc<str>),
    /// A cost category, by its name.
    Category(Arc<str>),
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Key::Service => f.write_str("service"),
            Key::Account => f.write_str("account"),
            Key::Tag(key) => write!(f, "tag {key}"),
            Key::Category(name) => write!(f, "cost category {name}"),
        }
    }
}

/// The charges that count: for each dimension, one of its values.
pub type Conditions = BTreeMap<Key, BTreeSet<String>>;

/// The part of a budget that AWS judges by. Changing it sets the spend back to zero for some hours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    /// The limit of the window that is running.
    pub limit: Money,
    /// How long a window is: a day, or a month, quarter or year of the calendar.
    pub window: Window,
    /// The cost that counts.
    pub cost_kind: CostKind,
    /// The charges that count.
    pub conditions: Conditions,
}

impl fmt::Display for Definition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}, {} cost", self.limit, self.window, self.cost_kind.as_str())?;
        for (key, values) in &self.conditions {
            let values: Vec<&str> = values.iter().map(String::as_str).collect();
            write!(f, ", {key} = {}", values.join(" or "))?;
        }
        Ok(())
    }
}

/// A part of the limit that AWS notifies of, in percent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Notice {
    /// The cost is above it.
    Spent(u16),
    /// AWS expects the cost of the window to be above it.
    Forecast(u16),
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Notice::Spent(percent) => write!(f, "above {percent}%"),
            Notice::Forecast(percent) => write!(f, "forecast above {percent}%"),
        }
    }
}

/// A copy as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The name of the copy.
    pub name: String,
    /// The cost that it counts, and its limit.
    pub definition: Definition,
    /// Its notifications, each to the topic.
    pub notices: BTreeSet<Notice>,
}

/// A budget that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Existing {
    /// Its name.
    pub name: String,
    /// The stack that its tag names; `None` without such a tag.
    pub stack: Option<String>,
    /// The cost that it counts, and its limit; or the part of it that has no such form.
    pub definition: Result<Definition, String>,
    /// The first day that it counts.
    pub starts: Option<Date>,
    /// The day after the last, where AWS deletes it some day.
    pub ends: Option<Date>,
    /// The subscribers of its notifications.
    pub notices: BTreeMap<Notice, Subscribers>,
    /// The number of notifications of other forms, such as those of an amount.
    pub other_notices: usize,
}

/// The subscribers of a notification.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subscribers {
    /// The topic; there is one at most.
    pub topic: Option<String>,
    /// The number of people who have a mail.
    pub mails: usize,
}
