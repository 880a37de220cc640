"""Workbooks, comma-separated values, and what is packed."""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

import govstats
from govstats.documents import Grid, Paragraph, open_document
from govstats.documents.sheet import read_separated
from govstats.errors import GovstatsError, MissingReader, UnreadableDocument
from govstats.forms import form

from .model_report import Document, Part
from .mutations import Score, score
from .renderers import grid, places, spread

pytest.importorskip("openpyxl")
pytest.importorskip("python_calamine")
from openpyxl import Workbook

DOCUMENTS = 90


def number(text: str) -> str | int:
    return int(text) if text.isascii() and text.isdecimal() and str(int(text)) == text and len(text) < 16 else text


def workbook(doc: Document, *, merged: bool = True) -> bytes:
    """Print a report into one sheet, as it is pasted from Word."""
    book = Workbook()
    row = 1
    for block in doc.blocks:
        if not isinstance(block, Part):
            book.active.cell(row, 1, block.text)
            row += 1
            continue
        boxes = grid(block)
        for (down, across), box in places(boxes).items():
            book.active.cell(row + down, 1 + across, number(box.text))
            if merged and box.down * box.across > 1:
                end = {"end_row": row + down + box.down - 1, "end_column": across + box.across}
                book.active.merge_cells(start_row=row + down, start_column=1 + across, **end)
        row += len(boxes)
    return saved(book)


def saved(book: Any) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def separated(doc: Document) -> bytes:
    out = io.StringIO()
    for block in doc.blocks:
        csv.writer(out).writerows(spread(grid(block)) if isinstance(block, Part) else [[block.text]])
    return out.getvalue().encode("utf-8-sig")


@pytest.fixture(scope="module", params=[workbook, separated])
def scores(request: pytest.FixtureRequest) -> list[Score]:
    return [score(seed, request.param) for seed in range(DOCUMENTS)]


def test_no_figure_is_read_wrong(scores: list[Score]) -> None:
    assert not [f"{one.seed} {one.name}: {one.wrong[0]}" for one in scores if one.wrong]


def test_unspoilt_sheets_are_read(scores: list[Score]) -> None:
    plain = [one for one in scores if not one.mutation]
    assert sum(one.right for one in plain) >= 0.99 * sum(one.decidable for one in plain) > 0


TABLE = [
    ["信息内容", "本年制发件数", "本年废止件数", "现行有效件数"],
    ["规章", "3", "0", "62"],
    ["行政规范性文件", "34", "55", "1,189"],
    ["信息内容", "本年处理决定数量", "本年处理决定数量", "本年处理决定数量"],
    ["行政许可", "97", "97", "97"],
]


def values(content: bytes) -> dict[str, float]:
    cells = govstats.read(content).cells.query("status == 'reported'")
    return dict(zip(cells["line"] + "/" + cells["column"], cells["value"], strict=True))


SHOWN = {
    "rules/issued": 3,
    "rules/repealed": 0,
    "rules/in_force": 62,
    "normative_documents/issued": 34,
    "normative_documents/repealed": 55,
    "normative_documents/in_force": 1189,
    "licensing/decisions": 97,
}


def of_pandas(write: Callable[[pd.DataFrame, io.BytesIO], None]) -> bytes:
    out = io.BytesIO()
    write(pd.DataFrame(TABLE), out)
    return out.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        of_pandas(lambda frame, out: frame.to_csv(out)),
        of_pandas(lambda frame, out: frame.to_excel(out)),
        of_pandas(lambda frame, out: frame.to_excel(out, index=False, header=False)),
        of_pandas(lambda frame, out: frame[1:].reset_index(drop=True).set_axis(list(frame.loc[0]), axis=1).to_excel(out)),
    ],
    ids=["csv", "xlsx", "xlsx without numbers", "xlsx with a header"],
)
def test_frames_of_pandas_are_read_without_their_numbers_and_repetitions(content: bytes) -> None:
    """``pandas.read_html`` repeats what a merged cell says; writing a frame numbers its rows and columns."""
    assert values(content) == SHOWN


def test_hidden_sheets_are_not_read_and_open_formulas_are_no_blanks() -> None:
    book = Workbook()
    for row in TABLE[:3]:
        book.active.append([number(text) for text in row])
    book.active["C2"] = "=1-1"
    hidden = book.create_sheet("草稿")
    hidden.append(["规章", 4, 4, 4])
    hidden.sheet_state = "hidden"
    cells = govstats.read(saved(book)).cells.query("line == 'rules'")
    assert cells[["column", "status", "place"]].to_numpy().tolist() == [
        ["issued", "reported", "sheet Sheet row 2 column 2"],
        ["repealed", "unreadable", "sheet Sheet row 2 column 3"],
        ["in_force", "reported", "sheet Sheet row 2 column 4"],
    ]


def test_rows_of_one_text_part_tables_only_where_they_are_headings_or_sentences() -> None:
    book = Workbook()
    for row in [["二、主动公开政府信息情况"], *TABLE[:2], ["行政规范性文件"], [], ["打印本页"]]:
        book.active.append(row)
    heading, table, foot = open_document(saved(book)).blocks
    assert isinstance(heading, Paragraph)
    assert isinstance(foot, Paragraph)
    assert isinstance(table, Grid)
    assert table.texts[-1] == ["行政规范性文件", "", "", ""]


@pytest.mark.parametrize(
    "text", ["2025年，收到12,345件，办结12,300件，结转45件。\n" * 3, "a,b\nc,d\n", '规章,"3\n', "一,二,三\n四,五,六\n"]
)
def test_text_with_commas_is_text(text: str) -> None:
    assert open_document(text.encode()).format == "text"


PAGE = "<title>某市财政局2024年政府信息公开工作年度报告</title><table><tr><td>规章<td>3<td>0<td>62</table>".encode()


def test_semicolons_part_fields_where_commas_part_thousands() -> None:
    grid = read_separated("信息内容;本年制发件数;现行有效件数\n规章;7,491;54,950\n行政许可;4;1,007\n")[0]
    assert isinstance(grid, Grid)
    assert grid.texts[1:] == [["规章", "7,491", "54,950"], ["行政许可", "4", "1,007"]]


def test_a_row_that_lost_a_cell_of_its_stub_or_of_its_figures_is_undecided() -> None:
    lines = [line for line in form("2021").table("requests").lines if not line.subtotal]
    header = ";;;自然人;商业企业;科研机构;社会公益组织;法律服务机构;其他;总计"
    rows = [f"{line.zh};;;" + ";".join("0" * 7) for line in lines]
    rows[2] = f"{lines[2].zh};;67;54;0;945;0;1066"  # 67 may be the first figure, or stand behind a blank
    page = "某市教育局2021年政府信息公开工作年度报告\n" + "\n".join([header, *rows])
    read = {cell.key: cell.value for cell in govstats.read(page.encode(), form="2021").read_cells}
    assert {read["requests", lines[2].id, column] for column in ("natural_person", "commercial", "other")} == {None}
    assert read["requests", lines[3].id, "total"] == 0


def zipped(*names: str, content: bytes = PAGE) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, content)
    return out.getvalue()


@pytest.mark.parametrize(
    "content",
    [gzip.compress(PAGE, mtime=0), zipped("年报/report.html", "__MACOSX/._report.html", ".DS_Store")],
    ids=["gz", "zip"],
)
def test_the_one_report_in_a_packed_file_is_read(content: bytes) -> None:
    found = open_document(content)
    assert (found.format, found.blocks) == ("html", open_document(PAGE).blocks)
    assert found.sha256 != open_document(PAGE).sha256


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        (zipped("a.html", "b.html"), UnreadableDocument, r"holds 2 files \(a.html, b.html\); expected one report"),
        (zipped(".DS_Store"), UnreadableDocument, "holds 0 files"),
        (zipped("a.gz", content=gzip.compress(PAGE, mtime=0)), UnreadableDocument, "packed twice"),
        (gzip.compress(PAGE, mtime=0)[:40], UnreadableDocument, "damaged or locked"),
        (zipped("xl/workbook.xml"), UnreadableDocument, "the workbook is damaged or locked"),
        (zipped("OFD.xml"), MissingReader, r"OFD document; convert it to PDF .*expected HTML, plain text, .*Excel"),
        (b"{\\rtf1}", MissingReader, r"RTF document.*expected HTML, plain text, .*Excel"),
    ],
    ids=["two files", "none", "twice", "damaged", "no workbook", "OFD", "RTF"],
)
def test_what_is_refused_and_why(content: bytes, error: type[GovstatsError], message: str) -> None:
    with pytest.raises(error, match=message):
        open_document(content)


def test_a_sheet_larger_than_a_report_is_refused() -> None:
    book = Workbook()
    book.active["ZZ1000"] = "x"
    with pytest.raises(
        UnreadableDocument, match=r"702,000 fields of a sheet; at most 200,000 are read: expected one annual report"
    ):
        open_document(saved(book))


def test_a_workbook_of_something_else_is_no_annual_report() -> None:
    book = Workbook()
    for row in [["品名", "单价"], ["纸", 3], ["笔", 4]]:
        book.active.append(row)
    with pytest.raises(GovstatsError):
        govstats.read(saved(book))


REVIEW = [
    ["行政复议", *[""] * 4, "行政诉讼", *[""] * 9],
    ["", "结果维持 结果纠正 其他结果 尚未审结", "", "", "总计", "未经复议直接起诉", *[""] * 4, "复议后起诉", *[""] * 4],
    [*[""] * 5, *["", "结果维持 结果纠正 其他结果 尚未审结", "", "", "总计"] * 2],
    [*"01102", *"00011", *"00202"],
]


def test_names_that_camelot_left_in_one_cell_stand_over_their_columns() -> None:
    """The CSV of the table on reviews alone has one row of figures."""
    out = io.StringIO()
    csv.writer(out).writerows(REVIEW)
    read = [cell.value for cell in govstats.read(out.getvalue().encode()).read_cells]
    assert read == [0, 1, 1, 0, 2, 0, 0, 0, 1, 1, 0, 0, 2, 0, 2]
    # a label of two words has no more cells
    [one] = [row for grid in open_document(b"a b,,3,4\nc,,5,6\n").grids for row in grid.texts[:1]]
    assert one == ["a b", "", "3", "4"]


def test_a_cell_of_several_lines_is_quoted_where_a_sheet_is_copied_into_text() -> None:
    page = '二、情况\n信息内容\t"本年\n制发件数"\t现行有效件数\n"行政规范\n性文件"\t3\t62\n规章\t0\t1\n'
    [grid] = open_document(page.encode()).grids
    assert grid.texts == [["信息内容", "本年\n制发件数", "现行有效件数"], ["行政规范\n性文件", "3", "62"], ["规章", "0", "1"]]
