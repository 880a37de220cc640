"""Stata and SPSS: one table with labels, and each kind of missing value as such."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyreadstat

from govstats.errors import UnusableExport
from govstats.export.codebook import field, missing_kinds, shortened, values, variables
from govstats.forms import Language

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection
    from numpy.typing import NDArray

#: What the programs take: characters in Stata, bytes of UTF-8 in SPSS.
_LONGEST_LABEL_STATA = 80
_LONGEST_LABEL_SPSS = 256
_LONGEST_TEXT_SPSS = 32_767
#: The long table for these programs, which lack a codebook beside it.
_LONG = """
SELECT c.agency, c.year, c.form, c."table", c.line, c."column", v.variable,
  coalesce(v.label_{0}, c.line || '·' || c."column") AS label,
  c.value, c.unit, c.status, c.printed, c.page, c.place, c.method
FROM cells c LEFT JOIN variables v USING ("table", line, "column")
ORDER BY c.agency, c.year, v.position NULLS LAST, c."table", c.line, c."column"
"""


def write_stata(connection: DuckDBPyConnection, path: Path, *, language: Language, shape: str) -> None:
    """Write the wide or the long table as a dta file of version 15 (UTF-8), missing kinds as ``.a .b .c``."""
    table = _Table(connection, language, shape)
    frame = table.frame({kind.id: kind.stata for kind in missing_kinds()})
    names = frame.columns.tolist()
    labels = {name: {kind.stata: kind.text(language) for kind in missing_kinds()} for name in table.figures}
    # pyreadstat names the labels of values after the variable and a number, which would be too long for Stata
    numbered = {name: f"v{at}" for at, name in enumerate(names)}
    _write(
        pyreadstat.write_dta,
        frame.rename(columns=numbered),
        path,
        file_label=shortened(_title(language), _LONGEST_LABEL_STATA),
        column_labels=[shortened(label, _LONGEST_LABEL_STATA) for label in table.labels],
        variable_value_labels={numbered[name]: known for name, known in (table.value_labels | labels).items()},
        missing_user_values={numbered[name]: [kind.stata for kind in missing_kinds()] for name in table.figures},
        variable_format={numbered[name]: "%td" for name in table.dates} | {numbered[name]: "%12.0g" for name in table.figures},
    )
    _name_variables(path, names)


def _name_variables(path: Path, names: Sequence[str]) -> None:
    """Write names in the place of those that a dta file has; it keeps 129 bytes for each."""
    with path.open("r+b") as file:
        tag = b"<varnames>"
        opening = file.read(1 << 16)
        while tag not in opening:
            if not (more := file.read(1 << 16)):
                raise UnusableExport(
                    f"{path.name}: has no place for the names of variables, which dta files of version 118 have"
                    " 文件中没有变量名的位置，应为第 118 版 dta 文件；请重新导出"
                )
            opening += more
        file.seek(opening.index(tag) + len(tag))
        file.write(b"".join(name.encode().ljust(129, b"\0") for name in names))


def write_spss(connection: DuckDBPyConnection, path: Path, *, language: Language, shape: str) -> None:
    """Write the wide or the long table as a sav file, missing kinds as user-missing values."""
    codes = {kind.id: float(kind.spss) for kind in missing_kinds() if kind.spss is not None}
    _refuse_codes(connection, codes)
    table = _Table(connection, language, shape)
    labels = {name: {codes[kind.id]: kind.text(language) for kind in missing_kinds()} for name in table.figures}
    frame = table.frame(codes)
    for name in frame.columns[frame.dtypes == "str"]:
        longest = max((len(text.encode()) for text in frame[name]), default=0)
        if longest > _LONGEST_TEXT_SPSS:
            raise UnusableExport(
                f"{name}: a text has {longest} bytes, SPSS takes {_LONGEST_TEXT_SPSS}; export to parquet, duckdb or csv"
                " 文本过长，SPSS 存不下；请导出为 parquet、duckdb 或 csv"
            )
    _write(
        pyreadstat.write_sav,
        frame,
        path,
        file_label=shortened(_title(language), 64, "utf-8"),
        column_labels=[shortened(label, _LONGEST_LABEL_SPSS, "utf-8") for label in table.labels],
        variable_value_labels=table.value_labels | labels,
        missing_ranges={name: list(codes.values()) for name in table.figures},
        variable_format=dict.fromkeys(table.dates, "SDATE10"),
        variable_measure=dict.fromkeys(table.value_labels, "nominal") | dict.fromkeys(table.figures, "scale"),
        row_compress=True,
    )


class _Table:
    """The wide or the long table, ready but for its missing values."""

    def __init__(self, connection: DuckDBPyConnection, language: Language, shape: str) -> None:
        if shape == "wide":
            rows, status = _rows(connection, "FROM wide"), _rows(connection, "FROM wide_status")
            known = {one.name: one.text(language) for one in variables()}
            self._status = {name: status.column(name) for name in rows.column_names if name in known}
        else:
            rows = _rows(connection, _LONG.format(language))
            known = {}
            self._status = {"value": rows.column("status")}
        names = rows.column_names
        fields = {name: field("cells", name) for name in names}
        self.figures = list(self._status)
        self.labels: list[str] = [known.get(name) or (one.text(language) if (one := fields[name]) else name) for name in names]
        self.dates = [name for name, one in fields.items() if one and one.type == "date"]
        self.value_labels: dict[str, dict[int | float | str, str]] = {}
        self._columns: dict[str, Any] = {}
        for name in names:
            column = rows.column(name)
            if name in self._status:
                # whole numbers of the wide table become what the programs calculate with
                self._columns[name] = column.cast("float64").to_numpy()
            elif name in self.dates:
                dates = column.to_pylist()
                self._columns[name] = pd.Series(dates, dtype=object) if any(dates) else np.full(len(dates), np.nan)
            elif (one := fields[name]) and one.values and (coded := _coded(column.to_pylist(), one.values)) is not None:
                self._columns[name] = coded
                self.value_labels[name] = {value.code: value.text(language) for value in values(one.values).values()}
            else:
                self._columns[name] = _plain(column)

    def frame(self, marks: dict[str, Any]) -> pd.DataFrame:
        """Return the table with the marks of its program where a cell has a status and no figure."""
        filled = {name: _marked(self._columns[name], status, marks) for name, status in self._status.items()}
        return pd.DataFrame(self._columns | filled)


def _title(language: Language) -> str:
    return "政府信息公开年报面板" if language == "zh" else "annual reports on government information disclosure"


def _rows(connection: DuckDBPyConnection, query: str) -> pa.Table:
    return connection.sql(query).to_arrow_table()


def _plain(column: pa.ChunkedArray) -> pd.Series[Any]:
    if column.type in ("int64", "int32"):
        return pd.Series(column.to_pylist(), dtype="Int32")
    return pd.Series(column.to_pylist(), dtype="str").fillna("")


def _coded(texts: Sequence[str | None], name: str) -> pd.Series[Any] | None:
    """Return the codes of values, None where one has no code."""
    codes = {value.id: value.code for value in values(name).values()}
    if not {text for text in texts if text is not None} <= codes.keys():
        return None
    return pd.Series([None if text is None else codes[text] for text in texts], dtype="Int32")


def _marked(figures: NDArray[np.float64], status: pa.ChunkedArray, marks: dict[str, Any]) -> Any:
    """Put marks where figures are missing: letters among numbers for Stata, numbers for SPSS."""
    without = np.isnan(figures)
    kinds = status.to_numpy(zero_copy_only=False)
    numbers = all(isinstance(mark, float) for mark in marks.values())
    marked = figures.copy() if numbers else figures.astype(object)
    for kind, mark in marks.items():
        marked[without & (kinds == kind)] = mark
    return marked


def _refuse_codes(connection: DuckDBPyConnection, codes: dict[str, float]) -> None:
    """Refuse a panel in which a figure is one of the codes that SPSS is to take for missing."""
    stand_in = ", ".join(str(code) for code in codes.values())
    query = (
        f"""SELECT agency, year, concat_ws('/', "table", line, "column"), value FROM cells WHERE value IN ({stand_in}) LIMIT 1"""
    )
    if found := connection.execute(query).fetchone():
        agency, year, cell, value = found
        raise UnusableExport(
            f"{agency} {year}: the cell {cell} is {value:.15g}, which stands for a missing value in SPSS;"
            " correct the figure, or export to another format"
            " 该数字在 SPSS 中表示缺失；请更正数字，或导出为其他格式"
        )


def _write(writer: Any, frame: pd.DataFrame, path: Path, **options: Any) -> None:
    try:
        writer(frame, str(path), **options)
    except pyreadstat.ReadstatError as error:
        raise UnusableExport(
            f"{path.name}: cannot hold this panel: {error}; export to parquet, duckdb or csv"
            " 该格式存不下这个面板；请导出为 parquet、duckdb 或 csv"
        ) from error
