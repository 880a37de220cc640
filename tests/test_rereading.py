"""Cells read again in another way: the reading is blamed where it was wrong, and only there."""

from __future__ import annotations

import logging
import re
from pathlib import Path

import pytest

import govstats
from govstats import embedded
from govstats.recognition.rereading import reread

TOTAL = ("review", "reconsideration", "total")


def misread(report: govstats.Report, line: str, column: str, value: float) -> govstats.Report:
    """A report as if one of its cells had been read wrongly."""
    cells = report.cells.copy()
    at = (cells["line"] == line) & (cells["column"] == column)
    cells.loc[at, "value"], cells.loc[at, "printed"] = value, f"{value:g}"
    return report.with_cells(cells)


def test_what_the_agency_printed_is_found_again_by_its_order() -> None:
    report = embedded.report("淮安市洪泽区人民政府", 2023)
    (again,) = reread(report, [TOTAL])[TOTAL]
    assert again == ("order", "0", "reported", 0.0)
    found = govstats.repairs(report).query("column == 'total' and line == 'reconsideration'")
    assert found[["origin", "printed", "reread"]].values.tolist() == [["published", "0", "0 (order)"]]
    assert "机关公布的就是如此" in found["message_zh"].item()


@pytest.mark.parametrize(
    ("agency", "year", "format_name"),
    [("上海市科学技术委员会", 2024, "markdown"), ("应急管理部", 2021, "word"), ("平潭综合实验区", 2022, "pdf")],
)
def test_other_ways_of_reading_agree_on_whole_tables(agency: str, year: int, format_name: str) -> None:
    report = embedded.report(agency, year, format_name)
    cells = {cell.key: cell for cell in report.read_cells if cell.table == "review"}
    found = reread(report, cells)
    assert len(found) == 15
    assert all(again.agrees(cells[key]) for key, ways in found.items() for again in ways)
    assert all(found.values())


def test_where_the_reading_was_wrong_it_is_the_reading() -> None:
    report = misread(embedded.report("平潭综合实验区", 2025), "granted", "natural_person", 99.0)
    found = govstats.repairs(report)
    truth = embedded.figures("平潭综合实验区", 2025).query("line == 'granted' and column == 'natural_person'")["printed"].item()
    assert found[["line", "column", "origin"]].values.tolist() == [["granted", "natural_person", "reading"]]
    assert found["proposed"].item() == float(truth)
    assert found["reread"].item() == f"{truth} (order)"
    assert "错在读取，不在机关" in found["message_zh"].item()


def test_a_wrong_reading_comes_before_what_is_as_simple() -> None:
    # 5 + 0 + 0 + 0 under a total of 0 has two repairs; here the 5 is read where the document has 0 as well
    report = embedded.report("宁夏回族自治区应急管理厅", 2020)
    figures = embedded.figures("宁夏回族自治区应急管理厅", 2020).query("table == 'review' and line == 'litigation_direct'")
    assert set(figures["printed"]) == {"0"}
    found = govstats.repairs(misread(report, "litigation_direct", "upheld", 5.0))
    assert found[["repair", "column", "proposed", "origin"]].values.tolist() == [
        [1, "upheld", 0.0, "reading"],
        [2, "total", 5.0, "published"],
    ]


def test_text_that_is_nothing_but_order_has_no_other_way() -> None:
    report = embedded.report("淮安市洪泽区人民政府", 2023, "text")
    assert reread(report, [TOTAL]) == {TOTAL: []}
    assert govstats.repairs(report)["origin"].isna().all()


def test_a_document_that_is_gone_cannot_be_asked_again(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_bytes(embedded.documents("淮安市洪泽区人民政府", 2023)[0].read_bytes())
    report = govstats.read(path)
    path.unlink()
    found = govstats.repairs(report)
    assert found["proposed"].tolist() == [11.0, 5.0, 0.0]
    assert found["origin"].isna().all()


def test_cells_alone_have_no_document() -> None:
    found = govstats.repairs(embedded.report("淮安市洪泽区人民政府", 2023).cells)
    assert found["origin"].isna().all()
    assert found["printed"].tolist() == ["0", "0", "5"]


@pytest.fixture(scope="module")
def lying(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PDF whose page shows 7 + 1 + 0 + 0 = 8 while its text, for programs, says 2 for the 7."""
    fpdf = pytest.importorskip("fpdf", reason="drawing PDF documents needs fpdf2")
    fonts = pytest.importorskip("pylopdf_fonts_zh_cn", reason="drawing Chinese text needs a font of the extra notebooks")
    logging.getLogger("fontTools").setLevel(logging.ERROR)
    pdf = fpdf.FPDF(unit="pt", format=(842, 595))
    pdf.set_compression(False)
    pdf.add_font("sans", "", str(fonts.sans_path()))
    pdf.add_page()
    pdf.set_font("sans", "", 16)
    pdf.cell(text="某区人民政府2023年政府信息公开工作年度报告", new_x="LMARGIN", new_y="NEXT")
    pdf.set_font("sans", "", 9)
    outcomes = ["结果维持", "结果纠正", "其他结果", "尚未审结", "总计"]
    with pdf.table(text_align="CENTER", first_row_as_headings=False) as table:
        spanners = table.row()
        spanners.cell("行政复议", colspan=5)
        spanners.cell("行政诉讼", colspan=10)
        blocks = table.row()
        blocks.cell("", colspan=5)
        blocks.cell("未经复议直接起诉", colspan=5)
        blocks.cell("复议后起诉", colspan=5)
        table.row(outcomes * 3)
        table.row(["7", "1", "0", "0", "8", *["0"] * 10])
    written = bytes(pdf.output())
    # the map from glyphs to characters: the one that leads to U+0037 now leads to U+0032
    patched, count = re.subn(rb"(<[0-9A-Fa-f]{4}> )<0037>", rb"\1<0032>", written)
    assert count == 1
    path = tmp_path_factory.mktemp("lying") / "report.pdf"
    path.write_bytes(patched)
    return path


def test_what_a_page_shows_stands_against_what_its_text_says(lying: Path) -> None:
    pytest.importorskip("rapidocr", reason="recognising a cell of a page needs the extra ocr")
    report = govstats.read(lying)
    upheld = report.cells.query("line == 'reconsideration' and column == 'upheld'")
    assert upheld["value"].item() == 2.0
    found = govstats.repairs(report)
    first = found[found["repair"] == 1]
    assert first[["column", "reported", "proposed", "origin"]].values.tolist() == [["upheld", 2.0, 7.0, "reading"]]
    assert first["reread"].item().endswith("7 (picture)")
