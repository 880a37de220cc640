"""The way from a folder of documents to a panel on disk."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from tqdm import tqdm

from govstats.agencies import identify
from govstats.errors import UnusablePanel
from govstats.panel.assembly import Part, parts, placed, tables
from govstats.panel.database import DATABASE, write_database
from govstats.panel.files import columns_sha256, write_files, write_frame
from govstats.panel.folder import REGISTERS, Folder, Item, items, read_register
from govstats.panel.reading import chunks, cores, local_executor, read_chunks, seldom_collected
from govstats.panel.store import FINAL, LOCK, Store, write_parquet, write_together

if TYPE_CHECKING:
    from distributed import Client

#: The panel's own account of itself: its parts in order, and what in the folder was no document.
MANIFEST = "panel.json"


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
    with _written(store), store.alone(), seldom_collected():
        sources = _read(store, source, documents, client=client, processes=processes)
        read = store.reports()
        reports = placed(store, read, sources, told, _identities(store, read, agencies))
        del read, sources, documents  # of many thousand documents all of that is large
        wanted = list(parts(reports))
        _write(store, reports, wanted, others, _assembled(store, wanted, processes or cores()))


def _write(store: Store, reports: pd.DataFrame, wanted: Sequence[Part], others: Sequence[str], assembled: Iterator[str]) -> None:
    """Write the panel; while its files change, and until all are there, there is no panel in the folder."""
    names = [part.name for part in wanted]
    agencies = {part.name: part.reports["agency"].unique().tolist() for part in wanted}
    if (store.root / MANIFEST).is_file():  # the panel of the build before is there until its parts are
        assembled = iter(list(assembled))
    (store.root / MANIFEST).unlink(missing_ok=True)
    with suppress(FileNotFoundError):
        (store.root / DATABASE).replace(store.kept / DATABASE)
    write_frame(store.root / "reports.parquet", reports)
    write_database(store, agencies, store.kept / DATABASE, assembled)
    write_files(store, names)
    (store.kept / DATABASE).replace(store.root / DATABASE)
    sha256 = hashlib.sha256((store.root / "reports.parquet").read_bytes()).hexdigest()
    manifest = {"columns": columns_sha256(), "reports": sha256, "parts": names, "others": others}
    making = store.root / f".{MANIFEST}.making"
    making.write_text(json.dumps(manifest, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    making.replace(store.root / MANIFEST)
    store.clean(set(names))


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
    keys = set(read["key"][read["error"].isna() | read["error"].isin(FINAL)])
    hashed = read[read["sha256"].notna()]
    known = dict(zip(zip(hashed["source"], hashed["stamp"], strict=True), hashed["sha256"], strict=True)) | store.sources()
    key_of: dict[str, str] = {}
    to_read = []
    for item in documents:
        sha256 = known.get((item.source, item.stamp)) if item.stamp else None
        if sha256 is None and keys:
            with suppress(Exception):  # what is the matter will be told where it is read
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
    store.keep_sources({(item.source, item.stamp): known[item.source, item.stamp] for item in documents if item.stamp})
    return pd.DataFrame({"source": list(key_of), "key": list(key_of.values())}, dtype="str")


def _identities(store: Store, read: pd.DataFrame, agencies: str | PathLike[str] | pd.DataFrame | None) -> pd.DataFrame:
    """Say of everything that was read whose it is; only names that are new are looked into, which takes long for all."""
    asked = read[["agency", "year", "hint"]].rename(columns={"agency": "printed"})
    if agencies is not None:
        return identify(asked["printed"], years=asked["year"], texts=asked["hint"], corrections=agencies)
    known = store.identities()
    new = asked[asked.merge(known, how="left")["basis"].isna().to_numpy()].drop_duplicates(ignore_index=True)
    if len(new):
        found = identify(new["printed"], years=new["year"], texts=new["hint"]).assign(year=new["year"], hint=new["hint"])
        known = pd.concat([known, found], ignore_index=True)
        store.keep_identities(known)
    return asked.merge(known, how="left", validate="many_to_one")


def _assembled(store: Store, wanted: Sequence[Part], workers: int) -> Iterator[str]:
    """Begin to put together the parts that are not there yet; yield the name of each, in their order, as soon as it is there."""
    lacking = {part.name: part for part in wanted if not (store.parts / part.name).is_dir()}
    executor = local_executor(workers) if workers > 1 and len(lacking) > 1 else None
    begun = {name: executor.submit(_put_together, store, part) for name, part in lacking.items()} if executor else {}

    def ended() -> Iterator[str]:
        total = sum(len(part.reports) for part in lacking.values())
        with tqdm(total=total, desc="核对 reconciling", unit="份", disable=None) as bar:
            for part in wanted:
                if part.name in begun:
                    with suppress(BrokenProcessPool):  # what a process left behind when it died is done here
                        begun[part.name].result()
                if part.name in lacking:
                    _put_together(store, part)
                    bar.update(len(part.reports))
                yield part.name
        if executor:
            executor.shutdown()  # nobody needs the memory any more that its processes hold

    return ended()


def _put_together(store: Store, part: Part) -> None:
    """Write a part, unless it is there."""
    if not (store.parts / part.name).is_dir():
        write_together(store.parts / part.name, tables(store, part), ".parquet", write_parquet)
