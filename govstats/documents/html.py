"""HTML pages: paragraphs, and tables as span-aware grids."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain

from selectolax.lexbor import LexborHTMLParser, LexborNode

from govstats.characters import is_figure
from govstats.documents.document import NO_TEXT, Block, Cell, Grid, Paragraph
from govstats.documents.visible_text import BLOCKS, CELLS, events, keep_visible
from govstats.errors import UnreadableDocument

_HEADINGS = frozenset("h1 h2 h3 h4 h5 h6 title caption".split())
_META_NAMES = {"articletitle": "title", "contentsource": "publisher", "url": "url"} | dict.fromkeys(
    ("pubdate", "publishdate", "publish_date"), "published"
)
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)")
_DIGIT = re.compile(r"\d")
_BREAK_AT = dict.fromkeys(BLOCKS, "\n")
_SPACES = re.compile(r"[^\S\n]+")
_BREAKS = re.compile(r"\s*\n\s*")
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
        metadata["title"] = _tidy(title.text())
    for meta in tree.css("meta"):  # of the body too: a stray element ends the head
        attributes = meta.attributes
        name = _META_NAMES.get((attributes.get("name") or "").lower())
        if name and (content := (attributes.get("content") or "").strip()):
            metadata[name] = content
    keep_visible(tree)
    walk = _Walk(tables_before)
    if tree.body is not None:
        walk.into(tree.body)
        walk.end_paragraph()
    return tuple(walk.blocks), metadata


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

    message = email.message_from_bytes(content.removeprefix(b"\xef\xbb\xbf").lstrip())
    for part in message.walk():
        if part.get_content_type() == "text/html":
            page = part.get_payload(decode=True)
            if isinstance(page, bytes) and page.strip():
                return page
    raise UnreadableDocument(
        f"{name}: the web archive (MHTML) holds no page; open it in a browser or in Word and save it as HTML or docx"
    )


class _Walk:
    """One pass over the page, collecting blocks."""

    def __init__(self, tables: int) -> None:
        self.blocks: list[Block] = []
        self.pieces: list[str] = []
        self.paragraphs, self.tables, self.depth = 0, tables, 0

    def end_paragraph(self, heading: bool = False) -> None:
        text = _tidy("".join(self.pieces))
        self.pieces.clear()
        if text:
            self.paragraphs += 1
            self.blocks.append(Paragraph(text, f"paragraph {self.paragraphs}", heading=heading))

    def into(self, node: LexborNode) -> None:
        for event, inner in events(node, leave_out={"table"}):
            tag = inner.tag or ""
            if event == "text":
                self.pieces.append((inner.text_content or "").replace("\n", " "))
            elif tag == "table":
                self.end_paragraph()
                self.table(inner)
            elif tag in BLOCKS:
                self.end_paragraph(heading=event == "end" and tag in _HEADINGS)

    def table(self, table: LexborNode) -> None:
        self.tables += 1
        place = f"table {self.tables}"
        if self.depth == _DEEPEST:
            raise UnreadableDocument(
                f"{place} stands inside {_DEEPEST} other tables: the page is broken; expected an annual report, "
                "whose tables lie in a few layout tables at most; save the page anew or as text"
            )
        # the parser sees to it that all rows stand in a body of the table, its head or its foot
        rows = [
            [cell for cell in row.iter() if cell.tag in CELLS] for part in table.iter() for row in part.iter() if row.tag == "tr"
        ]
        alone = len(table.css("table")) == 1
        texts = [[_cell_text(cell) if alone else _text_in_frame(cell) for cell in row] for row in rows]
        is_data = alone or sum(map(is_figure, chain(*texts))) > 1
        # a table that says nothing lays the page out, or a style hides it
        if is_data and any(chain(*texts)):
            self.blocks.append(_grid(rows, texts, place))
        if alone:
            return
        self.depth += 1
        for cell, text in zip(chain(*rows), chain(*texts), strict=True):
            if text == NO_TEXT or not is_data:
                self.into(cell)
                self.end_paragraph()
        self.depth -= 1


def _grid(rows: Sequence[Sequence[LexborNode]], texts: Sequence[Sequence[str]], place: str) -> Grid:
    """Place cells by their spans, clipped to the table: a bogus ``rowspan=99`` would make phantom rows."""
    spans = [[_spans(cell) for cell in row] for row in rows]
    believed = ([across for _, across in row] for row in spans)
    width = max((sum(row) for row in believed if max(row, default=0) <= _WIDEST_SPAN), default=_WIDEST_SPAN)
    last_row: dict[int, int] = {}
    placed = []
    for number, row in enumerate(texts):
        cells = []
        column = 0
        for at, (text, (down, across)) in enumerate(zip(row, spans[number], strict=True)):
            while last_row.get(column, -1) >= number:
                column += 1
            below = len(rows) - number
            rowspan = min(down or below, below)
            colspan = across if across <= _WIDEST_SPAN else max(1, width - column)
            last_row.update(dict.fromkeys(range(column, column + colspan), number + rowspan - 1))
            cells.append(Cell(text, number, column, rowspan, colspan, f"{place} row {number + 1} cell {at + 1}"))
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


def _text_in_frame(cell: LexborNode) -> str:
    """Return the text of a cell in which a table may be no more than a frame; `NO_TEXT` where it holds a table of its own."""
    within = {inner.text().strip() for inner in cell.css("td, th")[1:]} - {""}
    return _cell_text(cell) if len(within) <= 1 or not _DIGIT.search(cell.text()) else NO_TEXT


def _cell_text(cell: LexborNode) -> str:
    """Return the text of a cell; a block or a line break parts two figures, a run of the typesetter does not."""
    text = cell.text(separator="\0").strip("\0 \n\t\r\xa0")
    if "\0" not in text:
        return text.strip()
    return _tidy("".join(inner.text_content or _BREAK_AT.get(inner.tag or "", "") for _, inner in events(cell)))


def _tidy(text: str) -> str:
    return _BREAKS.sub("\n", _SPACES.sub(" ", text)).strip()
