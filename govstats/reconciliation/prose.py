"""The rules that hold what the prose says against the tables, against itself and against the year reported on."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from itertools import product
from math import inf, isfinite, isnan, nan
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from govstats.errors import require_columns
from govstats.forms import CellKey, Form, Language, cell_key
from govstats.reconciliation import findings as wording
from govstats.reconciliation.findings import Findings, number
from govstats.reconciliation.matrix import ABSENT, REPORTED, ByForm, Located, plain_values
from govstats.reconciliation.rulebook import known_rule
from govstats.report import Claim

_CHANGES = frozenset({"change", "growth"})
#: What is no figure of a cell.
NO_LEVELS = _CHANGES | {"share"}
#: The columns of claims without which nothing can be held against them, and those that tell of cells.
NEEDED = ("agency", *(name for name in Claim._fields if name not in {"place", "page"}))
OF_CELLS = ("agency", "year", "target", "value", "low", "high", "quote")
_APPROXIMATELY = re.compile("[余多约近逾超]|左右|不足|以上|以下|至少|不少于")
#: A share stands so near the figure it is of.
_NEAR = 2
#: What binary fractions lose.
_NOISE = 1e-9


class Said(NamedTuple):
    """A claim, by whom, and the year of the report in which it stands, where that is known."""

    agency: object
    claim: Claim
    report_year: int | None


def said_in(claims: pd.DataFrame | None, needed: Sequence[str] = NEEDED) -> list[Said]:
    """Return the rows of a frame with the columns of `Report.claims`, none of none.

    Raises
    ------
    UnusableCells
        The frame lacks one that is needed.
    """
    if claims is None:
        return []
    texts = {"target", "unit", "qualifier", "quote", "scope", "place"}
    require_columns(claims, needed, "claims", "Report.claims")
    frame = claims.reindex(columns=["agency", *Claim._fields, "report_year"])
    column = {name: plain_values(frame[name], "" if name in texts else None) for name in frame}
    made = map(Claim, *(column[name] for name in Claim._fields))
    return list(map(Said, column["agency"], made, column["report_year"]))


def of_cells(said: Iterable[Said]) -> Mapping[tuple[Any, int | None, str], Sequence[Claim]]:
    """Return what is said of cells, by agency, year and target."""
    found = defaultdict[tuple[Any, int | None, str], list[Claim]](list)
    for agency, claim, _ in said:
        if claim.target:
            found[agency, claim.year, claim.target].append(claim)
    return found


def check_prose(by_form: ByForm, findings: Findings, said: Sequence[Said]) -> None:
    """Add the findings of the rules on the prose.

    Parameters
    ----------
    by_form : ByForm
    findings : Findings
    said : sequence of Said
    """
    if not said:
        return
    spoken: dict[object, list[Said]] = defaultdict(list)
    for one in said:
        spoken[one.agency, one.claim.year].append(one)
    reported = by_form.located()
    for (agency, year), report in reported.items():
        before = (agency, year and year - 1)
        # what other reports say of the year is theirs
        own = [one.claim for one in spoken[agency, year] if one.report_year in {None, year}]
        earlier = spoken[before]
        claims = _Claims(findings, agency, report, own, reported.get(before), [one.claim for one in earlier])
        claims.check()
        claims.look_back([one.claim for one in earlier if one.report_year == year])


# --- what a claim speaks of ---------------------------------------------------------------------------------------------------


@cache
def _ways(statutory: Form, target: CellKey) -> Sequence[tuple[CellKey, ...]]:
    """Return the cells that a target is the sum of, and the subtotal that may stand for them; none where the form has no such."""
    tables = [table for table in statutory.tables if table.id == target[0] and not table.open]
    return [way for table in tables for way in table.options(*target[1:])]


class _Side(NamedTuple):
    """What the table of one report holds for a target; no cells where its form has none."""

    form: Form
    target: CellKey
    cells: tuple[CellKey, ...]
    figures: list[float]
    status: list[int]

    @property
    def value(self) -> float:
        """The sum, NaN where a cell has no figure."""
        return sum(self.figures) if self.cells else nan

    @property
    def least(self) -> float:
        """The sum of what is there."""
        return float(np.nansum(self.figures))

    def text(self, language: Language) -> str:
        """Write the figure, or the sum with its parts."""
        if len(self.cells) == 1:
            return number(self.value)
        return wording.sum_text(self._labels(language), self.figures, language)

    def missing(self, language: Language) -> str:
        """Name the cells without a figure."""
        return wording.without_figure(zip(self._labels(language), self.status, strict=True), language)

    def _labels(self, language: Language) -> list[str]:
        return wording.apart(self.form, self.cells, language)


def _side(report: Located, name: str) -> _Side:
    """Return what a report has for a target."""
    matrix, at, _ = report
    target = cell_key(name)
    ways = [(cells, matrix.rows_at(cells)) for cells in _ways(matrix.form, target) or [()]]
    cells, rows = next((way for way in ways if REPORTED in matrix.status[way[1], at]), ways[0])
    return _Side(matrix.form, target, cells, matrix.value[rows, at].tolist(), matrix.status[rows, at].tolist())


# --- claims -----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Claims:
    """The claims of one report on its own year; `before` and `earlier` are the report and the claims on the year before."""

    findings: Findings
    agency: object
    reported: Located
    every: Sequence[Claim]
    before: Located | None
    earlier: Sequence[Claim]

    def check(self) -> None:
        """Add the findings of NT, NS, NC and NZ."""
        levels = [claim for claim in self.every if claim.target and claim.qualifier not in NO_LEVELS]
        for target in dict.fromkeys(claim.target for claim in levels):
            self._check_levels(_side(self.reported, target), [claim for claim in levels if claim.target == target])
        self._check_sums()
        for before, claim in zip([None, *self.every], self.every, strict=False):
            if claim.qualifier in _CHANGES:
                self._check_comparison(claim)
            elif claim.qualifier == "share":
                self._check_share(claim, before)

    # --- levels: NT, NZ

    def _check_levels(self, side: _Side, claims: Sequence[Claim]) -> None:
        """Hold the claims of one target against its cells, each figure once; of those that say the same the plainest speaks."""
        plainest = sorted(claims, key=lambda one: (one.qualifier == "all", of_another_circle(self.agency, one.scope)))
        different = {(one.value, *bounds_of(one)): one for one in reversed(plainest)}
        for claim in different.values() if side.cells else ():
            high = bounds_of(claim)[1]
            if not isnan(side.value):
                self._say(side, claim, _nearest(claim, side.value), side.value, self._kind(side, claim, claims))
            elif side.least > high + _slack(claim) and not claim.scope:
                self._say(side, claim, high, side.least, "bound")
            else:
                self._say(side, claim, float(claim.value), nan, "no_table" if set(side.status) == {ABSENT} else "not_assessable")

    def _kind(self, side: _Side, claim: Claim, claims: Sequence[Claim]) -> str:
        """Return the message that fits a claim, beside others of the same target."""
        carried = _side(self.reported, claim.target.replace("/new/", "/carried_in/"))
        other = of_another_circle(self.agency, claim.scope) or (claim.scope and any(_agrees(one, side.value) for one in claims))
        kinds = {
            "pass": _agrees(claim, side.value),
            "all": claim.qualifier == "all",
            # what is said of a part may be less than the whole, and no more
            "exceeds": other and _circle("less", claim.scope) and bounds_of(claim)[0] > side.value + _slack(claim),
            "scope": other,
            "carried": side.cells != carried.cells and side.value + carried.value == claim.value,
        }
        return next((kind for kind, holds in kinds.items() if holds), "fail")

    def look_back(self, claims: Sequence[Claim]) -> None:
        """Add to NT what this report says of the year before and the table of that year does not."""
        if self.before is None:
            return
        for claim in (claim for claim in claims if claim.target and not claim.qualifier and not claim.scope):
            side = _side(self.before, claim.target)
            if abs(side.value - _nearest(claim, side.value)) > _slack(claim):
                self._say(side, claim, _nearest(claim, side.value), side.value, "year_before", cells=(), before=str(claim.year))

    def _say(self, side: _Side, claim: Claim, expected: float, reported: float, message: str, **more: Any) -> None:
        # 未收到, 均为0: nothing, said without a unit
        nothing = claim.value == 0 and not claim.unit and claim.qualifier != "all" and message != "year_before"
        status = {"pass": "pass", "not_assessable": "not_assessable", "no_table": "not_assessable"}.get(message, "fail")
        table = side.form.table(side.target[0])
        about: dict[str, Any] = {"table": table, "cells": side.cells, "subject": wording.named(table, side.target)}
        about |= {"quote": wording.shortened(claim.quote, claim.value), "scope": claim.scope, "claimed": partial(_range, claim)}
        about |= {"right": side.text, "missing": side.missing, "expected": expected, "reported": reported, **more}
        self.findings.note(self.reported.number, "NZ" if nothing else "NT", status, message=message, **about)

    # --- sums: NS

    def _check_sums(self) -> None:
        by_scope: dict[str, dict[str, set[float]]] = defaultdict(lambda: defaultdict(set))
        for claim in self.every:
            if claim.target and not claim.qualifier and claim.low == claim.value == claim.high:
                by_scope[claim.scope][claim.target].add(claim.value)
        for said in by_scope.values():
            # what is said with several figures is of several things
            once = {target: min(values) for target, values in said.items() if len(values) == 1}
            for parts, total, complete in _sums(tuple(once)):
                self._check_sum({name: once[name] for name in parts}, {name: once[name] for name in total}, complete)

    def _check_sum(self, parts: Mapping[str, float], total: Mapping[str, float], complete: bool) -> None:
        statutory = self.reported.matrix.form
        cells = [cell_key(name) for name in (*parts, *total)]
        ways = [_ways(statutory, cell) for cell in cells]
        if not all(ways):
            return
        expected, reported = float(sum(parts.values())), float(sum(total.values()))
        wrong = "fail" if complete or expected > reported else "not_assessable"
        status = "pass" if expected == reported else wrong
        of_total = next(one for one in self.every if total.get(one.target) == one.value and not one.qualifier)

        def written(side: slice, figures: Iterable[float], language: Language) -> str:
            return wording.sum_text(wording.apart(statutory, cells, language)[side], list(figures), language)

        about: dict[str, Any] = {"cells": dict.fromkeys(cell for way in ways for cell in way[0])}
        about |= {"left": partial(written, slice(len(parts)), parts.values())}
        about |= {"right": partial(written, slice(len(parts), None), total.values())}
        quote = wording.shortened(of_total.quote, of_total.value)
        self.findings.note(self.reported.number, "NS", status, expected=expected, reported=reported, quote=quote, **about)

    # --- comparisons and shares: NC

    def _check_comparison(self, claim: Claim) -> None:
        side = _side(self.reported, claim.target)
        if not side.cells or "百分点" in claim.quote:
            return
        then, now = _levels(claim.target, self.before, self.earlier), self._known([claim.target])
        figures = [(old, new, new - old) for new, old in product(now, then)]
        unit = "%" if claim.qualifier == "growth" else ""
        if unit:
            figures = [(old, new, change / old * 100) for old, new, change in figures if old]
        self._compare(claim, figures, _rounded(claim), [side], unit)

    def _check_share(self, claim: Claim, before: Claim | None) -> None:
        """Hold a percentage against the figures it is made of: those of a named rate, else the figure told before it."""
        settings = known_rule("NC").settings
        rate = next((rate for rate in settings["rates"] if re.search(rate["words"], claim.quote)), None)
        if rate:
            parts, wholes, of_part = rate["part"], rate["whole"], self._known(rate["part"])
        elif before and before.target and not before.qualifier and claim.start - before.end <= _NEAR:
            parts, wholes, of_part = [before.target], _wholes(before.target, settings["shares"]), [before.value]
        else:
            return
        figures = [(one, whole, 100 * one / whole) for one, whole in product(of_part, self._known(wholes)) if whole]
        # a digit that was cut off is as good as one that was rounded
        reach = 2 * _half_of_last_digit(claim.value)
        sides = [_side(self.reported, names[0]) for names in (parts, wholes)]
        if figures and sides[0].cells:
            self._compare(claim, figures, (claim.value - reach, claim.value + reach), sides, "%")

    def _compare(
        self, claim: Claim, figures: list[tuple[float, float, float]], fits: tuple[float, float], sides: list[_Side], unit: str
    ) -> None:
        """Add a finding of NC; `figures` are each two figures and what they make: a change of one side, a share of two."""
        fitting = [one for one in figures if fits[0] - _NOISE <= one[2] <= fits[1] + _NOISE]
        status = "pass" if fitting else "fail" if figures else "not_assessable"
        left, right, computed = (fitting or figures or [(nan, nan, nan)])[0]
        table = sides[0].form.table(sides[0].target[0])
        about: dict[str, Any] = {"table": table, "cells": [cell for side in sides for cell in side.cells]}
        about |= {"expected": float(computed), "reported": float(claim.value), "subject": wording.named(table, sides[0].target)}
        about |= {"stated": number(claim.value) + unit, "computed": number(round(computed, 2)) + unit}
        about |= {"left": number(left), "right": number(right), "quote": wording.shortened(claim.quote, abs(claim.value))}
        message = status + " share" * (len(sides) > 1)
        self.findings.note(self.reported.number, "NC", status, message=message, **about)

    def _known(self, targets: Sequence[str]) -> list[float]:
        """Return what the table and the prose know of some targets."""
        return [level for name in targets for level in _levels(name, self.reported, self.every)]


def _wholes(part: str, shares: Mapping[str, Sequence[str]]) -> list[str]:
    """Return what a part may be a share of."""
    table, line, column = cell_key(part)
    kind = "of_review" if table == "review" else "of_column" if column != "total" else "of_line"
    return [name for name in (written.replace("*", line) for written in shares[kind]) if name != part]


@lru_cache(maxsize=10_000)
def _sums(claimed: tuple[str, ...]) -> Sequence[tuple[Sequence[str], Sequence[str], bool]]:
    """Return the sums among claimed targets: parts, total, and whether these are all of its parts."""
    lines = dict.fromkeys(target.split("/")[1] for target in claimed)
    found: dict[tuple[str, str], tuple[Sequence[str], Sequence[str], bool]] = {}
    for breakdown, line in product(known_rule("NS").settings["breakdowns"], lines):
        parts, total = ([name.replace("*", line) for name in breakdown[side]] for side in ("parts", "total"))
        known = [name for name in parts if name in claimed]
        least = len(parts) if breakdown["whole"] else 2
        if len(known) >= least and set(total) <= set(claimed):
            found.setdefault((breakdown["by"], total[0]), (known, total, len(known) == len(parts)))
    return list(found.values())


def of_another_circle(agency: object, scope: str) -> bool:
    """Tell whether a scope is less than the agency that a table is of, or more."""
    if _circle("government", str(agency or "")):
        return _circle("less", scope)
    return _circle("less or area", scope) and not _circle("self", scope)


def _circle(name: str, text: str) -> bool:
    """Tell whether a scope or an agency is one of those that the rule NT lists."""
    return re.search(known_rule("NT").settings["circles"][name], text) is not None


def _levels(target: str, reported: Located | None, claims: Sequence[Claim]) -> list[float]:
    """Return what a table and the prose know of a target, the table first."""
    in_table = _side(reported, target).value if reported else nan
    said = [claim for claim in claims if claim.target == target and not claim.qualifier]
    exact = [claim.value for claim in said if bounds_of(claim) == (claim.value, claim.value)]
    return exact if isnan(in_table) else [in_table, *exact]


def bounds_of(claim: Claim) -> tuple[float, float]:
    """Return the least and the most that a claim allows."""
    return float(-inf if claim.low is None else claim.low), float(inf if claim.high is None else claim.high)


def _nearest(claim: Claim, value: float) -> float:
    """Return the figure that a claim allows which is nearest to another."""
    low, high = bounds_of(claim)
    return float(max(low, min(high, value)))


def _agrees(claim: Claim, value: float) -> bool:
    """Tell whether a claim allows a figure."""
    return abs(value - _nearest(claim, value)) <= _slack(claim)


def _slack(claim: Claim) -> float:
    """Return by how much an amount may differ for having been rounded; counts are exact."""
    return _half_of_last_digit(claim.value) + _NOISE if claim.unit == "万元" else 0.0


def _half_of_last_digit(value: float) -> float:
    return 0.5 * 10.0 ** -len(f"{value:.15g}".partition(".")[2])


def _rounded(claim: Claim) -> tuple[float, float]:
    """Return the interval of a change or a percentage."""
    if claim.low == claim.high and not _APPROXIMATELY.search(claim.quote):
        half = _half_of_last_digit(claim.value) if claim.qualifier == "growth" else 0.0
        return claim.value - half, claim.value + half
    # a fall is given as a negative figure, but its bounds are those of a rise: they reach to both sides
    reaches = [abs(bound - claim.value) for bound in bounds_of(claim)]
    reach, bounded = max(1.0, *filter(isfinite, reaches)), max(reaches) < inf
    low, high = claim.value - reach, claim.value + reach
    return low if bounded or claim.value > 0 else -inf, high if bounded or claim.value <= 0 else inf


def _range(claim: Claim, language: Language) -> str:
    low, high = bounds_of(claim)
    form = "exactly" if low == high else "from_to" if isfinite(high) else "at_least"
    return wording.phrase(form, language, low=number(low), high=number(high))
