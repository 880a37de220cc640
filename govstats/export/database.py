"""The tables of a panel: the files that ``govstats build`` wrote; and the tables and views of DuckDB that exports are made of."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from govstats import __version__
from govstats.errors import UnusableCells, UnusablePanel
from govstats.export.codebook import Dataset, Variable, datasets, field, variables
from govstats.files import sha256
from govstats.forms import versions
from govstats.reconciliation import FINDING_TYPES
from govstats.reconciliation.rulebook import rules
from govstats.report import CELL_TYPES, CLAIM_TYPES, NOTE_TYPES, column_types

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

#: Where a table of a panel comes from: a frame, or Parquet files of the same columns.
Source = pd.DataFrame | Path | Sequence[Path]

_SQL_TYPES = {"string": "VARCHAR", "integer": "BIGINT", "number": "DOUBLE", "boolean": "BOOLEAN", "date": "DATE"}
#: The panel's own account of itself: of which columns and reports it is, and what in the folder was no document.
MANIFEST = "panel.json"
#: The folder of what a build keeps, in the folder that it writes to; all of it can be made again.
KEPT = ".build"
#: The columns of `Panel.reports`, with their types.
REPORT_TYPES = column_types(
    "agency agency_printed year:Int64 form title level region region_code department basis published:datetime64[us] "
    "vintage:Int64 chosen:boolean source format sha256 size:Int64 tables cells:Int64 reported:Int64 unreadable:Int64 "
    "recognised:Int64 claims:Int64 notes:Int64 summary:boolean parent error message"
)
#: The tables of a panel, with the types of their columns.
PANEL_TYPES: Mapping[str, Mapping[str, str]] = {
    "reports": REPORT_TYPES,
    "cells": CELL_TYPES,
    "claims": CLAIM_TYPES | {"report_year": "Int64"},
    "notes": NOTE_TYPES,
    "vintages": CELL_TYPES | column_types("vintage:Int64 source published:datetime64[us]"),
    "document_findings": column_types(
        "agency rule severity status message_zh message_en year:Int64 expected:Float64 reported:Float64"
    ),
    "texts": column_types("agency year:Int64 sketch:object"),
    "findings": FINDING_TYPES,
    "rules": column_types("rule severity title_zh title_en"),
}


def columns_sha256() -> str:
    """Return a digest of the columns that a panel has in this version."""
    return hashlib.sha256(json.dumps(PANEL_TYPES).encode()).hexdigest()


def manifest_of(folder: Path) -> Mapping[str, Any]:
    """Return what a panel says of itself.

    Raises
    ------
    UnusablePanel
        The folder holds no panel, or one of another version.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        raise UnusablePanel.worded("no_panel_here", folder=folder, manifest=MANIFEST) from None
    except ValueError as error:
        raise _damaged(folder / MANIFEST) from error
    if not isinstance(manifest, dict) or manifest.get("columns") != columns_sha256():
        raise UnusablePanel.worded("panel_of_another_version", folder=folder)
    return manifest


def whole_table(folder: Path, name: str) -> Path:
    """Return the file of a table of `PANEL_TYPES`.

    Raises
    ------
    UnusablePanel
        It is not what the build wrote.
    """
    path = folder / f"{name}.parquet"
    try:
        if sha256(path) == manifest_of(folder).get("sha256", {}).get(name):
            return path
    except OSError as error:
        raise _damaged(path) from error
    raise _damaged(path)


def _damaged(path: Path) -> UnusablePanel:
    return UnusablePanel.worded("damaged_panel", path=path)


def create_tables(
    connection: DuckDBPyConnection, sources: Mapping[str, Source], *, copy: bool = True, comments: bool = True
) -> None:
    """Make the tables of a panel in a database.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
    sources : mapping of str to DataFrame, path or list of paths
        ``reports cells claims findings notes`` and, if there are any, ``vintages coverage indicators``: frames, or Parquet files.
        A table that is left out is made empty, except the last three.
    copy : bool
        Whether the rows are copied into the database; else the tables are views that read the sources each time, all but
        ``variables`` and ``rules``.
    comments : bool
        Whether tables and columns get a comment in Chinese and English.

    Notes
    -----
    Columns have the types of the codebook (`year` BIGINT, `published` DATE); columns that
    a table should have and the source lacks are null. Beside them stand ``variables``, every cell of the statutory forms with
    its labels, and ``rules``.

    Examples
    --------
    >>> import duckdb
    >>> from govstats import embedded
    >>> connection = duckdb.connect()
    >>> create_tables(connection, {"cells": embedded.report("平潭综合实验区", 2025).cells})
    >>> connection.sql("SELECT count(*) FROM cells WHERE status = 'reported'").fetchall()
    [(200,)]
    """
    known = {**datasets("tables"), **datasets("optional")}
    known_rules = rules().rename(columns={"id": "rule"})[list(known["rules"].columns)]
    own: dict[str, Source] = {"variables": _variables_frame(), "rules": known_rules}
    given = own | dict(sources)
    for name, dataset in known.items():
        if name in given or name in datasets("tables"):
            columns = _create_table(connection, dataset, given.get(name), copy or name in own)
            if comments:
                _comment(connection, dataset, "TABLE" if copy or name in own else "VIEW", columns)


def _create_table(connection: DuckDBPyConnection, dataset: Dataset, source: Source | None, copy: bool) -> list[str]:
    rows, there = "(SELECT 1 LIMIT 0)", {}
    if source is not None:
        rows = _relation(connection, dataset.name, source)
        there = {name: kind for name, kind, *_ in connection.execute(f"DESCRIBE FROM {rows}").fetchall()}
    columns = [*dataset.columns, *(name for name in there if name not in dataset.columns)]
    expressions = []
    for name in columns:
        value = quoted(name) if name in there else "NULL"
        kind = _SQL_TYPES[field(dataset.name, name).type] if name in dataset.columns else there[name]
        expressions.append(f"CAST({value} AS {kind}) AS {quoted(name)}")
    relation = "TABLE" if copy else "VIEW"
    connection.execute(f"CREATE OR REPLACE {relation} {dataset.name} AS SELECT {', '.join(expressions)} FROM {rows}")
    if copy and isinstance(source, pd.DataFrame):
        connection.unregister(f"source_{dataset.name}")
    return columns


def _relation(connection: DuckDBPyConnection, name: str, source: Source) -> str:
    if isinstance(source, pd.DataFrame):
        connection.register(f"source_{name}", arrow_table(source))
        return f"source_{name}"
    files = [source] if isinstance(source, Path) else source
    return f"read_parquet([{', '.join(literal(str(file)) for file in files)}])"


def arrow_table(frame: pd.DataFrame) -> pa.Table:
    """Return a frame as Arrow holds it, missing values of every kind being null."""
    import pyarrow as pa

    return pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)


def _comment(connection: DuckDBPyConnection, dataset: Dataset, relation: str, columns: Sequence[str]) -> None:
    text = f"{dataset.zh}：{dataset.about_zh} / {dataset.en}: {dataset.about_en}"
    connection.execute(f"COMMENT ON {relation} {dataset.name} IS {literal(text)}")
    for name in columns:
        known = field(dataset.name, name)
        if known.zh:
            label = literal(f"{known.zh} / {known.en}")
            connection.execute(f"COMMENT ON COLUMN {dataset.name}.{quoted(name)} IS {label}")


def add_views(connection: DuckDBPyConnection, *, comments: bool = True) -> None:
    """Add the views that someone who writes SQL expects.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        With the tables of `create_tables`.
    comments : bool
        Whether views and columns get a comment in Chinese and English, which takes a second.

    Raises
    ------
    UnusableCells
        A cell of a report, or a report, stands twice among those of the panel, so that it has no one figure.

    Notes
    -----
    ``wide`` (one row a report, one column a cell), ``wide_status`` (why there is no figure), ``figures_by_year``, ``requests``
    (table 3 with labels), ``failed`` (findings with titles), ``codebook``, and ``coverage`` unless the panel brings that table.
    ``wide`` has the cells of the forms that occur; its counts are BIGINT, unless one of them is not whole: nothing is rounded.

    Examples
    --------
    >>> import duckdb
    >>> from govstats import embedded
    >>> connection = duckdb.connect()
    >>> create_tables(connection, {"cells": embedded.report("平潭综合实验区", 2025).cells})
    >>> add_views(connection)
    >>> connection.sql("SELECT agency, year, requests_new_total FROM wide").fetchall()
    [('平潭综合实验区', 2025, 154)]
    """
    if found := connection.execute(query("export/twice.sql")).fetchone():
        agency, year, which, count = found
        raise UnusableCells.worded("stands_twice", agency=agency, year=year, which=which, count=count)
    connection.execute(query("export/views.sql"))
    views = dict(datasets("views"))
    tables = connection.execute("SELECT table_name FROM information_schema.tables").fetchall()
    if ("coverage",) in tables:
        del views["coverage"]
    else:
        connection.execute(query("export/coverage.sql"))
    forms = {name for (name,) in connection.execute("SELECT DISTINCT form FROM cells").fetchall()}
    cells = variables(tuple(version for version in versions() if version in forms))
    not_whole = {name for (name,) in connection.execute("FROM not_whole").fetchall()}
    connection.execute(f"CREATE OR REPLACE VIEW wide AS {_wide(cells, 'value', not_whole)}")
    connection.execute(f"CREATE OR REPLACE VIEW wide_status AS {_wide(cells, 'status', not_whole)}")
    for view in views.values() if comments else ():
        _comment(connection, view, "VIEW", columns_of(connection, view.name))


def query(file: str) -> str:
    """Return what a file of SQL in the package says."""
    return (resources.files("govstats") / file).read_text("utf-8")


def _wide(cells: Sequence[Variable], content: str, not_whole: set[str]) -> str:
    """Return the query for one row a report with one column a cell, holding its value or its status."""
    names = ", ".join(literal(one.name) for one in cells) or "''"
    columns = [
        f", p.{one.name}" if content == "status" or one.name in not_whole else f", whole(p.{one.name}) AS {one.name}"
        for one in cells
    ]
    return query("export/wide.sql").format(content=content, names=names, columns="".join(columns))


def columns_of(connection: DuckDBPyConnection, table: str) -> list[str]:
    """Return the names of the columns of a table or view."""
    return [name for name, *_ in connection.execute(f"DESCRIBE {table}").fetchall()]


def made_from(connection: DuckDBPyConnection) -> str:
    """Say with which version an export is made and from which documents: a digest of their own, sorted, one in a line."""
    hashes = []
    if "reports" in exported_tables(connection) and "sha256" in columns_of(connection, "reports"):
        hashes = connection.execute("SELECT DISTINCT sha256 FROM reports WHERE sha256 IS NOT NULL ORDER BY sha256").fetchall()
    digest = hashlib.sha256("".join(f"{one}\n" for (one,) in hashes).encode()).hexdigest()
    return f"govstats {__version__} sha256 {digest[:32]}"


def exported_tables(connection: DuckDBPyConnection) -> list[str]:
    """Return the tables and views that make up an export of several tables, in their order."""
    there = {name for (name,) in connection.execute("SELECT table_name FROM information_schema.tables").fetchall()}
    names = [*datasets("tables"), *datasets("optional"), "wide", "wide_status", "codebook"]
    return [name for name in dict.fromkeys(names) if name in there and name != "variables"]


def codebook_rows(connection: DuckDBPyConnection) -> list[dict[str, Any]]:
    """Return the rows of the view ``codebook`` for the variables of the wide table."""
    rows: list[dict[str, Any]] = connection.sql("FROM codebook").to_arrow_table().to_pylist()
    wide = set(columns_of(connection, "wide"))
    return [row for row in rows if row["variable"] in wide]


def quoted(name: str) -> str:
    """Return a name as SQL takes it."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return a text as SQL takes it."""
    return "'" + text.replace("'", "''") + "'"


def _variables_frame() -> pd.DataFrame:
    frame = pd.DataFrame([vars(one) for one in variables()])
    names = {"name": "variable", "zh": "label_zh", "en": "label_en"}
    table, line, column = zip(*frame.pop("cell"), strict=True)
    frame = frame.rename(columns=names).assign(table=table, line=line, column=column, position=range(1, len(frame) + 1))
    return frame.assign(forms=frame["forms"].map(" ".join))[list(datasets("tables")["variables"].columns)]
