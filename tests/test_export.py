"""Is what another program reads from an export what the panel says: figures, kinds of missing, texts, labels."""

import csv
import datetime as dt
import gc
import hashlib
import io
import json
import re
import shutil
import time
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import duckdb
import frictionless
import openpyxl
import pandas as pd
import pyarrow.parquet as pq
import pyreadstat
import pytest

import govstats
from govstats import embedded
from govstats import export as exports
from govstats.errors import FormError, GovstatsError, UnusableCells, UnusablePanel
from govstats.export import FORMATS, UnusableExport, add_views, codebook, create_tables
from govstats.export.stata_spss import _LONGEST_LABEL_STATA
from govstats.panel import Panel as BuiltPanel
from govstats.reconciliation import FINDING_TYPES
from govstats.report import CELL_TYPES, CLAIM_TYPES, NOTE_TYPES, typed_frame

#: Takes whatever has the frames of a panel.
export: Any = exports.export
CITY, COUNTY = "某市人民政府", "某县“=1+1”局"
AWKWARD = '=SUM(A1)\n"引号", 逗号\t@x'
REPORT_TYPES = {
    "agency": "str",
    "year": "Int64",
    "form": "str",
    "title": "str",
    "level": "str",
    "region": "str",
    "region_code": "str",
    "published": "datetime64[us]",
    "chosen": "boolean",
    "source": "str",
    "sha256": "str",
    "error": "str",
    "cells": "Int64",
}
REPORTS = [
    (CITY, 2012, "2008", "年报", "prefecture", "某省某市", "019900", None, True, "a.html", "00", None, 3),
    (CITY, 2020, "2019", "年报", "prefecture", "某省某市", "019900", "2021-03-31", True, "b.html", "01", None, 2),
    (CITY, 2021, "2021", AWKWARD, "prefecture", "某省某市", "019900", "2022-01-28", True, "c.html", "02", None, 6),
    (CITY, 2021, "2021", "年报", "prefecture", "某省某市", "019900", "2022-05-01", False, "d.html", "03", None, 6),
    (COUNTY, 2020, "2019", "-年报", "county", "某省某市某县", None, None, True, "e.html", "04", None, 0),
    (None, None, None, None, None, None, None, None, False, "f.pdf", "05", "UnreadableDocument", 0),
]
#: Agency, year, form, table, line, column, value, printed, status.
CELLS = [
    (CITY, 2012, "2008", "statistics", "主动公开信息数", "this_year", 739.0, "739", "reported"),
    (CITY, 2012, "2008", "statistics", "本局自设的一行", "this_year", 5.0, "5", "reported"),
    (CITY, 2012, "2008", "statistics", "本局自设的一行", "cumulative", None, "", "blank"),
    (CITY, 2020, "2019", "proactive", "licensing", "items_change", -18.0, "-18", "reported"),
    (CITY, 2020, "2019", "requests", "new", "total", 11398889.0, "11398889", "reported"),
    (CITY, 2021, "2021", "proactive", "administrative_fees", "amount", 0.1 + 0.2, "0.3", "reported"),
    (CITY, 2021, "2021", "requests", "new", "natural_person", None, "", "blank"),
    (CITY, 2021, "2021", "requests", "new", "total", 0.0, "0", "reported"),
    (CITY, 2021, "2021", "requests", "refused.third_party_rights", "natural_person", None, "/", "not_applicable"),
    (CITY, 2021, "2021", "requests", "processed_total", "total", 12.0, AWKWARD, "reported"),
    (CITY, 2021, "2021", "review", "reconsideration", "upheld", None, "1?", "unreadable"),
]
#: What stands in the wide table, worked out by eye from CELLS: figure and status.
WIDE: dict[tuple[str, int], dict[str, tuple[float | None, str]]] = {
    (CITY, 2012): {"annex_disclosed_items_this_year": (739.0, "reported")},
    (CITY, 2020): {
        "proactive_licensing_change": (-18.0, "reported"),
        "requests_new_total": (11398889.0, "reported"),
    },
    (CITY, 2021): {
        "proactive_fees_amount": (0.30000000000000004, "reported"),
        "requests_new_person": (None, "blank"),
        "requests_new_total": (0.0, "reported"),
        "requests_refused_rights_person": (None, "not_applicable"),
        "requests_processed_total_total": (12.0, "reported"),
        "review_reconsider_upheld": (None, "unreadable"),
    },
    (COUNTY, 2020): {},
}
#: One column a cell of the three forms, see `test_variables_are_the_cells_of_the_forms`.
VARIABLES = 295
STATUSES = {1: "reported", 2: "blank", 3: "not_applicable", 4: "unreadable"}


@dataclass
class Panel:
    reports: pd.DataFrame
    cells: pd.DataFrame
    claims: pd.DataFrame = field(default_factory=lambda: typed_frame([], CLAIM_TYPES))
    findings: pd.DataFrame = field(default_factory=lambda: typed_frame([], FINDING_TYPES))
    notes: pd.DataFrame = field(default_factory=lambda: typed_frame([], NOTE_TYPES))
    vintages: pd.DataFrame | None = None


def cells_frame(rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    return typed_frame(
        [(*row, "万元" if row[5] == "amount" else "", 3, f"table {place}", "grid", None) for place, row in enumerate(rows)],
        CELL_TYPES,
    )


def worked_out() -> Panel:
    reports = typed_frame(REPORTS, {**REPORT_TYPES, "published": "str"})
    reports["published"] = reports["published"].astype("datetime64[us]")
    claim = (CITY, 2021, "requests/new/total", 12.0, None, None, "件", "", "收到申请12件", 3, 10, "", None, "line 1")
    finding = ("T4S", "E", "fail", CITY, 2021, "review", 3.0, 2.0, -1.0, "review/reconsideration/total", "说明", "message", None)
    note = (CITY, 2021, "unreadable_cell", "review", "reconsideration", "upheld", "1?", 3, "table 10", "说明", "message")
    return Panel(
        reports,
        cells_frame(CELLS),
        typed_frame([claim], CLAIM_TYPES),
        typed_frame([finding], FINDING_TYPES),
        typed_frame([note], NOTE_TYPES),
    )


@pytest.fixture
def panel() -> Panel:
    return worked_out()


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Write exports of the panel for the tests that only read them, each once."""

    @cache
    def write(format_: str, *, folder: bool = False, **options: Any) -> Path:
        suffix = "" if folder else FORMATS[format_]
        return Path(export(worked_out(), tmp_path_factory.mktemp("written") / f"panel{suffix}", format_, **options))

    return write


@pytest.fixture
def empty() -> Panel:
    return Panel(typed_frame([], REPORT_TYPES), typed_frame([], CELL_TYPES))


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> BuiltPanel:
    """Reports on every form of the embedded corpus, one of them without tables, as they are built on disk."""
    folder = tmp_path_factory.mktemp("documents")
    for agency, year in (
        ("平潭综合实验区", 2012),
        ("平潭综合实验区", 2020),
        ("应急管理部", 2019),
        ("淮安市洪泽区人民政府", 2023),
    ):
        shutil.copy(embedded.documents(agency, year)[0], folder)
    return govstats.read_corpus(folder, output=tmp_path_factory.mktemp("built"), processes=1)


def equal(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    """Compare frames of the same columns, types included."""
    pd.testing.assert_frame_equal(found[expected.columns.tolist()], expected, check_exact=True)


def stata(file: Path) -> Any:
    return pyreadstat.read_dta(str(file), user_missing=True)


def spss(file: Path) -> Any:
    return pyreadstat.read_sav(str(file), user_missing=True)


def texts(file: Path) -> list[dict[str, str]]:
    """Read a file of CSV as docs/exports.md says: without the apostrophe that a text begins with."""
    with file.open(encoding="utf-8-sig", newline="") as stream:
        return [{name: text.removeprefix("'") for name, text in row.items()} for row in csv.DictReader(stream)]


def sheets(file: Path) -> dict[str, list[dict[str, Any]]]:
    """Read a workbook by what ECMA-376 says of its parts: rows by the names in the second row of each sheet."""
    space = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
    found: dict[str, list[dict[str, Any]]] = {}
    with zipfile.ZipFile(file) as archive:
        book = ET.fromstring(archive.read("xl/workbook.xml"))
        for number, sheet in enumerate(book.findall("m:sheets/m:sheet", space), start=1):
            content = ET.fromstring(archive.read(f"xl/worksheets/sheet{number}.xml"))
            assert content.find(".//m:f", space) is None, "a formula"
            rows: list[dict[str, Any]] = [
                {
                    re.sub(r"\d", "", cell.get("r", "")): "".join(cell.itertext())
                    if cell.get("t") == "inlineStr"
                    else float("".join(cell.itertext()))
                    for cell in row
                    if cell.get("t") == "inlineStr" or cell.find("m:v", space) is not None
                }
                for row in content.findall(".//m:row", space)
            ]
            names = rows[1]
            found[sheet.get("name", "")] = [{names[at]: value for at, value in row.items()} for row in rows[2:]]
    return found


def test_variables_are_the_cells_of_the_forms() -> None:
    # 2021: 10 cells of table two, 29 lines with the subtotals by 7, 15 of table four. Beyond these, 2019 has 22 cells of table
    # two less its three decisions, and the annex 24 lines by 2.
    assert len(codebook.variables()) == (10 + 29 * 7 + 15) + (22 - 3) + 24 * 2 == VARIABLES
    names = [one.name for one in codebook.variables()]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z][a-z0-9_]{0,31}", name) for name in names)
    assert all(one.zh and one.en for one in codebook.variables())


def test_a_cell_without_a_usable_name_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codebook, "variable_name", lambda _: "x" * 33)
    with pytest.raises(FormError, match=r"codebook\.toml: the cell proactive/rules/issued .* under \[short\]"):
        codebook.variables.__wrapped__(("2021",))
    monkeypatch.setattr(codebook, "variable_name", lambda _: "same")
    with pytest.raises(FormError, match="which proactive/rules/issued has too"):
        codebook.variables.__wrapped__(("2021",))


@pytest.mark.parametrize(
    ("language", "labels"), [("zh", ["空白", "不适用", "无法辨认"]), ("en", ["blank", "not applicable", "unreadable"])]
)
def test_stata_wide(written: Callable[..., Path], language: Any, labels: list[str]) -> None:
    file = written("dta", language=language)
    frame, meta = stata(file)
    marks = {"blank": "a", "not_applicable": "b", "unreadable": "c"}
    assert [(row.agency, row.year) for row in frame.itertuples()] == sorted(WIDE)
    variables = [name for name in frame.columns if name in {one.name for one in codebook.variables()}]
    assert len(variables) == VARIABLES
    for _, row in frame.iterrows():
        cells = WIDE[row["agency"], row["year"]]
        for name in variables:
            value, status = cells.get(name, (None, None))
            if value is not None:
                assert row[name] == value
            elif status:
                assert row[name] == marks[status]
            else:
                assert pd.isna(row[name])
    assert meta.variable_value_labels["requests_new_total"] == dict(zip("abc", labels, strict=True))
    assert set(meta.missing_user_values["requests_new_person"]) == {"a"}
    assert meta.variable_value_labels["level"][3] == {"zh": "地级", "en": "prefecture"}[language]
    city = frame[frame["agency"] == CITY].set_index("year")
    assert city["level"].tolist() == [3, 3, 3]
    assert city["form"].tolist() == [2008, 2019, 2021]
    assert city["own_lines"].tolist() == [2, 0, 0]
    assert city["region_code"].tolist() == ["019900"] * 3
    assert [str(date) for date in city["published"][1:]] == ["2021-03-31", "2022-01-28"]
    assert pd.isna(city.loc[2012, "published"])
    zh_or_en = {"zh": "一、本年新收政府信息公开申请数量·总计", "en": "1. requests received this year·total"}
    assert meta.column_names_to_labels["requests_new_total"] == zh_or_en[language]
    assert all(0 < len(label) <= _LONGEST_LABEL_STATA for label in meta.column_labels)


def test_stata_as_pandas_reads_it(written: Callable[..., Path]) -> None:
    file = written("dta", language="zh")
    frame = pd.read_stata(file, convert_missing=True, convert_categoricals=False, convert_dates=False)
    row: Any = frame.set_index(["agency", "year"]).loc[CITY, 2021]
    assert [str(row[name]) for name in ("requests_new_person", "requests_refused_rights_person")] == [".a", ".b"]
    assert [str(row[name]) for name in ("review_reconsider_upheld", "requests_granted_total")] == [".c", "."]
    assert row["proactive_fees_amount"] == 0.1 + 0.2


def test_stata_long(panel: Panel, tmp_path: Path) -> None:
    frame, meta = stata(export(panel, tmp_path / "long.dta", "dta", shape="long"))
    found = {
        tuple(row[:6]): row[6:]
        for row in frame[["agency", "year", "form", "table", "line", "column", "value", "status", "printed"]].itertuples(
            index=False
        )
    }
    marks = {"blank": "a", "not_applicable": "b", "unreadable": "c"}
    assert found == {
        (*row[:2], int(row[2]), *row[3:6]): (
            row[6] if row[6] is not None else marks[row[8]],
            {name: code for code, name in STATUSES.items()}[row[8]],
            row[7],
        )
        for row in CELLS
    }
    assert meta.variable_value_labels["status"] == {1: "已报告", 2: "空白", 3: "不适用", 4: "无法辨认"}
    assert frame.loc[frame["line"] == "本局自设的一行", "variable"].tolist() == ["", ""]


def test_spss_wide(panel: Panel, tmp_path: Path) -> None:
    file = export(panel, tmp_path / "panel.sav", "sav", language="en")
    frame, meta = spss(file)
    codes = {"blank": -9999991, "not_applicable": -9999992, "unreadable": -9999993}
    for _, row in frame.iterrows():
        cells = WIDE[row["agency"], int(row["year"])]
        for name in (one.name for one in codebook.variables()):
            value, status = cells.get(name, (None, None))
            expected = value if value is not None else codes.get(status or "")
            assert pd.isna(row[name]) if expected is None else row[name] == expected
    assert len(frame) == len(WIDE)
    ranges = [{"lo": code, "hi": code} for code in codes.values()]
    assert meta.missing_ranges["requests_new_total"] == ranges
    assert meta.variable_value_labels["requests_new_total"][-9999991] == "blank"
    assert meta.column_names_to_labels["requests_new_total"] == "1. requests received this year·total"
    # what an analysis sees: missing
    seen: Any = pyreadstat.read_sav(str(file))[0]
    assert seen.set_index("year")["requests_new_person"].isna().all()


def test_spss_long_keeps_texts(panel: Panel, tmp_path: Path) -> None:
    frame, _ = spss(export(panel, tmp_path / "long.sav", "sav", shape="long"))
    assert set(frame["printed"]) == {row[7] for row in CELLS}
    assert frame["status"].map(STATUSES).value_counts().to_dict() == {
        "reported": 7,
        "blank": 2,
        "not_applicable": 1,
        "unreadable": 1,
    }


def test_spss_refuses_a_figure_that_is_a_code(panel: Panel, tmp_path: Path) -> None:
    panel.cells.loc[3, "value"] = -9999992.0
    with pytest.raises(
        UnusableExport, match=rf"{CITY} 2020: the cell proactive/licensing/items_change is -9999992, which stands"
    ):
        export(panel, tmp_path / "panel.sav", "sav")
    assert list(tmp_path.iterdir()) == []


def test_parquet_is_the_same_frames(panel: Panel, written: Callable[..., Path]) -> None:
    folder = written("parquet", folder=True)
    for name in ("cells", "claims", "findings", "notes"):
        equal(pd.read_parquet(folder / f"{name}.parquet"), getattr(panel, name))
    reports = panel.reports.astype({"published": "datetime64[ms]"})
    equal(pd.read_parquet(folder / "reports.parquet"), reports)
    about = pq.read_schema(folder / "wide.parquet").field("requests_new_total").metadata
    assert about[b"label_zh"].decode() == "一、本年新收政府信息公开申请数量·总计"
    assert about[b"unit"].decode() == "件"
    group = pq.ParquetFile(folder / "cells.parquet").metadata.row_group(0)
    ids = [group.column(at) for at in range(group.num_columns) if group.column(at).path_in_schema in {"agency", "table", "line"}]
    assert all("RLE_DICTIONARY" in column.encodings for column in ids)
    equal(pd.read_parquet(written("parquet", language="zh")), panel.cells)


def test_parquet_of_a_built_folder_becomes_any_format(panel: Panel, tmp_path: Path) -> None:
    built = export(panel, tmp_path / "out", "parquet")
    file = export(built, tmp_path / "panel.duckdb", "duckdb")
    with duckdb.connect(str(file), read_only=True) as connection:
        equal(pd.read_parquet(built / "cells.parquet"), panel.cells)
        assert connection.sql("SELECT count(*) FROM cells").fetchall() == [(len(CELLS),)]
    (built / "cells").mkdir()
    (built / "cells.parquet").rename(built / "cells" / "part-0.parquet")
    assert len(texts(export(str(built), tmp_path / "cells.csv", "csv"))) == len(CELLS)
    with pytest.raises(UnusablePanel, match=r"holds no cells\.parquet"):
        export(tmp_path, tmp_path / "cells.csv", "csv")


def test_csv(written: Callable[..., Path]) -> None:
    file = written("csv", language="zh")
    assert file.read_bytes().startswith("\ufeff".encode()), "Excel on a Chinese Windows would take it for GBK"
    found = [
        (
            row["agency"],
            int(row["year"]),
            row["form"],
            row["table"],
            row["line"],
            row["column"],
            float(row["value"]) if row["value"] else None,
            row["printed"],
            row["status"],
        )
        for row in texts(file)
    ]
    assert found == CELLS
    frame = pd.read_csv(file, dtype={"agency": "str"}, keep_default_na=False)
    assert frame.columns[0] == "agency"
    folder = written("csv", folder=True)
    wide = {(row["agency"], int(row["year"])): row for row in texts(folder / "wide.csv")}
    status = {(row["agency"], int(row["year"])): row for row in texts(folder / "wide_status.csv")}
    assert sorted(wide) == sorted(WIDE)
    for report, cells in WIDE.items():
        for name in (one.name for one in codebook.variables()):
            value, why = cells.get(name, (None, None))
            assert wide[report][name] == ("" if value is None else wide[report][name])
            assert value is None or float(wide[report][name]) == value
            assert status[report][name] == (why or "")
    assert wide[CITY, 2020]["requests_new_total"] == "11398889"
    reports = texts(folder / "reports.csv")
    assert [row["title"] for row in reports] == [row[3] or "" for row in REPORTS]
    assert [row["region_code"] for row in reports] == [row[6] or "" for row in REPORTS]
    assert [row["published"] for row in reports] == [row[7] or "" for row in REPORTS]
    assert texts(folder / "claims.csv")[0]["quote"] == "收到申请12件"


@pytest.mark.parametrize("format_", ["csv", "datapackage"])
def test_csv_has_no_text_that_excel_calculates(format_: str, panel: Panel, tmp_path: Path) -> None:
    written = {
        "=1+1": "'=1+1",
        "+cmd|' /C calc'!A0": "'+cmd|' /C calc'!A0",
        "-2\n+3": "'-2\n+3",
        "@SUM(A1)": "'@SUM(A1)",
        "＝1": "'＝1",
        "－A1": "'－A1",
        "\t=1": "'\t=1",
        "'quoted": "''quoted",
        "-18": "-18",
        "-1,234.5": "-1,234.5",
        "--": "--",
        "－": "－",
        "规章=3": "规章=3",
    }
    panel.cells = cells_frame(
        [(*CELLS[0][:4], f"line {at}", "total", -18.0, text, "reported") for at, text in enumerate(written)]
    )
    with (export(panel, tmp_path / "out", format_) / "cells.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["printed"] for row in rows] == list(written.values())
    assert [row["printed"].removeprefix("'") for row in rows] == list(written)
    assert {row["value"] for row in rows} == {"-18"}


@pytest.mark.parametrize("format_", ["csv", "xlsx", "dta", "sav", "parquet", "datapackage"])
def test_the_same_panel_gives_the_same_bytes(format_: str, panel: Panel, written: Callable[..., Path], tmp_path: Path) -> None:
    def content_of(path: Path) -> dict[str, bytes]:
        return {file.name if path.is_dir() else "": file.read_bytes() for file in (path.iterdir() if path.is_dir() else [path])}

    earlier = written(format_, language="zh")
    first = content_of(earlier)
    time.sleep(max(0, earlier.stat().st_mtime + 1.1 - time.time()))  # a file of SPSS says the second of its making
    assert content_of(export(panel, tmp_path / earlier.name, format_)) == first
    content = first.get("", b"")
    if format_ == "dta":  # which says the minute
        assert b"<timestamp>\x1101 Jan 2000 00:00</timestamp>" in content
    elif format_ == "xlsx":
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            assert b">2000-01-01T00:00:00Z</dcterms:created>" in archive.read("docProps/core.xml")
            assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 31, 0, 0, 0)}
    elif format_ == "sav":
        _, about = pyreadstat.read_sav(str(earlier))
        assert about.creation_time == dt.datetime(2000, 1, 1)


@pytest.mark.parametrize(
    ("language", "names", "kinds"),
    [
        ("zh", "报告 单元格 正文所称 核对结果 读取说明 覆盖 宽表 编码本", "空白|不适用|无法辨认"),
        ("en", "reports cells claims findings notes coverage wide codebook", "blank|not applicable|unreadable"),
    ],
)
def test_excel(written: Callable[..., Path], language: Any, names: str, kinds: str) -> None:
    found = sheets(written("xlsx", language=language))
    assert list(found) == names.split()
    cell_rows, wide_rows, codebook_rows = (found[names.split()[at]] for at in (1, 6, 7))
    cells = [
        (
            row["agency"],
            row["year"],
            row["form"],
            row["table"],
            row["line"],
            row["column"],
            row.get("value"),
            row.get("printed", ""),
            row["status"],
        )
        for row in cell_rows
    ]
    # Excel has 15 to 16 digits: 0.1 + 0.2 is 0.3 there
    assert cells == [(*row[:6], 0.3 if row[6] == 0.1 + 0.2 else row[6], *row[7:]) for row in CELLS]
    assert [row.get("title") for row in found[names.split(maxsplit=1)[0]]] == [row[3] for row in REPORTS]
    assert {row["agency"] for row in wide_rows} == {CITY, COUNTY}
    wide = {(row["agency"], row["year"]): row for row in wide_rows}
    words = dict(zip(["blank", "not_applicable", "unreadable"], kinds.split("|"), strict=True))
    for report, expected in WIDE.items():
        shown = {name: value for name, value in wide[report].items() if name in {one.name for one in codebook.variables()}}
        wanted = {
            name: words[status] if value is None else pytest.approx(value, rel=1e-15)
            for name, (value, status) in expected.items()
        }
        assert shown == wanted
    entry = next(row for row in codebook_rows if row["variable"] == "requests_new_total")
    assert (entry["reported"], entry["minimum"], entry["maximum"]) == (2, 0, 11398889)


def test_excel_refuses_what_it_cannot_hold(panel: Panel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from govstats.export import workbook

    too_long = replace(panel, cells=panel.cells.assign(printed="九" * 32_768))
    with pytest.raises(UnusableExport, match=r"cells, row 1: the column printed has 32768 characters, Excel takes 32767"):
        export(too_long, tmp_path / "panel.xlsx", "xlsx")
    monkeypatch.setattr(workbook, "_ROWS", 10)
    with pytest.raises(
        UnusableExport, match=r"the sheet cells would have 11 rows, Excel takes 8; export to csv, parquet or duckdb"
    ):
        export(panel, tmp_path / "panel.xlsx", "xlsx")
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def database(written: Callable[..., Path]) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(str(written("duckdb", language="zh")), read_only=True)


def test_every_format_says_with_which_version_and_from_which_documents_it_was_made(written: Callable[..., Path]) -> None:
    digest = hashlib.sha256(b"00\n01\n02\n03\n04\n05\n").hexdigest()  # as REPORTS has them
    said = f"govstats {govstats.__version__} sha256 {digest[:32]}"
    files = {name: written(name, language="zh") for name in FORMATS if name != "csv"}
    assert pq.read_schema(files["parquet"]).metadata[b"govstats"].decode() == said
    assert openpyxl.load_workbook(files["xlsx"]).properties.description == said
    assert pyreadstat.read_dta(files["dta"])[1].file_label == f"政府信息公开年报面板 {said}"
    assert pyreadstat.read_sav(files["sav"])[1].notes == [said]
    with duckdb.connect(files["duckdb"], read_only=True) as database:
        assert database.sql("FROM made_from").fetchall() == [(said,)]
    assert json.loads((files["datapackage"] / "datapackage.json").read_text("utf-8"))["made_from"] == said
    assert (written("csv", folder=True) / "codebook.md").read_text("utf-8").endswith(f"\n{said}\n")


def test_duckdb_tables(panel: Panel, database: duckdb.DuckDBPyConnection) -> None:
    rows = database.sql('SELECT agency, year, form, "table", line, "column", value, printed, status FROM cells').fetchall()
    assert rows == CELLS
    assert database.sql("SELECT title, CAST(published AS VARCHAR), chosen FROM reports").fetchall() == [
        (row[3], row[7], row[8]) for row in REPORTS
    ]
    assert database.sql("SELECT quote, value FROM claims").fetchall() == [("收到申请12件", 12.0)]
    assert database.sql("SELECT message_zh, difference FROM findings").fetchall() == [("说明", -1.0)]
    assert len(panel.notes) == 1
    types = dict(database.sql("SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = 'reports'").fetchall())
    assert (types["year"], types["published"], types["chosen"], types["vintage"]) == ("BIGINT", "DATE", "BOOLEAN", "BIGINT")
    comments = dict(database.sql("SELECT column_name, comment FROM duckdb_columns() WHERE table_name = 'cells'").fetchall())
    assert comments["status"] == "状态；空白不等于 0 / status; a blank is not a zero"
    ((of_table,),) = database.sql("SELECT comment FROM duckdb_tables() WHERE table_name = 'cells'").fetchall()
    assert of_table.startswith("单元格：长表")


def test_duckdb_wide(database: duckdb.DuckDBPyConnection) -> None:
    types = {name: kind for name, kind, *_ in database.execute("DESCRIBE wide").fetchall()}
    assert types["requests_new_total"] == types["proactive_licensing_change"] == "BIGINT"
    assert types["proactive_fees_amount"] == types["proactive_procurement_amount"] == "DOUBLE"
    for (agency, year), cells in WIDE.items():
        for name, (value, status) in cells.items():
            query = f"SELECT w.{name}, s.{name} FROM wide w JOIN wide_status s USING (agency, year) WHERE agency = ? AND year = ?"
            assert database.execute(query, [agency, year]).fetchall() == [(value, status)]
    assert database.sql("SELECT agency, year, own_lines FROM wide WHERE own_lines > 0").fetchall() == [(CITY, 2012, 2)]
    comments = dict(database.sql("SELECT column_name, comment FROM duckdb_columns() WHERE table_name = 'wide'").fetchall())
    assert comments["requests_new_total"] == "一、本年新收政府信息公开申请数量·总计 / 1. requests received this year·total"


def test_duckdb_views(database: duckdb.DuckDBPyConnection) -> None:
    query = "SELECT year, reports, reported, blank, total_count, total FROM figures_by_year WHERE variable = 'requests_new_total'"
    assert database.sql(query).fetchall() == [(2020, 1, 1, 0, 11398889, 11398889.0), (2021, 1, 1, 0, 0, 0.0)]
    types = {name: kind for name, kind, *_ in database.execute("DESCRIBE figures_by_year").fetchall()}
    assert types["total_count"] == types["reported"] == "BIGINT"
    query = "SELECT label_zh, total_count FROM figures_by_year WHERE year = 2012 AND variable IS NULL AND reported > 0"
    assert database.sql(query).fetchall() == [("本局自设的一行·this_year", 5)]
    query = "SELECT total_count, total FROM figures_by_year WHERE variable = 'proactive_fees_amount'"
    assert database.sql(query).fetchall() == [(None, 0.1 + 0.2)]
    query = "SELECT line_en, column_zh, level, count, status FROM requests WHERE year = 2021"
    assert database.sql(query).fetchall() == [
        ("1. requests received this year", "自然人", "prefecture", None, "blank"),
        ("1. requests received this year", "总计", "prefecture", 0, "reported"),
        ("(3) 4. protects the lawful rights of a third party", "自然人", "prefecture", None, "not_applicable"),
        ("(7) total processed", "总计", "prefecture", 12, "reported"),
    ]
    assert database.sql("SELECT rule, region, difference FROM failed").fetchall() == [("T4S", "某省某市", -1.0)]
    query = "SELECT year, state FROM coverage WHERE agency = ?"
    states = {2012: "consistent", **dict.fromkeys(range(2013, 2020), "missing"), 2020: "incomplete", 2021: "inconsistent"}
    assert dict(database.execute(query, [CITY]).fetchall()) == states
    of_county = {**dict.fromkeys(range(2012, 2020), "missing"), 2020: "without tables", 2021: "missing"}
    assert dict(database.execute(query, [COUNTY]).fetchall()) == of_county
    query = "SELECT reported, blank, unreadable, minimum, maximum FROM codebook WHERE variable = 'requests_new_person'"
    assert database.sql(query).fetchall() == [(0, 1, 0, None, None)]


def test_a_count_that_is_not_whole_is_never_rounded(panel: Panel) -> None:
    panel.cells.loc[4, "value"] = 2.5
    with duckdb.connect() as connection:
        create_tables(connection, {"cells": panel.cells, "reports": panel.reports})
        add_views(connection)
        assert connection.sql("SELECT requests_new_total FROM wide WHERE year = 2020 ORDER BY agency").fetchall() == [
            (None,),
            (2.5,),
        ]
        query = "SELECT total_count, total FROM figures_by_year WHERE year = 2020 AND line = 'new'"
        assert connection.sql(query).fetchall() == [(None, 2.5)]
        # a fraction that comes in after the views were made
        connection.execute("UPDATE cells SET value = 1.5 WHERE line = 'processed_total'")
        with pytest.raises(duckdb.Error, match="make the views again"):
            connection.sql("SELECT requests_processed_total_total FROM wide").fetchall()


def test_a_cell_that_stands_twice_is_refused(panel: Panel, tmp_path: Path) -> None:
    twice = replace(panel, cells=cells_frame([*CELLS, CELLS[4]]))
    with pytest.raises(UnusableCells, match=rf"{CITY} 2020: the cell requests/new/total stands 2 times"):
        export(twice, tmp_path / "panel.dta", "dta")
    both = replace(panel, reports=panel.reports.assign(chosen=True))
    with pytest.raises(UnusableCells, match=rf"{CITY} 2021: a chosen report \(c\.html, d\.html\) stands 2 times"):
        export(both, tmp_path / "panel.dta", "dta")


def test_data_package_is_valid(written: Callable[..., Path]) -> None:
    folder = written("datapackage", language="zh")
    report = frictionless.validate(str(folder / "datapackage.json"))
    assert report.valid, report.flatten(["message"])
    descriptor = json.loads((folder / "datapackage.json").read_text("utf-8"))
    resources = {one["name"]: one for one in descriptor["resources"]}
    assert list(resources) == [
        "reports",
        "cells",
        "claims",
        "findings",
        "notes",
        "rules",
        "coverage",
        "wide",
        "wide_status",
        "codebook",
    ]
    assert resources["cells"]["schema"]["foreignKeys"][0]["reference"] == {"resource": "reports", "fields": ["agency", "year"]}
    for one in resources.values():
        content = (folder / one["path"]).read_bytes()
        assert one["hash"] == f"sha256:{hashlib.sha256(content).hexdigest()}"
        assert not content.startswith("\ufeff".encode())
    fields = {one["name"]: one for one in resources["wide"]["schema"]["fields"]}
    assert fields["requests_new_total"]["type"] == "integer"
    assert fields["proactive_fees_amount"]["type"] == "number"
    assert fields["published"]["type"] == "date"
    package: Any = frictionless.Package(str(folder / "datapackage.json"))
    read = package.get_resource("cells").read_rows()
    assert [
        (row["value"] is None or float(row["value"]) == cell[6], row["status"], (row["printed"] or "").removeprefix("'"))
        for row, cell in zip(read, CELLS, strict=True)
    ] == [(True, cell[8], cell[7]) for cell in CELLS]


def test_codebook_without_a_panel_lists_all_cells_and_counts_nothing() -> None:
    lines = codebook.markdown({}).splitlines()
    assert sum(line.startswith("| `") and line.count("|") == 6 for line in lines) == VARIABLES + len(codebook.missing_kinds())
    assert "| severity | `E` | 不可能正确 | cannot be right |" in lines
    label = "一、本年新收政府信息公开申请数量·总计 | 1. requests received this year·total"
    assert f"| `requests_new_total` | {label} | 件 | 2019 2021 |" in lines


def test_codebook(written: Callable[..., Path]) -> None:
    text = (written("datapackage", language="zh") / "codebook.md").read_text("utf-8")
    rows = {
        line.split("|")[1].strip(): [part.strip() for part in line.split("|")[2:-1]]
        for line in reversed(text.splitlines())
        if line.startswith("| `")
    }
    labels = ["一、本年新收政府信息公开申请数量·总计", "1. requests received this year·total"]
    assert rows["`requests_new_total`"] == [*labels, "件", "2019 2021", "2", "0", "0", "0", "0", "11398889"]
    assert rows["`blank`"] == ["空白：单元格空白，不等于 0", "blank: an empty cell, which is not zero", "`.a`", "-9999991"]
    assert {f"`{one.name}`" for one in codebook.variables()} <= rows.keys()


def test_the_embedded_corpus_in_every_format(corpus: BuiltPanel, tmp_path: Path) -> None:
    """Every figure and status of the corpus, as read back, is that of its cells."""
    named = {one.cell: one.name for one in codebook.variables()}
    marks = {"blank": "a", "not_applicable": "b", "unreadable": "c"}
    codes = {"a": -9999991.0, "b": -9999992.0, "c": -9999993.0}
    columns = ["agency", "year", "table", "line", "column", "status", "value"]
    expected: dict[Any, Any] = {
        (agency, year, named[tuple(key)]): marks.get(status, value)
        for agency, year, *key, status, value in corpus.cells[columns].values.tolist()
        if tuple(key) in named
    }
    assert len(expected) > 400
    frame, _ = spss(export(corpus, tmp_path / "panel.sav", "sav"))
    variables = [name for name in frame.columns if name in set(named.values())]
    tall = frame.melt(["agency", "year"], variables).dropna()
    found = {(agency, int(year), name): value for agency, year, name, value in tall.values.tolist()}
    assert found == {key: codes.get(value, value) for key, value in expected.items()}
    assert len(frame) == corpus.reports["chosen"].sum()

    frame, _ = stata(export(corpus, tmp_path / "panel.dta", "dta"))
    tall = frame.melt(["agency", "year"], variables).dropna()
    assert {(agency, year, name): value for agency, year, name, value in tall.values.tolist()} == expected

    folder = export(corpus, tmp_path / "parquet", "parquet")
    for name in ("cells", "findings", "claims", "notes"):
        equal(pd.read_parquet(folder / f"{name}.parquet"), getattr(corpus, name))
    with duckdb.connect(str(export(corpus.folder, tmp_path / "panel.duckdb", "duckdb")), read_only=True) as connection:
        failed = corpus.findings["status"] == "fail"
        assert connection.sql("SELECT count(*) FROM failed WHERE title_zh IS NOT NULL").fetchall() == [(failed.sum(),)]
        coverage = connection.sql("SELECT agency, year, state, documents, failures FROM coverage").fetchall()
        assert set(coverage) == {tuple(row[:5]) for row in corpus.coverage().values.tolist()}
    assert len(sheets(export(corpus.folder, tmp_path / "panel.xlsx", "xlsx"))["单元格"]) == len(corpus.cells)


def test_a_report_without_agency_is_in_the_long_tables_only(panel: Panel, tmp_path: Path) -> None:
    nobody = replace(panel, cells=cells_frame([*CELLS, (None, 2021, "2021", "requests", "new", "total", 4.0, "4", "reported")]))
    assert [row["value"] for row in texts(export(nobody, tmp_path / "cells.csv", "csv"))].count("4") == 1
    wide = texts(export(nobody, tmp_path / "wide.csv", "csv", shape="wide"))
    assert sorted((row["agency"], int(row["year"])) for row in wide) == sorted(WIDE)
    package = export(nobody, tmp_path / "package", "datapackage")
    assert frictionless.validate(str(package / "datapackage.json")).valid


@pytest.mark.parametrize("format_", FORMATS)
def test_an_empty_panel(empty: Panel, tmp_path: Path, format_: str) -> None:
    path = export(empty, tmp_path / f"panel{FORMATS[format_]}", format_)
    if format_ == "dta":
        assert pyreadstat.read_dta(str(path))[0].columns[:3].tolist() == ["agency", "year", "form"]
    elif format_ == "sav":
        assert len(pyreadstat.read_sav(str(path))[0]) == 0
    elif format_ == "xlsx":
        assert set(sheets(path)) == {"报告", "单元格", "正文所称", "核对结果", "读取说明", "覆盖", "宽表", "编码本"}
    elif format_ == "parquet":
        equal(pd.read_parquet(path), empty.cells)
    elif format_ == "csv":
        assert texts(path) == []
    elif format_ == "duckdb":
        with duckdb.connect(str(path), read_only=True) as connection:
            assert connection.sql("FROM wide").fetchall() == connection.sql("FROM coverage").fetchall() == []
    else:
        assert frictionless.validate(str(path / "datapackage.json")).valid


def test_more_tables(panel: Panel, tmp_path: Path) -> None:
    """Vintages, a coverage of the panel's own, and indicators stand beside the others."""
    vintages = panel.cells.assign(
        vintage=pd.array([1] * len(CELLS), dtype="Int64"), source="d.html", published=pd.Timestamp("2022-05-01")
    )
    indicators = pd.DataFrame(
        {"agency": [CITY], "year": pd.array([2021], dtype="Int64"), "indicator": ["disclosure_rate"], "value": [None]}
    ).astype({"value": "Float64"})
    coverage = pd.DataFrame({"agency": [CITY], "year": pd.array([2021], dtype="Int64"), "status": ["complete"]})

    class Whole(Panel):
        def coverage(self) -> pd.DataFrame:
            return coverage

    whole = Whole(panel.reports, panel.cells, panel.claims, panel.findings, panel.notes, vintages)
    with duckdb.connect(str(export(whole, tmp_path / "p.duckdb", "duckdb", indicators=indicators)), read_only=True) as connection:
        assert connection.sql("SELECT agency, year, status FROM coverage").fetchall() == [(CITY, 2021, "complete")]
        assert connection.sql("SELECT indicator, value FROM indicators").fetchall() == [("disclosure_rate", None)]
        assert connection.sql("SELECT count(*), any_value(source) FROM vintages").fetchall() == [(len(CELLS), "d.html")]
    found = sheets(export(whole, tmp_path / "p.xlsx", "xlsx", language="en", indicators=indicators))
    assert list(found) == [
        "reports",
        "cells",
        "claims",
        "findings",
        "notes",
        "vintages",
        "coverage",
        "indicators",
        "wide",
        "codebook",
    ]
    package = export(whole, tmp_path / "package", "datapackage", indicators=indicators)
    assert frictionless.validate(str(package / "datapackage.json")).valid


def test_what_cannot_be_done_says_what_can(panel: Panel, tmp_path: Path) -> None:
    def refused(match: str, destination: Path, format_: str, **options: Any) -> None:
        with pytest.raises(GovstatsError, match=match):
            export(panel, destination, format_, **options)

    refused("no export format 'stata'; known are parquet, duckdb, csv, xlsx, dta, sav, datapackage", tmp_path / "x.dta", "stata")
    refused(r"x\.csv: cannot be the destination of an export to dta, which needs a file \*\.dta", tmp_path / "x.csv", "dta")
    refused(r"x\.dta: cannot be .* csv, which needs a file \*\.csv or a folder", tmp_path / "x.dta", "csv")
    refused("datapackage, which needs a folder", tmp_path / "x.csv", "datapackage")
    refused("'fr'; known are zh and en", tmp_path / "x.csv", "csv", language="fr")
    refused(r"takes no shape 'wide': only \*\.parquet, \*\.csv, \*\.dta, \*\.sav", tmp_path / "x.xlsx", "xlsx", shape="wide")
    refused("takes no shape 'tall'", tmp_path / "x.dta", "dta", shape="tall")
    (tmp_path / "folder.dta").mkdir()
    refused("is a folder, but this export to dta is a file", tmp_path / "folder.dta", "dta")
    (tmp_path / "file").write_text("")
    refused("is a file, but this export to datapackage is a folder", tmp_path / "file", "datapackage")
    refused("cannot be written", tmp_path / "file" / "x.dta", "dta")


def test_a_missing_package_is_named(panel: Panel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "pyreadstat", None)
    monkeypatch.delitem(sys.modules, "govstats.export.stata_spss", raising=False)
    monkeypatch.delattr("govstats.export.stata_spss", raising=False)
    with pytest.raises(
        govstats.MissingExtra, match=r"dta needs pyreadstat, which is not installed; run: pip install 'govstats\[export\]'"
    ):
        export(panel, tmp_path / "x.dta", "dta")
    monkeypatch.setitem(sys.modules, "duckdb", None)
    with pytest.raises(govstats.MissingExtra, match=r"csv needs duckdb, .* 'govstats\[panel\]'"):
        export(panel, tmp_path / "x.csv", "csv")


def test_an_export_replaces_the_one_before(panel: Panel, empty: Panel, tmp_path: Path) -> None:
    file = export(panel, tmp_path / "cells.csv", "csv")
    assert len(texts(file)) == len(CELLS)
    assert texts(export(empty, file, "csv")) == []
    assert [path.name for path in tmp_path.iterdir()] == ["cells.csv"]


# --- what the disk refuses ------------------------------------------------------------------------------------------------


# files that could not be written to say so once more when they are forgotten
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("format", FORMATS)
def test_a_full_disk_is_told_and_nothing_half_written_stays(
    format: str,  # noqa: A002
    panel: Panel,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (kept := tmp_path / "kept").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(kept))
    resource = pytest.importorskip("resource", reason="the system bounds no files")
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, usual[1]))
    try:
        with pytest.raises(UnusableExport, match="make room"):
            export(panel, tmp_path / f"out{FORMATS[format]}", format)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)
    assert [*tmp_path.rglob("*")] == [kept]
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        gc.collect()
    assert not [one for one in said if str(kept) in str(one.message)]


@pytest.mark.parametrize("format", FORMATS)
def test_a_figure_of_forty_digits_is_exported(format: str, panel: Panel, tmp_path: Path) -> None:  # noqa: A002
    """Digits of several cells that were read as one figure; `count` and the columns of counts give way to numbers."""
    long = float("1" * 40)
    panel.cells.loc[panel.cells["value"].notna().idxmax(), "value"] = long
    out = export(panel, tmp_path / f"out{FORMATS[format]}", format)
    if format == "parquet":
        assert pd.read_parquet(out)["value"].max() == long
