"""The model of a report: cells that know which figure of the form they show, in tables, in a document.

All figures of a report are distinct but for zeros, so that whatever lands in a wrong cell shows. All sentences are our own.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from random import Random
from typing import Any

from govstats.forms import Form, form

Key = tuple[str, str, str]
Head = tuple[str, ...]

APPLICANTS = ("natural_person", "commercial", "research", "social", "legal", "other")
REVIEWS = ("reconsideration", "litigation_direct", "litigation_after_reconsideration")
RESULTS = ("upheld", "corrected", "other", "pending")
AGENCIES = ("某市甲县水利局", "某某市财政局", "乙省丙市教育局", "丁县人民政府", "某市戊区卫生健康局")
PROFILES = {"consistent": 5, "one error": 2, "two errors": 2, "three errors": 2, "free": 4, "zeros": 3, "blanks": 3}


# --- the model --------------------------------------------------------------------------------------------------------------


@dataclass
class Cell:
    """A cell: its text, the cell of the form it is, and the figure that it shows in the form's unit."""

    text: str
    key: Key | None = None
    value: float | None = None
    down: int = 1
    mark: tuple[str, str, bool] | None = None  # a style, digits set in that style, and whether they stand in front
    nested: bool = False


@dataclass(eq=False)
class Row:
    """A line of a table: the groups in front of its label, and its cells; a ``note`` takes the whole width."""

    label: str
    cells: list[Cell] = field(default_factory=list)
    groups: tuple[str, ...] = ()
    kind: str = "line"


@dataclass(eq=False)
class Band:
    """Rows under one header; a head is the path from the spanners down to the column."""

    title: str
    corner: str
    heads: list[Head]
    rows: list[Row]
    header: bool = True
    numbered: bool = False

    def lines(self) -> list[Row]:
        return [row for row in self.rows if any(cell.key for cell in row.cells)]


@dataclass(eq=False)
class Part:
    """A statutory table, or a piece of one."""

    table: str
    bands: list[Band]


@dataclass(eq=False)
class Text:
    """A title, a heading or a paragraph."""

    kind: str
    text: str


@dataclass
class Document:
    seed: int
    random: Random
    form: Form
    agency: str
    year: int
    profile: str
    renderer: str = ""
    mutation: str = ""
    blocks: list[Text | Part] = field(default_factory=list)
    unsure: set[Key] = field(default_factory=set)
    held: dict[Key, float | None] = field(default_factory=dict)
    allowed: dict[Key, set[float]] = field(default_factory=lambda: defaultdict(set))
    used: set[int] = field(default_factory=set)

    @property
    def flat(self) -> bool:
        """Whether blanks and columns leave no trace on the page."""
        return self.renderer in {"text spaces", "text cells", "text glued", "text wrapped", "mail", "html of blocks"}

    @property
    def adds_up(self) -> bool:
        """Whether sums could tell one copy of a line from another."""
        return self.profile not in {"free", "blanks"}

    def parts(self) -> list[Part]:
        return [block for block in self.blocks if isinstance(block, Part)]

    def part(self, table: str) -> Part:
        return next(part for part in self.parts() if part.table == table)

    def shown(self) -> dict[Key, float | None]:
        """Return what the document shows in every cell that stands in it."""
        cells = (cell for part in self.parts() for band in part.bands for row in band.rows for cell in row.cells)
        return self.held | {cell.key: cell.value for cell in cells if cell.key}

    def choose(self, least: int = 1, tables: Sequence[str] = ("requests", "requests", "proactive", "review")) -> tuple[Band, Row]:
        """Choose a line with some figures."""
        part = self.part(self.random.choice(tables))
        return self.random.choice([(band, row) for band in part.bands for row in band.lines() if len(row.cells) >= least])

    def pair(self) -> tuple[Band, Row, Row]:
        """Choose two lines, one under the other, in one group."""
        _, rows = "", [(b, *two) for b in self.part("requests").bands for two in zip(b.lines(), b.lines()[1:], strict=False)]
        return self.random.choice([(band, one, two) for band, one, two in rows if one.groups == two.groups])

    def fresh(self, size: int = 0) -> int:
        """Return a figure that stands nowhere else."""
        size = size or self.random.choice([9, 99, 999, 9999])
        number = self.random.randint(1, size)
        while number in self.used:
            size += 9
            number = self.random.randint(1, size)
        self.used.add(number)
        return number

    def strangers(self, row: Row) -> list[Cell]:
        """Return as many cells as a row has, with figures of no cell of the form."""
        return [Cell(str(self.fresh())) for _ in row.cells]

    def doubt(self, *rows: Row) -> None:
        self.unsure |= {cell.key for row in rows for cell in row.cells if cell.key}

    def doubt_part(self, part: Part) -> None:
        self.doubt(*(row for band in part.bands for row in band.rows))

    def doubt_around(self, band: Band, row: Row) -> None:
        """Say that a row, and where places leave no trace also its neighbours, cannot be told."""
        self.doubt(row)
        at = band.rows.index(row)
        if self.flat:
            self.doubt(*band.rows[max(at - 1, 0) : at + 2])

    def unlabel(self, band: Band, row: Row) -> None:
        """Take a label away; behind the name of a group, its figures look like the sum of the group."""
        self.doubt_around(band, row)
        row.label = ""
        at = band.rows.index(row)
        if row.groups[1:] and (not at or band.rows[at - 1].groups != row.groups):
            for cell in row.cells:
                if cell.key:
                    self.held[cell.key[0], cell.key[1].split(".")[0], cell.key[2]] = cell.value
                    self.unsure.add((cell.key[0], cell.key[1].split(".")[0], cell.key[2]))

    def also_by_position(self, row: Row, keys: Sequence[Key | None]) -> None:
        """Allow what stands under each head: where rows are filled up with blanks, nothing says that figures have slipped."""
        if self.renderer.startswith(("markdown", "columns of spaces", "pdf borderless")):
            for cell, key in zip(row.cells, keys, strict=False):
                if key and re.fullmatch(r"-?\d+(\.\d+)?", cell.text):
                    self.allowed[key].add(float(cell.text))

    def also_in_turn(self, keys: Sequence[Key | None], cells: Sequence[Cell]) -> None:
        """Allow figures in turn where they are as many as a line has cells: blanks leave no trace, and the line looks whole."""
        # beside each head stands one figure
        beside_heads = self.renderer == "head and figure"
        shown = [cell.text for cell in (cells[: len(keys)] if beside_heads else cells) if cell.text]
        if (self.flat or beside_heads) and len(shown) == len(keys):
            for key, text in zip(keys, shown, strict=True):
                if key and re.fullmatch(r"-?\d+(\.\d+)?", text):
                    self.allowed[key].add(float(text))

    def dispute(self, rows: Iterable[Row]) -> None:
        """Say that rows stand twice: where sums could choose, only the right ones may be read; else neither."""
        for row in rows:
            self.doubt(row)
            for cell in row.cells:
                cell.value = cell.value if self.adds_up else None

    def hold(self, cell: Cell) -> None:
        """Keep the figure of a cell that has no place of its own any more."""
        if cell.key:
            self.held[cell.key] = cell.value
            self.unsure.add(cell.key)


def figures(doc: Document) -> dict[Key, float]:
    """Draw figures, all of them distinct but for zeros; unless they are free, every balance edit holds."""
    random, of_form = doc.random, doc.form
    table = of_form.table("requests")
    lines = [line.id for line in table.lines if not line.subtotal]
    results = [line for line in lines if line not in {"new", "carried_in", "processed_total", "carried_out"}]
    few = doc.renderer == "text glued"
    zeros = 0.75 if doc.profile == "zeros" else random.choice([0, 0, 0.1])
    sizes = [
        random.choice([99, 999, 999, 9999] if doc.profile != "zeros" else [9, 9, 99] if few else [9, 99, 999]) for _ in APPLICANTS
    ]
    sizes[0] = 99 if few else random.choice([999, 9999])
    if doc.profile == "free":
        wide = [random.choice([9, 99, 999, 9999, 99999]) for _ in of_form.cells]
        return {key: doc.fresh(size) if random.random() > zeros else 0 for key, size in zip(of_form.cells, wide, strict=True)}
    while True:
        drawn: dict[Key, float] = {}
        used: set[int] = set()

        def draw(key: Key, size: int, drawn: dict[Key, float] = drawn, used: set[int] = used) -> None:
            number = random.randint(1, size)
            while number in used:
                number = random.randint(1, max(size, 9 * len(used)))
            drawn[key] = 0 if random.random() < zeros else number
            used |= {number} if drawn[key] else set()

        for column, size in zip(APPLICANTS, sizes, strict=True):
            for line in (*results, "carried_in", "carried_out"):
                draw(("requests", line, column), size)
            done = sum(drawn["requests", line, column] for line in results)
            drawn["requests", "processed_total", column] = done
            left = done + drawn["requests", "carried_out", column] - drawn["requests", "carried_in", column]
            drawn["requests", "new", column] = left
        for line in lines:
            drawn["requests", line, "total"] = sum(drawn["requests", line, column] for column in APPLICANTS)
        for review in REVIEWS:
            for column in RESULTS:
                draw(("review", review, column), random.choice([9, 99, 999]))
            drawn["review", review, "total"] = sum(drawn["review", review, column] for column in RESULTS)
        for key in of_form.table("proactive").cells:
            draw(key, random.choice([9, 99, 999, 9999, 99999]))
        counts = [number for number in drawn.values() if number]
        if min(drawn.values()) >= 0 and (doc.profile == "zeros" or len(set(counts)) == len(counts)):
            doc.used |= {int(number) for number in counts}
            return drawn


def spoil_sums(doc: Document, drawn: dict[Key, float], errors: int) -> None:
    """Plant the errors of an agency."""
    cells = [key for key in drawn if key[0] != "proactive" and drawn[key]]
    for key in doc.random.sample(cells, errors):
        text = str(int(drawn[key]))
        at = doc.random.randrange(len(text))
        mistyped = text[:at] + doc.random.choice("123456789") + text[at + doc.random.choice([0, 1, 1]) :]
        drawn[key] = int(mistyped) if int(mistyped) not in doc.used else doc.fresh()
        doc.used.add(int(drawn[key]))


def dressed(doc: Document, drawn: dict[Key, float]) -> dict[Key, Cell]:
    """Print the figures."""
    cells = {key: Cell(str(int(number)), key, number) for key, number in drawn.items()}
    for key, cell in cells.items():
        if key[2] == "amount" and doc.random.random() < 0.7:
            cell.text = f"{cell.text}.{doc.random.choice(['5', '03', '241619', '7'])}"
            cell.value = float(cell.text)
        if key[2] == "items_change" and doc.random.random() < 0.3 and cell.value:
            cell.text, cell.value = f"-{cell.text}", -cell.value
    if doc.profile == "blanks":
        share = doc.random.choice([0.05, 0.3])
        for cell in cells.values():
            if doc.random.random() < share:
                cell.text, cell.value = "", None
    return cells


def tables(doc: Document, cells: dict[Key, Cell]) -> list[Part]:
    """Set the statutory tables as the form prints them, with the variants that reports print."""
    random = doc.random
    point = random.choice([".", ".", ".", "、", "．"])
    full, round_ = random.random() < 0.1, random.random() < 0.2

    def label(entry: Any) -> str:
        text: str = random.choice(entry.also) if entry.also and entry.unit != "万元" and random.random() < 0.12 else entry.zh
        number = re.match(r"(\d)\.", text)
        if number:
            text = (chr(ord(number[1]) + 0xFEE0) if full else number[1]) + point + text[2:]
        return re.sub(r"^（(.)）", r"(\1)", text) if round_ else text

    parts = []
    for table in doc.form.tables:
        names = {entry.id: label(entry) for entry in (*table.groups, *table.lines)}
        group_of = {line.id: line.group for line in table.lines}
        corner = table.corner if table.id == "proactive" else random.choice([table.corner, table.corner, "", "项目"])
        heads = {c.id: label(c) for c in table.columns}
        if table.lines_across:
            paths = [
                (*filter(None, [names.get(x.group)]), names[x.id], heads[c]) for x in table.lines for c in table.columns_of[x.id]
            ]
            across = [cells[table.id, line.id, column] for line in table.lines for column in table.columns_of[line.id]]
            parts.append(Part(table.id, [Band("", "", paths, [Row("", across)])]))
            continue
        bands = []
        for band in table.bands:
            rows = []
            for line in table.lines:
                if line.id in band.lines and not line.subtotal:
                    chain = tuple(names[group] for group in (group_of.get(line.group, ""), line.group) if group)
                    rows.append(Row(names[line.id], [cells[table.id, line.id, c] for c in table.columns_of[line.id]], chain))
            spanners = {c.id: (c.spanner_zh,) if c.spanner_zh else () for c in table.columns}
            over = ("申请人情况",) if table.id == "requests" else ()
            bands.append(Band(band.zh, corner, [(*over, *spanners[c], heads[c]) for c in band.columns], rows))
        parts.append(Part(table.id, bands))
    return parts


def write(doc: Document) -> None:
    """Write the report: title, sections, a little prose, tables."""
    drawn = figures(doc)
    errors = {"one error": 1, "two errors": 2, "three errors": 3}.get(doc.profile, 0)
    spoil_sums(doc, drawn, errors)
    parts = {part.table: part for part in tables(doc, dressed(doc, drawn))}
    titles = {int(section.id): section.zh for section in form("2021").sections}
    doc.blocks = [
        Text("title", f"{doc.agency}{doc.year}年政府信息公开工作年度报告"),
        Text("p", f"本机关编写了{doc.year}年的年度报告，各表数字自{doc.year}年1月1日起，至{doc.year}年12月31日止。"),
        Text("heading", titles[1]),
        Text("p", "这一年各科室按时更新网页，专人回复来信，并为窗口人员安排了培训。"),
    ]
    for number, table in ((2, "proactive"), (3, "requests"), (4, "review")):
        doc.blocks += [Text("heading", titles[number]), parts[table]]
    doc.blocks += [Text("heading", titles[5]), Text("p", "更新有时偏慢，来年要多查多改。")]
    doc.blocks += [Text("heading", titles[6]), Text("p", "没有别的事项要说明。")]


def strange(doc: Document, part: Part) -> Part:
    """Copy a table with figures of no cell of the form."""
    copied = deepcopy(part)
    for band in copied.bands:
        for row in band.rows:
            row.cells = doc.strangers(row)
    return copied


def group_rows(doc: Document) -> tuple[Band, str, list[Row]]:
    band = doc.part("requests").bands[0]
    group = doc.random.choice([row.groups[1] for row in band.rows if len(row.groups) == 2])
    return band, group, [row for row in band.rows if row.groups[1:] == (group,)]


def every_cell(doc: Document) -> Iterator[Cell]:
    return (cell for part in doc.parts() for band in part.bands for row in band.rows for cell in row.cells if cell.key)


def other_report(doc: Document, year: int) -> list[Part]:
    other = Document(doc.seed, Random(f"other {doc.seed}"), doc.form, doc.agency, year, "free", used=doc.used)
    parts = tables(other, dressed(other, figures(other)))
    for cell in (cell for part in parts for band in part.bands for row in band.rows for cell in row.cells):
        cell.key = None
    return parts
