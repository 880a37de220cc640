"""Is a build or a batch of notebooks that was killed at any moment, and begun again, the same to the byte as one that was not?

    python -m tests.kills --builds 50 --reports 2000 --reproduce 20 --seed 1

Each run is a command of its own; the system kills all its processes at a random moment, and what it left is gone on with, which
may be killed too. Then its files are compared with those of a run that was left alone.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random
from typing import NamedTuple

import duckdb

from benchmarks.building import write as write_pages

TEMPLATE = {
    "nbformat": 4,
    "nbformat_minor": 5,
    "metadata": {},
    "cells": [
        {
            "cell_type": "code",
            "id": name,
            "source": source,
            "metadata": {"tags": tags},
            "outputs": [],
            "execution_count": None,
        }
        for name, source, tags in (
            ("defaults", "agency = year = document = None", ["parameters"]),
            ("cells", "import govstats\nreport = govstats.read(document)\nreport.table('requests')", []),
            ("findings", "govstats.reconcile(report)[['rule', 'status']]", []),
        )
    ],
}
#: What differs between two runs that are the same: how long a case took, and whether it was done now or before.
VARIES = re.compile(
    r'"(?:seconds|status)": [^,]+|,(?:done|skipped),[\d.]+|<td class="number">\d+\.\d</td>|"(?:done|skipped)">'
    "|完成 done|沿用 unchanged"
)
say = sys.stdout.write


class Run(NamedTuple):
    """A command, where it writes, and how long it takes when it is left alone."""

    command: Sequence[str]
    output: Path
    seconds: float = 0.0

    def begin(self) -> subprocess.Popen[bytes]:
        call = [sys.executable, "-m", "govstats", *self.command, "-o", str(self.output)]
        return subprocess.Popen(call, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)

    def finish(self) -> float:
        """Go on until it is done; return the seconds."""
        began = time.perf_counter()
        process = self.begin()
        _, said = process.communicate()
        if process.returncode:
            raise SystemExit(f"{' '.join(self.command)} ended with {process.returncode}: {said.decode()}")
        return time.perf_counter() - began

    def kill(self, after: float) -> bool:
        """Kill it after some seconds; tell whether it was still at work."""
        process = self.begin()
        try:
            process.communicate(timeout=after)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            return True
        return False


def files(output: Path) -> Mapping[str, bytes]:
    """Return what a user finds, without what a build keeps for the next one; nothing unfinished may lie there."""
    found = {path.relative_to(output).as_posix(): path for path in output.rglob("*") if path.is_file()}
    unfinished = [name for name in found if ".unfinished" in name or "/making-" in name]
    assert not unfinished, unfinished
    return {name: stable(path) for name, path in sorted(found.items()) if not name.startswith(".build/")}


def stable(path: Path) -> bytes:
    """Return the content of a file: of a database its rows, of what a batch tells of itself all but the times."""
    if path.suffix == ".duckdb":
        with duckdb.connect(path, read_only=True) as database:
            names = [name for (name,) in database.execute("SHOW TABLES").fetchall()]
            rows = [database.execute(f'SELECT count(*), bit_xor(hash(t)) FROM "{name}" t').fetchall() for name in names]
        return repr([*zip(names, rows, strict=True)]).encode()
    content = path.read_bytes()
    if path.name in {"manifest.csv", "index.html"} or (path.suffix == ".json" and b'"seconds"' in content):
        return VARIES.sub("", content.decode()).encode()
    return content


def campaign(run: Run, kills: int, random: Random) -> int:
    """Kill a run so many times, print what became of it, and return how often it was not the same."""
    run = run._replace(seconds=run.finish())
    whole = files(run.output)
    say(f"{run.command[0]}: {len(whole)} files, {run.seconds:.1f} s when it is left alone\n")
    different = interrupted = begun = 0
    while interrupted < kills:
        shutil.rmtree(run.output)
        begun += 1
        # one in four is killed again when it is gone on with
        for _ in range(1 + (random.random() < 0.25)):
            after = random.uniform(0, run.seconds)
            interrupted += (killed := run.kill(after))
            say(f"  {f'kill {interrupted} after' if killed else 'done before'} {after:.1f} s\n")
        run.finish()
        there = files(run.output)
        wrong = sorted(name for name in whole.keys() | there.keys() if whole.get(name) != there.get(name))
        different += bool(wrong)
        if wrong:
            say(f"  after {interrupted} kills other files: {' '.join(wrong)}\n")
    say(f"{run.command[0]}: killed {interrupted} times in {begun} runs; {different} not the same\n")
    return different


def batch(folder: Path, pages: Sequence[Path]) -> Path:
    """Write a template and a case for each page; return their folder."""
    folder.mkdir()
    (folder / "10.ipynb").write_text(json.dumps(TEMPLATE), "utf-8")
    lines = ["notebook,agency,year,document", *(f"10.ipynb,,,{page}" for page in pages)]
    (folder / "cases.csv").write_text("\n".join(lines) + "\n", "utf-8")
    return folder


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--builds", type=int, default=50)
    parser.add_argument("--reports", type=int, default=2000)
    parser.add_argument("--reproduce", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    random = Random(options.seed)
    with tempfile.TemporaryDirectory(prefix="govstats-kills-") as place:
        folder, output = Path(place, "pages"), Path(place, "out")
        write_pages(folder, options.reports, compact=True)
        different = campaign(Run(["build", str(folder)], output), options.builds, random) if options.builds else 0
        if options.reproduce:
            shutil.rmtree(output, ignore_errors=True)
            templates = batch(Path(place, "notebooks"), sorted(folder.rglob("*.html"))[:4])
            command = ["reproduce", "--notebooks", str(templates), "--resume"]
            different += campaign(Run(command, output), options.reproduce, random)
    return int(different > 0)


if __name__ == "__main__":
    sys.exit(main())
