"""Repairs: the planted error is found, and nothing is found where nothing is wrong."""

from __future__ import annotations

import pandas as pd
import pytest

import govstats
from govstats import embedded
from govstats.forms import form
from govstats.reconciliation.mechanisms import mechanism
from govstats.reconciliation.repairs import repairs
from govstats.simulate import KINDS, found_again, plant, simulate


@pytest.mark.parametrize(
    ("reported", "proposed", "how"),
    [
        (258, 275, "other"),
        (273, 275, "mistyped"),
        (257, 275, "transposed"),
        (25, 275, "dropped"),
        (2275, 275, "doubled"),
        (-3, 3, "sign"),
        (251000, 25.1, "unit"),
        (0, 11, "other"),
    ],
)
def test_mechanisms(reported: float, proposed: float, how: str) -> None:
    assert mechanism(reported, proposed) == how


def test_a_total_that_lags_behind_was_not_updated() -> None:
    assert mechanism(14, 27, is_total=True) == "not_updated"


@pytest.mark.parametrize("version", ["2008", "2019", "2021"])
def test_consistent_reports_need_no_repair(version: str) -> None:
    cells = simulate(version, 50, seed=11)
    findings = govstats.reconcile(cells)
    assert set(findings["status"]) == {"pass"}
    assert repairs(cells).empty


@pytest.mark.parametrize("kind", ["mistyped", "dropped", "doubled", "transposed", "sign", "not_updated"])
def test_one_error_in_the_table_on_requests_is_located_with_its_value(kind: str) -> None:
    planted = plant(simulate("2021", 60, seed=12), [kind], seed=13)
    assert len(planted.errors) > 20
    found = repairs(planted.cells)
    expected = {
        (agency, line, column): (float(true), float(reported))
        for agency, line, column, true, reported in planted.errors[["agency", "line", "column", "true", "reported"]].values
    }
    assert {(row.agency, row.line, row.column): (row.proposed, row.reported) for row in found.itertuples()} == expected
    assert found["unique"].all()


def test_two_errors_are_among_the_minimal_repairs() -> None:
    planted = plant(simulate("2019", 40, seed=14), ["mistyped", "dropped"], seed=15)
    found = repairs(planted.cells)
    for agency, errors in planted.errors.groupby("agency"):
        mine = found[found["agency"] == agency]
        listed = [frozenset(zip(one["line"], one["column"], one["proposed"], strict=True)) for _, one in mine.groupby("repair")]
        truth = frozenset(zip(errors["line"], errors["column"], errors["true"].astype(float), strict=True))
        smaller = listed and len(listed[0]) < len(truth)
        assert listed
        assert smaller or truth in listed


def test_the_year_after_decides_between_repairs() -> None:
    """A carried-out 0 for 3 in one column and in the total: three repairs, and the next year's carry-over names the right one."""
    cells = simulate("2021", 1, size="medium", seed=16)
    key = list(zip(cells["line"], cells["column"], strict=True))
    value = dict(zip(key, cells["value"], strict=True))
    more = {("carried_out", "legal"): 3.0, ("carried_out", "total"): 3.0, ("new", "legal"): 3.0, ("new", "total"): 3.0}
    truth = {cell: value[cell] + more.get(cell, 0.0) for cell in key}
    printed = dict(truth)
    for column in ("legal", "total"):
        printed["carried_out", column] -= 3.0
    this_year = cells.assign(value=pd.array([printed[cell] for cell in key], dtype="Float64"))
    alone = repairs(this_year)
    assert {tuple(one["line"]) for _, one in alone.groupby("repair")} >= {("carried_out", "carried_out"), ("new", "new")}
    assert not alone["unique"].any()
    next_year = simulate("2021", 1, size="medium", seed=17)
    carried = {("carried_in", column): truth["carried_out", column] for column in form("2021").table("requests").column}
    for line, column in [("carried_in", c) for c in carried_columns(next_year)]:
        shift = carried[line, column] - next_year.loc[which(next_year, line, column), "value"]
        next_year.loc[which(next_year, line, column), "value"] += shift
        next_year.loc[which(next_year, "new", column), "value"] += 100 - shift
        next_year.loc[which(next_year, "carried_out", column), "value"] += 100
    both = pd.concat([this_year, next_year.assign(year=this_year["year"] + 1)], ignore_index=True)
    first = repairs(both)
    assert first.loc[first["repair"] == 1, "line"].tolist() == ["carried_out", "carried_out"]
    assert str(first["witnesses"].iloc[0]).startswith("+ 2024 requests/carried_in/")


def carried_columns(cells: pd.DataFrame) -> list[str]:
    return cells.loc[cells["line"] == "carried_in", "column"].tolist()


def which(cells: pd.DataFrame, line: str, column: str) -> pd.Series:
    return (cells["line"] == line) & (cells["column"] == column)


def test_real_reports() -> None:
    found = repairs(embedded.report("淮安市洪泽区人民政府", 2023))
    total = found[(found["line"] == "reconsideration")]
    # 10 + 1 + 0 + 0 under a total of 0
    assert total[["column", "reported", "proposed", "unique"]].values.tolist() == [["total", 0.0, 11.0, True]]
    # 5 + 0 + 0 + 0 under a total of 0 has two repairs
    assert found.loc[found["line"] != "reconsideration", "unique"].tolist() == [False, False]
    pingtan = repairs(embedded.report("平潭综合实验区", 2020))
    # results add to 27 under a total of 21: six applications are counted twice, as granted or as granted in part
    assert set(pingtan["line"]) == {"granted", "partly_granted"}
    assert set(pingtan["reported"] - pingtan["proposed"]) == {6.0}


def test_every_kind_of_error_changes_figures() -> None:
    planted = plant(simulate("2021", 20, size="large", seed=18), list(KINDS), tables=("requests", "proactive"), seed=19)
    assert set(planted.errors["kind"]) == set(KINDS)
    assert (planted.errors["true"] != planted.errors["reported"]).all()


def test_a_search_that_runs_out_of_time_says_so() -> None:
    planted = plant(simulate("2021", 1, size="large", seed=23), ["mistyped"] * 12, seed=24)
    found = repairs(planted.cells, seconds=0.0)
    assert not found["complete"].any()
    assert not found["unique"].any()
    assert found["message_zh"].str.contains("时限").all()
    assert found["message_en"].str.contains("met its bound").all()


def test_claims_of_the_prose_are_witnesses() -> None:
    """5 + 0 + 0 + 0 under a total of 0: the prose says that none was upheld, which decides for the other cell."""
    report = embedded.report("淮安市洪泽区人民政府", 2023)
    claim = {
        "agency": report.agency,
        "year": 2023,
        "target": "review/litigation_after_reconsideration/upheld",
        "value": 0.0,
        "low": None,
        "high": None,
        "quote": "复议后起诉无一维持",
    }
    found = repairs(report, claims=pd.DataFrame([claim]), reread=False)
    mine = found[found["line"] == "litigation_after_reconsideration"]
    assert mine[["column", "rank", "witnesses"]].values.tolist() == [
        ["upheld", 1, "+ “复议后起诉无一维持”"],
        ["total", 2, ""],
    ]


def test_planted_errors_are_found_again() -> None:
    planted = plant(simulate("2021", 12, size="medium", seed=25), ["mistyped"], seed=26)
    again = found_again(planted, repairs(planted.cells))
    assert len(again) == 12
    assert again[["noticed", "minimal", "listed", "alone", "first"]].to_numpy(dtype=bool).all()
    # one cell of a block of five: any other may be the wrong one, and none of the repairs is the only one
    blocks = plant(simulate("2021", 12, size="large", seed=27), ["mistyped"], tables=["review"], seed=28)
    again = found_again(blocks, repairs(blocks.cells))
    assert again["noticed"].all()
    assert again["listed"].all()
    assert not again["alone"].any()
