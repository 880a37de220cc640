"""The rules that hold what the prose says against the tables, against itself and against the year reported on."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from itertools import product
from typing import NamedTuple

import numpy as np
import pandas as pd

from govstats.errors import UnusableCells
from govstats.forms import CellKey, Form, Language, Table
from govstats.reconciliation.findings import Findings, known_rule
from govstats.reconciliation.matrix import REPORTED, ReportMatrix
from govstats.reconciliation.wording import (
    Fields,
    Sum,
    cell_label,
    cell_list,
    column_label,
    gap,
    in_both,
    line_label,
    number,
    quoted,
    shortened,
    without_figure,
)
from govstats.report import Claim, Report

#: Where the findings of a rule begin among those of a report: after the edits.
_POSITION = {"NT": 2_000_000, "NS": 3_000_000, "NC": 4_000_000, "NZ": 5_000_000}
_COMPARISONS = frozenset({"change", "growth"})
_APPROXIMATELY = re.compile("[余多约近逾超]|左右|不足|以上|以下|至少|不少于")
#: What binary fractions lose.
_NOISE = 1e-9

_ReportKey = tuple[object, int | None]


class _Reported(NamedTuple):
    """A report: its matrix, its place there and its number among all reports."""

    matrix: ReportMatrix
    at: int
    number: int


def check_prose(
    reports: pd.DataFrame,
    matrices: Sequence[ReportMatrix],
    findings: Findings,
    *,
    report: Report | None = None,
    claims: pd.DataFrame | None = None,
) -> None:
    """Add the findings of the rules on the prose, as far as it is known.

    Parameters
    ----------
    reports : DataFrame
        Agency and year of each report number.
    matrices : sequence of ReportMatrix
    findings : Findings
    report : Report, optional
        The report that the cells are of.
    claims : DataFrame, optional
        The columns of `Report.claims`; those of the report, if left out.
    """
    if report is None and claims is None:
        return
    # by the year that is spoken of: what any report says of it, what its own report says, and what that of the year after does
    of_year: dict[_ReportKey, list[Claim]] = defaultdict(list)
    own: dict[_ReportKey, list[Claim]] = defaultdict(list)
    looking_back: dict[_ReportKey, list[Claim]] = defaultdict(list)
    said = _rows(claims) if claims is not None else _own_claims(report) if report is not None else ()
    for agency, claim, written in said:
        of_year[agency, claim.year].append(claim)
        if written is None or written == claim.year:
            own[agency, claim.year].append(claim)
        elif claim.year is not None and written == claim.year + 1:
            looking_back[agency, claim.year].append(claim)
    keys = [
        (_known(agency), None if pd.isna(year) else int(year))
        for agency, year in zip(reports["agency"].array, reports["year"].array, strict=True)
    ]
    reported: dict[_ReportKey, _Reported] = {}
    for matrix in matrices:
        for at, of in enumerate(matrix.reports.tolist()):
            reported.setdefault(keys[of], _Reported(matrix, at, of))
    for key, one in reported.items():
        year_before = (key[0], None if key[1] is None else key[1] - 1)
        if key in own or year_before in looking_back:
            spoken = _Claims(one, findings, key[0], own.get(key, []))
            spoken.check(reported.get(year_before), of_year.get(year_before, []))
            if year_before in reported:
                spoken.look_back(reported[year_before], looking_back.get(year_before, []))


def _known(value: object) -> object:
    return None if pd.isna(value) else value  # type: ignore[call-overload]


def _own_claims(report: Report) -> Iterator[tuple[object, Claim, int | None]]:
    return ((report.agency, claim, report.year) for claim in report.read_claims)


def _rows(claims: pd.DataFrame) -> Iterator[tuple[object, Claim, int | None]]:
    """Yield the rows of a frame, each with its agency and the year of the report in which it stands, where that is known."""
    needed = ["agency", *(name for name in Claim._fields if name not in {"place", "page"})]
    if lacking := [name for name in needed if name not in claims.columns]:
        raise UnusableCells(f"the claims frame lacks the column(s) {', '.join(lacking)}; pass a frame like Report.claims")
    written: list[int | None] = [None] * len(claims)
    if "report_year" in claims.columns:
        written = [None if pd.isna(year) else int(year) for year in claims["report_year"]]
    plain = claims[needed].astype(object)
    for row, report_year in zip(plain.where(plain.notna(), None).to_dict("records"), written, strict=True):
        agency = row.pop("agency")
        texts = {name: row[name] or "" for name in ("target", "unit", "qualifier", "quote", "scope")}
        claim = Claim(**{str(name): value for name, value in row.items()} | texts, page=None, place="")
        yield agency, claim, report_year


# --- what a claim speaks of ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Target:
    """The cells that a claim speaks of; `alone` is the subtotal that may stand for them."""

    table: Table
    subject: Mapping[Language, str]
    cells: tuple[CellKey, ...]
    alone: tuple[CellKey, ...]

    def labels(self, cells: Sequence[CellKey], language: Language) -> list[str]:
        """Name cells by what sets them apart."""
        if len({line for _, line, _ in cells}) == 1:
            return [column_label(self.table, column, language) for _, _, column in cells]
        if len({column for _, _, column in cells}) == 1:
            return [line_label(self.table, line, language) for _, line, _ in cells]
        return [cell_label(self.table, cell, language) for cell in cells]


@cache
def _target(statutory: Form, name: str) -> _Target | None:
    """Return what a target stands for in a form; None where the form has no such cells."""
    table_id, _, rest = name.partition("/")
    line, _, column = rest.rpartition("/")
    table = next((table for table in statutory.tables if table.id == table_id and not table.open), None)
    if table is None:
        return None
    cells = table.cells_of(line, column)
    if not cells:
        return None
    subtotal = line in table.line and table.line[line].subtotal
    return _Target(
        table,
        {language: f"{_line_name(table, line, language)}·{_column_name(table, column, language)}" for language in ("zh", "en")},
        cells,
        tuple(dict.fromkeys((table_id, line, one) for _, _, one in cells)) if subtotal else (),
    )


def _line_name(table: Table, line: str, language: Language) -> str:
    group = next((group.text(language) for group in table.groups if group.id == line), None)
    return line_label(table, line, language) if line in table.line or group is None else group


def _column_name(table: Table, column: str, language: Language) -> str:
    spanner = next((one.spanner(language) for one in table.columns if one.spanner_zh), "")
    return spanner if column == "organisations" else column_label(table, column, language)


@dataclass(frozen=True)
class _Side:
    """What the table of one report holds for a target."""

    target: _Target
    cells: tuple[CellKey, ...]
    figures: tuple[float, ...]
    status: tuple[int, ...]

    @property
    def value(self) -> float:
        """The sum; NaN where a cell has no figure."""
        return float(sum(self.figures))

    def text(self, language: Language) -> str:
        """Write the figure, or the sum with its parts."""
        if len(self.cells) == 1:
            return number(self.value)
        return Sum({language: self.target.labels(self.cells, language)}, [1] * len(self.cells)).texts(self.figures)[language]

    def missing(self, language: Language) -> str:
        """Name the cells without a figure."""
        return without_figure(zip(self.target.labels(self.cells, language), self.status, strict=True), language)


def _side(one: _Reported, name: str) -> _Side | None:
    target = _target(one.matrix.form, name)
    if target is None:
        return None
    for cells in (target.cells, target.alone):
        rows = [one.matrix.index[cell] for cell in cells]
        if REPORTED in one.matrix.status[rows, one.at]:
            break
    else:
        cells, rows = target.cells, [one.matrix.index[cell] for cell in target.cells]
    return _Side(target, cells, tuple(one.matrix.value[rows, one.at].tolist()), tuple(one.matrix.status[rows, one.at].tolist()))


# --- claims -----------------------------------------------------------------------------------------------------------------


class _Claims:
    """The claims of one report on its own year."""

    def __init__(self, reported: _Reported, findings: Findings, agency: object, claims: Sequence[Claim]) -> None:
        self.reported, self.findings, self.agency = reported, findings, agency
        self.claims = [claim for claim in claims if claim.target]
        self.added = 0

    def check(self, before: _Reported | None, claims_before: Sequence[Claim]) -> None:
        """Add the findings of NT, NS, NC and NZ; `before` and `claims_before` are of the year before."""
        levels: dict[str, list[Claim]] = defaultdict(list)
        for claim in self.claims:
            if claim.qualifier not in _COMPARISONS:
                levels[claim.target].append(claim)
        for target, said in levels.items():
            if (side := _side(self.reported, target)) is not None:
                self._check_levels(side, said)
        self._check_sums()
        for claim in self.claims:
            if claim.qualifier in _COMPARISONS:
                self._check_comparison(claim, before, claims_before)

    def _add(
        self,
        rule: str,
        status: str,
        fields: Fields,
        expected: float,
        reported: float,
        *,
        message: str = "",
        table: str | None = None,
        cells: Sequence[CellKey] = (),
    ) -> None:
        position = _POSITION[rule] + self.added
        self.added += 1
        wording = self.findings.wording(rule, status, fields, message=message, table=table, cells=cell_list(cells))
        self.findings.add(self.reported.number, position, wording, expected, reported)

    # --- levels: NT, NZ

    def _check_levels(self, side: _Side, claims: Sequence[Claim]) -> None:
        """Hold what is claimed of one target against its cells, each figure once."""
        value = side.value
        agreed = any(abs(value - _nearest(claim, value)) <= _slack(claim) for claim in claims)
        # of those that say the same the plainest speaks
        plainest = sorted(claims, key=lambda claim: (claim.qualifier == "all", of_another_circle(self.agency, claim.scope)))
        said: dict[tuple[object, ...], Claim] = {}
        for claim in plainest:
            said.setdefault((claim.value, claim.low, claim.high), claim)
        for claim in said.values():
            nearest = _nearest(claim, value)
            # 未收到, 均为0: nothing, said without a unit
            rule = "NZ" if claim.value == 0 and not claim.unit and claim.qualifier != "all" else "NT"
            message = status = "pass"
            if np.isnan(value):
                status, nearest = "not_assessable", claim.value
                message = status if any(side.status) else "no_table"
            elif abs(value - nearest) > _slack(claim):
                status, message = "fail", self._kind(side, claim, agreed=agreed)
            self._add(
                rule,
                status,
                in_both(partial(self._level_fields, side, claim, nearest)),
                nearest,
                value,
                message=message,
                table=side.target.table.id,
                cells=side.cells,
            )

    def _kind(self, side: _Side, claim: Claim, *, agreed: bool) -> str:
        """Return the message that fits a claim which differs from the table."""
        if claim.qualifier == "all":
            return "all"
        if of_another_circle(self.agency, claim.scope) or (agreed and claim.scope):
            return "scope"
        carried = _side(self.reported, claim.target.replace("/new/", "/carried_in/"))
        both = carried is not None and side.cells != carried.cells and side.value + carried.value == claim.value
        return "carried" if both else "fail"

    def _level_fields(self, side: _Side, claim: Claim, nearest: float, language: Language) -> dict[str, str]:
        return {
            "quote": shortened(claim.quote, claim.value),
            "subject": quoted(side.target.subject[language], language),
            "scope": claim.scope,
            "expected": _range(claim, language),
            "right": side.text(language),
            "gap": gap(side.value - nearest, language),
            "missing": side.missing(language),
            "table": side.target.table.title(language),
        }

    def look_back(self, before: _Reported, claims: Sequence[Claim]) -> None:
        """Add to NT what this report says of the year before and the table of that year does not."""
        for claim in claims:
            side = _side(before, claim.target) if claim.target and not claim.qualifier and not claim.scope else None
            if side is None or np.isnan(side.value):
                continue
            nearest = _nearest(claim, side.value)
            if abs(side.value - nearest) > _slack(claim):
                fields = in_both(partial(self._level_fields, side, claim, nearest))
                for filled in fields.values():
                    filled["before"] = str(claim.year)
                table = side.target.table.id
                self._add("NT", "fail", fields, nearest, side.value, message="year_before", table=table)

    # --- sums: NS

    def _check_sums(self) -> None:
        by_scope: dict[str, dict[str, list[Claim]]] = defaultdict(lambda: defaultdict(list))
        for claim in self.claims:
            if not claim.qualifier and claim.low == claim.value == claim.high:
                by_scope[claim.scope][claim.target].append(claim)
        for said in by_scope.values():
            # what is said with several figures is of several things
            once = {target: claims[0] for target, claims in said.items() if len({claim.value for claim in claims}) == 1}
            lines = dict.fromkeys(target.split("/")[1] for target in once)
            checked: set[tuple[str, str]] = set()
            for breakdown in known_rule("NS").settings["breakdowns"]:
                for line in lines if "*" in breakdown["total"][0] else ("",):
                    parts, total = ([name.replace("*", line) for name in breakdown[side]] for side in ("parts", "total"))
                    known = [name for name in parts if name in once]
                    enough = len(known) == len(parts) if breakdown["whole"] else len(known) > 1
                    if enough and all(name in once for name in total) and (breakdown["by"], total[0]) not in checked:
                        checked.add((breakdown["by"], total[0]))
                        self._check_sum([once[name] for name in known], [once[name] for name in total], len(known) == len(parts))

    def _check_sum(self, parts: Sequence[Claim], total: Sequence[Claim], complete: bool) -> None:
        targets = [_target(self.reported.matrix.form, claim.target) for claim in (*parts, *total)]
        if any(target is None for target in targets):
            return
        expected, reported = (sum(claim.value for claim in side) for side in (parts, total))
        status = "pass" if expected == reported else "fail" if complete or expected > reported else "not_assessable"

        def fields(language: Language) -> dict[str, str]:
            left, right = (
                Sum({language: self._names(side, [*parts, *total], language)}, [1] * len(side)).texts([c.value for c in side])
                for side in (parts, total)
            )
            return {
                "left": left[language],
                "right": right[language],
                "gap": gap(reported - expected, language),
                "quote": shortened(total[0].quote, total[0].value),
            }

        cells = [cell for target in targets if target is not None for cell in target.cells]
        self._add("NS", status, in_both(fields), expected, reported, cells=list(dict.fromkeys(cells)))

    def _names(self, claims: Sequence[Claim], beside: Sequence[Claim], language: Language) -> list[str]:
        table = self.reported.matrix.form.table(claims[0].target.split("/")[0])
        one_line = len({claim.target.split("/")[1] for claim in beside}) == 1
        name = _column_name if one_line else _line_name
        return [name(table, claim.target.split("/")[2 if one_line else 1], language) for claim in claims]

    # --- comparisons: NC

    def _check_comparison(self, claim: Claim, before: _Reported | None, claims_before: Sequence[Claim]) -> None:
        side = _side(self.reported, claim.target)
        if side is None or "百分点" in claim.quote:
            return
        growth = claim.qualifier == "growth"
        earlier = None if before is None else _side(before, claim.target)
        now = _levels(claim.target, side, self.claims)
        then = [level for level in _levels(claim.target, earlier, claims_before) if level or not growth]
        pairs = [(one, other, (one - other) / other * 100 if growth else one - other) for one, other in product(now, then)]
        low, high = _rounded(claim)
        fitting = [pair for pair in pairs if low - _NOISE <= pair[2] <= high + _NOISE]
        status = "pass" if fitting else "fail" if pairs else "not_assessable"
        this_year, last_year, computed = (fitting or pairs or [(np.nan, np.nan, np.nan)])[0]
        sign = "%" if growth else ""
        fields = {
            "quote": shortened(claim.quote, abs(claim.value)),
            "reported": number(claim.value) + sign,
            "expected": number(round(computed, 2)) + sign,
            "left": number(last_year),
            "right": number(this_year),
        }
        self._add(
            "NC",
            status,
            in_both(lambda language: {**fields, "subject": quoted(side.target.subject[language], language)}),
            computed,
            claim.value,
            table=side.target.table.id,
            cells=side.cells,
        )


def of_another_circle(agency: object, scope: str) -> bool:
    """Tell whether a scope is less than the agency that a table is of, or more."""
    circles = known_rule("NT").settings["circles"]
    if not scope or re.search(circles["less"], scope):
        return bool(scope)
    government = re.search(circles["government"], str(agency or ""))
    return government is None and re.search(circles["area"], scope) is not None


def _levels(target: str, side: _Side | None, claims: Sequence[Claim]) -> list[float]:
    """Return what a table and the prose know of a target, the table first."""
    levels = [] if side is None or np.isnan(side.value) else [side.value]
    said = [claim for claim in claims if claim.target == target and not claim.qualifier]
    return levels + [claim.value for claim in said if claim.low == claim.value == claim.high]


def _nearest(claim: Claim, value: float) -> float:
    """Return the figure that a claim allows which is nearest to another."""
    return max(-np.inf if claim.low is None else claim.low, min(np.inf if claim.high is None else claim.high, value))


def _slack(claim: Claim) -> float:
    """Return by how much an amount may differ for having been rounded; counts are exact."""
    return _half_of_last_digit(claim.value) + _NOISE if claim.unit == "万元" else 0.0


def _half_of_last_digit(value: float) -> float:
    return 0.5 * 10.0 ** -len(f"{value:.15g}".partition(".")[2])


def _rounded(claim: Claim) -> tuple[float, float]:
    """Return the interval of a change or a percentage."""
    if claim.low != claim.high or _APPROXIMATELY.search(claim.quote):
        # a fall is given as a negative figure, but its bounds are those of a rise: they reach to both sides
        reach = max(1.0, *(abs(bound - claim.value) for bound in (claim.low, claim.high) if bound is not None))
        if claim.high is None:
            return (claim.value - reach, np.inf) if claim.value > 0 else (-np.inf, claim.value + reach)
        return claim.value - reach, claim.value + reach
    half = _half_of_last_digit(claim.value) if claim.qualifier == "growth" else 0.0
    return claim.value - half, claim.value + half


def _range(claim: Claim, language: Language) -> str:
    if claim.low == claim.high:
        return number(claim.value)
    if claim.high is None:
        return f"不少于 {number(claim.low or 0.0)}" if language == "zh" else f"at least {number(claim.low or 0.0)}"
    return f"{number(claim.low or 0.0)} {'至' if language == 'zh' else 'to'} {number(claim.high)}"
