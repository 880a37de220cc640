"""Dates of publication, and reports that say they are sums over units."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pandas as pd
import pytest

import govstats
from govstats import embedded
from govstats.documents import open_document
from govstats.recognition.identity import is_summary, published

TITLE = "某某局2021年政府信息公开工作年度报告"
TABLE = "<table><tr><td>信息内容<td>本年处理决定数量<tr><td>行政处罚<td>3<tr><td>行政强制<td>0</table>"
DAY = dt.date(2022, 1, 20)


def page(above: str = "", below: str = "", head: str = "") -> bytes:
    return f"<head><meta charset=utf-8>{head}</head><body>{above}<p>{TITLE}</p><p>一、总体情况</p>{TABLE}{below}".encode()


@pytest.mark.parametrize(
    "line",
    [
        "<p>发布时间：2022-01-20</p>",
        "<p>发布时间: 2022-01-20 15:08</p>",
        "<p>发布日期：2022年1月20日 浏览次数：3</p>",
        "<p>信息来源：某某局 发布日期：2022/1/20</p>",
        "<p>发布时间：[2022.01.20]</p>",
        "<p>發佈時間：2022-01-20</p>",
        "<p>發布日期：2022-01-20</p>",
        "<p>发 布 日 期：2022-01-20</p>",
        "<p>公开日期：2022-01-20</p>",
        "<p>公布时间：2022-01-20</p>",
        "<div>发布时间：</div><div>2022-01-20</div>",
        "<table><tr><td>索引号<td>AB-1<td>发布日期<td>2022-01-20</table>",
        "<table><tr><td>索引号：AB-1<td>公开日期：2022-01-20<tr><td>成文日期：2022-01-05<td></table>",
        "<p>时间：2022-01-20 15:08</p>",
        "<p>发布日期：2022-01-20</p><p>成文日期：2022-01-05</p>",
    ],
)
def test_a_date_that_is_stated(line: str) -> None:
    assert govstats.read(page(above=line)).published == DAY


@pytest.mark.parametrize(
    "head",
    [
        '<meta name="PubDate" content="2022-01-20 15:08">',
        '<meta name="pubdate" content="2022-01-20">',
        '<meta name="publishdate" content="20220120">',
    ],
)
def test_a_date_in_the_head_of_the_page(head: str) -> None:
    assert govstats.read(page(head=head)).published == DAY


@pytest.mark.parametrize(
    "line",
    [
        "<p>成文日期：2022-01-20</p>",
        "<p>公文生成日期：2022-01-20</p>",
        "<p>发文日期：2022-01-20</p>",
        "<p>日期：2022-01-20</p>",
        "<p>文件发布日期：2022-01-20</p>",
        "<p>发布时间：</p>",
        "<p>发布时间：2022-13-20</p>",
        "<p>发布时间：2022年1月</p>",
        "<p>发布时间为2022年1月20日以前的信息已全部整理。</p>",
        "<p>发布时间：2022-01-20</p><p>发布时间：2022-01-21</p>",  # which of the two is not said
        "<table><tr><td>成文日期<td>2022-01-20</table>",
    ],
)
def test_what_is_no_date_of_publication(line: str) -> None:
    assert govstats.read(page(above=line)).published is None


def test_a_date_below_the_signature_is_none_of_publication() -> None:
    assert govstats.read(page(below="<p>某某局</p><p>2022年1月20日</p>")).published is None


def test_above_the_report_before_a_list_of_other_articles_below() -> None:
    below = "<p>相关文章</p><p>发布时间：2023-05-01</p><p>发布时间：2023-06-01</p>"
    assert govstats.read(page(above="<p>发布时间：2022-01-20</p>", below=below)).published == DAY


def test_below_the_report_where_nothing_stands_above() -> None:
    assert govstats.read(page(below="<p>发布时间：2022-01-20</p>")).published == DAY


def test_what_the_page_shows_before_what_its_head_says() -> None:
    head = '<meta name="PubDate" content="2024-08-09 10:00">'
    assert govstats.read(page(above="<p>发布日期：2022-01-20</p>", head=head)).published == DAY
    both = "<p>发布日期：2022-01-20</p><p>发布时间：2024-08-09 10:00</p>"
    assert govstats.read(page(above=both, head=head)).published == dt.date(2024, 8, 9)


def test_plain_text() -> None:
    lines = f"索引号 AB-1\n发布日期：2022-01-20\n{TITLE}\n一、总体情况\n"
    assert published(open_document(lines.encode())) == DAY


def test_embedded_documents_that_print_a_date() -> None:
    register = embedded.register().dropna(subset="publication_date")
    assert len(register) == 11
    for agency, year, day in zip(register["agency"], register["year"], register["publication_date"], strict=True):
        assert embedded.report(agency, year, "html").published == day.date()


def test_real_reports(shared: Path) -> None:
    register = embedded.register().set_index("slug")["publication_date"]
    found = set()
    for folder in sorted((shared / "reports").iterdir()):
        for path in sorted(folder.glob("report.*")):
            day = published(open_document(path))
            if day is not None:
                assert pd.Timestamp(day) == register[folder.name], path
                found.add(folder.name)
    assert len(found) == 8


# --- sums over units ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sentence",
    [
        "本报告数据为全区汇总数据。",
        "报告中所列数据为全县各镇、各部门数据汇总。",
        "表中数据系区政府各部门和各街道之和。",
        "统计范围包括区政府办公室、区政府各部门、各街道办事处。",
        "数据统计范围：全市各县区及市直部门。",
        "本报告汇总全省数据，截至年底。",
        "本报告由市政府办公室汇总各区、各部门情况编制而成。",
        "本报告综合各镇和县直各单位的年度报告编制。",
        "现根据区政府各部门、各镇人民政府的年度报告汇总编制。",
        "本報告數據為全區匯總數據。",
        "本 报 告 数 据 为 全 区 汇 总 数 据。",
    ],
)
def test_a_report_that_says_it_is_a_sum(sentence: str) -> None:
    assert is_summary(f"一、总体情况\n{sentence}\n二、主动公开政府信息情况")


@pytest.mark.parametrize(
    "sentence",
    [
        "本报告数据仅为本机关数据，不含所属单位。",
        "统计范围为区政府办公室。",
        "定期汇总各部门的问题并督促整改。",
        "汇总群众意见，改进工作。",
        "督促各镇编制年度报告。",
        "要求各部门按时报送年度报告，由办公室汇总公布。",
        "本报告所列数据的统计期限为2021年1月1日至12月31日。",
        "全区共收到申请12件。",
        "各镇主动公开信息100条，各部门主动公开信息200条。",
        "公开范围包括各类规划。",
    ],
)
def test_a_report_that_does_not(sentence: str) -> None:
    assert not is_summary(f"一、总体情况\n{sentence}\n二、主动公开政府信息情况")


def test_a_report_knows_whether_it_is_a_sum() -> None:
    assert govstats.read(page(below="<p>以上数据为全区汇总数据。</p>")).summary
    assert not govstats.read(page()).summary


def test_two_sentences_are_not_one() -> None:
    assert not is_summary("本报告数据真实。各部门意见已经汇总。")
