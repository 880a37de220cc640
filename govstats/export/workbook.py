"""A workbook for Excel: one sheet a table, labels above names, nothing in it a formula."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unicodedata import east_asian_width

import xlsxwriter

from govstats.errors import UnusableExport
from govstats.export.codebook import dataset, field, missing_kinds
from govstats.export.database import columns_of
from govstats.export.tables import codebook_rows, exported_tables
from govstats.forms import Language

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

#: What a sheet of Excel holds, with the two rows of its header.
_ROWS = 1_048_576
_HEADER = 2
_LONGEST_TEXT = 32_767
_WIDEST = 60
#: When every workbook says that it was made: the same panel gives the same bytes.
_MADE = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)


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
    options: dict[str, Any] = dict.fromkeys(("strings_to_formulas", "strings_to_urls", "strings_to_numbers"), False)
    options |= {"constant_memory": True, "default_date_format": "yyyy-mm-dd"}
    try:
        with xlsxwriter.Workbook(str(path), options) as book:
            book.set_properties({"created": _MADE})
            formats = {
                "label": book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bg_color": "#E7E6E6"}),
                "name": book.add_format({"font_color": "#595959", "bottom": 1}),
                "count": book.add_format({"num_format": "#,##0"}),
                "kind": book.add_format({"italic": True, "font_color": "#595959", "align": "right"}),
            }
            for name in names:
                _Sheet(connection, book.add_worksheet(dataset(name).text(language)), formats, name, language).write()
    except xlsxwriter.exceptions.FileCreateError as error:
        raise OSError(str(error)) from error


class _Sheet:
    """A sheet that one table is written to."""

    def __init__(
        self, connection: DuckDBPyConnection, sheet: Worksheet, formats: Mapping[str, Format], name: str, language: Language
    ) -> None:
        self.connection, self.sheet, self.formats, self.name, self.language = connection, sheet, formats, name, language
        self.columns = columns_of(connection, name)
        self.fields = [field(name, column) for column in self.columns]

    def write(self) -> None:
        """Write header and rows."""
        rows = self._rows()
        first = list(islice(rows, 200))
        labels = [one.text(self.language) if one else name for one, name in zip(self.fields, self.columns, strict=True)]
        for at, texts in enumerate(zip(self.columns, *first, strict=True)):
            self.sheet.set_column(at, at, min(_WIDEST, max(8, *map(_width, texts)) + 2))
        self.sheet.write_row(0, 0, labels, self.formats["label"])
        self.sheet.write_row(1, 0, self.columns, self.formats["name"])
        self.sheet.freeze_panes(_HEADER, 2 if self.columns[:2] == ["agency", "year"] else 0)
        at = _HEADER
        for at, row in enumerate(chain(first, rows), start=_HEADER):
            for place, value in enumerate(row):
                self.sheet.write(at, place, value, self._look(at, place, value))
        self.sheet.autofilter(_HEADER - 1, 0, at, len(self.columns) - 1)

    def _look(self, at: int, place: int, value: Any) -> Format | None:
        """Return how a value is shown; refuse a text that no cell of Excel holds."""
        known = self.fields[place]
        if isinstance(value, str) and len(value) > _LONGEST_TEXT:
            raise UnusableExport(
                f"{self.name}, row {at - 1}: the column {self.columns[place]} has {len(value)} characters,"
                f" Excel takes {_LONGEST_TEXT}; export to csv, parquet or duckdb"
                " 文本超出 Excel 单元格上限；请导出为 csv、parquet 或 duckdb"
            )
        if known is None or known.cell is None:
            return None
        return self.formats["kind"] if isinstance(value, str) else self.formats["count"] if isinstance(value, int) else None

    def _rows(self) -> Iterator[Sequence[Any]]:
        if self.name == "wide":
            # figures, and where there is none the word for why: Excel leaves words out of sums
            words = {kind.id: kind.text(self.language) for kind in missing_kinds()}
            tables = (self.connection.sql(f"FROM {name}").to_arrow_table().to_batches(1000) for name in ("wide", "wide_status"))
            for row, why in zip(*map(_by_row, tables), strict=True):
                yield [words.get(why[name]) if value is None else value for name, value in row.items()]
        elif self.name == "codebook":
            yield from (list(row.values()) for row in codebook_rows(self.connection))
        else:
            yield from (list(row.values()) for row in _by_row(self.connection.sql(f"FROM {self.name}").to_arrow_reader(10_000)))


def _by_row(batches: Iterable[pa.RecordBatch]) -> Iterator[dict[str, Any]]:
    return (row for batch in batches for row in batch.to_pylist())


def _width(value: Any) -> int:
    return sum(2 if east_asian_width(one) in "WF" else 1 for one in str("" if value is None else value)[:_WIDEST])
