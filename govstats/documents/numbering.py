"""The numbers that Word gives to the paragraphs of lists: they stand on the page, but not in the text."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml.etree import _Element

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
NAMESPACES = {"w": W.strip("{}"), "mc": "http://schemas.openxmlformats.org/markup-compatibility/2006"}
#: The levels of a list; those it has of its own come later in the part than those of its kind.
_LEVELS = "w:abstractNum[@w:abstractNumId = $kind]/w:lvl | w:num[@w:numId = $name]/w:lvlOverride/w:lvl"
_PLACE = re.compile("%([1-9])")
_CHINESE = re.compile("(chinese|japanese|taiwanese)Counting(Thousand)?")
#: What has more digits is no number of a list or a table.
_WHOLE = re.compile(r"-?\d{1,5}")


class Numbering:
    """Counts the paragraphs of every list of a document, which have to be given in its order.

    Parameters
    ----------
    part : Element
        The document's ``numbering.xml``.
    """

    def __init__(self, part: _Element) -> None:
        self.kinds: dict[str, str] = {}
        self.levels: dict[tuple[str, int], _Element] = {}
        self.restarts: dict[tuple[str, int], int] = {}
        #: For each kind of list how far its levels have been counted: lists of one kind count on together.
        self.counts: defaultdict[str, dict[int, int]] = defaultdict(dict)
        for one in part.iterfind(f"{W}num"):
            name, kind = attribute(one, "@w:numId"), attribute(one, "w:abstractNumId/@w:val")
            self.kinds[name] = kind
            for level in every(part, _LEVELS, kind=kind, name=name):
                self.levels[name, whole(attribute(level, "@w:ilvl"), 0)] = level
            for start in every(one, "w:lvlOverride/w:startOverride"):
                self.restarts[name, whole(attribute(start, "../@w:ilvl"), 0)] = whole(attribute(start, "@w:val"), 1)

    def next(self, name: str, depth: int) -> str:
        """Return the number of the next paragraph of a list: ``（一）``, ``1.``; an empty string for bullets and letters."""
        level = self.levels.get((name, depth))
        if level is None:
            return ""
        counts, text = self.counts[self.kinds[name]], attribute(level, "w:lvlText/@w:val")
        following = counts.get(depth, whole(attribute(level, "w:start/@w:val"), 1) - 1) + 1
        counts[depth] = self.restarts.pop((name, depth), following)
        for deeper in range(depth + 1, 9):
            counts.pop(deeper, None)
        numbers = {}
        for digit in _PLACE.findall(text):
            upper = self.levels.get((name, int(digit) - 1), level)
            count = counts.get(int(digit) - 1, whole(attribute(upper, "w:start/@w:val"), 1))
            numbers[digit] = _written(count, attribute(upper, "w:numFmt/@w:val"))
        # where digits stand for numbers that are Chinese on their own level, nothing is told
        is_told = all(numbers.values()) and not every(level, "w:isLgl")
        return _PLACE.sub(lambda place: numbers[place[1]], text) if numbers and is_told else ""


def _written(number: int, kind: str) -> str:
    """Write a number in digits or in Chinese; an empty string in other ways of counting."""
    if _CHINESE.fullmatch(kind):
        from cn2an import an2cn

        return re.sub("^一十", "十", an2cn(number))
    return str(number) if kind == "decimal" else ""


def every(holder: _Element, path: str, **variables: str | bool) -> list[_Element]:
    """Find elements inside another."""
    return list(holder.xpath(path, namespaces=NAMESPACES, **variables))


def attribute(holder: _Element, path: str) -> str:
    """Return what an attribute says, whose path is like ``w:pPr/w:pStyle/@w:val``; an empty string without it."""
    return str(holder.xpath(f"string({path})", namespaces=NAMESPACES))


def whole(number: str, otherwise: int) -> int:
    """Read a whole number; what is none is something else."""
    return int(number) if _WHOLE.fullmatch(number) else otherwise
