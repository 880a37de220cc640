"""Cells with several readings: chosen by the edits where one combination is left, otherwise undecided."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from govstats.documents import Cell, Grid, open_document
from govstats.forms import form
from govstats.recognition import recognise
from govstats.recognition.decision import Row, decide
from govstats.recognition.hypotheses import Way
from govstats.report import ReadCell, Report

LINES = [line for line in form("2021").table("requests").lines if not line.subtotal]
COLUMNS = [column.id for column in form("2021").table("requests").columns]
#: 12 + 3 = 15 received, 10 + 2 = 12 granted and 2 + 1 = 3 without the information.
COUNTS = {
    "new": [12, 3, 0, 0, 0, 0, 15],
    "granted": [10, 2, 0, 0, 0, 0, 12],
    "unable.not_held": [2, 1, 0, 0, 0, 0, 3],
    "processed_total": [12, 3, 0, 0, 0, 0, 15],
}
REVIEW = "".join(f"<td>{name}</td>" for name in ["结果维持", "结果纠正", "其他结果", "尚未审结", "总计"] * 3)


def report(
    doubts: Mapping[tuple[str, str], dict[str, Any]],
    *,
    counts: Mapping[str, list[int]] = COUNTS,
    review: str = "0 0 0 0 0 " * 3,
    confidence: float | None = None,
) -> Report:
    """Read a report in which some cells have other texts, readings or confidences than the rest."""
    header = "".join(f"<td>{column.zh}</td>" for column in form("2021").table("requests").columns)
    body = "".join(
        f"<tr><td>{line.zh}</td>" + "".join(f"<td>{count}</td>" for count in counts.get(line.id, [0] * 7)) + "</tr>"
        for line in LINES
    )
    blocks = "<td colspan=5>行政复议</td><td colspan=5>未经复议直接起诉</td><td colspan=5>复议后起诉</td>"
    figures = "".join(f"<td>{count}</td>" for count in review.split())
    page = (
        "<h1>某市教育局2021年政府信息公开工作年度报告</h1><p>三、收到和处理政府信息公开申请情况</p>"
        f"<table><tr><td>申请人情况</td>{header}</tr>{body}</table>"
        f"<table><tr>{blocks}</tr><tr>{REVIEW}</tr><tr>{figures}</tr></table>"
    )
    document = open_document(page.encode())
    where = {cell.place: (cell.line, cell.column) for cell in recognise(document).read_cells}
    grids = [
        block._replace(
            rows=tuple(
                tuple(
                    cell._replace(**({"confidence": confidence} | doubts.get(where[cell.place], {})))
                    if cell.place in where
                    else cell
                    for cell in row
                )
                for row in block.rows
            )
        )
        if isinstance(block, Grid)
        else block
        for block in document.blocks
    ]
    return recognise(replace(document, blocks=tuple(grids)))


def cell(read: Report, line: str, column: str) -> ReadCell:
    return next(cell for cell in read.read_cells if (cell.line, cell.column) == (line, column))


def kinds(read: Report) -> set[str]:
    return {note.kind for note in read.read_notes if note.line}


def test_without_doubts_a_recognised_report_is_read_as_it_is() -> None:
    read = report({}, confidence=0.98)
    assert [cell(read, "new", column).value for column in COLUMNS] == COUNTS["new"]
    assert cell(read, "new", "total").method == "ocr"
    assert cell(read, "new", "total").confidence == 0.98
    assert read.cells["confidence"].eq(0.98).all()
    assert not kinds(read) & {"decided_by_edits", "undecided_readings", "unsure_recognition"}


@pytest.mark.parametrize("confidence", [None, 0.6])
def test_row_and_column_choose_another_reading(confidence: float | None) -> None:
    read = report({("granted", "natural_person"): {"text": "16", "readings": ("10", "18"), "confidence": confidence}})
    chosen = cell(read, "granted", "natural_person")
    assert (chosen.value, chosen.printed, chosen.status) == (10, "10", "reported")
    assert chosen.method == ("grid" if confidence is None else "ocr")
    (note,) = [note for note in read.read_notes if note.kind == "decided_by_edits"]
    assert (note.printed, "16 | 10 | 18" in note.message_zh, "16 | 10 | 18" in note.message_en) == ("10", True, True)


def test_the_first_reading_stands_where_only_it_satisfies() -> None:
    read = report({("granted", "natural_person"): {"readings": ("16",), "confidence": 0.6}})
    assert cell(read, "granted", "natural_person").value == 10


@pytest.mark.parametrize("confidence", [None, 0.6])
def test_no_reading_that_satisfies_leaves_the_cell_unread(confidence: float | None) -> None:
    read = report({("granted", "natural_person"): {"text": "16", "readings": ("18",), "confidence": confidence}})
    doubtful = cell(read, "granted", "natural_person")
    assert (doubtful.value, doubtful.status, doubtful.printed) == (None, "unreadable", "16")
    assert "undecided_readings" in kinds(read)
    assert cell(read, "granted", "commercial").value == 2


def test_engines_that_swap_two_cells_leave_both_unread() -> None:
    swapped = {
        ("reconsideration", "upheld"): {"text": "3", "readings": ("1",)},
        ("reconsideration", "corrected"): {"text": "1", "readings": ("3",)},
    }
    read = report(swapped, review="3 1 0 0 4 " + "0 0 0 0 0 " * 2)
    assert cell(read, "reconsideration", "upheld").value is None
    assert cell(read, "reconsideration", "corrected").value is None
    assert cell(read, "reconsideration", "total").value == 4


def test_the_same_digit_misread_in_part_and_total_is_not_confirmed() -> None:
    doubt = {"text": "8", "readings": ("3",), "confidence": 0.7}
    read = report(
        {("reconsideration", "upheld"): doubt, ("reconsideration", "total"): doubt}, review="3 0 0 0 3 " + "0 0 0 0 0 " * 2
    )
    assert cell(read, "reconsideration", "upheld").value is None
    assert cell(read, "reconsideration", "total").value is None


def test_one_edit_confirms_but_does_not_replace() -> None:
    review = "3 0 0 0 3 " + "0 0 0 0 0 " * 2
    confirmed = report({("reconsideration", "upheld"): {"readings": ("8",), "confidence": 0.7}}, review=review)
    assert cell(confirmed, "reconsideration", "upheld").value == 3
    replaced = report({("reconsideration", "upheld"): {"text": "8", "readings": ("3",), "confidence": 0.7}}, review=review)
    assert cell(replaced, "reconsideration", "upheld").value is None


def test_a_zero_and_a_blank_are_the_same_to_a_sum() -> None:
    read = report({("new", "other"): {"text": "0", "readings": ("",)}})
    assert cell(read, "new", "other").status == "unreadable"


def test_a_mistake_of_the_agency_is_reported_where_recognition_is_very_sure() -> None:
    wrong = COUNTS | {"granted": [10, 2, 0, 0, 0, 0, 13]}
    assert cell(report({}, counts=wrong, confidence=0.995), "granted", "total").value == 13
    assert cell(report({}, counts=wrong), "granted", "total").value == 13
    less_sure = report({("granted", "total"): {"confidence": 0.97}}, counts=wrong, confidence=0.995)
    assert cell(less_sure, "granted", "total").status == "unreadable"
    assert cell(less_sure, "granted", "commercial").value == 2
    assert "unsure_recognition" in kinds(less_sure)


def test_low_confidence_without_other_readings_needs_an_edit() -> None:
    read = report({("granted", "total"): {"confidence": 0.5}}, confidence=0.995)
    assert (cell(read, "granted", "total").value, cell(read, "granted", "total").confidence) == (12, 0.5)


def test_where_no_edit_binds_a_cell_recognition_has_to_be_very_sure() -> None:
    # 现行有效 of a rule is in no sum: 0 was read as 9 at 0.976
    keys = tuple(("proactive", "rules", column) for column in ("issued", "repealed", "in_force"))
    fields = tuple(Cell("9", 0, at, page=1, confidence=sure) for at, sure in enumerate((0.976, 0.995, None)))
    row = Row(keys, [Way(fields, True)])
    decide([row], [])
    assert row.unconfirmed == {0}


def test_a_blank_of_recognition_may_be_a_figure_that_it_missed() -> None:
    # 2 read as blank, 10 as 12: the row adds up without either being right
    missed: dict[tuple[str, str], dict[str, Any]] = {
        ("granted", "commercial"): {"text": "", "confidence": None},
        ("granted", "natural_person"): {"text": "12", "readings": ("10",), "confidence": 0.6},
    }
    assert cell(report(missed, confidence=0.995), "granted", "natural_person").value is None


def test_a_page_full_of_doubt_is_given_up_in_time() -> None:
    doubts = {
        (line.id, column): {"readings": tuple(str(n) for n in range(1, 9)), "confidence": 0.5}
        for line in LINES
        for column in COLUMNS
    }
    read = report(doubts)
    assert {cell.value for cell in read.read_cells if cell.table == "requests"} <= {None, 0.0, 10.0, 12.0, 15.0, 2.0, 3.0, 1.0}
    assert "undecided_readings" in kinds(read)
