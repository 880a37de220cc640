"""The documents of a folder, read in chunks in this process, in several, or on many machines; a chunk becomes a few tables."""

from __future__ import annotations

import faulthandler
import hashlib
import os
import pickle
import re
import stat
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import groupby
from operator import itemgetter
from os import PathLike, fspath
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np
import pandas as pd
import pyarrow as pa
from fsspec import AbstractFileSystem
from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem
from loky import cpu_count, get_reusable_executor

from govstats.agencies import hint
from govstats.documents import open_document
from govstats.documents.limits import chosen_limits, ended, ended_beyond_limits, limits, start_clock_again
from govstats.errors import MissingExtra, ProcessDied, UnreadableDocument
from govstats.files import package_data, remembered
from govstats.panel.register import said_of
from govstats.recognition import recognise
from govstats.reconciliation.reuse import sample
from govstats.reconciliation.structure import document_findings
from govstats.report import Claim, Note, ReadCell, Report, column_types, is_typeset, types_of

if TYPE_CHECKING:
    from distributed import Client

Tables = dict[str, pa.Table]
_Result = TypeVar("_Result")

#: How long a document of a kind takes to read, a web page being 1; what has another suffix is no document.
_COSTS = {suffix: int(cost) for cost, suffixes in package_data("panel/costs.toml").items() for suffix in suffixes}
#: A chunk costs so much that losing it is no pity and sending it is no burden.
_CHUNK_COST = 100
#: Below this one process reads, for to start more takes longer.
_WORTH_PROCESSES = 4 * _CHUNK_COST
#: Chunks for each process that are under way together, so that few have to be read again where one of them kills its process.
_CHUNKS_AT_ONCE = 16
#: What file systems tell of a file that changes with its content.
_STAMPS = ("size", "mtime", "ETag", "LastModified", "last_modified", "updated", "created")
#: What the register may say of a document before it is read.
_TOLD = ("agency", "year", "form")
#: A file that its owner does not mean to show, or one in such a folder.
_HIDDEN = re.compile(r"(?:^|/)(?:\.|~\$)")
#: A byte of a file's name that is not UTF-8, as `_text` writes it.
_BYTE = re.compile(r"\\x([0-9a-f]{2})")

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


#: The tables that a chunk becomes. `key` is that of `Item.key`; what is the same for a whole report stands in ``reports`` alone.
SCHEMAS = {
    "reports": schema(
        column_types(
            "key source stamp sha256 agency hint form title format tables year:Int64 cells:Int64 reported:Int64 unreadable:Int64 "
            "recognised:Int64 claims:Int64 notes:Int64 size:Int64 published:datetime64[us] summary:boolean error message"
        )
    ),
    "cells": schema({"key": "str"} | types_of(ReadCell)),
    "claims": schema({"key": "str"} | types_of(Claim)),
    "notes": schema({"key": "str"} | types_of(Note)),
    "document_findings": schema(column_types("key rule severity status message_zh message_en expected:Float64 reported:Float64")),
    "texts": schema(column_types("key sketch:object")),
}


class Item(NamedTuple):
    """A document to read: its path in the folder, and what the register says that reading needs to know.

    `stamp` is what the file system says of its state, empty where that tells nothing.
    """

    source: str
    stamp: str
    agency: str | None = None
    year: int | None = None
    form: str | None = None

    @property
    def cost(self) -> int:
        """How long it takes to read, a web page being 1."""
        return _COSTS[_suffix(self.source)]

    def key(self, sha256: str | None) -> str:
        """Return what tells this reading from others: the content (the path, if it cannot be opened), and what was known."""
        content = sha256 or hashlib.sha256(self.source.encode()).hexdigest()
        return "|".join([content, *(f"{name}={value}" for name, value in self._asdict().items() if name in _TOLD and value)])


@dataclass(frozen=True)
class Folder:
    """A folder of documents, on a disk or in a bucket.

    Parameters
    ----------
    url : str
        A path, or an address that fsspec knows (``s3://…``).
    options : mapping
        For the file system.
    """

    url: str
    options: Mapping[str, Any]

    @classmethod
    def of(cls, folder: str | PathLike[str], options: Mapping[str, Any] | None = None) -> Folder:
        """Return the folder of a path, relative ones being made absolute for processes elsewhere."""
        url = fspath(folder)
        return cls(url if "://" in url else str(Path(url).expanduser().absolute()), dict(options or {}))

    @cached_property
    def _opened(self) -> tuple[AbstractFileSystem, str]:
        """The file system and the path in it; a path of this machine may hold what means something in an address."""
        if "://" not in self.url:
            return LocalFileSystem(), self.url
        try:
            system, root = url_to_fs(self.url, **self.options)
        except ImportError as error:
            raise MissingExtra.worded("address_needs_extra", url=self.url, error=error) from error
        except (OSError, ValueError) as error:
            raise UnreadableDocument.worded("no_folder_at_address", url=self.url, error=error) from error
        return system, root.rstrip("/")

    def _files(self) -> Iterator[tuple[str, str | None]]:
        """Yield the path of every file in the folder with its stamp, in the order of the paths; hidden ones are left out.

        The stamp is None where there is nothing to read: a pipe, a device, a link to a folder.
        """
        system, root = self._opened
        if not system.isdir(root):
            raise UnreadableDocument.worded("no_such_folder", url=self.url)
        for path, stamp in sorted(_local(root) if isinstance(system, LocalFileSystem) else _remote(system, root)):
            inside = path[len(root) :].lstrip("/")
            if not _HIDDEN.search(inside):
                yield _text(inside), stamp

    def documents(self, register: pd.DataFrame | None, *, output: Path | None = None) -> tuple[list[Item], list[str]]:
        """Return the documents with what the register says of each, and the names of the other files.

        What stands in `output` is the panel's own.

        Raises
        ------
        UnreadableDocument
            There is no such folder, or a folder in it cannot be listed.
        UnusableRegister
            A name in the register is that of several files.
        """
        ours = None
        if output is not None and output.is_relative_to(self.url):
            ours = f"{output.relative_to(self.url).as_posix()}/".removeprefix("./")
        files = [(source, stamp) for source, stamp in self._files() if ours is None or not source.startswith(ours)]
        items = [Item(source, stamp) for source, stamp in files if stamp is not None and _suffix(source) in _COSTS]
        others = [source for source, stamp in files if stamp is None or _suffix(source) not in _COSTS]
        if register is not None:
            told = said_of([item.source for item in items], register)[list(_TOLD)].astype(object)
            rows = told.where(told.notna(), None).itertuples(index=False, name=None)
            items = [Item(item.source, item.stamp, *row) for item, row in zip(items, rows, strict=True)]
        return items, others

    def table(self, name: str) -> tuple[str, bytes] | None:
        """Return the name and the content of a table that may stand in the folder itself."""
        system, root = self._opened
        return (name, self.content(name)) if system.isfile(f"{root}/{name}") else None

    def content(self, source: str) -> bytes:
        """Return the bytes of a document."""
        system, root = self._opened
        try:
            return bytes(system.cat_file(f"{root}/{source}"))
        except FileNotFoundError:
            path = _BYTE.sub(lambda byte: chr(0xDC00 + int(byte[1], 16)), source)  # what `_text` made a text of
            return bytes(system.cat_file(f"{root}/{path}"))


def _remote(system: AbstractFileSystem, root: str) -> Iterator[tuple[str, str | None]]:
    for path, info in system.find(root, detail=True).items():
        told = [str(info[name]) for name in _STAMPS if info.get(name) is not None]
        is_file = info.get("type", "file") == "file"
        yield path, ("/".join(told) if len(told) > 1 else "") if is_file else None


def _local(root: str) -> Iterator[tuple[str, str | None]]:
    """Yield the files of a folder on this machine; fsspec passes over those it cannot list, and dates links by themselves."""

    def refuse(error: OSError) -> None:
        raise UnreadableDocument.worded("folder_not_listed", folder=error.filename, error=error.strerror) from error

    for place, folders, names in os.walk(root, onerror=refuse):
        for name in (*names, *folders):
            path = os.path.join(place, name)  # noqa: PTH118 - a tenth of what a path object takes, for every file
            if name in folders and not os.path.islink(path):  # noqa: PTH114
                continue
            try:
                told = os.stat(path)  # noqa: PTH116
            except OSError:  # a link to nothing: reading it says so
                stamp: str | None = ""
            else:
                stamp = f"{told.st_size}/{told.st_mtime_ns}/{told.st_ctime_ns}" if stat.S_ISREG(told.st_mode) else None
            yield path.replace(os.sep, "/"), stamp


def _text(path: str) -> str:
    """Return a path as text that can be stored, also where it is not in UTF-8, as in archives packed in GBK."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _suffix(path: str) -> str:
    return os.path.splitext(path)[1].lower()  # noqa: PTH122


def read_documents(
    folder: Folder, documents: Sequence[Item], scans: Path, *, client: Client | None, processes: int | None
) -> Iterator[Tables]:
    """Read documents in chunks and yield the tables of each chunk as soon as it is done, in any order.

    Parameters
    ----------
    folder : Folder
    documents : sequence of Item
        Of the folder.
    scans : Path
        Where is kept what was recognised on pictures of pages.
    client : dask.distributed.Client, optional
        Read on its workers.
    processes : int, optional
        Read in so many processes of this machine; by default as many as it has cores where that pays.

    Notes
    -----
    No document is read in this process. Where a worker dies (out of time or memory, an engine that crashes), what was under way
    is read again, one document at a time, so that only the one which kills its reader twice is given up. A cluster bounds its
    workers itself.
    """
    chunks = list(_chunks(documents))
    workers = processes or (cpu_count() if sum(item.cost for item in documents) > _WORTH_PROCESSES else 1)
    died: type[Exception] = BrokenProcessPool
    if client is not None:
        from distributed import KilledWorker

        died = KilledWorker
        workers = max(sum(client.ncores().values()), 1)  # type: ignore[no-untyped-call]
    bounds = {**chosen_limits(), "threads": 1 if client else max(cpu_count() // workers, 1)}

    def read(chunks: Sequence[tuple[Item, ...]]) -> Iterator[tuple[tuple[Item, ...], Tables | None, bool]]:
        executor = local_executor(workers) if client is None else client.get_executor()  # type: ignore[no-untyped-call]
        return _read_by(executor, died, partial(_elsewhere if client else bounded, bounds, read_chunk, folder, scans), chunks)

    lost: list[Item] = []
    at_once = _CHUNKS_AT_ONCE * workers
    for start in range(0, len(chunks), at_once):
        for chunk, tables, _ in read(chunks[start : start + at_once]):
            if tables is None:
                lost += chunk
            else:
                yield tables
    for item in lost:
        for _, tables, late in read([(item,)]):
            yield _unread(item, late) if tables is None else tables


def _elsewhere(bounds: Mapping[str, int], read: Callable[..., Tables], *given: Any) -> Tables:
    """Read with the bounds of another process."""
    with limits(**bounds):
        return read(*given)


def _read_by(
    executor: Executor, died: type[Exception], read: Callable[..., Tables], chunks: Sequence[tuple[Item, ...]]
) -> Iterator[tuple[tuple[Item, ...], Tables | None, bool]]:
    """Yield chunks with their tables as they are done; where a worker died, the others without, and whether its time was up."""
    running = {}
    left = list(chunks)
    try:
        for chunk in chunks:
            running[executor.submit(read, chunk)] = chunk
        for future in as_completed(running):
            tables = future.result()
            left.remove(chunk := running.pop(future))
            yield chunk, tables, False
    except died as error:
        for chunk in left:
            yield chunk, None, was_late(error)


def _chunks(documents: Sequence[Item]) -> Iterator[tuple[Item, ...]]:
    """Part documents into chunks of about equal cost, in their order."""
    costs = np.array([item.cost for item in documents], dtype=int)
    numbers = (np.cumsum(costs) - costs) // _CHUNK_COST
    for _, chunk in groupby(zip(numbers, documents, strict=True), key=itemgetter(0)):
        yield tuple(item for _, item in chunk)


def read_chunk(folder: Folder, scans: Path, documents: Iterable[Item]) -> Tables:
    """Read the documents of a chunk; what fails becomes a row with its error.

    Returns
    -------
    dict of pyarrow.Table
        With the schemas of `SCHEMAS`.
    """
    rows: dict[str, list[Sequence[Any]]] = {name: [] for name in SCHEMAS if name != "reports"}
    reports: list[Mapping[str, Any]] = []
    for item in documents:
        start_clock_again()
        known, of_document = _read(folder, scans, item)
        if known["key"] not in {one["key"] for one in reports}:  # else a copy of another document of the chunk
            for name, values in of_document.items():
                rows[name] += [(known["key"], *row) for row in values]
        reports.append(known)
    return _tables_of(reports, rows)


def _tables_of(reports: Sequence[Mapping[str, Any]], rows: Mapping[str, Sequence[Sequence[Any]]]) -> Tables:
    tables = {"reports": pa.Table.from_pylist(reports, SCHEMAS["reports"])}
    for name in (name for name in SCHEMAS if name != "reports"):
        columns = zip(*rows[name], strict=True) if rows.get(name) else [()] * len(SCHEMAS[name])
        arrays = [pa.array(column, field.type) for column, field in zip(columns, SCHEMAS[name], strict=True)]
        tables[name] = pa.Table.from_arrays(arrays, schema=SCHEMAS[name])
    return tables


def _read(folder: Folder, scans: Path, item: Item) -> tuple[dict[str, Any], Mapping[str, Sequence[Sequence[Any]]]]:
    """Read a document; return what is known of it as a whole, and the rows of its tables without its key."""
    known = item._asdict()
    found = {}
    try:
        content = folder.content(item.source)
        known |= {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
        with remembered(scans / f"{known['sha256']}.json"):
            document = open_document(content)
        report = recognise(document, agency=item.agency, year=item.year, form=item.form)
        found = _tables(report)
        known |= _described(report)
    except MemoryError:
        known |= {"error": ProcessDied.__name__, "message": str(ended("<bytes>", late=False))}
    except Exception as error:  # noqa: BLE001 - one document never ends a run, whatever is the matter with it
        known |= {"error": type(error).__name__, "message": str(error)}
    return known | {"key": item.key(known.get("sha256"))}, found


def _tables(report: Report) -> dict[str, Sequence[Sequence[Any]]]:
    # what the project typeset has sentences of the project, which are not compared
    text = "" if is_typeset(report) else report.text
    return {
        "cells": report.read_cells,
        "claims": report.read_claims,
        "notes": report.read_notes,
        "document_findings": document_findings(report),
        "texts": [(sample(text),)],
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
        "recognised": [cell.method for cell in report.read_cells].count("ocr"),
        "tables": " ".join(dict.fromkeys(cell.table for cell in report.read_cells)),
        "claims": len(report.read_claims),
        "notes": len(report.read_notes),
    }


def _unread(item: Item, late: bool) -> Tables:
    """Return the tables of a document whose reading ended the process, because it took too long or otherwise."""
    message = str(ended(item.source, late=late))
    return _tables_of([item._asdict() | {"error": ProcessDied.__name__, "message": message, "key": item.key(None)}], {})


# --- processes of this machine ----------------------------------------------------------------------------------------------


def local_executor(workers: int) -> Executor:
    """Return processes of this machine, the same ones each time."""
    return _Processes(get_reusable_executor(max_workers=workers, initializer=_end_with, initargs=(os.getpid(),)))


class _Processes(Executor):
    """The processes of an executor; what a call returns comes through a file.

    They share a pipe. One that is killed while it writes to it leaves the others, and this process, waiting for ever, but a
    name is written at once.
    """

    def __init__(self, pool: Executor) -> None:
        self._pool = pool
        self.shutdown = pool.shutdown  # type: ignore[method-assign]

    def submit(self, function: Callable[..., _Result], /, *given: Any, **named: Any) -> Future[_Result]:
        result: Future[_Result] = Future()
        result.set_running_or_notify_cancel()

        def receive(done: Future[str]) -> None:
            try:
                path = Path(done.result())
                content = path.read_bytes()
                path.unlink()
                result.set_result(pickle.loads(content))
            except BaseException as error:  # noqa: BLE001 - it belongs to whoever waits for the result
                result.set_exception(error)

        self._pool.submit(_in_a_file, function, *given, **named).add_done_callback(receive)
        return result


def _in_a_file(function: Callable[..., Any], *given: Any, **named: Any) -> str:
    """Call a function, and return the name of a file with what it returns."""
    result = function(*given, **named)
    with NamedTemporaryFile(prefix="govstats-", delete=False) as file:
        pickle.dump(result, file)
    return file.name


def _end_with(parent: int) -> None:
    """End this process when the one that it reads for is gone: loky's stay for ever where that was killed."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(2)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def bounded(bounds: Mapping[str, int], function: Callable[..., _Result], *given: Any) -> _Result:
    """Call a function with the bounds of another process; the system ends this one where it goes beyond those of a process."""
    faulthandler.disable()  # which loky enabled; what became of the document is told by its row
    with limits(**bounds), ended_beyond_limits():
        return function(*given)


def in_a_process(document: str, function: Callable[..., _Result], *given: Any) -> _Result:
    """Call a function that reads a document in a process of its own.

    Raises
    ------
    ProcessDied
        It took too much time or memory, or an engine crashed.
    """
    try:
        return local_executor(1).submit(bounded, chosen_limits(), function, *given).result()
    except (BrokenProcessPool, MemoryError) as error:
        raise ended(document, late=was_late(error)) from error


def was_late(error: BaseException) -> bool:
    """Tell whether a process died because its time was up: loky lists the signals that ended its processes."""
    return "SIGALRM" in str(error)
