"""Edits that only together cannot hold where cells are blank, held against a mixed-integer programme.

    python -m tests.test_together 1000

tries so many reports instead of the few of the suite.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp

import govstats
from govstats.forms import form
from govstats.reconciliation.repairs import repairs
from govstats.simulate import plant, simulate

VERSIONS = ("2019", "2021", "2008")
TABLES = {"2008": ("statistics",), "2019": ("requests", "review"), "2021": ("requests", "review")}


def names(cells: pd.DataFrame) -> pd.Series:
    """Return each cell as findings name it."""
    return cells["table"] + "/" + cells["line"] + "/" + cells["column"]


def blanked(cells: pd.DataFrame, *places: str) -> pd.DataFrame:
    """Return a report with some cells blank."""
    chosen = names(cells).isin(places)
    assert chosen.sum() == len(places)
    return cells.assign(
        value=cells["value"].mask(chosen), printed=cells["printed"].mask(chosen, ""), status=cells["status"].mask(chosen, "blank")
    )


def can_be_filled(report: pd.DataFrame, version: str, but: frozenset[str] = frozenset()) -> bool:
    """Tell by a programme whether the blanks of a report, and some other cells, can be filled so that all edits hold."""
    keys = names(report).tolist()
    at = {key: row for row, key in enumerate(keys)}
    figures = report["value"].to_numpy(dtype=float, na_value=np.nan)
    fixed = ~np.isnan(figures) & ~np.isin(keys, list(but))
    signed = np.array([key.endswith("/items_change") for key in keys])
    rows, most = [], []
    for edit in form(version).edits(frozenset(zip(report["table"], report["line"], strict=True))):
        row = np.zeros(len(keys))
        for cell, factor in edit.terms:
            if "/".join(cell) in at:
                row[at["/".join(cell)]] += factor
        rows.append(row)
        most.append(0.0 if edit.relation == "==" else np.inf)
    result = milp(
        np.zeros(len(keys)),
        integrality=np.where(fixed, 0, 1),
        bounds=Bounds(
            np.where(fixed, np.nan_to_num(figures), np.where(signed, -1e9, 0.0)), np.where(fixed, np.nan_to_num(figures), 1e9)
        ),
        constraints=LinearConstraint(np.vstack(rows), 0.0, np.array(most)),
    )
    assert result.status in {0, 2}
    return bool(result.status == 0)


def reports_with_blanks(count: int, seed: int) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield reports with no, one or two errors and up to thirty blanks, most of them around an error."""
    random = np.random.default_rng(seed)
    for number in range(count):
        version = VERSIONS[number % 3 if number % 5 == 0 else 1]
        cells = simulate(version, 1, seed=seed + number)
        planted = plant(cells, ["mistyped", "not_updated"][: number % 3], tables=TABLES[version], seed=seed + number)
        report = planted.cells
        keys = names(report)
        wrong = set(names(planted.errors))
        chosen = set(keys[report["table"].isin(TABLES[version])].sample(int(random.integers(1, 20)), random_state=random))
        for edit in form(version).edits() if number % 2 else ():
            cells_of = ["/".join(cell) for cell in edit.cells]
            if wrong & set(cells_of) and not chosen & set(cells_of):
                chosen.add(str(random.choice([cell for cell in cells_of if cell not in wrong])))
        yield version, blanked(report, *(chosen & set(keys)))


def compared(version: str, report: pd.DataFrame) -> tuple[str, str]:
    """Return what the findings and what the programme say, and hold the repairs against the programme too."""
    findings = govstats.reconcile(report)
    failed = set(findings.loc[findings["status"] == "fail", "rule"])
    found = repairs(report)
    filled = can_be_filled(report, version)
    assert found.empty == filled
    # each with the first repairs of the other groups
    sets = {group: [set(names(one)) for _, one in of.groupby("repair")] for group, of in found.groupby("group")}
    for group, alternatives in sets.items():
        others = set().union(*(of[0] for other, of in sets.items() if other != group))
        assert all(can_be_filled(report, version, frozenset(one | others)) for one in alternatives)
    said = "alone" if failed - {"TJ"} else "together" if failed else "can hold"
    return said, "can hold" if filled else "contradicted"


def tried(count: int, seed: int) -> dict[str, int]:
    """Count reports by what is said of them; a report is refused where what is said differs."""
    counts = dict.fromkeys(("alone", "together", "can hold"), 0)
    for version, report in reports_with_blanks(count, seed):
        said, truth = compared(version, report)
        assert (said == "can hold") == (truth == "can hold"), (seed, version, said, truth)
        counts[said] += 1
    return counts


@pytest.mark.parametrize("seed", [1000, 3000])
def test_what_only_several_edits_show_is_found_where_a_programme_finds_no_filling(seed: int) -> None:
    counts = tried(24, seed)
    assert min(counts.values()) > 0


def test_a_figure_between_two_blanks() -> None:
    """Natural persons of 予以公开 are 5 too many; the total of the line and the total of the column are blank."""
    cells = simulate("2021", 1, seed=1)
    wrong = (cells["line"] == "granted") & (cells["column"] == "natural_person")
    truth = cells.loc[wrong, "value"].item()
    cells["value"] = cells["value"].mask(wrong, truth + 5)
    cells = blanked(cells, "requests/granted/total", "requests/processed_total/natural_person")
    findings = govstats.reconcile(cells)
    (failed,) = findings[findings["status"] == "fail"].to_dict("records")
    assert (failed["rule"], failed["severity"], failed["table"]) == ("TJ", "E", "requests")
    assert {"requests/granted/natural_person", "requests/processed_total/natural_person"} <= set(failed["cells"].split(";"))
    assert "（七）总计·自然人（空白）" in failed["message_zh"]
    assert "(7) total processed·natural persons (blank)" in failed["message_en"]
    (repair,) = repairs(cells).to_dict("records")
    assert (repair["line"], repair["column"], repair["proposed"], repair["rules"]) == ("granted", "natural_person", truth, "TJ")
    contradicted = govstats.indicators(cells).set_index("indicator")["contradicted"]
    assert contradicted["refusal_rate"] == 1
    assert contradicted["upheld_rate"] == 0


def test_a_printed_subtotal_takes_part() -> None:
    """A printed subtotal that its lines cannot add up to, whatever stands in the blanks."""
    cells = simulate("2021", 1, size="medium", seed=4)
    lines = ("unable.not_held", "unable.needs_creation", "unable.unclear_after_correction")
    mine = cells["line"].isin(lines)
    subtotal = cells[mine].groupby("column", sort=False)["value"].sum()
    row = cells[cells["line"] == lines[0]].assign(line="unable", value=lambda one: one["column"].map(subtotal))
    printed = pd.concat([cells, row], ignore_index=True)
    assert set(govstats.reconcile(printed)["status"]) == {"pass"}
    # the subtotal of natural persons is one too many; its total and one of its parts are blank
    wrong = (printed["line"] == "unable") & (printed["column"] == "natural_person")
    printed["value"] = printed["value"].mask(wrong, subtotal["natural_person"] + 1)
    open_report = blanked(printed, "requests/unable.not_held/natural_person", "requests/unable/total")
    failed = govstats.reconcile(open_report).query("status == 'fail'")
    assert failed[["rule", "severity"]].to_numpy().tolist() == [["TJ", "E"]]


if __name__ == "__main__":
    sys.stdout.write(f"{tried(int(sys.argv[1]), 100_000)}\n")
