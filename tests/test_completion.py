"""Deductive completion: figures that follow from the others, worked out by hand, and nothing that does not follow."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest

import govstats
from govstats import embedded
from govstats.simulate import simulate

Figures = Mapping[str, float | None]


def block(figures: Figures, line: str = "reconsideration", status: str = "blank") -> pd.DataFrame:
    """One block of the table on reconsideration and litigation; None is a cell without a figure."""
    return pd.DataFrame(
        {
            "agency": "某区",
            "year": 2023,
            "form": "2021",
            "table": "review",
            "line": line,
            "column": list(figures),
            "value": pd.array(list(figures.values()), dtype="Float64"),
            "status": ["reported" if figure is not None else status for figure in figures.values()],
        }
    )


def deduced(cells: pd.DataFrame, line: str = "reconsideration") -> dict[str, tuple[object, ...]]:
    found = govstats.completions(cells)
    found = found[found["line"] == line]
    plain = found[["value", "low", "high", "basis"]].astype(object)
    rows = plain.where(plain.notna(), None).itertuples(index=False, name=None)
    return dict(zip(found["column"], rows, strict=True))


def test_the_only_unknown_of_a_sum_is_what_is_left() -> None:
    # 10 + 1 + x + 0 = 13
    assert deduced(block({"upheld": 10, "corrected": 1, "other": None, "pending": 0, "total": 13})) == {
        "other": (2, 2, 2, "sum"),
    }
    # a total that was left out: 10 + 1 + 2 + 0
    assert deduced(block({"upheld": 10, "corrected": 1, "other": 2, "pending": 0, "total": None})) == {
        "total": (13, 13, 13, "sum"),
    }


def test_parts_of_nothing_are_nothing() -> None:
    figures = {"upheld": None, "corrected": None, "other": None, "pending": None, "total": 0}
    zero = (0, 0, 0, "zero")
    assert deduced(block(figures)) == {"upheld": zero, "corrected": zero, "other": zero, "pending": zero}


def test_where_several_figures_would_do_there_are_bounds_only() -> None:
    # 10 + x + y + 0 = 13: each between 0 and 3
    within = (None, 0, 3, "interval")
    assert deduced(block({"upheld": 10, "corrected": None, "other": None, "pending": 0, "total": 13})) == {
        "corrected": within,
        "other": within,
    }
    # 10 + x + 2 + 0 = total, neither known: the total is 12 at least
    assert deduced(block({"upheld": 10, "corrected": None, "other": 2, "pending": 0, "total": None})) == {
        "corrected": (None, 0, None, "undetermined"),
        "total": (None, 12, None, "interval"),
    }


def test_nothing_follows_from_figures_that_contradict_each_other() -> None:
    # 10 + 5 already exceed 13, and no part is negative
    found = deduced(block({"upheld": 10, "corrected": 5, "other": None, "pending": 0, "total": 13}))
    assert found == {"other": (None, None, None, "contradicted")}


def test_one_block_says_nothing_of_another() -> None:
    wrong = block({"upheld": 5, "corrected": 0, "other": 0, "pending": 0, "total": 0}, "litigation_direct")
    right = block({"upheld": 1, "corrected": None, "other": 0, "pending": 0, "total": 4})
    assert deduced(pd.concat([wrong, right], ignore_index=True)) == {"corrected": (3, 3, 3, "sum")}


def test_several_edits_together_leave_one_figure() -> None:
    """Two unknown cells in each of two lines and two columns of the table on requests: no edit has a single unknown one.

    The lines leave a + b = 3 and c + d = 4, the columns a + c = 7 and b + d = 0, so that b = d = 0: by elimination a = 3, c = 4.
    """
    cells = simulate("2021", seed=3).assign(value=pd.array([0.0] * 200, dtype="Float64"))
    key = ("line", "column")
    figures = {
        ("granted", "natural_person"): 3.0,
        ("partly_granted", "natural_person"): 4.0,
        ("granted", "total"): 3.0,
        ("partly_granted", "total"): 4.0,
        ("processed_total", "natural_person"): 7.0,
        ("processed_total", "total"): 7.0,
        ("new", "natural_person"): 7.0,
        ("new", "total"): 7.0,
    }
    at = list(zip(cells[key[0]], cells[key[1]], strict=True))
    cells["value"] = pd.array([figures.get(one, 0.0) for one in at], dtype="Float64")
    assert set(govstats.reconcile(cells)["status"]) == {"pass"}
    unknown = [(line, column) for line in ("granted", "partly_granted") for column in ("natural_person", "commercial")]
    lost = [one in unknown for one in at]
    cells.loc[lost, "value"] = pd.NA
    cells.loc[lost, "status"] = "blank"
    found = govstats.completions(cells).set_index(["line", "column"])
    assert found["value"].to_dict() == {
        ("granted", "natural_person"): 3.0,
        ("granted", "commercial"): 0.0,
        ("partly_granted", "natural_person"): 4.0,
        ("partly_granted", "commercial"): 0.0,
    }


def test_a_value_that_breaks_another_rule_is_taken_back() -> None:
    # （三）不予公开 is printed as 5, its eight lines as 0 but one blank: the column says the blank is 2, the subtotal 5
    cells = simulate("2021", seed=3)
    cells["value"] = pd.array([0.0] * len(cells), dtype="Float64")
    at = list(zip(cells["line"], cells["column"], strict=True))
    reason = "refused.state_secret"
    for cell in [
        ("processed_total", "legal"),
        ("processed_total", "total"),
        ("new", "legal"),
        ("new", "total"),
        (reason, "total"),
    ]:
        cells.loc[at.index(cell), "value"] = 2.0
    cells.loc[at.index((reason, "legal")), "value"] = pd.NA
    cells.loc[at.index((reason, "legal")), "status"] = "blank"
    subtotal = cells[cells["line"] == reason].assign(line="refused", value=0.0, status="reported")
    with_subtotal = pd.concat([cells, subtotal], ignore_index=True)
    with_subtotal.loc[with_subtotal["line"].eq("refused") & with_subtotal["column"].eq("total"), "value"] = 2.0
    first = govstats.completions(cells)
    assert first[["line", "column", "value"]].values.tolist() == [[reason, "legal", 2.0]]
    second = govstats.completions(with_subtotal)
    assert second[["line", "column", "basis"]].values.tolist() == [[reason, "legal", "contradicted"]]
    assert second["value"].isna().all()


def test_it_is_never_part_of_the_cells() -> None:
    report = embedded.report("上海市科学技术委员会", 2024)
    found = govstats.completions(report)
    # carried_out: one natural person and nobody else, the total left blank
    assert found[["line", "column", "value"]].values.tolist() == [["carried_out", "total", 1.0]]
    there = report.cells[(report.cells["line"] == "carried_out") & (report.cells["column"] == "total")]
    assert there["value"].isna().item()
    assert there["status"].item() == "blank"


@pytest.mark.parametrize("version", ["2019", "2021"])
def test_what_is_deduced_is_what_was_lost(version: str) -> None:
    """Simulated reports whose figures are known: nothing deduced differs, and no bound excludes the truth."""
    truth = simulate(version, 20, seed=21)
    lost = np.random.default_rng(22).random(len(truth)) < 0.15
    cells = truth.copy()
    cells.loc[lost, "value"] = pd.NA
    cells.loc[lost, "status"] = "unreadable"
    names = ["agency", "table", "line", "column"]
    found = govstats.completions(cells).merge(truth[[*names, "value"]], on=names, suffixes=("", "_true"))
    assert len(found) == lost.sum()
    sure = found["value"].notna()
    assert sure.mean() > 0.5
    assert (found.loc[sure, "value"] == found.loc[sure, "value_true"]).all()
    assert (found["low"].isna() | (found["low"] <= found["value_true"])).all()
    assert (found["high"].isna() | (found["high"] >= found["value_true"])).all()


PROSE = (
    "某某市教育局2023年政府信息公开工作年度报告\n一、总体情况\n全年收到政府信息公开申请10件，其中自然人8件，法人或其他组织2件；"
    "办结9件，予以公开9件，结转下年度1件。未发生政府信息公开行政诉讼。\n"
)


def test_a_report_without_tables_becomes_a_partial_table() -> None:
    report = govstats.read(PROSE.encode(), form="2021")
    assert report.cells.empty
    assert govstats.completions(report).empty
    found = govstats.completions(report, claims=report.claims).set_index(["line", "column"])
    said = found[found["basis"] == "claim"]
    assert said["value"].to_dict() == {
        ("new", "natural_person"): 8.0,
        ("new", "total"): 10.0,
        ("granted", "total"): 9.0,
        ("processed_total", "total"): 9.0,
        ("carried_out", "total"): 1.0,
        ("new", "organisations"): 2.0,
        ("litigation", "total"): 0.0,
    }
    assert said["quote"].to_dict()["granted", "total"] == "予以公开9件"
    # received and carried in are processed and carried out: 10 + 0 = 9 + 1
    values, rules, high = found["value"].to_dict(), found["rules"].to_dict(), found["high"].to_dict()
    assert (values["carried_in", "total"], rules["carried_in", "total"]) == (0.0, "T3B")
    # all nine results are grants, so that nothing was refused; no suit of either kind
    assert values["refused.state_secret", "total"] == 0.0
    assert values["litigation_direct", "total"] == 0.0
    # two requests of organisations are of one kind or of two
    assert pd.isna(values["new", "commercial"])
    assert high["new", "commercial"] == 2.0
    assert report.cells.empty


def test_sentences_that_contradict_each_other_say_nothing_of_their_cell() -> None:
    text = PROSE + "今年共收到政府信息公开申请12件。\n"
    report = govstats.read(text.encode(), form="2021")
    found = govstats.completions(report, claims=report.claims)
    assert "claim" not in set(found.loc[(found["line"] == "new") & (found["column"] == "total"), "basis"])
