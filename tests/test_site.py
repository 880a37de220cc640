"""The site builds without a warning, its links lead somewhere, nothing comes from elsewhere, and what its pages say works."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import redirect_stdout
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from pathlib import Path
from urllib.parse import unquote, urlsplit

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from selectolax.lexbor import LexborHTMLParser

from govstats import cli, embedded

REPOSITORY = Path(__file__).parent.parent
HOWTO = REPOSITORY / "docs" / "howto"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-c", "docs", ".", str(output)]
    built = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert not built.returncode, built.stderr
    return output


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, LexborHTMLParser]:
    return {page: LexborHTMLParser(page.read_text("utf-8")) for page in site.rglob("*.html")}


def test_every_link_leads_to_a_page_and_a_place_on_it(site: Path, pages: dict[Path, LexborHTMLParser]) -> None:
    places = {page: {node.id for node in tree.css("[id]")} for page, tree in pages.items()}
    broken = []
    for page, tree in pages.items():
        for address in _addresses(tree):
            scheme, _, path, _, place = urlsplit(address)
            target = (page.parent / unquote(path)).resolve() if path else page
            if scheme:
                continue
            if not target.exists() or (place and target in places and unquote(place) not in places[target]):
                broken.append((page.relative_to(site).as_posix(), address))
    assert not broken


def test_nothing_is_loaded_from_elsewhere(site: Path, pages: dict[Path, LexborHTMLParser]) -> None:
    loaded = "script[src], img[src], iframe[src], source[src], link[rel=stylesheet], link[rel=preload], link[rel=icon]"
    addresses = [
        node.attributes.get("src") or node.attributes.get("href") or "" for tree in pages.values() for node in tree.css(loaded)
    ]
    assert len(addresses) > len(pages)
    for style in [*site.rglob("*.css"), *pages]:
        addresses += re.findall(r"(?:url\(|@import )\s*[\"']?([^\"')]+)", style.read_text("utf-8"))
    assert not [address for address in addresses if re.match(r"(https?:)?//", address)]


def test_runs_name_their_case_and_exercises_have_no_solution(site: Path, pages: dict[Path, LexborHTMLParser]) -> None:
    tree = pages[site / "notebooks" / "runs" / "平潭综合实验区-2025" / "10_one_report.html"]
    assert [node.text().rstrip("¶#") for node in tree.css("h1")] == ["一份年度报告 One annual report · 平潭综合实验区 2025"]
    assert tree.css("details.hide .highlight")
    assert not [page for page in site.glob("notebooks/exercises/*.html") if "BEGIN SOLUTION" in page.read_text("utf-8")]


def test_chinese_is_searched_by_pairs_of_characters(site: Path) -> None:
    index = (site / "searchindex.js").read_text("utf-8")
    assert all(f'"{pair}":'.encode("unicode_escape").decode() in index for pair in ("不予", "予公", "公开"))
    words = (site / "_static" / "language_data.js").read_text("utf-8")
    assert "function splitQuery" in words
    assert "Stemmer = EnglishStemmer" in words


def test_each_language_is_declared(pages: dict[Path, LexborHTMLParser]) -> None:
    languages = {page.name: tree.css("html")[0].attributes["lang"] for page, tree in pages.items() if page.parent.name == "docs"}
    assert (languages["start.html"], languages["start.zh.html"]) == ("en", "zh-CN")


@pytest.fixture
def website(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve a report, and a list that links to it, on this machine."""
    folder = tmp_path_factory.mktemp("website")
    (folder / "2024").mkdir()
    (folder / "ndbg").mkdir()
    shutil.copy(embedded.documents("平潭综合实验区", 2024)[0], folder / "2024" / "nb.html")
    (folder / "ndbg" / "index.html").write_text("<a href=/2024/nb.html>2024年政府信息公开工作年度报告</a>", "utf-8")

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("page", sorted(path.stem for path in HOWTO.glob("*.md") if not path.stem.endswith(".zh")))
def test_what_a_page_says_is_what_happens(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], website: str
) -> None:
    blocks = list(_blocks(HOWTO / f"{page}.md"))
    assert blocks
    if page == "fetching":
        pytest.importorskip("stamina")
    assert blocks == list(_blocks(HOWTO / f"{page}.zh.md"))
    reports = tmp_path / "reports"
    reports.mkdir()
    for agency, year in (
        *(("平潭综合实验区", year) for year in (2024, 2025)),
        ("应急管理部", 2021),
        ("沭阳县人民政府", 2025),
        ("淮安市洪泽区人民政府", 2023),
    ):
        shutil.copy(embedded.documents(agency, year)[0], reports)
    shutil.copy(embedded.folder() / "documents" / "pingtan-2025.pdf", tmp_path / "my.pdf")
    monkeypatch.chdir(tmp_path)
    known: dict[str, object] = {}
    printed = ""
    (tmp_path / "addresses.txt").write_text(f"{website}/2024/nb.html\n")
    for language, text in blocks:
        if language == "sh":
            here = text.replace("https://www.example.gov.cn", website)
            _in_a_terminal(re.sub(r"^(govstats fetch.*)$", r"\1 --private --delay 0", here, flags=re.MULTILINE))
        elif language == "python":
            with redirect_stdout(StringIO()) as of_python:
                exec(text, known)
            printed = of_python.getvalue()
        elif language == "sql":
            import duckdb

            with duckdb.connect("panel/govstats.duckdb", read_only=True) as connection:
                assert connection.sql(text).fetchall()
        elif language == "text":
            assert printed.split() == text.split()
    said = capsys.readouterr().out
    if page == "fetching":
        assert [line.split()[0] for line in said.splitlines() if "/nb.html" in line] == ["new", "unchanged", "unchanged"]
        return
    written = [Path(word) for word in re.findall(r"\S+\.html", said)]
    assert len(written) == (3 if page == "own_reports" else 0)
    assert all("平潭综合实验区" in path.read_text("utf-8") for path in written)


@pytest.mark.parametrize("page", ["README.md", "README.zh.md"])
def test_the_commands_of_the_readme_exist(page: str) -> None:
    makefile = (REPOSITORY / "Makefile").read_text("utf-8")
    lines = [line for language, text in _blocks(REPOSITORY / page) if language == "sh" for line in text.splitlines()]
    assert len(lines) == 7
    for line in lines:
        program, *arguments = shlex.split(line)
        if program == "make":
            assert re.search(rf"^{arguments[0]}:", makefile, re.M)
        else:
            assert program == ".venv/bin/govstats"
            cli.parser().parse_args(arguments)


def _addresses(tree: LexborHTMLParser) -> Iterator[str]:
    for node in tree.css("a[href], img[src], link[href], script[src]"):
        address = node.attributes.get("href") or node.attributes.get("src") or ""
        if address and not address.startswith("data:"):
            yield address


def _blocks(page: Path) -> Iterator[tuple[str, str]]:
    return ((block[1], block[2]) for block in re.finditer(r"^```(\w+)\n(.*?)^```$", page.read_text("utf-8"), re.M | re.S))


def _in_a_terminal(text: str) -> None:
    for line in text.splitlines():
        program, *arguments = shlex.split(line)
        assert program == "govstats"
        if arguments[0] == "new-year":  # which tests/test_january.py executes
            cli.parser().parse_args(arguments)
        else:
            if arguments == ["reproduce", "--notebooks", "mine"]:  # all cases of the corpus would take minutes
                parameters = new_code_cell("agency = year = document = None", metadata={"tags": ["parameters"]})
                reading = new_code_cell("import govstats\ngovstats.read(document)")
                nbformat.write(new_notebook(cells=[parameters, reading]), "mine/own.ipynb")
                Path("mine/cases.csv").write_text("notebook,document\nown.ipynb,../reports/pingtan-2024.html\n", "utf-8")
            assert cli.main(arguments) == cli.DONE
