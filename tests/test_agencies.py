"""Identities of agencies: `agencies.csv` has names with what they are, written by hand from GB/T 2260 before the code was run."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

import govstats
from govstats import embedded
from govstats.agencies import hint, identify, read_agency_corrections
from govstats.agencies.divisions import divisions, of_code, place
from govstats.errors import UnusableCorrections

WHO = ["agency", "level", "region", "region_code", "within", "department", "basis"]


@pytest.fixture(scope="module")
def cases() -> pd.DataFrame:
    frame = pd.read_csv(Path(__file__).with_name("agencies.csv"), dtype="str", keep_default_na=False)
    return frame.assign(year=pd.to_numeric(frame["year"]).astype("Int64"))


def test_names_are_who_they_are(cases: pd.DataFrame) -> None:
    found = identify(cases["printed"], years=cases["year"], texts=cases["text"])
    pd.testing.assert_frame_equal(found[WHO].fillna(""), cases[WHO], check_dtype=False)


def test_what_is_undecided_has_no_region_and_says_why(cases: pd.DataFrame) -> None:
    found = identify(cases["printed"], years=cases["year"], texts=cases["text"])
    undecided = found[found["basis"] == "undecided"]
    assert undecided[["region", "region_code", "within"]].isna().all(axis=None)
    assert (undecided[["note_zh", "note_en"]] != "").all(axis=None)
    gulou = undecided.loc[undecided["printed"] == "鼓楼区人民政府", "note_zh"].iloc[0]
    assert all(city in gulou for city in ("南京市", "福州市", "徐州市", "开封市"))


def test_the_hint_of_a_text_tells_as_much_as_the_text(cases: pd.DataFrame) -> None:
    whole = identify(cases["printed"], years=cases["year"], texts=cases["text"])
    hints = [hint(name, text, "本机关地址在人民路。") for name, text in zip(cases["printed"], cases["text"], strict=True)]
    pd.testing.assert_frame_equal(identify(cases["printed"], years=cases["year"], texts=hints), whole)
    decided = whole["basis"].isin(["printed", "former name"]) & ~cases["printed"].isin(["铜仁市人民政府", "桥东区人民政府"])
    assert {text for text, known in zip(hints, decided, strict=True) if known} == {""}


def test_agencies_of_the_register() -> None:
    register = embedded.register()
    found = identify(register["agency"], years=register["year"])
    columns = ["agency", "level", "region", "region_code"]
    pd.testing.assert_frame_equal(found[columns].fillna(""), register[columns].fillna(""), check_dtype=False)


def test_names_in_the_titles_of_the_register() -> None:
    printed = ["洪泽区人民政府", "自治区应急管理厅", "沭阳县人民政府", "市科委"]
    texts = ["", "宁夏回族自治区应急管理厅编制", "", "请与上海市科学技术委员会联系"]
    agencies = ["淮安市洪泽区人民政府", "宁夏回族自治区应急管理厅", "沭阳县人民政府", "上海市科学技术委员会"]
    assert identify(printed, texts=texts)["agency"].tolist() == agencies
    assert set(agencies) <= set(embedded.register()["agency"])


def test_agencies_of_real_reports(shared: Path) -> None:
    with (shared / "narratives" / "index.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    found = identify([row["agency"] for row in rows], years=[int(row["year"]) for row in rows])
    assert set(found["basis"]) == {"printed"}
    levels = Counter(found["level"])
    # counted by hand in index.csv
    assert levels == {"province": 3, "prefecture": 9, "county": 15, "township": 3}


# --- regions ------------------------------------------------------------------------------------------------------------


def test_divisions_of_today_by_their_full_names() -> None:
    today = [division for division in divisions() if division.until == 9999]
    # 34 provinces since 1997; the other numbers grow and shrink by a few a year
    levels = Counter(division.level for division in today)
    assert levels["province"] == 34
    assert 325 <= levels["prefecture"] <= 340
    assert 2800 <= levels["county"] <= 2900
    found = identify([division.path + "教育局" for division in today], years=[2026] * len(today))
    assert found["region_code"].tolist() == [division.code for division in today]


def test_a_name_without_its_city_is_never_taken_for_another() -> None:
    today = [division for division in divisions() if division.until == 9999]
    found = identify([division.name + "人民政府" for division in today], years=[2026] * len(today))
    codes = [division.code for division in today]
    decided = found["region_code"].notna()
    assert found.loc[decided, "region_code"].tolist() == [code for code, known in zip(codes, decided, strict=True) if known]
    names = Counter(division.name for division in today)
    assert (~decided).tolist() == [names[division.name] > 1 for division in today]


def test_full_titles_are_those_of_one_area_alone() -> None:
    areas: dict[str, set[str]] = {}
    for division in divisions():
        areas.setdefault(division.now.title, set()).add(division.now.code)
    assert {title for title, codes in areas.items() if len(codes) > 1} == set()


def test_every_former_division_leads_to_one_of_today_or_nowhere() -> None:
    for division in divisions():
        if division.until < 9999:
            assert not (division.became and division.joined)
            assert (division.now.until == 9999) == bool(division.became)
            assert not division.joined or of_code(division.joined)


@pytest.mark.parametrize(
    ("former", "year", "today", "code"),
    [
        ("杭州市富阳市", 2013, "浙江省杭州市富阳区", "330111"),
        ("章丘市", 2012, "山东省济南市章丘区", "370114"),
        ("简阳市", 2014, "四川省成都市简阳市", "510185"),
        ("日喀则地区", 2012, "西藏自治区日喀则市", "540200"),
        ("昌都县", 2012, "西藏自治区昌都市卡若区", "540302"),
        ("无为县", 2010, "安徽省芜湖市无为市", "340281"),
        ("重庆市璧山县", 2013, "重庆市璧山区", "500120"),
        ("潞西市", 2009, "云南省德宏傣族景颇族自治州芒市", "533103"),
    ],
)
def test_former_names(former: str, year: int, today: str, code: str) -> None:
    found = identify([former + "人民政府"], years=[year])
    assert found[["region", "region_code"]].values.tolist() == [[today, code]]


def test_a_division_that_joined_another_is_another_agency() -> None:
    found = identify(["上海市闸北区人民政府", "上海市静安区人民政府"], years=[2014, 2014])
    assert found["region_code"].tolist() == ["310108", "310106"]
    assert "静安区" in found["note_zh"][0]
    assert found["note_zh"][1] == ""


def test_a_district_that_was_a_development_zone_before() -> None:
    found = identify(["重庆两江新区管理委员会"] * 2, years=[2019, 2026])
    assert found["region"].tolist() == ["重庆市", "重庆市两江新区"]
    assert found["region_code"].fillna("").tolist() == ["", "500157"]


@pytest.mark.parametrize("name", ["江苏省虚构县人民政府", "江苏省太州市教育局", "浙江省某某区人民政府", "江苏省某某市政务服务局"])
def test_an_unknown_part_of_a_province_is_not_the_province(name: str) -> None:
    found = identify([name]).iloc[0]
    assert found["basis"] == "undecided"
    assert pd.isna(found["level"])
    assert pd.isna(found["region"])


@pytest.mark.parametrize(
    "organ", ["城市管理局", "园林市政管理局", "市场监督管理局", "社区建设办公室", "推进县域经济办公室", "区划地名办公室"]
)
def test_organs_that_look_like_parts_of_a_city(organ: str) -> None:
    found = identify([f"成都市{organ}"])
    assert found[["agency", "region_code"]].values.tolist() == [[f"成都市{organ}", "510100"]]


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("本溪市教育局", "辽宁省本溪市"),
        ("本市教育局", None),
        ("乾县教育局", "陕西省咸阳市乾县"),
        ("乾縣教育局", "陕西省咸阳市乾县"),
    ],
)
def test_first_characters_that_mislead(name: str, path: str | None) -> None:
    region = identify([name])["region"][0]
    assert (None if pd.isna(region) else region) == path


@pytest.mark.parametrize("organ", ["人民政府", "教育局"])
def test_a_part_without_its_last_character_is_not_the_whole(organ: str) -> None:
    parts = [division for division in divisions() if division.until == 9999 and len(division.name) > 2]
    # 荆州市公安教育局 reads like an organ of its own; the banner is called 达茂旗 for short
    parts = [part for part in parts if part.name not in {"公安县", "港口区", "达尔罕茂明安联合旗"}]
    found = identify([part.path[:-1] + organ for part in parts], years=[2026] * len(parts))
    whole = found["basis"] != "undecided"
    # 沙县区, 赣县区 and 梅县区 were called so
    assert found.loc[whole, "region_code"].tolist() == ["350405", "360704", "441403"]


def test_short_names_only_where_what_follows_says_so() -> None:
    assert place("江苏").divisions == ()
    assert [division.name for division in place("江苏教育厅").divisions] == ["江苏省"]
    assert place("吉林科技局").divisions == ()


@pytest.mark.parametrize(
    "text",
    [
        "按照泰州市应急管理局的要求，靖江市各镇参加演练。",  # the bureau above that of the county
        "苏州市、无锡市的做法。苏州市、无锡市来访。",
        "泰州市。泰州市。",  # may be by the way
        "泰州市应急管理局与靖江市应急管理局",
    ],
)
def test_a_text_that_names_others_decides_nothing(text: str) -> None:
    assert identify(["市应急管理局"], years=[2022], texts=[text])["basis"].tolist() == ["undecided"]


@pytest.mark.parametrize(
    "text", ["主动公开县级信息，公开县级标准，公开县级清单。", "市教育局和县教育局、居民和县直部门、市和县一级。"]
)
def test_words_that_look_like_counties(text: str) -> None:
    assert identify(["县教育局"], years=[2022], texts=[text])["basis"].tolist() == ["undecided"]


def test_a_county_whose_name_looks_like_words() -> None:
    found = identify(["县教育局"], years=[2022], texts=["（安徽省马鞍山市和县教育局）"])
    assert found["agency"].tolist() == ["和县教育局"]


def test_a_city_that_was_visited_does_not_decide() -> None:
    text = "赴南京市鼓楼区学习。福州市统一部署。"
    assert identify(["鼓楼区人民政府"], years=[2022], texts=[text])["basis"].tolist() == ["undecided"]


# --- the user's table ---------------------------------------------------------------------------------------------------


def test_the_table_wins_over_everything() -> None:
    table = pd.DataFrame(
        {"printed": ["鼓楼区人民政府", "平潭综合实验区管委会"], "agency": ["徐州市鼓楼区人民政府", "平潭综合实验区"]}
    )
    names = ["鼓楼区人民政府", "平潭综合实验区管理委员会", "平潭综合实验区管委会"]
    found = identify(names, texts=["南京市鼓楼区人民政府"] * 3, corrections=table)
    assert found["agency"].tolist() == ["徐州市鼓楼区人民政府", "平潭综合实验区管理委员会", "平潭综合实验区"]
    assert found["region_code"].tolist() == ["320302", "350128", "350128"]
    assert found["basis"].tolist() == ["correction", "printed", "correction"]


def test_an_agency_that_goes_on_under_another_name_only_where_the_table_says_so(tmp_path: Path) -> None:
    names, years = ["海东市安全生产监督管理局", "海东市应急管理局"], [2017, 2019]
    assert identify(names, years=years)["agency"].nunique() == 2
    path = tmp_path / "agencies.csv"
    path.write_text(
        "printed,agency,former\n海东市应急管理局,海东市应急管理局,海东市安全生产监督管理局；海东市安监局\n", encoding="utf-8"
    )
    found = identify([*names, "海东市安监局"], years=[*years, 2016], corrections=path)
    assert set(found["agency"]) == {"海东市应急管理局"}
    assert set(found["region_code"]) == {"630200"}


def test_rows_of_the_table_hold_for_their_years() -> None:
    table = pd.DataFrame(
        {
            "printed": ["某园区", "某园区"],
            "agency": ["甲园区管理委员会", "乙园区管理委员会"],
            "level": ["county", "county"],
            "region_code": ["320813", "350128"],
            "year_from": [None, 2020],
            "year_to": [2019, None],
        }
    )
    found = identify(["某园区"] * 3, years=[2019, 2020, None], corrections=table)
    assert found["region"].fillna("").tolist() == ["江苏省淮安市洪泽区", "福建省福州市平潭县", ""]
    assert found["basis"].tolist() == ["correction", "correction", "undecided"]


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("printed\n甲局\n", "lacks the column(s) agency"),
        ("printed,agency,city\n甲局,乙局,丙市\n", "has the column(s) city"),
        ("printed,agency\n甲局,乙局\n,乙局\n", "line 3: printed is empty"),
        ("printed,agency,level\n甲局,乙局,city\n", "line 2: level is 'city'; expected one of national"),
        ("printed,agency,region_code\n甲局,乙局,32\n", "line 2: region_code is '32'; expected six digits"),
        ("printed,agency,year_from\n甲局,乙局,去年\n", "line 2: year_from is '去年'; expected a year"),
        ("printed,agency,year_from,year_to\n甲局,乙局,2020,2018\n", "line 2: year_from 2020 is after year_to 2018"),
        ("printed,agency\n甲局,乙局\n甲 局,丙局\n", "line 3: “甲局” is “丙局” here and “乙局” at"),
        ("printed,agency\n甲局,乙局,丙局\n", "line 2: has another number of cells"),
    ],
)
def test_a_line_that_cannot_be_understood_is_named(tmp_path: Path, lines: str, told: str) -> None:
    path = tmp_path / "agencies.csv"
    path.write_text(lines, encoding="utf-8")
    with pytest.raises(UnusableCorrections) as caught:
        read_agency_corrections(path)
    assert told in str(caught.value)
    assert str(path) in str(caught.value)


def test_all_lines_that_cannot_be_understood_are_named() -> None:
    table = pd.DataFrame({"printed": ["甲局", ""], "agency": ["", "乙局"]}, index=[7, 9])
    with pytest.raises(UnusableCorrections, match=r"row 7: agency is empty.*\n.*row 9: printed is empty"):
        identify(["甲局"], corrections=table)


def test_a_table_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(UnusableCorrections, match="cannot be opened, or is no CSV"):
        identify(["甲局"], corrections=tmp_path / "none.csv")


def test_as_many_years_as_names() -> None:
    with pytest.raises(ValueError, match="2 names, but 1 years"):
        identify(["甲局", "乙局"], years=[2020])


def test_names_that_are_missing_keep_their_rows() -> None:
    found = identify(pd.Series([None, "沭阳县人民政府"], index=[4, 8]), years=[2020, None])
    assert found.index.tolist() == [4, 8]
    assert found["agency"].isna().tolist() == [True, False]
    assert found["basis"].tolist() == ["undecided", "printed"]


# --- who a document says that it is of --------------------------------------------------------------------------------------

SECTIONS = "\n一、总体情况\n{}\n二、主动公开政府信息情况\n三、收到和处理政府信息公开申请情况\n四、行政复议、行政诉讼情况\n"


@pytest.mark.parametrize(
    ("before", "body", "agency", "year"),
    [
        # a verb joins no name
        ("结合工作实际，形成己县水利局2020年度政府信息公开工作年度报告。", "无。", "己县水利局", 2020),
        ("按照要求，特将庚市审计局2020年政府信息公开工作情况报告如下。", "无。", "庚市审计局", 2020),
        ("# 庚市机构编制委员会办公室2020年政府信息公开工作年度报告", "无。", "庚市机构编制委员会办公室", 2020),
        ("我局编制并向社会公开己县水利局2020年度政府信息公开工作年度报告。", "无。", "己县水利局", 2020),
        ("己县水利局编制完成2020年政府信息公开年度报告。", "无。", "己县水利局", 2020),
        ("特向社会公布2020年政府信息公开工作年度报告", "无。", None, 2020),
        ("根据条例，特向社会公布2020年国家税务总局庚市税务局政府信息公开年度报告。", "无。", "国家税务总局庚市税务局", 2020),
        ("现公布庚市审计局政府信息公开工作2020年度报告。", "无。", "庚市审计局", 2020),
        # nor is an office to write to, a crumb or the page that a text was taken from the agency
        ("统计期限为2020年1月1日至2020年12月31日。请与己县人民政府办公室联系。", "无。", None, 2020),
        ("统计期限为2020年1月1日至12月31日。请与己县政务公开办公室联系，或联系己县信息中心。", "无。", None, 2020),
        ("首页 > 政务公开 > 年报\n统计期限为2020年1月1日至12月31日\n来源：首页栏目导航", "无。", None, 2020),
        # a label, a signature and a first subject are evidence; two that differ decide nothing
        ("填报单位：己县统计局\n统计期限为2020年1月1日至12月31日。", "无。", "己县统计局", 2020),
        ("", "2020年，己县统计局认真落实各项要求。", "己县统计局", 2020),
        ("填报单位：己县统计局\n", "2020年，全年公开信息3条。\n己县财政局\n2021年1月20日", None, 2020),
        ("现公布庚市审计局2020年政府信息公开工作情况。\n填报单位：己县统计局\n", "无。", None, 2020),
        ("请联系：己区人民政府壬街道办事处，地址：壬路1号。统计期限为2020年1月1日起。", "无。", "己区人民政府壬街道办事处", 2020),
        ("", "2020年，壬街道办事处共收到政府信息公开申请7件。", "壬街道办事处", 2020),
        ("", "2020年度我局共收到政府信息公开申请7件。", None, 2020),
        ("统计期限为2020年1月1日起。请与己县农牧局单位办公室联系。", "我局公开信息3条。", "己县农牧局", 2020),
        ("编制己海关关区2020年政府信息公开工作年报。", "无。", "己海关", 2020),
        ("己县司法局（县行政复议局）根据条例编制本报告。", "己县司法局2020年主动公开信息3条。", "己县司法局", 2020),
        ("卫生健康局2020年政府信息公开工作年度报告", "无。请与己县卫生健康局办公室联系。", "己县卫生健康局", 2020),
        ("统计期限为2020年1月1日起。请与壬街道信息公开领导小组办公室联系。", "无。", "壬街道", 2020),
        ("", "2020年，在县委、县政府的正确领导下，己县开发区管理委员会认真贯彻条例。", "己县开发区管理委员会", 2020),
        ("己区壬镇2020年政府信息公开工作年度报告_政府信息公开年报_己区门户网站", "无。", "己区壬镇", 2020),
        ("信息来源：壬丁镇\n统计期限为2020年1月1日起。", "无。", "壬丁镇", 2020),
        # a short title and the full name above the date
        ("市科委2020年政府信息公开工作年度报告", "无。\n庚市科学技术委员会\n2021年1月20日", "庚市科学技术委员会", 2020),
        # a report that is cited in the text is last year's; a misprint in the period is outvoted, as a title's is
        ("", "2020年，我局发布了《己县统计局2019年政府信息公开工作年度报告》。", None, 2020),
        ("己县统计局2020年政府信息公开工作年度报告\n统计期限为2019年1月1日至12月31日。", "2020年，无。", "己县统计局", 2020),
        ("己县统计局2021年政府信息公开工作年度报告\n统计期限为2020年1月1日至12月31日。", "2020年，无。", "己县统计局", 2020),
        # a page of a content management system; a town, and the office of it that answers the telephone
        ("标   题 己县统计局2020年度政府信息公开工作年度报告\n成文日期 2021-01-18", "无。", "己县统计局", 2020),
        ("统计期限为2020年1月1日至12月31日。请与庚市辛镇政府党群办公室联系", "无。", "庚市辛镇政府", 2020),
        ("现公布己区壬街道办事处2020年政府信息公开工作年度报告。", "无。", "己区壬街道办事处", 2020),
        ("现公布区统计局2020年政府信息公开工作年度报告。", "无。", "区统计局", 2020),
        # the site that has the report: a government's where the text says 我县, for its bureaus have their reports there too
        (
            "电子版可在己县人民政府（http://www.ji.gov.cn）下载。统计期限为2020年1月1日起。",
            "我县公开信息3条。",
            "己县人民政府",
            2020,
        ),
        ("电子版可在己县人民政府（http://www.ji.gov.cn）下载。统计期限为2020年1月1日起。", "我局公开信息3条。", None, 2020),
        ("电子版可在己县审计局网站（http://sj.ji.gov.cn）下载。统计期限为2020年1月1日起。", "公开信息3条。", "己县审计局", 2020),
        # an office that wrote it speaks for its government, a bureau that answers for it for itself, as their words tell
        ("由己县人民政府办公室编制，统计期限为2020年1月1日起。", "我县公开信息3条。", "己县人民政府", 2020),
        ("由己县人民政府办公室编制，统计期限为2020年1月1日起。", "公开信息3条。", None, 2020),
        ("统计期限为2020年1月1日起。请与己县数据局联系。", "公开信息3条。", None, 2020),
        ("统计期限为2020年1月1日起。请与己县数据局联系。", "我局公开信息3条。", "己县数据局", 2020),
        # a short name of the text is completed by whatever names the place
        (
            "统计期限为2020年1月1日起。可与庚市市场监督管理局办公室联系。",
            "2020年，市市场监管局认真落实。",
            "庚市市场监督管理局",
            2020,
        ),
        ("填报单位：庚市辛区财政局\n区财政局2020年政府信息公开工作年度报告", "无。", "庚市辛区财政局", 2020),
        ("统计期限为2020年1月1日起。", "2020年，县统计局积极公开信息。", "县统计局", 2020),
        # what a name is called for short, or is called too, is no part of it; nor is what follows a title
        ("公布己县人民政府办公室（以下简称县政府办）2020年政府信息公开工作年度报告。", "无。", "己县人民政府办公室", 2020),
        ("公布《庚市人民政府（市人民政府办公室）2020年政府信息公开工作年度报告》。", "无。", "庚市人民政府", 2020),
        ("己县统计局机关2020年政府信息公开工作年度报告-某某平台", "无。", "己县统计局", 2020),
        ("壬丁街2020年政府信息公开工作年度报告", "无。", "壬丁街", 2020),
        # a sentence that says whose work it is, or who received
        ("结合2020年庚市人民政府办公室政府信息公开工作实际编制，统计期限为2020年1月1日起。", "无。", "庚市人民政府办公室", 2020),
        ("己区壬街道特编制2020年政府信息公开年度报告。", "无。", "己区壬街道", 2020),
        ("", "2020年，己县统计局收到和处理政府信息公开申请3件。", "己县统计局", 2020),
        # a title over two lines, without 政府, with marks around it; a notice that is cited is none
        ("己县民政局\n关于2020年政府信息公开年度报告", "无。", "己县民政局", 2020),
        ("己镇人民政府2020年信息公开年度报告", "无。", "己镇人民政府", 2020),
        ("2020年度己镇政府信息公开年度报告 | ||", "无。", "己镇", 2020),
        (
            "根据《己县人民政府办公室关于2020年度政府信息公开工作年度报告编制工作的通知》编制，统计期限为2020年1月1日起。",
            "无。",
            None,
            2020,
        ),
        # many that are put together are no name
        ("由庚市政府办公厅综合各区政府和市政府各部门的政府信息公开年度报告编写，统计期限为2020年1月1日起。", "无。", None, 2020),
        # a year of sentences
        ("", "2020年我局公开信息3条。", None, 2020),
        ("", "己县统计局高质量完成2020年度政府信息公开各项工作。", None, 2020),
        # as of the last day of a year
        ("", "截止2020年12月31日我局公开信息3条。", None, 2020),
        # what is planned is of the year after
        ("己县统计局政府信息公开工作年度报告", "2020年，公开信息3条。2021年，我局将继续努力。", "己县统计局", 2020),
    ],
)
def test_agency_and_year_are_decided_by_evidence(before: str, body: str, agency: str | None, year: int) -> None:
    report = govstats.read((before + SECTIONS.format(body)).encode())
    assert (report.agency, report.year) == (agency, year)


def test_names_that_disagree_are_noted_and_none_is_taken() -> None:
    text = "填报单位：己县统计局\n现公布庚市审计局2020年政府信息公开工作情况。" + SECTIONS.format("无。")
    report = govstats.read(text.encode())
    told = {note.kind: note for note in report.read_notes}
    assert report.agency is None
    assert {"agency_conflict", "no_agency"} <= told.keys()
    assert "己县统计局" in told["agency_conflict"].message_en
    assert "庚市审计局" in told["agency_conflict"].message_zh


def test_what_contradicts_the_title_is_noted() -> None:
    title = "己县统计局2020年政府信息公开工作年度报告"
    text = title + SECTIONS.format("统计期限为2019年1月1日至12月31日。\n庚市财政局\n2021年1月20日")
    kinds = {note.kind for note in govstats.read(text.encode()).read_notes}
    assert {"year_conflict", "agency_conflict"} <= kinds
