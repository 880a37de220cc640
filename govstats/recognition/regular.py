"""Tables in which labels and positions alone decide: where their figures stand is found once for every way to label a page.

The reports that one site publishes differ in their figures and their prose, not in the labels of their tables.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from operator import itemgetter
from typing import Any, NamedTuple

from govstats.characters import figure, is_figure
from govstats.documents import Cell, Document, Grid, Layout
from govstats.forms import Form, Table
from govstats.recognition.across import cells_above, is_wide, side_by_side
from govstats.recognition.alignment import Match, align, candidates_of, lines_nearest, told_without_text
from govstats.recognition.columns import Headers, Placement, is_year, names_years
from govstats.recognition.glued import is_torn
from govstats.recognition.records import Record, kind, none_in, records
from govstats.recognition.tables import in_unit, in_yuan, is_heading, missing_lines
from govstats.report import Note, ReadCell, ReadCells

#: Stands for a figure where all that matters is that there is one, and for one that may be a year.
_FIGURE, _YEAR = "0", "2000"

#: Longer digits may be two figures that ran together.
_LONGEST_PLAIN = 8

#: The tables of a report have some three hundred; plans of endless pages would fill the memory.
_MOST_CELLS = 2_000


class _Plan(NamedTuple):
    """What the labels of a page tell.

    Attributes
    ----------
    columns : tuple of sequence
        The fields of `ReadCell` that the labels decide, a place for each cell of the form and in its order: table, line, column,
        unit, page, place, method, confidence.
    printed : callable
        Picks the texts of these cells from those of all grids.
    units : tuple of (str, bool)
        The unit of each, and whether the header says 元 where the form asks for 万元.
    amounts : list of int
        Which of them are in 万元.
    notes : tuple of Note
        On lines that are missing.
    blanks : tuple of (Table, line, cells)
        Rows with blanks: if they do not add up, their figures may have run together.
    split : bool
        A table goes on in another grid.
    """

    columns: tuple[Sequence[Any], ...]
    printed: Callable[[Sequence[str]], Sequence[str]]
    units: Sequence[tuple[str, bool]]
    amounts: Sequence[int]
    notes: tuple[Note, ...]
    blanks: tuple[tuple[Table, str, tuple[int, ...]], ...]
    split: bool


def read_regular(document: Document, form: Form) -> tuple[Sequence[ReadCell], list[Note]] | None:
    """Read a document in whose tables position and counting tell the same of every figure.

    Parameters
    ----------
    document : Document
        Of any format.
    form : Form
        The version it follows.

    Returns
    -------
    (sequence of ReadCell, list of Note) or None
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
    texts = [text for grid in grids for row in grid.texts for text in row]
    if len(texts) > _MOST_CELLS:
        return None
    plan = _plan(tuple([grid.layout for grid in grids]), _labels(grids, texts), form)
    if plan is None or _text_interferes(document, form, plan):
        return None
    if any(is_torn(table, _match(line, [texts[at] for at in cells])) for table, line, cells in plan.blanks):
        return None
    printed = plan.printed(texts)
    figures = {text: figure(text) for text in set(printed)}
    statuses, values, units, _ = map(list, zip(*[figures[text] for text in printed], strict=True))
    for at in range(len(printed)) if any(units) else plan.amounts:
        values[at], statuses[at] = in_unit(figures[printed[at]], *plan.units[at])
    if "unreadable" in statuses:
        return None
    return ReadCells((*plan.columns[:3], values, printed, statuses, *plan.columns[3:])), list(plan.notes)


def _match(line: str, texts: Sequence[str]) -> Match:
    fields = tuple([Cell(text, 0, number) for number, text in enumerate(texts)])
    return Match(Record((), (), fields), line, Placement(fields, True))


def _labels(grids: Sequence[Grid], texts: Sequence[str]) -> tuple[str, ...]:
    """Return the texts of all cells, with a sign for every figure; years stay where they may head columns."""
    # most cells of a page say the same few things
    label = {text: _label(text) for text in set(texts)}
    labels = [label[text] for text in texts]
    if _YEAR in labels:
        at = 0
        for row in (row for grid in grids for row in grid.texts):
            end = at + len(row)
            if not names_years(row):
                labels[at:end] = [_FIGURE if label == _YEAR else label for label in labels[at:end]]
            at = end
    return tuple(labels)


def _label(text: str) -> str:
    # most figures are plain, and many come once in a corpus: no cache knows them
    plain = len(text) <= _LONGEST_PLAIN and text.isascii() and text.isdecimal()
    if plain or (kind(text) == "figure" and is_figure(text)):
        return _YEAR if is_year(text) else _FIGURE
    return text


def _text_interferes(document: Document, form: Form, plan: _Plan) -> bool:
    """Tell whether figures beside the grids may be a line of a table, or stand between two parts of one."""
    if none_in(document.paragraphs, form):
        return False
    beside = records(replace(document, blocks=tuple(document.paragraphs)), form)
    headers = Headers(form, beside)
    return plan.split or any(
        lines_nearest(table, record) or (table.lines_across and side_by_side(record, table, headers) is not None)
        for record in beside
        for table in form.tables
    )


@lru_cache(maxsize=256)
def _plan(layouts: tuple[Layout, ...], labels: tuple[str, ...], form: Form) -> _Plan | None:
    """Return where each cell of the form stands in grids of such labels; None where it takes more than labels and positions."""
    if any(table.open for table in form.tables):
        return None
    label = iter(labels)
    grids = [
        Grid(tuple([tuple([cell._replace(text=next(label)) for cell in row]) for row in layout.cells]), True, True, "")
        for layout in layouts
    ]
    cells = [cell for grid in grids for row in grid.rows for cell in row]
    if any(cell.readings or cell.confidence is not None for cell in cells):
        return None
    at = {id(cell): number for number, cell in enumerate(cells)}
    free = records(Document(tuple(grids), "", "", ""), form)
    leading = [
        record for record, before in zip(free, [None, *free], strict=False) if before is None or before.grid is not record.grid
    ]
    headers = Headers(form, free)
    rows: list[tuple[str, str, str, str, int | None, str, str, None]] = []
    taken: list[int] = []
    units: list[tuple[str, bool]] = []
    notes: list[Note] = []
    blanks, split = [], False
    for table in form.tables:
        matches = _decided(table, free, headers)
        if not matches or not (table.lines_across or all(told_without_text(table, record) for record in leading)):
            return None
        for match in matches:
            if is_heading(table, match):
                continue
            fields = _cells(match)
            for column, cell in zip(table.columns_of[match.line], fields, strict=True):
                unit = table.unit(match.line, column)
                units.append((unit, unit == "万元" and in_yuan(table, match.record, column, headers)))
                rows.append((table.id, match.line, column, unit, cell.page, cell.place, "grid", None))
                taken.append(at[id(cell)])
            if len(match.record.figures) < len(fields) and not table.lines_across and table.balance_edits():
                blanks.append((table, match.line, tuple(taken[-len(fields) :])))
        notes += missing_lines(table, {match.line for match in matches})
        split = split or len({id(match.record.grid) for match in matches}) > 1
        found = {id(match.record) for match in matches}
        free = [record for record in free if id(record) not in found]
    if len(taken) < 2:  # of a single cell `itemgetter` would give no tuple
        return None
    amounts = [at for at, (unit, _) in enumerate(units) if unit == "万元"]
    return _Plan(tuple(zip(*rows, strict=True)), itemgetter(*taken), units, amounts, tuple(notes), tuple(blanks), split)


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
