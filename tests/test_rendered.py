"""Pages in a browser: what a document says is text there, whatever it looks like, and never runs."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from selectolax.lexbor import LexborHTMLParser

import govstats
from govstats import notebooks
from govstats.display import report_html, show_frame, table_html
from govstats.report import Note, ReadCell, Report

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed to look at pages with")

#: Ends whatever it may stand in, and leaves a mark on the page if any of it runs.
HOSTILE = (
    """'"></title></style></script></textarea>--><img src=x onerror="document.documentElement.dataset.ran=1">"""
    """<script>document.documentElement.dataset.ran=1</script><svg onload="document.documentElement.dataset.ran=1">"""
)


def hostile_report() -> Report:
    cell = ReadCell("statistics", HOSTILE, "this_year", 3.0, "1", "unreadable", HOSTILE, 1, HOSTILE, HOSTILE)
    notes = [Note("unreadable_cell", HOSTILE, HOSTILE)]
    return Report(HOSTILE, 2008, "2008", HOSTILE, HOSTILE, "text", "", read_cells=[cell], read_notes=notes)


def read_report() -> govstats.Report:
    text = HOSTILE.replace("&", "&amp;").replace("<", "&lt;")
    rows = [("信息内容", "本年处理决定数量"), ("行政处罚", "3"), ("行政强制", "0"), (text, "1")]
    table = "".join(f"<tr><td>{label}</td><td>{figure}</td></tr>" for label, figure in rows)
    return govstats.read(f"<h1>某局2021年政府信息公开工作年度报告</h1><p>{text}</p><table>{table}</table>".encode())


def excerpt_page() -> str:
    report = read_report()
    return report.show("/".join(report.read_cells[0].key)).html(HOSTILE)


def run_page(folder: Path) -> str:
    output = {"output_type": "execute_result", "data": {"text/plain": HOSTILE}, "execution_count": 1, "metadata": {}}
    cell = {"cell_type": "code", "source": "report.title", "outputs": [output], "execution_count": 1, "metadata": {}, "id": "a"}
    notebook = nbformat.from_dict({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    case = notebooks.Case("10_one_report.ipynb", HOSTILE, 2008)
    notebooks._write_run(notebooks.Execution(notebook, 0.0, ""), case, folder / "run.ipynb")
    return (folder / "run.html").read_text("utf-8")


def index_page(folder: Path) -> str:
    case = notebooks.Case("10_one_report.ipynb", HOSTILE, 2008)
    notebooks._write_index(notebooks.templates(), folder, [{"case": case, "status": "failed", "seconds": 0.0, "error": HOSTILE}])
    return (folder / "index.html").read_text("utf-8")


PAGES: dict[str, Callable[[Path], str]] = {
    "report": lambda _: report_html(hostile_report()),
    "table": lambda _: table_html(hostile_report(), "statistics"),
    "frame": lambda _: show_frame(pd.DataFrame({HOSTILE: [HOSTILE], "agency": [HOSTILE]}))._repr_html_(),
    "excerpt": lambda _: excerpt_page(),
    "read": lambda _: report_html(read_report()) + HOSTILE.replace("<", "&lt;"),
    "run": run_page,
    "index": index_page,
}


def rendered(page: str, folder: Path) -> str:
    """Return the document that a browser makes of a page once its scripts have run."""
    (folder / "page.html").write_text(f"<!DOCTYPE html><meta charset=utf-8>{page}", "utf-8")
    options = f"--headless --no-sandbox --disable-gpu --disable-background-networking --user-data-dir={folder}/own".split()
    command = [str(CHROMIUM), *options, "--virtual-time-budget=2000", "--dump-dom", (folder / "page.html").as_uri()]
    return subprocess.run(command, capture_output=True, check=True, timeout=300, encoding="utf-8").stdout


def ran(document: str) -> bool:
    return bool(re.search(r"<html[^>]*\sdata-ran=", document[:500]))


@pytest.mark.parametrize("name", PAGES)
def test_nothing_that_a_document_says_runs(name: str, tmp_path: Path) -> None:
    document = rendered(PAGES[name](tmp_path), tmp_path)
    assert not ran(document)
    assert "onerror=" in LexborHTMLParser(document).text()  # which is told to the reader all the same


def test_what_is_not_escaped_would_run(tmp_path: Path) -> None:
    assert ran(rendered(f"<p>{HOSTILE}", tmp_path))
