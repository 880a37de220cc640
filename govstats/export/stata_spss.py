"""Stata and SPSS: one table with labels, and each kind of missing value as such."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd
import pyreadstat

from govstats.errors import UnusableExport
from govstats.export.codebook import field, missing_kinds, shortened, values
from govstats.export.database import made_from, query
from govstats.forms import Language

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

#: What the programs take: characters in Stata, bytes of UTF-8 in SPSS.
_LONGEST_LABEL_STATA = 80
_LONGEST_LABEL_SPSS = 256
_LONGEST_TEXT_SPSS = 32_767
#: The time at which every file says that it was made, as Stata and as SPSS write it: the same panel gives the same bytes.
_MADE_STATA, _MADE_SPSS = b"01 Jan 2000 00:00", b"01 Jan 0000:00:00"
#: Where it stands in a file of SPSS.
_MADE_PLACE_SPSS = 92
_TITLE = {"zh": "政府信息公开年报面板", "en": "annual reports on government information disclosure"}


def write_stata(connection: DuckDBPyConnection, path: Path, *, language: Language, shape: str, **_: Any) -> None:
    """Write the wide or the long table as a dta file of version 15 (UTF-8), missing kinds as ``.a .b .c``."""
    marks = {kind.id: kind.stata for kind in missing_kinds()}
    table = _table(connection, language, shape, marks)
    names = table.frame.columns.tolist()
    # pyreadstat names the labels of values after the variable and a number, which would be too long for Stata
    numbered = {name: f"v{at}" for at, name in enumerate(names)}
    _write(
        pyreadstat.write_dta,
        pyreadstat.read_dta,
        table.frame.rename(columns=numbered),
        path,
        file_label=shortened(f"{_TITLE[language]} {made_from(connection)}", _LONGEST_LABEL_STATA),
        column_labels=[shortened(label, _LONGEST_LABEL_STATA) for label in table.labels],
        variable_value_labels={numbered[name]: known for name, known in table.value_labels.items()},
        missing_user_values={numbered[name]: [*marks.values()] for name in table.figures},
        variable_format={numbered[name]: "%td" for name in table.dates} | {numbered[name]: "%12.0g" for name in table.figures},
    )
    _write_after(path, b"<timestamp>\x11", _MADE_STATA)
    # the file keeps 129 bytes for each name
    _write_after(path, b"<varnames>", b"".join(name.encode().ljust(129, b"\0") for name in names))


def _write_after(path: Path, tag: bytes, content: bytes) -> None:
    """Write something in the place of what stands after a tag of a dta file."""
    with path.open("r+b") as file:
        opening = file.read(1 << 16)
        while tag not in opening:
            if not (more := file.read(1 << 16)):
                raise UnusableExport.worded("no_dta", file=path.name, tag=tag)
            opening += more
        file.seek(opening.index(tag) + len(tag))
        file.write(content)


def write_spss(connection: DuckDBPyConnection, path: Path, *, language: Language, shape: str, **_: Any) -> None:
    """Write the wide or the long table as a sav file, missing kinds as user-missing values."""
    codes = {kind.id: float(kind.spss) for kind in missing_kinds() if kind.spss is not None}
    _refuse_codes(connection, codes)
    table = _table(connection, language, shape, codes)
    for name in table.frame.columns[table.frame.dtypes == "str"]:
        longest = max(map(_bytes, table.frame[name]), default=0)
        if longest > _LONGEST_TEXT_SPSS:
            raise UnusableExport.worded("too_long_for_spss", name=name, longest=longest, most=_LONGEST_TEXT_SPSS)
    _write(
        pyreadstat.write_sav,
        pyreadstat.read_sav,
        table.frame,
        path,
        file_label=_TITLE[language],
        note=made_from(connection),
        column_labels=[shortened(label, _LONGEST_LABEL_SPSS, _bytes) for label in table.labels],
        variable_value_labels=table.value_labels,
        missing_ranges={name: list(codes.values()) for name in table.figures},
        variable_format=dict.fromkeys(table.dates, "SDATE10"),
        variable_measure=dict.fromkeys(table.value_labels, "nominal") | dict.fromkeys(table.figures, "scale"),
        row_compress=True,
    )
    with path.open("r+b") as file:
        file.seek(_MADE_PLACE_SPSS)
        file.write(_MADE_SPSS)


class _Table(NamedTuple):
    """The wide or the long table as a program takes it, with its labels, and which columns are figures and dates."""

    frame: pd.DataFrame
    labels: list[str]
    value_labels: dict[str, dict[Any, str]]
    figures: list[str]
    dates: list[str]


def _table(connection: DuckDBPyConnection, language: Language, shape: str, marks: Mapping[str, Any]) -> _Table:
    """Return the table with a program's marks where a cell has a status and no figure."""
    rows = "FROM wide" if shape == "wide" else query("export/long.sql").format(language=language)
    # the same rows with the status of each figure in its place
    states = "FROM wide_status" if shape == "wide" else f"SELECT status AS value FROM ({rows})"
    frame, status = (connection.sql(each).df() for each in (rows, states))
    fields = {name: field("wide" if shape == "wide" else "cells", name) for name in frame}
    figures = [name for name, one in fields.items() if (one.cell if shape == "wide" else name == "value")]
    dates = [name for name, one in fields.items() if one.type == "date"]
    whole = frame.select_dtypes("integer").columns.difference(figures)
    kinds = {marks[kind.id]: kind.text(language) for kind in missing_kinds()}
    value_labels: dict[str, dict[Any, str]] = {}
    for name, one in fields.items():
        column, known = frame[name], values(one.values)
        if name in figures:
            # whole numbers of the wide table become what the programs calculate with
            frame[name] = column.astype(float).where(column.notna(), status[name].map(marks))
            value_labels[name] = kinds
        elif name in dates:
            frame[name] = column.dt.date if column.notna().any() else float("nan")
        elif known and set(column.dropna()) <= known.keys():
            frame[name] = column.map({value.id: value.code for value in known.values()}).astype("Int32")
            value_labels[name] = {value.code: value.text(language) for value in known.values()}
        elif name in whole:
            frame[name] = column.astype("Int32")
        else:
            frame[name] = column.astype("str").fillna("")
    return _Table(frame, [one.text(language) or name for name, one in fields.items()], value_labels, figures, dates)


def _bytes(text: str) -> int:
    return len(text.encode())


def _refuse_codes(connection: DuckDBPyConnection, codes: dict[str, float]) -> None:
    """Refuse a panel in which a figure is one of the codes that SPSS is to take for missing."""
    stand_in = ", ".join(str(code) for code in codes.values())
    query = (
        f"""SELECT agency, year, concat_ws('/', "table", line, "column"), value FROM cells WHERE value IN ({stand_in}) LIMIT 1"""
    )
    if found := connection.execute(query).fetchone():
        agency, year, cell, value = found
        raise UnusableExport.worded("code_of_spss", agency=agency, year=year, cell=cell, value=value)


def _write(writer: Any, reader: Any, frame: pd.DataFrame, path: Path, **options: Any) -> None:
    """Write a table; pyreadstat says nothing where the disk is full, so that what is written is counted."""
    rows = -1
    try:
        writer(frame, str(path), **options)
        rows = len(reader(str(path), usecols=[frame.columns[0]])[0]) if len(frame) else 0
    except pyreadstat.ReadstatError as error:
        if "write data" not in str(error) and "read" not in str(error).lower():
            raise UnusableExport.worded("not_held", file=path.name, error=error) from error
    if rows != len(frame):
        raise OSError("not all rows were written")
