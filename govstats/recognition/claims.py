"""What the prose claims: every figure that a sentence states about disclosure, with the cell that it speaks of."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib import resources
from itertools import accumulate, pairwise, takewhile
from typing import Any, NamedTuple, overload

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
    r"《[^》]*》|[〔\[(]\d{4}[〕\])]\d+号|第[\d一二三四五六七八九十百]+[号条项次款期届](?:第?\([一二三四五六七八九十]+\)项)?|\([一二三四五六七八九十]+\)项"
    r"|[一二三四五六七八九十\d]+个(?:部分|方面)|\d{3,4}-\d{7,8}|https?:\S+|www\.[\w./]+|\d{5}(?=[\W_]?[\u4e00-\u9fff]{0,6}热线)"
)
_YEAR = re.compile(r"(?<!\d)(20\d\d)年")
_OPTIONAL = re.compile(
    r"\(\?(?:<?[=!]|:)[^()]*\)(?:[*?]|\{0,\d+\})|\(\?<?[=!][^()]*\)|\[[^\]]*\][^\u3400-\u9fff(|]*|[\u3400-\u9fff.][*?]|\\.[*?+]*"
)
_GROUP = re.compile(r"\(\?:[^()]*\)\+?")
_NUMERALS = "〇零一二两三四五六七八九十百千壹贰叁肆伍陆柒捌玖拾佰仟"
_GLUED = re.compile(r"\d[^\d.,]|[^\d.,]\d")
_TORN = re.compile(r"\d[.,]")
_JOINED = re.compile(r"^[、和及或与者以(\W]*$")
_TOGETHER = re.compile("^[数量]*(?:并且?|且|、|和|及|与|按时|按期|依法|全部|已)+$")
#: Between the items of a list, of which each has its figure.
_LISTED = re.compile(r"、|[和及与](?=\d)")
#: Several years in one figure.
_YEARS = re.compile(r"20\d\d年?(?:至|到|-|—|~)20\d\d年|[近前这][两二三四五六七八九十\d]+年")
_DISCLOSURE = re.compile("信息公开|依申请|公开(?:政府信息)?申请|申请公开")
_REVIEW = "review/"
_DECISIONS = {"proactive/licensing", "proactive/penalties", "proactive/coercive_measures"}
_MONEY = {"元", "万元", "亿元"}
#: Lines that no table has, or of which the words do not say which it is.
_NO_LINE = {"granted_in_full_or_part", "handled", "unsure"}
#: Words that stand for two items where a list gives each its figure.
_PAIRS = {"granted_in_full_or_part": ("granted", "partly_granted"), "anyone": ("natural_person", "organisations")}
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
def _words() -> dict[str, list[_Word]]:
    """Return the words, by the one or two letters of which some are in whatever a word matches."""
    words: dict[str, list[_Word]] = {}
    for rank, entry in enumerate(_data()["marks"]):
        for expression in entry["words"]:
            word = _Word(rank, entry["kind"], entry["id"], entry.get("strong", False), re.compile(expression))
            for literal in _literals(expression):
                words.setdefault(literal[:2], []).append(word)
    return words


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
def _figure_patterns() -> tuple[re.Pattern[str], ...]:
    """Return patterns of a figure, and of what may stand before it."""
    said = _data()["figures"]
    behind, units = said["behind"], said["units"]
    figure = re.compile(
        rf"(?P<number>[\d{_NUMERALS}](?:[\d{_NUMERALS}]|,(?=\d{{3}}(?!\d))|\.(?=\d))*)(?P<scale>[万亿](?!元))?(?P<behind>{behind})?"
        rf"(?:(?P<unit>{units})|\((?P<aside>{units})\)|(?P<listed>(?=[、和及](?:\d+[、和及])*\d+(?:{units})))|(?P<bare>(?=[,。;()]|$)))?"
        rf"(?P<after>{behind})?"
    )
    return figure, *(re.compile(rf"(?:{said[name]})$") for name in ("counted", "nought", "before"))


def _figures(text: str, first: int, last: int) -> Iterator[_Mark]:
    pattern, counted, nought, before = _figure_patterns()
    for match in pattern.finditer(text, first, last):
        start = match.start()
        unit = match["unit"] or match["aside"] or ""
        if not unit and match["listed"] is None:
            bare = match["bare"] is not None and counted.search(text, max(first, start - 2), start)
            if not bare and not (match["number"] in {"0", "零", "〇"} and nought.search(text, max(first, start - 1), start)):
                continue
        # 12,5件 and 000三件 come of tables and lists that lost their blanks
        broken = _GLUED.search(match["number"]) or _TORN.match(text[max(first, start - 2) : start])
        value = None if broken else numeral(match["number"])
        if value is None:
            continue
        ahead = before.search(text, max(first, start - 3), start)
        about = (ahead[0] if ahead else "") or match["behind"] or match["after"] or ""
        value = round(value * {"万": 1e4, "亿": 1e8}.get(match["scale"] or "", 1.0), 6)
        yield _Mark(ahead.start() if ahead else start, match.end(), "figure", "figure", value=value, unit=unit, about=about)


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
        reader = _Reader(self.text, self._places, self._year, self._form)
        return tuple(claim for passage in _passages(self.text) for claim in reader.read(passage))

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


class _Passage(NamedTuple):
    """Text for reading, one character for one of the source."""

    text: str
    source: Sequence[int]


def _passages(text: str) -> Iterator[_Passage]:
    """Yield paragraphs, lines that were only wrapped being joined."""
    letters: list[str] = []
    source: list[int] = []
    start = 0
    for line in text.split("\n"):
        plain, places = folded(line)
        if letters and (_WHOLE_LINE.search(letters[-1]) or not plain or _ITEM.match(plain)):
            yield _Passage("".join(letters), tuple(source))
            letters, source = [], []
        letters += plain
        source += [start + place for place in places]
        start += len(line) + 1
    if letters:
        yield _Passage("".join(letters), tuple(source))


class _Clause(NamedTuple):
    """A part of a sentence, and where the sentence stands in the source."""

    text: str
    first: int
    last: int
    passage: _Passage
    begin: int
    reported: int | None

    def span(self) -> tuple[int, int]:
        """Return where it stands in the source, without the stops around it."""
        last = self.last
        while last > self.first + 1 and self.text[last - 1] in ",。;!?…":
            last -= 1
        return self.passage.source[self.begin + self.first], self.passage.source[self.begin + last - 1] + 1

    def handled(self, figure: _Mark) -> str:
        """Return what 办理 says of a figure: received where channels follow, nothing sure where a figure of answers does."""
        if len(_pattern("channel").findall(self.text, figure.end)) > 1:
            return "new"
        for found in _pattern("line", "processed_total").finditer(self.text, figure.end):
            beside = _figures(self.text, max(figure.end, found.start() - 6), min(len(self.text), found.end() + 6))
            if not found[0].endswith("办理") and any(beside):
                return "handled"
        return "processed_total"

    def scope(self, at: int) -> str:
        """Return the words before a place that say whom it is about."""
        before = [found[0] for found in _pattern("scope").finditer(self.text, 0, at)]
        return before[-1] if before else ""

    def year(self, at: int) -> int | None:
        """Return the year that the sentence speaks of at a place."""
        # 较2022年, 结转2024年: the year that is named is not the one that is told of
        aside = [_pattern("compare"), _pattern("line", "carried_in"), _pattern("line", "carried_out")]
        compared = [found.span() for pattern in aside for found in pattern.finditer(self.text, 0, at)]
        named: list[tuple[int, int | None]] = [(-1, self.reported)]
        named += [(found.start(), int(found[1])) for found in _YEAR.finditer(self.text, 0, at)]
        for kind, back in (("this_year", 0), ("last_year", 1)):
            years = _pattern(kind).finditer(self.text, 0, at) if self.reported is not None else ()
            named += [(found.start(), (self.reported or 0) - back) for found in years]
        return max(one for one in named if not any(start <= one[0] < end for start, end in compared))[1]


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
    outside: tuple[tuple[str, ...], str, float | None] | None = None
    #: Of those lines, what was told of some: 除1件尚未审结外,其余均维持.
    told: dict[str, float] = field(default_factory=dict)
    #: What was done with documents, in one sentence.
    done: str = ""
    #: The sentence tells how documents were classed, not how requests were answered.
    classing: bool = False


class _Reader:
    """Understands sentences one after the other."""

    def __init__(self, text: str, places: Sequence[tuple[int, str, int | None]], year: int | None, form_version: str) -> None:
        self.text, self.places, self.year, self.form = text, places, year, form_version
        self.state = _State()

    def read(self, passage: _Passage) -> Iterator[Claim]:
        text = passage.text
        if (
            len(text) <= _LONGEST_HEADING
            and _ITEM.match(text)
            and not re.search("[。未]", text)
            and not any(_figures(text, 0, len(text)))
        ):
            self.state = _State(unread=text)
            return
        begin = 0
        for stop in [*(found.end() for found in _SENTENCE_END.finditer(text)), len(text)]:
            for end in [*range(begin + _LONGEST_SENTENCE, stop, _LONGEST_SENTENCE), stop]:
                if end > begin:
                    yield from self._sentence(passage, begin, end)
                begin = end
        self.state = _State()

    def _sentence(self, passage: _Passage, begin: int, end: int) -> Iterator[Claim]:
        text = _NO_PROSE.sub(lambda found: "□" * len(found[0]), passage.text[begin:end])
        self.state.reviews, self.state.told, self.state.done, self.state.classing = [], {}, "", False
        self.state.outside = None
        for first, last in pairwise([0, *(found.end() for found in _CLAUSE_END.finditer(text)), len(text)]):
            clause = _Clause(text, first, last, passage, begin, self.year)
            if self._may_claim(text, first, last):
                yield from self._clause(clause)
            else:
                self.state.unread += text[first:last]

    def _may_claim(self, text: str, first: int, last: int) -> bool:
        """Tell whether a clause has a figure, says that there was none, or something of all that was counted before."""
        counted = self.state.value is not None or bool(self.state.reviews)
        return (
            any(_figures(text, first, last))
            or _pattern("none").search(text, first, last) is not None
            or (counted and _pattern("all").search(text, first, last) is not None)
        )

    def _clause(self, clause: _Clause) -> Iterator[Claim]:
        marks = _marks(clause.text, clause.first, clause.last)
        figures = [mark for mark in marks if mark.kind == "figure"]
        none = next((mark for mark in marks if mark.kind == "none"), None)
        each = next((mark for mark in marks if mark.kind == "each"), None)
        if not figures:
            yield from self._none(clause, marks, none) if none is not None else self._all(clause, marks)
            if none is None:
                self.state.unread += clause.text[clause.first : clause.last]
        elif each is not None and each.start < figures[-1].start:
            yield from self._listed(
                clause, [mark for mark in marks if mark.end <= each.start], [one for one in figures if one.start >= each.end]
            )
        else:
            for figure in figures:
                yield from self._figure(clause, figure, *_neighbours(marks, figure, clause))
            yield from self._all(clause, [mark for mark in marks if mark.start >= figures[-1].end])

    def _topics(self) -> tuple[str, ...]:
        """Return what the text before was about; where it has no figures, it is read only now."""
        unread, self.state.unread = self.state.unread[-_LONGEST_SENTENCE:], ""
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
            return
        common = [one for one in names if one.kind not in {"listed", items[0].kind}]
        for number, item in enumerate(items):
            yield from self._figure(clause, figures[0 if alike else number], [*common, item], [])

    def _figure(self, clause: _Clause, figure: _Mark, left: list[_Mark], right: list[_Mark]) -> Iterator[Claim]:
        text, state = clause.text, self.state
        self._bracket(text, figure.start)
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
            strange = "outside" in state.topics or {"outside"} == {m.id for m in left if m.id == "outside" or m.kind == "channel"}
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
        goes_on = change is not None or any(mark.kind in {"scope", "sum", "level"} for mark in left)
        if not line.id and goes_on and state.line and topics == ("requests",):
            lines = [state.line]
        targets = [
            target
            for topic in topics
            for one in lines
            for target in self._targets(topic, left, right, figure, one, named, clause)
        ]
        scope = clause.scope(figure.start)
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
            and (was or _YEARS.search(text, 0, figure.start) or (len(topics) > 1 and figure.value != 0) or self._part(left))
        ):
            # a channel's or another body's figure, last year's, one figure for several things
            state.topics, state.kind = topics, "channel" if aside else ""
            if topics == ("requests",):
                state.line = state.line or ("processed_total" if line.id == "processed_total" else "new")
            targets = [""]
        elif targets and (topics != ("published",) or state.value is None):
            self._remember(topics, figure, targets, change)
        value, qualifier = figure.value, figure.about
        if change is not None:
            value = -value if change.id == "down" else value
            qualifier = "growth" if figure.unit in {"%", "％"} else "change"
        for target in dict.fromkeys(targets):
            yield self._claim(clause, target, value, figure, qualifier, scope)

    def _bracket(self, text: str, at: int) -> None:
        """Forget behind a bracket what was said in it."""
        state = self.state
        inside = text.rfind("(", 0, at) > text.rfind(")", 0, at) and ")" in text[at:]
        if inside and state.outside is None:
            state.outside = (self._topics(), state.line, state.value)
        elif not inside and state.outside is not None:
            (state.topics, state.line, state.value), state.outside = state.outside, None

    def _elsewhere(self, clause: _Clause, figure: _Mark, topics: tuple[str, ...], left: list[_Mark], named: bool) -> bool:
        """Tell whether a figure counts what is none of the tables' business."""
        if any(mark.kind == "topic" and mark.id == "outside" and mark.strong for mark in left):
            self.state.classing = True
        if self.state.classing and not any(mark.kind == "line" and mark.id == "new" for mark in left):
            return True
        # among letters and hotlines, a review is one of disclosure only where the sentence says so
        reviews = named and figure.value != 0 and all(topic.startswith(_REVIEW) for topic in topics)
        return "outside" in topics or (reviews and "outside" in self.state.topics and not _DISCLOSURE.search(clause.text))

    def _part(self, left: list[_Mark]) -> bool:
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
            column, line = {"column": ("other", ""), "channel": ("", "unsure")}.get(self.state.kind, ("", "other"))
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

    def _remember(self, topics: tuple[str, ...], figure: _Mark, targets: list[str], change: _Mark | None) -> None:
        state = self.state
        state.topics = topics
        if topics == ("requests",) and targets != [""]:
            _, line, column = targets[0].split("/")
            state.kind = "column" if column != "total" else "line"
            if change is not None:
                state.line = state.line or line
            elif column == "total" and line == "carried_in" and state.line == "new":
                # what is said of all requests after that is said of these too
                state.value = (state.value or 0.0) + figure.value
            elif column == "total":
                state.line, state.value = line, figure.value
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
        line = next((mark.id for mark in behind if mark.kind == "line" and mark.id in {"carried_in", "carried_out"}), "")
        named = list(
            dict.fromkeys("requests" if mark.id == "applications" else mark.id for mark in topics if mark.id != "outside")
        )
        if not topics and not line and clause.text[none.end : clause.last].strip(",。;") == "" and none.end - none.start > 1:
            named = list(self._topics())
        if not named and not line:
            return
        if any(name.startswith(_REVIEW) for name in named) and not _lists_requests(topics, clause.text):
            named = [name for name in named if name.startswith(_REVIEW)]
        if "fees" in named:
            named = ["fees"]
        ended = next((mark.id for mark in marks if mark.kind == "result" and mark.id != "unsure"), "total")
        if line and (not named or named == ["requests"]):
            targets = [f"requests/{line}/total"]
        else:
            zero = {"requests": "requests/new/total", "fees": ""}
            targets = [
                f"{name}/{ended}" if name.startswith(_REVIEW) else zero[name]
                for name in named
                if name in zero or name.startswith(_REVIEW)
            ]
        for target in targets:
            yield self._claim(clause, target, 0.0, none, "", clause.scope(none.start))
        self.state.topics = tuple(named)

    def _all(self, clause: _Clause, marks: list[_Mark]) -> Iterator[Claim]:
        """Read 均已办结: a claim of the figure that it refers to."""
        word = next((mark for mark in marks if mark.kind == "all"), None)
        if word is None or any(mark.kind == "topic" and mark.id == "outside" for mark in marks):
            return
        state = self.state
        self._bracket(clause.text, word.start)
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
        for target, value in targets:
            yield self._claim(clause, target, value, word, "all", clause.scope(word.start))

    def _claim(self, clause: _Clause, target: str, value: float, mark: _Mark, qualifier: str, scope: str) -> Claim:
        start, end = clause.span()
        place, page = next((place, page) for at, place, page in reversed(self.places) if at <= start)
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
            year=clause.year(mark.start),
        )


def _marks(text: str, first: int = 0, last: int | None = None) -> list[_Mark]:
    """Return the words and figures of a sentence; of those that overlap the first and longest."""
    last = len(text) if last is None else last
    letters = {"", *text[first:last], *(text[at : at + 2] for at in range(first, last - 1))}
    found = []
    words = _words()
    for word in {word for key in letters & words.keys() for word in words[key]}:
        spans = (match.span() for match in word.pattern.finditer(text, first, last))
        found += [_Mark(start, end, word.kind, word.id, word.strong, word.rank) for start, end in spans]
    found += _figures(text, first, last)
    found += [_Mark(match.start(), match.end(), "listed", "") for match in _LISTED.finditer(text, first, last)]
    found.sort(key=lambda mark: (mark.start, -mark.end, mark.rank))
    marks: list[_Mark] = []
    for mark in found:
        if not marks or mark.start >= marks[-1].end:
            marks.append(mark)
    return marks


def _neighbours(marks: list[_Mark], figure: _Mark, clause: _Clause) -> tuple[list[_Mark], list[_Mark]]:
    """Return the words before a figure and those behind it, to the next figures; a bracket is a world of its own."""

    def bracket(at: int) -> int:
        opened = clause.text.rfind("(", clause.first, at)
        return opened if opened > clause.text.rfind(")", clause.first, at) and ")" in clause.text[at : clause.last] else -1

    # 不予公开(属于国家秘密)1件: what stands in a bracket before a figure says more of it
    closed = clause.text[figure.start - 1 : figure.start] == ")"
    within = {bracket(figure.start), bracket(figure.start - 1) if closed else -2}
    beside = [mark for mark in marks if bracket(mark.start) in within]
    at = beside.index(figure)
    left = list(takewhile(lambda mark: mark.kind != "figure", reversed(beside[:at])))[::-1]
    right = list(takewhile(lambda mark: mark.kind != "figure", beside[at + 1 :]))
    if len(left) < at:
        stop = next((place for place, mark in enumerate(left) if mark.kind == "listed"), -1)
        left = left[stop + 1 :]
    if at + 1 + len(right) < len(beside):
        follower = beside[at + 1 + len(right)]
        right = list(takewhile(lambda mark: mark.kind != "listed", right))
        # 办结3件: the verb is of the figure that it touches
        right = [mark for mark in right if mark.end != follower.start]
    return [mark for mark in left if mark.kind != "listed"], [mark for mark in right if mark.kind != "listed"]


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
