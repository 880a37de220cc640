"""Are planted errors found, how often alone and ranked first, and in what time?

    python benchmarks/localising.py [--reports N] [--seed S]

Consistent reports of mixed size get errors of each kind in the table on requests. A set of cells with its true values counts as
found where it is among the minimal repairs; where fewer cells explain the figures too, the planted set is not minimal.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Sequence

import pandas as pd

import govstats
from govstats.simulate import KINDS, plant, simulate

CASES: tuple[tuple[str, ...], ...] = (
    *((kind,) for kind in KINDS),
    *(("mistyped",) * count for count in (2, 3, 4, 5, 6)),
)


def score(cells: pd.DataFrame, kinds: Sequence[str], seed: int) -> str:
    """Plant errors, repair the reports and say what was found."""
    planted = plant(cells, kinds, seed=seed)
    seconds: list[float] = []
    for _, report in planted.cells.groupby("agency", sort=False):
        started = time.perf_counter()
        govstats.repairs(report)
        seconds.append(time.perf_counter() - started)
    started = time.perf_counter()
    found = govstats.repairs(planted.cells)
    whole = time.perf_counter() - started
    listed: dict[str, list[frozenset[tuple[str, str, float]]]] = {}
    for (agency, _), one in found.groupby(["agency", "repair"], sort=True):
        listed.setdefault(str(agency), []).append(frozenset(zip(one["line"], one["column"], one["proposed"], strict=True)))
    detected = minimal = among = alone = first = 0
    reports = planted.errors.groupby("agency")
    for agency, errors in reports:
        truth = frozenset(zip(errors["line"], errors["column"], errors["true"].astype(float), strict=True))
        sets = listed.get(str(agency), [])
        detected += bool(sets)
        if sets and len(sets[0]) == len(truth):
            minimal += 1
            among += truth in sets
            alone += sets == [truth]
            first += sets[0] == truth
    count = max(len(reports), 1)
    return (
        f"{' + '.join(kinds) if len(set(kinds)) > 1 else f'{len(kinds)} × {kinds[0]}':16s}{count:8d}{detected / count:10.1%}"
        f"{minimal:9d}{among / max(minimal, 1):10.1%}{alone / max(minimal, 1):10.1%}{first / max(minimal, 1):10.1%}"
        f"{1000 * statistics.median(seconds):9.1f}{1000 * max(seconds):9.0f}{1000 * whole / count:9.1f}"
    )


def main() -> None:
    """Measure each case, and how fast consistent reports are checked."""
    parser = argparse.ArgumentParser(description="Plant errors in simulated reports and see whether they are located.")
    parser.add_argument("--reports", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    cells = simulate("2021", options.reports, seed=options.seed)
    print(f"{'errors':16s}{'reports':>8s}{'detected':>10s}{'minimal':>9s}{'listed':>10s}{'alone':>10s}{'first':>10s}"
          f"{'median ms':>9s}{'max ms':>9s}{'together':>9s}")  # fmt: skip
    for kinds in CASES:
        print(score(cells, kinds, options.seed + 1), flush=True)
    started = time.perf_counter()
    failed = (govstats.reconcile(cells)["status"] == "fail").sum()
    rate = options.reports / (time.perf_counter() - started)
    print(f"consistent reports: {failed} findings; reconcile {rate:,.0f} reports/s")


if __name__ == "__main__":
    main()
