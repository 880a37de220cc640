"""How long does reading a report take, beside the tools that only parse its pages?

    python benchmarks/reading.py [FILE ...] [--rounds N]

The rivals take turns on the same bytes, so that a slow moment of the machine hits all of them; medians are compared. On PDF
documents they get only the pages that hold the tables, while govstats reads the whole document.
"""

from __future__ import annotations

import argparse
import io
import statistics
import time
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path

import lxml.html
import pandas as pd
import pdfplumber
from camelot.io import read_pdf

import govstats

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared"
REAL = [SHARED / "reports" / "pingtan-2025" / "report.html", SHARED / "reports" / "hongze-2023" / "report.pdf"]
TYPESET = [ROOT / "data" / "documents" / "pingtan-2025.html", ROOT / "data" / "documents" / "hongze-2023.pdf"]


def measure(rivals: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
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


def for_html(page: bytes) -> dict[str, Callable[[], object]]:
    """Return what else reads a page of HTML."""
    return {
        "pandas.read_html": lambda: pd.read_html(io.BytesIO(page)),  # type: ignore[arg-type]
        "lxml.html.fromstring": lambda: lxml.html.fromstring(page),
    }


def for_pdf(document: bytes, pages: list[int]) -> dict[str, Callable[[], object]]:
    """Return what else finds tables on some pages of a PDF document."""

    def plumbed() -> list[object]:
        with pdfplumber.open(io.BytesIO(document), pages=pages) as pdf:
            return [page.extract_tables() for page in pdf.pages]

    return {
        "camelot, lattice, vector": lambda: read_pdf(io.BytesIO(document), ",".join(map(str, pages)), engine="vector"),
        "pdfplumber": plumbed,
    }


def main() -> None:
    """Measure, and print the medians and their ratios."""
    parser = argparse.ArgumentParser(description="Time govstats.read against the tools that only parse a page.")
    parser.add_argument("file", metavar="FILE", type=Path, nargs="*")
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    for path in options.file or [real if real.exists() else own for real, own in zip(REAL, TYPESET, strict=True)]:
        content = path.read_bytes()
        report = govstats.read(content)
        pages = sorted({cell.page for cell in report.read_cells if cell.page is not None})
        ours = {
            "govstats.read": lambda content=content: govstats.read(content),
            "govstats.read(...).cells": lambda content=content: govstats.read(content).cells,
        }
        medians = measure({**ours, **(for_pdf(content, pages) if pages else for_html(content))}, options.rounds)
        on = f", tables on pages {pages[0]} to {pages[-1]}" if pages else ""
        print(f"{path.parent.name}/{path.name}, {len(content):,} bytes{on}, median of {options.rounds} rounds")
        for name, seconds in medians.items():
            page = f"{seconds / len(pages):6.3f} s a page with tables" if pages else ""
            ratios = "  ".join(f"{medians[one] / seconds:5.2f} × for {one}" for one in ours)
            print(f"{name:26s}{1000 * seconds:8.2f} ms {page}   {ratios}")


if __name__ == "__main__":
    main()
