"""What the prose claims: every figure that a sentence states about disclosure, with the cell that it speaks of."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import accumulate, chain, pairwise
from math import inf, isnan, nan
from operator import itemgetter, mul
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
    Words,
    around,
    called,
    data,
    decide,
    expressions,
    holding,
    passages,
)
from govstats.report import Claim

#: What a figure is about: several things where they are listed.
Topics = tuple[str, ...]

#: A cell of a table holds a sentence, and no label.
_PROSE = re.compile(r"\w{4}[，,][^。]*\w{4}.*[。；]", re.DOTALL)
#: A sentence; a text without stops is read in pieces.
_SENTENCE = re.compile("[^。;!?…；！？]{1,1500}[。;!?…；！？]*|[。;!?…；！？]+")
#: A line that says what the paragraph after it is about, and no more.
_HEADING = re.compile(rf"(?={ITEM.pattern})(?!.*[。未])(?!.*[\d一二三四五六七八九十]+[件条宗起次]).{{1,40}}")
_HALF_STOPS = (";", "；")
_TOGETHER = re.compile("^[数量]*(?:并且?|且|、|和|及|与|按时|按期|依法|全部|已|妥善|规范|认真|及时)*$")
_AFORESAID = re.compile("(?:上述|以上)(?:信息|公开|依)*申请")
_COUNTING = re.compile("(?:[了共计约近的]|文件|[件总]?数量?)*")
_NEGATED = re.compile("[未无没不]")
_REQUESTS = ("requests",)
_LITIGATION = "review/litigation"
_INSTANCES = {"review/reconsideration": re.compile("复议"), "review/litigation": re.compile("诉讼|法院")}
#: Words that stand for two items where a list gives each its figure.
_PAIRS = {"granted+partly_granted": ("granted", "partly_granted"), "anyone": ("natural_person", "organisations")}
#: So many letters behind a figure may say what it is.
_AHEAD = 150
_NO_EVIDENCE = ("", -inf)
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

    def __init__(self, clause: Clause, mark: Mark, left: Words, right: Words) -> None:
        self.clause, self.mark, self.text = clause, mark, clause.text
        # 重复申请不予处理的5件: the reason before the group is the line, unless there are others
        pairs = pairwise([NO_MARK, *left])
        self.left = Words(one for before, one in pairs if not self._is_group_of(one, before))
        self.right, self.words = right, Words([*self.left, *right])
        adverbs = expressions("beside")["adverbs"][1]
        self.near = right.where(lambda one: one.start - mark.end <= ADJACENT or adverbs.search(self.text[mark.end : one.start]))
        self.beside = Words(self.left[-1:]).where(lambda one: mark.start - one.end <= 1)
        self.change = self.beside.of("change").first.id
        self.ahead = clause.sentence.marks.of("figure").between(mark.end, len(self.text)).first
        self.classing = self.words.of("topic").where(lambda one: one.strong).first.id
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
            "beside": self.beside,
        }
        texts = {
            "before": self.text[self.clause.first : start],
            "behind": self.text[end : self.clause.last],
            "so_far": self.text[:start],
            "ahead": self.text[end : end + _AHEAD],
            "sentence": self.text,
        }
        found = around("beside", texts, self.clause.sentence.reported)
        found |= called("unit", self.mark.unit) | called("mark", self.mark.kind) | called("mark", self.mark.id)
        found.update(*(called(f"{side}:{one.kind}", one.id) for side, words in sides.items() for one in words))
        found |= holding(
            left=self.left,
            zero=self.mark.value == 0,
            change=self.change,
            together=self.sharing("line"),
            counting=_COUNTING.fullmatch(self.text, self.left.of("stock").last.end, start),
        )
        return found

    def of(self, kind: str) -> Mark:
        """Return the word of a kind that says most of it."""
        pairs = pairwise([NO_MARK, *self.words])
        candidates = [(self._evidence(before, one), one) for before, one in pairs if one.kind == kind]
        return max(((says, one) for says, one in candidates if says[0]), default=(_NO_EVIDENCE, NO_MARK))[1]

    def _evidence(self, before: Mark, one: Mark) -> tuple[str, float]:
        """Return how much a word says of it, and how near the word is."""
        facts = called("word", one.id) | called("after", before.id)
        close = one.start - before.end <= ADJACENT
        facts |= holding(left=one in self.left, near=one in self.near, strong=one.strong, close=close)
        return decide("evidence", facts), -max(self.mark.start - one.end, one.start - self.mark.end)

    def sharing(self, kind: str) -> list[str]:
        """Return what the word before the last one says, if both share the figure: 收到并答复."""
        two = self.left.of(kind).without(*data()["groups"]["alone"]).where(lambda one: not one.strong)[-2:]
        return [one.id for one, after in pairwise(two) if _TOGETHER.match(self.text[one.end : after.start])]

    def topics(self) -> Topics:
        """Return what its own words say that it is about."""
        before, behind = self.left.of("topic"), self.right.of("topic")
        return _topics([*before.listed(self.text)[-1:], *behind.listed(self.text)[:1]][:1])

    def channel(self) -> str:
        """Return the one channel that its applications came by."""
        channels = Words([*self.left, *self.near]).of("channel")
        alone = channels.where(lambda one: not self.text.startswith(("、", "和", "及", "与", "等"), one.end))
        return _word(self.text, channels.first) if len(channels) == len(alone) == 1 else ""


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
        self.text, self.places, self.year, self.form = text, places, year, form_version
        self.columns = data()["columns"].get(form_version, data()["columns"]["2021"])
        self.units = data()["units"].get(form_version, {})
        self.now, self.told = _Paragraph(), _Told()
        #: What was received, whatever paragraph said so.
        self.received = nan

    def read(self) -> Iterator[Reading]:
        """Yield what was made of each figure, in the order of the text."""
        for begin, end in passages(self.text):
            yield from self._passage(begin, end)
            # what a heading is about the paragraph after it is about too
            if not _HEADING.fullmatch(self.text[begin:end].strip(f"{BLANK}\n")):
                self.now = _Paragraph()

    def _passage(self, begin: int, end: int) -> Iterator[Reading]:
        said: list[Reading] = []
        settled: list[Reading] = []
        for found in _SENTENCE.finditer(self.text, begin, end):
            said += self._sentence(*found.span())
            if not found[0].endswith(_HALF_STOPS):
                settled += _settled(said, self.text)
                said, self.now = [], replace(self.now, classing="")
        yield from _undisputed([*settled, *_settled(said, self.text)])

    def _sentence(self, begin: int, end: int) -> Iterator[Reading]:
        source = self.text[begin:end]
        if isnan(self.now.value) and _AFORESAID.search(source):
            self.now = replace(self.now, topics=_REQUESTS, line="new", value=self.received, received=self.received)
        self.told = _Told()
        for clause in Sentence(source, begin, self.year).clauses():
            yield from self._clause(clause)

    def _clause(self, clause: Clause) -> Iterator[Reading]:
        said = clause.marks
        numbers, each = said.of("figure"), said.of("each").first
        facts = holding(
            figures=numbers,
            none=said.of("none"),
            each=each.end,
            each_ahead=each.start < numbers.first.start,
            named_behind=said.between(numbers.first.start, clause.last).of("topic", "line", "column", "result"),
        )
        readers = {"listed": self._listed, "figures": self._figures, "nothing": self._nothing, "all": self._without_figure}
        yield from readers[decide("clause", facts)](clause)

    def _figures(self, clause: Clause) -> Iterator[Reading]:
        numbers = clause.marks.of("figure")
        for number in numbers:
            yield from self._figure(_Figure(clause, number, *clause.neighbours(number)))
        yield from self._all(clause, clause.marks.between(numbers.last.end, clause.last))

    def _without_figure(self, clause: Clause) -> Iterator[Reading]:
        yield from self._all(clause, clause.marks)
        self._pass_over(clause)

    def _pass_over(self, clause: Clause) -> None:
        """Keep what a clause without figures is about."""
        topics = _requests(_topics(clause.marks.of("topic").listed(clause.text)[-1:]))
        if topics:
            verb = clause.marks.named("new", "processed_total").first.id
            line = self.now.line if topics == self.now.topics else ""
            self.now = replace(self.now, topics=topics, line=line or verb)

    def _bracket(self, figure: _Figure) -> None:
        """Forget behind a bracket what was said in it."""
        inside, before = figure.clause.sentence.bracket(figure.mark.start) >= 0, self.told.outside
        if inside and before is None:
            self.told = replace(self.told, outside=(self.now, self.told))
        elif before is not None and not inside:
            self.now, told = before
            self.told = replace(self.told, reviews=told.reviews, done=told.done, outside=None)

    def _known(self, figure: _Figure) -> set[str]:
        """Return the facts around a figure and those that the text before told."""
        now, told, value = self.now, self.told, figure.mark.value
        named = {"told": now.line, "kind": now.kind, "done": told.done, "form": self.form, "now_only": "+".join(now.topics)}
        named["classing"] = figure.classing or now.classing
        facts = figure.facts | holding(
            aside=now.aside,
            carried=now.carried,
            answered=now.answered,
            counted=not isnan(now.value),
            less=value < now.value,
            same=value == now.received,
            adds_up=value == now.received + figure.ahead.value,
            except_told=told.excepted,
            less_than_received=value < now.received,
            value_is_received=now.value == now.received,
            has_received=now.received >= 0,
            ever_received=self.received >= 0,
            same_sentence=now.since == figure.clause.sentence.begin,
            one_review=len(told.reviews) == 1,
            ways_add_up=told.reviews.get(_LITIGATION) == sum(told.reviews.get(way, 0.0) for way in data()["groups"]["ways"]),
            unit_column=figure.mark.unit in self.units,
        )
        facts.update(*(called(name, said) for name, said in named.items()), *(called("now", topic) for topic in now.topics))
        facts.update(*(called("judged", line) for line in told.reviews), *(called("some", line) for line in told.some))
        return facts

    # --- figures ------------------------------------------------------------------------------------------------------------

    def _listed(self, clause: Clause) -> Iterator[Reading]:
        """Read 公民、法人分别为3件、2件: of the names before the word, as many as there are figures behind it."""
        numbers, each = clause.marks.of("figure"), clause.marks.of("each").first
        names = clause.marks.between(clause.first, each.start).where(lambda one: one.kind != "listed")
        items = Words(chain.from_iterable(map(_items, names)))
        groups = [group for group in items.listed(clause.text) if len(group) > 1]
        group = groups[-1] if groups else Words()
        if len(numbers) == 1 and clause.text.startswith("各", numbers.first.start - 1):
            numbers = Words(numbers * len(group))
        if len(group) != len(numbers):
            self._pass_over(clause)
            return
        common = names.where(lambda one: one.kind != group.first.kind)
        for item, number in zip(group, numbers, strict=True):
            yield from self._figure(_Figure(clause, number, Words([*common, item]), Words()))

    def _figure(self, figure: _Figure) -> Iterator[Reading]:
        self._bracket(figure)
        facts = self._known(figure)
        line = self._line(figure, facts)
        facts |= called("column", figure.of("column").id.replace("anyone", "")) | called("result", figure.of("result").id)
        topics = self._about(figure, facts)
        rule = decide("standing", facts)
        done = figure.of("stock").id or decide("done", facts) or self.told.done
        facts |= called("done", done)
        self.told = replace(self.told, done=done)
        self.now = replace(self.now, classing=figure.classing or self.now.classing)
        changes: dict[str, dict[str, Any]] = {
            # 予以公开占45%,共9件: a share may name the line of what follows
            "line": {"line": line.id, "value": nan},
            # what is counted of something else stays there: 收到30件,其中来信12件。办结30件
            "aside": {"topics": _REQUESTS, "aside": True},
            "outside": {"topics": ("outside",), "aside": False},
            "nothing": {"topics": (), "aside": False},
            "own": {"aside": False},
        }
        self.now = replace(self.now, **changes.get(decide("no_claim", facts | called("rule", rule)), {}))
        if rule:
            yield self._reading(figure, "", figure.mark.value, "share" if rule == "share" else "", "", rule)
        else:
            yield from self._told_of(figure, line, topics, facts)

    def _line(self, figure: _Figure, facts: set[str]) -> Mark:
        """Return the word that says which line a figure is of, and add what it means."""
        line = figure.of("line")
        line = line._replace(id=decide("word", facts | called("line", line.id)) or line.id)
        facts |= called("line", line.id) | holding(strong=line.strong, same_line=line.id == self.now.line)
        return line

    def _about(self, figure: _Figure, facts: set[str]) -> Topics:
        """Return what a figure is about, and add it to the facts, with whether its own words say so."""
        own = figure.topics()
        facts |= called("own", "+".join(own))
        facts.add(decide("named", facts))
        about = decide("about", facts)
        topics = {"own": own, "now": self.now.topics, "": ()}.get(about, (about,))
        facts |= called("topics", "+".join(topics))
        facts.update(*(called("topic", topic) for topic in topics))
        return topics

    def _told_of(self, figure: _Figure, line: Mark, topics: Topics, facts: set[str]) -> Iterator[Reading]:
        """Read a figure of known topics."""
        said = [pair for topic in topics for pair in self._targets(figure, topic, line, facts)]
        channel = figure.channel()
        rule = decide("without_target", facts | holding(targets=said, channel=channel, several=len(topics) > 1))
        said = [("", "")] if rule else said
        self._remember(figure, said, line, topics, facts | called("rule", rule) | holding(targets=said))
        compared = "growth" if "unit:percent" in facts else "change"
        qualifier = compared if figure.change else figure.mark.about
        value = -figure.mark.value if figure.change == "down" else figure.mark.value
        scope = channel if rule == "channel" else figure.scope
        for target in dict.fromkeys(target for _, target in said):
            decided = rule or decide("cell", facts | holding(target=target))
            yield self._reading(figure, target, value, qualifier, scope, decided)

    def _targets(self, figure: _Figure, topic: str, line: Mark, facts: set[str]) -> Iterator[tuple[str, str]]:
        """Yield the line, or what was done with a document, and the cell of a figure for one of its topics."""
        facts = facts | called("of", topic) | holding(told_total=topic in self.now.counted)
        column = {"own": figure.of("column").id, "other": "other"}.get(decide("who", facts), "total")
        which = decide("line", facts)
        rows = {"own": [line.id], "told": [self.now.line], "both": [*figure.sharing("line"), line.id]}.get(which, [which])
        if "of:documents" in facts:
            done = [*figure.sharing("stock"), self.told.done or "unsaid"]
            rows = [self.columns.get(one, "") for one in done]
        names = {"topic": topic, "unit": self.units.get(figure.mark.unit), "column": column, "result": figure.of("result").id}
        for row in rows:
            cell = decide("target", facts | called("row", row))
            if cell != "-":
                yield row, cell.replace("?", "").format(**names, row=row)

    # --- what is known after it ---------------------------------------------------------------------------------------------

    def _remember(self, figure: _Figure, said: Sequence[tuple[str, str]], line: Mark, topics: Topics, facts: set[str]) -> None:
        """Keep what a figure tells for those behind it."""
        now, value = self.now, figure.mark.value
        row, target = said[0] if said else ("", "")
        carried = now.carried or row.endswith("carried_in")
        row = line.id or "new" if row == "new+carried_in" else row
        facts = facts | called("row", row) | holding(target=target, total=target.endswith("/total"), row_told=row == now.line)
        outcome = decide("memory", facts)
        first_line = "new" if topics == _REQUESTS else ""
        apart = {"kind": decide("apart", facts), "carried": carried}
        answered = now.answered or row == "processed_total"
        level = apart | {"line": row, "value": value, "since": figure.clause.sentence.begin, "answered": answered}
        both = value + (now.value if now.value > 0 else 0.0)
        changes: dict[str, dict[str, Any]] = {
            "": {"topics": now.topics},
            "topics": {},
            "reviews": {},
            "rule": {"kind": apart["kind"], "line": now.line or first_line},
            "subject": {"kind": "subject"},
            "nothing": apart,
            "line_alone": apart | {"line": row},
            "line": apart | {"line": row, "value": nan},
            "level": level,
            "level_received": level | {"received": value},
            "sum": apart | {"value": both, "received": both},
        }
        self.now = replace(now, **{"topics": topics, **changes[outcome]})
        self.received = {"level_received": value}.get(outcome, self.received)
        if {"excepted", "topics=requests"} <= facts:
            self.told = replace(self.told, excepted=self.told.excepted + value)
        if outcome == "reviews":
            self._remember_reviews(value, [target for _, target in said if target], topics, facts)

    def _remember_reviews(self, value: float, targets: Sequence[str], topics: Topics, facts: set[str]) -> None:
        told = self.told
        said = [target.rpartition("/") for target in targets]
        totals = {line: value for line, _, column in said if column == "total"}
        some = {line: told.some.get(line, 0.0) + value for line, _, column in said if column != "total"}
        if "result=concluded" in facts:
            # 复议71件,已审结64件,均维持
            totals |= dict.fromkeys(told.reviews.keys() & set(topics), value)
        self.told = replace(told, reviews={**told.reviews, **totals}, some={**told.some, **some})
        self.now = replace(self.now, counted=self.now.counted | totals.keys())

    # --- nothing, and all ---------------------------------------------------------------------------------------------------

    def _nothing(self, clause: Clause) -> Iterator[Reading]:
        """Read 未收到申请: of what is named behind the word, or else before it."""
        said, text, mark = clause.marks, clause.text, clause.marks.of("none").first
        none = _Figure(clause, mark, said.between(clause.first, mark.start), said.between(mark.end, clause.last))
        words = none.right if none.right.of("topic", "line") else none.left
        topics = words.of("topic")
        lines = words.named("carried_in", "carried_out", "carried").ids
        ended = said.of("result").without(*data()["groups"]["no_result"]).ids
        own = _requests(topics.without("outside").ids)
        facts = self._known(none) | holding(
            own=own,
            topic=topics,
            lines=lines,
            ended=ended,
            long=mark.end - mark.start > 1,
            lists_requests=any(len(group) > 1 and group.named("requests") for group in topics.listed(text)),
        )
        sources = {"own": own, "now": self.now.topics, "judged": tuple(self.told.reviews), "requests": _REQUESTS}
        named = sources.get(decide("nothing", facts), ())
        # 未收到法人申请: of others nothing is said
        column = none.words.of("column").first.id.replace("anyone", "")
        facts |= called("column", column) | holding(only_requests=set(named) <= {"requests"})
        facts.update(*(called("named", topic) for topic in named))
        names = {"result": ended[0] if ended else "total", "column": column, "issued": self.columns["issued"]}
        for topic in dict.fromkeys([*lines, *named]):
            cell = decide("nothing_of", facts | called("of", topic))
            if cell not in {"", "-"}:
                yield self._reading(none, cell.replace("?", "").format(**names, topic=topic), 0.0, "", none.scope, "none")
        if named or lines:
            self.now = replace(self.now, topics=named or _REQUESTS)

    def _all(self, clause: Clause, said: Words) -> Iterator[Reading]:
        """Read 均已办结, or a clause without a figure: a claim of the figure that it refers to."""
        for word in [*said.of("all"), *self._implied(clause, said)][:1]:
            figure = _Figure(clause, word, said.between(clause.first, word.start), said.between(word.end, clause.last))
            self._bracket(figure)
            targets = self._of_all(figure)
            if word.id != "one" or [value for _, value in targets] == [1.0]:
                yield from (self._reading(figure, target, value, "all", figure.scope, "all") for target, value in targets)

    def _of_all(self, figure: _Figure) -> list[tuple[str, float]]:
        """Return what a word for all says of which figure."""
        now, word, told = self.now, figure.mark, self.told
        ended = figure.right.of("result").without(*data()["groups"]["no_result"]).first
        near = figure.right.of("line").where(lambda one: one.strong and one.start - word.end <= 2 * ADJACENT)
        how, column = near.first.id or "unsure", figure.words.of("column").without("anyone").first.id
        way = figure.right.named(*data()["groups"]["ways"]).first.id
        facts = self._known(figure) | called("how", how) | called("column", column)
        facts |= holding(ended=ended.kind, negated=_NEGATED.search(figure.text, word.end, ended.start), way=way)
        # 收到7件,6件均已答复: of the figure of its own clause
        own = figure.clause.marks.of("figure").between(figure.clause.first, word.start).last
        facts |= holding(own_figure=own.kind, of_own=own.kind and own.value != now.value)
        value = own.value if own.kind else now.value - told.excepted
        cells = {
            "": [],
            "-": [],
            "line": [(f"requests/{how}/total", value)],
            "new_of_column": [(f"requests/new/{column}", value)],
            "column": [(f"requests/{now.line}/{column}", value)],
            "done": [("requests/processed_total/total", value)],
            # 收到3件,1件予以公开,2件无法提供,均已答复: of whatever was received
            "rest": [("requests/processed_total/total", now.received - told.excepted)],
            # 诉讼4件,均为未经复议直接起诉
            "way": [(f"{way}/total", told.reviews.get(_LITIGATION, nan))],
            "ended": self._all_ended(figure, ended),
        }
        outcome = decide("all", facts)
        if outcome == "way":
            self.told = replace(told, reviews={**told.reviews, way: told.reviews[_LITIGATION]})
        return cells[outcome]

    def _all_ended(self, figure: _Figure, ended: Mark) -> list[tuple[str, float]]:
        """Return the reviews that ended so: those that are named, or else those of which nothing was told."""
        told, before = self.told, figure.text[figure.clause.first : ended.start]
        rest = told.some if expressions("beside")["rest"][1].search(figure.text, figure.clause.first, figure.mark.end + 1) else {}
        named = {line for line, words in _INSTANCES.items() if words.search(before)} & told.reviews.keys()
        untold = {line for line in told.reviews if line in rest or line not in told.some}
        lines = named or untold or told.reviews
        return [(f"{line}/{ended.id}", value - rest.get(line, 0.0)) for line, value in told.reviews.items() if line in lines]

    def _implied(self, clause: Clause, said: Words) -> Iterator[Mark]:
        """Yield the place of a result or an answer without a figure, which is of all of the figure before: 诉讼1件,结果维持."""
        ends = data()["groups"]["ends"]
        first = said.where(lambda one: one.kind == "result" or one.id in ends).first
        figure = _Figure(clause, first, Words(), Words())
        earlier = clause.sentence.marks.of("figure").between(0, clause.first)
        facts = self._known(figure) | holding(figures_before=earlier, last_figure_is_value=earlier.last.value == self.now.value)
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


# --- one cell, one figure -----------------------------------------------------------------------------------------------------


def _settled(said: Sequence[Reading], text: str) -> Iterator[Reading]:
    """Yield what was made of the figures of a sentence; a cell has one, that with more evidence, or none."""
    told: dict[tuple[str, int | None], list[Reading]] = defaultdict(list)
    for one in said:
        if one.claim.target and not one.claim.qualifier:
            told[one.claim.target, one.claim.year].append(one)
    unsure = {at for same in told.values() for at in _unsure(same, text)}
    for one in said:
        yield _part(one) if one.at in unsure else one


def _undisputed(said: Sequence[Reading]) -> Iterator[Reading]:
    """Yield what was made of the figures of a paragraph: a word for all cannot say more than a figure does."""
    claims = [one.claim for one in said]
    told = {(claim.target, claim.year, claim.scope): claim.value for claim in claims if not claim.qualifier}
    for one, claim in zip(said, claims, strict=True):
        least = min(told.get((claim.target, claim.year, scope), claim.value) for scope in ("", claim.scope))
        yield _part(one) if claim.qualifier == "all" and claim.value > least else one


def _part(one: Reading) -> Reading:
    return one._replace(rule="part", claim=one.claim._replace(target=""))


def _unsure(same: Sequence[Reading], text: str) -> set[int]:
    """Return the places of those figures for one cell that are not sure to be it: the others are parts of the largest."""
    whole = max(same, key=lambda one: one.claim.value)
    others = [one for one in same if one.claim.value != whole.claim.value and one.claim.scope in {"", whole.claim.scope}]
    if not others:
        return set()
    last = others[-1].claim
    named = {name: expression for name, (_, expression) in expressions("beside").items()}
    facts = holding(
        first=whole.at == same[0].at,
        of_reviews=whole.claim.target.startswith("review/"),
        whole_of_disclosure=named["disclosure"].search(whole.claim.quote),
        last_of_disclosure=named["disclosure"].search(last.quote),
        other_scope=whole.claim.scope != last.scope,
        of_which=named["of_which_before"].search(text[whole.at : others[0].at]),
        is_sum=whole.claim.value == sum(one.claim.value for one in others),
        says_sum=named["sums"].search(whole.claim.quote),
    )
    parts = {one.at for one in others}
    return {"whole": {whole.at}, "parts": parts, "both": {whole.at, *parts}}[decide("settle", facts)]


def _interval(value: float, about: str) -> tuple[float | None, float | None]:
    """Return the bounds that a word like 余 or 近 sets; the figure itself where there is none."""
    size = 1.0
    while value and value % (size * 10) == 0:
        size *= 10
    entry = next(entry for entry in data()["intervals"] if about in entry["words"])
    low, high = (sum(map(mul, entry[end], (value, size, 1.0))) if end in entry else None for end in ("low", "high"))
    return low, high


def _word(text: str, mark: Mark) -> str:
    return text[mark.start : mark.end]


def _items(word: Mark) -> Iterator[Mark]:
    """Yield the items that a word stands for, one behind the other."""
    names = _PAIRS.get(word.id, (word.id,))
    cuts = pairwise([*range(word.start, word.start + len(names)), word.end])
    yield from (word._replace(id=name, start=start, end=end) for name, (start, end) in zip(names, cuts, strict=True))


def _topics(said: Sequence[Words]) -> Topics:
    """Return what words are about: applications listed with anything else are requests."""
    names = tuple(dict.fromkeys(chain.from_iterable(words.ids for words in said)))
    return _requests(names) if len(names) > 1 else names


def _requests(topics: Iterable[str]) -> Topics:
    """Return topics, each once; applications of which it is not said for what are requests."""
    return tuple(dict.fromkeys("requests" if topic == "applications" else topic for topic in topics))


# --- why a figure was read as it was: the words that bear on it, and the rule that decided ------------------------------------


class Explanation(NamedTuple):
    """What was made of a figure.

    Attributes
    ----------
    quote : str
        The clause it stands in.
    value : float
    unit : str
    target : str
        The cell, or sum of cells, that it is held to claim; empty where it has none.
    rule : str
        Which rule decided, one of those in `claims.toml`.
    words : tuple of (str, str)
        The words that bear on it, in the order of the text, each with what it stands for.
    message_zh, message_en : str
        The rule in words.
    """

    quote: str
    value: float
    unit: str
    target: str
    rule: str
    words: tuple[tuple[str, str], ...]
    message_zh: str
    message_en: str

    def text(self, language: str | None = None) -> str:
        """Return it in lines for reading, the rule in Chinese, in English or by default in both."""
        said = [self.message_zh] * (language != "en") + [self.message_en] * (language != "zh")
        words = " · ".join(f"{word}={stands_for}" for word, stands_for in self.words)
        return "\n  ".join([f"“{self.quote}” {self.value:g}{self.unit} → {self.target or '—'}", words or "—", *said])


def explain_sentence(sentence: str, *, year: int | None = None, form: str = "2021") -> list[Explanation]:
    """Explain every figure of a sentence, and every word for all or nothing.

    Parameters
    ----------
    sentence : str
    year : int, optional
        The year that the report is of.
    form : str
        Version of the statutory form.

    Returns
    -------
    list of Explanation
        In the order of the text; numbers that count nothing (days, people, telephone numbers) are left out.

    Examples
    --------
    >>> for one in explain_sentence("收到政府信息公开申请3件，满意率98%，接听热线5件。"):
    ...     print(one.value, one.target or "—", one.rule)
    3.0 requests/new/total cell
    98.0 — percentage
    5.0 — elsewhere
    """
    return [explained(reading) for reading in readings(sentence, [(0, "", None)], year, form)]


def explained(reading: Reading) -> Explanation:
    """Put what was made of a figure in words."""
    claim, rule = reading.claim, data()["rules"][reading.rule]
    target = "" if reading.rule in NO_CLAIM else claim.target
    return Explanation(claim.quote, claim.value, claim.unit, target, reading.rule, reading.words, rule["zh"], rule["en"])


def find(said: Sequence[Reading], quote: str, start: int, value: float, target: str) -> Explanation | None:
    """Return the explanation of one claim among those of a report; None where it is of another."""
    wanted = (quote, start, value, target)
    same = (one for one in said if (one.claim.quote, one.claim.start, one.claim.value, one.claim.target) == wanted)
    return next(map(explained, same), None)
