"""Figures about one agency over the years: no line leads into a break or over a year that is not there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from govstats.errors import UnusableCells
from govstats.figures.drawing import (
    BLUE,
    INK,
    QUIET,
    SMALL,
    VERMILLION,
    empty_figure,
    in_digits,
    legend_above,
    lines_of_notes,
    marker,
    message,
    quiet_axes,
    text_style,
    write,
    write_foot,
    write_head,
)
from govstats.report import Report

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    from govstats.panel import Panel

#: Series and indicators that are drawn unless others are named.
MAIN = (
    "requests_received",
    "requests_processed",
    "requests_carried_out",
    "disclosure_rate",
    "reconsiderations",
    "litigation",
    "decisions.licensing",
    "decisions.penalties",
)
#: Of more years the figures would run into each other where two axes share a line.
_YEARS_IN_HALF = 14
#: Why a report has no figure, short enough to stand on the axis.
REASONS = {
    "blank": ("空白", "blank"),
    "not_applicable": ("不适用", "n/a"),
    "unreadable": ("无法判读", "unreadable"),
    "absent": ("缺", "absent"),
    "ambiguous": ("有歧义", "ambiguous"),
    "not_in_form": ("表式无此项", "not in form"),
    "not_given": ("未提供", "not given"),
    "undefined": ("0÷0", "0/0"),
    "inconsistent": ("超过 100%", "over 100%"),
    "break": ("口径不同", "break"),
}
_POINT_TYPES = {
    "agency": "str",
    "year": "Int64",
    "form": "str",
    "name": "str",
    "label_zh": "str",
    "label_en": "str",
    "unit": "str",
    "share": "bool",
    "value": "Float64",
    "low": "Float64",
    "high": "Float64",
    "small": "boolean",
    "contradicted": "boolean",
    "status": "str",
    "break_before": "bool",
    "reason_zh": "str",
    "reason_en": "str",
    "line": "Int64",
}
_CARRY_OVER_TYPES = {
    "agency": "str",
    "year": "Int64",
    "column": "str",
    "carried_out": "Float64",
    "carried_in": "Float64",
    "difference": "Float64",
    "status": "str",
}


def points_over_years(source: Report | Panel | pd.DataFrame, names: Iterable[str] = MAIN) -> pd.DataFrame:
    """Follow series and indicators over the years, as `series_over_years` draws them.

    Parameters
    ----------
    source : Report, Panel or pandas.DataFrame
        A frame has the columns of `Report.cells`.
    names : iterable of str
        Of series and of indicators, as `govstats.measures.series_definitions` and `govstats.measures.definitions` list them.

    Returns
    -------
    pandas.DataFrame
        One row a name and report, in the order of `names`: ``agency year form name label_zh label_en unit share value low high
        small contradicted status break_before reason_zh reason_en line``. `low` and `high` are the Wilson interval.
        `contradicted`: a cell of the figure stands in an edit of severity E that fails. `line` numbers the points that may be
        joined: of years that follow each other, without a break between them; null where there is no figure.

    Examples
    --------
    >>> import pandas as pd
    >>> from govstats import embedded
    >>> cells = pd.concat(embedded.report("平潭综合实验区", year).cells for year in (2017, 2019, 2020, 2022))
    >>> points_over_years(cells, ["requests_received"])[["year", "value", "break_before", "line"]].values.tolist()
    [[2017, 0.0, False, 1], [2019, 23.0, True, 2], [2020, 21.0, False, 2], [2022, 74.0, False, 3]]
    """
    from govstats.measures import definitions, indicators, series, series_definitions

    wanted = list(names)
    known = set(definitions()["indicator"])
    of_series = [name for name in wanted if name not in known]
    of_indicators = [name for name in wanted if name in known]
    said = pd.concat(
        [
            series_definitions().rename(columns={"series": "name"}).drop_duplicates("name"),
            definitions().rename(columns={"indicator": "name"}),
        ]
    ).set_index("name")
    frames = []
    if of_series:
        followed = series(source, of_series).rename(columns={"series": "name"})
        followed["contradicted"] = _contradicted(source, followed)
        frames.append(followed.assign(share=False))
    if of_indicators:
        rates = indicators(source, names=of_indicators).rename(columns={"indicator": "name"})
        rates["contradicted"] = rates["contradicted"] > 0
        rates["status"] = rates["status"].replace("computed", "reported")
        unit, kind = (said[name].reindex(rates["name"]).array for name in ("unit", "kind"))
        frames.append(rates.assign(break_before=False, unit=unit, share=kind.isin(["share", "proportion"])))
    points = pd.concat([frame.reindex(columns=list(_POINT_TYPES)) for frame in frames])
    points["label_zh"], points["label_en"] = (said[label].reindex(points["name"]).array for label in ("label_zh", "label_en"))
    points["order"] = points["name"].map(wanted.index)
    points["at"] = pd.factorize(points["agency"])[0]
    points = points.sort_values(["at", "order", "year"], kind="stable", ignore_index=True)
    points["line"] = _lines(points)
    return points[list(_POINT_TYPES)].astype(_POINT_TYPES)


def _contradicted(source: Report | Panel | pd.DataFrame, followed: pd.DataFrame) -> list[bool]:
    """Tell which figures rest on a cell that stands in an edit of severity E that fails."""
    from govstats.reconciliation import reconcile

    findings = reconcile(source) if isinstance(source, (Report, pd.DataFrame)) else source.findings
    wrong = findings[(findings["status"] == "fail") & (findings["severity"] == "E")]
    reports = zip(wrong["agency"], wrong["year"], wrong["cells"], strict=True)
    doubtful = {(agency, year, cell) for agency, year, cells in reports for cell in str(cells).split(";")}
    rows = zip(followed["agency"], followed["year"], followed["cells"], strict=True)
    return [any((agency, year, cell.lstrip("-")) in doubtful for cell in cells.split(";")) for agency, year, cells in rows]


def _lines(points: pd.DataFrame) -> pd.Series[Any]:
    """Give the points that may be joined one number, anew for each agency and name."""
    known = points[points["value"].notna()]
    by_name = known.groupby(["agency", "name"], sort=False)
    apart = (by_name["year"].diff() != 1).fillna(True) | known["break_before"]
    numbers = apart.astype("Int64").groupby([known["agency"], known["name"]], sort=False).cumsum()
    return numbers.reindex(points.index)


def series_over_years(source: Report | Panel | pd.DataFrame, names: Iterable[str] = MAIN) -> Figure:
    """Draw the series and indicators of an agency over the years.

    Parameters
    ----------
    source : Report, Panel or pandas.DataFrame
        Of one agency; also what `points_over_years` returned.
    names : iterable of str
        As for `points_over_years`.

    Returns
    -------
    matplotlib.figure.Figure
        A small figure for each name. Lines join years that follow each other in one segment, and nothing else; a break is a thin
        vertical line with the name of the form that begins there. Hollow: fewer than 30 cases. Diamond: the report contradicts
        itself there. A report without a figure says why. The numbers behind it: `points_over_years`.

    Raises
    ------
    UnusableCells
        The source is about several agencies, or none.
    MissingExtra
        Matplotlib or the Chinese font is not installed.

    Examples
    --------
    >>> import pandas as pd
    >>> from govstats import embedded
    >>> cells = pd.concat(embedded.report("平潭综合实验区", year).cells for year in (2019, 2020))
    >>> figure = series_over_years(cells, ["requests_received", "disclosure_rate"])
    >>> [axes.get_title("left") for axes in figure.axes]
    ['本年新收申请（件）  requests received this year', '公开率  disclosure rate']
    """
    points = source if isinstance(source, pd.DataFrame) and "line" in source and "name" in source else None
    if points is None:
        points = points_over_years(source, names)
    agency = _only_agency(points)
    shown = list(points.groupby("name", sort=False))
    years = [*range(points["year"].min(), points["year"].max() + 1)]
    read = set(points["year"])
    columns = min(2 if len(years) <= _YEARS_IN_HALF else 1, len(shown))
    rows = -(-len(shown) // columns)
    width, tall, above = max(5.4 * columns, 0.4 * len(years), 7.5), 1.95, 1.45
    notes = [
        (
            "只连相邻而可比的年份；灰色年份没有报告，不等于零",
            "lines join adjacent comparable years; grey years lack a report, which is not zero",
        ),
        *_breaks_in_words(points),
    ]
    below = 0.6 + 0.19 * len(lines_of_notes(notes, width))
    height = rows * tall + above + below - 0.45
    figure = empty_figure(width, height)
    grid = figure.add_gridspec(
        rows,
        columns,
        left=0.35 / width,
        right=1 - 0.3 / width,
        top=1 - above / height,
        bottom=below / height,
        hspace=0.62,
        wspace=0.09,
    )
    for at, (_, one) in enumerate(shown):
        axes = figure.add_subplot(grid[at // columns, at % columns])
        _draw_points(axes, one, years, read)
    write_head(figure, f"{agency} · {years[0]}–{years[-1]}", ("历年数字", "Figures over the years"))
    legend_above(figure, 0.2, _point_legend(points), 4)
    write_foot(figure, notes)
    return figure


def _only_agency(frame: pd.DataFrame) -> str:
    agencies = list(frame["agency"].drop_duplicates())
    if len(agencies) != 1:
        raise UnusableCells(
            f"this figure is about one agency, and the source has {len(agencies)}"
            + (f" ({', '.join(map(str, agencies[:3]))} …)" if agencies else "")
            + "; choose one: panel.only(agency=…)"
        )
    return str(agencies[0])


def _draw_points(axes: Axes, points: pd.DataFrame, years: Sequence[int], read: set[int]) -> None:
    first = points.iloc[0]
    known = points[points["value"].notna()]
    highest = known[["value", "high"]].max(axis=1).max()
    top = 1.0 if pd.isna(highest) or not highest else float(highest)
    _axis_of_years(axes, years, read)
    axes.set_ylim(-0.04 * top, 1.3 * top)
    unit = f"（{first['unit']}）" if first["unit"] else ""
    axes.set_title(f"{first['label_zh']}{unit}  {first['label_en']}", loc="left", pad=5, **text_style(9.5, INK))
    for _, line in known.groupby("line"):
        axes.plot(line["year"], line["value"], color=BLUE, linewidth=1.1, zorder=1)
    ground = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.8}
    for point in known.to_dict("records"):
        if not pd.isna(point["low"]):
            axes.plot([point["year"]] * 2, [point["low"], point["high"]], color=BLUE, linewidth=0.9, alpha=0.7, zorder=1)
        axes.plot(point["year"], point["value"], **marker(small=point["small"], contradicted=point["contradicted"]))
        text = in_digits(point["value"], share=point["share"])
        up = 0.0 if pd.isna(point["high"]) else point["high"]
        write(axes, point["year"], max(up, point["value"]), text, (0, 6), size=7.5, ha="center", va="bottom", bbox=ground)
    for point in points[points["value"].isna()].to_dict("records"):
        said = " ".join(REASONS[point["status"]])
        write(axes, point["year"], 0, said, (0, 3), size=6.5, color=QUIET, ha="center", va="bottom", rotation=90)
    for point in points[points["break_before"]].to_dict("records"):
        axes.axvline(point["year"] - 0.5, color=VERMILLION, linewidth=0.8, linestyle=(0, (4, 2)), zorder=0)
        form = f"{point['form']} 年表式 form"
        write(axes, point["year"] - 0.5, 1.3 * top, form, (2, -1), size=6.5, color=VERMILLION, va="top")


def _axis_of_years(axes: Axes, years: Sequence[int], read: set[int]) -> None:
    """Put every year on the axis, those without a report in grey."""
    axes.set(xlim=(years[0] - 0.6, years[-1] + 0.6), xticks=years, yticks=[])
    axes.set_xticklabels([str(year) for year in years])
    quiet_axes(axes)
    for year, tick in zip(years, axes.get_xticklabels(), strict=True):
        tick.set_color(INK if year in read else "#bbbbbb")


def _breaks_in_words(points: pd.DataFrame) -> list[tuple[str, str]]:
    """Say why figures are not comparable, each reason once with the series it is about."""
    broken = points[points["break_before"]]
    return [
        (
            f"{form} 年表式（{'、'.join(dict.fromkeys(one['label_zh']))}）：{zh}",
            f"form of {form}: {en}",
        )
        for (form, zh, en), one in broken.groupby(["form", "reason_zh", "reason_en"], sort=False)
    ]


def _point_legend(points: pd.DataFrame) -> list[Line2D]:
    """Explain the markers that occur."""
    from matplotlib.lines import Line2D

    known = points[points["value"].notna()]
    kinds = [(marker(), "数字 figure"), (marker(small=True), f"不足 {SMALL} 例 fewer than {SMALL}")]
    kinds.append((marker(contradicted=True), "报告自相矛盾 report contradicts itself"))
    occur = [True, known["small"].eq(True).any(), known["contradicted"].eq(True).any()]
    handles = [Line2D([], [], **look, label=said) for (look, said), here in zip(kinds, occur, strict=True) if here]
    if known["low"].notna().any():
        handles.insert(1, Line2D([], [], color=BLUE, linewidth=0.9, alpha=0.7, label="95% 区间 interval"))
    return handles


def carry_overs(source: Panel | pd.DataFrame) -> pd.DataFrame:
    """Set what each report carries over to the next year beside what the next one says it was handed.

    Parameters
    ----------
    source : Panel or pandas.DataFrame
        A frame has the columns of `Report.cells`.

    Returns
    -------
    pandas.DataFrame
        One row a column of table three and two years that follow each other, both with a report that has the table:
        ``agency year column carried_out carried_in difference status``, where `year` is the later one, `carried_out` stands in
        the report of the year before, and `status` is ``agree``, ``disagree``, or ``unknown`` where one of the two has no figure.

    Examples
    --------
    >>> import pandas as pd
    >>> from govstats import embedded
    >>> cells = pd.concat(embedded.report("平潭综合实验区", year).cells for year in (2021, 2022, 2024))
    >>> carry_overs(cells).query("column == 'total'")[["year", "carried_out", "carried_in", "status"]].values.tolist()
    [[2022, 1.0, 1.0, 'agree']]
    """
    cells = source if isinstance(source, pd.DataFrame) else source.cells
    cells = cells.loc[cells["table"] == "requests", ["agency", "year", "line", "column", "value"]]
    sides = {
        name: cells[cells["line"] == name].drop(columns="line").rename(columns={"value": name})
        for name in ("carried_out", "carried_in")
    }
    sides["carried_out"] = sides["carried_out"].assign(year=sides["carried_out"]["year"] + 1)
    reports = cells[["agency", "year"]].drop_duplicates()
    pairs = reports.merge(reports.assign(year=reports["year"] + 1))
    both = sides["carried_out"].merge(sides["carried_in"], on=["agency", "year", "column"], how="outer").merge(pairs)
    order = {column: at for at, column in enumerate(cells["column"].drop_duplicates())}
    both = both.sort_values(["agency", "year", "column"], key=lambda one: one.map(order) if one.name == "column" else one)
    both["difference"] = both["carried_in"] - both["carried_out"]
    known = both["difference"].notna()
    both["status"] = np.where(known, np.where(both["difference"].fillna(0) == 0, "agree", "disagree"), "unknown")
    return both[list(_CARRY_OVER_TYPES)].astype(_CARRY_OVER_TYPES).reset_index(drop=True)


def carry_over_chain(source: Panel | pd.DataFrame) -> Figure:
    """Draw what each report of an agency carries over beside what the next one says it was handed.

    Parameters
    ----------
    source : Panel or pandas.DataFrame
        Of one agency; also what `carry_overs` returned.

    Returns
    -------
    matplotlib.figure.Figure
        Two bars for each two years that follow each other, with ``=`` or ``≠`` under them; a small figure that
        says so where there are none. The numbers behind it: `carry_overs`.

    Raises
    ------
    UnusableCells
        The source is about several agencies.
    MissingExtra
        Matplotlib or the Chinese font is not installed.

    Examples
    --------
    >>> import pandas as pd
    >>> from govstats import embedded
    >>> cells = pd.concat(embedded.report("平潭综合实验区", year).cells for year in (2021, 2022, 2023))
    >>> [text.get_text() for text in carry_over_chain(cells).axes[0].texts if text.get_text() in "=≠?"]
    ['=', '=']
    """
    from matplotlib.patches import Patch

    chain = source if isinstance(source, pd.DataFrame) and "carried_out" in source else carry_overs(source)
    title = ("结转对得上吗", "Does what is carried over arrive?")
    totals = chain[chain["column"] == "total"]
    if totals.empty:
        return message(
            "", title, ("没有前后两年都有申请情况表的", "no two years that follow each other both have a table of requests")
        )
    agency = _only_agency(chain)
    years = [*range(totals["year"].min() - 1, totals["year"].max() + 1)]
    width, height = max(1.05 * len(years) + 1.0, 7.5), 3.8
    figure = empty_figure(width, height)
    axes = figure.add_axes((0.35 / width, 1.05 / height, 1 - 0.7 / width, 1.35 / height))
    _axis_of_years(axes, years, set(totals["year"]) | set(totals["year"] - 1))
    axes.tick_params(pad=20)
    highest = totals[["carried_out", "carried_in"]].max(axis=1).max()
    axes.set_ylim(0, 1 if pd.isna(highest) or not highest else 1.2 * highest)
    looks: dict[str, tuple[float, dict[str, Any]]] = {
        "carried_out": (-0.13, {"facecolor": "none", "edgecolor": BLUE, "hatch": "////", "linewidth": 1}),
        "carried_in": (0.13, {"color": BLUE}),
    }
    for pair in totals.to_dict("records"):
        for name, (shift, look) in looks.items():
            figure_of, at = pair[name], pair["year"] - 0.5 + shift
            if pd.isna(figure_of):
                write(axes, at, 0, "?", (0, 3), size=9, color=QUIET, ha="center", va="bottom")
                continue
            if figure_of:
                axes.bar(at, figure_of, width=0.22, **look)
            write(axes, at, figure_of, f"{figure_of:,.10g}", (0, 3), size=8.5, ha="center", va="bottom")
        sign = {"agree": "=", "disagree": "≠", "unknown": "?"}[pair["status"]]
        wrong = pair["status"] == "disagree"
        write(axes, pair["year"] - 0.5, 0, sign, (0, -11), size=11, ha="center", color=VERMILLION if wrong else QUIET)
    write_head(figure, f"{agency} · {years[0]}–{years[-1]}", title)
    legend_above(
        figure,
        0.2,
        [
            Patch(**looks["carried_out"][1], label="上年报告：结转下年度 carried over, report of the year before"),
            Patch(**looks["carried_in"][1], label="本年报告：上年结转 carried in, report of the year"),
        ],
        1,
    )
    others = chain[chain["column"] != "total"]["status"].value_counts()
    counts = [int(others.get(status, 0)) for status in ("agree", "disagree", "unknown")]
    write_foot(
        figure,
        [
            (
                f"图为总计（件）；各类申请人：{counts[0]} 对相符，{counts[1]} 对不符，{counts[2]} 对无从比较",
                f"totals, in requests; by applicant: {counts[0]} pairs agree, {counts[1]} disagree, {counts[2]} open",
            )
        ],
    )
    return figure
