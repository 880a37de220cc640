"""Plain text and Markdown: lines, tab-separated rows, pipe tables, and tables drawn with characters (┌─┬─┐ or +---+)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache
from html import unescape
from itertools import chain, compress, groupby, pairwise, product, takewhile
from operator import not_

from govstats.characters import is_figure
from govstats.documents.document import NO_TEXT, NUMBERING, PAGE_NUMBER, WIDE, Block, Box, Cell, Grid, Paragraph
from govstats.documents.html import read_html
from govstats.documents.page import Word
from govstats.documents.page_tables import filled, frames_of

_PIPE_RULE = re.compile(r"(?=.*--)[\s|:\-–—]*")
#: What pandoc draws above columns and below; a dash or two are a blank cell.
_RULE = re.compile(r"(?=.*-{6})[\s-]*")
_MARKUP = re.compile(r"\*\*|__|^#{1,6}\s+|^>\s+|\s#+$")
#: What a mail puts before each line that it quotes.
_QUOTED = re.compile(r"(?m)^(?:> ?)+")
_TABLE, _TABLE_END = re.compile(r"<table\b", re.IGNORECASE), re.compile(r"</table>", re.IGNORECASE)
#: A line of a number alone before the end of a page; and so many pages in a row tell that it numbers them.
_PAGE_NUMBER = re.compile(rf"(?m)^(?:{PAGE_NUMBER.pattern})$(?=\s*\f)")
_FEWEST_PAGES = 2
#: A row whose label is broken goes on in so many lines at most.
_MOST_TORN = 4
#: Of what may go on in another line.
_LONGEST_LABEL = 20
#: A cell, and its bar alone in the next line; before a line with a bar of its own it opens a row.
_BAR_BEHIND = re.compile(r"(?m)^([^|\n]*[^|\s。])[ \t]*\n[ \t]*\|[ \t]*$(?!\n[ \t]*+(?:\|[ \t]*+[^|\s]|[^|\s][^|\n]*+\|[ \t]*$))")
#: Marks of type in a cell; raised digits are another figure.
_TYPE = re.compile(r"</?(?:u|b|i|em|strong)>|<(su[bp])>(\D*?)</\1>")
#: The first line of a table that is drawn with characters, and any.
_BORDER = re.compile(r"\s*[\u2500-\u257f]{2,}\s*|\s*\+(?:[-=]{2,}\+)+\s*")
_DRAWN = re.compile(r"[\u2500-\u257f]|^\s*[|+].*[|+]\s*$")
#: A character is so wide and high, in points: so high that the half of a + that reaches beyond an edge makes no row.
_WIDE, _HIGH = 6.0, 8.0
_OF_ASCII = {"|": {"UP", "DOWN"}, "-": {"LEFT", "RIGHT"}, "=": {"LEFT", "RIGHT"}, "+": {"UP", "DOWN", "LEFT", "RIGHT"}}
#: A minus or a plus alone is text.
_STROKE = re.compile(r"[-=+]{3,}")
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
_BREAK = re.compile(r"(?:<!--.*?-->|<br>)+")
_PIPE = re.compile(r"(?<!\\)\|")
#: Several figures in a cell; and the whole name of a column, which is no piece of one that is broken.
_FIGURES, _NAME = re.compile(r"-?[\d.,]+(?:\s+-?[\d.,]+)+"), re.compile(r"[^()（）]{4,}")
_DIGIT = re.compile(r"\d")
_OPEN, _CLOSED = re.compile(r"[(（][^)）]*$"), re.compile(r"[^(（]*[)）]")
#: So many rows are a table of their own, where tables follow one another.
_FEWEST_ROWS = 3
#: Figures that add up by chance are fewer.
_FEWEST_TO_ADD = 5


def read_text(text: str) -> tuple[Block, ...]:
    """Read plain text: one paragraph a line, and a grid for each run of tab-separated lines.

    Parameters
    ----------
    text : str
        The decoded text.

    Returns
    -------
    tuple of Paragraph or Grid
        The columns of the grids are not aligned: pages of a PDF and web pages lose or gain tabs as they become text.

    Examples
    --------
    >>> [type(block).__name__ for block in read_text("二、主动公开政府信息情况\\n规章\\t3\\t0\\t62\\n行政许可\\t34\\n")]
    ['Paragraph', 'Grid']
    """
    plain = _without_page_numbers(_QUOTED.sub("", text))
    return tuple(_blocks(_BAR_BEHIND.sub(r"\1|\n", plain).splitlines(), markdown=False))


def _without_page_numbers(text: str) -> str:
    """Blank the numbers at the ends of pages: ``pdftotext`` puts a form feed behind each, which would end a column of figures."""
    numbers = [int(found["number"] or 0) for found in _PAGE_NUMBER.finditer(text)]
    if len(numbers) < _FEWEST_PAGES or numbers != list(range(numbers[0], numbers[0] + len(numbers))):
        return text
    return _PAGE_NUMBER.sub("", text)


def read_markdown(text: str) -> tuple[Block, ...]:
    """Read Markdown: pipe tables and HTML tables become grids, every other line a paragraph.

    Parameters
    ----------
    text : str
        The decoded text.

    Returns
    -------
    tuple of Paragraph or Grid
        A grid is `aligned` where all its rows have as many cells as its header.

    Examples
    --------
    >>> blocks = read_markdown("## 一、总体情况\\n| 规章 | 3 |\\n|---|---|\\n| 行政许可 |  |\\n")
    >>> blocks[0].heading, [cell.text for cell in blocks[1].rows[1]]
    (True, ['行政许可', ''])
    """
    blocks: list[Block] = []
    before = 0
    for number, part in enumerate(_parts(_whole_rows(text))):
        if number % 2:
            blocks += read_html(part.encode(), tables_before=number // 2)[0]
        else:
            blocks += _blocks(part.splitlines(), markdown=True, before=before)
        before += part.count("\n")
    return tuple(blocks)


def _parts(text: str) -> Iterator[str]:
    """Yield text and tables of HTML in turn."""
    at = 0
    while (start := _TABLE.search(text, at)) and (end := _TABLE_END.search(text, start.end())):
        yield text[at : start.start()]
        yield text[start.start() : end.end()]
        at = end.end()
    yield text[at:]


def _whole_rows(text: str) -> str:
    """Join rows that are broken inside a label; a figure never is. A rule stands for each line that is joined."""
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        line = lines[at].rstrip()
        if line.lstrip().startswith("|") and not line.endswith("|") and not is_figure(line.rpartition("|")[2].strip()):
            rest = [other.strip() for other in lines[at + 1 : at + 1 + _MOST_TORN]]
            ends = next((end for end, other in enumerate(rest, 1) if not other or other[0] == "|" or other[-1] == "|"), 0)
            if ends and rest[ends - 1] and rest[ends - 1][0] != "|":
                lines[at : at + 1 + ends] = ["".join([line.strip(), *rest[:ends]]), *["|--"] * ends]
                at += ends
        at += 1
    return "\n".join(lines)


Row = tuple[int, list[str]]


def _blocks(lines: Sequence[str], markdown: bool, before: int = 0) -> Iterator[Block]:
    """Yield the blocks of lines before which so many others stand in the document."""
    number = 0
    while number < len(lines):
        if _BORDER.fullmatch(lines[number]):
            drawn = list(takewhile(_DRAWN.search, lines[number:]))
            if grids := list(_drawn_tables(drawn, before + number)):
                yield from grids
                number += len(drawn)
                continue
        rows, after = (_pipe_rows if markdown else _tab_rows)(lines, number)
        for table in _by_width(rows) if markdown else [rows]:
            # pipes without text are crumbs of a page, not a table
            if any(any(cells) for _, cells in table):
                bars = lines[number].rstrip().endswith("|")
                yield _grid([(before + line, cells) for line, cells in table], markdown, bars)
        line = lines[number].strip()
        if after == number and not (_PIPE_RULE if markdown else _RULE).fullmatch(line):
            # text in a picture comes as one line, with breaks
            pieces = _BREAK.split(line) if markdown else [line]
            # Markdown without tables is taken for text
            texts = [_ESCAPE.sub(r"\1", _MARKUP.sub("", piece).strip() if markdown else piece) for piece in pieces]
            place, heading = f"line {before + number + 1}", markdown and line.startswith("#")
            yield from (Paragraph(text, place, heading=heading) for text in texts if text)
        number = max(after, number + 1)


def _by_width(rows: Sequence[Row]) -> list[list[Row]]:
    """Part rows into tables with nothing between them (trafilatura), which differ in how many cells all of their rows have."""
    tables = [list(some) for _, some in groupby(rows, key=lambda row: len(row[1]))]
    return tables if min(map(len, tables), default=0) >= _FEWEST_ROWS else [list(rows)]


def _grid(rows: Sequence[Row], markdown: bool, bars: bool) -> Grid:
    placed = []
    edges: list[int] = []
    for row, (line, cells) in enumerate(rows):
        edges = _edges(cells, edges) if markdown and len(cells) < WIDE else [*range(len(cells) + 1)]
        placed.append(
            tuple(
                Cell(cells[start], row, start, colspan=end - start, place=f"line {line + 1} cell {start + 1}")
                for start, end in pairwise(edges)
            )
        )
    aligned = markdown and len({len(cells) for _, cells in rows}) == 1
    # MarkItDown sets a row by the places of its words: by itself, and behind a blank cell, it has no columns
    bounded = len(rows) > 1 or bool(rows[0][1][0]) if markdown else bars
    return Grid(placed, aligned, bounded, f"lines {rows[0][0] + 1}-{rows[-1][0] + 1}")


def _edges(cells: Sequence[str], above: Sequence[int]) -> list[int]:
    """Return where the cells of a row begin, and its end: what docling repeats in each column of a span is one cell.

    A figure is one only below a heading that is one; `above` are the edges of the row before.
    """
    every = [*range(len(cells) + 1)]
    changes = [at for at in every if at in {0, len(cells)} or not cells[at] or cells[at] != cells[at - 1]]
    if any(map(is_figure, cells)):
        return [*above] if above[-1:] == every[-1:] and {*changes} <= {*above} else every
    return changes


def _pipe_rows(lines: Sequence[str], start: int) -> tuple[list[Row], int]:
    """Take a run of lines that begin with a pipe, or have several."""
    rows: list[Row] = []
    cut: set[int] = set()
    head, names = 0, list[list[str]]()
    # where rows, and the rule below the first, begin with no pipe, one that ends a row stands before a blank cell (html2text)
    framed = all(line.lstrip().startswith("|") for line in lines[start : start + 2] if "|" in line)
    for at in range(start, len(lines)):
        line = lines[at].strip()
        if not (line.startswith("|") or len(_PIPE.findall(line)) > (not rows)):
            return rows, at
        if not _PIPE_RULE.fullmatch(line):
            parts = [_TYPE.sub(r"\2", unescape(part).replace("<br>", "\n")) for part in _PIPE.split(line)]
            inner = parts[not parts[0] : len(parts) - (not parts[-1])] or [""] if framed else parts
            cells = [_ESCAPE.sub(r"\1", _MARKUP.sub("", part.strip())) for part in inner]
            # pymupdf4llm names a column by its number where its first cell is blank, or reached by a label beside it
            cells = [cell if rows or cell != f"Col{number}" else "" for number, cell in enumerate(cells, start=1)]
            if rows and _goes_on(rows[-1][1], cells):
                rows[-1][1][:] = ["\n".join(filter(None, both)) for both in zip(rows[-1][1], cells, strict=True)]
                continue
            if several := _several_rows(cells):
                rows += [(at, row) for row in several]
                continue
            if any(map(_FIGURES.fullmatch, cells)) and (opened := _opened(cells, names)):
                rows.append((at, opened))
                if len(opened) == 1 + sum(map(len, names[1:])):
                    rows[head] = (rows[head][0], [rows[head][1][0], *chain(*names[1:])])
                continue
            # a converter that put two figures into a cell cut one of them from a cell beside it (34 5 | 5 for 34 | 55)
            doubtful = {column + step for column, cell in enumerate(cells) if _FIGURES.fullmatch(cell) for step in (-1, 1)}
            # where it cut a header within a bracket it cut the figures below (5949.0886 | 67), up to the next header
            if not any(map(_DIGIT.match, cells)):
                head = len(rows)
                names = [list(filter(_NAME.fullmatch, cell.split("\n"))) for cell in cells]
                cut = {column for column in cut if not all(cells[column : column + 2])}
            cut |= {column for column, both in enumerate(pairwise(cells)) if _OPEN.search(both[0]) and _CLOSED.match(both[1])}
            halves = [column for column in cut if all(map(_DIGIT.match, cells[column : column + 2]))]
            doubtful.update(halves, [column + 1 for column in halves])
            doubt = [NO_TEXT * (column in doubtful and bool(_DIGIT.match(cell))) for column, cell in enumerate(cells)]
            rows.append((at, list(map(str.__add__, cells, doubt))))
    return rows, len(lines)


def _goes_on(above: Sequence[str], cells: Sequence[str]) -> bool:
    """Tell whether a row holds nothing but more of the labels of the row above, which begins with a number and has figures."""
    more = [at for at, cell in enumerate(cells) if cell]
    if len(above) != len(cells) or not more or not any(map(is_figure, above)):
        return False
    pieces = [line for at in more for line in cells[at].split("\n")]
    return all(NUMBERING.match(above[at]) for at in more) and not any(is_figure(one) or NUMBERING.match(one) for one in pieces)


def _several_rows(cells: Sequence[str]) -> list[list[str]]:
    """Return the rows that a converter joined: each cell has a figure for every one of them, the stub their numbered labels."""
    lines = [cell.split("\n") for cell in cells]
    is_row = [all(map(is_figure, of_cell)) for of_cell in lines]
    first = is_row.index(True) if True in is_row else 0
    count = len(lines[first])
    begins = [at for at, line in enumerate(lines[first - 1]) if NUMBERING.match(line)][-count:]
    if not first or not all(is_row[first:]) or {*map(len, lines[first:])} != {count} or not 1 < count == len(begins):
        return []
    ends = [*begins[1:], len(lines[first - 1])]
    labels = ["\n".join(lines[first - 1][begin:end]) for begin, end in zip([0, *begins[1:]], ends, strict=True)]
    stubs = [[*cells[: first - 1], labels[0]], *([*[""] * (first - 1), label] for label in labels[1:])]
    return [[*stub, *figures] for stub, figures in zip(stubs, zip(*lines[first:], strict=True), strict=True)]


def _opened(cells: Sequence[str], names: Sequence[Sequence[str]]) -> list[str]:
    """Return a row of which a converter joined columns, a figure a cell; nothing where neither header nor sum tells them."""
    parts = [cell.split() if _FIGURES.fullmatch(cell) else [cell] for cell in cells]
    if len(parts) == len(names) and list(map(len, parts[1:])) == list(map(len, names[1:])):
        return [*chain(*parts)]
    printed = [text for part in parts for text in part if text]
    counts = [int(text) for text in printed if text.isdecimal()]
    if len(counts) != sum(map(is_figure, printed)) or len(counts) < _FEWEST_TO_ADD:
        return []
    # where no label stands beside one sum, the labels around may be of other rows
    sums = [counts] if len(counts) < len(printed) else [*zip(*[iter(counts)] * _FEWEST_TO_ADD, strict=False)]
    add_up = len(counts) < len(printed) or len(counts) == len(sums) * _FEWEST_TO_ADD > _FEWEST_TO_ADD
    return printed if add_up and all(sum(one[:-1]) == one[-1] for one in sums) else []


def _ends_in_bar(line: str) -> bool:
    """Tell a line with bars behind its cells; one with bars before them too is of another format, whose rows are broken."""
    text = line.strip()
    return text.endswith("|") and not (text.startswith("|") and "|" in text.strip("|"))


def _bar_rows(lines: Sequence[str], start: int) -> tuple[list[Row], int]:
    """Take a run of lines that end in a bar: each is a row, or a cell; of cells, figures and blanks in a run are a row.

    What is blank at the end of a row may only fill it up.
    """
    rows: list[Row] = []
    in_row = filled_up = False
    end = next((at for at in range(start, len(lines)) if lines[at].strip() and not _ends_in_bar(lines[at])), len(lines))
    for at in range(start, end):
        line = lines[at].strip()
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        # behind bars that fill a row up a bar opens the next
        is_field = (line == "|" and not filled_up) or (len(cells) == 1 and is_figure(cells[0]))
        if is_field and in_row:
            rows[-1][1].extend(cells)
        elif is_field or any(cells):
            rows.append((at, cells))
        if line:
            in_row, filled_up = is_field, line.endswith("||")
    for _, cells in rows:
        while cells and not cells[-1]:
            cells.pop()
    return [row for row in rows if row[1]], end


def _tab_rows(lines: Sequence[str], start: int) -> tuple[list[Row], int]:
    if _ends_in_bar(lines[start]):
        return _bar_rows(lines, start)
    if lines[start].startswith("\t") and "\t" not in lines[start][1:].rstrip("\t"):
        return _one_cell_a_line(lines, start)
    with_tabs = takewhile(lambda at: "\t" in lines[at].strip(" ").rstrip(), range(start, len(lines)))
    rows = [(at, [cell.strip() for cell in lines[at].split("\t")]) for at in with_tabs]
    return rows, start + len(rows)


def _one_cell_a_line(lines: Sequence[str], start: int) -> tuple[list[Row], int]:
    """Take a table whose every cell is a line led by a tab, rows apart by an empty line (a copy of mem-2021).

    A label broken over lines goes on without a tab; a figure never does, so what follows one is text of the page.
    """
    rows: list[Row] = []
    new_row = True
    for at in range(start, len(lines)):
        line = lines[at].strip()
        if lines[at].startswith("\t"):
            rows += [(at, [])] * new_row
            rows[-1][1].append(line)
        elif line:
            *_, last = rows[-1][1]
            goes_on = last and not is_figure(last) and any(after.startswith("\t") for after in lines[at + 1 : at + 8])
            if not goes_on or len(line) > _LONGEST_LABEL:
                return rows, at
            rows[-1][1][-1] += f"\n{line}"
        new_row = not line and not lines[at].startswith("\t")
    return rows, len(lines)


def _drawn_tables(lines: Sequence[str], first: int) -> Iterator[Grid]:
    """Yield the tables that strokes mark off, of which the first line has a number; none where bars stand elsewhere than edges.

    Examples
    --------
    >>> [grid] = _drawn_tables(["┌────┬─┐", "│规章│3│", "└────┴─┘"], 0)
    >>> grid.texts, grid.rows[0][1].place
    ([['规章', '3']], 'line 2 cell 2')
    """
    # terminals differ in how many columns an ideograph and a quotation mark take: bars stand under one another
    layouts = [[list(_placed(line, *widths)) for line in lines] for widths in product((2, 1), (1, 2))]
    laid_out = min(layouts, key=lambda page: len({left for line in page for left, _, _, strokes in line if "DOWN" in strokes}))
    bars = [{left for left, _, _, strokes in line if strokes & {"UP", "DOWN"}} for line in laid_out]
    is_edge = [any(strokes & {"LEFT", "RIGHT"} for *_, strokes in line) for line in laid_out]
    if not set().union(*compress(bars, map(not_, is_edge))) <= set().union(*compress(bars, is_edge)):
        # the text is wider than its cell: where one ends is not told by columns
        return
    words, horizontal, vertical = [], [], []
    for number, line in enumerate(laid_out):
        top, middle, bottom = (_HIGH * (number + part) for part in (0, 0.5, 1))
        for left, right, sign, strokes in line:
            x = left + _WIDE / 2
            if strokes & {"UP", "DOWN"}:
                vertical.append(Box(x, top if "UP" in strokes else middle, x, bottom if "DOWN" in strokes else middle))
            if strokes & {"LEFT", "RIGHT"}:
                horizontal.append(Box(left if "LEFT" in strokes else x, middle, right if "RIGHT" in strokes else x, middle))
            if not strokes and not sign.isspace():
                words.append(Word(sign, Box(left, top, right, bottom)))
    for table in filled(frames_of(horizontal, vertical), words)[0]:
        rows: list[list[Cell]] = [[] for _ in range(table.rows)]
        for cell in table.cells:
            place = f"line {first + 2 + int(cell.box.top / _HIGH)} cell {len(rows[cell.row]) + 1}"
            rows[cell.row].append(Cell(cell.text, cell.row, cell.column, cell.rowspan, cell.colspan, place))
        yield Grid(tuple(map(tuple, rows)), True, True, f"lines {first + 1}-{first + len(lines)}")


def _placed(line: str, wide: int, ambiguous: int) -> Iterator[tuple[float, float, str, set[str]]]:
    """Yield where characters begin and end, and into which directions their strokes go."""
    drawn = {at for run in _STROKE.finditer(line) for at in range(*run.span())}
    columns = 0
    for at, sign in enumerate(line):
        left = columns * _WIDE
        columns += {"W": wide, "F": wide, "A": ambiguous}.get(unicodedata.east_asian_width(sign), 1)
        yield left, columns * _WIDE, sign, _strokes(sign) if at in drawn or sign not in "-=+" else set()


@cache
def _strokes(sign: str) -> set[str]:
    name = unicodedata.name(sign, "").replace("VERTICAL", "UP DOWN").replace("HORIZONTAL", "LEFT RIGHT").split()
    return {"UP", "DOWN", "LEFT", "RIGHT"}.intersection(name) if "BOX" in name else _OF_ASCII.get(sign, set())
