"""Figures about many agencies: what a panel has of each, and how their indicators compare."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd

from govstats.errors import UnusableCells, require_columns
from govstats.export.codebook import values
from govstats.figures import drawing
from govstats.figures.drawing import BLUE, FAINT, INK, QUIET, VERMILLION, Language, Sheet, Width, Words, words
from govstats.figures.over_years import REASONS
from govstats.files import refuse_unknown
from govstats.measures import definitions
from govstats.panel import STATES, Panel
from govstats.reconciliation import reconcile
from govstats.reconciliation import rules as known_rules
from govstats.reconciliation.findings import standing
from govstats.reconciliation.rulebook import RulesFile
from govstats.report import Report, column_types, typed_frame

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: More names than that cannot be read on a page.
_MOST_ROWS = 60
#: What a rate may be, over repairs and blanks.
_RANGE: dict[str, Any] = {"color": VERMILLION, "linewidth": 1, "marker": "|", "markersize": 4}
_BOUNDS = ("low_repairs", "high_repairs", "low_blanks", "high_blanks")
#: What a figure of rates needs.
_OF_A_RATE = ("indicator", "value", "low", "high", "small", "status", *_BOUNDS)
_CLAIM_TYPES = column_types("agency year:Int64 claims:Int64 agree:Int64 differ:Int64 open:Int64")
_STATES, _FAILURES, _OUTCOMES = (drawing.LOOKS[name] for name in ("states", "failures", "outcomes"))


def coverage_by_year(states: pd.DataFrame) -> pd.DataFrame:
    """Count the agencies in each state, year by year.

    Parameters
    ----------
    states : pandas.DataFrame
        As `Panel.coverage` returns it.

    Returns
    -------
    pandas.DataFrame
        A row for each state, from the best to the worst, and a column for each year.

    Examples
    --------
    >>> import pandas as pd
    >>> states = pd.DataFrame({"agency": ["甲局", "乙局"], "year": [2023, 2023], "state": ["consistent", "missing"]})
    >>> coverage_by_year(states)[2023].to_dict()
    {'consistent': 1, 'inconsistent': 0, 'incomplete': 0, 'undecided': 0, 'without tables': 0, 'failed': 0, 'missing': 1}
    """
    require_columns(states, ("year", "state"), "states", "Panel.coverage()")
    return pd.crosstab(states["state"], states["year"]).reindex(list(_STATES), fill_value=0)


def coverage(source: Panel | pd.DataFrame, *, language: Language = "both", width: Width = "page") -> Figure:
    """Draw what a panel has of each agency and year.

    Parameters
    ----------
    source : Panel or pandas.DataFrame
        A panel, or what `Panel.coverage` returned: these are the numbers behind it.
    language, width
        As for all of `govstats.figures`.

    Returns
    -------
    matplotlib.figure.Figure
        A row an agency and a symbol a year. Of more than sixty agencies, how many are in each state, year by year; the numbers
        behind that: `coverage_by_year`.

    Raises
    ------
    UnusableCells
        The panel is empty.
    MissingExtra
        Matplotlib or the Chinese font is not installed.

    Examples
    --------
    >>> import pandas as pd
    >>> states = pd.DataFrame({"agency": ["甲局", "乙局"], "year": [2023, 2023], "state": ["consistent", "missing"]})
    >>> coverage(states, language="en").alt
    'agencies: 2, years: 1; consistent (1), no document (1).'
    """
    sheet = Sheet("coverage", language, width)
    states = source if isinstance(source, pd.DataFrame) else source.coverage()
    require_columns(states, ("agency", "year", "state"), "states", "Panel.coverage()")
    years, agencies = _years(states), list(states["agency"].drop_duplicates())
    counts = states["state"].value_counts()
    said = {state: sheet.words("state", state=STATES[state], number=f"{counts.get(state, 0):,}") for state in _STATES}
    occur = [said[state] for state in _STATES if state in counts]
    named = len(agencies) <= _MOST_ROWS
    labels = [sheet.label(row, 0.4 * sheet.wide) for row in ([(one, one) for one in agencies] if named else said.values())]
    finding = sheet.words("finding", agencies=len(agencies), years=len(years), states=drawing.listed(occur, ("，", ", ")))
    if not named:
        axes = _rows_by_years(sheet, labels, years, 5 * sheet.body / 72)
        _draw_counts(sheet, axes, coverage_by_year(states))
        return _close(sheet, agencies, years, finding=finding, notes=[sheet.words("heights")])
    axes = _rows_by_years(sheet, labels, years)
    for state, one in states.groupby("state"):
        axes.plot(one["year"], one["agency"].map(agencies.index), **_look(str(state)))
    return _close(
        sheet, agencies, years, finding=finding, key=[(_look(state), said[state]) for state in _STATES if state in counts]
    )


def _years(rows: pd.DataFrame) -> list[int]:
    if rows.empty:
        raise UnusableCells.worded("nothing_to_draw")
    return [*range(rows["year"].min(), rows["year"].max() + 1)]


def _rows_by_years(sheet: Sheet, labels: list[str], years: list[int], least: float = 0.0) -> Axes:
    """Return axes with a row for each label, at least so high, and room for a symbol where it crosses a year."""
    room = sheet.wide - sheet.widest(labels) - 0.2
    wide = min(room / len(years), 0.42)
    axes: Axes = sheet.axes(tall=max(sheet.pitch(labels), least) * len(labels))[0, 0]
    start = years[0] - 0.5
    # so many years would fill the width
    axes.set_xlim(start, start + room / wide)
    sheet.rows(axes, labels)
    sheet.heads(axes, years, [(str(year), str(year)) for year in years], wide - 0.04)
    axes.hlines(np.arange(len(labels)) + 0.5, start, years[-1] + 0.5, color=FAINT, linewidth=0.6, zorder=0)
    return axes


def _close(sheet: Sheet, agencies: Sequence[str], years: Sequence[int], **said: Any) -> Figure:
    about = f"{len(agencies)} {sheet.say(words('common.agencies'))} · {drawing.span(years)}"
    return sheet.close(about, source=drawing.annual_reports(agencies, years), **said)


def _look(state: str) -> dict[str, Any]:
    return {"markersize": 5.5, "linestyle": "none", "markerfacecoloralt": "white", **_STATES[state]}


def _draw_counts(sheet: Sheet, axes: Axes, counts: pd.DataFrame) -> None:
    """Draw a bar for each count, in the row of its state."""
    upright = counts.to_numpy().max() > 99
    heights = 0.4 * counts / counts.to_numpy().max()
    for row, state in enumerate(counts.index):
        for year, count in counts.loc[state][counts.loc[state] > 0].items():
            tall = heights.loc[state, year]
            axes.bar(year, -tall, bottom=row + 0.47, width=0.55, color=_STATES[state]["color"])
            place: dict[str, Any] = {"ha": "center", "va": "bottom", "rotation": 90 * upright}
            drawing.write(axes, year, row + 0.47 - tall, f"{count:,}", (0, 2), size=sheet.small, **place)


def quality_by_report(source: Panel | Iterable[Report]) -> pd.DataFrame:
    """Count the edits that fail in each report, by severity.

    Parameters
    ----------
    source : Panel or iterable of Report
        Only a panel has the edits that span several years and vintages; of a report of a panel the chosen document counts.

    Returns
    -------
    pandas.DataFrame
        One row a report: ``agency year form cells reported E W I assessed``. `cells` counts the cells that were read, `reported`
        those with a figure; `E` `W` `I` the edits that fail, by severity, but for those that somebody dismissed; `assessed` those
        that hold or fail.

    Examples
    --------
    >>> from govstats import embedded
    >>> found = quality_by_report([embedded.report("淮安市洪泽区人民政府", 2023)])
    >>> found[["form", "cells", "reported", "E"]].values.tolist()
    [['2021', 186, 186, 2]]
    """
    keys = ["agency", "year"]
    if isinstance(source, Panel):
        reports = source.reports[source.reports["chosen"]].drop_duplicates(keys).reset_index(drop=True)
        findings = source.findings
    else:
        read = list(source)
        rows = [(one.agency, one.year, one.form, len(one.cells), int(one.cells["value"].notna().sum())) for one in read]
        reports = typed_frame(rows, column_types("agency year:Int64 form cells:Int64 reported:Int64"))
        findings = pd.concat([reconcile(one) for one in read], ignore_index=True)
    found = findings[findings["status"].isin(["pass", "fail"])]
    severity = standing(found)["severity"].reindex(found.index)
    counts = found[keys].assign(**{one: severity == one for one in "EWI"}, assessed=True).groupby(keys).sum()
    frame = reports[[*keys, "form", "cells", "reported"]].merge(counts.reset_index(), on=keys, how="left")
    return frame.astype(dict.fromkeys(counts, "Int64")).fillna(dict.fromkeys(counts, 0))


def quality_map(source: Panel | pd.DataFrame, *, language: Language = "both", width: Width = "page") -> Figure:
    """Draw how many edits fail in each agency's reports, year by year.

    Parameters
    ----------
    source : Panel or pandas.DataFrame
        A panel, or what `quality_by_report` returned: these are the numbers behind it.
    language, width
        As for all of `govstats.figures`.

    Returns
    -------
    matplotlib.figure.Figure
        A row an agency, a field a year with the number of edits that cannot hold together (severity E), darker where there are
        more; a thick edge where others probably do not (W). Of more than sixty agencies those with most such edits.

    Raises
    ------
    UnusableCells
        The panel is empty.
    MissingExtra
        Matplotlib or the Chinese font is not installed.

    Examples
    --------
    >>> from govstats import embedded
    >>> reports = [embedded.report(agency, 2023) for agency in ("淮安市洪泽区人民政府", "平潭综合实验区")]
    >>> quality_map(quality_by_report(reports), language="en").alt
    'Of 2 reports 1 have edits that cannot hold (2 in all); most in 淮安市洪泽区人民政府 2023, 2.'
    """
    sheet = Sheet("quality", language, width)
    reports = source if isinstance(source, pd.DataFrame) else quality_by_report(source)
    require_columns(reports, ("agency", "year", "E", "W", "assessed"), "reports", "figures.quality_by_report(panel)")
    years = _years(reports)
    most = reports.groupby("agency", sort=False)["E"].sum().sort_values(ascending=False, kind="stable").index[:_MOST_ROWS]
    agencies = [agency for agency in reports["agency"].drop_duplicates() if agency in set(most)]
    axes = _rows_by_years(sheet, [sheet.label((name, name), 0.4 * sheet.wide) for name in agencies], years)
    bad = reports[reports["E"] > 0].sort_values("E", ascending=False, kind="stable")
    finding = sheet.words("finding_of_none", reports=len(reports))
    if len(bad):
        worst = bad.iloc[0]
        which = {"which": f"{worst['agency']} {worst['year']}", "most": worst["E"]}
        finding = sheet.words("finding", reports=len(reports), bad=len(bad), all=bad["E"].sum(), **which)
    shown = reports[reports["agency"].isin(agencies)]
    kinds = np.select([shown["assessed"] == 0, shown["E"] == 0, shown["E"] < 3], ["nothing", "none", "few"], default="many")
    for report, kind in zip(shown.to_dict("records"), kinds, strict=True):
        row, year = agencies.index(report["agency"]), report["year"]
        axes.bar(year, 0.8, bottom=row - 0.4, width=0.8, **_FAILURES[kind] | ({"linewidth": 2} if report["W"] else {}))
        if report["assessed"]:
            drawing.write(axes, year, row, f"{report['E']}", (0, 0), size=sheet.label_size, ha="center")
    return _close(
        sheet,
        list(reports["agency"].dropna().unique()),
        years,
        finding=finding,
        notes=[sheet.words("severities"), sheet.words("empty")],
        key=[(look, sheet.words(name)) for name, look in _FAILURES.items()],
    )


def indicators_compared(
    rates: pd.DataFrame,
    *,
    highlight: str | None = None,
    formulas: RulesFile | None = None,
    language: Language = "both",
    width: Width = "page",
) -> Figure:
    """Draw one indicator of many agencies, or of groups of them, side by side.

    Parameters
    ----------
    rates : pandas.DataFrame
        Rows of one indicator as `govstats.measures.indicators` returns them: these are the numbers behind it. By report, or
        pooled by level, region, year …
    highlight : str, optional
        The name of a row to set off.
    formulas : path, optional
        The file, if the indicator is one of your own.
    language, width
        As for all of `govstats.figures`.

    Returns
    -------
    matplotlib.figure.Figure
        A row an agency (or group), a panel a year. Rows that have a value in the last year come first, the highest value on top,
        then those whose last value is of the year before, and so on: values of different years are never ranked together. The
        blue line is the interval of the frame (Wilson's, or that over agencies where they are pooled), the orange one the
        interval over minimal repairs and over what a blank may be. Hollow: fewer than 30 cases. Diamond: a report contradicts
        itself. Where there is no value it says why. Of more than sixty rows names and values are left out.

    Raises
    ------
    UnusableCells
        The frame is about several indicators, or none.
    FormError
        There is no such indicator.
    MissingExtra
        Matplotlib or the Chinese font is not installed.

    Examples
    --------
    >>> import pandas as pd
    >>> from govstats import embedded
    >>> from govstats.measures import indicators
    >>> cells = pd.concat(embedded.report(*who).cells for who in (("沭阳县人民政府", 2025), ("平潭综合实验区", 2025)))
    >>> indicators_compared(indicators(cells, names="disclosure_rate"), language="en").alt
    'disclosure rate in 2025, of 2: highest 沭阳县人民政府 55%, lowest 平潭综合实验区 48%; their intervals overlap.'
    """
    sheet = Sheet("compared", language, width)
    require_columns(rates, _OF_A_RATE, "rates", "govstats.indicators(panel)")
    indicator = drawing.only(rates, "indicator", "rates[rates['indicator'] == …]", "指标")
    known = definitions(formulas).set_index("indicator", drop=False)
    refuse_unknown("rates", "is about the indicator", [indicator], known.index)
    said = cast("pd.Series[Any]", known.loc[indicator])
    groups = [name for name in _group_columns(rates) if name not in ("year", "form")]
    by_year = "year" in rates and bool(groups)
    share = said["kind"] in ("share", "proportion")
    rates = _drawable(sheet, rates, groups, by_year=by_year, share=share)
    rows = _in_order(rates) if groups else list(rates["row"])
    panels = sorted(rates["panel"].unique())
    named = len(rows) <= _MOST_ROWS
    labels = {row: sheet.label((row, row), 0.36 * sheet.wide) for row in rows} if named else {}
    ticks = {limit: drawing.in_digits(limit, share=share) for limit in _limits(rates, said["kind"])}
    scale = max(sheet.widest([" ".join(ticks.values())], sheet.small), 0.045 * sheet.body)
    least = scale + sheet.widest(rates["said"], sheet.small) + 0.25
    bands = math.ceil(len(panels) / max(int((sheet.wide - sheet.widest(labels.values())) / least), 1))
    beside = math.ceil(len(panels) / bands)
    step = sheet.pitch([*labels.values(), *rates["said"]]) if named else 6 / len(rows) / bands
    # a band of panels has the rows that have something in it
    inside = [
        [row for row in rows if row in set(rates.loc[rates["panel"].isin(panels[at : at + beside]), "row"])]
        for at in range(0, len(panels), beside)
    ]
    grid = sheet.axes(bands, beside, tall=[step * len(mine) for mine in inside], used=len(panels))
    for at, (panel, axes) in enumerate(zip(panels, grid.flat, strict=False)):
        mine = inside[at // beside]
        if by_year:
            sheet.title(axes, str(panel))
        sheet.rows(axes, [labels.get(row, "") if at % beside == 0 else "" for row in mine])
        if highlight in mine:
            row = mine.index(highlight)
            axes.axhspan(row - 0.5, row + 0.5, color="#efefef", zorder=-1)
            axes.get_yticklabels()[row].set_color(BLUE)
        _draw_rates(sheet, axes, rates[rates["panel"] == panel], mine, ticks, named=named)
    notes = [(said["formula_zh"], said["formula_en"]), sheet.words("missing")]
    notes += [sheet.words("many", number=len(rows))] * (not named) + [sheet.words("order")] * by_year
    by_report = {"agency", "year"} <= set(rates)
    return sheet.close(
        f"{len(rows)} {sheet.say(sheet.words('rows'))}" + (f" · {drawing.span(panels)}" if by_year else ""),
        title=drawing.with_unit(said),
        finding=_highest_and_lowest(sheet, rates, (said["label_zh"], said["label_en"])),
        notes=notes,
        source=drawing.annual_reports(rates["agency"], rates["year"]) if by_report else sheet.words("source"),
        key=drawing.point_key(rates, sheet.words("value"), [(_RANGE, sheet.words("range"))] * bool(_is_open(rates).any())),
    )


def _drawable(sheet: Sheet, rates: pd.DataFrame, groups: list[str], *, by_year: bool, share: bool) -> pd.DataFrame:
    """Return rates with their row, their panel, and what is written beside them: the value, or why there is none."""
    of_this_form = rates["status"] != "not_in_form"
    rates = rates[of_this_form | (not of_this_form.any())]
    rates = rates.astype(dict.fromkeys(("value", "low", "high", *_BOUNDS), float))
    said = [
        sheet.label(REASONS[status], 0.6, sheet.small) if np.isnan(value) else drawing.in_digits(value, share=share)
        for value, status in zip(rates["value"], rates["status"], strict=True)
    ]
    return rates.assign(
        row=_row_names(sheet, rates, groups or ["year"]),
        panel=rates["year"] if by_year else 0,
        contradicted=rates["status"] == "contradicted",
        said=said,
    )


def _draw_rates(
    sheet: Sheet, axes: Axes, rates: pd.DataFrame, rows: Sequence[str], ticks: Mapping[float, str], *, named: bool
) -> None:
    """Draw the rates of a panel, and write their values (or why there are none) at its right edge."""
    low, high = axes.set_xlim(*ticks)
    axes.set_xticks([*ticks], ticks.values(), **drawing.text_style(sheet.small, QUIET))
    # those of the next panel begin where these end
    axes.get_xticklabels()[0].set_horizontalalignment("left")
    axes.get_xticklabels()[1].set_horizontalalignment("right")
    axes.vlines([low, 0.0, high], *axes.get_ylim(), color=FAINT, linewidth=0.6, zorder=0)
    for rate, is_open in zip(rates.to_dict("records"), _is_open(rates), strict=True):
        row, known = rows.index(rate["row"]), not np.isnan(rate["value"])
        if is_open:
            bounds = [rate[name] for name in _BOUNDS]
            axes.plot([np.nanmin(bounds), np.nanmax(bounds)], [row + 0.27] * 2, **_RANGE, zorder=2, clip_on=False)
        if known:
            drawing.draw_value(axes, row, rate, across=True, **({} if named else {"markersize": 2}))
        if named:
            drawing.write(axes, high, row, rate["said"], (7, 0), size=sheet.small, color=INK if known else QUIET)


def _is_open(rates: pd.DataFrame) -> pd.Series[bool]:
    """Tell which rates may be more than one thing, over repairs and blanks."""
    bounds = rates[[*_BOUNDS]]
    apart = bounds.max(axis=1) - bounds.min(axis=1) > 1e-9
    return bounds.notna().any(axis=1) & (rates["value"].isna() | apart)


def _highest_and_lowest(sheet: Sheet, rates: pd.DataFrame, label: Words) -> Words:
    """Say which row is the highest of the last year and which the lowest, and whether that can be told."""
    known = rates[rates["value"].notna()]
    if known.empty:
        return sheet.words("finding_of_none", label=label)
    last = known["panel"].max()
    known = known[known["panel"] == last].sort_values("value", ascending=False, kind="stable")
    high, low = known.iloc[0], known.iloc[-1]
    intervals: Words = ("", "")
    if not np.isnan(high["low"]) and not np.isnan(low["high"]):
        intervals = sheet.words("overlap" if high["low"] <= low["high"] else "apart")
    return sheet.words(
        "finding_of_one" if len(known) == 1 else "finding",
        when=sheet.words("when", year=last) if last else "",
        label=label,
        number=len(known),
        highest=f"{high['row']} {high['said']}",
        lowest=f"{low['row']} {low['said']}",
        intervals=intervals,
    )


def _group_columns(rates: pd.DataFrame) -> list[str]:
    """Return what the rows of a frame of indicators are about."""
    return [str(name) for name in rates.columns[: list(rates.columns).index("indicator")]]


def caveats(rates: pd.DataFrame, reports: pd.DataFrame | None = None) -> pd.DataFrame:
    """List what stands against comparing a rate with others.

    Parameters
    ----------
    rates : pandas.DataFrame
        As `govstats.measures.indicators` returns it.
    reports : pandas.DataFrame, optional
        `Panel.reports`, to tell which reports also count the agencies below.

    Returns
    -------
    pandas.DataFrame
        One row a rate and caveat: what the rate is of, ``indicator value denominator caveat zh en``. `caveat` is ``no_value``
        ``small`` ``contradicted`` ``repairs`` ``blanks`` ``left_out`` or ``summary``.

    Examples
    --------
    >>> from govstats import embedded
    >>> from govstats.measures import indicators
    >>> rates = indicators(embedded.report("平潭综合实验区", 2020), names="disclosure_rate")
    >>> caveats(rates)[["year", "caveat", "zh"]].values.tolist()
    [[2020, 'small', '不足 30 例'], [2020, 'contradicted', '报告自相矛盾']]
    """
    require_columns(rates, (*_OF_A_RATE, "denominator", "reports", "left_out"), "rates", "govstats.indicators(panel)")
    value, bounds = rates["value"], rates[["low_blanks", "high_blanks"]]
    groups = _group_columns(rates)
    several = rates["reports"] + rates["left_out"] > 1
    here = {
        "no_value": value.isna(),
        "small": rates["small"] & value.notna(),
        "contradicted": (rates["status"] == "contradicted") & value.notna(),
        "repairs": (rates["low_repairs"] < value) | (rates["high_repairs"] > value),
        "blanks": (bounds.notna().any(axis=1) & value.isna()) | (bounds.min(axis=1) < value) | (bounds.max(axis=1) > value),
        "left_out": several & (rates["left_out"] > 0),
        "summary": pd.Series(False, index=rates.index),
    }
    if reports is not None and {"agency", "year"} <= set(groups):
        require_columns(reports, ("agency", "year", "chosen", "summary"), "reports", "Panel.reports")
        summaries = reports[reports["chosen"].eq(True) & reports["summary"].eq(True)].set_index(["agency", "year"]).index
        here["summary"] = pd.Series(pd.MultiIndex.from_frame(rates[["agency", "year"]]).isin(summaries), index=rates.index)
    found = []
    for caveat, rows in here.items():
        one = rates.loc[rows.fillna(False).astype(bool), [*groups, "indicator", "value", "denominator", "status"]]
        said = [
            words(f"caveats.{caveat}", number=drawing.SMALL, reason=REASONS.get(status, ("", ""))) for status in one["status"]
        ]
        found.append(one.assign(caveat=caveat, zh=[zh for zh, _ in said], en=[en for _, en in said]))
    listed = pd.concat(found).sort_index(kind="stable").drop(columns="status").reset_index(drop=True)
    return listed.astype({"caveat": "str", "zh": "str", "en": "str"})


def _row_names(sheet: Sheet, rates: pd.DataFrame, groups: list[str]) -> list[str]:
    named = rates[groups].astype("str").fillna("？")
    if "level" in named:
        labels = {level: sheet.say((value.zh, value.en)) for level, value in values("level").items()}
        named["level"] = named["level"].map(labels).fillna(named["level"])
    return [" · ".join(names) for names in named.itertuples(index=False)]


def _in_order(rates: pd.DataFrame) -> list[str]:
    """Return the rows by the last year that has a value, and within that year by its value; those without one last."""
    known = rates[rates["value"].notna()].sort_values("panel", kind="stable").drop_duplicates("row", keep="last")
    ordered = known.sort_values(["panel", "value"], ascending=False, kind="stable")["row"]
    return list(dict.fromkeys([*ordered, *rates["row"]]))


def _limits(rates: pd.DataFrame, kind: str) -> tuple[float, float]:
    """Return one scale for all panels: from nought to one for shares, as far as the values go for others."""
    values = np.append(rates[["value", *_BOUNDS]].to_numpy(), 0.0)
    return float(np.nanmin(values)), 1.0 if kind == "share" else float(np.nanmax(values)) or 1.0


def claims_against_cells(reports: Iterable[Report]) -> pd.DataFrame:
    """Count how the figures that prose claims compare with the tables.

    Parameters
    ----------
    reports : iterable of Report

    Returns
    -------
    pandas.DataFrame
        One row a report: ``agency year claims agree differ open``. `claims` counts the figures with a cell of the tables or a sum
        of cells as their target (rules NT and NZ), `agree` those that the table confirms, `differ` those that it does not, `open`
        those that could not be compared, since the cell is blank, unreadable or lost.

    Examples
    --------
    >>> from govstats import embedded
    >>> claims_against_cells([embedded.report("平潭综合实验区", 2025)])[["claims", "agree", "differ", "open"]]
       claims  agree  differ  open
    0       5      5       0     0
    """
    rows = []
    for report in reports:
        findings = reconcile(report)
        status = findings.loc[findings["rule"].isin(["NT", "NZ"]), "status"]
        counts = [int((status == name).sum()) for name in ("pass", "fail", "not_assessable")]
        rows.append((report.agency, report.year, sum(counts), *counts))
    return typed_frame(rows, _CLAIM_TYPES)


def claims_by_report(counts: pd.DataFrame, *, language: Language = "both", width: Width = "page") -> Figure:
    """Draw how many claimed figures agree with the tables, report by report.

    Parameters
    ----------
    counts : pandas.DataFrame
        As `claims_against_cells` returns it.
    language, width
        As for all of `govstats.figures`.

    Returns
    -------
    matplotlib.figure.Figure
        A bar a report, in three parts that differ in colour and hatching, with their counts in the same order.

    Raises
    ------
    MissingExtra
        Matplotlib or the Chinese font is not installed.

    Examples
    --------
    >>> from govstats import embedded
    >>> claims_by_report(claims_against_cells([embedded.report("平潭综合实验区", 2025)]), language="en").alt
    'Of 5 figures in the prose 5 agree with the tables, 0 differ and 0 cannot be compared.'
    """
    sheet = Sheet("claims", language, width)
    require_columns(counts, _CLAIM_TYPES, "counts", "figures.claims_against_cells(reports)")
    shown = counts[counts["claims"] > 0]
    labels = [sheet.label((f"{row['agency']} {row['year']}",) * 2, 0.4 * sheet.wide) for row in shown.to_dict("records")]
    counts = shown[["agree", "differ", "open"]]
    about, source = f"{len(shown)} {sheet.say(sheet.words('reports'))}", drawing.annual_reports(shown["agency"], shown["year"])
    finding = sheet.words("finding", all=shown["claims"].sum(), **counts.sum())
    return _draw_parts(sheet, labels, counts, counts, about=about, finding=finding, source=source)


def rules_by_outcome(
    summary: pd.DataFrame, *, rules: RulesFile | None = None, language: Language = "both", width: Width = "page"
) -> Figure:
    """Draw how many reports pass each rule, fail it, or cannot be checked by it.

    Parameters
    ----------
    summary : pandas.DataFrame
        As `Panel.summary` returns it: these are the numbers behind it. Where it counts by level, year …, keep the rows of a few
        rules: ``summary[summary["rule"] == "T3B"]``.
    rules : path, optional
        The file of those of your own, whose titles are drawn too.
    language, width
        As for all of `govstats.figures`.

    Returns
    -------
    matplotlib.figure.Figure
        A bar a row of the frame, all of one length, in three parts that differ in colour and hatching, with the numbers of
        reports in the same order.

    Raises
    ------
    UnusableCells
        The frame has no rows, or more than sixty, which nobody could read.
    MissingExtra
        Matplotlib or the Chinese font is not installed.

    Examples
    --------
    >>> import pandas as pd
    >>> counts = {"reports": [4, 4], "pass": [3, 1], "fail": [1, 0], "not_assessable": [0, 3], "failure_rate": [0.25, 0.0]}
    >>> rules_by_outcome(pd.DataFrame({"rule": ["T3B", "T4S"], "severity": "E", **counts}), language="en").alt
    'Rules with most reports that fail: T3B 1 of 4.'
    """
    sheet = Sheet("rules", language, width)
    require_columns(summary, ("rule", "severity", "reports", "pass", "fail", "not_assessable"), "summary", "Panel.summary()")
    if not 0 < len(summary) <= _MOST_ROWS:
        raise UnusableCells.worded("too_many_rows_to_draw", rows=len(summary), most=_MOST_ROWS)
    # without its file a rule of the user's own is drawn by its id
    titles = known_rules(rules).set_index("id").reindex(summary["rule"].unique(), fill_value="")
    groups = [str(name) for name in summary.columns[2 : list(summary.columns).index("reports")]]
    names = _row_names(sheet, summary, groups) if groups else [""] * len(summary)
    labels = []
    for rule, name in zip(summary["rule"], names, strict=True):
        title = (titles["title_zh"][rule], titles["title_en"][rule]) if not groups else (name, name)
        labels.append(sheet.label((f"{rule} {title[0]}".rstrip(), f"{rule} {title[1]}".rstrip()), 0.45 * sheet.wide))
    named = [f"{rule} {name}".strip() for rule, name in zip(summary["rule"], names, strict=True)]
    failing = summary.assign(named=named).query("fail > 0").sort_values("fail", ascending=False, kind="stable").head(3)
    told = [sheet.words("of", rule=one["named"], fail=one["fail"], reports=one["reports"]) for one in failing.to_dict("records")]
    finding = sheet.words("finding" if told else "finding_of_none", most=drawing.listed(told))
    counts = summary[["pass", "fail", "not_assessable"]].astype(int)
    return _draw_parts(sheet, labels, counts, counts.div(counts.sum(axis=1), axis=0), about="", finding=finding)


def _draw_parts(
    sheet: Sheet, labels: list[str], counts: pd.DataFrame, lengths: pd.DataFrame, *, about: str, **said: Words
) -> Figure:
    """Draw a bar a row, in three parts; the counts stand beside the bars, since a part may be narrower than its count."""
    key = [(look, sheet.words(str(name))) for look, name in zip(_OUTCOMES.values(), counts, strict=True)]
    bars, numbers = sheet.axes(1, 2, tall=sheet.pitch(labels) * len(labels), width_ratios=[0.55, 0.45], sharey=True)[0]
    sheet.bars(bars, labels, lengths.sum(axis=1).max() if len(lengths) else 1)
    numbers.set_xlim(-0.5, 2.5)
    sheet.heads(numbers, range(len(key)), [said for _, said in key], 0.11 * sheet.wide)
    start = lengths.cumsum(axis=1) - lengths
    for at, (name, (look, _)) in enumerate(zip(counts, key, strict=True)):
        for row, (count, length, begin) in enumerate(zip(counts[name], lengths[name], start[name], strict=True)):
            drawing.write(numbers, at, row, str(count), (0, 0), size=sheet.label_size, ha="center")
            if count:
                bars.barh(row, length, left=begin, height=0.55, clip_on=False, **look)
    return sheet.close(about, notes=[sheet.words("each"), sheet.words("unit")], key=key, **said)
