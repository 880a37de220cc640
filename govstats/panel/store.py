"""What a build keeps on disk: what every document said, in chunks, so that nothing is read twice; and the panel made of it."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import repeat
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from filelock import FileLock, Timeout

from govstats.errors import UnusablePanel
from govstats.export import connected
from govstats.export.database import KEPT, MANIFEST, PANEL_TYPES, arrow_table, literal, quoted
from govstats.files import sha256, whole
from govstats.panel.reading import SCHEMAS, Tables, schema
from govstats.report import sources_sha256

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

#: The file in a chunk with the digests of the others; a chunk that does not match it is read again.
_DIGESTS = "sha256.json"
#: The file in it that a build holds while it is at work.
_LOCK = "lock"
#: What decides how a document is read; after a change there every document is read anew.
_READING = ("documents", "forms", "recognition", "characters.py", "report.py", "panel/reading.py", "reconciliation")
#: Those whose rows were read in documents: what findings are made of.
READ = ("cells", "claims", "notes", "vintages", "document_findings", "texts")
#: What those rows take from their document, and what puts them in order.
_OF_A_DOCUMENT = ["key", "batch", "position", "agency", "year", "form", "vintage", "source", "published"]
_OF_A_DOCUMENT += ["basis", "agency_printed", "note_zh", "note_en"]
#: The rows of documents, in the order of the documents. A key may stand in several chunks: only one of them is meant.
_ROWS = """
SELECT * FROM read_parquet([{files}], filename = true, file_row_number = true) JOIN documents USING (key, filename)
"""
#: A note on each report of which it is not known whose it is among several agencies of that name.
_UNDECIDED = """
UNION ALL BY NAME SELECT batch, position, agency, year, 'undecided_agency' AS kind, '' AS "table", '' AS line, '' AS "column",
  agency_printed AS printed, '' AS place, note_zh AS message_zh, note_en AS message_en
FROM documents WHERE basis = 'undecided'
"""
#: So much memory is used to put the rows of a panel in order; the rest goes to the disk.
_MEMORY = "256MB"
_ROWS_AT_ONCE = 50_000


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
        return self.root / KEPT

    @cached_property
    def read(self) -> Path:
        """Where the chunks stand that this version of the reader made."""
        return self.kept / f"read-{sources_sha256(*_READING)[:12]}"

    @property
    def scans(self) -> Path:
        """Where what was recognised on pictures of pages stands, a file a document, for any version of the reader."""
        return self.kept / "scans"

    def making(self) -> Path:
        """Return a new folder for what is not there until it is renamed."""
        return Path(mkdtemp(prefix="making-", dir=self.kept))

    def add(self, tables: Tables) -> None:
        """Keep what was read of a chunk, all of it or nothing; a chunk is named by what it was read from and what failed."""
        read = tables["reports"].select(["key", "error"]).to_pylist()
        folder = self.read / hashlib.sha256(repr(sorted(map(repr, read))).encode()).hexdigest()[:32]
        if folder.is_dir():  # the same documents failed in the same way before
            return
        with whole(folder) as making:
            making.mkdir()
            for name, table in tables.items():
                pq.write_table(table, making / f"{name}.parquet", compression="zstd")
            digests = {f"{name}.parquet": sha256(making / f"{name}.parquet") for name in tables}
            (making / _DIGESTS).write_text(json.dumps(digests), "utf-8")

    def drop_damaged(self) -> None:
        """Remove the chunks that are not what was written, so that their documents are read again."""
        for chunk in self.read.glob("*"):
            if not _is_whole(chunk):
                shutil.rmtree(chunk)

    def reports(self) -> pd.DataFrame:
        """Return a row for everything that was read: those of ``SCHEMAS["reports"]``, and ``chunk``: the folder of the rest."""
        tables = {path.parent: pq.read_table(path) for path in sorted(self.read.glob("*/reports.parquet"))}
        frame: pd.DataFrame = pa.concat_tables([SCHEMAS["reports"].empty_table(), *tables.values()]).to_pandas()
        chunks = [str(chunk) for chunk, table in tables.items() for _ in range(len(table))]
        frame["chunk"] = pd.array(chunks, dtype="str")
        # a try that failed before the one that did not
        return frame.sort_values("error", na_position="first", kind="stable").drop_duplicates("key", ignore_index=True)

    def write(self, documents: pd.DataFrame, folder: Path) -> None:
        """Write the tables `READ` of a panel: the rows of documents in their order, a row group for each batch of them.

        Parameters
        ----------
        documents : DataFrame
            The columns of `reports`, and ``batch``: from 0 up, in ascending order.
        folder : Path
            Where the files are written.
        """
        batches = 0 if documents.empty else int(documents["batch"].iloc[-1]) + 1
        documents = documents.assign(position=range(len(documents)))
        with connected(None) as connection:
            connection.execute(f"SET memory_limit = '{_MEMORY}'; SET preserve_insertion_order = false")
            for name in READ:
                columns = schema(PANEL_TYPES[name])
                of_table = documents[documents["chosen"] != (name == "vintages")]
                parts: Iterable[pa.Table] = repeat(columns.empty_table(), batches)
                if not of_table.empty:
                    parts = _parts(_in_order(connection, name, of_table), batches)
                with pq.ParquetWriter(folder / f"{name}.parquet", columns, compression="zstd") as writer:
                    for part in parts:
                        # an empty row group too, so that their numbers are those of the batches
                        writer.write_table(part.select(columns.names).cast(columns), row_group_size=max(len(part), 1))

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Make the folder and keep other builds out of it; the system lets go of it however this process ends.

        Raises
        ------
        UnusablePanel
            The folder holds something else, cannot be written to, or another build is at work there.
        """
        holds = [*self.root.iterdir()] if self.root.is_dir() else []
        ours = (self.root / MANIFEST).is_file() or (self.kept / _LOCK).is_file() or holds == [self.kept]
        if holds and not ours:
            raise UnusablePanel(
                f"{self.root}: the folder is not empty and holds no panel; give an empty one, one that does not exist, or one of "
                "a build before"
                " 文件夹不空，且不是面板；请用空文件夹、新文件夹或以前的面板"
            )
        try:
            self.scans.mkdir(parents=True, exist_ok=True)
            with FileLock(self.kept / _LOCK, blocking=False):
                for path in (*self.kept.iterdir(), *self.root.glob(".unfinished-*"), *self.scans.glob(".unfinished-*")):
                    if path.is_dir() and path not in {
                        self.read,
                        self.scans,
                    }:  # of a build that was killed, or of another version of the reader
                        shutil.rmtree(path, ignore_errors=True)
                self.drop_damaged()
                yield
        except Timeout:
            raise UnusablePanel(
                f"{self.root}: another build is writing to this folder; wait until it has ended, or give another folder"
                " 另一个进程正在写入该文件夹；请等它结束，或换文件夹"
            ) from None
        except OSError as error:
            raise UnusablePanel(
                f"{self.root}: the panel cannot be written: {error}; make room, or give another folder; "
                "what was read is kept there"
                " 面板无法写入；请腾出空间或换文件夹，已读的仍保留"
            ) from error


def _is_whole(chunk: Path) -> bool:
    """Tell whether a chunk is what `Store.add` wrote."""
    try:
        digests = json.loads((chunk / _DIGESTS).read_bytes())
        return bool(digests == {f"{name}.parquet": sha256(chunk / f"{name}.parquet") for name in SCHEMAS})
    except (OSError, ValueError):
        return False


def figures(documents: pd.DataFrame) -> pd.Series[int]:
    """Return a number for the figures of each document, by key; `documents` has the columns ``key chunk`` of `Store.reports`."""
    keys = documents["key"].tolist()
    files = [Path(chunk) / "cells.parquet" for chunk in documents["chunk"].unique()]
    cells = pd.concat([pd.read_parquet(file, filters=[("key", "in", keys)]) for file in files])
    numbers = pd.util.hash_pandas_object(cells[["table", "line", "column", "value", "status"]], index=False)
    return numbers.groupby(cells["key"]).sum()  # whatever the order of the cells


def _in_order(connection: DuckDBPyConnection, name: str, documents: pd.DataFrame) -> pa.RecordBatchReader:
    """Read the rows of a table from the chunks, in the order of the documents; on the disk where they do not fit into memory."""
    table = "cells" if name == "vintages" else name
    known = documents[_OF_A_DOCUMENT].assign(filename=documents["chunk"] + f"/{table}.parquet")
    if name == "claims":  # a claim has a year of its own
        known = known.rename(columns={"year": "report_year"})
    connection.register("documents", arrow_table(known))
    rows = _ROWS.format(files=", ".join(map(literal, known["filename"].unique())))
    columns = ", ".join(map(quoted, PANEL_TYPES[name]))
    query = f"SELECT batch, {columns} FROM ({rows} {_UNDECIDED if name == 'notes' else ''}) ORDER BY position, file_row_number"
    return connection.sql(query).to_arrow_reader(_ROWS_AT_ONCE)


def _parts(reader: pa.RecordBatchReader, batches: int) -> Iterable[pa.Table]:
    """Yield the rows of each batch."""
    rows = reader.schema.empty_table()
    for batch in range(batches):
        while not len(rows) or rows["batch"][-1].as_py() == batch:
            following = next(reader, None)
            if following is None:
                break
            rows = pa.concat_tables([rows, pa.Table.from_batches([following])])
        end = pc.sum(pc.equal(rows["batch"], batch)).as_py() or 0
        yield rows.slice(0, end)
        rows = rows.slice(end)
