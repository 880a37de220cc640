"""What the prose claims: every figure that a sentence states about disclosure, with the cell that it speaks of."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from itertools import pairwise
from typing import Any, NamedTuple

from govstats.characters import folded, numeral
from govstats.documents import Document, Grid
from govstats.report import Claim

#: A cell of a table holds a sentence, and no label.
_PROSE = re.compile(r"\w{4}[，,][^。]*\w{4}.*[。；]", re.DOTALL)
_SENTENCE_END = re.compile("[。;!?…]+")
_CLAUSE_END = re.compile(r",(?!\d{3}(?!\d))")
#: A line that goes on in the next one ends without a stop, and the next one begins no item of its own.
_WHOLE_LINE = re.compile("[。;!?…:]$")
_ITEM = re.compile(r"^(?:\(?(?:[一二三四五六七八九十]{1,3}|\d{1,2})[)、.]|第[一二三四五六七八九十]+|[-•*#|])")
#: Titles of works, document and telephone numbers, numbered articles: figures in them are none.
_NO_PROSE = re.compile(
    r"《[^》]*》|[〔\[(]\d{4}[〕\])]\d+号|第[\d一二三四五六七八九十百]+[号条项次款期届](?:第?\([一二三四五六七八九十]+\)项)?|\([一二三四五六七八九十]+\)项|[一二三四五六七八九十\d]+个(?:部分|方面)|\d{3,4}-\d{7,8}|https?:\S+|www\.[\w./]+|\d{5}(?=[\W_]?[\u4e00-\u9fff]{0,6}热线)"
)
_YEAR = re.compile(r"(?<!\d)(20\d\d)年")
_JOINED = re.compile(r"^[、和及或与者以(\W]*$")
_TOGETHER = re.compile(r"^(?:并|且|、|和|及|并且|并依法|并按时|并全部)+$")
#: Figures of two topics at once are of neither, unless they are nought.
_REVIEW = "review/"
_ADJACENT = 3
#: A heading that says what the paragraph after it is about.
_LONGEST_HEADING = 40


class _Mark(NamedTuple):
    """A word that bears on the meaning of figures, or a figure."""

    start: int
    end: int
    kind: str
    id: str
    strong: bool = False
    value: float = 0.0
    unit: str = ""
    about: str = ""


class _Rule(NamedTuple):
    kind: str
    id: str
    strong: bool
    pattern: re.Pattern[str]


@cache
def _rules() -> tuple[_Rule, ...]:
    return tuple(
        _Rule(
            entry["kind"], entry["id"], entry.get("strong", False), re.compile("|".join(f"(?:{word})" for word in entry["words"]))
        )
        for entry in _data()["marks"]
    )


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads((resources.files(__package__) / "claims.toml").read_text("utf-8"))


@cache
def _figure_pattern() -> re.Pattern[str]:
    said = _data()["figures"]
    before, behind = said["about"]["before"], said["about"]["behind"]
    number = r"\d{1,3}(?:,\d{3})+(?![\d.])|\d+(?:\.\d+)?|[〇零一二两三四五六七八九十百千]+"
    return re.compile(
        rf"(?P<before>{before})?(?:(?<![\d.,])|(?<=[^\d],))(?P<number>{number})(?P<scale>[万亿])?(?P<behind>{behind})?"
        rf"(?P<unit>{said['units']})(?P<after>{behind})?|(?P<nought>{said['nought']})"
    )


@cache
def _pattern(kind: str, name: str = "") -> re.Pattern[str]:
    return next(rule.pattern for rule in _rules() if rule.kind == kind and name in {"", rule.id})


def read_claims(document: Document, year: int | None, form_version: str) -> tuple[str, list[Claim]]:
    """Read what the prose of a document claims.

    Parameters
    ----------
    document : Document
    year : int or None
        The reporting year; sentences may speak of another one.
    form_version : str
        Of the statutory form, which decides what documents that were made are called.

    Returns
    -------
    text : str
        The prose of the document, its paragraphs joined by line breaks; the claims quote it.
    claims : list of Claim
        In the order of the text.
    """
    paragraphs = list(_paragraphs(document))
    text = "\n".join(words for words, _, _ in paragraphs)
    claims: list[Claim] = []
    places = []
    at = 0
    for words, place, page in paragraphs:
        places.append((at, place, page))
        at += len(words) + 1
    reader = _Reader(text, places, year, form_version)
    for passage in _passages(text):
        claims += reader.read(passage)
    return text, claims


def _paragraphs(document: Document) -> Iterator[tuple[str, str, int | None]]:
    """Yield the prose, that in tables which only lay a page out included."""
    for block in document.blocks:
        if isinstance(block, Grid):
            cells = (cell for row in block.rows for cell in row)
            yield from ((cell.text, cell.place, cell.page) for cell in cells if _PROSE.search(cell.text))
        else:
            yield block.text, block.place, block.page


class _Passage(NamedTuple):
    """Text for reading, one character for one of the source."""

    text: str
    source: Sequence[int]


def _passages(text: str) -> Iterator[_Passage]:
    """Yield paragraphs, lines that were only wrapped being joined."""
    letters: list[str] = []
    source: list[int] = []
    start = 0
    lines = text.split("\n")
    for number, line in enumerate(lines):
        plain, places = folded(line)
        if letters and (_WHOLE_LINE.search("".join(letters[-1:])) or not plain or _ITEM.match(plain)):
            yield _Passage("".join(letters), tuple(source))
            letters, source = [], []
        letters += plain
        source += [start + place for place in places]
        start += len(line) + 1
        if number + 1 == len(lines) and letters:
            yield _Passage("".join(letters), tuple(source))


@dataclass
class _State:
    """What the sentences before were about."""

    topics: tuple[str, ...] = ()
    line: str = ""
    value: float | None = None
    #: A sentence without a figure, which may have named a topic.
    unread: str = ""
    #: Lines of reviews with their figures, in one sentence.
    reviews: list[tuple[str, float]] = field(default_factory=list)


class _Reader:
    """Understands sentences one after the other."""

    def __init__(self, text: str, places: Sequence[tuple[int, str, int | None]], year: int | None, form_version: str) -> None:
        self.text, self.places, self.year, self.form = text, places, year, form_version
        self.state = _State()

    def read(self, passage: _Passage) -> Iterator[Claim]:
        if len(passage.text) > _LONGEST_HEADING or not self._is_heading(passage.text):
            begin = 0
            for end in [*(found.end() for found in _SENTENCE_END.finditer(passage.text)), len(passage.text)]:
                if end > begin:
                    yield from self._sentence(passage, begin, end)
                begin = end
            self.state = _State()
        else:
            self.state = _State(unread=passage.text)

    def _may_claim(self, text: str, first: int, last: int) -> bool:
        """Tell whether a clause has a figure, says that there was none, or something of all that was counted before."""
        if _figure_pattern().search(text, first, last) or _pattern("none").search(text, first, last):
            return True
        counted = self.state.value is not None or bool(self.state.reviews)
        return counted and _pattern("all").search(text, first, last) is not None

    def _topics(self) -> tuple[str, ...]:
        """Return what the text before was about; where it has no figures, it is read only now."""
        unread, self.state.unread = self.state.unread, ""
        if unread and (topics := _group([mark for mark in _marks(unread) if mark.kind == "topic"], unread)):
            self.state.topics, self.state.line = topics, ""
        return self.state.topics

    def _is_heading(self, text: str) -> bool:
        return not _figure_pattern().search(text) and bool(_ITEM.match(text)) and "。" not in text and "未" not in text

    def _sentence(self, passage: _Passage, begin: int, end: int) -> Iterator[Claim]:
        text = _NO_PROSE.sub(lambda found: "□" * len(found[0]), passage.text[begin:end])
        self.state.reviews = []
        sentence = _Sentence(text, passage, begin)
        for first, last in pairwise([0, *(found.end() for found in _CLAUSE_END.finditer(text)), len(text)]):
            if self._may_claim(text, first, last):
                yield from self._clause(sentence, first, last)
            else:
                self.state.unread += text[first:last]

    def _clause(self, sentence: _Sentence, first: int, last: int) -> Iterator[Claim]:
        marks = _marks(sentence.text, first, last)
        figures = [mark for mark in marks if mark.kind == "figure"]
        none = next((mark for mark in marks if mark.kind == "none"), None)
        if not figures and none is not None:
            yield from self._none(sentence, marks, none, first, last)
        elif not figures:
            yield from self._all(sentence, marks, first, last)
            self.state.unread += sentence.text[first:last]
        aside = {mark: _bracket(sentence.text, mark.start, first, last) for mark in marks}
        for figure in figures:
            beside = [mark for mark in marks if aside[mark] == aside[figure]]
            at = beside.index(figure)
            before = next((place for place in range(at - 1, -1, -1) if beside[place].kind == "figure"), -1)
            behind = next((place for place in range(at + 1, len(beside)) if beside[place].kind == "figure"), len(beside))
            yield from self._figure(sentence, figure, beside[before + 1 : at], beside[at + 1 : behind], first, last)

    # --- a figure -----------------------------------------------------------------------------------------------------------

    def _figure(
        self, sentence: _Sentence, figure: _Mark, left: list[_Mark], right: list[_Mark], first: int, last: int
    ) -> Iterator[Claim]:
        change = next((mark for mark in reversed(left) if mark.kind == "change"), None)
        if change is not None and change.end < figure.start and not figure.about:
            change = None
        if figure.unit in {"%", "％"} and change is None:
            return
        topics = _group([mark for mark in left if mark.kind == "topic"], sentence.text) or _first(right, "topic")
        named = bool(topics)
        if named:
            self.state.unread = ""
        line = self._line(left, right, figure)
        if line.id == "processed_total" and sentence.text[line.start : line.end].endswith("办理"):
            line = line._replace(id=sentence.handled(figure))
        if not topics:
            topics = ("requests",) if line.strong and "outside" not in self._topics() else self._topics()
        if "outside" in topics[-1:] or not topics:
            self.state = _State(topics=topics)
            return
        value = figure.value
        if change is not None:
            value = -value if change.id == "down" else value
        lines = self._lines(line, left, sentence.text)
        # what is part of a figure before, its sum or its change, is of the same line
        goes_on = change is not None or any(mark.kind in {"scope", "sum"} for mark in left)
        if not line.id and goes_on and self.state.line and topics == ("requests",):
            lines = [self.state.line]
        targets = [
            target for topic in topics for one in lines for target in self._targets(topic, left, right, figure, one, named)
        ]
        if len(topics) > 1 and figure.value != 0 and targets:
            # one figure for several things is of none of them
            targets = [""]
        qualifier = figure.about
        if change is not None:
            qualifier = "growth" if figure.unit in {"%", "％"} else "change"
        channel = [mark for mark in left if mark.kind == "channel"]
        scope = sentence.scope(figure.start)
        if len(channel) == 1 and topics == ("requests",) and not line.strong and not _last(left, "column"):
            targets, scope = [""], sentence.text[channel[0].start : channel[0].end]
        for target in dict.fromkeys(targets):
            yield self._claim(sentence, target, value, figure, qualifier, scope, first, last)
        if change is None and targets:
            self._remember(topics, figure, targets)

    def _line(self, left: list[_Mark], right: list[_Mark], figure: _Mark) -> _Mark:
        lines = [mark for mark in left if mark.kind == "line"]
        strong = [mark for mark in lines if mark.strong]
        near = [m for m in right if m.kind == "line" and (m.strong or m.start - figure.end <= _ADJACENT)]
        found = strong[-1:] or lines[-1:] or near[:1]
        return found[0] if found else _Mark(0, 0, "line", "")

    def _lines(self, line: _Mark, left: list[_Mark], text: str) -> list[str]:
        """Return the line that a figure is of, or both where two verbs share it: 收到并答复."""
        weak = [mark for mark in left if mark.kind == "line" and not mark.strong][-2:]
        shared = len(weak) == 2 and not line.strong and _TOGETHER.match(text[weak[0].end : weak[1].start])
        return [mark.id for mark in weak] if shared else [line.id]

    def _targets(self, topic: str, left: list[_Mark], right: list[_Mark], figure: _Mark, line: str, named: bool) -> Iterator[str]:
        if topic.startswith(_REVIEW):
            near = [mark for mark in right if mark.kind == "result" and mark.start - figure.end <= _ADJACENT]
            result = _last(left, "result") or (near[0].id if near else "")
            yield f"{topic}/{result or 'total'}"
        elif topic.startswith("proactive/"):
            column = self._stock(topic, _last(left, "stock"))
            if (figure.unit == "万元") == topic.endswith("fees"):
                yield f"{topic}/{column}" if column else ""
        elif topic in {"fees", "published"}:
            yield ""
        elif topic == "requests" and figure.unit not in {"元", "万元"}:
            column = _last(left, "column") or next((m.id for m in right if m.kind == "column" and m.start == figure.end), "")
            if column == "anyone":
                column = ""
            name = line
            if not name and column:
                name = self.state.line or "new"
            if not name and named:
                name = "new"
            if name in {"granted_in_full_or_part", "handled"}:
                yield ""
            elif name:
                yield f"requests/{name}/{column or 'total'}"

    def _stock(self, topic: str, done: str) -> str:
        if topic in {"proactive/licensing", "proactive/penalties", "proactive/coercive_measures"}:
            return "decisions"
        if topic == "proactive/administrative_fees":
            return "amount" if self.form == "2021" else ""
        if self.form == "2019":
            return {"issued": "produced", "repealed": "", "in_force": "disclosed_total"}.get(done, "newly_disclosed")
        return {"repealed": "repealed", "in_force": "in_force"}.get(done, "issued")

    def _remember(self, topics: tuple[str, ...], figure: _Mark, targets: list[str]) -> None:
        self.state.topics = topics
        if topics == ("requests",):
            if targets != [""] and targets[0].endswith("/total"):
                name = targets[0].split("/")[1]
                if name == "carried_in" and self.state.line == "new":
                    # what is said of all requests after that is said of these too
                    self.state.value = (self.state.value or 0.0) + figure.value
                else:
                    self.state.line, self.state.value = name, figure.value
            elif targets != [""] and targets[0].split("/")[1] != self.state.line:
                self.state.line, self.state.value = targets[0].split("/")[1], None
        elif all(topic.startswith(_REVIEW) for topic in topics):
            self.state.reviews += [(target.rsplit("/", 1)[0], figure.value) for target in targets if target.endswith("/total")]

    # --- nothing, and all ---------------------------------------------------------------------------------------------------

    def _none(self, sentence: _Sentence, marks: list[_Mark], none: _Mark, first: int, last: int) -> Iterator[Claim]:
        behind = [mark for mark in marks if mark.start >= none.end] or [mark for mark in marks if mark.end <= none.start]
        topics = [mark for mark in behind if mark.kind == "topic"]
        line = next((mark.id for mark in behind if mark.kind == "line" and mark.id in {"carried_in", "carried_out"}), "")
        named = list(dict.fromkeys(mark.id for mark in topics if mark.id != "outside"))
        if not named and not line:
            return
        if any(name.startswith(_REVIEW) for name in named) and not self._listed(sentence, topics):
            named = [name for name in named if name.startswith(_REVIEW)]
        if "fees" in named:
            named = ["fees"]
        if line and (not named or named == ["requests"]):
            targets = [f"requests/{line}/total"]
        else:
            known = {"requests": "requests/new/total", "fees": "", "published": None}
            targets = [
                target
                for name in named
                if (target := f"{name}/total" if name.startswith(_REVIEW) else known.get(name)) is not None
            ]
        figure = none._replace(kind="figure", value=0.0)
        for target in targets:
            yield self._claim(sentence, target, 0.0, figure, "", sentence.scope(none.start), first, last)
        self.state.topics = tuple(named)

    def _listed(self, sentence: _Sentence, topics: list[_Mark]) -> bool:
        """Tell whether requests are one item of a list, and not what a review was about."""
        for mark, after in pairwise(topics):
            if mark.id == "requests":
                between = sentence.text[mark.end : after.start]
                return bool(between and _JOINED.match(between))
        return bool(topics) and topics[-1].id == "requests"

    def _all(self, sentence: _Sentence, marks: list[_Mark], first: int, last: int) -> Iterator[Claim]:
        word = next((mark for mark in marks if mark.kind == "all"), None)
        if word is None or any(mark.kind == "topic" and mark.id == "outside" for mark in marks):
            return
        result = next((mark.id for mark in marks if mark.kind == "result"), "")
        if result and self.state.reviews:
            targets = [(f"{line}/{result}", value) for line, value in self.state.reviews]
        elif self._topics() == ("requests",) and self.state.value is not None and self.state.line == "new":
            column = next((mark.id for mark in marks if mark.kind == "column" and mark.id != "anyone"), "")
            done = any(mark.kind == "line" and mark.id == "processed_total" for mark in marks)
            if not column and not done:
                return
            line = "new" if column else "processed_total"
            targets = [(f"requests/{line}/{column or 'total'}", self.state.value)]
        else:
            return
        for target, value in targets:
            figure = word._replace(kind="figure", value=value)
            yield self._claim(sentence, target, value, figure, "all", sentence.scope(word.start), first, last)

    # --- the claim ----------------------------------------------------------------------------------------------------------

    def _claim(
        self, sentence: _Sentence, target: str, value: float, figure: _Mark, qualifier: str, scope: str, first: int, last: int
    ) -> Claim:
        start, end = sentence.span(first, last)
        place, page = next((place, page) for at, place, page in reversed(self.places) if at <= start)
        low, high = _interval(value, figure.about)
        return Claim(
            target=target,
            value=value,
            low=low,
            high=high,
            unit=figure.unit,
            qualifier=qualifier,
            quote=self.text[start:end],
            start=start,
            end=end,
            scope=scope,
            place=place,
            page=page,
            year=sentence.year(figure.start, self.year),
        )


class _Sentence(NamedTuple):
    """A sentence, and where it stands in the source."""

    text: str
    passage: _Passage
    begin: int

    def span(self, first: int, last: int) -> tuple[int, int]:
        """Return where a part of it stands in the source, without the stops around it."""
        while last > first + 1 and self.text[last - 1] in ",。;!?…":
            last -= 1
        return self.passage.source[self.begin + first], self.passage.source[self.begin + last - 1] + 1

    def handled(self, figure: _Mark) -> str:
        """Return what 办理 says of a figure: received where channels follow, nothing sure where a figure of answers does."""
        if len(_pattern("channel").findall(self.text, figure.end)) > 1:
            return "new"
        answers = (found[0] for found in _pattern("line", "processed_total").finditer(self.text, figure.end))
        answered = any(not answer.endswith("办理") for answer in answers)
        return "handled" if answered and _figure_pattern().search(self.text, figure.end) else "processed_total"

    def scope(self, at: int) -> str:
        """Return the words before a place that say whom it is about."""
        before = [found[0] for found in _pattern("scope").finditer(self.text, 0, at)]
        return before[-1] if before else ""

    def year(self, at: int, reported: int | None) -> int | None:
        """Return the year that the sentence speaks of at a place."""
        # 较2022年, 结转2024年: the year that is named is not the one that is told of
        aside = [_pattern("compare"), _pattern("line", "carried_in"), _pattern("line", "carried_out")]
        compared = [found.span() for pattern in aside for found in pattern.finditer(self.text, 0, at)]
        named: list[tuple[int, int | None]] = [(-1, reported)]
        named += [(found.start(), int(found[1])) for found in _YEAR.finditer(self.text, 0, at)]
        for kind, back in (("this_year", 0), ("last_year", 1)):
            years = _pattern(kind).finditer(self.text, 0, at) if reported is not None else ()
            named += [(found.start(), (reported or 0) - back) for found in years]
        return max(one for one in named if not any(start <= one[0] < end for start, end in compared))[1]


def _marks(text: str, first: int = 0, last: int | None = None) -> list[_Mark]:
    """Return the words and figures of a sentence; of those that overlap the first and longest."""
    found = [
        _Mark(match.start(), match.end(), rule.kind, rule.id, rule.strong)
        for rule in _rules()
        for match in rule.pattern.finditer(text, first, len(text) if last is None else last)
        if match.end() > match.start()
    ]
    figures = _figure_pattern().finditer(text, first, len(text) if last is None else last)
    found += [mark for match in figures if (mark := _figure(match)) is not None]
    found.sort(key=lambda mark: (mark.start, -mark.end))
    marks: list[_Mark] = []
    for mark in found:
        if not marks or mark.start >= marks[-1].end:
            marks.append(mark)
    return marks


def _figure(match: re.Match[str]) -> _Mark | None:
    if match["nought"]:
        return _Mark(match.start(), match.end(), "figure", "nought")
    value = numeral(match["number"])
    if value is None:
        return None
    value *= {"万": 1e4, "亿": 1e8}.get(match["scale"] or "", 1.0)
    about = match["before"] or match["behind"] or match["after"] or ""
    return _Mark(match.start(), match.end(), "figure", "figure", value=round(value, 6), unit=match["unit"], about=about)


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
    if about in {"超过", "超", "逾"}:
        return value + 1, None
    if about in {"至少", "不少于", "以上"}:
        return value, None
    return bounds.get(about, (value, value))


def _group(topics: Sequence[_Mark], text: str) -> tuple[str, ...]:
    """Return the last topic, with those before it that are listed with it: 行政复议、行政诉讼."""
    group: list[_Mark] = list(topics[-1:])
    for mark in reversed(topics[:-1]):
        between = text[mark.end : group[0].start]
        if {"outside", "published"} & {mark.id, group[0].id} or not between or not _JOINED.match(between):
            break
        group.insert(0, mark)
    return tuple(dict.fromkeys(mark.id for mark in group))


def _bracket(text: str, at: int, first: int, last: int) -> int:
    """Return where the bracket opens that a place of a clause is in; -1 where it is in none."""
    opened = text.rfind("(", first, at)
    return opened if opened > text.rfind(")", first, at) and ")" in text[at:last] else -1


def _first(marks: Sequence[_Mark], kind: str) -> tuple[str, ...]:
    return tuple(mark.id for mark in marks if mark.kind == kind)[:1]


def _last(marks: Sequence[_Mark], kind: str) -> str:
    return next((mark.id for mark in reversed(marks) if mark.kind == kind), "")
