"""Which column is it? The fields of a record under the header of its table, or counted where there is none."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, lru_cache
from itertools import pairwise
from operator import itemgetter
from typing import NamedTuple

from govstats.characters import figure, is_figure
from govstats.documents import Cell, Grid
from govstats.forms import Edit, Form, Table
from govstats.recognition.labels import ALIKE, column_index, form_words, key, line_index
from govstats.recognition.records import Record, Shape

_LONGEST_HEADER = 30
_MANY_ROWS = 8
_OWN_COLUMN = re.compile(r"(?:备\s*注|序\s*号|说\s*明|附\s*注|備\s*註|序\s*號)")
_YEAR = re.compile(r"20\d\d\s*(?:年度?)?")


class Placement(NamedTuple):
    """The fields of a record, one for each column of its line.

    Attributes
    ----------
    fields : tuple of Cell or None
        None where the document has no cell.
    certain : bool
        False where blanks leave a doubt.
    beyond : tuple of Cell
        Figures under no column of the form: an agency's own column, remarks.
    regular : bool
        Position and counting agree, and no figure was looked at.
    """

    fields: tuple[Cell | None, ...]
    certain: bool
    beyond: tuple[Cell, ...] = ()
    regular: bool = False

    @property
    def absent(self) -> bool:
        """Whether the document lacks a cell that the line should have."""
        return None in self.fields

    @property
    def texts(self) -> tuple[str, ...]:
        """What is printed in each column."""
        return tuple(piece.text if piece else "" for piece in self.fields)


class Header:
    """The cells above a row that name columns of its line, in the order of the form.

    Attributes
    ----------
    labels : tuple of Cell
        One for each column that is named.
    spans : tuple of (column, colspan)
        Where they stand in the grid.
    in_form : bool
        They stand from left to right.
    one_row : bool
        They stand in one row of the grid.
    overlapping : bool
        Two of them stand over one another: a header that slipped says nothing.
    """

    def __init__(self, labels: Iterable[Cell] = ()) -> None:
        self.labels = tuple(labels)
        self.spans = tuple([(label.column, label.colspan) for label in self.labels])
        self.in_form = all(left <= following for (left, _), (following, _) in pairwise(self.spans))
        self.one_row = len({label.row for label in self.labels}) == 1
        self.overlapping = any(
            left + width > following for (left, width), (following, _) in pairwise(sorted(self.spans, key=itemgetter(0)))
        )

    def __len__(self) -> int:
        return len(self.labels)

    def slipped(self, record: Record) -> bool:
        """Tell whether a label stands left of all that stands in a row."""
        return any(left < record.fields[0].column for left, _ in self.spans)

    def counted(self, record: Record) -> Slots | None:
        """Place a row by counting along the header, which may have another order than the form."""
        slots = _in_order(record, len(self))
        if slots is None or self.in_form:
            return slots
        order = sorted(range(len(self)), key=lambda number: self.spans[number][0])
        fields = dict(zip(order, slots.fields, strict=True))
        return slots._replace(fields=tuple(fields[number] for number in range(len(self))))

    def same_shape(self, record: Record) -> bool:
        """Tell whether the header is one row, with as many cells as a row below it."""
        grid = record.grid
        return grid is not None and self.one_row and len(grid.rows[self.labels[0].row]) == len(grid.rows[record.row])


class Slots(NamedTuple):
    """A placement by the numbers of the fields, which is the same in all rows of one shape.

    Attributes
    ----------
    fields, certain, beyond
        As in a `Placement`.
    labels : tuple of int
        Fields that stand in a column, but are no figures.
    """

    fields: tuple[int | None, ...]
    certain: bool
    beyond: tuple[int, ...] = ()
    labels: tuple[int, ...] = ()

    def of(self, record: Record) -> Placement:
        """Place a row of that shape."""
        pieces = record.fields
        fields = tuple([None if number is None else pieces[number] for number in self.fields])
        return Placement(fields, self.certain, tuple([pieces[number] for number in self.beyond]))


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
        self._rows: dict[tuple[int, str], list[tuple[int, dict[str, Cell]]]] = {}
        self._headers: dict[tuple[int, str, int, tuple[str, ...]], Header] = {}
        self._fits: dict[tuple[Cell, ...], bool | None] = {}
        self._years: dict[int, int] = {}
        self._crowds: dict[tuple[int, str], bool] = {}
        self._all = records
        self._named: dict[tuple[str, str], list[tuple[int, list[str]]]] = {}
        self._records: dict[int, list[Record]] = {}
        for record in records:
            self._records.setdefault(id(record.grid), []).append(record)

    def place(self, record: Record, table: Table, line: str) -> Placement | None:
        """Return the fields of a record in the order of its line's columns; None where they cannot be told apart."""
        if self._under_years(record):
            return None
        columns = table.columns_of[line]
        header = self._header(record, table, columns)
        slipped = header.slipped(record)
        if len(header) == len(columns) and not slipped and not header.overlapping:
            # an agency may order its columns as it likes, but in one row of the header
            if not header.in_form and not header.one_row:
                return None
            return self.choose(record, header, lambda placement: balances(table, line, placement))
        named = [] if header else self._named_before(record, table, columns)
        order = _order_in_text(table, columns, named)
        if not (header.in_form or slipped) or order is False:
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

    def choose(self, record: Record, header: Header, balanced: Callable[[Placement], bool | None]) -> Placement | None:
        """Place by position and by counting; where the two differ, believe what full rows of the grid show."""
        under, counted = self.under(header, record), header.counted(record)
        if under and counted and under.fields == counted.fields:
            return under.of(record)._replace(certain=True, regular=True)
        by_position, by_count = under and under.of(record), counted and counted.of(record)
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
        sound = by_position and (by_position.certain or header.same_shape(record)) and not by_count
        if by_position and not doubtful and (fits or (fits is None and sound)):
            return by_position._replace(certain=True)
        if by_count and len(record.fields) == len(header) and (fits is False or not by_position):
            return by_count
        return None

    def fits(self, header: Header, record: Record) -> bool | None:
        """Tell whether the rows below a header stand under it; None where they do not show it."""
        name = header.labels
        if name not in self._fits:
            below = [row for row in self._records[id(record.grid)] if row.row > max(label.row for label in header.labels)]
            both = [(row, _texts(self.under(header, row), row), _texts(header.counted(row), row)) for row in below]
            agree = sum(p is not None and p == c for _, p, c in both)
            differ = sum(p is None or p != c for row, p, c in both if len(row.figures) == len(header))
            # tabs that kept their columns over many rows did not lose any
            straight = record.grid is not None and not record.grid.aligned and len(below) >= _MANY_ROWS
            self._fits[name] = False if differ else True if agree or straight else None
        return self._fits[name]

    def _header(self, record: Record, table: Table, columns: tuple[str, ...]) -> Header:
        """Return the nearest header cells above a record for some columns."""
        rows = sum(number < record.row for number, _ in self._header_rows(record.grid, table))
        name = (id(record.grid), table.id, rows, columns)
        if name not in self._headers:
            above = self.above(record, table)
            self._headers[name] = Header(above[column] for column in columns if column in above)
        return self._headers[name]

    def _header_rows(self, grid: Grid | None, table: Table) -> Sequence[tuple[int, Mapping[str, Cell]]]:
        if grid is None:
            return ()
        name = (id(grid), table.id)
        if name not in self._rows:
            self._rows[name] = _header_rows(grid, table)
        return self._rows[name]

    def above(self, record: Record, table: Table) -> dict[str, Cell]:
        """Return for each column its nearest header cell above a record; nothing in a grid whose columns say nothing."""
        grid = record.grid
        if grid is None:
            return {}
        nearest: dict[str, Cell] = {}
        for number, labels in self._header_rows(grid, table):
            if number < record.row:
                nearest.update(labels)
        return nearest if grid.aligned or _straight(grid, nearest) else {}

    def under(self, header: Header, record: Record) -> Slots | None:
        """Place by position: every figure under one header cell, none left over while a column stays empty."""
        slots = _under(header.spans, record.shape)
        if slots and any(key(record.fields[number].text).word in self._words for number in slots.labels):
            return None
        return slots


def _texts(slots: Slots | None, record: Record) -> tuple[str, ...] | None:
    return slots and slots.of(record).texts


@lru_cache(maxsize=4096)
def _under(header: tuple[tuple[int, int], ...], shape: Shape) -> Slots | None:
    """Place a row of some shape by position, under a header of some spans; the same few come again in every report."""
    slots: list[int | None] = [None] * len(header)
    beyond = []
    leftmost = min(left for left, _ in header)
    exactly = {span: [place] for place, span in enumerate(header)}
    for number, (column, colspan, what) in enumerate(shape):
        over = exactly.get((column, colspan)) or [
            place for place, (left, width) in enumerate(header) if column < left + width and left < column + colspan
        ]
        if what == "blank":
            for place in over:
                slots[place] = number if slots[place] is None else slots[place]
        elif not over and column > leftmost:
            beyond.append(number)
        elif not over:
            # a figure over the stub: the row slipped
            return None
        elif len(over) > 1 or slots[over[0]] is not None:
            return None
        else:
            slots[over[0]] = number
    if None in slots and (beyond or all(number is None for number in slots)):
        return None
    kinds = {number: shape[number][2] for number in slots if number is not None}
    full = None not in slots and "blank" not in kinds.values()
    return Slots(tuple(slots), full, tuple(beyond), tuple(number for number, what in kinds.items() if what == "label"))


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


def _year_rows(rows: Sequence[Sequence[str]]) -> int:
    """Return the first row that names several years; a number beyond every row where none does."""
    return next((number for number, row in enumerate(rows) if names_years(row)), len(rows))


def names_years(row: Sequence[str]) -> bool:
    """Tell a row of several years: 2012 applications and 2012 in all, beside other figures, are none."""
    years = sum(map(is_year, row))
    return years > 1 and years >= sum(is_figure(text) or is_year(text) for text in row)


@lru_cache(maxsize=8192)
def is_year(text: str) -> bool:
    """Tell a year, such as may head a column."""
    return _YEAR.fullmatch(text) is not None


def _straight(grid: Grid, header: Mapping[str, Cell]) -> bool:
    """Tell whether tabs kept the columns: rows of one length, every figure under a header cell (not so in haidong-2021)."""
    under = {label.column for label in header.values()}
    return len({len(row) for row in grid.rows}) == 1 and all(
        cell.column in under for row in grid.rows for cell in row if is_figure(cell.text)
    )


def _header_rows(grid: Grid, table: Table) -> list[tuple[int, dict[str, Cell]]]:
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
                labels.update({column: cell for column, likeness in found if likeness >= ALIKE})
        if len(labels) > 1 or (labels and len(words) == len(printed)):
            rows.append((number, labels))
    return rows


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
    slots = _in_order(record, columns)
    return slots and slots.of(record)


def _in_order(record: Record, columns: int) -> Slots | None:
    grid = record.grid
    return _counted(record.shape, columns, grid is not None and grid.bounded, grid is not None and grid.aligned)


@lru_cache(maxsize=4096)
def _counted(shape: Shape, columns: int, bounded: bool, aligned: bool) -> Slots | None:
    kinds = [what for *_, what in shape]
    if len(kinds) == columns and bounded and (aligned or kinds[0] != "blank"):
        return Slots(tuple(range(columns)), True)
    figures = tuple(number for number, what in enumerate(kinds) if what != "blank")
    if len(figures) == columns:
        return Slots(figures, True)
    # in text a blank that leads a row may as well be a column of labels (haidong-2021)
    while kinds and kinds[-1] == "blank" and len(kinds) > columns:
        kinds.pop()
    return Slots(tuple(range(columns)), False) if len(kinds) == columns and kinds[0] != "blank" else None
