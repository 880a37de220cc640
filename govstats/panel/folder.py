"""A folder of documents, on a disk or in a bucket, and the register that may stand beside them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from os import PathLike, fspath
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

import pandas as pd

from govstats.errors import UnreadableDocument, UnusableRegister
from govstats.forms import form, versions

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
#: Where a register is looked for, in the folder itself.
REGISTERS = ("register.csv", "reports.csv")
#: The columns of a register that are used, with their types; `document` or `slug` names the file.
REGISTER_TYPES = {
    "document": "str",
    "slug": "str",
    "agency": "str",
    "year": "Int64",
    "form": "str",
    "level": "str",
    "region": "str",
    "region_code": "str",
    "published": "datetime64[us]",
    "vintage": "Int64",
    "parent": "str",
    "summary": "boolean",
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
        return COSTS[PurePosixPath(self.source).suffix.lower()]

    def key(self, sha256: str) -> str:
        """Return what tells this reading from others: the content, and what was known beforehand."""
        known = "|".join("" if one is None else str(one) for one in (self.agency, self.year, self.form))
        return sha256 if known == "||" else hashlib.sha256(f"{sha256}|{known}".encode()).hexdigest()


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
        from fsspec.core import url_to_fs

        url = fspath(folder)
        if "://" not in url and "::" not in url:
            _, url = url_to_fs(url)
        return cls(url, dict(options or {}))

    @cached_property
    def opened(self) -> tuple[AbstractFileSystem, str]:
        """The file system and the path in it."""
        from fsspec.core import url_to_fs

        system, root = url_to_fs(self.url, **self.options)
        return system, root.rstrip("/")

    def __reduce__(self) -> tuple[type[Folder], tuple[str, Mapping[str, Any]]]:
        """Go to another process without the file system, which is opened there."""
        return Folder, (self.url, self.options)

    def files(self) -> Iterator[tuple[str, str]]:
        """Yield the path of every file in the folder with its stamp, in the order of the paths; hidden ones are left out.

        Raises
        ------
        UnreadableDocument
            There is no such folder.
        """
        system, root = self.opened
        if not system.isdir(root):
            raise UnreadableDocument(f"{self.url}: there is no such folder; expected one that holds annual reports")
        for path, info in sorted(system.find(root, detail=True).items()):
            inside = path[len(root) :].lstrip("/")
            if not any(part.startswith((".", "~$")) for part in PurePosixPath(inside).parts):
                yield inside, _stamp(info)

    def content(self, source: str) -> bytes:
        """Return the bytes of a document."""
        system, root = self.opened
        return bytes(system.cat_file(f"{root}/{source}"))


def _stamp(info: Mapping[str, Any]) -> str:
    told = [str(info[name]) for name in _STAMPS if info.get(name) is not None]
    return "/".join(told) if len(told) > 1 else ""


def read_register(register: str | PathLike[str] | BinaryIO | pd.DataFrame, *, name: str = "the register") -> pd.DataFrame:
    """Read a register of reports.

    Parameters
    ----------
    register : path or DataFrame
        CSV with a header. Its columns are those of `REGISTER_TYPES`, all optional but one of ``document``, ``slug`` and the pair
        ``agency year``; others, such as remarks, are left alone. ``publication_date`` is taken for ``published``.
    name : str
        What errors call it, where it is no path.

    Returns
    -------
    DataFrame
        The columns of `REGISTER_TYPES`, null where the register says nothing.

    Raises
    ------
    UnusableRegister
        The file cannot be read, names no documents, or holds a value of the wrong kind.
    """
    if isinstance(register, pd.DataFrame):
        raw = register.astype(object).where(register.notna(), None)
    else:
        name = fspath(register) if isinstance(register, str | PathLike) else name
        try:
            raw = pd.read_csv(register, dtype="str", encoding="utf-8-sig", keep_default_na=False)
        except (OSError, ValueError) as error:
            raise UnusableRegister(f"{name}: the register cannot be read as CSV in UTF-8: {error}") from error
    if "published" not in raw.columns:
        raw = raw.rename(columns={"publication_date": "published"})
    if not {"document", "slug"} & set(raw.columns) and not {"agency", "year"} <= set(raw.columns):
        raise UnusableRegister(
            f"{name}: the register does not say which documents it is about; it has the columns {', '.join(raw.columns)}; "
            "give it a column document (the path in the folder), slug (the file's name without its suffix) or agency and year"
        )
    return pd.DataFrame(
        {column: _typed(raw, column, dtype, name) for column, dtype in REGISTER_TYPES.items()}, index=range(len(raw))
    )


def _flag(value: Any) -> bool:
    return value if isinstance(value, bool) else {"true": True, "1": True, "false": False, "0": False}[str(value).lower()]


def _version(value: Any) -> str:
    return str(value) if str(value) in versions() else form(str(value)).version


#: How the text of a column is understood, and what is expected there.
_PARSERS: Mapping[str, tuple[Callable[[Any], Any], str]] = {
    "year": (int, "a year such as 2023"),
    "vintage": (int, "a number from 1"),
    "published": (pd.Timestamp, "a date such as 2024-01-31"),
    "summary": (_flag, "true or false"),
    "form": (_version, f"one of {', '.join(versions())}"),
}


def _typed(raw: pd.DataFrame, column: str, dtype: str, name: str) -> Any:
    parse, expected = _PARSERS.get(column, (str, "text"))
    values: list[Any] = []
    for line, value in enumerate(raw[column].astype(object) if column in raw.columns else [None] * len(raw), start=2):
        try:
            values.append(None if value in ("", None) else parse(value))
        except (KeyError, TypeError, ValueError):
            raise UnusableRegister(f"{name}: line {line}, column {column}: {value!r}; expected {expected}, or nothing") from None
    return pd.Series(values, dtype=dtype).array


def items(folder: Folder, register: pd.DataFrame | None) -> tuple[list[Item], list[str]]:
    """Return the documents of a folder with what the register says of each, and the names of the other files."""
    told = _told(register)
    documents, others = [], []
    for source, stamp in folder.files():
        path = PurePosixPath(source)
        if path.suffix.lower() not in COSTS:
            others.append(source)
            continue
        row = told.get(source) or told.get(path.name) or told.get(path.stem) or {}
        documents.append(Item(source, stamp, row.get("agency"), row.get("year"), row.get("form")))
    return documents, others


def _told(register: pd.DataFrame | None) -> dict[str, dict[str, Any]]:
    """Return what a register says of the documents that it names."""
    if register is None:
        return {}
    plain = register.astype(object).where(register.notna(), None)
    rows = [{str(name): value for name, value in row.items()} for row in plain.to_dict("records")]
    return {name: row for row in rows if (name := row["document"] or row["slug"])}
