"""CSV, Parquet and the Frictionless data package: tables written bit by bit."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from govstats.export.codebook import dataset, field, markdown, missing_kinds, package_about, values
from govstats.export.database import codebook_rows, columns_of, exported_tables, made_from
from govstats.files import sha256

if TYPE_CHECKING:
    import pandas as pd
    from duckdb import DuckDBPyConnection

#: Excel on a Chinese Windows takes a file for GBK unless it begins with this; R, Stata, pandas and DuckDB skip it.
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_ROWS = 100_000
#: A text that Excel would calculate, also in the full-width characters that it takes in China, or that begins as one is marked:
#: signs and digits alone (``-``, ``-5``) are none.
_FORMULA = r"^([=@＝＠\t\r']|[-+－＋](?s:.*)[^-－0-9.,])"


def write_table(connection: DuckDBPyConnection, path: Path, *, shape: str, **_: Any) -> None:
    """Write the long or the wide table as one file of CSV or Parquet."""
    _write(connection, "cells" if shape == "long" else "wide", path)


def write_tables(connection: DuckDBPyConnection, folder: Path, *, suffix: str, **_: Any) -> None:
    """Write every table as a file, and the codebook."""
    for name in exported_tables(connection):
        _write(connection, name, folder / f"{name}{suffix}")
    _codebook(connection, folder)


def write_data_package(connection: DuckDBPyConnection, folder: Path, **_: Any) -> None:
    """Write every table as CSV, the codebook, and ``datapackage.json`` with a Table Schema for each."""
    names = exported_tables(connection)
    for name in names:
        _csv(connection, name, folder / f"{name}.csv", b"")
    _codebook(connection, folder)
    package = {
        **package_about(),
        "made_from": made_from(connection),
        "resources": [_resource(connection, name, folder) for name in names],
    }
    (folder / "datapackage.json").write_text(json.dumps(package, ensure_ascii=False, indent=2) + "\n", "utf-8")


def _write(connection: DuckDBPyConnection, table: str, path: Path) -> None:
    if path.suffix.lower() == ".csv":
        _csv(connection, table, path, _BYTE_ORDER_MARK)
    else:
        _parquet(connection, table, path)


def _csv(connection: DuckDBPyConnection, table: str, path: Path, opening: bytes) -> None:
    rows = connection.sql(f"FROM {table}").to_arrow_reader(_ROWS)
    with path.open("wb") as file:
        file.write(opening)
        with pyarrow.csv.CSVWriter(file, rows.schema) as writer:
            for batch in rows:
                writer.write_batch(_without_formulas(batch))


def _without_formulas(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Mark texts that Excel would calculate with an apostrophe; to take one away from where a text begins restores it."""
    for at, column in enumerate(batch.schema):
        if pa.types.is_string(column.type):
            texts = pc.replace_substring_regex(batch.column(at), _FORMULA, r"'\1", max_replacements=1)
            batch = batch.set_column(at, column, texts)
    return batch


def _parquet(connection: DuckDBPyConnection, table: str, path: Path) -> None:
    made = made_from(connection)
    rows = connection.sql(f"FROM {table}").to_arrow_reader(_ROWS)
    schema = _described(table, rows.schema)
    schema = schema.with_metadata({**schema.metadata, "govstats": made})
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for batch in rows.cast(schema):
            writer.write_batch(batch)


def _described(table: str, schema: pa.Schema) -> pa.Schema:
    """Give columns their labels, and the types that the frames of a panel have."""
    fields = []
    for column in schema:
        known = field(table, column.name)
        labels = {"label_zh": known.zh, "label_en": known.en, "unit": known.unit} if known else {}
        kind = pa.timestamp("ms") if pa.types.is_date(column.type) else column.type
        fields.append(pa.field(column.name, kind, metadata={name: label for name, label in labels.items() if label}))
    described = pa.schema(fields)
    return described.with_metadata(pa.Schema.from_pandas(_frame(described)).metadata)


def _frame(schema: pa.Schema) -> pd.DataFrame:
    """Return an empty frame with the types that pandas is to read the columns as."""
    import pandas as pd

    kinds = {pa.int64(): "Int64", pa.int32(): "Int64", pa.float64(): "Float64", pa.bool_(): "boolean", pa.string(): "str"}
    return pd.DataFrame({one.name: pd.Series(dtype=kinds.get(one.type, one.type.to_pandas_dtype())) for one in schema})


def _codebook(connection: DuckDBPyConnection, folder: Path) -> None:
    columns = {name: columns_of(connection, name) for name in exported_tables(connection) if not name.startswith("wide")}
    text = markdown(columns, codebook_rows(connection))
    (folder / "codebook.md").write_text(f"{text.rstrip()}\n\n{made_from(connection)}\n", "utf-8")


def _resource(connection: DuckDBPyConnection, name: str, folder: Path) -> dict[str, Any]:
    path = folder / f"{name}.csv"
    about = dataset(name)
    types = {column: kind for column, kind, *_ in connection.execute(f"DESCRIBE {name}").fetchall()}
    schema: dict[str, Any] = {"fields": [_table_schema_field(name, *one) for one in types.items()], "missingValues": [""]}
    if name.startswith("wide"):
        schema["primaryKey"] = ["agency", "year"]
    if name in ("cells", "wide", "wide_status") and _all_registered(connection, name):
        reference = {"resource": "reports", "fields": ["agency", "year"]}
        schema["foreignKeys"] = [{"fields": ["agency", "year"], "reference": reference}]
    return {
        "name": name,
        "path": path.name,
        "type": "table",
        "title": f"{about.zh} / {about.en}",
        "description": f"{about.about_zh} / {about.about_en}",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": path.stat().st_size,
        "hash": f"sha256:{sha256(path)}",
        "schema": schema,
    }


_TABLE_SCHEMA_TYPES = {"VARCHAR": "string", "BOOLEAN": "boolean", "DATE": "date", "DOUBLE": "number", "FLOAT": "number"}


def _table_schema_field(table: str, column: str, kind: str) -> dict[str, Any]:
    schema: dict[str, Any] = {"name": column, "type": _TABLE_SCHEMA_TYPES.get(kind, "integer" if "INT" in kind else "any")}
    if known := field(table, column):
        schema["title"] = f"{known.zh} / {known.en}"
        meanings = values(known.values).values() if known.values and known.values != "form" else ()
        # in a column that only this panel has, other values may stand
        if meanings and (known.cell or column in dataset(table).columns):
            schema["description"] = _listed((value.id, f"{value.zh} {value.en}") for value in meanings)
            schema["constraints"] = {"enum": [value.id for value in meanings]}
        if known.cell:
            schema["description"] = f"{'/'.join(known.cell)}{f'（{known.unit}）' if known.unit else ''}"
    if table == "cells" and column == "value":
        schema["description"] = _listed((kind.id, f"{kind.meaning_zh} {kind.meaning_en}") for kind in missing_kinds())
    return schema


def _listed(meanings: Iterable[tuple[str, str]]) -> str:
    return "; ".join(f"{name}: {meaning}" for name, meaning in meanings)


def _all_registered(connection: DuckDBPyConnection, table: str) -> bool:
    """Tell whether every report that a table speaks of stands among the reports."""
    query = f"SELECT 1 FROM {table} t ANTI JOIN reports r ON t.agency = r.agency AND t.year = r.year LIMIT 1"
    return connection.execute(query).fetchone() is None
