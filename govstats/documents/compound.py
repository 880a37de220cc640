"""OLE compound files: Word 97–2003 documents (doc), and what else comes in such a container."""

from __future__ import annotations

import re
import struct
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from govstats.documents.document import Block
from govstats.documents.word import read_word
from govstats.errors import GovstatsError, MissingReader, UnreadableDocument

if TYPE_CHECKING:
    from doc2docx.cfb import CompoundFile

#: The first bytes of a compound file.
SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

_WORD = "WordDocument"
_LOCKED = "the document is locked with a password; open it and save it without one"
_SHEETS = "govstats does not read this file: it is an Excel workbook (xls); save its sheets as PDF"
_OLD = "this is a document of Word 6 or Word 95; expected doc of Word 97 or later: save it anew"
#: Streams that only one kind of document has, the kind that may hold the others as objects first, and what is wrong with it.
_KINDS = {
    _WORD: "",
    "EncryptedPackage": _LOCKED,
    "Workbook": _SHEETS,
    "Book": _SHEETS,
    "PowerPoint Document": "govstats does not read this file: it is a PowerPoint presentation (ppt); save it as PDF",
    "HwpSummaryInformation": "govstats does not read this file: it is a Hangul document (hwp); save it as docx or PDF",
    "": "this is an OLE compound file without a Word document in it, or with a damaged one; save the report as docx or PDF",
}
_ENCRYPTED, _TABLE_1, _WORD_6 = 0x0100, 0x0200, 0xA5DC
#: Where the header of the text has the lengths of its parts in characters, and the places and lengths of the tables about it.
_LENGTHS, _TABLES = 0x4C, 0x9A
#: The tables that list the pages on which the setting of characters and of paragraphs is kept, the one of pieces, a page.
_SETTINGS, _PIECES, _PAGE = (12, 13), 33, 512
#: A report has some thousands of runs, paragraphs and pieces. The time of converting grows with their square: a minute for these.
_MOST_CHARACTERS, _MOST_PARTS = 200_000, 20_000


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
    # the directory of the file names its streams, wherever it stands
    if refusal := _KINDS[next((stream for stream in _KINDS if stream and _is_named(stream, content)), "")]:
        raise _refused(name, refusal)
    try:
        from doc2docx import convert
        from doc2docx.cfb import CompoundFile
    except ImportError as error:
        raise MissingReader(f'{name}: reading doc documents needs msdoc2docx; run: pip install "govstats[word]"') from error
    try:
        _check(CompoundFile(content), len(content), name)
        with tempfile.TemporaryDirectory(prefix="govstats-") as folder:
            source, converted = Path(folder, "report.doc"), Path(folder, "report.docx")
            source.write_bytes(content)
            convert(source, converted)
            return read_word(converted.read_bytes(), name)
    except GovstatsError:
        raise
    except Exception as error:  # what a damaged file does to a converter is not known beforehand
        raise UnreadableDocument(
            f"{name}: the Word 97–2003 document is damaged, or cannot be converted ({type(error).__name__}: {error}); "
            "fetch it anew, or save it as docx"
        ) from error


def _is_named(stream: str, content: bytes) -> bool:
    entries = re.finditer(re.escape(f"{stream}\0".encode("utf-16-le")), content)
    # an entry of the directory has 128 bytes
    return any(entry.start() % 128 == 0 for entry in entries)


def _refused(name: str, refusal: str) -> UnreadableDocument:
    return (UnreadableDocument if refusal == _LOCKED else MissingReader)(f"{name}: {refusal}")


def _check(compound: CompoundFile, size: int, name: str) -> None:
    """Refuse what the headers tell to be beyond conversion, before the work begins."""
    stream = compound.open_stream(_WORD)
    identity, flags = struct.unpack_from("<H8xH", stream)
    if identity == _WORD_6 or flags & _ENCRYPTED:
        raise _refused(name, _OLD if identity == _WORD_6 else _LOCKED)
    characters = sum(struct.unpack_from("<8i", stream, _LENGTHS))
    parts = struct.unpack_from("<I", stream, _TABLES + 8 * _PIECES + 4)[0] // 12
    tables = compound.open_stream("1Table" if flags & _TABLE_1 else "0Table")
    for setting in _SETTINGS:
        place, length = struct.unpack_from("<2I", stream, _TABLES + 8 * setting)
        pages = max(0, length - 4) // 8
        numbers = struct.unpack_from(f"<{pages}I", tables, place + 4 * (pages + 1)) if pages else ()
        parts += sum(stream[number % 2**22 * _PAGE + _PAGE - 1] for number in numbers)
    # a character takes a byte at least; pieces that lie over each other could unpack to any size
    if not 0 <= characters <= min(size, _MOST_CHARACTERS) or parts > _MOST_PARTS:
        raise UnreadableDocument(
            f"{name}: the Word 97–2003 document is damaged or no report: it claims {characters:,} characters in {parts:,} runs, "
            f"paragraphs and pieces; expected at most {_MOST_CHARACTERS:,} in {_MOST_PARTS:,}; save it as docx"
        )
