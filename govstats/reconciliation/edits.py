"""The linear edits of a form, and those over two years of an agency, checked for many reports at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import cache, partial
from itertools import compress
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from govstats.forms import CellKey, Edit, Form, Language, Table, cell_key
from govstats.reconciliation import findings as wording
from govstats.reconciliation.findings import Findings, Rule, Words
from govstats.reconciliation.matrix import ABSENT, REPORTED, ByForm, Layout, ReportMatrix, keys_of
from govstats.reconciliation.prose import Said, of_another_circle, of_cells
from govstats.reconciliation.rulebook import edits_of, having, known_rule
from govstats.reconciliation.solver import Flags, Floats, Integers, Rows, as_rows, can_hold, conflict, kinds

_MILDER = {"E": "W", "W": "I", "I": "I"}


class Pairs(NamedTuple):
    """Reports on one form, each with that of the year before, which are all on one form too.

    Attributes
    ----------
    now, before : ReportMatrix
    at, was : array
        Their positions in the two matrices; -1 where there is none of the year before.
    years : array
        The year before.
    """

    now: ReportMatrix
    before: ReportMatrix
    at: Integers
    was: Integers
    years: Integers

    @property
    def reports(self) -> Integers:
        """The numbers of the later reports."""
        return self.now.reports[self.at]

    def figures(self, places: Sequence[tuple[CellKey, int]]) -> tuple[Floats, NDArray[np.int8]]:
        """Return the figures of cells, each of this year (0) or that before (-1), and their statuses, shape (cells, reports)."""
        values, status = np.full((len(places), len(self.at)), np.nan), np.full((len(places), len(self.at)), ABSENT, dtype=np.int8)
        for year, matrix, at in ((0, self.now, self.at), (-1, self.before, self.was)):
            mine = [number for number, (_, of) in enumerate(places) if of == year]
            if mine:
                rows = matrix.rows_at(places[number][0] for number in mine)
                values[mine] = np.where(at >= 0, matrix.value[rows][:, at], np.nan)
                status[mine] = np.where(at >= 0, matrix.status[rows][:, at], ABSENT)
        return values, status

    def corrected(self, places: Sequence[tuple[CellKey, int]], at: int) -> list[bool]:
        """Tell which cells of one of the pairs have a figure of a correction."""
        of = {0: (self.now, self.at[at]), -1: (self.before, self.was[at])}
        return [(of[year][0].index[cell], int(of[year][1])) in of[year][0].corrected for cell, year in places]

    def beside(self, cells: Collection[CellKey]) -> tuple[Floats, NDArray[np.int8]]:
        """Return the figures of cells in this year and the one before, and their statuses, shape (2, cells, reports)."""
        values, status = zip(*(self.figures([(cell, year) for cell in cells]) for year in (0, -1)), strict=True)
        return np.stack(values), np.stack(status)

    def has_table(self, table: str) -> Flags:
        """Tell which of the later reports have a table."""
        return self.now.has_table[table][self.at]

    def both_have(self, table: str) -> Flags:
        """Tell of which pairs both reports have a table."""
        return self.has_table(table) & self.before.has_table[table][self.was]

    def where(self, chosen: Flags | Integers | list[int]) -> Pairs:
        """Return some of the pairs."""
        return self._replace(at=self.at[chosen], was=self.was[chosen], years=self.years[chosen])


def alone(matrix: ReportMatrix, at: Integers) -> Pairs:
    """Return reports without those of the year before."""
    return Pairs(matrix, matrix, at, np.full(len(at), -1), np.zeros(len(at), dtype=np.intp))


def pairs_of_years(by_form: ByForm, told: Collection[tuple[Any, int]] = ()) -> list[Pairs]:
    """Find for each report that of the same agency and the year before.

    Parameters
    ----------
    by_form : ByForm
    told : collection of (agency, year)
        Of what the prose speaks: such a year stands without a report too.

    Returns
    -------
    list of Pairs
        One for each two forms.
    """
    places, keys = by_form.located(), list(keys_of(by_form.reports, ("agency", "year")))
    found = defaultdict[tuple[ReportMatrix, ReportMatrix], list[tuple[int, int, int]]](list)
    for matrix in by_form.matrices:
        for at, number in enumerate(matrix.reports.tolist()):
            if None in keys[number]:
                continue
            year_before = (keys[number][0], keys[number][1] - 1)
            before = places.get(year_before)
            if before is not None:
                found[matrix, before.matrix].append((at, before.at, year_before[1]))
            elif year_before in told:
                found[matrix, matrix].append((at, -1, year_before[1]))
    return [Pairs(*both, *np.array(some).T) for both, some in found.items()]


@cache
def edits_on(form: Form, layout: Layout) -> tuple[Edit, ...]:
    """Return the edits that bind the reports of a layout."""
    unused = layout.unused_columns
    return tuple(edit for edit in form.edits(layout.printed) if not any((key[0], key[2]) in unused for key in edit.cells))


def open_ended(edit: Edit, layout: Layout) -> bool:
    """Tell whether an edit sums lines of a table to which the agency added lines of its own, which may belong to the sum."""
    return edit.relation == "==" and edit.table in layout.own_lines


@cache
def closed(form: Form, layout: Layout) -> tuple[Edit, ...]:
    """Return the edits that bind the reports of a layout whatever the agency added."""
    return tuple(edit for edit in edits_on(form, layout) if not open_ended(edit, layout))


def rows_on(form: Form, edits: Collection[Edit], cells: Iterable[CellKey] = ()) -> Rows:
    """Return edits of one year as rows over their cells and more."""
    own = list(dict.fromkeys((*(cell for edit in edits for cell in edit.cells), *cells)))
    return as_rows(edits, [(cell, 0) for cell in own], *kinds(form, own))


@cache
def systems_on(form: Form, layout: Layout, cells: tuple[CellKey, ...], more: tuple[Edit, ...]) -> Sequence[Rows]:
    """Return the edits of a layout and more in groups, and each cell that is in none; what agencies add leaves a sum open."""
    return rows_on(form, (*closed(form, layout), *more), cells).parted()


def linear_edits(now: ReportMatrix, before: ReportMatrix, rules: Iterable[Rule]) -> list[Edit]:
    """Return the edits of rules that bind reports on two forms, in the order of the rules."""
    edits = (edit for rule in rules for edit in edits_of(rule, now.form, before.form, now.own_lines))
    return [edit for edit in edits if all(cell in (before if year else now).index for cell, year in edit.places)]


def severity(edit: Edit) -> str:
    """Return the severity of an edit: its own, else that of its rule."""
    return edit.severity or known_rule(edit.rule).severity


def sums(edit: Edit, values: Floats) -> tuple[Floats, Floats]:
    """Return the left and the right sums of reports; `values` has shape (cells, reports)."""
    sides = np.zeros((2, values.shape[1]))
    # term by term: a product by blocks depends in its last bit on how many reports stand beside it
    for at, (*_, sign) in enumerate(edit.left + edit.right):
        sides[int(at >= len(edit.left))] += sign * values[at]
    return sides[0], sides[1]


class Outcome(NamedTuple):
    """What becomes of an edit in each report: what is expected and reported, whether it holds, and whether it cannot.

    Expected is the sum of the parts, the lower bound of an inequality; what is unknown is left out of both sides.
    """

    expected: Floats
    reported: Floats
    passed: Flags
    failed: Flags


@cache
def _row_of(form: Form, edit: Edit) -> Rows:
    """Return an edit as a row over its terms."""
    return Rows(np.array([[factor for _, factor in edit.terms]]), np.array([edit.relation == "=="]), *kinds(form, edit.cells))


def assess(edit: Edit, values: Floats, form: Form, *, may_have_more: bool = False) -> Outcome:
    """Assess for which reports an edit holds, and for which it cannot; neither where it depends on figures that are not known."""
    unknown = np.isnan(values)
    left, right = sums(edit, np.where(unknown, 0.0, values))
    (broken,) = _row_of(form, edit).broken(values)
    # where a side has no figure at all there is nothing to compare
    parts = [side for side in (unknown[: len(edit.left)], unknown[len(edit.left) :]) if len(side)]
    nothing = np.logical_or.reduce([side.all(axis=0) for side in parts])
    sides = (left, right) if edit.relation == "==" else (right, left)
    return Outcome(*sides, ~(unknown.any(axis=0) | broken), broken & ~nothing & ~(may_have_more & (left < right)))


class Conflict(NamedTuple):
    """Edits of a table that can hold one by one but not together; none where the cells without a figure can be filled."""

    at: int
    table: str
    edits: tuple[Edit, ...]

    @property
    def cells(self) -> list[CellKey]:
        """The cells of the edits."""
        return list(dict.fromkeys(cell for edit in self.edits for cell in edit.cells))


def conflicts(matrix: ReportMatrix) -> Iterator[Conflict]:
    """Yield for each report and table with cells that lack a figure whether they can be filled so that all edits hold together.

    What fails alone is left out, and so is a figure that is no count or amount: other rules say so.
    """
    for members, layout in matrix.layouts:
        for table in matrix.form.tables:
            mine = rows_on(matrix.form, [edit for edit in closed(matrix.form, layout) if edit.table == table.id])
            values = matrix.value[np.ix_(matrix.rows_at(mine.cells), members)]
            empty = np.isnan(values)
            some = np.flatnonzero(empty.any(axis=0) & ~empty.all(axis=0))
            for at in some.tolist():
                yield Conflict(int(members[at]), table.id, _conflict(mine, values[:, at]))


def _conflict(mine: Rows, values: Floats) -> tuple[Edit, ...]:
    """Return edits that cannot hold together, first among those that cannot but be right."""
    if can_hold(mine, values):
        return ()
    values = np.where(mine.outside(values), np.nan, values)
    holding = np.flatnonzero(~mine.broken(values)).tolist()
    sure = [number for number in holding if severity(mine.edits[number]) == "E"]
    return conflict(mine.only(sure), values) or conflict(mine.only(holding), values)


def check_together(matrix: ReportMatrix, findings: Findings) -> None:
    """Add a finding for each report and table with cells that lack a figure: whether all edits can hold together."""
    for one in conflicts(matrix):
        table, cells = matrix.form.table(one.table), one.cells
        said: dict[str, Any] = {}
        if cells:
            state = matrix.status[matrix.rows_at(cells), one.at].tolist()
            # where the mildest of them does not hold, the others may
            said["severity"] = max(map(severity, one.edits), key="EWI".index)
            said["missing"] = wording.cells_without_figure(table, cells, state)
            said["edits"] = partial(_edits_named, table, one.edits)
        findings.note(int(matrix.reports[one.at]), "TJ", "fail" if cells else "pass", table=table, cells=cells, **said)


def _edits_named(table: Table, edits: Sequence[Edit], language: Language) -> str:
    return wording.listed((f"{one.rule} {wording.subject(table, one, language)}" for one in edits), language, limit=len(edits))


def check_edits(matrix: ReportMatrix, findings: Findings) -> None:
    """Add a finding for every edit of every report."""
    for table in matrix.form.tables:
        # an open table that is absent has no edits before its lines are known: this is said once for each rule
        for rule in dict.fromkeys(template["rule"] for template in table.edit_templates) if table.open else ():
            absent, about = matrix.reports[~matrix.has_table[table.id]], partial(wording.titled, table)
            findings.note(absent, rule, "not_assessable", message="no_table", table=table, subject=about)
    for members, layout in matrix.layouts:
        for edit in edits_on(matrix.form, layout):
            check_edit(edit, alone(matrix, members), findings, may_have_more=open_ended(edit, layout))
    check_together(matrix, findings)
    for edit in linear_edits(matrix, matrix, having("edits", findings.rules)):
        if not edit.offsets:
            check_edit(edit, alone(matrix, np.arange(len(matrix.reports))), findings)


def check_edit(
    edit: Edit, pairs: Pairs, findings: Findings, *, may_have_more: bool = False, stand_in: StandIns | None = None
) -> None:
    """Add what becomes of one edit in each of the reports.

    Parameters
    ----------
    edit : Edit
    pairs : Pairs
    findings : Findings
    may_have_more : bool
        The sum may have parts that the edit does not name.
    stand_in : StandIns, optional
        What the prose says in the place of figures that are missing.
    """
    form, table, messages = pairs.now.form, pairs.now.form.table(edit.table), findings.rules[edit.rule].messages
    cells, subject = [cell for cell, year in edit.places if year == 0], partial(wording.subject, table, edit)
    note = partial(findings.note, rule=edit.rule, table=table, cells=cells, severity=edit.severity, subject=subject)
    # what inequalities say otherwise has a message of its own
    worded = {name: f"{name} >=" if edit.relation == ">=" and f"{name} >=" in messages else name for name in ("pass", "fail")}
    values, status = pairs.figures(edit.places)
    told = assess(edit, values, form, may_have_more=may_have_more)
    complete = (status == REPORTED).all(axis=0)
    expected, reported = told.expected[told.passed], told.reported[told.passed]
    note(pairs.reports[told.passed], status="pass", message=worded["pass"], expected=expected, reported=reported)
    for at in np.flatnonzero(~told.passed).tolist():
        one, state = pairs.where([at]), status[:, at].tolist()
        if told.failed[at] or complete[at]:
            outcome, message = ("fail", worded["fail"]) if told.failed[at] else ("not_assessable", "remainder")
            fields = _sides(edit, one, values[:, at]) | _corrected(edit, one, state)
        elif stand_in and (filled := stand_in(edit, one, values[:, at])) is not None:
            outcome, message = "pass" if assess(edit, filled[0][:, None], form).passed[0] else "fail", ""
            fields = _sides(edit, one, filled[0]) | filled[1] | {"also": ["stood_in"]}
        elif one.was[0] >= 0 or not edit.offsets:
            lost = edit.subject and set(state) == {ABSENT} and not one.has_table(edit.table)[0]
            outcome, message, fields = "not_assessable", "no_table" if lost else "", {"missing": _missing(form, edit, state)}
        else:
            continue
        note(int(pairs.reports[at]), status=outcome, message=message, **fields)


def _sides(edit: Edit, report: Pairs, figures: Floats) -> dict[str, Any]:
    """Return both sides of an edit of one report, as figures and written out, and the year before."""
    form, size = report.now.form, len(edit.left)
    expected, reported, *_ = (float(side[0]) for side in assess(edit, figures[:, None], form))
    signs = [sign for *_, sign in edit.left + edit.right]

    def written(side: slice, language: Language) -> str:
        labels = edit_labels(form, edit, language)[side]
        return wording.sum_text(labels, figures[side].tolist(), language, coefficients=signs[side])

    left, right = (partial(written, side) for side in (slice(size), slice(size, None)))
    return {"expected": expected, "reported": reported, "left": left, "right": right, "before": str(report.years[0])}


def _corrected(edit: Edit, report: Pairs, state: Sequence[int]) -> dict[str, Any]:
    """Return what is said of the figures of one report that are corrected, and of the cells that have none."""
    changed = report.corrected(edit.places, 0)
    given = "corrected" if any(changed[len(edit.left) :]) else "printed"

    def named(language: Language) -> str:
        return wording.listed(dict.fromkeys(compress(edit_labels(report.now.form, edit, language), changed)), language)

    also = ["even_so"] * any(one != REPORTED for one in state) + ["as_corrected"] * any(changed)
    fields = {"printed": partial(wording.phrase, given), "printed_as": partial(wording.phrase, f"{given}_as")}
    return fields | {"missing": _missing(report.now.form, edit, state), "corrected": named, "also": also}


def _missing(form: Form, edit: Edit, state: Sequence[int]) -> Words:
    """Name the cells without a figure."""
    return lambda language: wording.without_figure(zip(edit_labels(form, edit, language), state, strict=True), language)


@cache
def edit_labels(form: Form, edit: Edit, language: Language) -> list[str]:
    """Name the cells of an edit; of two years those of the year before as such."""
    labels = wording.apart(form, edit.cells, language)
    if not edit.offsets:
        return labels
    quoted = [wording.quoted(label, language) for label in labels]
    named = zip(quoted, edit.offsets, strict=True)
    return [wording.phrase("last_year", language, cell=label) if year else label for label, year in named]


# --- over two years ---------------------------------------------------------------------------------------------------------


def check_edits_over_years(by_form: ByForm, findings: Findings, said: Sequence[Said]) -> None:
    """Add a finding for every edit on two years; what the prose says stands in for figures that a table lacks."""
    stand_ins = StandIns(by_form.reports, said)
    for pairs in pairs_of_years(by_form, {(agency, year) for agency, year, _ in stand_ins.said}):
        checked: set[str] = set()
        edits = linear_edits(pairs.now, pairs.before, having("edits", findings.rules))
        for edit in (edit for edit in edits if edit.offsets):
            stand_in = stand_ins if edit.rule in stand_ins.rules else None
            chosen = pairs if stand_in else pairs.where(pairs.was >= 0)
            if pairs.now.form.table(edit.table).open:
                # of an open table only those lines are compared that both years print
                chosen = chosen.where((chosen.figures(edit.places)[1] != ABSENT).all(axis=0))
            elif edit.rule in checked:
                # a table that is not there is said to be so once for each rule
                chosen = chosen.where(chosen.both_have(edit.table) | (chosen.was < 0))
            check_edit(edit, chosen, findings, stand_in=stand_in)
            checked.add(edit.rule)


class StandIns:
    """Figures that the prose claims, for edits across years whose table lacks one."""

    def __init__(self, reports: pd.DataFrame, said: Sequence[Said]) -> None:
        self.reports = reports
        self.rules = {rule.id for rule in having("claims_stand_in")}
        #: The figure of each agency, year and cell of which the prose names one only, exactly, and where it does so first.
        self.said: dict[tuple[Any, int, CellKey], tuple[float, str]] = {}
        for (agency, year, target), claims in of_cells(said).items():
            mine = [one for one in claims if not one.qualifier and not of_another_circle(agency, one.scope)]
            exact = {one.value: one.quote for one in reversed(mine) if one.low == one.value == one.high}
            if year is not None and len(exact) == 1:
                self.said[agency, year, cell_key(target)] = next(iter(exact.items()))

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
            return wording.phrase("comma", language).join(labels[at] for at in missing)

        quote = "；".join(dict.fromkeys(self.said[key][1] for key in asked))
        return filled, {"severity": _MILDER[severity(edit)], "missing": names, "quote": quote}
