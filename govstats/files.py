"""Files that are written whole or not at all, and what proves that they are still what was written."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory


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


def sha256(path: Path) -> str:
    """Return the digest of a file that may be large."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
