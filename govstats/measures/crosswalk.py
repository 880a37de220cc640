"""The crosswalk between forms: series that can be followed over the years, and where they break."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from govstats.errors import FormError
from govstats.forms import form, versions
from govstats.forms.form import refuse_keys
from govstats.measures.formulas import (
    REASONS,
    Figures,
    Sum,
    definitions_in,
    gathered,
    in_words,
    parsed,
)
from govstats.reconciliation.findings import Integers
from govstats.report import Report, typed_frame

if TYPE_CHECKING:
    from govstats.panel import Panel

_FILE = "measures/crosswalk.toml"
_DEFINITION_TYPES = {
    "series": "str",
    "label_zh": "str",
    "label_en": "str",
    "unit": "str",
    "form": "str",
    "first_year": "Int64",
    "last_year": "Int64",
    "cells": "str",
    "formula_zh": "str",
    "formula_en": "str",
    "segment": "Int64",
    "reason_zh": "str",
    "reason_en": "str",
}


@dataclass(frozen=True)
class Series:
    """A figure that can be followed over forms.

    Attributes
    ----------
    written, sums : mapping of form version to its cells
        As the file has them, and as they are worked out.
    segments : mapping of form version to int
        Figures of forms with one number are comparable.
    reasons : mapping of form version to (zh, en)
        Why they are not comparable with those of the form before, the newest first.
    """

    id: str
    zh: str
    en: str
    unit: str
    written: Mapping[str, Sequence[str]]
    sums: Mapping[str, Sum]
    segments: Mapping[str, int]
    reasons: Mapping[str, tuple[str, str]]

    def reason(self, version: str) -> tuple[str, str]:
        """Return why figures of a form are not comparable with those before the last break."""
        return next((said for begun, said in self.reasons.items() if begun <= version), ("", ""))


@cache
def crosswalk() -> tuple[Series, ...]:
    """Load the crosswalk and hold it against the forms.

    Raises
    ------
    FormError
        It names a form, a cell or a reason that does not exist; the message says where.
    """
    raw, entries = definitions_in("crosswalk.toml", "series", tables=("reasons",))
    return tuple(_series(entry, raw["reasons"]) for entry in entries)


def _series(entry: Mapping[str, Any], reasons: Mapping[str, Mapping[str, str]]) -> Series:
    where = f"{_FILE}, series {entry.get('id', '?')!r}"
    refuse_keys(where, entry, ("id", "zh", "en", "in"), ("unit", "breaks"))
    written = {version: cells for names, cells in entry["in"].items() for version in names.split()}
    for version in written.keys() - set(versions()):
        raise FormError(
            f"{where}: is in the form {version!r}, which is not known; known: {', '.join(versions())}"
            f" 没有这个格式版本，已知：{', '.join(versions())}"
        )
    sums = {version: parsed(f"{where}, form {version}", written[version], form(version)) for version in sorted(written)}
    breaks: Mapping[str, str] = entry.get("breaks", {})
    for version, reason in breaks.items():
        if version not in sums or version == min(sums):
            raise FormError(
                f"{where}: breaks at {version!r}, before which it has no form; it is in {', '.join(sums)}"
                f" 在此之前没有格式，无从断开；该序列所在格式：{', '.join(sums)}"
            )
        if reason not in reasons:
            raise FormError(
                f"{where}: gives the reason {reason!r}, which is not among the reasons: {', '.join(reasons)}"
                f" 没有这个原因，可用：{', '.join(reasons)}"
            )
    return Series(
        entry["id"],
        entry["zh"],
        entry["en"],
        entry.get("unit", ""),
        written,
        sums,
        {version: 1 + sum(one <= version for one in breaks) for version in sums},
        {version: (reasons[reason]["zh"], reasons[reason]["en"]) for version, reason in sorted(breaks.items(), reverse=True)},
    )


def series_definitions() -> pd.DataFrame:
    """Return the crosswalk as a frame.

    Returns
    -------
    pandas.DataFrame
        One row a series and form: ``series label_zh label_en unit form first_year last_year cells formula_zh formula_en segment
        reason_zh reason_en``. Figures of one `segment` are comparable; the reason says why a form begins another. `last_year`
        is null while the form is in force.

    Examples
    --------
    >>> definitions = series_definitions().set_index(["series", "form"])
    >>> definitions.loc["documents_stock", ["formula_zh", "segment"]].values.tolist()
    [['规章·对外公开总数量＋规范性文件·对外公开总数量', 1], ['规章·现行有效件数＋行政规范性文件·现行有效件数', 2]]
    """
    rows = []
    for one in crosswalk():
        for version in one.sums:
            statutory = form(version)
            years = (statutory.first_year, statutory.last_year)
            words = (in_words(one.written[version], statutory, "zh"), in_words(one.written[version], statutory, "en"))
            cells, reason = ";".join(one.written[version]), one.reasons.get(version, ("", ""))
            rows.append((one.id, one.zh, one.en, one.unit, version, *years, cells, *words, one.segments[version], *reason))
    return typed_frame(rows, _DEFINITION_TYPES)


def series(source: Report | Panel | pd.DataFrame, names: str | Iterable[str] | None = None) -> pd.DataFrame:
    """Follow figures over the years and over the forms, with the breaks marked.

    Parameters
    ----------
    source : Report, Panel or pandas.DataFrame
        A frame has the columns of `Report.cells`, of any number of agencies and years.
    names : str or iterable of str, optional
        Which series, as `series_definitions` lists them; all by default.

    Returns
    -------
    pandas.DataFrame
        One row a report and series, agencies in the order of the source and their years in order: ``agency year form series
        value unit status segment break_before basis cells reason_zh reason_en``. `value` is null unless `status` is
        ``reported``; else it says why: ``blank`` ``not_applicable`` ``unreadable`` ``absent`` (not in the document)
        ``ambiguous`` (two names of one line) ``not_in_form``. Figures of an agency are comparable within a `segment`;
        `break_before` is true in the first report of another one, and the reason says why: draw no line into it. `basis` is
        ``cell``, ``sum``, or ``subtotal`` where a printed subtotal stands for its lines; `cells` are those that were taken.

    Raises
    ------
    FormError
        There is no such series.
    UnusableCells
        The frame lacks a column.

    Examples
    --------
    >>> import pandas as pd
    >>> from govstats import embedded
    >>> cells = pd.concat(embedded.report("平潭综合实验区", year).cells for year in (2017, 2019, 2021))
    >>> series(cells, "requests_received")[["year", "value", "segment", "break_before"]].values.tolist()
    [[2017, 0.0, 1, False], [2019, 23.0, 2, True], [2021, 70.0, 2, False]]
    """
    chosen = _chosen(names)
    cells = source if isinstance(source, pd.DataFrame) else source.cells
    everything = gathered(source, cells, None)
    shape = (len(everything.reports), len(chosen))
    value, reason = np.full(shape, np.nan), np.zeros(shape, dtype=np.int8)
    segment, text, said = (np.zeros(shape, dtype=np.intp) for _ in range(3))
    texts, reasons = [("", "")], [("", "")]
    for at, one in enumerate(chosen):
        reason[:, at] = everything.reason_without_cells(one.sums)
        for version in one.sums:
            members = everything.on_form[version]
            segment[members, at], said[members, at] = one.segments[version], len(reasons)
            reasons.append(one.reason(version))
        for matrix, figures in zip(everything.matrices, everything.reported, strict=True):
            if terms := one.sums.get(matrix.form.version):
                value[matrix.reports, at], reason[matrix.reports, at] = figures.total(terms)
                text[matrix.reports, at] = len(texts) + _taken(figures, terms, texts)
    order, ends = _by_agency_and_year(everything.reports)
    segment, reports = segment[order], everything.reports.iloc[order]
    breaks = _breaks(segment, ends)
    flat = text[order].ravel()
    why = np.where(breaks, said[order], 0).ravel()
    number = np.repeat(np.arange(shape[0]), shape[1])
    names_of = [one.id for one in chosen]
    figures_of = value[order].ravel()
    return pd.DataFrame(
        {
            **{name: reports[name].array.take(number) for name in ("agency", "year", "form")},
            "series": _repeated(names_of, shape[0]),
            "value": _nullable(figures_of),
            "unit": _repeated([one.unit for one in chosen], shape[0]),
            "status": pd.array(REASONS, dtype="str").take(reason[order].ravel()),
            "segment": pd.arrays.IntegerArray(segment.ravel().astype(np.int64), segment.ravel() == 0),
            "break_before": breaks.ravel(),
            "basis": pd.array([basis for basis, _ in texts], dtype="str").take(flat),
            "cells": pd.array([taken for _, taken in texts], dtype="str").take(flat),
            "reason_zh": pd.array([zh for zh, _ in reasons], dtype="str").take(why),
            "reason_en": pd.array([en for _, en in reasons], dtype="str").take(why),
        }
    )


def _chosen(names: str | Iterable[str] | None) -> list[Series]:
    known = {one.id: one for one in crosswalk()}
    if names is None:
        return list(known.values())
    wanted = [names] if isinstance(names, str) else list(names)
    for name in wanted:
        if name not in known:
            nearest = ", ".join(get_close_matches(name, known, cutoff=0.3)) or ", ".join(known)
            raise FormError(
                f"there is no series {name!r}; the nearest: {nearest}; series_definitions() lists them all"
                f" 没有这个序列，最接近的：{nearest}；全部见 series_definitions()"
            )
    return [known[name] for name in wanted]


def _taken(figures: Figures, terms: Sum, texts: list[tuple[str, str]]) -> Integers:
    """Return which cells each report takes, as numbers counted from the end of `texts`, to which they are added."""
    number = np.zeros(figures.value.shape[1], dtype=np.intp)
    wordings: list[tuple[tuple[str, ...], bool]] = [((), False)]
    for term in terms:
        taken, _ = figures.option(term)
        number = number * len(term.options) + taken
        sign = "-" if term.sign < 0 else ""
        wordings = [
            ((*before, *(sign + "/".join(cell) for cell in option)), instead or (place > 0 and not term.exclusive))
            for before, instead in wordings
            for place, option in enumerate(term.options)
        ]
    texts += [("subtotal" if instead else "sum" if len(cells) > 1 else "cell", ";".join(cells)) for cells, instead in wordings]
    return number


def _by_agency_and_year(reports: pd.DataFrame) -> tuple[Integers, Integers]:
    """Return the order of the reports, and for each in that order where its agency begins."""
    agency = pd.factorize(reports["agency"], use_na_sentinel=False)[0]
    order = np.lexsort((reports["year"].to_numpy(dtype=float, na_value=np.inf), agency))
    first = np.ones(len(order), dtype=np.bool_)
    first[1:] = agency[order][1:] != agency[order][:-1]
    return order, np.maximum.accumulate(np.where(first, np.arange(len(order)), 0))


def _breaks(segment: Integers, begin: Integers) -> NDArray[np.bool_]:
    """Tell where a report is of another segment than the last one of its agency that has the series (0: it has not)."""
    places = np.arange(len(segment))[:, None]
    last = np.maximum.accumulate(np.where(segment > 0, places, -1), axis=0)
    before = np.full_like(last, -1)
    before[1:] = last[:-1]
    same_agency = before >= begin[:, None]
    # where nothing is before, the report is compared with itself
    earlier = np.take_along_axis(segment, np.where(same_agency, before, places), axis=0)
    return np.asarray((segment > 0) & (earlier != segment))


def _repeated(names: Sequence[str], times: int) -> Any:
    return pd.array(names, dtype="str").take(np.tile(np.arange(len(names)), times))


def _nullable(values: Any) -> pd.arrays.FloatingArray:
    missing = np.isnan(values)
    return pd.arrays.FloatingArray(np.where(missing, 0.0, values), missing)
