"""What was read becomes a panel: which document counts for an agency and year, and the rules over all of its years."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from govstats.panel.folder import said_of, unmatched
from govstats.panel.store import PANDAS_TYPES, Store
from govstats.provenance import sources_sha256
from govstats.reconciliation import FINDING_TYPES, reconcile
from govstats.reconciliation.source import Reports
from govstats.report import CELL_TYPES, CLAIM_TYPES, NOTE_TYPES

#: Reports in a part, at least, on average and at most: what changes with a new document, and what has to fit into memory.
_LEAST, _MEAN, _MOST = 128, 256, 1024
#: The columns of `Panel.reports`, with their types.
REPORT_TYPES = {
    "agency": "str",
    "agency_printed": "str",
    "year": "Int64",
    "form": "str",
    "title": "str",
    "level": "str",
    "region": "str",
    "region_code": "str",
    "department": "str",
    "basis": "str",
    "published": "datetime64[us]",
    "vintage": "Int64",
    "chosen": "boolean",
    "source": "str",
    "format": "str",
    "sha256": "str",
    "size": "Int64",
    "tables": "str",
    "cells": "Int64",
    "reported": "Int64",
    "unreadable": "Int64",
    "claims": "Int64",
    "notes": "Int64",
    "summary": "boolean",
    "parent": "str",
    "error": "str",
    "message": "str",
}
#: The frames of a panel beside the reports, with the types of their columns.
CONTENTS = {
    "cells": CELL_TYPES,
    "claims": CLAIM_TYPES | {"report_year": "Int64"},
    "notes": NOTE_TYPES,
    "vintages": CELL_TYPES | {"vintage": "Int64", "source": "str", "published": "datetime64[us]"},
    "findings": FINDING_TYPES,
    "document_findings": {
        **dict.fromkeys(("agency", "rule", "severity", "status", "message_zh", "message_en"), "str"),
        "year": "Int64",
        "expected": "Float64",
        "reported": "Float64",
    },
    "texts": {"agency": "str", "year": "Int64", "sketch": "object"},
}
_ARROW = {
    "str": pa.string(),
    "Int64": pa.int64(),
    "Float64": pa.float64(),
    "boolean": pa.bool_(),
    "datetime64[us]": pa.timestamp("us"),
    "object": pa.list_(pa.uint32()),
}
#: What a part takes from the store.
_GATHERED = ("cells", "claims", "notes", "document_findings", "texts")
#: Of these the tables whose texts are worth a dictionary.
_MANY_ROWS = ("cells", "vintages")
#: What `govstats.agencies.identify` tells of an agency.
_IDENTITY = ("agency", "level", "region", "region_code", "department", "basis", "note_zh", "note_en")
#: The preferred format first, where several documents show the same cells.
_FORMATS = ("html", "word", "markdown", "pdf", "text", "image")


@cache
def schema(name: str, *, coded: bool = False) -> pa.Schema:
    """Return the columns of a frame as Parquet has them, so that pandas reads them back with their types.

    Parameters
    ----------
    name : str
        Of a frame of `Panel`.
    coded : bool
        Whether texts are dictionaries, as they are in memory.
    """
    types = REPORT_TYPES if name == "reports" else CONTENTS[name]
    known = _ARROW | {"str": pa.dictionary(pa.int32(), pa.string())} if coded else _ARROW
    empty = pd.DataFrame({column: pd.Series([], dtype=dtype).array for column, dtype in types.items()})
    metadata = pa.Schema.from_pandas(empty, preserve_index=False).metadata
    return pa.schema([(column, known[dtype]) for column, dtype in types.items()], metadata=metadata)


def placed(
    store: Store, read: pd.DataFrame, sources: pd.DataFrame, register: pd.DataFrame | None, identities: pd.DataFrame
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
        As `govstats.panel.folder.read_register` returns it.
    identities : DataFrame
        A row for each of `read`, as `govstats.agencies.identify` returns them.
    """
    reports = read.rename(columns={"agency": "agency_printed"})
    for name in _IDENTITY:
        reports[name] = identities[name].array
    reports = reports.drop(columns="stamp").rename(columns={"source": "read_as"})
    reports = sources.merge(reports, on="key", how="left", validate="many_to_one")
    wrong = reports["message"].notna()
    reports.loc[wrong, "message"] = [  # a copy of what was read under another name
        message.replace(before, source) if isinstance(before, str) else message
        for message, before, source in zip(*(reports.loc[wrong, name] for name in ("message", "read_as", "source")), strict=True)
    ]
    reports = reports.drop(columns="read_as")
    reports = _with_register(reports, register)
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


def _with_register(reports: pd.DataFrame, register: pd.DataFrame | None) -> pd.DataFrame:
    """Let the register have the last word, and add a row for each report that it lists and the folder lacks."""
    told = ["level", "region", "region_code", "parent", "summary"]
    of_document = ["published", "vintage"]
    reports["published"] = pd.to_datetime(reports["published"]).astype("datetime64[us]")
    reports = reports.assign(
        vintage=pd.array([None] * len(reports), dtype="Int64"), parent=pd.array([None] * len(reports), dtype="str")
    )
    if register is not None:
        named = said_of(reports["source"].tolist(), register)
        by_report = register.dropna(subset=["agency", "year"])
        nameless = by_report["document"].isna() & by_report["slug"].isna()
        # a date that stands beside the name of a document is that document's
        by_report = by_report.assign(**{name: by_report[name].where(nameless) for name in of_document})
        by_report = by_report.groupby(["agency", "year"]).first()
        keys = pd.MultiIndex.from_frame(reports[["agency", "year"]])
        of_report = by_report.reindex(keys)
        for name in (*told, *of_document):
            for said in (of_report[name].array, named[name].array):
                reports[name] = pd.Series(said, index=reports.index).where(pd.notna(said), reports[name])
        absent = by_report.loc[~by_report.index.isin(keys)].reset_index()
        absent["message"] = "the register lists this report, and the folder has no document of it"
        lost = unmatched(reports["source"].tolist(), register)
        names = lost["document"].fillna(lost["slug"])
        lost["message"] = [
            f"the register, line {row + 2}, names {name!r}, and no document of the folder that is read has this name; add it, "
            "save it in a format that is read, or correct the name"
            for row, name in zip(lost.index.tolist(), names, strict=True)
        ]
        of_lost = pd.MultiIndex.from_frame(lost[["agency", "year"]])
        absent = pd.concat([absent[~pd.MultiIndex.from_frame(absent[["agency", "year"]]).isin(of_lost)], lost])
        absent = absent[["agency", "year", *told, *of_document, "message"]].assign(error="MissingDocument")
        reports = pd.concat([reports, absent.dropna(axis="columns", how="all")], ignore_index=True)
    under = reports.dropna(subset=["agency", "parent"])
    superior = dict(zip(under["agency"], under["parent"], strict=True))
    reports["family"] = pd.array([_root(agency, superior) for agency in reports["agency"]], dtype="str")
    return reports


def _refuse_namesakes(store: Store, reports: pd.DataFrame) -> None:
    """Refuse documents of one name and year that show different figures, where nothing tells whether they are of one agency."""
    undecided = reports[reports["error"].isna() & (reports["basis"] == "undecided")]
    of_report = undecided.groupby(["agency", "year"])
    several = undecided[of_report["key"].transform("nunique") > 1]
    if several.empty:
        return
    distinct = several.drop_duplicates("key")
    rows, of = store.gather("cells", distinct)
    cells = rows.select(["table", "line", "column", "value", "status"]).to_pandas().astype("str")
    figures = cells.groupby(of).apply(lambda one: hash(tuple(sorted(one.itertuples(index=False, name=None)))))
    figures_of = several["key"].map(dict(zip(distinct["key"], figures.reindex(range(len(distinct)), fill_value=0), strict=True)))
    differ = several[figures_of.groupby([several["agency"], several["year"]]).transform("nunique") > 1]
    reports.loc[differ.index, "error"] = "UnknownIdentity"
    reports.loc[differ.index, "message"] = [
        f"{source}: another document of {agency} {year} shows other figures, and nothing tells whether both are of one agency "
        f"({note}); name them in register.csv (document,agency,year) or in a table of agencies"
        for source, agency, year, note in zip(*(differ[name] for name in ("source", "agency", "year", "note_en")), strict=True)
    ]


def _root(agency: Any, superior: dict[Any, Any]) -> Any:
    """Return whom an agency reports to at last."""
    seen = {agency}
    while isinstance(above := superior.get(agency), str) and above not in seen:
        seen.add(above)
        agency = above
    return agency


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


@dataclass(frozen=True)
class Part:
    """Some reports of a panel, all of an agency's years together.

    Attributes
    ----------
    name : str
        Changes with anything that its tables depend on.
    reports : DataFrame
        Rows of `placed` that have cells.
    """

    name: str
    reports: pd.DataFrame


def parts(reports: pd.DataFrame) -> Iterator[Part]:
    """Cut the reports of a panel into parts; a new report changes the part that it falls into, seldom a neighbour.

    Where a part ends is told by the names in it (content-defined chunking), so that what changes far away does not move it.
    """
    usable = reports[reports["error"].isna()]
    said = _said(usable.drop(columns="chunk"))  # where a document stands in the store changes nothing
    families = usable["family"].astype(object).to_numpy()
    starts = np.flatnonzero(np.r_[True, families[1:] != families[:-1]][: len(usable)])
    begin = 0
    for start, end in zip(starts.tolist(), [*starts[1:].tolist(), len(usable)], strict=False):
        ends_here = zlib.crc32(families[start].encode()) / 2**32 < (end - start) / (_MEAN - _LEAST)
        if end == len(usable) or end - begin >= (_LEAST if ends_here else _MOST):
            content = "\n".join([*said[begin:end], sources_sha256()])
            yield Part(hashlib.sha256(content.encode()).hexdigest()[:32], usable.iloc[begin:end].reset_index(drop=True))
            begin = end


def _said(reports: pd.DataFrame) -> list[str]:
    """Return everything that stands in each row, as one text."""
    columns = pa.Table.from_pandas(reports, preserve_index=False).columns
    texts = [pc.fill_null(column.cast(pa.string()), "\0") for column in columns]
    said: list[str] = pc.binary_join_element_wise(*texts, "\x1f").to_pylist()
    return said


def tables(store: Store, part: Part) -> dict[str, pa.Table]:
    """Return the tables of a part: those of `CONTENTS`."""
    of_panel = part.reports["chosen"].to_numpy(bool)
    chosen = part.reports[of_panel]
    others = part.reports[~of_panel & ~part.reports["key"].isin(chosen["key"])]  # a copy of the chosen one says nothing more
    found = {name: _gathered(store, name, chosen, schema(name, coded=True)) for name in _GATHERED}
    if (undecided := chosen["basis"] == "undecided").any():
        found["notes"] = pa.concat_tables([found["notes"], _notes(chosen[undecided])])
    found["vintages"] = _gathered(store, "cells", others, schema("vintages", coded=True))
    frames: dict[str, Any] = {
        name: _frame(table if name in _MANY_ROWS else table.cast(schema(name))) for name, table in found.items()
    }
    findings = reconcile(Reports(reports=chosen, **frames))
    return found | {"findings": pa.Table.from_pandas(findings, schema("findings", coded=True), preserve_index=False)}


def _frame(table: pa.Table) -> pd.DataFrame:
    frame: pd.DataFrame = table.to_pandas(types_mapper=PANDAS_TYPES.get, ignore_metadata=True, use_threads=False)
    return frame


def _gathered(store: Store, name: str, reports: pd.DataFrame, wanted: pa.Schema) -> pa.Table:
    """Return a table of some documents, each row with whose it is."""
    rows, of = store.gather(name, reports)
    for own in wanted.names:
        if own not in rows.column_names:
            column = reports[{"report_year": "year"}.get(own, own)]
            if pa.types.is_dictionary(kind := wanted.field(own).type):
                codes, distinct = pd.factorize(column)
                numbers = pa.array(codes[of].astype(np.int32), mask=codes[of] < 0)
                whose = pa.DictionaryArray.from_arrays(numbers, pa.array(distinct, pa.string()))
            else:
                whose = pa.array(column.take(of), kind)
            rows = rows.append_column(own, whose)
    return rows.select(wanted.names).cast(wanted)


def _notes(undecided: pd.DataFrame) -> pa.Table:
    """Return a note for each report of which it is not known whose it is among several agencies of that name."""
    notes = undecided[["agency", "year"]].assign(
        kind="undecided_agency",
        printed=undecided["agency_printed"],
        message_zh=undecided["note_zh"],
        message_en=undecided["note_en"],
        **dict.fromkeys(("table", "line", "column", "place"), ""),
        page=pd.array([None] * len(undecided), dtype="Int64"),
    )
    return pa.Table.from_pandas(notes[list(NOTE_TYPES)], schema("notes", coded=True), preserve_index=False)
