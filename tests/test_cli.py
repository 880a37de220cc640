"""The command line: what it prints, and the status it ends with."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from govstats import __version__, embedded
from govstats.cli import main
from govstats.forms import form


def page(figures: dict[tuple[str, str], str] | None = None, *, agency: str = "甲市民政局", year: int = 2022) -> str:
    """Typeset a report of the 2021 form with zeros but for some figures of its table of requests."""
    figures = figures or {}
    statutory = form("2021")
    parts = [f"<h1>{agency}{year}年政府信息公开工作年度报告</h1>"]
    for number, section in enumerate(statutory.sections, start=1):
        parts.append(f"<p>{'一二三四五六'[number - 1]}、{section.zh}</p>")
        parts += [tables[table.id](figures) for table in statutory.tables if table.section == number]
    return "<!DOCTYPE html><meta charset='utf-8'>" + "\n".join(parts)


def row(*cells: str) -> str:
    return "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"


def proactive(_: dict[tuple[str, str], str]) -> str:
    table = form("2021").table("proactive")
    rows = []
    for band in table.bands:
        rows.append(row(band.zh))
        rows.append(row("信息内容", *(table.column[column].zh for column in band.columns)))
        rows += [row(table.line[line].zh, *("0" for _ in band.columns)) for line in band.lines]
    return f"<table>{''.join(rows)}</table>"


def requests(figures: dict[tuple[str, str], str]) -> str:
    table = form("2021").table("requests")
    rows = [row("", *(column.zh for column in table.columns))]
    for line in (line for line in table.lines if not line.subtotal):
        rows += [row(line.zh, *(figures.get((line.id, column.id), "0") for column in table.columns))]
    return f"<table>{''.join(rows)}</table>"


def review(_: dict[tuple[str, str], str]) -> str:
    header = "<tr><td colspan=5>行政复议</td><td colspan=10>行政诉讼</td></tr>"
    header += "<tr><td colspan=5></td><td colspan=5>未经复议直接起诉</td><td colspan=5>复议后起诉</td></tr>"
    return f"<table>{header}{row(*['结果维持', '结果纠正', '其他结果', '尚未审结', '总计'] * 3)}{row(*['0'] * 15)}</table>"


tables = {"proactive": proactive, "requests": requests, "review": review}

# Twelve requests of natural persons, all granted: every edit holds.
CONSISTENT = {(line, column): "12" for line in ("new", "granted", "processed_total") for column in ("natural_person", "total")}
# The total of the line prints one too few: the edit across the line fails, and both edits down the column of totals.
INCONSISTENT = CONSISTENT | {("granted", "total"): "11"}


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "甲市民政局.html"
    path.write_text(page(CONSISTENT), "utf-8")
    return path


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    path = tmp_path / "乙县.html"
    path.write_text(page(INCONSISTENT, agency="乙县人民政府", year=2023), "utf-8")
    return path


def test_read_says_who_when_and_how_much(good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["read", str(good)]) == 0
    told = capsys.readouterr().out
    assert told.splitlines()[0].startswith("甲市民政局 2022 · ")
    assert "甲市民政局2022年政府信息公开工作年度报告 · 甲市民政局.html (html)" in told
    assert "cells: 200 · 填报 reported 200" in told  # 25 lines by 7 columns, 10 and 15 cells
    assert "notes: 0" in told


def test_read_lays_a_table_out(good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["read", str(good), "--table", "requests"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert next(line for line in lines if "予以公开" in line).split() == ["（一）予以公开", "12", "0", "0", "0", "0", "0", "12"]
    assert sum("（三）不予公开" in line for line in lines) == 1
    assert main(["read", str(good), "--table", "review", "--language", "en"]) == 0
    told = capsys.readouterr().out
    assert [line.split()[-1] for line in told.splitlines() if line.strip().startswith("upheld")] == ["0", "0", "0"]


def test_read_prints_one_json_document(good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["read", str(good), "--json"]) == 0
    told = capsys.readouterr().out
    assert "甲市民政局" in told  # not escaped
    document = json.loads(told)
    assert (document["agency"], document["year"], document["form"], document["format"]) == ("甲市民政局", 2022, "2021", "html")
    assert len(document["cells"]) == 200
    granted = [cell for cell in document["cells"] if (cell["line"], cell["column"]) == ("granted", "total")]
    assert [(cell["value"], cell["printed"], cell["status"], cell["page"]) for cell in granted] == [(12, "12", "reported", None)]
    assert main(["read", str(good), "--json", "--table", "review"]) == 0
    assert len(json.loads(capsys.readouterr().out)["cells"]) == 15


def test_a_blank_is_null_in_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "report.html"
    path.write_text(page(CONSISTENT | {("carried_in", "research"): "", ("carried_in", "legal"): "/"}), "utf-8")
    assert main(["read", str(path), "--json"]) == 0
    cells = {cell["column"]: cell for cell in json.loads(capsys.readouterr().out)["cells"] if cell["line"] == "carried_in"}
    assert (cells["research"]["value"], cells["research"]["status"]) == (None, "blank")
    assert (cells["legal"]["value"], cells["legal"]["status"], cells["legal"]["printed"]) == (None, "not_applicable", "/")


def test_notes_are_told_in_the_language_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "report.html"
    path.write_text(page(CONSISTENT).replace(requests(CONSISTENT), ""), "utf-8")
    told: dict[str, str] = {}
    for language in ("zh", "en"):
        assert main(["read", str(path), "--language", language]) == 0
        told[language] = capsys.readouterr().out.partition("notes:")[2]
        assert "missing_table" in told[language]
    assert main(["read", str(path)]) == 0
    both = capsys.readouterr().out
    for language in ("zh", "en"):
        for line in told[language].splitlines()[1:]:
            assert line.partition(":")[2].strip() in both


def test_check_says_what_would_explain_the_failures(bad: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(bad), "--language", "zh"]) == 1
    told = capsys.readouterr().out
    assert "→ “（一）予以公开·总计”印作 11，应为 12" in told
    assert main(["check", str(bad), "--json"]) == 1
    (repair,) = json.loads(capsys.readouterr().out)["reports"][0]["repairs"]
    assert (repair["line"], repair["column"], repair["proposed"], repair["origin"]) == ("granted", "total", 12, "published")


def test_check_applies_corrections_when_asked(bad: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "corrections.csv"
    known = (
        "agency,year,cell,old,new,reason,source,date\n乙县人民政府,2023,requests/granted/total,{},12,总计有误,来函,2024-05-06\n"
    )
    path.write_text(known.format(11), "utf-8")
    assert main(["check", str(bad), "--corrections", str(path)]) == 0
    assert "不符 failed 0" in capsys.readouterr().out
    path.write_text(known.format(10), "utf-8")
    assert main(["check", str(bad), "--corrections", str(path)]) == 2
    assert "the correction expects 10" in capsys.readouterr().err


def test_check_passes_a_report_that_adds_up(good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(good)]) == 0
    told = capsys.readouterr().out
    assert "✗" not in told
    assert "failed 0 " in told


def test_check_tells_what_does_not_add_up(bad: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(bad)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("乙县人民政府 2023")
    failed = [line.split()[1:3] for line in lines if "✗" in line]
    assert failed == [["E", "T3R"], ["E", "T3C"]]
    assert "failed 2 " in lines[-1]


def test_check_prints_findings_as_json(good: Path, bad: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--json", str(good), str(bad)]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["refused"] == []
    assert [(report["agency"], report["counts"]["fail"]) for report in document["reports"]] == [
        ("甲市民政局", 0),
        ("乙县人民政府", 2),
    ]
    findings: list[dict[str, Any]] = document["reports"][1]["findings"]
    across = next(finding for finding in findings if finding["status"] == "fail" and finding["rule"] == "T3R")
    assert (across["expected"], across["reported"], across["difference"]) == (12, 11, -1)
    assert all(finding["status"] in {"pass", "fail", "not_assessable"} for finding in findings)


def test_a_file_that_cannot_be_used_does_not_stop_the_others(
    tmp_path: Path, good: Path, bad: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    empty, other, absent = tmp_path / "empty.html", tmp_path / "菜谱.html", tmp_path / "没有.html"
    empty.write_bytes(b"")
    other.write_text("<h1>西红柿炒鸡蛋</h1><p>鸡蛋三个，西红柿两个。</p>", "utf-8")
    files = [str(path) for path in (empty, bad, other, absent, good)]
    assert main(["check", *files]) == 2
    told = capsys.readouterr()
    complaints = told.err.splitlines()
    assert len(complaints) == 3
    for complaint, name in zip(complaints, ["empty.html", "菜谱.html", "没有.html"], strict=True):
        assert complaint.startswith("govstats: ")
        assert name in complaint
    assert "乙县人民政府 2023" in told.out
    assert "甲市民政局 2022" in told.out
    assert main(["check", "--json", *files]) == 2
    refused = json.loads(capsys.readouterr().out)["refused"]
    assert [Path(refusal["source"]).name for refusal in refused] == ["empty.html", "菜谱.html", "没有.html"]
    assert refused[1]["error"] == "NotAnAnnualReport"
    assert main(["read", str(tmp_path)]) == 2
    assert main(["read", str(good), "--table", "nothing"]) == 2
    assert "no table 'nothing'" in capsys.readouterr().err


def test_wrong_arguments_end_with_two(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in ([], ["check"], ["read", "a.html", "--language", "fr"]):
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert ended.value.code == 2
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert __version__ in capsys.readouterr().out


def run(*arguments: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent.parent)} | options.pop("env", {})
    return subprocess.run([sys.executable, "-m", "govstats", *arguments], env=environment, check=False, **options)


def test_the_module_runs_and_prints_chinese_where_the_locale_has_none(good: Path) -> None:
    environment = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"}
    done = run("read", str(good), env=environment, capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")
    assert "甲市民政局 2022" in done.stdout.decode("utf-8")


@pytest.mark.skipif(sys.platform == "win32", reason="pipes break differently there")
def test_a_reader_that_stops_reading_is_no_error(good: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = run("read", "--json", str(good), stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    assert done.stderr == b""
    assert done.returncode == 141


def test_reproduce_ends_with_one_when_a_case_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, output = tmp_path / "notebooks", tmp_path / "out"
    folder.mkdir()
    cell: dict[str, Any] = {"cell_type": "code", "execution_count": None, "outputs": []}
    defaults = cell | {"id": "defaults", "metadata": {"tags": ["parameters"]}, "source": "agency = ''\nyear = 0"}
    check = cell | {"id": "check", "metadata": {}, "source": "assert year == 2021, agency"}
    notebook = {"cells": [defaults, check], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (folder / "10.ipynb").write_text(json.dumps(notebook), "utf-8")
    (folder / "cases.csv").write_text("notebook,agency,year\n10.ipynb,甲市,2021\n10.ipynb,乙县,2020\n", "utf-8")

    asked = ["reproduce", "--notebooks", str(folder), "-o", str(output)]
    assert main([*asked, "--case", "甲市-2021"]) == 0
    assert f"done 1 · 沿用 skipped 0 · 失败 failed 0 · 打开 open {output / 'index.html'}" in capsys.readouterr().out
    assert not (folder / "runs").exists()

    assert main([*asked, "--resume", "--update"]) == 1
    told = capsys.readouterr()
    assert "done 0 · 沿用 skipped 1 · 失败 failed 1" in told.out
    assert told.err == "govstats: 10.ipynb 乙县 2020: Cell 2 (check): AssertionError: 乙县\n"
    assert [path.relative_to(folder).as_posix() for path in folder.rglob("runs/*/*")] == ["runs/甲市-2021/10.ipynb"]

    assert main([*asked, "--case", "甲市-2021"]) == 0
    assert "done 1 · 沿用 skipped 0 · 失败 failed 0" in capsys.readouterr().out

    assert main([*asked, "--case", "丙乡-2021"]) == 2
    assert main(["reproduce", "--notebooks", str(tmp_path)]) == 2
    complaints = capsys.readouterr().err.splitlines()
    assert "lists no case 丙乡-2021" in complaints[0]
    assert "cases.csv: cannot be opened" in complaints[1]


def test_build_and_export(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("hongze-2023.html", "mem-2019.html", "pingtan-2025.md"):
        shutil.copy(embedded.folder() / "documents" / name, folder)
    (folder / "menu.txt").write_text("本周食堂的菜单", "utf-8")
    (folder / "register.csv").write_text("slug,agency,year\n,应急管理部,2020\nmem-2109,,\n", "utf-8")
    assert main(["build", str(folder), "-o", str(tmp_path / "out"), "--processes", "1"]) == 0
    told = capsys.readouterr()
    assert "文件 documents 4 · 年报 reports 3 · 未能使用 not usable 3" in told.out
    assert "勾稽不符 inconsistent: 1" in told.out
    assert "没有表格 no tables: 1" in told.out
    assert "govstats: menu.txt: NotAnAnnualReport: menu.txt: " in told.err
    assert "govstats: 应急管理部-2020: MissingDocument: the register lists this report" in told.err
    assert "govstats: MissingDocument: register.csv, line 3, names 'mem-2109'" in told.err
    assert {path.name for path in (tmp_path / "out").iterdir()} >= {
        *(f"{name}.parquet" for name in ("cells", "claims", "findings", "notes", "reports", "vintages")),
        "govstats.duckdb",
    }

    assert main(["export", str(tmp_path / "out"), "--format", "csv", "-o", str(tmp_path / "cells.csv")]) == 0
    printed = pd.read_csv(tmp_path / "cells.csv", dtype="str", keep_default_na=False)
    block = printed[(printed["agency"] == "淮安市洪泽区人民政府") & (printed["line"] == "reconsideration")]
    # 洪泽 2023 prints 10 + 1 + 0 + 0 and a total of 0
    figures = dict(zip(block["column"], block["value"], strict=True))
    assert figures == {"upheld": "10", "corrected": "1", "other": "0", "pending": "0", "total": "0"}
    assert main(["export", str(tmp_path / "out"), "--format", "docx", "-o", str(tmp_path / "x.docx")]) == 2
    assert "datapackage" in capsys.readouterr().err


def test_build_without_a_usable_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "in").mkdir()
    assert main(["build", str(tmp_path / "in"), "-o", str(tmp_path / "out")]) == 2
    assert main(["build", str(tmp_path / "nowhere"), "-o", str(tmp_path / "out2")]) == 2
    assert "there is no such folder" in capsys.readouterr().err
    assert not (tmp_path / "out2").exists()
    assert main(["export", str(tmp_path / "in"), "--format", "csv", "-o", str(tmp_path / "x.csv")]) == 2


def test_run_executes_a_notebook_for_a_document_of_ones_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, report = tmp_path / "notebooks", tmp_path / "我的年报.html"
    folder.mkdir()
    report.write_text(page(CONSISTENT), "utf-8")
    cell: dict[str, Any] = {"cell_type": "code", "execution_count": None, "outputs": []}
    parameters = "agency, year, document, seed = '甲市', 2021, '', 1"
    defaults = cell | {"id": "defaults", "metadata": {"tags": ["parameters"]}, "source": parameters}
    check = cell | {
        "id": "check",
        "metadata": {},
        "source": "from pathlib import Path\nassert Path(document).is_file() and seed == 3",
    }
    notebook = {"cells": [defaults, check], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (folder / "10_one.ipynb").write_text(json.dumps(notebook), "utf-8")
    asked = ["run", "10", "--notebooks", str(folder), "--document", str(report), "-o", str(tmp_path / "out")]

    assert main([*asked, "--set", "seed=3"]) == 0
    opened = tmp_path / "out" / "我的年报-seed=3" / "10_one.html"
    assert capsys.readouterr().out == f"打开 open {opened}\n"
    assert "我的年报" in opened.read_text("utf-8")

    assert main(asked) == 1
    assert "Cell 2 (check): AssertionError" in capsys.readouterr().err
    assert main([*asked, "--set", "seed"]) == 2
    assert "expected NAME=VALUE" in capsys.readouterr().err
    assert main([*asked, "--set", "region=青海"]) == 2
    assert "declares no parameter region" in capsys.readouterr().err
    report.unlink()
    assert main(asked) == 2
    assert "no such file or folder 没有这个文件或文件夹" in capsys.readouterr().err


def test_notebooks_are_written_into_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["notebooks", str(tmp_path / "own")]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[-1] == f"执行 run: govstats reproduce --notebooks {tmp_path / 'own'}"
    assert str(tmp_path / "own" / "10_one_report.ipynb") in told


def test_a_workbook_shows_what_fails_where_it_stands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    document, written = embedded.folder() / "documents" / "hongze-2023.html", tmp_path / "洪泽.xlsx"
    assert main(["check", str(document), "--workbook", str(written), "--language", "zh"]) == 1
    assert f"打开 open {written}" in capsys.readouterr().out
    book = openpyxl.load_workbook(written)
    assert book.sheetnames == [
        "核对结果",
        "二、主动公开政府信息情况",
        "三、收到和处理政府信息公开申请情况",
        "四、政府信息公开行政复议、行政诉讼情况",
    ]
    # 10 + 1 + 0 + 0 is not 0, nor is 5: the totals of the first and of the third block were not filled in
    found = [[cell.value for cell in line] for line in book["核对结果"].iter_rows(min_row=4)]
    assert [line[:2] + line[3:6] for line in found] == [["E", "T4S", 11, 0, -11], ["E", "T4S", 5, 0, -5]]
    assert [line[6].count("改法") for line in found] == [1, 2]
    # LibreOffice gives a row of many lines the height of one, unless it is told
    assert [book["核对结果"].row_dimensions[row].height >= 16 * lines for row, lines in ((4, 2), (5, 4))] == [True, True]

    review = book["四、政府信息公开行政复议、行政诉讼情况"]
    figures = review[6]
    assert [cell.value for cell in figures] == [10, 1, 0, 0, 0, *[0] * 5, 5, 0, 0, 0, 0]
    assert [at for at, cell in enumerate(figures) if cell.comment] == [*range(5), *range(10, 15)]
    assert [at for at, cell in enumerate(figures) if cell.fill.fgColor.rgb == "FFF6CFB4"] == [*range(5), *range(10, 15)]
    said = figures[14].comment.text
    for part in (
        "table 4 row 4 cell 15",
        "E T4S “行政诉讼·复议后起诉”",
        "差：-5（所填减应为）",
        "改法 1/2：",
        "总计”印作 0，应为 5",
        "改法 2/2：",
    ):
        assert part in said
    assert "行政复议" not in said.replace("行政诉讼", "")
    merged = {str(one) for one in review.merged_cells.ranges}
    assert {"A3:E4", "F3:O3", "F4:J4", "K4:O4"} <= merged
    assert not any(cell.comment for sheet in book.worksheets[1:3] for line in sheet.iter_rows() for cell in line)


def test_no_text_of_a_workbook_is_executed(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    evil = '=HYPERLINK("http://example.org","0")'
    document, written = tmp_path / "a.html", tmp_path / "a.xlsx"
    figures = {("new", "natural_person"): evil, ("granted", "commercial"): "1,204", ("granted", "total"): "1204"}
    document.write_text(page(figures), "utf-8")
    main(["check", str(document), "--workbook", str(written)])
    tables = openpyxl.load_workbook(written).worksheets[1:]
    cells = [cell for sheet in tables for line in sheet.iter_rows() for cell in line]
    assert [cell.data_type for cell in cells if str(cell.value).endswith(evil)] == ["s"]
    assert not any(cell.data_type == "f" or cell.hyperlink for cell in cells)
    # what Excel would show otherwise than it is printed stays text
    assert [(cell.value, cell.data_type) for cell in cells if str(cell.value).endswith("204")] == [("1,204", "s"), (1204, "n")]
    with zipfile.ZipFile(written) as archive:
        assert not any(b"<f>" in archive.read(name) for name in archive.namelist())


def test_a_workbook_is_of_one_report_and_never_replaces_it(
    good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments, complaint in (
        ([str(good), str(good), "--workbook", str(tmp_path / "a.xlsx")], "expected one FILE"),
        ([str(good), "--workbook", str(good)], "expected one FILE and another file"),
        ([str(good), "--workbook", str(tmp_path / "a.xls")], "a.xls: cannot be a workbook, expected a file *.xlsx"),
        ([str(good), "--workbook", str(tmp_path / "none" / "a.xlsx")], "cannot be written"),
    ):
        assert main(["check", *arguments]) == 2
        assert complaint in capsys.readouterr().err
    assert main(["check", str(good), "--workbook", str(tmp_path / "good.xlsx"), "--language", "en"]) == 0
    book = pytest.importorskip("openpyxl").load_workbook(tmp_path / "good.xlsx")
    assert book["Findings"]["A4"].value == "Nothing fails."
