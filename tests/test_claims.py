"""What the prose claims: sentences typed for these tests, with the figures that a reader finds in them."""

from __future__ import annotations

import csv
import importlib.util
import sys
from pathlib import Path

import pytest

import govstats
from govstats import embedded

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
TITLE = "某某市人民政府2023年政府信息公开工作年度报告\n一、总体情况\n"

NEW, DONE = "requests/new/total", "requests/processed_total/total"
CARRIED_IN, CARRIED_OUT = "requests/carried_in/total", "requests/carried_out/total"
REVIEWS, LITIGATION = "review/reconsideration/total", "review/litigation/total"

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
    "全年收到政府信息公开申请112件，比2022年增加12件，达到112件。": [(NEW, 112)],
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
    "予以公开及部分公开42件。": [("", 42)],
    "办结政府信息公开申请108件。从申请主体看，自然人提交的申请97件，各类法人或其他组织提交的申请11件。": [
        (DONE, 108),
        ("requests/processed_total/natural_person", 97),
        ("requests/processed_total/organisations", 11),
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


def read(sentence: str, *, title: str = TITLE) -> govstats.Report:
    return govstats.read(f"{title}{sentence}\n".encode())


@pytest.mark.parametrize("sentence", SENTENCES)
def test_figures_that_a_reader_finds(sentence: str) -> None:
    claims = read(sentence).claims
    levels = claims[~claims["qualifier"].isin(["change", "growth"])]
    assert list(zip(levels["target"], levels["value"].astype(float), strict=True)) == SENTENCES[sentence]
    assert set(levels["year"]) <= {2023}


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
            if row["document"] == f"reports/{report['slug']}"
        }
        for path in embedded.documents(report["agency"], report["year"]):
            claims = govstats.read(path).read_claims
            assert {(one.target, one.value, one.qualifier == "growth") for one in claims if one.target} == said, path.name
