"""Deploys the real template with the real functions to a stand-in for AWS, and uses it.

Each step is one function below, in order; its first line says what it shows. `run` sets this up.
"""

import datetime
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import zlib
from collections import Counter
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlencode

import boto3
from boto3.dynamodb.conditions import Key
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from bill import Bill
from stand_in import REGION, Aws, Budgets, CostExplorer, check, clean, wait_for

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / "infra/samconfig.toml"
STACK = "tollbook"
PREFIX = "tollbook"
EXPORT = "tollbook-sample"
# The payer of the sample organisation; the stack is in its account.
PAYER = "123456789012"
SAMPLE_BUCKET = "s3://tollbook-sample-bucket/"

TODAY = datetime.datetime.now(datetime.timezone.utc).date()
MONTH = f"{TODAY - datetime.timedelta(days=1):%Y-%m}"
# A ledger that an older release wrote, and words that have changed since.
UPGRADE = ROOT / "shared/ledger-local/testdata/upgrade"
RENAMED = {"provider": "publisher"}

LATER_THAN_ALL = str(TODAY + datetime.timedelta(days=40))


class Deployment:
    def __init__(self, aws, tollbook, binaries, folder, architecture):
        self.aws = aws
        self.tollbook_path = tollbook
        self.folder = folder
        self.architecture = architecture
        self.env = {**clean(os.environ), **aws.client_env, "SAM_CLI_TELEMETRY": "0",
                    "TOLLBOOK_BINARIES": str(binaries)}
        self.outputs = {}

    # ---- the tools that a person would use ----

    def client(self, service):
        return boto3.client(service, endpoint_url=self.aws.endpoint, region_name=REGION,
                            aws_access_key_id="test", aws_secret_access_key="test")

    def table(self):
        session = boto3.resource("dynamodb", endpoint_url=self.aws.endpoint, region_name=REGION,
                                 aws_access_key_id="test", aws_secret_access_key="test")
        return session.Table(self.outputs["TableName"])

    def run(self, *command):
        done = subprocess.run([str(it) for it in command], cwd=ROOT / "infra", env=self.env,
                              capture_output=True, text=True)
        check(done.returncode == 0, f"{command}:\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}")
        return done.stdout

    def tollbook(self, *command):
        return self.run(self.tollbook_path, "--table", self.outputs["TableName"], *command)

    def build(self):
        self.build_dir = self.folder / "build"
        self.run("sam", "build", "--config-file", CONFIG, "--build-dir", self.build_dir,
                 "--parameter-overrides", f"Architecture={self.architecture}")

    def deploy(self, **parameters):
        parameters = {"Architecture": self.architecture, "PayerAccount": PAYER,
                      "TagKeys": "iamPrincipal/team",
                      "MaxRequestsPerRun": 200,
                      "MaxRequestsPerDay": 1000, **parameters}
        self.run("sam", "deploy", "--config-file", CONFIG,
                 "--template-file", self.build_dir / "template.yaml",
                 "--no-confirm-changeset", "--no-progressbar",
                 "--parameter-overrides", *[f'{name}="{it}"' for name, it in parameters.items()])
        stack = self.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]
        self.outputs = {it["OutputKey"]: it["OutputValue"] for it in stack["Outputs"]}
        self.allow_plain_http()

    def allow_plain_http(self):
        """The stand-in has no TLS, and bucket and topic rightly refuse to be used without."""
        s3, sns = self.client("s3"), self.client("sns")
        bucket, topic = self.outputs["ExportBucketName"], self.outputs["AlertsTopicArn"]

        def less(policy):
            policy = json.loads(policy)
            kept = [one for one in policy["Statement"] if one["Sid"] != "RefusePlainHttp"]
            return json.dumps({**policy, "Statement": kept})

        policy = s3.get_bucket_policy(Bucket=bucket)["Policy"]
        s3.put_bucket_policy(Bucket=bucket, Policy=less(policy))
        policy = sns.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"]
        sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=less(policy))

    def deliver(self, export, months):
        """As AWS delivers: the files of a month, and then its manifest."""
        s3, bucket = self.client("s3"), self.outputs["ExportBucketName"]
        for month in months:
            period = f"BILLING_PERIOD={month}"
            for path in sorted((export / "data" / period).iterdir()):
                key = f"{PREFIX}/{EXPORT}/data/{period}/{path.name}"
                s3.upload_file(str(path), bucket, key)
            manifest = export / "metadata" / period / f"{EXPORT}-Manifest.json"
            text = manifest.read_text().replace(SAMPLE_BUCKET, f"s3://{bucket}/{PREFIX}/")
            key = f"{PREFIX}/{EXPORT}/metadata/{period}/{manifest.name}"
            s3.put_object(Bucket=bucket, Key=key, Body=text.encode())

    # ---- what can be seen ----

    def ask(self, path, keys=None, **query):
        """The status and body of a GET, signed with the keys of somebody or not at all."""
        query = urlencode(query)
        url = f"{self.aws.endpoint}{path}" + (f"?{query}" if query else "")
        host = f"{self.outputs['ApiId']}.execute-api.localhost:{self.aws.port}"
        request = AWSRequest("GET", url, headers={"Host": host})
        if keys:
            SigV4Auth(Credentials(*keys), "execute-api", REGION).add_auth(request)
        try:
            request = urllib.request.Request(url, headers=dict(request.headers.items()))
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read().decode()

    def answer(self, path, **query):
        status, body = self.ask(path, self.reader, **query)
        check(status == 200, f"GET {path} {query}: {status} {body[:500]}\n{self.log('LookupChargeback')[-1500:]}")
        return json.loads(body)

    def heads(self, source="cur"):
        """The heads of a source's bills, by month."""
        items = self.table().query(KeyConditionExpression=Key("pk").eq("HEAD"))["Items"]
        parts = [(it["sk"].split("#"), it) for it in items]
        return {sk[0]: it for sk, it in parts if sk[1] == source}

    def alerts(self):
        items = []
        for month in sorted({*self.months, MONTH, f"{TODAY:%Y-%m}", f"{TODAY:%Y}-01"}):
            key = Key("pk").eq(f"ALERT#{month}")
            items += self.table().query(KeyConditionExpression=key)["Items"]
        return items

    def messages(self):
        """Takes all messages that are in the queue of an owner."""
        sqs, taken = self.client("sqs"), []
        while True:
            answer = sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10)
            if not answer.get("Messages"):
                return taken
            for message in answer["Messages"]:
                taken.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])

    def log(self, function):
        name = f"/aws/lambda/{STACK}/{NAMES[function]}"
        logs, lines = self.client("logs"), []
        for stream in logs.describe_log_streams(logGroupName=name)["logStreams"]:
            token = None
            while True:
                more = {"nextToken": token} if token else {}
                page = logs.get_log_events(logGroupName=name, startFromHead=True,
                                           logStreamName=stream["logStreamName"], **more)
                lines += [it["message"] for it in page["events"]]
                if not page["events"] or page["nextForwardToken"] == token:
                    break
                token = page["nextForwardToken"]
        return "\n".join(lines)

    def invocations(self, function):
        return self.log(function).count("REPORT RequestId")

    def compare(self, bill):
        """The API's totals are those of the files, to the digit."""
        costs = self.answer("/v1/costs", **{"from": min(bill.ai), "to": LATER_THAN_ALL})
        for name, sums in (("total", bill.ai), ("other", bill.other)):
            said, expected = one_currency(costs, name), Bill.total(sums)
            check(said == expected, f"/v1/costs says {name} {said}; the files say {expected}")
        for month in sorted({day[:7] for day in bill.ai}):
            statements = self.answer("/v1/statements", period=month)["statements"]
            exact = sum((Decimal(it["exact_total"]) for it in statements), Decimal(0))
            expected = Bill.total(bill.ai, month)
            check(exact == expected, f"statements of {month} come to {exact}; the files to {expected}")
        return f"{bill.line_count} lines, {Bill.total(bill.ai)} USD of AI, {Bill.total(bill.other)} USD other"


def of_currency(costs, currency):
    """The part of an answer that is about one currency."""
    return next(it for it in costs["currencies"] if it["currency"] == currency)


def one_currency(costs, name):
    """An amount of an answer in one currency; zero before there is any data."""
    return sum((Decimal(it[name]) for it in costs["currencies"]), Decimal(0))


NAMES = {
    "ApplyRules": "apply-rules",
    "EvaluateBudgets": "evaluate-budgets",
    "IngestCostExplorer": "ingest-cost-explorer",
    "IngestExport": "ingest-export",
    "LookupChargeback": "lookup-chargeback",
}


# ---- the steps ----


def deploys(it):
    """`sam build` and `sam deploy` make the stack; Cost Explorer is asked each minute for now."""
    it.build()
    it.deploy(CostExplorerSchedule="rate(1 minute)")
    return f"table {it.outputs['TableName']}"


def strangers_are_refused(it):
    """Without a signature, or without the reader policy, the API answers 403; with it, 200."""
    iam = it.client("iam")
    keys = {}
    for user in ("erp", "stranger"):
        iam.create_user(UserName=user)
        key = iam.create_access_key(UserName=user)["AccessKey"]
        keys[user] = (key["AccessKeyId"], key["SecretAccessKey"])
    iam.attach_user_policy(UserName="erp", PolicyArn=it.outputs["ReaderPolicyArn"])
    it.reader = keys["erp"]
    for path in ("/", "/v1/costs", "/v1/statements"):
        for who in (None, keys["stranger"]):
            status, body = it.ask(path, who)
            check(status == 403, f"GET {path} by {who and 'a stranger'}: {status} {body[:200]}")
    it.answer("/v1/health")
    return "3 paths, unsigned and by a stranger"


def the_schedule_asks_cost_explorer(it):
    """The schedule fires, and Cost Explorer's days are in the ledger with their owners."""
    it.tollbook("rules", "apply", it.samples["restated"] / "rules.toml")
    wait_for("a bill by Cost Explorer", lambda: it.heads("cost-explorer"), 180)
    start = str(TODAY - datetime.timedelta(days=70))
    total = one_currency(it.answer("/v1/costs", **{"from": start, "to": LATER_THAN_ALL}), "total")
    check(total > 0, "Cost Explorer's days cost something")
    return f"{total} USD so far"


def a_delivery_is_imported(it):
    """A manifest starts the import; costs and statements are those of the files, to the digit."""
    export = it.samples["first"] / EXPORT
    # A sample holds the last days alone: a later one lacks days of its oldest month, and is held back.
    months = sorted(path.name.removeprefix("BILLING_PERIOD=") for path in (export / "metadata").iterdir())[1:]
    it.deliver(export, months)
    wait_for(f"bills of {months}\n{it.log('IngestExport')[-3000:]}", lambda: set(it.heads()) >= set(months), 180)
    it.months = months
    return it.compare(Bill(export, months))


def owners_are_told(it):
    """Applying budgets wakes the evaluation; each alert that it wrote down arrives."""
    sqs, sns = it.client("sqs"), it.client("sns")
    it.queue = sqs.create_queue(QueueName="owners")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=it.queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = {"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage",
        "Resource": arn, "Condition": {"ArnEquals": {"aws:SourceArn": it.outputs["AlertsTopicArn"]}}}]}
    sqs.set_queue_attributes(QueueUrl=it.queue, Attributes={"Policy": json.dumps(policy)})
    sns.subscribe(TopicArn=it.outputs["AlertsTopicArn"], Protocol="sqs", Endpoint=arn)
    it.told = []
    it.tollbook("budget", "apply", it.samples["restated"] / "budgets.toml")

    def all_sent():
        alerts = it.alerts()
        return alerts and all(alert["state"] == "sent" for alert in alerts) and alerts

    wait_for("alerts that are sent", all_sent, 90)
    once_each(it)
    return f"{len(it.told)} alerts"


def once_each(it):
    """What the ledger says was sent is what arrived, once each."""

    def same():
        it.told += it.messages()
        alerts = it.alerts()
        it.sent = alerts
        return len(it.told) >= len(alerts) and all(alert["state"] == "sent" for alert in alerts)

    wait_for("messages for all alerts", same, 60)
    sent = Counter(alert["subject"] for alert in it.sent)
    told = Counter(message["Subject"] for message in it.told)
    check(sent == told, f"sent {sent - told} was not told; told {told - sent} was not sent")


def a_restatement_replaces(it):
    """A second delivery of all months replaces what the first said."""
    export = it.samples["restated"] / EXPORT
    months = sorted(path.name.removeprefix("BILLING_PERIOD=") for path in (export / "metadata").iterdir())
    before = {month: head["version"] for month, head in it.heads().items()}
    it.deliver(export, months)
    it.months = months

    def moved():
        now = it.heads()
        return set(now) >= set(months) and now[months[-1]]["version"] != before.get(months[-1])

    wait_for("the restated bill", moved, 180)
    bill = Bill(export)
    wait_for("all months", lambda: one_currency(it.answer("/v1/costs", **{"from": min(bill.ai), "to": LATER_THAN_ALL}), "total") == Bill.total(bill.ai), 120)
    said = it.compare(bill)
    once_each(it)
    return said


def beside_the_export_little_is_asked(it):
    """Where bills have all days, a run asks Cost Explorer at most three requests."""
    def requests():
        lines = [json.loads(line) for line in it.log("IngestCostExplorer").splitlines() if line.startswith("{")]
        lines = [line for line in lines if "requests" in line.get("fields", line)]
        lines.sort(key=lambda line: line["timestamp"])
        return [line.get("fields", line)["requests"] for line in lines]

    before = len(requests())
    wait_for("a run of Cost Explorer", lambda: len(requests()) > before, 180)
    first, last = requests()[0], requests()[-1]
    check(last <= 3 < first, f"{first} requests alone, {last} beside the bill")
    return f"{first} requests alone, {last} beside the bill"


def the_same_event_again_changes_nothing(it):
    """Delivered twice: no bill is written again and nobody is told twice."""
    before = {month: head["version"] for month, head in it.heads().items()}
    runs = it.invocations("IngestExport")
    it.deliver(it.samples["restated"] / EXPORT, it.months[-1:])
    wait_for("another import", lambda: it.invocations("IngestExport") > runs, 120)
    after = {month: head["version"] for month, head in it.heads().items()}
    check(before == after, f"versions were {before} and are {after}")
    once_each(it)
    return f"versions {sorted(int(version) for version in after.values())}"


def a_missing_permission_is_named(it):
    """Without one action of its role a function is refused, the log names the action, readers see
    the old bill; with it again, the next delivery goes through."""
    iam, action = it.client("iam"), "dynamodb:BatchWriteItem"
    stack = it.client("cloudformation").describe_stack_resource(
        StackName=STACK, LogicalResourceId="IngestExportRole")
    role = stack["StackResourceDetail"]["PhysicalResourceId"]
    policy = iam.get_role_policy(RoleName=role, PolicyName="ingest-export")["PolicyDocument"]
    less = json.loads(json.dumps(policy))
    for statement in less["Statement"]:
        if isinstance(statement["Action"], list) and action in statement["Action"]:
            statement["Action"].remove(action)
    check(less != policy, f"the role allowed {action}")
    iam.put_role_policy(RoleName=role, PolicyName="ingest-export", PolicyDocument=json.dumps(less))

    other, newest = it.samples["other"] / EXPORT, it.months[-1:]
    before = it.heads()
    it.deliver(other, newest)
    refused = wait_for("a refusal in the log", lambda: next(
        (line for line in it.log("IngestExport").splitlines()
         if "AccessDenied" in line and action in line), None), 120)
    check(it.heads() == before, "readers see the old bill")
    iam.put_role_policy(RoleName=role, PolicyName="ingest-export", PolicyDocument=json.dumps(policy))

    it.deliver(other, newest)
    wait_for("the delivery after the repair",
             lambda: it.heads()[newest[0]]["version"] != before[newest[0]]["version"], 180)
    return refused[max(0, refused.rindex(action) - 160):][:160 + len(action)]


def owners_follow_the_rules(it):
    """New rules own what was imported before, without the files and within minutes; the total stays."""
    span = {"from": str(TODAY - datetime.timedelta(days=70)), "to": LATER_THAN_ALL}

    def owners():
        said = of_currency(it.answer("/v1/costs", group_by="owner", **span), "USD")
        return {row["keys"]["owner"]: Decimal(row["cost"]) for row in said["rows"]}

    before, rules = owners(), it.samples["restated"] / "rules.toml"
    check(len(before) > 1, f"several owners: {sorted(before)}")
    other = it.samples["restated"] / "all-to-platform.toml"
    other.write_text('[[rule]]\nname = "all"\nowner = "platform"\n')
    for file, expected in ((other, {"platform": sum(before.values())}), (rules, before)):
        it.tollbook("rules", "apply", file)
        wait_for(f"owners by {file.name}", lambda: owners() == expected, 180)
    return f"{len(before)} owners, there and back"


def an_update_keeps_the_ledger(it):
    """A deploy with other parameters changes the functions and keeps every item."""
    before = it.heads()
    it.deploy(LogLevel="debug", CostExplorerSchedule="rate(1 day)")
    check(it.heads() == before, "the heads are as they were")
    variables = it.client("lambda").get_function_configuration(
        FunctionName=it.outputs["EvaluateBudgetsName"])["Environment"]["Variables"]
    check(variables["LOG_LEVEL"] == "debug", f"the function was updated: {variables}")
    it.answer("/v1/health")
    return f"{len(before)} bills"


MIRRORED = """
[[budget]]
name = "search backstop"
owner = "search"
limit = "%s"
currency = "USD"
window = "monthly"
thresholds = [80, 100]
scope = { "tag:iamPrincipal/team" = "search" }

[[budget]]
name = "search weekly"
owner = "search"
limit = "1000000000"
currency = "USD"
window = "weekly"
scope = { owner = "search" }
"""


def budgets_are_mirrored(it):
    """With MirrorBudgets, AWS Budgets has the budgets that it can judge alike and notifies the topic; a second
    run makes no changing call; without a permission the run names it and goes on."""
    it.deploy(LogLevel="debug", CostExplorerSchedule="rate(1 day)", MirrorBudgets="true")
    file, name = it.folder / "mirrored.toml", f"{STACK}-search backstop"

    def calls():
        return it.aws.budgets_calls.read_text().split()

    def changes():
        return [call for call in calls() if not call.startswith(("Describe", "List"))]

    def apply(limit):
        file.write_text(MIRRORED % limit)
        it.tollbook("budget", "apply", file)

    def evaluate(event):
        answer = it.client("lambda").invoke(
            FunctionName=it.outputs["EvaluateBudgetsName"], Payload=json.dumps(event).encode())
        body = json.loads(answer["Payload"].read())
        check("FunctionError" not in answer, f"{body}")
        return body

    apply(1000000000)
    wait_for("a mirrored budget", lambda: "CreateBudget" in calls(), 120)
    client = it.client("budgets")
    made = client.describe_budget(AccountId=PAYER, BudgetName=name, ShowFilterExpression=True)["Budget"]
    parts = made["FilterExpression"]["And"]
    tags = [part["Tags"] for part in parts if "Tags" in part]
    services = [part["Dimensions"]["Values"] for part in parts if "Dimensions" in part][0]
    check(tags == [{"Key": "iamPrincipal/team", "Values": ["search"]}], f"{made}")
    check(all("Bedrock" in service for service in services), f"{services}")
    notified = client.describe_notifications_for_budget(AccountId=PAYER, BudgetName=name)["Notifications"]
    check(sorted(one["Threshold"] for one in notified) == [80, 100], f"{notified}")
    subscribers = client.describe_subscribers_for_notification(
        AccountId=PAYER, BudgetName=name, Notification={
            key: notified[0][key] for key in
            ("NotificationType", "ComparisonOperator", "Threshold", "ThresholdType")})["Subscribers"]
    topic = [{"SubscriptionType": "SNS", "Address": it.outputs["AlertsTopicArn"]}]
    check(subscribers == topic, f"{subscribers}")

    before = changes()
    mirror = evaluate({"mirror": True})["mirror"]
    check((mirror["changed"], mirror["unchanged"], mirror["failed"]) == (0, 1, []), f"{mirror}")
    check([one["budget"] for one in mirror["not_mirrored"]] == ["search weekly"], f"{mirror}")
    check(changes() == before, f"changing calls: {before}, then {changes()}")

    iam = it.client("iam")
    stack = it.client("cloudformation").describe_stack_resource(
        StackName=STACK, LogicalResourceId="EvaluateBudgetsRole")
    role = stack["StackResourceDetail"]["PhysicalResourceId"]
    policy = iam.get_role_policy(RoleName=role, PolicyName="evaluate-budgets")["PolicyDocument"]
    less = json.loads(json.dumps(policy))
    for statement in less["Statement"]:
        if statement.get("Sid") == "MirrorBudgets":
            statement["Action"].remove("budgets:ModifyBudget")
    check(less != policy, "the role allowed budgets:ModifyBudget")
    iam.put_role_policy(RoleName=role, PolicyName="evaluate-budgets", PolicyDocument=json.dumps(less))
    apply(2000000000)
    refused = evaluate({"mirror": True})["mirror"]["failed"]
    check(len(refused) == 1 and "budgets:ModifyBudget" in refused[0], f"{refused}")
    check(changes() == before, "nothing was changed without the permission")
    iam.put_role_policy(RoleName=role, PolicyName="evaluate-budgets", PolicyDocument=json.dumps(policy))
    evaluate({"mirror": True})
    check(set(changes()[len(before):]) == {"UpdateBudget"}, f"{changes()}")
    return f"{len(services)} services, {len(notified)} notifications, {len(calls())} calls"


def a_ledger_of_an_older_release_is_read(it):
    """What an older release wrote gives the answers that it gave, to the digit."""
    dynamodb, count = it.client("dynamodb"), 0
    for line in (UPGRADE / "ledger.jsonl").read_text().splitlines():
        item = json.loads(line)
        # Rules and budgets of this deployment are applied already.
        if item["pk"]["S"].split("#")[0] in ("HEAD", "ROLLUPS"):
            if "zlib" in item.get("rows", {}):
                item["rows"] = {"B": zlib.compress(item["rows"]["zlib"].encode())}
            dynamodb.put_item(TableName=it.outputs["TableName"], Item=item)
            count += 1
    expected = json.loads((UPGRADE / "answers.json").read_text())

    def rows(of_answer):
        return {json.dumps([keys.get(RENAMED.get(old, old), keys.get(old)) for old in sorted(old_keys)]):
                (Decimal(cost), tokens) for keys, cost, tokens, old_keys in of_answer}

    def as_today(keys):
        """An account that a line does not name was an empty text and is null."""
        return {word: None if (word, it) == ("account", "") else it for word, it in keys.items()}

    for report in expected["reports"]:
        words = report["by"].split(",")
        said = it.answer("/v1/costs", **{
            "from": "2026-06-01", "to": "2026-08-01", "cost_kind": report["cost_kind"],
            "currency": report["currency"], "group_by": ",".join(RENAMED.get(it, it) for it in words)})
        said = of_currency(said, report["currency"])
        check(Decimal(said["total"]) == Decimal(report["total"]), f"{report}: {said['total']}")
        now = rows((row["keys"], row["cost"], row["tokens"], words) for row in said["rows"])
        then = rows((as_today(keys), cost, tokens, words) for keys, cost, tokens in report["rows"])
        check(now == then, f"{report['by']} {report['cost_kind']}: {now} was {then}")
    for statement in expected["statements"]:
        said = it.answer("/v1/statements", period=statement["period"], owner=statement["owner"],
                         cost_kind=statement["cost_kind"])["statements"]
        said = next(one for one in said if one["currency"] == statement["currency"])
        for name in ("exact_total", "rounding", "total"):
            check(Decimal(said[name]) == Decimal(statement[name]), f"{statement}: {said}")
    return f"{count} items, {len(expected['reports'])} reports, {len(expected['statements'])} statements"


def no_event_failed(it):
    """The queue of failed events is empty after all of this."""
    attributes = it.client("sqs").get_queue_attributes(
        QueueUrl=it.outputs["FailedEventsUrl"], AttributeNames=["ApproximateNumberOfMessages"])
    count = attributes["Attributes"]["ApproximateNumberOfMessages"]
    check(count == "0", f"{count} events failed")
    return "empty"


def removal_keeps_the_ledger_and_the_bills(it):
    """`sam delete` removes the functions and the API, and keeps the table and the bucket."""
    heads = it.heads()
    it.run("sam", "delete", "--stack-name", STACK, "--region", REGION, "--no-prompts")
    functions = it.client("lambda").list_functions()["Functions"]
    check(not functions, f"functions are left: {[one['FunctionName'] for one in functions]}")
    check(not it.client("apigatewayv2").get_apis()["Items"], "an API is left")
    check(it.heads() == heads, "the ledger is kept")
    kept = it.client("s3").list_objects_v2(Bucket=it.outputs["ExportBucketName"])["KeyCount"]
    check(kept > 0, "the bills are kept")
    return f"{len(heads)} bills, {kept} objects"


STEPS = [
    deploys,
    strangers_are_refused,
    the_schedule_asks_cost_explorer,
    a_delivery_is_imported,
    owners_are_told,
    a_restatement_replaces,
    beside_the_export_little_is_asked,
    the_same_event_again_changes_nothing,
    a_missing_permission_is_named,
    owners_follow_the_rules,
    an_update_keeps_the_ledger,
    budgets_are_mirrored,
    a_ledger_of_an_older_release_is_read,
    no_event_failed,
    removal_keeps_the_ledger_and_the_bills,
]


def samples(tollbook, folder):
    """The sample organisation's export as it was some days ago, as it is now, and another one's."""
    made = {}
    for name, days, seed in (("first", 3, 7), ("restated", 0, 7), ("other", 0, 8)):
        made[name] = folder / name
        as_of = str(TODAY - datetime.timedelta(days=days))
        command = [tollbook, "sample", made[name], "--as-of", as_of, "--seed", str(seed)]
        subprocess.run(command, check=True, env=clean(os.environ), stdout=subprocess.DEVNULL)
    return made


def main():
    tollbook, binaries, architecture = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    stop_after = os.environ.get("STOP_AFTER")
    folder = Path(tempfile.mkdtemp(prefix="tollbook-deploy-"))
    processes, failed = [], None
    try:
        made = samples(tollbook, folder)
        # Cost Explorer knows no day that the first delivery lacks, so the bill is all there is.
        processes.append(CostExplorer(tollbook, made["first"] / EXPORT, folder))
        processes.append(Budgets(tollbook, PAYER, folder))
        explorer, budgets = processes
        processes.append(Aws(PAYER, explorer.endpoint, budgets.endpoint, folder))
        it = Deployment(processes[2], tollbook, binaries, folder, architecture)
        it.samples, it.months = made, []
        for step in STEPS:
            started = time.monotonic()
            failed = step.__name__
            said = step(it)
            failed = None
            print(f"ok    {step.__name__} ({time.monotonic() - started:.0f} s): {said}", flush=True)
            if step.__name__ == stop_after:
                break
    finally:
        for process in reversed(processes):
            process.stop()
        if failed or len(processes) < 3:
            print(f"FAILED {failed}; logs are in {folder}", flush=True)
    print("all steps passed")


if __name__ == "__main__":
    main()
