"""How often does a 95 % interval of a pooled rate hold the true rate?

    python benchmarks/coverage.py [--samples N]

Every agency has its own rate, drawn from a beta distribution, and its requests are granted at that rate (beta-binomial). Sizes of
agencies are equal, or lognormal with the spread named. The interval over agencies stands beside Wilson's of all requests.
"""

from __future__ import annotations

import argparse
from itertools import product

import numpy as np
import pandas as pd

from govstats.measures.rates import across_agencies, wilson

CORRELATIONS = (0, 0.02, 0.1, 0.3)
#: The middle number of requests of an agency.
MEDIAN = 60


def covered(agencies: int, correlation: float, *, rate: float, spread: float, samples: int) -> tuple[float, float]:
    """Return the coverage of the interval over agencies and of Wilson's; `correlation` is that of requests of one agency."""
    generator = np.random.default_rng(1)
    shape = samples, agencies
    sizes = np.maximum(1, np.rint(generator.lognormal(np.log(MEDIAN), spread, shape))).astype(int)
    rates = np.full(shape, rate)
    if correlation:
        precision = 1 / correlation - 1
        rates = generator.beta(rate * precision, (1 - rate) * precision, shape)
    granted = generator.binomial(sizes, rates)
    group = np.repeat(np.arange(samples), agencies)
    drawn = pd.DataFrame({"group": group, "numerator": granted.ravel(), "denominator": sizes.ravel()})
    found = across_agencies(drawn)
    low, high = wilson(granted.sum(axis=1), sizes.sum(axis=1))
    return float(found["low"].le(rate).mul(found["high"].ge(rate)).mean()), float(((low <= rate) & (rate <= high)).mean())


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=4000)
    samples = parser.parse_args().samples
    print("| agencies | rate | spread of sizes |" + "".join(f" correlation {one} |" for one in CORRELATIONS))
    print("|---" * (3 + len(CORRELATIONS)) + "|")
    for agencies, rate, spread in product((10, 60), (0.5, 0.1), (0.0, 1.0, 1.5)):
        both = [covered(agencies, one, rate=rate, spread=spread, samples=samples) for one in CORRELATIONS]
        shown = " | ".join(f"{pooled:.3f} ({of_requests:.3f})" for pooled, of_requests in both)
        print(f"| {agencies} | {rate} | {spread} | {shown} |")


if __name__ == "__main__":
    main()
