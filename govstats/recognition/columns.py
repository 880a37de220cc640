"""Which column is it? The fields of a record under the header of its table, or counted where there is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from govstats.characters import is_figure
from govstats.documents import Cell, Grid
from govstats.forms import Form, Table
from govstats.recognition.labels import SURE, column_index, form_words, key
from govstats.recognition.records import Field, Record

_LONGEST_HEADER = 30


class Placement(NamedTuple):
    """The fields of a record, one for each column of its line.

    Attributes
    ----------
    fields : tuple of Field or None
        None where the document has no cell.
    certain : bool
        False where a blank was placed by counting alone.
    beyond : tuple of Field
        Figures under no column of the form: an agency's own column, remarks.
    """

    fields: tuple[Field | None, ...]
    certain: bool
    beyond: tuple[Field, ...] = ()

    @property
    def texts(self) -> tuple[str, ...]:
        """What is printed in each column."""
        return tuple(piece.text if piece else "" for piece in self.fields)


class Headers:
    """The headers of a document's grids, found once for each."""

    def __init__(self, form: Form) -> None:
        self._words = form_words(form)
        self._rows: dict[tuple[int, str], list[tuple[int, dict[str, Field]]]] = {}

    def place(self, record: Record, table: Table, line: str) -> Placement | None:
        """Return the fields of a record in the order of its line's columns; None where they cannot be told apart."""
        columns = table.columns_of[line]
        above = self.above(record, table)
        if all(column in above for column in columns):
            placement = self.under([above[column] for column in columns], record)
            if placement:
                return placement
        return in_order(record, len(columns))

    def above(self, record: Record, table: Table) -> dict[str, Field]:
        """Return for each column its nearest header cell above a record; nothing in a grid whose columns say nothing."""
        grid = record.grid
        if grid is None:
            return {}
        name = (id(grid), table.id)
        if name not in self._rows:
            self._rows[name] = _header_rows(grid, table)
        nearest: dict[str, Field] = {}
        for number, labels in self._rows[name]:
            if number < record.row:
                nearest.update(labels)
        return nearest if grid.aligned or _straight(grid, nearest) else {}

    def under(self, header: Sequence[Field], record: Record) -> Placement | None:
        """Place by position: every figure under one header cell, none left over while a column stays empty."""
        slots: list[Field | None] = [None] * len(header)
        beyond = []
        for piece in record.fields:
            over = [
                number
                for number, label in enumerate(header)
                if piece.column < label.column + label.colspan and label.column < piece.column + piece.colspan
            ]
            if piece.kind == "blank":
                for number in over:
                    slots[number] = slots[number] or piece
            elif not over:
                beyond.append(piece)
            elif len(over) > 1 or slots[over[0]] is not None or key(piece.text).word in self._words:
                return None
            else:
                slots[over[0]] = piece
        if None in slots and (beyond or all(slot is None for slot in slots)):
            return None
        return Placement(tuple(slots), True, tuple(beyond))


def _straight(grid: Grid, header: Mapping[str, Field]) -> bool:
    """Tell whether tabs kept the columns: rows of one length, every figure under a header cell (not so in haidong-2021)."""
    under = {label.column for label in header.values()}
    return len({len(row) for row in grid.rows}) == 1 and all(
        cell.column in under for row in grid.rows for cell in row if is_figure(cell.text)
    )


def _header_rows(grid: Grid, table: Table) -> list[tuple[int, dict[str, Field]]]:
    index = column_index(table)
    rows = []
    for number, cells in enumerate(grid.rows):
        # a row with figures is no header: its stub may read 总计 or 其他 as a column does
        if any(is_figure(cell.text) for cell in cells):
            continue
        labels = {}
        for cell in cells:
            if cell.text and len(cell.text) <= _LONGEST_HEADER:
                # numbered labels are lines: 3.其他, （七）总计
                sure = {} if key(cell.text).number else index.find(cell.text)
                labels.update({column: _header_field(cell) for column, likeness in sure.items() if likeness >= SURE})
        if labels:
            rows.append((number, labels))
    return rows


def _header_field(cell: Cell) -> Field:
    return Field(cell.text, "label", cell.column, cell.colspan, cell.place, cell.page)


def in_order(record: Record, columns: int) -> Placement | None:
    """Place by counting: as many fields, or as many figures, as the line has columns."""
    fields = record.fields
    aligned = record.grid is not None and record.grid.aligned
    if aligned and len(fields) == columns:
        return Placement(tuple(fields), True)
    start = next((i for i, piece in enumerate(fields) if piece.kind != "blank"), 0)
    # in text a blank that leads a row may as well be a column of labels (haidong-2021)
    if start == 0 or aligned:
        rest = fields[start:]
        while len(rest) > columns and rest[-1].kind == "blank":
            rest = rest[:-1]
        if len(rest) == columns:
            return Placement(tuple(rest), all(piece.kind != "blank" for piece in rest))
    figures = record.figures
    return Placement(tuple(figures), True) if len(figures) == columns else None


def side_by_side(record: Record, table: Table, headers: Headers) -> dict[str, Placement] | None:
    """Part a row in which all lines of a table stand side by side, each with its columns.

    Parameters
    ----------
    record : Record
        Any record of the document.
    table : Table
        With `lines_across`.
    headers : Headers
        Of the document.

    Returns
    -------
    dict of line to Placement, or None
        None where the row is not that of the table, or where its header contradicts the form.
    """
    width, lines = len(table.columns), [line.id for line in table.lines]
    if len(record.figures) * 2 < width * len(lines) and len(record.fields) < width * len(lines):
        return None
    above = _words_above(record)
    headed = sum(word in column_index(table).exact for word in above) >= width
    named = all(key(line.zh).word in "".join(above) for line in table.lines)
    order = _lines_in_print(table, above)
    if order is None or not (headed or named):
        return None
    leaves = _leaf_header(table, record)
    placement = (headers.under(leaves, record) if leaves else None) or in_order(record, width * len(lines))
    if placement is None:
        return None
    parts = (placement.fields[i * width : (i + 1) * width] for i in range(len(order)))
    return {line: placement._replace(fields=part) for line, part in zip(order, parts, strict=True)}


def _words_above(record: Record) -> list[str]:
    """Return the labels above a row, from left to right where the grid tells."""
    grid = record.grid
    cells = [cell for row in grid.rows[: record.row] for cell in row if cell.text] if grid else []
    if grid and grid.aligned and cells:
        return [key(cell.text).word for cell in sorted(cells, key=lambda cell: cell.column)]
    return [key(piece.text).word for piece in record.before]


def _lines_in_print(table: Table, above: Sequence[str]) -> list[str] | None:
    """Return the lines in the order in which the header names them; None where it names only some, in another order."""
    text = "\n".join(above)
    order = [line.id for line in table.lines]
    places = {line.id: text.rfind(key(line.zh).word) for line in table.lines if line.group}
    seen = sorted((line for line, place in places.items() if place >= 0), key=places.__getitem__)
    if len(seen) == len(places):
        return [line for line in order if line not in places] + seen
    return order if seen == [line for line in order if line in seen] else None


def _leaf_header(table: Table, record: Record) -> list[Field] | None:
    """Return the column labels above the row from left to right, if each line has all of its own."""
    if record.grid is None or not record.grid.aligned:
        return None
    index = column_index(table).exact
    leaves = [
        (cell.column, name, _header_field(cell))
        for row in record.grid.rows[: record.row]
        for cell in row
        for name, _ in index.get(key(cell.text).word, ())
    ]
    leaves.sort(key=lambda leaf: leaf[0])
    in_form = [column.id for column in table.columns] * len(table.lines)
    return [leaf for _, _, leaf in leaves] if [name for _, name, _ in leaves] == in_form else None
