"""The database of a panel, brought up to date where little has changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from govstats.export import connected
from govstats.export.database import Source, add_views, create_tables, fractions, literal, wide_variables
from govstats.panel.assembly import CONTENTS
from govstats.panel.store import Store
from govstats.provenance import sources_sha256
from govstats.report import typed_frame

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

DATABASE = "govstats.duckdb"
#: What of a panel stands in its parts.
_TABLES = ("cells", "claims", "notes", "findings", "vintages")
#: Beyond this share of new parts, to write everything anew is faster.
_MUCH = 0.25


def write_database(store: Store, parts: Mapping[str, Sequence[str]], path: Path, assembled: Iterator[str]) -> None:
    """Write the database of a panel, or in the one that is there only the rows of parts that changed.

    Parameters
    ----------
    store : Store
        Whose parts and ``reports.parquet`` are written.
    parts : mapping of str to sequence of str
        The agencies of each part, in the order of the panel.
    path : Path
    assembled : iterator of str
        The parts, each as soon as it is there: other processes put the others together while the rows of one are written.
    """
    if path.is_file():
        assembled = iter(list(assembled))
        try:
            with duckdb.connect(str(path)) as connection:
                if _updated(connection, store, parts):
                    return
        except duckdb.Error:  # another version's, or a process was killed while it made the file
            pass
    for left in (path, path.with_name(f"{path.name}.wal")):
        left.unlink(missing_ok=True)
    with connected(path) as connection:
        create_tables(connection, _sources(store, []))
        connection.execute("BEGIN")
        for part in assembled:
            for name in _TABLES:
                rows = literal(str(store.parts / part / f"{name}.parquet"))
                connection.execute(f"INSERT INTO {name} BY NAME FROM read_parquet({rows})")
        connection.execute("COMMIT; BEGIN")
        add_views(connection)  # each of its comments would be a transaction of its own
        connection.execute("CREATE SCHEMA build; CREATE TABLE build.parts(part VARCHAR, agency VARCHAR)")
        connection.execute(f"CREATE TABLE build.version AS SELECT {literal(sources_sha256())} AS sources")
        _remember(connection, parts)
        connection.execute("COMMIT")


def _sources(store: Store, parts: Sequence[str]) -> dict[str, Source]:
    """Return where the tables of some parts stand, and that of all reports."""
    files = {name: [store.parts / part / f"{name}.parquet" for part in parts] for name in _TABLES}
    empty = {name: typed_frame([], CONTENTS[name]) for name in _TABLES}
    return {"reports": store.root / "reports.parquet", **(files if parts else empty)}


def _updated(connection: DuckDBPyConnection, store: Store, parts: Mapping[str, Sequence[str]]) -> bool:
    """Exchange the rows of parts that changed; False where the database has to be written anew."""
    kept = connection.execute("SELECT 1 FROM duckdb_tables() WHERE schema_name = 'build' AND table_name = 'version'").fetchall()
    if not kept or connection.execute("SELECT sources FROM build.version").fetchall() != [(sources_sha256(),)]:
        return False
    known = {name for (name,) in connection.execute("SELECT DISTINCT part FROM build.parts").fetchall()}
    new = [name for name in parts if name not in known]
    if len(new) > max(1, _MUCH * len(parts)):
        return False
    connection.execute("BEGIN")
    connection.execute("CREATE SCHEMA arriving")
    connection.execute("USE arriving")
    create_tables(connection, _sources(store, new), copy=False)
    if _other_columns(connection):
        connection.execute("ROLLBACK")
        return False
    connection.execute("USE main")
    gone = ", ".join(map(literal, known.difference(parts))) or "NULL"
    agencies = f"SELECT agency FROM build.parts WHERE part IN ({gone})"
    for name in _TABLES:
        connection.execute(f"DELETE FROM {name} WHERE agency IN ({agencies})")
        connection.execute(f"INSERT INTO {name} BY NAME FROM arriving.{name}")
    connection.execute("DELETE FROM reports")
    connection.execute("INSERT INTO reports BY NAME FROM arriving.reports")
    connection.execute("DROP SCHEMA arriving CASCADE")
    connection.execute(f"DELETE FROM build.parts WHERE part IN ({gone})")
    _remember(connection, {name: parts[name] for name in new})
    connection.execute("COMMIT")
    return True


def _other_columns(connection: DuckDBPyConnection) -> bool:
    """Tell whether the wide views need other columns for what arrives: a form that is new, or a count that is not whole."""
    columns = {name: kind for name, kind, *_ in connection.execute("DESCRIBE main.wide").fetchall()}
    return any(one.name not in columns for one in wide_variables(connection)) or any(
        columns.get(name) == "BIGINT" for name in fractions(connection)
    )


def _remember(connection: DuckDBPyConnection, parts: Mapping[str, Sequence[str]]) -> None:
    """Write down that the database holds some parts."""
    for name, agencies in parts.items():
        connection.execute("INSERT INTO build.parts SELECT ?, unnest(?)", [name, list(agencies)])
