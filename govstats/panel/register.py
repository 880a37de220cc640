"""The register of a folder: what its compiler says of the reports, which is believed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
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
    if isinstance(register, str | PathLike):
        name = fspath(register)
    raw = written(register, name)
    if "published" not in raw.columns:
        raw = raw.rename(columns={"publication_date": "published"})
    if not {"document", "slug"} & set(raw.columns) and not {"agency", "year"} <= set(raw.columns):
        raise UnusableRegister.worded("register_of_what", name=name, columns=", ".join(raw.columns))
    read = typed(raw, REGISTER_TYPES, name)
    for column in ("document", "slug"):
        read[column] = read[column].str.replace("\\", "/").str.removeprefix("./")
    _refuse_contradictions(read, name)
    return read


def written(table: str | PathLike[str] | BinaryIO | pd.DataFrame, name: str) -> pd.DataFrame:
    """Return a table that a person wrote, as text where it is a file; `name` is what errors call it."""
    if isinstance(table, pd.DataFrame):
        return table.astype(object).where(table.notna(), None)
    try:
        with catch_warnings(action="error", category=pd.errors.ParserWarning):  # more values in a line than columns
            return pd.read_csv(table, dtype="str", encoding="utf-8-sig", keep_default_na=False, index_col=False)
    except (OSError, ValueError, pd.errors.ParserWarning) as error:
        raise UnusableRegister.worded("no_csv_of_register", name=name, error=error) from error


def typed(raw: pd.DataFrame, types: Mapping[str, str], name: str) -> pd.DataFrame:
    """Return some columns of a written table with their types, null where it says nothing."""
    return pd.DataFrame({column: _typed(raw, column, dtype, name) for column, dtype in types.items()}, index=range(len(raw)))


def _refuse_contradictions(register: pd.DataFrame, name: str) -> None:
    """Refuse a register that says two things of one document, or of one report whose documents it does not name."""
    of_report = register["agency"] + " " + register["year"].astype("str")
    known = register.assign(about=register["document"].fillna(register["slug"]).fillna(of_report)).dropna(subset="about")
    for column in REGISTER_TYPES:
        said = known.dropna(subset=column).drop_duplicates(["about", column])
        different = said[said.duplicated("about", keep=False)]
        if different.empty:
            continue
        about = different["about"].iloc[0]
        of_one = different.loc[different["about"] == about, column]
        values = ", ".join(f"{value} (line {row + 2})" for row, value in zip(of_one.index.tolist(), of_one, strict=True))
        raise UnusableRegister.worded("values_of_one_report", name=name, column=column, about=about, values=values)


def _typed(raw: pd.DataFrame, column: str, dtype: str, name: str) -> Any:
    """Return a column of a register with its type, or say which value cannot be understood."""
    values: list[Any] = []
    for line, given in enumerate(raw[column].astype(object) if column in raw.columns else [None] * len(raw), start=2):
        try:
            values.append(_understood(column, given))
        except (KeyError, ValueError):
            raise UnusableRegister.worded(
                "value_of_register", name=name, line=line, column=column, given=given, expected=_CHECKS[column][0]
            ) from None
    return pd.Series(values, dtype=dtype).array


def _understood(column: str, given: Any) -> Any:
    whole = isinstance(given, float) and given.is_integer()  # of a spreadsheet, which writes 2023 as 2023.0
    text = "" if given is None else str(int(given) if whole else given).strip()
    if not text or column not in _CHECKS:
        return text or None
    return _CHECKS[column][1](text.removesuffix(".0"))


def _between(first: int, last: int) -> Callable[[str], int]:
    known = range(first, last + 1)
    return lambda text: known[known.index(int(text))]


def _date(text: str) -> pd.Timestamp:
    if not _DATE.fullmatch(text):
        raise ValueError(text)
    return pd.Timestamp(text)


def _code(text: str) -> str:
    if of_code(text) is None:
        raise ValueError(text)
    return text


def _one_of(known: Iterable[str]) -> Callable[[str], str]:
    return {name: name for name in known}.__getitem__


#: How a date is written: the day is named, in the order of ISO 8601.
_DATE = re.compile(r"\d{4}([-/.]?)\d{1,2}\1\d{1,2}([ T]\d{1,2}:\d{2}.*)?")
_FLAGS = {"true": True, "1": True, "false": False, "0": False}
#: What is expected in a column, and what understands it: raises KeyError or ValueError where something else stands there.
_CHECKS: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    **dict.fromkeys(("year", "from", "until"), ("a year such as 2023", _between(1990, 2100))),
    "vintage": ("a number from 1", _between(1, 10**9)),
    "published": ("a date such as 2024-01-31", _date),
    "region_code": ("a code of GB/T 2260 such as 350128", _code),
    "level": (f"one of {', '.join(LEVELS)}", _one_of(LEVELS)),
    "summary": ("true or false", lambda text: _FLAGS[text.lower()]),
    "form": (f"one of {', '.join(versions())}", _one_of(versions())),
}
#: What a register tells of a report, and what of one document of it.
_OF_A_REPORT = ["level", "region", "region_code", "parent", "summary"]
_OF_A_DOCUMENT = ["published", "vintage"]


def with_register(reports: pd.DataFrame, register: pd.DataFrame | None) -> pd.DataFrame:
    """Let the register have the last word, and add a row for each report that it lists and the folder lacks."""
    none = pd.Series([None] * len(reports), index=reports.index)
    reports = reports.assign(vintage=none.astype("Int64"), parent=none.astype("str"))
    if register is not None:
        sources = reports["source"].tolist()
        of_document = said_of(sources, register)
        by_report = register.dropna(subset=["agency", "year"])
        # a date that stands beside the name of a document is that document's
        named = by_report["document"].notna() | by_report["slug"].notna()
        by_report = by_report.assign(**{name: by_report[name].mask(named) for name in _OF_A_DOCUMENT})
        by_report = by_report.groupby(["agency", "year"]).first()
        keys = pd.MultiIndex.from_frame(reports[["agency", "year"]])
        of_report = by_report.reindex(keys).reset_index(drop=True)
        for name in (*_OF_A_REPORT, *_OF_A_DOCUMENT):
            reports[name] = of_document[name].fillna(of_report[name]).fillna(reports[name])
        lost = _unmatched(sources, register)
        accounted = keys.append(pd.MultiIndex.from_frame(lost[["agency", "year"]]))
        absent = by_report[~by_report.index.isin(accounted)].reset_index()
        absent["message"] = (
            "the register lists this report, and the folder has no document of it; add it, or delete the line"
            " 登记表列有这份年报，文件夹中没有；请放入，或删去该行"
        )
        absent = pd.concat([absent, lost])
        absent = absent[["agency", "year", *_OF_A_REPORT, *_OF_A_DOCUMENT, "message"]].assign(error="MissingDocument")
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
    paths = set(sources)
    of_others = {name: row for name, row in row_of.items() if name not in paths}
    files = pd.DataFrame([_names(source) for source in sources], columns=["source", "file", "stem"])
    exact = files["source"].map(row_of)
    files["row"] = exact.fillna(files["file"].map(of_others)).fillna(files["stem"].map(of_others)).fillna(-1).astype(int)
    loose = files[exact.isna() & (files["row"] >= 0)]
    several = loose[loose.duplicated(["row", "file"], keep=False)]
    if not several.empty:
        row = several["row"].iloc[0]
        found = several.loc[several["row"] == row, "source"].tolist()
        name = register["document"].fillna(register["slug"])[row]
        raise UnusableRegister.worded(
            "name_of_several", line=row + 2, name=name, count=len(found), found=", ".join(found[:3]) + " …" * (len(found) > 3)
        )
    return register.reindex(files["row"])[list(REGISTER_TYPES)].reset_index(drop=True)


def _unmatched(sources: Sequence[str], register: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a register that name a document, and none of these has that name, with a message for each."""
    names = [name for source in sources for name in _names(source)]
    named = register[register["document"].notna() | register["slug"].notna()].drop_duplicates(["document", "slug"])
    lost = named[~(named["document"].isin(names) | named["slug"].isin(names))]
    lines, called = (lost.index + 2).astype("str"), lost["document"].fillna(lost["slug"]).map(repr)
    return lost.assign(
        message="the register, line " + lines + ", names " + called + ", and no document of the folder that is read has this "
        "name; add it, save it in a format that is read, or correct the name 文件夹中没有登记表所列的文件，请放入、另存或改正名称"
    )


def _names(source: str) -> tuple[str, str, str]:
    """Return what a register may call a document, the path in the folder first."""
    path = PurePosixPath(source)
    return source, path.name, path.stem
