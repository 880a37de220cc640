"""The rules on what must be there: sections and their text, tables, lines, whole figures, units of amounts."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from govstats.characters import folded_text
from govstats.forms import ONE_FEN, CellKey, Language, Table, form, versions
from govstats.reconciliation.edits import kinds
from govstats.reconciliation.findings import Findings, Floats
from govstats.reconciliation.matrix import (
    REPORTED,
    UNREADABLE,
    Layout,
    ReportMatrix,
    Reports,
    alike,
    plain_values,
    report_numbers,
)
from govstats.reconciliation.rulebook import Wording, having, known_rule
from govstats.reconciliation.wording import (
    cell_label,
    cells_without_figure,
    column_label,
    line_label,
    listed,
    named,
    no_figure,
    phrase,
    shortened,
)
from govstats.report import Report

_PRINTED_UNIT = re.compile(r"^([-−]?\d[\d,]*(?:\.\d+)?)\s*\(?\s*(亿元|万元|元)")
_TEN_THOUSAND_YUAN = {"元": 1e-4, "万元": 1.0, "亿元": 1e4}
#: What is lost in dividing by 10,000, of each yuan.
_DIVISION = 1e-9

#: Under all headings together, in characters.
_LEAST_PROSE = 20
_NUMERALS = "一二三四五六七"
_PUNCTUATION = re.compile(r"[\W_]+")
_TITLES_OF_WORKS = re.compile("《[^《》]*》")
#: 2022年,某局认真贯彻…; a year with a month, or of a law, tells of an event.
_OPENING_YEAR = re.compile(r"\W*(20\d\d)年度?(?=[,我本全在])")
#: 2021年,我局收到…: what a sentence says of the year itself; a comparison, an event, a law or a plan does not begin so. What
#: 我国 and 我省 did is mostly the work of others.
_OWN = "我(?![国省])|本[市县区州局厅委办机单部]|全[市县区州局系镇乡年]"
_YEAR_OF_SENTENCE = re.compile(rf"(?:^|[。;])\W*(20\d\d)年度?,?(?={_OWN})[^。;]*")


def _notes_of(numbered: pd.DataFrame, known: Reports) -> pd.DataFrame:
    """Return what notes say of the lines of each report: ``number kind table line``."""
    names = ["kind", "table", "line"]
    if known.report is not None:
        return known.report.notes[names].assign(number=0)
    if known.notes is None:
        return pd.DataFrame(columns=["number", *names])
    numbers, rows = report_numbers(numbered, known.notes)
    return known.notes[names].iloc[rows].assign(number=numbers)


def check_structure(numbered: pd.DataFrame, matrices: Sequence[ReportMatrix], findings: Findings, known: Reports) -> None:
    """Add the findings of the rules on what must be there.

    Parameters
    ----------
    numbered : DataFrame
        Agency, year and form of each report number, and whether the form is known.
    matrices : sequence of ReportMatrix
    findings : Findings
    known : Reports
        What notes say of lines, and what became of the rules on the documents themselves.
    """
    for number in np.flatnonzero(~numbered["known"]).tolist():
        version = numbered["form"].iloc[number]
        missing = version if isinstance(version, str) else "?"
        those = partial(listed, versions())
        findings.note(number, "S02", "not_assessable", message="unknown_form", missing=missing, known=those)
    notes = _notes_of(numbered, known)
    for matrix in matrices:
        _check_tables(matrix, findings, notes)
    if known.report is not None and len(numbered):
        _check_document(known.report, findings)
    elif known.document_findings is not None:
        _add_told_before(findings, numbered, known.document_findings)


def _check_tables(matrix: ReportMatrix, findings: Findings, notes: pd.DataFrame) -> None:
    """Add the findings of S02 to S05; `notes` are as of `_notes_of`."""
    lines = _Lines(matrix, findings, notes)
    for table in matrix.form.tables:
        there = matrix.has_table[table.id]
        for status, which in (("pass", there), ("not_assessable", ~there)):
            findings.note(matrix.reports[which], "S02", status, table=table)
        _check_figures(matrix, table, findings)
        for cell in table.cells:
            if "元" in table.unit(cell[1], cell[2]):
                _check_amount(matrix, table, cell, findings)
    for members, layout in matrix.layouts:
        for table in matrix.form.tables:
            lines.check(members, layout, table)


class _Lines:
    """Rule S03: what stands in the tables of each report, by its position and the table, beside the cells of the form."""

    def __init__(self, matrix: ReportMatrix, findings: Findings, notes: pd.DataFrame) -> None:
        self.matrix, self.findings = matrix, findings
        self.one_line_will_do = set(known_rule("S03").settings["one_line_will_do"])
        #: Lines that stand there twice, cells that the form does not have, and whether lines could not be read.
        self.twice: dict[tuple[int, str], set[str]] = defaultdict(set)
        self.strange: dict[tuple[int, str], list[CellKey]] = defaultdict(list)
        self.unread: set[tuple[int, str]] = set()
        for row, at in np.argwhere(matrix.repeated).tolist():
            table, line, _ = matrix.cells[row]
            self.twice[at, table].add(line)
        mine = notes[notes["number"].isin(matrix.reports)]
        told = (plain_values(mine[name], "") for name in ("kind", "table", "line"))
        for at, kind, table, line in zip(np.searchsorted(matrix.reports, mine["number"]).tolist(), *told, strict=True):
            if kind == "duplicate_line":
                self.twice[at, table].add(line)
            elif kind.startswith("unreadable"):
                self.unread.add((at, table))
        outside = np.flatnonzero(matrix.cell_of_row < 0)
        names = (map(str, matrix.rows[name].iloc[outside]) for name in ("table", "line", "column"))
        for at, *cell in zip(matrix.report_of_row[outside].tolist(), *names, strict=True):
            self.strange[at, cell[0]].append((cell[0], cell[1], cell[2]))

    def check(self, members: NDArray[np.intp], layout: Layout, table: Table) -> None:
        """Add a finding for each report of a layout."""
        matrix = self.matrix
        alone = {line for name, line in layout.alone if name == table.id and line in self.one_line_will_do}
        required = [cell for cell in matrix.cells if cell[0] == table.id and _is_required(table, cell[1], alone)]
        lacking = ~matrix.printed[np.ix_(matrix.rows_at(required), members)]
        there = matrix.has_table[table.id][members]
        strange = np.isin(members, [at for at, name in self.strange if name == table.id])
        twice = np.isin(members, [at for at, name in self.twice if name == table.id])
        differing = strange | (there & (lacking.any(axis=0) | twice))
        size = float(len(required)) or np.nan
        for status, which, sides in (("pass", there & ~differing, size), ("not_assessable", ~there & ~differing, np.nan)):
            self.findings.note(matrix.reports[members[which]], "S03", status, table=table, expected=sides, reported=sides)
        for one in np.flatnonzero(differing).tolist():
            self._note(int(members[one]), table, required, lacking[:, one])

    def _note(self, at: int, table: Table, required: Sequence[CellKey], lacking: NDArray[np.bool_]) -> None:
        """Add a finding for a report whose lines differ from those of the form."""
        missing = [cell for cell, gone in zip(required, lacking.tolist(), strict=True) if gone]
        strange, twice = self.strange.get((at, table.id), []), self.twice.get((at, table.id), set())
        # what could not be read may hold the line that seems to be missing: glued digits take their neighbours with them
        unread = {(at, table.id), (at, "")} & self.unread or UNREADABLE in self.matrix.status[self.matrix.rows_of[table.id], at]
        undecided = unread and not twice and not strange
        self.findings.note(
            int(self.matrix.reports[at]),
            "S03",
            "not_assessable" if undecided else "fail",
            message="unread" if undecided else "",
            table=table,
            cells=[*missing, *strange],
            expected=float(len(required)) or np.nan,
            reported=(float(len(required)) or np.nan) - len(missing),
            missing=partial(_differences, table, required, missing, sorted(twice), strange),
        )


def _differences(
    table: Table,
    required: Sequence[CellKey],
    missing: Sequence[CellKey],
    twice: Sequence[str],
    strange: Sequence[CellKey],
    language: Language,
) -> str:
    """Name what is missing, by whole lines and columns where these are missing, what stands there twice, and what is strange."""

    def wholly(part: int, among: Sequence[CellKey]) -> list[str]:
        kept = {cell[part] for cell in among if cell not in missing}
        return [name for name in dict.fromkeys(cell[part] for cell in missing if cell in among) if name not in kept]

    lines = wholly(1, required)
    columns = wholly(2, [cell for cell in required if cell[1] not in lines])
    single = [cell for cell in missing if cell[1] not in lines and cell[2] not in columns]
    parts = {
        "missing_lines": [line_label(table, line, language) for line in lines],
        "missing_columns": [column_label(table, column, language) for column in columns],
        "missing_cells": [cell_label(table, cell, language) for cell in single],
        "found_twice": [line_label(table, line, language) for line in twice],
        "not_in_form": [f"{line}·{column}" for _, line, column in strange],
    }
    said = (phrase(name, language, labels=listed(labels, language)) for name, labels in parts.items() if labels)
    return phrase("semicolon", language).join(said)


def _is_required(table: Table, line: str, alone: set[str]) -> bool:
    if table.open:
        return False
    return line in alone if table.line[line].subtotal else table.line[line].group not in alone


def _check_figures(matrix: ReportMatrix, table: Table, findings: Findings) -> None:
    rows = matrix.rows_of[table.id]
    cells = matrix.cells[rows]
    value, status = matrix.value[rows], matrix.status[rows]
    signed, whole = kinds(matrix.form, cells)
    negative = (value < 0) & ~signed[:, None]
    fraction = ~negative & whole[:, None] & (status == REPORTED) & (value != np.rint(value))
    empty = status > REPORTED
    for row, at in np.argwhere(negative | fraction).tolist():
        message = "negative" if negative[row, at] else "fraction"
        about: dict[str, Any] = {"table": table, "cells": [cells[row]], "subject": named(table, cells[row])}
        findings.note(int(matrix.reports[at]), "S04", "fail", message=message, reported=float(value[row, at]), **about)

    there = matrix.has_table[table.id]
    sound = there & ~(negative | fraction | empty).any(axis=0)
    for outcome, message, members in (("pass", "pass", sound), ("not_assessable", "no_table", ~there)):
        findings.note(matrix.reports[members], "S04", outcome, message=message, table=table)
    hollow = np.flatnonzero(empty.any(axis=0))
    states = np.where(empty, status, REPORTED)[:, hollow]
    for members in alike(states):
        state = states[:, members[0]].tolist()
        without = [cell for cell, one in zip(cells, state, strict=True) if one != REPORTED]
        missing = cells_without_figure(table, cells, state, limit=3)
        findings.note(matrix.reports[hollow[members]], "S04", "not_assessable", table=table, cells=without, missing=missing)


def _check_amount(matrix: ReportMatrix, table: Table, cell: CellKey, findings: Findings) -> None:
    row = matrix.index[cell]
    value, status = matrix.value[row], matrix.status[row]
    texts, meant, units = _printed_amounts(matrix, row)
    differs = np.abs(value - meant) > ONE_FEN + _DIVISION * np.abs(meant)
    # nothing is nothing in any unit
    other_unit = ~np.isin(units, ["", "万元"]) & (meant != 0) & ("万元" in table.column[cell[2]].zh) & ~differs & ~np.isnan(value)
    large = np.isnan(meant) & (value > known_rule("S05").settings["largest"].get(cell[1], np.inf))

    def note(which: Any, outcome: str, message: str = "", **more: Any) -> None:
        reports = matrix.reports[which]
        findings.note(reports, "S05", outcome, message=message, table=table, cells=[cell], subject=named(table, cell), **more)

    for message, which in (("value", differs), ("unit", other_unit), ("large", large)):
        for at in np.flatnonzero(which).tolist():
            note([at], "fail", message, missing=texts[at], expected=float(meant[at]), reported=float(value[at]))
    sound = ~np.isnan(value) & ~differs & ~other_unit & ~large
    note(sound, "pass", reported=value[sound])
    for state in np.unique(status[np.isnan(value)]).tolist():
        note(np.isnan(value) & (status == state), "not_assessable", missing=partial(no_figure, state))


def _printed_amounts(matrix: ReportMatrix, row: int) -> tuple[list[str], Floats, NDArray[Any]]:
    """Return what stands in a cell of each report, its amount in 万元 if a unit is printed, and that unit."""
    mine = np.flatnonzero(matrix.cell_of_row == row)
    told = matrix.rows.iloc[mine].reindex(columns=["printed", "method"]).set_axis(matrix.report_of_row[mine])
    # a corrected figure is not the one that is printed
    told = told[told["method"].ne("corrected").fillna(True) & ~told.index.duplicated(keep="last")]
    texts = told["printed"].reindex(range(len(matrix.reports))).astype("str").fillna("").str.normalize("NFKC")
    # no other character stands for 元
    found = texts.str.strip().str.extract(_PRINTED_UNIT)
    figures = pd.to_numeric(found[0].str.replace(",", "").str.replace("−", "-"))
    meant = figures * found[1].map(_TEN_THOUSAND_YUAN)
    return texts.tolist(), meant.to_numpy(dtype=float), found[1].fillna("").to_numpy(dtype=object)


# --- the document itself: S01, S06, NF, NE ----------------------------------------------------------------------------------


DocumentFinding = tuple[Wording, float | None, float | None]


def document_findings(report: Report) -> list[DocumentFinding]:
    """Return what becomes of S01, S06, NF and NE, with what is expected and reported; nothing where the form is not known."""
    findings = Findings()
    _check_document(report, findings)
    found = []
    for _, _, wording, *sides in findings.blocks:
        expected, reported = (None if np.isnan(side[0]) else float(side[0]) for side in sides)
        found.append((findings.wordings[wording[0]], expected, reported))
    return found


def _check_document(report: Report, findings: Findings) -> None:
    """Add what became of the rules on the document, of the report with the number 0."""
    if report.form not in versions():
        return
    text = _Text(report)
    has_sections = bool(form(report.form).sections)
    if has_sections:
        _check_sections(report, findings)
    _check_year(report, text, findings)
    for rule in having("section"):
        wanted = rule.settings
        if has_sections and report.form in wanted.get("forms", versions()):
            section = text.sections.get(wanted["section"])
            said = re.sub(wanted["other_than"], "", section or "") if "other_than" in wanted else section or ""
            passed = re.search(wanted["says"], said) is not None
            undecided = section is None or (text.incomplete and not passed)
            status = "not_assessable" if undecided else "pass" if passed else "fail"
            findings.note(0, rule.id, status, quote=shortened(section or ""))


def _add_told_before(findings: Findings, reports: pd.DataFrame, told: pd.DataFrame) -> None:
    """Add what was found on many documents before; `told` has the columns of the findings."""
    numbers, rows = report_numbers(reports, told)
    names = ("rule", "severity", "status", "message_zh", "message_en")
    said = zip(*(plain_values(told[name].iloc[rows]) for name in names), strict=True)
    wordings = [Wording(rule, severity, status, None, "", zh, en) for rule, severity, status, zh, en in said]
    sides = (told[name].iloc[rows].to_numpy(dtype=float, na_value=np.nan) for name in ("expected", "reported"))
    findings.add(numbers, 0, findings.say(wordings) + np.arange(len(wordings)), *sides)


def _check_sections(report: Report, findings: Findings) -> None:
    titles = {int(section.id): section for section in form(report.form).sections}
    found = [section.number for section in report.sections if section.number in titles]
    lacking = [section for section in titles if section not in found]
    # a table of contents repeats the headings: they are in order if they can be read off one after the other
    rest = iter(found)
    in_order = all(section in rest for section in titles)
    status, message, mentioned = "fail", "", lacking
    if not lacking and not in_order:
        message, mentioned = "order", found
    elif not lacking:
        status = "pass" if report.read_cells else "not_assessable"

    def missing(language: Language) -> str:
        return listed((titles[one].text(language) for one in mentioned), language, limit=12)

    expected, reported = float(len(titles)), float(len(titles) - len(lacking))
    findings.note(0, "S01", status, message=message, expected=expected, reported=reported, missing=missing)


class _Text:
    """The prose of a report, parted by its headings.

    Attributes
    ----------
    sections : dict of int to str
        The text under each heading, the longest where one comes again, without white space.
    incomplete : bool
        Whether pages were not read, or there are headings and tables alone: what is not there may have been left out.
    """

    def __init__(self, report: Report) -> None:
        plain = _compact(report.text)
        headings = {(one.number, heading) for one in report.sections if (heading := _compact(one.text))}
        # a table of contents has the headings too
        places = sorted((*at.span(), number) for number, heading in headings for at in re.finditer(re.escape(heading), plain))
        starts = [*(start for start, *_ in places), len(plain)]
        self.sections: dict[int, str] = {}
        for _, end, number in places:
            # the next section may have a title that is not that of the form
            text = plain[end : starts[bisect_left(starts, end)]].partition(f"{_NUMERALS[number]}、")[0]
            self.sections[number] = max(self.sections.get(number, ""), text, key=len)
        lost = any(note.kind == "unread_page" for note in report.read_notes)
        self.incomplete = lost or _size("".join(self.sections.values())) < _LEAST_PROSE


def _compact(text: str) -> str:
    return "".join(folded_text(text).split())


def _size(text: str) -> int:
    """Return the number of characters without punctuation."""
    return len(_PUNCTUATION.sub("", text))


def _check_year(report: Report, text: _Text, findings: Findings) -> None:
    conflict = next((note for note in report.read_notes if note.kind == "year_conflict"), None)
    overview, year = text.sections.get(1), report.year
    first, _, rest = _TITLES_OF_WORKS.sub("", overview or "").partition("。")
    opening = _OPENING_YEAR.match(first)
    if conflict is not None:
        findings.note(0, "S06", "fail", message="conflict", quote=shortened(conflict.printed))
    elif year is None or overview is None:
        findings.note(0, "S06", "not_assessable")
    # an opening that names the year as well may tell of what went before
    elif opening and int(opening[1]) != year and str(year) not in first and f"{year}年" not in rest[:200]:
        sides: dict[str, Any] = {"expected": float(year), "reported": float(opening[1])}
        findings.note(0, "S06", "fail", quote=shortened(first), subject=str(year), **sides)
    elif left := _left_over(text, year):
        sides = {"expected": float(year), "reported": float(left[1])}
        findings.note(0, "S06", "fail", message="left_over", quote=shortened(left[0].lstrip("。;")), subject=str(year), **sides)
    else:
        findings.note(0, "S06", "pass", subject=str(year))


def _left_over(text: _Text, year: int) -> re.Match[str] | None:
    """Return the first sentence that says of an earlier year what the report should say of its own.

    Where a section names the year of the report too, an earlier one is the past that it tells of.
    """
    for said in text.sections.values():
        plain = _TITLES_OF_WORKS.sub("", said)
        if str(year) not in plain:
            for found in _YEAR_OF_SENTENCE.finditer(plain):
                if int(found[1]) < year:
                    return found
    return None
