"""The register of a folder: what its compiler says of the reports, which is believed."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from os import PathLike, fspath
from pathlib import PurePosixPath
from typing import Any, BinaryIO
from warnings import catch_warnings

import pandas as pd

from govstats.agencies.divisions import LEVELS, of_code
from govstats.errors import UnusableRegister
from govstats.forms import versions

#: Where a register is looked for, in the folder itself.
REGISTERS = ("register.csv", "reports.csv")
#: The columns of a register that are used, with their types; `document` or `slug` names the file.
REGISTER_TYPES = {
    "document": "str",
    "slug": "str",
    "agency": "str",
    "year": "Int64",
    "form": "str",
    "level": "str",
    "region": "str",
    "region_code": "str",
    "published": "datetime64[us]",
    "vintage": "Int64",
    "parent": "str",
    "summary": "boolean",
}


def read_register(register: str | PathLike[str] | BinaryIO | pd.DataFrame, *, name: str = "the register") -> pd.DataFrame:
    """Read a register of reports.

    Parameters
    ----------
    register : path or DataFrame
        CSV with a header. Its columns are those of `REGISTER_TYPES`, all optional but one of ``document``, ``slug`` and the pair
        ``agency year``; others, such as remarks, are left alone. ``publication_date`` is taken for ``published``.
    name : str
        What errors call it, where it is no path.

    Returns
    -------
    DataFrame
        The columns of `REGISTER_TYPES`, null where the register says nothing.

    Raises
    ------
    UnusableRegister
        The file cannot be read, names no documents, or holds a value of the wrong kind.
    """
    if isinstance(register, pd.DataFrame):
        raw = register.astype(object).where(register.notna(), None)
    else:
        name = fspath(register) if isinstance(register, str | PathLike) else name
        try:
            with catch_warnings(action="error", category=pd.errors.ParserWarning):  # more values in a line than columns
                raw = pd.read_csv(register, dtype="str", encoding="utf-8-sig", keep_default_na=False, index_col=False)
        except (OSError, ValueError, pd.errors.ParserWarning) as error:
            raise UnusableRegister(
                f"{name}: the register cannot be read as CSV in UTF-8: {error}; save it as “CSV UTF-8”, as many values in "
                "each line as columns"
                " 登记表读不出；请另存为“CSV UTF-8”，每行项数与列数相同"
            ) from error
    if "published" not in raw.columns:
        raw = raw.rename(columns={"publication_date": "published"})
    if not {"document", "slug"} & set(raw.columns) and not {"agency", "year"} <= set(raw.columns):
        raise UnusableRegister(
            f"{name}: the register does not say which documents it is about; it has the columns {', '.join(raw.columns)}; "
            "give it a column document (the path in the folder), slug (the file's name without its suffix) or agency and year"
            " 登记表没有说明是哪些文件；请加上 document（路径）、slug（不带后缀的文件名）或 agency 和 year 列"
        )
    read = pd.DataFrame(
        {column: _typed(raw, column, dtype, name) for column, dtype in REGISTER_TYPES.items()}, index=range(len(raw))
    )
    for column in ("document", "slug"):
        read[column] = read[column].str.replace("\\", "/").str.removeprefix("./")
    _refuse_contradictions(read, name)
    return read


def _refuse_contradictions(register: pd.DataFrame, name: str) -> None:
    """Refuse a register that says two things of one document, or of one report whose documents it does not name."""
    nameless = register["document"].isna() & register["slug"].isna()
    for keys, rows in (
        (["document"], register),
        (["slug"], register[register["document"].isna()]),
        (["agency", "year"], register[nameless]),
    ):
        known = rows.dropna(subset=keys)
        repeated = known[known.duplicated(keys, keep=False)]
        for about, rows_about in repeated.groupby(keys):
            for column in rows_about:
                said = rows_about[column].dropna().drop_duplicates()
                if len(said) > 1:
                    values = ", ".join(f"{value} (line {row + 2})" for row, value in zip(said.index.tolist(), said, strict=True))
                    raise UnusableRegister(
                        f"{name}: column {column} of {' '.join(map(str, about))} is {values}; expected one value: delete a line"
                        " 同一年报的值不一致，应只有一个，请删去一行"
                    )


#: What is expected in a column, where not every text will do.
_EXPECTED = {
    "year": "a year such as 2023",
    "vintage": "a number from 1",
    "published": "a date such as 2024-01-31",
    "region_code": "a code of GB/T 2260 such as 350128",
    "level": f"one of {', '.join(LEVELS)}",
    "summary": "true or false",
    "form": f"one of {', '.join(versions())}",
}
_FIRST_AND_LAST = {"year": (1990, 2100), "vintage": (1, 10**9)}
_FLAGS = {"true": True, "1": True, "false": False, "0": False}
#: How a date is written: the day is named, in the order of ISO 8601.
_DATE = re.compile(r"\d{4}([-/.]?)\d{1,2}\1\d{1,2}([ T]\d{1,2}:\d{2}.*)?")


def _typed(raw: pd.DataFrame, column: str, dtype: str, name: str) -> Any:
    values: list[Any] = []
    for line, given in enumerate(raw[column].astype(object) if column in raw.columns else [None] * len(raw), start=2):
        value = given.strip() if isinstance(given, str) else given
        try:
            values.append(None if value in ("", None) else _understood(column, value))
        except (KeyError, TypeError, ValueError):
            raise UnusableRegister(
                f"{name}: line {line}, column {column}: {value!r}; expected {_EXPECTED.get(column, 'text')}, or nothing"
                " 登记表该处的值不对，应为上述内容或留空"
            ) from None
    return pd.Series(values, dtype=dtype).array


def _understood(column: str, value: Any) -> Any:
    """Return a value of a register in the type of its column; raises KeyError, TypeError or ValueError where it has none."""
    if column == "published":
        return _date(value)
    if column == "summary":
        return _FLAGS[str(value).lower()]
    text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    if column not in _EXPECTED:
        return text
    text = text.removesuffix(".0")  # of a number that a spreadsheet wrote
    if column in _FIRST_AND_LAST:
        first, last = _FIRST_AND_LAST[column]
        known = first <= int(text) <= last
    elif column == "level":
        known = text in LEVELS
    elif column == "region_code":
        known = of_code(text) is not None
    else:
        known = text in versions()
    if not known:
        raise ValueError
    return int(text) if column in _FIRST_AND_LAST else text


def _date(value: Any) -> pd.Timestamp:
    """Return a date; a number is none, nor is a time of day."""
    if isinstance(value, str) and not _DATE.fullmatch(value):
        raise ValueError
    if not isinstance(value, str | date):
        raise TypeError
    return pd.Timestamp(value)


def with_register(reports: pd.DataFrame, register: pd.DataFrame | None) -> pd.DataFrame:
    """Let the register have the last word, and add a row for each report that it lists and the folder lacks."""
    told = ["level", "region", "region_code", "parent", "summary"]
    of_document = ["published", "vintage"]
    reports = reports.assign(
        vintage=pd.array([None] * len(reports), dtype="Int64"), parent=pd.array([None] * len(reports), dtype="str")
    )
    if register is not None:
        named = said_of(reports["source"].tolist(), register)
        by_report = register.dropna(subset=["agency", "year"])
        nameless = by_report["document"].isna() & by_report["slug"].isna()
        # a date that stands beside the name of a document is that document's
        by_report = by_report.assign(**{name: by_report[name].where(nameless) for name in of_document})
        by_report = by_report.groupby(["agency", "year"]).first()
        keys = pd.MultiIndex.from_frame(reports[["agency", "year"]])
        of_report = by_report.reindex(keys)
        for name in (*told, *of_document):
            for said in (of_report[name].array, named[name].array):
                reports[name] = pd.Series(said, index=reports.index).where(pd.notna(said), reports[name])
        absent = by_report.loc[~by_report.index.isin(keys)].reset_index()
        absent["message"] = "the register lists this report, and the folder has no document of it"
        lost = _unmatched(reports["source"].tolist(), register)
        names = lost["document"].fillna(lost["slug"])
        lost["message"] = [
            f"the register, line {row + 2}, names {name!r}, and no document of the folder that is read has this name; add it, "
            "save it in a format that is read, or correct the name"
            for row, name in zip(lost.index.tolist(), names, strict=True)
        ]
        of_lost = pd.MultiIndex.from_frame(lost[["agency", "year"]])
        absent = pd.concat([absent[~pd.MultiIndex.from_frame(absent[["agency", "year"]]).isin(of_lost)], lost])
        absent = absent[["agency", "year", *told, *of_document, "message"]].assign(error="MissingDocument")
        reports = pd.concat([reports, absent.dropna(axis="columns", how="all")], ignore_index=True)
    under = reports.dropna(subset=["agency", "parent"])
    superior = dict(zip(under["agency"], under["parent"], strict=True))
    reports["family"] = pd.array([_root(agency, superior) for agency in reports["agency"]], dtype="str")
    return reports


def _root(agency: Any, superior: dict[Any, Any]) -> Any:
    """Return whom an agency reports to at last."""
    seen = {agency}
    while isinstance(above := superior.get(agency), str) and above not in seen:
        seen.add(above)
        agency = above
    return agency


def said_of(sources: Sequence[str], register: pd.DataFrame) -> pd.DataFrame:
    """Return what a register says of documents by their names: a row for each, null where it names none.

    A name in the register is the path of a document in the folder; else it is the name of a file, with or without its suffix.

    Raises
    ------
    UnusableRegister
        A name is that of several files in different folders.
    """
    row_of = {name: row for column in ("slug", "document") for row, name in enumerate(register[column]) if isinstance(name, str)}
    exact = row_of.keys() & set(sources)
    rows, meant = [], defaultdict(list)
    for source in sources:
        name = next((name for name in _names(source) if name in row_of and (name == source or name not in exact)), None)
        rows.append(-1 if name is None else row_of[name])
        if name is not None and name != source:
            meant[name, _names(source)[1]].append(source)
    for (name, _), several in meant.items():
        if len(several) > 1:
            raise UnusableRegister(
                f"the register, line {row_of[name] + 2}: {name!r} is the name of {len(several)} documents, "
                f"{', '.join(several[:3])}{' …' * (len(several) > 3)}; write their paths in the column document, a line for each"
                " 同名文件不止一个；请在 document 列写路径，每个文件一行"
            )
    return pd.DataFrame({column: register[column].array.take(rows, allow_fill=True) for column in REGISTER_TYPES})


def _unmatched(sources: Sequence[str], register: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a register that name a document, and none of these has that name."""
    names = {name for source in sources for name in _names(source)}
    named = register[register["document"].notna() | register["slug"].notna()].drop_duplicates(["document", "slug"])
    return named[~(named["document"].isin(names) | named["slug"].isin(names))]


def _names(source: str) -> tuple[str, str, str]:
    """Return what a register may call a document, the path in the folder first."""
    path = PurePosixPath(source)
    return source, path.name, path.stem
