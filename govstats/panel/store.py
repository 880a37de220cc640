"""What a build keeps on disk: what every document said, each chunk on its own, so that nothing is read twice."""

from __future__ import annotations

import hashlib
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import IO, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from numpy.typing import NDArray

from govstats.errors import UnusablePanel
from govstats.panel.reading import SCHEMAS, Tables
from govstats.provenance import sources_sha256

#: The folder of what a build keeps, in the folder that it writes to; all of it can be made again.
_KEPT = ".build"
_SOURCES = "sources.parquet"
#: The file in it that a build holds while it is at work.
LOCK = "lock"
#: What decides how a document is read; after a change there every document is read anew.
_READING = ("documents", "forms", "recognition", "characters.py", "report.py", "panel/reading.py", "reconciliation")
#: Errors that another try would not help.
_FINAL = ("NotAnAnnualReport", "SeveralReports", "UnreadableDocument")
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
    """

    root: Path

    @property
    def kept(self) -> Path:
        """Where everything stands that a build keeps for the next."""
        return self.root / _KEPT

    @property
    def read(self) -> Path:
        """Where the chunks stand that this version of the reader made."""
        return self.kept / f"read-{sources_sha256(*_READING)[:12]}"

    @property
    def parts(self) -> Path:
        """Where the parts of the panel stand."""
        return self.kept / "parts"

    def add(self, tables: Tables, stored: set[str]) -> None:
        """Keep what was read of a chunk, all of it or nothing; what is in the store already is left out."""
        rows = tables["reports"].select(["key", "error"]).to_pylist()
        if repeated := stored & {row["key"] for row in rows}:
            keep = pa.array(sorted({row["key"] for row in rows} - repeated), type=pa.string())
            tables = {name: table.filter(pc.is_in(table["key"], keep)) for name, table in tables.items()}
        stored |= {row["key"] for row in rows}
        content = repr(sorted((row["key"], row["error"] or "") for row in rows))
        write_together(self.read / hashlib.sha256(content.encode()).hexdigest()[:32], tables)

    def reports(self, *, final: bool = True) -> pd.DataFrame:
        """Return a row for everything that was read; the columns of ``SCHEMAS["reports"]``.

        Parameters
        ----------
        final : bool
            Leave out what failed in a way that another try may help: an extra is installed now, the network is back.
        """
        files = [str(path) for path in sorted(self.read.glob("*/reports.parquet"))]
        table = ds.dataset(files, schema=SCHEMAS["reports"], format="parquet").to_table()
        frame: pd.DataFrame = table.to_pandas(types_mapper=PANDAS_TYPES.get)
        if final:
            frame = frame[frame["error"].isna() | frame["error"].isin(_FINAL)]
        # a try that failed before the one that did not
        return frame.sort_values("error", na_position="first", kind="stable").drop_duplicates("key", ignore_index=True)

    def sources(self) -> dict[tuple[str, str], str]:
        """Return the sha256 of each document by its path and what the file system said of its state."""
        files = [str(path) for path in (*sorted(self.read.glob("*/reports.parquet")), *self.kept.glob(_SOURCES))]
        known = pa.schema([(name, pa.string()) for name in ("source", "stamp", "sha256")])
        rows = ds.dataset(files, schema=known, format="parquet").to_table().to_pydict()
        return dict(zip(zip(rows["source"], rows["stamp"], strict=True), rows["sha256"], strict=True))

    def remember(self, sources: Mapping[tuple[str, str], str]) -> None:
        """Keep what `sources` returns, also of documents that were moved or touched without a change."""
        columns = {"source": [one for one, _ in sources], "stamp": [one for _, one in sources], "sha256": list(sources.values())}
        making = self.kept / f"{_SOURCES}.making"
        pq.write_table(pa.table(columns, schema=pa.schema([(name, pa.string()) for name in columns])), making)
        making.replace(self.kept / _SOURCES)

    def gather(self, name: str, keys: Sequence[str]) -> tuple[pa.Table, NDArray[np.intp]]:
        """Return the rows of some documents, in the order of `keys`, within each as they were read, and of which key each is."""
        files = [str(path) for path in sorted(self.read.glob(f"*/{name}.parquet"))]
        texts = [field.name for field in SCHEMAS[name] if field.type == pa.string()]
        kind = ds.ParquetFileFormat(read_options=ds.ParquetReadOptions(dictionary_columns=texts))
        wanted = pa.array(keys, type=pa.string())
        rows = ds.dataset(files, format=kind).to_table(filter=pc.field("key").isin(wanted)).unify_dictionaries().combine_chunks()
        of = pc.index_in(rows["key"].cast(pa.string()), wanted).to_numpy().astype(np.intp)
        order = np.argsort(of, kind="stable")
        return rows.drop_columns("key").take(order), of[order]

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


def write_together(folder: Path, tables: Mapping[str, pa.Table]) -> None:
    """Write tables into a folder of their own, which is there whole or not at all whenever the process ends."""
    if folder.is_dir():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    making = Path(mkdtemp(prefix="making-", dir=folder.parent.parent))
    for name, table in tables.items():
        pq.write_table(table, making / f"{name}.parquet", compression="zstd", store_schema=False)
    try:
        making.replace(folder)
    except OSError:  # another build was faster
        shutil.rmtree(making)
