"""Zip archives and gzip files: which kind of document they are, or hold."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from pathlib import PurePosixPath

from govstats.documents.limits import limit, require
from govstats.errors import MissingReader, UnreadableDocument

#: First bytes: of the compound files of Office 97 to 2003, and of what packs files.
COMPOUND, GZIP, ZIP = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\x1f\x8b", b"PK\x03\x04"
#: The stream of a document, and of a workbook, in a compound file.
_WORD, *_SHEETS = (f"{stream}\0".encode("utf-16-le") for stream in ("WordDocument", "Workbook", "Book"))
#: What is read, for messages of refusal.
READ = (
    "expected HTML, plain text, Markdown, CSV, PDF, Word (doc, docx), Excel (xlsx, xls, ods) or an image, "
    "or one of them in a zip or gz file 可读的格式：HTML、纯文本、Markdown、CSV、PDF、Word（doc、docx）、"
    "Excel（xlsx、xls、ods）、图片，以及内有其中一份的 zip、gz 压缩包"
)
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


def kind_of_container(content: bytes, name: str) -> str:
    """Tell what a file is that holds others.

    Parameters
    ----------
    content : bytes
        The file.
    name : str
        For error messages.

    Returns
    -------
    str
        ``word``, ``word 97``, ``workbook``; ``files`` where it is only packed; empty where it is none of these. A damaged zip
        archive is called ``word``, as most are.

    Raises
    ------
    MissingReader
        It is a document of a kind that is not read.
    """
    if content.startswith(COMPOUND):
        # the directory of the file names its streams
        return "workbook" if _WORD not in content and any(stream in content for stream in _SHEETS) else "word 97"
    if content.startswith(GZIP):
        return "files"
    if not content.startswith(ZIP):
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
    raise MissingReader(f"{name}: govstats does not read this file 不读此类文件: it is {kind}; {READ}")


def unpacked(content: bytes, name: str) -> tuple[bytes, str]:
    """Return the one document in a gzip file or a zip archive.

    Parameters
    ----------
    content : bytes
        The file.
    name : str
        For error messages.

    Returns
    -------
    content : bytes
    name : str
        Of the document in it, after that of the file: ``reports.zip/report.html``.

    Raises
    ------
    UnreadableDocument
        It is damaged, locked, holds none or several files, or unpacks to more than a report has.
    """
    try:
        if content.startswith(GZIP):
            with gzip.open(io.BytesIO(content)) as file:
                inner, inner_name = file.read(limit("bytes") + 1), name.removesuffix(".gz")
        else:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                # what a Mac adds is hidden
                files = [entry for entry in archive.infolist() if not entry.is_dir() and not _is_hidden(entry.filename)]
                if len(files) != 1:
                    names = ", ".join(entry.filename for entry in files[:5])
                    raise UnreadableDocument(
                        f"{name}: the zip archive holds {len(files)} files ({names}); expected one report: unpack it, and "
                        "read the report in it 压缩包内应只有一份年报，请先解压再读其中的年报"
                    )
                with archive.open(files[0]) as file:
                    inner, inner_name = file.read(limit("bytes") + 1), f"{name}/{files[0].filename}"
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError) as error:
        raise UnreadableDocument(
            f"{name}: the packed file is damaged or locked ({error}); fetch it anew, or unpack it"
            " 压缩包损坏或加密，请重新下载或先解压"
        ) from error
    require("bytes", len(inner), inner_name)
    if kind_of_container(inner, inner_name) == "files":
        raise UnreadableDocument(
            f"{name}: the file is packed twice; expected one report: unpack it, and read the report in it"
            " 重复压缩；请先解压再读其中的年报"
        )
    return inner, inner_name


def _is_hidden(path: str) -> bool:
    return any(part.startswith((".", "__MACOSX")) for part in PurePosixPath(path).parts)
