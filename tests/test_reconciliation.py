"""Every rule fires where it must and stays silent where it must; all expected figures are worked out by hand."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from govstats.errors import GovstatsError
from govstats.forms import form, versions
from govstats.reconciliation import reconcile, rules
from govstats.reconciliation.edits import edits_on, sums
from govstats.reconciliation.matrix import matrices
from govstats.report import Note, ReadCell, Report, SectionHeading

LINEAR = ("T2I", "T2O1", "T2O3", "T3R", "T3C", "T3B", "T3S", "T4S", "A01")
COLUMNS = ["rule", "severity", "status", "agency", "year", "table", "expected", "reported", "difference", "cells"]
COLUMNS += ["message_zh", "message_en", "decision"]
BLANK, GONE = "blank", "gone"


def frame(rows: list[tuple[str, float | None, str, str]], version: str, agency: str = "某区", year: int = 2022) -> pd.DataFrame:
    """Cells from (table/line/column, value, status, printed)."""
    keys = [row[0].split("/") for row in rows]
    return pd.DataFrame(
        {
            "agency": agency,
            "year": pd.array([year] * len(rows), dtype="Int64"),
            "form": version,
            "table": [key[0] for key in keys],
            "line": [key[1] for key in keys],
            "column": [key[2] for key in keys],
            "value": pd.array([row[1] for row in rows], dtype="Float64"),
            "printed": [row[3] for row in rows],
            "status": [row[2] for row in rows],
        }
    )


def cells(
    version: str = "2021", changes: Mapping[str, float | str] | None = None, agency: str = "某区", year: int = 2022
) -> pd.DataFrame:
    """A report with 0 in every cell (which is consistent), and some cells changed, left blank or taken out."""
    figures: dict[str, float | str] = {"/".join(cell): 0 for cell in form(version).cells}
    figures.update(changes or {})
    rows: list[tuple[str, float | None, str, str]] = [
        (cell, None, figure, "") if isinstance(figure, str) else (cell, figure, "reported", f"{figure:g}")
        for cell, figure in figures.items()
        if figure != GONE
    ]
    return frame(rows, version, agency, year)


def annex(changes: dict[str, float | str]) -> pd.DataFrame:
    return cells("2008", {f"statistics/{cell}": figure for cell, figure in changes.items()}, year=2015)


def statuses(findings: pd.DataFrame, rule: str, cell: str = "") -> list[str]:
    """The statuses of a rule, of the findings that look at a cell."""
    return findings.loc[(findings["rule"] == rule) & findings["cells"].str.contains(cell, regex=False), "status"].tolist()


def failed(findings: pd.DataFrame) -> list[tuple[str, float, float, float]]:
    """What failed: rule, expected, reported, difference."""
    rows = findings.loc[findings["status"] == "fail", ["rule", "expected", "reported", "difference"]]
    return list(rows.itertuples(index=False, name=None))


def transcription(path: Path, version: str, year: int) -> pd.DataFrame:
    """The figures of a real report; a blank stays blank, 元 becomes 万元."""
    rows: list[tuple[str, float | None, str, str]] = []
    with path.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            printed = row["printed"]
            number = re.match(r"-?[\d.]+", printed)
            value = float(number[0]) / (1e4 if printed.endswith("元") else 1) if number else None
            rows.append((f"{row['table']}/{row['line']}/{row['column']}", value, "reported" if number else "blank", printed))
    return frame(rows, version, path.parent.name, year)


def report(
    version: str = "2021",
    numbers: tuple[int, ...] = (1, 2, 3, 4, 5, 6),
    notes: tuple[Note, ...] = (),
    read: pd.DataFrame | None = None,
) -> Report:
    rows: list[Any] = [] if read is None else read.to_dict("records")
    read_cells = [
        ReadCell(
            table=row["table"],
            line=row["line"],
            column=row["column"],
            value=None if pd.isna(row["value"]) else row["value"],
            printed=row["printed"],
            status=row["status"],
            unit="",
            page=None,
            place="",
            method="grid",
        )
        for row in rows
    ]
    sections = tuple(SectionHeading(number, "", "") for number in numbers)
    return Report("某区", 2022, version, None, "<bytes>", "text", "", sections, read_cells, notes)


# --- the frame -------------------------------------------------------------------------------------------------------


def test_findings_have_the_columns_and_types_of_the_contract() -> None:
    for findings in (reconcile(cells()), reconcile(cells().iloc[:0])):
        assert findings.columns.tolist() == COLUMNS
        assert {name: str(kind) for name, kind in findings.dtypes.items()} == {
            **dict.fromkeys(COLUMNS, "str"),
            "year": "Int64",
            **dict.fromkeys(("expected", "reported", "difference"), "Float64"),
        }
    assert reconcile(cells().iloc[:0]).empty


def test_a_plain_consistent_report_passes_every_rule() -> None:
    findings = reconcile(cells())
    assert set(findings["status"]) == {"pass"}
    # 2 lines of documents; 25 lines, 7 columns twice; 3 blocks
    assert findings["rule"].value_counts().reindex(["T2I", "T3R", "T3C", "T3B", "T4S"]).tolist() == [2, 25, 7, 7, 3]
    assert "S01" not in set(findings["rule"])
    assert findings["rule"].drop_duplicates().tolist() == ["S02", "S03", "S04", "S05", "T2I", "T3R", "T3C", "T3B", "T4S"]


def test_every_edit_of_every_form_has_its_rule() -> None:
    known = rules()
    assert known.columns.tolist() == ["id", "severity", "scope", "title_zh", "title_en", "source"]
    structure, prose = ("S01", "S02", "S03", "S04", "S05", "S06"), ("NT", "NS", "NC", "NZ", "NF", "NE")
    beside = ("T3Y", "T4Y", "T4P", "T2Y", "T2O2", "A02", "XO", "XD", "XV", "XF", "XH")
    assert known["id"].tolist() == [*structure, *LINEAR, "TJ", *prose, *beside]
    assert set(known["severity"]) <= {"E", "W", "I"}
    for version in versions():
        for table in form(version).tables:
            assert {template["rule"] for template in table.edit_templates} <= set(known["id"])


def test_reports_keep_their_order_and_their_identity() -> None:
    first = cells("2021", {"review/reconsideration/total": 1}, agency="乙", year=2022)
    second = cells("2019", agency="甲", year=2020)
    third = cells("2021", agency="乙", year=2024)
    findings = reconcile(pd.concat([first, second, third], ignore_index=True))
    assert findings[["agency", "year"]].drop_duplicates().to_numpy().tolist() == [["乙", 2022], ["甲", 2020], ["乙", 2024]]
    assert findings.loc[findings["status"] == "fail", ["agency", "year", "rule"]].to_numpy().tolist() == [["乙", 2022, "T4S"]]
    # shuffled rows are the same report
    shuffled = reconcile(first.sample(frac=1, random_state=1))
    pd.testing.assert_frame_equal(shuffled, reconcile(first))


def separate(values: pd.Series) -> pd.Series:
    """The same texts, each an object of its own, as readers of files return them."""
    return pd.Series([text[:1] + text[1:] if len(text) > 1 else text for text in values], dtype="str")


@pytest.mark.parametrize("kind", ["text", "separate", "object", "category", "category of more"])
@pytest.mark.parametrize("shuffled", [False, True])
def test_however_the_text_columns_are_kept(kind: str, shuffled: bool) -> None:
    reports = (
        cells(changes={"review/reconsideration/upheld": 10}, agency="甲区"),
        cells(agency="乙区"),
        cells("2019", {"requests/new/natural_person": GONE, "review/reconsideration/total": 3}, agency="甲区", year=2019),
    )
    frame = pd.concat(reports, ignore_index=True)
    for name in ("agency", "form", "table", "line", "column", "status"):
        if kind.startswith("category"):
            extra = ["", "不用"] if kind == "category of more" else []
            frame[name] = pd.Categorical(frame[name], categories=[*extra, *sorted(set(frame[name]), reverse=True)])
        else:
            frame[name] = (
                separate(frame[name]) if kind == "separate" else frame[name].astype("object" if kind == "object" else "str")
            )
    if shuffled:
        frame = pd.concat([frame[:1], frame[1:].sample(frac=1, random_state=2)])
    found = reconcile(frame)
    columns = ["agency", "year", "rule", "expected", "reported"]
    failures = found.loc[found["status"] == "fail", columns].astype({"agency": "object"})
    lines = len(form("2019").table("requests").cells)
    missing = ("甲区", 2019, "S03", lines, lines - 1)
    expected = [("甲区", 2022, "T4S", 10, 0), missing, ("甲区", 2019, "T4S", 0, 3)]
    assert sorted(failures.itertuples(index=False, name=None)) == sorted(expected)
    assert found.groupby(["agency", "year"], observed=True).ngroups == 3
    if kind != "object":
        assert found.dtypes.astype(str)["agency"] == "str"


@pytest.mark.parametrize("kind", ["pyarrow", "python", "category"])
@pytest.mark.parametrize("shuffled", [False, True])
def test_many_reports_however_their_text_columns_are_kept(kind: Any, shuffled: bool) -> None:
    if kind == "pyarrow":
        pytest.importorskip("pyarrow")
    text = "category" if kind == "category" else pd.StringDtype(kind, float("nan"))
    types = dict.fromkeys(("agency", "form", "table", "line", "column", "status"), text)
    reports = []
    for number in range(12):
        one = cells(changes={"review/reconsideration/total": number}, agency=f"第{number}区")
        if number % 3 == 0:
            # a cell whose line is not known
            one["line"] = one["line"].mask((one["line"] == "penalties") & (one["column"] == "decisions"))
        reports.append(one.astype(types))
    # more than a thousand rows, in chunks where columns have such
    frame = pd.concat(reports, ignore_index=True).astype(types)
    if shuffled:
        frame = pd.concat([frame[:1], frame[1:].sample(frac=1, random_state=2)])
    failed = reconcile(frame).query("status == 'fail'")[["agency", "rule", "reported"]].astype(object)
    disclosed = len(form("2021").table("proactive").cells)
    expected = [(f"第{number}区", "T4S", number) for number in range(1, 12)]
    expected += [(f"第{number}区", "S03", disclosed - 1) for number in range(0, 12, 3)]
    assert sorted(failed.itertuples(index=False, name=None)) == sorted(expected)


def test_a_missing_category_is_a_line_the_form_does_not_have() -> None:
    frame = cells(changes={"proactive/penalties/decisions": 7})
    at = (frame["line"] == "penalties") & (frame["column"] == "decisions")
    frame["line"] = frame["line"].mask(at).astype("category")
    (message,) = reconcile(frame).query("rule == 'S03' and status == 'fail'")["message_zh"]
    assert "缺行：" in message
    assert "nan·decisions" in message


def test_what_binary_fractions_lose_is_no_difference() -> None:
    # 0.1 + 0.2 is a little more than 0.3
    changes = {
        f"review/reconsideration/{column}": value for column, value in (("upheld", 0.1), ("corrected", 0.2), ("total", 0.3))
    }
    found = reconcile(cells(changes=dict(changes))).query("rule == 'T4S'").set_index("cells")["status"]
    assert set(found[found.index.str.contains("/reconsideration/")]) == {"pass"}


def test_a_frame_without_the_needed_columns_is_refused_by_name() -> None:
    with pytest.raises(GovstatsError, match="lacks the column\\(s\\) value, status"):
        reconcile(cells().drop(columns=["value", "status"]))


def test_a_report_is_checked_without_scipy() -> None:
    code = (
        "import sys; from govstats import embedded, reconcile; found = reconcile(embedded.report('应急管理部', 2021)); "
        "assert (found['rule'] == 'T3R').any(); sys.exit('scipy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("reports", [1, 2, 300])
def test_a_sum_is_the_same_however_many_reports_stand_beside_it(reports: int) -> None:
    amounts = np.random.default_rng(5).random((400, reports))
    (matrix,) = matrices(cells())[1]
    ((_, layout),) = matrix.layouts
    for edit in edits_on(form("2021"), layout):
        figures = amounts[: len(edit.cells)]
        by_report = [sums(edit, figures[:, [at]]) for at in range(reports)]
        together = sums(edit, figures)
        assert [side.tolist() for side in together] == [[one[at].item() for one in by_report] for at in (0, 1)]


def test_row_sums_agree_with_an_independent_computation() -> None:
    rng = np.random.default_rng(7)
    panel = pd.concat([cells(agency=f"机关{i}") for i in range(40)], ignore_index=True)
    requests = panel["table"] == "requests"
    panel.loc[requests, "value"] = rng.integers(0, 3, requests.sum()).astype(float)
    wide = panel[requests].pivot_table(index=["agency", "line"], columns="column", values="value", sort=False).astype(float)
    wrong = int((wide.drop(columns="total").sum(axis=1) != wide["total"]).sum())
    findings = reconcile(panel)
    assert ((findings["rule"] == "T3R") & (findings["status"] == "fail")).sum() == wrong > 500


# --- real reports ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "version", "edits"),
    [
        ("mem-2021", "2021", 44),
        ("haidong-2021", "2021", 44),
        ("pingtan-2021", "2021", 44),
        ("pingtan-2023", "2021", 44),
        ("pingtan-2025", "2021", 44),
        ("shuyang-county-2025", "2021", 44),
        # 2 + 5 of table two, 23 lines, 7 columns twice, 3 blocks
        ("ningxia-2020", "2019", 47),
        ("pingtan-2019", "2019", 47),
        # 4 sums, and 16 lines of this year against cumulative
        ("pingtan-2015", "2008", 20),
    ],
)
def test_consistent_reports_pass(shared: Path, name: str, version: str, edits: int) -> None:
    findings = reconcile(transcription(shared / "reports" / name / "cells.csv", version, int(name[-4:])))
    assert set(findings["status"]) == {"pass"}
    assert findings["rule"].isin(LINEAR).sum() == edits


def test_hongze_2023_prints_two_totals_of_zero(shared: Path) -> None:
    findings = reconcile(transcription(shared / "reports/hongze-2023/cells.csv", "2021", 2023))
    assert failed(findings) == [("T4S", 11, 0, -11), ("T4S", 5, 0, -5)]
    # it prints （六） as one line, which is not a shift: two lines fewer, all the rest assessed
    assert findings["status"].value_counts().to_dict() == {"pass": 50, "fail": 2}
    wrong = findings[findings["status"] == "fail"]
    first, second = wrong["message_zh"]
    assert first == "“行政复议”：结果维持 10＋结果纠正 1＋其他结果 0＋尚未审结 0＝11，而表上总计为 0，比各项之和少 11。"
    assert second.startswith("“行政诉讼·复议后起诉”：结果维持 5＋")
    assert wrong["message_en"].iloc[1].startswith("Block “litigation after reconsideration”: upheld 5 + ")
    assert wrong["message_en"].iloc[1].endswith("= 5, but the total printed is 0, 5 less than the sum.")
    assert wrong["cells"].iloc[0].split(";")[-1] == "review/reconsideration/total"


def test_pingtan_2020_prints_a_total_that_was_not_updated(shared: Path) -> None:
    findings = reconcile(transcription(shared / "figures/pingtan-2020.csv", "2019", 2020))
    # 6+6+4+3+3+4 natural persons, and one more of the column 其他 in the total
    assert failed(findings) == [("T3C", 26, 20, -6), ("T3C", 27, 21, -6)]
    message = findings.loc[findings["status"] == "fail", "message_zh"].iloc[1]
    assert message.startswith("“总计”一栏：（一）予以公开 7＋（二）部分公开 6＋（四）1.本机关不掌握相关政府信息 4＋")
    assert "属于国家秘密" not in message, "parts that are zero are left out"


def test_stcsm_2024_leaves_a_total_blank(shared: Path) -> None:
    findings = reconcile(transcription(shared / "reports/stcsm-2024/cells.csv", "2021", 2024))
    total = findings[findings["cells"].str.contains("requests/carried_out/total", regex=False)]
    assert total[["rule", "severity", "status"]].to_numpy().tolist() == [
        ["S04", "W", "not_assessable"],
        ["T3R", "E", "not_assessable"],
        ["T3B", "E", "not_assessable"],
    ]
    assert total["expected"].isna().all()
    assert "四、结转下年度继续办理（空白）" in total["message_zh"].iloc[2]
    assert (findings["status"] == "fail").sum() == 0


def test_shanghai_2019_full_of_blanks_is_not_wrong(shared: Path) -> None:
    findings = reconcile(transcription(shared / "reports/shanghai-office-2019/cells.csv", "2019", 2019))
    assert (findings["status"] == "fail").sum() == 0
    assert set(findings.loc[findings["rule"].isin(["T3R", "T3C", "T4S"]), "status"]) == {"not_assessable"}
    # only natural persons and the total have figures in all of 一 二 （七） 四
    balance = findings[findings["rule"] == "T3B"]
    assert balance["status"].tolist() == ["pass", *["not_assessable"] * 5, "pass"]
    # 251000元 in a column whose header gives no unit: 25.1 万元, nothing wrong
    assert statuses(findings, "S05") == ["pass"]


# --- a report without tables -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["2019", "2021", "2008"])
def test_a_report_without_cells_passes_nothing(version: str) -> None:
    findings = reconcile(report(version))
    assert set(findings["status"]) == {"not_assessable"}
    rules_of_form = {edit.rule for edit in form(version).edits()} or {"A01"}
    assert rules_of_form | {"S02", "S03", "S04"} <= set(findings["rule"])
    assert findings["agency"].unique().tolist() == ["某区"]


def test_an_unknown_form_is_said_and_nothing_else() -> None:
    findings = reconcile(pd.concat([cells().assign(form="1998"), cells(year=2023)]))
    unknown = findings[findings["year"] == 2022]
    assert unknown[["rule", "status"]].to_numpy().tolist() == [["S02", "not_assessable"]]
    assert "1998" in unknown["message_zh"].item()
    assert set(findings.loc[findings["year"] == 2023, "status"]) == {"pass"}


# --- structure -------------------------------------------------------------------------------------------------------


def test_s01_sections() -> None:
    def sections(*numbers: int) -> tuple[str, str]:
        found = reconcile(report(numbers=numbers, read=cells())).query("rule == 'S01'")
        return found["status"].item(), found["message_zh"].item()

    assert sections(1, 2, 3, 4, 5, 6)[0] == "pass"
    assert sections(1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6)[0] == "pass", "a table of contents is no disorder"
    assert sections(1, 2, 3, 5, 6) == ("fail", "未见以下部分的标题：四、政府信息公开行政复议、行政诉讼情况。")
    assert sections(1, 3, 2, 4, 5, 6)[0] == "fail"
    assert reconcile(report("2008", ())).query("rule == 'S01'").empty, "the annex has no six sections"


def test_s02_a_table_that_is_not_there() -> None:
    read = cells()
    findings = reconcile(read[read["table"] != "review"])
    assert findings.query("rule == 'S02'")["status"].tolist() == ["pass", "pass", "not_assessable"]
    assert set(findings.query("table == 'review'")["status"]) == {"not_assessable"}
    assert set(findings.query("table != 'review'")["status"]) == {"pass"}


def test_s03_missing_lines_and_columns_are_named() -> None:
    columns = [column.id for column in form("2021").table("requests").columns]
    without_line = reconcile(cells(changes={f"requests/refused.state_secret/{column}": GONE for column in columns}))
    fault = without_line.query("rule == 'S03' and status == 'fail'")
    assert fault["message_zh"].item() == "“收到和处理政府信息公开申请情况”表与格式不符：缺行：（三）1.属于国家秘密。"
    assert fault[["expected", "reported", "difference"]].to_numpy().tolist() == [[175, 168, -7]]

    lines = [line.id for line in form("2021").table("requests").lines if not line.subtotal]
    without_column = reconcile(cells(changes={f"requests/{line}/social": GONE for line in lines}))
    assert "缺栏：社会公益组织。" in without_column.query("rule == 'S03' and status == 'fail'")["message_zh"].item()

    without_cell = reconcile(cells(changes={"review/reconsideration/other": GONE}))
    assert (
        "missing cells: administrative reconsideration·other outcome"
        in without_cell.query("status == 'fail'")["message_en"].item()
    )


def test_s03_cells_twice_and_cells_the_form_does_not_have() -> None:
    twice = pd.concat([cells(), cells(changes={"review/reconsideration/total": 4}).query("table == 'review'")])
    findings = reconcile(twice)
    assert statuses(findings, "S03") == ["pass", "pass", "fail"]
    # two figures for one cell: which is meant cannot be decided
    assert statuses(findings, "T4S", "review/reconsideration/total") == ["not_assessable"]
    assert statuses(findings, "T4S", "review/litigation_direct/total") == ["pass"]
    strange = reconcile(cells(changes={"proactive/procurement/amount": 3}))
    assert "格式中没有：procurement·amount" in strange.query("status == 'fail'")["message_zh"].item()


def test_s03_a_line_that_could_not_be_read_is_not_missing() -> None:
    columns = [column.id for column in form("2021").table("requests").columns]
    torn = cells(changes={f"requests/granted/{column}": GONE for column in columns})
    note = Note("unreadable_row", "", "", table="requests", line="granted")
    assert statuses(reconcile(report(read=torn, notes=(note,))), "S03") == ["pass", "not_assessable", "pass"]
    assert statuses(reconcile(report(read=torn)), "S03") == ["pass", "fail", "pass"]
    # glued digits take their neighbours with them
    glued = {f"requests/partly_granted/{column}": "unreadable" for column in columns}
    beside = cells(changes={f"requests/granted/{column}": GONE for column in columns} | glued)
    assert statuses(reconcile(beside), "S03") == ["pass", "not_assessable", "pass"]
    again = Note("duplicate_line", "", "", table="review", line="reconsideration")
    assert statuses(reconcile(report(read=cells(), notes=(again,))), "S03") == ["pass", "pass", "fail"]


def test_s04_figures() -> None:
    findings = reconcile(
        cells(
            changes={
                "proactive/licensing/decisions": -3,
                "proactive/penalties/decisions": 2.5,
                "proactive/administrative_fees/amount": 7730.28,
                "review/litigation_direct/total": BLANK,
                "review/litigation_direct/other": "unreadable",
            }
        )
    )
    rows = findings.query("rule == 'S04'")
    assert rows[["table", "severity", "status", "cells"]].to_numpy().tolist() == [
        ["proactive", "E", "fail", "proactive/licensing/decisions"],
        ["proactive", "E", "fail", "proactive/penalties/decisions"],
        ["requests", "E", "pass", ""],
        ["review", "W", "not_assessable", "review/litigation_direct/other;review/litigation_direct/total"],
    ]
    assert rows["message_zh"].iloc[0] == "“行政许可·本年处理决定数量”为 −3，不应为负。"
    assert "“行政处罚·本年处理决定数量”为 2.5" in rows["message_zh"].iloc[1]
    assert "其他结果（无法辨认）；行政诉讼·未经复议直接起诉·总计（空白）" in rows["message_zh"].iloc[3]


def test_s04_a_change_may_be_negative() -> None:
    findings = reconcile(cells("2019", {"proactive/penalties/items_previous_year": 20, "proactive/penalties/items_change": -18}))
    assert set(findings["status"]) == {"pass"}


@pytest.mark.parametrize(
    ("value", "printed", "status"),
    [
        (7730.28, "7730.28", "pass"),
        (25.1, "25.1万元", "pass"),
        (25.1, "２５．１万元", "pass"),
        (251000, "251000元", "fail"),
        (25.1, "251000元", "fail"),
        (77302800, "77302800", "fail"),
        (251000, "251000", "pass"),
    ],
)
def test_s05_units_of_amounts(value: float, printed: str, status: str) -> None:
    read = cells()
    fees = read["column"] == "amount"
    read.loc[fees, "value"], read.loc[fees, "printed"] = value, printed
    findings = reconcile(read).query("rule == 'S05'")
    assert findings["status"].tolist() == [status]
    assert findings["severity"].tolist() == ["W"]


def test_s05_says_both_amounts_and_leaves_a_blank_alone() -> None:
    read = cells()
    fees = read["column"] == "amount"
    read.loc[fees, "value"], read.loc[fees, "printed"] = 251000, "251,000元"
    finding = reconcile(read).query("rule == 'S05'")
    assert finding[["expected", "reported"]].to_numpy().tolist() == [[pytest.approx(25.1), 251000]]
    assert "251,000元" in finding["message_zh"].item()
    assert statuses(reconcile(cells(changes={"proactive/administrative_fees/amount": BLANK})), "S05") == ["not_assessable"]
    # table 2 of 2019 gives no unit in its header, so that an amount in 元 contradicts nothing
    procurement = cells("2019")
    bought = procurement["column"] == "amount"
    procurement.loc[bought, "value"], procurement.loc[bought, "printed"] = 25.1, "251000元"
    assert statuses(reconcile(procurement), "S05") == ["pass"]


# --- linear edits ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "changes", "expected"),
    [
        # in force 5 against 10 issued − 2 repealed; 8 and more would do
        ("2021", {"issued": 10, "repealed": 2, "in_force": 5}, [("T2I", 8, 5, -3)]),
        ("2021", {"issued": 10, "repealed": 2, "in_force": 8}, []),
        ("2021", {"issued": 10, "repealed": 2, "in_force": 60}, []),
        ("2019", {"newly_disclosed": 7, "disclosed_total": 6}, [("T2O1", 7, 6, -1)]),
        ("2019", {"newly_disclosed": 7, "disclosed_total": 524}, []),
    ],
)
def test_documents(version: str, changes: dict[str, float], expected: list[tuple[str, float, float, float]]) -> None:
    findings = reconcile(cells(version, {f"proactive/normative_documents/{column}": value for column, value in changes.items()}))
    assert failed(findings) == expected


def test_t2o3_items_cannot_fall_below_zero() -> None:
    findings = reconcile(cells("2019", {"proactive/licensing/items_previous_year": 10, "proactive/licensing/items_change": -18}))
    assert failed(findings) == [("T2O3", 0, -8, -8)]
    message = findings.query("status == 'fail'")["message_zh"].item()
    assert message == "“行政许可”一行：上一年项目数量 10＋本年增/减 −18＝−8，小于 0。"
    signed = reconcile(cells("2019", {"proactive/licensing/items_previous_year": 10, "proactive/licensing/items_change": BLANK}))
    assert statuses(signed, "T2O3", "proactive/licensing/items_change") == ["not_assessable"]


def test_t3r_names_the_sum_and_its_parts() -> None:
    # received 713 and processed 713; the total of （七） misprinted, and with it the column 总计
    lines = {"new": (710, 3, 713), "granted": (710, 3, 713), "processed_total": (710, 3, 718)}
    changes: dict[str, float | str] = {
        f"requests/{line}/{column}": value
        for line, values in lines.items()
        for column, value in zip(("natural_person", "commercial", "total"), values, strict=True)
    }
    findings = reconcile(cells(changes=changes))
    assert failed(findings) == [("T3R", 713, 718, 5), ("T3C", 713, 718, 5), ("T3B", 713, 718, 5)]
    row, column, balance = findings.query("status == 'fail'")["message_zh"]
    assert row == "“（七）总计”一行：自然人 710＋商业企业 3＝713，而表上总计为 718，比各栏之和多 5。"
    assert column == "“总计”一栏：（一）予以公开 713，其余均为 0，而表上（七）总计为 718，比各项之和多 5。"
    assert balance == (
        "“总计”一栏：一、本年新收政府信息公开申请数量 713＋二、上年结转政府信息公开申请数量 0＝713，"
        "而（七）总计 718＋四、结转下年度继续办理 0＝718，后者多 5。"
    )


def test_other_as_line_and_as_column_are_not_confused() -> None:
    findings = reconcile(cells("2019", {"requests/other/natural_person": 1, "requests/processed_total/other": 1}))
    messages = findings.query("status == 'fail'")["message_zh"].tolist()
    assert any(message.startswith("“（六）其他处理”一行：自然人 1，其余均为 0，而表上总计为 0") for message in messages)
    assert any(message.startswith("“其他”一栏：各项均为 0，而表上（七）总计为 1") for message in messages)


def test_a_blank_among_the_parts() -> None:
    def reconsideration(**figures: float | str) -> pd.DataFrame:
        return reconcile(cells(changes={f"review/reconsideration/{column}": value for column, value in figures.items()}))

    # 3 + ? = 5 may be right; 3 + ? = 2 cannot; 3 = ? is unknown; 3 + 0 + ? = 3 would be right with a zero, which is not there
    assert statuses(reconsideration(upheld=3, other=BLANK, total=5), "T4S")[0] == "not_assessable"
    assert statuses(reconsideration(upheld=3, other=BLANK, total=3), "T4S")[0] == "not_assessable"
    assert statuses(reconsideration(upheld=3, total=BLANK), "T4S")[0] == "not_assessable"
    certain = reconsideration(upheld=3, other="unreadable", total=2)
    assert failed(certain) == [("T4S", 3, 2, -1)]
    assert "没有数字的格（其他结果（无法辨认））未计入" in certain.query("status == 'fail'")["message_zh"].item()


def test_a_blank_in_an_inequality() -> None:
    def documents(**figures: float | str) -> str:
        findings = reconcile(cells(changes={f"proactive/rules/{column}": value for column, value in figures.items()}))
        return statuses(findings, "T2I")[0]

    # in force ≥ issued − repealed: an unknown repealed may save it, an unknown issued only makes it worse
    assert documents(issued=10, repealed=BLANK, in_force=5) == "not_assessable"
    assert documents(issued=BLANK, repealed=0, in_force=5) == "not_assessable"
    assert documents(issued=3, repealed="not_applicable", in_force=5) == "not_assessable"
    assert documents(issued=3, repealed=0, in_force=BLANK) == "not_assessable"


def test_the_one_line_that_several_reports_print_for_other_handling() -> None:
    columns = [column.id for column in form("2021").table("requests").columns]
    parts = ("other.correction_overdue", "other.fee_overdue", "other.other")
    one_line: dict[str, float | str] = {f"requests/{part}/{column}": GONE for part in parts for column in columns}
    one_line |= {f"requests/other/{column}": 4.0 * (column in ("natural_person", "total")) for column in columns}
    for line in ("new", "processed_total"):
        one_line |= {f"requests/{line}/natural_person": 4, f"requests/{line}/total": 4}
    findings = reconcile(cells(changes=one_line))
    assert set(findings["status"]) == {"pass"}
    assert (findings["rule"] == "T3R").sum() == 23
    # any other group printed as one line lacks its lines
    without = {f"requests/{part}/{column}": GONE for part in form("2021").table("requests").parts("unable") for column in columns}
    alone = reconcile(cells(changes={**without, **{f"requests/unable/{column}": 0 for column in columns}}))
    assert statuses(alone, "S03") == ["pass", "fail", "pass"]
    assert set(statuses(alone, "T3C")) == {"pass"}


def test_t3s_subtotals_where_printed() -> None:
    base: dict[str, float | str] = {
        f"requests/{line}/{column}": 2
        for line in ("new", "refused.state_secret", "processed_total")
        for column in ("commercial", "total")
    }
    columns = [column.id for column in form("2021").table("requests").columns]
    right = {f"requests/refused/{column}": 2.0 * (column in ("commercial", "total")) for column in columns}
    agreeing = reconcile(cells(changes={**base, **right}))
    assert set(agreeing["status"]) == {"pass"}
    assert statuses(agreeing, "T3S") == ["pass"] * 7
    wrong = reconcile(cells(changes={**base, **right, "requests/refused/commercial": 3, "requests/refused/natural_person": -1}))
    assert ("T3S", 2, 3, 1) in failed(wrong)
    assert set(wrong.query("rule == 'T3S'")["severity"]) == {"E"}
    assert (
        "“（三）不予公开·商业企业”：（三）1.属于国家秘密 2，其余均为 0，而表上小计为 3"
        in wrong.query("rule == 'T3S'")["message_zh"].iloc[1]
    )
    # a heading whose cells are empty is a heading
    heading = reconcile(cells(changes={**base, **{f"requests/refused/{column}": BLANK for column in columns}}))
    assert statuses(heading, "T3S") == []


# --- the annex before 2019 -------------------------------------------------------------------------------------------

ANNEX: dict[str, float | str] = {
    "受理依申请公开信息总数/this_year": 5,
    "受理依申请公开信息总数/cumulative": 9,
    "当面申请数/this_year": 2,
    "当面申请数/cumulative": 4,
    "网上申请数/this_year": 3,
    "网上申请数/cumulative": 5,
}


def test_a01_sums_and_cumulative_figures() -> None:
    # two sums and three lines
    assert statuses(reconcile(annex(ANNEX)), "A01") == ["pass"] * 5
    wrong = reconcile(annex({**ANNEX, "当面申请数/this_year": 6}))
    assert failed(wrong) == [("A01", 9, 5, -4), ("A01", 6, 4, -2)]
    messages = wrong.query("status == 'fail'")["message_zh"].tolist()
    assert messages == [
        "“本年度”一栏：当面申请数 6＋网上申请数 3＝9，而受理依申请公开信息总数 5，后者少 4。",
        "“当面申请数”一行：历年累计 4，少于本年度 6。",
    ]


def test_a01_lines_the_agency_added_may_hold_the_rest() -> None:
    own = {**ANNEX, "当面申请数/this_year": 1, "其他形式申请数/this_year": 1, "其他形式申请数/cumulative": 1}
    findings = reconcile(annex(own))
    # 1 + 3 < 5: the agency's own line may be the missing channel
    assert statuses(findings, "A01", "受理依申请公开信息总数/this_year")[0] == "not_assessable"
    assert failed(findings) == []
    assert statuses(findings, "A01", "其他形式申请数") == ["pass"]
    without = reconcile(annex({**ANNEX, "当面申请数/this_year": 1}))
    assert failed(without) == [("A01", 4, 5, 1)]


def test_a01_an_annex_without_a_cumulative_column() -> None:
    findings = reconcile(annex({cell: value for cell, value in ANNEX.items() if cell.endswith("this_year")}))
    assert statuses(findings, "A01") == ["pass"]
    assert set(findings["status"]) == {"pass"}
    blank = reconcile(annex({**ANNEX, "当面申请数/cumulative": BLANK}))
    assert statuses(blank, "A01", "当面申请数/cumulative") == ["not_assessable", "not_assessable"]
