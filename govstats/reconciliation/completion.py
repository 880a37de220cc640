"""Cells without a figure: what the edits say of them, kept apart from what is reported, and what is drawn for them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import compress, repeat
from operator import itemgetter
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from govstats.errors import GovstatsError, require_columns
from govstats.forms import ONE_FEN, CellKey, Edit, Form, cell_key, form
from govstats.reconciliation.chains import System, systems_of
from govstats.reconciliation.corrections import Corrections, as_corrected
from govstats.reconciliation.edits import closed, edits_on, linear_edits, rows_on, severity
from govstats.reconciliation.findings import cell_list
from govstats.reconciliation.matrix import REPORTED, STATUSES, ReportMatrix, Source, keys_of, known_of, matrices, plain_values
from govstats.reconciliation.prose import NO_LEVELS, OF_CELLS, of_cells, said_in
from govstats.reconciliation.repairs import repairs as repairs_of
from govstats.reconciliation.rulebook import RulesFile, loaded
from govstats.reconciliation.solver import Bounds, Floats, Integers, Rows, bounds, components, filled, has_cell, kinds
from govstats.report import column_types, typed_frame

#: The columns of the completions, with their types.
COMPLETION_TYPES = column_types(
    "agency year:Int64 form table line column status value:Float64 low:Float64 high:Float64 basis rules cells quote"
)

_STATUS = (*STATUSES[:-1], "missing")


class _Bound(NamedTuple):
    """What is known of a cell without a figure, and the rules and other cells of the edits that it follows from."""

    low: float
    high: float
    basis: str
    rules: str = ""
    cells: str = ""
    quote: str | None = None


_NOTHING = _Bound(-np.inf, np.inf, "undetermined")
_CONTRADICTED = _Bound(-np.inf, np.inf, "contradicted")


def completions(
    source: Source,
    *,
    claims: pd.DataFrame | None = None,
    corrections: Corrections | None = None,
    rules: RulesFile | None = None,
) -> pd.DataFrame:
    """Deduce the figures of blank, unreadable and lost cells from the others, where the edits leave no choice.

    Parameters
    ----------
    source : Report, DataFrame or panel
        A report; or cells with the columns of `Report.cells`, of any number of agencies and years.
    claims : DataFrame, optional
        What the prose claims, with the columns of `Report.claims`: figures for cells that have none. A report whose tables are
        lost becomes a partial table so. By default only cells are used.
    corrections : path or DataFrame, optional
        Documented corrections to apply first, as `govstats.correct` takes them.
    rules : path, optional
        A file of rules of your own, as `govstats.reconcile` takes it: those of severity E are used as ours are.

    Returns
    -------
    pandas.DataFrame
        One row for each cell without a figure in a table that the report has, and in the others for each cell that something is
        known of. Columns ``agency year form table line column status value low high basis rules cells
        quote``. `status` is why there is no figure: ``blank``, ``not_applicable``, ``unreadable``, or
        ``missing`` where the document does not show the cell. `value` is Float64 in the form's unit where only one figure is
        possible, else null; `low` and `high` are the bounds, null where there is none. `basis` is

        - ``zero``: the cells of a sum are not negative and their total is zero;
        - ``sum``: it is the only unknown of an edit;
        - ``elimination``: it follows from several edits together;
        - ``interval``: only bounds are known;
        - ``claim``: the prose says so, in the words of `quote`; also of sums that the tables do not have (the lines ``refused``
          and ``litigation``, the column ``organisations`` …);
        - ``undetermined``: nothing follows;
        - ``contradicted``: the reported figures contradict each other, or what follows would break another rule.

        `rules` and `cells` are the edits it follows from and the other cells that they bind, as ``table/line/column``
        joined by semicolons.

    Raises
    ------
    UnusableCells
        The frame lacks a column.

    Notes
    -----
    Only rules of severity E are used. The figures hold if the reported ones do; they are never put among the cells. Deductive
    imputation after de Waal, Pannekoek and Scholtus, Handbook of Statistical Data Editing and Imputation (2011), section 9.2.

    Examples
    --------
    >>> from govstats.simulate import simulate
    >>> cells = simulate("2021", seed=1)
    >>> lost = (cells["line"] == "granted") & (cells["column"] == "legal")
    >>> printed = cells.loc[lost, "value"].item()
    >>> cells.loc[lost, ["value", "status"]] = [None, "blank"]
    >>> found = completions(cells)
    >>> found[["line", "column", "basis"]].values.tolist(), bool(found.value.item() == printed)
    ([['granted', 'legal', 'sum']], True)
    """
    known_reports = known_of(as_corrected(source, corrections))
    cells = known_reports.cells
    reports, found = matrices(cells, known_reports.without_cells if known_reports.report else None)
    claimed = _claimed(claims)
    rows: list[tuple[Any, ...]] = []
    for matrix in found:
        tables = {table.id for table in matrix.form.tables}
        who = list(keys_of(reports.iloc[matrix.reports], ("agency", "year")))
        said = [{key: one for key, one in claimed.get(of, {}).items() if key[0] in tables} for of in who]
        own = linear_edits(matrix, matrix, (rule for rule in loaded(rules).values() if rule.binds))
        own = [edit for edit in own if edit.severity == "E" and not edit.offsets]
        for at, key, (low, high, *known) in sorted(_deduced(matrix, said, own), key=itemgetter(0)):
            status = _STATUS[int(matrix.status[matrix.index[key], at])] if key in matrix.index else "missing"
            value = low if high - low <= ONE_FEN else None
            limits = [None if np.isinf(limit) else limit for limit in (low, high)]
            rows.append((*who[at], matrix.form.version, *key, status, value, *limits, *known))
    return _without_broken(cells, typed_frame(rows, COMPLETION_TYPES), rules)


def _claimed(claims: pd.DataFrame | None) -> Mapping[tuple[Any, int | None], Mapping[CellKey, _Bound]]:
    """Return what the prose of each report says of cells; nothing where sentences of one scope contradict each other."""
    known = defaultdict[tuple[Any, int | None], dict[CellKey, _Bound]](dict)
    for (agency, year, target), said in of_cells(said_in(claims, OF_CELLS)).items():
        levels = [claim for claim in said if claim.qualifier not in NO_LEVELS]
        # a sentence that limits itself to an office or a channel gives way to one that does not
        levels = [claim for claim in levels if not claim.scope] or levels
        low = max((claim.value if claim.low is None else claim.low for claim in levels), default=np.inf)
        high = min((np.inf if claim.high is None else claim.high for claim in levels), default=-np.inf)
        if low <= high:
            quotes = "; ".join(dict.fromkeys(claim.quote for claim in levels))
            known[agency, year][cell_key(target)] = _Bound(low, high, "claim", quote=quotes)
    return known


def _deduced(
    matrix: ReportMatrix, claimed: Sequence[Mapping[CellKey, _Bound]], own: Collection[Edit]
) -> Iterator[tuple[int, CellKey, _Bound]]:
    """Yield what follows for each cell without a figure, report by report; `own` are edits of the user's rules."""
    for members, layout in matrix.layouts:
        edits = [*(edit for edit in closed(matrix.form, layout) if severity(edit) == "E"), *own]
        parts = rows_on(matrix.form, edits).parted()
        # the cells that a report of the layout should have; lines that the form leaves open only where they are printed
        in_edits = {cell for edit in edits_on(matrix.form, layout) for cell in edit.cells}
        alone = {line for _, line in layout.alone}
        firm = {(table.id, line) for table in matrix.form.tables if not table.open for line in table.shown(alone)}
        wanted = np.array([key in in_edits or key[:2] in firm for key in matrix.cells])
        rows = np.flatnonzero(wanted | matrix.printed.any(axis=1))
        for report in members[(matrix.status[np.ix_(rows, members)] != REPORTED).any(axis=0)].tolist():
            figures = dict(zip(matrix.cells, matrix.value[:, report].tolist(), strict=True))
            said = {key: one for key, one in claimed[report].items() if np.isnan(figures.get(key, np.nan))}
            mine = rows_on(matrix.form, [*edits, *_sums(matrix.form, said)]).parted() if said else parts
            tables = {table for table, there in matrix.has_table.items() if there[report]} | {table for table, _, _ in said}
            here = [key for key in dict.fromkeys([*(matrix.cells[row] for row in rows.tolist()), *said]) if key[0] in tables]
            found = _bounds(mine, figures, said, tables)
            for key in here:
                bound = found.get(key) or _NOTHING._replace(low=-np.inf if kinds(matrix.form, [key])[0][0] else 0.0)
                if np.isnan(figures.get(key, np.nan)) and (matrix.has_table[key[0]][report] or bound.basis != "undetermined"):
                    yield report, key, bound


def _sums(form: Form, said: Collection[CellKey]) -> Iterator[Edit]:
    """Yield what the sums that the prose speaks of, and no table has, sum up."""
    for table, line, column in said:
        if not has_cell(form, (table, line, column)):
            parts = tuple((*part, 1) for part in form.table(table).cells_of(line, column))
            rule = "T3S" if line in form.table(table).line else ""
            yield Edit(rule, table, line, parts, "==", ((table, line, column, 1),))


def _bounds(
    parts: Sequence[Rows], reported: Mapping[CellKey, float], said: Mapping[CellKey, _Bound], tables: Collection[str]
) -> dict[CellKey, _Bound]:
    """Return what edits say of the cells of some tables; where a group contradicts itself, nothing of its unknown cells."""
    found: dict[CellKey, _Bound] = {}
    for part in parts:
        figures = np.array([reported.get(key, np.nan) for key in part.cells])
        if not any(key[0] in tables for key in compress(part.cells, np.isnan(figures))):
            continue
        limits = bounds(part, figures, {at: said[key][:2] for at, key in enumerate(part.cells) if key in said})
        for at, key in enumerate(part.cells):
            found[key] = _CONTRADICTED if limits is None else _follows(part, limits, at)
    for key, claim in said.items():
        by_edits = found.get(key, _CONTRADICTED)
        found[key] = claim if by_edits.basis == "contradicted" else claim._replace(low=by_edits.low, high=by_edits.high)
    return found


def _follows(part: Rows, limits: Bounds, at: int) -> _Bound:
    """Return the bounds of one cell, how they follow from the edits, and the rules and the other cells that they follow from."""
    low, high, because = float(limits.low[at]), float(limits.high[at]), sorted(limits.because[at])
    touched = np.flatnonzero((part.matrix[because] != 0).any(axis=0)).tolist()
    if high - low > ONE_FEN:
        basis = "interval" if np.isfinite(high) or low > 0 else "undetermined"
    elif limits.alone[at]:
        basis = "sum"
    else:
        is_least = high <= ONE_FEN and not part.signed[at]
        basis = "zero" if is_least and limits.by_one[at] else "elimination"
    named = ";".join(dict.fromkeys(rule for row in because if (rule := part.edits[row].rule)))
    return _Bound(low, high, basis, named, cell_list(part.cells[other] for other in touched if other != at))


def _without_broken(cells: pd.DataFrame, found: pd.DataFrame, rules: RulesFile | None) -> pd.DataFrame:
    """Take back the values that would break another rule."""
    # sums that only the prose has are no lines of the form
    keys = zip(found["table"], found["line"], found["column"], strict=True)
    known = [has_cell(form(version), key) for version, key in zip(found["form"], keys, strict=True)]
    sure = found[found["value"].notna() & np.array(known, dtype=np.bool_)]
    if sure.empty:
        return found
    from govstats.reconciliation import reconcile

    names = ["agency", "year", "form", "table", "line", "column", "value", "status"]
    reported = cells.loc[cells["status"] == "reported", names]
    reported = reported[reported["agency"].isin(set(sure["agency"])) & reported["year"].isin(set(sure["year"]))]
    filled = pd.concat([reported, sure.assign(status="reported")[names]], ignore_index=True)
    broken, before = (_failures(reconcile(some, rules=rules)) for some in (filled, reported))
    taken_back = {(agency, year, cell) for agency, year, _, named in broken - before for cell in named.split(";")}
    told = found[["agency", "year", "table", "line", "column"]].astype(str).itertuples(index=False, name=None)
    named = np.array([(agency, year, "/".join(cell)) in taken_back for agency, year, *cell in told], dtype=np.bool_)
    wrong = found["value"].notna().to_numpy(dtype=np.bool_) & named
    found.loc[wrong, ["value", "low", "high"]] = pd.NA
    found.loc[wrong, "basis"] = "contradicted"
    return found


def _failures(findings: pd.DataFrame) -> set[tuple[str, ...]]:
    # a table of which only some cells are known lacks lines, which is nothing new
    failed = findings.loc[(findings["status"] == "fail") & (findings["rule"] != "S03"), ["agency", "year", "rule", "cells"]]
    return set(failed.astype(str).itertuples(index=False, name=None))


# --- data sets that are completed and repaired: what the figures leave open is drawn, again and again ------------------------

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
    systems = [_drawing(chain, there, generators[chain.places[0].agency]) for chain in chains]
    rows: dict[_Cell, list[int]] = {}
    for row, key in enumerate(keys_of(cells, _CELL)):
        if key[0] in generators:
            rows.setdefault(key, []).append(row)
    taken_away = {key: (np.nan, "open") for key in rows if key[:3] in undecided}
    for draw in range(1, n + 1):
        changes: _Changes = {}
        for agency, ways, probabilities in choices:
            changes |= ways[int(generators[agency].choice(len(ways), p=probabilities))]
        for drawn in systems:
            changes |= drawn(changes)
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


def _drawing(chain: System, there: set[_Cell], generator: np.random.Generator) -> Callable[[_Changes], _Changes]:
    """Return what draws figures for the cells of a system that have none, after each choice of repairs."""
    cells = [(place.agency, place.year, *place.key) for place in chain.places]
    known: dict[bytes, list[_Open]] = {}

    def drawn(changes: _Changes) -> _Changes:
        figures = chain.figures.copy()
        for number, cell in enumerate(cells):
            if cell in changes:
                figures[number] = changes[cell][0]
        if not np.isnan(figures).any():
            return {}
        if figures.tobytes() not in known:
            known[figures.tobytes()] = list(_open(chain.rows, figures, generator))
        found: _Changes = {}
        for numbers, values, method in known[figures.tobytes()]:
            named = zip((cells[number] for number in numbers.tolist()), next(values).tolist(), strict=True)
            found |= {cell: (value, method) for cell, value in named if cell[:3] in there}
        return found

    return drawn


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
    """Return a basis of the whole changes that leave all sums as they are; None where some cells would have to change by halves.

    >>> _directions(np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 1.0]])).tolist()
    [[1, -1, 1]]
    """
    from scipy.linalg import qr

    # of the cells that the others may determine, those with the smallest coefficients
    size = np.abs(equalities).max(axis=0, initial=1.0)
    triangle, order = qr(np.vstack([equalities / size**2, np.zeros(len(size))]), mode="r", pivoting=True)
    rank = np.count_nonzero(np.abs(np.diag(triangle)) > ONE_FEN)
    determined, free = order[:rank], np.sort(order[rank:])
    basis = np.zeros((len(free), len(size)))
    basis[:, free] = np.eye(len(free))
    basis[:, determined] = -np.linalg.lstsq(equalities[:, determined], equalities[:, free])[0].T
    whole = np.rint(basis).astype(np.int64)
    return whole if np.allclose(whole, basis) else None


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
