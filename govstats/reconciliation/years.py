"""The rules that hold the report of a year against that of the year before, for all pairs of years at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache, cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from govstats.errors import require_columns
from govstats.forms import CellKey, Edit, Form, Language, Line, Table, form, versions
from govstats.reconciliation.findings import Findings, Floats, Integers, Wording, known_rule
from govstats.reconciliation.matrix import ABSENT, REPORTED, UNREADABLE, ReportMatrix
from govstats.reconciliation.prose import Said, of_another_circle
from govstats.reconciliation.reuse import reused_share
from govstats.reconciliation.wording import (
    Fields,
    Sum,
    cell_label,
    cell_list,
    gap,
    in_both,
    number,
    quoted,
    subject,
    term_labels,
    without_figure,
)

#: The rules across years come after those of the prose among the findings of a report, but for the unit of amounts.
_POSITION = {"S05": 949_000, "XO": 8_000_000, "XD": 8_100_000}
#: Rules whose edits across years stand in ``rules.toml``.
LINEAR = ("T3Y", "T4Y", "T4P", "T2Y", "T2O2", "A02")
_POSITION |= {rule: 7_000_000 + 100_000 * order for order, rule in enumerate(LINEAR)}
#: In 万元: one fen. Counts are exact.
_ONE_FEN = 1e-6
_BEFORE = "before."
_MILDER = {"E": "W", "W": "I", "I": "I"}
#: A table that shares fewer of its cells with the form of the year before is another table.
_SHARED_CELLS = 0.8


class Pairs(NamedTuple):
    """Reports of one form, each with that of the year before, which are all of one form too.

    Attributes
    ----------
    now, before : ReportMatrix
    at, was : array
        Their positions in the two matrices.
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

    def side(self, cell: CellKey, *, before: bool) -> tuple[Floats, NDArray[np.int8]]:
        """Return the figures of a cell in one of the two years, and their statuses."""
        matrix, members = (self.before, self.was) if before else (self.now, self.at)
        row = matrix.index[cell]
        return matrix.value[row, members], matrix.status[row, members]

    def where(self, chosen: NDArray[np.bool_] | Integers) -> Pairs:
        """Return some of the pairs."""
        return self._replace(at=self.at[chosen], was=self.was[chosen], years=self.years[chosen])


class YearEdit(NamedTuple):
    """An edit over the cells of two years; `before` tells for each of its cells whether it is of the year before."""

    edit: Edit
    before: tuple[bool, ...]
    severity: str


def pairs_of_years(reports: pd.DataFrame, matrices: Sequence[ReportMatrix]) -> list[Pairs]:
    """Find for each report that of the same agency and the year before.

    Parameters
    ----------
    reports : DataFrame
        Agency and year of each report number.
    matrices : sequence of ReportMatrix

    Returns
    -------
    list of Pairs
        One for each two forms, in the order of the matrices.
    """
    agency = pd.factorize(reports["agency"].array)[0]
    year = reports["year"].to_numpy(dtype=float, na_value=np.nan)
    known = np.flatnonzero((agency >= 0) & ~np.isnan(year))
    key = np.full(len(reports), -1, dtype=np.int64)
    key[known] = agency[known].astype(np.int64) * 100_000 + year[known].astype(np.int64)
    keys, first = np.unique(key[known], return_index=True)
    if not len(keys):
        return []
    at = np.minimum(np.searchsorted(keys, key - 1), len(keys) - 1)
    number_before = np.where((key > 0) & (keys[at] == key - 1), known[first[at]], -1)
    if (number_before < 0).all():
        return []
    matrix_of, position_of = (np.full(len(reports), -1, dtype=np.intp) for _ in range(2))
    for which, matrix in enumerate(matrices):
        matrix_of[matrix.reports], position_of[matrix.reports] = which, np.arange(len(matrix.reports))
    found = []
    for now in matrices:
        earlier = number_before[now.reports]
        form_before = np.where(earlier >= 0, matrix_of[earlier], -1)
        for which, before in enumerate(matrices):
            at = np.flatnonzero(form_before == which)
            if len(at):
                years = year[now.reports[at]].astype(np.intp) - 1
                found.append(Pairs(now, before, at, position_of[earlier[at]], years))
    return found


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
    if said:
        paired = np.concatenate([np.zeros(0, dtype=np.intp), *(pairs.reports for pairs in found)])
        for matrix in matrices:
            _check_against_claims_alone(matrix, paired, findings, stand_ins)
    if texts is not None and found:
        _check_texts(reports, found, texts, findings)


# --- edits across years -----------------------------------------------------------------------------------------------------


def year_edits(now: ReportMatrix, before: ReportMatrix, rules: Iterable[str] = LINEAR) -> tuple[YearEdit, ...]:
    """Return the edits that bind reports of two forms, in the order of the rules."""
    own_lines = []
    for table in now.form.tables:
        if table.open:
            here, there = ({line for name, line, _ in one.cells if name == table.id} for one in (now, before))
            own_lines += sorted((here & there) - set(table.line))
    return tuple(
        edit
        for rule in rules
        for edit in _expanded(rule, now.form.version, now.form.tables, tuple(own_lines))
        if before.form.version in known_rule(rule).settings.get("forms", (before.form.version,))
        if all(cell in (before if earlier else now).index for cell, earlier in zip(edit.edit.cells, edit.before, strict=True))
    )


@cache
def _expanded(rule: str, version: str, tables: tuple[Table, ...], own_lines: tuple[str, ...]) -> tuple[YearEdit, ...]:
    """Turn the templates of a rule into an edit for each line or column that they speak of."""
    settings = known_rule(rule).settings
    if version not in settings.get("forms", (version,)):
        return ()
    table_of = {table.id: table for table in tables}
    edits = []
    for template in settings["edits"]:
        table = table_of.get(template["table"])
        if table is None:
            continue
        # an edit of a report has one subject, the report, and names its cells in full
        everything: dict[str, Sequence[str]] = {
            "report": ("",),
            "line": template.get("lines", (*table.line, *(own_lines if table.open else ()))),
            "column": template.get("columns", tuple(table.column)),
        }
        severity = template.get("severity", known_rule(rule).severity)
        for name in everything[template["each"]]:
            left, right = ([_term(table, part, name, template["each"]) for part in template[side]] for side in ("left", "right"))
            cells = [tuple(cell for cell, _ in side) for side in (left, right)]
            edit = Edit(rule, table.id, name, cells[0], template["relation"], cells[1])
            edits.append(YearEdit(edit, tuple(before for _, before in (*left, *right)), severity))
    return tuple(edits)


def _term(table: Table, written: str, fixed: str, each: str) -> tuple[tuple[str, str, str, int], bool]:
    """Return a term of an edit with its sign, and whether it is of the year before."""
    sign = -1 if written.startswith("-") else 1
    name = written.removeprefix("-")
    plain = name.removeprefix(_BEFORE)
    # a line that an agency added may have a slash in its name
    of, line, column = (
        plain.split("/") if each == "report" else (table.id, *((fixed, plain) if each == "line" else (plain, fixed)))
    )
    return (of, line, column, sign), name != plain


def _check_edits(pairs: Pairs, findings: Findings, stand_ins: StandIns) -> None:
    before_of_rule: set[str] = set()
    for count, edit in enumerate(year_edits(pairs.now, pairs.before)):
        _check_edit(pairs, edit, count, findings, stand_ins, first=edit.edit.rule not in before_of_rule)
        before_of_rule.add(edit.edit.rule)


def _check_edit(pairs: Pairs, edit: YearEdit, count: int, findings: Findings, stand_ins: StandIns, *, first: bool) -> None:
    speech = _Speech(pairs.now.form, edit)
    sides = [pairs.side(cell, before=before) for cell, before in zip(edit.edit.cells, edit.before, strict=True)]
    values, status = np.stack([figures for figures, _ in sides]), np.stack([states for _, states in sides])
    there = (status != ABSENT).all(axis=0)
    if speech.table.open:
        pairs, values, status = pairs.where(there), values[:, there], status[:, there]
    elif not first:
        # a table that is not there is said to be so once for each rule
        there = pairs.now.has_table[speech.table.id][pairs.at] & pairs.before.has_table[speech.table.id][pairs.was]
        pairs, values, status = pairs.where(there), values[:, there], status[:, there]
    if not len(pairs.at):
        return
    left, right = speech.sums(values)
    expected, reported = (left, right) if edit.edit.relation == "==" else (right, left)
    known = (status == REPORTED).all(axis=0)
    satisfied = known & edit_holds(edit, left - right)
    wording = np.full(len(pairs.at), findings.say([speech.passed()]))
    for at in np.flatnonzero(known & ~satisfied).tolist():
        wording[at] = findings.say([speech.failed(values[:, at].tolist(), int(pairs.years[at]))])
    open_ = ~known
    if open_.any():
        states, same = np.unique(status[:, open_], axis=1, return_inverse=True)
        wording[open_] = findings.say([speech.incomplete(state) for state in states.T.tolist()]) + same.ravel()
        expected, reported = expected.copy(), reported.copy()
        expected[open_] = reported[open_] = np.nan
        if known_rule(edit.edit.rule).settings.get("claims_stand_in"):
            for at in np.flatnonzero(open_).tolist():
                said = stand_ins.finding(speech, int(pairs.reports[at]), values[:, at], status[:, at])
                if said is not None:
                    wording[at] = findings.say([said[0]])
                    expected[at], reported[at] = said[1:]
    findings.add(pairs.reports, _POSITION[edit.edit.rule] + count, wording, expected, reported)


def edit_holds(edit: YearEdit, surplus: Floats) -> NDArray[np.bool_]:
    """Tell where an edit holds, given by how much its left side exceeds the right."""
    return np.asarray(np.abs(surplus) <= _ONE_FEN if edit.edit.relation == "==" else surplus >= -_ONE_FEN)


class _Speech:
    """What an edit across years says of reports."""

    def __init__(self, statutory: Form, edit: YearEdit) -> None:
        self.table, self.edit, self.rule = statutory.table(edit.edit.table), edit, known_rule(edit.edit.rule)
        self.form = statutory
        signs = [sign for *_, sign in edit.edit.left + edit.edit.right]
        self.parts, self.signs = len(edit.edit.left), np.array(signs)
        #: What the later report itself has.
        self.cells = cell_list(cell for cell, before in zip(edit.edit.cells, edit.before, strict=True) if not before)

    @cached_property
    def fields(self) -> Fields:
        return in_both(
            lambda language: {
                "subject": subject(self.table, self.edit.edit, language),
                "table": self.table.title(language),
            }
        )

    @cached_property
    def labels(self) -> dict[Language, list[str]]:
        named: dict[Language, list[str]] = {}
        for language in self.fields:
            label = term_labels(self.form, self.edit.edit, language)
            last = "上年的" if language == "zh" else "last year’s "
            cells = zip(self.edit.edit.cells, self.edit.before, strict=True)
            named[language] = [(last if before else "") + quoted(label[cell], language) for cell, before in cells]
        return named

    @cached_property
    def _sides(self) -> tuple[Sum, Sum]:
        signs = self.signs.tolist()
        left = Sum({language: names[: self.parts] for language, names in self.labels.items()}, signs[: self.parts])
        return left, Sum({language: names[self.parts :] for language, names in self.labels.items()}, signs[self.parts :])

    def sums(self, values: Floats) -> tuple[Floats, Floats]:
        """Return the two sides; NaN where a figure is missing."""
        return self.signs[: self.parts] @ values[: self.parts], self.signs[self.parts :] @ values[self.parts :]

    def wording(self, status: str, more: Mapping[Language, Mapping[str, str]] | None = None, message: str = "") -> Wording:
        fields = {language: {**fixed, **(more or {}).get(language, {})} for language, fixed in self.fields.items()}
        said = self.rule.wording(status, fields, message=message, table=self.table.id, cells=self.cells)
        return said._replace(severity=self.edit.severity)

    def passed(self) -> Wording:
        return self.wording("pass")

    def failed(self, figures: Sequence[float], year: int) -> Wording:
        left, right = self.sums(np.array(figures)[:, None])
        size = round(float((right - left)[0]), 6)
        written = [
            side.texts(part) for side, part in zip(self._sides, (figures[: self.parts], figures[self.parts :]), strict=True)
        ]
        return self.wording(
            "fail",
            in_both(
                lambda language: {
                    "left": written[0][language],
                    "right": written[1][language],
                    "before": str(year),
                    "gap": gap(size, language),
                }
            ),
        )

    def incomplete(self, state: Sequence[int]) -> Wording:
        """Word that it cannot be assessed."""
        # an edit of several tables names what it lacks
        lost = bool(self.edit.edit.subject) and all(one == ABSENT for one in state)
        message = "no_table" if lost else ""
        return self.wording("not_assessable", in_both(lambda language: {"missing": self.missing(state, language)}), message)

    def missing(self, state: Iterable[int], language: Language) -> str:
        """Name the cells without a figure."""
        return without_figure(zip(self.labels[language], state, strict=True), language)


# --- figures that only the prose has ----------------------------------------------------------------------------------------


class StandIns:
    """Figures that the prose claims, for edits across years whose table lacks one."""

    def __init__(self, reports: pd.DataFrame, claims: Sequence[Said]) -> None:
        self.reports, self.claims = reports, claims

    @cached_property
    def said(self) -> Mapping[tuple[object, int, str], tuple[float, str]]:
        """The figure of each agency, year and target of which the prose names one only, exactly, and where it does so."""
        stood_in_for = [rule for rule in LINEAR if known_rule(rule).settings.get("claims_stand_in")]
        edits = (
            edit for rule in stood_in_for for version in versions() for edit in _expanded(rule, version, form(version).tables, ())
        )
        targets = {"/".join(cell) for edit in edits for cell in edit.edit.cells}
        return _exact_claims(self.claims, targets)

    def finding(
        self, speech: _Speech, report: int, values: Floats, status: NDArray[np.int8]
    ) -> tuple[Wording, float, float] | None:
        """Return the finding of a report with what the prose says in the place of missing figures; None where it does not."""
        agency, year = self.reports["agency"].iloc[report], int(self.reports["year"].iloc[report])
        figures, quotes = values.copy(), []
        for at, (cell, before) in enumerate(zip(speech.edit.edit.cells, speech.edit.before, strict=True)):
            if status[at] != REPORTED:
                said = self.said.get((agency, year - before, "/".join(cell)))
                if said is None:
                    return None
                figures[at] = said[0]
                quotes.append(said[1])
        left, right = speech.sums(figures[:, None])
        holds = bool(edit_holds(speech.edit, left - right)[0])
        wording = speech.passed() if holds else speech.failed(figures.tolist(), year - 1)
        used = [at for at, state in enumerate(status.tolist()) if state != REPORTED]

        def source(language: Language) -> str:
            missing = "、" if language == "zh" else ", "
            names = missing.join(speech.labels[language][at] for at in used)
            return speech.rule.say("stood_in", language, missing=names, quote="；".join(dict.fromkeys(quotes)))

        wording = wording._replace(
            severity=_MILDER[wording.severity],
            message_zh=wording.message_zh + source("zh"),
            message_en=f"{wording.message_en} {source('en')}",
        )
        sides = (left, right) if speech.edit.edit.relation == "==" else (right, left)
        return wording, float(sides[0][0]), float(sides[1][0])


def _exact_claims(claims: Iterable[Said], targets: Collection[str]) -> Mapping[tuple[object, int, str], tuple[float, str]]:
    found: dict[tuple[object, int, str], dict[float, str]] = defaultdict(dict)
    for agency, claim, _ in claims:
        if claim.target not in targets or claim.year is None or claim.qualifier or claim.low is None:
            continue
        if claim.low == claim.value == claim.high and not of_another_circle(agency, claim.scope):
            found[agency, claim.year, claim.target].setdefault(claim.value, claim.quote)
    return {key: next(iter(said.items())) for key, said in found.items() if len(said) == 1}


def _check_against_claims_alone(matrix: ReportMatrix, paired: Integers, findings: Findings, stand_ins: StandIns) -> None:
    """Hold reports whose year before is not at hand against what the prose says of it."""
    if not stand_ins.said:
        return
    agencies, years = (stand_ins.reports[name].array.take(matrix.reports).tolist() for name in ("agency", "year"))
    number_of = {key: place for place, key in enumerate(zip(agencies, years, strict=True))}
    alone = set(matrix.reports.tolist()).difference(paired.tolist())
    edits = year_edits(matrix, matrix)
    for agency, year in dict.fromkeys((agency, year) for agency, year, _ in stand_ins.said):
        at = number_of.get((agency, year + 1))
        if at is None or int(matrix.reports[at]) not in alone:
            continue
        report = int(matrix.reports[at])
        for count, edit in enumerate(edits):
            if known_rule(edit.edit.rule).settings.get("claims_stand_in"):
                rows = [matrix.index[cell] for cell in edit.edit.cells]
                before = np.array(edit.before)
                values = np.where(before, np.nan, matrix.value[rows, at])
                status = np.where(before, ABSENT, matrix.status[rows, at])
                said = stand_ins.finding(_Speech(matrix.form, edit), report, values, status)
                if said is not None:
                    findings.add(report, _POSITION[edit.edit.rule] + count, findings.say([said[0]]), *said[1:])


# --- what stands beside the year before ------------------------------------------------------------------------------------


def _check_amounts(pairs: Pairs, findings: Findings) -> None:
    """Add to S05 that an amount is about ten thousand times that of the year before, or a ten-thousandth."""
    jump = known_rule("S05").settings["jump"]
    for table in pairs.now.form.tables:
        for cell in table.cells:
            if "元" in table.unit(cell[1], cell[2]) and cell in pairs.before.index:
                now, before = (pairs.side(cell, before=earlier)[0] for earlier in (False, True))
                with np.errstate(divide="ignore", invalid="ignore"):
                    apart = np.abs(np.log(now / before))
                jumped = np.abs(apart - np.log(jump["factor"])) <= np.log(jump["within"])
                _say_both("S05", pairs, jumped & (now > 0) & (before > 0), table, cell, now, before, findings, message="jump")


def _check_ratios(pairs: Pairs, findings: Findings) -> None:
    settings = known_rule("XO").settings
    assessable = np.zeros(len(pairs.at), dtype=np.bool_)
    far_apart = assessable.copy()
    for group in settings["figures"]:
        for written in group["cells"]:
            table, line, column = written.split("/")
            cell = (table, line, column)
            if cell not in pairs.now.index or cell not in pairs.before.index:
                continue
            now, before = (pairs.side(cell, before=earlier)[0] for earlier in (False, True))
            least = np.maximum(np.minimum(now, before), group["floor"])
            apart = np.maximum(now, before) > settings["ratio"] * least
            assessable |= ~np.isnan(least)
            far_apart |= apart
            _say_both("XO", pairs, apart, pairs.now.form.table(table), cell, now, before, findings)
    fine = pairs.where(assessable & ~far_apart)
    for year, members in _by_year(fine):
        wording = findings.wording("XO", "pass", _alike(before=str(year)))
        findings.add(fine.reports[members], _POSITION["XO"], wording)


def _say_both(
    rule: str,
    pairs: Pairs,
    chosen: NDArray[np.bool_],
    table: Table,
    cell: CellKey,
    now: Floats,
    before: Floats,
    findings: Findings,
    *,
    message: str = "",
) -> None:
    """Add a failure that names the figures of the two years."""
    numbers = pairs.reports
    labels = in_both(lambda language: {"subject": quoted(cell_label(table, cell, language), language)})
    for at in np.flatnonzero(chosen).tolist():
        fields = _alike(labels, left=number(before[at]), right=number(now[at]), before=str(pairs.years[at]))
        wording = findings.wording(rule, "fail", fields, message=message, table=table.id, cells=cell_list([cell]))
        position = _POSITION[rule] + min(pairs.now.index[cell], 900)
        findings.add(int(numbers[at]), position, wording, before[at], now[at])


def _alike(labels: Fields | None = None, **figures: str) -> Fields:
    """Return the fields of a message whose figures are the same in both languages."""
    return in_both(lambda language: {**(labels or {}).get(language, {}), **figures})


def _by_year(pairs: Pairs) -> Iterator[tuple[int, Integers]]:
    for year in np.unique(pairs.years).tolist():
        yield year, np.flatnonzero(pairs.years == year)


def _check_repetition(pairs: Pairs, findings: Findings) -> None:
    """Find tables that are those of the year before, figure by figure."""
    settings = known_rule("XD").settings
    for place, table in enumerate(pairs.now.form.tables):
        rows = pairs.now.rows_of[table.id]
        subtotals = {line.id for one in (pairs.now, pairs.before) for line in _lines(one, table.id) if line.subtotal}
        cells = [cell for cell in pairs.now.cells[rows] if cell in pairs.before.index and cell[1] not in subtotals]
        if len(cells) < _SHARED_CELLS * len(table.cells):
            continue
        titles: Fields = {"zh": {"table": table.title("zh")}, "en": {"table": table.title("en")}}
        both = pairs.now.has_table[table.id][pairs.at] & pairs.before.has_table[table.id][pairs.was]
        mine = pairs.where(both)
        same = _equal(mine, cells)
        _add_by_year("pass", "pass", mine.where(~same), titles, place, findings)
        mine = mine.where(same)
        if not same.any():
            continue
        sides = [mine.side(cell, before=before) for before in (False, True) for cell in cells]
        status = np.stack([states for _, states in sides])
        figures = np.stack([values for values, _ in sides[: len(cells)]])
        flows = np.nan_to_num(figures[[column not in settings["stocks"] for _, _, column in cells]])
        remarkable = _different(flows) >= settings["different_figures"][table.id]
        unread = (status == UNREADABLE).any(axis=0)
        _add_by_year("few", "pass", mine.where(~remarkable), titles, place, findings)
        _add_by_year("not_assessable", "not_assessable", mine.where(remarkable & unread), titles, place, findings)
        for at in np.flatnonzero(remarkable & ~unread).tolist():
            count = str(np.count_nonzero(np.nan_to_num(figures[:, at])))
            fields = _alike(titles, before=str(mine.years[at]), reported=count)
            wording = findings.wording("XD", "fail", fields, table=table.id, cells=cell_list(cells))
            findings.add(int(mine.reports[at]), _POSITION["XD"] + place, wording)


def _equal(pairs: Pairs, cells: Iterable[CellKey]) -> NDArray[np.bool_]:
    """Tell which pairs have the same in all cells, as far as it can be read."""
    same = np.arange(len(pairs.at))
    for cell in cells:
        # most pairs differ in one of the first cells
        rest = pairs.where(same)
        (now, state), (before, state_before) = (rest.side(cell, before=earlier) for earlier in (False, True))
        figures, figures_before = state == REPORTED, state_before == REPORTED
        lost = (state == UNREADABLE) | (state_before == UNREADABLE)
        same = same[lost | np.where(figures & figures_before, now == before, figures == figures_before)]
    equal = np.zeros(len(pairs.at), dtype=np.bool_)
    equal[same] = True
    return equal


def _add_by_year(message: str, status: str, pairs: Pairs, titles: Fields, place: int, findings: Findings) -> None:
    for year, members in _by_year(pairs):
        table = pairs.now.form.tables[place].id
        wording = findings.wording("XD", status, _alike(titles, before=str(year)), message=message, table=table)
        findings.add(pairs.reports[members], _POSITION["XD"] + place, wording)


def _lines(matrix: ReportMatrix, table: str) -> Sequence[Line]:
    return next((one.lines for one in matrix.form.tables if one.id == table), ())


def _different(figures: Floats) -> Integers:
    """Return how many different figures each report has that are not zero."""
    if not len(figures):
        return np.zeros(figures.shape[1], dtype=np.intp)
    ordered = np.sort(figures, axis=0)
    new = np.vstack([np.ones((1, ordered.shape[1]), dtype=np.bool_), ordered[1:] != ordered[:-1]])
    return np.asarray((new & (ordered != 0)).sum(axis=0))


def _check_texts(reports: pd.DataFrame, found: Sequence[Pairs], texts: pd.DataFrame, findings: Findings) -> None:
    """Measure how much of the prose stood in the report of the year before."""
    require_columns(texts, ("agency", "year", "sketch"), "texts", "Panel.texts")
    known = texts[texts["year"].notna()]
    sketches = dict(zip(zip(known["agency"], known["year"].astype(int), strict=True), known["sketch"], strict=True))
    at_most = 100 * known_rule("XD").settings["text_reuse"]
    agencies = reports["agency"].array
    for pairs in found:
        by_share: dict[tuple[int, int], list[int]] = defaultdict(list)
        for report, year in zip(pairs.reports.tolist(), pairs.years.tolist(), strict=True):
            later, earlier = (sketches.get((agencies[report], one)) for one in (year + 1, year))
            share = None if later is None or earlier is None else reused_share(later, earlier)
            if share is not None:
                by_share[year, int(100 * share)].append(report)
        for (year, share), members in by_share.items():
            status, message = ("fail", "reused") if share >= at_most else ("pass", "text")
            fields = _alike(before=str(year), reported=str(share))
            findings.add(
                np.array(members),
                _POSITION["XD"] + 900,
                findings.wording("XD", status, fields, message=message),
                np.nan,
                share / 100,
            )
