"""Annual reports with random but realistic figures, typeset as government sites, converters and copies print them.

A `Copy` holds what an agency prints, and its statutory tables as boxes. A *distortion* changes the boxes, a *setting* turns
them into a document. Both say which cells the document no longer shows (`absent`), or shows so that no careful person could
tell them (`obscure`). All sentences are the project's own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import groupby
from random import Random
from typing import NamedTuple

from opencc import OpenCC

from govstats.forms import Form, Line, Table, form

CellKey = tuple[str, str, str]
Printed = dict[CellKey, str]

AMOUNTS = {("proactive", "administrative_fees", "amount"), ("proactive", "procurement", "amount")}
APPLICANTS = ("natural_person", "commercial", "research", "social", "legal", "other")
NOT_RESULTS = {"new", "carried_in", "processed_total", "carried_out"}
STUB, HEADER, COLUMNS = 3, 3, 7
REVIEWS = ("reconsideration", "litigation_direct", "litigation_after_reconsideration")
FULL_WIDTH = {ord(digit): ord(digit) + 0xFEE0 for digit in "0123456789"}
HALF_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}


class Box(NamedTuple):
    """A cell of a table, with the rows and columns it spans."""

    text: str
    down: int = 1
    across: int = 1


Rows = list[list[Box]]
Lines = list[list[str]]


@dataclass
class Copy:
    """The figures of one report, its tables as boxes, and what was lost of them."""

    form: Form
    year: int
    random: Random
    printed: Printed
    tables: dict[str, list[Rows]] = field(default_factory=dict)
    absent: set[CellKey] = field(default_factory=set)
    obscure: set[CellKey] = field(default_factory=set)

    def value(self, key: CellKey) -> float | None:
        """Return what the document shows in a cell, in the form's unit; worked out here and not with govstats."""
        number = re.match(r"\s*(-?\d[\d,]*(?:\.\d+)?)(万?)(元?)", self.printed.get(key, "").translate(HALF_WIDTH))
        if not number or key in self.absent:
            return None
        value = float(number[1].replace(",", ""))
        return value / 1e4 if key in AMOUNTS and number[3] and not number[2] else value

    def lose(self, table: str, line: str = "", column: str = "") -> None:
        """Say that the document does not show some cells."""
        self.absent |= set(self._chosen(table, line, column))

    def blur(self, *tables: str, line: str = "") -> None:
        """Say that the document shows some cells, but not which is which."""
        for table in tables or self.tables:
            self.obscure |= set(self._chosen(table, line, ""))

    def blur_blanks(self) -> None:
        """Say that blanks leave no trace: nobody can tell the other cells of their rows, nor the row after a row of blanks."""
        for table in self.form.tables:
            after_blanks = False
            for line in printed_lines(table):
                texts = [self.printed[key] for key in self._chosen(table.id, line.id, "")]
                if after_blanks or "" in texts:
                    self.blur(table.id, line="" if table.lines_across else line.id)
                after_blanks = not any(texts)

    def _chosen(self, table: str, line: str, column: str) -> Iterator[CellKey]:
        return (key for key in self.printed if key[0] == table and line in {"", key[1]} and column in {"", key[2]})

    @property
    def proactive(self) -> Rows:
        return self.tables["proactive"][0]

    @property
    def requests(self) -> Rows:
        return self.tables["requests"][0]

    @property
    def review(self) -> Rows:
        return self.tables["review"][0]

    @property
    def body(self) -> Rows:
        """The rows of the table on requests that hold figures."""
        return self.requests[HEADER:]

    def some(self, most: int, least: int = 0) -> Box:
        """Return a figure of the agency's own, in no cell of the form."""
        return Box(str(self.random.randint(least, most)))

    def row(self, label: str) -> int:
        """Return the number of the row of the table on requests in which a label stands."""
        return next(number for number, row in enumerate(self.requests) if any(label in box.text for box in row))

    def figures(self, table: str, line: str) -> list[Box]:
        """Set the figures of a line."""
        return [Box(self.printed[table, line, column]) for column in self.form.table(table).columns_of[line]]


# --- figures --------------------------------------------------------------------------------------------------------------


def consistent(random: Random, version: str, size: int) -> dict[CellKey, int]:
    """Return counts that satisfy every balance edit; `size` is about the number of natural persons' requests in a line."""
    of_form = form(version)
    results = [line.id for line in printed_lines(of_form.table("requests")) if line.id not in NOT_RESULTS]
    counts = dict.fromkeys(of_form.cells, 0)

    def fill(line: str, column: str, most: int, likely: float) -> None:
        counts["requests", line, column] = random.randint(0, most) if random.random() < likely else 0

    for column in APPLICANTS:
        for line in (*results, "carried_in", "carried_out"):
            common = line in {"granted", "partly_granted", "unable.not_held"}
            fill(line, column, size if column == "natural_person" else size // 12, 0.7 if common else 0.25)
        processed = sum(counts["requests", line, column] for line in results)
        carried_in = min(counts["requests", "carried_in", column], processed + counts["requests", "carried_out", column])
        counts["requests", "carried_in", column] = carried_in
        counts["requests", "processed_total", column] = processed
        counts["requests", "new", column] = processed + counts["requests", "carried_out", column] - carried_in
    for line in (*results, *NOT_RESULTS):
        counts["requests", line, "total"] = sum(counts["requests", line, column] for column in APPLICANTS)
    for line in REVIEWS:
        for column in ("upheld", "corrected", "other", "pending"):
            counts["review", line, column] = random.choice([0, 0, random.randint(0, size // 4)])
            counts["review", line, "total"] += counts["review", line, column]
    for key in of_form.table("proactive").cells:
        signed = key[2] == "items_change"
        counts[key] = (
            random.randint(-9, 9) if signed else random.choice([0, random.randint(0, 9), random.randint(0, 50 * size + 9)])
        )
    return counts


def plain(random: Random, version: str, size: int) -> Printed:
    printed = {key: str(count) for key, count in consistent(random, version, size).items()}
    amounts = ["0", "20.3", "4166.241619", "10650.15", "251000元", "7730.28万元"]
    return printed | {key: random.choice(amounts) for key in printed if key in AMOUNTS}


def distinct(random: Random, version: str) -> Printed:
    """Print another number in every cell: whatever lands in a wrong cell shows, and nothing adds up."""
    keys = form(version).cells
    return {key: str(number) for key, number in zip(keys, random.sample(range(1, 1200), len(keys)), strict=True)}


def mistyped(random: Random, printed: Printed) -> Printed:
    counts = random.sample([key for key in printed if key not in AMOUNTS], 6)
    return printed | {key: str(int(printed[key]) + random.choice([1, 2, 9, 10, 27])) for key in counts}


def with_blanks(random: Random, printed: Printed, share: float, signs: Sequence[str] = ("",)) -> Printed:
    return {key: random.choice(signs) if random.random() < share else text for key, text in printed.items()}


def without_zeros(printed: Printed, sign: str) -> Printed:
    return {key: sign if text == "0" else text for key, text in printed.items()}


def decorated(random: Random, printed: Printed) -> Printed:
    """Print units, remarks, full-width digits, thousands separators, a spreadsheet's decimals."""

    def dressed(key: CellKey, text: str) -> str:
        if key in AMOUNTS or not text.isdigit():
            return text
        unit = "项" if key[0] == "proactive" else "件"
        ways = [f"{text}{unit}", f"{text} {unit}", f"{int(text):,}", f"{text}（其中修订3件）", f"{text}.0", f" {text}\u200b"]
        return random.choice([text, text, text, text.translate(FULL_WIDTH), *ways])

    return {key: dressed(key, text) for key, text in printed.items()}


PROFILES: dict[str, Callable[[Random, str], Printed]] = {
    "distinct": distinct,
    "no requests": lambda random, version: plain(random, version, 0),
    "small": lambda random, version: plain(random, version, 6),
    "large": lambda random, version: plain(random, version, 4000),
    "mistyped": lambda random, version: mistyped(random, plain(random, version, 40)),
    "zeros left out": lambda random, version: without_zeros(plain(random, version, 9), ""),
    "zeros as slashes": lambda random, version: without_zeros(plain(random, version, 9), "/"),
    "few blanks": lambda random, version: with_blanks(random, distinct(random, version), 0.06),
    "many blanks": lambda random, version: with_blanks(random, distinct(random, version), 0.3, ["", "", "/", "—", "无"]),
    "decorated": lambda random, version: decorated(random, plain(random, version, 60)),
}


def copy(profile: str, version: str, seed: int) -> Copy:
    """Return the figures of one report with its statutory tables, the same for the same arguments."""
    random = Random(f"{profile} {version} {seed}")
    year = random.choice([2021, 2023, 2025] if version == "2021" else [2019, 2020])
    report = Copy(form(version), year, random, PROFILES[profile](random, version))
    report.tables = {
        "proactive": [[row for band in proactive_bands(report) for row in band]],
        "requests": [requests_header(report.form.table("requests")) + requests_body(report)],
        "review": [review_rows(report)],
    }
    return report


def before(report: Copy) -> Copy:
    """Return a report of the year before, with figures of its own in every cell."""
    other = copy("distinct", report.form.version, report.random.randrange(99))
    other.year = report.year - 1
    return other


# --- the statutory tables -------------------------------------------------------------------------------------------------


def printed_lines(table: Table) -> list[Line]:
    """Return the lines that carry figures."""
    return [line for line in table.lines if not line.subtotal]


def proactive_bands(report: Copy) -> list[Rows]:
    """Set the bands of the table on proactive disclosure, four columns wide."""
    table = report.form.table("proactive")

    def stretched(boxes: Sequence[Box]) -> list[Box]:
        return [*boxes[:-1], boxes[-1]._replace(across=5 - len(boxes))]

    return [
        [
            [Box(band.zh, 1, 4)],
            stretched([Box(table.corner), *(Box(table.column[column].zh) for column in band.columns)]),
            *(stretched([Box(table.line[line].zh), *report.figures("proactive", line)]) for line in band.lines),
        ]
        for band in table.bands
    ]


def requests_header(table: Table) -> Rows:
    """Set the three header rows of the table on requests."""
    second: list[Box] = []
    for spanner, run in groupby(table.columns, key=lambda column: column.spanner_zh):
        columns = list(run)
        second += [Box(spanner, 1, len(columns))] if spanner else [Box(column.zh, 2) for column in columns]
    first = [Box(table.corner, HEADER, STUB), Box("申请人情况", 1, COLUMNS)]
    return [first, second, [Box(column.zh) for column in table.columns if column.spanner_zh]]


def requests_body(report: Copy) -> Rows:
    """Set the body of the table on requests, its groups spanning their lines."""
    table = report.form.table("requests")
    label: Mapping[str, str] = {entry.id: entry.zh for entry in (*table.groups, *table.lines)}
    group_of = {line.id: line.group for line in table.lines}
    lines = printed_lines(table)

    def groups(line: Line) -> list[str]:
        outer = group_of.get(line.group, "")
        return [group for group in (outer, line.group) if group]

    begun: set[str] = set()
    rows: Rows = []
    for line in lines:
        chain = groups(line)
        row = [Box(label[group], sum(group in groups(other) for other in lines)) for group in chain if group not in begun]
        begun.update(chain)
        rows.append([*row, Box(line.zh, 1, STUB - len(chain)), *report.figures("requests", line.id)])
    return rows


def review_rows(report: Copy, order: Sequence[str] = REVIEWS) -> Rows:
    """Set the table on reconsideration and litigation, all in one row."""
    table = report.form.table("review")
    columns = [Box(column.zh) for column in table.columns]
    rows: Rows = [[], [], [], [box for line in order for box in report.figures("review", line)]]
    for litigation, run in groupby(order, key=lambda line: bool(table.line[line].group)):
        names = [table.line[line].zh for line in run]
        if litigation:
            rows[0].append(Box("行政诉讼", 1, 5 * len(names)))
            rows[1] += [Box(name, 1, 5) for name in names]
            rows[2] += columns * len(names)
        else:
            rows[0] += [Box(name, 1, 5) for name in names]
            rows[1] += [box._replace(down=2) for box in columns] * len(names)
    return rows


def spread(rows: Rows, repeated: bool = False) -> Lines:
    """Lay boxes out over all the places they span; beside a box's own place stands nothing unless it is `repeated`."""
    places: dict[tuple[int, int], str] = {}
    for row, boxes in enumerate(rows):
        column = 0
        for box in boxes:
            while (row, column) in places:
                column += 1
            for down in range(min(box.down, len(rows) - row)):
                for across in range(box.across):
                    places[row + down, column + across] = box.text if repeated or not (down or across) else ""
            column += box.across
    width = 1 + max((column for _, column in places), default=0)
    return [[places.get((row, column), "") for column in range(width)] for row in range(len(rows))]


def boxed(lines: Lines) -> Rows:
    """Turn a laid out table into boxes that span nothing."""
    return [[Box(text) for text in line] for line in lines]


# --- distortions: the tables in other shapes --------------------------------------------------------------------------------

DISTORTIONS: dict[str, Callable[[Copy], None]] = {}


def distortion(function: Callable[[Copy], None]) -> Callable[[Copy], None]:
    """Register a distortion under the name of its function."""
    DISTORTIONS[function.__name__.replace("_", " ")] = function
    return function


GROUPS = ("（三）不予公开", "（四）无法提供", "（五）不予处理", "三、本年度办理结果")


def respan(report: Copy, group: str, by: int) -> None:
    """Let the cell of a group span more or fewer rows."""
    for row in report.requests:
        row[:] = [box._replace(down=max(1, box.down + by)) if box.text == group else box for box in row]


@distortion
def group_spans_too_few_rows(report: Copy) -> None:
    """The rows below slip to the left."""
    respan(report, report.random.choice(GROUPS), -report.random.choice([1, 1, 2]))


@distortion
def group_spans_too_many_rows(report: Copy) -> None:
    respan(report, report.random.choice(GROUPS), report.random.choice([1, 1, 2]))


@distortion
def spans_of_99(report: Copy) -> None:
    report.requests[-1][0] = report.requests[-1][0]._replace(down=99)
    for rows in (report.requests, report.review):
        rows[0][-1] = rows[0][-1]._replace(across=99)
    for row in report.proactive:
        row[-1] = row[-1]._replace(across=99)


@distortion
def header_stub_too_narrow(report: Copy) -> None:
    """The corner of the header forgets that the stub has three columns."""
    report.requests[0][0] = report.requests[0][0]._replace(across=report.random.choice([1, 2]))


@distortion
def header_slipped(report: Copy) -> None:
    """The header forgets to span rows: its last row slips to the left."""
    forgotten = report.random.choice(["all", "applicants", "corner"])
    if forgotten != "corner":
        report.requests[1] = [box._replace(down=1) for box in report.requests[1]]
        report.review[1] = [box._replace(down=1) for box in report.review[1]]
    if forgotten != "applicants":
        report.requests[0][0] = report.requests[0][0]._replace(down=2)


@distortion
def stub_too_narrow(report: Copy) -> None:
    """Some lines forget to span the stub."""
    share = report.random.choice([0.3, 1.0])
    for row in report.body:
        row[:] = [box._replace(across=1) if report.random.random() < share else box for box in row]


@distortion
def header_flat(report: Copy) -> None:
    """One header row without spanners, the groups repeated in each row."""
    header = [Box("项目", 1, STUB), *(Box(column.zh) for column in report.form.table("requests").columns)]
    report.tables["requests"] = [[header, *boxed(spread(requests_body(report), repeated=True))]]


@distortion
def header_lost(report: Copy) -> None:
    del report.requests[: report.random.choice([1, 2, 3])]
    del report.review[: report.random.choice([1, 2])]


@distortion
def blanks_lost_at_row_ends(report: Copy) -> None:
    for row in report.body:
        while not row[-1].text:
            row.pop()


@distortion
def empty_columns_behind(report: Copy) -> None:
    for pieces in report.tables.values():
        for row in pieces[0]:
            row.extend([Box("")] * report.random.choice([1, 1, 2]))


@distortion
def empty_column_in_front(report: Copy) -> None:
    for pieces in report.tables.values():
        for row in pieces[0]:
            row.insert(0, Box(""))


@distortion
def empty_column_before_total(report: Copy) -> None:
    report.requests[1].insert(-1, Box("", 2))
    for row in report.body:
        row.insert(-1, Box(""))


@distortion
def empty_column_behind_labels(report: Copy) -> None:
    """The rows have a column that the header has not."""
    for row in report.body:
        row.insert(len(row) - COLUMNS, Box(""))


@distortion
def remarks_column(report: Copy) -> None:
    report.requests[1].append(Box("备注", 2))
    for row in (*report.body, *report.proactive):
        if len(row) > 1:
            row.append(report.random.choice([Box(""), Box(""), Box("含上年2件"), report.some(12)]))


@distortion
def serial_numbers(report: Copy) -> None:
    report.requests[0].insert(0, Box("序号", HEADER))
    for number, row in enumerate(report.body, start=1):
        row.insert(0, Box(str(number)))


@distortion
def units_column(report: Copy) -> None:
    report.requests[0].insert(1, Box("单位", HEADER))
    for row in report.body:
        row.insert(len(row) - COLUMNS, Box("件"))
    for row in report.proactive:
        if len(row) > 1:
            row.insert(1, Box("单位" if row[0].text == "信息内容" else "万元" if row[0].text == "行政事业性收费" else "件"))


@distortion
def column_of_its_own(report: Copy) -> None:
    """A column that the form lacks stands among the others, in header and body."""
    at = report.random.randrange(1, COLUMNS)
    header_flat(report)
    report.requests[0].insert(1 + at, Box("律师"))
    for row in report.requests[1:]:
        row.insert(STUB + at, report.some(99))


@distortion
def column_left_out(report: Copy) -> None:
    header_flat(report)
    at = report.random.randrange(COLUMNS)
    report.lose("requests", column=report.form.table("requests").columns[at].id)
    del report.requests[0][1 + at]
    for row in report.requests[1:]:
        del row[STUB + at]


@distortion
def organisations_in_one_column(report: Copy) -> None:
    header_flat(report)
    for column in APPLICANTS[1:]:
        report.lose("requests", column=column)
    report.requests[0][2:-1] = [Box("法人或其他组织")]
    for row in report.requests[1:]:
        row[STUB + 1 : -1] = [report.some(99)]


@distortion
def columns_in_another_order(report: Copy) -> None:
    header_flat(report)
    order = list(range(COLUMNS))
    report.random.shuffle(order)
    for number, row in enumerate(report.requests):
        start = 1 if number == 0 else STUB
        row[start:] = [row[start + at] for at in order]


@distortion
def total_in_front(report: Copy) -> None:
    """The total is the first column, below the statutory header of three rows and in the table on reviews."""
    report.requests[1].insert(0, report.requests[1].pop())
    for row in report.body:
        row.insert(len(row) - COLUMNS, row.pop())
    report.review[1].insert(0, report.review[1].pop(4))
    for row in report.review[2:]:
        for start in range(0, len(row), 5):
            row.insert(start, row.pop(start + 4))


@distortion
def cut_in_three(report: Copy) -> None:
    """The table comes in three pieces, under one header each or one for all."""
    lines = boxed(spread(report.requests))
    header, body = lines[:HEADER], lines[HEADER:]
    first, second = sorted(report.random.sample(range(2, len(body) - 1), 2))
    repeated = header if report.random.random() < 0.5 else []
    report.tables["requests"] = [header + body[:first], repeated + body[first:second], repeated + body[second:]]


@distortion
def rows_as_tables(report: Copy) -> None:
    for name, pieces in report.tables.items():
        report.tables[name] = [[row] for row in boxed(spread(pieces[0]))]


@distortion
def one_table(report: Copy) -> None:
    """The three tables are pasted together, their headings rows."""
    headings = [section.zh for section in report.form.sections[1:4]]
    rows = [
        row
        for heading, pieces in zip(headings, report.tables.values(), strict=True)
        for row in ([Box(heading, 1, 15)], *pieces[0])
    ]
    report.tables = {"proactive": [rows], "requests": [], "review": []}


@distortion
def agency_rows(report: Copy) -> None:
    """Lines of the agency's own, one with its group's span mended, one without."""
    own = [Box("其中：涉及征地拆迁", 1, 2), *(report.some(50) for _ in range(COLUMNS))]
    at = report.row("（一）予以公开")
    report.requests[at][0] = report.requests[at][0]._replace(down=report.requests[at][0].down + 1)
    report.requests.insert(at + 1, own)
    if report.random.random() < 0.5:
        report.requests.insert(report.row("1.信访") + 1, own)
    report.requests.append([Box("五、平均办理天数", 1, STUB), *(report.some(20) for _ in range(COLUMNS))])
    report.proactive.append([Box("公共企事业单位信息"), report.some(99)._replace(across=3)])


def subtotal(report: Copy, line: str) -> list[Box]:
    """Print figures in a group line."""
    columns = report.form.table("requests").columns
    report.printed |= {("requests", line, column.id): report.some(99).text for column in columns}
    return report.figures("requests", line)


@distortion
def subtotals_printed(report: Copy) -> None:
    table = report.form.table("requests")
    rows: Rows = []
    for row in report.body:
        for line in table.lines:
            if line.subtotal and any(box.text == line.zh for box in row):
                rows.append([Box(line.zh, 1, STUB), *subtotal(report, line.id)])
        rows.append([row[-1 - COLUMNS]._replace(across=STUB), *row[-COLUMNS:]])
    report.requests[HEADER:] = rows


@distortion
def other_in_one_line(report: Copy) -> None:
    """（六）其他处理 is one line, as in the form of 2019."""
    parts = report.form.table("requests").parts("other")
    if parts:
        at = report.row("（六）其他处理")
        report.requests[at : at + 3] = [[Box("（六）其他处理", 1, 2), *subtotal(report, "other")]]
        respan(report, "三、本年度办理结果", -2)
    for line in parts:
        report.lose("requests", line)


@distortion
def lines_swapped(report: Copy) -> None:
    for first, second in (("3.危及", "4.保护"), ("2.重复", "5.要求"), ("2.没有", "3.补正")):
        one, two = report.row(first), report.row(second)
        report.requests[one], report.requests[two] = report.requests[two], report.requests[one]


@distortion
def lines_left_out(report: Copy) -> None:
    """An office prints only some lines, the others are deleted with or without mending the spans."""
    header_flat(report)
    for line in printed_lines(report.form.table("requests")):
        if report.random.random() < 0.4:
            report.lose("requests", line.id)
            del report.requests[report.row(line.zh)]


@distortion
def rows_deleted(report: Copy) -> None:
    """Rows are deleted from inside groups whose spans stay as they were."""
    for line in report.random.sample(["refused.internal_affairs", "unable.needs_creation", "not_processed.repeated"], 2):
        del report.requests[report.row(report.form.table("requests").line[line].zh)]
        report.lose("requests", line)


@distortion
def label_twice(report: Copy) -> None:
    """The agency copied a label into the next row."""
    lines = printed_lines(report.form.table("requests"))
    for number in report.random.sample(range(1, len(lines)), 2):
        for row in report.requests:
            row[:] = [box._replace(text=lines[number - 1].zh) if box.text == lines[number].zh else box for box in row]
        report.blur("requests", line=lines[number - 1].id)
        report.blur("requests", line=lines[number].id)


@distortion
def labels_lost(report: Copy) -> None:
    for line in report.random.sample(printed_lines(report.form.table("requests")), 4):
        for row in report.requests:
            row[:] = [box._replace(text="") if box.text == line.zh else box for box in row]
        report.blur("requests", line=line.id)


@distortion
def cell_deleted(report: Copy) -> None:
    """A cell is missing in the middle of some rows; a browser shows those after it one column to the left."""
    columns = [column.id for column in report.form.table("requests").columns]
    for line in report.random.sample(printed_lines(report.form.table("requests")), 6):
        row = report.requests[report.row(line.zh)]
        del row[len(row) - COLUMNS + report.random.randrange(COLUMNS)]
        report.printed |= {("requests", line.id, column): box.text for column, box in zip(columns[:-1], row[-6:], strict=True)}
        report.blur("requests", line=line.id)
        report.lose("requests", line.id, "total")


@distortion
def zeros_merged(report: Copy) -> None:
    """The figures of a row are merged into one cell."""
    for line in ("refused.state_secret", "unable.needs_creation", "carried_out"):
        row = report.requests[report.row(report.form.table("requests").line[line].zh)]
        row[-COLUMNS:] = report.random.choice([[row[-7]._replace(across=7)], [row[-7]._replace(across=6), row[-1]]])
        report.blur("requests", line=line)


@distortion
def figures_merged_downwards(report: Copy) -> None:
    """One cell is the figure of two lines."""
    for rows, table, (one, two), first in (
        (report.requests, "requests", ("unable.needs_creation", "unable.unclear_after_correction"), report.row("2.没有")),
        (report.proactive, "proactive", ("rules", "normative_documents"), 2),
    ):
        columns = report.form.table(table).columns_of[one]
        at = report.random.randrange(len(columns)) - len(columns)
        rows[first][at] = rows[first][at]._replace(down=2)
        del rows[first + 1][at]
        report.printed[table, two, columns[at]] = report.printed[table, one, columns[at]]
        report.blur(table, line=one)
        report.blur(table, line=two)


@distortion
def two_lines_in_a_row(report: Copy) -> None:
    """The cells of two lines are one row: two labels and two figures in each cell."""
    for group, one, two in (("（三）不予公开", "1.属于", "2.其他法"), ("（五）不予处理", "2.重复", "3.要求")):
        first, second = report.requests[report.row(one)], report.requests.pop(report.row(two))
        first[-8:] = [Box(f"{upper.text}\n{lower.text}") for upper, lower in zip(first[-8:], second[-8:], strict=True)]
        for name in (group, "三、本年度办理结果"):
            respan(report, name, -1)
    for line in (
        "refused.state_secret",
        "refused.prohibited_by_law",
        "not_processed.repeated",
        "not_processed.public_publication",
    ):
        report.blur("requests", line=line)


def relabel(report: Copy, change: Callable[[str], str]) -> None:
    """Change the labels of all tables."""
    for pieces in report.tables.values():
        for row in pieces[0]:
            row[:] = [box._replace(text=change(box.text)) if re.search("[一-龥]{3}", box.text) else box for box in row]


@distortion
def labels_misprinted(report: Copy) -> None:
    """Most labels have a wrong character, a missing one or one too many."""

    def misprinted(text: str) -> str:
        at = report.random.randrange(4, max(len(text) - 1, 5))
        return (
            text
            if len(text) < 7 or "万元" in text
            else text[:at] + report.random.choice(["", "止", text[at] * 2]) + text[at + 1 :]
        )

    relabel(report, misprinted)


@distortion
def labels_unnumbered(report: Copy) -> None:
    relabel(report, lambda text: re.sub(r"^(\d\.(?=\D)|（[一二三四五六七]）|[一二三四]、)", "", text))


@distortion
def labels_numbered_otherwise(report: Copy) -> None:
    style = report.random.choice(["{}、", "（{}）", "{})", "{}．", "{} ", "{}"])
    relabel(report, lambda text: re.sub(r"^(\d)\.(?=\D)", lambda number: style.format(number[1]), text))


@distortion
def labels_broken(report: Copy) -> None:
    """Narrow columns: characters stand apart or on two lines."""
    relabel(report, lambda text: report.random.choice([" ", "\n", "\u3000"]).join([text[:3], text[3:]]))


@distortion
def numbers_apart(report: Copy) -> None:
    """The number of a label stands in a cell of its own."""
    report.requests[0][0] = report.requests[0][0]._replace(across=4)
    for row in report.body:
        at = len(row) - 1 - COLUMNS
        label = re.fullmatch(r"(\d\.|（.）|[一二三四]、)(.+)", row[at].text)
        if label:
            row[at : at + 1] = [Box(label[1]), Box(label[2], 1, row[at].across)]


@distortion
def proactive_listed(report: Copy) -> None:
    """Each figure has a row of its own: line, column, figure."""
    table = report.form.table("proactive")
    report.tables["proactive"] = [
        [[Box(table.line[key[1]].zh), Box(table.column[key[2]].zh), Box(report.printed[key])] for key in table.cells]
    ]


@distortion
def proactive_transposed(report: Copy) -> None:
    report.tables["proactive"] = [
        boxed([list(column) for column in zip(*spread(rows), strict=True)]) for rows in proactive_bands(report)
    ]


@distortion
def proactive_columns_swapped(report: Copy) -> None:
    """The columns of the first band stand in another order, or one is left out."""
    bands = proactive_bands(report)
    order = report.random.choice([(2, 1, 3), (3, 1, 2), (1, 3, 2), (1, 3), (2, 3)])
    for number, column in enumerate(report.form.table("proactive").columns_of["rules"], start=1):
        if number not in order:
            report.lose("proactive", "rules", column)
            report.lose("proactive", "normative_documents", column)
    for row in bands[0][1:]:
        row[1:] = [row[number] for number in order]
    report.tables["proactive"] = [[row for band in bands for row in band]]


@distortion
def requests_transposed(report: Copy) -> None:
    report.tables["requests"] = [boxed([list(column) for column in zip(*spread(report.requests), strict=True)])]


@distortion
def requests_with_applicants_down(report: Copy) -> None:
    """Applicants are the rows; every line is named once, above."""
    table = report.form.table("requests")
    lines = printed_lines(table)
    rows = [
        [Box(column.zh), *(Box(report.printed["requests", line.id, column.id]) for line in lines)] for column in table.columns
    ]
    report.tables["requests"] = [[[Box("申请人"), *(Box(line.zh) for line in lines)], *rows]]


def review_block(report: Copy, *lines: str) -> Rows:
    """Set a header and a row of figures for some lines of the table on reviews."""
    table = report.form.table("review")
    names = [Box(table.line[line].zh, 1, 5) for line in lines]
    columns = [Box(column.zh) for _ in lines for column in table.columns]
    return [names, columns, [box for line in lines for box in report.figures("review", line)]]


@distortion
def reviews_stacked(report: Copy) -> None:
    report.tables["review"] = [review_block(report, line) for line in REVIEWS]


@distortion
def reviews_in_rows(report: Copy) -> None:
    table = report.form.table("review")
    rows = [[Box("类别"), *(Box(column.zh) for column in table.columns)]]
    report.tables["review"] = [rows + [[Box(line.zh), *report.figures("review", line.id)] for line in table.lines]]


@distortion
def reviews_downwards(report: Copy) -> None:
    """Fifteen rows with one figure each."""
    table = report.form.table("review")
    report.tables["review"] = [
        [
            [
                *([Box(line.zh, 5)] if column is table.columns[0] else []),
                Box(column.zh),
                Box(report.printed["review", line.id, column.id]),
            ]
            for line in table.lines
            for column in table.columns
        ]
    ]


@distortion
def review_halves_swapped(report: Copy) -> None:
    order = report.random.choice([(0, 2, 1), (1, 2, 0), (2, 1, 0)])
    report.tables["review"] = [review_rows(report, [REVIEWS[number] for number in order])]


@distortion
def review_results_swapped(report: Copy) -> None:
    for row, blocks in zip(report.review[1:], (1, 2, 3), strict=True):
        for start in range(0, 5 * blocks, 5):
            row[start : start + 2] = row[start + 1], row[start]


@distortion
def review_without_pending(report: Copy) -> None:
    report.lose("review", column="pending")
    for row, blocks in zip(report.review[1:], (1, 2, 3), strict=True):
        for block in reversed(range(blocks)):
            del row[5 * block + 3]
    report.review[0] = [Box("行政复议", 1, 4), Box("行政诉讼", 1, 8)]
    report.review[1][4:] = [box._replace(across=4) for box in report.review[1][4:]]


@distortion
def review_of_reconsideration_only(report: Copy) -> None:
    for line in REVIEWS[1:]:
        report.lose("review", line)
    report.tables["review"] = [review_block(report, REVIEWS[0])]


@distortion
def review_with_sums(report: Copy) -> None:
    """A fourth block sums up litigation."""
    report.review[0][-1] = report.review[0][-1]._replace(across=15)
    report.review[1].append(Box("合计", 1, 5))
    report.review[2] += report.review[2][:5]
    report.review[3] += [report.some(99) for _ in range(5)]


@distortion
def review_with_stub(report: Copy) -> None:
    """A label, a number or a year stands before the figures, perhaps with a second row for the year before."""
    report.review[0].insert(0, Box("类别", HEADER))
    report.review[3].insert(0, Box(report.random.choice(["件数", f"{report.year}年", str(report.year), "1"])))
    if report.random.random() < 0.5:
        report.review.append([Box(str(report.year - 1)), *(report.some(9) for _ in range(15))])


@distortion
def review_with_sixteenth_cell(report: Copy) -> None:
    report.review[3].insert(report.random.choice([0, 5, 10, 15]), Box(""))


# --- pages: what stands around the tables -----------------------------------------------------------------------------------

TAGS = {"# ": "h1", "- ": "p", "= ": "h3"}
MARKS = {"# ": "# ", "- ": "", "= ": "## "}


def article(report: Copy, tables: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the blocks of a report: title, sentences and headings with ``# - =`` before them, tables as they are given."""
    new, year = report.printed.get(("requests", "new", "total")) or "0", report.year

    def some(most: int) -> int:
        return report.random.randint(1, most)

    headings = [f"= {section.zh}" for section in report.form.sections]
    return [
        f"# 某市某区示范局{year}年政府信息公开工作年度报告",
        f"- 本报告按照《中华人民共和国政府信息公开条例》编写，所列数据的统计期限自{year}年1月1日起至{year}年12月31日止。",
        headings[0],
        f"- （一）主动公开。发布信息{some(9000)}条，解读{some(90)}篇，行政许可{some(500)}条，行政处罚 {some(500)} 条。",
        f"- （二）依申请公开。本年收到申请{new}件，上年为{some(99)}件，行政复议{some(9)}件。",
        *(
            block
            for heading, name in zip(headings[1:4], ("proactive", "requests", "review"), strict=True)
            for block in (heading, *tables.get(name, ()))
        ),
        headings[4],
        "- 一是解读的形式还不够丰富；二是个别栏目更新不够及时。下一年将逐项改进，全年计划培训2次。",
        headings[5],
        "- 本年没有收取信息处理费。",
    ]


def html_page(blocks: Iterable[str]) -> str:
    parts = (f"<{TAGS[block[:2]]}>{escape(block[2:])}</{TAGS[block[:2]]}>" if block[:2] in TAGS else block for block in blocks)
    return '<!DOCTYPE html><html><head><meta charset="utf-8"></head><body>\n' + "\n".join(parts) + "\n</body></html>\n"


def text_page(blocks: Iterable[str]) -> str:
    return "\n".join(block[2:] if block[:2] in TAGS else block for block in blocks) + "\n"


def markdown_page(blocks: Iterable[str]) -> str:
    return "\n\n".join(MARKS[block[:2]] + block[2:] if block[:2] in MARKS else block for block in blocks) + "\n"


def broken(text: str) -> str:
    """Set the text of a cell in HTML."""
    return escape(text).replace("\n", "<br>")


def html_table(rows: Rows, content: Callable[[str], str] = broken) -> str:
    """Set boxes as an HTML table, a row a line."""

    def cell(box: Box) -> str:
        down = f' rowspan="{box.down}"' if box.down != 1 else ""
        across = f' colspan="{box.across}"' if box.across != 1 else ""
        return f"<td{down}{across}>{content(box.text)}</td>"

    return (
        '<table border="1"><tbody>\n'
        + "\n".join("<tr>" + "".join(map(cell, row)) + "</tr>" for row in rows)
        + "\n</tbody></table>"
    )


def pipe_table(lines: Lines) -> str:
    """Set lines as a pipe table of Markdown."""
    rows = ["| " + " | ".join(text.replace("\n", "<br>") for text in line) + " |" for line in lines]
    return "\n".join([rows[0], "|" + "---|" * len(lines[0]), *rows[1:]])


def html_of(report: Copy, content: Callable[[str], str] = broken) -> str:
    return html_page(
        article(report, {name: [html_table(rows, content) for rows in pieces] for name, pieces in report.tables.items()})
    )


Printing = Callable[[Lines], str]


def text_of(report: Copy, printing: Printing) -> str:
    return text_page(
        article(report, {name: [printing(spread(rows)) for rows in pieces] for name, pieces in report.tables.items()})
    )


def markdown_of(report: Copy, printing: Printing = pipe_table, repeated: bool = False) -> str:
    tables = {name: [printing(spread(rows, repeated)) for rows in pieces] for name, pieces in report.tables.items()}
    return markdown_page(article(report, tables))


def filled(lines: Lines) -> Lines:
    """Leave out what is empty."""
    return [texts for line in lines if (texts := [text for text in line if text])]


def rows_of_words(lines: Lines) -> str:
    return "\n".join(" ".join(line) for line in filled(lines))


# --- settings: the tables as documents --------------------------------------------------------------------------------------

Setting = Callable[[Copy], str | bytes]
SETTINGS: dict[str, Setting] = {}


def setting(function: Setting) -> Setting:
    """Register a setting under the name of its function."""
    SETTINGS[function.__name__.replace("_", " ")] = function
    return function


@setting
def html(report: Copy) -> str:
    return html_of(report)


@setting
def html_of_word(report: Copy) -> str:
    """Word splits numbers into runs, and fills blank cells with ``<o:p>&nbsp;</o:p>``."""

    def content(text: str) -> str:
        at = report.random.randrange(len(text) + 1)
        runs = "".join(f'<span lang="EN-US">{broken(part)}</span>' for part in (text[:at], text[at:]))
        return f'\n<p class="MsoNormal"><b>{runs}</b><o:p>{"" if text else "&nbsp;"}</o:p></p>\n'

    return html_of(report, content)


@setting
def html_with_sloppy_tags(report: Copy) -> str:
    """Upper-case tags, no closing tags, th in places."""
    page = re.sub(r"</(td|tr|tbody|p)>", "", html_of(report))
    return re.sub(r"<td\b", lambda _: report.random.choice(["<TD", "<TD", "<TH"]), page).replace("<tr>", "<TR>")


@setting
def html_in_layout_tables(report: Copy) -> str:
    head, _, body = html_of(report).partition("<body>")
    menu = "".join(f"<tr><td>{name}</td><td>{report.some(99).text}</td></tr>" for name in ("行政许可", "行政处罚", "年报"))
    page = f"<table><tr><td>{body.partition('</body>')[0]}</td></tr></table>"
    inner = f"<table><tr><td><table>{menu}</table></td><td>{page}</td></tr></table>"
    return f"{head}<body><table><tr><td>{inner}</td></tr><tr><td>访问量</td><td>12345</td></tr></table></body></html>"


@setting
def html_behind_metadata(report: Copy) -> str:
    record = [
        ["索引号", "000014349/2022-00012", "主题分类", "其他"],
        ["发布日期", "2022-01-20", "文号", "无"],
        ["总计", "3", "其他", "4"],
    ]
    return html_of(report).replace("<body>", "<body>" + html_table(boxed(record)))


@setting
def html_printed_twice(report: Copy) -> str:
    """A copy for telephones repeats the page, hidden in the page itself or by a style sheet."""
    page = html_of(report)
    style = report.random.choice(['style="display:none"', 'class="mobile"'])
    return page.replace("</body>", f"<div {style}>{page.partition('<body>')[2].partition('</body>')[0]}</div></body>")


def in_figures(page: str, change: Callable[[str], str], random: Random) -> str:
    """Change one figure in ten of a page."""
    return re.sub(r"(?<=<td>)\d+(?=</td>)", lambda cell: change(cell[0]) if random.random() < 0.1 else cell[0], page)


@setting
def html_with_footnotes(report: Copy) -> str:
    mark = report.random.choice(["<sup>1</sup>", "<sup>①</sup>", "<sup>[1]</sup>", "①", "*"])
    return in_figures(html_of(report), lambda text: text + mark, report.random)


@setting
def html_with_changes(report: Copy) -> str:
    """Changes that Word tracked, comments and hidden cells were published with the page."""
    tag = report.random.choice(["s", "del", "strike"])
    page = in_figures(html_of(report), lambda text: f"<{tag}>3</{tag}>{text}<!-- 7 -->", report.random)
    return page.replace("</td></tr>", '</td><td style="display:none">88</td></tr>')


@setting
def html_beside_own_tables(report: Copy) -> str:
    """Section one counts what the statutory tables count too, by kind and by month."""
    names = ("行政许可", "行政处罚", "行政强制", "行政事业性收费", "规章", "其他")
    kinds = [[Box("类别"), Box("数量")], *([Box(name), report.some(999)] for name in names)]
    months = [[Box("项目"), *(Box(f"{month}月") for month in range(1, 8))]]
    months += [[Box(name), *(report.some(30) for _ in range(7))] for name in ("予以公开", "部分公开", "不予公开", "总计")]
    return html_of(report).replace("<h3>二、", html_table(kinds) + html_table(months) + "<h3>二、", 1)


@setting
def html_beside_offices(report: Copy) -> str:
    """A table by office has the columns of the table on requests."""
    columns = [Box(column.zh) for column in report.form.table("requests").columns]
    offices = [
        [Box("单位"), *columns],
        *([Box(name), *(report.some(99) for _ in columns)] for name in ("办公室", "其他", "总计")),
    ]
    heading = report.random.choice(["<h3>三、", "<h3>四、"])
    return html_of(report).replace(heading, html_table(offices) + heading, 1)


@setting
def html_beside_years(report: Copy) -> str:
    """A table has the lines of the table on requests, and years for columns: two and their change, or seven."""
    years = report.random.choice([2, 7])
    names = [*(f"{report.year - years + number}年" for number in range(1, years + 1)), *(["增减"] if years == 2 else [])]
    rows = [[Box("项目"), *map(Box, names)]]
    rows += [[Box(line.zh), *(report.some(99) for _ in names)] for line in printed_lines(report.form.table("requests"))]
    heading = report.random.choice(["<h3>二、", "<h3>三、", "<h3>四、", "<h3>五、"])
    report.blur("requests")
    return html_of(report).replace(heading, html_table(rows) + heading, 1)


@setting
def html_beside_last_year(report: Copy) -> str:
    """The tables of the year before stand before those of this year, each behind its own, or in an annex."""
    other = {name: html_table(pieces[0]) for name, pieces in before(report).tables.items()}
    annex = f"<p>{report.year - 1}年度有关数据</p>" + "".join(other.values())
    report.blur()
    headings = report.random.choice(
        [{"<h3>二、": annex}, {"</body>": annex}, dict(zip(("<h3>三、", "<h3>四、", "<h3>五、"), other.values(), strict=True))]
    )
    page = html_of(report)
    for heading, tables in headings.items():
        page = page.replace(heading, tables + heading, 1)
    return page


@setting
def html_of_two_agencies(report: Copy) -> str:
    report.blur()
    other = html_of(before(report)).replace("某市某区", "某市某县")
    return html_of(report).replace("</body>", other.partition("<body>")[2])


@setting
def html_with_pictures(report: Copy) -> str:
    """The statutory tables are pictures; section one has a list or a table of the agency's own counting."""
    names = ("规章", "行政规范性文件", "行政许可", "行政处罚", "行政强制", "行政事业性收费", "予以公开", "总计")
    table = html_table([[Box("信息类别"), Box("本年数量")], *([Box(name), report.some(999)] for name in names)])
    gap, unit = report.random.choice([" ", "：", "  "]), report.random.choice(["", "件", " 件"])
    lists = "".join(f"<p>{name}{gap}{report.some(99).text}{unit}</p>" for name in names)
    for name in report.tables:
        report.lose(name)
    page = html_page(article(report, {name: ["<p><img src='1.png'></p>"] for name in report.tables}))
    return page.replace("<h3>二、", report.random.choice([table, lists]) + "<h3>二、", 1)


@setting
def html_of_paragraphs(report: Copy) -> str:
    """Every cell is a paragraph, or a div in rows of divs."""
    report.blur_blanks()
    tag = report.random.choice(["p", "div"])

    def row(line: Sequence[str]) -> str:
        return "<div>" + "".join(f"<{tag}>{broken(text)}</{tag}>" for text in line if text) + "</div>"

    tables = {name: ["".join(map(row, spread(rows))) for rows in pieces] for name, pieces in report.tables.items()}
    return html_page(article(report, tables))


@setting
def html_of_preformatted_text(report: Copy) -> str:
    report.blur_blanks()
    page = text_of(report, lambda lines: "\n".join("   ".join(line) for line in filled(lines)))
    return f"<html><body><div><pre>{escape(page)}</pre></div></body></html>"


@setting
def html_in_traditional_characters(report: Copy) -> str:
    return str(OpenCC("s2t").convert(html_of(report)))


@setting
def html_with_pinyin(report: Copy) -> str:
    readings = {"應": "yīng", "務": "wù", "關": "guān", "復": "fù", "進": "jìn", "規": "guī", "處": "chù"}
    page = OpenCC("s2t").convert(html_of(report))
    return "".join(f"{character}({readings[character]})" if character in readings else character for character in page)


@setting
def html_in_gb18030(report: Copy) -> bytes:
    """Undeclared, or declared as something else."""
    return html_of(report).replace("utf-8", report.random.choice(["gb2312", "iso-8859-1", ""])).encode("gb18030")


@setting
def html_in_big5(report: Copy) -> bytes:
    page = str(OpenCC("s2tw").convert(html_of(report)))
    return page.replace("utf-8", "big5").encode("big5hkscs", errors="xmlcharrefreplace")


@setting
def tabs(report: Copy) -> str:
    return text_of(report, lambda lines: "\n".join("\t".join(text.replace("\n", " ") for text in line) for line in lines))


@setting
def tabs_lost_and_gained(report: Copy) -> str:
    report.blur_blanks()

    def printing(lines: Lines) -> str:
        gaps = [report.random.choice(["\t", "\t", "\t\t", " \t"]) for _ in lines]
        ends = [("\t" * report.random.randrange(3), "\t" * report.random.randrange(4)) for _ in lines]
        return "\n".join(
            start + gap.join(filter(None, line)) + end for line, gap, (start, end) in zip(lines, gaps, ends, strict=True)
        )

    return text_of(report, printing)


@setting
def tabs_gluing_figures(report: Copy) -> str:
    report.blur()
    page = text_of(report, lambda lines: "\n".join("\t".join(line) for line in lines))
    return re.sub(r"(?<=\d)\t(?=\d)", lambda _: "" if report.random.random() < 0.05 else "\t", page)


@setting
def cells_led_by_tabs(report: Copy) -> str:
    """A cell a line, led by a tab, and an empty line between rows (as mem-2021 was copied)."""
    return text_of(report, lambda lines: "\n" + "\n\n".join("\n".join("\t" + text for text in line) for line in lines) + "\n")


@setting
def cells_a_line(report: Copy) -> str:
    """A cell a line, with nothing, an empty line or pipes for what a cell spans."""
    report.blur_blanks()
    style = report.random.choice(["plain", "rows apart", "pipes", "pipes between", "blanks kept"])

    def printing(lines: Lines) -> str:
        if style == "blanks kept":
            return "\n".join(text for line in lines for text in line)
        if style == "pipes":
            return "\n".join("\n".join([*(f"{text} |" for text in line if text), "|" * line.count("")]) for line in lines)
        if style == "pipes between":
            return "\n".join("|\n" + " |\n".join(filter(None, line)) + " |" + "|" * line.count("") for line in lines)
        return ("\n\n" if style == "rows apart" else "\n").join("\n".join(line) for line in filled(lines))

    return text_of(report, printing)


@setting
def rows_of_words_apart(report: Copy) -> str:
    """A row a line, one or more spaces between its cells."""
    report.blur_blanks()
    gap = " " * report.random.choice([1, 1, 3])
    return text_of(report, lambda lines: "\n".join(gap.join(line) for line in filled(lines)))


@setting
def rows_with_pipes(report: Copy) -> str:
    """A row a line, a pipe after each cell, what a cell spans as more pipes at the end of the row or where it stands."""
    report.blur_blanks()
    if report.random.random() < 0.5:
        return text_of(report, lambda lines: "\n".join(" | ".join(line) for line in lines))
    return text_of(
        report, lambda lines: "\n".join(" | ".join(filter(None, line)) + " |" + "|" * line.count("") for line in lines)
    )


@setting
def columns_of_words(report: Copy) -> str:
    """Columns stand under each other, as pdftotext prints them."""
    report.blur_blanks()

    def printing(lines: Lines) -> str:
        return "\n".join("  ".join(text.ljust(6) for text in line).rstrip() for line in lines)

    return text_of(report, printing)


@setting
def one_line(report: Copy) -> str:
    report.blur_blanks()
    return " ".join(text_of(report, rows_of_words).split())


@setting
def one_line_with_glued_numbers(report: Copy) -> str:
    """The last figure of a row runs into the number of the next label: ``0 0 02.重复申请``."""
    report.blur_blanks()
    return re.sub(r"(?<=\d) (?=\d\.[一-龥])", "", " ".join(text_of(report, rows_of_words).split()))


@setting
def glued(report: Copy) -> str:
    """All figures of a row are glued, or some, or the whole page is."""
    report.blur()
    share = report.random.choice([0.15, 1.0])
    page = re.sub(r"(?<=\d) (?=\d)", lambda _: "" if report.random.random() < share else " ", text_of(report, rows_of_words))
    return "".join(page.split()) if report.random.random() < 0.3 else page


@setting
def glued_to_labels(report: Copy) -> str:
    """The first figure stands right behind its label: ``行政处罚12``."""
    report.blur_blanks()
    return re.sub(r"(?<=[一-龥”）]) (?=\d+( \d|$))", "", text_of(report, rows_of_words), flags=re.MULTILINE)


@setting
def rows_between_page_numbers(report: Copy) -> str:
    report.blur_blanks()
    style = report.random.choice(["- {} -", "第{}页", "{}", "— {} —", "-{}-", "第 {} 页 共 9 页", "{}/9", "·{}·"])
    page = text_of(report, rows_of_words).split("\n")
    return "\n".join(
        line + ("\n" + style.format(number) if report.random.random() < 0.15 else "") for number, line in enumerate(page)
    )


@setting
def cells_between_page_numbers(report: Copy) -> str:
    report.blur_blanks()
    # a bare number where a blank left no trace is a figure to any reader
    bare = [] if "" in report.printed.values() else ["{}"]
    style = report.random.choice(["- {} -", "第{}页", "— {} —", "-{}-", "·{}·", *bare])
    if style == "{}":
        report.blur()
    page = text_of(report, lambda lines: "\n".join("\n".join(line) for line in filled(lines))).split("\n")
    return "\n".join(
        line + ("\n" + style.format(number) if report.random.random() < 0.03 else "") for number, line in enumerate(page)
    )


@setting
def labels_lost_in_text(report: Copy) -> str:
    report.blur_blanks()
    page = text_of(report, rows_of_words)
    lines = [line for line in printed_lines(report.form.table("requests")) if not line.zh.startswith("1.")]
    for line in report.random.sample(lines, 4):
        page = page.replace(line.zh + " ", "", 1)
        report.blur("requests", line=line.id)
    return page


@setting
def labels_torn(report: Copy) -> str:
    """A label is broken over two lines; its figures stand with either half or between them."""
    report.blur()

    def printing(lines: Lines) -> str:
        rows = []
        for row in rows_of_words(lines).split("\n"):
            match = re.fullmatch(r"(.*?[一-龥”）]) ([\d/—].*)", row)
            if match and len(match[1]) > 6 and report.random.random() < 0.4:
                at = report.random.randrange(3, len(match[1]) - 1)
                start, end, figures = match[1][:at], match[1][at:], match[2]
                rows += report.random.choice([[f"{start} {figures}", end], [start, f"{end} {figures}"], [start, figures, end]])
            else:
                rows.append(row)
        return "\n".join(rows)

    return text_of(report, printing)


@setting
def groups_in_the_middle(report: Copy) -> str:
    """As PDFs are copied: the name of a group stands in pieces before the lines of its group."""
    report.blur("requests")
    report.blur_blanks()

    def printing(lines: Lines) -> str:
        rows = filled(lines)
        if len(lines[0]) < 15:
            for number, row in enumerate(rows):
                while len(row) > 1 + COLUMNS:
                    group = row.pop(0)
                    for offset, at in enumerate(range(0, len(group), 4)):
                        rows[min(number + offset + 1, len(rows) - 1)].insert(0, group[at : at + 4])
                    break
        return "\n".join(" ".join(row) for row in rows)

    return text_of(report, printing)


@setting
def groups_on_their_own(report: Copy) -> str:
    """Groups stand on lines of their own before their lines."""
    report.blur_blanks()
    groups = [label.zh for label in report.form.table("requests").lines if label.subtotal] + ["三、本年度办理结果"]
    return re.sub(f"({'|'.join(groups)}) ", "\\1\n", text_of(report, rows_of_words))


@setting
def labels_before_figures(report: Copy) -> str:
    """A page whose columns came one after the other: all labels, then all figures, by rows or by columns."""
    report.blur()
    by_rows = report.random.random() < 0.5

    def printing(lines: Lines) -> str:
        figure = re.compile(r"\s*(?!\d\.\D)[\d０-９/—-].*")
        labels = [text for line in lines for text in line if text and not figure.fullmatch(text)]
        rows = [" ".join(filter(figure.fullmatch, line)) for line in lines]
        columns = [text for column in zip(*lines, strict=True) for text in column if figure.fullmatch(text)]
        return "\n".join([*labels, *(filter(None, rows) if by_rows else columns)])

    return text_of(report, printing)


@setting
def notes_between(report: Copy) -> str:
    """Notes that read like rows stand above and below the tables."""
    report.blur()
    notes = [
        "注：1.以上含街道 3 件",
        "予以公开 3 件",
        "其他 2",
        "总计 5",
        "行政许可 12",
        "2 0 0 0 0 0 2",
        "（七）总计 9 0 0 0 0 0 9",
        "行政复议 1 0 0 0 1",
    ]
    return text_of(
        report, lambda lines: "\n".join([report.random.choice(notes), rows_of_words(lines), *report.random.sample(notes, 2)])
    )


@setting
def review_on_two_lines(report: Copy) -> str:
    report.blur_blanks()
    figures = [box.text for box in report.review.pop()]
    at = report.random.choice([5, 8, 10, 12])
    report.tables["review"][0] += [[Box(text) for text in part] for part in (figures[:at], figures[at:])]
    return text_of(report, rows_of_words)


@setting
def lists_without_tables(report: Copy) -> str:
    """The tables are lost; section one lists what they would say."""
    names = ("规章", "行政规范性文件", "行政许可", "行政处罚", "行政强制", "行政事业性收费", "予以公开", "其他处理", "总计")
    gap, unit = report.random.choice([" ", "\t", "：", "\n"]), report.random.choice(["", "件", " 件"])
    rows = "\n".join(f"{name}{gap}{report.some(99).text}{unit}" for name in names)
    for name in report.tables:
        report.lose(name)
    return text_page(article(report, {})).replace("二、主动公开", rows + "\n二、主动公开", 1)


@setting
def grid_of_characters(report: Copy) -> str:
    """Rules of ``+---+`` between the rows, as pandoc prints tables."""
    report.blur_blanks()

    def printing(lines: Lines) -> str:
        rule = "+" + "-----+" * len(lines[0])
        return f"\n{rule}\n".join(["", *("| " + " | ".join(line) + " |" for line in lines), ""])

    return text_of(report, printing)


@setting
def markdown(report: Copy) -> str:
    return markdown_of(report)


@setting
def markdown_with_repeated_spans(report: Copy) -> str:
    """A merged cell comes once for each column it spans, as python-docx gives it."""
    for line in report.form.table("proactive").lines[2:]:
        report.blur("proactive", line=line.id)
    return markdown_of(report, repeated=True)


@setting
def markdown_with_escapes(report: Copy) -> str:
    return markdown_of(
        report, lambda lines: pipe_table([[re.sub(r"^(\d)\.(?=\D)", r"\1\\.", text) for text in line] for line in lines])
    )


@setting
def markdown_with_filler(report: Copy) -> str:
    return markdown_of(report, lambda lines: pipe_table([[*line, "", ""] for line in lines]))


@setting
def markdown_without_rules(report: Copy) -> str:
    """Tables follow one another, rows between pipes and nothing else (trafilatura)."""
    rows = [line for pieces in report.tables.values() for piece in pieces for line in spread(piece)]
    return text_page(article(report, {"proactive": ["".join(f"| {' | '.join(line)} | \n" for line in rows).rstrip("\n")]}))


@setting
def markdown_without_spans(report: Copy) -> str:
    """Pipes stand between cells alone, and a cell that spans others is one (html2text)."""
    report.blur_blanks()

    def printing(rows: Rows) -> str:
        first, *rest = ("| ".join(box.text.replace("\n", " ") for box in row) + "  " for row in rows)
        return "\n".join([first, "---|---  ", *rest])

    return markdown_page(article(report, {name: list(map(printing, pieces)) for name, pieces in report.tables.items()}))


@setting
def markdown_without_spans_down(report: Copy) -> str:
    """Blanks stand for the columns that a cell spans, nothing for the rows (markdownify)."""
    report.blur_blanks()

    def printing(rows: Rows) -> str:
        laid_out = [[text for box in row for text in (box.text, *[""] * (box.across - 1))] for row in rows]
        return pipe_table([[""] * max(map(len, laid_out)), *laid_out])

    return markdown_page(article(report, {name: list(map(printing, pieces)) for name, pieces in report.tables.items()}))


@setting
def markdown_row_by_row(report: Copy) -> str:
    """Every row is a table of its own under the same made-up header (as shuyang-county-2025)."""
    report.blur()
    header = ["类别", *(f"数据{number}" for number in range(1, 7)), "总计"]

    def printing(lines: Lines) -> str:
        parts = [
            pipe_table([header, row[-8:]] if len(row) > COLUMNS and len(lines[0]) < 15 else [row, ["-"] * len(row)])
            for row in filled(lines)
        ]
        return "\n\n".join(parts)

    return markdown_of(report, printing)


@setting
def markdown_torn(report: Copy) -> str:
    """The labels of some rows stand above or around their rows, as paragraphs (as stcsm-2024)."""
    report.blur()

    def printing(lines: Lines) -> str:
        parts = []
        for row in filled(lines):
            label, figures = row[-8:-COLUMNS], row[-COLUMNS:]
            if label and len(lines[0]) < 15 and report.random.random() < 0.4:
                at = report.random.randrange(1, 1 + len(label[0]))
                parts += ["", label[0][:at], "", pipe_table([figures]), "", label[0][at:], ""]
            else:
                parts.append("| " + " | ".join(row) + " |")
        return "\n".join(parts)

    return markdown_of(report, printing)


@setting
def markdown_gluing_cells(report: Copy) -> str:
    report.blur()
    gap = report.random.choice([" ", "<br>", ""])
    return re.sub(r"(?<=\d) \| (?=\d)", lambda pipe: gap if report.random.random() < 0.05 else pipe[0], markdown_of(report))


@setting
def markdown_around_html(report: Copy) -> str:
    """Simple tables are pipe tables, those with spans are HTML."""
    tables = {name: [html_table(rows) for rows in pieces] for name, pieces in report.tables.items()}
    if report.random.random() < 0.5:
        tables["proactive"] = [pipe_table(spread(rows)) for rows in report.tables["proactive"]]
    return markdown_page(article(report, tables))
