//! The capabilities that use cases need, in their own words.

mod alerts;
mod bills;
mod documents;
mod ledger;
mod native_budgets;
mod quick_look;
mod retryable;

pub use self::alerts::{
    AlertState, AlertStore, Audience, AudienceError, AudienceSource, CountedAudience, Notifier,
    PublishError, StoredAlert, Topic,
};
pub use self::bills::{BillSource, Delivery, NoColumn, Reading, SourceError};
pub use self::documents::{Change, ContentStore, Document, DocumentKind, DocumentStore};
pub use self::ledger::{BillReplacement, LedgerStore, Replaced, StoreError};
pub use self::native_budgets::{NativeBudgets, NativeBudgetsError};
pub use self::quick_look::{
    CostDay, CostGroup, CostGroups, CostPage, CostQuery, NamePage, QuickLook, QuickLookError,
    RequestQuota,
};
pub use self::retryable::Retryable;
