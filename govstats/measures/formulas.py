"""Sums of cells, written in data files and worked out for all reports at once."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from govstats.errors import FormError, UnusableCells, require_columns
from govstats.files import package_data, parsed_toml, refuse_keys, refuse_unknown
from govstats.forms import ONE_FEN, CellKey, Form, Language, cell_key, form, signed, versions
from govstats.panel import Panel
from govstats.reconciliation.completion import completions
from govstats.reconciliation.edits import assess, conflicts
from govstats.reconciliation.findings import cell_list, column_label, line_label
from govstats.reconciliation.matrix import ABSENT, IDENTITY, REPORTED, STATUSES, ReportMatrix, matrices, report_numbers
from govstats.reconciliation.solver import Flags, Floats, Integers
from govstats.report import Report

#: Why a sum has no value, the reason that outweighs the others last; a status of the results is one of these.
REASONS: tuple[str, ...] = (*STATUSES, "ambiguous", "not_in_form")
_AMBIGUOUS, _NOT_IN_FORM = len(STATUSES), len(STATUSES) + 1

#: How formulas are written, in each language.
WORDS: Mapping[str, Mapping[str, str]] = package_data("measures/words.toml")
_COLUMNS = ("agency", "year", "form", "table", "line", "column", "value", "status")
_NUMBERING = re.compile(r"^(（[^（）]+）|\([^()]+\)\s*|[一二三四五六七八九十]、|\d+\.\s*)+")


Defined = TypeVar("Defined")


class Term(NamedTuple):
    """What a sum adds or takes off.

    Attributes
    ----------
    sign : int
    options : tuple of tuple of (table, line, column)
        Cells to add up: the first of these of which a report prints anything. The lines of a group come before its subtotal.
    exclusive : bool
        Several names for one line, of which a report prints one; where it prints two, neither is taken.
    """

    sign: int
    options: tuple[tuple[CellKey, ...], ...]
    exclusive: bool


Sum = tuple[Term, ...]


def parsed(where: str, written: Iterable[str], statutory: Form) -> Sum:
    """Understand a sum as data files write it.

    Parameters
    ----------
    where : str
        Where it stands, for messages.
    written : iterable of str
        ``table/line/column``; a line may be a group (``refused``), a column ``organisations``; ``-`` before it takes it off;
        ``one|other`` are two names of one line.
    statutory : Form
        The form whose cells are meant.

    Raises
    ------
    FormError
        The form has no such cell.

    Examples
    --------
    >>> (term,) = parsed("here", ["requests/other/total"], form("2021"))
    >>> [[line for _, line, _ in option] for option in term.options]
    [['other.correction_overdue', 'other.fee_overdue', 'other.other'], ['other']]
    """
    return tuple(_term(where, *signed(one), statutory) for one in written)


def _term(where: str, sign: int, written: str, statutory: Form) -> Term:
    name, lines, column = cell_key(written)
    tables = [table.id for table in statutory.tables]
    refuse_unknown(where, f"{written!r} is in no table of form {statutory.version}: the table", [name], tables)
    table = statutory.table(name)
    options: list[tuple[CellKey, ...]] = []
    for line in lines.split("|"):
        ways = table.options(line, column) if line in table.columns_of or table.parts(line) else ()
        if not ways:
            known = {"lines": ", ".join(table.line), "columns": ", ".join(table.column)}
            cell = f"{name}/{line}/{column}"
            raise FormError.worded("sum_cell_unknown", where=where, version=statutory.version, cell=cell, **known)
        options += ways
    return Term(sign, tuple(options), "|" in lines)


# --- definitions in files ---------------------------------------------------------------------------------------------------


def chosen(what: str, names: str | Iterable[str] | None, known: Mapping[str, Defined], listed: str) -> list[Defined]:
    """Return the definitions that are asked for by name, all by default; `listed` says how to list them.

    Raises
    ------
    FormError
        There is none of that name.
    """
    wanted = [*known] if names is None else [names] if isinstance(names, str) else [*names]
    for name in wanted:
        if name not in known:
            nearest = ", ".join(get_close_matches(name, known, cutoff=0.3)) or ", ".join(known)
            raise FormError.worded("definition_unknown", what=what, name=name, nearest=nearest, listed=listed)
    return [known[name] for name in wanted]


def definitions_in(
    file: str, kind: str, *, tables: Iterable[str] = (), text: str | None = None, taken: Iterable[str] = ()
) -> tuple[Mapping[str, Any], list[Mapping[str, Any]]]:
    """Read a file of definitions, those that are for ``each`` of several lines or columns written out one by one.

    Parameters
    ----------
    file : str
        Of this package, unless its text is given.
    kind : str
        The table of the file that holds them.
    tables : iterable of str
        What else the file may hold.
    text : str, optional
    taken : iterable of str
        Ids that other definitions have.

    Raises
    ------
    FormError
        The file is no TOML, or two definitions have one id.
    """
    where = f"measures/{file}" if text is None else file
    raw = package_data(where) if text is None else parsed_toml(where, text)
    refuse_keys(where, raw, (kind,), tables)
    entries = [one for entry in raw[kind] for one in _each(f"{where}, {entry.get('id', '?')!r}", entry)]
    ids = [*taken, *(entry.get("id", "?") for entry in entries)]
    for name in ids:
        if ids.count(name) > 1:
            raise FormError(f"{where}: the id {name!r} stands there twice 该 id 重复，请删去或改名")
    return raw, entries


def _each(where: str, entry: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    if "each" not in entry:
        yield entry
        return
    refuse_keys(f"{where}, each", entry["each"], ("table",), ("lines", "columns"))
    for name in (*entry["each"].get("lines", ()), *entry["each"].get("columns", ())):
        labels = {language: _label_of(where, entry["each"], name, language) for language in ("zh", "en")}
        filled = json.loads(json.dumps({key: entry[key] for key in entry if key != "each"}).replace("{}", name))
        yield filled | {language: entry[language].replace("{}", label) for language, label in labels.items()}


def _label_of(where: str, each: Mapping[str, Any], name: str, language: Language) -> str:
    for version in reversed(versions()):
        for table in form(version).tables:
            if table.id == each["table"]:
                if "lines" in each and name in {*table.line, *(group.id for group in table.groups)}:
                    return _NUMBERING.sub("", line_label(table, name, language))
                if "columns" in each and name in {*table.column, *("organisations" for one in table.columns if one.spanner_zh)}:
                    return column_label(table, name, language)
    raise FormError.worded("each_unknown", where=where, name=name, table=each["table"])


def in_words(written: Iterable[str], statutory: Form, language: Language) -> str:
    """Write a sum out in the words of its form.

    Examples
    --------
    >>> in_words(["requests/new/total", "-requests/refused/natural_person"], form("2021"), "zh")
    '一、本年新收政府信息公开申请数量 − （三）不予公开·自然人'
    """
    words, formula = WORDS[language], ""
    for sign, one in map(signed, written):
        name, lines, column = cell_key(one)
        table = statutory.table(name)
        label = words["or"].join(line_label(table, line, language) for line in lines.split("|"))
        if column != "total" or table.lines_across:
            label += f"·{column_label(table, column, language)}"
        formula += words["minus" if sign < 0 else "plus"] + label
    return formula.removeprefix(words["plus"]).lstrip()


# --- figures of many reports ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Figures:
    """The figures of all reports on one form, and why there is none where there is none.

    Attributes
    ----------
    value : array, shape (cells, reports)
        NaN where there is no figure.
    reason : array, shape (cells, reports)
        The number of a word of `REASONS`.
    index : mapping of (table, line, column) to int
        The row of each cell.
    """

    value: Floats
    reason: NDArray[np.int8]
    index: Mapping[CellKey, int]

    def option(self, term: Term) -> tuple[Integers, Flags]:
        """Return for each report which option it takes, and whether it prints several that exclude each other."""
        printed = np.array([(self.reason[self._rows(option)] != ABSENT).any(axis=0) for option in term.options])
        return printed.argmax(axis=0), np.asarray(term.exclusive & (printed.sum(axis=0) > 1))

    def taken(self, terms: Sum) -> Iterator[tuple[int, list[int], Flags]]:
        """Yield for each option of a sum its sign, the rows of its cells, and which reports take it."""
        for term in terms:
            taken, _ = self.option(term)
            for number, option in enumerate(term.options):
                yield term.sign, self._rows(option), taken == number

    def total(self, terms: Sum) -> tuple[Floats, NDArray[np.int8]]:
        """Add up; a sum with a part that has no figure has none, and gives the reason that outweighs the others."""
        value = np.zeros(self.value.shape[1])
        reason = np.zeros(len(value), dtype=np.int8)
        for sign, rows, here in self.taken(terms):
            value += np.where(here, sign * self.value[rows].sum(axis=0), 0.0)
            reason = np.maximum(reason, np.where(here, self.reason[rows].max(axis=0), np.int8(0)))
        for term in terms:
            reason[self.option(term)[1]] = _AMBIGUOUS
        value[reason > 0] = np.nan
        return value, reason

    def _rows(self, cells: Iterable[CellKey]) -> list[int]:
        return [self.index[cell] for cell in cells]


def blanks_as_zero(matrix: ReportMatrix, reported: Figures) -> Figures:
    """Return the figures with blank and not applicable cells read as zero, so far as the balance edits allow it.

    A blank total is not zero but the sum of its parts. A blank that an edit shows to be more than zero has no figure.
    Unreadable cells and cells that the document does not have are no blanks.
    """
    blank, value = matrix.blank, matrix.value.copy()
    for positions, layout in matrix.layouts:
        members = positions[blank[:, positions].any(axis=0)]
        edits = (edit for edit in matrix.form.edits(layout.printed) if edit.relation == "==")
        balances = [np.split(matrix.rows_at(edit.cells), [len(edit.left)]) for edit in edits]
        value[:, members] = _zeroed(matrix.value[:, members], matrix.status[:, members], blank[:, members], balances)
    return Figures(value, np.where(blank & ~np.isnan(value), np.int8(0), reported.reason), matrix.index)


#: What somebody dismissed: the number of the report, the rule and the cells.
Dismissed = Collection[tuple[int, str, str]]


def contradicted(matrix: ReportMatrix, dismissed: Dismissed) -> Flags:
    """Tell which cells stand in a balance edit that fails, or in edits that no figures in the blanks satisfy together.

    A finding that somebody dismissed does not count.
    """
    found = np.zeros(matrix.value.shape, dtype=np.bool_)
    for members, layout in matrix.layouts:
        for edit in matrix.form.edits(layout.printed):
            if edit.relation == "==":
                rows = matrix.rows_at(edit.cells)
                failed = members[assess(edit, matrix.value[np.ix_(rows, members)], matrix.form).failed]
                counted = [
                    (number, edit.rule, cell_list(edit.cells)) not in dismissed for number in matrix.reports[failed].tolist()
                ]
                found[np.ix_(rows, failed[np.array(counted, dtype=np.bool_)])] = True
    for one in conflicts(matrix):
        if (int(matrix.reports[one.at]), "TJ", cell_list(one.cells)) not in dismissed:
            found[matrix.rows_at(one.cells), one.at] = True
    return found


def _zeroed(figures: Floats, status: NDArray[np.int8], blank: Flags, balances: Sequence[Sequence[Integers]]) -> Floats:
    """Return figures with blanks as zero; `balances` are the rows on both sides of edits whose coefficients are one."""
    more_than_zero = np.zeros(blank.shape, dtype=np.bool_)
    value = figures
    # what the first round finds to be more than zero leaves the totals open of which it is a part
    for _ in range(2):
        value = np.where(blank, 0.0, figures)
        value[more_than_zero] = np.nan
        for left, right in balances:
            if len(right) == 1:
                printed = (status[left] != ABSENT).any(axis=0)
                total = value[right[0]]
                value[right[0]] = np.where(blank[right[0]] & printed & ~np.isnan(total), value[left].sum(axis=0), total)
        for left, right in balances:
            difference = value[left].sum(axis=0) - value[right].sum(axis=0)
            more_than_zero[left] |= blank[left] & (difference < -ONE_FEN)
            more_than_zero[right] |= blank[right] & (difference > ONE_FEN)
    value[more_than_zero] = np.nan
    return value


@dataclass(frozen=True, eq=False)
class Gathered:
    """All reports of a source, whatever their form.

    Attributes
    ----------
    reports : DataFrame
        Columns ``agency year form`` and those of the frame of reports, one row a report.
    matrices : list of ReportMatrix
        Their `reports` are rows of that frame.
    dismissed : collection
        The findings that somebody dismissed.
    deduced : list of array, shape (cells, reports)
        Which figures of each matrix are not reported but follow from the edits; none, if they were not asked for.
    """

    reports: pd.DataFrame
    matrices: list[ReportMatrix]
    dismissed: Dismissed = frozenset()
    deduced: Sequence[Flags] = ()

    def completed(self, source: Report | pd.DataFrame) -> Gathered:
        """Return the reports with the figures of `completions` in cells that have none."""
        found = completions(source)
        numbers, rows = report_numbers(self.reports, found)
        sure = found.iloc[rows].assign(number=numbers).dropna(subset="value")
        filled, deduced = [], []
        for matrix in self.matrices:
            here = sure[sure["number"].isin(matrix.reports)]
            keys = here[["table", "line", "column"]].itertuples(index=False, name=None)
            at = matrix.rows_at(keys), np.searchsorted(matrix.reports, here["number"])
            value, status, mine = matrix.value.copy(), matrix.status.copy(), np.zeros(matrix.value.shape, dtype=np.bool_)
            value[at], status[at], mine[at] = here["value"], REPORTED, True
            filled.append(replace(matrix, value=value, status=status))
            deduced.append(mine)
        return replace(self, matrices=filled, deduced=deduced)

    @cached_property
    def reported(self) -> list[Figures]:
        """The figures of each matrix as they are printed."""
        return [Figures(one.value, one.status, one.index) for one in self.matrices]

    @cached_property
    def zeroed(self) -> list[Figures]:
        """The figures of each matrix with blanks as zero."""
        return [blanks_as_zero(matrix, known) for matrix, known in zip(self.matrices, self.reported, strict=True)]

    def total(self, sums: Mapping[str, Sum], figures: Sequence[Figures]) -> tuple[Floats, NDArray[np.int8]]:
        """Add up for each report what a sum is in its form; `figures` are those of each matrix."""
        value, reason = np.full(len(self.reports), np.nan), np.full(len(self.reports), _NOT_IN_FORM, dtype=np.int8)
        for matrix, known in zip(self.matrices, figures, strict=True):
            if terms := sums.get(matrix.form.version):
                value[matrix.reports], reason[matrix.reports] = known.total(terms)
        return value, reason

    @cached_property
    def contradicted(self) -> list[Flags]:
        """The cells of each matrix that stand in a balance edit that fails."""
        return [contradicted(matrix, self.dismissed) for matrix in self.matrices]


def gathered(
    source: Report | Panel | pd.DataFrame, cells: pd.DataFrame, reports: pd.DataFrame | None, findings: pd.DataFrame | None = None
) -> Gathered:
    """Sort the cells by form, and set beside each report what the frame of reports knows of it.

    Raises
    ------
    UnusableCells
        A frame lacks a column, or the frame of reports has an agency-year twice.
    """
    # to sort columns of text that nobody asks for by form would take longer than all else
    require_columns(cells, _COLUMNS, "cells", "Report.cells")
    cells, without_cells = cells[list(_COLUMNS)], None
    if isinstance(source, Report):
        without_cells = pd.DataFrame({"agency": [source.agency], "year": pd.array([source.year], "Int64"), "form": [source.form]})
        published = pd.Series([source.published], dtype="datetime64[ns]")
        described = _described(without_cells.assign(published=published) if reports is None else reports)
    elif isinstance(source, pd.DataFrame):
        # a register may list more than the cells at hand
        described = _described(cells[["agency", "year"]].drop_duplicates() if reports is None else reports)
    else:
        findings = source.findings if findings is None else findings
        described = _described(source.reports if reports is None else reports)
        without_cells = described[list(IDENTITY)] if "form" in described.columns else None
    found, sorted_by_form = matrices(cells, without_cells)
    known = found[list(IDENTITY)].astype({"year": "Int64"})
    known = known.merge(described.drop(columns="form", errors="ignore"), on=["agency", "year"], how="left")
    return Gathered(known, sorted_by_form, _dismissed(known, findings))


def _described(reports: pd.DataFrame) -> pd.DataFrame:
    """Return the chosen ones of a frame of reports, of which each is named once."""
    require_columns(reports, ("agency", "year"), "reports", "Panel.reports")
    if "chosen" in reports.columns:
        reports = reports[reports["chosen"].fillna(False).astype(bool)]
    reports = reports.dropna(subset=["agency", "year"]).astype({"year": "Int64"})
    if (twice := reports.duplicated(["agency", "year"])).any():
        raise UnusableCells.worded("reports_twice", **reports.loc[twice, ["agency", "year"]].iloc[0])
    return reports


def _dismissed(reports: pd.DataFrame, findings: pd.DataFrame | None) -> Dismissed:
    """Return the findings that somebody dismissed."""
    if findings is None or "decision" not in findings.columns:
        return frozenset()
    mine = findings[findings["decision"].eq("dismissed").fillna(False)]
    numbers, rows = report_numbers(reports, mine)
    return frozenset(zip(numbers.tolist(), *(mine[name].iloc[rows] for name in ("rule", "cells")), strict=True))
