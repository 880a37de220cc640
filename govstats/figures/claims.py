"""Figures about what the prose claims."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import pandas as pd

from govstats.figures.drawing import (
    BLUE,
    QUIET,
    VERMILLION,
    Language,
    Sheet,
    Width,
    annual_reports,
    pitch,
    text_width,
    widest,
    write,
    write_block,
)
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
    from matplotlib.patches import Patch

    sheet = Sheet(language, width)
    shown = counts[counts["claims"] > 0]
    kinds: dict[str, tuple[dict[str, Any], str, str]] = {
        "agree": ({"facecolor": BLUE, "edgecolor": BLUE, "linewidth": 0.8}, "相符", "agree"),
        "differ": ({"facecolor": VERMILLION, "edgecolor": VERMILLION, "linewidth": 0.8}, "不符", "differ"),
        "open": ({"facecolor": "none", "edgecolor": QUIET, "hatch": "////", "linewidth": 0.8}, "无从比较", "not comparable"),
    }
    labels = [sheet.block((f"{row['agency']} {row['year']}",) * 2, 0.4 * sheet.wide) for row in shown.to_dict("records")]
    heads = [sheet.block((zh, en), 0.9 * sheet.body * 4 / 72, size=sheet.small) for _, zh, en in kinds.values()]
    left, step, column = widest(labels) + 0.1, pitch(labels), max(widest(heads), text_width("1,234", sheet.body)) + 0.08
    all_, agree, differ, undecided = (int(shown[name].sum()) for name in ("claims", *kinds))
    sheet.open(
        f"{len(shown)} {sheet.say(('份报告', 'reports'))}",
        ("正文所称的数字与表格相符吗", "Do the figures in the prose agree with the tables?"),
        pitch(heads) + step * len(shown),
        finding=(
            f"正文的 {all_} 个数字中，{agree} 个与表格相符，{differ} 个不符，{undecided} 个无从比较。",
            f"Of {all_} figures in the prose {agree} agree with the tables, {differ} differ and {undecided} cannot be compared.",
        ),
        notes=[
            ("每个数字与它所说的那一格，或几格之和比较", "each figure against the cell it speaks of, or the sum of several"),
            ("单位：个数字", "unit: figures in the prose"),
        ],
        source=annual_reports(shown["agency"], shown["year"]),
        legend=[Patch(**look, label=sheet.say((zh, en))) for look, zh, en in kinds.values()],
    )
    wide = sheet.wide - left - 3 * column
    axes = sheet.bars(left, pitch(heads), wide, step, len(shown), max(shown["claims"], default=1))
    for at, name in enumerate(kinds):
        # beside the bars: a part may be narrower than its count
        edge = (wide + (at + 1) * column) * 72
        write_block(axes, 0, -0.5, heads[at], (edge, 2), ha="right", va="bottom")
        start = shown[list(kinds)[:at]].sum(axis=1)
        for row, (count, begin) in enumerate(zip(shown[name], start, strict=True)):
            write(axes, 0, row, str(count), (edge, 0), size=sheet.body, ha="right")
            if count:
                axes.barh(row, count, left=begin, height=0.55, clip_on=False, **kinds[name][0])
    for row, block in enumerate(labels):
        write_block(axes, 0, row, block, (-5, 0), ha="right")
    return sheet.figure
