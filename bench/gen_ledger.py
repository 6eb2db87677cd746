#!/usr/bin/env python3
"""An export that makes a large ledger: one line for each rollup row.

    bench/gen_ledger.py FOLDER [--month 2026-10] [--days 31] [--teams 200] [--callers 12]
        [--usage-types 7] [--changed-day 17]

Each of TEAMS teams has CALLERS callers, each with USAGE_TYPES usage types on each of the first DAYS
days of the month: by default 16,800 rows a day, about half a million a month. `--changed-day` writes
the same delivery an hour later with other costs on that one day. All values are invented.
"""

import argparse
import calendar
import json
from pathlib import Path

USAGE_TYPES = [
    ("USE1-NovaLite-input-tokens", "0.00006"),
    ("USE1-NovaLite-output-tokens", "0.00024"),
    ("USE1-NovaPro-input-tokens", "0.0008"),
    ("USE1-NovaPro-output-tokens", "0.0032"),
    ("USE1-Claude4.5Sonnet-input-tokens", "0.003"),
    ("USE1-Claude4.5Sonnet-output-tokens", "0.015"),
    ("USE1-Claude4.5Sonnet-cache-read-input-token-count", "0.0003"),
]
ACCOUNT = "123456789012"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--month", default="2026-10")
    parser.add_argument("--teams", type=int, default=200)
    parser.add_argument("--callers", type=int, default=12)
    parser.add_argument("--days", type=int, default=31)
    parser.add_argument("--usage-types", type=int, default=len(USAGE_TYPES))
    parser.add_argument("--changed-day", type=int, default=0)
    args = parser.parse_args()
    year, month = map(int, args.month.split("-"))
    day_count = min(args.days, calendar.monthrange(year, month)[1])
    folder = f"BILLING_PERIOD={args.month}"
    data = args.folder / "large" / "data" / folder / "large-00001.csv"
    data.parent.mkdir(parents=True, exist_ok=True)
    rows = 0
    with data.open("w") as out:
        out.write(
            "bill_billing_period_start_date,bill_payer_account_id,line_item_usage_account_id,"
            "line_item_usage_start_date,line_item_line_item_type,line_item_product_code,line_item_usage_type,"
            "line_item_usage_amount,pricing_unit,line_item_unblended_cost,line_item_currency_code,"
            "line_item_iam_principal,tags\n"
        )
        for day in range(1, day_count + 1):
            for team in range(args.teams):
                for caller in range(args.callers):
                    amount = 100 + (day * 31 + team * 7 + caller) % 900 + (day == args.changed_day)
                    for usage_type, price in USAGE_TYPES[: args.usage_types]:
                        digits = len(price) - 2
                        cost = amount * int(price[2:])
                        text = str(cost).rjust(digits + 1, "0")
                        out.write(
                            f"{args.month}-01T00:00:00Z,{ACCOUNT},{ACCOUNT},{args.month}-{day:02}T00:00:00Z,Usage,"
                            f"AmazonBedrock,{usage_type},{amount},1K tokens,{text[:-digits]}.{text[-digits:]},USD,"
                            f"arn:aws:sts::{ACCOUNT}:assumed-role/team-{team}/app-{caller},"
                            f'"{{""iamPrincipal/team"":""team-{team}""}}"\n'
                        )
                        rows += 1
    hour = 7 if args.changed_day else 6
    manifest = {
        "dataFiles": [f"s3://bucket/large/data/{folder}/large-00001.csv"],
        "createdAt": f"{args.month}-28T{hour:02}:00:00.000Z",
    }
    place = args.folder / "large" / "metadata" / folder / "large-Manifest.json"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(json.dumps(manifest))
    print(f"{rows} lines in {data}")


if __name__ == "__main__":
    main()
