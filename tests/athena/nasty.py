"""Writes a delivery with everything in it that makes reading a bill hard.

    nasty.py BUCKET SEED [COLUMN…]

BUCKET is a folder. The delivery has two data files, beside which an older one lies that the manifest
does not name; columns that are named are left out. All values are invented.
"""

import json
import random
import sys
from datetime import datetime, timedelta
from pathlib import Path

import duckdb

ROLES = ["arn:aws:sts::111111111111:assumed-role/app-one/session", "arn:aws:iam::222222222222:user/ci"]
TEXTS = {
    "bill_billing_entity": ["AWS", "AWS Marketplace", " AWS Marketplace ", "", None],
    "bill_invoice_id": ["1234567890", "", None],
    "bill_payer_account_id": ["123456789012"] * 12 + ["210987654321", "1.2E+11", None, ""],
    "line_item_usage_account_id": ["111111111111", "222222222222", None],
    "line_item_line_item_type": ["Usage"] * 12
    + ["SavingsPlanCoveredUsage", "SavingsPlanRecurringFee", "SavingsPlanNegation"]
    + ["SavingsPlanUpfrontFee", "DiscountedUsage", "RIFee", "Fee", "Tax", "Credit", None],
    "line_item_line_item_description": [
        "|us-east-1|Million Input Tokens Regional",
        "per thousand Input Tokens",
        "Claude (Amazon Bedrock Edition)",
        'a "quoted", text\nover two lines\r\nand a third',
        "ümlaut 漢字 \\ ''",
        None,
    ],
    "line_item_product_code": [
        "AmazonBedrock",
        "AmazonBedrockService",
        " AmazonBedrock",
        "\tAmazon Bedrock AgentCore",
        "AmazonEC2",
        "AmazonEC2",
        "AWSLambda",
        "7zgyu5r4",
        " 7zgyu5r4",
        "4xk0wall",
        "translate",
        "Claude (Amazon Bedrock Edition) ",
        "bedrock",
        "\u00a0",
        " ",
        "",
        None,
    ],
    "line_item_usage_type": [
        "USE1-NovaLite-input-tokens",
        "USE1-MP:USE1_OutputTokenCount-Units",
        "USE1-Runtime:Consumption-based:vCPU",
        "BoxUsage:t3.micro",
        "EU-SomethingNew",
        "",
        None,
    ],
    "line_item_currency_code": ["USD"] * 20 + ["EUR", "XYZ", "", None],
    "line_item_iam_principal": ROLES + ["nobody", "", None],
    "pricing_unit": ["1K tokens", "1M tokens", "Tokens", "Units", None],
    "product_product_family": ["Amazon Bedrock", " Amazon Bedrock\n", "Compute Instance", None, None],
    "product_region_code": ["us-east-1", "eu-west-1", None],
    "line_item_availability_zone": ["us-east-1a", "", None],
    "reservation_reservation_a_r_n": ["arn:aws:bedrock:us-east-1:111111111111:reserved/a", "", None],
}
MAPS = {
    "product": [
        {},
        {"product_name": "Claude Sonnet 4.6 (Amazon Bedrock Edition)"},
        {"sku": "X1", "product_name": "Claude on Bedrock"},
        {"model": "Nova Lite", "provider": "Amazon", "sku": None},
        {"product_name": "Some Firewall"},
        {"product_name": "\u2003"},
        {"product_name": ""},
        {"product_name": None},
        None,
    ],
    "tags": [
        {},
        {"iamPrincipal/team": "search"},
        {"resourceTags/env": '"prod"', "iamPrincipal/team": "chat, \"one\"\nand two"},
        {"resourceTags/env": "", "iamPrincipal/team": None},
        {"resourceTags/ключ": "\\ \u0001 ü"},
        None,
    ],
}
ODD_NUMBERS = [
    0.1 + 0.2, 1.1 * 1.1, 1 / 3, -0.0, 0.0, 1e-15, 1.4e-15, 2.5e-15, 1e-20, 5e-324, 1e-7, 123456.789,
    999999.999999999, 1e6, 12345678.9, 1e13, 1e29, float("nan"), float("inf"), float("-inf"), None,
]  # fmt: skip
DAYS = ["2026-06-01", "2026-06-01", "2026-06-30", "2026-06-03"] * 3
DAYS += ["2026-05-31", "2026-07-01", "1969-12-31", None]
NUMBERS = ["line_item_usage_amount", "line_item_unblended_cost", "line_item_net_unblended_cost"]
NUMBERS += ["pricing_public_on_demand_cost"]
AMORTIZED = [
    "savings_plan_savings_plan_effective_cost",
    "savings_plan_net_savings_plan_effective_cost",
    "savings_plan_total_commitment_to_date",
    "savings_plan_used_commitment",
    "savings_plan_recurring_commitment_for_billing_period",
    "savings_plan_net_recurring_commitment_for_billing_period",
    "savings_plan_amortized_upfront_commitment_for_billing_period",
    "savings_plan_net_amortized_upfront_commitment_for_billing_period",
    "reservation_effective_cost",
    "reservation_net_effective_cost",
    "reservation_unused_amortized_upfront_fee_for_billing_period",
    "reservation_net_unused_amortized_upfront_fee_for_billing_period",
    "reservation_unused_recurring_fee",
    "reservation_net_unused_recurring_fee",
]
NUMBERS += AMORTIZED


def number(rng):
    if rng.random() < 0.2:
        return rng.choice(ODD_NUMBERS)
    return rng.randrange(-1_000_000, 1_000_000_000) / 10 ** rng.randrange(0, 16)


def moment(rng):
    day = rng.choice(DAYS)
    return day and datetime.fromisoformat(day) + timedelta(seconds=rng.randrange(86_400))


def rows_of(rng, count):
    for _ in range(count):
        row = {name: rng.choice(values) for name, values in (TEXTS | MAPS).items()}
        row |= {name: number(rng) for name in NUMBERS}
        # More tokens than 64 bits hold are not what this is about.
        amount = row["line_item_usage_amount"]
        if amount is not None and 1e9 < amount < 1e99:
            row["line_item_usage_amount"] = 1e9
        if rng.random() < 0.3:
            row["line_item_net_unblended_cost"] = None
        row |= {name: None for name in AMORTIZED if rng.random() < 0.3}
        row["bill_billing_period_start_date"] = datetime(2026, 6, 1) if rng.random() < 0.9 else None
        row["line_item_usage_start_date"] = moment(rng)
        yield row


def write(connection, path, rows, left_out):
    names = [it for it in [*TEXTS, *MAPS, *NUMBERS] if it not in left_out]
    dates = ["bill_billing_period_start_date", "line_item_usage_start_date"]
    names += [it for it in dates if it not in left_out]
    kinds = dict.fromkeys(names, "VARCHAR")
    kinds |= {it: "MAP(VARCHAR, VARCHAR)" for it in MAPS if it in kinds}
    kinds |= {it: "DOUBLE" for it in NUMBERS if it in kinds}
    kinds |= {it: "TIMESTAMP_MS" for it in dates if it in kinds}
    connection.execute("CREATE OR REPLACE TABLE t (" + ", ".join(f"{k} {v}" for k, v in kinds.items()) + ")")
    # Whole columns at once: a row at a time takes minutes. Maps come as JSON.
    rows = list(rows)
    cells = [
        [row[it] if it not in MAPS or row[it] is None else json.dumps(row[it]) for row in rows]
        for it in names
    ]
    columns = [
        f"unnest(?::JSON[])::{kind}" if name in MAPS else f"unnest(?::{kind}[])"
        for name, kind in kinds.items()
    ]
    connection.execute(f"INSERT INTO t SELECT {', '.join(columns)}", cells)
    path.parent.mkdir(parents=True, exist_ok=True)
    connection.execute(f"COPY t TO '{path}' (FORMAT parquet, ROW_GROUP_SIZE 2048, COMPRESSION snappy)")


def main():
    bucket, rng, left_out = Path(sys.argv[1]), random.Random(int(sys.argv[2])), sys.argv[3:]
    data = Path("tollbook-sample/data/BILLING_PERIOD=2026-06")
    connection = duckdb.connect()
    files = [data / "nasty-00001.snappy.parquet", data / "it's-00002.snappy.parquet"]
    for file, count in zip(files, [5000, 700]):
        write(connection, bucket / "x.parquet", rows_of(rng, count), left_out)
        (bucket / file).parent.mkdir(parents=True, exist_ok=True)
        (bucket / "x.parquet").rename(bucket / file)
    write(connection, bucket / data / "older" / "nasty-00001.snappy.parquet", rows_of(rng, 50), left_out)
    manifest = {
        "dataFiles": [f"s3://{bucket.name}/{it}" for it in files],
        "createdAt": "2026-07-01T06:00:00Z",
        "billingPeriod": {"start": "2026-06-01T00:00:00Z", "end": "2026-07-01T00:00:00Z"},
    }
    metadata = bucket / "tollbook-sample/metadata/BILLING_PERIOD=2026-06"
    metadata.mkdir(parents=True, exist_ok=True)
    (metadata / "tollbook-sample-Manifest.json").write_text(json.dumps(manifest))


main()
