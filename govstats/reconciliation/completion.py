"""Deductive completion: what the edits say of cells that have no figure, kept apart from what is reported."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from govstats.forms import CellKey, Form, form
from govstats.reconciliation.corrections import Corrections, as_corrected
from govstats.reconciliation.edits import system
from govstats.reconciliation.findings import Floats, Integers, known_rule
from govstats.reconciliation.matrix import ABSENT, BLANK, NOT_APPLICABLE, REPORTED, UNREADABLE, Layout, ReportMatrix, matrices
from govstats.reconciliation.source import Source, known_of
from govstats.reconciliation.wording import cell_list
from govstats.report import Report, typed_frame

#: The columns of the completions, with their types.
COMPLETION_TYPES = {
    "agency": "str",
    "year": "Int64",
    "form": "str",
    "table": "str",
    "line": "str",
    "column": "str",
    "status": "str",
    "value": "Float64",
    "low": "Float64",
    "high": "Float64",
    "basis": "str",
    "rules": "str",
    "cells": "str",
    "quote": "str",
}

_STATUS = {ABSENT: "missing", BLANK: "blank", NOT_APPLICABLE: "not_applicable", UNREADABLE: "unreadable"}
_TOLERANCE = 1e-6
#: Bounds that still move after so many rounds creep towards each other without end.
_MOST_ROUNDS = 50
#: With more unknown cells in one group hardly anything follows from several edits that does not follow from one.
_MOST_OPEN = 60


class _Edits(NamedTuple):
    """The edits of one layout that cannot but hold, as a matrix: each row times the figures is zero, or at least zero."""

    cells: tuple[CellKey, ...]
    weights: Floats
    equality: NDArray[np.bool_]
    rules: tuple[str, ...]
    signed: NDArray[np.bool_]
    whole: NDArray[np.bool_]


class _Bound(NamedTuple):
    """What is known of a cell without a figure, and the edits it follows from."""

    low: float
    high: float
    basis: str
    because: tuple[int, ...] = ()
    quote: str | None = None


class _Claimed(NamedTuple):
    """What the prose says of a cell."""

    low: float
    high: float
    quote: str


_NOTHING = _Bound(-np.inf, np.inf, "undetermined")
_CONTRADICTED = _Bound(-np.inf, np.inf, "contradicted")


def completions(source: Source, *, claims: pd.DataFrame | None = None, corrections: Corrections | None = None) -> pd.DataFrame:
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
    source = as_corrected(source, corrections)
    cells = known_of(source).cells
    identity = None
    if isinstance(source, Report) and cells.empty:
        identity = pd.DataFrame({"agency": [source.agency], "year": [source.year], "form": [source.form]})
    reports, found = matrices(cells, identity)
    claimed = _claimed(claims)
    rows: list[tuple[Any, ...]] = []
    for matrix in found:
        names = [(str(reports["agency"].iloc[number]), str(reports["year"].iloc[number])) for number in matrix.reports]
        for report, key, bound, edits in _deduced(matrix, [claimed.get(name, {}) for name in names]):
            number = matrix.reports[report]
            status = _STATUS[int(matrix.status[matrix.index[key], report])] if key in matrix.index else "missing"
            value = bound.low if bound.high - bound.low <= _TOLERANCE else None
            limits = [None if np.isinf(limit) else limit for limit in (bound.low, bound.high)]
            rules = ";".join(dict.fromkeys(edits.rules[row] for row in bound.because if edits.rules[row])) if edits else ""
            bases = cell_list(_binding(edits, bound, key)) if edits else ""
            who = (reports["agency"].iloc[number], reports["year"].iloc[number], matrix.form.version)
            rows.append((*who, *key, status, value, *limits, bound.basis, rules, bases, bound.quote))
    return _without_broken(cells, typed_frame(rows, COMPLETION_TYPES))


def _claimed(claims: pd.DataFrame | None) -> dict[tuple[str, str], dict[CellKey, _Claimed]]:
    """Return what the prose of each report says of cells; nothing where sentences of one scope contradict each other."""
    said: dict[tuple[str, str, CellKey], list[tuple[str, _Claimed]]] = {}
    for one in () if claims is None else claims.to_dict("records"):
        if not one["target"] or one["qualifier"] in {"change", "growth"}:
            continue
        low = one["value"] if pd.isna(one["low"]) else one["low"]
        high = np.inf if pd.isna(one["high"]) else one["high"]
        table, line, column = str(one["target"]).split("/")
        who = (str(one["agency"]), str(one["year"]), (table, line, column))
        said.setdefault(who, []).append((str(one["scope"] or ""), _Claimed(float(low), float(high), str(one["quote"]))))
    known: dict[tuple[str, str], dict[CellKey, _Claimed]] = {}
    for (agency, year, key), sentences in said.items():
        # a sentence that limits itself to an office or a channel gives way to one that does not
        widest = [one for scope, one in sentences if not scope] or [one for _, one in sentences]
        low, high = max(one.low for one in widest), min(one.high for one in widest)
        if low <= high:
            known.setdefault((agency, year), {})[key] = _Claimed(low, high, "; ".join(dict.fromkeys(one.quote for one in widest)))
    return known


def _binding(edits: _Edits, bound: _Bound, key: CellKey) -> list[CellKey]:
    """Return the other cells of the edits that a bound follows from."""
    if not bound.because:
        return []
    touched = np.flatnonzero((edits.weights[list(bound.because)] != 0).any(axis=0))
    return [edits.cells[cell] for cell in touched.tolist() if edits.cells[cell] != key]


@cache
def _edits(form: Form, layout: Layout) -> _Edits | None:
    whole = system(form, layout)
    if whole is None:
        return None
    sure = np.array([known_rule(edit.rule).severity == "E" for edit in whole.edits]) & ~whole.open_ended
    return _Edits(
        whole.cells,
        whole.weights[sure],
        whole.equality[sure],
        tuple(edit.rule for edit, it in zip(whole.edits, sure.tolist(), strict=True) if it),
        *_kinds(form, whole.cells),
    )


def _deduced(
    matrix: ReportMatrix, claimed: Sequence[Mapping[CellKey, _Claimed]]
) -> Iterator[tuple[int, CellKey, _Bound, _Edits | None]]:
    """Yield what follows for each cell without a figure, report by report."""
    for members, layout in matrix.layouts():
        edits = _edits(matrix.form, layout)
        open_cells = [matrix.cells[place] for place in _expected(matrix, layout, set(edits.cells if edits else ())).tolist()]
        rows = np.array([matrix.index[key] for key in open_cells], dtype=np.intp)
        without = (matrix.status[np.ix_(rows, members)] != REPORTED).any(axis=0)
        for report in members[without].tolist():
            said = {key: one for key, one in claimed[report].items() if not _is_reported(matrix, key, report)}
            own = _with_claims(matrix.form, edits, said) if said else edits
            here = [
                key
                for key in dict.fromkeys([*open_cells, *said])
                if (key[0] in {table for table, _, _ in said} or matrix.has_table[key[0]][report])
                and not _is_reported(matrix, key, report)
            ]
            bounds = _bounds(own, matrix, report, said, {key[0] for key in here}) if own else {}
            for key in here:
                bound = bounds.get(key) or _free(matrix.form, key)
                if matrix.has_table[key[0]][report] or bound.basis != "undetermined":
                    yield report, key, bound, own if key in bounds else None


def _is_reported(matrix: ReportMatrix, key: CellKey, report: int) -> bool:
    return key in matrix.index and int(matrix.status[matrix.index[key], report]) == REPORTED


def _with_claims(form: Form, edits: _Edits | None, said: Mapping[CellKey, _Claimed]) -> _Edits:
    """Add the cells that the prose speaks of, and for sums that no table has what they sum up."""
    sums = {key: form.table(key[0]).cells_of(*key[1:]) for key in said if not _has(form, key)}
    before = edits.cells if edits else ()
    cells = tuple(dict.fromkeys([*before, *said, *(part for parts in sums.values() for part in parts)]))
    place = {key: at for at, key in enumerate(cells)}
    weights = np.zeros((len(sums), len(cells)))
    for row, (key, parts) in enumerate(sums.items()):
        weights[row, [place[part] for part in parts]] = 1.0
        weights[row, place[key]] = -1.0
    known = edits.weights if edits else np.zeros((0, 0))
    return _Edits(
        cells,
        np.vstack([np.pad(known, ((0, 0), (0, len(cells) - known.shape[1]))), weights]),
        np.concatenate([edits.equality if edits else np.zeros(0, np.bool_), np.ones(len(sums), np.bool_)]),
        (*(edits.rules if edits else ()), *("T3S" if key[1] in form.table(key[0]).line else "" for key in sums)),
        *_kinds(form, cells),
    )


def _has(form: Form, key: CellKey) -> bool:
    """Tell a cell of the form from a sum that only the prose has."""
    table, line, column = key
    return form.table(table).cells_of(line, column) == (key,) or form.table(table).open


def _kinds(form: Form, cells: Sequence[CellKey]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Tell which cells may be negative, and which count things."""
    tables = [form.table(table) for table, _, _ in cells]
    signed = [column in table.column and table.column[column].signed for table, (_, _, column) in zip(tables, cells, strict=True)]
    whole = [not _has(form, key) or "元" not in table.unit(*key[1:]) for table, key in zip(tables, cells, strict=True)]
    return np.array(signed, dtype=np.bool_), np.array(whole, dtype=np.bool_)


def _expected(matrix: ReportMatrix, layout: Layout, bound: set[CellKey]) -> Integers:
    """Return the cells that a report of a layout should have; lines that the form leaves open only where they are printed."""
    places = []
    for place, key in enumerate(matrix.cells):
        table = matrix.form.table(key[0])
        line = table.line.get(key[1])
        optional = table.open or line is None or line.subtotal or (key[0], line.group) in layout.alone
        if key in bound or not optional or matrix.printed[place].any():
            places.append(place)
    return np.array(places, dtype=np.intp)


def _free(form: Form, key: CellKey) -> _Bound:
    (signed,), _ = _kinds(form, [key])
    return _NOTHING if signed else _NOTHING._replace(low=0.0)


def _bounds(
    edits: _Edits, matrix: ReportMatrix, report: int, said: Mapping[CellKey, _Claimed], tables: Collection[str]
) -> dict[CellKey, _Bound]:
    """Return what the edits say of the cells of some tables; where a group contradicts itself, nothing of its unknown cells."""
    from govstats.reconciliation.localisation import components

    figures = np.array([matrix.value[matrix.index[key], report] if key in matrix.index else np.nan for key in edits.cells])
    wanted = np.array([key[0] in tables for key in edits.cells], dtype=np.bool_)
    bounds: dict[CellKey, _Bound] = {}
    for members in components(edits.weights[edits.equality], edits.weights[~edits.equality]):
        if np.isnan(figures[members]).any() and wanted[members].any():
            rows = np.flatnonzero((edits.weights[:, members] != 0).any(axis=1))
            group = _Group(edits, figures, members, rows)
            for at, cell in enumerate(members.tolist()):
                if (claim := said.get(edits.cells[cell])) is not None:
                    group.low[at], group.high[at] = claim.low, claim.high
            bounds |= zip((edits.cells[cell] for cell in members.tolist()), group.bounds(), strict=True)
    for key, claim in said.items():
        low, high = claim.low, claim.high
        if key in bounds and bounds[key].basis != "contradicted":
            low, high = bounds[key].low, bounds[key].high
        bounds[key] = _Bound(low, high, "claim", (), claim.quote)
    return bounds


class _Group:
    """Cells that hang together by edits, some of them without a figure."""

    def __init__(self, edits: _Edits, figures: Floats, members: Integers, rows: Integers) -> None:
        self.rows, self.weights, self.equality = rows, edits.weights[np.ix_(rows, members)], edits.equality[rows]
        self.unknown = np.isnan(figures[members])
        self.whole = edits.whole[members]
        self.low = np.where(self.unknown, np.where(edits.signed[members], -np.inf, 0.0), figures[members])
        self.high = np.where(self.unknown, np.inf, figures[members])
        self.because: list[set[int]] = [set() for _ in members]
        self.alone = np.zeros(len(members), dtype=bool)

    def bounds(self) -> list[_Bound]:
        """Return the bounds of every cell, by one edit after the other and then by all together."""
        zero = self.low == 0
        if not self._propagate():
            return [_CONTRADICTED] * len(self.low)
        narrowed = self.high - self.low <= _TOLERANCE
        few = (self.unknown & ~narrowed).sum() <= _MOST_OPEN
        for cell in np.flatnonzero(self.unknown & ~narrowed).tolist() if few else ():
            if not self._eliminate(cell):
                return [_CONTRADICTED] * len(self.low)
        found = []
        for cell in range(len(self.low)):
            low, high = float(self.low[cell]), float(self.high[cell])
            because = tuple(sorted(int(self.rows[row]) for row in self.because[cell]))
            if high - low > _TOLERANCE:
                basis = "interval" if np.isfinite(high) or low > 0 else "undetermined"
            elif self.alone[cell]:
                basis = "sum"
            elif zero[cell] and high <= _TOLERANCE and narrowed[cell]:
                basis = "zero"
            else:
                basis = "elimination"
            found.append(_Bound(low, high, basis, because))
        return found

    def _propagate(self) -> bool:
        """Narrow the bounds by one edit at a time until nothing moves; tell whether the figures can hold."""
        for _ in range(_MOST_ROUNDS):
            moved = False
            for row, weights in enumerate(self.weights):
                inside = np.flatnonzero(weights)
                ends = np.where(weights[inside] > 0, [self.low[inside], self.high[inside]], [self.high[inside], self.low[inside]])
                least, most = weights[inside] * ends
                open_cells = np.flatnonzero(self.high[inside] - self.low[inside] > _TOLERANCE)
                if most.sum() < -_TOLERANCE or (self.equality[row] and least.sum() > _TOLERANCE):
                    return False
                for at in open_cells.tolist():
                    cell, weight = int(inside[at]), float(weights[inside[at]])
                    # the others come to at least and at most so much, and all together to zero, or to no less
                    low, high = -np.delete(most, at).sum(), -np.delete(least, at).sum() if self.equality[row] else np.inf
                    if weight < 0:
                        low, high = -high, -low
                    moved |= self._narrow(cell, low / abs(weight), high / abs(weight), {row}, len(open_cells) == 1)
                    if self.low[cell] > self.high[cell] + _TOLERANCE:
                        return False
            if not moved:
                break
        return True

    def _narrow(self, cell: int, low: float, high: float, rows: set[int], alone: bool = False) -> bool:
        if self.whole[cell]:
            low, high = np.ceil(low - _TOLERANCE), np.floor(high + _TOLERANCE)
        moved = False
        if low > self.low[cell] + _TOLERANCE:
            self.low[cell], moved = low, True
        if high < self.high[cell] - _TOLERANCE:
            self.high[cell], moved = high, True
        if moved:
            determined = self.high[cell] - self.low[cell] <= _TOLERANCE
            self.alone[cell] = alone and self.equality[next(iter(rows))]
            self.because[cell] = rows if determined and (alone or self.high[cell] <= _TOLERANCE) else self.because[cell] | rows
        return moved

    def _eliminate(self, cell: int) -> bool:
        """Narrow the bounds of one cell by all edits together; tell whether any figures can hold."""
        from scipy.optimize import linprog

        open_cells = np.flatnonzero(self.unknown)
        known = self.weights[:, ~self.unknown] @ self.low[~self.unknown]
        equal = self.equality
        weights = self.weights[:, open_cells]
        for sign in (1.0, -1.0):
            found = linprog(
                sign * (open_cells == cell),
                A_ub=-weights[~equal] if (~equal).any() else None,
                b_ub=known[~equal] if (~equal).any() else None,
                A_eq=weights[equal],
                b_eq=-known[equal],
                bounds=list(zip(self.low[open_cells], self.high[open_cells], strict=True)),
            )
            if found.status == 2:
                return False
            if found.status != 0:
                continue
            rows = set(np.flatnonzero(equal)[np.abs(found.eqlin.marginals) > _TOLERANCE].tolist())
            limit = sign * float(found.fun or 0.0)
            low, high = (limit, np.inf) if sign > 0 else (-np.inf, limit)
            self._narrow(cell, low, high, rows)
        return bool(self.low[cell] <= self.high[cell] + _TOLERANCE)


def _without_broken(cells: pd.DataFrame, found: pd.DataFrame) -> pd.DataFrame:
    """Take back the values that would break another rule."""
    # sums that only the prose has are no lines of the form
    known = [_has(form(one["form"]), (one["table"], one["line"], one["column"])) for one in found.to_dict("records")]
    sure = found[found["value"].notna() & np.array(known, dtype=np.bool_)]
    if sure.empty:
        return found
    from govstats.reconciliation import reconcile

    names = ["agency", "year", "form", "table", "line", "column", "value", "status"]
    reported = cells.loc[cells["status"] == "reported", names]
    reported = reported[reported["agency"].isin(set(sure["agency"])) & reported["year"].isin(set(sure["year"]))]
    filled = pd.concat([reported, sure.assign(status="reported")[names]], ignore_index=True)
    broken = _failures(reconcile(filled)) - _failures(reconcile(reported))
    taken_back = {(agency, year, cell) for agency, year, _, named in broken for cell in named.split(";")}
    keys = found[names[:6]].astype(str).drop(columns="form").itertuples(index=False, name=None)
    named = np.array([(agency, year, "/".join(cell)) in taken_back for agency, year, *cell in keys], dtype=bool)
    wrong = found["value"].notna() & named
    found.loc[wrong, ["value", "low", "high"]] = pd.NA
    found.loc[wrong, "basis"] = "contradicted"
    return found


def _failures(findings: pd.DataFrame) -> set[tuple[str, ...]]:
    # a table of which only some cells are known lacks lines, which is nothing new
    failed = findings.loc[(findings["status"] == "fail") & (findings["rule"] != "S03"), ["agency", "year", "rule", "cells"]]
    return set(failed.astype(str).itertuples(index=False, name=None))
