//! The template against the code, and against what no stand-in for AWS would miss.
#![expect(clippy::expect_used, clippy::panic, reason = "a check that cannot read has failed")]

mod calls;
mod template;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use self::calls::Calls;
use self::template::{texts, walk};

/// Methods that only the command line calls: a function must not need them.
const ONLY_BY_COMMAND: [&str; 7] =
    ["apply", "audit_trail", "ensure_table", "ensure_topic", "keep_content", "list", "version"];

/// Where results of queries are written.
const RESULTS_FOLDER: &str = "athena-results/";

/// Actions that have no resources to name.
const WITHOUT_RESOURCES: [&str; 4] = [
    "ce:GetCostAndUsage",
    "ce:GetDimensionValues",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
];

/// What Athena does in the name of whoever starts a query, and is not called by us: it finds the
/// table and writes the result.
const BY_ATHENA: [&str; 8] = [
    "glue:GetDatabase",
    "glue:GetPartitions",
    "glue:GetTable",
    "s3:AbortMultipartUpload",
    "s3:GetBucketLocation",
    "s3:ListBucketMultipartUploads",
    "s3:ListMultipartUploadParts",
    "s3:PutObject",
];

fn root() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().expect("tests/ lies in the root").to_owned()
}

/// Folders below another one, such as `functions/ingest-export`.
fn folders(of: &str) -> Vec<String> {
    let entries = std::fs::read_dir(root().join(of)).expect("the folder is readable");
    let names = entries.map(|it| it.expect("an entry is readable"));
    let names = names.filter(|it| it.path().join("Cargo.toml").is_file());
    let mut names: Vec<String> =
        names.map(|it| format!("{of}/{}", it.file_name().to_string_lossy())).collect();
    names.sort();
    names
}

/// `functions/ingest-export` is the resource `IngestExport`.
fn resource_of(folder: &str) -> String {
    let name = folder.rsplit('/').next().unwrap_or_default();
    let word = |it: &str| {
        let mut letters = it.chars();
        letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
    };
    name.split('-').map(word).collect::<Vec<String>>().concat()
}

struct Template(Value);

impl Template {
    fn read() -> Template {
        Template(template::read(&root()))
    }

    fn resources(&self) -> impl Iterator<Item = (&str, &Value)> {
        let resources = self.0.get("Resources").and_then(Value::as_object);
        resources.expect("there are resources").iter().map(|(name, it)| (name.as_str(), it))
    }

    fn of_type<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = (&'a str, &'a Value)> {
        self.resources().filter(move |(_, it)| it.pointer("/Type") == Some(&json!(kind)))
    }

    /// A property, or null.
    fn get(&self, resource: &str, pointer: &str) -> &Value {
        let found = self.0.pointer(&format!("/Resources/{resource}/Properties{pointer}"));
        found.unwrap_or(&Value::Null)
    }

    /// The statements of a role, those under a condition as well.
    fn statements(&self, role: &str) -> Vec<&Value> {
        let mut found = Vec::new();
        walk(self.get(role, "/Policies"), &mut found);
        found.retain(|it| it.get("Effect").is_some());
        assert!(!found.is_empty(), "role `{role}` has statements");
        found
    }

    fn actions(&self, role: &str) -> BTreeSet<String> {
        let actions = self.statements(role).into_iter().filter_map(|it| it.get("Action"));
        actions.flat_map(texts).map(str::to_owned).collect()
    }

    /// What Lambda itself does in the name of a function's role.
    fn actions_of_lambda(&self, function: &str) -> BTreeSet<&'static str> {
        let is_of = |it: &Value| {
            it.pointer("/Properties/FunctionName") == Some(&json!({ "Ref": function }))
        };
        let has_tracing = self.0.pointer("/Globals/Function/Tracing").is_some();
        let mut actions = BTreeSet::from(["logs:CreateLogStream", "logs:PutLogEvents"]);
        if has_tracing {
            actions.extend(["xray:PutTelemetryRecords", "xray:PutTraceSegments"]);
        }
        if self.of_type("AWS::Lambda::EventInvokeConfig").any(|(_, it)| is_of(it)) {
            actions.insert("sqs:SendMessage");
        }
        if self.of_type("AWS::Lambda::EventSourceMapping").any(|(_, it)| is_of(it)) {
            actions.extend(["dynamodb:DescribeStream", "dynamodb:GetRecords"]);
            actions.extend(["dynamodb:GetShardIterator", "dynamodb:ListStreams"]);
            actions.insert("sqs:SendMessage");
        }
        actions
    }
}

fn calls() -> Calls {
    Calls::read(&root(), &[folders("functions"), libraries()].concat())
}

/// What functions are built of. Local mode is not in them.
fn libraries() -> Vec<String> {
    let mut libraries = folders("shared");
    libraries.retain(|it| !it.ends_with("/ledger-local") && !it.ends_with("/ledger-testkit"));
    libraries
}

#[test]
fn a_role_allows_what_its_function_calls_and_nothing_more() {
    let (template, calls) = (Template::read(), calls());
    for folder in folders("functions") {
        let function = resource_of(&folder);
        let mut expected = calls.actions_of(&folder);
        assert!(!expected.is_empty(), "`{folder}` calls AWS");
        expected.extend(template.actions_of_lambda(&function));
        if expected.contains("athena:StartQueryExecution") {
            expected.extend(BY_ATHENA);
        }
        let expected: BTreeSet<String> = expected.into_iter().map(str::to_owned).collect();
        let allowed = template.actions(&format!("{function}Role"));
        let missing: Vec<_> = expected.difference(&allowed).collect();
        let unused: Vec<_> = allowed.difference(&expected).collect();
        assert!(
            missing.is_empty() && unused.is_empty(),
            "`{function}Role` lacks {missing:?} and allows {unused:?}, which nothing calls"
        );
    }
}

#[test]
fn every_call_of_aws_is_understood() {
    let calls = calls();
    assert_eq!(calls.unknown(), BTreeSet::new(), "add these to ACTIONS in calls.rs");
    // What no function reaches is the command's alone; another name here means that a call was
    // not followed, for example for a receiver that ADAPTERS in calls.rs does not know.
    let unused = calls.unused("shared/ledger-aws", &folders("functions"));
    assert_eq!(unused.iter().map(String::as_str).collect::<Vec<_>>(), ONLY_BY_COMMAND);
}

#[test]
fn roles_name_their_resources() {
    let template = Template::read();
    for (role, _) in template.of_type("AWS::IAM::Role") {
        for statement in template.statements(role) {
            let actions = statement.get("Action").map(texts).unwrap_or_default();
            assert!(!actions.iter().any(|it| it.contains('*')), "`{role}` allows {actions:?}");
            let is_bare = statement.get("Resource") == Some(&json!("*"));
            let may_be = actions.iter().all(|it| WITHOUT_RESOURCES.contains(it));
            assert_eq!(is_bare, may_be, "`{role}`: the resource of {actions:?}");
        }
    }
}

/// Who does not ask Athena has none of its permissions.
#[test]
fn athena_is_allowed_where_it_is_asked() {
    let template = Template::read();
    let is_asked = json!("AsksAthena");
    let mut under_condition = Vec::new();
    let mut all = Vec::new();
    walk(template.get("IngestExportRole", "/Policies"), &mut all);
    for choice in all.iter().filter_map(|it| it.get("Fn::If")) {
        if choice.get(0) == Some(&is_asked) {
            under_condition.extend(choice.pointer("/1/Action").map(texts).unwrap_or_default());
            assert_eq!(choice.get(2), Some(&json!({ "Ref": "AWS::NoValue" })));
        }
    }
    for action in template.actions("IngestExportRole") {
        let is_athenas = action.starts_with("athena:") || BY_ATHENA.contains(&action.as_str());
        assert_eq!(
            under_condition.contains(&action.as_str()),
            is_athenas || action == "s3:GetObject",
            "{action}"
        );
    }
    // Results lie beside the export, where they are forgotten.
    let adapter = root().join("shared/ledger-aws/src/cur/places/athena/mod.rs");
    let adapter = std::fs::read_to_string(adapter).expect("the adapter is readable");
    assert!(adapter.contains(&format!("\"{RESULTS_FOLDER}\"")), "the code means the same");
    let folder = format!("{RESULTS_FOLDER}*");
    let statements = template.statements("IngestExportRole");
    let writes = statements.iter().find(|it| it.pointer("/Sid") == Some(&json!("KeepResults")));
    let resource = writes.and_then(|it| it.pointer("/Resource/Fn::Sub/0")).and_then(Value::as_str);
    assert!(resource.is_some_and(|it| it.ends_with(&folder)), "{resource:?}");
    let rules = template.get("Bucket", "/LifecycleConfiguration/Rules");
    let rules = rules.as_array().map(Vec::as_slice).unwrap_or_default();
    assert!(rules.iter().any(|it| {
        it.pointer("/Prefix") == Some(&json!(RESULTS_FOLDER))
            && it.pointer("/ExpirationInDays") == Some(&json!(1))
    }));
}

/// Who does not mirror budgets has none of the permissions; who does may change those of the stack alone,
/// and AWS may publish to the topic for this account alone.
#[test]
fn budgets_are_mirrored_where_it_is_asked_for() {
    let template = Template::read();
    let mut all = Vec::new();
    walk(template.get("EvaluateBudgetsRole", "/Policies"), &mut all);
    let mut under_condition = BTreeMap::new();
    for choice in all.iter().filter_map(|it| it.get("Fn::If")) {
        if choice.get(0) == Some(&json!("MirrorsBudgets")) {
            let resource = choice.pointer("/1/Resource/Fn::Sub").and_then(Value::as_str);
            for action in choice.pointer("/1/Action").map(texts).unwrap_or_default() {
                under_condition.insert(action, resource.unwrap_or_default());
            }
            assert_eq!(choice.get(2), Some(&json!({ "Ref": "AWS::NoValue" })));
        }
    }
    for action in template.actions("EvaluateBudgetsRole") {
        let is_budgets = action.starts_with("budgets:");
        assert_eq!(under_condition.contains_key(action.as_str()), is_budgets, "{action}");
    }
    let changed = under_condition.get("budgets:ModifyBudget");
    assert!(changed.is_some_and(|it| it.ends_with(":budget/${AWS::StackName}-*")), "{changed:?}");
    let statements = template.get("AlertsTopicPolicy", "/PolicyDocument/Statement").as_array();
    let of_budgets = statements
        .into_iter()
        .flatten()
        .find(|it| it.pointer("/Principal/Service") == Some(&json!("budgets.amazonaws.com")));
    let account = of_budgets.and_then(|it| it.pointer("/Condition/StringEquals/aws:SourceAccount"));
    assert_eq!(account, Some(&json!({ "Ref": "AWS::AccountId" })));
    let asked = template.0.pointer("/Resources/MirrorSchedule/Condition");
    assert_eq!(asked, Some(&json!("MirrorsBudgets")));
    assert_eq!(template.get("MirrorSchedule", "/Target/Input"), &json!("{\"mirror\":true}"));
    let default = template.0.pointer("/Parameters/MirrorBudgets/Default");
    assert_eq!(default, Some(&json!("false")));
}

/// Functions write what is theirs: bills, alerts and counts each have keys of their own.
#[test]
fn writes_are_limited_by_key() {
    let template = Template::read();
    for folder in folders("functions") {
        let role = format!("{}Role", resource_of(&folder));
        for statement in template.statements(&role) {
            let actions = statement.get("Action").map(texts).unwrap_or_default();
            let writes = ["BatchWriteItem", "DeleteItem", "PutItem", "UpdateItem"];
            if !actions.iter().any(|it| writes.iter().any(|write| it.ends_with(write))) {
                continue;
            }
            let keys = statement.pointer("/Condition/ForAllValues:StringLike/dynamodb:LeadingKeys");
            let keys = keys.map(texts).unwrap_or_default();
            assert!(!keys.is_empty(), "`{role}` writes anything");
            let source = root().join("shared/ledger-aws/src/dynamodb/mod.rs");
            let source = std::fs::read_to_string(source).expect("the adapter is readable");
            for key in keys {
                let key = key.trim_end_matches('*');
                assert!(source.contains(&format!("`{key}")), "no item has the key `{key}`");
            }
        }
    }
}

/// Every `NAME` in a text literal of a source.
fn variables_in(text: &str) -> BTreeSet<String> {
    let is_name = |it: &str| {
        it.len() > 3
            && it.contains('_')
            && it.chars().all(|it| it.is_ascii_uppercase() || it.is_ascii_digit() || it == '_')
    };
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    let code = code.lines().filter(|it| !it.trim_start().starts_with("//"));
    code.flat_map(|line| line.split('"').skip(1).step_by(2))
        .filter(|it| is_name(it))
        .map(str::to_owned)
        .collect()
}

#[test]
fn functions_are_told_what_they_read_and_nothing_else() {
    let template = Template::read();
    let names = |value: &Value| -> BTreeSet<String> {
        value.as_object().into_iter().flat_map(|it| it.keys().cloned()).collect()
    };
    let read = |path: String| {
        let text = std::fs::read_to_string(root().join(path)).expect("the source is readable");
        variables_in(&text)
    };
    let common = read("shared/ledger-lambda/src/config.rs".to_owned());
    let globals = template.0.pointer("/Globals/Function/Environment/Variables");
    let globals = names(globals.unwrap_or(&Value::Null));
    assert_eq!(globals, common, "what all functions are told");
    for folder in folders("functions") {
        let own = read(format!("{folder}/src/config.rs"));
        let set = names(template.get(&resource_of(&folder), "/Environment/Variables"));
        let own: BTreeSet<String> = own.difference(&common).cloned().collect();
        assert_eq!(set, own, "the variables of `{folder}`");
    }
}

#[test]
fn each_function_is_a_resource_with_its_own_role_logs_and_build() {
    let template = Template::read();
    let functions: BTreeSet<String> =
        folders("functions").iter().map(|it| resource_of(it)).collect();
    let resources = template.of_type("AWS::Serverless::Function").map(|(name, _)| name.to_owned());
    assert_eq!(resources.collect::<BTreeSet<_>>(), functions);
    let makefile = std::fs::read_to_string(root().join("infra/make/functions.mk"))
        .expect("the makefile is readable");
    for folder in folders("functions") {
        let function = resource_of(&folder);
        let name = folder.rsplit('/').next().unwrap_or_default();
        let rule = format!("build-{function}:\n\t$(call copy,{name})\n");
        assert!(makefile.contains(&rule), "infra/make/functions.mk builds `{function}`");
        let role = json!({ "Fn::GetAtt": format!("{function}Role.Arn") });
        assert_eq!(template.get(&function, "/Role"), &role);
        let logs = json!({ "Ref": format!("{function}Logs") });
        assert_eq!(template.get(&function, "/LoggingConfig/LogGroup"), &logs);
        assert!(template.get(&function, "/Timeout").is_u64());
        assert!(!template.get(&function, "/ReservedConcurrentExecutions").is_null());
    }
}

/// The stand-in of the deploy test drops these without a word.
#[test]
fn the_table_forgets_what_expired_and_can_be_restored() {
    let template = Template::read();
    let ttl = json!({ "AttributeName": "expires_at", "Enabled": true });
    assert_eq!(template.get("Table", "/TimeToLiveSpecification"), &ttl);
    let adapter = root().join("shared/ledger-aws/src/dynamodb/mod.rs");
    let adapter = std::fs::read_to_string(adapter).expect("the adapter is readable");
    assert!(adapter.contains(".attribute_name(\"expires_at\")"), "the code means the same");
    let restore = template.get("Table", "/PointInTimeRecoverySpecification");
    assert_eq!(restore, &json!({ "PointInTimeRecoveryEnabled": true }));
}

#[test]
fn what_is_kept_when_the_stack_goes_is_said() {
    let template = Template::read();
    let kept: Vec<_> = template
        .resources()
        .filter(|(_, it)| it.pointer("/DeletionPolicy") == Some(&json!("Retain")))
        .inspect(|(name, it)| {
            let replaced = it.pointer("/UpdateReplacePolicy");
            assert_eq!(replaced, Some(&json!("Retain")), "`{name}` is kept when replaced");
        })
        .map(|(name, _)| name)
        .collect();
    assert_eq!(
        kept.into_iter().collect::<BTreeSet<_>>(),
        BTreeSet::from(["Bucket", "Key", "Table"])
    );
}

#[test]
fn no_failed_event_is_lost() {
    let template = Template::read();
    let queue = json!({ "Fn::GetAtt": "FailedEvents.Arn" });
    // Started by events, not by someone who waits for the answer.
    for function in ["EvaluateBudgets", "IngestCostExplorer", "IngestExport"] {
        let config = format!("{function}Failures");
        assert_eq!(template.get(&config, "/FunctionName"), &json!({ "Ref": function }));
        assert_eq!(template.get(&config, "/DestinationConfig/OnFailure/Destination"), &queue);
    }
    for (mapping, _) in template.of_type("AWS::Lambda::EventSourceMapping") {
        assert_eq!(template.get(mapping, "/DestinationConfig/OnFailure/Destination"), &queue);
    }
    let schedules = template.of_type("AWS::Scheduler::Schedule").map(|(name, _)| name);
    let schedules: Vec<_> = schedules.collect();
    assert_eq!(schedules.len(), 3);
    for schedule in schedules {
        assert_eq!(template.get(schedule, "/Target/DeadLetterConfig/Arn"), &queue);
    }
    for (rule, _) in template.of_type("AWS::Events::Rule") {
        assert_eq!(template.get(rule, "/Targets/0/DeadLetterConfig/Arn"), &queue);
    }
}

/// A change of a bill, or of the budgets, wakes the evaluation; its own alerts do not.
#[test]
fn budgets_follow_the_ledger() {
    let template = Template::read();
    assert_eq!(template.get("Table", "/StreamSpecification/StreamViewType"), "KEYS_ONLY");
    assert_eq!(followed(&template, "LedgerChanged"), ["HEAD", "DOCUMENT#budgets"]);
}

/// A new version of the rules starts their application; bills that it moves do not start it again.
#[test]
fn owners_follow_the_rules() {
    let template = Template::read();
    assert_eq!(followed(&template, "RulesApplied"), ["DOCUMENT#rules"]);
    assert_eq!(template.get("RulesApplied", "/FunctionName"), &json!({ "Ref": "ApplyRules" }));
}

/// The partition keys of items that start a function by way of the table's stream.
fn followed(template: &Template, mapping: &str) -> Vec<String> {
    let stream = json!({ "Fn::GetAtt": "Table.StreamArn" });
    assert_eq!(template.get(mapping, "/EventSourceArn"), &stream);
    let filter = template.get(mapping, "/FilterCriteria/Filters/0/Pattern");
    let filter: Value =
        serde_json::from_str(filter.as_str().unwrap_or_default()).expect("the filter is JSON");
    let keys = filter.pointer("/dynamodb/Keys/pk/S").map(texts).unwrap_or_default();
    keys.into_iter().map(str::to_owned).collect()
}

#[test]
fn nobody_asks_without_a_name_or_without_end() {
    let template = Template::read();
    for (route, _) in template.of_type("AWS::ApiGatewayV2::Route") {
        let kind = json!({ "Fn::If": ["HasJwt", "JWT", "AWS_IAM"] });
        assert_eq!(template.get(route, "/AuthorizationType"), &kind, "`{route}`");
        let key = template.get(route, "/RouteKey").as_str().unwrap_or_default();
        assert!(key.starts_with("GET /"), "`{key}` only reads");
    }
    assert_eq!(template.of_type("AWS::ApiGatewayV2::Route").count(), 2);
    for limit in ["ThrottlingRateLimit", "ThrottlingBurstLimit"] {
        let limit = template.get("HttpStage", &format!("/DefaultRouteSettings/{limit}"));
        assert!(!limit.is_null());
    }
    let logs = template.get("HttpStage", "/AccessLogSettings/Format").as_str().unwrap_or_default();
    let logs: Value = serde_json::from_str(logs).expect("a line of the log is JSON");
    assert!(logs.get("caller").is_some() && logs.get("status").is_some());
}

/// API Gateway puts values into the line as they are. These it makes itself, or has checked: a path, a
/// header or a message of a refused caller could forge fields.
#[test]
fn a_caller_cannot_write_into_the_access_log() {
    const SAFE: [&str; 10] = [
        "authorizer.claims.sub",
        "error.responseType",
        "identity.sourceIp",
        "identity.userArn",
        "integrationStatus",
        "requestId",
        "requestTime",
        "responseLatency",
        "responseLength",
        "routeKey",
    ];
    let template = Template::read();
    let logs = template.get("HttpStage", "/AccessLogSettings/Format").as_str().unwrap_or_default();
    let end = |it: char| !(it.is_alphanumeric() || it == '.');
    let mut names: Vec<&str> = logs
        .split("$context.")
        .skip(1)
        .map(|it| it.split(end).next().unwrap_or_default())
        .collect();
    names.sort_unstable();
    names.retain(|it| *it != "status");
    assert_eq!(names, SAFE);
}

#[test]
fn nothing_goes_over_plain_http() {
    let template = Template::read();
    let refused = json!({ "Bool": { "aws:SecureTransport": "false" } });
    for policy in
        ["AlertsTopicPolicy", "BucketPolicy", "FailedEventsPolicy", "OperationsTopicPolicy"]
    {
        let statements = template.get(policy, "/PolicyDocument/Statement");
        let refuses = statements.as_array().into_iter().flatten().any(|it| {
            it.get("Effect") == Some(&json!("Deny"))
                && it.get("Principal") == Some(&json!("*"))
                && it.get("Condition") == Some(&refused)
        });
        assert!(refuses, "`{policy}` refuses plain HTTP");
    }
}

/// AWS Budgets and alarms publish as services: each for this account alone.
#[test]
fn services_act_for_this_account_alone() {
    let template = Template::read();
    let account = json!({ "Ref": "AWS::AccountId" });
    let mut found = Vec::new();
    walk(&template.0, &mut found);
    let by_service = |it: &&Value| {
        it.get("Effect") == Some(&json!("Allow"))
            && it.pointer("/Principal/Service").is_some()
            && it.get("Resource").is_some_and(|it| it != "*")
    };
    let statements: Vec<&Value> = found.into_iter().filter(by_service).collect();
    assert!(statements.len() >= 4, "services were found");
    for statement in statements {
        let by_account = statement.pointer("/Condition/StringEquals/aws:SourceAccount");
        let by_source = statement.pointer("/Condition/ArnEquals/aws:SourceArn");
        assert!(by_account == Some(&account) || by_source.is_some(), "{statement}");
    }
}

/// 0.10 USD for each alarm and 0.30 USD for each metric of our own, a month.
#[test]
fn alarms_are_few_unless_more_are_asked_for() {
    let template = Template::read();
    let mut alarms: BTreeMap<&str, usize> = BTreeMap::new();
    for (alarm, it) in template.of_type("AWS::CloudWatch::Alarm") {
        let condition = it.pointer("/Condition").and_then(Value::as_str).unwrap_or_default();
        *alarms.entry(condition).or_default() += 1;
        let told = json!([{ "Ref": "OperationsTopic" }]);
        assert_eq!(template.get(alarm, "/AlarmActions"), &told, "`{alarm}`");
        assert!(!template.get(alarm, "/TreatMissingData").is_null(), "`{alarm}`");
    }
    assert_eq!(alarms, BTreeMap::from([("HasAlarms", 9), ("HasAllAlarms", 14)]));
}

/// An alarm on a metric that is not written would be silent for ever.
#[test]
fn alarms_watch_metrics_that_are_written_or_are_of_aws() {
    let template = Template::read();
    let mut own = BTreeSet::new();
    for (alarm, it) in template.of_type("AWS::CloudWatch::Alarm") {
        let text = |path: &str| template.get(alarm, path).as_str().expect("a text").to_owned();
        let (namespace, metric) = (text("/Namespace"), text("/MetricName"));
        let of = match (namespace.as_str(), metric.as_str()) {
            ("Tollbook", _) => {
                assert!(it.pointer("/Properties/Dimensions").is_none(), "`{alarm}`");
                own.insert(metric);
                continue;
            }
            ("AWS/SQS", "NumberOfMessagesSent" | "ApproximateNumberOfMessagesVisible") => {
                ("QueueName", json!({ "Fn::GetAtt": "FailedEvents.QueueName" }))
            }
            ("AWS/ApiGateway", "4xx" | "5xx") => ("ApiId", json!({ "Ref": "HttpApi" })),
            ("AWS/DynamoDB", "WriteThrottleEvents" | "ReadThrottleEvents") => {
                ("TableName", json!({ "Ref": "Table" }))
            }
            ("AWS/SNS", "NumberOfNotificationsFailed") => {
                ("TopicName", json!({ "Fn::GetAtt": "AlertsTopic.TopicName" }))
            }
            ("AWS/Lambda", "Errors" | "Throttles" | "IteratorAge") => {
                let function = template.get(alarm, "/Dimensions/0/Value/Ref");
                let function = function.as_str().expect("a function");
                let mut streams = template.of_type("AWS::Lambda::EventSourceMapping");
                let is_read = streams
                    .any(|(it, _)| template.get(it, "/FunctionName/Ref") == &json!(function));
                assert!(metric != "IteratorAge" || is_read, "`{alarm}`");
                ("FunctionName", json!({ "Ref": function }))
            }
            other => panic!("`{alarm}` watches {other:?}"),
        };
        let dimension = json!([{ "Name": of.0, "Value": of.1 }]);
        assert_eq!(template.get(alarm, "/Dimensions"), &dimension, "`{alarm}`");
    }
    let sources: String = rust_files(&root().join("functions"))
        .chain(rust_files(&root().join("shared/ledger-lambda/src")))
        .filter(|it| !it.components().any(|it| it.as_os_str() == "tests"))
        .map(|it| std::fs::read_to_string(it).expect("a source is readable"))
        .collect();
    for metric in &own {
        assert!(sources.contains(&format!(": &str = \"{metric}\"")), "`{metric}` is written");
    }
    assert!(own.len() > 3, "{own:?}");
}

fn rust_files(folder: &Path) -> Box<dyn Iterator<Item = PathBuf>> {
    let entries = std::fs::read_dir(folder).expect("the folder is readable");
    let paths = entries.map(|it| it.expect("an entry is readable").path());
    let files = |path: PathBuf| match path.is_dir() {
        true => rust_files(&path),
        false => {
            Box::new(Some(path).into_iter().filter(|it| it.extension() == Some("rs".as_ref())))
        }
    };
    Box::new(paths.collect::<Vec<_>>().into_iter().flat_map(files))
}

/// Each row of the table of failures that no alarm tells of says so, and each alarm is in it.
#[test]
fn each_alarm_is_in_the_table_of_failures() {
    let readme =
        std::fs::read_to_string(root().join("infra/README.md")).expect("there is a README");
    let table = readme.split("## What is noticed").nth(1).expect("there is a table");
    let table = table.split("\n## ").next().unwrap_or_default();
    for (alarm, _) in Template::read().of_type("AWS::CloudWatch::Alarm") {
        let is_of_a_function = ["ErrorsAlarm", "ThrottlesAlarm"]
            .iter()
            .any(|end| alarm.ends_with(end) && !alarm.starts_with("Table"));
        assert!(is_of_a_function || table.contains(&format!("`{alarm}`")), "`{alarm}`");
    }
}

#[test]
fn every_parameter_has_a_default_and_says_what_it_does() {
    let template = Template::read();
    let parameters = template.0.get("Parameters").and_then(Value::as_object);
    let parameters = parameters.expect("there are parameters");
    let readme =
        std::fs::read_to_string(root().join("infra/README.md")).expect("there is a README");
    for (name, parameter) in parameters {
        let description = parameter.get("Description").and_then(Value::as_str);
        assert!(description.is_some_and(|it| !it.is_empty()), "`{name}` is described");
        let default = match parameter.get("Default") {
            Some(Value::String(text)) => text.clone(),
            Some(number @ Value::Number(_)) => number.to_string(),
            other => panic!("the default of `{name}` is {other:?}"),
        };
        let listed = match (name.as_str(), default.as_str()) {
            ("PayerAccount", "") => "this account",
            ("MaxExportBytes", "10737418240") => "10 GiB",
            (_, "") => "empty",
            (_, text) if parameter.get("Type") == Some(&json!("Number")) => text,
            (_, text) => &format!("`{text}`"),
        };
        let row = format!("| `{name}` | {listed} |");
        assert!(readme.contains(&row), "README.md has a row that begins `{row}`");
    }
    for (name, _) in template.resources() {
        assert!(readme.contains(&format!("`{name}`")), "README.md says why `{name}` exists");
    }
}

/// A name and a version are not a file: who can replace a file of a registry would run in the build.
#[test]
fn tools_are_installed_by_the_hashes_of_their_files() {
    let lists = |folder: &str| {
        let entries = std::fs::read_dir(root().join(folder)).expect("the folder is readable");
        let paths = entries.map(|it| it.expect("an entry is readable").path());
        paths.filter(|it| it.extension().is_some_and(|it| it == "txt")).collect::<Vec<_>>()
    };
    let lists = [lists("infra/tools"), lists("bench/import")].concat();
    assert!(lists.len() > 6);
    for list in lists {
        let text = std::fs::read_to_string(&list).expect("a list is text");
        let text = text.replace("\\\n", " ");
        let lines = text.lines().filter(|it| !it.starts_with('#') && !it.trim().is_empty());
        for line in lines {
            assert!(line.contains("==") && line.contains("--hash=sha256:"), "{list:?}: {line}");
        }
        // The list of names beside it pins versions too.
        assert!(list.with_extension("in").is_file(), "{list:?}");
    }
    for script in ["infra/tools/env", "bench/import/run"] {
        let text = std::fs::read_to_string(root().join(script)).expect("a script is text");
        let install = text.split("/bin/pip\" install").nth(1).unwrap_or_default();
        let install = install.split("requirement ").next().unwrap_or_default();
        assert!(install.contains("--require-hashes"), "`{script}`");
    }
}
