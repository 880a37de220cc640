"""The way from a folder of documents to a panel on disk."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from tqdm import tqdm

from govstats.agencies import identify
from govstats.errors import UnusablePanel
from govstats.export import export
from govstats.panel.assembly import Part, parts, placed, tables
from govstats.panel.files import write_files
from govstats.panel.folder import REGISTERS, Folder, Item, items, read_register
from govstats.panel.reading import chunks, read_chunks
from govstats.panel.store import Store, write_together

if TYPE_CHECKING:
    from distributed import Client


#: The panel's own account of itself: its parts in order, and what in the folder was no document.
MANIFEST = "panel.json"
#: Parts that are put together at once: what is read for them stands in memory.
_AT_ONCE = 4


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

    What was read before is not read again, however the last build ended; what has not changed is not put together again.
    """
    source = Folder.of(folder, storage_options)
    told = _register(source, register)
    documents, others = items(source, told)
    store = Store(Path(output))
    _make_room(store)
    read, sources = _read(store, source, documents, client=client, processes=processes)
    identities = identify(read["agency"], years=read["year"], texts=read["hint"], corrections=agencies)
    reports = placed(store, read, sources, told, identities)
    wanted = list(parts(reports))
    _assemble(store, wanted)
    names = [part.name for part in wanted]
    write_files(store, reports, names)
    manifest = {"parts": names, "others": others}
    making = store.root / f".{MANIFEST}.making"
    making.write_text(json.dumps(manifest, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    making.replace(store.root / MANIFEST)
    export(store.root, store.root / "govstats.duckdb", "duckdb")
    store.clean(set(names))


def _make_room(store: Store) -> None:
    """Make the folder of the panel; refuse one that holds something else."""
    if store.root.is_file():
        raise UnusablePanel(f"{store.root}: this is a file; expected a folder to write the panel to")
    if store.root.is_dir() and any(store.root.iterdir()) and not store.kept.is_dir():
        raise UnusablePanel(
            f"{store.root}: the folder is not empty and holds no panel; give an empty one, one that does not exist, or one of a "
            "build before"
        )
    store.kept.mkdir(parents=True, exist_ok=True)


def _register(folder: Folder, register: str | PathLike[str] | pd.DataFrame | None) -> pd.DataFrame | None:
    if register is not None:
        return read_register(register)
    system, root = folder.opened
    for name in REGISTERS:
        if system.isfile(f"{root}/{name}"):
            return read_register(io.BytesIO(folder.content(name)), name=name)
    return None


def _read(
    store: Store, folder: Folder, documents: Sequence[Item], *, client: Client | None, processes: int | None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read what is not in the store; return all that was read, and which document is which of it."""
    read = store.reports()
    keys = set(read["key"])
    known = store.sources()
    key_of: dict[str, str] = {}
    to_read = []
    for item in documents:
        sha256 = known.get((item.source, item.stamp)) if item.stamp else None
        if sha256 is None and keys:
            sha256 = hashlib.sha256(folder.content(item.source)).hexdigest()
        if sha256 is not None and item.key(sha256) in keys:
            key_of[item.source] = item.key(sha256)
            known[item.source, item.stamp] = sha256
        else:
            to_read.append(item)
    with tqdm(total=len(to_read), desc="读取 reading", unit="份", disable=None) as progress:
        for chunk, of_chunk in read_chunks(list(chunks(folder, to_read)), client=client, processes=processes):
            rows = of_chunk["reports"].select(["source", "stamp", "key", "sha256"]).to_pylist()
            key_of |= {row["source"]: row["key"] for row in rows}
            known |= {(row["source"], row["stamp"]): row["sha256"] for row in rows}
            store.add(of_chunk, keys)
            progress.update(len(chunk.items))
    store.remember({(item.source, item.stamp): known[item.source, item.stamp] for item in documents if item.stamp})
    sources = pd.DataFrame({"source": list(key_of), "key": list(key_of.values())}, dtype="str")
    return store.reports(final=False), sources


def _assemble(store: Store, wanted: Sequence[Part]) -> None:
    """Put together the parts that are not there yet."""
    lacking = [part for part in wanted if not (store.parts / part.name).is_dir()]
    reports = sum(len(part.reports) for part in lacking)
    with tqdm(total=reports, desc="核对 reconciling", unit="份", disable=None) as progress:
        for start in range(0, len(lacking), _AT_ONCE):
            for part, of_part in tables(store, lacking[start : start + _AT_ONCE]):
                write_together(store.parts / part.name, of_part)
                progress.update(len(part.reports))
