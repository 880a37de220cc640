"""Characters and numerals: what stands in a document, made comparable without touching what was printed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Literal, NamedTuple

#: Full-width forms and the minus signs that Chinese typesetting uses, for text in which a number is sought.
#: NFKC would be wrong there: it turns the footnote in ``22①`` into a digit.
_HALF_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {
    **dict.fromkeys(map(ord, "\u3000\u00a0\u2002\u2003\u2007\u2009\u202f\t\r\n"), " "),
    **dict.fromkeys(map(ord, "\u2212\u2010\u2011\u2012\u2013\ufe63"), "-"),
    **dict(zip(map(ord, "萬億項條個"), "万亿项条个", strict=True)),
    **dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad"), None),
}

#: The same for text in which words are sought; a blank for what is left out, so that every other character keeps its place.
_IN_PLACE = {code: after or " " for code, after in _HALF_WIDTH.items()}

#: Radicals that PDF producers take for the characters that look the same; NFKC folds the others (U+2F00 to U+2FD5).
_RADICALS = str.maketrans(
    "⺁⺇⺊⺎⺓⺙⺝⺠⺧⺩⺪⺫⺬⺶⺼⺽⻁⻃⻄⻅⻆⻇⻉⻊⻋⻑⻓⻔⻗⻘⻙⻚⻛⻜⻝⻡⻢⻣⻤⻥⻦⻧⻨⻩⻪⻬⻮⻰",
    "厂几卜兀幺攵月民牛王疋目示羊月臼虎西西见角角贝足车长长门雨青韦页风飞食首马骨鬼鱼鸟卤麦黄黾齐齿龙",
)

_TONE = "āáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜüńňǹ"
_PINYIN_WITH_TONE = re.compile(rf"[(（][a-z]{{0,5}}[{_TONE}][a-z]{{0,5}}[)）]")
_PINYIN = re.compile(rf"(?<=[\u3400-\u9fff])[(（][a-z{_TONE}]{{1,6}}[)）]")

_NOT_APPLICABLE = re.compile(r"[/\\—―~－_＿-]+|不适用|不適用|无此项|無此項|此项无|无|無|不涉及|n/?a", re.IGNORECASE)
_NUMBER = re.compile(r"([+-]|增加?|减少?|)\s?(\d{1,3}(?:,\d{3})+|\d+)(\.\d+)?\s?(亿元|万元|元|[万亿]?[件条项个起宗份部批]?次?)")
_REMARK = re.compile(r"\s*[(\[][^()\[\]]*[)\]]$")
#: With its unit and a remark in brackets; anything longer is a sentence.
_LONGEST_FIGURE = 60
#: A float tells as many digits apart; one more, and it may stand for another figure.
_MOST_DIGITS = 15
_COUNTED = frozenset("件条项个起宗次份部批")
_SCALE = {"亿元": 1e8, "万元": 1e4, "元": 1.0}

ValueStatus = Literal["reported", "blank", "not_applicable", "unreadable"]


class Figure(NamedTuple):
    """What a cell says: `value` is null unless `status` is ``reported``; `unit` is the unit printed in the cell."""

    status: ValueStatus
    value: float | None = None
    unit: str = ""
    remark: str = ""


@cache
def _simplifications() -> dict[int, int]:
    """Return what to write for each traditional character and radical."""
    from opencc import OpenCC

    characters = "".join(map(chr, range(0x3400, 0xA000)))
    simple = str.maketrans(characters, OpenCC("t2s").convert(characters))
    # converters write 陝 (Shaanxi) with the character of another word
    return {before: after for before, after in simple.items() if before != after} | _RADICALS | str.maketrans("陜", "陕")


def simplified(text: str) -> str:
    """Turn traditional characters and radicals into simplified ones, one for one, and drop pinyin injected in brackets.

    Parameters
    ----------
    text : str
        As it stands in the document.

    Returns
    -------
    str
        The same text; every character keeps its place unless pinyin was dropped.

    Examples
    --------
    >>> simplified("應(yīng)急管理部政府信息公開工作報(bào)告")
    '应急管理部政府信息公开工作报告'
    """
    if _PINYIN_WITH_TONE.search(text):
        text = _PINYIN.sub("", text)
    return text.translate(_simplifications())


def normalised(text: str) -> str:
    """Return text for comparing: compatibility forms folded, simplified, no pinyin.

    Examples
    --------
    >>> normalised("（一）予以公開　２０２１年")
    '(一)予以公开 2021年'
    >>> normalised("⾏政许可，⻔户⽹站，⼈⺠法院")
    '行政许可,门户网站,人民法院'
    """
    return simplified(unicodedata.normalize("NFKC", text))


@lru_cache(maxsize=8192)
def figure(text: str) -> Figure:
    """Read the figure in a cell.

    Parameters
    ----------
    text : str
        The text of the cell.

    Returns
    -------
    Figure
        With amounts of money (``元``, ``万元``, ``亿元``) in yuan and `unit` telling so, counts as they are.
        ``unreadable`` where something stands there that is not one number, a count that is not whole, or more digits than
        a float holds.

    Examples
    --------
    >>> figure("１，０２４")
    Figure(status='reported', value=1024.0, unit='', remark='')
    >>> figure("22（其中修订 16 件）")
    Figure(status='reported', value=22.0, unit='', remark='(其中修订 16 件)')
    >>> figure("减4").value, figure("增4").value
    (-4.0, 4.0)
    >>> figure("251000元")
    Figure(status='reported', value=251000.0, unit='元', remark='')
    >>> figure("／").status, figure("&nbsp;").status, figure("约30").status
    ('not_applicable', 'blank', 'unreadable')
    """
    if len(text) > _LONGEST_FIGURE:
        return Figure("unreadable")
    plain = text.translate(_HALF_WIDTH).replace("&nbsp;", " ").strip().strip("*").strip()
    if not plain:
        return Figure("blank")
    if _NOT_APPLICABLE.fullmatch(plain):
        return Figure("not_applicable")
    remark = _REMARK.search(plain)
    core = plain[: remark.start()] if remark else plain
    match = _NUMBER.fullmatch(core.strip())
    if not match:
        return Figure("unreadable")
    sign, whole, decimals, unit = match.groups()
    number = f"{'-' if sign[:1] in {'-', '减'} else ''}{whole.replace(',', '')}{decimals or ''}"
    value = float(number)
    if unit in _SCALE:
        # 7730.28 × 10⁴ is exact to the printed digits only when rounded to them
        value = round(value * _SCALE[unit], 6)
    elif unit[:1] in {"万", "亿"}:
        value = round(value * (1e4 if unit[0] == "万" else 1e8), 6)
    too_long = sum(map(str.isdecimal, number)) > _MOST_DIGITS or abs(value) >= 10**_MOST_DIGITS
    if too_long or (unit[-1:] in _COUNTED and not value.is_integer()):
        return Figure("unreadable")
    return Figure("reported", value, unit, remark[0].strip() if remark else "")


def is_figure(text: str) -> bool:
    """Tell whether a text is a figure or a sign for none, and nothing else.

    Examples
    --------
    >>> is_figure("32 项"), is_figure("—"), is_figure(""), is_figure("自然人")
    (True, True, False, False)
    """
    # so is a run of digits that is too long for a number: several that ran together
    return figure(text).status in {"reported", "not_applicable"} or text.isdecimal()


# findings and sketches look into the same prose one after the other
@lru_cache(maxsize=16)
def folded_text(text: str) -> str:
    """Return text for finding words in: simplified, half-width, without blanks and pinyin.

    Examples
    --------
    >>> folded_text("答復(fù) ８ 件，")
    '答复8件,'
    """
    return _one_for_one(text).replace(" ", "")


def folded(text: str) -> tuple[str, Sequence[int]]:
    """Return text as `folded_text` does, and where each of its characters stood.

    Examples
    --------
    >>> folded("答復(fù) ８ 件，")
    ('答复8件,', [0, 1, 7, 9, 10])
    """
    plain = _one_for_one(text)
    if " " not in plain:
        return plain, range(len(plain))
    places: list[int] = []
    start = 0
    for piece in plain.split(" "):
        places += range(start, start + len(piece))
        start += len(piece) + 1
    return plain.replace(" ", ""), places


def _one_for_one(text: str) -> str:
    """Fold each character in its place, with a blank for what is left out."""
    plain = text.translate(_IN_PLACE).translate(_simplifications())
    if _PINYIN_WITH_TONE.search(plain):
        plain = _PINYIN.sub(lambda found: " " * len(found[0]), plain)
    return plain


@lru_cache(maxsize=1024)
def numeral(text: str) -> float | None:
    """Return the number that a text writes in Arabic or Chinese numerals; None where it is none.

    Examples
    --------
    >>> numeral("1,024"), numeral("一百零三"), numeral("两"), numeral("百"), numeral("零十一")
    (1024.0, 103.0, 2.0, None, None)
    """
    try:
        return float(text.replace(",", ""))
    except ValueError:
        # takes a third of a second to load, and most reports have no use for it
        from cn2an import cn2an
    try:
        return float(cn2an(text, "smart"))
    except (ValueError, KeyError):
        return None
