"""Which column is it? The fields of a record under the header of its table, or counted where there is none."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import pairwise
from typing import NamedTuple

from govstats.characters import figure, is_figure
from govstats.documents import Cell, Grid
from govstats.forms import Edit, Form, Table
from govstats.recognition.labels import ALIKE, column_index, form_words, key, line_index
from govstats.recognition.records import Field, Record

_LONGEST_HEADER = 30
_MANY_ROWS = 8
_OWN_COLUMN = re.compile(r"(?:备\s*注|序\s*号|说\s*明|附\s*注|備\s*註|序\s*號)")
_YEAR = re.compile(r"20\d\d\s*(?:年度?)?")


class Placement(NamedTuple):
    """The fields of a record, one for each column of its line.

    Attributes
    ----------
    fields : tuple of Field or None
        None where the document has no cell.
    certain : bool
        False where blanks leave a doubt.
    beyond : tuple of Field
        Figures under no column of the form: an agency's own column, remarks.
    """

    fields: tuple[Field | None, ...]
    certain: bool
    beyond: tuple[Field, ...] = ()

    @property
    def absent(self) -> bool:
        """Whether the document lacks a cell that the line should have."""
        return None in self.fields

    @property
    def texts(self) -> tuple[str, ...]:
        """What is printed in each column."""
        return tuple(piece.text if piece else "" for piece in self.fields)


class Headers:
    """The headers of a document's grids, and whether the rows below stand under them.

    Parameters
    ----------
    of_form : Form
        Whose labels are no figures.
    records : sequence of Record
        Of the whole document: full rows show whether a header fits.
    """

    def __init__(self, of_form: Form, records: Sequence[Record]) -> None:
        self._words = form_words(of_form)
        self._rows: dict[tuple[int, str], list[tuple[int, dict[str, Field]]]] = {}
        self._fits: dict[tuple[Field, ...], bool | None] = {}
        self._years: dict[int, int] = {}
        self._crowds: dict[tuple[int, str], bool] = {}
        self._all = records
        self._named: dict[tuple[str, str], list[tuple[int, list[str]]]] = {}
        self._records: dict[int, list[Record]] = {}
        for record in records:
            self._records.setdefault(id(record.grid), []).append(record)

    def place(self, record: Record, table: Table, line: str) -> Placement | None:
        """Return the fields of a record in the order of its line's columns; None where they cannot be told apart."""
        columns = table.columns_of[line]
        above = self.above(record, table)
        header = [above[column] for column in columns if column in above]
        if self._under_years(record):
            return None
        slipped = any(label.column < record.fields[0].column for label in header)
        in_form = headers_in_order(header)
        if len(header) == len(columns) and not slipped and not _overlap(header):
            # an agency may order its columns as it likes, but in one row of the header
            if not in_form and len({label.row for label in header}) > 1:
                return None
            return self.choose(record, header, lambda placement: balances(table, line, placement))
        named = [] if header else self._named_before(record, table, columns)
        order = _order_in_text(table, columns, named)
        if not (in_form or slipped) or order is False:
            return None
        placement = in_order(record, len(columns))
        # a header that names other columns too, or fewer: the row itself has to show what its figures are
        some = (header and not slipped) or (len(named) < len(columns) <= 2 * len(named))
        if placement and (some or order is None or self._crowded(record, table)):
            return placement if balances(table, line, placement) else None
        return placement

    def usual(self, record: Record, table: Table, columns: Sequence[str]) -> bool:
        """Tell whether text above a record names columns in the order of the form, and none that the form lacks."""
        return bool(_order_in_text(table, columns, self._named_before(record, table, columns))) and not self._crowded(
            record, table
        )

    def _named_before(self, record: Record, table: Table, columns: Sequence[str]) -> list[str]:
        """Return the columns in the order in which running text names them, in the header last seen before a record."""
        name = (table.id, columns[0])
        if name not in self._named:
            variant = {word: c for c, word in column_index(table).words if c in columns}
            # 其他 of 法人或其他组织 is no column: longer labels are found first
            longer = {key(column.spanner_zh).plain for column in table.columns} | {word for _, word in line_index(table).words}
            pattern = re.compile("|".join(sorted({*variant, *longer} - {""}, key=len, reverse=True)))
            headers = []
            for row in self._all:
                words = [key(piece.text) for piece in row.before]
                texts = [text for word in words if not word.number for text in pattern.findall(word.plain)]
                found = [variant[text] for text in texts if text in variant]
                if found:
                    headers.append((row.order, list(dict.fromkeys(found))))
            self._named[name] = headers
        return next((found for order, found in reversed(self._named[name]) if order <= record.order), [])

    def _crowded(self, record: Record, table: Table) -> bool:
        """Tell whether the table has columns that the form lacks, so that counting says nothing: 备注, 序号."""
        name = (id(record.grid), table.id)
        if name not in self._crowds:
            rows = self._records[id(record.grid)]
            cells = [cell.text for row in record.grid.rows for cell in row] if record.grid else []
            texts = (*cells, *(piece.text for row in rows for piece in row.before))
            most = max(len(columns) for columns in table.columns_of.values())
            lines = [row for row in rows if any(_names_line(table, piece.text) for piece in (row.labels or row.before)[-1:])]
            self._crowds[name] = any(_OWN_COLUMN.fullmatch(text) for text in texts) or (
                len(table.bands) == 1 and any(len(row.figures) > most for row in lines)
            )
        return self._crowds[name]

    def _under_years(self, record: Record) -> bool:
        """Tell whether the columns are years: a table of the same lines that compares them is not the statutory one."""
        if record.grid is None:
            return _year_rows([[piece.text for piece in record.before]]) == 0
        name = id(record.grid)
        if name not in self._years:
            self._years[name] = _year_rows([[cell.text for cell in row] for row in record.grid.rows])
        return self._years[name] < record.row

    def choose(self, record: Record, header: Sequence[Field], balanced: Callable[[Placement], bool | None]) -> Placement | None:
        """Place by position and by counting; where the two differ, believe what full rows of the grid show."""
        by_position = self.under(header, record)
        by_count = self.counted(header, record)
        if by_position and by_count and by_position.texts == by_count.texts:
            return by_position._replace(certain=True)
        position_balances = balanced(by_position) if by_position else None
        if by_position and by_position.beyond and by_count:
            # leaving a figure out while there are just enough is no better reading for adding up
            position_balances = None
        count_balances = balanced(by_count) if by_count else None
        if by_count and count_balances and not position_balances:
            return by_count._replace(certain=True)
        if by_position and position_balances and not count_balances:
            return by_position._replace(certain=True)
        fits = self.fits(header, record)
        doubtful = by_position and (by_position.absent or (by_position.beyond and not by_position.certain))
        sound = by_position and (by_position.certain or _same_shape(header, record)) and not by_count
        if by_position and not doubtful and (fits or (fits is None and sound)):
            return by_position._replace(certain=True)
        if by_count and len(record.fields) == len(header) and (fits is False or not by_position):
            return by_count
        return None

    def fits(self, header: Sequence[Field], record: Record) -> bool | None:
        """Tell whether the rows below a header stand under it; None where they do not show it."""
        name = tuple(header)
        if name not in self._fits:
            below = [row for row in self._records[id(record.grid)] if row.row > max(label.row for label in header)]
            both = [(row, self.under(header, row), self.counted(header, row)) for row in below]
            agree = sum(p is not None and c is not None and p.texts == c.texts for _, p, c in both)
            full = [(p, c) for row, p, c in both if len(row.figures) == len(header)]
            differ = sum(p is None or c is None or p.texts != c.texts for p, c in full)
            # tabs that kept their columns over many rows did not lose any
            straight = record.grid is not None and not record.grid.aligned and len(below) >= _MANY_ROWS
            self._fits[name] = False if differ else True if agree or straight else None
        return self._fits[name]

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

    def counted(self, header: Sequence[Field], record: Record) -> Placement | None:
        """Place by counting along the header, which may have another order than the form."""
        placement = in_order(record, len(header))
        if placement is None:
            return None
        if headers_in_order(header):
            return placement
        order = sorted(range(len(header)), key=lambda number: header[number].column)
        fields = dict(zip(order, placement.fields, strict=True))
        return placement._replace(fields=tuple(fields[number] for number in range(len(header))))

    def under(self, header: Sequence[Field], record: Record) -> Placement | None:
        """Place by position: every figure under one header cell, none left over while a column stays empty."""
        slots: list[Field | None] = [None] * len(header)
        beyond = []
        leftmost = min(label.column for label in header)
        exactly = {(label.column, label.colspan): [number] for number, label in enumerate(header)}
        for piece in record.fields:
            over = exactly.get((piece.column, piece.colspan)) or [
                number
                for number, label in enumerate(header)
                if piece.column < label.column + label.colspan and label.column < piece.column + piece.colspan
            ]
            if piece.kind == "blank":
                for number in over:
                    slots[number] = slots[number] or piece
            elif not over and piece.column > leftmost:
                beyond.append(piece)
            elif not over:
                # a figure over the stub: the row slipped
                return None
            elif len(over) > 1 or slots[over[0]] is not None or key(piece.text).word in self._words:
                return None
            else:
                slots[over[0]] = piece
        if None in slots and (beyond or all(slot is None for slot in slots)):
            return None
        full = all(slot is not None and slot.kind != "blank" for slot in slots)
        return Placement(tuple(slots), full, tuple(beyond))


def _same_shape(header: Sequence[Field], record: Record) -> bool:
    """Tell whether the header is one row, with as many cells as the row in question."""
    grid, rows = record.grid, {label.row for label in header}
    return grid is not None and len(rows) == 1 and len(grid.rows[min(rows)]) == len(grid.rows[record.row])


def headers_in_order(header: Sequence[Field]) -> bool:
    """Tell whether header cells stand from left to right."""
    return all(label.column <= following.column for label, following in pairwise(header))


def _order_in_text(table: Table, columns: Sequence[str], named: Sequence[str]) -> bool | None:
    """Tell whether text names columns in the order of the form, or row by row of its double header.

    None where it begins with a column that stands beside the spanner: 总计 of the first header row (haidong-2021), or 总计 put in
    front by the agency. False where the order is another one.
    """
    spanned = [column for column in columns if table.column[column].spanner_zh]
    beside = [column for column in columns if column not in spanned]
    for order in (columns, [*beside, *spanned]):
        if list(named) == [column for column in order if column in named]:
            return True
    first = [column for column in named if column in beside]
    return None if spanned and list(named) == [*first, *(column for column in spanned if column in named)] else False


def _names_line(table: Table, text: str) -> bool:
    """Tell a line from a column of the same name: （七）总计 from 总计."""
    return bool(line_index(table).find(text)) and bool(key(text).number or key(text).plain not in column_index(table).exact)


def _overlap(header: Sequence[Field]) -> bool:
    """Tell whether two columns have their labels over one another: a header that slipped says nothing."""
    ordered = sorted(header, key=lambda label: label.column)
    return any(label.column + label.colspan > following.column for label, following in pairwise(ordered))


def _year_rows(rows: Sequence[Sequence[str]]) -> int:
    """Return the first row that names several years; a number beyond every row where none does."""
    for number, row in enumerate(rows):
        years = sum(_YEAR.fullmatch(text) is not None for text in row)
        # 2012 applications and 2012 in all, beside other figures, are no years
        if years > 1 and years >= sum(is_figure(text) or _YEAR.fullmatch(text) is not None for text in row):
            return number
    return len(rows)


def _straight(grid: Grid, header: Mapping[str, Field]) -> bool:
    """Tell whether tabs kept the columns: rows of one length, every figure under a header cell (not so in haidong-2021)."""
    under = {label.column for label in header.values()}
    return len({len(row) for row in grid.rows}) == 1 and all(
        cell.column in under for row in grid.rows for cell in row if is_figure(cell.text)
    )


def _header_rows(grid: Grid, table: Table) -> list[tuple[int, dict[str, Field]]]:
    index = column_index(table)
    rows = []
    for number, row in enumerate(grid.rows):
        printed = [cell for cell in row if cell.text]
        words = [cell for cell in printed if not is_figure(cell.text)]
        # one label beside figures is a stub: a line may read 总计 or 其他 as a column does
        if len(words) < 2 and len(words) < len(printed):
            continue
        labels = {}
        for cell in words:
            # numbered labels are lines: 3.其他, （七）总计
            if len(cell.text) <= _LONGEST_HEADER and not key(cell.text).number:
                found = index.find(cell.text).items()
                labels.update({column: header_field(cell) for column, likeness in found if likeness >= ALIKE})
        if len(labels) > 1 or (labels and len(words) == len(printed)):
            rows.append((number, labels))
    return rows


def header_field(cell: Cell) -> Field:
    """Return a header cell as a field, to be compared with the fields below."""
    return Field(cell.text, "label", cell.column, cell.colspan, cell.place, cell.page, cell.row)


def balances(table: Table, line: str, placement: Placement) -> bool | None:
    """Check a placement by the balance edit of its line, blanks counting nothing; None where there is no such check."""
    edit = _own_balance(table, line)
    if edit is None:
        return None
    fields = zip(table.columns_of[line], placement.fields, strict=True)
    # a cell that the document lacks is as good as blank
    figures = {(table.id, line, column): figure(piece.text).value if piece else None for column, piece in fields}
    return edit.holds(figures, blank=0)


@cache
def _own_balance(table: Table, line: str) -> Edit | None:
    return next((edit for edit in table.balance_edits((line,)) if edit.lines == {line}), None)


def in_order(record: Record, columns: int) -> Placement | None:
    """Place by counting: as many fields, or as many figures, as the line has columns."""
    fields = record.fields
    bounded = record.grid is not None and record.grid.bounded
    aligned = record.grid is not None and record.grid.aligned
    if len(fields) == columns and bounded and (aligned or fields[0].kind != "blank"):
        return Placement(tuple(fields), True)
    figures = record.figures
    if len(figures) == columns:
        return Placement(tuple(figures), True)
    # in text a blank that leads a row may as well be a column of labels (haidong-2021)
    rest = list(fields)
    while rest and rest[-1].kind == "blank" and len(rest) > columns:
        rest.pop()
    return Placement(tuple(rest), False) if len(rest) == columns and rest[0].kind != "blank" else None
