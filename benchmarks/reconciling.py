"""How many reports a second are reconciled, beside what must be done at the least, and in how much memory?

    python benchmarks/reconciling.py [--reports N] [--rounds N] [--seed S]

The rivals take turns on the same figures, so that a slow moment of the machine hits all of them; medians of processor time are
compared. The rivals do much less than `govstats.reconcile`: they tell what the machine allows. Memory is the peak beside the
frame itself. Claims cost more than cells, since each is answered by a sentence of its own in two languages.
"""

from __future__ import annotations

import argparse
import statistics
import time
import tracemalloc
from collections.abc import Callable, Mapping
from functools import partial

import pandas as pd

import govstats
from govstats.forms import form
from govstats.reconciliation.edits import edits_on, rows_on
from govstats.reconciliation.matrix import matrices
from govstats.simulate import plant, simulate

CATEGORICAL = ("agency", "form", "table", "line", "column", "status")
#: What a report claims in its prose, as many figures as is common.
CLAIMED = (
    *(f"requests/{line}/total" for line in ("new", "carried_in", "granted", "processed_total", "carried_out")),
    *(f"requests/new/{column}" for column in ("natural_person", "commercial")),
    *(f"review/{line}/total" for line in ("reconsideration", "litigation_direct")),
)


def measure(jobs: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Return the median seconds of each job."""
    seconds: dict[str, list[float]] = {name: [] for name in jobs}
    for job in jobs.values():
        job()  # whatever is loaded once is loaded now
    for _ in range(rounds):
        for name, job in jobs.items():
            started = time.process_time()
            job()
            seconds[name].append(time.process_time() - started)
    return {name: statistics.median(values) for name, values in seconds.items()}


def peak(job: Callable[[], object]) -> float:
    """Return the most memory that a job holds at once, in MB."""
    tracemalloc.start()
    job()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most / 1e6


def sums(cells: pd.DataFrame) -> object:
    """Add up every line of every report, as one would in pandas: less than one of the rules asks for."""
    return cells.groupby(["agency", "table", "line"], sort=False)["value"].sum()


def claims(cells: pd.DataFrame) -> pd.DataFrame:
    """Return a claim of each report for each of `CLAIMED`, as its table has it."""
    plain = cells.astype(dict.fromkeys(("table", "line", "column"), "str"))
    target = plain["table"] + "/" + plain["line"] + "/" + plain["column"]
    said = cells.assign(target=target)[target.isin(CLAIMED)]
    figures = said[["agency", "year", "target", "value"]].assign(low=said["value"], high=said["value"], report_year=said["year"])
    quote = "共" + said["value"].astype("Int64").astype("str") + "件"
    return figures.assign(quote=quote, unit="件", qualifier="", scope="", start=0, end=0)


def product(cells: pd.DataFrame) -> Callable[[], object]:
    """Return the bare check of the edits, on arrays that are ready."""
    (matrix,) = matrices(cells)[1]
    ((_, layout),) = matrix.layouts
    edits = rows_on(form("2021"), edits_on(form("2021"), layout))
    figures = matrix.value[[matrix.index[cell] for cell in edits.cells]]
    return lambda: edits.matrix @ figures


def result(findings: pd.DataFrame) -> Callable[[], object]:
    """Return the mere making of a frame like that of the findings, from values that are ready: each text is one of a few."""
    columns = {
        str(name): (values.drop_duplicates().array, pd.factorize(values, use_na_sentinel=False)[0])
        for name, values in findings.items()
    }
    return lambda: pd.DataFrame({name: distinct.take(codes) for name, (distinct, codes) in columns.items()}, copy=False)


def main() -> None:
    """Measure, and print the medians and their ratios."""
    parser = argparse.ArgumentParser(description="Time govstats.reconcile on many simulated reports.")
    parser.add_argument("--reports", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    texts = simulate("2021", options.reports, seed=options.seed)
    frames = {
        "consistent, text": texts,
        "consistent, categorical": texts.astype(dict.fromkeys(CATEGORICAL, "category")),
        "one error each, text": plant(texts, seed=options.seed).cells,
    }
    one = texts[texts["agency"] == texts["agency"].iloc[0]]
    ours: dict[str, Callable[[], object]] = {name: partial(govstats.reconcile, cells) for name, cells in frames.items()}
    categorical = frames["consistent, categorical"]
    said = claims(categorical)
    ours[f"categorical, {len(CLAIMED)} claims each"] = partial(govstats.reconcile, categorical, claims=said)
    least = {
        "pandas: sums of the same frame": lambda: sums(texts),
        "the sparse product alone": product(texts),
        "the findings' frame alone": result(govstats.reconcile(texts)),
    }
    medians = measure({**ours, **least}, options.rounds)
    print(f"{options.reports:,} reports, {len(texts):,} cells, median of {options.rounds} rounds; ratios to the first line")
    for name, seconds in medians.items():
        memory = f"{peak(ours[name]):8,.0f} MB" if name in ours else ""
        ratio = seconds / medians["consistent, text"]
        print(f"{name:32s}{seconds:8.3f} s {options.reports / seconds:12,.0f} reports/s {ratio:7.2f} ×{memory}")
    alone = measure({"one": lambda: govstats.reconcile(one)}, 20 * options.rounds)["one"]
    print(f"{'one report':32s}{1000 * alone:8.2f} ms")


if __name__ == "__main__":
    main()
