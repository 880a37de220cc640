"""Repairs: for every report whose figures cannot all be right, what would have to change, and what speaks for it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from functools import cache
from itertools import count, groupby, pairwise
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from rapidfuzz.distance import OSA, Levenshtein

from govstats.errors import UnreadableDocument
from govstats.files import package_data
from govstats.forms import ONE_FEN, TEN_THOUSAND, CellKey, Form, Language
from govstats.reconciliation.chains import FEW, FEW_OVER_YEARS, Place, System, Weights, cases, rearranged
from govstats.reconciliation.corrections import Corrections, as_corrected
from govstats.reconciliation.findings import LANGUAGES, cell_label, cell_list, listed, number, phrase, quoted
from govstats.reconciliation.matrix import Source, keys_of, known_of
from govstats.reconciliation.prose import OF_CELLS, bounds_of, of_cells, said_in
from govstats.reconciliation.rulebook import RulesFile, weights_in
from govstats.reconciliation.solver import Solution
from govstats.report import ReadCell, Report, column_types, typed_frame

#: The columns of the repairs, with their types: the contract of DESIGN.md, and what else is known of a repair.
REPAIR_TYPES = column_types(
    "repair:Int64 agency year:Int64 table line column reported:Float64 proposed:Float64 cells rules mechanism witnesses "
    "unique:boolean complete:boolean group:Int64 rank:Int64 origin printed reread message_zh message_en"
)

#: What a witness takes from or adds to how far-fetched a repair is; a reading that fails when it is repeated settles the matter.
_WITNESS, _MISREAD = 2.0, -100.0
#: What several cells add beside an error of a whole table: more than witnesses take away, less than a reading that fails.
_SEVERAL, _MOVED = 50.0, 1_000.0
#: Of more changes a sentence names the first few.
_LONGEST = 12
#: The rules of figures that cannot be right whatever the others are, and of edits that fail only together.
_DOMAIN, _TOGETHER = "S04", "TJ"


#: What each carry-over is the same number as, and in which year: carried out of one, carried into the next.
_CARRIED = {"carried_in": ("carried_out", -1), "carried_out": ("carried_in", 1)}


class _Change(NamedTuple):
    """A cell of a repair; `origin` says where its figure comes from, `reread` what other ways of reading the document found."""

    place: Place
    reported: float
    proposed: float
    origin: str | None
    reread: str | None


class _Repair(NamedTuple):
    """A set of cells that explains every failed edit they hang together with."""

    changes: tuple[_Change, ...]
    rules: str
    mechanisms: tuple[str, ...]
    witnesses: str
    doubt: float

    @property
    def of_whole_table(self) -> bool:
        """Whether a whole table came out wrong."""
        return any(_entries()[name].get("of_whole_table") for name in self.mechanisms)


def repairs(
    source: Source,
    *,
    corrections: Corrections | None = None,
    claims: pd.DataFrame | None = None,
    rules: RulesFile | None = None,
    weights: RulesFile | Weights | None = None,
    seconds: float = 5.0,
    reread: bool = True,
) -> pd.DataFrame:
    """List every minimal repair of the reports whose edits fail.

    Parameters
    ----------
    source : Report, DataFrame or panel
        A report; or cells with the columns of `Report.cells`, of any number of agencies and years, or a panel. Where the years
        beside a report are there too, they are repaired together: what a year carries out the next one carries in.
    corrections : path or DataFrame, optional
        Documented corrections to apply first, as `govstats.correct` takes them.
    claims : DataFrame, optional
        What the prose claims, with the columns of `Report.claims`: further witnesses. Those of the report, if left out.
    rules : path, optional
        A file of rules of your own, as `govstats.reconcile` takes it: those of severity E bind repairs as ours do.
    weights : path or mapping, optional
        What changing a cell costs where it is not 1, by ``table/line/column`` with ``*`` for any line or column: those of least
        weight are listed. A TOML file has them under ``[weights]``, and may be that of the rules.
    seconds : float
        Of computing, for the search in each group of edits.
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
        `rules` what it explains (``TJ`` where edits fail only together, ``S04`` for what is no count or amount). A carry-over
        that differs between two years may be wrong in either: repairs of one `group` are then of different years.
        `mechanism` is how such an error comes about: ``mistyped`` ``transposed`` ``dropped`` ``doubled`` (digits), ``swapped``,
        ``row_shifted``, ``column_shifted``, ``sign``, ``unit`` (元 for 万元), ``left_at_zero`` and ``not_updated`` (totals),
        ``other``; of whole tables ``lines_swapped``, ``columns_swapped``, ``lines_shifted``, ``columns_shifted``,
        ``block_transposed``, ``table_unit`` and ``table_repeated`` (that of the year before: what should stand there nobody
        knows), beside which only sets of at most three cells are searched.
        `witnesses` are claims of the prose and carry-overs of the years beside, ``+`` for and ``-`` against. `unique`: what
        was searched has no other repair of this group. `complete` is false where the search met its bound; a row without
        line and column says that it found nothing until then.

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
    found = cases(cells, seconds, rules=rules, weights=weights_in(weights))
    if not found:
        return typed_frame([], REPAIR_TYPES)
    again = _read_again(report if reread else None, found)
    witnesses = _witnesses(cells, claims, {case.places[0].agency for case in found})
    printed, corrected = _printed(cells, found)
    rows: list[tuple[Any, ...]] = []
    numbers = count(1)
    for group, case in enumerate(found, start=1):
        explaining = _ranked([_repair(case, solution, witnesses, again) for solution in case.found.solutions])
        standing = _standing(case, explaining)
        if not explaining:
            rows.append((next(numbers), *_not_found(case, group)))
        for repair, repair_number in zip(explaining, numbers, strict=False):
            rank = 1 + sum(one.doubt < repair.doubt for one in explaining)
            said = [_sentence(case, repair, standing, language, corrected) for language in LANGUAGES]
            complete = case.found.complete
            why = repair.rules, ";".join(dict.fromkeys(repair.mechanisms)), repair.witnesses, complete and len(explaining) == 1
            for (agency, year, key, _), reported, proposed, origin, other in repair.changes:
                together = cell_list(one.place.key for one in repair.changes if one.place.year == year)
                changed = None if np.isnan(proposed) else proposed
                text = printed.get((agency, year, *key))
                cell = (agency, year, *key, reported, changed, together)
                rows.append((repair_number, *cell, *why, complete, group, rank, origin, text, other, *said))
    return typed_frame(rows, REPAIR_TYPES)


def _not_found(case: System, group: int) -> tuple[Any, ...]:
    """Say that the search met its bound before it found anything."""
    failed = (case.rows.matrix[case.broken] != 0).any(axis=0)
    agency, year, (table, *_), form = case.places[int(failed.argmax())]
    rules = ";".join(dict.fromkeys(edit.rule for edit in case.rows.edits))
    said = [phrase("not_found", one, table=form.table(table).text(one)) for one in LANGUAGES]
    return (agency, year, table, *[None] * 4, "", rules, "", "", False, case.found.complete, group, *[None] * 4, *said)


def _ranked(explaining: list[_Repair]) -> list[_Repair]:
    """Put repairs in the order of plausibility; an error of a whole table is likelier than several cells at once."""
    if any(one.of_whole_table for one in explaining):
        # of two such errors the one that moved fewer figures
        more = [len(one.changes) / _MOVED if one.of_whole_table else _SEVERAL * (len(one.changes) > 2) for one in explaining]
        explaining = [one._replace(doubt=one.doubt + by) for one, by in zip(explaining, more, strict=True)]
    return sorted(explaining, key=lambda one: (one.doubt, [(place.year or 0, place.key) for place, *_ in one.changes]))


# --- how it came about, and what speaks for it ------------------------------------------------------------------------------


def _repair(case: System, solution: Solution, witnesses: _Witnesses, again: _Again) -> _Repair:
    changes = []
    for cell, proposed in zip(*solution, strict=True):
        place = case.places[cell]
        changes.append(_Change(place, float(case.figures[cell]), proposed, *_origin(again, place.key, proposed)))
    changed = list(solution.cells)
    touched = (case.rows.matrix[:, changed] != 0).any(axis=1)
    rules = [case.rows.edits[row].rule for row in np.flatnonzero(case.broken & touched)]
    rules += [_DOMAIN] * bool(case.rows.outside(case.figures)[changed].any())
    ways: list[str] = []
    for (year, form), of_year in groupby(changes, lambda change: (change.place.year, change.place.form)):
        around = zip(case.places, case.figures.tolist(), strict=True)
        figures = {place.key: figure for place, figure in around if place.year == year}
        ways += mechanisms(form, figures, {change.place.key: (change.reported, change.proposed) for change in of_year})
    said = []
    for (agency, year, key, _), reported, proposed, *_ in changes:
        for low, high, text in witnesses.get((agency, year, "/".join(key)), ()):
            fits = low <= proposed <= high
            if fits != (low <= reported <= high):
                said.append(f"{'+' if fits else '-'} {text}")
    doubt = sum(float(_entries()[way]["far_fetched"]) for way in ways)
    doubt += _MISREAD * any(change.origin == "reading" for change in changes)
    doubt -= _WITNESS * sum(1 if one.startswith("+") else -1 for one in said)
    return _Repair(tuple(changes), ";".join(dict.fromkeys(rules)) or _TOGETHER, tuple(ways), "; ".join(said), doubt)


def _standing(case: System, explaining: Sequence[_Repair]) -> str:
    """Return which message says what was searched, and how many repairs were found."""
    if not case.found.complete:
        return "incomplete"
    if any(one.of_whole_table for one in explaining):
        return "whole_tables"
    return "unique" if len(case.found.solutions) == 1 else "several"


def _sentence(case: System, repair: _Repair, standing: str, language: Language, corrected: Collection[tuple[Any, ...]]) -> str:
    changes = []
    several_years = len({place.year for place in case.changed}) > 1
    for (agency, year, key, form), reported, proposed, *_ in repair.changes:
        cell = quoted(cell_label(form.table(key[0]), key, language), language)
        if several_years:
            cell = phrase("in_year", language, year=str(year), cell=cell)
        message = ("open_change" if np.isnan(proposed) else "change") + "_corrected" * ((agency, year, *key) in corrected)
        changes.append(phrase(message, language, cell=cell, reported=number(reported), proposed=number(proposed)))
    joined = phrase("changes_joint", language).join(changes) if len(changes) <= _LONGEST else listed(changes, language)
    labels = phrase("comma", language).join(_entries()[one][language] for one in dict.fromkeys(repair.mechanisms))
    few = FEW_OVER_YEARS if len(case.years) > 1 else FEW
    said = phrase("repair", language, changes=joined, mechanisms=labels)
    said += phrase(standing, language, count=str(len(case.found.solutions)), few=str(few))
    told = {change.origin: change.reread or "" for change in repair.changes}
    worst = next((origin for origin in ("reading", "undecided", "published") if origin in told), None)
    return said + (phrase(worst, language, reread=told[worst]) if worst else "")


def _printed(cells: pd.DataFrame, cases: Sequence[System]) -> tuple[Mapping[tuple[Any, ...], str], set[tuple[Any, ...]]]:
    """Return what is printed in the cells of some agencies, and which are corrected, by agency, year, table, line and column."""
    places = {place for case in cases for place in case.changed}
    near = cells[cells["agency"].isin({one.agency for one in places}) & cells["line"].isin({one.key[1] for one in places})]
    told = near.reindex(columns=["agency", "year", "table", "line", "column", "printed", "method"])
    rows = [(tuple(key), text, method) for *key, text, method in keys_of(told, told.columns.tolist())]
    return {key: text for key, text, _ in rows}, {key for key, _, method in rows if method == "corrected"}


#: Cells as they were read, with what other ways of reading found.
_Again = Mapping[CellKey, tuple[ReadCell, Sequence[Any]]]


def _read_again(report: Report | None, cases: Sequence[System]) -> _Again:
    """Return the cells of repairs that the document still gives when it is read in another way."""
    if report is None or report.origin is None:
        return {}
    from govstats.recognition.rereading import reread

    read = {cell.key: cell for cell in report.read_cells if cell.method != "corrected"}
    keys = {place.key for case in cases for place in case.changed}
    # where the file was moved since, what it says cannot be asked again
    with suppress(UnreadableDocument):
        return {key: (read[key], found) for key, found in reread(report, keys).items() if found and key in read}
    return {}


def _origin(again: _Again, key: CellKey, proposed: float) -> tuple[str | None, str | None]:
    """Return where the figure of a cell comes from, and what other ways of reading found."""
    if key not in again:
        return None, None
    read, ways = again[key]
    found = "; ".join(f"{one.printed or one.status} ({one.way})" for one in ways)
    other = [one.value for one in ways if not one.agrees(read)]
    return "reading" if proposed in other else "undecided" if other else "published", found


#: What is said of a cell, by agency, year and cell: between which figures it lies, and where that stands.
_Witnesses = Mapping[tuple[Any, ...], Sequence[tuple[float, float, str]]]


def _witnesses(cells: pd.DataFrame, claims: pd.DataFrame | None, agencies: Collection[Any]) -> _Witnesses:
    """Return what the prose, and the years beside a report, say of its figures."""
    found = defaultdict(list)
    carried = cells[cells["line"].isin(_CARRIED) & cells["agency"].isin(agencies) & (cells["table"] == "requests")]
    for agency, year, line, column, value, status in keys_of(carried, ("agency", "year", "line", "column", "value", "status")):
        if year is not None and value is not None and status == "reported":
            other, step = _CARRIED[line]
            told = (value, value, f"{year} requests/{line}/{column} = {value:g}")
            found[agency, year + step, f"requests/{other}/{column}"].append(told)
    for key, said in of_cells(said_in(claims, OF_CELLS)).items():
        for claim in said:
            # “more than 5” has a least figure and no greatest one
            low, high = bounds_of(claim) if {claim.low, claim.high} != {None} else (claim.value, claim.value)
            found[key].append((low, high, f"“{claim.quote}”"))
    return found


# --- mechanisms -------------------------------------------------------------------------------------------------------------

Changes = Mapping[CellKey, tuple[float, float]]


@cache
def _entries() -> Mapping[str, Mapping[str, Any]]:
    return {entry["id"]: entry for entry in package_data("reconciliation/mechanisms.toml")["mechanisms"]}


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
    if len(changes) > 2 and (name := _of_whole_table(form, figures, changes)):
        return [name]
    if len(changes) == 2 and reported == proposed[::-1]:
        return ["swapped"]
    for name, axis in (("row_shifted", 2), ("column_shifted", 1)):
        if len(changes) > 2 and _is_shifted(form, figures, changes, axis):
            return [name]
    if len(changes) == 1 and reported[0] == 0 < proposed[0] and next(iter(changes))[2] == "total":
        return ["left_at_zero"]
    return [mechanism(was, ought, is_total=key[2] == "total") for key, (was, ought) in changes.items()]


def _of_whole_table(form: Form, figures: Mapping[CellKey, float], changes: Changes) -> str:
    """Return how lines or columns were interchanged or shifted, a block turned or a table printed, if that is what changed."""
    cells = tuple(figures)
    was = np.array(list(figures.values()))
    ought = np.array([changes[cell][1] if cell in changes else figures[cell] for cell in cells])
    changed = np.array([cell in changes for cell in cells])
    every = np.array([cell[0] == next(iter(changes))[0] for cell in cells]) & ~np.isnan(was)
    if np.isnan(ought[changed]).all():
        return "table_repeated" if (changed == every).all() else ""
    larger = np.where(changed, ought * TEN_THOUSAND, ought)
    if (changed == (every & (was != 0))).all() and np.allclose(was, larger, equal_nan=True):
        return "table_unit"
    names, moved = rearranged(form, cells, was)
    fits = (np.isnan(moved) | np.isnan(ought) | (moved == ought)).all(axis=1)
    return next((name for name, it in zip(names, fits.tolist(), strict=True) if it), "")


def _is_shifted(form: Form, figures: Mapping[CellKey, float], changes: Changes, axis: int) -> bool:
    """Tell whether figures of one line (2) or column (1) have each moved one place on; some may equal their neighbour.

    Subtotals are left out of columns.
    """
    first = next(iter(changes))
    table = form.table(first[0])
    along = [cell for cell in table.every_cell if cell[3 - axis] == first[3 - axis]]
    along = [cell for cell in along if axis == 2 or not table.line[cell[1]].subtotal]
    at = [place for place, key in enumerate(along) if key in changes]
    moved = along[at[0] : at[-1] + 1] if at else []
    if len(at) < len(changes) or not figures.keys() >= set(moved):
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
    if proposed and abs(reported / proposed - TEN_THOUSAND) < ONE_FEN * TEN_THOUSAND:
        return "unit"
    was, ought = (f"{abs(figure):.4f}".rstrip("0").rstrip(".") for figure in (reported, proposed))
    steps = list(Levenshtein.editops(was, ought))
    if len(steps) == 1:
        at, what = steps[0].src_pos, steps[0].tag
        doubled = what == "delete" and was[at] in {was[at - 1 : at], was[at + 1 : at + 2]}
        return "doubled" if doubled else "dropped" if what == "insert" else "mistyped"
    if OSA.distance(was, ought) == 1:
        return "transposed"
    return "not_updated" if is_total and proposed > reported else "other"
