"""Indicators: sums over sums, with what their uncertainty is made of: chance, repairs, blanks, and reports that are missing."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import special

from govstats.errors import FormError, UnusableCells, UnusableRegister, require_columns
from govstats.files import Written, refuse_keys, refuse_unknown, text_of
from govstats.forms import ONE_FEN, Language, form, versions
from govstats.measures.formulas import REASONS, WORDS, Figures, Gathered, Sum, chosen, definitions_in, gathered, in_words, parsed
from govstats.panel import Panel
from govstats.panel.register import EXPECTED_TYPES, expected_reports
from govstats.reconciliation import reconcile
from govstats.reconciliation.corrections import Corrections, as_corrected
from govstats.reconciliation.matrix import report_numbers
from govstats.reconciliation.repairs import repairs as repairs_of
from govstats.reconciliation.reuse import reused_passages
from govstats.reconciliation.rulebook import RulesFile
from govstats.reconciliation.solver import Flags, Floats
from govstats.report import Report, column_types, typed_frame

_FILE = "measures/indicators.toml"
_KINDS = ("share", "proportion", "ratio", "mean", "net", "concentration", "difference")
#: Kinds that are one sum over another.
_QUOTIENTS = ("share", "proportion", "ratio", "mean")
#: In the order of their numbers; the first are the reasons why a sum has no value.
STATUSES = ("computed", *REASONS[1:], "not_given", "undefined", "inconsistent", "contradicted", "break")
_NOT_GIVEN, _UNDEFINED, _INCONSISTENT, _CONTRADICTED, _BREAK = range(len(REASONS), len(STATUSES))
#: Shares of fewer say little.
_SMALL = 30
#: So many combinations of repairs are tried one by one.
_COMBINATIONS = 10_000
#: Findings that are only worth knowing say nothing about the quality of the figures.
_SEVERITIES = ("E", "W")
_DEFINITION_TYPES = column_types("indicator label_zh label_en kind unit formula_zh formula_en forms source note_zh note_en")
_INDICATOR_TYPES = column_types(
    "indicator value:Float64 numerator:Float64 denominator:Float64 low:Float64 high:Float64 small:boolean "
    "low_repairs:Float64 high_repairs:Float64 low_blanks:Float64 high_blanks:Float64 repaired:Int64 reports:Int64 "
    "left_out:Int64 contradicted:Int64 status"
)
#: What is told of groups only.
_GROUP_TYPES = column_types("agencies:Int64 agency_mean:Float64 agency_median:Float64 correlation:Float64")


@dataclass(frozen=True)
class Indicator:
    """An indicator as ``indicators.toml`` has it.

    Attributes
    ----------
    kind : str
        What it makes of its quantities; the file explains the words.
    times : float
        What the quotient is multiplied by.
    note : mapping of language to str
        With what it can be compared; empty where nothing has to be said.
    written : tuple of tuple of str
        Its quantities: numerator and denominator, those of the second share of a difference, each part of a concentration.
    sums : mapping of form version to tuple of Sum
        The same, worked out for each form; empty where a quantity is `given`.
    given : tuple of str
        Names of quantities that come from outside the tables; empty text where they do not.
    segments : mapping of form version to int
        Reports on forms with one number can be pooled.
    """

    id: str
    zh: str
    en: str
    kind: str
    unit: str
    times: float
    source: str
    note: Mapping[str, str]
    written: tuple[tuple[str, ...], ...]
    sums: Mapping[str, tuple[Sum, ...]]
    given: tuple[str, ...]
    segments: Mapping[str, int]

    @property
    def outside(self) -> bool:
        """Whether all of it comes from outside the tables, so that the form does not matter."""
        return all(self.given)


class _Outcome(NamedTuple):
    """What an indicator makes of its quantities; `base` is how many cases it speaks of."""

    numerator: Floats
    denominator: Floats
    value: Floats
    status: NDArray[np.int8]
    base: Floats


# --- definitions ------------------------------------------------------------------------------------------------------------


def _known(formulas: RulesFile | None = None) -> tuple[Mapping[str, Any], tuple[Indicator, ...]]:
    """Return what indicators are made of and the indicators, ours first."""
    return _file() if formulas is None else _file(str(formulas), text_of(formulas))


@cache
def _file(own: str = "", text: str = "") -> tuple[Mapping[str, Any], tuple[Indicator, ...]]:
    raw, entries = definitions_in("indicators.toml", "indicators", tables=("sources", "notes", "given", "timeliness"))
    ours = tuple(_indicator(f"{_FILE}, indicator {entry.get('id', '?')!r}", entry, raw) for entry in entries)
    if not own:
        return raw, ours
    more, entries = definitions_in(
        own, "indicators", tables=("sources", "notes", "rules", "weights"), text=text, taken=[one.id for one in ours]
    )
    raw = {**raw, **{name: {"own": own, **raw[name], **more.get(name, {})} for name in ("sources", "notes")}}
    each = ({"source": "own", "en": entry.get("zh"), **entry} for entry in entries)
    mine = tuple(_indicator(f"{own}, indicator {entry.get('id', '?')!r}", entry, raw) for entry in each)
    return raw, (*ours, *mine)


def _indicator(where: str, entry: Mapping[str, Any], raw: Mapping[str, Any]) -> Indicator:
    needed = ("id", "zh", "en", "kind", "numerator", "source")
    refuse_keys(where, entry, needed, ("denominator", "less", "forms", "breaks", "unit", "times", "note"))
    kind = entry["kind"]
    refuse_unknown(where, "is of the kind", [kind], _KINDS)
    refuse_unknown(where, "names the source", [entry["source"]], raw["sources"])
    if (kind in (*_QUOTIENTS, "difference")) != ("denominator" in entry) or (kind == "difference") != ("less" in entry):
        raise FormError.worded("indicator_parts", where=where, kind=kind)
    written = tuple(tuple(one) for one in _quantities(entry))
    given = tuple(one[0].removeprefix("given/") if one[0].startswith("given/") else "" for one in written)
    refuse_unknown(where, "needs", [f"given/{name}" for name in given if name], [f"given/{name}" for name in raw["given"]])
    allowed = entry.get("forms", ["2019", "2021"])
    refuse_unknown(where, "names the form", (*allowed, *entry.get("breaks", ())), versions())
    sums = {
        version: tuple(
            () if name else parsed(f"{where}, form {version}", one, form(version))
            for one, name in zip(written, given, strict=True)
        )
        for version in allowed
    }
    segments = {version: 1 + sum(one <= version for one in entry.get("breaks", ())) for version in allowed}
    notes = {"": {"zh": "", "en": ""}, **raw["notes"]}
    note = entry.get("note", "")
    refuse_unknown(where, "names the note", [note], notes)
    labels = entry["id"], entry["zh"], entry["en"], kind, entry.get("unit", "")
    about = raw["sources"][entry["source"]], notes[note]
    return Indicator(*labels, entry.get("times", 1), *about, written, sums, given, segments)


def _quantities(entry: Mapping[str, Any]) -> list[Sequence[str]]:
    if entry["kind"] == "concentration":
        return [[one] for one in entry["numerator"]]
    parts = (entry, entry.get("less", {}))
    return [part[name] for part in parts for name in ("numerator", "denominator") if name in part]


def definitions(formulas: RulesFile | None = None) -> pd.DataFrame:
    """Return the indicators that `indicators` works out, in its order.

    Parameters
    ----------
    formulas : path, optional
        A file of indicators of your own, which follow ours.

    Returns
    -------
    pandas.DataFrame
        Columns ``indicator label_zh label_en kind unit formula_zh formula_en forms source note_zh note_en``, all text. `kind`
        is ``share`` (it has an interval), ``proportion``, ``ratio``, ``mean``, ``net``, ``concentration`` or ``difference``;
        `forms` are those in which the indicator means the same; the note says with what it can be compared, where it has to.

    Examples
    --------
    >>> definitions().set_index("indicator").formula_zh[["disclosure_rate", "documents_net.rules"]].tolist()
    ['（（一）予以公开＋（二）部分公开）÷（七）总计', '规章·本年制发件数 − 规章·本年废止件数']
    """
    raw, known = _known(formulas)
    rows = []
    for one in known:
        words = _formula(one, raw["given"], "zh"), _formula(one, raw["given"], "en")
        about = one.source, one.note["zh"], one.note["en"]
        rows.append((one.id, one.zh, one.en, one.kind, one.unit, *words, " ".join(one.sums), *about))
    return typed_frame(rows, _DEFINITION_TYPES)


def _formula(one: Indicator, given: Mapping[str, Mapping[str, str]], language: Language) -> str:
    words, statutory = WORDS[language], form(max(one.sums))
    sums = [
        given[name][language] if name else in_words(cells, statutory, language)
        for cells, name in zip(one.written, one.given, strict=True)
    ]
    if one.kind == "concentration":
        return words["concentration"].format(words["between"].join(sums))
    if one.kind == "net":
        return sums[0]
    sums = [words["bracketed"].format(each) if len(cells) > 1 else each for cells, each in zip(one.written, sums, strict=True)]
    quotients = [words["over"].join(sums[at : at + 2]) for at in range(0, len(sums), 2)]
    return words["minus"].join(quotients) + (f"×{one.times}" if one.times != 1 else "")


# --- the frame --------------------------------------------------------------------------------------------------------------


def indicators(
    source: Report | Panel | pd.DataFrame,
    *,
    by: str | Sequence[str] = "report",
    names: str | Iterable[str] | None = None,
    repairs: pd.DataFrame | bool | None = None,
    deduced: bool = False,
    reports: pd.DataFrame | None = None,
    population: pd.DataFrame | None = None,
    findings: pd.DataFrame | bool | None = None,
    texts: pd.DataFrame | None = None,
    corrections: Corrections | None = None,
    formulas: RulesFile | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Work out rates, each with its numerator and denominator and with how far it can be relied upon.

    Parameters
    ----------
    source : Report, Panel or pandas.DataFrame
        A frame has the columns of `Report.cells`, of any number of agencies and years.
    by : str or sequence of str
        ``"report"``, or what to pool by: ``"year"``, ``"form"``, ``"agency"``, or columns of the frame of reports such as
        ``"level"`` and ``"region"``. Pooled is the sum of the numerators over the sum of the denominators, not a mean of rates.
    names : str or iterable of str, optional
        Which indicators, as `definitions` lists them; all by default.
    repairs : pandas.DataFrame or True, optional
        What `govstats.repairs` returned for these reports; True looks for them, which takes its time.
    deduced : bool
        Whether cells without a figure count where the edits leave them one only, as `govstats.completions` has it.
    reports : pandas.DataFrame, optional
        One row a report: ``agency year`` and any of ``level region region_code published``. That of the panel, if left out.
    population : pandas.DataFrame, optional
        Inhabitants: ``year population`` and ``agency`` or ``region_code``.
    findings : pandas.DataFrame or True, optional
        What `govstats.reconcile` returned; True reconciles. Those of the panel, if left out. What somebody dismissed of them
        contradicts nothing.
    texts : pandas.DataFrame, optional
        ``agency year sketch``, as `govstats.reconciliation.reuse.sketch` makes them. Those of the panel, if left out.
    corrections : path or pandas.DataFrame, optional
        Documented corrections to apply first, as `govstats.correct` takes them.
    formulas : path, optional
        A file of indicators of your own, written as ours; ``docs/howto/own_rules.md`` shows how.
    confidence : float
        Of the intervals `low` to `high`.

    Returns
    -------
    pandas.DataFrame
        One row a report (or group) and indicator: ``agency year form`` (or what was pooled by) ``indicator value numerator
        denominator low high small low_repairs high_repairs repaired low_blanks high_blanks reports left_out contradicted
        status``; of groups also ``agencies agency_mean agency_median correlation``.

        `value` is as reported. Of a report with the status ``contradicted`` a cell that counts stands in a balance edit that
        fails: the value is not to be relied upon. Any other `status` but ``computed`` leaves no value: a cell is ``blank``
        ``not_applicable`` ``unreadable`` or ``absent``, the form has no such cell (``not_in_form``), what comes from outside was
        ``not_given``, the denominator is zero (``undefined``), a share would exceed one (``inconsistent``), the group lies
        across a ``break``.
        `low` and `high` are the interval of a share that is ``computed``, null for what is no share: Wilson's for a report, for
        a group that of `govstats.measures.rates.across_agencies`, which needs two agencies. `small`: fewer than 30 cases.
        `low_repairs` and `high_repairs` are the least and the greatest value over all minimal repairs of the reports, of which
        `repaired` have any that touch the indicator; null where repairs were not asked for, or leave the value open.
        `low_blanks` and `high_blanks` are the bounds where blanks may be zeros, so far as the edits allow it.
        `reports` were counted and `left_out` were not, since something was missing, inconsistent or contradicted; how many are
        contradicted says `contradicted`. `agencies` have a denominator above zero, `agency_mean` and `agency_median` are those
        of their rates, `correlation` is the intra-class correlation of a share. With ``deduced=True`` a column `deduced` says how
        many of the cells that were added up are not reported but deduced: with any, `value` holds if the reported figures do.

    Raises
    ------
    FormError
        There is no such indicator.
    UnusableCells
        A frame lacks a column.

    Examples
    --------
    The office of the government of Shanghai printed blanks for zeros, and no total of the requests it granted:

    >>> from govstats import embedded
    >>> rates = indicators(embedded.report("上海市人民政府办公厅", 2019), names="disclosure_rate")
    >>> rates[["value", "status", "low_blanks", "high_blanks"]].round(4).values.tolist()
    [[<NA>, 'blank', 0.3416, 0.3416]]
    """
    wanted = chosen("indicator", names, {one.id: one for one in _known(formulas)[1]}, "definitions()")
    corrected = as_corrected(source if isinstance(source, (Report, pd.DataFrame)) else source.cells, corrections)
    cells = corrected.cells if isinstance(corrected, Report) else corrected
    everything = gathered(source, cells, reports, findings if isinstance(findings, pd.DataFrame) else None)
    if deduced:
        everything = everything.completed(corrected)
    groups = _Groups(everything.reports, by)
    needed = {name for one in wanted for name in one.given}
    given = _given(needed, source, corrected, everything.reports, population=population, findings=findings, texts=texts)
    repaired_reports = None if repairs is None or repairs is False else _as_repaired(everything, repairs, corrected)
    frames = []
    for one in wanted:
        quantities, reason = _quantities_of(one, everything, everything.reported, given)
        contradicted = _marked(one, everything, everything.contradicted) > 0
        outcome, members = _pooled(one, quantities, reason, contradicted, groups, everything)
        blanks, _ = _pooled(one, *_quantities_of(one, everything, everything.zeroed, given), contradicted, groups, everything)
        over_repairs = (np.full(groups.count, np.nan),) * 3
        if repaired_reports is not None:
            over_repairs = _over_repairs(one, quantities, outcome, contradicted, groups, repaired_reports)
        counted = groups.sums(np.ones(len(members)), members)
        frames.append(
            groups.keys.assign(
                indicator=one.id,
                value=outcome.value,
                numerator=outcome.numerator,
                denominator=outcome.denominator,
                **_uncertainty(one, quantities, outcome, members, groups, confidence),
                small=np.where(np.isnan(outcome.base), np.nan, outcome.base < _SMALL),
                **dict(zip(("low_repairs", "high_repairs", "repaired"), over_repairs, strict=True)),
                low_blanks=np.fmin(outcome.value, blanks.value),
                high_blanks=np.fmax(outcome.value, blanks.value),
                reports=counted,
                left_out=groups.sizes - counted,
                contradicted=groups.sums(np.ones(len(members)), contradicted & (reason == 0)),
                **({"deduced": groups.sums(_marked(one, everything, everything.deduced), members)} if deduced else {}),
                status=np.array(STATUSES)[outcome.status],
            )
        )
    types = _INDICATOR_TYPES | ({} if groups.single else _GROUP_TYPES) | ({"deduced": "Int64"} if deduced else {})
    found = pd.concat(frames).sort_index(kind="stable").reset_index(drop=True)
    return found.astype(types)[[*groups.keys, *types]]


class _Groups:
    """What the rows of the frame are: reports, or groups of them."""

    def __init__(self, reports: pd.DataFrame, by: str | Sequence[str]) -> None:
        self.single = by == "report"
        names = ["agency", "year", "form"] if self.single else [by] if isinstance(by, str) else list(by)
        if lacking := [name for name in names if name not in reports.columns]:
            known = ", ".join(map(str, reports.columns))
            raise UnusableCells.worded("nothing_known_of", lacking=", ".join(lacking), known=known)
        # single reports stay in their order
        self.of_report = np.asarray(reports.groupby(names, dropna=False, sort=not self.single).ngroup(), dtype=np.intp)
        first = np.unique(self.of_report, return_index=True)[1]
        self.count = len(first)
        self.agencies = reports["agency"]
        self.keys = reports[names].iloc[first].reset_index(drop=True)
        self.sizes = np.bincount(self.of_report, minlength=self.count).astype(float)

    def sums(self, values: Floats, members: Flags) -> Floats:
        """Add up some of the reports, for each group."""
        return np.bincount(self.of_report[members], weights=values[members], minlength=self.count).astype(float)


def _given(
    needed: Collection[str],
    source: Report | Panel | pd.DataFrame,
    corrected: Report | pd.DataFrame,
    reports: pd.DataFrame,
    *,
    population: pd.DataFrame | None,
    findings: pd.DataFrame | bool | None,
    texts: pd.DataFrame | None,
) -> Mapping[str, Floats]:
    """Return the quantities from outside the tables that can be had, one figure a report."""
    given = {"reports": np.ones(len(reports)), **_publication(reports, _file()[0]["timeliness"])}
    panel = None if isinstance(source, (Report, pd.DataFrame)) else source
    if findings is None:
        findings = isinstance(source, Report) if panel is None else panel.findings
    if texts is None and panel is not None:
        texts = panel.texts
    if "population" in needed and population is not None:
        given |= _inhabitants(reports, population)
    if "failed_rules" in needed and findings is not False:
        given |= _quality(reports, reconcile(corrected) if findings is True else findings)
    if "passages" in needed and texts is not None:
        given |= _beside(reports, reused_passages(texts), ["agency", "year"], ["passages", "reused_passages"])
    return given


def _beside(reports: pd.DataFrame, frame: pd.DataFrame, keys: list[str], columns: list[str]) -> dict[str, Floats]:
    """Return columns of a frame in the order of the reports, NaN where it does not have the report."""
    right = frame[[*keys, *columns]].astype({"year": "Int64"})
    twice = right.loc[right.duplicated(keys), keys]
    if len(twice):
        raise UnusableCells.worded("row_twice", row=" ".join(map(str, twice.iloc[0])))
    merged = reports[keys].astype({"year": "Int64"}).merge(right, on=keys, how="left")
    return {name: merged[name].to_numpy(dtype=float, na_value=np.nan) for name in columns}


def _inhabitants(reports: pd.DataFrame, population: pd.DataFrame) -> Mapping[str, Floats]:
    """Return the population of each report's area, found by agency, else by region code."""
    key = "agency" if "agency" in population.columns else "region_code"
    require_columns(population, (key, "year", "population"), "population", "region_code year population")
    require_columns(reports, (key,), "reports", "Panel.reports")
    return _beside(reports, population, [key, "year"], ["population"])


def _publication(reports: pd.DataFrame, settings: Mapping[str, Any]) -> Mapping[str, Floats]:
    """Return how many days publication took, and whether it was late where that can be told."""
    if "published" not in reports.columns:
        return {}
    published = pd.to_datetime(reports["published"]).dt.tz_localize(None).dt.normalize()
    years = (reports["year"].astype("Int64") + 1).astype("str")
    january = pd.to_datetime(years + "-01-01", errors="coerce")
    names = reports["agency"].astype("str")
    level = reports["level"].astype("str") if "level" in reports.columns else pd.Series("", index=reports.index)
    undecided = names.str.contains(re.compile(settings["undecided"]), na=True) | (level == "township")
    government = names.str.contains(re.compile(settings["government"]), na=False) & (level != "national") & ~undecided
    after = {}
    for kind in ("government", "department"):
        month, day = settings[f"due_{kind}"]
        after[kind] = published > january + pd.DateOffset(months=month - 1, days=day - 1)
    told = published.notna() & january.notna() & ~(undecided & after["department"] & ~after["government"])
    late = after["government"].where(government, after["department"])
    return {
        "days": (published - january).dt.days.to_numpy(dtype=float, na_value=np.nan),
        "late": np.where(told, late, np.nan),
        "dated": np.where(told, 1.0, np.nan),
    }


def _quality(reports: pd.DataFrame, findings: pd.DataFrame) -> Mapping[str, Floats]:
    """Return how many rules could be assessed in each report, and how many of them failed."""
    require_columns(findings, ("agency", "year", "severity", "status"), "findings", "Panel.findings")
    counted = findings[findings["severity"].isin(_SEVERITIES)]
    failed, keys = counted["status"] == "fail", ["agency", "year"]
    standing = failed & counted["decision"].ne("dismissed") if "decision" in counted.columns else failed
    sums = counted[keys].assign(failed_rules=standing, assessable_rules=failed | (counted["status"] == "pass"))
    sums = sums.groupby(keys, as_index=False, dropna=False).sum()
    return _beside(reports, sums, keys, ["failed_rules", "assessable_rules"])


# --- values -----------------------------------------------------------------------------------------------------------------


def _quantities_of(
    one: Indicator, everything: Gathered, figures: Sequence[Figures], given: Mapping[str, Floats]
) -> tuple[Floats, NDArray[np.int8]]:
    """Return the quantities of an indicator for each report, and why there is none."""
    quantities = np.full((len(one.written), len(everything.reports)), np.nan)
    reason = np.zeros(len(everything.reports), dtype=np.int8)
    for at, name in enumerate(one.given):
        if name:
            quantities[at] = given.get(name, np.nan)
        else:
            sums = {version: of_form[at] for version, of_form in one.sums.items()}
            quantities[at], why = everything.total(sums, figures)
            reason = np.maximum(reason, why)
    reason[np.isnan(quantities).any(axis=0) & (reason == 0)] = _NOT_GIVEN
    return quantities, reason


def _outcome(one: Indicator, quantities: Floats, reason: NDArray[np.int8]) -> _Outcome:
    """Work an indicator out of its quantities; `reason` is not zero where they are missing."""
    status = reason.astype(np.int8)
    if one.kind == "net":
        value = np.where(status == 0, quantities[0], np.nan)
        unknown = np.full(value.shape, np.nan)
        return _Outcome(quantities[0], unknown, value, status, unknown)
    if one.kind == "concentration":
        numerator, base = (quantities**2).sum(axis=0), quantities.sum(axis=0)
        denominator, pairs = base**2, [(numerator, base**2)]
    else:
        pairs = [(quantities[at], quantities[at + 1]) for at in range(0, len(quantities), 2)]
        numerator, denominator = pairs[0]
        base = np.minimum.reduce([under for _, under in pairs])
    if one.kind == "difference":
        numerator = denominator = np.full(base.shape, np.nan)
    within = one.kind not in ("ratio", "mean")
    value = np.zeros(base.shape)
    for sign, (over, under) in zip((1, -1), pairs, strict=False):
        wrong = (under < 0) | ((over < -ONE_FEN) & (one.kind != "ratio")) | ((over > under + ONE_FEN) & within)
        status[(status == 0) & wrong] = _INCONSISTENT
        status[(status == 0) & (under == 0)] = _UNDEFINED
        value += sign * np.divide(over, under, out=np.full(base.shape, np.nan), where=under != 0)
    return _Outcome(numerator, denominator, np.where(status == 0, value * one.times, np.nan), status, base)


def _usable(outcome: _Outcome) -> Flags:
    """Tell which reports can be pooled: all quantities are known, and none is impossible beside another."""
    return np.asarray((outcome.status == 0) | (outcome.status == _UNDEFINED))


def _possible(one: Indicator, quantities: Floats) -> Flags:
    """Tell which quantities can be pooled, a column each."""
    return _usable(_outcome(one, quantities, np.asarray(np.isnan(quantities).any(axis=0), dtype=np.int8)))


def _marked(one: Indicator, everything: Gathered, marks: Sequence[Flags]) -> Floats:
    """Count for each report the marked cells that the indicator adds up."""
    found = np.zeros(len(everything.reports))
    for matrix, figures, marked in zip(everything.matrices, everything.reported, marks, strict=True):
        counted = np.zeros(marked.shape, dtype=np.bool_)
        for terms in one.sums.get(matrix.form.version, ()):
            for _, rows, here in figures.taken(terms):
                counted[rows] |= here
        found[matrix.reports] = (counted & marked).sum(axis=0)
    return found


def _pooled(
    one: Indicator,
    quantities: Floats,
    reason: NDArray[np.int8],
    contradicted: Flags,
    groups: _Groups,
    everything: Gathered,
) -> tuple[_Outcome, Flags]:
    """Work an indicator out for each group, and tell which reports were taken."""
    each = _outcome(one, quantities, reason)
    usable = _usable(each)
    status = np.where(usable & contradicted, np.int8(_CONTRADICTED), each.status)
    if groups.single:
        return each._replace(status=status), status == 0
    members = usable & ~contradicted
    counted = groups.sums(np.ones(len(members)), members)
    # the reason next to a value speaks for a group that has none
    nearest = pd.Series(status).groupby(groups.of_report).min()
    why = np.where(counted > 0, 0, nearest)
    if not one.outside and len(set(one.segments.values())) > 1:
        segments = everything.reports["form"].map(one.segments).where(members).groupby(groups.of_report).nunique()
        why = np.where(segments > 1, _BREAK, why)
    sums = np.array([groups.sums(quantity, members) for quantity in quantities])
    sums[:, counted == 0] = np.nan
    return _outcome(one, sums, why), members


def _uncertainty(
    one: Indicator, quantities: Floats, outcome: _Outcome, members: Flags, groups: _Groups, confidence: float
) -> dict[str, Any]:
    """Return the interval of each row; of groups also how the rates of their agencies are spread."""
    computed = outcome.status == 0
    if groups.single:
        low = high = np.full(groups.count, np.nan)
        if one.kind == "share":
            low, high = wilson(np.where(computed, outcome.numerator, np.nan), outcome.denominator, confidence=confidence)
        return {"low": low, "high": high}
    if one.kind not in _QUOTIENTS:
        return dict.fromkeys(("low", "high", *_GROUP_TYPES), np.nan)
    reports = pd.DataFrame({"group": groups.of_report, "numerator": quantities[0], "denominator": quantities[1]})
    agencies = reports[members].groupby(["group", groups.agencies[members]], as_index=False, dropna=False).sum()
    found = across_agencies(agencies, share=one.kind == "share", confidence=confidence)
    found[["agency_mean", "agency_median"]] *= one.times
    of_rows = found.reindex(np.flatnonzero(computed)).reindex(range(groups.count))
    return {str(name): values.to_numpy() for name, values in of_rows.items()}


# --- repairs ----------------------------------------------------------------------------------------------------------------


#: The reports on one form as their repairs would have them: the version; the figures, a column a repair, NaN where it leaves open
#: which figure would do; and a row a repair: ``number`` (of the report), ``group`` (of which a report needs one), ``table``, and
#: ``complete``, false where the group may have others.
_Repaired = tuple[str, Figures, pd.DataFrame]


def _as_repaired(everything: Gathered, repairs: pd.DataFrame | bool, corrected: Report | pd.DataFrame) -> list[_Repaired]:
    if not isinstance(repairs, pd.DataFrame):
        repairs = repairs_of(corrected, reread=False)
    needed = ("repair", "agency", "year", "table", "line", "column", "reported", "proposed", "group", "complete")
    require_columns(repairs, needed, "repairs", "govstats.repairs(...)")
    numbers, rows = report_numbers(everything.reports, repairs)
    found = repairs.iloc[rows].assign(number=numbers)
    found["complete"] = found["complete"].fillna(False).astype(bool) & found["line"].notna()
    of_report = found.groupby(["number", "group"], as_index=False).agg({"table": "first", "complete": "all"})
    # repairs of a chain of years change several reports, and some of them only one
    every = of_report.merge(repairs[["group", "repair"]].drop_duplicates(), on="group")
    changes = found[found["line"].notna()]
    by = (changes["proposed"] - changes["reported"]).to_numpy(dtype=float, na_value=np.nan)
    changes = changes[["number", "group", "repair", "table", "line", "column"]].assign(by=by)
    repaired = []
    for matrix, known in zip(everything.matrices, everything.reported, strict=True):
        position = pd.Series(np.arange(len(matrix.reports)), index=matrix.reports)
        here = every[every["number"].isin(matrix.reports)].reset_index(drop=True)
        columns = position[here["number"]].to_numpy()
        value = known.value[:, columns]
        of_repair = here.drop(columns="table").reset_index(names="at").merge(changes)
        for at, change, *cell in of_repair[["at", "by", "table", "line", "column"]].itertuples(index=False):
            if tuple(cell) in matrix.index:
                value[matrix.index[tuple(cell)], at] += change
        repaired.append((matrix.form.version, Figures(value, known.reason[:, columns], matrix.index), here))
    return repaired


def _over_repairs(
    one: Indicator, quantities: Floats, outcome: _Outcome, contradicted: Flags, groups: _Groups, repaired: Sequence[_Repaired]
) -> tuple[Floats, Floats, Floats]:
    """Return the least and the greatest value over the repairs, and how many reports of each group have some that matter."""
    low, high, touched = outcome.value.copy(), outcome.value.copy(), np.zeros(groups.count)
    choices: dict[int, dict[int, Floats | None]] = {}
    for version, figures, of in repaired:
        if version in one.sums:
            tables = {cell[0] for terms in one.sums[version] for term in terms for cell in term.options[0]}
            same = quantities[:, of["number"]]
            totals = [figures.total(terms)[0] if terms else own for terms, own in zip(one.sums[version], same, strict=True)]
            steps = np.array(totals) - same
            counted = of[of["table"].isin(tables)]
            for number in counted["number"].unique().tolist():
                own, mine = quantities[:, number], counted[counted["number"] == number]
                several = _choices(own, steps, mine)
                changed = several is None or not np.array_equal(several, own[None, :])
                # what contradicts itself is no part of the value, and comes in as its repairs have it
                if not np.isnan(own).any() and (changed or contradicted[number]):
                    choices.setdefault(int(groups.of_report[number]), {})[number] = several
                    touched[groups.of_report[number]] += changed
    usable = _possible(one, quantities) & ~contradicted
    for group, of_reports in choices.items():
        low[group] = high[group] = np.nan
        known = [several for several in of_reports.values() if several is not None]
        if outcome.status[group] == _BREAK or len(known) < len(of_reports):
            continue
        fixed = (groups.of_report == group) & usable
        fixed[list(of_reports)] = False
        options = [kept for several in known if len(kept := several[_possible(one, several.T)])]
        if options or fixed.any():
            low[group], high[group] = _extremes(one, quantities[:, fixed].sum(axis=1), options)
    return low, high, touched


def _choices(own: Floats, steps: Floats, repairs: pd.DataFrame) -> Floats | None:
    """Return the quantities of a report under each combination of its repairs; None where they are left open."""
    if not repairs["complete"].all() or np.isnan(steps[:, repairs.index]).any():
        return None
    return _combined(own, [steps[:, one.index].T for _, one in repairs.groupby("group")])


def _combined(start: Floats, options: Iterable[Floats]) -> Floats | None:
    """Return every sum with one row from each of the options; None where there are too many."""
    combined = start[None, :]
    for rows in options:
        combined = np.unique((combined[:, None, :] + rows[None, :, :]).reshape(-1, len(start)), axis=0)
        if len(combined) > _COMBINATIONS:
            return None
    return combined


def _extremes(one: Indicator, fixed: Floats, options: Sequence[Floats]) -> tuple[float, float]:
    """Return the least and the greatest value over every choice of one row from each of the options."""
    combined = _combined(fixed, options)
    if combined is not None:
        values = _outcome(one, combined.T, np.zeros(len(combined), dtype=np.int8)).value
        return (float(np.nanmin(values)), float(np.nanmax(values))) if not np.isnan(values).all() else (np.nan, np.nan)
    if one.kind in _QUOTIENTS:
        return _extreme_quotient(fixed, options, np.argmin) * one.times, _extreme_quotient(fixed, options, np.argmax) * one.times
    if one.kind == "net":
        return float(fixed[0] + sum(rows.min() for rows in options)), float(fixed[0] + sum(rows.max() for rows in options))
    return np.nan, np.nan


def _extreme_quotient(fixed: Floats, options: Sequence[Floats], pick: Any) -> float:
    """Return the extreme quotient of sums (Dinkelbach's method: its value is where the best difference is zero)."""
    quotient = np.nan
    chosen = [rows[0] for rows in options]
    for _ in range(100):
        over, under = fixed + np.sum(chosen, axis=0)
        if under <= 0 or over / under == quotient:
            break
        quotient = over / under
        chosen = [rows[pick(rows[:, 0] - quotient * rows[:, 1])] for rows in options]
    return float(quotient)


# --- intervals --------------------------------------------------------------------------------------------------------------


def wilson(successes: ArrayLike, trials: ArrayLike, *, confidence: float = 0.95) -> tuple[Floats, Floats]:
    """Return the Wilson score interval of shares, in closed form.

    Parameters
    ----------
    successes, trials : array_like
        NaN, no trials at all or more successes than trials give NaN.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    low, high : array

    Notes
    -----
    E. B. Wilson, Probable Inference, the Law of Succession, and Statistical Inference, Journal of the American Statistical
    Association 22 (1927).

    Examples
    --------
    >>> low, high = wilson([0, 71], [10, 148])
    >>> low.round(4).tolist(), high.round(4).tolist()
    ([0.0, 0.4008], [0.2775, 0.5597])
    """
    k, n = np.asarray(successes, dtype=float), np.asarray(trials, dtype=float)
    possible: Any = (n > 0) & (k >= 0) & (k <= n)
    return _score_interval(np.where(possible, k, np.nan), np.where(possible, n, np.nan), special.ndtri(_upper(confidence)))


def across_agencies(agencies: pd.DataFrame, *, share: bool = True, confidence: float = 0.95) -> pd.DataFrame:
    """Return for each group of agencies the interval of its pooled rate, and how far the agencies differ.

    Parameters
    ----------
    agencies : pandas.DataFrame
        One row an agency: ``group numerator denominator``.
    share : bool
        Whether the numerator counts independent cases among those of the denominator; else there is no interval.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    pandas.DataFrame
        Index: the groups. Columns ``agencies agency_mean agency_median low high correlation``. `agencies` have a denominator
        above zero; mean and median are those of their rates. `low` and `high` need two agencies. `correlation` is the
        intra-class correlation (analysis of variance): 0 where agencies differ as chance has it, below 0 where they differ less.

    Notes
    -----
    The pooled rate is a ratio of two sums over agencies. Its variance is that of its linear approximation with each residual
    divided by one less the agency's part of the denominator, which is the jackknife: the rate without each agency in turn
    (MacKinnon and White, Journal of Econometrics 29, 1985). Student's t has one degree of freedom less than the number of
    agencies, had they been of one size: the square of the sum of the denominators over the sum of their squares. The variance is
    turned into a number of independent cases, and Wilson's interval taken of these (Dean and Pagano, Journal of Survey
    Statistics and Methodology 3, 2015). It is never narrower than Wilson's of the cases themselves.

    Examples
    --------
    >>> agencies = pd.DataFrame({"group": 0, "numerator": [10, 30, 5], "denominator": [20, 100, 80]})
    >>> across_agencies(agencies).loc[0, ["low", "high", "correlation"]].round(3).tolist()
    [0.014, 0.856, 0.177]
    """
    require_columns(agencies, ("group", "numerator", "denominator"), "agencies", "group numerator denominator")
    known = agencies[agencies["denominator"] > 0].astype({"numerator": float, "denominator": float})
    group, over, under = known["group"], known["numerator"], known["denominator"]
    rates = (over / under).groupby(group)
    found = pd.DataFrame({"agencies": rates.size(), "agency_mean": rates.mean(), "agency_median": rates.median()})
    if not share:
        return found.assign(low=np.nan, high=np.nan, correlation=np.nan)
    granted, cases = over.groupby(group).sum(), under.groupby(group).sum()
    pooled, part = granted / cases, under / group.map(cases)
    count = found["agencies"].where(found["agencies"] > 1)
    without = (over - group.map(pooled) * under) / (group.map(cases) - under).where(part < 1)
    variance = (without**2).groupby(group).sum() * (count - 1) / count
    independent = pooled * (1 - pooled) / variance.where(variance > 0)
    freedom = 1 / (part**2).groupby(group).sum() - 1
    # with less the interval is 0 to 1 in any case, and the factor would soon be infinite
    factor = special.stdtrit(freedom.clip(lower=0.1), _upper(confidence))
    by_agencies = _score_interval(pooled * independent, independent, factor)
    by_cases = wilson(granted, cases.where(count > 1), confidence=confidence)
    return found.assign(
        low=np.fmin(by_agencies[0], by_cases[0]),
        high=np.fmax(by_agencies[1], by_cases[1]),
        correlation=_correlation(known, granted, cases, count),
    )


def _correlation(
    known: pd.DataFrame, granted: pd.Series[float], cases: pd.Series[float], count: pd.Series[int]
) -> pd.Series[float]:
    """Return the intra-class correlation of cases within agencies, from the mean squares between and within them."""
    group = known["group"]
    explained = (known["numerator"] ** 2 / known["denominator"]).groupby(group).sum()
    between = (explained - granted**2 / cases) / (count - 1)
    within = (granted - explained) / (cases - count).where(cases > count)
    size = (cases - (known["denominator"] ** 2).groupby(group).sum() / cases) / (count - 1)
    return (between - within) / (between + (size - 1) * within)


def _upper(confidence: float) -> float:
    """Return the probability below the upper end of a two-sided interval."""
    if not 0 < confidence < 1:
        raise ValueError(
            f"confidence is {confidence!r}; it must be between 0 and 1, such as 0.95 置信水平应在 0 与 1 之间，如 0.95"
        )
    return 0.5 + confidence / 2


def _score_interval(successes: ArrayLike, trials: ArrayLike, factor: Any) -> tuple[Floats, Floats]:
    k, n = np.asarray(successes), np.asarray(trials)
    middle = (k + factor * factor / 2) / (n + factor * factor)
    half = factor / (n + factor * factor) * np.sqrt(k * (n - k) / n + factor * factor / 4)
    # the ends are exact where all or nothing succeeded, and rounding must not move them
    return np.where(k == 0, 0.0, middle - half), np.where(k == n, 1.0, middle + half)


# --- reports that should be there and are not -------------------------------------------------------------------------------

#: Between these quantiles of the rates at hand those of the missing lie, if they are like the others.
_ALIKE = (0.1, 0.9)
_NONRESPONSE_TYPES = column_types(
    "expected:Int64 reports:Int64 response_rate:Float64 counted:Int64 unexpected:Int64 value:Float64 low_alike:Float64 "
    "high_alike:Float64 low_worst:Float64 high_worst:Float64 agency_mean:Float64 mean_low:Float64 mean_high:Float64"
)


def nonresponse(
    source: Panel | pd.DataFrame,
    expected: Written | None = None,
    *,
    by: str | Sequence[str] = ("level", "year"),
    names: str | Iterable[str] | None = None,
    years: Iterable[int] | None = None,
    **options: Any,
) -> pd.DataFrame:
    """Say how many reports are missing of those that should be there, and how far pooled rates could be off for it.

    Parameters
    ----------
    source : Panel or pandas.DataFrame
        As `govstats.indicators` takes it, with many reports.
    expected : path or pandas.DataFrame, optional
        As `govstats.panel.register.read_expected` takes it; by default ``expected.csv`` of the panel's documents.
    by : str or sequence of str
        ``year``, and columns of `expected`.
    names : str or iterable of str, optional
        Which indicators, of those between 0 and 1 (``share`` and ``proportion``); all of these by default.
    years : iterable of int, optional
        Reported on; by default from the first to the last of the source.
    **options
        For `govstats.indicators`, such as ``deduced=True``.

    Returns
    -------
    pandas.DataFrame
        One row a group and indicator: the columns of `by`, ``indicator expected reports response_rate counted unexpected value
        low_alike high_alike low_worst high_worst agency_mean mean_low mean_high``.

        `expected` reports there should be, `reports` are there, `response_rate` is their share, and `counted` those of which the
        indicator could be computed, or has no cases. `unexpected` are reports that `expected` does not know; they count
        nowhere else, and have no level and region. `value` is the pooled rate of those counted. What is not counted is missing:

        - `low_worst` to `high_worst`: it grants nothing, or all, of as many cases as the largest of those counted has;
        - `low_alike` to `high_alike`: it is like the others: as many cases as they have on average, and a rate between the 10 %
          and the 90 % quantile of theirs;
        - `mean_low` to `mean_high` bound the mean of the rates, `agency_mean`, whatever the missing say, and however many cases
          they have.

        Null where nothing was counted; the mean then lies between 0 and 1.

    Raises
    ------
    FormError
        There is no such indicator, or it is none between 0 and 1.
    UnusableRegister
        The table of expected agencies has a line that cannot be understood, or there is none.
    UnusableCells
        Two reports of a year are of one expected agency.

    Notes
    -----
    Bounds without assumptions on who does not answer: C. F. Manski, Anatomy of the Selection Problem, Journal of Human Resources
    24 (1989); J. L. Horowitz and C. F. Manski, Censoring of Outcomes and Regressors due to Survey Nonresponse, Journal of
    Econometrics 84 (1998). They are no confidence intervals: these say what chance could do, the bounds what the missing could.

    Examples
    --------
    >>> from govstats.simulate import simulate
    >>> cells = simulate("2021", 3, size="medium", seed=1)
    >>> expected = pd.DataFrame({"agency": [*cells["agency"].unique(), "某局"], "level": "county"})
    >>> found = nonresponse(cells, expected, names="disclosure_rate")
    >>> found[["expected", "reports", "response_rate", "counted"]].values.tolist()
    [[4, 3, 0.75, 3]]
    """
    if (expected := getattr(source, "expected", None) if expected is None else expected) is None:
        raise UnusableRegister.worded("nobody_expected")
    of_kind = definitions().set_index("indicator")["kind"]
    possible = {name: name for name in of_kind[of_kind.isin(["share", "proportion"])].index}
    wanted = chosen("indicator between 0 and 1", names, possible, "definitions()")
    rates = indicators(source, names=wanted, **options)
    between = rates["year"].dropna()
    should = expected_reports(expected, years if years is not None else range(between.min(), between.max() + 1))
    rates = rates.rename(columns={"agency": "printed"})
    called = pd.concat([should.assign(printed=should[one]) for one in ("agency", "name")])
    units = called.drop_duplicates(["printed", "year"])[["printed", "year", "agency"]]
    rates = rates.merge(units, on=["printed", "year"], how="left")
    twice = rates[rates.duplicated(["agency", "year", "indicator"]) & rates["agency"].notna()]
    if len(twice):
        raise UnusableCells.worded("expected_twice", **twice[["agency", "year"]].iloc[0])
    every = should.merge(pd.DataFrame({"indicator": wanted}), how="cross")
    rates = rates[["agency", "year", "indicator", "status", "value", "numerator", "denominator"]]
    both = pd.concat(
        [every.merge(rates, on=["agency", "year", "indicator"], how="left"), rates[rates["agency"].isna()]], ignore_index=True
    )
    groups = [by] if isinstance(by, str) else list(by)
    if lacking := [name for name in groups if name not in ("year", *EXPECTED_TYPES)]:
        raise UnusableCells.worded("no_grouping", name=lacking[0])
    return _bounded(both, [*groups, "indicator"])


def _bounded(reports: pd.DataFrame, groups: list[str]) -> pd.DataFrame:
    """Return counts and bounds of each group of reports; those without an agency are not expected."""
    known = reports["agency"].notna()
    counted = known & reports["status"].isin(["computed", "undefined"])
    rate = reports["value"].where(counted & (reports["status"] == "computed")).astype(float)
    over, under = (reports[name].where(counted).astype(float) for name in ("numerator", "denominator"))
    there = known & reports["status"].notna()
    counts = {"expected": known, "reports": there, "counted": counted, "unexpected": ~known}
    by_group: Any = reports[groups].assign(**counts, rate=rate, over=over, under=under).groupby(groups, dropna=False)
    frame: pd.DataFrame = by_group[list(counts)].sum()
    missing = frame["expected"] - frame["counted"]
    granted, cases = by_group["over"].sum(), by_group["under"].sum()
    ends = [by_group["rate"].quantile(quantile) for quantile in _ALIKE]
    for size, how, worst in ((by_group["under"].mean(), "alike", ends), (by_group["under"].max(), "worst", (0.0, 1.0))):
        lost = (missing * size).where(missing > 0, 0.0)
        for side, share in zip(("low", "high"), worst, strict=True):
            more = (lost * share).where(missing > 0, 0.0)
            frame[f"{side}_{how}"] = ((granted + more) / (cases + lost)).where(cases > 0)
    rates, some = by_group["rate"].sum(), by_group["rate"].count()
    several = (some + missing).where(some + missing > 0)
    frame = frame.assign(
        value=granted / cases.where(cases > 0),
        response_rate=frame["reports"] / frame["expected"].where(frame["expected"] > 0),
        agency_mean=by_group["rate"].mean(),
        mean_low=rates / several,
        mean_high=(rates + missing) / several,
    )
    return frame.reset_index()[[*groups, *_NONRESPONSE_TYPES]].astype(_NONRESPONSE_TYPES)
