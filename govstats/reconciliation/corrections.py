"""Decisions of people, as tables: corrections of figures, applied on request, and what was decided on findings and repairs.

They stand for the figures that they speak of, whatever is read again: where others stand there, corrections are refused, and
decisions are stale.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from os import PathLike
from typing import Any, TypeVar, cast

import numpy as np
import pandas as pd

from govstats.errors import RefusedCorrection, UnusableCorrections, require_columns
from govstats.files import Kind, Written, like, lines_of, whole_number, written
from govstats.forms import ONE_FEN
from govstats.reconciliation.matrix import Source, known_of
from govstats.report import Report, column_types

#: The columns of ``corrections.csv``, with their types.
CORRECTION_TYPES = column_types("agency year:Int64 cell old:Float64 new:Float64 reason source date")
#: The columns of ``adjudications.csv``, with their types.
ADJUDICATION_TYPES = column_types("agency year:Int64 rule cells figures decision new by date reason")
DECISIONS = ("confirmed", "dismissed", "corrected")
#: A figure of at most 15 digits: a float holds no more of them.
_FIGURE = r"(?!(?:[^\d;]*\d){16})(?:[-+]?[\d,]*\.?\d+(?:e[-+]?\d+)?|[\d,]+\.)"
_FIGURES = rf"(?:(?:{_FIGURE})?;)*(?:{_FIGURE})?"


def _figure(text: str) -> float:
    return float(text.replace(",", ""))


def _dated(text: str) -> str:
    dt.date.fromisoformat(text[:10])
    return text


def _plain(figures: str) -> str:
    return ";".join(f"{_figure(one):.15g}" if one else "" for one in figures.split(";"))


_ONE_CELL = r"[^/;]+/[^;]*/[^/;]+"
_ONE: Kind = (like(_FIGURE, _figure), "a number of at most 15 digits", "应为不超过 15 位的数字")
_MANY: Kind = (
    like(_FIGURES, _plain),
    "numbers of at most 15 digits joined by semicolons, with nothing where there is none",
    "应为以分号相连的数字，每个不超过 15 位，没有数字处留空",
)
#: What columns of both tables hold that is no text; of `new` each says so itself.
_KINDS: Mapping[str, Kind] = {
    "year": (whole_number(1000, 9999), "a number such as 2023", "应为如 2023 的年份"),
    "date": (_dated, "YYYY-MM-DD", "应为 2024-05-06 这样的日期"),
    "cell": (like("[^/]+/.*/[^/]+"), "table/line/column", "应为“表/行/栏”"),
    "cells": (like(rf"{_ONE_CELL}(?:;{_ONE_CELL})*"), "table/line/column, joined by semicolons", "应为以分号相连的“表/行/栏”"),
    "decision": (like("|".join(DECISIONS)), f"one of {', '.join(DECISIONS)}", f"应为 {'、'.join(DECISIONS)} 之一"),
    "old": _ONE,
    "figures": _MANY,
}
_REPORT = ["agency", "year"]
_CELL = [*_REPORT, "cell"]

Corrections = Written
AnySource = TypeVar("AnySource", bound=Source)


def read_corrections(path: str | PathLike[str]) -> pd.DataFrame:
    """Read a file of documented corrections.

    Parameters
    ----------
    path : path
        A CSV file (UTF-8) with the columns ``agency year cell old new reason source date``. `cell` is ``table/line/column`` with
        the ids of the form, `old` the figure that is expected to stand there, in the form's unit, empty where the cell has none,
        `new` the right one. `reason` and `source` say why and by whose word, `date` (YYYY-MM-DD) since when that is known.

    Returns
    -------
    pandas.DataFrame
        One row a correction, with those columns; `old` and `new` are Float64.

    Raises
    ------
    UnusableCorrections
        The file is missing, lacks a column, or has a line that cannot be understood; the message names them all.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp(), "corrections.csv")
    >>> line = "淮安市洪泽区人民政府,2023,review/reconsideration/total,0,11,总计漏填,来函,2024-05-06"
    >>> _ = path.write_text("agency,year,cell,old,new,reason,source,date\\n" + line, encoding="utf-8")
    >>> read_corrections(path)[["cell", "old", "new"]].values.tolist()
    [['review/reconsideration/total', 0.0, 11.0]]
    """
    return _listed(path).drop(columns="where")


def read_adjudications(path: Corrections, *, rules: Collection[str] | None = None) -> pd.DataFrame:
    """Read a table of decisions on findings and repairs.

    Parameters
    ----------
    path : path or DataFrame
        A CSV file (UTF-8) with the columns ``agency year rule cells figures decision new by date reason``. `rule` and `cells` are
        those of a finding, or of a repair; `figures` what the cells held when it was decided, joined by semicolons, with nothing
        where there was none. `decision` is ``confirmed`` (the finding is right), ``dismissed`` (it is none) or ``corrected``:
        then `new` has the right figures. `by` and `reason` say who decided and why, `date` (YYYY-MM-DD) when.
        A finding without cells has none here: whether the document changed since, nothing tells.
    rules : collection of str, optional
        The ids of all rules: a decision on another one is refused.

    Returns
    -------
    pandas.DataFrame
        One row a decision, with those columns.

    Raises
    ------
    UnusableCorrections
        The file is missing, lacks a column, or has a line that cannot be understood; the message names them all.

    Examples
    --------
    >>> decided = {"agency": "某区", "year": 2023, "rule": "T4S", "cells": "review/reconsideration/total", "figures": "0"}
    >>> decided |= {"decision": "dismissed", "new": "", "by": "张三", "date": "2024-05-06", "reason": "来函说明"}
    >>> read_adjudications(pd.DataFrame([decided]))[["figures", "decision"]].values.tolist()
    [['0', 'dismissed']]
    """
    kinds = {}
    if rules is not None:
        known, ids = "|".join(map(re.escape, rules)), ", ".join(rules)
        joined = like(rf"(?:{known})(?:;(?:{known}))*")
        kinds["rule"] = (joined, f"one or several of {ids}, joined by semicolons", "应为以分号相连的已知规则编号")
    read = _read(path, ADJUDICATION_TYPES, _MANY, {"cells", "figures", "new"}, **kinds)
    counts = {name: read[name].str.count(";") for name in ("cells", "figures", "new")}
    corrected = read["decision"] == "corrected"
    uneven = (counts["figures"] != counts["cells"]) | (corrected & (counts["new"] != counts["cells"]))
    if uneven.any():
        raise UnusableCorrections.worded("uneven_decisions", places="; ".join(read.index[uneven]))
    return read.reset_index(drop=True)


def _corrected(decisions: pd.DataFrame) -> pd.DataFrame:
    """Return what adjudications correct, as the lines of ``corrections.csv``."""
    corrected = decisions[decisions["decision"] == "corrected"].assign(source=decisions["by"]).rename(columns={"figures": "old"})
    parts = ["cells", "old", "new"]
    each = corrected.assign(**{name: corrected[name].str.split(";") for name in parts}).explode(parts, ignore_index=True)
    each = each[each["new"] != ""].rename(columns={"cells": "cell"})[list(CORRECTION_TYPES)]
    return each.drop_duplicates(["agency", "year", "cell", "old", "new"])


def _names_of(cells: pd.DataFrame) -> list[str]:
    """Return the cells of a frame as ``table/line/column``."""
    return ["/".join(key) for key in zip(*(cells[name] for name in ("table", "line", "column")), strict=True)]


def trial(repairs: pd.DataFrame) -> pd.DataFrame:
    """Write repairs down as corrections, to see what becomes of the edits.

    Parameters
    ----------
    repairs : DataFrame
        Rows of what `govstats.repairs` returned, at most one for each cell.

    Returns
    -------
    DataFrame
        The columns of ``corrections.csv``, without the rows that propose no figure. The source says that it is a trial; the date
        is the first day on which the report can have been published.

    Examples
    --------
    >>> import govstats
    >>> from govstats import embedded
    >>> report = embedded.report("淮安市洪泽区人民政府", 2023)
    >>> trial(govstats.repairs(report))[["cell", "old", "new", "date"]].values.tolist()[0]
    ['review/reconsideration/total', 0.0, 11.0, '2024-01-01']
    """
    known = repairs.dropna(subset=["proposed"])
    names = {"reported": "old", "proposed": "new", "message_zh": "reason"}
    date = [f"{year + 1:04}-01-01" for year in known["year"].fillna(0).astype(int)]
    listed = known.rename(columns=names).assign(cell=_names_of(known), source="试改 a trial", date=date)
    return listed[list(CORRECTION_TYPES)].astype(CORRECTION_TYPES)


def correct(source: Source, corrections: Corrections) -> pd.DataFrame:
    """Set beside every figure what it is after the documented corrections.

    Parameters
    ----------
    source : Report, DataFrame or panel
        A report; or cells with the columns of `Report.cells`, of any number of agencies and years.
    corrections : path or DataFrame
        As `read_corrections` takes or returns it; or as `read_adjudications` does, of which those count that
        correct. Those of agencies and years that are not in `source` are left aside.

    Returns
    -------
    pandas.DataFrame
        The cells with all their columns, in order: `printed` is as reported, `value` as read, both untouched; `corrected`
        (Float64) is as corrected, the same as `value` where no correction applies. `reason`, `correction_source` and
        `correction_date` are null there.

    Raises
    ------
    UnusableCorrections
        A correction cannot be understood, or two are about one cell.
    RefusedCorrection
        A cell is not there, or its figure is not the one that a correction expects: the document was published anew, say, or read
        otherwise than before. Nothing is corrected then; the message lists every such cell.

    Examples
    --------
    >>> from govstats import embedded
    >>> report = embedded.report("淮安市洪泽区人民政府", 2023)
    >>> known = {"agency": report.agency, "year": 2023, "cell": "review/reconsideration/total", "old": 0, "new": 11}
    >>> known |= {"reason": "总计漏填", "source": "来函", "date": "2024-05-06"}
    >>> cells = correct(report, pd.DataFrame([known]))
    >>> cells.loc[cells["reason"].notna(), ["printed", "value", "corrected"]].values.tolist()
    [['0', 0.0, 11.0]]
    """
    cells = known_of(source).cells
    listed = _listed(corrections)
    for _, again in listed[listed.duplicated(_CELL)].iterrows():
        before = listed.loc[(listed[_CELL] == again[_CELL]).all(axis=1), "where"].iloc[0]
        cell = " ".join(map(str, again[_CELL]))
        raise UnusableCorrections.worded("corrected_twice", where=again["where"], cell=cell, before=before)
    named = cells.reindex(columns=[*_REPORT, "value", "printed"]).astype({"agency": "str", "year": "Int64"})
    named = named.assign(cell=_names_of(cells), row=range(len(cells)))
    concerned = listed.merge(named[_REPORT].drop_duplicates())
    concerned = concerned.merge(named.drop_duplicates(_CELL, keep="last"), on=_CELL, how="left")
    _refuse_unfit(concerned)
    said = concerned.set_index(concerned["row"].astype(int)).reindex(range(len(cells)))
    corrected = said["new"].fillna(cells["value"].astype("Float64").set_axis(said.index))
    beside = {"reason": "reason", "correction_source": "source", "correction_date": "date"}
    return cells.assign(corrected=corrected.array, **{name: said[column].array for name, column in beside.items()})


def _refuse_unfit(concerned: pd.DataFrame) -> None:
    """Refuse corrections of cells that are not there, or in which another figure stands."""
    there, old = (concerned[name].to_numpy(dtype=float, na_value=np.nan) for name in ("value", "old"))
    fits = concerned["row"].notna() & np.isclose(there, old, rtol=0, atol=ONE_FEN, equal_nan=True)
    refused = []
    for one in concerned[~fits].to_dict("records"):
        who = f"{one['where']}: {one['agency']} {one['year']}"
        if pd.isna(one["row"]):
            refused.append(f"{who} has no cell {one['cell']}")
        else:
            said = [f"{one[name]:g}" if pd.notna(one[name]) else "no figure" for name in ("value", "old")]
            refused.append(f"{who} {one['cell']} has {said[0]} (printed {one['printed']!r}), the correction expects {said[1]}")
    if refused:
        raise RefusedCorrection.worded("corrections_refused", refused="; ".join(refused))


def as_corrected(source: AnySource, corrections: Corrections | None) -> AnySource:
    """Put the corrected figures in the place of those that were read, for what is worked out from them.

    Parameters
    ----------
    source : Report, DataFrame or panel
    corrections : path, DataFrame or None
        As `correct` takes it; None leaves everything as it was read.

    Returns
    -------
    Report, DataFrame or panel
        Like `source`; `method` is ``corrected`` where a correction was applied, and `printed` is still what the document prints.
    """
    if corrections is None:
        return source
    if not isinstance(source, Report | pd.DataFrame):
        return cast(AnySource, replace(known_of(source), cells=as_corrected(source.cells, corrections)))
    beside = correct(source, corrections)
    changed = beside["reason"].notna()
    status, method = (beside[name].mask(changed, new) for name, new in (("status", "reported"), ("method", "corrected")))
    names = source.cells.columns if isinstance(source, Report) else source.columns
    cells = beside.assign(value=beside["corrected"], status=status, method=method)[list(names)]
    return cast(AnySource, source.with_cells(cells) if isinstance(source, Report) else cells)


# --- decisions ---------------------------------------------------------------------------------------------------------------


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
        Lines for ``adjudications.csv``, as `read_adjudications` has them.

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
        raise UnusableCorrections.worded("decision_of_rows", decision=decision)
    require_columns(rows, () if of_repairs else ("rule", *_REPORT, "cells"), "findings", "govstats.reconcile(...)")
    told = _of_repairs(rows) if of_repairs else rows.assign(new="")
    told = told.assign(decision=decision, by=by, reason=reason, date=date or dt.datetime.now().date().isoformat())
    return read_adjudications(told.assign(figures=_figures(source, told))[list(ADJUDICATION_TYPES)])


def _of_repairs(rows: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each repair and report."""
    told = rows.assign(rule=rows["rules"], cells=_names_of(rows), new=[f"{figure:.15g}" for figure in rows["proposed"]])
    joined: dict[str, Any] = {"rule": "first", "cells": ";".join, "new": ";".join}
    return told.groupby(["repair", *_REPORT], as_index=False, sort=False).agg(joined)


def standing(source: Source, adjudications: Corrections) -> pd.DataFrame:
    """Tell which decisions still stand: where the figures that they speak of have changed, they are stale.

    Parameters
    ----------
    source : Report, DataFrame or panel
    adjudications : path or DataFrame
        As `read_adjudications` takes it. Those of other reports are left aside.

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
    keys = zip(near["agency"], near["year"], _names_of(near), strict=True)
    figures = {key: f"{value:.15g}" for key, value in zip(keys, near["value"], strict=True)}
    told = zip(*(decisions[name] for name in (*_REPORT, "cells")), strict=True)
    return [";".join(figures.get((agency, year, cell), "") for cell in named.split(";")) for agency, year, named in told]


def decided(findings: pd.DataFrame, source: Source, adjudications: Corrections, rules: Collection[str]) -> pd.DataFrame:
    """Set beside each finding what was decided on it; of several decisions the last counts.

    Parameters
    ----------
    findings : DataFrame
        As `govstats.reconcile` returns them.
    source : Report, DataFrame or panel
        As reported, without corrections.
    adjudications : path or DataFrame
    rules : collection of str
        The ids of the rules that were applied.

    Returns
    -------
    pandas.DataFrame
        The findings, in `decision` the word of the table, or ``stale`` where the figures are others than it speaks of.
    """
    told = standing(source, read_adjudications(adjudications, rules=rules))
    told = told.assign(rule=told["rule"].str.split(";"), said=told["decision"].mask(told["stale"], "stale")).explode("rule")
    beside = findings[["rule", *_REPORT, "cells"]].reset_index(drop=True).reset_index(names="row").dropna(subset=_REPORT)
    both = told[["rule", *_REPORT, "cells", "decision", "said"]].merge(beside, on=["rule", *_REPORT], suffixes=("", "_of"))
    decision = findings["decision"].to_numpy(dtype=object)
    for row, cells, of, word, said in both[["row", "cells", "cells_of", "decision", "said"]].itertuples(index=False):
        mine, its = set(cells.split(";")), set(of.split(";"))
        if mine == its or (word == "corrected" and mine < its):
            decision[row] = said
    return findings.assign(decision=pd.array(decision, dtype="str"))


# --- tables as written -----------------------------------------------------------------------------------------------------


def _listed(corrections: Corrections) -> pd.DataFrame:
    """Return the corrections, each with `where` it stands; of adjudications those that correct."""
    if "decision" in lines_of(corrections, UnusableCorrections)[1]:
        corrections = _corrected(read_adjudications(corrections))
    return _read(corrections, CORRECTION_TYPES, _ONE, {"old"}).reset_index(names="where")


def _read(table: Corrections, types: Mapping[str, str], new: Kind, may_be_empty: Collection[str], **kinds: Kind) -> pd.DataFrame:
    """Return a table of decisions; of `new` and more columns `kinds` say what they hold."""
    kinds, filled = {**_KINDS, "new": new, **kinds}, types.keys() - may_be_empty
    read = written(table, types, kinds, error=UnusableCorrections, needed=types, filled=filled)
    return read.fillna({name: "" for name, dtype in types.items() if dtype == "str"})
