"""Decisions of people on figures, as tables: documented corrections, applied on request and refused where they do not fit."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import overload

import numpy as np
import pandas as pd

from govstats.agencies import written_rows
from govstats.errors import RefusedCorrection, UnusableCorrections
from govstats.forms import ONE_FEN
from govstats.reconciliation.matrix import Source, known_of
from govstats.report import Report

#: The columns of ``corrections.csv``, with their types.
CORRECTION_TYPES = {
    "agency": "str",
    "year": "Int64",
    "cell": "str",
    "old": "Float64",
    "new": "Float64",
    "reason": "str",
    "source": "str",
    "date": "str",
}
#: The columns of ``adjudications.csv``, with their types.
ADJUDICATION_TYPES = {"agency": "str", "year": "Int64"} | dict.fromkeys(
    ("rule", "cells", "figures", "decision", "new", "by", "date", "reason"), "str"
)
DECISIONS = ("confirmed", "dismissed", "corrected")
#: A figure of at most 15 digits: a float holds no more of them.
_FIGURE = r"(?!(?:[^\d;]*\d){16})(?:[-+]?[\d,]*\.?\d+(?:e[-+]?\d+)?|[\d,]+\.)"
_FIGURES = rf"(?:(?:{_FIGURE})?;)*(?:{_FIGURE})?"
_ONE_CELL = r"[^/;]+/[^;]*/[^/;]+"
#: What columns look like, where they have anything.
_EXPECTED = {
    "year": (r"\d{4}(?:\.0)?", "a number such as 2023", "如 2023 的年份"),
    **dict.fromkeys(("old", "new"), (_FIGURE, "a number of at most 15 digits", "不超过 15 位的数字")),
    "cell": (r"[^/]+/.*/[^/]+", "table/line/column", "表/行/栏"),
}
_EXPECTED_OF_DECISIONS = {
    "year": _EXPECTED["year"],
    "decision": ("|".join(DECISIONS), f"one of {', '.join(DECISIONS)}", "、".join(DECISIONS) + " 之一"),
    "cells": (rf"{_ONE_CELL}(?:;{_ONE_CELL})*", "table/line/column, joined by semicolons", "以分号相连的“表/行/栏”"),
    **dict.fromkeys(
        ("figures", "new"),
        (
            _FIGURES,
            "numbers of at most 15 digits joined by semicolons, with nothing where there is none",
            "以分号相连的数字，每个不超过 15 位，没有数字处留空",
        ),
    ),
}
_CELL = ["agency", "year", "cell"]

Corrections = str | PathLike[str] | pd.DataFrame


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


def read_adjudications(path: Corrections) -> pd.DataFrame:
    """Read a table of decisions on findings and repairs.

    Parameters
    ----------
    path : path or DataFrame
        A CSV file (UTF-8) with the columns ``agency year rule cells figures decision new by date reason``. `rule` and `cells` are
        those of a finding, or of a repair; `figures` what the cells held when it was decided, joined by semicolons, with nothing
        where there was none. `decision` is ``confirmed`` (the finding is right), ``dismissed`` (it is none) or ``corrected``:
        then `new` has the right figures. `by` and `reason` say who decided and why, `date` (YYYY-MM-DD) when.
        A finding without cells has none here: whether the document changed since, nothing tells.

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
    filled = ("agency", "year", "rule", "decision", "by", "reason")
    read = _written_down(path, ADJUDICATION_TYPES, filled, _EXPECTED_OF_DECISIONS)
    counts = {name: read[name].str.count(";") for name in ("cells", "figures", "new")}
    corrected = read["decision"] == "corrected"
    uneven = (counts["figures"] != counts["cells"]) | (corrected & (counts["new"] != counts["cells"]))
    if uneven.any():
        raise UnusableCorrections(
            f"{'; '.join(read.loc[uneven, 'where'])}: figures (and new, where the decision is corrected) have to be as many as "
            "cells, joined by semicolons 各格的数字应与单元格一一对应，以分号相连"
        )
    for name in ("figures", "new"):
        read[name] = pd.array([";".join(map(_plain, text.split(";"))) for text in read[name]], dtype="str")
    return read.drop(columns="where")


def _plain(figure: str) -> str:
    return f"{float(figure.replace(',', '')):.15g}" if figure else ""


def _corrected(decisions: pd.DataFrame) -> pd.DataFrame:
    """Return what adjudications correct, as the lines of ``corrections.csv``."""
    rows = []
    for one in decisions[decisions["decision"] == "corrected"].to_dict("records"):
        for cell, old, new in zip(*(one[name].split(";") for name in ("cells", "figures", "new")), strict=True):
            if new:
                rows.append({**one, "cell": cell, "old": old, "new": new, "source": one["by"]})
    return pd.DataFrame(rows, columns=list(CORRECTION_TYPES)).drop_duplicates(["agency", "year", "cell", "old", "new"])


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
    following = known["year"].fillna(0).astype(int) + 1
    return pd.DataFrame(
        {
            "agency": known["agency"],
            "year": known["year"],
            "cell": known["table"] + "/" + known["line"] + "/" + known["column"],
            "old": known["reported"],
            "new": known["proposed"],
            "reason": known["message_zh"],
            "source": "试改 a trial",
            "date": [f"{year:04}-01-01" for year in following],
        }
    ).astype(CORRECTION_TYPES)


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
    for row in np.flatnonzero(listed.duplicated(_CELL)).tolist():
        again = listed.iloc[row]
        before = listed.loc[(listed[_CELL] == again[_CELL]).all(axis=1), "where"].iloc[0]
        raise UnusableCorrections(
            f"{again['where']}: {' '.join(map(str, again[_CELL]))} is corrected in {before} already; keep one"
            " 同一单元格已有更正，只留一条"
        )
    named = cells[["agency", "year"]].astype({"agency": "str", "year": "Int64"}).reset_index(drop=True)
    concerned = listed.merge(named.drop_duplicates())
    named["cell"] = ["/".join(key) for key in zip(*(cells[name] for name in ("table", "line", "column")), strict=True)]
    rows = named[named["agency"].isin(concerned["agency"])].reset_index(names="row").drop_duplicates(_CELL, keep="last")
    concerned = concerned.merge(rows, on=_CELL, how="left")
    _refuse_unfit(concerned, cells)
    at = concerned["row"].to_numpy(dtype=np.intp)
    result = cells.assign(corrected=cells["value"].astype("Float64"))
    result.iloc[at, -1] = concerned["new"].array
    for name, said in (("reason", "reason"), ("correction_source", "source"), ("correction_date", "date")):
        result[name] = pd.array([None] * len(cells), dtype="str")
        result.iloc[at, -1] = concerned[said].array
    return result


def _refuse_unfit(concerned: pd.DataFrame, cells: pd.DataFrame) -> None:
    """Refuse corrections of cells that are not there, or in which another figure stands."""
    refused = []
    for one in concerned.to_dict("records"):
        who = f"{one['where']}: {one['agency']} {one['year']}"
        if pd.isna(one["row"]):
            refused.append(f"{who} has no cell {one['cell']}")
            continue
        there, printed = (cells[name].iloc[int(one["row"])] for name in ("value", "printed"))
        both, either = pd.notna(there) and pd.notna(one["old"]), pd.notna(there) or pd.notna(one["old"])
        if either and not (both and abs(float(there) - one["old"]) <= ONE_FEN):
            said = [f"{figure:g}" if pd.notna(figure) else "no figure" for figure in (there, one["old"])]
            refused.append(f"{who} {one['cell']} has {said[0]} (printed {printed!r}), the correction expects {said[1]}")
    if refused:
        raise RefusedCorrection(
            "; ".join(refused) + "; nothing was corrected: look at the document again, and change or drop these corrections "
            "均未更正：没有该单元格，或其中的数字与更正所写的原数不同；请核对原文，改正或删去这些更正"
        )


@overload
def as_corrected(source: Report, corrections: Corrections | None) -> Report: ...
@overload
def as_corrected(source: pd.DataFrame, corrections: Corrections | None) -> pd.DataFrame: ...
@overload
def as_corrected(source: Report | pd.DataFrame, corrections: Corrections | None) -> Report | pd.DataFrame: ...
@overload
def as_corrected(source: Source, corrections: Corrections | None) -> Source: ...
def as_corrected(source: Source, corrections: Corrections | None) -> Source:
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
        return replace(known_of(source), cells=as_corrected(source.cells, corrections))
    beside = correct(source, corrections)
    changed = beside["reason"].notna()
    status, method = (beside[name].mask(changed, new) for name, new in (("status", "reported"), ("method", "corrected")))
    names = source.cells.columns if isinstance(source, Report) else source.columns
    cells = beside.assign(value=beside["corrected"], status=status, method=method)[list(names)]
    return source.with_cells(cells) if isinstance(source, Report) else cells


def _listed(corrections: Corrections) -> pd.DataFrame:
    """Return the corrections, each with `where` it stands; of adjudications those that correct."""
    if _are_decisions(corrections):
        corrections = _corrected(read_adjudications(corrections))
    filled = ("agency", "year", "cell", "new", "reason", "source")
    table = _written_down(corrections, CORRECTION_TYPES, filled, _EXPECTED)
    return table.assign(**{name: pd.to_numeric(table[name].str.replace(",", "")).astype("Float64") for name in ("old", "new")})


def _are_decisions(table: Corrections) -> bool:
    if isinstance(table, pd.DataFrame):
        return "decision" in table.columns
    with suppress(OSError, UnicodeDecodeError), Path(table).open(encoding="utf-8-sig") as file:
        return "decision" in file.readline().strip().split(",")
    return False


def _written_down(
    table: Corrections, types: Mapping[str, str], filled: Sequence[str], expected: Mapping[str, tuple[str, str, str]]
) -> pd.DataFrame:
    """Return the lines of a table as text, each with its year and `where` it stands, or say what is wrong with each line."""
    rows = written_rows(table, types, types)
    wrong = [f"{where}: {'; '.join(faults)}" for where, row in rows if (faults := list(_faults(row, filled, expected)))]
    if wrong:
        looks = "，".join(f"{name} 应为{said}" for name, (*_, said) in expected.items())
        raise UnusableCorrections(
            f"{'; '.join(wrong)}; correct these lines 请改正以上各行：{'、'.join(filled)} 不能为空，{looks}，"
            "date 应为 2024-05-06 这样的日期"
        )
    read = pd.DataFrame([row for _, row in rows], columns=list(types), dtype="str")
    years = pd.to_numeric(read["year"]).astype("Int64")
    return read.assign(year=years, where=pd.array([where for where, _ in rows], dtype="str"))


def _faults(row: Mapping[str, str], filled: Sequence[str], expected: Mapping[str, tuple[str, str, str]]) -> Iterator[str]:
    yield from (f"no {name}" for name in filled if not row[name])
    for name, (pattern, said, _) in expected.items():
        if row[name] and not re.fullmatch(pattern, row[name]):
            yield f"{name} is {row[name]!r}, expected {said}"
    try:
        dt.date.fromisoformat(row["date"][:10])
    except ValueError:
        yield f"date is {row['date']!r}, expected YYYY-MM-DD"
