"""The way from a folder of documents to a panel on disk."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from functools import partial
from itertools import count, repeat
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
from govstats.export.database import MANIFEST, PANEL_TYPES, add_views, columns_sha256, create_tables
from govstats.files import put, sha256
from govstats.panel.expected import read_expected
from govstats.panel.reading import Folder, Item, read_documents, schema
from govstats.panel.register import REGISTERS, read_register, with_register, written
from govstats.panel.store import READ, Store, figures
from govstats.panel.workers import local_executor
from govstats.reconciliation import reconcile
from govstats.reconciliation import rules as known_rules
from govstats.reconciliation.corrections import Corrections, read_adjudications
from govstats.reconciliation.matrix import Reports
from govstats.reconciliation.rulebook import RulesFile
from govstats.report import sources_sha256

if TYPE_CHECKING:
    from distributed import Client

#: Decisions on findings that stand in the folder of the documents.
ADJUDICATIONS = "adjudications.csv"
#: The agencies that should publish, in the same place.
EXPECTED = "expected.csv"
_DATABASE = "govstats.duckdb"
#: Reports whose findings are made together: all of an agency's years, and of those that report to it.
_BATCH = 500
#: Errors that another try would not help.
_FINAL = ("NotAnAnnualReport", "SeveralReports", "UnreadableDocument")
#: What `govstats.agencies.identify` tells of an agency.
_IDENTITY = ("agency", "level", "region", "region_code", "department", "basis", "note_zh", "note_en")
#: The formats that agencies publish, what people make of them, and pictures: of copies that read as well the first is chosen,
#: and so is one that reads nearly as well, since what a copy lost or gained on its way is not told.
_KINDS = ({"html", "word", "pdf"}, {"excel", "csv"}, {"markdown", "text"}, {"image"})
_KIND_OF = {name: number for number, kind in enumerate(_KINDS) for name in kind}
_NEARLY = 0.9
#: Of one kind the preferred format first.
_FORMATS = ("html", "word", "excel", "markdown", "pdf", "csv", "text", "image")


def build(
    store: Store,
    folder: Folder,
    register: str | PathLike[str] | pd.DataFrame | None,
    agencies: str | PathLike[str] | pd.DataFrame | None,
    *,
    rules: RulesFile | None,
    adjudications: Corrections | None,
    client: Client | None,
    processes: int | None,
) -> None:
    """Read a folder of reports and write the panel; `govstats.read_corpus` describes the parameters.

    What was read before is not read again, however the last build ended.
    """
    if processes is not None and processes < 1:
        raise UnusablePanel(
            f"processes: {processes}; expected a number from 1, or nothing for as many as there are cores"
            " 进程数应为 1 以上的整数，不写则与处理器核数相同"
        )
    identify([], corrections=agencies)  # refuses a table that cannot be used before the reading begins
    of_rules = known_rules(rules).rename(columns={"id": "rule"})
    known = _register(folder, register, agencies)
    if adjudications is None and folder.holds(ADJUDICATIONS):
        adjudications = written(io.BytesIO(folder.content(ADJUDICATIONS)), ADJUDICATIONS)
        lines = [f"{ADJUDICATIONS}, line {row + 2}" for row in adjudications.index]
        adjudications.index = pd.Index(lines, name=ADJUDICATIONS)
    decided = None if adjudications is None else read_adjudications(adjudications)
    there = folder.holds(EXPECTED)
    expected = read_expected(written(io.BytesIO(folder.content(EXPECTED)), EXPECTED), name=EXPECTED) if there else None
    documents, others = folder.documents(known, output=store.root)
    told = {"others": others, "expected": None if expected is None else json.loads(expected.to_json(orient="records"))}
    with store.alone():
        sources = _read(store, folder, documents, client=client, processes=processes)
        reports = placed(store.reports(), sources, known, agencies)
        check = partial(_of_batch, rules=rules, adjudications=decided)
        _write(store, reports, told, check, of_rules, processes or cpu_count())


def _register(
    folder: Folder, register: str | PathLike[str] | pd.DataFrame | None, agencies: str | PathLike[str] | pd.DataFrame | None
) -> pd.DataFrame | None:
    """Read the register of a folder; its agencies get the names that they have in the panel."""
    standing = [name for name in REGISTERS if register is None and folder.holds(name)]
    if register is not None:
        known = read_register(register)
    elif standing:
        known = read_register(io.BytesIO(folder.content(standing[0])), name=standing[0])
    else:
        return None
    names = {
        column: identify(known[column], years=known["year"], texts=texts, corrections=agencies)["agency"].array
        for column, texts in (("agency", known["region"]), ("parent", None))
    }
    return known.assign(**names)


def _read(
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
    lacking = reports["agency"].isna().map({True: "whose report it is", False: "of which year the report is"})
    _refuse(
        reports,
        nameless,
        reports["source"] + ": the document does not say " + lacking + "; name it in register.csv (document,agency,year)"
        " 文件没有写明机关或年度，请写入 register.csv",
    )
    _refuse(
        reports,
        _namesakes(reports),
        reports["source"]
        + ": another document of "
        + reports["agency"]
        + " "
        + reports["year"].astype("str")
        + " shows other figures, and nothing tells whether both are of one agency ("
        + reports["note_en"]
        + "); name them in register.csv (document,agency,year) or in a table of agencies"
        " 同名机关同年有数字不同的文件，无从判断是否同一机关，请写入 register.csv 或机关表",
    )
    reports = _with_vintages(reports)
    reports["area"] = reports["region_code"].groupby(reports["family"], dropna=False).transform("min")
    order = ["area", "family", "agency", "year", "vintage", "source"]
    return reports.sort_values(order, na_position="first", ignore_index=True).drop(columns="area")


def _refuse(reports: pd.DataFrame, which: pd.Series[bool], message: pd.Series[str]) -> None:
    reports.loc[which, "error"] = "UnknownIdentity"
    reports.loc[which, "message"] = message[which]


def _namesakes(reports: pd.DataFrame) -> pd.Series[bool]:
    """Tell which documents share a name and a year but not the figures, while nothing tells whether they are of one agency."""
    undecided = reports[reports["error"].isna() & (reports["basis"] == "undecided")]
    of_report = [undecided["agency"], undecided["year"]]
    several = undecided[undecided["key"].groupby(of_report).transform("nunique") > 1]
    if several.empty:
        return pd.Series(False, index=reports.index)
    shown = several["key"].map(figures(several)).fillna(0)
    differ = shown.groupby([several["agency"], several["year"]]).transform("nunique") > 1
    return pd.Series(reports.index.isin(differ.index[differ]), index=reports.index)


def _with_vintages(reports: pd.DataFrame) -> pd.DataFrame:
    """Add the vintage of each document, by date of publication, and which one of a report is chosen.

    A document without a date belongs to the earliest vintage: nothing shows that it is a republication.
    """
    of_report = [reports["agency"], reports["year"]]
    dates = reports["published"].fillna(reports["published"].groupby(of_report, dropna=False).transform("min"))
    dated = dates.groupby(of_report, dropna=False).rank("dense").fillna(1).astype("Int64")
    reports["vintage"] = reports["vintage"].fillna(dated)
    decided = reports["cells"] - reports["unreadable"]
    kind = reports["format"].map(_KIND_OF, na_action="ignore")
    rank = reports[["agency", "year"]].assign(
        lost=reports["cells"].fillna(0) == 0,
        vintage=reports["vintage"],
        poor=decided < _NEARLY * decided.groupby([*of_report, reports["vintage"]], dropna=False).transform("max"),
        # the pages of a PDF document may be pictures
        kind=kind.mask(reports["recognised"].fillna(0) > 0, len(_KINDS)),
        undecided=-decided,
        notes=reports["notes"],
        format=reports["format"].map(_FORMATS.index, na_action="ignore"),
        source=reports["source"],
    )
    usable = rank[reports["error"].isna()].sort_values(list(rank.columns))
    reports["chosen"] = reports.index.isin(usable.drop_duplicates(["agency", "year"]).index)
    return reports


def _write(
    store: Store,
    reports: pd.DataFrame,
    told: Mapping[str, Any],
    check: Callable[..., pd.DataFrame],
    rules: pd.DataFrame,
    workers: int,
) -> None:
    """Write the panel; while its files are exchanged there is no panel in the folder."""
    making = store.making()
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
    digests = {name: sha256(making / f"{name}.parquet") for name in PANEL_TYPES}
    about = {"columns": columns_sha256(), "content": hashlib.sha256(content).hexdigest()}
    manifest = about | {"sha256": digests, **told}
    (making / MANIFEST).write_text(json.dumps(manifest, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    (store.root / MANIFEST).unlink(missing_ok=True)
    for name in PANEL_TYPES:
        put(making / f"{name}.parquet", store.root / f"{name}.parquet")
    _write_database(store.root, making / _DATABASE)
    put(making / _DATABASE, store.root / _DATABASE)
    put(making / MANIFEST, store.root / MANIFEST)
    shutil.rmtree(making, ignore_errors=True)


def _write_table(folder: Path, name: str, frames: Iterable[pd.DataFrame]) -> None:
    """Write a table of a panel, a row group for each frame."""
    columns = schema(PANEL_TYPES[name])
    with pq.ParquetWriter(folder / f"{name}.parquet", columns, compression="zstd") as writer:
        for frame in frames:
            typed = frame[columns.names].astype(PANEL_TYPES[name])
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


def _of_batch(
    folder: Path, batch: int, reports: pd.DataFrame, *, rules: RulesFile | None, adjudications: pd.DataFrame | None
) -> pd.DataFrame:
    frames = {name: pq.ParquetFile(folder / f"{name}.parquet").read_row_group(batch).to_pandas() for name in READ}
    return reconcile(Reports(reports=reports, **frames), rules=rules, adjudications=adjudications)


def _write_database(panel: Path, path: Path) -> None:
    """Write a database of views over the files of a panel."""
    tables = ("reports", "cells", "claims", "notes", "findings", "vintages", "rules")
    with connected(path) as connection:
        connection.execute("BEGIN")  # each comment would be a transaction of its own
        create_tables(connection, {name: panel / f"{name}.parquet" for name in tables}, copy=False)
        add_views(connection)
        connection.execute("COMMIT")
