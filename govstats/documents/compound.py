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

_LOCKED, _WORD = "EncryptedPackage", "WordDocument"
_SHEETS = "an Excel workbook (xls); save the sheets of the report as PDF, or copy their tables into a Word document"
#: Streams that only one kind of document has, the kind that may hold the others as objects first, and what to do with it.
_KINDS = {
    _WORD: "",
    _LOCKED: "",
    "Workbook": _SHEETS,
    "Book": _SHEETS,
    "PowerPoint Document": "a PowerPoint presentation (ppt); save it as PDF",
    "HwpSummaryInformation": "a Hangul document (hwp); save it as docx or PDF",
    "VisioDocument": "a Visio drawing (vsd); save it as PDF",
    "__properties_version1.0": "an Outlook message (msg); save what is attached to it",
    "MatOST": "a Microsoft Works document (wps); save it as docx",
    "䡀㼿䕷䑬㭪䗤䠤": "a Windows installer (msi); fetch the report anew",
    "": "an OLE compound file without a Word document in it, or with a damaged one; save the report as docx or PDF",
}
_DIRECTORY_ENTRY = 128
_ENCRYPTED, _TABLE_1, _WORD_97, _WORD_6 = 0x0100, 0x0200, 0xA5EC, 0xA5DC
#: Where the header of the text has the lengths of its parts in characters, and the places and lengths of the tables about it.
_LENGTHS, _TABLES = 0x4C, 0x9A
#: The tables that list the pages on which the setting of characters and of paragraphs is kept, and the one of pieces.
_SETTINGS, _PIECES = (12, 13), 33
_PAGE = 512
#: With scanned pages in it a report may be large; its text is not.
_MOST_BYTES = 200_000_000
_MOST_CHARACTERS = 200_000
#: Runs, paragraphs and pieces: a report has some thousands. The time of converting grows with their square: a minute for these.
_MOST_PARTS = 20_000


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
    kind = _kind(content)
    if kind == _LOCKED:
        raise _locked(name)
    if kind != _WORD:
        raise MissingReader(f"{name}: govstats does not read this file: it is {_KINDS[kind]}")
    try:
        from doc2docx import convert
        from doc2docx.cfb import CompoundFile, CompoundFileLimits
        from doc2docx.errors import EncryptedDocumentError
    except ImportError as error:
        raise MissingReader(
            f'{name}: reading Word 97–2003 documents needs msdoc2docx, which is not installed; run: pip install "govstats[word]"'
        ) from error
    limits = CompoundFileLimits(max_input_bytes=_MOST_BYTES)
    try:
        _check_size(CompoundFile(content, limits=limits), len(content), name)
        with tempfile.TemporaryDirectory(prefix="govstats-") as folder:
            source, converted = Path(folder, "report.doc"), Path(folder, "report.docx")
            source.write_bytes(content)
            convert(source, converted, limits=limits)
            return read_word(converted.read_bytes(), name)
    except GovstatsError:
        raise
    except EncryptedDocumentError as error:
        raise _locked(name) from error
    except Exception as error:  # what a damaged file does to a converter is not known beforehand
        raise UnreadableDocument(
            f"{name}: the Word 97–2003 document is damaged, or cannot be converted ({type(error).__name__}: {error}); "
            "fetch it anew, or save it as docx"
        ) from error


def _kind(content: bytes) -> str:
    """Return the stream that tells what a compound file holds, as its directory names it, wherever the directory stands."""
    for stream in filter(None, _KINDS):
        entries = re.finditer(re.escape(f"{stream}\0".encode("utf-16-le")), content)
        if any(entry.start() % _DIRECTORY_ENTRY == 0 for entry in entries):
            return stream
    return ""


def _check_size(compound: CompoundFile, size: int, name: str) -> None:
    """Refuse what the headers tell to be beyond conversion, before the work begins."""
    stream = compound.open_stream(_WORD)
    if len(stream) < _PAGE:
        raise UnreadableDocument(f"{name}: the Word 97–2003 document is damaged: it is cut off in its header; fetch it anew")
    identity, flags = struct.unpack_from("<H8xH", stream)
    if identity == _WORD_6:
        raise MissingReader(f"{name}: this is a document of Word 6 or Word 95; expected doc of Word 97 or later: save it anew")
    if identity == _WORD_97 and flags & _ENCRYPTED:
        raise _locked(name)
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
            f"{name}: the Word 97–2003 document is damaged, or larger than a report: it claims {characters:,} characters in "
            f"{parts:,} runs, paragraphs and pieces, in {size:,} bytes; expected at most {_MOST_CHARACTERS:,} in "
            f"{_MOST_PARTS:,}; save it as docx"
        )


def _locked(name: str) -> UnreadableDocument:
    return UnreadableDocument(f"{name}: the document is locked with a password; open it and save it without one")
