"""Figures about one report."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import TYPE_CHECKING

import pandas as pd

from govstats.figures.drawing import (
    BLUE,
    INK,
    QUIET,
    VERMILLION,
    bare,
    empty_figure,
    message,
    short_labels,
    write,
    write_foot,
    write_head,
    write_label,
)
from govstats.forms import Label, Table
from govstats.report import typed_frame

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from govstats.report import ReadCell, Report

_OUTCOMES = ("granted", "partly_granted", "refused", "unable", "not_processed", "other")
_NO_TABLE = ("这份文件里没有申请情况表", "no requests table in this document")
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
        return message(report, title, _NO_TABLE)
    table = report.statutory_form.table("requests")
    applicants = [column for column in table.columns if column.id != "total"]
    rows = len(applicants) + 1
    figure = empty_figure(11.5, 4.9)
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
        axes = bare(figure.add_subplot(grid[at]), rows, longest * 1.5)
        zh, en = short_labels(table.line[outcome])
        write(axes, 0, -0.5, zh, (4, 34), size=11)
        write(axes, 0, -0.5, "\n".join(wrap(en, 16)), (4, 26), size=8.5, color=QUIET, va="top")
        for row, column in enumerate(table.columns):
            if at == 0:
                write_label(axes, row, *short_labels(column))
            cells = _sum(report, table, outcome, column.id)
            total = "total" in (column.id, outcome.removeprefix("processed_"))
            _count(axes, row, _known(cells), _state(cells), bar=not total)
        axes.plot([0, longest * 1.5], [rows - 1.5] * 2, color="#dddddd", linewidth=0.8, clip_on=False)
    write_head(figure, report, title)
    notes = [("各格同一比例尺，“总计”照原表；单位：件", "one scale throughout, totals as reported; in requests")]
    if counts["value"].eq(0).fillna(False).all():
        notes.insert(0, ("本年度没有办结的申请", "no request was processed this year"))
    write_foot(figure, [*notes, *_left_out(counts)])
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
        return message(report, title, _NO_TABLE)
    counts = counts.sort_values("value", ascending=False, kind="stable", na_position="last")
    figure = empty_figure(9, 4.8)
    axes = bare(figure.add_axes((0.43, 0.13, 0.55, 0.7)), len(counts), _longest(counts) * 1.15)
    for row, reason in enumerate(counts.to_dict("records")):
        write_label(axes, row, reason["reason_zh"], reason["reason_en"])
        _count(axes, row, reason["known"], reason["status"])
    write_head(figure, report, title)
    notes = [("全部申请人；单位：件", "all applicants; in requests")]
    if counts["value"].eq(0).fillna(False).all():
        notes.insert(0, ("本年度没有不予公开的申请", "no request was refused this year"))
    write_foot(figure, [*notes, *_left_out(counts)])
    return figure


def residuals(report: Report) -> pd.DataFrame:
    """Return by how much the sums of each table miss what is printed for them.

    Parameters
    ----------
    report : Report

    Returns
    -------
    pandas.DataFrame
        One row a balance edit that binds the cells of one line or of one column: ``agency year table rule along id label_zh
        label_en difference status``. `along` is ``line`` or ``column``, `id` which of them. `difference` is what is printed less
        what the parts come to, in the form's unit, null where the edit could not be assessed; `status` as `govstats.reconcile`
        has it.

    Examples
    --------
    >>> from govstats import embedded
    >>> found = residuals(embedded.report("平潭综合实验区", 2020))
    >>> found.loc[found["difference"] != 0, ["rule", "along", "id", "difference"]].values.tolist()
    [['T3C', 'column', 'natural_person', -6.0], ['T3C', 'column', 'total', -6.0]]
    """
    from govstats.reconciliation import reconcile

    findings = reconcile(report)
    bounds = {edit.rule for edit in report.statutory_form.edits() if edit.relation == ">="}
    rows = []
    for finding in findings[(findings["cells"] != "") & ~findings["rule"].isin(bounds)].to_dict("records"):
        keys = [_key(cell) for cell in finding["cells"].split(";")]
        table = report.statutory_form.table(keys[0][0])
        lines, columns = {line for _, line, _ in keys}, {column for _, _, column in keys}
        if len(keys) < 3 or (len(lines) > 1) == (len(columns) > 1):
            continue
        along, label = ("line", table.line.get(min(lines))) if len(lines) == 1 else ("column", table.column[min(columns)])
        if label is not None:
            who = (report.agency, report.year, table.id, finding["rule"])
            rows.append((*who, along, label.id, *short_labels(label), finding["difference"], finding["status"]))
    names = ("agency", "year", "table", "rule", "along", "id", "label_zh", "label_en", "difference", "status")
    types = {name: {"year": "Int64", "difference": "Float64"}.get(name, "str") for name in names}
    return typed_frame(rows, types)


def where_edits_cross(report: Report, name: str, repairs: pd.DataFrame | None = None) -> Figure:
    """Draw a table with what its sums miss in the margins: where a failed line crosses a failed column, something is wrong.

    Parameters
    ----------
    report : Report
    name : str
        The table: ``requests`` or ``review``.
    repairs : pandas.DataFrame, optional
        What `govstats.repairs` found. Cells of the likeliest repairs have a frame and the proposed figure, those of the others a
        dotted frame.

    Returns
    -------
    matplotlib.figure.Figure
        The numbers behind it: `residuals`.

    Raises
    ------
    MissingExtra
        Matplotlib or the Chinese font is not installed.
    FormError
        The form of this report has no such table.

    Examples
    --------
    >>> from govstats import embedded
    >>> figure = where_edits_cross(embedded.report("平潭综合实验区", 2020), "requests")
    >>> sum(text.get_text() == "−6" for axes in figure.axes for text in axes.texts)
    2
    """
    table = report.statutory_form.table(name)
    cells = {(cell.line, cell.column): cell for cell in report.read_cells if cell.table == name}
    lines = [line for line in table.lines if any(line.id == printed for printed, _ in cells)]
    columns = [column for column in table.columns if any(column.id == printed for _, printed in cells)]
    missed = residuals(report)
    missed = missed[missed["table"] == name]
    beside, below = (list(dict.fromkeys(missed.loc[missed["along"] == along, "rule"])) for along in ("line", "column"))
    rows, wide = len(lines) + len(below), len(columns) + len(beside)
    height = 0.34 * rows + 2.3
    figure = empty_figure(4.2 + 0.92 * wide, height)
    axes = figure.add_axes((3.9 / (4.2 + 0.92 * wide), 0.75 / height, 0.92 * wide / (4.2 + 0.92 * wide), 0.34 * rows / height))
    axes.set(xlim=(0, wide), ylim=(rows, 0))
    axes.set_axis_off()
    _write_margins(axes, lines, columns, beside, below)
    for y, line in enumerate(lines):
        for x, column in enumerate(columns):
            cell = cells.get((line.id, column.id))
            text = "·" if cell is None else _STATES[cell.status][0] if cell.value is None else f"{cell.value:,.10g}"
            write(axes, x + 0.5, y + 0.5, text, (0, 0), size=9.5, ha="center", color=INK if cell and cell.value else QUIET)
    _write_residuals(axes, missed, [line.id for line in lines], [column.id for column in columns], beside, below)
    _frame_repairs(axes, name, [line.id for line in lines], [column.id for column in columns], repairs)
    write_head(figure, report, ("哪些行、哪些栏对不上", "Which lines and columns do not add up"))
    notes = [
        ("边上是所印总计减去各项之和，0 为相符", "in the margins: what is printed less the sum of the parts; 0 where they agree")
    ]
    if repairs is not None and (repairs["table"] == name).any():
        notes.append(
            (
                "实线框：最可能的改法及应有的数字；虚线框：其他改法",
                "framed: the likeliest repair and its figure; dotted: the others",
            )
        )
    write_foot(figure, notes)
    return figure


def _write_margins(
    axes: Axes, lines: Sequence[Label], columns: Sequence[Label], beside: Sequence[str], below: Sequence[str]
) -> None:
    """Write the labels of lines and columns, and the rules whose residuals stand in the margins."""
    rows, wide = len(lines) + len(below), len(columns) + len(beside)
    for y, line in enumerate(lines):
        zh, en = short_labels(line)
        write(axes, 0, y + 0.5, zh if len(zh) < 19 else f"{zh[:17]}…", (-6, 4.5), size=9, ha="right")
        write(axes, 0, y + 0.5, en if len(en) < 46 else f"{en[:44]}…", (-6, -6), size=6.5, color=QUIET, ha="right")
        axes.plot([0, wide], [y, y], color="#dddddd", linewidth=0.6, clip_on=False)
    for x, column in enumerate(columns):
        zh, en = short_labels(column)
        english = wrap(en, 14)
        write(axes, x + 0.5, 0, "\n".join(wrap(zh, 6)), (0, 6 + 8 * len(english)), size=8.5, ha="center", va="bottom")
        write(axes, x + 0.5, 0, "\n".join(english), (0, 4), size=6, color=QUIET, ha="center", va="bottom")
    for at, rule in enumerate(beside):
        write(axes, len(columns) + at + 0.5, 0, rule, (0, 6), size=9, ha="center")
    for at, rule in enumerate(below):
        write(axes, 0, len(lines) + at + 0.5, rule, (-6, 0), size=9, ha="right")
    axes.plot([0, wide], [len(lines)] * 2, color=QUIET, linewidth=1, clip_on=False)
    axes.plot([len(columns)] * 2, [0, rows], color=QUIET, linewidth=1, clip_on=False)


def _write_residuals(
    axes: Axes, missed: pd.DataFrame, lines: list[str], columns: list[str], beside: list[str], below: list[str]
) -> None:
    for row in missed.to_dict("records"):
        if row["id"] not in (lines if row["along"] == "line" else columns):
            continue
        if row["along"] == "line":
            y, x = lines.index(row["id"]), len(columns) + beside.index(row["rule"])
            whole = (0, y, len(columns), 1)
        else:
            y, x = len(lines) + below.index(row["rule"]), columns.index(row["id"])
            whole = (x, 0, 1, len(lines))
        failed = row["status"] == "fail"
        if failed:
            left, top, width, tall = whole
            axes.fill_between([left, left + width], top, top + tall, color=VERMILLION, alpha=0.13, linewidth=0)
        text = "?" if pd.isna(row["difference"]) else f"{row['difference']:+,.10g}".replace("-", "−") if failed else "0"
        write(
            axes, x + 0.5, y + 0.5, text, (0, 0), size=10.5 if failed else 8.5, ha="center", color=VERMILLION if failed else QUIET
        )


def _frame_repairs(axes: Axes, name: str, lines: list[str], columns: list[str], repairs: pd.DataFrame | None) -> None:
    mine = pd.DataFrame() if repairs is None else repairs[(repairs["table"] == name) & repairs["line"].isin(lines)]
    for row in sorted(mine.to_dict("records"), key=lambda row: -row["repair"]):
        x, y = columns.index(row["column"]), lines.index(row["line"])
        likeliest = row["rank"] == 1
        edges = ([x, x + 1, x + 1, x, x], [y, y, y + 1, y + 1, y])
        axes.plot(*edges, color=VERMILLION, linewidth=1.8 if likeliest else 1, linestyle="-" if likeliest else ":", clip_on=False)
        if likeliest and not pd.isna(row["proposed"]):
            write(axes, x + 1, y, f"→{row['proposed']:,.10g}", (-2, -7), size=7, ha="right", color=VERMILLION)


def _key(cell: str) -> tuple[str, str, str]:
    table, _, rest = cell.partition("/")
    # the line of an annex may hold a slash of its own
    line, _, column = rest.rpartition("/")
    return table, line, column


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
            zh, en = short_labels(label)
            record |= {kind: label.id, f"{kind}_zh": zh, f"{kind}_en": en}
        records.append(record | {"value": _value(cells), "known": _known(cells), "status": _state(cells), "cells": len(cells)})
    return pd.DataFrame(records, columns=list(types)).astype(types)


def _count(axes: Axes, row: int, known: float, status: str, *, bar: bool = True) -> None:
    """Draw a count as a bar with its figure where it ends; what is no figure is said in words."""
    if status not in ("reported", "incomplete"):
        write(axes, 0, row, " ".join(_STATES[status]), (4, 0), size=8, color=QUIET)
        return
    sure = status == "reported"
    if bar:
        look = {"color": BLUE} if sure else {"facecolor": "none", "edgecolor": BLUE, "hatch": "////", "linewidth": 1}
        axes.barh(row, known, height=0.5, **look)
    figure = f"{known:,.0f}" if sure else f"≥ {known:,.0f}"
    write(axes, known if bar else 0, row, figure, (4, 0), color=INK if known or not sure else QUIET)


def _left_out(counts: pd.DataFrame) -> list[tuple[str, str]]:
    """Say how many figures could not be drawn, and that they are not zero."""
    if (counts["status"] == "reported").all():
        return []
    states = counts["status"].value_counts().sort_index()
    zh = "、".join(f"{_STATES[str(state)][0]} {number} 项" for state, number in states.items() if state in _STATES)
    en = ", ".join(f"{number} {_STATES[str(state)][1]}" for state, number in states.items() if state in _STATES)
    return [(f"没有数字、因而未作 0 画出的：{zh}", f"without a figure and not drawn as zero: {en}")]
