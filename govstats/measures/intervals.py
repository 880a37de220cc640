"""Intervals of rates: of one agency by chance, of many agencies by how they differ."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from govstats.errors import require_columns
from govstats.reconciliation.findings import Floats


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
    return _score_interval(np.where(possible, k, np.nan), np.where(possible, n, np.nan), stats.norm.ppf(_upper(confidence)))


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
    factor = stats.t.ppf(_upper(confidence), freedom.clip(lower=0.1))
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
