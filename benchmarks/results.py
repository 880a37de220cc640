"""What do the rules, repairs, completions and rates say today, row by row, and what did a change make of it?

    python benchmarks/results.py write BEFORE.parquet [--sentences]
    python benchmarks/results.py compare BEFORE.parquet AFTER.parquet

Takes the embedded corpus as a panel and document by document, the documents of ../shared/reports where they are, and 500
simulated reports, in runs of years whose carry-overs agree, with planted errors and blanks. Sentences are left out, unless they
are asked for. Reading is not measured here but by snapshot.py.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections import Counter
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tqdm import tqdm

import govstats
from govstats import embedded
from govstats.measures import indicators, series
from govstats.simulate import plant, simulate

REPORTS = Path(__file__).resolve().parent.parent.parent / "shared" / "reports"
#: Reports of each form, and how many consecutive years an agency has.
SIMULATED = {"2008": 60, "2019": 140, "2021": 300}
YEARS = 4
KINDS = ("mistyped", "transposed", "swapped", "not_updated", "dropped", "row_shifted", "doubled", "column_shifted", "sign")
MOST_BLANKS = 4
TABLES = ("statistics", "requests", "review")
KEY = ["document", "result"]


def simulated(version: str, reports: int) -> pd.DataFrame:
    """Return reports in runs of years; every fourth is right, the others have one to three errors and up to four blanks."""
    cells = simulate(version, reports, seed=1)
    number = cells.groupby("agency", sort=False).ngroup()
    cells["agency"] = "模拟" + (number // YEARS).astype("str")
    cells["year"] = (2000 + number % YEARS).astype("Int64")
    chain(cells)
    generator = np.random.default_rng(2)
    parts = []
    for report, part in cells.groupby(number):
        errors = [KINDS[(report + place) % len(KINDS)] for place in range(report % 4)]
        planted = plant(part.reset_index(drop=True), errors, tables=TABLES, seed=report).cells
        blank = generator.choice(planted.index, report % (MOST_BLANKS + 1), replace=False)
        planted.loc[blank, ["value", "printed", "status"]] = (pd.NA, "", "blank")
        parts.append(planted)
    return pd.concat(parts, ignore_index=True)


def chain(cells: pd.DataFrame) -> None:
    """Let every year carry in what the year before carries out."""
    flow = cells[cells["line"].isin(["new", "carried_in", "processed_total", "carried_out"])]
    for _, places in flow.groupby(["agency", "column"]):
        at = {(year, line): index for index, year, line in zip(places.index, places["year"], places["line"], strict=True)}
        for year in sorted(places["year"].unique())[1:]:
            value = {line: cells.loc[at[year, line], "value"] for line in ("processed_total", "carried_out")}
            carried_in = cells.loc[at[year - 1, "carried_out"], "value"]
            carried_out = max(value["carried_out"], carried_in - value["processed_total"])
            new = value["processed_total"] + carried_out - carried_in
            for line, figure in (("carried_in", carried_in), ("carried_out", carried_out), ("new", new)):
                cells.loc[at[year, line], ["value", "printed"]] = (figure, f"{figure:g}")


def results() -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Yield what is known of each source: its name, the name of the result, and the frame."""
    panel = govstats.read_corpus(embedded.folder())
    sources: dict[str, Any] = {f"simulated {version}": simulated(version, count) for version, count in SIMULATED.items()}
    sources["corpus"] = panel
    paths = sorted((embedded.folder() / "documents").iterdir()) + sorted(REPORTS.glob("*/report.*"))
    for path in tqdm(paths, "documents", disable=None):
        try:
            sources[path.name if path.parent.name == "documents" else path.parent.name + path.suffix] = govstats.read(path)
        except govstats.GovstatsError as error:
            print(f"{path}: {type(error).__name__}")
    for name, source in tqdm(sources.items(), "results", disable=None):
        claims = None if isinstance(source, pd.DataFrame) else source.claims
        yield name, "findings", govstats.reconcile(source)
        found = govstats.repairs(source, seconds=60.0)
        yield name, "repairs", found
        yield name, "completions", govstats.completions(source)
        if claims is not None:
            yield name, "completions with claims", govstats.completions(source, claims=claims)
        yield name, "indicators", indicators(source, repairs=found, findings=True)
        yield name, "series", series(source)
    reports = {name: source for name, source in sources.items() if isinstance(source, govstats.Report)}
    for first, second in combinations(reports, 2):
        if Path(first).stem == Path(second).stem:
            try:
                formats = govstats.compare_formats(reports[first], reports[second])
            except govstats.DifferentReports:
                continue
            yield f"{first} and {second}", "formats", formats.cells
            yield f"{first} and {second}", "findings", formats.findings


def write(file: Path, *, sentences: bool) -> None:
    """Work everything out, and keep each row as one text."""
    warnings.simplefilter("ignore")
    parts = []
    for name, result, frame in results():
        kept = frame if sentences else frame.drop(columns=[column for column in frame if str(column).startswith("message")])
        rows = kept.to_json(orient="records", lines=True, force_ascii=False, double_precision=9).splitlines()
        parts.append(pd.DataFrame({"document": name, "result": result, "row": rows}))
    written = pd.concat(parts, ignore_index=True)
    written.to_parquet(file)
    print(written["result"].value_counts().to_string())


def compare(before: Path, after: Path, most: int) -> int:
    """Print what is only in one of two files, and where only the order differs; say 1 if anything does."""
    sides = [pd.read_parquet(file).groupby(KEY, sort=False)["row"].agg(list) for file in (before, after)]
    differing = 0
    for key in sorted({*sides[0].index, *sides[1].index}):
        was, now = (side.get(key, []) for side in sides)
        if was == now:
            continue
        differing += 1
        gone, come = Counter(was) - Counter(now), Counter(now) - Counter(was)
        print(
            f"\n{' / '.join(key)}: {gone.total()} rows gone, {come.total()} come" + ("" if gone or come else ", in another order")
        )
        for sign, rows in (("-", gone), ("+", come)):
            for row in list(rows)[:most]:
                print(f"  {sign} {row}")
    print(f"{len(sides[0])} results, {sum(map(len, sides[0])):,} rows; {differing} results differ")
    return int(differing > 0)


def main() -> int:
    """Run one of the two verbs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    writing = verbs.add_parser("write", help="work everything out")
    writing.add_argument("file", type=Path)
    writing.add_argument("--sentences", action="store_true", help="keep the messages too")
    comparing = verbs.add_parser("compare", help="say what a change made of it")
    comparing.add_argument("before", type=Path)
    comparing.add_argument("after", type=Path)
    comparing.add_argument("--most", type=int, default=5, help="rows to print of each difference")
    arguments = parser.parse_args()
    if arguments.verb == "compare":
        return compare(arguments.before, arguments.after, arguments.most)
    write(arguments.file, sentences=arguments.sentences)
    return 0


if __name__ == "__main__":
    sys.exit(main())
