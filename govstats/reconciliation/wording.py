"""How lines, columns, figures and sums are named in a message, in Chinese and in English."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from math import copysign, isnan

from govstats.files import package_data
from govstats.forms import CellKey, Edit, Form, Language, Table

#: What stands in a message: the same in both languages, or what a function says in each.
Words = str | Callable[[Language], str]

_LONGEST_QUOTE = 40


def phrase(name: str, language: Language, **fields: str) -> str:
    """Return a phrase of ``words.toml`` with its fields filled in."""
    return str(package_data("reconciliation/words.toml")[name][language]).format(**fields)


def no_figure(status: int, language: Language) -> str:
    """Return what stands in the place of a figure; the status is one of `ReportMatrix.status`."""
    return str(package_data("reconciliation/words.toml")["no_figure"][language][status])


def in_words(said: Words, language: Language) -> str:
    """Return what stands in a message in one language."""
    return said if isinstance(said, str) else said(language)


def number(value: float) -> str:
    """Return a figure as a person writes it.

    >>> number(718.0), number(-18.0), number(7730.28)
    ('718', '−18', '7730.28')
    """
    return f"{value + 0.0:.15g}".replace("-", "−")


def listed(names: Iterable[str], language: Language, limit: int = 4) -> str:
    """Join names; beyond `limit` only say how many there are.

    >>> listed(["甲", "乙", "丙"], "zh", limit=2)
    '甲、乙等 3 项'
    """
    names = list(names)
    shown = phrase("comma", language).join(names[:limit])
    if len(names) <= limit:
        return shown
    return phrase("and_more", language, shown=shown, count=str(len(names)), more=str(len(names) - limit))


def quoted(label: str, language: Language) -> str:
    """Put a label in quotation marks, those inside it becoming single.

    >>> quoted("3.危及“三安全一稳定”", "zh")
    '“3.危及‘三安全一稳定’”'
    """
    inside = label.replace("“", "‘").replace("”", "’") if language == "zh" else label
    return f"“{inside}”"


def without_figure(cells: Iterable[tuple[str, int]], language: Language, limit: int = 4) -> str:
    """Name cells by the reason why they hold no figure; each is a label and its status in `ReportMatrix.status`.

    >>> without_figure([("自然人", 0), ("商业企业", 2), ("总计", 2)], "zh")
    '商业企业、总计（空白）'
    """
    by_reason: dict[str, list[str]] = {}
    for label, status in cells:
        by_reason.setdefault(no_figure(status, language), []).append(label)
    said = ((listed(labels, language, limit), reason) for reason, labels in by_reason.items() if reason)
    return phrase("semicolon", language).join(phrase("remark", language, text=text, remark=reason) for text, reason in said)


def _without_remark(label: str) -> str:
    """Drop a remark in brackets at the end of a label: ``部分公开（区分处理的…）``."""
    return re.sub(r"(?<=.)(（[^（）]*）|\s\([^()]*\))$", "", label)


@cache
def line_label(table: Table, line: str, language: Language) -> str:
    """Return the label of a line, of lines or of a group; with that of its group where it does not speak for itself."""
    if "+" in line and not table.open:
        return phrase("plus", language).strip().join(line_label(table, one, language) for one in line.split("+"))
    stub = table.line.get(line)
    if stub is None:
        return next((group.text(language) for group in table.groups if group.id == line), line)
    label = _without_remark(stub.text(language))
    heading = table.line.get(stub.group)
    if heading and heading.subtotal:
        numbering = re.match(r"（[^（）]+）|\([^()]+\) ", heading.text(language))
        return (numbering.group() if numbering else "") + label
    for group in table.groups:
        if table.lines_across and group.id == stub.group and not label.startswith(group.text(language)):
            return f"{group.text(language)}·{label}"
    return label


def line_in_full(table: Table, line: str, language: Language) -> str:
    """Return the label of a line with the heading of its group: ``三、本年度办理结果·（七）总计``."""
    label = line_label(table, line, language)
    group = next((group.text(language) for group in table.groups if group.id == table.line[line].group), "")
    return label if group in label else f"{group}·{label}"


@cache
def column_label(table: Table, column: str, language: Language) -> str:
    """Return the label of a column; of the organisations together what stands above them."""
    label = table.column.get(column)
    if column == "organisations" and label is None:
        return next((getattr(one, f"spanner_{language}") for one in table.columns if one.spanner_zh), "")
    return _without_remark(label.text(language)) if label else column


def cell_label(table: Table, cell: CellKey, language: Language) -> str:
    """Return how a cell is named: its line and its column."""
    return f"{line_label(table, cell[1], language)}·{column_label(table, cell[2], language)}"


def named(table: Table, cell: CellKey) -> Callable[[Language], str]:
    """Return how a cell is named in a message: its line and its column, in quotation marks."""
    return lambda language: quoted(cell_label(table, cell, language), language)


def titled(table: Table, language: Language) -> str:
    """Return the title of a table in quotation marks."""
    return quoted(table.text(language), language)


def cells_without_figure(table: Table, cells: Sequence[CellKey], status: Sequence[int], limit: int = 4) -> Words:
    """Name cells of a table by the reason why they hold no figure."""

    def said(language: Language) -> str:
        return without_figure(zip((cell_label(table, cell, language) for cell in cells), status, strict=True), language, limit)

    return said


def cell_list(cells: Iterable[CellKey]) -> str:
    """Return cells as the findings carry them: ``table/line/column`` joined by semicolons."""
    return ";".join("/".join(cell) for cell in cells)


def subject(table: Table, edit: Edit, language: Language) -> str:
    """Return what an edit is about, as the beginning of a sentence."""
    if not edit.subject:
        return titled(table, language)
    if len({line for _, line, _ in edit.cells}) > 1:
        if edit.subject in table.column:
            return phrase("column", language, label=quoted(column_label(table, edit.subject, language), language))
        line, column = edit.subject.rsplit("/", 1)
        return quoted(cell_label(table, (table.id, line, column), language), language)
    label = quoted(line_label(table, edit.subject, language), language)
    return phrase("block" if table.lines_across else "line", language, label=label)


def apart(statutory: Form, cells: Sequence[CellKey], language: Language) -> list[str]:
    """Name cells by what sets them apart: columns, lines, or both; those of several tables by their lines in full."""
    tables, lines, columns = (set(part) for part in zip(*cells, strict=True))
    if len(lines) == 1:
        return [column_label(statutory.table(table), column, language) for table, _, column in cells]
    if len(tables) == 1 < len(columns):
        return [cell_label(statutory.table(cell[0]), cell, language) for cell in cells]
    name = line_in_full if len(tables) > 1 else line_label
    return [name(statutory.table(table), line, language) for table, line, _ in cells]


def sum_text(
    names: Sequence[str], figures: Sequence[float], language: Language, *, coefficients: Sequence[int] | None = None
) -> str:
    """Write a sum of cells out; figures that are not known (NaN) are left out, and of more than four those that are zero.

    >>> sum_text(["结果维持", "结果纠正"], [10.0, 1.0], "zh")
    '结果维持 10＋结果纠正 1＝11'
    >>> sum_text(["issued this year", "repealed this year"], [10.0, 2.0], "en", coefficients=[1, -3])
    'issued this year 10 − 3 × repealed this year 2 = 4'
    """
    known = [term for term in zip(coefficients or [1] * len(names), names, figures, strict=True) if not isnan(term[-1])]
    shown = [term for term in known if term[-1]] if len(known) > 4 else known
    if not shown:
        return phrase("all_zero", language)
    plus, minus = phrase("plus", language), phrase("minus", language)
    text = ""
    for sign, name, figure in shown:
        term = name if abs(sign) == 1 else phrase("times", language, factor=str(abs(sign)), label=name)
        text += f"{minus if sign < 0 else plus}{term} {number(figure)}"
    text = text.removeprefix(plus)
    if len(shown) > 1 or abs(shown[0][0]) > 1:
        return text + phrase("equals", language) + number(sum(sign * figure for sign, _, figure in shown))
    return text + phrase("rest_zero", language) if len(known) > 1 else text


def gap(size: float, language: Language) -> str:
    """Say how far a reported figure lies from the expected one.

    >>> gap(-11.0, "zh"), gap(0.5, "en")
    ('少 11', '0.5 more')
    """
    # what is less by next to nothing has been rounded to −0
    return phrase("less" if copysign(1, size) < 0 else "more", language, figure=number(abs(size)))


def shortened(quote: str, value: float | None = None) -> str:
    """Return the part of a sentence by which a reader finds it, around its figure."""
    plain = " ".join(quote.split())
    if len(plain) <= _LONGEST_QUOTE:
        return plain
    at = -1 if value is None else plain.find(f"{value:.15g}")
    start = max(0, min(at - _LONGEST_QUOTE // 2, len(plain) - _LONGEST_QUOTE))
    end = start + _LONGEST_QUOTE
    return "…" * (start > 0) + plain[start:end] + "…" * (end < len(plain))
