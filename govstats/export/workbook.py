"""A workbook for Excel: one sheet a table, labels above names, nothing in it a formula."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unicodedata import east_asian_width

import xlsxwriter

from govstats.errors import UnusableExport
from govstats.export.codebook import Field, dataset, field, missing_kinds, variables
from govstats.export.database import batches, columns_of
from govstats.export.tables import codebook_rows, exported_tables
from govstats.forms import Language

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

#: What a sheet of Excel holds, with the two rows of its header.
_ROWS = 1_048_576
_HEADER = 2
_LONGEST_TEXT = 32_767
_WIDEST = 60


def write_workbook(connection: DuckDBPyConnection, path: Path, *, language: Language, **_: Any) -> None:
    """Write every table as a sheet: a row of labels, a row of names, then the rows."""
    names = [name for name in exported_tables(connection) if name not in ("wide_status", "rules")]
    for name in names:
        rows, *_rest = connection.execute(f"SELECT count(*) FROM {name}").fetchone() or (0,)
        if rows > _ROWS - _HEADER:
            raise UnusableExport(
                f"{path.name}: the sheet {name} would have {rows} rows, Excel takes {_ROWS - _HEADER};"
                " export to csv, parquet or duckdb, or keep fewer reports"
                " 行数超出 Excel 上限；请导出为 csv、parquet 或 duckdb，或减少年报"
            )
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(str(path), options) as book:
        formats = {
            "label": book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bg_color": "#E7E6E6"}),
            "name": book.add_format({"font_color": "#595959", "bottom": 1}),
            "count": book.add_format({"num_format": "#,##0"}),
            "whole": book.add_format({"num_format": "0"}),
            "date": book.add_format({"num_format": "yyyy-mm-dd"}),
            "kind": book.add_format({"italic": True, "font_color": "#595959", "align": "right"}),
        }
        for name in names:
            _Sheet(connection, book.add_worksheet(dataset(name).text(language)), formats, name, language).write()


class _Sheet:
    """A sheet that one table is written to."""

    def __init__(
        self, connection: DuckDBPyConnection, sheet: Worksheet, formats: Mapping[str, Format], name: str, language: Language
    ) -> None:
        self.connection, self.sheet, self.formats, self.name, self.language = connection, sheet, formats, name, language
        self.columns = columns_of(connection, name)
        self.cells = {one.name: one.text(language) for one in variables()} if name == "wide" else {}

    def write(self) -> None:
        """Write header and rows."""
        known = [field(self.name, column) for column in self.columns]
        rows = self._rows()
        first = list(islice(rows, 200))
        for at, column in enumerate(self.columns):
            texts = [column, *(row[at] for row in first)]
            self.sheet.set_column(at, at, min(_WIDEST, max(8, *(_width(text) for text in texts)) + 2))
        label = [one.text(self.language) if one else column for one, column in zip(known, self.columns, strict=True)]
        for at, column in enumerate(self.columns):
            self.sheet.write_string(0, at, self.cells.get(column, label[at]), self.formats["label"])
        for at, column in enumerate(self.columns):
            self.sheet.write_string(1, at, column, self.formats["name"])
        self.sheet.freeze_panes(_HEADER, 2 if self.columns[:2] == ["agency", "year"] else 0)
        at = _HEADER
        for at, row in enumerate(chain(first, rows), start=_HEADER):
            self._row(at, row, known)
        self.sheet.autofilter(_HEADER - 1, 0, at, len(self.columns) - 1)

    def _row(self, at: int, row: Sequence[Any], known: Sequence[Field | None]) -> None:
        for place, (value, about) in enumerate(zip(row, known, strict=True)):
            if isinstance(value, str):
                if len(value) > _LONGEST_TEXT:
                    raise UnusableExport(
                        f"{self.name}, row {at - 1}: the column {self.columns[place]} has {len(value)} characters,"
                        f" Excel takes {_LONGEST_TEXT}; export to csv, parquet or duckdb"
                        " 文本超出 Excel 单元格上限；请导出为 csv、parquet 或 duckdb"
                    )
                if value:
                    kind = self.formats["kind"] if self.columns[place] in self.cells else None
                    self.sheet.write_string(at, place, value, kind)
            elif isinstance(value, bool):
                self.sheet.write_boolean(at, place, value)
            elif isinstance(value, dt.date):
                self.sheet.write_datetime(at, place, value, self.formats["date"])
            elif isinstance(value, int):
                self.sheet.write_number(at, place, value, self.formats["count" if about is None else "whole"])
            elif value is not None:
                self.sheet.write_number(at, place, value)

    def _rows(self) -> Iterator[Sequence[Any]]:
        if self.name == "wide":
            yield from self._wide_rows()
        elif self.name == "codebook":
            yield from ([row[column] for column in self.columns] for row in codebook_rows(self.connection))
        else:
            for batch in batches(self.connection, f"FROM {self.name}", 10_000):
                yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)

    def _wide_rows(self) -> Iterator[Sequence[Any]]:
        """Return figures, and where there is none the word for why: Excel leaves words out of sums."""
        words = {kind.id: kind.text(self.language) for kind in missing_kinds()}
        figures, status = (self.connection.sql(f"FROM {name}").to_arrow_table() for name in ("wide", "wide_status"))
        for start in range(0, len(figures), 1000):
            columns = []
            for name in self.columns:
                column = figures.column(name).slice(start, 1000).to_pylist()
                if name in self.cells:
                    reasons = status.column(name).slice(start, 1000).to_pylist()
                    column = [words.get(why) if one is None else one for one, why in zip(column, reasons, strict=True)]
                columns.append(column)
            yield from zip(*columns, strict=True)


def _width(value: Any) -> int:
    return sum(2 if east_asian_width(one) in "WF" else 1 for one in str("" if value is None else value)[:_WIDEST])
