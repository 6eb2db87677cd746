//! The ledger's view of a bill: its pointer, the source that serves each day, and replacement.

mod comparison;
mod content;
mod delivered;
mod deliverer;
mod doubt;
mod feed;
mod head;
mod pending;
mod replacement;
mod served;
mod unread;

pub use self::comparison::{CommonDays, Growth, Makeup, Relation, days_with_lines};
pub use self::delivered::Delivered;
pub use self::deliverer::{Export, FileSet};
pub use self::doubt::{Doubt, LinesRead, held_back};
pub use self::feed::{Feed, feeds};
pub use self::head::{BillHead, DayHead, FactsForm, Generation};
pub use self::pending::Pending;
pub use self::replacement::{
    BillReplacement, DayGeneration, Planned, ReplacementPlan, plan_replacement,
};
pub(crate) use self::served::reached_by_higher;
pub use self::served::{ServedDay, Status, data_up_to, last_day_of_higher, served_days};
pub use self::unread::Unread;
