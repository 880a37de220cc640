"""Who the agencies are: one name, one level and one region for what reports print in many ways; what you know better wins."""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from govstats.agencies.divisions import LEVELS, of_code
from govstats.agencies.names import Identity, department, hint, of_name, parts
from govstats.characters import folded
from govstats.errors import UnusableCorrections
from govstats.report import column_types, typed_frame

__all__ = ["IDENTITY_TYPES", "AgencyCorrections", "hint", "identify", "read_agency_corrections"]

#: The columns of `identify`, with their types.
IDENTITY_TYPES = dict.fromkeys(("printed", *Identity._fields), "str")
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


def identify(
    names: Iterable[str | None],
    *,
    years: Iterable[Any] | None = None,
    texts: Iterable[str | None] | None = None,
    corrections: AgencyCorrections | None = None,
) -> pd.DataFrame:
    """Find out which agencies are meant, of what level, and of which region.

    Parameters
    ----------
    names : iterable of str
        As the reports print them; an index is kept.
    years : iterable of int, optional
        The years reported on: 桥东区 was a district of three cities until 2014, and is one of a single city since 2020.
    texts : iterable of str, optional
        What else each document says, or the `hint` of it. It is looked at only where a name is not enough.
    corrections : path or pandas.DataFrame, optional
        What you know better, as `read_agency_corrections` reads it. It wins over everything.

    Returns
    -------
    pandas.DataFrame
        One row a name, in their order, with the columns ``printed agency level region region_code within department basis
        note_zh note_en``, all text, null where not known:

        - `agency`: the full name, as the region is called today; ``printed`` in simplified characters where undecided.
        - `level`: of the area it answers for: ``national province prefecture county township``.
        - `region`, `region_code`: that area, with the codes of GB/T 2260. Townships and development zones have no code.
        - `within`: the code of the smallest division that holds the region; the same as `region_code` where there is one.
        - `department`: the kind of organ, such as 应急管理.
        - `basis`: ``printed`` (the name says it), ``former name`` (of an area that is called otherwise today), ``text``,
          ``correction``, or ``undecided``: then the notes say between what. Agencies that are undecided are not known to be
          the same where they are called the same.

    Raises
    ------
    UnusableCorrections
        The table of corrections has a line that cannot be understood.
    ValueError
        `years` or `texts` are not as many as the names.

    Examples
    --------
    >>> names = ["洪泽县人民政府", "市科委", "鼓楼区人民政府"]
    >>> found = identify(names, years=[2014, 2024, 2024], texts=["", "上海市科学技术委员会编制", ""])
    >>> found[["agency", "region", "basis"]]
            agency     region        basis
    0   淮安市洪泽区人民政府  江苏省淮安市洪泽区  former name
    1  上海市科学技术委员会        上海市         text
    2      鼓楼区人民政府        NaN    undecided
    """
    listed = list(names)
    known = {} if corrections is None else corrected(corrections)
    rows = zip(listed, _as_many(years, listed, "years"), _as_many(texts, listed, "texts"), strict=True)
    keys = [_plain(*row) for row in rows]
    found = {key: _identity(*key, known) for key in dict.fromkeys(keys)}
    frame = typed_frame([(key[0], *found[key]) for key in keys], IDENTITY_TYPES)
    return frame.set_axis(names.index) if isinstance(names, pd.Series) else frame


def _as_many(values: Iterable[Any] | None, names: Sequence[str | None], what: str) -> list[Any]:
    listed: list[Any] = [None] * len(names) if values is None else list(values)
    if len(listed) != len(names):
        raise ValueError(
            f"{len(names)} names, but {len(listed)} {what}; give one for each name 名称与所给数据的个数不同，每个名称应有一项"
        )
    return listed


def _plain(name: Any, year: Any, text: Any) -> tuple[str | None, int | None, str]:
    """Return a name, a year and a text without the many ways to say that there is none."""
    printed = name if isinstance(name, str) and name.strip() else None
    return printed, None if pd.isna(year) else int(year), text if isinstance(text, str) else ""


def _identity(name: str | None, year: int | None, text: str, known: Corrected) -> Identity:
    if name is None:
        return Identity(None)
    return identity_in(known, name, year) or of_name(parts(name), year, text)


# --- corrections ---------------------------------------------------------------------------------------------------------


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
    name = parts(row.agency)
    told = of_name(name, year, "")
    if row.region not in ("", told.region):
        told = told._replace(region_code=None, within=None)
    if division := of_code(row.region_code):
        told = told._replace(region=division.path, region_code=row.region_code, within=row.region_code)
    return Identity(
        agency=row.agency,
        level=row.level or told.level,
        region=row.region or told.region,
        region_code=told.region_code,
        within=told.within,
        department=department(name.rest) or told.department,
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
        lines = [(at if isinstance(at, str) else f"row {at}", [*map(str, row)]) for at, *row in plain.itertuples(name=None)]
        return "the table" if plain.index.name is None else str(plain.index.name), [*map(str, table.columns)], lines
    try:
        with Path(table).open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file)
            return str(table), next(rows, []), [(f"{table}, line {rows.line_num}", row) for row in rows if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UnusableCorrections.worded("no_csv", table=table, error=error) from error


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
        what = " and ".join(f"{word} the column(s) {', '.join(of)}" for word, of in (("lacks", lacking), ("has", strange)) if of)
        optional = ", ".join(name for name in columns if name not in needed) or "others"
        names = {"needed": ", ".join(needed), "optional": optional}
        raise UnusableCorrections.worded("columns_of_table", where=where, what=what, **names)
    if ragged := [place for place, row in lines if len(row) != len(header)]:
        raise UnusableCorrections.worded("ragged_table", places="; ".join(ragged))
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
