"""Which figure is in which column? For each row every way to give its figures to its cells; sums are not looked at."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache, partial
from itertools import accumulate, chain, combinations, dropwhile, groupby, pairwise, product, repeat, starmap, takewhile
from math import comb, prod
from operator import attrgetter, itemgetter, mul
from typing import NamedTuple
from weakref import proxy

import numpy as np
import numpy.typing as npt
from rapidfuzz import fuzz

from govstats.characters import figure, is_figure
from govstats.documents import Cell, Grid
from govstats.documents.document import NO_TEXT
from govstats.forms import Form, Table
from govstats.recognition.labels import (
    Key,
    column_index,
    form_words,
    is_of_some_form,
    key,
    line_index,
    own_words,
    words_of,
    words_of_form,
)
from govstats.recognition.tokens import BLANK, FIGURE, LABEL, TEXT, Record, kinds

_LONGEST_HEADER = 30
#: So many rows of a grid that are alike show how it was made.
_FEWEST_ALIKE = 3
#: Tabs that kept their columns over so many rows did not lose any.
_MANY_ROWS = 8
_OWN_COLUMN = re.compile(r"(?:备\s*注|序\s*号|说\s*明|附\s*注|備\s*註|序\s*號)")
_YEAR = re.compile(r"20\d\d\s*(?:年度?)?")
#: A shorter label may be part of other words.
_LONG_LABEL = 4
_LAST_DIGITS = re.compile(r"\d+$")
_LED_BY_ZERO = re.compile(r"0\d+")
#: So many digits stand behind a sign that parts thousands; that a space is one, so many figures have to show.
_THOUSAND, _FEWEST_PARTED = 3, 2
#: 11,398,889 permits are the largest count seen.
_MOST_DIGITS = 9
#: So many ways of one row are tried, and so many looked for; beyond, it is left undecided.
_MOST_WAYS, _MOST_CUTS = 3_000, 500_000
#: So many combinations of the readings of its cells are ways of a row; beyond, the two likeliest of each cell have to do.
_MOST_READINGS = 2_500
#: A row may lack so many figures, merged or lost, and still be told apart.
_MOST_LACKING = 2
#: Figures that stand apart in more words than this ran together in none.
_FEW_WORDS = 3
#: How much a label of four characters is like its own, in percent, when one of them is misread, or two; two labels of four share
#: two, so that such a one may be either.
_ONE_OF_FOUR, _TWO_OF_FOUR = 75, 50
#: So many rows before an amount the unit of its table may be stated.
_FARTHEST_UNIT = 20
#: What speaks against a way, in edits that would have to fail: another place than the usual one, digits that the document does
#: not part, a reading that was not the first.
PLACED_OTHERWISE, PARTED, UNSURE_READING, SURE_READING = 1.0, 1.0, 0.4, 1.0
#: From this confidence on optical recognition is believed where an edit holds; digits at 150 dpi have 0.96 to 1.00.
CONFIDENT = 0.95


#: Where cells begin and end in their row.
Spans = tuple[tuple[int, int], ...]


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
        Of the whole document.

    Attributes
    ----------
    above : callable
        Returns for a record and a table the header cell above of each column; nothing in a grid whose columns say nothing.
    """

    def __init__(self, of_form: Form, records: Sequence[Record]) -> None:
        self._form = of_form
        self._all = records
        self._records: dict[int, list[Record]] = {}
        for record in records:
            self._records.setdefault(id(record.grid), []).append(record)
        self._reaching = dict(chain.from_iterable(map(_reaching_into, self._records.values())))
        # a space between thousands shows where what is behind it begins with a zero (4 095)
        words = chain.from_iterable(pairwise(record.words) for record in records if not record.grid.bounded)
        parted = sum(_are_thousands(*pair) and _LED_BY_ZERO.fullmatch(pair[1]) is not None for pair in words)
        self._parts_thousands = parted >= _FEWEST_PARTED
        # rows that lack a column of the form all lack as many; where many rows fail, sums do not tell
        lacking = Counter(chain.from_iterable(_figures_lacking(row, table) for row in records for table in of_form.tables))
        failing = lacking.pop(0, 0)
        self._lost_blanks = len(lacking) > 1 and lacking.total() >= 2 * failing
        # a circle of references would keep the document until the garbage collector comes round
        itself = proxy(self)
        self.above = cache(partial(Headers._header_above, itself))
        self._header_rows = cache(partial(Headers._rows_that_name_columns, itself))
        self._twice = cache(partial(Headers._columns_twice, itself))
        self._fits = cache(partial(Headers._rows_fit, itself))
        self._named = cache(partial(Headers._columns_named, itself))
        self._goes_on = cache(partial(Headers._have_second_lines, itself))
        self._joins = cache(partial(Headers._joins_columns, itself))
        self._crowded = cache(partial(Headers._has_own_columns, itself))
        self._adds_up = cache(partial(Headers._count_sums, itself))

    def ways(self, record: Record, table: Table, line: str, *, glued: bool = False) -> list[Way]:
        """Return the ways to give the figures of a row to its columns, the likeliest first; none where nothing tells.

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
        ambiguous = not self._twice(id(record.grid), table).isdisjoint(self.above(record, table).values())
        if _is_of_years(record) or ambiguous or _ran_together(self._form, record):
            return []
        columns = table.columns_of[line]
        ways = self._ways_by_place(record, table, line)
        # digits that ran together are told apart by sums alone, or are all zeros
        sums = own_sums(table, line)
        # a space or a comma may part thousands: of the next figure in text, of the label in a CSV (行政处罚,1,132)
        ends = [found[0] for piece in record.labels[-1:] for found in _LAST_DIGITS.finditer(piece.text)]
        split = [*zip(ends, record.words[:1], strict=False)]
        behind = self.figures_behind(record)
        split += pairwise(record.words) if behind else []
        parted = self._goes_on(id(record.grid), table) or any(starmap(_are_thousands, split))
        # where a row is shorter for it, it is the only one
        counted = BLANK in record.kinds and record.grid.aligned and not self.above(record, table)
        parted |= self.may_lack_a_figure(record, sums) or (counted and self._joins(id(record.grid)))
        # where other rows of its shape add up, this one stands in the columns as well
        counts = self._adds_up(id(record.grid), tuple(map(tuple, sums)))
        shape, has_figures, sign = _sum_of_row(record, sums)
        some, zeros = (counts[shape, kind] - sign * (has_figures is kind) for kind in (True, False))
        like_others = some >= 0 < some + zeros
        ways = [way._replace(sure=(way.sure or like_others) and not parted) for way in ways]
        ways = self.unless_moved_up(ways, record, table, sums, others_add_up=some > 0 and not record.fields[-1].text)
        # digits that ran together do not go on in the next line
        is_last = not behind and not self._breaks_off(record)
        few = len(record.figures) < len(columns) and is_last and self._keeps_order(record, table, columns)
        if few and (sums or set("".join(record.words)) == {"0"}):
            ways += parted_ways(record, len(columns), sums, glued=glued)
        # a lost tab makes a minus of a dash
        unsigned = [] if record.grid.bounded else [at for at, column in enumerate(columns) if not table.column[column].signed]
        ways = [way for way in ways if not any((figure(way.texts[at]).value or 0) < 0 for at in unsigned)]
        return _with_readings(ways)

    def behind_span(self, record: Record, columns: int) -> Way | None:
        """Place a row of a grid that lost spans down but not across, where blanks stand behind its label (markdownify).

        That the columns are the last cells is what all full rows have to show. A row that no others are like is one of the
        longest, as any other may have lost a cell.
        """
        grid, rest = record.grid, record.fields[:-columns]
        if grid.aligned or not grid.bounded or not rest or any(piece.text for piece in rest):
            return None
        lengths = Counter(map(len, grid.rows))
        length = len(grid.rows[record.row])
        is_longest = length == max(lengths) and lengths[length] >= _FEWEST_ALIKE
        full = [row.kinds for row in self._records[id(grid)] if len(row.figures) == columns]
        shown = len(full) >= _FEWEST_ALIKE and all(of_row.endswith(FIGURE * columns) for of_row in full)
        sure = shown and (is_longest or full.count(record.kinds) >= _FEWEST_ALIKE)
        return Way(tuple(record.fields[-columns:]), sure=True) if sure else None

    def going_on(self, record: Record, columns: int) -> Way | None:
        """Place a row of running text that goes on in the lines behind it: whether it does, its sums have to tell."""
        pieces = list(record.figures)
        behind = iter(self._all[record.order + 1 :] if record.grid is TEXT else ())
        while len(pieces) < columns and (row := next(behind, None)) and not row.before:
            pieces += row.figures
        return Way(tuple(pieces)) if len(record.figures) < len(pieces) == columns else None

    def unless_moved_up(
        self, ways: Sequence[Way], record: Record, table: Table, sums: Sequence[Sequence[int]], *, others_add_up: bool = False
    ) -> list[Way]:
        """Return ways that are sure only where no cell was lost before a blank total: short rows may have been filled up.

        A header that ends in blanks, and has no merged cells, shows it.
        """
        rows = [record.grid.rows[found[0][1].row] for found in self._header_rows(id(record.grid), table) if len(found) > 1]
        merged = any(cell.rowspan > 1 for row in rows for cell in row)
        filled_up = not record.grid.bounded or not (merged or any(row[-1].text for row in rows))
        return [way._replace(sure=way.sure and not (filled_up and _moved_up(way, sums, others_add_up))) for way in ways]

    def figures_behind(self, record: Record) -> list[float]:
        """Return the figures that stand as text behind a row without a label of their own, without their signs."""
        behind = [] if record.grid.bounded else self._all[record.order + 1 : record.order + 2]
        alone = [row for row in behind if TEXT in (record.grid, row.grid) and not (row.before or row.labels)]
        return [abs(figure(word).value or 0) for row in alone for word in row.words]

    def may_lack_a_figure(self, record: Record, sums: Sequence[Sequence[int]]) -> bool:
        """Tell whether a figure behind a row may be its last, as it is no number of the next, or two of the row may be one.

        In running text that lost blanks so may a row that does not add up: it has a stray one instead.
        """
        stray = max(self.figures_behind(record), default=0) > len(self._all)
        lost = record.grid is TEXT and self._lost_blanks and _fails(record, sums)
        return stray or lost or (self._parts_thousands and any(starmap(_are_thousands, pairwise(record.words))))

    def _breaks_off(self, record: Record) -> bool:
        """Tell whether one word that is no label stands behind the figures of a row in its line of text: more may follow it."""
        behind = [row.before for row in self._all[record.order + 1 : record.order + 2] if record.grid is TEXT]
        words = [piece.text for piece in chain(*behind) if piece.place == record.fields[-1].place]
        return len(words) == 1 and not is_of_some_form(key(words[0]).word)

    def _count_sums(self, grid: int, sums: Sequence[Sequence[int]]) -> Counter[tuple[tuple[str, Spans], bool]]:
        """Count for each shape of a full row in a grid the rows that add up, less those that do not: agencies err in few.

        Rows of zeros, which add up wherever they stand, are counted apart.
        """
        counts = Counter[tuple[tuple[str, Spans], bool]]()
        for row in self._records[grid]:
            shape, has_figures, sign = _sum_of_row(row, sums)
            counts[shape, has_figures] += sign
        return counts

    def _have_second_lines(self, grid: int, table: Table) -> bool:
        """Tell whether figures of a grid without rulings may go on in rows below them that have no line of their own."""
        rows = self._records[grid]
        for above, below in pairwise(rows) if rows[0].grid.aligned and not rows[0].grid.bounded else ():
            of_line = any(key(piece.text).number or line_index(table).find(piece.text) for piece in below.labels)
            under = {} if of_line else {piece.column: piece.text for piece in below.figures}
            if any(_are_thousands(piece.text, under.get(piece.column, "")) for piece in above.figures):
                return True
        return False

    def _joins_columns(self, grid: int) -> bool:
        """Tell whether a converter put the figures of two columns into one, so that a row with blanks may lack a cell."""
        parts = [piece.text.split() for row in self._records[grid] for piece in row.fields]
        several = [some for some in parts if len(some) > 1 and all(map(is_figure, some))]
        return not all(all(starmap(_are_thousands, pairwise(some))) for some in several)

    def _keeps_order(self, record: Record, table: Table, columns: Sequence[str]) -> bool:
        """Tell whether nothing above a row speaks against the columns of the form in their order."""
        named = self._named_before(record, table, columns)
        return len(named) in {0, len(columns)} and self._is_usual(record, table, columns, named)

    def _ways_by_place(self, record: Record, table: Table, line: str) -> list[Way]:
        columns, sums = table.columns_of[line], own_sums(table, line)
        header = [self.above(record, table).get(column) for column in columns]
        labels = list(filter(None, header))
        if labels and not self.standing(labels, record).slipped:
            some = len(labels) < len(columns)
            return _under_some(header, record) if some else self.under_header(record, labels, have_sums=bool(sums))
        way = self.behind_span(record, len(columns)) or in_order(record, len(columns)) or self.going_on(record, len(columns))
        # a header that slipped says nothing of positions, but stands there
        named = [] if labels else self._named_before(record, table, columns)
        usual = self._is_usual(record, table, columns, named)
        ordered = _is_order_of(table, columns, named)
        # each figure under a header of its own that names no column of the form: other figures (1月, 2月)
        others = not labels and len(record.fields) > 1 and set(_spans(record.fields)) <= _headed_columns(record)
        # in each row of a header that slipped the columns have to stand as in the form
        disordered = sorted(labels, key=attrgetter("row")) != sorted(labels, key=attrgetter("row", "column"))
        if way is None or others or disordered:
            return []
        # text that names the columns in another order may mean it, or name them row by row of a double header
        orders = [columns] if ordered or sorted(named) != sorted(columns) else [columns, named]
        pieces = [dict(zip(order, way.fields, strict=True)) for order in orders]
        return [Way(tuple(map(at.__getitem__, columns)), way.sure and usual, ordered=ordered) for at in pieces]

    def standing(self, labels: Sequence[Cell], record: Record) -> Standing:
        """Tell how a row stands under header cells."""
        return _standing(_spans(labels), _spans(record.fields), record.kinds, self._reaching[record.order])

    def under_header(self, record: Record, labels: Sequence[Cell], *, have_sums: bool) -> list[Way]:
        """Place by position and by counting; where the two differ, believe what full rows of the grid show."""
        standing = self.standing(labels, record)
        under = None if self._is_too_wide(labels, record) else standing.way(record)
        counted = _along(labels, record)
        if under and _may_be_shifted(labels, record):
            # where the row ends early, other cells of it were lost
            early = _end(record.fields) < _header_end(labels, record.grid.rows)
            return [under._replace(sure=not (early or have_sums))]
        if under and counted and under.texts == counted.texts:
            return [under._replace(sure=True)]
        fits = self._fits(id(record.grid), tuple(labels))
        by_place = standing.complete and (counted is None if fits is None else fits)
        # where full rows stand under the header, a blank before it may be of the stub
        led = fits is not False and record.kinds[:1] == BLANK and record.fields[0].column < min(label.column for label in labels)
        by_number = len(record.fields) == len(labels) and (fits is False or under is None) and not led
        told = [under._replace(sure=by_place or _is_tiled(standing, record))] if under else []
        told += [counted._replace(sure=counted.sure and by_number, cost=PLACED_OTHERWISE * led)] if counted else []
        ways = sorted(told, key=attrgetter("sure"), reverse=True)
        against = PLACED_OTHERWISE * any(way.sure for way in ways)
        return ways[:1] + [way._replace(cost=max(way.cost, against), sure=False) for way in ways[1:]]

    def _is_too_wide(self, labels: Sequence[Cell], record: Record) -> bool:
        """Tell whether a row goes beyond its header: of more cells than most rows have any may be the one too many."""
        rows, last = record.grid.rows, max(label.row for label in labels)
        end = _header_end(labels, rows)
        if _end(record.fields) <= end:
            return False
        below = [row for row in self._records[id(record.grid)] if row.row > last]
        # where the figures of several rows go beyond the header, others may have slipped as well
        slipped = sum(_end(row.figures) > end for row in [*below[:1], *takewhile(lambda row: not row.before, below[1:])]) > 1
        # the cells beyond it may be the filler of most rows
        return slipped or _end(record.figures) > end or _usual_end(rows) <= end

    def _header_above(self, record: Record, table: Table) -> Mapping[str, Cell]:
        above = [found for found in self._header_rows(id(record.grid), table) if found[0][1].row < record.row]
        nearest = {column: label for found in above for column, label in found}
        nearest |= _misread(record.grid, nearest, table)
        if not (record.grid.aligned or _is_straight(record.grid, nearest)):
            return {}
        # of a table with bands, the header above other rows is theirs
        rows = self._records[id(record.grid)] if above and len(table.bands) > 1 else []
        last = max([row.row for row in rows if row.row < above[-1][0][1].row and row.figures], default=-1)
        return {column: label for column, label in nearest.items() if label.row > last}

    def _rows_that_name_columns(self, grid: int, table: Table) -> list[list[tuple[str, Cell]]]:
        rows = pairwise([(), *self._records[grid][0].grid.rows])
        return [found for above, row in rows if (found := _named_in(row, table, above))]

    def _columns_twice(self, grid: int, table: Table) -> set[Cell]:
        """Return header cells of columns that are named twice, over different figures: a written-out span repeats its own."""
        places: defaultdict[tuple[int, str], set[int]] = defaultdict(set)
        for column, cell in chain.from_iterable(self._header_rows(grid, table)):
            places[cell.row, column].add(cell.column)
        twice: set[Cell] = set()
        for row in self._records[grid]:
            figures = {piece.column: piece.text for piece in row.figures}
            for column, label in self.above(row, table).items():
                if len({figures[at] for at in places[label.row, column] & figures.keys()}) > 1:
                    twice.add(label)
        return twice

    def _rows_fit(self, grid: int, labels: Sequence[Cell]) -> bool | None:
        """Tell whether the rows below a header stand under it; None where they do not show it."""
        below = [row for row in self._records[grid] if row.row > max(label.row for label in labels)]
        ways = [(self.standing(labels, row).way(row), _along(labels, row)) for row in below]
        agree = np.array([bool(under and counted and under.texts == counted.texts) for under, counted in ways])
        if not agree[[len(row.figures) == len(labels) for row in below]].all():
            return False
        # tabs that kept their columns over many rows did not lose any
        return True if agree.any() or (not below[0].grid.aligned and len(below) >= _MANY_ROWS) else None

    def named(self, record: Record, table: Table, columns: Sequence[str]) -> set[str]:
        """Return the columns of a line that the header above a row names."""
        above = self.above(record, table).keys() & set(columns)
        return above if len(above) == len(columns) else above.union(self._named_before(record, table, columns))

    def before(self, record: Record) -> Iterator[tuple[Cell, bool]]:
        """Yield the texts that stand before a row, and whether they stand in its own grid, or just before it in text."""
        for row in self._all[max(record.order - _FARTHEST_UNIT, 0) : record.order + 1]:
            near = row.grid is record.grid if record.grid is not TEXT else record.order - row.order < _FEW_WORDS
            yield from ((piece, near) for piece in row.before)

    def _is_usual(self, record: Record, table: Table, columns: Sequence[str], named: Sequence[str]) -> bool:
        """Tell whether text above a record names all or few columns, in the order of the form, and none that it lacks."""
        some = len(named) < len(columns) <= 2 * len(named)
        return _is_order_of(table, columns, named) and not some and not self._crowded(id(record.grid), table)

    def _named_before(self, record: Record, table: Table, columns: Sequence[str]) -> list[str]:
        """Return the columns in the order in which running text names them, in the header last seen before a record."""
        headers = self._named(table, tuple(columns))
        return next((found for order, found in reversed(headers) if order <= record.order), [])

    def _columns_named(self, table: Table, columns: tuple[str, ...]) -> list[tuple[int, list[str]]]:
        names = {word: column for column, word in column_index(table).words if column in columns}
        over = {column.id: key(column.spanner_zh).plain for column in table.columns}
        # 其他 of 法人或其他组织 is no column: longer labels are found first
        known = {*names, *over.values(), *(word for _, word in line_index(table).words)} - {""}
        pattern = re.compile("|".join(sorted(known, key=len, reverse=True)))
        begins_header = {*names, *(key(table.corner).plain for _ in table.bands[1:])}
        headers = []
        for row in self._all:
            labels = _labels_by_line(row.before)
            words = [(word, line) for label, line in labels for word in pattern.findall(label.plain)]
            first = {word: (number, line) for number, (word, line) in reversed([*enumerate(words)])}
            # the columns under a spanner stand where it stands, though text names them in a row of their own
            others = [first[word][1] for word in first if word in names and not over[names[word]]]
            in_one_line = len(others) > 1 and len(set(others)) == 1
            begins = {word: at for word, (at, line) in first.items() if not in_one_line or line in others}
            named = [(names[word], at) for word, (at, _) in first.items() if word in names]
            found = sorted((begins.get(over[name], at), at, name) for name, at in named)
            order = list(dict.fromkeys(column for *_, column in found))
            if len(order) < len(columns) > 1 and _is_whole_header(table, columns, row.before):
                order = list(columns)
            twice = _twice_in_line(labels, pattern, names)
            above = self.above(row, table) if order else {}
            if above.keys() >= set(columns) and self._twice(id(row.grid), table).isdisjoint(above.values()):
                # a converter tears spanners, and puts the columns under them in a row of their own; a scan has labels misread
                order, twice = sorted(columns, key=lambda name: above[name].column), []
            # the label of a row of text stands before it, beside the header; the columns of aligned grids are told by places
            header = row.before[: -1 if row.grid is TEXT else None] if not row.grid.aligned else ()
            printed = " ".join(piece.text for piece in header)
            # labels that ran together are those of the form too
            own = [word for word in _own_columns(map(key, printed.split()), begins_header) if pattern.sub("", word)]
            headers.append((row.order, [*order, *twice, *own]))
        return [header for header in headers if header[1]]

    def _has_own_columns(self, grid: int, table: Table) -> bool:
        """Tell whether a table has columns that the form lacks, so that counting says nothing: 备注, 序号."""
        rows = self._records[grid]
        printed = chain(*rows[0].grid.rows, *(row.before for row in rows))
        most = max(map(len, table.columns_of.values()))
        wide = [piece.text for row in rows if len(row.figures) > most for piece in (row.labels or row.before)[-1:]]
        columns, lines = column_index(table).exact, line_index(table)
        # （七）总计 is a line, 总计 a column
        beside = any(lines.find(text) and (key(text).number or key(text).plain not in columns) for text in wide)
        return (beside and len(table.bands) == 1) or any(_OWN_COLUMN.fullmatch(cell.text) for cell in printed)


def _figures_lacking(row: Record, table: Table) -> Iterator[int]:
    """Yield of a row of text with a line's own label how many figures it lacks; none where it is full, unless its sums fail."""
    label = key(row.before[-1].text).word if row.before and row.grid is TEXT and not table.open else ""
    of_label = line_index(table).exact[label][:1] if label in own_words(table)[0] else ()
    for line, _ in of_label:
        columns, count = len(table.columns_of[line]), len(row.figures)
        is_short = 1 < count < columns and not is_glued(row.words, columns)
        if is_short or (count == columns and _fails(row, own_sums(table, line))):
            yield columns - count


def _own_columns(words: Iterable[Key], columns: Collection[str]) -> list[str]:
    """Return the words behind the first of some columns in text that are no label of a form: columns of an agency's own."""
    behind = dropwhile(lambda word: word.plain not in columns, words)
    return [word.word for word in behind if not (word.number or is_figure(word.word) or is_of_some_form(word.plain))]


def _twice_in_line(labels: Sequence[tuple[Key, str]], pattern: re.Pattern[str], names: Mapping[str, str]) -> list[str]:
    """Return the columns that one line of a header names twice beside others."""
    lines = [" ".join(label.plain for label, _ in line) for _, line in groupby(labels, itemgetter(1))]
    named = [Counter(names[word] for word in pattern.findall(line) if word in names) for line in lines]
    return [column for counts in named if len(counts) > _FEW_WORDS for column, count in counts.items() if count > 1]


def _reaching_into(rows: Sequence[Record]) -> Iterator[tuple[int, Spans]]:
    """Yield for each row of a grid the columns of the cells of rows above that reach into it."""
    spanning = [cell for row in rows[0].grid.rows for cell in row if cell.rowspan > 1]
    for row in rows:
        yield row.order, _spans([cell for cell in spanning if cell.row < row.row < cell.row + cell.rowspan])


def _ran_together(of_form: Form, record: Record) -> bool:
    """Tell whether a label of the form stands in a field: rows ran together, or cells slipped."""
    words = [key(piece.text).word for piece, kind in zip(record.fields, record.kinds, strict=True) if kind == LABEL]
    return any(word in form_words(of_form) or _long_labels(of_form).search(word) for word in words)


@cache
def _long_labels(of_form: Form) -> re.Pattern[str]:
    return re.compile("|".join(re.escape(word) for word in form_words(of_form) if len(word) >= _LONG_LABEL))


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
    glued = len(record.fields) <= _FEW_WORDS >= len(record.words) and is_glued(record.words, width)
    # a line of a header that is torn has blanks where it has no label
    few = not (glued or 2 * len(record.fields) >= width)
    if (few and record.grid is not TEXT) or (not record.figures and len(record.fields) < width):
        return None
    above = _words_above(record)
    headed = sum(word in column_index(table).exact for word in above) >= len(table.columns)
    named = all(word in "".join(above) for word in words_of_form(table.lines))
    if not (headed or named):
        return None
    is_whole = _is_whole_header(table, list(table.column), record.before)
    if few:
        # blanks leave no trace in text
        return [] if is_whole else None
    if len(texts := _figures_apart(record, width)) == width and set(texts) == {"0"}:
        # whatever the order
        return [Way(tuple(record.figures) if len(record.figures) == width else _pieces(record, texts), sure=True)]
    labels = [] if is_whole and len(record.fields) < width else _leaf_header(table, record)
    if labels is None:
        return []
    sums = [[dict(edit.terms).get(key, 0) for key in table.cells] for edit in table.balance_edits([*table.line])]
    told = not headers.may_lack_a_figure(record, sums)
    if labels:
        ways = [way._replace(sure=way.sure and told) for way in headers.under_header(record, labels, have_sums=True)]
        return _with_readings(headers.unless_moved_up(ways, record, table, sums))
    if not _is_form_order(table, above):
        return []
    way = in_order(record, width) or headers.going_on(record, width)
    if way is None:
        return [Way((), parted=True)] if glued else []
    # a run of figures in text may as well be other figures: under less than the whole header each line has to add up
    pattern = "|".join(word for _, word in column_index(table).words)
    every = len(re.findall(pattern, "".join(above))) == width
    # a row that begins before its header has a cell too many, or lost one
    named_at = [cell.column for cell in _cells_above(record) if key(cell.text).word in column_index(table).exact]
    told &= record.fields[0].column >= min(named_at, default=0) if record.grid is not TEXT else named and (every or is_whole)
    return _with_readings([way._replace(sure=way.sure and told)])


def _rows_above(record: Record) -> Sequence[tuple[Cell, ...]]:
    return record.grid.rows[: record.row]


def _cells_above(record: Record) -> Iterator[Cell]:
    return chain.from_iterable(_rows_above(record))


def _words_above(record: Record) -> list[str]:
    """Return the labels above a row, row by row and from left to right."""
    printed = [cell for cell in _cells_above(record) if cell.text and record.grid.aligned]
    return words_of(printed or record.before)


def _is_form_order(table: Table, above: Sequence[str]) -> bool:
    """Tell whether a header names lines and columns in the order of the form, as far as it names them."""
    number = {word: list(table.column).index(name) for name, word in column_index(table).words}
    leaves = [number[word] for word in re.findall("|".join(number), _header_text(table, above))]
    last = len(table.columns) - 1
    again = all(later > earlier or (earlier, later) == (last, 0) for earlier, later in pairwise([last, *leaves]))
    return _are_lines_in_order(table, above) and (again or len(set(leaves)) <= last)


def _are_lines_in_order(table: Table, above: Sequence[str]) -> bool:
    text, lines = _header_text(table, above), words_of_form(table.lines)
    first = [text.index(word) for word in (lines[0], *words_of_form(table.groups)) if word in text]
    places = [text.rindex(word) for word in lines[1:] if word in text]
    return first == sorted(first) and places == sorted(places)


def _header_text(table: Table, above: Sequence[str]) -> str:
    # the heading of the section names both halves as well
    return "".join(word for word in above if key(table.zh).word not in word)


def _labels_by_line(pieces: Sequence[Cell]) -> list[tuple[Key, str]]:
    """Return labels with the lines of text in which they stand; numbers and sentences are in no header."""
    labels = [(key(piece.text), piece.place.partition(" cell")[0]) for piece in pieces if piece.text[-1:] != "。"]
    return [(label, line) for label, line in labels if not label.number]


def _is_whole_header(table: Table, columns: Sequence[str], pieces: Sequence[Cell]) -> bool:
    """Tell whether lines of text hold the labels of all columns in the order of the form, though torn over lines.

    In a line of text that holds pieces of labels no more runs go forward than pieces of one label stand in it.
    """
    signs = {sign: columns.index(name) for sign, name in _signs(table).items() if name in columns}
    lines = groupby(_labels_by_line(pieces), itemgetter(1))
    found = [[sign for label, _ in line for sign in label.word if sign in signs] for _, line in lines]
    in_line = [[column for column, _ in groupby(map(signs.__getitem__, some))] for some in found if some]
    turns = [sum(later < earlier for earlier, later in pairwise(some)) < max(Counter(some).values()) for some in in_line]
    beside = [any({one, other} <= set(some) for some in in_line) for one, other in pairwise(sorted(set(signs.values())))]
    counts = Counter(chain.from_iterable(found))
    again = len(table.lines) if table.lines_across else 1
    every = {signs[sign] for sign in counts} == set(signs.values()) and set(counts.values()) == {again}
    return every and all(turns) and beside.count(False) <= 1


@cache
def _signs(table: Table) -> Mapping[str, str]:
    """Return the characters that the label of one column has and nothing else in the header, with the column."""
    others = {table.zh, table.corner, *(column.spanner_zh for column in table.columns)}
    others |= {label.zh for label in (*table.lines, *table.groups) if table.lines_across}
    elsewhere = set("".join(others))
    signs = {
        (sign, name)
        for name, label in column_index(table).words
        for sign in label
        if sign not in elsewhere and label.count(sign) == 1
    }
    count = Counter(sign for sign, _ in signs)
    return {sign: name for sign, name in signs if count[sign] == 1}


def _leaf_header(table: Table, record: Record) -> list[Cell] | None:
    """Return the header cells of all columns of all lines above the row; None where they are not as in the form."""
    if not record.grid.aligned:
        return []
    columns, lines = column_index(table).exact, line_index(table)
    cells = list(product(table.line, table.column))
    leaves = _leaves(table, [cell for cell in _cells_above(record) if cell.text])
    for least, misread in ((_ONE_OF_FOUR, 0), (_TWO_OF_FOUR, 1)):
        likely = [(alike, cell) for alike, cell in leaves if max(alike.values()) >= least]
        most = [max(alike.values()) for alike, _ in likely]
        named = [alike[name] for (alike, _), (_, name) in zip(likely, cells, strict=False)]
        of_form = len(most) == len(cells) and named == most and sum(one < _ONE_OF_FOUR for one in most) <= misread
        if of_form and _are_lines_in_order(table, _words_above(record)):
            # bands that are torn over cells say as much as their order does
            return [cell for _, cell in likely]
    begins: list[tuple[int, str]] = []
    found: dict[tuple[str, str], Cell] = {}
    for cell in _cells_above(record):
        begins += [(cell.column, name) for name in lines.find(cell.text)]
        # Markdown has no spans: a line's label stands over its columns, or at least over the first
        _, line = max((begin for begin in begins if begin[0] <= cell.column), default=(0, ""))
        for column, _ in columns.get(key(cell.text).word, ()):
            if line and found.get((line, column), cell).column != cell.column:
                # two columns of one name: a block of sums that the form lacks
                return None
            found[line, column] = cell
    labels = [found[cell] for cell in cells if cell in found]
    return labels if len(labels) == len(cells) or not found else None


def _leaves(table: Table, above: Sequence[Cell]) -> list[tuple[Mapping[str, float], Cell]]:
    """Return how much the texts one below the other in each column of a header end like each column's label, and the lowest cell.

    Of a scan a character is misread, lost or too many.
    """
    labels = [(word, name) for name, word in column_index(table).words]
    leaves: list[tuple[Mapping[str, float], Cell]] = []
    for column in sorted({cell.column for cell in above}):
        over = [cell for cell in above if cell.column <= column < cell.column + cell.colspan]
        text = key("".join(cell.text for cell in over)).word
        alike: defaultdict[str, float] = defaultdict(float)
        for word, name in labels:
            ends = (text[-some:] for some in range(len(word) - 1, len(word) + 2))
            alike[name] = max(alike[name], *(fuzz.ratio(end, word) for end in ends))
        leaves.append((alike, over[-1]))
    return leaves


# --- under a header -----------------------------------------------------------------------------------------------------------


def _named_in(row: Sequence[Cell], table: Table, above: Sequence[Cell]) -> list[tuple[str, Cell]]:
    """Return the columns that a row of a grid names, if it is a header, each with its cell; a name may begin in the row above."""
    kinds_of, index = kinds(row), column_index(table)
    over = {cell.column: cell.text for cell in above}
    # numbered labels are lines: 3.其他, （七）总计
    words = [cell for cell, kind in zip(row, kinds_of, strict=True) if kind == LABEL and not key(cell.text).number]
    found = []
    for before, cell in zip(["", *(cell.text for cell in words)], words, strict=False):
        label_over = over.get(cell.column, "")
        torn = index.exact.get(key(label_over + cell.text).word, ())
        names = index.find(cell.text).keys() or dict(torn).keys()
        # pymupdf4llm writes 其他 out over the column that the row above names 总计
        repeated = before == cell.text and bool(index.find(label_over).keys() - names)
        found += [(column, cell) for column in names if len(cell.text) <= _LONGEST_HEADER and not repeated]
    # one label beside figures is a stub: a line may read 总计 or 其他 as a column does
    return found if len({cell for _, cell in found}) > 1 or FIGURE not in kinds_of else []


def _misread(grid: Grid, named: Mapping[str, Cell], table: Table) -> Mapping[str, Cell]:
    """Return columns that a header lacks, each with the one other cell of its rows that is much like it (自然 for 自然人)."""
    missing = [(word, name) for name, word in column_index(table).words if name not in named]
    cells = {cell for label in named.values() for cell in grid.rows[label.row]}.difference(named.values())
    alike = {(name, cell) for word, name in missing for cell in cells if fuzz.ratio(key(cell.text).plain, word) >= _ONE_OF_FOUR}
    counts = Counter(chain(*alike))
    return {name: cell for name, cell in alike if counts[name] == counts[cell] == 1}


def _is_straight(grid: Grid, header: Mapping[str, Cell]) -> bool:
    """Tell whether tabs kept the columns: rows of one length, every figure under a header cell (not so in haidong-2021)."""
    figures = {cell.column for row in grid.rows for cell in row if is_figure(cell.text)}
    return len(set(map(len, grid.rows))) == 1 and figures <= {label.column for label in header.values()}


def _spans(cells: Iterable[Cell]) -> Spans:
    """Return where cells begin and end in their row."""
    return tuple([(cell.column, cell.column + cell.colspan) for cell in cells])


def _shape(record: Record) -> tuple[str, Spans]:
    """Return which fields of a row are figures, and where they stand if its grid tells."""
    return record.kinds, _spans(record.fields) if record.grid.aligned else ()


def _sum_of_row(record: Record, sums: Sequence[Sequence[int]]) -> tuple[tuple[str, Spans], bool, int]:
    """Return the shape of a row, whether it has more than zeros, and 1 if it adds up, -1 if not, 0 if figures are missing."""
    is_full = record.grid is not TEXT and len(record.figures) == max(map(len, sums), default=-1)
    has_figures = any(figure(piece.text).value for piece in record.figures)
    return _shape(record), has_figures, is_full * (-1 if _fails(record, sums) else 1)


def _fails(record: Record, sums: Sequence[Sequence[int]]) -> bool:
    """Tell whether the figures of a row, as many as it has cells, do not add up."""
    values = [figure(piece.text).value or 0 for piece in record.figures]
    return any(len(signs) == len(values) and sum(map(mul, signs, values)) for signs in sums)


def _end(cells: Iterable[Cell]) -> int:
    return max([cell.column + cell.colspan for cell in cells], default=0)


def _header_end(labels: Sequence[Cell], rows: Sequence[Sequence[Cell]]) -> int:
    """Return where the rows of a header end, with whatever else they name."""
    first, last = (some(label.row for label in labels) for some in (min, max))
    return _end(cell for cell in chain(*rows[: last + 1]) if cell.text and cell.row + cell.rowspan > first)


def _may_be_shifted(labels: Sequence[Cell], record: Record) -> bool:
    """Tell whether a row has more cells than its header and ends elsewhere: any blank of them may be one too many.

    Where the longest row has a single cell beyond the header, all others may have been filled up to its length.
    """
    begin, end = min(label.column for label in labels), _header_end(labels, record.grid.rows)
    fields = [piece for piece in record.fields if piece.column >= begin]
    if not record.figures or len(fields) <= len(labels):
        return False
    one_more = _end(fields) > end and _end(chain(*record.grid.rows)) == end + 1
    return _end(fields) < end or (one_more and len(record.figures) < len(labels))


def _usual_end(rows: Iterable[Sequence[Cell]]) -> int:
    """Return where most rows of a grid end."""
    ends = Counter(_end(row) for row in rows if row)
    return max(ends, key=lambda end: (ends[end], -end), default=0)


def _covers(labels: npt.NDArray[np.int_], pieces: npt.NDArray[np.int_]) -> npt.NDArray[np.bool_]:
    """Tell for each label and each piece whether one stands over the other."""
    covers: npt.NDArray[np.bool_] = (labels[:, None, 0] < pieces[:, 1]) & (pieces[:, 0] < labels[:, None, 1])
    return covers


class Standing(NamedTuple):
    """How a row stands under header cells.

    Attributes
    ----------
    slipped : bool
        The header says nothing: it begins before its row does, or two of its cells stand over one another.
    places : tuple of int
        For each header cell the number of its field, -1 for none; nothing where a field cannot be told to be under one of them.
    beyond : tuple of int
        The numbers of the figures that stand under none.
    whole, complete : bool
        Each header cell has a figure; no figure is left over, only such are missing as reach down from above, and no blank
        stands under several.
    """

    slipped: bool
    places: tuple[int, ...]
    beyond: tuple[int, ...]
    whole: bool
    complete: bool

    def way(self, record: Record) -> Way | None:
        """Place a row by position; None where that is not possible."""
        pieces = (*record.fields, None)
        fields, beyond = (tuple([pieces[at] for at in places]) for places in (self.places, self.beyond))
        return Way(fields, self.whole, beyond=tuple(filter(None, beyond))) if fields else None


@lru_cache(maxsize=4096)
def _standing(labels: Spans, fields: Spans, kinds_of_fields: str, reaching: Spans) -> Standing:
    """Tell how fields stand under header cells, and cells that reach down from rows above: rows are often alike."""
    above, below, spanning = (np.array(spans, int).reshape(-1, 2) for spans in (sorted(labels), fields, reaching))
    overlap = (above[:-1, 1] > above[1:, 0]).any()
    above = np.array(labels, int).reshape(-1, 2)
    covers, exact = _covers(above, below), (above[:, None] == below).all(axis=2)
    spanned = _covers(above, spanning).any(axis=1)
    before = above[:, 0] < below[:, 0].min()
    over = np.where(exact.any(axis=0), exact, covers)
    first = np.where(over.any(axis=1), over.argmax(axis=1), -1)
    figured = np.array(list(kinds_of_fields), str) != BLANK
    figures = over & figured
    outside = np.flatnonzero(figured & ~figures.any(axis=0))
    whole = np.append(figured, False)[first].all()
    # a figure over the stub, or two in one place: the row slipped
    beside = (below[outside, 0] <= above[:, 0].min()).any()
    two = (figures.sum(axis=0) > 1).any() or (figures.sum(axis=1) > np.append(figured, False)[first]).any()
    placed = not (beside or two)
    places, beyond = tuple(first.tolist()) if placed else (), tuple(outside.tolist())
    # a blank under several header cells may be where a row ends before the others
    merged = (covers[:, ~figured].sum(axis=0) > 1).any()
    complete = (whole or not beyond) and not merged and ((first >= 0) | spanned).all()
    return Standing(bool(overlap or (before & ~spanned).any()), places, beyond, bool(whole), bool(complete))


def _under_some(header: Sequence[Cell | None], record: Record) -> list[Way]:
    """Place under a header that lacks columns: by shape, or by counting."""
    known = list(filter(None, header))
    at = dict(zip(_spans(record.fields), record.fields, strict=True))
    if len(known) > 1 and at.keys() == set(_spans(known)):
        return [Way(tuple(at[_spans([label])[0]] if label else None for label in header), True)]
    way = in_order(record, len(header))
    # a figure that stands before its header cell is another column's
    pairs = zip(header, way.fields if way else (), strict=False)
    slipped = any(label and piece and _end([piece]) <= label.column for label, piece in pairs)
    return [way._replace(sure=False)] if way and not slipped else []


def _is_tiled(standing: Standing, record: Record) -> bool:
    """Tell whether each cell of a row has a header cell of its own shape above it, and each column of the form such a cell."""
    # a blank cell beside the header is filler
    fields = [piece for at, piece in enumerate(record.fields) if at in standing.places or piece.text]
    return -1 not in standing.places and set(_spans(fields)) <= _headed_columns(record)


def _headed_columns(record: Record) -> set[tuple[int, int]]:
    """Return the columns of whatever stands in the rows without figures above a row."""
    headers = [row for row in _rows_above(record) if not any(is_figure(cell.text) for cell in row)]
    return set(_spans([cell for cell in chain(*headers) if cell.text and record.grid.aligned]))


# --- in order -----------------------------------------------------------------------------------------------------------------


def _along(labels: Sequence[Cell], record: Record) -> Way | None:
    """Place a row by counting along the header, which may have another order than the form."""
    way, columns = in_order(record, len(labels)), [label.column for label in labels]
    order = sorted(range(len(columns)), key=columns.__getitem__)
    return way and way._replace(fields=tuple(way.fields[order.index(at)] for at in range(len(columns))))


def in_order(record: Record, columns: int) -> Way | None:
    """Place by counting: as many fields, or as many figures, as the row has cells."""
    fields = tuple(record.fields)
    led_by_blank = record.kinds[:1] == BLANK
    # a blank that leads a row is no column of labels where full rows with as many labels have none
    full = LABEL * len(record.labels) + FIGURE * columns
    in_columns = record.grid.aligned or not led_by_blank or full in map(kinds, record.grid.rows)
    if len(fields) == columns and record.grid.bounded and in_columns:
        # beside a cell with two figures, a blank one may be where one of them belongs
        return Way(fields, BLANK not in record.kinds or len(record.words) == len(record.figures))
    if len(record.figures) == columns:
        # of a row that is longer than others a figure may be the cell too many, and a blank one of the form; several blanks
        # behind all figures are what a torn row leaves
        is_padded = record.kinds[:columns] == FIGURE * columns and len(record.kinds) > columns + 1
        alone = len(record.grid.rows) == 1 and not record.grid.bounded
        sure = is_padded or len(fields) == columns or (_end(fields) <= _usual_end(record.grid.rows) and not alone)
        return Way(tuple(record.figures), sure)
    # in text a blank that leads a row may as well be a column of labels (haidong-2021)
    filled = len(fields) < columns or record.kinds[columns:].strip(BLANK) != ""
    return None if filled or led_by_blank else Way(fields[:columns])


def _is_order_of(table: Table, columns: Sequence[str], named: Sequence[str]) -> bool:
    """Tell whether text names columns in the order of the form, or row by row of its double header."""
    spanned = {column.id for column in table.columns if column.spanner_zh}
    orders = columns, sorted(columns, key=spanned.__contains__)
    return any(named == [column for column in order if column in named] for order in orders)


@cache
def own_sums(table: Table, line: str) -> list[list[int]]:
    """Return the signs of a line's cells in each balance edit of its own."""
    own = (dict(edit.terms) for edit in table.balance_edits((line,)) if edit.lines == {line})
    return [[signs[table.id, line, column] for column in table.columns_of[line]] for signs in own]


def _is_of_years(record: Record) -> bool:
    """Tell whether the columns are years: a table of the same lines that compares them is not the statutory one."""
    return any(map(_names_years, [record.before] if record.grid is TEXT else _rows_above(record)))


def _moved_up(way: Way, sums: Sequence[Sequence[int]], others_add_up: bool) -> bool:
    """Tell whether a row may have lost a cell: a total is blank, and the last of its parts is as much as all others.

    Where others add up, it may have gained one if a part is more than the total.
    """
    for signs in sums:
        texts = [[text for sign, text in zip(signs, way.texts, strict=True) if sign * side > 0] for side in (1, -1)]
        # a row that has other blanks besides was left so
        parts = [figure(text).value or 0 for text in takewhile(bool, texts[0])]
        whole = len(parts) == sum(map(bool, texts[0])) > 1
        totals = [figure(text).value or 0 for text in texts[1]]
        has_lost = "" in texts[1] and whole and 0 < parts[-1] >= sum(parts[:-1])
        has_gained = others_add_up and "" not in texts[1] and whole and 0 < sum(totals) < max(parts)
        if has_lost or has_gained:
            return True
    return False


def _names_years(row: Iterable[Cell]) -> bool:
    """Tell a row of several years; 2012 applications and 2012 in all, beside other figures, are none."""
    texts = [cell.text for cell in row]
    years = [text for text in texts if text[:2] == "20" and _YEAR.fullmatch(text)]
    return len(years) > 1 and not any(is_figure(text) for text in texts if text not in years)


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
    words, grid = _figures_apart(record, columns), record.grid
    digits = "".join(words)
    are_digits = digits.isascii() and digits.isdecimal() and not any(piece.readings for piece in record.fields)
    if not are_digits or max(len(words), len(record.figures) + 1) > columns:
        return []
    # the end of a line parts no figure from the next
    words = [digits] if glued else words
    # a row of a grid that lacks a cell has lost any of them
    torn = grid.aligned and len(record.fields) < columns
    rows: list[tuple[str, ...]] = []
    if len(words) == columns:
        rows = [tuple(words)]
    elif grid is not TEXT and not torn and columns - len(words) <= _MOST_LACKING:
        # what stands between bars is whole, but no number is 00
        whole = grid.bounded and set(digits) != {"0"}
        rows = list(_with_blanks(words, columns, columns - len(words) if whole else 0))
    elif not grid.bounded and is_glued(words, columns, glued):
        # where most rows stand apart, a row of several words lacks cells
        ran_together = glued or len(words) == 1 or any(map(_LED_BY_ZERO.fullmatch, words))
        rows = _splits(words, columns, sums) if ran_together else []
    elif not grid.bounded and any(len(word) > _MOST_DIGITS for word in words):
        # two cells that touch are longer together than any count
        short = {word for word in words if len(word) <= _MOST_DIGITS}
        rows = [row for row in _splits(words, columns, sums) if short <= {*row}]
    # no number begins with a zero, so that of zeros each is one
    zeros = len(rows) == 1 and set(rows[0]) == {"0"}
    ways = [Way(_pieces(record, row), zeros, PARTED, parted=True) for row in rows]
    return ways if len(ways) <= _MOST_WAYS else []


def _are_thousands(first: str, second: str) -> bool:
    """Tell whether a figure and the next may be one that is parted at its thousands (31 980)."""
    whole = second.partition(".")[0]
    return (first + whole).isdecimal() and first[0] != "0" and len(first) <= _THOUSAND == len(whole)


def _figures_apart(record: Record, columns: int) -> list[str]:
    """Return the figures of a row; as many as it has columns are all there, though two of them stand in one cell."""
    words = record.words
    return [word.rstrip(NO_TEXT) for word in words] if len(record.figures) < columns == len(words) else words


def _pieces(record: Record, texts: Iterable[str]) -> tuple[Cell | None, ...]:
    """Return cells with the parts of a row, which stand where the row does, and are as sure as its least sure figure."""
    sure = min((piece.confidence for piece in record.figures if piece.confidence is not None), default=None)
    at = partial(Cell, row=0, column=0, place=record.fields[0].place, page=record.fields[0].page, confidence=sure)
    return tuple(at(text) if text else None for text in texts)


def is_glued(tokens: Sequence[str], columns: int, like_others: bool = False) -> bool:
    """Tell whether a few words, or some that are led by a zero, hold at least as many digits as there are cells."""
    digits = "".join(tokens)
    if len(tokens) >= columns or not digits.isdecimal():
        return False
    few = like_others or len(tokens) <= _FEW_WORDS or any(map(_LED_BY_ZERO.fullmatch, tokens))
    return few and columns <= len(digits)


def _splits(tokens: Sequence[str], parts: int, sums: Sequence[Sequence[int]] = ()) -> list[tuple[str, ...]]:
    """Return every way to part tokens into figures without leading zeros; a gap between two tokens parts two figures.

    Where there are more ways than can be tried, only those are returned whose `sums` are nothing, each with a sign for every
    part.
    """
    digits, gaps = "".join(tokens), list(accumulate(map(len, tokens)))
    free = np.setdiff1d(np.arange(1, len(digits)), gaps)
    spare = parts - len(tokens)
    cuts = comb(len(free), spare)
    if cuts > _MOST_CUTS:
        return []
    chosen = np.array(list(combinations(free, spare)), int).reshape(cuts, spare)
    bounds = np.sort(np.hstack([np.tile([0, *gaps], (cuts, 1)), chosen]), axis=1)
    starts, lengths = bounds[:, :-1], np.diff(bounds, axis=1)
    led_by_zero = (np.array(list(digits)) == "0")[starts] & (lengths > 1)
    bounds = bounds[~(led_by_zero | (lengths > _MOST_DIGITS)).any(axis=1)]
    if len(bounds) > _MOST_WAYS and sums:
        value = np.array([[int(digits[at : at + long] or 0) for long in range(_MOST_DIGITS + 1)] for at in range(len(digits))])
        amounts = value[bounds[:, :-1], np.diff(bounds, axis=1)]
        bounds = bounds[(amounts @ np.array(sums).T == 0).all(axis=1)]
    return [tuple(digits[at:end] for at, end in pairwise(row)) for row in bounds.tolist()] if len(bounds) <= _MOST_WAYS else []


def _with_blanks(tokens: Sequence[str], parts: int, fewest: int) -> Iterator[tuple[str, ...]]:
    """Yield every way to part tokens into figures and to leave so many cells blank, or more."""
    for blanks in range(fewest, parts - len(tokens) + 1):
        for row, places in product(_splits(tokens, parts - blanks), combinations(range(parts), blanks)):
            left = iter(row)
            yield tuple("" if place in places else next(left) for place in range(parts))


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

    def blocks(digits: str, number: int) -> list[tuple[str, ...]]:
        """Return the ways to part digits into the lines from one on."""
        if number == count:
            return [] if digits else [()]
        return [
            (*row, *rest)
            for end in range(width, len(digits) + 1)
            for row in _splits([digits[:end]], width)
            if balanced(number, row)
            for rest in blocks(digits[end:], number + 1)
        ]

    return [Way(_pieces(record, row), parted=True) for row in blocks("".join(record.words), 0)]


# --- readings -----------------------------------------------------------------------------------------------------------------


def _with_readings(ways: Sequence[Way]) -> list[Way]:
    """Return the ways with all that their cells may say; no figure is led by a zero."""
    return [
        way._replace(fields=fields, sure=way.sure and not against, cost=way.cost + against)
        for way in ways
        for fields, against in _variants(way.fields)
    ]


def _variants(fields: tuple[Cell | None, ...]) -> Iterator[tuple[tuple[Cell | None, ...], float]]:
    """Yield all that the cells of a row may say together, and what speaks against it."""
    options = [_options(piece) for piece in fields]
    if prod(map(len, options)) > _MOST_READINGS:
        options = [some[:2] for some in options]
    for chosen in product(*options):
        pieces, costs = zip(*chosen, strict=True)
        yield pieces, sum(costs)


def _options(piece: Cell | None) -> list[tuple[Cell | None, float]]:
    """Return the different readings of a cell, each with what speaks against it."""
    if piece is None or not piece.readings:
        return [(piece, PARTED * bool(piece and _LED_BY_ZERO.fullmatch(piece.text)))]
    against = SURE_READING if (piece.confidence or 0.0) >= CONFIDENT else UNSURE_READING
    different: dict[object, Cell] = {}
    for text in (piece.text, *piece.readings):
        different.setdefault(figure(text)[:3], piece._replace(text=text))
    readable = [one for one in different.values() if figure(one.text).status != "unreadable"] or [piece]
    costs = chain([0.0], repeat(against))
    return [(one, cost + PARTED * bool(_LED_BY_ZERO.fullmatch(one.text))) for one, cost in zip(readable, costs, strict=False)]
