//! Budgets of an account that the provider itself keeps and judges.

use std::error::Error;
use std::future::Future;
use std::sync::Arc;

use ledger_core::mirror::{Existing, Mirror, Step};

/// The provider's own budgets.
pub trait NativeBudgets: Send + Sync {
    /// All budgets of an account. Tags and notifications are read of those alone whose name begins with
    /// `prefix`; each of these costs two requests and more.
    fn budgets(
        &self,
        account: &str,
        prefix: &str,
    ) -> impl Future<Output = Result<Vec<Existing>, NativeBudgetsError>> + Send;

    /// Makes one change.
    fn change(
        &self,
        mirror: &Mirror,
        step: &Step,
    ) -> impl Future<Output = Result<(), NativeBudgetsError>> + Send;
}

/// A request was not answered, or refused. The text says which and what to do.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{text}")]
pub struct NativeBudgetsError {
    /// The request and the advice.
    pub text: String,
    /// The cause, where there is more to say.
    #[source]
    pub source: Option<Arc<dyn Error + Send + Sync>>,
}
