"""The page of docs/ about the corpus: every command is executed as it stands, in a copy of the project."""

from __future__ import annotations

import csv
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
COMMANDS = re.compile(r"^ *```sh\n(.*?)^ *```", re.MULTILINE | re.DOTALL)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a copy of what the commands may change, with a report of one's own beside it."""
    copy = tmp_path / "project"
    for name in ("govstats", "data", "notebooks"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", "runs"))
    documents = ROOT / "data" / "documents"
    page = (documents / "pingtan-2024.html").read_text("utf-8").replace("平潭综合实验区", "示例县教育局")
    (copy / "report.html").write_text(page, "utf-8")
    return copy


def run(command: str | list[str], project: Path, *, shell: bool = False) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(project)}
    return subprocess.run(command, shell=shell, cwd=project, env=environment, capture_output=True, text=True, check=False)


def executed(page: str, project: Path) -> list[str]:
    """Execute the commands of a page in turn, and return what each prints."""
    commands = [line.strip() for block in COMMANDS.findall((ROOT / page).read_text("utf-8")) for line in block.splitlines()]
    assert commands
    said = []
    for command in commands:
        here = re.sub(r"^govstats\b", "python -m govstats", command)
        done = run(re.sub(r"^python\b", f'"{sys.executable}"', here), project, shell=True)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        said.append(done.stdout)
    return said


def test_a_report_joins_the_corpus(project: Path) -> None:
    drafted, *_ = executed("docs/adding_to_the_corpus.md", project)
    assert drafted.startswith("200 figures, 0 of them ?")
    with (project / "data" / "figures.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    by_hand, drafts = (
        {tuple(row.values())[3:] for row in rows if (row["agency"], row["year"]) == (agency, "2024")}
        for agency in ("平潭综合实验区", "示例县教育局")
    )
    assert len(drafts) == 200
    assert drafts == by_hand
    assert (project / "data" / "documents" / "example-2024.md").is_file()
    assert "示例县教育局" in (project / "notebooks" / "runs" / "示例县教育局-2024" / "10_one_report.ipynb").read_text("utf-8")


def test_a_draft_with_a_figure_that_was_not_read_is_not_typeset(project: Path) -> None:
    page = (project / "report.html").read_text("utf-8")
    first = re.search(r"<td[^>]*><p>规章</p></td><td[^>]*><p>(\d+)</p>", page)
    assert first
    (project / "report.html").write_text(page[: first.start(1)] + "看不清" + page[first.end(1) :], "utf-8")
    environment = os.environ | {"PYTHONPATH": str(project)}

    def script(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments], cwd=project, env=environment, capture_output=True, text=True, check=False
        )

    drafted = script("data/transcribe.py", "report.html", "example-2024")
    assert drafted.stdout.startswith("200 figures, 1 of them ?")
    typeset = run([sys.executable, "data/typeset.py"], project)
    assert typeset.returncode
    assert "still ?" in typeset.stderr
