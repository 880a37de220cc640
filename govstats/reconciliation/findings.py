"""The rules as data, and the frame of what became of each of them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from math import prod
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from govstats.errors import FormError
from govstats.forms import Language

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


#: Looked up once: pandas takes longer to find a type by its name than to make a short column.
_TEXT = pd.StringDtype(na_value=np.nan)


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

    def say(self, message: str, language: Language, **fields: str) -> str:
        """Return a message in one language with its fields filled in."""
        return self.messages[message][language].format(**fields)

    def wording(
        self,
        status: str,
        fields: Mapping[Language, Mapping[str, str]],
        *,
        message: str = "",
        table: str | None = None,
        cells: str = "",
    ) -> Wording:
        """Return how a finding reads; `message` is that of the status unless another is named."""
        message = message or status
        severity = self.messages[message].get("severity", self.severity)
        zh, en = (self.messages[message][language].format_map(fields[language]) for language in ("zh", "en"))
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


@cache
def _known_rules() -> Mapping[str, Rule]:
    raw = tomllib.loads((resources.files(__package__) / "rules.toml").read_text("utf-8"))
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


@dataclass
class Findings:
    """Collects findings, many reports at a time, and lays them out as the frame of the contract."""

    wordings: list[Wording] = field(default_factory=list)
    blocks: list[tuple[Integers | Floats | float, ...]] = field(default_factory=list)
    single: list[tuple[float, ...]] = field(default_factory=list)

    def wording(self, rule: str, status: str, fields: Mapping[Language, Mapping[str, str]], **more: Any) -> int:
        """Write down how a finding reads, as `Rule.wording` takes it, and return its number."""
        return self.say([known_rule(rule).wording(status, fields, **more)])

    def say(self, wordings: Sequence[Wording]) -> int:
        """Take over wordings and return the number of the first; the others follow."""
        self.wordings += wordings
        return len(self.wordings) - len(wordings)

    def add(
        self,
        reports: Integers | int,
        position: Integers | int,
        wording: Integers | int,
        expected: Floats | float = np.nan,
        reported: Floats | float = np.nan,
    ) -> None:
        """Add a finding for each of the reports; `position` is its place among the findings of a report.

        Where `position` is a column of numbers, each of the reports gets a finding at each of them, and what else is given may
        be an array of that shape.
        """
        finding = (reports, position, wording, expected, reported)
        if isinstance(reports, int) and isinstance(position, int):
            self.single.append(finding)  # type: ignore[arg-type]
        else:
            self.blocks.append(finding)

    def frame(self, reports: pd.DataFrame) -> pd.DataFrame:
        """Return the findings; `reports` has the agency and year of each report number."""
        blocks = self.blocks.copy()
        if self.single:
            numbers, places, said, *sides = zip(*self.single, strict=True)
            whole, figures = np.array((numbers, places, said), dtype=np.intp), np.array(sides, dtype=np.float64)
            blocks.append((*whole, *figures))
        shapes = [np.broadcast(block[0], block[1]).shape for block in blocks]
        ends = np.cumsum([0, *map(prod, shapes)]).tolist()
        number, position, wording = (np.empty(ends[-1], dtype=np.intp) for _ in range(3))
        expected, reported = np.empty(ends[-1]), np.empty(ends[-1])
        positions = np.unique(np.concatenate([np.zeros(0, dtype=np.intp), *(np.ravel(block[1]) for block in blocks)]))
        for (reports_of, at, *rest), shape, start, end in zip(blocks, shapes, ends, ends[1:], strict=False):
            parts = (reports_of, np.searchsorted(positions, at), *rest)
            for whole, part in zip((number, position, wording, expected, reported), parts, strict=True):
                whole[start:end].reshape(shape)[...] = part
        order = np.lexsort((_small(position), _small(number)))
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
            columns[name] = pd.array(list(worded.get(name, ())), dtype=_TEXT).take(wording)
        return pd.DataFrame({name: columns[name] for name in FINDING_TYPES}, copy=False)


def _small(numbers: Integers) -> NDArray[Any]:
    """Return numbers in the same order: numpy sorts those of 16 bits by counting, which is several times faster."""
    return numbers.astype(np.min_scalar_type(numbers.max(initial=0)))


def _figures(values: Floats) -> pd.arrays.FloatingArray:
    missing = np.isnan(values)
    return pd.arrays.FloatingArray(np.where(missing, 0.0, values), missing)
