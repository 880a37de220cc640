"""Lines that stand side by side in one row: the table on reconsideration and litigation."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from govstats.documents import Cell
from govstats.forms import Table
from govstats.recognition.columns import Header, Headers, Placement, balances, in_order
from govstats.recognition.labels import column_index, key, line_index
from govstats.recognition.records import Record


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
        None where the row is not that of the table; empty where it is, but its header contradicts the form.
    """
    if not is_wide(record, table):
        return None
    width, lines = len(table.columns), [line.id for line in table.lines]
    above = words_above(record)
    headed = sum(word in column_index(table).exact for word in above) >= width
    named = all(key(line.zh).word in "".join(above) for line in table.lines)
    if not (headed or named):
        return None
    leaves = _leaf_header(table, record)
    if leaves is None:
        return {}
    cells = [(line, column) for line in lines for column in table.columns_of[line]]
    header = Header(leaves[cell] for cell in cells if cell in leaves)
    slipped = header.slipped(record)
    if len(header) == len(cells) and not slipped and (header.in_form or header.one_row):
        placement = headers.choose(record, header, lambda _: None)
    elif slipped or not leaves:
        placement = in_order(record, len(cells)) if slipped or in_form_order(table, above) else None
    else:
        placement = None
    if placement is None:
        return {}
    fields = (placement.fields[i * width : (i + 1) * width] for i in range(len(lines)))
    parts = {line: placement._replace(fields=part) for line, part in zip(lines, fields, strict=True)}
    if record.grid is None and all(balances(table, line, part) is False for line, part in parts.items()):
        # a run of figures without a grid may as well be other figures
        return {}
    return parts


def is_wide(record: Record, table: Table) -> bool:
    """Tell whether a row has as many fields as all lines of a table together, or half as many figures."""
    cells = len(table.columns) * len(table.lines)
    return len(record.figures) * 2 >= cells or len(record.fields) >= cells


def words_above(record: Record) -> list[str]:
    """Return the labels above a row, from left to right where the grid tells."""
    cells = cells_above(record)
    if record.grid and record.grid.aligned and cells:
        return [key(cell.text).word for cell in sorted(cells, key=lambda cell: cell.column)]
    return [key(piece.text).word for piece in record.before]


def cells_above(record: Record) -> list[Cell]:
    """Return what is printed above a row in its grid."""
    return [cell for row in record.grid.rows[: record.row] for cell in row if cell.text] if record.grid else []


def in_form_order(table: Table, above: Sequence[str]) -> bool:
    """Tell whether a header in running text names lines and columns in the order of the form, as far as it names them."""
    lines = [key(line.zh).word for line in table.lines]
    columns = [key(column.zh).word for column in table.columns]
    first = [word for word in (lines[0], *(key(label.zh).word for label in table.groups)) if word in above]
    text = "\n".join(above)
    places = [text.rfind(word) for word in lines[1:] if word in text]
    leaves = [columns.index(word) for word in re.findall("|".join(columns), text)]
    if set(leaves) != set(range(len(columns))):
        leaves = [0]
    return (
        leaves[0] == 0
        and first == sorted(first, key=above.index)
        and places == sorted(places)
        and all(later > earlier or (later == 0 and earlier == len(columns) - 1) for earlier, later in pairwise(leaves))
    )


def _leaf_header(table: Table, record: Record) -> dict[tuple[str, str], Cell] | None:
    """Return the header cell of each line and column above the row; None where a name stands there twice."""
    grid = record.grid
    if grid is None or not grid.aligned:
        return {}
    columns, lines = column_index(table).exact, line_index(table)
    lefts: list[tuple[int, str]] = []
    leaves: dict[tuple[str, str], Cell] = {}
    for cell in (cell for row in grid.rows[: record.row] for cell in row):
        word = key(cell.text).word
        lefts += [(cell.column, name) for name in lines.find(cell.text)]
        for column, _ in columns.get(word, ()):
            # Markdown has no spans: a line's label stands over its columns, or at least over the first
            _, line = max(((left, name) for left, name in lefts if left <= cell.column), default=(0, ""))
            if line and leaves.get((line, column), cell).column != cell.column:
                # two columns of one name: a block of sums that the form lacks
                return None
            leaves[line, column] = cell
    return leaves
