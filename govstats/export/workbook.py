"""Workbooks for Excel: a panel, a sheet for each table; a report as printed, with what fails in it. No text is a formula."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import chain, islice
from math import ceil
from os import PathLike
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from unicodedata import east_asian_width

import numpy as np
import pandas as pd
import xlsxwriter
from xlsxwriter.exceptions import FileCreateError

from govstats.errors import UnusableExport
from govstats.export.codebook import Field, dataset, field, missing_kinds
from govstats.export.database import codebook_rows, columns_of, exported_tables, made_from
from govstats.files import package_data
from govstats.forms import CellKey, Language, cell_key

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

    from govstats.display import ShownTable

    Looks = Mapping[str, Format]

_SAID = package_data("export/workbook.toml")
#: What a sheet of Excel holds, with the two rows of its header; what a cell or a comment holds, and the name of a sheet.
_ROWS, _HEADER = 1_048_576, 2
_LONGEST_TEXT, _LONGEST_NAME = 32_767, 31
#: Characters: the widest column of a panel, columns of labels and of figures, a line of a comment.
_WIDEST, _LABELS, _FIGURES, _COMMENT = 60, 17, 13, 70
#: Where a statutory table begins, and the points that a line of it is high, and that a row can be.
_FIRST_ROW, _HIGH, _HIGHEST = 2, 16, 409
_PAPER_A4 = 9
#: When every workbook says that it was made: the same panel gives the same bytes.
_MADE = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)


@contextmanager
def _opened(path: Path, kind: str, **options: Any) -> Iterator[tuple[xlsxwriter.Workbook, Looks]]:
    options |= dict.fromkeys(("strings_to_formulas", "strings_to_urls", "strings_to_numbers"), False)
    with TemporaryDirectory(prefix="govstats-") as rows_of_sheets:
        book = xlsxwriter.Workbook(str(path), options | {"tmpdir": rows_of_sheets})
        try:
            with book:
                book.set_properties({"created": _MADE})
                yield book, {name: book.add_format(look) for name, look in _SAID[kind].items()}
        except FileCreateError as error:
            raise OSError(str(error)) from error
        finally:
            # a workbook that is not written, on a full disk, leaves them open
            for rows in filter(None, (sheet.row_data_fh for sheet in book.worksheets())):
                with suppress(OSError):
                    rows.close()


def write_workbook(connection: DuckDBPyConnection, path: Path, *, language: Language, **_: Any) -> None:
    """Write every table as a sheet: a row of labels, a row of names, then the rows."""
    names = [name for name in exported_tables(connection) if name not in ("wide_status", "rules")]
    for name in names:
        rows, *_rest = connection.execute(f"SELECT count(*) FROM {name}").fetchone() or (0,)
        if rows > _ROWS - _HEADER:
            raise UnusableExport.worded("too_many_rows_for_excel", file=path.name, name=name, rows=rows, most=_ROWS - _HEADER)
    with _opened(path, "panel", constant_memory=True, default_date_format="yyyy-mm-dd") as (book, looks):
        book.set_properties({"created": _MADE, "comments": made_from(connection)})
        for name in names:
            _write_rows(connection, book.add_worksheet(dataset(name).text(language)), looks, name, language)


def _write_rows(connection: DuckDBPyConnection, sheet: Worksheet, looks: Looks, name: str, language: Language) -> None:
    columns = columns_of(connection, name)
    fields = [field(name, column) for column in columns]
    rows = _rows(connection, name, language)
    first = list(islice(rows, 200))
    for at, texts in enumerate(zip(columns, *first, strict=True)):
        wide = (_width(str("" if text is None else text)[:_WIDEST]) for text in texts)
        sheet.set_column(at, at, min(_WIDEST, max(8, *wide) + 2))
    labels = [one.text(language) or one.name for one in fields]
    sheet.write_row(0, 0, labels, looks["label"])
    sheet.write_row(1, 0, columns, looks["name"])
    sheet.freeze_panes(_HEADER, 2 if columns[:2] == ["agency", "year"] else 0)
    at = _HEADER
    for at, row in enumerate(chain(first, rows), start=_HEADER):
        for place, value in enumerate(row):
            if isinstance(value, str) and len(value) > _LONGEST_TEXT:
                where = {"name": name, "row": at - 1, "column": columns[place]}
                raise UnusableExport.worded("too_long_for_excel", **where, length=len(value), most=_LONGEST_TEXT)
            sheet.write(at, place, value, _look(looks, fields[place], value))
    sheet.autofilter(_HEADER - 1, 0, at, len(columns) - 1)


def _look(looks: Looks, known: Field, value: Any) -> Format | None:
    """Return how a value is shown: statutory cells have a look, others have none."""
    kind = {str: "kind", int: "count"}.get(type(value), "")
    return looks.get(kind) if known.cell else None


def _rows(connection: DuckDBPyConnection, name: str, language: Language) -> Iterator[Sequence[Any]]:
    if name == "wide":
        # figures, and where there is none (blank …: codebook.toml) the word for why: Excel leaves words out of sums
        words = {kind.id: kind.text(language) for kind in missing_kinds()}
        tables = (connection.sql(f"FROM {one}").to_arrow_table().to_batches(1000) for one in ("wide", "wide_status"))
        for row, why in zip(*map(_by_row, tables), strict=True):
            yield [words.get(why[column]) if value is None else value for column, value in row.items()]
    elif name == "codebook":
        yield from (list(row.values()) for row in codebook_rows(connection))
    else:
        yield from (list(row.values()) for row in _by_row(connection.sql(f"FROM {name}").to_arrow_reader(10_000)))


def _by_row(batches: Iterable[pa.RecordBatch]) -> Iterator[dict[str, Any]]:
    return (row for batch in batches for row in batch.to_pylist())


# --- one report -----------------------------------------------------------------------------------------------------------


def write_checked(
    destination: str | PathLike[str],
    title: str,
    tables: Sequence[ShownTable],
    findings: pd.DataFrame,
    repairs: pd.DataFrame,
    *,
    language: Language = "zh",
) -> Path:
    """Write what was found in a report into a workbook that its authors can read and correct it by.

    Parameters
    ----------
    destination : path
        A file ``*.xlsx``; one that is there is replaced.
    title : str
        Of which report.
    tables : sequence of ShownTable
        The tables of the report with their failed edits, as `govstats.display.show_table` makes them in the same language.
    findings, repairs : pandas.DataFrame
        As `govstats.reconcile` and `govstats.repairs` return them for this report.
    language : {"zh", "en"}

    Returns
    -------
    Path
        The destination. Its first sheet lists what fails, each with its difference and every repair. Then follows a sheet for
        each statutory table as printed: a cell in which something fails is coloured and has a comment with its place in the
        document, the rule, the difference and every repair. No text is a formula or a link.

    Raises
    ------
    UnusableExport
        The destination is no ``*.xlsx`` or cannot be written.
    """
    path = Path(destination)
    if path.suffix.lower() != ".xlsx":
        raise UnusableExport(f"{path}: cannot be a workbook, expected a file *.xlsx 工作簿应为 .xlsx 文件")
    failed = findings[findings["status"] == "fail"]
    failed = failed.sort_values("severity", key=lambda column: column.map("EWI".index), kind="stable")
    decided = ("(" + failed["decision"] + ") ").fillna("")
    told: list[dict[str, Any]] = failed.assign(message=decided + failed[f"message_{language}"]).to_dict("records")  # type: ignore[assignment]
    for finding in told:
        finding["repairs"] = "\n".join(_repairs_of(finding, repairs, language))
    reasons = _reasons(told, language)
    try:
        with _opened(path, "checked") as (book, looks):
            _write_findings(_sheet(book, _SAID[language]["findings"], title, looks), told, looks, language)
            for table in tables:
                _write_table(_sheet(book, table.title, table.title, looks), table, reasons, looks, language)
    except OSError as error:
        raise UnusableExport(f"{path}: cannot be written: {error} 无法写入，请另选位置或先关闭该文件") from error
    return path


def _repairs_of(finding: Mapping[str, Any], repairs: pd.DataFrame, language: Language) -> list[str]:
    """Say all repairs that explain a finding: those of the groups that change one of its cells for its rule."""
    places = repairs["table"] + "/" + repairs["line"] + "/" + repairs["column"]
    # a search that found nothing names the table alone
    there = places.isin(finding["cells"].split(";")) | (repairs["line"].isna() & (repairs["table"] == finding["table"]))
    explains = repairs["rules"].map(lambda rules: finding["rule"] in rules.split(";")).astype(bool)
    groups = repairs.loc[there & explains, "group"]
    said = repairs[repairs["group"].isin(groups)].drop_duplicates("repair")[f"message_{language}"]
    words = _SAID[language]["repair"]
    return [words.format(number=number, count=len(said), said=one) for number, one in enumerate(said, start=1)]


def _reasons(told: Sequence[Mapping[str, Any]], language: Language) -> Mapping[CellKey | None, Sequence[str]]:
    """Return for each cell what fails in it."""
    reasons: dict[CellKey | None, list[str]] = {}
    for finding in told:
        said = [f"{finding['severity']} {finding['rule']} {finding['message']}"]
        if pd.notna(finding["difference"]):
            said.append(_SAID[language]["difference"].format(difference=_signed(finding["difference"])))
        said += [finding["repairs"]] * bool(finding["repairs"])
        for place in filter(None, finding["cells"].split(";")):
            reasons.setdefault(cell_key(place), []).append("\n".join(said))
    return reasons


def _signed(figure: float) -> str:
    # no figure has more than six decimals: what is beyond is the noise of binary fractions
    return np.format_float_positional(round(figure, 6), trim="-", sign=True)


def _sheet(book: xlsxwriter.Workbook, name: str, title: str, looks: Looks) -> Worksheet:
    sheet: Worksheet = book.add_worksheet(re.sub(r"[\[\]:*?/\\]", " ", name)[:_LONGEST_NAME])
    sheet.write_string(0, 0, title, looks["title"])
    sheet.set_paper(_PAPER_A4)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    return sheet


def _write_findings(sheet: Worksheet, told: Sequence[Mapping[str, Any]], looks: Looks, language: Language) -> None:
    columns = _SAID["findings"]
    for at, column in enumerate(columns.values()):
        sheet.set_column(at, at, column["wide"])
        sheet.write_string(_FIRST_ROW, at, column[language], looks["label"])
    for row, finding in enumerate(told, start=_FIRST_ROW + 1):
        high = 1
        for at, (name, column) in enumerate(columns.items()):
            value = finding[name]
            if isinstance(value, str):
                sheet.write_string(row, at, _shortened(value, language), looks["text"])
                high = max(high, _lines(value, column["wide"]))
            elif pd.notna(value):
                sheet.write_number(row, at, round(value, 6), looks["number"])
        sheet.set_row(row, min(_HIGH * high, _HIGHEST))  # Excel finds the heights itself, LibreOffice does not
    if not told:
        sheet.write_string(_FIRST_ROW + 1, 0, _SAID[language]["none"])
    sheet.freeze_panes(_FIRST_ROW + 1, 0)


def _write_table(
    sheet: Worksheet, table: ShownTable, reasons: Mapping[CellKey | None, Sequence[str]], looks: Looks, language: Language
) -> None:
    sheet.write_string(1, 0, table.unit if table.rows else table.absent)
    pieces = [piece for of_row in table.rows for piece in of_row]
    first = min((piece.left for piece in pieces if piece.key), default=0)
    wide = [_LABELS if at < first else _FIGURES for at in range(max((piece.left + piece.columns for piece in pieces), default=0))]
    for piece in pieces:
        if piece.key and piece.columns == 1:
            wide[piece.left] = max(wide[piece.left], _width(piece.text) + 2)
    for at, size in enumerate(wide):
        sheet.set_column(at, at, size)
    for row, of_row in enumerate(table.rows, start=_FIRST_ROW):
        lines = 1
        for piece in of_row:
            right = piece.left + piece.columns - 1
            failed = reasons.get(piece.key, ())
            look = looks["label" if piece.key is None else "failed" if failed else "state" if piece.is_state else "figure"]
            if piece.rows > 1 or piece.columns > 1:
                sheet.merge_range(row, piece.left, row + piece.rows - 1, right, "", look)
            if piece.key and _is_plain(piece.text):
                sheet.write_number(row, piece.left, float(piece.text), look)
            else:
                sheet.write_string(row, piece.left, piece.text, look)
            if piece.rows == 1:
                lines = max(lines, _lines(piece.text, sum(wide[piece.left : right + 1]) - piece.columns))
            if failed:
                said = _shortened("\n\n".join([piece.title.partition("\n")[0], *failed]), language)
                high = min(20 * _lines(said, _COMMENT) + 20, 900)
                sheet.write_comment(row, piece.left, said, {"x_scale": 3.4, "height": high, "font_size": 9})
        sheet.set_row(row, _HIGH * lines)


def _is_plain(text: str) -> bool:
    """Tell whether Excel shows a figure as it is printed; ``1,204`` and ``007`` stay text."""
    return re.fullmatch(r"-?(0|[1-9]\d{0,13})(\.\d*[1-9])?", text, re.ASCII) is not None


def _shortened(text: str, language: Language) -> str:
    """Leave out what neither a cell nor a comment can hold."""
    text = "".join(one for one in text if one.isprintable() or one == "\n")
    more = f"\n{_SAID[language]['more']}"
    return text if len(text) <= _LONGEST_TEXT else text[: _LONGEST_TEXT - len(more)] + more


def _lines(text: str, wide: float) -> int:
    """Return how many lines a text takes in so many characters."""
    return sum(max(1, ceil(_width(line) / wide)) for line in text.split("\n"))


def _width(text: str) -> int:
    return sum(2 if east_asian_width(one) in "WF" else 1 for one in text)
