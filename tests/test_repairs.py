"""Repairs: the planted error is found, and nothing is found where nothing is wrong."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp

import govstats
from govstats import embedded
from govstats.forms import form
from govstats.reconciliation.matrix import Reports
from govstats.reconciliation.repairs import mechanism, repairs
from govstats.simulate import KINDS, found_again, plant, simulate

from .test_rules import BLANK, Cell, frame


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
        # apart by a fen, which no digit shows
        (25.123456, 25.123457, "other"),
    ],
)
def test_mechanisms(reported: float, proposed: float, how: str) -> None:
    assert mechanism(reported, proposed) == how


def test_a_total_that_lags_behind_was_not_updated() -> None:
    assert mechanism(14, 27, is_total=True) == "not_updated"
    # the first digit stands second in the other figure, which makes them no transposed pair
    assert mechanism(759, 775, is_total=True) == "not_updated"


def test_digits_of_a_negative_figure_are_planted_with_its_sign() -> None:
    cells = simulate("2019", 1, seed=1)
    cells["value"] = cells["value"].where(cells["column"] != "items_change", -12.0)
    for kind, shown in (("dropped", {-1.0, -2.0}), ("doubled", {-112.0, -122.0}), ("transposed", {-21.0})):
        only = cells[cells["column"] == "items_change"].reset_index(drop=True)
        errors = plant(only, [kind], tables=["proactive"], seed=2).errors
        assert len(errors) == 1
        assert set(errors["reported"]) <= shown


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
        more_of = 600 if column == "total" else 100
        next_year.loc[which(next_year, "new", column), "value"] += more_of - shift
        next_year.loc[which(next_year, "carried_out", column), "value"] += more_of
    both = pd.concat([this_year, next_year.assign(year=this_year["year"] + 1)], ignore_index=True)
    first = repairs(both)
    assert first["line"].tolist() == ["carried_out", "carried_out"]
    assert first["unique"].all()
    assert set(first["rules"]) == {"T3B;T3Y"}
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
    # a claim without an upper bound is one too: the total of 5 is more than 4, that of 0 is not
    more = claim | {"target": "review/litigation_after_reconsideration/total", "value": 4.0, "low": 5.0, "quote": "超过4件"}
    found = repairs(report, claims=pd.DataFrame([more]), reread=False)
    mine = found[found["line"] == "litigation_after_reconsideration"]
    assert mine[["column", "rank", "witnesses"]].values.tolist() == [["total", 1, "+ “超过4件”"], ["upheld", 2, ""]]


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


def listed_sets(found: pd.DataFrame) -> list[dict[str, float | None]]:
    """Return each repair as its cells with what they should be, None where several figures would do."""
    keys = found["table"] + "/" + found["line"] + "/" + found["column"]
    proposed = found["proposed"].astype(object).where(found["proposed"].notna(), None)
    return [dict(zip(keys[one.index], proposed[one.index], strict=True)) for _, one in found.groupby("repair", sort=True)]


@pytest.mark.parametrize(
    ("version", "changes", "rule", "expected"),
    [
        # in no sum: no figure follows
        ("2021", {"proactive/penalties/decisions": -14}, "S04", [{"proactive/penalties/decisions": None}]),
        # half a decision and a negative one are two matters
        (
            "2021",
            {"proactive/penalties/decisions": 13.5, "proactive/licensing/decisions": -1},
            "S04",
            [{"proactive/licensing/decisions": None}, {"proactive/penalties/decisions": None}],
        ),
        # 6.5 and 1.5 are 8: the sum holds, and both have to change, with the total or without
        (
            "2021",
            {"review/reconsideration/upheld": 2.5, "review/reconsideration/other": 0.5},
            "S04",
            [{"review/reconsideration/upheld": None, "review/reconsideration/other": None}],
        ),
        # 2 items of the year before and 3 fewer: either of them
        (
            "2019",
            {"proactive/coercive_measures/items_previous_year": 2, "proactive/coercive_measures/items_change": -3},
            "T2O3",
            [
                {"proactive/coercive_measures/items_previous_year": None},
                {"proactive/coercive_measures/items_change": None},
            ],
        ),
        # 3 in force, 5 issued and 1 repealed
        (
            "2021",
            {"proactive/rules/in_force": 3, "proactive/rules/issued": 5, "proactive/rules/repealed": 1},
            "T2I",
            [{f"proactive/rules/{column}": None} for column in ("in_force", "issued", "repealed")],
        ),
        (
            "2019",
            {"proactive/rules/disclosed_total": 3, "proactive/rules/newly_disclosed": 5},
            "T2O1",
            [{"proactive/rules/disclosed_total": None}, {"proactive/rules/newly_disclosed": None}],
        ),
    ],
)
def test_what_is_no_count_and_what_breaks_an_inequality_has_repairs(
    version: str, changes: dict[str, Cell], rule: str, expected: list[dict[str, float | None]]
) -> None:
    cells = frame(version, changes)
    failed = govstats.reconcile(cells).query("status == 'fail'")
    assert set(failed["rule"]) == {rule}
    found = repairs(cells)
    assert set(found["rules"]) == {rule}
    assert sorted(map(str, listed_sets(found))) == sorted(map(str, expected))


def test_a_negative_count_whose_sum_is_wrong_as_well_has_one_figure() -> None:
    """-2, 0, 1 and 0 under a total of 3: it is 2."""
    found = repairs(frame("2021", {"review/reconsideration/upheld": -2}))
    assert listed_sets(found) == [{"review/reconsideration/upheld": 2.0}]
    assert found[["rules", "mechanism"]].to_numpy().tolist() == [["T4S;S04", "sign"]]


# --- years repaired together ------------------------------------------------------------------------------------------------

IN, OUT, NEW = ("requests/carried_in", "requests/carried_out", "requests/new")


def both(line: str, figure: float) -> dict[str, Cell]:
    """A figure of natural persons, and the same in the total."""
    return {f"{line}/natural_person": figure, f"{line}/total": figure}


def chain(*changes: Mapping[str, Cell], first: int = 2019) -> pd.DataFrame:
    """Years that carry in what the one before carried out, 1 and 2, 2 and 3, 3 and 4, with some figures changed."""
    years = []
    for step, changed in enumerate(changes):
        version = "2019" if first + step < 2021 else "2021"
        carried = both(IN, 1 + step) | both(OUT, 2 + step)
        years.append(frame(version, {**carried, **changed}).assign(year=first + step))
    return pd.concat(years, ignore_index=True)


def listed(found: pd.DataFrame) -> list[set[tuple[int, str, float]]]:
    """The year, the line and the proposed figure of each repair; every line here has natural persons and the total."""
    assert found["column"].isin(["natural_person", "total"]).all()
    return [set(zip(one["year"], one["line"], one["proposed"], strict=True)) for _, one in found.groupby("repair")]


def test_years_that_carry_over_what_they_should_need_no_repair() -> None:
    cells = chain({}, {}, {}, {})
    findings = govstats.reconcile(cells)
    assert set(findings.loc[findings["rule"].str.startswith("T3"), "status"]) == {"pass"}
    assert repairs(cells).empty


@pytest.mark.parametrize("step", [0, 1, 2])
def test_a_carry_over_that_is_one_too_few_is_located_by_the_years_beside(step: int) -> None:
    changes: list[Mapping[str, Cell]] = [{}, {}, {}, {}]
    changes[step] = both(OUT, 1 + step)
    found = repairs(chain(*changes))
    assert listed(found) == [{(2019 + step, "carried_out", 2.0 + step)}]
    assert found["unique"].all()
    assert set(found["rules"]) == {"T3B;T3Y"}
    # the year alone has three ways, the last year of a chain two: what it carried in is held by the year before
    assert repairs(chain(*changes).query(f"year == {2019 + step}"))["repair"].nunique() == 3
    assert repairs(chain(*changes).query(f"year <= {2019 + step}"))["repair"].nunique() == (2 if step else 3)


def test_two_consistent_years_that_contradict_each_other_have_repairs_in_both() -> None:
    # 2 carried out, 1 carried in: either is wrong, and with it what was received or the other carry-over of that year
    # one more was granted in the first year, and one fewer not held: it is not the same table
    granted: dict[str, Cell] = {"requests/granted/natural_person": 7, "requests/granted/total": 8}
    granted |= {"requests/unable.not_held/natural_person": 2, "requests/unable.not_held/total": 2}
    cells = pd.concat([frame("2021", granted).assign(year=2021), frame("2021")], ignore_index=True)
    found = repairs(cells)
    assert set(map(frozenset, listed(found))) == {
        frozenset({(2021, "carried_out", 1.0), (2021, "carried_in", 0.0)}),
        frozenset({(2021, "carried_out", 1.0), (2021, "new", 9.0), (2021, "new", 11.0)}),
        frozenset({(2022, "carried_in", 2.0), (2022, "carried_out", 3.0)}),
        frozenset({(2022, "carried_in", 2.0), (2022, "new", 9.0), (2022, "new", 11.0)}),
    }
    assert set(found["group"]) == {1}
    assert set(found["rules"]) == {"T3Y"}
    assert not found["unique"].any()
    first = found[found["year"] == 2021].iloc[0]
    assert first["message_zh"].startswith("2021 年的“")
    assert " of 2021 is printed as " in first["message_en"]
    assert set(first["cells"].split(";")) < {
        f"{line}/{column}" for line in (IN, OUT, NEW) for column in ("natural_person", "total")
    }


def test_an_error_that_has_nothing_to_do_with_the_carry_over_is_a_group_of_its_own() -> None:
    wrong = frame("2021", {"requests/granted/natural_person": 16})
    found = repairs(pd.concat([frame("2021").assign(year=2021), wrong], ignore_index=True))
    sizes = found.groupby("group")["repair"].nunique().tolist()
    assert sorted(sizes) == [1, 4]
    (alone,) = found[found["line"] == "granted"].to_dict("records")
    assert (alone["year"], alone["proposed"], alone["unique"], alone["rules"]) == (2022, 6, True, "T3R;T3C")


def test_requests_sorted_otherwise_among_the_columns_are_no_error() -> None:
    # 2 carried out of natural persons, carried in as 1 of a person and 1 of an enterprise, of whom 2 and 2 were received
    sorted_otherwise: dict[str, Cell] = {
        f"{IN}/natural_person": 1,
        f"{IN}/commercial": 1,
        f"{NEW}/natural_person": 11,
        f"{NEW}/commercial": 1,
    }
    cells = chain({}, sorted_otherwise)
    findings = govstats.reconcile(cells).query("rule == 'T3Y' and status == 'fail'")
    assert findings["severity"].tolist() == ["W", "W"]
    assert repairs(cells).empty


def test_a_blank_contradicts_no_carry_over() -> None:
    assert repairs(chain({f"{OUT}/total": BLANK}, {})).empty


def test_years_apart_are_not_joined() -> None:
    cells = chain({}, {}, {}).query("year != 2020")
    assert repairs(cells).empty


def test_a_report_whose_year_is_not_known_is_repaired_alone() -> None:
    cells = chain(both(OUT, 1)).assign(year=pd.Series(pd.NA, dtype="Int64"))
    found = repairs(cells)
    assert found["repair"].nunique() == 3
    assert found["year"].isna().all()
    assert set(found["printed"]) == {"1", "10", "12"}


def test_reports_of_a_panel_are_taken_as_a_frame_of_their_cells_is() -> None:
    cells = chain(both(OUT, 0), {})
    pd.testing.assert_frame_equal(repairs(Reports(cells)), repairs(cells))


def fewest(cells: pd.DataFrame) -> int:
    """The fewest figures of the table on requests that have to change, by a programme over all years at once."""
    requests = cells[cells["table"] == "requests"].reset_index(drop=True)
    at = {key: row for row, key in enumerate(zip(requests["year"], requests["line"], requests["column"], strict=True))}
    figures = requests["value"].to_numpy(dtype=float)
    rows = []
    for year, version in requests[["year", "form"]].drop_duplicates().itertuples(index=False):
        balance = form(version).table("requests").balance_edits()
        rows += [{at[year, line, column]: sign for (_, line, column), sign in edit.terms} for edit in balance]
        for column in form(version).table("requests").column:
            pair = (at.get((year - 1, "carried_out", column)), at[year, "carried_in", column])
            if pair[0] is not None and (column == "total" or figures[pair[0]] == figures[pair[1]]):
                rows.append({pair[0]: 1, pair[1]: -1})
    count = len(figures)
    matrix = np.zeros((len(rows), count))
    for row, terms in zip(matrix, rows, strict=True):
        row[list(terms)] = list(terms.values())
    largest = 1000.0
    result = milp(
        np.concatenate([np.zeros(count), np.ones(count)]),
        integrality=np.ones(2 * count, dtype=np.intp),
        bounds=Bounds(0, np.concatenate([np.full(count, largest), np.ones(count)])),
        constraints=[
            LinearConstraint(np.hstack([matrix, np.zeros_like(matrix)]), 0, 0),
            LinearConstraint(np.hstack([np.eye(count), -largest * np.eye(count)]), -np.inf, figures),
            LinearConstraint(np.hstack([-np.eye(count), -largest * np.eye(count)]), -np.inf, -figures),
        ],
    )
    assert result.x is not None
    return round(result.fun)


@pytest.mark.parametrize("seed", range(6))
def test_years_together_are_repaired_with_as_few_changes_as_a_programme_finds(seed: int) -> None:
    random = np.random.default_rng(seed)
    cells = chain({}, {}, {})
    carried = cells.index[cells["line"].isin(["carried_in", "carried_out", "new"]) & (cells["value"] > 0)]
    wrong = random.choice(carried, 2, replace=False)
    cells.loc[wrong, "value"] += random.integers(1, 4, 2)
    found = repairs(cells)
    assert found["complete"].all()
    changes = found.groupby(["group", "repair"]).size().groupby("group")
    assert (changes.min() == changes.max()).all()
    assert changes.min().sum() == fewest(cells)


def test_a_table_with_amounts_and_no_totals_takes_the_other_kinds_of_errors() -> None:
    planted = plant(simulate("2019", 30, seed=5), list(KINDS), tables=("proactive",), seed=4)
    kinds = set(planted.errors["kind"])
    assert "not_updated" not in kinds
    assert {"mistyped", "swapped", "unit"} <= kinds
    assert (planted.errors["true"] != planted.errors["reported"]).all()
