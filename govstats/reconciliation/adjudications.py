"""What people decided on findings and repairs: it stands for the figures that it speaks of, whatever is read again."""

from __future__ import annotations

import datetime as dt

import pandas as pd

from govstats.errors import UnusableCorrections, require_columns
from govstats.forms import cell_key
from govstats.reconciliation.corrections import ADJUDICATION_TYPES, Corrections, read_adjudications
from govstats.reconciliation.matrix import Source, known_of

_REPORT = ["agency", "year"]


def adjudicate(
    source: Source, rows: pd.DataFrame, decision: str, *, by: str, reason: str, date: str | None = None
) -> pd.DataFrame:
    """Write down what was decided on findings, or that repairs are what has to be corrected.

    Parameters
    ----------
    source : Report, DataFrame or panel
        The reports, from which the figures are taken that the decision speaks of.
    rows : DataFrame
        Rows of what `govstats.reconcile` returned, to be ``confirmed`` or ``dismissed``; or all rows of repairs of
        `govstats.repairs`, to be ``corrected``.
    decision : str
        One of these.
    by, reason : str
        Who decided, and why.
    date : str, optional
        When (YYYY-MM-DD); today, if left out.

    Returns
    -------
    pandas.DataFrame
        Lines for ``adjudications.csv``, as `govstats.reconciliation.corrections.read_adjudications` has them.

    Raises
    ------
    UnusableCorrections
        The decision does not go with the rows, or a repair leaves a figure open.

    Examples
    --------
    >>> import govstats
    >>> from govstats import embedded
    >>> report = embedded.report("淮安市洪泽区人民政府", 2023)
    >>> failed = govstats.reconcile(report).query("rule == 'T4S' and status == 'fail'").head(1)
    >>> decided = adjudicate(report, failed, "dismissed", by="张三", reason="来函说明", date="2024-05-06")
    >>> decided[["rule", "figures", "decision"]].values.tolist()
    [['T4S', '10;1;0;0;0', 'dismissed']]
    """
    of_repairs = "proposed" in rows.columns
    if (decision == "corrected") != of_repairs or (of_repairs and rows["proposed"].isna().any()):
        raise UnusableCorrections(
            f"decision={decision!r}: findings are confirmed or dismissed, and repairs that propose every figure corrected"
            " 核对结果只能确认或排除；要更正，请传入改法（各格都有应为的数字）"
        )
    require_columns(rows, () if of_repairs else ("rule", *_REPORT, "cells"), "findings", "govstats.reconcile(...)")
    told = _of_repairs(rows) if of_repairs else rows.assign(new="")
    told = told.assign(decision=decision, by=by, reason=reason, date=date or dt.datetime.now().date().isoformat())
    return read_adjudications(told.assign(figures=_figures(source, told))[list(ADJUDICATION_TYPES)])


def _of_repairs(rows: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each repair and report."""
    cells = rows["table"] + "/" + rows["line"] + "/" + rows["column"]
    told = rows.assign(rule=rows["rules"], cells=cells, new=[f"{figure:.15g}" for figure in rows["proposed"]])
    return told.groupby(["repair", *_REPORT], as_index=False, sort=False).agg(
        {"rule": "first", "cells": ";".join, "new": ";".join}
    )


def standing(source: Source, adjudications: Corrections) -> pd.DataFrame:
    """Tell which decisions still stand: where the figures that they speak of have changed, they are stale.

    Parameters
    ----------
    source : Report, DataFrame or panel
    adjudications : path or DataFrame
        As `govstats.reconciliation.corrections.read_adjudications` takes it. Those of other reports are left aside.

    Returns
    -------
    pandas.DataFrame
        The decisions with all columns, ``now``, what the cells hold, and ``stale``.

    Examples
    --------
    >>> from govstats import embedded
    >>> report = embedded.report("淮安市洪泽区人民政府", 2023)
    >>> decided = {"agency": report.agency, "year": 2023, "rule": "T4S", "cells": "review/reconsideration/total", "figures": "11"}
    >>> decided |= {"decision": "dismissed", "new": "", "by": "张三", "date": "2024-05-06", "reason": "来函说明"}
    >>> standing(report, pd.DataFrame([decided]))[["figures", "now", "stale"]].values.tolist()
    [['11', '0', True]]
    """
    reports = known_of(source).cells[_REPORT].drop_duplicates().astype({"agency": "str", "year": "Int64"})
    mine = read_adjudications(adjudications).merge(reports)
    now = pd.Series(_figures(source, mine), index=mine.index, dtype="str")
    return mine.assign(now=now, stale=mine["figures"] != now)


def _figures(source: Source, decisions: pd.DataFrame) -> list[str]:
    """Return what the cells of decisions hold, joined by semicolons."""
    cells = known_of(source).cells
    near = cells[cells["agency"].isin(decisions["agency"]) & cells["value"].notna()]
    keys = zip(*(near[name] for name in (*_REPORT, "table", "line", "column")), strict=True)
    figures = {key: f"{value:.15g}" for key, value in zip(keys, near["value"], strict=True)}
    return [
        ";".join(figures.get((agency, year, *cell_key(cell)), "") for cell in named.split(";"))
        for agency, year, named in zip(decisions["agency"], decisions["year"], decisions["cells"], strict=True)
    ]


def decided(findings: pd.DataFrame, source: Source, adjudications: Corrections) -> pd.DataFrame:
    """Set beside each finding what was decided on it; of several decisions the last counts.

    Parameters
    ----------
    findings : DataFrame
        As `govstats.reconcile` returns them.
    source : Report, DataFrame or panel
        As reported, without corrections.
    adjudications : path or DataFrame

    Returns
    -------
    pandas.DataFrame
        The findings, in `decision` the word of the table, or ``stale`` where the figures are others than it speaks of.
    """
    told = standing(source, adjudications)
    told = told.assign(rule=told["rule"].str.split(";"), said=told["decision"].mask(told["stale"], "stale")).explode("rule")
    beside = findings[["rule", *_REPORT, "cells"]].reset_index(drop=True).reset_index(names="row").dropna(subset=_REPORT)
    both = told[["rule", *_REPORT, "cells", "decision", "said"]].merge(beside, on=["rule", *_REPORT], suffixes=("", "_of"))
    decision = findings["decision"].to_numpy(dtype=object)
    for row, cells, of, word, said in both[["row", "cells", "cells_of", "decision", "said"]].itertuples(index=False):
        mine, its = set(cells.split(";")), set(of.split(";"))
        if mine == its or (word == "corrected" and mine < its):
            decision[row] = said
    return findings.assign(decision=pd.array(decision, dtype="str"))
