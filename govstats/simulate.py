"""Reports that no agency wrote: consistent ones, and errors planted in them on purpose, for teaching, tests and benchmarks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from govstats.errors import UnusableCells
from govstats.forms import CellKey, Form, Table, form
from govstats.reconciliation.repairs import repairs
from govstats.report import CELL_TYPES, column_types, typed_frame

Counts = NDArray[np.int64]

#: Requests that natural persons make, in a line of a report: most agencies receive few, ministries thousands.
_SIZES: Mapping[str, tuple[int, ...]] = {"small": (6,), "medium": (60,), "large": (4000,), "mixed": (2, 6, 60, 600, 4000)}
#: Lines that most reports use; the others are mostly empty.
_COMMON = {"granted", "partly_granted", "unable.not_held"}
_YEARS = {"2008": 2015, "2019": 2020, "2021": 2023}
#: Requests of an organisation for one of a natural person.
_ORGANISATIONS = 12
_ERROR_TYPES = column_types("agency year:Int64 table line column true:Float64 reported:Float64 kind error:Int64")
#: Amounts are printed with so many decimals of 万元, to the yuan.
_DECIMALS = 4


class Planted(NamedTuple):
    """Reports with errors, and what was done to them.

    Attributes
    ----------
    cells : pandas.DataFrame
        As `simulate` returns them, with the errors.
    errors : pandas.DataFrame
        One row a changed cell: ``agency year table line column true reported kind error``; cells that were changed together
        (two neighbours swapped) share an `error` number.
    """

    cells: pd.DataFrame
    errors: pd.DataFrame


def simulate(version: str = "2021", reports: int = 1, *, size: str = "mixed", seed: int = 0) -> pd.DataFrame:
    """Make consistent reports: every balance edit holds.

    Parameters
    ----------
    version : str
        Of the form: ``2008``, ``2019`` or ``2021``.
    reports : int
        How many, each of an agency of its own.
    size : {"small", "medium", "large", "mixed"}
        About how many requests an agency receives.
    seed : int
        The same seed gives the same reports.

    Returns
    -------
    pandas.DataFrame
        Cells with the columns of `Report.cells`, in the order of the form.

    Examples
    --------
    >>> from govstats import reconcile
    >>> cells = simulate("2021", 2, seed=1)
    >>> len(cells), set(reconcile(cells).query("severity == 'E'").status)
    (400, {'pass'})
    """
    generator = np.random.default_rng(seed)
    statutory = form(version)
    most = generator.choice(np.array(_SIZES[size]), reports)
    values: dict[CellKey, NDArray[Any]] = {}
    for table in statutory.tables:
        fill = _annex if table.open else _requests if table.id == "requests" else _others
        values |= fill(table, generator, most)
    units = {key: statutory.table(key[0]).unit(*key[1:]) for key in values}
    figures = zip(*(of_cell.tolist() for of_cell in values.values()), strict=True)
    rows = [
        (f"示例机关{number:05d}", *key, figure, _as_printed(figure), unit)
        for number, of_report in enumerate(figures, start=1)
        for (key, unit), figure in zip(units.items(), of_report, strict=True)
    ]
    same = {"year": _YEARS[version], "form": version, "status": "reported", "page": pd.NA, "place": "", "method": "simulated"}
    fields = ("agency", "table", "line", "column", "value", "printed", "unit")
    return typed_frame(rows, CELL_TYPES, fields, **same, confidence=pd.NA)


def _as_printed(figure: float) -> str:
    return f"{figure:.{_DECIMALS}f}".rstrip("0").rstrip(".")


def _rarely(generator: np.random.Generator, most: Counts, likely: float) -> Counts:
    """Return counts up to a bound, and zero where a line is not used."""
    used = generator.random(len(most)) < likely
    return np.where(used, generator.integers(0, most + 1), 0)


def _requests(table: Table, generator: np.random.Generator, most: Counts) -> dict[CellKey, Counts]:
    """Fill the table on requests: results first, then what follows from them by the edits."""
    flow = {"new", "carried_in", "processed_total", "carried_out"}
    results = [line.id for line in table.lines if not line.subtotal and line.id not in flow]
    applicants = [column.id for column in table.columns if column.id != "total"]
    counts: dict[tuple[str, str], Counts] = {}
    for column in applicants:
        bound = most if column == "natural_person" else most // _ORGANISATIONS
        for line in (*results, "carried_out"):
            counts[line, column] = _rarely(generator, bound, 0.7 if line in _COMMON else 0.25)
        processed = np.sum([counts[line, column] for line in results], axis=0)
        ended = processed + counts["carried_out", column]
        carried_in = np.minimum(_rarely(generator, bound, 0.25), ended)
        counts |= {
            ("processed_total", column): processed,
            ("carried_in", column): carried_in,
            ("new", column): ended - carried_in,
        }
    for line in (*results, *flow):
        counts[line, "total"] = np.sum([counts[line, column] for column in applicants], axis=0)
    return {("requests", line, column): counts[line, column] for _, line, column in table.cells if (line, column) in counts}


def _others(table: Table, generator: np.random.Generator, most: Counts) -> dict[CellKey, NDArray[Any]]:
    """Fill a table whose totals are sums along its lines, or that has none."""
    values: dict[CellKey, NDArray[Any]] = {}
    for key in table.cells:
        if table.column[key[2]].signed:
            values[key] = generator.integers(-9, 10, len(most))
        elif "元" in table.unit(key[1], key[2]):
            values[key] = np.round(_rarely(generator, most, 0.6) * generator.random(len(most)), _DECIMALS)
        else:
            values[key] = _rarely(generator, most // 4 if table.id == "review" else 9 * most, 0.5)
    for edit in table.edits():
        left, right = (np.asarray(sum(sign * values[n, li, c] for n, li, c, sign in side)) for side in (edit.left, edit.right))
        if edit.relation == "==" and len(edit.right) == 1:
            values[edit.right[0][:3]] = left
        elif edit.relation == ">=":
            # the first term gives way: what was disclosed in all, items of the year before
            values[edit.left[0][:3]] = values[edit.left[0][:3]] + np.maximum(0, right - left)
    return values


def _annex(table: Table, generator: np.random.Generator, most: Counts) -> dict[CellKey, Counts]:
    """Fill the annex before 2019: channels add up to requests, replies to all replies, and earlier years come on top."""
    sums = {line.group for line in table.lines if line.group}
    counts: dict[CellKey, Counts] = {}
    for line in table.lines:
        if line.id not in sums:
            this_year = _rarely(generator, most, 0.6)
            counts[table.id, line.id, "this_year"] = this_year
            counts[table.id, line.id, "cumulative"] = this_year + _rarely(generator, 7 * most, 0.8)
    for key in table.every_cell:
        if key[1] in sums:
            counts[key] = np.sum([counts[table.id, part, key[2]] for part in table.parts(key[1])], axis=0)
    return {key: counts[key] for key in table.every_cell}


# --- errors ---------------------------------------------------------------------------------------------------------------


class _Grid(NamedTuple):
    """The counts of one report, its amounts of money, and which cells stand beside which."""

    statutory: Form
    figures: dict[CellKey, int]
    amounts: dict[CellKey, float]
    random: np.random.Generator

    def row(self, key: CellKey) -> list[CellKey]:
        """Return the cells of a row."""
        return [(*key[:2], column) for column in self.statutory.table(key[0]).columns_of[key[1]]]


Changes = dict[CellKey, int] | dict[CellKey, float]


def _digits(retyped: Callable[[_Grid, str, int], str], *, least: int = 1) -> Callable[[_Grid, CellKey], Changes]:
    """Return a kind of error that types the digits of a figure anew, from a place drawn among them; it needs so many digits."""

    def kind(grid: _Grid, key: CellKey) -> Changes:
        digits = str(abs(grid.figures[key]))
        if len(digits) < least:
            return {}
        changed = retyped(grid, digits, int(grid.random.integers(len(digits) - least + 1)))
        return {key: int(changed) if grid.figures[key] >= 0 else -int(changed)} if changed else {}

    return kind


def _mistyped(grid: _Grid, digits: str, at: int) -> str:
    others = [digit for digit in "0123456789"[at == 0 :] if digit != digits[at]]
    return digits[:at] + others[int(grid.random.integers(len(others)))] + digits[at + 1 :]


def _shifted(cells: Sequence[CellKey], grid: _Grid) -> Changes:
    """Move figures one cell on, if all cells have one."""
    if not all(cell in grid.figures for cell in cells):
        return {}
    return {cell: grid.figures[before] for before, cell in pairwise(cells)} | {cells[0]: 0}


def _column_shifted(grid: _Grid, key: CellKey) -> Changes:
    """Move the figures of a group down by one line, from some line on."""
    table = grid.statutory.table(key[0])
    group = table.line[key[1]].group
    lines = [line.id for line in table.lines if group and line.group == group and not line.subtotal]
    down = [(key[0], line, key[2]) for line in lines[lines.index(key[1]) :]] if key[1] in lines else []
    return _shifted(down, grid) if len(down) > 1 else {}


def _swapped(grid: _Grid, key: CellKey) -> Changes:
    row = grid.row(key)
    two = row[row.index(key) :][:2]
    if not set(two) <= grid.figures.keys():
        return {}
    return {cell: grid.figures[other] for cell, other in zip(two, two[::-1], strict=True)}


def _not_updated(grid: _Grid, key: CellKey) -> Changes:
    """Leave a late addition out of a total."""
    total = (*key[:2], "total")
    return {total: grid.figures[total] - grid.figures[key]} if total in grid.figures and total != key else {}


#: How errors come about; each returns the figures as they are printed then, none where it cannot happen in a cell.
KINDS: Mapping[str, Callable[[_Grid, CellKey], Changes]] = {
    "mistyped": _digits(_mistyped),
    "dropped": _digits(lambda _, digits, at: digits[:at] + digits[at + 1 :]),
    "doubled": _digits(lambda _, digits, at: digits[: at + 1] + digits[at:]),
    "transposed": _digits(lambda _, digits, at: digits[:at] + digits[at + 1] + digits[at] + digits[at + 2 :], least=2),
    "swapped": _swapped,
    "row_shifted": lambda grid, key: _shifted(grid.row(key), grid),
    "column_shifted": _column_shifted,
    "unit": lambda grid, key: {key: round(grid.amounts[key] * 1e4, _DECIMALS)},
    "not_updated": _not_updated,
    "sign": lambda grid, key: {key: -grid.figures[key]},
}


def plant(
    cells: pd.DataFrame, kinds: Sequence[str] = ("mistyped",), *, tables: Sequence[str] = ("requests",), seed: int = 0
) -> Planted:
    """Plant errors in consistent reports.

    Parameters
    ----------
    cells : pandas.DataFrame
        As `simulate` returns them.
    kinds : sequence of str
        One error of each kind goes into each report, in different cells: ``mistyped`` ``dropped`` ``doubled`` ``transposed``
        (digits), ``swapped`` (two neighbours), ``row_shifted``, ``column_shifted`` (within a group of lines), ``unit`` (元 for
        万元), ``not_updated`` (a total), ``sign``.
    tables : sequence of str
        Where they go.
    seed : int
        The same seed plants the same errors.

    Returns
    -------
    Planted
        A kind that a report has no room for (two digits to be swapped) is left out of it; `errors` tells.

    Raises
    ------
    UnusableCells
        There is no such kind of error.

    Examples
    --------
    >>> planted = plant(simulate("2021", seed=1), ["swapped"], seed=2)
    >>> planted.errors.reported.tolist() == planted.errors.true.tolist()[::-1]
    True
    """
    if unknown := [kind for kind in kinds if kind not in KINDS]:
        raise UnusableCells.worded("no_such_error", unknown=", ".join(unknown), known=", ".join(KINDS))
    generator = np.random.default_rng(seed)
    changed = cells.copy()
    values, printed = changed["value"].to_numpy(dtype=float, na_value=np.nan), changed["printed"].to_numpy(dtype=object)
    rows: list[tuple[Any, ...]] = []
    for (agency, year), report in changed.groupby(["agency", "year"], sort=False):
        places = dict(zip(zip(report["table"], report["line"], report["column"], strict=True), report.index, strict=True))
        statutory = form(str(report["form"].iloc[0]))
        inside = {key: float(values[at]) for key, at in places.items() if key[0] in tables and not np.isnan(values[at])}
        amounts = {key: value for key, value in inside.items() if "元" in statutory.table(key[0]).unit(*key[1:])}
        figures = {key: int(value) for key, value in inside.items() if key not in amounts and value.is_integer()}
        grid = _Grid(statutory, figures, amounts, generator)
        touched: set[CellKey] = set()
        for number, kind in enumerate(kinds):
            open_to = list(amounts if kind == "unit" else figures)
            for at in generator.permutation(len(open_to)).tolist():
                changes = KINDS[kind](grid, open_to[at])
                real = {key: value for key, value in changes.items() if value != inside[key]}
                if real and not touched & real.keys():
                    touched |= real.keys()
                    rows += [(agency, year, *key, inside[key], value, kind, number) for key, value in real.items()]
                    for key, value in real.items():
                        values[places[key]], printed[places[key]] = value, _as_printed(value)
                    break
    changed["value"] = pd.array(values, dtype="Float64")
    changed["printed"] = pd.array(printed, dtype="str")
    return Planted(changed, typed_frame(rows, _ERROR_TYPES))


def found_again(planted: Planted, repairs: pd.DataFrame) -> pd.DataFrame:
    """Compare the repairs of reports with the errors that were planted in them.

    Parameters
    ----------
    planted : Planted
    repairs : pandas.DataFrame
        What `govstats.repairs` found in ``planted.cells``.

    Returns
    -------
    pandas.DataFrame
        One row a report with errors: ``agency year cells noticed minimal listed alone first``. `cells` counts those that were
        changed. `noticed`: a repair is needed; `minimal`: no fewer cells explain the figures; `listed`: the true figures are
        among the repairs; `alone`: they are the only repair; `first`: they are ranked first, alone or with others of that rank.

    Examples
    --------
    >>> from govstats import repairs
    >>> planted = plant(simulate("2021", 2, size="medium", seed=1), ["mistyped"], seed=2)
    >>> found_again(planted, repairs(planted.cells))[["cells", "noticed", "alone"]].values.tolist()
    [[1, True, True], [1, True, True]]
    """
    ways = repairs.dropna(subset=["line"]).groupby(["agency", "year", "group", "repair", "rank"], sort=False)
    groups: dict[tuple[Any, ...], dict[Any, list[tuple[frozenset[Any], Any]]]] = {}
    for (agency, year, group, _, rank), cells in ways:
        groups.setdefault((agency, year), {}).setdefault(group, []).append((_figures_of(cells, "proposed"), rank))
    rows = []
    for (agency, year), errors in planted.errors.groupby(["agency", "year"], sort=False):
        truth = _figures_of(errors, "true")
        found = list(groups.get((agency, year), {}).values())
        right = [(cells, rank) for group in found for cells, rank in group if cells <= truth]
        whole = truth == frozenset().union(*(cells for cells, _ in right))
        minimal = sum(len(group[0][0]) for group in found) == len(truth)
        alone = whole and all(len(group) == 1 for group in found)
        first = whole and all(rank == 1 for _, rank in right)
        rows.append((agency, year, len(truth), bool(found), minimal, whole, alone, first))
    flags = "noticed:boolean minimal:boolean listed:boolean alone:boolean first:boolean"
    return typed_frame(rows, column_types(f"agency year:Int64 cells:Int64 {flags}"))


def located(
    kinds: Sequence[str], tables: Sequence[str] = ("requests", "review"), *, reports: int = 30, seed: int = 0
) -> pd.DataFrame:
    """Plant one error of each kind in simulated reports, and say how often it is found again.

    Parameters
    ----------
    kinds : sequence of str
        As of `plant`.
    tables : sequence of str
        Where they are planted.
    reports : int
        How many are simulated for each kind and table.
    seed : int
        The same seed gives the same reports and errors.

    Returns
    -------
    pandas.DataFrame
        One row a table and kind: ``table kind reports noticed listed alone first``. `reports` had room for the error; the others
        are the shares of them, as of `found_again`.

    Examples
    --------
    >>> located(["mistyped"], ["requests"], reports=2).values.tolist()
    [['requests', 'mistyped', 2, 1.0, 1.0, 1.0, 1.0]]
    """
    shares = ["noticed", "listed", "alone", "first"]
    rows = []
    for table in tables:
        for kind in kinds:
            planted = plant(simulate("2021", reports, size="medium", seed=seed), [kind], tables=[table], seed=seed)
            again = found_again(planted, repairs(planted.cells))
            rows.append((table, kind, len(again), *again[shares].astype(float).mean()))
    return pd.DataFrame(rows, columns=["table", "kind", "reports", *shares])


def _figures_of(cells: pd.DataFrame, figure: str) -> frozenset[tuple[Any, ...]]:
    return frozenset(cells[["table", "line", "column", figure]].itertuples(index=False, name=None))
