"""Tables in which labels and positions alone decide: where their figures stand is found once for every way to label a page.

The reports that one site publishes differ in their figures and their prose, not in the labels of their tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import chain
from operator import itemgetter
from typing import NamedTuple

from govstats.characters import figure, is_figure
from govstats.documents import Cell, Document, Grid
from govstats.forms import Form, Table
from govstats.recognition.across import cells_above, is_wide, side_by_side
from govstats.recognition.alignment import Match, align, candidates_of, lines_nearest, told_without_text
from govstats.recognition.columns import Headers, Placement, is_year
from govstats.recognition.glued import is_torn
from govstats.recognition.records import Record, kind, records
from govstats.recognition.tables import in_unit, in_yuan, is_heading, missing_lines
from govstats.report import Note, ReadCell

#: Stands for a figure where all that matters is that there is one.
_FIGURE = "0"

#: The tables of a report have some three hundred; plans of endless pages would fill the memory.
_MOST_CELLS = 2_000

#: The rows of a grid: the texts of its cells, and column and colspan of each.
_Labels = tuple[tuple[tuple[str, ...], tuple[tuple[int, int], ...]], ...]
_TEXT, _SPAN = itemgetter(Cell._fields.index("text")), itemgetter(Cell._fields.index("column"), Cell._fields.index("colspan"))


class _Slot(NamedTuple):
    """Where a cell of the form stands: the number of a row among the rows of all grids, and of a cell in it."""

    row: int
    cell: int
    table: str
    line: str
    column: str
    unit: str
    yuan: bool


class _Plan(NamedTuple):
    """What the labels of a page tell.

    Attributes
    ----------
    slots : tuple of _Slot
        In the order of the form.
    notes : tuple of Note
        On lines that are missing.
    blanks : tuple of (Table, line, row, cells)
        Rows with blanks: if they do not add up, their figures may have run together.
    split : bool
        A table goes on in another grid.
    """

    slots: tuple[_Slot, ...]
    notes: tuple[Note, ...]
    blanks: tuple[tuple[Table, str, int, tuple[int, ...]], ...]
    split: bool


def read_regular(document: Document, form: Form) -> tuple[list[ReadCell], list[Note]] | None:
    """Read a document in whose tables position and counting tell the same of every figure.

    Parameters
    ----------
    document : Document
        Of any format.
    form : Form
        The version it follows.

    Returns
    -------
    (list of ReadCell, list of Note) or None
        What `read_tables` gives. None where anything else has to decide: sums, labels that were torn off, lines that stand there
        twice, text whose figures may be a line.

    Examples
    --------
    >>> from govstats.documents import open_document
    >>> from govstats.forms import form
    >>> page = open_document("<table><tr><td>信息内容<td>本年处理决定数量<tr><td>行政处罚<td>3</table>".encode())
    >>> read_regular(page, form("2021")) is None
    True
    """
    grids = list(document.grids)
    if not grids or not all(grid.aligned and grid.bounded for grid in grids):
        return None
    rows = [row for grid in grids for row in grid.rows]
    if sum(map(len, rows)) > _MOST_CELLS:
        return None
    plan = _plan(tuple([_labels(grid) for grid in grids]), form)
    if plan is None or _text_interferes(document, form, plan):
        return None
    if any(is_torn(table, _match(line, rows[row], cells)) for table, line, row, cells in plan.blanks):
        return None
    cells = []
    for row, at, table, line, column, unit, yuan in plan.slots:
        cell = rows[row][at]
        value, status = in_unit(figure(cell.text), unit, yuan)
        if status == "unreadable" or cell.readings or cell.confidence is not None:
            return None
        cells.append(ReadCell(table, line, column, value, cell.text, status, unit, cell.page, cell.place, "grid"))
    return cells, list(plan.notes)


def _match(line: str, row: Sequence[Cell], places: Sequence[int]) -> Match:
    fields = tuple(row[place] for place in places)
    return Match(Record((), (), fields), line, Placement(fields, True))


def _labels(grid: Grid) -> _Labels:
    return tuple([(tuple(map(_label, map(_TEXT, row))), tuple(map(_SPAN, row))) for row in grid.rows])


@lru_cache(maxsize=8192)
def _label(text: str) -> str:
    """Return a text, or the sign for a figure; a year among them may be a label."""
    return _FIGURE if kind(text) == "figure" and is_figure(text) and not is_year(text) else text


def _text_interferes(document: Document, form: Form, plan: _Plan) -> bool:
    """Tell whether figures beside the grids may be a line of a table, or stand between two parts of one."""
    beside = records(replace(document, blocks=tuple(document.paragraphs)), form)
    if not beside:
        return False
    headers = Headers(form, beside)
    return plan.split or any(
        lines_nearest(table, record) or (table.lines_across and side_by_side(record, table, headers) is not None)
        for record in beside
        for table in form.tables
    )


@lru_cache(maxsize=256)
def _plan(labels: tuple[_Labels, ...], form: Form) -> _Plan | None:
    """Return where each cell of the form stands in grids of such labels; None where it takes more than labels and positions."""
    if any(table.open for table in form.tables):
        return None
    grids = [Grid(tuple(_row(number, *row) for number, row in enumerate(grid)), True, True, "") for grid in labels]
    places = {
        id(cell): (row, at) for row, cells in enumerate(chain(*(grid.rows for grid in grids))) for at, cell in enumerate(cells)
    }
    free = records(Document(tuple(grids), "", "", ""), form)
    leading = [
        record for record, before in zip(free, [None, *free], strict=False) if before is None or before.grid is not record.grid
    ]
    headers = Headers(form, free)
    slots: list[_Slot] = []
    notes: list[Note] = []
    blanks, split = [], False
    for table in form.tables:
        matches = _decided(table, free, headers)
        if not matches or not (table.lines_across or all(told_without_text(table, record) for record in leading)):
            return None
        for match in matches:
            if is_heading(table, match):
                continue
            cells = _cells(match)
            for column, cell in zip(table.columns_of[match.line], cells, strict=True):
                unit = table.unit(match.line, column)
                yuan = unit == "万元" and in_yuan(table, match.record, column, headers)
                slots.append(_Slot(*places[id(cell)], table.id, match.line, column, unit, yuan))
            if len(match.record.figures) < len(cells) and not table.lines_across and table.balance_edits():
                blanks.append((table, match.line, slots[-1].row, tuple(slot.cell for slot in slots[-len(cells) :])))
        notes += missing_lines(table, {match.line for match in matches})
        split = split or len({id(match.record.grid) for match in matches}) > 1
        taken = {id(match.record) for match in matches}
        free = [record for record in free if id(record) not in taken]
    return _Plan(tuple(slots), tuple(notes), tuple(blanks), split)


def _row(number: int, texts: Sequence[str], spans: Sequence[tuple[int, int]]) -> tuple[Cell, ...]:
    return tuple(Cell(text, number, column, 1, colspan) for text, (column, colspan) in zip(texts, spans, strict=True))


def _decided(table: Table, free: Sequence[Record], headers: Headers) -> list[Match]:
    """Return the lines of a table; nothing where other figures might lead to other lines."""
    if table.lines_across:
        wide = [record for record in free if is_wide(record, table)]
        rows = [record for record in wide if side_by_side(record, table, headers) is not None]
        # labels are sought in all that stands above
        decided = not any(cell.text == _FIGURE for record in wide for cell in cells_above(record))
    else:
        candidates = [match for match, _ in candidates_of(table, free, headers)]
        rows = [match.record for match in candidates]
        decided = all(map(_cells, candidates))
    if not decided:
        return []
    matches, notes = align(table, free, headers, table.balance_edits())
    found = {id(match.record) for match in matches}
    orders = [match.record.order for match in matches]
    within = {id(record) for record in free if matches and min(orders) <= record.order <= max(orders)}
    return matches if not notes and all(map(_cells, matches)) and found == within == set(map(id, rows)) else []


def _cells(match: Match) -> tuple[Cell, ...]:
    """Return the figures and blanks of a row that its labels and its shape place; none where a cell is missing or left over."""
    placement = match.placement
    if placement is None or not placement.regular or placement.beyond:
        return ()
    cells = tuple(cell for cell in placement.fields if cell and (cell.text == _FIGURE or kind(cell.text) == "blank"))
    return cells if len(cells) == len(placement.fields) else ()
