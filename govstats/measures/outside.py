"""What indicators need beside the tables: dates of publication, inhabitants, findings, passages of the prose."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from govstats.errors import UnusableCells, require_columns
from govstats.reconciliation.findings import Floats

#: Findings that are only worth knowing say nothing about the quality of the figures.
_SEVERITIES = ("E", "W")
#: Prose with fewer passages is a title and a date, as in `govstats.reconciliation.reuse`.
_FEWEST_PASSAGES = 50


def _beside(reports: pd.DataFrame, frame: pd.DataFrame, keys: list[str], columns: list[str]) -> list[Floats]:
    """Return columns of a frame in the order of the reports, NaN where it does not have the report."""
    right = frame[[*keys, *columns]].astype({"year": "Int64"})
    twice = right[right.duplicated(keys)]
    if len(twice):
        raise UnusableCells(
            f"{' '.join(map(str, twice[keys].iloc[0]))} stands twice in a frame; leave one row for each"
            " 数据框中重复出现，每份只留一行"
        )
    merged = reports[keys].astype({"year": "Int64"}).merge(right, on=keys, how="left")
    return [merged[name].to_numpy(dtype=float, na_value=np.nan) for name in columns]


def inhabitants(reports: pd.DataFrame, population: pd.DataFrame) -> Mapping[str, Floats]:
    """Return the population of each report's area, found by agency, else by region code."""
    key = "agency" if "agency" in population.columns else "region_code"
    require_columns(population, (key, "year", "population"), "population", "region_code year population")
    require_columns(reports, (key,), "reports", "Panel.reports")
    (found,) = _beside(reports, population, [key, "year"], ["population"])
    return {"population": found}


def publication(reports: pd.DataFrame, settings: Mapping[str, Any]) -> Mapping[str, Floats]:
    """Return how many days publication took, and whether it was late where that can be told."""
    if "published" not in reports.columns:
        return {}
    year = reports["year"].to_numpy(dtype=float, na_value=np.nan)
    following = pd.to_datetime(pd.Series(year + 1, index=reports.index).astype("Int64").astype("str") + "-01-01", errors="coerce")
    published = pd.to_datetime(reports["published"]).dt.tz_localize(None)
    days = (published.dt.normalize() - following).dt.days.to_numpy(dtype=float, na_value=np.nan)
    names = reports["agency"].astype("str")
    level = reports["level"].astype("str") if "level" in reports.columns else pd.Series("", index=reports.index)
    undecided = names.str.contains(re.compile(settings["undecided"]), na=True) | (level == "township")
    government = names.str.contains(re.compile(settings["government"]), na=False) & (level != "national") & ~undecided
    # both ends of a February of 28 or 29 days: the due date is counted in the year of publication
    due = {}
    for kind in ("government", "department"):
        month, day = settings[f"due_{kind}"]
        due[kind] = ((following + pd.DateOffset(months=month - 1, days=day - 1)) - following).dt.days.to_numpy(dtype=float)
    early, late = due["department"], due["government"]
    is_late = np.where(days > np.where(government, late, early), 1.0, 0.0)
    open_ended = undecided.to_numpy(dtype=bool) & (days > early) & (days <= late)
    is_late[np.isnan(days) | open_ended] = np.nan
    return {"days": days, "late": is_late, "dated": np.where(np.isnan(is_late), np.nan, 1.0)}


def quality(reports: pd.DataFrame, findings: pd.DataFrame) -> Mapping[str, Floats]:
    """Return how many rules could be assessed in each report, and how many of them failed."""
    require_columns(findings, ("agency", "year", "severity", "status"), "findings", "Panel.findings")
    counted = findings[findings["severity"].isin(_SEVERITIES)]
    status = counted["status"]
    sums = (
        counted[["agency", "year"]]
        .assign(failed_rules=status == "fail", assessable_rules=status.isin(["pass", "fail"]))
        .groupby(["agency", "year"], as_index=False, dropna=False)
        .sum()
    )
    names = ["failed_rules", "assessable_rules"]
    return dict(zip(names, _beside(reports, sums, ["agency", "year"], names), strict=True))


def reuse(reports: pd.DataFrame, texts: pd.DataFrame) -> Mapping[str, Floats]:
    """Return how many passages of each report stood in the agency's report of the year before."""
    require_columns(texts, ("agency", "year", "sketch"), "texts", "Panel.texts")
    sketches = {
        (agency, year): frozenset(sketch)
        for agency, year, sketch in zip(texts["agency"], texts["year"], texts["sketch"], strict=True)
    }
    passages, reused = np.full(len(reports), np.nan), np.full(len(reports), np.nan)
    for number, (agency, year) in enumerate(zip(reports["agency"], reports["year"], strict=True)):
        here = sketches.get((agency, year), frozenset())
        before = sketches.get((agency, year - 1), frozenset()) if pd.notna(year) else frozenset()
        if min(len(here), len(before)) >= _FEWEST_PASSAGES:
            passages[number], reused[number] = len(here), len(here & before)
    return {"passages": passages, "reused_passages": reused}
