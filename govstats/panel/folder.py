"""A folder of documents, on a disk or in a bucket, and the register that may stand beside them."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from govstats.errors import MissingExtra, UnreadableDocument
from govstats.panel.register import said_of

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

#: How long a document of a kind takes to read, a web page being 1; what has another suffix is no document.
COSTS = {
    **dict.fromkeys((".html", ".htm", ".shtml", ".xhtml", ".txt", ".md", ".markdown"), 1),
    **dict.fromkeys((".mht", ".mhtml", ".docx"), 3),
    ".doc": 50,
    ".pdf": 50,
    **dict.fromkeys((".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".gif"), 500),
}
#: What file systems tell of a file that changes with its content.
_STAMPS = ("size", "mtime", "ETag", "LastModified", "last_modified", "updated", "created")


class Item(NamedTuple):
    """A document to read: its path in the folder, and what the register says that reading needs to know.

    `stamp` is what the file system says of its state, empty where that tells nothing.
    """

    source: str
    stamp: str
    agency: str | None = None
    year: int | None = None
    form: str | None = None

    @property
    def cost(self) -> int:
        """How long it takes to read, a web page being 1."""
        return COSTS[_suffix(self.source)]

    def key(self, sha256: str) -> str:
        """Return what tells this reading from others: the content, and what was known beforehand."""
        if (self.agency, self.year, self.form) == (None, None, None):
            return sha256
        known = "|".join("" if one is None else str(one) for one in (self.agency, self.year, self.form))
        return hashlib.sha256(f"{sha256}|{known}".encode()).hexdigest()


@dataclass(frozen=True)
class Folder:
    """A folder of documents.

    Parameters
    ----------
    url : str
        A path, or an address that fsspec knows (``s3://…``).
    options : mapping
        For the file system.
    """

    url: str
    options: Mapping[str, Any]

    @classmethod
    def of(cls, folder: str | PathLike[str], options: Mapping[str, Any] | None = None) -> Folder:
        """Return the folder of a path, relative ones being made absolute for processes elsewhere."""
        url = fspath(folder)
        return cls(url if "://" in url else str(Path(url).expanduser().absolute()), dict(options or {}))

    @cached_property
    def opened(self) -> tuple[AbstractFileSystem | None, str]:
        """The file system and the path in it; None for this machine, whose paths may hold what means something in an address."""
        if "://" not in self.url:
            return None, self.url
        from fsspec.core import url_to_fs

        try:
            system, root = url_to_fs(self.url, **self.options)
        except ImportError as error:
            raise MissingExtra(
                f"{self.url}: addresses of this kind need what is not installed: {error}"
                " 读取这类地址所需的软件包未安装，请按提示安装"
            ) from error
        except (OSError, ValueError) as error:
            raise UnreadableDocument(
                f"{self.url}: no folder can be opened at this address: {error} 该地址打不开文件夹，请检查地址和权限"
            ) from error
        return system, root.rstrip("/")

    def __reduce__(self) -> tuple[type[Folder], tuple[str, Mapping[str, Any]]]:
        """Go to another process without the file system, which is opened there."""
        return Folder, (self.url, self.options)

    def files(self) -> Iterator[tuple[str, str | None]]:
        """Yield the path of every file in the folder with its stamp, in the order of the paths; hidden ones are left out.

        The stamp is None where there is nothing to read: a pipe, a device, a link to a folder.

        Raises
        ------
        UnreadableDocument
            There is no such folder, or a folder in it cannot be listed.
        """
        system, root = self.opened
        if not (Path(root).is_dir() if system is None else system.isdir(root)):
            raise UnreadableDocument(
                f"{self.url}: there is no such folder; expected one that holds annual reports"
                " 没有这个文件夹；应为存放年报的文件夹"
            )
        for inside, stamp in sorted(_local(root) if system is None else _found(system, root), key=itemgetter(0)):
            if not _HIDDEN.search(inside):
                yield _text(inside), stamp

    def holds(self, name: str) -> bool:
        """Tell whether a file stands in the folder itself."""
        system, root = self.opened
        return bool(system.isfile(f"{root}/{name}")) if system else Path(root, name).is_file()

    def content(self, source: str) -> bytes:
        """Return the bytes of a document."""
        system, root = self.opened
        read = system.cat_file if system else lambda path: Path(path).read_bytes()
        try:
            return bytes(read(f"{root}/{source}"))
        except FileNotFoundError:
            if (path := _path(source)) == source:
                raise
            return bytes(read(f"{root}/{path}"))


def _found(system: AbstractFileSystem, root: str) -> Iterator[tuple[str, str | None]]:
    for path, info in system.find(root, detail=True).items():
        told = [str(info[name]) for name in _STAMPS if info.get(name) is not None]
        is_file = info.get("type", "file") == "file"
        yield path[len(root) :].lstrip("/"), ("/".join(told) if len(told) > 1 else "") if is_file else None


def _local(root: str, inside: str = "") -> Iterator[tuple[str, str | None]]:
    """Yield the files of a folder on this machine; fsspec passes over those it cannot list, and dates links by themselves."""
    try:
        entries = list(os.scandir(f"{root}/{inside}"))
    except OSError as error:
        raise UnreadableDocument(
            f"{error.filename}: the folder cannot be listed: {error.strerror}; make it readable, or move it elsewhere"
            " 无法列出该文件夹；请改权限或移走"
        ) from error
    for entry in entries:
        path = f"{inside}{entry.name}"
        if entry.is_dir(follow_symlinks=False):
            yield from _local(root, f"{path}/")
            continue
        try:
            told = entry.stat()
        except OSError:  # a link to nothing: reading it says so
            yield path, ""
            continue
        yield path, f"{told.st_size}/{told.st_mtime_ns}/{told.st_ctime_ns}" if stat.S_ISREG(told.st_mode) else None


#: A file that its owner does not mean to show, or one in such a folder.
_HIDDEN = re.compile(r"(?:^|/)(?:\.|~\$)")
#: A byte of a file's name that is not UTF-8, as `_text` writes it.
_BYTE = re.compile(r"\\x([0-9a-f]{2})")


def _text(path: str) -> str:
    """Return a path as text that can be stored, also where it is not in UTF-8, as in archives packed in GBK."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _path(text: str) -> str:
    """Return the path that `_text` made a text of."""
    return _BYTE.sub(lambda byte: chr(0xDC00 + int(byte[1], 16)), text)


def _suffix(path: str) -> str:
    return os.path.splitext(path)[1].lower()  # noqa: PTH122 - a tenth of what a path object takes, for every file


def items(folder: Folder, register: pd.DataFrame | None, *, output: Path | None = None) -> tuple[list[Item], list[str]]:
    """Return the documents of a folder with what the register says of each, and the names of the other files.

    What stands in `output` is the panel's own.
    """
    documents, others = [], []
    ours = None
    if output is not None and output.is_relative_to(folder.url):
        ours = f"{output.relative_to(folder.url).as_posix()}/".removeprefix("./")
    for source, stamp in folder.files():
        if ours is not None and source.startswith(ours):
            continue
        if stamp is None or _suffix(source) not in COSTS:
            others.append(source)
        else:
            documents.append(Item(source, stamp))
    if register is not None:
        known = said_of([item.source for item in documents], register)[["agency", "year", "form"]].astype(object)
        told = known.where(known.notna(), None).itertuples(index=False, name=None)
        documents = [Item(item.source, item.stamp, *row) for item, row in zip(documents, told, strict=True)]
    return documents, others
