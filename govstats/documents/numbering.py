"""The numbers that Word gives to the paragraphs of lists: they stand on the page, but not in the text."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml.etree import _Element

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_PLACE = re.compile(r"%([1-9])")
_DIGITS = "零一二三四五六七八九"
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_ROMAN = ((100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))


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
        abstract = {} if part is None else {_attribute(one, "abstractNumId"): one for one in part.iterfind(f"{_W}abstractNum")}
        for one in () if part is None else part.iterfind(f"{_W}num"):
            name = _value(one, "abstractNumId")
            if name in abstract:
                self.lists[_attribute(one, "numId")] = _List(abstract[name], one, counts.setdefault(name, {}))

    def next(self, paragraph: _Element) -> str:
        """Return the number of a paragraph, ``（一）`` or ``1.``; an empty string where it has none, or only a bullet."""
        if not self.lists:
            return ""
        name, level = self.numbered(paragraph)
        found = self.lists.get(name)
        return found.next(int(level)) if found and level.isdecimal() else ""


class _List:
    """A list: its levels, and how far each has been counted; lists of one kind count on together."""

    def __init__(self, abstract: _Element, number: _Element, counts: dict[int, int]) -> None:
        self.counts = counts
        self.levels = _levels(abstract)
        self.restarts: dict[int, int] = {}
        for override in number.iterfind(f"{_W}lvlOverride"):
            self.levels |= _levels(override)
            start, level = _value(override, "startOverride"), _attribute(override, "ilvl")
            if start.isdecimal() and level.isdecimal():
                self.restarts[int(level)] = int(start)

    def next(self, level: int) -> str:
        if level not in self.levels:
            return ""
        if level in self.restarts:
            self.counts[level] = self.restarts.pop(level)
        else:
            self.counts[level] = self.counts[level] + 1 if level in self.counts else self._start(level)
        for deeper in [other for other in self.counts if other > level]:
            del self.counts[deeper]
        kind = _value(self.levels[level], "numFmt")
        if kind == "bullet":
            return ""
        legal = self.levels[level].find(f"{_W}isLgl") is not None

        def counted(place: re.Match[str]) -> str:
            outer = int(place[1]) - 1
            number = self.counts.get(outer, self._start(outer))
            return numeral(number, "decimal" if legal else _value(self.levels.get(outer), "numFmt"))

        return _PLACE.sub(counted, _value(self.levels[level], "lvlText"))

    def _start(self, level: int) -> int:
        start = _value(self.levels.get(level), "start")
        return int(start) if start.isdecimal() else 1


def numeral(number: int, kind: str) -> str:
    """Write a number as a list of Word's does.

    Examples
    --------
    >>> numeral(3, "decimal"), numeral(21, "chineseCounting"), numeral(4, "lowerRoman"), numeral(2, "decimalEnclosedCircle")
    ('3', '二十一', 'iv', '②')
    """
    lower = kind.lower()
    if lower == "none":
        return ""
    if not 0 < number < 100:
        # no list of a report is as long; beyond it the kinds of numerals part ways
        return str(number)
    if lower.endswith("letter"):
        letters = _LETTERS[(number - 1) % 26] * ((number - 1) // 26 + 1)
        return letters.upper() if kind.startswith("upper") else letters
    if lower.endswith("roman"):
        return _roman(number).upper() if kind.startswith("upper") else _roman(number)
    if lower.startswith("decimalenclosedcircle") and number <= 20:
        return chr(ord("①") + number - 1)
    if "counting" in lower or lower.startswith("ideographdigital") or "simplified" in lower:
        tens, ones = divmod(number, 10)
        return ("" if tens < 2 else _DIGITS[tens]) + ("十" if tens else "") + (_DIGITS[ones] if ones else "")
    return str(number)


def _roman(number: int) -> str:
    text = ""
    for value, sign in _ROMAN:
        text += sign * (number // value)
        number %= value
    return text


def _levels(holder: _Element) -> dict[int, _Element]:
    return {int(level): one for one in holder.iterfind(f"{_W}lvl") if (level := _attribute(one, "ilvl")).isdecimal()}


def _value(holder: _Element | None, name: str) -> str:
    element = None if holder is None else holder.find(f"{_W}{name}")
    return "" if element is None else _attribute(element, "val")


def _attribute(element: _Element, name: str) -> str:
    return str(element.get(f"{_W}{name}", ""))
