"""The rules on what must be there: sections, tables, lines, whole figures, units of amounts."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from govstats.forms import CellKey, Language, Table, versions
from govstats.reconciliation.findings import Findings, known_rule
from govstats.reconciliation.matrix import REPORTED, UNREADABLE, Layout, ReportMatrix
from govstats.reconciliation.wording import (
    NO_FIGURE,
    Fields,
    cell_label,
    cell_list,
    column_label,
    in_both,
    line_label,
    listed,
    number,
    quoted,
    without_figure,
)

#: Where the findings of a rule begin among those of a report; cells and tables are counted from there.
_POSITION = {"S02": 10, "S03": 100, "S04": 1_000, "S05": 900_000}
_PRINTED_UNIT = re.compile(r"([-−]?\d[\d,]*(?:\.\d+)?)\s*\(?\s*(亿元|万元|元)")
_TEN_THOUSAND_YUAN = {"元": 1e-4, "万元": 1.0, "亿元": 1e4}

#: For report numbers what their notes say: kind, table and line.
NotesOf = Mapping[int, Sequence[tuple[str, str, str]]]


def check_structure(matrix: ReportMatrix, findings: Findings, notes: NotesOf) -> None:
    """Add the findings of S02 to S05; `notes` has what the notes of each report number say of its lines."""
    lines = _Lines(matrix, findings, notes)
    for place, table in enumerate(matrix.form.tables):
        _check_table(matrix, table, _POSITION["S02"] + place, findings)
        _check_figures(matrix, table, _POSITION["S04"] + 10_000 * place, findings)
        _check_amounts(matrix, table, findings)
    for members, layout in matrix.layouts():
        for place, table in enumerate(matrix.form.tables):
            lines.check(members, layout, table, _POSITION["S03"] + place)


def unknown_form(version: object, report: int, findings: Findings) -> None:
    """Add the one finding on a report whose form is not known."""
    named = version if isinstance(version, str) else "?"
    fields = in_both(lambda language: {"missing": named, "expected": listed(versions(), language)})
    findings.add(report, _POSITION["S02"], findings.wording("S02", "not_assessable", fields, message="unknown_form"))


def _titled(table: Table) -> Fields:
    return in_both(lambda language: {"table": table.title(language)})


def _check_table(matrix: ReportMatrix, table: Table, position: int, findings: Findings) -> None:
    there = matrix.has_table[table.id]
    for status, members in (("pass", there), ("not_assessable", ~there)):
        if members.any():
            wording = findings.wording("S02", status, _titled(table), table=table.id)
            findings.add(matrix.reports[members], position, wording)


@dataclass(frozen=True)
class _Difference:
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
        zh = language == "zh"
        parts = (
            ("缺行：" if zh else "missing lines: ", [line_label(table, line, language) for line in lines]),
            ("缺栏：" if zh else "missing columns: ", [column_label(table, column, language) for column in columns]),
            ("缺格：" if zh else "missing cells: ", [cell_label(table, cell, language) for cell in single]),
            ("重复：" if zh else "found more than once: ", [line_label(table, line, language) for line in self.twice]),
            ("格式中没有：" if zh else "not in the form: ", [f"{line}·{column}" for _, line, column in self.strange]),
        )
        return ("；" if zh else "; ").join(lead + listed(labels, language) for lead, labels in parts if labels)


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

    def check(self, members: NDArray[np.intp], layout: Layout, table: Table, position: int) -> None:
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

        size = len(required) or np.nan
        for status, which, sides in (("pass", there & ~differing, size), ("not_assessable", ~there & ~differing, np.nan)):
            if which.any():
                wording = findings.wording("S03", status, _titled(table), table=table.id)
                findings.add(matrix.reports[members[which]], position, wording, sides, sides)
        for one in np.flatnonzero(differing).tolist():
            missing = [cell for cell, gone in zip(required, lacking[:, one].tolist(), strict=True) if gone]
            difference = self._difference(int(members[one]), table, missing)
            unread = (
                bool({table.id, ""} & self.unread.get(int(members[one]), set()))
                or UNREADABLE in matrix.status[matrix.rows_of[table.id], members[one]]
            )
            wording = self._wording(table, difference, required, unread=unread)
            findings.add(int(matrix.reports[members[one]]), position, wording, size, size - len(missing))

    def _difference(self, report: int, table: Table, missing: list[CellKey]) -> _Difference:
        repeated = {self.matrix.cells[row][1] for row in np.flatnonzero(self.matrix.repeated[:, report]).tolist()}
        here = {line for _, line, _ in self.matrix.cells[self.matrix.rows_of[table.id]]}
        noted = {line for name, line in self.noted_twice.get(report, ()) if name == table.id}
        return _Difference(missing, sorted((repeated & here) | noted), self.strange.get((report, table.id), []))

    def _wording(self, table: Table, difference: _Difference, required: Sequence[CellKey], *, unread: bool) -> int:
        # what could not be read may hold the line that seems to be missing: glued digits take their neighbours with them
        undecided = unread and not difference.twice and not difference.strange
        return self.findings.wording(
            "S03",
            "not_assessable" if undecided else "fail",
            in_both(
                lambda language: {"table": table.title(language), "missing": difference.text(table, required, language)},
            ),
            message="unread" if undecided else "fail",
            table=table.id,
            cells=cell_list([*difference.missing, *difference.strange]),
        )


def _is_required(table: Table, line: str, alone: set[str]) -> bool:
    if table.open:
        return False
    return line in alone if table.line[line].subtotal else table.line[line].group not in alone


def _check_figures(matrix: ReportMatrix, table: Table, position: int, findings: Findings) -> None:
    rows = matrix.rows_of[table.id]
    cells = matrix.cells[rows]
    value, status = matrix.value[rows], matrix.status[rows]
    signed = np.array([table.column[column].signed for _, _, column in cells], dtype=np.bool_)
    # an open table gives no units, so that a fraction there may be an amount
    whole = np.array([not table.open and "元" not in table.unit(line, column) for _, line, column in cells], dtype=np.bool_)
    negative = (value < 0) & ~signed[:, None]
    fraction = ~negative & whole[:, None] & (status == REPORTED) & (value != np.rint(value))
    empty = status > REPORTED

    for message, wrong in (("negative", negative), ("fraction", fraction)):
        for row, report in np.argwhere(wrong).tolist():
            fields = _cell_fields(table, cells[row], {"reported": number(value[row, report])})
            wording = findings.wording("S04", "fail", fields, message=message, table=table.id, cells=cell_list([cells[row]]))
            findings.add(int(matrix.reports[report]), position + row, wording, np.nan, float(value[row, report]))

    there = matrix.has_table[table.id]
    sound = there & ~(negative | fraction | empty).any(axis=0)
    for status_of, message, members in (("pass", "pass", sound), ("not_assessable", "no_table", ~there)):
        if members.any():
            wording = findings.wording("S04", status_of, _titled(table), message=message, table=table.id)
            findings.add(matrix.reports[members], position, wording)

    hollow = np.flatnonzero(empty.any(axis=0))
    if len(hollow):
        states, which = np.unique(np.where(empty, status, REPORTED)[:, hollow], axis=1, return_inverse=True)
        wordings = [_empty_cells(table, cells, state.tolist(), findings) for state in states.T]
        findings.add(matrix.reports[hollow], position + len(cells), np.array(wordings, dtype=np.intp)[which.ravel()])


def _empty_cells(table: Table, cells: Sequence[CellKey], states: Sequence[int], findings: Findings) -> int:
    """Name the cells that hold no figure."""

    def fields(language: Language) -> dict[str, str]:
        labels = (cell_label(table, cell, language) for cell in cells)
        return {
            "table": table.title(language),
            "missing": without_figure(zip(labels, states, strict=True), language, limit=3),
        }

    empty = cell_list(cell for cell, state in zip(cells, states, strict=True) if state != REPORTED)
    return findings.wording("S04", "not_assessable", in_both(fields), table=table.id, cells=empty)


def _cell_fields(table: Table, cell: CellKey, more: Mapping[str, str]) -> Fields:
    return in_both(lambda language: {"subject": quoted(cell_label(table, cell, language), language), **more})


def _check_amounts(matrix: ReportMatrix, table: Table, findings: Findings) -> None:
    for cell in table.cells:
        if "元" in table.unit(cell[1], cell[2]):
            _check_amount(matrix, table, cell, findings)


def _check_amount(matrix: ReportMatrix, table: Table, cell: CellKey, findings: Findings) -> None:
    row = matrix.index[cell]
    position, cells = _POSITION["S05"] + row, cell_list([cell])
    value, status = matrix.value[row], matrix.status[row]
    texts, meant, other_unit = _printed_amounts(matrix, row)
    # one fen, and what is lost in dividing by 10,000
    differs = np.abs(value - meant) > 1e-6 + 1e-9 * np.abs(meant)
    other_unit &= ("万元" in table.column[cell[2]].zh) & ~differs & ~np.isnan(value)
    large = np.isnan(meant) & (value > known_rule("S05").settings["largest"].get(cell[1], np.inf))
    for message, which in (("value", differs), ("unit", other_unit), ("large", large)):
        for report in np.flatnonzero(which).tolist():
            text = unicodedata.normalize("NFKC", texts.get(report, ""))
            figures = {"reported": number(value[report]), "expected": number(meant[report]), "missing": text}
            wording = findings.wording(
                "S05", "fail", _cell_fields(table, cell, figures), message=message, table=table.id, cells=cells
            )
            findings.add(int(matrix.reports[report]), position, wording, meant[report], value[report])

    sound = ~np.isnan(value) & ~differs & ~other_unit & ~large
    if sound.any():
        wording = findings.wording("S05", "pass", _cell_fields(table, cell, {}), table=table.id, cells=cells)
        findings.add(matrix.reports[sound], position, wording, np.nan, value[sound])
    for state in np.unique(status[np.isnan(value)]).tolist():
        fields = _cell_fields(table, cell, {})
        for language, filled in fields.items():
            filled["missing"] = NO_FIGURE[language][state]
        wording = findings.wording("S05", "not_assessable", fields, table=table.id, cells=cells)
        findings.add(matrix.reports[np.isnan(value) & (status == state)], position, wording)


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
