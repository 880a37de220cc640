"""The linear edits of a form, checked for all reports at once by a sparse matrix product."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray

from govstats.forms import CellKey, Edit, Form, Language
from govstats.reconciliation.findings import Findings, Floats, Integers, Wording, known_rule
from govstats.reconciliation.matrix import REPORTED, Layout, ReportMatrix
from govstats.reconciliation.wording import (
    Fields,
    Sum,
    cell_list,
    gap,
    in_both,
    number,
    quoted,
    subject,
    term_labels,
    without_figure,
)

#: The edits come after the structural rules among the findings of a report.
_POSITION = 1_000_000
#: In 万元: one fen. Counts are exact.
_ONE_FEN = 1e-6


@dataclass(frozen=True, eq=False)
class System:
    """The edits of one layout as a matrix.

    Attributes
    ----------
    edits : tuple of Edit
    cells : tuple of (table, line, column)
        The cells that the edits mention.
    sides : array, shape (2, edits, cells)
        The coefficients of the left and of the right side.
    raising, lowering : array, shape (edits, cells)
        1 where an unknown figure could still raise left − right, or lower it.
    tolerance, equality, open_ended : array, shape (edits,)
        `open_ended` edits sum lines of a table to which the agency added lines of its own, which may belong to the sum.
    """

    edits: tuple[Edit, ...]
    cells: tuple[CellKey, ...]
    sides: Floats
    raising: Floats
    lowering: Floats
    tolerance: Floats
    equality: NDArray[np.bool_]
    open_ended: NDArray[np.bool_]

    @cached_property
    def weights(self) -> Floats:
        """The coefficients of left − right, shape (edits, cells)."""
        weights: Floats = self.sides[0] - self.sides[1]
        return weights

    @cached_property
    def _steps(self) -> Sequence[tuple[Integers, Integers, Floats]]:
        """The first term of every side, then the second of those that have two, and so on: sides, cells, coefficients."""
        rows = self.sides.reshape(-1, len(self.cells))
        terms = [np.flatnonzero(row) for row in rows]
        steps = []
        for step in range(max(map(len, terms))):
            side = np.array([at for at, cells in enumerate(terms) if len(cells) > step])
            cell = np.array([terms[at][step] for at in side])
            steps.append((side, cell, rows[side, cell, None]))
        return steps

    def sums(self, figures: Floats) -> Floats:
        """Return the left and the right sums of reports, shape (2, edits, reports), of figures with shape (cells, reports).

        A sum is added up term by term: a product by blocks depends in its last bit on how many reports stand beside it.
        """
        # to import scipy.sparse would take longer than all that a report asks for
        sums = np.zeros((2 * len(self.edits), figures.shape[1]))
        for side, cell, coefficient in self._steps:
            sums[side] += coefficient * figures[cell]
        return sums.reshape(2, len(self.edits), -1)


@cache
def system(form: Form, layout: Layout) -> System | None:
    """Return the edits that bind the reports of a layout, None where there are none."""
    edits = tuple(
        edit
        for edit in form.edits(layout.printed)
        if not any((table, column) in layout.unused_columns for table, _, column in edit.cells)
    )
    if not edits:
        return None
    cells = tuple(dict.fromkeys(cell for edit in edits for cell in edit.cells))
    column_of = {cell: column for column, cell in enumerate(cells)}
    sides = np.zeros((2, len(edits), len(cells)))
    signed = np.zeros(len(cells), dtype=bool)
    for row, edit in enumerate(edits):
        for side, terms in zip(sides, (edit.left, edit.right), strict=True):
            for table, line, column, coefficient in terms:
                side[row, column_of[table, line, column]] += coefficient
    for cell, place in column_of.items():
        signed[place] = form.table(cell[0]).column[cell[2]].signed
    weight = sides[0] - sides[1]
    raising = (weight > 0) | ((weight != 0) & signed)
    lowering = (weight < 0) | ((weight != 0) & signed)
    tables = [form.table(edit.table) for edit in edits]
    money = [
        table.open or any("元" in table.unit(line, column) for _, line, column in edit.cells)
        for table, edit in zip(tables, edits, strict=True)
    ]
    equality = np.array([edit.relation == "==" for edit in edits])
    return System(
        edits,
        cells,
        sides,
        raising.astype(float),
        lowering.astype(float),
        np.where(money, _ONE_FEN, 0.0),
        equality,
        equality & np.array([edit.table in layout.own_lines for edit in edits]),
    )


def check_edits(matrix: ReportMatrix, findings: Findings) -> None:
    """Add a finding for every edit of every report."""
    for table in matrix.form.tables:
        if table.open:
            _absent_annex(matrix, table.id, findings)
    for members, layout in matrix.layouts():
        edits = system(matrix.form, layout)
        if edits is not None:
            _check(matrix, members, edits, findings)


def _absent_annex(matrix: ReportMatrix, table: str, findings: Findings) -> None:
    """Say once for each rule that an open table is absent: it has no edits before its lines are known."""
    annex = matrix.form.table(table)
    absent = matrix.reports[~matrix.has_table[table]]
    for position, rule in enumerate(dict.fromkeys(template["rule"] for template in annex.edit_templates)):
        fields = in_both(lambda language: {"subject": quoted(annex.title(language), language), "table": annex.title(language)})
        findings.add(
            absent, _POSITION + position, findings.wording(rule, "not_assessable", fields, message="no_table", table=table)
        )


def _check(matrix: ReportMatrix, members: Integers, edits: System, findings: Findings) -> None:
    rows = np.array([matrix.index[cell] for cell in edits.cells])
    figures = matrix.part(matrix.value, rows, members)
    unknown = np.isnan(figures)
    raising = lowering = np.zeros((len(edits.edits), 1))
    if (lacking := unknown.any(axis=1)).any():
        figures = np.where(unknown, 0.0, figures)
        raising, lowering = (side[:, lacking] @ unknown[lacking] for side in (edits.raising, edits.lowering))
    left, right = edits.sums(figures)

    surplus = left - right
    complete = np.broadcast_to((raising + lowering) == 0, surplus.shape)
    equality, tolerance = edits.equality[:, None], edits.tolerance[:, None]
    satisfied = np.where(equality, np.abs(surplus) <= tolerance, surplus >= -tolerance)
    # An unknown figure is not negative (unless its column is signed): it can only raise or only lower the surplus.
    too_low = (surplus < -tolerance) & (raising == 0) & ~edits.open_ended[:, None]
    too_high = equality & (surplus > tolerance) & (lowering == 0)
    failed, passed = too_low | too_high, complete & satisfied
    expected, reported = np.where(equality, left, right), np.where(equality, right, left)

    wording = np.empty(surplus.shape, dtype=np.intp)
    wording[...] = findings.say(_passed(matrix.form, edits)) + np.arange(len(edits.edits))[:, None]
    for row in np.flatnonzero(~passed.all(axis=1)).tolist():
        speech = _speech(matrix.form, edits.edits[row])
        has_table = matrix.has_table[speech.edit.table][members]
        undecided = ~failed[row] & ~passed[row]
        for message, which in (
            ("fail", failed[row]),
            ("remainder", undecided & has_table & complete[row]),
            ("not_assessable", undecided & has_table & ~complete[row]),
            ("no_table", undecided & ~has_table),
        ):
            found = np.flatnonzero(which)
            if not len(found):
                continue
            places = np.array([matrix.index[cell] for cell in speech.edit.cells])
            status = matrix.status[np.ix_(places, members[found])]
            if message in {"fail", "remainder"}:
                values = matrix.value[np.ix_(places, members[found])]
                said = speech.sides(message, values, status, expected[row, found], reported[row, found])
                wording[row, found] = findings.say(said) + np.arange(len(said))
                continue
            expected[row, found] = reported[row, found] = np.nan
            # each combination of missing cells is worded once, for all reports that have it
            states, same = np.unique(status, axis=1, return_inverse=True)
            wording[row, found] = findings.say([speech.incomplete(message, state) for state in states.T.tolist()]) + same.ravel()
    findings.add(matrix.reports[members], _POSITION + np.arange(len(edits.edits))[:, None], wording, expected, reported)


@cache
def _passed(form: Form, edits: System) -> tuple[Wording, ...]:
    """Word what is said of the reports that an edit holds for, which is the same of all of them."""
    return tuple(_speech(form, edit).wording("pass", "pass") for edit in edits.edits)


@cache
def _speech(form: Form, edit: Edit) -> _Speech:
    return _Speech(form, edit)


class _Speech:
    """What an edit says of reports."""

    def __init__(self, form: Form, edit: Edit) -> None:
        self.edit, self.rule, table = edit, known_rule(edit.rule), form.table(edit.table)
        self.cells = cell_list(edit.cells)
        self.labels: dict[Language, list[str]] = {}
        self.fields: Fields = in_both(
            lambda language: {"subject": subject(table, edit, language), "table": table.title(language)}
        )
        for language in self.fields:
            labels = term_labels(form, edit, language)
            self.labels[language] = [labels[cell] for cell in edit.cells]
        signs, parts = [sign for *_, sign in edit.left + edit.right], len(edit.left)
        self.left = Sum({language: labels[:parts] for language, labels in self.labels.items()}, signs[:parts])
        self.right = Sum({language: labels[parts:] for language, labels in self.labels.items()}, signs[parts:])

    def wording(self, status: str, message: str, more: Callable[[Language], dict[str, str]] = lambda _: {}) -> Wording:
        if self.edit.relation == ">=" and f"{message} >=" in self.rule.messages:
            message = f"{message} >="
        fields = {language: {**fixed, **more(language)} for language, fixed in self.fields.items()}
        return self.rule.wording(status, fields, message=message, table=self.edit.table, cells=self.cells)

    def incomplete(self, message: str, state: Sequence[int]) -> Wording:
        """Word that it cannot be assessed: the table is not there, or cells of it."""
        return self.wording("not_assessable", message, lambda language: {"missing": self._missing(state, language)})

    def sides(self, message: str, figures: Floats, status: NDArray[np.int8], expected: Floats, reported: Floats) -> list[Wording]:
        """Word the two sides of each report; figures and statuses have a row a cell."""
        sums = zip(expected.tolist(), reported.tolist(), np.round(reported - expected, 6).tolist(), strict=True)
        reports = zip(figures.T.tolist(), status.T.tolist(), sums, strict=True)
        return [self._sides(message, *report) for report in reports]

    def _sides(self, message: str, figures: list[float], state: list[int], sums: tuple[float, float, float]) -> Wording:
        expected, reported = number(sums[0]), number(sums[1])
        parts = len(self.edit.left)
        left, right = self.left.texts(figures[:parts]), self.right.texts(figures[parts:])
        said = self.wording(
            "fail" if message == "fail" else "not_assessable",
            message,
            lambda language: {
                "left": left[language],
                "right": right[language],
                "expected": expected,
                "reported": reported,
                "gap": gap(sums[2], language),
            },
        )
        if any(one != REPORTED for one in state):
            said = said._replace(
                message_zh=said.message_zh + self.rule.say("even_so", "zh", missing=self._missing(state, "zh")),
                message_en=said.message_en + " " + self.rule.say("even_so", "en", missing=self._missing(state, "en")),
            )
        return said

    def _missing(self, state: Sequence[int], language: Language) -> str:
        """Name the cells without a figure."""
        return without_figure(zip(self.labels[language], state, strict=True), language)
