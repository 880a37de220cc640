"""The rules on what must be there: sections, tables, lines, whole figures, units of amounts."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from govstats.forms import ONE_FEN, CellKey, Language, Table, versions
from govstats.reconciliation.findings import Findings, known_rule
from govstats.reconciliation.matrix import REPORTED, UNREADABLE, Layout, ReportMatrix
from govstats.reconciliation.wording import (
    cell_label,
    column_label,
    line_label,
    listed,
    named,
    no_figure,
    phrase,
    without_figure,
)

_PRINTED_UNIT = re.compile(r"([-−]?\d[\d,]*(?:\.\d+)?)\s*\(?\s*(亿元|万元|元)")
_TEN_THOUSAND_YUAN = {"元": 1e-4, "万元": 1.0, "亿元": 1e4}
#: What is lost in dividing by 10,000, of each yuan.
_DIVISION = 1e-9

#: For report numbers what their notes say: kind, table and line.
NotesOf = Mapping[int, Sequence[tuple[str, str, str]]]


def check_structure(matrix: ReportMatrix, findings: Findings, notes: NotesOf) -> None:
    """Add the findings of S02 to S05; `notes` has what the notes of each report number say of its lines."""
    lines = _Lines(matrix, findings, notes)
    for table in matrix.form.tables:
        there = matrix.has_table[table.id]
        for status, which in (("pass", there), ("not_assessable", ~there)):
            if which.any():
                findings.note(matrix.reports[which], "S02", status, table=table)
        _check_figures(matrix, table, findings)
        for cell in table.cells:
            if "元" in table.unit(cell[1], cell[2]):
                _check_amount(matrix, table, cell, findings)
    for members, layout in matrix.layouts:
        for table in matrix.form.tables:
            lines.check(members, layout, table)


def unknown_form(version: object, report: int, findings: Findings) -> None:
    """Add the one finding on a report whose form is not known."""
    missing = version if isinstance(version, str) else "?"
    known = partial(listed, versions())
    findings.note(report, "S02", "not_assessable", message="unknown_form", missing=missing, known=known)


class _Difference(NamedTuple):
    """How the lines of a table differ from the form."""

    missing: list[CellKey]
    twice: list[str]
    strange: list[CellKey]

    def text(self, table: Table, required: Sequence[CellKey], language: Language) -> str:
        """Name whole lines and whole columns where they are missing, else cells."""
        gone = set(self.missing)

        def wholly(part: int, among: Sequence[CellKey]) -> list[str]:
            names = dict.fromkeys(cell[part] for cell in self.missing if cell in among)
            return [name for name in names if all(cell in gone for cell in among if cell[part] == name)]

        lines = wholly(1, required)
        columns = wholly(2, [cell for cell in required if cell[1] not in lines])
        single = [cell for cell in self.missing if cell[1] not in lines and cell[2] not in columns]
        parts = {
            "missing_lines": [line_label(table, line, language) for line in lines],
            "missing_columns": [column_label(table, column, language) for column in columns],
            "missing_cells": [cell_label(table, cell, language) for cell in single],
            "found_twice": [line_label(table, line, language) for line in self.twice],
            "not_in_form": [f"{line}·{column}" for _, line, column in self.strange],
        }
        said = (phrase(name, language, labels=listed(labels, language)) for name, labels in parts.items() if labels)
        return phrase("semicolon", language).join(said)


class _Lines:
    """Rule S03, with what the notes of a report say of lines that could not be read or stand there twice."""

    def __init__(self, matrix: ReportMatrix, findings: Findings, notes: NotesOf) -> None:
        self.matrix, self.findings = matrix, findings
        own = {at: notes[number] for at, number in enumerate(matrix.reports.tolist()) if number in notes} if notes else {}
        self.unread = {at: {table for kind, table, _ in of if kind.startswith("unreadable")} for at, of in own.items()}
        self.noted_twice = {at: {(table, line) for kind, table, line in of if kind == "duplicate_line"} for at, of in own.items()}
        self.one_line_will_do = set(known_rule("S03").settings["one_line_will_do"])
        self.strange: dict[tuple[int, str], list[CellKey]] = {}
        outside = np.flatnonzero(matrix.cell_of_row < 0)
        if len(outside):
            names = (map(str, matrix.rows[name].iloc[outside]) for name in ("table", "line", "column"))
            for number_of, *cell in zip(matrix.report_of_row[outside].tolist(), *names, strict=True):
                self.strange.setdefault((number_of, cell[0]), []).append((cell[0], cell[1], cell[2]))

    def check(self, members: NDArray[np.intp], layout: Layout, table: Table) -> None:
        """Add a finding for each report of a layout."""
        matrix, findings = self.matrix, self.findings
        alone = {line for name, line in layout.alone if name == table.id and line in self.one_line_will_do}
        required = [cell for cell in matrix.cells if cell[0] == table.id and _is_required(table, cell[1], alone)]
        rows = np.array([matrix.index[cell] for cell in required], dtype=np.intp)
        lacking = ~matrix.part(matrix.printed, rows, members)
        there = matrix.has_table[table.id][members]
        again = matrix.part(matrix.repeated, matrix.rows_of[table.id], members).any(axis=0)
        strange = np.isin(members, [report for report, name in self.strange if name == table.id])
        noted = np.isin(members, [at for at, lines in self.noted_twice.items() if any(name == table.id for name, _ in lines)])
        differing = strange | (there & (lacking.any(axis=0) | again | noted))

        size = float(len(required)) or np.nan
        for status, which, sides in (("pass", there & ~differing, size), ("not_assessable", ~there & ~differing, np.nan)):
            if which.any():
                findings.note(matrix.reports[members[which]], "S03", status, table=table, expected=sides, reported=sides)
        for one in np.flatnonzero(differing).tolist():
            missing = [cell for cell, gone in zip(required, lacking[:, one].tolist(), strict=True) if gone]
            difference = self._difference(int(members[one]), table, missing)
            unread = (
                bool({table.id, ""} & self.unread.get(int(members[one]), set()))
                or UNREADABLE in matrix.status[matrix.rows_of[table.id], members[one]]
            )
            # what could not be read may hold the line that seems to be missing: glued digits take their neighbours with them
            undecided = unread and not difference.twice and not difference.strange
            findings.note(
                int(matrix.reports[members[one]]),
                "S03",
                "not_assessable" if undecided else "fail",
                message="unread" if undecided else "",
                table=table,
                cells=[*difference.missing, *difference.strange],
                expected=size,
                reported=size - len(missing),
                missing=partial(difference.text, table, required),
            )

    def _difference(self, report: int, table: Table, missing: list[CellKey]) -> _Difference:
        repeated = {self.matrix.cells[row][1] for row in np.flatnonzero(self.matrix.repeated[:, report]).tolist()}
        here = {line for _, line, _ in self.matrix.cells[self.matrix.rows_of[table.id]]}
        noted = {line for name, line in self.noted_twice.get(report, ()) if name == table.id}
        return _Difference(missing, sorted((repeated & here) | noted), self.strange.get((report, table.id), []))


def _is_required(table: Table, line: str, alone: set[str]) -> bool:
    if table.open:
        return False
    return line in alone if table.line[line].subtotal else table.line[line].group not in alone


def _check_figures(matrix: ReportMatrix, table: Table, findings: Findings) -> None:
    rows = matrix.rows_of[table.id]
    cells = matrix.cells[rows]
    value, status = matrix.value[rows], matrix.status[rows]
    signed = np.array([table.column[column].signed for _, _, column in cells], dtype=np.bool_)
    # an open table gives no units, so that a fraction there may be an amount
    whole = np.array([not table.open and "元" not in table.unit(line, column) for _, line, column in cells], dtype=np.bool_)
    negative = (value < 0) & ~signed[:, None]
    fraction = ~negative & whole[:, None] & (status == REPORTED) & (value != np.rint(value))
    empty = status > REPORTED
    for row, at in np.argwhere(negative | fraction).tolist():
        message = "negative" if negative[row, at] else "fraction"
        report, reported = int(matrix.reports[at]), float(value[row, at])
        subject = named(table, cells[row])
        findings.note(report, "S04", "fail", message=message, table=table, cells=[cells[row]], reported=reported, subject=subject)

    there = matrix.has_table[table.id]
    sound = there & ~(negative | fraction | empty).any(axis=0)
    for outcome, message, members in (("pass", "pass", sound), ("not_assessable", "no_table", ~there)):
        if members.any():
            findings.note(matrix.reports[members], "S04", outcome, message=message, table=table)
    hollow = np.flatnonzero(empty.any(axis=0))
    if len(hollow):
        states, which = np.unique(np.where(empty, status, REPORTED)[:, hollow], axis=1, return_inverse=True)
        for number_of, state in enumerate(states.T.tolist()):
            reports = matrix.reports[hollow[which.ravel() == number_of]]
            without = [cell for cell, one in zip(cells, state, strict=True) if one != REPORTED]
            missing = partial(_empty, table, cells, state)
            findings.note(reports, "S04", "not_assessable", table=table, cells=without, missing=missing)


def _empty(table: Table, cells: Sequence[CellKey], states: Sequence[int], language: Language) -> str:
    """Name the cells that hold no figure."""
    labels = (cell_label(table, cell, language) for cell in cells)
    return without_figure(zip(labels, states, strict=True), language, limit=3)


def _check_amount(matrix: ReportMatrix, table: Table, cell: CellKey, findings: Findings) -> None:
    row = matrix.index[cell]
    value, status = matrix.value[row], matrix.status[row]
    texts, meant, other_unit = _printed_amounts(matrix, row)
    differs = np.abs(value - meant) > ONE_FEN + _DIVISION * np.abs(meant)
    other_unit &= ("万元" in table.column[cell[2]].zh) & ~differs & ~np.isnan(value)
    large = np.isnan(meant) & (value > known_rule("S05").settings["largest"].get(cell[1], np.inf))

    def note(which: Any, outcome: str, message: str = "", **more: Any) -> None:
        reports = matrix.reports[which]
        findings.note(reports, "S05", outcome, message=message, table=table, cells=[cell], subject=named(table, cell), **more)

    for message, which in (("value", differs), ("unit", other_unit), ("large", large)):
        for at in np.flatnonzero(which).tolist():
            printed = unicodedata.normalize("NFKC", texts.get(at, ""))
            note([at], "fail", message, missing=printed, expected=float(meant[at]), reported=float(value[at]))
    sound = ~np.isnan(value) & ~differs & ~other_unit & ~large
    if sound.any():
        note(sound, "pass", reported=value[sound])
    for state in np.unique(status[np.isnan(value)]).tolist():
        note(np.isnan(value) & (status == state), "not_assessable", missing=partial(no_figure, state))


def _printed_amounts(matrix: ReportMatrix, row: int) -> tuple[dict[int, str], NDArray[np.float64], NDArray[np.bool_]]:
    """Return what stands in a cell of each report, its amount in 万元 if a unit is printed, and whether that is another unit."""
    meant = np.full(len(matrix.reports), np.nan)
    other = np.zeros(len(meant), dtype=np.bool_)
    if "printed" not in matrix.rows.columns:
        return {}, meant, other
    mine = np.flatnonzero(matrix.cell_of_row == row)
    if "method" in matrix.rows.columns:
        # a corrected figure is not the one that is printed
        mine = mine[np.asarray(matrix.rows["method"].array.take(mine) != "corrected", dtype=np.bool_)]
    printed = matrix.rows["printed"].array.take(mine).to_numpy(dtype=object).tolist()
    texts = {}
    for report, text in zip(matrix.report_of_row[mine].tolist(), printed, strict=True):
        if not isinstance(text, str):
            continue
        texts[report] = text
        # no other character stands for 元
        if "元" in text and (found := _PRINTED_UNIT.match(unicodedata.normalize("NFKC", text).strip())):
            figure, unit = found.groups()
            meant[report] = float(figure.replace(",", "").replace("−", "-")) * _TEN_THOUSAND_YUAN[unit]
            # nothing is nothing in any unit
            other[report] = unit != "万元" and meant[report] != 0
    return texts, meant, other
