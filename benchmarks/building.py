"""How fast does a panel grow, on one process, on two and on a cluster of two, and in how much memory?

    python benchmarks/building.py [--reports N ...] [--compact] [--folder FOLDER] [--only NAME ...]

Web pages are typeset from simulated reports, wrapped as a content management system wraps what came out of Word (``--compact``
leaves the wrapping away); every build runs in a process of its own, its memory is the peak of that process and its children.
The floor is `lxml.html.fromstring` on the same pages, before and after each build, in as many processes at once as the build has:
two that share nothing but a machine slow each other down too, at times by a third. The last lines add one report to a panel
that is built, kill a build at a random moment and let it go on, and compare the two panels.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from importlib import util
from pathlib import Path
from types import ModuleType
from typing import Any

import lxml.html
import pandas as pd
import psutil
from tqdm import tqdm

from govstats.agencies.divisions import divisions
from govstats.simulate import simulate

ROOT = Path(__file__).parent.parent
#: What stands around every figure on a page that came out of Word.
WRAPPED = (
    r'<td\1 width="{width}" valign="middle" style="border: 1px solid windowtext; padding: 0px 7px; word-break: break-all;">'
    '<p style="text-align: center; line-height: 150%; margin: 0cm 0cm 0pt;"><span style="font-family: 宋体; font-size: 12pt;">'
    '<span lang="EN-US">'
)
_CELL = re.compile(r'<td((?: (?:row|col)span="\d+")*) style="text-align: center"><p>')
ORGANS = (
    "人民政府",
    *(f"{kind}局" for kind in "教育 财政 民政 司法 审计 水利 商务 公安 交通运输 农业农村 应急管理 医疗保障".split()),
)
WAYS = {"1 process": {"processes": 1}, "2 processes": {"processes": 2}, "LocalCluster of 2": {"cluster": 2}}
FRAMES = ("reports", "cells", "claims", "notes", "findings", "vintages")


def typeset() -> ModuleType:
    """Return the module that sets the documents of the embedded corpus."""
    spec = util.spec_from_file_location("typeset", ROOT / "data" / "typeset.py")
    assert spec is not None
    assert spec.loader is not None
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def pages(reports: int, seed: int, *, compact: bool) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the content of each page."""
    setting = typeset()
    cells = simulate("2021", reports, seed=seed)
    agencies = [county.path for county in divisions() if county.level == "county" and county.until == 9999]
    for number, (_, rows) in enumerate(cells.groupby("agency", sort=False)):
        agency = agencies[number % len(agencies)] + ORGANS[number // len(agencies)]
        figures = dict(zip(zip(rows["table"], rows["line"], rows["column"], strict=True), rows["printed"], strict=True))
        about = {
            "slug": f"{number:05d}",
            "agency": agency,
            "year": "2023",
            "form": "2021",
            "title": f"{agency}2023年政府信息公开工作年度报告",
            "publication_date": "2024-01-20",
        }
        page = setting.plain_html(setting.article(about, figures))
        if not compact:
            page = _CELL.sub(WRAPPED.format(width=47 + number % 9), page).replace("</p></td>", "</span></span></p></td>")
        yield f"{number // 1000:03d}/{number:05d}.html", page.encode()


def write(folder: Path, reports: int, *, compact: bool) -> None:
    """Write the pages into a folder, unless they are there."""
    done = folder / "done.json"
    wanted = json.dumps([reports, compact])
    if done.is_file() and done.read_text() == wanted:
        return
    for name, page in tqdm(pages(reports, 1, compact=compact), total=reports, desc="typesetting", disable=None):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(page)
    done.write_text(wanted)


def parsing_alone(folder: Path, processes: int, sample: int = 5_000) -> float:
    """Return the seconds that the floor takes for a page in each process: each page once, for long enough to meet all moods."""
    paths = sorted(folder.rglob("*.html"))
    paths = paths[:: max(1, len(paths) // sample)]
    with ProcessPoolExecutor(processes) as pool:
        return statistics.fmean(pool.map(_parsing, [paths[at::processes] for at in range(processes)]))


def _parsing(paths: Sequence[Path]) -> float:
    seconds = []
    for path in paths:
        content = path.read_bytes()
        started = time.perf_counter()
        lxml.html.fromstring(content)
        seconds.append(time.perf_counter() - started)
    return statistics.fmean(seconds)


def started(folder: Path, output: Path, way: Mapping[str, Any]) -> subprocess.Popen[bytes]:
    """Start a build in a process of its own, which imports nothing else unless it makes a cluster."""
    if "cluster" in way:
        call = [__file__, "--build", json.dumps([str(folder), str(output), way])]
    else:
        call = ["-c", f"import govstats; govstats.read_corpus({str(folder)!r}, output={str(output)!r}, **{way!r})"]
    return subprocess.Popen([sys.executable, *call], env=compiled(output))


def compiled(output: Path) -> dict[str, str]:
    """Return an environment where modules are compiled once, as those of a package that is installed, whatever is set here."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"PYTHONPYCACHEPREFIX": str(output.with_name("compiled"))}


def build(folder: str, output: str, way: Mapping[str, Any]) -> None:
    """Build a panel on a cluster: what the process does that `started` starts."""
    from distributed import Client, LocalCluster

    import govstats

    workers = {"n_workers": way["cluster"], "threads_per_worker": 1, "dashboard_address": None}
    with LocalCluster(**workers) as cluster, Client(cluster) as client:  # type: ignore[no-untyped-call]
        govstats.read_corpus(folder, output=output, client=client)


def measured(folder: Path, output: Path, way: Mapping[str, Any]) -> tuple[float, float]:
    """Return the seconds of a build and the most memory that it held, in MB."""
    began = time.perf_counter()
    process = started(folder, output, way)
    most = 0
    watched = psutil.Process(process.pid)
    while process.poll() is None:
        held = 0
        for one in (watched, *_children(watched)):
            try:
                held += one.memory_info().rss
            except psutil.Error:
                continue
        most = max(most, held)
        time.sleep(0.05)
    seconds = time.perf_counter() - began
    if process.returncode:
        raise SystemExit(f"the build ended with {process.returncode}")
    return seconds, most / 1e6


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.Error:
        return []


def same(one: Path, other: Path) -> bool:
    """Tell whether two panels hold the same frames."""
    return all(pd.read_parquet(one / f"{name}.parquet").equals(pd.read_parquet(other / f"{name}.parquet")) for name in FRAMES)


def main() -> None:
    """Measure, and print rates, ratios and memory."""
    parser = argparse.ArgumentParser(description="Time the building of a panel from simulated web pages.")
    parser.add_argument("--reports", type=int, nargs="+", default=[1_000, 10_000])
    parser.add_argument("--compact", action="store_true")
    parser.add_argument("--only", choices=WAYS, nargs="+", default=list(WAYS))
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--build", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.build:
        build(*json.loads(options.build))
        return
    with tempfile.TemporaryDirectory() as temporary:
        base = options.folder or Path(temporary)
        for reports in options.reports:
            folder, output = base / f"pages-{reports}", base / "panel"
            write(folder, reports, compact=options.compact)
            size = sum(path.stat().st_size for path in folder.rglob("*.html")) / reports / 1000
            print(f"{reports:,} reports, pages of {size:.0f} kB")
            first, alone = 0.0, None
            for name in options.only:
                shutil.rmtree(output, ignore_errors=True)
                processes = 1 if name == "1 process" else 2
                before = parsing_alone(folder, processes)
                seconds, memory = measured(folder, output, WAYS[name])
                # a machine that others use is now fast and now slow: the floor is measured at both ends
                floor = (before + parsing_alone(folder, processes)) / 2
                first = first or seconds
                alone = (seconds, floor) if processes == 1 else alone
                print(f"  {name:20s}{seconds:8.1f} s {reports / seconds:8.0f} reports/s {memory:8.0f} MB", end="")
                print(f" {processes * seconds / reports / floor:6.2f} × parsing alone ({1000 * floor:.2f} ms a page)", end="")
                if processes > 1 and alone:
                    efficiency, of_machine = alone[0] / seconds / processes, alone[1] / floor
                    print(f", efficiency {efficiency:.2f} (parsing alone: {of_machine:.2f})", end="")
                print(flush=True)
            one_more(folder, output, first)
            killed(folder, output, base / "again", first, options.seed)


def one_more(folder: Path, output: Path, seconds: float) -> None:
    """Print what adding a report to a panel costs, in a new process and where the package is imported, as in a notebook."""
    _, page = next(iter(pages(1, 7, compact=True)))
    added = folder / "one_more.html"
    added.write_bytes(page.replace("人民政府".encode(), "统计局".encode()))
    again, _ = measured(folder, output, {"processes": 1})
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import govstats"], env=compiled(output), check=True)
    imports = time.perf_counter() - began
    print(f"  one more report     {again:8.2f} s, {again / seconds:.1%} of the first build", end="")
    print(f"; without {imports:.2f} s of imports {(again - imports) / (seconds - imports):.1%}", flush=True)
    added.unlink()
    measured(folder, output, {"processes": 1})


def killed(folder: Path, output: Path, other: Path, seconds: float, seed: int) -> None:
    """Kill a build at a random moment, let it go on, and print whether the panel is the same."""
    shutil.rmtree(other, ignore_errors=True)
    process = started(folder, other, {"processes": 1})
    after = random.Random(seed).uniform(0.1, 0.9) * seconds
    time.sleep(after)
    process.kill()
    process.wait()
    rest, _ = measured(folder, other, {"processes": 1})
    print(f"  killed after {after:.1f} s, then {rest:.1f} s more: {'the same panel' if same(output, other) else 'ANOTHER PANEL'}")


if __name__ == "__main__":
    main()
