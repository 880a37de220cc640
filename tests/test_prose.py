"""What the prose says against the tables: how a finding is weighed and worded, and which claims are held against what."""

from __future__ import annotations

import pandas as pd
import pytest

import govstats
from govstats import embedded
from govstats.errors import UnusableCells
from govstats.reconciliation import reconcile
from govstats.reconciliation.findings import FINDING_TYPES
from govstats.report import Claim, Report

from .test_rules import DONE, NEW, NEW_PERSONS, claim, frame, report, saying

PROSE = {"S06", "NT", "NS", "NC", "NZ", "NF", "NE"}
CARRIED_OUT = "requests/carried_out/total"


def found(source: Report, rule: str, *, status: str = "fail") -> pd.DataFrame:
    findings = reconcile(source)
    return findings[(findings["rule"] == rule) & (findings["status"] == status)]


def claims_frame(*claims: Claim, agency: str = "某区") -> pd.DataFrame:
    return Report(agency, 2022, "2021", None, "", "", "", read_claims=claims).claims


# --- severity: whom a sentence speaks of ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("agency", "scope", "severity"),
    [
        ("某区人民政府", "", "W"),
        ("某区人民政府", "全区", "W"),
        ("某区人民政府", "全区各级行政机关", "W"),
        ("某区人民政府", "本机关", "I"),
        ("某区人民政府", "区本级", "I"),
        ("某区人民政府", "各街道", "I"),
        ("平潭综合实验区", "全区", "W"),
        # what all of a city received is not in the table of one of its bureaus
        ("某市民政局", "全市", "I"),
        ("某市民政局", "局机关", "I"),
        ("某市民政局", "本局", "W"),
        ("某市民政局", "本机关", "W"),
        ("某市民政局", "全局", "W"),
    ],
)
def test_another_circle_is_worth_knowing_only(agency: str, scope: str, severity: str) -> None:
    source = saying(claim(NEW, 11, scope=scope))
    one = Report(agency, 2022, "2021", None, "", "", "", (), source.read_cells, read_claims=source.read_claims)
    assert found(one, "NT")["severity"].tolist() == [severity]


def test_a_part_cannot_exceed_the_whole() -> None:
    more = found(saying(claim(NEW, 13, scope="本机关")), "NT")
    assert more["severity"].tolist() == ["W"]
    assert "部分不能大于全部" in more["message_zh"].item()
    # a ministry speaks of all bodies of an area: those are more than its own
    assert found(saying(claim(NEW, 13, scope="全区")), "NT")["message_zh"].str.contains("口径").tolist() == [False]


def test_a_scope_beside_a_claim_that_agrees_is_another_circle() -> None:
    both = saying(claim(NEW, 12, scope="全区"), claim(NEW, 5, scope="全镇"))
    assert found(both, "NT")["severity"].tolist() == ["I"]
    assert "口径不同" in found(both, "NT")["message_zh"].item()
    assert found(saying(claim(NEW, 5, scope="全镇")), "NT")["severity"].tolist() == ["W"]


def test_what_is_said_of_all_is_a_figure_of_speech() -> None:
    assert found(saying(claim(DONE, 12, qualifier="all")), "NT")["severity"].tolist() == ["I"]
    # said plainly as well it is a figure
    assert found(saying(claim(DONE, 12, qualifier="all"), claim(DONE, 12)), "NT")["severity"].tolist() == ["W"]


def test_none_of_another_circle() -> None:
    none = saying(claim(CARRIED_OUT, 0, unit="", scope="本机关"))
    assert found(none, "NZ")["severity"].tolist() == ["I"]
    assert found(none, "NT").empty


# --- sums, bounds and shares ------------------------------------------------------------------------------------------------

GRANTED, PARTLY = "requests/granted/total", "requests/partly_granted/total"


def test_two_lines_together_are_held_against_their_sum() -> None:
    cells = {GRANTED: 6.0, PARTLY: 2.0}
    both = "requests/granted+partly_granted/total"
    assert found(saying(claim(both, 8), changes=cells), "NT", status="pass")["cells"].tolist() == [f"{GRANTED};{PARTLY}"]
    wrong = found(saying(claim(both, 9), changes=cells), "NT")
    assert wrong["message_zh"].item().endswith("（一）予以公开 6＋（二）部分公开 2＝8，比文中少 1。")
    # 12 new and 1 carried in
    assert found(saying(claim("requests/new+carried_in/total", 13)), "NT").empty
    assert len(found(saying(claim("requests/new+carried_in/total", 14)), "NT")) == 1
    # 8 and 3 refused cannot be 10 in all
    parts = [claim(both, 8), claim("requests/refused/total", 3), claim(DONE, 10)]
    assert found(saying(*parts), "NS")[["expected", "reported"]].to_numpy().tolist() == [[11, 10]]


def test_what_a_table_gives_beside_its_blanks_is_the_least() -> None:
    blanks: dict[str, float | str] = {"requests/unable.not_held/total": "", "requests/unable.needs_creation/total": 5.0}
    less = found(saying(claim("requests/unable/total", 4), changes=blanks), "NT")
    assert less[["expected", "reported"]].to_numpy().tolist() == [[4, 5]]
    assert "已填的已有 5" in less["message_zh"].item()
    assert found(saying(claim("requests/unable/total", 6), changes=blanks), "NT").empty


@pytest.mark.parametrize(
    ("sentence", "status"),
    [
        # 350 of 420 are 83.33 per cent
        ("收到政府信息公开申请420件，其中自然人350件，占83.3%。", ["pass"]),
        ("收到政府信息公开申请420件，其中自然人350件，占93.3%。", ["fail"]),
        ("办结政府信息公开申请200件，予以公开82件，公开率41%。", ["pass"]),
        ("办结政府信息公开申请200件，予以公开82件，公开率51%。", ["fail"]),
        ("因政府信息公开引起的行政复议25件，纠正3件，复议纠错率12%。", ["pass"]),
        # of what it is a share nobody says
        ("网站发布信息90条，占12%；办结率100%。", []),
    ],
)
def test_a_share_is_that_of_the_figures_before_it(sentence: str, status: list[str]) -> None:
    text = f"某某市某某局2022年政府信息公开工作年度报告\n一、总体情况\n2022年，{sentence}\n"
    findings = reconcile(govstats.read(text.encode()))
    assert findings.loc[findings["rule"] == "NC", "status"].tolist() == status


def test_a_share_of_what_the_form_does_not_have_is_no_finding() -> None:
    # the annex before 2019 has no table on requests
    text = "某局2012年政府信息公开工作年度报告\n一、概述\n2012年收到政府信息公开申请10件，同意公开5件，占50%。"
    read = govstats.read(text.encode())
    assert (read.form, "share" in set(read.claims["qualifier"])) == ("2008", True)
    assert not reconcile(read)["rule"].isin(["NT", "NC"]).any()


# --- one finding for each figure ------------------------------------------------------------------------------------------------


def test_the_same_figure_twice_is_one_finding_and_two_figures_are_two() -> None:
    assert len(found(saying(claim(NEW, 13), claim(NEW, 13, scope="全区")), "NT")) == 1
    assert sorted(found(saying(claim(NEW, 13), claim(NEW, 14)), "NT")["expected"]) == [13, 14]


def test_a_breakdown_with_two_figures_for_a_part_is_left_alone() -> None:
    parts = [claim("requests/new/organisations", 2), claim(NEW, 12)]
    assert len(found(saying(claim(NEW_PERSONS, 9), *parts), "NS")) == 1
    assert found(saying(claim(NEW_PERSONS, 9), claim(NEW_PERSONS, 10), *parts), "NS").empty


# --- wording ------------------------------------------------------------------------------------------------------------------


def test_a_finding_quotes_the_sentence_and_gives_both_sides() -> None:
    one = found(saying(claim("requests/unable/total", 4, quote="无法提供4件")), "NT").iloc[0]
    assert one["table"] == "requests"
    assert one["message_zh"] == (
        "文中称“无法提供4件”，即“（四）无法提供·总计” 4；而表中为 （四）1.本机关不掌握相关政府信息 3＋"
        "（四）2.没有现成信息需要另行制作 0＋（四）3.补正后申请内容仍不明确 0＝3，比文中少 1。"
    )
    assert "无法提供4件" in one["message_en"]
    assert "1 less than the text" in one["message_en"]


def test_a_long_sentence_is_quoted_around_its_figure() -> None:
    sentence = "在" + "认真贯彻落实各项规定" * 8 + "的基础上，收到申请13件，" + "并且不断总结经验" * 8
    message = found(saying(claim(NEW, 13, quote=sentence)), "NT")["message_zh"].item()
    quote = message.split("“")[1].split("”")[0]
    assert "收到申请13件" in quote
    assert len(quote.strip("…")) == 40


def test_new_and_carried_over_together_are_recognised() -> None:
    # 12 received and 1 carried over
    assert "新收与上年结转之和" in found(saying(claim(NEW, 13)), "NT")["message_zh"].item()
    assert "新收与上年结转之和" not in found(saying(claim(NEW, 14)), "NT")["message_zh"].item()


def test_an_interval_is_said_as_one() -> None:
    assert "20 至 29" in found(saying(claim(NEW, 20, 29, qualifier="余")), "NT")["message_zh"].item()
    more = claim(NEW, 21)._replace(high=None, qualifier="超")
    assert "不少于 21" in found(saying(more), "NT")["message_zh"].item()


# --- frames of cells and claims ------------------------------------------------------------------------------------------------


def test_a_frame_of_cells_has_no_findings_on_the_prose() -> None:
    findings = reconcile(frame("2021"))
    assert not PROSE & set(findings["rule"])
    assert findings.columns.tolist() == list(FINDING_TYPES)


def test_claims_meet_the_cells_of_their_agency_and_year() -> None:
    cells = pd.concat([frame("2021"), frame("2021").assign(year=2023), frame("2021").assign(agency="他区")], ignore_index=True)
    claims = claims_frame(claim(NEW, 13), claim(NEW, 12, year=2023), claim(NEW, 14, year=2024))
    findings = govstats.reconcile(cells, claims=claims)
    said = findings[findings["rule"] == "NT"]
    assert said[["agency", "year", "status", "expected"]].to_numpy().tolist() == [
        ["某区", 2022, "fail", 13],
        ["某区", 2023, "pass", 12],
    ]
    assert not {"S06", "NF", "NE"} & set(findings["rule"]), "no text is known"


def test_the_year_before_of_a_frame_decides_on_growth() -> None:
    # 12 after 8: half as many again
    cells = pd.concat([frame("2021", {NEW: 8.0}).assign(year=2021), frame("2021")], ignore_index=True)
    claims = claims_frame(
        claim(NEW, 50, unit="%", qualifier="growth"),
        claim(NEW, 40, unit="%", qualifier="growth"),
        claim(NEW, 45, 55, unit="%", qualifier="growth", quote="增长约50%"),
    )
    said = reconcile(cells, claims=claims).query("rule == 'NC'")
    assert said[["status", "expected", "reported", "difference"]].to_numpy().tolist() == [
        ["pass", 50, 50, 0],
        ["fail", 50, 40, -10],
        ["pass", 50, 45, -5],
    ]


def test_a_claims_frame_that_lacks_a_column_is_refused() -> None:
    with pytest.raises(UnusableCells, match="scope"):
        reconcile(frame("2021"), claims=claims_frame(claim(NEW, 12)).drop(columns="scope"))


# --- the text -----------------------------------------------------------------------------------------------------------------


def test_a_table_of_contents_is_no_empty_section() -> None:
    contents = "".join(f"<p>{title}</p>" for title in ("一、总体情况", "五、存在的主要问题及改进情况", "六、其他需要报告的事项"))
    page = (
        "<h1>某某局2022年政府信息公开工作年度报告</h1>" + contents + "<p>一、总体情况</p><p>2022年，我局认真做好公开工作。</p>"
        "<p>五、存在的主要问题及改进情况</p><p>公开的内容还不够全面，答复还不够及时，下一步将逐项加以改进。</p>"
        "<p>六、其他需要报告的事项</p><p>未收取信息处理费。</p>"
    )
    findings = reconcile(govstats.read(page.encode()))
    text = findings[findings["rule"].isin(["S06", "NE", "NF"])]
    assert text["status"].tolist() == ["pass", "pass", "pass"]


# --- published reports --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("agency", "year", "conflict"),
    [
        # clean sums, and a text that says otherwise; found by reading
        ("平潭综合实验区", 2023, ("W", "proactive/normative_documents/in_force", 393, 470)),
        ("上海市人民政府办公厅", 2019, ("I", "review/reconsideration/upheld", 7, 5)),
        ("沭阳县人民政府", 2025, ("W", NEW, 749, 713)),
        ("沭阳县人民政府", 2025, ("W", NEW_PERSONS, 741, 705)),
        ("上海市科学技术委员会", 2024, ("I", DONE, 36, 35)),
    ],
)
def test_known_conflicts_of_published_reports(agency: str, year: int, conflict: tuple[str, str, float, float]) -> None:
    said = found(embedded.report(agency, year), "NT")
    assert conflict in said[["severity", "cells", "expected", "reported"]].itertuples(index=False, name=None)


@pytest.mark.parametrize(("agency", "year"), [("应急管理部", 2021), ("淮安市洪泽区人民政府", 2023), ("平潭综合实验区", 2021)])
def test_silent_on_published_reports_whose_text_agrees(agency: str, year: int) -> None:
    findings = reconcile(embedded.report(agency, year))
    prose = findings[findings["rule"].isin(PROSE)]
    assert "fail" not in set(prose["status"])
    assert (prose["status"] == "pass").sum() > 3


def test_the_parts_that_a_ministry_names_add_up() -> None:
    # 97 + 11 by applicant, 50 + 14 + 11 + 26 + 6 + 1 by result
    sums = found(embedded.report("应急管理部", 2021), "NS", status="pass")
    assert sums[["expected", "reported"]].to_numpy().tolist() == [[108, 108], [108, 108]]


def test_a_report_without_claims_and_text_stays_as_it_was() -> None:
    findings = reconcile(report())
    assert set(findings.loc[findings["rule"].isin(PROSE), "status"]) == {"not_assessable"}
