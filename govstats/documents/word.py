"""Word documents (OOXML): paragraphs, and tables with cells merged both ways, as a reader sees them."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from govstats.characters import is_figure
from govstats.documents.document import NO_TEXT, Block, Cell, Grid, Paragraph
from govstats.documents.numbering import Numbering, W, attribute, value_of
from govstats.errors import GovstatsError, MissingReader, UnreadableDocument

if TYPE_CHECKING:
    from lxml.etree import _Element

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
#: What else is a zip archive, by a member, and what to do with it.
_OTHER_ARCHIVES = {
    "xl/": "an Excel workbook (xlsx); save the sheets of the report as PDF, or copy their tables into a Word document",
    "ppt/": "a PowerPoint presentation (pptx); save it as PDF",
    "OFD.xml": "an OFD document; convert it to PDF",
    "META-INF/manifest.xml": "an OpenDocument file (odt); save it as docx",
    "Index/Document.iwa": "a Pages document; export it as docx",
    "": "a zip archive without a Word document in it (no word/document.xml); unpack it and read the report in it",
}
#: In twentieths of a point, less than 2 mm: a grid column in which not even one digit has room was made by two rows whose
#: edges were meant to stand under each other and do not. A row that is fixed to a height of 3 points shows no text.
_NARROWEST, _LOWEST = 100, 60
#: Word makes no table with more columns.
_MOST_COLUMNS = 63
#: What is looked through: content controls, inserted text, marks of other programs.
_TRANSPARENT = {W + name for name in ("sdt", "sdtContent", "ins", "moveTo", "customXml", "smartTag")}
#: What a reader does not see: text deleted in a tracked change, codes of fields, pronunciation; text boxes are read apart.
_UNSEEN = {W + name for name in ("del", "moveFrom", "instrText", "delText", "pPr", "rPr", "rt", "txbxContent")}
_NO_TEXTS = tuple(W + name for name in ("drawing", "pict", "object", "contentPart"))
_SIGNS = {W + "tab": "\t", W + "ptab": "\t", W + "br": "\n", W + "cr": "\n", W + "noBreakHyphen": "-"}
#: Fields that show what their code says, and have no result.
_DRAWN = re.compile(r"\s*(EQ|SYMBOL|MACROBUTTON|GOTOBUTTON|FORMCHECKBOX)\b", re.IGNORECASE)
#: Fonts that have pictures in the place of digits.
_PICTORIAL = re.compile("Wingdings|Webdings|Marlett", re.IGNORECASE)
_DIGIT = re.compile(r"\d")
_MEASURE = re.compile(r"(-?\d+(?:\.\d+)?)(pt)?")
_HIGHLIGHTS = {"white": "FFFFFF", "black": "000000", "yellow": "FFFF00"}
#: Colours that differ by less in red, green and blue are one.
_SAME_COLOUR = 32
#: Smaller type, in half-points, nobody sees.
_TINY = 4.0
#: Digits of one figure are of one height, give or take one size of type (小五 for 五号: 0.857), and stand on one line. So much
#: smaller, or raised or lowered by such a part of the size, is a mark; between the two nobody can tell.
_ALIKE, _SMALL, _LEVEL, _RAISED = 0.85, 0.7, 0.1, 0.2
#: How Word sets what is raised or lowered: how large, and how far from the line.
_SCRIPT, _SHIFT = 0.65, {"superscript": 0.33, "subscript": -0.33}
_MARK = re.compile(r"[\da-z*①-⒇※†‡#注、,，\s]+")
_BEGINS, _ENDS = re.compile(r"[.,．]?\d"), re.compile(r"\d[.,．]?$")
#: A figure of which a part cannot be read.
_SPOILT = re.compile(rf"[\d.,．]*(?:\[[^\[\]]*\])?{NO_TEXT}[\d.,．{NO_TEXT}]*")


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
            document = _part(archive, "document", name)
            if document is None or document.tag != f"{W}document":
                members = [*archive.namelist(), ""]
                kind = next(kind for start, kind in _OTHER_ARCHIVES.items() if any(m.startswith(start) for m in members))
                raise MissingReader(f"{name}: govstats does not read this file: it is {kind}")
            _take_out_placeholders(document)
            styles = _Styles(_part(archive, "styles", name))
            walk = _Walk(styles, Numbering(_part(archive, "numbering", name), styles.numbered), name)
            for body in document.iterfind(f"{W}body"):
                walk.into(body)
            for kind in ("footnote", "endnote"):
                walk.notes(_part(archive, f"{kind}s", name), kind)
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


def _part(archive: zipfile.ZipFile, kind: str, name: str) -> _Element | None:
    """Return the part that is the ``document``, its ``styles``, ``numbering`` …, None where there is none."""
    from lxml import etree

    path = next(filter(re.compile(rf"word/{kind}\d*\.xml").fullmatch, archive.namelist()), None)
    if path is None:
        return None
    entry = archive.getinfo(path)
    if entry.file_size > _MOST_BYTES or entry.compress_type not in _COMPRESSIONS:
        raise UnreadableDocument(
            f"{name}: {path} unpacks to {entry.file_size:,} bytes (compression {entry.compress_type}); expected a "
            f"report, at most {_MOST_BYTES:,} bytes, deflated"
        )
    xml = archive.read(path)
    for strict, transitional in _STRICT.items():
        xml = xml.replace(strict, transitional)
    return etree.fromstring(xml, etree.XMLParser(resolve_entities=False))


def _take_out_placeholders(document: _Element) -> None:
    """Empty the content controls that nobody has filled in; what a placeholder with a digit means, nobody can tell."""
    for control in document.iter(f"{W}sdt"):
        unfilled = _is_on(control.find(f"{W}sdtPr/{W}showingPlcHdr"))
        for text in control.iter(f"{W}t") if unfilled else ():
            text.text = NO_TEXT if _DIGIT.search(text.text or "") else ""


# --- how text is set ------------------------------------------------------------------------------------------------------


class _Look(NamedTuple):
    """How the text of a run is set: its size and how far it is raised, in half-points."""

    size: float
    rise: float
    script: bool
    #: None: what a reader sees cannot be told
    seen: bool | None


class _Around(NamedTuple):
    """What a paragraph takes over from its surroundings; the colour of the ground is None where it cannot be told."""

    style: str
    table_style: str
    ground: str | None


class _Styles:
    """The styles of a document, each with what it takes over from others."""

    def __init__(self, part: _Element | None) -> None:
        styles = () if part is None else part.findall(f"{W}style")
        self.by_id = {attribute(style, "styleId"): style for style in styles}
        usual = (style for style in styles if attribute(style, "default") in {"1", "true"})
        self.usual = next((attribute(style, "styleId") for style in usual if attribute(style, "type") == "paragraph"), "")
        self.defaults = None if part is None else part.find(f"{W}docDefaults/{W}rPrDefault/{W}rPr")
        self.known: dict[tuple[str, ...], dict[str, _Element]] = {}

    def chain(self, name: str) -> list[_Element]:
        """Return a style and those it is based on."""
        chain: list[_Element] = []
        while name in self.by_id and self.by_id[name] not in chain:
            chain.append(self.by_id[name])
            name = value_of(chain[-1], "basedOn")
        return chain

    def is_heading(self, paragraph: _Element) -> bool:
        name = value_of(paragraph, "pPr/pStyle")
        named = [value_of(style, "name") for style in self.chain(name)] or [name]
        return any(one.lower().startswith(_HEADINGS) for one in named)

    def numbered(self, paragraph: _Element) -> tuple[str, str]:
        """Return the list and the level that a paragraph belongs to, directly or by its style."""
        holders = (paragraph, *self.chain(value_of(paragraph, "pPr/pStyle")))
        number, level = (
            next(filter(None, (value_of(holder, f"pPr/numPr/{name}") for holder in holders)), "") for name in ("numId", "ilvl")
        )
        return number, level or "0"

    def around(self, paragraph: _Element) -> _Around:
        style, table_style = value_of(paragraph, "pPr/pStyle") or self.usual, ""
        shadings = [holder.find(f"{W}pPr/{W}shd") for holder in (paragraph, *self.chain(style))]
        ground: str | None = "FFFFFF"
        holder = next(paragraph.iterancestors(f"{W}tc", f"{W}txbxContent"), None)
        if holder is not None and holder.tag == f"{W}tc":
            table = next(holder.iterancestors(f"{W}tbl"), holder)
            table_style = value_of(table, "tblPr/tblStyle")
            shadings += [holder.find(f"{W}tcPr/{W}shd"), table.find(f"{W}tblPr/{W}shd")]
            # which of its shadings a table style gives to a cell depends on where the cell stands
            ground = None if any(_fill(one) for s in self.chain(table_style) for one in s.iter(f"{W}shd")) else ground
        elif holder is not None:
            # white type in a coloured shape is seen
            ground = ""
        return _Around(style, table_style, next(filter(None, map(_fill, shadings)), ground))

    def look(self, run: _Element, around: _Around) -> _Look:
        own = run.find(f"{W}rPr")
        names = (around.table_style, around.style, value_of(own, "rStyle"))
        if names not in self.known:
            holders = [style.find(f"{W}rPr") for name in names for style in reversed(self.chain(name))]
            self.known[names] = {name: one for h in (self.defaults, *holders) for name, one in _properties(h)}
        found = {**self.known[names], **dict(_properties(own))}
        size, position = _half_points(found.get("sz"), 20.0), _half_points(found.get("position"), 0.0)
        shift = _SHIFT.get(_value(found.get("vertAlign")), 0.0)
        ground = _fill(found.get("shd")) or around.ground
        if _is_on(found.get("highlight")):
            ground = _HIGHLIGHTS.get(_value(found["highlight"]), "")
        hidden = any(_is_on(found.get(name)) for name in ("strike", "dstrike", "vanish", "specVanish"))
        on_ground = _same_colour(_colour(found.get("color")), "FFFFFF" if ground is None else ground)
        seen: bool | None = not (hidden or size <= _TINY or (on_ground and ground is not None))
        if seen and (on_ground or _PICTORIAL.match(_value(found.get("rFonts"), name="ascii"))):
            seen = None
        return _Look(size * _SCRIPT if shift else size, position + shift * size, bool(shift), seen)


def _properties(holder: _Element | None) -> Iterator[tuple[str, _Element]]:
    for element in () if holder is None else holder:
        if isinstance(element.tag, str):
            yield element.tag.removeprefix(W), element


def _is_on(element: _Element | None) -> bool:
    return _value(element, "true") not in {"", "0", "false", "off", "none"}


def _half_points(element: _Element | None, otherwise: float) -> float:
    found = _MEASURE.fullmatch(_value(element))
    return otherwise if found is None else float(found[1]) * (2 if found[2] else 1)


def _fill(shading: _Element | None) -> str:
    """Return the colour of a shading, an empty string where it has none."""
    solid = _value(shading) == "solid"
    fill = "" if _value(shading) == "nil" else _value(shading, name="color" if solid else "fill")
    return "000000" if solid and fill == "auto" else fill.replace("auto", "")


def _colour(element: _Element | None) -> str:
    white = _value(element, name="themeColor") in {"background1", "light1"} and not _value(element, name="themeShade")
    return "FFFFFF" if white else _value(element)


def _same_colour(one: str, other: str) -> bool:
    try:
        return all(abs(a - b) < _SAME_COLOUR for a, b in zip(bytes.fromhex(one), bytes.fromhex(other), strict=True)) and one != ""
    except ValueError:
        return False


def _joined(pieces: Sequence[tuple[str, _Look]]) -> str:
    """Join the pieces of a line: a mark stands in brackets, and a figure whose digits do not belong together is none."""
    merged = [("".join(text for text, _ in same), look) for look, same in groupby(pieces, key=lambda piece: piece[1])]
    usual = max((look for _, look in merged), key=lambda look: look.size, default=_Look(20.0, 0.0, script=False, seen=True))
    shown, beside, marked = "", usual, False
    for text, look in merged:
        touching = bool((marked or _ENDS.search(shown)) and _BEGINS.match(text))
        other = beside if touching else usual
        size, raised = look.size / other.size, abs(look.rise - other.rise) / other.size
        mark = size < 1 / _ALIKE and (look.script or raised > _RAISED or (touching and size < _SMALL))
        if mark and _MARK.fullmatch(text.strip()):
            shown += text.replace(text.strip(), f"[{text.strip()}]")
            marked = True
        else:
            unlike = raised > _LEVEL or not _ALIKE < size < 1 / _ALIKE
            shown += NO_TEXT + text if touching and (marked or unlike) else text
            beside, marked = look, False
    return _SPOILT.sub(NO_TEXT, shown).strip()


# --- text -----------------------------------------------------------------------------------------------------------------


@dataclass
class _Field:
    """A field whose end has not come yet: where it began, its code, and what is shown in the place of a result."""

    start: int
    choice: str | None
    code: str = ""
    shown: bool = False


class _Walk:
    """One pass over a document, collecting blocks."""

    def __init__(self, styles: _Styles, numbering: Numbering, name: str) -> None:
        self.styles, self.numbering, self.name = styles, numbering, name
        self.blocks: list[Block] = []
        #: A paragraph whose end was deleted in a tracked change: the next one goes on with it.
        self.open: Block | None = None
        self.paragraphs = self.tables = 0

    def into(self, parent: _Element) -> None:
        for child in _children(parent):
            if child.tag == f"{W}p":
                self.paragraphs += 1
                self.add(child, f"paragraph {self.paragraphs}")
            elif child.tag == f"{W}tbl":
                self.table(child)
            elif child.tag == f"{W}altChunk":
                raise UnreadableDocument(
                    f"{self.name}: the Word document holds another document that was never merged into it (altChunk); "
                    "open it in Word and save it anew"
                )

    def notes(self, part: _Element | None, kind: str) -> None:
        """Read what stands below the pages, without the lines that part it from them."""
        notes = () if part is None else part.findall(f"{W}{kind}")
        for number, note in enumerate((n for n in notes if attribute(n, "type", "normal") == "normal"), start=1):
            for paragraph in note.iter(f"{W}p"):
                self.add(paragraph, f"{kind} {number}")

    def add(self, paragraph: _Element, place: str) -> None:
        text = self.text(paragraph)
        if text:
            if isinstance(self.open, Paragraph) and self.blocks[-1] is self.open:
                text = self.open.text + text
                self.blocks.pop()
            self.blocks.append(Paragraph(text, place, heading=self.styles.is_heading(paragraph)))
        ends = all(paragraph.find(f"{W}pPr/{W}rPr/{W}{deleted}") is None for deleted in ("del", "moveFrom"))
        self.open = None if ends else self.blocks[-1] if text else self.open
        self.boxes(paragraph)

    def boxes(self, paragraph: _Element) -> None:
        """Read the text boxes that are anchored in a paragraph; those in a text box are anchored in its own paragraphs."""
        for box in _seen(paragraph, f"{W}txbxContent"):
            self.into(box)

    def text(self, paragraph: _Element) -> str:
        """Return the text of a paragraph with its number in a list; that of a figure would read as part of it."""
        text = _joined(self.pieces(paragraph, self.styles.around(paragraph)))
        number = self.numbering.next(paragraph)
        return text if not text or text[0].isdigit() or is_figure(text) else number + text

    def pieces(self, parent: _Element, around: _Around) -> list[tuple[str, _Look]]:
        """Return what a reader sees of a paragraph, run by run."""
        pieces: list[tuple[str, _Look]] = []
        fields: list[_Field] = []
        for run in _seen(parent, f"{W}r", f"{_MATHS}oMath"):
            look = self.styles.look(run, around)
            for element in _children(run) if run.tag == f"{W}r" else (run,):
                if element.tag == f"{W}fldChar":
                    text = _field(element, fields, pieces)
                elif element.tag == f"{W}instrText" and fields:
                    fields[-1].code += element.text or ""
                    text = ""
                elif element.tag == f"{W}ruby":
                    text = "".join(_joined(self.pieces(base, around)) for base in element.iterfind(f"{W}rubyBase"))
                else:
                    text = _text(element)
                if look.seen is not False and text:
                    pieces.append((text if look.seen else _DIGIT.sub(NO_TEXT, text), look))
        return pieces

    def table(self, table: _Element) -> None:
        rows = [[cell for cell in _children(row) if _is_cell(cell)] for row in _children(table) if _is_row(row)]
        self.tables += 1
        place = f"table {self.tables}"
        if _is_layout(rows):
            for cell in (cell for row in rows for cell in row):
                self.into(cell)
            return
        # by column, the row and the number of the cell that the next one may be merged with
        above: dict[int, tuple[int, int] | None] = {}
        placed: list[list[Cell]] = []
        shown: list[_Element] = []
        for number, (row, spans) in enumerate(zip(rows, _columns(table, rows), strict=True)):
            placed.append([])
            for index, (cell, (column, across)) in enumerate(zip(row, spans, strict=True), start=1):
                down, sideways = (_merge(cell, kind) for kind in ("vMerge", "hMerge"))
                over = above.get(column)
                if down == "continue" and over:
                    placed[over[0]][over[1]] = placed[over[0]][over[1]]._replace(rowspan=number - over[0] + 1)
                    continue
                begun = (number, len(placed[-1])) if down else None
                if sideways == "continue" and placed[-1]:
                    before = placed[-1][-1]
                    placed[-1][-1] = before._replace(colspan=column + across - before.column)
                    begun = above.get(before.column)
                else:
                    placed[-1].append(Cell(self.cell(cell), number, column, 1, across, f"{place} row {number + 1} cell {index}"))
                    shown.append(cell)
                above.update(dict.fromkeys(range(column, column + across), begun))
        self.blocks.append(Grid(tuple(tuple(row) for row in placed), True, True, place))
        for cell in shown:
            for child in _children(cell):
                if child.tag == f"{W}p":
                    self.boxes(child)
                elif child.tag == f"{W}tbl" and not _is_single(child):
                    self.table(child)

    def cell(self, cell: _Element) -> str:
        """Return the text of a cell, one line a paragraph; a table of one cell in it is a frame around its text."""
        lines, unread = [], False
        for child in _children(cell):
            if child.tag == f"{W}p":
                lines.append(self.text(child))
            elif child.tag == f"{W}tbl" and _is_single(child):
                lines += [self.cell(one) for row in _children(child) if _is_row(row) for one in _children(row) if _is_cell(one)]
            elif child.tag == f"{W}tbl":
                unread = True
        text = "\n".join(filter(None, lines))
        pictures = list(_seen(cell, *_NO_TEXTS))
        if not text:
            return NO_TEXT if unread or pictures else ""
        # a picture that floats may be a stamp; one in the line may be a digit
        return text + NO_TEXT if is_figure(text) and any(map(_in_line, pictures)) else text


def _text(element: _Element) -> str:
    """Return the text of an element in a run."""
    if element.tag == f"{W}t":
        return element.text or ""
    if element.tag == f"{W}sym":
        return _symbol(attribute(element, "font"), attribute(element, "char"))
    if element.tag == f"{_MATHS}oMath":
        # a formula that is nothing but text; 1/2 set as a fraction would become 12
        plain = all(part.tag == f"{_MATHS}r" for part in element)
        return "".join(text.text or "" for text in element.iter(f"{_MATHS}t")) if plain else NO_TEXT
    return _SIGNS.get(str(element.tag), "")


def _field(sign: _Element, fields: list[_Field], pieces: list[tuple[str, _Look]]) -> str:
    """Follow a sign that begins, parts or ends a field; return what the field shows instead of its result."""
    kind = attribute(sign, "fldCharType")
    if kind == "begin":
        fields.append(_Field(len(pieces), _choice(sign)))
    elif kind == "separate" and fields:
        del pieces[fields[-1].start :]
        fields[-1].shown = True
    elif kind == "end" and fields:
        field = fields.pop()
        if not field.shown or field.choice is not None:
            del pieces[field.start :]
            return field.choice or (NO_TEXT if _DRAWN.match(field.code) else "")
    return ""


def _choice(sign: _Element) -> str | None:
    """Return the entry that is chosen in a drop-down list of a form; None where the field is none."""
    choices = sign.find(f"{W}ffData/{W}ddList")
    if choices is None:
        return None
    entries = [attribute(entry, "val") for entry in choices.iterfind(f"{W}listEntry")]
    chosen = value_of(choices, "result") or value_of(choices, "default") or "0"
    return entries[int(chosen)] if chosen.isdecimal() and int(chosen) < len(entries) else ""


def _symbol(font: str, code: str) -> str:
    """Return a character of a symbol font; in the font Symbol, digits stand where they stand elsewhere."""
    try:
        character = chr(int(code, 16))
    except (ValueError, OverflowError):
        return NO_TEXT
    if font == "Symbol" and "\uf020" <= character <= "\uf03f":
        return chr(ord(character) - 0xF000)
    return NO_TEXT if _PICTORIAL.match(font) and character.isascii() else character


# --- elements -------------------------------------------------------------------------------------------------------------


def _columns(table: _Element, rows: Sequence[Sequence[_Element]]) -> list[list[tuple[int, int]]]:
    """Return the column where each cell begins and how many it spans, without columns that only uneven edges make."""
    spans: list[list[tuple[int, int]]] = []
    for row, cells in zip(filter(_is_row, _children(table)), rows, strict=True):
        column = _number(value_of(row, "trPr/gridBefore"), 0)
        spans.append([])
        for cell in cells:
            across = max(1, _number(value_of(cell, "tcPr/gridSpan"), 1))
            spans[-1].append((column, across))
            column += across
    # what states no width, or one in another unit, is wide enough
    widths = [attribute(column, "w") for column in table.iterfind(f"{W}tblGrid/{W}gridCol")]
    wide = [not width.isdigit() or int(width) >= _NARROWEST for width in widths]

    def kept(column: int) -> int:
        return sum(wide[:column]) + max(0, column - len(wide))

    compact = [[(kept(column), kept(column + across) - kept(column)) for column, across in row] for row in spans]
    return compact if all(across > 0 for row in compact for _, across in row) else spans


def _is_layout(rows: Sequence[Sequence[_Element]]) -> bool:
    """Tell a table that lays out the page: other tables stand in its cells, and hardly a figure beside them."""
    cells = [cell for row in rows for cell in row]
    beside = [c for c in cells if not any(child.tag == f"{W}tbl" and not _is_single(child) for child in _children(c))]
    return len(beside) < len(cells) and sum(is_figure("".join(c.itertext(f"{W}t")).strip()) for c in beside) < 2


def _is_row(element: _Element) -> bool:
    """Tell a row that is there: not deleted, and not so low that it hides what stands in it."""
    height = element.find(f"{W}trPr/{W}trHeight")
    low = height is not None and attribute(height, "hRule") == "exact" and _half_points(height, _LOWEST) < _LOWEST
    return element.tag == f"{W}tr" and element.find(f"{W}trPr/{W}del") is None and not low


def _is_cell(element: _Element) -> bool:
    return element.tag == f"{W}tc" and element.find(f"{W}tcPr/{W}cellDel") is None


def _is_single(table: _Element) -> bool:
    """Tell a table of one cell: the frame around a text."""
    rows = list(filter(_is_row, _children(table)))
    return len(rows) == 1 and sum(map(_is_cell, _children(rows[0]))) == 1


def _merge(cell: _Element, kind: str) -> str:
    """Return ``restart``, ``continue`` or an empty string."""
    return _value(cell.find(f"{W}tcPr/{W}{kind}"), "continue")


def _value(element: _Element | None, unsaid: str = "", name: str = "val") -> str:
    """Return what an element says; an empty string where there is none."""
    return "" if element is None else attribute(element, name, unsaid)


def _number(value: str, otherwise: int) -> int:
    return int(value) if value.isdecimal() and len(value) < 3 and int(value) <= _MOST_COLUMNS else otherwise


def _in_line(picture: _Element) -> bool:
    """Tell a picture that stands in a line of text from one that floats."""
    shapes = (shape for shape in picture.iterchildren("{*}shape", "{*}rect") if picture.tag == f"{W}pict")
    still = any("absolute" not in str(shape.get("style", "")) for shape in shapes)
    return picture.tag == f"{W}object" or picture.find("{*}inline") is not None or still


def _children(parent: _Element) -> Iterator[_Element]:
    """Yield what stands in an element; content controls and inserted text are looked through."""
    for child in parent:
        if child.tag in _TRANSPARENT:
            yield from _children(child)
        elif child.tag == _ALTERNATIVES:
            # newer programs write a drawing, and VML for the older: the one that has the text
            texts = (one for one in child if next(one.iter(f"{W}t", f"{W}txbxContent"), None) is not None)
            yield from _children(next(texts, child))
        else:
            yield child


def _seen(parent: _Element, *tags: str) -> Iterator[_Element]:
    """Yield the elements of some kinds that a reader sees, outermost first, not looking into them."""
    for child in _children(parent):
        if child.tag in tags:
            yield child
        elif child.tag not in _UNSEEN:
            yield from _seen(child, *tags)
