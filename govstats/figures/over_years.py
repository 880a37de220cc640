"""Figures about one agency over the years: no line leads into a break or over a year that is not there."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from govstats.errors import require_columns
from govstats.export import connected
from govstats.export.database import arrow_table, query
from govstats.figures import drawing
from govstats.figures.drawing import BLUE, HATCHED, INK, QUIET, VERMILLION, Language, Sheet, Width, Words, chapter, words
from govstats.measures import definitions, indicators, series, series_definitions
from govstats.panel import Panel
from govstats.reconciliation import reconcile
from govstats.reconciliation.findings import standing
from govstats.report import Report, column_types

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Series and indicators that are drawn unless others are named.
MAIN = tuple(
    "requests_received requests_processed requests_carried_out disclosure_rate reconsiderations litigation decisions.licensing "
    "decisions.penalties".split()
)
#: Why a report has no figure, short enough to stand on the axis.
REASONS = chapter("reasons")
#: The line before a year whose figures are not comparable with those before.
_BREAK: dict[str, Any] = {"color": VERMILLION, "linewidth": 0.8, "linestyle": (0, (4, 2))}
_POINT_TYPES = column_types(
    "agency year:Int64 form name label_zh label_en unit share:bool value:Float64 low:Float64 high:Float64 small:boolean "
    "contradicted:boolean status break_before:bool reason_zh reason_en line:Int64"
)
_CARRY_OVER_TYPES = column_types("agency year:Int64 column carried_out:Float64 carried_in:Float64 difference:Float64 status")


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
    wrong = standing(reconcile(source) if isinstance(source, (Report, pd.DataFrame)) else source.findings)
    wrong = wrong[wrong["severity"] == "E"]
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
    sheet = Sheet("series", language, width)
    points = source if isinstance(source, pd.DataFrame) and "line" in source and "name" in source else None
    if points is None:
        points = points_over_years(source, names)
    require_columns(points, _POINT_TYPES, "points", "figures.points_over_years(panel)")
    agency = drawing.only(points, "agency", "panel.only(agency=…)", "机关")
    points = points.astype(dict.fromkeys(("value", "low", "high"), float))
    shown = [one for _, one in points.groupby("name", sort=False)]
    years = [*range(points["year"].min(), points["year"].max() + 1)]
    # a year has room for its figure upright
    columns = min(len(shown), max(1, int(sheet.wide / max(1.5, len(years) * 1.3 * sheet.small / 72))))
    rows = math.ceil(len(shown) / columns)
    wide, tall = sheet.wide / columns - 0.1, 10 * sheet.body / 72
    upright = wide / len(years) < drawing.text_width("2000 ", sheet.small)
    grid = sheet.axes(rows, columns, tall=tall, used=len(shown))
    for axes, one in zip(grid.flat, shown, strict=False):
        axes.set(xlim=(years[0] - 0.6, years[-1] + 0.6))
        axes.spines["bottom"].set(visible=True, color=drawing.FAINT)
        sheet.title(axes, sheet.label(drawing.with_unit(one.iloc[0]), wide))
        axes.set_xticks(years, map(str, years), rotation=90 * upright, **drawing.text_style(sheet.small, INK))
        for year, tick in zip(years, axes.get_xticklabels(), strict=True):
            tick.set_color(INK if year in set(points["year"]) else "#949494")
        _draw_points(sheet, axes, one, (wide / (len(years) + 0.2), tall))
    return sheet.close(
        f"{agency} · {years[0]}–{years[-1]}",
        finding=_first_and_last(shown),
        notes=[sheet.words("joined"), *_breaks_in_words(points)],
        source=drawing.annual_reports([agency], points["year"]),
        key=drawing.point_key(
            points, sheet.words("value"), [(_BREAK, sheet.words("break"))] * bool(points["break_before"].any())
        ),
    )


def _first_and_last(shown: Sequence[pd.DataFrame]) -> Words:
    """Say of each name what it was in the first and in the last year that has a figure."""
    said = []
    for one in shown:
        known = one[one["value"].notna()]
        ends = pd.concat([known.head(1), known.tail(1)]).drop_duplicates("year").to_dict("records")
        values = [
            words("series.end", year=row["year"], value=drawing.in_digits(row["value"], share=row["share"])) for row in ends
        ] or [words("series.none")]
        label = one["label_zh"].iloc[0], one["label_en"].iloc[0]
        said.append(words("series.ends", label=label, values=drawing.listed(values)))
    return words("series.finding", series=drawing.listed(said, ("；", "; ")))


def _draw_points(sheet: Sheet, axes: Axes, points: pd.DataFrame, room: tuple[float, float]) -> None:
    """Draw the points of a name, with their figures above them: upright where a year has no room for them."""
    step, tall = room
    known = points[points["value"].notna()]
    texts = [drawing.in_digits(value, share=share) for value, share in zip(known["value"], known["share"], strict=True)]
    longest = sheet.widest(texts, sheet.small)
    upright = longest > 0.9 * step
    # the figure of the highest point, and above it the year of a form, have to fit
    above = (longest if upright else sheet.small / 72) + (7 + 1.5 * sheet.small) / 72
    highest = np.nanmax([*known["value"], *known["high"], 0.0]) or 1.0
    top = highest * (1 + 1.06 * above / (tall - above))
    axes.set_ylim(-0.06 * highest, top)
    for _, line in known.groupby("line"):
        axes.plot(line["year"], line["value"], color=BLUE, linewidth=1.1, zorder=1)
    place: dict[str, Any] = {"ha": "center", "va": "bottom"}
    ground = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.4}
    for point, text in zip(known.to_dict("records"), texts, strict=True):
        drawing.draw_value(axes, point["year"], point, across=False)
        up = np.nanmax([point["value"], point["high"]])
        drawing.write(axes, point["year"], up, text, (0, 5), size=sheet.small, bbox=ground, rotation=90 * upright, **place)
    for point in points[points["value"].isna()].to_dict("records"):
        said = sheet.say(REASONS[point["status"]], "\n")
        drawing.write(axes, point["year"], 0, said, (0, 3), size=0.8 * sheet.small, color=QUIET, rotation=90, **place)
    for point in points[points["break_before"]].to_dict("records"):
        before = point["year"] - 0.5
        axes.axvline(before, **_BREAK, zorder=0)
        drawing.write(axes, before, top, point["form"], (2, 0), size=sheet.small, color=VERMILLION, va="top")


def _breaks_in_words(points: pd.DataFrame) -> list[Words]:
    """Say why figures are not comparable, each reason once with the series it is about."""
    broken = points[points["break_before"]].groupby(["form", "reason_zh", "reason_en"], sort=False)["label_zh"]
    return [
        words("series.broken", form=form, labels="、".join(dict.fromkeys(labels)), reason=(zh, en))
        for (form, zh, en), labels in broken
    ]


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
    require_columns(cells, ("agency", "year", "table", "line", "column", "value"), "cells", "Report.cells")
    cells = cells.loc[cells["table"] == "requests", ["agency", "year", "line", "column", "value"]]
    with connected(None) as connection:
        connection.register("cells", arrow_table(cells.assign(position=pd.factorize(cells["column"])[0])))
        frame: pd.DataFrame = connection.sql(query("figures/carry_overs.sql")).df()
    return frame.astype(_CARRY_OVER_TYPES)


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
    sheet = Sheet("carry_overs", language, width)
    chain = source if isinstance(source, pd.DataFrame) and "carried_out" in source else carry_overs(source)
    require_columns(chain, _CARRY_OVER_TYPES, "chain", "figures.carry_overs(panel)")
    totals = chain[chain["column"] == "total"]
    if totals.empty:
        return sheet.nothing("", sheet.words("none"))
    agency = drawing.only(chain, "agency", "panel.only(agency=…)", "机关")
    years = sorted({*totals["year"], *(totals["year"] - 1)})
    kinds: dict[str, dict[str, Any]] = {"carried_out": HATCHED, "carried_in": {**HATCHED, "facecolor": BLUE, "hatch": None}}
    signs = {"agree": "=", "disagree": "≠", "unknown": "?"}
    labels = [f"{signs[status]}  {year - 1}→{year}" for status, year in zip(totals["status"], totals["year"], strict=True)]
    which = "/".join(label.split()[1] for label in labels if label.startswith("≠"))
    axes = sheet.axes(tall=3.4 * sheet.body / 72 * len(totals))[0, 0]
    sheet.bars(axes, labels, float(totals[[*kinds]].max().fillna(0).max()) or 1.0)
    for tick, status in zip(axes.get_yticklabels(), totals["status"], strict=True):
        tick.set_color(VERMILLION if status == "disagree" else INK)
    for (name, look), shift in zip(kinds.items(), (-0.22, 0.22), strict=True):
        for row, figure in enumerate(totals[name].astype(float)):
            text, end = ("?", 0.0) if np.isnan(figure) else (f"{figure:,.10g}", figure)
            drawing.bar(axes, row + shift, end, text, size=sheet.body, height=0.36, **look)
    return sheet.close(
        f"{agency} · {years[0]}–{years[-1]}",
        finding=sheet.words(
            "finding", all=len(totals), which=(f"（{which}）", f" ({which})") if which else "", **_statuses(totals)
        ),
        notes=[sheet.words("unit"), sheet.words("applicants", **_statuses(chain[chain["column"] != "total"]))],
        source=drawing.annual_reports([agency], years),
        key=[(look, sheet.words(name)) for name, look in kinds.items()],
    )


def _statuses(chain: pd.DataFrame) -> dict[str, int]:
    """Count the pairs of years that agree, disagree, and cannot be compared."""
    return {status: int((chain["status"] == status).sum()) for status in ("agree", "disagree", "unknown")}
