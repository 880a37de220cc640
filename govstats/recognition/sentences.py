"""Sentences and the words in them that bear on figures: what claims.toml lists, found in the text of a document."""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence, Set
from functools import cache, cached_property, lru_cache
from importlib import resources
from itertools import pairwise, takewhile
from operator import attrgetter
from typing import Any, NamedTuple

from govstats.characters import folded, numeral

#: An item of a list, or its heading.
ITEM = re.compile(r"^(?:[(（]?(?:[一二三四五六七八九十]{1,3}|\d{1,2})[)）、.．]|第[一二三四五六七八九十]+|[-•*#|])")
BLANK = " \t\r\u3000\u00a0\u200b\ufeff"
#: What stands before a quotation that a clause begins with.
OPENING = "“\"‘'「『"
#: A figure with a word at most so far away is touched by it.
ADJACENT = 3

#: A line that goes on in the next one ends without a stop, and the next one begins no item of its own.
_STOPS = tuple("。;!?…:；！？：")
_HEADING = re.compile(r"[^\d,，。]{2,40}(?:情[况況]|事[项項]|概述|概况|措施|问题)$")
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
_BRACKET = re.compile("[()]")
#: A year, but not since when, nor that of the requests which a review came of.
_YEAR = re.compile(r"(?<!\d)(20\d\d)年(?!度?(?:以来|以后|至今|的?(?:政府)?信息公开申请(?:而)?(?:引发|引起|产生|提起)))")
#: Several years in one figure.
_YEARS = re.compile(
    r"20\d\d年?(?:至|到|-|—|~)20\d\d年|(?:[近前这]|连续)[两二三四五六七八九十\d]+年|(?P<since>自(?!今年|本年|年初)[^。;]{0,24}|(?:19|20)\d\d年)以来"
)
#: Between the items of a list, of which each has its figure.
_JOINED = re.compile("[、和及与]?(?:各)?")
_LISTED = re.compile(r"、|[和及与](?=\d)")
#: Between words that are listed.
LISTED = re.compile(r"^[、和及或与者以(\W]*$")
_NUMERALS = "〇零一二两三四五六七八九十百千壹贰叁肆伍陆柒捌玖拾佰仟"
_SCALE = {"万": 1e4, "亿": 1e8}
#: What an expression may match without: groups, sets of letters, letters that are optional.
_NOT_NEEDED = re.compile(r"\([^()]*\)[*+?]?|\[[^\]]*\](?:[*+?]|\{[^}]*\})?|[\u3400-\u9fff](?:[*?]|\{0,\d*\})|\\.[*+?]*")
#: A text without any of these has no figure and says nothing of nothing.
HINT = re.compile("[0-9０-９〇零一二两兩三四五六七八九十百千壹贰貳叁肆伍陆陸柒捌玖拾未没沒无無不]")
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
    rank: int = 0
    value: float = 0.0
    unit: str = ""
    about: str = ""


#: In the place of a word that is not there.
NO_MARK = Mark(0, 0, "", "")


class _Word(NamedTuple):
    """A regular expression for words that bear on the meaning of figures, and letters that are in whatever it matches."""

    rank: int
    kind: str
    id: str
    strong: bool
    pattern: re.Pattern[str]
    letters: frozenset[str]


@cache
def data() -> dict[str, Any]:
    """Return what claims.toml says."""
    return tomllib.loads((resources.files(__package__) / "claims.toml").read_text("utf-8"))


def filled(expression: str, year: int | None) -> str:
    """Return an expression with the words of its slots, and with years in place of {year}, {last_year} and {next_year}."""
    for name, away in (("last_year", -1), ("year", 0), ("next_year", 1)):
        expression = expression.replace(f"{{{name}}}", f"{year + away}年" if year else r"20\d\d年")
    for name, words in data()["slots"].items():
        expression = expression.replace(f"{{{name}}}", f"(?:{'|'.join(words)})")
        expression = expression.replace(f"{{<{name}}}", f"(?:{'|'.join(f'(?<={word})' for word in words)})")
    return expression


@cache
def pattern(kind: str) -> re.Pattern[str]:
    """Return an expression for all words of a kind."""
    words = [word for entry in data()["marks"] if entry["kind"] == kind for word in entry["words"]]
    return re.compile("|".join(f"(?:{filled(word, None)})" for word in words))


@cache
def beside() -> dict[str, tuple[str, re.Pattern[str]]]:
    """Return the expressions for what stands beside a figure, each with where it is looked for."""
    return {name: (entry["at"], re.compile(filled(entry["words"], None))) for name, entry in data()["beside"].items()}


def holding(**conditions: object) -> set[str]:
    """Return the names of the facts that hold."""
    return {name for name, holds in conditions.items() if holds}


@cache
def called(name: str, value: str) -> frozenset[str]:
    """Return the facts that a name has a value: the name, the value, the groups of the value."""
    groups = [group for group, values in data()["groups"].items() if value in values]
    return frozenset([name, f"{name}={value}", *(f"{name}:{group}" for group in groups)] if value else [])


@cache
def _rows(question: str) -> tuple[tuple[str, frozenset[str], frozenset[str]], ...]:
    """Return the rows of a decision: outcome, facts that have to hold, facts that must not."""
    rows = ((outcome, facts.split()) for outcome, facts in data()["decide"][question])
    return tuple(
        (outcome, frozenset(fact for fact in facts if fact[0] != "!"), frozenset(fact[1:] for fact in facts if fact[0] == "!"))
        for outcome, facts in rows
    )


def decide(question: str, facts: Set[str]) -> str:
    """Return the outcome of the first row of a decision that holds; nothing where none does."""
    return next((outcome for outcome, needed, barred in _rows(question) if needed <= facts and barred.isdisjoint(facts)), "")


def listed(words: Iterable[Mark], text: str) -> list[list[Mark]]:
    """Part words of one kind into those that are listed together: 行政复议、行政诉讼."""
    groups: list[list[Mark]] = []
    for before, one in pairwise([NO_MARK, *words]):
        between = text[before.end : one.start]
        # 复议诉讼 is two, 行政复议申请 one
        together = between or before.id.startswith("review/") and one.id.startswith("review/")
        if groups and together and LISTED.match(between):
            groups[-1].append(one)
        else:
            groups.append([one])
    return groups


@cache
def figure_pattern(name: str) -> re.Pattern[str]:
    """Return an expression of claims.toml for what stands beside figures."""
    return re.compile(filled(data()["figures"][name], None))


@lru_cache(maxsize=32)
def _words(year: int | None) -> tuple[_Word, ...]:
    """Return the words as they are written in the report of a year."""
    return tuple(
        _Word(rank, entry["kind"], entry["id"], entry.get("strong", False), re.compile(word), needed(word))
        for rank, entry in enumerate(data()["marks"])
        for word in (filled(written, year) for written in entry["words"])
    )


def needed(expression: str) -> frozenset[str]:
    """Return letters that are in whatever an expression matches: to look for them is faster than to match."""
    while expression != (expression := _NOT_NEEDED.sub("", expression)):
        pass
    return frozenset(re.findall("[\u3400-\u9fff]", expression))


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
    counted, before, bodies, uncounted, left_out = map(figure_pattern, ("counted", "before", "bodies", "uncounted", "left_out"))
    for match in _figure().finditer(text):
        start = match.start()
        number, scale, behind, unit, aside, bare, after = match.groups()
        value = numeral(number) if len(number) <= _LONGEST_NUMBER else None
        no_unit = bare is not None and not counted.search(text, max(0, start - 2), start) and not left_out.match(text, start - 2)
        of_bodies = unit == "个" and bodies.search(text, max(0, start - 3), start)
        if value is None or no_unit or of_bodies or uncounted.match(text, start):
            continue
        ahead = before.search(text, max(0, start - 3), start)
        about = (ahead[0] if ahead else "") or behind or after or ""
        value = round(value * _SCALE[scale], 6) if scale else value
        yield Mark(ahead.start() if ahead else start, match.end(), "figure", "", False, 0, value, unit or aside or "", about)


def marks(text: str, numbers: Iterable[Mark] = (), year: int | None = None) -> list[Mark]:
    """Return the words and figures of a text; of those that overlap the first and longest."""
    letters = set(text)
    found = [
        Mark(*match.span(), word.kind, word.id, word.strong, word.rank)
        for word in _words(year)
        if word.letters <= letters
        for match in word.pattern.finditer(text)
    ]
    found += numbers
    found += [Mark(match.start(), match.end(), "listed", "") for match in _LISTED.finditer(text)]
    found.sort(key=lambda mark: (mark.start, -mark.end, mark.rank))
    kept: list[Mark] = []
    end = 0
    for mark in found:
        if mark.start >= end:
            kept.append(mark)
            end = mark.end
    return kept


def prose(text: str) -> tuple[str, Sequence[int]]:
    """Return text for reading, without quotation marks and the figures of titles and numbers, and where each letter stood."""
    plain, places = folded(text)
    if _QUOTE.search(plain):
        places = [place for place, letter in zip(places, plain, strict=True) if letter not in _QUOTES]
        plain = _QUOTE.sub("", plain)
    return _NO_PROSE.sub(lambda found: "□" * len(found[0]), plain), places


def passages(text: str) -> Iterator[tuple[int, int]]:
    """Yield where paragraphs begin and end, lines that were only wrapped being joined."""
    begin = end = 0
    goes_on = False
    for line in text.split("\n"):
        bare = line.strip(BLANK)
        if goes_on and (not bare or ITEM.match(bare)):
            yield begin, end
            goes_on = False
        if not goes_on:
            begin = end
        end += len(line) + 1
        goes_on = bool(bare) and not bare.endswith(_STOPS) and not (ITEM.match(bare) and _HEADING.match(bare))
        if not goes_on and bare:
            yield begin, end
    if goes_on:
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
        self.figures = list(figures(self.text))
        self.nothing = [found.start() for found in pattern("none").finditer(self.text)]

    @cached_property
    def marks(self) -> list[Mark]:
        """The words and figures that count."""
        return marks(self.text, self.figures, self.reported)

    def clauses(self) -> Iterator[Clause]:
        """Yield the parts between commas."""
        for first, last in pairwise([0, *(found.end() for found in _CLAUSE_END.finditer(self.text)), len(self.text)]):
            yield Clause(self, first, last)

    def scope(self, at: int) -> str:
        """Return the words before a place that say whom it is about."""
        said = [mark for mark in self._scopes if mark.end <= at]
        # 各部门5件,县政府办6件: what is said of some bodies is not said of the next
        said = [mark for mark in said if mark.id != "part" or "," not in self.text[mark.end : at]]
        # 全区各部门、镇街: the first of those that are listed says of whom
        joined = [mark for mark, after in pairwise(said) if not _JOINED.fullmatch(self.text[mark.end : after.start])]
        first = said[said.index(joined[-1]) + 1] if joined else next(iter(said), None)
        return self.text[first.start : first.end] if first else ""

    def year(self, at: int) -> int | None:
        """Return the year that the sentence speaks of at a place."""
        within = {-1, self.bracket(at)}
        return next(
            (year for start, year in reversed(self._years) if start < at and self.bracket(start) in within), self.reported
        )

    def of_several_years(self, at: int) -> bool:
        """Tell whether it speaks of several years at a place."""
        return self._several <= at

    def bracket(self, at: int) -> int:
        """Return where the bracket opens that a place stands in; -1 outside of brackets."""
        return self._brackets[at] if self._brackets else -1

    @cached_property
    def _scopes(self) -> list[Mark]:
        return [mark for mark in self.marks if mark.kind == "scope"]

    @cached_property
    def _several(self) -> int:
        own = f"{self.reported}年"
        several = (found.end() for found in _YEARS.finditer(self.text) if own not in (found["since"] or ""))
        return next(several, len(self.text) + 1)

    @cached_property
    def _years(self) -> list[tuple[int, int]]:
        named = [(found.start(), int(found[1])) for found in _YEAR.finditer(self.text)]
        if self.reported is not None:
            back = {"this_year": 0, "last_year": 1}
            # 上年无结转: what was carried in is of this year
            own = ((at, mark) for at, mark in enumerate(self.marks) if mark.kind in back)
            for at, mark in own:
                if all(one.id != "carried" for one in self.marks[at + 1 : at + 3]):
                    named.append((mark.start, self.reported - back[mark.kind]))
        # 较2022年, 结转2024年: the year that is named is not the one that is told of
        aside = [mark for mark in self.marks if named and (mark.kind == "compare" or mark.id in {"carried_in", "carried_out"})]
        return sorted(one for one in named if not any(mark.start <= one[0] < mark.end for mark in aside))

    @cached_property
    def _brackets(self) -> list[int]:
        """The place of the bracket around each letter; brackets that never close are none."""
        opened: list[int] = []
        pairs = []
        for found in _BRACKET.finditer(self.text):
            if found[0] == "(":
                opened.append(found.start())
            elif opened:
                pairs.append((opened.pop(), found.start()))
        around = [-1] * (len(self.text) + 1) if pairs else []
        for start, end in sorted(pairs):
            around[start + 1 : end + 1] = [start] * (end - start)
        return around


class Clause:
    """A part of a sentence, from `first` to `last`."""

    def __init__(self, sentence: Sentence, first: int, last: int) -> None:
        self.sentence, self.text, self.first, self.last = sentence, sentence.text, first, last
        self.words = sentence.text[first:last]

    @cached_property
    def marks(self) -> list[Mark]:
        """The words and figures that count."""
        every = self.sentence.marks
        return every[bisect_left(every, self.first, key=_START) : bisect_left(every, self.last, key=_START)]

    @cached_property
    def span(self) -> tuple[int, int]:
        """Where it stands in the document, without the stops around it."""
        last = self.first + max(1, len(self.text[self.first : self.last].rstrip(",。;!?…")))
        begin, places = self.sentence.begin, self.sentence.places
        return begin + places[self.first], begin + places[last - 1] + 1

    def may_claim(self, *, counted: bool) -> bool:
        """Tell whether it has a figure, says that there was none, or something of all that was counted before."""
        counts, nothing = self.sentence.figures, self.sentence.nothing
        has_figure = bisect_left(counts, self.first, key=_START) < bisect_left(counts, self.last, key=_START)
        return counted or has_figure or bisect_left(nothing, self.first) < bisect_left(nothing, self.last)

    def behind(self, at: int) -> list[Mark]:
        """Return the words and figures of the sentence behind a place."""
        every = self.sentence.marks
        return every[bisect_left(every, at, key=_START) :]

    def neighbours(self, at: int) -> tuple[list[Mark], list[Mark]]:
        """Return the words before a figure and those behind it, to the next figures; a bracket is a world of its own."""
        figure, bracket = self.marks[at], self.sentence.bracket
        within = {bracket(figure.start)}
        # 不予公开(属于国家秘密)1件: what stands in a bracket before a figure says more of it
        if self.text[figure.start - 1 : figure.start] == ")":
            within.add(bracket(figure.start - 1))
        left, before = self._to_figure(range(at - 1, -1, -1), within)
        right, follower = self._to_figure(range(at + 1, len(self.marks)), within)
        left.reverse()
        if before is not None:
            stop = next((place for place, mark in enumerate(left) if mark.kind == "listed"), -1)
            left = left[stop + 1 :]
        if follower is not None:
            # 办结3件: the verb is of the figure that it touches
            right = [mark for mark in takewhile(lambda mark: mark.kind != "listed", right) if mark.end != follower.start]
        return [mark for mark in left if mark.kind != "listed"], [mark for mark in right if mark.kind != "listed"]

    def _to_figure(self, places: Iterable[int], within: set[int]) -> tuple[list[Mark], Mark | None]:
        passed: list[Mark] = []
        for place in places:
            mark = self.marks[place]
            if self.sentence.bracket(mark.start) in within:
                if mark.kind == "figure":
                    return passed, mark
                passed.append(mark)
        return passed, None
