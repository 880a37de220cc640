"""The numbers that Word gives to the paragraphs of lists: they stand on the page, but not in the text."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from lxml.etree import _Element

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_PLACE = re.compile(r"%([1-9])")
_DIGITS = "零一二三四五六七八九"
#: Kinds of Chinese numerals: chineseCounting, ideographDigital, koreanDigital2 and their like.
_CHINESE = re.compile("counting|ideographdigital|simplified", re.IGNORECASE)


class _List(NamedTuple):
    """A list: its levels, how far each has been counted, where counting begins anew; lists of one kind count on together."""

    levels: dict[int, _Element]
    counts: dict[int, int]
    restarts: dict[int, int]

    def start(self, level: int) -> int:
        return _whole(value_of(self.levels.get(level), "start"), 1)


class Numbering:
    """Counts the paragraphs of every list of a document, which have to be given in its order.

    Parameters
    ----------
    part : Element or None
        The document's ``numbering.xml``.
    numbered : callable
        Returns the list and the level of a paragraph, as its properties or its style have them.
    """

    def __init__(self, part: _Element | None, numbered: Callable[[_Element], tuple[str, str]]) -> None:
        self.numbered = numbered
        self.lists: dict[str, _List] = {}
        kinds: dict[str, tuple[_Element, dict[int, int]]] = {}
        for one in () if part is None else part.iterchildren(f"{W}abstractNum", f"{W}num"):
            if one.tag == f"{W}abstractNum":
                kinds[attribute(one, "abstractNumId")] = (one, {})
            elif (name := value_of(one, "abstractNumId")) in kinds:
                kind, counts = kinds[name]
                overrides = one.findall(f"{W}lvlOverride")
                restarts = {_whole(attribute(o, "ilvl"), -1): _whole(value_of(o, "startOverride"), -1) for o in overrides}
                self.lists[attribute(one, "numId")] = _List(_levels(kind, *overrides), counts, restarts)

    def next(self, paragraph: _Element) -> str:
        """Return the number of a paragraph, ``（一）`` or ``1.``; an empty string where it has none, or only a bullet."""
        name, at = self.numbered(paragraph)
        found, level = self.lists.get(name), _whole(at, -1)
        if found is None or level not in found.levels:
            return ""
        restart = found.restarts.pop(level, -1)
        found.counts[level] = restart if restart >= 0 else found.counts.get(level, found.start(level) - 1) + 1
        for deeper in [other for other in found.counts if other > level]:
            del found.counts[deeper]
        definition = found.levels[level]
        if value_of(definition, "numFmt") == "bullet":
            return ""

        def counted(place: re.Match[str]) -> str:
            outer = int(place[1]) - 1
            legal = definition.find(f"{W}isLgl") is not None
            kind = "decimal" if legal else value_of(found.levels.get(outer), "numFmt")
            return numeral(found.counts.get(outer, found.start(outer)), kind)

        return _PLACE.sub(counted, value_of(definition, "lvlText"))


def numeral(number: int, kind: str) -> str:
    """Write a number as a list of Word's does: in Chinese, in a circle, as a letter; otherwise in digits.

    Examples
    --------
    >>> numeral(3, "decimal"), numeral(21, "chineseCounting"), numeral(4, "lowerLetter"), numeral(2, "decimalEnclosedCircle")
    ('3', '二十一', 'd', '②')
    """
    if kind == "none":
        return ""
    if _CHINESE.search(kind) and 0 < number < 100:  # no list of a report is longer
        tens, ones = divmod(number, 10)
        return ("" if tens < 2 else _DIGITS[tens]) + ("十" if tens else "") + (_DIGITS[ones] if ones else "")
    if kind.startswith("decimalEnclosedCircle") and 0 < number <= 20:
        return chr(ord("①") + number - 1)
    if kind.endswith("Letter") and 0 < number <= 26:
        return chr(ord("A" if kind.startswith("upper") else "a") + number - 1)
    return str(number)


def _levels(*holders: _Element) -> dict[int, _Element]:
    return {_whole(attribute(one, "ilvl"), -1): one for holder in holders for one in holder.iterfind(f"{W}lvl")}


def _whole(number: str, otherwise: int) -> int:
    return int(number) if number.isdecimal() else otherwise


def value_of(holder: _Element | None, path: str) -> str:
    """Return what an element inside another says, whose path is in names like ``pPr/pStyle``; an empty string without it."""
    element = None if holder is None else holder.find("/".join(W + name for name in path.split("/")))
    return "" if element is None else attribute(element, "val")


def attribute(element: _Element, name: str, otherwise: str = "") -> str:
    """Return an attribute of WordprocessingML."""
    return str(element.get(f"{W}{name}", otherwise))
