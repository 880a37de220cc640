"""A workbook for the people who own the data: the tables as printed, what fails coloured, the reasons beside it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from math import ceil
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unicodedata import east_asian_width

import numpy as np
import pandas as pd

from govstats.errors import MissingExtra, UnusableExport
from govstats.forms import CellKey, Language, cell_key

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

    from govstats.display import Piece, ShownTable

    Looks = Mapping[str, Format]

#: Characters that columns of labels and of figures are wide, those of a line of a comment, and points that a line is high.
_LABELS, _FIGURES, _COMMENT, _HIGH = 17, 13, 70, 16
_FIRST_ROW = 2
#: Excel takes 32,767 characters of a text or of a comment.
_LONGEST = 32_000
_LONGEST_NAME = 31
#: Points, of a row.
_HIGHEST = 400
_PAPER_A4 = 9

_LOOKS: dict[str, dict[str, Any]] = {
    "title": {"bold": True, "font_size": 13},
    "label": {"bg_color": "#F2F2F2", "border": 1, "border_color": "#BFBFBF", "text_wrap": True, "align": "center"},
    "figure": {"border": 1, "border_color": "#BFBFBF", "align": "right"},
    "failed": {"border": 2, "border_color": "#D55E00", "bg_color": "#F6CFB4", "bold": True, "align": "right"},
    "state": {"border": 1, "border_color": "#BFBFBF", "align": "right", "italic": True, "font_color": "#595959"},
    "text": {"text_wrap": True, "valign": "top"},
    "number": {"valign": "top"},
}
_HEADINGS = {
    "severity": ("程度", "severity", 7),
    "rule": ("规则", "rule", 7),
    "message": ("结论", "finding", 60),
    "expected": ("应为", "expected", 11),
    "reported": ("所填", "reported", 11),
    "difference": ("差", "difference", 11),
    "repairs": ("改法", "repairs", 70),
}
_WORDS: dict[Language, dict[str, str]] = {
    "zh": {
        "findings": "核对结果",
        "none": "没有不符之处。",
        "repair": "改法 {number}/{count}：{said}",
        "difference": "差：{difference}（所填减应为）",
        "more": "……其余见“核对结果”与 govstats check --json",
    },
    "en": {
        "findings": "Findings",
        "none": "Nothing fails.",
        "repair": "Repair {number} of {count}: {said}",
        "difference": "Difference: {difference} (reported less expected)",
        "more": "… for the rest see “Findings” and govstats check --json",
    },
}


def write_checked(
    destination: str | PathLike[str],
    title: str,
    tables: Sequence[ShownTable],
    findings: pd.DataFrame,
    repairs: pd.DataFrame,
    *,
    language: Language = "zh",
) -> Path:
    """Write what was found in a report into a workbook that its authors can read and correct it by.

    Parameters
    ----------
    destination : path
        A file ``*.xlsx``; one that is there is replaced.
    title : str
        Of which report.
    tables : sequence of ShownTable
        The tables of the report with their failed edits, as `govstats.display.show_table` makes them in the same language.
    findings, repairs : pandas.DataFrame
        As `govstats.reconcile` and `govstats.repairs` return them for this report.
    language : {"zh", "en"}

    Returns
    -------
    Path
        The destination. Its first sheet lists what fails, each with its difference and every repair. Then follows a sheet for
        each statutory table as printed: a cell in which something fails is coloured and has a comment with its place in the
        document, the rule, the difference and every repair. No text is a formula or a link.

    Raises
    ------
    UnusableExport
        The destination is no ``*.xlsx`` or cannot be written.
    MissingExtra
        A package of the extra ``export`` is not installed.
    """
    try:
        from xlsxwriter import Workbook
        from xlsxwriter.exceptions import FileCreateError
    except ImportError as error:
        raise MissingExtra.of("a workbook", error, "export") from error
    path = Path(destination)
    if path.suffix.lower() != ".xlsx":
        raise UnusableExport(f"{path}: cannot be a workbook, expected a file *.xlsx 工作簿应为 .xlsx 文件")
    failed = findings[findings["status"] == "fail"]
    failed = failed.sort_values("severity", key=lambda column: column.map("EWI".index), kind="stable")
    told: list[dict[str, Any]] = failed.assign(message=failed[f"message_{language}"]).to_dict("records")  # type: ignore[assignment]
    for finding in told:
        finding["repairs"] = "\n".join(_repairs_of(finding, repairs, language))
    reasons = _reasons(told, language)
    options = dict.fromkeys(("strings_to_formulas", "strings_to_urls", "strings_to_numbers"), False)
    try:
        with Workbook(str(path), options) as book:
            looks = {name: book.add_format({"valign": "vcenter", **look}) for name, look in _LOOKS.items()}
            _write_findings(_sheet(book, _WORDS[language]["findings"], title, looks), told, looks, language)
            for table in tables:
                _write_table(_sheet(book, table.title, table.title, looks), table, reasons, looks, language)
    except (OSError, FileCreateError) as error:
        raise UnusableExport(f"{path}: cannot be written: {error} 无法写入，请另选位置或先关闭该文件") from error
    return path


def _repairs_of(finding: Mapping[str, Any], repairs: pd.DataFrame, language: Language) -> list[str]:
    """Say all repairs that explain a finding: those of the groups that change one of its cells for its rule."""
    places = repairs["table"] + "/" + repairs["line"] + "/" + repairs["column"]
    # a search that found nothing names the table alone
    there = places.isin(finding["cells"].split(";")) | (repairs["line"].isna() & (repairs["table"] == finding["table"]))
    explains = repairs["rules"].map(lambda rules: finding["rule"] in rules.split(";")).astype(bool)
    groups = repairs.loc[there & explains, "group"]
    said = repairs[repairs["group"].isin(groups)].drop_duplicates("repair")[f"message_{language}"]
    words = _WORDS[language]["repair"]
    return [words.format(number=number, count=len(said), said=one) for number, one in enumerate(said, start=1)]


def _reasons(told: Sequence[Mapping[str, Any]], language: Language) -> dict[CellKey, list[str]]:
    """Return for each cell what fails in it."""
    reasons: dict[CellKey, list[str]] = {}
    for finding in told:
        said = [f"{finding['severity']} {finding['rule']} {finding['message']}"]
        if pd.notna(finding["difference"]):
            said.append(_WORDS[language]["difference"].format(difference=_signed(finding["difference"])))
        said += [finding["repairs"]] * bool(finding["repairs"])
        for place in filter(None, finding["cells"].split(";")):
            reasons.setdefault(cell_key(place), []).append("\n".join(said))
    return reasons


def _signed(figure: float) -> str:
    # no figure has more than six decimals: what is beyond is the noise of binary fractions
    return np.format_float_positional(round(figure, 6), trim="-", sign=True)


def _sheet(book: Workbook, name: str, title: str, looks: Looks) -> Worksheet:
    sheet: Worksheet = book.add_worksheet(re.sub(r"[\[\]:*?/\\]", " ", name)[:_LONGEST_NAME])
    sheet.write_string(0, 0, title, looks["title"])
    sheet.set_paper(_PAPER_A4)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    return sheet


def _write_findings(sheet: Worksheet, told: Sequence[Mapping[str, Any]], looks: Looks, language: Language) -> None:
    for at, (zh, en, wide) in enumerate(_HEADINGS.values()):
        sheet.set_column(at, at, wide)
        sheet.write_string(_FIRST_ROW, at, zh if language == "zh" else en, looks["label"])
    for row, finding in enumerate(told, start=_FIRST_ROW + 1):
        lines = 1
        for at, (name, (_, _, wide)) in enumerate(_HEADINGS.items()):
            value = finding[name]
            if isinstance(value, str):
                sheet.write_string(row, at, _shortened(value, language), looks["text"])
                lines = max(lines, _lines(value, wide))
            elif pd.notna(value):
                sheet.write_number(row, at, round(value, 6), looks["number"])
        sheet.set_row(row, min(_HIGH * lines, _HIGHEST))
    if not told:
        sheet.write_string(_FIRST_ROW + 1, 0, _WORDS[language]["none"])
    sheet.freeze_panes(_FIRST_ROW + 1, 0)


def _write_table(
    sheet: Worksheet, table: ShownTable, reasons: Mapping[CellKey, Sequence[str]], looks: Looks, language: Language
) -> None:
    placed = list(_placed(table.rows))
    sheet.write_string(1, 0, table.unit if table.rows else table.absent)
    first = min((left for _, left, _, _, piece in placed if piece.key), default=0)
    wide = Counter({at: _LABELS if at < first else _FIGURES for _, left, _, right, _ in placed for at in (left, right)})
    for _, left, _, right, piece in placed:
        if piece.key and left == right:
            wide[left] = max(wide[left], _width(piece.text) + 2)
    for at, size in wide.items():
        sheet.set_column(at, at, size)
    lines = Counter({row: 1 for row, *_ in placed})
    for row, left, bottom, right, piece in placed:
        failed = reasons.get(piece.key, ()) if piece.key else ()
        kind = "label" if piece.key is None else "failed" if failed else "state" if piece.is_state else "figure"
        if (bottom, right) != (row, left):
            sheet.merge_range(row, left, bottom, right, "", looks[kind])
        if piece.key and _is_plain(piece.text):
            sheet.write_number(row, left, float(piece.text), looks[kind])
        else:
            sheet.write_string(row, left, piece.text, looks[kind])
        if bottom == row:
            lines[row] = max(lines[row], _lines(piece.text, sum(wide[at] - 1 for at in range(left, right + 1))))
        if failed:
            place = str(piece.attributes["title"]).partition("\n")[0]
            said = _shortened("\n\n".join([place, *failed]), language)
            high = _lines(said, _COMMENT)
            sheet.write_comment(row, left, said, {"x_scale": 3.4, "height": min(20 * high + 20, 900), "font_size": 9})
    for row, high in lines.items():
        sheet.set_row(row, _HIGH * high)


def _placed(rows: Sequence[Sequence[Piece]]) -> Iterator[tuple[int, int, int, int, Piece]]:
    """Yield the row, first column, last row and last column of every piece; a cell that began above keeps its place."""
    taken: set[tuple[int, int]] = set()
    for row, pieces in enumerate(rows, start=_FIRST_ROW):
        left = 0
        for piece in pieces:
            while (row, left) in taken:
                left += 1
            bottom, right = row + (piece.attributes.get("rowspan") or 1) - 1, left + (piece.attributes.get("colspan") or 1) - 1
            taken |= set(product(range(row, bottom + 1), range(left, right + 1)))
            yield row, left, bottom, right, piece


def _is_plain(text: str) -> bool:
    """Tell whether Excel shows a figure as it is printed; ``1,204`` and ``007`` stay text."""
    return re.fullmatch(r"-?(0|[1-9]\d{0,13})(\.\d*[1-9])?", text, re.ASCII) is not None


def _shortened(text: str, language: Language) -> str:
    """Leave out what neither a cell nor a comment can hold."""
    text = "".join(one for one in text if one.isprintable() or one == "\n")
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}\n{_WORDS[language]['more']}"


def _lines(text: str, wide: float) -> int:
    """Return how many lines a text takes in so many characters."""
    return sum(max(1, ceil(_width(line) / wide)) for line in text.split("\n"))


def _width(text: str) -> int:
    return sum(2 if east_asian_width(one) in "WF" else 1 for one in text)
