"""Word documents (OOXML): paragraphs, and tables with cells merged both ways."""

from __future__ import annotations

import io
import posixpath
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from govstats.characters import is_figure
from govstats.documents.document import Block, Cell, Grid, Paragraph
from govstats.documents.numbering import Numbering
from govstats.errors import GovstatsError, MissingReader, UnreadableDocument

if TYPE_CHECKING:
    from lxml.etree import _Element

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_MATHS = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_ALTERNATIVES = "{http://schemas.openxmlformats.org/markup-compatibility/2006}AlternateContent"
#: The strict variant of the standard (ISO/IEC 29500-1) has the same elements under names of its own.
_STRICT = {
    b"http://purl.oclc.org/ooxml/wordprocessingml/main": b"http://schemas.openxmlformats.org/wordprocessingml/2006/main",
    b"http://purl.oclc.org/ooxml/officeDocument/math": b"http://schemas.openxmlformats.org/officeDocument/2006/math",
}
_HEADINGS = ("title", "heading", "标题")
#: A report has some hundred kilobytes of text; a hundred times as much is no report, whatever the archive says of itself.
_MOST_BYTES = 50_000_000
#: Other compressions may unpack to any size before the size can be looked at.
_COMPRESSIONS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_OTHER_ARCHIVES = (
    ("xl/", "an Excel workbook (xlsx)"),
    ("ppt/", "a PowerPoint presentation (pptx)"),
    ("OFD.xml", "an OFD document"),
    ("META-INF/manifest.xml", "an OpenDocument file (odt)"),
    ("Index/Document.iwa", "a Pages document"),
)
#: In twentieths of a point, less than 2 mm: a grid column in which not even one digit has room was made by two rows whose
#: edges were meant to stand under each other and do not.
_NARROWEST = 100
#: Word makes no table with more columns.
_MOST_COLUMNS = 63
#: What is looked through: content controls, inserted text, marks of other programs.
_TRANSPARENT = {f"{_W}{name}" for name in ("sdt", "sdtContent", "ins", "moveTo", "customXml", "smartTag")}
#: What a reader does not see: text deleted in a tracked change, codes of fields, pronunciation; text boxes are read apart.
_UNSEEN = {f"{_W}{name}" for name in ("del", "moveFrom", "instrText", "delText", "pPr", "rPr", "rt", "txbxContent")}
_SIGNS = {
    f"{_W}tab": "\t",
    f"{_W}ptab": "\t",
    f"{_W}br": "\n",
    f"{_W}cr": "\n",
    f"{_W}noBreakHyphen": "-",
}
#: Something stands there that is no text: what is in a picture or a formula has to be looked up in the document.
_NO_TEXT = "\ufffc"


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
        In reading order, footnotes last. A table that only lays out the page is walked into; tables inside the cells of
        another are grids of their own, after it. Text boxes are read where they are anchored. Text is as a reader sees it
        when all tracked changes are accepted, with the numbers that Word gives to paragraphs of lists.

    Raises
    ------
    MissingReader
        lxml is not installed (the extra ``word``), or the archive is no Word document.
    UnreadableDocument
        The archive is damaged, too large to be a report, or holds nothing but pictures.
    """
    try:
        from lxml import etree
    except ImportError as error:
        raise MissingReader(
            f'{name}: reading Word documents needs lxml, which is not installed; run: pip install "govstats[word]"'
        ) from error
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            package = _Package(archive, name)
            styles = _Styles(package.related("styles"))
            walk = _Walk(styles, Numbering(package.related("numbering"), styles.numbered), name)
            body = package.document.find(f"{_W}body")
            if body is not None:
                walk.into(body)
            for kind in ("footnote", "endnote"):
                walk.notes(package.related(f"{kind}s"), kind)
            pictures = sum("/media/" in member for member in archive.namelist())
    except GovstatsError:
        raise
    except (zipfile.BadZipFile, zlib.error, etree.XMLSyntaxError, EOFError, RuntimeError, ValueError) as error:
        raise UnreadableDocument(f"{name}: the Word document is damaged or locked ({error}); save it anew") from error
    if pictures and not walk.blocks:
        raise UnreadableDocument(
            f"{name}: the Word document holds {pictures} picture(s) and no text; expected a report; save its pages as a PDF "
            "or as images to have them recognised"
        )
    return tuple(walk.blocks)


class _Package:
    """The parts of a document, by what they are to it."""

    def __init__(self, archive: zipfile.ZipFile, name: str) -> None:
        self.archive, self.name = archive, name
        self.members = set(archive.namelist())
        self.main = self._targets("").get("officeDocument", "word/document.xml")
        document = self._part(self.main)
        if document is None or document.tag != f"{_W}document":
            kind = next((kind for start, kind in _OTHER_ARCHIVES if any(m.startswith(start) for m in self.members)), "")
            raise MissingReader(
                f"{name}: this is {kind or 'a zip archive'} and no Word document (no word/document.xml); expected "
                "HTML, plain text, Markdown, doc or docx: unpack it, or save it as one of them"
            )
        self.document = document

    @cached_property
    def _of_main(self) -> dict[str, str]:
        return self._targets(self.main)

    def related(self, kind: str) -> _Element | None:
        """Return the part that is the document's ``styles``, ``numbering`` …, None where it has none."""
        return self._part(self._of_main.get(kind, ""))

    def _targets(self, source: str) -> dict[str, str]:
        """Return the paths that a part refers to, by the last word of what they are to it."""
        folder, file = posixpath.split(source)
        relations = self._part(posixpath.join(folder, "_rels", f"{file}.rels"))
        return {
            str(relation.get("Type", "")).rpartition("/")[2]: posixpath.normpath(
                posixpath.join("/", folder, str(relation.get("Target", "")))
            ).lstrip("/")
            for relation in (() if relations is None else relations)
        }

    def _part(self, path: str) -> _Element | None:
        from lxml import etree

        if path not in self.members:
            return None
        entry = self.archive.getinfo(path)
        if entry.file_size > _MOST_BYTES or entry.compress_type not in _COMPRESSIONS:
            raise UnreadableDocument(
                f"{self.name}: {path} unpacks to {entry.file_size:,} bytes (compression {entry.compress_type}); expected a "
                f"report, at most {_MOST_BYTES:,} bytes, deflated"
            )
        xml = self.archive.read(path)
        for strict, transitional in _STRICT.items():
            xml = xml.replace(strict, transitional)
        return etree.fromstring(xml, etree.XMLParser(resolve_entities=False))


class _Effects(NamedTuple):
    """What a run's properties do to its text."""

    unseen: bool
    raised: bool


class _Styles:
    """The styles of a document, each with what it takes over from others."""

    def __init__(self, part: _Element | None) -> None:
        styles = () if part is None else part.findall(f"{_W}style")
        self.by_id = {str(style.get(f"{_W}styleId")): style for style in styles}
        self.known: dict[tuple[str, str], _Effects] = {}

    def _line(self, name: str) -> Iterator[_Element]:
        """Yield a style and those it is based on."""
        seen: set[str] = set()
        while name in self.by_id and name not in seen:
            seen.add(name)
            style = self.by_id[name]
            yield style
            name = _value(style.find(f"{_W}basedOn"))

    def is_heading(self, paragraph: _Element) -> bool:
        name = _value(paragraph.find(f"{_W}pPr/{_W}pStyle"))
        named = [_value(style.find(f"{_W}name")) for style in self._line(name)] or [name]
        return any(one.lower().startswith(_HEADINGS) for one in named)

    def numbered(self, paragraph: _Element) -> tuple[str, str]:
        """Return the list and the level that a paragraph belongs to, directly or by its style."""
        style = _value(paragraph.find(f"{_W}pPr/{_W}pStyle"))
        number = level = ""
        for holder in (paragraph, *self._line(style)):
            own = holder.find(f"{_W}pPr/{_W}numPr")
            if own is not None:
                number = number or _value(own.find(f"{_W}numId"))
                level = level or _value(own.find(f"{_W}ilvl"))
        return number, level or "0"

    def effects(self, run: _Element, paragraph: _Element) -> _Effects:
        properties = run.find(f"{_W}rPr")
        own = () if properties is None else (properties,)
        style = "" if properties is None else _value(properties.find(f"{_W}rStyle"))
        key = (style, _value(paragraph.find(f"{_W}pPr/{_W}pStyle")))
        if key not in self.known:
            self.known[key] = _effects([s.find(f"{_W}rPr") for name in key for s in self._line(name)])
        inherited = self.known[key]
        return _effects(own, inherited) if own else inherited


_PLAIN = _Effects(unseen=False, raised=False)


def _effects(holders: Iterable[_Element | None], otherwise: _Effects = _PLAIN) -> _Effects:
    """Read properties, the nearest first; what none of them mentions is as `otherwise`."""
    found: dict[str, str] = {}
    for holder in holders:
        for element in () if holder is None else holder:
            if isinstance(element.tag, str):
                found.setdefault(element.tag.removeprefix(_W), _value(element, "true"))
    switched = [found[name] not in {"0", "false", "off"} for name in ("strike", "dstrike", "vanish") if name in found]
    raised = found["vertAlign"] == "superscript" if "vertAlign" in found else otherwise.raised
    return _Effects(any(switched) or (otherwise.unseen and not switched), raised)


class _Walk:
    """One pass over a document, collecting blocks."""

    def __init__(self, styles: _Styles, numbering: Numbering, name: str) -> None:
        self.styles, self.numbering, self.name = styles, numbering, name
        self.blocks: list[Block] = []
        self.paragraphs = self.tables = 0

    def into(self, parent: _Element) -> None:
        for child in _children(parent):
            if child.tag == f"{_W}p":
                self.paragraphs += 1
                self.add(child, f"paragraph {self.paragraphs}")
            elif child.tag == f"{_W}tbl":
                self.table(child)
            elif child.tag == f"{_W}altChunk":
                raise UnreadableDocument(
                    f"{self.name}: the Word document holds another document that was never merged into it (altChunk); "
                    "open it in Word and save it anew"
                )

    def notes(self, part: _Element | None, kind: str) -> None:
        """Read what stands below the pages, without the lines that part it from them."""
        notes = () if part is None else part.findall(f"{_W}{kind}")
        for number, note in enumerate((n for n in notes if n.get(f"{_W}type", "normal") == "normal"), start=1):
            for paragraph in note.iter(f"{_W}p"):
                self.add(paragraph, f"{kind} {number}")

    def add(self, paragraph: _Element, place: str) -> None:
        text = self.text(paragraph)
        if text:
            self.blocks.append(Paragraph(text, place, heading=self.styles.is_heading(paragraph)))
        self.boxes(paragraph)

    def boxes(self, paragraph: _Element) -> None:
        """Read the text boxes that are anchored in a paragraph; those in a text box are anchored in its own paragraphs."""
        for box in _seen(paragraph, f"{_W}txbxContent"):
            self.into(box)

    def text(self, paragraph: _Element) -> str:
        """Return the text of a paragraph with its number in a list; that of a figure would read as part of it."""
        text = _text(paragraph, self.styles)
        number = self.numbering.next(paragraph)
        return text if not text or text[0].isdigit() or is_figure(text) else number + text

    def table(self, table: _Element) -> None:
        rows = [[cell for cell in _children(row) if _is_cell(cell)] for row in _children(table) if _is_row(row)]
        self.tables += 1
        place = f"table {self.tables}"
        if self.only_layout(rows):
            for cell in (cell for row in rows for cell in row):
                self.into(cell)
            return
        # the last cell in each column, which a merge goes on
        above: dict[int, _Merged] = {}
        placed: list[list[Cell]] = []
        shown: list[_Element] = []
        for number, (row, spans) in enumerate(zip(rows, _columns(table, rows), strict=True)):
            placed.append([])
            for index, (cell, (column, across)) in enumerate(zip(row, spans, strict=True), start=1):
                down, sideways = (_merge(cell, kind) for kind in ("vMerge", "hMerge"))
                over = above.get(column)
                if down == "continue" and over and over.goes_on:
                    placed[over.row][over.position] = placed[over.row][over.position]._replace(rowspan=number - over.row + 1)
                elif sideways == "continue" and placed[-1]:
                    before = placed[-1][-1]
                    placed[-1][-1] = before._replace(colspan=column + across - before.column)
                    above.update(dict.fromkeys(range(column, column + across), above.get(before.column, _NOWHERE)))
                else:
                    above.update(
                        dict.fromkeys(range(column, column + across), _Merged(number, len(placed[-1]), goes_on=bool(down)))
                    )
                    placed[-1].append(Cell(self.cell(cell), number, column, 1, across, f"{place} row {number + 1} cell {index}"))
                    shown.append(cell)
        self.blocks.append(Grid(tuple(tuple(row) for row in placed), True, True, place))
        for cell in shown:
            for child in _children(cell):
                if child.tag == f"{_W}p":
                    self.boxes(child)
                elif child.tag == f"{_W}tbl" and not _is_single(child):
                    self.table(child)

    def cell(self, cell: _Element) -> str:
        """Return the text of a cell, one line a paragraph; a table of one cell in it is a frame around its text."""
        lines = []
        for child in _children(cell):
            if child.tag == f"{_W}p":
                lines.append(self.text(child))
            elif child.tag == f"{_W}tbl" and _is_single(child):
                lines += [
                    self.cell(inner) for row in _children(child) if _is_row(row) for inner in _children(row) if _is_cell(inner)
                ]
        return "\n".join(line for line in lines if line) or (_NO_TEXT if _has_picture(cell) else "")

    def only_layout(self, rows: Sequence[Sequence[_Element]]) -> bool:
        """Tell a table that lays out the page: other tables stand in its cells, and hardly a figure beside them."""
        cells = [cell for row in rows for cell in row]
        holding = [any(child.tag == f"{_W}tbl" and not _is_single(child) for child in _children(cell)) for cell in cells]
        if not any(holding):
            return False
        beside = (_cell_text(cell, self.styles) for cell, holds in zip(cells, holding, strict=True) if not holds)
        return sum(map(is_figure, beside)) < 2


class _Merged(NamedTuple):
    """A cell that has been placed, and whether the cells below may belong to it."""

    row: int
    position: int
    goes_on: bool


_NOWHERE = _Merged(0, 0, goes_on=False)


def _columns(table: _Element, rows: Sequence[Sequence[_Element]]) -> list[list[tuple[int, int]]]:
    """Return the column where each cell begins and how many it spans, without columns that only uneven edges make."""
    spans: list[list[tuple[int, int]]] = []
    parents = [row for row in _children(table) if _is_row(row)]
    for row, cells in zip(parents, rows, strict=True):
        column = _number(row.find(f"{_W}trPr/{_W}gridBefore"), 0)
        spans.append([])
        for cell in cells:
            across = max(1, _number(cell.find(f"{_W}tcPr/{_W}gridSpan"), 1))
            spans[-1].append((column, across))
            column += across
    widths = [_width(column) for column in table.iterfind(f"{_W}tblGrid/{_W}gridCol")]
    starts = [0]
    for width in widths:
        starts.append(starts[-1] + (width >= _NARROWEST))

    def kept(column: int) -> int:
        return starts[column] if column < len(starts) else starts[-1] + column - len(widths)

    compact = [[(kept(column), kept(column + across) - kept(column)) for column, across in row] for row in spans]
    return compact if all(across > 0 for row in compact for _, across in row) else spans


def _width(column: _Element) -> int:
    value = str(column.get(f"{_W}w", ""))
    # no width is stated, or one in another unit
    return int(value) if value.isdigit() else _NARROWEST


def _is_row(element: _Element) -> bool:
    return element.tag == f"{_W}tr" and element.find(f"{_W}trPr/{_W}del") is None


def _is_cell(element: _Element) -> bool:
    return element.tag == f"{_W}tc" and element.find(f"{_W}tcPr/{_W}cellDel") is None


def _is_single(table: _Element) -> bool:
    """Tell a table of one cell: the frame around a text."""
    rows = [row for row in _children(table) if _is_row(row)]
    return len(rows) == 1 and sum(map(_is_cell, _children(rows[0]))) == 1


def _merge(cell: _Element, kind: str) -> str:
    """Return ``restart``, ``continue`` or an empty string."""
    merge = cell.find(f"{_W}tcPr/{_W}{kind}")
    return "" if merge is None else _value(merge, "continue")


def _value(element: _Element | None, otherwise: str = "") -> str:
    return otherwise if element is None else str(element.get(f"{_W}val", otherwise))


def _number(element: _Element | None, otherwise: int) -> int:
    value = _value(element)
    return int(value) if value.isdecimal() and len(value) < 3 and int(value) <= _MOST_COLUMNS else otherwise


def _children(parent: _Element) -> Iterator[_Element]:
    """Yield what stands in an element; content controls and inserted text are looked through."""
    for child in parent:
        if child.tag in _TRANSPARENT:
            yield from _children(child)
        elif child.tag == _ALTERNATIVES:
            yield from _children(_alternative(child))
        else:
            yield child


def _alternative(alternatives: _Element) -> _Element:
    """Return the one of several renderings that has the text: newer programs write a drawing, and VML for the older."""
    with_text = (one for one in alternatives if next(one.iter(f"{_W}t", f"{_W}txbxContent"), None) is not None)
    return next(with_text, alternatives)


def _seen(parent: _Element, *tags: str) -> Iterator[_Element]:
    """Yield the elements of some kinds that a reader sees, outermost first, not looking into them."""
    for child in _children(parent):
        if child.tag in tags:
            yield child
        elif child.tag not in _UNSEEN:
            yield from _seen(child, *tags)


def _cell_text(cell: _Element, styles: _Styles) -> str:
    return "\n".join(filter(None, (_text(child, styles) for child in _children(cell) if child.tag == f"{_W}p")))


def _has_picture(cell: _Element) -> bool:
    return next(_seen(cell, f"{_W}drawing", f"{_W}pict", f"{_W}object"), None) is not None


def _text(paragraph: _Element, styles: _Styles) -> str:
    """Return the text of a paragraph; a superscript digit is a footnote mark and stands in brackets, as in HTML."""
    pieces: list[str] = []
    # where the fields began that are not yet at their result: what stands before it is not shown
    fields: list[int | None] = []
    for run in _seen(paragraph, f"{_W}r", f"{_MATHS}oMath"):
        if run.tag != f"{_W}r":
            pieces.append(_formula(run))
            continue
        effects = styles.effects(run, paragraph)
        for element in _children(run):
            if element.tag == f"{_W}fldChar":
                _field(str(element.get(f"{_W}fldCharType")), fields, pieces)
            elif not effects.unseen:
                piece = _piece(element, styles)
                pieces.append(f"[{piece}]" if effects.raised and piece.strip() else piece)
    return "".join(pieces).strip()


def _formula(formula: _Element) -> str:
    """Return a formula that is nothing but text: ``1/2`` set as a fraction would become 12."""
    plain = all(part.tag == f"{_MATHS}r" for part in formula)
    return "".join(text.text or "" for text in formula.iter(f"{_MATHS}t")) if plain else _NO_TEXT


def _field(kind: str, fields: list[int | None], pieces: list[str]) -> None:
    if kind == "begin":
        fields.append(len(pieces))
    elif fields and kind in {"separate", "end"}:
        begun = fields.pop()
        if begun is not None:
            del pieces[begun:]
        if kind == "separate":
            fields.append(None)


def _piece(element: _Element, styles: _Styles) -> str:
    if element.tag == f"{_W}t":
        return element.text or ""
    if element.tag == f"{_W}sym":
        return _symbol(str(element.get(f"{_W}font", "")), str(element.get(f"{_W}char", "")))
    if element.tag == f"{_W}ruby":
        return "".join(_text(base, styles) for base in element.iterfind(f"{_W}rubyBase"))
    return _SIGNS.get(str(element.tag), "")


def _symbol(font: str, code: str) -> str:
    """Return a character of a symbol font; in the font Symbol, digits stand where they stand elsewhere."""
    try:
        character = chr(int(code, 16))
    except (ValueError, OverflowError):
        return _NO_TEXT
    if font == "Symbol" and "\uf020" <= character <= "\uf03f":
        return chr(ord(character) - 0xF000)
    return character
