"""Where a cell stands: on its page, or in the rows of its document."""

from __future__ import annotations

from pathlib import Path

import pytest

import govstats
from govstats import embedded

TITLE = "某某局2021年政府信息公开工作年度报告\n"
TEXT = f"{TITLE}信息内容\t本年处理决定数量\n行政处罚\t3\n行政强制\t0\n"
FRAME = (213, 94, 0)


def test_rows_around_a_cell_are_those_of_the_document() -> None:
    shown = govstats.read(TEXT.encode()).show("proactive/penalties/decisions")
    assert shown.picture is None
    assert [[cell.text for cell in row] for row in shown.rows] == [
        ["信息内容", "本年处理决定数量"],
        ["行政处罚", "3"],
        ["行政强制", "0"],
    ]
    assert "<td>行政处罚</td>" in shown.html("")
    assert "→ 3</td>" in shown.html("")


def test_an_excerpt_keeps_the_header_and_the_spans_of_the_document() -> None:
    page = (
        f"<h1>{TITLE}</h1><table><tr><td colspan=4>第二十条第（六）项</td></tr>"
        "<tr><td>信息内容</td><td colspan=3>本年处理决定数量</td></tr>"
        "<tr><td>行政处罚</td><td colspan=3>3</td></tr><tr><td rowspan=2>行政强制</td><td colspan=3>0</td></tr></table>"
    )
    shown = govstats.read(page.encode()).show("proactive/coercive_measures/decisions")
    spans = [[(cell.text, cell.rowspan, cell.colspan) for cell in row] for row in shown.rows]
    assert spans == [
        [("第二十条第（六）项", 1, 4)],
        [("信息内容", 1, 1), ("本年处理决定数量", 1, 3)],
        [("行政处罚", 1, 1), ("3", 1, 3)],
        [("行政强制", 1, 1), ("0", 1, 3)],
    ]
    assert '<td colspan="3" style=' in shown.html("")


def test_a_row_of_the_frame_names_a_cell() -> None:
    report = govstats.read(TEXT.encode())
    assert report.show(report.cells.iloc[1]).cell.line == "coercive_measures"


def test_a_cell_of_a_pdf_is_framed_where_its_figure_stands() -> None:
    report = embedded.report("淮安市洪泽区人民政府", 2023, "pdf")
    # 7730.28 万元, the only figure with decimals
    shown = report.show("proactive/administrative_fees/amount")
    assert shown.cell.printed == "7730.28"
    assert shown.picture is not None
    width, height = shown.picture.size
    framed = [(x, y) for x in range(width) for y in range(height) if shown.picture.getpixel((x, y)) == FRAME]
    left, right = min(x for x, _ in framed), max(x for x, _ in framed)
    top, bottom = min(y for _, y in framed), max(y for _, y in framed)
    inside = shown.picture.crop((left + 4, top + 4, right - 4, bottom - 4)).convert("L")
    # seven characters of about five points, two pixels a point
    dark = [x for x in range(inside.width) if min(inside.crop((x, 0, x + 1, inside.height)).tobytes()) < 128]
    assert 50 < max(dark) - min(dark) < 100
    assert shown.png().startswith(b"\x89PNG")


def test_a_cell_that_is_not_there_is_named() -> None:
    with pytest.raises(govstats.GovstatsError, match="no cell requests/new/total"):
        govstats.read(TEXT.encode()).show("requests/new/total")


def test_a_file_that_changed_is_not_shown(tmp_path: Path) -> None:
    path = tmp_path / "report.txt"
    path.write_text(TEXT, "utf-8")
    report = govstats.read(path)
    path.write_text(TEXT.replace("3", "8"), "utf-8")
    with pytest.raises(govstats.UnreadableDocument, match=r"report\.txt: the file has changed"):
        report.show("proactive/penalties/decisions")
    path.unlink()
    with pytest.raises(govstats.UnreadableDocument, match="cannot be opened any more"):
        report.show("proactive/penalties/decisions")
