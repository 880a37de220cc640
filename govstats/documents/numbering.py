"""The numbers that Word gives to the paragraphs of lists: they stand on the page, but not in the text."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from lxml.etree import _Element

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
NAMESPACES = {"w": W.strip("{}")}
_PLACE = re.compile(r"%(?=[1-9])\d")
_CHINESE = re.compile("(chinese|japanese|taiwanese)Counting(Thousand)?")


class _List(NamedTuple):
    """A list: its levels, how far each has been counted, where counting begins anew; lists of one kind count on together."""

    levels: dict[int, _Element]
    counts: dict[int, int]
    restarts: dict[int, int]

    def start(self, level: int) -> int:
        return whole(value_of(self.levels.get(level), "w:start"), 1)

    def advance(self, level: int) -> None:
        self.counts[level] = self.restarts.pop(level, self.counts.get(level, self.start(level) - 1) + 1)
        for deeper in range(level + 1, 9):
            self.counts.pop(deeper, None)

    def number(self, level: int) -> str:
        """Write how far a level has been counted, in digits or in Chinese; an empty string in other ways of counting."""
        kind, number = value_of(self.levels.get(level), "w:numFmt"), self.counts.get(level, self.start(level))
        if _CHINESE.fullmatch(kind):
            from cn2an import an2cn

            return re.sub("^一十", "十", an2cn(number))
        return str(number) if kind == "decimal" else ""


class Numbering:
    """Counts the paragraphs of every list of a document, which have to be given in its order.

    Parameters
    ----------
    part : Element
        The document's ``numbering.xml``.
    """

    def __init__(self, part: _Element) -> None:
        kinds = {attribute(kind, "abstractNumId"): kind for kind in part.iterfind("w:abstractNum", NAMESPACES)}
        counts: defaultdict[str, dict[int, int]] = defaultdict(dict)
        self.lists: dict[str, _List] = {}
        for one in part.iterfind("w:num", NAMESPACES):
            kind, overrides = value_of(one, "w:abstractNumId"), one.findall("w:lvlOverride", NAMESPACES)
            levels = {_at(level): level for holder in (kinds.get(kind, one), *overrides) for level in holder.findall(f"{W}lvl")}
            starts = one.findall("w:lvlOverride[w:startOverride]", NAMESPACES)
            restarts = {_at(start): whole(value_of(start, "w:startOverride"), 1) for start in starts}
            self.lists[attribute(one, "numId")] = _List(levels, counts[kind], restarts)

    def next(self, name: str, level: int) -> str:
        """Return the number of the next paragraph of a list: ``（一）``, ``1.``; an empty string for bullets and letters."""
        found = self.lists.get(name)
        if found is None or level not in found.levels:
            return ""
        found.advance(level)
        text = value_of(found.levels[level], "w:lvlText")
        numbers = {place: found.number(int(place[1]) - 1) for place in _PLACE.findall(text)}
        told = all(numbers.values()) and found.levels[level].find(f"{W}isLgl") is None
        return _PLACE.sub(lambda place: numbers[place[0]], text) if numbers and told else ""


def _at(holder: _Element) -> int:
    return whole(attribute(holder, "ilvl"), -1)


def whole(number: str, otherwise: int) -> int:
    """Read a whole number; what is none, or has more digits than any in a list or a table, is something else."""
    return int(number) if number.isdecimal() and len(number) < 6 else otherwise


def value_of(holder: _Element | None, path: str) -> str:
    """Return what an element inside another says, whose path is like ``w:pPr/w:pStyle``; an empty string without it."""
    element = None if holder is None else holder.find(path, NAMESPACES)
    return "" if element is None else attribute(element, "val")


def attribute(element: _Element, name: str, otherwise: str = "") -> str:
    """Return an attribute of WordprocessingML."""
    return str(element.get(f"{W}{name}", otherwise))
