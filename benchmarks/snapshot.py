"""What does reading give today, cell by cell, and what did a change make of it?

    python benchmarks/snapshot.py write BEFORE.parquet
    python benchmarks/snapshot.py compare BEFORE.parquet AFTER.parquet

Reads the embedded corpus, the documents of ../shared where they are, and the layouts of the tests: every setting and every
distortion by itself, and a part of their product, with every profile and two seeds. A change may turn unread into right, and
never anything into wrong; every other difference is there to be looked at.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import warnings
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from tqdm import tqdm

import govstats

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
sys.path.insert(0, str(ROOT))

from tests.layouts import DISTORTIONS, PROFILES, SETTINGS, copy  # noqa: E402
from tests.test_layouts import typeset  # noqa: E402

SEEDS = (1, 2)
CHUNK = 40


class Source(NamedTuple):
    """A document by its path, or by setting, distortion, profile and seed."""

    path: str = ""
    layout: tuple[str, str, str, int] = ("", "", "", 0)

    def __str__(self) -> str:
        return self.path or " / ".join(map(str, self.layout))


def sources(part: int) -> Iterator[Source]:
    """Yield every document, of the product of settings and distortions one in so many."""
    folders = [ROOT / "data" / "documents", SHARED / "cases", SHARED / "samples", *sorted((SHARED / "reports").glob("*/"))]
    for folder in folders:
        for path in sorted(folder.glob("*")) if folder.is_dir() else ():
            if path.suffix not in {".csv", ".json"}:
                yield Source(str(path.relative_to(ROOT.parent)))
    pairs = [(setting, "") for setting in SETTINGS] + [("html", distortion) for distortion in DISTORTIONS]
    yield from (Source("", (*pair, profile, seed)) for pair in pairs for profile in PROFILES for seed in SEEDS)
    product = ((s, d, p, seed) for s in SETTINGS if s != "html" for d in DISTORTIONS for p in PROFILES for seed in SEEDS)
    yield from (Source("", layout) for number, layout in enumerate(product) if number % part == 0)


def read(page: Path | bytes) -> dict[str, tuple[str, float | None]]:
    """Return status and value of each cell; nothing where the document is refused."""
    try:
        cells = govstats.read(page).read_cells
    except govstats.GovstatsError:
        return {}
    return {"/".join(cell.key): (cell.status, cell.value) for cell in cells}


def shown_in(path: Path) -> dict[str, float | None]:
    """Return what a document of ../shared is known to show; nothing where nobody wrote it down."""
    from govstats.characters import figure

    known: dict[str, str] = {}
    if path.with_suffix(".json").exists() and path.parent.name == "cases":
        known = json.loads(path.with_suffix(".json").read_text("utf-8")).get("cells", {})
    elif (path.parent / "cells.csv").exists():
        with (path.parent / "cells.csv").open(encoding="utf-8") as file:
            known = {f"{row['table']}/{row['line']}/{row['column']}": row["printed"].rstrip("?") for row in csv.DictReader(file)}
    shown = {}
    for cell, printed in known.items():
        value, unit = figure(printed)[1:3]
        shown[cell] = value / 1e4 if value is not None and cell.endswith("/amount") and unit else value
    return shown


def rows_of(some: list[Source]) -> list[tuple[str, str, str, float | None, str]]:
    """Return for each cell of some documents its status and value, and whether that is right."""
    warnings.simplefilter("ignore")
    rows = []
    for source in some:
        if source.path:
            path = ROOT.parent / source.path
            cells, shown = read(path), shown_in(path)
        else:
            setting, distortion, profile, seed = source.layout
            report = copy(profile, ("2021", "2019")[sum(map(ord, setting + distortion + profile)) % 2], seed)
            try:
                page = typeset(report, setting, distortion)
            except LookupError:  # the setting has no place for what the distortion left
                continue
            cells = read(page)
            keys = {"/".join(key): key for key in report.printed}
            keys |= {cell: (table, line, column) for cell in cells for table, line, column in [cell.split("/")]}
            shown = {cell: report.value(key) for cell, key in keys.items()}
        for cell in {*cells, *shown}:
            status, value = cells.get(cell, ("missing", None))
            read_as = ""
            if value is not None and shown:
                known = shown.get(cell)
                right = known is not None and abs(value - known) < 1e-6
                read_as = "right" if right else "WRONG" if cell in shown or not source.path else ""
            elif shown.get(cell) is not None:
                read_as = "unread"
            rows.append((str(source), cell, status, value, read_as))
    return rows


def write(file: Path, part: int, processes: int) -> None:
    """Read every document and keep what was read."""
    everything = list(sources(part))
    chunks = [everything[start : start + CHUNK] for start in range(0, len(everything), CHUNK)]
    rows = []
    with ProcessPoolExecutor(processes) as pool:
        for some in tqdm(pool.map(rows_of, chunks), "documents", total=len(chunks), unit="chunk", disable=None):
            rows += some
    frame = pd.DataFrame(rows, columns=["document", "cell", "status", "value", "read_as"])
    frame.sort_values(["document", "cell"]).to_parquet(file, index=False)
    print(f"{frame['document'].nunique():,} documents; cells by what was read: {frame['read_as'].value_counts().to_dict()}")


def compare(before: Path, after: Path, most: int) -> int:
    """Print every kind of difference, and say 1 where a cell became wrong that was not."""
    frames = [pd.read_parquet(before), pd.read_parquet(after)]
    common = set(frames[0]["document"]) & set(frames[1]["document"])
    frames = [frame[frame["document"].isin(common)] for frame in frames]
    both = frames[0].merge(frames[1], "outer", on=["document", "cell"], suffixes=("_before", "_after"))
    text = ["status_before", "read_as_before", "status_after", "read_as_after"]
    both[text] = both[text].fillna("missing")
    same_value = (both["value_before"] == both["value_after"]) | (both["value_before"].isna() & both["value_after"].isna())
    differ = both[~(same_value & (both["status_before"] == both["status_after"]))]
    kinds = differ.assign(
        kind=[
            f"{a or b} → {c or d}"
            for a, b, c, d in zip(
                differ["read_as_before"], differ["status_before"], differ["read_as_after"], differ["status_after"], strict=True
            )
        ]
    )
    for kind, rows in sorted(kinds.groupby("kind"), key=lambda item: -len(item[1])):
        documents = rows["document"].value_counts()
        print(f"\n{kind}: {len(rows):,} cells in {len(documents):,} documents")
        for document, count in documents.head(most).items():
            first = rows[rows["document"] == document].iloc[0]
            print(f"  {count:4} {document}: {first['cell']} {first['value_before']} → {first['value_after']}")
    wrong = (both["read_as_after"] == "WRONG") & (both["read_as_before"] != "WRONG")
    right = [int((both[column] == "right").sum()) for column in ("read_as_before", "read_as_after")]
    print(f"\n{len(common):,} documents: right {right[0]:,} → {right[1]:,}; newly wrong {int(wrong.sum())}")
    return int(wrong.any())


def main() -> int:
    """Run one of the two verbs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    writing = verbs.add_parser("write", help="read every document")
    writing.add_argument("file", type=Path)
    writing.add_argument("--part", type=int, default=25, help="read one in so many of the product of settings and distortions")
    writing.add_argument("--processes", type=int, default=2)
    comparing = verbs.add_parser("compare", help="say what a change made of it")
    comparing.add_argument("before", type=Path)
    comparing.add_argument("after", type=Path)
    comparing.add_argument("--most", type=int, default=6, help="documents to name of each kind")
    arguments = parser.parse_args()
    if arguments.verb == "compare":
        return compare(arguments.before, arguments.after, arguments.most)
    write(arguments.file, arguments.part, arguments.processes)
    return 0


if __name__ == "__main__":
    sys.exit(main())
