"""Repairs: for every report whose figures cannot all be right, what would have to change, and what speaks for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from govstats.forms import CellKey, Form
from govstats.reconciliation.edits import System, system
from govstats.reconciliation.findings import Floats
from govstats.reconciliation.localisation import Edits, Localisation, Solution, components, localise
from govstats.reconciliation.matrix import Layout, ReportMatrix, matrices
from govstats.report import Report

#: The columns of the repairs, with their types; the contract of DESIGN.md, and whether the list is complete.
REPAIR_TYPES = {
    "repair": "Int64",
    "agency": "str",
    "year": "Int64",
    "table": "str",
    "line": "str",
    "column": "str",
    "reported": "Float64",
    "proposed": "Float64",
    "cells": "str",
    "rules": "str",
    "mechanism": "str",
    "witnesses": "str",
    "unique": "boolean",
    "complete": "boolean",
}

_TOLERANCE = 1e-6
#: Below this confidence a reading is as likely to be wrong as the agency, and costs less to change.
_SURE, _UNSURE_WEIGHT = 0.99, 0.8
#: How far-fetched it is that an error came about so; what no mechanism explains comes last.
_FAR_FETCHED = {
    "mistyped": 1.0,
    "transposed": 1.0,
    "dropped": 1.0,
    "doubled": 1.0,
    "swapped": 1.0,
    "row_shifted": 1.0,
    "sign": 1.0,
    "unit": 1.0,
    "not_updated": 2.0,
    "other": 3.0,
}
_TEN_THOUSAND = 1e4


class _Component(NamedTuple):
    """Edits of one layout that hang together."""

    cells: tuple[CellKey, ...]
    places: Floats
    edits: Edits
    equality_rules: tuple[str, ...]
    inequality_rules: tuple[str, ...]


class Repair(NamedTuple):
    """A set of cells that explains every failed edit they hang together with."""

    cells: tuple[CellKey, ...]
    reported: tuple[float, ...]
    proposed: tuple[float, ...]
    rules: tuple[str, ...]
    mechanism: str
    witnesses: str
    rank: float


def repairs(source: Report | pd.DataFrame, *, seconds: float = 5.0) -> pd.DataFrame:
    """List every minimal repair of the reports whose balance edits fail.

    Parameters
    ----------
    source : Report or DataFrame
        A report; or cells with the columns of `Report.cells`, of any number of agencies and years. The years beside a report
        are witnesses where they are in the frame.
    seconds : float
        For the search in each group of edits.

    Returns
    -------
    pandas.DataFrame
        One row a changed cell; the rows that share a `repair` number are one repair. Columns ``repair agency year table line
        column reported proposed cells rules mechanism witnesses unique complete``. Repairs of one group of edits explain the
        same failures: one of them is needed. They stand in the order of plausibility. `proposed` is null where several values
        would do. `cells` names all cells of the repair as findings do, `rules` what it explains. `mechanism` is how such an
        error comes about: ``mistyped`` ``transposed`` ``dropped`` ``doubled`` (digits), ``swapped``, ``row_shifted``,
        ``sign``, ``unit`` (元 for 万元), ``not_updated`` (a total), ``other``. `witnesses` are carry-overs of the years
        beside, ``+`` for and ``-`` against. `unique`: there is no other repair of this group. `complete` is false where the
        search met its bound; a row without line and column says that it found nothing until then.

    Raises
    ------
    UnusableCells
        The frame lacks a column.

    Examples
    --------
    >>> from govstats.simulate import simulate
    >>> cells = simulate("2021", seed=1)
    >>> wrong = (cells["line"] == "granted") & (cells["column"] == "natural_person")
    >>> cells.loc[wrong, "value"] += 9
    >>> found = repairs(cells)
    >>> found[["line", "column", "unique"]].values.tolist(), float((found.reported - found.proposed).item())
    ([['granted', 'natural_person', True]], 9.0)
    """
    cells = source.cells if isinstance(source, Report) else source
    reports, found = matrices(cells)
    rows: list[tuple[Any, ...]] = []
    witnesses = _Witnesses(cells)
    number = 0
    for matrix in found:
        weights = _weights(cells, matrix)
        for report, component, localisation in _localised(matrix, weights, seconds):
            agency, year = reports["agency"].iloc[matrix.reports[report]], reports["year"].iloc[matrix.reports[report]]
            figures = matrix.value[component.places.astype(int), report]
            if not localisation.solutions and not localisation.complete:
                number += 1
                rules = ";".join(dict.fromkeys(component.equality_rules))
                table = component.cells[0][0]
                rows.append((number, agency, year, table, None, None, None, None, "", rules, "", "", False, False))
            explained = [_repair(matrix.form, component, figures, s, witnesses, agency, year) for s in localisation.solutions]
            for repair in sorted(explained, key=lambda repair: (repair.rank, repair.cells)):
                number += 1
                named = ";".join("/".join(key) for key in repair.cells)
                for key, reported, proposed in zip(repair.cells, repair.reported, repair.proposed, strict=True):
                    rows.append(
                        (
                            number,
                            agency,
                            year,
                            *key,
                            reported,
                            None if np.isnan(proposed) else proposed,
                            named,
                            ";".join(repair.rules),
                            repair.mechanism,
                            repair.witnesses,
                            len(explained) == 1 and localisation.complete,
                            localisation.complete,
                        )
                    )
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(REPAIR_TYPES)
    return pd.DataFrame(
        {name: pd.array(list(values), dtype=dtype) for (name, dtype), values in zip(REPAIR_TYPES.items(), columns, strict=True)}  # type: ignore[call-overload]
    )


def _weights(cells: pd.DataFrame, matrix: ReportMatrix) -> Floats | None:
    """Return what changing each cell costs: less where recognition was not sure; None where nothing was recognised."""
    if "confidence" not in cells.columns:
        return None
    confidence = matrix.rows["confidence"].to_numpy(dtype=float, na_value=np.nan)
    unsure = (confidence < _SURE) & (matrix.cell_of_row >= 0)
    if not unsure.any():
        return None
    weights = np.ones(matrix.value.shape)
    weights[matrix.cell_of_row[unsure], matrix.report_of_row[unsure]] = _UNSURE_WEIGHT
    return weights


def _localised(matrix: ReportMatrix, weights: Floats | None, seconds: float) -> Iterator[tuple[int, _Component, Localisation]]:
    """Yield each report with a group of edits of which one fails, and the minimal sets of that group."""
    for members, layout in matrix.layouts():
        for component in _components(matrix.form, layout):
            places = np.array([matrix.index[key] for key in component.cells])
            figures = matrix.value[np.ix_(places, members)]
            for at in np.flatnonzero(_fails(component.edits, figures)).tolist():
                report = int(members[at])
                own = None if weights is None else weights[places, report]
                edits = component.edits
                # what is broken beyond the balance edits is another matter, and no reason to refuse a repair
                held = ~(edits.inequalities @ np.nan_to_num(figures[:, at]) < -_TOLERANCE)
                edits = Edits(edits.equalities, edits.inequalities[held], edits.signed, edits.whole)
                yield (
                    report,
                    component._replace(places=places, edits=edits),
                    localise(edits, figures[:, at], own, seconds=seconds),
                )


@cache
def _components(form: Form, layout: Layout) -> tuple[_Component, ...]:
    whole = system(form, layout)
    return () if whole is None else tuple(_parted(form, whole))


def _parted(form: Form, whole: System) -> Iterator[_Component]:
    left, right = np.split(whole.operator.toarray()[: 2 * len(whole.edits), : len(whole.cells)], 2)
    weight = left - right
    equal = whole.equality & ~whole.open_ended
    unequal = ~whole.equality
    for members in components(weight[equal], weight[unequal]):
        rows = (weight[:, members] != 0).any(axis=1)
        cells = tuple(whole.cells[member] for member in members)
        edits = Edits(
            weight[equal & rows][:, members],
            weight[unequal & rows][:, members],
            np.array([form.table(table).column[column].signed for table, _, column in cells]),
            np.array(["元" not in form.table(table).unit(line, column) for table, line, column in cells]),
        )
        if len(edits.equalities):
            rules = [edit.rule for edit in whole.edits]
            chosen = [tuple(rule for rule, it in zip(rules, kind & rows, strict=True) if it) for kind in (equal, unequal)]
            yield _Component(cells, members.astype(float), edits, *chosen)


def _fails(edits: Edits, figures: Floats) -> Floats:
    """Tell for each report whether an equality cannot hold; cells without a figure are not negative unless signed."""
    unknown = np.isnan(figures)
    sums = edits.equalities @ np.where(unknown, 0.0, figures)
    loose = edits.signed[:, None] & unknown
    raising = (edits.equalities > 0) @ unknown + (edits.equalities != 0) @ loose
    lowering = (edits.equalities < 0) @ unknown + (edits.equalities != 0) @ loose
    broken = ((sums > _TOLERANCE) & (lowering == 0)) | ((sums < -_TOLERANCE) & (raising == 0))
    return np.asarray(broken.any(axis=0))


# --- how it came about ----------------------------------------------------------------------------------------------------


def _repair(
    form: Form, component: _Component, figures: Floats, solution: Solution, witnesses: _Witnesses, agency: str, year: int
) -> Repair:
    keys = tuple(component.cells[cell] for cell in solution.cells)
    reported = tuple(float(figures[cell]) for cell in solution.cells)
    broken = np.abs(component.edits.equalities @ np.nan_to_num(figures)) > _TOLERANCE
    touched = (component.edits.equalities[:, list(solution.cells)] != 0).any(axis=1)
    rules = tuple(dict.fromkeys(r for r, it in zip(component.equality_rules, broken & touched, strict=True) if it))
    changes = dict(zip(keys, zip(reported, solution.values, strict=True), strict=True))
    mechanisms = _mechanisms(form, changes)
    heard, weight = witnesses.hear(agency, year, changes)
    rank = sum(_FAR_FETCHED[one] for one in mechanisms) + weight
    return Repair(keys, reported, solution.values, rules, ";".join(dict.fromkeys(mechanisms)), heard, rank)


def _mechanisms(form: Form, changes: Mapping[CellKey, tuple[float, float]]) -> list[str]:
    """Return how the errors came about: one for cells that changed together, else one for each cell."""
    reported, proposed = zip(*changes.values(), strict=True)
    if len(changes) == 2 and reported == proposed[::-1]:
        return ["swapped"]
    lines = {key[:2] for key in changes}
    if len(changes) > 2 and len(lines) == 1:
        ((table, line),) = lines
        columns = form.table(table).columns_of[line]
        at = sorted((columns.index(key[2]), key) for key in changes)
        if all(changes[after][0] == changes[before][1] for (_, before), (_, after) in pairwise(at)):
            return ["row_shifted"]
    return [mechanism(was, ought, is_total=key[2] == "total") for key, (was, ought) in changes.items()]


def mechanism(reported: float, proposed: float, *, is_total: bool = False) -> str:
    """Name how one figure became another.

    Examples
    --------
    >>> mechanism(275, 257), mechanism(27, 275), mechanism(2275, 275), mechanism(258, 275), mechanism(276, 275)
    ('transposed', 'dropped', 'doubled', 'other', 'mistyped')
    """
    if np.isnan(proposed):
        return "other"
    if reported == -proposed:
        return "sign"
    if proposed and abs(reported / proposed - _TEN_THOUSAND) < _TOLERANCE * _TEN_THOUSAND:
        return "unit"
    was, ought = (f"{abs(figure):.4f}".rstrip("0").rstrip(".") for figure in (reported, proposed))
    differing = [place for place, (one, other) in enumerate(zip(was, ought, strict=False)) if one != other]
    if len(was) == len(ought):
        if len(differing) == 1:
            return "mistyped"
        if len(differing) == 2 and differing[1] - differing[0] == 1 and was[differing[0]] == ought[differing[1]]:
            return "transposed" if was[differing[1]] == ought[differing[0]] else "other"
    if any(ought[:at] + ought[at + 1 :] == was for at in range(len(ought))):
        return "dropped"
    if any(was[:at] + was[at + 1 :] == ought and was[at] in was[max(0, at - 1) : at] for at in range(len(was))):
        return "doubled"
    if any(was[:at] + was[at + 1 :] == ought for at in range(len(was))):
        return "mistyped"
    return "not_updated" if is_total and proposed > reported else "other"


# --- witnesses ------------------------------------------------------------------------------------------------------------


class _Witnesses:
    """What the years beside a report say of what is carried over."""

    #: Lines that are the same number in two years: carried out of one, carried into the next.
    _CARRIED: Sequence[tuple[str, str, str, int]] = (
        ("requests", "carried_out", "carried_in", 1),
        ("requests", "carried_in", "carried_out", -1),
    )

    def __init__(self, cells: pd.DataFrame) -> None:
        lines = {line for _, line, _, _ in self._CARRIED}
        carried = cells[(cells["table"] == "requests") & cells["line"].isin(lines) & (cells["status"] == "reported")]
        names = ["agency", "year", "line", "column"]
        self.figures = dict(zip(carried[names].itertuples(index=False, name=None), carried["value"].astype(float), strict=True))

    def hear(self, agency: str, year: int, changes: Mapping[CellKey, tuple[float, float]]) -> tuple[str, float]:
        """Return what the years beside say of a repair, and what that adds to its rank."""
        said = []
        weight = 0.0
        for (table, line, column), (reported, proposed) in changes.items():
            for name, here, there, step in self._CARRIED:
                other = self.figures.get((agency, year + step, there, column)) if (name, here) == (table, line) else None
                if other is not None and other in {reported, proposed} and reported != proposed:
                    sign = "+" if other == proposed else "-"
                    said.append(f"{sign} {year + step} {table}/{there}/{column} = {other:g}")
                    weight += -2.0 if sign == "+" else 2.0
        return "; ".join(said), weight
