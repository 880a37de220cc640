"""Repairs: for every report whose figures cannot all be right, what would have to change, and what speaks for it."""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import cache
from importlib import resources
from itertools import count, pairwise
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from govstats.errors import UnreadableDocument
from govstats.forms import ONE_FEN, CellKey, Form, Language
from govstats.reconciliation.chains import Case, Place, cases
from govstats.reconciliation.corrections import Corrections, as_corrected
from govstats.reconciliation.solver import Solution
from govstats.reconciliation.source import Source, known_of
from govstats.reconciliation.wording import cell_label, cell_list, number, phrase, quoted
from govstats.report import ReadCell, Report, typed_frame

#: The columns of the repairs, with their types: the contract of DESIGN.md, and what else is known of a repair.
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
    "group": "Int64",
    "rank": "Int64",
    "origin": "str",
    "printed": "str",
    "reread": "str",
    "message_zh": "str",
    "message_en": "str",
}

#: What a witness takes from or adds to how far-fetched a repair is; a reading that fails when it is repeated settles the matter.
_WITNESS, _MISREAD = 2.0, -100.0
_LANGUAGES: tuple[Language, Language] = ("zh", "en")


class _Repair(NamedTuple):
    """A set of cells that explains every failed edit they hang together with."""

    cells: tuple[Place, ...]
    reported: tuple[float, ...]
    proposed: tuple[float, ...]
    rules: str
    mechanisms: tuple[str, ...]
    witnesses: str
    origins: tuple[_Origin, ...]
    far_fetched: float


def repairs(
    source: Source,
    *,
    corrections: Corrections | None = None,
    claims: pd.DataFrame | None = None,
    seconds: float = 5.0,
    reread: bool = True,
) -> pd.DataFrame:
    """List every minimal repair of the reports whose balance edits fail.

    Parameters
    ----------
    source : Report, DataFrame or panel
        A report; or cells with the columns of `Report.cells`, of any number of agencies and years, or a panel. Where the years
        beside a report are there too, they are repaired together: what a year carries out the next one carries in.
    corrections : path or DataFrame, optional
        Documented corrections to apply first, as `govstats.correct` takes them.
    claims : DataFrame, optional
        What the prose claims, with the columns of `Report.claims`: further witnesses. Those of the report, if left out.
    seconds : float
        For the search in each group of edits.
    reread : bool
        Whether the cells of a repair are read again in the document in every other way that there is. Only a report knows its
        document.

    Returns
    -------
    pandas.DataFrame
        One row a changed cell; the rows that share a `repair` number are one repair. Columns ``repair agency year table line
        column reported proposed cells rules mechanism witnesses unique complete group rank origin printed reread message_zh
        message_en``. Repairs that share a `group` explain the same failures, and one of them is needed; they stand in the
        order of plausibility, which `rank` counts from 1: where nothing decides between repairs, they share it.

        `proposed` is null where several values would do. `cells` names all cells of the repair in that year as findings do,
        `rules` what it explains. A carry-over that differs between two years may be wrong in either: repairs of one `group`
        are then of different years. `mechanism` is how such an error comes about: ``mistyped`` ``transposed`` ``dropped``
        ``doubled`` (digits), ``swapped``, ``row_shifted``, ``column_shifted``, ``sign``, ``unit`` (元 for 万元),
        ``left_at_zero`` and ``not_updated`` (totals), ``other``.
        `witnesses` are claims of the prose and carry-overs of the years beside, ``+`` for and ``-`` against. `unique`: there is
        no other repair of this group. `complete` is false where the search met its bound; a row without line and column says that
        it found nothing until then.

        `origin` is ``published`` where every other way of reading the document gives the figure as reported, ``reading`` where
        one gives the proposed figure instead (the agency is not to blame), ``undecided`` where it gives a third one, and null
        where there is no other way. `printed` is the text of the cell, `reread` what the other ways (``order``, ``engine``,
        ``picture``) found.

    Raises
    ------
    UnusableCells
        The frame lacks a column.

    Notes
    -----
    Error localisation after Fellegi and Holt, A Systematic Approach to Automatic Edit and Imputation, Journal of the American
    Statistical Association 71 (1976): the fewest (weighted) cells to change so that all edits hold. All sets of that size are
    listed: to pick one at random would be a lie. Of several years the total carried over is an edit like those of the form, and
    so is every column whose carry-over agrees: what sets a report right but breaks it is no repair.

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
    known = known_of(as_corrected(source, corrections))
    report, cells = known.report, known.cells
    if claims is None:
        claims = known.claims if report is None else report.claims
    found = cases(cells, seconds)
    if not found:
        return typed_frame([], REPAIR_TYPES)
    origins = _Origins(report if reread else None, cells, found)
    witnesses = _Witnesses(cells, claims)
    rows: list[tuple[Any, ...]] = []
    numbers = count(1)
    for group, case in enumerate(found, start=1):
        explaining = [_repair(case, solution, witnesses, origins) for solution in case.found.solutions]
        explaining.sort(key=lambda one: (one.far_fetched, [(place.year or 0, place.key) for place in one.cells]))
        if not explaining:
            rows.append((next(numbers), case.agency, *_not_found(case, group)))
        for repair, repair_number in zip(explaining, numbers, strict=False):
            rank = 1 + sum(one.far_fetched < repair.far_fetched for one in explaining)
            rows += [(repair_number, case.agency, *row) for row in _rows(case, repair, group, rank, origins)]
    return typed_frame(rows, REPAIR_TYPES)


def _not_found(case: Case, group: int) -> tuple[Any, ...]:
    """Say that the search met its bound before it found anything."""
    first = case.system.first_failed()
    rules = ";".join(dict.fromkeys(case.system.rules))
    said = [say("not_found", one, table=first.form.table(first.key[0]).title(one)) for one in _LANGUAGES]
    return (first.year, first.key[0], *[None] * 4, "", rules, "", "", False, case.found.complete, group, *[None] * 4, *said)


def _rows(case: Case, repair: _Repair, group: int, rank: int, origins: _Origins) -> Iterator[tuple[Any, ...]]:
    """Yield what the frame says of each cell of a repair."""
    complete = case.found.complete
    unique = complete and len(case.found.solutions) == 1
    said = [_sentence(case, repair, language) for language in _LANGUAGES]
    mechanism_ids = ";".join(dict.fromkeys(repair.mechanisms))
    sides = zip(repair.cells, repair.reported, repair.proposed, repair.origins, strict=True)
    for (_, year, key), reported, proposed, (origin, again) in sides:
        yield (
            year,
            *key,
            reported,
            None if np.isnan(proposed) else proposed,
            cell_list(other for _, of, other in repair.cells if of == year),
            repair.rules,
            mechanism_ids,
            repair.witnesses,
            unique,
            complete,
            group,
            rank,
            origin,
            origins.printed.get((case.agency, year, *key)),
            again,
            *said,
        )


# --- how it came about, and what speaks for it ------------------------------------------------------------------------------


def _repair(case: Case, solution: Solution, witnesses: _Witnesses, origins: _Origins) -> _Repair:
    system = case.system
    places = tuple(system.places[cell] for cell in solution.cells)
    reported = tuple(float(system.figures[cell]) for cell in solution.cells)
    touched = (system.edits.equalities[:, list(solution.cells)] != 0).any(axis=1)
    rules = dict.fromkeys(rule for rule, it in zip(system.rules, system.broken & touched, strict=True) if it)
    ways: list[str] = []
    said: list[str] = []
    origin: list[_Origin] = []
    doubt = 0.0
    for year in dict.fromkeys(place.year for place in places):
        sides = zip(places, reported, solution.values, strict=True)
        changes = {place.key: (was, ought) for place, was, ought in sides if place.year == year}
        around = zip(system.places, system.figures.tolist(), strict=True)
        form = next(place.form for place in places if place.year == year)
        ways += mechanisms(form, {place.key: figure for place, figure in around if place.year == year}, changes)
        heard = list(witnesses.of(case.agency, year, changes))
        said += heard
        doubt -= _WITNESS * sum(1 if one.startswith("+") else -1 for one in heard)
        origin += [origins.of(key, proposed) for key, (_, proposed) in changes.items()]
    doubt += sum(map(far_fetched, ways)) + _MISREAD * any(one == "reading" for one, _ in origin)
    return _Repair(places, reported, solution.values, ";".join(rules), tuple(ways), "; ".join(said), tuple(origin), doubt)


def _sentence(case: Case, repair: _Repair, language: Language) -> str:
    changes = []
    several_years = len({case.system.places[cell].year for one in case.found.solutions for cell in one.cells}) > 1
    for (form, year, key), reported, proposed in zip(repair.cells, repair.reported, repair.proposed, strict=True):
        cell = quoted(cell_label(form.table(key[0]), key, language), language)
        if several_years:
            cell = say("in_year", language, year=str(year), cell=cell)
        message = "open_change" if np.isnan(proposed) else "change"
        changes.append(say(message, language, cell=cell, reported=number(reported), proposed=number(proposed)))
    joined = say("changes_joint", language).join(changes)
    labels = phrase("comma", language).join(mechanism_label(one, language) for one in dict.fromkeys(repair.mechanisms))
    among = len(case.found.solutions)
    standing = "incomplete" if not case.found.complete else "unique" if among == 1 else "several"
    sentence = say("repair", language, changes=joined, mechanisms=labels) + say(standing, language, count=str(among))
    told = dict(repair.origins)
    worst = next((origin for origin in ("reading", "undecided", "published") if origin in told), None)
    return sentence + (say(worst, language, reread=told[worst] or "") if worst else "")


def _rows_where(cells: pd.DataFrame, names: Sequence[str], values: Mapping[str, Collection[Any]]) -> Iterator[tuple[Any, ...]]:
    """Yield some columns of the rows that have given values, without a frame between, which would cost more than all else."""
    chosen = np.ones(len(cells), dtype=np.bool_)
    for name, wanted in values.items():
        chosen &= cells[name].isin(wanted).to_numpy(dtype=np.bool_)
    return zip(*(cells[name].array[chosen].tolist() for name in names), strict=True)


#: Where a figure comes from, and what other ways of reading found.
_Origin = tuple[str | None, str | None]


class _Origins:
    """Whether the document still gives a figure when it is read in another way."""

    def __init__(self, report: Report | None, cells: pd.DataFrame, cases: Sequence[Case]) -> None:
        keys = {case.system.places[cell].key for case in cases for one in case.found.solutions for cell in one.cells}
        self.printed: dict[tuple[Any, ...], str] = {}
        if "printed" in cells.columns:
            lines, agencies = {line for _, line, _ in keys}, {case.agency for case in cases}
            names = ("agency", "year", "table", "line", "column", "printed")
            found = _rows_where(cells, names, {"line": lines, "agency": agencies})
            self.printed = {(agency, None if year is pd.NA else year, *key): text for agency, year, *key, text in found}
        self.read: dict[CellKey, ReadCell] = {}
        self.again: Mapping[CellKey, Sequence[Any]] = {}
        if report is not None and report.origin is not None and keys:
            from govstats.recognition.rereading import reread

            self.read = {cell.key: cell for cell in report.read_cells}
            try:
                self.again = reread(report, keys)
            except UnreadableDocument:
                # the file was moved since: what it says cannot be asked again
                self.again = {}

    def of(self, key: CellKey, proposed: float) -> _Origin:
        """Return where the figure of a cell comes from, and what other ways of reading found."""
        again = self.again.get(key)
        if not again or self.read[key].method == "corrected":
            return None, None
        found = "; ".join(f"{one.printed or one.status} ({one.way})" for one in again)
        other = [one for one in again if not one.agrees(self.read[key])]
        if not other:
            return "published", found
        return "reading" if any(one.value == proposed for one in other) else "undecided", found


class _Witnesses:
    """What the prose, and the years beside a report, say of its figures."""

    #: Lines that are the same number in two years: carried out of one, carried into the next.
    _CARRIED: Sequence[tuple[str, str, str, int]] = (
        ("requests", "carried_out", "carried_in", 1),
        ("requests", "carried_in", "carried_out", -1),
    )

    def __init__(self, cells: pd.DataFrame, claims: pd.DataFrame | None) -> None:
        carried = {"line": {line for _, line, _, _ in self._CARRIED}, "status": {"reported"}, "table": {"requests"}}
        names = ("agency", "year", "line", "column", "value")
        self.figures: dict[tuple[Any, ...], float] = {row[:-1]: row[-1] for row in _rows_where(cells, names, carried)}
        self.claims: dict[tuple[Any, ...], list[tuple[float, float, str]]] = defaultdict(list)
        for claim in () if claims is None else claims.to_dict("records"):
            low, high = (claim["value"] if pd.isna(claim[bound]) else claim[bound] for bound in ("low", "high"))
            if pd.notna(claim["target"]) and not (pd.isna(low) and pd.isna(high)):
                bounds = (-np.inf if pd.isna(low) else float(low), np.inf if pd.isna(high) else float(high))
                self.claims[claim["agency"], claim["year"], claim["target"]].append((*bounds, str(claim["quote"])))

    def of(self, agency: Any, year: int | None, changes: Changes) -> Iterator[str]:
        """Yield what speaks for a repair (``+``) and against it (``-``)."""
        for (table, line, column), (reported, proposed) in changes.items():
            for name, here, there, step in self._CARRIED if year is not None else ():
                other = self.figures.get((agency, (year or 0) + step, there, column)) if (name, here) == (table, line) else None
                if other is not None and other in {reported, proposed}:
                    yield f"{'+' if other == proposed else '-'} {(year or 0) + step} {table}/{there}/{column} = {other:g}"
            for low, high, quote in self.claims.get((agency, year, f"{table}/{line}/{column}"), ()):
                fits = low <= proposed <= high
                if fits != (low <= reported <= high):
                    yield f"{'+' if fits else '-'} “{quote}”"


# --- mechanisms -------------------------------------------------------------------------------------------------------------

Changes = Mapping[CellKey, tuple[float, float]]

_TEN_THOUSAND = 1e4


@cache
def _data() -> Mapping[str, Any]:
    return tomllib.loads((resources.files(__package__) / "mechanisms.toml").read_text("utf-8"))


@cache
def _entries() -> Mapping[str, Mapping[str, Any]]:
    return {entry["id"]: entry for entry in _data()["mechanisms"]}


def far_fetched(name: str) -> float:
    """Return how far-fetched it is that a figure came about so."""
    return float(_entries()[name]["far_fetched"])


def mechanism_label(name: str, language: Language) -> str:
    """Return a mechanism in words.

    >>> mechanism_label("transposed", "zh")
    '相邻两位数字颠倒'
    """
    return str(_entries()[name][language])


def say(message: str, language: Language, **fields: str) -> str:
    """Return a sentence about a repair."""
    return str(_data()["sentences"][language][message]).format(**fields)


def mechanisms(form: Form, figures: Mapping[CellKey, float], changes: Changes) -> list[str]:
    """Return how a set of figures came to be wrong.

    Parameters
    ----------
    form : Form
        Which says what stands beside what.
    figures : dict of (table, line, column) to float
        As reported, of all cells around.
    changes : dict of (table, line, column) to (float, float)
        What is reported and what it should be.

    Returns
    -------
    list of str
        One for cells that changed together, else one for each cell in order.
    """
    reported, proposed = zip(*changes.values(), strict=True)
    if len(changes) == 2 and reported == proposed[::-1]:
        return ["swapped"]
    for name, along in (("row_shifted", _row), ("column_shifted", _column)):
        if len(changes) > 2 and _is_shifted(along(form, changes), figures, changes):
            return [name]
    if len(changes) == 1 and reported[0] == 0 < proposed[0] and next(iter(changes))[2] == "total":
        return ["left_at_zero"]
    return [mechanism(was, ought, is_total=key[2] == "total") for key, (was, ought) in changes.items()]


def _row(form: Form, changes: Changes) -> Sequence[CellKey]:
    table, line, _ = next(iter(changes))
    return [(table, line, column) for column in form.table(table).columns_of.get(line, ())]


def _column(form: Form, changes: Changes) -> Sequence[CellKey]:
    name, _, column = next(iter(changes))
    table = form.table(name)
    return [(name, line.id, column) for line in table.lines if not line.subtotal and column in table.columns_of[line.id]]


def _is_shifted(along: Sequence[CellKey], figures: Mapping[CellKey, float], changes: Changes) -> bool:
    """Tell whether figures that stand beside one another have each moved one place on; some may equal their neighbour."""
    at = [place for place, key in enumerate(along) if key in changes]
    moved = along[at[0] : at[-1] + 1] if at else ()
    if len(at) < len(changes) or not all(key in figures for key in moved):
        return False
    return all(figures[after] == changes.get(before, (0.0, figures[before]))[1] for before, after in pairwise(moved))


def mechanism(reported: float, proposed: float, *, is_total: bool = False) -> str:
    """Name how one figure became another.

    Parameters
    ----------
    reported, proposed : float
        NaN where several figures would do.
    is_total : bool
        The figure sums up others.

    Returns
    -------
    str
        An id of ``mechanisms.toml``.

    Examples
    --------
    >>> mechanism(275, 257), mechanism(27, 275), mechanism(2275, 275), mechanism(258, 275), mechanism(276, 275)
    ('transposed', 'dropped', 'doubled', 'other', 'mistyped')
    """
    if np.isnan(proposed):
        return "other"
    if reported == -proposed:
        return "sign"
    if proposed and abs(reported / proposed - _TEN_THOUSAND) < ONE_FEN * _TEN_THOUSAND:
        return "unit"
    was, ought = (f"{abs(figure):.4f}".rstrip("0").rstrip(".") for figure in (reported, proposed))
    lagging = "not_updated" if is_total and proposed > reported else "other"
    return next((name for name, came_about in _MISPRINTS if came_about(was, ought)), lagging)


def _mistyped(was: str, ought: str) -> bool:
    return len(was) == len(ought) and sum(one != other for one, other in zip(was, ought, strict=True)) == 1


def _transposed(was: str, ought: str) -> bool:
    return any(was[:at] + was[at + 1] + was[at] + was[at + 2 :] == ought for at in range(len(was) - 1))


def _removals(longer: str, shorter: str) -> list[int]:
    """Return the places of the digits without which a figure is the shorter one."""
    return [at for at in range(len(longer)) if longer[:at] + longer[at + 1 :] == shorter]


#: How the digits of one figure become those of another, from what was printed to what ought to be.
_MISPRINTS: Sequence[tuple[str, Callable[[str, str], bool]]] = (
    ("mistyped", _mistyped),
    ("transposed", _transposed),
    ("dropped", lambda was, ought: bool(_removals(ought, was))),
    ("doubled", lambda was, ought: any(at and was[at] == was[at - 1] for at in _removals(was, ought))),
    ("mistyped", lambda was, ought: bool(_removals(was, ought))),
)
