"""Typeset the documents of the embedded corpus from its figures, and describe every file in datapackage.json.

    python data/typeset.py            write documents/ and datapackage.json
    python data/typeset.py --check    write nothing; say which files differ, and exit 1 if any does

PDF documents need fpdf2 and the font of the extra ``notebooks``; their bytes are those of the versions in requirements.lock.
The figures are those of ``figures.csv``, the agencies, years and titles those of ``reports.csv``; labels and their order come
from the forms of govstats. The sentences are the project's own, and say that the document is not the original.
"""

from __future__ import annotations

import atexit
import csv
import hashlib
import io
import json
import re
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache, partial
from html import escape
from itertools import accumulate, groupby
from pathlib import Path
from shutil import rmtree
from string import printable
from tempfile import mkdtemp
from typing import Any, NamedTuple
from unicodedata import east_asian_width

from opencc import OpenCC

from govstats.forms import Line, Table, form

HERE = Path(__file__).resolve().parent

#: The spanner above all columns of the table on requests; it stands for no column, so that the forms do not list it.
APPLICANTS = "申请人情况"

#: Machine conversion to traditional characters leaves the reading behind characters that have several.
READINGS = {"應": "yīng", "務": "wù", "關": "guān", "復": "fù", "進": "jìn", "規": "guī", "處": "chù"}


class Box(NamedTuple):
    """A cell of a table and the rows and columns it spans."""

    text: str
    rows: int = 1
    columns: int = 1


Rows = list[list[Box]]
Figures = Mapping[tuple[str, str, str], str]


class Part(NamedTuple):
    """A section: its heading, its sentences, and its table in one or more pieces."""

    heading: str
    sentences: list[str]
    pieces: list[Rows]


class Cell(NamedTuple):
    """A cell on pages: its rows, its sides, and the lines of its text that are not set yet."""

    rows: range
    left: float
    right: float
    lines: list[str]


class Article(NamedTuple):
    """A report before it is set in any format."""

    register: Mapping[str, str]
    lead: list[str]
    parts: list[Part]


def stretched(texts: Sequence[str], width: int) -> list[Box]:
    """Set a row whose last cell spans what is left of the width."""
    *boxes, last = map(Box, texts)
    return [*boxes, last._replace(columns=width - len(boxes))]


def banded(table: Table, figures: Figures) -> Rows:
    """Set a table whose lines come in bands with a header each."""
    width = 1 + max(len(band.columns) for band in table.bands)
    rows: Rows = []
    for band in table.bands:
        rows.append(stretched([band.zh], width))
        rows.append(stretched([table.corner, *(table.column[column].zh for column in band.columns)], width))
        for line in band.lines:
            printed = (figures[table.id, line, column] for column in band.columns)
            rows.append(stretched([table.line[line].zh, *printed], width))
    return rows


def stubbed(table: Table, figures: Figures, lines: Sequence[Line]) -> Rows:
    """Set a table whose lines stand in nested groups, under a header of three rows."""
    label = {group.id: group.zh for group in table.groups} | {line.id: line.zh for line in table.lines}
    group_of = {line.id: line.group for line in table.lines}

    def groups(line: Line) -> list[str]:
        """Name the groups a line stands in, the widest first."""
        chain: list[str] = []
        group = line.group
        while group:
            chain.insert(0, group)
            group = group_of.get(group, "")
        return chain

    depth = 1 + max(len(groups(line)) for line in lines)
    spanners = [(name, len(list(run))) for name, run in groupby(table.columns, key=lambda column: column.spanner_zh)]
    second, position = [], 0
    for name, count in spanners:
        second += [Box(name, columns=count)] if name else [Box(c.zh, rows=2) for c in table.columns[position : position + count]]
        position += count
    rows: Rows = [
        [Box(table.corner, rows=3, columns=depth), Box(APPLICANTS, columns=len(table.columns))],
        second,
        [Box(column.zh) for column in table.columns if column.spanner_zh],
    ]
    begun: set[str] = set()
    for line in lines:
        chain = groups(line)
        row = [Box(label[group], rows=sum(group in groups(other) for other in lines)) for group in chain if group not in begun]
        begun.update(chain)
        row.append(Box(line.zh, columns=depth - len(chain)))
        rows.append(row + [Box(figures[table.id, line.id, column.id]) for column in table.columns])
    return rows


def across(table: Table, figures: Figures) -> Rows:
    """Set a table whose lines stand side by side."""
    label = {group.id: group.zh for group in table.groups}
    width = len(table.columns)
    rows: Rows = [[], [], [], []]
    for group, run in groupby(table.lines, key=lambda line: line.group):
        lines = list(run)
        if group:
            rows[0].append(Box(label[group], columns=width * len(lines)))
            rows[1] += [Box(line.zh, columns=width) for line in lines]
            rows[2] += [Box(column.zh) for _ in lines for column in table.columns]
        else:
            rows[0] += [Box(line.zh, columns=width) for line in lines]
            rows[1] += [Box(column.zh, rows=2) for _ in lines for column in table.columns]
        rows[3] += [Box(figures[table.id, line.id, column.id]) for line in lines for column in table.columns]
    return rows


def listed(table: Table, figures: Figures) -> Rows:
    """Set an open table, in which an agency prints the lines it has; the parts of a group are numbered."""
    rows: Rows = [[Box(table.corner), *(Box(column.zh) for column in table.columns)]]
    number: dict[str, int] = {}
    for name in dict.fromkeys(line for _, line, _ in figures):
        group = table.line[name].group
        number[group] = number.get(group, 0) + 1
        mark = f"{'其中：' if number[group] == 1 else ''}{number[group]}、" if group else ""
        boxes = [Box(figures[table.id, name, column.id]) for column in table.columns]
        rows.append([Box(mark + table.line[name].zh), *boxes])
    return rows


def pieces(table: Table, figures: Figures, *, torn: bool) -> list[Rows]:
    """Set a table as the form prints it; torn, one with nested groups comes in two halves that repeat the header."""
    if table.open:
        return [listed(table, figures)]
    if table.lines_across:
        return [across(table, figures)]
    if len(table.bands) > 1:
        return [banded(table, figures)]
    printed = {line for name, line, _ in figures if name == table.id}
    lines = [line for line in table.lines if line.id in printed]
    half = len(lines) // 2
    return [stubbed(table, figures, some) for some in ([lines[:half], lines[half:]] if torn else [lines])]


def placed(rows: Rows) -> list[tuple[int, int, Box]]:
    """Say in which row and column each box begins."""
    taken: set[tuple[int, int]] = set()
    found = []
    for r, row in enumerate(rows):
        c = 0
        for box in row:
            while (r, c) in taken:
                c += 1
            taken.update((r + i, c + j) for i in range(box.rows) for j in range(box.columns))
            found.append((r, c, box))
    return found


def matrix(rows: Rows) -> list[list[str]]:
    """Spread boxes over a rectangle: the text in the upper left corner of its span, nothing in the rest."""
    boxes = placed(rows)
    text = {(r, c): box.text for r, c, box in boxes}
    width = max(c + box.columns for _, c, box in boxes)
    return [[text.get((r, c), "") for c in range(width)] for r in range(len(rows))]


def article(register: Mapping[str, str], figures: Figures, *, torn: bool = False) -> Article:
    """Put the sections of a report together."""
    statutory, agency, year = form(register["form"]), register["agency"], int(register["year"])
    lead = [
        f"这份{year}年度的报告由 govstats 项目根据{agency}已公布的数字重新排印，并非原件。",
        f"各表数字的起止：{year}年1月1日起，至{year}年12月31日止。表样见{statutory.source}。",
    ]
    tables = {table.section: table for table in statutory.tables}
    if not statutory.sections:
        said = Part("概述", summary(register), [])
        return Article(
            register, lead, [said, *(Part(table.zh, [], pieces(table, figures, torn=False)) for table in tables.values())]
        )
    parts = []
    for section in statutory.sections:
        number, table = int(section.id), tables.get(int(section.id))
        if table and figures:
            part = Part(section.zh, ["数字照已公布者录入，空白格仍留空白。"], pieces(table, figures, torn=torn))
        elif table:
            part = Part(section.zh, ["所见的副本已失去这张表格，因此没有数字。"], [])
        elif number == 1:
            part = Part(section.zh, summary(register), [])
        elif number == len(statutory.sections):
            part = Part(section.zh, ["有关信息处理费等事项，请看原件。"], [])
        else:
            part = Part(section.zh, [f"原件的这一段文字没有收录；{year + 1}年的安排也请看原件。"], [])
        parts.append(part)
    return Article(register, lead, parts)


#: How a sentence of ours says what the prose of the report claims; other lines and columns go by their label.
CLAIMED = {
    "new": "收到政府信息公开申请",
    "carried_in": "上年结转政府信息公开申请",
    "processed_total": "办结政府信息公开申请",
    "carried_out": "结转下年度继续办理",
    "other": "其他处理",
    "organisations": "法人或其他组织",
    "reconsideration": "因政府信息公开引起的行政复议",
    "litigation": "因政府信息公开引起的行政诉讼",
    "issued": "制发",
    "newly_disclosed": "公开",
    "in_force": "现行有效的",
    "decisions": "作出",
}


def summary(register: Mapping[str, str]) -> list[str]:
    """Say what the prose of the report claims, in sentences of our own."""
    own = (
        row
        for row in rows_of("claims.csv")
        if row["document"] == f"reports/{register['slug']}" and row["target"] and "+" not in row["target"]
    )
    sentences = []
    for _, rows in groupby(own, key=lambda row: row["target"].split("/")[0]):
        clauses = [clause(row, register["form"]) for row in rows]
        sentences.append(f"{register['year']}年，{'，'.join(dict.fromkeys(clauses))}。")
    return ["叙述部分没有收录，只用我们自己的话转述其中的数字。" if sentences else "叙述部分没有收录。", *sentences]


def clause(row: Mapping[str, str], version: str) -> str:
    """Say one claim."""
    name, line, column = row["target"].split("/")
    table, value = form(version if version != "2008" else "2019").table(name), float(row["value"])
    figure = f"{abs(value):,.10g}"
    if row["qualifier"] == "all":
        return "均获维持" if column == "upheld" else "均已办结"
    if row["qualifier"] == "growth":
        return f"同比{'增长' if value > 0 else '下降'}{figure}%"
    known = {one.id: re.sub(r"^(?:（.）|\d\.)|（.*", "", one.zh) for one in (*table.lines, *table.columns)} | CLAIMED
    if name == "proactive":
        return f"{known[column]}{known[line]}{'决定' * (column == 'decisions')}{figure}件"
    if column == "total" and value == 0 and not row["unit"]:
        return {"new": "未收到政府信息公开申请"}.get(line, f"未发生{known[line]}")
    if column != "total":
        return f"其中{known[column]}{figure}件"
    return f"{known[line]}{figure}件"


def html_table(rows: Rows, blank: str) -> str:
    """Set a table in HTML with its spans."""

    def cell(box: Box) -> str:
        spans = (f' rowspan="{box.rows}"' if box.rows > 1 else "") + (f' colspan="{box.columns}"' if box.columns > 1 else "")
        return f'<td{spans} style="text-align: center"><p>{escape(box.text, quote=False) or blank}</p></td>'

    body = "\n".join("<tr>" + "".join(map(cell, row)) + "</tr>" for row in rows)
    return f'<table border="1" cellspacing="0" style="border-collapse: collapse"><tbody>\n{body}\n</tbody></table>'


def html_body(text: Article, blank: str) -> str:
    """Set title, sentences, headings and tables in HTML."""
    out = [f'<h1 style="text-align: center">{escape(text.register["title"])}</h1>']
    if text.register["publication_date"]:
        out.append(f'<p style="text-align: center">发布日期：{text.register["publication_date"]}</p>')
    out += [f"<p>{escape(sentence)}</p>" for sentence in text.lead]
    for part in text.parts:
        out.append(f"<p><strong>{escape(part.heading)}</strong></p>")
        out += [f"<p>{escape(sentence)}</p>" for sentence in part.sentences]
        out += [html_table(piece, blank) for piece in part.pieces]
    return "\n".join(out)


def html_page(text: Article, body: str, charset: str) -> str:
    """Set the page around the body as a content management system does."""
    return (
        f'<!DOCTYPE html>\n<html lang="zh-CN">\n<head>\n{charset}<title>{escape(text.register["title"])}</title>\n'
        "</head>\n<body>\n"
        f'<div class="nav"><a href="#">首页</a> &gt; <a href="#">公开目录</a></div>\n<div class="TRS_Editor">\n{body}\n</div>\n'
        "<p>打印本页 | 关闭窗口</p>\n</body>\n</html>\n"
    )


def plain_html(text: Article) -> str:
    """Declare UTF-8; blank cells hold an Office tag."""
    return html_page(text, html_body(text, "<o:p></o:p>"), '<meta charset="utf-8">\n')


def undeclared_html(text: Article) -> str:
    """Declare no charset; the bytes will be GB 18030."""
    return html_page(text, html_body(text, ""), "")


def misdeclared_html(text: Article) -> str:
    """Declare GB 2312, which lacks the 〇 in the year; the bytes will be GB 18030."""
    numerals = "".join("〇一二三四五六七八九"[int(digit)] for digit in text.register["year"])
    return html_page(text, f"<p>{numerals}年度</p>\n{html_body(text, '')}", '<meta charset="gb2312">\n')


def nested_html(text: Article) -> str:
    """Put a table of metadata first, then everything inside a layout table; blank cells hold a no-break space."""
    metadata = {
        "索引号": "",
        "发布机构": text.register["agency"],
        "名称": text.register["title"],
        "发布日期": text.register["publication_date"],
    }
    items = "".join(f"<tr><td>{name}：</td><td>{escape(value) or '&nbsp;'}</td></tr>" for name, value in metadata.items())
    body = f'<table class="layout" width="100%"><tr><td>\n{html_body(text, "&nbsp;")}\n</td></tr></table>'
    return html_page(text, f"<table>{items}</table>\n{body}", '<meta charset="utf-8">\n')


def prose(text: Article, render: Callable[[Rows], str], heading: str = "", title: str = "") -> str:
    """Set title, sentences and headings as paragraphs, and each table with `render`."""
    out = [title + text.register["title"], *text.lead]
    for part in text.parts:
        out += [heading + part.heading, *part.sentences, *map(render, part.pieces)]
    return "\n\n".join(out) + "\n"


def broken(label: str, length: int = 14) -> list[str]:
    """Break a long label over lines, as narrow cells do."""
    return [label[i : i + length] for i in range(0, len(label), length)] or [""]


def lines_text(text: Article) -> str:
    """Set one cell a line, rows apart by an empty line, long labels broken: a page flattened. Only without blanks."""
    return prose(text, lambda rows: "\n\n".join("\n".join(part for box in row for part in broken(box.text)) for row in rows))


def tabs_text(text: Article) -> str:
    """Set a row a line, a tab between cells, nothing where a span covers a cell or where it is blank."""
    return prose(text, lambda rows: "\n".join("\t".join(row) for row in matrix(rows)))


def spaces_text(text: Article) -> str:
    """Set columns apart by spaces, two at least. Only without blanks."""

    def width(label: str) -> int:
        return sum(2 if east_asian_width(character) in "WF" else 1 for character in label)

    def table(rows: Rows) -> str:
        grid = matrix(rows)
        single = {box.text for row in rows for box in row if box.columns == 1}
        widths = [max((width(label) for label in column if label in single), default=0) for column in zip(*grid, strict=True)]
        out = []
        for row in grid:
            line, edge = "", 0
            for label, wide in zip(row, widths, strict=True):
                if label:
                    line += " " * max(edge - width(line), 2 if line else 0) + label
                edge += wide + 2
            out.append(line)
        return "\n".join(out)

    return prose(text, table)


def traditional_text(text: Article) -> str:
    """Convert to traditional characters as a machine does, readings left in brackets."""
    converted = OpenCC("s2t").convert(lines_text(text))
    return "".join(f"{character}({READINGS[character]})" if character in READINGS else character for character in converted)


def pipes_markdown(text: Article) -> str:
    """Set pipe tables with every cell; a blank one is empty."""

    def table(rows: Rows) -> str:
        first, *rest = (f"| {' | '.join(row)} |" for row in matrix(rows))
        return "\n".join([first, "|" + "---|" * (first.count("|") - 1), *rest])

    return prose(text, table, heading="## ", title="# ")


def ragged_markdown(text: Article) -> str:
    """Set pipe tables of uneven rows: cells dropped or added, pipes lost, long labels torn. Only without blanks."""

    def table(rows: Rows) -> str:
        out = []
        for number, row in enumerate(rows):
            line = " | ".join("\n".join(broken(box.text)) for box in row)
            out.append((f"| {line} |", f"| {line} | |||", f"{line} |")[number % 3])
        return "\n".join([out[0], "|---|---|", *out[1:]])

    return prose(text, table, heading="## ", title="# ")


def word_table(rows: Rows) -> str:
    """Set a table in OOXML: a cell that spans rows goes on in an empty cell of each of them."""
    out, below = [], dict[int, tuple[int, int]]()
    for row in rows:
        column, line, boxes = 0, [], list(row)
        while boxes or below.get(column, (0, 0))[0]:
            left, across = below.get(column, (0, 0))
            merge = '<w:vMerge w:val="continue"/>'
            text = ""
            if left:
                below[column] = (left - 1, across)
            else:
                box = boxes.pop(0)
                across, text = box.columns, escape(box.text, quote=False)
                merge = '<w:vMerge w:val="restart"/>' if box.rows > 1 else ""
                below[column] = (box.rows - 1, across)
            line.append(
                f'<w:tc><w:tcPr><w:gridSpan w:val="{across}"/>{merge}</w:tcPr>'
                f'<w:p><w:r><w:t xml:space="preserve">{text}</w:t></w:r></w:p></w:tc>'
            )
            column += across
        out.append(f"<w:tr>{''.join(line)}</w:tr>")
    return f"<w:tbl>{''.join(out)}</w:tbl>"


def word_document(text: Article) -> bytes:
    """Set a report as a Word document; the archive is not compressed, so that it is the same on every machine."""

    def paragraph(words: str) -> str:
        return f"<w:p><w:r><w:t>{escape(words, quote=False)}</w:t></w:r></w:p>"

    body = [paragraph(text.register["title"]), *map(paragraph, text.lead)]
    for part in text.parts:
        body += [paragraph(part.heading), *map(paragraph, part.sentences)]
        body += [word_table(piece) + "<w:p/>" for piece in part.pieces]
    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    formats = "http://schemas.openxmlformats.org"
    files = {
        "[Content_Types].xml": f'<Types xmlns="{formats}/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/word/document.xml" ContentType="{MEDIA_TYPES["docx"]}.main+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{formats}/package/2006/relationships"><Relationship Id="rId1" '
        f'Type="{formats}/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>',
        "word/document.xml": f'<w:document xmlns:w="{formats}/wordprocessingml/2006/main">'
        f"<w:body>{''.join(body)}</w:body></w:document>",
    }
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as made:
        for name, content in files.items():
            made.writestr(zipfile.ZipInfo(name, date_time=(2000, 1, 1, 0, 0, 0)), head + content)
    return archive.getvalue()


@cache
def face() -> Path:
    """Return a font with the characters of the corpus alone: with all of it, fpdf2 takes seconds for each document."""
    from fontTools import subset
    from pylopdf_fonts_zh_cn import serif_path

    texts = (prose(article(*report), lambda rows: "".join(box.text for row in rows for box in row)) for report in corpus())
    folder = Path(mkdtemp())
    atexit.register(rmtree, folder, ignore_errors=True)
    options = subset.Options(hinting=False, layout_features=[], notdef_outline=True)
    subsetter = subset.Subsetter(options)
    subsetter.populate(text="".join(texts) + printable + "　发布日期：—")
    with subset.load_font(serif_path(), options) as font:
        font.recalcTimestamp = font.recalcBBoxes = False
        subsetter.subset(font)
        font.save(folder / serif_path().name)
    return folder / serif_path().name


class Pages:
    """The pages of a PDF document, filled from top to bottom; lengths are in points."""

    MARGIN, FOOT, SIZE, LEADING = 64, 60, 12, 20
    #: The same within tables, and how far text keeps from the sides of its cell.
    SMALL, SMALL_LEADING, PAD = 10, 13, 3

    def __init__(self, register: Mapping[str, str], *, landscape: bool, ruled: bool, repeated: bool) -> None:
        from fpdf import FPDF
        from fpdf.fonts import SubsetMap

        class GlyphNumbers(SubsetMap):
            """Codes characters by the numbers that their glyphs have in the font, so that no table of codes is needed."""

            def pick_glyph(self, glyph: Any) -> int | None:
                if glyph is None:
                    return None
                return self._char_id_per_glyph.setdefault(glyph, int(glyph.glyph_name.removeprefix("cid")))

        self.title, self.head = register["title"], f"{register['agency']}　{register['year']}年度"
        self.ruled, self.repeated = ruled, repeated
        self.pdf = FPDF(orientation="landscape" if landscape else "portrait", unit="pt", format="A4")
        self.pdf.set_auto_page_break(False)
        self.pdf.add_font("serif", fname=face())
        self.font = self.pdf.fonts["serif"]
        self.font.subset = GlyphNumbers(self.font)
        self.font.subset._char_id_per_glyph.clear()
        self.font.ttfont.recalcBBoxes = False
        self.pdf.set_title(self.title)
        self.pdf.set_lang("zh-CN")
        self.pdf.set_creator("govstats, data/typeset.py")
        self.pdf.set_producer("fpdf2")
        self.pdf.set_creation_date(datetime(2000, 1, 1, tzinfo=UTC))
        self.width, self.bottom = self.pdf.w - 2 * self.MARGIN, self.pdf.h - self.FOOT
        self.turn()

    def turn(self) -> None:
        """Begin a page: from the second on agency and year stand above a line; the page number stands below."""
        self.pdf.add_page()
        self.pdf.set_line_width(0.5)
        if self.pdf.page > 1:
            self.centred(self.head, 9, self.pdf.w / 2, 42)
            self.pdf.line(self.MARGIN, 48, self.MARGIN + self.width, 48)
        self.centred(f"— {self.pdf.page} —", 10, self.pdf.w / 2, self.pdf.h - 34)
        self.y = 64.0

    def room(self, height: float) -> None:
        """Turn the page unless so much of it is left."""
        if self.y + height > self.bottom:
            self.turn()

    def centred(self, line: str, size: float, x: float, y: float) -> None:
        """Set a line with its middle at x and its foot at y."""
        self.pdf.set_font("serif", size=size)
        self.pdf.text(x - self.pdf.get_string_width(line) / 2, y, line)

    def wrapped(self, words: str, size: float, width: float, indent: float = 0) -> list[str]:
        """Break words to a width: no line begins with a closing mark or ends with an opening one, no figure is broken."""
        self.pdf.set_font("serif", size=size)
        lines, left = [""], width - indent
        for token in re.findall("[《（“〔]*(?:[!-~]+|[^《（“〔])[。，、；：）》”〕]*", words):
            wide = self.pdf.get_string_width(token)
            if lines[-1] and wide > left:
                lines, left = [*lines, ""], width
            lines[-1], left = lines[-1] + token, left - wide
        return lines

    def balanced(self, words: str, size: float, width: float) -> list[str]:
        """Break words to lines of much the same length, no more of them than needed."""
        fewest = len(self.wrapped(words, size, width))
        tries = (self.wrapped(words, size, width * part / 20) for part in range(8, 20))
        return next((lines for lines in tries if len(lines) == fewest), self.wrapped(words, size, width))

    def heading(self, words: str, size: float) -> None:
        """Set lines in the middle of the page."""
        for line in self.balanced(words, size, self.width):
            self.y += 1.5 * size
            self.centred(line, size, self.pdf.w / 2, self.y)
        self.y += size

    def paragraph(self, words: str, *, keep: float = 0, bold: bool = False) -> None:
        """Set a paragraph with its first line indented, where there is room for it and for what must stay with it."""
        lines = self.wrapped(words, self.SIZE, self.width, 2 * self.SIZE)
        self.room(len(lines) * self.LEADING + keep)
        self.pdf.set_font("serif", size=self.SIZE)
        with self.pdf.local_context(text_mode=2 if bold else 0, line_width=0.3):
            for number, line in enumerate(lines):
                self.y += self.LEADING
                self.pdf.text(self.MARGIN + (0 if number else 2 * self.SIZE), self.y - 5, line)

    def edges(self, rows: Rows) -> list[float]:
        """Place the columns of a table: room for every figure in one line, and for labels in two lines a row."""
        need: dict[int, float] = {}
        self.pdf.set_font("serif", size=self.SMALL)
        for _, column, box in placed(rows):
            wide = self.pdf.get_string_width(box.text)
            if not re.fullmatch(r"[-\d.,]+(万?元)?", box.text):
                wide = min(max(wide / 2 / box.rows, 3 * self.SMALL), 12 * self.SMALL)
            if box.columns == 1:
                need[column] = max(need.get(column, 0), wide + 2 * self.PAD)
        scale = self.width / sum(need.values())
        return list(accumulate((scale * need[column] for column in sorted(need)), initial=self.MARGIN))

    def cells(self, rows: Rows, edges: Sequence[float]) -> list[Cell]:
        """Break the text of each cell to its width."""
        sides = [(r, c, box, edges[c], edges[c + box.columns]) for r, c, box in placed(rows)]
        return [
            Cell(range(r, r + box.rows), left, right, self.balanced(box.text, self.SMALL, right - left - 2 * self.PAD))
            for r, c, box, left, right in sides
        ]

    def table(self, rows: Rows) -> None:
        """Set a table; the end of a page cuts the cells that span rows, and the header comes again if it shall."""
        edges = self.edges(rows)
        cells = self.cells(rows, edges)
        heights = [24.0 if self.ruled else 30.0] * len(rows)
        for cell in sorted(cells, key=lambda cell: len(cell.rows)):
            lacking = len(cell.lines) * self.SMALL_LEADING + 2 * self.PAD - sum(heights[row] for row in cell.rows)
            for row in cell.rows:
                heights[row] += max(lacking, 0) / len(cell.rows)
        header = max(box.rows for box in rows[0])
        self.y += 6
        self.room(sum(heights[: header + 1]))
        first = 0
        while first < len(rows):
            if first and self.repeated:
                self.part(self.cells(rows, edges), heights, range(header))
            last = first + 1
            while last < len(rows) and self.y + sum(heights[first : last + 1]) <= self.bottom:
                last += 1
            while first + 1 < last < len(rows) and all(box.text and not box.text[0].isdigit() for box in rows[last - 1]):
                last -= 1  # a row of labels stays with the figures below it
            self.part(cells, heights, range(first, last))
            first = last
            if first < len(rows):
                self.turn()
        self.y += 6

    def part(self, cells: Iterable[Cell], heights: Sequence[float], shown: range) -> None:
        """Set what lies in some rows; text of a cell that was cut stands in the first part that has room for it."""
        for cell in cells:
            rows = range(max(cell.rows.start, shown.start), min(cell.rows.stop, shown.stop))
            if not rows:
                continue
            top, height = self.y + sum(heights[shown.start : rows.start]), sum(heights[row] for row in rows)
            if self.ruled:
                self.pdf.rect(cell.left, top, cell.right - cell.left, height)
            lacking = height - len(cell.lines) * self.SMALL_LEADING
            if lacking >= 0:
                for number, line in enumerate(cell.lines, 1):
                    foot = top + lacking / 2 + number * self.SMALL_LEADING - 3
                    self.centred(line, self.SMALL, (cell.left + cell.right) / 2, foot)
                cell.lines.clear()
        self.y += sum(heights[row] for row in shown)

    def content(self) -> bytes:
        """Return the file, with nothing compressed, so that it is the same with every zlib, and a plain encoding."""
        from fpdf.output import OutputProducer
        from fpdf.syntax import Name, PDFContentStream

        class Producer(OutputProducer):
            def _add_pdf_obj(self, pdf_obj: Any, *args: Any) -> Any:
                if getattr(pdf_obj, "c_map_name", None):
                    return 0
                if isinstance(pdf_obj, PDFContentStream) and pdf_obj.filter:
                    pdf_obj._contents = zlib.decompress(pdf_obj._contents)
                    pdf_obj.filter, pdf_obj.length = None, len(pdf_obj._contents)
                return super()._add_pdf_obj(pdf_obj, *args)

            def _add_fonts(self, *args: Any) -> Any:
                fonts = super()._add_fonts(*args)
                for font in fonts.values():
                    font.encoding = Name("Identity-H")
                return fonts

        assert not self.font.missing_glyphs, f"{self.title}: the font lacks {''.join(map(chr, self.font.missing_glyphs))}"
        self.pdf.set_compression(False)
        return bytes(self.pdf.output(output_producer_class=Producer))


def pdf_document(text: Article, *, landscape: bool = False, ruled: bool = True, repeated: bool = False) -> bytes:
    """Set a report as a PDF document."""
    pages = Pages(text.register, landscape=landscape, ruled=ruled, repeated=repeated)
    pages.y += 16
    pages.heading(text.register["title"], 20)
    if text.register["publication_date"]:
        pages.heading(f"发布日期：{text.register['publication_date']}", 11)
    for sentence in text.lead:
        pages.paragraph(sentence)
    for part in text.parts:
        pages.y += 8
        pages.paragraph(part.heading, keep=150 if part.pieces else 2 * pages.LEADING, bold=True)
        for sentence in part.sentences:
            pages.paragraph(sentence)
        for piece in part.pieces:
            pages.table(piece)
    return pages.content()


class Layout(NamedTuple):
    """How a document is set: its format, its encoding and what it puts to the test."""

    set: Callable[[Article], str | bytes]
    suffix: str
    zh: str
    en: str
    encoding: str = "utf-8"
    torn: bool = False


LAYOUTS = {
    "plain": Layout(plain_html, "html", "网页，空格内有 Office 标记", "web page, Office tags in blank cells"),
    "nested": Layout(nested_html, "html", "网页，嵌在版式表格内", "web page nested in a layout table, metadata first"),
    "undeclared": Layout(undeclared_html, "html", "网页，未声明编码", "web page without declared charset", "gb18030"),
    "misdeclared": Layout(misdeclared_html, "html", "网页，误称 GB 2312", "web page declared as GB 2312 in error", "gb18030"),
    "torn": Layout(plain_html, "html", "网页，表三截成两段", "web page, table 3 torn in two, header repeated", torn=True),
    "lines": Layout(lines_text, "txt", "纯文本，一格一行", "plain text, one cell a line"),
    "tabs": Layout(tabs_text, "txt", "纯文本，制表符分隔", "plain text, tab-separated"),
    "spaces": Layout(spaces_text, "txt", "纯文本，空格对齐", "plain text, columns by spaces"),
    "traditional": Layout(traditional_text, "txt", "纯文本，繁体并夹注音", "plain text, traditional characters with pinyin"),
    "pipes": Layout(pipes_markdown, "md", "Markdown，整齐的竖线表格", "Markdown, clean pipe tables"),
    "ragged": Layout(ragged_markdown, "md", "Markdown，参差的竖线表格", "Markdown, ragged pipe tables"),
    "word": Layout(word_document, "docx", "Word 文档，单元格纵横合并", "Word document, cells merged both ways", ""),
    "pages": Layout(pdf_document, "pdf", "PDF，表格有线", "PDF, ruled tables", ""),
    "headed": Layout(
        partial(pdf_document, repeated=True),
        "pdf",
        "PDF，表格有线，跨页重复表头",
        "PDF, ruled tables, header repeated on every page",
        "",
    ),
    "wide": Layout(partial(pdf_document, landscape=True), "pdf", "PDF，横向，表格有线", "PDF, landscape, ruled tables", ""),
    "unruled": Layout(partial(pdf_document, ruled=False), "pdf", "PDF，表格无线", "PDF, tables without rulings", ""),
}

#: The layouts of a report that is not listed below: what its figures say stands there twice, and blanks can be seen.
USUAL = ("plain", "pipes")
#: The layouts of each report; one that leaves cells blank only gets layouts in which a blank can be seen.
LAYOUTS_OF = {
    "haidong-2021": ("plain", "tabs"),
    "hongze-2023": ("torn", "spaces", "pages"),
    "hongze-2024": ("plain", "lines"),
    "huaian-2024": ("nested", "tabs"),
    "mem-2019": ("plain", "lines", "pages"),
    "mem-2021": ("plain", "lines", "word", "wide"),
    "mem-2023": ("nested", "traditional"),
    "ningxia-2020": ("plain", "tabs", "ragged"),
    "pingtan-2012": ("plain", "spaces", "pages"),
    "pingtan-2015": ("nested", "pipes"),
    "pingtan-2017": ("plain", "tabs", "unruled"),
    "pingtan-2019": ("plain", "lines"),
    "pingtan-2020": ("nested", "pipes", "pages"),
    "pingtan-2021": ("torn", "ragged"),
    "pingtan-2022": ("plain", "spaces", "unruled"),
    "pingtan-2023": ("undeclared", "pipes"),
    "pingtan-2024": ("plain", "tabs"),
    "pingtan-2025": ("plain", "lines", "pipes", "headed"),
    "shanghai-office-2019": ("nested", "pipes", "word", "wide"),
    "shanghai-office-2025": ("torn", "word"),
    "shuyang-county-2025": ("misdeclared", "ragged"),
    "shuyang-fgj-2023": ("undeclared", "pages"),
    "suqian-2023": ("nested", "ragged"),
    "suqian-2024": ("plain", "word"),
}


MEDIA_TYPES = {
    "html": "text/html",
    "txt": "text/plain",
    "md": "text/markdown",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pdf": "application/pdf",
}


def checksum(content: bytes) -> dict[str, Any]:
    """Say the size of a file and its hash."""
    return {"bytes": len(content), "hash": f"sha256:{hashlib.sha256(content).hexdigest()}"}


def data_package(reports: Iterable[Mapping[str, str]], documents: Mapping[str, bytes]) -> bytes:
    """Renew what the data package says of each document, and the checksums; the rest of it is written by hand."""
    package = json.loads((HERE / "datapackage.json").read_text("utf-8"))
    resources = [table | checksum((HERE / table["path"]).read_bytes()) for table in package["resources"] if "schema" in table]
    for report in reports:
        for name in LAYOUTS_OF.get(report["slug"], USUAL):
            layout = LAYOUTS[name]
            path = f"documents/{report['slug']}.{layout.suffix}"
            source = {"title": f"{report['agency']} {report['year']}", "path": report["source_address"]}
            resources.append(
                {
                    "name": f"{report['slug']}-{layout.suffix}",
                    "path": path,
                    "title": report["title"],
                    "description": f"typeset.py 据 figures.csv 排印：{layout.zh} / typeset.py from figures.csv: {layout.en}",
                    "format": layout.suffix,
                    "mediatype": MEDIA_TYPES[layout.suffix],
                    **({"encoding": layout.encoding} if layout.encoding else {}),
                    "sources": [{key: value for key, value in source.items() if value}],
                }
                | checksum(documents[path])
            )
    return (json.dumps(package | {"resources": resources}, ensure_ascii=False, indent=2) + "\n").encode()


def rows_of(name: str) -> list[dict[str, str]]:
    """Return the rows of one of the tables."""
    with (HERE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def corpus() -> list[tuple[dict[str, str], Figures]]:
    """Return the reports: what the register says of each, and its figures."""
    figures: dict[tuple[str, str], dict[tuple[str, str, str], str]] = {}
    for number, row in enumerate(rows_of("figures.csv"), start=2):
        if row["printed"] == "?":
            raise SystemExit(f"data/figures.csv, line {number}: still ?; expected what the original prints 尚未补上原件所印")
        figures.setdefault((row["agency"], row["year"]), {})[row["table"], row["line"], row["column"]] = row["printed"]
    return [(report, figures.get((report["agency"], report["year"]), {})) for report in rows_of("reports.csv")]


def generate() -> dict[str, bytes]:
    """Return every file that is made, by its path below ``data/``."""
    reports = corpus()
    made: dict[str, bytes] = {}
    for report, figures in reports:
        for name in LAYOUTS_OF.get(report["slug"], USUAL):
            layout = LAYOUTS[name]
            content = layout.set(article(report, figures, torn=layout.torn))
            made[f"documents/{report['slug']}.{layout.suffix}"] = (
                content if isinstance(content, bytes) else content.encode(layout.encoding)
            )
    return made | {"datapackage.json": data_package([report for report, _ in reports], made)}


def differing(made: Mapping[str, bytes]) -> list[str]:
    """Return the paths of files that are missing, that differ, or that nothing makes."""
    there = {f"documents/{path.name}" for path in (HERE / "documents").iterdir()} | {"datapackage.json"}
    return sorted(
        path
        for path in there | set(made)
        if path not in made or not (HERE / path).is_file() or (HERE / path).read_bytes() != made[path]
    )


def main(arguments: Sequence[str]) -> int:
    """Write the files, or with ``--check`` say which differ."""
    try:
        made = generate()
    except ImportError as error:
        sys.stderr.write(f"{error.name} is not installed, which the PDF documents are typeset with: pip install govstats[all]\n")
        return 2
    if list(arguments) == ["--check"]:
        stale = differing(made)
        for path in stale:
            sys.stderr.write(f"data/{path} is not what data/typeset.py makes: run it and look at the difference\n")
        return 1 if stale else 0
    if arguments:
        sys.stderr.write("usage: python data/typeset.py [--check]\n")
        return 2
    (HERE / "documents").mkdir(exist_ok=True)
    for path, content in made.items():
        (HERE / path).write_bytes(content)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
