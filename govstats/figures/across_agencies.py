"""Figures about many agencies: what a panel has of each, and how their indicators compare."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from govstats.errors import UnusableCells
from govstats.figures import drawing
from govstats.figures.drawing import BLUE, FAINT, HATCHED, INK, INTERVAL, QUIET, VERMILLION, Block, Language, Sheet, Width, Words
from govstats.figures.over_years import REASONS
from govstats.report import typed_frame

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from govstats.panel import Panel
    from govstats.report import Report

#: More names than that cannot be read on a page.
_MOST_ROWS = 60
#: What a rate may be, over repairs and blanks.
_RANGE: dict[str, Any] = {"color": VERMILLION, "linewidth": 1, "marker": "|", "markersize": 4}
#: Form and fill tell the states apart in grey too.
_LOOKS: dict[str, dict[str, Any]] = {
    "consistent": {"marker": "s", "color": BLUE},
    "inconsistent": {"marker": "D", "color": VERMILLION},
    "incomplete": {"marker": "s", "color": drawing.SKY, "markeredgecolor": BLUE, "fillstyle": "left"},
    "without tables": {"marker": "s", "color": QUIET, "markerfacecolor": "white"},
    "failed": {"marker": "x", "color": INK, "markeredgewidth": 1.8},
    "missing": {"marker": ".", "color": "#bbbbbb", "markersize": 3},
}


def coverage_by_year(states: pd.DataFrame) -> pd.DataFrame:
    """Count the agencies in each state, year by year.

    Parameters
    ----------
    states : pandas.DataFrame
        As `Panel.coverage` returns it.

    Returns
    -------
    pandas.DataFrame
        A row for each state, from the best to the worst, and a column for each year.

    Examples
    --------
    >>> import pandas as pd
    >>> states = pd.DataFrame({"agency": ["甲局", "乙局"], "year": [2023, 2023], "state": ["consistent", "missing"]})
    >>> coverage_by_year(states)[2023].to_dict()
    {'consistent': 1, 'inconsistent': 0, 'incomplete': 0, 'without tables': 0, 'failed': 0, 'missing': 1}
    """
    return pd.crosstab(states["state"], states["year"]).reindex(list(_LOOKS), fill_value=0)


def coverage(source: Panel | pd.DataFrame, *, language: Language = "both", width: Width = "page") -> Figure:
    """Draw what a panel has of each agency and year.

    Parameters
    ----------
    source : Panel or pandas.DataFrame
        A panel, or what `Panel.coverage` returned: these are the numbers behind it.
    language, width
        As for all of `govstats.figures`.

    Returns
    -------
    matplotlib.figure.Figure
        A row an agency and a symbol a year. Of more than sixty agencies, how many are in each state, year by year; the numbers
        behind that: `coverage_by_year`.

    Raises
    ------
    UnusableCells
        The panel is empty.
    MissingExtra
        Matplotlib or the Chinese font is not installed.

    Examples
    --------
    >>> import pandas as pd
    >>> states = pd.DataFrame({"agency": ["甲局", "乙局"], "year": [2023, 2023], "state": ["consistent", "missing"]})
    >>> coverage(states, language="en").alt
    'agencies: 2, years: 1; consistent (1), no document (1).'
    """
    from govstats.panel import STATES

    sheet = Sheet(language, width)
    states = source if isinstance(source, pd.DataFrame) else source.coverage()
    agencies = list(states["agency"].drop_duplicates())
    counts = states["state"].value_counts()
    occur = [state for state in _LOOKS if state in counts]
    said = {
        state: (f"{zh}（{counts.get(state, 0):,}）", f"{en} ({counts.get(state, 0):,})") for state, (zh, en) in STATES.items()
    }
    named = len(agencies) <= _MOST_ROWS
    labels = [sheet.block((name, name), 0.4 * sheet.wide) for name in agencies]
    labels = labels if named else [sheet.block(said[state], 0.4 * sheet.wide) for state in _LOOKS]
    zh, en = "，".join(said[state][0] for state in occur), ", ".join(said[state][1] for state in occur)
    over = _Matrix(sheet, states, labels, 0.0 if named else 4.5 * sheet.body / 72)
    sheet.open(
        over.about,
        ("有哪些报告，能不能用", "Which reports there are, and which can be used"),
        over.tall,
        finding=(
            f"{len(agencies)} 个机关、{len(over.years)} 年：{zh}。",
            f"agencies: {len(agencies)}, years: {len(over.years)}; {en}.",
        ),
        notes=[] if named else [("柱高为机关数，同一比例尺", "heights are numbers of agencies, on one scale")],
        source=drawing.annual_reports(agencies, over.years),
        key=[(_look(state), said[state]) for state in occur] if named else (),
    )
    axes = over.draw()
    if named:
        place = {agency: row for row, agency in enumerate(agencies)}
        for state, one in states.groupby("state"):
            axes.plot(one["year"], one["agency"].map(place), **_look(str(state)))
    else:
        _draw_counts(sheet, axes, coverage_by_year(states), over.step)
    return sheet.figure


class _Matrix:
    """Rows by years: labels at the left, years above, and room for a symbol where they cross."""

    def __init__(self, sheet: Sheet, rows: pd.DataFrame, labels: list[Block], step: float = 0.0) -> None:
        if rows.empty:
            raise UnusableCells(
                "there is no report to draw: the panel is empty; look at panel.reports for what it holds "
                "没有可画的年报：面板是空的，请看 panel.reports"
            )
        self.sheet, self.labels = sheet, labels
        self.years = [*range(rows["year"].min(), rows["year"].max() + 1)]
        self.left = drawing.widest(labels) + 0.1
        self.wide = min((sheet.wide - self.left) / len(self.years), 0.42)
        self.upright = self.wide < drawing.text_width("2000 ", sheet.small)
        self.head = drawing.text_width("2000", sheet.small) + 0.08 if self.upright else 1.7 * sheet.small / 72
        self.step = max(drawing.pitch(labels), step)
        self.tall = self.head + self.step * len(labels)
        number = rows["agency"].nunique()
        self.about = f"{number} {sheet.say(('个机关', 'agencies'))} · {self.years[0]}–{self.years[-1]}"

    def draw(self) -> Axes:
        """Write the labels and return the axes, on which a year is one apart from the next."""
        years, wide = self.years, self.wide * len(self.years)
        axes = self.sheet.axes(self.left, self.head, wide, self.step * len(self.labels))
        axes.set(xlim=(years[0] - 0.5, years[-1] + 0.5), ylim=(len(self.labels) - 0.5, -0.5))
        axes.set_axis_off()
        for row, block in enumerate(self.labels):
            drawing.write_block(axes, years[0] - 0.5, row, block, (-4, 0), ha="right")
            axes.axhline(row + 0.5, color=FAINT, linewidth=0.6, zorder=0)
        for year in years:
            look: dict[str, Any] = {"ha": "center", "va": "bottom", "rotation": 90 if self.upright else 0}
            drawing.write(axes, year, -0.5, str(year), (0, 3), size=self.sheet.small, color=QUIET, **look)
        return axes


def _look(state: str) -> dict[str, Any]:
    return {"markersize": 5.5, "linestyle": "none", "markerfacecoloralt": "white", **_LOOKS[state]}


def _draw_counts(sheet: Sheet, axes: Axes, counts: pd.DataFrame, step: float) -> None:
    upright = step < 0.5 and counts.to_numpy().max() > 99
    room = 1 - (drawing.text_width("1,000", sheet.small) if upright else 1.5 * sheet.small / 72) / step
    for row, state in enumerate(counts.index):
        for year, count in counts.loc[state].items():
            if count:
                tall = 0.9 * room * count / counts.to_numpy().max()
                axes.bar(year, tall, bottom=row + 0.47 - tall, width=0.55, color=_LOOKS[state]["color"])
                look: dict[str, Any] = {"ha": "center", "va": "bottom", "rotation": 90 if upright else 0}
                drawing.write(axes, year, row + 0.47 - tall, f"{count:,}", (0, 2), size=sheet.small, **look)


def quality_by_report(source: Panel | Iterable[Report]) -> pd.DataFrame:
    """Count the edits that fail in each report, by severity.

    Parameters
    ----------
    source : Panel or iterable of Report
        Only a panel has the edits that span several years and vintages; of a report of a panel the chosen document counts.

    Returns
    -------
    pandas.DataFrame
        One row a report: ``agency year form cells reported E W I assessed``. `cells` counts the cells that were read, `reported`
        those with a figure; `E` `W` `I` the edits that fail, by severity; `assessed` those that hold or fail.

    Examples
    --------
    >>> from govstats import embedded
    >>> found = quality_by_report([embedded.report("淮安市洪泽区人民政府", 2023)])
    >>> found[["form", "cells", "reported", "E"]].values.tolist()
    [['2021', 186, 186, 2]]
    """
    from govstats.panel import Panel
    from govstats.reconciliation import reconcile

    keys = ["agency", "year"]
    if isinstance(source, Panel):
        reports = source.reports[source.reports["chosen"]].drop_duplicates(keys).reset_index(drop=True)
        findings = source.findings
    else:
        read = list(source)
        rows = [(one.agency, one.year, one.form, len(one.cells), int(one.cells["value"].notna().sum())) for one in read]
        reports = typed_frame(rows, {"agency": "str", "year": "Int64", "form": "str", "cells": "Int64", "reported": "Int64"})
        findings = pd.concat([reconcile(one) for one in read])
    found = findings[findings["status"].isin(["pass", "fail"])]
    failed = found[found["status"] == "fail"]
    parts = {one: failed[failed["severity"] == one] for one in "EWI"} | {"assessed": found}
    frame = reports[[*keys, "form", "cells", "reported"]]
    for name, part in parts.items():
        frame = frame.merge(part.groupby(keys).size().rename(name).reset_index(), on=keys, how="left")
    return frame.fillna(dict.fromkeys(parts, 0)).astype(dict.fromkeys(parts, "Int64"))


def quality_map(source: Panel | pd.DataFrame, *, language: Language = "both", width: Width = "page") -> Figure:
    """Draw how many edits fail in each agency's reports, year by year.

    Parameters
    ----------
    source : Panel or pandas.DataFrame
        A panel, or what `quality_by_report` returned: these are the numbers behind it.
    language, width
        As for all of `govstats.figures`.

    Returns
    -------
    matplotlib.figure.Figure
        A row an agency, a field a year with the number of edits that cannot hold together (severity E), darker where there are
        more; a thick edge where others probably do not (W). Of more than sixty agencies those with most such edits.

    Raises
    ------
    UnusableCells
        The panel is empty.
    MissingExtra
        Matplotlib or the Chinese font is not installed.

    Examples
    --------
    >>> from govstats import embedded
    >>> reports = [embedded.report(agency, 2023) for agency in ("淮安市洪泽区人民政府", "平潭综合实验区")]
    >>> quality_map(quality_by_report(reports), language="en").alt
    'Of 2 reports 1 have edits that cannot hold (2 in all); most in 淮安市洪泽区人民政府 2023, 2.'
    """
    sheet = Sheet(language, width)
    reports = source if isinstance(source, pd.DataFrame) else quality_by_report(source)
    most = reports.groupby("agency", sort=False)["E"].sum().sort_values(ascending=False, kind="stable").index[:_MOST_ROWS]
    agencies = [agency for agency in reports["agency"].drop_duplicates() if agency in set(most)]
    kinds: list[tuple[dict[str, Any], Words]] = [
        ({"facecolor": "white", "edgecolor": BLUE, "linewidth": 0.8}, ("没有 E 级不符", "no edit of severity E fails")),
        ({"facecolor": "#f6cfb4", "edgecolor": VERMILLION, "linewidth": 0.8}, ("1–2 条 E 级不符", "1–2 fail")),
        ({"facecolor": "#e8925a", "edgecolor": VERMILLION, "linewidth": 0.8}, ("3 条以上", "3 or more")),
        ({**HATCHED, "facecolor": "#eeeeee", "edgecolor": QUIET}, ("没有可核对的表格", "nothing to assess")),
    ]
    bad = reports[reports["E"] > 0]
    finding = (f"{len(reports)} 份报告中没有一份有 E 级不符。", f"None of {len(reports)} reports has an edit that cannot hold.")
    if len(bad):
        worst, whole = bad.sort_values("E", ascending=False, kind="stable").iloc[0], bad["E"].sum()
        which, most_of = f"{worst['agency']} {worst['year']}", worst["E"]
        finding = (
            f"{len(reports)} 份报告中 {len(bad)} 份有 E 级不符，共 {whole} 条；最多的是 {which}，{most_of} 条。",
            f"Of {len(reports)} reports {len(bad)} have edits that cannot hold ({whole} in all); most in {which}, {most_of}.",
        )
    over = _Matrix(sheet, reports, [sheet.block((name, name), 0.4 * sheet.wide) for name in agencies])
    sheet.open(
        over.about,
        ("哪些报告的数字不可能都对", "Which reports cannot be right in all their figures"),
        over.tall,
        finding=finding,
        notes=[
            (
                "格中为 E 级（不可能正确）不符的条数；粗边：另有 W 级（可能有误）不符",
                "failed edits of severity E (cannot be right); thick edge: others of severity W (probably wrong)",
            ),
            ("没有报告的年份空着", "nothing stands where there is no report"),
        ],
        source=drawing.annual_reports(reports["agency"], reports["year"]),
        key=kinds,
    )
    axes = over.draw()
    for report in reports[reports["agency"].isin(agencies)].to_dict("records"):
        row, year, count = agencies.index(report["agency"]), report["year"], report["E"]
        look = kinds[3 if not report["assessed"] else 0 if not count else 1 if count < 3 else 2][0]
        axes.bar(year, 0.8, bottom=row - 0.4, width=0.8, **look | ({"linewidth": 2} if report["W"] else {}))
        if report["assessed"]:
            drawing.write(axes, year, row, f"{count}", (0, 0), size=sheet.body, ha="center", color=INK)
    return sheet.figure


def indicators_compared(
    rates: pd.DataFrame, *, highlight: str | None = None, language: Language = "both", width: Width = "page"
) -> Figure:
    """Draw one indicator of many agencies, or of groups of them, side by side.

    Parameters
    ----------
    rates : pandas.DataFrame
        Rows of one indicator as `govstats.measures.indicators` returns them: these are the numbers behind it. By report, or
        pooled by level, region, year …
    highlight : str, optional
        The name of a row to set off.
    language, width
        As for all of `govstats.figures`.

    Returns
    -------
    matplotlib.figure.Figure
        A row an agency (or group), a panel a year. Rows that have a value in the last year come first, the highest value on top,
        then those whose last value is of the year before, and so on: values of different years are never ranked together. The
        blue line is the Wilson interval, the orange one the interval over minimal repairs and over what a blank may be. Hollow:
        fewer than 30 cases. Diamond: a report contradicts itself. Where there is no value it says why. Of more than sixty rows
        names and values are left out.

    Raises
    ------
    UnusableCells
        The frame is about several indicators, or none.
    MissingExtra
        Matplotlib or the Chinese font is not installed.

    Examples
    --------
    >>> import pandas as pd
    >>> from govstats import embedded
    >>> from govstats.measures import indicators
    >>> cells = pd.concat(embedded.report(*who).cells for who in (("沭阳县人民政府", 2025), ("平潭综合实验区", 2025)))
    >>> indicators_compared(indicators(cells, names="disclosure_rate"), language="en").alt
    'disclosure rate in 2025, of 2: highest 沭阳县人民政府 55%, lowest 平潭综合实验区 48%; their intervals overlap.'
    """
    sheet, said = Sheet(language, width), _only_indicator(rates)
    groups = [name for name in _group_columns(rates) if name not in ("year", "form")]
    by_year = "year" in rates and bool(groups)
    rates = rates.assign(row=_row_names(sheet, rates, groups or ["year"]), panel=rates["year"] if by_year else 0)
    of_this_form = rates["status"] != "not_in_form"
    if of_this_form.any():
        rates = rates[of_this_form]
    rows = _in_order(rates) if groups else list(rates["row"])
    panels = sorted(rates["panel"].unique())
    named = len(rows) <= _MOST_ROWS
    scale = _Scale(rates, said["kind"])
    labels = [sheet.block((row, row), 0.36 * sheet.wide) for row in rows] if named else []
    left = drawing.widest(labels) + 0.12 if named else 0.0
    digits = max((drawing.text_width(scale.written(one), sheet.small) for one in rates["value"].dropna()), default=0.0)
    reasons = {
        status: sheet.block(REASONS[status], 0.6, size=0.85 * sheet.small)
        for status in rates.loc[rates["value"].isna(), "status"].unique()
    }
    least = max(digits + 0.24 + max(scale.least(sheet), 0.045 * sheet.body), drawing.widest(reasons.values()) + 0.2)
    beside = min(max(int((sheet.wide - left) / least), 1), len(panels))
    bands = -(-len(panels) // beside)
    beside = -(-len(panels) // bands)
    wide = min((sheet.wide - left) / beside, 3.4)
    step = max(drawing.pitch([*labels, *reasons.values()]), 1.9 * sheet.body / 72) if named else 6 / len(rows) / bands
    head, foot = 1.7 * sheet.small / 72, 2.0 * sheet.small / 72
    parts = [panels[at : at + beside] for at in range(0, len(panels), beside)]
    # a band of panels has the rows that have something in it
    inside = [[row for row in rows if row in set(rates.loc[rates["panel"].isin(part), "row"])] for part in parts]
    between = f" · {'–'.join(dict.fromkeys([str(panels[0]), str(panels[-1])]))}" if by_year else ""
    unit = f"（{said['unit']}）" if said["unit"] else ""
    sheet.open(
        f"{len(rows)} {sheet.say(('行', 'rows'))}{between}",
        (f"{said['label_zh']}{unit}", said["label_en"]),
        sum(head + step * len(mine) + foot for mine in inside),
        finding=_highest_and_lowest(rates, (said["label_zh"], said["label_en"]), scale),
        notes=_notes_on_rates(said, len(rows), named=named, by_year=by_year),
        source=_source_of_rates(rates),
        key=_rate_key(rates),
    )
    top = head
    for part, mine in zip(parts, inside, strict=True):
        for at, panel in enumerate(part):
            axes = sheet.axes(left + at * wide, top, wide - digits - 0.24, step * len(mine))
            scale.lay_out(sheet, axes, len(mine), wide - digits - 0.24)
            if by_year:
                drawing.write(axes, scale.low, -0.5, str(panel), (0, 3), size=sheet.body, va="bottom")
            shown = rates[rates["panel"] == panel].set_index("row").to_dict("index")
            for row, name in enumerate(mine):
                if name == highlight:
                    axes.axhspan(row - 0.5, row + 0.5, color="#efefef", zorder=-1)
                if at == 0 and named:
                    block = labels[rows.index(name)]
                    block = [(text, size, BLUE if name == highlight else color) for text, size, color in block]
                    drawing.write_block(axes, scale.low, row, block, (-5, 0), ha="right")
                if name in shown:
                    _draw_rate(sheet, axes, row, shown[name], scale, reasons if named else None, (wide - 0.14) * 72)
        top += step * len(mine) + foot + head
    return sheet.figure


def _only_indicator(rates: pd.DataFrame) -> dict[str, str]:
    """Return the definition of the indicator."""
    from govstats.measures import definitions

    found = list(rates["indicator"].drop_duplicates())
    if len(found) != 1:
        raise UnusableCells(
            f"this figure compares one indicator, and the frame has {len(found)} ({', '.join(found[:3])} …); "
            "choose one: rates[rates['indicator'] == …] 本图只比较一个指标，请选定其一"
        )
    (one,) = definitions().query("indicator == @found[0]").to_dict("records")
    return {str(name): str(value) for name, value in one.items()}


def _source_of_rates(rates: pd.DataFrame) -> Words:
    if {"agency", "year"} <= set(rates):
        return drawing.annual_reports(rates["agency"], rates["year"])
    return "各机关年度报告", "annual reports of the agencies"


def _notes_on_rates(said: dict[str, str], rows: int, *, named: bool, by_year: bool) -> list[Words]:
    missing = "nothing stands where there is no report; where there is no value, why"
    notes = [(said["formula_zh"], said["formula_en"]), ("没有报告的年份空着；没有数值的写明原因", missing)]
    if not named:
        notes.append((f"共 {rows} 行，名称从略", f"{rows} rows, names left out"))
    if by_year:
        order = "ordered by the last year that has a value, then by the value of that year"
        notes.append(("先按最近有数值的年份、再按当年数值排列", order))
    return notes


def _highest_and_lowest(rates: pd.DataFrame, label: Words, scale: _Scale) -> Words:
    """Say which row is the highest of the last year and which the lowest, and whether that can be told."""
    known = rates[rates["value"].notna()]
    if known.empty:
        return f"{label[0]}：没有数值。", f"{label[1]}: no value."
    last = known["panel"].max()
    known = known[known["panel"] == last].sort_values("value", ascending=False, kind="stable")
    high, low = known.iloc[0], known.iloc[-1]
    when = (f"{last} 年", f" in {last}") if last else ("", "")
    top, bottom = (f"{one['row']} {scale.written(one['value'])}" for one in (high, low))
    if len(known) == 1:
        return f"{when[0]}{label[0]}：{top}。", f"{label[1]}{when[1]}: {top}."
    apart = ("", "")
    if not pd.isna(high["low"]) and not pd.isna(low["high"]):
        apart = ("，二者的区间不重叠", "; their intervals do not overlap")
        if high["low"] <= low["high"]:
            apart = ("，二者的区间重叠", "; their intervals overlap")
    return (
        f"{when[0]}{label[0]}（{len(known)} 个）：最高 {top}，最低 {bottom}{apart[0]}。",
        f"{label[1]}{when[1]}, of {len(known)}: highest {top}, lowest {bottom}{apart[1]}.",
    )


def _group_columns(rates: pd.DataFrame) -> list[str]:
    """Return what the rows of a frame of indicators are about."""
    return [str(name) for name in rates.columns[: list(rates.columns).index("indicator")]]


def caveats(rates: pd.DataFrame, reports: pd.DataFrame | None = None) -> pd.DataFrame:
    """List what stands against comparing a rate with others.

    Parameters
    ----------
    rates : pandas.DataFrame
        As `govstats.measures.indicators` returns it.
    reports : pandas.DataFrame, optional
        `Panel.reports`, to tell which reports also count the agencies below.

    Returns
    -------
    pandas.DataFrame
        One row a rate and caveat: what the rate is of, ``indicator value denominator caveat zh en``. `caveat` is ``no_value``
        ``small`` ``contradicted`` ``repairs`` ``blanks`` ``left_out`` or ``summary``.

    Examples
    --------
    >>> from govstats import embedded
    >>> from govstats.measures import indicators
    >>> rates = indicators(embedded.report("平潭综合实验区", 2020), names="disclosure_rate")
    >>> caveats(rates)[["year", "caveat", "zh"]].values.tolist()
    [[2020, 'small', '不足 30 例'], [2020, 'contradicted', '报告自相矛盾']]
    """
    value, bounds = rates["value"], rates[["low_blanks", "high_blanks"]]
    said = {status: (f"没有数值：{zh}", f"no value: {en}") for status, (zh, en) in REASONS.items()}
    wordings = {
        "no_value": said,
        "small": (f"不足 {drawing.SMALL} 例", f"fewer than {drawing.SMALL} cases"),
        "contradicted": ("报告自相矛盾", "a report contradicts itself"),
        "repairs": ("不止一种改法，数值随之不同", "repairs lead to other values"),
        "blanks": ("空白若作零，数值不同", "blanks read as zero lead to other values"),
        "left_out": ("有的报告没有计入", "some reports are left out"),
        "summary": ("汇总了下级机关", "counts the agencies below as well"),
    }
    groups = _group_columns(rates)
    several = rates["reports"] + rates["left_out"] > 1
    here = {
        "no_value": value.isna(),
        "small": rates["small"] & value.notna(),
        "contradicted": (rates["contradicted"] > 0) & value.notna(),
        "repairs": (rates["low_repairs"] < value) | (rates["high_repairs"] > value),
        "blanks": (bounds.notna().any(axis=1) & value.isna()) | (bounds.min(axis=1) < value) | (bounds.max(axis=1) > value),
        "left_out": several & (rates["left_out"] > 0),
        "summary": pd.Series(False, index=rates.index),
    }
    if reports is not None and {"agency", "year"} <= set(groups):
        summaries = reports[reports["chosen"].eq(True) & reports["summary"].eq(True)].set_index(["agency", "year"]).index
        here["summary"] = pd.Series(pd.MultiIndex.from_frame(rates[["agency", "year"]]).isin(summaries), index=rates.index)
    found = []
    for caveat, rows in here.items():
        one = rates.loc[rows.fillna(False).astype(bool), [*groups, "indicator", "value", "denominator", "status"]]
        words = wordings[caveat]
        both = [words[status] if isinstance(words, dict) else words for status in one["status"]]
        found.append(one.assign(caveat=caveat, zh=[zh for zh, _ in both], en=[en for _, en in both]))
    listed = pd.concat(found).sort_index(kind="stable").drop(columns="status").reset_index(drop=True)
    return listed.astype({"caveat": "str", "zh": "str", "en": "str"})


def _row_names(sheet: Sheet, rates: pd.DataFrame, groups: list[str]) -> list[str]:
    named = rates[groups].astype("str").fillna("？")
    if "level" in named:
        from govstats.export.codebook import values

        labels = {level: sheet.say((value.zh, value.en)) for level, value in values("level").items()}
        named["level"] = named["level"].map(labels).fillna(named["level"])
    return [" · ".join(names) for names in named.itertuples(index=False)]


def _in_order(rates: pd.DataFrame) -> list[str]:
    """Return the rows by the last year that has a value, and within that year by its value; those without one last."""
    known = rates[rates["value"].notna()].sort_values("panel", kind="stable").drop_duplicates("row", keep="last")
    ordered = known.sort_values(["panel", "value"], ascending=False, kind="stable")["row"]
    return list(dict.fromkeys([*ordered, *rates["row"]]))


class _Scale:
    """One scale for all panels: from nought to one for shares that have an interval, as far as the values go for others."""

    def __init__(self, rates: pd.DataFrame, kind: str) -> None:
        self.share = kind in ("share", "proportion")
        values = rates[["value", "low_repairs", "high_repairs", "low_blanks", "high_blanks"]].astype(float).to_numpy().ravel()
        values = values[~np.isnan(values)]
        self.low: float = min(values.min(initial=0), 0.0)
        self.high: float = 1.0 if kind == "share" else values.max(initial=0) or 1.0

    def least(self, sheet: Sheet) -> float:
        """Return how wide a panel has to be for the ticks at its ends."""
        return drawing.text_width(f"{self.written(self.low)} {self.written(self.high)}", sheet.small) + 0.05

    def written(self, value: float) -> str:
        """Write a value as the figure does."""
        return drawing.in_digits(value, share=self.share)

    def lay_out(self, sheet: Sheet, axes: Axes, rows: int, wide: float) -> None:
        """Set limits and ticks, with a thin line at each tick."""
        ticks = sorted({self.low, 0.0, *([0.5] if self.high == 1 else []), self.high})
        texts = [self.written(tick) for tick in ticks]
        if 3.3 * max(drawing.text_width(text, sheet.small) for text in texts) > wide or self.low < 0:
            ticks, texts = [ticks[0], ticks[-1]], [texts[0], texts[-1]]
        axes.set(xlim=(self.low, self.high), ylim=(rows - 0.5, -0.5), xticks=ticks, yticks=[])
        axes.set_xticklabels(texts)
        sheet.quiet(axes)
        # those of the next panel begin where these end
        for at, (tick, written) in enumerate(zip(ticks, axes.get_xticklabels(), strict=True)):
            written.set_horizontalalignment("left" if at == 0 else "right" if at == len(ticks) - 1 else "center")
            axes.axvline(tick, color=FAINT, linewidth=0.6, zorder=0, clip_on=False)


def _draw_rate(
    sheet: Sheet, axes: Axes, row: int, rate: dict[Any, Any], scale: _Scale, reasons: dict[str, Block] | None, edge: float
) -> None:
    """Draw a rate, and write its value (or why it has none) at the right edge of its panel."""
    lows, highs = ([rate[f"{end}_{of}"] for of in ("repairs", "blanks")] for end in ("low", "high"))
    bounds = [float(one) for one in (*lows, *highs) if not pd.isna(one)]
    value = rate["value"]
    if bounds and (pd.isna(value) or max(bounds) - min(bounds) > 1e-9):
        axes.plot([min(bounds), max(bounds)], [row + 0.27] * 2, **_RANGE, zorder=2)
    if pd.isna(value):
        if reasons is not None:
            said = [(text, size, QUIET) for text, size, _ in reasons[rate["status"]]]
            drawing.write_block(axes, scale.low, row, said, (edge, 0), ha="right")
        return
    if not pd.isna(rate["low"]):
        axes.plot([rate["low"], rate["high"]], [row, row], **INTERVAL)
    look = drawing.marker(small=rate["small"], contradicted=rate["contradicted"] > 0)
    axes.plot(value, row, **look | ({} if reasons is not None else {"markersize": 2}), clip_on=False)
    if reasons is not None:
        drawing.write(axes, scale.low, row, scale.written(value), (edge, 0), size=sheet.small, ha="right")


def _rate_key(rates: pd.DataFrame) -> drawing.Key:
    value = rates["value"]
    bounds = rates[["low_repairs", "high_repairs", "low_blanks", "high_blanks"]]
    is_open = bounds.notna().any(axis=1) & (value.isna() | (bounds.max(axis=1) > bounds.min(axis=1)))
    more = [(_RANGE, ("改法、空白所容许的范围", "range over repairs and blanks"))] if is_open.any() else []
    return drawing.point_key(rates, ("数值", "value"), more)


def claims_against_cells(reports: Iterable[Report]) -> pd.DataFrame:
    """Count how the figures that prose claims compare with the tables.

    Parameters
    ----------
    reports : iterable of Report

    Returns
    -------
    pandas.DataFrame
        One row a report: ``agency year claims agree differ open``. `claims` counts the figures with a cell of the tables or a sum
        of cells as their target (rules NT and NZ), `agree` those that the table confirms, `differ` those that it does not, `open`
        those that could not be compared, since the cell is blank, unreadable or lost.

    Examples
    --------
    >>> from govstats import embedded
    >>> claims_against_cells([embedded.report("平潭综合实验区", 2025)])[["claims", "agree", "differ", "open"]]
       claims  agree  differ  open
    0       5      5       0     0
    """
    from govstats.reconciliation import reconcile

    rows = []
    for report in reports:
        findings = reconcile(report)
        status = findings.loc[findings["rule"].isin(["NT", "NZ"]), "status"]
        counts = [int((status == name).sum()) for name in ("pass", "fail", "not_assessable")]
        rows.append((report.agency, report.year, sum(counts), *counts))
    return typed_frame(rows, {"agency": "str", "year": "Int64", **dict.fromkeys(("claims", "agree", "differ", "open"), "Int64")})


def claims_by_report(counts: pd.DataFrame, *, language: Language = "both", width: Width = "page") -> Figure:
    """Draw how many claimed figures agree with the tables, report by report.

    Parameters
    ----------
    counts : pandas.DataFrame
        As `claims_against_cells` returns it.
    language, width
        As for all of `govstats.figures`.

    Returns
    -------
    matplotlib.figure.Figure
        A bar a report, in three parts that differ in colour and hatching, with their counts in the same order.

    Raises
    ------
    MissingExtra
        Matplotlib or the Chinese font is not installed.

    Examples
    --------
    >>> from govstats import embedded
    >>> claims_by_report(claims_against_cells([embedded.report("平潭综合实验区", 2025)]), language="en").alt
    'Of 5 figures in the prose 5 agree with the tables, 0 differ and 0 cannot be compared.'
    """
    sheet = Sheet(language, width)
    shown = counts[counts["claims"] > 0]
    kinds: dict[str, tuple[dict[str, Any], Words]] = {
        "agree": ({"facecolor": BLUE, "edgecolor": BLUE, "linewidth": 0.8}, ("相符", "agree")),
        "differ": ({"facecolor": VERMILLION, "edgecolor": VERMILLION, "linewidth": 0.8}, ("不符", "differ")),
        "open": ({**HATCHED, "edgecolor": QUIET}, ("无从比较", "not comparable")),
    }
    labels = [sheet.block((f"{row['agency']} {row['year']}",) * 2, 0.4 * sheet.wide) for row in shown.to_dict("records")]
    heads = [sheet.block(words, 0.9 * sheet.body * 4 / 72, size=sheet.small) for _, words in kinds.values()]
    left, column = drawing.widest(labels) + 0.1, max(drawing.widest(heads), drawing.text_width("1,234", sheet.body)) + 0.08
    all_, agree, differ, undecided = (int(shown[name].sum()) for name in ("claims", *kinds))
    sheet.open(
        f"{len(shown)} {sheet.say(('份报告', 'reports'))}",
        ("正文所称的数字与表格相符吗", "Do the figures in the prose agree with the tables?"),
        drawing.pitch(heads) + drawing.pitch(labels) * len(shown),
        finding=(
            f"正文的 {all_} 个数字中，{agree} 个与表格相符，{differ} 个不符，{undecided} 个无从比较。",
            f"Of {all_} figures in the prose {agree} agree with the tables, {differ} differ and {undecided} cannot be compared.",
        ),
        notes=[
            ("每个数字与它所说的那一格，或几格之和比较", "each figure against the cell it speaks of, or the sum of several"),
            ("单位：个数字", "unit: figures in the prose"),
        ],
        source=drawing.annual_reports(shown["agency"], shown["year"]),
        key=[*kinds.values()],
    )
    wide = sheet.wide - left - 3 * column
    axes = sheet.bars(left, drawing.pitch(heads), wide, labels, max(shown["claims"], default=1))
    for at, name in enumerate(kinds):
        # beside the bars: a part may be narrower than its count
        edge = (wide + (at + 1) * column) * 72
        drawing.write_block(axes, 0, -0.5, heads[at], (edge, 2), ha="right", va="bottom")
        start = shown[list(kinds)[:at]].sum(axis=1)
        for row, (count, begin) in enumerate(zip(shown[name], start, strict=True)):
            drawing.write(axes, 0, row, str(count), (edge, 0), size=sheet.body, ha="right")
            if count:
                axes.barh(row, count, left=begin, height=0.55, clip_on=False, **kinds[name][0])
    return sheet.figure
