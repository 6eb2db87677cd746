//! Budgets mirrored into AWS Budgets and read from there, with the real client against the stand-in.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use aws_sdk_budgets::types::{Budget, BudgetType, Spend, TimeUnit};
use ledger_aws::connect::{LocalEndpoint, budgets_client};
use serde_json::Value;

const ACCOUNT: &str = "123456789012";
const TOPIC: &str = "arn:aws:sns:us-east-1:123456789012:alerts";

/// Charges of this day, of a model of Amazon's and of one that is sold on the Marketplace.
fn bill() -> String {
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let line = |code: &str, product: &str| {
        format!(
            "{today},{ACCOUNT},{ACCOUNT},{code},USE1-NovaLite-input-tokens,10.00,USD,\
             \"{{\"\"iamPrincipal/team\"\":\"\"search\"\"}}\",\"{{\"\"product_name\"\":\"\"{product}\"\"}}\"\n"
        )
    };
    format!(
        "line_item_usage_start_date,bill_payer_account_id,line_item_usage_account_id,line_item_product_code,\
         line_item_usage_type,line_item_unblended_cost,line_item_currency_code,tags,product\n{}{}",
        line("AmazonBedrock", "Amazon Bedrock"),
        line("7zgyu5r4", "Claude Sonnet 4.6 (Amazon Bedrock Edition)")
    )
}

fn budget(name: &str, limit: &str, more: &str) -> String {
    format!(
        "[[budget]]\nname = \"{name}\"\nowner = \"search\"\nlimit = \"{limit}\"\ncurrency = \"USD\"\n\
         window = \"monthly\"\n{more}\n"
    )
}

struct StandIn {
    child: Child,
    out: BufReader<ChildStdout>,
    endpoint: String,
}

impl StandIn {
    fn start() -> StandIn {
        let mut child = Command::new(env!("CARGO_BIN_EXE_tollbook"))
            .args(["stand-in", "budgets", "--port", "0"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        let endpoint = line.trim().strip_prefix("AWS_ENDPOINT_URL_BUDGETS=").unwrap().to_owned();
        StandIn { child, out, endpoint }
    }

    fn tollbook(&self, data: &Path, args: &[&str]) -> (Option<i32>, String, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_tollbook"))
            .env_remove("TOLLBOOK_TABLE")
            .args(["--data".as_ref(), data.as_os_str()])
            .args(args)
            .envs([
                ("AWS_ENDPOINT_URL_BUDGETS", self.endpoint.as_str()),
                ("AWS_REGION", "us-east-1"),
            ])
            .envs(["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"].map(|it| (it, "none")))
            .output()
            .unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    }

    /// Stops it; the last line that it printed counts its requests.
    fn stop(mut self) -> String {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).unwrap();
        self.child.wait().unwrap();
        rest
    }
}

#[test]
fn a_second_run_of_the_mirror_makes_no_changing_call() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let (export, file) = (folder.path().join("bill.csv"), folder.path().join("budgets.toml"));
    fs::write(&export, bill()).unwrap();
    let scope = "scope = { \"tag:iamPrincipal/team\" = \"search\" }";
    let owner = "scope = { owner = \"search\" }";
    fs::write(&file, [budget("search", "100", scope), budget("by owner", "5", owner)].concat())
        .unwrap();
    let stand_in = StandIn::start();
    let said = |args: &[&str]| {
        let (code, out, err) = stand_in.tollbook(&data, args);
        assert_eq!(code, Some(0), "{out}{err}");
        out
    };
    said(&["import", export.to_str().unwrap()]);
    said(&["budget", "apply", file.to_str().unwrap()]);
    let mirror = ["budget", "mirror", "--topic", TOPIC];
    let dry = said(&[&mirror[..], &["--dry-run"]].concat());
    assert_eq!(
        dry,
        "would create `tollbook-search`: 100 USD monthly, unblended cost, service = Amazon Bedrock or Claude \
         Sonnet 4.6 (Amazon Bedrock Edition), tag iamPrincipal/team = search; notifies above 50%, above 80%, \
         above 100%\n\
         not mirrored `by owner`: its scope has `owner`, which AWS Budgets cannot filter by as Tollbook does; \
         expected tags of callers, cost categories, services and accounts\n\
         1 changes, 0 copies unchanged, 1 budgets not mirrored\n"
    );
    assert_eq!(said(&mirror), dry.replace("would ", ""));
    let again = said(&[&mirror[..], &["--format", "json"]].concat());
    let again: Value = serde_json::from_str(&again).unwrap();
    assert_eq!(
        (&again["unchanged"], &again["changed"]),
        (&Value::from(1), &Value::from(Vec::<u8>::new()))
    );
    // Another limit, and then none.
    fs::write(&file, budget("search", "120", scope)).unwrap();
    said(&["budget", "apply", file.to_str().unwrap()]);
    let changed = said(&mirror);
    assert!(changed.starts_with("update `tollbook-search`: 120 USD monthly"), "{changed}");
    fs::write(&file, budget("other", "120", owner)).unwrap();
    said(&["budget", "apply", file.to_str().unwrap()]);
    assert!(said(&mirror).starts_with("remove `tollbook-search`\n"));
    // All of the stack's, though the budget is still applied.
    fs::write(&file, budget("search", "120", scope)).unwrap();
    said(&["budget", "apply", file.to_str().unwrap()]);
    said(&mirror);
    assert!(said(&[&mirror[..], &["--remove"]].concat()).starts_with("remove `tollbook-search`\n"));
    let counted = stand_in.stop();
    assert!(counted.ends_with("5 of which changed something\n"), "{counted}");
}

#[test]
fn a_topic_that_is_none_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let stand_in = StandIn::start();
    let (code, _, err) =
        stand_in.tollbook(folder.path(), &["budget", "mirror", "--topic", "alerts"]);
    assert_eq!(code, Some(2));
    assert!(err.contains("`alerts` is not the ARN of an SNS topic"), "{err}");
    stand_in.stop();
}

#[test]
fn budgets_of_the_account_are_a_file_that_can_be_applied() {
    let folder = tempfile::tempdir().unwrap();
    let stand_in = StandIn::start();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let client = budgets_client(Some(&LocalEndpoint(stand_in.endpoint.clone()))).await;
        for (name, service) in [("bedrock", Some("Amazon Bedrock")), ("everything", None)] {
            let limit = Spend::builder().amount("42").unit("USD").build().unwrap();
            let budget = Budget::builder()
                .budget_name(name)
                .budget_type(BudgetType::Cost)
                .time_unit(TimeUnit::Monthly)
                .budget_limit(limit);
            #[expect(deprecated, reason = "as people made them")]
            let budget = match service {
                Some(service) => budget.cost_filters("Service", vec![service.to_owned()]),
                None => budget,
            };
            let call = client.create_budget().account_id(ACCOUNT).budget(budget.build().unwrap());
            call.send().await.unwrap();
        }
    });
    let args = ["budget", "import-aws", "--account", ACCOUNT, "--owner", "platform"];
    let (code, text, err) = stand_in.tollbook(folder.path(), &args);
    assert_eq!(code, Some(0), "{err}");
    assert!(text.starts_with("# 2 budgets of account 123456789012"), "{text}");
    let refused = "# \"everything\": it counts all services, and Tollbook counts AI alone\n";
    assert!(text.contains(refused), "{text}");
    let file = folder.path().join("budgets.toml");
    fs::write(&file, &text).unwrap();
    let data = folder.path().join("data");
    let apply = ["budget", "apply", file.to_str().unwrap()];
    let (code, applied, err) = stand_in.tollbook(&data, &apply);
    assert_eq!((code, applied.as_str()), (Some(0), "1 budgets are version 1 now\n"), "{err}");
    stand_in.stop();
}
