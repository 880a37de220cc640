"""The rules that hold the report of a year against that of the year before, for all pairs of years at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from govstats.errors import require_columns
from govstats.forms import CellKey, Edit, Language, cell_key
from govstats.reconciliation.edits import Pairs, alone, check_edit, edit_labels, linear_edits, pairs_of_years, severity
from govstats.reconciliation.findings import Findings, Floats, Integers
from govstats.reconciliation.matrix import ABSENT, REPORTED, UNREADABLE, ReportMatrix
from govstats.reconciliation.prose import Said, of_another_circle
from govstats.reconciliation.reuse import reused_share
from govstats.reconciliation.rulebook import having, known_rule
from govstats.reconciliation.wording import named, number, phrase

_MILDER = {"E": "W", "W": "I", "I": "I"}
#: A table that shares fewer of its cells with the form of the year before is another table.
_SHARED_CELLS = 0.8


def check_years(
    reports: pd.DataFrame,
    matrices: Sequence[ReportMatrix],
    findings: Findings,
    *,
    said: Sequence[Said] = (),
    texts: pd.DataFrame | None = None,
) -> None:
    """Add the findings of the rules on two years; reports without one of the year before have none.

    Parameters
    ----------
    reports : DataFrame
        Agency and year of each report number.
    matrices : sequence of ReportMatrix
    findings : Findings
    said : sequence of Said, optional
        What the prose claims: it stands in for figures that a table lacks.
    texts : DataFrame, optional
        ``agency year sketch``, the sketches as of `reuse.sketch`.
    """
    found = pairs_of_years(reports, matrices)
    stand_ins = StandIns(reports, said)
    for pairs in found:
        _check_edits(pairs, findings, stand_ins)
        _check_amounts(pairs, findings)
        _check_ratios(pairs, findings)
        _check_repetition(pairs, findings)
    paired = np.concatenate([np.zeros(0, dtype=np.intp), *(pairs.reports for pairs in found)])
    for matrix in matrices:
        _check_against_claims_alone(matrix, paired, findings, stand_ins)
    if texts is not None and found:
        _check_texts(reports, found, texts, findings)


# --- edits across years -----------------------------------------------------------------------------------------------------


def _check_edits(pairs: Pairs, findings: Findings, stand_ins: StandIns) -> None:
    checked: set[str] = set()
    for edit in linear_edits(pairs.now, pairs.before, having("edits", findings.rules)):
        if not edit.offsets:
            continue
        chosen = pairs
        if pairs.now.form.table(edit.table).open:
            # of an open table only those lines are compared that both years print
            chosen = pairs.where((pairs.figures(edit.places)[1] != ABSENT).all(axis=0))
        elif edit.rule in checked:
            # a table that is not there is said to be so once for each rule
            chosen = pairs.where(pairs.both_have(edit.table))
        check_edit(edit, chosen, findings, stand_in=stand_ins if edit.rule in stand_ins.rules else None)
        checked.add(edit.rule)


class StandIns:
    """Figures that the prose claims, for edits across years whose table lacks one."""

    def __init__(self, reports: pd.DataFrame, claims: Sequence[Said]) -> None:
        self.reports, self.claims = reports, claims
        self.rules = {rule.id: rule for rule in having("claims_stand_in")}

    @cached_property
    def said(self) -> Mapping[tuple[object, int, CellKey], tuple[float, str]]:
        """The figure of each agency, year and cell of which the prose names one only, exactly, and where it does so."""
        found: dict[tuple[object, int, CellKey], dict[float, str]] = defaultdict(dict)
        for agency, claim, _ in self.claims:
            exact = claim.low == claim.value == claim.high and not claim.qualifier
            if claim.target and claim.year is not None and exact and not of_another_circle(agency, claim.scope):
                found[agency, claim.year, cell_key(claim.target)].setdefault(claim.value, claim.quote)
        return {key: next(iter(said.items())) for key, said in found.items() if len(said) == 1}

    def __call__(self, edit: Edit, report: Pairs, figures: Floats) -> tuple[Floats, dict[str, Any]] | None:
        """Return the figures of a report with what the prose says of those that are missing; None where it does not."""
        agency, year = self.reports["agency"].iloc[report.reports[0]], int(report.years[0]) + 1
        missing = np.flatnonzero(np.isnan(figures)).tolist()
        said = [self.said.get((agency, year + offset, cell)) for cell, offset in (edit.places[at] for at in missing)]
        found = [one for one in said if one is not None]
        if len(found) < len(missing):
            return None
        filled = figures.copy()
        filled[missing] = [figure for figure, _ in found]

        def names(language: Language) -> str:
            labels = edit_labels(report.now.form, edit, language)
            return phrase("comma", language).join(labels[at] for at in missing)

        quote = "；".join(dict.fromkeys(quote for _, quote in found))
        return filled, {"severity": _MILDER[severity(edit)], "missing": names, "quote": quote}


def _check_against_claims_alone(matrix: ReportMatrix, paired: Integers, findings: Findings, stand_ins: StandIns) -> None:
    """Hold reports whose year before is not at hand against what the prose says of it."""
    if not stand_ins.claims:
        return
    agencies, years = (stand_ins.reports[name].array.take(matrix.reports) for name in ("agency", "year"))
    told = {(agency, year + 1) for agency, year, _ in stand_ins.said}
    spoken_of = np.array([key in told for key in zip(agencies.tolist(), years.tolist(), strict=True)], dtype=np.bool_)
    at = np.flatnonzero(spoken_of & ~np.isin(matrix.reports, paired))
    reports = alone(matrix, at, years.take(at).to_numpy(dtype=np.intp) - 1)
    for edit in linear_edits(matrix, matrix, stand_ins.rules.values()) if len(at) else ():
        values, _ = reports.figures(edit.places)
        filled = [stand_ins(edit, reports.where([place]), values[:, place]) is not None for place in range(len(at))]
        check_edit(edit, reports.where(np.array(filled)), findings, stand_in=stand_ins)


# --- what stands beside the year before ------------------------------------------------------------------------------------


def _check_amounts(pairs: Pairs, findings: Findings) -> None:
    """Add to S05 that an amount is about ten thousand times that of the year before, or a ten-thousandth."""
    jump = known_rule("S05").settings["jump"]
    for table in pairs.now.form.tables:
        for cell in table.cells:
            if "元" in table.unit(cell[1], cell[2]) and cell in pairs.before.index:
                now, before = pairs.beside([cell])[0][:, 0]
                with np.errstate(divide="ignore", invalid="ignore"):
                    apart = np.abs(np.log(now / before))
                jumped = np.abs(apart - np.log(jump["factor"])) <= np.log(jump["within"])
                _note_both("S05", pairs.where(jumped & (now > 0) & (before > 0)), cell, findings, message="jump")


def _check_ratios(pairs: Pairs, findings: Findings) -> None:
    settings = known_rule("XO").settings
    floors = {cell_key(written): group["floor"] for group in settings["figures"] for written in group["cells"]}
    cells = [cell for cell in pairs.now.cells if cell in floors and cell in pairs.before.index]
    if not cells:
        return
    figures, _ = pairs.beside(cells)
    least = np.maximum(figures.min(axis=0), np.array([[floors[cell]] for cell in cells]))
    apart = figures.max(axis=0) > settings["ratio"] * least
    for cell, chosen in zip(cells, apart, strict=True):
        _note_both("XO", pairs.where(chosen), cell, findings)
    for year, fine in _by_year(pairs.where(~np.isnan(least).all(axis=0) & ~apart.any(axis=0))):
        findings.note(fine.reports, "XO", "pass", before=str(year))


def _note_both(rule: str, pairs: Pairs, cell: CellKey, findings: Findings, *, message: str = "") -> None:
    """Add a failure that names the figures of the two years."""
    table = pairs.now.form.table(cell[0])
    figures = pairs.beside([cell])[0][:, 0].T.tolist()
    for report, year, (now, before) in zip(pairs.reports.tolist(), pairs.years.tolist(), figures, strict=True):
        said: dict[str, Any] = {"subject": named(table, cell), "left": number(before), "right": number(now), "before": str(year)}
        said |= {"expected": before, "reported": now}
        findings.note(report, rule, "fail", message=message, table=table, cells=[cell], **said)


def _by_year(pairs: Pairs) -> Iterator[tuple[int, Pairs]]:
    for year in np.unique(pairs.years).tolist():
        yield year, pairs.where(pairs.years == year)


def _check_repetition(pairs: Pairs, findings: Findings) -> None:
    """Find tables that are those of the year before, figure by figure."""
    settings = known_rule("XD").settings
    for table in pairs.now.form.tables:
        if table.id not in pairs.before.rows_of:
            continue
        lines = (*table.lines, *pairs.before.form.table(table.id).lines)
        subtotals = {line.id for line in lines if line.subtotal}
        rows = pairs.now.cells[pairs.now.rows_of[table.id]]
        cells = [cell for cell in rows if cell in pairs.before.index and cell[1] not in subtotals]
        if len(cells) < _SHARED_CELLS * len(table.cells):
            continue
        both = pairs.where(pairs.both_have(table.id))
        figures, status = both.beside(cells)
        reported, lost = status == REPORTED, (status == UNREADABLE).any(axis=0)
        equal = np.where(reported.all(axis=0), figures[0] == figures[1], reported[0] == reported[1])
        same, unread = (equal | lost).all(axis=0), lost.any(axis=0)
        flows = np.nan_to_num(figures[0, [column not in settings["stocks"] for *_, column in cells]])
        remarkable = _different(flows) >= settings["different_figures"][table.id]
        for outcome, message, which in (
            ("pass", "pass", ~same),
            ("pass", "few", same & ~remarkable),
            ("not_assessable", "not_assessable", same & remarkable & unread),
        ):
            for year, some in _by_year(both.where(which)):
                findings.note(some.reports, "XD", outcome, message=message, table=table, before=str(year))
        filled = np.count_nonzero(np.nan_to_num(figures[0]), axis=0)
        for at in np.flatnonzero(same & remarkable & ~unread).tolist():
            said: dict[str, Any] = {"before": str(both.years[at]), "count": str(filled[at])}
            findings.note(int(both.reports[at]), "XD", "fail", table=table, cells=cells, **said)


def _different(figures: Floats) -> Integers:
    """Return how many different figures each report has that are not zero."""
    return np.array([len(set(column) - {0.0}) for column in figures.T.tolist()], dtype=np.intp)


def _check_texts(reports: pd.DataFrame, found: Sequence[Pairs], texts: pd.DataFrame, findings: Findings) -> None:
    """Measure how much of the prose stood in the report of the year before."""
    require_columns(texts, ("agency", "year", "sketch"), "texts", "Panel.texts")
    known = texts[texts["year"].notna()]
    sketches = dict(zip(zip(known["agency"], known["year"].astype(int), strict=True), known["sketch"], strict=True))
    at_most = 100 * known_rule("XD").settings["text_reuse"]
    numbers, years = (np.concatenate([getattr(pairs, name) for pairs in found]).tolist() for name in ("reports", "years"))
    for report, year, agency in zip(numbers, years, reports["agency"].array.take(numbers), strict=True):
        later, earlier = (sketches.get((agency, one)) for one in (year + 1, year))
        share = None if later is None or earlier is None else reused_share(later, earlier)
        if share is not None:
            percent = int(100 * share)
            outcome, message = ("fail", "reused") if percent >= at_most else ("pass", "text")
            said: dict[str, Any] = {"before": str(year), "share": str(percent)}
            findings.note(report, "XD", outcome, message=message, reported=percent / 100, **said)
