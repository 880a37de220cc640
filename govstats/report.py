"""One annual report, as frames, and where it comes from."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple, Self, get_type_hints

import pandas as pd

from govstats.errors import UnknownReport, UnreadableDocument, require_columns
from govstats.forms import CellKey, Form, form


class ReadCell(NamedTuple):
    """A statutory cell as it was read; `value` is in the form's unit, null unless `status` is ``reported``.

    `confidence` is that of optical recognition, None where nothing was recognised.
    """

    table: str
    line: str
    column: str
    value: float | None
    printed: str
    status: str
    unit: str
    page: int | None
    place: str
    method: str
    confidence: float | None = None

    @property
    def key(self) -> CellKey:
        """The ids of table, line and column."""
        return self.table, self.line, self.column


class Claim(NamedTuple):
    """A figure that a sentence claims; see `Report.claims`."""

    target: str
    value: float
    low: float | None
    high: float | None
    unit: str
    qualifier: str
    quote: str
    start: int
    end: int
    scope: str
    page: int | None
    place: str
    year: int | None


class Note(NamedTuple):
    """Something that could not be read or decided, and where it stands."""

    kind: str
    message_zh: str
    message_en: str
    table: str = ""
    line: str = ""
    column: str = ""
    printed: str = ""
    page: int | None = None
    place: str = ""


class SectionHeading(NamedTuple):
    """A heading of one of the six statutory sections: its number in the form, its text and its place."""

    number: int
    text: str
    place: str


def types_of(fields: type[tuple[Any, ...]]) -> dict[str, str]:
    """Return the types that the fields of a named tuple have as columns.

    Examples
    --------
    >>> types_of(SectionHeading)
    {'number': 'Int64', 'text': 'str', 'place': 'str'}
    """
    return {name: _TYPES[type_] for name, type_ in get_type_hints(fields).items()}


def column_types(written: str) -> dict[str, str]:
    """Return the types of columns that are written one after the other, each with its type unless it is text.

    Examples
    --------
    >>> column_types("agency year:Int64 value:Float64")
    {'agency': 'str', 'year': 'Int64', 'value': 'Float64'}
    """
    pairs = (one.partition(":") for one in written.split())
    return {name: dtype or "str" for name, _, dtype in pairs}


_TYPES = {str: "str", int: "Int64", int | None: "Int64", float: "Float64", float | None: "Float64"}
#: The columns of `Report.cells`, with their types; the contract of DESIGN.md.
CELL_TYPES = {"agency": "str", "year": "Int64", "form": "str"} | types_of(ReadCell)
#: The columns of `Report.claims`: the contract of DESIGN.md, and what else is known of a claim.
CLAIM_TYPES = {"agency": "str", "year": "Int64"} | types_of(Claim)
#: The columns of `Report.notes`; messages come last.
NOTE_TYPES = column_types("agency year:Int64 kind table line column printed page:Int64 place message_zh message_en")


def typed_frame(
    rows: Iterable[Sequence[Any]], types: Mapping[str, str], fields: Iterable[str] | None = None, **same: Any
) -> pd.DataFrame:
    """Lay rows out as a frame whose columns have their types also where there are no rows.

    Parameters
    ----------
    rows : iterable of sequences
    types : mapping of str to str
        The columns of the frame.
    fields : iterable of str, optional
        What the values of a row are; by default what the columns are.
    **same : object
        What is the same in all rows, by column.

    Examples
    --------
    >>> typed_frame([], {"agency": "str", "year": "Int64"}).dtypes.astype(str).to_dict()
    {'agency': 'str', 'year': 'Int64'}
    """
    fields = list(fields or types)
    frame = pd.DataFrame(list(rows), columns=fields, dtype=object)
    return frame.assign(**{name: same[name] for name in types if name not in fields})[list(types)].astype(types)


@dataclass(frozen=True, eq=False)
class Report:
    """An annual report on government information disclosure, as it was read.

    Attributes
    ----------
    agency, title : str or None
        Null where the document does not say.
    year : int or None
        The reporting year, not the year of publication.
    form : str
        Version of the statutory form, ``2008``, ``2019`` or ``2021``.
    source, format, sha256 : str
        The document it was read from.
    sections : tuple of SectionHeading
        The statutory headings that were found, in the order of the document.
    read_cells, read_notes, read_claims : tuple
        The rows behind `cells`, `notes` and `claims`.
    text : str
        The prose of the document, which `claims` quote.
    published : datetime.date or None
        When it was published, where the document says so; a date of writing or below a signature is none of publication.
    summary : bool
        Whether the report says that its figures are sums over the units below it: all towns of a county, say.
    origin : Path, bytes or None
        The document itself; a path is not kept open.
    """

    agency: str | None
    year: int | None
    form: str
    title: str | None
    source: str
    format: str
    sha256: str
    sections: tuple[SectionHeading, ...] = ()
    read_cells: Sequence[ReadCell] = field(default=(), repr=False)
    read_notes: Sequence[Note] = field(default=(), repr=False)
    origin: Path | bytes | None = field(default=None, repr=False)
    read_claims: Sequence[Claim] = field(default=(), repr=False)
    text: str = field(default="", repr=False)
    published: dt.date | None = None
    summary: bool = False

    def _frame(self, rows: Sequence[Any], types: Mapping[str, str], fields: Iterable[str]) -> pd.DataFrame:
        return typed_frame(rows, types, fields, agency=self.agency, year=self.year, form=self.form)

    @cached_property
    def cells(self) -> pd.DataFrame:
        """One row a statutory cell found in the document.

        Returns
        -------
        pandas.DataFrame
            Columns ``agency year form table line column value printed status unit page place method confidence``. `value` is
            Float64 in the form's unit (amounts in 万元), null unless `status` is ``reported``; `status` is one of ``reported``,
            ``blank``, ``not_applicable``, ``unreadable``. `method` is ``grid``, ``text``, ``ocr`` or ``glued``. `confidence`
            is Float64, how sure optical recognition is of what it read first, null where nothing had to be recognised. A cell
            that the document does not show has no row: `notes` says so.
        """
        return self._frame(self.read_cells, CELL_TYPES, ReadCell._fields)

    @cached_property
    def claims(self) -> pd.DataFrame:
        """One row a figure that a sentence claims about disclosure.

        Returns
        -------
        pandas.DataFrame
            Columns ``agency year target value low high unit qualifier quote start end scope page place``. `target` is
            ``table/line/column`` of what the figure would be in the tables (also the lines ``refused``, ``unable``,
            ``not_processed``, ``other`` and ``litigation``, two lines joined by ``+``, and the column ``organisations``), empty
            where the tables have no such cell. `low` and `high` are an interval where the sentence says 余, 近, 约, 超 …; `high`
            is null where there is no upper bound. `qualifier` is that word, ``all`` where a sentence says 均已办结 of a figure
            before, ``change`` and ``growth`` (in percent) for comparisons with another year, ``share`` for a percentage of the
            figure before, else empty. `quote` is ``text[start:end]``. `year` is the one that the sentence speaks of, `scope` whom
            (全区, 本机关), or the channel that the requests came by.
        """
        return self._frame(self.read_claims, CLAIM_TYPES, Claim._fields)

    @cached_property
    def notes(self) -> pd.DataFrame:
        """One row for everything that could not be read or decided.

        Returns
        -------
        pandas.DataFrame
            Columns ``agency year kind table line column printed page place message_zh message_en``.
        """
        return self._frame(self.read_notes, NOTE_TYPES, Note._fields)

    def content(self) -> bytes:
        """Return the document that the report was read from.

        Raises
        ------
        UnreadableDocument
            The file is gone, or has changed since it was read.
        """
        if self.origin is None:
            raise UnreadableDocument.worded("no_document", source=self.source)
        if isinstance(self.origin, bytes):
            return self.origin
        try:
            content = Path(self.origin).read_bytes()
        except OSError as error:
            raise UnreadableDocument.worded("document_gone", source=self.origin, reason=error.strerror) from error
        if hashlib.sha256(content).hexdigest() != self.sha256:
            raise UnreadableDocument.worded("document_changed", source=self.origin)
        return content

    def with_cells(self, cells: pd.DataFrame) -> Self:
        """Return the same report with other cells, for what-if questions and exercises.

        Parameters
        ----------
        cells : pandas.DataFrame
            The columns of `cells`, without those that tell reports apart; such as `govstats.simulate.plant` returns.

        Returns
        -------
        Report
            Its document is still the one that was read; `govstats.repairs` looks there.

        Raises
        ------
        UnusableCells
            The frame lacks a column.
        """
        names = list(ReadCell._fields)
        require_columns(cells, names, "cells", "Report.cells")
        plain = cells[names].astype(object)
        rows = plain.where(plain.notna(), None).itertuples(index=False, name=None)
        return replace(self, read_cells=tuple(ReadCell(*row) for row in rows))

    @property
    def statutory_form(self) -> Form:
        """The form the report was read with."""
        return form(self.form)


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
def corpus_folder() -> Path:
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
    raise UnknownReport.worded("corpus_not_installed", looked=" and ".join(map(str, places)))


@cache
def _hashes() -> frozenset[str]:
    try:
        package = json.loads((corpus_folder() / "datapackage.json").read_text("utf-8"))
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
    return report.sha256 in _hashes()


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
