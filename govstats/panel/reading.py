"""Documents read in chunks, in this process, in several, or on many machines: each chunk becomes tables of columns."""

from __future__ import annotations

import gc
import hashlib
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa

from govstats.agencies import hint
from govstats.documents import Document, open_document
from govstats.panel.folder import Folder, Item
from govstats.provenance import holds
from govstats.recognition import recognise
from govstats.reconciliation.document import document_findings
from govstats.reconciliation.reuse import samples
from govstats.report import Claim, Note, ReadCell, Report, columns_of

if TYPE_CHECKING:
    from distributed import Client

Tables = dict[str, pa.Table]

_TEXT, _WHOLE, _FIGURE = pa.string(), pa.int32(), pa.float64()
_CODED = pa.dictionary(pa.int32(), _TEXT)
_TYPES = {
    **dict.fromkeys(("value", "low", "high", "confidence"), _FIGURE),
    **dict.fromkeys(("page", "start", "end", "year"), _WHOLE),
}


def _schema(fields: Iterable[str]) -> pa.Schema:
    return pa.schema([("key", _CODED), *((name, _TYPES.get(name, _CODED)) for name in fields)])


#: The tables that a chunk becomes. `key` is that of `Item.key`; what is the same for a whole report stands in ``reports`` alone.
SCHEMAS = {
    "reports": pa.schema(
        [
            *((name, _TEXT) for name in ("key", "source", "stamp", "sha256", "agency", "hint", "form", "title", "format")),
            *((name, _WHOLE) for name in ("year", "cells", "reported", "unreadable", "claims", "notes")),
            ("size", pa.int64()),
            ("published", pa.date32()),
            ("summary", pa.bool_()),
            *((name, _TEXT) for name in ("tables", "error", "message")),
        ]
    ),
    "cells": _schema(ReadCell._fields),
    "claims": _schema(Claim._fields),
    "notes": _schema(Note._fields),
    "document_findings": pa.schema(
        [
            *((name, _CODED) for name in ("key", "rule", "severity", "status", "message_zh", "message_en")),
            ("expected", _FIGURE),
            ("reported", _FIGURE),
        ]
    ),
    "texts": pa.schema([("key", _CODED), ("sketch", pa.list_(pa.uint32()))]),
}
#: A chunk costs so much that losing it is no pity and sending it is no burden.
_CHUNK_COST = 100
#: Documents of a chunk that are open at the same time.
_AT_ONCE = 50
#: So many objects are made before Python looks for cycles among them: pages make none, and by default looking takes a twentieth
#: of a build; what makes some, the engines for PDF and pictures, makes many objects.
_OBJECTS = 10_000
#: Below this, to start processes takes longer than to read.
_WORTH_PROCESSES = 4 * _CHUNK_COST


class Chunk(NamedTuple):
    """Documents that are read together."""

    folder: Folder
    items: tuple[Item, ...]


def chunks(folder: Folder, documents: Iterable[Item]) -> Iterator[Chunk]:
    """Part documents into chunks of about equal cost, in their order."""
    gathered: list[Item] = []
    cost = 0
    for item in documents:
        gathered.append(item)
        cost += item.cost
        if cost >= _CHUNK_COST:
            yield Chunk(folder, tuple(gathered))
            gathered, cost = [], 0
    if gathered:
        yield Chunk(folder, tuple(gathered))


class _Columns:
    """What was read of a chunk, column by column.

    Parameters
    ----------
    name : str
        Of the table, in `SCHEMAS`.
    """

    def __init__(self, name: str) -> None:
        self.schema = SCHEMAS[name]
        self.keys: list[str] = []
        self.columns: list[Sequence[Sequence[Any]]] = []

    def add(self, key: str, columns: Sequence[Sequence[Any]]) -> None:
        """Add the rows of a document."""
        if columns:
            self.keys.append(key)
            self.columns.append(columns)

    def table(self) -> pa.Table:
        lengths = [len(columns[0]) for columns in self.columns]
        of = np.repeat(np.arange(len(self.keys), dtype=np.int32), lengths)
        keys = pa.DictionaryArray.from_arrays(of, pa.array(self.keys, pa.string()))
        of_key, *types = (field.type for field in self.schema)
        pieces = zip(*self.columns, strict=True) if self.columns else ((),) * len(types)
        arrays = [_joined(*one) for one in zip(pieces, types, strict=True)]
        return pa.Table.from_arrays([keys.cast(of_key), *arrays], schema=self.schema)


def _joined(pieces: Sequence[Sequence[Any]], of_type: pa.DataType) -> pa.Array:
    """Return one column; pages that are set alike share what the form says of their cells, which is converted once."""
    distinct = {id(piece): piece for piece in pieces}
    if len(distinct) > len(pieces) / 2:
        return _array(list(chain.from_iterable(pieces)), of_type)
    made = {name: _array(piece, of_type) for name, piece in distinct.items()}
    return pa.concat_arrays([made[id(piece)] for piece in pieces] or [_array((), of_type)])


def _array(values: Sequence[Any], of_type: pa.DataType) -> pa.Array:
    return pa.array(values, _TEXT).dictionary_encode() if of_type == _CODED else pa.array(values, of_type)


def read_chunk(chunk: Chunk) -> Tables:
    """Read the documents of a chunk; what fails becomes a row with its error.

    Returns
    -------
    dict of pyarrow.Table
        With the schemas of `SCHEMAS`.
    """
    gathered = {name: _Columns(name) for name in SCHEMAS}
    seen: set[str] = set()
    for start in range(0, len(chunk.items), _AT_ONCE):
        readings = [_Reading(chunk.folder, item) for item in chunk.items[start : start + _AT_ONCE]]
        # one step for all of them before the next: its code and its data stay near the processor
        for step in (_Reading.open, _Reading.recognise, _Reading.tell):
            for reading in readings:
                reading.take(step)
        told = [reading for reading in readings if "error" not in reading.known]
        # what the project typeset has sentences of the project
        texts = ["" if holds(reading.report.sha256) else reading.report.text for reading in told]
        for reading, sample in zip(told, samples(texts), strict=True):
            reading.columns["texts"] = [[sample]]
        for key, known, columns in map(_Reading.result, readings):
            gathered["reports"].add(key, [[known.get(name)] for name in SCHEMAS["reports"].names[1:]])
            if key not in seen:  # a copy of another document of the chunk
                seen.add(key)
                for name, of_table in columns.items():
                    gathered[name].add(key, of_table)
    return {name: columns.table() for name, columns in gathered.items()}


def unread(items: Iterable[Item], message: str) -> Tables:
    """Return the tables of documents whose reading ended the process."""
    gathered = {name: _Columns(name) for name in SCHEMAS}
    for item in items:
        known = item._asdict() | {"error": "ProcessDied", "message": message}
        key = item.key(hashlib.sha256(item.source.encode()).hexdigest())
        gathered["reports"].add(key, [[known.get(name)] for name in SCHEMAS["reports"].names[1:]])
    return {name: columns.table() for name, columns in gathered.items()}


class _Reading:
    """A document on its way into the tables; whatever goes wrong becomes its error.

    Parameters
    ----------
    folder : Folder
    item : Item
        One of its documents.
    """

    def __init__(self, folder: Folder, item: Item) -> None:
        self.folder, self.item = folder, item
        self.known: dict[str, Any] = {name: getattr(item, name) for name in ("source", "stamp", "agency", "year", "form")}
        self.columns: dict[str, Sequence[Sequence[Any]]] = {}
        # kept until its neighbours are read too: malloc would give the memory back after every page and ask for it again
        self.content: bytes | None = None
        self.document: Document | None = None

    def take(self, step: Callable[[_Reading], None]) -> None:
        """Take a step, unless one before failed."""
        if "error" not in self.known:
            try:
                step(self)
            except Exception as error:  # noqa: BLE001 - one document never ends a run, whatever is the matter with it
                self.known |= {"error": type(error).__name__, "message": str(error).replace("<bytes>", self.item.source)}
                self.columns = {}

    def open(self) -> None:
        self.content = self.folder.content(self.item.source)
        self.known["size"] = len(self.content)
        self.document = open_document(self.content)

    def recognise(self) -> None:
        assert self.document is not None
        self.report = recognise(self.document, agency=self.item.agency, year=self.item.year, form=self.item.form)

    def tell(self) -> None:
        report = self.report
        findings = [
            (said.rule, said.severity, said.status, said.message_zh, said.message_en, *sides)
            for said, *sides in document_findings(report)
        ]
        rows = {"claims": report.read_claims, "notes": report.read_notes, "document_findings": findings}
        self.columns = {"cells": columns_of(report.read_cells)} | {
            name: tuple(zip(*one, strict=True)) for name, one in rows.items()
        }
        self.known |= _described(report, self.columns)

    def result(self) -> tuple[str, dict[str, Any], dict[str, Sequence[Sequence[Any]]]]:
        """Return the key of the document, what is known of it as a whole, and the columns of its tables."""
        content = self.item.source.encode() if self.content is None else self.content
        sha256 = hashlib.sha256(content).hexdigest() if self.document is None else self.document.sha256
        if self.content is not None:
            self.known["sha256"] = sha256
        return self.item.key(sha256), self.known, self.columns


def _described(report: Report, columns: Mapping[str, Sequence[Sequence[Any]]]) -> dict[str, Any]:
    """Return what is known of a report as a whole, by the names of ``SCHEMAS["reports"]``."""
    cells = dict(zip(ReadCell._fields, columns["cells"], strict=True)) if columns["cells"] else {}
    statuses = cells.get("status", ())
    same_name = ("agency", "year", "form", "title", "format", "published", "summary")
    return {name: getattr(report, name) for name in same_name} | {
        "hint": hint(report.agency, report.title, report.text),
        "reported": statuses.count("reported"),
        "unreadable": statuses.count("unreadable"),
        "tables": " ".join(dict.fromkeys(cells.get("table", ()))),
        **{name: len(columns[name][0]) if columns[name] else 0 for name in ("cells", "claims", "notes")},
    }


def read_chunks(parts: Sequence[Chunk], *, client: Client | None, processes: int | None) -> Iterator[tuple[Chunk, Tables]]:
    """Read chunks and yield each with its tables as soon as it is done, in any order.

    Parameters
    ----------
    parts : sequence of Chunk
    client : dask.distributed.Client, optional
        Read on its workers.
    processes : int, optional
        Read in so many processes of this machine; by default as many as it has cores where that pays.

    Notes
    -----
    Where a worker dies (out of memory, an engine that crashes), what it was reading is read again, at last one document at a
    time, so that only the one which kills its reader is given up.
    """
    cost = sum(item.cost for part in parts for item in part.items)
    wanted = processes or (cores() if cost > _WORTH_PROCESSES else 1)
    if client is None and wanted == 1:
        for part in parts:
            yield part, read_chunk(part)
        return
    start: Callable[[], Executor]
    if client is not None:
        wanted = max(sum(client.ncores().values()), 1)  # type: ignore[no-untyped-call]
        start = client.get_executor
    else:
        start = partial(local_executor, wanted)

    # each once all together; then what died with a worker alone; then, document by document, what died alone
    died: list[Chunk] = []
    yield from _gathered(parts, start, 2 * wanted, died)
    again, died = died, []
    yield from _gathered(again, start, 1, died)
    single = [Chunk(part.folder, (item,)) for part in died for item in part.items]
    died = []
    yield from _gathered(single, start, 1, died)
    for part in died:
        yield part, unread(part.items, "the process that read this document died, out of memory or by a fault of an engine")


@contextmanager
def seldom_collected() -> Iterator[None]:
    """Look for garbage less often while a panel is built."""
    before = gc.get_threshold()
    gc.set_threshold(_OBJECTS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def local_executor(workers: int) -> Executor:
    """Return processes of this machine, the same ones each time."""
    from loky import get_reusable_executor

    executor: Executor = get_reusable_executor(max_workers=workers, initializer=_begin, initargs=(os.getpid(),))
    return executor


def _gathered(
    parts: Iterable[Chunk], start: Callable[[], Executor], at_once: int, died: list[Chunk]
) -> Iterator[tuple[Chunk, Tables]]:
    """Yield chunks as they are done, so many being under way at once; those whose worker died are left in `died`."""
    waiting = deque(parts)
    if not waiting:
        return
    executor = start()
    running: dict[Future[Tables], Chunk] = {}
    while waiting or running:
        while waiting and len(running) < at_once:
            part = waiting.popleft()
            try:
                running[executor.submit(read_chunk, part)] = part
            except BrokenProcessPool:
                waiting.appendleft(part)
                if running:
                    break
                executor = start()
        done, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in done:
            part = running.pop(future)
            try:
                yield part, future.result()
            except Exception as error:
                if not _worker_died(error):
                    raise
                died.append(part)
                executor = start() if isinstance(error, BrokenProcessPool) and not running else executor


def _begin(parent: int) -> None:
    """Begin a process that reads for another; end it when that one is gone: loky's stay for ever where it was killed."""
    gc.set_threshold(_OBJECTS, *gc.get_threshold()[1:])

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(2)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _worker_died(error: Exception) -> bool:
    return isinstance(error, BrokenProcessPool) or type(error).__name__ == "KilledWorker"
