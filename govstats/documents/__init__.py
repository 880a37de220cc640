"""A file becomes a `Document`: paragraphs and grids, each with its place, whatever the format."""

from __future__ import annotations

import contextlib
import hashlib
import re
from itertools import islice
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from govstats.documents.compound import SIGNATURE, read_compound
from govstats.documents.document import Block, Cell, Document, Grid, Paragraph
from govstats.documents.html import read_html, web_archive
from govstats.documents.text import read_markdown, read_text
from govstats.documents.word import read_word
from govstats.errors import MissingReader, UnreadableDocument

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["Block", "Cell", "Document", "Grid", "Paragraph", "open_document", "page_picture"]

#: First bytes of the pictures that optical recognition takes.
_PICTURES = (b"\x89PNG", b"\xff\xd8\xff", b"II*\x00", b"MM\x00*", b"BM", b"GIF8")
_HTML = re.compile(r"<(!doctype\s+html|html|head|body|table|tbody|tr|td|div|p|span|br)\b[^>]*>", re.IGNORECASE)
_WORD_XML = re.compile(r"<(w:wordDocument|pkg:package)\s")
_PIPE_TABLE = re.compile(r"^[ \t]*+(?:\|[ \t]*+)?:?-{3,}+:?[ \t]*+(\|[ \t]*+:?-{3,}+:?[ \t]*+)+\|?[ \t]*+$", re.MULTILINE)
_CHARSET = re.compile(rb"charset\s*=\s*[\"']?\s*([\w-]+)")
_LEGIBLE = 0.98
_ILLEGIBLE = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\ufffd]")
_NOT_ASCII = re.compile(r"[^\t-\r -\x7e]")
_BYTE_ORDER_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


def open_document(source: str | PathLike[str] | bytes) -> Document:
    """Read a file into a `Document`.

    Parameters
    ----------
    source : path or bytes
        HTML, plain text, Markdown, PDF, Word (doc, docx) or an image; the content decides, not the name.

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
        name = Path(source).name
        try:
            content = Path(source).read_bytes()
        except OSError as error:
            raise UnreadableDocument(f"{source}: the file cannot be opened: {error.strerror}") from error
    if content.startswith(b"{\\rtf"):
        raise MissingReader(f"{name}: this is an RTF document, which govstats does not read; save it as docx or PDF")
    sha256 = hashlib.sha256(content).hexdigest()
    # the engines for pages take longer to import than a page of HTML to read
    if b"%PDF-" in content[:1024]:
        from govstats.documents.pdf import read_pdf

        pages = read_pdf(content, name)
        return Document(pages.blocks, "pdf", name, sha256, unread=pages.unread, again=pages.again)
    if content.startswith(_PICTURES):
        from govstats.documents.scan import read_image

        blocks = read_image(content, name)
        if not blocks:
            raise UnreadableDocument(f"{name}: no text was recognised on the image; expected a scan of an annual report")
        return Document(blocks, "image", name, sha256)
    if content.startswith(SIGNATURE):
        return Document(_not_empty(read_compound(content, name), content, name), "word", name, sha256)
    if content.startswith(b"PK\x03\x04"):
        return Document(_not_empty(read_word(content, name), content, name), "word", name, sha256)
    page = web_archive(content, name)
    text, encoded = _decode(content if page is None else page, name)
    if _WORD_XML.search(text[:4096]):
        raise MissingReader(f"{name}: this is a Word document kept as one XML file; expected doc or docx: save it as one of them")
    if not text.strip():
        raise UnreadableDocument(f"{name}: the document is empty ({len(content)} bytes, no text); expected an annual report")
    metadata: dict[str, str] = {}
    tags = _HTML.finditer(text)
    if text.lstrip()[:1] == "<" or (next(tags, None) and next(tags, None) and not _PIPE_TABLE.search(text)):
        format_name = "html"
        blocks, metadata = read_html(encoded)
    elif _PIPE_TABLE.search(text):
        format_name, blocks = "markdown", read_markdown(text)
    else:
        format_name, blocks = "text", read_text(text)
    return Document(_not_empty(blocks, content, name), format_name, name, sha256, metadata)


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


def _not_empty(blocks: tuple[Block, ...], content: bytes, name: str) -> tuple[Block, ...]:
    if not blocks:
        raise UnreadableDocument(f"{name}: the document has markup but no text ({len(content)} bytes); expected an annual report")
    return blocks


def _decode(content: bytes, name: str) -> tuple[str, bytes]:
    """Decode as browsers should: byte order mark, declared Big5, UTF-8, then GB 18030 whatever is declared.

    Return the text, and the same in UTF-8, as which most pages come. Pages declared gb2312 hold characters outside it (二〇二一),
    and many declare nothing at all.
    """
    for mark, encoding in _BYTE_ORDER_MARKS:
        if content.startswith(mark):
            text = content.decode(encoding, errors="replace")
            return text, text.encode()
    candidates = ["utf-8", "gb18030"]
    head = content[:4096].lower()
    if b"big5" in head and (declared := _CHARSET.search(head)) and declared[1].startswith(b"big5"):
        candidates.insert(0, "big5hkscs")
    with contextlib.suppress(UnicodeDecodeError):
        text = content.decode(candidates[0])
        if b"\0" not in content:
            return text, content if candidates[0] == "utf-8" else text.encode()
    # of what is no text at all not every byte has to be looked at
    for encoding in candidates if content.count(b"\0") < len(content) / 10 else ():
        # a page cut off inside a character, or with a few broken bytes, is what it is: GB 18030 would take most of it too
        text = content.decode(encoding, errors="replace")
        if _legibility(text) > _LEGIBLE:
            return text, text.encode()
    raise UnreadableDocument(
        f"{name}: the bytes are no text in UTF-8, GB 18030 or Big5 (they begin {content[:12]!r}); "
        "expected HTML, plain text or Markdown"
    )


def _legibility(text: str) -> float:
    """Return the share of what is no plain ASCII that came out of decoding whole; markup would hide broken characters."""
    return 1 - len(_ILLEGIBLE.findall(text)) / max(len(_NOT_ASCII.findall(text)), 1)
