"""A document as tokens, a record a row: a stub of labels and the figures beside it, in reading order, whatever the format."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import zip_longest
from typing import Literal

from govstats.characters import figure, is_figure, normalised
from govstats.documents import Cell, Document, Grid, Paragraph
from govstats.forms import Form
from govstats.recognition.labels import column_index, header_words, key, line_index, printed_labels, table_words

#: The longest label of the form has 45 characters; a longer line is prose, or a whole page in one line.
LONGEST_LABEL = 60
_PAGE_NUMBER = re.compile(r"[-—–·.\s]+\d{1,4}[-—–·.\s]+|第\s*\d{1,4}\s*页.{0,12}|-+\d{1,4}-+")
#: A figure with a mark that makes it unreadable is no label: 5①, 0?, 12 3, nor is what recognition could not read.
_SPOILT_FIGURE = re.compile(r"\d[\d,.\s]*\d|\d+[^\d\w、.．,)）\s]{1,3}\d*|\d+[①-⑳²³]|[\d\W①-⑳]*[□�\ufffc][\d\W]*")
_DIGIT = re.compile(r"\d")
_GLUED_NUMBER = re.compile(r"\d{2,}[.、](?!\d)")
_NUMBERED = re.compile(r"[一二三四五六七八九十]{1,3}、|[(（][一二三四五六七八九十]{1,3}[)）]|\d{1,2}[.、](?!\d)")
#: A line of text that names fewer lines and columns is a sentence.
_FEWEST_LABELS = 4
#: A row of at least so many blank cells is a row of a table, a shorter one a spacer.
_FEWEST_BLANKS = 5
_MANY_SPACES = re.compile(r"\s{2,}|\t|\s*\|\s*")
#: Words that stand in a column of units, or between a label and its figures.
UNITS = frozenset("条 件 次 元 万元 个 份 人 项".split())


Kind = Literal["label", "figure", "blank"]


@dataclass(slots=True, eq=False)
class Record:
    """Figures that stand in one row, and the labels that stand with or before them.

    Attributes
    ----------
    labels : sequence of Cell
        The stub of the row itself.
    before : sequence of Cell
        Labels without figures that stand between the record before and this one: headers, headings, torn labels.
    fields : sequence of Cell
        What stands right of the stub, in order.
    grid : Grid or None
        The grid the row belongs to; none in running text.
    row : int
        The number of the row in its grid.
    order : int
        The number of the record in the document.
    figures : list of Cell
        The fields that are not blank.
    """

    labels: Sequence[Cell]
    before: Sequence[Cell]
    fields: Sequence[Cell]
    grid: Grid | None = None
    row: int = 0
    order: int = 0
    figures: list[Cell] = field(init=False)

    def __post_init__(self) -> None:
        self.figures = [piece for piece in self.fields if kind(piece.text) != "blank"]

    @property
    def place(self) -> str:
        """Where the record begins."""
        return next((piece.place for piece in (*self.labels, *self.fields)), "")

    @property
    def printed(self) -> str:
        """What stands right of the stub, for a note."""
        return " ".join(piece.text for piece in self.fields if piece.text)

    @property
    def words(self) -> list[str]:
        """The figures as they stand apart; a gap inside a cell parts two."""
        return [word for piece in self.figures for word in piece.text.split()]


@dataclass(slots=True)
class _Reader:
    """Collects records; labels without figures wait for the figures that follow them."""

    form: Form
    header: frozenset[str]
    records: list[Record] = field(default_factory=list)
    waiting: list[Cell] = field(default_factory=list)
    running: list[Cell] = field(default_factory=list)

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
        kinds_of = [tuple([kind(cell.text) for cell in cells]) for cells in grid.rows]
        stubs = [_stub(kinds) for kinds in kinds_of]
        # where the figures of most rows begin: what stands there is a field, though it be no figure (约39, 见备注)
        begins = Counter(cells[stub].column for cells, (stub, figures) in zip(grid.rows, stubs, strict=True) if figures)
        usual = max(begins, key=lambda column: (begins[column], -column), default=0) if grid.aligned else 0
        for number, (cells, kinds, (stub, figures)) in enumerate(zip(grid.rows, kinds_of, stubs, strict=True)):
            odd = figures and usual and stub > 1 and cells[stub - 1].column == usual and not self.is_known(cells[stub - 1])
            end = stub - 1 if odd else stub
            labels = [cell for cell, what in zip(cells[:end], kinds, strict=False) if what == "label"]
            # a line whose every cell is blank is a record as well; a header has labels to its end
            spacer = end == 0 and len(cells) < _FEWEST_BLANKS
            if not figures and (spacer or (end > 0 and (end == len(cells) or any(map(self.is_header, labels))))):
                self.waiting += labels
                continue
            self.add(Record(labels, self.waiting, cells[end:], grid, number))
            if number == 0 and not figures:
                # or the title of the grid, spread over its columns
                self.waiting += labels

    def is_header(self, label: Cell) -> bool:
        return key(label.text).word in self.header

    def is_known(self, label: Cell) -> bool:
        """Tell whether the form has a label."""
        return any(line_index(table).find(label.text) for table in self.form.tables) or self.is_header(label)

    def paragraph(self, paragraph: Paragraph) -> None:
        pieces = _pieces(paragraph, self.form)
        kinds = [kind(piece.text) for piece in pieces]
        several = kinds.count("figure") > 1 or len(set(kinds)) > 1
        if several:
            self.close()
        for piece, what in zip(pieces, kinds, strict=True):
            if what == "label":
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
            reader.grid(_upright(block, form))
        else:
            reader.paragraph(block)
    reader.close()
    return reader.records


def _upright(grid: Grid, form: Form) -> Grid:
    """Turn a grid whose columns are the lines of a table: their labels stand above and right of those of the columns."""
    words = {(cell.row, cell.column): key(cell.text).word for row in grid.rows for cell in row if kind(cell.text) == "label"}
    for table in form.tables if grid.aligned else ():
        lines, columns = line_index(table).exact.keys(), column_index(table).exact.keys()
        of_lines, of_columns = (
            _first([at for at, word in words.items() if word in own]) for own in (lines - columns, columns - lines)
        )
        if not table.lines_across and of_lines and of_columns and of_lines[0] < of_columns[0] and of_lines[1] > of_columns[1]:
            rows: list[list[Cell]] = [[] for _ in range(1 + max(cell.column for row in grid.rows for cell in row))]
            for cell in (cell for row in grid.rows for cell in row):
                rows[cell.column].append(Cell(cell.text, cell.column, cell.row, cell.colspan, cell.rowspan, *cell[5:]))
            return grid._replace(rows=[tuple(row) for row in rows])
    return grid


def _first(places: Sequence[tuple[int, int]]) -> tuple[int, int] | None:
    """Return the first row and the first column of some places."""
    return (min(row for row, _ in places), min(column for _, column in places)) if places else None


@lru_cache(maxsize=8192)
def kind(text: str) -> Kind:
    """Tell a label, a figure and a blank apart."""
    if len(text) > 40:
        return "label"
    status = figure(text).status
    if status == "blank":
        return "blank"
    return "label" if status == "unreadable" and not _SPOILT_FIGURE.fullmatch(text) else "figure"


def _stub(kinds: tuple[Kind, ...]) -> tuple[int, bool]:
    """Return how many cells of a row are its stub, and whether figures follow.

    A table may number its rows in a column of its own.
    """
    following = next((what for what in kinds[1:] if what != "blank"), "")
    start = 1 if kinds[:1] == ("figure",) and following == "label" else 0
    first = next((i for i, what in enumerate(kinds) if what == "figure" and i >= start), len(kinds))
    return max((i + 1 for i, what in enumerate(kinds[:first]) if what == "label"), default=0), first < len(kinds)


def _pieces(paragraph: Paragraph, form: Form) -> list[Cell]:
    """Part a line of text into labels and figures."""
    return [Cell(part, 0, 0, place=paragraph.place, page=paragraph.page) for part in _parts(paragraph.text, form)]


def _parts(text: str, form: Form) -> Sequence[str]:
    if _PAGE_NUMBER.fullmatch(text):
        return ()
    columns = _MANY_SPACES.split(text)
    # a row of columns may be long, however wide they are set
    label, figures = _row(text) if len(text) < 4 * LONGEST_LABEL else (text, [])
    few = len(columns) < 4 and not (figures and len(label) <= LONGEST_LABEL)
    if len(text) > LONGEST_LABEL and few and label:
        return _running_text(text, form) or [text]
    parts: list[str] = []
    for part in filter(None, columns):
        label, figures = _row(part)
        if not label:
            parts += figures
        elif figures:
            parts += [label, *figures]
        else:
            parts += _running_text(part, form) or [part]
    return parts


def _row(text: str) -> tuple[str, list[str]]:
    """Part a label from the figures behind it; a text with a figure elsewhere, or at its end, is no label."""
    tokens: list[str] = []
    for token in text.split():
        if token in UNITS and tokens and is_figure(tokens[-1]):
            tokens[-1] += f" {token}"
        else:
            tokens.append(token)
    end = len(tokens)
    while end and is_figure(tokens[end - 1]):
        end -= 1
    if any(is_figure(token) for token in tokens[:end]) or (end and tokens[end - 1][-1].isdecimal()):
        return text, []
    return " ".join(tokens[:end]), tokens[end:]


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
        numbered = leading and apart and leading < len(tokens) and _NUMBERED.match(tokens[leading])
        if leading == len(tokens) or numbered or (following is None and leading and apart and _other_text(tokens[leading])):
            parts += [name, *tokens[:leading]]
            figures_seen = figures_seen or leading > 0
            if numbered:
                # a misprinted label of the form, or a heading
                label_of, figures = _row(" ".join(tokens[leading:]))
                parts += [label_of, *figures]
        else:
            parts.append(f"{name}{between}".strip())
    return parts if figures_seen else []


def _other_text(text: str) -> bool:
    """Tell a new text after a table (附件下载) from the rest of a sentence (件，其中…)."""
    return text[0].isalpha() and text[0] not in "条件次元个份人项宗起万亿余多年月"
