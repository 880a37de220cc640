"""How much likelier than one of the next rank is a repair, where errors were planted and the true one is known?

    python benchmarks/ranks.py [--reports N]

The odds by which `govstats.draws` weighs ranks: those that make the true repairs likeliest (maximum likelihood), over the groups
of edits of which several repairs were found and the true one is among them. 1 would mean that ranks say nothing. Planted errors
are of the kinds that ranks were made for, so that the odds of those that people make are rather less.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.optimize import minimize_scalar

import govstats
from govstats.simulate import KINDS, plant, simulate

ERRORS: list[tuple[str, ...]] = [
    *((kind,) for kind in KINDS if kind != "unit"),
    ("mistyped", "transposed"),
    ("dropped", "not_updated"),
    ("mistyped", "swapped"),
    ("mistyped", "mistyped", "doubled"),
]
#: Odds above this cannot be told from certainty with so few reports.
MOST = 1_000.0
CELL = ["table", "line", "column"]
#: The tier of the true repair, and those of all repairs of its group.
Group = tuple[float, Sequence[float]]


def groups(kinds: tuple[str, ...], reports: int) -> list[Group]:
    """Return the tiers of the repairs of reports with some errors."""
    found: list[Group] = []
    for size in ("medium", "mixed"):
        planted = plant(simulate("2021", reports, size=size, seed=11), kinds, tables=("requests", "review"), seed=5)
        repairs = govstats.repairs(planted.cells).dropna(subset="line")
        truth = planted.errors[["agency", *CELL, "true"]].rename(columns={"true": "proposed"}).assign(right=True)
        right = repairs.merge(truth, how="left")["right"].eq(True).groupby(repairs["repair"].to_numpy()).all()
        of_repair = repairs.groupby("repair").agg(group=("group", "first"), rank=("rank", "first")).assign(right=right)
        for _, ways in of_repair.groupby("group"):
            tiers = ways["rank"].rank(method="dense")
            if len(ways) > 1 and ways["right"].any():
                found.append((float(tiers[ways["right"]].iloc[0]), tiers.tolist()))
    return found


def odds(found: Sequence[Group]) -> float:
    """Return the odds that make the true repairs likeliest."""

    def unlikely(logarithm: float) -> float:
        against = [np.log(np.exp(logarithm * (true - np.array(tiers))).sum()) for true, tiers in found]
        return float(np.sum(against))

    return float(np.exp(minimize_scalar(unlikely, bounds=(0, np.log(MOST)), method="bounded").x))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reports", type=int, default=20)
    reports = parser.parse_args().reports
    by_kind = {" + ".join(kinds): groups(kinds, reports) for kinds in ERRORS}
    by_kind["all"] = [one for found in by_kind.values() for one in found]
    rows = [
        (name, len(found), np.mean([true == 1 for true, _ in found]), odds(decided))
        for name, found in by_kind.items()
        if (decided := [one for one in found if max(one[1]) > 1])
    ]
    print(pd.DataFrame(rows, columns=["errors", "groups", "first", "odds"]).round(2).to_string(index=False))


if __name__ == "__main__":
    main()
