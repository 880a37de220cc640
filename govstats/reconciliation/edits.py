"""The linear edits of a form, checked for all reports at once by a sparse matrix product."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from govstats.forms import CellKey, Edit, Form, Language
from govstats.reconciliation.findings import Findings, Floats, Integers, known_rule
from govstats.reconciliation.matrix import Layout, ReportMatrix
from govstats.reconciliation.wording import (
    cell_list,
    gap,
    in_both,
    number,
    quoted,
    subject,
    sum_text,
    term_labels,
    without_figure,
)

if TYPE_CHECKING:
    from scipy.sparse import csr_array

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
    operator : sparse array, shape (4 edits, 2 cells)
        Applied to figures (0 where unknown) stacked on unknown flags it gives, for each edit, the left sum, the right sum,
        how many unknown cells could still raise left − right, and how many could lower it.
    tolerance, equality, open_ended : array, shape (edits,)
        `open_ended` edits sum lines of a table to which the agency added lines of its own, which may belong to the sum.
    """

    edits: tuple[Edit, ...]
    cells: tuple[CellKey, ...]
    operator: csr_array
    tolerance: Floats
    equality: NDArray[np.bool_]
    open_ended: NDArray[np.bool_]


@cache
def system(form: Form, layout: Layout) -> System | None:
    """Return the edits that bind the reports of a layout, None where there are none."""
    # scipy takes longer to import than a report to read
    from scipy.sparse import csr_array

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
    nothing = np.zeros_like(weight)
    tables = [form.table(edit.table) for edit in edits]
    money = [
        table.open or any("元" in table.unit(line, column) for _, line, column in edit.cells)
        for table, edit in zip(tables, edits, strict=True)
    ]
    equality = np.array([edit.relation == "==" for edit in edits])
    return System(
        edits,
        cells,
        csr_array(np.block([[sides[0], nothing], [sides[1], nothing], [nothing, raising], [nothing, lowering]])),
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
    figures = matrix.value[np.ix_(rows, members)]
    unknown = np.isnan(figures)
    stacked = np.vstack([np.where(unknown, 0.0, figures), unknown])
    left, right, raising, lowering = (edits.operator @ stacked).reshape(4, len(edits.edits), len(members))

    surplus = left - right
    complete = (raising + lowering) == 0
    equality, tolerance = edits.equality[:, None], edits.tolerance[:, None]
    satisfied = np.where(equality, np.abs(surplus) <= tolerance, surplus >= -tolerance)
    # An unknown figure is not negative (unless its column is signed): it can only raise or only lower the surplus.
    too_low = (surplus < -tolerance) & (raising == 0) & ~edits.open_ended[:, None]
    too_high = equality & (surplus > tolerance) & (lowering == 0)
    failed, passed = too_low | too_high, complete & satisfied
    expected, reported = np.where(equality, left, right), np.where(equality, right, left)

    for row, edit in enumerate(edits.edits):
        speech = _Speech(matrix, members, edit, findings)
        has_table = matrix.has_table[edit.table][members]
        undecided = ~failed[row] & ~passed[row]
        cases: tuple[tuple[NDArray[np.bool_], Callable[[Integers], Integers | int], bool], ...] = (
            (passed[row], speech.passed, True),
            (failed[row], partial(speech.failed, expected[row], reported[row], "fail"), True),
            (undecided & has_table & complete[row], partial(speech.failed, expected[row], reported[row], "remainder"), True),
            (undecided & has_table & ~complete[row], speech.incomplete, False),
            (undecided & ~has_table, speech.no_table, False),
        )
        for which, worded, with_sides in cases:
            found = np.flatnonzero(which)
            if len(found):
                both = (expected[row, found], reported[row, found]) if with_sides else (np.nan, np.nan)
                findings.add(matrix.reports[members[found]], _POSITION + row, worded(found), *both)


class _Speech:
    """What one edit says of the reports of a layout, which are given by their positions in it."""

    def __init__(self, matrix: ReportMatrix, members: Integers, edit: Edit, findings: Findings) -> None:
        self.edit, self.findings = edit, findings
        self.table = matrix.form.table(edit.table)
        self.rows = np.array([matrix.index[cell] for cell in edit.cells])
        self.members = members
        self.matrix = matrix
        self.labels: dict[Language, dict[CellKey, str]] = {}

    def _labels(self, language: Language) -> dict[CellKey, str]:
        if language not in self.labels:
            self.labels[language] = term_labels(self.table, self.edit, language)
        return self.labels[language]

    def _wording(self, status: str, message: str, more: Callable[[Language], dict[str, str]] = lambda _: {}) -> int:
        if self.edit.relation == ">=" and f"{message} >=" in known_rule(self.edit.rule).messages:
            message = f"{message} >="
        fields = in_both(
            lambda language: {
                "subject": subject(self.table, self.edit, language),
                "table": self.table.title(language),
                **more(language),
            }
        )
        return self.findings.wording(
            self.edit.rule, status, fields, message=message, table=self.edit.table, cells=cell_list(self.edit.cells)
        )

    def passed(self, _: Integers) -> int:
        return self._wording("pass", "pass")

    def no_table(self, _: Integers) -> int:
        return self._wording("not_assessable", "no_table")

    def incomplete(self, found: Integers) -> Integers:
        """Word each combination of missing cells once, for all reports that have it."""
        states, which = np.unique(self.matrix.status[np.ix_(self.rows, self.members[found])], axis=1, return_inverse=True)

        def worded(state: NDArray[np.int8]) -> int:
            return self._wording("not_assessable", "not_assessable", lambda language: {"missing": self._missing(state, language)})

        return np.array([worded(state) for state in states.T], dtype=np.intp)[which.ravel()]

    def failed(self, expected: Floats, reported: Floats, message: str, found: Integers) -> Integers:
        """Word the two sides of each report."""
        return np.array([self._failed(one, expected[one], reported[one], message) for one in found.tolist()], dtype=np.intp)

    def _failed(self, report: int, expected: float, reported: float, message: str) -> int:
        figures = self.matrix.value[self.rows, self.members[report]]
        wording = self._wording(
            "fail" if message == "fail" else "not_assessable",
            message,
            lambda language: {
                "left": self._sum(self.edit.left, figures[: len(self.edit.left)], language),
                "right": self._sum(self.edit.right, figures[len(self.edit.left) :], language),
                "expected": number(expected),
                "reported": number(reported),
                "gap": gap(expected, reported, language),
            },
        )
        if np.isnan(figures).any():
            state, said, rule = (
                self.matrix.status[self.rows, self.members[report]],
                self.findings.wordings[wording],
                self.edit.rule,
            )
            self.findings.wordings[wording] = said._replace(
                message_zh=said.message_zh + known_rule(rule).say("even_so", "zh", missing=self._missing(state, "zh")),
                message_en=said.message_en + " " + known_rule(rule).say("even_so", "en", missing=self._missing(state, "en")),
            )
        return wording

    def _sum(self, terms: Sequence[tuple[str, str, str, int]], figures: Floats, language: Language) -> str:
        labels = self._labels(language)
        known = [
            (labels[table, line, column], coefficient, figure)
            for (table, line, column, coefficient), figure in zip(terms, figures.tolist(), strict=True)
            if not np.isnan(figure)
        ]
        return sum_text(known, language)

    def _missing(self, state: NDArray[np.int8], language: Language) -> str:
        """Name the cells without a figure."""
        labels = self._labels(language)
        return without_figure(zip((labels[cell] for cell in self.edit.cells), state.tolist(), strict=True), language)
