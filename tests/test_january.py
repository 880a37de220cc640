"""A new year's reports beside those of the year before."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import govstats
from govstats import embedded
from govstats.cli import main
from govstats.errors import UnknownReport
from govstats.january import NewYear, new_year
from govstats.panel import Panel

pytestmark = pytest.mark.usefixtures("uncommented")
PINGTAN, STCSM, HONGZE, MEM = "平潭综合实验区", "上海市科学技术委员会", "淮安市洪泽区人民政府", "应急管理部"
REAL = Path(__file__).parent.parent.parent / "shared" / "reports"
#: 平潭 is a government and published on its last day, 上海市科委 a department that published a day late.
REGISTER = "slug,agency,year,published\npingtan-2024,,,2025-03-31\nstcsm-2024,,,2025-02-01\n"


def folder_of(path: Path, *names: str, register: str = "") -> Path:
    path.mkdir()
    for name in names:
        shutil.copy(embedded.folder() / "documents" / name, path)
    if register:
        (path / "register.csv").write_text(register, "utf-8")
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    names = ("pingtan-2023.html", "pingtan-2024.html", "stcsm-2024.md", "hongze-2023.html", "mem-2023.txt")
    folder = folder_of(tmp_path_factory.mktemp("january") / "reports", *names, register=REGISTER)
    (folder / "menu.txt").write_text("本周食堂的菜单", "utf-8")
    return folder


@pytest.fixture(scope="module")
def new(folder: Path) -> NewYear:
    return govstats.new_year(folder)


def test_what_came_what_is_missing_and_what_is_late(new: NewYear) -> None:
    assert new.year == 2024
    reports = new.reports.set_index("agency")
    assert reports["state"].to_dict() == {MEM: "missing", STCSM: "consistent", HONGZE: "missing", PINGTAN: "consistent"}
    assert new.new["agency"].tolist() == [STCSM, PINGTAN]
    assert reports["last"].astype(object).where(reports["last"].notna(), None).to_dict() == {
        MEM: 2023,
        STCSM: None,
        HONGZE: 2023,
        PINGTAN: 2023,
    }
    # 31 January is day 30 after 1 January, 1 February day 31; 31 March of 2025 is day 31 + 28 + 30
    assert reports.loc[[STCSM, PINGTAN], ["days", "timing"]].values.tolist() == [[31, "late"], [89, "in_time"]]
    assert reports.loc[[MEM, HONGZE], "timing"].isna().all()
    assert new.unusable["source"].tolist() == ["menu.txt"]


def test_a_date_that_is_not_known_is_neither_in_time_nor_late(tmp_path: Path) -> None:
    undated = new_year(folder_of(tmp_path / "in", "stcsm-2024.md"))
    assert undated.reports[["timing", "days"]].astype(object).values.tolist()[0][0] == "not_assessable"
    assert undated.reports["days"].isna().all()
    # nothing was compared, which is not to say that nothing is wrong
    assert undated.summary("zh").endswith("没有一份能与上年年报比对。")
    late = folder_of(tmp_path / "late", "pingtan-2024.html", register="slug,published\npingtan-2024,2025-04-01\n")
    assert new_year(late).reports["timing"].tolist() == ["late"]


def test_what_changed(new: NewYear) -> None:
    changes = new.changes.set_index(["agency", "name"])
    pingtan = changes.loc[PINGTAN]
    # received 81 and 218, granted in full or part (22 + 20) / 81 and (71 + 29) / 218, litigation 5 + 2 and 0 + 19
    figures = pingtan.loc[["requests_received", "litigation"], ["before", "value", "change", "status"]]
    assert figures.values.tolist() == [[81, 218, 137, "compared"], [7, 19, 12, "compared"]]
    assert pingtan.loc["disclosure_rate", "change"] == pytest.approx(100 / 218 - 42 / 81)
    # nothing to compare with, which is no change of zero; and a blank, which is no figure
    stcsm = changes.loc[STCSM]
    assert stcsm.loc[["requests_received", "requests_carried_out"], "status"].tolist() == ["no_report_before", "blank"]
    assert stcsm["change"].isna().all()
    shown = new.table_of_changes().set_index("agency")
    received = "本年新收申请 requests received this year"
    assert shown.loc[[PINGTAN, STCSM], received].tolist() == ["81 → 218", "… → 34"]
    assert shown.loc[STCSM, "结转下年度申请 requests carried over to the next year"] == "空白 blank"


def test_what_a_form_gave_another_meaning_is_not_subtracted(tmp_path: Path) -> None:
    # the report of 2017 taken for one of 2018, the last year of the old annex
    folder = folder_of(tmp_path / "in", "pingtan-2017.html", "pingtan-2019.html", register="slug,year\npingtan-2017,2018\n")
    changes = new_year(folder).changes.set_index("name")
    # the annex had no carry-over, so that requests are counted otherwise; lawsuits are the same in both
    both = changes.loc[["requests_received", "litigation"]]
    assert both[["before", "value", "status"]].to_numpy().tolist() == [[0, 23, "break"], [0, 0, "compared"]]
    assert both["change"].isna().to_list() == [True, False]


def test_a_report_that_contradicts_itself_is_marked_on_its_own_side(tmp_path: Path) -> None:
    # 平潭 2020: results that come to 27 under a total of 21
    new = new_year(folder_of(tmp_path / "in", "pingtan-2020.html", "pingtan-2021.html"))
    processed = new.changes.set_index("name").loc["requests_processed"]
    assert (processed["before"], processed["value"]) == (21, 69)
    assert (processed["contradicted_before"], processed["contradicted"]) == (True, False)
    text = new.table_of_changes()["本年办结申请 requests processed this year"].item()
    assert text == "21（自相矛盾 contradicts itself） → 69"


def test_what_does_not_follow(new: NewYear) -> None:
    # in force 470 + 62 issued - 33 repealed = 499, printed 440; one lawsuit pending, and none in all a year later
    failed = new.failed[["rule", "severity", "agency", "expected", "reported"]].values.tolist()
    assert failed == [["T2Y", "W", PINGTAN, 499, 440], ["T4Y", "I", PINGTAN, 1, 0]]
    counts = new.reports.set_index("agency")[["agree", "disagree", "not_assessable"]]
    assert counts.loc[PINGTAN, "disagree"] == 2
    assert counts.loc[STCSM].isna().all()  # without a report of the year before there is nothing that agrees
    totals = new.chain[new.chain["column"] == "total"]
    assert totals[["agency", "carried_out", "carried_in", "status"]].values.tolist() == [[PINGTAN, 0, 0, "agree"]]


RULES = """
[[rules]]
id = "MY{number}"
severity = "W"
title_zh = "结转与新收"
[[rules.edits]]
table = "requests"
each = "report"
relation = ">="
left = ["{more}"]
right = ["{less}"]
"""


def test_rules_of_ones_own_are_among_the_findings(folder: Path, tmp_path: Path) -> None:
    carried_in = "requests/carried_in/total"
    one = RULES.format(number=1, more="before.requests/new/total", less=carried_in)
    (tmp_path / "rules.toml").write_text(one + RULES.format(number=2, more=carried_in, less="requests/new/total"), "utf-8")
    new = new_year(govstats.read_corpus(folder, rules=tmp_path / "rules.toml", processes=1), 2024)
    # 平潭 received 81 in 2023, carried nothing over and received 218
    own = new.findings[new.findings["rule"].isin(["MY1", "MY2"]) & new.findings["agency"].eq(PINGTAN)]
    assert own[["rule", "status"]].values.tolist() == [["MY2", "fail"], ["MY1", "pass"]]
    assert "MY2" in set(new.failed["rule"])


def test_the_sentence_counts_what_the_frames_say(new: NewYear) -> None:
    assert new.summary("zh") == (
        "2024 年度：有年报的机关 2 个，未见年报 2 个，文件无法使用 0 个。公布逾期 1 份，按时 1 份，无从判断 0 份。"
        "含有不可能正确之处的 0 份。"
        "能与上年年报比对的 1 份：不可能正确 0 处（E），多半有误或须说明 1 处（W），值得查看 1 处（I）。"
    )
    assert "2024: agencies with a report 2, without one 2" in new.summary("en")


def test_sentences_of_our_own_are_nobodys_reuse(tmp_path: Path) -> None:
    ours = folder_of(tmp_path / "ours", "pingtan-2019.html", "pingtan-2020.html")
    panel = govstats.read_corpus(ours)
    assert panel.findings.query("rule == 'XD' and status == 'fail'").empty
    assert new_year(panel).failed.empty
    for path in ours.glob("*.html"):
        path.write_text(path.read_text("utf-8") + "\n", "utf-8")  # another document, whoever wrote it
    assert new_year(ours).failed["rule"].tolist() == ["XD"]


def test_a_document_that_cannot_be_used_is_not_a_missing_report(tmp_path: Path) -> None:
    register = "slug,agency,year\npingtan-2025,平潭综合实验区,2025\n,某某局,2025\n"
    folder = folder_of(tmp_path / "in", "pingtan-2024.html", register=register)
    (folder / "pingtan-2025.pdf").write_bytes(b"%PDF-1.7 cut off")
    new = new_year(folder, 2025)
    # the register expects a report of 某某局, which never had one
    assert new.reports.set_index("agency")["state"].to_dict() == {PINGTAN: "failed", "某某局": "missing"}
    assert new.changes.empty
    assert new.new.empty
    assert "文件无法使用 1 个" in new.summary("zh")
    # a report of other years is no matter of these
    (folder / "register.csv").write_text(f"{register},某局,2019\n", "utf-8")
    assert new_year(folder, 2025).unusable["year"].tolist() == [2025, 2025]


def test_what_somebody_dismissed_does_not_fail(new: NewYear, folder: Path) -> None:
    decided = govstats.adjudicate(new.panel, new.failed.head(1), "dismissed", by="Li", reason="explained")
    panel = govstats.read_corpus(folder, adjudications=decided)
    assert new_year(panel, new.year).failed["rule"].tolist() == ["T4Y"]


def test_a_year_of_which_nothing_came_yet(new: NewYear) -> None:
    nothing = new_year(new.panel, 2025)
    assert nothing.reports["state"].tolist() == ["missing"] * 4
    assert nothing.table_of_changes().empty
    with pytest.raises(UnknownReport, match="no reports of 2029"):
        new_year(new.panel, 2030)


def test_a_folder_without_reports(tmp_path: Path) -> None:
    (tmp_path / "menu.txt").write_text("本周食堂的菜单", "utf-8")
    with pytest.raises(UnknownReport, match="no report of a known year"):
        new_year(tmp_path)


# the command


@pytest.fixture
def notebooks(tmp_path: Path) -> Path:
    """Notebooks that only say what they were given."""
    folder = tmp_path / "notebooks"
    folder.mkdir()
    for name in ("10_one", "20_error", "30_years", "40_agencies", "50_claims", "60_new_year"):
        cells = [
            {"cell_type": "markdown", "id": "title", "metadata": {}, "source": f"# {name}"},
            {
                "cell_type": "code",
                "execution_count": None,
                "outputs": [],
                "id": "defaults",
                "metadata": {"tags": ["parameters"]},
                "source": "agency, year, folder = '', None, ''",
            },
        ]
        notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
        (folder / f"{name}.ipynb").write_text(json.dumps(notebook), "utf-8")
    return folder


def test_the_command_reruns_what_is_new_and_ends_with_a_page(
    folder: Path, notebooks: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, own = tmp_path / "out", tmp_path / "own"
    shutil.copytree(folder, own)
    asked = ["new-year", str(own), "-o", str(out), "--notebooks", str(notebooks), "--processes", "1"]
    only = ["--notebook", "10", "--notebook", "20", "--notebook", "60"]
    assert main([*asked, *only]) == 0
    told = capsys.readouterr()
    assert f"未见报告 no document: {MEM}、{HONGZE}" in told.out
    assert f"逾期 late: {STCSM}" in told.out
    assert f"✗ W T2Y {PINGTAN}" in told.out
    assert told.out.splitlines()[-1] == f"打开 open {out / 'new-year.html'}"
    # 60 once for the folder, 10 for each new report, 20 for none: no new report has an error
    ran = (out / "manifest.csv").read_text("utf-8")
    assert sorted(line.split(",")[0] for line in ran.splitlines()[1:]) == ["10_one.ipynb", "10_one.ipynb", "60_new_year.ipynb"]
    page = (out / "new-year.html").read_text("utf-8")
    for text in (STCSM, HONGZE, "<td>2025-02-01</td>", "逾期 late", "未见报告 no document", "440", "81 → 218", "menu.txt"):
        assert text in page
    # each agency has its own documents apart, so that those of another do not make it stale
    assert {path.name for path in (out / "agencies" / PINGTAN).iterdir()} == {
        "pingtan-2023.html",
        "pingtan-2024.html",
        "register.csv",
    }

    shutil.copy(embedded.folder() / "documents" / "pingtan-2022.html", own)
    assert main([*asked, *only]) == 0
    statuses = [line.split(",")[:4] for line in (out / "manifest.csv").read_text("utf-8").splitlines()[1:]]
    assert ["10_one.ipynb", STCSM, "2024", "skipped"] in statuses
    assert ["10_one.ipynb", PINGTAN, "2024", "done"] in statuses


def test_an_error_of_a_new_report_ends_with_one_and_is_looked_for(
    notebooks: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, out = folder_of(tmp_path / "in", "hongze-2023.html"), tmp_path / "out"
    asked = ["new-year", str(folder), "--notebooks", str(notebooks), "--notebook", "20"]
    assert main([*asked, "-o", str(out)]) == 1
    assert (out / f"{HONGZE}-2023" / "20_error.html").is_file()
    assert main([*asked, "-o", str(folder / "out")]) == 2
    assert "would be read as reports the next time" in capsys.readouterr().err
    assert not (folder / "out").exists()
    # what build takes, this takes too
    for option in ("--agencies", "--rules", "--adjudications"):
        assert main([*asked, "-o", str(out), option, "nosuch.file"]) == 2
        assert "nosuch.file: " in capsys.readouterr().err


def test_a_panel_that_was_built_is_not_built_again(new: NewYear) -> None:
    from govstats.sources import choose_panel

    again = choose_panel(folder=new.panel.folder)
    assert isinstance(again, Panel)
    assert again.folder == new.panel.folder


@pytest.mark.skipif(not REAL.is_dir(), reason="the real reports are not there")
def test_real_reports_of_ones_own(tmp_path: Path) -> None:
    for name in ("stcsm-2024/report.md", "hongze-2023/report.pdf", "pingtan-2023/report.txt", "pingtan-2025/report.html"):
        shutil.copy(REAL / name, tmp_path / f"{Path(name).parent}{Path(name).suffix}")
    new = new_year(tmp_path, 2024)
    assert new.new["agency"].tolist() == [STCSM]
    assert set(new.reports.loc[new.reports["state"] == "missing", "last"]) == {2023}
