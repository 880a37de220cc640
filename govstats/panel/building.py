"""The way from a folder of documents to a panel on disk."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from itertools import repeat
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from loky import cpu_count
from tqdm import tqdm

from govstats.agencies import identify
from govstats.errors import UnusablePanel
from govstats.export import connected
from govstats.export.database import add_views, create_tables
from govstats.panel.folder import Folder, Item, items
from govstats.panel.reading import local_executor, read_documents, schema
from govstats.panel.register import REGISTERS, read_register, with_register
from govstats.panel.store import LOCK, PANEL_TYPES, READ, REPORT_TYPES, Store
from govstats.provenance import sources_sha256
from govstats.reconciliation import reconcile
from govstats.reconciliation.matrix import Reports

if TYPE_CHECKING:
    from distributed import Client

#: The panel's own account of itself: of which columns and reports it is, and what in the folder was no document.
MANIFEST = "panel.json"
DATABASE = "govstats.duckdb"
#: Reports whose findings are made together, at least: all of an agency's years, and of those that report to it.
_BATCH = 500
#: Errors that another try would not help.
_FINAL = ("NotAnAnnualReport", "SeveralReports", "UnreadableDocument")
#: What `govstats.agencies.identify` tells of an agency.
_IDENTITY = ("agency", "level", "region", "region_code", "department", "basis", "note_zh", "note_en")
#: The preferred format first, where several documents show the same cells.
_FORMATS = ("html", "word", "markdown", "pdf", "text", "image")


def build(
    folder: str | PathLike[str],
    output: str | PathLike[str],
    *,
    register: str | PathLike[str] | pd.DataFrame | None = None,
    agencies: str | PathLike[str] | pd.DataFrame | None = None,
    client: Client | None = None,
    processes: int | None = None,
    storage_options: Mapping[str, Any] | None = None,
) -> None:
    """Read a folder of reports and write the panel; see `govstats.read_corpus` for the parameters.

    What was read before is not read again, however the last build ended.
    """
    if processes is not None and processes < 1:
        raise UnusablePanel(
            f"processes: {processes}; expected a number from 1, or nothing for as many as there are cores"
            " 进程数应为 1 以上的整数，不写则与处理器核数相同"
        )
    source = Folder.of(folder, storage_options)
    told = _register(source, register)
    if told is not None:
        told = _identified(told, agencies)  # also refuses a table of agencies that cannot be used before the reading begins
    else:
        identify([], corrections=agencies)
    store = Store(Path(output).expanduser().absolute())
    documents, others = items(source, told, output=store.root)
    with _written(store), store.alone():
        sources = _read(store, source, documents, client=client, processes=processes)
        reports = placed(store, store.reports(), sources, told, agencies)
        _write(store, reports, others, processes or cpu_count())


def _write(store: Store, reports: pd.DataFrame, others: Sequence[str], workers: int) -> None:
    """Write the panel; while its files are exchanged there is no panel in the folder."""
    making = store.making()
    documents = _documents(reports)
    columns = schema(REPORT_TYPES)
    pq.write_table(
        pa.Table.from_pandas(reports[columns.names].astype(REPORT_TYPES), columns, preserve_index=False),
        making / "reports.parquet",
    )
    store.write(documents, making)
    columns = schema(PANEL_TYPES["findings"])
    with pq.ParquetWriter(making / "findings.parquet", columns, compression="zstd") as writer:
        for findings in _findings(making, documents[documents["chosen"]], workers):
            writer.write_table(pa.Table.from_pandas(findings, columns, preserve_index=False))
    content = (making / "reports.parquet").read_bytes() + sources_sha256().encode()
    manifest = {"columns": columns_sha256(), "content": hashlib.sha256(content).hexdigest(), "others": others}
    (making / MANIFEST).write_text(json.dumps(manifest, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    (store.root / MANIFEST).unlink(missing_ok=True)
    for name in PANEL_TYPES:
        (making / f"{name}.parquet").replace(store.root / f"{name}.parquet")
    _write_database(store.root, making / DATABASE)
    (making / DATABASE).replace(store.root / DATABASE)
    (making / MANIFEST).replace(store.root / MANIFEST)
    shutil.rmtree(making, ignore_errors=True)


def columns_sha256() -> str:
    """Return a digest of the columns that a panel has in this version."""
    return hashlib.sha256(json.dumps(PANEL_TYPES).encode()).hexdigest()


def _documents(reports: pd.DataFrame) -> pd.DataFrame:
    """Return the reports that have rows of their own in the panel, with the batch of each."""
    usable = reports[reports["error"].isna()]
    # a copy of a document says nothing more
    usable = usable.sort_values("chosen", ascending=False, kind="stable").drop_duplicates("key").sort_index()
    batches = []
    size = batch = 0
    for of_family in usable.groupby("family", sort=False).size():
        batches += [batch] * of_family
        size += of_family
        if size >= _BATCH:
            batch, size = batch + 1, 0
    return usable.assign(batch=batches)


def _findings(folder: Path, documents: pd.DataFrame, workers: int) -> Iterator[pd.DataFrame]:
    """Yield the findings of each batch, in their order."""
    reports = [one for _, one in documents.groupby("batch")]
    numbers = range(len(reports))
    ended = 0
    with tqdm(total=len(documents), desc="核对 reconciling", unit="份", disable=None) as progress:
        if workers > 1 and len(reports) > 1:
            with suppress(BrokenProcessPool):  # what a process left behind when it died is done here
                for found in local_executor(workers).map(_of_batch, repeat(folder), numbers, reports):
                    yield found
                    progress.update(len(reports[ended]))
                    ended += 1
        for number in numbers[ended:]:
            yield _of_batch(folder, number, reports[number])
            progress.update(len(reports[number]))


def _of_batch(folder: Path, batch: int, reports: pd.DataFrame) -> pd.DataFrame:
    frames = {name: pq.ParquetFile(folder / f"{name}.parquet").read_row_group(batch).to_pandas() for name in READ}
    return reconcile(Reports(reports=reports, **frames))


def _write_database(panel: Path, path: Path) -> None:
    """Write a database of views over the files of a panel."""
    tables = ("reports", "cells", "claims", "notes", "findings", "vintages")
    with connected(path) as connection:
        connection.execute("BEGIN")  # each comment would be a transaction of its own
        create_tables(connection, {name: panel / f"{name}.parquet" for name in tables}, copy=False)
        add_views(connection)
        connection.execute("COMMIT")


def _identified(register: pd.DataFrame, agencies: str | PathLike[str] | pd.DataFrame | None) -> pd.DataFrame:
    """Return a register with the names that its agencies have in the panel."""
    names = {
        column: identify(register[column], years=register["year"], texts=texts, corrections=agencies)["agency"].array
        for column, texts in (("agency", register["region"]), ("parent", None))
    }
    return register.assign(**names)


@contextmanager
def _written(store: Store) -> Iterator[None]:
    """Make the folder of the panel, refuse one that holds something else, and say so where it cannot be written to."""
    holds = [*store.root.iterdir()] if store.root.is_dir() else []
    ours = (store.root / MANIFEST).is_file() or (store.kept / LOCK).is_file() or holds == [store.kept]
    if holds and not ours:
        raise UnusablePanel(
            f"{store.root}: the folder is not empty and holds no panel; give an empty one, one that does not exist, or one of a "
            "build before"
            " 文件夹不空，且不是面板；请用空文件夹、新文件夹或以前的面板"
        )
    try:
        store.kept.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise UnusablePanel(
            f"{store.root}: the panel cannot be written: {error}; make room, or give another folder; what was read is kept there"
            " 面板无法写入；请腾出空间或换文件夹，已读的仍保留"
        ) from error


def _register(folder: Folder, register: str | PathLike[str] | pd.DataFrame | None) -> pd.DataFrame | None:
    if register is not None:
        return read_register(register)
    for name in REGISTERS:
        if folder.holds(name):
            return read_register(io.BytesIO(folder.content(name)), name=name)
    return None


def _read(
    store: Store, folder: Folder, documents: Sequence[Item], *, client: Client | None, processes: int | None
) -> pd.DataFrame:
    """Read what is not in the store; return which document is which of what is there then: ``source key``."""
    read = store.reports()
    # what failed for a reason that may be gone is tried again: an extra is installed now, the network is back
    keys = set(read["key"][read["error"].isna() | read["error"].isin(_FINAL)])
    known = dict(zip(zip(read["source"], read["stamp"], strict=True), read["sha256"], strict=True))
    key_of: dict[str, str] = {}
    to_read = []
    for item in documents:
        sha256 = known.get((item.source, item.stamp)) if item.stamp else None
        if not isinstance(sha256, str) and keys:
            with suppress(Exception):  # what is the matter will be told where it is read
                sha256 = hashlib.sha256(folder.content(item.source)).hexdigest()
        if isinstance(sha256, str) and item.key(sha256) in keys:
            key_of[item.source] = item.key(sha256)
        else:
            to_read.append(item)
    with tqdm(total=len(to_read), desc="读取 reading", unit="份", disable=None) as progress:
        for tables in read_documents(folder, to_read, client=client, processes=processes):
            store.add(tables)
            key_of |= dict(zip(*(tables["reports"][name].to_pylist() for name in ("source", "key")), strict=True))
            progress.update(len(tables["reports"]))
    return pd.DataFrame({"source": list(key_of), "key": list(key_of.values())}, dtype="str")


def placed(
    store: Store,
    read: pd.DataFrame,
    sources: pd.DataFrame,
    register: pd.DataFrame | None,
    agencies: str | PathLike[str] | pd.DataFrame | None,
) -> pd.DataFrame:
    """Return the reports of a panel: one row a document, with its agency, its vintage and whether its cells count.

    Parameters
    ----------
    store : Store
    read : DataFrame
        What was read, a row a content: the columns of ``SCHEMAS["reports"]``.
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
    wrong = reports[reports["message"].notna()]
    reports.loc[wrong.index, "message"] = [
        message.replace("<bytes>", source) for message, source in zip(wrong["message"], wrong["source"], strict=True)
    ]
    reports = with_register(reports, register)
    nameless = reports["error"].isna() & (reports["agency"].isna() | reports["year"].isna())
    lacking = np.where(reports["agency"].isna(), "whose report it is", "of which year the report is")
    reports.loc[nameless, "error"] = "UnknownIdentity"
    reports.loc[nameless, "message"] = [
        f"{source}: the document does not say {what}; name it in register.csv (document,agency,year)"
        for source, what in zip(reports.loc[nameless, "source"], lacking[nameless], strict=True)
    ]
    _refuse_namesakes(store, reports)
    reports = _with_vintages(reports)
    reports["area"] = reports["region_code"].groupby(reports["family"], dropna=False).transform("min")
    order = ["area", "family", "agency", "year", "vintage", "source"]
    return reports.sort_values(order, na_position="first", ignore_index=True).drop(columns="area")


def _refuse_namesakes(store: Store, reports: pd.DataFrame) -> None:
    """Refuse documents of one name and year that show different figures, where nothing tells whether they are of one agency."""
    undecided = reports[reports["error"].isna() & (reports["basis"] == "undecided")]
    of_report = undecided.groupby(["agency", "year"])
    several = undecided[of_report["key"].transform("nunique") > 1]
    if several.empty:
        return
    distinct = several.drop_duplicates("key")
    figures_of = several["key"].map(store.figures(distinct)).fillna("")
    differ = several[figures_of.groupby([several["agency"], several["year"]]).transform("nunique") > 1]
    reports.loc[differ.index, "error"] = "UnknownIdentity"
    reports.loc[differ.index, "message"] = [
        f"{source}: another document of {agency} {year} shows other figures, and nothing tells whether both are of one agency "
        f"({note}); name them in register.csv (document,agency,year) or in a table of agencies"
        for source, agency, year, note in zip(*(differ[name] for name in ("source", "agency", "year", "note_en")), strict=True)
    ]


def _with_vintages(reports: pd.DataFrame) -> pd.DataFrame:
    """Add the vintage of each document, by date of publication, and which one of a report is chosen.

    A document without a date belongs to the earliest vintage: nothing shows that it is a republication.
    """
    of_report = [reports["agency"], reports["year"]]
    dates = reports["published"].fillna(reports["published"].groupby(of_report, dropna=False).transform("min"))
    dated = dates.groupby(of_report, dropna=False).rank("dense").fillna(1).astype("Int64")
    reports["vintage"] = reports["vintage"].fillna(dated)
    usable = reports["error"].isna()
    rank = pd.DataFrame(
        {
            "agency": reports["agency"],
            "year": reports["year"],
            "lost": reports["cells"].fillna(0) == 0,
            "vintage": reports["vintage"],
            "undecided": -(reports["cells"] - reports["unreadable"]),
            "notes": reports["notes"],
            "format": reports["format"].map({name: at for at, name in enumerate(_FORMATS)}),
            "source": reports["source"],
        }
    )[usable]
    first = rank.sort_values(list(rank.columns)).drop_duplicates(["agency", "year"]).index
    reports["chosen"] = reports.index.isin(first)
    return reports
