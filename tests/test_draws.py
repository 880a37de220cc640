"""Draws of completed and repaired data sets: every edit holds, and what is possible is as likely as it is said to be."""

from __future__ import annotations

from collections import Counter
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chisquare, t

import govstats
from govstats import draws
from govstats.simulate import plant, simulate

APPLICANTS = ("natural_person", "commercial", "research")
LINES = ("granted", "partly_granted")


def without(cells: pd.DataFrame, *keys: tuple[str, str, str], status: str = "blank") -> pd.DataFrame:
    lost = pd.MultiIndex.from_frame(cells[["table", "line", "column"]]).isin(keys)
    return cells.assign(value=cells["value"].mask(lost), status=cells["status"].mask(lost, status))


def figures_of(drawn: pd.DataFrame, *keys: tuple[str, str, str]) -> tuple[float, ...]:
    values = drawn.set_index(["table", "line", "column"])["value"]
    return tuple(float(values[key]) for key in keys)


def failed(cells: pd.DataFrame) -> set[str]:
    found = govstats.reconcile(cells)
    return set(found.loc[(found["status"] == "fail") & found["severity"].isin(["E", "W"]), "rule"])


def test_every_draw_satisfies_the_edits() -> None:
    cells = plant(simulate("2021", 4, size="medium", seed=5), ["mistyped", "swapped"], seed=6).cells
    generator = np.random.default_rng(7)
    lost = (cells["table"] == "requests") & (generator.random(len(cells)) < 0.1)
    cells = cells.assign(value=cells["value"].mask(lost), status=cells["status"].mask(lost, "blank"))
    assert {"T3R", "T3C"} <= failed(cells)
    before = cells.copy()
    drawn = list(draws(cells, 3, seed=1))
    assert [set(one["draw"]) for one in drawn] == [{1}, {2}, {3}]
    for one in drawn:
        assert not failed(one)
        as_reported = ~one["method"].isin(["repaired", "deduced", "drawn", "open"])
        pd.testing.assert_frame_equal(one.loc[as_reported, cells.columns], cells[as_reported])
    assert {"repaired", "deduced", "drawn"} <= set(pd.concat(drawn)["method"])
    pd.testing.assert_frame_equal(cells, before)


def test_all_figures_that_the_edits_allow_are_equally_likely() -> None:
    cells = simulate("2021", 1, size="small", seed=3)
    keys = [("requests", line, applicant) for line, applicant in product(LINES, APPLICANTS)]
    # lines 4 and 3, columns 2, 3 and 2: whole tables with these margins, enumerated
    table = dict(zip(keys, (1, 2, 1, 1, 1, 1), strict=True))
    cells["value"] = [table.get(key, 0) for key in cells[["table", "line", "column"]].itertuples(index=False, name=None)]
    sums = {"granted": 4, "partly_granted": 3}
    for line, total in sums.items():
        cells.loc[(cells["line"] == line) & (cells["column"] == "total"), "value"] = total
    for applicant, total in (*zip(APPLICANTS, (2, 3, 2), strict=True), ("total", 7)):
        cells.loc[cells["line"].isin(["new", "processed_total"]) & (cells["column"] == applicant), "value"] = total
    assert not failed(cells)
    every = [(a, b, 4 - a - b, 2 - a, 3 - b, 2 - (4 - a - b)) for a, b in product(range(3), range(4)) if 0 <= 4 - a - b <= 2]
    assert len(every) == 8
    counts = Counter(figures_of(one, *keys) for one in draws(without(cells, *keys), 400, seed=2))
    assert set(counts) == set(every)
    assert chisquare([counts[one] for one in every]).pvalue > 0.01


def test_what_one_figure_only_fits_is_deduced_also_from_the_year_before() -> None:
    before = simulate("2021", 1, size="medium", seed=9).assign(year=2022)
    keys = [("requests", line, column) for line, column in product(("new", "carried_in"), ("natural_person", "total"))]
    carried = figures_of(before, ("requests", "carried_out", "natural_person"), ("requests", "carried_out", "total"))
    now = before.assign(year=2023)
    ended = figures_of(now, keys[0], keys[2]), figures_of(now, keys[1], keys[3])
    # what was carried out of 2022 is carried into 2023, in the columns at hand
    for column in set(now.loc[now["table"] == "requests", "column"]):
        at = {line: (now["line"] == line) & (now["column"] == column) for line in ("new", "carried_in", "carried_out")}
        out = before.loc[at["carried_out"], "value"].item()
        both = now.loc[at["new"], "value"].item() + now.loc[at["carried_in"], "value"].item()
        now.loc[at["carried_in"], "value"], now.loc[at["new"], "value"] = min(out, both), both - min(out, both)
        assert out <= both
    lost = without(now, *keys)
    (alone,) = draws(lost, 1, seed=1)
    assert set(alone.loc[alone["status"] != lost["status"], "method"]) == {"drawn"}
    (both_years,) = draws(pd.concat([before, lost], ignore_index=True), 1, seed=1)
    found = both_years[both_years["year"] == 2023]
    assert figures_of(found, keys[2], keys[3]) == carried
    assert figures_of(found, keys[0], keys[1]) == tuple(sum(one) - out for one, out in zip(ended, carried, strict=True))
    assert set(found.loc[found["method"] != "simulated", "method"]) == {"deduced"}


def test_repairs_of_one_rank_are_equally_likely_and_five_times_as_likely_as_the_next() -> None:
    cells = simulate("2021", 1, size="small", seed=3)
    wrong = (cells["line"] == "carried_out") & cells["column"].isin(["natural_person", "total"])
    cells.loc[wrong, "value"] += 3
    found = govstats.repairs(cells)
    ranks = found.groupby("repair")["rank"].first()
    weights = [5.0 ** -(sorted(set(ranks)).index(rank)) for rank in ranks]
    lines = found.groupby("repair")["cells"].first()
    counts: Counter[str] = Counter()
    for one in draws(cells, 300, seed=4, repairs=found):
        changed = one.loc[one["method"] == "repaired", ["table", "line", "column"]]
        counts[";".join(map("/".join, changed.to_numpy()))] += 1
    assert len(lines) >= 2
    expected = 300 * np.array(weights) / sum(weights)
    assert chisquare([counts[cells_of] for cells_of in lines], expected).pvalue > 0.01


def test_what_has_no_bound_or_no_complete_list_of_repairs_stays_open() -> None:
    cells = simulate("2021", 1, size="medium", seed=3)
    # a total and its part may both be any number
    keys = [("review", "reconsideration", "upheld"), ("review", "reconsideration", "total")]
    (drawn,) = draws(without(cells, *keys), 1)
    assert np.isnan(figures_of(drawn.astype({"value": float}), *keys)).all()
    wrong = plant(cells, ["mistyped"], seed=1).cells
    found = govstats.repairs(wrong).assign(complete=False)
    (drawn,) = draws(wrong, 1, repairs=found)
    of_table = drawn[drawn["table"] == "requests"]
    assert of_table["value"].isna().all()
    assert set(of_table["method"]) == {"open"}
    assert set(drawn.loc[drawn["table"] != "requests", "method"]) == {"simulated"}


def test_the_same_seed_gives_the_same_draws_whoever_else_is_there() -> None:
    cells = plant(simulate("2021", 3, size="medium", seed=5), ["row_shifted"], seed=6).cells
    some = (cells["line"].isin(LINES)) & cells["column"].isin(APPLICANTS)
    cells = cells.assign(value=cells["value"].mask(some), status=cells["status"].mask(some, "unreadable"))
    twice = [pd.concat(draws(cells, 3, seed=seed)) for seed in (8, 8, 9)]
    pd.testing.assert_frame_equal(twice[0], twice[1])
    assert not twice[0].equals(twice[2])
    one = cells[cells["agency"] == cells["agency"].iloc[-1]]
    alone = pd.concat(draws(one, 3, seed=8))
    among = twice[0][twice[0]["agency"] == one["agency"].iloc[0]]
    pd.testing.assert_frame_equal(alone.reset_index(drop=True), among.reset_index(drop=True))


def test_a_cell_that_the_document_lacks_has_a_row_where_it_has_a_figure() -> None:
    cells = simulate("2021", 1, size="medium", seed=3)
    key = ("requests", "granted", "total")
    lost = cells[~((cells["line"] == key[1]) & (cells["column"] == key[2]))]
    (drawn,) = draws(lost, 1)
    assert figures_of(drawn, key) == figures_of(cells, key)
    assert len(drawn) == len(cells)
    assert drawn.iloc[-1][["form", "method", "status"]].tolist() == ["2021", "deduced", "reported"]


def test_a_report_that_names_neither_agency_nor_year_is_drawn_as_well() -> None:
    cells = plant(simulate("2021", 1, size="medium", seed=3), ["mistyped"], seed=1).cells.drop(columns="method")
    unnamed = cells.assign(agency=pd.Series(None, cells.index, dtype="str"), year=pd.Series(pd.NA, cells.index, dtype="Int64"))
    lost = without(unnamed, ("requests", "granted", "legal"), ("review", "reconsideration", "total"))
    (drawn,) = draws(lost[~((lost["line"] == "other.other") & (lost["column"] == "total"))], 1)
    assert set(drawn["status"]) == {"reported"}
    assert failed(cells)
    assert not failed(drawn)
    assert drawn["method"].value_counts().to_dict() == {"deduced": 3, "repaired": 1}


def test_a_frame_of_repairs_without_its_columns_is_refused() -> None:
    with pytest.raises(govstats.UnusableCells, match="proposed"):
        next(draws(simulate("2021", 1), 1, repairs=pd.DataFrame({"agency": []})))


def test_the_page_combines_results_by_rubins_rules() -> None:
    page = (Path(__file__).parent.parent / "docs" / "howto" / "draws.md").read_text("utf-8")
    (block,) = (one for one in page.split("```python\n")[1:] if "total = within" in one)
    known: dict[str, Any] = {"np": np, "t": t, "fits": [(1, 0.5), (2, 0.5), (3, 0.5)]}
    exec(block.split("```")[0], known)
    # 0.5 + 4/3 × 1, and 2 × (1 + 0.5 / (4/3))² degrees of freedom
    assert known["total"] == pytest.approx(11 / 6)
    assert known["freedom"] == pytest.approx(2 * 1.375**2)
    assert known["half"] == pytest.approx(t.ppf(0.975, 3.78125) * (11 / 6) ** 0.5)


def test_odds_are_above_zero() -> None:
    with pytest.raises(govstats.GovstatsError, match=r"odds=-1: expected a number above 0"):
        next(draws(simulate(seed=1), 1, odds=-1))
