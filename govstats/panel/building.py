"""The way from a folder of documents to a panel on disk, and what is kept of it so that nothing is read twice."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import count, repeat
from os import PathLike
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from filelock import FileLock, Timeout
from tqdm import tqdm

from govstats import __version__
from govstats.agencies import identify
from govstats.errors import UnknownIdentity, UnusablePanel
from govstats.export import connected, database
from govstats.files import put, sha256, whole
from govstats.panel.reading import SCHEMAS, Folder, Item, Tables, local_executor, read_documents, schema
from govstats.panel.register import REGISTERS, read_register, with_register
from govstats.reconciliation import reconcile
from govstats.reconciliation.matrix import Reports
from govstats.reconciliation.rulebook import RulesFile
from govstats.report import sources_sha256

if TYPE_CHECKING:
    from distributed import Client
    from duckdb import DuckDBPyConnection

_DATABASE = "govstats.duckdb"
#: Reports whose findings are made together: all of an agency's years, and of those that report to it.
_BATCH = 500
#: Errors that another try would not help.
_FINAL = ("NotAnAnnualReport", "SeveralReports", "UnreadableDocument")
#: What `govstats.agencies.identify` tells of an agency.
_IDENTITY = ("agency", "level", "region", "region_code", "department", "basis", "note_zh", "note_en")
#: What decides which document of a report is chosen, and where it stands in the panel.
_PLACED_BY = ["agency", "year", "family", "region_code", "published", "vintage", "source", "format", "error"]
_PLACED_BY += ["cells", "unreadable", "recognised", "notes"]


def registered(
    folder: Folder, register: str | PathLike[str] | pd.DataFrame | None, agencies: str | PathLike[str] | pd.DataFrame | None
) -> pd.DataFrame | None:
    """Read the register of a folder; its agencies get the names that they have in the panel."""
    standing = register if register is not None else next(filter(None, map(folder.table, REGISTERS)), None)
    if standing is None:
        return None
    known = read_register(standing)
    names = {
        column: identify(known[column], years=known["year"], texts=texts, corrections=agencies)["agency"].array
        for column, texts in (("agency", known["region"]), ("parent", None))
    }
    return known.assign(**names)


def read_new(
    store: Store, folder: Folder, documents: Sequence[Item], *, client: Client | None, processes: int | None
) -> pd.DataFrame:
    """Read what is not in the store; return which document is which of what is there then: ``source key``."""
    read = store.reports()
    # what failed for a reason that may be gone is tried again: an extra is installed now, the network is back
    keys = set(read["key"][read["error"].isna() | read["error"].isin(_FINAL)])
    stamped = read[read["sha256"].notna() & (read["stamp"] != "")]
    sha256_of = dict(zip(zip(stamped["source"], stamped["stamp"], strict=True), stamped["sha256"], strict=True))
    key_of: dict[str, str] = {}
    for item in documents if keys else ():
        sha256 = sha256_of.get((item.source, item.stamp))
        if sha256 is None:
            with suppress(Exception):  # what is the matter will be told where it is read
                sha256 = hashlib.sha256(folder.content(item.source)).hexdigest()
        if (key := item.key(sha256)) in keys:
            key_of[item.source] = key
    to_read = [item for item in documents if item.source not in key_of]
    with tqdm(total=len(to_read), desc="读取 reading", unit="份", disable=None) as progress:
        for tables in read_documents(folder, to_read, store.scans, client=client, processes=processes):
            store.add(tables)
            key_of |= dict(zip(*(tables["reports"][name].to_pylist() for name in ("source", "key")), strict=True))
            progress.update(len(tables["reports"]))
    return pd.DataFrame({"source": list(key_of), "key": list(key_of.values())}, dtype="str")


def placed(
    read: pd.DataFrame,
    sources: pd.DataFrame,
    register: pd.DataFrame | None,
    agencies: str | PathLike[str] | pd.DataFrame | None,
) -> pd.DataFrame:
    """Return the reports of a panel: one row a document, with its agency, its vintage and whether its cells count.

    Parameters
    ----------
    read : DataFrame
        What was read, a row a content: what `Store.reports` returns.
    sources : DataFrame
        ``source key``, a row a document of the folder.
    register : DataFrame, optional
        As `govstats.panel.register.read_register` returns it.
    agencies : path or DataFrame, optional
        What corrects the identities of agencies.
    """
    reports = read.rename(columns={"agency": "agency_printed"})
    identities = identify(reports["agency_printed"], years=read["year"], texts=read["hint"], corrections=agencies)
    for name in _IDENTITY:
        reports[name] = identities[name].array
    reports = sources.merge(reports.drop(columns=["stamp", "source"]), on="key", how="left", validate="many_to_one")
    wrong = reports.loc[reports["message"].notna(), ["message", "source"]]
    reports.loc[wrong.index, "message"] = [
        message.replace("<bytes>", source) for message, source in wrong.itertuples(index=False)
    ]
    reports = with_register(reports, register)
    nameless = reports["error"].isna() & (reports["agency"].isna() | reports["year"].isna())
    for one in reports[nameless].itertuples():
        lacking = "of which year the report is" if isinstance(one.agency, str) else "whose report it is"
        _refuse(reports, one.Index, UnknownIdentity.worded("report_of_nobody", source=one.source, lacking=lacking))
    for one in _namesakes(reports).itertuples():
        about = {"source": one.source, "agency": one.agency, "year": one.year, "between": one.note_en}
        _refuse(reports, one.Index, UnknownIdentity.worded("report_of_namesakes", **about))
    known = reports.reset_index(names="row")[["row", *_PLACED_BY]]
    with connected(None) as connection:
        connection.register("reports", database.arrow_table(known))
        order: pd.DataFrame = connection.sql(database.query("panel/placed.sql")).df()
    found = order.set_index("row").astype({"vintage": "Int64"})
    return reports.assign(**found).loc[found.index].reset_index(drop=True)


def _refuse(reports: pd.DataFrame, row: Any, error: UnknownIdentity) -> None:
    reports.loc[row, ["error", "message"]] = type(error).__name__, str(error)


def _namesakes(reports: pd.DataFrame) -> pd.DataFrame:
    """Return the documents of one name and year but other figures of which nothing tells whether they are of one agency."""
    undecided = reports[reports["error"].isna() & (reports["basis"] == "undecided")]
    of_report = [undecided["agency"], undecided["year"]]
    several = undecided[undecided["key"].groupby(of_report).transform("nunique") > 1]
    if several.empty:
        return several
    files = [Path(chunk) / "cells.parquet" for chunk in several["chunk"].unique()]
    cells = pd.concat([pd.read_parquet(file, filters=[("key", "in", several["key"].tolist())]) for file in files])
    figures = pd.util.hash_pandas_object(cells[["table", "line", "column", "value", "status"]], index=False)
    # whatever the order of the cells
    shown = several["key"].map(figures.groupby(cells["key"]).sum()).fillna(0)
    return several[shown.groupby([several["agency"], several["year"]]).transform("nunique") > 1]


def write_panel(
    store: Store,
    reports: pd.DataFrame,
    told: Mapping[str, Any],
    check: Callable[..., pd.DataFrame],
    rules: pd.DataFrame,
    workers: int,
) -> None:
    """Write the panel; while its files are exchanged there is no panel in the folder."""
    making = Path(mkdtemp(prefix="making-", dir=store.kept))
    documents = _documents(reports)
    _write_table(making, "reports", [reports])
    store.write(documents, making)
    # a summary counts on every agency below, also on those of which no document could be used
    lost = reports[reports["error"].notna() & reports["parent"].notna()].drop(columns="cells")
    batches = [
        pd.concat([one, lost[lost["family"].isin(one["family"])]]) for _, one in documents[documents["chosen"]].groupby("batch")
    ]
    _write_table(making, "rules", [rules])
    findings = _findings(making, batches, check, workers)
    _write_table(making, "findings", tqdm(findings, "核对 reconciling", len(batches), unit="批", disable=None))
    content = (making / "reports.parquet").read_bytes() + sources_sha256().encode()
    digests = {name: sha256(making / f"{name}.parquet") for name in database.PANEL_TYPES}
    about = {"columns": database.columns_sha256(), "content": hashlib.sha256(content).hexdigest()}
    manifest = {"govstats": __version__} | about | {"sha256": digests, **told}
    (making / database.MANIFEST).write_text(json.dumps(manifest, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    (store.root / database.MANIFEST).unlink(missing_ok=True)
    for name in database.PANEL_TYPES:
        put(making / f"{name}.parquet", store.root / f"{name}.parquet")
    if not store.temporary:
        _write_database(store.root, making / _DATABASE)
        put(making / _DATABASE, store.root / _DATABASE)
    put(making / database.MANIFEST, store.root / database.MANIFEST)
    shutil.rmtree(making, ignore_errors=True)


@cache
def _schema(table: str) -> pa.Schema:
    return schema(database.PANEL_TYPES[table])


def _write_table(folder: Path, name: str, frames: Iterable[pd.DataFrame]) -> None:
    """Write a table of a panel, a row group for each frame."""
    columns = _schema(name)
    with pq.ParquetWriter(folder / f"{name}.parquet", columns, compression="zstd") as writer:
        for frame in frames:
            typed = frame[columns.names].astype(database.PANEL_TYPES[name])
            writer.write_table(pa.Table.from_pandas(typed, columns, preserve_index=False))


def _documents(reports: pd.DataFrame) -> pd.DataFrame:
    """Return the reports that have rows of their own in the panel, with the batch of each; a family stays together."""
    usable = reports[reports["error"].isna()]
    # a copy of a document says nothing more
    usable = usable.sort_values("chosen", ascending=False, kind="stable").drop_duplicates("key").sort_index()
    position = pd.Series(np.arange(len(usable)), index=usable.index)
    batch = position.groupby(usable["family"]).transform("min") // _BATCH
    return usable.assign(batch=pd.factorize(batch)[0])


def _findings(
    folder: Path, batches: Sequence[pd.DataFrame], check: Callable[..., pd.DataFrame], workers: int
) -> Iterator[pd.DataFrame]:
    """Yield the findings of each batch, in their order."""
    made = 0
    if workers > 1 and len(batches) > 1:
        with suppress(BrokenProcessPool):  # what a process left behind when it died is made here
            for found in local_executor(workers).map(check, repeat(folder), count(), batches):
                yield found
                made += 1
    yield from map(check, repeat(folder), count(made), batches[made:])


def findings_of_batch(
    folder: Path, batch: int, reports: pd.DataFrame, *, rules: RulesFile | None, adjudications: pd.DataFrame | None
) -> pd.DataFrame:
    """Return the findings on the reports of a batch, whose rows are a row group of the files in a folder."""
    frames = {name: pq.ParquetFile(folder / f"{name}.parquet").read_row_group(batch).to_pandas() for name in READ}
    return reconcile(Reports(reports=reports, **frames), rules=rules, adjudications=adjudications)


def _write_database(panel: Path, path: Path) -> None:
    """Write a database of views over the files of a panel."""
    tables = ("reports", "cells", "claims", "notes", "findings", "vintages", "rules")
    with connected(path) as connection:
        database.create_tables(connection, {name: panel / f"{name}.parquet" for name in tables}, copy=False)
        database.add_views(connection)


# --- what is kept -----------------------------------------------------------------------------------------------------------

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
    temporary : bool
        Whether it goes with the panel: then nobody queries it, and it has no database, which takes a second.
    """

    root: Path
    temporary: bool = False

    @property
    def kept(self) -> Path:
        """Where everything stands that a build keeps for the next."""
        return self.root / database.KEPT

    @cached_property
    def read(self) -> Path:
        """Where the chunks stand that this version of the reader made."""
        return self.kept / f"read-{sources_sha256(*_READING)[:12]}"

    @property
    def scans(self) -> Path:
        """Where what was recognised on pictures of pages stands, a file a document, for any version of the reader."""
        return self.kept / "scans"

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
                columns = _schema(name)
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
        ours = (self.root / database.MANIFEST).is_file() or (self.kept / _LOCK).is_file() or holds == [self.kept]
        if holds and not ours:
            raise UnusablePanel.worded("folder_of_others", folder=self.root)
        try:
            self.scans.mkdir(parents=True, exist_ok=True)
            with FileLock(self.kept / _LOCK, blocking=False):
                for path in (*self.kept.iterdir(), *self.root.glob(".unfinished-*"), *self.scans.glob(".unfinished-*")):
                    # of a build that was killed, or of another version of the reader
                    if path.is_dir() and path not in {self.read, self.scans}:
                        shutil.rmtree(path, ignore_errors=True)
                for chunk in self.read.glob("*"):
                    if not _is_whole(chunk):  # its documents are read again
                        shutil.rmtree(chunk)
                yield
        except Timeout:
            raise UnusablePanel.worded("another_build", folder=self.root) from None
        except OSError as error:
            raise UnusablePanel.worded("panel_not_written", folder=self.root, error=error) from error


def _is_whole(chunk: Path) -> bool:
    """Tell whether a chunk is what `Store.add` wrote."""
    try:
        digests = json.loads((chunk / _DIGESTS).read_bytes())
        return bool(digests == {f"{name}.parquet": sha256(chunk / f"{name}.parquet") for name in SCHEMAS})
    except (OSError, ValueError):
        return False


def _in_order(connection: DuckDBPyConnection, name: str, documents: pd.DataFrame) -> pa.RecordBatchReader:
    """Read the rows of a table from the chunks, in the order of the documents; on the disk where they do not fit into memory."""
    table = "cells" if name == "vintages" else name
    known = documents[_OF_A_DOCUMENT].assign(filename=documents["chunk"] + f"/{table}.parquet")
    if name == "claims":  # a claim has a year of its own
        known = known.rename(columns={"year": "report_year"})
    connection.register("documents", database.arrow_table(known))
    files = ", ".join(map(database.literal, known["filename"].unique()))
    columns = ", ".join(map(database.quoted, database.PANEL_TYPES[name]))
    more = database.query("panel/undecided.sql") if name == "notes" else ""
    rows = connection.sql(database.query("panel/rows.sql").format(columns=columns, files=files, more=more))
    return rows.to_arrow_reader(_ROWS_AT_ONCE)


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
