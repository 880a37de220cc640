"""The statistics annexes before 2019: provinces had their own, so a line is what is printed."""

from __future__ import annotations

import re
from collections.abc import Sequence

from govstats.characters import normalised
from govstats.forms import Table
from govstats.recognition.alignment import Match, lines_named
from govstats.recognition.hypotheses import Way, in_order
from govstats.recognition.labels import SURE, key
from govstats.recognition.tokens import TEXT, UNITS, Record

_COLUMN = re.compile(r"(?P<this_year>(?:本|20\d\d)年|年度|本期|统计数)|(?P<cumulative>累计)")
#: A header that ran together, and names no third column: 指标名称计量单位2015年度历年累计.
_TWO_COLUMNS = re.compile(r"(?:指标|项目|单位)[^年累]*年度?(?:历年)?累计数?$")
_NUMBERING = re.compile(r"\s*(?:其中\s*[:：]?)?\s*(?:[(（]?[一二三四五六七八九十\d]{1,3}[)）、.．]+)?\s*")
_ZERO_FIRST = re.compile(r"0(?:0|[1-9]\d*)")
_FEWEST_LINES = 3
#: Of a label, in characters, that its cell had no room for.
_LONGEST_REST = 8


def read_annex(table: Table, records: Sequence[Record]) -> list[tuple[Match, list[Way]]]:
    """Match records with an open table: the grids with known labels, or from the first to the last, each line by its label.

    Parameters
    ----------
    table : Table
        An open table: its lines are those that are known, not all that may be printed.
    records : sequence of Record
        In reading order.

    Returns
    -------
    list of (Match, list of Way)
        In the order of the document, with at most one way. A label that the form does not list is an id of its own; one that
        stands there twice is left without any.
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
    found: dict[str, tuple[Match, list[Way]]] = {}
    for number, record in enumerate(rows):
        # a line that no form lists has its printed label without the numbering
        rest = _rest(record, rows[number + 1 : number + 2])
        line = known(record, rest) or "".join(_NUMBERING.sub("", _label(record) + rest, count=1).split())
        if not line:
            continue
        way = in_order(record, len(columns)) if columns else None
        if way is None and pairs and _numbered_on(rows, number):
            way = _split(record)
        if way and way.sure and line not in found:
            printed = dict(zip(columns, way.fields, strict=True))
            found[line] = Match(record, line), [way._replace(fields=tuple(printed.get(column.id) for column in table.columns))]
        else:
            found[line] = found[line][0] if line in found else Match(record, line), []
    return list(found.values())


def _split(record: Record) -> Way | None:
    """Split a pair that ran together and begins with zero (01): no number does, so the first figure is the zero itself.

    That the figure of all years is at least that of this year decides nothing: agencies print otherwise.
    """
    piece = record.figures[0]
    if record.grid is not TEXT or len(record.figures) != 1 or not _ZERO_FIRST.fullmatch(piece.text):
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
    named = [found.lastgroup or "" for found in _COLUMN.finditer(normalised(header))]
    return list(dict.fromkeys(reversed(named)))[::-1]


def _rest(record: Record, following: Sequence[Record]) -> str:
    """Return the end of a label that goes on below its figures: a few characters before the next label with a number."""
    if record.grid is not TEXT or not following or not following[0].before:
        return ""
    *crumbs, label = following[0].before
    rest = "".join(crumb.text for crumb in crumbs)
    torn = len(rest) <= _LONGEST_REST and key(label.text).number and not any(key(crumb.text).number for crumb in crumbs)
    return rest if torn else ""


def _label(record: Record) -> str:
    """Return the label that stands next to the figures."""
    return next((piece.text for piece in reversed(record.labels or record.before[-1:]) if piece.text not in UNITS), "")
