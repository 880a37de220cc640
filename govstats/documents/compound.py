"""OLE compound files: Word 97–2003 documents (doc), and what else comes in such a container."""

from __future__ import annotations

import struct
import tempfile
from pathlib import Path

from govstats.documents.document import Block
from govstats.documents.word import read_word
from govstats.errors import MissingReader, UnreadableDocument

#: The first bytes of a compound file.
SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

#: Where the header of the text has the lengths of its parts in characters.
_LENGTHS = 0x4C
#: A report has some ten thousand characters.
_MOST_CHARACTERS = 200_000


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
        raise MissingReader(
            f"{name}: this is an OLE compound file without a Word document in it, or with a damaged one; save an Excel workbook "
            "(xls), a PowerPoint presentation (ppt) or a Hangul document (hwp) as PDF, and what has a password without it"
            " 其中没有可读的 Word 文档；Excel、PowerPoint、韩文（hwp）文件请存成 PDF，有密码的请去掉密码"
        )
    try:
        from doc2docx import convert
        from doc2docx.cfb import CompoundFile
        from doc2docx.msdoc.fib import FibBase
    except ImportError as error:
        raise MissingReader(
            f'{name}: reading doc documents needs msdoc2docx; run: pip install "govstats[word]"'
            " 读取 doc 文件缺少软件包，请运行上述命令安装"
        ) from error
    try:
        header = CompoundFile(content).open_stream("WordDocument")
        # the lengths of a locked document are locked too; converting it says so
        characters = 0 if FibBase.parse(header).is_encrypted else sum(struct.unpack_from("<8i", header, _LENGTHS))
        # a character takes a byte at least; pieces that lie over each other could unpack to any size
        if not 0 <= characters <= min(len(content), _MOST_CHARACTERS):
            raise ValueError(f"it claims {characters:,} characters")
        with tempfile.TemporaryDirectory(prefix="govstats-") as folder:
            source, converted = Path(folder, "report.doc"), Path(folder, "report.docx")
            source.write_bytes(content)
            convert(source, converted)
            docx = converted.read_bytes()
    except Exception as error:  # what a damaged file does to a converter is not known beforehand
        raise UnreadableDocument(
            f"{name}: the document is damaged, locked, or one of Word 6 or Word 95 ({type(error).__name__}: {error}); "
            "fetch it anew, or open it and save it as docx"
            " 文件损坏、加密或版本过旧；请重新下载，或打开后另存为 docx"
        ) from error
    return read_word(docx, name)
