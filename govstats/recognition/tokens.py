"""A document as tokens, a record a row: a stub of labels and the figures beside it, in reading order, whatever the format."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, groupby, takewhile, zip_longest
from operator import attrgetter, itemgetter

from govstats.characters import figure, is_figure, normalised
from govstats.documents import Cell, Document, Grid, Paragraph
from govstats.documents.document import NUMBERING, PAGE_NUMBER
from govstats.forms import Form
from govstats.recognition.labels import form_words, header_words, key, own_words, printed_labels, table_words, words_of

#: The longest label of the form has 45 characters; a longer line is prose, or a whole page in one line.
LONGEST_LABEL = 60
#: A figure with a mark that makes it unreadable is no label: 5①, 0?, 12 3, nor is what recognition could not read.
_SPOILT_FIGURE = re.compile(r"\d[\d,.\s]*\d|\d+[^\d\w、.．,)）\s]{1,3}\d*|\d+[①-⑳²³]|[\d\W①-⑳]*[□�\ufffc][\d\W]*")
_DIGIT = re.compile(r"\d")
_GLUED_NUMBER = re.compile(r"\d{2,}[.、](?!\d)")
#: A new text after a table (附件下载), not the rest of a sentence (件，其中…).
_NEW_TEXT = re.compile(r"[^\W\d_条件次元个份人项宗起万亿余多年月]")
#: A line of text that names fewer lines and columns is a sentence.
_FEWEST_LABELS = 4
#: A row of at least so many blank cells is a row of a table, a shorter one a spacer.
_FEWEST_BLANKS = 5
#: So many figures that count on number columns or rows.
_FEWEST_NUMBERS = 5
_MANY_SPACES = re.compile(r"\s*\|\s*|\s{2,}|\t")
#: Words that stand in a column of units, or between a label and its figures.
UNITS = frozenset("条 件 次 元 万元 个 份 人 项".split())
_UNIT = "|".join(sorted(UNITS, key=len, reverse=True))
_BETWEEN_TOKENS = re.compile(rf"\s+(?!(?:{_UNIT})(?:\s|$))")
#: What parts a label from its figures; a unit may run together with them (条294981916).
_GAP = re.compile(rf"\s*(?:{_UNIT})(?=\s|\d|$)|\s+")
_ROW, _COLUMN = attrgetter("row"), attrgetter("column")
#: The kinds of cells.
LABEL, FIGURE, BLANK = "lfb"
#: The stub of a row of labels, figures and blanks; a table may number its rows in a column of its own.
_STUB = re.compile("(?:fb*(?=l))?(?:[bl]*l)?")


#: Running text as a grid: it has no columns, and leaves out what is blank.
TEXT = Grid((), aligned=False, bounded=False, place="")

#: The stub of a row, its fields, their kinds, its grid and its number there; without fields where labels stand alone.
_Row = tuple[Sequence[Cell], Sequence[Cell], str, Grid, int]


@dataclass(eq=False)
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
    kinds : str
        The kinds of the fields, see `kinds`.
    figures : list of Cell
        The fields that are not blank.
    words : list of str
        The figures as they stand apart; a gap inside a cell parts two.
    grid : Grid
        The grid the row belongs to; `TEXT` in running text.
    row : int
        The number of the row in its grid.
    order : int
        The number of the record in the document.
    """

    labels: Sequence[Cell]
    before: Sequence[Cell]
    fields: Sequence[Cell]
    kinds: str
    grid: Grid
    row: int
    order: int

    def __post_init__(self) -> None:
        self.figures = [piece for piece, kind in zip(self.fields, self.kinds, strict=True) if kind != BLANK]
        self.words = " ".join([piece.text for piece in self.figures]).split()

    @property
    def place(self) -> str:
        """Where the record begins."""
        return next((piece.place for piece in (*self.labels, *self.fields)), "")

    @property
    def printed(self) -> str:
        """What stands right of the stub, for a note."""
        return " ".join(piece.text for piece in self.fields if piece.text)


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
    found: list[Record] = []
    waiting: list[Cell] = []
    for is_grid, blocks in groupby(document.blocks, lambda block: isinstance(block, Grid)):
        for labels, fields, of_fields, grid, row in (_rows_of_grids if is_grid else _rows_of_text)(blocks, form):  # type: ignore[arg-type]
            if fields and not _numbers_columns(labels, fields):
                found.append(Record(labels, waiting, fields, of_fields, grid, row, len(found)))
                waiting = []
            else:
                # labels without figures wait for the figures that follow them
                waiting += labels
    return found


def _numbers_columns(labels: Sequence[Cell], fields: Sequence[Cell]) -> bool:
    """Tell a row that numbers the columns of a table, from the stub or behind it on: no row of the form counts on and adds up."""
    counts = [figure(piece.text).value or 0 for piece in fields]
    return not labels and len(counts) >= _FEWEST_NUMBERS and counts == [counts[0] + at for at in range(len(counts))]


def _without_line_numbers(grid: Grid) -> Grid:
    """Drop what numbers every row, its header too, as an editor numbers lines: it is no figure of the row."""
    first = [figure(row[0].text).value for row in grid.rows if row]
    numbered = len(first) >= _FEWEST_NUMBERS and first[0] is not None and first == [first[0] + at for at in range(len(first))]
    return grid._replace(rows=[row[1:] for row in grid.rows]) if numbered else grid


def _upright(grid: Grid, form: Form) -> Grid:
    """Turn a grid whose columns are the lines of a table: their labels stand above and right of those of the columns."""
    cells = list(chain(*grid.rows))
    for table in form.tables if grid.aligned else ():
        of_lines, of_columns = own_words(table)
        words = (key(cell.text).word for cell in cells if _kind(cell.text) == LABEL)
        # most grids have the label of a column first
        if table.lines_across or next(filter((of_lines | of_columns).__contains__, words), "") not in of_lines:
            continue
        lines, columns = ([cell for cell in cells if key(cell.text).word in own] for own in own_words(table))
        above = columns and min(map(_ROW, lines)) < min(map(_ROW, columns))
        if above and min(map(_COLUMN, lines)) > min(map(_COLUMN, columns)):
            turned = [
                cell._replace(row=cell.column, column=cell.row, rowspan=cell.colspan, colspan=cell.rowspan) for cell in cells
            ]
            by_row = {row: tuple(of_row) for row, of_row in groupby(sorted(turned, key=itemgetter(1, 2)), _ROW)}
            return grid._replace(rows=[by_row.get(number, ()) for number in range(1 + max(by_row))])
    return grid


@lru_cache(maxsize=8192)
def _kind(text: str) -> str:
    status = figure(text).status
    if status == "blank":
        return BLANK
    return LABEL if status == "unreadable" and not _SPOILT_FIGURE.fullmatch(text) else FIGURE


def kinds(cells: Iterable[Cell]) -> str:
    """Tell labels, figures and blanks apart, by a letter for each cell."""
    return "".join([_kind(cell.text) for cell in cells])


def _rows_of_grids(grids: Iterable[Grid], form: Form) -> Iterator[_Row]:
    of_form, of_headers = form_words(form), header_words(form)
    for grid in (_upright(_without_line_numbers(one), form) for one in grids):
        kinds_of = list(map(kinds, grid.rows))
        rows = [(cells, each, len(_STUB.findall(each)[0])) for cells, each in zip(grid.rows, kinds_of, strict=True)]
        # where the figures of most rows begin: what stands there is a field, though it be no figure (约39, 见备注)
        begins = Counter([cells[stub].column for cells, each, stub in rows if FIGURE in each[stub:] and grid.aligned])
        usual = max(begins, key=lambda column: (begins[column], -column), default=0)
        for number, (cells, each, stub) in enumerate(rows):
            figures = FIGURE in each[stub:]
            odd = figures and stub > 1 and cells[stub - 1].column == usual > 0 and key(cells[stub - 1].text).word not in of_form
            end = stub - 1 if odd else stub
            labels = [cell for cell, what in zip(cells[:end], each, strict=False) if what == LABEL]
            header = end == len(cells) or not of_headers.isdisjoint(words_of(labels))
            is_row = figures or (not header if end else len(cells) >= _FEWEST_BLANKS)
            if is_row:
                yield labels, cells[end:], each[end:], grid, number
            if not is_row or (number == 0 and not figures):
                # a header, or the title of the grid, spread over its columns
                yield labels, (), "", TEXT, 0


def _rows_of_text(paragraphs: Iterable[Paragraph], form: Form) -> Iterator[_Row]:
    """Yield labels, and figures that stand in one line, or one a line."""
    pieces = [
        (_kind(part) == LABEL, number if len(parts) > 1 else 0, Cell(part, 0, 0, place=line.place, page=line.page))
        for number, line in enumerate(paragraphs, start=1)
        for parts in [_parts(line.text, form)]
        for part in parts
    ]
    for (is_label, _), group in groupby(pieces, itemgetter(0, 1)):
        cells = [cell for *_, cell in group]
        yield (cells, (), "", TEXT, 0) if is_label else ((), cells, kinds(cells), TEXT, 0)


def _parts(text: str, form: Form) -> Sequence[str]:
    """Part a line of text into labels and figures."""
    # a number alone is a figure
    if PAGE_NUMBER.fullmatch(text) and not text[0].isdecimal():
        return ()
    columns = _MANY_SPACES.split(text)
    # a row of columns may be long, however wide they are set
    parts = [text] if len(columns) < _FEWEST_LABELS and len(text) > LONGEST_LABEL else _with_blanks(columns)
    pieces: list[str] = []
    for part in parts:
        # between pipes a gap parts no figures, but the thousands of one
        is_cell = "|" in text and all(map(is_figure, part.split()))
        pieces += [part] if is_cell else _row(part) or _running_text(part, form) or [part]
    return pieces


def _with_blanks(columns: Sequence[str]) -> list[str]:
    """Drop what is empty in a line of columns, but for blanks between figures."""
    figures = [at for at, text in enumerate(columns) if is_figure(text)]
    return [text for at, text in enumerate(columns) if text or (figures and figures[0] < at < figures[-1])]


def _row(text: str) -> list[str]:
    """Part a label from the figures behind it; empty where there is none, or a figure stands elsewhere, or ends the label."""
    tokens = _BETWEEN_TOKENS.split(text.strip())
    figures = list(takewhile(is_figure, reversed(tokens)))[::-1]
    words = tokens[: len(tokens) - len(figures)]
    label = " ".join(words)
    no_label = len(label) > LONGEST_LABEL or label[-1:].isdecimal() or any(map(is_figure, words))
    return [] if no_label or not figures else [*filter(None, [label]), *figures]


def _running_text(text: str, form: Form) -> list[str]:
    """Part text at the labels of the form; empty where no figure stands between two labels and nothing else."""
    compared = normalised(text)
    if not _DIGIT.search(compared):
        return []
    if len(text) > LONGEST_LABEL and sum([word in compared for word in table_words(form)]) < _FEWEST_LABELS:
        return []
    found = list(printed_labels(form, glued=_GLUED_NUMBER.search(compared) is not None).finditer(compared))
    # labels are sought in normalised text; what is printed is cut out of the document's own wherever the two run in step
    text = text if len(text) == len(compared) else compared
    parts: list[str] = []
    for label, following in zip_longest(found, found[1:]):
        name = text[label.start() : label.end()].strip()
        between = text[label.end() : following.start() if following else len(text)]
        gap = _GAP.match(between)
        tokens = between[gap.end() if gap else 0 :].split()
        figures = list(takewhile(is_figure, tokens))
        other = " ".join(tokens[len(figures) :])
        apart = bool(figures and gap)
        if not other or (apart and following is None and _NEW_TEXT.match(other)):
            parts += [name, *figures]
        elif apart and NUMBERING.match(other):
            # a misprinted label of the form, or a heading; any other text between labels is a sentence
            parts += [name, *figures, *(_row(other) or [other])]
        else:
            parts.append(f"{name}{between}".strip())
    return parts if any(map(is_figure, parts)) else []
