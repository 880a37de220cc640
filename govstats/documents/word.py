"""Word documents (OOXML): paragraphs, and tables with cells merged both ways."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from typing import TYPE_CHECKING

from govstats.documents.document import Block, Cell, Grid, Paragraph
from govstats.errors import MissingReader, UnreadableDocument

if TYPE_CHECKING:
    from lxml.etree import _Element

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_ALTERNATIVE = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_TITLES = ("Title", "Heading", "标题", "1")
#: A report has some hundred kilobytes of text; a hundred times as much is no report, whatever the archive says of itself.
_MOST_BYTES = 50_000_000
#: Text that a reader does not see: deleted in a tracked change, codes of fields, the second copy of a text box.
_UNSEEN = {f"{_W}del", f"{_W}delText", f"{_W}instrText", f"{_W}moveFrom", _ALTERNATIVE}


def read_word(content: bytes, name: str) -> tuple[Block, ...]:
    """Read a ``.docx`` document.

    Parameters
    ----------
    content : bytes
        The document, a zip archive.
    name : str
        For error messages.

    Returns
    -------
    tuple of Paragraph or Grid
        In reading order; a table inside a cell is a grid of its own, after the one it stands in. Text boxes are read where
        they are anchored.

    Raises
    ------
    MissingReader
        lxml is not installed (the extra ``word``), or the archive is no Word document.
    UnreadableDocument
        The archive is damaged, or too large to be a report.
    """
    try:
        from lxml import etree
    except ImportError as error:
        raise MissingReader(
            f'{name}: reading Word documents needs lxml, which is not installed; run: pip install "govstats[word]"'
        ) from error
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if "word/document.xml" not in archive.namelist():
                raise MissingReader(
                    f"{name}: this zip archive holds no Word document (no word/document.xml); expected HTML, plain text, "
                    "Markdown or docx: unpack it, or save it as one of them"
                )
            if archive.getinfo("word/document.xml").file_size > _MOST_BYTES:
                raise UnreadableDocument(
                    f"{name}: word/document.xml unpacks to more than {_MOST_BYTES:,} bytes; expected a report"
                )
            body = etree.fromstring(archive.read("word/document.xml"), etree.XMLParser(resolve_entities=False)).find(f"{_W}body")
    except (zipfile.BadZipFile, etree.XMLSyntaxError, EOFError, NotImplementedError, RuntimeError) as error:
        raise UnreadableDocument(f"{name}: the Word document is damaged or locked ({error}); save it anew") from error
    walk = _Walk()
    if body is not None:
        walk.into(body)
    return tuple(walk.blocks)


class _Walk:
    """One pass over a document, collecting blocks."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.paragraphs = self.tables = 0

    def into(self, parent: _Element) -> None:
        for child in _children(parent):
            if child.tag == f"{_W}p":
                self.paragraph(child)
            elif child.tag == f"{_W}tbl":
                self.table(child)

    def paragraph(self, paragraph: _Element) -> None:
        text = _text(paragraph).strip()
        if text:
            self.paragraphs += 1
            style = paragraph.find(f"{_W}pPr/{_W}pStyle")
            heading = style is not None and str(style.get(f"{_W}val", "")).startswith(_TITLES)
            self.blocks.append(Paragraph(text, f"paragraph {self.paragraphs}", heading=heading))
        for box in paragraph.iter(f"{_W}txbxContent"):
            if not any(ancestor.tag in _UNSEEN for ancestor in box.iterancestors()):
                self.into(box)

    def table(self, table: _Element) -> None:
        self.tables += 1
        place = f"table {self.tables}"
        rows = [row for row in _children(table) if row.tag == f"{_W}tr"]
        # row and position of the last cell in each column, which a merge goes on
        above: dict[int, tuple[int, int]] = {}
        placed: list[list[Cell]] = []
        nested: list[_Element] = []
        for number, row in enumerate(rows):
            placed.append([])
            column = _number(row.find(f"{_W}trPr/{_W}gridBefore"), 0)
            for index, cell in enumerate((cell for cell in _children(row) if cell.tag == f"{_W}tc"), start=1):
                across = _number(cell.find(f"{_W}tcPr/{_W}gridSpan"), 1)
                merge = cell.find(f"{_W}tcPr/{_W}vMerge")
                continued = merge is not None and merge.get(f"{_W}val", "continue") == "continue" and column in above
                if continued:
                    at, position = above[column]
                    upper = placed[at][position]
                    placed[at][position] = upper._replace(rowspan=number - at + 1)
                else:
                    above.update(dict.fromkeys(range(column, column + across), (number, len(placed[-1]))))
                    text = "\n".join(filter(None, (_text(child).strip() for child in _children(cell) if child.tag == f"{_W}p")))
                    placed[-1].append(Cell(text, number, column, 1, across, f"{place} row {number + 1} cell {index}"))
                    nested += [child for child in _children(cell) if child.tag == f"{_W}tbl"]
                column += across
        self.blocks.append(Grid(tuple(tuple(row) for row in placed), True, True, place))
        for inner in nested:
            self.table(inner)


def _number(element: _Element | None, otherwise: int) -> int:
    value = str(element.get(f"{_W}val", "")) if element is not None else ""
    return int(value) if value.isdigit() else otherwise


def _children(parent: _Element) -> Iterator[_Element]:
    """Yield what stands in an element; content controls and inserted text are looked through."""
    for child in parent:
        if child.tag in {f"{_W}sdt", f"{_W}sdtContent", f"{_W}ins", f"{_W}moveTo", f"{_W}customXml", f"{_W}smartTag"}:
            yield from _children(child)
        else:
            yield child


def _text(paragraph: _Element) -> str:
    """Return the text of a paragraph; a superscript digit is a footnote mark and stands in brackets, as in HTML."""
    pieces = []
    for element in paragraph.iter(f"{_W}t", f"{_W}tab", f"{_W}br", f"{_W}cr"):
        ancestors = set()
        for ancestor in element.iterancestors():
            if ancestor is paragraph:
                break
            ancestors.add(ancestor.tag)
        if ancestors & (_UNSEEN | {f"{_W}txbxContent", f"{_W}pPr", f"{_W}tabs"}):
            continue
        run = element.getparent()
        properties = run.find(f"{_W}rPr") if run is not None else None
        if element.tag != f"{_W}t":
            pieces.append("\t" if element.tag == f"{_W}tab" else "\n")
        elif properties is not None and _struck(properties):
            continue
        elif properties is not None and _raised(properties):
            pieces.append(f"[{element.text or ''}]")
        else:
            pieces.append(element.text or "")
    return "".join(pieces)


def _struck(properties: _Element) -> bool:
    strike = properties.find(f"{_W}strike")
    return strike is not None and strike.get(f"{_W}val", "true") not in {"0", "false"}


def _raised(properties: _Element) -> bool:
    align = properties.find(f"{_W}vertAlign")
    return align is not None and align.get(f"{_W}val") == "superscript"
