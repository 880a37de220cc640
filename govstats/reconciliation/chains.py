"""Systems of edits to be repaired: of one report alone, and of the years of an agency that their carry-overs join."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from itertools import pairwise, repeat
from math import prod
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from govstats.forms import ONE_FEN, CellKey, Edit, Form
from govstats.reconciliation.edits import Pairs, System, linear_edits, system, tell
from govstats.reconciliation.findings import Floats, known_rule, linear_rules
from govstats.reconciliation.matrix import Layout, ReportMatrix
from govstats.reconciliation.solver import Localisation, Rows, Solution, components, minimal_changes
from govstats.reconciliation.years import pairs_of_years

#: What it costs to change a cell of a year that only bounds a chain: more than any repair.
_FIXED = 1_000.0
#: So many combinations of the repairs of several years are listed.
_MOST = 1_000


class Place(NamedTuple):
    """A cell of a report."""

    form: Form
    year: int | None
    key: CellKey


class _Component(NamedTuple):
    """Rows of one layout that hang together."""

    cells: tuple[CellKey, ...]
    edits: Rows
    rules: tuple[str, ...]
    order: int


class Chain(NamedTuple):
    """Rows that hang together, of one report or of several years of an agency.

    Attributes
    ----------
    places : tuple of Place
        The cells, in the order of the columns of the edits.
    edits : Rows
        Inequalities that the reported figures break are left out: they are another matter, and no reason to refuse a repair.
    rules : tuple of str
        One for each equality.
    figures, weights : array, shape (cells,)
        As reported, and what changing a cell costs.
    """

    places: tuple[Place, ...]
    edits: Rows
    rules: tuple[str, ...]
    figures: Floats
    weights: Floats

    def first_failed(self) -> Place:
        """Return the first cell of the equalities that do not hold."""
        broken = np.abs(self.edits.equalities @ np.nan_to_num(self.figures)) > ONE_FEN
        return self.places[int((self.edits.equalities[broken] != 0).any(axis=0).argmax())]


class Parts:
    """What each report has of the systems of edits; built for those that are asked for."""

    def __init__(self, found: Sequence[ReportMatrix], years: Any, weights: Mapping[int, Floats | None]) -> None:
        self.found, self.years, self.weights = found, years, weights
        self._at: dict[int, tuple[ReportMatrix, int, Layout]] | None = None
        self._built: dict[int, Chain] = {}

    def failing(self) -> Iterator[tuple[int, int, Chain, bool]]:
        """Yield the systems that cannot hold: the report, the order in it, the system, and whether years are joined by it."""
        for matrix in self.found:
            for members, layout in matrix.layouts:
                for component in _components(matrix.form, layout):
                    places = np.array([matrix.index[key] for key in component.cells])
                    figures = matrix.value[np.ix_(places, members)]
                    chained = component is _joining(matrix.form, layout)
                    for at in np.flatnonzero(_fails(component.edits, figures)).tolist():
                        chain = self._chain(matrix, int(members[at]), component)
                        number = int(matrix.reports[members[at]])
                        if chained:
                            self._built[number] = chain
                        yield number, component.order, chain, chained

    def chain(self, number: int) -> Chain | None:
        """Return the system by which the years of an agency are joined; None where the report has none."""
        if self._at is None:
            self._at = {
                int(matrix.reports[member]): (matrix, int(member), layout)
                for matrix in self.found
                for members, layout in matrix.layouts
                for member in members
            }
        if number not in self._built:
            matrix, member, layout = self._at[number]
            component = _joining(matrix.form, layout)
            if component is None:
                return None
            self._built[number] = self._chain(matrix, member, component)
        return self._built[number]

    def matrix(self, number: int) -> ReportMatrix:
        """Return the matrix that a report stands in."""
        assert self._at is not None
        return self._at[number][0]

    def _chain(self, matrix: ReportMatrix, member: int, component: _Component) -> Chain:
        rows = np.array([matrix.index[key] for key in component.cells])
        figures = matrix.value[rows, member]
        weights = self.weights[id(matrix)]
        edits = component.edits
        held = ~(edits.inequalities @ np.nan_to_num(figures) < -ONE_FEN)
        if not held.all():
            edits = Rows(edits.equalities, edits.inequalities[held], edits.signed, edits.whole)
        year = self.years[matrix.reports[member]]
        year = None if pd.isna(year) else int(year)
        places = tuple(map(Place, repeat(matrix.form), repeat(year), component.cells))
        own = np.ones(len(places)) if weights is None else weights[rows, member]
        return Chain(places, edits, component.rules, figures, own)


@cache
def _components(form: Form, layout: Layout) -> tuple[_Component, ...]:
    whole = system(form, layout)
    return () if whole is None else tuple(_parted(whole))


def _parted(whole: System) -> Iterator[_Component]:
    rows, rules = whole.rows(~whole.open_ended)
    for order, members in enumerate(components(rows.matrix)):
        edits, numbers = rows.part(members)
        if len(edits.equalities):
            own = tuple(rules[number] for number in numbers[: len(edits.equalities)])
            yield _Component(tuple(whole.cells[member] for member in members), edits, own, order)


def _fails(edits: Rows, figures: Floats) -> Floats:
    """Tell for each report whether an equality cannot hold; cells without a figure are not negative unless signed."""
    unknown = np.isnan(figures)
    sums = edits.equalities @ np.where(unknown, 0.0, figures)
    loose = edits.signed[:, None] & unknown
    raising = (edits.equalities > 0) @ unknown + (edits.equalities != 0) @ loose
    lowering = (edits.equalities < 0) @ unknown + (edits.equalities != 0) @ loose
    broken = ((sums > ONE_FEN) & (lowering == 0)) | ((sums < -ONE_FEN) & (raising == 0))
    return np.asarray(broken.any(axis=0))


# --- years of an agency that carry-overs join -------------------------------------------------------------------------------


@cache
def _binding() -> tuple[str, ...]:
    return tuple(rule for rule in linear_rules() if known_rule(rule).settings.get("binds_repairs"))


@cache
def _lines_joined() -> frozenset[tuple[str, str]]:
    """Return the tables and lines that join years."""
    templates = [template for rule in _binding() for template in known_rule(rule).settings["edits"]]
    return frozenset(
        (template["table"], name.removeprefix("-").removeprefix("before."))
        for template in templates
        for name in (*template["left"], *template["right"])
    )


@cache
def _joining(form: Form, layout: Layout) -> _Component | None:
    """Return the edits of a report by which its years are joined."""
    for component in _components(form, layout):
        if any((table, line) in _lines_joined() for table, line, _ in component.cells):
            return component
    return None


class _Year(NamedTuple):
    """A report of a chain: its system, and the ways to set it right, of which a consistent one has that of changing nothing."""

    number: int
    chain: Chain
    options: tuple[Solution, ...]
    complete: bool
    positions: Mapping[CellKey, int]

    def figure(self, key: CellKey, option: Solution) -> float:
        """Return what a cell is after a repair; NaN where that is open."""
        at = self.positions[key]
        return option.values[option.cells.index(at)] if at in option.cells else float(self.chain.figures[at])


class _Link(NamedTuple):
    """The edits that join two consecutive years."""

    before: _Year
    now: _Year
    edits: tuple[Edit, ...]

    def holds(self, before: Solution, now: Solution) -> bool:
        """Tell whether all of them hold after the repairs of both years; what is open fits."""
        return all(self._holds(edit, before, now) for edit in self.edits)

    def _holds(self, edit: Edit, before: Solution, now: Solution) -> bool:
        surplus = 0.0
        for (key, factor), (_, offset) in zip(edit.terms, edit.places, strict=True):
            year, option = (self.before, before) if offset else (self.now, now)
            surplus += factor * year.figure(key, option)
        return bool(np.isnan(surplus) or (surplus >= -ONE_FEN and (edit.relation == ">=" or surplus <= ONE_FEN)))

    def is_free(self) -> bool:
        """Tell whether the years can be repaired each for itself."""
        return all(self.holds(before, now) for before in self.before.options for now in self.now.options)


_NOTHING = Solution((), ())


def chained_cases(
    reports: pd.DataFrame,
    found: Sequence[ReportMatrix],
    parts: Parts,
    failing: Mapping[int, Localisation],
    seconds: float,
) -> Iterator[tuple[int, int, Chain, Localisation]]:
    """Repair the years of each agency together.

    Parameters
    ----------
    reports : DataFrame
        Agency and year of each report number.
    found : sequence of ReportMatrix
    parts : Parts
    failing : mapping of int to Localisation
        The minimal sets of the reports whose own edits fail, each report taken alone.
    seconds : float
        For the search in each chain.

    Yields
    ------
    tuple
        The number of the first report that is concerned, the place among its cases, the system and its minimal sets.

    Notes
    -----
    The sets of the years alone bound those of the chain from below. Where some of them fit the years beside, these are all the
    minimal sets of the chain, and no search is needed. Only where none fits, or where two consistent years contradict each other,
    are the systems of the years searched as one. What turns out to be independent is taken apart again.
    """
    links = pairs_of_years(reports, found)
    year_before = {
        now: before
        for pairs in links
        for now, before in zip(pairs.reports.tolist(), pairs.before.reports[pairs.was].tolist(), strict=True)
    }
    year_after = {before: now for now, before in year_before.items()}
    affected = sorted({*failing, *(int(number) for pairs in links for number in _broken(pairs))})
    done: set[int] = set()
    for number in affected:
        if number in done:
            continue
        run = [number]
        while run[0] in year_before:
            run.insert(0, year_before[run[0]])
        while run[-1] in year_after:
            run.append(year_after[run[-1]])
        done.update(run)
        years = [_year(one, parts, failing) for one in run]
        for stretch in _stretches(years):
            yield from _repaired([one for one in stretch if one is not None], parts, seconds)


def _severity(edit: Edit) -> str:
    return edit.severity or known_rule(edit.rule).severity


def _broken(pairs: Pairs) -> Iterator[int]:
    """Yield the reports whose carry-over from the year before cannot be right."""
    for edit in linear_edits(pairs.now, pairs.before, _binding()):
        if _severity(edit) == "E":
            yield from pairs.reports[tell(edit, pairs.sides(edit)[0], pairs.now.form)[1]].tolist()


def _year(number: int, parts: Parts, failing: Mapping[int, Localisation]) -> _Year | None:
    chain = parts.chain(number)
    if chain is None:
        return None
    found = failing.get(number, Localisation([_NOTHING]))
    return _Year(number, chain, tuple(found.solutions), found.complete, {place.key: at for at, place in enumerate(chain.places)})


def _stretches(years: Sequence[_Year | None]) -> list[list[_Year | None]]:
    """Cut a run of years where one has no such table."""
    stretches: list[list[_Year | None]] = [[]]
    for year in years:
        if year is None:
            stretches.append([])
        else:
            stretches[-1].append(year)
    return [stretch for stretch in stretches if stretch]


def _linked(before: _Year, now: _Year, parts: Parts) -> _Link:
    """Return the edits that bind the repairs of two years: those of severity E, and those that hold as reported."""
    edits = linear_edits(parts.matrix(now.number), parts.matrix(before.number), _binding())
    known = [edit for edit in edits if all(key in (before if offset else now).positions for key, offset in edit.places)]
    as_reported = _Link(before, now, ())
    return as_reported._replace(
        edits=tuple(edit for edit in known if _severity(edit) == "E" or as_reported._holds(edit, _NOTHING, _NOTHING))
    )


def _repaired(years: Sequence[_Year], parts: Parts, seconds: float) -> Iterator[tuple[int, int, Chain, Localisation]]:
    """Cut a stretch of years where the repairs of both sides fit in any combination, and repair what is left together."""
    links = [_linked(before, now, parts) for before, now in pairwise(years)]
    start = 0
    for end in range(1, len(years) + 1):
        if end < len(years) and years[end - 1].options and years[end].options and not links[end - 1].is_free():
            continue
        yield from _segment(years, links, start, end, seconds)
        start = end


def _segment(
    years: Sequence[_Year], links: Sequence[_Link], start: int, end: int, seconds: float
) -> Iterator[tuple[int, int, Chain, Localisation]]:
    mine = years[start:end]
    if all(one.options == (_NOTHING,) for one in mine) and len(mine) == 1:
        return
    if len(mine) == 1:
        yield mine[0].number, 0, mine[0].chain, Localisation(list(mine[0].options), mine[0].complete)
        return
    complete = all(one.complete for one in mine)
    system = _joined(mine, links[start : end - 1])
    solutions, all_listed = _combined(mine, links[start : end - 1])
    if solutions:
        located = Localisation(solutions, complete and all_listed)
    else:
        # consistent years on both sides may have to change as well; what lies beyond only says what is carried over
        first, last = start, end
        if first and years[first - 1].options == (_NOTHING,):
            first -= 1
        if last < len(years) and years[last].options == (_NOTHING,):
            last += 1
        outer_first, outer_last = max(first - 1, 0), min(last + 1, len(years))
        outer = {years[at].number for at in (outer_first, outer_last - 1) if not first <= at < last}
        system = _joined(years[outer_first:outer_last], links[outer_first : outer_last - 1], fixed=outer)
        located = minimal_changes(system.edits, system.figures, system.weights, seconds=seconds)
        if located.solutions and min(_cost(system, one) for one in located.solutions) >= _FIXED:
            located = Localisation([], complete=False)
    for part in _factors(system, located):
        concerned = {system.places[cell].year for one in part.solutions for cell in one.cells}
        number = next((one.number for one in mine if one.chain.places[0].year in concerned), mine[0].number)
        yield number, 0, system, part


def _cost(system: Chain, solution: Solution) -> float:
    return float(system.weights[list(solution.cells)].sum())


def _joined(years: Sequence[_Year], links: Sequence[_Link], fixed: Collection[int] = ()) -> Chain:
    """Return the systems of consecutive years as one; those whose numbers are `fixed` only stand beside it."""
    if len(years) == 1:
        return years[0].chain
    starts = np.cumsum([0, *(len(year.chain.places) for year in years)])
    width = int(starts[-1])
    at = {year.number: int(start) for year, start in zip(years, starts[:-1].tolist(), strict=True)}

    def stacked(kind: str) -> Floats:
        rows = [np.zeros((0, width))]
        for year in years:
            if year.number not in fixed:
                block = getattr(year.chain.edits, kind)
                rows.append(np.zeros((len(block), width)))
                rows[-1][:, at[year.number] : at[year.number] + block.shape[1]] = block
        return np.vstack(rows)

    joins: list[Floats] = []
    rules = [rule for year in years if year.number not in fixed for rule in year.chain.rules]
    for link in links:
        for edit in link.edits:
            row = np.zeros(width)
            for (key, factor), (_, offset) in zip(edit.terms, edit.places, strict=True):
                year = link.before if offset else link.now
                row[at[year.number] + year.positions[key]] += factor
            joins.append(row)
            rules.append(edit.rule)
    edits = Rows(
        np.vstack([stacked("equalities"), *joins]),
        stacked("inequalities"),
        np.concatenate([year.chain.edits.signed for year in years]),
        np.concatenate([year.chain.edits.whole for year in years]),
    )
    return Chain(
        tuple(place for year in years for place in year.chain.places),
        edits,
        tuple(rules),
        np.concatenate([year.chain.figures for year in years]),
        np.concatenate(
            [np.full(len(year.chain.places), _FIXED) if year.number in fixed else year.chain.weights for year in years]
        ),
    )


def _combined(years: Sequence[_Year], links: Sequence[_Link]) -> tuple[list[Solution], bool]:
    """Return the combinations of the repairs of the years that fit each other, and whether these are all."""
    paths: list[tuple[Solution, ...]] = [(option,) for option in years[0].options]
    all_listed = True
    for link in links:
        paths = [(*path, option) for path in paths for option in link.now.options if link.holds(path[-1], option)]
        all_listed &= len(paths) <= _MOST
        paths = paths[:_MOST]
    starts = np.cumsum([0, *(len(year.chain.places) for year in years)]).tolist()
    solutions = []
    for path in paths:
        cells = tuple(start + cell for start, option in zip(starts, path, strict=False) for cell in option.cells)
        solutions.append(Solution(cells, tuple(value for option in path for value in option.values)))
    return [solution for solution in solutions if solution.cells], all_listed


def _factors(system: Chain, located: Localisation) -> list[Localisation]:
    """Take apart what is independent: sets of cells that share no edit and come in every combination."""
    cells = sorted({cell for solution in located.solutions for cell in solution.cells})
    if not cells:
        return [located]
    rows = system.edits.equalities[:, cells] != 0
    holding = np.array([[cell in solution.cells for cell in cells] for solution in located.solutions], dtype=float)
    together = holding.T @ holding * len(located.solutions)
    alone = holding.sum(axis=0)
    dependent = (rows.T.astype(float) @ rows > 0) | (np.abs(together - np.outer(alone, alone)) > ONE_FEN)
    factors = []
    for members in components(dependent.astype(float)):
        mine = {cells[member] for member in members}
        sets = dict.fromkeys(_only(solution, mine) for solution in located.solutions)
        factors.append(Localisation(list(sets), located.complete))
    if prod(len(factor.solutions) for factor in factors) != len(located.solutions):
        return [located]
    return factors


def _only(solution: Solution, cells: Collection[int]) -> Solution:
    kept = [at for at, cell in enumerate(solution.cells) if cell in cells]
    return Solution(tuple(solution.cells[at] for at in kept), tuple(solution.values[at] for at in kept))
