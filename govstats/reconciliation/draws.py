"""Completed and repaired data sets: what the figures leave open is drawn, again and again, for analyses that go on outside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import repeat
from typing import Any
from zlib import crc32

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from govstats.errors import GovstatsError, require_columns
from govstats.forms import ONE_FEN
from govstats.reconciliation.chains import System, systems_of
from govstats.reconciliation.corrections import Corrections, as_corrected
from govstats.reconciliation.matrix import Source, keys_of, known_of, plain_values
from govstats.reconciliation.repairs import repairs as repairs_of
from govstats.reconciliation.rulebook import RulesFile
from govstats.reconciliation.solver import Floats, Integers, Rows, bounds, components, filled

#: Steps of a walk from one draw to the next, for each dimension of what is open.
_STEPS = 100
#: A direction of a walk moves about so many of its dimensions.
_MOVED = 2.0
_CELL = ["agency", "year", "table", "line", "column"]
#: Agency, year, table, line and column.
_Cell = tuple[Any, ...]
#: What becomes of cells in a draw: the figure, NaN where it stays open, and what `method` says.
_Changes = dict[_Cell, tuple[float, str]]
#: Cells without a figure, what they become in one draw after the other, and what `method` says of that.
_Open = tuple[Integers, Iterator[Floats], str]


def draws(
    source: Source,
    n: int = 20,
    seed: int = 0,
    *,
    odds: float = 5.0,
    repairs: pd.DataFrame | None = None,
    corrections: Corrections | None = None,
    rules: RulesFile | None = None,
) -> Iterator[pd.DataFrame]:
    """Draw data sets in which the edits of the form hold: contradictions repaired, and cells without a figure filled.

    Parameters
    ----------
    source : Report, DataFrame or panel
        As `govstats.repairs` takes it.
    n : int
        How many.
    seed : int
        The same seed gives the same draws; those of an agency do not depend on which other agencies are there.
    odds : float
        So many times as likely is a repair as one of the next rank; 1 makes all minimal repairs equally likely. The page on draws
        says how the default was measured.
    repairs : DataFrame, optional
        What `govstats.repairs` returned for the same reports. By default they are looked for.
    corrections : path or DataFrame, optional
        Documented corrections to apply first, as `govstats.correct` takes them.
    rules : path, optional
        A file of rules of your own, as `govstats.repairs` takes it: those of severity E hold in the draws as ours do.

    Yields
    ------
    pandas.DataFrame
        The columns of `Report.cells`, and `draw`, from 1. `method` of a cell that is not as reported is ``repaired`` (it has the
        figure of a repair), ``deduced`` (the edits leave one figure), ``drawn`` (one of several) or ``open`` (the figure that is
        reported is taken away, and none can be drawn in its place). A cell that the document lacks has a row where it has a
        figure.

    Raises
    ------
    UnusableCells
        A frame lacks a column.

    Notes
    -----
    Of the repairs that explain the same failures one is drawn; those of one rank are equally likely, and `odds` times as likely
    as those of the next. Cells without a figure are then drawn together: all whole figures by which the edits of a report hold,
    and those on what is carried over from year to year, are equally likely. They are reached by a walk in random whole
    directions, each time to a point drawn uniformly between the bounds (Baumert et al., Discrete Hit-and-Run for Sampling
    Points from Arbitrary Distributions over Subsets of Integer Hyperrectangles, Operations Research 57, 2009). Cells that may
    be as large as one likes stay without a figure, and so do those that hang together with them; where not all repairs could be
    listed, the table stays open. The draws are imputations in the sense of Rubin, Multiple Imputation for Nonresponse in
    Surveys (1987).

    Examples
    --------
    Two parts of a block are blank; the others are 0, 0 and 3, and the total is 5:

    >>> from govstats.simulate import simulate
    >>> cells = simulate("2021", seed=1)
    >>> block = (cells["table"] == "review") & (cells["line"] == "reconsideration")
    >>> cells.loc[block, "value"] = [0, None, 3, None, 5]
    >>> cells.loc[block & cells["value"].isna(), "status"] = "blank"
    >>> [int(one.loc[one["method"] == "drawn", "value"].sum()) for one in draws(cells, 4, seed=1)]
    [2, 2, 2, 2]
    """
    cells = known_of(as_corrected(source, corrections)).cells.reset_index(drop=True)
    cells = cells if "method" in cells else cells.assign(method=None)
    found = repairs_of(source, corrections=corrections, rules=rules) if repairs is None else repairs
    require_columns(found, (*_CELL, "repair", "proposed", "group", "rank", "complete"), "repairs", "govstats.repairs(...)")
    if not odds > 0:
        raise GovstatsError(f"odds={odds}: expected a number above 0 应为大于 0 的数")
    choices, undecided = _choices(found, odds)
    there, repaired = set(keys_of(cells, _CELL[:3])), {agency for (agency,) in keys_of(found, _CELL[:1])}
    chains = [one for one in systems_of(cells, rules) if one.places[0].agency in repaired or np.isnan(one.figures).any()]
    agencies = repaired | {chain.places[0].agency for chain in chains}
    generators = {agency: np.random.default_rng([seed, crc32(str(agency).encode())]) for agency in agencies}
    systems = [_System(chain, there, generators[chain.places[0].agency]) for chain in chains]
    rows: dict[_Cell, list[int]] = {}
    for row, key in enumerate(keys_of(cells, _CELL)):
        if key[0] in generators:
            rows.setdefault(key, []).append(row)
    taken_away = {key: (np.nan, "open") for key in rows if key[:3] in undecided}
    for draw in range(1, n + 1):
        changes: _Changes = {}
        for agency, ways, probabilities in choices:
            changes |= ways[int(generators[agency].choice(len(ways), p=probabilities))]
        for system in systems:
            changes |= system.drawn(changes)
        yield _changed(cells, rows, changes | taken_away).assign(draw=draw)


#: Of the repairs of one group, of which one is needed, the agency, what each changes, and how likely it is.
_Choice = tuple[Any, list[_Changes], Floats]


def _choices(repairs: pd.DataFrame, odds: float) -> tuple[list[_Choice], set[_Cell]]:
    """Return the repairs to choose from, and the tables (agency, year, table) of which not all could be listed."""
    listed = repairs.groupby("group")["complete"].transform("all").astype(bool)
    choices = []
    for _, group in repairs[listed].groupby("group", sort=False):
        ways: dict[Any, _Changes] = {}
        proposed = group["proposed"].to_numpy(dtype=float, na_value=np.nan).tolist()
        for repair, key, figure in zip(group["repair"], keys_of(group, _CELL), proposed, strict=True):
            ways.setdefault(repair, {})[key] = (figure, "open" if np.isnan(figure) else "repaired")
        tiers = group.drop_duplicates("repair")["rank"].rank(method="dense").to_numpy(dtype=float)
        likely = odds ** (1 - tiers)
        choices.append((next(keys_of(group, ["agency"]))[0], list(ways.values()), likely / likely.sum()))
    return choices, set(keys_of(repairs[~listed], _CELL[:3]))


def _changed(cells: pd.DataFrame, rows: Mapping[_Cell, Sequence[int]], changes: _Changes) -> pd.DataFrame:
    """Return the cells with some figures in the place of others."""
    value = cells["value"].to_numpy(dtype=float, na_value=np.nan, copy=True)
    status, method = plain_values(cells["status"]), plain_values(cells["method"])
    absent = []
    for key, (figure, how) in changes.items():
        state = "unreadable" if np.isnan(figure) else "reported"
        for row in rows.get(key, ()):
            value[row], status[row], method[row] = figure, state, how
        if key not in rows and state == "reported":
            absent.append((*key, figure, state, how))
    columns = {"value": pd.array(value, "Float64"), "status": pd.array(status, "str"), "method": pd.array(method, "str")}
    drawn = cells.assign(**columns)
    if absent:
        more = pd.DataFrame(absent, columns=[*_CELL, *columns]).astype(
            {"agency": "str", "year": cells["year"].dtype, "value": "Float64"}
        )
        forms = cells[["agency", "year", "form"]].drop_duplicates()
        drawn = pd.concat([drawn, more.merge(forms, how="left")], ignore_index=True)
    return drawn


# --- cells without a figure -------------------------------------------------------------------------------------------------


class _System:
    """Edits that hang together, and the figures that they leave open after each choice of repairs."""

    def __init__(self, chain: System, there: set[_Cell], generator: np.random.Generator) -> None:
        self.chain, self.generator = chain, generator
        self.cells = [(place.agency, place.year, *place.key) for place in chain.places]
        self.position = {cell: at for at, cell in enumerate(self.cells)}
        self.there = [cell[:3] in there for cell in self.cells]
        self.known: dict[bytes, list[_Open]] = {}

    def drawn(self, changes: _Changes) -> _Changes:
        """Return figures for the cells that have none."""
        figures = self.chain.figures.copy()
        for cell in self.position.keys() & changes.keys():
            figures[self.position[cell]] = changes[cell][0]
        if not np.isnan(figures).any():
            return {}
        if figures.tobytes() not in self.known:
            self.known[figures.tobytes()] = list(_open(self.chain.rows, figures, self.generator))
        found: _Changes = {}
        for cells, values, method in self.known[figures.tobytes()]:
            pairs = zip(cells.tolist(), next(values).tolist(), strict=True)
            found |= {self.cells[cell]: (value, method) for cell, value in pairs if self.there[cell]}
        return found


def _open(edits: Rows, figures: Floats, generator: np.random.Generator) -> Iterator[_Open]:
    """Yield the cells that have one figure left, and each group of cells that have several, but not any number of them."""
    unknown = np.isnan(figures)
    limits, point = bounds(edits, figures), filled(edits, figures)
    if limits is None or point is None:
        return
    sure = unknown & (limits.high - limits.low <= ONE_FEN)
    yield np.flatnonzero(sure), repeat(point[sure]), "deduced"
    several = np.flatnonzero(unknown & ~sure)
    for members in components(edits.matrix[:, several]):
        cells = several[members]
        directions = _directions(edits.matrix[edits.equal][:, cells])
        if directions is not None and edits.whole[cells].all() and np.isfinite([limits.low[cells], limits.high[cells]]).all():
            yield cells, _walk(edits, point, cells, directions, generator), "drawn"


def _directions(equalities: Floats) -> NDArray[np.int64] | None:
    """Return a basis of the whole changes that leave all sums as they are; None where a sum has no cell with the coefficient 1.

    >>> _directions(np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 1.0]])).tolist()
    [[1, -1, 1]]
    """
    rows = np.rint(equalities).astype(np.int64)
    pivots = {}
    for number in range(len(rows)):
        rows[number] //= max(int(np.gcd.reduce(rows[number])), 1)
        ones = np.flatnonzero(np.abs(rows[number]) == 1)
        if len(ones):
            pivot = pivots[number] = int(ones[0])
            rows[number] *= rows[number, pivot]
            others = np.arange(len(rows)) != number
            rows[others] -= np.outer(rows[others, pivot], rows[number])
        elif rows[number].any():
            return None
    free = [cell for cell in range(rows.shape[1]) if cell not in pivots.values()]
    basis = np.zeros((len(free), rows.shape[1]), dtype=np.int64)
    basis[range(len(free)), free] = 1
    basis[:, list(pivots.values())] = -rows[np.ix_(list(pivots), free)].T
    return basis


def _walk(
    edits: Rows, point: Floats, cells: Integers, directions: NDArray[np.int64], generator: np.random.Generator
) -> Iterator[Floats]:
    """Walk over all whole figures that satisfy the edits, of which none is likelier than another in the long run."""
    bounding = edits.matrix[~edits.equal & (edits.matrix[:, cells] != 0).any(axis=1)]
    # what has to be zero or more, and by how much each cell moves it
    positive = ~edits.signed[cells]
    slack = np.concatenate([point[cells][positive], bounding @ point])
    moves = np.vstack([np.eye(len(cells))[positive], bounding[:, cells]]).T
    shape, at = (_STEPS * len(directions), len(directions)), point[cells]
    while True:
        moved = generator.random(shape) < min(1, _MOVED / shape[1])
        # any whole direction can come up, so that no point is out of reach
        ways = generator.geometric(0.5, shape) * generator.choice([-1, 1], shape) * moved
        ways = ways[ways.any(axis=1)]
        ways //= np.gcd.reduce(ways, axis=1)[:, None]
        steps = ways @ directions
        for step, by, chance in zip(steps, steps @ moves, generator.random(len(steps)).tolist(), strict=True):
            limits = -slack[by != 0] / by[by != 0]
            rising = by[by != 0] > 0
            low, high = np.ceil(limits[rising].max() - ONE_FEN), np.floor(limits[~rising].min() + ONE_FEN)
            length = low + np.floor(chance * (high - low + 1))
            at = at + length * step
            slack = slack + length * by
        yield at
