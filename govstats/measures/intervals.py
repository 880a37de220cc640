"""Intervals of shares."""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

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
    if not 0 < confidence < 1:
        raise ValueError(
            f"confidence is {confidence!r}; it must be between 0 and 1, such as 0.95 置信水平应在 0 与 1 之间，如 0.95"
        )
    k, n = np.asarray(successes, dtype=float), np.asarray(trials, dtype=float)
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    possible: Any = (n > 0) & (k >= 0) & (k <= n)
    n = np.where(possible, n, np.nan)
    k = np.where(possible, k, np.nan)
    middle = (k + z * z / 2) / (n + z * z)
    half = z / (n + z * z) * np.sqrt(k * (n - k) / n + z * z / 4)
    # the ends are exact where all or nothing succeeded, and rounding must not move them
    return np.where(k == 0, 0.0, middle - half), np.where(k == n, 1.0, middle + half)
