"""Real reports: every cell as people transcribed it, agency, year and form as they are."""

import csv
import importlib.util
import json
import re
from pathlib import Path

import pytest

import govstats

REPORTS = Path(__file__).resolve().parents[2] / "shared" / "reports"
CASES = REPORTS.parent / "cases"
DOCUMENTS = sorted(path for path in REPORTS.glob("*/report.*") if path.suffix != ".pdf")
#: Pages that came as one line without separators; where no edit tells, only lines with one figure are certain (行政许可2418).
GLUED = {f"pingtan-{year}" for year in (2015, 2017, 2019, 2021, 2023)} | {"pingtan-2025/report.txt"}
AMOUNTS = {("administrative_fees", "amount"), ("procurement", "amount")}

pytestmark = pytest.mark.skipif(not DOCUMENTS, reason=f"needs the real reports in {REPORTS}, which are no part of the repository")
each_document = pytest.mark.parametrize("path", DOCUMENTS, ids=[f"{path.parent.name}{path.suffix}" for path in DOCUMENTS])


def transcribed(folder: Path) -> dict[tuple[str, str, str], float | None]:
    """What the cells say, worked out here and not with govstats; cells that the copy may have lost are left out."""
    if not (folder / "cells.csv").exists():
        return {}
    values = {}
    for row in csv.DictReader((folder / "cells.csv").read_text("utf-8").splitlines()):
        printed = re.sub(r"[（(].*?[)）]", "", row["printed"]).replace(",", "").strip()
        if printed.endswith("?"):
            continue
        number = re.match(r"-?\d+(\.\d+)?", printed)
        in_yuan = (row["line"], row["column"]) in AMOUNTS and printed.endswith("元") and not printed.endswith("万元")
        values[row["table"], row["line"], row["column"]] = float(number[0]) / (10000 if in_yuan else 1) if number else None
    return values


@each_document
def test_cells_are_read_as_transcribed(path: Path) -> None:
    expected = transcribed(path.parent)
    report = govstats.read(path)
    read = {(c.table, c.line, c.column): c.value for c in report.read_cells if c.status == "reported"}
    wrong = {key: value for key, value in read.items() if key in expected and value != pytest.approx(expected[key], abs=1e-9)}
    assert not wrong
    assert set(read) <= set(expected)
    if not {path.parent.name, f"{path.parent.name}/{path.name}"} & GLUED:
        assert {key for key, value in expected.items() if value is not None} <= set(read)


@pytest.mark.parametrize("year", [2019, 2021, 2023, 2025])
def test_glued_figures_of_the_tables_with_edits_are_all_split(year: int) -> None:
    folder = REPORTS / f"pingtan-{year}"
    expected = {key: value for key, value in transcribed(folder).items() if key[0] in {"requests", "review"}}
    cells = govstats.read(folder / "report.txt").read_cells
    assert {(c.table, c.line, c.column): c.value for c in cells if c.table in {"requests", "review"}} == expected
    assert {c.method for c in cells if c.table in {"requests", "review"}} == {"glued"}


@each_document
def test_agency_year_and_form_are_right(path: Path) -> None:
    about = json.loads((path.parent / "about.json").read_text("utf-8"))
    report = govstats.read(path)
    agencies = about["agency"] if isinstance(about["agency"], list) else [about["agency"]]
    assert report.agency in agencies
    assert (report.year, report.form) == (about["year"], about["form"])


@pytest.mark.parametrize("name", ["mem-2019", "mem-2023"])
def test_reports_whose_tables_are_lost_pass_no_rule(name: str) -> None:
    report = govstats.read(REPORTS / name / "report.txt")
    assert report.cells.empty
    assert report.title is not None
    assert [note.table for note in report.read_notes if note.kind == "missing_table"] == ["proactive", "requests", "review"]
    findings = govstats.reconcile(report)
    # what prose says by itself can be checked without tables
    of_prose = findings["rule"].isin(["S06", "NS", "NF", "NE"])
    assert set(findings.loc[~of_prose, "status"]) == {"not_assessable"}
    assert {"T3R", "NT" if name == "mem-2023" else "NZ"} <= set(findings.loc[~of_prose, "rule"])


def test_what_the_prose_of_a_lost_report_breaks_down_adds_up(shared: Path) -> None:
    findings = govstats.reconcile(govstats.read(shared / "reports" / "mem-2023" / "report.txt"))
    # 132 + 5, and 83 + 5 + 14 + 17 + 18, of 137
    sums = findings[findings["rule"] == "NS"]
    assert sums[["status", "expected", "reported"]].values.tolist() == [["pass", 137.0, 137.0]] * 2


def test_the_order_of_torn_rows_is_said(shared: Path) -> None:
    report = govstats.read(shared / "reports" / "stcsm-2024" / "report.md")
    torn = [note.line for note in report.read_notes if note.kind == "torn_label"]
    assert "refused.internal_affairs" in torn
    assert len(torn) == 10


@pytest.mark.parametrize("name", ["gb18030-undeclared.html", "word.docx"])
def test_hard_cases_of_a_format_are_read(shared: Path, name: str) -> None:
    report = govstats.read(shared / "samples" / name)
    with (shared / "samples" / "cells.csv").open(encoding="utf-8") as file:
        printed = {(row["table"], row["line"], row["column"]): row["printed"] for row in csv.DictReader(file)}
    assert {(c.table, c.line, c.column): c.printed for c in report.read_cells} == printed


def test_the_pdf_report_is_read_in_every_cell(shared: Path) -> None:
    folder = shared / "reports" / "hongze-2023"
    report = govstats.read(folder / "report.pdf")
    read = {(c.table, c.line, c.column): c.value for c in report.read_cells}
    # rows of figures that do not add up are read as they are printed
    assert {key: read.get(key) for key in transcribed(folder)} == pytest.approx(transcribed(folder))
    assert set(read) == set(transcribed(folder))
    assert {c.page for c in report.read_cells} == {2, 3, 4}


def test_tables_without_errors_fail_no_rule_and_prose_that_differs_does(shared: Path) -> None:
    findings = govstats.reconcile(govstats.read(shared / "reports" / "shuyang-county-2025" / "report.md"))
    failed = findings[findings["status"] == "fail"]
    # the prose counts the requests carried in among those received: 713 + 36, of natural persons 705 + 36
    assert failed[["rule", "severity", "expected", "reported"]].values.tolist() == [
        ["NT", "W", 749.0, 713.0],
        ["NT", "W", 741.0, 705.0],
    ]


@pytest.mark.parametrize("name", sorted(path.name for path in CASES.glob("*") if path.suffix != ".json"))
def test_small_documents_that_were_once_read_wrong(name: str) -> None:
    spec = importlib.util.spec_from_file_location("cases", CASES.parent / "tools" / "cases.py")
    assert spec
    assert spec.loader
    cases = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(cases)
    assert cases.faults(CASES / name) == []
