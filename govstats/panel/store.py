"""What a build keeps on disk: what every document said, each chunk on its own, so that nothing is read twice."""

from __future__ import annotations

import hashlib
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp
from typing import IO, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from govstats.agencies import IDENTITY_TYPES
from govstats.errors import UnusablePanel
from govstats.panel.reading import SCHEMAS, Tables
from govstats.provenance import sources_sha256
from govstats.report import typed_frame

#: The folder of what a build keeps, in the folder that it writes to; all of it can be made again.
_KEPT = ".build"
_SOURCES, _IDENTITIES = "sources", "identities"
#: The file in it that a build holds while it is at work.
LOCK = "lock"
#: What decides how a document is read; after a change there every document is read anew.
_READING = ("documents", "forms", "recognition", "characters.py", "report.py", "panel/reading.py", "reconciliation")
#: What decides who an agency is.
_IDENTIFYING = ("agencies", "characters.py")
#: Errors that another try would not help.
FINAL = ("NotAnAnnualReport", "SeveralReports", "UnreadableDocument")
#: Bytes from which a table of a chunk is compressed: a hundred small ones are read faster than they are unpacked.
_LARGE = 200_000
#: The types of pandas that the columns have, as those of `Report.cells`.
PANDAS_TYPES: Mapping[pa.DataType, Any] = {
    pa.string(): pd.StringDtype(na_value=float("nan")),
    pa.int32(): pd.Int64Dtype(),
    pa.int64(): pd.Int64Dtype(),
    pa.float64(): pd.Float64Dtype(),
    pa.bool_(): pd.BooleanDtype(),
}


@dataclass(frozen=True)
class Store:
    """The chunks that were read, and the parts of the panel that were put together from them.

    Parameters
    ----------
    root : Path
        Of the panel.
    reader : str
        The version of what decides how a document is read; other processes are told that of this one.
    """

    root: Path
    reader: str = field(default_factory=lambda: sources_sha256(*_READING)[:12])

    @property
    def kept(self) -> Path:
        """Where everything stands that a build keeps for the next."""
        return self.root / _KEPT

    @property
    def read(self) -> Path:
        """Where the chunks stand that this version of the reader made."""
        return self.kept / f"read-{self.reader}"

    @property
    def parts(self) -> Path:
        """Where the parts of the panel stand."""
        return self.kept / "parts"

    def add(self, tables: Tables, stored: set[str]) -> None:
        """Keep what was read of a chunk, all of it or nothing; what is in the store already is left out."""
        keys, errors = (tables["reports"][name].to_pylist() for name in ("key", "error"))
        if repeated := stored.intersection(keys):
            keep = pa.array(sorted(set(keys) - repeated), pa.string())
            tables = {name: table.filter(pc.is_in(table["key"].cast(pa.string()), keep)) for name, table in tables.items()}
        stored.update(keys)
        content = repr(sorted((key, error or "") for key, error in zip(keys, errors, strict=True)))
        write_together(self.read / hashlib.sha256(content.encode()).hexdigest()[:32], tables, ".arrow", _write_arrow)

    def reports(self) -> pd.DataFrame:
        """Return a row for everything that was read: those of ``SCHEMAS["reports"]``, and ``chunk``: where the rest stands."""
        chunks = sorted(path.parent for path in self.read.glob("*/reports.arrow"))
        tables = [_read_arrow(chunk / "reports.arrow") for chunk in chunks]
        table = pa.concat_tables([SCHEMAS["reports"].empty_table(), *tables])
        frame: pd.DataFrame = table.to_pandas(types_mapper=PANDAS_TYPES.get)
        frame["chunk"] = np.repeat(np.array([chunk.name for chunk in chunks], dtype=object), [len(table) for table in tables])
        # a try that failed before the one that did not
        return frame.sort_values("error", na_position="first", kind="stable").drop_duplicates("key", ignore_index=True)

    def sources(self) -> dict[tuple[str, str], str]:
        """Return the sha256 of each document of the last build by its path and what the file system said of its state."""
        kept = self._kept(_SOURCES)
        source, stamp, sha256 = ((), (), ()) if kept is None else (column.to_pylist() for column in kept.columns)
        return dict(zip(zip(source, stamp, strict=True), sha256, strict=True))

    def keep_sources(self, sources: Mapping[tuple[str, str], str]) -> None:
        """Keep what `sources` returns, so that a document which did not change need not be opened."""
        paths, stamps = zip(*sources, strict=True) if sources else ((), ())
        self._keep(
            _SOURCES,
            pa.table([pa.array(one, pa.string()) for one in (paths, stamps, sources.values())], ["source", "stamp", "sha256"]),
        )

    def identities(self) -> pd.DataFrame:
        """Return what `keep_identities` kept, nothing where this version of the package might say something else."""
        kept = self._kept(_IDENTITIES)
        if kept is None or kept.schema.metadata != {b"sources": sources_sha256(*_IDENTIFYING).encode()}:
            return typed_frame([], IDENTITY_TYPES | {"year": "Int64", "hint": "str"})
        frame: pd.DataFrame = kept.to_pandas(types_mapper=PANDAS_TYPES.get, ignore_metadata=True)
        return frame

    def keep_identities(self, identities: pd.DataFrame) -> None:
        """Keep who the agencies are that reports name."""
        table = pa.Table.from_pandas(identities, preserve_index=False)
        self._keep(_IDENTITIES, table.replace_schema_metadata({"sources": sources_sha256(*_IDENTIFYING)}))

    def _kept(self, name: str) -> pa.Table | None:
        path = self.kept / f"{name}.arrow"
        return _read_arrow(path) if path.is_file() else None

    def _keep(self, name: str, table: pa.Table) -> None:
        making = self.kept / f"{name}.making"
        _write_arrow(table, making)
        making.replace(self.kept / f"{name}.arrow")

    def gather(self, name: str, reports: pd.DataFrame) -> tuple[pa.Table, NDArray[np.intp]]:
        """Return the rows of some documents, in their order, within each as they were read, and of which each row is.

        Parameters
        ----------
        name : str
            Of a table of `SCHEMAS`.
        reports : DataFrame
            With the columns ``key chunk`` of `reports`. Of documents with one key the first has the rows.
        """
        keys = pa.array(reports["key"], pa.string())
        tables, numbers = [], []
        for chunk in reports["chunk"].unique():
            rows = _read_arrow(self.read / chunk / f"{name}.arrow")
            key = rows["key"].combine_chunks()
            number = pc.index_in(key.dictionary, keys).fill_null(-1).to_numpy()[key.indices.to_numpy()]
            of_reports = np.flatnonzero(number >= 0)
            tables.append(rows.drop_columns("key").take(of_reports) if len(of_reports) < len(rows) else rows.drop_columns("key"))
            numbers.append(number[of_reports])
        if not tables:
            return SCHEMAS[name].empty_table().drop_columns("key"), np.empty(0, np.intp)
        rows = pa.concat_tables(tables).unify_dictionaries().combine_chunks()
        of = np.concatenate(numbers).astype(np.intp)
        order = np.argsort(of, kind="stable")
        return rows.take(order), of[order]

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
            for left in (*self.kept.glob("making-*"), *self.root.glob(".export-*")):  # by a build that was killed
                shutil.rmtree(left, ignore_errors=True)
            yield

    def clean(self, parts: set[str]) -> None:
        """Remove what other versions of the reader made, and the parts that no longer belong to the panel."""
        for path in self.kept.iterdir():
            if path.is_dir() and path not in {self.read, self.parts}:
                shutil.rmtree(path, ignore_errors=True)
        for path in self.parts.glob("*"):
            if path.name not in parts:
                shutil.rmtree(path, ignore_errors=True)


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


def write_together(folder: Path, tables: Mapping[str, pa.Table], suffix: str, write: Callable[[pa.Table, Path], None]) -> None:
    """Write tables into a folder of their own, which is there whole or not at all whenever the process ends."""
    if folder.is_dir():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    making = Path(mkdtemp(prefix="making-", dir=folder.parent.parent))
    for name, table in tables.items():
        write(table, making / f"{name}{suffix}")
    try:
        making.replace(folder)
    except OSError:  # another build was faster
        shutil.rmtree(making)


def write_parquet(table: pa.Table, path: Path) -> None:
    """Write a table for everybody: who knows no dictionaries sees texts, and pandas the types of the contract."""
    with pq.ParquetWriter(path, table.schema, compression="zstd", store_schema=False) as writer:
        if len(table):
            writer.write_table(table)
        writer.add_key_value_metadata(table.schema.metadata or {})


def _write_arrow(table: pa.Table, path: Path) -> None:
    """Write a table of a chunk: as it stands in memory, since it is read more often than written."""
    options = pa.ipc.IpcWriteOptions(compression="lz4" if table.nbytes > _LARGE else None, unify_dictionaries=True)
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table.schema, options=options) as writer:
        writer.write_table(table)


def _read_arrow(path: Path) -> pa.Table:
    # threads and mapped memory take longer than so small a file does
    return pa.ipc.open_file(path.read_bytes(), options=pa.ipc.IpcReadOptions(use_threads=False)).read_all()
