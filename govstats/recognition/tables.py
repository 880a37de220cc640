"""The statutory tables: every figure of a document in its cell, and a note on whatever has none."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, pairwise
from operator import mul
from typing import Any

from govstats.characters import Figure, figure, is_figure, normalised
from govstats.documents import Cell, Document
from govstats.forms import Edit, Form, Table, versions
from govstats.forms import form as form_named
from govstats.recognition.alignment import Match, align, lines_named, rest_of_label
from govstats.recognition.decision import Row, decide, disordered, failing
from govstats.recognition.hypotheses import Headers, Way, in_order, is_glued, own_sums, parted_blocks, parted_ways, wide_ways
from govstats.recognition.labels import SURE, column_index, form_words, key, printed_labels
from govstats.recognition.notes import note
from govstats.recognition.tokens import FIGURE, LABEL, TEXT, UNITS, Record, records
from govstats.report import Note, ReadCell

#: 本年收费金额（单位：元）; a misprint of 万元 is no 元.
_YUAN = re.compile(r"(?:[(:]|单位)\s*(?:[件项个条宗次]\s*[、,/和]\s*)*(万?)元")
#: 2022年度有关数据, but no date, title or sentence: the name of a table of the form has up to 17 characters.
_OF_YEAR = re.compile(r"(?=.{,24}$)[^\d，。；报]*(20\d\d)\s*年(?!\s*\d)[^\d，。；报]*", re.DOTALL)
#: Ways to read a row that a note lists.
_MOST_LISTED = 12
#: Notes on what the form lacks are no doubt about what it has.
_NO_DOUBT = {"outside_form", "decided_by_edits", "missing_cell"}
#: A copy that lost so many cells lost more than figures here and there.
_MANY_LOST = 0.25
#: The columns of the statistics annexes before 2019.
_COLUMN_OF_ANNEX = re.compile(r"(?P<this_year>(?:本|20\d\d)年|年度|本期|统计数)|(?P<cumulative>累计)")
#: A header that ran together, and names no third column: 指标名称计量单位2015年度历年累计.
_TWO_COLUMNS = re.compile(r"(?:指标|项目|单位)[^年累]*年度?(?:历年)?累计数?$")
_NUMBERING = re.compile(r"\s*(?:其中\s*[:：]?)?\s*(?:[(（]?[一二三四五六七八九十\d]{1,3}[)）、.．]+)?\s*")
_ZERO_FIRST = re.compile(r"0(?:0|[1-9]\d*)")
_FEWEST_LINES = 3
#: A shorter name of a column (其他, 总计) may stand in any text.
_LONG_NAME = 4


@dataclass
class _Line:
    """A line that was found, the table of which form has its columns, and the row that holds its cells among others."""

    match: Match
    table: Table
    row: Row
    columns: tuple[str, ...]

    @property
    def places(self) -> range:
        """Where its cells stand in the row."""
        begin = self.row.keys.index((self.table.id, self.match.line, self.columns[0]))
        return range(begin, begin + len(self.columns))


@dataclass
class _Reading:
    """A table as it was found in one reading of the document."""

    table: Table
    lines: list[_Line]
    notes: list[Note]
    headers: Headers

    @property
    def rows(self) -> list[Row]:
        """The rows of its lines, each once."""
        return list({id(line.row): line.row for line in self.lines}.values())

    @property
    def edits(self) -> list[Edit]:
        """The balance edits of its lines."""
        return [] if self.table.open else self.table.balance_edits({line.match.line for line in self.lines})

    def decide(self) -> None:
        """Decide between the ways of all rows; in running text a row that fails may have the last figure of the one above."""
        decide(self.rows, self.edits)
        broken = set().union(*(edit.lines for edit in failing(self.rows, self.edits) if len(edit.lines) == 1))
        for above, below in pairwise(self.lines):
            if below.match.line in broken and below.match.record.grid is TEXT and _completes(below, above):
                below.row.ways = below.row.chosen = []
        in_text = [one.row for one in self.lines if one.match.record.grid is TEXT]
        for row, way in list(disordered(in_text, self.rows, self.edits)):
            row.chosen = [*row.chosen, way]

    @property
    def pages(self) -> set[int]:
        """The pages on which the table stands; none where a line of it may stand on any."""
        if not self.lines or any(True for _ in missing_lines(self.table, {line.match.line for line in self.lines})):
            return set()
        return {piece.page for line in self.lines for piece in line.match.record.fields if piece.page is not None}

    @property
    def is_doubtful(self) -> bool:
        """Whether a line is missing or undecided, or an edit fails."""
        undecided = any(len(line.row.chosen) != 1 or line.row.unconfirmed for line in self.lines)
        return (
            undecided
            or bool(failing(self.rows, self.edits))
            or not self.pages
            or any(one.kind not in _NO_DOUBT for one in self.notes)
        )


def _completes(below: _Line, above: _Line) -> bool:
    """Tell whether a row that lacks a figure adds up with the last one of the row below it."""
    values = [figure(text).value or 0 for text in (*above.match.printed, *below.match.printed[-1:])]
    sums = own_sums(above.table, above.match.line) if len(values) == len(above.columns) else []
    return bool(sums) and not any(sum(map(mul, signs, values)) for signs in sums)


def read_tables(document: Document, form: Form, year: int | None = None) -> tuple[list[ReadCell], list[Note]]:
    """Read every table of a form.

    Where a line is missing, a cell undecided or an edit fails, the document is read again by another engine, if it has one:
    what both read alike is published, what they read differently is left to the edits.

    Parameters
    ----------
    document : Document
    form : Form
        The version the document follows.
    year : int, optional
        That the report is of: a table under a caption that names another year is not read.

    Returns
    -------
    cells : list of ReadCell
        In the order of the form.
    notes : list of Note
        On whatever is missing or could not be decided.
    """
    readings = _read(document, form, year)
    doubtful = [reading for reading in readings if reading.is_doubtful] if document.again else []
    if document.again and doubtful:
        pages = [reading.pages for reading in doubtful]
        blocks = document.again(set().union(*pages) if all(pages) else set())
        again = {one.table: one for one in _read(replace(document, blocks=blocks, again=None), form, year)}
        readings = [_merged(one, again[one.table]) if one in doubtful else one for one in readings]
    cells: list[ReadCell] = []
    notes: list[Note] = []
    for reading in readings:
        notes += reading.notes
        cells += _cells(reading, notes)
    return cells, [*_order_lost(document, form, cells), *notes]


def _order_lost(document: Document, form: Form, cells: Sequence[ReadCell]) -> Iterator[Note]:
    """Note that most cells of a text that names the lines of the tables cannot be told: a converter lost their order."""
    missing = len(form.cells) - sum(cell.status != "unreadable" for cell in cells)
    if document.format not in {"text", "markdown"} or missing < _MANY_LOST * len(form.cells):
        return
    of_grids = (text for grid in document.grids for text in chain(*grid.texts))
    # runs of white space, which pages of text hold, would be tried from each of their characters
    printed = " ".join(normalised(" ".join(chain((line.text for line in document.paragraphs), of_grids))).split())
    if 2 * len(set(printed_labels(form).findall(printed))) > sum(len(table.lines) for table in form.tables):
        yield note("lost_order", count=len(form.cells), missing=missing)


def _read(document: Document, form: Form, year: int | None) -> list[_Reading]:
    free = records(document, form)
    headers = Headers(form, free)
    free = _of_year(free, form, year) if year else free
    readings = []
    for table in form.tables:
        lines, notes = _lines(table, free, headers)
        reading = _Reading(table, lines, notes, headers)
        reading.decide()
        readings.append(reading)
        claimed = {id(line.match.record) for line in lines}
        free = [record for record in free if id(record) not in claimed]
    return readings


def _of_year(every: Sequence[Record], form: Form, year: int) -> list[Record]:
    """Leave out the records under a caption that names another year; a grid without a caption goes on under the last one."""
    kept = []
    named, grid = year, TEXT
    for record in every:
        begins = record.grid is TEXT or record.grid is not grid
        # several labels in one line are a header
        captions = [piece.text for piece in record.before if begins and not _names_columns(piece.text, form)]
        for found in map(_OF_YEAR.fullmatch, captions[-1:]):
            named = int(found[1]) if found else year
        kept += [record] if named == year else []
        grid = record.grid
    return kept


def _names_columns(text: str, form: Form) -> bool:
    """Tell a label of the form, a line of several, and a line that holds the name of a column."""
    word, of_form = key(text).word, form_words(form)
    columns = (name for table in form.tables for _, name in column_index(table).words if len(name) >= _LONG_NAME)
    return word in of_form or sum(key(one).word in of_form for one in text.split()) > 1 or any(name in word for name in columns)


def _lines(table: Table, free: Sequence[Record], headers: Headers) -> tuple[list[_Line], list[Note]]:
    """Find the lines of a table, each with every way to read it."""
    if table.open:
        return _lines_of_annex(table, free), []
    wide = [(record, ways) for record in free if table.lines_across and (ways := wide_ways(headers, record, table)) is not None]
    if len({(bool(ways), tuple(record.words)) for record, ways in wide}) > 1:
        return [], [note("two_tables", table, place=wide[0][0].place, other=wide[-1][0].place)]
    if wide and wide[-1][1] and (lines := _side_by_side(table, *wide[-1])):
        return lines, []
    if len(wide) == 1:
        record, width = wide[0][0], len(table.cells)
        count, printed = len(record.fields), record.printed
        return [], [note("unreadable_table", table, columns=width, count=count, printed=printed, place=record.place)]
    matches, notes = align(table, free)
    glued = 2 * sum(is_glued(match.record.words, len(table.columns_of[match.line])) for match in matches) > len(matches)
    doubtful = _labelled_above(table, matches)
    lines = []
    for match in matches:
        # a group heading is no subtotal
        if FIGURE in match.record.kinds or not table.line[match.line].subtotal:
            of_columns = _table_of_columns(table, match, headers)
            ways = [] if match.contradicted else headers.ways(match.record, of_columns, match.line, glued=glued)
            ways = [way._replace(sure=way.sure and match.line not in doubtful) for way in ways]
            lines.append(_line(of_columns, match, ways, of_columns.columns_of[match.line]))
    if 3 * sum(bool(line.row.ways) for line in lines) < len(lines):
        # a line or two of a table that cannot be read may as well be notes below it
        for line in lines:
            line.row.ways = [way for way in line.row.ways if way.parted]
    return lines, notes


def _labelled_above(table: Table, matches: Sequence[Match]) -> set[str]:
    """Return the lines whose label stands alone above their figures, which are another's if most have it beside them.

    A line with a sum of its own needs no other evidence.
    """
    above = [m for m in matches if not m.record.labels and all(piece.place != m.record.place for piece in m.record.before[-1:])]
    few = 2 * len(above) < len(matches)
    return {match.line for match in above if few and not own_sums(table, match.line)}


def _line(table: Table, match: Match, ways: list[Way], columns: tuple[str, ...]) -> _Line:
    return _Line(match, table, Row(tuple((table.id, match.line, column) for column in columns), ways), columns)


def _table_of_columns(table: Table, match: Match, headers: Headers) -> Table:
    """Return the table whose columns stand above a line: agencies mix the bands of two versions of the form."""
    own = table.columns_of[match.line]
    if len(table.bands) == 1:
        return table
    named = headers.named(match.record, table, own)
    if set(own) == named:
        return table
    others = (other for version in versions() for other in form_named(version).tables if other.id == table.id)
    for other in others:
        columns = other.columns_of.get(match.line, ())
        if columns not in {(), own} and named <= set(columns) and headers.named(match.record, other, columns) == set(columns):
            return other
    return table


def _side_by_side(table: Table, record: Record, ways: list[Way]) -> list[_Line]:
    """Return the lines of a table that stand side by side in one row; one whose digits ran together stays one row."""
    names, width = [line.id for line in table.lines], len(table.columns)
    if ways[0].sure:
        parts = [[way._replace(fields=way.fields[at : at + width]) for way in ways] for at in range(0, len(table.cells), width)]
        several = [list({way.texts: way for way in reversed(part)}.values())[::-1] for part in parts]
        return [
            _line(table, Match(record, name), part, table.columns_of[name]) for name, part in zip(names, several, strict=True)
        ]

    sums = [table.balance_edits((name,)) for name in names]

    def balanced(at: int, texts: Sequence[str]) -> bool:
        figures = {key: float(text) for key, text in zip(table.cells[at * width :], texts, strict=False)}
        return all(edit.holds(figures) is not False for edit in sums[at])

    # what nothing but sums tells of a row, they have to tell of the whole row
    row = Row(table.cells, parted_blocks(record, width, len(names), balanced) if ways[0].parted else ways)
    return [_Line(Match(record, name), table, row, table.columns_of[name]) for name in names if row.ways]


def _merged(first: _Reading, second: _Reading) -> _Reading:
    """Join two readings of a table: each line has the ways of both."""
    if not first.lines:
        return second if second.lines else first
    others = {line.match.line: line for line in second.lines}
    for line in first.lines:
        other = others.pop(line.match.line, line)
        if not line.match.contradicted and line.row.keys == other.row.keys:
            texts = {way.texts for way in line.row.ways}
            line.row.ways += [way for way in other.row.ways if way.texts not in texts]
    first.lines += others.values()
    first.lines.sort(key=lambda line: first.table.position.get(line.match.line, 0))
    first.decide()
    return first


# --- the annexes before 2019 --------------------------------------------------------------------------------------------------


def _lines_of_annex(table: Table, records: Sequence[Record]) -> list[_Line]:
    """Find the lines of a statistics annex from before 2019: provinces had their own, so a line is what is printed.

    They stand in the grids with known labels, or from the first to the last of these. A label that the form does not list is an
    id of its own; one that stands there twice is left without any way.
    """

    def known(record: Record, rest: str = "") -> str:
        pieces = record.labels or record.before
        found = lines_named(table, [*pieces[:-1], pieces[-1]._replace(text=pieces[-1].text + rest)] if rest else pieces)
        # a label that is only alike is another line of another province: 网络申请数 is not 网上申请数
        return next((line for line, likeness in found.items() if likeness >= SURE), "")

    anchors = [record for record in records if record.figures and known(record)]
    if len(anchors) < _FEWEST_LINES:
        return []
    grids = {id(record.grid) for record in anchors if record.grid is not TEXT}
    first, last = anchors[0].order, anchors[-1].order
    rows = [r for r in records if r.figures and (first <= r.order <= last or id(r.grid) in grids)]
    columns = _columns(rows[0])
    pairs = len(columns) == 2 and _TWO_COLUMNS.search(normalised("".join(piece.text for piece in rows[0].before[:-1])))
    found: dict[str, _Line] = {}
    for number, record in enumerate(rows):
        # a line that no form lists has its printed label without the numbering
        rest = rest_of_label(record, rows[number + 1 : number + 2])
        line = known(record, rest) or "".join(_NUMBERING.sub("", _label(record) + rest, count=1).split())
        way = in_order(record, len(columns)) if columns else None
        if way is None and pairs and _numbered_on(rows, number):
            way = _split(record)
        ways = []
        if way and way.sure and line not in found:
            printed = dict(zip(columns, way.fields, strict=True))
            ways = [way._replace(fields=tuple(map(printed.get, table.column)))]
        found.setdefault(line, _line(table, Match(record, line), [], tuple(table.column))).row.ways = ways
    found.pop("", None)
    return list(found.values())


def _split(record: Record) -> Way | None:
    """Split a pair that ran together and begins with zero (01): no number does, so the first figure is the zero itself.

    That the figure of all years is at least that of this year decides nothing: agencies print otherwise.
    """
    piece = record.figures[0]
    if len(record.figures) != 1 or not _ZERO_FIRST.fullmatch(piece.text):
        return None
    return Way((piece._replace(text="0"), piece._replace(text=piece.text[1:])), True, parted=True)


def _numbered_on(rows: Sequence[Record], number: int) -> bool:
    """Tell whether the number of the label behind some figures cannot have taken a digit from them.

    In 002、 only the 2 is the label's if the labels before it count from 1; of 0112、 the 12 may be.
    """
    counted = 0
    for record in rows[: number + 2]:
        label = key(_label(record)).number
        counted = int(label) if label in {"1", str(counted + 1)} else -label.isdecimal()
    return number + 1 == len(rows) or counted >= 0


def _columns(first: Record) -> list[str]:
    """Return the columns in the order in which the header above the first line names them last."""
    header = " ".join(piece.text for piece in first.before[-12:])
    header = " ".join(cell.text for row in first.grid.rows[: first.row] for cell in row) or header
    named = [found.lastgroup or "" for found in _COLUMN_OF_ANNEX.finditer(normalised(header))]
    return list(dict.fromkeys(reversed(named)))[::-1]


def _label(record: Record) -> str:
    """Return the label that stands next to the figures."""
    return next((piece.text for piece in reversed(record.labels or record.before[-1:]) if piece.text not in UNITS), "")


# --- cells and notes ----------------------------------------------------------------------------------------------------------


def _cells(reading: _Reading, notes: list[Note]) -> Iterator[ReadCell]:
    """Turn the decision on a table into cells, and note what is missing."""
    table = reading.table
    if not reading.lines and not reading.notes:
        notes.append(note("missing_table", table))
    for line in reading.lines:
        yield from _decided(reading, line, notes) if line.row.chosen else _undecided(line, notes)
        if line.row.chosen and (not table.lines_across or line is reading.lines[-1]):
            label = next((piece.text for piece in reversed(line.match.record.labels)), "")
            own = line.row.chosen[0].beyond
            notes += [note("outside_form", table, line.match.line, label=label, **_where(piece)) for piece in own]
    if reading.lines:
        notes += missing_lines(table, {line.match.line for line in reading.lines})


def _where(piece: Cell) -> dict[str, Any]:
    return {"printed": piece.text, "page": piece.page, "place": piece.place}


def _method(record: Record, piece: Cell, *, parted: bool) -> str:
    """Tell how a cell was read."""
    beside = "text" if record.grid is TEXT else "grid"
    return "glued" if parted else "ocr" if piece.confidence is not None else beside


def _decided(reading: _Reading, line: _Line, notes: list[Note]) -> Iterator[ReadCell]:
    """Give the cells of a row that was decided, but for those of which something else is to be said."""
    table, row, name, record = line.table, line.row, line.match.line, line.match.record
    of_cells = list(zip(*(way.fields for way in row.chosen), strict=True))
    for at, column in zip(line.places, line.columns, strict=True):
        piece = next(filter(None, of_cells[at]), None)
        if piece is None:
            notes += [] if table.open else [note("missing_cell", table, name, column, place=record.place)]
            continue
        unit = table.unit(name, column)
        stated = unit_stated(table, record, column, reading.headers) if table.column[column].unit == "万元" else ""
        value, status = in_unit(figure(piece.text), unit, stated, table)
        read_as = {one.text if one else "" for one in of_cells[at]}
        said = "undecided_readings" if len(read_as) > 1 else _said_of(line, column, at, piece, (value, status))
        if said:
            first = row.ways[0].fields[at]
            offered = dict.fromkeys([*((first.text, *first.readings) if first else ()), *sorted(read_as)])
            listed, sure = " | ".join(text or "∅" for text in offered), f"{piece.confidence or 0.0:.2f}"
            notes.append(note(said, table, name, column, readings=listed, confidence=sure, **_where(piece)))
        if said not in {"", "decided_by_edits"}:
            value, status = None, "unreadable"
        method = _method(record, piece, parted=row.chosen[0].parted)
        source = piece.page, piece.place, method, piece.confidence
        yield ReadCell(table.id, name, column, value, piece.text, status, unit, *source)


def _said_of(line: _Line, column: str, at: int, piece: Cell, read: tuple[float | None, str]) -> str:
    """Return the kind of note that a cell deserves; nothing where it stands as printed."""
    if at in line.row.unconfirmed:
        return "unsure_recognition"
    if piece.rowspan > 1 and _spans_lines(line.match.record, piece):
        return "spanning_figure"
    negative = (read[0] or 0) < 0 or piece.text[:1] == "增"
    if read[1] == "unreadable" or (negative and not line.table.column[column].signed):
        return "unreadable_cell"
    return "decided_by_edits" if piece.readings and not line.row.chosen[0].parted else ""


def _spans_lines(record: Record, piece: Cell) -> bool:
    """Tell a figure that stands for several lines: beside it a row below has a label of its own."""
    below = chain(*record.grid.rows[piece.row + 1 : piece.row + piece.rowspan])
    return any(cell.text and not is_figure(cell.text) for cell in below if cell.column + cell.colspan <= piece.column)


def _undecided(line: _Line, notes: list[Note]) -> Iterator[ReadCell]:
    """Say why the figures of a row have no cells, and leave these unreadable."""
    record, width = line.match.record, len(line.columns)
    page = next((piece.page for piece in record.fields), None)
    sure = min((piece.confidence for piece in record.fields if piece.confidence is not None), default=None)
    whole = Cell(record.printed, 0, 0, place=record.place, page=page, confidence=sure)
    parted = [way for way in line.row.ways or parted_ways(record, width) if way.parted and len(way.fields) == width]
    if not line.match.contradicted:
        kind_of_note, count = _doubt_about(record, width, len(parted))
        listed = ["|".join(way.texts) for way in parted[:_MOST_LISTED]] + ["…"] * (len(parted) > _MOST_LISTED)
        about = _where(whole) | {"columns": width, "count": count, "candidates": "; ".join(listed)}
        notes.append(note(kind_of_note, line.table, line.match.line, **about))
    table, name, method = line.table, line.match.line, _method(record, whole, parted=bool(parted))
    for column in line.columns:
        unit = table.unit(name, column)
        yield ReadCell(table.id, name, column, None, whole.text, "unreadable", unit, page, whole.place, method, sure)


def _doubt_about(record: Record, width: int, parted: int) -> tuple[str, int]:
    """Return the kind of note that tells why a row was not read, and the count that it names."""
    if parted:
        return "glued_row" if parted > 1 else "unbalanced_row", parted
    if LABEL in record.kinds:
        return "words_in_row", 0
    figures = len(record.figures)
    return "unplaced_row" if figures == width else "unreadable_row", figures


def missing_lines(table: Table, found: set[str]) -> Iterator[Note]:
    """Yield a note on each line that a report must print and does not."""
    subtotals = {line.id for line in table.lines if line.subtotal} & found
    for line in table.lines:
        alone = line.group in subtotals and not found & set(table.parts(line.group))
        if not (table.open or line.subtotal or line.id in found or alone):
            yield note("missing_line", table, line.id)


# --- units --------------------------------------------------------------------------------------------------------------------


def in_unit(read: Figure, unit: str, stated: str, table: Table) -> tuple[float | None, str]:
    """Return the value of a figure in the form's unit, and its status.

    Parameters
    ----------
    read : Figure
        As it is printed.
    unit : str
        Of the form.
    stated : str
        The unit of the amounts that the document states: see `unit_stated`.
    table : Table
        An open one has lines of the agency's own, whose units nobody knows.

    Examples
    --------
    >>> from govstats.forms import form
    >>> table = form("2021").table("proactive")
    >>> in_unit(figure("251000元"), "万元", "", table), in_unit(figure("8"), "件", "", table)
    ((25.1, 'reported'), (8.0, 'reported'))
    >>> in_unit(figure("251000"), "万元", "元", table), in_unit(figure("251000"), "万元", "?", table)
    ((25.1, 'reported'), (None, 'unreadable'))
    """
    status, value, printed, _ = read
    if value is None or not (printed or unit == "万元"):
        return value, status
    if unit == "万元" and (printed.endswith("元") or printed in {"万", "亿"} or (not printed and stated == "元")):
        return round(value / 1e4, 10), status
    # a count in yuan, an amount in pieces, two units: nobody can tell
    known = (not printed and stated != "?") if unit == "万元" else not printed.endswith("元")
    return (value, status) if known or (table.open and printed) else (None, "unreadable")


def unit_stated(table: Table, record: Record, column: str, headers: Headers) -> str:
    """Return the unit of an amount that header, label or text near the table state: 元, 万元, or ? where they differ."""
    above = headers.above(record, table).get(column)
    header = [above.text] if above else [p.text for p in record.before if column in column_index(table).find(p.text)]
    of_header = {_unit_in(text) for text in header} - {""}
    near = [*((piece, True) for piece in record.labels), *headers.before(record)]
    beside = {(unit, close) for piece, close in near if piece.text not in header and (unit := _unit_in(piece.text))}
    stated = of_header | {unit for unit, _ in beside}
    # what is said of another table may not be meant here
    unsure = len(stated) > 1 or (stated == {"元"} and not of_header and not any(close for _, close in beside))
    return "?" if unsure else next(iter(stated), "")


def _unit_in(text: str) -> str:
    found = _YUAN.search(normalised(text))
    return f"{found[1]}元" if found else ""
