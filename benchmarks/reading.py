"""How long does reading a report take, beside the tools that only parse its page?

    python benchmarks/reading.py [FILE] [--rounds N]

The rivals take turns on the same bytes, so that a slow moment of the machine hits all of them; medians are compared.
"""

from __future__ import annotations

import argparse
import io
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import lxml.html
import pandas as pd

import govstats

ROOT = Path(__file__).parent.parent
REAL = ROOT.parent / "shared" / "reports" / "pingtan-2025" / "report.html"
TYPESET = ROOT / "data" / "documents" / "pingtan-2025.html"


def measure(rivals: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Return the median seconds of each rival."""
    seconds: dict[str, list[float]] = {name: [] for name in rivals}
    for job in rivals.values():
        job()  # whatever is loaded once is loaded now
    for _ in range(rounds):
        for name, job in rivals.items():
            started = time.perf_counter()
            job()
            seconds[name].append(time.perf_counter() - started)
    return {name: statistics.median(values) for name, values in seconds.items()}


def main() -> None:
    """Measure, and print the medians and their ratios."""
    parser = argparse.ArgumentParser(description="Time govstats.read against pandas.read_html and lxml.html.")
    parser.add_argument("file", metavar="FILE", type=Path, nargs="?", default=REAL if REAL.exists() else TYPESET)
    parser.add_argument("--rounds", type=int, default=30)
    options = parser.parse_args()
    page = options.file.read_bytes()
    medians = measure(
        {
            "govstats.read": lambda: govstats.read(page),
            "govstats.read(...).cells": lambda: govstats.read(page).cells,
            "pandas.read_html": lambda: pd.read_html(io.BytesIO(page)),  # type: ignore[arg-type]
            "lxml.html.fromstring": lambda: lxml.html.fromstring(page),
        },
        options.rounds,
    )
    print(f"{options.file.parent.name}/{options.file.name}, {len(page):,} bytes, median of {options.rounds} rounds")
    for name, seconds in medians.items():
        ratios = "  ".join(f"{medians[ours] / seconds:5.2f} × for {ours}" for ours in medians if ours.startswith("govstats"))
        print(f"{name:26s}{1000 * seconds:8.2f} ms   {ratios}")


if __name__ == "__main__":
    main()
