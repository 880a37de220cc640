"""A file becomes a `Document`: paragraphs and grids, each with its place, whatever the format."""

from __future__ import annotations

import gzip
import hashlib
import io
import re
import zipfile
import zlib
from dataclasses import replace
from itertools import islice
from os import PathLike
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from govstats.documents.document import Block, Cell, Document, Grid, Paragraph
from govstats.documents.html import read_html, web_archive
from govstats.documents.limits import limit, require
from govstats.documents.sheet import read_separated, read_workbook
from govstats.documents.text import read_markdown, read_text
from govstats.documents.word import read_compound, read_word
from govstats.errors import MissingReader, UnreadableDocument

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["Block", "Cell", "Document", "Grid", "Paragraph", "decoded", "open_document", "page_picture"]

#: First bytes: of the compound files of Office 97 to 2003, and of what packs files.
_COMPOUND, _GZIP, _ZIP = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\x1f\x8b", b"PK\x03\x04"
#: The stream of a document, and of a workbook, in a compound file.
_WORD, *_SHEETS = (f"{stream}\0".encode("utf-16-le") for stream in ("WordDocument", "Workbook", "Book"))
#: A zip archive by the beginning of a member's name; the first that fits counts.
_KINDS = {
    "word/": "word",
    "xl/workbook.bin": "a binary workbook (xlsb); save it as xlsx 请另存为 xlsx",
    "xl/": "workbook",
    "ppt/": "a PowerPoint presentation (pptx); save it as PDF 请存成 PDF",
    "OFD.xml": "an OFD document; convert it to PDF 请将 OFD 转成 PDF",
    "META-INF/manifest.xml": "an OpenDocument file (odt, odp); save it as docx or PDF 请另存为 docx 或 PDF",
}
_ODS = b"application/vnd.oasis.opendocument.spreadsheet"
#: First bytes of the pictures that optical recognition takes.
_PICTURES = (b"\x89PNG", b"\xff\xd8\xff", b"II*\x00", b"MM\x00*", b"BM", b"GIF8")
_TAG = r"<(!doctype\s+html|html|head|body|table|tbody|tr|td|div|p|span|br)\b[^>]*>"
_TWO_TAGS = re.compile(rf"{_TAG}.*?{_TAG}", re.IGNORECASE | re.DOTALL)
#: Markdown may begin with these tags, a page hardly ever.
_INLINE = re.compile(r"\s*<(u|b|i|s|em|strong|sup|sub|mark|br)\b", re.IGNORECASE)
_OTHER_WORD = re.compile(r"\{\\rtf|.{0,4096}<(w:wordDocument|pkg:package)\s", re.DOTALL)
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_PIPE_TABLE = re.compile(r"^[ \t]*+(?:\|[ \t]*+)?:?-{3,}+:?[ \t]*+(\|[ \t]*+:?-{3,}+:?[ \t]*+)+\|?[ \t]*+$", re.MULTILINE)
#: Rows between pipes, as trafilatura and Org write them without a rule.
_PIPE_ROWS = re.compile(r"(?:^[ \t]*+\|(?:[^|\n]*+\|){2,}+[ \t]*+\n){3}", re.MULTILINE)
_BIG5 = re.compile(rb"charset\s*=\s*[\"']?\s*big5", re.IGNORECASE)
#: The first that fits counts: that of UTF-16 begins one of UTF-32.
_BYTE_ORDER_MARKS = {
    b"\xff\xfe\0\0": "utf-32",
    b"\0\0\xfe\xff": "utf-32",
    b"\xef\xbb\xbf": "utf-8-sig",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
#: The share of what is no plain ASCII that may be broken; markup would hide broken characters.
_MOST_ILLEGIBLE = 0.02
_ILLEGIBLE = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\ufffd]")
_NOT_ASCII = re.compile(r"[^\t-\r -\x7e]")


def open_document(source: str | PathLike[str] | bytes) -> Document:
    """Read a file into a `Document`.

    Parameters
    ----------
    source : path or bytes
        HTML, plain text, Markdown, CSV, PDF, Word (doc, docx), Excel (xlsx, xls, ods) or an image, or one of them in a gz or zip
        file; the content decides, not the name.

    Returns
    -------
    Document
        Its paragraphs and grids in reading order.

    Raises
    ------
    UnreadableDocument
        The file is missing, empty, damaged, locked, or no text in an encoding that Chinese documents use.
    MissingReader
        The file is of a kind that is not read, or needs an extra that is not installed; the message names it.

    Examples
    --------
    >>> document = open_document("二、主动公开政府信息情况\\n规章\\t3\\t0\\t62\\n".encode("gb18030"))
    >>> document.format, next(document.grids).place
    ('text', 'lines 2-2')
    """
    if isinstance(source, bytes):
        name, content = "<bytes>", source
    else:
        name, content = _content(source)
    require("bytes", len(content), name)
    document = replace(_read(content, name), source=name, sha256=hashlib.sha256(content).hexdigest())
    grids = list(document.grids)
    require("paragraphs", len(document.blocks) - len(grids), name)
    require("rows", sum(len(grid.rows) for grid in grids), name)
    require("columns", max((len(row) for grid in grids for row in grid.rows), default=0), name)
    if not content.strip() or not document.blocks:
        raise UnreadableDocument.worded("no_text_in_it", name=name, size=len(content))
    return document


def _content(source: object) -> tuple[str, bytes]:
    """Read a file, or say what stands in its place."""
    if not isinstance(source, str | PathLike):
        raise UnreadableDocument.worded("no_path", source=repr(source), kind=type(source).__name__)
    path = Path(source)
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise UnreadableDocument.worded("no_file", source=str(source))
    try:
        return path.name, path.read_bytes()
    except OSError as error:
        if _ADDRESS.match(str(source)):
            raise UnreadableDocument.worded("an_address", source=str(source)) from error
        if path.is_dir():
            raise UnreadableDocument.worded("a_folder", source=str(source)) from error
        raise UnreadableDocument.worded("not_opened", source=str(source), reason=error.strerror) from error


def _read(content: bytes, name: str) -> Document:
    kind = _kind_of_container(content, name)
    if kind == "files":
        return _read(*_unpacked(content, name))
    if kind:
        read = {"workbook": read_workbook, "word": read_word, "word 97": read_compound}[kind]
        return Document(read(content, name), "excel" if kind == "workbook" else "word")
    # the engines for pages take longer to import than a page of HTML to read
    if b"%PDF-" in content[:1024]:
        from govstats.documents.pdf import read_pdf

        return read_pdf(content, name)
    if content.startswith(_PICTURES):
        from govstats.documents.scan import read_image

        return Document(read_image(content, name), "image")
    text = decoded(web_archive(content, name) or content, name)
    if _OTHER_WORD.match(text):
        raise MissingReader.worded("one_text_of_word", name=name)
    is_page = text.lstrip().startswith("<") and not _INLINE.match(text)
    if not is_page:
        require("lines", text.count("\n"), name)
    if not is_page and (_PIPE_TABLE.search(text) or _PIPE_ROWS.search(text)):
        return Document(read_markdown(text), "markdown")
    if is_page or _TWO_TAGS.search(text):
        blocks, metadata = read_html(text.encode())
        return Document(blocks, "html", metadata=metadata)
    if rows := read_separated(text):
        return Document(rows, "csv")
    return Document(read_text(text), "text")


def _kind_of_container(content: bytes, name: str) -> str:
    """Tell what a file is that holds others: ``word``, ``word 97``, ``workbook``; ``files`` where it is only packed.

    Empty where it is none of these. A damaged zip archive is called ``word``, as most are.
    """
    if content.startswith(_COMPOUND):
        # the directory of the file names its streams
        return "workbook" if _WORD not in content and any(stream in content for stream in _SHEETS) else "word 97"
    if content.startswith(_GZIP):
        return "files"
    if not content.startswith(_ZIP):
        return ""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.namelist()
            is_ods = "mimetype" in members and archive.read("mimetype").strip() == _ODS
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError):
        return "word"
    found = [kind for start, kind in _KINDS.items() if any(member.startswith(start) for member in members)]
    kind = "workbook" if is_ods else [*found, "files"][0]
    if kind in {"word", "workbook", "files"}:
        return kind
    raise MissingReader.worded("no_reader", name=name, kind=kind)


def _unpacked(content: bytes, name: str) -> tuple[bytes, str]:
    """Return the one document in a gzip file or a zip archive, and its name with that of the file: ``all.zip/report.html``."""
    try:
        if content.startswith(_GZIP):
            with gzip.open(io.BytesIO(content)) as file:
                inner, inner_name = file.read(limit("bytes") + 1), name.removesuffix(".gz")
        else:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                # what a Mac adds is hidden
                files = [entry for entry in archive.infolist() if not entry.is_dir() and not _is_hidden(entry.filename)]
                if len(files) != 1:
                    names = ", ".join(entry.filename for entry in files[:5])
                    raise UnreadableDocument.worded("several_files", name=name, count=len(files), names=names)
                with archive.open(files[0]) as file:
                    inner, inner_name = file.read(limit("bytes") + 1), f"{name}/{files[0].filename}"
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError) as error:
        raise UnreadableDocument.worded("damaged_archive", name=name, error=error) from error
    require("bytes", len(inner), inner_name)
    if _kind_of_container(inner, inner_name) == "files":
        raise UnreadableDocument.worded("packed_twice", name=name)
    return inner, inner_name


def _is_hidden(path: str) -> bool:
    return any(part.startswith((".", "__MACOSX")) for part in PurePosixPath(path).parts)


def decoded(content: bytes, name: str) -> str:
    """Decode as browsers should: byte order mark, declared Big5, UTF-8, then GB 18030 whatever is declared.

    Pages declared gb2312 hold characters outside it (二〇二一), and many declare nothing at all.

    Parameters
    ----------
    content : bytes
        A page or a text.
    name : str
        For error messages.

    Returns
    -------
    str

    Raises
    ------
    UnreadableDocument
        It is no text in one of these encodings.
    """
    marked = [encoding for mark, encoding in _BYTE_ORDER_MARKS.items() if content.startswith(mark)][:1]
    declared = ["big5hkscs"] * bool(_BIG5.search(content[:4096]))
    for encoding in marked or (*declared, "utf-8", "gb18030"):
        # a page cut off inside a character, or with a few broken bytes, is what it is: GB 18030 would take most of it too
        text = content.decode(encoding, errors="replace")
        illegible = len(_ILLEGIBLE.findall(text))
        if not illegible or illegible <= _MOST_ILLEGIBLE * len(_NOT_ASCII.findall(text)):
            return text
    raise UnreadableDocument.worded("unknown_encoding", name=name, begins=content[:12])


def page_picture(content: bytes, format_name: str, name: str, number: int, scale: float) -> tuple[Image, float]:
    """Return a page of a document as a picture.

    Parameters
    ----------
    content : bytes
        A document that was read before.
    format_name : str
        ``pdf`` or ``image``.
    name : str
        For error messages.
    number : int
        Of the page, from 1.
    scale : float
        Pixels a point in a PDF; an image has the pixels that it has.

    Returns
    -------
    (PIL.Image.Image, float)
        The page set upright, and how many of its pixels make a unit of the boxes in `place`.
    """
    if format_name == "pdf":
        from govstats.documents.pdf import picture_of_page

        return picture_of_page(content, name, number, scale), scale
    from PIL.Image import fromarray

    from govstats.documents.scan import pictures_in

    return fromarray(next(islice(pictures_in(content, name), number - 1, None))), 1.0
