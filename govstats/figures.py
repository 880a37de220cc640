"""Figures about one report, in Chinese and English, each with a function that gives the numbers behind it.

What the document leaves blank, leaves out or prints unreadably is said in the figure and never drawn as zero.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import pandas as pd

from govstats.errors import MissingExtra
from govstats.forms import Label, Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.font_manager import FontProperties

    from govstats.report import ReadCell, Report

#: From Okabe and Ito's palette, which colour-blind readers can tell apart; one hue, so that only length speaks.
_BAR = "#0072b2"
_INK, _QUIET = "#222222", "#767676"

_OUTCOMES = ("granted", "partly_granted", "refused", "unable", "not_processed", "other")
_STATES = {
    "blank": ("空白", "blank"),
    "not_applicable": ("不适用", "n/a"),
    "unreadable": ("无法判读", "unreadable"),
    "missing": ("缺", "missing"),
    "incomplete": ("不全（≥）", "incomplete (≥)"),
}


def outcomes_by_applicant(report: Report) -> pd.DataFrame:
    """Count the requests that were processed, by kind of applicant and outcome.

    Parameters
    ----------
    report : Report

    Returns
    -------
    pandas.DataFrame
        One row an applicant and outcome, in the order of the form: ``agency year applicant applicant_zh applicant_en outcome
        outcome_zh outcome_en value known status cells``. `outcome` is one of ``granted partly_granted refused unable
        not_processed other``; `cells` counts the cells of table three that it sums up. `value` (requests) is their sum, null
        unless all of them have a figure; `known` is the sum of those that have one. `status` is ``reported`` where all have a
        figure, ``incomplete`` where some have, else ``blank``, ``not_applicable``, ``unreadable`` or ``missing``. Empty where the
        report has no such table.

    Examples
    --------
    >>> from govstats.report import ReadCell, Report
    >>> cell = ReadCell("requests", "granted", "natural_person", 3.0, "3", "reported", "件", None, "line 9", "text")
    >>> report = Report("某市人民政府", 2023, "2021", None, "example.txt", "text", "", read_cells=[cell])
    >>> outcomes_by_applicant(report)[["applicant_zh", "outcome_zh", "value"]].head(1)
      applicant_zh outcome_zh  value
    0          自然人       予以公开    3.0
    """
    table = _requests(report)
    return _counts(
        report,
        [
            ({"applicant": column, "outcome": table.line[outcome]}, _sum(report, table, outcome, column.id))
            for column in table.columns
            if column.id != "total"
            for outcome in _OUTCOMES
        ]
        if table
        else [],
        ("applicant", "outcome"),
    )


def refusal_reasons(report: Report) -> pd.DataFrame:
    """Count the refused requests by reason.

    Parameters
    ----------
    report : Report

    Returns
    -------
    pandas.DataFrame
        One row a reason, in the order of the form: ``agency year reason reason_zh reason_en value known status cells``, where
        `value` counts requests of all applicants; the rest is as in `outcomes_by_applicant`. Empty where the report has no such
        table.

    Examples
    --------
    >>> from govstats.report import ReadCell, Report
    >>> cell = ReadCell("requests", "refused.state_secret", "total", 2.0, "2", "reported", "件", None, "line 9", "text")
    >>> report = Report("某市人民政府", 2023, "2021", None, "example.txt", "text", "", read_cells=[cell])
    >>> refusal_reasons(report)[["reason_zh", "value", "status"]].head(2)
           reason_zh  value    status
    0         属于国家秘密    2.0  reported
    1  其他法律行政法规禁止公开   <NA>   missing
    """
    table = _requests(report)
    return _counts(
        report,
        [({"reason": table.line[reason]}, _sum(report, table, reason, "total")) for reason in table.parts("refused")]
        if table
        else [],
        ("reason",),
    )


def requests_by_applicant_and_outcome(report: Report) -> Figure:
    """Draw how the requests of each kind of applicant ended.

    Parameters
    ----------
    report : Report

    Returns
    -------
    matplotlib.figure.Figure
        A bar for each applicant and outcome, all on one scale, with its count beside it. A small figure that says so where
        the report has no table of requests. The numbers behind it: `outcomes_by_applicant`.

    Raises
    ------
    MissingExtra
        Matplotlib or the Chinese font is not installed.

    Examples
    --------
    >>> from govstats.report import Report
    >>> report = Report("某市人民政府", 2012, "2008", None, "example.txt", "text", "")
    >>> requests_by_applicant_and_outcome(report).texts[-1].get_text()
    '这份文件里没有申请情况表  no requests table in this document'
    """
    counts = outcomes_by_applicant(report)
    title = ("各类申请人的申请如何办结", "How requests ended, by applicant and outcome")
    if counts.empty:
        return _message(report, title)
    table = report.statutory_form.table("requests")
    applicants = [column for column in table.columns if column.id != "total"]
    rows = len(applicants) + 1
    figure = _figure(11.5, 4.9)
    grid = figure.add_gridspec(
        1,
        len(_OUTCOMES) + 1,
        left=0.205,
        right=0.995,
        top=0.72,
        bottom=0.14,
        wspace=0.08,
        width_ratios=[*[1] * len(_OUTCOMES), 0.7],
    )
    longest = _longest(counts)
    for at, outcome in enumerate([*_OUTCOMES, "processed_total"]):
        axes = _bare(figure.add_subplot(grid[at]), rows, longest * 1.5)
        zh, en = _names(table.line[outcome])
        _write(axes, 0, -0.5, zh, (4, 34), size=11)
        _write(axes, 0, -0.5, "\n".join(wrap(en, 16)), (4, 26), size=8.5, color=_QUIET, va="top")
        for row, column in enumerate(table.columns):
            if at == 0:
                _label(axes, row, *_names(column))
            cells = _sum(report, table, outcome, column.id)
            total = "total" in (column.id, outcome.removeprefix("processed_"))
            _count(axes, row, _known(cells), _state(cells), bar=not total)
        axes.plot([0, longest * 1.5], [rows - 1.5] * 2, color="#dddddd", linewidth=0.8, clip_on=False)
    _head(figure, report, title)
    notes = [("各格同一比例尺，“总计”照原表；单位：件", "one scale throughout, totals as reported; in requests")]
    if counts["value"].eq(0).fillna(False).all():
        notes.insert(0, ("本年度没有办结的申请", "no request was processed this year"))
    _foot(figure, [*notes, *_left_out(counts)])
    return figure


def reasons_for_refusal(report: Report) -> Figure:
    """Draw why requests were refused, the most frequent reason first.

    Parameters
    ----------
    report : Report

    Returns
    -------
    matplotlib.figure.Figure
        A bar for each reason that the form knows, with its count beside it; a small figure that says so where the report has no
        table of requests. The numbers behind it: `refusal_reasons`.

    Raises
    ------
    MissingExtra
        Matplotlib or the Chinese font is not installed.

    Examples
    --------
    >>> from govstats.report import Report
    >>> report = Report("某市人民政府", 2012, "2008", None, "example.txt", "text", "")
    >>> reasons_for_refusal(report).texts[-1].get_text()
    '这份文件里没有申请情况表  no requests table in this document'
    """
    counts = refusal_reasons(report)
    title = ("不予公开的理由", "Why information was refused")
    if counts.empty:
        return _message(report, title)
    counts = counts.sort_values("value", ascending=False, kind="stable", na_position="last")
    figure = _figure(9, 4.8)
    axes = _bare(figure.add_axes((0.43, 0.13, 0.55, 0.7)), len(counts), _longest(counts) * 1.15)
    for row, reason in enumerate(counts.to_dict("records")):
        _label(axes, row, reason["reason_zh"], reason["reason_en"])
        _count(axes, row, reason["known"], reason["status"])
    _head(figure, report, title)
    notes = [("全部申请人；单位：件", "all applicants; in requests")]
    if counts["value"].eq(0).fillna(False).all():
        notes.insert(0, ("本年度没有不予公开的申请", "no request was refused this year"))
    _foot(figure, [*notes, *_left_out(counts)])
    return figure


def _requests(report: Report) -> Table | None:
    """Return the table of requests, null where the document does not have it."""
    if any(cell.table == "requests" for cell in report.read_cells):
        return report.statutory_form.table("requests")
    return None


def _sum(report: Report, table: Table, line: str, column: str) -> list[ReadCell | None]:
    """Return the cells that make up a line; a subtotal stands for its parts only where they are not printed."""
    cells = {(cell.line, cell.column): cell for cell in report.read_cells if cell.table == table.id}
    parts = [cells.get((part, column)) for part in (table.parts(line) if table.line[line].subtotal else ())]
    return parts if any(parts) else [cells.get((line, column))]


def _state(cells: Sequence[ReadCell | None]) -> str:
    states = {cell.status if cell else "missing" for cell in cells}
    return states.pop() if len(states) == 1 else "incomplete" if "reported" in states else sorted(states)[0]


def _value(cells: Sequence[ReadCell | None]) -> float | None:
    values = [cell.value for cell in cells if cell and cell.value is not None]
    return sum(values) if len(values) == len(cells) else None


def _known(cells: Sequence[ReadCell | None]) -> float:
    return sum(cell.value for cell in cells if cell and cell.value is not None)


def _longest(counts: pd.DataFrame) -> float:
    """Return the length that the scale must hold; a report of zeros gets a scale too."""
    return max(float(counts["known"].max()), 1.0)


def _counts(
    report: Report, rows: Sequence[tuple[dict[str, Label], Sequence[ReadCell | None]]], labels: Sequence[str]
) -> pd.DataFrame:
    types = {"agency": "str", "year": "Int64"}
    for name in labels:
        types |= {name: "str", f"{name}_zh": "str", f"{name}_en": "str"}
    types |= {"value": "Float64", "known": "Float64", "status": "str", "cells": "Int64"}
    records = []
    for named, cells in rows:
        record: dict[str, object] = {"agency": report.agency, "year": report.year}
        for kind, label in named.items():
            zh, en = _names(label)
            record |= {kind: label.id, f"{kind}_zh": zh, f"{kind}_en": en}
        records.append(record | {"value": _value(cells), "known": _known(cells), "status": _state(cells), "cells": len(cells)})
    return pd.DataFrame(records, columns=list(types)).astype(types)


def _names(label: Label) -> tuple[str, str]:
    """Return the labels without the form's numbering and its remarks in brackets."""
    zh = re.sub(r"^(?:（.）|\d+\.)\s*", "", label.zh)
    en = re.sub(r"^(?:\(\d\)|\d+\.)\s*", "", label.en)
    return re.sub(r"（.*", "", zh), re.sub(r" \(.*", "", en)


@cache
def _font(size: float) -> FontProperties:
    """Return the Chinese font by its file: nothing is registered with matplotlib, and other figures stay as they are."""
    try:
        from matplotlib.font_manager import FontProperties
        from pylopdf_fonts_zh_cn import sans_path
    except ImportError as error:
        raise MissingExtra(
            f"figures need matplotlib and a Chinese font, and {error.name or 'one of them'} is not installed; "
            'run: pip install "govstats[notebooks]" '
            '绘图需要 matplotlib 与中文字体，尚未安装；请运行 pip install "govstats[notebooks]"'
        ) from error
    return FontProperties(fname=str(sans_path()), size=size)


def _figure(width: float, height: float) -> Figure:
    """Return an empty figure that a notebook shows by itself, without pyplot and the windows it may open."""
    _font(10)
    from io import BytesIO

    from matplotlib.figure import Figure

    class ReportFigure(Figure):
        def _repr_png_(self) -> bytes:
            picture = BytesIO()
            self.savefig(picture, format="png")
            return picture.getvalue()

    return ReportFigure(figsize=(width, height), dpi=110, facecolor="white")


def _bare(axes: Axes, rows: int, width: float) -> Axes:
    axes.set(xlim=(0, width), ylim=(rows - 0.5, -0.5))
    axes.set_axis_off()
    axes.plot([0, 0], [-0.5, rows - 0.5], color="#bbbbbb", linewidth=0.8, clip_on=False)
    return axes


def _style(size: float, color: str) -> dict[str, Any]:
    return {"fontproperties": _font(size), "color": color, "parse_math": False}


def _write(
    axes: Axes, x: float, y: float, text: str, shift: tuple[float, float], *, size: float = 10, color: str = _INK, **place: Any
) -> None:
    """Write at a place in the data, shifted by points."""
    place = {"ha": "left", "va": "center", **place}
    axes.annotate(text, (x, y), shift, textcoords="offset points", annotation_clip=False, **place, **_style(size, color))


def _label(axes: Axes, row: int, zh: str, en: str) -> None:
    _write(axes, 0, row, zh, (-9, 6.5), size=10.5, ha="right")
    _write(axes, 0, row, en, (-9, -6.5), size=8, color=_QUIET, ha="right")


def _count(axes: Axes, row: int, known: float, status: str, *, bar: bool = True) -> None:
    """Draw a count as a bar with its figure where it ends; what is no figure is said in words."""
    if status not in ("reported", "incomplete"):
        _write(axes, 0, row, " ".join(_STATES[status]), (4, 0), size=8, color=_QUIET)
        return
    sure = status == "reported"
    if bar:
        look = {"color": _BAR} if sure else {"facecolor": "none", "edgecolor": _BAR, "hatch": "////", "linewidth": 1}
        axes.barh(row, known, height=0.5, **look)
    figure = f"{known:,.0f}" if sure else f"≥ {known:,.0f}"
    _write(axes, known if bar else 0, row, figure, (4, 0), color=_INK if known or not sure else _QUIET)


def _head(figure: Figure, report: Report, title: tuple[str, str]) -> None:
    """Write title and subtitle from the top left corner, at the same distance in figures of any height."""
    inch = 1 / figure.get_figheight()
    left = 0.2 / figure.get_figwidth()
    who = " · ".join(str(part) for part in (report.agency, report.year) if part is not None)
    figure.text(left, 1 - 0.2 * inch, f"{title[0]}  {title[1]}", va="top", **_style(13, _INK))
    figure.text(left, 1 - 0.5 * inch, who, va="top", **_style(10, _QUIET))


def _foot(figure: Figure, notes: Sequence[tuple[str, str]]) -> None:
    text = "\n".join(f"{zh}  {en}" for zh, en in notes)
    figure.text(
        0.2 / figure.get_figwidth(), 0.15 / figure.get_figheight(), text, va="bottom", linespacing=1.5, **_style(8.5, _QUIET)
    )


def _left_out(counts: pd.DataFrame) -> list[tuple[str, str]]:
    """Say how many figures could not be drawn, and that they are not zero."""
    if (counts["status"] == "reported").all():
        return []
    states = counts["status"].value_counts().sort_index()
    zh = "、".join(f"{_STATES[str(state)][0]} {number} 项" for state, number in states.items() if state in _STATES)
    en = ", ".join(f"{number} {_STATES[str(state)][1]}" for state, number in states.items() if state in _STATES)
    return [(f"没有数字、因而未作 0 画出的：{zh}", f"without a figure and not drawn as zero: {en}")]


def _message(report: Report, title: tuple[str, str]) -> Figure:
    figure = _figure(7, 1.2)
    _head(figure, report, title)
    _foot(figure, [("这份文件里没有申请情况表", "no requests table in this document")])
    return figure
