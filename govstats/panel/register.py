"""What people say of the reports of a folder: its register, which is believed, and who should have published."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

import pandas as pd

from govstats.agencies.divisions import CODE, LEVEL
from govstats.errors import UnusableRegister
from govstats.files import Kind, Written, like, lines_of, one_of, refuse, whole_number, written
from govstats.forms import versions
from govstats.report import column_types

#: Where a register is looked for, in the folder itself.
REGISTERS = ("register.csv", "reports.csv")
#: The columns of a register that are used, with their types; `document` or `slug` names the file.
REGISTER_TYPES = column_types(
    "document slug agency year:Int64 form level region region_code published:datetime64[us] vintage:Int64 parent summary:boolean"
)


def read_register(register: Written) -> pd.DataFrame:
    """Read a register of reports.

    Parameters
    ----------
    register : path or DataFrame
        CSV with a header. Its columns are those of `REGISTER_TYPES`, all optional but one of ``document``, ``slug`` and the pair
        ``agency year``; others, such as remarks, are left alone. ``publication_date`` is taken for ``published``.

    Returns
    -------
    DataFrame
        The columns of `REGISTER_TYPES`, null where the register says nothing; the index is where each line stands.

    Raises
    ------
    UnusableRegister
        The file cannot be read, names no documents, or holds a value of the wrong kind.
    """
    name, header, _ = lines_of(register, UnusableRegister)
    if not {"document", "slug"} & set(header) and not {"agency", "year"} <= set(header):
        raise UnusableRegister.worded("register_of_nothing", name=name, columns=", ".join(header))
    types = REGISTER_TYPES | {"publication_date": "datetime64[us]"}
    read = written(register, types, _KINDS, error=UnusableRegister)
    dates = read.pop("publication_date")
    if "published" not in header:
        read["published"] = dates
    for column in ("document", "slug"):
        read[column] = read[column].str.replace("\\", "/").str.removeprefix("./")
    _refuse_contradictions(read)
    return read


def _refuse_contradictions(register: pd.DataFrame) -> None:
    """Refuse a register that says two things of one document, or of one report whose documents it does not name."""
    of_report = register["agency"] + " " + register["year"].astype("str")
    known = register.assign(about=register["document"].fillna(register["slug"]).fillna(of_report)).dropna(subset="about")
    for column in REGISTER_TYPES:
        said = known.dropna(subset=column).drop_duplicates(["about", column])
        for about, of_one in said[said.duplicated("about", keep=False)].groupby("about")[column]:
            values = ", ".join(f"{value} ({place})" for place, value in of_one.items())
            raise UnusableRegister.worded("register_contradicts", column=column, about=about, values=values)


#: How a date is written: the day is named, in the order of ISO 8601.
_DATE: Kind = (
    like(r"\d{4}([-/.]?)\d{1,2}\1\d{1,2}([ T]\d{1,2}:\d{2}.*)?", pd.Timestamp),
    "a date such as 2024-01-31, or nothing",
    "应为 2024-01-31 这样的日期，或留空",
)
_YEAR: Kind = (whole_number(1990, 2100), "a year such as 2023, or nothing", "应为年份，或留空")
_FLAGS = {"true": True, "1": True, "false": False, "0": False}
#: What columns may hold that are no text.
_KINDS: Mapping[str, Kind] = {
    **dict.fromkeys(("year", "from", "until"), _YEAR),
    **dict.fromkeys(("published", "publication_date"), _DATE),
    "vintage": (whole_number(1, 10**9), "a number from 1, or nothing", "应为 1 以上的整数，或留空"),
    "region_code": CODE,
    "summary": (lambda text: _FLAGS[text.lower()], "true or false, or nothing", "应为 true 或 false，或留空"),
    "level": LEVEL,
    "form": one_of(versions()),
}


# --- who should have published ----------------------------------------------------------------------------------------------

#: The columns of the table, with their types; only the first is needed.
EXPECTED_TYPES = column_types("agency name level region from:Int64 until:Int64 successor reason source")
#: Before and after all years reported on.
_ALWAYS = (0, 9999)


def read_expected(table: Written) -> pd.DataFrame:
    """Read a table of the agencies that should publish.

    Parameters
    ----------
    table : path or pandas.DataFrame
        CSV with a header, as a rule ``expected.csv`` beside the reports, where a panel finds it, with the column ``agency`` and
        as you like ``name level region from until successor reason source``.
        `agency` is one name for all years, as in `Panel.reports`; `name` what it was called from the year `from` to the year
        `until`, both reported on and both included; empty is open. An agency that was renamed has a line for each name. One that
        was merged or abolished ends: `successor` says into which it went, `reason` and `source` why, and where that stands.

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
    frame = written(table, EXPECTED_TYPES, _KINDS, error=UnusableRegister, filled=["agency"], needed=["agency"], others=False)
    frame["name"] = frame["name"].fillna(frame["agency"])
    spans = frame.assign(first=frame["from"].fillna(_ALWAYS[0]), last=frame["until"].fillna(_ALWAYS[1]))
    _refuse_lines(spans, spans["first"] > spans["last"], "from is after until; exchange them 起止年份颠倒，请对调")
    unknown = frame["successor"].notna() & ~frame["successor"].isin(frame["agency"])
    message = "the successor {successor} is no agency of the table; add a line for it 表中没有该后继机关，请补一行"
    _refuse_lines(spans, unknown, message)
    for what in ("agency", "name"):
        ordered = spans.sort_values([what, "first"], kind="stable")
        overlap = ordered["first"] <= ordered.groupby(what)["last"].shift()
        message = f"another line is of the {what} {{{what}}} in the same year; part them with from and until 年份重叠，请分开"
        _refuse_lines(ordered, overlap.fillna(False), message)
    return frame.reset_index(drop=True)


def _refuse_lines(lines: pd.DataFrame, which: pd.Series[bool], message: str) -> None:
    refuse(
        UnusableRegister,
        [f"{line['index']}: {message.format_map(line)}" for line in lines[which].reset_index().to_dict("records")],
    )


def expected_reports(table: Written, years: Iterable[int]) -> pd.DataFrame:
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


# --- what a register says of documents --------------------------------------------------------------------------------------

#: What a register tells of a report, and what of one document of it.
_OF_A_REPORT = ["level", "region", "region_code", "parent", "summary"]
_OF_A_DOCUMENT = ["published", "vintage"]


def with_register(reports: pd.DataFrame, register: pd.DataFrame | None) -> pd.DataFrame:
    """Let the register have the last word, and add a row for each report that it lists and the folder lacks."""
    none = pd.Series([None] * len(reports), index=reports.index)
    reports = reports.assign(vintage=none.astype("Int64"), parent=none.astype("str"))
    if register is not None:
        sources = reports["source"].tolist()
        of_document = said_of(sources, register)
        by_report = register.dropna(subset=["agency", "year"])
        # a date that stands beside the name of a document is that document's
        named = by_report["document"].notna() | by_report["slug"].notna()
        by_report = by_report.assign(**{name: by_report[name].mask(named) for name in _OF_A_DOCUMENT})
        by_report = by_report.groupby(["agency", "year"]).first()
        keys = pd.MultiIndex.from_frame(reports[["agency", "year"]])
        of_report = by_report.reindex(keys).reset_index(drop=True)
        for name in (*_OF_A_REPORT, *_OF_A_DOCUMENT):
            reports[name] = of_document[name].fillna(of_report[name]).fillna(reports[name])
        lost = _unmatched(sources, register)
        accounted = keys.append(pd.MultiIndex.from_frame(lost[["agency", "year"]]))
        absent = by_report[~by_report.index.isin(accounted)].reset_index()
        absent["message"] = str(UnusableRegister.worded("report_without_document"))
        absent = pd.concat([absent, lost])
        absent = absent[["agency", "year", *_OF_A_REPORT, *_OF_A_DOCUMENT, "message"]].assign(error="MissingDocument")
        reports = pd.concat([reports, absent.dropna(axis="columns", how="all")], ignore_index=True)
    under = reports.dropna(subset=["agency", "parent"])
    superior = dict(zip(under["agency"], under["parent"], strict=True))
    reports["family"] = pd.array([_root(agency, superior) for agency in reports["agency"]], dtype="str")
    return reports


def _root(agency: Any, superior: dict[Any, Any]) -> Any:
    """Return whom an agency reports to at last."""
    seen = {agency}
    while isinstance(above := superior.get(agency), str) and above not in seen:
        seen.add(above)
        agency = above
    return agency


def said_of(sources: Sequence[str], register: pd.DataFrame) -> pd.DataFrame:
    """Return what a register says of documents by their names: a row for each, null where it names none.

    A name in the register is the path of a document in the folder; else it is the name of a file, with or without its suffix.

    Raises
    ------
    UnusableRegister
        A name is that of several files in different folders.
    """
    row_of = {name: row for column in ("slug", "document") for row, name in enumerate(register[column]) if isinstance(name, str)}
    paths = set(sources)
    of_others = {name: row for name, row in row_of.items() if name not in paths}
    files = pd.DataFrame([_names(source) for source in sources], columns=["source", "file", "stem"])
    exact = files["source"].map(row_of)
    files["row"] = exact.fillna(files["file"].map(of_others)).fillna(files["stem"].map(of_others)).fillna(-1).astype(int)
    loose = files[exact.isna() & (files["row"] >= 0)]
    several = loose[loose.duplicated(["row", "file"], keep=False)]
    if not several.empty:
        line = register.iloc[several["row"].iloc[0]]
        found = several.loc[several["row"] == several["row"].iloc[0], "source"].tolist()
        few = ", ".join(found[:3]) + " …" * (len(found) > 3)
        name = line["slug"] if pd.isna(line["document"]) else line["document"]
        raise UnusableRegister.worded("register_name_of_several", where=line.name, name=name, count=len(found), few=few)
    return register.reset_index(drop=True).reindex(files["row"])[list(REGISTER_TYPES)].reset_index(drop=True)


def _unmatched(sources: Sequence[str], register: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a register that name a document, and none of these has that name, with a message for each."""
    names = [name for source in sources for name in _names(source)]
    named = register[register["document"].notna() | register["slug"].notna()].drop_duplicates(["document", "slug"])
    lost = named[~(named["document"].isin(names) | named["slug"].isin(names))]
    called = zip(lost.index, lost["document"].fillna(lost["slug"]), strict=True)
    return lost.assign(message=[str(UnusableRegister.worded("name_of_no_document", where=at, name=name)) for at, name in called])


def _names(source: str) -> tuple[str, str, str]:
    """Return what a register may call a document, the path in the folder first."""
    path = PurePosixPath(source)
    return source, path.name, path.stem
