"""Who the agencies are: one name, one level and one region for what reports print in many ways; what you know better wins."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from typing import Any

import pandas as pd

from govstats.agencies.divisions import CODE, LEVEL, of_code
from govstats.agencies.names import Identity, department, hint, of_name, parts
from govstats.characters import folded
from govstats.errors import UnusableCorrections
from govstats.files import Kind, like, refuse, whole_number, written
from govstats.report import column_types, typed_frame

__all__ = ["IDENTITY_TYPES", "AgencyCorrections", "hint", "identify", "read_agency_corrections"]

#: The columns of `identify`, with their types.
IDENTITY_TYPES = dict.fromkeys(("printed", *Identity._fields), "str")
AgencyCorrections = str | PathLike[str] | pd.DataFrame

#: The columns of the table, with their types; only the first two are needed.
CORRECTION_TYPES = column_types("printed agency level region region_code year_from:Int64 year_to:Int64 former")
_NEEDED = ("printed", "agency")
_ALWAYS = (0, 9999)
_BETWEEN_NAMES = re.compile(r"[;；]")
_YEAR: Kind = (whole_number(1900, 2099), "a year such as 2018, or nothing", "应为年份，或留空")
#: What a column holds that is no text.
_KINDS: Mapping[str, Kind] = {
    **dict.fromkeys(_NEEDED, (like("(?s).+"), "a name", "请填写名称")),
    "level": LEVEL,
    "region_code": CODE,
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
    found: dict[Any, Identity] = {}
    for key in dict.fromkeys(keys):
        name, year, text = key
        found[key] = Identity(None) if name is None else identity_in(known, name, year) or of_name(parts(name), year, text)
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


# --- corrections ---------------------------------------------------------------------------------------------------------


#: The rows of the table by the names that they are about, folded.
Corrected = Mapping[str, list[Any]]


def identity_in(known: Corrected, printed: str, year: int | None) -> Identity | None:
    """Return what the table says of a name; None where it says nothing."""
    # without a year only what holds in all of them
    first, last = _ALWAYS if year is None else (year, year)
    rows = known.get(folded(printed)[0], ())
    row = next((row for row in rows if row.year_from <= first and last <= row.year_to), None)
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
    corrected(path)
    return _read(path).reset_index(drop=True)


def _read(corrections: AgencyCorrections) -> pd.DataFrame:
    how: dict[str, Any] = {"error": UnusableCorrections, "filled": _NEEDED, "needed": _NEEDED, "others": False}
    table = written(corrections, CORRECTION_TYPES, _KINDS, **how)
    return table.fillna({name: "" for name, dtype in CORRECTION_TYPES.items() if dtype == "str"})


def corrected(corrections: AgencyCorrections) -> Corrected:
    """Return the table for looking names up, from a file or a frame; refuse lines that contradict each other."""
    by_name: dict[str, list[Any]] = {}
    wrong = []
    rows: Iterable[Any] = _read(corrections).fillna(dict(zip(("year_from", "year_to"), _ALWAYS, strict=True))).itertuples()
    for row in rows:
        if row.year_from > row.year_to:
            said = f"year_from {row.year_from} is after year_to {row.year_to}; exchange them 起止年份颠倒，请对调"
            wrong.append(f"{row.Index}: {said}")
        for name in (folded(one)[0] for one in (row.printed, *_BETWEEN_NAMES.split(row.former)) if one.strip()):
            wrong += [
                f"{row.Index}: “{name}” is “{row.agency}” here and “{other.agency}” at {other.Index} for the same years; "
                "keep one, or part them with year_from and year_to 同名同年对应两个机关，请只留一个，或用 year_from、year_to 分开"
                for other in by_name.setdefault(name, [])
                if max(row.year_from, other.year_from) <= min(row.year_to, other.year_to) and row.agency != other.agency
            ]
            by_name[name].append(row)
    refuse(UnusableCorrections, wrong)
    return by_name
