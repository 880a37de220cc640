"""Figures about one agency over the years: no line leads into a break or over a year that is not there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from govstats.errors import UnusableCells
from govstats.figures.drawing import (
    BLUE,
    QUIET,
    SMALL,
    VERMILLION,
    Language,
    Sheet,
    Width,
    Words,
    annual_reports,
    in_digits,
    marker,
    pitch,
    text_width,
    write,
    write_block,
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


def series_over_years(
    source: Report | Panel | pd.DataFrame, names: Iterable[str] = MAIN, *, language: Language = "both", width: Width = "page"
) -> Figure:
    """Draw the series and indicators of an agency over the years.

    Parameters
    ----------
    source : Report, Panel or pandas.DataFrame
        Of one agency; also what `points_over_years` returned.
    names : iterable of str
        As for `points_over_years`.
    language, width
        As for all of `govstats.figures`.

    Returns
    -------
    matplotlib.figure.Figure
        A small figure for each name. Lines join years that follow each other in one segment, and nothing else; a break is a thin
        vertical line with the year of the form that begins there. Hollow: fewer than 30 cases. Diamond: the report contradicts
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
    >>> series_over_years(cells, ["requests_received", "disclosure_rate"], language="en").alt
    'requests received this year: 23 (2019), 21 (2020); disclosure rate: 35% (2019), 62% (2020).'
    """
    sheet = Sheet(language, width)
    points = source if isinstance(source, pd.DataFrame) and "line" in source and "name" in source else None
    if points is None:
        points = points_over_years(source, names)
    agency = _only_agency(points)
    shown = [one for _, one in points.groupby("name", sort=False)]
    years = [*range(points["year"].min(), points["year"].max() + 1)]
    least = max(1.4, (len(years) + 0.2) * 1.22 * sheet.small / 72)
    columns = max(1, min(len(shown), int((sheet.wide + 0.1) / (least + 0.1))))
    wide = (sheet.wide - 0.1 * (columns - 1)) / columns
    heads = [sheet.block(_title(one), wide) for one in shown]
    head, tall, foot = pitch(heads), 10 * sheet.body / 72, text_width("2000", sheet.small) + 0.14
    rows = -(-len(shown) // columns)
    notes = [
        (
            "只连相邻而可比的年份；灰色年份没有报告，不等于零",
            "lines join adjacent comparable years; grey years lack a report, which is not zero",
        ),
        *_breaks_in_words(points),
    ]
    sheet.open(
        f"{agency} · {years[0]}–{years[-1]}",
        ("历年数字", "Figures over the years"),
        rows * (head + tall + foot),
        finding=_first_and_last(shown),
        notes=notes,
        source=annual_reports([agency], points["year"]),
        legend=_point_legend(sheet, points),
    )
    for at, one in enumerate(shown):
        top = at // columns * (head + tall + foot) + head
        axes = sheet.axes(at % columns * (wide + 0.1), top, wide, tall)
        sheet.years(axes, years, set(points["year"]), wide)
        _draw_points(sheet, axes, one, (wide / (len(years) + 0.2), tall))
        write_block(axes, years[0] - 0.6, axes.get_ylim()[1], heads[at], (0, 2), va="bottom")
    return sheet.figure


def _title(points: pd.DataFrame) -> Words:
    first = points.iloc[0]
    unit = f"（{first['unit']}）" if first["unit"] else ""
    return f"{first['label_zh']}{unit}", first["label_en"]


def _first_and_last(shown: Sequence[pd.DataFrame]) -> Words:
    """Say of each name what it was in the first and in the last year that has a figure."""
    said: list[Words] = []
    for one in shown:
        known = one[one["value"].notna()]
        ends = pd.concat([known.head(1), known.tail(1)]).drop_duplicates("year").to_dict("records")
        values = [(in_digits(row["value"], share=row["share"]), row["year"]) for row in ends]
        zh, en = (
            "、".join(f"{year} 年 {value}" for value, year in values),
            ", ".join(f"{value} ({year})" for value, year in values),
        )
        said.append((f"{one.iloc[0]['label_zh']}：{zh or '没有数字'}", f"{one.iloc[0]['label_en']}: {en or 'no figure'}"))
    return "；".join(zh for zh, _ in said) + "。", "; ".join(en for _, en in said) + "."


def _only_agency(frame: pd.DataFrame) -> str:
    agencies = list(frame["agency"].drop_duplicates())
    if len(agencies) != 1:
        raise UnusableCells(
            f"this figure is about one agency, and the source has {len(agencies)}"
            + (f" ({', '.join(map(str, agencies[:3]))} …)" if agencies else "")
            + "; choose one: panel.only(agency=…) 本图只画一个机关，请选定其一"
        )
    return str(agencies[0])


def _draw_points(sheet: Sheet, axes: Axes, points: pd.DataFrame, room: tuple[float, float]) -> None:
    """Draw the points of a name, with their figures above them: upright where a year has no room for them."""
    step, tall = room
    known = points[points["value"].notna()]
    texts = [in_digits(point["value"], share=point["share"]) for point in known.to_dict("records")]
    longest = max((text_width(text, sheet.small) for text in texts), default=0.0)
    upright = longest > 0.9 * step
    # the figure of the highest point, and above it the year of a form, have to fit
    above = (longest if upright else sheet.small / 72) + (7 + 1.5 * sheet.small) / 72
    highest = known[["value", "high"]].max(axis=1).max()
    top = 1.0 if pd.isna(highest) or not highest else float(highest)
    axes.set_ylim(-0.06 * top, top * (1 + 1.06 * above / (tall - above)))
    for _, line in known.groupby("line"):
        axes.plot(line["year"], line["value"], color=BLUE, linewidth=1.1, zorder=1)
    ground = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.4}
    for point, text in zip(known.to_dict("records"), texts, strict=True):
        if not pd.isna(point["low"]):
            axes.plot([point["year"]] * 2, [point["low"], point["high"]], color=BLUE, linewidth=0.9, alpha=0.7, zorder=1)
        axes.plot(point["year"], point["value"], **marker(small=point["small"], contradicted=point["contradicted"]))
        up = max(point["value"], 0.0 if pd.isna(point["high"]) else point["high"])
        look: dict[str, Any] = {
            "size": sheet.small,
            "ha": "center",
            "va": "bottom",
            "bbox": ground,
            "rotation": 90 if upright else 0,
        }
        write(axes, point["year"], up, text, (0, 5), **look)
    for point in points[points["value"].isna()].to_dict("records"):
        said = "\n".join(text for text, *_ in sheet.block(REASONS[point["status"]], 9))
        write(axes, point["year"], 0, said, (0, 3), size=0.8 * sheet.small, color=QUIET, ha="center", va="bottom", rotation=90)
    for point in points[points["break_before"]].to_dict("records"):
        axes.axvline(point["year"] - 0.5, color=VERMILLION, linewidth=0.8, linestyle=(0, (4, 2)), zorder=0)
        write(axes, point["year"] - 0.5, axes.get_ylim()[1], point["form"], (2, 0), size=sheet.small, color=VERMILLION, va="top")


def _breaks_in_words(points: pd.DataFrame) -> list[Words]:
    """Say why figures are not comparable, each reason once with the series it is about."""
    broken = points[points["break_before"]]
    return [
        (f"{form} 年表式（{'、'.join(dict.fromkeys(one['label_zh']))}）：{zh}", f"form of {form}: {en}")
        for (form, zh, en), one in broken.groupby(["form", "reason_zh", "reason_en"], sort=False)
    ]


def _point_legend(sheet: Sheet, points: pd.DataFrame) -> list[Line2D]:
    """Explain the markers that occur."""
    from matplotlib.lines import Line2D

    known = points[points["value"].notna()]
    thin: dict[str, Any] = {"color": BLUE, "linewidth": 0.9, "alpha": 0.7}
    broken: dict[str, Any] = {"color": VERMILLION, "linewidth": 0.8, "linestyle": (0, (4, 2))}
    kinds: list[tuple[dict[str, Any], Words, Any]] = [
        (marker(), ("数字", "figure"), True),
        (thin, ("95% 区间", "95% interval"), known["low"].notna().any()),
        (marker(small=True), (f"不足 {SMALL} 例", f"fewer than {SMALL}"), known["small"].eq(True).any()),
        (marker(contradicted=True), ("报告自相矛盾", "report contradicts itself"), known["contradicted"].eq(True).any()),
        (broken, ("换了表式，不可比", "a new form, not comparable"), points["break_before"].any()),
    ]
    return [Line2D([], [], **look, label=sheet.say(words)) for look, words, occurs in kinds if occurs]


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


def carry_over_chain(source: Panel | pd.DataFrame, *, language: Language = "both", width: Width = "page") -> Figure:
    """Draw what each report of an agency carries over beside what the next one says it was handed.

    Parameters
    ----------
    source : Panel or pandas.DataFrame
        Of one agency; also what `carry_overs` returned.
    language, width
        As for all of `govstats.figures`.

    Returns
    -------
    matplotlib.figure.Figure
        Two bars for each two years that follow each other, with ``=`` or ``≠`` beside them; a small figure that
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
    >>> carry_over_chain(cells, language="en").alt
    'Of 2 pairs of years 2 agree, 0 disagree and 0 cannot be compared.'
    """
    from matplotlib.patches import Patch

    sheet = Sheet(language, width)
    chain = source if isinstance(source, pd.DataFrame) and "carried_out" in source else carry_overs(source)
    title = ("结转对得上吗", "Does what is carried over arrive?")
    totals = chain[chain["column"] == "total"]
    if totals.empty:
        return sheet.nothing(
            "", title, ("没有前后两年都有申请情况表的", "no two years that follow each other both have a table of requests")
        )
    agency = _only_agency(chain)
    years = sorted({*totals["year"], *(totals["year"] - 1)})
    counts, others = (
        [int((one["status"] == status).sum()) for status in ("agree", "disagree", "unknown")]
        for one in (totals, chain[chain["column"] != "total"])
    )
    wrong = "/".join(f"{year - 1}→{year}" for year in totals.loc[totals["status"] == "disagree", "year"])
    of = f"{len(totals)} pairs of years"
    finding = (
        f"{len(totals)} 对年份中 {counts[0]} 对相符，{counts[1]} 对不符{f'（{wrong}）' * bool(wrong)}，{counts[2]} 对无从比较。",
        f"Of {of} {counts[0]} agree, {counts[1]} disagree{f' ({wrong})' * bool(wrong)} and {counts[2]} cannot be compared.",
    )
    looks: dict[str, dict[str, Any]] = {
        "carried_out": {"facecolor": "none", "edgecolor": BLUE, "hatch": "////", "linewidth": 0.8},
        "carried_in": {"facecolor": BLUE, "edgecolor": BLUE, "linewidth": 0.8},
    }
    words = (
        ("上年报告：结转下年度", "carried over, report of the year before"),
        ("本年报告：上年结转", "carried in, report of the year"),
    )
    step = 3.4 * sheet.body / 72
    sheet.open(
        f"{agency} · {years[0]}–{years[-1]}",
        title,
        step * len(totals),
        finding=finding,
        notes=[
            ("总计；单位：件。前后两年缺一份报告的不在其中", "totals; unit: requests; pairs with a report missing are left out"),
            (
                f"各类申请人：{others[0]} 对相符，{others[1]} 对不符，{others[2]} 对无从比较",
                f"by applicant: {others[0]} pairs agree, {others[1]} disagree, {others[2]} open",
            ),
        ],
        source=annual_reports([agency], years),
        legend=[Patch(**look, label=sheet.say(one)) for look, one in zip(looks.values(), words, strict=True)],
    )
    known = [figure for name in looks for figure in totals[name].dropna()]
    longest = max(known, default=0) or 1.0
    left = text_width("2020→2021 ", sheet.body) + text_width(" ≠ ", 1.3 * sheet.body)
    wide = sheet.wide - left
    room = wide - max((text_width(f"{figure:,.10g}", sheet.body) for figure in known), default=0.0) - 0.1
    axes = sheet.bars(left, 0, wide, step, len(totals), longest * wide / room)
    for row, pair in enumerate(totals.to_dict("records")):
        sign = {"agree": "=", "disagree": "≠", "unknown": "?"}[pair["status"]]
        write(axes, 0, row, f"{pair['year'] - 1}→{pair['year']}", (-left * 72, 0), size=sheet.body)
        color = VERMILLION if pair["status"] == "disagree" else QUIET
        write(axes, 0, row, sign, (-5, 0), size=1.3 * sheet.body, ha="right", color=color)
        for (name, look), shift in zip(looks.items(), (-0.22, 0.22), strict=True):
            figure = pair[name]
            if pd.isna(figure):
                write(axes, 0, row + shift, "?", (3, 0), size=sheet.body, color=QUIET)
                continue
            if figure:
                axes.barh(row + shift, figure, height=0.36, **look)
            write(axes, figure, row + shift, f"{figure:,.10g}", (3, 0), size=sheet.body)
    return sheet.figure
