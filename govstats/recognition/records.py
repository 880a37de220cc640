"""A document as records: a stub of labels and the figures beside it, in reading order, whatever the format."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import zip_longest
from typing import Literal, NamedTuple

from govstats.characters import figure, is_figure, normalised
from govstats.documents import Document, Grid, Paragraph
from govstats.forms import Form
from govstats.recognition.labels import header_words, key, printed_labels, table_words

#: The longest label of the form has 45 characters; a longer line is prose, or a whole page in one line.
LONGEST_LABEL = 60
_TRAILING_FIGURES = re.compile(r"(?P<label>.*?[^\d\s.,+\-/])\s+(?P<figures>[\d.,+\-/－—][^\s]*(?:\s+[\d.,+\-/－—][^\s]*)*)")
_PAGE_NUMBER = re.compile(r"[-—–·.\s]+\d{1,4}[-—–·.\s]+|第\s*\d{1,4}\s*页.{0,12}|-+\d{1,4}-+")
#: A figure with a mark that makes it unreadable is no label: 5①, 0?, 12 3, nor is what recognition could not read.
_SPOILT_FIGURE = re.compile(r"\d[\d,.\s]*\d|\d+[^\d\w、.．,)）\s]{1,3}\d*|\d+[①-⑳²³]|[□�]+")
_DIGIT = re.compile(r"\d")
_GLUED_NUMBER = re.compile(r"\d{2,}[.、](?!\d)")
#: A line of text that names fewer lines and columns is a sentence.
_FEWEST_LABELS = 4
_MANY_SPACES = re.compile(r"\s{2,}|\t|\s*\|\s*")
#: Words that stand in a column of units, or between a label and its figures.
UNITS = frozenset("条 件 次 元 万元 个 份 人 项".split())


class Field(NamedTuple):
    """A piece of a record: a label, a figure or a blank, with the grid columns it spans."""

    text: str
    kind: Literal["label", "figure", "blank"]
    column: int
    colspan: int
    place: str
    page: int | None
    row: int = 0
    readings: tuple[str, ...] = ()
    confidence: float | None = None


@dataclass(slots=True)
class Record:
    """Figures that stand in one row, and the labels that stand with or before them.

    Attributes
    ----------
    labels : list of Field
        The stub of the row itself.
    before : list of Field
        Labels without figures that stand between the record before and this one: headers, headings, torn labels.
    fields : list of Field
        What stands right of the stub, in order.
    grid : Grid or None
        The grid the row belongs to; none in running text.
    row : int
        The number of the row in its grid.
    order : int
        The number of the record in the document.
    figures : list of Field
        The fields that are not blank.
    """

    labels: list[Field]
    before: list[Field]
    fields: list[Field]
    grid: Grid | None = None
    row: int = 0
    order: int = 0
    figures: list[Field] = field(init=False)

    def __post_init__(self) -> None:
        self.figures = [piece for piece in self.fields if piece.kind != "blank"]

    @property
    def place(self) -> str:
        """Where the record begins."""
        return next((piece.place for piece in (*self.labels, *self.fields)), "")

    @property
    def printed(self) -> str:
        """What stands right of the stub, for a note."""
        return " ".join(piece.text for piece in self.fields if piece.text)


@dataclass(slots=True)
class _Reader:
    """Collects records; labels without figures wait for the figures that follow them."""

    form: Form
    header: frozenset[str]
    records: list[Record] = field(default_factory=list)
    waiting: list[Field] = field(default_factory=list)
    running: list[Field] = field(default_factory=list)

    def close(self) -> None:
        """End a record of running text, whose cells may stand one a line."""
        if self.running:
            self.add(Record([], self.waiting, self.running))
            self.running = []

    def add(self, record: Record) -> None:
        record.order = len(self.records)
        self.records.append(record)
        self.waiting = []

    def grid(self, grid: Grid) -> None:
        self.close()
        for number, cells in enumerate(grid.rows):
            fields = [
                Field(c.text, _kind(c.text), c.column, c.colspan, c.place, c.page, c.row, c.readings, c.confidence) for c in cells
            ]
            start = _after_serial_number(fields)
            first = next((i for i, piece in enumerate(fields) if piece.kind == "figure" and i >= start), len(fields))
            stub = max((i + 1 for i, piece in enumerate(fields[:first]) if piece.kind == "label"), default=0)
            # a line whose every cell is blank is a record as well; a header has labels to its end
            headed = any(key(piece.text).word in self.header for piece in fields[:stub] if piece.kind == "label")
            if first == len(fields) and (stub in {0, len(fields)} or headed):
                self.waiting += [piece for piece in fields if piece.kind == "label"]
                continue
            labels = [piece for piece in fields[:stub] if piece.kind == "label"]
            self.add(Record(labels, self.waiting, fields[stub:], grid, number))
            if number == 0 and first == len(fields):
                # or the title of the grid, spread over its columns
                self.waiting += labels

    def paragraph(self, paragraph: Paragraph) -> None:
        pieces = _pieces(paragraph, self.form)
        several = sum(piece.kind == "figure" for piece in pieces) > 1 or len({piece.kind for piece in pieces}) > 1
        if several:
            self.close()
        for piece in pieces:
            if piece.kind == "label":
                self.close()
                self.waiting.append(piece)
            else:
                self.running.append(piece)
        if several:
            self.close()


def records(document: Document, form: Form) -> list[Record]:
    """Return the records of a document, in reading order.

    Parameters
    ----------
    document : Document
        Of any format.
    form : Form
        Whose labels part figures from labels where a page came as one line of text.

    Returns
    -------
    list of Record
        Of the statutory tables and of whatever else stands in the document with figures beside a label.
    """
    reader = _Reader(form, header_words(form))
    for block in document.blocks:
        if isinstance(block, Grid):
            reader.grid(block)
        else:
            reader.paragraph(block)
    reader.close()
    return reader.records


@lru_cache(maxsize=8192)
def _kind(text: str) -> Literal["label", "figure", "blank"]:
    if len(text) > 40:
        return "label"
    status = figure(text).status
    if status == "blank":
        return "blank"
    return "label" if status == "unreadable" and not _SPOILT_FIGURE.fullmatch(text) else "figure"


def _after_serial_number(fields: list[Field]) -> int:
    """Return where the label begins: a table may number its rows in a column of its own."""
    following = next((piece.kind for piece in fields[1:] if piece.kind != "blank"), "")
    return 1 if fields and fields[0].kind == "figure" and following == "label" else 0


def _pieces(paragraph: Paragraph, form: Form) -> list[Field]:
    """Part a line of text into labels and figures."""

    def piece(text: str) -> Field:
        return Field(text, _kind(text), 0, 1, paragraph.place, paragraph.page)

    text = paragraph.text
    if _PAGE_NUMBER.fullmatch(text):
        return []
    # a row of columns may be long, however wide they are set
    row = _TRAILING_FIGURES.fullmatch(text) if len(text) < 4 * LONGEST_LABEL else None
    few = len(_MANY_SPACES.split(text)) < 4 and not (row and len(row["label"]) <= LONGEST_LABEL)
    if len(text) > LONGEST_LABEL and few and not all(is_figure(token) for token in text.split()):
        return [piece(part) for part in _running_text(text, form)] or [piece(text)]
    pieces = []
    for part in _MANY_SPACES.split(text):
        match = None if is_figure(part) else _TRAILING_FIGURES.fullmatch(part)
        if all(is_figure(token) for token in part.split()):
            pieces += [piece(token) for token in part.split()]
        elif match and all(is_figure(token) for token in match["figures"].split()):
            pieces += [piece(match["label"]), *(piece(token) for token in match["figures"].split())]
        elif part:
            pieces += [piece(token) for token in _running_text(part, form)] or [piece(part)]
    return pieces


def _running_text(text: str, form: Form) -> list[str]:
    """Part text at the labels of the form; empty where no figure stands between two labels and nothing else."""
    compared = normalised(text)
    if not _DIGIT.search(compared) or (
        len(text) > LONGEST_LABEL and sum(w in compared for w in table_words(form)) < _FEWEST_LABELS
    ):
        return []
    # labels are sought in normalised text; what is printed is cut out of the document's own wherever the two run in step
    text = text if len(text) == len(compared) else compared
    glued = _GLUED_NUMBER.search(compared) is not None
    found = list(printed_labels(form, glued=glued).finditer(compared))
    parts: list[str] = []
    figures_seen = False
    for label, following in zip_longest(found, found[1:]):
        between = text[label.end() : following.start() if following else len(text)]
        tokens = between.split()
        while tokens and tokens[0] in UNITS:
            tokens.pop(0)
        # the unit ran together with its figures (条294981916)
        joined = bool(tokens) and tokens[0][0] in UNITS and tokens[0][1:].isdecimal()
        if joined:
            tokens[0] = tokens[0][1:]
        leading = 0
        while leading < len(tokens) and is_figure(tokens[leading]):
            leading += 1
        name = text[label.start() : label.end()].strip()
        # after the last label of a page other text may follow; elsewhere text between labels is a sentence
        apart = joined or between[:1].isspace()
        if leading == len(tokens) or (following is None and leading and apart and _other_text(tokens[leading])):
            parts += [name, *tokens[:leading]]
            figures_seen = figures_seen or leading > 0
        else:
            parts.append(f"{name}{between}".strip())
    return parts if figures_seen else []


def _other_text(text: str) -> bool:
    """Tell a new text after a table (附件下载) from the rest of a sentence (件，其中…)."""
    return text[0].isalpha() and text[0] not in "条件次元个份人项宗起万亿余多年月"
