"""Notebooks: parameters, the batch with its manifest and pages, the reference runs and the collector over them."""

from __future__ import annotations

import csv
import errno
import json
import os
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from runpy import run_path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from selectolax.lexbor import LexborHTMLParser

from govstats import embedded
from govstats.errors import NotebookError
from govstats.notebooks import (
    Case,
    cases,
    execute,
    find_template,
    heading,
    inject,
    input_sha256,
    read_notebook,
    reproduce,
    write_templates,
)
from govstats.notebooks import run as run_case

pytest_plugins = ["pytester"]

REPOSITORY = Path(__file__).parent.parent
reference_run = run_path(str(REPOSITORY / "notebooks" / "conftest.py"))["reference_run"]
LIBRARY = 'FIGURES = {"甲市": 24, "乙县": 7}\n\ndef requests(agency):\n    return FIGURES[agency]\n'


def template(*sources: str, parameters: str = 'agency = "甲市"\nyear = 2021') -> NotebookNode:
    cells = [
        new_markdown_cell("# 一份年报 One report", id="title"),
        new_code_cell(parameters, id="defaults", metadata={"tags": ["parameters"]}),
        *(new_code_cell(source, id=f"code-{number}") for number, source in enumerate(sources)),
    ]
    notebook: NotebookNode = new_notebook(cells=cells)
    return notebook


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of templates with a library of its own beside them."""
    folder = tmp_path / "notebooks"
    folder.mkdir()
    (folder / "library.py").write_text(LIBRARY, "utf-8")
    return folder


def write(folder: Path, name: str, notebook: NotebookNode, *listed: tuple[str, int]) -> None:
    nbformat.write(notebook, folder / name)
    with (folder / "cases.csv").open("a", encoding="utf-8") as file:
        if file.tell() == 0:
            file.write("notebook,agency,year\n")
        file.writelines(f"{name},{agency},{year}\n" for agency, year in listed)


# parameters


def test_parameters_are_set_behind_the_cell_that_declares_them() -> None:
    notebook = template("agency")
    injected = inject(notebook, {"agency": '带"引号"的机关', "year": 2025})
    assert [cell.id for cell in injected.cells] == ["title", "defaults", "injected-parameters", "code-0"]
    values: dict[str, object] = {}
    exec(injected.cells[2].source, values)
    assert (values["agency"], values["year"]) == ('带"引号"的机关', 2025)
    assert injected.cells[2].metadata.tags == ["injected-parameters"]
    assert len(notebook.cells) == 3


def test_parameters_replace_those_of_an_earlier_injection() -> None:
    twice = inject(inject(template(), {"year": 2019}), {"year": 2021})
    assert [cell.source for cell in twice.cells[1:]] == ['agency = "甲市"\nyear = 2021', "# Parameters\nyear = 2021"]


@pytest.mark.parametrize(
    "declaration",
    [
        'agency = "甲市"  # not: region = 1',
        'agency = "region = 1"',
        'agency: str = "甲市"\nif agency:\n    region = 1',
        "subregion = agency = 1",
    ],
)
def test_a_parameter_that_only_looks_declared_is_refused(declaration: str) -> None:
    with pytest.raises(NotebookError, match=r"10\.ipynb: declares no parameter region; it declares .*agency"):
        inject(template(parameters=declaration), {"agency": "乙县", "region": "青海"}, name="10.ipynb")


def test_annotated_and_unpacked_parameters_are_declared() -> None:
    injected = inject(
        template(parameters="agency: str = '甲市'\nfirst, last = 2019, 2021"), {"agency": "乙县", "first": 2020, "last": 2022}
    )
    assert injected.cells[2].source == "# Parameters\nagency = '乙县'\nfirst = 2020\nlast = 2022"


def test_a_template_needs_exactly_one_cell_of_parameters() -> None:
    with pytest.raises(NotebookError, match="0 cells have the tag 'parameters'"):
        inject(new_notebook(cells=[new_code_cell("year = 2021")]), {"year": 2021})
    two = template()
    two.cells.append(new_code_cell("year = 1", metadata={"tags": ["parameters"]}))
    with pytest.raises(NotebookError, match="2 cells have the tag 'parameters'"):
        inject(two, {"year": 2021})
    with pytest.raises(NotebookError, match="not plain Python"):
        inject(template(parameters="%matplotlib inline"), {"year": 2021})


# cases


def test_cases_are_read_in_order(folder: Path) -> None:
    write(folder, "10.ipynb", template(), ("甲市", 2021), ("乙县", 2020))
    assert cases(folder / "cases.csv") == (Case("10.ipynb", "甲市", 2021), Case("10.ipynb", "乙县", 2020))
    assert cases(folder / "cases.csv")[0].name == "甲市-2021"


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("10.ipynb,甲市,21", r"cases\.csv, line 3: the year is '21'; expected four digits, or a document"),
        ("10.ipynb,甲市,2021,8", r"line 3: has more fields than the file has columns: \['8'\]"),
        ("10.ipynb,甲市", r"line 3: the year is ''"),
        ("10.ipynb,../甲市,2021", r"line 3: the agency is '\.\./甲市'"),
        ("11.ipynb,甲市,2021", r"line 3: no notebook '11\.ipynb' in .*; there are: 10\.ipynb"),
        ("10.ipynb,乙县,2020", r"line 3: 10\.ipynb for 乙县-2020 stands in .*line 2 already"),
    ],
)
def test_a_wrong_case_is_refused_with_its_line(folder: Path, row: str, message: str) -> None:
    write(folder, "10.ipynb", template(), ("乙县", 2020))
    with (folder / "cases.csv").open("a", encoding="utf-8") as file:
        file.write(row + "\n")
    with pytest.raises(NotebookError, match=message):
        cases(folder / "cases.csv")


def test_a_list_of_cases_that_is_none_is_refused(folder: Path) -> None:
    with pytest.raises(NotebookError, match=r"cases\.csv: cannot be opened"):
        cases(folder / "cases.csv")
    (folder / "cases.csv").write_text("agency,year\n甲市,2021\n", "utf-8")
    with pytest.raises(NotebookError, match="expected notebook,agency,year and parameters"):
        cases(folder / "cases.csv")


def test_any_parameter_is_a_column_and_a_blank_leaves_the_default(folder: Path, tmp_path: Path) -> None:
    nbformat.write(
        template("(agency, seed, names)", parameters="agency = '甲市'\nyear = 2021\nseed = 1\nnames = ''"), folder / "10.ipynb"
    )
    rows = ["notebook,agency,year,seed,names", "10.ipynb,乙县,2020,3,", '10.ipynb,乙县,2020,,"[""丙"", ""丁""]"']
    (folder / "cases.csv").write_text("\n".join(rows), "utf-8")
    first, second = cases(folder / "cases.csv")
    assert (first.parameters, first.name) == ({"agency": "乙县", "year": 2020, "seed": 3}, "乙县-2020-seed=3")
    assert second.parameters == {"agency": "乙县", "year": 2020, "names": ("丙", "丁")}
    manifest = reproduce(folder, tmp_path / "out")
    assert manifest["status"].tolist() == ["done", "done"]
    run = nbformat.read(first.run(tmp_path / "out"), as_version=4)
    assert run.cells[-1].outputs[0].data["text/plain"] == "('乙县', 3, '')"
    # what was done is known again by all its parameters
    assert reproduce(folder, tmp_path / "out", resume=True)["status"].tolist() == ["skipped", "skipped"]


def test_a_document_of_ones_own_needs_no_agency(folder: Path, tmp_path: Path) -> None:
    nbformat.write(
        template("(agency, year, document)", parameters="agency = '甲市'\nyear = 2021\ndocument = ''"), folder / "10.ipynb"
    )
    case = Case("10.ipynb", more=(("document", "reports/我的年报.pdf"),))
    assert case.name == "我的年报"
    page, error = run_case(case, tmp_path / "out", notebooks=folder)
    assert (error, page) == ("", tmp_path / "out" / "我的年报" / "10.html")
    run = nbformat.read(page.with_suffix(".ipynb"), as_version=4)
    assert run.cells[-1].outputs[0].data["text/plain"] == "('', None, 'reports/我的年报.pdf')"


def test_the_templates_are_written_and_nothing_is_overwritten(tmp_path: Path) -> None:
    written = write_templates(tmp_path / "own")
    assert {path.name for path in written} == {path.name for path in (REPOSITORY / "notebooks").glob("*.ipynb")} | {"cases.csv"}
    assert cases(tmp_path / "own" / "cases.csv") == cases(REPOSITORY / "notebooks" / "cases.csv")
    write_templates(tmp_path / "own")
    (tmp_path / "own" / "cases.csv").write_text("notebook\n", "utf-8")
    with pytest.raises(NotebookError, match=r"cases\.csv: is there already and was changed; choose another folder"):
        write_templates(tmp_path / "own")


def test_a_template_is_found_by_its_number() -> None:
    assert find_template("20").name == "20_where_is_the_error.ipynb"
    with pytest.raises(NotebookError, match="0 notebooks begin with '99'; there are: 00_start"):
        find_template("99")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not a notebook"),
        ("[1, 2]", "not a notebook"),
        (
            '{"cells": [{"cell_type": "code", "source": ""}], "metadata": {}, "nbformat": 4, "nbformat_minor": 4}',
            "cells 0 have no id",
        ),
    ],
)
def test_a_file_that_is_no_notebook_with_ids_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "broken.ipynb"
    path.write_text(text, "utf-8")
    with pytest.raises(NotebookError, match=rf"broken\.ipynb: .*{message}"):
        read_notebook(path)


# execution


class Remote(HTMLParser):
    """Collects what a page would fetch from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"link", "iframe", "object"}:
            self.fetched.append(tag)
        self.fetched += [value for name, value in attrs if name in {"src", "srcset"} and value and not value.startswith("data:")]


def test_the_batch_writes_runs_pages_manifest_and_index(folder: Path, tmp_path: Path) -> None:
    drawn = (
        "import matplotlib.pyplot as plt\nfigure, axes = plt.subplots(figsize=(2, 1))\naxes.bar(['a'], [requests(agency)]);",
        "from tqdm import tqdm\nsum(tqdm(range(year)))",
        "1 / 0 if agency == '丙乡' else 'done'",
    )
    write(folder, "10.ipynb", template("from library import requests\nrequests(agency)", *drawn), ("甲市", 3), ("乙县", 2020))
    with pytest.raises(NotebookError, match="the year is '3'"):
        reproduce(folder, tmp_path / "out")
    (folder / "cases.csv").write_text(
        "notebook,agency,year\n10.ipynb,甲市,2003\n10.ipynb,丁镇,2021\n10.ipynb,乙县,2020\n", "utf-8"
    )

    manifest = reproduce(folder, tmp_path / "out", progress=False)

    columns = ["notebook", "agency", "year", "status", "seconds", "error", "input_sha256", "parameters"]
    assert list(manifest.columns) == columns
    assert manifest["agency"].tolist() == ["甲市", "丁镇", "乙县"]
    assert manifest["status"].tolist() == ["done", "failed", "done"]
    assert manifest["error"].tolist() == ["", "Cell 2 (code-0): KeyError: '丁镇'", ""]
    assert (manifest["seconds"] > 0).all()
    with (tmp_path / "out" / "manifest.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["status"] for row in rows] == ["done", "failed", "done"]
    assert [row["input_sha256"] for row in rows] == manifest["input_sha256"].tolist()

    run = nbformat.read(tmp_path / "out" / "甲市-2003" / "10.ipynb", as_version=4)
    outputs = {cell.id: cell.outputs for cell in run.cells if cell.cell_type == "code"}
    assert outputs["code-0"][0].data["text/plain"] == "24"
    assert outputs["code-1"][0].data["image/png"].startswith("iVBOR")
    assert [output.output_type for output in outputs["code-2"]] == ["execute_result"]  # no progress bar
    assert outputs["code-2"][0].data["text/plain"] == str(2003 * 2002 // 2)

    page = (tmp_path / "out" / "甲市-2003" / "10.html").read_text("utf-8")
    index = (tmp_path / "out" / "index.html").read_text("utf-8")
    for html in (page, index):
        remote = Remote()
        remote.feed(html)
        assert remote.fetched == []
        assert not re.search(r"@import|url\(\s*['\"]?(?!data:)", html)
    assert 'src="data:image/png;base64,iVBOR' in page
    assert "一份年报 One report" in index
    assert 'href="%E7%94%B2%E5%B8%82-2003/10.html"' in index
    assert "KeyError" in index

    assert not (folder / "runs").exists()


def test_the_first_page_has_a_row_for_each_report_and_leads_to_its_notebooks(folder: Path, tmp_path: Path) -> None:
    nbformat.write(template("agency", parameters='agency = ""\nyear = 0\ndocument = ""'), folder / "10.ipynb")
    shutil.copy(embedded.documents("淮安市洪泽区人民政府", 2023)[0], folder / "own.html")
    (folder / "cases.csv").write_text(
        "notebook,agency,year,document\n10.ipynb,平潭综合实验区,2020,\n10.ipynb,,,own.html\n", "utf-8"
    )
    reproduce(folder, tmp_path, progress=False)
    page = LexborHTMLParser((tmp_path / "index.html").read_text("utf-8"))
    rows = {(row.attributes["data-agency"], row.attributes["data-year"]): row for row in page.css("#rows tr")}
    assert len(rows) == len(embedded.register())
    said = {who: [" ".join(cell.text().split()) for cell in row.css("td")] for who, row in rows.items()}
    # T3C fails for natural persons and for the total: 7 + 6 + 0 + 7 + 3 + 4 and not 21; granted: (7 + 6) / 21
    assert said["平潭综合实验区", "2020"][:7] == ["2020", "2019", "198 / 198", "2", "0", "0", "62% 13/21"]
    assert said["平潭综合实验区", "2012"][6] == "表式无此项 not in form"
    links = {who: [link.attributes["href"] for link in row.css("a")] for who, row in rows.items()}
    assert links["平潭综合实验区", "2020"] == ["%E5%B9%B3%E6%BD%AD%E7%BB%BC%E5%90%88%E5%AE%9E%E9%AA%8C%E5%8C%BA-2020/10.html"]
    assert links["淮安市洪泽区人民政府", "2023"] == ["own/10.html"]
    # without a script every row is there, and no control that does nothing
    assert len(page.css("#filters[hidden]")) == 1
    assert [row for row in rows.values() if "hidden" in row.attributes] == []
    assert "淮安市洪泽区人民政府 2023" in " ".join(title.text() for title in page.css("figure svg title"))


def test_a_second_run_is_the_same_to_the_byte(folder: Path) -> None:
    notebook = inject(template("print('甲')", "import sys; print('乙', file=sys.stderr); print('丙')"), {"agency": "甲市"})
    first, second = (nbformat.writes(execute(notebook, folder=folder).notebook) for _ in range(2))
    assert first == second
    assert '"execution"' not in first
    assert "version" not in nbformat.reads(first, as_version=4).metadata.language_info


def test_resume_redoes_what_failed_or_changed_and_skips_the_rest(folder: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    write(folder, "10.ipynb", template("from library import requests; requests(agency)"), ("甲市", 2021), ("丁镇", 2021))
    assert reproduce(folder, output)["status"].tolist() == ["done", "failed"]
    first = (output / "甲市-2021" / "10.ipynb").stat().st_mtime_ns

    (folder / "library.py").write_text(LIBRARY.replace("乙县", "丁镇"), "utf-8")
    resumed = reproduce(folder, output, resume=True)
    assert resumed["status"].tolist() == ["skipped", "done"]
    assert resumed["seconds"][0] > 0
    assert (output / "甲市-2021" / "10.ipynb").stat().st_mtime_ns == first
    assert reproduce(folder, output, resume=True)["status"].tolist() == ["skipped", "skipped"]

    page = output / "丁镇-2021" / "10.html"
    whole = page.read_bytes()
    page.unlink()
    assert reproduce(folder, output, resume=True)["status"].tolist() == ["skipped", "done"]
    page.write_bytes(whole[: len(whole) // 2])
    assert reproduce(folder, output, resume=True)["status"].tolist() == ["skipped", "done"]
    assert page.read_bytes() == whole

    nbformat.write(template("from library import requests; requests(agency) + 1"), folder / "10.ipynb")
    only = reproduce(folder, output, resume=True, only=["甲市-2021"])
    assert only["status"].tolist() == ["done", "done"]
    changed = nbformat.read(output / "甲市-2021" / "10.ipynb", as_version=4)
    assert changed.cells[-1].outputs[0].data["text/plain"] == "25"

    with pytest.raises(NotebookError, match=r"lists no case 戊-2021; it lists 甲市-2021, 丁镇-2021"):
        reproduce(folder, output, only=["戊-2021"])


def test_a_long_name_ends_no_batch(folder: Path, tmp_path: Path) -> None:
    write(folder, "10.ipynb", template("agency"), ("甲" * 300, 2021), ("甲" * 299 + "乙", 2021), ("乙县", 2021))
    assert reproduce(folder, tmp_path / "out")["status"].tolist() == ["done"] * 3
    names = [path.name for path in (tmp_path / "out").iterdir() if path.is_dir()]
    assert len(names) == 3
    assert max(len(name.encode()) for name in names) < 255


@pytest.mark.parametrize("full", [True, False])
def test_where_nothing_can_be_written_it_is_told(
    full: bool, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder, "10.ipynb", template("agency"), ("甲市", 2021))
    output = tmp_path / "out"
    if full:
        monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))))
    else:
        output.write_text("no folder")
    with pytest.raises(NotebookError, match=r"out: cannot be written: .*; make room.*--resume"):
        reproduce(folder, output)
    assert not full or not [path for path in output.rglob("*") if path.is_file()]


def test_a_list_of_cases_in_another_encoding_is_refused(folder: Path) -> None:
    (folder / "cases.csv").write_bytes("notebook,agency,year\n10.ipynb,甲市,2021\n".encode("gb18030"))
    with pytest.raises(NotebookError, match=r"cases.csv: cannot be opened, or is no CSV in UTF-8"):
        cases(folder / "cases.csv")


def test_an_undeclared_parameter_fails_its_case_only(folder: Path, tmp_path: Path) -> None:
    write(folder, "10.ipynb", template(parameters="agency = '甲市'"), ("甲市", 2021))
    manifest = reproduce(folder, tmp_path / "out")
    assert manifest["status"].tolist() == ["failed"]
    assert manifest["error"].tolist() == [
        "10.ipynb: declares no parameter year; it declares agency 笔记本没有这个参数，可用：agency"
    ]
    assert (tmp_path / "out" / "index.html").is_file()


def test_the_digest_follows_template_parameters_and_documents(tmp_path: Path) -> None:
    notebook, document, elsewhere = tmp_path / "10.ipynb", tmp_path / "report.html", tmp_path / "copy" / "report.html"
    elsewhere.parent.mkdir()
    notebook.write_bytes(b"1")
    document.write_bytes(b"2")
    elsewhere.write_bytes(b"2")
    case = Case("10.ipynb", "甲市", 2021)
    digest = input_sha256(notebook, case, [document])
    assert re.fullmatch("[0-9a-f]{64}", digest)
    assert input_sha256(notebook, case, [elsewhere]) == digest
    assert input_sha256(notebook, Case("10.ipynb", "甲市", 2020), [document]) != digest
    assert input_sha256(notebook, case, []) != digest
    document.write_bytes(b"3")
    assert input_sha256(notebook, case, [document]) != digest
    document.write_bytes(b"2")
    notebook.write_bytes(b"2")
    assert input_sha256(notebook, case, [document]) != digest


# reference runs


def test_a_reference_run_must_be_that_of_the_template(folder: Path, tmp_path: Path) -> None:
    write(folder, "10.ipynb", template("1 + 1"), ("甲市", 2021))
    case = Case("10.ipynb", "甲市", 2021)
    with pytest.raises(
        NotebookError, match=r"no run of 10\.ipynb for 甲市-2021; run: govstats reproduce --update --case 甲市-2021"
    ):
        reference_run(folder, case)
    reproduce(folder, tmp_path / "out", update=True)
    assert reference_run(folder, case).cells[-1].outputs[0].data["text/plain"] == "2"
    path = folder / "runs" / "甲市-2021" / "10.ipynb"
    good = path.read_text("utf-8")

    def refused(change: NotebookNode, message: str) -> None:
        nbformat.write(change, path)
        with pytest.raises(NotebookError, match=rf"10\.ipynb: {message}.*; run: govstats reproduce --update"):
            reference_run(folder, case)

    stripped = nbformat.reads(good, as_version=4)
    stripped.cells[-1].outputs, stripped.cells[-1].execution_count = [], None
    refused(stripped, "cell 'code-0' has not been executed, or its outputs were stripped")
    other = nbformat.reads(good, as_version=4)
    other.cells[-1].source = "1 + 2"
    refused(other, "cell 'code-0' differs from the template's")
    other = nbformat.reads(good, as_version=4)
    other.cells[2].source = other.cells[2].source.replace("2021", "2020")
    refused(other, "cell 'injected-parameters' differs")
    prose = nbformat.reads(good, as_version=4)
    prose.cells[0].source = "# 旧标题"
    refused(prose, "cell 'title' differs")
    short = nbformat.reads(good, as_version=4)
    del short.cells[-1]
    refused(short, "cell 'code-0' of the template is missing")
    long = nbformat.reads(good, as_version=4)
    long.cells.append(new_code_cell("3", id="more"))
    refused(long, "its cells are not those of the template")


def test_every_reference_run_is_of_a_listed_case() -> None:
    notebooks = REPOSITORY / "notebooks"
    listed = {case.run(notebooks / "runs") for case in cases(notebooks / "cases.csv")}
    assert listed == set((notebooks / "runs").rglob("*.ipynb"))


@pytest.mark.parametrize(
    "case", cases(REPOSITORY / "notebooks" / "cases.csv"), ids=lambda case: f"{case.notebook[:2]}-{case.name}"
)
def test_a_display_shows_each_figure_as_printed_when_its_styles_are_stripped(case: Case) -> None:
    run = read_notebook(case.run(REPOSITORY / "notebooks" / "runs"))
    outputs = [output for cell in run.cells if cell.cell_type == "code" for output in cell.outputs]
    pages = ["".join(output["data"].get("text/html", "")) for output in outputs if "data" in output]
    printed = {" ".join(cell.printed.split()) for cell in embedded.report(case.agency, case.year or 0).read_cells} | {"空白", "…"}
    tables = [LexborHTMLParser(page) for page in pages if "govstats-table" in page]
    for table in tables:
        for cell in table.css("table.govstats-table td"):
            text = " ".join(cell.text().split())
            assert re.sub(r"^\(⚠\ufe0e?[\d,]+\) |^\? ", "", text) in printed, text
    for page in pages:
        # a mark and a figure never run together
        assert not re.search(r"⚠\ufe0e?[\d,]+\d*(?=\d)(?![\d,]*[) ])", re.sub("<[^>]+>", "", page))


def test_templates_hold_no_outputs() -> None:
    for path in (REPOSITORY / "notebooks").glob("*.ipynb"):
        notebook = read_notebook(path)
        assert all(not cell.get("outputs") and cell.get("execution_count") is None for cell in notebook.cells), path.name
        assert heading(notebook), path.name


@pytest.mark.parametrize("path", sorted((REPOSITORY / "notebooks").glob("[1-6]0_*.ipynb")), ids=lambda path: path.name[:2])
def test_a_notebook_says_what_it_is_for_and_how_and_asks_three_questions(path: Path) -> None:
    cells = read_notebook(path).cells
    title, questions = cells[0].source, cells[-1].source
    for said in ("**读完以后，你能**", "**Afterwards you can**", "分钟", " minutes"):
        assert said in title
    sections = [cell.source.splitlines()[0] for cell in cells if cell.cell_type == "markdown"]
    assert sections[-3:] == ["## 方法与出处 Method and its source", "## 要小心什么 What to be careful about", "## 思考 Questions"]
    asked = [line for line in questions.splitlines() if line.startswith("- ")]
    assert [bool(re.search("[一-鿿]", line)) for line in asked] == [True] * 3 + [False] * 3
    lines = [line.strip() for cell in cells if cell.cell_type == "code" for line in cell.source.splitlines()]
    assert len([line for line in lines if line and not line.startswith("#")]) <= 70


# the collector


def test_the_collector_compares_every_case_with_its_run(folder: Path, tmp_path: Path, pytester: pytest.Pytester) -> None:
    html = "from IPython.display import HTML\nHTML(f'<b>{requests(agency)}</b>')"
    sources = ("from library import requests\nrequests(agency)", html, "assert requests(agency) != 8", "agency")
    write(folder, "10.ipynb", template(*sources), ("甲市", 2021), ("乙县", 2020))
    write(folder, "20.ipynb", template("from library import requests\nassert requests(agency) == 7", "agency"), ("乙县", 2020))
    write(folder, "30.ipynb", template("1"), ("甲市", 2021))
    write(folder, "40.ipynb", template("1"))
    assert reproduce(folder, tmp_path / "out", update=True)["status"].eq("done").all()
    shutil.copy(REPOSITORY / "notebooks" / "conftest.py", folder)
    shutil.rmtree(tmp_path / "out")
    (folder / "runs" / "甲市-2021" / "30.ipynb").unlink()
    (folder / "library.py").write_text(LIBRARY.replace("7", "6"), "utf-8")

    result = pytester.runpytest_inprocess(
        folder, "-v", "-p", "no:cacheprovider", "--continue-on-collection-errors", "-W", "error"
    )

    told = result.stdout.str()
    for cell in range(6):
        assert re.search(rf"10\.ipynb::甲市-2021::Cell {cell} PASSED", told)
    for cell, outcome in enumerate(["PASSED", "PASSED", "FAILED", "FAILED", "PASSED", "PASSED"]):
        assert re.search(rf"10\.ipynb::乙县-2020::Cell {cell} {outcome}", told)
    for cell, outcome in enumerate(["PASSED", "PASSED", "FAILED", "SKIPPED"]):
        assert re.search(rf"20\.ipynb::乙县-2020::Cell {cell} {outcome}", told)
    assert "_ 乙县-2020::Cell 2 _" in told
    assert re.search(r"no run of 30\.ipynb for 甲市-2021; run: govstats reproduce --update --case 甲市-2021", told)
    assert re.search(r"lists no case of 40\.ipynb", told)
    result.assert_outcomes(passed=12, failed=3, skipped=1, errors=2)


def test_one_cell_alone_runs_behind_those_before_it(folder: Path, tmp_path: Path, pytester: pytest.Pytester) -> None:
    write(folder, "10.ipynb", template("found = 5", "found + 1"), ("甲市", 2021))
    reproduce(folder, tmp_path / "out", update=True)
    shutil.copy(REPOSITORY / "notebooks" / "conftest.py", folder)
    result = pytester.runpytest_inprocess(f"{folder}/10.ipynb::甲市-2021::Cell 3", "-p", "no:cacheprovider", "-W", "error")
    result.assert_outcomes(passed=1)


def test_runs_that_were_just_made_are_compared_and_not_made_again(
    folder: Path, tmp_path: Path, pytester: pytest.Pytester
) -> None:
    output = tmp_path / "out"
    write(folder, "10.ipynb", template("open('made', 'a').write(agency)", "1 + 1"), ("甲市", 2021), ("乙县", 2020))
    reproduce(folder, output, update=True)
    run = folder / "runs" / "甲市-2021" / "10.ipynb"
    changed = nbformat.read(run, as_version=4)
    changed.cells[-1].outputs[0].data["text/plain"] = "3"
    nbformat.write(changed, run)
    kept = output / "乙县-2020" / "10.json"
    kept.write_text(json.dumps(json.loads(kept.read_text("utf-8")) | {"input_sha256": "of another package"}), "utf-8")
    (folder / "made").unlink()
    shutil.copy(REPOSITORY / "notebooks" / "conftest.py", folder)
    result = pytester.runpytest_inprocess(folder, f"--runs={output}", "-p", "no:cacheprovider", "-W", "error")
    result.assert_outcomes(passed=7, failed=1)
    assert re.search(r"FAILED .*10\.ipynb::甲市-2021::Cell 3", result.stdout.str())
    assert (folder / "made").read_text() == "乙县"


def test_the_collector_steps_aside_for_nbval(folder: Path, tmp_path: Path, pytester: pytest.Pytester) -> None:
    write(folder, "10.ipynb", template("1 + 1"), ("甲市", 2021))
    reproduce(folder, tmp_path / "out", update=True)
    shutil.copy(REPOSITORY / "notebooks" / "conftest.py", folder)
    result = pytester.runpytest_inprocess("--nbval", "--collect-only", "-q", folder / "runs", "-p", "no:cacheprovider")
    told = [line for line in result.stdout.lines if "::" in line]
    assert [line.rpartition("::")[2] for line in told] == ["Cell 0", "Cell 1", "Cell 2"]
