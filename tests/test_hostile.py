"""Hostile inputs: read or refused, in time that grows as they do."""

from __future__ import annotations

import json
import os
import zlib
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from selectolax.lexbor import LexborHTMLParser

import govstats
from govstats import embedded
from govstats.cli import main
from govstats.documents.limits import DEFAULTS, limit, limits
from govstats.notebooks import Case, reproduce
from govstats.panel.reading import local_executor

from .hostile import INPUTS, nested_forms, pdf, read_apart

#: So many seconds can be told from none; so large an input costs no more to make and to send than to read.
MEASURED, LARGE = 0.15, 3_000_000
MOST_SECONDS, MOST_MEMORY = 20, 1_000_000_000


#: A picture is brought to a size before it is looked at: what is found on it decides, up to so many seconds.
RECOGNISED = 8
#: All take minutes: one in so many is tried, or with GOVSTATS_EVERY_INPUT=1 each of them.
STEP = 1 if os.environ.get("GOVSTATS_EVERY_INPUT") else 6


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("name", [*INPUTS][::STEP])
def test_twice_the_input_is_read_or_refused_in_less_than_three_times_the_time(name: str) -> None:
    """An input doubles until its time can be told. Another error, or an end of the process that reads it, raises here."""
    pieces, once = 500, read_apart(INPUTS[name](10))
    while once.seconds < MEASURED and len(content := INPUTS[name](pieces)) < LARGE and pieces < 100_000:
        once, pieces = read_apart(content), 2 * pieces
    if once.seconds >= MEASURED:
        seconds, half = read_apart(INPUTS[name](pieces)).seconds, once.seconds
        # what else the machine does may fall on either, and be a tenth of a second in what is short
        most = max(0.1 + 3 * half, RECOGNISED * name.startswith("picture:"))
        if seconds >= most:
            half = max(half, read_apart(INPUTS[name](pieces // 2)).seconds)
            seconds = min(seconds, read_apart(INPUTS[name](pieces)).seconds)
        assert seconds < max(most, 0.1 + 3 * half)
    assert once.seconds < MOST_SECONDS
    assert once.memory < MOST_MEMORY


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


def test_forms_that_no_memory_holds_are_refused_before_they_are_drawn() -> None:
    # 4 in each of 15, and that which the page draws: (4**16 - 1) / 3
    with pytest.raises(govstats.UnreadableDocument, match=r"1,431,655,765 forms to draw; at most 20,000 .* GOVSTATS_LIMIT_FORMS"):
        govstats.read(nested_forms(16, 4))


def test_marks_of_content_inside_one_another_are_counted_before_they_are_kept() -> None:
    marks = b"/A BMC " * 4001
    for content in (pdf(marks), pdf(zlib.compress(marks), stream=b"/Filter /FlateDecode")):
        with pytest.raises(govstats.UnreadableDocument, match=r"4,001 marks of content inside one another; at most 4,000"):
            govstats.read(content)


# --- a document cannot take the run with it -------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A report, and a PDF of 3 kB whose 4,000,000,000 forms no memory holds."""
    # a process that has read a picture holds more addresses than the bound of a test
    local_executor(1).shutdown()
    (tmp_path / "forms.pdf").write_bytes(nested_forms(16, 4))
    (tmp_path / "good.html").write_bytes((embedded.folder() / "documents" / "mem-2023.html").read_bytes())
    return tmp_path


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize(
    ("content", "bounds", "message"),
    [
        (nested_forms(16, 4), {"memory": 2_000_000_000}, "that read it died; at most 2,000,000,000 bytes of memory"),
        # each is drawn over the whole page; the report has to be read in that time where other work keeps every core busy
        (INPUTS["pdf: shadings"](100_000), {"seconds": 8}, "that read it took too long; at most 8 seconds for a document"),
    ],
    ids=["memory", "time"],
)
def test_a_document_that_ends_its_process_is_a_row(folder: Path, content: bytes, bounds: dict[str, int], message: str) -> None:
    (folder / "forms.pdf").write_bytes(content)
    with limits(forms=1 << 40, page_shadings=1 << 40, **bounds):
        reports = govstats.read_corpus(folder).reports.set_index("source")
    assert reports["error"].fillna("").to_dict() == {"forms.pdf": "ProcessDied", "good.html": ""}
    assert f"forms.pdf: the process {message}" in str(reports.loc["forms.pdf", "message"])
    assert "读取该文件的进程被终止" in str(reports.loc["forms.pdf", "message"])
    assert reports.loc["good.html", "chosen"]


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_check_goes_on_after_a_document_that_ends_its_process(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with limits(forms=1 << 40, memory=2_000_000_000):
        assert main(["check", "--json", str(folder / "forms.pdf"), str(folder / "good.html")]) == 2
    out, err = capfd.readouterr()
    assert len(err.splitlines()) == 1
    told = json.loads(out)
    assert [(one["source"], one["error"]) for one in told["refused"]] == [(str(folder / "forms.pdf"), "ProcessDied")]
    assert [(one["source"], one["year"]) for one in told["reports"]] == [("good.html", 2023)]


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_batch_of_notebooks_goes_on_after_a_document_that_ends_its_process(folder: Path, tmp_path: Path) -> None:
    parameters = new_code_cell("agency = year = document = None", id="defaults", metadata={"tags": ["parameters"]})
    nbformat.write(new_notebook(cells=[parameters]), folder / "10.ipynb")
    listed = [Case("10.ipynb", more=(("document", name),)) for name in ("forms.pdf", "good.html")]
    with limits(forms=1 << 40, memory=2_000_000_000):
        assert reproduce(folder, tmp_path / "out", listed=listed, progress=False)["status"].tolist() == ["done", "done"]
    page = LexborHTMLParser((tmp_path / "out" / "index.html").read_text("utf-8"))
    assert [row.attributes["data-year"] for row in page.css("#rows tr")] == ["2023"]


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
def test_what_is_no_file_is_refused_and_no_part_of_a_folder(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.html")
    (tmp_path / "folder.html").mkdir()
    (tmp_path / "circle.html").symlink_to(tmp_path / "circle.html")
    (tmp_path / "nothing.html").symlink_to(tmp_path / "gone")
    (tmp_path / "above.html").symlink_to(tmp_path)
    messages = {"pipe": "a pipe or a device", "folder": "it is a folder", "circle": "symbolic links", "nothing": "No such file"}
    for name, message in messages.items():
        with pytest.raises(govstats.UnreadableDocument, match=message):
            govstats.read(tmp_path / f"{name}.html")
    for device in ("/dev/zero", "/dev/stdin"):
        with pytest.raises(govstats.UnreadableDocument):
            govstats.read(device)
    reports = govstats.read_corpus(tmp_path).reports
    assert reports.set_index("source")["error"].to_dict() == {"circle.html": "OSError", "nothing.html": "FileNotFoundError"}


@pytest.mark.parametrize("encoding", ["utf-32", "utf-32-le", "utf-32-be"])
def test_utf_32_is_read_as_marked_or_refused(encoding: str) -> None:
    text = "某局2021年政府信息公开工作年度报告\n信息内容\t本年处理决定数量\n行政处罚\t3\n行政强制\t0\n"
    if encoding == "utf-32":  # with its byte order mark
        assert govstats.read(text.encode(encoding)).cells.query("line == 'penalties'")["value"].tolist() == [3]
        return
    with pytest.raises(govstats.UnreadableDocument, match="no text in UTF-8"):
        govstats.read(text.encode(encoding))
