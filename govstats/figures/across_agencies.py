"""Figures about many agencies: what a panel has of each, and how their indicators compare."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from govstats.errors import UnusableCells
from govstats.figures.drawing import (
    BLUE,
    FAINT,
    INK,
    QUIET,
    SKY,
    SMALL,
    VERMILLION,
    empty_figure,
    in_digits,
    legend_above,
    lines_of_notes,
    marker,
    quiet_axes,
    text_width,
    write,
    write_foot,
    write_head,
)
from govstats.figures.over_years import REASONS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    from govstats.panel import Panel

#: More names than that cannot be read on a page.
_MOST_ROWS = 60
#: Form and fill tell the states apart in grey too.
_LOOKS: dict[str, dict[str, Any]] = {
    "consistent": {"marker": "s", "color": BLUE},
    "inconsistent": {"marker": "D", "color": VERMILLION},
    "incomplete": {"marker": "s", "color": SKY, "markeredgecolor": BLUE, "markerfacecoloralt": "white", "fillstyle": "left"},
    "without tables": {"marker": "s", "color": QUIET, "markerfacecolor": "white"},
    "failed": {"marker": "x", "color": INK, "markeredgewidth": 1.8},
    "missing": {"marker": ".", "color": "#bbbbbb", "markersize": 4},
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


def coverage(source: Panel | pd.DataFrame) -> Figure:
    """Draw what a panel has of each agency and year.

    Parameters
    ----------
    source : Panel or pandas.DataFrame
        A panel, or what `Panel.coverage` returned: these are the numbers behind it.

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
    >>> [text.get_text() for text in coverage(states).legends[0].get_texts()]
    ['勾稽相符 consistent (1)', '未见报告 no document (1)']
    """
    from matplotlib.lines import Line2D

    from govstats.panel.coverage import STATES

    states = source if isinstance(source, pd.DataFrame) else source.coverage()
    if states.empty:
        raise UnusableCells("there is no report to draw: the panel is empty; look at panel.reports for what it holds")
    agencies = list(states["agency"].drop_duplicates())
    years = np.arange(states["year"].min(), states["year"].max() + 1)
    named = len(agencies) <= _MOST_ROWS
    counts = states["state"].value_counts()
    rows = agencies if named else [f"{' '.join(STATES[state])} ({counts.get(state, 0):,})" for state in _LOOKS]
    left, step = text_width(rows, 9.5) + 0.45, 0.26 if named else 0.62
    width, above, below = max(left + 0.42 * len(years) + 0.3, 7.6), 1.75 if named else 1.1, 0.3 if named else 0.55
    height = above + step * len(rows) + below
    figure = empty_figure(width, height)
    axes = figure.add_axes((left / width, below / height, 0.42 * len(years) / width, step * len(rows) / height))
    axes.set(xlim=(years[0] - 0.5, years[-1] + 0.5), ylim=(len(rows) - 0.5, -0.5))
    axes.set_axis_off()
    for row, name in enumerate(rows):
        write(axes, years[0] - 0.5, row, name, (-6, 0), size=9.5, ha="right")
        axes.axhline(row + (0 if named else 0.35), color=FAINT, linewidth=0.6, zorder=0)
    for year in years:
        write(axes, year, -0.5, str(year), (0, 4), size=8, color=QUIET, ha="center", va="bottom")
    if named:
        place = {agency: row for row, agency in enumerate(agencies)}
        for state, one in states.groupby("state"):
            axes.plot(one["year"], one["agency"].map(place), **_look(str(state)))
        legend_above(
            figure,
            0.2,
            [
                Line2D([], [], **_look(state), label=f"{' '.join(STATES[state])} ({counts[state]})")
                for state in _LOOKS
                if state in counts
            ],
        )
    else:
        _draw_counts(axes, coverage_by_year(states))
        write_foot(figure, [("柱高为机关数，同一比例尺", "heights are numbers of agencies, on one scale")])
    write_head(
        figure,
        f"{len(agencies)} 个机关 agencies · {years[0]}–{years[-1]}",
        ("有哪些报告，能不能用", "Which reports there are, and which can be used"),
    )
    return figure


def _look(state: str) -> dict[str, Any]:
    return {"markersize": 7, "linestyle": "none", **_LOOKS[state]}


def _draw_counts(axes: Axes, counts: pd.DataFrame) -> None:
    most = counts.to_numpy().max()
    for row, state in enumerate(counts.index):
        for year, count in counts.loc[state].items():
            if count:
                tall = 0.62 * count / most
                axes.bar(year, tall, bottom=row + 0.35 - tall, width=0.55, color=_LOOKS[state]["color"])
                write(axes, year, row + 0.35 - tall, f"{count:,}", (0, 2), size=7.5, ha="center", va="bottom")


def indicators_compared(rates: pd.DataFrame, *, highlight: str | None = None) -> Figure:
    """Draw one indicator of many agencies, or of groups of them, side by side.

    Parameters
    ----------
    rates : pandas.DataFrame
        Rows of one indicator as `govstats.measures.indicators` returns them: these are the numbers behind it. By report, or
        pooled by level, region, year …
    highlight : str, optional
        The name of a row to set off.

    Returns
    -------
    matplotlib.figure.Figure
        A row an agency (or group), a panel a year; the row with the highest value of its latest year first. The blue line is
        the Wilson interval, the orange one the interval over minimal repairs and over what a blank may be. Hollow: fewer than 30
        cases. Diamond: a report contradicts itself. Where there is no value it says why. Of more than sixty rows names are left
        out.

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
    >>> figure = indicators_compared(indicators(cells, names="disclosure_rate"))
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['2025', '沭阳县人民政府', '55%', '平潭综合实验区', '48%']
    """
    from govstats.measures import definitions

    found = list(rates["indicator"].drop_duplicates())
    if len(found) != 1:
        raise UnusableCells(
            f"this figure compares one indicator, and the frame has {len(found)} ({', '.join(found[:3])} …); "
            "choose one: rates[rates['indicator'] == …]"
        )
    said = definitions().set_index("indicator").loc[found[0]]
    groups = [name for name in _group_columns(rates) if name not in ("year", "form")]
    by_year = "year" in rates and bool(groups)
    rates = rates.assign(row=_row_names(rates, groups or ["year"]), panel=rates["year"] if by_year else 0)
    of_this_form = rates["status"] != "not_in_form"
    if of_this_form.any():
        rates = rates[of_this_form]
    rows = _in_order(rates)
    panels = sorted(rates["panel"].unique())
    named = len(rows) <= _MOST_ROWS
    left, step = (text_width(rows, 9.5) + 0.4, 0.29) if named else (0.4, 8 / len(rows))
    wide = max(1.15, (8 - left) / len(panels))
    width, above = max(left + wide * len(panels) + 0.1, 8.2), 1.55
    notes = [
        (said["formula_zh"], said["formula_en"]),
        ("没有报告的年份空着；没有数值的写明原因", "nothing stands where there is no report; where there is no value, why"),
        *([] if named else [(f"共 {len(rows)} 行，名称从略", f"{len(rows)} rows, names left out")]),
    ]
    below = 0.5 + 0.19 * len(lines_of_notes(notes, width))
    height = above + step * len(rows) + below
    figure = empty_figure(width, height)
    scale = _Scale(rates, said["kind"])
    for at, panel in enumerate(panels):
        place = ((left + wide * at) / width, below / height, (wide - 0.25) / width, step * len(rows) / height)
        axes = figure.add_axes(place)
        scale.lay_out(axes, len(rows))
        if by_year:
            write(axes, scale.low, -0.5, str(panel), (0, 5), size=9, va="bottom")
        shown = rates[rates["panel"] == panel].set_index("row").to_dict("index")
        for row, name in enumerate(rows):
            if name == highlight:
                axes.axhspan(row - 0.5, row + 0.5, color="#f3f3f3", zorder=0)
            if at == 0 and named:
                write(axes, scale.low, row, name, (-7, 0), size=9.5, ha="right", color=BLUE if name == highlight else INK)
            if name in shown:
                _draw_rate(axes, row, shown[name], scale, named=named)
    unit = f"（{said['unit']}）" if said["unit"] else ""
    between = f" · {'–'.join(dict.fromkeys([str(panels[0]), str(panels[-1])]))}" if by_year else ""
    write_head(figure, f"{len(rows)} 行 rows{between}", (f"{said['label_zh']}{unit}", said["label_en"]))
    legend_above(figure, 0.2, _rate_legend(rates), 3)
    write_foot(figure, notes)
    return figure


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
        "small": (f"不足 {SMALL} 例", f"fewer than {SMALL} cases"),
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


def _row_names(rates: pd.DataFrame, groups: list[str]) -> list[str]:
    named = rates[groups].astype("str").fillna("？")
    if "level" in named:
        from govstats.export.codebook import values

        labels = {level: f"{value.zh} {value.en}" for level, value in values("level").items()}
        named["level"] = named["level"].map(labels).fillna(named["level"])
    return [" · ".join(names) for names in named.itertuples(index=False)]


def _in_order(rates: pd.DataFrame) -> list[str]:
    """Return the rows, that with the highest value of its latest year first, those without a value last."""
    known = rates[rates["value"].notna()].sort_values("panel", kind="stable").drop_duplicates("row", keep="last")
    ordered = known.sort_values("value", ascending=False, kind="stable")["row"]
    return list(dict.fromkeys([*ordered, *rates["row"]]))


class _Scale:
    """One scale for all panels: from nought to one for shares that have an interval, as far as the values go for others."""

    def __init__(self, rates: pd.DataFrame, kind: str) -> None:
        self.share = kind in ("share", "proportion")
        values = rates[["value", "low_repairs", "high_repairs", "low_blanks", "high_blanks"]].astype(float).to_numpy().ravel()
        values = values[~np.isnan(values)]
        self.low: float = min(values.min(initial=0), 0.0)
        self.high: float = 1.0 if kind == "share" else values.max(initial=0) or 1.0

    def lay_out(self, axes: Axes, rows: int) -> None:
        """Set limits and ticks, with a thin line at each tick."""
        ticks = sorted({self.low, 0.0, *([0.5] if self.high == 1 else []), self.high})
        axes.set(xlim=(self.low, self.low + 1.03 * (self.high - self.low)), ylim=(rows - 0.5, -0.5), xticks=ticks, yticks=[])
        axes.set_xticklabels([in_digits(tick, share=self.share) for tick in ticks])
        quiet_axes(axes)
        # those of the next panel begin where these end
        for at, (tick, written) in enumerate(zip(ticks, axes.get_xticklabels(), strict=True)):
            written.set_horizontalalignment("left" if at == 0 else "right" if at == len(ticks) - 1 else "center")
            axes.axvline(tick, color=FAINT, linewidth=0.6, zorder=0)


def _draw_rate(axes: Axes, row: int, rate: dict[Any, Any], scale: _Scale, *, named: bool) -> None:
    lows, highs = ([rate[f"{end}_{of}"] for of in ("repairs", "blanks")] for end in ("low", "high"))
    bounds = [float(one) for one in (*lows, *highs) if not pd.isna(one)]
    value = rate["value"]
    if bounds and (pd.isna(value) or max(bounds) - min(bounds) > 1e-9):
        axes.plot([min(bounds), max(bounds)], [row + 0.27] * 2, color=VERMILLION, linewidth=1, marker="|", markersize=5, zorder=2)
    if pd.isna(value):
        if named:
            said = " ".join(REASONS[rate["status"]])
            write(axes, scale.low, row, said, (2, 3), size=6.5, color=QUIET)
        return
    if not pd.isna(rate["low"]):
        axes.plot([rate["low"], rate["high"]], [row, row], color=BLUE, linewidth=0.9, alpha=0.7, zorder=1)
    look = marker(small=rate["small"], contradicted=rate["contradicted"] > 0)
    axes.plot(value, row, **look | ({} if named else {"markersize": 2}), clip_on=False)
    if named:
        write(axes, value, row, in_digits(value, share=scale.share), (0, 4), size=6.5, ha="center", va="bottom")


def _rate_legend(rates: pd.DataFrame) -> list[Line2D]:
    from matplotlib.lines import Line2D

    value = rates["value"]
    bounds = rates[["low_repairs", "high_repairs", "low_blanks", "high_blanks"]]
    open_to = bounds.notna().any(axis=1) & (value.isna() | (bounds.max(axis=1) > bounds.min(axis=1)))
    kinds: list[tuple[dict[str, Any], str, Any]] = [
        (marker(), "数值 value", True),
        ({"color": BLUE, "linewidth": 0.9, "alpha": 0.7}, "95% 区间 interval", rates["low"].notna().any()),
        (
            {"color": VERMILLION, "linewidth": 1, "marker": "|", "markersize": 5},
            "改法、空白所容许的范围 range over repairs and blanks",
            open_to.any(),
        ),
        (marker(small=True), f"不足 {SMALL} 例 fewer than {SMALL}", (rates["small"] & value.notna()).any()),
        (
            marker(contradicted=True),
            "报告自相矛盾 report contradicts itself",
            ((rates["contradicted"] > 0) & value.notna()).any(),
        ),
    ]
    return [Line2D([], [], **look, label=said) for look, said, occurs in kinds if occurs]
