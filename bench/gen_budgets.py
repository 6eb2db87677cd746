#!/usr/bin/env python3
"""Budgets for the export of `bench/gen_ledger.py`: of teams, callers, models and their mixtures.

    bench/gen_budgets.py FILE [--budgets 10000] [--teams 200] [--callers 12]
"""

import argparse
from pathlib import Path

ACCOUNT = "123456789012"
MODELS = ["nova-lite", "nova-pro", "claude-sonnet-4.5"]
WINDOWS = ["monthly", "weekly", "quarterly", "daily"]


def scope(at, team, caller):
    owner = f'owner = "team-{team}"'
    principal = f'principal = "arn:aws:sts::{ACCOUNT}:assumed-role/team-{team}/app-{caller}"'
    model = f'model = "{MODELS[at % len(MODELS)]}"'
    kinds = [owner, principal, f"{owner}, {model}", f"{principal}, {model}"]
    # One in a thousand counts the charges of all teams.
    return model if at % 1000 == 0 else kinds[at % 4]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--budgets", type=int, default=10_000)
    parser.add_argument("--teams", type=int, default=200)
    parser.add_argument("--callers", type=int, default=12)
    args = parser.parse_args()
    with args.file.open("w") as file:
        for at in range(args.budgets):
            team, caller = at // 4 % args.teams, at // 4 // args.teams % args.callers
            window = WINDOWS[at // 7 % len(WINDOWS)]
            file.write(
                f'[[budget]]\nname = "budget {at}"\nowner = "team-{team}"\nlimit = "100000000"\n'
                f'currency = "USD"\nwindow = "{window}"\nscope = {{ {scope(at, team, caller)} }}\n'
            )


main()
