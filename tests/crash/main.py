#!/usr/bin/python3
"""Kills control under load, again and again. tools/crash_test builds and runs it."""

import argparse
import contextlib
import random
import sys

from tests.crash.trial import Trial
from tests.harness.postgres import Postgres


def main():
    parser = argparse.ArgumentParser(prog="tools/crash_test", description=__doc__.split(". tools")[0] + ".")
    parser.add_argument("--kills", type=int, default=100, help="how often control is killed (100)")
    parser.add_argument("--store", choices=["sqlite", "postgres"], default="sqlite")
    parser.add_argument("--replicas", type=int, default=1, help="processes of control; more than one need postgres (1)")
    parser.add_argument("--seed", type=int, help="of all that is random here (a new one)")
    options = parser.parse_args()
    if options.replicas > 1 and options.store != "postgres":
        parser.error("several replicas need --store postgres")
    seed = random.randrange(1 << 31) if options.seed is None else options.seed
    print(f"tools/crash_test --kills {options.kills} --store {options.store} --replicas {options.replicas} --seed {seed}", flush=True)
    with contextlib.ExitStack() as stack:
        postgres = stack.enter_context(Postgres()) if options.store == "postgres" else None
        trial = stack.enter_context(Trial(seed, postgres, options.replicas))
        for number in range(1, options.kills + 1):
            trial.kill()
            if number % 10 == 0:
                print(f"{number} kills, {trial.followers[0][1].count()} events, slowest recovery {max(trial.recoveries):.2f} s", flush=True)
        faults = trial.finish()
        print("\n| | |\n|---|---|")
        print("\n".join(trial.table()))
    for fault in faults:
        print(f"FAULT {fault}")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
