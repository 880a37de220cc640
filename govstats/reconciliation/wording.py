"""How lines, columns, figures and sums are named in a message, in Chinese and in English."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, lru_cache
from math import copysign

from govstats.forms import CellKey, Edit, Form, Language, Table

Fields = dict[Language, dict[str, str]]

#: What stands in the place of a figure, by the number that a status has in `ReportMatrix.status`.
NO_FIGURE: dict[Language, tuple[str, ...]] = {
    "zh": ("文中未见", "", "空白", "不适用", "无法辨认"),
    "en": ("not in the document", "", "blank", "not applicable", "unreadable"),
}
_COMMA: dict[Language, str] = {"zh": "、", "en": ", "}
_PLUS: dict[Language, str] = {"zh": "＋", "en": " + "}
_LONGEST_QUOTE = 40
_MINUS: dict[Language, str] = {"zh": "−", "en": " − "}
_EQUALS: dict[Language, str] = {"zh": "＝", "en": " = "}
_ALL_ZERO: dict[Language, str] = {"zh": "各项均为 0", "en": "all parts are 0"}
_REST_ZERO: dict[Language, str] = {"zh": "，其余均为 0", "en": ", the rest are 0"}


def in_both(fields: Callable[[Language], dict[str, str]]) -> Fields:
    """Fill in the fields of a message for Chinese and for English."""
    return {"zh": fields("zh"), "en": fields("en")}


@lru_cache(maxsize=100_000)
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
    if len(names) <= limit:
        return _COMMA[language].join(names)
    shown = _COMMA[language].join(names[:limit])
    return f"{shown}等 {len(names)} 项" if language == "zh" else f"{shown} and {len(names) - limit} more"


def quoted(label: str, language: Language) -> str:
    """Put a label in quotation marks, those inside it becoming single.

    >>> quoted("3.危及“三安全一稳定”", "zh")
    '“3.危及‘三安全一稳定’”'
    """
    inside = label.replace("“", "‘").replace("”", "’") if language == "zh" else label
    return f"“{inside}”"


def without_figure(cells: Iterable[tuple[str, int]], language: Language, limit: int = 4) -> str:
    """Name cells by the reason why they hold no figure; each is a label and its status in `ReportMatrix.status`.

    >>> without_figure([("自然人", 1), ("商业企业", 2), ("总计", 2)], "zh")
    '商业企业、总计（空白）'
    """
    by_reason: dict[str, list[str]] = {}
    for label, status in cells:
        if NO_FIGURE[language][status]:
            by_reason.setdefault(NO_FIGURE[language][status], []).append(label)
    opening, closing, joint = ("（", "）", "；") if language == "zh" else (" (", ")", "; ")
    return joint.join(listed(labels, language, limit) + opening + reason + closing for reason, labels in by_reason.items())


def _without_remark(label: str) -> str:
    """Drop a remark in brackets at the end of a label: ``部分公开（区分处理的…）``."""
    return re.sub(r"(?<=.)(（[^（）]*）|\s\([^()]*\))$", "", label)


@cache
def line_label(table: Table, line: str, language: Language) -> str:
    """Return the label of a line, with the number or name of its group where it does not speak for itself."""
    stub = table.line.get(line)
    if stub is None:
        return line
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
    """Return the label of a column."""
    label = table.column.get(column)
    return _without_remark(label.text(language)) if label else column


def cell_label(table: Table, cell: CellKey, language: Language) -> str:
    """Return how a cell is named: its line and its column."""
    return f"{line_label(table, cell[1], language)}·{column_label(table, cell[2], language)}"


@lru_cache(maxsize=10_000)
def _joined(cells: tuple[CellKey, ...]) -> str:
    return ";".join("/".join(cell) for cell in cells)


def cell_list(cells: Iterable[CellKey]) -> str:
    """Return cells as the findings carry them: ``table/line/column`` joined by semicolons."""
    return _joined(tuple(cells))


def subject(table: Table, edit: Edit, language: Language) -> str:
    """Return what an edit is about, as the beginning of a sentence."""
    if not edit.subject:
        return quoted(table.title(language), language)
    if len({line for _, line, _ in edit.cells}) > 1:
        if edit.subject in table.column:
            label = quoted(column_label(table, edit.subject, language), language)
            return f"{label}一栏" if language == "zh" else f"Column {label}"
        line, column = edit.subject.rsplit("/", 1)
        return quoted(cell_label(table, (table.id, line, column), language), language)
    label = quoted(line_label(table, edit.subject, language), language)
    if table.lines_across:
        return label if language == "zh" else f"Block {label}"
    return f"{label}一行" if language == "zh" else f"Line {label}"


def term_labels(statutory: Form, edit: Edit, language: Language) -> dict[CellKey, str]:
    """Name the cells of an edit by their columns if of one line, else by their lines; those of several tables in full."""
    one_line = len({line for _, line, _ in edit.cells}) == 1
    name = line_in_full if len({table for table, _, _ in edit.cells}) > 1 else line_label
    return {
        cell: column_label(statutory.table(cell[0]), cell[2], language)
        if one_line
        else name(statutory.table(cell[0]), cell[1], language)
        for cell in edit.cells
    }


class Sum:
    """How a sum of cells is written out in a message.

    Parameters
    ----------
    labels : mapping of language to list of str
        How its cells are named.
    coefficients : sequence of int

    Examples
    --------
    >>> Sum({"zh": ["结果维持", "结果纠正"]}, [1, 1]).texts([10.0, 1.0])
    {'zh': '结果维持 10＋结果纠正 1＝11'}
    >>> Sum({"en": ["issued this year", "repealed this year"]}, [1, -1]).texts([10.0, 2.0])
    {'en': 'issued this year 10 − repealed this year 2 = 8'}
    """

    def __init__(self, labels: Mapping[Language, Sequence[str]], coefficients: Sequence[int]) -> None:
        self.coefficients = coefficients
        # what stands before a figure is the same in all reports
        self.leads = {
            language: [
                f"{_MINUS[language] if sign < 0 else _PLUS[language]}{label} "
                for label, sign in zip(names, coefficients, strict=True)
            ]
            for language, names in labels.items()
        }

    def texts(self, figures: Sequence[float]) -> dict[Language, str]:
        """Write it out; figures that are not known (NaN) are left out, and of more than four those that are zero."""
        # only NaN is not equal to itself
        known = [at for at, figure in enumerate(figures) if figure == figure]  # noqa: PLR0124
        shown = [at for at in known if figures[at]] if len(known) > 4 else known
        if not shown:
            return dict(_ALL_ZERO)
        numbers = [number(figures[at]) for at in shown]
        result = number(sum([self.coefficients[at] * figures[at] for at in shown]))
        texts: dict[Language, str] = {}
        for language, leads in self.leads.items():
            text = "".join([leads[at] + figure for at, figure in zip(shown, numbers, strict=True)]).removeprefix(_PLUS[language])
            if len(shown) > 1:
                text += _EQUALS[language] + result
            elif len(known) > 1:
                text += _REST_ZERO[language]
            texts[language] = text
        return texts


def gap(size: float, language: Language) -> str:
    """Say how far a reported figure lies from the expected one.

    >>> gap(-11.0, "zh"), gap(0.5, "en")
    ('少 11', '0.5 more')
    """
    # what is less by next to nothing has been rounded to −0
    less, figure = copysign(1, size) < 0, number(abs(size))
    if language == "zh":
        return f"少 {figure}" if less else f"多 {figure}"
    return f"{figure} less" if less else f"{figure} more"


def shortened(quote: str, value: float | None = None) -> str:
    """Return the part of a sentence by which a reader finds it, around its figure."""
    plain = " ".join(quote.split())
    if len(plain) <= _LONGEST_QUOTE:
        return plain
    at = -1 if value is None else plain.find(f"{value:.15g}")
    start = max(0, min(at - _LONGEST_QUOTE // 2, len(plain) - _LONGEST_QUOTE))
    end = start + _LONGEST_QUOTE
    return "…" * (start > 0) + plain[start:end] + "…" * (end < len(plain))
