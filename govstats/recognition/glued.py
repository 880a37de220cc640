"""Figures that ran together: split only where exactly one way of splitting satisfies the edits of the table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import product
from math import prod

from govstats.forms import Edit, Table
from govstats.recognition.across import in_form_order, words_above
from govstats.recognition.alignment import Match
from govstats.recognition.columns import Headers, Placement
from govstats.recognition.labels import key
from govstats.recognition.records import Field, Record

#: 11,398,889 permits are the largest count seen.
_MOST_DIGITS = 9
#: A page without separators has a blank here and there (230 000023); figures that stand apart are no such page.
_FEW_WORDS = 3
#: So many ways to split a table are searched; beyond that nothing is decided.
_MOST_WAYS = 200_000

Row = tuple[str, ...]


def unglue(table: Table, matches: list[Match], edits: Sequence[Edit], records: Sequence[Record], headers: Headers) -> list[Match]:
    """Split rows whose figures came without separators (``640020470`` in the pingtan texts).

    Parameters
    ----------
    table : Table
        Of the form.
    matches : list of Match
        Lines found; those without a placement are tried.
    edits : sequence of Edit
        The balance edits of the table.
    records : sequence of Record
        Not yet claimed, among them the row in which lines stand side by side.
    headers : Headers
        Of the document: they must not name the columns in another order.

    Returns
    -------
    list of Match
        With a placement, and `glued` set, where one way of splitting is left; a sum never supplies a figure, it only
        decides between splits.

    Notes
    -----
    A blank leaves no trace among glued figures. So a table is split only where each of its lines shows at least as many
    digits as it has columns, which a table with blanks does not; without balance edits only zeros are certain, since
    no number begins with one.
    """
    if table.lines_across:
        return matches or _side_by_side(table, edits, records)
    if all(match.placement for match in matches) or any(match.contradicted for match in matches):
        return matches
    few = sum(match.placement is None and len(match.record.figures) <= _FEW_WORDS for match in matches)
    if 2 * few < len(matches) and edits:
        return matches
    ways: dict[str, list[Row]] = {}
    for match in matches:
        columns = table.columns_of[match.line]
        tokens = tuple(piece.text for piece in match.record.figures)
        if match.placement and all(text.isdecimal() for text in match.placement.texts):
            ways[match.line] = [match.placement.texts]
        elif match.placement is None and _is_glued(match.record, len(columns)) and headers.usual(match.record, table, columns):
            balanced = [edit for edit in edits if {line for _, line, _ in edit.cells} == {match.line}]
            rows = [row for row in _splits(tokens, len(columns)) if all(_holds(e, {match.line: row}, table) for e in balanced)]
            ways[match.line] = rows if balanced or set("".join(tokens)) == {"0"} else []
    decided = _decide(table, ways, edits)
    for match in matches:
        row = decided.get(match.line)
        if match.placement is None and row:
            match.placement, match.glued = _placement(match.record, row), True
    return matches


def _is_glued(record: Record, columns: int) -> bool:
    """Tell whether a few words hold at least as many digits as there are columns."""
    tokens = [piece.text for piece in record.figures]
    digits = "".join(tokens)
    return digits.isdecimal() and len(tokens) < columns <= len(digits)


def _placement(record: Record, row: Row) -> Placement:
    first = record.fields[0]
    return Placement(tuple(Field(text, "figure", 0, 1, first.place, first.page) for text in row), True)


def _splits(tokens: tuple[str, ...], parts: int) -> list[Row]:
    """Return every way to part tokens into figures without leading zeros; a gap between two tokens parts two figures."""

    @cache
    def of(token: str, count: int) -> tuple[Row, ...]:
        if count == 1:
            return ((token,),) if len(token) <= _MOST_DIGITS and (token == "0" or token[:1] != "0") else ()
        ends = [1] if token[:1] == "0" else range(1, min(_MOST_DIGITS, len(token) - count + 1) + 1)
        return tuple((token[:end], *rest) for end in ends for rest in of(token[end:], count - 1) if len(token) > end)

    rows: list[Row] = []
    spare = parts - len(tokens)
    if spare < 0 or sum(map(len, tokens)) > 3 * parts + _MOST_DIGITS:
        return rows
    for extra in product(range(spare + 1), repeat=len(tokens)):
        if sum(extra) == spare:
            rows += [
                tuple(text for piece in pieces for text in piece)
                for pieces in product(*(of(token, more + 1) for token, more in zip(tokens, extra, strict=True)))
            ]
    return rows


def _holds(edit: Edit, rows: Mapping[str, Row], table: Table) -> bool:
    left, right = (
        sum(sign * int(rows[line][table.columns_of[line].index(column)]) for _, line, column, sign in side)
        for side in (edit.left, edit.right)
    )
    return left == right


def _decide(table: Table, ways: Mapping[str, list[Row]], edits: Sequence[Edit]) -> dict[str, Row]:
    """Return the rows that are the same in every split of the whole table that satisfies its edits.

    Where no split satisfies all of them (agencies make mistakes), only rows without a choice count: as many digits as columns.
    """
    forced = {line: rows[0] for line, rows in ways.items() if len(rows) == 1 and all(len(text) == 1 for text in rows[0])}
    across = [edit for edit in edits if len({line for _, line, _ in edit.cells}) > 1]
    needed = {line for edit in across for _, line, _ in edit.cells}
    if not needed:
        return forced
    if any(not ways.get(line) for line in needed):
        return {}
    feasible = _narrowed(table, {line: ways[line] for line in needed}, across)
    if not all(feasible.values()) or prod(map(len, feasible.values())) > _MOST_WAYS:
        return forced
    open_lines = [line for line, rows in feasible.items() if len(rows) > 1]
    chosen = {line: rows[0] for line, rows in feasible.items()}
    solutions = []
    for rows in product(*(feasible[line] for line in open_lines)):
        chosen = {**chosen, **dict(zip(open_lines, rows, strict=True))}
        if all(_holds(edit, chosen, table) for edit in across):
            solutions.append(chosen)
    if not solutions:
        return forced
    return {line: row for line, row in solutions[0].items() if all(other[line] == row for other in solutions)}


def _narrowed(table: Table, ways: dict[str, list[Row]], edits: Sequence[Edit]) -> dict[str, list[Row]]:
    """Drop splits that no choice of the other rows can balance, until none is left to drop."""
    while True:
        before = sum(map(len, ways.values()))
        for edit in edits:
            terms = [(line, table.columns_of[line].index(column), sign) for _, line, column, sign in edit.left]
            terms += [(line, table.columns_of[line].index(column), -sign) for _, line, column, sign in edit.right]
            if not all(ways[line] for line, _, _ in terms):
                return ways
            bounds = [
                sorted((sign * int(row[at])) for row in ways[line])[:: max(1, len(ways[line]) - 1)] for line, at, sign in terms
            ]
            low, high = sum(bound[0] for bound in bounds), sum(bound[-1] for bound in bounds)
            for (line, at, sign), bound in zip(terms, bounds, strict=True):
                ways[line] = [row for row in ways[line] if low - bound[0] <= -sign * int(row[at]) <= high - bound[-1]]
                if not ways[line]:
                    return ways
        if sum(map(len, ways.values())) == before:
            return ways


def _side_by_side(table: Table, edits: Sequence[Edit], records: Sequence[Record]) -> list[Match]:
    """Split a row in which all lines of a table stand side by side, by the balance edit of each."""
    names = [key(line.zh).word for line in table.lines]
    width = len(table.columns)
    found = []
    for record in records:
        above = words_above(record)
        named = all(name in "".join(above) for name in names)
        few = len(record.figures) <= _FEW_WORDS
        if few and named and in_form_order(table, above) and _is_glued(record, width * len(names)):
            digits = "".join(piece.text for piece in record.figures)
            found.append((record, list(_blocks(table, edits, digits, [line.id for line in table.lines]))))
    if len(found) != 1 or len(found[0][1]) != 1:
        return []
    record, (rows,) = found[0]
    return [Match(record, line.id, _placement(record, row), True) for line, row in zip(table.lines, rows, strict=True)]


def _blocks(table: Table, edits: Sequence[Edit], digits: str, lines: Sequence[str]) -> Iterator[tuple[Row, ...]]:
    """Yield every way to part digits into one balanced row for each line."""
    width = len(table.columns)
    if not lines:
        if not digits:
            yield ()
        return
    own = [edit for edit in edits if edit.subject == lines[0]]
    shortest = width * (len(lines) - 1)
    for end in range(width, len(digits) - shortest + 1) if len(lines) > 1 else [len(digits)]:
        for row in _splits((digits[:end],), width):
            if own and all(_holds(edit, {lines[0]: row}, table) for edit in own):
                for rest in _blocks(table, edits, digits[end:], lines[1:]):
                    yield (row, *rest)
