"""What the prose claims: every figure that a sentence states about disclosure, with the cell that it speaks of."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import accumulate, chain, pairwise, takewhile
from operator import itemgetter
from typing import NamedTuple, overload

from govstats.documents import Document, Grid
from govstats.recognition.sentences import (
    ADJACENT,
    BLANK,
    HINT,
    ITEM,
    OPENING,
    Clause,
    Mark,
    Sentence,
    data,
    figure_pattern,
    figures,
    marks,
    passages,
    pattern,
    prose,
)
from govstats.report import Claim

#: What a figure is about: several things where they are listed.
Topics = tuple[str, ...]

#: A cell of a table holds a sentence, and no label.
_PROSE = re.compile(r"\w{4}[，,][^。]*\w{4}.*[。；]", re.DOTALL)
_SENTENCE_END = re.compile("[。;!?…；！？]+")
_HALF_STOPS = (";", "；")
_LISTED = re.compile(r"^[、和及或与者以(\W]*$")
_TOGETHER = re.compile("^[数量]*(?:并且?|且|、|和|及|与|按时|按期|依法|全部|已|妥善|规范|认真|及时)+$")
_DISCLOSURE = re.compile("(?<!不属于)(?<!不属于政府)(?<!非)(?<!非政府)信息公开|依申请|公开(?:政府信息)?申请|申请公开")
_PART_OR_SUM = re.compile("(?:上述|以上|(?<!共)有)$")
_CAUSE = re.compile("[因对涉]|不服")
_AFORESAID = re.compile("(?:上述|以上)(?:信息|公开|依)*申请")
_COUNTING = re.compile("^[了共计约近的]*$")
_NEGATED = re.compile("[未无没不]")
_REVIEW = "review/"
_INSTANCES = {"reconsideration": re.compile("复议"), "litigation": re.compile("诉讼|法院")}
_WAYS_TO_COURT = ("review/litigation_direct", "review/litigation_after_reconsideration")
_REQUESTS = ("requests",)
_RECEIVED = "requests/new/total"
_DECISIONS = {"proactive/licensing", "proactive/penalties", "proactive/coercive_measures"}
_ORGANISATIONS = {"commercial", "research", "social", "legal"}
_MONEY = {"元", "万元", "亿元"}
_PERCENT = {"%", "％"}
#: Lines that no table has, or of which the words do not say which it is.
_NO_LINE = {"handled", "subject", "unsure"}
_OUTCOMES = {"granted", "partly_granted", "refused", "unable", "not_processed", "other", "carried_out"}
_NO_RESULT = {"concluded", "unsure"}
#: Words that stand for two items where a list gives each its figure.
_PAIRS = {"granted+partly_granted": ("granted", "partly_granted"), "anyone": ("natural_person", "organisations")}
#: Kinds of words that name what a figure is of.
_NAMES = {"topic", "line", "column", "result"}
_NO_MARK = Mark(0, 0, "", "")
#: A heading that says what the paragraph after it is about.
_LONGEST_HEADING = 40
#: A text without stops is read in pieces of this length.
_LONGEST_SENTENCE = 1500
#: A result without a figure has so many letters beside it at most.
_SHORT = 8


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
    readings : tuple of Reading
        What was made of every figure, those that are no claims included.
    """

    def __init__(self, document: Document, year: int | None, form_version: str) -> None:
        paragraphs = list(_paragraphs(document))
        starts = accumulate((len(words) + 1 for words, _, _ in paragraphs), initial=0)
        self.text = "\n".join(words for words, _, _ in paragraphs)
        self._places = [(at, place, page) for at, (_, place, page) in zip(starts, paragraphs, strict=False)]
        self._year, self._form = year, form_version

    @cached_property
    def readings(self) -> tuple[Reading, ...]:
        """What was made of every figure."""
        return tuple(readings(self.text, self._places, self._year, self._form))

    @cached_property
    def _read(self) -> tuple[Claim, ...]:
        return tuple(reading.claim for reading in self.readings if reading.rule not in NO_CLAIM)

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
        if not isinstance(block, Grid):
            yield block.text, block.place, block.page
        # few tables have a sentence in them
        elif not {"。", "；"}.isdisjoint("".join(chain.from_iterable(block.texts))):
            cells = (cell for row in block.rows for cell in row)
            yield from ((cell.text, cell.place, cell.page) for cell in cells if _PROSE.search(cell.text))


def readings(text: str, places: Sequence[tuple[int, str, int | None]], year: int | None, form_version: str) -> Iterator[Reading]:
    """Yield what is made of each figure of a text; `places` are those of its paragraphs, by where they begin."""
    return _Reader(text, places, year, form_version).read()


#: The rules by which a figure is no claim about disclosure.
NO_CLAIM = {"percentage", "aim", "times", "elsewhere", "no_topic", "compared"}


class _Figure:
    """A figure among the words of its clause.

    `left` are the words before it and `right` those behind it, up to the next figures; `last` and `near` are of each kind the
    nearest before it and, touching it, behind it.
    """

    def __init__(self, clause: Clause, mark: Mark, left: list[Mark], right: list[Mark]) -> None:
        self.clause, self.mark, self.left, self.right, self.text = clause, mark, left, right, clause.text
        self.value, self.is_money, self.is_percent = mark.value, mark.unit in _MONEY, mark.unit in _PERCENT
        self.words = [*left, *right]
        self.last = {one.kind: one for one in left}
        self.touching = [one for one in right if one.start - mark.end <= ADJACENT]
        self.near = {one.kind: one for one in reversed(self.touching)}
        change = self.last.get("change", _NO_MARK)
        self.change = change.id if change.end >= mark.start else ""
        #: 除3件结转外: what is said after it is said of the rest.
        self.excepted = self.text.startswith("除", clause.first) and mark.start > clause.first
        self.scope = clause.sentence.scope(mark.start)

    def of(self, kind: str) -> str:
        """Return which of the words of a kind the figure is of."""
        return self.last.get(kind, self.near.get(kind, _NO_MARK)).id

    def says(self, kind: str) -> str:
        """Return the nearest word of a kind before it."""
        return _word(self.text, self.last.get(kind, _NO_MARK))

    def has(self, *names: str) -> bool:
        """Tell whether a word of one of these kinds stands before it."""
        return not self.last.keys().isdisjoint(names)

    def topics(self) -> Topics:
        """Return what its own words say that it is about."""
        before, behind = ([one for one in side if one.kind == "topic"] for side in (self.left, self.right))
        reviews = [one for one in behind if one.id.startswith(_REVIEW)]
        if reviews and _CAUSE.search(self.text, self.mark.end, behind[0].start):
            # 1起因政府信息公开申请的行政复议
            behind = reviews
        return _group(before or _leading(behind, self.text), self.text)

    def column(self) -> str:
        """Return who asked."""
        columns = [one for one in self.right if one.kind == "column"]
        if self.of("column") == "anyone" and "column" not in self.last and len(columns) > 1:
            # 88件申请人为自然人
            return columns[1].id if columns[1].start - columns[0].end < ADJACENT else ""
        return self.of("column").replace("anyone", "")

    def channel(self) -> str:
        """Return the one channel that its applications came by."""
        channels = [one for one in [*self.left, *self.touching] if one.kind == "channel"]
        alone = len(channels) == 1 and not self.text.startswith(("、", "和", "及", "与", "等"), channels[0].end)
        return _word(self.text, channels[0]) if alone else ""

    def by_application(self) -> bool:
        """Tell whether a channel before it is one of applications: 网上申请."""
        return any(one.kind == "channel" and "申请" in _word(self.text, one) for one in self.left)

    def is_before_a_change(self) -> bool:
        """Tell whether it is where a change began: 由30件增至45件."""
        begins = not self.change and self.text[self.mark.start - 1 : self.mark.start] in {"由", "从"}
        return begins and pattern("level").match(self.text, self.mark.end) is not None

    def handled(self) -> str:
        """Return what 办理 says of it: received where channels follow, nothing sure where a figure of answers does."""
        behind = self.clause.behind(self.mark.end)
        if sum(one.kind == "channel" for one in behind) > 1:
            return "new"
        answers = [one for one in behind if one.id == "processed_total" and not _word(self.text, one).endswith("办理")]
        places = [place for one in behind if one.kind == "figure" for place in (one.start, one.end)]
        beside = [
            one for one in answers for place in places if 0 <= one.start - place <= ADJACENT or 0 <= place - one.end <= ADJACENT
        ]
        return "handled" if beside else "processed_total"


class Reading(NamedTuple):
    """What was made of a figure: the rule that decided, in the words of claims.toml, and the claim, if it is one.

    `words` are those that bear on it, each with what it stands for.
    """

    at: int
    rule: str
    claim: Claim
    words: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class _Paragraph:
    """What the sentences of a paragraph have told so far."""

    topics: Topics = ()
    #: The line and figure that a part, a sum or a word for all speaks of, and where the sentence begins that told of them.
    line: str = ""
    value: float | None = None
    since: int = -1
    #: By what the figure before was told from others of its line: column, line, channel or subject.
    kind: str = ""
    #: What was received; whether it was told how much of it was answered, and how much was carried over.
    received: float | None = None
    answered: bool = False
    carried: bool = False
    #: Reviews of which the total was told.
    counted: frozenset[str] = frozenset()
    #: Another subject was counted behind the requests: what follows is of them only where it fits them.
    aside: bool = False
    #: How documents were classed, or what an agency may do, is what the sentence tells.
    classing: str = ""
    #: Text without a figure, which may have named a topic.
    unread: str = ""


@dataclass(frozen=True)
class _Told:
    """What a sentence has told so far."""

    #: Lines of reviews with their figures, and what was told of some of them: 除1件尚未审结外,其余均维持.
    reviews: Mapping[str, float] = field(default_factory=dict)
    some: Mapping[str, float] = field(default_factory=dict)
    #: Lines of which one body's part was told.
    parted: frozenset[str] = frozenset()
    #: What was done with documents.
    done: str = ""
    #: What is taken out of a whole: 除3件结转外.
    excepted: float = 0.0
    #: What was told before a bracket opened.
    outside: tuple[_Paragraph, _Told] | None = None


class _Reader:
    """Understands sentences one after the other."""

    def __init__(self, text: str, places: Sequence[tuple[int, str, int | None]], year: int | None, form_version: str) -> None:
        self.text, self.places, self.year = text, places, year
        self.columns = data()["columns"]["2019" if form_version == "2019" else "2021"]
        self.units = data()["units"].get(form_version, {})
        self.has_amounts = form_version == "2021"
        self.now, self.told = _Paragraph(), _Told()
        #: What was received, whatever paragraph said so, and the heading above the paragraph.
        self.received: float | None = None
        self.heading = ""

    def read(self) -> Iterator[Reading]:
        """Yield what was made of each figure, in the order of the text."""
        for begin, end in passages(self.text):
            heading, self.heading = self.heading, ""
            if _is_heading(self.text[begin:end].strip(BLANK)):
                self.heading = self.text[begin:end]
            elif self._is_worth_reading(begin, end):
                self.now = _Paragraph(unread=heading)
                yield from self._passage(begin, end)

    def _is_worth_reading(self, begin: int, end: int) -> bool:
        """Tell whether a paragraph has a figure, a word for nothing, or speaks of what was received before."""
        again = self.received is not None and _AFORESAID.search(self.text, begin, end)
        return bool(again or HINT.search(self.text, begin, end))

    def _passage(self, begin: int, end: int) -> Iterator[Reading]:
        said: list[Reading] = []
        for stop in [*(found.end() for found in _SENTENCE_END.finditer(self.text, begin, end)), end]:
            for first in range(begin, stop, _LONGEST_SENTENCE):
                said += self._sentence(first, min(stop, first + _LONGEST_SENTENCE))
            begin = stop
            if not self.text.startswith(_HALF_STOPS, stop - 1):
                yield from _settled(said, self.text, self.year)
                said, self.now = [], replace(self.now, classing="")

    def _sentence(self, begin: int, end: int) -> Iterator[Reading]:
        source = self.text[begin:end]
        if self.now.value is None and self.received is not None and _AFORESAID.search(source):
            self.now = replace(self.now, topics=_REQUESTS, line="new", value=self.received, received=self.received)
        self.told = _Told()
        for clause in Sentence(source, begin, self.year).clauses():
            if clause.may_claim(counted=self.now.value is not None or bool(self.told.reviews)):
                yield from self._clause(clause)
            else:
                self._pass_over(clause.words)

    def _clause(self, clause: Clause) -> Iterator[Reading]:
        said = clause.marks
        numbers = [place for place, mark in enumerate(said) if mark.kind == "figure"]
        none = next((mark for mark in said if mark.kind == "none"), None)
        each = next((place for place, mark in enumerate(said) if mark.kind == "each"), len(said))
        if not numbers and none is not None:
            yield from self._none(clause, none)
        elif not numbers:
            yield from self._all(clause, said)
            self._pass_over(clause.words)
        elif each < numbers[0] and not any(mark.kind in _NAMES for mark in said[numbers[0] :]):
            yield from self._listed(clause, said[:each], [said[place] for place in numbers])
        else:
            for place in numbers:
                yield from self._figure(_Figure(clause, said[place], *clause.neighbours(place)))
            yield from self._all(clause, said[numbers[-1] + 1 :])

    def _pass_over(self, words: str) -> None:
        self.now = replace(self.now, unread=f"{self.now.unread}{words}"[-_LONGEST_SENTENCE:])

    def _topics(self) -> Topics:
        """Return what the text before was about; where it has no figures, it is read only now."""
        unread, line = self.now.unread, ""
        self.now = replace(self.now, unread="")
        for sentence in reversed(_SENTENCE_END.split(unread)):
            plain, _ = prose(sentence)
            said = marks(plain)
            line = next((mark.id for mark in said if mark.id in {"new", "processed_total"}), line)
            if topics := _group([mark for mark in said if mark.kind == "topic"], plain):
                topics = _REQUESTS if topics == ("applications",) else topics
                before = self.now.line if topics == self.now.topics else ""
                self.now = replace(self.now, topics=topics, line=before or line)
                break
        return self.now.topics

    def _bracket(self, sentence: Sentence, at: int) -> None:
        """Forget behind a bracket what was said in it."""
        inside, before = sentence.bracket(at) >= 0, self.told.outside
        if inside and before is None:
            self._topics()
            self.told = replace(self.told, outside=(self.now, self.told))
        elif not inside and before is not None:
            now, told = before
            self.now = replace(self.now, topics=now.topics, line=now.line, value=now.value)
            self.told = replace(self.told, reviews=told.reviews, done=told.done, outside=None)

    # --- figures ------------------------------------------------------------------------------------------------------------

    def _listed(self, clause: Clause, names: list[Mark], numbers: list[Mark]) -> Iterator[Reading]:
        """Read 公民、法人分别为3件、2件: of the names before the word, as many as there are figures behind it."""
        items: list[Mark] = []
        for mark in reversed([one for one in names if one.kind != "listed"]):
            apart = bool(items) and (mark.kind != items[0].kind or not _LISTED.match(clause.text[mark.end : items[0].start]))
            if apart and len(items) > 1:
                break
            pair = [mark._replace(id=name, start=mark.start + at) for at, name in enumerate(_PAIRS.get(mark.id, (mark.id,)))]
            items = pair if apart else [*pair, *items]
        if len(numbers) == 1 and clause.text.startswith("各", numbers[0].start - 1):
            numbers = numbers * len(items)
        if len(items) < 2 or len(items) != len(numbers):
            self._pass_over(clause.words)
            return
        common = [one for one in names if one.kind not in {"listed", items[0].kind}]
        for item, number in zip(items, numbers, strict=True):
            yield from self._figure(_Figure(clause, number, [*common, item], []))

    def _figure(self, figure: _Figure) -> Iterator[Reading]:
        self._bracket(figure.clause.sentence, figure.mark.start)
        line = self._line(figure)
        if figure.is_percent and not figure.change:
            yield from self._percentage(figure, line)
            return
        if figure.has("aim"):
            yield self._no_claim(figure, "aim")
            return
        topics, named = self._about(figure, line)
        if figure.mark.unit == "次" and not named and not line.id:
            yield self._no_claim(figure, "times")
            return
        self._documents_done(figure, topics)
        elsewhere = self._is_elsewhere(figure, topics, named=named)
        if not topics or elsewhere:
            # what is counted of something else stays there: 收到30件,其中来信12件。办结30件
            aside = self.now.received is not None and self.now.topics == _REQUESTS
            self.now = replace(self.now, aside=aside, topics=_REQUESTS if aside else ("outside",) if topics else ())
            yield self._no_claim(figure, "elsewhere" if topics else "no_topic")
            return
        if figure.left and figure.left[-1].kind == "compare" and not figure.change:
            yield self._no_claim(figure, "compared")
            return
        yield from self._told_of(figure, line, topics, named=named)

    def _told_of(self, figure: _Figure, line: Mark, topics: Topics, *, named: bool) -> Iterator[Reading]:
        """Read a figure of known topics."""
        lines = self._lines(figure, line, topics)
        targets = [said for topic in topics for one in lines for said in self._targets(figure, topic, one, named=named)]
        requests = topics == _REQUESTS
        channel = figure.channel() if requests and not line.strong and "column" not in figure.last else ""
        kind = "channel" if channel else "subject" if line.id == "subject" else ""
        partial = self._is_partial(figure, topics)
        rule = "channel" if channel else partial if targets else ""
        if figure.excepted and requests:
            self.told = replace(self.told, excepted=self.told.excepted + figure.value)
        if rule:
            verb = "processed_total" if line.id == "processed_total" else "new"
            self.now = replace(self.now, topics=topics, kind=kind, line=self.now.line or (verb if requests else ""))
            targets = [""]
        elif targets and (topics != ("published",) or self.now.value is None):
            self.now = replace(self.now, kind=kind or self.now.kind)
            part = figure.has("scope") and (not line.id or figure.has("of_which"))
            self._remember(figure, topics, targets, part=figure.excepted or part)
        value = -figure.value if figure.change == "down" else figure.value
        compared = "growth" if figure.is_percent else "change"
        for target in dict.fromkeys(targets):
            decided = rule or (compared if figure.change else "cell" if target else "no_line")
            qualifier = compared if figure.change else figure.mark.about
            yield self._reading(
                figure.clause, target, value, figure.mark, qualifier, channel or figure.scope, decided, figure.words
            )

    def _percentage(self, figure: _Figure, line: Mark) -> Iterator[Reading]:
        """Read 予以公开占45%,共9件: a share counts nothing, and may name the line of what follows."""
        if line.strong and line.id not in _NO_LINE:
            self.now = replace(self.now, line=line.id, value=None)
        mark, share = figure.mark, figure_pattern("share").search(figure.text, figure.clause.first, figure.mark.start)
        qualifier, rule = ("share", "share") if share else ("", "percentage")
        yield self._reading(figure.clause, "", figure.value, mark, qualifier, "", rule, figure.words)

    def _documents_done(self, figure: _Figure, topics: Topics) -> None:
        """Keep what was done with documents for the figures behind."""
        looked_into = [one.id for one in figure.right if one.kind == "stock" and one.id == "examined"]
        done = figure.of("stock") or (looked_into or [self.told.done])[0]
        self.told = replace(self.told, done=done or ("disclosed" if topics == ("published",) else ""))

    def _about(self, figure: _Figure, line: Mark) -> tuple[Topics, bool]:
        """Return what a figure is about, and whether its own words say so."""
        topics = figure.topics()
        named = bool(topics)
        if topics == ("applications",):
            topics = self._applications(figure)
        if named:
            self.now = replace(self.now, unread="", aside=False)
        elif self.now.aside and not self._fits(figure, line):
            return ("outside",), False
        else:
            topics = self._whole(self._topics(), figure)
            named = figure.has("disclosing") and _all_reviews(topics)
            topics = _REQUESTS if self._is_line_of_requests(line, topics) else topics
        if not topics and figure.by_application():
            topics = _REQUESTS
        if figure.value == 0:
            topics = tuple(topic for topic in topics if topic not in {"outside", "published"}) or topics
        return topics, named

    def _applications(self, figure: _Figure) -> Topics:
        """Return what applications are about, of which it is not said for what."""
        clause = figure.clause
        away = "outside" in self.now.topics and not _DISCLOSURE.search(clause.text, clause.first, figure.mark.start)
        strange = {"outside"} == {one.id for one in figure.left if one.id == "outside" or one.kind == "channel"}
        return ("outside",) if (away or strange) and figure.value != 0 else _REQUESTS

    def _is_line_of_requests(self, line: Mark, topics: Topics) -> bool:
        """Tell whether a word of the table on requests says that the figure is of it, whatever the text was about."""
        elsewhere = not {"outside", "published"}.isdisjoint(topics) or (line.id == "unsure" and _all_reviews(topics))
        return line.strong and not elsewhere and not (line.id == "other" and self.told.reviews.keys() & set(topics))

    def _whole(self, topics: Topics, figure: _Figure) -> Topics:
        """Return what results are of: after both ways to court were counted, of all that went there."""
        reviews, ways = self.told.reviews, set(_WAYS_TO_COURT)
        both = reviews.get("review/litigation") == sum(reviews.get(way, 0.0) for way in ways)
        apart = not figure.of("result") or not set(topics) < ways or self.told.some.keys() & ways
        return topics if apart or not both else ("review/litigation",)

    def _fits(self, figure: _Figure, line: Mark) -> bool:
        """Tell whether a figure behind another subject is of the requests: by a word of their table, or by being the same."""
        received = self.now.received or 0.0
        word = line.id in _OUTCOMES - {"carried_out"} or bool(figure.column())
        return figure.value == received or (word and figure.value < received)

    def _is_elsewhere(self, figure: _Figure, topics: Topics, *, named: bool) -> bool:
        """Tell whether a figure counts what is none of the tables' business."""
        classing = next((one.id for one in figure.words if one.kind == "topic" and one.strong), self.now.classing)
        self.now = replace(self.now, classing=classing)
        documents = classing != "powers" and named and topics[0].startswith("proactive/") and figure.has("stock", "of_which")
        if classing and not documents and not any(one.id == "new" for one in figure.left):
            return True
        # among letters and hotlines, a review is one of disclosure only where the sentence says so
        strange = "outside" in self.now.topics or any(one.id == "outside" for one in figure.left)
        reviews = named and strange and figure.value != 0 and _all_reviews(topics)
        return not {"outside", "powers"}.isdisjoint(topics) or (reviews and not _DISCLOSURE.search(figure.text))

    def _is_partial(self, figure: _Figure, topics: Topics) -> str:
        """Return the rule by which a figure is one body's, that of years or of several things, or was so before a change."""
        rules = {
            "several": len(topics) > 1 and figure.value != 0,
            "bodies": [one.id for one in figure.left if one.kind == "scope"] == ["part"],
            "before_change": figure.is_before_a_change(),
            "years": self.told.done != "in_force" and figure.clause.sentence.of_several_years(figure.mark.start),
        }
        return next((rule for rule, holds in rules.items() if holds), "")

    def _line(self, figure: _Figure) -> Mark:
        """Return the word that says which line a figure is of: strong ones come first, then those before the figure."""
        lines = [one for one in figure.left if one.kind == "line"]
        strong = [one for one in lines if one.strong]
        if len(strong) > 1 and strong[-2].id.startswith(f"{strong[-1].id}."):
            # 重复申请不予处理的: the reason before the group is the line, unless there are others
            between = figure.text[strong[-2].end : strong[-1].start]
            strong = strong[:-1] if len(between) < ADJACENT and "等" not in between else strong
        behind = [one for one in figure.right if one.kind == "line" and (one.strong or one in figure.touching)]
        done = [
            one
            for word, one in pairwise(figure.right)
            if word.kind == "all" and one.kind == "line" and one.start - word.end <= ADJACENT
        ]
        # 1件因不属于本机关职责作其他处理: the words of the table say more than the reason
        told = [one for one in behind if one.strong and one.id not in _NO_LINE]
        found = (strong[-1:] or lines[-1:] or told[:1] or behind[:1] or done[:1] or [_NO_MARK])[0]
        if found.id == "processed_total" and _word(figure.text, found).endswith("办理"):
            return found._replace(id=figure.handled())
        if found.id == "carried":
            later = figure.excepted or self.now.line not in {"", "new", "carried_in"}
            return found._replace(id="carried_in" if figure.has("of_which") else "carried_out" if later else "unsure")
        return found

    def _lines(self, figure: _Figure, line: Mark, topics: Topics) -> list[str]:
        """Return the line that a figure is of, or both where two verbs share it: 收到并答复."""
        now, requests = self.now, topics == _REQUESTS
        if not line.id and now.line and requests:
            # what is part of a figure before, its sum or its change, is of the same line
            ended = now.value is not None and now.line in _OUTCOMES
            larger = ended or (now.carried and now.line in {"new", "carried_in"})
            if figure.has("sum") and (larger or figure.value < (now.value or 0.0)):
                return ["unsure"]
            beside = bool(figure.left) and figure.left[-1].kind == "scope" and figure.mark.start - figure.left[-1].end <= 1
            if beside or figure.change or figure.has("sum", "level"):
                return [now.line]
        handled = line.id in {"", "new"} or _word(figure.text, line).endswith("办理")
        if handled and requests and figure_pattern("with_carried").match(figure.text, figure.mark.end):
            return ["new+carried_in"]
        if self._is_part(figure, line):
            # 从办理主体看,市政府办理530件,区县办理4780件
            return ["unsure"]
        weak = [one for one in figure.left if one.kind == "line" and not one.strong][-2:]
        shared = len(weak) == 2 and not line.strong and _TOGETHER.match(figure.text[weak[0].end : weak[1].start])
        return [weak[0].id, line.id] if shared else [line.id]

    def _is_part(self, figure: _Figure, line: Mark) -> bool:
        """Tell whether a figure behind 其中 is smaller than that of the same line, and nobody's own."""
        smaller = (
            line.id == self.now.line and figure.value < (self.now.value or 0.0) and not (self.now.carried and line.id == "new")
        )
        if not smaller or figure.column() or figure.has("scope"):
            return False
        part = pattern("of_which").search(figure.text, 0, figure.mark.start)
        scope = figure.clause.sentence.scope
        return part is not None and (line.id in self.told.parted or scope(part.start()) == figure.scope)

    # --- targets ------------------------------------------------------------------------------------------------------------

    def _targets(self, figure: _Figure, topic: str, line: str, *, named: bool) -> Iterator[str]:
        if topic in {"fees", "published"}:
            yield ""
        elif topic.startswith("proactive/"):
            yield from self._document(figure, topic, named=named)
        elif figure.is_money:
            return
        elif topic == "requests":
            # 3件申请答复被撤销
            revoked = figure.value != 0 and not figure.left and any(one.id == "corrected" for one in figure.right)
            yield from [""] if revoked else self._request(figure, line, named=named)
        elif topic.startswith(_REVIEW):
            yield self._review(figure, topic, line, named=named)

    def _review(self, figure: _Figure, topic: str, line: str, *, named: bool) -> str:
        undone = next((one.id for one in figure.right if one.kind == "result" and figure.text.startswith("被", one.start)), "")
        result = figure.of("result") or undone or ("other" if line in {"others", "other"} else "")
        if result == "concluded" and topic in self.told.reviews:
            # 复议71件,已审结64件,均维持
            self.told = replace(self.told, reviews={**self.told.reviews, topic: figure.value})
        unsure = result in _NO_RESULT or not (result or named or topic not in self.now.counted)
        return "" if unsure else f"{topic}/{result or 'total'}"

    def _request(self, figure: _Figure, line: str, *, named: bool) -> Iterator[str]:
        now, column = self.now, figure.column()
        if line == "others":
            # 自然人3件,其他1件: another applicant; 网上3件,其他1件: another channel
            other = "other.other" if now.line.startswith("other.") else "other"
            told_apart = {"column": ("other", ""), "channel": ("", "unsure"), "subject": ("", "unsure")}
            column, line = told_apart.get(now.kind, ("", other))
        if column == "others":
            # 企业5件,其他组织1件
            listed = any(one.id in _ORGANISATIONS for one in figure.clause.sentence.marks)
            column, line = ("other", line) if listed else ("", "unsure")
        if not line and column:
            # 结转下年度2件。自然人30件: who asked is told of what was received
            carried = now.line in {"carried_in", "carried_out"} and now.since != figure.clause.sentence.begin
            alike = now.line == "processed_total" and now.value == now.received
            of_received = now.received is not None and (carried or alike)
            line = "new" if of_received else now.line or "new"
        elif not line and named:
            # of requests that were counted before it is a part that has no name here, or their sum
            words = figure.text[: figure.mark.start]
            part = now.value is not None and pattern("of_which").search(words)
            again = self.received is not None and _PART_OR_SUM.search(words)
            line = "unsure" if part or again else "new"
        if line:
            yield "" if line in _NO_LINE else f"requests/{line}/{column or 'total'}"

    def _document(self, figure: _Figure, topic: str, *, named: bool) -> Iterator[str]:
        """Yield the cell of the table on proactive disclosure: what it has depends on the form."""
        decided, unit = topic in _DECISIONS, figure.mark.unit
        if topic == "proactive/procurement":
            yield from [f"{topic}/{self.units[unit]}"] if unit in self.units else []
        elif topic == "proactive/administrative_fees":
            amount = f"{topic}/amount" if self.has_amounts and unit == "万元" else ""
            yield from [amount] if figure.is_money else []
        elif decided and named and not figure.is_money:
            made = self.told.done in {"issued", "disclosed"} or figure.says("topic").endswith("决定")
            yield f"{topic}/decisions" if made or figure.value == 0 else ""
        elif not decided and not figure.is_money:
            counting = _COUNTING.match(figure.text[figure.last.get("stock", _NO_MARK).end : figure.mark.start])
            done = [one for one in figure.left if one.kind == "stock"][-2:]
            together = len(done) == 2 and _TOGETHER.match(figure.text[done[0].end : done[1].start])
            # 新制作并公开14件
            names = [done[0].id] if together and (named or counting) and done[0].id in self.columns else []
            names += [self.told.done or "unsaid"]
            columns = [self.columns.get(name, "") if named or counting else "" for name in names]
            yield from (f"{topic}/{column}" if column else "" for column in columns)

    # --- what is known after it ---------------------------------------------------------------------------------------------

    def _remember(self, figure: _Figure, topics: Topics, targets: list[str], *, part: bool) -> None:
        self.now = replace(self.now, topics=topics)
        if topics == _REQUESTS and targets != [""]:
            _, line, column = targets[0].split("/")
            line = figure.of("line") or "new" if line == "new+carried_in" else line
            carried = self.now.carried or line == "carried_in"
            self.now = replace(self.now, kind="line" if column == "total" else "column", carried=carried)
            self._remember_requests(figure, line, column, part=part)
        elif _all_reviews(topics) and not figure.change:
            told = [target.rpartition("/") for target in targets if target]
            totals = {line: figure.value for line, _, column in told if column == "total"}
            some = {line: self.told.some.get(line, 0.0) + figure.value for line, _, column in told if column != "total"}
            self.told = replace(self.told, reviews={**self.told.reviews, **totals}, some={**self.told.some, **some})
            self.now = replace(self.now, counted=self.now.counted | totals.keys())

    def _remember_requests(self, figure: _Figure, line: str, column: str, *, part: bool) -> None:
        now, value = self.now, figure.value
        if figure.change:
            self.now = replace(now, line=now.line or line)
        elif part and now.value is not None:
            # 全县304件,其中本级97件: what is said of all after that is said of the whole
            self.told = replace(self.told, parted=self.told.parted | {line})
        elif column == "total" and line == "carried_in" and now.line == "new":
            # what is said of all requests after that is said of these too
            whole = now.value if figure.has("of_which") else (now.value or 0.0) + value
            self.now = replace(now, value=whole, received=now.received if figure.has("of_which") else whole)
        elif column == "total":
            if value or not now.value:
                now = replace(now, line=line, value=value, since=figure.clause.sentence.begin)
            if line == "new":
                self.received = value
                now = replace(now, received=value)
            self.now = replace(now, answered=now.answered or line == "processed_total")
        elif line != now.line:
            self.now = replace(now, line=line, value=None)

    # --- nothing, and all ---------------------------------------------------------------------------------------------------

    def _none(self, clause: Clause, none: Mark) -> Iterator[Reading]:
        """Read 未收到申请: of what is named behind the word, or else before it."""
        said = clause.marks
        if any(mark.kind == "aim" for mark in said):
            return
        behind = [mark for mark in said if mark.start >= none.end]
        if not any(mark.kind in {"topic", "line"} for mark in behind):
            behind = [mark for mark in said if mark.end <= none.start]
        topics = [mark for mark in behind if mark.kind == "topic"]
        lines = [mark.id for mark in behind if mark.id in {"carried_in", "carried_out"}]
        if any(mark.id == "carried" for mark in behind) and any(mark.kind == "last_year" for mark in said):
            lines.append("carried_in")
        ended = next((mark.id for mark in said if mark.kind == "result" and mark.id not in _NO_RESULT), "total")
        named = self._named_as_none(clause, none, topics, lines, ended)
        reviews = [name for name in named if name.startswith(_REVIEW)]
        if "fees" in named:
            named, reviews = ["fees"], []
        elif reviews and not _lists_requests(topics, clause.text):
            named = reviews
        made = figure_pattern("made").search(_word(clause.text, none))
        nothing = {name: f"{name}/{self.columns['issued']}" for name in named if made and name.startswith("proactive/")}
        nothing |= {"requests": _RECEIVED, "fees": ""} | {name: f"{name}/{ended}" for name in reviews}
        targets = [nothing[name] for name in named if name in nothing]
        if lines and not set(named) - {"requests"}:
            targets = [f"requests/{line}/total" for line in lines]
        for target in dict.fromkeys(targets):
            yield self._reading(clause, target, 0.0, none, "", clause.sentence.scope(none.start), "none", said)
        if named or lines:
            self.now = replace(self.now, topics=tuple(dict.fromkeys(named)) or _REQUESTS)

    def _named_as_none(self, clause: Clause, none: Mark, topics: list[Mark], lines: list[str], ended: str) -> list[str]:
        """Return what there was none of: what is named, else what the text before was about."""
        named = ["requests" if mark.id == "applications" else mark.id for mark in topics if mark.id != "outside"]
        by_channel = any(mark.kind == "channel" and "申请" in _word(clause.text, mark) for mark in clause.marks)
        alone = none.end - none.start > 1 and not clause.text[none.end : clause.last].strip(",。;")
        if not named and by_channel:
            return ["requests"]
        if not topics and not lines and alone:
            return list(self._topics())
        if not named and ended != "total" and _all_reviews(self._topics()):
            return list(self.told.reviews if clause.text.startswith("均", none.start - 1) else self.now.topics)
        return named

    def _all(self, clause: Clause, said: list[Mark]) -> Iterator[Reading]:
        """Read 均已办结, or a clause without a figure: a claim of the figure that it refers to."""
        word = next((mark for mark in said if mark.kind == "all"), None) or self._implied(clause, said)
        if word is None or self.now.aside or any(mark.kind == "topic" and mark.id == "outside" for mark in said):
            return
        self._bracket(clause.sentence, word.start)
        behind = [mark for mark in said if mark.start >= word.end]
        ended = next((mark for mark in behind if mark.kind == "result" and mark.id not in _NO_RESULT), None)
        way = next((mark.id for mark in behind if mark.id in _WAYS_TO_COURT), "")
        targets: list[tuple[str, float]] = []
        if way and "review/litigation" in self.told.reviews:
            # 诉讼4件,均为未经复议直接起诉
            value = self.told.reviews["review/litigation"]
            self.told = replace(self.told, reviews={**self.told.reviews, way: value})
            targets = [(f"{way}/total", value)]
        elif ended and self.told.reviews and not _NEGATED.search(clause.text, word.end, ended.start):
            targets = self._all_ended(clause, word, ended)
        elif self.now.value is not None and self._topics() == _REQUESTS:
            less = self.told.excepted
            targets = [(target, value - less) for target, value in self._all_requests(word, said)]
        if word.id == "one" and [value for _, value in targets] != [1.0]:
            return
        for target, value in targets:
            yield self._reading(clause, target, value, word, "all", clause.sentence.scope(word.start), "all", said)

    def _all_ended(self, clause: Clause, word: Mark, ended: Mark) -> list[tuple[str, float]]:
        """Return the reviews that ended so: those that are named, or else those of which nothing was told."""
        told = self.told
        others = pattern("rest").search(clause.text, clause.first, word.end) is not None
        before = clause.text[clause.first : ended.start]
        named = {f"{_REVIEW}{name}" for name, words in _INSTANCES.items() if words.search(before)} & told.reviews.keys()
        all_told = others or len(told.some) >= len(told.reviews)
        lines = named or {line for line in told.reviews if all_told or line not in told.some}
        rest = told.some if others else {}
        return [(f"{line}/{ended.id}", value - rest.get(line, 0.0)) for line, value in told.reviews.items() if line in lines]

    def _all_requests(self, word: Mark, said: list[Mark]) -> list[tuple[str, float]]:
        """Return what all requests were: answered in a way, of somebody, or just answered."""
        now, value = self.now, self.now.value or 0.0
        column = next((mark.id for mark in said if mark.kind == "column" and mark.id != "anyone"), "")
        done = any(mark.id == "processed_total" for mark in said)
        near = (mark for mark in said if mark.kind == "line" and mark.strong and 0 <= mark.start - word.end <= 2 * ADJACENT)
        how = next((mark.id for mark in near), "unsure")
        if how not in _NO_LINE:
            return [(f"requests/{how}/total", value)]
        if column and now.line in {"new", "processed_total"}:
            return [(f"requests/{'new' if value == now.received else now.line}/{column}", value)]
        if done and now.line == "new":
            return [("requests/processed_total/total", value)]
        if done and now.received is not None and not now.answered:
            # 收到3件,1件予以公开,2件无法提供,均已答复: of whatever was received
            return [("requests/processed_total/total", now.received)]
        return []

    def _implied(self, clause: Clause, said: list[Mark]) -> Mark | None:
        """Return the place of a result or an answer without a figure, which is of all of the figure before: 诉讼1件,结果维持."""
        elision = data()["elision"]
        first = next((mark for mark in said if mark.kind == "result" or mark.id in {"processed_total", "carried_out"}), _NO_MARK)
        before, after = clause.text[clause.first : first.start], clause.text[first.end : clause.last].strip(",。;)")
        if re.search(elision["some"], clause.words) or _NEGATED.search(before):
            return None
        ended = (
            first.kind == "result"
            and len(self.told.reviews) == 1
            and not self.told.some
            and max(len(before), len(after)) < _SHORT
        )
        last = [figure.value for figure in clause.sentence.figures if figure.end <= clause.first][-1:]
        of_whole = first.kind == "line" and (last == [self.now.value] or not last)
        answered = of_whole and not after and re.fullmatch(elision["adverbs"], before)
        return Mark(clause.first, first.start if ended else clause.first, "all", "implied") if ended or answered else None

    # --- claims -------------------------------------------------------------------------------------------------------------

    def _no_claim(self, figure: _Figure, rule: str) -> Reading:
        return self._reading(figure.clause, "", figure.value, figure.mark, "", "", rule, figure.words)

    def _reading(
        self, clause: Clause, target: str, value: float, mark: Mark, qualifier: str, scope: str, rule: str, words: Sequence[Mark]
    ) -> Reading:
        """Put a claim together, with the rule that decided."""
        start, end = clause.span
        while start and self.text[start - 1] in OPENING:
            start -= 1
        _, place, page = self.places[bisect_right(self.places, start, key=itemgetter(0)) - 1]
        low, high = _interval(value, mark.about)
        quote, year = self.text[start:end], clause.sentence.year(mark.start)
        at = clause.sentence.begin + clause.sentence.places[mark.start]
        claim = Claim(target, value, low, high, mark.unit, qualifier, quote, start, end, scope, page, place, year)
        return Reading(at, rule, claim, tuple((_word(clause.text, one), one.id or one.kind) for one in words))


def _is_heading(line: str) -> bool:
    """Tell whether a line only says what the paragraph after it is about."""
    if len(line) > _LONGEST_HEADING or not ITEM.match(line) or "。" in line or "未" in line:
        return False
    return not any(figures(prose(line)[0]))


def _settled(said: Sequence[Reading], text: str, year: int | None) -> Iterator[Reading]:
    """Yield what was made of the figures of a sentence; a cell has one, that with more evidence, or none."""
    told: dict[tuple[str, int | None], list[Reading]] = defaultdict(list)
    for one in said:
        if one.claim.target and not one.claim.qualifier:
            told[one.claim.target, one.claim.year].append(one)
    carried = sum(one.claim.value for one in told.get(("requests/carried_in/total", year), ()))
    unsure = {at for same in told.values() for at in _unsure(same, said, text, carried)}
    for one in said:
        yield one._replace(rule="part", claim=one.claim._replace(target="")) if one.at in unsure else one


def _unsure(same: Sequence[Reading], said: Sequence[Reading], text: str, carried: float) -> set[int]:
    """Return the places of those figures for one cell that are not sure to be it: the others are parts of the largest."""
    whole = max(same, key=lambda one: one.claim.value)
    others = [one for one in same if one.claim.value != whole.claim.value and one.claim.scope in {"", whole.claim.scope}]
    if not others:
        return set()
    value, last = whole.claim.value, others[-1].claim
    parts = {one.at for one in others}
    if whole.claim.target.startswith(_REVIEW) and _DISCLOSURE.search(last.quote) and not _DISCLOSURE.search(whole.claim.quote):
        # 行政复议18起,其中涉及政府信息公开的1起
        return {whole.at}
    if carried and whole.claim.target == _RECEIVED and value == last.value + carried:
        # 受理327件,其中上年结转14件,新收313件
        return {whole.at}
    first = whole.at == same[0].at
    between = text[whole.at : others[0].at]
    apart = first and (whole.claim.scope != last.scope or pattern("of_which").search(between))
    # 收到4件,2件为网络申请,2件为信件申请: what follows adds up to it
    behind = [one.claim.value for one in said if one.at > whole.at and one.claim.target in {"", whole.claim.target}]
    adds_up = first and value in accumulate(behind)
    sums = value == sum(one.claim.value for one in others) or pattern("sum").search(whole.claim.quote)
    return parts if apart or adds_up or sums else parts | {whole.at}


def _interval(value: float, about: str) -> tuple[float | None, float | None]:
    """Return the bounds that a word like 余 or 近 sets; the figure itself where there is none."""
    size = 1.0
    while value and value % (size * 10) == 0:
        size *= 10
    bounds: dict[str, tuple[float | None, float | None]] = {
        "": (value, value),
        **dict.fromkeys(["余", "多"], (value, value + size - 1)),
        **dict.fromkeys(["左右", "约", "大约"], (value - size, value + size)),
        **dict.fromkeys(["超过", "超", "逾", "突破"], (value + 1, None)),
        **dict.fromkeys(["至少", "不少于", "以上"], (value, None)),
        "近": (value - size, value - 1),
        "不足": (0.0, value - 1),
    }
    return bounds[about]


def _word(text: str, mark: Mark) -> str:
    return text[mark.start : mark.end]


def _all_reviews(topics: Topics) -> bool:
    return all(topic.startswith(_REVIEW) for topic in topics)


def _group(topics: Sequence[Mark], text: str) -> Topics:
    """Return the last topic, with those before it that are listed with it: 行政复议、行政诉讼."""
    group: list[Mark] = list(topics[-1:])
    for mark in reversed(topics[:-1]):
        between = text[mark.end : group[0].start]
        # 复议诉讼 is two, 行政复议申请 one
        pair = mark.id.startswith(_REVIEW) and group[0].id.startswith(_REVIEW)
        if not _LISTED.match(between) or not (between or pair):
            break
        group.insert(0, mark)
    names = tuple(dict.fromkeys(mark.id for mark in group))
    return names if names == ("applications",) else tuple("requests" if name == "applications" else name for name in names)


def _leading(topics: list[Mark], text: str) -> list[Mark]:
    """Return the first topic with those that are listed after it."""
    joined = takewhile(lambda pair: _LISTED.match(text[pair[0].end : pair[1].start]), pairwise(topics))
    return [*topics[:1], *(after for _, after in joined)]


def _lists_requests(topics: list[Mark], text: str) -> bool:
    """Tell whether requests are one item of a list, and not what a review was about."""
    for mark, after in pairwise(topics):
        if mark.id == "requests":
            between = text[mark.end : after.start]
            return bool(between and _LISTED.match(between))
    return bool(topics) and topics[-1].id == "requests"
