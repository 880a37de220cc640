"""Reports that should be there and are not: how many, and between which bounds rates lie whatever they would say."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from govstats.errors import UnusableCells, UnusableRegister
from govstats.files import Written
from govstats.measures.formulas import chosen
from govstats.measures.rates import definitions, indicators
from govstats.panel.register import EXPECTED_TYPES, expected_reports
from govstats.report import column_types

if TYPE_CHECKING:
    from govstats.panel import Panel

#: Between these quantiles of the rates at hand those of the missing lie, if they are like the others.
_ALIKE = (0.1, 0.9)
_TYPES = column_types(
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
    rates = rates[[*("agency", "year", "indicator", "status", "value", "numerator", "denominator")]]
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
    keys = [reports[name] for name in groups]

    def of_groups(values: pd.Series[Any]) -> Any:
        return values.groupby(keys, dropna=False)

    there = known & reports["status"].notna()
    counts = {"expected": known, "reports": there, "counted": counted, "unexpected": ~known}
    frame = pd.DataFrame({name: of_groups(counts[name]).sum() for name in counts})
    missing = frame["expected"] - frame["counted"]
    granted, cases = of_groups(over).sum(), of_groups(under).sum()
    ends = [of_groups(rate).quantile(quantile) for quantile in _ALIKE]
    for size, how, worst in ((of_groups(under).mean(), "alike", ends), (of_groups(under).max(), "worst", (0.0, 1.0))):
        lost = (missing * size).where(missing > 0, 0.0)
        for side, share in zip(("low", "high"), worst, strict=True):
            more = (lost * share).where(missing > 0, 0.0)
            frame[f"{side}_{how}"] = ((granted + more) / (cases + lost)).where(cases > 0)
    rates, some = of_groups(rate).sum(), of_groups(rate).count()
    several = (some + missing).where(some + missing > 0)
    frame = frame.assign(
        value=granted / cases.where(cases > 0),
        response_rate=frame["reports"] / frame["expected"].where(frame["expected"] > 0),
        agency_mean=of_groups(rate).mean(),
        mean_low=rates / several,
        mean_high=(rates + missing) / several,
    )
    return frame.reset_index()[[*groups, *_TYPES]].astype(_TYPES)
