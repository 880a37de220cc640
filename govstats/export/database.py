"""A panel as tables and views of DuckDB: what every export reads from, and an export of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from govstats.errors import UnusableCells
from govstats.export.codebook import Dataset, Variable, datasets, field, variables
from govstats.forms import versions
from govstats.reconciliation.findings import rules

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

#: Where a table of a panel comes from: a frame, or Parquet files of the same columns.
Source = pd.DataFrame | Path | Sequence[Path]

_SQL_TYPES = {"string": "VARCHAR", "integer": "BIGINT", "number": "DOUBLE", "boolean": "BOOLEAN", "date": "DATE"}
#: What tells reports apart in the wide table, and what is known of each.
WIDE_IDENTITY = ("agency", "year", "form", "level", "region", "region_code", "department", "published", "own_lines")


def create_tables(
    connection: DuckDBPyConnection, sources: Mapping[str, Source], *, copy: bool = True, comments: bool = True
) -> None:
    """Make the tables of a panel in a database.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
    sources : mapping of str to DataFrame, path or list of paths
        ``reports cells claims findings notes`` and, if there are any, ``vintages coverage indicators``: frames, or Parquet files.
        A table that is left out is made empty, except the last three.
    copy : bool
        Whether the rows are copied into the database; else the tables are views that read the sources each time, all but
        ``variables`` and ``rules``.
    comments : bool
        Whether tables and columns get a comment in Chinese and English.

    Notes
    -----
    Columns have the types of the codebook (`year` BIGINT, `published` DATE); columns that
    a table should have and the source lacks are null. Beside them stand ``variables``, every cell of the statutory forms with
    its labels, and ``rules``.

    Examples
    --------
    >>> import duckdb
    >>> from govstats import embedded
    >>> connection = duckdb.connect()
    >>> create_tables(connection, {"cells": embedded.report("平潭综合实验区", 2025).cells})
    >>> connection.sql("SELECT count(*) FROM cells WHERE status = 'reported'").fetchall()
    [(200,)]
    """
    known = {**datasets("tables"), **datasets("optional")}
    own: dict[str, Source] = {"variables": _variables_frame(), "rules": _rules_frame()}
    given = own | dict(sources)
    for name, dataset in known.items():
        if name in given or name in datasets("tables"):
            columns = _create_table(connection, dataset, given.get(name), copy or name in own)
            if comments:
                _comment(connection, dataset, "TABLE" if copy or name in own else "VIEW", columns)


def _create_table(connection: DuckDBPyConnection, dataset: Dataset, source: Source | None, copy: bool) -> list[str]:
    rows, there = "(SELECT 1 LIMIT 0)", {}
    if source is not None:
        rows = _relation(connection, dataset.name, source)
        there = {name: kind for name, kind, *_ in connection.execute(f"DESCRIBE FROM {rows}").fetchall()}
    columns = [*dataset.columns, *(name for name in there if name not in dataset.columns)]
    expressions = []
    for name in columns:
        known = field(dataset.name, name) if name in dataset.columns else None
        value = quoted(name) if name in there else "NULL"
        expressions.append(f"CAST({value} AS {_SQL_TYPES[known.type] if known else there[name]}) AS {quoted(name)}")
    relation = "TABLE" if copy else "VIEW"
    connection.execute(f"CREATE OR REPLACE {relation} {dataset.name} AS SELECT {', '.join(expressions)} FROM {rows}")
    if copy and isinstance(source, pd.DataFrame):
        connection.unregister(f"source_{dataset.name}")
    return columns


def _relation(connection: DuckDBPyConnection, name: str, source: Source) -> str:
    if isinstance(source, pd.DataFrame):
        connection.register(f"source_{name}", arrow_table(source))
        return f"source_{name}"
    files = [source] if isinstance(source, Path) else source
    return f"read_parquet([{', '.join(literal(str(file)) for file in files)}])"


def arrow_table(frame: pd.DataFrame) -> pa.Table:
    """Return a frame as Arrow holds it, missing values of every kind being null."""
    import pyarrow as pa

    return pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)


def _comment(connection: DuckDBPyConnection, dataset: Dataset, relation: str, columns: Sequence[str]) -> None:
    text = f"{dataset.zh}：{dataset.about_zh} / {dataset.en}: {dataset.about_en}"
    connection.execute(f"COMMENT ON {relation} {dataset.name} IS {literal(text)}")
    for name in columns:
        if known := field(dataset.name, name):
            label = literal(f"{known.zh} / {known.en}")
            connection.execute(f"COMMENT ON COLUMN {dataset.name}.{quoted(name)} IS {label}")


def add_views(connection: DuckDBPyConnection, *, comments: bool = True) -> None:
    """Add the views that someone who writes SQL expects.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        With the tables of `create_tables`.
    comments : bool
        Whether views and columns get a comment in Chinese and English, which takes a second.

    Raises
    ------
    UnusableCells
        A cell of a report, or a report, stands twice among those of the panel, so that it has no one figure.

    Notes
    -----
    ``wide`` (one row a report, one column a cell), ``wide_status`` (why there is no figure), ``figures_by_year``, ``requests``
    (table 3 with labels), ``failed`` (findings with titles), ``codebook``, and ``coverage`` unless the panel brings that table.
    ``wide`` has the cells of the forms that occur; its counts are BIGINT, unless one of them is not whole: nothing is rounded.

    Examples
    --------
    >>> import duckdb
    >>> from govstats import embedded
    >>> connection = duckdb.connect()
    >>> create_tables(connection, {"cells": embedded.report("平潭综合实验区", 2025).cells})
    >>> add_views(connection)
    >>> connection.sql("SELECT agency, year, requests_new_total FROM wide").fetchall()
    [('平潭综合实验区', 2025, 154)]
    """
    _refuse_duplicates(connection)
    connection.execute((resources.files(__package__) / "views.sql").read_text("utf-8"))
    views = dict(datasets("views"))
    tables = connection.execute("SELECT table_name FROM information_schema.tables").fetchall()
    if ("coverage",) in tables:
        del views["coverage"]
    else:
        connection.execute((resources.files(__package__) / "coverage.sql").read_text("utf-8"))
    cells = wide_variables(connection)
    not_whole = fractions(connection)
    connection.execute(f"CREATE OR REPLACE VIEW wide AS {_wide(cells, 'value', not_whole)}")
    connection.execute(f"CREATE OR REPLACE VIEW wide_status AS {_wide(cells, 'status', not_whole)}")
    for view in views.values() if comments else ():
        _comment(connection, view, "VIEW", columns_of(connection, view.name))


def wide_variables(connection: DuckDBPyConnection) -> tuple[Variable, ...]:
    """Return the variables of the wide table: the cells of the forms that the panel has reports of."""
    found = {name for (name,) in connection.execute("SELECT DISTINCT form FROM cells").fetchall()}
    return variables(tuple(version for version in versions() if version in found))


def fractions(connection: DuckDBPyConnection) -> set[str]:
    """Return the variables that are amounts, or counts of which one at least is not whole, or has more digits than a count."""
    query = """
SELECT variable FROM variables WHERE unit = '万元' UNION
SELECT variable FROM cells JOIN variables USING ("table", line, "column") WHERE NOT is_count(value)
"""
    return {name for (name,) in connection.execute(query).fetchall()}


#: Which cells stand twice; first by a number for each, since to group two million cells by their names takes half a gigabyte.
_TWICE = """
WITH numbered AS NOT MATERIALIZED (
  SELECT *, hash(agency, year, "table", line, "column") AS number FROM cells WHERE agency IS NOT NULL AND year IS NOT NULL
), twice AS (SELECT number FROM numbered GROUP BY number HAVING count(*) > 1)
SELECT agency, year, concat_ws('/', "table", line, "column"), count(*) FROM numbered
WHERE number IN (FROM twice) GROUP BY ALL HAVING count(*) > 1 LIMIT 1
"""
_TWO_REPORTS = """
SELECT agency, year, string_agg(source, ', '), count(*) FROM reports
WHERE agency IS NOT NULL AND year IS NOT NULL AND coalesce(chosen, error IS NULL)
GROUP BY agency, year HAVING count(*) > 1 LIMIT 1
"""


def _refuse_duplicates(connection: DuckDBPyConnection) -> None:
    for query, what in ((_TWICE, "the cell {}"), (_TWO_REPORTS, "a chosen report ({})")):
        if found := connection.execute(query).fetchone():
            agency, year, which, count = found
            raise UnusableCells(
                f"{agency} {year}: {what.format(which)} stands {count} times in the panel, expected once;"
                " choose one document for each agency and year (reports.chosen) and keep only its cells"
                " 同一机关、年度的数据重复；请为每个机关和年度只选一份文件（reports.chosen），只留其单元格"
            )


def _wide(cells: Sequence[Variable], content: str, not_whole: set[str]) -> str:
    """Return the query for one row a report with one column a cell, holding its value or its status."""
    identity = ", ".join(f"b.{name}" for name in WIDE_IDENTITY)
    base = """
  WITH pairs AS (SELECT agency, year, any_value(form) AS form FROM cells GROUP BY agency, year),
  held AS (FROM reports WHERE coalesce(chosen, error IS NULL)),
  own AS (SELECT agency, year, count(*) AS own_lines FROM cells ANTI JOIN variables USING ("table", line, "column") GROUP BY ALL),
  base AS (
    SELECT agency, year, coalesce(pairs.form, held.form) AS form, level, region, region_code, department, published,
      coalesce(own_lines, 0) AS own_lines
    FROM pairs FULL JOIN held USING (agency, year) LEFT JOIN own USING (agency, year)
    WHERE agency IS NOT NULL AND year IS NOT NULL
  )"""
    if not cells:
        return f"{base}\n  SELECT {identity} FROM base b ORDER BY agency, year"
    names = ", ".join(literal(one.name) for one in cells)
    columns = ", ".join(
        f"p.{one.name}" if content == "status" or one.name in not_whole else f"whole(p.{one.name}) AS {one.name}" for one in cells
    )
    return f"""{base},
  figures AS (
    SELECT agency, year, variable, {content} FROM cells JOIN variables USING ("table", line, "column")
    WHERE agency IS NOT NULL AND year IS NOT NULL
  ),
  pivoted AS (FROM figures PIVOT (first({content}) FOR variable IN ({names}) GROUP BY agency, year))
  SELECT {identity}, {columns} FROM base b LEFT JOIN pivoted p USING (agency, year) ORDER BY agency, year"""


def columns_of(connection: DuckDBPyConnection, table: str) -> list[str]:
    """Return the names of the columns of a table or view."""
    return [name for name, *_ in connection.execute(f"DESCRIBE {table}").fetchall()]


def quoted(name: str) -> str:
    """Return a name as SQL takes it."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return a text as SQL takes it."""
    return "'" + text.replace("'", "''") + "'"


def _variables_frame() -> pd.DataFrame:
    frame = pd.DataFrame([asdict(one) for one in variables()])
    names = {"name": "variable", "zh": "label_zh", "en": "label_en"}
    table, line, column = zip(*frame.pop("cell"), strict=True)
    frame = frame.rename(columns=names).assign(table=table, line=line, column=column, position=range(1, len(frame) + 1))
    return frame.assign(forms=frame["forms"].map(" ".join))[list(datasets("tables")["variables"].columns)]


def _rules_frame() -> pd.DataFrame:
    return rules().rename(columns={"id": "rule"})[list(datasets("tables")["rules"].columns)]
