"""The findings: what became of each rule, in which order, and how it is said in Chinese and in English."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from math import copysign, isnan
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from govstats.files import package_data
from govstats.forms import CellKey, Edit, Form, Language, Table
from govstats.reconciliation.solver import Floats, Integers
from govstats.report import column_types

#: The columns of the findings, with their types; the contract of DESIGN.md.
FINDING_TYPES = column_types(
    "rule severity status agency year:Int64 table expected:Float64 reported:Float64 difference:Float64 cells message_zh "
    "message_en decision"
)
LANGUAGES: tuple[Language, Language] = ("zh", "en")
#: What stands in a message: the same in both languages, or what a function says in each.
Words = str | Callable[[Language], str]

_LONGEST_QUOTE = 40


@dataclass(frozen=True, eq=False)
class Rule:
    """A rule as ``rules.toml`` has it: its severity, its titles and what it says in each case."""

    id: str
    severity: str
    scope: str
    title_zh: str
    title_en: str
    source: str
    messages: Mapping[str, Mapping[str, str]]
    settings: Mapping[str, Any]

    def title(self, language: Language) -> str:
        """Return its title in one language."""
        return self.title_zh if language == "zh" else self.title_en

    @property
    def binds(self) -> bool:
        """Whether its edits bind repairs: those that cannot but hold do."""
        return self.severity == "E" and "edits" in self.settings


class Wording(NamedTuple):
    """All of a finding but its report and its figures; findings of many reports share one."""

    rule: str
    severity: str
    status: str
    table: str | None
    cells: str
    message_zh: str
    message_en: str


Rules = Mapping[str, Rule]


class Findings:
    """Collects findings, many reports at a time, and lays them out as the frame of the contract.

    The findings of a report stand in the order of the rules, those of one rule as they were added.
    """

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.wordings: list[Wording] = []
        self.blocks: list[Sequence[NDArray[Any]]] = []

    def add(self, reports: Integers | int, said: Wording, expected: Floats | float, reported: Floats | float) -> None:
        """Add a finding for each of the reports."""
        self.blocks.append(np.broadcast_arrays(*map(np.atleast_1d, (reports, len(self.wordings), expected, reported))))
        self.wordings.append(said)

    def note(
        self,
        reports: Integers | int,
        rule: str,
        status: str,
        *,
        message: str = "",
        also: Sequence[str] = (),
        severity: str = "",
        table: Table | None = None,
        cells: Iterable[CellKey] = (),
        expected: Floats | float = np.nan,
        reported: Floats | float = np.nan,
        **fields: Words,
    ) -> None:
        """Add one finding for reports that it reads the same for; nothing where there are none.

        Parameters
        ----------
        reports : int or array
            Their numbers.
        rule, status, message : str
            The message is that of the status unless another is named.
        also : sequence of str
            Messages that follow the first.
        severity : str
            That of the message or rule, if left out.
        table : Table, optional
            What the finding is about; its title is the field ``table`` of the message.
        cells : iterable of (table, line, column)
            One cell is the field ``subject`` of the message.
        expected, reported : float or array
            The two sides, a figure a report; where there is one report they are fields of the message, and so is ``gap``.
        **fields : str or function of a language
            What stands in the message.
        """
        if not np.size(reports):
            return
        cells = list(cells)
        given: dict[str, Words] = {} if table is None else {"table": table.text}
        if table is not None and len(cells) == 1:
            given["subject"] = named(table, cells[0])
        if isinstance(expected, float) and isinstance(reported, float):
            size = round(reported - expected, 6)
            given |= {"expected": number(expected), "reported": number(reported), "gap": partial(gap, size)}
        given |= fields
        known = self.rules[rule]
        messages = [known.messages[name] for name in (message or status, *also)]
        said: dict[Language, list[str]] = {}
        for language in LANGUAGES:
            words = {"title": known.title(language)}
            words |= {name: one if isinstance(one, str) else one(language) for name, one in given.items()}
            said[language] = [one[language].format_map(words) for one in messages]
        severity = severity or messages[0].get("severity", known.severity)
        about = (None if table is None else table.id, cell_list(cells), "".join(said["zh"]), " ".join(said["en"]))
        self.add(reports, Wording(rule, severity, status, *about), expected, reported)

    def frame(self, reports: pd.DataFrame) -> pd.DataFrame:
        """Return the findings; `reports` has the agency and year of each report number."""
        nothing = [np.zeros(0, dtype=np.intp)] * 2 + [np.zeros(0)] * 2
        number, wording, expected, reported = map(np.concatenate, zip(nothing, *self.blocks, strict=True))
        found = (
            pd.DataFrame(self.wordings, columns=Wording._fields, dtype="str")
            .take(wording)
            .assign(
                agency=reports["agency"].array.take(number),
                year=reports["year"].array.take(number),
                expected=pd.array(expected, "Float64"),
                reported=pd.array(reported, "Float64"),
                # figures have at most four decimals more than 万元 (one fen), the rest is noise of binary fractions
                difference=pd.array(np.round(reported - expected, 6), "Float64"),
                decision=pd.array([None] * len(number), dtype="str"),
            )
        )
        rank = found["rule"].map({rule: place for place, rule in enumerate(self.rules)})
        return found.iloc[np.lexsort((rank, number))].reset_index(drop=True)[list(FINDING_TYPES)]


def standing(findings: pd.DataFrame) -> pd.DataFrame:
    """Return the findings that fail and that nobody dismissed, the severest first."""
    stand = (findings["status"] == "fail") & findings["decision"].ne("dismissed")
    return findings[stand].sort_values("severity", key=lambda one: one.map("EWI".index), kind="stable")


# --- how lines, columns, figures and sums are named --------------------------------------------------------------------------


def phrase(name: str, language: Language, **fields: str) -> str:
    """Return a phrase of ``words.toml`` with its fields filled in."""
    return str(package_data("reconciliation/words.toml")[name][language]).format(**fields)


def no_figure(status: int, language: Language) -> str:
    """Return what stands in the place of a figure; the status is one of `ReportMatrix.status`."""
    return str(package_data("reconciliation/words.toml")["no_figure"][language][status])


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
