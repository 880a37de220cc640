"""A panel for other programs: Parquet, DuckDB, CSV, Excel, Stata, SPSS, and a Frictionless data package with its codebook."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from os import PathLike
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal, get_args

import pandas as pd

from govstats.errors import MissingExtra, UnusableExport, UnusablePanel
from govstats.export.built import KEPT, MANIFEST, PANEL_TYPES, manifest_of, whole_table
from govstats.export.codebook import datasets
from govstats.export.database import Source, add_views, create_tables, literal
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
        raise UnusableExport(
            f"there is no export format {format!r}; known are {', '.join(FORMATS)} 没有这种导出格式，可用：{', '.join(FORMATS)}"
        )
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
        if not own:
            writer(connection, place, language=language, shape=shape, suffix=FORMATS[format])
    return path


def _is_single(path: Path, format_: str) -> bool:
    """Tell whether the destination is one file, or refuse it."""
    suffix = FORMATS[format_]
    single = bool(suffix) and path.suffix.lower() == suffix
    if not single and (format_ not in _FOLDERS or path.suffix.lower() in filter(None, FORMATS.values())):
        allowed = " or ".join([f"a file *{suffix}"] * bool(suffix) + ["a folder"] * (format_ in _FOLDERS))
        raise UnusableExport(
            f"{path}: cannot be the destination of an export to {format_}, which needs {allowed}"
            f" 导出到 {format_} 时不能写到这里，请按上述要求另选文件或文件夹"
        )
    if path.exists() and path.is_dir() == single:
        there, needed, zh = ("a folder", "a file", "文件") if single else ("a file", "a folder", "文件夹")
        raise UnusableExport(
            f"{path}: is {there}, but this export to {format_} is {needed}; name another destination 目标应为{zh}，请另选位置"
        )
    return single


def _checked_shape(shape: Shape | None, format_: str, single: bool) -> Shape:
    if shape is not None and (format_ not in _SHAPES or not single or shape not in get_args(Shape)):
        with_shape = ", ".join(f"*{FORMATS[name]}" for name in _SHAPES)
        raise UnusableExport(
            f"an export to {format_} takes no shape {shape!r}: only {with_shape} is long or wide, all others hold both tables"
            f" 只有导出为 {with_shape} 时可选 long 或 wide，其他格式总是两张表"
        )
    return shape or _SHAPES.get(format_, "long")


def _writer(format_: str, single: bool) -> Callable[..., None]:
    """Return what writes a format, once the packages are there that it needs."""
    extra = "panel"
    try:
        import duckdb  # noqa: F401 - every format is written from its tables

        from govstats.export import tables

        extra = "export"
        if format_ == "xlsx":
            from govstats.export.workbook import write_workbook

            return write_workbook
        if format_ in ("dta", "sav"):
            from govstats.export import stata_spss

            return stata_spss.write_stata if format_ == "dta" else stata_spss.write_spss
    except ImportError as error:
        raise MissingExtra.of(f"an export to {format_}", error, extra) from error
    if format_ == "datapackage":
        return tables.write_data_package
    return tables.write_table if single else tables.write_tables


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
            raise UnusablePanel(
                f"{folder}: holds no cells.parquet, so it is no built panel; make one with: govstats build FOLDER -o OUT"
                " 该文件夹不是面板；请先运行 govstats build 文件夹 -o 输出"
            )
    else:
        # the rules and the variables are not the panel's
        for name in [name for name in names if name not in ("rules", "variables")]:
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
        raise UnusableExport(
            f"the tables cannot be read or the export cannot be written: {error}; look at the files, and make room"
            " 面板无法读取或导出无法写入，请检查文件和磁盘空间"
        ) from error


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
        raise UnusableExport(
            f"{destination}: cannot be written: {error.strerror or error}; make room, or name another destination"
            " 无法写入；请腾出空间，或另选位置"
        ) from error
