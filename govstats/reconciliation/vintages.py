"""The rules on reports beside one another: other vintages and formats of one (XV, XF), and the agencies that it sums up (XH)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from govstats.errors import require_columns
from govstats.forms import CellKey, Language, Table
from govstats.reconciliation.findings import Findings, Floats, known_rule
from govstats.reconciliation.matrix import ABSENT, REPORTED, UNREADABLE, ReportMatrix, combinations, matrices, plain_values
from govstats.reconciliation.wording import (
    NO_FIGURE,
    Fields,
    cell_label,
    cell_list,
    gap,
    in_both,
    listed,
    number,
    quoted,
    without_figure,
)

#: After the rules across years.
_POSITION = {"XV": 9_000_000, "XF": 9_400_000, "XH": 9_800_000}
#: A form has fewer cells than this, and an annex rarely more; what is beyond shares a position.
_PLACES = 1_000
_ONE_FEN = 1e-6
_ReportKey = tuple[object, int]


class _Place(NamedTuple):
    """Where a report is: its matrix, its position there and its number among all reports."""

    matrix: ReportMatrix
    at: int
    number: int


def _places(reports: pd.DataFrame, found: Sequence[ReportMatrix]) -> dict[_ReportKey, _Place]:
    agencies, years = (plain_values(reports[name]) for name in ("agency", "year"))
    places: dict[_ReportKey, _Place] = {}
    for matrix in found:
        for at, report in enumerate(matrix.reports.tolist()):
            if agencies[report] is not None and years[report] is not None:
                places.setdefault((agencies[report], int(years[report])), _Place(matrix, at, report))
    return places


# --- vintages and formats: XV, XF -------------------------------------------------------------------------------------------


def check_vintages(
    reports: pd.DataFrame,
    found: Sequence[ReportMatrix],
    findings: Findings,
    vintages: pd.DataFrame,
    described: pd.DataFrame | None = None,
) -> None:
    """Hold other documents of a report against the one whose cells count.

    Parameters
    ----------
    reports : DataFrame
        Agency and year of each report number.
    found : sequence of ReportMatrix
    findings : Findings
    vintages : DataFrame
        The cells of the other documents, with ``vintage`` and ``source`` beside the columns of `Report.cells`. A document of
        another vintage is republished (XV), one of the same vintage is another format (XF).
    described : DataFrame, optional
        ``agency year vintage source``, and ``chosen`` where several documents of a report are listed: of what vintage the cells
        are; the first, if left out.
    """
    needed = ("agency", "year", "form", "table", "line", "column", "value", "status", "vintage", "source")
    require_columns(vintages, needed, "vintages", "Panel.vintages")
    if vintages.empty:
        return
    places = _places(reports, found)
    chosen = _chosen(described)
    named = [vintages[name] for name in ("agency", "year", "form", "vintage", "source")]
    which, first = combinations(named)
    documents = list(zip(*(plain_values(values.iloc[first]) for values in named), strict=True))
    # every document becomes a report of its own, with the number that it has among the documents
    _, others = matrices(vintages.assign(agency=pd.Categorical.from_codes(which, pd.Index(range(len(first))).astype("str"))))
    counted: dict[tuple[str, int], int] = defaultdict(int)
    for matrix in others:
        for at, report in enumerate(matrix.reports.tolist()):
            agency, year, _, number_of, name = documents[report]
            place = places.get((agency, year))
            if place is None:
                continue
            vintage, source = chosen.get((agency, year), (1, ""))
            rule = "XF" if number_of == vintage else "XV"
            # findings of one rule stand together, document after document
            counted[rule, place.number] += 1
            start = _POSITION[rule] + counted[rule, place.number] * 2 * _PLACES
            sources = (source, str(name))
            if place.matrix.form is not matrix.form:
                told = {"source": sources[1], "missing": matrix.form.version}
                wording = findings.wording(rule, "not_assessable", {"zh": told, "en": told}, message="other_form")
                findings.add(place.number, start, wording)
                continue
            other = _Place(matrix, at, place.number)
            _compare(place, other, sources, rule, start, findings, swapped=number_of < vintage)


def _chosen(described: pd.DataFrame | None) -> Mapping[_ReportKey, tuple[int, str]]:
    """Return of what vintage and source the cells of each report are."""
    if described is None or "vintage" not in described.columns:
        return {}
    rows = described[described["year"].notna() & described["vintage"].notna()]
    if "chosen" in rows.columns:
        rows = rows[rows["chosen"].astype("boolean").fillna(False)]
    sources = rows["source"].fillna("") if "source" in rows.columns else [""] * len(rows)
    return {
        (agency, int(year)): (int(vintage), str(source))
        for agency, year, vintage, source in zip(rows["agency"], rows["year"], rows["vintage"], sources, strict=True)
    }


def _compare(
    chosen: _Place, other: _Place, sources: tuple[str, str], rule: str, position: int, findings: Findings, *, swapped: bool
) -> None:
    """Add a finding for each cell that differs, and one for each table where cells could not be compared or none differs."""
    for order, table in enumerate(chosen.matrix.form.tables):
        keys = _cells(chosen.matrix, other.matrix, table.id)
        sides = [_figures(place, keys) for place in ((other, chosen) if swapped else (chosen, other))]
        (values, others), (status, other_status) = zip(*sides, strict=True)
        either = (status != ABSENT) | (other_status != ABSENT)
        unread = either & np.logical_or.reduce([one == state for one in (status, other_status) for state in (ABSENT, UNREADABLE)])
        figures = (status == REPORTED) & (other_status == REPORTED)
        differs = ~unread & ((status != other_status) | (figures & (np.abs(values - others) > _ONE_FEN)))
        for at in np.flatnonzero(differs).tolist():
            shown = [(float(value[at]), int(state[at])) for value, state in sides]
            fields = in_both(partial(_difference, table, keys[at], shown, sources))
            wording = findings.wording(rule, "fail", fields, table=table.id, cells=cell_list([keys[at]]))
            findings.add(chosen.number, position + min(at, _PLACES - 1), wording, shown[0][0], shown[1][0])
        if differs.any() and not unread.any():
            continue
        missing = [keys[at] for at in np.flatnonzero(unread).tolist()]
        fields = in_both(partial(_unread, table, missing, sources[1]))
        status_of = "not_assessable" if missing or not either.any() else "pass"
        wording = findings.wording(rule, status_of, fields, table=table.id, cells=cell_list(missing))
        findings.add(chosen.number, position + _PLACES + order, wording)


def _unread(table: Table, missing: Sequence[CellKey], source: str, language: Language) -> dict[str, str]:
    labels = (cell_label(table, key, language) for key in missing)
    return {"table": table.title(language), "source": source, "missing": listed(labels, language, limit=3)}


def _cells(first: ReportMatrix, second: ReportMatrix, table: str) -> Sequence[CellKey]:
    cells = first.cells[first.rows_of[table]]
    others = second.cells[second.rows_of[table]]
    return cells if cells == others else tuple(dict.fromkeys((*cells, *others)))


def _figures(place: _Place, keys: Sequence[CellKey]) -> tuple[Floats, NDArray[np.int8]]:
    """Return the figures of a report and their statuses; what its form does not have is absent."""
    rows = np.array([place.matrix.index.get(key, -1) for key in keys], dtype=np.intp)
    value, status = place.matrix.value[rows, place.at], place.matrix.status[rows, place.at]
    return np.where(rows < 0, np.nan, value), np.where(rows < 0, ABSENT, status)


def _difference(
    table: Table, key: CellKey, shown: Sequence[tuple[float, int]], sources: tuple[str, str], language: Language
) -> dict[str, str]:
    """Say what stands in a cell in each of the two documents."""
    left, right = (quoted(number(value), language) if state == REPORTED else NO_FIGURE[language][state] for value, state in shown)
    verb, comma, unnamed = (" 作", "，", "采用的文件作") if language == "zh" else (" has ", ", ", "the document chosen has ")
    first = sources[0] + verb if sources[0] else unnamed
    return {
        "subject": quoted(cell_label(table, key, language), language),
        "left": left,
        "right": right,
        "source": sources[1],
        "missing": f"{first}{left}{comma}{sources[1]}{verb}{right}",
    }


# --- summaries: XH ----------------------------------------------------------------------------------------------------------


def check_summaries(reports: pd.DataFrame, found: Sequence[ReportMatrix], findings: Findings, described: pd.DataFrame) -> None:
    """Hold reports that say they are a summary against the sum over the agencies below.

    Parameters
    ----------
    reports : DataFrame
        Agency and year of each report number.
    found : sequence of ReportMatrix
    findings : Findings
    described : DataFrame
        ``agency year parent summary``: to whom an agency belongs, and whether a report says that it sums up those below. Without
        the last two there are no findings. An agency that belongs to another in any year is expected in every year.
    """
    if not {"parent", "summary"} <= set(described.columns):
        return
    require_columns(described, ("agency", "year"), "reports", "Panel.reports")
    summaries = described[described["summary"].astype("boolean").fillna(False) & described["year"].notna()]
    if summaries.empty:
        return
    below: dict[object, dict[object, None]] = defaultdict(dict)
    belonging = described[described["parent"].notna() & (described["parent"] != described["agency"])]
    for parent, agency in zip(belonging["parent"], belonging["agency"], strict=True):
        below[parent][agency] = None
    places = _places(reports, found)
    for agency, year in dict.fromkeys(zip(summaries["agency"], summaries["year"].astype(int), strict=True)):
        place = places.get((agency, year))
        if place is None or agency not in below:
            continue
        children = {str(child): places[child, year] for child in below[agency] if (child, year) in places}
        absent = [str(child) for child in below[agency] if (child, year) not in places]
        if absent:
            fields: Fields = {"zh": {"missing": listed(absent, "zh")}, "en": {"missing": listed(absent, "en")}}
            wording = findings.wording("XH", "not_assessable", fields, message="absent")
            findings.add(place.number, _POSITION["XH"], wording)
            continue
        for order, table in enumerate(place.matrix.form.tables):
            _check_summary(place, children, table, _POSITION["XH"] + 1 + order * _PLACES, findings)


def _check_summary(summary: _Place, children: Mapping[str, _Place], table: Table, position: int, findings: Findings) -> None:
    patterns = known_rule("XH").settings["cells"]
    keys = [
        key
        for key in summary.matrix.cells[summary.matrix.rows_of[table.id]]
        if any(fnmatchcase("/".join(key), pattern) for pattern in patterns)
    ]
    everyone = {"": summary, **children}
    read = [_figures(place, keys) for place in everyone.values()]
    values, status = (np.stack([one[part] for one in read]) for part in (0, 1))
    printed = (status != ABSENT).any(axis=0)
    expected, reported = values[1:].sum(axis=0), values[0]
    failed = np.abs(reported - expected) > _ONE_FEN
    open_ = printed & (status != REPORTED).any(axis=0)
    for at in np.flatnonzero(failed | open_).tolist():

        def fields(language: Language, at: int = at) -> dict[str, str]:
            named = [name or ("汇总报告" if language == "zh" else "the summary") for name in everyone]
            return {
                "subject": quoted(cell_label(table, keys[at], language), language),
                "expected": number(expected[at]),
                "reported": number(reported[at]),
                "gap": gap(reported[at] - expected[at], language),
                "missing": without_figure(zip(named, status[:, at].tolist(), strict=True), language)
                if open_[at]
                else str(len(children)),
            }

        status_of = "not_assessable" if open_[at] else "fail"
        sides = (np.nan, np.nan) if open_[at] else (float(expected[at]), float(reported[at]))
        wording = findings.wording("XH", status_of, in_both(fields), table=table.id, cells=cell_list([keys[at]]))
        findings.add(summary.number, position + min(at, _PLACES - 2), wording, *sides)
    if printed.any() and not (failed | open_).any():
        said = in_both(lambda language: {"table": table.title(language), "missing": str(len(children))})
        findings.add(summary.number, position + _PLACES - 1, findings.wording("XH", "pass", said, table=table.id))
