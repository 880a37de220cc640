"""Documented corrections: applied on request, refused where they do not fit, with what was reported beside them."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple, overload

import pandas as pd

from govstats.errors import RefusedCorrection, UnusableCorrections
from govstats.reconciliation.source import Source, known_of
from govstats.report import Report, typed_frame

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
#: Figures differ where they differ by more than this: one fen in 万元.
_ONE_FEN = 1e-6

Corrections = str | PathLike[str] | pd.DataFrame


class _Correction(NamedTuple):
    agency: str
    year: int
    cell: str
    old: float | None
    new: float
    reason: str
    source: str
    date: str
    where: str


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
    return typed_frame([correction[:-1] for correction in _listed(Path(path))], CORRECTION_TYPES)


def _listed(path: Path) -> list[_Correction]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            if missing := [name for name in CORRECTION_TYPES if name not in (rows.fieldnames or ())]:
                raise UnusableCorrections(
                    f"{path}: lacks the column(s) {', '.join(missing)}; expected {','.join(CORRECTION_TYPES)} in the first line"
                    f" 缺少列 {', '.join(missing)}，第一行应为 {','.join(CORRECTION_TYPES)}"
                )
            return _understood((f"{path}, line {rows.line_num}", row) for row in rows)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UnusableCorrections(
            f"{path}: cannot be read as CSV in UTF-8 ({error}) 文件应为 UTF-8 编码的 CSV，请另存后再试"
        ) from error


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
        As `read_corrections` takes or returns it. Those of agencies and years that are not in `source` are left aside.

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
    listed = _given(corrections)
    _reject_doubles(listed)
    reports = set(cells[["agency", "year"]].itertuples(index=False, name=None))
    concerned = [one for one in listed if (one.agency, one.year) in reports]
    keys = cells["table"].astype(str) + "/" + cells["line"].astype(str) + "/" + cells["column"].astype(str)
    rows: dict[tuple[Any, ...], int] = (
        {key: row for row, key in enumerate(zip(cells["agency"], cells["year"], keys, strict=True))} if concerned else {}
    )
    result = cells.assign(corrected=cells["value"])
    told: dict[str, list[str | None]] = {name: [None] * len(cells) for name in ("reason", "correction_source", "correction_date")}
    refused = []
    values: list[Any] = list(result["corrected"])
    for one in concerned:
        row = rows.get((one.agency, one.year, one.cell))
        if row is None:
            refused.append(f"{one.where}: {one.agency} {one.year} has no cell {one.cell}")
        elif not _stands_there(cells["value"].iloc[row], one.old):
            there, expected = (_said(value) for value in (cells["value"].iloc[row], one.old))
            refused.append(
                f"{one.where}: {one.agency} {one.year} {one.cell} has {there} (printed {cells['printed'].iloc[row]!r}), "
                f"the correction expects {expected}"
            )
        else:
            values[row] = one.new
            for name, said in zip(told, (one.reason, one.source, one.date), strict=True):
                told[name][row] = said
    if refused:
        raise RefusedCorrection(
            "; ".join(refused) + "; nothing was corrected: look at the document again, and change or drop these corrections "
            "均未更正：没有该单元格，或其中的数字与更正所写的原数不同；请核对原文，改正或删去这些更正"
        )
    result["corrected"] = pd.array(values, dtype="Float64")
    return result.assign(**{name: pd.array(texts, dtype="str") for name, texts in told.items()})


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


def _given(corrections: Corrections) -> list[_Correction]:
    if not isinstance(corrections, pd.DataFrame):
        return _listed(Path(corrections))
    if missing := [name for name in CORRECTION_TYPES if name not in corrections.columns]:
        raise UnusableCorrections(
            f"the corrections lack the column(s) {', '.join(missing)}"
            f" 缺少列 {', '.join(missing)}，应有 {','.join(CORRECTION_TYPES)}"
        )
    plain = corrections[list(CORRECTION_TYPES)].astype(object)
    records = plain.where(plain.notna(), "").to_dict("records")
    return _understood((f"correction {number}", row) for number, row in enumerate(records, start=1))


def _understood(rows: Iterable[tuple[str, Mapping[Any, Any]]]) -> list[_Correction]:
    """Return the corrections, or say of every line that is none what is wrong with it."""
    listed: list[_Correction] = []
    wrong: list[str] = []
    for where, row in rows:
        text = {name: str(row[name] if row[name] is not None else "").strip() for name in CORRECTION_TYPES}
        faults = [f"no {name}" for name in ("agency", "cell", "new", "reason", "source") if not text[name]]
        figures = {}
        for name in ("year", "old", "new"):
            try:
                figures[name] = float(text[name].replace(",", "")) if text[name] else None
            except ValueError:
                faults.append(f"{name} is {text[name]!r}, expected a number")
        if text["cell"].count("/") < 2:
            faults.append(f"cell is {text['cell']!r}, expected table/line/column")
        try:
            dt.date.fromisoformat(text["date"][:10])
        except ValueError:
            faults.append(f"date is {text['date']!r}, expected YYYY-MM-DD")
        year, new = figures.get("year"), figures.get("new")
        if faults or year is None or new is None:
            wrong.append(f"{where}: {'; '.join(faults) or 'no year'}")
            continue
        listed.append(
            _Correction(
                text["agency"], int(year), text["cell"], figures["old"], new, text["reason"], text["source"], text["date"], where
            )
        )
    if wrong:
        raise UnusableCorrections(
            "; ".join(wrong) + "; correct these lines 请改正以上各行：agency、cell、new、reason、source 不能为空，"
            "year、old、new 应为数字，cell 应为 表/行/栏，date 应为 YYYY-MM-DD"
        )
    return listed


def _reject_doubles(listed: Iterable[_Correction]) -> None:
    first: dict[tuple[str, int, str], str] = {}
    for one in listed:
        before = first.setdefault((one.agency, one.year, one.cell), one.where)
        if before != one.where:
            raise UnusableCorrections(
                f"{one.where}: {one.agency} {one.year} {one.cell} is corrected in {before} already; keep one"
                " 同一单元格已有更正，只留一条"
            )


def _stands_there(value: Any, expected: float | None) -> bool:
    if expected is None or pd.isna(value):
        return expected is None and bool(pd.isna(value))
    return abs(float(value) - expected) <= _ONE_FEN


def _said(value: Any) -> str:
    return "no figure" if value is None or pd.isna(value) else f"{float(value):g}"
