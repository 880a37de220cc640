"""Each rule in two sorts of cases: where it must fire, and near misses in which a naive rule would; worked out by hand."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pytest

from govstats.forms import form
from govstats.reconciliation import compare_formats, reconcile, rulebook, rules
from govstats.reconciliation.matrix import Reports
from govstats.reconciliation.reuse import sketch
from govstats.report import Claim, Note, ReadCell, Report, SectionHeading

from .test_forms import COLUMNS, GROUPS, OTHER, PROACTIVE, RESULTS, REVIEW_COLUMNS, REVIEW_LINES, request_lines

RULES_FILE = Path(rulebook.__file__).with_name("rules.toml")
#: A figure; a figure with the text that is printed for it; a text that is no figure; or None where the cell is not printed.
Cell = float | tuple[float, str] | str | None
BLANK, SLASH, ILLEGIBLE = "", "/", "■"
STATUS = {BLANK: "blank", SLASH: "not_applicable", ILLEGIBLE: "unreadable"}
APPLICANTS = COLUMNS[:-1]

#: 12 requests received and 1 carried over: 7 granted, 3 not held, 1 of which the fee was not paid, 2 carried forward.
REQUESTS = {
    "new": {"natural_person": 10, "commercial": 2, "total": 12},
    "carried_in": {"natural_person": 1, "total": 1},
    "granted": {"natural_person": 6, "commercial": 1, "total": 7},
    "unable.not_held": {"natural_person": 3, "total": 3},
    "processed_total": {"natural_person": 9, "commercial": 2, "total": 11},
    "carried_out": {"natural_person": 2, "total": 2},
}
UNPAID = {"commercial": 1, "total": 1}
REVIEW = {"reconsideration": (2, 0, 1, 0, 3), "litigation_direct": (0,) * 5, "litigation_after_reconsideration": (1, 0, 0, 1, 2)}
DISCLOSURE: Mapping[str, Mapping[str, Sequence[float]]] = {
    "2019": {
        "rules": (0, 0, 4),
        "normative_documents": (3, 2, 9),
        "licensing": (30, -2, 120),
        "other_services": (12, 1, 5),
        "penalties": (80, 3, 14),
        "coercive_measures": (6, 0, 0),
        "administrative_fees": (2, -1),
        "procurement": (5, 321.5),
    },
    "2021": {
        "rules": (1, 0, 4),
        "normative_documents": (5, 2, 30),
        "licensing": (120,),
        "penalties": (14,),
        "coercive_measures": (0,),
        "administrative_fees": (7730.28,),
    },
}
ANNEX = {
    "受理依申请公开信息总数": (5, 9),
    "当面申请数": (2, 4),
    "网上申请数": (3, 5),
    "对申请的答复总数": (5, 8),
    "同意公开答复数": (4, 7),
    "不予公开答复数": (1, 1),
}
IDENTITY = {"2008": ("某区", 2015), "2019": ("某区", 2020), "2021": ("某区", 2022)}


def consistent(version: str) -> dict[str, Cell]:
    """A report in which every rule holds."""
    if version == "2008":
        columns = ("this_year", "cumulative")
        return {f"statistics/{line}/{c}": v for line, row in ANNEX.items() for c, v in zip(columns, row, strict=True)}
    requests = REQUESTS | {"other" if version == "2019" else "other.fee_overdue": UNPAID}
    rows = [("proactive", line, columns, DISCLOSURE[version][line]) for line, columns in PROACTIVE[version].items()]
    rows += [
        ("requests", line, COLUMNS, [requests.get(line, {}).get(column, 0) for column in COLUMNS])
        for line in request_lines(version)
    ]
    rows += [("review", line, REVIEW_COLUMNS, figures) for line, figures in REVIEW.items()]
    return {f"{table}/{line}/{c}": v for table, line, columns, row in rows for c, v in zip(columns, row, strict=True)}


def rows(version: str, changes: Mapping[str, Cell] | None = None) -> list[tuple[str, str, str, float | None, str, str]]:
    """The consistent report with some cells changed: ``table line column value printed status``."""
    found: list[tuple[str, str, str, float | None, str, str]] = []
    for key, cell in {**consistent(version), **(changes or {})}.items():
        if cell is not None:
            value, printed = cell if isinstance(cell, tuple) else (None if isinstance(cell, str) else cell, cell)
            text = printed if isinstance(printed, str) else f"{printed:.10g}"
            status = "reported" if value is not None else STATUS[text]
            table, _, rest = key.partition("/")
            line, column = rest.rsplit("/", 1)
            found.append((table, line, column, value, text, status))
    return found


def frame(version: str, changes: Mapping[str, Cell] | None = None) -> pd.DataFrame:
    """The same as a frame."""
    described = [(*IDENTITY[version], version, *row) for row in rows(version, changes)]
    columns = ["agency", "year", "form", "table", "line", "column", "value", "printed", "status"]
    return pd.DataFrame(described, columns=columns).astype({"year": "Int64", "value": "Float64"})


def report(
    version: str = "2021",
    changes: Mapping[str, Cell] | None = None,
    sections: Sequence[int] = (1, 2, 3, 4, 5, 6),
    notes: Sequence[Note] = (),
    kind: str = "html",
    claims: Sequence[Claim] = (),
) -> Report:
    """The same as a report, with its sections and what is noted about it."""
    cells = [
        ReadCell(*row, "万元" if row[2] == "amount" else "件", None, "", "grid")  # table line column value printed status
        for row in rows(version, changes)
    ]
    headings = tuple(SectionHeading(number, "", "") for number in sections)
    return Report(
        *IDENTITY[version], version, None, f"report.{kind}", kind, "", headings, cells, tuple(notes), read_claims=claims
    )


def claim(target: str, value: float, high: float | None = None, *, unit: str = "件", qualifier: str = "", **more: Any) -> Claim:
    """A figure that the prose of 2022 claims of a cell, from value to high where it is said to be about that."""
    high = value if high is None else high
    parts: dict[str, Any] = {
        "quote": f"收到{value:g}件",
        "start": 0,
        "end": 0,
        "scope": "",
        "page": None,
        "place": "",
        "year": 2022,
    } | more
    return Claim(target, value, value, high, unit, qualifier, **parts)


def saying(*claims: Claim, version: str = "2021", changes: Mapping[str, Cell] | None = None) -> Report:
    """The report with the claims of its prose."""
    return report(version, changes, claims=claims)


def prose(sections: Mapping[int, str], version: str = "2021", notes: Sequence[Note] = ()) -> Report:
    """The report with a text under the headings of some sections."""
    headings = {number: f"{'一二三四五六'[number - 1]}、第{number}部分的标题" for number in sections}
    text = "\n".join(f"{headings[number]}\n{words}" for number, words in sections.items())
    found = tuple(SectionHeading(number, heading, "") for number, heading in headings.items())
    return replace(report(version, notes=notes), text=text, sections=found)


def with_year_before(
    before: Mapping[str, Cell],
    now: Mapping[str, Cell] | None = None,
    versions: tuple[str, str] = ("2021", "2021"),
    years: int = 1,
    **more: Any,
) -> Reports:
    """The report, and that of so many years before; figures that are not changed are the same in both."""
    later = frame(versions[1], now)
    earlier = frame(versions[0], before).assign(year=later["year"].iloc[0] - years)
    return Reports(pd.concat([earlier, later], ignore_index=True), **more)


def claims_of(*claims: Claim) -> pd.DataFrame:
    return report(claims=claims).claims


def texts(now: str, before: str) -> pd.DataFrame:
    """The prose of 2022 and of the year before, as a panel keeps it."""
    return pd.DataFrame({"agency": ["某区"] * 2, "year": [2022, 2021], "sketch": [sketch(now), sketch(before)]})


def other_document(changes: Mapping[str, Cell], vintage: int = 2) -> Reports:
    """The report, and another document of it."""
    return Reports(frame("2021"), vintages=frame("2021", changes).assign(vintage=vintage, source="again.html"))


def summary(children: Sequence[str], changes: Mapping[str, Cell] | None = None) -> Reports:
    """A report that sums up three agencies, and those of them that are there; each has the figures of the consistent report."""
    sums = {key: 3 * value for key, value in consistent("2021").items() if isinstance(value, int | float)}
    everyone = [frame("2021", {**sums, **(changes or {})}), *(frame("2021").assign(agency=child) for child in children)]
    described = pd.DataFrame({"agency": ["某区", "甲局", "乙局", "丙局"], "year": 2022, "parent": [None, "某区", "某区", "某区"]})
    return Reports(pd.concat(everyone, ignore_index=True), reports=described.assign(summary=described["agency"] == "某区"))


def row(table: str, line: str, columns: Sequence[str]) -> str:
    return ";".join(f"{table}/{line}/{column}" for column in columns)


def column(table: str, lines: Sequence[str], name: str) -> str:
    return ";".join(f"{table}/{line}/{name}" for line in lines)


def filled(table: str, lines: Sequence[str], columns: Sequence[str], cell: Cell) -> dict[str, Cell]:
    return {f"{table}/{line}/{column}": cell for line in lines for column in columns}


class Finding(NamedTuple):
    """What a rule has to say; sides that are not known are None."""

    status: str
    expected: float | None = None
    reported: float | None = None
    difference: float | None = None
    cells: str = ""


class Case(NamedTuple):
    """A document, and what one rule has to say of it: just this beside passes, or nothing at all."""

    about: str
    document: pd.DataFrame | Report | Reports | tuple[Report, Report]
    finding: Finding | None


def fails(expected: float | None, reported: float | None, difference: float | None, cells: str = "") -> Finding:
    return Finding("fail", expected, reported, difference, cells)


def passes(expected: float | None, reported: float | None, difference: float | None, cells: str = "") -> Finding:
    return Finding("pass", expected, reported, difference, cells)


def open_(cells: str = "") -> Finding:
    return Finding("not_assessable", cells=cells)


PARTS_OF_OTHER = [f"other.{line}" for line in OTHER]
ONE_LINE = filled("requests", PARTS_OF_OTHER, COLUMNS, None) | filled("requests", ["other"], COLUMNS, 0.0)
ONE_LINE |= {f"requests/other/{name}": float(count) for name, count in UNPAID.items()}
UNABLE = [f"unable.{line}" for line in GROUPS["unable"]]
SUBTOTAL = filled("requests", ["unable"], COLUMNS, 0.0) | {"requests/unable/natural_person": 3.0, "requests/unable/total": 3.0}
FEES = "proactive/administrative_fees/amount"
GRANTED = row("requests", "granted", COLUMNS)
RESULTS_COMMERCIAL = column("requests", (*RESULTS["2021"], "processed_total"), "commercial")
FLOW_NATURAL = column("requests", ("new", "carried_in", "processed_total", "carried_out"), "natural_person")
RECONSIDERATION = row("review", "reconsideration", REVIEW_COLUMNS)
NORMATIVE = row("proactive", "normative_documents", ("in_force", "issued", "repealed"))
DISCLOSED = row("proactive", "normative_documents", ("disclosed_total", "newly_disclosed"))
LICENCES = row("proactive", "licensing", ("items_previous_year", "items_change"))
CHANNELS = column("statistics", ("当面申请数", "网上申请数", "受理依申请公开信息总数"), "this_year")
ABSENT_TABLE = filled("review", REVIEW_LINES, REVIEW_COLUMNS, None)
TORN = filled("requests", ["granted"], COLUMNS, None)
NEW, NEW_PERSONS, NEW_OTHERS = (f"requests/new/{name}" for name in ("total", "natural_person", "organisations"))
ORGANISATIONS = row("requests", "new", COLUMNS[1:-1])
LITIGATION = column("review", REVIEW_LINES[1:], "total")
DONE, OTHERS, UNABLE_ALL = (f"requests/{line}/total" for line in ("processed_total", "other", "unable"))
DISPUTES = f"{DONE};{column('review', REVIEW_LINES[:2], 'total')}"
OVERVIEW = "2022年，我区认真贯彻落实有关规定，扎实推进政府信息公开工作，主动公开各类信息。"
PROBLEMS = "一是主动公开的意识有待增强，二是答复的规范程度有待提高，将加强培训，完善机制。"
LAST_YEAR: dict[str, Any] = {"year": 2021}
OUT, IN = "requests/carried_out/total", "requests/carried_in/total"
#: What the year before has to report for the consistent report to follow from it.
CARRIED: dict[str, Cell] = {OUT: 1, "requests/carried_out/natural_person": 1}
IN_FORCE: dict[str, Cell] = {"proactive/normative_documents/in_force": 27, "proactive/rules/in_force": 3}
ITEMS: dict[str, Cell] = {
    f"proactive/{line}/items_previous_year": items
    for line, items in {
        "licensing": 32,
        "other_services": 11,
        "penalties": 77,
        "coercive_measures": 6,
        "administrative_fees": 3,
    }.items()
}
CUMULATIVE: dict[str, Cell] = {f"statistics/{line}/cumulative": total - this_year for line, (this_year, total) in ANNEX.items()}
BREAK = ("2019", "2021")
DOCUMENTS_IN_FORCE = row("proactive", "normative_documents", ("issued", "repealed", "in_force"))
RECEIVED = row("statistics", "受理依申请公开信息总数", ("this_year", "cumulative"))
PENDING = "review/litigation_after_reconsideration/total"
#: Tables of the year before that differ from those of the report.
OTHER_DISCLOSURE: dict[str, Cell] = {"proactive/penalties/decisions": 15}
OTHER_REVIEW: dict[str, Cell] = {"review/reconsideration/upheld": 3}
OTHER_REQUESTS: dict[str, Cell] = {"requests/new/other": 1}
#: Characters that all differ, so that every passage is another one.
PROSE, PROSE_BEFORE = ("".join(chr(0x4E00 + place) for place in range(start, start + 400)) for start in (0, 1000))

FIRES: dict[str, list[Case]] = {
    "S01": [
        Case("a section without its heading", report(sections=(1, 2, 3, 5, 6)), fails(6, 5, -1)),
        Case("two sections in another order", report(sections=(1, 3, 2, 4, 5, 6)), fails(6, 6, 0)),
    ],
    # no figure is wrong in a table that is not there
    "S02": [Case("a table is not there", frame("2021", ABSENT_TABLE), open_())],
    "S03": [
        Case("a line left out", frame("2021", TORN), fails(175, 168, -7, GRANTED)),
        Case(
            "a line that the form had before",
            frame("2021", {"proactive/other_services/decisions": 5}),
            fails(10, 10, 0, "proactive/other_services/decisions"),
        ),
    ],
    "S04": [
        Case(
            "a negative count",
            frame("2021", {"proactive/penalties/decisions": -14}),
            fails(None, -14, None, "proactive/penalties/decisions"),
        ),
        Case("half a request", frame("2021", {"requests/new/other": 0.5}), fails(None, 0.5, None, "requests/new/other")),
        Case("a negative amount", frame("2021", {FEES: -7730.28}), fails(None, -7730.28, None, FEES)),
        Case(
            "a negative number of items, beside a change that may be negative",
            frame("2019", {"proactive/licensing/items_previous_year": -30, "proactive/licensing/items_change": 60}),
            fails(None, -30, None, "proactive/licensing/items_previous_year"),
        ),
    ],
    "S05": [
        # 251,000 yuan are 25.1 ten thousands
        Case("元 taken for 万元", frame("2021", {FEES: (251000, "251,000元")}), fails(25.1, 251000, 250974.9, FEES)),
        Case("元 under a header of 万元", frame("2021", {FEES: (25.1, "251000元")}), fails(25.1, 25.1, 0, FEES)),
        Case("773 billion yuan of fees", frame("2021", {FEES: 77302800}), fails(None, 77302800, None, FEES)),
        Case("ten thousand times the year before", with_year_before({FEES: 0.77}), fails(0.77, 7730.28, 7729.51, FEES)),
    ],
    "T2I": [
        Case(
            "5 issued, 2 repealed, 2 in force",
            frame("2021", {"proactive/normative_documents/in_force": 2}),
            fails(3, 2, -1, NORMATIVE),
        )
    ],
    "T2O1": [
        Case(
            "2 newly disclosed, 1 in all",
            frame("2019", {"proactive/normative_documents/disclosed_total": 1}),
            fails(2, 1, -1, DISCLOSED),
        )
    ],
    "T2O3": [Case("30 items less 31", frame("2019", {"proactive/licensing/items_change": -31}), fails(0, -1, -1, LICENCES))],
    "T3R": [
        Case("6 and 1 are 7, not 8", frame("2021", {"requests/granted/total": 8}), fails(7, 8, 1, GRANTED)),
        Case(
            "what is left blank cannot lower 7 to 6",
            frame("2021", {"requests/granted/total": 6, "requests/granted/other": BLANK}),
            fails(7, 6, -1, GRANTED),
        ),
    ],
    "T3C": [
        Case(
            "1 and 1 are 2, not 3", frame("2021", {"requests/processed_total/commercial": 3}), fails(2, 3, 1, RESULTS_COMMERCIAL)
        )
    ],
    # 10 + 1 against 9 + 3
    "T3B": [
        Case(
            "one more carried forward", frame("2021", {"requests/carried_out/natural_person": 3}), fails(11, 12, 1, FLOW_NATURAL)
        )
    ],
    "T3S": [
        Case(
            "3 not held, subtotal of 4",
            frame("2021", {**SUBTOTAL, "requests/unable/natural_person": 4}),
            fails(3, 4, 1, column("requests", (*UNABLE, "unable"), "natural_person")),
        )
    ],
    "T4S": [Case("2 and 1 are 3, not 0", frame("2021", {"review/reconsideration/total": 0}), fails(3, 0, -3, RECONSIDERATION))],
    "A01": [
        Case("2 and 4 requests are 6, not 5", frame("2008", {"statistics/网上申请数/this_year": 4}), fails(6, 5, -1, CHANNELS)),
        Case(
            "4 granted this year, 3 in all years",
            frame("2008", {"statistics/同意公开答复数/cumulative": 3, "statistics/不予公开答复数/cumulative": 5}),
            fails(4, 3, -1, row("statistics", "同意公开答复数", ("cumulative", "this_year"))),
        ),
    ],
    "TJ": [
        # by its line （七） of natural persons is 11 - 2 = 9, by its column it is 11 + 3 = 14
        Case(
            "5 more natural persons than the blanks allow",
            frame(
                "2021",
                {
                    "requests/granted/natural_person": 11,
                    "requests/granted/total": BLANK,
                    "requests/processed_total/natural_person": BLANK,
                },
            ),
            Finding(
                "fail",
                cells=f"{row('requests', 'processed_total', COLUMNS)};{column('requests', RESULTS['2021'], 'natural_person')}",
            ),
        ),
    ],
    "S06": [
        Case("an overview left from the year before", prose({1: OVERVIEW.replace("2022", "2021")}), fails(2022, 2021, -1)),
        Case(
            "the problems are those of the year before",
            prose({1: OVERVIEW, 5: "主动公开有待加强。2021年，我区政府信息公开工作还存在不足。"}),
            fails(2022, 2021, -1),
        ),
        Case(
            "a section begins with an earlier year",
            prose({1: OVERVIEW, 6: "2020年度，本区没有收取处理费。"}),
            fails(2022, 2020, -2),
        ),
        Case(
            "a title of another year than the period",
            prose({1: OVERVIEW}, notes=[Note("year_conflict", "", "", printed="某区2022年政府信息公开工作年度报告")]),
            Finding("fail"),
        ),
    ],
    "NT": [
        Case("13 claimed, 12 in the table", saying(claim(NEW, 13)), fails(13, 12, -1, NEW)),
        Case(
            "4 that could not be provided, 3 in three lines",
            saying(claim("requests/unable/total", 4)),
            fails(4, 3, -1, column("requests", UNABLE, "total")),
        ),
        Case("1 of an organisation, 2 in five columns", saying(claim(NEW_OTHERS, 1)), fails(1, 2, 1, ORGANISATIONS)),
        Case("3 cases in court, 0 and 2", saying(claim("review/litigation/total", 3)), fails(3, 2, -1, LITIGATION)),
        Case("more than 20 are 20 to 29", saying(claim(NEW, 20, 29, qualifier="余")), fails(20, 12, -8, NEW)),
        Case("all 12 answered", saying(claim("requests/processed_total/total", 12, qualifier="all")), fails(12, 11, -1, DONE)),
        Case("the office received 5", saying(claim(NEW, 5, scope="本机关")), fails(5, 12, 7, NEW)),
        # 7730.28 is less than 7731.5
        Case("an amount beyond rounding", saying(claim(FEES, 7732, unit="万元")), fails(7732, 7730.28, -1.72, FEES)),
    ],
    "NS": [
        Case(
            "9 and 2 are 11, not 12",
            saying(claim(NEW_PERSONS, 9), claim(NEW_OTHERS, 2), claim(NEW, 12)),
            fails(11, 12, 1, f"{NEW_PERSONS};{ORGANISATIONS};{NEW}"),
        ),
        # 3 and 9 are more than 11, whatever else there may be
        Case(
            "two results that are more than all",
            saying(claim("requests/unable/total", 3), claim("requests/granted/total", 9), claim(DONE, 11)),
            fails(12, 11, -1, f"requests/granted/total;{column('requests', UNABLE, 'total')};{DONE}"),
        ),
        # 12 and 2 against 11 and 2
        Case(
            "more received than answered and left",
            saying(
                claim(NEW, 12), claim("requests/carried_in/total", 2), claim(DONE, 11), claim("requests/carried_out/total", 2)
            ),
            fails(14, 13, -1, column("requests", ("new", "carried_in", "processed_total", "carried_out"), "total")),
        ),
    ],
    # 10 in the year before: 2 more, a fifth
    "NC": [
        Case(
            "half as many again, from 10 to 12",
            saying(claim(NEW, 50, unit="%", qualifier="growth"), claim(NEW, 10, **LAST_YEAR)),
            fails(20, 50, 30, NEW),
        ),
        Case(
            "3 fewer, from 10 to 12",
            saying(claim(NEW, -3, qualifier="change"), claim(NEW, 10, **LAST_YEAR)),
            fails(2, -3, -5, NEW),
        ),
    ],
    "NZ": [
        Case(
            "none carried forward, 2 in the table",
            saying(claim("requests/carried_out/total", 0, unit="")),
            fails(0, 2, 2, "requests/carried_out/total"),
        ),
        Case("no case in court, 0 and 2", saying(claim("review/litigation/total", 0, unit="")), fails(0, 2, 2, LITIGATION)),
    ],
    "NF": [Case("the fees of another table", prose({1: OVERVIEW, 6: "行政事业性收费见上表，无其他事项。"}), Finding("fail"))],
    "NE": [Case("nothing to say", prose({1: OVERVIEW, 5: "无。"}), Finding("fail"))],
    "T3Y": [
        Case("3 carried out, 1 carried in", with_year_before({**CARRIED, OUT: 3}), fails(3, 1, -2, IN)),
        Case(
            "1 of a natural person carried out, of an enterprise carried in",
            with_year_before({**CARRIED, "requests/carried_out/commercial": 1}),
            fails(1, 0, -1, "requests/carried_in/commercial"),
        ),
        Case("over the break", with_year_before({**CARRIED, OUT: 0}, versions=BREAK), fails(0, 1, 1, IN)),
        Case(
            "the table leaves it blank, the prose says 4",
            with_year_before({**CARRIED, OUT: BLANK}, claims=claims_of(claim(OUT, 4, **LAST_YEAR))),
            fails(4, 1, -3, IN),
        ),
        Case(
            "the year before is not there, its prose says 4",
            Reports(frame("2021"), claims=claims_of(claim(OUT, 4, **LAST_YEAR))),
            fails(4, 1, -3, IN),
        ),
    ],
    "T4Y": [Case("1 pending, none this year", with_year_before({}, {PENDING: 0}), fails(1, 0, -1, PENDING))],
    # 11 processed in each of the two years
    "T4P": [
        Case(
            "20 reconsiderations and 3 suits after 22 requests",
            with_year_before({}, {"review/reconsideration/total": 20, "review/litigation_direct/total": 3}),
            fails(23, 22, -1, DISPUTES),
        ),
        Case(
            "across the forms of 2019 and 2021",
            with_year_before({DONE: 0}, {"review/reconsideration/total": 12}, BREAK),
            fails(12, 11, -1, DISPUTES),
        ),
    ],
    # 28 + 5 − 2
    "T2Y": [
        Case(
            "31 in force, 30 reported",
            with_year_before({**IN_FORCE, "proactive/normative_documents/in_force": 28}),
            fails(31, 30, -1, DOCUMENTS_IN_FORCE),
        )
    ],
    # 40 − 2
    "T2O2": [
        Case(
            "38 items, 30 reported",
            with_year_before({**ITEMS, "proactive/licensing/items_previous_year": 40}, versions=("2019", "2019")),
            fails(38, 30, -8, "proactive/licensing/items_previous_year"),
        )
    ],
    # 5 + 5
    "A02": [
        Case(
            "10 in all years, 9 reported",
            with_year_before({**CUMULATIVE, "statistics/受理依申请公开信息总数/cumulative": 5}, versions=("2008", "2008")),
            fails(10, 9, -1, RECEIVED),
        )
    ],
    "XO": [
        Case("ten times as many", with_year_before({}, {NEW: 120}), fails(12, 120, 108, NEW)),
        # 200 are more than five times 20
        Case("a fraction of what it was", with_year_before({NEW: 200}), fails(200, 12, -188, NEW)),
        Case(
            "over the break",
            with_year_before({"proactive/penalties/decisions": 1400}, versions=BREAK),
            fails(1400, 14, -1386, "proactive/penalties/decisions"),
        ),
    ],
    "XD": [
        Case(
            "the table on requests of the year before",
            with_year_before(OTHER_DISCLOSURE | OTHER_REVIEW),
            fails(None, None, None, ";".join("/".join(cell) for cell in form("2021").table("requests").cells)),
        ),
        # 400 characters have 389 passages of twelve, and 373 of them end before the last 16 characters
        Case(
            "the prose of the year before, but for its end",
            with_year_before(
                OTHER_DISCLOSURE | OTHER_REVIEW | OTHER_REQUESTS, texts=texts(PROSE[:-16] + PROSE_BEFORE[:16], PROSE)
            ),
            fails(None, 0.95, None),
        ),
    ],
    "XV": [
        Case(
            "another figure in the republished version",
            other_document({"review/reconsideration/upheld": 12}),
            fails(2, 12, 10, "review/reconsideration/upheld"),
        ),
        Case("a zero for a blank", other_document({"requests/new/other": BLANK}), fails(0, None, None, "requests/new/other")),
    ],
    "XH": [
        # 36 requests of three agencies
        Case("3 times 12 are 36, not 35", summary(["甲局", "乙局", "丙局"], {NEW: 35}), fails(36, 35, -1, NEW)),
    ],
    "XF": [
        Case(
            "another figure in the other document",
            (report(), report(changes={"review/reconsideration/upheld": 12}, kind="word")),
            fails(2, 12, 10, "review/reconsideration/upheld"),
        ),
        Case(
            "a blank in one document, a zero in the other",
            (report(), report(changes={"review/litigation_direct/total": BLANK}, kind="word")),
            fails(0, None, None, "review/litigation_direct/total"),
        ),
    ],
}

SILENT: dict[str, list[Case]] = {
    "S01": [
        Case("a table of contents", report(sections=(1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6)), passes(6, 6, 0)),
        Case("a seventh section of its own", report(sections=(1, 2, 3, 4, 5, 6, 7)), passes(6, 6, 0)),
        Case("the annex has no sections", report("2008", sections=()), None),
    ],
    "S02": [
        Case(
            "a table without a figure is there",
            frame("2021", filled("review", REVIEW_LINES, REVIEW_COLUMNS, BLANK)),
            Finding("pass"),
        ),
        Case("two years apart", pd.concat([frame("2019"), frame("2021")]), Finding("pass")),
    ],
    "S03": [
        # 23 lines of 7 columns
        Case("（六） printed as one line", frame("2021", ONE_LINE), passes(161, 161, 0)),
        Case("a subtotal with figures", frame("2021", SUBTOTAL), passes(175, 175, 0)),
        Case("a heading over seven blanks", frame("2021", filled("requests", ["refused"], COLUMNS, BLANK)), passes(175, 175, 0)),
        Case(
            "a row that could not be read is not missing",
            report(changes=TORN, notes=[Note("unreadable_row", "", "", table="requests", line="granted")]),
            Finding("not_assessable", 175, 168, -7, GRANTED),
        ),
        Case(
            "a line of its own is noted, and the form is complete",
            report(notes=[Note("outside_form", "", "", table="requests", line="")]),
            passes(175, 175, 0),
        ),
    ],
    "S04": [
        Case("an amount of 万元 has decimals", frame("2021", {FEES: 0.0001}), Finding("pass")),
        Case("fewer items than the year before", frame("2019", {"proactive/penalties/items_change": -80}), Finding("pass")),
        Case("full-width numerals", frame("2021", {"requests/new/total": (12, "１２")}), Finding("pass")),
        Case("a slash is no figure", frame("2021", {FEES: SLASH}), open_(FEES)),
        Case(
            "a blank is no zero",
            frame("2021", {"review/litigation_direct/total": BLANK}),
            open_("review/litigation_direct/total"),
        ),
    ],
    "S05": [
        Case(
            "full-width numerals with their unit",
            frame("2021", {FEES: (7730.28, "７７３０．２８万元")}),
            passes(None, 7730.28, None, FEES),
        ),
        Case(
            "commas, and the unit in brackets",
            frame("2021", {FEES: (7730.28, "7,730.28（万元）")}),
            passes(None, 7730.28, None, FEES),
        ),
        Case("a rich province", frame("2021", {FEES: 9999999.99}), passes(None, 9999999.99, None, FEES)),
        Case("a city without fees", frame("2021", {FEES: 0}), passes(None, 0, None, FEES)),
        Case("a hundred times the year before", with_year_before({FEES: 77.3}), passes(None, 7730.28, None, FEES)),
        Case("from nothing", with_year_before({FEES: 0}), passes(None, 7730.28, None, FEES)),
        Case("nothing is nothing in yuan too", frame("2021", {FEES: (0, "0元")}), passes(None, 0, None, FEES)),
        Case(
            "a remark with an amount of its own",
            frame("2021", {FEES: (7730.28, "7730.28（其中罚没收入100元）")}),
            passes(None, 7730.28, None, FEES),
        ),
        Case("无此项", frame("2021", {FEES: SLASH}), open_(FEES)),
        # 3,215,000 yuan, in a column whose header names no unit
        Case(
            "procurement in 元 in the form of 2019",
            frame("2019", {"proactive/procurement/amount": (321.5, "3215000元")}),
            passes(None, 321.5, None, "proactive/procurement/amount"),
        ),
    ],
    "T2I": [
        Case(
            "the first documents, all in force",
            frame("2021", {"proactive/normative_documents/in_force": 3}),
            passes(3, 3, 0, NORMATIVE),
        ),
        Case(
            "more repealed than issued, none left",
            frame("2021", {"proactive/normative_documents/repealed": 40, "proactive/normative_documents/in_force": 0}),
            passes(-35, 0, 35, NORMATIVE),
        ),
        Case("in force left blank", frame("2021", {"proactive/normative_documents/in_force": BLANK}), open_(NORMATIVE)),
        Case(
            "repealed left blank may have been 2",
            frame("2021", {"proactive/normative_documents/repealed": BLANK, "proactive/normative_documents/in_force": 3}),
            open_(NORMATIVE),
        ),
    ],
    "T2O1": [
        Case(
            "all disclosed this year",
            frame("2019", {"proactive/normative_documents/disclosed_total": 2}),
            passes(2, 2, 0, DISCLOSED),
        ),
        Case(
            "more produced than disclosed",
            frame("2019", {"proactive/normative_documents/produced": 99}),
            passes(2, 9, 7, DISCLOSED),
        ),
        Case("a slash for the total", frame("2019", {"proactive/normative_documents/disclosed_total": SLASH}), open_(DISCLOSED)),
    ],
    "T2O3": [
        Case("all items dropped", frame("2019", {"proactive/licensing/items_change": -30}), passes(0, 0, 0, LICENCES)),
        Case(
            "the change left blank may be anything", frame("2019", {"proactive/licensing/items_change": BLANK}), open_(LICENCES)
        ),
    ],
    "T3R": [
        Case("a total left blank", frame("2021", {"requests/granted/total": BLANK}), open_(GRANTED)),
        Case("a slash is no zero", frame("2021", {"requests/granted/other": SLASH}), open_(GRANTED)),
        Case(
            "an illegible part may be the one that is lacking",
            frame("2021", {"requests/granted/commercial": ILLEGIBLE}),
            open_(GRANTED),
        ),
        Case("zeros in all columns", frame("2021"), passes(0, 0, 0, row("requests", "partly_granted", COLUMNS))),
        Case("（六） printed as one line", frame("2021", ONE_LINE), passes(1, 1, 0, row("requests", "other", COLUMNS))),
        Case(
            "full-width numerals",
            frame("2021", {"requests/granted/total": (7, "７"), "requests/granted/natural_person": (6, "６")}),
            passes(7, 7, 0, GRANTED),
        ),
    ],
    "T3C": [
        Case("a subtotal is not summed again", frame("2021", SUBTOTAL), passes(2, 2, 0, RESULTS_COMMERCIAL)),
        Case(
            "（六） printed as one line",
            frame("2021", ONE_LINE),
            passes(2, 2, 0, column("requests", (*RESULTS["2019"], "processed_total"), "commercial")),
        ),
        Case(
            "（七） left blank",
            frame("2021", {"requests/processed_total/commercial": BLANK}),
            open_(RESULTS_COMMERCIAL),
        ),
    ],
    "T3B": [
        Case(
            "more processed than received: 10 + 4 are 12 + 2",
            frame(
                "2021",
                {
                    **{f"requests/carried_in/{name}": 4 for name in ("natural_person", "total")},
                    "requests/processed_total/natural_person": 12,
                    "requests/processed_total/total": 14,
                },
            ),
            passes(14, 14, 0, FLOW_NATURAL),
        ),
        Case(
            "nothing carried over, said with a slash",
            frame("2021", {"requests/carried_in/natural_person": SLASH}),
            open_(FLOW_NATURAL),
        ),
        Case("（六） printed as one line", frame("2021", ONE_LINE), passes(11, 11, 0, FLOW_NATURAL)),
    ],
    "T3S": [
        Case(
            "a subtotal that is right",
            frame("2021", SUBTOTAL),
            passes(3, 3, 0, column("requests", (*UNABLE, "unable"), "natural_person")),
        ),
        Case("no subtotal printed", frame("2021"), None),
        Case("a heading over seven blanks", frame("2021", filled("requests", ["unable"], COLUMNS, BLANK)), None),
        Case("（六） printed as one line has no lines to sum", frame("2021", ONE_LINE), None),
        Case("（六） was one line in 2019", frame("2019"), None),
    ],
    "T4S": [
        Case(
            "what is pending counts",
            frame("2021"),
            passes(2, 2, 0, row("review", "litigation_after_reconsideration", REVIEW_COLUMNS)),
        ),
        Case("no case at all", frame("2021"), passes(0, 0, 0, row("review", "litigation_direct", REVIEW_COLUMNS))),
        Case("a total left blank", frame("2021", {"review/reconsideration/total": BLANK}), open_(RECONSIDERATION)),
        Case(
            "a block of slashes",
            frame("2021", filled("review", ["reconsideration"], REVIEW_COLUMNS, SLASH)),
            open_(RECONSIDERATION),
        ),
    ],
    "TJ": [
        Case(
            "blanks that can be filled",
            frame("2021", {"requests/granted/total": BLANK, "requests/processed_total/natural_person": BLANK}),
            passes(None, None, None),
        ),
        Case(
            "what fails alone is said by its own rule",
            frame("2021", {"requests/granted/total": 8, "requests/new/total": BLANK}),
            passes(None, None, None),
        ),
        Case("a table without figures", frame("2021", filled("requests", request_lines("2021"), COLUMNS, BLANK)), None),
        Case("no blank, nothing to fill", frame("2021"), None),
    ],
    "A01": [
        # 1 + 3 of 5: who sorted one request under a heading of their own may be right
        Case(
            "a line that the agency added may hold the rest",
            frame(
                "2008",
                {
                    "statistics/当面申请数/this_year": 1,
                    **filled("statistics", ["其他形式申请数"], ["this_year", "cumulative"], 1),
                },
            ),
            Finding("not_assessable", 4, 5, 1, CHANNELS),
        ),
        Case(
            "a first year: as many as in all years",
            frame("2008", {f"statistics/{line}/cumulative": figures[0] for line, figures in ANNEX.items()}),
            passes(2, 2, 0, row("statistics", "当面申请数", ("cumulative", "this_year"))),
        ),
        Case(
            "no column of all years",
            frame("2008", {f"statistics/{line}/cumulative": None for line in ANNEX}),
            passes(5, 5, 0, CHANNELS),
        ),
        Case(
            "no channel printed",
            frame("2008", filled("statistics", ["当面申请数", "网上申请数"], ["this_year", "cumulative"], None)),
            passes(5, 9, 4, row("statistics", "受理依申请公开信息总数", ("cumulative", "this_year"))),
        ),
    ],
    "S06": [
        Case("its own year", prose({1: OVERVIEW}), Finding("pass")),
        Case(
            "the year of a work, of an event and of a plan",
            prose({1: "《2021年工作要点》印发后，我区抓好落实。2021年12月，召开会议。", 6: "2023年，我区将继续努力。"}),
            Finding("pass"),
        ),
        Case("an event of the year before", prose({1: "2021年12月，我区召开会议。"}), Finding("pass")),
        Case("both years", prose({1: f"2021年，我区打下基础。{OVERVIEW}"}), Finding("pass")),
        Case(
            "an event in another section",
            prose({1: OVERVIEW, 6: "2021年，省政府印发办法。2021年5月，我区召开会议。"}),
            Finding("pass"),
        ),
        Case("a comparison", prose({1: OVERVIEW, 5: "与2021年相比，我区仍有不足；2021年以来，我区已有改进。"}), Finding("pass")),
        Case("a law of the province", prose({1: OVERVIEW, 6: "2021年，我省出台信息处理费管理办法。"}), Finding("pass")),
        Case("a plan", prose({1: OVERVIEW, 5: "公开还不及时。2023年，我区将加强培训。"}), Finding("pass")),
        Case("a work", prose({1: OVERVIEW, 6: "《2021年，我区这样公开》已出版。"}), Finding("pass")),
        Case(
            "the past, in a section that comes to its own year",
            prose({1: OVERVIEW, 6: "2021年，我区没有收费。2022年，我区收费一件。"}),
            Finding("pass"),
        ),
        Case("no overview", prose({6: "无。"}), open_()),
        Case("nothing is known of the text", frame("2021"), None),
    ],
    "NT": [
        Case("as in the table", saying(claim(NEW, 12)), passes(12, 12, 0, NEW)),
        Case("more than 10 are 10 to 19", saying(claim(NEW, 10, 19, qualifier="余")), passes(12, 12, 0, NEW)),
        Case("（六） printed as one line", saying(claim(OTHERS, 1), changes=ONE_LINE), passes(1, 1, 0, OTHERS)),
        Case("（六） was one line in 2019", saying(claim(OTHERS, 1, year=2020), version="2019"), passes(1, 1, 0, OTHERS)),
        Case(
            "only the subtotal has a figure",
            saying(
                claim("requests/unable/total", 3),
                changes={**SUBTOTAL, **filled("requests", UNABLE, COLUMNS, BLANK), UNABLE_ALL: 3.0},
            ),
            passes(3, 3, 0, UNABLE_ALL),
        ),
        Case("7730 to the nearest 万元", saying(claim(FEES, 7730, unit="万元")), passes(7730, 7730.28, 0.28, FEES)),
        Case("of the year before", saying(claim(NEW, 13, **LAST_YEAR)), None),
        Case("13 more are no level", saying(claim(NEW, 13, qualifier="change")), None),
        Case("without a counterpart in the tables", saying(claim("", 13)), None),
        Case("the annex has other lines", saying(claim(NEW, 13, year=2015), version="2008"), None),
        Case(
            "a blank is no zero",
            saying(claim(NEW, 0), changes={NEW: BLANK}),
            Finding("not_assessable", 0, None, None, NEW),
        ),
        Case("nothing is known of the prose", frame("2021"), None),
    ],
    "NS": [
        Case(
            "10 and 2 are 12",
            saying(claim(NEW_PERSONS, 10), claim(NEW_OTHERS, 2), claim(NEW, 12)),
            passes(12, 12, 0, f"{NEW_PERSONS};{ORGANISATIONS};{NEW}"),
        ),
        Case(
            "7 and 3 of 11: other results are not named",
            saying(claim("requests/granted/total", 7), claim("requests/unable/total", 3), claim(DONE, 11)),
            Finding("not_assessable", 10, 11, 1, f"requests/granted/total;{column('requests', UNABLE, 'total')};{DONE}"),
        ),
        Case(
            "parts of the office, the total of the district",
            saying(claim(NEW_PERSONS, 9, scope="本机关"), claim(NEW_OTHERS, 2, scope="本机关"), claim(NEW, 12, scope="全区")),
            None,
        ),
        Case("one part alone", saying(claim(NEW_PERSONS, 9), claim(NEW, 12)), None),
        Case("about 12", saying(claim(NEW_PERSONS, 9), claim(NEW_OTHERS, 2), claim(NEW, 11, 13, qualifier="约")), None),
        Case("what was carried over is not claimed", saying(claim(NEW, 12), claim(DONE, 11)), None),
    ],
    "NC": [
        # (12 − 7) / 7 = 71.43 %
        Case(
            "71.4 per cent, from 7 to 12",
            saying(claim(NEW, 71.4, unit="%", qualifier="growth"), claim(NEW, 7, **LAST_YEAR)),
            passes(500 / 7, 71.4, -0.028571, NEW),
        ),
        Case(
            "2 more, from 10 to 12", saying(claim(NEW, 2, qualifier="change"), claim(NEW, 10, **LAST_YEAR)), passes(2, 2, 0, NEW)
        ),
        Case(
            "the year before is not known",
            saying(claim(NEW, 50, unit="%", qualifier="growth")),
            Finding("not_assessable", None, 50, None, NEW),
        ),
        Case(
            "growth from nothing has no percentage",
            saying(claim(NEW, 50, unit="%", qualifier="growth"), claim(NEW, 0, **LAST_YEAR)),
            Finding("not_assessable", None, 50, None, NEW),
        ),
        Case(
            "percentage points of a rate",
            saying(claim(NEW, 5, qualifier="change", quote="公开率提升5个百分点"), claim(NEW, 10, **LAST_YEAR)),
            None,
        ),
    ],
    "NZ": [
        Case(
            "none, and 0 in the table",
            saying(claim("review/litigation_direct/total", 0, unit="")),
            passes(0, 0, 0, "review/litigation_direct/total"),
        ),
        Case(
            "a slash is no zero",
            saying(claim(NEW, 0, unit=""), changes={NEW: SLASH}),
            Finding("not_assessable", 0, None, None, NEW),
        ),
        Case("0 pieces are a figure", saying(claim("requests/carried_out/total", 0)), None),
    ],
    "NF": [
        Case("none charged", prose({1: OVERVIEW, 6: "2022年未收取政府信息公开信息处理费。"}), Finding("pass")),
        Case("not asked for in 2020", prose({1: OVERVIEW, 6: "无。"}, "2019"), None),
        Case("no section six", prose({1: OVERVIEW}), open_()),
        Case("headings and tables alone", prose({5: "", 6: ""}), open_()),
        Case("a page that was not read", prose({1: OVERVIEW, 6: "无。"}, notes=[Note("unread_page", "", "")]), open_()),
    ],
    "NE": [
        Case("two problems", prose({1: OVERVIEW, 5: PROBLEMS}), Finding("pass")),
        Case("no section five", prose({1: OVERVIEW}), open_()),
        Case("headings and tables alone", prose({5: "", 6: ""}), open_()),
        Case("a report without its text", report(), open_()),
    ],
    "T3Y": [
        Case("1 and 1", with_year_before(CARRIED), passes(1, 1, 0, IN)),
        Case("two years apart", with_year_before({OUT: 9}, years=2), None),
        Case("a report alone", frame("2021"), None),
        Case(
            "another agency", Reports(pd.concat([frame("2021", {OUT: 9}).assign(agency="某县", year=2021), frame("2021")])), None
        ),
        Case("the annex carries nothing over", Reports(pd.concat([frame("2008").assign(year=2019), frame("2019")])), None),
        Case("a blank is no zero", with_year_before({**CARRIED, OUT: BLANK}), open_(IN)),
        Case(
            "the table leaves it blank, the prose says 1",
            with_year_before({**CARRIED, OUT: BLANK}, claims=claims_of(claim(OUT, 1, **LAST_YEAR))),
            passes(1, 1, 0, IN),
        ),
        Case(
            "the prose says about 4, or 4 of the office",
            with_year_before(
                {**CARRIED, OUT: BLANK},
                claims=claims_of(claim(OUT, 4, 5, qualifier="约", **LAST_YEAR), claim(OUT, 4, scope="本机关", **LAST_YEAR)),
            ),
            open_(IN),
        ),
        Case(
            "the prose says 4 and 5",
            with_year_before({**CARRIED, OUT: BLANK}, claims=claims_of(claim(OUT, 4, **LAST_YEAR), claim(OUT, 5, **LAST_YEAR))),
            open_(IN),
        ),
    ],
    "T4Y": [
        Case("1 pending, 1 this year", with_year_before({}, {PENDING: 1}), passes(1, 1, 0, PENDING)),
        Case(
            "pending left blank",
            with_year_before({"review/litigation_after_reconsideration/pending": BLANK}),
            open_(PENDING),
        ),
    ],
    "T4P": [
        Case(
            "20 reconsiderations and 2 suits after 22 requests",
            with_year_before({}, {"review/reconsideration/total": 20, "review/litigation_direct/total": 2}),
            passes(22, 22, 0, DISPUTES),
        ),
        Case(
            "suits after reconsideration are not counted again",
            with_year_before({}, {"review/litigation_after_reconsideration/total": 90}),
            passes(3, 22, 19, DISPUTES),
        ),
        Case("a report alone", frame("2021", {"review/reconsideration/total": 90}), None),
        Case("two years apart", with_year_before({}, {"review/reconsideration/total": 90}, years=2), None),
        Case("the annex of the year before", with_year_before({}, {"review/reconsideration/total": 90}, ("2008", "2019")), None),
        Case("the annexes of both years", with_year_before({}, versions=("2008", "2008")), None),
        Case("a blank is no zero", with_year_before({DONE: BLANK}, {"review/reconsideration/total": 90}), open_(DISPUTES)),
        Case(
            "a table that the year before does not have",
            with_year_before(filled("requests", request_lines("2021"), COLUMNS, None), {"review/reconsideration/total": 90}),
            open_(DISPUTES),
        ),
    ],
    "T2Y": [
        Case("27 and 5 less 2 are 30", with_year_before(IN_FORCE), passes(30, 30, 0, DOCUMENTS_IN_FORCE)),
        Case("the form of 2019 knows no documents in force", with_year_before({}, versions=BREAK), None),
        Case(
            "in force left blank",
            with_year_before({**IN_FORCE, "proactive/normative_documents/in_force": SLASH}),
            open_(DOCUMENTS_IN_FORCE),
        ),
    ],
    "T2O2": [
        Case(
            "32 less 2 are 30",
            with_year_before(ITEMS, versions=("2019", "2019")),
            passes(30, 30, 0, "proactive/licensing/items_previous_year"),
        ),
        Case("the form of 2021 counts no items", with_year_before({}, versions=BREAK), None),
        Case(
            "the change left blank",
            with_year_before({**ITEMS, "proactive/licensing/items_change": BLANK}, versions=("2019", "2019")),
            open_("proactive/licensing/items_previous_year"),
        ),
    ],
    "A02": [
        Case("4 and 5 are 9", with_year_before(CUMULATIVE, versions=("2008", "2008")), passes(9, 9, 0, RECEIVED)),
        Case(
            "a line of the agency with a slash in its name",
            with_year_before(
                {**CUMULATIVE, "statistics/复议、诉讼数（件/年）/cumulative": 3},
                {f"statistics/复议、诉讼数（件/年）/{name}": count for name, count in (("this_year", 1), ("cumulative", 4))},
                versions=("2008", "2008"),
            ),
            passes(4, 4, 0, "statistics/复议、诉讼数（件/年）/this_year;statistics/复议、诉讼数（件/年）/cumulative"),
        ),
        Case(
            "a channel that the year before did not print",
            with_year_before(
                {**CUMULATIVE, **filled("statistics", ["网上申请数"], ["this_year", "cumulative"], None)},
                versions=("2008", "2008"),
            ),
            passes(9, 9, 0, RECEIVED),
        ),
        Case(
            "no column of all years",
            with_year_before({f"statistics/{line}/cumulative": None for line in ANNEX}, versions=("2008", "2008")),
            None,
        ),
    ],
    "XO": [
        Case("from 2 to 12 is little", with_year_before({NEW: 2}), passes(None, None, None)),
        Case("five times as many", with_year_before({NEW: 20}, {NEW: 100}), passes(None, None, None)),
        Case(
            "documents produced are not documents issued",
            with_year_before({}, {"proactive/normative_documents/issued": 900}, BREAK),
            passes(None, None, None),
        ),
        Case("a blank is no zero", with_year_before({NEW: BLANK}, {NEW: 500}), passes(None, None, None)),
    ],
    "XD": [
        Case(
            "one figure differs in each table",
            with_year_before(OTHER_DISCLOSURE | OTHER_REVIEW | OTHER_REQUESTS),
            passes(None, None, None),
        ),
        Case(
            "3 cases, all upheld, in both years",
            with_year_before(
                OTHER_DISCLOSURE
                | OTHER_REQUESTS
                | (
                    three := {
                        f"review/{line}/{name}": 3.0 * (line == "reconsideration" and name in {"upheld", "total"})
                        for line in REVIEW_LINES
                        for name in REVIEW_COLUMNS
                    }
                ),
                three,
            ),
            passes(None, None, None),
        ),
        Case(
            "an illegible cell may differ",
            with_year_before(OTHER_DISCLOSURE | OTHER_REVIEW | {"requests/new/other": ILLEGIBLE}),
            open_(),
        ),
        Case(
            "half of the prose",
            with_year_before(
                OTHER_DISCLOSURE | OTHER_REVIEW | OTHER_REQUESTS, texts=texts(PROSE[:200] + PROSE_BEFORE[:200], PROSE)
            ),
            passes(None, 0.48, None),
        ),
    ],
    "XV": [
        Case("the same again", other_document({}), passes(None, None, None)),
        Case("a table that was not read again", other_document(TORN), open_(GRANTED)),
        Case("another format of the same", other_document({"review/reconsideration/upheld": 12}, vintage=1), None),
        Case("no other version", frame("2021"), None),
    ],
    "XH": [
        Case("3 times 12 are 36", summary(["甲局", "乙局", "丙局"]), passes(None, None, None)),
        Case("one of the three is not there", summary(["甲局", "乙局"], {NEW: 35}), open_()),
        Case("a blank is no zero", summary(["甲局", "乙局", "丙局"], {NEW: BLANK}), open_(NEW)),
        Case(
            "nobody says that it is a summary",
            Reports(frame("2021"), reports=pd.DataFrame({"agency": ["某区"], "year": [2022]})),
            None,
        ),
    ],
    "XF": [
        Case(
            "the same in full-width numerals and with a comma",
            (
                report(changes={"proactive/licensing/decisions": (1204, "1,204"), "review/reconsideration/upheld": (2, "２")}),
                report(changes={"proactive/licensing/decisions": (1204, "1204")}, kind="word"),
            ),
            Finding("pass"),
        ),
        Case(
            "the same amount in 元, but for the noise of binary fractions",
            (report(changes={FEES: 0.3}), report(changes={FEES: (0.1 + 0.2, "3000元")}, kind="word")),
            Finding("pass"),
        ),
        Case(
            "what one document does not let be read does not differ",
            (report(), report(changes={"review/reconsideration/upheld": ILLEGIBLE}, kind="word")),
            open_("review/reconsideration/upheld"),
        ),
        Case(
            "a line that only one document shows",
            (report(), report(changes=TORN, kind="word")),
            open_(GRANTED),
        ),
    ],
}


def table_of_cases() -> Iterator[Any]:
    """Every case of every rule, and a gap where a rule has none."""
    for rule in rules()["id"]:
        for sort, cases in (("fires", FIRES), ("silent", SILENT)):
            for case in cases.get(rule, ()):
                yield pytest.param(rule, sort, case, id=f"{rule} {sort}: {case.about}")
            if not cases.get(rule):
                yield pytest.param(rule, sort, None, id=f"{rule} {sort}: no case")


@pytest.mark.parametrize(("rule", "sort", "case"), list(table_of_cases()))
def test_a_rule_fires_where_it_must_and_nowhere_else(rule: str, sort: str, case: Case | None) -> None:
    assert case is not None, f"rule {rule} needs a case in {sort.upper()}"
    document = case.document
    findings = compare_formats(*document).findings if isinstance(document, tuple) else reconcile(document)
    rows = findings.loc[findings["rule"] == rule, list(Finding._fields)].astype(object)
    said = [Finding(*row) for row in rows.where(rows.notna(), None).to_numpy().tolist()]
    alarms = [finding for finding in said if finding.status != "pass"]
    if case.finding is None:
        assert not said
    elif case.finding.status == "pass":
        assert not alarms
        assert case.finding in said
    else:
        assert alarms == [pytest.approx(case.finding)]
    fired = any(finding.status == "fail" or rule == "S02" for finding in alarms)
    assert fired == (sort == "fires")


@pytest.mark.parametrize("version", IDENTITY)
def test_the_report_that_the_cases_change_is_consistent(version: str) -> None:
    assert set(reconcile(frame(version))["status"]) == {"pass"}


def test_cases_are_of_rules() -> None:
    assert FIRES.keys() | SILENT.keys() == set(rules()["id"])


NEW_RULES = """
[[rules]]
id = "NEW1"
severity = "W"
scope = "report"
title_zh = "直接起诉不多于上年与本年新收"
title_en = "direct litigation is at most the requests of two years"
source = "试验"
[[rules.edits]]
table = "review"
each = "report"
left = ["requests/new/total", "before.requests/new/total"]
relation = ">="
right = ["review/litigation_direct/total"]
[rules.messages]
pass = { zh = "相合。", en = "It fits." }
fail = { zh = "{right}，多于{left}（{before} 年）。", en = "{right}, more than {left} ({before})." }

[[rules]]
id = "NEW2"
severity = "I"
scope = "report"
title_zh = "复议不多于办结"
title_en = "reconsiderations are at most the requests processed"
source = "试验"
[[rules.edits]]
table = "review"
each = "report"
left = ["requests/processed_total/total"]
relation = ">="
right = ["review/reconsideration/total"]
[rules.messages]
pass = { zh = "相合。", en = "It fits." }
fail = { zh = "{right}，多于{left}。", en = "{right}, more than {left}." }

[edits.messages]
"""


def test_a_linear_rule_over_years_or_tables_is_a_few_lines_of_toml(monkeypatch: pytest.MonkeyPatch) -> None:
    with_more = tomllib.loads(RULES_FILE.read_text("utf-8").replace("[edits.messages]", NEW_RULES.strip()))
    monkeypatch.setattr(rulebook, "package_data", lambda _: with_more)
    for known in (rulebook._parsed,):
        known.cache_clear()
    try:
        printed = {"requests/new/total": [2, 3], "requests/processed_total/total": [4, 9], "review/reconsideration/total": [5, 1]}
        printed["review/litigation_direct/total"] = [0, 6]
        rows = [
            ("某区", 2022 + at, "2021", *cell.split("/"), figure, "reported")
            for cell, two in printed.items()
            for at, figure in enumerate(two)
        ]
        columns = ["agency", "year", "form", "table", "line", "column", "value", "status"]
        found = reconcile(pd.DataFrame(rows, columns=columns))
        new = found[found["rule"].str.startswith("NEW")][["rule", "year", "severity", "status", "expected", "reported"]]
        # of the report alone in each year; over two years only where the year before is there
        assert new.to_numpy().tolist() == [
            ["NEW2", 2022, "I", "fail", 5, 4],
            ["NEW1", 2023, "W", "fail", 6, 5],
            ["NEW2", 2023, "I", "pass", 1, 9],
        ]
        assert found.loc[found["rule"] == "NEW1", "message_zh"].item() == (
            "“行政诉讼·未经复议直接起诉” 6，"
            "多于“一、本年新收政府信息公开申请数量” 3＋上年的“一、本年新收政府信息公开申请数量” 2＝5（2022 年）。"
        )
    finally:
        monkeypatch.undo()
        for known in (rulebook._parsed,):
            known.cache_clear()


SECTION_RULE = """
[[rules]]
id = "NEW3"
severity = "I"
scope = "report"
title_zh = "总体情况说到平台"
title_en = "the overview tells of the platform"
source = "试验"
section = 1
says = "平台"
other_than = "市平台"
[rules.messages]
pass = { zh = "说到了。", en = "It does." }
fail = { zh = "没有说到：“{quote}”。", en = "It does not: “{quote}”." }
not_assessable = { zh = "没有读到。", en = "It was not found." }

[edits.messages]
"""


def test_a_rule_on_what_a_section_says_is_a_few_lines_of_toml(monkeypatch: pytest.MonkeyPatch) -> None:
    with_more = tomllib.loads(RULES_FILE.read_text("utf-8").replace("[edits.messages]", SECTION_RULE.strip()))
    monkeypatch.setattr(rulebook, "package_data", lambda _: with_more)
    for known in (rulebook._parsed,):
        known.cache_clear()
    try:
        long = "全年制度健全，程序规范，答复及时，公开全面，监督有力，培训到位，"
        sections = ({1: long + "平台已建成。"}, {1: long + "用市平台。"}, {5: long})
        told = [reconcile(prose(one)).query("rule == 'NEW3'")["status"].item() for one in sections]
        assert told == ["pass", "fail", "not_assessable"]
    finally:
        monkeypatch.undo()
        for known in (rulebook._parsed,):
            known.cache_clear()
