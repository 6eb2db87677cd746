//! The state that every route answers from, and the description of a route.

use jiff::Timestamp;
use ledger_app::kept_days::KeptDays;
use ledger_app::lookup::{LookupError, View};
use ledger_app::ports::LedgerStore;
use ledger_core::access::Access;
use ledger_core::now::Now;
use ledger_core::period::BillingPeriod;

use crate::parameters::Parameter;

/// Everything the routes need.
#[derive(Clone, Debug)]
pub struct AppState<L> {
    pub(crate) ledger: L,
    clock: fn() -> Timestamp,
    access: Access,
    /// Days that earlier requests read.
    kept: KeptDays,
    pub(crate) sample: bool,
}

impl<L> AppState<L> {
    /// A ledger that every caller may see all of. Where it holds sample data, every page and answer
    /// says so.
    pub fn new(ledger: L, clock: fn() -> Timestamp, sample: bool) -> AppState<L> {
        AppState { ledger, clock, access: Access::everything(), kept: KeptDays::default(), sample }
    }

    /// Limits all callers to whose money they may see.
    #[must_use]
    pub fn limited_to(self, access: Access) -> AppState<L> {
        AppState { access, ..self }
    }

    /// Whether callers see all of the ledger.
    pub(crate) fn sees_everything(&self) -> bool {
        self.access.is_everything()
    }

    /// The time now.
    pub(crate) fn now(&self) -> Now {
        Now::new((self.clock)())
    }
}

impl<L: LedgerStore + Clone + 'static> AppState<L> {
    /// The ledger from a month on, as the caller may see it now: every route answers from one view.
    pub(crate) async fn view(&self, from: BillingPeriod) -> Result<View<L>, LookupError> {
        let view = View::open(&self.ledger, from, self.access.clone(), self.now()).await?;
        Ok(view.keeping(self.kept.clone()))
    }

    /// The whole ledger, as the caller may see it now.
    pub(crate) async fn view_of_all(&self) -> Result<View<L>, LookupError> {
        let view = View::open_all(&self.ledger, self.access.clone(), self.now()).await?;
        Ok(view.keeping(self.kept.clone()))
    }
}

/// A route under `/v1`, as the API documents it.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(
    not(feature = "openapi"),
    expect(dead_code, reason = "only the document reads all fields")
)]
pub(crate) struct Route {
    pub(crate) path: &'static str,
    /// The name of the operation in generated clients.
    pub(crate) name: &'static str,
    /// One sentence.
    pub(crate) about: &'static str,
    pub(crate) parameters: &'static [Parameter],
}
