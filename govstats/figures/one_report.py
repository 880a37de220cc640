"""Figures about one report."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, pairwise, product
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from govstats.errors import require_columns
from govstats.figures import drawing
from govstats.figures.drawing import BLUE, FAINT, HATCHED, INK, QUIET, SKY, VERMILLION, Language, Sheet, Width, Words, words
from govstats.forms import Table, cell_key
from govstats.reconciliation import reconcile
from govstats.report import ReadCell, Report, column_types, typed_frame

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_OUTCOMES = ("granted", "partly_granted", "refused", "unable", "not_processed", "other")
_RECEIVED = ("carried_in", "new")
#: What the alternative text of the flows tells, and which lines it sums up.
_STAGES = {"all": _RECEIVED, "processed": _OUTCOMES} | {line: (line,) for line in ("carried_in", "new", "granted", "carried_out")}
_SHADE: dict[str, Any] = {"facecolor": VERMILLION, "alpha": 0.13, "linewidth": 0}
#: What stands in a table: its column and line, what it is, its colour, and how many lines above the middle.
_Text = tuple[str, str, str, str, float]
#: What stands for a cell that the document does not have.
_MISSING = ReadCell("", "", "", None, "", "missing", "", None, "", "")
#: Where a cell has no room for words.
_SIGNS = {"blank": "□", "not_applicable": "/", "unreadable": "?"}


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
    return _counts(
        report,
        ("applicant", "outcome"),
        lambda table: product([column.id for column in table.columns if column.id != "total"], _OUTCOMES),
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
    return _counts(report, ("reason",), lambda table: product(["total"], table.parts("refused")))


def request_flows(report: Report) -> pd.DataFrame:
    """Count where the requests of a year come from and what becomes of them.

    Parameters
    ----------
    report : Report

    Returns
    -------
    pandas.DataFrame
        One row a source or destination: ``agency year line line_zh line_en value known status cells``. `line` is ``carried_in``
        or ``new``, then one of the outcomes, then ``carried_out``; the rest is as in `outcomes_by_applicant`, for all applicants.

    Examples
    --------
    >>> from govstats import embedded
    >>> request_flows(embedded.report("平潭综合实验区", 2020))[["line", "value"]].values.tolist()[:3]
    [['carried_in', 0.0], ['new', 21.0], ['granted', 7.0]]
    """
    lines = (*_RECEIVED, *_OUTCOMES, "carried_out")
    return _counts(report, ("line",), lambda _: product(["total"], lines))


def flows(report: Report, *, language: Language = "both", width: Width = "page") -> Figure:
    """Draw where the requests of a year come from and what becomes of them.

    Parameters
    ----------
    report : Report
    language, width
        As for all of `govstats.figures`.

    Returns
    -------
    matplotlib.figure.Figure
        Bands on one scale from what was carried in and received, to each outcome and what is carried over, with the counts; a
        figure that says so where the report has no table of requests. The numbers behind it: `request_flows`.

    Raises
    ------
    MissingExtra
        Matplotlib or the Chinese font is not installed.

    Examples
    --------
    >>> from govstats import embedded
    >>> print(flows(embedded.report("平潭综合实验区", 2025), language="en").alt)
    Requests to handle: 154 (carried in: 0, new: 154); processed: 148, granted in full: 33; carried over: 6.
    """
    sheet, counts = Sheet("flows", language, width), request_flows(report)
    if counts.empty:
        return sheet.nothing(report, words("common.no_table"))
    coming = counts["line"].isin(_RECEIVED)
    received, ended = float(counts.loc[coming, "known"].sum()), float(counts.loc[~coming, "known"].sum())
    notes = [sheet.words("unit"), *_left_out(counts)]
    finding = sheet.words("finding", **{name: _told(counts[counts["line"].isin(lines)]) for name, lines in _STAGES.items()})
    if counts["value"].notna().all() and received != ended:
        notes.append(sheet.words("unequal", came=f"{received:,.0f}", went=f"{ended:,.0f}"))
        finding = f"{finding[0]}{notes[-1][0]}", f"{finding[1]} {notes[-1][1]}"
    labels = [sheet.label(said, 0.28 * sheet.wide) for said in zip(counts["line_zh"], counts["line_en"], strict=True)]
    figures = [sheet.say(_written(known, status)) for known, status in zip(counts["known"], counts["status"], strict=True)]
    counts = counts.assign(label=labels, figure=figures)
    counts["thick"] = counts["known"].astype(float) * 0.3 * sheet.wide / max(received, ended, 1.0)
    # a thin band has as much room as its label takes
    counts["room"] = np.fmax(counts["thick"], [sheet.pitch([label], 3) for label in labels]) + 0.04
    tall = counts["room"].groupby(coming).sum().max()
    middle = counts["thick"].groupby(coming).sum().max() / 2
    axes = sheet.axes(tall=tall)[0, 0]
    axes.set(xlim=(-1, 1), ylim=(tall / 2, -tall / 2))
    axes.fill_between([-0.02, 0.02], -middle, middle, color=INK, linewidth=0)
    beside = 72 * sheet.widest(figures, sheet.body) + 8
    for way, side in ((-1, counts[coming]), (1, counts[~coming])):
        places = side["room"].cumsum() - (side["room"] + side["room"].sum()) / 2
        inner = side["thick"].cumsum() - side["thick"] / 2 - middle
        for row, y, inside in zip(side.to_dict("records"), places, inner, strict=True):
            _draw_band(axes, row, way, y, inside)
            outward: dict[str, Any] = {"ha": "left" if way > 0 else "right"}
            drawing.write(axes, way, y, row["figure"], (4 * way, 0), size=sheet.body, **outward)
            drawing.write(axes, way, y, row["label"], (beside * way, 0), size=sheet.label_size, **outward)
    return sheet.close(report, finding=finding, notes=notes)


def _draw_band(axes: Axes, row: Mapping[Any, Any], way: int, outside: float, inside: float) -> None:
    """Draw a band from the middle to one side."""
    color = {"granted": BLUE, "partly_granted": SKY, "refused": VERMILLION, "new": BLUE}.get(row["line"], "#8a8a8a")
    steps = np.linspace(0, 1, 21)
    band = inside + (outside - inside) * steps**2 * (3 - 2 * steps)
    half = row["thick"] / 2
    axes.fill_between(way * (0.03 + 0.9 * steps), band - half, band + half, color=color, alpha=0.35, linewidth=0)
    axes.fill_between([0.93 * way, way], outside - half, outside + half, color=color, linewidth=0)


def requests_by_applicant_and_outcome(report: Report, *, language: Language = "both", width: Width = "page") -> Figure:
    """Draw how the requests of each kind of applicant ended.

    Parameters
    ----------
    report : Report
    language, width
        As for all of `govstats.figures`.

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
    >>> requests_by_applicant_and_outcome(report, language="en").alt
    'no requests table in this document'
    """
    sheet = Sheet("outcomes", language, width)
    counts = outcomes_by_applicant(report)
    if counts.empty:
        return sheet.nothing(report, words("common.no_table"))
    table = report.statutory_form.table("requests")
    shown = [*_OUTCOMES, "processed_total"]
    labels = [sheet.label(drawing.short_labels(column), 0.27 * sheet.wide) for column in table.columns]
    bands = math.ceil(len(shown) * 0.073 * sheet.body / (0.8 * sheet.wide))
    beside = math.ceil(len(shown) / bands)
    notes = [sheet.words("scale"), *_left_out(counts)]
    if counts["value"].eq(0).fillna(False).all():
        notes.insert(0, sheet.words("none"))
    grid = sheet.axes(bands, beside, tall=sheet.pitch(labels) * len(labels), used=len(shown), sharex=True, sharey=True)
    for axes, outcome in zip(grid.flat, shown, strict=False):
        sheet.bars(axes, labels, max(float(counts["known"].max()), 1.0))
        sheet.title(axes, sheet.label(drawing.short_labels(table.line[outcome]), 0.7 * sheet.wide / beside))
        for row, column in enumerate(table.columns):
            total = "total" in (column.id, outcome.removeprefix("processed_"))
            _, known, status, _ = _count(report, outcome, column.id)
            _draw_count(sheet, axes, row, known, status, bar=not total)
        axes.axhline(len(labels) - 1.5, color=FAINT, linewidth=0.8)
    return sheet.close(report, finding=_ended(sheet, counts), notes=notes)


def _ended(sheet: Sheet, counts: pd.DataFrame) -> Words:
    """Say how most requests ended, and who made most of them."""
    if not counts["known"].sum():
        return sheet.words("finding_of_none", all=_told(counts))
    outcome, ended = _most(counts, "outcome")
    applicant, made = _most(counts, "applicant")
    return sheet.words("finding", all=_told(counts), outcome=outcome, ended=ended, applicant=applicant, made=made)


def _told(counts: pd.DataFrame) -> Words:
    """Say how many requests there are in all: at least so many where some figures are not known."""
    known, number = counts["value"].notna().all(), counts["known"].sum()
    if not known and not number:
        return words("common.unknown")
    return words("common.in_all" if known else "common.at_least", number=f"{number:,.0f}")


def _most(counts: pd.DataFrame, kind: str) -> tuple[Words, str]:
    """Return the most frequent of a kind, all of them where several are, and how often it is."""
    sums = counts.groupby([f"{kind}_zh", f"{kind}_en"], sort=False)["known"].sum()
    most = sums.index[sums == sums.max()]
    return drawing.listed(most), f"{sums.max():,.0f}"


def reasons_for_refusal(report: Report, *, language: Language = "both", width: Width = "page") -> Figure:
    """Draw why requests were refused, the most frequent reason first.

    Parameters
    ----------
    report : Report
    language, width
        As for all of `govstats.figures`.

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
    >>> reasons_for_refusal(report, language="en").alt
    'no requests table in this document'
    """
    sheet = Sheet("reasons_for_refusal", language, width)
    counts = refusal_reasons(report)
    if counts.empty:
        return sheet.nothing(report, words("common.no_table"))
    counts = counts.sort_values("value", ascending=False, kind="stable", na_position="last")
    labels = [sheet.label(said, 0.46 * sheet.wide) for said in zip(counts["reason_zh"], counts["reason_en"], strict=True)]
    notes = [sheet.words("unit"), *_left_out(counts)]
    finding = sheet.words("unreadable")
    if counts["value"].eq(0).fillna(False).all():
        finding = sheet.words("none")
        notes.insert(0, finding)
    elif counts["known"].sum():
        reason, most = _most(counts, "reason")
        finding = sheet.words("finding", all=_told(counts), reason=reason, most=most)
    axes = sheet.axes(tall=len(counts) * sheet.pitch(labels))[0, 0]
    sheet.bars(axes, labels, max(float(counts["known"].max()), 1.0))
    for row, (known, status) in enumerate(zip(counts["known"], counts["status"], strict=True)):
        _draw_count(sheet, axes, row, known, status)
    return sheet.close(report, finding=finding, notes=notes)


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
    findings = reconcile(report)
    bounds = {edit.rule for edit in report.statutory_form.edits() if edit.relation == ">="}
    rows = []
    for finding in findings[(findings["cells"] != "") & ~findings["rule"].isin(bounds)].to_dict("records"):
        keys = [cell_key(cell) for cell in finding["cells"].split(";")]
        table = report.statutory_form.table(keys[0][0])
        lines, columns = {line for _, line, _ in keys}, {column for _, _, column in keys}
        if len(keys) < 3 or (len(lines) > 1) == (len(columns) > 1):
            continue
        along, label = ("line", table.line.get(min(lines))) if len(lines) == 1 else ("column", table.column[min(columns)])
        if label is not None:
            who = (report.agency, report.year, table.id, finding["rule"])
            rows.append((*who, along, label.id, *drawing.short_labels(label), finding["difference"], finding["status"]))
    return typed_frame(rows, column_types("agency year:Int64 table rule along id label_zh label_en difference:Float64 status"))


def where_edits_cross(
    report: Report, name: str, repairs: pd.DataFrame | None = None, *, language: Language = "both", width: Width = "page"
) -> Figure:
    """Draw a table with what its sums miss in the margins: where a failed line crosses a failed column, something is wrong.

    Parameters
    ----------
    report : Report
    name : str
        The table: ``requests`` or ``review``.
    repairs : pandas.DataFrame, optional
        What `govstats.repairs` found. Cells of the likeliest repairs have a frame and the proposed figure, those of the others a
        dotted frame.
    language, width
        As for all of `govstats.figures`.

    Returns
    -------
    matplotlib.figure.Figure
        A small figure that says so where the report has no such table. The numbers behind it: `residuals`.

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
    sheet = Sheet("edits", language, width)
    table = report.statutory_form.table(name)
    cells = {(cell.line, cell.column): cell for cell in report.read_cells if cell.table == name}
    if not cells:
        return sheet.nothing(report, sheet.words("nothing"))
    lines = [line for line in table.lines if any(line.id == printed for printed, _ in cells)]
    columns = [column for column in table.columns if any(column.id == printed for _, printed in cells)]
    missed = residuals(report)
    missed = missed[missed["table"] == name]
    beside, below = (missed.loc[missed["along"] == along, "rule"].drop_duplicates().tolist() for along in ("line", "column"))
    ids, names = [line.id for line in lines], [column.id for column in columns]
    needed = ("table", "line", "column", "proposed", "rank", "repair")
    mine = pd.DataFrame(columns=needed) if repairs is None else repairs
    require_columns(mine, needed, "repairs", "govstats.repairs(report)")
    mine = mine[mine["table"].eq(name) & mine["line"].isin(ids)]
    likeliest = mine[mine["rank"].eq(1)].dropna(subset="proposed")
    proposed = likeliest.set_index(["line", "column"])["proposed"].to_dict()
    states = sorted({cell.status for cell in cells.values() if cell.value is None})
    notes = [sheet.words("margins"), *(sheet.words(unit) for unit in sorted({line.unit for line in lines} - {""}))]
    notes += [sheet.words("repairs")] * (len(mine) > 0)
    notes += [drawing.listed([(_SIGNS[state],) * 2, words(f"states.{state}")], (" ", " ")) for state in states]
    labels = [sheet.label(drawing.short_labels(line), 0.34 * sheet.wide) for line in lines] + below
    heads = [*map(drawing.short_labels, columns), *((rule, rule) for rule in beside)]
    wide = 0.62 * sheet.wide / len(heads) - 0.03
    # a line with a repair has room for two figures
    two = set(likeliest["line"])
    rooms = [sheet.pitch([label, "\n" * (line in two)], 1) for line, label in zip([*ids, *below], labels, strict=True)]
    axes, spans = _ruled(sheet, dict(zip([*ids, *below], rooms, strict=True)), labels, heads, wide)
    axes.axhline(spans[ids[-1]][1], color=QUIET, linewidth=0.8)
    axes.axvline(len(names), color=QUIET, linewidth=0.8)
    lefts = {column: at for at, column in enumerate([*names, *beside])}
    known = missed["id"].isin(ids).where(missed["along"] == "line", missed["id"].isin(names))
    for column, line, text, color, up in [*_in_margins(missed[known]), *_in_cells(cells, proposed, product(ids, names))]:
        size = sheet.label_size * min(1, wide / drawing.text_width(text, sheet.label_size))
        x, y = lefts[column] + 0.5, sum(spans[line]) / 2
        drawing.write(axes, x, y, text, (0, up * size), size=size, color=color, ha="center")
    for row in missed[known & (missed["status"] == "fail")].to_dict("records"):
        if row["along"] == "line":
            axes.axhspan(*spans[row["id"]], **_SHADE)
        else:
            axes.axvspan(lefts[row["id"]], lefts[row["id"]] + 1, **_SHADE)
    for row in mine.sort_values("repair", ascending=False, kind="stable").to_dict("records"):
        look: dict[str, Any] = {"linewidth": 1.6} if row["rank"] == 1 else {"linewidth": 1, "linestyle": ":"}
        top, bottom = spans[row["line"]]
        axes.bar(lefts[row["column"]], bottom - top, 1, top, align="edge", fc="none", ec=VERMILLION, clip_on=False, **look)
    return sheet.close(report, finding=_what_fails(sheet, missed), notes=notes)


def _ruled(
    sheet: Sheet, rooms: Mapping[str, float], labels: Sequence[str], heads: Sequence[Words], wide: float
) -> tuple[Axes, dict[str, tuple[float, float]]]:
    """Return axes with lines and columns, and from where to where each line goes; lines have as much room as they need."""
    edges = [0.0, *accumulate(rooms.values())]
    spans = dict(zip(rooms, pairwise(edges), strict=True))
    axes = sheet.axes(tall=edges[-1])[0, 0]
    axes.set(xlim=(0, len(heads)), ylim=(edges[-1], 0))
    sheet.rows(axes, labels, [(top + bottom) / 2 for top, bottom in spans.values()])
    sheet.heads(axes, np.arange(len(heads)) + 0.5, heads, wide)
    axes.hlines(edges[:-1], 0, len(heads), color=FAINT, linewidth=0.6)
    return axes, spans


def _in_margins(missed: pd.DataFrame) -> Iterator[_Text]:
    """Yield what sums miss, beside their line or below their column."""
    for row in missed.to_dict("records"):
        column, line = (row["rule"], row["id"]) if row["along"] == "line" else (row["id"], row["rule"])
        by, failed = row["difference"], row["status"] == "fail"
        text = "?" if pd.isna(by) else f"{by:+,.10g}".replace("-", "−") if failed else "0"
        yield column, line, text, VERMILLION if failed else QUIET, 0


def _in_cells(
    cells: Mapping[tuple[str, str], ReadCell], proposed: Mapping[Any, float], keys: Iterable[tuple[str, str]]
) -> Iterator[_Text]:
    """Yield what is printed in cells, and below it what the likeliest repair proposes."""
    for line, column in keys:
        cell, better = cells.get((line, column)), proposed.get((line, column))
        text = "…" if cell is None else _SIGNS[cell.status] if cell.value is None else f"{cell.value:,.10g}"
        yield column, line, text, INK if cell and cell.value else QUIET, 0.7 * (better is not None)
        if better is not None:
            yield column, line, f"→{better:,.10g}", VERMILLION, -0.7


def _what_fails(sheet: Sheet, missed: pd.DataFrame) -> Words:
    failed = missed[missed["status"] == "fail"]
    if failed.empty:
        return sheet.words("finding_of_none")
    by = failed["difference"].map("{:+,.10g}".format)
    zh, en = (", ".join(failed[label] + " " + by) for label in ("label_zh", "label_en"))
    return sheet.words("finding", number=len(failed), by=(zh, en))


def _count(report: Report, line: str, column: str) -> tuple[float | None, float, str, int]:
    """Add up the cells of a line; a subtotal stands for its parts only where they are not printed.

    Returns
    -------
    value, known : float or None
        The sum, null where a part has no figure; the sum of the parts that have one.
    status : str
    cells : int
        How many parts there are.
    """
    table = report.statutory_form.table("requests")
    printed = {cell.key: cell for cell in report.read_cells}
    options = [[printed.get(key, _MISSING) for key in option] for option in table.options(line, column)]
    cells = next((option for option in options if set(option) != {_MISSING}), options[-1])
    states = sorted({cell.status for cell in cells})
    figures = [cell.value for cell in cells if cell.value is not None]
    status = "incomplete" if len(states) > 1 and "reported" in states else states[0]
    return (sum(figures) if len(figures) == len(cells) else None, sum(figures), status, len(cells))


def _counts(report: Report, kinds: Sequence[str], counted: Callable[[Table], Iterable[tuple[str, str]]]) -> pd.DataFrame:
    """Return a frame of counts of columns and lines of the table of requests; empty where the document does not have that table.

    `kinds` are what a row is: an ``applicant`` is a column, all else a line.
    """
    named = " ".join(f"{kind} {kind}_zh {kind}_en" for kind in kinds)
    types = column_types(f"agency year:Int64 {named} value:Float64 known:Float64 status cells:Int64")
    if all(cell.table != "requests" for cell in report.read_cells):
        return typed_frame([], types)
    table = report.statutory_form.table("requests")
    records = []
    for column, line in counted(table):
        labels = [table.column[column] if kind == "applicant" else table.line[line] for kind in kinds]
        names = [name for label in labels for name in (label.id, *drawing.short_labels(label))]
        records.append((report.agency, report.year, *names, *_count(report, line, column)))
    return typed_frame(records, types)


def _written(known: float, status: str) -> Words:
    """Write a count, or why there is none."""
    figure = {"reported": f"{known:,.0f}", "incomplete": f"≥ {known:,.0f}"}.get(status)
    return (figure, figure) if figure else words(f"states.{status}")


def _draw_count(sheet: Sheet, axes: Axes, row: int, known: float, status: str, *, bar: bool = True) -> None:
    """Draw a count as a bar with its figure where it ends; what is no figure is said in words."""
    sure, text = status == "reported", sheet.label(_written(known, status), 9, sheet.small)
    size = sheet.body if sure or status == "incomplete" else sheet.small
    look = {"color": BLUE} if sure else HATCHED
    drawing.bar(axes, row, known if bar else 0, text, size=size, ink=INK if known else QUIET, height=0.55, **look)


def _left_out(counts: pd.DataFrame) -> list[Words]:
    """Say how many figures could not be drawn, and that they are not zero."""
    states = counts.loc[counts["status"] != "reported", "status"].value_counts().sort_index()
    counted = [words("common.counted", state=words(f"states.{state}"), number=number) for state, number in states.items()]
    return [words("common.left_out", states=drawing.listed(counted))] * bool(counted)
