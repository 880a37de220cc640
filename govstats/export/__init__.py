"""A panel for other programs: Parquet, DuckDB, CSV, Excel, Stata, SPSS, and a Frictionless data package with its codebook."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from os import PathLike
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal, get_args

import pandas as pd

from govstats.errors import MissingExtra, UnusableExport, UnusablePanel
from govstats.export import database
from govstats.export.codebook import PACKAGE, dataset, datasets, field, markdown, missing_kinds, values
from govstats.export.database import add_views, create_tables
from govstats.files import sha256, whole
from govstats.forms import Language

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

    from govstats.panel import Panel

__all__ = ["FORMATS", "UnusableExport", "add_views", "create_tables", "export"]

Shape = Literal["long", "wide"]

#: The formats, each with the suffix of its file; a data package is a folder.
FORMATS: Mapping[str, str] = {
    **{name: f".{name}" for name in ("parquet", "duckdb", "csv", "xlsx", "dta", "sav")},
    "datapackage": "",
}
#: Of these one file holds one table, the long or the wide one; here is which by default.
_SHAPES: Mapping[str, Shape] = {"parquet": "long", "csv": "long", "dta": "wide", "sav": "wide"}
_FOLDERS = ("parquet", "csv", "datapackage")
#: What writes a format in a module of its own, by module and function.
_WRITERS = {"xlsx": ("workbook", "write_workbook"), "dta": ("stata_spss", "write_stata"), "sav": ("stata_spss", "write_spss")}
#: Excel on a Chinese Windows takes a file for GBK unless it begins with this; R, Stata, pandas and DuckDB skip it.
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_ROWS = 100_000
#: A text that Excel would calculate, also in the full-width characters that it takes in China, or that begins as one is marked:
#: signs and digits alone (``-``, ``-5``) are none.
_FORMULA = r"^([=@＝＠\t\r']|[-+－＋](?s:.*)[^-－0-9.,])"


def export(
    panel: Panel | str | PathLike[str],
    destination: str | PathLike[str],
    format: str,  # noqa: A002 - what the command line calls it too
    *,
    language: Language = "zh",
    shape: Shape | None = None,
    indicators: pd.DataFrame | None = None,
) -> Path:
    """Write a panel for another program.

    Parameters
    ----------
    panel : Panel or path
        A panel, or what has its frames; or the folder that ``govstats build`` wrote, which is read bit by bit and need not fit
        into memory.
    destination : path
        A file; for ``datapackage`` a folder. For ``csv`` and ``parquet`` a path with their suffix becomes one file with one
        table, and any other a folder with all tables. What was there under these names is replaced once the export is complete.
    format : {"parquet", "duckdb", "csv", "xlsx", "dta", "sav", "datapackage"}
    language : {"zh", "en"}
        Of the labels in Excel, Stata and SPSS; the other formats carry both.
    shape : {"long", "wide"}, optional
        What a single table is: one row a cell, or one row a report and one column a cell. By default wide for Stata and SPSS,
        long for CSV and Parquet.
    indicators : pandas.DataFrame, optional
        A table of indicators to put beside the others.

    Returns
    -------
    Path
        The destination.

    Raises
    ------
    UnusableExport
        There is no such format, the destination does not suit it, or the format cannot hold what the panel has.
    UnusablePanel
        The folder is no built panel, its build has not ended, or its files are not what the build wrote.
    UnusableCells
        A cell stands twice in the panel, so that it has no one figure.
    MissingExtra
        A package of the extra ``panel`` or ``export`` is not installed.

    Notes
    -----
    Figures stay as they are, to the last bit; missing kinds stay apart. ``docs/exports.md`` says how each format keeps them.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from types import SimpleNamespace
    >>> import pandas as pd
    >>> from govstats import embedded
    >>> report = embedded.report("平潭综合实验区", 2025)
    >>> none = pd.DataFrame()
    >>> panel = SimpleNamespace(reports=none, cells=report.cells, claims=report.claims, findings=none, notes=report.notes)
    >>> with TemporaryDirectory() as folder:
    ...     file = export(panel, f"{folder}/wide.csv", "csv", shape="wide")
    ...     pd.read_csv(file)[["agency", "year", "requests_new_total"]].values.tolist()
    [['平潭综合实验区', 2025, 154]]
    """
    if format not in FORMATS:
        raise UnusableExport.worded("no_such_format", format=format, known=", ".join(FORMATS))
    if language not in ("zh", "en"):
        raise UnusableExport(f"there are no labels in the language {language!r}; known are zh and en 语言应为 zh 或 en")
    path = Path(destination)
    single = _is_single(path, format)
    shape = _checked_shape(shape, format, single)
    writer = _writer(format, single)
    own = format == "duckdb"
    sources = _sources(panel, indicators)
    try:
        # what was written takes the destination's place only once all of it is there
        with whole(path) as place:
            if not single:
                place.mkdir()
            with connected(place if own else None) as connection:
                create_tables(connection, sources, copy=own, comments=own)
                add_views(connection, comments=own)
                if own:
                    made = database.literal(database.made_from(connection))
                    connection.execute(f"CREATE VIEW made_from AS SELECT {made} AS made_from")
                else:
                    writer(connection, place, language=language, shape=shape, suffix=FORMATS[format])
    except OSError as error:
        reason = error.strerror or error
        raise UnusableExport.worded("destination_not_written", destination=path, reason=reason) from error
    return path


def _is_single(path: Path, format_: str) -> bool:
    """Tell whether the destination is one file, or refuse it."""
    suffix = FORMATS[format_]
    single = bool(suffix) and path.suffix.lower() == suffix
    if not single and (format_ not in _FOLDERS or path.suffix.lower() in filter(None, FORMATS.values())):
        allowed = " or ".join([f"a file *{suffix}"] * bool(suffix) + ["a folder"] * (format_ in _FOLDERS))
        raise UnusableExport.worded("no_destination", path=path, format=format_, allowed=allowed)
    if path.exists() and path.is_dir() == single:
        there, needed, zh = ("a folder", "a file", "文件") if single else ("a file", "a folder", "文件夹")
        raise UnusableExport.worded("other_kind_of_destination", path=path, there=there, format=format_, needed=needed, zh=zh)
    return single


def _checked_shape(shape: Shape | None, format_: str, single: bool) -> Shape:
    if shape is not None and (format_ not in _SHAPES or not single or shape not in get_args(Shape)):
        with_shape = ", ".join(f"*{FORMATS[name]}" for name in _SHAPES)
        raise UnusableExport.worded("no_such_shape", format=format_, shape=shape, with_shape=with_shape)
    return shape or _SHAPES.get(format_, "long")


def _writer(format_: str, single: bool) -> Callable[..., None]:
    """Return what writes a format, once the packages are there that it needs."""
    try:
        for package in ("duckdb", "pyarrow"):  # every format is written from their tables
            import_module(package)
        if format_ not in _WRITERS:
            return write_data_package if format_ == "datapackage" else write_table if single else write_tables
        module, function = _WRITERS[format_]
        writer: Callable[..., None] = getattr(import_module(f"govstats.export.{module}"), function)
    except ImportError as error:
        extra = "export" if error.name in ("pyreadstat", "xlsxwriter") else "panel"
        raise MissingExtra.of(f"an export to {format_}", error, extra) from error
    return writer


def _sources(panel: Panel | str | PathLike[str], indicators: pd.DataFrame | None) -> dict[str, database.Source]:
    """Return where each table of a panel comes from; empty frames are left out."""
    names = (*datasets("tables"), *datasets("optional"))
    sources: dict[str, Any] = {}
    if isinstance(panel, str | PathLike):
        folder = Path(panel)
        files = {name: sorted([*folder.glob(f"{name}.parquet"), *folder.glob(f"{name}/*.parquet")]) for name in names}
        sources = {name: of_table for name, of_table in files.items() if of_table}
        if (folder / database.MANIFEST).exists() or (folder / database.KEPT).exists():  # a build's; else what an export wrote
            database.manifest_of(folder)
            for name in database.PANEL_TYPES:
                database.whole_table(folder, name)
        if "cells" not in sources:
            raise UnusablePanel.worded("no_panel", folder=folder)
    else:
        # the variables are not the panel's
        for name in [name for name in names if name != "variables"]:
            frame = getattr(panel, name, None)
            frame = frame() if callable(frame) else frame
            if isinstance(frame, pd.DataFrame) and len(frame.columns) and (len(frame) or name in datasets("tables")):
                sources[name] = frame
    if indicators is not None:
        sources["indicators"] = indicators
    return sources


@contextmanager
def connected(file: Path | None) -> Iterator[DuckDBPyConnection]:
    """Open a database: that of a file, or one in memory that may spill to disk."""
    import duckdb

    try:  # a full disk may show only when the file is closed
        with TemporaryDirectory() as spill, duckdb.connect(":memory:" if file is None else str(file)) as connection:
            connection.execute(f"SET memory_limit = '{_MEMORY}'; SET temp_directory = {database.literal(spill)}")
            if file is not None:
                connection.execute(f"{_WRITING}; BEGIN")  # each comment would be a transaction of its own
            yield connection
            if file is not None:
                connection.commit()
    except (duckdb.IOException, duckdb.TransactionException, duckdb.FatalException) as error:
        raise UnusableExport.worded("export_failed", error=error) from error


#: What DuckDB may hold before it goes to the disk.
_MEMORY = "700MB"
#: To write a database takes no less time with more memory, nor with two threads, whose file is half as large again.
_WRITING = "SET memory_limit = '128MB'; SET threads = 1"


# --- CSV, Parquet and the data package --------------------------------------------------------------------------------------


def write_table(connection: DuckDBPyConnection, path: Path, *, shape: str, **_: Any) -> None:
    """Write the long or the wide table as one file of CSV or Parquet."""
    _write(connection, "cells" if shape == "long" else "wide", path)


def write_tables(connection: DuckDBPyConnection, folder: Path, *, suffix: str, **_: Any) -> None:
    """Write every table as a file, and the codebook."""
    for name in database.exported_tables(connection):
        _write(connection, name, folder / f"{name}{suffix}")
    _codebook(connection, folder)


def write_data_package(connection: DuckDBPyConnection, folder: Path, **_: Any) -> None:
    """Write every table as CSV, the codebook, and ``datapackage.json`` with a Table Schema for each."""
    names = database.exported_tables(connection)
    for name in names:
        _csv(connection, name, folder / f"{name}.csv", b"")
    _codebook(connection, folder)
    about = {**PACKAGE["about"], "made_from": database.made_from(connection)}
    package = {**about, "resources": [_resource(connection, name, folder) for name in names]}
    (folder / "datapackage.json").write_text(json.dumps(package, ensure_ascii=False, indent=2) + "\n", "utf-8")


def _write(connection: DuckDBPyConnection, table: str, path: Path) -> None:
    if path.suffix.lower() == ".csv":
        _csv(connection, table, path, _BYTE_ORDER_MARK)
    else:
        _parquet(connection, table, path)


def _csv(connection: DuckDBPyConnection, table: str, path: Path, opening: bytes) -> None:
    from pyarrow.csv import CSVWriter

    rows = connection.sql(f"FROM {table}").to_arrow_reader(_ROWS)
    with path.open("wb") as file:
        file.write(opening)
        with CSVWriter(file, rows.schema) as writer:
            for batch in rows:
                writer.write_batch(_without_formulas(batch))


def _without_formulas(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Mark texts that Excel would calculate with an apostrophe; to take one away from where a text begins restores it."""
    import pyarrow as pa
    import pyarrow.compute as pc

    for at, column in enumerate(batch.schema):
        if pa.types.is_string(column.type):
            texts = pc.replace_substring_regex(batch.column(at), _FORMULA, r"'\1", max_replacements=1)
            batch = batch.set_column(at, column, texts)
    return batch


def _parquet(connection: DuckDBPyConnection, table: str, path: Path) -> None:
    from pyarrow.parquet import ParquetWriter

    made = database.made_from(connection)
    rows = connection.sql(f"FROM {table}").to_arrow_reader(_ROWS)
    schema = _described(table, rows.schema)
    schema = schema.with_metadata({**schema.metadata, "govstats": made})
    with ParquetWriter(path, schema, compression="zstd") as writer:
        for batch in rows.cast(schema):
            writer.write_batch(batch)


def _described(table: str, schema: pa.Schema) -> pa.Schema:
    """Give columns their labels, and the types that the frames of a panel have."""
    import pyarrow as pa

    whole = pd.Int64Dtype()
    kinds = {pa.int64(): whole, pa.int32(): whole, pa.float64(): pd.Float64Dtype(), pa.bool_(): pd.BooleanDtype()}
    fields = []
    for column in schema:
        known = field(table, column.name)
        labels = {"label_zh": known.zh, "label_en": known.en, "unit": known.unit}
        kind = pa.timestamp("ms") if pa.types.is_date(column.type) else column.type
        fields.append(pa.field(column.name, kind, metadata={name: label for name, label in labels.items() if label}))
    described = pa.schema(fields)
    return described.with_metadata(pa.Schema.from_pandas(described.empty_table().to_pandas(types_mapper=kinds.get)).metadata)


def _codebook(connection: DuckDBPyConnection, folder: Path) -> None:
    columns = {
        name: database.columns_of(connection, name)
        for name in database.exported_tables(connection)
        if not name.startswith("wide")
    }
    text = markdown(columns, database.codebook_rows(connection))
    (folder / "codebook.md").write_text(f"{text.rstrip()}\n\n{database.made_from(connection)}\n", "utf-8")


def _resource(connection: DuckDBPyConnection, name: str, folder: Path) -> dict[str, Any]:
    path = folder / f"{name}.csv"
    about = dataset(name)
    types = {column: kind for column, kind, *_ in connection.execute(f"DESCRIBE {name}").fetchall()}
    schema: dict[str, Any] = {"fields": [_table_schema_field(name, *one) for one in types.items()], "missingValues": [""]}
    if name.startswith("wide"):
        schema["primaryKey"] = ["agency", "year"]
    if name in ("cells", "wide", "wide_status") and _all_registered(connection, name):
        reference = {"resource": "reports", "fields": ["agency", "year"]}
        schema["foreignKeys"] = [{"fields": ["agency", "year"], "reference": reference}]
    return {
        "name": name,
        "path": path.name,
        "title": f"{about.zh} / {about.en}",
        "description": f"{about.about_zh} / {about.about_en}",
        **PACKAGE["resource"],
        "bytes": path.stat().st_size,
        "hash": f"sha256:{sha256(path)}",
        "schema": schema,
    }


_TABLE_SCHEMA_TYPES = {"VARCHAR": "string", "BOOLEAN": "boolean", "DATE": "date", "DOUBLE": "number", "FLOAT": "number"}


def _table_schema_field(table: str, column: str, kind: str) -> dict[str, Any]:
    schema: dict[str, Any] = {"name": column, "type": _TABLE_SCHEMA_TYPES.get(kind, "integer" if "INT" in kind else "any")}
    known = field(table, column)
    if known.zh:
        schema["title"] = f"{known.zh} / {known.en}"
    # in a column that only this panel has, other values may stand; of forms there will be more
    if known.values not in ("", "form") and (known.cell or column in dataset(table).columns):
        meanings = values(known.values).values()
        schema["description"] = _listed((value.id, f"{value.zh} {value.en}") for value in meanings)
        schema["constraints"] = {"enum": [value.id for value in meanings]}
    if known.cell:
        unit = f"（{known.unit}）" if known.unit else ""
        schema["description"] = f"{'/'.join(known.cell)}{unit}"
    if table == "cells" and column == "value":
        schema["description"] = _listed((kind.id, f"{kind.meaning_zh} {kind.meaning_en}") for kind in missing_kinds())
    return schema


def _listed(meanings: Iterable[tuple[str, str]]) -> str:
    return "; ".join(f"{name}: {meaning}" for name, meaning in meanings)


def _all_registered(connection: DuckDBPyConnection, table: str) -> bool:
    """Tell whether every report that a table speaks of stands among the reports."""
    query = f"SELECT 1 FROM {table} t ANTI JOIN reports r ON t.agency = r.agency AND t.year = r.year LIMIT 1"
    return connection.execute(query).fetchone() is None
