"""Workbooks (xlsx, xls, ods) and comma-separated values."""

from __future__ import annotations

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from itertools import chain, groupby, pairwise, product

from govstats.characters import is_figure
from govstats.documents.document import NO_TEXT, SECTION, WIDE, Block, Cell, Grid, Paragraph
from govstats.documents.limits import require
from govstats.errors import MissingReader, UnreadableDocument

#: A formula whose value no program has computed yet (`openpyxl` writes such) shows nothing, and is no blank.
_NOT_COMPUTED = re.compile(rb'<c r="([A-Z]+)(\d+)"[^>]*>\s*<f(?:[^>]*/>|[^>]*>[^<]*</f>)\s*(?:<v\s*/>|<v></v>)?\s*</c>')
#: The place that a cell says it has, and a number that rows may begin with.
_PLACED, _NUMBER = re.compile(rb'<c [^>]*?r="([A-Z]{1,3})(\d{1,7})"'), re.compile(r"\d{1,4}")
#: How often a row of an OpenDocument sheet stands there that holds something, and a cell; empty ones to its end count for none.
_ROWS_REPEATED = re.compile(
    rb'<table:table-row[^>]*?number-rows-repeated="(\d{1,9})"[^>]*>(?:\s*<table:table-cell[^>]*/>)*\s*<table:table-cell[^>]*[^/]>'
)
_CELLS_REPEATED = re.compile(rb'<table:table-cell[^>]*?number-columns-repeated="(\d{1,9})"[^>]*(?<!/)>')
#: What tells comma-separated values from text: so many rows of as many short fields follow one another, and there are figures in
#: so many of them, or in a whole row.
_FEWEST_ROWS, _FEWEST_FIELDS, _LONGEST_FIELD = 2, 3, 60
#: A cell of several lines, as Excel copies it among tabs.
_QUOTED_LINES = re.compile(r'(?m)(?:^|\t)"[^"\t\n]*\n[^"\t]*"(?=\t)|\t"[^"\t\n]*\n[^"\t]*"$')
#: A row of one text that is so long and stands between tables is a sentence.
_SENTENCE = 40


def read_workbook(content: bytes, name: str) -> tuple[Block, ...]:
    """Read the sheets of a workbook that are shown.

    Parameters
    ----------
    content : bytes
        The workbook.
    name : str
        For error messages.

    Returns
    -------
    tuple of Paragraph or Grid
        A grid for each run of rows without an empty one between them; a row alone with one text is a paragraph.

    Raises
    ------
    MissingReader
        python-calamine is not installed (the extra ``excel``).
    UnreadableDocument
        The workbook is damaged, locked, or larger than a report.
    """
    try:
        from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum
    except ImportError as error:
        raise MissingReader.of(f"{name}: reading workbooks", error, "excel") from error
    blocks: list[Block] = []
    try:
        open_formulas = _not_computed(content, name)
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        for number, kind in enumerate(book.sheets_metadata):
            if kind.visible != SheetVisibleEnum.Visible:
                continue
            sheet = book.get_sheet_by_index(number)
            height, width = (last + 1 for last in sheet.end or (-1, -1))
            require("fields", height * width, f"{name}, sheet {sheet.name}")
            spans = {
                (top, left): (min(down + 1, height) - top, min(right + 1, width) - left)
                for (top, left), (down, right) in sheet.merged_cell_ranges or ()
            }
            rows = [[_text(value) for value in row] for row in sheet.to_python(skip_empty_area=False)]
            for row, column in open_formulas:
                if row < len(rows) and column < len(rows[row]):
                    rows[row][column] = rows[row][column] or NO_TEXT
            blocks += _blocks(rows, spans, f"sheet {sheet.name}")
    except (CalamineError, OSError, zipfile.BadZipFile, zlib.error, RuntimeError) as error:
        raise UnreadableDocument.worded("damaged_workbook", name=name, error=error) from error
    return tuple(blocks)


def _not_computed(content: bytes, name: str) -> set[tuple[int, int]]:
    """Return rows and columns in which a formula without a value stands, in whatever sheet of the workbook.

    A workbook that unpacks to more than a report has is refused before it is unpacked, and a sheet before room is made for all
    fields up to its last one.
    """
    if not zipfile.is_zipfile(io.BytesIO(content)):
        return set()
    found: set[tuple[int, int]] = set()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for entry in archive.infolist():
            require("part", entry.file_size, f"{name}, {entry.filename:.60}")
            if entry.filename == "content.xml":
                sheet = archive.read(entry)
                rows, columns = (max(map(int, often.findall(sheet)), default=1) for often in (_ROWS_REPEATED, _CELLS_REPEATED))
                require("fields", rows * columns, name)
            elif re.fullmatch(r"xl/worksheets/[^/]+\.xml", entry.filename):
                sheet = archive.read(entry)
                rows, columns = (max(numbers) + 1 for numbers in zip((0, 0), *map(_numbers, _PLACED.findall(sheet)), strict=True))
                require("fields", rows * columns, f"{name}, {entry.filename:.60}")
                found.update(map(_numbers, _NOT_COMPUTED.findall(sheet)))
    return found


def _numbers(place: tuple[bytes, bytes]) -> tuple[int, int]:
    """Return row and column from 0; letters count in base 26, from A = 1."""
    column, row = place
    return int(row) - 1, sum((letter - 64) * 26**at for at, letter in enumerate(reversed(column))) - 1


def _text(value: object) -> str:
    """Return what a field shows: a whole number without the point that a program gave it."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()


def read_separated(text: str) -> tuple[Block, ...]:
    """Read comma-separated values.

    Parameters
    ----------
    text : str
        The decoded text.

    Returns
    -------
    tuple of Paragraph or Grid
        As of a workbook; nothing where the text is no comma-separated values.

    Examples
    --------
    >>> (grid,) = read_separated('信息内容,本年制发件数,现行有效件数\\n规章,3,"1,062"\\n行政许可,4,7\\n')
    >>> grid.texts[1]
    ['规章', '3', '1,062']
    >>> read_separated("一、总体情况\\n2025年，收到12,345件。\\n")
    ()
    """
    # where a comma marks decimals a spreadsheet parts fields by semicolons; to other programs it gives tabs
    delimiter = "\t" if _QUOTED_LINES.search(text) else max(",;", key=text.count)
    try:
        rows = [[field.strip() for field in row] for row in csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)]
    except csv.Error:
        return ()
    for width, run in groupby(rows, key=len):
        alike = [row for row in run if max(map(len, row), default=0) <= _LONGEST_FIELD]
        of_figures = [row for row in alike if any(map(is_figure, row))]
        whole = width >= WIDE and any(all(map(is_figure, filter(None, row))) for row in of_figures)
        several = len(of_figures) >= _FEWEST_ROWS or (whole and len(alike) >= _FEWEST_ROWS)
        if width >= _FEWEST_FIELDS and several:
            return tuple(_blocks(rows, {}, "rows"))
    return ()


def _blocks(rows: list[list[str]], spans: dict[tuple[int, int], tuple[int, int]], place: str) -> Iterator[Block]:
    """Yield the tables of a sheet and the lines of text between them."""
    _as_on_the_page(rows, spans)
    under = {
        (row, column)
        for (top, left), (down, across) in spans.items()
        for row, column in product(range(top, top + down), range(left, left + across))
    } - spans.keys()

    def kind(numbered: tuple[int, Sequence[str]]) -> str:
        texts = [text for text in numbered[1] if text]
        is_between = len(texts) == 1 and (SECTION.fullmatch(texts[0]) or len(texts[0]) >= _SENTENCE)
        return "" if not texts else "between" if is_between else "table"

    for of_rows, numbered in groupby(enumerate(rows), key=kind):
        run = list(numbered) if of_rows else []
        cells = [
            tuple(
                Cell(text, row, column, *spans.get((number, column), (1, 1)), f"{place} row {number + 1} column {column + 1}")
                for column, text in enumerate(texts)
                if (number, column) not in under
            )
            for row, (number, texts) in enumerate(run)
        ]
        said = [cell for cell in chain(*cells) if cell.text]
        if len(said) == len(run):
            yield from (Paragraph(cell.text, cell.place) for cell in said)
        else:
            yield Grid(cells, True, True, place)


def _as_on_the_page(rows: list[list[str]], spans: dict[tuple[int, int], tuple[int, int]]) -> None:
    """Take back what pandas and camelot do to a table: they number rows and columns, repeat merged cells, and join others."""
    counts = [int(row[0]) for row in rows if row and _NUMBER.fullmatch(row[0])]
    numbered = (
        len(counts) > 1
        and counts[0] == 0
        and all(after in (before + 1, 0) and (before or after) for before, after in pairwise(counts))
    )
    numbered = numbered and not any(row[0] and not row[0].isdecimal() for row in rows if row)
    header: list[str] = []
    for number, row in enumerate(rows):
        _spread(row)
        # a column with blanks is one of floats
        if numbered:
            row[:] = ["", *(text.removesuffix(".0") if is_figure(text) else text for text in row[1:])] if row else []
        if numbered and [text for text in row if text] == list(map(str, range(len(row) - 1))):
            row[:] = [""] * len(row)
        elif not any(map(is_figure, row)):
            header = row
        elif numbered or sum(map(bool, row)) < WIDE:
            columns = groupby(range(1, min(len(row), len(header))), key=lambda column: (row[column], header[column]))
            for (text, _), same in columns:
                first, *others = same
                if text and others and header[first]:
                    spans[number, first] = 1, 1 + len(others)


def _spread(row: list[str]) -> None:
    """Part a text of as many words as there are cells for it before the next one, all others of which are blank."""
    full = [*(at for at, text in enumerate(row) if text), len(row)]
    for before, (at, end) in zip([-1, *full], pairwise(full), strict=False):
        words = row[at].split()
        begin = end - len(words)
        # words behind a figure are its own (528 → 481)
        are_cells = all(is_figure(word) or not is_figure(left) for left, word in pairwise(words))
        if len(words) >= _FEWEST_FIELDS and are_cells and before < begin <= at:
            row[begin:end] = words
