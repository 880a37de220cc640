"""A folder of documents becomes a panel: once, whatever happens in between."""

from __future__ import annotations

import errno
import gc
import itertools
import os
import re
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import psutil
import pyarrow.parquet as pq
import pytest

import govstats
from govstats import embedded
from govstats.errors import UnknownReport, UnreadableDocument, UnusablePanel, UnusableRegister
from govstats.export import export
from govstats.export.database import PANEL_TYPES, whole_table
from govstats.panel import MANIFEST, Panel, building, reading
from govstats.panel.building import Store
from govstats.report import CELL_TYPES

pytestmark = pytest.mark.usefixtures("uncommented")
FRAMES = ("reports", "cells", "claims", "notes", "findings", "vintages", "rules")


def copies(folder: Path, *slugs: str, suffix: str = ".html") -> Path:
    """Put documents of the embedded corpus into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for slug in slugs:
        shutil.copy(embedded.folder() / "documents" / f"{slug}{suffix}", folder)
    return folder


FOUR = ("pingtan-2022", "pingtan-2023", "mem-2021", "mem-2023")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return copies(tmp_path / "documents", *FOUR)


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Panel:
    """What is made of `folder` at once, by one process."""
    return govstats.read_corpus(copies(tmp_path_factory.mktemp("four") / "documents", *FOUR), processes=1)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Panel:
    """The embedded corpus: one document of each report, and of one report every format."""
    folder = tmp_path_factory.mktemp("corpus")
    (folder / "documents").mkdir()
    shutil.copy(embedded.folder() / "reports.csv", folder)
    for agency, year in embedded.register()[["agency", "year"]].itertuples(index=False, name=None):
        documents = embedded.documents(agency, year)
        for document in documents if (agency, year) == ("平潭综合实验区", 2025) else documents[:1]:
            shutil.copy(document, folder / "documents")
    return govstats.read_corpus(folder, output=tmp_path_factory.mktemp("built") / "panel")


def same(one: Panel, other: Panel) -> None:
    for name in FRAMES:
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name))


def rows_of_database(panel: Panel) -> dict[str, list[tuple[object, ...]]]:
    """Return the rows of the tables, and what the wide view makes of them, in an order of their own."""
    with duckdb.connect(str(panel.folder / "govstats.duckdb"), read_only=True) as connection:
        return {
            name: connection.execute(f"FROM {name} ORDER BY ALL").fetchall() for name in (*FRAMES, "variables", "rules", "wide")
        }


def chunks_read(output: Path) -> set[str]:
    return {path.parent.name for path in output.glob(".build/read-*/*/reports.parquet")}


# --- what it holds --------------------------------------------------------------------------------------------------------


def test_cells_are_those_of_the_documents(corpus: Panel) -> None:
    chosen = corpus.reports[corpus.reports["chosen"]]
    assert len(chosen) == len(embedded.register())
    for row in chosen.itertuples():
        report = govstats.read(embedded.folder() / str(row.source))
        found = corpus.cells[(corpus.cells["agency"] == row.agency) & (corpus.cells["year"] == row.year)]
        expected = report.cells.assign(agency=pd.Series(row.agency, index=report.cells.index, dtype="str"))
        pd.testing.assert_frame_equal(found.reset_index(drop=True), expected)
    assert len(corpus.cells) == chosen["cells"].sum()


def test_figures_are_the_transcribed_ones(corpus: Panel) -> None:
    keys = ["year", "table", "line", "column"]
    ours = corpus.cells[corpus.cells["agency"] == "平潭综合实验区"].set_index(keys)["printed"]
    theirs = embedded.figures("平潭综合实验区").set_index(keys)["printed"]
    assert ours.sort_index().to_dict() == theirs.sort_index().to_dict()


def test_one_document_of_each_report_is_chosen_and_the_others_are_kept(corpus: Panel) -> None:
    reports = corpus.reports
    assert not reports[reports["chosen"]].duplicated(["agency", "year"]).any()
    pingtan = reports[(reports["agency"] == "平潭综合实验区") & (reports["year"] == 2025)].set_index("format")
    assert pingtan["chosen"].to_dict() == {"html": True, "markdown": False, "pdf": False, "text": False}
    others = corpus.vintages[(corpus.vintages["agency"] == "平潭综合实验区") & (corpus.vintages["year"] == 2025)]
    assert others["source"].value_counts().to_dict() == dict.fromkeys(
        ["documents/pingtan-2025.md", "documents/pingtan-2025.pdf", "documents/pingtan-2025.txt"], 200
    )


def test_files_are_read_with_the_types_of_the_contract(corpus: Panel) -> None:
    cells = pd.read_parquet(corpus.folder / "cells.parquet")
    assert {name: str(dtype) for name, dtype in cells.dtypes.items()} == CELL_TYPES
    pd.testing.assert_frame_equal(cells, corpus.cells)


@pytest.mark.parametrize("library", ["pandas", "duckdb", "polars"])
def test_other_programs_read_the_files_as_the_page_says(library: str, corpus: Panel, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip(library, reason=f"{library} is not installed")
    page = (Path(__file__).parent.parent / "docs" / "panel.md").read_text("utf-8")
    (code,) = (block for block in re.findall("```python\n(.*?)```", page, re.DOTALL) if f"import {library}" in block)
    assert len([line for line in code.splitlines() if line]) == 3
    monkeypatch.chdir(corpus.folder.parent)
    names: dict[str, Any] = {}
    exec(code, names)
    found = names["received"].df() if library == "duckdb" else names["received"]
    rows = found.reset_index().to_numpy().tolist() if library == "pandas" else found.to_numpy().tolist()
    cells = corpus.cells[(corpus.cells["line"] == "new") & (corpus.cells["column"] == "total")]
    assert sum(count for *_, count in rows) == cells["value"].notna().sum()
    assert {2012, 2025} <= set(corpus.cells["year"])
    assert max(rows)[:2] == [2025, cells.loc[cells["year"] == 2025, "value"].sum()]


def test_part_of_a_panel(corpus: Panel) -> None:
    part = corpus.only(agency="平潭综合实验区", year=[2020, 2021])
    assert part.reports["year"].unique().tolist() == part.cells["year"].unique().tolist() == [2020, 2021]
    assert set(part.findings["agency"]) == {"平潭综合实验区"}
    assert set(corpus.only(year=2023).claims["report_year"]) == {2023}
    assert set(part.only(year=pd.Series([2021, 2022])).cells["year"]) == {2021}
    assert part.only(year=2022).cells.empty
    assert corpus.only(agency=[]).findings.empty
    with pytest.raises(UnknownReport, match=r"no reports of '平潭实验区'; expected one of its .*平潭综合实验区"):
        corpus.only(agency="平潭实验区")
    with pytest.raises(UnknownReport, match=r"no reports of 1999; it has 2012, .*面板中没有该年度的年报"):
        corpus.only(year=1999)
    assert set(corpus.only(year="2021").cells["year"]) == {2021}
    with pytest.raises(UnknownReport, match=r"no reports of 去年; it has 2012"):
        corpus.only(year="去年")


def test_coverage(corpus: Panel) -> None:
    state = corpus.coverage().set_index(["agency", "year"])["state"]
    assert state["平潭综合实验区"].to_dict() == {
        **dict.fromkeys([2012, 2015, 2017, 2019, 2021, 2022, 2023, 2024, 2025], "consistent"),
        **dict.fromkeys([2013, 2014, 2016, 2018], "missing"),
        2020: "inconsistent",
    }
    # tables lost; two blocks whose totals do not fit; two lines lost
    assert state["应急管理部", 2019] == "without tables"
    assert state["淮安市洪泽区人民政府", 2023] == "inconsistent"
    assert state["海东市应急管理局", 2021] == "incomplete"
    # most cells of table 3 are blank, so that few of its sums could be checked
    assert state["沭阳县发展和改革局", 2023] == "undecided"


def test_summary_counts_reports_by_rule_and_group(corpus: Panel) -> None:
    outcomes: dict[tuple[str, str, int], set[str]] = {}
    for row in corpus.findings.itertuples():
        outcomes.setdefault((str(row.rule), str(row.agency), int(str(row.year))), set()).add(str(row.status))
    levels = {(row.agency, row.year): row.level for row in corpus.reports[corpus.reports["chosen"]].itertuples()}
    expected: dict[tuple[str, Any], list[int]] = {}
    for (rule, agency, year), found in outcomes.items():
        worst = 1 if "fail" in found else 2 if "not_assessable" in found else 0
        expected.setdefault((rule, levels[agency, year]), [0, 0, 0])[worst] += 1

    summary = corpus.summary("level")
    counts = summary[["pass", "fail", "not_assessable"]]
    assert dict(zip(zip(summary["rule"], summary["level"], strict=True), counts.values.tolist(), strict=True)) == expected
    assert (counts.sum(axis=1) == summary["reports"]).all()
    # two totals of one report, 淮安市洪泽区人民政府 2023, were not filled in
    county = summary[(summary["rule"] == "T4S") & (summary["level"] == "county")].iloc[0]
    assert county[["pass", "fail", "failures", "failure_rate", "low", "high"]].tolist() == [10, 1, 2, 1 / 11, 1 / 11, 1 / 11]
    # nothing could be checked: there is no rate, and it may be anything
    changes = corpus.summary().set_index("rule")[["failure_rate", "low", "high"]].T["NC"]
    assert changes.isna().tolist() == [True, False, False]
    assert changes.tolist()[1:] == [0, 1]
    assert corpus.only(year=2023).summary(["year", "form"])[["year", "form"]].drop_duplicates().values.tolist() == [
        [2023, "2021"]
    ]
    with pytest.raises(UnusablePanel, match="by='size_of_town': expected a column"):
        corpus.summary("size_of_town")


def test_findings_are_those_of_each_report(corpus: Panel) -> None:
    """The rules within a report say the same of it alone and in a panel, also where its tables are lost."""
    within = "S01 S02 S03 S04 S06 NF NE T2I T2O1 T2O3 T3R T3C T3B T3S T4S A01".split()
    for row in corpus.reports[corpus.reports["chosen"]].itertuples():
        alone = govstats.reconcile(govstats.read(embedded.folder() / str(row.source)))
        found = corpus.findings[(corpus.findings["agency"] == row.agency) & (corpus.findings["year"] == row.year)]
        ours, theirs = (one[one["rule"].isin(within)].reset_index(drop=True) for one in (found, alone))
        pd.testing.assert_frame_equal(ours, theirs.assign(agency=ours["agency"]))
        assert set(theirs["rule"]) >= {"S02", "S06"}


def test_a_summary_is_not_held_against_a_sum_that_lacks_an_agency(tmp_path: Path) -> None:
    table = "<table><tr><td>信息内容<td>本年处理决定数量<tr><td>行政处罚<td>{}<tr><td>行政强制<td>0</table>"
    # 3 of one agency, and 5 of another whose document cannot be used
    for name, agency, penalties in (("all", "某县人民政府", 8), ("a", "某县甲局", 3)):
        title = f"<h1>{agency}2023年政府信息公开工作年度报告</h1>"
        (tmp_path / f"{name}.html").write_text(title + table.format(penalties), "utf-8")
    (tmp_path / "b.txt").write_text("本周食堂的菜单", "utf-8")
    lines = ["all,某县人民政府,2023,,true", "a,某县甲局,2023,某县人民政府,", "b,某县乙局,2023,某县人民政府,"]
    (tmp_path / "register.csv").write_text("slug,agency,year,parent,summary\n" + "\n".join(lines), "utf-8")
    for lost in (True, False):
        if not lost:
            (tmp_path / "b.txt").unlink()
        found = govstats.read_corpus(tmp_path, processes=1).findings.query("rule == 'XH'")
        assert found[["status", "message_zh"]].values.tolist() == [
            ["not_assessable", "所属机关的报告不全，无法与汇总比较，缺：某县乙局。"]
        ]
    title = "<h1>某县乙局2023年政府信息公开工作年度报告</h1>"
    (tmp_path / "b.html").write_text(title + table.format(5), "utf-8")
    assert set(govstats.read_corpus(tmp_path, processes=1).findings.query("rule == 'XH'")["status"]) == {"pass"}


def test_claims_know_the_report_they_stand_in(tmp_path: Path) -> None:
    title = "某县人民政府2023年政府信息公开工作年度报告"
    table = "<table><tr><td>信息内容<td>本年处理决定数量<tr><td>行政处罚<td>3<tr><td>行政强制<td>0</table>"
    (tmp_path / "a.html").write_text(
        f"<h1>{title}</h1><p>一、总体情况</p><p>2023年，收到政府信息公开申请12件，2022年收到政府信息公开申请9件。</p>{table}",
        "utf-8",
    )
    claims = govstats.read_corpus(tmp_path).claims
    assert sorted(claims[["year", "value", "report_year"]].values.tolist()) == [[2022, 9.0, 2023], [2023, 12.0, 2023]]


# --- what goes wrong ------------------------------------------------------------------------------------------------------


def test_one_bad_document_never_ends_a_run(folder: Path) -> None:
    (folder / "empty.html").touch()
    (folder / "other.txt").write_text("本周食堂的菜单", "utf-8")
    (folder / "cut.pdf").write_bytes((embedded.folder() / "documents" / "mem-2021.pdf").read_bytes()[:3000])
    (folder / "nameless.html").write_text(
        "<p>政府信息公开工作年度报告<table><tr><td>信息内容<td>本年处理决定数量<tr><td>行政处罚<td>3<tr><td>行政强制<td>0</table>",
        "utf-8",
    )
    (folder / "notes.csv").write_text("a,b", "utf-8")
    panel = govstats.read_corpus(folder)
    failed = panel.reports[panel.reports["error"].notna()].set_index("source")
    assert failed["error"].to_dict() == {
        "empty.html": "UnreadableDocument",
        "other.txt": "NotAnAnnualReport",
        "cut.pdf": "UnreadableDocument",
        "nameless.html": "UnknownIdentity",
    }
    assert "empty.html: the document is empty" in str(failed.loc["empty.html", "message"])
    assert panel.others == ["notes.csv"]
    assert panel.reports["chosen"].sum() == 4


def test_a_folder_without_reports(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    panel = govstats.read_corpus(tmp_path / "in")
    assert {name: len(getattr(panel, name)) for name in FRAMES if name != "rules"} == dict.fromkeys(FRAMES[:-1], 0)
    assert panel.coverage().empty
    with pytest.raises(UnreadableDocument, match="there is no such folder"):
        govstats.read_corpus(tmp_path / "nowhere")


def test_a_folder_that_holds_something_else_is_not_written_to(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UnusablePanel, match="is not empty and holds no panel"):
        govstats.read_corpus(folder, output=folder)
    with pytest.raises(UnusablePanel, match=r"panel\.json is missing"):
        Panel(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,value\na,1\n", "does not say which documents it is about"),
        ("document,year\na.html,二〇二三\n", "line 2: year is '二〇二三'; expected a year"),
        ("agency,year,summary\n某局,2021,perhaps\n", "line 2: summary is 'perhaps'; expected true or false"),
        ("agency,year,form\n某局,2021,2020\n", "line 2: form is '2020'; expected one of"),
        ("agency,year,published\n某局,2021,2022-13-01\n", "published is '2022-13-01'; expected a date"),
        ("agency,year\n某局,20210\n", "year is '20210'; expected a year"),
        ("agency,year,region_code\n某局,2021,999999\n", "region_code is '999999'; expected six digits"),
        (
            "document,year\na.html,2021\na.html,2020\n",
            r"column year of a.html is 2021 \(register.csv, line 2\), 2020 \(register.csv, line 3\)",
        ),
        ("document,agency\na.html,某局,2021\n", "another number of cells than the first line"),
    ],
)
def test_a_register_that_cannot_be_understood(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "register.csv").write_text(text, "utf-8")
    with pytest.raises(UnusableRegister, match=message):
        govstats.read_corpus(tmp_path)


def test_a_folder_holds_all_kinds_of_things(tmp_path: Path) -> None:
    inside = copies(tmp_path / "in", "mem-2023")
    name = os.fsdecode("年报".encode("gbk") + b".html")  # as archives packed in GBK leave them
    shutil.move(inside / "mem-2023.html", inside / name)
    (tmp_path / "away.txt").write_text("本周食堂的菜单", "utf-8")
    (inside / "link.txt").symlink_to(tmp_path / "away.txt")
    (inside / "broken.html").symlink_to(tmp_path / "nowhere")
    (inside / "folder.html").mkdir()
    (inside / "empty.html").touch()
    (inside / "same.html").touch()
    os.mkfifo(inside / "pipe.html")
    for _ in range(2):  # what failed is tried again
        panel = govstats.read_corpus(inside, output=inside / "out")
        reports = panel.reports.set_index("source")
        assert reports["error"].fillna("").to_dict() == {
            "\\xc4걨.html": "",
            "link.txt": "NotAnAnnualReport",
            "broken.html": "FileNotFoundError",
            "empty.html": "UnreadableDocument",
            "same.html": "UnreadableDocument",
        }
        assert str(reports.loc["same.html", "message"]).startswith("same.html: ")
        assert panel.others == ["pipe.html"]


def test_a_linked_document_that_changes_is_read_again(tmp_path: Path) -> None:
    page = "<h1>某县人民政府2023年政府信息公开工作年度报告</h1><table><tr><td>信息内容<td>本年处理决定数量"
    page += "<tr><td>行政处罚<td>{figure}<tr><td>行政强制<td>0</table>"
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.html").symlink_to(tmp_path / "away.html")
    for figure in (3, 4):
        (tmp_path / "away.html").write_text(page.format(figure=figure), "utf-8")
        panel = govstats.read_corpus(tmp_path / "in", output=tmp_path / "out")
        assert panel.cells.query("line == 'penalties'")["value"].tolist() == [figure]


def test_one_build_at_a_time(folder: Path, tmp_path: Path) -> None:
    store = Store(tmp_path / "out")
    store.kept.mkdir(parents=True)
    with store.alone(), pytest.raises(UnusablePanel, match="another build is writing"):
        govstats.read_corpus(folder, output=tmp_path / "out")


def test_a_panel_that_is_not_what_was_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside, output = copies(tmp_path / "in", "mem-2023", "mem-2021"), tmp_path / "out"
    panel = govstats.read_corpus(inside, output=output)
    (inside / "mem-2021.html").unlink()
    monkeypatch.setattr(building, "_write_database", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        govstats.read_corpus(inside, output=output)
    with pytest.raises(UnusablePanel, match="its build has not ended"):
        Panel(output)
    monkeypatch.undo()
    govstats.read_corpus(inside, output=output)
    with pytest.raises(UnusablePanel, match="another panel was built"):
        panel.cells  # noqa: B018
    manifest = output / MANIFEST
    manifest.write_text(manifest.read_text("utf-8").replace('"columns": "', '"columns": "0'), "utf-8")
    for refusing in (Panel, lambda folder: export(folder, tmp_path / "out.csv", "csv")):
        with pytest.raises(UnusablePanel, match="another version"):
            refusing(output)


def test_what_cannot_be_built(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UnusablePanel, match="cannot be written"):
        govstats.read_corpus(folder, output=tmp_path / "file" / "out")
    with pytest.raises(UnusablePanel, match="processes: 0"):
        govstats.read_corpus(folder, processes=0)
    with pytest.raises(UnreadableDocument, match="no folder can be opened"):
        govstats.read_corpus("nosuch://bucket")


# --- what the register says -----------------------------------------------------------------------------------------------


def test_the_register_is_believed_and_shows_what_is_missing(folder: Path) -> None:
    (folder / "register.csv").write_text(
        "document,agency,year,region_code,published\n"
        "pingtan-2022.html,某实验区管理委员会,2018,350128,2019-02-01\n"
        ",应急管理部,2021,,2022-01-29\n"
        ",应急管理部,2024,,\n",
        "utf-8",
    )
    panel = govstats.read_corpus(folder)
    renamed = panel.reports.set_index("source").loc["pingtan-2022.html"]
    assert (renamed["agency"], renamed["year"], renamed["region_code"]) == ("某实验区管理委员会", 2018, "350128")
    assert renamed["published"] == pd.Timestamp("2019-02-01")
    assert panel.reports.set_index("source").loc["mem-2021.html", "published"] == pd.Timestamp("2022-01-29")
    absent = panel.reports[panel.reports["error"] == "MissingDocument"]
    assert absent[["agency", "year"]].values.tolist() == [["应急管理部", 2024]]
    assert panel.coverage().set_index(["agency", "year"])["state"]["应急管理部", 2024] == "missing"


def test_a_register_that_names_what_is_not_there(folder: Path) -> None:
    (folder / "scan.ofd").touch()
    (folder / "register.csv").write_text(
        "document,agency,year\n"
        "pingtan-2202.html,平潭综合实验区管理委员会,2022\n"  # the report is there, under another name
        "scan.ofd,,\n"  # not of a kind that is read
        "gone.pdf,某县人民政府,2021\n"
        "mem-2021,应急管理部,2021\n",
        "utf-8",
    )
    panel = govstats.read_corpus(folder)
    absent = panel.reports[panel.reports["error"] == "MissingDocument"].sort_values("message")
    named = ["line 2, names 'pingtan-2202.html'", "line 3, names 'scan.ofd'", "line 4, names 'gone.pdf'"]
    assert all(name in message for name, message in zip(named, absent["message"], strict=True))
    assert absent["year"].astype(object).where(absent["year"].notna(), None).tolist() == [2022, None, 2021]
    assert absent["agency"].isna().tolist() == [False, True, False]
    assert not absent["chosen"].any()
    states = panel.coverage().set_index(["agency", "year"])["state"]
    assert states["某县人民政府", 2021] == "missing"
    assert states["应急管理部", 2021] != "missing"


def test_a_register_names_documents_and_agencies_as_one_writes_them(tmp_path: Path) -> None:
    for name in ("a/report.html", "b/report.html"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(f"<h1>2023年政府信息公开工作年度报告</h1><p>一、总体情况</p><p>{name}</p>", "utf-8")
    register = pd.DataFrame({"document": ["a/report.html"], "agency": ["中华人民共和国应急管理部"], "year": [2022.0]})
    register["region_code"] = [350128.0]
    reports = govstats.read_corpus(tmp_path, register=register).reports.set_index("source")
    assert reports.loc[["a/report.html"], ["agency", "year", "region_code"]].values.tolist() == [["应急管理部", 2022, "350128"]]
    assert reports.loc["b/report.html", "error"] == "UnknownIdentity"
    assert len(reports) == 2
    with pytest.raises(UnusableRegister, match=r"is the name of 2 documents, a/report\.html, b/report\.html"):
        govstats.read_corpus(tmp_path, register=register.assign(document="report.html"))


@pytest.mark.parametrize(
    ("lost", "first"),
    [
        # one row of the page: a text that shows a cell more is still a copy of it
        (r"<tr>(?:(?!</tr>).)*行政强制.*?</tr>", "pingtan-2025.html"),
        # a whole table: what the page no longer shows the text does
        (r"<p><strong>三、收到.*?(?=<p><strong>四、)", "pingtan-2025.txt"),
    ],
)
def test_of_copies_that_read_nearly_as_well_the_one_closest_to_the_original_is_chosen(
    tmp_path: Path, lost: str, first: str
) -> None:
    folder = copies(copies(tmp_path / "in", "pingtan-2025"), "pingtan-2025", suffix=".txt")
    page = (folder / "pingtan-2025.html").read_text("utf-8")
    shorter = re.sub(lost, "", page, count=1, flags=re.DOTALL)
    assert len(shorter) < len(page)
    (folder / "pingtan-2025.html").write_text(shorter, "utf-8")
    reports = govstats.read_corpus(folder).reports
    assert reports.loc[reports["chosen"], "source"].tolist() == [first]
    assert reports["recognised"].tolist() == [0, 0]


def test_the_earliest_vintage_counts(tmp_path: Path) -> None:
    folder = copies(tmp_path / "in", "pingtan-2025")
    page = (folder / "pingtan-2025.html").read_text("utf-8")
    first = (
        govstats.read(page.encode()).cells.query("table == 'requests' and line == 'new' and column == 'total'")["printed"].item()
    )
    assert page.count(f"<p>{first}</p>") >= 1
    (folder / "again.html").write_text(page.replace(f"<p>{first}</p>", "<p>999999</p>"), "utf-8")
    (folder / "register.csv").write_text("document,published\nagain.html,2026-07-01\npingtan-2025.html,2026-03-10\n", "utf-8")
    panel = govstats.read_corpus(folder)
    reports = panel.reports.set_index("source")
    assert reports["vintage"].to_dict() == {"pingtan-2025.html": 1, "again.html": 2}
    assert reports["chosen"].to_dict() == {"pingtan-2025.html": True, "again.html": False}
    key = "table == 'requests' and line == 'new' and column == 'total'"
    assert panel.cells.query(key)["printed"].item() == first
    assert panel.vintages.query(key)[["printed", "vintage"]].values.tolist() == [["999999", 2]]
    republished = panel.findings.query("rule == 'XV' and status == 'fail'")
    assert "requests/new/total" in republished["cells"].str.cat()


def test_namesakes_are_not_taken_for_one_agency(tmp_path: Path) -> None:
    page = "<h1>鼓楼区人民政府{year}年政府信息公开工作年度报告</h1>{place}<table><tr><td>信息内容<td>本年处理决定数量"
    page += "<tr><td>行政处罚<td>{figure}<tr><td>行政强制<td>0</table>"
    for name, values in {
        "a": {"year": 2021, "figure": 3, "place": ""},
        "b": {"year": 2021, "figure": 4, "place": ""},
        "c": {"year": 2022, "figure": 5, "place": ""},
        "d": {"year": 2021, "figure": 6, "place": "<p>本报告由福州市鼓楼区人民政府编制。</p>"},
    }.items():
        (tmp_path / f"{name}.html").write_text(page.format(**values), "utf-8")
    panel = govstats.read_corpus(tmp_path)
    reports = panel.reports.set_index("source")
    assert reports["error"].dropna().to_dict() == {"a.html": "UnknownIdentity", "b.html": "UnknownIdentity"}
    assert "name them in register.csv" in str(reports.loc["a.html", "message"])
    assert reports.loc[["c.html", "d.html"], "agency"].tolist() == ["鼓楼区人民政府", "福州市鼓楼区人民政府"]
    assert panel.notes.query("kind == 'undecided_agency'")[["agency", "year"]].values.tolist() == [["鼓楼区人民政府", 2022]]

    agencies = tmp_path / "agencies.csv"
    agencies.write_text("printed,agency\n鼓楼区人民政府,南京市鼓楼区人民政府\n", "utf-8")
    corrected = govstats.read_corpus(tmp_path, agencies=agencies).reports.set_index("source")
    assert corrected.loc["c.html", "agency"] == "南京市鼓楼区人民政府"


def test_a_name_that_was_decided_since_is_noted_no_more(tmp_path: Path) -> None:
    page = "<h1>鼓楼区人民政府2022年政府信息公开工作年度报告</h1><p>一、总体情况</p>"
    (tmp_path / "a.html").write_text(page, "utf-8")
    known = pd.DataFrame({"printed": ["鼓楼区人民政府"], "agency": ["鼓楼区人民政府"], "region_code": ["320106"]})
    for agencies, noted in ((None, True), (known, False)):
        panel = govstats.read_corpus(tmp_path, output=tmp_path / ".out", agencies=agencies)
        assert ("undecided_agency" in panel.notes["kind"].tolist()) == noted


# --- once ----------------------------------------------------------------------------------------------------------------


def test_what_was_read_is_not_read_again(folder: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    govstats.read_corpus(folder, output=output)
    before = chunks_read(output)
    copies(folder, "pingtan-2024")
    (folder / "pingtan-2022.html").rename(folder / "moved.html")
    (folder / "mem-2021.html").touch()
    added = govstats.read_corpus(folder, output=output)
    new = chunks_read(output) - before
    assert before <= chunks_read(output)
    assert sum(len(pd.read_parquet(path)) for name in new for path in output.glob(f".build/read-*/{name}/reports.parquet")) == 1
    assert "moved.html" in set(added.reports["source"])
    fresh = govstats.read_corpus(folder, output=tmp_path / "fresh", processes=2)
    same(added, fresh)
    assert rows_of_database(added) == rows_of_database(fresh)
    for name in [MANIFEST, *(f"{table}.parquet" for table in PANEL_TYPES)]:
        assert (output / name).read_bytes() == (tmp_path / "fresh" / name).read_bytes(), name


def test_sentences_that_the_project_wrote_are_not_compared(folder: Path) -> None:
    def compared() -> set[str]:
        findings = govstats.read_corpus(folder).findings
        of_texts = findings[(findings["rule"] == "XD") & findings["table"].isna()]
        return set(of_texts["agency"])

    assert compared() == set()
    for year in (2022, 2023):  # a page that is not of the corpus, with sentences enough
        page = (folder / f"pingtan-{year}.html").read_bytes()
        own = "".join(chr(0x4E00 + place) for place in range(200)).encode("utf-8" if year == 2022 else "gb18030")
        (folder / f"pingtan-{year}.html").write_bytes(page.replace(b"</body>", b"<p>" + own + b"</p></body>"))
    assert compared() == {"平潭综合实验区"}


def test_documents_that_are_gone_are_gone(folder: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    govstats.read_corpus(folder, output=output)
    (folder / "pingtan-2023.html").unlink()
    (folder / "mem-2021.html").write_bytes((folder / "mem-2023.html").read_bytes())
    same(govstats.read_corpus(folder, output=output), govstats.read_corpus(folder))


def test_a_build_that_was_interrupted_goes_on(
    folder: Path, fresh: Panel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "out"
    monkeypatch.setattr("govstats.panel.reading._CHUNK_COST", 1)
    read, stop = reading.read_documents, KeyboardInterrupt()

    def interrupted(*given: object, **named: object) -> Iterator[object]:
        for number, chunk in enumerate(read(*given, **named)):  # type: ignore[arg-type]
            if number == 2:
                raise stop
            yield chunk

    monkeypatch.setattr(building, "read_documents", interrupted)
    with pytest.raises(KeyboardInterrupt):
        govstats.read_corpus(folder, output=output)
    assert len(chunks_read(output)) == 2
    monkeypatch.setattr(building, "read_documents", read)
    panel = govstats.read_corpus(folder, output=output)
    assert len(chunks_read(output)) == 4
    same(panel, fresh)


def test_a_copy_is_a_document_of_its_own_and_counted_once(folder: Path) -> None:
    shutil.copy(folder / "mem-2021.html", folder / "a-copy.html")
    panel = govstats.read_corpus(folder)
    mem = panel.reports[(panel.reports["agency"] == "应急管理部") & (panel.reports["year"] == 2021)]
    assert mem.set_index("source")["chosen"].to_dict() == {"a-copy.html": True, "mem-2021.html": False}
    assert not panel.cells.duplicated(["agency", "year", "table", "line", "column"]).any()


# --- what is kept proves itself -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, dict[str, pd.DataFrame]]:
    """A folder, a panel of it, and the frames of that."""
    inside, output = copies(tmp_path_factory.mktemp("in"), "mem-2021", "mem-2023"), tmp_path_factory.mktemp("kept") / "out"
    panel = govstats.read_corpus(inside, output=output)
    return inside, output, {name: getattr(panel, name) for name in FRAMES}


def files_of(output: Path) -> dict[str, bytes]:
    return {str(path.relative_to(output)): path.read_bytes() for path in sorted(output.rglob("*")) if path.is_file()}


def same_or_refused(output: Path, frames: dict[str, pd.DataFrame]) -> bool:
    """Tell whether a panel is refused where it is damaged; every frame that is not refused is the one that was written."""
    refused = False
    for name, frame in frames.items():
        try:
            pd.testing.assert_frame_equal(getattr(Panel(output), name), frame)
        except UnusablePanel:
            refused = True
    for name in PANEL_TYPES:  # those too that no frame is made of
        try:
            whole_table(output, name)
        except UnusablePanel:
            refused = True
    return refused


def test_one_bit_of_each_kept_file(kept: tuple[Path, Path, dict[str, pd.DataFrame]], tmp_path: Path) -> None:
    inside, output, frames = kept
    written = files_of(output)
    assert len(written) == 9 + 2 + 6 + 2  # the panel, its manifest and database; the chunk, its digests and the lock
    for number, (name, content) in enumerate(written.items()):
        if not content:  # the lock
            continue
        place = len(content) // 2
        (output / name).write_bytes(content[:place] + bytes([content[place] ^ (1 << number % 8)]) + content[place + 1 :])
        refused = same_or_refused(output, frames)
        assert refused == (name in {f"{table}.parquet" for table in PANEL_TYPES} | {MANIFEST}), name
        if name.endswith(".parquet") and "/" not in name:
            with pytest.raises(UnusablePanel, match=r"is not what the build wrote.*已读的年报不会重读"):
                export(output, tmp_path / "out.csv", "csv")
        if "/" in name:
            govstats.read_corpus(inside, output=output)
            assert not same_or_refused(output, frames), name
            assert (output / name).read_bytes() == content, name
        else:  # every build makes it anew
            (output / name).write_bytes(content)


@pytest.mark.parametrize("damage", ["truncated", "emptied", "deleted"])
def test_kept_files_that_are_cut_or_gone(damage: str, kept: tuple[Path, Path, dict[str, pd.DataFrame]], tmp_path: Path) -> None:
    inside, output, frames = kept
    for kinds in ((MANIFEST, "govstats.duckdb"), ("*.parquet", "*/*/*/*.parquet"), ("*/*/*/sha256.json",)):
        for kind in kinds:
            for path in output.glob(kind):
                path.write_bytes(path.read_bytes()[: path.stat().st_size // 2 if damage == "truncated" else 0])
                if damage == "deleted":
                    path.unlink()
            if kind in ("*.parquet", MANIFEST):
                assert same_or_refused(output, frames)
                with pytest.raises(UnusablePanel):
                    export(output, tmp_path / "out.csv", "csv")
        govstats.read_corpus(inside, output=output)
        assert not same_or_refused(output, frames)


#: What writes to the disk, and what puts a file in its place or takes it away.
WRITES: tuple[tuple[Any, str], ...] = (
    (os, "fsync"),
    (Path, "replace"),
    (Path, "unlink"),
    (Path, "mkdir"),
    (Path, "write_text"),
    (pq, "write_table"),
    (pq.ParquetWriter, "write_table"),
)


#: Builds take a second: one in so many of the writes is tried, or with GOVSTATS_EVERY_WRITE=1 each of them.
STEP = 1 if os.environ.get("GOVSTATS_EVERY_WRITE") else 9


def before_every_write(act: Callable[[int], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """Do something before the first, the second … operation on the disk."""
    number = itertools.count()

    def watched(write: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:
            act(next(number))
            return write(*given, **named)

        return call

    for holder, name in WRITES:
        monkeypatch.setattr(holder, name, watched(getattr(holder, name)))


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """A folder of two reports, a panel of one of them, and one of both that was made at once."""
    inside = copies(tmp_path_factory.mktemp("in"), "mem-2021")
    old, fresh = (tmp_path_factory.mktemp(name) / "out" for name in ("old", "fresh"))
    govstats.read_corpus(inside, output=old)
    govstats.read_corpus(copies(inside, "mem-2023"), output=fresh)
    return inside, old, fresh


def panel_files(output: Path) -> dict[str, bytes]:
    """Return what a panel is: its tables and its manifest, and that nothing unfinished lies beside them."""
    assert not [*output.glob(".unfinished*"), *output.glob(".build/making-*"), *output.glob(".build/*/.unfinished*")]
    return {name: (output / name).read_bytes() for name in [MANIFEST, *(f"{table}.parquet" for table in PANEL_TYPES)]}


def test_what_a_killed_build_leaves_is_refused_or_whole_and_the_next_one_ends_it(
    grown: tuple[Path, Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk as it is before every write: what a process leaves that is killed there."""
    inside, old, fresh = grown
    output = tmp_path / "out"
    shutil.copytree(old, output)
    with monkeypatch.context() as patch:
        copied = shutil.copytree
        left: list[Path] = []
        copying: list[int] = []

        def keep(number: int) -> None:
            if number % STEP == 0 and not copying:  # which writes too
                copying.append(number)
                left.append(tmp_path / f"left-{number}")
                copied(output, left[-1])
                copying.pop()

        before_every_write(keep, patch)
        govstats.read_corpus(inside, output=output)
    whole = panel_files(fresh)
    assert panel_files(output) == whole
    assert len(left) > 20 / STEP
    for one in left:
        with suppress(UnusablePanel):  # else a panel stands there, the old or the new one
            assert len(Panel(one).reports) == len(pd.read_parquet(one / "reports.parquet"))
        govstats.read_corpus(inside, output=one)
        assert panel_files(one) == whole, one.name
        shutil.rmtree(one)


def test_a_write_that_fails_is_told_and_the_next_build_ends_it(
    grown: tuple[Path, Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside, old, fresh = grown
    whole, told = panel_files(fresh), 0
    for failing in itertools.count(step=STEP):
        output = tmp_path / f"out-{failing}"
        shutil.copytree(old, output)
        done = -1

        def fail(number: int, failing: int = failing) -> None:
            nonlocal done
            done = number
            if number == failing:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        with monkeypatch.context() as patch:
            before_every_write(fail, patch)
            try:
                govstats.read_corpus(inside, output=output)
            except UnusablePanel as error:
                assert "cannot be written: [Errno 28] No space left on device; make room" in str(error)  # noqa: PT017
                told += 1
        if done < failing:  # there are no more
            break
        govstats.read_corpus(inside, output=output)
        assert panel_files(output) == whole, failing
        shutil.rmtree(output)
    assert told > 20 / STEP


# --- many processes, many machines, other file systems --------------------------------------------------------------------


def test_processes_give_the_same_panel(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("govstats.panel.reading._CHUNK_COST", 1)
    monkeypatch.setattr("govstats.panel.building._BATCH", 1)
    panel = govstats.read_corpus(folder, processes=2)
    same(panel, govstats.read_corpus(folder, processes=1))
    groups = {name: pq.ParquetFile(panel.folder / f"{name}.parquet").num_row_groups for name in FRAMES}
    assert groups == dict.fromkeys(FRAMES, 2) | {"reports": 1, "rules": 1}  # an agency each


def test_processes_that_recognise_pictures_share_the_cores(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[int] = []

    def read_by(_: object, __: object, read: Any, ___: object) -> list[Any]:
        threads.append(read.args[0]["threads"])
        return []

    monkeypatch.setattr(reading, "cpu_count", lambda: 8)
    monkeypatch.setattr(reading, "local_executor", int)
    monkeypatch.setattr(reading, "_read_by", read_by)
    place = reading.Folder.of(folder)
    for processes in (1, 3, 16):
        assert list(reading.read_documents(place, place.documents(None)[0], tmp_path, client=None, processes=processes)) == []
    assert threads == [8, 2, 1]


def test_a_bucket_is_a_folder(folder: Path, fresh: Panel) -> None:
    same(govstats.read_corpus(f"file://{folder}"), fresh)


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Panel]:
    """Documents that differ in nothing but their agency, and what one process makes of them."""
    folder = copies(tmp_path_factory.mktemp("crowd") / "documents", "pingtan-2022")
    page = (folder / "pingtan-2022.html").read_text("utf-8")
    for name in "甲乙丙丁戊己庚辛壬癸":
        (folder / f"{name}.html").write_text(page.replace("平潭综合实验区", f"示例{name}县人民政府"), "utf-8")
    return folder, govstats.read_corpus(folder, processes=1)


@pytest.fixture
def tidy() -> Iterator[None]:
    """Let what a killed process leaves open be collected in the test that killed it, and not fail a later one."""
    yield
    gc.collect()


#: Up to so many bytes multiprocessing writes a message at once.
LONG_MESSAGE = 16_384


def kill_when_a_chunk_is_kept(victim: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kill a process that reads in the midst of its work."""
    keep = Store.add

    def keep_and_kill(store: Store, tables: reading.Tables) -> None:
        keep(store, tables)
        with suppress(psutil.NoSuchProcess):
            psutil.Process(victim).kill()

    monkeypatch.setattr(Store, "add", keep_and_kill)


@pytest.mark.usefixtures("tidy")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_killed_process_costs_nothing_but_time(crowd: tuple[Path, Panel], monkeypatch: pytest.MonkeyPatch) -> None:
    folder, alone = crowd
    monkeypatch.setattr("govstats.panel.reading._CHUNK_COST", 1)
    victim = reading.local_executor(2).submit(os.getpid).result()
    kill_when_a_chunk_is_kept(victim, monkeypatch)
    panel = govstats.read_corpus(folder, processes=2)
    with suppress(psutil.NoSuchProcess):
        assert psutil.Process(victim).status() == psutil.STATUS_ZOMBIE
    assert panel.reports["error"].isna().all()
    same(panel, alone)


def killed_in_a_long_message(size: int) -> bytes:
    """Return so many bytes from a process that is killed when it writes a message to its pipe which takes several writes."""
    send = Connection._send  # type: ignore[attr-defined]

    def dies(connection: Connection, content: bytes) -> None:
        if len(content) > LONG_MESSAGE:
            os.write(connection.fileno(), content[:5])
            os.kill(os.getpid(), signal.SIGKILL)
        send(connection, content)

    Connection._send = dies  # type: ignore[attr-defined]
    return bytes(size)


def test_what_a_process_returns_cannot_be_cut_off_on_its_way() -> None:
    """A process that was killed while it wrote to the pipe left the others, and the build, waiting for ever."""
    try:
        assert reading.local_executor(2).submit(killed_in_a_long_message, 10**6).result(timeout=60) == bytes(10**6)
    finally:
        reading.local_executor(2).shutdown()


@pytest.mark.usefixtures("tidy")
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")
def test_a_cluster_gives_the_same_panel_and_may_lose_a_worker(crowd: tuple[Path, Panel], monkeypatch: pytest.MonkeyPatch) -> None:
    distributed = pytest.importorskip("distributed")
    folder, alone = crowd
    monkeypatch.setattr("govstats.panel.reading._CHUNK_COST", 1)
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, processes=True) as cluster,
        distributed.Client(cluster) as client,
    ):
        kill_when_a_chunk_is_kept(next(iter(client.run(os.getpid).values())), monkeypatch)
        panel = govstats.read_corpus(folder, client=client)
    assert panel.reports["error"].isna().all()
    same(panel, alone)
