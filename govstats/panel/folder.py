"""A folder of documents, on a disk or in a bucket, and the register that may stand beside them."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from operator import itemgetter
from os import PathLike, fspath
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple
from warnings import catch_warnings

import pandas as pd

from govstats.agencies.divisions import LEVELS, of_code
from govstats.errors import MissingExtra, UnreadableDocument, UnusableRegister
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
            with catch_warnings(action="error", category=pd.errors.ParserWarning):  # more values in a line than columns
                raw = pd.read_csv(register, dtype="str", encoding="utf-8-sig", keep_default_na=False, index_col=False)
        except (OSError, ValueError, pd.errors.ParserWarning) as error:
            raise UnusableRegister(
                f"{name}: the register cannot be read as CSV in UTF-8: {error}; save it as “CSV UTF-8”, as many values in "
                "each line as columns"
                " 登记表读不出；请另存为“CSV UTF-8”，每行项数与列数相同"
            ) from error
    if "published" not in raw.columns:
        raw = raw.rename(columns={"publication_date": "published"})
    if not {"document", "slug"} & set(raw.columns) and not {"agency", "year"} <= set(raw.columns):
        raise UnusableRegister(
            f"{name}: the register does not say which documents it is about; it has the columns {', '.join(raw.columns)}; "
            "give it a column document (the path in the folder), slug (the file's name without its suffix) or agency and year"
            " 登记表没有说明是哪些文件；请加上 document（路径）、slug（不带后缀的文件名）或 agency 和 year 列"
        )
    read = pd.DataFrame(
        {column: _typed(raw, column, dtype, name) for column, dtype in REGISTER_TYPES.items()}, index=range(len(raw))
    )
    for column in ("document", "slug"):
        read[column] = read[column].str.replace("\\", "/").str.removeprefix("./")
    _refuse_contradictions(read, name)
    return read


def _refuse_contradictions(register: pd.DataFrame, name: str) -> None:
    """Refuse a register that says two things of one document, or of one report whose documents it does not name."""
    nameless = register["document"].isna() & register["slug"].isna()
    for keys, rows in (
        (["document"], register),
        (["slug"], register[register["document"].isna()]),
        (["agency", "year"], register[nameless]),
    ):
        known = rows.dropna(subset=keys)
        repeated = known[known.duplicated(keys, keep=False)]
        for about, rows_about in repeated.groupby(keys):
            for column in rows_about:
                said = rows_about[column].dropna().drop_duplicates()
                if len(said) > 1:
                    values = ", ".join(f"{value} (line {row + 2})" for row, value in zip(said.index.tolist(), said, strict=True))
                    raise UnusableRegister(
                        f"{name}: column {column} of {' '.join(map(str, about))} is {values}; expected one value: delete a line"
                        " 同一年报的值不一致，应只有一个，请删去一行"
                    )


def _flag(value: Any) -> bool:
    return value if isinstance(value, bool) else {"true": True, "1": True, "false": False, "0": False}[str(value).lower()]


def _whole(value: Any) -> int:
    """Return a whole number, also one that a spreadsheet wrote as 2021.0."""
    number = float(value)
    if number != int(number):
        raise ValueError
    return int(number)


def _year(value: Any) -> int:
    if not 1990 <= (year := _whole(value)) <= 2100:
        raise ValueError
    return year


def _vintage(value: Any) -> int:
    if (vintage := _whole(value)) < 1:
        raise ValueError
    return vintage


def _code(value: Any) -> str:
    if of_code(code := _text_of(value).removesuffix(".0")) is None:
        raise ValueError
    return code


def _level(value: Any) -> str:
    if value not in LEVELS:
        raise ValueError
    return str(value)


def _date(value: Any) -> pd.Timestamp:
    """Return a date; a number is none, nor is a time of day."""
    if isinstance(value, str) and not _DATE.fullmatch(value):
        raise ValueError
    if not isinstance(value, str | date):
        raise TypeError
    return pd.Timestamp(value)


def _text_of(value: Any) -> str:
    """Return a text, also of a code that a spreadsheet took for a number."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _version(value: Any) -> str:
    return form(_text_of(value).removesuffix(".0")).version


#: How a date is written: the day is named, in the order of ISO 8601.
_DATE = re.compile(r"\d{4}([-/.]?)\d{1,2}\1\d{1,2}([ T]\d{1,2}:\d{2}.*)?")


#: How the text of a column is understood, and what is expected there.
_PARSERS: Mapping[str, tuple[Callable[[Any], Any], str]] = {
    "year": (_year, "a year such as 2023"),
    "vintage": (_vintage, "a number from 1"),
    "published": (_date, "a date such as 2024-01-31"),
    "region_code": (_code, "a code of GB/T 2260 such as 350128"),
    "level": (_level, f"one of {', '.join(LEVELS)}"),
    "summary": (_flag, "true or false"),
    "form": (_version, f"one of {', '.join(versions())}"),
}


def _typed(raw: pd.DataFrame, column: str, dtype: str, name: str) -> Any:
    parse, expected = _PARSERS.get(column, (_text_of, "text"))
    values: list[Any] = []
    for line, given in enumerate(raw[column].astype(object) if column in raw.columns else [None] * len(raw), start=2):
        value = given.strip() if isinstance(given, str) else given
        try:
            values.append(None if value in ("", None) else parse(value))
        except (KeyError, TypeError, ValueError):
            raise UnusableRegister(
                f"{name}: line {line}, column {column}: {value!r}; expected {expected}, or nothing"
                " 登记表该处的值不对，应为上述内容或留空"
            ) from None
    return pd.Series(values, dtype=dtype).array


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


def said_of(sources: Sequence[str], register: pd.DataFrame) -> pd.DataFrame:
    """Return what a register says of documents by their names: a row for each, null where it names none.

    A name in the register is the path of a document in the folder; else it is the name of a file, with or without its suffix.

    Raises
    ------
    UnusableRegister
        A name is that of several files in different folders.
    """
    row_of = {name: row for column in ("slug", "document") for row, name in enumerate(register[column]) if isinstance(name, str)}
    exact = row_of.keys() & set(sources)
    rows, meant = [], defaultdict(list)
    for source in sources:
        name = next((name for name in _names(source) if name in row_of and (name == source or name not in exact)), None)
        rows.append(-1 if name is None else row_of[name])
        if name is not None and name != source:
            meant[name, _names(source)[1]].append(source)
    for (name, _), several in meant.items():
        if len(several) > 1:
            raise UnusableRegister(
                f"the register, line {row_of[name] + 2}: {name!r} is the name of {len(several)} documents, "
                f"{', '.join(several[:3])}{' …' * (len(several) > 3)}; write their paths in the column document, a line for each"
                " 同名文件不止一个；请在 document 列写路径，每个文件一行"
            )
    return pd.DataFrame({column: register[column].array.take(rows, allow_fill=True) for column in REGISTER_TYPES})


def unmatched(sources: Sequence[str], register: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a register that name a document, and none of these has that name."""
    names = {name for source in sources for name in _names(source)}
    named = register[register["document"].notna() | register["slug"].notna()].drop_duplicates(["document", "slug"])
    return named[~(named["document"].isin(names) | named["slug"].isin(names))]


def _names(source: str) -> tuple[str, str, str]:
    """Return what a register may call a document, the path in the folder first."""
    path = PurePosixPath(source)
    return source, path.name, path.stem
