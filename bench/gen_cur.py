#!/usr/bin/env python3
"""Write a synthetic cost and usage export 2.0 as Parquet; all values are invented.

usage: gen_cur.py OUT.parquet [--rows 5000000] [--ai-share 1.0] [--seed 7] [--slim] [--group-rows N]

One month of lines: 2,000 principals (used as Zipf says), 200 usage types of which each principal
uses about 8, one to three tag sets a principal (0 to 5 tags a set), mostly distinct resource ids
and 40 columns that nobody reads (few texts, doubles, many texts, nearly all null), as real exports
have. `--ai-share` says how many of the usage types, and so about how many of the lines, are
generative AI. Snappy, dictionary pages, row groups of 500,000 lines. `--slim` leaves out what
nobody reads, so that a file of 50 million lines stays below 4 GB. `--group-rows` begins anew after so
many lines: what follows has other amounts and the same groups.
"""
import argparse

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
args.add_argument("out")
args.add_argument("--rows", type=int, default=5_000_000)
args.add_argument("--ai-share", type=float, default=1.0)
args.add_argument("--seed", type=int, default=7)
args.add_argument("--slim", action="store_true")
args.add_argument("--group-rows", type=int)
args = args.parse_args()
rng = np.random.default_rng(args.seed)
CHUNK = 500_000
PRINCIPALS, USAGE_TYPES = 2000, 200

accounts = np.array([f"{100000000000 + i * 7919:012d}" for i in range(40)])
roles = ["deploy", "batch", "web", "etl", "notebook", "ci", "admin", "model"]
principals = np.array([
    f"arn:aws:sts::{accounts[i % 40]}:assumed-role/{roles[i % 8]}-{i // 8:03d}/session-{i:05d}"
    for i in range(PRINCIPALS)])
regions = ["EU", "USE1", "USW2", "EUC1", "APN1"]
kinds = ["BoxUsage:m7g.large", "BoxUsage:c7g.xlarge", "TimedStorage-ByteHrs", "Requests-Tier1",
         "Requests-Tier2", "Lambda-GB-Second-ARM", "DataTransfer-Out-Bytes", "NatGateway-Bytes",
         "EBS:VolumeUsage.gp3", "WriteRequestUnits", "ReadRequestUnits", "CW:Requests",
         "VendedLog-Bytes", "KMS-Requests", "LoadBalancerUsage", "Fargate-vCPU-Hours:perCPU",
         "Fargate-GB-Hours", "CloudTrail-Events", "SQS-Requests-Tier1", "SNS-Requests"]
models = ["Claude4.6Sonnet", "Claude4.8Opus", "NovaLite", "NovaPro", "Llama4-Maverick-17B"]
tokens = ["input-tokens", "output-tokens", "cache-read-input-token-count",
          "cache-write-input-token-count"]
ai_usage_types = [f"{r}-{m}-{t}{c}" for c in ("", "-cross-region-global") for r in regions
                  for m in models for t in tokens]
other_usage_types = [f"{r}-{k}" + (f"-{j}" if j else "") for j in range(2) for r in regions
                     for k in kinds]
# 73 and 200 have no common divisor: the AI ones are spread over the numbers.
is_ai = (np.arange(USAGE_TYPES) * 73) % USAGE_TYPES < args.ai_share * USAGE_TYPES
usage_types = np.where(is_ai, ai_usage_types, other_usage_types)
operations = np.array([f"Operation{i:02d}" for i in range(60)])
line_types = np.array(["Usage", "DiscountedUsage", "SavingsPlanCoveredUsage", "Tax", "Fee", "Credit"])
products = np.array([f"AmazonService{i:02d}" for i in range(30)] + ["AmazonBedrock"])
product_of = np.where(is_ai, 30, np.arange(USAGE_TYPES) % 30)
units = np.array(["Hrs", "GB-Mo", "Requests", "GB", "Lambda-GB-Second", "1K tokens"])
unit_of = np.where(is_ai, 5, np.arange(USAGE_TYPES) % 5)

# principal -> its usage types; principal -> its tag sets
p_ut = rng.integers(0, USAGE_TYPES, size=(PRINCIPALS, 8))
p_nts = rng.integers(1, 4, size=PRINCIPALS)
tagkeys = ["resourceTags/team", "resourceTags/project", "resourceTags/env", "resourceTags/cost-centre",
           "iamPrincipal/department", "resourceTags/owner"]
tagsets = [[]]
p_ts = np.zeros((PRINCIPALS, 3), dtype=np.int64)
for p in range(PRINCIPALS):
    for j in range(3):
        if j < p_nts[p] and rng.random() < 0.85:
            n = int(rng.integers(1, 6))
            ks = sorted(rng.choice(len(tagkeys), n, replace=False))
            p_ts[p, j] = len(tagsets)
            tagsets.append([(tagkeys[k], f"{tagkeys[k][-4:]}-{int(rng.integers(0, 60)):03d}") for k in ks])
ts_len = np.array([len(t) for t in tagsets])
allk = sorted({k for t in tagsets for k, _ in t})
allv = sorted({v for t in tagsets for _, v in t})
ki = {k: i for i, k in enumerate(allk)}
vi = {v: i for i, v in enumerate(allv)}
flat_k = np.array([ki[k] for t in tagsets for k, _ in t])
flat_v = np.array([vi[v] for t in tagsets for _, v in t])
ts_off = np.concatenate([[0], np.cumsum(ts_len)])
pw = 1.0 / np.arange(1, PRINCIPALS + 1) ** 0.8
pcum = np.cumsum(pw / pw.sum())

def dic(values, idx):
    return pa.DictionaryArray.from_arrays(pa.array(idx.astype(np.int32)), pa.array(values)).cast(pa.string())

def chunk(n, at):
    draw = np.random.default_rng((args.seed, at % args.group_rows)) if args.group_rows else rng
    p = np.minimum(np.searchsorted(pcum, draw.random(n)), PRINCIPALS - 1)
    u = p_ut[p, draw.integers(0, 8, n)]
    ts = p_ts[p, draw.integers(0, 3, n) % p_nts[p]]
    hour = draw.integers(0, 31 * 24, n)
    start = np.datetime64("2026-10-01T00:00:00", "us") + hour.astype("timedelta64[h]")
    ln = ts_len[ts]
    off = np.concatenate([[0], np.cumsum(ln)]).astype(np.int32)
    pos = np.repeat(ts_off[ts] - off[:-1], ln) + np.arange(off[-1])
    tags = pa.MapArray.from_arrays(pa.array(off), dic(np.array(allk), flat_k[pos]), dic(np.array(allv), flat_v[pos]))
    amount = np.round(rng.gamma(0.7, 20.0, n), 6)
    cost = np.round(amount * (0.0001 + u * 0.0007), 10)
    line_type = np.where(draw.random(n) < 0.9, 0, draw.integers(0, 6, n))
    month = np.full(n, np.datetime64("2026-10-01T00:00:00", "us"))
    columns = {
        "bill_billing_period_start_date": pa.array(month, pa.timestamp("us")),
        "bill_payer_account_id": dic(accounts[:1], np.zeros(n)),
        "line_item_usage_account_id": dic(accounts, p % 40),
        "line_item_usage_start_date": pa.array(start, pa.timestamp("us")),
        "line_item_iam_principal": dic(principals, p),
        "line_item_usage_type": dic(usage_types, u),
        "line_item_operation": dic(operations, (u * 7) % 60),
        "line_item_line_item_type": dic(line_types, line_type),
        "line_item_product_code": dic(products, product_of[u]),
        "line_item_unblended_cost": pa.array(cost),
        "line_item_net_unblended_cost": pa.array(np.round(cost * 0.93, 10)),
        "line_item_usage_amount": pa.array(amount),
        "line_item_currency_code": dic(np.array(["USD"]), np.zeros(n)),
        "pricing_unit": dic(units, unit_of[u]),
        "pricing_public_on_demand_cost": pa.array(np.round(cost * 1.25, 10)),
        "bill_invoice_id": dic(np.array(["EUINUS26-1001", "EUINUS26-1002"]), p % 2),
        "tags": tags,
    }
    if args.slim:
        return pa.table(columns)
    columns["line_item_resource_id"] = pa.array(
        np.char.add("arn:aws:svc:eu-west-1::res/i-", rng.integers(0, 2_000_000, n).astype("U7")))
    for i in range(40):
        kind = i % 4
        if kind == 0:
            filler = dic(np.array([f"value-{i}-{j}" for j in range(50)]), (u + i) % 50)
        elif kind == 1:
            filler = pa.array(np.round(cost * (1 + i / 100), 10))
        elif kind == 2:
            filler = pa.array(np.full(n, None, dtype=object), pa.string())
        else:
            filler = dic(np.array([f"d{j}" for j in range(5000)]), rng.integers(0, 5000, n))
        columns[f"filler_{i:02d}"] = filler
    return pa.table(columns)

writer, done = None, 0
while done < args.rows:
    table = chunk(min(CHUNK, args.rows - done), done)
    writer = writer or pq.ParquetWriter(args.out, table.schema, compression="snappy", use_dictionary=True)
    writer.write_table(table, row_group_size=CHUNK)
    done += table.num_rows
writer.close()
metadata = pq.ParquetFile(args.out).metadata
print(f"{metadata.num_rows} lines, {metadata.num_columns} leaf columns, "
      f"{metadata.num_row_groups} row groups, {len(tagsets)} tag sets")
