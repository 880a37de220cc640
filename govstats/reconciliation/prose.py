"""The rules that hold what the prose says against the tables, against itself and against the year reported on."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache, partial
from itertools import product
from math import inf, isnan
from typing import NamedTuple

import numpy as np
import pandas as pd

from govstats.errors import require_columns
from govstats.forms import CellKey, Form, Language, Table, cell_key
from govstats.reconciliation.findings import Findings, known_rule
from govstats.reconciliation.matrix import REPORTED, ReportMatrix, plain_values
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
_NO_LEVELS = _COMPARISONS | {"share"}
_APPROXIMATELY = re.compile("[余多约近逾超]|左右|不足|以上|以下|至少|不少于")
#: A share stands so near the figure it is of.
_NEAR = 2
#: What binary fractions lose.
_NOISE = 1e-9

_ReportKey = tuple[object, int | None]


class Said(NamedTuple):
    """A claim, by whom, and the year of the report in which it stands, where that is known."""

    agency: object
    claim: Claim
    report_year: int | None


class _Reported(NamedTuple):
    """A report: the figures of all reports on its form, its place there and its number among all reports."""

    figures: _Figures
    at: int
    number: int

    def side(self, target: str) -> _Side | None:
        """Return what the report has for a target; None where its form has no such cells."""
        return self.figures.side(target, self.at)


def said_by(report: Report) -> list[Said]:
    """Return the claims of a report."""
    return [Said(report.agency, claim, report.year) for claim in report.read_claims]


def said_in(claims: pd.DataFrame) -> list[Said]:
    """Return the rows of a frame with the columns of `Report.claims`.

    Raises
    ------
    UnusableCells
        The frame lacks one of them.
    """
    texts = ("target", "unit", "qualifier", "quote", "scope")
    needed = ["agency", *(name for name in Claim._fields if name not in {"place", "page"})]
    require_columns(claims, needed, "claims", "Report.claims")
    if claims.empty:
        return []
    column = {name: plain_values(claims[name], "" if name in texts else None) for name in needed}
    column |= {"page": [None] * len(claims), "place": [""] * len(claims)}
    report_years = plain_values(claims["report_year"]) if "report_year" in claims.columns else column["page"]
    made = map(Claim, *(column[name] for name in Claim._fields))
    return list(map(Said, column["agency"], made, report_years))


def check_prose(
    reports: pd.DataFrame,
    matrices: Sequence[ReportMatrix],
    findings: Findings,
    said: Sequence[Said],
) -> None:
    """Add the findings of the rules on the prose.

    Parameters
    ----------
    reports : DataFrame
        Agency and year of each report number.
    matrices : sequence of ReportMatrix
    findings : Findings
    said : sequence of Said
    """
    if not said:
        return
    # by the year that is spoken of: what any report says of it, what its own report says, and what that of the year after does
    of_year: dict[_ReportKey, list[Claim]] = defaultdict(list)
    own: dict[_ReportKey, list[Claim]] = defaultdict(list)
    looking_back: dict[_ReportKey, list[Claim]] = defaultdict(list)
    for agency, claim, written in said:
        of_year[agency, claim.year].append(claim)
        if written is None or written == claim.year:
            own[agency, claim.year].append(claim)
        elif claim.year is not None and written == claim.year + 1:
            looking_back[agency, claim.year].append(claim)
    keys = list(zip(plain_values(reports["agency"]), plain_values(reports["year"]), strict=True))
    reported: dict[_ReportKey, _Reported] = {}
    for matrix in matrices:
        figures = _Figures(matrix)
        for at, of in enumerate(matrix.reports.tolist()):
            reported.setdefault(keys[of], _Reported(figures, at, of))
    for key, one in reported.items():
        year_before = (key[0], None if key[1] is None else key[1] - 1)
        if key in own or year_before in looking_back:
            spoken = _Claims(one, findings, key[0], own.get(key, []))
            spoken.check(reported.get(year_before), of_year.get(year_before, []))
            if year_before in reported:
                spoken.look_back(reported[year_before], looking_back.get(year_before, []))


# --- what a claim speaks of ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Target:
    """The cells that a claim speaks of; `alone` is the subtotal that may stand for them."""

    table: Table
    subject: Mapping[Language, str]
    cells: tuple[CellKey, ...]
    alone: tuple[CellKey, ...]

    @cached_property
    def fields(self) -> Fields:
        """What all messages have in common."""
        return in_both(
            lambda language: {"subject": quoted(self.subject[language], language), "table": self.table.title(language)}
        )

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
    table_id, line, column = cell_key(name)
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


@cache
def _line_name(table: Table, line: str, language: Language) -> str:
    if "+" in line:
        return "＋".join(_line_name(table, one, language) for one in line.split("+"))
    group = next((group.text(language) for group in table.groups if group.id == line), None)
    return line_label(table, line, language) if line in table.line or group is None else group


@cache
def _column_name(table: Table, column: str, language: Language) -> str:
    spanner = next((one.spanner(language) for one in table.columns if one.spanner_zh), "")
    return spanner if column == "organisations" else column_label(table, column, language)


class _Side(NamedTuple):
    """What the table of one report holds for a target; `value` is the sum, NaN where a cell has no figure."""

    target: _Target
    cells: tuple[CellKey, ...]
    figures: Sequence[float]
    status: Sequence[int]
    value: float

    def text(self, language: Language) -> str:
        """Write the figure, or the sum with its parts."""
        if len(self.cells) == 1:
            return number(self.value)
        return Sum({language: self.target.labels(self.cells, language)}, [1] * len(self.cells)).texts(self.figures)[language]

    def missing(self, language: Language) -> str:
        """Name the cells without a figure."""
        return without_figure(zip(self.target.labels(self.cells, language), self.status, strict=True), language)


class _Figures:
    """What the tables of all reports on a form hold for a target."""

    def __init__(self, matrix: ReportMatrix) -> None:
        self.matrix = matrix
        self._of_target: dict[str, Callable[[int], _Side] | None] = {}

    def side(self, name: str, at: int) -> _Side | None:
        """Return what one report has; None where the form has no such cells."""
        if name not in self._of_target:
            target = _target(self.matrix.form, name)
            self._of_target[name] = None if target is None else self._read(target)
        found = self._of_target[name]
        return None if found is None else found(at)

    def _read(self, target: _Target) -> Callable[[int], _Side]:
        """Return what gives the side of a report."""
        value, status = (
            [array[[self.matrix.index[cell] for cell in cells]].T for cells in (target.cells, target.alone)]
            for array in (self.matrix.value, self.matrix.status)
        )
        reported, alone = ((states == REPORTED).any(axis=1) for states in status)
        which = (~reported & alone).astype(int).tolist()
        columns = [
            list(zip(figures.tolist(), states.tolist(), figures.sum(axis=1).tolist(), strict=True))
            for figures, states in zip(value, status, strict=True)
        ]
        cells = (target.cells, target.alone)
        return lambda at: _Side(target, cells[which[at]], *columns[which[at]][at])


# --- claims -----------------------------------------------------------------------------------------------------------------


class _Claims:
    """The claims of one report on its own year."""

    def __init__(self, reported: _Reported, findings: Findings, agency: object, claims: Sequence[Claim]) -> None:
        self.reported, self.findings, self.agency = reported, findings, agency
        self.claims = [claim for claim in claims if claim.target]
        #: Shares in percent, each with the figure told before it.
        self.shares = [(claim, _before(claims, at)) for at, claim in enumerate(claims) if claim.qualifier == "share"]
        self.added = 0

    def check(self, before: _Reported | None, claims_before: Sequence[Claim]) -> None:
        """Add the findings of NT, NS, NC and NZ; `before` and `claims_before` are of the year before."""
        levels: dict[str, list[Claim]] = defaultdict(list)
        for claim in self.claims:
            if claim.qualifier not in _NO_LEVELS:
                levels[claim.target].append(claim)
        for target, said in levels.items():
            if (side := self.reported.side(target)) is not None:
                self._check_levels(side, said)
        self._check_sums()
        for claim in self.claims:
            if claim.qualifier in _COMPARISONS:
                self._check_comparison(claim, before, claims_before)
        for claim, part in self.shares:
            self._check_share(claim, part)

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
        said: dict[tuple[object, ...], Claim] = {}
        # of those that say the same the plainest speaks
        for claim in claims if len(claims) == 1 else sorted(claims, key=self._plainness):
            said.setdefault((claim.value, claim.low, claim.high), claim)
        for claim in said.values():
            nearest = _nearest(claim, value)
            # 未收到, 均为0: nothing, said without a unit
            rule = "NZ" if claim.value == 0 and not claim.unit and claim.qualifier != "all" else "NT"
            message = status = "pass"
            least = sum(figure for figure, known in zip(side.figures, side.status, strict=True) if known == REPORTED)
            if isnan(value) and claim.high is not None and least > claim.high + _slack(claim) and not claim.scope:
                status, message, value, nearest = "fail", "bound", least, claim.high
            elif isnan(value):
                status, nearest = "not_assessable", claim.value
                message = status if any(side.status) else "no_table"
            elif abs(value - nearest) > _slack(claim):
                status, message = "fail", self._kind(side, claim, claims)
            told = side._replace(value=value)
            fields = _told(side, claim) if status == "pass" else in_both(partial(self._level_fields, told, claim, nearest))
            self._add(rule, status, fields, nearest, value, message=message, table=side.target.table.id, cells=side.cells)

    def _plainness(self, claim: Claim) -> tuple[bool, bool]:
        return claim.qualifier == "all", of_another_circle(self.agency, claim.scope)

    def _kind(self, side: _Side, claim: Claim, claims: Sequence[Claim]) -> str:
        """Return the message that fits a claim which differs from the table, beside others of the same target."""
        if claim.qualifier == "all":
            return "all"
        agreed = any(abs(side.value - _nearest(other, side.value)) <= _slack(other) for other in claims)
        if of_another_circle(self.agency, claim.scope) or (agreed and claim.scope):
            # what is said of a part may be less than the whole, and no more
            part = _circle("less", claim.scope) and claim.low is not None and claim.low > side.value + _slack(claim)
            return "exceeds" if part else "scope"
        carried = self.reported.side(claim.target.replace("/new/", "/carried_in/"))
        both = carried is not None and side.cells != carried.cells and side.value + carried.value == claim.value
        return "carried" if both else "fail"

    def _level_fields(self, side: _Side, claim: Claim, nearest: float, language: Language) -> dict[str, str]:
        return {
            **_told(side, claim)[language],
            "scope": claim.scope,
            "expected": _range(claim, language),
            "right": side.text(language),
            "reported": number(side.value),
            "gap": gap(side.value - nearest, language),
            "missing": side.missing(language),
        }

    def look_back(self, before: _Reported, claims: Sequence[Claim]) -> None:
        """Add to NT what this report says of the year before and the table of that year does not."""
        for claim in claims:
            side = before.side(claim.target) if claim.target and not claim.qualifier and not claim.scope else None
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
            for parts, total, complete in _sums(tuple(once)):
                self._check_sum([once[name] for name in parts], [once[name] for name in total], complete)

    def _check_sum(self, parts: Sequence[Claim], total: Sequence[Claim], complete: bool) -> None:
        statutory = self.reported.figures.matrix.form
        targets = [_target(statutory, claim.target) for claim in (*parts, *total)]
        if any(target is None for target in targets):
            return
        expected, reported = (sum(claim.value for claim in side) for side in (parts, total))
        status = "pass" if expected == reported else "fail" if complete or expected > reported else "not_assessable"
        names = [tuple(claim.target for claim in side) for side in (parts, total)]
        left, right = (
            written.texts([claim.value for claim in side])
            for written, side in zip(_written(statutory, *names), (parts, total), strict=True)
        )
        fields = in_both(
            lambda language: {
                "left": left[language],
                "right": right[language],
                "gap": gap(reported - expected, language),
                "quote": shortened(total[0].quote, total[0].value),
            }
        )
        cells = [cell for target in targets if target is not None for cell in target.cells]
        self._add("NS", status, fields, expected, reported, cells=list(dict.fromkeys(cells)))

    # --- comparisons: NC

    def _check_comparison(self, claim: Claim, before: _Reported | None, claims_before: Sequence[Claim]) -> None:
        side = self.reported.side(claim.target)
        if side is None or "百分点" in claim.quote:
            return
        growth = claim.qualifier == "growth"
        earlier = None if before is None else before.side(claim.target)
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
            in_both(lambda language: {**fields, "subject": side.target.fields[language]["subject"]}),
            computed,
            claim.value,
            table=side.target.table.id,
            cells=side.cells,
        )

    def _check_share(self, claim: Claim, part: Claim | None) -> None:
        """Hold a percentage against the figures it is made of: those of a named rate, else the figure told before it."""
        settings = known_rule("NC").settings
        rate = next((one for one in settings["rates"] if re.search(one["words"], claim.quote)), None)
        if rate is None and part is None:
            return
        parts = rate["part"] if rate else [part.target] if part else []
        wholes = rate["whole"] if rate else _wholes(parts[0], settings["shares"])
        of_part = [part.value] if part and not rate else self._known(parts)
        pairs = [(one, whole, 100 * one / whole) for one, whole in product(of_part, self._known(wholes)) if whole]
        if not pairs:
            return
        # a digit that was cut off is as good as one that was rounded
        reach = 2 * _half_of_last_digit(claim.value)
        fitting = [pair for pair in pairs if abs(pair[2] - claim.value) <= reach + _NOISE]
        one, whole, computed = (fitting or pairs)[0]
        status = "pass" if fitting else "fail"
        fields = {
            "quote": shortened(claim.quote, claim.value),
            "reported": f"{number(claim.value)}%",
            "expected": f"{number(round(computed, 2))}%",
            "left": number(one),
            "right": number(whole),
        }
        cells = [cell for name in (parts[0], wholes[0]) if (side := self.reported.side(name)) for cell in side.cells]
        message, table = f"{status} share", parts[0].partition("/")[0]
        self._add("NC", status, in_both(lambda _: fields), computed, claim.value, message=message, table=table, cells=cells)

    def _known(self, targets: Sequence[str]) -> list[float]:
        """Return what the table and the prose know of some targets."""
        return [level for name in targets for level in _levels(name, self.reported.side(name), self.claims)]


def _before(claims: Sequence[Claim], at: int) -> Claim | None:
    """Return the figure that a percentage is of: the last before it, where that stands in the same clause or the one before."""
    before = claims[at - 1] if at else None
    near = before is not None and before.target and not before.qualifier and claims[at].start - before.end <= _NEAR
    return before if near else None


def _wholes(part: str, shares: Mapping[str, Sequence[str]]) -> list[str]:
    """Return what a part may be a share of."""
    table, line, column = part.split("/")
    kind = "of_review" if table == "review" else "of_column" if column != "total" else "of_line"
    return [name.replace("*", line) for name in shares[kind] if name.replace("*", line) != part]


@lru_cache(maxsize=10_000)
def _sums(claimed: tuple[str, ...]) -> Sequence[tuple[Sequence[str], Sequence[str], bool]]:
    """Return the sums among claimed targets: parts, total, and whether these are all of its parts."""
    lines = dict.fromkeys(target.split("/")[1] for target in claimed)
    found: dict[tuple[str, str], tuple[Sequence[str], Sequence[str], bool]] = {}
    for breakdown in known_rule("NS").settings["breakdowns"]:
        for line in lines:
            parts, total = ([name.replace("*", line) for name in breakdown[side]] for side in ("parts", "total"))
            known = [name for name in parts if name in claimed]
            enough = len(known) == len(parts) if breakdown["whole"] else len(known) > 1
            if enough and all(name in claimed for name in total):
                found.setdefault((breakdown["by"], total[0]), (known, total, len(known) == len(parts)))
    return list(found.values())


@lru_cache(maxsize=10_000)
def _written(statutory: Form, parts: tuple[str, ...], total: tuple[str, ...]) -> tuple[Sum, Sum]:
    """Return how the two sides of a sum are written out, by what sets its targets apart."""
    one_line = len({target.split("/")[1] for target in (*parts, *total)}) == 1
    name, place = (_column_name, 2) if one_line else (_line_name, 1)

    def side(targets: Sequence[str]) -> Sum:
        split = [target.split("/") for target in targets]
        labels: dict[Language, list[str]] = {
            language: [name(statutory.table(one[0]), one[place], language) for one in split] for language in ("zh", "en")
        }
        return Sum(labels, [1] * len(split))

    return side(parts), side(total)


def _told(side: _Side, claim: Claim) -> Fields:
    """Return what a message needs if the claim agrees with the table."""
    quote = shortened(claim.quote, claim.value)
    return {language: {**fields, "quote": quote} for language, fields in side.target.fields.items()}


def of_another_circle(agency: object, scope: str) -> bool:
    """Tell whether a scope is less than the agency that a table is of, or more."""
    government = _circle("government", str(agency or ""))
    if not government and _circle("self", scope):
        return False
    return _circle("less", scope) or (not government and _circle("area", scope))


def _circle(name: str, text: str) -> bool:
    """Tell whether a scope or an agency is one of those that the rule NT lists."""
    return re.search(known_rule("NT").settings["circles"][name], text) is not None


def _levels(target: str, side: _Side | None, claims: Sequence[Claim]) -> list[float]:
    """Return what a table and the prose know of a target, the table first."""
    levels = [] if side is None or np.isnan(side.value) else [side.value]
    said = [claim for claim in claims if claim.target == target and not claim.qualifier]
    return levels + [claim.value for claim in said if claim.low == claim.value == claim.high]


def _nearest(claim: Claim, value: float) -> float:
    """Return the figure that a claim allows which is nearest to another."""
    return max(-inf if claim.low is None else claim.low, min(inf if claim.high is None else claim.high, value))


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
