"""A dozen ways in which reports are printed: pages, texts as tools leave them, Markdown, Word and PDF documents."""

from __future__ import annotations

import atexit
import io
import logging
import tempfile
import textwrap
import zipfile
from collections import defaultdict
from collections.abc import Callable
from functools import cache
from html import escape
from pathlib import Path
from shutil import rmtree
from typing import NamedTuple

from govstats.forms import form

from .model_report import Band, Cell, Document, Part, Text

STUB = {"proactive": 1, "requests": 3, "review": 0}


class Box(NamedTuple):
    """What stands in a place of a grid, and how far it reaches."""

    text: str
    down: int = 1
    across: int = 1
    cell: Cell | None = None


# --- grids ------------------------------------------------------------------------------------------------------------------


def header(band: Band, stub: int, width: int) -> list[list[Box]]:
    """Set the header of a band; spanners stand over the columns that share them."""
    levels = max(len(path) for path in band.heads)
    rows: list[list[Box]] = []
    for level in range(levels):
        row = [Box("序号", levels)] if band.numbered and not level else []
        if stub and not level:
            row.append(Box(band.corner, levels, stub))
        at = 0
        while at < len(band.heads):
            path, end = band.heads[at], at + 1
            if level < len(path):
                leaf = level == len(path) - 1
                while not leaf and end < len(band.heads) and band.heads[end][: level + 1] == path[: level + 1]:
                    end += 1
                rest = max(width - stub - len(band.heads), 0) if end == len(band.heads) else 0
                row.append(Box(path[level], levels - level if leaf else 1, end - at + rest))
            at = end
        rows.append(row)
    return rows


def grid(part: Part, *, stretch: bool = False) -> list[list[Box]]:
    """Lay a table out; where it may `stretch`, the last cell of a short band reaches to the edge."""
    stub = STUB[part.table]
    full = max(stub + len(band.heads) for band in part.bands)
    out: list[list[Box]] = []
    for band in part.bands:
        width = full if stretch else stub + len(band.heads)
        wide = width + band.numbered
        if band.title:
            out.append([Box(band.title, 1, wide)])
        if band.header:
            out += header(band, stub, width)
        for at, row in enumerate(band.rows):
            if row.kind == "header":
                out += header(band, stub, width)
            if row.kind == "note":
                out.append([Box(row.label, 1, wide)])
            if row.kind != "line":
                continue
            boxes = [Box(str(at + 1))] if band.numbered else []
            for depth in range(len(row.groups)):
                above = band.rows[at - 1] if at else None
                if above is None or above.kind != "line" or above.groups[: depth + 1] != row.groups[: depth + 1]:
                    down = 1
                    while at + down < len(band.rows) and (
                        band.rows[at + down].kind == "line"
                        and band.rows[at + down].groups[: depth + 1] == row.groups[: depth + 1]
                    ):
                        down += 1
                    boxes.append(Box(row.groups[depth], down))
            if stub:
                boxes.append(Box(row.label, 1, stub - len(row.groups) if row.cells else width - len(row.groups)))
            boxes += [Box(cell.text, cell.down, 1, cell) for cell in row.cells]
            if stretch and len(row.cells) == len(band.heads) and width > stub + len(row.cells):
                boxes[-1] = boxes[-1]._replace(across=1 + width - stub - len(row.cells))
            out.append(boxes)
    return out


def places(rows: list[list[Box]]) -> dict[tuple[int, int], Box]:
    """Return the upper left place of each box; a place that a span covers is in no row's way."""
    taken: set[tuple[int, int]] = set()
    found: dict[tuple[int, int], Box] = {}
    for at, row in enumerate(rows):
        column = 0
        for box in row:
            while (at, column) in taken:
                column += 1
            found[at, column] = box
            taken |= {(at + down, column + across) for down in range(box.down) for across in range(box.across)}
            column += box.across
    return found


def spread(rows: list[list[Box]], *, repeat: bool = False) -> list[list[str]]:
    """Lay a grid out without spans; labels are repeated in all the places they span, or stand once."""
    texts: dict[tuple[int, int], str] = {}
    for (at, column), box in places(rows).items():
        for down in range(box.down):
            for across in range(box.across):
                texts[at + down, column + across] = box.text if not (down or across) or (repeat and box.cell is None) else ""
    ends = [1 + max((c for r, c in texts if r == at), default=-1) for at in range(len(rows))]
    return [[texts.get((at, column), "") for column in range(end)] for at, end in enumerate(ends)]


def words(rows: list[list[Box]]) -> list[list[Box]]:
    return [[box for box in row if box.text] for row in rows]


# --- renderers --------------------------------------------------------------------------------------------------------------

RENDERERS: dict[str, Callable[[Document], bytes]] = {}
WEIGHTS = {"pdf ruled": 3, "pdf borderless": 3, "docx": 8, "text glued": 1}
HTML = ("html spans", "html flat", "html nested")
SPANS = ("html spans", "html nested", "docx", "pdf ruled")
FLAT = ("text spaces", "text cells", "text glued")
GRIDS = (*SPANS, "html flat", "markdown", "markdown torn", "text tabs")


def renderer(function: Callable[[Document], bytes]) -> Callable[[Document], bytes]:
    RENDERERS[function.__name__.replace("_", " ")] = function
    return function


def html_cell(box: Box) -> str:
    text = escape(box.text).replace("\n", "<br>")
    if box.cell is not None and box.cell.mark:
        style, digits, front = box.cell.mark
        tag = f"<sup>{digits}</sup>" if style == "sup" else f'<span {style}="h">{digits}</span>'
        tag = tag if style in {"sup", "class"} else f'<span style="{style}">{digits}</span>'
        text = tag + text if front else text + tag
    text = f"<table><tr><td>{text}</td></tr></table>" if box.cell is not None and box.cell.nested else text
    spans = (f' rowspan="{box.down}"' if box.down > 1 else "") + (f' colspan="{box.across}"' if box.across > 1 else "")
    return f"<td{spans}>{text}</td>"


def html_page(doc: Document, table: Callable[[Part], str]) -> bytes:
    tags = {"title": "h1", "heading": "h2", "p": "p"}
    blocks = [
        table(block) if isinstance(block, Part) else f"<{tags[block.kind]}>{escape(block.text)}</{tags[block.kind]}>"
        for block in doc.blocks
    ]
    head = '<meta charset="utf-8"><title>年度报告</title><style>.h{display:none}</style>'
    return f"<html><head>{head}</head><body>\n{chr(10).join(blocks)}\n</body></html>".encode()


def html_table(rows: list[list[Box]]) -> str:
    return "<table border=1>\n" + "\n".join("<tr>" + "".join(map(html_cell, row)) + "</tr>" for row in rows) + "\n</table>"


@renderer
def html_spans(doc: Document) -> bytes:
    return html_page(doc, lambda part: html_table(grid(part, stretch=True)))


@renderer
def html_flat(doc: Document) -> bytes:
    """No spans: the label of a group stands in each of its lines."""

    def table(part: Part) -> str:
        rows = grid(part)
        cells = {place: box for place, box in places(rows).items() if box.cell is not None}
        lines = [
            [cells[at, c]._replace(down=1) if (at, c) in cells else Box(text) for c, text in enumerate(row)]
            for at, row in enumerate(spread(rows, repeat=True))
        ]
        return html_table(lines)

    return html_page(doc, table)


@renderer
def html_nested(doc: Document) -> bytes:
    def table(part: Part) -> str:
        inner = html_table(grid(part, stretch=True))
        return f"<table width=100%><tr><td>&nbsp;</td><td><table><tr><td>{inner}</td></tr></table></td></tr></table>"

    return html_page(doc, table)


def text_page(doc: Document, table: Callable[[list[list[Box]]], str], join: str = "\n") -> bytes:
    return join.join(table(grid(block)) if isinstance(block, Part) else block.text for block in doc.blocks).encode()


def one_line(text: str) -> str:
    return text.replace("\n", " ")


@renderer
def text_tabs(doc: Document) -> bytes:
    return text_page(doc, lambda rows: "\n".join("\t".join(map(one_line, row)) for row in spread(rows)))


@renderer
def text_spaces(doc: Document) -> bytes:
    return text_page(doc, lambda rows: "\n".join(" ".join(one_line(box.text) for box in row) for row in words(rows)))


@renderer
def text_cells(doc: Document) -> bytes:
    return text_page(doc, lambda rows: "\n".join("\n".join(one_line(box.text) for box in row) for row in words(rows)))


@renderer
def text_glued(doc: Document) -> bytes:
    """Labels, then the figures of a row without separators; all in one line, or a row a line."""
    gap = doc.random.choice([" ", "\n"])

    def table(rows: list[list[Box]]) -> str:
        return gap.join(" ".join("".join(b.text + (" " if b.cell is None else "") for b in row).split()) for row in words(rows))

    return text_page(doc, table, gap)


def pipes(rows: list[list[str]]) -> str:
    wide = max(map(len, rows))
    lines = ["| " + " | ".join(t.replace("\n", "<br>") for t in [*row, *[""] * (wide - len(row))]) + " |" for row in rows]
    return "\n".join(["", lines[0], "|" + " --- |" * wide, *lines[1:], ""])


def markdown_page(doc: Document, table: Callable[[Part], str]) -> bytes:
    marks = {"title": "# ", "heading": "## ", "p": ""}
    return "\n\n".join(table(b) if isinstance(b, Part) else marks[b.kind] + b.text for b in doc.blocks).encode()


@renderer
def markdown(doc: Document) -> bytes:
    return markdown_page(doc, lambda part: pipes(spread(grid(part))))


@renderer
def markdown_torn(doc: Document) -> bytes:
    """Long labels are torn: by ``<br>``, or their rest stands in a row of its own, below or above the figures."""

    def table(part: Part) -> str:
        rows, torn = spread(grid(part)), []
        for row in rows:
            at = next((at for at, text in enumerate(row[: STUB[part.table]]) if len(text) > 9 and not text[-1].isdigit()), None)
            if at is None or doc.random.random() < 0.6:
                torn.append(row)
                continue
            cut = doc.random.randrange(5, len(row[at]) - 2)
            start, end = row[at][:cut], row[at][cut:]
            rest = [*[""] * at, end, *[""] * (len(row) - at - 1)]
            if doc.random.random() < 0.5:
                torn.append([*row[:at], f"{start}\n{end}", *row[at + 1 :]])
            else:
                torn += [[*row[:at], start, *row[at + 1 :]], rest]
        return pipes(torn)

    return markdown_page(doc, table)


def run(text: str, properties: str = "") -> str:
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{escape(one_line(text))}</w:t></w:r>'


@renderer
def docx(doc: Document) -> bytes:
    def table(part: Part) -> str:
        rows = grid(part, stretch=True)
        found = places(rows)
        width = max(column + box.across for (_, column), box in found.items())
        below = {(at + down, c): box for (at, c), box in found.items() for down in range(1, box.down)}
        out = ""
        for at in range(len(rows)):
            out += "<w:tr>"
            for column in range(width):
                box = found.get((at, column)) or below.get((at, column))
                if box is None:
                    continue
                first = (at, column) in found
                merge = "" if box.down == 1 else '<w:vMerge w:val="restart"/>' if first else "<w:vMerge/>"
                runs = [run(box.text)] if first else []
                if first and box.cell is not None and box.cell.mark:
                    style, digits, front = box.cell.mark
                    sign = '<w:vertAlign w:val="superscript"/>' if style == "sup" else "<w:vanish/>"
                    runs.insert(0 if front else 1, run(digits, sign))
                out += f'<w:tc><w:tcPr><w:gridSpan w:val="{box.across}"/>{merge}</w:tcPr><w:p>{"".join(runs)}</w:p></w:tc>'
            out += "</w:tr>"
        columns = "<w:gridCol/>" * width
        return f"<w:tbl><w:tblPr/><w:tblGrid>{columns}</w:tblGrid>{out}</w:tbl><w:p/>"

    body = "".join(table(b) if isinstance(b, Part) else f"<w:p>{run(b.text)}</w:p>" for b in doc.blocks)
    space = "http://schemas.openxmlformats.org"
    main = f"{space}/wordprocessingml/2006/main"
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    target = f"{space}/officeDocument/2006/relationships/officeDocument"
    package, rels = f"{space}/package/2006", "application/vnd.openxmlformats-package.relationships+xml"
    files = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types"><Default Extension="rels" ContentType="{rels}"/>'
        f'<Override PartName="/word/document.xml" ContentType="{kind}"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="a" Type="{target}" '
        'Target="word/document.xml"/></Relationships>',
        "word/document.xml": f'<w:document xmlns:w="{main}"><w:body>{body}</w:body></w:document>',
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name), '<?xml version="1.0" encoding="UTF-8"?>' + text)
    return out.getvalue()


@cache
def font() -> str:
    """Take the characters of these documents out of a Chinese font, each drawn as a box, which is quickly put into documents."""
    import pylopdf_fonts_zh_cn as fonts
    from fontTools import subset
    from fontTools.pens.t2CharStringPen import T2CharStringPen

    logging.getLogger("fontTools").setLevel(logging.ERROR)
    labels = "".join(str(getattr(form(version), "tables", "")) + str(form(version).sections) for version in ("2019", "2021"))
    few = subset.Subsetter()
    own = "".join((Path(__file__).parent / name).read_text(encoding="utf-8") for name in ("model_report.py", "mutations.py"))
    few.populate(text="".join(map(chr, [*range(32, 127), *range(0xFF01, 0xFF5F)])) + own + labels)
    loaded = subset.load_font(str(fonts.sans_path()), subset.Options())
    few.subset(loaded)
    glyphs = loaded.getGlyphSet()
    outlines = loaded["CFF "].cff.topDictIndex[0].CharStrings
    for name in loaded.getGlyphOrder():
        charstring, width = outlines[name], glyphs[name].width
        pen = T2CharStringPen(None, None)
        pen.moveTo((50, 0))
        for corner in ((50, 700), (width - 50, 700), (width - 50, 0)):
            pen.lineTo(corner)
        pen.closePath()
        outlines[name] = pen.getCharString(charstring.private, charstring.globalSubrs)
    folder = tempfile.mkdtemp()
    atexit.register(rmtree, folder, ignore_errors=True)
    path = Path(folder) / "few.otf"
    subset.save_font(loaded, str(path), subset.Options())
    loaded.close()
    return str(path)


def wrapped(text: str, width: float) -> list[str]:
    """Break a text into lines; only Chinese breaks, a figure stays whole."""
    many = max(int((width - 6) // 8), 3)
    lines = []
    for part in text.split("\n"):
        step = many if any("一" <= sign <= "龥" for sign in part) else max(len(part), 1)
        lines += [part[at : at + step] for at in range(0, len(part), step)]
    return lines or [""]


def pdf(doc: Document, *, ruled: bool) -> bytes:
    """Print on A4 across, a table over several pages where it must."""
    import fpdf

    texts: dict[int, list[tuple[str, float, float, float]]] = defaultdict(list)
    boxes: dict[int, list[tuple[float, float, float, float]]] = defaultdict(list)
    number, y = 1, 50.0

    def place(height: float) -> tuple[int, float]:
        nonlocal number, y
        if y + height > 560:
            number, y = number + 1, 50.0
        y += height
        return number, y - height

    for block in doc.blocks:
        if isinstance(block, Text):
            size = {"title": 16.0, "heading": 12.0, "p": 9.0}[block.kind]
            at_page, top = place(size + 10)
            texts[at_page].append((block.text, 60, top, size))
            continue
        rows = grid(block, stretch=True)
        found = places(rows)
        width = max(column + box.across for (_, column), box in found.items())
        stub = STUB[block.table]
        narrow = (720 - 130 * stub) / max(width - stub, 1)
        edges = [60 + (130 * c if c < stub else 130 * stub + narrow * (c - stub)) for c in range(width + 1)]
        inside = {(at, c): wrapped(box.text, edges[c + box.across] - edges[c]) for (at, c), box in found.items()}
        deep = [
            max([len(inside[r, c]) for (r, c), b in found.items() if r == at and b.down == 1], default=1)
            for at in range(len(rows))
        ]
        tops = [(*place(6 + 10.0 * lines), 6 + 10.0 * lines) for lines in deep]
        for (at, column), box in found.items():
            left, right = edges[column], edges[column + box.across]
            for page in sorted({page for page, *_ in tops[at : at + box.down]}):
                reach = [(top, top + height) for on, top, height in tops[at : at + box.down] if on == page]
                boxes[page].append((left, reach[0][0], right - left, reach[-1][1] - reach[0][0]))
            page, top, _ = tops[at]
            texts[page] += [(text, left + 3, top + 2 + 10 * line, 8) for line, text in enumerate(inside[at, column])]
            if box.cell is not None and box.cell.mark:
                texts[page].append((box.cell.mark[1], left + 3.2 + 4.45 * len(box.text), top, 4.5))
        y += 14
    file = fpdf.FPDF(orientation="landscape", unit="pt", format="A4")
    file.set_auto_page_break(False)
    file.add_font("few", "", font())
    for page in range(1, number + 1):
        file.add_page()
        for box_ in boxes[page] if ruled else []:
            file.rect(*box_)
        for text, x, top, size in texts[page]:
            file.set_font("few", "", size)
            file.text(x, top + size, text)
    return bytes(file.output())


@renderer
def pdf_ruled(doc: Document) -> bytes:
    return pdf(doc, ruled=True)


@renderer
def pdf_borderless(doc: Document) -> bytes:
    return pdf(doc, ruled=False)


# --- what mail, wikis, editors and phones make of tables --------------------------------------------------------------------

#: The renderers above; documents of earlier seeds have no others.
FIRST_RENDERERS = tuple(RENDERERS)


def rows_page(doc: Document, row: Callable[[list[str]], str], before: str = "", after: str = "") -> bytes:
    """Print tables row by row, between two lines of their own."""

    def table(rows: list[list[Box]]) -> str:
        return "\n".join([*filter(None, [before]), *(row([one_line(text) for text in line]) for line in spread(rows)), after])

    return text_page(doc, table)


@renderer
def csv(doc: Document) -> bytes:
    """A comma, which also parts thousands, or another sign between the cells."""
    sign, quote = doc.random.choice([(",", ""), (",", '"'), (";", ""), ("，", "")])
    return rows_page(doc, lambda row: sign.join(f"{quote}{text}{quote}" for text in row))


@renderer
def wiki(doc: Document) -> bytes:
    if doc.random.random() < 0.5:
        return rows_page(doc, lambda row: "|-\n| " + " || ".join(row), '{| class="wikitable"', "|}")
    return rows_page(doc, lambda row: "|" + "|".join(text or " " for text in row) + "|")


@renderer
def asciidoc(doc: Document) -> bytes:
    return rows_page(doc, lambda row: "\n".join("|" + text for text in row) + "\n", "|===", "|===")


def wide(text: str) -> int:
    return sum(2 if ord(sign) > 255 else 1 for sign in text)


@renderer
def columns_of_spaces(doc: Document) -> bytes:
    """Columns as wide as their widest cell, with or without lines drawn around them."""
    drawn = doc.random.random() < 0.5

    def table(rows: list[list[Box]]) -> str:
        lines = [[one_line(text) for text in line] for line in spread(rows)]
        lines = [[*line, *[""] * (max(map(len, lines)) - len(line))] for line in lines]
        widths = [max(map(wide, column)) for column in zip(*lines, strict=True)]
        padded = [[text + " " * (width - wide(text)) for text, width in zip(line, widths, strict=True)] for line in lines]
        rule = "+" + "+".join("-" * (width + 2) for width in widths) + "+"
        boxed = [rule, *(f"| {' | '.join(line)} |\n{rule}" for line in padded)]
        return "\n".join(boxed if drawn else ["  ".join(line).rstrip() for line in padded])

    return text_page(doc, table)


@renderer
def mail(doc: Document) -> bytes:
    """An answer quotes the page, or an editor numbers its lines."""
    quoted = doc.random.random() < 0.5
    text = rows_page(doc, ("  " if quoted else "\t").join).decode()
    return "\n".join(f"> {line}" if quoted else f"{at}\t{line}" for at, line in enumerate(text.split("\n"), 1)).encode()


@renderer
def text_wrapped(doc: Document) -> bytes:
    """Lines end at a width, between two words."""
    width = doc.random.choice([30, 40, 60])

    def table(rows: list[list[Box]]) -> str:
        lines = [" ".join(one_line(box.text) for box in row) for row in words(rows)]
        return "\n".join(part for line in lines for part in textwrap.wrap(line, width, break_long_words=False))

    return text_page(doc, table)


@renderer
def html_without_spans(doc: Document) -> bytes:
    """An editor took the spans away: the first row of a group is longer."""
    return html_page(doc, lambda part: html_table([[box._replace(down=1, across=1) for box in row] for row in grid(part)]))


@renderer
def html_of_blocks(doc: Document) -> bytes:
    """Cells became pieces of text, rows became blocks."""

    def table(part: Part) -> str:
        rows = ("".join(f"<span>{escape(box.text)}</span> " for box in row) for row in grid(part))
        return "".join(f"<div>{row}</div>" for row in rows)

    return html_page(doc, table)


@renderer
def html_in_halves(doc: Document) -> bytes:
    """A wide table in two, one below the other, the labels repeated."""

    def table(part: Part) -> str:
        rows, stub = spread(grid(part), repeat=True), STUB[part.table]
        cut = stub + (max(map(len, rows)) - stub) // 2
        halves = [[[*row[:stub], *row[stub:cut]] for row in rows], [[*row[:stub], *row[cut:]] for row in rows]]
        return "".join(html_table([list(map(Box, row)) for row in half]) for half in halves)

    return html_page(doc, table)


@renderer
def head_and_figure(doc: Document) -> bytes:
    """Each figure behind the head of its column, as views for phones stack them."""
    tables = doc.random.random() < 0.5
    lines = []
    for block in doc.blocks:
        bands = block.bands if isinstance(block, Part) else []
        for band, row in ((each, row) for each in bands for row in each.rows if row.kind == "line"):
            pairs = [(path[-1], cell.text) for path, cell in zip(band.heads, row.cells, strict=False)]
            boxes = [[Box(row.label or band.title)], *([Box(head), Box(text)] for head, text in pairs)]
            said = row.label + "：" + "，".join(head + text for head, text in pairs)
            lines.append(html_table(boxes) if tables else f"<p>{escape(said)}</p>")
        lines += [f"<p>{escape(block.text)}</p>"] if isinstance(block, Text) else []
    return "\n".join(lines).encode()
