"""HTML pages: paragraphs, and tables as span-aware grids."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from itertools import chain, count, product
from typing import NamedTuple

from selectolax.lexbor import LexborHTMLParser, LexborNode

from govstats.characters import is_figure
from govstats.documents.document import NO_TEXT, Block, Cell, Grid, Paragraph
from govstats.documents.visible_text import BLOCKS, CELLS, FIELDS, PICTURES, Look, Styles, field_text, line_text, picture_effects
from govstats.errors import UnreadableDocument

_HEADINGS = frozenset("h1 h2 h3 h4 h5 h6 title caption".split())
_META_NAMES = {"articletitle": "title", "contentsource": "publisher", "url": "url"} | dict.fromkeys(
    ("pubdate", "publishdate", "publish_date"), "published"
)
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)")
_DIGIT = re.compile(r"\d")
_LETTER = re.compile(r"[^\W\d_]")
#: The review table, the widest of the form, has fifteen columns; wider spans are a slip of the editor (``colspan=99``).
_WIDEST_SPAN = 20
_DEEPEST = 50
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
    tree = LexborHTMLParser(page)
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
    styles = Styles(tree)
    return tuple(_blocks(_Reader(styles).cell(document, styles.look, ()).items, count(1), count(tables_before + 1))), metadata


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
        The archive holds no page.

    Examples
    --------
    >>> web_archive(b"MIME-Version: 1.0\nContent-Type: text/html\nContent-Transfer-Encoding: base64\n\nPHA+MzwvcD4=", "a.doc")
    b'<p>3</p>'
    """
    if not _WEB_ARCHIVE.match(content[:20_000].removeprefix(b"\xef\xbb\xbf").lstrip()):
        return None
    import email

    parts = email.message_from_bytes(content.removeprefix(b"\xef\xbb\xbf").lstrip()).walk()
    for page in (part.get_payload(decode=True) for part in parts if part.get_content_type() == "text/html"):
        if isinstance(page, bytes) and page.strip():
            return page
    raise UnreadableDocument(
        f"{name}: the web archive (MHTML) holds no page; open it in a browser or in Word and save it as HTML or docx"
    )


class _Cell(NamedTuple):
    """A cell, or the page as the outermost one.

    Attributes
    ----------
    node : LexborNode
        The element.
    text : str
        All that it says; `NO_TEXT` where that is a picture or a table of its own.
    items : list of Paragraph or list of list of _Cell
        Its lines, and the rows of each table in it, in reading order.
    inner : list of _Cell
        The cells of all tables in it.
    in_doubt : bool
        It may take no place in its row.
    """

    node: LexborNode
    text: str
    items: Sequence[Paragraph | list[list[_Cell]]]
    inner: Sequence[_Cell] = ()
    in_doubt: bool = False


class _Reader:
    """Reads the tables of a page and what stands in their cells."""

    def __init__(self, styles: Styles) -> None:
        self.styles, self.depth = styles, 0

    def cell(self, node: LexborNode, look: Look, effects: Collection[str]) -> _Cell:
        """Read a cell: a table in it may be no more than a frame, a picture may be a figure."""
        text = node.text(separator="\0").strip("\0 \n\t\r\xa0")
        if "\0" not in text and node.mem_id not in self.styles.bear_on:
            text = " ".join(look.shown(text).split())
            return _Cell(node, text, [Paragraph(text, "")] if text else [])
        items, all_effects = self.contents(node, look)
        all_effects.update(effects)
        inner = [cell for item in items if isinstance(item, list) for cell in chain(*item)]
        texts = ([item.text] if isinstance(item, Paragraph) else [cell.text for cell in chain(*item)] for item in items)
        text = "\n".join(filter(None, chain(*texts)))
        within = {cell.text for cell in inner} - {""}
        if NO_TEXT in within or (len(within) > 1 and _DIGIT.search(text)):
            text = NO_TEXT
        elif ("draws" in all_effects and not _LETTER.search(text)) or ("draws_behind" in all_effects and not text):
            text += NO_TEXT
        return _Cell(node, text, items, inner, "doubtful" in effects)

    def contents(self, cell: LexborNode, look: Look) -> tuple[list[Paragraph | list[list[_Cell]]], set[str]]:
        """Return the lines and tables in a cell, and what styles and pictures do in it."""
        items: list[Paragraph | list[list[_Cell]]] = []
        effects: set[str] = set()
        line: list[tuple[str, Look]] = []
        # without recursion, since broken pages nest without end
        open_elements = [(self.styles.shown(cell, look), "", True)]
        while open_elements:
            inside, tag, is_block = open_elements[-1]
            node, look, own_effects = next(inside, (None, look, ()))
            if node is None:
                open_elements.pop()
                items += _lines(line, heading=tag in _HEADINGS) if is_block else ()
                continue
            tag = node.tag or ""
            is_block = tag in BLOCKS or "breaks" in own_effects
            items += _lines(line) if is_block else ()
            effects.update(own_effects)
            if tag == "-text":
                line.append((look.shown(node.text_content or ""), look))
            elif tag == "table":
                items.append(self.table(node, look))
            elif tag in PICTURES:
                effects |= picture_effects(node)
            elif tag not in FIELDS:
                open_elements.append((self.styles.shown(node, look), tag, is_block))
            elif cell.css_first("table") is None:
                # what stands beside a table is no data
                line.append((look.shown(field_text(node)), look))
        return items, effects

    def table(self, table: LexborNode, look: Look) -> list[list[_Cell]]:
        if self.depth == _DEEPEST:
            raise UnreadableDocument(
                f"a table stands inside {_DEEPEST} other tables: the page is broken; expected an annual report, "
                "whose tables lie in a few layout tables at most; save the page anew or as text"
            )
        self.depth += 1
        # the parser sees to it that all rows stand in a body of the table, its head or its foot
        parts = (self.styles.shown(part, part_look) for part, part_look, _ in self.styles.shown(table, look))
        rows = [self.styles.shown(row, row_look) for row, row_look, _ in chain(*parts) if row.tag == "tr"]
        cells = [[self.cell(*cell) for cell in row if cell[0].tag in CELLS] for row in rows]
        self.depth -= 1
        return cells


def _lines(pieces: list[tuple[str, Look]], heading: bool = False) -> list[Paragraph]:
    text = " ".join(line_text(pieces).split())
    pieces.clear()
    return [Paragraph(text, "", heading=heading)] if text else []


def _blocks(items: Sequence[Paragraph | list[list[_Cell]]], paragraphs: Iterator[int], tables: Iterator[int]) -> Iterator[Block]:
    """Yield what stands in a cell or on the page; a table that only lays out the page is walked into."""
    for item in items:
        if isinstance(item, Paragraph):
            yield item._replace(place=f"paragraph {next(paragraphs)}")
            continue
        place = f"table {next(tables)}"
        cells = list(chain(*item))
        holds_tables = any(cell.inner for cell in cells)
        is_data = not holds_tables or sum(is_figure(cell.text) for cell in cells) > 1
        # a table that says nothing lays the page out, or a style hides it
        if is_data and any(cell.text for cell in cells):
            yield _grid(item, place)
        for cell in cells if holds_tables else ():
            if cell.text == NO_TEXT or not is_data:
                yield from _blocks(cell.items, paragraphs, tables)


def _grid(rows: Sequence[Sequence[_Cell]], place: str) -> Grid:
    """Place cells by their spans, clipped to the table: a bogus ``rowspan=99`` would make phantom rows."""
    spans = [[_spans(cell.node) for cell in row] for row in rows]
    widths = [[across for _, across in row] for row in spans]
    width = max((sum(row) for row in widths if max(row, default=0) <= _WIDEST_SPAN), default=_WIDEST_SPAN)
    taken: set[tuple[int, int]] = set()
    placed = []
    for number, row in enumerate(rows):
        # what may take no place in its row
        doubt = NO_TEXT * any(cell.in_doubt for cell in row)
        cells: list[Cell] = []
        column = 0
        for cell, (down, across) in zip(row, spans[number], strict=True):
            while (number, column) in taken:
                column += 1
            below = len(rows) - number
            rowspan = min(down or below, below)
            colspan = across if across <= _WIDEST_SPAN else max(1, width - column)
            taken.update(product(range(number + 1, number + rowspan), range(column, column + colspan)))
            at = f"{place} row {number + 1} cell {len(cells) + 1}"
            cells.append(Cell(cell.text + doubt, number, column, rowspan, colspan, at))
            column += colspan
        placed.append(tuple(cells))
    return Grid(tuple(placed), True, True, place)


def _spans(cell: LexborNode) -> tuple[int, int]:
    attributes = cell.attributes
    return _span(attributes.get("rowspan")), max(1, _span(attributes.get("colspan")))


@lru_cache(maxsize=256)
def _span(value: str | None) -> int:
    digits = re.match(r"\s*(\d{1,4})", value or "")
    return int(digits[1]) if digits else 1
