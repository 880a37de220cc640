"""Deductive completion: what the edits say of cells that have no figure, kept apart from what is reported."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from govstats.forms import ONE_FEN, CellKey, Form, cell_key, form
from govstats.reconciliation.corrections import Corrections, as_corrected
from govstats.reconciliation.edits import has_cell, kinds, system
from govstats.reconciliation.findings import Integers, known_rule
from govstats.reconciliation.matrix import ABSENT, BLANK, NOT_APPLICABLE, REPORTED, UNREADABLE, Layout, ReportMatrix, matrices
from govstats.reconciliation.solver import Bounds, Rows, bounds, components
from govstats.reconciliation.source import Source, identity_of, known_of
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


class _Edits(NamedTuple):
    """The edits of one layout that cannot but hold, with the rule of each row."""

    cells: tuple[CellKey, ...]
    rows: Rows
    rules: tuple[str, ...]


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
    reports, found = matrices(cells, identity_of(source) if isinstance(source, Report) and cells.empty else None)
    claimed = _claimed(claims)
    rows: list[tuple[Any, ...]] = []
    for matrix in found:
        names = [(str(reports["agency"].iloc[number]), str(reports["year"].iloc[number])) for number in matrix.reports]
        tables = {table.id for table in matrix.form.tables}
        said = [{key: one for key, one in claimed.get(name, {}).items() if key[0] in tables} for name in names]
        for report, key, bound, edits in _deduced(matrix, said):
            number = matrix.reports[report]
            status = _STATUS[int(matrix.status[matrix.index[key], report])] if key in matrix.index else "missing"
            value = bound.low if bound.high - bound.low <= ONE_FEN else None
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
        if not one["target"] or one["qualifier"] in {"change", "growth", "share"}:
            continue
        low = one["value"] if pd.isna(one["low"]) else one["low"]
        high = np.inf if pd.isna(one["high"]) else one["high"]
        who = (str(one["agency"]), str(one["year"]), cell_key(str(one["target"])))
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
    touched = np.flatnonzero((edits.rows.matrix[list(bound.because)] != 0).any(axis=0))
    return [edits.cells[cell] for cell in touched.tolist() if edits.cells[cell] != key]


@cache
def _edits(form: Form, layout: Layout) -> _Edits | None:
    whole = system(form, layout)
    if whole is None:
        return None
    sure = np.array([known_rule(edit.rule).severity == "E" for edit in whole.edits]) & ~whole.open_ended
    return _Edits(whole.cells, *whole.rows(sure))


def _deduced(
    matrix: ReportMatrix, claimed: Sequence[Mapping[CellKey, _Claimed]]
) -> Iterator[tuple[int, CellKey, _Bound, _Edits | None]]:
    """Yield what follows for each cell without a figure, report by report."""
    for members, layout in matrix.layouts:
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
            found = _bounds(own, matrix, report, said, {key[0] for key in here}) if own else {}
            for key in here:
                bound = found.get(key) or _free(matrix.form, key)
                if matrix.has_table[key[0]][report] or bound.basis != "undetermined":
                    yield report, key, bound, own if key in found else None


def _is_reported(matrix: ReportMatrix, key: CellKey, report: int) -> bool:
    return key in matrix.index and int(matrix.status[matrix.index[key], report]) == REPORTED


def _with_claims(form: Form, edits: _Edits | None, said: Mapping[CellKey, _Claimed]) -> _Edits:
    """Add the cells that the prose speaks of, and for sums that no table has what they sum up."""
    sums = {key: form.table(key[0]).cells_of(*key[1:]) for key in said if not has_cell(form, key)}
    before = edits.cells if edits else ()
    cells = tuple(dict.fromkeys([*before, *said, *(part for parts in sums.values() for part in parts)]))
    place = {key: at for at, key in enumerate(cells)}
    weights = np.zeros((len(sums), len(cells)))
    for row, (key, parts) in enumerate(sums.items()):
        weights[row, [place[part] for part in parts]] = 1.0
        weights[row, place[key]] = -1.0
    known = (edits.rows.equalities, edits.rows.inequalities) if edits else (np.zeros((0, 0)), np.zeros((0, 0)))
    equalities, inequalities = (np.pad(matrix, ((0, 0), (0, len(cells) - matrix.shape[1]))) for matrix in known)
    rules = edits.rules if edits else ()
    summed = ["T3S" if key[1] in form.table(key[0]).line else "" for key in sums]
    return _Edits(
        cells,
        Rows(np.vstack([equalities, weights]), inequalities, *kinds(form, cells)),
        (*rules[: len(equalities)], *summed, *rules[len(equalities) :]),
    )


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
    (signed,), _ = kinds(form, [key])
    return _NOTHING if signed else _NOTHING._replace(low=0.0)


def _bounds(
    edits: _Edits, matrix: ReportMatrix, report: int, said: Mapping[CellKey, _Claimed], tables: Collection[str]
) -> dict[CellKey, _Bound]:
    """Return what the edits say of the cells of some tables; where a group contradicts itself, nothing of its unknown cells."""
    figures = np.array([matrix.value[matrix.index[key], report] if key in matrix.index else np.nan for key in edits.cells])
    unknown = np.isnan(figures)
    low = np.where(unknown, np.where(edits.rows.signed, -np.inf, 0.0), figures)
    high = np.where(unknown, np.inf, figures)
    wanted = np.array([key[0] in tables for key in edits.cells], dtype=np.bool_)
    for at, key in enumerate(edits.cells):
        if key in said:
            low[at], high[at] = said[key].low, said[key].high
    found: dict[CellKey, _Bound] = {}
    for members in components(edits.rows.matrix):
        if unknown[members].any() and wanted[members].any():
            rows, numbers = edits.rows.part(members)
            limits = bounds(rows, low[members], high[members])
            for at, cell in enumerate(members.tolist()):
                bound = _CONTRADICTED
                if limits is not None:
                    because = tuple(numbers[sorted(limits.because[at])].tolist())
                    basis = _basis(limits, at, was_zero=low[cell] == 0)
                    bound = _Bound(float(limits.low[at]), float(limits.high[at]), basis, because)
                found[edits.cells[cell]] = bound
    for key, claim in said.items():
        limits_of = (claim.low, claim.high)
        if key in found and found[key].basis != "contradicted":
            limits_of = (found[key].low, found[key].high)
        found[key] = _Bound(*limits_of, "claim", (), claim.quote)
    return found


def _basis(limits: Bounds, at: int, *, was_zero: bool) -> str:
    """Say how the bounds of a cell follow from the edits."""
    low, high = limits.low[at], limits.high[at]
    if high - low > ONE_FEN:
        return "interval" if np.isfinite(high) or low > 0 else "undetermined"
    if limits.alone[at]:
        return "sum"
    return "zero" if was_zero and high <= ONE_FEN and limits.by_one[at] else "elimination"


def _without_broken(cells: pd.DataFrame, found: pd.DataFrame) -> pd.DataFrame:
    """Take back the values that would break another rule."""
    # sums that only the prose has are no lines of the form
    known = [has_cell(form(one["form"]), (one["table"], one["line"], one["column"])) for one in found.to_dict("records")]
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
