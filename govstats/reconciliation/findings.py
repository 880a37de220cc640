"""The rules as data, and the frame of what became of each of them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from importlib import resources
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from govstats.errors import FormError
from govstats.forms import CellKey, Language, Table
from govstats.reconciliation.wording import Words, cell_list, gap, in_both, in_words, number

Integers = NDArray[np.intp]
Floats = NDArray[np.float64]

#: The columns of the findings, with their types; the contract of DESIGN.md.
FINDING_TYPES = {
    "rule": "str",
    "severity": "str",
    "status": "str",
    "agency": "str",
    "year": "Int64",
    "table": "str",
    "expected": "Float64",
    "reported": "Float64",
    "difference": "Float64",
    "cells": "str",
    "message_zh": "str",
    "message_en": "str",
}


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

    def wording(
        self,
        status: str,
        fields: Mapping[Language, Mapping[str, str]],
        *,
        message: str = "",
        also: str = "",
        severity: str = "",
        table: str | None = None,
        cells: str = "",
    ) -> Wording:
        """Return how a finding reads; `message` is that of the status unless another is named, `also` one that follows it."""
        message = message or status
        severity = severity or self.messages[message].get("severity", self.severity)
        said = [self.messages[name] for name in (message, also) if name]
        zh = "".join(one["zh"].format_map(fields["zh"]) for one in said)
        en = " ".join(one["en"].format_map(fields["en"]) for one in said)
        return Wording(self.id, severity, status, table, cells, zh, en)


class Wording(NamedTuple):
    """All of a finding but its report and its figures; findings of many reports share one."""

    rule: str
    severity: str
    status: str
    table: str | None
    cells: str
    message_zh: str
    message_en: str


def _rules_file() -> str:
    return (resources.files(__package__) / "rules.toml").read_text("utf-8")


@cache
def _known_rules() -> Mapping[str, Rule]:
    raw = tomllib.loads(_rules_file())
    shared = raw["edits"]["messages"]
    named = ("id", "severity", "scope", "title_zh", "title_en", "source")
    return {
        entry["id"]: Rule(
            **{name: entry[name] for name in named},
            messages={**shared, **entry["messages"]},
            settings={name: value for name, value in entry.items() if name not in (*named, "messages")},
        )
        for entry in raw["rules"]
    }


def known_rule(name: str) -> Rule:
    """Return a rule by its id.

    Raises
    ------
    FormError
        An edit of a form names a rule that ``rules.toml`` lacks.
    """
    try:
        return _known_rules()[name]
    except KeyError:
        raise FormError(
            f"reconciliation/rules.toml has no rule {name!r}, which an edit of a form names; add it there, or correct the form"
            " rules.toml 中没有这条规则，请补上，或改正格式文件"
        ) from None


@cache
def rules_with(setting: str) -> tuple[str, ...]:
    """Return the rules that ``rules.toml`` gives a setting, in its order; those with ``edits`` are linear and need no code."""
    return tuple(name for name, rule in _known_rules().items() if rule.settings.get(setting))


def rules() -> pd.DataFrame:
    """Return the rules, in the order of the findings of `reconcile`; XF is that of `compare_formats` too.

    Returns
    -------
    pandas.DataFrame
        Columns ``id severity scope title_zh title_en source``, all text. `severity` is ``E`` (cannot be right), ``W`` (probably
        wrong or in need of an explanation) or ``I`` (worth knowing); a finding about a blank cell may be milder than its rule.

    Examples
    --------
    >>> from govstats.reconciliation import rules
    >>> rules().set_index("id").title_zh["T3B"]
    '第一项加第二项之和等于第三项加第四项之和'
    """
    columns = ("id", "severity", "scope", "title_zh", "title_en", "source")
    known = _known_rules().values()
    return pd.DataFrame({name: pd.array([getattr(rule, name) for rule in known], dtype="str") for name in columns})


class Findings:
    """Collects findings, many reports at a time, and lays them out as the frame of the contract.

    The findings of a report stand in the order of the rules in ``rules.toml``, those of one rule as they were added.
    """

    def __init__(self) -> None:
        self.wordings: list[Wording] = []
        self.blocks: list[Sequence[NDArray[Any]]] = []

    def say(self, wordings: Sequence[Wording]) -> int:
        """Take over wordings and return the number of the first; the others follow."""
        self.wordings += wordings
        return len(self.wordings) - len(wordings)

    def add(
        self,
        reports: Integers | int,
        position: int,
        wording: Integers | int,
        expected: Floats | float = np.nan,
        reported: Floats | float = np.nan,
    ) -> None:
        """Add a finding for each of the reports; `position` is its place among those of its rule."""
        finding = (reports, position, wording, expected, reported)
        self.blocks.append(np.broadcast_arrays(*map(np.atleast_1d, finding)))

    def note(
        self,
        reports: Integers | int,
        rule: str,
        status: str,
        *,
        message: str = "",
        also: str = "",
        severity: str = "",
        table: Table | None = None,
        cells: Iterable[CellKey] = (),
        expected: Floats | float = np.nan,
        reported: Floats | float = np.nan,
        **fields: Words,
    ) -> None:
        """Add one finding for reports that it reads the same for.

        Parameters
        ----------
        reports : int or array
            Their numbers.
        rule, status, message : str
            The message is that of the status unless another is named.
        also : str
            A message that follows the first.
        severity : str
            That of the message or rule, if left out.
        table : Table, optional
            What the finding is about; its title is the field ``table`` of the message.
        cells : iterable of (table, line, column)
        expected, reported : float or array
            The two sides, a figure a report; where there is one report they are fields of the message, and so is ``gap``.
        **fields : str or function of a language
            What stands in the message.
        """
        given: dict[str, Words] = {} if table is None else {"table": table.title}
        if isinstance(expected, float) and isinstance(reported, float):
            size = round(reported - expected, 6)
            given |= {"expected": number(expected), "reported": number(reported), "gap": partial(gap, size)}
        given |= fields
        wording = known_rule(rule).wording(
            status,
            in_both(lambda language: {name: in_words(said, language) for name, said in given.items()}),
            message=message,
            also=also,
            severity=severity,
            table=None if table is None else table.id,
            cells=cell_list(cells),
        )
        self.add(reports, 0, self.say([wording]), expected, reported)

    def frame(self, reports: pd.DataFrame) -> pd.DataFrame:
        """Return the findings; `reports` has the agency and year of each report number."""
        nothing = [np.zeros(0, dtype=np.intp)] * 3 + [np.zeros(0)] * 2
        number, position, wording, expected, reported = map(np.concatenate, zip(nothing, *self.blocks, strict=True))
        rank = {rule: place for place, rule in enumerate(_known_rules())}
        rank_of = np.array([rank[one.rule] for one in self.wordings], dtype=np.intp)
        order = np.lexsort((position, rank_of[wording], number))
        number, wording, expected, reported = number[order], wording[order], expected[order], reported[order]
        worded = dict(zip(Wording._fields, zip(*self.wordings, strict=True), strict=True)) if self.wordings else {}
        columns: dict[str, Any] = {
            "agency": reports["agency"].array.take(number),
            "year": reports["year"].array.take(number),
            "expected": _figures(expected),
            "reported": _figures(reported),
            # figures have at most four decimals more than 万元 (one fen), the rest is noise of binary fractions
            "difference": _figures(np.round(reported - expected, 6)),
        }
        for name in Wording._fields:
            columns[name] = pd.array(list(worded.get(name, ())), dtype="str").take(wording)
        return pd.DataFrame({name: columns[name] for name in FINDING_TYPES}, copy=False)


def _figures(values: Floats) -> pd.arrays.FloatingArray:
    missing = np.isnan(values)
    return pd.arrays.FloatingArray(np.where(missing, 0.0, values), missing)
