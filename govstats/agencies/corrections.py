"""What the user knows better about agencies: a table that wins over everything."""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Iterator, Mapping
from os import PathLike
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from govstats.agencies.divisions import LEVELS, of_code
from govstats.agencies.names import Identity, department, of_name, parts
from govstats.characters import folded
from govstats.errors import UnusableCorrections
from govstats.report import column_types, typed_frame

AgencyCorrections = str | PathLike[str] | pd.DataFrame

#: The columns of the table, with their types; only the first two are needed.
CORRECTION_TYPES = column_types("printed agency level region region_code year_from:Int64 year_to:Int64 former")
_NEEDED = ("printed", "agency")
_LAST_YEAR = 9999
_BETWEEN_NAMES = re.compile(r"[;；]")
#: What a column holds: a pattern, and the pattern in words. A spreadsheet may write a year as 2018.0.
_YEAR = (r"(?:(?:19|20)\d\d(?:\.0)?)?", "a year such as 2018, or nothing", "应为年份，或留空")
_EXPECTED = {
    **dict.fromkeys(_NEEDED, (".+", "a name", "请填写名称")),
    "level": (f"(?:{'|'.join(LEVELS)})?", f"one of {', '.join(LEVELS)}, or nothing", "应为其中之一，或留空"),
    "region_code": (r"(?:\d{6})?", "six digits of a division in GB/T 2260, or nothing", "应为 GB/T 2260 的六位代码，或留空"),
    **dict.fromkeys(("year_from", "year_to"), _YEAR),
}


class _Row(NamedTuple):
    printed: str
    agency: str
    level: str
    region: str
    region_code: str
    year_from: int | None
    year_to: int | None
    former: str
    where: str

    @property
    def names(self) -> list[str]:
        """The names that are this agency, as they are compared."""
        return [folded(name)[0] for name in (self.printed, *_BETWEEN_NAMES.split(self.former)) if name.strip()]

    @property
    def years(self) -> range:
        """The years that it holds for."""
        return range(self.year_from or 0, (self.year_to or _LAST_YEAR) + 1)

    def is_of(self, year: int | None) -> bool:
        return self.years == range(_LAST_YEAR + 1) if year is None else year in self.years

    def overlaps(self, other: _Row) -> bool:
        return max(self.years.start, other.years.start) < min(self.years.stop, other.years.stop)


#: The rows by the names that they are about, folded.
Corrected = Mapping[str, list[_Row]]


def identity_in(known: Corrected, printed: str, year: int | None) -> Identity | None:
    """Return what the table says of a name; None where it says nothing."""
    row = next((row for row in known.get(folded(printed)[0], ()) if row.is_of(year)), None)
    if row is None:
        return None
    told = of_name(parts(row.agency), year, "")
    code = row.region_code or (told.region_code if row.region in {"", told.region} else None)
    division = of_code(code) if code else None
    return Identity(
        agency=row.agency,
        level=row.level or told.level,
        region=row.region or (division.path if division else told.region),
        region_code=code,
        within=code or (None if row.region else told.within),
        department=department(parts(row.agency).rest) or told.department,
        basis="correction",
    )


def read_agency_corrections(path: str | PathLike[str]) -> pd.DataFrame:
    """Read a table of corrections to agencies.

    Parameters
    ----------
    path : path
        A CSV file (UTF-8) with the columns ``printed agency``, and as you like ``level region region_code year_from
        year_to former``.
        `printed` is what reports print, `agency` who that is; `year_from` and `year_to` are the first and the last year reported
        on for which this holds. `former` lists what else the same agency was called, with ``；`` between: 安全生产监督管理局
        is the 应急管理局 only where you say so. What you leave out is concluded from `agency`.

    Returns
    -------
    pandas.DataFrame
        One row a line, with all those columns.

    Raises
    ------
    UnusableCorrections
        The file is missing, lacks a column, or has lines that cannot be understood; the message names them all.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp(), "agencies.csv")
    >>> lines = "printed,agency,year_to\\n某县安监局,某县应急管理局,2018\\n"
    >>> _ = path.write_text(lines, encoding="utf-8")
    >>> read_agency_corrections(path)[["printed", "agency", "year_to"]].values.tolist()
    [['某县安监局', '某县应急管理局', 2018]]
    """
    return typed_frame([row[:-1] for row in _rows(path)], CORRECTION_TYPES)


def _lines(table: str | PathLike[str] | pd.DataFrame) -> tuple[str, list[str], list[tuple[str, list[str]]]]:
    """Return what a table is called, its header, and its lines, each with where it stands."""
    if isinstance(table, pd.DataFrame):
        plain = table.astype(object).where(table.notna(), "")
        lines = [(f"row {at}", [*map(str, row)]) for at, *row in plain.itertuples(name=None)]
        return "the table", [*map(str, table.columns)], lines
    try:
        with Path(table).open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file)
            return str(table), next(rows, []), [(f"{table}, line {rows.line_num}", row) for row in rows if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UnusableCorrections(
            f"{table}: cannot be read as CSV in UTF-8 ({error}) 文件应为 UTF-8 编码的 CSV，请另存后再试"
        ) from error


def written_rows(
    table: str | PathLike[str] | pd.DataFrame, columns: Collection[str], needed: Collection[str], *, others: bool = True
) -> list[tuple[str, dict[str, str]]]:
    """Return the lines of a table that a person wrote, as plain text, each with where it stands.

    Parameters
    ----------
    table : path or DataFrame
        A CSV file in UTF-8, or a frame.
    columns : collection of str
        Those that are read; what the table lacks of them is empty.
    needed : collection of str
        Those that have to be there.
    others : bool
        Whether there may be others.

    Raises
    ------
    UnusableCorrections
        It cannot be read, lacks a column, or has lines of another length.
    """
    where, header, lines = _lines(table)
    lacking = [name for name in needed if name not in header]
    strange = [name for name in header if name not in columns and not others]
    if lacking or strange:
        what = [f"{word} the column(s) {', '.join(of)}" for word, of in (("lacks", lacking), ("has", strange)) if of]
        optional = ", ".join(name for name in columns if name not in needed) or "others"
        raise UnusableCorrections(
            f"{where}: {' and '.join(what)}; expected {', '.join(needed)}, and as you like {optional}"
            f" 列名不符：必须有 {', '.join(needed)}，可有 {optional}"
        )
    if ragged := [place for place, row in lines if len(row) != len(header)]:
        raise UnusableCorrections(
            f"{'; '.join(ragged)}: has another number of cells than the first line; put text that holds a comma in quotes "
            "项数与首行不同，含逗号的文字请加引号"
        )
    empty = dict.fromkeys(columns, "")
    return [(place, empty | {name: cell.strip() for name, cell in zip(header, row, strict=True)}) for place, row in lines]


def corrected(corrections: AgencyCorrections) -> Corrected:
    """Return the table for looking names up, from a file or a frame."""
    by_name: dict[str, list[_Row]] = {}
    for row in _rows(corrections):
        for name in row.names:
            by_name.setdefault(name, []).append(row)
    return by_name


def _rows(corrections: AgencyCorrections) -> list[_Row]:
    """Return the rows of the table, or say of every line that cannot be understood what is wrong with it."""
    problems: list[str] = []
    understood: list[_Row] = []
    for where, row in written_rows(corrections, CORRECTION_TYPES, _NEEDED, others=False):
        faults = list(_faults(row))
        problems += [f"{where}: {fault}" for fault in faults]
        if not faults:
            years = {name: _year(row[name]) for name in ("year_from", "year_to")}
            understood.append(_Row(**{**row, **years}, where=where))  # type: ignore[arg-type]
    earlier: dict[str, list[_Row]] = {}
    for one in understood:
        for name in one.names:
            problems += [
                f"{one.where}: “{name}” is “{one.agency}” here and “{other.agency}” at {other.where} for the same years; "
                "keep one, or part them with year_from and year_to 同名同年对应两个机关，请只留一个，或用 year_from、year_to 分开"
                for other in earlier.setdefault(name, [])
                if one.overlaps(other) and one.agency != other.agency
            ]
            earlier[name].append(one)
    if problems:
        raise UnusableCorrections("the table of agencies cannot be used 机关表无法使用:\n" + "\n".join(problems))
    return understood


def _faults(row: Mapping[str, str]) -> Iterator[str]:
    """Yield what is wrong with a line."""
    for name, (pattern, expected, zh) in _EXPECTED.items():
        unknown = name == "region_code" and row[name] and not of_code(row[name])
        if unknown or not re.fullmatch(pattern, row[name]):
            yield f"{name} is {f'“{row[name]}”' if row[name] else 'empty'}; expected {expected} {zh}"
    first, last = _year(row["year_from"]), _year(row["year_to"])
    if first and last and first > last:
        yield f"year_from {first} is after year_to {last}; exchange them 起止年份颠倒，请对调"


def _year(text: str) -> int | None:
    return int(float(text)) if text and re.fullmatch(_YEAR[0], text) else None
