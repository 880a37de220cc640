"""Do Parquet files that were put one behind the other hold what they held, for every reader?"""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from govstats.panel.row_groups import concatenate

SCHEMA = pa.schema(
    [
        ("agency", pa.string()),
        ("year", pa.int64()),
        ("value", pa.float64()),
        ("chosen", pa.bool_()),
        ("sketch", pa.list_(pa.uint32())),
    ],
    metadata={"note": "说明"},
)


def rows(start: int, size: int) -> pa.Table:
    """Return rows of every type, some of them null; long texts make long statistics, many numbers long places in the file."""
    numbers = range(start, start + size)
    return pa.table(
        [
            [None if number % 7 == 0 else f"某县{number}局" * (number % 90) for number in numbers],
            [None if number % 5 == 0 else -number for number in numbers],
            [number / 3 for number in numbers],
            [number % 2 == 0 for number in numbers],
            [[number] * (number % 4) for number in numbers],
        ],
        schema=SCHEMA,
    )


def written(folder: Path, **options: object) -> list[Path]:
    """Write files of one row group, of three, of none, and of a single row."""
    files = []
    for number, (start, size) in enumerate([(0, 1000), (1000, 2500), (0, 0), (3500, 1)]):
        files.append(folder / f"{number}.parquet")
        with pq.ParquetWriter(files[-1], SCHEMA, store_schema=False, **options) as writer:
            writer.write_table(rows(start, size), row_group_size=1000)
            writer.add_key_value_metadata({"note": "说明"})
    return files


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"compression": "zstd"},
        {"use_dictionary": False, "write_statistics": False},
        {"data_page_version": "2.0", "version": "1.0"},
    ],
)
def test_files_together_hold_the_rows_of_each(tmp_path: Path, options: dict[str, object]) -> None:
    concatenate(written(tmp_path, **options), tmp_path / "all.parquet")
    expected = rows(0, 3501)
    found = pq.read_table(tmp_path / "all.parquet")
    assert found.cast(expected.schema).equals(expected)
    assert found.schema.metadata == {b"note": "说明".encode()}
    query = f"SELECT count(*), sum(year), sum(value), count(agency), count(*) FILTER (chosen) FROM '{tmp_path}/all.parquet'"
    count, years, values, agencies, chosen = duckdb.execute(query).fetchall()[0]
    assert (count, years, agencies, chosen) == (
        3501,
        -sum(n for n in range(3501) if n % 5),
        sum(n % 7 > 0 for n in range(3501)),
        1751,
    )
    assert values == pytest.approx(3500 * 3501 / 2 / 3)


def test_row_groups_are_described_where_they_stand(tmp_path: Path) -> None:
    concatenate(written(tmp_path), tmp_path / "all.parquet")
    file = pq.ParquetFile(tmp_path / "all.parquet")
    sizes = [file.metadata.row_group(number).num_rows for number in range(file.num_row_groups)]
    assert [size for size in sizes if size] == [1000, 1000, 1000, 500, 1]
    # 1000 … 1999 are the second thousand: filters look at the statistics first
    found = pq.read_table(tmp_path / "all.parquet", filters=[("value", ">=", 1000 / 3), ("value", "<", 2000 / 3)])
    assert found["value"].to_pylist() == [number / 3 for number in range(1000, 2000)]


def test_other_columns_are_refused(tmp_path: Path) -> None:
    first, *_ = written(tmp_path)
    pq.write_table(rows(0, 3).select(["year", "agency"]), tmp_path / "other.parquet")
    with pytest.raises(ValueError, match=r"other\.parquet: has other columns than .*0\.parquet"):
        concatenate([first, tmp_path / "other.parquet"], tmp_path / "all.parquet")
