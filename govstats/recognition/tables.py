"""The statutory tables: every figure of a document in its cell, and a note on whatever has none."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from govstats.characters import Figure, figure, normalised
from govstats.documents import Cell
from govstats.forms import Form, Table
from govstats.recognition.alignment import Match, align
from govstats.recognition.annex import read_annex
from govstats.recognition.candidates import decide
from govstats.recognition.columns import Headers, Placement, balances
from govstats.recognition.glued import splits_of, unglue
from govstats.recognition.labels import column_index
from govstats.recognition.notes import note
from govstats.recognition.records import Record, kind
from govstats.report import Note, ReadCell

#: 本年收费金额（单位：元）; a misprint of 万元 is no 元.
_YUAN = re.compile(r"(?:[(:]|单位)\s*元")
#: Ways to split glued figures that a note lists.
_MOST_LISTED = 12


def read_tables(records: Sequence[Record], form: Form) -> tuple[list[ReadCell], list[Note]]:
    """Read every table of a form.

    Parameters
    ----------
    records : sequence of Record
        Of the whole document, in reading order.
    form : Form
        The version the document follows.

    Returns
    -------
    cells : list of ReadCell
        In the order of the form.
    notes : list of Note
        On whatever is missing or could not be decided.
    """
    cells: list[ReadCell] = []
    notes: list[Note] = []
    free = list(records)
    headers = Headers(form, records)
    for table in form.tables:
        if table.open:
            matches = read_annex(table, free)
        else:
            edits = table.balance_edits()
            matches, more = align(table, free, headers, edits)
            matches = unglue(table, matches, edits, free, headers)
            notes += more
        claimed = {id(match.record) for match in matches}
        free = [record for record in free if id(record) not in claimed]
        for item in _table(table, matches, headers, form):
            if isinstance(item, ReadCell):
                cells.append(item)
            else:
                notes.append(item)
    return cells, notes


def _table(table: Table, matches: Sequence[Match], headers: Headers, form: Form) -> Iterator[ReadCell | Note]:
    """Turn the matches of a table into cells, and say what is missing."""
    if not matches:
        yield note("missing_table", table)
        return
    placements = dict(_placements(table, matches))
    verdicts = decide(table, placements, form)
    for match in matches:
        if is_heading(table, match):
            continue
        columns = _columns(table, match)
        placement = placements.get(match.line)
        if placement is None:
            yield from _undecided(table, match, columns)
            continue
        for column, piece in zip(columns, placement.fields, strict=True):
            if piece is not None:
                verdict = verdicts.get((match.line, column)) if verdicts else None
                chosen = piece if verdict is None or verdict.text is None else piece._replace(text=verdict.text)
                cell = _cell(table, match, column, chosen, headers)
                if verdict:
                    if verdict.text is None:
                        cell = cell._replace(value=None, status="unreadable")
                    if verdict.note:
                        yield verdict.note
                elif cell.status == "unreadable":
                    yield note(
                        "unreadable_cell", table, cell.line, column, printed=cell.printed, page=cell.page, place=cell.place
                    )
                yield cell
            elif not table.open:
                yield note("missing_cell", table, match.line, column, place=match.record.place)
        if not table.lines_across or match is matches[-1]:
            for piece in placement.beyond:
                label = match.record.labels[-1].text if match.record.labels else ""
                yield note("outside_form", table, match.line, printed=piece.text, page=piece.page, place=piece.place, label=label)
    yield from missing_lines(table, {match.line for match in matches})


def is_heading(table: Table, match: Match) -> bool:
    """Tell a group heading without figures from a subtotal."""
    stub = table.line.get(match.line)
    return bool(stub and stub.subtotal and not any(kind(piece.text) == "figure" for piece in match.record.fields))


def _columns(table: Table, match: Match) -> tuple[str, ...]:
    return table.columns_of.get(match.line) or tuple(column.id for column in table.columns)


def _placements(table: Table, matches: Sequence[Match]) -> Iterator[tuple[str, Placement]]:
    """Yield the placements that are certain, or add up while all rows are placed."""
    regular = all(match.placement for match in matches)
    for match in matches:
        placement = match.placement
        if is_heading(table, match):
            continue
        if placement and (placement.certain or (regular and balances(table, match.line, placement))):
            yield match.line, placement


def _cell(table: Table, match: Match, column: str, piece: Cell, headers: Headers) -> ReadCell:
    line, unit = match.line, table.unit(match.line, column)
    yuan = unit == "万元" and in_yuan(table, match.record, column, headers)
    value, status = in_unit(figure(piece.text), unit, yuan, table.open)
    method = _method(match, piece)
    return ReadCell(table.id, line, column, value, piece.text, status, unit, piece.page, piece.place, method, piece.confidence)


def in_unit(read: Figure, unit: str, yuan: bool, own_lines: bool = False) -> tuple[float | None, str]:
    """Return the value of a figure in the form's unit, and its status.

    Parameters
    ----------
    read : Figure
        As it is printed.
    unit : str
        Of the form.
    yuan : bool
        The header says 元 where the form asks for 万元.
    own_lines : bool
        The table has lines of the agency's own, whose units nobody knows.

    Examples
    --------
    >>> in_unit(figure("251000元"), "万元", yuan=False), in_unit(figure("8"), "件", yuan=False)
    ((25.1, 'reported'), (8.0, 'reported'))
    """
    status, value, printed, _ = read
    if value is None or not (printed or unit == "万元"):
        return value, status
    money = printed.endswith("元") or (unit == "万元" and printed in {"万", "亿"})
    if unit == "万元" and (money or (not printed and yuan)):
        return round(value / 1e4, 10), status
    if not own_lines and (money or (unit == "万元" and printed)):
        # a count in yuan, an amount in pieces: the figure belongs elsewhere
        return None, "unreadable"
    return value, status


def in_yuan(table: Table, record: Record, column: str, headers: Headers) -> bool:
    """Tell whether the header gives the amount in 元 where the form asks for 万元."""
    above = headers.above(record, table).get(column)
    texts = [above.text] if above else [p.text for p in record.before if column in column_index(table).find(p.text)]
    return any(_YUAN.search(text) for text in map(normalised, texts))


def _method(match: Match, piece: Cell | None) -> str:
    if match.glued:
        return "glued"
    if piece is not None and piece.confidence is not None:
        return "ocr"
    return "grid" if match.record.grid is not None else "text"


def _undecided(table: Table, match: Match, columns: Sequence[str]) -> Iterator[ReadCell | Note]:
    record, printed, place = match.record, match.record.printed, match.record.place
    first = next(iter(record.fields), None)
    page = first.page if first else None
    splits = [] if match.contradicted else splits_of(record, table, match.line, columns)
    if splits:
        listed = ["|".join(row) for row in splits[:_MOST_LISTED]] + ["…"] * (len(splits) > _MOST_LISTED)
        yield note(
            "glued_row",
            table,
            match.line,
            printed=printed,
            page=page,
            place=place,
            columns=len(columns),
            count=len(splits),
            candidates="; ".join(listed),
        )
    else:
        yield note("unreadable_row", table, match.line, printed=printed, page=page, place=place, columns=len(columns))
    confidence = min((piece.confidence for piece in record.fields if piece.confidence is not None), default=None)
    method = _method(match, first._replace(confidence=confidence) if first else None)
    for column in columns:
        unit = table.unit(match.line, column)
        yield ReadCell(table.id, match.line, column, None, printed, "unreadable", unit, page, place, method, confidence)


def missing_lines(table: Table, found: set[str]) -> Iterator[Note]:
    """Yield a note on each line that a report must print and does not."""
    subtotals = {line.id for line in table.lines if line.subtotal} & found
    for line in table.lines:
        alone = line.group in subtotals and not found & set(table.parts(line.group))
        if not (table.open or line.subtotal or line.id in found or alone):
            yield note("missing_line", table, line.id)
