"""Word documents (docx, doc): paragraphs, and tables with cells merged both ways, as a reader sees them.

A part is first cleared of what nobody sees, and of what only wraps what is shown; then one pass reads it. Text set in a way that
would have to be puzzled out is not read: a digit in it becomes `NO_TEXT`, and its cell unreadable.
"""

from __future__ import annotations

import io
import re
import struct
import tempfile
import zipfile
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable
from functools import cache
from itertools import groupby, pairwise
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from govstats.characters import is_figure
from govstats.documents.document import NO_TEXT, Block, Cell, Grid, Paragraph
from govstats.documents.limits import require
from govstats.errors import MissingReader, UnreadableDocument

if TYPE_CHECKING:
    from lxml.etree import XPath, _Element

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_NAMESPACES = {"w": _W.strip("{}"), "mc": "http://schemas.openxmlformats.org/markup-compatibility/2006"}
_PLACE = re.compile("%([1-9])")
_CHINESE = re.compile("(chinese|japanese|taiwanese)Counting(Thousand)?")
#: What has more digits is no number of a list or a table.
_WHOLE = re.compile(r"-?\d{1,5}")
#: Where the header of the text has the lengths of its parts in characters.
_LENGTHS = 0x4C
#: The strict variant of the standard (ISO/IEC 29500-1) has the same elements under a name of its own.
_STRICT = b"http://purl.oclc.org/ooxml/wordprocessingml/main"
# --- what is cleared away -------------------------------------------------------------------------------------------------

#: Rows and cells that were deleted in a tracked change, and rows fixed to a height (in twentieths of a point) that shows no text.
_GONE = "//w:tr[w:trPr/w:del or w:trPr/w:trHeight[@w:hRule = 'exact' and @w:val < 60]] | //w:tc[w:tcPr/w:cellDel]"
#: Newer programs write a drawing, and for the older VML with the same text.
_TWICE = "//mc:Fallback[../mc:Choice//w:t]"
#: Stops of tabs, text deleted in a tracked change, codes of fields, pronunciation, and what is said of wrappers.
_UNSEEN = [_W + name for name in "tabs del moveFrom instrText delText rt sdtPr sdtEndPr smartTagPr customXmlPr".split()]
_WRAPPERS = [_W + name for name in "sdt sdtContent ins moveTo customXml smartTag".split()]

# --- how text is set ------------------------------------------------------------------------------------------------------

_STYLE = "w:pPr/w:pStyle/@w:val"
#: What hides text, unless it says that it does not.
_HIDING, _OFF = ("vanish", "specVanish", "strike", "dstrike"), {"0", "false", "off", "none"}
#: Where a digit cannot be told: fonts that have pictures in its place, pale colours, which may be those of the ground, bars of
#: marker that may cover it, measures in another unit.
_DOUBTED_FOR = {
    "rFonts": re.compile("Wingdings|Webdings|Marlett", re.IGNORECASE),
    "color": re.compile(r"background|light|\b([D-F][\dA-F]){3}\b", re.IGNORECASE),
    "highlight": re.compile("black|dark|red"),
    "sz": re.compile(r"\D"),
    "position": re.compile(r"[^\d-]"),
}
#: The colours of what a run stands on.
_GROUNDS = "(w:rPr | ancestor::w:p/w:pPr | ancestor::w:tc/w:tcPr | ancestor::w:tbl/w:tblPr)/w:shd/@w:fill"
#: Digits of one figure are of one height, give or take one size of type (小五 for 五号: 0.857), and stand on one line. So much
#: smaller, or raised or lowered by such a part of the size, is a mark; between the two nobody can tell.
_ALIKE, _SMALL, _LEVEL, _RAISED = 0.85, 0.7, 0.1, 0.2
_DIGIT = re.compile(r"\d")
_MARK = re.compile(r"[\da-z*①-⒇※†‡#注、,，\s]+")
_BEGINS, _ENDS = re.compile(r"[.,．]?\d"), re.compile(r"[\d\]][.,．]?$")
#: A figure of which a part cannot be read.
_SPOILT = re.compile(rf"(?<![\d.,．])[\d.,．]*(?:\[[^\[\]]*\])?{NO_TEXT}[\d.,．{NO_TEXT}]*")

# --- what is read ---------------------------------------------------------------------------------------------------------

#: What stands below the pages, without the lines that part it from them.
_NOTES = "*[not(@w:type) or @w:type = 'normal']/*"
_SIGNS = {_W + name: sign for name, sign in zip("tab ptab br cr noBreakHyphen".split(), "\t\t\n\n-", strict=True)}
#: Symbols and formulas are not read: 1/2 set as a fraction would become 12.
_SHOWN = (f"{_W}t", f"{_W}fldChar", f"{_W}sym", "{*}oMath", *_SIGNS)
#: What makes a cell without text no blank, and a figure doubtful. A picture that floats may be a stamp on a figure, one in the
#: line a digit of it; Word shows nothing of a cell that is merged with the one before it and has no span for it.
_DOUBTED = """
    (.//w:drawing | .//w:pict | .//w:object | .//w:contentPart)
        [$blank or not(*[local-name() = 'anchor' or contains(@style, 'absolute')])]
    | w:tbl[$blank] | w:tcPr/w:hMerge[not(@w:val = 'restart')]
"""
#: Word makes no table with more columns.
_MOST_COLUMNS = 63
#: In twentieths of a point, less than 2 mm: a grid column in which not even one digit has room was made by two rows whose
#: edges were meant to stand under each other and do not.
_NARROWEST = 100


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
        when all tracked changes are accepted, with the numbers that Word gives to paragraphs of lists. Marks at a figure,
        raised or in small type, stand in brackets.

    Raises
    ------
    MissingReader
        lxml is not installed (the extra ``word``).
    UnreadableDocument
        The archive is damaged or too large to be a report.
    """
    try:
        from lxml import etree
    except ImportError as error:
        raise MissingReader.of(f"{name}: reading Word documents", error, "word") from error
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            kinds = ("document", "styles", "numbering", "footnotes", "endnotes")
            document, styles, numbering, footnotes, endnotes = (_part(archive, kind, name) for kind in kinds)
    except UnreadableDocument:
        raise
    except (zipfile.BadZipFile, zlib.error, etree.XMLSyntaxError, EOFError, RuntimeError, ValueError) as error:
        raise UnreadableDocument.worded("damaged_word", name=name, error=error) from error
    if document.find(f"{_W}body") is None:
        raise UnreadableDocument.worded("word_without_body", name=name)
    walk = _Walk(_Styles(styles), _Numbering(numbering), name)
    walk.into(document.find(f"{_W}body"), "paragraph")
    walk.into(_every(footnotes, _NOTES), "footnote")
    walk.into(_every(endnotes, _NOTES), "endnote")
    return tuple(walk.blocks)


def _part(archive: zipfile.ZipFile, kind: str, name: str) -> _Element:
    """Return the part that is the ``document``, its ``styles``, ``numbering`` …, an empty one where there is none.

    It is left with what a reader sees, in the plain order of paragraphs and runs, tables, rows and cells.
    """
    from lxml import etree

    path = next(filter(re.compile(rf"word/{kind}\d*\.xml").fullmatch, archive.namelist()), None)
    if path is None:
        return etree.Element(f"{_W}{kind}")
    entry = archive.getinfo(path)
    # other compressions may unpack to any size before the size can be looked at
    if entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise ValueError(f"{path} has the compression {entry.compress_type}")
    require("part", entry.file_size, f"{name}, {path}")
    xml = archive.read(path).replace(_STRICT, _NAMESPACES["w"].encode())
    require("elements", xml.count(b"<"), f"{name}, {path}")
    part = etree.fromstring(xml, etree.XMLParser(resolve_entities=False, remove_comments=True, remove_pis=True))
    for gone in _every(part, f"{_GONE} | {_TWICE}"):
        gone.getparent().remove(gone)
    # what the hint of an empty field means, nobody can tell
    for hint in _every(part, "//w:sdt[w:sdtPr/w:showingPlcHdr]//w:t"):
        hint.text = NO_TEXT
    etree.strip_elements(part, *_UNSEEN)
    etree.strip_tags(part, *_WRAPPERS, f"{{{_NAMESPACES['mc']}}}*")
    require("runs", max(map(len, part.iter(f"{_W}p")), default=0), f"{name}, {path}")
    # the text of a box comes after the paragraph in which it is anchored
    for box in reversed(_every(part, "//w:p//w:txbxContent")):
        _every(box, "ancestor::w:p")[-1].addnext(box)
    return part


# --- how text is set ------------------------------------------------------------------------------------------------------


class _Piece(NamedTuple):
    """What a reader sees of a run: its size, and how far it is raised or lowered, in half-points."""

    text: str
    size: int
    shift: int


class _Styles:
    """The styles of a document, each with what it takes over from others."""

    def __init__(self, part: _Element) -> None:
        self.by_id = {_attribute(style, "@w:styleId"): style for style in part.iterfind(f"{_W}style")}
        self.usual = _every(part, "w:style[@w:type = 'paragraph' and (@w:default = '1' or @w:default = 'true')]")
        self.defaults = _every(part, "w:docDefaults/w:rPrDefault")

    def chain(self, name: str) -> list[_Element]:
        """Return a style and those it is based on; Word takes no more of them."""
        chain: list[_Element] = []
        while name in self.by_id and len(chain) < 11:
            chain.append(self.by_id[name])
            name = _attribute(chain[-1], "w:basedOn/@w:val")
        return chain

    def of(self, paragraph: _Element) -> list[_Element]:
        """Return a paragraph and its styles, from near to far."""
        return [paragraph, *(self.chain(_attribute(paragraph, _STYLE)) or self.usual)]

    def is_heading(self, paragraph: _Element) -> bool:
        names = [_attribute(holder, f"{_STYLE} | w:name/@w:val") for holder in self.of(paragraph)]
        return any(name.lower().startswith(("title", "heading", "标题")) for name in names)

    def in_list(self, paragraph: _Element, kind: str) -> str:
        """Return the list of a paragraph or its level, as the paragraph has them or its style."""
        said = (_attribute(holder, f"w:pPr/w:numPr/w:{kind}/@w:val") for holder in self.of(paragraph))
        return next(filter(None, said), "")

    def piece(self, text: str, run: _Element) -> _Piece:
        """Set a text as its run says, the styles of run, paragraph and table, and the defaults."""
        (paragraph,) = _every(run, "ancestor-or-self::w:p[1]")
        near = (run, *self.chain(_attribute(run, "w:rPr/w:rStyle/@w:val")), *self.of(paragraph))
        table = self.chain(_attribute(run, "ancestor::w:tbl[1]/w:tblPr/w:tblStyle/@w:val"))
        said: dict[str, str] = {
            element.tag.removeprefix(_W): " ".join(element.attrib.values()) or "true"
            for holder in reversed((*near, *table, *self.defaults))
            for element in holder.iterfind(f"{_W}rPr/*")
        }
        size = _whole(said.get("sz", ""), 20)
        scripts = {"superscript": size, "subscript": -size}
        shift = scripts.get(said.get("vertAlign", ""), _whole(said.get("position", ""), 0))
        # type of two points nobody sees
        if size <= 4 or any(said.get(effect, "off") not in _OFF for effect in _HIDING):
            return _Piece("", size, shift)
        is_doubted = any(pattern.search(said.get(effect, "")) for effect, pattern in _DOUBTED_FOR.items())
        if is_doubted or said.get("color", "auto") in {*_every(run, _GROUNDS)} - {"auto"}:
            text = _DIGIT.sub(NO_TEXT, text)
        return _Piece(text, size, shift)


def _joined(pieces: list[_Piece]) -> str:
    """Join the pieces of a line: a mark stands in brackets, and a figure whose digits do not belong together is none."""
    usual = (max((piece.size for piece in pieces), default=1), 0)
    shown, before, is_marked = "", usual, False
    for look, same in groupby(pieces, key=attrgetter("size", "shift")):
        text = "".join(piece.text for piece in same)
        touching = bool(_ENDS.search(shown) and _BEGINS.match(text))
        other_size, other_shift = before if touching else usual
        size, raised = look[0] / other_size, abs(look[1] - other_shift) / other_size
        # smaller type may be that of a word; behind a figure it is a mark
        if _MARK.fullmatch(text.strip()) and ((touching and size < _SMALL) or (raised > _RAISED and size < 1 / _ALIKE)):
            shown += text.replace(text.strip(), f"[{text.strip()}]")
            is_marked = True
        else:
            alike = raised <= _LEVEL and _ALIKE < size < 1 / _ALIKE and not is_marked
            shown += text if alike or not touching else NO_TEXT + text
            before, is_marked = look, False
    return _SPOILT.sub(NO_TEXT, shown).strip()


# --- what is read ---------------------------------------------------------------------------------------------------------


class _Walk:
    """One pass over a document, collecting blocks."""

    def __init__(self, styles: _Styles, numbering: _Numbering, name: str) -> None:
        self.styles, self.numbering, self.name = styles, numbering, name
        self.blocks: list[Block] = []
        self.counts: Counter[str] = Counter()

    def into(self, parent: Iterable[_Element], kind: str) -> None:
        """Read what stands one below the other; paragraphs are counted by the kind of text that they belong to."""
        for child in parent:
            if child.tag == f"{_W}p":
                self.counts[kind] += 1
                if text := self.text(child):
                    self.blocks.append(Paragraph(text, f"{kind} {self.counts[kind]}", heading=self.styles.is_heading(child)))
            elif child.tag == f"{_W}tbl":
                self.table(child, kind)
            elif child.tag == f"{_W}txbxContent":
                self.into(child, kind)
            elif child.tag == f"{_W}altChunk":
                raise UnreadableDocument.worded("word_inside_word", name=self.name)

    def text(self, paragraph: _Element) -> str:
        """Return the text of a paragraph with its number in a list; that of a figure would read as part of it."""
        number = self.numbering.next(self.styles.in_list(paragraph, "numId"), _whole(self.styles.in_list(paragraph, "ilvl"), 0))
        text = _joined(self.pieces(paragraph))
        return text if not text or text[0].isdigit() or is_figure(text) else number + text

    def pieces(self, paragraph: _Element) -> list[_Piece]:
        """Return what a reader sees of a paragraph, run by run."""
        pieces: list[_Piece] = []
        begun: list[int] = []
        for element in paragraph.iter(*_SHOWN):
            if element.tag == f"{_W}fldChar":
                text = _field(_attribute(element, "@w:fldCharType"), begun, pieces)
            else:
                text = {f"{_W}t": element.text or "", **_SIGNS}.get(element.tag, NO_TEXT)
            piece = self.styles.piece(text, element.getparent())
            if piece.text:
                pieces.append(piece)
        return pieces

    def table(self, table: _Element, kind: str) -> None:
        self.counts["table"] += 1
        place = f"table {self.counts['table']}"
        if _is_layout(table):
            self.into(_every(table, "w:tr/w:tc/*"), kind)
            return
        rows: list[list[Cell]] = []
        # by column, the row and the place in it of the cell that the next one may be merged with
        above: dict[int, tuple[int, int] | None] = {}
        for number, (row, edges) in enumerate(zip(table.iterfind(f"{_W}tr"), _edges(table), strict=True)):
            rows.append([])
            for index, (cell, (column, end)) in enumerate(zip(row.iterfind(f"{_W}tc"), pairwise(edges), strict=True), start=1):
                over, merge = above.get(column), cell.find("w:tcPr/w:vMerge", _NAMESPACES)
                if over and merge is not None and _attribute(merge, "@w:val") != "restart":
                    first, at = over
                    rows[first][at] = rows[first][at]._replace(rowspan=number - first + 1)
                    continue
                above.update(dict.fromkeys(range(column, end), None if merge is None else (number, len(rows[-1]))))
                of_cell = f"{place} row {number + 1} cell {index}"
                rows[-1].append(Cell(self.cell(cell), number, column, 1, end - column, of_cell))
        self.blocks.append(Grid(tuple(map(tuple, rows)), True, True, place))
        self.into(_every(table, "w:tr/w:tc/w:tbl | w:tr/w:tc/w:txbxContent"), kind)

    def cell(self, cell: _Element) -> str:
        """Return the text of a cell, one line a paragraph."""
        text = "\n".join(filter(None, map(self.text, cell.iterfind(f"{_W}p"))))
        if text and not is_figure(text):
            return text
        return text + NO_TEXT if _every(cell, _DOUBTED, blank=not text) else text


def _field(sign: str, begun: list[int], pieces: list[_Piece]) -> str:
    """Follow a sign that begins, parts or ends a field; return what stands for a field that shows nothing it would tell."""
    if sign == "begin":
        begun.append(len(pieces))
    elif begun and sign == "separate":
        del pieces[begun[-1] :]
    elif begun and begun.pop() == len(pieces):
        return NO_TEXT
    return ""


def _edges(table: _Element) -> list[list[int]]:
    """Return the columns between which the cells of each row stand, without columns that only uneven edges make."""
    edges = []
    for row in table.iterfind(f"{_W}tr"):
        across = [max(1, _columns(cell, "w:tcPr/w:gridSpan")) for cell in row.iterfind(f"{_W}tc")]
        edges.append(np.cumsum([_columns(row, "w:trPr/w:gridBefore"), *across]))
    # what states no width, or one in another unit, is wide enough
    widths = [_whole(_attribute(column, "@w:w"), _NARROWEST) for column in _every(table, "w:tblGrid/w:gridCol")]
    widths += [_NARROWEST] * max((int(of_row[-1]) for of_row in edges), default=0)
    kept = np.cumsum(np.array([0, *widths]) >= _NARROWEST)
    compact = [kept[of_row] for of_row in edges]
    chosen = compact if all(np.diff(of_row).all() for of_row in compact) else edges
    return [of_row.tolist() for of_row in chosen]


def _columns(holder: _Element, path: str) -> int:
    return min(max(0, _whole(_attribute(holder, f"{path}/@w:val"), 0)), _MOST_COLUMNS)


def _is_layout(table: _Element) -> bool:
    """Tell a table that lays out the page: other tables stand in its cells, and hardly a figure beside them."""
    beside = _every(table, "w:tr/w:tc[not(w:tbl)]")
    figures = sum(is_figure("".join(cell.itertext(f"{_W}t")).strip()) for cell in beside)
    return figures < 2 and bool(_every(table, "w:tr/w:tc/w:tbl"))


# --- Word 97–2003 (doc): a compound file (OLE), which is converted ----------------------------------------------------------


def read_compound(content: bytes, name: str) -> tuple[Block, ...]:
    """Read a Word 97–2003 document, which also WPS writes.

    Parameters
    ----------
    content : bytes
        The document, a compound file.
    name : str
        For error messages.

    Returns
    -------
    tuple of Paragraph or Grid
        As of `read_word`: the document is converted to docx on the way.

    Raises
    ------
    MissingReader
        msdoc2docx or lxml is not installed (the extra ``word``), or the file is no Word document.
    UnreadableDocument
        The document is damaged, locked with a password, or too large to be a report.
    """
    # the directory of the file names its streams
    if "WordDocument\0".encode("utf-16-le") not in content:
        raise MissingReader.worded("compound_without_word", name=name)
    try:
        from doc2docx import convert
        from doc2docx.cfb import CompoundFile
        from doc2docx.msdoc.fib import FibBase
    except ImportError as error:
        raise MissingReader.of(f"{name}: reading doc documents", error, "word") from error
    try:
        header = CompoundFile(content).open_stream("WordDocument")
        # the lengths of a locked document are locked too; converting it says so
        characters = 0 if FibBase.parse(header).is_encrypted else sum(struct.unpack_from("<8i", header, _LENGTHS))
        # a character takes a byte at least; pieces that lie over each other could unpack to any size
        if not 0 <= characters <= len(content):
            raise ValueError(f"it claims {characters:,} characters")
        require("characters", characters, name)
        with tempfile.TemporaryDirectory(prefix="govstats-") as folder:
            source, converted = Path(folder, "report.doc"), Path(folder, "report.docx")
            source.write_bytes(content)
            convert(source, converted)
            docx = converted.read_bytes()
    except UnreadableDocument:
        raise
    except Exception as error:  # what a damaged file does to a converter is not known beforehand
        raise UnreadableDocument.worded("damaged_word_97", name=name, kind=type(error).__name__, error=error) from error
    return read_word(docx, name)


# --- numbers of lists: they stand on the page, but not in the text -----------------------------------------------------------


class _Numbering:
    """Counts the paragraphs of every list of a document, which have to be given in its order.

    Parameters
    ----------
    part : Element
        The document's ``numbering.xml``.
    """

    def __init__(self, part: _Element) -> None:
        self.kinds: dict[str, str] = {}
        self.levels: dict[tuple[str, int], _Element] = {}
        self.restarts: dict[tuple[str, int], int] = {}
        #: For each kind of list how far its levels have been counted: lists of one kind count on together.
        self.counts: defaultdict[str, dict[int, int]] = defaultdict(dict)
        of_kind = {_attribute(kind, "@w:abstractNumId"): _every(kind, "w:lvl") for kind in part.iterfind(f"{_W}abstractNum")}
        for one in part.iterfind(f"{_W}num"):
            name, kind = _attribute(one, "@w:numId"), _attribute(one, "w:abstractNumId/@w:val")
            self.kinds[name] = kind
            for level in (*of_kind.get(kind, ()), *_every(one, "w:lvlOverride/w:lvl")):
                self.levels[name, _whole(_attribute(level, "@w:ilvl"), 0)] = level
            for start in _every(one, "w:lvlOverride/w:startOverride"):
                self.restarts[name, _whole(_attribute(start, "../@w:ilvl"), 0)] = _whole(_attribute(start, "@w:val"), 1)

    def next(self, name: str, depth: int) -> str:
        """Return the number of the next paragraph of a list: ``（一）``, ``1.``; an empty string for bullets and letters."""
        level = self.levels.get((name, depth))
        if level is None:
            return ""
        counts, text = self.counts[self.kinds[name]], _attribute(level, "w:lvlText/@w:val")
        following = counts.get(depth, _whole(_attribute(level, "w:start/@w:val"), 1) - 1) + 1
        counts[depth] = self.restarts.pop((name, depth), following)
        for deeper in range(depth + 1, 9):
            counts.pop(deeper, None)
        numbers = {}
        for digit in set(_PLACE.findall(text)):
            upper = self.levels.get((name, int(digit) - 1), level)
            count = counts.get(int(digit) - 1, _whole(_attribute(upper, "w:start/@w:val"), 1))
            numbers[digit] = _written(count, _attribute(upper, "w:numFmt/@w:val"))
        # where digits stand for numbers that are Chinese on their own level, nothing is told
        is_told = all(numbers.values()) and not _every(level, "w:isLgl")
        return _PLACE.sub(lambda place: numbers[place[1]], text) if numbers and is_told else ""


def _written(number: int, kind: str) -> str:
    """Write a number in digits or in Chinese; an empty string in other ways of counting."""
    if _CHINESE.fullmatch(kind):
        from cn2an import an2cn

        return re.sub("^一十", "十", an2cn(number))
    return str(number) if kind == "decimal" else ""


@cache
def _compiled(path: str) -> XPath:
    from lxml.etree import XPath

    return XPath(path, namespaces=_NAMESPACES)


def _every(holder: _Element, path: str, **variables: str | bool) -> list[_Element]:
    """Find elements inside another."""
    return list(_compiled(path)(holder, **variables))


def _attribute(holder: _Element, path: str) -> str:
    """Return what an attribute says, whose path is like ``w:pPr/w:pStyle/@w:val``; an empty string without it."""
    return str(_compiled(f"string({path})")(holder))


def _whole(number: str, otherwise: int) -> int:
    """Read a whole number; what is none is something else."""
    return int(number) if _WHOLE.fullmatch(number) else otherwise
