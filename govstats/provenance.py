"""What results were made with: a digest of the package's own code, forms and rules."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

_SUFFIXES = {".py", ".toml", ".csv", ".sql", ".j2", ".css"}


@cache
def sources_sha256(*rooms: str) -> str:
    """Return a digest of the package, or of some of its rooms, which does not depend on where it stands.

    Parameters
    ----------
    *rooms : str
        Folders and files in the package (``"forms"``, ``"report.py"``); the whole package where none is named.

    Examples
    --------
    >>> sources_sha256("forms") == sources_sha256("forms", "report.py")
    False
    """
    package = Path(__file__).parent
    digest = hashlib.sha256()
    for room in rooms or ("",):
        start = package / room
        for path in sorted([start] if start.is_file() else start.rglob("*")):
            if path.suffix in _SUFFIXES and "data" not in path.relative_to(package).parts[:1]:
                digest.update(path.relative_to(package).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()
