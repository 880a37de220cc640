"""The statutory tables: records aligned with the lines of the form, their fields with its columns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from govstats.characters import figure, is_figure, normalised
from govstats.documents import Grid
from govstats.forms import Form, Table
from govstats.recognition.labels import column_index, form_words, key, line_index
from govstats.recognition.records import LONGEST_LABEL, UNITS, Field, Record
from govstats.report import Note, ReadCell

#: A label may be torn over this many pieces.
_MOST_PIECES = 6
#: What a row with the right number of figures adds to the likeness of its label.
_FIT = 0.6
_YEAR_COLUMN = re.compile(r"(?:20\d\d|本)年|年度|本期|统计数")


class Placement(NamedTuple):
    """The fields of a record, one for each column of its line; `certain` where no blank was counted by order alone."""

    fields: tuple[Field | None, ...]
    certain: bool
    beyond: tuple[Field, ...] = ()


@dataclass(slots=True)
class _Match:
    """A record that was found to be a line of the form."""

    record: Record
    line: str
    placement: Placement | None
    #: The label stands apart from the figures; the order of the lines placed it.
    by_order: bool = False


@dataclass(slots=True)
class Reading:
    """What was read of all tables."""

    cells: list[ReadCell] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


def read_tables(records: Sequence[Record], form: Form) -> Reading:
    """Read every table of a form.

    Parameters
    ----------
    records : sequence of Record
        Of the whole document, in reading order.
    form : Form
        The version the document follows.

    Returns
    -------
    Reading
        Cells in the order of the form, and notes on whatever is missing or could not be decided.
    """
    reading = Reading()
    free = list(records)
    headers = _Headers(form)
    for table in form.tables:
        if table.open:
            matches = _open_table(table, free, reading)
        else:
            matches = _across(table, free, headers) if table.lines_across else []
            matches = matches or _align(table, free, headers, reading)
        claimed = {id(match.record) for match in matches}
        free = [record for record in free if id(record) not in claimed]
        _write(table, matches, headers, reading)
    return reading


# --- which line is it? --------------------------------------------------------------------------------------------------


def _stub(pieces: Sequence[Field]) -> Iterator[str]:
    """Yield the label next to the figures, then with the pieces before it: a label may be torn."""
    texts = [piece.text for piece in pieces if piece.text not in UNITS][-_MOST_PIECES:]
    for length in range(1, len(texts) + 1):
        yield "".join(texts[-length:])


def _lines_of(table: Table, record: Record) -> dict[str, float]:
    """Return the lines that a record's own label may mean; none where several labels wait for their figures."""
    index = line_index(table)
    if record.labels:
        return next((lines for text in _stub(record.labels) if (lines := index.find(text))), {})
    before = _without_header(table, record.before)
    found = next((lines for text in _stub(before) if (lines := index.find(text))), {})
    return found if len(_lines_waiting(table, before) | set(found)) == 1 else {}


def _without_header(table: Table, pieces: Sequence[Field]) -> Sequence[Field]:
    """Drop the column labels that stand last: the line is named above its header (shuyang-county-2025)."""
    columns = column_index(table).exact
    end = len(pieces)
    while end and not key(pieces[end - 1].text).number and key(pieces[end - 1].text).plain in columns:
        end -= 1
    return pieces[:end]


def _lines_waiting(table: Table, pieces: Sequence[Field]) -> set[str]:
    """Return the lines whose labels begin in some pieces of text; a torn label keeps its beginning (stcsm-2024)."""
    text = "".join(key(piece.text).word for piece in pieces if len(piece.text) <= LONGEST_LABEL)
    return {
        line
        for line, variant in line_index(table).entries
        if len(variant.plain) >= 4 and variant.plain[:5] in text and not table.line[line].subtotal
    }


def _align(table: Table, records: Sequence[Record], headers: _Headers, reading: Reading) -> list[_Match]:
    """Match records with lines: the heaviest chain in the order of the form, then what its anchors enclose."""
    position = {line.id: number for number, line in enumerate(table.lines)}
    candidates = []
    for record in records:
        for line, likeness in _lines_of(table, record).items():
            placement = headers.place(record, table, line)
            candidates.append((position[line], likeness + (_FIT if placement else 0.0), _Match(record, line, placement)))
    chain = _heaviest_chain(candidates)
    if not _convincing(table, chain):
        return []
    first, last = chain[0].record.order, chain[-1].record.order
    taken = {id(match.record) for match in chain}
    found = {match.line for match in chain}
    chain += _out_of_order(table, [c for c in candidates if id(c[2].record) not in taken], found, reading)
    taken = {id(match.record) for match in chain}
    chain += _enclosed(table, [r for r in records if id(r) not in taken], chain, headers, reading)
    chain.sort(key=lambda match: position[match.line])
    _note_the_rest(table, records, chain, candidates, (first, last), reading)
    return chain


def _heaviest_chain(candidates: Sequence[tuple[int, float, _Match]]) -> list[_Match]:
    """Return the matches of greatest weight in which records and lines both go forward (dynamic programming).

    Skipped records weigh a little, so that of two tables with the same labels the rows of one stay together.
    """
    weights: list[float] = []
    previous: list[int] = []
    for i, (line, gain, match) in enumerate(candidates):
        best, before = 0.0, -1
        for j in range(i):
            other = candidates[j]
            skipped = match.record.order - other[2].record.order - 1
            if other[0] < line and skipped >= 0 and (weight := weights[j] - min(0.01 * skipped, 0.3)) > best:
                best, before = weight, j
        weights.append(best + gain)
        previous.append(before)
    chain = []
    at = max(range(len(weights)), key=weights.__getitem__, default=-1)
    while at >= 0:
        chain.append(candidates[at][2])
        at = previous[at]
    return chain[::-1]


def _convincing(table: Table, chain: Sequence[_Match]) -> bool:
    """Tell whether a chain is the statutory table: half of its lines, or some of them under its header."""
    fitting = [match for match in chain if match.placement]
    if len({match.line for match in chain}) * 2 >= len({line for _, line, _ in table.cells}):
        return True
    columns, bands = column_index(table), {key(band.zh).word for band in table.bands if band.zh}
    headed = any(
        columns.find(piece.text) or key(piece.text).word in bands for match in chain for piece in match.record.before
    )
    return len(fitting) >= 2 and headed


def _out_of_order(
    table: Table, candidates: Sequence[tuple[int, float, _Match]], found: set[str], reading: Reading
) -> list[_Match]:
    """Return lines that stand elsewhere in the table, as converters put them (stcsm-2024: 规章 after the fees)."""
    more: dict[str, list[_Match]] = {}
    for _, gain, match in candidates:
        if match.line not in found and match.placement and gain >= 0.97 + _FIT:
            more.setdefault(match.line, []).append(match)
    alone = [matches[0] for matches in more.values() if len(matches) == 1]
    for match in alone:
        label = table.line[match.line]
        reading.notes.append(
            Note(
                "out_of_order",
                f"“{label.zh}”一行不在表格规定的位置，按其标题读入",
                f"the line “{label.en}” stands out of its order; it was read by its label",
                table.id,
                match.line,
                place=match.record.place,
            )
        )
    return alone


def _enclosed(
    table: Table, free: Sequence[Record], anchors: Sequence[_Match], headers: _Headers, reading: Reading
) -> list[_Match]:
    """Place rows whose labels were torn off: between two anchors, as many rows as lines are missing (stcsm-2024)."""
    order = [line.id for line in table.lines if not line.subtotal]
    known = sorted((order.index(m.line), m.record.order) for m in anchors if m.line in order)
    placed = []
    for (line, record), (next_line, next_record) in zip(known, known[1:], strict=False):
        missing = order[line + 1 : next_line]
        rows = [
            r
            for r in free
            if record < r.order < next_record and not _lines_of(table, r) and not any(_is_label(p.text) for p in r.labels)
        ]
        fitting = [(r, p) for r, name in zip(rows, missing, strict=False) if (p := headers.place(r, table, name))]
        if not missing or len(rows) != len(missing) or len(fitting) != len(rows):
            continue
        for name, (row, placement) in zip(missing, fitting, strict=True):
            placed.append(_Match(row, name, placement, by_order=True))
            label = table.line[name]
            reading.notes.append(
                Note(
                    "torn_label",
                    f"“{label.zh}”的数字与行标题分离，按前后各行的次序读入",
                    f"the figures of “{label.en}” stand apart from their label; the lines before and after place them",
                    table.id,
                    name,
                    printed=row.printed,
                    place=row.place,
                )
            )
    return placed


def _is_label(text: str) -> bool:
    """Tell a label from the crumbs that a torn one leaves in its row (果, 度办)."""
    return len(key(text).word) > 3


def _note_the_rest(
    table: Table,
    records: Sequence[Record],
    chain: list[_Match],
    candidates: Sequence[tuple[int, float, _Match]],
    span: tuple[int, int],
    reading: Reading,
) -> None:
    """Note rows of an agency's own, and take back lines that are printed twice with different figures."""
    matched = {match.line: match for match in chain}
    taken = {id(match.record) for match in chain}
    repeated = set()
    for _, gain, match in candidates:
        other = matched.get(match.line)
        if id(match.record) in taken or other is None or not match.placement or gain < 0.97 + _FIT:
            continue
        repeated.add(id(match.record))
        inside = span[0] < match.record.order < span[1]
        if _texts(match.placement) != (other.placement and _texts(other.placement)) and inside:
            label = table.line[match.line]
            reading.notes.append(
                Note(
                    "duplicate_line",
                    f"“{label.zh}”一行出现两次，数字不同：{other.record.printed}；{match.record.printed}",
                    f"the line “{label.en}” stands there twice with different figures: {other.record.printed}; {match.record.printed}",
                    table.id,
                    match.line,
                    printed=match.record.printed,
                    place=match.record.place,
                )
            )
            other.placement = None
    for record in records:
        if not span[0] < record.order < span[1] or id(record) in taken or id(record) in repeated:
            continue
        if record.figures and any(_is_label(piece.text) for piece in record.labels):
            own = record.labels[-1].text
            reading.notes.append(
                Note(
                    "outside_form",
                    f"表内有格式以外的一行“{own}”：{record.printed}",
                    f"the table has a line that the form lacks, “{own}”: {record.printed}",
                    table.id,
                    printed=record.printed,
                    place=record.place,
                )
            )


def _texts(placement: Placement) -> tuple[str, ...]:
    return tuple(piece.text if piece else "" for piece in placement.fields)


# --- which column is it? ------------------------------------------------------------------------------------------------


class _Headers:
    """Places the fields of a record under the columns of the form."""

    def __init__(self, form: Form) -> None:
        self.words = form_words(form)
        self.found: dict[tuple[int, str], list[tuple[int, dict[str, Field]]]] = {}

    def place(self, record: Record, table: Table, line: str) -> Placement | None:
        """Return the fields in the order of the line's columns; None where they cannot be told apart."""
        columns = table.columns_of[line]
        above = self.above(record, table)
        if all(column in above for column in columns):
            placement = self.under([above[column] for column in columns], record)
            if placement:
                return placement
        return in_order(record, len(columns))

    def above(self, record: Record, table: Table) -> dict[str, Field]:
        """Return the nearest header cell above a record for each column."""
        grid = record.grid
        if grid is None or not grid.aligned:
            return {}
        name = (id(grid), table.id)
        if name not in self.found:
            index = column_index(table)
            rows = []
            for number, cells in enumerate(grid.rows):
                labels = {}
                for cell in cells:
                    if cell.text and len(cell.text) < 30 and not is_figure(cell.text):
                        for column, likeness in index.find(cell.text).items():
                            if likeness >= 0.95:
                                labels[column] = Field(cell.text, "label", cell.column, cell.colspan, cell.place, cell.page)
                if labels:
                    rows.append((number, labels))
            self.found[name] = rows
        nearest: dict[str, Field] = {}
        for number, labels in self.found[name]:
            if number < record.row:
                nearest.update(labels)
        return nearest

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
            elif len(over) > 1 or slots[over[0]] is not None or key(piece.text).word in self.words:
                return None
            else:
                slots[over[0]] = piece
        if None in slots and (beyond or all(slot is None for slot in slots)):
            return None
        return Placement(tuple(slots), True, tuple(beyond))


def in_order(record: Record, columns: int) -> Placement | None:
    """Place by counting: as many fields, or as many figures, as the line has columns."""
    fields = record.fields
    aligned = record.grid is not None and record.grid.aligned
    if aligned and len(fields) == columns:
        return Placement(tuple(fields), True)
    start = next((i for i, piece in enumerate(fields) if piece.kind != "blank"), 0)
    if start == 0 or aligned:
        rest = fields[start:]
        while len(rest) > columns and rest[-1].kind == "blank":
            rest = rest[:-1]
        if len(rest) == columns:
            return Placement(tuple(rest), all(piece.kind != "blank" for piece in rest))
    figures = record.figures
    return Placement(tuple(figures), True) if len(figures) == columns else None


def _across(table: Table, records: Sequence[Record], headers: _Headers) -> list[_Match]:
    """Find the row in which all lines of a table stand side by side, each with its columns."""
    names = [(line.id, column) for line in table.lines for column in table.columns_of[line.id]]
    found = []
    for record in records:
        if len(record.figures) * 2 < len(names) and len(record.fields) < len(names):
            continue
        before = [key(piece.text).word for piece in record.before]
        columns = column_index(table).exact
        leaves = sum(word in columns for word in before)
        if record.grid is not None:
            leaves = max(leaves, sum(key(c.text).word in columns for row in record.grid.rows[: record.row] for c in row))
        if leaves < len(table.columns):
            continue
        order = _lines_in_print(table, record, before)
        slots = _leaf_header(table, record)
        placement = headers.under(slots, record) if slots else None
        placement = placement or in_order(record, len(names))
        if placement and order is not None:
            found.append((record, placement, order))
    if not found:
        return []
    record, placement, order = found[-1]
    if any(_texts(other) != _texts(placement) for _, other, _ in found):
        return []
    width = len(table.columns)
    return [
        _Match(record, line, Placement(placement.fields[i * width : (i + 1) * width], placement.certain, placement.beyond))
        for i, line in enumerate(order)
    ]


def _lines_in_print(table: Table, record: Record, before: Sequence[str]) -> list[str] | None:
    """Return the lines in the order in which their labels stand above the row; None where some labels contradict it."""
    if record.grid is not None and record.grid.aligned:
        cells = [c for row in record.grid.rows[: record.row] for c in row]
        words = [key(cell.text).word for cell in sorted(cells, key=lambda cell: cell.column)]
    else:
        words = list(before)
    index = line_index(table).exact
    seen = list(dict.fromkeys(name for word in words for name, _ in index.get(word, ())))
    if len(seen) == len(table.lines):
        return seen
    order = [line.id for line in table.lines]
    return order if seen == [line for line in order if line in seen] else None


def _leaf_header(table: Table, record: Record) -> list[Field] | None:
    """Return the column labels above the row from left to right, if each line has all of its own."""
    if record.grid is None or not record.grid.aligned:
        return None
    index = column_index(table).exact
    leaves = [
        (cell.column, name, Field(cell.text, "label", cell.column, cell.colspan, cell.place, cell.page))
        for row in record.grid.rows[: record.row]
        for cell in row
        for name, _ in index.get(key(cell.text).word, ())
    ]
    leaves.sort(key=lambda leaf: leaf[0])
    names = [name for _, name, _ in leaves]
    return [leaf for _, _, leaf in leaves] if names == [c.id for c in table.columns] * len(table.lines) else None


# --- the annex: lines are what is printed ---------------------------------------------------------------------------------


def _open_table(table: Table, records: Sequence[Record], reading: Reading) -> list[_Match]:
    """Read a table to which agencies add lines: from the first known label to the last, each by its printed label."""
    index = line_index(table)
    known = [r for r in records if any(index.find(text) for text in _stub(r.labels or r.before))]
    if len(known) < 3:
        return []
    columns = _annex_columns(table, known[0])
    matches: dict[str, _Match] = {}
    for record in records:
        if not known[0].order <= record.order <= known[-1].order or not record.figures:
            continue
        pieces = record.labels or record.before[-1:]
        found = next((lines for text in _stub(record.labels or record.before) if (lines := index.find(text))), {})
        printed = next((piece.text for piece in reversed(pieces) if piece.text not in UNITS), "")
        line = max(found, key=found.__getitem__) if found else _own_label(printed)
        if not line:
            continue
        placement = in_order(record, len(columns)) if columns else None
        if line in matches:
            matches[line].placement = None
            continue
        if placement:
            by_column = dict(zip(columns, placement.fields, strict=True))
            placement = placement._replace(fields=tuple(by_column.get(column.id) for column in table.columns))
        matches[line] = _Match(record, line, placement)
    return list(matches.values())


def _annex_columns(table: Table, first: Record) -> list[str]:
    """Return the columns in the order in which the header names them."""
    header = " ".join(piece.text for piece in first.before[-12:])
    if first.grid is not None:
        header = " ".join(c.text for row in first.grid.rows[: first.row] for c in row) or header
    header = normalised(header)[-120:]
    places = {}
    if years := list(_YEAR_COLUMN.finditer(header)):
        places["this_year"] = years[-1].start()
    if "累计" in header:
        places["cumulative"] = header.rindex("累计")
    return sorted(places, key=places.__getitem__)


def _own_label(text: str) -> str:
    """Return a printed label without its numbering, for a line that no form lists."""
    number = re.match(r"\s*(?:其中\s*[:：]?)?\s*(?:[(（]?[一二三四五六七八九十\d]{1,3}[)）、.．]+)?\s*", text)
    return "".join(text[number.end() if number else 0 :].split())


# --- from fields to cells -------------------------------------------------------------------------------------------------


def _write(table: Table, matches: list[_Match], headers: _Headers, reading: Reading) -> None:
    """Turn matches into cells, in the order of the form, and say what is missing."""
    if not matches:
        reading.notes.append(
            Note(
                "missing_table",
                f"文件中没有找到表“{table.zh}”，或表中没有可以对应的数字",
                f"the table “{table.en}” was not found in the document, or none of its figures could be placed",
                table.id,
            )
        )
        return
    regular = all(match.placement for match in matches)
    for match in matches:
        stub = table.line.get(match.line)
        columns = table.columns_of.get(match.line) or tuple(column.id for column in table.columns)
        placement = match.placement
        if placement and not placement.certain and not (regular and _adds_up(table, match.line, columns, placement)):
            placement = None
        if stub and stub.subtotal and not any(piece.kind == "figure" for piece in match.record.fields):
            continue
        if placement is None:
            reading.cells += _undecided(table, match, columns, reading)
            continue
        for column, piece in zip(columns, placement.fields, strict=True):
            if piece is not None:
                reading.cells.append(_cell(table, match, column, piece, headers, reading))
            elif not table.open:
                _note_missing(table, match.line, column, match.record, reading)
        for piece in placement.beyond if match.line == matches[0].line or not table.lines_across else ():
            reading.notes.append(
                Note(
                    "outside_form",
                    f"“{stub.zh if stub else match.line}”一行有格式以外的栏目：{piece.text}",
                    f"the line “{stub.en if stub else match.line}” has a column that the form lacks: {piece.text}",
                    table.id,
                    match.line,
                    printed=piece.text,
                    page=piece.page,
                    place=piece.place,
                )
            )
    _note_missing_lines(table, {match.line for match in matches}, reading)


def _adds_up(table: Table, line: str, columns: Sequence[str], placement: Placement) -> bool:
    """Check a row whose blanks were placed by counting: its sum must hold with the blanks empty."""
    values = {c: figure(p.text).value or 0.0 for c, p in zip(columns, placement.fields, strict=True) if p}
    for edit in table.edit_templates:
        if edit["each"] == "line" and edit["relation"] == "==" and not table.open and set(edit["left"]) <= set(columns):
            total = edit["right"][0]
            if figure(placement.fields[columns.index(total)].text if placement.fields[columns.index(total)] else "").value is None:  # type: ignore[union-attr]
                return True
            return abs(sum(values.get(c, 0.0) for c in edit["left"]) - values.get(total, 0.0)) < 1e-9
    return True


def _cell(table: Table, match: _Match, column: str, piece: Field, headers: _Headers, reading: Reading) -> ReadCell:
    read = figure(piece.text)
    unit = table.unit(match.line, column) if match.line in table.line else table.column[column].unit
    value, status = read.value, str(read.status)
    if value is not None and unit == "万元":
        if read.unit.endswith("元") or read.unit[:1] in {"万", "亿"}:
            value = round(value / 1e4, 10)
        elif read.unit:
            value, status = None, "unreadable"
        elif _in_yuan(table, match, column, headers):
            value = round(value / 1e4, 10)
    elif value is not None and read.unit.endswith("元") and not table.open:
        value, status = None, "unreadable"
    method = "grid" if match.record.grid is not None else "text"
    place = (piece.place, piece.page)
    label = table.line[match.line] if match.line in table.line else None
    if status == "unreadable":
        reading.notes.append(
            Note(
                "unreadable_cell",
                f"“{label.zh if label else match.line}”的“{table.column[column].zh}”无法确定：{piece.text}",
                f"“{label.en if label else match.line}”, “{table.column[column].en}” cannot be decided: {piece.text}",
                table.id,
                match.line,
                column,
                piece.text,
                piece.page,
                piece.place,
            )
        )
    return ReadCell(table.id, match.line, column, value, piece.text, status, unit, place[1], place[0], method)


def _in_yuan(table: Table, match: _Match, column: str, headers: _Headers) -> bool:
    """Tell whether the header gives the amount in 元 where the form asks for 万元."""
    above = headers.above(match.record, table).get(column)
    texts = [above.text] if above else [p.text for p in match.record.before if column in column_index(table).find(p.text)]
    return any("元" in text and "万" not in text for text in texts)


def _undecided(table: Table, match: _Match, columns: Iterable[str], reading: Reading) -> Iterator[ReadCell]:
    label: Mapping[str, str] = {"zh": match.line, "en": match.line}
    if match.line in table.line:
        label = {"zh": table.line[match.line].zh, "en": table.line[match.line].en}
    printed = match.record.printed
    wanted = len(tuple(columns))
    reading.notes.append(
        Note(
            "unreadable_row",
            f"“{label['zh']}”一行应有 {wanted} 格，文件中是“{printed}”，无法确定各数字属于哪一栏",
            f"the line “{label['en']}” should have {wanted} cells; the document shows “{printed}”, which cannot be told apart",
            table.id,
            match.line,
            printed=printed,
            page=next((piece.page for piece in match.record.fields), None),
            place=match.record.place,
        )
    )
    method = "grid" if match.record.grid is not None else "text"
    for column in columns:
        unit = table.unit(match.line, column)
        yield ReadCell(table.id, match.line, column, None, printed, "unreadable", unit, None, match.record.place, method)


def _note_missing(table: Table, line: str, column: str, record: Record, reading: Reading) -> None:
    reading.notes.append(
        Note(
            "missing_cell",
            f"“{table.line[line].zh}”的“{table.column[column].zh}”在文件中没有单元格",
            f"“{table.line[line].en}”, “{table.column[column].en}”: the document has no cell there",
            table.id,
            line,
            column,
            place=record.place,
        )
    )


def _note_missing_lines(table: Table, found: set[str], reading: Reading) -> None:
    for line in table.lines:
        stands_in = line.group in found and table.line[line.group].subtotal if line.group in table.line else False
        if table.open or line.subtotal or line.id in found or stands_in:
            continue
        reading.notes.append(
            Note(
                "missing_line",
                f"表“{table.zh}”缺少“{line.zh}”一行，或其行标题与数字无法对应",
                f"the table “{table.en}” lacks the line “{line.en}”, or its label and figures could not be matched",
                table.id,
                line.id,
            )
        )
