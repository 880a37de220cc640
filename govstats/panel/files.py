"""The files of a panel: a few large ones for everybody, put together from its parts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from govstats.panel.assembly import CONTENTS, REPORT_TYPES, schema
from govstats.panel.row_groups import concatenate
from govstats.panel.store import PANDAS_TYPES, Store, write_parquet
from govstats.report import typed_frame

#: What is written beside the parts; the sketches of the prose are read from the parts themselves.
_WRITTEN = ("cells", "claims", "notes", "findings", "vintages")


@cache
def columns_sha256() -> str:
    """Return a digest of the columns that a panel has in this version."""
    columns = {"reports": REPORT_TYPES} | CONTENTS
    return hashlib.sha256(json.dumps(columns).encode()).hexdigest()


def write_frame(path: Path, frame: pd.DataFrame) -> None:
    """Write the frame of a panel that the file is called after, whole or not at all."""
    columns = schema(path.stem)
    table = pa.Table.from_pandas(frame[columns.names], columns, preserve_index=False)
    _replaced(path, partial(write_parquet, table.replace_schema_metadata(columns.metadata)))


def _replaced(path: Path, write: Callable[[Path], object]) -> None:
    making = path.with_name(f".{path.name}.making")
    write(making)
    making.replace(path)


def write_files(store: Store, parts: Sequence[str]) -> None:
    """Write what everybody reads beside the reports: ``cells claims notes findings vintages`` as Parquet."""
    for name in _WRITTEN:
        path = store.root / f"{name}.parquet"
        if parts:
            _replaced(path, partial(concatenate, [store.parts / part / path.name for part in parts]))
        else:
            write_frame(path, typed_frame([], CONTENTS[name]))


def read_frame(
    store: Store,
    name: str,
    parts: Sequence[str],
    *,
    agencies: Sequence[str] | None = None,
    years: Sequence[int] | None = None,
) -> pd.DataFrame:
    """Read a frame of a panel, of all reports or of some."""
    types = REPORT_TYPES if name == "reports" else CONTENTS[name]
    wanted = None if agencies is None else pc.field("agency").isin(pa.array(agencies, pa.string()))
    if years is not None:
        of_years = pc.field("report_year" if "report_year" in types else "year").isin(pa.array(years, pa.int64()))
        wanted = of_years if wanted is None else wanted & of_years
    paths = (
        [store.root / f"{name}.parquet"]
        if name in _WRITTEN or name == "reports"
        else [store.parts / part / f"{name}.parquet" for part in parts]
    )
    tables = [pq.read_table(path, filters=wanted) for path in paths]
    table = pa.concat_tables(tables) if tables else pa.table({column: [] for column in types})
    frame: pd.DataFrame = table.select(list(types)).to_pandas(types_mapper=PANDAS_TYPES.get, ignore_metadata=True)
    return frame
