"""Error localisation: edits that cannot all hold, of one report alone or of the years of an agency that carry-overs join."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from itertools import accumulate, combinations, groupby, pairwise, product
from math import inf, prod
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from govstats.forms import ONE_FEN, TEN_THOUSAND, CellKey, Edit, Form
from govstats.reconciliation import solver
from govstats.reconciliation.edits import assess, linear_edits, pairs_of_years, systems_on
from govstats.reconciliation.matrix import Layout, ReportMatrix, matrices, plain_values
from govstats.reconciliation.rulebook import RulesFile, known_rule, loaded
from govstats.reconciliation.solver import Flags, Floats, Integers, Localisation, Rows, Solution

#: What it costs to change a cell of a year that only bounds a chain: more than any repair.
_FIXED = 1_000.0
#: So many combinations of the repairs of several years are listed.
_MOST = 1_000
#: Below this confidence a reading is as likely to be wrong as the agency, and costs less to change.
_SURE, _UNSURE_WEIGHT = 0.99, 0.8
#: So many cells are tried beside an error of a whole table of one report, and of one that the years beside tell.
FEW, FEW_OVER_YEARS = 3, 2
_NOTHING = Solution((), ())
#: So many different fractions are no misprints of single figures.
_FRACTIONS = 3
#: A block of two lines and columns that is turned is two cells swapped.
_SMALLEST_BLOCK = 3
#: A figure that was printed nowhere: what stood at the edge of a table that was shifted; and a place where the form has no cell.
_LOST, _NO_CELL = -1, -2
#: The edits that join two consecutive years, the earlier one being 0.
_Link = Sequence[Edit]
#: What changing cells costs, by ``table/line/column``.
Weights = Mapping[str, float]


class Place(NamedTuple):
    """A cell of a report."""

    agency: Any
    year: int | None
    key: CellKey
    form: Form


@dataclass(frozen=True, eq=False)
class System:
    """Edits that hang together, of one report or of several years of an agency, and the ways to set them right.

    Attributes
    ----------
    number, order : int
        The number of the report, or of the first that is concerned, and the place among its systems.
    places : tuple of Place
        The cells, in the order of the columns of the edits.
    rows : Rows
        The edits.
    figures, weights : array, shape (cells,)
        As reported, and what changing a cell costs.
    found : Localisation
        The minimal sets of cells that would explain why not all edits hold; where they hold, to change nothing.
    """

    number: int
    order: int
    places: tuple[Place, ...]
    rows: Rows
    figures: Floats
    weights: Floats
    found: Localisation = field(default_factory=lambda: Localisation([_NOTHING]))

    @property
    def broken(self) -> Flags:
        """The edits that cannot hold."""
        return self.rows.broken(self.figures)

    @property
    def years(self) -> set[int | None]:
        """The years that it is of."""
        return {place.year for place in self.places}

    @property
    def changed(self) -> set[Place]:
        """The cells of all sets."""
        return {self.places[cell] for one in self.found.solutions for cell in one.cells}

    @property
    def is_consistent(self) -> bool:
        """Whether it needs no change of its own."""
        return self.found.solutions == [_NOTHING]

    @cached_property
    def ways(self) -> Floats:
        """What the cells are after each of the ways, shape (cells, ways); NaN where that is open."""
        figures = np.repeat(self.figures[:, None], len(self.found.solutions), axis=1)
        for way, solution in enumerate(self.found.solutions):
            figures[list(solution.cells), way] = solution.values
        return figures

    def minimal(self, seconds: float, most: float) -> Localisation:
        """Return the sets of cells of the least weight, none that weighs more than `most`."""
        return solver.minimal_changes(self.rows, self.figures, self.weights, seconds=seconds, most=most)


def cases(cells: pd.DataFrame, seconds: float, *, rules: RulesFile | None = None, weights: Weights | None = None) -> list[System]:
    """Return each group of edits that cannot all hold with its minimal sets.

    Parameters
    ----------
    cells : DataFrame
        The columns of `Report.cells`; any number of agencies and years.
    seconds : float
        For the search in each group.
    rules : path, optional
        Rules of the user's own; of severity E their edits bind too.
    weights : mapping, optional
        What changing a cell costs, by `table/line/column`, where ``*`` stands for any line or column.

    Returns
    -------
    list of System
        Report by report; the years of an agency together, at the first report that is concerned.

    Notes
    -----
    The sets of the years alone bound those of the chain from below. Where some of them fit the years beside, these are all the
    minimal sets of the chain, and no search is needed. Only where none fits, or where two consistent years contradict each other,
    are the systems of the years searched as one. What turns out to be independent is taken apart again.
    """
    systems = _Systems(cells, rules, weights)
    found: list[System] = []
    failing: dict[int, System] = {}
    for system, joins_years in systems.failing():
        located = replace(system, found=_located(system, seconds))
        if joins_years:
            failing[system.number] = located
        else:
            found.append(located)
    for years in systems.stretches(failing):
        found += _repaired([failing.get(year.number, year) for year in years], systems, seconds)
    return sorted(found, key=lambda system: (system.number, system.order))


def _located(system: System, seconds: float) -> Localisation:
    """Return what would set one report right: one cell, else errors of whole tables and a few cells, else the fewest cells."""
    found = system.minimal(seconds, 1.0)
    if found.solutions:
        return found
    whole = _rearrangements(system)
    found = system.minimal(seconds, FEW if whole else inf)
    return Localisation([*whole, *found.solutions], found.complete)


def _rearrangements(system: System) -> list[Solution]:
    """Return the interchanges and shifts of lines or columns by which all edits hold, with the cells that change."""
    equal = system.broken[system.rows.equal].any() or system.rows.outside(system.figures).any()
    if system.broken.any() and not equal:
        return []  # that one figure is less than another tells nothing of where they stand
    figures = rearranged(system.places[0].form, tuple(place.key for place in system.places), system.figures)[1]
    found = []
    for moved in figures[solver.possible(system.rows, figures.T)]:
        changed = np.flatnonzero(~np.isnan(system.figures) & (moved != system.figures)).tolist()
        values = solver.consistent(system.rows, moved, changed)
        if values is not None:
            changes = zip(changed, values, strict=True)
            found.append(Solution.of((cell, value) for cell, value in changes if value != system.figures[cell]))
    return [solution for solution in dict.fromkeys(found) if len(solution.cells) > 2]


# --- one report -------------------------------------------------------------------------------------------------------------


class _Systems:
    """The systems of edits of all reports, built for those that are asked for."""

    def __init__(self, cells: pd.DataFrame, rules: RulesFile | None = None, weights: Weights | None = None) -> None:
        self.by_form = matrices(cells)
        self.matrices = self.by_form.matrices
        self.agencies, self.years = (plain_values(self.by_form.reports[name]) for name in ("agency", "year"))
        self.binding = [rule for rule in loaded(rules).values() if rule.binds]
        self.weights = {matrix.form: _weights(cells, matrix, weights) for matrix in self.matrices}
        self.bound = {matrix.form: linear_edits(matrix, matrix, self.binding) for matrix in self.matrices}

    def parts(self, matrix: ReportMatrix, layout: Layout) -> tuple[Sequence[Rows], Rows | None]:
        """Return the groups of edits that bind the reports of a layout, and that by which years are joined."""
        bound = self.bound[matrix.form]
        own = tuple(edit for edit in bound if edit.severity == "E" and not edit.offsets)
        joined = {cell for edit in bound if edit.offsets for cell in edit.cells}
        groups = systems_on(matrix.form, layout, matrix.cells, own)
        return groups, next((one for one in groups if not joined.isdisjoint(one.cells)), None)

    @cached_property
    def place_of(self) -> dict[int, tuple[ReportMatrix, int, Layout]]:
        """Where each report stands."""
        every = ((matrix, member, layout) for matrix in self.matrices for members, layout in matrix.layouts for member in members)
        return {int(matrix.reports[member]): (matrix, int(member), layout) for matrix, member, layout in every}

    def failing(self) -> Iterator[tuple[System, bool]]:
        """Yield the systems that cannot hold, and whether years are joined by them."""
        for matrix in self.matrices:
            for members, layout in matrix.layouts:
                components, joining = self.parts(matrix, layout)
                for order, component in enumerate(components):
                    figures = matrix.value[np.ix_(matrix.rows_at(component.cells), members)]
                    for at in members[~solver.possible(component, figures)].tolist():
                        yield self.system(matrix, at, component, order), component is joining

    def system(self, matrix: ReportMatrix, member: int, component: Rows, order: int = 0) -> System:
        """Return a group of edits with the figures of a report."""
        rows, number = matrix.rows_at(component.cells), int(matrix.reports[member])
        places = tuple(Place(self.agencies[number], self.years[number], key, matrix.form) for key in component.cells)
        figures, weights = matrix.value[rows, member], self.weights[matrix.form][rows, member]
        return System(number, order, places, component, figures, weights)

    def year(self, number: int) -> System | None:
        """Return a report whose own edits hold, by the system that joins it to other years; None where it has none."""
        matrix, member, layout = self.place_of[number]
        component = self.parts(matrix, layout)[1]
        return self.system(matrix, member, component) if component else None

    def stretches(self, failing: Iterable[int]) -> Iterator[list[System]]:
        """Yield the consecutive years of each agency of which some fail, alone or beside one another; `failing` are numbers."""
        year_before: dict[int, int] = {}
        affected = set(failing)
        for pairs in pairs_of_years(self.by_form):
            year_before |= dict(zip(pairs.reports.tolist(), pairs.before.reports[pairs.was].tolist(), strict=True))
            for edit in linear_edits(pairs.now, pairs.before, self.binding):
                if edit.offsets and edit.severity == "E":
                    affected |= set(pairs.reports[assess(edit, pairs.figures(edit.places)[0], pairs.now.form).failed].tolist())
        year_after = {before: now for now, before in year_before.items()}
        while affected:
            run = [min(affected)]
            while run[0] in year_before:
                run.insert(0, year_before[run[0]])
            while run[-1] in year_after:
                run.append(year_after[run[-1]])
            affected -= set(run)
            # a year without such a table cuts the run
            stretches = groupby(map(self.year, run), key=lambda year: year is None)
            yield from ([year for year in years if year] for cut, years in stretches if not cut)


def _weights(cells: pd.DataFrame, matrix: ReportMatrix, own: Weights | None) -> Floats:
    """Return what changing each cell costs: less where recognition was not sure."""
    weights = np.ones(matrix.value.shape)
    if "confidence" in cells.columns:
        confidence = matrix.rows["confidence"].to_numpy(dtype=float, na_value=np.nan)
        unsure = (confidence < _SURE) & (matrix.cell_of_row >= 0)
        weights[matrix.cell_of_row[unsure], matrix.report_of_row[unsure]] = _UNSURE_WEIGHT
    for written, weight in (own or {}).items():
        weights[[fnmatch.fnmatchcase("/".join(key), written) for key in matrix.cells]] *= weight
    return weights


# --- years of an agency that carry-overs join -------------------------------------------------------------------------------


def _links(years: Sequence[System], systems: _Systems) -> list[_Link]:
    """Return the edits that bind the repairs of each two years: those of severity E, and those that hold as reported."""
    links: list[_Link] = []
    for both in pairwise(years):
        before, now = (systems.place_of[year.number][0] for year in both)
        edits = [_in_year(edit, 1) for edit in linear_edits(now, before, systems.binding) if edit.offsets]
        joined = _joined(both, [edits], free=[False, False])
        every = zip(joined.rows.edits, joined.broken.tolist(), strict=True)
        links.append([edit for edit, breaks in every if edit.severity == "E" or not breaks])
    return links


def _fitting(years: Sequence[System], links: Sequence[_Link]) -> list[Flags]:
    """Tell for each two consecutive years which ways to set them right fit each other."""
    fitting = []
    for link, (before, now) in zip(links, pairwise(years), strict=True):
        rows = _joined([before, now], [link], free=[False, False]).rows
        beside = (np.vstack([np.broadcast_to(way[:, None], (len(way), now.ways.shape[1])), now.ways]) for way in before.ways.T)
        fits = [~rows.broken(figures).any(axis=0) for figures in beside]
        fitting.append(np.array(fits, dtype=np.bool_).reshape(before.ways.shape[1], now.ways.shape[1]))
    return fitting


def _repaired(years: Sequence[System], systems: _Systems, seconds: float) -> Iterator[System]:
    """Cut consecutive years where the repairs of both sides fit in any combination, and repair what is left together."""
    links = _links(years, systems)
    fitting = _fitting(years, links)
    cuts = [at for at, fits in enumerate(fitting, start=1) if fits.all()]
    for start, end in pairwise([0, *cuts, len(years)]):
        mine, inner = years[start:end], slice(start, end - 1)
        if end - start == 1:
            yield from (case for case in mine if not case.is_consistent)
            continue
        joined = replace(_joined(mine, links[inner]), found=_combined(mine, fitting[inner]))
        if not joined.found.solutions:
            whole = replace(joined, found=_of_whole_tables(mine, links[inner], joined))
            few = whole.found.solutions
            joined = _searched(years, links, start, end, seconds, most=FEW_OVER_YEARS if few else inf)
            joined = whole if few and not joined.found.solutions else joined
        for part in _factors(joined):
            system = replace(joined, found=part)
            concerned = {place.year for place in system.changed}
            numbers = (one.number for one in mine if one.years <= concerned)
            yield replace(system, number=next(numbers, mine[0].number))


def _combined(years: Sequence[System], fitting: Sequence[Flags]) -> Localisation:
    """Return the combinations of the repairs of the years that fit each other; none if the years need no change alone."""
    paths: list[tuple[int, ...]] = [(way,) for way in range(len(years[0].found.solutions))]
    complete = all(year.found.complete for year in years)
    for fits in fitting:
        paths = [(*path, way) for path in paths for way in np.flatnonzero(fits[path[-1]]).tolist()]
        complete &= len(paths) <= _MOST
        paths = paths[:_MOST]
    starts = [0, *accumulate(len(year.places) for year in years[:-1])]
    solutions = []
    for path in paths:
        chosen = [year.found.solutions[way] for year, way in zip(years, path, strict=True)]
        cells = tuple(start + cell for start, one in zip(starts, chosen, strict=True) for cell in one.cells)
        solutions.append(Solution(cells, tuple(value for one in chosen for value in one.values)))
    return Localisation([solution for solution in solutions if solution.cells], complete)


def _of_whole_tables(years: Sequence[System], links: Sequence[_Link], joined: System) -> Localisation:
    """Return what sets years right that contradict each other, if tables of the fewest were in another unit or last year's."""
    widened = []
    for before, year in zip([None, *years[:-1]], years, strict=True):
        cells, figures = [place.key for place in year.places], year.figures
        same = before is not None and [place.key for place in before.places] == cells
        ways = list(year.found.solutions)
        for other in reprinted(cells, figures, before.figures if before and same else None):
            changed = np.flatnonzero(~np.isnan(figures) & (other != figures)).tolist()
            if solver.can_hold(year.rows, other):
                ways.append(Solution(tuple(changed), tuple(other[changed].tolist())))
        widened.append(replace(year, found=Localisation(ways, year.found.complete)))
    found = _combined(widened, _fitting(widened, links))
    concerned = [len({joined.places[cell].year for cell in one.cells}) for one in found.solutions]
    fewest = [one for one, years_of in zip(found.solutions, concerned, strict=True) if years_of == min(concerned)]
    return Localisation(fewest, found.complete)


def _searched(years: Sequence[System], links: Sequence[_Link], start: int, end: int, seconds: float, *, most: float) -> System:
    """Search the systems of years as one, with the consistent years on both sides, which may have to change as well."""
    start -= int(start > 0 and years[start - 1].is_consistent)
    end += int(end < len(years) and years[end].is_consistent)
    # what lies beyond only says what is carried over
    first, last = max(start - 1, 0), min(end + 1, len(years))
    joined = _joined(years[first:last], links[first : last - 1], [start <= at < end for at in range(first, last)])
    found = joined.minimal(seconds, most)
    if found.solutions and min(joined.weights[list(one.cells)].sum() for one in found.solutions) >= _FIXED:
        found = Localisation([], complete=False)
    return replace(joined, found=found)


@cache
def _in_year(edit: Edit, at: int) -> Edit:
    """Return an edit of one of several years, which are counted from 0."""
    return replace(edit, offsets=tuple(at + offset for _, offset in edit.places))


def _joined(years: Sequence[System], links: Sequence[_Link], free: Sequence[bool] | None = None) -> System:
    """Return the systems of consecutive years as one; those that are not `free` only stand beside it."""
    free = free or [True] * len(years)
    edits = [_in_year(edit, at) for at, one in enumerate(years) if free[at] for edit in one.rows.edits]
    edits += [_in_year(edit, at) for at, link in enumerate(links) for edit in link]
    cells = [(place.key, at) for at, one in enumerate(years) for place in one.places]
    edits = [edit for edit in edits if set(cells).issuperset(edit.places)]
    signed, whole = (np.concatenate([getattr(one.rows, name) for one in years]) for name in ("signed", "whole"))
    weights = [one.weights if it else np.full_like(one.weights, _FIXED) for one, it in zip(years, free, strict=True)]
    figures, places = np.concatenate([one.figures for one in years]), tuple(place for one in years for place in one.places)
    rows = solver.as_rows(edits, cells, signed, whole)
    return System(years[0].number, 0, places, rows, figures, np.concatenate(weights))


def _factors(joined: System) -> list[Localisation]:
    """Take apart what is independent: sets of cells that share no edit and come in every combination."""
    located = joined.found
    cells = sorted({cell for solution in located.solutions for cell in solution.cells})
    if not cells:
        return [located]
    rows = (joined.rows.matrix[joined.rows.equal][:, cells] != 0).astype(float)
    holding = np.array([np.isin(cells, solution.cells) for solution in located.solutions], dtype=float)
    alone = holding.sum(axis=0)
    correlated = np.abs(holding.T @ holding * len(holding) - np.outer(alone, alone)) > ONE_FEN
    factors = []
    for members in solver.components(((rows.T @ rows > 0) | correlated).astype(float)):
        mine = {cells[member] for member in members}
        changes = ([change for change in zip(*one, strict=True) if change[0] in mine] for one in located.solutions)
        factors.append(Localisation(list(dict.fromkeys(map(Solution.of, changes))), located.complete))
    return factors if prod(len(factor.solutions) for factor in factors) == len(located.solutions) else [located]


def systems_of(cells: pd.DataFrame, rules: RulesFile | None = None) -> Iterator[System]:
    """Yield each system of edits; the years that carry-overs join are one system."""
    systems = _Systems(cells, rules)
    for matrix, member, layout in systems.place_of.values():
        components, joining = systems.parts(matrix, layout)
        for component in components:
            if component.edits and component is not joining:
                yield systems.system(matrix, member, component)
    for years in systems.stretches(systems.place_of):
        yield _joined(years, _links(years, systems))


# --- errors of a whole table: lines or columns in each other's place or one place on, a block turned, another unit ----------


def rearranged(form: Form, cells: tuple[CellKey, ...], figures: Floats) -> tuple[Sequence[str], Floats]:
    """Return what the figures of cells were if lines or columns were interchanged or shifted, a block turned, or all in 万.

    Where nothing was moved to, at one edge of a shifted table, no figure but 0 may stand: nothing would explain it.

    Parameters
    ----------
    form : Form
    cells : tuple of (table, line, column)
    figures : array, shape (cells,)
        As reported.

    Returns
    -------
    mechanisms : sequence of str
        Ids of ``mechanisms.toml``.
    figures : array, shape (mechanisms, cells)
        NaN for what was lost at the edge, or stood where no figure is.
    """
    names, sources, kept = _sources(form, cells)
    possible = np.asarray((kept | ~(figures > 0)).all(axis=1))
    moved = np.append(figures, np.nan)[sources[possible]]
    names = [names[at] for at in np.flatnonzero(possible)]
    for table in dict.fromkeys(name for name, _, _ in cells):
        mine = np.array([cell[0] == table for cell in cells])
        fractions = {figure for figure in figures[mine].tolist() if figure % 1 > 0}
        if len(fractions) >= _FRACTIONS:
            names.append("table_unit")
            moved = np.vstack([moved, np.where(mine, np.round(figures * TEN_THOUSAND, 6), figures)])
    return names, moved


def reprinted(cells: Sequence[CellKey], figures: Floats, before: Floats | None) -> Iterator[Floats]:
    """Yield what the figures of a year were if a table were printed in another unit, or were that of the year before.

    Parameters
    ----------
    cells : sequence of (table, line, column)
    figures, before : array, shape (cells,)
        As reported, and the year before; None where it has other cells.
    """
    # so many different figures make it remarkable that all are multiples of ten thousand, or those of the year before
    different = known_rule("XD").settings["different_figures"]
    for table in dict.fromkeys(name for name, _, _ in cells):
        mine = np.array([cell[0] == table for cell in cells]) & ~np.isnan(figures)
        if len(set(figures[mine].tolist()) - {0.0}) >= different.get(table, np.inf):
            if not (figures[mine] % TEN_THOUSAND).any():
                yield np.where(mine, figures / TEN_THOUSAND, figures)
            if before is not None and (figures[mine] == before[mine]).all():
                yield np.where(mine, np.nan, figures)


@cache
def _sources(form: Form, cells: tuple[CellKey, ...]) -> tuple[list[str], Integers, NDArray[np.bool_]]:
    """Return the mechanisms, for each where the figure of every cell is printed, and whether the figure printed there is kept."""
    names: list[str] = []
    sources: list[Integers] = []
    at = {cell: number for number, cell in enumerate(cells)}
    for table in (form.table(name) for name in dict.fromkeys(name for name, _, _ in cells)):
        there = [{cell[part] for cell in cells if cell[0] == table.id} for part in (1, 2)]
        lines, columns = [one for one in table.line if one in there[0]], [one for one in table.column if one in there[1]]
        grid = np.array([[at.get((table.id, line, column), _NO_CELL) for column in columns] for line in lines])
        for name, printed in _moved(grid):
            # a cell that has no counterpart there keeps its own figure
            moved, source = (grid != _NO_CELL) & (printed != _NO_CELL), np.arange(len(cells))
            source[grid[moved]] = printed[moved]
            names.append(name)
            sources.append(source)
    printed_in = np.array(sources, dtype=np.intp).reshape(len(names), len(cells))
    return names, printed_in, (printed_in[:, :, None] == np.arange(len(cells))).any(axis=1)


def _moved(grid: Integers) -> Iterator[tuple[str, Integers]]:
    """Yield each interchange, shift and turn of the cells of a table: in the place of each cell that in which its figure is."""
    for what, turned in (("lines", grid), ("columns", grid.T)):
        lost = np.full_like(turned[:1], _LOST)
        ways = []
        for one, other in combinations(range(len(turned)), 2):
            swapped = turned.copy()
            swapped[[one, other]] = turned[[other, one]]
            ways.append(("swapped", swapped))
        ways += [("shifted", np.vstack([turned[1:], lost])), ("shifted", np.vstack([lost, turned[:-1]]))]
        yield from ((f"{what}_{name}", way if what == "lines" else way.T) for name, way in ways)
    for size in range(_SMALLEST_BLOCK, min(grid.shape) + 1):
        for top, left in product(range(grid.shape[0] - size + 1), range(grid.shape[1] - size + 1)):
            block = np.s_[top : top + size, left : left + size]
            if (grid[block] != _NO_CELL).all():
                turned = grid.copy()
                turned[block] = grid[block].T
                yield "block_transposed", turned
