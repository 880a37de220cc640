"""The database of a panel, brought up to date where little has changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from govstats.export import export
from govstats.export.database import create_tables, literal
from govstats.panel.store import Store
from govstats.provenance import sources_sha256

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

DATABASE = "govstats.duckdb"
#: What of a panel stands in its parts.
_TABLES = ("cells", "claims", "notes", "findings", "vintages")
#: Beyond this share of new parts, to write everything anew is faster.
_MUCH = 0.25


def write_database(store: Store, parts: Mapping[str, Sequence[str]], path: Path) -> None:
    """Write the database of a panel, or in the one that is there only the rows of parts that changed.

    Parameters
    ----------
    store : Store
        Whose files are written.
    parts : mapping of str to sequence of str
        The agencies of each part, in the order of the panel.
    path : Path
    """
    if path.is_file():
        try:
            with duckdb.connect(str(path)) as connection:
                if _updated(connection, store, parts):
                    return
        except duckdb.Error:  # another version's, or a process was killed while it made the file
            path.unlink()
    export(store.root, path, "duckdb")
    with duckdb.connect(str(path)) as connection:
        _remember(connection, parts)


def _updated(connection: DuckDBPyConnection, store: Store, parts: Mapping[str, Sequence[str]]) -> bool:
    """Exchange the rows of parts that changed; False where the database has to be written anew."""
    kept = connection.execute("SELECT 1 FROM duckdb_tables() WHERE schema_name = 'build' AND table_name = 'version'").fetchall()
    if not kept or connection.execute("SELECT sources FROM build.version").fetchall() != [(sources_sha256(),)]:
        return False
    known = {name for (name,) in connection.execute("SELECT DISTINCT part FROM build.parts").fetchall()}
    new = [name for name in parts if name not in known]
    if len(new) > max(1, _MUCH * len(parts)):
        return False
    files = {name: [store.parts / part / f"{name}.parquet" for part in new] for name in _TABLES}
    connection.execute("BEGIN")
    connection.execute("CREATE SCHEMA arriving")
    connection.execute("USE arriving")
    create_tables(connection, {"reports": store.root / "reports.parquet", **(files if new else {})}, copy=False)
    connection.execute("USE main")
    if _other_columns(connection):
        connection.execute("ROLLBACK")
        return False
    gone = ", ".join(map(literal, known.difference(parts))) or "NULL"
    agencies = f"SELECT agency FROM build.parts WHERE part IN ({gone})"
    for name in _TABLES:
        connection.execute(f"DELETE FROM {name} WHERE agency IN ({agencies})")
        if new:
            connection.execute(f"INSERT INTO {name} BY NAME FROM arriving.{name}")
    connection.execute("DELETE FROM reports")
    connection.execute("INSERT INTO reports BY NAME FROM arriving.reports")
    connection.execute("DROP SCHEMA arriving CASCADE")
    _remember(connection, parts)
    connection.execute("COMMIT")
    return True


def _other_columns(connection: DuckDBPyConnection) -> bool:
    """Tell whether the wide views would need other columns: for a form that is new, or a count that is not whole."""
    forms = connection.execute("SELECT form FROM arriving.cells EXCEPT SELECT form FROM main.cells").fetchall()
    whole = "SELECT column_name FROM duckdb_columns() WHERE table_name = 'wide' AND data_type = 'BIGINT'"
    fractions = (
        'SELECT variable FROM arriving.cells JOIN arriving.variables USING ("table", line, "column") '
        f"WHERE value <> trunc(value) AND variable IN ({whole})"
    )
    return bool(forms or connection.execute(f"{fractions} LIMIT 1").fetchall())


def _remember(connection: DuckDBPyConnection, parts: Mapping[str, Sequence[str]]) -> None:
    """Write down which parts the database holds, and by which version of the package."""
    rows = [(name, agency) for name, agencies in parts.items() for agency in agencies]
    connection.execute("CREATE SCHEMA IF NOT EXISTS build")
    connection.execute("CREATE OR REPLACE TABLE build.parts(part VARCHAR, agency VARCHAR)")
    if rows:
        names, agencies = zip(*rows, strict=True)
        connection.execute("INSERT INTO build.parts SELECT unnest(?), unnest(?)", [list(names), list(agencies)])
    connection.execute(f"CREATE OR REPLACE TABLE build.version AS SELECT {literal(sources_sha256())} AS sources")
