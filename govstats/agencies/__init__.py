"""Who the agencies are: one name, one level and one region for what reports print in many ways."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from govstats.agencies.corrections import AgencyCorrections, Corrected, corrected, identity_in, read_agency_corrections
from govstats.agencies.names import Identity, hint, of_name, parts
from govstats.report import typed_frame

__all__ = ["IDENTITY_TYPES", "AgencyCorrections", "hint", "identify", "read_agency_corrections"]

#: The columns of `identify`, with their types.
IDENTITY_TYPES = dict.fromkeys(("printed", *Identity._fields), "str")


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
    index = names.index if isinstance(names, pd.Series) else None
    printed = [name if isinstance(name, str) and name.strip() else None for name in names]
    when = [None if pd.isna(year) else int(year) for year in _as_many(years, printed, "years")]
    said = [text if isinstance(text, str) else "" for text in _as_many(texts, printed, "texts")]
    known = corrected(corrections) if corrections is not None else None
    keys = list(zip(printed, when, said, strict=True))
    found = {key: _identity(*key, known) for key in dict.fromkeys(keys)}
    frame = typed_frame([(key[0], *found[key]) for key in keys], IDENTITY_TYPES)
    return frame if index is None else frame.set_axis(index)


def _identity(name: str | None, year: int | None, text: str, known: Corrected | None) -> Identity:
    if name is None:
        return Identity(None)
    return (identity_in(known, name, year) if known else None) or of_name(parts(name), year, text)


def _as_many(values: Iterable[Any] | None, names: Sequence[str | None], what: str) -> list[Any]:
    listed: list[Any] = [None] * len(names) if values is None else list(values)
    if len(listed) != len(names):
        raise ValueError(
            f"{len(names)} names, but {len(listed)} {what}; give one for each name 名称与所给数据的个数不同，每个名称应有一项"
        )
    return listed
