"""The statistics annexes before 2019: provinces had their own, so a line is what is printed."""

from __future__ import annotations

import re
from collections.abc import Sequence

from govstats.characters import normalised
from govstats.forms import Table
from govstats.recognition.alignment import Match, stub_texts
from govstats.recognition.columns import in_order
from govstats.recognition.labels import SURE, line_index
from govstats.recognition.records import UNITS, Record

_THIS_YEAR = re.compile(r"(?:本|20\d\d)年|年度|本期|统计数")
_CUMULATIVE = "累计"
_NUMBERING = re.compile(r"\s*(?:其中\s*[:：]?)?\s*(?:[(（]?[一二三四五六七八九十\d]{1,3}[)）、.．]+)?\s*")
_FEWEST_LINES = 3


def read_annex(table: Table, records: Sequence[Record]) -> list[Match]:
    """Match records with an open table: the grids with known labels, or from the first to the last, each line by its label.

    Parameters
    ----------
    table : Table
        An open table: its lines are those that are known, not all that may be printed.
    records : sequence of Record
        In reading order.

    Returns
    -------
    list of Match
        In the order of the document. A label that the form does not list is an id of its own; one that stands there
        twice is left without a placement.
    """
    index = line_index(table)

    def known(record: Record) -> str:
        found = next((lines for text in stub_texts(record.labels or record.before) if (lines := index.find(text))), {})
        # a label that is only alike is another line of another province: 网络申请数 is not 网上申请数
        return next((line for line, likeness in found.items() if likeness >= SURE), "")

    anchors = [record for record in records if record.figures and known(record)]
    if len(anchors) < _FEWEST_LINES:
        return []
    grids = {id(record.grid) for record in anchors if record.grid is not None}
    first, last = anchors[0].order, anchors[-1].order
    rows = [r for r in records if r.figures and (first <= r.order <= last or id(r.grid) in grids)]
    columns = _columns(rows[0])
    matches: dict[str, Match] = {}
    for record in rows:
        line = known(record) or _own_label(record)
        if not line:
            continue
        placement = in_order(record, len(columns)) if columns else None
        if line in matches:
            placement = matches[line].placement = None
        if placement:
            printed = dict(zip(columns, placement.fields, strict=True))
            placement = placement._replace(fields=tuple(printed.get(column.id) for column in table.columns))
        matches.setdefault(line, Match(record, line, placement))
    return list(matches.values())


def _columns(first: Record) -> list[str]:
    """Return the columns in the order in which the header above the first line names them."""
    header = " ".join(piece.text for piece in first.before[-12:])
    if first.grid is not None:
        header = " ".join(cell.text for row in first.grid.rows[: first.row] for cell in row) or header
    header = normalised(header)
    places = {}
    if years := list(_THIS_YEAR.finditer(header)):
        places["this_year"] = years[-1].start()
    if _CUMULATIVE in header:
        places["cumulative"] = header.rindex(_CUMULATIVE)
    return sorted(places, key=places.__getitem__)


def _own_label(record: Record) -> str:
    """Return the printed label without its numbering, for a line that no form lists."""
    pieces = record.labels or record.before[-1:]
    text = next((piece.text for piece in reversed(pieces) if piece.text not in UNITS), "")
    return "".join(_NUMBERING.sub("", text, count=1).split())
