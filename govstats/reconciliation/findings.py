"""The frame of what became of each rule."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from govstats.forms import CellKey, Language, Table
from govstats.reconciliation.rulebook import LANGUAGES, Rules, Wording, loaded
from govstats.reconciliation.solver import Floats, Integers
from govstats.reconciliation.wording import Words, cell_list, gap, in_words, named, number
from govstats.report import column_types

#: The columns of the findings, with their types; the contract of DESIGN.md.
FINDING_TYPES = column_types(
    "rule severity status agency year:Int64 table expected:Float64 reported:Float64 difference:Float64 cells message_zh "
    "message_en decision"
)


class Findings:
    """Collects findings, many reports at a time, and lays them out as the frame of the contract.

    The findings of a report stand in the order of the rules, those of one rule as they were added.
    """

    def __init__(self, rules: Rules | None = None) -> None:
        self.rules = rules or loaded()
        self.wordings: list[Wording] = []
        self.blocks: list[Sequence[NDArray[Any]]] = []

    def add(
        self, reports: Integers | int, wordings: Sequence[Wording], expected: Floats | float, reported: Floats | float
    ) -> None:
        """Add a finding for each of the reports, of one wording or of each its own."""
        said = len(self.wordings) + np.arange(len(wordings))
        self.wordings += wordings
        self.blocks.append(np.broadcast_arrays(*map(np.atleast_1d, (reports, said, expected, reported))))

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
            words = {"title": known.title(language)} | {name: in_words(one, language) for name, one in given.items()}
            said[language] = [one[language].format_map(words) for one in messages]
        severity = severity or messages[0].get("severity", known.severity)
        about = (None if table is None else table.id, cell_list(cells), "".join(said["zh"]), " ".join(said["en"]))
        self.add(reports, [Wording(rule, severity, status, *about)], expected, reported)

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
