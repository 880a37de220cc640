"""Looking at reports with widgets, driven as a reader would, and the page that stays without a kernel."""

import re
import shutil
from pathlib import Path
from typing import Any

import IPython.display
import pytest

import govstats
from govstats import embedded
from govstats.errors import UnusableCells
from govstats.explorer import Explorer
from govstats.panel import Panel

TOTAL = ("review", "reconsideration", "total")
NEW = ("requests", "new", "total")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reports")
    for name in ("hongze-2023.html", "pingtan-2017.html", "pingtan-2019.html", "pingtan-2020.html", "pingtan-2021.html"):
        shutil.copy(embedded.folder() / "documents" / name, folder)
    return folder


@pytest.fixture(scope="module")
def panel(folder: Path) -> Panel:
    return govstats.read_corpus(folder)


def text(html: str) -> str:
    """Return what a viewer shows that strips styles and attributes."""
    return " ".join(re.sub("<[^>]*>", " ", re.sub("<style>.*?</style>", "", html, flags=re.DOTALL)).split())


def history(explorer: Explorer) -> list[str]:
    """Return the rows of the last table: the cell over the years."""
    rows = explorer.html().rpartition("<tbody>")[2].split("</tr>")[:-1]
    return [text(row) for row in rows]


def test_the_first_state_is_a_page_that_tells_all_of_a_failed_cell() -> None:
    explorer = govstats.explore(embedded.report("淮安市洪泽区人民政府", 2023))
    shown = text(explorer.html())
    assert explorer.cell == TOTAL  # 10 + 1 + 0 + 0 is 11, and 0 is printed
    assert "淮安市洪泽区人民政府 · 2023" in shown
    assert "(⚠︎1) 10 (⚠︎1) 1 (⚠︎1) 0 (⚠︎1) 0 (⚠︎1) 0" in shown
    assert "→ 0" in shown  # the document
    assert "重新排版，不是原件" in shown
    assert "T4S E fail 11 0 “行政复议”：结果维持 10＋结果纠正 1＋其他结果 0＋尚未审结 0＝11" in shown  # its edit
    assert "1 0 11 是 yes published" in shown  # its repair
    assert history(explorer) == ["2023 2021 0 0 件 reported"]


def test_a_click_tells_of_another_cell() -> None:
    explorer = govstats.explore(embedded.report("淮安市洪泽区人民政府", 2023), language="en")
    before = explorer.buttons[TOTAL].style
    explorer.buttons["review", "litigation_direct", "total"].click()
    shown = text(explorer.html())
    assert explorer.cell == ("review", "litigation_direct", "total")
    assert "litigation without prior reconsideration·total review/litigation_direct/total" in shown
    assert "T4S E pass 0 0" in shown
    assert "Its repairs 没有。 None." in shown
    assert explorer.buttons[explorer.cell].style is before
    assert explorer.buttons[TOTAL].style is not before


def test_agency_year_and_table_are_chosen_and_a_cell_has_its_history(panel: Panel, folder: Path) -> None:
    explorer = govstats.explore(panel, folder=folder)
    assert [label for label, _ in explorer.agency.options] == ["平潭综合实验区", "淮安市洪泽区人民政府"]
    assert (explorer.report.year, len(explorer.buttons)) == (2021, 10)  # the first table, as nothing fails
    explorer.year.value = 2020
    assert explorer.table.value == "requests"  # whose columns do not add up
    explorer.buttons[NEW].click()
    assert history(explorer) == ["2019 2019 23 23 件 reported", "2020 2019 21 21 件 reported", "2021 2021 70 70 件 reported"]
    assert "→ 21" in text(explorer.html())
    explorer.table.value = "review"
    assert {table for table, _, _ in explorer.buttons} == {"review"}
    explorer.year.value = 2017
    assert {table for table, _, _ in explorer.buttons} == {"statistics"}
    explorer.agency.value = "淮安市洪泽区人民政府"
    assert (explorer.report.year, explorer.cell) == (2023, TOTAL)


def test_a_panel_whose_folder_is_not_named_says_what_it_needs(panel: Panel) -> None:
    shown = text(govstats.explore(panel.only(agency="平潭综合实验区", year=2020)).html())
    assert "explore(panel, folder=" in shown
    assert "印作“6”" in shown


def test_a_table_that_is_not_there_has_no_cells() -> None:
    title = "某某局2021年政府信息公开工作年度报告\n信息内容\t本年处理决定数量\n行政处罚\t3\n行政强制\t0\n"
    explorer = govstats.explore(govstats.read(title.encode()))
    assert explorer.table.value == "proactive"
    explorer.table.value = "review"
    assert (explorer.buttons, explorer.cell) == ({}, None)
    assert "文件中没有这张表" in explorer.html()


def test_a_notebook_keeps_the_page_beside_the_widgets(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[dict[str, Any]] = []
    monkeypatch.setattr(IPython.display, "display", lambda data, **_: shown.append(data))
    explorer = govstats.explore(embedded.report("淮安市洪泽区人民政府", 2023))
    explorer._ipython_display_()
    page, widgets = shown
    assert explorer.html() in page["text/html"]
    assert "<script" not in page["text/html"]
    assert "http" not in page["text/html"]
    assert set(widgets) == {"application/vnd.jupyter.widget-view+json", "text/plain"}
    # the widgets hide the page while they live
    hidden = re.search(r"\.(govstats-\w{8}) { display: none; }", explorer._style.value)
    assert hidden is not None
    assert page["text/html"].startswith(f'<div class="{hidden[1]}">')


def test_what_is_neither_a_report_nor_a_panel_is_refused() -> None:
    with pytest.raises(UnusableCells, match=r"a str was given; expected a Report or a Panel.*应为年报或面板"):
        govstats.explore("report.pdf")  # type: ignore[arg-type]
