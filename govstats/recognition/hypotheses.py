"""Which figure is in which column? For each row every way to give its figures to its cells; sums are not looked at."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from itertools import accumulate, combinations, pairwise, product, takewhile
from math import comb, prod
from operator import attrgetter
from typing import NamedTuple

import numpy as np

from govstats.characters import figure, is_figure
from govstats.documents import Cell, Grid
from govstats.forms import Form, Table
from govstats.recognition.labels import ALIKE, column_index, form_words, key, line_index
from govstats.recognition.tokens import Record, kind

_LONGEST_HEADER = 30
#: Tabs that kept their columns over so many rows did not lose any.
_MANY_ROWS = 8
_OWN_COLUMN = re.compile(r"(?:备\s*注|序\s*号|说\s*明|附\s*注|備\s*註|序\s*號)")
_YEAR = re.compile(r"20\d\d\s*(?:年度?)?")
#: 2022年度有关数据, but no date, title or sentence.
_LONGEST_CAPTION, _OF_YEAR = 20, re.compile(r"[^\d，。；报]*(20\d\d)\s*年(?!\s*\d)[^\d，。；报]*")
#: 11,398,889 permits are the largest count seen.
_MOST_DIGITS = 9
#: So many ways of one row are tried, and so many looked for; beyond, it is left undecided.
_MOST_WAYS, _MOST_CUTS = 3_000, 500_000
#: So many combinations of the readings of its cells are ways of a row.
_MOST_READINGS = 2_500
#: A row may lack so many figures, merged or lost, and still be told apart.
_MOST_LACKING = 2
#: Figures that stand apart in more words than this ran together in none.
_FEW_WORDS = 3
#: So many rows before an amount the unit of its table may be stated.
_FARTHEST_UNIT = 20
#: The end of an amount: 13575394432.52元.
_DECIMALS = re.compile(r"(?:\.\d+)?(?:[万亿]?元)?$")
#: What speaks against a way, in edits that would have to fail: another place than the usual one, digits that the document does
#: not part, a reading that was not the first.
PLACED_OTHERWISE, PARTED, UNSURE_READING, SURE_READING = 1.0, 1.0, 0.4, 1.0
#: From this confidence on optical recognition is believed where an edit holds; digits at 150 dpi have 0.96 to 1.00.
CONFIDENT = 0.95


class Way(NamedTuple):
    """One way to read a row.

    Attributes
    ----------
    fields : tuple of Cell or None
        One for each cell of the row; None where the document has none.
    sure : bool
        Labels and positions alone tell it.
    cost : float
        What speaks against it, in failing edits.
    beyond : tuple of Cell
        Figures under no column of the form: an agency's own column, remarks.
    parted : bool
        Its figures were parted from digits that ran together.
    ordered : bool
        Nothing speaks against the order of the columns; where something does, all rows have to add up.
    """

    fields: tuple[Cell | None, ...]
    sure: bool = False
    cost: float = 0.0
    beyond: tuple[Cell, ...] = ()
    parted: bool = False
    ordered: bool = True

    @property
    def texts(self) -> tuple[str, ...]:
        """What is printed in each cell."""
        return tuple(piece.text if piece else "" for piece in self.fields)


class Headers:
    """The headers of a document's grids and texts, and the ways they leave for the rows below.

    Parameters
    ----------
    of_form : Form
        Whose labels are no figures.
    records : sequence of Record
        Of the whole document: full rows show whether a header fits.
    """

    def __init__(self, of_form: Form, records: Sequence[Record]) -> None:
        self._form = of_form
        self._all = records
        self._header_rows = cache(self._headers_of)
        self._nearest = cache(self._nearest_of)
        self._widths = cache(self._widths_of)
        self._named = cache(self._columns_named)
        self._crowded = cache(self._is_crowded)
        self._years = cache(self._row_of_years)
        self._records: dict[int, list[Record]] = {}
        for record in records:
            self._records.setdefault(id(record.grid), []).append(record)
        self._fits: dict[tuple[Cell, ...], bool | None] = {}

    def ways(self, record: Record, table: Table, line: str, *, glued: bool = False) -> list[Way]:
        """Return the ways to give the figures of a row to its columns, the likeliest first; none where they cannot be told apart.

        Parameters
        ----------
        record : Record
        table : Table
        line : str
        glued : bool
            The figures of most rows of the table ran together.

        Returns
        -------
        list of Way
            Only the first may be sure.
        """
        if self.under_years(record) or any(map(self._is_label, record.fields)) or _ends_with_figure(record.labels):
            return []
        columns = table.columns_of[line]
        header = self._above(record, table, columns)
        ways = self._placed(record, table, columns, header)
        if _moved_up(record):
            ways = [way._replace(sure=False) for way in ways]
        # digits that ran together are told apart by sums alone, or are all zeros
        words = record.words
        if len(words) < len(columns) and self.usual(record, table, columns):
            sums = _sums(table, line)
            ways += parted_ways(record, len(columns), sums, glued=glued) if sums or set("".join(words)) == {"0"} else []
        bounded = record.grid is not None and record.grid.bounded
        signed = [table.column[column].signed for column in columns]
        # a lost tab makes a minus of a dash
        return _readings([way for way in ways if bounded or not any(map(_is_negative, way.texts, signed))])

    def _placed(self, record: Record, table: Table, columns: Sequence[str], header: Mapping[str, Cell]) -> list[Way]:
        labels = [header[column] for column in columns if column in header]
        begin = record.fields[0].column if record.fields else 0
        slipped = any(label.column < begin and not _is_spanned(record, label) for label in labels)
        if labels and not slipped and not _overlap(labels):
            if len(labels) == len(columns):
                return self.under_header(record, labels)
            if (some := _under_some(record, [header.get(column) for column in columns])) is not None:
                return [some]
        if not labels and _stands_under_others(record):
            return []
        named = [] if labels else self._named_before(record, table, tuple(columns))
        order = _order_in_text(table, columns, named)
        way = in_order(record, len(columns))
        contradicted = order is False and len(named) == len(columns)
        if way is None or contradicted or not (slipped or _is_in_order(labels)):
            return []
        # a header that names other columns too, or fewer: the row itself has to show what its figures are
        some_named = (labels and not slipped) or len(named) < len(columns) <= 2 * len(named)
        sure = bool(order) and not some_named and not self.crowded(record, table)
        if (
            not slipped
            and not _overlap(labels)
            and any(
                column in header and piece and not _covers(header[column], piece)
                for column, piece in zip(columns, way.fields, strict=True)
            )
        ):
            return []
        ways = [way._replace(sure=way.sure and sure, ordered=order is not False)]
        if order is None and len(named) == len(columns):
            # 总计 is named first: it may stand there, or belong to the first row of a double header
            ways.append(ways[0]._replace(fields=tuple(way.fields[named.index(column)] for column in columns)))
        return ways

    def under_header(self, record: Record, labels: Sequence[Cell]) -> list[Way]:
        """Place by position and by counting; where the two differ, believe what full rows of the grid show."""
        under, counted = _under(labels, record), _along(labels, record)
        if not _is_in_order(labels) and len({label.row for label in labels}) > 1 and not (under and _exactly(labels, record)):
            # an agency may order its columns as it likes, under a header that is there beyond doubt
            return []
        if record.grid is not None and under and self._is_too_wide(record, labels):
            under = None
        if under and counted and under.texts == counted.texts:
            return [under._replace(sure=True)]
        fits = self._rows_fit(record, labels)
        ways = []
        if under:
            missing = [label for label, piece in zip(labels, under.fields, strict=True) if piece is None]
            doubtful = (under.beyond and not under.sure) or not all(_is_spanned(record, label) for label in missing)
            sound = (under.sure or missing or _same_shape(record, labels)) and not counted
            # a blank cell beside the header is filler
            fields = [piece for piece in record.fields if piece.text or any(_covers(label, piece) for label in labels)]
            aligned = record.grid is not None and record.grid.aligned
            tiled = aligned and not missing and None not in _leaves_over(fields, record, labels)
            sure = tiled or (not doubtful and (fits or (fits is None and sound)))
            ways.append(under._replace(sure=bool(sure)))
        if counted:
            sure = counted.sure and len(record.fields) == len(labels) and (fits is False or not under)
            ways.append(counted._replace(sure=sure))
        ways.sort(key=attrgetter("sure"), reverse=True)
        against = PLACED_OTHERWISE if ways and ways[0].sure else 0.0
        return [way._replace(cost=against * number, sure=way.sure and not number) for number, way in enumerate(ways)]

    def _is_too_wide(self, record: Record, labels: Sequence[Cell]) -> bool:
        """Tell whether a row goes beyond its header, or has blanks and more cells than most: any may be the one too many."""
        rows = [label.row for label in labels]
        usual, end = self._widths(id(record.grid), min(rows), max(rows))
        figures, own = (max(map(_end, pieces), default=0) for pieces in (record.figures, record.fields[-1:]))
        return figures > end or (len(record.figures) < len(labels) and usual <= end < own)

    def _widths_of(self, grid: int, first: int, last: int) -> tuple[int, int]:
        """Return where most rows of a grid end, and where the words of a header do."""
        of_grid = self._records[grid][0].grid
        rows = of_grid.rows[: last + 1] if of_grid else ()
        header = [_end(cell) for row in rows for cell in row if cell.text and cell.row + cell.rowspan > first]
        ends = Counter(max(map(_end, row)) for row in of_grid.rows if row) if of_grid else Counter[int]()
        # where the figures of several rows go beyond the header, others may have slipped as well
        below = [row for row in self._records[grid] if row.row > last]
        below = below[:1] + list(takewhile(lambda row: not row.before, below[1:]))
        slipped = sum(any(_end(piece) > max(header) for piece in row.figures) for row in below) > 1
        return 0 if slipped else max(ends, key=lambda at: (ends[at], at)), max(header)

    def _rows_fit(self, record: Record, labels: Sequence[Cell]) -> bool | None:
        """Tell whether the rows below a header stand under it; None where they do not show it."""
        name = tuple(labels)
        if name not in self._fits:
            below = [row for row in self._records[id(record.grid)] if row.row > max(label.row for label in labels)]
            both = [(row, _under(labels, row), _along(labels, row)) for row in below]
            agree = any(u and c and u.texts == c.texts for _, u, c in both)
            full = [(u, c) for row, u, c in both if len(row.figures) == len(labels)]
            differ = any(not u or not c or u.texts != c.texts for u, c in full)
            straight = record.grid is not None and not record.grid.aligned and len(below) >= _MANY_ROWS
            self._fits[name] = False if differ else True if agree or straight else None
        return self._fits[name]

    def above(self, record: Record, table: Table) -> Mapping[str, Cell]:
        """Return for each column its nearest header cell above a record; nothing in a grid whose columns say nothing."""
        grid = record.grid
        if grid is None:
            return {}
        rows = [labels for number, labels in self._header_rows(id(grid), table) if number < record.row]
        return self._nearest(id(grid), table, len(rows))

    def _headers_of(self, grid: int, table: Table) -> list[tuple[int, dict[str, Cell]]]:
        of_grid = self._records[grid][0].grid
        return _header_rows(of_grid, table) if of_grid else []

    def _nearest_of(self, grid: int, table: Table, count: int) -> Mapping[str, Cell]:
        nearest: dict[str, Cell] = {}
        for _, labels in self._header_rows(grid, table)[:count]:
            nearest.update(labels)
        of_grid = self._records[grid][0].grid
        return nearest if of_grid and (of_grid.aligned or _straight(of_grid, nearest)) else {}

    def _above(self, record: Record, table: Table, columns: Sequence[str]) -> dict[str, Cell]:
        above = self.above(record, table)
        return {column: above[column] for column in columns if column in above}

    def _is_label(self, piece: Cell) -> bool:
        """Tell a field in which a label of the form stands: two rows ran together, or the row slipped."""
        if kind(piece.text) != "label":
            return False
        word = key(piece.text).word
        return word in form_words(self._form) or any(
            len(label) >= 4 and label in word for table in self._form.tables for _, label in line_index(table).words
        )

    def named(self, record: Record, table: Table, columns: Sequence[str]) -> set[str]:
        """Return the columns of a line that the header above a row names."""
        return {*self.above(record, table), *self._named_before(record, table, tuple(columns))} & set(columns)

    def before(self, record: Record) -> Iterator[tuple[Cell, bool]]:
        """Yield the texts that stand before a row, and whether they stand in its own grid, or just before it in text."""
        for row in self._all[max(record.order - _FARTHEST_UNIT, 0) : record.order + 1]:
            near = row.grid is record.grid if record.grid is not None else record.order - row.order < _FEW_WORDS
            yield from ((piece, near) for piece in row.before)

    def usual(self, record: Record, table: Table, columns: Sequence[str]) -> bool:
        """Tell whether text above a record names columns in the order of the form, and none that the form lacks."""
        named = self._named_before(record, table, tuple(columns))
        return bool(_order_in_text(table, columns, named)) and len(named) in {0, len(columns)} and not self.crowded(record, table)

    def _named_before(self, record: Record, table: Table, columns: tuple[str, ...]) -> list[str]:
        """Return the columns in the order in which running text names them, in the header last seen before a record."""
        return next((found for order, found in reversed(self._named(table, columns)) if order <= record.order), [])

    def _columns_named(self, table: Table, columns: tuple[str, ...]) -> list[tuple[int, list[str]]]:
        variant = {word: column for column, word in column_index(table).words if column in columns}
        spanners = {key(column.spanner_zh).plain for column in table.columns} - {""}
        spanned = [column for column in columns if table.column[column].spanner_zh]
        # 其他 of 法人或其他组织 is no column: longer labels are found first
        longer = {*variant, *spanners, *(word for _, word in line_index(table).words)} - {""}
        pattern = re.compile("|".join(sorted(longer, key=len, reverse=True)))
        headers = []
        for row in self._all:
            words = [key(piece.text) for piece in row.before]
            texts = [text for word in words if not word.number for text in pattern.findall(word.plain)]
            under = list(dict.fromkeys(variant[text] for text in texts if variant.get(text) in spanned))
            # the columns under a spanner stand where it stands, though text names them in a row of their own
            found = [name for text in texts for name in (under if text in spanners else [variant.get(text)]) if name]
            if found:
                headers.append((row.order, list(dict.fromkeys(found))))
        return headers

    def crowded(self, record: Record, table: Table) -> bool:
        """Tell whether the table has columns that the form lacks, so that counting says nothing: 备注, 序号."""
        return self._crowded(id(record.grid), table)

    def _is_crowded(self, grid: int, table: Table) -> bool:
        rows = self._records[grid]
        cells = [cell.text for row in (rows[0].grid.rows if rows[0].grid else ()) for cell in row]
        if any(_OWN_COLUMN.fullmatch(text) for text in (*cells, *(piece.text for row in rows for piece in row.before))):
            return True
        most = max(len(columns) for columns in table.columns_of.values())
        wide = (row for row in rows if len(row.figures) > most)
        return len(table.bands) == 1 and any(
            _names_line(table, piece.text) for row in wide for piece in (row.labels or row.before)[-1:]
        )

    def caption_year(self, record: Record) -> int | None:
        """Return the year that the caption of a row's grid names; None where it names none."""
        first = self._records[id(record.grid)][0]
        before = (piece.text for piece in reversed(first.before) if key(piece.text).word not in form_words(self._form))
        caption = next(before, "") if record.grid is not None else ""
        found = _OF_YEAR.fullmatch(caption) if len(caption) <= _LONGEST_CAPTION else None
        return int(found[1]) if found else None

    def under_years(self, record: Record) -> bool:
        """Tell whether the columns are years: a table of the same lines that compares them is not the statutory one."""
        if record.grid is None:
            return _names_years([piece.text for piece in record.before])
        return self._years(id(record.grid)) < record.row

    def _row_of_years(self, grid: int) -> int:
        """Return the first row of a grid that names several years; a number beyond every row where none does."""
        of_grid = self._records[grid][0].grid
        rows = of_grid.rows if of_grid else ()
        return next((number for number, row in enumerate(rows) if _names_years([cell.text for cell in row])), len(rows))


# --- one row with all lines of a table ----------------------------------------------------------------------------------------


def wide_ways(headers: Headers, record: Record, table: Table) -> list[Way] | None:
    """Return the ways to read a row in which all lines of a table stand side by side, each with its columns.

    Parameters
    ----------
    headers : Headers
        Of the document.
    record : Record
        Any record of the document.
    table : Table
        With `lines_across`.

    Returns
    -------
    list of Way or None
        None where the row is not that of the table; empty where it is, but its header contradicts the form.
    """
    width = len(table.columns) * len(table.lines)
    glued = len(record.words) <= _FEW_WORDS and is_glued(record.words, width)
    if not (2 * len(record.figures) >= width or len(record.fields) >= width or glued):
        return None
    above = _words_above(record)
    joined = "".join(above)
    headed = sum(word in column_index(table).exact for word in above) >= len(table.columns)
    named = all(key(line.zh).word in joined for line in table.lines)
    if not (headed or named):
        return None
    leaves = _leaf_header(table, record)
    if leaves is None:
        return []
    labels = [
        leaves[cell] for cell in product([line.id for line in table.lines], [c.id for c in table.columns]) if cell in leaves
    ]
    slipped = bool(labels) and min(label.column for label in labels) < record.fields[0].column
    if len(labels) == width and not slipped and (_is_in_order(labels) or len({label.row for label in labels}) == 1):
        ways = [way for way in headers.under_header(record, labels) if None not in way.fields]
        return _readings([way._replace(sure=way.sure and not _moved_up(record)) for way in ways])
    if not (slipped or not leaves) or not (slipped or _is_form_order(table, above)):
        return []
    way = in_order(record, width)
    if way is None:
        return [Way((), parted=True)] if named and glued else []
    # a run of figures in text may as well be other figures: under less than the whole header each line has to add up
    pattern = "|".join(word for _, word in column_index(table).words)
    whole = named and len(re.findall(pattern, joined)) == width
    return _readings([way._replace(sure=way.sure and (record.grid is not None or whole))])


def _words_above(record: Record) -> list[str]:
    """Return the labels above a row, row by row and from left to right."""
    grid = record.grid
    cells = [cell for row in grid.rows[: record.row] for cell in row if cell.text] if grid and grid.aligned else []
    return [key(piece.text).word for piece in cells or record.before]


def _is_form_order(table: Table, above: Sequence[str]) -> bool:
    """Tell whether a header names lines and columns in the order of the form, as far as it names them."""
    # the heading of the section names both halves as well
    text = "".join(word for word in above if key(table.zh).word not in word)
    lines = [key(line.zh).word for line in table.lines]
    columns = [column.id for column in table.columns]
    word_of = {word: column for column, word in column_index(table).words}
    groups = [key(label.zh).word for label in table.groups]
    first = [text.index(word) for word in (lines[0], *groups) if word in text]
    places = [text.rindex(word) for word in lines[1:] if word in text]
    leaves = [columns.index(word_of[word]) for word in re.findall("|".join(word_of), text)]
    if set(leaves) != set(range(len(columns))):
        leaves = [0]
    again = all(later > earlier or (later == 0 and earlier == len(columns) - 1) for earlier, later in pairwise(leaves))
    return leaves[0] == 0 and again and first == sorted(first) and places == sorted(places)


def _leaf_header(table: Table, record: Record) -> dict[tuple[str, str], Cell] | None:
    """Return the header cell of each line and column above the row; None where a name stands there twice."""
    grid = record.grid
    if grid is None or not grid.aligned:
        return {}
    columns, lines = column_index(table).exact, line_index(table)
    above = [cell for row in grid.rows[: record.row] for cell in row]
    leaves = [cell for cell in above if key(cell.text).word in columns]
    one_row = len(leaves) == len(table.lines) * len(table.columns) and len({cell.row for cell in leaves}) == 1
    if one_row and len({name for cell in above for name in lines.find(cell.text)}) < len(table.lines):
        # bands that are torn over cells say as much as their order does
        names = [column for cell in leaves for column, _ in columns[key(cell.text).word][:1]]
        ordered = names == [column.id for column in table.columns] * len(table.lines)
        places = product([line.id for line in table.lines], [column.id for column in table.columns])
        return dict(zip(places, leaves, strict=True)) if ordered and _is_form_order(table, _words_above(record)) else None
    lefts: list[tuple[int, str]] = []
    found: dict[tuple[str, str], Cell] = {}
    for cell in above:
        lefts += [(cell.column, name) for name in lines.find(cell.text)]
        for column, _ in columns.get(key(cell.text).word, ()):
            # Markdown has no spans: a line's label stands over its columns, or at least over the first
            _, line = max(((left, name) for left, name in lefts if left <= cell.column), default=(0, ""))
            if line and found.get((line, column), cell).column != cell.column:
                # two columns of one name: a block of sums that the form lacks
                return None
            found[line, column] = cell
    return found


# --- under a header -----------------------------------------------------------------------------------------------------------


def _under(labels: Sequence[Cell], record: Record) -> Way | None:
    """Place by position: every figure under one header cell, none left over while a column stays empty."""
    slots: list[Cell | None] = [None] * len(labels)
    beyond = []
    leftmost = min(label.column for label in labels)
    exactly = {(label.column, label.colspan): [at] for at, label in enumerate(labels)}
    for piece in record.fields:
        over = exactly.get((piece.column, piece.colspan)) or [at for at, label in enumerate(labels) if _covers(label, piece)]
        if kind(piece.text) == "blank":
            for at in over:
                slots[at] = slots[at] or piece
        elif not over and piece.column > leftmost:
            beyond.append(piece)
        elif len(over) != 1 or slots[over[0]] is not None:
            # a figure over the stub, or two in one place: the row slipped
            return None
        else:
            slots[over[0]] = piece
    if None in slots and (beyond or not any(slots)):
        return None
    full = all(piece is not None and kind(piece.text) != "blank" for piece in slots)
    return Way(tuple(slots), full, beyond=tuple(beyond))


def _under_some(record: Record, labels: Sequence[Cell | None]) -> Way | None:
    """Place under a header that lacks a column, where each field has a header cell of its own shape above it."""
    grid = record.grid
    known = [label for label in labels if label is not None]
    if grid is None or not grid.aligned or len(known) < 2 or len(record.fields) < len(known):
        return None
    begin = min(label.column for label in known)
    # a stub of several columns may leave some blank
    fields = [piece for piece in record.fields if piece.column >= begin or piece.text]
    at = {over: piece for over, piece in zip(_leaves_over(fields, record, known), fields, strict=True) if over}
    if len(at) < len(fields) or at.keys() != set(known):
        return None
    return Way(tuple(at[label] if label is not None else None for label in labels), True)


def _leaves_over(fields: Sequence[Cell], record: Record, labels: Sequence[Cell]) -> list[Cell | None]:
    """Return for each field the header cell of its own shape above it."""
    rows = record.grid.rows[: max(label.row for label in labels) + 1] if record.grid else ()
    leaves = {(cell.column, cell.colspan): cell for row in rows for cell in row if cell.text and not is_figure(cell.text)}
    return [leaves.get((piece.column, piece.colspan)) for piece in fields]


def _stands_under_others(record: Record) -> bool:
    """Tell whether each field of a row has a header cell of its own, in a grid that names no column: other figures (1月, 2月)."""
    grid = record.grid
    if grid is None or not grid.aligned or len(record.fields) < 2:
        return False
    words = [
        cell for row in grid.rows[: record.row] if not any(is_figure(cell.text) for cell in row) for cell in row if cell.text
    ]
    return all(any((cell.column, cell.colspan) == (piece.column, piece.colspan) for cell in words) for piece in record.fields)


def _is_spanned(record: Record, label: Cell) -> bool:
    """Tell whether a cell of a row above reaches down into a row, under a header cell."""
    rows = record.grid.rows[: record.row] if record.grid else ()
    return any(_covers(label, cell) and cell.row + cell.rowspan > record.row for row in rows for cell in row)


def _along(labels: Sequence[Cell], record: Record) -> Way | None:
    """Place a row by counting along the header, which may have another order than the form."""
    way = in_order(record, len(labels))
    if way is None or _is_in_order(labels):
        return way
    order = sorted(range(len(labels)), key=lambda number: labels[number].column)
    fields = dict(zip(order, way.fields, strict=True))
    return way._replace(fields=tuple(fields[number] for number in range(len(labels))))


def _end(piece: Cell) -> int:
    return piece.column + piece.colspan


def _covers(label: Cell, piece: Cell) -> bool:
    return piece.column < label.column + label.colspan and label.column < piece.column + piece.colspan


def _is_in_order(labels: Sequence[Cell]) -> bool:
    return all(one.column <= following.column for one, following in pairwise(labels))


def _overlap(labels: Sequence[Cell]) -> bool:
    """Tell whether two header cells stand over one another: a header that slipped says nothing."""
    return any(one.column + one.colspan > other.column for one, other in pairwise(sorted(labels, key=attrgetter("column"))))


def _exactly(labels: Sequence[Cell], record: Record) -> bool:
    """Tell whether the fields of a row have the columns of the header, each its own."""
    return {(label.column, label.colspan) for label in labels} == {(piece.column, piece.colspan) for piece in record.fields}


def _same_shape(record: Record, labels: Sequence[Cell]) -> bool:
    """Tell whether the header is one row, with as many cells as a row below it."""
    grid = record.grid
    one_row = len({label.row for label in labels}) == 1
    return grid is not None and one_row and len(grid.rows[labels[0].row]) == len(grid.rows[record.row])


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


def _straight(grid: Grid, header: Mapping[str, Cell]) -> bool:
    """Tell whether tabs kept the columns: rows of one length, every figure under a header cell (not so in haidong-2021)."""
    under = {label.column for label in header.values()}
    return len({len(row) for row in grid.rows}) == 1 and all(
        cell.column in under for row in grid.rows for cell in row if is_figure(cell.text)
    )


# --- in order -----------------------------------------------------------------------------------------------------------------


def in_order(record: Record, columns: int) -> Way | None:
    """Place by counting: as many fields, or as many figures, as the row has cells."""
    fields, grid = list(record.fields), record.grid
    led_by_blank = bool(fields) and kind(fields[0].text) == "blank"
    if len(fields) == columns and grid is not None and grid.bounded and (grid.aligned or not led_by_blank):
        return Way(tuple(fields), True)
    if len(record.figures) == columns:
        return Way(tuple(record.figures), True)
    # in text a blank that leads a row may as well be a column of labels (haidong-2021)
    while len(fields) > columns and kind(fields[-1].text) == "blank":
        fields.pop()
    return Way(tuple(fields)) if len(fields) == columns and not led_by_blank else None


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


@cache
def _sums(table: Table, line: str) -> list[list[int]]:
    """Return the signs of a line's cells in each balance edit of its own."""
    own = (dict(edit.terms) for edit in table.balance_edits((line,)) if edit.lines == {line})
    return [[signs[table.id, line, column] for column in table.columns_of[line]] for signs in own]


def _ends_with_figure(labels: Sequence[Cell]) -> bool:
    """Tell whether a label took a figure from the cell behind it: none of the form ends with a digit."""
    return any(label.text[-1:].isdecimal() for label in labels)


def _moved_up(record: Record) -> bool:
    """Tell a row in which a cell took the figure of the next: cells behind it may have moved up, and left a blank."""
    words = [piece.text.split(" ") for piece in record.fields if not piece.readings]
    two = any(len(some) > 1 and all(map(is_figure, some)) for some in words)
    return two and any(kind(piece.text) == "blank" for piece in record.fields)


def _is_negative(text: str, signed: bool) -> bool:
    return not signed and (figure(text).value or 0) < 0


def _names_line(table: Table, text: str) -> bool:
    """Tell a line from a column of the same name: （七）总计 from 总计."""
    return bool(line_index(table).find(text)) and bool(key(text).number or key(text).plain not in column_index(table).exact)


def _names_years(row: Sequence[str]) -> bool:
    """Tell a row of several years: 2012 applications and 2012 in all, beside other figures, are none."""
    years = sum(text[:2] == "20" and _YEAR.fullmatch(text) is not None for text in row)
    return years > 1 and years >= sum(is_figure(text) or _YEAR.fullmatch(text) is not None for text in row)


# --- parted -------------------------------------------------------------------------------------------------------------------


def parted_ways(record: Record, columns: int, sums: Sequence[Sequence[int]] = (), *, glued: bool = False) -> list[Way]:
    """Part digits that ran together, and leave cells blank where some lack: every way to read a row with too few figures.

    Parameters
    ----------
    record : Record
    columns : int
        How many cells the row has.
    sums : sequence of sequence of int
        Signs of the cells in sums that are to be nothing: where there are too many ways to try, only those that add up are.
    glued : bool
        The figures of most rows of the table ran together.

    Returns
    -------
    list of Way
        Empty where the row has as many figures as cells, something else than digits, or more ways than can be tried.
    """
    tokens = record.words
    tail = _DECIMALS.search(tokens[-1]) if tokens else None
    if tail is None or any(piece.readings for piece in record.fields):
        return []
    tokens[-1] = tokens[-1][: tail.start()]
    if glued and record.grid is None and len({piece.place for piece in record.figures}) > 1 and len(tokens) < columns:
        # the end of a line parts no figure from the next
        tokens = ["".join(tokens)]
    if not all(token.isascii() and token.isdecimal() for token in tokens) or len(tokens) >= columns:
        return []
    lacking = columns - len(tokens)
    rows: list[tuple[str, ...]] = []
    grid = record.grid
    # a row of a grid that lacks a cell has lost any of them
    torn = grid is not None and grid.aligned and grid.bounded and len(record.fields) < columns
    if lacking <= _MOST_LACKING and grid is not None and not torn and not tail[0]:
        rows = list(_with_blanks(tokens, columns))
    elif is_glued(tokens, columns, glued) and not (grid is not None and grid.bounded):
        rows = _splits(tokens, columns, () if tail[0] else sums)
    if len(rows) > _MOST_WAYS:
        return []
    sure = min((piece.confidence for piece in record.figures if piece.confidence is not None), default=None)
    first = record.fields[0]

    @cache
    def piece(text: str) -> Cell | None:
        return Cell(text, 0, 0, place=first.place, page=first.page, confidence=sure) if text else None

    # no number begins with a zero, so that of zeros each is one
    zeros = all(set(row) == {"0"} for row in rows) and len(rows) == 1
    return [Way(tuple(map(piece, (*row[:-1], row[-1] + tail[0]))), zeros, PARTED, parted=True) for row in rows]


def is_glued(tokens: Sequence[str], columns: int, like_others: bool = False) -> bool:
    """Tell whether a few words, or some that are led by a zero, hold at least as many digits as there are cells."""
    digits = "".join(tokens)
    few = like_others or len(tokens) <= _FEW_WORDS or any(token[0] == "0" and len(token) > 1 for token in tokens)
    return few and digits.isdecimal() and len(tokens) < columns <= len(digits)


def _splits(tokens: Sequence[str], parts: int, sums: Sequence[Sequence[int]] = ()) -> list[tuple[str, ...]]:
    """Return every way to part tokens into figures without leading zeros; a gap between two tokens parts two figures.

    Where there are more ways than can be tried, only those are returned whose `sums` are nothing, each with a sign for every
    part.
    """
    digits, gaps = "".join(tokens), list(accumulate(map(len, tokens)))
    free = sorted(set(range(1, len(digits))) - set(gaps))
    spare = parts - len(tokens)
    if spare < 0 or comb(len(free), spare) > _MOST_CUTS:
        return []
    chosen = np.array(list(combinations(free, spare)), int).reshape(comb(len(free), spare), spare)
    fixed = np.tile([0, *gaps], (len(chosen), 1))
    bounds = np.sort(np.hstack([fixed, chosen]), axis=1)
    starts, lengths = bounds[:, :-1], np.diff(bounds, axis=1)
    led_by_zero = np.array([digit == "0" for digit in digits])[starts] & (lengths > 1)
    bounds = bounds[~(led_by_zero | (lengths > _MOST_DIGITS)).any(axis=1)]
    if len(bounds) > _MOST_WAYS and sums:
        value = np.array([[int(digits[at : at + long] or 0) for long in range(_MOST_DIGITS + 1)] for at in range(len(digits))])
        amounts = value[bounds[:, :-1], np.diff(bounds, axis=1)]
        bounds = bounds[(amounts @ np.array(sums).T == 0).all(axis=1)]
    return [tuple(digits[at:end] for at, end in pairwise(row)) for row in bounds.tolist()] if len(bounds) <= _MOST_WAYS else []


def _with_blanks(tokens: Sequence[str], parts: int) -> Iterator[tuple[str, ...]]:
    """Yield every way to part tokens into figures and to leave cells blank."""
    for blanks in range(parts - len(tokens) + 1):
        for row in _splits(tokens, parts - blanks):
            for places in combinations(range(parts), blanks):
                left = iter(row)
                yield tuple("" if place in places else next(left) for place in range(parts))


# --- readings -----------------------------------------------------------------------------------------------------------------


def _readings(ways: list[Way]) -> list[Way]:
    """Add what else a sure way may say where its cells offer several readings; a figure is never led by a zero."""
    if not any(way.sure or way.cost < PARTED for way in ways):
        ways = [way._replace(cost=0.0) for way in ways]
    more: list[Way] = []
    for way in ways:
        if not any(piece and piece.readings for piece in way.fields):
            led = any(text[:1] == "0" and text.isdecimal() and text.strip("0") for text in way.texts)
            more.append(way._replace(sure=False, cost=way.cost + PARTED) if led else way)
            continue
        options = [_options(piece) for piece in way.fields]
        for most in (4, 3, 2):
            # a page full of doubt: the likeliest readings of each cell have to do
            options = options if prod(map(len, options)) <= _MOST_READINGS else [some[:most] for some in options]
        for chosen in product(*options):
            fields = tuple(piece for piece, _ in chosen)
            against = sum(cost for _, cost in chosen)
            more.append(way._replace(fields=fields, sure=way.sure and not against, cost=way.cost + against))
    return more


def _options(piece: Cell | None) -> list[tuple[Cell | None, float]]:
    """Return the different readings of a cell, each with what speaks against it."""
    if piece is None or not piece.readings:
        return [(piece, 0.0)]
    against = SURE_READING if piece.confidence is not None and piece.confidence >= CONFIDENT else UNSURE_READING
    different: dict[object, tuple[Cell | None, float]] = {}
    for text in (piece.text, *piece.readings):
        read = figure(text)
        if read.status != "unreadable":
            different.setdefault((read.status, read.value, read.unit), (piece._replace(text=text), against if different else 0.0))
    return list(different.values()) or [(piece, 0.0)]


def parted_blocks(record: Record, width: int, count: int, balanced: Callable[[int, Sequence[str]], bool]) -> list[Way]:
    """Part the digits of a row in which all lines of a table stand side by side: only lines that balance are worth a way.

    Parameters
    ----------
    record : Record
    width, count : int
        How many cells a line has, and how many lines there are.
    balanced : callable
        Tells for the number of a line and its texts whether it adds up.

    Returns
    -------
    list of Way
    """
    if record.grid is not None or len(record.figures) > _FEW_WORDS:
        return []

    def blocks(digits: str, number: int) -> Iterator[tuple[str, ...]]:
        if number == count:
            if not digits:
                yield ()
            return
        last = number == count - 1
        for end in [len(digits)] if last else range(width, len(digits) - width * (count - 1 - number) + 1):
            for row in _splits([digits[:end]], width):
                if balanced(number, row):
                    yield from ((*row, *rest) for rest in blocks(digits[end:], number + 1))

    first = record.fields[0]
    rows = blocks("".join(record.words), 0)
    return [Way(tuple(Cell(text, 0, 0, place=first.place, page=first.page) for text in row), parted=True) for row in rows]
