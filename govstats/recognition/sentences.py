"""Sentences and the words in them that bear on figures: what claims.toml lists, found in the text of a document."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cache, cached_property, lru_cache
from itertools import pairwise
from operator import attrgetter
from typing import Any, NamedTuple

from govstats.characters import folded, numeral
from govstats.files import package_data

_CLAIMS = "recognition/claims.toml"
#: An item of a list, or its heading.
_ITEM = r"(?:[(（]?(?:[一二三四五六七八九十]{1,3}|\d{1,2})[)）、.．]|第[一二三四五六七八九十]+|[-•*#|])"
ITEM = re.compile(_ITEM)
BLANK = " \t\r\u3000\u00a0\u200b\ufeff"
#: What stands before a quotation that a clause begins with.
OPENING = "“\"‘'「『"
#: A figure with a word at most so far away is touched by it.
ADJACENT = 3

#: A line that goes on in the next one ends without a stop, is no heading, and the next one begins no item of its own.
_BREAK = re.compile(
    rf"^[{BLANK}]*(?={_ITEM})[^\n\d,，。]{{2,40}}(?:情[况況]|事[项項]|概述|概况|措施|问题)[{BLANK}]*\n"
    rf"|(?:[。;!?…:；！？：]|(?<=[\u4e00-\u9fff])\.)[{BLANK}]*\n|\n(?=[{BLANK}]*(?:\n|$|{_ITEM}))",
    re.MULTILINE,
)
_CLAUSE_END = re.compile(r",(?!\d{3}(?!\d))")
#: Titles of works, document and telephone numbers, numbered articles: figures in them are none. What they begin with stands first
#: in the expression, so that other characters are passed at once.
_NO_PROSE = re.compile(
    r"[《〔\[(第0-9一二三四五六七八九十hw](?:(?<=《)[^》]*》|(?<=[〔\[(])\d{4}[〕\])]\d+号"
    r"|(?<=第)[\d一二三四五六七八九十百]+[号条项次款期届](?:第?\([一二三四五六七八九十]+\)项)?|(?<=\()[一二三四五六七八九十]+\)项"
    r"|(?<=[\d一二三四五六七八九十])[\d一二三四五六七八九十]*个(?:部分|方面)|(?<=\d)\d{2,3}-\d{7,8}"
    r"|(?<=h)ttps?:\S+|(?<=w)ww\.[\w./]+|(?<=\d)\d{4}(?=[\W_]?[\u4e00-\u9fff]{0,6}热线))"
)
_QUOTES = "“”\"‘’'「」『』"
_QUOTE = re.compile(f"[{_QUOTES}]")
#: One bracket with those in it.
_BRACKET = re.compile(r"\((?:[^()]|\([^()]*\))*\)")
#: A year, but not since when, nor that of the requests which a review came of.
_YEAR = re.compile(r"(?<!\d)(20\d\d)年(?!度?(?:以来|以后|至今|的?(?:政府)?信息公开申请(?:而)?(?:引发|引起|产生|提起)))")
#: Between the items of a list, of which each has its figure.
_LISTED = re.compile(r"、|[和及与](?=\d)")
#: Between words that are listed.
_BETWEEN = re.compile(r"[、和及或与者以(\W]*")
_NUMERALS = "〇零一二两三四五六七八九十百千壹贰叁肆伍陆柒捌玖拾佰仟"
_SCALE = {"万": 1e4, "亿": 1e8}
#: A longer number is a row of a table that lost its blanks.
_LONGEST_NUMBER = 12
_START = attrgetter("start")


class Mark(NamedTuple):
    """A word that bears on the meaning of figures, or a figure."""

    start: int
    end: int
    kind: str
    id: str
    strong: bool = False
    value: float = 0.0
    unit: str = ""
    about: str = ""


#: In the place of a word that is not there.
NO_MARK = Mark(0, 0, "", "")


class Words(tuple[Mark, ...]):
    """Words and figures in the order of the text."""

    __slots__ = ()

    @property
    def first(self) -> Mark:
        """The first of them."""
        return self[0] if self else NO_MARK

    @property
    def last(self) -> Mark:
        """The last of them."""
        return self[-1] if self else NO_MARK

    @property
    def ids(self) -> list[str]:
        """What they stand for."""
        return [one.id for one in self]

    def where(self, test: Callable[[Mark], object]) -> Words:
        """Return those that pass a test."""
        return Words(filter(test, self))

    def of(self, *kinds: str) -> Words:
        """Return those of some kinds."""
        return self.where(lambda one: one.kind in kinds)

    def named(self, *ids: str) -> Words:
        """Return those that stand for one of some things."""
        return self.where(lambda one: one.id in ids)

    def without(self, *ids: str) -> Words:
        """Return those that stand for none of some things."""
        return self.where(lambda one: one.id not in ids)

    def between(self, start: int, end: int) -> Words:
        """Return those that begin in a part of the text."""
        return Words(self[bisect_left(self, start, key=_START) : bisect_left(self, end, key=_START)])

    def listed(self, text: str) -> list[Words]:
        """Part them into those that are listed together: 行政复议、行政诉讼."""
        begun = [at for at, (before, one) in enumerate(pairwise([NO_MARK, *self])) if not _goes_on(before, one, text)]
        return [Words(self[start:end]) for start, end in pairwise([*begun, len(self)])]


def _goes_on(before: Mark, one: Mark, text: str) -> bool:
    """Tell whether a list goes on with a word: 复议诉讼 is two topics, 行政复议申请 one."""
    touching = "touching" if before.end == one.start else "apart"
    facts = {touching, before.kind} | called("before", before.id) | called("one", one.id) | holding(alike=before.kind == one.kind)
    return bool(decide("listed", facts) and _BETWEEN.fullmatch(text, before.end, one.start))


# --- what claims.toml says ----------------------------------------------------------------------------------------------------


def data() -> dict[str, Any]:
    """Return what claims.toml says."""
    return package_data(_CLAIMS)


def filled(expression: str, year: int | None) -> str:
    """Return an expression with the words of its slots, and with years in place of {year}, {last_year} and {next_year}."""
    for name, away in (("last_year", -1), ("year", 0), ("next_year", 1)):
        expression = expression.replace(f"{{{name}}}", f"{year + away}年" if year else r"20\d\d年")
    for name, words in data()["slots"].items():
        expression = expression.replace(f"{{{name}}}", f"(?:{'|'.join(words)})")
        expression = expression.replace(f"{{<{name}}}", f"(?:(?<={')|(?<='.join(words)}))")
    return expression


@lru_cache(maxsize=32)
def _words(year: int | None) -> list[tuple[Mark, re.Pattern[str]]]:
    """Return the words as they are written in the report of a year, each with an expression for it."""
    return [
        (Mark(0, 0, entry["kind"], entry["id"], entry.get("strong", False)), re.compile(filled(word, year)))
        for entry in data()["marks"]
        for word in entry["words"]
    ]


@lru_cache(maxsize=64)
def expressions(group: str, year: int | None = None) -> dict[str, tuple[str, re.Pattern[str]]]:
    """Return the expressions for what stands beside a figure, or a number, each with where it is looked for."""
    return {name: (entry["at"], re.compile(filled(entry["words"], year))) for name, entry in data()[group].items()}


def around(group: str, texts: Mapping[str, str], year: int | None = None) -> set[str]:
    """Return the names of those expressions that are found in the texts around a place."""
    return {name for name, (at, expression) in expressions(group, year).items() if expression.search(texts[at])}


# --- facts and decisions ------------------------------------------------------------------------------------------------------


def holding(**conditions: object) -> set[str]:
    """Return the names of the facts that hold."""
    return {name for name, holds in conditions.items() if holds}


@cache
def called(name: str, value: str) -> frozenset[str]:
    """Return the facts that a name has a value: the name, the value, the groups of the value."""
    groups = [group for group, values in data()["groups"].items() if value in values]
    return frozenset([name, f"{name}={value}", *(f"{name}:{group}" for group in groups)] if value else [])


@cache
def _rows(question: str, file: str) -> Sequence[tuple[str, frozenset[str], frozenset[str]]]:
    """Return the rows of a decision: outcome, facts that have to hold, facts that must not."""
    barred = re.compile(r"!(\S+)")
    written = package_data(file)["decide"][question]
    return [(outcome, frozenset(barred.sub("", row).split()), frozenset(barred.findall(row))) for outcome, row in written]


def held(question: str, facts: AbstractSet[str], file: str = _CLAIMS) -> Iterator[str]:
    """Yield the outcomes of those rows of a decision that hold."""
    return (outcome for outcome, needs, bars in _rows(question, file) if needs <= facts and bars.isdisjoint(facts))


def decide(question: str, facts: AbstractSet[str], file: str = _CLAIMS) -> str:
    """Return the outcome of the first row of a decision that holds; nothing where none does."""
    return next(held(question, facts, file), "")


# --- figures and words in a text ----------------------------------------------------------------------------------------------


@cache
def _figure() -> re.Pattern[str]:
    """Return an expression for a number that counts something."""
    said = data()["figures"]
    behind, units = said["behind"], said["units"]
    return re.compile(
        # 12,5件 and 000三件 come of tables and lists that lost their blanks
        rf"(?P<number>[0-9{_NUMERALS}](?<![\d{_NUMERALS}万亿].)(?<!\d[.,].)"
        rf"(?:(?<=\d)(?:\d|,(?=\d{{3}}(?!\d))|\.(?=\d))*+|(?<!\d)(?:[{_NUMERALS}]|[万亿](?=[{_NUMERALS}]))*+))(?![\d{_NUMERALS}])"
        rf"(?P<scale>[万亿](?!元))?(?P<behind>{behind})?"
        rf"(?:(?P<unit>{units})(?!{said['threshold']})|\((?P<aside>{units})\)|(?=[、和及](?:\d+[、和及])*\d+(?:{units}))|(?<={said['nought']}[0零〇])"
        rf"|(?P<bare>(?=[,。;、()]|$)))(?P<after>{behind})?"
    )


def figures(text: str) -> Iterator[Mark]:
    """Yield the numbers that count something, as marks."""
    intervals = re.compile(data()["figures"]["before"])
    for match in _figure().finditer(text):
        start, number, unit = match.start(), match["number"], match["unit"] or ""
        value = numeral(number) if len(number) <= _LONGEST_NUMBER else None
        texts = {"before": text[max(0, start - 3) : start], "around": text[max(0, start - 2) : match.end() + 2]}
        facts = around("number", texts) | called("unit", unit)
        facts |= holding(number=value is not None, bare=match["bare"] is not None)
        if decide("figure", facts):
            ahead = "".join(intervals.findall(texts["before"]))
            about = ahead or match["behind"] or match["after"] or ""
            value = round((value or 0.0) * _SCALE.get(match["scale"], 1.0), 6)
            unit = unit or match["aside"] or ""
            yield Mark(start - len(ahead), match.end(), "figure", "", False, value, unit, about)


def marks(text: str, numbers: Iterable[Mark] = (), year: int | None = None) -> Words:
    """Return the words and figures of a text; of those that overlap the first and longest."""
    expected = ((word, match) for word, pattern in _words(year) for match in pattern.finditer(text))
    found = [*numbers, *(Mark(*match.span(), "listed", "") for match in _LISTED.finditer(text))]
    found += (word._replace(start=match.start(), end=match.end()) for word, match in expected)
    found.sort(key=lambda mark: (mark.start, -mark.end))
    kept: list[Mark] = []
    end = 0
    for mark in found:
        if mark.start >= end:
            kept.append(mark)
            end = mark.end
    return Words(kept)


def prose(text: str) -> tuple[str, Sequence[int]]:
    """Return text for reading, without quotation marks and the figures of titles and numbers, and where each letter stood."""
    plain, places = folded(text)
    if _QUOTE.search(plain):
        places = [place for place, letter in zip(places, plain, strict=True) if letter not in _QUOTES]
        plain = _QUOTE.sub("", plain)
    return _NO_PROSE.sub(lambda found: "□" * len(found[0]), plain), places


def passages(text: str) -> Iterator[tuple[int, int]]:
    """Yield where paragraphs begin and end, lines that were only wrapped being joined."""
    for begin, end in pairwise([0, *(found.end() for found in _BREAK.finditer(text)), len(text) + 1]):
        if text[begin:end].strip(f"{BLANK}\n"):
            yield begin, end


class Sentence:
    """A sentence of a document and what bears on its figures.

    Parameters
    ----------
    source : str
        As it stands in the document.
    begin : int
        Where it begins there.
    reported : int or None
        The reporting year.
    """

    def __init__(self, source: str, begin: int, reported: int | None) -> None:
        self.text, self.places = prose(source)
        self.begin, self.reported = begin, reported
        self.marks = marks(self.text, figures(self.text), reported)
        self._brackets = [found.span() for found in _BRACKET.finditer(self.text)]

    def clauses(self) -> Iterator[Clause]:
        """Yield the parts between commas."""
        for first, last in pairwise([0, *(found.end() for found in _CLAUSE_END.finditer(self.text)), len(self.text)]):
            yield Clause(self, first, last)

    def scope(self, at: int) -> str:
        """Return the words before a place that say whom it is about."""
        # 各部门5件,县政府办6件: what is said of some bodies is not said of the next
        within = {-1, self.bracket(at)}
        said = self.marks.of("scope").between(0, at).where(lambda one: self.bracket(one.start) in within)
        said = said.where(lambda one: one.id != "part" or "," not in self.text[one.end : at])
        # 全区各部门、镇街: the first of those that are listed says of whom
        groups = said.listed(self.text)
        first = groups[-1].first if groups else NO_MARK
        return self.text[first.start : first.end]

    def year(self, at: int) -> int | None:
        """Return the year that the sentence speaks of at a place."""
        within = {-1, self.bracket(at)}
        said = [year for start, year in self._years if start < at and self.bracket(start) in within]
        return said[-1] if said else self.reported

    def bracket(self, at: int) -> int:
        """Return where the bracket opens that a place stands in; -1 outside of brackets."""
        return next((start for start, end in self._brackets if start < at < end), -1)

    @cached_property
    def _years(self) -> list[tuple[int, int]]:
        back = {"this_year": 0, "last_year": 1}
        said = [(one.start, self.reported - back[one.kind]) for one in self.marks.of(*back) if self.reported]
        said += [(found.start(), int(found[1])) for found in _YEAR.finditer(self.text)]
        # 较2022年, 结转2024年: the year that is named is not the one that is told of
        aside = self.marks.named("compare", "carried_in", "carried_out")
        return sorted(one for one in said if not any(mark.start <= one[0] < mark.end for mark in aside))


class Clause:
    """A part of a sentence, from `first` to `last`."""

    def __init__(self, sentence: Sentence, first: int, last: int) -> None:
        self.sentence, self.text, self.first, self.last = sentence, sentence.text, first, last
        self.marks = sentence.marks.between(first, last)

    @cached_property
    def span(self) -> tuple[int, int]:
        """Where it stands in the document, without the stops around it."""
        last = self.first + max(1, len(self.text[self.first : self.last].rstrip(",。;!?…")))
        begin, places = self.sentence.begin, self.sentence.places
        return begin + places[self.first], begin + places[last - 1] + 1

    def neighbours(self, figure: Mark) -> tuple[Words, Words]:
        """Return the words before a figure and those behind it, to the next figures; a bracket is a world of its own."""
        bracket, start, end = self.sentence.bracket, figure.start, figure.end
        # 不予公开(属于国家秘密)1件: what stands in a bracket before a figure says more of it
        closed = self.text.endswith(")", 0, start)
        within = {bracket(start), bracket(start - closed)}
        world = self.marks.where(lambda one: bracket(one.start) in within)
        before, follower = world.of("figure").between(0, start).last, world.of("figure").between(end, self.last).first
        left, right = world.between(before.end, start), world.between(end, follower.start or self.last)
        # 其他信息5条 未收到申请: what is named behind a word for nothing is of that
        right = right.between(end, right.of("none").first.start or self.last)
        if before.kind:
            left = left.between(left.of("listed").first.end, start)
        if follower.kind:
            # 办结3件: the verb is of the figure that it touches
            stop = right.of("listed").first.start or follower.start
            right = right.between(end, stop).where(lambda one: one.end != follower.start)
        return left.where(lambda one: one.kind != "listed"), right.where(lambda one: one.kind != "listed")
