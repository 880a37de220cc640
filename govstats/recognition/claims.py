"""What the prose claims: every figure that a sentence states about disclosure, with the cell that it speaks of."""

from __future__ import annotations

import re
import sys
import tomllib
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib import resources
from itertools import accumulate, pairwise, takewhile
from operator import itemgetter
from typing import Any, NamedTuple, overload

from govstats.characters import folded, numeral
from govstats.documents import Document, Grid
from govstats.report import Claim

#: A cell of a table holds a sentence, and no label.
_PROSE = re.compile(r"\w{4}[，,][^。]*\w{4}.*[。；]", re.DOTALL)
_SENTENCE_END = re.compile("[。;!?…；！？]+")
_BLANK = " \t\r\u3000\u00a0\u200b\ufeff"
_CLAUSE_END = re.compile(r",(?!\d{3}(?!\d))")
#: A line that goes on in the next one ends without a stop, and the next one begins no item of its own.
_WHOLE_LINE = re.compile("[。;!?…:；！？：]$")
_ITEM = re.compile(r"^(?:[(（]?(?:[一二三四五六七八九十]{1,3}|\d{1,2})[)）、.．]|第[一二三四五六七八九十]+|[-•*#|])")
#: Titles of works, document and telephone numbers, numbered articles: figures in them are none.
_NO_PROSE = re.compile(
    r"《[^》]*》|[〔\[(]\d{4}[〕\])]\d+号|第[\d一二三四五六七八九十百]+[号条项次款期届](?:第?\([一二三四五六七八九十]+\)项)?|\([一二三四五六七八九十]+\)项"
    r"|[一二三四五六七八九十\d]+个(?:部分|方面)|\d{3,4}-\d{7,8}|https?:\S+|www\.[\w./]+|\d{5}(?=[\W_]?[\u4e00-\u9fff]{0,6}热线)"
)
_YEAR = re.compile(r"(?<!\d)(20\d\d)年")
_OPTIONAL = re.compile(
    r"\(\?(?:<?[=!]|:)[^()]*\)(?:[*?]|\{0,\d+\})|\(\?<?[=!][^()]*\)|\[[^\]]*\][^\u3400-\u9fff(|]*|[\u3400-\u9fff.][*?]|\\.[*?+]*"
)
_GROUP = re.compile(r"\(\?:[^()]*\)\+?")
_TRADITIONAL = str.maketrans("没无涉办", "沒無涉辦")
_NUMERALS = "〇零一二两三四五六七八九十百千壹贰叁肆伍陆柒捌玖拾佰仟"
_SCALE = {"万": 1e4, "亿": 1e8}
_BRACKET = re.compile("[()]")
_JOINED = re.compile(r"^[、和及或与者以(\W]*$")
_TOGETHER = re.compile("^[数量]*(?:并且?|且|、|和|及|与|按时|按期|依法|全部|已)+$")
#: Between the items of a list, of which each has its figure.
_LISTED = re.compile(r"、|[和及与](?=\d)")
#: Several years in one figure.
_YEARS = re.compile(r"20\d\d年?(?:至|到|-|—|~)20\d\d年|[近前这][两二三四五六七八九十\d]+年")
_DISCLOSURE = re.compile("信息公开|依申请|公开(?:政府信息)?申请|申请公开")
_REVIEW = "review/"
_DECISIONS = {"proactive/licensing", "proactive/penalties", "proactive/coercive_measures"}
_ORGANISATIONS = {"commercial", "research", "social", "legal"}
_MONEY = {"元", "万元", "亿元"}
#: Lines that no table has, or of which the words do not say which it is.
_NO_LINE = {"granted_in_full_or_part", "handled", "unsure"}
#: Words that stand for two items where a list gives each its figure.
_PAIRS = {"granted_in_full_or_part": ("granted", "partly_granted"), "anyone": ("natural_person", "organisations")}
#: Kinds of words that name what a figure is of.
_NAMES = {"topic", "line", "column", "result"}
_ADJACENT = 3
#: A heading that says what the paragraph after it is about.
_LONGEST_HEADING = 40
#: A text without stops is read in pieces of this length.
_LONGEST_SENTENCE = 1500


class _Mark(NamedTuple):
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


class _Word(NamedTuple):
    """A regular expression for words that bear on the meaning of figures."""

    rank: int
    kind: str
    id: str
    strong: bool
    pattern: re.Pattern[str]


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads((resources.files(__package__) / "claims.toml").read_text("utf-8"))


@cache
def _words() -> tuple[list[_Word], dict[str, list[int]]]:
    """Return the words, and their numbers by the one or two letters of which some are in whatever a word matches."""
    words: list[_Word] = []
    by_letters: dict[str, list[int]] = {}
    for rank, entry in enumerate(_data()["marks"]):
        for expression in entry["words"]:
            for literal in _literals(expression):
                by_letters.setdefault(literal[:2], []).append(len(words))
            words.append(_Word(rank, entry["kind"], entry["id"], entry.get("strong", False), re.compile(expression)))
    return words, by_letters


def _literals(expression: str) -> Sequence[str]:
    """Return strings of which one is in whatever an expression matches: to look for them is faster than to match."""
    rest = expression
    while rest != (rest := _OPTIONAL.sub("\0", rest)):
        pass
    if plain := re.findall("[\u3400-\u9fff]+", _GROUP.sub("\0", rest)):
        return [max(plain, key=len)]
    choices = [group[3:].rstrip("+)").split("|") for group in _GROUP.findall(rest)]
    return next((one for one in choices if all(re.fullmatch("[\u3400-\u9fffA-Z]+", word) for word in one)), [""])


@cache
def _hints() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return what a sentence, as it stands in the source, has some of if it has a figure, or says that there was none."""
    numerals, pieces = f"{_NUMERALS}兩貳陸", f"{_data()['figures']['units']}|[條個項]"
    figure = rf"\d|[{numerals}]\s*(?:[{numerals}万亿萬億多余餘]|{pieces})|零|[为為是:：]\s*[{numerals}]"
    words = [word for entry in _data()["marks"] if entry["kind"] == "none" for word in entry["words"]]
    nothing = {literal[:2] for word in words for literal in _literals(word)}
    return re.compile(figure), re.compile("|".join(sorted(nothing | {word.translate(_TRADITIONAL) for word in nothing})))


@cache
def _figure_patterns() -> tuple[re.Pattern[str], ...]:
    """Return patterns of a figure, and of what may stand before it."""
    said = _data()["figures"]
    behind, units = said["behind"], said["units"]
    figure = re.compile(
        # 12,5件 and 000三件 come of tables and lists that lost their blanks
        rf"(?P<number>[\d{_NUMERALS}](?<![\d{_NUMERALS}].)(?<!\d[.,].)(?:(?<=\d)(?:\d|,(?=\d{{3}}(?!\d))|\.(?=\d))*+|(?<!\d)[{_NUMERALS}]*+))"
        rf"(?![\d{_NUMERALS}])(?P<scale>[万亿](?!元))?(?P<behind>{behind})?"
        rf"(?:(?P<unit>{units})|\((?P<aside>{units})\)|(?=[、和及](?:\d+[、和及])*\d+(?:{units}))|(?<={said['nought']}[0零〇])"
        rf"|(?P<bare>(?=[,。;()]|$)))(?P<after>{behind})?"
    )
    return figure, *(re.compile(rf"(?:{said[name]})$") for name in ("counted", "before"))


def _figures(text: str, first: int = 0, last: int = sys.maxsize) -> Iterator[_Mark]:
    pattern, counted, before = _figure_patterns()
    for match in pattern.finditer(text, first, last):
        start = match.start()
        number, scale, behind, unit, aside, bare, after = match.groups()
        if bare is not None and not counted.search(text, max(first, start - 2), start):
            continue
        value = numeral(number)
        if value is None:
            continue
        if scale:
            value = round(value * _SCALE[scale], 6)
        ahead = before.search(text, max(first, start - 3), start)
        about = (ahead[0] if ahead else "") or behind or after or ""
        yield _Mark(ahead.start() if ahead else start, match.end(), "figure", "figure", False, 0, value, unit or aside or "", about)


@cache
def _pattern(kind: str, name: str = "") -> re.Pattern[str]:
    entries = (entry for entry in _data()["marks"] if entry["kind"] == kind and name in {"", entry["id"]})
    return re.compile("|".join(f"(?:{word})" for entry in entries for word in entry["words"]))


class Claims(Sequence[Claim]):
    """What the prose of a document claims, in the order of its text.

    Sentences are read when a claim is first asked for: whoever wants the tables alone does not wait for them.

    Parameters
    ----------
    document : Document
    year : int or None
        The reporting year; sentences may speak of another one.
    form_version : str
        Of the statutory form, which decides what documents that were made are called.

    Attributes
    ----------
    text : str
        The prose of the document, its paragraphs joined by line breaks; the claims quote it.
    """

    def __init__(self, document: Document, year: int | None, form_version: str) -> None:
        paragraphs = list(_paragraphs(document))
        starts = accumulate((len(words) + 1 for words, _, _ in paragraphs), initial=0)
        self.text = "\n".join(words for words, _, _ in paragraphs)
        self._places = [(at, place, page) for at, (_, place, page) in zip(starts, paragraphs, strict=False)]
        self._year, self._form = year, form_version

    @cached_property
    def _read(self) -> tuple[Claim, ...]:
        return tuple(_Reader(self.text, self._places, self._year, self._form).read())

    def __len__(self) -> int:
        return len(self._read)

    @overload
    def __getitem__(self, at: int) -> Claim: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Claim]: ...
    def __getitem__(self, at: int | slice) -> Claim | Sequence[Claim]:
        return self._read[at]

    def __iter__(self) -> Iterator[Claim]:
        return iter(self._read)


def _paragraphs(document: Document) -> Iterator[tuple[str, str, int | None]]:
    """Yield the prose, that in tables which only lay a page out included."""
    for block in document.blocks:
        if isinstance(block, Grid):
            cells = (cell for row in block.rows for cell in row)
            yield from ((cell.text, cell.place, cell.page) for cell in cells if _PROSE.search(cell.text))
        else:
            yield block.text, block.place, block.page


def _passages(text: str) -> Iterator[tuple[int, int]]:
    """Yield where paragraphs begin and end, lines that were only wrapped being joined."""
    begin = end = 0
    goes_on = False
    for line in text.split("\n"):
        bare = line.strip(_BLANK)
        if goes_on and (not bare or _ITEM.match(bare)):
            yield begin, end
            goes_on = False
        if not goes_on:
            begin = end
        end += len(line) + 1
        goes_on = bool(bare) and not _WHOLE_LINE.search(bare)
        if not goes_on and bare:
            yield begin, end
    if goes_on:
        yield begin, end


class _Sentence:
    """A sentence, one character for one of the source, and what bears on its figures."""

    def __init__(self, text: str, begin: int, places: Sequence[int], reported: int | None, nought: bool) -> None:
        self.text = _NO_PROSE.sub(lambda found: "□" * len(found[0]), text)
        self.begin, self.places, self.reported = begin, places, reported
        self.figures = list(_figures(self.text))
        self.nothing = [found.start() for found in _pattern("none").finditer(self.text)] if nought else []

    @cached_property
    def marks(self) -> list[_Mark]:
        """The words and figures that count."""
        return _marks(self.text, self.figures)

    def clauses(self) -> Iterator[_Clause]:
        """Yield the parts between commas."""
        for first, last in pairwise([0, *(found.end() for found in _CLAUSE_END.finditer(self.text)), len(self.text)]):
            yield _Clause(self, first, last)

    def scope(self, at: int) -> str:
        """Return the words before a place that say whom it is about."""
        return next((self.text[start:end] for start, end in reversed(self._scopes) if end <= at), "")

    def year(self, at: int) -> int | None:
        """Return the year that the sentence speaks of at a place."""
        return next((year for start, year in reversed(self._years) if start < at), self.reported)

    def bracket(self, at: int) -> int:
        """Return where the bracket opens that a place stands in."""
        return self._brackets[at] if self._brackets else -1

    @cached_property
    def _scopes(self) -> list[tuple[int, int]]:
        return [(mark.start, mark.end) for mark in self.marks if mark.kind == "scope"]

    @cached_property
    def _years(self) -> list[tuple[int, int]]:
        named = [(found.start(), int(found[1])) for found in _YEAR.finditer(self.text)]
        if self.reported is not None:
            back = {"this_year": 0, "last_year": 1}
            # 上年无结转: what was carried in is of this year
            others = [mark for place, mark in enumerate(self.marks) if all(one.id != "carried" for one in self.marks[place : place + 3])]
            named += [(mark.start, self.reported - back[mark.kind]) for mark in others if mark.kind in back]
        # 较2022年, 结转2024年: the year that is named is not the one that is told of
        aside = [mark for mark in self.marks if mark.kind == "compare" or mark.id in {"carried_in", "carried_out"}] if named else []
        return sorted(one for one in named if not any(mark.start <= one[0] < mark.end for mark in aside))

    @cached_property
    def _brackets(self) -> list[int]:
        """The place of the bracket around each character; brackets that never close are none."""
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


class _Clause:
    """A part of a sentence."""

    def __init__(self, sentence: _Sentence, first: int, last: int) -> None:
        self.sentence, self.first, self.last = sentence, first, last
        self.text = sentence.text

    @cached_property
    def marks(self) -> list[_Mark]:
        """The words and figures that count."""
        marks = self.sentence.marks
        return marks[bisect_left(marks, (self.first,)) : bisect_left(marks, (self.last,))]

    @cached_property
    def span(self) -> tuple[int, int]:
        """Where it stands in the source, without the stops around it."""
        last = self.first + max(1, len(self.text[self.first : self.last].rstrip(",。;!?…")))
        begin, places = self.sentence.begin, self.sentence.places
        return begin + places[self.first], begin + places[last - 1] + 1

    def may_claim(self, counted: bool) -> bool:
        """Tell whether it has a figure, says that there was none, or something of all that was counted before."""
        return (
            bisect_left(self.sentence.figures, (self.first,)) < bisect_left(self.sentence.figures, (self.last,))
            or bisect_left(self.sentence.nothing, self.first) < bisect_left(self.sentence.nothing, self.last)
            or (counted and _pattern("all").search(self.text, self.first, self.last) is not None)
        )

    def handled(self, figure: _Mark) -> str:
        """Return what 办理 says of a figure: received where channels follow, nothing sure where a figure of answers does."""
        behind = self.sentence.marks[bisect_left(self.sentence.marks, (figure.end,)) :]
        if sum(mark.kind == "channel" for mark in behind) > 1:
            return "new"
        for before, mark, after in zip([figure, *behind], behind, [*behind[1:], figure], strict=False):
            answered = mark.id == "processed_total" and not self.text[mark.start : mark.end].endswith("办理")
            beside = (before.kind == "figure" and before is not figure and mark.start - before.end <= _ADJACENT) or (
                after.kind == "figure" and 0 <= after.start - mark.end <= _ADJACENT
            )
            if answered and beside:
                return "handled"
        return "processed_total"

    def neighbours(self, at: int) -> tuple[list[_Mark], list[_Mark]]:
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

    def _to_figure(self, places: Iterable[int], within: set[int]) -> tuple[list[_Mark], _Mark | None]:
        passed = []
        for place in places:
            mark = self.marks[place]
            if self.sentence.bracket(mark.start) in within:
                if mark.kind == "figure":
                    return passed, mark
                passed.append(mark)
        return passed, None


@dataclass
class _State:
    """What the text before was about."""

    topics: tuple[str, ...] = ()
    line: str = ""
    value: float | None = None
    #: A sentence without a figure, which may have named a topic.
    unread: str = ""
    #: By what the figure before was told from others of its line: column, line or channel.
    kind: str = ""
    #: Reviews of which the total was told, in the whole paragraph.
    counted: set[str] = field(default_factory=set)
    #: Lines of reviews with their figures, in one sentence.
    reviews: list[tuple[str, float]] = field(default_factory=list)
    #: What the text was about before a bracket opened.
    outside: tuple[tuple[str, ...], str, float | None, int] | None = None
    #: Of those lines, what was told of some: 除1件尚未审结外,其余均维持.
    told: dict[str, float] = field(default_factory=dict)
    #: What was done with documents, in one sentence.
    done: str = ""
    #: What was received, and whether it was said how much of it was answered.
    received: float | None = None
    answered: bool = False
    #: Something was carried in: a sum is of more than what was received.
    carried: bool = False
    #: The sentence tells how documents were classed, not how requests were answered.
    classing: bool = False


class _Reader:
    """Understands sentences one after the other."""

    def __init__(self, text: str, places: Sequence[tuple[int, str, int | None]], year: int | None, form_version: str) -> None:
        self.text, self.places, self.year, self.form = text, places, year, form_version
        self.state = _State()

    def read(self) -> Iterator[Claim]:
        """Yield the claims in the order of the text."""
        for begin, end in _passages(self.text):
            yield from self._passage(begin, end)

    def _passage(self, begin: int, end: int) -> Iterator[Claim]:
        heading = self.text[begin:end].strip(_BLANK)
        if len(heading) <= _LONGEST_HEADING and _ITEM.match(heading) and not re.search("[。未]", heading):
            plain, _ = folded(heading)
            if not any(_figures(plain)):
                self.state = _State(unread=plain)
                return
        claims: list[Claim] = []
        for stop in [*(found.end() for found in _SENTENCE_END.finditer(self.text, begin, end)), end]:
            for last in [*range(begin + _LONGEST_SENTENCE, stop, _LONGEST_SENTENCE), stop]:
                if last > begin:
                    claims += self._sentence(begin, last)
                begin = last
            if self.text[stop - 1 : stop] not in {";", "；"}:
                yield from _settled(claims, self.text)
                claims, self.state.classing = [], False
        self.state = _State()

    def _sentence(self, begin: int, end: int) -> Iterator[Claim]:
        state, raw = self.state, self.text[begin:end]
        figure, nothing = _hints()
        nought = nothing.search(raw) is not None
        if not nought and not figure.search(raw) and (state.value is None or not _pattern("all").search(raw)):
            state.unread += raw
            return
        plain, places = folded(raw)
        state.reviews, state.told, state.done, state.outside = [], {}, "", None
        sentence = _Sentence(plain, begin, places, self.year, nought)
        for clause in sentence.clauses():
            if clause.may_claim(state.value is not None or bool(state.reviews)):
                yield from self._clause(clause)
            else:
                self.state.unread += sentence.text[clause.first : clause.last]

    def _clause(self, clause: _Clause) -> Iterator[Claim]:
        marks = clause.marks
        figures = [place for place, mark in enumerate(marks) if mark.kind == "figure"]
        none = next((mark for mark in marks if mark.kind == "none"), None)
        each = next((place for place, mark in enumerate(marks) if mark.kind == "each"), len(marks))
        if not figures:
            yield from self._none(clause, marks, none) if none is not None else self._all(clause, marks)
            if none is None:
                self.state.unread += clause.text[clause.first : clause.last]
        elif each < figures[0] and not any(mark.kind in _NAMES for mark in marks[figures[0] :]):
            yield from self._listed(clause, marks[:each], [marks[place] for place in figures if place > each])
        else:
            for place in figures:
                yield from self._figure(clause, marks[place], *clause.neighbours(place))
            yield from self._all(clause, marks[figures[-1] + 1 :])

    def _topics(self) -> tuple[str, ...]:
        """Return what the text before was about; where it has no figures, it is read only now."""
        unread, self.state.unread = _prose(self.state.unread[-_LONGEST_SENTENCE:]), ""
        marks = _marks(unread)
        if topics := _group([mark for mark in marks if mark.kind == "topic"], unread):
            topics = ("requests",) if topics == ("applications",) else topics
            before = self.state.line if topics == self.state.topics else ""
            lines = [mark.id for mark in marks if mark.kind == "line" and mark.id in {"new", "processed_total"}]
            self.state.topics, self.state.line = topics, before or next(iter(lines), "")
        return self.state.topics

    # --- figures ------------------------------------------------------------------------------------------------------------

    def _listed(self, clause: _Clause, names: list[_Mark], figures: list[_Mark]) -> Iterator[Claim]:
        """Read 公民、法人分别为3件、2件: of the names before the word, as many as there are figures behind it."""
        names = [one for one in names if one.kind != "figure"]
        items: list[_Mark] = []
        for mark in reversed([one for one in names if one.kind != "listed"]):
            if items and (mark.kind != items[0].kind or not _JOINED.match(clause.text[mark.end : items[0].start])):
                if len(items) > 1:
                    break
                items = []
            items[:0] = [mark._replace(id=name, start=mark.start + at) for at, name in enumerate(_PAIRS.get(mark.id, (mark.id,)))]
        alike = len(figures) == 1 and figures[0].start == clause.text.find("各", clause.first) + 1
        if len(items) < 2 or (len(items) != len(figures) and not alike):
            self.state.unread += clause.text[clause.first : clause.last]
            return
        common = [one for one in names if one.kind not in {"listed", items[0].kind}]
        for number, item in enumerate(items):
            yield from self._figure(clause, figures[0 if alike else number], [*common, item], [])

    def _figure(self, clause: _Clause, figure: _Mark, left: list[_Mark], right: list[_Mark]) -> Iterator[Claim]:
        text, state = clause.text, self.state
        self._bracket(clause.sentence, figure.start)
        change = next((mark for mark in reversed(left) if mark.kind == "change"), None)
        if change is not None and change.end < figure.start:
            change = None
        if figure.unit in {"%", "％"} and change is None:
            return
        topics = _group([mark for mark in left if mark.kind == "topic"], text) or _group(
            _leading([mark for mark in right if mark.kind == "topic"], text), text
        )
        named = bool(topics)
        if topics == ("applications",):
            away = "outside" in state.topics and not _DISCLOSURE.search(text, clause.first, figure.start)
            strange = away or {"outside"} == {m.id for m in left if m.id == "outside" or m.kind == "channel"}
            topics = ("outside",) if strange else ("requests",)
        line = self._line(clause, figure, left, right)
        if named:
            state.unread = ""
        else:
            before = self._topics()
            topics = ("requests",) if line.strong and not {"outside", "published"} & set(before) else before
        if not topics and any(mark.kind == "channel" and "申请" in text[mark.start : mark.end] for mark in left):
            topics = ("requests",)
        if figure.value == 0:
            topics = tuple(topic for topic in topics if topic not in {"outside", "published"}) or topics
        if not topics or self._elsewhere(clause, figure, topics, left, named):
            state.topics = ("outside",) if topics else ()
            return
        if left and left[-1].kind == "compare" and change is None:
            return
        lines = self._lines(line, left, text)
        # what is part of a figure before, its sum or its change, is of the same line
        beside = bool(left) and left[-1].kind == "scope" and figure.start - left[-1].end <= 1
        goes_on = change is not None or beside or any(mark.kind in {"sum", "level"} for mark in left)
        if not line.id and goes_on and state.line and topics == ("requests",):
            both = state.carried and any(mark.kind == "sum" for mark in left) and state.line in {"new", "carried_in"}
            lines = ["unsure" if both else state.line]
        targets = [
            target
            for topic in topics
            for one in lines
            for target in self._targets(topic, left, right, figure, one, named, clause)
        ]
        scope = clause.sentence.scope(figure.start)
        channel = [mark for mark in [*left, *_touching(figure, right)] if mark.kind == "channel"]
        several = len(channel) != 1 or text[channel[0].end : channel[0].end + 1] in {"、", "和", "及", "与", "等"}
        aside = not several and topics == ("requests",) and not line.strong and not _last(left, "column")
        if aside:
            scope = text[channel[0].start : channel[0].end]
        was = (
            change is None and text[figure.start - 1 : figure.start] in {"由", "从"} and _pattern("level").match(text, figure.end)
        )
        if aside or (
            targets
            and (was or _YEARS.search(text, 0, figure.start) or (len(topics) > 1 and figure.value != 0) or self._part(clause, figure, left))
        ):
            # a channel's or another body's figure, last year's, one figure for several things
            state.topics, state.kind = topics, "channel" if aside else ""
            if topics == ("requests",):
                state.line = state.line or ("processed_total" if line.id == "processed_total" else "new")
            targets = [""]
        elif targets and (topics != ("published",) or state.value is None):
            self._remember(topics, figure, targets, change, part=not line.id and any(mark.kind == "scope" for mark in left))
        value, qualifier = figure.value, figure.about
        if change is not None:
            value = -value if change.id == "down" else value
            qualifier = "growth" if figure.unit in {"%", "％"} else "change"
        for target in dict.fromkeys(targets):
            yield self._claim(clause, target, value, figure, qualifier, scope)

    def _bracket(self, sentence: _Sentence, at: int) -> None:
        """Forget behind a bracket what was said in it."""
        state = self.state
        inside = sentence.bracket(at) >= 0
        if inside and state.outside is None:
            state.outside = (self._topics(), state.line, state.value, len(state.reviews))
        elif not inside and state.outside is not None:
            state.topics, state.line, state.value, told = state.outside
            state.outside = None
            del state.reviews[told:]

    def _elsewhere(self, clause: _Clause, figure: _Mark, topics: tuple[str, ...], left: list[_Mark], named: bool) -> bool:
        """Tell whether a figure counts what is none of the tables' business."""
        if any(mark.kind == "topic" and mark.id == "outside" and mark.strong for mark in left):
            self.state.classing = True
        if self.state.classing and not any(mark.kind == "line" and mark.id == "new" for mark in left):
            return True
        # among letters and hotlines, a review is one of disclosure only where the sentence says so
        reviews = named and figure.value != 0 and all(topic.startswith(_REVIEW) for topic in topics)
        return "outside" in topics or (reviews and "outside" in self.state.topics and not _DISCLOSURE.search(clause.text))

    def _part(self, clause: _Clause, figure: _Mark, left: list[_Mark]) -> bool:
        """Tell whether a figure is one body's of those that the report is about."""
        bodies = [mark.id for mark in left if mark.kind == "scope"]
        return bodies == ["part"]

    def _line(self, clause: _Clause, figure: _Mark, left: list[_Mark], right: list[_Mark]) -> _Mark:
        lines = [mark for mark in left if mark.kind == "line"]
        strong = [mark for mark in lines if mark.strong]
        near = [mark for mark in right if mark.kind == "line" and (mark.strong or mark in _touching(figure, right))]
        done = [
            m for before, m in pairwise(right) if before.kind == "all" and m.kind == "line" and m.start - before.end <= _ADJACENT
        ]
        if len(strong) > 1 and strong[-2].id.startswith(f"{strong[-1].id}."):
            # 重复申请不予处理的: the reason before the group is the line, unless there are others
            if strong[-1].start - strong[-2].end < _ADJACENT and "等" not in clause.text[strong[-2].end : strong[-1].start]:
                strong.pop()
        found = (strong[-1:] or lines[-1:] or near[:1] or done[:1] or [_Mark(0, 0, "line", "")])[0]
        if found.id == "processed_total" and clause.text[found.start : found.end].endswith("办理"):
            return found._replace(id=clause.handled(figure))
        if found.id == "carried":
            return found._replace(id="carried_out" if self.state.line == "processed_total" else "unsure")
        return found

    def _lines(self, line: _Mark, left: list[_Mark], text: str) -> list[str]:
        """Return the line that a figure is of, or both where two verbs share it: 收到并答复."""
        weak = [mark for mark in left if mark.kind == "line" and not mark.strong][-2:]
        shared = len(weak) == 2 and not line.strong and _TOGETHER.match(text[weak[0].end : weak[1].start])
        return [weak[0].id, line.id] if shared else [line.id]

    def _targets(
        self, topic: str, left: list[_Mark], right: list[_Mark], figure: _Mark, line: str, named: bool, clause: _Clause
    ) -> Iterator[str]:
        if topic.startswith(_REVIEW) and figure.unit not in _MONEY:
            near = [mark for mark in _touching(figure, right) if mark.kind == "result"]
            result = _last(left, "result") or (near[0].id if near else "other" if line == "others" else "")
            if result == "unsure" or (not result and not named and topic in self.state.counted):
                yield ""
            else:
                yield f"{topic}/{result or 'total'}"
        elif topic == "proactive/procurement" and self.form == "2019":
            if column := {"个": "projects", "项": "projects", "万元": "amount"}.get(figure.unit):
                yield f"{topic}/{column}"
        elif topic == "proactive/procurement":
            return
        elif topic.startswith("proactive/"):
            if (figure.unit in _MONEY) == topic.endswith("fees") and (named or topic not in _DECISIONS):
                self.state.done = _last(left, "stock") or (self.state.done if topic in _DECISIONS else "")
                column = self._stock(topic, self.state.done, figure)
                yield f"{topic}/{column}" if column else ""
        elif topic in {"fees", "published"}:
            yield ""
        elif topic == "requests" and figure.unit not in _MONEY:
            yield from self._request(left, right, figure, line, named, clause)

    def _request(
        self, left: list[_Mark], right: list[_Mark], figure: _Mark, line: str, named: bool, clause: _Clause
    ) -> Iterator[str]:
        near = [mark.id for mark in _touching(figure, right) if mark.kind == "column"]
        column = _last(left, "column") or (near[0] if near else "")
        column = "" if column == "anyone" else column
        if line == "others":
            # 自然人3件,其他1件: another applicant; 网上3件,其他1件: another channel
            group, _, within = self.state.line.partition(".")
            rest = "other.other" if within and group == "other" else "other"
            column, line = {"column": ("other", ""), "channel": ("", "unsure")}.get(self.state.kind, ("", rest))
        if column == "others":
            # 企业5件,其他组织1件
            listed = any(mark.id in _ORGANISATIONS for mark in clause.sentence.marks)
            column, line = ("other", line) if listed else ("", "unsure")
        if not line and column:
            line = self.state.line or "new"
        elif not line and named:
            # of requests that were counted before it is a part that has no name here
            part = self.state.value is not None and _pattern("of_which").search(clause.text, 0, figure.start)
            line = "unsure" if part else "new"
        if line:
            yield "" if line in _NO_LINE else f"requests/{line}/{column or 'total'}"

    def _stock(self, topic: str, done: str, figure: _Mark) -> str:
        if topic in _DECISIONS:
            return "decisions" if done in {"issued", "disclosed"} else ""
        if topic == "proactive/administrative_fees":
            return "amount" if self.form == "2021" and figure.unit == "万元" else ""
        if self.form == "2019":
            columns = {"issued": "produced", "in_force": "disclosed_total", "disclosed": "newly_disclosed", "": "newly_disclosed"}
        else:
            columns = {"issued": "issued", "repealed": "repealed", "in_force": "in_force", "disclosed": "issued", "": "issued"}
        return columns.get(done, "")

    def _remember(
        self, topics: tuple[str, ...], figure: _Mark, targets: list[str], change: _Mark | None, part: bool
    ) -> None:
        state = self.state
        state.topics = topics
        if topics == ("requests",) and targets != [""]:
            _, line, column = targets[0].split("/")
            state.kind = "column" if column != "total" else "line"
            state.carried = state.carried or line == "carried_in"
            if change is not None:
                state.line = state.line or line
            elif part and state.value is not None:
                # 全县304件,其中本级97件: what is said of all after that is said of the whole
                pass
            elif column == "total" and line == "carried_in" and state.line == "new":
                # what is said of all requests after that is said of these too
                state.value = state.received = (state.value or 0.0) + figure.value
            elif column == "total":
                state.line, state.value = line, figure.value
                if line == "new":
                    state.received = figure.value
                state.answered = state.answered or line == "processed_total"
            elif line != state.line:
                state.line, state.value = line, None
        elif all(topic.startswith(_REVIEW) for topic in topics) and change is None:
            totals = [target.rsplit("/", 1)[0] for target in targets if target.endswith("/total")]
            state.reviews += [(target, figure.value) for target in totals]
            state.counted |= set(totals)
            for target in targets:
                if target and not target.endswith("/total"):
                    line = target.rsplit("/", 1)[0]
                    state.told[line] = state.told.get(line, 0.0) + figure.value

    # --- nothing, and all ---------------------------------------------------------------------------------------------------

    def _none(self, clause: _Clause, marks: list[_Mark], none: _Mark) -> Iterator[Claim]:
        if any(mark.kind == "aim" for mark in marks):
            return
        behind = [mark for mark in marks if mark.start >= none.end]
        if not any(mark.kind in {"topic", "line"} for mark in behind):
            behind = [mark for mark in marks if mark.end <= none.start]
        topics = [mark for mark in behind if mark.kind == "topic"]
        lines = [mark.id for mark in behind if mark.id in {"carried_in", "carried_out"}]
        if any(mark.id == "carried" for mark in behind) and any(mark.kind == "last_year" for mark in marks):
            lines.append("carried_in")
        named = list(
            dict.fromkeys("requests" if mark.id == "applications" else mark.id for mark in topics if mark.id != "outside")
        )
        if not topics and not lines and clause.text[none.end : clause.last].strip(",。;") == "" and none.end - none.start > 1:
            named = list(self._topics())
        ended = next((mark.id for mark in marks if mark.kind == "result" and mark.id != "unsure"), "total")
        if not named and ended != "total" and all(topic.startswith(_REVIEW) for topic in self._topics()):
            named = list(self._topics())
        if not named and not lines:
            return
        if any(name.startswith(_REVIEW) for name in named) and not _lists_requests(topics, clause.text):
            named = [name for name in named if name.startswith(_REVIEW)]
        if "fees" in named:
            named = ["fees"]
        if lines and (not named or named == ["requests"]):
            targets = [f"requests/{line}/total" for line in dict.fromkeys(lines)]
        else:
            zero = {"requests": "requests/new/total", "fees": ""}
            targets = [
                f"{name}/{ended}" if name.startswith(_REVIEW) else zero[name]
                for name in named
                if name in zero or name.startswith(_REVIEW)
            ]
        for target in targets:
            yield self._claim(clause, target, 0.0, none, "", clause.sentence.scope(none.start))
        self.state.topics = tuple(named)

    def _all(self, clause: _Clause, marks: list[_Mark]) -> Iterator[Claim]:
        """Read 均已办结: a claim of the figure that it refers to."""
        word = next((mark for mark in marks if mark.kind == "all"), None)
        if word is None or any(mark.kind == "topic" and mark.id == "outside" for mark in marks):
            return
        state = self.state
        self._bracket(clause.sentence, word.start)
        behind = marks[marks.index(word) + 1 :]
        ended = next((mark for mark in behind if mark.kind == "result" and mark.id != "unsure"), None)
        result = ended.id if ended is not None and not re.search("[未无没不]", clause.text[word.end : ended.start]) else ""
        targets: list[tuple[str, float]] = []
        if result and state.reviews:
            rest = state.told if _pattern("rest").search(clause.text, clause.first, word.end) else {}
            targets = [(f"{line}/{result}", value - rest.get(line, 0.0)) for line, value in state.reviews]
        elif state.value is not None and self._topics() == ("requests",):
            column = next((mark.id for mark in marks if mark.kind == "column" and mark.id != "anyone"), "")
            done = any(mark.kind == "line" and mark.id == "processed_total" for mark in marks)
            near = [mark for mark in behind if mark.kind == "line" and mark.strong and mark.start - word.end <= 2 * _ADJACENT]
            how = near[0].id if near else ""
            if how and how not in _NO_LINE:
                targets = [(f"requests/{how}/total", state.value)]
            elif state.line == "new" and (column or done):
                targets = [(f"requests/{'new' if column else 'processed_total'}/{column or 'total'}", state.value)]
            elif done and state.received is not None and not state.answered:
                # 收到3件,1件予以公开,2件无法提供,均已答复: of whatever was received
                targets = [("requests/processed_total/total", state.received)]
        for target, value in targets:
            yield self._claim(clause, target, value, word, "all", clause.sentence.scope(word.start))

    def _claim(self, clause: _Clause, target: str, value: float, mark: _Mark, qualifier: str, scope: str) -> Claim:
        start, end = clause.span
        _, place, page = self.places[bisect_right(self.places, start, key=itemgetter(0)) - 1]
        low, high = _interval(value, mark.about)
        return Claim(
            target=target,
            value=value,
            low=low,
            high=high,
            unit=mark.unit,
            qualifier=qualifier,
            quote=self.text[start:end],
            start=start,
            end=end,
            scope=scope,
            place=place,
            page=page,
            year=clause.sentence.year(mark.start),
        )


def _marks(text: str, figures: Iterable[_Mark] = ()) -> list[_Mark]:
    """Return the words and figures of a sentence; of those that overlap the first and longest."""
    words, by_letters = _words()
    letters = {"", *text, *map("".join, pairwise(text))} & by_letters.keys()
    found = [
        _Mark(*match.span(), word.kind, word.id, word.strong, word.rank)
        for word in map(words.__getitem__, {number for key in letters for number in by_letters[key]})
        for match in word.pattern.finditer(text)
    ]
    found += figures
    found += [_Mark(match.start(), match.end(), "listed", "") for match in _LISTED.finditer(text)]
    found.sort(key=lambda mark: (mark.start, -mark.end, mark.rank))
    marks: list[_Mark] = []
    end = 0
    for mark in found:
        if mark.start >= end:
            marks.append(mark)
            end = mark.end
    return marks


def _settled(claims: Sequence[Claim], text: str) -> Iterator[Claim]:
    """Yield the claims of a sentence; of several figures for one cell only the whole is sure, the others are parts of it."""
    told: dict[tuple[str, int | None, str], list[Claim]] = {}
    for claim in claims:
        if claim.target and not claim.qualifier:
            told.setdefault((claim.target, claim.year, claim.scope), []).append(claim)
    parts = set()
    for same in told.values():
        first, *others = same
        whole = max(same, key=lambda claim: claim.value)
        if any(claim.value != whole.value for claim in same):
            opened = whole is first and all(_pattern("of_which").search(text, first.start, other.end) for other in others)
            summed = 2 * whole.value == sum(claim.value for claim in same) or _pattern("sum").search(whole.quote)
            parts.update(claim for claim in same if claim.value != whole.value or not (opened or summed))
    for claim in claims:
        yield claim._replace(target="") if claim in parts else claim


def _prose(text: str) -> str:
    """Return text for reading, without the figures of titles and numbers."""
    return _NO_PROSE.sub(lambda found: "□" * len(found[0]), folded(text)[0])


def _touching(figure: _Mark, right: list[_Mark]) -> list[_Mark]:
    return [mark for mark in right if mark.start - figure.end <= _ADJACENT]


def _interval(value: float, about: str) -> tuple[float | None, float | None]:
    """Return the bounds that a word like 余 or 近 sets; the figure itself where there is none."""
    size = 1.0
    while value and value % (size * 10) == 0:
        size *= 10
    bounds: dict[str, tuple[float | None, float | None]] = {
        "余": (value, value + size - 1),
        "多": (value, value + size - 1),
        "近": (value - max(size, 1.0), value - 1),
        "不足": (0.0, value - 1),
        "左右": (value - size, value + size),
        "约": (value - size, value + size),
        "大约": (value - size, value + size),
    }
    if about in {"超过", "超", "逾", "突破"}:
        return value + 1, None
    if about in {"至少", "不少于", "以上"}:
        return value, None
    return bounds.get(about, (value, value))


def _group(topics: Sequence[_Mark], text: str) -> tuple[str, ...]:
    """Return the last topic, with those before it that are listed with it: 行政复议、行政诉讼."""
    group: list[_Mark] = list(topics[-1:])
    for mark in reversed(topics[:-1]):
        between = text[mark.end : group[0].start]
        if not between or not _JOINED.match(between):
            break
        group.insert(0, mark)
    names = tuple(dict.fromkeys(mark.id for mark in group))
    return names if names == ("applications",) else tuple("requests" if name == "applications" else name for name in names)


def _leading(topics: list[_Mark], text: str) -> list[_Mark]:
    """Return the first topic with those that are listed after it."""
    joined = takewhile(lambda pair: _JOINED.match(text[pair[0].end : pair[1].start]), pairwise(topics))
    return [*topics[:1], *(after for _, after in joined)]


def _lists_requests(topics: list[_Mark], text: str) -> bool:
    """Tell whether requests are one item of a list, and not what a review was about."""
    for mark, after in pairwise(topics):
        if mark.id == "requests":
            between = text[mark.end : after.start]
            return bool(between and _JOINED.match(between))
    return bool(topics) and topics[-1].id == "requests"


def _last(marks: Sequence[_Mark], kind: str) -> str:
    return next((mark.id for mark in reversed(marks) if mark.kind == kind), "")
