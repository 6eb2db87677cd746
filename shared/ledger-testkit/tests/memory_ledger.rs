//! The ledger in memory keeps the promises of the ports.

use ledger_testkit::build::{date, position};
use ledger_testkit::memory_ledger::MemoryLedger;
use ledger_testkit::snapshot::snapshot;

async fn set_up() -> (MemoryLedger, ()) {
    (MemoryLedger::default(), ())
}

ledger_testkit::ledger_store_contract!(set_up);
ledger_testkit::document_store_contract!(set_up);
ledger_testkit::content_store_contract!(set_up);
ledger_testkit::alert_store_contract!(set_up);

#[tokio::test]
async fn a_snapshot_shows_bills_days_and_rows() {
    let ledger = MemoryLedger::of([(date("2026-11-03"), position("search", "1.5"))]).await.unwrap();
    assert_eq!(
        snapshot(&ledger).await.unwrap(),
        "cur 2026-11 of payer 123456789012: version 1, rules 2, export -, delivered 2026-11-20T06:00:00Z
  2026-11-03 of version 1
    total USD ai 1.5 (1) other 0 (0)
    owner=search  team=search  publisher=Amazon  service=Amazon Bedrock  model=nova-lite  \
         meter=input_tokens  line_type=Usage  account=123456789012  \
         principal=arn:aws:sts::123456789012:assumed-role/llm-gateway/checkout  \
         usage_type=USE1-NovaLite-input-tokens  rule=by team  entry=part-1.csv:1  \
         tag:iamPrincipal/team=search  region=us-east-1  unblended=1.5 USD  \
         quantity=1 1K tokens  tokens=1000  line_count=1
"
    );
}
