"""Whether a report says that its figures are sums over the units below it."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files

from govstats.characters import folded_text

#: A sentence of the kind has one of these words; few reports have any.
_WORTH_READING = re.compile(r"汇总|彙總|匯總|合计|合計|之和|范围|範圍|年度报告|年度報告|年报|年報")


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
