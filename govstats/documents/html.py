"""HTML pages: paragraphs, and tables as span-aware grids."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Sequence
from itertools import chain, count

from selectolax.lexbor import LexborHTMLParser, LexborNode

from govstats.characters import is_figure
from govstats.documents.document import NO_TEXT, Block, Cell, Grid, Paragraph
from govstats.documents.limits import limit, require
from govstats.documents.visible_text import BLOCKS, CELLS, FIELDS, PICTURES, Look, Styles, field_text, line_text
from govstats.errors import UnreadableDocument

_HEADINGS = frozenset("h1 h2 h3 h4 h5 h6 title caption".split())
_META_NAMES = {"articletitle": "title", "contentsource": "publisher", "url": "url"} | dict.fromkeys(
    ("pubdate", "publishdate", "publish_date"), "published"
)
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)")
_DIGIT = re.compile(r"\d")
_NUMBER = re.compile(r"\d{1,4}")
_LETTER = re.compile(r"[^\W\d_]")
#: The review table, the widest of the form, has fifteen columns; wider spans are a slip of the editor (``colspan=99``).
_WIDEST_SPAN = 20
_DEEPEST = 50
#: A tag; and elements that end by themselves.
_TAG = re.compile(rb"<(/?)([a-z][^\s<>/]*)([^<>]*)", re.IGNORECASE)
#: A page with fewer tags, all of fewer bytes, is harmless whatever is in it.
_FEW_TAGS, _SHORT_TAG = 5_000, 5_000
_ENDING = frozenset(b"p li dd dt tr td th tbody option br hr img input meta link area base col param wbr".split())
_WEB_ARCHIVE = re.compile(
    rb"(?:[\w-]+:[^\n]*\n(?:[ \t][^\n]*\n)*){0,20}?Content-Type:\s*(?:multipart/related|text/html)", re.IGNORECASE
)


def read_html(page: bytes, tables_before: int = 0) -> tuple[tuple[Block, ...], dict[str, str]]:
    """Read a page.

    Parameters
    ----------
    page : bytes
        In UTF-8, as the parser takes it, whatever encoding the file has.
    tables_before : int
        How many tables stand before, where the page is a part of a document.

    Returns
    -------
    blocks : tuple of Paragraph or Grid
        In reading order. A table that only lays out the page is walked into; inner tables are grids of their own.
    metadata : dict of str to str
        ``title``, ``publisher``, ``url`` and ``published``, as far as the head of the page gives them.

    Examples
    --------
    >>> blocks, metadata = read_html("<title>年报</title><p>一、总体情况</p><table><tr><td>规章<td>3</table>".encode())
    >>> [type(block).__name__ for block in blocks], metadata["title"]
    (['Paragraph', 'Grid'], '年报')
    """
    if page.count(b'=\\"') > page.count(b'="'):
        page = _ESCAPE.sub(_unescaped, page.decode()).encode(errors="ignore")
    tree = parsed(page)
    metadata: dict[str, str] = {}
    if title := tree.css_first("title"):
        metadata["title"] = " ".join(title.text().split())
    for meta in tree.css("meta"):  # of the body too: a stray element ends the head
        attributes = meta.attributes
        name = _META_NAMES.get((attributes.get("name") or "").lower())
        if name and (content := (attributes.get("content") or "").strip()):
            metadata[name] = content
    document = tree.root and tree.root.parent
    if document is None:
        return (), metadata
    reader = _Reader(tree, tables_before)
    blocks, _ = reader.contents(document, reader.styles.look)
    paragraphs = count(1)
    return tuple(
        block._replace(place=f"paragraph {next(paragraphs)}") if isinstance(block, Paragraph) else block for block in blocks
    ), metadata


def parsed(page: bytes) -> LexborHTMLParser:
    """Parse a page, or refuse one that would cost the parser more than linear time."""
    _require_few(page)
    return LexborHTMLParser(page)


def _require_few(page: bytes) -> None:
    """Refuse what costs the parser more than linear time: elements inside one another without end, and their attributes."""
    pieces = page.split(b"<")
    if len(pieces) < _FEW_TAGS and max(map(len, pieces)) < _SHORT_TAG:
        return
    depth = deepest = most = options = 0
    for tag in _TAG.finditer(page):
        if tag[2].lower() not in _ENDING:
            depth = max(depth - 1, 0) if tag[1] else depth + 1
            deepest = max(deepest, depth)
        # a picture inside the page is one attribute, however long
        most = max(most, tag[3].count(b"="), len(tag[3].split()))
        options += tag[2].lower() == b"option"
    require("depth", deepest, "the page")
    require("attributes", most, "the page")
    require("options", options, "the page")


def _unescaped(escape: re.Match[str]) -> str:
    """Undo one escape of a script: some sites keep the page as a string in it (shanghai-office-2019)."""
    mark = escape[1]
    return chr(int(mark[1:], 16)) if mark[0] == "u" else {"n": "\n", "r": "\n", "t": " "}.get(mark, mark)


def web_archive(content: bytes, name: str) -> bytes | None:
    r"""Return the page in a web archive (MHTML), which Word and browsers save as one file; None where the file is none.

    Parameters
    ----------
    content : bytes
        The file.
    name : str
        For error messages.

    Raises
    ------
    UnreadableDocument
        The archive holds no page, or is nested too deeply.

    Examples
    --------
    >>> web_archive(b"MIME-Version: 1.0\nContent-Type: text/html\nContent-Transfer-Encoding: base64\n\nPHA+MzwvcD4=", "a.doc")
    b'<p>3</p>'
    """
    if not _WEB_ARCHIVE.match(content[:20_000].removeprefix(b"\xef\xbb\xbf").lstrip()):
        return None
    import email

    try:
        parts = [*email.message_from_bytes(content.removeprefix(b"\xef\xbb\xbf").lstrip()).walk()]
    except RecursionError as error:
        raise UnreadableDocument.worded("deep_web_archive", name=name) from error
    for page in (part.get_payload(decode=True) for part in parts if part.get_content_type() == "text/html"):
        if isinstance(page, bytes) and page.strip():
            return page
    raise UnreadableDocument.worded("empty_web_archive", name=name)


class _Reader:
    """Reads the tables of a page and what stands in their cells."""

    def __init__(self, tree: LexborHTMLParser, tables_before: int) -> None:
        self.styles, self.spans = Styles(tree), _spans(tree)
        self.tables, self.depth = tables_before, 0

    def cell(self, node: LexborNode, look: Look, effects: Collection[str] = ()) -> tuple[str, list[Block]]:
        """Return the text of a cell, and the blocks in it: a table may be no more than a frame, a picture may be a figure.

        The text is `NO_TEXT` where the cell holds a table of its own.
        """
        text = node.text(separator="\0").strip("\0 \n\t\r\xa0")
        if "\0" not in text and node.mem_id not in self.styles.bear_on:
            text = " ".join(look.shown(text).split())
            return text, [Paragraph(text, "")] if text else []
        blocks, all_effects = self.contents(node, look)
        all_effects.update(effects)
        texts = [[block.text] if isinstance(block, Paragraph) else [*chain(*block.texts)] for block in blocks]
        text = "\n".join(filter(None, chain(*texts)))
        in_tables = {cell.text for block in blocks if isinstance(block, Grid) for cell in chain(*block.rows)} - {""}
        if NO_TEXT in in_tables or (len(in_tables) > 1 and _DIGIT.search(text)):
            return NO_TEXT, blocks
        if ("draws" in all_effects and not _LETTER.search(text)) or ("draws_behind" in all_effects and not text):
            text += NO_TEXT
        return text, blocks

    def contents(self, cell: LexborNode, look: Look) -> tuple[list[Block], set[str]]:
        """Return the blocks in a cell, or on the page, and what styles and pictures do in it."""
        blocks: list[Block] = []
        effects: set[str] = set()
        line: list[tuple[str, Look]] = []
        # what stands beside a table is no data
        is_frame = cell.css_first("table") is not None
        # without recursion, since broken pages nest without end
        open_elements = [(self.styles.shown(cell, look), "", True)]
        while open_elements:
            inside, tag, is_block = open_elements[-1]
            node, look, own_effects = next(inside, (None, look, ()))
            if node is None:
                open_elements.pop()
                blocks += _lines(line, heading=tag in _HEADINGS) if is_block else ()
                continue
            tag = node.tag or ""
            is_block = tag in BLOCKS or "breaks" in own_effects
            blocks += _lines(line) if is_block else ()
            effects.update(own_effects)
            if tag == "-text":
                line.append((look.shown(node.text_content or ""), look))
            elif tag == "table":
                blocks += self.table(node, look)
            elif tag in FIELDS:
                line.append(("" if is_frame else look.shown(field_text(node)), look))
            elif tag not in PICTURES:
                open_elements.append((self.styles.shown(node, look), tag, is_block))
        return blocks, effects

    def table(self, table: LexborNode, look: Look) -> list[Block]:
        """Return a table and the tables in it, or what stands in one that only lays out the page."""
        if self.depth == _DEEPEST:
            raise UnreadableDocument.worded("nested_tables", depth=_DEEPEST)
        self.depth += 1
        self.tables += 1
        place = f"table {self.tables}"
        # the parser sees to it that all rows stand in a body of the table, its head or its foot
        parts = (self.styles.shown(part, part_look) for part, part_look, _ in self.styles.shown(table, look))
        shown = [self.styles.shown(row, row_look) for row, row_look, _ in chain(*parts) if row.tag == "tr"]
        rows = [[cell for cell in row if cell[0].tag in CELLS] for row in shown]
        places = _places([[self.spans.get(cell.mem_id, (1, 1)) for cell, _, _ in row] for row in rows])
        placed: list[tuple[Cell, ...]] = []
        inside: list[tuple[str, list[Block]]] = []
        for number, (row, of_row) in enumerate(zip(rows, places, strict=True), start=1):
            read = [self.cell(*cell) for cell in row]
            # one of which it is in doubt whether it takes a place leaves the others in doubt
            doubt = NO_TEXT * any("doubtful" in effects for _, _, effects in row)
            named = [f"{place} row {number} cell {index}" for index in range(1, len(row) + 1)]
            cells = zip(read, of_row, named, strict=True)
            placed.append(tuple(Cell(text + doubt, *span, name) for (text, _), span, name in cells))
            inside += read
        self.depth -= 1
        holds_tables = len(table.css("table")) > 1
        is_data = not holds_tables or sum(is_figure(text) for text, _ in inside) > 1
        # a table that says nothing lays the page out, or a style hides it
        grids = [Grid(tuple(placed), True, True, place)] if is_data and any(text for text, _ in inside) else []
        opened = (blocks for text, blocks in inside if holds_tables and (text == NO_TEXT or not is_data))
        return [*grids, *chain(*opened)]


def _places(spans: Sequence[Sequence[tuple[int, int]]]) -> list[list[tuple[int, int, int, int]]]:
    """Return row, column, rowspan and colspan of cells that span so many rows and columns, 0 for all that are left.

    Spans are clipped to the table: a bogus ``rowspan=99`` would make phantom rows.
    """
    width, most = max((sum(across for _, across in row) for row in spans), default=0), limit("columns")
    #: For each column the row from which it is free.
    free_from: defaultdict[int, int] = defaultdict(int)
    places: list[list[tuple[int, int, int, int]]] = []
    for number, row in enumerate(spans):
        places.append([])
        column = 0
        for down, across in row:
            while free_from[column] > number:
                column += 1
            if column > most:
                require("columns", column, "the page")
            rowspan = min(down or len(spans), len(spans) - number)
            end = column + (across or max(1, width - column))
            places[-1].append((number, column, rowspan, end - column))
            free_from.update(dict.fromkeys(range(column, end), number + rowspan))
            column = end
    return places


def _spans(tree: LexborHTMLParser) -> dict[int, tuple[int, int]]:
    """Return how many rows and columns each cell spans that says so, 0 where it is said to go on to the end of the table."""
    spans = {}
    for cell in tree.css("[rowspan], [colspan]"):
        said = (cell.attributes.get(name) or "" for name in ("rowspan", "colspan"))
        rowspan, colspan = (int([*_NUMBER.findall(text), 1][0]) for text in said)
        spans[cell.mem_id] = rowspan, colspan if colspan <= _WIDEST_SPAN else 0
    return spans


def _lines(pieces: list[tuple[str, Look]], heading: bool = False) -> list[Paragraph]:
    text = " ".join(line_text(pieces).split())
    pieces.clear()
    return [Paragraph(text, "", heading=heading)] if text else []
