"""The rules that hold the report of a year against that of the year before, for all pairs of years at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from govstats.forms import CellKey, Edit, Language, cell_key
from govstats.reconciliation.edits import Pairs, alone, check_edit, edit_labels, linear_edits, pairs_of_years, severity
from govstats.reconciliation.findings import Findings, Floats
from govstats.reconciliation.matrix import ABSENT, REPORTED, UNREADABLE, ReportMatrix, keys_of, report_numbers
from govstats.reconciliation.prose import Said, of_another_circle
from govstats.reconciliation.reuse import reused_passages
from govstats.reconciliation.rulebook import having, known_rule
from govstats.reconciliation.wording import number, phrase

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
    for matrix in matrices if said else ():
        _check_against_claims_alone(matrix, found, findings, stand_ins)
    if texts is not None and found:
        _check_texts(reports, found, texts, findings)


# --- edits across years -----------------------------------------------------------------------------------------------------


def _check_edits(pairs: Pairs, findings: Findings, stand_ins: StandIns) -> None:
    checked: set[str] = set()
    edits = linear_edits(pairs.now, pairs.before, having("edits", findings.rules))
    for edit in (edit for edit in edits if edit.offsets):
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
        asked = [(agency, year + offset, cell) for cell, offset in (edit.places[at] for at in missing)]
        if not self.said.keys() >= set(asked):
            return None
        filled = figures.copy()
        filled[missing] = [self.said[key][0] for key in asked]

        def names(language: Language) -> str:
            labels = edit_labels(report.now.form, edit, language)
            return phrase("comma", language).join(labels[at] for at in missing)

        quote = "；".join(dict.fromkeys(self.said[key][1] for key in asked))
        return filled, {"severity": _MILDER[severity(edit)], "missing": names, "quote": quote}


def _check_against_claims_alone(matrix: ReportMatrix, found: Sequence[Pairs], findings: Findings, stand_ins: StandIns) -> None:
    """Hold reports whose year before is not at hand against what the prose says of it."""
    told = {(agency, year + 1) for agency, year, _ in stand_ins.said}
    paired = {number for pairs in found for number in pairs.reports.tolist()}
    keys = keys_of(stand_ins.reports.iloc[matrix.reports], ("agency", "year"))
    spoken_of = [(at, key[1] - 1) for at, key in enumerate(keys) if key in told and matrix.reports[at] not in paired]
    reports = alone(matrix, *np.array(spoken_of, dtype=np.intp).reshape(-1, 2).T)
    for edit in linear_edits(matrix, matrix, stand_ins.rules.values()) if spoken_of else ():
        values, _ = reports.figures(edit.places)
        filled = [stand_ins(edit, reports.where([place]), values[:, place]) is not None for place in range(len(spoken_of))]
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
    _note_years("XO", "pass", pairs.where(~np.isnan(least).all(axis=0) & ~apart.any(axis=0)), findings)


def _note_both(rule: str, pairs: Pairs, cell: CellKey, findings: Findings, *, message: str = "") -> None:
    """Add a failure that names the figures of the two years."""
    table = pairs.now.form.table(cell[0])
    for report, year, (now, before) in zip(pairs.reports, pairs.years, pairs.beside([cell])[0][:, 0].T.tolist(), strict=True):
        said: dict[str, Any] = {"left": number(before), "right": number(now), "expected": before, "reported": now}
        findings.note(report, rule, "fail", message=message, table=table, cells=[cell], before=str(year), **said)


def _note_years(rule: str, status: str, pairs: Pairs, findings: Findings, **about: Any) -> None:
    """Add a finding for each report, which names the year before."""
    for year in np.unique(pairs.years).tolist():
        findings.note(pairs.where(pairs.years == year).reports, rule, status, before=str(year), **about)


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
        now = np.nan_to_num(figures[0])
        flows = now[[column not in settings["stocks"] for *_, column in cells]]
        different = np.array([len(set(column) - {0.0}) for column in flows.T.tolist()], dtype=np.intp)
        remarkable = same & (different >= settings["different_figures"][table.id])
        _note_years("XD", "pass", both.where(~same), findings, table=table)
        _note_years("XD", "pass", both.where(same & ~remarkable), findings, message="few", table=table)
        _note_years("XD", "not_assessable", both.where(remarkable & unread), findings, table=table)
        for at in np.flatnonzero(remarkable & ~unread).tolist():
            said: dict[str, Any] = {"before": str(both.years[at]), "count": str(np.count_nonzero(now[:, at]))}
            findings.note(both.reports[at], "XD", "fail", table=table, cells=cells, **said)


def _check_texts(reports: pd.DataFrame, found: Sequence[Pairs], texts: pd.DataFrame, findings: Findings) -> None:
    """Measure how much of the prose stood in the report of the year before."""
    reused, at_most = reused_passages(texts), 100 * known_rule("XD").settings["text_reuse"]
    numbers, rows = report_numbers(reports, reused)
    shares = dict(zip(numbers.tolist(), (reused["reused_passages"] / reused["passages"]).iloc[rows].tolist(), strict=True))
    for report, year in (both for pairs in found for both in zip(pairs.reports.tolist(), pairs.years.tolist(), strict=True)):
        if report in shares:
            percent = int(100 * shares[report])
            outcome, message = ("fail", "reused") if percent >= at_most else ("pass", "text")
            said: dict[str, Any] = {"before": str(year), "share": str(percent)}
            findings.note(report, "XD", outcome, message=message, reported=percent / 100, **said)
