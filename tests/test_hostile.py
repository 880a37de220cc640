"""Hostile inputs: read or refused, in time that grows as they do."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

import govstats
from govstats import embedded
from govstats.cli import main
from govstats.documents.limits import DEFAULTS, limit, limits

from .hostile import TEXTS, nested_forms

PIECES = 3000
#: Seconds of the process that are noise.
NOISE = 0.3


def seconds(content: bytes) -> float:
    started = time.process_time()
    with suppress(govstats.GovstatsError):
        govstats.read(content)
    return time.process_time() - started


@pytest.mark.parametrize("name", TEXTS)
def test_twice_the_input_takes_less_than_three_times_the_time(name: str) -> None:
    make: Callable[[int], bytes] = TEXTS[name]
    seconds(make(10))  # what is imported once
    once, twice = (min(seconds(make(pieces)) for _ in range(2)) for pieces in (PIECES, 2 * PIECES))
    assert twice < 3 * once + NOISE


def test_bounds_are_raised_by_argument_and_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    page = b"<p " + b" ".join(b"a%d=1" % number for number in range(3000)) + b">" + "规章".encode()
    with pytest.raises(govstats.UnreadableDocument, match=r"3,000 attributes of one element; .* GOVSTATS_LIMIT_ATTRIBUTES"):
        govstats.read(page)
    with limits(attributes=4000), pytest.raises(govstats.NotAnAnnualReport):
        govstats.read(page)
    monkeypatch.setenv("GOVSTATS_LIMIT_ATTRIBUTES", "4000")
    assert limit("attributes") == 4000 != DEFAULTS["attributes"]
    with pytest.raises(govstats.NotAnAnnualReport):
        govstats.read(page)


# --- a document cannot take the run with it -------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A report, and a PDF of 3 kB whose 4,000,000,000 forms no memory holds."""
    (tmp_path / "forms.pdf").write_bytes(nested_forms(16, 4))
    (tmp_path / "good.html").write_bytes((embedded.folder() / "documents" / "mem-2023.html").read_bytes())
    return tmp_path


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        ({"memory": 2_000_000_000}, "forms.pdf: the process that read it died; at most 2,000,000,000 bytes of memory"),
        ({"seconds": 1}, "forms.pdf: the process that read it took too long; at most 1 seconds for a document"),
    ],
)
def test_a_document_that_ends_its_process_is_a_row(folder: Path, bounds: dict[str, int], message: str) -> None:
    with limits(**bounds):
        reports = govstats.read_corpus(folder).reports.set_index("source")
    assert reports["error"].fillna("").to_dict() == {"forms.pdf": "ProcessDied", "good.html": ""}
    assert message in str(reports.loc["forms.pdf", "message"])
    assert "读取该文件的进程被终止" in str(reports.loc["forms.pdf", "message"])
    assert reports.loc["good.html", "chosen"]


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_check_goes_on_after_a_document_that_ends_its_process(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with limits(memory=2_000_000_000):
        assert main(["check", "--json", str(folder / "forms.pdf"), str(folder / "good.html")]) == 2
    told = json.loads(capsys.readouterr().out)
    assert [(one["source"], one["error"]) for one in told["refused"]] == [(str(folder / "forms.pdf"), "ProcessDied")]
    assert [(one["source"], one["year"]) for one in told["reports"]] == [("good.html", 2023)]


def test_bounds_of_python_hold_in_the_processes_that_read(folder: Path) -> None:
    (folder / "forms.pdf").unlink()
    with limits(rows=3):
        (message,) = govstats.read_corpus(folder).reports["message"]
    assert "rows of tables; at most 3 are read" in message


def test_an_archive_of_archives_without_end_is_refused() -> None:
    parts = [f"Content-Type: multipart/related; boundary=b{number}\n\n--b{number}\n" for number in range(3000)]
    with pytest.raises(govstats.UnreadableDocument, match="inside one another too deeply"):
        govstats.read(f"MIME-Version: 1.0\n{''.join(parts)}Content-Type: text/html\n\n<p>3</p>".encode())


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no pipes with names")
def test_a_pipe_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.html")
    with pytest.raises(govstats.UnreadableDocument, match="a pipe or a device"):
        govstats.read(tmp_path / "pipe.html")


@pytest.mark.parametrize("encoding", ["utf-32", "utf-32-le", "utf-32-be"])
def test_utf_32_is_read_as_marked_or_refused(encoding: str) -> None:
    text = "某局2021年政府信息公开工作年度报告\n信息内容\t本年处理决定数量\n行政处罚\t3\n行政强制\t0\n"
    if encoding == "utf-32":  # with its byte order mark
        assert govstats.read(text.encode(encoding)).cells.query("line == 'penalties'")["value"].tolist() == [3]
        return
    with pytest.raises(govstats.UnreadableDocument, match="no text in UTF-8"):
        govstats.read(text.encode(encoding))
