"""Who finds planted errors: govstats, Banff, and a plain mixed-integer programme?

    python benchmarks/editing.py [--reports N] [--seed S] [--figure FILE]

Consistent tables on requests (form 2021) get errors of each kind, and in some cases other cells are blank. All methods have the
same edits, and each cell costs the same. Banff gives one set of cells for a report, drawn at random where there are several. The
programme has binary variables and a big M, as textbooks write it; it is solved again without each set that it gave, until the
next one is larger or its time is up. Every set is checked by a programme without M.

- solved: a set was given by whose change all edits can hold, and no method has a smaller one
- all: every set of that size that any method found was given
- minimal: reports in which no fewer cells than those that were changed explain the figures
- first: share of these in which the set given first holds just the cells that were changed
- seconds: of computing, for one report

Banff (pip install banff) is left out where it is not installed; it needs an older pandas than govstats: give it an environment
of its own.
"""

from __future__ import annotations

import argparse
import importlib.util
import platform
import time
import warnings
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp

import govstats
from govstats.forms import form
from govstats.simulate import KINDS, plant, simulate

Floats = NDArray[np.float64]
#: The numbers of the cells of a set.
Cells = frozenset[int]

TABLE = "requests"
EDITS = [edit for edit in form("2021").edits() if edit.table == TABLE]
KEYS = list(dict.fromkeys(cell for edit in EDITS for cell in edit.cells))
MATRIX = np.zeros((len(EDITS), len(KEYS)))
for _number, _edit in enumerate(EDITS):
    for _cell, _factor in _edit.terms:
        MATRIX[_number, KEYS.index(_cell)] += _factor
#: The table on requests has no amounts.
CASES = [
    *((kind, 0) for kind in KINDS if kind != "unit"),
    *((f"{count} x mistyped", 0) for count in (2, 3, 4)),
    ("mistyped", 5),
    ("2 x mistyped", 5),
]
#: So many seconds of computing the other two may take for one report.
PATIENCE = 2.0
#: The solver's own bound is in time on the clock, of which a busy machine gives a process a part.
BUSY = 20


class Answer(NamedTuple):
    """The sets that a method gives for each report, the first of them first, and its seconds for one report."""

    sets: list[list[Cells]]
    seconds: float


# --- methods ----------------------------------------------------------------------------------------------------------------


def by_govstats(reports: pd.DataFrame, figures: Floats) -> Answer:  # noqa: ARG001
    """Repair the reports; where several groups of edits fail, one repair of each."""
    started = time.thread_time()
    found = govstats.repairs(reports)
    seconds = time.thread_time() - started
    number = {key: at for at, key in enumerate(KEYS)}
    found = found.dropna(subset="line")
    found["cell"] = [number[key] for key in found[["table", "line", "column"]].itertuples(index=False, name=None)]
    sets: dict[str, list[Cells]] = {agency: [frozenset()] for agency in reports["agency"].unique()}
    for _, group in found.groupby("group", sort=False):
        agency = group["agency"].iloc[0]
        ways = [frozenset(one["cell"]) for _, one in group.groupby("repair", sort=True)]
        sets[agency] = [before | way for before in sets[agency] for way in ways]
    return Answer(list(sets.values()), seconds / len(sets))


def by_banff(_: pd.DataFrame, figures: Floats) -> Answer:
    """Let Banff choose a set for each report."""
    import banff

    names = [f"c{number}" for number in range(len(KEYS))]
    edits = " ".join(
        "".join(f" {'+' if factor > 0 else '-'} {names[at]}" for at, factor in enumerate(row.tolist()) if factor).strip(" +")
        + " = 0;"
        for row in MATRIX
    )
    data = pd.DataFrame(figures, columns=names).assign(unit=[f"r{number:05d}" for number in range(len(figures))])
    started = time.thread_time()
    done = banff.errorloc(
        indata=data, unit_id="unit", edits=edits, time_per_obs=PATIENCE, accept_negative=False, outstatus=True, outreject=True,
        capture=None, no_by_stats=True,
    )  # fmt: skip
    seconds = time.thread_time() - started
    fields = done.outstatus.to_pandas().groupby("unit")["FIELDID"]
    chosen = {unit: frozenset(names.index(field) for field in of_unit) for unit, of_unit in fields}
    known = [frozenset(np.flatnonzero(~np.isnan(row)).tolist()) for row in figures]
    sets = [[chosen[unit] & of_report] if unit in chosen else [] for unit, of_report in zip(data["unit"], known, strict=True)]
    return Answer(sets, seconds / len(figures))


def by_programme(_: pd.DataFrame, figures: Floats) -> Answer:
    """Solve the programme of Fellegi and Holt for each report, again and again without the sets that it gave."""
    started = time.thread_time()
    sets = [list(_enumerated(row)) for row in figures]
    return Answer(sets, (time.thread_time() - started) / len(figures))


def _enumerated(figures: Floats) -> Iterator[Cells]:
    known, count = ~np.isnan(figures), len(figures)
    start = np.nan_to_num(figures)
    much = 10 * start.max() + 100
    # the variables: figures that satisfy the edits, and whether each differs from what is reported
    changed = much * np.eye(count)
    constraints = [
        LinearConstraint(np.hstack([MATRIX, np.zeros_like(MATRIX)]), 0, 0),
        LinearConstraint(np.hstack([np.eye(count), -changed])[known], -np.inf, start[known]),
        LinearConstraint(np.hstack([np.eye(count), changed])[known], start[known], np.inf),
    ]
    cost = np.concatenate([np.zeros(count), known.astype(float)])
    bounds = Bounds(0, np.concatenate([np.full(count, much), np.ones(count)]))
    kinds = np.concatenate([np.zeros(count), np.ones(count)])
    deadline, least = time.thread_time() + PATIENCE, count
    while (left := deadline - time.thread_time()) > 0:
        found = milp(cost, constraints=constraints, bounds=bounds, integrality=kinds, options={"time_limit": BUSY * left})
        if found.status != 0 or round(found.fun) > least:
            return
        least = round(found.fun)
        cells = np.flatnonzero((np.round(found.x[count:]) == 1) & known)
        yield frozenset(cells.tolist())
        without = np.zeros(2 * count)
        without[count + cells] = 1
        constraints.append(LinearConstraint(without, -np.inf, len(cells) - 1))


METHODS: dict[str, tuple[Callable[[pd.DataFrame, Floats], Answer], str]] = {
    "govstats": (by_govstats, "govstats"),
    "Banff": (by_banff, "banff"),
    "MILP": (by_programme, "scipy"),
}


# --- the table --------------------------------------------------------------------------------------------------------------


def explains(figures: Floats, cells: Cells) -> bool:
    """Tell whether all edits can hold with whole figures, none negative, in some cells."""
    free = np.isnan(figures)
    free[list(cells)] = True
    sums = MATRIX[:, ~free] @ figures[~free]
    if not free.any():
        return not sums.any()
    fits = LinearConstraint(MATRIX[:, free], -sums, -sums)
    return milp(np.zeros(free.sum()), constraints=fits, bounds=Bounds(0, np.inf), integrality=np.ones(free.sum())).status == 0


def planted(kind: str, blanks: int, reports: int, seed: int) -> tuple[pd.DataFrame, Floats, list[Cells]]:
    """Return reports with errors, their figures in the order of the cells, and which cells were changed."""
    cells = simulate("2021", reports, seed=seed)
    count, _, name = kind.rpartition(" x ")
    wrong = plant(cells[cells["table"] == TABLE].reset_index(drop=True), [name] * int(count or 1), seed=seed)
    number = {key: at for at, key in enumerate(KEYS)}
    changed: dict[str, Cells] = {}
    for agency, errors in wrong.errors.groupby("agency", sort=True):
        keys = errors[["table", "line", "column"]].itertuples(index=False, name=None)
        changed[str(agency)] = frozenset(number[key] for key in keys)
    # a kind that a report has no room for is not in it
    frame = wrong.cells[wrong.cells["agency"].isin(list(changed))].reset_index(drop=True)
    keys = frame[["table", "line", "column"]].itertuples(index=False, name=None)
    at = np.array([number[key] for key in keys])
    of = frame["agency"].map({agency: row for row, agency in enumerate(changed)}).to_numpy()
    figures = np.full((len(changed), len(KEYS)), np.nan)
    figures[of, at] = frame["value"].to_numpy(dtype=float)
    generator = np.random.default_rng(seed)
    for row, cells_of_report in zip(figures, changed.values(), strict=True):
        others = [cell for cell in range(len(KEYS)) if cell not in cells_of_report]
        row[generator.choice(others, blanks, replace=False)] = np.nan
    empty = np.isnan(figures[of, at])
    frame.loc[empty, ["value", "printed", "status"]] = (pd.NA, "", "blank")
    return frame, figures, list(changed.values())


def measured(reports: int, seed: int) -> pd.DataFrame:
    """Return what became of the errors of each kind, by method."""
    methods = {name: method for name, (method, package) in METHODS.items() if importlib.util.find_spec(package)}
    for name in METHODS.keys() - methods.keys():
        print(f"{name} is not installed and is left out 未安装，略去")
    rows = []
    for kind, blanks in CASES:
        frame, figures, truth = planted(kind, blanks, reports, seed)
        answers = {name: method(frame, figures) for name, method in methods.items()}
        good = [
            {one for answer in answers.values() for one in answer.sets[at] if explains(of_report, one)}
            for at, of_report in enumerate(figures)
        ]
        least = [min(map(len, sets), default=0) for sets in good]
        smallest = [{one for one in sets if len(one) == size} for sets, size in zip(good, least, strict=True)]
        minimal = [cells in sets for cells, sets in zip(truth, smallest, strict=True)]
        for name, (sets, seconds) in answers.items():
            solved = np.mean([bool(smallest[at].intersection(given)) for at, given in enumerate(sets)])
            every = np.mean([smallest[at] <= {*given} for at, given in enumerate(sets)])
            first = [given[:1] == [truth[at]] for at, given in enumerate(sets) if minimal[at]]
            case = f"{kind}, {blanks} blank" if blanks else kind
            share = np.mean(first) if first else np.nan
            rows.append((case, name, len(truth), solved, every, sum(minimal), share, seconds))
            print(f"{case:24s}{name:10s}{solved:8.3f}{every:8.3f}{share:8.3f}{seconds:10.4f}", flush=True)
    return pd.DataFrame(rows, columns=["errors", "method", "reports", "solved", "all", "minimal", "first", "seconds"])


def drawn(table: pd.DataFrame, file: Path) -> None:
    """Draw how often the first set is right, and what a report takes."""
    import matplotlib.pyplot as plt

    fig, axes = plt.subplots(1, 3, figsize=(9, 5), sharey=True, layout="constrained")
    colours = dict(zip(METHODS, ["#2b6a99", "#e08214", "#8c8c8c"], strict=True))
    titles = {"all": "share with all smallest sets", "first": "share with the right set first", "seconds": "seconds a report"}
    for axis, (column, title) in zip(axes, titles.items(), strict=True):
        wide = table.pivot_table(index="errors", columns="method", values=column, sort=False).iloc[::-1, ::-1]
        wide.plot.barh(ax=axis, color=[colours[name] for name in wide.columns], width=0.8, legend=False, logx=column == "seconds")
        axis.set(xlabel=title, ylabel="")
        axis.spines[["top", "right"]].set_visible(False)
    handles, labels = axes[0].get_legend_handles_labels()
    fig.legend(handles[::-1], labels[::-1], loc="outside upper center", ncols=3, frameon=False)
    fig.savefig(file, dpi=130)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reports", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--figure", type=Path, help="draw the table too")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    table = measured(arguments.reports, arguments.seed)
    print(table.round(4).to_string(index=False))
    packages = [package for _, package in METHODS.values() if importlib.util.find_spec(package)]
    known = [f"{package} {version(package)}" for package in dict.fromkeys([*packages, "numpy", "pandas"])]
    print(f"versions: Python {platform.python_version()}, {', '.join(known)}")
    if arguments.figure:
        drawn(table, arguments.figure)


if __name__ == "__main__":
    main()
