"""Which reports a panel has, which it lacks, and which of them can be trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from govstats.report import typed_frame

if TYPE_CHECKING:
    from govstats.panel import Panel

#: The columns of `Panel.coverage`, with their types.
COVERAGE_TYPES = {"agency": "str", "year": "Int64", "state": "str", "documents": "Int64", "failures": "Int64", "message": "str"}
#: Rules that fail where tables, lines or columns are not there, which says nothing of the figures.
_OF_THE_TABLES = ("S02", "S03")
#: From the best to the worst, with the labels that figures print.
STATES = {
    "consistent": ("勾稽相符", "consistent"),
    "inconsistent": ("勾稽不符", "inconsistent"),
    "incomplete": ("表格不全", "tables incomplete"),
    "without tables": ("没有表格", "no tables"),
    "failed": ("无法使用", "could not be used"),
    "missing": ("未见报告", "no document"),
}


def coverage(panel: Panel) -> pd.DataFrame:
    """Say of every agency and year what a panel has: `Panel.coverage`."""
    from govstats.forms import form

    reports = panel.reports[panel.reports["agency"].notna() & panel.reports["year"].notna()]
    if reports.empty:
        return typed_frame([], COVERAGE_TYPES)
    years = range(int(reports["year"].min()), int(reports["year"].max()) + 1)
    agencies = reports["agency"].drop_duplicates()
    every = pd.MultiIndex.from_product([agencies, years], names=["agency", "year"])
    documents = reports[reports["source"].notna()].groupby(["agency", "year"]).size().reindex(every, fill_value=0)
    wrong = panel.findings[(panel.findings["status"] == "fail") & (panel.findings["severity"] == "E")]
    torn = wrong["rule"].isin(_OF_THE_TABLES)
    failures, gaps = (one.groupby(["agency", "year"]).size().reindex(every, fill_value=0) for one in (wrong[~torn], wrong[torn]))
    chosen = reports[reports["chosen"]].set_index(["agency", "year"])
    tables = chosen["tables"].map(lambda names: len(str(names).split()))
    expected = chosen["form"].map(lambda version: len(form(version).tables))
    state = pd.Series("missing", index=every, dtype="str")
    state[documents > 0] = "failed"
    has = pd.DataFrame({"tables": tables, "expected": expected}).reindex(every)
    read = has["expected"].notna()
    state[read] = np.select(
        [(has["tables"] == 0)[read], failures[read] > 0, ((has["tables"] < has["expected"]) | (gaps > 0))[read]],
        ["without tables", "inconsistent", "incomplete"],
        "consistent",
    )
    reasons = reports[reports["error"].notna()].groupby(["agency", "year"])["message"].first().reindex(every)
    frame = pd.DataFrame({"state": state, "documents": documents, "failures": failures})
    frame["message"] = reasons.where(state.isin(["failed", "missing"]))
    return frame.reset_index().astype(COVERAGE_TYPES)
