"""HTML pages: paragraphs, and tables as span-aware grids."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Literal

from selectolax.lexbor import LexborHTMLParser, LexborNode

from govstats.characters import is_figure
from govstats.documents.document import Block, Cell, Grid, LaidOutRows, Layout, Paragraph
from govstats.errors import UnreadableDocument

#: What a reader of the page does not see: code, forms, struck-out text, and what a style hides.
_UNSEEN = frozenset("script style noscript template textarea select del strike s".split())
_NOT_WALKED = _UNSEEN | {"table"}
_HIDDEN = '[hidden], [style*="display:none" i], [style*="display: none" i], [style*="visibility:hidden" i]'
_BLOCKS = frozenset(
    "address article aside blockquote body center dd div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header "
    "hr html li main nav ol p pre section ul table tbody thead tfoot tr td th caption br".split()
)
_CELLS = frozenset({"td", "th"})
_HEADINGS = frozenset("h1 h2 h3 h4 h5 h6 title caption".split())
_META_NAMES = {"articletitle": "title", "contentsource": "publisher", "url": "url"} | dict.fromkeys(
    ("pubdate", "publishdate", "publish_date"), "published"
)
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)")
_DIGIT = re.compile(r"\d")
_SPACES = re.compile(r"[^\S\n]+")
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
    if b"\\" in page and page.count(b'=\\"') > page.count(b'="'):
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
    # looking for a word in the text costs less than asking the tree for what is rarely there
    words = page.lower()
    if b"hidden" in words or b"display" in words:
        _remove_unseen(tree)
        tables = len(tree.css("table"))
        for node in reversed(tree.css(_HIDDEN)):
            # a page whose script shows its text later hides all of it; a second copy for telephones is hidden beside the first
            if not tables or len(node.css("table")) < tables:
                node.decompose()
    # few cells have spans, and asking every cell costs more than all else
    spans = {cell.mem_id: _spans(cell) for cell in tree.css("[rowspan], [colspan]")}
    walk = _Walk(tables_before, spans)
    if tree.body is not None:
        walk.into(tree.body)
        walk.end_paragraph()
    return tuple(walk.blocks), metadata


def _remove_unseen(part: LexborHTMLParser | LexborNode) -> None:
    # backwards, since what stands in a node is gone with it
    for node in reversed(part.css(", ".join(sorted(_UNSEEN)))):
        node.decompose()


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

    def __init__(self, tables: int, spans: Mapping[int, tuple[int, int]]) -> None:
        self.blocks: list[Block] = []
        self.pieces: list[str] = []
        self.paragraphs, self.tables, self.depth = 0, tables, 0
        self.spans = spans

    def end_paragraph(self, heading: bool = False) -> None:
        if not self.pieces:
            return
        text = "".join(self.pieces)
        self.pieces.clear()
        if text and not text.isspace():
            self.paragraphs += 1
            self.blocks.append(Paragraph(_tidy(text), f"paragraph {self.paragraphs}", heading=heading))

    def into(self, node: LexborNode) -> None:
        for event, inner in _events(node, leave_out=_NOT_WALKED):
            tag = inner.tag or ""
            if event == "text":
                self.pieces.append((inner.text_content or "").replace("\n", " "))
            elif tag == "table":
                self.end_paragraph()
                self.table(inner)
            elif tag in _BLOCKS:
                self.end_paragraph(heading=event == "end" and tag in _HEADINGS)

    def table(self, table: LexborNode) -> None:
        self.tables += 1
        place = f"table {self.tables}"
        self.depth += 1
        if self.depth > _DEEPEST:
            raise UnreadableDocument(
                f"{place} stands inside {_DEEPEST} other tables: the page is broken; expected an annual report, "
                "whose tables lie in a few layout tables at most; save the page anew or as text"
            )
        if (texts := _texts(table, self.spans)) is not None:
            self.blocks.append(_grid(*texts, place))
            self.depth -= 1
            return
        _remove_unseen(table)
        rows = [[cell for cell in row.iter() if cell.tag in _CELLS] for row in _rows(table)]
        cells = [cell for row in rows for cell in row]
        nested = {id(cell): cell.css_first("table") is not None for cell in cells}
        if sum(is_figure(cell.text()) for cell in cells if not nested[id(cell)]) > 1:
            own = [[cell for cell in row if not nested[id(cell)]] for row in rows]
            spanning = [
                (number, at, *self.spans[cell.mem_id])
                for number, row in enumerate(own)
                for at, cell in enumerate(row)
                if cell.mem_id in self.spans
            ]
            self.blocks.append(_grid([[_cell_text(cell) for cell in row] for row in own], spanning, place))
            cells = [cell for cell in cells if nested[id(cell)]]
        for cell in cells:
            self.into(cell)
            self.end_paragraph()
        self.depth -= 1


def _structure() -> dict[int, str]:
    tags = _CELLS | _UNSEEN | {"table", "tr", "caption", "-text"}
    page = "<table><caption>1</caption><tr><td><th></table>" + "".join(f"<{tag}></{tag}>" for tag in _UNSEEN)
    root = LexborHTMLParser(page).root
    assert root is not None
    return {node.tag_id: node.tag for node in root.traverse(include_text=True) if node.tag in tags}


#: What decides where a text in a table stands, by the number that the parser gives it: a name costs twice as much to ask for.
_STRUCTURE = _structure()
_TEXT = next(number for number, tag in _STRUCTURE.items() if tag == "-text")

#: Row and number of a cell that spans more than its own place, and how far down and across.
_Spanning = tuple[int, int, int, int]


def _texts(table: LexborNode, spans: Mapping[int, tuple[int, int]]) -> tuple[list[list[str]], list[_Spanning]] | None:
    """Return the texts of a table's cells and which of them span, in one pass over it; None where a table stands in the table."""
    rows: list[list[str]] = []
    spanning: list[_Spanning] = []
    cell: LexborNode | None = None
    pieced: dict[tuple[int, int], LexborNode] = {}
    for node in table.traverse(include_text=True):
        number = node.tag_id
        if number not in _STRUCTURE:
            continue
        if number == _TEXT:
            text = node.text_content or ""
            if cell is not None and not text.isspace():
                row = rows[-1]
                if row[-1]:
                    pieced[len(rows) - 1, len(row) - 1] = cell
                else:
                    row[-1] = text.strip()
        elif (tag := _STRUCTURE[number]) in _CELLS:
            cell = node
            row = rows[-1]
            if (name := node.mem_id) in spans:
                spanning.append((len(rows) - 1, len(row), *spans[name]))
            row.append("")
        elif tag == "tr":
            rows.append([])
        elif tag == "caption":
            cell = None
        elif tag in _UNSEEN:
            _remove_unseen(table)
            return _texts(table, spans)
        elif node != table:
            return None
    for (at_row, at), cell in pieced.items():  # of several pieces it matters how they stand apart
        rows[at_row][at] = _cell_text(cell)
    return rows, spanning


def _rows(table: LexborNode) -> Iterator[LexborNode]:
    for part in table.iter():
        if part.tag == "tr":
            yield part
        elif part.tag in {"thead", "tbody", "tfoot"}:
            yield from (row for row in part.iter() if row.tag == "tr")


def _grid(texts: list[list[str]], spanning: Sequence[_Spanning], place: str) -> Grid:
    return Grid(LaidOutRows(_layout(place, tuple(map(len, texts)), tuple(spanning)), texts), True, True, place)


@lru_cache(maxsize=256)
def _layout(place: str, lengths: tuple[int, ...], spans: tuple[_Spanning, ...]) -> Layout:
    """Place cells by their spans, clipped to the table: a bogus ``rowspan=99`` would make phantom rows.

    Parameters
    ----------
    place : str
        Of the table.
    lengths : tuple of int
        How many cells stand in each row.
    spans : tuple of (int, int, int, int)
        Each cell that spans more than its own place, as `_Spanning` has it.
    """
    span_of = {(row, at): (down, across) for row, at, down, across in spans}
    width = _width(lengths, span_of) if any(across > _WIDEST_SPAN for *_, across in spans) else _WIDEST_SPAN
    last_row: dict[int, int] = {}
    placed = []
    for row, length in enumerate(lengths):
        cells = []
        column = 0
        covered = {taken for taken, last in last_row.items() if last >= row}
        for at in range(length):
            while column in covered:
                column += 1
            down, across = span_of.get((row, at), (1, 1))
            below = len(lengths) - row
            down = min(down or below, below)
            across = across if across <= _WIDEST_SPAN else max(1, width - column)
            if down > 1:
                last_row.update(dict.fromkeys(range(column, column + across), row + down - 1))
            cells.append(Cell("", row, column, down, across, f"{place} row {row + 1} cell {at + 1}"))
            column += across
        placed.append(tuple(cells))
    return Layout(tuple(placed))


def _width(lengths: Sequence[int], span_of: Mapping[tuple[int, int], tuple[int, int]]) -> int:
    """Return the columns of the widest row that has no span beyond belief."""
    across = ([span_of.get((row, at), (1, 1))[1] for at in range(length)] for row, length in enumerate(lengths))
    return max((sum(row) for row in across if not row or max(row) <= _WIDEST_SPAN), default=_WIDEST_SPAN)


def _spans(cell: LexborNode) -> tuple[int, int]:
    attributes = cell.attributes
    return _span(attributes.get("rowspan")), _span(attributes.get("colspan"))


@lru_cache(maxsize=256)
def _span(value: str | None) -> int:
    digits = re.match(r"\s*(\d{1,4})", value or "")
    return int(digits[1]) if digits else 1


def _cell_text(cell: LexborNode) -> str:
    """Return the text of a cell; a block or a line break parts two figures, a run of the typesetter does not.

    A footnote mark stands in brackets: ``22<sup>1</sup>`` is no 221.
    """
    text = cell.text(separator="\0").strip("\0 \n\t\r\xa0")
    if "\0" not in text:
        return text.strip()
    if not _DIGIT.search(text):
        # how the pieces of a label stand apart does not matter
        return _tidy(text.replace("\0", "\n"))
    pieces: list[str] = []
    for event, inner in _events(cell):
        tag = inner.tag or ""
        if event == "text":
            pieces.append(inner.text_content or "")
        elif tag in _BLOCKS:
            pieces.append("\n")
        elif tag == "sup":
            pieces.append("[" if event == "start" else "]")
    return _tidy("".join(pieces))


def _events(node: LexborNode, leave_out: Collection[str] = ()) -> Iterator[tuple[Literal["start", "text", "end"], LexborNode]]:
    """Yield what stands in a node, in order; without recursion, since broken pages nest without end."""
    open_nodes = [(node, node.iter(include_text=True, skip_empty=False))]
    while open_nodes:
        child = next(open_nodes[-1][1], None)
        if child is None:
            ended, _ = open_nodes.pop()
            if open_nodes:
                yield "end", ended
        elif child.tag == "-text":
            yield "text", child
        elif not (child.tag or "-").startswith("-"):
            yield "start", child
            if child.tag not in leave_out:
                open_nodes.append((child, child.iter(include_text=True, skip_empty=False)))


def _tidy(text: str) -> str:
    if "\n" not in text:
        return _SPACES.sub(" ", text).strip()
    lines = (_SPACES.sub(" ", line).strip() for line in text.split("\n"))
    return "\n".join(line for line in lines if line)
