"""How long does reading a report take, beside the tools that only parse its pages?

    python benchmarks/reading.py [FILE ...] [--rounds N]

The rivals take turns on the same bytes, so that a slow moment of the machine hits all of them; medians are compared. On PDF
documents they get only the pages that hold the tables, while govstats reads the whole document.

Then web pages against ``lxml.html.fromstring``, which parses a page and reads nothing in it: the tables, and what the prose
claims beside. The prose of a page is another in every round, as in a corpus, where labels come again and sentences do not.
"""

from __future__ import annotations

import argparse
import io
import re
import statistics
import time
import warnings
from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise
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


def in_utf8(page: bytes) -> str:
    """Return a page that declares UTF-8: lxml stops where a page that declares gb2312 holds another character."""
    try:
        text = page.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = page.decode("gb18030")
    return re.sub(r"""(charset=["']?)[\w-]+""", r"\1utf-8", text)


def against_parsing(paths: Iterable[Path], rounds: int) -> None:
    """Print for each web page the quickest of some rounds, in milliseconds, and the ratio to parsing it."""
    print(f"\n{f'web pages, quickest of {rounds} rounds, ms':44s}     parsed   tables  ratio    prose  ratio of both")
    totals = [0.0, 0.0, 0.0]
    for path in paths:
        seconds: list[list[float]] = [[], [], []]
        text = in_utf8(path.read_bytes())
        for number in range(rounds):
            page = text.replace("。", f"（{number}）。").encode()
            marks = [time.perf_counter()]
            lxml.html.fromstring(page)
            marks.append(time.perf_counter())
            report = govstats.read(page)
            marks.append(time.perf_counter())
            len(report.read_claims)
            marks.append(time.perf_counter())
            for spent, (begun, ended) in zip(seconds, pairwise(marks), strict=True):
                spent.append(ended - begun)
        parsed, tables, prose = (1000 * min(spent) for spent in seconds)
        totals = [total + one for total, one in zip(totals, (parsed, tables, prose), strict=True)]
        print_ratios(f"{path.parent.name}/{path.name}", parsed, tables, prose)
    print_ratios("all", *totals)


def print_ratios(name: str, parsed: float, tables: float, prose: float) -> None:
    """Print a row of the table."""
    print(f"{name:44s}{parsed:11.2f}{tables:9.2f}{tables / parsed:7.1f}{prose:9.2f}{(tables + prose) / parsed:15.1f}")


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
    if not options.file:
        real = sorted((SHARED / "reports").glob("*/*.html"))
        against_parsing([*sorted((ROOT / "data" / "documents").glob("*.html")), *real], options.rounds)


if __name__ == "__main__":
    main()
