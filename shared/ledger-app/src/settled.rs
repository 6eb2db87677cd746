//! How far the data of a ledger goes.

use jiff::civil::Date;
use ledger_core::source::SourceKind;

use crate::ports::LedgerStore;
use crate::view::View;

/// The end of the last day of a bill, or of another source where there is no bill; and whether it is of a
/// bill. Days after today, such as those of a commitment that begins, do not count: they would make today
/// look settled.
pub(crate) fn data_up_to<L>(view: &View<L>) -> Option<(Date, bool)>
where
    L: LedgerStore + Clone + 'static,
{
    let feeds = view.feeds();
    let bills = feeds.iter().filter(|it| it.source.kind == SourceKind::Bill);
    let of_bills = bills.map(|it| (it.data_up_to, true)).max();
    let of_any = || feeds.iter().map(|it| (it.data_up_to, false)).max();
    // Days whose totals are not known make no feed.
    of_bills.or_else(of_any).or_else(|| view.data_up_to().map(|it| (it, false)))
}
