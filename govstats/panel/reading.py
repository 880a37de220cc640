"""Documents read in chunks, in this process, in several, or on many machines: each chunk becomes a few tables."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from concurrent.futures.process import BrokenProcessPool
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
from loky import cpu_count, get_reusable_executor

from govstats.agencies import hint
from govstats.documents import open_document
from govstats.panel.folder import Folder, Item
from govstats.provenance import holds
from govstats.recognition import recognise
from govstats.reconciliation.reuse import samples
from govstats.reconciliation.structure import document_findings
from govstats.report import CELL_TYPES, CLAIM_TYPES, NOTE_TYPES, Claim, Note, ReadCell, Report

if TYPE_CHECKING:
    from distributed import Client

Tables = dict[str, pa.Table]

#: The types of pandas that columns have, as Arrow and Parquet know them; an object is a sketch (see `reuse`).
_ARROW = {
    "str": pa.string(),
    "Int64": pa.int64(),
    "Float64": pa.float64(),
    "boolean": pa.bool_(),
    "datetime64[us]": pa.timestamp("us"),
    "object": pa.list_(pa.uint32()),
}


def schema(types: Mapping[str, str]) -> pa.Schema:
    """Return columns as Parquet has them, so that pandas reads them back with their types."""
    empty = pd.DataFrame({column: pd.Series([], dtype=dtype) for column, dtype in types.items()})
    metadata = pa.Schema.from_pandas(empty, preserve_index=False).metadata
    return pa.schema([(column, _ARROW[dtype]) for column, dtype in types.items()], metadata=metadata)


def _of_document(fields: Iterable[str], types: Mapping[str, str]) -> pa.Schema:
    return schema({"key": "str"} | {name: types[name] for name in fields})


#: The tables that a chunk becomes. `key` is that of `Item.key`; what is the same for a whole report stands in ``reports`` alone.
SCHEMAS = {
    "reports": schema(
        {
            **dict.fromkeys(("key", "source", "stamp", "sha256", "agency", "hint", "form", "title", "format", "tables"), "str"),
            **dict.fromkeys(("year", "cells", "reported", "unreadable", "claims", "notes", "size"), "Int64"),
            "published": "datetime64[us]",
            "summary": "boolean",
            "error": "str",
            "message": "str",
        }
    ),
    "cells": _of_document(ReadCell._fields, CELL_TYPES),
    "claims": _of_document(Claim._fields, CLAIM_TYPES),
    "notes": _of_document(Note._fields, NOTE_TYPES),
    "document_findings": schema(
        dict.fromkeys(("key", "rule", "severity", "status", "message_zh", "message_en"), "str")
        | {"expected": "Float64", "reported": "Float64"}
    ),
    "texts": schema({"key": "str", "sketch": "object"}),
}
#: A chunk costs so much, a web page being 1, that losing it is no pity and sending it is no burden.
_CHUNK_COST = 100
#: Below this, to start processes takes longer than to read.
_WORTH_PROCESSES = 4 * _CHUNK_COST
_DIED = "the process that read this document died, out of memory or by a fault of an engine"


def read_documents(
    folder: Folder, documents: Sequence[Item], *, client: Client | None, processes: int | None
) -> Iterator[Tables]:
    """Read documents in chunks and yield the tables of each chunk as soon as it is done, in any order.

    Parameters
    ----------
    folder : Folder
    documents : sequence of Item
        Of the folder.
    client : dask.distributed.Client, optional
        Read on its workers.
    processes : int, optional
        Read in so many processes of this machine; by default as many as it has cores where that pays.

    Notes
    -----
    Where a worker dies (out of memory, an engine that crashes), what it was reading is read again, one document at a time, so
    that only the one which kills its reader twice is given up.
    """
    workers = processes or (cpu_count() if sum(item.cost for item in documents) > _WORTH_PROCESSES else 1)
    if client is not None:
        workers = max(sum(client.ncores().values()), 1)  # type: ignore[no-untyped-call]
    elif workers == 1:
        for chunk in _chunks(documents):
            yield read_chunk(folder, chunk)
        return

    def start() -> Executor:
        return client.get_executor() if client is not None else local_executor(workers)  # type: ignore[no-untyped-call]

    died: list[Item] = []
    for chunk, tables in _read_by(start, folder, _chunks(documents), 2 * workers):
        if tables is None:
            died += chunk
        else:
            yield tables
    for (item,), tables in _read_by(start, folder, ((item,) for item in died), 1):
        yield _unread(item) if tables is None else tables


def _chunks(documents: Iterable[Item]) -> Iterator[tuple[Item, ...]]:
    """Part documents into chunks of about equal cost, in their order."""
    gathered: list[Item] = []
    cost = 0
    for item in documents:
        gathered.append(item)
        cost += item.cost
        if cost >= _CHUNK_COST:
            yield tuple(gathered)
            gathered, cost = [], 0
    if gathered:
        yield tuple(gathered)


def read_chunk(folder: Folder, documents: Iterable[Item]) -> Tables:
    """Read the documents of a chunk; what fails becomes a row with its error.

    Returns
    -------
    dict of pyarrow.Table
        With the schemas of `SCHEMAS`.
    """
    rows: dict[str, list[Sequence[Any]]] = {name: [] for name in SCHEMAS}
    seen: set[str] = set()
    for item in documents:
        known, of_document = _read(folder, item)
        key = known["key"]
        rows["reports"].append([known.get(name) for name in SCHEMAS["reports"].names])
        if key not in seen:  # else a copy of another document of the chunk
            seen.add(key)
            for name, values in of_document.items():
                rows[name] += [(key, *row) for row in values]
    return {name: _table(name, of_table) for name, of_table in rows.items()}


def _table(name: str, rows: Sequence[Sequence[Any]]) -> pa.Table:
    columns = zip(*rows, strict=True) if rows else [()] * len(SCHEMAS[name])
    arrays = [pa.array(column, field.type) for column, field in zip(columns, SCHEMAS[name], strict=True)]
    return pa.Table.from_arrays(arrays, schema=SCHEMAS[name])


def _read(folder: Folder, item: Item) -> tuple[dict[str, Any], Mapping[str, Sequence[Sequence[Any]]]]:
    """Read a document; return what is known of it as a whole, and the rows of its tables without its key."""
    known = item._asdict()
    try:
        content = folder.content(item.source)
        known |= {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
        report = recognise(open_document(content), agency=item.agency, year=item.year, form=item.form)
        found = _tables(report)
        known |= _described(report)
    except Exception as error:  # noqa: BLE001 - one document never ends a run, whatever is the matter with it
        known |= {"error": type(error).__name__, "message": str(error)}
        found = {}
    known["key"] = item.key(known.get("sha256") or _without_content(item))
    return known, found


def _without_content(item: Item) -> str:
    """Return what stands for the sha256 of a document that cannot be opened."""
    return hashlib.sha256(item.source.encode()).hexdigest()


def _tables(report: Report) -> dict[str, Sequence[Sequence[Any]]]:
    findings = [
        (said.rule, said.severity, said.status, said.message_zh, said.message_en, *sides)
        for said, *sides in document_findings(report)
    ]
    # what the project typeset has sentences of the project, which are not compared
    text = "" if holds(report.sha256) else report.text
    return {
        "cells": report.read_cells,
        "claims": report.read_claims,
        "notes": report.read_notes,
        "document_findings": findings,
        "texts": list(zip(samples([text]))),
    }


def _described(report: Report) -> dict[str, Any]:
    """Return what is known of a report as a whole, by the names of ``SCHEMAS["reports"]``."""
    statuses = [cell.status for cell in report.read_cells]
    return {name: getattr(report, name) for name in ("agency", "year", "form", "title", "format", "summary")} | {
        "published": None if report.published is None else pd.Timestamp(report.published),
        "hint": hint(report.agency, report.title, report.text),
        "cells": len(statuses),
        "reported": statuses.count("reported"),
        "unreadable": statuses.count("unreadable"),
        "tables": " ".join(dict.fromkeys(cell.table for cell in report.read_cells)),
        "claims": len(report.read_claims),
        "notes": len(report.read_notes),
    }


def _unread(item: Item) -> Tables:
    """Return the tables of a document whose reading ended the process."""
    known = item._asdict() | {"error": "ProcessDied", "message": _DIED, "key": item.key(_without_content(item))}
    rows = {"reports": [[known.get(name) for name in SCHEMAS["reports"].names]]}
    return {name: _table(name, rows.get(name, [])) for name in SCHEMAS}


def local_executor(workers: int) -> Executor:
    """Return processes of this machine, the same ones each time."""
    executor: Executor = get_reusable_executor(max_workers=workers, initializer=_end_with, initargs=(os.getpid(),))
    return executor


def _end_with(parent: int) -> None:
    """End this process when the one that it reads for is gone: loky's stay for ever where that was killed."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(2)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _read_by(
    start: Callable[[], Executor], folder: Folder, chunks: Iterable[tuple[Item, ...]], at_once: int
) -> Iterator[tuple[tuple[Item, ...], Tables | None]]:
    """Yield chunks as they are done, so many being under way at once, with None for the tables where the worker died."""
    waiting = deque(chunks)
    if not waiting:
        return
    executor = start()
    running: dict[Future[Tables], tuple[Item, ...]] = {}
    while waiting or running:
        while waiting and len(running) < at_once:
            try:
                future = executor.submit(read_chunk, folder, waiting[0])
            except BrokenProcessPool:
                if running:  # they end with it
                    break
                executor = start()
            else:
                running[future] = waiting.popleft()
        done, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in done:
            yield running.pop(future), _result(future)


def _result(future: Future[Tables]) -> Tables | None:
    try:
        return future.result()
    except BrokenProcessPool:
        return None
    except Exception as error:
        if type(error).__name__ == "KilledWorker":  # dask's
            return None
        raise
