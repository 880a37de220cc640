"""Word documents (OOXML): paragraphs, and tables with cells merged both ways, as a reader sees them.

A part is first cleared of what nobody sees, and of what only wraps what is shown; then one pass reads it. Text set in a way that
would have to be puzzled out is not read: a digit in it becomes `NO_TEXT`, and its cell unreadable.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterable
from itertools import accumulate, count, groupby, pairwise
from typing import TYPE_CHECKING, NamedTuple

from govstats.characters import is_figure
from govstats.documents.document import NO_TEXT, Block, Cell, Grid, Paragraph
from govstats.documents.numbering import NAMESPACES, Numbering, W, attribute, value_of, whole
from govstats.errors import GovstatsError, MissingReader, UnreadableDocument

if TYPE_CHECKING:
    from lxml.etree import _Element

#: The strict variant of the standard (ISO/IEC 29500-1) has the same elements under a name of its own.
_STRICT = b"http://purl.oclc.org/ooxml/wordprocessingml/main"
#: A report has some hundred kilobytes of text; a hundred times as much is no report, whatever the archive says of itself.
_MOST_BYTES = 50_000_000
#: What else is a zip archive, by a member, and what to do with it.
_OTHER_ARCHIVES = {
    "xl/": "an Excel workbook (xlsx); save the sheets of the report as PDF, or copy their tables into a Word document",
    "ppt/": "a PowerPoint presentation (pptx); save it as PDF",
    "OFD.xml": "an OFD document; convert it to PDF",
    "META-INF/manifest.xml": "an OpenDocument file (odt); save it as docx",
    "": "a zip archive without a Word document in it (no word/document.xml); unpack it and read the report in it",
}

# --- what is cleared away -------------------------------------------------------------------------------------------------

#: Rows and cells that were deleted in a tracked change, and rows fixed to a height (in twentieths of a point) that shows no text.
_GONE = "//w:tr[w:trPr/w:del or w:trPr/w:trHeight[@w:hRule = 'exact' and @w:val < 60]] | //w:tc[w:tcPr/w:cellDel]"
#: Paragraphs whose end was deleted: the next one goes on with them.
_ENDLESS = "//w:p[w:pPr/w:rPr[w:del or w:moveFrom]]"
_FOLLOWER = "following-sibling::*[self::w:p or self::w:tbl][1][self::w:p]"
_PLACEHOLDERS = "//w:sdt[w:sdtPr/w:showingPlcHdr]//w:t"
#: Stops of tabs, text deleted in a tracked change, codes of fields, pronunciation, and what is said of wrappers.
_UNSEEN = [W + name for name in "tabs del moveFrom instrText delText rt sdtPr sdtEndPr smartTagPr customXmlPr".split()]
_WRAPPERS = [W + name for name in "sdt sdtContent ins moveTo customXml smartTag".split()]
#: Newer programs write a drawing, and VML for the older.
_ALTERNATIVES = "{http://schemas.openxmlformats.org/markup-compatibility/2006}*"
#: A table of one cell inside a cell is a frame around its text.
_FRAME = "//w:tc/w:tbl[count(w:tr/w:tc) = 1]"
_BOXES, _WHOLE = "//w:p//w:txbxContent", "ancestor::w:p[not(parent::w:p)]"

# --- how text is set ------------------------------------------------------------------------------------------------------

#: What hides text, and by what it is on.
_HIDDEN_BY = dict.fromkeys(("vanish", "specVanish", "strike", "dstrike"), re.compile("^(?!(0|false|off|none)$)"))
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
_BEGINS, _ENDS = re.compile(r"[.,．]?\d"), re.compile(r"\d[.,．]?$")
#: A figure of which a part cannot be read.
_SPOILT = re.compile(rf"[\d.,．]*(?:\[[^\[\]]*\])?{NO_TEXT}[\d.,．{NO_TEXT}]*")

# --- what is read ---------------------------------------------------------------------------------------------------------

_SIGNS = {W + name: sign for name, sign in zip("tab ptab br cr noBreakHyphen sym".split(), "\t\t\n\n-" + NO_TEXT, strict=True)}
#: Formulas are not read: 1/2 set as a fraction would become 12.
_SHOWN = (f"{W}t", f"{W}fldChar", "{*}oMath", *_SIGNS)
_PICTURES = ".//*[self::w:drawing or self::w:pict or self::w:object or self::w:contentPart]"
#: Word shows nothing of a cell that is merged with the one before it and has no span for it.
_MERGED = "w:tcPr/w:hMerge[not(@w:val = 'restart')]"
#: What makes a cell without text no blank, and a figure doubtful: a picture that floats may be a stamp, one in the line a digit.
_NO_BLANK = f"{_PICTURES} | {_MERGED} | w:tbl"
_NO_FIGURE = f"{_PICTURES}[not(*[local-name() = 'anchor' or contains(@style, 'absolute')])] | {_MERGED}"
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
        lxml is not installed (the extra ``word``), or the archive is no Word document.
    UnreadableDocument
        The archive is damaged, too large to be a report, or holds nothing but pictures.
    """
    try:
        from lxml import etree
    except ImportError as error:
        raise MissingReader(f'{name}: reading Word documents needs lxml; run: pip install "govstats[word]"') from error
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = "\n".join(["", *archive.namelist()])
            body = _part(archive, "document", name).find(f"{W}body")
            if body is None:
                kind = next(kind for start, kind in _OTHER_ARCHIVES.items() if f"\n{start}" in members)
                raise MissingReader(f"{name}: govstats does not read this file: it is {kind}")
            walk = _Walk(_Styles(_part(archive, "styles", name)), Numbering(_part(archive, "numbering", name)), name)
            walk.into(body)
            for kind in ("footnote", "endnote"):
                walk.notes(_part(archive, f"{kind}s", name), kind)
    except GovstatsError:
        raise
    except (zipfile.BadZipFile, zlib.error, etree.XMLSyntaxError, EOFError, RuntimeError, ValueError) as error:
        raise UnreadableDocument(f"{name}: the Word document is damaged or locked ({error}); save it anew") from error
    if "/media/" in members and not walk.blocks:
        pictures = members.count("/media/")
        raise UnreadableDocument(f"{name}: the Word document holds {pictures} picture(s) and no text; save its pages as PDF")
    return tuple(walk.blocks)


def _part(archive: zipfile.ZipFile, kind: str, name: str) -> _Element:
    """Return the part that is the ``document``, its ``styles``, ``numbering`` …, an empty one where there is none."""
    from lxml import etree

    path = next(filter(re.compile(rf"word/{kind}\d*\.xml").fullmatch, archive.namelist()), None)
    if path is None:
        return etree.Element(f"{W}{kind}")
    entry = archive.getinfo(path)
    # other compressions may unpack to any size before the size can be looked at
    if entry.file_size > _MOST_BYTES or entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise UnreadableDocument(
            f"{name}: {path} unpacks to {entry.file_size:,} bytes (compression {entry.compress_type}), expected {_MOST_BYTES:,}"
        )
    xml = archive.read(path).replace(_STRICT, NAMESPACES["w"].encode())
    part = etree.fromstring(xml, etree.XMLParser(resolve_entities=False, remove_comments=True, remove_pis=True))
    _clear(part)
    return part


def _clear(part: _Element) -> None:
    """Leave of a part what a reader sees, in the plain order of paragraphs and runs, tables, rows and cells."""
    from lxml import etree

    for gone in _all(part, _GONE):
        gone.getparent().remove(gone)
    for text in _all(part, _PLACEHOLDERS):
        # what a placeholder with a digit means, nobody can tell
        text.text = NO_TEXT if _DIGIT.search(text.text or "") else ""
    for both in list(part.iter(_ALTERNATIVES.replace("*", "AlternateContent"))):
        # the one that has the text
        for other in sorted(both, key=lambda one: one.find(".//w:t", NAMESPACES) is not None, reverse=True)[1:]:
            both.remove(other)
    endless = _all(part, _ENDLESS)
    etree.strip_elements(part, *_UNSEEN)
    etree.strip_tags(part, *_WRAPPERS, _ALTERNATIVES)
    for paragraph in endless:
        for follower in _all(paragraph, _FOLLOWER):
            follower.insert(0, paragraph)
    for frame in _all(part, " | ".join(_FRAME + inside for inside in ("", "/w:tr", "/w:tr/w:tc", "/w:tr/w:tc/w:tcPr"))):
        frame.tag = f"{W}frame"
    etree.strip_tags(part, f"{W}frame")
    for box in reversed(_all(part, _BOXES)):
        # the text of a box comes after the paragraph in which it is anchored
        _all(box, _WHOLE)[-1].addnext(box)


def _all(holder: _Element, path: str) -> list[_Element]:
    return list(holder.xpath(path, namespaces=NAMESPACES))


# --- how text is set ------------------------------------------------------------------------------------------------------


class _Look(NamedTuple):
    """How a run is set: its size and how far it is raised or lowered, in half-points."""

    size: int = 20
    shift: int = 0
    hidden: bool = False
    doubtful: bool = False


class _Styles:
    """The styles of a document, each with what it takes over from others."""

    def __init__(self, part: _Element) -> None:
        self.by_id = {attribute(style, "styleId"): style for style in part.iterfind(f"{W}style")}
        self.usual = _all(part, "w:style[@w:type = 'paragraph' and (@w:default = '1' or @w:default = 'true')]")
        self.defaults = part.findall("w:docDefaults/w:rPrDefault", NAMESPACES)

    def chain(self, name: str) -> list[_Element]:
        """Return a style and those it is based on; Word takes no more of them."""
        chain: list[_Element] = []
        while name in self.by_id and len(chain) < 11:
            chain.append(self.by_id[name])
            name = value_of(chain[-1], "w:basedOn")
        return chain

    def of(self, paragraph: _Element) -> list[_Element]:
        """Return the styles of a paragraph, from near to far."""
        return self.chain(value_of(paragraph, "w:pPr/w:pStyle")) or self.usual

    def is_heading(self, paragraph: _Element) -> bool:
        names = (value_of(paragraph, "w:pPr/w:pStyle"), *(value_of(style, "w:name") for style in self.of(paragraph)))
        return any(name.lower().startswith(("title", "heading", "标题")) for name in names)

    def numbered(self, paragraph: _Element, kind: str) -> str:
        """Return the list of a paragraph or its level, as the paragraph has them or its style."""
        said = (value_of(holder, f"w:pPr/w:numPr/w:{kind}") for holder in (paragraph, *self.of(paragraph)))
        return next(filter(None, said), "")

    def look(self, text: _Element) -> _Look:
        """Tell how a text is set by its run, by the styles of run, paragraph and table, and by default."""
        run, paragraph = text.getparent(), next(text.iterancestors(f"{W}p"))
        table = next(paragraph.iterancestors(f"{W}tbl"), None)
        near = (run, *self.chain(value_of(run, "w:rPr/w:rStyle")), *self.of(paragraph))
        holders = (*near, *self.chain(value_of(table, "w:tblPr/w:tblStyle")), *self.defaults)
        said: dict[str, str] = {
            element.tag.removeprefix(W): " ".join(element.attrib.values()) or "true"
            for holder in reversed(holders)
            for element in holder.iterfind("w:rPr/*", NAMESPACES)
        }
        hidden, doubtful = (
            any(pattern.search(said[kind]) for kind, pattern in effects.items() if kind in said)
            for effects in (_HIDDEN_BY, _DOUBTED_FOR)
        )
        size, position = whole(said.get("sz", ""), 20), said.get("position", "0")
        set_by = whole(position.lstrip("-"), 0) * (1 - 2 * position.startswith("-"))
        shift = {"superscript": size, "subscript": -size}.get(said.get("vertAlign", ""), set_by)
        doubtful |= said.get("color", "auto") in {*_all(run, _GROUNDS)} - {"auto"}
        # type of two points nobody sees
        return _Look(size, shift, hidden or size <= 4, doubtful)


def _joined(pieces: list[tuple[str, _Look]]) -> str:
    """Join the pieces of a line: a mark stands in brackets, and a figure whose digits do not belong together is none."""
    usual = _Look(max((look.size for _, look in pieces), default=1))
    shown, before, marked = "", usual, False
    for look, same in groupby(pieces, key=lambda piece: piece[1]):
        text = "".join(text for text, _ in same)
        touching = bool((marked or _ENDS.search(shown)) and _BEGINS.match(text))
        other = before if touching else usual
        size, raised = look.size / other.size, abs(look.shift - other.shift) / other.size
        # smaller type may be that of a word; behind a figure it is a mark
        if _MARK.fullmatch(text.strip()) and ((touching and size < _SMALL) or (raised > _RAISED and size < 1 / _ALIKE)):
            shown += text.replace(text.strip(), f"[{text.strip()}]")
            marked = True
        else:
            alike = raised <= _LEVEL and _ALIKE < size < 1 / _ALIKE and not marked
            shown += text if alike or not touching else NO_TEXT + text
            before, marked = look, False
    return _SPOILT.sub(NO_TEXT, shown).strip()


# --- what is read ---------------------------------------------------------------------------------------------------------


class _Walk:
    """One pass over a document, collecting blocks."""

    def __init__(self, styles: _Styles, numbering: Numbering, name: str) -> None:
        self.styles, self.numbering, self.name = styles, numbering, name
        self.blocks: list[Block] = []
        self.paragraphs, self.tables = count(1), count(1)

    def into(self, parent: Iterable[_Element]) -> None:
        for child in parent:
            if child.tag == f"{W}p":
                self.add(child, f"paragraph {next(self.paragraphs)}")
            elif child.tag == f"{W}tbl":
                self.table(child)
            elif child.tag == f"{W}txbxContent":
                self.into(child)
            elif child.tag == f"{W}altChunk":
                raise UnreadableDocument(f"{self.name}: a document inside was never merged in (altChunk); save it anew with Word")

    def notes(self, part: _Element, kind: str) -> None:
        """Read what stands below the pages, without the lines that part it from them."""
        for number, note in enumerate(_all(part, f"w:{kind}[not(@w:type) or @w:type = 'normal']"), start=1):
            for paragraph in _all(note, ".//w:p[not(parent::w:p)]"):
                self.add(paragraph, f"{kind} {number}")

    def add(self, paragraph: _Element, place: str) -> None:
        if text := self.text(paragraph):
            self.blocks.append(Paragraph(text, place, heading=self.styles.is_heading(paragraph)))

    def text(self, paragraph: _Element) -> str:
        """Return the text of a paragraph with its number in a list; that of a figure would read as part of it."""
        number = self.numbering.next(self.styles.numbered(paragraph, "numId"), whole(self.styles.numbered(paragraph, "ilvl"), 0))
        text = _joined(self.pieces(paragraph))
        return text if not text or text[0].isdigit() or is_figure(text) else number + text

    def pieces(self, paragraph: _Element) -> list[tuple[str, _Look]]:
        """Return what a reader sees of a paragraph, run by run."""
        pieces: list[tuple[str, _Look]] = []
        fields: list[tuple[int, str]] = []
        for element in paragraph.iter(*_SHOWN):
            look = self.styles.look(element)
            if element.tag == f"{W}fldChar":
                text = _field(element, fields, pieces)
            else:
                text = {f"{W}t": element.text or "", **_SIGNS}.get(element.tag, NO_TEXT)
            if text and not look.hidden:
                pieces.append((_DIGIT.sub(NO_TEXT, text) if look.doubtful else text, look))
        return pieces

    def table(self, table: _Element) -> None:
        place = f"table {next(self.tables)}"
        if _is_layout(table):
            self.into(_all(table, "w:tr/w:tc/*"))
            return
        # by column, the row and the number of the cell that the next one may be merged with
        above: dict[int, tuple[int, int] | None] = {}
        placed: list[list[Cell]] = []
        within: list[_Element] = []
        for number, (row, spans) in enumerate(zip(table.iterfind(f"{W}tr"), _spans(table), strict=True)):
            placed.append([])
            for index, (cell, (column, end)) in enumerate(zip(row.iterfind(f"{W}tc"), spans, strict=True), start=1):
                over, merge = above.get(column), cell.find("w:tcPr/w:vMerge", NAMESPACES)
                if over and merge is not None and attribute(merge, "val") != "restart":
                    placed[over[0]][over[1]] = placed[over[0]][over[1]]._replace(rowspan=number - over[0] + 1)
                    continue
                begun = None if merge is None else (number, len(placed[-1]))
                above.update(dict.fromkeys(range(column, end), begun))
                placed[-1].append(
                    Cell(self.cell(cell), number, column, 1, end - column, f"{place} row {number + 1} cell {index}")
                )
                within += _all(cell, "w:tbl | w:txbxContent")
        self.blocks.append(Grid(tuple(map(tuple, placed)), True, True, place))
        self.into(within)

    def cell(self, cell: _Element) -> str:
        """Return the text of a cell, one line a paragraph."""
        text = "\n".join(filter(None, map(self.text, cell.iterfind(f"{W}p"))))
        if text.strip("*") and not is_figure(text):
            return text
        return text + NO_TEXT if _all(cell, _NO_FIGURE if text else _NO_BLANK) else text


def _field(sign: _Element, fields: list[tuple[int, str]], pieces: list[tuple[str, _Look]]) -> str:
    """Follow a sign that begins, parts or ends a field; return what the field shows where it has no result."""
    kind = attribute(sign, "fldCharType")
    if kind == "begin":
        fields.append((len(pieces), _choice(sign)))
    elif fields:
        start, choice = fields.pop()
        if choice or kind == "separate":
            del pieces[start:]
        if kind == "end":
            return choice
        fields.append((start, choice.strip(NO_TEXT)))
    return ""


def _choice(sign: _Element) -> str:
    """Return the entry that is chosen in a drop-down list of a form; what another field shows without a result, is not told."""
    choices = sign.find("w:ffData/w:ddList", NAMESPACES)
    entries = () if choices is None else choices.iterfind(f"{W}listEntry")
    chosen = value_of(choices, "w:result") or value_of(choices, "w:default") or "0"
    return {str(number): attribute(entry, "val") for number, entry in enumerate(entries)}.get(chosen, NO_TEXT)


def _spans(table: _Element) -> list[list[tuple[int, int]]]:
    """Return the columns where each cell begins and ends, without columns that only uneven edges make."""
    spans = []
    for row in table.iterfind(f"{W}tr"):
        # Word makes no table with more columns
        across = (min(max(1, whole(value_of(cell, "w:tcPr/w:gridSpan"), 1)), 63) for cell in row.iterfind(f"{W}tc"))
        before = min(whole(value_of(row, "w:trPr/w:gridBefore"), 0), 63)
        spans.append(list(pairwise(accumulate(across, initial=before))))
    # what states no width, or one in another unit, is wide enough
    widths = (attribute(column, "w") for column in table.iterfind("w:tblGrid/w:gridCol", NAMESPACES))
    wide = [whole(width, _NARROWEST) >= _NARROWEST for width in widths]
    last = max((end for row in spans for _, end in row), default=0)
    kept = list(accumulate(wide + [True] * (last - len(wide)), initial=0))
    compact = [[(kept[start], kept[end]) for start, end in row] for row in spans]
    return compact if all(start < end for row in compact for start, end in row) else spans


def _is_layout(table: _Element) -> bool:
    """Tell a table that lays out the page: other tables stand in its cells, and hardly a figure beside them."""
    beside = _all(table, "w:tr/w:tc[not(w:tbl)]")
    nested = table.find("w:tr/w:tc/w:tbl", NAMESPACES) is not None
    return nested and sum(is_figure("".join(cell.itertext(f"{W}t")).strip()) for cell in beside) < 2
