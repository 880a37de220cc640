"""Where results come from: the package's own code, forms and rules, and documents that the project typeset itself."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from govstats.errors import UnknownReport

if TYPE_CHECKING:
    from govstats.report import Report

_ORIGIN = {
    "zh": "文件由 govstats 按机关公布的数字重新排版，不是原件，其中的句子是我们自己的话。",
    "en": "Typeset by govstats from the figures that the agency published; not the original, and its sentences are ours.",
}
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


@cache
def folder() -> Path:
    """Return the folder of the corpus: inside an installed package, else beside the package in a checkout.

    Raises
    ------
    UnknownReport
        Neither is there.

    Examples
    --------
    >>> from govstats import embedded
    >>> (embedded.folder() / "datapackage.json").is_file()
    True
    """
    package = Path(__file__).resolve().parent
    places = (package / "data", package.parent / "data")
    for place in places:
        if (place / "datapackage.json").is_file() and (place / "figures.csv").is_file():
            return place
    looked = " and ".join(map(str, places))
    raise UnknownReport(
        f"the embedded corpus is not installed: no datapackage.json in {looked}; install govstats again"
        " 未安装自带的年报数据，请重新安装 govstats"
    )


def holds(sha256: str) -> bool:
    """Tell whether a document is one of the corpus, which the project typeset, with sentences of its own.

    Parameters
    ----------
    sha256 : str
        Of its bytes.

    Examples
    --------
    >>> from govstats import embedded
    >>> embedded.holds(embedded.report("平潭综合实验区", 2025).sha256)
    True
    """
    return sha256 in _hashes()


@cache
def _hashes() -> frozenset[str]:
    try:
        package = json.loads((folder() / "datapackage.json").read_text("utf-8"))
    except UnknownReport:
        return frozenset()
    return frozenset(resource.get("hash", "").removeprefix("sha256:") for resource in package["resources"])


def is_typeset(report: Report) -> bool:
    """Tell whether a document was typeset by the project from published figures, and is no original.

    Examples
    --------
    >>> from govstats import embedded
    >>> is_typeset(embedded.report("平潭综合实验区", 2025))
    True
    """
    return holds(report.sha256)


def origin(report: Report, language: str = "both") -> str:
    """Say of a document that the project typeset that it is no original; nothing of any other.

    Parameters
    ----------
    report : Report
    language : {"both", "zh", "en"}

    Examples
    --------
    >>> from govstats import embedded
    >>> origin(embedded.report("平潭综合实验区", 2025), "en")
    'Typeset by govstats from the figures that the agency published; not the original, and its sentences are ours.'
    """
    return corpus_origin("" if is_typeset(report) else report.source, language)


def corpus_origin(own: str | PathLike[str], language: str = "both") -> str:
    """Say that the documents of the corpus are no originals; nothing where reports of one's `own` are looked at."""
    if own:
        return ""
    return " ".join(_ORIGIN.values()) if language == "both" else _ORIGIN[language]
