"""Times Tollbook and other engines on the same file, each run in a fresh process.

usage: compare.py FOLDER IMPORT_BENCH [--large] [--repeats 3] [--engines duckdb,polars,...]

The sums: unblended cost, net unblended cost, list cost, usage amount and number of lines, by day, caller,
usage type, line type, pricing unit, invoice and tags. Engines other than Tollbook sum doubles as they come; that Tollbook's
totals are right to the digit is checked against DuckDB's sums of decimals. Imports are not timed,
peak memory is that of the whole process. The time on a core is the better measure where other
programs share the machine. Runs of all engines alternate, so that a slow minute hits all of them.
A last table has what a second thread brings to Tollbook.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from decimal import Decimal

DAY, CODE = "line_item_usage_start_date", "line_item_product_code"
KEYS = ["line_item_iam_principal", "line_item_usage_type", "line_item_line_item_type", "pricing_unit",
        "bill_invoice_id"]
SUMS = ["line_item_unblended_cost", "line_item_net_unblended_cost", "line_item_usage_amount",
        "pricing_public_on_demand_cost"]
IS_AI = f"{CODE} LIKE 'AmazonBedrock%'"


def select(table, where=""):
    sums = ", ".join(f"sum({it}) s{at}" for at, it in enumerate(SUMS))
    return (f"SELECT {DAY}::DATE d, {', '.join(KEYS)}, tags, {sums}, count(*) n "
            f"FROM {table} {where} GROUP BY ALL")


def duckdb_connection(threads):
    import duckdb
    connection = duckdb.connect()
    connection.execute(f"SET threads={threads}")
    return connection


def run_duckdb(file, threads):
    query = f"SELECT count(*), sum(s0) FROM ({select(f'read_parquet({file!r})')})"
    return duckdb_connection(threads).execute(query).fetchone()


def run_duckdb_out(file, threads):
    """The groups are handed over, as an Arrow table."""
    import pyarrow.compute as pc
    connection = duckdb_connection(threads)
    table = connection.execute(select(f"read_parquet({file!r})")).to_arrow_table()
    return table.num_rows, pc.sum(table["s0"]).as_py()


def run_duckdb_ai(file, threads):
    """Only what Tollbook keeps: groups of AI lines, and of the others the totals of each day."""
    connection, table = duckdb_connection(threads), f"read_parquet({file!r})"
    ai = f"SELECT count(*), sum(s0) FROM ({select(table, f'WHERE {IS_AI}')})"
    count, total = connection.execute(ai).fetchone()
    others = (f"SELECT {DAY}::DATE d, sum({SUMS[0]}) s0, sum({SUMS[1]}), count(*) FROM {table} "
              f"WHERE NOT {IS_AI} GROUP BY ALL")
    rest = connection.execute(f"SELECT sum(s0) FROM ({others})").fetchone()[0]
    return count, (total or 0) + (rest or 0)


def run_polars(file, threads):
    import polars as pl
    keys = [pl.col(DAY).dt.date().alias("d"), *map(pl.col, KEYS), pl.col("tags")]
    sums = [*(pl.col(it).sum() for it in SUMS), pl.len().alias("n")]
    table = pl.scan_parquet(file).group_by(keys).agg(sums).collect(engine="streaming")
    return table.height, table[SUMS[0]].sum()


def run_datafusion(file, threads):
    import datafusion as df
    context = df.SessionContext(df.SessionConfig().with_target_partitions(threads))
    context.register_parquet("t", file)
    sums = ", ".join(f"sum({it}) s{at}" for at, it in enumerate(SUMS))
    keys = ", ".join(KEYS)
    inner = (f"SELECT date_trunc('day', {DAY}) d, {keys}, array_to_string(map_keys(tags), '|') tk, "
             f"array_to_string(map_values(tags), '|') tv, {sums}, count(*) n FROM t "
             f"GROUP BY 1, 2, 3, 4, 5, 6")
    table = context.sql(f"SELECT count(*) c, sum(s0) s FROM ({inner})").to_pydict()
    return table["c"][0], table["s"][0]


def run_pyarrow(file, threads):
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq
    pa.set_cpu_count(threads)
    pa.set_io_thread_count(threads)
    table = pq.read_table(file, columns=[DAY, *KEYS, *SUMS, "tags"], read_dictionary=KEYS,
                          use_threads=threads > 1)
    table = table.set_column(0, DAY, pc.floor_temporal(table[DAY], unit="day"))
    tags = table["tags"].combine_chunks()
    entries = pa.ListArray.from_arrays(tags.offsets,
                                       pc.binary_join_element_wise(tags.keys, tags.items, "="))
    text = pc.binary_join(entries, "\x1f").dictionary_encode()
    table = table.drop_columns(["tags"]).append_column("t", text).unify_dictionaries()
    groups = table.group_by([DAY, *KEYS, "t"], use_threads=threads > 1)
    table = groups.aggregate([*((it, "sum") for it in SUMS), ([], "count_all")])
    return table.num_rows, pc.sum(table[SUMS[0] + "_sum"]).as_py()


MODULES = {"duckdb": "duckdb", "duckdb_out": "duckdb", "duckdb_ai": "duckdb", "polars": "polars",
           "datafusion": "datafusion", "pyarrow": "pyarrow.parquet"}


def child(engine, file, threads):
    os.environ["POLARS_MAX_THREADS"] = os.environ["OMP_NUM_THREADS"] = str(threads)
    __import__(MODULES[engine])
    start, cpu_start = time.perf_counter(), time.process_time()
    groups, total = globals()["run_" + engine](file, threads)
    wall, cpu = time.perf_counter() - start, time.process_time() - cpu_start
    # Not `getrusage`, which goes on counting what the parent had.
    with open("/proc/self/status", encoding="utf-8") as status:
        rss = next(int(it.split()[1]) for it in status if it.startswith("VmHWM:")) / 1024
    print(json.dumps({"wall": wall, "cpu": cpu, "rss": rss, "groups": groups, "total": total}))


def run(command, threads):
    cpus = "0" if threads == 1 else "0,1"
    done = subprocess.run(["taskset", "-c", cpus, *command], capture_output=True, text=True)
    if done.returncode:
        print((done.stderr.strip().splitlines() or ["failed"])[-1][:200], file=sys.stderr)
        return None
    return json.loads(done.stdout.strip().splitlines()[-1])


def time_all(binary, file, engines, threads, repeats):
    runs = {it: [] for it in ["tollbook", *engines]}
    for _ in range(repeats):
        for engine, results in runs.items():
            command = [sys.executable, __file__, "--child", engine, file, str(threads)]
            result = run([binary, file] if engine == "tollbook" else command, threads)
            if result:
                results.append(result)
    median = {engine: {key: statistics.median(it[key] for it in results)
                       for key in ("wall", "cpu", "rss", "groups")}
              for engine, results in runs.items() if results}
    base = median.get("duckdb")
    print(f"\n{os.path.basename(file)}, {threads} thread(s), load {os.getloadavg()[0]:.1f}\n")
    print("| engine | seconds | DuckDB takes | on a core | DuckDB takes | peak MiB | groups |\n"
          "| --- | --- | --- | --- | --- | --- | --- |")
    for engine, it in median.items():
        cells = [engine]
        for key in ("wall", "cpu"):
            cells += [f"{it[key]:.2f}", f"{base[key] / it[key]:.2f}x" if base else ""]
        cells += [f"{it['rss']:.0f}", f"{it['groups']:.0f}"]
        print(f"| {' | '.join(cells)} |", flush=True)


def time_second_thread(binary, files, repeats):
    """Tollbook on one thread and on two, in turns."""
    print("\n| file | one thread | two | gain | peak MiB, one | two |\n| --- | --- | --- | --- | --- | --- |")
    for file in files:
        runs = {1: [], 2: []}
        for _ in range(repeats):
            for threads, results in runs.items():
                results.append(run([binary, file], threads))
        (one, two), (small, large) = ([statistics.median(it[key] for it in runs[threads])
                                       for threads in (1, 2)] for key in ("wall", "rss"))
        name = os.path.basename(file)
        print(f"| {name} | {one:.2f} s | {two:.2f} s | {one / two:.2f}x | {small:.0f} | {large:.0f} |", flush=True)


def check_totals(binary, file):
    """Tollbook's totals and groups against DuckDB's, which sums decimals here."""
    ours = run([binary, file], 1)
    connection = duckdb_connection(2)
    # The costs of the file have ten fraction digits; with more DuckDB's cast shows the double's own.
    exact = ", ".join(f"sum({it}::DECIMAL(38, 10))" for it in SUMS[:2])
    table = f"read_parquet({file!r})"
    # List costs are kept of AI lines.
    listed = f"coalesce(sum({SUMS[3]}::DECIMAL(38, 10)) FILTER ({IS_AI}), 0)"
    unblended, net, listed, ai, lines = connection.execute(
        f"SELECT {exact}, {listed}, count(*) FILTER ({IS_AI}), count(*) FROM {table}").fetchone()
    groups = connection.execute(
        f"SELECT count(*) FROM ({select(table, f'WHERE {IS_AI}')})").fetchone()[0]
    theirs = (unblended, net, listed, ai, lines, groups)
    ours = (Decimal(ours["unblended"]), Decimal(ours["net"]), Decimal(ours["list"]), ours["lines_ai"],
            ours["lines_ai"] + ours["lines_other"], ours["groups"])
    print(f"\n{os.path.basename(file)}: unblended {ours[0]}, net {ours[1]}, list {ours[2]} of {ours[3]} "
          f"AI lines among {ours[4]}, {ours[5]} groups: {'as DuckDB' if ours == theirs else f'DIFFERS: {theirs}'}")
    return ours == theirs


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("binary")
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--engines",
                        default="duckdb,duckdb_out,duckdb_ai,polars,datafusion,pyarrow")
    args = parser.parse_args()
    engines = [it for it in args.engines.split(",") if it]
    is_right = True
    files = [os.path.join(args.folder, it) for it in ("all-ai-5m.parquet", "some-ai-5m.parquet")]
    for file in files:
        is_right &= check_totals(args.binary, file)
        for threads in map(int, args.threads.split(",")):
            time_all(args.binary, file, engines, threads, args.repeats)
    time_second_thread(args.binary, files, args.repeats)
    if args.large:
        for name in ("all-ai-slim-5m.parquet", "all-ai-slim-50m.parquet"):
            file = os.path.join(args.folder, name)
            is_right &= check_totals(args.binary, file)
            time_all(args.binary, file, ["duckdb"], 1, 1)
    sys.exit(0 if is_right else 1)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], sys.argv[3], int(sys.argv[4]))
    else:
        main()
