"""The statutory tables: every figure of a document in its cell, and a note on whatever has none."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from govstats.characters import Figure, figure, is_figure, normalised
from govstats.documents import Cell, Document
from govstats.forms import Edit, Form, Table, versions
from govstats.forms import form as form_named
from govstats.recognition.alignment import Match, align
from govstats.recognition.annex import read_annex
from govstats.recognition.decision import Row, decide
from govstats.recognition.hypotheses import Headers, Way, is_glued, parted_blocks, parted_ways, wide_ways
from govstats.recognition.labels import column_index
from govstats.recognition.notes import note
from govstats.recognition.tokens import Record, kind, records
from govstats.report import Note, ReadCell

#: 本年收费金额（单位：元）; a misprint of 万元 is no 元.
_YUAN = re.compile(r"(?:[(:]|单位)\s*(?:[件项个条宗次]\s*[、,/和]\s*)*(万?)元")
#: Ways to read a row that a note lists.
_MOST_LISTED = 12
#: Notes on what the form lacks are no doubt about what it has.
_NO_DOUBT = {"outside_form", "decided_by_edits", "missing_cell"}
#: Rows placed by their order alone break most sums over lines where they stand in a wrong place, an error of the agency a few.
_MOST_BROKEN = 0.35


@dataclass
class _Line:
    """A line that was found, with its columns, the table of which form has them, and the row that holds its cells."""

    match: Match
    columns: tuple[str, ...]
    row: Row
    table: Table


@dataclass
class _Reading:
    """A table as it was found in one reading of the document."""

    table: Table
    lines: list[_Line]
    notes: list[Note]
    headers: Headers
    failing: list[Edit] = field(default_factory=list)

    def decide(self) -> None:
        """Decide between the ways of all rows; rows placed by their order alone must not break many edits."""
        edits = [] if self.table.open else self.table.balance_edits({line.match.line for line in self.lines})
        rows = list({id(line.row): line.row for line in self.lines}.values())
        self.failing = decide(rows, edits)
        torn = [line for line in self.lines if line.match.torn]
        told = {
            key
            for line in torn
            for key, cell in zip(line.row.keys, _fields(line.row), strict=True)
            if cell and figure(cell.text).value
        }
        touched = [edit for edit in edits if len(edit.lines) > 1 and not told.isdisjoint(edit.cells)]
        if _MOST_BROKEN * len(touched) < sum(edit in self.failing for edit in touched):
            for line in torn:
                line.row.ways = line.row.chosen = []
            self.failing = decide(rows, edits)

    @property
    def pages(self) -> set[int]:
        """The pages on which the table stands; none where a line of it may stand on any."""
        if not self.lines or any(True for _ in missing_lines(self.table, {line.match.line for line in self.lines})):
            return set()
        return {piece.page for line in self.lines for piece in line.match.record.fields if piece.page is not None}

    @property
    def is_doubtful(self) -> bool:
        undecided = any(len(line.row.chosen) != 1 or line.row.unconfirmed for line in self.lines)
        return undecided or not self.pages or bool(self.failing) or any(one.kind not in _NO_DOUBT for one in self.notes)


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
    doubtful = [reading.is_doubtful for reading in readings]
    if document.again is not None and any(doubtful):
        pages = [reading.pages for reading, doubt in zip(readings, doubtful, strict=True) if doubt]
        blocks = document.again(set().union(*pages) if all(pages) else set())
        again = _read(replace(document, blocks=blocks, again=None), form, year)
        both = zip(readings, again, doubtful, strict=True)
        readings = [_merged(first, second) if doubt else first for first, second, doubt in both]
    cells: list[ReadCell] = []
    notes: list[Note] = []
    for reading in readings:
        notes += reading.notes
        for item in _cells_and_notes(reading):
            (cells if isinstance(item, ReadCell) else notes).append(item)  # type: ignore[arg-type]
    return cells, notes


def _read(document: Document, form: Form, year: int | None) -> list[_Reading]:
    free = records(document, form)
    headers = Headers(form, free)
    free = [record for record in free if headers.caption_year(record) in {None, year}] if year else free
    readings = []
    for table in form.tables:
        lines, notes = _lines(table, free, headers)
        reading = _Reading(table, lines, notes, headers)
        reading.decide()
        readings.append(reading)
        claimed = {id(line.match.record) for line in lines}
        free = [record for record in free if id(record) not in claimed]
    return readings


def _lines(table: Table, free: Sequence[Record], headers: Headers) -> tuple[list[_Line], list[Note]]:
    """Find the lines of a table, each with every way to read it."""
    if table.open:
        columns = tuple(column.id for column in table.columns)
        return [
            _Line(match, columns, Row(_keys(table, match.line, columns), ways), table) for match, ways in read_annex(table, free)
        ], []
    if table.lines_across:
        wide = [(record, ways) for record in free if (ways := wide_ways(headers, record, table)) is not None]
        if len({(bool(ways), tuple(record.words)) for record, ways in wide}) > 1:
            return [], [note("two_tables", table, place=wide[0][0].place, other=wide[-1][0].place)]
        if wide and (lines := _side_by_side(table, *wide[-1])):
            return lines, []
    matches, notes = align(table, free)
    if not matches and table.lines_across and len(wide) == 1:
        record, width = wide[0][0], len(table.columns) * len(table.lines)
        count, printed = len(record.fields), record.printed
        return [], [note("unreadable_table", table, columns=width, count=count, printed=printed, place=record.place)]
    lines = []
    glued = sum(is_glued(match.record.words, len(table.columns_of[match.line])) for match in matches)
    for match in matches:
        if not is_heading(table, match):
            of_columns = _table_of_columns(table, match, headers)
            columns = of_columns.columns_of[match.line]
            ways = (
                [] if match.contradicted else headers.ways(match.record, of_columns, match.line, glued=2 * glued > len(matches))
            )
            lines.append(_Line(match, columns, Row(_keys(table, match.line, columns), ways), of_columns))
    if 3 * sum(bool(line.row.ways) for line in lines) < len(lines):
        # a line or two of a table that cannot be read may as well be notes below it
        for line in lines:
            line.row.ways = [way for way in line.row.ways if way.parted]
    return lines, notes


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


def _fields(row: Row) -> Sequence[Cell | None]:
    return row.chosen[0].fields if row.chosen else (None,) * len(row.keys)


def _keys(table: Table, line: str, columns: Sequence[str]) -> tuple[tuple[str, str, str], ...]:
    return tuple((table.id, line, column) for column in columns)


def _side_by_side(table: Table, record: Record, ways: list[Way]) -> list[_Line]:
    """Part a row in which all lines of a table stand side by side; one whose digits ran together stays one row."""
    names = [line.id for line in table.lines]
    keys = [_keys(table, name, table.columns_of[name]) for name in names]
    width = len(table.columns)
    if ways and ways[0].parted:
        edits = {name: table.balance_edits((name,)) for name in names}

        def balanced(at: int, texts: Sequence[str]) -> bool:
            figures = {key: float(text) for key, text in zip(keys[at], texts, strict=True)}
            return all(edit.holds(figures) is not False for edit in edits[names[at]])

        ways = parted_blocks(record, width, len(names), balanced)
        one = Row(tuple(key for part in keys for key in part), ways)
        return [_Line(Match(record, name), table.columns_of[name], one, table) for name in names] if ways else []
    parts = [
        [
            way._replace(fields=way.fields[at * width : (at + 1) * width], beyond=way.beyond if at == len(names) - 1 else ())
            for way in ways
        ]
        for at in range(len(names))
    ]
    return [
        _Line(
            Match(record, name),
            table.columns_of[name],
            Row(key, list({way.texts: way for way in reversed(part)}.values())[::-1]),
            table,
        )
        for name, key, part in zip(names, keys, parts, strict=True)
        if part
    ]


def _merged(first: _Reading, second: _Reading) -> _Reading:
    """Join two readings of a table: each line has the ways of both."""
    if not first.lines:
        return second if second.lines else first
    others = {line.match.line: line for line in second.lines}
    known = {line.match.line for line in first.lines}
    for line in first.lines:
        other = others.get(line.match.line)
        if other and not line.match.contradicted and line.columns == other.columns and line.row.keys == other.row.keys:
            texts = {way.texts for way in line.row.ways}
            line.row.ways += [way for way in other.row.ways if way.texts not in texts]
    position = first.table.position
    first.lines = sorted(
        [*first.lines, *(one for name, one in others.items() if name not in known)],
        key=lambda one: position.get(one.match.line, 0),
    )
    first.decide()
    return first


# --- cells and notes ----------------------------------------------------------------------------------------------------------


def _cells_and_notes(reading: _Reading) -> Iterator[ReadCell | Note]:
    """Turn the decision on a table into cells, and say what is missing."""
    table = reading.table
    if not reading.lines:
        if not reading.notes:
            yield note("missing_table", table)
        return
    for line in reading.lines:
        if not line.row.chosen:
            yield from _undecided_row(table, line)
            continue
        begin = line.row.keys.index((table.id, line.match.line, line.columns[0]))
        for at, column in enumerate(line.columns, start=begin):
            yield from _cell(reading, line, column, at)
        if not table.lines_across or line is reading.lines[-1]:
            label = line.match.record.labels[-1].text if line.match.record.labels else ""
            for piece in line.row.chosen[0].beyond:
                yield note(
                    "outside_form", table, line.match.line, printed=piece.text, page=piece.page, place=piece.place, label=label
                )
    yield from missing_lines(table, {line.match.line for line in reading.lines})


def _cell(reading: _Reading, line: _Line, column: str, at: int) -> Iterator[ReadCell | Note]:
    table, row, name = line.table, line.row, line.match.line
    way = row.chosen[0]
    piece, first = way.fields[at], row.ways[0].fields[at]
    readings = row.readings(at)
    if piece is None and len(readings) == 1:
        if not table.open:
            yield note("missing_cell", table, name, column, place=line.match.record.place)
        return
    if piece is None:
        piece = next(cell for one in row.chosen if (cell := one.fields[at]))
    unit = table.unit(name, column)
    value, status = in_unit(figure(piece.text), unit, unit_stated(table, line.match.record, column, reading.headers), table)
    printed = piece.text
    offered = tuple(dict.fromkeys((first.text, *first.readings, *readings) if first else readings))
    said = _said_of(line, column, at, piece, value, status)
    if said:
        listed = " | ".join(text or "∅" for text in offered)
        sure = f"{piece.confidence or 0.0:.2f}"
        yield note(
            said, table, name, column, printed=printed, page=piece.page, place=piece.place, readings=listed, confidence=sure
        )
    if said not in {"", "decided_by_edits"}:
        value, status = None, "unreadable"
    method = _method(line.match, way, piece)
    yield ReadCell(table.id, name, column, value, printed, status, unit, piece.page, piece.place, method, piece.confidence)


def _said_of(line: _Line, column: str, at: int, piece: Cell, value: float | None, status: str) -> str:
    """Return the kind of note that a cell deserves; nothing where it stands as printed."""
    negative = value is not None and (value < 0 or piece.text[:1] == "增")
    if len(line.row.readings(at)) > 1:
        return "undecided_readings"
    if at in line.row.unconfirmed:
        return "unsure_recognition"
    if _spans_lines(line.match.record, piece):
        return "spanning_figure"
    if status == "unreadable" or (negative and not line.table.column[column].signed):
        return "unreadable_cell"
    return "decided_by_edits" if piece.readings and not line.row.chosen[0].parted else ""


def _spans_lines(record: Record, piece: Cell) -> bool:
    """Tell a figure that stands for several lines: a row below has a label of its own."""
    if record.grid is None or piece.rowspan < 2:
        return False
    below = record.grid.rows[piece.row + 1 : piece.row + piece.rowspan]
    return any(cell.text and not is_figure(cell.text) for row in below for cell in row)


def _method(match: Match, way: Way | None, piece: Cell | None) -> str:
    if way is not None and way.parted:
        return "glued"
    if piece is not None and piece.confidence is not None:
        return "ocr"
    return "grid" if match.record.grid is not None else "text"


def _undecided_row(table: Table, line: _Line) -> Iterator[ReadCell | Note]:
    match, record = line.match, line.match.record
    first = next(iter(record.fields), None)
    page, printed, width = first.page if first else None, record.printed, len(line.columns)
    parted = [way for way in line.row.ways or parted_ways(record, width) if way.parted and len(way.fields) == width]
    about = note_of(table, match.line, printed, page, record.place)
    if match.contradicted:
        pass
    elif parted:
        listed = ["|".join(way.texts) for way in parted[:_MOST_LISTED]] + ["…"] * (len(parted) > _MOST_LISTED)
        yield about(
            "glued_row" if len(parted) > 1 else "unbalanced_row", columns=width, count=len(parted), candidates="; ".join(listed)
        )
    elif any(kind(piece.text) == "label" for piece in record.fields):
        yield about("words_in_row")
    elif len(record.figures) == width:
        yield about("unplaced_row", columns=width)
    else:
        yield about("unreadable_row", columns=width, count=len(record.figures))
    confidence = min((piece.confidence for piece in record.fields if piece.confidence is not None), default=None)
    method = _method(match, parted[0] if parted else None, first)
    for column in line.columns:
        unit = line.table.unit(match.line, column)
        yield ReadCell(table.id, match.line, column, None, printed, "unreadable", unit, page, record.place, method, confidence)


def note_of(table: Table, line: str, printed: str, page: int | None, place: str) -> Callable[..., Note]:
    """Return a function that composes notes on one line."""
    return partial(note, table=table, line=line, printed=printed, page=page, place=place)


def is_heading(table: Table, match: Match) -> bool:
    """Tell a group heading without figures from a subtotal."""
    stub = table.line.get(match.line)
    return bool(stub and stub.subtotal and not any(kind(piece.text) == "figure" for piece in match.record.fields))


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
    money = printed.endswith("元") or (unit == "万元" and printed in {"万", "亿"})
    if unit == "万元" and (money or (not printed and stated == "元")):
        return round(value / 1e4, 10), status
    contradicted = unit == "万元" and not printed and stated == "?" and value != 0
    if contradicted or (not table.open and (money or (unit == "万元" and printed))):
        # a count in yuan, an amount in pieces, two units: nobody can tell
        return None, "unreadable"
    return value, status


def unit_stated(table: Table, record: Record, column: str, headers: Headers) -> str:
    """Return the unit of an amount that header, label or text near the table state: 元, 万元, or ? where they differ."""
    if table.column[column].unit != "万元":
        return ""
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
