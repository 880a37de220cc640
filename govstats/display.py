"""Reports for eyes: the statutory layout, as a frame and as HTML with failed edits marked and sources on hover."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import groupby, takewhile
from math import lcm
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from govstats.forms import CellKey, Label, Language, Line, Table, cell_key, known_language
from govstats.report import origin

if TYPE_CHECKING:
    from govstats.report import ReadCell, Report

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

_SUBTOTAL = Label("subtotal", "小计", "subtotal")
_FIGURE = Label("figure", "填报数", "as reported")
#: Text presentation: some systems draw the bare sign as a coloured picture, which is lost in black and white.
_WARNING = "⚠\ufe0e"

_WORDS: Mapping[Language, Mapping[str, str]] = {
    "zh": {
        "blank": "空白",
        "blank_meaning": "单元格空白，不等于 0",
        "missing_meaning": "文件中没有这一格",
        "unreadable_meaning": "有内容但无法判读",
        "unit": "单位：{}",
        "absent": "文件中没有这张表。",
        "printed": "印作“{}”",
        "page": "第 {} 页",
        "method": "读法 {}",
    },
    "en": {
        "blank": "blank",
        "blank_meaning": "an empty cell, which is not zero",
        "missing_meaning": "not in the document",
        "unreadable_meaning": "something stands there that cannot be decided",
        "unit": "unit: {}",
        "absent": "The document does not have this table.",
        "printed": "printed “{}”",
        "page": "page {}",
        "method": "read as {}",
        "件": "cases",
        "万元": "10,000 yuan",
    },
}
_OTHER: Mapping[Language, Language] = {"zh": "en", "en": "zh"}
#: The languages of what is shown in one or in both.
_LANGUAGES: Mapping[str, tuple[Language, ...]] = {"both": ("zh", "en"), "zh": ("zh",), "en": ("en",)}

# A shadow at an edge says that a table goes on there: what covers it scrolls with the table, and is away while there is more.
# No rule depends on colour alone: failed cells have a frame and a sign, the others a word, a sign or a dotted frame. Colours
# come from JupyterLab's theme where there is one, and else from the page.
STYLE = f"<style>\n{(Path(__file__).parent / 'pages' / 'display.css').read_text('utf-8')}</style>"


class _Block(NamedTuple):
    """Lines under one header: a whole table, or one band of the table on proactive disclosure."""

    title: Label | None
    header: Sequence[Labels]
    stub: Sequence[Labels]
    keys: Sequence[Sequence[CellKey]]


class _Heading(NamedTuple):
    """A label on an axis: where it begins, how many rows (or columns) share it, and over how many levels it reaches."""

    label: Label
    level: int
    at: int
    length: int
    reach: int


class _Shown(NamedTuple):
    """What is shown of a table: its cells, and the sentences and the cells of its failed edits."""

    corner: str
    cells: Mapping[CellKey, ReadCell]
    failures: Sequence[tuple[str, Collection[CellKey]]]
    language: Language
    words: Mapping[str, str]


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
    if not table.bands[0].zh:
        stub, header = _stretched(blocks[0].stub), _stretched(blocks[0].header, after_first=True)
        texts = [[_text(cells.get(key)) for key in keys] for keys in blocks[0].keys]
        return pd.DataFrame(texts, index=_axis(stub, language), columns=_axis(header, language), dtype="str")
    paths: list[StretchedLabels] = []
    texts = []
    for block in blocks:
        for stub_labels, keys in zip(block.stub, block.keys, strict=True):
            paths += [(block.title, *stub_labels, *column) for column in block.header]
            texts += [[_text(cells.get(key))] for key in keys]
    return pd.DataFrame(texts, index=_axis(paths, language), columns=[_FIGURE.text(language)], dtype="str")


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
    known_language(language)
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
    from govstats.reconciliation import reconcile

    findings = reconcile(report)
    form = report.statutory_form
    counts = findings["status"].value_counts()
    unknown = "文件未写明 not stated in the document"
    year = unknown if report.year is None else str(report.year)
    source = [report.source, report.format, f"sha256 {report.sha256[:12]}", origin(report)]
    edits = {"pass": "相符 pass", "fail": "不符 fail", "not_assessable": "无法核对 not assessable"}
    facts = {
        "题名 title": report.title or unknown,
        "表式 form": f"{form.zh}（{form.source}） {form.en}",
        "来源 source": " · ".join(filter(None, source)),
        "核对 edits": " · ".join(f"{counts.get(status, 0)} {words}" for status, words in edits.items()),
    }
    described = "".join(f"<dt>{escape(term)}</dt><dd>{escape(fact)}</dd>" for term, fact in facts.items())
    tables = [table.id for table in form.tables]
    failed = _failed(findings)
    elsewhere = [f"<li>{_WARNING} {_both(row)}</li>" for row in failed if row["table"] not in tables]
    notes = [f"<li>· {_both(row)}</li>" for row in report.notes.head(_NOTES_SHOWN).to_dict("records")]
    if len(report.notes) > _NOTES_SHOWN:
        notes.append(f"<li>· {MISSING} {len(report.notes) - _NOTES_SHOWN} 条见 more in <code>report.notes</code></li>")
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
    return "\n".join(filter(None, parts))


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
    rows, headings, kinds = _in_words(frame, language)
    if frame.empty:
        return Frame(rows, f"<p>{escape(empty)}</p>")
    texts = rows.to_numpy().tolist()
    if not isinstance(frame.index, pd.RangeIndex) or frame.index.names != [None]:
        stub = frame.index.to_frame(index=False).map(_value).to_numpy().tolist()
        texts = [[*before, *row] for before, row in zip(stub, texts, strict=True)]
        headings = [_heading_of(str(name or ""), language) for name in frame.index.names] + headings
        kinds = [""] * frame.index.nlevels + kinds
    header, body = _row_html("th", headings, kinds), "".join(_row_html("td", row, kinds) for row in texts)
    table = f'<table class="govstats-frame"><thead>{header}</thead><tbody>{body}</tbody></table>'
    return Frame(rows, f'{STYLE}\n<div class="govstats">{table}</div>')


def _in_words(frame: pd.DataFrame, language: str) -> tuple[pd.DataFrame, list[str], list[str]]:
    """Return the columns of a frame as text, their headings, and of what kind each is: number, long text or neither."""
    columns: dict[str, list[str]] = {}
    headings, kinds = [], []
    for name in frame.columns:
        stem = name.removesuffix("_zh").removesuffix("_en")
        in_both = f"{stem}_zh" in frame and f"{stem}_en" in frame
        if in_both and name.endswith("_en"):
            continue
        if in_both:
            texts = _joined([frame[f"{stem}_{one}"] for one in _LANGUAGES[language]])
        else:
            texts = [_value(value) for value in frame[name]]
            if name == "value" and "status" in frame:
                texts = [
                    _reason(status, language) if text == MISSING else text
                    for text, status in zip(texts, frame["status"], strict=True)
                ]
        columns[stem if in_both else name] = texts
        headings.append(stem if in_both else _heading_of(name, language))
        kinds.append(_kind(frame[name], texts))
    return pd.DataFrame(columns, index=frame.index), headings, kinds


def _joined(columns: Sequence[Iterable[object]]) -> list[str]:
    """Join what columns say of a row, what they have in common once."""
    return [" ".join(dict.fromkeys(map(_value, row))) for row in zip(*columns, strict=True)]


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
    from govstats.export.codebook import values

    known = values("status").get(str(status))
    return MISSING if known is None else " ".join(known.text(one) for one in _LANGUAGES[language])


def _heading_of(name: str, language: str) -> str:
    """Set a column's name in Chinese before it, where the codebook has it."""
    from govstats.export.codebook import field as column

    known = column("cells", name) or column("findings", name)
    if known is None or language == "en":
        return name
    chinese = re.split("[；，（：]", known.zh)[0]
    return f"{chinese} {name}"


def _kind(column: pd.Series, texts: Sequence[str]) -> str:
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        return "number"
    return "text" if max(map(len, texts), default=0) > _LONG else ""


def _row_html(tag: str, texts: Iterable[str], kinds: Iterable[str]) -> str:
    classes = [f' class="govstats-{kind}"' if kind else "" for kind in kinds]
    cells = [f"<{tag}{one}>{escape(text)}</{tag}>" for text, one in zip(texts, classes, strict=True)]
    return f"<tr>{''.join(cells)}</tr>"


def _attributes(*, classes: str = "", **values: str | int) -> str:
    """Write attributes that are not empty; a span of one is none."""
    given = values | {"class": classes}
    return "".join(f' {name}="{escape(str(value))}"' for name, value in given.items() if value not in ("", 1))


def _cells(report: Report, name: str) -> dict[CellKey, ReadCell]:
    return {cell.key: cell for cell in report.read_cells if cell.table == name}


def _text(cell: ReadCell | None) -> str:
    if cell is None:
        return MISSING
    texts = {"blank": "", "unreadable": f"? {cell.printed}"}
    return texts.get(cell.status, cell.printed)


def _blocks(table: Table, cells: Collection[CellKey]) -> list[_Block]:
    """Arrange the lines and columns of a table as the form does; lines that it leaves optional only where they are printed."""
    if table.lines_across:
        keys = [(table.id, line.id, column) for line in table.lines for column in table.columns_of[line.id]]
        header = [(*_path(table, table.line[line], ()), table.column[column]) for _, line, column in keys]
        return [_Block(None, header, [()], [keys])]
    if table.open:
        return [_as_printed(table, cells)]
    printed = {line for _, line, _ in cells}
    blocks = []
    for band in table.bands:
        lines = [table.line[name] for name in band.lines if _is_shown(table, table.line[name], printed)]
        columns = [table.column[name] for name in band.columns]
        header = [(Label("", one.spanner_zh, one.spanner_en), one) if one.spanner_zh else (one,) for one in columns]
        title = Label("", band.zh, band.en) if band.zh else None
        stub = [_path(table, line, lines) for line in lines]
        blocks.append(_Block(title, header, stub, _keys(table, lines, columns)))
    return blocks


def _as_printed(table: Table, cells: Collection[CellKey]) -> _Block:
    """Take lines and columns as the document has them."""
    shown = {column for _, _, column in cells}
    columns = [column for column in table.columns if column.id in shown or not shown]
    lines = [table.line.get(line, Line(line, line, line)) for line in dict.fromkeys(line for _, line, _ in cells)]
    return _Block(None, [(column,) for column in columns], [(line,) for line in lines], _keys(table, lines, columns))


def _keys(table: Table, lines: Iterable[Label], columns: Sequence[Label]) -> list[list[CellKey]]:
    return [[(table.id, line.id, column.id) for column in columns] for line in lines]


def _is_shown(table: Table, line: Line, printed: Collection[str]) -> bool:
    """Leave out a subtotal that is not printed, and the parts that a subtotal stands for (see `Form.edits`)."""
    if line.id in printed:
        return True
    if line.subtotal:
        return False
    if line.group not in printed or line.group not in table.line:
        return True
    return any(part in printed for part in table.parts(line.group))


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


def _table(report: Report, name: str, findings: pd.DataFrame | None, language: Language) -> str:
    table, words = report.statutory_form.table(name), _WORDS[language]
    cells = _cells(report, name)
    title = table.title(language)
    if table.section:
        title = report.statutory_form.sections[table.section - 1].text(language)
    title = escape(title)
    if not cells:
        return f'<p><strong>{title}</strong></p>\n<p class="govstats-state">{MISSING} {words["absent"]}</p>'
    units = {line.unit for line in table.lines}
    unit = units.pop() if len(units) == 1 else ""
    told = words["unit"].format(words.get(unit, unit)) if unit else ""
    shown = _Shown(table.corner, cells, _failures(findings, name, language), language, words)
    blocks = _blocks(table, cells)
    width = lcm(*(len(block.header) for block in blocks))
    rows = [row for block in blocks for row in _rows(shown, block, width)]
    return "\n".join(
        [
            '<table class="govstats-table">',
            f"<caption>{title} <small>{escape(told)}</small></caption>",
            *(f"<tr>{row}</tr>" for row in rows),
            "</table>",
            _list("", _legend(shown, blocks)),
        ]
    )


def _rows(shown: _Shown, block: _Block, width: int) -> Iterator[str]:
    """Yield the rows of a block, whose columns share a width with those of the other blocks."""
    language = shown.language
    header, stub = _stretched(block.header, after_first=True), _stretched(block.stub)
    levels, depth, across = len(header[0]), len(stub[0]), width // len(header)
    if block.title:
        yield _heading(block.title, language, "colgroup", columns=depth + width, kind="govstats-band")
    rows = [""] * levels
    if depth:
        rows[0] = _heading(Label("", shown.corner, ""), "zh", "col", rows=levels, columns=depth, kind="govstats-corner")
    for one in _headings(header):
        columns = across * one.length
        scope = "colgroup" if columns > 1 else "col"
        rows[one.level] += _heading(one.label, language, scope, rows=one.reach, columns=columns)
    yield from rows
    rows = [""] * len(stub)
    for one in _headings(stub):
        upright = "govstats-upright" if language == "zh" and one.level == 0 and one.length >= _MANY_ROWS else ""
        scope = "rowgroup" if one.length > 1 else "row"
        rows[one.at] += _heading(one.label, language, scope, rows=one.length, columns=one.reach, kind=upright)
    for row, keys in zip(rows, block.keys, strict=True):
        yield row + "".join(_cell(shown, key, across) for key in keys)


def _headings(paths: Sequence[StretchedLabels]) -> Iterator[_Heading]:
    """Yield the labels of an axis, the outer ones first, each once for all neighbours that share it."""
    for level in range(len(paths[0])):
        at = 0
        for path, neighbours in groupby(paths, key=lambda path: path[: level + 1]):
            length = len(list(neighbours))
            if label := path[level]:
                empty = takewhile(lambda label: label is None, paths[at][level + 1 :])
                yield _Heading(label, level, at, length, 1 + len(list(empty)))
            at += length


def _heading(label: Label, language: Language, scope: str, *, rows: int = 1, columns: int = 1, kind: str = "") -> str:
    text, other = label.text(language), label.text(_OTHER[language])
    title = other if other != text else ""
    attributes = _attributes(scope=scope, rowspan=rows, colspan=columns, title=title, classes=kind)
    return f"<th{attributes}><span>{escape(text)}</span></th>"


def _cell(shown: _Shown, key: CellKey, columns: int) -> str:
    cell = shown.cells.get(key)
    state = cell.status if cell else "missing"
    text = escape(_text(cell))
    if state in ("missing", "blank"):
        text = f'<span class="govstats-state">{text or shown.words["blank"]}</span>'
    told = [_source(cell, shown.words)]
    classes = [] if state == "reported" else [f"govstats-{state}"]
    failed = {number: sentence for number, (sentence, cells) in enumerate(shown.failures, start=1) if key in cells}
    if failed:
        # where styles are stripped, the brackets and the space keep the number of an edit from the figure
        text = f'<span class="govstats-mark">({_WARNING}{",".join(map(str, failed))})</span> {text}'
        told += [f"{_WARNING}{number} {sentence}" for number, sentence in failed.items()]
        classes.append("govstats-failed")
    attributes = _attributes(colspan=columns, title="\n".join(told), classes=" ".join(classes))
    return f"<td{attributes}>{text}</td>"


def _source(cell: ReadCell | None, words: Mapping[str, str]) -> str:
    if cell is None:
        return words["missing_meaning"]
    page = "" if cell.page is None else words["page"].format(cell.page)
    told = [page, cell.place, words["method"].format(cell.method), words["printed"].format(cell.printed)]
    return " · ".join(filter(None, told))


def _failed(findings: pd.DataFrame) -> list[dict[str, Any]]:
    failed = findings.loc[findings["status"] == "fail", ["rule", "table", "cells", "message_zh", "message_en"]]
    return [{str(name): str(value) for name, value in row.items()} for row in failed.to_dict("records")]


def _failures(findings: pd.DataFrame | None, name: str, language: Language) -> list[tuple[str, Collection[CellKey]]]:
    """Return the failed edits of a table: what is said under it, and the cells that bear the number."""
    if findings is None:
        return []
    failed = _failed(findings[findings["table"] == name])
    return [(f"{row['rule']} {row[f'message_{language}']}", [*map(cell_key, row["cells"].split(";"))]) for row in failed]


def _legend(shown: _Shown, blocks: Iterable[_Block]) -> list[str]:
    """List the sentences that the numbers in the cells lead to, and say what the other signs in the table mean."""
    items = [f"<li>{_WARNING}{number} {escape(said)}</li>" for number, (said, _) in enumerate(shown.failures, start=1)]
    cells = [shown.cells.get(key) for block in blocks for row in block.keys for key in row]
    states = {cell.status if cell else "missing" for cell in cells}
    signs = {"unreadable": "?", "blank": shown.words["blank"], "missing": MISSING}
    meanings = [f"{sign} {shown.words[f'{state}_meaning']}" for state, sign in signs.items() if state in states]
    if meanings:
        items.append(f'<li class="govstats-state">{escape(" · ".join(meanings))}</li>')
    return items


def _list(title: str, items: Sequence[str]) -> str:
    if not items:
        return ""
    heading = f"<p><strong>{escape(title)}</strong></p>" if title else ""
    return f'{heading}<ul class="govstats-list">{"".join(items)}</ul>'


def _both(row: Mapping[Any, Any]) -> str:
    return f'{escape(str(row["message_zh"]))} <span class="govstats-state">{escape(str(row["message_en"]))}</span>'
