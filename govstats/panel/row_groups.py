"""Parquet files put one behind the other: row groups are copied as they stand, and only the footer is written anew.

To write two million cells again takes seconds, to copy what they became a hundredth of that, and no library for Python offers it.
The footer is a structure of Thrift's compact protocol; what changes in it are numbers of rows and places in the file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

_MAGIC = b"PAR1"
#: Kinds of values in Thrift's compact protocol; truth values stand in the head of their field, but in a list as bytes.
_TRUTHS, _BYTE, _NUMBERS, _DOUBLE, _TEXT, _LISTS, _STRUCTURE = (1, 2), 3, (4, 5, 6), 7, 8, (9, 10), 12
#: Fields of a row group, in ``parquet.thrift``, that hold a place in the file (of itself, of its columns, of their metadata), and
#: the one that holds its ordinal.
_PLACE, _ORDINAL = "place", "ordinal"
_MOVED: Mapping[int, Any] = {1: {2: _PLACE, 3: {9: _PLACE, 10: _PLACE, 11: _PLACE, 14: _PLACE}}, 5: _PLACE, 7: _ORDINAL}


def concatenate(files: Sequence[Path], destination: Path) -> None:
    """Write the row groups of Parquet files into one file, with the metadata of the first.

    Parameters
    ----------
    files : sequence of path
        At least one; all with the same columns, as pyarrow writes them: without indexes of pages, which hold places too.
    destination : path

    Raises
    ------
    ValueError
        A file has other columns than the first.
    """
    groups: list[bytes] = []
    rows = 0
    with destination.open("wb") as out:
        out.write(_MAGIC)
        for file in files:
            content = file.read_bytes()
            footer = _footer(content)
            added = {_PLACE: out.tell() - len(_MAGIC), _ORDINAL: len(groups)}
            at = footer.groups
            for _ in range(footer.size):
                group, at = _moved(content, at, added)
                groups.append(group)
            if file == files[0]:
                first, rest = footer, content[at:-8]
            if footer.columns != first.columns:
                raise ValueError(
                    f"{file}: has other columns than {files[0]}; expected the same, in the same order 各文件的列和顺序应相同"
                )
            out.write(memoryview(content)[len(_MAGIC) : footer.start])
            rows += footer.rows
        head = bytes([15 << 4 | _STRUCTURE]) + _varint(len(groups))
        written = b"".join([first.columns, _varint(rows << 1), first.between, head, *groups, rest])
        out.write(written + len(written).to_bytes(4, "little") + _MAGIC)


class _Footer(NamedTuple):
    """Where the footer of a Parquet file begins, and what stands in it up to its row groups, which begin at `groups`."""

    start: int
    columns: bytes
    rows: int
    between: bytes
    groups: int
    size: int


def _footer(content: bytes) -> _Footer:
    start = at = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    for kind in (_NUMBERS[1], _LISTS[0]):  # the version and the columns; all fields up to the row groups are required
        at = _after(content, at + 1, kind)
    rows_at = at + 1
    rows, end = _number(content, rows_at)
    _, size, groups = _elements(content, end + 1)
    return _Footer(start, content[start:rows_at], rows >> 1, content[end : end + 1], groups, size)


def _moved(content: bytes, at: int, added: Mapping[str, int]) -> tuple[bytes, int]:
    """Return a row group as it is elsewhere in a file, and where the next one begins."""
    found: list[tuple[str, int]] = []
    end = _after_structure(content, at, _MOVED, found)
    pieces = []
    for what, start in found:
        value, after = _number(content, start)
        pieces += [content[at:start], _varint(value + (added[what] << 1) if value or what == _ORDINAL else 0)]
        at = after
    return b"".join([*pieces, content[at:end]]), end


def _after_structure(content: bytes, at: int, wanted: Mapping[int, Any], found: list[tuple[str, int]]) -> int:
    """Return where a structure ends; of its fields that are wanted `found` says where their values stand."""
    field = 0
    while head := content[at]:
        at += 1
        if head >> 4:
            field += head >> 4
        else:
            number, at = _number(content, at)
            field = number >> 1
        kind = head & 15
        inside = wanted.get(field)
        if isinstance(inside, str):
            found.append((inside, at))
            at = _after(content, at, kind)
        elif inside is None:
            at = _after(content, at, kind)
        elif kind == _STRUCTURE:
            at = _after_structure(content, at, inside, found)
        else:
            _, size, at = _elements(content, at)
            for _ in range(size):
                at = _after_structure(content, at, inside, found)
    return at + 1


def _after(content: bytes, at: int, kind: int) -> int:
    """Return where a value ends."""
    if kind in _NUMBERS:
        while content[at] & 128:
            at += 1
        return at + 1
    if kind == _TEXT:
        size, at = _number(content, at)
        return at + size
    if kind == _STRUCTURE:
        return _after_structure(content, at, {}, [])
    if kind in _LISTS:
        inner, size, at = _elements(content, at)
        if inner in _TRUTHS:
            return at + size
        for _ in range(size):
            at = _after(content, at, inner)
        return at
    return at + {_BYTE: 1, _DOUBLE: 8}.get(kind, 0)


def _elements(content: bytes, at: int) -> tuple[int, int, int]:
    """Return of which kind the elements of a list are, how many there are, and where they begin."""
    head = content[at]
    if head >> 4 < 15:
        return head & 15, head >> 4, at + 1
    size, at = _number(content, at + 1)
    return head & 15, size, at


def _number(content: bytes, at: int) -> tuple[int, int]:
    """Return a number as it stands there, twice its value where it may have a sign, and where it ends."""
    value = shift = 0
    while (byte := content[at]) & 128:
        value |= (byte & 127) << shift
        shift += 7
        at += 1
    return value | byte << shift, at + 1


def _varint(value: int) -> bytes:
    pieces = []
    while value > 127:
        pieces.append(value & 127 | 128)
        value >>= 7
    return bytes([*pieces, value])
