"""Reports for eyes: the statutory layout, as a frame and as HTML with failed edits marked; a frame; a cell in its document."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import chain, groupby, takewhile
from math import lcm
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from govstats.characters import is_figure
from govstats.documents import Cell, Document, Grid, open_document, page_picture
from govstats.documents.document import Box
from govstats.errors import GovstatsError
from govstats.export import codebook
from govstats.files import package_data
from govstats.forms import CellKey, Label, Language, Line, Table, cell_key, known_language
from govstats.reconciliation import reconcile
from govstats.report import ReadCell, Report, origin

if TYPE_CHECKING:
    from PIL.Image import Image

#: Stands where the form asks for a cell that the document does not show.
MISSING = "…"
#: Characters of a text that wraps.
_LONG = 24
#: Notes on the reading that are shown of a report.
_NOTES_SHOWN = 10
#: Rows from which a label of a group is written downwards, in Chinese.
_MANY_ROWS = 6

Labels = tuple[Label, ...]
#: Labels stretched to the depth of their neighbours; null where the label before reaches over this place too.
StretchedLabels = tuple[Label | None, ...]
#: The sentences of failed edits with their cells.
Failures = Sequence[tuple[str, Collection[CellKey]]]

_SUBTOTAL = Label("subtotal", "小计", "subtotal")
_FIGURE = Label("figure", "填报数", "as reported")
#: Text presentation: some systems draw the bare sign as a coloured picture, which is lost in black and white.
_WARNING = "⚠\ufe0e"

_OTHER: Mapping[Language, Language] = {"zh": "en", "en": "zh"}
#: The languages of what is shown in one or in both.
_LANGUAGES: Mapping[str, tuple[Language, ...]] = {"both": ("zh", "en"), "zh": ("zh",), "en": ("en",)}

#: The templates of pages, and of pieces of pages.
PAGES = Path(__file__).parent / "pages"
_WORDS: Mapping[str, Mapping[str, str]] = package_data("pages/display.toml")
# A shadow at an edge says that a table goes on there: what covers it scrolls with the table, and is away while there is more.
# No rule depends on colour alone: failed cells have a frame and a sign, the others a word, a sign or a dotted frame. Colours
# come from JupyterLab's theme where there is one, and else from the page.
STYLE = f"<style>\n{(PAGES / 'display.css').read_text('utf-8')}</style>"

#: Pixels a point of a page, and how much of its height is shown above and below a cell.
_SCALE, _HIGH = 2.0, 0.14
#: Rows of a table, or lines of text, before and after the cell.
_AROUND = 2
#: Characters of a line of text that are shown.
_LONGEST = 200
_FRAME = "#d55e00"


@cache
def _environment() -> Environment:
    escaped = select_autoescape(disabled_extensions=("txt.j2",), default=True)
    environment = Environment(loader=FileSystemLoader(PAGES), autoescape=escaped, undefined=StrictUndefined, trim_blocks=True)
    environment.globals |= {"style": Markup(STYLE), "warning": _WARNING, "missing": MISSING}
    return environment


def fill_page(template: str, **fields: Any) -> str:
    """Fill one of the pages of govstats, which need no network."""
    return _environment().get_template(template).render(**fields)


def fill(macro: str, *fields: Any, template: str = "display.html.j2") -> str:
    """Fill a piece of a page."""
    return str(getattr(_environment().get_template(template).module, macro)(*fields))


class _Block(NamedTuple):
    """Lines under one header: a whole table, or one band of the table on proactive disclosure."""

    title: Label | None
    header: Sequence[Labels]
    stub: Sequence[Labels]
    keys: Sequence[Sequence[CellKey]]


class Piece(NamedTuple):
    """A cell of a table as it is shown: its first column, its spans, what it says on hover, its scope and class in HTML.

    `key` is null in headings, `failures` are the numbers of the edits that fail in it.
    """

    text: str
    left: int
    rows: int = 1
    columns: int = 1
    title: str = ""
    scope: str = ""
    kind: str = ""
    key: CellKey | None = None
    is_state: bool = False
    failures: str = ""

    @property
    def label(self) -> str:
        """The text with its mark, where there are no styles."""
        return f"({_WARNING}{self.failures}) {self.text}" if self.failures else self.text


class ShownTable(NamedTuple):
    """What is shown of a table; `failures` are the sentences of its failed edits with their cells, `signs` explain signs."""

    title: str
    unit: str
    absent: str
    rows: Sequence[Sequence[Piece]]
    failures: Failures
    signs: Sequence[str]

    def legend(self) -> str:
        """Return what stands under the table, as HTML."""
        return fill("legend", self)

    def html(self) -> str:
        """Return the table as HTML, with what stands under it."""
        return fill("table", self)


def layout(report: Report, name: str, language: Language = "zh") -> pd.DataFrame:
    """Lay a table of a report out as the form prints it.

    Parameters
    ----------
    report : Report
    name : str
        ``proactive``, ``requests``, ``review``, or ``statistics`` in the annexes before 2019.
    language : {"zh", "en"}
        Of the labels.

    Returns
    -------
    pandas.DataFrame
        What is printed, as text; an empty string where a cell is blank, ``…`` where it is missing from the document and ``?``,
        with a space, before what stands there but cannot be decided. ``requests``: the stub with its groups by the header with
        its spanner. ``review``: one row under three header rows. ``statistics``: the lines in printed order. In ``proactive``
        every band of lines has a header of its own, so that it has one row a cell: band, line and column by one column.

    Raises
    ------
    FormError
        The form of this report has no such table.

    Examples
    --------
    >>> from govstats.report import ReadCell, Report
    >>> cell = ReadCell("review", "reconsideration", "upheld", 10.0, "10", "reported", "件", None, "line 4", "text")
    >>> report = Report("某市人民政府", 2023, "2021", None, "example.txt", "text", "", read_cells=[cell])
    >>> layout(report, "review")["行政复议"].iloc[0, 0]
    '10'
    """
    known_language(language)
    table = report.statutory_form.table(name)
    cells = _cells(report, name)
    blocks = _blocks(table, cells)
    texts = [[_text(cells.get(key)) for key in keys] for block in blocks for keys in block.keys]
    if not table.bands[0].zh:
        stub, header = _stretched(blocks[0].stub), _stretched(blocks[0].header, after_first=True)
        return pd.DataFrame(texts, index=_axis(stub, language), columns=_axis(header, language), dtype="str")
    paths = [(block.title, *line, *column) for block in blocks for line in block.stub for column in block.header]
    one_column = [[text] for text in chain(*texts)]
    return pd.DataFrame(one_column, index=_axis(paths, language), columns=[_FIGURE.text(language)], dtype="str")


def table_html(report: Report, name: str, *, findings: pd.DataFrame | None = None, language: Language = "zh") -> str:
    """Lay a table out as HTML, with the double header of the form.

    Parameters
    ----------
    report : Report
    name : str
        The table.
    findings : pandas.DataFrame, optional
        What `govstats.reconcile` found. The cells of failed edits are framed and bear a sign and a number; under the
        table the number leads to the sentence of the finding.
    language : {"zh", "en"}
        Of labels and sentences. A label shows the other language on hover.

    Returns
    -------
    str
        HTML without scripts and ids, the same for the same report. On hover a cell shows its place in the document, how it
        was read, what is printed, and the findings about it.

    Raises
    ------
    FormError
        The form of this report has no such table.

    Examples
    --------
    >>> from govstats.report import Report
    >>> "文件中没有这张表" in table_html(Report("某市人民政府", 2023, "2021", None, "example.txt", "text", ""), "review")
    True
    """
    return show_table(report, name, findings, language).html()


def report_html(report: Report) -> str:
    """Show a whole report in a notebook: what it is, its tables with failed edits marked, and what could not be read.

    Parameters
    ----------
    report : Report

    Returns
    -------
    str
        HTML in Chinese and English, as of `table_html`.

    Examples
    --------
    >>> from govstats.report import Report
    >>> "某市人民政府" in report_html(Report("某市人民政府", 2023, "2021", None, "example.txt", "text", ""))
    True
    """
    findings = reconcile(report)
    names = [table.id for table in report.statutory_form.tables]
    failed = findings[findings["status"] == "fail"]
    elsewhere = failed[~failed["table"].isin(names)].to_dict("records")
    tables = [show_table(report, name, findings) for name in names]
    notes, more = report.notes.head(_NOTES_SHOWN).to_dict("records"), max(len(report.notes) - _NOTES_SHOWN, 0)
    return fill("report", report, origin(report), findings["status"].value_counts().to_dict(), tables, elsewhere, notes, more)


@dataclass(frozen=True, eq=False)
class Frame:
    """A frame for eyes, as `show_frame` makes it; a notebook displays it."""

    rows: pd.DataFrame
    _html: str = field(repr=False)

    def _repr_html_(self) -> str:
        return self._html

    def __repr__(self) -> str:
        with pd.option_context("display.unicode.east_asian_width", True, "display.width", None, "display.max_colwidth", None):
            return self.rows.to_string()


def show_frame(frame: pd.DataFrame, *, language: str = "both", empty: str = "没有。 None.") -> Frame:
    """Show a frame as people read it.

    Parameters
    ----------
    frame : pandas.DataFrame
        Columns in two languages (``message_zh``, ``message_en``) become one.
    language : {"both", "zh", "en"}
        Of such columns.
    empty : str
        Stands in place of a frame without rows.

    Returns
    -------
    Frame
        Text left, numbers right, counts whole; ``…`` where there is no value, and where a column `status` says why, that. Wide
        frames scroll, long text wraps, and columns that the codebook knows have their name in Chinese too.

    Examples
    --------
    >>> show_frame(pd.DataFrame({"rule": ["T3B"], "expected": [4.0], "title_zh": ["平衡"], "title_en": ["balance"]}))
      rule expected         title
    0  T3B        4  平衡 balance
    """
    frame = frame.rename(columns=str)
    columns = [*_in_words(frame, language)]
    rows = pd.DataFrame({column.name: column.texts for column in columns}, index=frame.index)
    if frame.empty:
        return Frame(rows, f"<p>{Markup.escape(empty)}</p>")
    if not isinstance(frame.index, pd.RangeIndex) or frame.index.names != [None]:
        stub = []
        for level, named in enumerate(frame.index.names):
            name = "" if named is None else str(named)
            texts = [*map(_value, frame.index.get_level_values(level))]
            stub.append(_ShownColumn(name, _heading_of(name, language), texts))
        columns = stub + columns
    return Frame(rows, fill("frame", columns, [*zip(*(column.texts for column in columns), strict=True)]))


class _ShownColumn(NamedTuple):
    """A column as text; `kind` is the class of its style: a number, a long text or neither."""

    name: str
    heading: str
    texts: list[str]
    kind: str | None = None


def _in_words(frame: pd.DataFrame, language: str) -> Iterator[_ShownColumn]:
    """Yield the columns of a frame as text, one for the two languages of a column."""
    for name in frame.columns:
        stem = name.removesuffix("_zh").removesuffix("_en")
        in_both = {f"{stem}_zh", f"{stem}_en"} <= {*frame.columns}
        if in_both and name.endswith("_en"):
            continue
        said = [frame[f"{stem}_{one}"] for one in _LANGUAGES[language]] if in_both else [frame[name]]
        # what both languages have in common stands there once
        texts = [" ".join(dict.fromkeys(map(_value, row))) for row in zip(*said, strict=True)]
        if name == "value" and "status" in frame:
            pairs = zip(texts, frame["status"], strict=True)
            texts = [_reason(status, language) if text == MISSING else text for text, status in pairs]
        heading = stem if in_both else _heading_of(name, language)
        yield _ShownColumn(stem if in_both else name, heading, texts, _kind(frame[name], texts))


def _value(value: Any) -> str:
    if isinstance(value, bool | np.bool_):
        return "是 yes" if value else "否 no"
    if pd.api.types.is_scalar(value) and pd.isna(value):
        return MISSING
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, pd.Timestamp) and value == value.normalize():
        return str(value.date())
    return str(value)


def _reason(status: object, language: str) -> str:
    """Say why there is no value, as a status of the codebook does."""
    known = codebook.values("status").get(str(status))
    return MISSING if known is None else " ".join(known.text(one) for one in _LANGUAGES[language])


def _heading_of(name: str, language: str) -> str:
    """Set a column's name in Chinese before it, where the codebook has it."""
    zh = codebook.field("cells", name).zh or codebook.field("findings", name).zh
    if not zh or language == "en":
        return name
    chinese = re.split("[；，（：]", zh)[0]
    return f"{chinese} {name}"


def _kind(column: pd.Series, texts: Sequence[str]) -> str | None:
    """Return the class of the style that a column has."""
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        return "govstats-number"
    return "govstats-text" if max(map(len, texts), default=0) > _LONG else None


def _cells(report: Report, name: str) -> dict[CellKey, ReadCell]:
    return {cell.key: cell for cell in report.read_cells if cell.table == name}


def _text(cell: ReadCell | None) -> str:
    if cell is None:
        return MISSING
    return {"blank": "", "unreadable": f"? {cell.printed}"}.get(cell.status, cell.printed)


def _blocks(table: Table, cells: Collection[CellKey]) -> list[_Block]:
    """Arrange the lines and columns of a table as the form does; lines that it leaves optional only where they are printed."""
    if table.lines_across:
        keys = table.every_cell
        header = [(*_path(table, table.line[line], ()), table.column[column]) for _, line, column in keys]
        return [_Block(None, header, [()], [keys])]
    printed = dict.fromkeys(line for _, line, _ in cells)
    shown = table.shown(printed)
    blocks = []
    for band in table.bands:
        lines = [table.line[name] for name in band.lines if name in shown]
        columns = [table.column[name] for name in band.columns]
        if table.open:  # lines and columns are those that the document has, in its order
            lines = [table.line.get(name, Line(name, name, name)) for name in printed]
            columns = [column for column in columns if any(column.id == one for *_, one in cells)] or columns
        header = [(Label("", one.spanner_zh, one.spanner_en), one) if one.spanner_zh else (one,) for one in columns]
        title = Label("", band.zh, band.en) if band.zh else None
        stub = [(line,) if table.open else _path(table, line, lines) for line in lines]
        blocks.append(_Block(title, header, stub, [[(table.id, line.id, column.id) for column in columns] for line in lines]))
    return blocks


def _path(table: Table, line: Line, shown: Iterable[Line]) -> Labels:
    """Return the labels from the outermost group to a line; a subtotal stands inside the group that it sums up."""
    groups: dict[str, Label] = {**{group.id: group for group in table.groups}, **table.line}
    parts = table.parts(line.id)
    path: Labels = (line, _SUBTOTAL) if any(one.id in parts for one in shown) else (line,)
    while isinstance(path[0], Line) and path[0].group in groups:
        path = (groups[path[0].group], *path)
    return path


def _stretched(paths: Sequence[Labels], after_first: bool = False) -> list[StretchedLabels]:
    """Stretch all paths to one depth: headers reach down from their first label, stubs to the right from their last."""
    depth = max(map(len, paths), default=0)
    stretched: list[StretchedLabels] = []
    for path in paths:
        at = min(1, len(path)) if after_first else len(path)
        stretched.append((*path[:at], *[None] * (depth - len(path)), *path[at:]))
    return stretched


def _axis(paths: Sequence[StretchedLabels], language: Language) -> pd.Index:
    texts = [tuple(label.text(language) if label else "" for label in path) for path in paths]
    if any(len(path) > 1 for path in texts):
        return pd.MultiIndex.from_tuples(texts)
    return pd.Index(["".join(path) for path in texts], dtype="str")


def show_table(report: Report, name: str, findings: pd.DataFrame | None = None, language: Language = "zh") -> ShownTable:
    """Lay a table out for eyes; see `table_html`."""
    known_language(language)
    table, words, cells = report.statutory_form.table(name), _WORDS[language], _cells(report, name)
    titled = report.statutory_form.sections[table.section - 1] if table.section else table
    units = {line.unit for line in table.lines}
    unit = units.pop() if len(units) == 1 else ""
    failures: Failures = []
    if findings is not None:
        failed = findings[(findings["table"] == name) & (findings["status"] == "fail")]
        sentences = failed["rule"] + " " + failed[f"message_{language}"]
        failures = [(said, [*map(cell_key, of.split(";"))]) for said, of in zip(sentences, failed["cells"], strict=True)]
    blocks = _blocks(table, cells) if cells else []
    states = {cells[key].status if key in cells else "missing" for block in blocks for keys in block.keys for key in keys}
    signs = {"unreadable": "?", "blank": words["blank"], "missing": MISSING}
    width = lcm(*(len(block.header) for block in blocks))
    return ShownTable(
        titled.text(language),
        words["unit"].format(words.get(unit, unit)) if unit else "",
        words["absent"],
        [row for block in blocks for row in _rows(table.corner, block, width, cells, failures, language)],
        failures,
        [f"{sign} {words[f'{state}_meaning']}" for state, sign in signs.items() if state in states],
    )


def _rows(
    corner: str, block: _Block, width: int, cells: Mapping[CellKey, ReadCell], failures: Failures, language: Language
) -> Iterator[list[Piece]]:
    """Yield the rows of a block, whose columns share a width with those of the other blocks."""
    header, stub = _stretched(block.header, after_first=True), _stretched(block.stub)
    levels, depth, across = len(header[0]), len(stub[0]), width // len(header)
    if block.title:
        yield [_heading(block.title, language, 0, 1, depth + width, scope="colgroup", kind="govstats-band")]
    above: list[list[Piece]] = [[] for _ in range(levels)]
    if depth:
        above[0].append(Piece(corner, 0, levels, depth, scope="col", kind="govstats-corner"))
    for label, level, at, length, reach in _headings(header):
        columns = across * length
        scope = "colgroup" if columns > 1 else "col"
        above[level].append(_heading(label, language, depth + across * at, reach, columns, scope=scope))
    yield from above
    beside: list[list[Piece]] = [[] for _ in stub]
    for label, level, at, length, reach in _headings(stub):
        upright = "govstats-upright" if language == "zh" and level == 0 and length >= _MANY_ROWS else ""
        scope = "rowgroup" if length > 1 else "row"
        beside[at].append(_heading(label, language, level, length, reach, scope=scope, kind=upright))
    for row, keys in zip(beside, block.keys, strict=True):
        places = range(depth, depth + width, across)
        yield row + [
            _figure(key, cells.get(key), failures, language)._replace(left=left, columns=across)
            for key, left in zip(keys, places, strict=True)
        ]


def _headings(paths: Sequence[StretchedLabels]) -> Iterator[tuple[Label, int, int, int, int]]:
    """Yield the labels of an axis, the outer ones first, each once for all neighbours that share it.

    After the label stand its level, where it begins, how many rows (or columns) share it, and over how many levels it reaches.
    """
    for level in range(len(paths[0])):
        at = 0
        for path, neighbours in groupby(paths, key=lambda path: path[: level + 1]):
            length = len(list(neighbours))
            if label := path[level]:
                empty = takewhile(lambda label: label is None, paths[at][level + 1 :])
                yield label, level, at, length, 1 + len(list(empty))
            at += length


def _heading(label: Label, language: Language, left: int, rows: int, columns: int, *, scope: str, kind: str = "") -> Piece:
    text, other = label.text(language), label.text(_OTHER[language])
    return Piece(text, left, rows, columns, "" if other == text else other, scope, kind)


def _figure(key: CellKey, cell: ReadCell | None, failures: Failures, language: Language) -> Piece:
    words = _WORDS[language]
    state = cell.status if cell else "missing"
    failed = {number: sentence for number, (sentence, cells) in enumerate(failures, start=1) if key in cells}
    classes = [f"govstats-{state}"] * (state != "reported") + ["govstats-failed"] * bool(failed)
    told = [_source(cell, words), *(f"{_WARNING}{number} {sentence}" for number, sentence in failed.items())]
    is_state = state in ("missing", "blank")
    text, numbers = _text(cell) or words["blank"] * is_state, ",".join(map(str, failed))
    return Piece(text, 0, title="\n".join(told), kind=" ".join(classes), key=key, is_state=is_state, failures=numbers)


def _source(cell: ReadCell | None, words: Mapping[str, str]) -> str:
    if cell is None:
        return words["missing_meaning"]
    page = "" if cell.page is None else words["page"].format(cell.page)
    told = [page, cell.place, words["method"].format(cell.method), words["printed"].format(cell.printed)]
    return " · ".join(filter(None, told))


@dataclass(frozen=True)
class Excerpt:
    """What the document shows where a cell was read; a notebook displays it.

    Attributes
    ----------
    cell : ReadCell
        The cell.
    picture : PIL.Image.Image or None
        The part of the page around the cell, which has a frame; None in documents without pages.
    rows : tuple of tuple of Cell
        The header of the table and the rows around the cell, with their spans; empty where there is a picture.
    """

    cell: ReadCell
    picture: Image | None = field(default=None, repr=False)
    rows: tuple[tuple[Cell, ...], ...] = ()

    def png(self) -> bytes:
        """Return the picture, where there is one, as a file."""
        stored = io.BytesIO()
        if self.picture is not None:
            self.picture.save(stored, "PNG", optimize=True)
        return stored.getvalue()

    def html(self, about: str) -> str:
        """Return what the document shows as HTML, described by a text where it is a picture."""
        if self.picture is None:
            return fill("excerpt", self.rows, self.cell.place, f"outline: 2px solid {_FRAME}; font-weight: 600")
        return f'<img alt="{Markup.escape(about)}" src="data:image/png;base64,{base64.b64encode(self.png()).decode()}">'

    def _repr_mimebundle_(self, **_: object) -> tuple[dict[str, object], dict[str, object]]:
        # without a style the frame is gone: the text names the cell and what stands in it
        about = f"{'/'.join(self.cell.key)}: {self.cell.printed} ({self.cell.place})"
        shown = {"image/png": self.png()} if self.picture else {"text/html": self.html(about)}
        return {**shown, "text/plain": about}, {"image/png": {"alt": about}}


def excerpt(report: Report, cell: str | CellKey | pd.Series) -> Excerpt:
    """Show a cell where it stands in the document that it was read from.

    Parameters
    ----------
    report : Report
        Read from a file that is still there, or from bytes.
    cell : str, (str, str, str) or pandas.Series
        ``"requests/new/total"``, ``("requests", "new", "total")`` or a row of `Report.cells`.

    Returns
    -------
    Excerpt
        A notebook displays it: the part of the page with a frame around the cell (`picture`) for PDF documents and images, the
        rows of the document around it (`rows`) for the others.

    Raises
    ------
    GovstatsError
        The report has no such cell.
    UnreadableDocument
        The file is gone, or has changed since it was read.

    Examples
    --------
    >>> from govstats import read
    >>> title = "某某局2021年政府信息公开工作年度报告\\n"
    >>> report = read(f"{title}信息内容\\t本年处理决定数量\\n行政处罚\\t3\\n行政强制\\t0\\n".encode())
    >>> [cell.text for cell in report.show("proactive/penalties/decisions").rows[1]]
    ['行政处罚', '3']
    """
    if not isinstance(cell, str | tuple):
        cell = cell["table"], cell["line"], cell["column"]
    key = cell_key(cell) if isinstance(cell, str) else cell
    read = next((read for read in report.read_cells if read.key == key), None)
    if read is None:
        raise GovstatsError.worded("no_such_cell", source=report.source, cell="/".join(key))
    content = report.content()
    box = Box.in_place(read.place)
    if read.page is not None and box is not None and report.format in {"pdf", "image"}:
        page, scale = page_picture(content, report.format, report.source, read.page, _SCALE)
        return Excerpt(read, _framed(page, box, scale))
    return Excerpt(read, rows=_rows_around(open_document(content), read.place))


def _framed(page: Image, box: Box, scale: float) -> Image:
    """Draw a frame around a cell and cut out the part of the page around it."""
    from PIL import ImageDraw

    left, top, right, bottom = (side * scale for side in box)
    page = page.convert("RGB")
    ImageDraw.Draw(page).rectangle(
        (left - 2, top - 2, right + 2, bottom + 2), outline=_FRAME, width=max(2, round(page.width / 400))
    )
    above, below = max(0.0, top - _HIGH * page.height), min(float(page.height), bottom + _HIGH * page.height)
    return page.crop((0, round(above), page.width, round(below)))


def _rows_around(document: Document, place: str) -> tuple[tuple[Cell, ...], ...]:
    for number, block in enumerate(document.blocks):
        if isinstance(block, Grid):
            at = next((row for row, cells in enumerate(block.rows) if any(cell.place == place for cell in cells)), None)
            if at is not None:
                around = range(max(0, at - _AROUND), min(len(block.rows), at + _AROUND + 1))
                return _cut(block, sorted({*_header(block, at), *around}))
        elif block.place == place:
            near = document.blocks[max(0, number - _AROUND) : number + _AROUND + 1]
            texts = [" ".join(chain(*one.texts)) if isinstance(one, Grid) else one.text for one in near]
            return tuple((Cell(text[:_LONGEST], 0, 0, place=one.place),) for text, one in zip(texts, near, strict=True))
    return ()


def _header(grid: Grid, at: int) -> range:
    """Return the rows without figures that stand last above a row: its header."""
    words = [not any(is_figure(cell.text) for cell in row) for row in grid.rows[:at]]
    last = next((number for number in reversed(range(at)) if words[number]), -1)
    first = next((number for number in reversed(range(last + 1)) if not words[number]), -1)
    return range(first + 1, last + 1)


def _cut(grid: Grid, numbers: Sequence[int]) -> tuple[tuple[Cell, ...], ...]:
    """Cut some rows out of a grid: a cell that began above stands in the first of its rows that is shown."""
    rows: dict[int, list[Cell]] = {number: [] for number in numbers}
    for cell in (cell for row in grid.rows for cell in row):
        if inside := [number for number in numbers if cell.row <= number < cell.row + cell.rowspan]:
            rows[inside[0]].append(cell._replace(rowspan=len(inside)))
    return tuple(tuple(sorted(row, key=attrgetter("column"))) for row in rows.values())
