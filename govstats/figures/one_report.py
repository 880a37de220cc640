"""Figures about one report."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import accumulate, pairwise, product
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from govstats.figures import drawing
from govstats.figures.drawing import BLUE, FAINT, HATCHED, INK, QUIET, SKY, VERMILLION, Block, Language, Sheet, Width, Words
from govstats.forms import Label, Table, cell_key
from govstats.report import typed_frame

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from govstats.report import Report

_OUTCOMES = ("granted", "partly_granted", "refused", "unable", "not_processed", "other")
_RECEIVED = ("carried_in", "new")
_STAGES = {
    "all": _RECEIVED,
    "carried_in": ("carried_in",),
    "new": ("new",),
    "processed": _OUTCOMES,
    "granted": ("granted",),
    "carried_out": ("carried_out",),
}
_NO_TABLE = ("这份文件里没有申请情况表", "no requests table in this document")
_STATES = {
    "blank": ("空白", "blank"),
    "not_applicable": ("不适用", "n/a"),
    "unreadable": ("无法判读", "unreadable"),
    "missing": ("缺", "missing"),
    "incomplete": ("不全（≥）", "incomplete (≥)"),
}
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
    table = _requests(report)
    pairs = product(table.columns, _OUTCOMES) if table else ()
    rows = [((column, table.line[outcome]), outcome, column.id) for column, outcome in pairs if table and column.id != "total"]
    return _counts(report, ("applicant", "outcome"), rows)


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
    reasons = table.parts("refused") if table else ()
    return _counts(report, ("reason",), [((table.line[reason],), reason, "total") for reason in reasons if table])


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
    table = _requests(report)
    lines = (*_RECEIVED, *_OUTCOMES, "carried_out") if table else ()
    return _counts(report, ("line",), [((table.line[name],), name, "total") for name in lines if table])


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
    sheet, counts = Sheet(language, width), request_flows(report)
    title = ("申请从哪里来，到哪里去", "Where requests come from, and what becomes of them")
    if counts.empty:
        return sheet.nothing(report, title, _NO_TABLE)
    come, go = counts[counts["line"].isin(_RECEIVED)], counts[~counts["line"].isin(_RECEIVED)]
    received, ended = float(come["known"].sum()), float(go["known"].sum())
    notes = [("单位：件", "unit: requests"), *_left_out(counts)]
    told = {name: _told(counts[counts["line"].isin(lines)]) for name, lines in _STAGES.items()}
    zh, en = ({name: words[at] for name, words in told.items()} for at in (0, 1))
    finding = (
        "应办{all}（上年结转{carried_in}，新收{new}）；办结{processed}，其中予以公开{granted}；结转下年{carried_out}。",
        (
            "Requests to handle: {all} (carried in: {carried_in}, new: {new}); processed: {processed}, "
            "granted in full: {granted}; carried over: {carried_out}."
        ),
    )
    finding = finding[0].format(**zh), finding[1].format(**en)
    if counts["value"].notna().all() and received != ended:
        came, went = f"{received:,.0f}", f"{ended:,.0f}"
        notes.append((f"来的 {came} 件，去的 {went} 件，二者不等。", f"{came} came in, but {went} are accounted for."))
        finding = f"{finding[0]}{notes[-1][0]}", f"{finding[1]} {notes[-1][1]}"
    column = 0.28 * sheet.wide
    labels = [[sheet.block((row["line_zh"], row["line_en"]), column) for row in side.to_dict("records")] for side in (come, go)]
    tall = max(sum(drawing.pitch([block], 2) for block in labels[1]), 0.36 * sheet.wide)
    sheet.open(report, title, tall, finding=finding, notes=notes)
    axes = sheet.axes(0, 0, sheet.wide, tall)
    axes.set(xlim=(0, sheet.wide), ylim=(tall, 0))
    axes.set_axis_off()
    beside = drawing.widest(_said(sheet, row) for row in counts.to_dict("records")) + 0.1
    left, right = column + beside, sheet.wide - column - beside
    scale = tall * 0.86 / max(received, ended, 1)
    middle = (left + right) / 2
    tallest = scale * max(received, ended)
    axes.fill_between([middle - 0.03, middle + 0.03], 0.07 * tall, 0.07 * tall + tallest, color=INK, linewidth=0)
    for side, blocks, x, way in ((come, labels[0], left, 1), (go, labels[1], right, -1)):
        _draw_side(sheet, axes, side, blocks, (x, middle, way), (scale, tall, beside))
    return sheet.figure


def _draw_side(
    sheet: Sheet,
    axes: Axes,
    side: pd.DataFrame,
    labels: Sequence[Block],
    at: tuple[float, float, int],
    room: tuple[float, float, float],
) -> None:
    """Draw the bands between the middle and one side, and the labels there, moved apart where bands are thin."""
    (x, middle, way), (scale, tall, beside) = at, room
    thick = scale * side["known"].to_numpy(dtype=float)
    before = np.cumsum(thick) - thick
    tops = before + (0.86 * tall - thick.sum()) / 2 + np.linspace(0, 0.14 * tall, len(side))
    steps = np.linspace(0, 1, 21)
    along, ease = x + way * 0.06 + (middle - x - way * 0.09) * steps, steps**2 * (3 - 2 * steps)
    outward = "right" if way > 0 else "left"
    places = _apart(tops + thick / 2, labels, tall)
    for row, block, width, top, inner, y in zip(
        side.to_dict("records"), labels, thick, tops, before + 0.07 * tall, places, strict=True
    ):
        color = {"granted": BLUE, "partly_granted": SKY, "refused": VERMILLION, "new": BLUE}.get(row["line"], "#8a8a8a")
        if width:
            band = top + (inner - top) * ease
            axes.fill_between(along, band, band + width, color=color, alpha=0.35, linewidth=0)
            axes.fill_between([x, x + way * 0.06], top, top + width, color=color, linewidth=0)
        axes.plot([x, x - way * 0.05], [top + width / 2, y], color="#bbbbbb", linewidth=0.6)
        drawing.write_block(axes, x - way * 0.05, y, _said(sheet, row), (-2 * way, 0), ha=outward)
        drawing.write_block(axes, x - way * beside, y, block, (-4 * way, 0), ha=outward)


def _said(sheet: Sheet, row: dict[Any, Any]) -> Block:
    """Return a count, or the word for what stands in its place."""
    figure = _written(row["known"], row["status"])
    return sheet.block(_STATES[row["status"]], 9, size=sheet.small) if figure is None else [(figure, sheet.body, INK)]


def _apart(wanted: Iterable[float], blocks: Sequence[Block], tall: float) -> list[float]:
    """Return places for labels, in their order, as near to the wanted ones as their heights allow."""
    halves = [drawing.pitch([block], 2) / 2 for block in blocks]
    places, edge = [], 0.0
    for place, half in zip(wanted, halves, strict=True):
        places.append(max(place, edge + half))
        edge = places[-1] + half
    edge = tall
    for number, half in reversed(list(enumerate(halves))):
        places[number] = min(places[number], edge - half)
        edge = places[number] - half
    return places


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
    sheet = Sheet(language, width)
    counts = outcomes_by_applicant(report)
    title = ("各类申请人的申请如何办结", "How requests ended, by applicant and outcome")
    if counts.empty:
        return sheet.nothing(report, title, _NO_TABLE)
    table = report.statutory_form.table("requests")
    shown = [*_OUTCOMES, "processed_total"]
    labels = [sheet.block(drawing.short_labels(column), 0.27 * sheet.wide) for column in table.columns]
    left = drawing.widest(labels) + 0.1
    bands = -(-len(shown) // int((sheet.wide - left) / (0.073 * sheet.body)))
    beside = -(-len(shown) // bands)
    wide = (sheet.wide - left) / beside
    heads = [sheet.block(drawing.short_labels(table.line[outcome]), wide - 0.06) for outcome in shown]
    head, tall = drawing.pitch(heads), drawing.pitch(labels) * len(labels) + 0.1
    notes = [("各格同一比例尺，“总计”照原表；单位：件", "one scale throughout, totals as reported; unit: requests")]
    if counts["value"].eq(0).fillna(False).all():
        notes.insert(0, ("本年度没有办结的申请", "no request was processed this year"))
    sheet.open(report, title, bands * (head + tall), finding=_ended(counts), notes=[*notes, *_left_out(counts)])
    for at, outcome in enumerate(shown):
        top = at // beside * (head + tall) + head
        axes = sheet.bars(left + at % beside * wide, top, wide, labels, _scale(sheet, counts, wide), stub=at % beside == 0)
        drawing.write_block(axes, 0, -0.5, heads[at], (2, 2), va="bottom")
        for row, column in enumerate(table.columns):
            total = "total" in (column.id, outcome.removeprefix("processed_"))
            _, known, status, _ = _count(report, outcome, column.id)
            _draw_count(sheet, axes, row, known, status, wide, bar=not total)
        axes.axhline(len(labels) - 1.5, color=FAINT, linewidth=0.8)
    return sheet.figure


def _ended(counts: pd.DataFrame) -> Words:
    """Say how most requests ended, and who made most of them."""
    whole = _told(counts)
    if not counts["known"].sum():
        return f"办结{whole[0]}。", f"Requests processed: {whole[1]}."
    (outcome_zh, outcome_en), ended = _most(counts, "outcome")
    (applicant_zh, applicant_en), made = _most(counts, "applicant")
    return (
        f"办结{whole[0]}；最多的结果是{outcome_zh}，{ended:,.0f} 件；最多的申请人是{applicant_zh}，{made:,.0f} 件。",
        f"Requests processed: {whole[1]}; most often {outcome_en}, {ended:,.0f}; most of them by {applicant_en}, {made:,.0f}.",
    )


def _told(counts: pd.DataFrame) -> Words:
    """Say how many requests there are in all: at least so many where some figures are not known."""
    known = counts["value"].notna()
    if not known.all() and not counts["known"].sum():
        return "不详", "unknown"
    number = f"{counts['known'].sum():,.0f}"
    return (f" {number} 件", number) if known.all() else (f"至少 {number} 件", f"at least {number}")


def _most(counts: pd.DataFrame, kind: str) -> tuple[Words, float]:
    sums = counts.groupby([f"{kind}_zh", f"{kind}_en"], sort=False)["known"].sum()
    most = sums.index[sums == sums.max()]
    return ("、".join(zh for zh, _ in most), ", ".join(en for _, en in most)), float(sums.max())


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
    sheet = Sheet(language, width)
    counts = refusal_reasons(report)
    title = ("不予公开的理由", "Why information was refused")
    if counts.empty:
        return sheet.nothing(report, title, _NO_TABLE)
    counts = counts.sort_values("value", ascending=False, kind="stable", na_position="last")
    labels = [sheet.block((row["reason_zh"], row["reason_en"]), 0.46 * sheet.wide) for row in counts.to_dict("records")]
    left = drawing.widest(labels) + 0.1
    wide = sheet.wide - left
    notes = [("全部申请人；单位：件", "all applicants; unit: requests")]
    finding: Words = ("本年度没有不予公开的申请", "no request was refused this year")
    if counts["value"].eq(0).fillna(False).all():
        notes.insert(0, finding)
    elif counts["known"].sum():
        (zh, en), most = _most(counts, "reason")
        whole = _told(counts)
        finding = (
            f"不予公开{whole[0]}；最多的理由是{zh}，{most:,.0f} 件。",
            f"Requests refused: {whole[1]}; most often: {en}, {most:,.0f}.",
        )
    else:
        finding = ("没有可读的数字", "no figure could be read")
    sheet.open(report, title, len(counts) * drawing.pitch(labels), finding=finding, notes=[*notes, *_left_out(counts)])
    axes = sheet.bars(left, 0, wide, labels, _scale(sheet, counts, wide))
    for row, reason in enumerate(counts.to_dict("records")):
        _draw_count(sheet, axes, row, reason["known"], reason["status"], wide)
    return sheet.figure


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
        keys = [cell_key(cell) for cell in finding["cells"].split(";")]
        table = report.statutory_form.table(keys[0][0])
        lines, columns = {line for _, line, _ in keys}, {column for _, _, column in keys}
        if len(keys) < 3 or (len(lines) > 1) == (len(columns) > 1):
            continue
        along, label = ("line", table.line.get(min(lines))) if len(lines) == 1 else ("column", table.column[min(columns)])
        if label is not None:
            who = (report.agency, report.year, table.id, finding["rule"])
            rows.append((*who, along, label.id, *drawing.short_labels(label), finding["difference"], finding["status"]))
    names = ("agency", "year", "table", "rule", "along", "id", "label_zh", "label_en", "difference", "status")
    types = {name: {"year": "Int64", "difference": "Float64"}.get(name, "str") for name in names}
    return typed_frame(rows, types)


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
    sheet = Sheet(language, width)
    table = report.statutory_form.table(name)
    cells = {(cell.line, cell.column): cell for cell in report.read_cells if cell.table == name}
    lines = [line for line in table.lines if any(line.id == printed for printed, _ in cells)]
    columns = [column for column in table.columns if any(column.id == printed for _, printed in cells)]
    missed = residuals(report)
    missed = missed[missed["table"] == name]
    beside, below = (missed.loc[missed["along"] == along, "rule"].drop_duplicates().tolist() for along in ("line", "column"))
    ids = [line.id for line in lines]
    mine = [] if repairs is None else repairs[(repairs["table"] == name) & repairs["line"].isin(ids)].to_dict("records")
    proposed = {(row["line"], row["column"]): row["proposed"] for row in mine if row["rank"] == 1}
    notes = [
        ("边上是所印总计减去各项之和，0 为相符", "in the margins: what is printed less the sum of the parts; 0 where they agree")
    ]
    units = {"件": "unit: cases", "万元": "unit: 10,000 yuan"}
    notes += [(f"单位：{unit}", units.get(unit, unit)) for unit in sorted({line.unit for line in lines} - {""})]
    if mine:
        zh = "实线框：最可能的改法及应有的数字；虚线框：其他改法"
        notes.append((zh, "framed: the likeliest repair and its figure; dotted: the others"))
    states = {cell.status for cell in cells.values() if cell.value is None}
    notes += [(f"{_SIGNS[state]} {_STATES[state][0]}", f"{_SIGNS[state]} {_STATES[state][1]}") for state in sorted(states)]
    grid = _Grid(sheet, lines, columns, (beside, below), {line for line, _ in proposed})
    title = ("哪些行、哪些栏对不上", "Which lines and columns do not add up")
    sheet.open(report, title, grid.head + grid.edges[-1], finding=_what_fails(missed), notes=notes)
    grid.draw()
    for row in missed.to_dict("records"):
        grid.write_residual(row)
    for line, column in product(ids, [column.id for column in columns]):
        cell, better = cells.get((line, column)), proposed.get((line, column))
        text = "…" if cell is None else _SIGNS[cell.status] if cell.value is None else f"{cell.value:,.10g}"
        known = better is not None and not pd.isna(better)
        grid.write(column, line, text, INK if cell and cell.value else QUIET, 0.7 * known)
        if known:
            grid.write(column, line, f"→{better:,.10g}", VERMILLION, -0.7)
    for row in sorted(mine, key=lambda row: -row["repair"]):
        grid.frame(row["column"], row["line"], likeliest=row["rank"] == 1)
    return sheet.figure


def _what_fails(missed: pd.DataFrame) -> Words:
    failed = missed[missed["status"] == "fail"]
    if failed.empty:
        return "总计都与各项之和相符。", "All totals are the sums of their parts."
    by = failed["difference"].map("{:+,.10g}".format)
    zh, en = (", ".join(failed[label] + " " + by) for label in ("label_zh", "label_en"))
    return f"{len(failed)} 处总计与各项之和不符：{zh}。", f"{len(failed)} totals are not the sum of their parts: {en}."


class _Grid:
    """A table with the rules that bind its lines beside it, and those that bind its columns below."""

    axes: Axes

    def __init__(
        self,
        sheet: Sheet,
        lines: Sequence[Label],
        columns: Sequence[Label],
        rules: tuple[list[str], list[str]],
        proposed: Collection[str],
    ) -> None:
        beside, below = rules
        self.sheet, self.size, self.left = sheet, 0.9 * sheet.body, 0.34 * sheet.wide
        self.shape = len(lines), len(columns)
        self.down, self.across = [*(line.id for line in lines), *below], [*(column.id for column in columns), *beside]
        self.wide = (sheet.wide - self.left) / len(self.across)
        self.stubs = [sheet.block(drawing.short_labels(line), self.left - 0.08, size=self.size) for line in lines]
        self.stubs += [[(rule, self.size, INK)] for rule in below]
        heights = [drawing.pitch([block], 1) for block in self.stubs]
        for row, line in enumerate(lines):
            if line.id in proposed:
                heights[row] = max(heights[row], 2 * self.size * 1.4 / 72)
        self.edges = [0.0, *accumulate(heights)]
        self.head, self.heads = _heads(sheet, columns, self.wide)
        self.heads += [[(rule, self.size, INK)] for rule in beside]

    def draw(self) -> None:
        """Draw lines and headings."""
        axes = self.axes = self.sheet.axes(self.left, self.head, self.sheet.wide - self.left, self.edges[-1])
        axes.set(xlim=(0, len(self.across)), ylim=(self.edges[-1], 0))
        axes.set_axis_off()
        upright: dict[str, Any] = {"size": 0.85 * self.size, "ha": "center", "va": "bottom", "rotation": 90, "linespacing": 1.1}
        for x, words in enumerate(self.heads):
            if isinstance(words, str):
                drawing.write(axes, x + 0.5, 0, words, (0, 3), **upright)
            else:
                drawing.write_block(axes, x + 0.5, 0, words, (0, 3), ha="center", va="bottom")
        for block, (top, bottom) in zip(self.stubs, pairwise(self.edges), strict=True):
            drawing.write_block(axes, 0, (top + bottom) / 2, block, (-4, 0), ha="right")
            axes.axhline(top, color=FAINT, linewidth=0.6)
        lines, columns = self.shape
        axes.axhline(self.edges[lines], color=QUIET, linewidth=0.8)
        axes.axvline(columns, color=QUIET, linewidth=0.8)

    def write(self, column: str, line: str, text: str, color: str, up: float = 0) -> None:
        """Write into a cell, some lines higher, and smaller where it is narrow."""
        x, y = self.across.index(column), self.down.index(line)
        size = min(self.size, self.size * (self.wide - 0.03) / drawing.text_width(text, self.size))
        middle = (self.edges[y] + self.edges[y + 1]) / 2
        drawing.write(self.axes, x + 0.5, middle, text, (0, up * self.size), size=size, color=color, ha="center")

    def write_residual(self, row: dict[Any, Any]) -> None:
        """Write what a sum misses into the margin; shade the line or column where it fails."""
        lines, columns = self.shape
        by_line = row["along"] == "line"
        if row["id"] not in (self.down if by_line else self.across):
            return
        column, line = (row["rule"], row["id"]) if by_line else (row["id"], row["rule"])
        if row["status"] != "fail":
            self.write(column, line, "?" if pd.isna(row["difference"]) else "0", QUIET)
            return
        x, y = self.across.index(column), self.down.index(line)
        xs, ys = ((0, columns), (y, y + 1)) if by_line else ((x, x + 1), (0, lines))
        self.axes.fill_between(xs, self.edges[ys[0]], self.edges[ys[1]], color=VERMILLION, alpha=0.13, linewidth=0)
        text = "?" if pd.isna(row["difference"]) else f"{row['difference']:+,.10g}".replace("-", "−")
        self.write(column, line, text, VERMILLION)

    def frame(self, column: str, line: str, *, likeliest: bool) -> None:
        """Set a cell off."""
        from matplotlib.patches import Rectangle

        x, y = self.across.index(column), self.down.index(line)
        look: dict[str, Any] = {"linewidth": 1.6} if likeliest else {"linewidth": 1, "linestyle": ":"}
        tall = self.edges[y + 1] - self.edges[y]
        self.axes.add_patch(Rectangle((x, self.edges[y]), 1, tall, fill=False, edgecolor=VERMILLION, clip_on=False, **look))


def _heads(sheet: Sheet, columns: Sequence[Label], wide: float) -> tuple[float, list[Block | str]]:
    """Return the headings of narrow columns and how tall they are: blocks, or texts to be written upright."""
    size = 0.9 * sheet.body
    blocks = [sheet.block(drawing.short_labels(column), wide - 0.03, size=size) for column in columns]
    if drawing.widest(blocks) <= wide - 0.02:
        return drawing.pitch(blocks), [*blocks]
    at_most, small = max(int(wide * 72 / (1.3 * size)), 1), 0.85 * size
    texts = [sheet.say(drawing.short_labels(column)) for column in columns]
    for tall in (0.6, 0.9, 1.2, 1.6, 2.4, 4.0):
        folded = [drawing.fold(text, small, tall) for text in texts]
        if max(map(len, folded)) <= at_most:
            break
    head = max(drawing.text_width(line, small) for lines in folded for line in lines) + 0.08
    return head, ["\n".join(lines) for lines in folded]


def _requests(report: Report) -> Table | None:
    """Return the table of requests, null where the document does not have it."""
    if any(cell.table == "requests" for cell in report.read_cells):
        return report.statutory_form.table("requests")
    return None


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
    printed = {(cell.line, cell.column): cell for cell in report.read_cells if cell.table == table.id}
    parts = [printed.get((part, column)) for part in (table.parts(line) if table.line[line].subtotal else ())]
    cells = parts if any(parts) else [printed.get((line, column))]
    states = sorted({cell.status if cell else "missing" for cell in cells})
    figures = [cell.value for cell in cells if cell and cell.value is not None]
    status = "incomplete" if len(states) > 1 and "reported" in states else states[0]
    return (sum(figures) if len(figures) == len(cells) else None, sum(figures), status, len(cells))


def _counts(report: Report, kinds: Sequence[str], rows: Iterable[tuple[Sequence[Label], str, str]]) -> pd.DataFrame:
    """Return a frame of counts, each with its labels: one of each kind."""
    types = {"agency": "str", "year": "Int64"}
    for kind in kinds:
        types |= {kind: "str", f"{kind}_zh": "str", f"{kind}_en": "str"}
    types |= {"value": "Float64", "known": "Float64", "status": "str", "cells": "Int64"}
    records = []
    for labels, line, column in rows:
        names = [name for label in labels for name in (label.id, *drawing.short_labels(label))]
        records.append((report.agency, report.year, *names, *_count(report, line, column)))
    return pd.DataFrame(records, columns=list(types)).astype(types)


def _scale(sheet: Sheet, counts: pd.DataFrame, wide: float) -> float:
    """Return up to where a scale goes that leaves room for the figures; a report of zeros gets a scale too."""
    longest = max(float(counts["known"].max()), 1.0)
    return longest * wide / (wide - drawing.text_width(f"≥ {longest:,.0f}", sheet.body) - 0.12)


def _written(known: float, status: str) -> str | None:
    """Write a count; null where there is none."""
    return {"reported": f"{known:,.0f}", "incomplete": f"≥ {known:,.0f}"}.get(status)


def _draw_count(sheet: Sheet, axes: Axes, row: int, known: float, status: str, wide: float, *, bar: bool = True) -> None:
    """Draw a count as a bar with its figure where it ends; what is no figure is said in words."""
    figure = _written(known, status)
    if figure is None:
        said = [(text, size, QUIET) for text, size, _ in sheet.block(_STATES[status], wide - 0.06, size=sheet.small)]
        drawing.write_block(axes, 0, row, said, (3, 0))
        return
    sure = status == "reported"
    if bar:
        axes.barh(row, known, height=0.55, **({"color": BLUE} if sure else HATCHED))
    drawing.write(axes, known if bar else 0, row, figure, (3, 0), size=sheet.body, color=INK if known or not sure else QUIET)


def _left_out(counts: pd.DataFrame) -> list[tuple[str, str]]:
    """Say how many figures could not be drawn, and that they are not zero."""
    if (counts["status"] == "reported").all():
        return []
    states = counts["status"].value_counts().sort_index()
    zh = "、".join(f"{_STATES[str(state)][0]} {number} 项" for state, number in states.items() if state in _STATES)
    en = ", ".join(f"{number} {_STATES[str(state)][1]}" for state, number in states.items() if state in _STATES)
    return [(f"没有数字、因而未作 0 画出的：{zh}", f"without a figure and not drawn as zero: {en}")]
