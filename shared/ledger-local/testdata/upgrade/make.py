#!/usr/bin/env python3
"""Makes ledger.jsonl and answers.json with a release of the command.

    make.py COMMAND

COMMAND is a `tollbook` of the release that is to be read later. The lines of the bills are below.
"""

import base64
import csv
import json
import os
import subprocess
import sys
import tempfile
import urllib.request
import zlib
from pathlib import Path

HERE = Path(__file__).parent
ONE, TWO, SANDBOX = "111122223333", "444455556666", "222233334444"

COLUMNS = {
    "month": "bill_billing_period_start_date",
    "payer": "bill_payer_account_id",
    "account": "line_item_usage_account_id",
    "day": "line_item_usage_start_date",
    "type": "line_item_line_item_type",
    "code": "line_item_product_code",
    "usage": "line_item_usage_type",
    "quantity": "line_item_usage_amount",
    "unit": "pricing_unit",
    "cost": "line_item_unblended_cost",
    "net": "line_item_net_unblended_cost",
    "currency": "line_item_currency_code",
    "principal": "line_item_iam_principal",
    "tags": "tags",
    "product": "product",
    "region": "product_region_code",
    "effective": "savings_plan_savings_plan_effective_cost",
    "net_effective": "savings_plan_net_savings_plan_effective_cost",
    "commitment": "savings_plan_total_commitment_to_date",
    "used": "savings_plan_used_commitment",
    "recurring": "savings_plan_recurring_commitment_for_billing_period",
    "net_recurring": "savings_plan_net_recurring_commitment_for_billing_period",
    "upfront": "savings_plan_amortized_upfront_commitment_for_billing_period",
    "net_upfront": "savings_plan_net_amortized_upfront_commitment_for_billing_period",
    "reservation": "reservation_effective_cost",
    "net_reservation": "reservation_net_effective_cost",
    "unused_upfront": "reservation_unused_amortized_upfront_fee_for_billing_period",
    "net_unused_upfront": "reservation_net_unused_amortized_upfront_fee_for_billing_period",
    "unused_recurring": "reservation_unused_recurring_fee",
    "net_unused_recurring": "reservation_net_unused_recurring_fee",
    "reservation_arn": "reservation_reservation_a_r_n",
}

USAGE = {"type": "Usage", "code": "AmazonBedrock", "currency": "USD", "payer": ONE, "account": ONE,
         "quantity": "1000", "unit": "1K tokens", "region": "us-east-1"}
CLAUDE = {"code": "4ynr1odt38a7bhszzzzzzzzzz", "unit": "Units",
          "product": {"product_name": "Claude Sonnet 4.5 (Amazon Bedrock Edition)"}}
SUPPORT = {"unit": "", "quantity": "1"}


def role(name, session="run", account=ONE):
    return {"principal": f"arn:aws:sts::{account}:assumed-role/{name}/{session}"}


def team(name, project=None):
    tags = {"iamPrincipal/team": name}
    if project:
        tags["resourceTags/project"] = project
    return {"tags": tags}


def line(day, usage, cost, *more, **fields):
    merged = {**USAGE, "day": day, "usage": usage, "cost": cost}
    for one in more:
        merged.update(one)
    return {**merged, **fields, "month": f"{day[:7]}-01"}


# A month of two accounts under one payer: models, tokens, tiers and callers, and other services.
JUNE = [
    line("2026-06-01", "USE1-NovaLite-input-tokens", "1.25", role("app-search"), team("search", "shop")),
    line("2026-06-01", "USE1-NovaLite-output-tokens", "0.0000000001", role("app-search"), team("search", "shop")),
    line("2026-06-01", "USE1-NovaLite-input-tokens-cross-region-global", "3.5", role("ai-gateway", "alice@example.com")),
    line("2026-06-01", "USE1-NovaLite-input-tokens-batch", "0.75", role("ai-gateway", "bob@example.com"), net="0.7"),
    line("2026-06-02", "USE1-MP:USE1_InputTokenCount-Units", "12.345678901234567", CLAUDE, role("app-support"), team("support"), quantity="4.5"),
    line("2026-06-02", "USE1-MP:USE1_OutputTokenCount_Global-Units", "6.1", CLAUDE, role("app-support"), team("support"), net="5.9"),
    line("2026-06-02", "USE1-MP:USE1_CacheReadInputTokenCount-Units", "0.33", CLAUDE, role("app-search", "i-0abc123def4567890"), team("search", "shop")),
    line("2026-06-02", "USE1-Claude4Sonnet-cache-write-input-token-count-1-hour", "0.44", role("app-search"), team("search")),
    line("2026-06-03", "USE1-Llama3-1-405B-input-tokens-batch", "2", role("notebook", account=SANDBOX), account=SANDBOX, net="1.5"),
    line("2026-06-03", "USE1-Llama3-1-70B-output-tokens", "2.2", {"principal": f"arn:aws:iam::{ONE}:user/carol"}),
    line("2026-06-03", "USE1-NovaPro-input-tokens-flex", "0.9", role("lab", account=SANDBOX), team("research"), account=SANDBOX),
    line("2026-06-03", "USE1-Something-new-and-unknown", "0.07", team("search")),
    # Paid ahead, spread by the amortized kinds.
    line("2026-06-03", "USE1-NovaLite-input-tokens", "10", team("search"), type="SavingsPlanCoveredUsage", effective="7", net_effective="6.3"),
    line("2026-06-03", "USE1-NovaLite-input-tokens", "-10", team("search"), type="SavingsPlanNegation"),
    line("2026-06-03", "ComputeSP", "5", SUPPORT, type="SavingsPlanRecurringFee", net="4.5", recurring="5", net_recurring="3", commitment="3720", used="3348", upfront="0", net_upfront="0"),
    line("2026-06-03", "Reserved", "20", SUPPORT, type="RIFee", net="18", unused_upfront="3", net_unused_upfront="2", unused_recurring="4", net_unused_recurring="3.5"),
    line("2026-06-03", "Reserved", "400", SUPPORT, type="Fee", net="360", reservation_arn="arn:aws:bedrock:::reserved/a"),
    line("2026-06-04", "USE1-NovaLite-input-tokens", "-1.5", team("search"), type="Credit"),
    line("2026-06-04", "Tax", "2.31", SUPPORT, type="Tax"),
    line("2026-06-04", "TimedStorage-ByteHrs", "8.8", code="AmazonS3", unit="GB-Mo"),
    line("2026-06-05", "BoxUsage:m5.large", "100.000000000000001", code="AmazonEC2", unit="Hrs"),
]

# The first delivery of the same month: a day that is gone later, and another cost.
JUNE_BEFORE = JUNE[:3] + [line("2026-06-06", "USE1-NovaLite-input-tokens", "77", team("search"))]

EURO = {"payer": TWO, "account": TWO, "currency": "EUR", "region": "eu-west-1"}
EUROS = [
    line("2026-06-10", "EU-NovaLite-input-tokens", "30.001", EURO, team("marketing"), net="29"),
    line("2026-06-10", "EU-MP:EU_OutputTokenCount-Units", "11.5", EURO, CLAUDE, team("marketing", "letters")),
    line("2026-06-11", "EU-gpt-oss-120b-output-tokens-flex", "0.004", EURO),
    line("2026-06-11", "EU-TimedStorage-ByteHrs", "4.4", EURO, code="AmazonS3"),
]

# A month of which the bill tells of two days and Cost Explorer of four.
JULY = [
    line("2026-07-01", "USE1-NovaLite-input-tokens", "9.5", role("app-search"), team("search", "shop")),
    line("2026-07-01", "USE1-NovaLite-output-tokens", "1.75", role("ai-gateway", "dave@example.com")),
    line("2026-07-02", "USE1-MP:USE1_OutputTokenCount-Units", "7.25", CLAUDE, role("ai-gateway"), net="7"),
    line("2026-07-02", "USE1-NovaLite-input-tokens", "8.5", role("app-search"), team("search")),
    line("2026-07-02", "TimedStorage-ByteHrs", "1.1", code="AmazonS3"),
]
EXPLORER = JULY[:3] + [
    line("2026-07-02", "USE1-NovaLite-input-tokens", "8.25", role("app-search"), team("search")),
    line("2026-07-03", "USE1-NovaLite-input-tokens", "2.5", role("app-search"), team("search")),
    line("2026-07-04", "USE1-NovaPro-output-tokens", "0.125", role("lab"), team("research", "trial")),
]


def write(path, lines):
    with open(path, "w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(COLUMNS.values())
        for one in lines:
            cells = {**one, "month": f"{one['month']}T00:00:00.000Z", "day": f"{one['day']}T00:00:00.000Z"}
            for name in ("tags", "product"):
                cells[name] = json.dumps(one[name]) if name in one else ""
            writer.writerow([cells.get(name, "") for name in COLUMNS])
    return path


def items(endpoint):
    """All items of the table, read with DynamoDB's interface."""
    start, found = None, []
    while True:
        body = {"TableName": "tollbook", **({"ExclusiveStartKey": start} if start else {})}
        request = urllib.request.Request(endpoint, json.dumps(body).encode(), {
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": "DynamoDB_20120810.Scan",
            "X-Amz-Date": "20260701T000000Z",
            "Authorization": "AWS4-HMAC-SHA256 Credential=local/20260701/us-east-1/dynamodb/aws4_request, "
                             "SignedHeaders=host, Signature=0"})
        with urllib.request.urlopen(request) as answer:
            page = json.load(answer)
        found += page["Items"]
        start = page.get("LastEvaluatedKey")
        if not start:
            return sorted(found, key=lambda it: (it["pk"]["S"], it["sk"]["S"]))


def readable(item):
    """The keys first, and compressed rows as the text that was compressed."""
    item = {"pk": item["pk"], "sk": item["sk"], **dict(sorted(item.items()))}
    if "B" in item.get("rows", {}):
        text = zlib.decompress(base64.b64decode(item["rows"]["B"])).decode()
        item["rows"] = {"zlib": text}
    return item


QUESTIONS = [
    "owner", "owner,model", "team,product", "cost_centre,environment", "customer,workflow", "agent",
    "provider,model", "meter,direction", "service,line_type", "day", "month", "account,region",
    "principal", "usage_type", "tier,routing", "rule", "entry", "tag:iamPrincipal/team",
    "tag:resourceTags/project,day",
]
# These suffice for the other cost kinds.
QUESTIONS_BY_KIND = ["owner,model", "service,line_type", "principal", "month"]
KINDS = ["unblended", "net_unblended", "amortized", "net_amortized"]
PERIOD = ["--from", "2026-06-01", "--to", "2026-08-01"]


class Command:
    def __init__(self, path, data):
        self.path, self.data = path, data

    def __call__(self, *args, env=None, codes=(0,)):
        done = subprocess.run([self.path, "--data", self.data, "--format", "json", *map(str, args)],
                              capture_output=True, text=True, env={**os.environ, **(env or {})})
        assert done.returncode in codes, (args, done.stderr)
        return json.loads(done.stdout) if done.stdout.startswith("{") else done.stdout

    def start(self, *args, until):
        child = subprocess.Popen([self.path, "--data", self.data, *map(str, args)],
                                 stdout=subprocess.PIPE, text=True)
        for said in child.stdout:
            if until in said:
                return child, said
        raise AssertionError(f"{args} ended")


def make(tollbook, folder):
    tollbook("rules", "apply", HERE / "rules.toml")
    tollbook("budget", "apply", HERE / "budgets.toml")
    tollbook("import", write(folder / "june.csv", JUNE_BEFORE))
    tollbook("import", write(folder / "june.csv", JUNE))
    tollbook("import", write(folder / "euros.csv", EUROS))
    write(folder / "explorer.csv", EXPLORER)
    child, said = tollbook.start("stand-in", "cost-explorer", "--export", folder / "explorer.csv",
                                 until="AWS_ENDPOINT_URL")
    name, endpoint = said.strip().split("=", 1)
    env = {name: endpoint, "AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_REGION": "us-east-1"}
    tollbook("collect", "--from", "2026-07-01", "--to", "2026-08-01", "--tag-key", "iamPrincipal/team",
             "--tag-key", "resourceTags/project", "--payer", ONE, env=env)
    child.terminate()
    # `up` imports July, judges the budgets and sends what is due.
    child, _ = tollbook.start("up", "--port", "0", "--export", write(folder / "july.csv", JULY),
                              until="budgets judged")
    endpoint = (Path(tollbook.data) / "lock").read_text().splitlines()[1]
    found = items(endpoint)
    child.terminate()
    child.wait()
    return found


def answers(tollbook):
    reports, statements = [], []
    for kind in KINDS:
        for by in QUESTIONS if kind == "unblended" else QUESTIONS_BY_KIND:
            for currency in ("USD", "EUR"):
                said = tollbook("report", "--by", by, *PERIOD, "--cost-kind", kind, "--currency", currency)
                reports.append({
                    "by": by, "cost_kind": kind, "currency": currency, 
                    "total": said["total"], "other": said["other"],
                    "rows": [[row["keys"], row["cost"], row["tokens"]] for row in said["rows"]]})
        for month in ("2026-06", "2026-07"):
            said = tollbook("statement", "--period", month, "--cost-kind", kind)
            for one in said["statements"]:
                statements.append({"period": month, "cost_kind": kind, **{
                    name: one[name] for name in ("owner", "currency", "exact_total", "rounding", "total")}})
    # Budgets are judged for the window of today too: what that says is no answer to keep.
    judged = tollbook("budget", "check", codes=(0, 1))["budgets"]
    budgets = [it for it in judged if it["from"] <= "2026-07-01"]
    return reports, statements, budgets


def main():
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        tollbook = Command(Path(sys.argv[1]).resolve(), folder / "data")
        found = make(tollbook, folder)
        reports, statements, budgets = answers(tollbook)
        outbox = (folder / "data/outbox/outbox.jsonl").read_text().splitlines()
    line = lambda value: json.dumps(value, ensure_ascii=False)
    with open(HERE / "ledger.jsonl", "w") as out:
        out.writelines(f"{line(readable(it))}\n" for it in found)
    print(len(found), "items", len(outbox), "alerts")
    with open(HERE / "answers.json", "w") as out:
        out.write('{\n"reports": [\n' + ",\n".join(map(line, reports)) + "\n],\n")
        out.write('"statements": [\n' + ",\n".join(map(line, statements)) + "\n],\n")
        out.write('"budgets": [\n' + ",\n".join(map(line, budgets)) + "\n]\n}\n")


if __name__ == "__main__":
    main()
