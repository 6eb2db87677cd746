//! Journals: the charges of a month as balanced entries in the books of legal entities.
//!
//! [Charges](crate::charges::ChargeBuilder) get the entities, cost centre and account that the
//! [organisation](crate::organisation) says, are [rounded together](journals()), and become one journal for
//! each entity and currency. [`documents()`] splits one for systems that limit the lines of an entry.

mod accrual;
mod assignment;
mod books;
mod documents;
mod identity;
mod obstacle;
mod pairs;
mod posted;
mod request;
mod rounding;
#[cfg(test)]
mod tests;

pub use self::accrual::{accruals, reversal};
pub use self::books::{JournalError, journals};
pub use self::documents::{Part, documents};
pub use self::obstacle::{Obstacle, Refusal};
pub use self::posted::{Journal, JournalKind, JournalLine, LineKind, Side, Support};
pub use self::request::JournalRequest;
