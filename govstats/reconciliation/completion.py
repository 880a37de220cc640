"""Deductive completion: what the edits say of cells that have no figure, kept apart from what is reported."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import compress
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from govstats.forms import ONE_FEN, CellKey, Edit, Form, cell_key, form
from govstats.reconciliation.corrections import Corrections, as_corrected
from govstats.reconciliation.edits import closed, edits_on, linear_edits, rows_on, severity
from govstats.reconciliation.matrix import ABSENT, REPORTED, STATUS, Layout, ReportMatrix, Source, known_of, matrices
from govstats.reconciliation.rulebook import RulesFile, loaded
from govstats.reconciliation.solver import Bounds, Integers, Rows, bounds, has_cell, kinds
from govstats.reconciliation.wording import cell_list
from govstats.report import column_types, typed_frame

#: The columns of the completions, with their types.
COMPLETION_TYPES = column_types(
    "agency year:Int64 form table line column status value:Float64 low:Float64 high:Float64 basis rules cells quote"
)

_STATUS = {number: name for name, number in STATUS.items()} | {ABSENT: "missing"}


class _Bound(NamedTuple):
    """What is known of a cell without a figure, and the rules and other cells of the edits that it follows from."""

    low: float
    high: float
    basis: str
    rules: str = ""
    cells: str = ""
    quote: str | None = None


_CLAIMED_CELL = ["agency", "year", "target"]
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
        who = list(zip(*(reports[name].iloc[matrix.reports] for name in ("agency", "year")), strict=True))
        said = [claimed.get((str(agency), str(year)), {}) for agency, year in who]
        said = [{key: one for key, one in of.items() if key[0] in tables} for of in said]
        own = linear_edits(matrix, matrix, (rule for rule in loaded(rules).values() if rule.binds))
        own = [edit for edit in own if edit.severity == "E" and not edit.offsets]
        for at, key, (low, high, *known) in sorted(_deduced(matrix, said, own), key=itemgetter(0)):
            status = _STATUS[int(matrix.status[matrix.index[key], at])] if key in matrix.index else "missing"
            value = low if high - low <= ONE_FEN else None
            limits = [None if np.isinf(limit) else limit for limit in (low, high)]
            rows.append((*who[at], matrix.form.version, *key, status, value, *limits, *known))
    return _without_broken(cells, typed_frame(rows, COMPLETION_TYPES), rules)


def _claimed(claims: pd.DataFrame | None) -> dict[tuple[str, str], dict[CellKey, _Bound]]:
    """Return what the prose of each report says of cells; nothing where sentences of one scope contradict each other."""
    if claims is None:
        return {}
    said = claims[(claims["target"].fillna("") != "") & ~claims["qualifier"].isin(["change", "growth", "share"])]
    told = pd.DataFrame({name: list(map(str, said[name])) for name in (*_CLAIMED_CELL, "quote")}, index=said.index)
    told["low"] = said["low"].fillna(said["value"]).astype(float)
    told["high"] = said["high"].astype("Float64").fillna(np.inf).astype(float)
    # a sentence that limits itself to an office or a channel gives way to one that does not
    limited = said["scope"].fillna("") != ""
    told = told[~limited | limited.groupby([told[name] for name in _CLAIMED_CELL]).transform("all")]
    known: dict[tuple[str, str], dict[CellKey, _Bound]] = {}
    for key, one in told.groupby(_CLAIMED_CELL, sort=False):
        agency, year, target = map(str, key)
        claimed = _Bound(one["low"].max(), one["high"].min(), "claim", quote="; ".join(one["quote"].drop_duplicates()))
        if claimed.low <= claimed.high:
            known.setdefault((agency, year), {})[cell_key(target)] = claimed
    return known


def _deduced(
    matrix: ReportMatrix, claimed: Sequence[Mapping[CellKey, _Bound]], own: Collection[Edit]
) -> Iterator[tuple[int, CellKey, _Bound]]:
    """Yield what follows for each cell without a figure, report by report; `own` are edits of the user's rules."""
    for members, layout in matrix.layouts:
        edits = [*(edit for edit in closed(matrix.form, layout) if severity(edit) == "E"), *own]
        parts = rows_on(matrix.form, edits).parted()
        rows = _expected(matrix, layout)
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


def _expected(matrix: ReportMatrix, layout: Layout) -> Integers:
    """Return the rows of the cells that a report of a layout should have; lines that the form leaves open only where printed."""
    bound = {cell for edit in edits_on(matrix.form, layout) for cell in edit.cells}
    firm = {(table.id, line.id) for table in matrix.form.tables for line in table.lines if not (table.open or line.subtotal)}
    firm -= {(table, part) for table, line in layout.alone for part in matrix.form.table(table).parts(line)}
    there = set(np.flatnonzero(matrix.printed.any(axis=1)).tolist())
    rows = [row for row, key in enumerate(matrix.cells) if key in bound or key[:2] in firm or row in there]
    return np.array(rows, dtype=np.intp)


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
