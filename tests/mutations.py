"""Reports spoilt in one of many ways, each of which says what the document still shows.

A *mutation* changes the tables of a report before they are printed. What the document shows is then read off its cells: one that
was taken away shows nothing, and one in `unsure` shows something that a careful person could not tell.

``python -m tests.mutations --documents 10000 --first 100000`` reads many and counts, ``--show SEED`` prints one.
"""

from __future__ import annotations

import argparse
import itertools
import re
import sys
import tempfile
import time
import traceback
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import govstats
from govstats.forms import form

from .model_report import (
    AGENCIES,
    PROFILES,
    Band,
    Cell,
    Document,
    Head,
    Part,
    Row,
    Text,
    every_cell,
    group_rows,
    other_report,
    strange,
    write,
)
from .renderers import FIRST_RENDERERS, FLAT, GRIDS, HTML, RENDERERS, SPANS, STUB, WEIGHTS, grid, spread

#: From this seed on documents are of all kinds; those before keep the kinds that they had.
LATER = 10_000_000


def document(seed: int) -> Document:
    """Return a document, spoilt but not yet printed; the same for the same seed."""
    random = Random(f"mutations {seed}")
    version = random.choice(["2021", "2021", "2019"])
    year = random.choice([2021, 2022, 2023, 2024] if version == "2021" else [2019, 2020])
    profile = random.choices(list(PROFILES), list(PROFILES.values()))[0]
    doc = Document(seed, random, form(version), random.choice(AGENCIES), year, profile)
    renderers, mutations = (RENDERERS, MUTATIONS) if seed >= LATER else (FIRST_RENDERERS, FIRST_MUTATIONS)
    doc.renderer = random.choices(list(renderers), [WEIGHTS.get(name, 30) for name in renderers])[0]
    if doc.renderer == "text glued":
        doc.profile = "zeros"
    names = [name for name in mutations if not MUTATIONS[name][0] or doc.renderer in MUTATIONS[name][0]]
    doc.mutation = random.choice(names) if random.random() < 0.88 else ""
    write(doc)
    if doc.mutation:
        MUTATIONS[doc.mutation][1](doc)
    if doc.renderer == "text glued":
        for part in doc.parts():
            doc.doubt_part(part)
    elif doc.flat:
        for part in doc.parts():
            for band in part.bands:
                for row in band.rows:
                    if any(cell.key and not cell.text for cell in row.cells):
                        doc.doubt_around(band, row)
    return doc


# --- mutations --------------------------------------------------------------------------------------------------------------

Mutation = Callable[[Document], None]
MUTATIONS: dict[str, tuple[tuple[str, ...], Mutation]] = {}


def mutation(*only: str) -> Callable[[Mutation], Mutation]:
    """Register a mutation, for some renderers alone."""

    def register(function: Mutation) -> Mutation:
        MUTATIONS[function.__name__.replace("_", " ")] = (only, function)
        return function

    return register


@mutation()
def stray_figure(doc: Document) -> None:
    """One cell too many: the row, read from either end, could be shifted."""
    _, row = doc.choose()
    doc.doubt(row)
    at, stray = doc.random.randint(0, len(row.cells)), Cell(str(doc.fresh()))
    keys = [cell.key for cell in row.cells]
    row.cells.insert(at, stray)
    doc.also_in_turn(keys, row.cells)


@mutation()
def cell_lost(doc: Document) -> None:
    _, row = doc.choose(2)
    doc.doubt(row)
    keys = [cell.key for cell in row.cells]
    row.cells.pop(doc.random.randrange(len(row.cells)))
    doc.also_by_position(row, keys)


@mutation(*GRIDS)
def cell_gained(doc: Document) -> None:
    """A blank cell too many; where the last cell is blank, nothing on the page says that others are under wrong heads."""
    _, row = doc.choose(2)
    doc.doubt(row)
    if row.cells[-1].text == "":
        for cell, next_cell in itertools.pairwise(row.cells):
            doc.allowed[next_cell.key or ("", "", "")] |= {cell.value} if cell.value is not None else set()
    row.cells.insert(doc.random.randint(0, len(row.cells)), Cell(""))


@mutation(*GRIDS)
def row_shifted(doc: Document) -> None:
    """A blank in front, and the last figure is gone: nothing on the page says that the others are under wrong heads."""
    _, row = doc.choose(3)
    doc.doubt(row)
    texts = [(cell.text, cell.value) for cell in row.cells]
    for cell, (text, value) in zip(row.cells, [("", None), *texts], strict=False):
        doc.allowed[cell.key or ("", "", "")] |= {cell.value} if cell.value is not None else set()
        cell.text, cell.value = text, value


@mutation()
def columns_swapped(doc: Document) -> None:
    """Two columns have changed places, their heads with them."""
    band = doc.random.choice([band for part in doc.parts() for band in part.bands if len(band.heads) > 1])
    alike: dict[Head, list[int]] = defaultdict(list)
    for at, path in enumerate(band.heads):
        alike[path[:-1]].append(at)
    one, two = doc.random.sample(doc.random.choice([places for places in alike.values() if len(places) > 1]), 2)
    for row in across(band):
        exchange(row, one, two)


def across(band: Band) -> list[list[Any]]:
    """Return the heads of a band and the cells of its lines: what has to change together where columns change."""
    return [band.heads, *(row.cells for row in band.lines())]


def exchange(row: Any, one: int, two: int) -> None:
    row[one], row[two] = row[two], row[one]


@mutation()
def total_first(doc: Document) -> None:
    part = doc.part(doc.random.choice(["requests", "review"]))
    for row in across(part.bands[0]):
        for start, at in [(0, 6)] if part.table == "requests" else [(0, 4), (5, 9), (10, 14)]:
            row.insert(start, row.pop(at))
    if doc.flat:
        doc.doubt_part(part)


@mutation()
def column_left_out(doc: Document) -> None:
    """A column is missing, with its head."""
    part = doc.random.choice(doc.parts())
    band = doc.random.choice([band for band in part.bands if len(band.heads) > 1] or part.bands)
    at = doc.random.randrange(len(band.heads))
    if len(band.heads) > 1:
        if doc.flat:
            doc.doubt_part(part)
        for row in across(band):
            row.pop(at)


@mutation()
def own_column(doc: Document) -> None:
    part = doc.part(doc.random.choice(["proactive", "requests", "requests"]))
    kind = doc.random.choice(["备注", "占比", "上年数", "序号"])
    for band in part.bands:
        if kind == "序号":
            band.numbered = True
            continue
        at = doc.random.randint(0, len(band.heads)) if kind == "上年数" else len(band.heads)
        band.heads.insert(at, (kind,))
        for row in band.lines():
            text = {"备注": doc.random.choice(["", "", "", "含街道"]), "占比": f"{doc.fresh() % 100}.{doc.fresh() % 100:02}%"}
            row.cells.insert(at, Cell(text.get(kind) or ("" if kind == "备注" else str(doc.fresh()))))
    if doc.flat:
        doc.doubt_part(part)


@mutation(*GRIDS)
def empty_column(doc: Document) -> None:
    """A column of blanks that has no head."""
    part = doc.random.choice(doc.parts())
    at = doc.random.randint(0, 1)
    for band in part.bands:
        for row in across(band):
            row.insert(at, ("",) if row is band.heads else Cell(""))


@mutation()
def rows_joined(doc: Document) -> None:
    """Two rows stand in one: one behind the other, or their cells one above the other."""
    band, one, two = doc.pair()
    if doc.random.random() < 0.5:
        one.cells += [Cell(two.label), *two.cells]
    else:
        doc.doubt(one, two)
        one.label += "\n" + two.label
        for cell, other in zip(one.cells, two.cells, strict=True):
            doc.hold(other)
            cell.text += "\n" + other.text
    band.rows.remove(two)


@mutation()
def row_split(doc: Document) -> None:
    """The figures of a row stand on two lines."""
    band, row = doc.choose(2)
    at = doc.random.randrange(1, len(row.cells))
    band.rows.insert(band.rows.index(row) + 1, Row("", row.cells[at:], row.groups))
    if not doc.flat:
        doc.doubt(row, band.rows[band.rows.index(row) + 1])
    row.cells = row.cells[:at]


@mutation()
def label_below(doc: Document) -> None:
    """A row has no label; it stands in the next row, which has no figures."""
    band, row = doc.choose(1, ["requests", "proactive"])
    band.rows.insert(band.rows.index(row) + 1, Row(row.label, [Cell("") for _ in row.cells], row.groups))
    doc.unlabel(band, row)


@mutation()
def label_mistyped(doc: Document) -> None:
    """One character of a long label is lost, or another one stands in its place, or two are swapped."""
    _, row = doc.random.choice([(b, r) for part in doc.parts() for b in part.bands for r in b.lines() if len(r.label) > 5])
    at = doc.random.randrange(2, len(row.label) - 2)
    way = doc.random.choice(["", doc.random.choice("某的行公其开息"), row.label[at + 1] + row.label[at]])
    row.label = row.label[:at] + way + row.label[at + max(len(way), 1) :]


@mutation()
def label_cut_short(doc: Document) -> None:
    """Only the first half of a long label is there."""
    _, row = doc.random.choice([(b, r) for part in doc.parts() for b in part.bands for r in b.lines() if len(r.label) > 9])
    row.label = row.label[: doc.random.randrange(6, len(row.label) - 1)]


@mutation()
def label_missing(doc: Document) -> None:
    band, row = doc.choose(1, ["requests", "proactive"])
    doc.unlabel(band, row)


@mutation()
def label_repeated(doc: Document) -> None:
    """The label of a line stands also in the next line, whose own is missing."""
    _, one, two = doc.pair()
    doc.doubt(one, two)
    two.label = one.label


@mutation()
def labels_swapped(doc: Document) -> None:
    """Two lines have changed places: the labels say which is which."""
    band, one, two = doc.pair()
    exchange(band.rows, band.rows.index(one), band.rows.index(two))


@mutation()
def labels_swapped_numbers_kept(doc: Document) -> None:
    """Two lines have changed places but the numbers before their labels have not."""
    pairs = [(b, *t) for b in doc.part("requests").bands for t in zip(b.lines(), b.lines()[1:], strict=False)]
    band, one, two = doc.random.choice([(b, o, t) for b, o, t in pairs if o.groups == t.groups and len(o.groups) == 2])
    exchange(band.rows, band.rows.index(one), band.rows.index(two))
    one.label, two.label = two.label[:1] + one.label[1:], one.label[:1] + two.label[1:]


@mutation()
def line_left_out(doc: Document) -> None:
    band, row = doc.choose(1, ["requests", "proactive"])
    band.rows.remove(row)


@mutation()
def line_twice(doc: Document) -> None:
    """A line stands twice, with other figures."""
    band, row = doc.choose(1, ["requests", "proactive"])
    doc.dispute([row])
    at = doc.random.choice([band.rows.index(row), band.rows.index(row) + 1, len(band.rows)])
    band.rows.insert(at, Row(row.label, doc.strangers(row), row.groups))


@mutation()
def part_twice(doc: Document) -> None:
    """Part of a table stands twice, with other figures and its header."""
    part = doc.part(doc.random.choice(["requests", "proactive"]))
    band = doc.random.choice(part.bands)
    at = doc.random.randrange(max(len(band.rows) - 5, 1))
    chosen = band.rows[at : at + doc.random.randint(2, 9)]
    doc.dispute(chosen)
    copied = Band(band.title, band.corner, band.heads, [Row(row.label, doc.strangers(row), row.groups) for row in chosen])
    part.bands.insert(doc.random.choice([0, len(part.bands)]), copied)


@mutation()
def table_twice(doc: Document) -> None:
    """A whole table stands twice, with other figures."""
    part = doc.random.choice(doc.parts())
    doc.dispute(row for band in part.bands for row in band.rows)
    at = doc.blocks.index(part)
    doc.blocks.insert(doc.random.choice([at, at + 1]), strange(doc, part))


@mutation()
def own_line(doc: Document) -> None:
    """The agency has a line of its own, with a label of its own."""
    band, row = doc.choose(1, ["requests", "proactive"])
    label = doc.random.choice(["其中：网上申请", "其中：当面申请", "9.本机关另行统计", "备查：信函收到", "（八）街道上报"])
    band.rows.insert(band.rows.index(row) + doc.random.choice([0, 1]), Row(label, doc.strangers(row), row.groups))


@mutation()
def own_line_without_label(doc: Document) -> None:
    band, row = doc.choose(1, ["requests", "proactive"])
    if doc.flat:
        doc.doubt_around(band, row)
    own = Row("", doc.strangers(row), row.groups)
    doc.also_in_turn([cell.key for cell in row.cells], [*row.cells, *own.cells])
    band.rows.insert(band.rows.index(row) + 1, own)


@mutation()
def header_lost(doc: Document) -> None:
    part = doc.random.choice(doc.parts())
    doc.doubt_part(part)
    for band in part.bands:
        band.header = False


@mutation()
def header_repeated(doc: Document) -> None:
    band = doc.part("requests").bands[0]
    band.rows.insert(doc.random.randrange(1, len(band.rows)), Row("", kind="header"))


@mutation()
def header_mistyped(doc: Document) -> None:
    band = doc.random.choice([band for part in doc.parts() for band in part.bands])
    at = doc.random.randrange(len(band.heads))
    *over, leaf = band.heads[at]
    place = doc.random.randrange(len(leaf))
    lost = leaf[place]
    leaf = leaf[:place] + doc.random.choice(["", "某", "的", leaf[place] * 2]) + leaf[place + 1 :]
    band.heads[at] = (*over, leaf or "某")
    for cell in (row.cells[at] for row in band.lines() if lost == "万" and "：元" in leaf):
        # what is left of 万元 is another unit
        doc.allowed[cell.key or ("", "", "")] |= {cell.value / 1e4} if cell.value is not None else set()


@mutation()
def group_takes_a_row(doc: Document) -> None:
    """The name of a group stands in a row of its own, over the whole width or with blanks behind it."""
    band, group, rows = group_rows(doc)
    blanks = [Cell("") for _ in rows[0].cells] if doc.random.random() < 0.5 else []
    band.rows.insert(band.rows.index(rows[0]), Row(group, blanks, rows[0].groups[:1]))
    for row in rows:
        row.groups = row.groups[:1]


@mutation()
def subtotal_printed(doc: Document) -> None:
    """A group has a row with its sum."""
    band, group, rows = group_rows(doc)
    lines = [line.id for line in doc.form.table("requests").lines if line.subtotal and line.zh[3:] in group[3:]]
    if not lines:
        return
    line = lines[0]
    sums = []
    for at, column in enumerate(c.id for c in doc.form.table("requests").columns):
        total = sum(row.cells[at].value or 0 for row in rows)
        sums.append(Cell(str(int(total)), ("requests", line, column), total))
    band.rows.insert(band.rows.index(rows[0]), Row(group, sums, rows[0].groups[:1]))
    doc.doubt(band.rows[band.rows.index(rows[0]) - 1])
    if doc.random.random() < 0.5:
        for row in rows:
            row.groups = row.groups[:1]


@mutation(*SPANS)
def figure_merged(doc: Document) -> None:
    """One figure stands for two lines: neither has it."""
    _, one, two = doc.pair()
    at = doc.random.randrange(len(one.cells))
    cell, other = one.cells[at], two.cells[at]
    cell.down, cell.value = 2, None
    assert other.key is not None
    doc.held[other.key] = None
    two.cells.pop(at)


@mutation(*HTML)
def nested_cell(doc: Document) -> None:
    """Figures stand in tables of their own within their cells."""
    _, row = doc.choose()
    for cell in doc.random.sample(row.cells, doc.random.randint(1, min(3, len(row.cells)))):
        cell.nested = True


@mutation(*HTML, "docx")
def hidden_digit(doc: Document) -> None:
    """A style hides digits."""
    styles = ["display:none", "display: none !important", "visibility:hidden", "opacity:0", "font-size:0", "class"]
    _, row = doc.choose()
    for cell in doc.random.sample(row.cells, doc.random.randint(1, min(3, len(row.cells)))):
        cell.mark = (doc.random.choice(styles), str(doc.random.randint(1, 9)), doc.random.random() < 0.5)


@mutation(*HTML, "docx", "pdf ruled", "pdf borderless")
def raised_mark(doc: Document) -> None:
    """A small raised mark of a note stands behind a figure."""
    _, row = doc.choose()
    for cell in doc.random.sample(row.cells, doc.random.randint(1, min(2, len(row.cells)))):
        cell.mark = ("sup", doc.random.choice(["1", "2", "[1]"]), False) if cell.text else None
    if doc.renderer.startswith("pdf"):
        doc.doubt(row)


@mutation()
def mark_behind(doc: Document) -> None:
    """A mark of a note stands behind a figure."""
    _, row = doc.choose()
    cell = doc.random.choice(row.cells)
    cell.text += doc.random.choice(["①", "*", "注1", "[1]"]) if cell.text else ""
    doc.doubt(row)


@mutation()
def units(doc: Document) -> None:
    part = doc.random.choice(doc.parts())
    unit = doc.random.choice(["件", "项", " 件"]) if part.table != "proactive" else "件"
    for row in (row for band in part.bands for row in band.lines()):
        for cell in row.cells:
            cell.text += (unit if cell.key and cell.key[2] != "amount" else "万元") if cell.text else ""


@mutation()
def unit_line(doc: Document) -> None:
    """The unit of the amount stands above the table, in 元; or a unit that changes nothing."""
    part = doc.part("proactive")
    unit = doc.random.choice(["单位：元", "（单位：元）", "单位：件、元", "单位：件、万元", "金额单位：元"])
    doc.blocks.insert(doc.blocks.index(part), Text("p", unit))
    for band in part.bands:
        band.heads = [("本年收费金额",) if "收费金额" in path[0] else path for path in band.heads]
        band.heads = [("采购总金额",) if "金额" in path[0] and "收费" not in path[0] else path for path in band.heads]
        for row in band.rows:
            for cell in row.cells:
                if cell.key and cell.key[2] == "amount" and cell.value is not None and "万" not in unit:
                    cell.value /= 1e4
                    doc.unsure.add(cell.key)


@mutation()
def remark(doc: Document) -> None:
    """A remark stands in brackets behind a figure."""
    _, row = doc.choose()
    for cell in doc.random.sample(row.cells, doc.random.randint(1, min(2, len(row.cells)))):
        words = doc.random.choice(["（其中修订{}件）", "（含上年{}件）", "(其中网上{})", "（另有{}件移送）"])
        cell.text += words.format(doc.fresh(99)) if cell.text else ""


@mutation()
def remark_in_front(doc: Document) -> None:
    _, row = doc.choose()
    doc.doubt(row)
    cell = doc.random.choice(row.cells)
    cell.text = doc.random.choice(["约", "共", "（修订3件）", "其中2件，计"]) + cell.text
    cell.value = None if "约" in cell.text else cell.value


@mutation()
def thousands(doc: Document) -> None:
    comma = doc.random.choice([",", "，", ","])
    for cell in every_cell(doc):
        if re.fullmatch(r"\d{4,}(\.\d+)?", cell.text):
            whole, point, rest = cell.text.partition(".")
            cell.text = f"{int(whole):,}{point}{rest}".replace(",", comma)


@mutation()
def full_width(doc: Document) -> None:
    for cell in every_cell(doc):
        cell.text = "".join(chr(ord(sign) + 0xFEE0) if sign in "0123456789." else sign for sign in cell.text)


@mutation()
def many_digits(doc: Document) -> None:
    """A figure has more digits than a float holds."""
    _, row = doc.choose()
    cell = doc.random.choice(row.cells)
    cell.text, cell.value = "9" + "".join(doc.random.choice("123456789") for _ in range(15)) + "7", None
    if doc.flat:
        doc.doubt(row)


@mutation()
def negative_count(doc: Document) -> None:
    _, row = doc.choose(1, ["requests", "review"])
    cell = doc.random.choice(row.cells)
    if cell.value:
        cell.text, cell.value = doc.random.choice("-－−") + cell.text, -cell.value
    doc.doubt(row)


@mutation()
def decimals(doc: Document) -> None:
    """Counts have decimals, as a spreadsheet prints them."""
    ends = doc.random.choice([".0", ".00"])
    part = doc.random.choice(doc.parts())
    for row in (row for band in part.bands for row in band.lines()):
        for cell in row.cells:
            cell.text += ends if cell.text.isdigit() else ""


@mutation()
def count_and_a_half(doc: Document) -> None:
    _, row = doc.choose()
    cell = doc.random.choice(row.cells)
    if cell.value is not None and cell.text.isdigit():
        cell.text, cell.value = f"{cell.text}.5", cell.value + 0.5
    doc.doubt(row)


@mutation()
def signs(doc: Document) -> None:
    """Some cells hold signs that say that there is nothing."""
    sign = doc.random.choice(["/", "—", "无", "－", "不适用", "-", "——", "／"])
    for cell in every_cell(doc):
        if doc.random.random() < 0.15:
            cell.text, cell.value = sign, None


@mutation()
def last_year(doc: Document) -> None:
    """Last year's tables stand after this year's, under a heading."""
    doc.blocks.append(Text("heading", f"附：{doc.year - 1}年度各表数字，供对照"))
    chosen = doc.random.sample(other_report(doc, doc.year - 1), doc.random.randint(1, 3))
    for part in sorted(chosen, key=lambda part: part.table):
        doc.blocks += [Text("p", f"{doc.year - 1}年{doc.form.table(part.table).zh}"), part]


@mutation()
def last_year_first(doc: Document) -> None:
    """A table of last year stands before this year's, each with a line that names the year."""
    part = doc.random.choice(other_report(doc, doc.year - 1))
    at = doc.blocks.index(doc.part(part.table))
    doc.blocks[at:at] = [Text("p", f"上一年（{doc.year - 1}年）："), part, Text("p", f"本年（{doc.year}年）：")]


@mutation()
def another_agency(doc: Document) -> None:
    """The report of another agency follows."""
    agency = doc.random.choice([agency for agency in AGENCIES if agency != doc.agency])
    doc.blocks.append(Text("title", f"{agency}{doc.year}年政府信息公开工作年度报告"))
    for part in other_report(doc, doc.year):
        doc.doubt_part(doc.part(part.table))
        doc.blocks += [
            Text("heading", "一二三四"[doc.form.table(part.table).section - 1] + "、" + doc.form.table(part.table).zh),
            part,
        ]


@mutation()
def prose_list(doc: Document) -> None:
    """Section one lists figures with labels of the tables."""
    names = ["规章", "行政规范性文件", "行政许可", "行政处罚", "予以公开", "部分公开", "重复申请", "总计", "行政复议", "其他"]
    gap, unit = doc.random.choice([" ", "：", "\t"]), doc.random.choice(["", "件", " 件"])
    lines = [Text("p", f"{name}{gap}{doc.fresh()}{unit}") for name in doc.random.sample(names, 5)]
    at = 4 if doc.random.random() < 0.6 else doc.blocks.index(doc.part("requests"))
    doc.blocks[at:at] = lines


@mutation()
def page_numbers(doc: Document) -> None:
    """The numbers of pages stand between rows."""
    style = doc.random.choice(["- {} -", "第{}页", "— {} —", "{}", "第 {} 页 共 9 页", "·{}·"])
    for number in range(doc.random.randint(1, 3)):
        band, row = doc.choose(1, ["requests", "requests", "proactive"])
        if style == "{}" and doc.flat:
            doc.doubt_around(band, row)
        band.rows.insert(band.rows.index(row) + 1, Row(style.format(number + 2), kind="note"))


@mutation()
def note_between(doc: Document) -> None:
    """A note stands between rows."""
    band, row = doc.choose(1, ["requests", "proactive"])
    note = doc.random.choice(["注：以上含街道3件", "说明：其中12件由法规科办理", "（接上表）", "续表"])
    band.rows.insert(band.rows.index(row) + 1, Row(note, kind="note"))


@mutation()
def figures_joined(doc: Document) -> None:
    """A separator between two figures is lost: their digits are glued, or stand in one cell."""
    _, row = doc.choose(3)
    at = doc.random.randrange(len(row.cells) - 1)
    gap = doc.random.choice(["", "", " "])
    if doc.renderer in FLAT and gap:
        return
    doc.doubt(row)
    keys = [cell.key for cell in row.cells]
    cell, other = row.cells[at : at + 2]
    cell.text += gap + other.text
    doc.hold(row.cells.pop(at + 1))
    if doc.random.random() < 0.3:
        row.cells.insert(at + 1, Cell(""))
        if cell.key and cell.text.isdigit():
            doc.allowed[cell.key].add(float(cell.text))
    doc.also_by_position(row, keys)


@mutation()
def label_and_figure_joined(doc: Document) -> None:
    """The first figure of a row stands in the cell of its label."""
    _, row = doc.choose(2, ["requests", "proactive"])
    doc.doubt(row)
    doc.hold(row.cells[0])
    keys = [cell.key for cell in row.cells]
    row.label += doc.random.choice(["", " "]) + row.cells.pop(0).text
    doc.also_by_position(row, keys)


@mutation("text tabs", *FLAT)
def label_ends_in_digit(doc: Document) -> None:
    """The mark of a note at the end of a label is glued to the first figure."""
    _, row = doc.choose(2, ["requests", "proactive"])
    doc.doubt(row)
    doc.hold(row.cells[0])
    row.label += doc.random.choice(["[1]", "①", "（1）", "注1："]) + row.cells.pop(0).text


@mutation("text tabs", *FLAT)
def figure_and_next_label_joined(doc: Document) -> None:
    """The last figure of a row runs into the number of the next label: ``0 02.重复申请``."""
    band, one, two = doc.pair()
    doc.doubt(one, two)
    one.cells[-1].text += two.label
    one.cells += two.cells
    band.rows.remove(two)


@mutation()
def number_in_label(doc: Document) -> None:
    """A label ends in the number of a note, apart from the figures."""
    _, row = doc.choose(2, ["requests", "proactive"])
    row.label += doc.random.choice(["1", "[1]", "①", "（注2）"])
    if doc.flat:
        doc.doubt(row)


@mutation()
def heading_mistyped(doc: Document) -> None:
    block = doc.random.choice([b for b in doc.blocks if isinstance(b, Text) and b.kind == "heading" and len(b.text) > 7])
    at = doc.random.randrange(2, len(block.text))
    block.text = block.text[:at] + doc.random.choice(["", "法", "某", block.text[at] * 2]) + block.text[at + 1 :]


@mutation()
def heading_missing(doc: Document) -> None:
    part = doc.random.choice(doc.parts())
    doc.blocks.pop(doc.blocks.index(part) - 1)


@mutation()
def headings_misnumbered(doc: Document) -> None:
    for block in doc.blocks:
        if isinstance(block, Text) and block.kind == "heading":
            block.text = doc.random.choice(["", "（一）", "三、", "1."]) + block.text[2:]


@mutation()
def table_cut(doc: Document) -> None:
    """A table is cut in two, each piece with its header, and the second piece stands first."""
    band = doc.part("requests").bands[0]
    at = doc.random.randrange(3, len(band.rows) - 3)
    rest = Band(band.title, band.corner, band.heads, band.rows[at:])
    band.rows = band.rows[:at]
    if doc.random.random() < 0.5:
        doc.part("requests").bands = [rest, band]
    else:
        doc.blocks.insert(doc.blocks.index(doc.part("requests")), Part("requests", [rest]))


@mutation()
def table_continued(doc: Document) -> None:
    """A table is cut in two, the second piece without a header."""
    band = doc.part("requests").bands[0]
    at = doc.random.randrange(3, len(band.rows) - 3)
    rest = Band(band.title, band.corner, band.heads, band.rows[at:], header=False)
    band.rows = band.rows[:at]
    doc.blocks.insert(doc.blocks.index(doc.part("requests")) + 1, Part("requests", [rest]))


@mutation()
def blocks_swapped(doc: Document) -> None:
    """The blocks of the table on reviews stand in another order, their heads with them."""
    band = doc.part("review").bands[0]
    order = doc.random.choice([(1, 2, 0), (0, 2, 1)])
    for row in across(band):
        row[:] = [cell for block in order for cell in row[5 * block : 5 * block + 5]]
    if doc.flat:
        doc.doubt_part(doc.part("review"))


# --- what spreadsheets, editors and people do to tables ----------------------------------------------------------------------

#: The mutations above; documents of earlier seeds have no others.
FIRST_MUTATIONS = tuple(MUTATIONS)


@mutation()
def columns_numbered(doc: Document) -> None:
    """A row numbers the columns, under the header."""
    part = doc.random.choice(doc.parts())
    band = doc.random.choice(part.bands)
    first, label = doc.random.choice([1, 1, 2]), doc.random.choice(["", "栏次", "甲"]) if STUB[part.table] else ""
    if doc.flat or not STUB[part.table]:
        doc.doubt_part(part)
    band.rows.insert(0, Row(label, [Cell(str(first + at)) for at in range(len(band.heads))]))


@mutation()
def column_twice(doc: Document) -> None:
    """A column stands twice, the second time with other figures: where sums cannot choose, neither may be read."""
    part = doc.part(doc.random.choice(["requests", "review"]))
    band = part.bands[0]
    at = doc.random.randrange(len(band.heads))
    doc.dispute([Row("", [row.cells[at]]) for row in band.lines()])
    doc.doubt_part(part)
    to = doc.random.choice([at, at + 1, len(band.heads)])
    for row in across(band):
        row.insert(to, band.heads[at] if row is band.heads else Cell(str(doc.fresh())))


@mutation()
def head_lost(doc: Document) -> None:
    """The header lacks a cell, and those behind it moved up."""
    part = doc.part(doc.random.choice(["requests", "review"]))
    doc.doubt_part(part)
    part.bands[0].heads.pop(doc.random.randrange(len(part.bands[0].heads)))


@mutation()
def cells_lost(doc: Document) -> None:
    """Two cells of a row are gone, or one of each of many rows."""
    band, row = doc.choose(3, ["requests", "proactive", "review"])
    several = doc.random.random() < 0.5
    rows = [row, row] if several else [one for one in band.lines() if doc.random.random() < 0.4]
    heads = [[cell.key for cell in one.cells] for one in rows]
    for one in rows:
        doc.doubt(one)
        one.cells.pop(doc.random.randrange(len(one.cells)))
    for one, keys in zip(rows, heads, strict=True):
        doc.also_by_position(one, keys)


@mutation()
def stray_in_two_rows(doc: Document) -> None:
    _, *rows = doc.pair()
    at = doc.random.randint(0, len(rows[0].cells))
    for row in rows:
        keys = [cell.key for cell in row.cells]
        row.cells.insert(at, Cell(str(doc.fresh())))
        doc.also_in_turn(keys, row.cells)
    doc.doubt(*rows)


@mutation()
def rows_sorted(doc: Document) -> None:
    """The rows stand in another order, each with its label."""
    band = doc.part("requests").bands[0]
    one, two = sorted(doc.random.sample(range(len(band.rows) + 1), 2))
    band.rows[one:two] = band.rows[one:two][::-1]
    if doc.flat:
        doc.doubt_part(doc.part("requests"))


@mutation()
def row_of_sums(doc: Document) -> None:
    """A sum of an agency's own stands below a table."""
    band = doc.random.choice(doc.part(doc.random.choice(["requests", "proactive"])).bands)
    band.rows.append(Row(doc.random.choice(["合计", "总计", "小计", "共计"]), doc.strangers(band.lines()[0])))


@mutation()
def line_of_which(doc: Document) -> None:
    """Below a line stands a part of it, labelled like it."""
    band, row = doc.choose(1, ["requests", "proactive"])
    label = "其中：" + re.sub(r"^(\d[.．、]|[（(].[）)])", "", row.label)
    band.rows.insert(band.rows.index(row) + 1, Row(label, doc.strangers(row), row.groups))


@mutation()
def figures_parted(doc: Document) -> None:
    """A sign that parts thousands may as well part two figures; a narrow cell breaks a figure over two lines."""
    gap = doc.random.choice([" ", "\u202f", "\u00a0", "'", "’", "\n"])
    for row in (row for part in doc.parts() for band in part.bands for row in band.lines()):
        for cell in row.cells:
            if cell.text.isdigit() and len(cell.text) > 3:
                cell.text = cell.text[:-3] + gap + cell.text[-3:]
                doc.doubt(row)


@mutation()
def signs_of_spreadsheets(doc: Document) -> None:
    """A column is too narrow, a formula is broken, nothing was filled in."""
    sign = doc.random.choice(["###", "#####", "#REF!", "#N/A", "null", "NaN", "undefined"])
    for cell in every_cell(doc):
        if doc.random.random() < 0.1:
            cell.text, cell.value = sign, None


@mutation()
def written_otherwise(doc: Document) -> None:
    """A figure has an exponent, or letters for digits."""
    _, row = doc.choose()
    doc.doubt(row)
    letters = doc.random.random() < 0.5
    for cell in row.cells:
        if letters and not {"0", "1"}.isdisjoint(cell.text):
            cell.text, cell.value = cell.text.translate(str.maketrans("01", "Ol")), None
        elif not letters and cell.text.isdigit() and len(cell.text) > 2:
            cell.text = f"{cell.text[0]}.{cell.text[1:]}E+{len(cell.text) - 1:02}"


@mutation()
def last_year_beside(doc: Document) -> None:
    """Each cell has the figure of the year before as well."""
    form_of_both = doc.random.choice(["{}（{}）", "{}/{}", "{}（上年{}）", "{} → {}", "{}\n({})"])
    part = doc.random.choice(doc.parts())
    doc.doubt_part(part)
    for cell in (cell for band in part.bands for row in band.lines() for cell in row.cells if cell.text):
        cell.text = form_of_both.format(cell.text, doc.fresh())


# --- scores -----------------------------------------------------------------------------------------------------------------


#: Documents between two looks at the clock.
_AT_ONCE = 200


class Score(NamedTuple):
    """How the reading of a document compares with what it shows.

    `crash` is an error that is none of govstats' own, `wrong` are figures reported where the document shows another or none,
    `hollow` cells said to be blank where a figure stands beyond doubt; `right` counts the cells read of the `decidable` ones.
    """

    seed: int
    renderer: str
    mutation: str
    profile: str
    crash: str
    wrong: list[str]
    hollow: list[str]
    right: int
    decidable: int
    seconds: float

    @property
    def name(self) -> str:
        return f"{self.renderer}: {self.mutation or '(none)'} [{self.profile}]"


def printed(doc: Document) -> bytes:
    return RENDERERS[doc.renderer](doc)


def score(seed: int, print_out: Callable[[Document], bytes] = printed) -> Score:
    """Read a document and compare."""
    doc = document(seed)
    content = print_out(doc)
    started = time.process_time()
    cells: Sequence[Any] = ()
    crash = ""
    try:
        cells = govstats.read(content).read_cells
    except govstats.GovstatsError:
        pass
    except Exception:  # noqa: BLE001 - one document does not end a campaign
        crash = traceback.format_exc().strip()
    seconds = time.process_time() - started
    shown = doc.shown()
    sure = {key for key, value in shown.items() if value is not None and key not in doc.unsure}
    wrong, hollow, right = [], [], 0
    for table, line, column, value, _, status, *_ in cells:
        key, truth = (table, line, column), shown.get((table, line, column))
        truths = doc.allowed.get(key, set()) | ({truth} if truth is not None else set())
        if status == "reported" and not any(abs(value - one) <= 1e-6 for one in truths):
            wrong.append(f"{'/'.join(key)}: read {value:.16g}, shown {'nothing' if truth is None else f'{truth:.16g}'}")
        elif key in sure and status == "reported":
            right += 1
        elif key in sure and status in {"blank", "not_applicable"}:
            hollow.append("/".join(key))
    return Score(seed, doc.renderer, doc.mutation, doc.profile, crash, wrong, hollow, right, len(sure), seconds)


def table_of(scores: Sequence[Score], by: Callable[[Score], str]) -> str:
    """Count documents, wrong documents and cells."""
    groups: dict[str, list[Score]] = defaultdict(list)
    for one in scores:
        groups[by(one)].append(one)
    rows = [f"{'':46}{'documents':>10}{'wrong':>7}{'hollow':>7}{'cells':>9}{'read':>9}"]
    for name, of_name in sorted(groups.items()):
        cells, right = sum(one.decidable for one in of_name), sum(one.right for one in of_name)
        wrong, hollow = sum(bool(one.wrong) for one in of_name), sum(bool(one.hollow) for one in of_name)
        rows.append(f"{name:46}{len(of_name):10}{wrong:7}{hollow:7}{cells:9}{right / max(cells, 1):9.1%}")
    return "\n".join(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description="Read spoilt reports and count what is read wrong.")
    parser.add_argument("--documents", type=int, default=2000)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--seconds", type=float, help="go on for so long, instead of a number of documents")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--cross", action="store_true", help="count by renderer and mutation together")
    parser.add_argument("--show", type=int, metavar="SEED", help="print one document and how it is read")
    options = parser.parse_args()
    if options.show is not None:
        show(options.show)
        return
    seeds = itertools.count(options.first)
    scores: list[Score] = []
    ends = None if options.seconds is None else time.monotonic() + options.seconds
    with ProcessPoolExecutor(options.processes) as pool:
        while time.monotonic() < ends if ends else len(scores) < options.documents:
            some = options.documents - len(scores) if ends is None else _AT_ONCE
            scores += pool.map(score, itertools.islice(seeds, some), chunksize=20)
    say(table_of(scores, lambda one: one.renderer), table_of(scores, lambda one: one.mutation or "(none)"))
    if options.cross:
        say(table_of(scores, lambda one: f"{one.renderer}: {one.mutation or '(none)'}"))
    for one in scores:
        if one.wrong:
            say(f"{one.seed:7}  {one.name:58} {len(one.wrong):3} wrong, {one.wrong[0]}")
        if one.crash:
            say(f"{one.seed:7}  {one.name:58} crashed: {one.crash}")
    slow = sorted(scores, key=lambda one: -one.seconds)[:5]
    say("slowest: " + ", ".join(f"{one.seed} ({one.renderer}, {one.seconds:.1f} s)" for one in slow))
    crashed, wrong = sum(bool(one.crash) for one in scores), sum(bool(one.wrong) for one in scores)
    say(f"{len(scores)} documents, {crashed} crashed, {wrong} wrong")


def say(*texts: str) -> None:
    sys.stdout.write("\n".join(texts) + "\n")


def show(seed: int) -> None:
    doc = document(seed)
    content = printed(doc)
    say(f"{doc.renderer}: {doc.mutation or '(none)'} [{doc.profile}] form {doc.form.version}\n")
    if doc.renderer in {"docx", "pdf ruled", "pdf borderless"}:
        path = Path(tempfile.mkdtemp()) / f"{seed}.{doc.renderer[:4].strip()}"
        path.write_bytes(content)
        say(str(path), *("\t".join(text or "·" for text in row) for part in doc.parts() for row in spread(grid(part))))
    else:
        say(content.decode())
    say("", *score(seed).wrong, "unsure: " + " ".join(sorted({"/".join(key[:2]) for key in doc.unsure})))


if __name__ == "__main__":
    main()
