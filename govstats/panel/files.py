"""The files of a panel: a few large ones for everybody, put together from its parts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from govstats.panel.assembly import CONTENTS, REPORT_TYPES
from govstats.panel.store import PANDAS_TYPES, Store
from govstats.report import typed_frame

#: What is written beside the parts; the sketches of the prose are read from the parts themselves.
_WRITTEN = ("cells", "claims", "notes", "findings", "vintages")
_ARROW = {
    "str": pa.string(),
    "Int64": pa.int64(),
    "Float64": pa.float64(),
    "boolean": pa.bool_(),
    "datetime64[us]": pa.timestamp("us"),
}


def schema(types: Mapping[str, str]) -> pa.Schema:
    """Return columns as Parquet has them, so that pandas reads them back with their types."""
    empty = pa.Table.from_pandas(typed_frame([], types), preserve_index=False).schema
    return pa.schema([(name, _ARROW[dtype]) for name, dtype in types.items()], metadata=empty.metadata)


@cache
def columns_sha256() -> str:
    """Return a digest of the columns that a panel has in this version."""
    columns = {"reports": REPORT_TYPES} | CONTENTS
    return hashlib.sha256(json.dumps(columns).encode()).hexdigest()


def write_frame(path: Path, frame: pd.DataFrame, types: Mapping[str, str]) -> None:
    """Write a frame, whole or not at all."""
    table = pa.Table.from_pandas(frame[list(types)], schema=schema(types).remove_metadata(), preserve_index=False)
    _replaced(path, lambda making: pq.write_table(table.replace_schema_metadata(schema(types).metadata), making))


def concatenate(store: Store, parts: Sequence[str], name: str, path: Path) -> None:
    """Write one table of all parts into one file, a row group a part."""
    types = CONTENTS[name]
    texts = [column for column, dtype in types.items() if dtype == "str"]
    plain = schema(types)
    coded = pa.schema([(one.name, pa.dictionary(pa.int32(), pa.string()) if one.name in texts else one.type) for one in plain])

    def write(making: Path) -> None:
        # stored as text: a reader that knows no dictionaries, and pandas, see what stands in the contract
        with pq.ParquetWriter(making, coded, compression="zstd", store_schema=False) as writer:
            for part in parts:
                table = pq.read_table(store.parts / part / f"{name}.parquet", read_dictionary=texts)
                writer.write_table(table.cast(coded))
            writer.add_key_value_metadata(plain.metadata)

    _replaced(path, write)


def _replaced(path: Path, write: Callable[[Path], object]) -> None:
    making = path.with_name(f".{path.name}.making")
    write(making)
    making.replace(path)


def write_files(store: Store, reports: pd.DataFrame, parts: Sequence[str]) -> None:
    """Write what everybody reads: ``reports cells claims notes findings vintages`` as Parquet."""
    write_frame(store.root / "reports.parquet", reports, REPORT_TYPES)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda name: concatenate(store, parts, name, store.root / f"{name}.parquet"), _WRITTEN))


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
