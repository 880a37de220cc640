"""The numbers that Word gives to the paragraphs of lists: they stand on the page, but not in the text."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml.etree import _Element

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_PLACE = re.compile(r"%([1-9])")
_DIGITS = "零一二三四五六七八九"
#: Kinds of Chinese numerals: chineseCounting, ideographDigital, koreanDigital2 and their like.
_CHINESE = re.compile("counting|ideographdigital|simplified", re.IGNORECASE)


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
        counts: dict[str, dict[int, int]] = {}
        abstract = {} if part is None else {attribute(one, "abstractNumId"): one for one in part.iterfind(f"{W}abstractNum")}
        for one in () if part is None else part.iterfind(f"{W}num"):
            name = value_of(one, "abstractNumId")
            if name in abstract:
                self.lists[attribute(one, "numId")] = _List(abstract[name], one, counts.setdefault(name, {}))

    def next(self, paragraph: _Element) -> str:
        """Return the number of a paragraph, ``（一）`` or ``1.``; an empty string where it has none, or only a bullet."""
        name, level = self.numbered(paragraph)
        found = self.lists.get(name)
        return found.next(int(level)) if found and level.isdecimal() else ""


class _List:
    """A list: its levels, and how far each has been counted; lists of one kind count on together."""

    def __init__(self, abstract: _Element, number: _Element, counts: dict[int, int]) -> None:
        self.counts = counts
        self.levels = _levels(abstract)
        self.restarts: dict[int, int] = {}
        for override in number.iterfind(f"{W}lvlOverride"):
            self.levels |= _levels(override)
            start, level = value_of(override, "startOverride"), attribute(override, "ilvl")
            if start.isdecimal() and level.isdecimal():
                self.restarts[int(level)] = int(start)

    def next(self, level: int) -> str:
        if level not in self.levels:
            return ""
        following = self.counts.get(level, self._start(level) - 1) + 1
        self.counts[level] = self.restarts.pop(level, following)
        for deeper in [other for other in self.counts if other > level]:
            del self.counts[deeper]
        definition = self.levels[level]
        if value_of(definition, "numFmt") == "bullet":
            return ""
        legal = definition.find(f"{W}isLgl") is not None

        def counted(place: re.Match[str]) -> str:
            outer = int(place[1]) - 1
            number = self.counts.get(outer, self._start(outer))
            return numeral(number, "decimal" if legal else value_of(self.levels.get(outer), "numFmt"))

        return _PLACE.sub(counted, value_of(definition, "lvlText"))

    def _start(self, level: int) -> int:
        start = value_of(self.levels.get(level), "start")
        return int(start) if start.isdecimal() else 1


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


def _levels(holder: _Element) -> dict[int, _Element]:
    return {int(level): one for one in holder.iterfind(f"{W}lvl") if (level := attribute(one, "ilvl")).isdecimal()}


def value_of(holder: _Element | None, path: str) -> str:
    """Return what an element inside another says, whose path is in names like ``pPr/pStyle``; an empty string without it."""
    element = None if holder is None else holder.find("/".join(W + name for name in path.split("/")))
    return "" if element is None else attribute(element, "val")


def attribute(element: _Element, name: str, otherwise: str = "") -> str:
    """Return an attribute of WordprocessingML."""
    return str(element.get(f"{W}{name}", otherwise))
