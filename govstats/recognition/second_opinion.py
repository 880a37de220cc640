"""A second reading of the same document by another engine, where the first one leaves doubts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from govstats.documents import Document
from govstats.forms import CellKey, Form, Table
from govstats.recognition.notes import note
from govstats.recognition.records import records
from govstats.recognition.tables import read_tables
from govstats.report import Note, ReadCell

Reading = tuple[Sequence[ReadCell], list[Note]]

#: Notes on what the form lacks are no doubt about what it has.
_NO_DOUBT = {"outside_form", "decided_by_edits"}


def with_second_opinion(document: Document, form: Form, reading: Reading) -> Reading:
    """Read a document again by another engine where labels, positions or identities leave doubts.

    Parameters
    ----------
    document : Document
        With a way to be read again; others are returned as they were read.
    form : Form
        The version it follows.
    reading : (sequence of ReadCell, list of Note)
        The first reading.

    Returns
    -------
    (sequence of ReadCell, list of Note)
        For each table the reading that decides more cells, where the two agree on every figure. Where they differ, the one
        that alone satisfies the edits; else the cells in which they differ are ``unreadable``, with a note.
    """
    if document.again is None or not any(_doubtful(table, *reading) for table in form.tables):
        return reading
    again = replace(document, blocks=document.again(), again=None)
    second = read_tables(records(again, form), form)
    cells: list[ReadCell] = []
    notes = [one for one in reading[1] if not one.table]
    for table in form.tables:
        chosen, said = _agreed(table, _of(table, reading), _of(table, second))
        cells += chosen
        notes += said
    return cells, notes


def _of(table: Table, reading: Reading) -> Reading:
    return [cell for cell in reading[0] if cell.table == table.id], [one for one in reading[1] if one.table == table.id]


def _doubtful(table: Table, cells: Sequence[ReadCell], notes: Sequence[Note]) -> bool:
    mine = [cell for cell in cells if cell.table == table.id]
    doubts = any(one.table == table.id and one.kind not in _NO_DOUBT for one in notes)
    return doubts or any(cell.status == "unreadable" for cell in mine) or bool(_broken(table, mine))


def _agreed(table: Table, first: Reading, second: Reading) -> Reading:
    decided = [{_key(cell): cell for cell in cells if cell.status != "unreadable"} for cells, _ in (first, second)]
    differ = {key for key in decided[0].keys() & decided[1].keys() if _said(decided[0][key]) != _said(decided[1][key])}
    if not differ:
        return second if len(decided[1]) > len(decided[0]) else first
    broken = [bool(differ & _broken(table, cells)) for cells, _ in (first, second)]
    if broken[0] != broken[1]:
        return second if broken[0] else first
    notes = [
        note("engines_differ", table, c.line, c.column, printed=c.printed, page=c.page, place=c.place, other=other.printed)
        for c, other in ((decided[0][key], decided[1][key]) for key in decided[0] if key in differ)
    ]
    cells = [cell._replace(value=None, status="unreadable") if _key(cell) in differ else cell for cell in first[0]]
    return cells, [*first[1], *notes]


def _said(cell: ReadCell) -> tuple[str, float | None]:
    return cell.status, cell.value


def _key(cell: ReadCell) -> CellKey:
    return cell.table, cell.line, cell.column


def _broken(table: Table, cells: Iterable[ReadCell]) -> set[CellKey]:
    """Return the cells of the balance edits that fail; blanks count nothing among the parts."""
    decided = {_key(cell): cell.value for cell in cells if cell.status != "unreadable"}
    edits = [] if table.open else table.balance_edits({line for _, line, _ in decided})
    return {cell for edit in edits if edit.holds(decided, blank=0) is False for cell in edit.cells}
