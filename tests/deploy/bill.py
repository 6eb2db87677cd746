"""What an export says, read without any of Tollbook's code: the sums that it is held against."""

from collections import defaultdict
from decimal import ROUND_HALF_EVEN, Context, Decimal
from pathlib import Path

import pyarrow.parquet

# Sums of thousands of amounts with 15 fraction digits stay exact.
EXACT = Context(prec=60)
FEMTO = Decimal("1e-15")


def amount(value):
    """A cost in a Parquet file is a double: its 15 significant digits are the decimal it was."""
    if isinstance(value, float):
        value = f"{value:.15g}"
    return Decimal(value).quantize(FEMTO, rounding=ROUND_HALF_EVEN, context=EXACT)


def is_ai(line):
    name = dict(line["product"] or []).get("product_name") or ""
    return (line["line_item_product_code"] or "").startswith("AmazonBedrock") or "Bedrock" in name


class Bill:
    """Sums of all lines below an export's folder, by UTC day, for AI and for the rest."""

    def __init__(self, export: Path, months=None):
        self.ai = defaultdict(Decimal)
        self.other = defaultdict(Decimal)
        self.line_count = 0
        for path in sorted(export.glob("data/*/*.parquet")):
            if months is None or path.parent.name.removeprefix("BILLING_PERIOD=") in months:
                self._add(path)

    def _add(self, path):
        columns = ["line_item_product_code", "line_item_unblended_cost", "line_item_currency_code",
                   "line_item_usage_start_date", "product"]
        for line in pyarrow.parquet.read_table(path, columns=columns).to_pylist():
            assert line["line_item_currency_code"] == "USD", line
            day = str(line["line_item_usage_start_date"])[:10]
            sums = self.ai if is_ai(line) else self.other
            sums[day] = EXACT.add(sums[day], amount(line["line_item_unblended_cost"]))
            self.line_count += 1

    @staticmethod
    def total(sums, month=""):
        total = Decimal(0)
        for day, cost in sums.items():
            if day.startswith(month):
                total = EXACT.add(total, cost)
        return total.normalize(EXACT)
