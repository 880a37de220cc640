"""Plain text and Markdown: lines, tab-separated rows, pipe tables."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from govstats.characters import is_figure
from govstats.documents.document import Block, Cell, Grid, Paragraph
from govstats.documents.html import read_html

_PIPE_RULE = re.compile(r"[\s|:\-–—]*-{2,}[\s|:\-–—]*")
_MARKUP = re.compile(r"\*\*|__|^#{1,6}\s+|^>\s+|\s#+$")
_HTML_TABLE = re.compile(r"(<table\b.*?</table>)", re.IGNORECASE | re.DOTALL)
_MOST_TORN_LINES = 4
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
_PIPE = re.compile(r"(?<!\\)\|")


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
    return tuple(_blocks(text.splitlines(), _tab_rows))


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
    for number, part in enumerate(_HTML_TABLE.split(text)):
        if number % 2:
            blocks += read_html(part.encode(), tables_before=number // 2)[0]
        else:
            # empty lines stand for what came before, so that line numbers stay those of the document
            blocks += _blocks([""] * before + part.splitlines(), _pipe_rows)
        before += part.count("\n")
    return tuple(blocks)


Row = tuple[int, list[str]]
TakeRows = Callable[[Sequence[str], int], tuple[list[Row], int]]


def _blocks(lines: Sequence[str], take_rows: TakeRows) -> Iterator[Block]:
    number = 0
    while number < len(lines):
        rows, after = take_rows(lines, number)
        if after > number:
            if rows:
                yield _grid(rows, tabs=take_rows is _tab_rows)
            number = after
            continue
        line = lines[number].strip()
        if line and not (take_rows is _pipe_rows and _PIPE_RULE.fullmatch(line)):
            heading = take_rows is _pipe_rows and line.startswith("#")
            text = _MARKUP.sub("", line).strip() if take_rows is _pipe_rows else line
            if text:
                yield Paragraph(text, f"line {number + 1}", heading=heading)
        number += 1


def _grid(rows: list[Row], tabs: bool) -> Grid:
    place = f"lines {rows[0][0] + 1}-{rows[-1][0] + 1}"
    aligned = not tabs and len({len(cells) for _, cells in rows}) == 1
    return Grid(
        tuple(
            tuple(Cell(text, index, column, place=f"line {line + 1} cell {column + 1}") for column, text in enumerate(cells))
            for index, (line, cells) in enumerate(rows)
        ),
        aligned,
        not tabs,
        place,
    )


def _pipe_rows(lines: Sequence[str], start: int) -> tuple[list[Row], int]:
    """Take a run of lines that begin with a pipe, or have several."""
    rows: list[Row] = []
    at = start
    while at < len(lines):
        line = lines[at].strip()
        if not (line.startswith("|") or len(_PIPE.findall(line)) > (0 if rows else 1)):
            break
        # a label may be broken, a figure never is
        broken = not line.endswith("|") and not is_figure(line.rpartition("|")[2].strip())
        if (rows or line.startswith("|")) and broken and (end := _closing_pipe(lines, at)):
            line, at = "".join(part.strip() for part in lines[at : end + 1]), end
        if not (_PIPE_RULE.fullmatch(line) and "-" in line):
            inner = line.removeprefix("|")
            inner = inner[:-1] if inner.endswith("|") and not inner.endswith("\\|") else inner
            cells = [_ESCAPE.sub(r"\1", _MARKUP.sub("", cell.replace("<br>", "\n").strip())) for cell in _PIPE.split(inner)]
            rows.append((at, cells))
        at += 1
    # pipes without text are crumbs of a page, not a table
    return (rows if any(cell for _, cells in rows for cell in cells) else []), at


def _closing_pipe(lines: Sequence[str], start: int) -> int | None:
    """Return the line that ends a row whose label is broken over lines; None where the row just lacks its last pipe."""
    for at in range(start + 1, min(start + 1 + _MOST_TORN_LINES, len(lines))):
        line = lines[at].strip()
        if not line or line.startswith("|"):
            return None
        if line.endswith("|"):
            return at
    return None


def _tab_rows(lines: Sequence[str], start: int) -> tuple[list[Row], int]:
    if lines[start].startswith("\t") and "\t" not in lines[start][1:].rstrip("\t"):
        return _one_cell_a_line(lines, start)
    rows: list[Row] = []
    at = start
    while at < len(lines) and "\t" in lines[at].strip(" ").rstrip():
        rows.append((at, [cell.strip() for cell in lines[at].rstrip("\r\n").split("\t")]))
        at += 1
    return rows, at


def _one_cell_a_line(lines: Sequence[str], start: int) -> tuple[list[Row], int]:
    """Take a table whose every cell is a line led by a tab, rows apart by an empty line (a copy of mem-2021).

    A label broken over lines goes on without a tab; a figure never does, so what follows one is text of the page.
    """
    rows: list[Row] = []
    at, new_row = start, True
    while at < len(lines):
        line = lines[at]
        if line.startswith("\t"):
            if new_row:
                rows.append((at, []))
            rows[-1][1].append(line.strip())
            new_row = False
        elif not line.strip():
            new_row = True
        else:
            following = next((i for i in range(at + 1, min(at + 8, len(lines))) if lines[i].startswith("\t")), None)
            last = rows[-1][1][-1]
            if following is None or not last or is_figure(last) or len(line.strip()) > 20:
                break
            rows[-1][1][-1] = f"{last}\n{line.strip()}"
            new_row = False
        at += 1
    return rows, at
