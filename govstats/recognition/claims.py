"""What the prose claims: every figure that a sentence states about disclosure, with the cell that it speaks of."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import accumulate, chain, groupby, pairwise
from math import inf, isnan, nan
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple, overload

from govstats.documents import Document, Grid
from govstats.recognition.sentences import (
    ADJACENT,
    BLANK,
    ITEM,
    NO_MARK,
    OPENING,
    Clause,
    Mark,
    Sentence,
    beside,
    called,
    data,
    decide,
    figure_pattern,
    figures,
    holding,
    listed,
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
_TOGETHER = re.compile("^[数量]*(?:并且?|且|、|和|及|与|按时|按期|依法|全部|已|妥善|规范|认真|及时)+$")
_AFORESAID = re.compile("(?:上述|以上)(?:信息|公开|依)*申请")
_CAUSE = re.compile("[因对涉]|不服")
_COUNTING = re.compile("[了共计约近的]*")
_NEGATED = re.compile("[未无没不]")
_REQUESTS = ("requests",)
_RECEIVED = "requests/new/total"
_LITIGATION = "review/litigation"
_WAYS_TO_COURT = ("review/litigation_direct", "review/litigation_after_reconsideration")
_INSTANCES = {"review/reconsideration": re.compile("复议"), "review/litigation": re.compile("诉讼|法院")}
#: Words that stand for two items where a list gives each its figure.
_PAIRS = {"granted+partly_granted": ("granted", "partly_granted"), "anyone": ("natural_person", "organisations")}
#: Kinds of words that name what a figure is of.
_NAMES = {"topic", "line", "column", "result"}
#: A heading that says what the paragraph after it is about.
_LONGEST_HEADING = 40
#: A text without stops is read in pieces of this length.
_LONGEST_SENTENCE = 1500
#: A result without a figure has so many letters beside it at most.
_SHORT = 8
#: The rules by which a figure is no claim about disclosure.
NO_CLAIM = {"percentage", "aim", "times", "elsewhere", "no_topic", "compared"}


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
            cells = chain.from_iterable(block.rows)
            yield from ((cell.text, cell.place, cell.page) for cell in cells if _PROSE.search(cell.text))


class Reading(NamedTuple):
    """What was made of a figure: the rule that decided, in the words of claims.toml, and the claim, if it is one.

    `words` are those that bear on it, each with what it stands for.
    """

    at: int
    rule: str
    claim: Claim
    words: tuple[tuple[str, str], ...] = ()


def readings(text: str, places: Sequence[tuple[int, str, int | None]], year: int | None, form_version: str) -> Iterator[Reading]:
    """Yield what is made of each figure of a text; `places` are those of its paragraphs, by where they begin."""
    return _Reader(text, places, year, form_version).read()


# --- what a figure stands among, and what was told before it ------------------------------------------------------------------


class _Figure:
    """A figure, or a word for nothing or for all, among the words of its clause: those before it, and those behind it."""

    def __init__(self, clause: Clause, mark: Mark, left: Sequence[Mark], right: Sequence[Mark]) -> None:
        self.clause, self.mark, self.text = clause, mark, clause.text
        # 重复申请不予处理的5件: the reason before the group is the line, unless there are others
        self.left = [one for before, one in pairwise([NO_MARK, *left]) if not self._is_group_of(one, before)]
        self.right, self.words = right, [*self.left, *right]
        self.near = [one for one in right if one.start - mark.end <= ADJACENT]
        self.change = next((one.id for one in self.left if one.kind == "change" and one.end >= mark.start), "")
        self.scope = clause.sentence.scope(mark.start)

    def _is_group_of(self, one: Mark, before: Mark) -> bool:
        between = self.text[before.end : one.start]
        return before.id.startswith(f"{one.id}.") and len(between) < ADJACENT and "等" not in between

    @cached_property
    def facts(self) -> set[str]:
        """What stands around it."""
        start, end = self.mark.start, self.mark.end
        sides = {
            "left": self.left,
            "right": self.right,
            "said": self.words,
            "near": self.near,
            "last": self.left[-1:],
            "beside": [one for one in self.left[-1:] if start - one.end <= 1],
            "sentence": self.clause.sentence.marks,
        }
        found = {fact for side, words in sides.items() for one in words for fact in called(f"{side}:{one.kind}", one.id)}
        texts = {
            "before": self.text[self.clause.first : start],
            "so_far": self.text[:start],
            "ahead": self.text[end:],
            "sentence": self.text,
        }
        found |= {name for name, (at, expression) in beside().items() if expression.search(texts[at])}
        stocks = [one.end for one in self.left if one.kind == "stock"]
        return (
            found
            | called("unit", self.mark.unit)
            | holding(
                left=self.left,
                zero=self.mark.value == 0,
                change=self.change,
                together=self.sharing("line"),
                counting=any(_COUNTING.fullmatch(self.text, stock, start) for stock in stocks[-1:]),
                several_years=self.clause.sentence.of_several_years(start),
            )
        )

    def of(self, kind: str) -> Mark:
        """Return the word of a kind that says most of it."""
        candidates = [(self._evidence(before, one), one) for before, one in pairwise([NO_MARK, *self.words]) if one.kind == kind]
        return max([*candidates, (("1", -inf), NO_MARK)], key=itemgetter(0))[1]

    def _evidence(self, before: Mark, one: Mark) -> tuple[str, float]:
        """Return how much a word says of it, and how near the word is."""
        beside = called("after", before.id) if one.start - before.end <= ADJACENT else frozenset()
        facts = holding(left=one in self.left, near=one in self.near, strong=one.strong) | called("word", one.id) | beside
        return decide("evidence", facts), -max(self.mark.start - one.end, one.start - self.mark.end)

    def sharing(self, kind: str) -> list[str]:
        """Return what the word before the last one says, if both share the figure: 收到并答复."""
        two = [one for one in self.left if one.kind == kind and not one.strong][-2:]
        return [one.id for one, after in pairwise(two) if _TOGETHER.match(self.text[one.end : after.start])]

    def topics(self) -> Topics:
        """Return what its own words say that it is about."""
        before, behind = ([one for one in side if one.kind == "topic"] for side in (self.left, self.right))
        cause = self.text[self.mark.end : behind[0].start] if behind else ""
        # 1起因政府信息公开申请的行政复议
        reviews = [one for one in behind if one.id.startswith("review/") and _CAUSE.search(cause)]
        said = [*listed(before, self.text)[-1:], *listed(reviews or behind, self.text)[:1], []]
        return _topics(said[0])

    def channel(self) -> str:
        """Return the one channel that its applications came by."""
        channels = [one for one in [*self.left, *self.near] if one.kind == "channel"]
        alone = [one for one in channels if not self.text.startswith(("、", "和", "及", "与", "等"), one.end)]
        return _word(self.text, alone[0]) if len(alone) == len(channels) == 1 else ""


@dataclass(frozen=True)
class _Paragraph:
    """What the sentences of a paragraph have told so far."""

    topics: Topics = ()
    #: The line and figure that a part, a sum or a word for all speaks of, and where the sentence begins that told of them.
    line: str = ""
    value: float = nan
    since: int = -1
    #: By what the figure before was told from others of its line: column, line, channel or subject.
    kind: str = ""
    #: What was received; whether it was told how much of it was answered, and how much was carried over.
    received: float = nan
    answered: bool = False
    carried: bool = False
    #: Reviews of which the total was told.
    counted: frozenset[str] = frozenset()
    #: Another subject was counted behind the requests: what follows is of them only where it fits them.
    aside: bool = False
    #: How documents were classed, or what an agency may do, is what the sentence tells.
    classing: str = ""


@dataclass(frozen=True)
class _Told:
    """What a sentence has told so far."""

    #: Lines of reviews with their figures, and what was told of some of them: 除1件尚未审结外,其余均维持.
    reviews: Mapping[str, float] = field(default_factory=dict)
    some: Mapping[str, float] = field(default_factory=dict)
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
        #: What was received, whatever paragraph said so.
        self.received = nan

    def read(self) -> Iterator[Reading]:
        """Yield what was made of each figure, in the order of the text."""
        for begin, end in passages(self.text):
            yield from self._passage(begin, end)
            # what a heading is about the paragraph after it is about too
            heading = _is_heading(self.text[begin:end].strip(BLANK))
            self.now = _Paragraph(topics=self.now.topics if heading else (), line=self.now.line if heading else "")

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
        if isnan(self.now.value) and self.received >= 0 and _AFORESAID.search(source):
            self.now = replace(self.now, topics=_REQUESTS, line="new", value=self.received, received=self.received)
        self.told = _Told()
        for clause in Sentence(source, begin, self.year).clauses():
            yield from self._clause(clause)

    def _clause(self, clause: Clause) -> Iterator[Reading]:
        said = clause.marks
        numbers = [at for at, mark in enumerate(said) if mark.kind == "figure"]
        none = [at for at, mark in enumerate(said) if mark.kind == "none"]
        each = [at for at, mark in enumerate(said) if mark.kind == "each"]
        if numbers and each[:1] < numbers[:1] and each and not any(mark.kind in _NAMES for mark in said[numbers[0] :]):
            yield from self._listed(clause, said[: each[0]], [said[at] for at in numbers])
            return
        for at in numbers:
            yield from self._figure(_Figure(clause, said[at], *clause.neighbours(at)))
        if none and not numbers:
            yield from self._nothing(_Figure(clause, said[none[0]], said[: none[0]], said[none[0] + 1 :]))
        else:
            yield from self._all(clause, said[[-1, *numbers][-1] + 1 :])
        if not numbers:
            self._pass_over(said, clause.text)

    def _pass_over(self, said: Sequence[Mark], text: str) -> None:
        """Keep what a clause without figures is about."""
        topics = _topics([[], *listed([one for one in said if one.kind == "topic"], text)][-1])
        verbs = [one.id for one in said if one.id in {"new", "processed_total"}]
        if topics:
            topics = _REQUESTS if topics == ("applications",) else topics
            before = self.now.line if topics == self.now.topics else ""
            self.now = replace(self.now, topics=topics, line=before or "".join(verbs[:1]))

    def _bracket(self, figure: _Figure) -> None:
        """Forget behind a bracket what was said in it."""
        inside, before = figure.clause.sentence.bracket(figure.mark.start) >= 0, self.told.outside
        if inside and before is None:
            self.told = replace(self.told, outside=(self.now, self.told))
        elif before is not None and not inside:
            now, told = before
            self.now = replace(self.now, topics=now.topics, line=now.line, value=now.value)
            self.told = replace(self.told, reviews=told.reviews, done=told.done, outside=None)

    def _known(self, figure: _Figure) -> set[str]:
        """Return the facts around a figure and those that the text before told."""
        now, told, value = self.now, self.told, figure.mark.value
        classing = [one.id for one in figure.words if one.kind == "topic" and one.strong]
        named = {
            "now_only": "+".join(now.topics),
            "told": now.line,
            "kind": now.kind,
            "done": told.done,
            "classing": [*classing, now.classing][0],
        }
        facts = figure.facts.union(
            *(called("now", topic) for topic in now.topics), *(called(name, said) for name, said in named.items())
        )
        return facts | holding(
            aside=now.aside,
            carried=now.carried,
            answered=now.answered,
            counted=not isnan(now.value),
            positive=now.value > 0,
            less=value < now.value,
            same=value == now.received,
            less_than_received=value < now.received,
            value_is_received=now.value == now.received,
            has_received=now.received >= 0,
            ever_received=self.received >= 0,
            same_sentence=now.since == figure.clause.sentence.begin,
            told_reason=now.line.startswith("other."),
            judging=told.reviews,
            judging_these=told.reviews.keys() & set(now.topics),
            one_review=len(told.reviews) == 1,
            some_told=told.some,
            some_ways=told.some.keys() & set(_WAYS_TO_COURT),
            litigation_told=_LITIGATION in told.reviews,
            ways_add_up=told.reviews.get(_LITIGATION) == sum(told.reviews.get(way, 0.0) for way in _WAYS_TO_COURT),
            amounts=self.has_amounts,
            unit_column=figure.mark.unit in self.units,
        )

    # --- figures ------------------------------------------------------------------------------------------------------------

    def _listed(self, clause: Clause, names: Sequence[Mark], numbers: Sequence[Mark]) -> Iterator[Reading]:
        """Read 公民、法人分别为3件、2件: of the names before the word, as many as there are figures behind it."""
        words = [one for one in names if one.kind != "listed"]
        groups = [[*group] for _, same in groupby(words, key=attrgetter("kind")) for group in listed(same, clause.text)]
        several = [group for group in groups if len(group) > 1 or group[0].id in _PAIRS]
        items = [
            one._replace(id=name, start=one.start + at)
            for one in [[], *groups[-1:], *several][-1]
            for at, name in enumerate(_PAIRS.get(one.id, (one.id,)))
        ]
        if len(numbers) == 1 and clause.text.startswith("各", numbers[0].start - 1):
            numbers = list(numbers) * len(items)
        if len(items) < 2 or len(items) != len(numbers):
            self._pass_over(names, clause.text)
            return
        common = [one for one in words if one.kind != items[0].kind]
        for item, number in zip(items, numbers, strict=True):
            yield from self._figure(_Figure(clause, number, [*common, item], []))

    def _figure(self, figure: _Figure) -> Iterator[Reading]:
        self._bracket(figure)
        facts = self._known(figure)
        line = self._line(figure, facts)
        facts |= called("column", figure.of("column").id.replace("anyone", "")) | called("result", figure.of("result").id)
        topics = self._about(figure, facts)
        rule = decide("standing", facts)
        if rule in {"share", "percentage"} and line.strong and "line:no_line" not in facts:
            # 予以公开占45%,共9件: a share may name the line of what follows
            self.now = replace(self.now, line=line.id, value=nan)
        if rule not in {"share", "percentage", "aim", "times"}:
            self._keep(figure, topics, facts)
        if rule in {"elsewhere", "no_topic"}:
            # what is counted of something else stays there: 收到30件,其中来信12件。办结30件
            aside = self.now.topics == _REQUESTS and self.now.received >= 0
            self.now = replace(self.now, aside=aside, topics=_REQUESTS if aside else topics and ("outside",))
        if rule:
            qualifier = "share" if rule == "share" else ""
            yield self._reading(figure, "", figure.mark.value, qualifier, "", rule)
        else:
            yield from self._told_of(figure, line, topics, facts)

    def _line(self, figure: _Figure, facts: set[str]) -> Mark:
        """Return the word that says which line a figure is of, and add what it means."""
        line = figure.of("line")
        said = called("line", line.id)
        facts |= holding(handling=line.id == "handling")
        line = line._replace(id=decide("word", facts | said) or line.id)
        facts |= called("line", line.id) | holding(strong=line.strong, same_line=line.id == self.now.line)
        return line

    def _about(self, figure: _Figure, facts: set[str]) -> Topics:
        """Return what a figure is about, and add it to the facts, with whether its own words say so."""
        own = figure.topics()
        facts |= called("own", "+".join(own))
        facts.add(decide("named", facts))
        about = decide("about", facts)
        topics = {"own": own, "now": self.now.topics, "": ()}.get(about, (about,))
        if figure.mark.value == 0:
            topics = tuple(topic for topic in topics if topic not in {"outside", "published"}) or topics
        facts |= called("topics", "+".join(topics)).union(*(called("topic", topic) for topic in topics))
        return topics

    def _keep(self, figure: _Figure, topics: Topics, facts: set[str]) -> None:
        """Keep what was done with documents, and how they are classed, for the figures behind."""
        looked_into = [one.id for one in figure.right if one.id == "examined"]
        done = figure.of("stock").id or [*looked_into, self.told.done][0]
        done = done or ("disclosed" if topics == ("published",) else "")
        self.told = replace(self.told, done=done)
        classing = [one.id for one in figure.words if one.kind == "topic" and one.strong]
        self.now = replace(self.now, aside=self.now.aside and "own" not in facts, classing=[*classing, self.now.classing][0])
        facts |= called("done", done)

    def _told_of(self, figure: _Figure, line: Mark, topics: Topics, facts: set[str]) -> Iterator[Reading]:
        """Read a figure of known topics."""
        said = [pair for topic in topics for pair in self._targets(figure, topic, line, facts)]
        targets = [target for _, target in said]
        channel = figure.channel()
        rule = decide("without_target", facts | holding(targets=targets, channel=channel, several=len(topics) > 1))
        kind = "channel" if rule == "channel" else "subject" if line.id == "subject" else ""
        excepted = figure.mark.value if {"excepted", "topics=requests"} <= facts else 0.0
        self.told = replace(self.told, excepted=self.told.excepted + excepted)
        if rule:
            verb = {"processed_total": line.id}.get(line.id, "new") if topics == _REQUESTS else ""
            self.now = replace(self.now, topics=topics, kind=kind, line=self.now.line or verb)
            targets = [""]
        elif targets and (topics != ("published",) or isnan(self.now.value)):
            self.now = replace(self.now, kind=kind or self.now.kind, topics=topics)
            self._remember(figure, said, line.id or "new", facts)
        value = -figure.mark.value if figure.change == "down" else figure.mark.value
        compared = "growth" if "unit:percent" in facts else "change"
        for target in dict.fromkeys(targets):
            decided = rule or (compared if figure.change else "cell" if target else "no_line")
            qualifier = compared if figure.change else figure.mark.about
            scope = channel if rule == "channel" else figure.scope
            yield self._reading(figure, target, value, qualifier, scope, decided)

    def _targets(self, figure: _Figure, topic: str, line: Mark, facts: set[str]) -> Iterator[tuple[str, str]]:
        """Yield the line, or what was done with a document, and the cell of a figure for one of its topics."""
        facts = facts | called("of", topic) | holding(told_total=topic in self.now.counted)
        column = {"own": figure.of("column").id, "other": "other"}.get(decide("who", facts), "")
        which = decide("line", facts)
        rows = {"own": [line.id], "told": [self.now.line], "both": [*figure.sharing("line"), line.id]}.get(which, [which])
        if "of:documents" in facts:
            done = [*figure.sharing("stock"), self.told.done or "unsaid"]
            rows = [self.columns.get(one, "") for one in done]
        names = {
            "topic": topic,
            "unit": self.units.get(figure.mark.unit, ""),
            "column": column or "total",
            "result": figure.of("result").id,
        }
        for row in rows:
            cell = decide("target", facts | called("row", row))
            if cell != "-":
                yield row, cell.replace("?", "").format(**names, row=row)

    # --- what is known after it ---------------------------------------------------------------------------------------------

    def _remember(self, figure: _Figure, said: Sequence[tuple[str, str]], verb: str, facts: set[str]) -> None:
        value = figure.mark.value
        row, first = said[0]
        if "topics=requests" in facts and first:
            row = {"new+carried_in": verb}.get(row, row)
            self._remember_requests(figure, row, facts | holding(total=first.endswith("/total")))
        elif "topic:reviews" in facts and not figure.change:
            told = [target.rpartition("/") for _, target in said if target]
            totals = {line: value for line, _, column in told if column == "total"}
            some = {line: self.told.some.get(line, 0.0) + value for line, _, column in told if column != "total"}
            # 复议71件,已审结64件,均维持
            totals |= {topic: value for topic in self.now.topics if "result=concluded" in facts and topic in self.told.reviews}
            self.told = replace(self.told, reviews={**self.told.reviews, **totals}, some={**self.told.some, **some})
            self.now = replace(self.now, counted=self.now.counted | totals.keys())

    def _remember_requests(self, figure: _Figure, line: str, facts: set[str]) -> None:
        now, value = self.now, figure.mark.value
        kind = "line" if "total" in facts else "column"
        self.now = now = replace(now, kind=kind, carried=now.carried or line == "carried_in")
        facts = facts | called("row", line) | holding(row_told=line == now.line)
        level = {"line": line, "value": value, "since": figure.clause.sentence.begin}
        level["answered"] = now.answered or line == "processed_total"
        sum_of_both = value if isnan(now.value) else now.value + value
        changes: dict[str, dict[str, Any]] = {
            "nothing": {},
            "line_alone": {"line": line},
            "line": {"line": line, "value": nan},
            "level": level,
            "received": {"received": value},
            "level_received": level | {"received": value},
            "sum": {"value": sum_of_both, "received": sum_of_both},
        }
        outcome = decide("memory", facts)
        self.now = replace(now, **changes[outcome])
        self.received = value if outcome.endswith("received") else self.received

    # --- nothing, and all ---------------------------------------------------------------------------------------------------

    def _nothing(self, none: _Figure) -> Iterator[Reading]:
        """Read 未收到申请: of what is named behind the word, or else before it."""
        clause, text = none.clause, none.text
        behind = any(one.kind in {"topic", "line"} for one in none.right)
        words = none.right if behind else none.left
        topics = [one for one in words if one.kind == "topic"]
        lines = [one.id for one in words if one.id in {"carried_in", "carried_out"}]
        if any(one.id == "carried" for one in words) and any(one.kind == "last_year" for one in clause.marks):
            lines.append("carried_in")
        ended = [one.id for one in clause.marks if one.kind == "result" and not called("", one.id) & {":no_result"}]
        own = _topics([one for one in topics if one.id != "outside"])
        own = tuple("requests" if topic == "applications" else topic for topic in own)
        facts = self._known(none) | holding(
            own=own,
            topic=topics,
            lines=lines,
            ended=ended,
            long=none.mark.end - none.mark.start > 1,
            last_word=not text[none.mark.end : clause.last].strip(",。;"),
            every=text.startswith("均", none.mark.start - 1),
            made=figure_pattern("made").search(_word(text, none.mark)),
            lists_requests=any(one.id == "requests" for group in listed(topics, text) for one in group[:-1] or topics[-1:]),
        )
        sources = {"own": own, "now": self.now.topics, "judged": tuple(self.told.reviews), "requests": _REQUESTS}
        named = sources.get(decide("nothing", facts), ())
        facts |= {fact for topic in named for fact in called("named", topic)}
        if not set(named) - {"requests"}:
            yield from (self._reading(none, f"requests/{line}/total", 0.0, "", none.scope, "none") for line in lines)
        for topic in named:
            cell = decide("nothing_of", facts | called("of", topic))
            if cell not in {"", "-"}:
                names = {"topic": topic, "result": [*ended, "total"][0], "issued": self.columns["issued"]}
                yield self._reading(none, cell.replace("?", "").format(**names), 0.0, "", none.scope, "none")
        if named or lines:
            self.now = replace(self.now, topics=named or _REQUESTS)

    def _all(self, clause: Clause, said: Sequence[Mark]) -> Iterator[Reading]:
        """Read 均已办结, or a clause without a figure: a claim of the figure that it refers to."""
        stated = [one for one in said if one.kind == "all"]
        for word in [*stated, *self._implied(clause, said)][:1]:
            left, right = [one for one in said if one.end <= word.start], [one for one in said if one.start >= word.end]
            figure = _Figure(clause, word, left, right)
            self._bracket(figure)
            targets = self._of_all(figure)
            if word.id != "one" or [value for _, value in targets] == [1.0]:
                yield from (self._reading(figure, target, value, "all", figure.scope, "all") for target, value in targets)

    def _of_all(self, figure: _Figure) -> list[tuple[str, float]]:
        """Return what a word for all says of which figure."""
        now, word = self.now, figure.mark
        ended = [one for one in figure.right if one.kind == "result" and not called("", one.id) & {":no_result"}][:1]
        near = [one.id for one in figure.right if one.kind == "line" and one.strong and one.start - word.end <= 2 * ADJACENT]
        columns = [one.id for one in figure.words if one.kind == "column" and one.id != "anyone"]
        how, column = [*near, "unsure"][0], [*columns, ""][0]
        negated = any(_NEGATED.search(figure.text, word.end, one.start) for one in ended)
        facts = self._known(figure) | called("how", how) | called("column", column) | holding(ended=ended, negated=negated)
        value = now.value - self.told.excepted
        cells = {
            "line": (f"requests/{how}/total", value),
            "new_of_column": (f"requests/new/{column}", value),
            "column": (f"requests/{now.line}/{column}", value),
            "done": ("requests/processed_total/total", value),
            # 收到3件,1件予以公开,2件无法提供,均已答复: of whatever was received
            "rest": ("requests/processed_total/total", now.received - self.told.excepted),
        }
        outcome = decide("all", facts)
        if outcome == "way":
            # 诉讼4件,均为未经复议直接起诉
            way = next(one.id for one in figure.right if one.id in _WAYS_TO_COURT)
            self.told = replace(self.told, reviews={**self.told.reviews, way: self.told.reviews[_LITIGATION]})
            return [(f"{way}/total", self.told.reviews[way])]
        if outcome == "ended":
            return self._all_ended(figure, ended[0])
        return [cells[outcome]] if outcome in cells else []

    def _all_ended(self, figure: _Figure, ended: Mark) -> list[tuple[str, float]]:
        """Return the reviews that ended so: those that are named, or else those of which nothing was told."""
        told, first = self.told, figure.clause.first
        others = pattern("rest").search(figure.text, first, figure.mark.end) is not None
        before = figure.text[first : ended.start]
        named = {line for line, words in _INSTANCES.items() if words.search(before)} & told.reviews.keys()
        untold = told.reviews.keys() - ({} if others else told.some.keys())
        rest = told.some if others else {}
        lines = named or untold or told.reviews.keys()
        return [(f"{line}/{ended.id}", value - rest.get(line, 0.0)) for line, value in told.reviews.items() if line in lines]

    def _implied(self, clause: Clause, said: Sequence[Mark]) -> Iterator[Mark]:
        """Yield the place of a result or an answer without a figure, which is of all of the figure before: 诉讼1件,结果维持."""
        elision, text = data()["elision"], clause.text
        figures_before = [figure.value for figure in clause.sentence.figures if figure.end <= clause.first]
        for first in [one for one in said if one.kind == "result" or one.id in data()["groups"]["ends"]][:1]:
            before, after = text[clause.first : first.start], text[first.end : clause.last].strip(",。;)")
            facts = {first.kind} | holding(
                some=re.search(elision["some"], clause.words),
                negated=_NEGATED.search(before),
                adverbs=re.fullmatch(elision["adverbs"], before),
                after=after,
                short=max(len(before), len(after)) < _SHORT,
                one_review=len(self.told.reviews) == 1,
                some_told=self.told.some,
                figures_before=figures_before,
                last_figure_is_value=figures_before[-1:] == [self.now.value],
            )
            place = {"result": first.start, "answer": clause.first}.get(decide("implied", facts))
            if place is not None:
                yield Mark(clause.first, place, "all", "implied")

    # --- claims -------------------------------------------------------------------------------------------------------------

    def _reading(self, figure: _Figure, target: str, value: float, qualifier: str, scope: str, rule: str) -> Reading:
        """Put a claim together, with the rule that decided."""
        clause, mark = figure.clause, figure.mark
        start, end = clause.span
        while start and self.text[start - 1] in OPENING:
            start -= 1
        _, place, page = self.places[bisect_right(self.places, start, key=itemgetter(0)) - 1]
        low, high = _interval(value, mark.about)
        quote, year = self.text[start:end], clause.sentence.year(mark.start)
        at = clause.sentence.begin + clause.sentence.places[mark.start]
        claim = Claim(target, value, low, high, mark.unit, qualifier, quote, start, end, scope, page, place, year)
        words = figure.words if mark.kind == "figure" else clause.marks
        return Reading(at, rule, claim, tuple((_word(clause.text, one), one.id or one.kind) for one in words))


def _is_heading(line: str) -> bool:
    """Tell whether a line only says what the paragraph after it is about."""
    if len(line) > _LONGEST_HEADING or not ITEM.match(line) or "。" in line or "未" in line:
        return False
    return not any(figures(prose(line)[0]))


# --- one cell, one figure -----------------------------------------------------------------------------------------------------


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
    disclosure = beside()["disclosure"][1]
    behind = [one.claim.value for one in said if one.at > whole.at and one.claim.target in {"", whole.claim.target}]
    facts = holding(
        first=whole.at == same[0].at,
        of_reviews=whole.claim.target.startswith("review/"),
        whole_of_disclosure=disclosure.search(whole.claim.quote),
        last_of_disclosure=disclosure.search(last.quote),
        # 受理327件,其中上年结转14件,新收313件
        is_received=carried and whole.claim.target == _RECEIVED,
        is_with_carried=value == last.value + carried,
        other_scope=whole.claim.scope != last.scope,
        of_which=pattern("of_which").search(text[whole.at : others[0].at]),
        # 收到4件,2件为网络申请,2件为信件申请: what follows adds up to it
        adds_up=value in accumulate(behind),
        is_sum=value == sum(one.claim.value for one in others),
        says_sum=pattern("sum").search(whole.claim.quote),
    )
    parts = {one.at for one in others}
    return {"whole": {whole.at}, "parts": parts, "both": {whole.at, *parts}}[decide("settle", facts)]


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


def _topics(words: Sequence[Mark]) -> Topics:
    """Return what words are about: applications listed with anything else are requests."""
    names = tuple(dict.fromkeys(one.id for one in words))
    return names if len(names) == 1 else tuple("requests" if name == "applications" else name for name in names)
