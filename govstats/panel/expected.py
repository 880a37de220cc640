"""Who should have published a report: agencies with the years in which they existed."""

from __future__ import annotations

from collections.abc import Iterable
from os import PathLike

import pandas as pd

from govstats.errors import UnusableRegister
from govstats.panel.register import typed, written

ExpectedAgencies = str | PathLike[str] | pd.DataFrame

#: The columns of the table, with their types; only the first is needed.
EXPECTED_TYPES = {
    **dict.fromkeys(("agency", "name", "level", "region"), "str"),
    **dict.fromkeys(("from", "until"), "Int64"),
    **dict.fromkeys(("successor", "reason", "source"), "str"),
}
#: Before and after all years reported on.
_ALWAYS = (0, 9999)


def read_expected(table: ExpectedAgencies, *, name: str = "the table of expected agencies") -> pd.DataFrame:
    """Read a table of the agencies that should publish.

    Parameters
    ----------
    table : path or pandas.DataFrame
        CSV with a header, as a rule ``expected.csv`` beside the reports, where a panel finds it, with the column ``agency`` and
        as you like ``name level region from until successor reason source``.
        `agency` is one name for all years, as in `Panel.reports`; `name` what it was called from the year `from` to the year
        `until`, both reported on and both included; empty is open. An agency that was renamed has a line for each name. One that
        was merged or abolished ends: `successor` says into which it went, `reason` and `source` why, and where that stands.
    name : str
        What errors call it, where it is no path.

    Returns
    -------
    pandas.DataFrame
        One row a line, with all those columns; `name` is `agency` where it is not given.

    Raises
    ------
    UnusableRegister
        The file cannot be read, has another column, or a line that cannot be understood or contradicts another.

    Examples
    --------
    >>> lines = [["某县应急管理局", "某县安监局", None, 2018], ["某县应急管理局", None, 2019, None]]
    >>> read_expected(pd.DataFrame(lines, columns=["agency", "name", "from", "until"]))["name"].tolist()
    ['某县安监局', '某县应急管理局']
    """
    name = name if isinstance(table, pd.DataFrame) else str(table)
    raw = written(table, name)
    if strange := ", ".join(str(column) for column in raw if column not in EXPECTED_TYPES):
        raise UnusableRegister.worded("columns_unexpected", name=name, strange=strange, known=", ".join(EXPECTED_TYPES))
    frame = typed(raw, EXPECTED_TYPES, name)
    frame["name"] = frame["name"].fillna(frame["agency"])
    spans = frame.assign(first=frame["from"].fillna(_ALWAYS[0]), last=frame["until"].fillna(_ALWAYS[1]), line=frame.index + 2)
    _refuse(name, spans[frame["agency"].isna()], "agency is empty; write the name there 机关名称为空，请填写")
    _refuse(name, spans[spans["first"] > spans["last"]], "from is after until; exchange them 起止年份颠倒，请对调")
    unknown = frame["successor"].notna() & ~frame["successor"].isin(frame["agency"])
    message = "the successor {successor} is no agency of the table; add a line for it 表中没有该后继机关，请补一行"
    _refuse(name, spans[unknown], message)
    for what in ("agency", "name"):
        ordered = spans.sort_values([what, "first"], kind="stable")
        overlap = ordered["first"] <= ordered.groupby(what)["last"].shift()
        message = f"another line is of the {what} {{{what}}} in the same year; part them with from and until 年份重叠，请分开"
        _refuse(name, ordered[overlap.fillna(False)], message)
    return frame


def _refuse(name: str, lines: pd.DataFrame, message: str) -> None:
    for line in lines.to_dict("records"):
        raise UnusableRegister(f"{name}: line {line['line']}: {message.format_map(line)}（表内第 {line['line']} 行）")


def expected_reports(table: ExpectedAgencies, years: Iterable[int]) -> pd.DataFrame:
    """Return the reports that there should be: one row an agency and year, with the columns of `read_expected` and ``year``.

    Examples
    --------
    >>> table = pd.DataFrame({"agency": ["甲局", "乙局"], "until": [2018, None], "successor": ["乙局", None]})
    >>> expected_reports(table, [2018, 2019])[["agency", "year"]].values.tolist()
    [['甲局', 2018], ['乙局', 2018], ['乙局', 2019]]
    """
    frame = read_expected(table).merge(pd.DataFrame({"year": pd.array(list(years), "Int64")}), how="cross")
    existed = (frame["from"].fillna(_ALWAYS[0]) <= frame["year"]) & (frame["year"] <= frame["until"].fillna(_ALWAYS[1]))
    return frame[existed].reset_index(drop=True)
