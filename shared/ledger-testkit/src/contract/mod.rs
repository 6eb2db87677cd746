//! The promises of the ports as tests that any implementation can run.
//!
//! Each macro makes one test of each promise. Its argument is an async function that gives an empty
//! store, and beside it whatever must live as long.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that cannot set itself up has failed"
)]

pub mod alerts;
pub mod contents;
pub mod documents;
pub mod ledger;

/// Makes a test of each named function of a module.
#[doc(hidden)]
#[macro_export]
macro_rules! contract_tests {
    ($set_up:path, $module:path, $($name:ident),+ $(,)?) => {
        $(
            #[tokio::test]
            async fn $name() {
                use $module as contract;
                let (store, _guard) = $set_up().await;
                contract::$name(&store).await;
            }
        )+
    };
}

/// Tests of [`ledger_app::ports::LedgerStore`].
#[macro_export]
macro_rules! ledger_store_contract {
    ($set_up:path) => {
        $crate::contract_tests!(
            $set_up,
            $crate::contract::ledger,
            rollups_are_read_as_they_were_written_at_both_levels,
            a_day_of_many_owners_is_read_as_it_was_written,
            an_empty_ledger_has_no_heads,
            heads_are_read_from_a_month_on,
            owners_are_read_by_themselves,
            the_same_delivery_again_changes_nothing,
            only_days_that_differ_are_written,
            days_missing_from_a_complete_delivery_are_gone,
            days_missing_from_a_partial_delivery_stay,
            an_older_delivery_changes_nothing,
            a_newer_delivery_of_the_same_content_moves_the_head_alone,
            newer_rules_that_change_no_owner_move_the_head_alone,
            days_made_from_another_version_change_nothing,
            totals_that_differ_from_their_rollups_are_not_made_visible,
            replaced_generations_stay_readable,
            bills_are_replaced_one_by_one,
        );
    };
}

/// Tests of [`ledger_app::ports::DocumentStore`].
#[macro_export]
macro_rules! document_store_contract {
    ($set_up:path) => {
        $crate::contract_tests!(
            $set_up,
            $crate::contract::documents,
            versions_count_up_and_the_same_text_is_the_same_version,
            kinds_are_kept_apart,
            each_change_is_an_entry_of_the_audit_trail,
            a_change_of_an_older_version_is_refused,
            changes_at_the_same_time_are_all_kept,
        );
    };
}

/// Tests of [`ledger_app::ports::ContentStore`].
#[macro_export]
macro_rules! content_store_contract {
    ($set_up:path) => {
        $crate::contract_tests!(
            $set_up,
            $crate::contract::contents,
            a_text_is_read_by_its_hash_as_it_was_kept,
        );
    };
}

/// Tests of [`ledger_app::ports::AlertStore`].
#[macro_export]
macro_rules! alert_store_contract {
    ($set_up:path) => {
        $crate::contract_tests!(
            $set_up,
            $crate::contract::alerts,
            an_alert_is_planned_once,
            an_alert_is_advanced_by_one_run_and_its_call_can_be_repeated,
            an_alert_is_read_as_it_was_written,
            alerts_are_read_by_the_first_day_of_their_window_newest_first,
            the_last_settled_state_alone_is_settled,
            the_last_count_of_each_topic_is_kept,
        );
    };
}
