"""What the user knows better about agencies: a table that wins over everything."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from govstats.agencies.divisions import LEVELS, of_code
from govstats.agencies.names import Identity, department, of_name, parts
from govstats.characters import folded
from govstats.errors import UnusableCorrections
from govstats.report import typed_frame

AgencyCorrections = str | PathLike[str] | pd.DataFrame

#: The columns of the table, with their types; only the first two are needed.
CORRECTION_TYPES = {
    **dict.fromkeys(("printed", "agency", "level", "region", "region_code"), "str"),
    **dict.fromkeys(("year_from", "year_to"), "Int64"),
    "former": "str",
}
_NEEDED = ("printed", "agency")
_BETWEEN_NAMES = re.compile(r"[;；]")


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

    def is_of(self, year: int | None) -> bool:
        if year is None:
            return self.year_from is None and self.year_to is None
        return (self.year_from or 0) <= year <= (self.year_to or 9999)

    def overlaps(self, other: _Row) -> bool:
        return (self.year_from or 0) <= (other.year_to or 9999) and (other.year_from or 0) <= (self.year_to or 9999)


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
    rows, _ = _read(Path(path))
    return typed_frame([row[:-1] for row in rows], CORRECTION_TYPES)


def corrected(corrections: AgencyCorrections) -> Corrected:
    """Return the table for looking names up, from a file or a frame."""
    if not isinstance(corrections, pd.DataFrame):
        return _read(Path(corrections))[1]
    _check_columns(list(map(str, corrections.columns)), "the table of agencies")
    plain = corrections.astype(object)
    records = plain.where(plain.notna(), "").to_dict("records")
    return _understood((f"row {number}", row) for number, row in zip(corrections.index, records, strict=True))[1]


def _read(path: Path) -> tuple[list[_Row], Corrected]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            _check_columns(list(rows.fieldnames or ()), str(path))
            return _understood((f"{path}, line {rows.line_num}", row) for row in rows)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UnusableCorrections(
            f"{path}: cannot be read as CSV in UTF-8 ({error}) 文件应为 UTF-8 编码的 CSV，请另存后再试"
        ) from error


def _check_columns(names: list[str], where: str) -> None:
    lacking = [name for name in _NEEDED if name not in names]
    strange = [name for name in names if name not in CORRECTION_TYPES]
    if lacking or strange:
        what = [f"{word} the column(s) {', '.join(of)}" for word, of in (("lacks", lacking), ("has", strange)) if of]
        more = ", ".join(name for name in CORRECTION_TYPES if name not in _NEEDED)
        raise UnusableCorrections(
            f"{where}: {' and '.join(what)}; expected {', '.join(_NEEDED)}, and as you like {more}"
            f" 列名不符：必须有 {', '.join(_NEEDED)}，可有 {more}"
        )


def _understood(rows: Iterable[tuple[str, Mapping[Any, Any]]]) -> tuple[list[_Row], Corrected]:
    understood: list[_Row] = []
    by_name: dict[str, list[_Row]] = {}
    problems: list[str] = []
    for where, row in rows:
        if None in row or None in row.values():
            problems.append(
                f"{where}: has another number of cells than the first line; put text that holds a comma in quotes "
                "项数与首行不同，含逗号的文字请加引号"
            )
            continue
        found = _row(where, {name: str(row.get(name, "")).strip() for name in CORRECTION_TYPES}, problems)
        if found is None:
            continue
        understood.append(found)
        for name in found.names:
            problems += [
                f"{where}: “{name}” is “{found.agency}” here and “{other.agency}” at {other.where} for the same years; keep one, "
                "or part them with year_from and year_to 同名同年对应两个机关，请只留一个，或用 year_from、year_to 分开"
                for other in by_name.setdefault(name, [])
                if found.overlaps(other) and found.agency != other.agency
            ]
            by_name[name].append(found)
    if problems:
        raise UnusableCorrections("the table of agencies cannot be used 机关表无法使用:\n" + "\n".join(problems))
    return understood, by_name


def _row(where: str, row: dict[str, str], problems: list[str]) -> _Row | None:
    before = len(problems)
    problems += [f"{where}: {name} is empty; write the name there 此项为空，请填写" for name in _NEEDED if not row[name]]
    if row["level"] and row["level"] not in LEVELS:
        problems.append(f"{where}: level is “{row['level']}”; expected one of {', '.join(LEVELS)}, or nothing 应为其中之一或留空")
    if row["region_code"] and not (re.fullmatch(r"\d{6}", row["region_code"]) and of_code(row["region_code"])):
        problems.append(
            f"{where}: region_code is “{row['region_code']}”; expected six digits of a division in GB/T 2260, or nothing "
            "应为 GB/T 2260 的六位代码或留空"
        )
    years: dict[str, int | None] = {}
    for name in ("year_from", "year_to"):
        digits = row[name].removesuffix(".0")
        years[name] = int(digits) if re.fullmatch(r"(?:19|20)\d\d", digits) else None
        if digits and years[name] is None:
            problems.append(f"{where}: {name} is “{row[name]}”; expected a year such as 2018, or nothing 应为年份或留空")
    first, last = years["year_from"], years["year_to"]
    if first and last and first > last:
        problems.append(f"{where}: year_from {first} is after year_to {last}; exchange them 起止年份颠倒，请对调")
    if len(problems) > before:
        return None
    return _Row(row["printed"], row["agency"], row["level"], row["region"], row["region_code"], first, last, row["former"], where)
