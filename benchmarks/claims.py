"""How much of what the prose claims is read, and how much of what is read is claimed?

    python benchmarks/claims.py [--shared FOLDER] [--verbose]

The truth is ``data/claims.csv``, transcribed from the documents by reading. A claim counts once for each target and value of
a document; comparisons with other years are left out. It needs the folder with the documents (``narratives`` and
``reports``), beside the checkout by default.
"""

from __future__ import annotations

import argparse
import csv
import json
import statistics
import time
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

import govstats
from govstats import embedded

Figures = set[tuple[str, float]]
_COMPARED = {"growth", "change"}


class Score(NamedTuple):
    """What was found, missed and wrongly found in one document."""

    document: str
    found: Figures
    missed: Figures
    wrong: Figures
    seconds: float


def truth() -> dict[str, list[dict[str, str]]]:
    """Return the transcribed claims of each document."""
    rows: dict[str, list[dict[str, str]]] = defaultdict(list)
    with (embedded.folder() / "claims.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            rows[row["document"]].append(row)
    return rows


def score(shared: Path) -> list[Score]:
    """Read every document, and compare."""
    scores = []
    for document, rows in truth().items():
        agency, year = rows[0]["agency"], int(rows[0]["year"])
        if document.startswith("reports/"):
            about = json.loads((shared / document / "about.json").read_text("utf-8"))
            year = about["year"][0] if isinstance(about["year"], list) else about["year"]
        path = next(iter(sorted((shared / document).glob("report.*"))), shared / f"{document}.txt")
        started = time.perf_counter()
        report = govstats.read(path.read_bytes(), agency=agency, year=year)
        said = {(one.target, one.value) for one in report.read_claims if one.target and one.qualifier not in _COMPARED}
        seconds = time.perf_counter() - started
        right = {(row["target"], float(row["value"])) for row in rows if row["target"] and row["qualifier"] not in _COMPARED}
        scores.append(Score(document, said & right, right - said, said - right, seconds))
    return scores


def totals(scores: list[Score]) -> tuple[int, int, int]:
    """Return how many claims were found, missed and wrong in all documents."""
    return sum(len(one.found) for one in scores), sum(len(one.missed) for one in scores), sum(len(one.wrong) for one in scores)


def main() -> None:
    """Print recall and precision."""
    parser = argparse.ArgumentParser(description="Compare what is read in prose with what was transcribed from it.")
    parser.add_argument("--shared", type=Path, default=Path(__file__).resolve().parents[2] / "shared")
    parser.add_argument("--verbose", action="store_true", help="also what was missed and what was wrong, by document")
    options = parser.parse_args()
    scores = score(options.shared)
    for one in scores if options.verbose else ():
        if one.missed or one.wrong:
            print(f"{one.document:28s} missed {sorted(one.missed)} wrong {sorted(one.wrong)}")
    found, missed, wrong = totals(scores)
    print(
        f"{len(scores)} documents: {found} found, {missed} missed, {wrong} wrong: recall {found / (found + missed):.3f}, "
        f"precision {found / max(found + wrong, 1):.3f}; median {1000 * statistics.median(one.seconds for one in scores):.1f} ms"
    )


if __name__ == "__main__":
    main()
