"""Are planted errors found, how often alone and ranked first, and in what time?

    python benchmarks/localising.py [--reports N] [--seed S]

Consistent reports of mixed size get errors of each kind in the table on requests, then errors and cells without a figure. A set
of cells with its true values counts as listed where it is among the minimal repairs; where fewer cells explain the figures too,
the planted set is not minimal. Times are those of `repairs` for one report.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

import govstats
from govstats.simulate import KINDS, plant, simulate

KINDS_OF_ERRORS: tuple[tuple[str, ...], ...] = (
    *((kind,) for kind in KINDS),
    *(("mistyped",) * count for count in range(2, 9)),
)
BLANKS = (1, 5, 10, 20)


@dataclass
class Score:
    """What became of the planted errors of one case."""

    detected: int = 0
    minimal: int = 0
    listed: int = 0
    alone: int = 0
    first: int = 0
    unfinished: int = 0
    milliseconds: list[float] = field(default_factory=list)

    def add(self, report: pd.DataFrame, errors: pd.DataFrame) -> None:
        """Repair a report, and compare with the truth."""
        started = time.perf_counter()
        found = govstats.repairs(report)
        self.milliseconds.append(1000 * (time.perf_counter() - started))
        self.detected += len(found) > 0
        self.unfinished += not found["complete"].all()
        sets = [
            dict(zip(zip(one["line"], one["column"], strict=True), one["proposed"], strict=True))
            for _, one in found[found["line"].notna()].groupby("repair", sort=True)
        ]
        true = errors["true"].astype(float)
        truth = dict(zip(zip(errors["line"], errors["column"], strict=True), true, strict=True))
        if sets and len(sets[0]) == len(truth):
            right = [
                one.keys() == truth.keys() and all(pd.isna(one[key]) or one[key] == truth[key] for key in truth) for one in sets
            ]
            self.minimal += 1
            self.listed += any(right)
            self.alone += right == [True]
            self.first += right[0]

    def __str__(self) -> str:
        count, minimal = len(self.milliseconds), max(self.minimal, 1)
        median, slow = np.percentile(self.milliseconds, [50, 99])
        return (
            f"{count:8d}{self.detected / count:10.1%}{self.minimal:9d}{self.listed / minimal:9.1%}{self.alone / minimal:9.1%}"
            f"{self.first / minimal:9.1%}{median:11.1f}{slow:9.0f}{max(self.milliseconds):9.0f}{self.unfinished:12d}"
        )


def score(cells: pd.DataFrame, kinds: Sequence[str], seed: int, *, blanks: int = 0) -> Score:
    """Plant errors, leave cells of other places blank, and repair report by report."""
    generator = np.random.default_rng(seed)
    planted = plant(cells, kinds, seed=seed)
    errors = dict(list(planted.errors.groupby("agency")))
    result = Score()
    for agency, report in planted.cells.groupby("agency", sort=False):
        if agency not in errors:
            continue
        wrong = set(zip(errors[agency]["line"], errors[agency]["column"], strict=True))
        keys = zip(report["table"], report["line"], report["column"], strict=True)
        open_to = [at for at, (table, *place) in enumerate(keys) if table == "requests" and tuple(place) not in wrong]
        chosen = report.index[generator.choice(open_to, blanks, replace=False)]
        report.loc[chosen, ["value", "printed", "status"]] = (pd.NA, "", "blank")
        result.add(report, errors[agency])
    return result


def main() -> None:
    """Measure each case, and how fast consistent reports are checked."""
    parser = argparse.ArgumentParser(description="Plant errors in simulated reports and see whether they are located.")
    parser.add_argument("--reports", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    cells = simulate("2021", options.reports, seed=options.seed)
    head = (
        f"{'reports':>8s}{'detected':>10s}{'minimal':>9s}{'listed':>9s}{'alone':>9s}{'first':>9s}"
        f"{'median ms':>11s}{'p99 ms':>9s}{'max ms':>9s}{'unfinished':>12s}"
    )
    scores = []
    print(f"{'errors':20s}{head}")
    for kinds in KINDS_OF_ERRORS:
        result = score(cells, kinds, options.seed + 1)
        if result.milliseconds:  # the table on requests has no amounts
            scores.append(result)
            print(f"{len(kinds)} × {kinds[0]:16s}{result}", flush=True)
    print(f"\n{'errors and blanks':20s}{head}")
    for blanks in BLANKS:
        for count in (1, 2, 3):
            scores.append(score(cells, ("mistyped",) * count, options.seed + 1, blanks=blanks))
            print(f"{count} × mistyped, {blanks:5d}{scores[-1]}", flush=True)
    reports = sum(len(one.milliseconds) for one in scores)
    print(f"\nthe bound on time or sets was met in {sum(one.unfinished for one in scores)} of {reports} reports")
    started = time.perf_counter()
    failed = (govstats.reconcile(cells)["status"] == "fail").sum()
    rate = options.reports / (time.perf_counter() - started)
    print(f"consistent reports: {failed} findings; reconcile {rate:,.0f} reports/s")


if __name__ == "__main__":
    main()
