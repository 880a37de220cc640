"""A panel for other programs: Parquet, DuckDB, CSV, Excel, Stata, SPSS, and a Frictionless data package with its codebook."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from importlib import import_module
from os import PathLike
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal, get_args

import pandas as pd

from govstats.errors import MissingExtra, UnusableExport, UnusablePanel
from govstats.export.codebook import datasets
from govstats.export.database import (
    KEPT,
    MANIFEST,
    PANEL_TYPES,
    Source,
    add_views,
    create_tables,
    literal,
    made_from,
    manifest_of,
    whole_table,
)
from govstats.files import whole
from govstats.forms import Language

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from govstats.panel import Panel

__all__ = ["FORMATS", "UnusableExport", "add_views", "create_tables", "export"]

Format = Literal["parquet", "duckdb", "csv", "xlsx", "dta", "sav", "datapackage"]
Shape = Literal["long", "wide"]

#: The formats, each with the suffix of its file; a data package is a folder.
FORMATS: Mapping[str, str] = {
    "parquet": ".parquet",
    "duckdb": ".duckdb",
    "csv": ".csv",
    "xlsx": ".xlsx",
    "dta": ".dta",
    "sav": ".sav",
    "datapackage": "",
}
#: Of these one file holds one table, the long or the wide one; here is which by default.
_SHAPES: Mapping[str, Shape] = {"parquet": "long", "csv": "long", "dta": "wide", "sav": "wide"}
_FOLDERS = ("parquet", "csv", "datapackage")
#: What writes a format, by module and function; CSV and Parquet are written by ``tables``.
_WRITERS = {
    "xlsx": ("workbook", "write_workbook"),
    "dta": ("stata_spss", "write_stata"),
    "sav": ("stata_spss", "write_spss"),
    "datapackage": ("tables", "write_data_package"),
}


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
    with ExitStack() as stack:
        sources = _sources(panel, indicators)
        place = stack.enter_context(_placed(path, folder=not single))
        connection = stack.enter_context(connected(place if own else None))
        create_tables(connection, sources, copy=own, comments=own)
        add_views(connection, comments=own)
        if own:
            connection.execute(f"CREATE VIEW made_from AS SELECT {literal(made_from(connection))} AS made_from")
        if not own:
            writer(connection, place, language=language, shape=shape, suffix=FORMATS[format])
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
    module, function = _WRITERS.get(format_, ("tables", "write_table" if single else "write_tables"))
    try:
        import_module("duckdb")  # every format is written from its tables
        writer: Callable[..., None] = getattr(import_module(f"govstats.export.{module}"), function)
    except ImportError as error:
        extra = "export" if error.name in ("pyreadstat", "xlsxwriter") else "panel"
        raise MissingExtra.of(f"an export to {format_}", error, extra) from error
    return writer


def _sources(panel: Panel | str | PathLike[str], indicators: pd.DataFrame | None) -> dict[str, Source]:
    """Return where each table of a panel comes from; empty frames are left out."""
    names = (*datasets("tables"), *datasets("optional"))
    sources: dict[str, Any] = {}
    if isinstance(panel, str | PathLike):
        folder = Path(panel)
        files = {name: sorted([*folder.glob(f"{name}.parquet"), *folder.glob(f"{name}/*.parquet")]) for name in names}
        sources = {name: of_table for name, of_table in files.items() if of_table}
        if (folder / MANIFEST).exists() or (folder / KEPT).exists():  # a build's; else what an export wrote
            manifest_of(folder)
            for name in PANEL_TYPES:
                whole_table(folder, name)
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
            connection.execute(f"SET memory_limit = '{_MEMORY}'; SET temp_directory = {literal(spill)}")
            if file is not None:
                connection.execute(_WRITING)
            yield connection
    except (duckdb.IOException, duckdb.TransactionException, duckdb.FatalException) as error:
        raise UnusableExport.worded("export_failed", error=error) from error


#: What DuckDB may hold before it goes to the disk.
_MEMORY = "700MB"
#: To write a database takes no less time with more memory, nor with two threads, whose file is half as large again.
_WRITING = "SET memory_limit = '128MB'; SET threads = 1"


@contextmanager
def _placed(destination: Path, *, folder: bool) -> Iterator[Path]:
    """Give a place to write to, and put what was written in the destination's place only once all of it is there."""
    try:
        with whole(destination) as place:
            if folder:
                place.mkdir()
            yield place
    except OSError as error:
        raise UnusableExport.worded(
            "destination_not_written", destination=destination, strerror=error.strerror or error
        ) from error
