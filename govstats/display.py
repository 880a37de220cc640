"""Reports for eyes: the statutory layout, as a frame and as HTML with failed edits marked and sources on hover."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from math import lcm
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from govstats.forms import CellKey, Label, Language, Line, Table, known_language

if TYPE_CHECKING:
    from govstats.report import ReadCell, Report

#: Stands where the form asks for a cell that the document does not show.
MISSING = "…"
#: Characters of a text that wraps.
_LONG = 24

Path = tuple[Label, ...]
#: A path stretched to the depth of its neighbours; null where the label before it reaches over this place too.
StretchedPath = tuple[Label | None, ...]

_SUBTOTAL = Label("subtotal", "小计", "subtotal")
_FIGURE = Label("figure", "填报数", "as reported")
#: Text presentation: some systems draw the bare sign as a coloured picture, which is lost in black and white.
_WARNING = "⚠\ufe0e"

_WORDS: Mapping[str, Mapping[Language, str]] = {
    "blank": {"zh": "空白", "en": "blank"},
    "blank_meaning": {"zh": "单元格空白，不等于 0", "en": "an empty cell, which is not zero"},
    "missing_meaning": {"zh": "文件中没有这一格", "en": "not in the document"},
    "unreadable_meaning": {"zh": "有内容但无法判读", "en": "something stands there that cannot be decided"},
    "unit": {"zh": "单位：{}", "en": "unit: {}"},
    "absent": {"zh": "文件中没有这张表。", "en": "The document does not have this table."},
    "printed": {"zh": "印作“{}”", "en": "printed “{}”"},
    "page": {"zh": "第 {} 页", "en": "page {}"},
    "method": {"zh": "读法 {}", "en": "read as {}"},
}
_UNITS = {"件": "cases", "万元": "10,000 yuan"}

# A shadow at an edge says that a table goes on there: what covers it scrolls with the table, and is away while there is more.
# No rule depends on colour alone: failed cells have a frame and a sign, the others a word, a sign or a dotted frame. Colours
# come from JupyterLab's theme where there is one, and else from the page.
STYLE = """<style>
.govstats { color: var(--jp-content-font-color1, inherit); font-size: .87rem; line-height: 1.4; margin: .6em 0 1.4em;
  overflow-x: auto; --ground: var(--jp-layout-color0, var(--page, Canvas)); background: no-repeat
  linear-gradient(to right, var(--ground) 1em, transparent) left / 2em 100% local, no-repeat
  linear-gradient(to left, var(--ground) 1em, transparent) right / 2em 100% local, no-repeat
  linear-gradient(to right, rgba(128, 128, 128, .6), transparent) left / .9em 100%, no-repeat
  linear-gradient(to left, rgba(128, 128, 128, .6), transparent) right / .9em 100%; }
.govstats table.govstats-table { border-collapse: collapse; font-size: inherit; margin: .8em 0 .4em; table-layout: auto; }
.govstats table.govstats-table caption { caption-side: top; text-align: start; padding: .3em 0; color: inherit;
  font-weight: 600; }
.govstats table.govstats-table caption small { font-weight: normal; opacity: .75; margin-inline-start: .8em; }
.govstats table.govstats-table tr, .govstats table.govstats-table tbody tr:nth-child(n) { background: transparent; }
.govstats table.govstats-table th, .govstats table.govstats-table td { border: 1px solid rgba(128, 128, 128, .55);
  padding: .2em .55em; white-space: normal; max-width: 24em; vertical-align: middle; }
.govstats table.govstats-table th { font-weight: normal; text-align: center; background: rgba(128, 128, 128, .1); }
.govstats table.govstats-table th[scope="row"] { text-align: start; background: transparent; }
.govstats table.govstats-table th.govstats-band { font-weight: 600; background: rgba(128, 128, 128, .2); }
.govstats table.govstats-table th.govstats-corner { font-size: .85em; max-width: 20em; opacity: .8; }
.govstats table.govstats-table th[scope="row"] { min-width: 9em; }
.govstats table.govstats-table th[scope="col"], .govstats table.govstats-table th[scope="rowgroup"] { min-width: 4.4em; }
.govstats table.govstats-table th.govstats-upright { min-width: 0; }
.govstats table.govstats-table th.govstats-upright > span { writing-mode: vertical-rl; letter-spacing: .1em; }
.govstats table.govstats-table td { text-align: right; font-variant-numeric: tabular-nums; min-width: 2.6em;
  white-space: nowrap; }
.govstats table.govstats-table td.govstats-failed { outline: 2px solid #d55e00; outline-offset: -2px;
  background: rgba(213, 94, 0, .16); font-weight: 600; }
.govstats table.govstats-table td.govstats-unreadable { outline: 2px dotted currentColor; outline-offset: -3px; }
.govstats .govstats-state { opacity: .7; font-style: italic; }
.govstats .govstats-mark { font-size: .75em; white-space: nowrap; margin-inline-end: .35em; }
.govstats ul.govstats-list { list-style: none; margin: .4em 0; padding: 0; max-width: 60em; }
.govstats ul.govstats-list li { margin: .15em 0; padding-inline-start: 2.2em; text-indent: -2.2em; }
.govstats table.govstats-frame { border-collapse: collapse; font-size: inherit; }
.govstats table.govstats-frame th, .govstats table.govstats-frame td { border-bottom: 1px solid rgba(128, 128, 128, .45);
  padding: .2em .7em .2em 0; text-align: start; vertical-align: top; white-space: nowrap; max-width: none; }
.govstats table.govstats-frame .govstats-number { text-align: right; font-variant-numeric: tabular-nums; }
.govstats table.govstats-frame .govstats-text { white-space: normal; min-width: 16em; max-width: 36em; }
.govstats p.govstats-title { font-size: 1.25em; font-weight: 600; margin: 0 0 .3em; }
.govstats p { margin: .3em 0; }
.govstats dl { display: grid; grid-template-columns: max-content auto; gap: .1em 1em; margin: .3em 0 1em; }
.govstats dt { opacity: .7; font-weight: normal; }
.govstats dd { margin: 0; }
</style>"""


@dataclass(frozen=True)
class _Block:
    """Lines under one header: a whole table, or one band of the table on proactive disclosure."""

    title: Label | None
    header: tuple[Path, ...]
    stub: tuple[Path, ...]
    keys: tuple[tuple[CellKey, ...], ...]


@dataclass(frozen=True)
class _Failure:
    """A failed edit as it stands under a table, and the cells that bear its number."""

    sentence: str
    cells: frozenset[CellKey]


@dataclass(frozen=True)
class _Shown:
    """What is shown of a table: its cells, the failed edits about them, in one language."""

    table: Table
    cells: Mapping[CellKey, ReadCell]
    failures: Sequence[_Failure]
    language: Language


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
    if table.bands[0].zh:
        rows = {
            (block.title, *stub, *column): [_text(cells.get(key))]
            for block in blocks
            for stub, keys in zip(block.stub, block.keys, strict=True)
            for column, key in zip(block.header, keys, strict=True)
        }
        return pd.DataFrame(list(rows.values()), index=_axis(list(rows), language), columns=[_FIGURE.text(language)], dtype="str")
    block = blocks[0]
    return pd.DataFrame(
        [[_text(cells.get(key)) for key in keys] for keys in block.keys],
        index=_axis(_stretched(block.stub), language),
        columns=_axis(_stretched(block.header, after_first=True), language),
        dtype="str",
    )


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
    return f'{STYLE}\n<div class="govstats">\n{_table(report, name, findings, language)}\n</div>'


def table_keys(report: Report, name: str) -> list[CellKey]:
    """Return the cells of a table, as ``(table, line, column)``, in the order in which `table_html` shows them.

    Examples
    --------
    >>> from govstats.report import Report
    >>> table_keys(Report("某市人民政府", 2023, "2021", None, "example.txt", "text", ""), "requests")[1]
    ('requests', 'new', 'commercial')
    """
    blocks = _blocks(report.statutory_form.table(name), _cells(report, name))
    return [key for block in blocks for row in block.keys for key in row]


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
    from govstats.provenance import origin
    from govstats.reconciliation import reconcile

    findings = reconcile(report)
    form = report.statutory_form
    unknown = "文件未写明 not stated in the document"
    year = str(report.year) if report.year is not None else unknown
    facts = {
        "题名 title": report.title or unknown,
        "表式 form": f"{form.zh}（{form.source}） {form.en}",
        "来源 source": " · ".join(filter(None, [report.source, report.format, f"sha256 {report.sha256[:12]}", origin(report)])),
        "核对 edits": " · ".join(
            f"{int((findings['status'] == status).sum())} {words}"
            for status, words in (
                ("pass", "相符 pass"),
                ("fail", "不符 fail"),
                ("not_assessable", "无法核对 not assessable"),
            )
        ),
    }
    described = "".join(f"<dt>{escape(term)}</dt><dd>{escape(fact)}</dd>" for term, fact in facts.items())
    tables = [table.id for table in form.tables]
    elsewhere = [
        f"<li>{_WARNING} {_both(row['message_zh'], row['message_en'])}</li>"
        for row in _failed(findings)
        if row["table"] not in tables
    ]
    notes = [f"<li>· {_both(row['message_zh'], row['message_en'])}</li>" for row in report.notes.head(10).to_dict("records")]
    if len(report.notes) > len(notes):
        notes.append(f"<li>· {MISSING} {len(report.notes) - len(notes)} 条见 more in <code>report.notes</code></li>")
    parts = [
        STYLE,
        '<div class="govstats">',
        f'<p class="govstats-title">{escape(report.agency or unknown)} · {escape(year)}</p>',
        f"<dl>{described}</dl>",
        *(_table(report, name, findings, "zh") for name in tables),
        _list("其他不符 other failures", elsewhere),
        _list("读取说明 notes on the reading", notes),
        "</div>",
    ]
    return "\n".join(part for part in parts if part)


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
    stems = {name.removesuffix("_zh") for name in frame.columns if f"{name.removesuffix('_zh')}_en" in frame}
    names = [name for name in frame.columns if name.removesuffix("_en") not in stems]
    shown = {}
    for name in names:
        if (stem := name.removesuffix("_zh")) in stems:
            pairs = zip(frame[name], frame[f"{stem}_en"], strict=True)
            in_both = (dict.fromkeys([zh] * (language != "en") + [en] * (language != "zh")) for zh, en in pairs)
            shown[stem] = [" ".join(map(_value, texts)) for texts in in_both]
        else:
            shown[name] = [_value(value) for value in frame[name]]
    if {"value", "status"} <= set(frame):
        shown["value"] = [
            _word(status, language) if text == MISSING else text
            for text, status in zip(shown["value"], frame["status"], strict=True)
        ]
    rows = pd.DataFrame(shown, index=frame.index)
    if frame.empty:
        return Frame(rows, f"<p>{escape(empty)}</p>")
    index = [] if isinstance(frame.index, pd.RangeIndex) and frame.index.names == [None] else frame.index.names
    stub = [[_value(part) for part in (key if isinstance(key, tuple) else (key,))] * bool(index) for key in frame.index]
    kinds = [""] * len(index) + [_kind(frame[name], rows[stem]) for name, stem in zip(names, rows.columns, strict=True)]
    headings = [str(name or "") if name in stems else _heading_of(str(name or ""), language) for name in [*index, *rows.columns]]
    header = "".join(_td(name, kind, "th") for name, kind in zip(headings, kinds, strict=True))
    body = "".join(
        f"<tr>{''.join(_td(text, kind) for text, kind in zip([*before, *row], kinds, strict=True))}</tr>"
        for before, row in zip(stub, rows.to_numpy().tolist(), strict=True)
    )
    table = f'<table class="govstats-frame"><thead><tr>{header}</tr></thead><tbody>{body}</tbody></table>'
    return Frame(rows, f'{STYLE}\n<div class="govstats">{table}</div>')


def _value(value: object) -> str:
    if isinstance(value, bool | np.bool_):
        return "是 yes" if value else "否 no"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, pd.Timestamp) and value == value.normalize():
        return str(value.date())
    return MISSING if value is None or value is pd.NaT or value is pd.NA or value != value else str(value)  # noqa: PLR0124


def _word(status: object, language: str) -> str:
    """Say why there is no value, as a status of the codebook does."""
    from govstats.export.codebook import values

    known = values("status").get(str(status))
    return {"zh": known.zh, "en": known.en}.get(language, f"{known.zh} {known.en}") if known else MISSING


def _heading_of(name: str, language: str) -> str:
    """Set a column's name in Chinese before it, where the codebook has it."""
    from govstats.export.codebook import field as column

    known = None if language == "en" else column("cells", name) or column("findings", name)
    return name if known is None else f"{re.split('[；，（：]', known.zh)[0]} {name}"


def _kind(column: pd.Series, shown: pd.Series) -> str:
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        return "number"
    return "text" if shown.map(len).max() > _LONG else ""


def _td(text: str, kind: str, tag: str = "td") -> str:
    return f"<{tag}{_attributes(**{'class': f'govstats-{kind}' if kind else ''})}>{escape(text)}</{tag}>"


def _cells(report: Report, name: str) -> dict[CellKey, ReadCell]:
    return {(cell.table, cell.line, cell.column): cell for cell in report.read_cells if cell.table == name}


def _text(cell: ReadCell | None) -> str:
    if cell is None:
        return MISSING
    if cell.status == "blank":
        return ""
    return f"? {cell.printed}" if cell.status == "unreadable" else cell.printed


def _blocks(table: Table, cells: Mapping[CellKey, ReadCell]) -> tuple[_Block, ...]:
    """Arrange the lines and columns of a table as the form does; lines that it leaves optional only where they are printed."""
    if table.lines_across:
        across = [(line.id, column) for line in table.lines for column in table.columns_of[line.id]]
        header = tuple((*_path(table, table.line[line], ()), table.column[column]) for line, column in across)
        return (_Block(None, header, ((),), (tuple((table.id, line, column) for line, column in across),)),)
    printed = list(dict.fromkeys(line for _, line, _ in cells))
    if table.open:
        shown = {column for _, _, column in cells}
        columns = [column for column in table.columns if column.id in shown or not shown]
        stub: list[Path] = [(table.line.get(line, Line(line, line, line)),) for line in printed]
        keys = [tuple((table.id, line, column.id) for column in columns) for line in printed]
        return (_Block(None, tuple((column,) for column in columns), tuple(stub), tuple(keys)),)
    blocks = []
    for band in table.bands:
        lines = [name for name in band.lines if _shown(table, table.line[name], printed)]
        columns = [table.column[name] for name in band.columns]
        spanners = [(Label(c.spanner_zh, c.spanner_zh, c.spanner_en),) if c.spanner_zh else () for c in columns]
        blocks.append(
            _Block(
                Label(band.zh, band.zh, band.en) if band.zh else None,
                tuple((*spanner, column) for spanner, column in zip(spanners, columns, strict=True)),
                tuple(_path(table, table.line[name], lines) for name in lines),
                tuple(tuple((table.id, name, column.id) for column in columns) for name in lines),
            )
        )
    return tuple(blocks)


def _shown(table: Table, line: Line, printed: Collection[str]) -> bool:
    """Leave out a subtotal that is not printed, and the parts that a subtotal stands for (see `Form.edits`)."""
    if line.subtotal or line.id in printed or line.group not in table.line:
        return line.id in printed or not line.subtotal
    return line.group not in printed or any(part in printed for part in table.parts(line.group))


def _path(table: Table, line: Line, shown: Collection[str]) -> Path:
    """Return the labels from the outermost group to a line; a subtotal stands inside the group that it sums up."""
    groups: dict[str, Label] = {**{group.id: group for group in table.groups}, **table.line}
    path: Path = (line, _SUBTOTAL) if set(table.parts(line.id)) & set(shown) else (line,)
    while isinstance(path[0], Line) and path[0].group in groups:
        path = (groups[path[0].group], *path)
    return path


def _stretched(paths: Sequence[Path], after_first: bool = False) -> list[StretchedPath]:
    """Stretch all paths to one depth: headers reach down from their first label, stubs to the right from their last."""
    depth = max(map(len, paths), default=0)
    stretched: list[StretchedPath] = []
    for path in paths:
        at = min(1, len(path)) if after_first else len(path)
        stretched.append((*path[:at], *[None] * (depth - len(path)), *path[at:]))
    return stretched


def _axis(paths: Sequence[StretchedPath], language: Language) -> pd.Index:
    texts = [tuple("" if label is None else label.text(language) for label in path) for path in paths]
    depth = max(map(len, texts), default=0)
    if depth > 1:
        return pd.MultiIndex.from_tuples(texts)
    return pd.Index([text[0] if text else "" for text in texts], dtype="str")


def _table(report: Report, name: str, findings: pd.DataFrame | None, language: Language) -> str:
    table = report.statutory_form.table(name)
    cells = _cells(report, name)
    section = report.statutory_form.sections[table.section - 1] if table.section else table
    title = escape(section.zh if language == "zh" else section.en)
    if not cells:
        return f'<p><strong>{title}</strong></p>\n<p class="govstats-state">{MISSING} {_WORDS["absent"][language]}</p>'
    units = {line.unit for line in table.lines}
    unit = next(iter(units)) if len(units) == 1 else ""
    unit = _WORDS["unit"][language].format(unit if language == "zh" else _UNITS.get(unit, unit)) if unit else ""
    shown = _Shown(table, cells, _failures(findings, name, language), language)
    blocks = _blocks(table, cells)
    width = lcm(*(len(block.header) for block in blocks))
    return "\n".join(
        [
            '<table class="govstats-table">',
            f"<caption>{title} <small>{escape(unit)}</small></caption>",
            *(f"<tr>{row}</tr>" for block in blocks for row in _rows(shown, block, width)),
            "</table>",
            _list("", _legend(shown, blocks)),
        ]
    )


def _rows(shown: _Shown, block: _Block, width: int) -> Iterator[str]:
    """Yield the rows of a block, whose columns share a width with those of the other blocks."""
    header, stub = _stretched(block.header, after_first=True), _stretched(block.stub)
    levels, depth = len(header[0]), len(stub[0])
    across, language = width // len(header), shown.language
    if block.title:
        yield _heading(block.title, language, "col", columns=depth + width, kind="govstats-band")
    for level in range(levels):
        row = ""
        if level == 0 and depth:
            corner = Label("", shown.table.corner, "")
            row = _heading(corner, "zh", "col", rows=levels, columns=depth, kind="govstats-corner")
        for at, label in enumerate(path[level] for path in header):
            if label and _begins(header, at, level):
                columns = across * _length(header, at, level)
                row += _heading(label, language, "col", rows=_reach(header[at], level), columns=columns)
        yield row
    for at, keys in enumerate(block.keys):
        row = ""
        for level, label in enumerate(stub[at]):
            if label and _begins(stub, at, level):
                length = _length(stub, at, level)
                upright = "govstats-upright" if language == "zh" and length > 5 and level == 0 else ""
                row += _heading(label, language, "row", rows=length, columns=_reach(stub[at], level), kind=upright)
        yield row + "".join(_cell(shown, key, across) for key in keys)


def _begins(paths: Sequence[StretchedPath], at: int, level: int) -> bool:
    """Tell whether a label stands here for the first time, so that its cell begins here."""
    return at == 0 or paths[at - 1][: level + 1] != paths[at][: level + 1]


def _length(paths: Sequence[StretchedPath], at: int, level: int) -> int:
    """Count the rows (or columns) from here on that share a label."""
    return sum(path[: level + 1] == paths[at][: level + 1] for path in paths)


def _reach(path: StretchedPath, level: int) -> int:
    """Count the levels over which a label reaches."""
    rest = path[level + 1 :]
    return 1 + next((steps for steps, label in enumerate(rest) if label), len(rest))


def _heading(label: Label, language: Language, scope: str, *, rows: int = 1, columns: int = 1, kind: str = "") -> str:
    text, other = label.text(language), label.text("en" if language == "zh" else "zh")
    scope += "group" if (rows if scope == "row" else columns) > 1 and not kind.endswith("corner") else ""
    attributes = _attributes(scope=scope, rowspan=rows, colspan=columns, title=other if other != text else "", **{"class": kind})
    return f"<th{attributes}><span>{escape(text)}</span></th>"


def _attributes(**values: str | int) -> str:
    return "".join(f' {name}="{escape(str(value))}"' for name, value in values.items() if value not in ("", 1))


def _cell(shown: _Shown, key: CellKey, columns: int) -> str:
    cell = shown.cells.get(key)
    numbers = [number for number, failure in enumerate(shown.failures, start=1) if key in failure.cells]
    state = cell.status if cell else "missing"
    text = escape(_text(cell))
    if state in ("missing", "blank"):
        text = f'<span class="govstats-state">{text or _WORDS["blank"][shown.language]}</span>'
    if numbers:
        # where styles are stripped, the brackets and the space keep the number of an edit from the figure
        text = f'<span class="govstats-mark">({_WARNING}{",".join(map(str, numbers))})</span> {text}'
    kinds = [f"govstats-{state}"] * (state != "reported") + ["govstats-failed"] * bool(numbers)
    sentences = [f"{_WARNING}{number} {shown.failures[number - 1].sentence}" for number in numbers]
    title = "\n".join([_source(cell, shown.language), *sentences])
    return f"<td{_attributes(colspan=columns, title=title, **{'class': ' '.join(kinds)})}>{text}</td>"


def _source(cell: ReadCell | None, language: Language) -> str:
    if cell is None:
        return _WORDS["missing_meaning"][language]
    page = _WORDS["page"][language].format(cell.page) if cell.page is not None else ""
    method, printed = _WORDS["method"][language].format(cell.method), _WORDS["printed"][language].format(cell.printed)
    return " · ".join(part for part in (page, cell.place, method, printed) if part)


def _failed(findings: pd.DataFrame | None) -> list[dict[str, str]]:
    if findings is None:
        return []
    named = findings.loc[findings["status"] == "fail", ["rule", "table", "cells", "message_zh", "message_en"]]
    return [{str(name): str(value) for name, value in row.items()} for row in named.to_dict("records")]


def _failures(findings: pd.DataFrame | None, name: str, language: Language) -> list[_Failure]:
    return [
        _Failure(f"{row['rule']} {row[f'message_{language}']}", frozenset(_keys(row["cells"])))
        for row in _failed(findings)
        if row["table"] == name
    ]


def _keys(cells: str) -> Iterator[CellKey]:
    for cell in cells.split(";") if cells else ():
        table, _, rest = cell.partition("/")
        # The line may hold a slash of its own: in the annex before 2019 it is a label as printed.
        line, _, column = rest.rpartition("/")
        yield table, line, column


def _legend(shown: _Shown, blocks: Iterable[_Block]) -> list[str]:
    """List the sentences that the numbers in the cells lead to, and say what the other signs in the table mean."""
    cells, language = shown.cells, shown.language
    states = {cells[key].status if key in cells else "missing" for block in blocks for row in block.keys for key in row}
    signs = {"unreadable": "?", "blank": _WORDS["blank"][language], "missing": MISSING}
    items = [f"<li>{_WARNING}{number} {escape(failure.sentence)}</li>" for number, failure in enumerate(shown.failures, start=1)]
    meanings = [f"{sign} {_WORDS[f'{state}_meaning'][language]}" for state, sign in signs.items() if state in states]
    return items + [f'<li class="govstats-state">{escape(" · ".join(meanings))}</li>'] * bool(meanings)


def _list(title: str, items: Sequence[str]) -> str:
    if not items:
        return ""
    heading = f"<p><strong>{escape(title)}</strong></p>" if title else ""
    return f'{heading}<ul class="govstats-list">{"".join(items)}</ul>'


def _both(zh: object, en: object) -> str:
    return f'{escape(str(zh))} <span class="govstats-state">{escape(str(en))}</span>'
