"""What the prose claims: sentences typed for these tests, with the figures that a reader finds in them."""

from __future__ import annotations

import csv
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import govstats
from govstats import embedded
from govstats.cli import main
from govstats.errors import UnusableCells
from govstats.recognition import claims, sentences
from govstats.recognition.claims import explain_sentence

from . import families

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
TITLE = "某某市人民政府2023年政府信息公开工作年度报告\n一、总体情况\n"

NEW, DONE = "requests/new/total", "requests/processed_total/total"
CARRIED_IN, CARRIED_OUT = "requests/carried_in/total", "requests/carried_out/total"
REVIEWS, LITIGATION = "review/reconsideration/total", "review/litigation/total"

#: Rules of comparisons, which are no levels.
COMPARED = {"change", "growth"}

#: A sentence, and the targets and values that it claims of 2023; an empty target has no cell in the tables.
SENTENCES: dict[str, list[tuple[str, float]]] = {
    # a channel's count before the total
    "2023年，通过网站收到申请12件，当面收到4件，全年共收到政府信息公开申请16件，办结15件，结转下年度1件。": [
        ("", 12),
        ("", 4),
        (NEW, 16),
        (DONE, 15),
        (CARRIED_OUT, 1),
    ],
    "收到申请6件（网上申请5件，信函1件），均已在法定期限内办结，其中予以公开3件，信息不存在2件，不予公开1件。": [
        (NEW, 6),
        ("", 5),
        ("", 1),
        (DONE, 6),
        ("requests/granted/total", 3),
        ("requests/unable.not_held/total", 2),
        ("requests/refused/total", 1),
    ],
    # comparisons are no levels
    "全年收到政府信息公开申请112件，比2022年增加12件，达到112件。": [(NEW, 112), (NEW, 112)],
    "收到政府信息公开申请1,024件，同比增长12.5%，全部按时答复。": [(NEW, 1024), (DONE, 1024)],
    "政府信息公开申请受理量为25件，较上年减少5件，下降16.7%。": [(NEW, 25)],
    # other words for a piece, other words for to receive and to answer
    "共收到政府信息公开申请112宗，办结110宗，结转下年2宗。": [(NEW, 112), (DONE, 110), (CARRIED_OUT, 2)],
    "本年度共接收依申请公开１５条，答复一十四条。": [(NEW, 15), (DONE, 14)],
    "收到并答复政府信息公开申请16件。": [(NEW, 16), (DONE, 16)],
    "全年受理16件依申请公开，其中13件予以公开，3件不予公开。": [
        (NEW, 16),
        ("requests/granted/total", 13),
        ("requests/refused/total", 3),
    ],
    # results of reviews
    "因政府信息公开被申请行政复议5件，其中结果维持3件，结果纠正1件，尚未审结1件；行政诉讼2起，均为维持。": [
        (REVIEWS, 5),
        ("review/reconsideration/upheld", 3),
        ("review/reconsideration/corrected", 1),
        ("review/reconsideration/pending", 1),
        (LITIGATION, 2),
        ("review/litigation/upheld", 2),
    ],
    "未经复议直接起诉2件，复议后起诉1件。": [
        ("review/litigation_direct/total", 2),
        ("review/litigation_after_reconsideration/total", 1),
    ],
    "涉行政复议、行政诉讼案件43件。": [("", 43)],
    # nothing
    "本年度未收到政府信息公开申请，未发生因政府信息公开引起的行政复议和行政诉讼。": [(NEW, 0), (REVIEWS, 0), (LITIGATION, 0)],
    "我局收到政府信息公开申请、行政复议、行政诉讼均为0。": [(NEW, 0), (REVIEWS, 0), (LITIGATION, 0)],
    "没有公民、法人和其他组织向我局提出政府信息公开申请。": [(NEW, 0)],
    "无因政府信息公开申请行政复议、提起行政诉讼的情况。": [(REVIEWS, 0), (LITIGATION, 0)],
    "未收到有关政府信息公开行政复议申请。": [(REVIEWS, 0)],
    "无结转下年度办理的申请。": [(CARRIED_OUT, 0)],
    # figures in their parts
    "上年结转政府信息公开申请3件，本年新收25件，其中公民20件，法人及其他组织5件；其他处理2件。": [
        (CARRIED_IN, 3),
        (NEW, 25),
        ("requests/new/natural_person", 20),
        ("requests/new/organisations", 5),
        ("requests/other/total", 2),
    ],
    "共收到政府信息公开申请8件，均为自然人申请。": [(NEW, 8), ("requests/new/natural_person", 8)],
    "收到自然人申请7件、商业企业申请2件，共计9件。": [
        ("requests/new/natural_person", 7),
        ("requests/new/commercial", 2),
        (NEW, 9),
    ],
    "予以公开及部分公开42件。": [("requests/granted+partly_granted/total", 42)],
    "办结政府信息公开申请31件。按谁来申请分，自然人27件，法人或其他组织4件。": [
        (DONE, 31),
        ("requests/processed_total/natural_person", 27),
        ("requests/processed_total/organisations", 4),
    ],
    # documents
    "制发行政规范性文件6件，废止4件，现行有效18件。": [
        ("proactive/normative_documents/issued", 6),
        ("proactive/normative_documents/repealed", 4),
        ("proactive/normative_documents/in_force", 18),
    ],
    "公开行政许可结果信息34条，行政处罚结果信息1条。": [
        ("proactive/licensing/decisions", 34),
        ("proactive/penalties/decisions", 1),
    ],
    "主动公开政府信息478条。": [("", 478)],
    "全年收取信息处理费0元。": [("", 0)],
    # traditional characters with pinyin
    "市統(tǒng)計(jì)局受理政府信息公開申請(qǐng)8件，答復(fù)８件。": [(NEW, 8), (DONE, 8)],
    # none of the tables' business
    "受理“12345”热线84个，县长信箱有效信件3件，已办结3件，办结率100%。": [],
    "办理人大建议12件、政协提案9件，全部按时答复。": [],
    "按照《2022年政务公开工作要点（收到申请18件）》（某政办〔2022〕12号）第20条开展工作。": [],
    "公众号关注人数1.5万人，全年点击量20万次。": [],
    "申请人无正当理由逾期不补正的，行政机关不再处理。": [],
}


#: Ways of saying it that agencies have, and the cells of 2023 that are claimed; what is only near to disclosure claims none.
CELLS: dict[str, dict[str, float]] = {
    "收到政府信息公开申请4件，涉及土地征收2件、房屋拆迁1件、工程招标1件。": {NEW: 4},
    "通过网站、微信公众号等方式收到政府信息公开申请7件，对接企业12家。": {NEW: 7},
    "2023年，全省各级行政机关共收到政府信息公开申请23456件，上年结转1234件，办结23890件，结转下年度继续办理800件。": {
        NEW: 23456,
        CARRIED_IN: 1234,
        DONE: 23890,
        CARRIED_OUT: 800,
    },
    "全省行政机关新收政府信息公开申请1.2万件，办结1.1万余件。": {NEW: 12000, DONE: 11000},
    "当年受理申请12件，上年结转1件，办结13件，结转下年0件。": {NEW: 12, CARRIED_IN: 1, DONE: 13, CARRIED_OUT: 0},
    "收到申请数为12，其中自然人10，法人2。": {NEW: 12},
    "政府信息公开申请受理12（件），答复12（件）。": {NEW: 12, DONE: 12},
    "2023年我镇依申请公开工作实现零申请。": {NEW: 0},
    "全年收到政府信息公开申请无一例。": {NEW: 0},
    "收到依申请公开件由30件增至45件。": {NEW: 45},
    "政府信息公开申请量同比增长12%，达到560件。": {NEW: 560},
    "未按时答复0件，按时办结率100%。": {},
    "共受理政府信息公开申请25件，自然人、法人或其他组织申请分别为20件、5件。": {
        NEW: 25,
        "requests/new/natural_person": 20,
        "requests/new/organisations": 5,
    },
    "办结6件，其中予以公开、部分公开、不予公开分别为3、2、1件。": {
        "requests/granted/total": 3,
        "requests/partly_granted/total": 2,
        "requests/refused/total": 1,
    },
    "行政复议、行政诉讼分别为3件、2件。": {REVIEWS: 3, LITIGATION: 2},
    "被提起行政复议3件，复议机关均维持原行政行为。": {REVIEWS: 3, "review/reconsideration/upheld": 3},
    "2023年，我部收到政府信息公开申请1080件，较2022年下降8%；加上上年结转的21件，共办理1101件，办结1075件，结转2024年26件。": {
        NEW: 1080,
        CARRIED_IN: 21,
        DONE: 1075,
        CARRIED_OUT: 26,
    },
    "共收悉政府信息公开申请7宗，均在法定时限内予以答复。": {NEW: 7, DONE: 7},
    "申请内容主要涉及征地拆迁12件、财政预算3件、规划许可5件。": {},
    "从申请渠道看，当面申请2件，邮寄申请3件，网络申请10件。": {},
    "从办理结果看，予以公开8件，部分公开1件，无法提供5件（其中本机关不掌握相关政府信息4件，没有现成信息需要另行制作1件）。": {
        "requests/granted/total": 8,
        "requests/partly_granted/total": 1,
        "requests/unable/total": 5,
        "requests/unable.not_held/total": 4,
        "requests/unable.needs_creation/total": 1,
    },
    "其他处理5件，均为申请人逾期不补正。": {"requests/other/total": 5, "requests/other.correction_overdue/total": 5},
    "全年政府信息公开零投诉、零复议、零诉讼。": {REVIEWS: 0, LITIGATION: 0},
    "无人申请政府信息公开。": {NEW: 0},
    "全年市政府新发文件230件，其中主动公开200件，依申请公开20件，不予公开10件。": {},
    "制作公文120件，属主动公开80件、依申请公开10件、不予公开30件。": {},
    "针对政府信息公开的行政复议12件，其中维持具体行政行为8件，被依法纠错1件，其他3件。": {
        REVIEWS: 12,
        "review/reconsideration/upheld": 8,
        "review/reconsideration/corrected": 1,
        "review/reconsideration/other": 3,
    },
    "收到申请23件，其中1件因申请人补正未结，结转2024年办理，其余22件均已答复。": {NEW: 23, DONE: 22},
    "今年新增依申请公开件17件，去年遗留3件，办毕19件，跨年办理1件。": {NEW: 17, CARRIED_IN: 3, DONE: 19, CARRIED_OUT: 1},
    "共结转政府信息公开申请6件至下年度办理。": {CARRIED_OUT: 6},
    "全年12件依申请公开均已办结。": {DONE: 12},
    "2023年我局办理行政复议案件30件、行政应诉案件12件，开展普法宣传40场次。": {},
    "一年来，全县共受理行政复议申请56件，审结50件，法律援助120件。": {},
    "作出行政处罚决定35件，行政强制措施3件。": {"proactive/penalties/decisions": 35, "proactive/coercive_measures/decisions": 3},
    "行政许可申请受理56件，准予许可50件，不予许可6件。": {},
    "受理专利申请12件，商标申请5件。": {},
    "审核拟公开信息300条，不予公开2条。": {},
    "通过系统收到网上申请20件，线下申请5件，共计25件。": {NEW: 25},
    "近三年分别收到申请12件、15件、20件。": {},
    "共收到依申请公开申请贰件。": {NEW: 2},
    "行政复议被纠错0件，行政诉讼败诉0件。": {"review/reconsideration/corrected": 0, "review/litigation/corrected": 0},
    "政府信息公开行政诉讼一审2件、二审1件。": {},
    "本年度收到政府信息公开申请12件，答复12件，其中按时答复12件，延期答复0件。": {NEW: 12, DONE: 12},
    "本年度收到政府信息公开申请12件，均为网络申请，全部为自然人，均予以公开。": {
        NEW: 12,
        "requests/new/natural_person": 12,
        "requests/granted/total": 12,
    },
    "政府信息公开申请收到量和办结量均为15件。": {NEW: 15, DONE: 15},
    "共受理并按期办结政府信息公开申请15件。": {NEW: 15, DONE: 15},
    "全年共收到申请12件，其中县政府办公室5件，自然资源局4件，住建局3件。": {NEW: 12},
    "行政复议和行政诉讼情况：无。": {REVIEWS: 0, LITIGATION: 0},
    "未出现一例因信息公开引发的行政复议。": {REVIEWS: 0},
    "2023年，因政府信息公开引发行政复议案件4件、行政诉讼案件1件，均无被纠错。": {
        REVIEWS: 4,
        LITIGATION: 1,
        "review/reconsideration/corrected": 0,
        "review/litigation/corrected": 0,
    },
    "2023年行政机关因政府信息公开被提起行政诉讼9件（其中未经复议直接起诉5件，复议后起诉4件），结果维持7件，尚未审结2件。": {
        LITIGATION: 9,
        "review/litigation_direct/total": 5,
        "review/litigation_after_reconsideration/total": 4,
        "review/litigation/upheld": 7,
        "review/litigation/pending": 2,
    },
    "公开行政许可和行政处罚信息230条。": {},
    "2021年至2023年，共收到政府信息公开申请150件。": {},
    "清理规范性文件56件，其中废止3件，继续有效50件。": {
        "proactive/normative_documents/repealed": 3,
        "proactive/normative_documents/in_force": 50,
    },
    "全年行政事业性收费20.3万元。": {"proactive/administrative_fees/amount": 20.3},
    "接收依申请公开件18件，转办12件，答复6件。": {NEW: 18, DONE: 6},
    "全年因政府信息公开申请引起的行政复议案件2宗，其中1宗维持，1宗被责令重新答复；无行政诉讼案件。": {
        REVIEWS: 2,
        "review/reconsideration/upheld": 1,
        LITIGATION: 0,
    },
    "我厅作为被告的政府信息公开行政诉讼案件3件，均胜诉。": {LITIGATION: 3, "review/litigation/upheld": 3},
    "劳动保障监察受理投诉45件；调解仲裁受理申请67件；信息公开申请2件，均已答复。": {NEW: 2, DONE: 2},
    "在县政府网站公开政府信息1,560条，其中依申请公开指南1条。": {},
    "全年共收到公民、法人或者其他组织政府信息公开申请二十三件，办结二十二件，结转一件。": {NEW: 23, DONE: 22, CARRIED_OUT: 1},
    "政府信息公开申请和行政复议、诉讼各1件。": {NEW: 1, REVIEWS: 1, LITIGATION: 1},
    "答复申请9件，其中予以公开、无法提供、其他处理依次为5件、3件、1件。": {
        DONE: 9,
        "requests/granted/total": 5,
        "requests/unable/total": 3,
        "requests/other/total": 1,
    },
}


#: More sentences, and whole sections one, five and six: year, text and what it claims, as target=value.
with (ROOT / "tests" / "claims.csv").open(encoding="utf-8", newline="") as file:
    MORE = [(row["year"], row["sentence"], row["cells"]) for row in csv.DictReader(file)]


def read(sentence: str, *, title: str = TITLE) -> govstats.Report:
    return govstats.read(f"{title}{sentence}\n".encode())


@pytest.mark.parametrize("sentence", SENTENCES)
def test_figures_that_a_reader_finds(sentence: str) -> None:
    claims = read(sentence).claims
    levels = claims[~claims["qualifier"].isin(["change", "growth"])]
    assert list(zip(levels["target"], levels["value"].astype(float), strict=True)) == SENTENCES[sentence]
    assert set(levels["year"]) <= {2023}


@pytest.mark.parametrize("sentence", CELLS)
def test_cells_that_a_reader_finds(sentence: str) -> None:
    claims = read(sentence).claims
    levels = claims[(claims["target"] != "") & ~claims["qualifier"].isin(["change", "growth"])]
    assert set(zip(levels["target"], levels["value"].astype(float), strict=True)) == set(CELLS[sentence].items())


@pytest.mark.parametrize(("year", "sentence", "cells"), MORE, ids=[f"{year}-{sentence[:24]}" for year, sentence, _ in MORE])
def test_more_sentences(year: str, sentence: str, cells: str) -> None:
    claims = read(sentence, title=TITLE.replace("2023", year)).claims
    levels = claims[(claims["target"] != "") & ~claims["qualifier"].isin(["change", "growth"])]
    found = {f"{target}={value:.12g}" for target, value in zip(levels["target"], levels["value"].astype(float), strict=True)}
    assert found == set(cells.split())


@pytest.mark.parametrize(
    "text",
    [
        "收到申请12件(" * 300,
        "其中自然人申请3件(网上5件,信函1件)办结2件" * 200,
        "1,234," * 500,
        "零一二" * 900,
        "收到申请零十一件",
        "未收到" * 500,
        "、分别为" * 400,
        "《（" * 400,
    ],
)
def test_no_text_is_too_odd(text: str) -> None:
    report = read(text)
    assert all(report.text[one.start : one.end] == one.quote for one in report.read_claims)


def test_a_quote_is_where_its_offsets_say() -> None:
    report = read("（二）依申请公开。全年收到政府信息公开申请112件，比2022年增加12件，办结约100件。")
    assert report.claims["quote"].tolist() == ["全年收到政府信息公开申请112件", "比2022年增加12件", "办结约100件"]
    assert all(report.text[one.start : one.end] == one.quote for one in report.read_claims)
    assert report.claims["place"].tolist() == ["line 3"] * 3


def test_words_that_make_an_interval() -> None:
    claims = read("收到政府信息公开申请2780多件，近100件不予公开，超过20件无法提供。").claims
    assert claims[["target", "value", "low", "qualifier"]].values.tolist() == [
        [NEW, 2780.0, 2780.0, "多"],
        ["requests/refused/total", 100.0, 0.0, "近"],
        ["requests/unable/total", 20.0, 21.0, "超过"],
    ]
    assert claims["high"].tolist()[:2] == [2789.0, 99.0]
    assert claims["high"].isna().tolist() == [False, False, True]


def test_comparisons_and_other_years_say_so() -> None:
    claims = read("去年收到申请10件，今年收到申请15件，同比增长50%，较2022年增加5件。").claims
    assert claims[["year", "target", "value", "qualifier"]].values.tolist() == [
        [2022, NEW, 10.0, ""],
        [2023, NEW, 15.0, ""],
        [2023, NEW, 50.0, "growth"],
        [2023, NEW, 5.0, "change"],
    ]


def test_whom_a_figure_is_about() -> None:
    claims = read("全区共收到政府信息公开申请95件，其中本机关17件。通过网络收到申请5件。").claims
    assert claims[["target", "value", "scope"]].values.tolist() == [[NEW, 95.0, "全区"], [NEW, 17.0, "本机关"], ["", 5.0, "网络"]]


def test_a_wrapped_line_goes_on_and_an_item_does_not() -> None:
    assert [one.value for one in read("全年收到政府信息公开\n申请 34 件，上年结转政府信息公开申请\n2 件。").read_claims] == [
        34,
        2,
    ]
    claims = read("（一）受理政府信息公开申请\n（二）主动公开信息\n5条。\n").claims
    assert claims[["target", "value"]].values.tolist() == [["", 5.0]]
    # a heading says what the line under it is about
    assert read("（二）依申请公开\n未收到。\n").claims["target"].tolist() == [NEW]


def test_text_without_prose_claims_nothing() -> None:
    report = govstats.read(
        "某某局2021年政府信息公开工作年度报告\n信息内容\t本年处理决定数量\n行政处罚\t3\n行政强制\t0\n".encode()
    )
    assert report.claims.empty
    assert report.claims.dtypes["value"] == "Float64"


@pytest.mark.skipif(not SHARED.is_dir(), reason="the documents that were transcribed are not in the project")
def test_what_was_transcribed_is_read() -> None:
    specification = importlib.util.spec_from_file_location("claims_benchmark", ROOT / "benchmarks" / "claims.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules["claims_benchmark"] = module
    specification.loader.exec_module(module)
    scores = module.score(SHARED)
    assert len(scores) >= 25
    found, missed, wrong = module.totals(scores)
    assert found / (found + missed) >= 0.95
    assert found / (found + wrong) >= 0.98


def test_documents_of_the_corpus_say_what_was_transcribed() -> None:
    """The sentences that the project composes of the published claims, in every format of every report."""
    with (embedded.folder() / "claims.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["target"]]
    for report in embedded.register().to_dict("records"):
        said = {
            (row["target"], float(row["value"]), row["qualifier"] == "growth")
            for row in rows
            if row["document"] == f"reports/{report['slug']}" and "+" not in row["target"]
        }
        for path in embedded.documents(report["agency"], report["year"]):
            claims = govstats.read(path).read_claims
            assert {(one.target, one.value, one.qualifier == "growth") for one in claims if one.target} == said, path.name


# --- why ------------------------------------------------------------------------------------------------------------------


def test_a_claim_is_explained_by_its_words_and_a_rule() -> None:
    report = read("收到政府信息公开申请30件，其中网上申请12件，均已答复。")
    explained = [report.explain(claim) for _, claim in report.claims.iterrows()]
    assert [(one.value, one.rule) for one in explained] == [(30, "cell"), (12, "channel"), (30, "all")]
    assert ("收到", "new") in explained[0].words
    assert "只是一个渠道" in explained[1].message_zh
    with pytest.raises(UnusableCells, match="no claim of this report"):
        read("收到政府信息公开申请5件。").explain(report.claims.iloc[0])


def test_every_rule_has_words_in_both_languages() -> None:
    texts = [*SENTENCES, *CELLS, *(sentence for _, sentence, _ in MORE)]
    told = {one.rule for text in texts for one in explain_sentence(text, year=2023)}
    assert told == sentences.data()["rules"].keys()
    assert all(rule["zh"] and rule["en"] for rule in sentences.data()["rules"].values())


def test_every_row_of_the_decisions_decides_something(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row without a sentence of these tests is one too many, or lacks its sentence."""
    facts_of: dict[str, set[frozenset[str]]] = {question: set() for question in sentences.data()["decide"]}
    decide = sentences.decide

    def watched(question: str, facts: frozenset[str]) -> str:
        facts_of[question].add(frozenset(facts))
        return decide(question, facts)

    monkeypatch.setattr(sentences, "decide", watched)
    monkeypatch.setattr(claims, "decide", watched)
    for text in [
        *SENTENCES,
        *CELLS,
        "收到申请零十一件",
        *(made for family in families.FAMILIES for made, _ in families.sentences(family, 9)),
    ]:
        explain_sentence(text, year=2023)
    for year, text, _ in MORE:
        assert len(read(text, title=TITLE.replace("2023", year)).read_claims) >= 0
    for question, rows in sentences.data()["decide"].items():
        left = set(facts_of[question])
        for outcome, written in rows:
            needs, bars = {one for one in written.split() if one[0] != "!"}, {one[1:] for one in written.split() if one[0] == "!"}
            decided = {facts for facts in left if needs <= facts and bars.isdisjoint(facts)}
            assert decided, (question, outcome, written)
            left -= decided


def test_the_command_explains_what_is_no_claim(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "受理热线5件。", "--language", "zh"]) == 0
    assert "“受理热线5件” 5件 → —\n  受理=new · 热线=outside\n  说的是别的事" in capsys.readouterr().out
    assert main(["explain", "培训20人。"]) == 0
    assert "no figure that counts" in capsys.readouterr().out


# --- families of sentences ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", families.FAMILIES, ids=lambda family: family.__name__)
def test_sentences_made_from_the_slots(family: Callable[[families.Writer], tuple[str, families.Cells]]) -> None:
    wrong = []
    for text, cells in families.sentences(family, count=160):
        explained = explain_sentence(text, year=families.YEAR)
        found = {(one.target, one.value) for one in explained if one.target}
        compared = {(one.target, one.value) for one in explained if one.rule in COMPARED}
        if found - compared != set(cells.items()):
            wrong.append(text)
    assert len(wrong) <= 1, wrong
