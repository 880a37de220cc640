"""Who should have published a report: agencies with the years of which they existed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from os import PathLike

import pandas as pd

from govstats.agencies.corrections import written_rows
from govstats.agencies.divisions import LEVELS
from govstats.errors import UnusableCorrections
from govstats.report import typed_frame

ExpectedAgencies = str | PathLike[str] | pd.DataFrame

#: The columns of the table, with their types; only the first is needed.
EXPECTED_TYPES = {
    **dict.fromkeys(("agency", "name", "level", "region"), "str"),
    **dict.fromkeys(("from", "until"), "Int64"),
    **dict.fromkeys(("successor", "reason", "source"), "str"),
}
#: A spreadsheet may write a year as 2018.0.
_YEAR = re.compile(r"((?:19|20)\d\d)(?:\.0)?")
_FIRST, _LAST = 1900, 2100


def read_expected(table: ExpectedAgencies) -> pd.DataFrame:
    """Read a table of the agencies that should publish.

    Parameters
    ----------
    table : path or pandas.DataFrame
        A CSV file (UTF-8), as a rule ``expected.csv`` beside the reports, with the column ``agency`` and as you like ``name level
        region from until successor reason source``.
        `agency` is one name for all years, as in `Panel.reports`; `name` what it was called from the year `from` to the year
        `until`, both reported on and both included; empty is open. An agency that was renamed has a line for each name. One that
        was merged or abolished ends: `successor` says into which it went, `reason` and `source` why, and where that stands.

    Returns
    -------
    pandas.DataFrame
        One row a line, with all those columns; `name` is `agency` where it is not given.

    Raises
    ------
    UnusableCorrections
        The file is missing, lacks a column, or has lines that cannot be understood or contradict others; the message names all.

    Examples
    --------
    >>> lines = [["某县应急管理局", "某县安监局", None, 2018], ["某县应急管理局", None, 2019, None]]
    >>> read_expected(pd.DataFrame(lines, columns=["agency", "name", "from", "until"]))["name"].tolist()
    ['某县安监局', '某县应急管理局']
    """
    lines = written_rows(table, EXPECTED_TYPES, ("agency",))
    problems = [f"{where}: {fault}" for where, line in lines for fault in _faults(line)]
    if not problems:
        rows = [[_YEAR.sub(r"\1", line[name]) or None for name in EXPECTED_TYPES] for _, line in lines]
        frame = typed_frame(rows, dict.fromkeys(EXPECTED_TYPES, "str")).astype(EXPECTED_TYPES)
        frame["name"] = frame["name"].fillna(frame["agency"])
        problems = list(_contradictions(frame.assign(where=[where for where, _ in lines])))
    if problems:
        raise UnusableCorrections("the table of expected agencies cannot be used 应公布机关表无法使用:\n" + "\n".join(problems))
    return frame


def _faults(line: Mapping[str, str]) -> Iterator[str]:
    """Yield what is wrong with a line."""
    if not line["agency"]:
        yield "agency is empty; write the name there 此项为空，请填写"
    if line["level"] not in ("", *LEVELS):
        yield f"level is “{line['level']}”; expected one of {', '.join(LEVELS)}, or nothing 应为其中之一或留空"
    years = [name for name in ("from", "until") if line[name]]
    wrong = [name for name in years if not _YEAR.fullmatch(line[name])]
    for name in wrong:
        yield f"{name} is “{line[name]}”; expected a year such as 2018, or nothing 应为年份或留空"
    if len(years) == 2 and not wrong and float(line["from"]) > float(line["until"]):
        yield f"from {line['from']} is after until {line['until']}; exchange them 起止年份颠倒，请对调"
    if line["successor"] and not line["until"]:
        yield "there is a successor but no until; write the last year reported on 有后继机关而无终止年度，请填 until"


def _contradictions(frame: pd.DataFrame) -> Iterator[str]:
    """Yield which lines say different things of one agency or of one name in the same years."""
    spans = frame.assign(first=frame["from"].fillna(_FIRST), last=frame["until"].fillna(_LAST))
    for what in ("agency", "name"):
        ordered = spans.sort_values([what, "first"], kind="stable")
        before = ordered[[what, "last", "where"]].shift()
        overlap = (ordered[what] == before[what]) & (ordered["first"] <= before["last"])
        for name, here, there in zip(
            ordered.loc[overlap, what], ordered["where"][overlap], before["where"][overlap], strict=True
        ):
            yield f"{here} and {there}: both are {what} {name} in some year; part them with from and until 年份重叠，请分开"
    unknown = frame["successor"].notna() & ~frame["successor"].isin(frame["agency"])
    for here, successor in zip(frame.loc[unknown, "where"], frame.loc[unknown, "successor"], strict=True):
        yield f"{here}: the successor {successor} is no agency of the table; add a line for it 表中没有该后继机关，请补一行"


def expected_reports(table: ExpectedAgencies, years: Iterable[int]) -> pd.DataFrame:
    """Return the reports that there should be: one row an agency and year, with the columns of `read_expected` and ``year``.

    Examples
    --------
    >>> table = pd.DataFrame({"agency": ["甲局", "乙局"], "until": [2018, None], "successor": ["乙局", None]})
    >>> expected_reports(table, [2018, 2019])[["agency", "year"]].values.tolist()
    [['甲局', 2018], ['乙局', 2018], ['乙局', 2019]]
    """
    frame = read_expected(table).merge(pd.DataFrame({"year": pd.array(list(years), "Int64")}), how="cross")
    existed = (frame["from"].fillna(_FIRST) <= frame["year"]) & (frame["year"] <= frame["until"].fillna(_LAST))
    return frame[existed].reset_index(drop=True)
