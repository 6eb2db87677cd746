"""Runs a statement that was written for Athena, on DuckDB, and prints Athena's result file.

    engine.py ROOT FOLDER < STATEMENT > RESULT

ROOT holds buckets as folders. The table is the one of infra/athena-table.sql over all Parquet files
in FOLDER, `bucket/prefix/…/data`, older ones too. sqlglot translates the statement from Trino's SQL; nothing
is translated by hand.
"""

import sys
from pathlib import Path

import duckdb
import sqlglot
from sqlglot import exp

TABLE = Path(__file__).parents[2] / "infra" / "athena-table.sql"
NAME = "tollbook_export"


def table_columns():
    """The columns of the table, with DuckDB's names of their types."""
    create = sqlglot.parse_one(TABLE.read_text(), read="athena")
    columns = create.this.expressions
    return [(it.name, it.args["kind"].sql("duckdb")) for it in columns if isinstance(it, exp.ColumnDef)]


def make_table(connection, root, folder):
    files = sorted((root / folder).rglob("*.parquet"))
    if not files:
        sys.exit(f"no Parquet file in {root / folder}")
    names = ", ".join("'" + str(it).replace("'", "''") + "'" for it in files)
    source = f"read_parquet([{names}], filename = true, union_by_name = true, hive_partitioning = false)"
    there = {row[0] for row in connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()}
    columns = [
        f"CAST({name if name in there else 'NULL'} AS {kind}) AS {name}"
        for name, kind in table_columns()
    ]
    columns.append(f"'s3://' || substr(filename, {len(str(root)) + 2}) AS \"$path\"")
    columns.append("regexp_extract(filename, 'BILLING_PERIOD=([0-9-]+)', 1) AS billing_period")
    connection.execute(f"CREATE VIEW {NAME} AS SELECT {', '.join(columns)} FROM {source}")


def cell(value):
    """As Athena writes it: null is nothing at all, all else stands in quotes."""
    return "" if value is None else '"' + str(value).replace('"', '""') + '"'


def main():
    root, folder = Path(sys.argv[1]), sys.argv[2]
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    make_table(connection, root, folder)
    statement = sqlglot.transpile(sys.stdin.read(), read="athena", write="duckdb")
    if len(statement) != 1:
        sys.exit(f"expected one statement, found {len(statement)}")
    result = connection.execute(statement[0])
    out = open(sys.stdout.fileno(), "w", encoding="utf-8", newline="")
    out.write(",".join(cell(it[0]) for it in result.description) + "\n")
    while rows := result.fetchmany(10_000):
        for row in rows:
            out.write(",".join(map(cell, row)) + "\n")
    out.flush()


main()
