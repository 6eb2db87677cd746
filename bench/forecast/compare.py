#!/usr/bin/env python3
"""Compares forecasts to the end of a month with what people do by hand.

usage: compare.py FORECAST_LINES SAMPLE_CSV [--seed 7] [--series 60]

Series are cut at a day of each third of a month. What is left of the month is forecast from the days before
and compared with what it cost. An error is the sum of |forecast - cost| over the sum of costs.
"""

import argparse
import csv
import datetime
import math
import pathlib
import random
import subprocess

DAY = datetime.timedelta(days=1)
FIRST = datetime.date(2026, 1, 5)
DAYS = 182
# The first day that is forecast: the month before is then known.
HISTORY_MIN = 31
AHEAD_MIN = 5
METHODS = ["tollbook", "run rate", "seasonal naive", "last month"]


def growth(rng):
    rate, weekend = rng.uniform(1.02, 1.06), rng.uniform(0.2, 0.5)
    return [
        100 * rate ** (day / 7) * (weekend if weekday(day) > 4 else 1) * rng.lognormvariate(0, 0.15)
        for day in range(DAYS)
    ]


def step(rng):
    at, factor, weekend = rng.randrange(50, 140), rng.choice([0.3, 0.5, 2, 3]), rng.uniform(0.2, 0.8)
    return [
        100 * (factor if day >= at else 1) * (weekend if weekday(day) > 4 else 1) * rng.lognormvariate(0, 0.15)
        for day in range(DAYS)
    ]


def launch(rng):
    at, speed = rng.randrange(20, 60), rng.uniform(0.06, 0.15)
    middle = at + rng.randrange(25, 50)
    return [
        0 if day < at else 300 / (1 + math.exp(-speed * (day - middle)))
        * (0.6 if weekday(day) > 4 else 1) * rng.lognormvariate(0, 0.2)
        for day in range(DAYS)
    ]


def weekend_only(rng):
    return [
        100 * rng.lognormvariate(0, 0.3) * 1.01 ** (day / 7) if weekday(day) > 4 else 0
        for day in range(DAYS)
    ]


def bursty_agent(rng):
    chance = rng.uniform(0.04, 0.12)
    return [
        rng.gammavariate(2, 10) + (rng.lognormvariate(5.5, 0.7) if rng.random() < chance else 0)
        for _ in range(DAYS)
    ]


SHAPES = {
    "growth": growth,
    "step": step,
    "launch": launch,
    "weekend-only": weekend_only,
    "bursty agent": bursty_agent,
}


def weekday(day):
    return (FIRST + day * DAY).weekday()


def public_series():
    """Counts by day; a day without one is taken from the week before."""
    for path in sorted((pathlib.Path(__file__).parent / "data").glob("*.csv")):
        with path.open() as file:
            rows = {row["day"]: float(row["count"]) for row in csv.DictReader(file)}
        first = datetime.date.fromisoformat(min(rows))
        days = (datetime.date.fromisoformat(max(rows)) - first).days + 1
        counts = []
        for day in range(days):
            count = rows.get(str(first + day * DAY))
            counts.append(counts[-7] if count is None else count)
        yield path.stem, first, counts


def sample_series(path):
    """The daily costs of each owner, and of all."""
    costs = {}
    with open(path) as file:
        for row in csv.DictReader(file):
            for owner in (row["owner"], "all"):
                of_owner = costs.setdefault(owner, {})
                of_owner[row["day"]] = of_owner.get(row["day"], 0) + float(row["cost"])
    first = datetime.date.fromisoformat(min(costs["all"]))
    days = (datetime.date.fromisoformat(max(costs["all"])) - first).days + 1
    for owner, of_owner in sorted(costs.items()):
        yield owner, first, [of_owner.get(str(first + day * DAY), 0) for day in range(days)]


def month_end(day):
    return (day.replace(day=28) + 4 * DAY).replace(day=1)


def cases(series):
    for _, first, costs in series:
        begin = next((at for at, cost in enumerate(costs) if cost), len(costs))
        for at in range(begin + HISTORY_MIN, len(costs)):
            day = first + at * DAY
            ahead = min((month_end(day) - day).days, len(costs) - at)
            if day.day in (1, 8, 15, 22) and ahead >= AHEAD_MIN:
                yield day, first, costs[:at], ahead, sum(costs[at : at + ahead])


def by_hand(day, costs, ahead):
    elapsed = day.day - 1
    rate = costs[-elapsed:] if elapsed >= 7 else costs[-7:]
    before = (day.replace(day=1) - DAY).day
    month = costs[max(0, len(costs) - elapsed - before) : len(costs) - elapsed]
    return [
        sum(rate) / len(rate) * ahead,
        sum(costs[-7:][at % 7] for at in range(ahead)),
        sum(month) / len(month) * ahead,
    ]


def compare(name, series, forecast_lines):
    tried = list(cases(series))
    lines = "".join(
        f"{first} {ahead} {' '.join(map(repr, costs))}\n" for _, first, costs, ahead, _ in tried
    )
    answer = subprocess.run([forecast_lines], input=lines, text=True, check=True, capture_output=True)
    off, total, held = [0.0] * len(METHODS), 0.0, 0
    for (day, _, costs, ahead, actual), line in zip(tried, answer.stdout.splitlines(), strict=True):
        expected, low, high = map(float, line.split())
        for at, forecast in enumerate([expected, *by_hand(day, costs, ahead)]):
            off[at] += abs(forecast - actual)
        total += actual
        held += low <= actual <= high
    errors = [100 * it / total for it in off]
    best = "yes" if errors[0] < min(errors[1:]) else "no"
    cells = [name, str(len(tried)), *(f"{it:.1f}" for it in errors), f"{100 * held / len(tried):.0f}", best]
    print("| " + " | ".join(cells) + " |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("forecast_lines")
    parser.add_argument("sample_csv")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--series", type=int, default=60, help="series of each shape")
    args = parser.parse_args()
    print("| series | forecasts | " + " | ".join(f"{it}, % off" for it in METHODS) + " | in range, % | best |")
    print("| --- " * (len(METHODS) + 4) + "|")
    compare("sample organisation", sample_series(args.sample_csv), args.forecast_lines)
    for name, make in SHAPES.items():
        rng = random.Random(f"{args.seed} {name}")
        series = [(name, FIRST, make(rng)) for _ in range(args.series)]
        compare(name, series, args.forecast_lines)
    for name, first, counts in public_series():
        compare(name, [(name, first, counts)], args.forecast_lines)


main()
