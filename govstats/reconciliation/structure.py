"""The rules on what must be there: sections and their text, tables, lines, whole figures, units of amounts."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import compress, product
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from govstats.characters import figure, folded_text
from govstats.forms import ONE_FEN, TEN_THOUSAND, CellKey, Label, Language, Table, form, versions
from govstats.reconciliation import findings as wording
from govstats.reconciliation.findings import Findings, Wording
from govstats.reconciliation.matrix import REPORTED, UNREADABLE, ByForm, ReportMatrix, Reports, keys_of, report_numbers
from govstats.reconciliation.rulebook import having, known_rule, loaded
from govstats.reconciliation.solver import Floats, kinds
from govstats.report import Report

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


def check_structure(by_form: ByForm, findings: Findings, known: Reports) -> None:
    """Add the findings of the rules on what must be there.

    Parameters
    ----------
    by_form : ByForm
    findings : Findings
    known : Reports
        What notes say of lines, and what became of the rules on the documents themselves.
    """
    numbered = by_form.reports
    for number in np.flatnonzero(~numbered["known"]).tolist():
        version = numbered["form"].iloc[number]
        missing, those = version if isinstance(version, str) else "?", partial(wording.listed, versions())
        findings.note(number, "S02", "not_assessable", message="unknown_form", missing=missing, known=those)
    notes: list[tuple[Any, ...]] = []
    if known.notes is not None:
        numbers, rows = report_numbers(numbered, known.notes)
        said = keys_of(known.notes.iloc[rows], ("kind", "table", "line"))
        notes = [(number, *key) for number, key in zip(numbers.tolist(), said, strict=True)]
    for matrix in by_form.matrices:
        _check_tables(matrix, findings)
        _check_lines(matrix, findings, notes)
    if known.report is not None and len(numbered):
        _check_document(known.report, findings)
    elif known.document_findings is not None:
        _add_told_before(findings, numbered, known.document_findings)


def _check_tables(matrix: ReportMatrix, findings: Findings) -> None:
    """Add the findings of S02, S04 and S05."""
    for table in matrix.form.tables:
        there = matrix.has_table[table.id]
        for status, which in (("pass", there), ("not_assessable", ~there)):
            findings.note(matrix.reports[which], "S02", status, table=table)
        _check_figures(matrix, table, findings)
        for cell in table.cells:
            if "元" in table.unit(cell[1], cell[2]):
                _check_amount(matrix, table, cell, findings)


def _check_lines(matrix: ReportMatrix, findings: Findings, notes: Sequence[tuple[Any, ...]]) -> None:
    """Add the findings of S03; `notes` are the number of a report, and the kind, table and line of a note on it."""
    reports = matrix.reports.tolist()
    # by report and table: lines that stand there twice, whether lines could not be read, and cells that the form does not have
    twice = {(reports[at], *matrix.cells[row][:2]) for row, at in np.argwhere(matrix.repeated).tolist()}
    twice |= {(number, table, line) for number, kind, table, line in notes if kind == "duplicate_line"}
    unread = {(number, table or "") for number, kind, table, _ in notes if kind.startswith("unreadable")}
    strange = defaultdict[tuple[int, str], list[CellKey]](list)
    one_line_will_do = known_rule("S03").settings["one_line_will_do"]
    outside = np.flatnonzero(matrix.cell_of_row < 0)
    keys = zip(*(map(str, matrix.rows[name].iloc[outside]) for name in ("table", "line", "column")), strict=True)
    for at, cell in zip(matrix.report_of_row[outside].tolist(), keys, strict=True):
        strange[reports[at], cell[0]].append(cell)
    for (members, layout), table in product(matrix.layouts, matrix.form.tables):
        rows = matrix.rows_of[table.id]
        # a heading must be there only where one line will do for its group and the report has no other
        alone = {line for name, line in layout.alone if name == table.id and line in one_line_will_do}
        lines = table.shown(alone)
        required = [cell for cell in matrix.cells[rows] if cell[1] in lines and not table.open]
        lacking = ~matrix.printed[np.ix_(matrix.rows_at(required), members)]
        there = matrix.has_table[table.id][members]
        concerned = ([number for number, name, *_ in some if name == table.id] for some in (strange, twice))
        odd, double = (np.isin(matrix.reports[members], numbers) for numbers in concerned)
        differing = odd | (there & (lacking.any(axis=0) | double))
        size = float(len(required)) or np.nan
        for status, which, sides in (("pass", there & ~differing, size), ("not_assessable", ~there & ~differing, np.nan)):
            findings.note(matrix.reports[members[which]], "S03", status, table=table, expected=sides, reported=sides)
        for at, gone in zip(members[differing].tolist(), lacking.T[differing], strict=True):
            missing = [cell for cell, it in zip(required, gone.tolist(), strict=True) if it]
            key = (reports[at], table.id)
            mine, again = strange.get(key, []), sorted(line for number, name, line in twice if (number, name) == key)
            # what could not be read may hold the line that seems to be missing: glued digits take their neighbours with them
            lost = {key, (key[0], "")} & unread or UNREADABLE in matrix.status[rows, at]
            status, message = ("not_assessable", "unread") if lost and not (again or mine) else ("fail", "")
            about: dict[str, Any] = {"table": table, "expected": size, "reported": size - len(missing)}
            about["missing"] = partial(_differences, table, required, missing, again, mine)
            findings.note(key[0], "S03", status, message=message, cells=[*missing, *mine], **about)


def _differences(
    table: Table,
    required: Sequence[CellKey],
    missing: Sequence[CellKey],
    twice: Sequence[str],
    strange: Sequence[CellKey],
    language: Language,
) -> str:
    """Name what is missing, by whole lines and columns where these are missing, what stands there twice, and what is strange."""
    kept = [{cell[part] for cell in required if cell not in missing} for part in (1, 2)]
    lines = [line for line in dict.fromkeys(line for _, line, _ in missing) if line not in kept[0]]
    columns = [column for column in dict.fromkeys(cell[2] for cell in missing if cell[1] not in lines) if column not in kept[1]]
    single = [cell for cell in missing if cell[1] not in lines and cell[2] not in columns]
    parts = {
        "missing_lines": [wording.line_label(table, line, language) for line in lines],
        "missing_columns": [wording.column_label(table, column, language) for column in columns],
        "missing_cells": [wording.cell_label(table, cell, language) for cell in single],
        "found_twice": [wording.line_label(table, line, language) for line in twice],
        "not_in_form": [f"{line}·{column}" for _, line, column in strange],
    }
    said = (wording.phrase(name, language, labels=wording.listed(labels, language)) for name, labels in parts.items() if labels)
    return wording.phrase("semicolon", language).join(said)


def _check_figures(matrix: ReportMatrix, table: Table, findings: Findings) -> None:
    rows = matrix.rows_of[table.id]
    cells, value, status = matrix.cells[rows], matrix.value[rows], matrix.status[rows]
    signed, whole = kinds(matrix.form, cells)
    negative = (value < 0) & ~signed[:, None]
    wrong = negative | (whole[:, None] & (status == REPORTED) & (value != np.rint(value)))
    for row, at in np.argwhere(wrong).tolist():
        message, report = "negative" if negative[row, at] else "fraction", int(matrix.reports[at])
        findings.note(report, "S04", "fail", message=message, reported=float(value[row, at]), table=table, cells=[cells[row]])
    there, empty = matrix.has_table[table.id], matrix.printed[rows] & (status != REPORTED)
    sound = there & ~(wrong | empty).any(axis=0)
    for outcome, message, members in (("pass", "pass", sound), ("not_assessable", "no_table", ~there)):
        findings.note(matrix.reports[members], "S04", outcome, message=message, table=table)
    for at in np.flatnonzero(empty.any(axis=0)).tolist():
        without = list(compress(cells, empty[:, at]))
        missing = wording.cells_without_figure(table, without, status[empty[:, at], at].tolist(), limit=3)
        findings.note(int(matrix.reports[at]), "S04", "not_assessable", table=table, cells=without, missing=missing)


def _check_amount(matrix: ReportMatrix, table: Table, cell: CellKey, findings: Findings) -> None:
    row = matrix.index[cell]
    value, status = matrix.value[row], matrix.status[row]
    texts, meant, units = _printed_amounts(matrix, row)
    differs = np.abs(value - meant) > ONE_FEN + _DIVISION * np.abs(meant)
    # nothing is nothing in any unit
    other_unit = ~np.isin(units, ["", "万元"]) & (meant != 0) & ("万元" in table.column[cell[2]].zh) & ~differs & ~np.isnan(value)
    large = np.isnan(meant) & (value > known_rule("S05").settings["largest"].get(cell[1], np.inf))
    note = partial(findings.note, rule="S05", table=table, cells=[cell])
    for message, which in (("value", differs), ("unit", other_unit), ("large", large)):
        for at in np.flatnonzero(which).tolist():
            sides: dict[str, Any] = {"expected": float(meant[at]), "reported": float(value[at])}
            note(matrix.reports[at : at + 1], status="fail", message=message, missing=texts[at], **sides)
    sound = ~(np.isnan(value) | differs | other_unit | large)
    note(matrix.reports[sound], status="pass", reported=value[sound])
    for state in np.unique(status[np.isnan(value)]).tolist():
        which = np.isnan(value) & (status == state)
        note(matrix.reports[which], status="not_assessable", missing=partial(wording.no_figure, state))


def _printed_amounts(matrix: ReportMatrix, row: int) -> tuple[list[str], Floats, NDArray[Any]]:
    """Return what stands in a cell of each report, its amount in 万元 if a unit is printed, and that unit."""
    mine = np.flatnonzero(matrix.cell_of_row == row)
    told = keys_of(matrix.rows.iloc[mine].reindex(columns=["printed", "method"]), ("printed", "method"))
    # a corrected figure is not the one that is printed
    printed = ["" if method == "corrected" else text or "" for text, method in told]
    text_of = dict(zip(matrix.report_of_row[mine].tolist(), printed, strict=True))
    texts = [text_of.get(at, "") for at in range(len(matrix.reports))]
    amounts = [amount if amount.unit.endswith("元") else figure("") for amount in map(figure, texts)]
    meant = [np.nan if amount.value is None else amount.value / TEN_THOUSAND for amount in amounts]
    return texts, np.array(meant), np.array([amount.unit for amount in amounts], dtype=object)


# --- the document itself: S01, S06, NF, NE ----------------------------------------------------------------------------------


def document_findings(report: Report) -> list[tuple[Any, ...]]:
    """Return what becomes of S01, S06, NF and NE; nothing where the form is not known.

    Returns
    -------
    list of tuple
        Rule, severity, status, the message in Chinese and English, what is expected and what is reported.
    """
    findings = Findings(loaded())
    _check_document(report, findings)
    sides = [[None if np.isnan(side[0]) else float(side[0]) for side in block[2:]] for block in findings.blocks]
    return [(*said[:3], said.message_zh, said.message_en, *both) for said, both in zip(findings.wordings, sides, strict=True)]


def _check_document(report: Report, findings: Findings) -> None:
    """Add what became of the rules on the document, of the report with the number 0."""
    if report.form not in versions():
        return
    (texts, incomplete), sections = _parted(report), form(report.form).sections
    if sections:
        _check_sections(report, sections, findings)
    _check_year(report, texts, findings)
    for rule in having("section") if sections else ():
        wanted = rule.settings
        if report.form in wanted.get("forms", versions()):
            section = texts.get(wanted["section"])
            said = re.sub(wanted.get("other_than", "(?!)"), "", section or "")
            passed = re.search(wanted["says"], said) is not None
            undecided = section is None or (incomplete and not passed)
            status = "not_assessable" if undecided else "pass" if passed else "fail"
            findings.note(0, rule.id, status, quote=wording.shortened(section or ""))


def _add_told_before(findings: Findings, reports: pd.DataFrame, told: pd.DataFrame) -> None:
    """Add what was found on many documents before; `told` has the columns of the findings."""
    numbers, rows = report_numbers(reports, told)
    said = keys_of(told.iloc[rows], ("rule", "severity", "status", "message_zh", "message_en", "expected", "reported"))
    for number, (rule, severity, status, zh, en, *sides) in zip(numbers.tolist(), said, strict=True):
        expected, reported = (np.nan if side is None else side for side in sides)
        findings.add(number, Wording(rule, severity, status, None, "", zh, en), expected, reported)


def _check_sections(report: Report, sections: Sequence[Label], findings: Findings) -> None:
    titles = {int(section.id): section for section in sections}
    found = [section.number for section in report.sections if section.number in titles]
    lacking = [section for section in titles if section not in found]
    # a table of contents repeats the headings: they are in order if they can be read off one after the other
    rest = iter(found)
    in_order = all(section in rest for section in titles)
    status, message = ("fail", "") if lacking else ("pass" if report.read_cells else "not_assessable", "")
    if not lacking and not in_order:
        status, message = "fail", "order"
    sides: dict[str, Any] = {"expected": float(len(titles)), "reported": float(len(titles) - len(lacking))}

    def missing(language: Language) -> str:
        return wording.listed((titles[one].text(language) for one in lacking or found), language, limit=12)

    findings.note(0, "S01", status, message=message, missing=missing, **sides)


def _parted(report: Report) -> tuple[Mapping[int, str], bool]:
    """Return the prose under each heading, and whether some may have been left out.

    Where a heading comes again the longest text counts; white space is left out. Something may be missing where pages were not
    read, or where there are headings and tables alone.
    """
    plain = "".join(folded_text(report.text).split())
    headings = {(one.number, "".join(folded_text(one.text).split())) for one in report.sections}
    # a table of contents has the headings too
    places = sorted((*at.span(), number) for number, said in headings if said for at in re.finditer(re.escape(said), plain))
    starts = [*(start for start, *_ in places), len(plain)]
    sections: dict[int, str] = {}
    for _, end, number in places:
        # the next section may have a title that is not that of the form
        text = plain[end : starts[bisect_left(starts, end)]].partition(f"{_NUMERALS[number]}、")[0]
        sections[number] = max(sections.get(number, ""), text, key=len)
    lost = any(note.kind == "unread_page" for note in report.read_notes)
    return sections, lost or len(_PUNCTUATION.sub("", "".join(sections.values()))) < _LEAST_PROSE


def _check_year(report: Report, texts: Mapping[int, str], findings: Findings) -> None:
    conflict = next((note for note in report.read_notes if note.kind == "year_conflict"), None)
    overview, year = texts.get(1), report.year
    if conflict is not None:
        findings.note(0, "S06", "fail", message="conflict", quote=wording.shortened(conflict.printed))
    elif year is None or overview is None:
        findings.note(0, "S06", "not_assessable")
    elif found := _other_year(texts, overview, year):
        message, said, other = found
        sides: dict[str, Any] = {"expected": float(year), "reported": float(other)}
        findings.note(0, "S06", "fail", message=message, quote=wording.shortened(said), subject=str(year), **sides)
    else:
        findings.note(0, "S06", "pass", subject=str(year))


def _other_year(texts: Mapping[int, str], overview: str, year: int) -> tuple[str, str, str] | None:
    """Return what is wrong with the year of the text, where, and the year that stands there.

    The overview opens with another one; or a sentence says of an earlier year what the report should say of its own. Where a
    section names the year of the report too, an earlier one is the past that it tells of.
    """
    first, _, rest = _TITLES_OF_WORKS.sub("", overview).partition("。")
    opening = _OPENING_YEAR.match(first)
    # an opening that names the year as well may tell of what went before
    if opening and int(opening[1]) != year and str(year) not in first and f"{year}年" not in rest[:200]:
        return "", first, opening[1]
    plain = (_TITLES_OF_WORKS.sub("", said) for said in texts.values())
    told = (found for said in plain if str(year) not in said for found in _YEAR_OF_SENTENCE.finditer(said))
    left_over = next((found for found in told if int(found[1]) < year), None)
    return left_over and ("left_over", left_over[0].lstrip("。;"), left_over[1])
