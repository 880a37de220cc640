"""What a build keeps on disk: what every document said, in chunks, so that nothing is read twice; and the panel made of it."""

from __future__ import annotations

import hashlib
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import mkdtemp
from typing import IO, TYPE_CHECKING

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from govstats.errors import UnusablePanel
from govstats.export import connected
from govstats.export.database import arrow_table, literal, quoted
from govstats.panel.reading import SCHEMAS, Tables, schema
from govstats.provenance import sources_sha256
from govstats.reconciliation import FINDING_TYPES
from govstats.report import CELL_TYPES, CLAIM_TYPES, NOTE_TYPES

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

#: The folder of what a build keeps, in the folder that it writes to; all of it can be made again.
_KEPT = ".build"
#: The file in it that a build holds while it is at work.
LOCK = "lock"
#: What decides how a document is read; after a change there every document is read anew.
_READING = ("documents", "forms", "recognition", "characters.py", "report.py", "panel/reading.py", "reconciliation")
#: The columns of `Panel.reports`, with their types.
REPORT_TYPES = {
    **dict.fromkeys(("agency", "agency_printed"), "str"),
    "year": "Int64",
    **dict.fromkeys(("form", "title", "level", "region", "region_code", "department", "basis"), "str"),
    "published": "datetime64[us]",
    "vintage": "Int64",
    "chosen": "boolean",
    **dict.fromkeys(("source", "format", "sha256"), "str"),
    "size": "Int64",
    "tables": "str",
    **dict.fromkeys(("cells", "reported", "unreadable", "claims", "notes"), "Int64"),
    "summary": "boolean",
    **dict.fromkeys(("parent", "error", "message"), "str"),
}
#: The tables of a panel, with the types of their columns.
PANEL_TYPES: Mapping[str, Mapping[str, str]] = {
    "reports": REPORT_TYPES,
    "cells": CELL_TYPES,
    "claims": CLAIM_TYPES | {"report_year": "Int64"},
    "notes": NOTE_TYPES,
    "vintages": CELL_TYPES | {"vintage": "Int64", "source": "str", "published": "datetime64[us]"},
    "document_findings": {
        **dict.fromkeys(("agency", "rule", "severity", "status", "message_zh", "message_en"), "str"),
        "year": "Int64",
        "expected": "Float64",
        "reported": "Float64",
    },
    "texts": {"agency": "str", "year": "Int64", "sketch": "object"},
    "findings": FINDING_TYPES,
}
#: Those whose rows were read in documents: what findings are made of.
READ = ("cells", "claims", "notes", "vintages", "document_findings", "texts")
#: A note on each report of which it is not known whose it is among several agencies of that name.
_UNDECIDED = """
UNION ALL BY NAME SELECT batch, position, NULL AS file_row_number, agency, year, 'undecided_agency' AS kind,
  '' AS "table", '' AS line, '' AS "column", agency_printed AS printed, '' AS place, note_zh AS message_zh, note_en AS message_en
FROM documents WHERE chosen AND basis = 'undecided'
"""
#: So much memory is used to put the rows of a panel in order; the rest goes to the disk.
_MEMORY = "256MB"


@dataclass(frozen=True)
class Store:
    """The chunks of documents that were read, and the folder of the panel that holds them.

    Parameters
    ----------
    root : Path
        Of the panel.
    """

    root: Path

    @property
    def kept(self) -> Path:
        """Where everything stands that a build keeps for the next."""
        return self.root / _KEPT

    @cached_property
    def read(self) -> Path:
        """Where the chunks stand that this version of the reader made."""
        return self.kept / f"read-{sources_sha256(*_READING)[:12]}"

    def making(self) -> Path:
        """Return a new folder for what is not there until it is renamed."""
        return Path(mkdtemp(prefix="making-", dir=self.kept))

    def add(self, tables: Tables) -> None:
        """Keep what was read of a chunk, all of it or nothing; a chunk is named by what it was read from and what failed."""
        content = repr(sorted(zip(*(tables["reports"][name].to_pylist() for name in ("key", "error")), strict=True), key=repr))
        folder = self.read / hashlib.sha256(content.encode()).hexdigest()[:32]
        if folder.is_dir():  # the same documents failed in the same way before
            return
        making = self.making()
        for name, table in tables.items():
            pq.write_table(table, making / f"{name}.parquet", compression="zstd")
        self.read.mkdir(exist_ok=True)
        making.replace(folder)

    def reports(self) -> pd.DataFrame:
        """Return a row for everything that was read: those of ``SCHEMAS["reports"]``, and ``chunk``: the folder of the rest."""
        tables = [SCHEMAS["reports"].append(pa.field("chunk", pa.string())).empty_table()]
        for path in sorted(self.read.glob("*/reports.parquet")):
            table = pq.read_table(path)
            tables.append(table.append_column("chunk", pa.array([str(path.parent)] * len(table), pa.string())))
        frame: pd.DataFrame = pa.concat_tables(tables).to_pandas()
        # a try that failed before the one that did not
        return frame.sort_values("error", na_position="first", kind="stable").drop_duplicates("key", ignore_index=True)

    def figures(self, documents: pd.DataFrame) -> pd.Series[str]:
        """Return a digest of the figures of documents by their keys; `documents` has the columns ``key chunk`` of `reports`."""
        figure = """concat_ws('/', "table", line, "column", value, status)"""
        query = (
            f"SELECT rows.key, md5(string_agg({figure}, ' ' ORDER BY {figure})) AS figures {_of(documents, 'cells')} GROUP BY ALL"
        )
        with connected(None) as connection:
            connection.register("documents", arrow_table(_placed(documents, "cells")))
            found: pd.DataFrame = connection.sql(query).df()
        return found.set_index("key")["figures"]

    def write(self, documents: pd.DataFrame, folder: Path) -> None:
        """Write the tables `READ` of a panel: the rows of documents in their order, a row group for each batch of them.

        Parameters
        ----------
        documents : DataFrame
            The columns of `reports`, and ``batch``: from 0 up, in ascending order.
        folder : Path
            Where the files are written.
        """
        with connected(None) as connection:
            connection.execute(f"SET memory_limit = '{_MEMORY}'; SET preserve_insertion_order = false")
            for name in READ:
                columns = schema(PANEL_TYPES[name])
                with pq.ParquetWriter(folder / f"{name}.parquet", columns, compression="zstd") as writer:
                    for rows in _batches(connection, name, documents):
                        # an empty row group too, so that their numbers are those of the batches
                        writer.write_table(rows.select(columns.names).cast(columns), row_group_size=max(len(rows), 1))

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other builds out of the folder; the system lets go of it however this process ends.

        Raises
        ------
        UnusablePanel
            Another build is at work there.
        """
        with (self.kept / LOCK).open("w") as file:
            try:
                _lock(file)
            except BlockingIOError:
                raise UnusablePanel(
                    f"{self.root}: another build is writing to this folder; wait until it has ended, or give another folder"
                    " 另一个进程正在写入该文件夹；请等它结束，或换文件夹"
                ) from None
            for path in (*self.kept.iterdir(), *self.root.glob(".export-*")):
                if path.is_dir() and path != self.read:  # of a build that was killed, or of another version of the reader
                    shutil.rmtree(path, ignore_errors=True)
            yield


def _batches(connection: DuckDBPyConnection, name: str, documents: pd.DataFrame) -> Iterator[pa.Table]:
    """Yield the rows of each batch; DuckDB puts them in order, on the disk where they do not fit into memory."""
    if documents.empty:
        return
    table = "cells" if name == "vintages" else name
    values = ", ".join(_value(column, table) for column in PANEL_TYPES[name])
    query = f"SELECT batch, position, file_row_number, {values} {_of(documents, table)}"
    query += " WHERE NOT chosen" if name == "vintages" else " WHERE chosen"
    query += _UNDECIDED if name == "notes" else ""
    connection.register("documents", arrow_table(_placed(documents, table)))
    reader = connection.sql(f"FROM ({query}) ORDER BY position, file_row_number").to_arrow_reader(50_000)
    rows = reader.schema.empty_table()
    for batch in range(documents["batch"].iloc[-1] + 1):
        while not len(rows) or rows["batch"][-1].as_py() == batch:
            following = next(reader, None)
            if following is None:
                break
            rows = pa.concat_tables([rows, pa.Table.from_batches([following])])
        end = pc.sum(pc.equal(rows["batch"], batch)).as_py() or 0
        yield rows.slice(0, end)
        rows = rows.slice(end)


def _placed(documents: pd.DataFrame, table: str) -> pd.DataFrame:
    """Return documents with the place of each among them, and the file that a table of its chunk stands in."""
    files = [str(Path(chunk) / f"{table}.parquet") for chunk in documents["chunk"]]
    return documents.assign(position=range(len(documents)), file=files)


def _of(documents: pd.DataFrame, table: str) -> str:
    """Return the source of a query over the rows of documents."""
    files = ", ".join(literal(str(Path(chunk) / f"{table}.parquet")) for chunk in documents["chunk"].unique())
    return (
        f"FROM read_parquet([{files}], filename = true, file_row_number = true) AS rows "
        "JOIN documents ON rows.key = documents.key AND rows.filename = documents.file"
    )


def _value(column: str, table: str) -> str:
    """Return where a column of the panel comes from: the document's own table, or what is known of the document."""
    if column in SCHEMAS[table].names:
        return f"rows.{quoted(column)}"
    known = "year" if column == "report_year" else column
    return f"documents.{quoted(known)} AS {quoted(column)}"


def _lock(file: IO[str]) -> None:
    """Lock a file, or raise BlockingIOError where another process has; file systems without locks are left to themselves."""
    if sys.platform == "win32":
        import msvcrt

        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError as error:
            raise BlockingIOError from error
    else:
        import fcntl

        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise
        except OSError:
            return
