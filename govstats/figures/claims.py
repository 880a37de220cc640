"""Figures about what the prose claims."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import pandas as pd

from govstats.figures.drawing import BLUE, INK, QUIET, VERMILLION, bare, empty_figure, legend_above, write, write_foot, write_head
from govstats.report import typed_frame

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from govstats.report import Report


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


def claims_by_report(counts: pd.DataFrame) -> Figure:
    """Draw how many claimed figures agree with the tables, report by report.

    Parameters
    ----------
    counts : pandas.DataFrame
        As `claims_against_cells` returns it.

    Returns
    -------
    matplotlib.figure.Figure
        A bar a report, in three parts that differ in colour and hatching, with their counts.

    Raises
    ------
    MissingExtra
        Matplotlib or the Chinese font is not installed.

    Examples
    --------
    >>> from govstats import embedded
    >>> figure = claims_by_report(claims_against_cells([embedded.report("平潭综合实验区", 2025)]))
    >>> figure.texts[0].get_text()
    '正文所称的数字与表格相符吗  Do the figures in the prose agree with the tables?'
    """
    from matplotlib.patches import Patch

    shown = counts[counts["claims"] > 0]
    height = 0.42 * len(shown) + 1.9
    figure = empty_figure(10.5, height)
    axes = bare(
        figure.add_axes((0.31, 0.62 / height, 0.66, 0.42 * len(shown) / height)), len(shown), max(shown["claims"], default=1)
    )
    kinds: dict[str, tuple[dict[str, Any], str, str]] = {
        "agree": ({"color": BLUE}, "相符 agree", "white"),
        "differ": ({"color": VERMILLION}, "不符 differ", "white"),
        "open": ({"facecolor": "none", "edgecolor": QUIET, "hatch": "////", "linewidth": 0.8}, "无从比较 not comparable", INK),
    }
    for row, report in enumerate(shown.to_dict("records")):
        write(axes, 0, row, f"{report['agency']} {report['year']}", (-9, 0), size=9.5, ha="right")
        start = 0
        for name, (look, _, ink) in kinds.items():
            if report[name]:
                axes.barh(row, report[name], left=start, height=0.62, clip_on=False, **look)
                ground = {"facecolor": "white", "edgecolor": "none", "pad": 1.2} if "hatch" in look else None
                write(axes, start + report[name] / 2, row, str(report[name]), (0, 0), size=9, ha="center", color=ink, bbox=ground)
                start += report[name]
    legend_above(figure, 0.31 * 10.5, [Patch(**look, label=said) for look, said, _ in kinds.values()])
    who = f"{len(shown)} 份报告 reports · {shown['claims'].sum()} 个数字 figures"
    write_head(figure, who, ("正文所称的数字与表格相符吗", "Do the figures in the prose agree with the tables?"))
    write_foot(
        figure, [("每个数字与它所说的那一格，或几格之和比较", "each figure against the cell it speaks of, or the sum of several")]
    )
    return figure
