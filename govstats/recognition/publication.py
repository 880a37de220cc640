"""What a document says of itself: when it was published (not written or signed), and whether its figures are sums over units."""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from importlib.resources import files

from govstats.characters import folded_text
from govstats.documents import Document, Paragraph

_DATE = r"(20\d\d)\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})(?!\d{3})"
_LABEL = r"(?<!文件)(?<!政策)(?<!通知)(?:[发發]\s*[布佈]|公\s*[开開布佈])\s*(?:日\s*期|[时時]\s*[间間])"
_LABELLED = re.compile(rf"{_LABEL}[\s:：|｜\[【(（]*{_DATE}")
_LABEL_AT_THE_END = re.compile(rf"(?:^|[^\u4e00-\u9fff])(?:信息)?{_LABEL}[\s:：]*$")
_DATE_AT_THE_START = re.compile(rf"[\s\[【(（]*{_DATE}")
#: 时间：2022-01-20 15:08 at the head of a page: the minute is that of the content management system.
_STAMPED = re.compile(rf"(?:[时時]\s*[间間]|日\s*期)\s*[:：]\s*{_DATE}\s*日?\s*\d{{1,2}}:\d\d")
_DIGITS_ALONE = re.compile(r"(20\d\d)(\d\d)(\d\d)")
#: A line that says more is a sentence of the report.
_LONGEST = 200
_REPORT_BEGINS = re.compile(r"一\s*[、.．]")
#: A sentence of the kind has one of these words; few reports have any.
_WORTH_READING = re.compile(r"汇总|彙總|匯總|合计|合計|之和|范围|範圍|年度报告|年度報告|年报|年報")


def published(document: Document) -> dt.date | None:
    """Return the date of publication that a document states.

    Parameters
    ----------
    document : Document

    Returns
    -------
    datetime.date or None
        The one that stands beside 发布日期, 发布时间, 公开日期 … above the report, else anywhere in the document, else what the
        head of the page says. None where nothing is said, or several dates are. The dates of writing (成文日期, 生成日期), of the
        document (发文日期) and below the signature are none of publication.

    Examples
    --------
    >>> from govstats.documents import open_document
    >>> published(open_document("某局2021年政府信息公开工作年度报告\\n发布时间：2022-01-20 15:08\\n一、总体情况".encode()))
    datetime.date(2022, 1, 20)
    """
    above: set[dt.date] = set()
    below: set[dt.date] = set()
    stamped: set[dt.date] = set()
    dates = above
    waiting = False
    for text in _lines(document):
        if dates is above and text[:1] == "一" and _REPORT_BEGINS.match(text):
            dates = below
        if waiting and (found := _DATE_AT_THE_START.match(text)):
            dates.update(_date(found))
        # looking for a character costs far less than a pattern, and most lines are figures
        waiting = "期" in text or "间" in text or "間" in text
        if waiting and (found := _LABELLED.search(text)):
            dates.update(_date(found))
        elif waiting and dates is above and (found := _STAMPED.match(text)):
            stamped.update(_date(found))
        waiting = waiting and _LABEL_AT_THE_END.search(text) is not None
    stated = above or below or stamped
    head = document.metadata.get("published", "")
    named = _DATE_AT_THE_START.match(head) or _DIGITS_ALONE.match(head)
    of_page = set(_date(named)) if named else set()
    fitting = stated & of_page if len(stated) > 1 else stated or of_page
    return next(iter(fitting)) if len(fitting) == 1 else None


def _lines(document: Document) -> Iterator[str]:
    """Yield the short lines; those of tables only before the report, where they say what the document is."""
    begun = False
    for block in document.blocks:
        if isinstance(block, Paragraph):
            begun = begun or block.text[:1] == "一"
            yield from block.text.split("\n") if len(block.text) <= _LONGEST else ()
        elif not begun:
            yield from (text for row in block.texts for text in row if text)


def _date(found: re.Match[str]) -> Iterator[dt.date]:
    with suppress(ValueError):  # 2022-02-30
        yield dt.date(*map(int, found.groups()))


def is_summary(text: str) -> bool:
    """Tell whether a text says that the figures of the report are sums over units: all towns of a county, all bureaus of a city.

    Parameters
    ----------
    text : str
        The prose of the report.

    Examples
    --------
    >>> is_summary("本报告数据为全区汇总数据。"), is_summary("本报告数据仅为本机关数据，不含所属单位。")
    (True, False)
    """
    says, but_not = _patterns()
    for sentence in text.replace(" ", "").replace("\n", "。").split("。"):
        if _WORTH_READING.search(sentence):
            plain = folded_text(sentence)
            if says.search(plain) and not but_not.search(plain):
                return True
    return False


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    with (files("govstats.recognition") / "summary.toml").open("rb") as file:
        data = tomllib.load(file)
    says = "|".join(data["patterns"]).replace("@unit", "|".join(data["units"]))
    return re.compile(says), re.compile("|".join(data["but_not"]))
