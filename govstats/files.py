"""Data files and definitions; files that are written whole or not at all, and what proves them; tables that people write.

And what an engine said of pictures before, a file a document: a later version of the reader need not ask it again.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import re
import tomllib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import cache
from os import PathLike, fspath
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import numpy.typing as npt
import pandas as pd

from govstats.errors import FormError, GovstatsError

#: A table that a person wrote: a CSV file in UTF-8, a frame, or a file's name and content.
Written = str | PathLike[str] | pd.DataFrame | tuple[str, bytes]
#: What a column of it may hold: what understands a text (KeyError or ValueError say that it cannot), and what is expected.
Kind = tuple[Callable[[str], Any], str, str]

_Answer = TypeVar("_Answer")
#: What an engine said, by a digest of what it was asked: what a file holds of it, and what was needed this time.
_answers: ContextVar[tuple[dict[str, Any], dict[str, Any]] | None] = ContextVar("answers", default=None)


@cache
def package_data(file: str) -> dict[str, Any]:
    """Return what a TOML file of the package says.

    >>> sorted(package_data("figures/looks.toml"))[:2]
    ['failures', 'legend']
    """
    return tomllib.loads((Path(__file__).parent / file).read_text("utf-8"))


def text_of(path: str | PathLike[str]) -> str:
    """Return what stands in a file of definitions.

    Raises
    ------
    FormError
        It cannot be read.
    """
    try:
        return Path(path).read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise FormError.worded("no_text", path=path, error=error) from error


def parsed_toml(file: str, text: str) -> Mapping[str, Any]:
    """Return what a file says.

    Raises
    ------
    FormError
        It is no TOML.
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise FormError(f"{file}: is no TOML: {error} 不是正确的 TOML 文件，请改正该处") from error


def refuse_keys(where: str, raw: Mapping[str, Any], needed: Iterable[str], optional: Iterable[str] = ()) -> None:
    """Refuse a part of a definition that lacks a key or has one that nothing reads.

    Raises
    ------
    FormError
    """
    for key in needed:
        if key not in raw:
            raise FormError(f"{where}: the key {key!r} is missing 缺少该项，请补上")
    refuse_unknown(where, "nothing reads the key", raw, (*needed, *optional))


def refuse_unknown(where: str, what: str, names: Iterable[str], known: Iterable[str]) -> None:
    """Refuse a name in a definition that stands for nothing; `what` says what the definition does with it.

    Raises
    ------
    FormError
    """
    known = list(known)
    for name in names:
        if name not in known:
            raise FormError.worded("unknown_name", where=where, what=what, name=name, known=", ".join(known))


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Give a place to write a file or a folder to, which takes that of `path` once it is there, and on the disk.

    Yields
    ------
    Path
        Of the same name, in a hidden folder beside; there is nothing there yet.

    Examples
    --------
    >>> with TemporaryDirectory() as folder, whole(Path(folder, "a.txt")) as place:
    ...     _ = place.write_text("half of")
    ...     Path(folder, "a.txt").exists()
    False
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".unfinished-", dir=path.parent, ignore_cleanup_errors=True) as own:
        place = Path(own) / path.name
        yield place
        put(place, path)


def put(finished: Path, path: Path) -> None:
    """Put a file, or a folder of files, in the place of another, once it is on the disk; other files of a folder stay."""
    files = sorted(finished.iterdir()) if finished.is_dir() else [finished]
    if finished.is_dir() and path.is_dir():
        for file in files:
            put(file, path / file.name)
        return
    for file in files:
        with file.open("r+b") as opened:
            os.fsync(opened.fileno())
    finished.replace(path)


def write(path: Path, content: bytes | str) -> None:
    """Write a file, a text in UTF-8 with the ends of lines that it has."""
    with whole(path) as place:
        place.write_bytes(content.encode() if isinstance(content, str) else content)


@contextmanager
def remembered(path: Path) -> Iterator[None]:
    """Have `answered` give the answers that a file holds, and keep there what was needed of them and what is new.

    Parameters
    ----------
    path : Path
        Of the file; one that is damaged holds no answers. Where its folder is not there, nothing is kept.
    """
    before: dict[str, Any] = {}
    now: dict[str, Any] = {}
    with suppress(OSError, ValueError):
        digest, text = path.read_text("utf-8").split("\n", 1)
        if digest == hashlib.sha256(text.encode()).hexdigest():
            before = json.loads(text)
    token = _answers.set((before, now))
    try:
        yield
    finally:
        _answers.reset(token)
    if now.keys() != before.keys() and path.parent.is_dir():
        text = json.dumps(now, ensure_ascii=False)
        write(path, f"{hashlib.sha256(text.encode()).hexdigest()}\n{text}")


def answered(engine: str, pictures: Iterable[npt.NDArray[Any]], ask: Callable[[], _Answer]) -> _Answer:
    """Return what an engine says of pictures, or said before of the same ones.

    Parameters
    ----------
    engine : str
        What tells it, its models, its settings and the question from others.
    pictures : iterable of array
        All that its answer depends on.
    ask : callable
        Returns the answer as JSON has it: lists, texts, numbers.
    """
    answers = _answers.get()
    if answers is None:
        return ask()
    before, now = answers
    asked = hashlib.sha256(engine.encode())
    for picture in pictures:
        asked.update(f"{picture.shape} {picture.dtype}".encode())
        asked.update(picture.tobytes())
    key = asked.hexdigest()
    now[key] = before[key] if key in before else ask()
    answer: _Answer = now[key]
    return answer


def sha256(path: Path) -> str:
    """Return the digest of a file that may be large."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def like(pattern: str, understood: Callable[[str], Any] = str) -> Callable[[str], Any]:
    """Return what understands texts of a pattern."""

    def read(text: str) -> Any:
        if not re.fullmatch(pattern, text):
            raise ValueError(text)
        return understood(text)

    return read


def whole_number(first: int, last: int) -> Callable[[str], int]:
    """Return what understands a number from one to another; a spreadsheet may write 2018 as 2018.0."""
    known = range(first, last + 1)
    return lambda text: known[known.index(int(text.removesuffix(".0")))]


def one_of(known: Iterable[str]) -> Kind:
    """Return the kind of a column that names one of a few things."""
    names = {name: name for name in known}
    return names.__getitem__, f"one of {', '.join(names)}, or nothing", "应为其中之一，或留空"


_TEXT: Kind = (like("(?s).+"), "a text", "请填写")


def lines_of(table: Written, error: type[GovstatsError]) -> tuple[str, list[str], list[tuple[str, list[str]]]]:
    """Return what a table is called, its header, and its lines as text, each with where it stands."""
    if isinstance(table, pd.DataFrame):
        plain = table.astype(object).where(table.notna(), "").itertuples(name=None)
        lines = [(at if isinstance(at, str) else f"row {at}", [*map(_as_text, row)]) for at, *row in plain]
        return "the table", [*map(str, table.columns)], lines
    name = table[0] if isinstance(table, tuple) else fspath(table)
    try:
        content = table[1] if isinstance(table, tuple) else Path(table).expanduser().read_bytes()
        rows = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))
        return name, next(rows, []), [(f"{name}, line {rows.line_num}", row) for row in rows if row]
    except (OSError, UnicodeDecodeError, csv.Error) as wrong:
        raise error.worded("no_csv", table=name, error=wrong) from wrong


def _as_text(value: Any) -> str:
    # a spreadsheet has 2023 as 2023.0
    return str(int(value) if isinstance(value, float) and value.is_integer() else value)


def written(
    table: Written,
    types: Mapping[str, str],
    kinds: Mapping[str, Kind],
    *,
    error: type[GovstatsError],
    needed: Collection[str] = (),
    filled: Collection[str] = (),
    others: bool = True,
) -> pd.DataFrame:
    """Read a table that a person wrote.

    Parameters
    ----------
    table : path, DataFrame, or name and content
    types : mapping of str to str
        The columns that are read, with their types; one that the table lacks says nothing.
    kinds : mapping of str to Kind
        What these may hold; any text, if nothing is said of a column.
    error : type
        What is raised, with every line that cannot be understood: a `GovstatsError`.
    needed : collection of str
        Columns that have to be there.
    filled : collection of str
        Columns that have to say something in each line.
    others : bool
        Whether there may be other columns.

    Returns
    -------
    DataFrame
        One row a line, null where it says nothing; the index is where the line stands.

    Examples
    --------
    >>> table = pd.DataFrame({"agency": ["某局"], "year": ["二〇二三"]})
    >>> written(table, {"year": "Int64"}, {"year": (int, "a year such as 2023", "应为年份")}, error=GovstatsError)
    Traceback (most recent call last):
    govstats.errors.GovstatsError: row 0: year is '二〇二三'; expected a year such as 2023 应为年份
    correct these lines 请改正以上各行
    """
    name, header, lines = lines_of(table, error)
    lacking = [column for column in needed if column not in header]
    strange = [column for column in header if column not in types and not others]
    if lacking or strange:
        what = " and ".join(f"{word} the column(s) {', '.join(of)}" for word, of in (("lacks", lacking), ("has", strange)) if of)
        optional = ", ".join(column for column in types if column not in needed) or "others"
        raise error.worded("columns_of_table", where=name, what=what, needed=", ".join(needed) or "no more", optional=optional)
    at = {column: header.index(column) for column in types if column in header}
    last = max(at.values(), default=0)
    if ragged := [place for place, row in lines if not last < len(row) <= len(header)]:
        raise error.worded("ragged_table", places="; ".join(ragged))
    values: dict[str, list[Any]] = {column: [None] * len(lines) for column in types}
    wrong = []
    for number, (place, row) in enumerate(lines):
        for column, where in at.items():
            text = row[where].strip()
            understood, expected, zh = kinds.get(column, _TEXT)
            try:
                values[column][number] = understood(text) if text or column in filled else None
            except (KeyError, ValueError):
                wrong.append(f"{place}: {column} is {repr(text) if text else 'empty'}; expected {expected} {zh}")
    refuse(error, wrong)
    frame = pd.DataFrame({column: pd.Series(values[column], dtype=dtype) for column, dtype in types.items()})
    return frame.set_axis(pd.Index([place for place, _ in lines], dtype="str"))


def refuse(error: type[GovstatsError], wrong: Iterable[str]) -> None:
    """Refuse a table with lines that are wrong; each says where it stands, in both languages what is the matter."""
    if lines := "\n".join(wrong):
        raise error.worded("lines_wrong", lines=lines)
