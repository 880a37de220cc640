"""Two engines on one document: what they agree on stands, what they do not is settled by the edits or by nobody."""

from __future__ import annotations

import pytest

from govstats.documents import Cell, Document, Grid, Paragraph
from govstats.recognition import recognise

TITLE = Paragraph("某某局2021年政府信息公开工作年度报告", "line 1")
COLUMNS = ["结果维持", "结果纠正", "其他结果", "尚未审结", "总计"]


def grid(rows: list[list[str]], place: str) -> Grid:
    return Grid(
        tuple(
            tuple(Cell(text, row, column, place=f"{place} row {row} cell {column}", page=1) for column, text in enumerate(texts))
            for row, texts in enumerate(rows)
        ),
        True,
        True,
        place,
    )


def review(*figures: str) -> Grid:
    return grid(
        [["行政复议", *[""] * 4, "未经复议直接起诉", *[""] * 4, "复议后起诉", *[""] * 4], COLUMNS * 3, list(figures)], "table 1"
    )


def proactive(licences: str, penalties: str) -> Grid:
    rows = [["信息内容", "本年处理决定数量"], ["行政许可", licences], ["信息内容", "本年处理决定数量"], ["行政处罚", penalties]]
    return grid([*rows, ["行政强制", "0"]], "table 2")


def read(first: list[Grid], second: list[Grid]) -> dict[tuple[str, str, str], tuple[float | None, str]]:
    document = Document((TITLE, *first), "pdf", "report.pdf", "", again=lambda _: (TITLE, *second))
    report = recognise(document)
    return {(c.table, c.line, c.column): (c.value, c.status) for c in report.read_cells}


def test_the_reading_that_adds_up_is_taken() -> None:
    # 2 + 1 + 0 + 0 = 3; the first engine took the 2 for a 7
    wrong = review(*"71003", *"00000", *"00000")
    right = review(*"21003", *"00000", *"00000")
    assert read([wrong], [right])["review", "reconsideration", "upheld"] == (2.0, "reported")
    assert read([right], [wrong])["review", "reconsideration", "upheld"] == (2.0, "reported")


def test_where_both_engines_see_an_error_it_is_the_agencys() -> None:
    published = review(*"71003", *"00000", *"00000")
    cells = read([published], [published])
    assert cells["review", "reconsideration", "upheld"] == (7.0, "reported")
    assert cells["review", "reconsideration", "total"] == (3.0, "reported")


def test_where_neither_adds_up_what_differs_is_undecided() -> None:
    cells = read([review(*"71003", *"00000", *"00000")], [review(*"91003", *"00000", *"00000")])
    assert cells["review", "reconsideration", "upheld"] == (None, "unreadable")
    assert cells["review", "reconsideration", "corrected"] == (1.0, "reported")


def test_what_the_first_engine_lost_is_taken_from_the_second() -> None:
    assert read([], [proactive("12", "3")])["proactive", "licensing", "decisions"] == (12.0, "reported")


@pytest.mark.parametrize("second", [[], [proactive("12", "3")]])
def test_what_the_second_engine_lost_does_not_matter(second: list[Grid]) -> None:
    first = [proactive("12", "3"), review(*"71003", *"00000", *"00000")]
    assert read(first, second)["proactive", "licensing", "decisions"] == (12.0, "reported")


def test_pages_that_are_pictures_are_named() -> None:
    report = recognise(Document((TITLE, proactive("1", "2")), "pdf", "report.pdf", "", unread=(4,)))
    assert [(note.kind, note.page) for note in report.read_notes if note.kind == "unread_page"] == [("unread_page", 4)]
