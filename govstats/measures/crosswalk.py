"""The crosswalk between forms: series that can be followed over the years, and where they break."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from govstats.errors import FormError
from govstats.files import refuse_keys, refuse_unknown
from govstats.forms import form, versions
from govstats.measures import formulas
from govstats.panel import Panel
from govstats.report import Report, column_types, typed_frame

_FILE = "measures/crosswalk.toml"
_DEFINITION_TYPES = column_types(
    "series label_zh label_en unit form first_year:Int64 last_year:Int64 cells formula_zh formula_en segment:Int64 "
    "reason_zh reason_en"
)
_SERIES_TYPES = column_types(
    "agency year:Int64 form series value:Float64 unit status segment:Int64 break_before:bool basis cells reason_zh reason_en"
)


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
        Why they are not comparable with those of the form before.
    """

    id: str
    zh: str
    en: str
    unit: str
    written: Mapping[str, Sequence[str]]
    sums: Mapping[str, formulas.Sum]
    segments: Mapping[str, int]
    reasons: Mapping[str, tuple[str, str]]


@cache
def crosswalk() -> tuple[Series, ...]:
    """Load the crosswalk and hold it against the forms.

    Raises
    ------
    FormError
        It names a form, a cell or a reason that does not exist; the message says where.
    """
    raw, entries = formulas.definitions_in("crosswalk.toml", "series", tables=("reasons",))
    return tuple(_series(entry, raw["reasons"]) for entry in entries)


def _series(entry: Mapping[str, Any], reasons: Mapping[str, Mapping[str, str]]) -> Series:
    where = f"{_FILE}, series {entry.get('id', '?')!r}"
    refuse_keys(where, entry, ("id", "zh", "en", "in"), ("unit", "breaks"))
    written = {version: cells for names, cells in entry["in"].items() for version in names.split()}
    refuse_unknown(where, "is in the form", written, versions())
    sums = {version: formulas.parsed(f"{where}, form {version}", written[version], form(version)) for version in sorted(written)}
    breaks: Mapping[str, str] = entry.get("breaks", {})
    for version in breaks:
        if version not in sums or version == min(sums):
            raise FormError.worded("break_before_first", where=where, version=version, known=", ".join(sums))
    refuse_unknown(where, "gives the reason", breaks.values(), reasons)
    return Series(
        entry["id"],
        entry["zh"],
        entry["en"],
        entry.get("unit", ""),
        written,
        sums,
        {version: 1 + sum(one <= version for one in breaks) for version in sums},
        {version: (reasons[reason]["zh"], reasons[reason]["en"]) for version, reason in breaks.items()},
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
            words = (
                formulas.in_words(one.written[version], statutory, "zh"),
                formulas.in_words(one.written[version], statutory, "en"),
            )
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
    wanted = formulas.chosen("series", names, {one.id: one for one in crosswalk()}, "series_definitions()")
    everything = formulas.gathered(source, source if isinstance(source, pd.DataFrame) else source.cells, None)
    reports = everything.reports[["agency", "year", "form"]]
    order = reports.assign(order=pd.factorize(reports["agency"], use_na_sentinel=False)[0]).sort_values(["order", "year"])
    known = series_definitions()
    # a reason holds until the next break
    for name in ("reason_zh", "reason_en"):
        known[name] = known[name].replace("", None).groupby(known["series"]).ffill()
    followed = [_followed(one, everything).loc[order.index].assign(order=order["order"]) for one in wanted]
    frame = pd.concat(followed).merge(known.drop(columns=["unit", "cells"]), on=["series", "form"], how="left")
    segments = frame.groupby(["series", "order"])["segment"]
    before = segments.ffill().groupby([frame["series"], frame["order"]]).shift()
    frame["break_before"] = (frame["segment"] != before).fillna(False).astype(bool)
    frame.loc[~frame["break_before"], ["reason_zh", "reason_en"]] = ""
    # all series of a report together
    places = np.arange(len(frame)).reshape(len(wanted), len(order)).T.ravel()
    return frame.iloc[places].astype(_SERIES_TYPES)[list(_SERIES_TYPES)].reset_index(drop=True)


def _followed(one: Series, everything: formulas.Gathered) -> pd.DataFrame:
    """Return what a series is in each report."""
    value, reason = everything.total(one.sums, everything.reported)
    taken = np.full((len(value), 2), "", dtype=object)
    for matrix, figures in zip(everything.matrices, everything.reported, strict=True):
        if terms := one.sums.get(matrix.form.version):
            taken[matrix.reports] = _taken(figures, terms)
    told = {"value": value, "status": np.array(formulas.REASONS)[reason], "basis": taken[:, 0], "cells": taken[:, 1]}
    return everything.reports[["agency", "year", "form"]].assign(series=one.id, unit=one.unit, **told)


def _taken(figures: formulas.Figures, terms: formulas.Sum) -> NDArray[np.object_]:
    """Return for each report its basis and the cells that it takes."""
    options = np.array([figures.option(term)[0] for term in terms])
    ways, number = np.unique(options, axis=1, return_inverse=True)
    wordings = np.array([_way(terms, way) for way in ways.T.tolist()], dtype=object)
    return wordings[number.ravel()]


def _way(terms: formulas.Sum, way: Sequence[int]) -> tuple[str, str]:
    cells: list[str] = []
    basis = "sum"
    for term, place in zip(terms, way, strict=True):
        sign = "-" if term.sign < 0 else ""
        cells += [sign + "/".join(cell) for cell in term.options[place]]
        if place and not term.exclusive:
            basis = "subtotal"
    return "cell" if basis == "sum" and len(cells) == 1 else basis, ";".join(cells)
