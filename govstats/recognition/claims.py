"""What the prose claims: every figure that a sentence states about disclosure, with the cell that it speaks of."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate, chain, pairwise, takewhile
from operator import itemgetter
from typing import overload

from govstats.documents import Document, Grid
from govstats.recognition.sentences import (
    ADJACENT,
    BLANK,
    ITEM,
    OPENING,
    Clause,
    Mark,
    Sentence,
    data,
    figures,
    hints,
    marks,
    passages,
    pattern,
    prose,
    says,
)
from govstats.report import Claim

#: A cell of a table holds a sentence, and no label.
_PROSE = re.compile(r"\w{4}[，,][^。]*\w{4}.*[。；]", re.DOTALL)
_SENTENCE_END = re.compile("[。;!?…；！？]+")
_JOINED = re.compile(r"^[、和及或与者以(\W]*$")
_TOGETHER = re.compile("^[数量]*(?:并且?|且|、|和|及|与|按时|按期|依法|全部|已)+$")
_DISCLOSURE = re.compile("(?<!不属于)(?<!不属于政府)(?<!非)(?<!非政府)信息公开|依申请|公开(?:政府信息)?申请|申请公开")
_PART_OR_SUM = re.compile("(?:上述|以上|(?<!共)有)$")
_CAUSE = re.compile("[因对涉]|不服")
_AFORESAID = re.compile("(?:上述|以上)(?:信息|公开|依)*申请")
_COUNTING = re.compile("^[了共计约近的]*$")
_NEGATED = re.compile("[未无没不]")
_REVIEW = "review/"
_INSTANCES = {"reconsideration": re.compile("复议"), "litigation": re.compile("诉讼|法院")}
_WAYS_TO_COURT = ("review/litigation_direct", "review/litigation_after_reconsideration")
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
            # few tables have a sentence in them
            whole = "".join(chain.from_iterable(block.texts))
            if "。" in whole or "；" in whole:
                cells = (cell for row in block.rows for cell in row)
                yield from ((cell.text, cell.place, cell.page) for cell in cells if _PROSE.search(cell.text))
        else:
            yield block.text, block.place, block.page


class _Figure:
    """A figure among the words of its clause."""

    def __init__(self, clause: Clause, mark: Mark, left: list[Mark], right: list[Mark]) -> None:
        self.clause, self.mark, self.left, self.right, self.text = clause, mark, left, right, clause.text
        self.value, self.is_money = mark.value, mark.unit in _MONEY
        #: The nearest word of each kind, before the figure and touching it from behind.
        self.last = {one.kind: one for one in left}
        self.touching = [one for one in right if one.start - mark.end <= ADJACENT]
        self.near = {one.kind: one for one in reversed(self.touching)}
        #: 除3件结转外: what is said after it is said of the rest.
        self.excepted = self.text[clause.first : mark.start].startswith("除")
        change = self.last.get("change")
        self.change = change if change is not None and change.end >= mark.start else None

    def of(self, kind: str) -> str:
        """Return which of the words of a kind the figure is of."""
        return self.last.get(kind, self.near.get(kind, _NO_MARK)).id

    def says(self, kind: str) -> str:
        """Return the nearest word of a kind before it."""
        mark = self.last.get(kind, _NO_MARK)
        return self.text[mark.start : mark.end]

    def topics(self) -> tuple[str, ...]:
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
        if len(channels) != 1 or self.text[channels[0].end : channels[0].end + 1] in {"、", "和", "及", "与", "等"}:
            return ""
        return self.text[channels[0].start : channels[0].end]

    def is_before(self) -> bool:
        """Tell whether it is where a change began: 由30件增至45件."""
        begins = self.change is None and self.text[self.mark.start - 1 : self.mark.start] in {"由", "从"}
        return begins and pattern("level").match(self.text, self.mark.end) is not None

    def handled(self) -> str:
        """Return what 办理 says of it: received where channels follow, nothing sure where a figure of answers does."""
        behind = self.clause.behind(self.mark.end)
        if sum(one.kind == "channel" for one in behind) > 1:
            return "new"
        for before, one, after in zip([_NO_MARK, *behind], behind, [*behind[1:], _NO_MARK], strict=False):
            if one.id == "processed_total" and not self.text[one.start : one.end].endswith("办理"):
                beside = before.kind == "figure" and one.start - before.end <= ADJACENT
                if beside or (after.kind == "figure" and after.start - one.end <= ADJACENT):
                    return "handled"
        return "processed_total"


@dataclass
class _State:
    """What the text before was about."""

    topics: tuple[str, ...] = ()
    line: str = ""
    value: float | None = None
    #: Where the sentence begins that told of this line.
    since: int = -1
    #: A sentence without a figure, which may have named a topic.
    unread: str = ""
    #: By what the figure before was told from others of its line: column, line or channel.
    kind: str = ""
    #: What was received, whether it was said how much of it was answered, and whether a sum has more in it.
    received: float | None = None
    answered: bool = False
    carried: bool = False
    #: Reviews of which the total was told, in the whole paragraph.
    counted: set[str] = field(default_factory=set)
    #: Lines of reviews with their figures, in one sentence.
    reviews: dict[str, float] = field(default_factory=dict)
    #: Of those lines, what was told of some: 除1件尚未审结外,其余均维持.
    told: dict[str, float] = field(default_factory=dict)
    #: What the text was about before a bracket opened.
    outside: tuple[tuple[str, ...], str, float | None, dict[str, float], str] | None = None
    #: Lines of which one body's part was told, in one sentence.
    parted: set[str] = field(default_factory=set)
    #: What was done with documents, in one sentence.
    done: str = ""
    #: The sentence tells how documents were classed, not how requests were answered.
    classing: str = ""
    #: Another subject was counted after the requests.
    aside: bool = False
    #: What is taken out of a whole in one sentence: 除3件结转外.
    excepted: float = 0.0


class _Reader:
    """Understands sentences one after the other."""

    def __init__(self, text: str, places: Sequence[tuple[int, str, int | None]], year: int | None, form_version: str) -> None:
        self.text, self.places, self.year, self.form = text, places, year, form_version
        self.state = _State()
        #: What was received, whatever paragraph said so.
        self.received: float | None = None
        #: The heading above the paragraph.
        self.heading = ""

    def read(self) -> Iterator[Claim]:
        """Yield the claims in the order of the text."""
        for begin, end in passages(self.text):
            yield from self._passage(begin, end)

    def _passage(self, begin: int, end: int) -> Iterator[Claim]:
        heading, self.heading = self.heading, ""
        if _is_heading(self.text[begin:end].strip(BLANK)):
            self.heading = self.text[begin:end]
            return
        if not self._may_claim(begin, end):
            return
        self.state = _State(unread=heading)
        said: list[tuple[int, Claim]] = []
        for stop in [*(found.end() for found in _SENTENCE_END.finditer(self.text, begin, end)), end]:
            while begin < stop:
                last = min(stop, begin + _LONGEST_SENTENCE)
                said += self._sentence(begin, last)
                begin = last
            if self.text[stop - 1 : stop] not in {";", "；"}:
                if said:
                    yield from _settled(said, self.text, self.year)
                said, self.state.classing = [], ""

    def _may_claim(self, begin: int, end: int) -> bool:
        """Tell whether a paragraph has anything to read."""
        number, nothing = hints()
        found = number.search(self.text, begin, end) or nothing.search(self.text, begin, end)
        return bool(found or (self.received is not None and _AFORESAID.search(self.text, begin, end)))

    def _sentence(self, begin: int, end: int) -> Iterator[tuple[int, Claim]]:
        state, source = self.state, self.text[begin:end]
        number, nothing = hints()
        if state.value is None and self.received is not None and _AFORESAID.search(source):
            state.topics, state.line, state.value, state.received = ("requests",), "new", self.received, self.received
        hinted = number.search(source) or nothing.search(source) or (state.value is not None and says("all", source))
        if not hinted:
            state.unread = f"{state.unread}{source}"[-_LONGEST_SENTENCE:]
            return
        state.reviews, state.told, state.parted, state.done, state.outside, state.excepted = {}, {}, set(), "", None, 0.0
        sentence = Sentence(source, begin, self.year)
        if state.value is None and not sentence.figures and not sentence.nothing:
            state.unread = f"{state.unread}{source}"[-_LONGEST_SENTENCE:]
            return
        for clause in sentence.clauses():
            if clause.may_claim(counted=state.value is not None or bool(state.reviews)):
                yield from self._clause(clause)
            else:
                self._pass_over(clause)

    def _clause(self, clause: Clause) -> Iterator[tuple[int, Claim]]:
        said = clause.marks
        numbers = [place for place, mark in enumerate(said) if mark.kind == "figure"]
        none = next((mark for mark in said if mark.kind == "none"), None)
        each = next((place for place, mark in enumerate(said) if mark.kind == "each"), len(said))
        if not numbers:
            yield from self._none(clause, none) if none is not None else self._all(clause, said)
            if none is None:
                self._pass_over(clause)
        elif each < numbers[0] and not any(mark.kind in _NAMES for mark in said[numbers[0] :]):
            yield from self._listed(clause, said[:each], [said[place] for place in numbers])
        else:
            for place in numbers:
                yield from self._figure(_Figure(clause, said[place], *clause.neighbours(place)))
            yield from self._all(clause, said[numbers[-1] + 1 :])

    def _pass_over(self, clause: Clause) -> None:
        self.state.unread = f"{self.state.unread}{clause.text[clause.first : clause.last]}"[-_LONGEST_SENTENCE:]

    def _topics(self) -> tuple[str, ...]:
        """Return what the text before was about; where it has no figures, it is read only now."""
        state = self.state
        unread, state.unread, line = state.unread, "", ""
        for sentence in reversed(_SENTENCE_END.split(unread)):
            plain, _ = prose(sentence)
            said = marks(plain)
            line = next((mark.id for mark in said if mark.id in {"new", "processed_total"}), line)
            if topics := _group([mark for mark in said if mark.kind == "topic"], plain):
                topics = ("requests",) if topics == ("applications",) else topics
                state.line = (state.line if topics == state.topics else "") or line
                state.topics = topics
                break
        return state.topics

    def _bracket(self, sentence: Sentence, at: int) -> None:
        """Forget behind a bracket what was said in it."""
        state = self.state
        inside = sentence.bracket(at) >= 0
        if inside and state.outside is None:
            state.outside = (self._topics(), state.line, state.value, dict(state.reviews), state.done)
        elif not inside and state.outside is not None:
            state.topics, state.line, state.value, state.reviews, state.done = state.outside
            state.outside = None

    # --- figures ------------------------------------------------------------------------------------------------------------

    def _listed(self, clause: Clause, names: list[Mark], numbers: list[Mark]) -> Iterator[tuple[int, Claim]]:
        """Read 公民、法人分别为3件、2件: of the names before the word, as many as there are figures behind it."""
        items: list[Mark] = []
        for mark in reversed([one for one in names if one.kind != "listed"]):
            if items and (mark.kind != items[0].kind or not _JOINED.match(clause.text[mark.end : items[0].start])):
                if len(items) > 1:
                    break
                items = []
            items[:0] = [mark._replace(id=name, start=mark.start + at) for at, name in enumerate(_PAIRS.get(mark.id, (mark.id,)))]
        if len(numbers) == 1 and numbers[0].start == clause.text.find("各", clause.first) + 1:
            numbers = numbers * len(items)
        if len(items) < 2 or len(items) != len(numbers):
            self._pass_over(clause)
            return
        common = [one for one in names if one.kind not in {"listed", items[0].kind}]
        for item, number in zip(items, numbers, strict=True):
            yield from self._figure(_Figure(clause, number, [*common, item], []))

    def _figure(self, figure: _Figure) -> Iterator[tuple[int, Claim]]:
        state, mark, change = self.state, figure.mark, figure.change
        self._bracket(figure.clause.sentence, mark.start)
        line = self._line(figure)
        if mark.unit in _PERCENT and change is None:
            if line.strong and line.id not in _NO_LINE:
                # 予以公开占45%,共9件
                state.line, state.value = line.id, None
            return
        if "aim" in figure.last:
            return
        topics, named = self._about(figure, line)
        if mark.unit == "次" and not named and not line.id and topics != ("published",):
            return
        looked_into = [one.id for one in figure.right if one.kind == "stock" and one.id == "examined"]
        state.done = figure.of("stock") or (looked_into or [state.done])[0]
        if topics == ("published",):
            state.done = state.done or "disclosed"
        if not topics or self._elsewhere(figure, topics, named=named):
            # what is counted of something else stays there: 收到30件,其中来信12件。办结30件
            state.aside = state.received is not None and state.topics == ("requests",)
            if not state.aside:
                state.topics = ("outside",) if topics else ()
            return
        if figure.left and figure.left[-1].kind == "compare" and change is None:
            return
        lines = self._lines(figure, line, topics)
        targets = [said for topic in topics for one in lines for said in self._targets(figure, topic, one, named=named)]
        scope, channel = figure.clause.sentence.scope(mark.start), ""
        if topics == ("requests",) and not line.strong and "column" not in figure.last:
            channel = figure.channel()
        if line.id == "subject":
            state.kind = "subject"
        if figure.excepted and topics == ("requests",):
            state.excepted += figure.value
        if channel or (targets and self._is_partial(figure, topics)):
            state.topics, state.kind = topics, "channel" if channel else ""
            if topics == ("requests",):
                state.line = state.line or ("processed_total" if line.id == "processed_total" else "new")
            targets = [""]
        elif targets and (topics != ("published",) or state.value is None):
            self._remember(
                figure,
                topics,
                targets,
                part=figure.excepted or ("scope" in figure.last and (not line.id or "of_which" in figure.last)),
            )
        value, qualifier = figure.value, mark.about
        if change is not None:
            value = -value if change.id == "down" else value
            qualifier = "growth" if mark.unit in _PERCENT else "change"
        for target in dict.fromkeys(targets):
            yield self._claim(figure.clause, target, value, mark, qualifier, channel or scope)

    def _whole(self, topics: tuple[str, ...], figure: _Figure) -> tuple[str, ...]:
        """Return what results are of: after both ways to court were counted, of all that went there."""
        told, counted = self.state.told, [self.state.reviews.get(way) for way in _WAYS_TO_COURT]
        total = self.state.reviews.get("review/litigation")
        if total is None or not figure.of("result") or not set(topics) < set(_WAYS_TO_COURT) or told.keys() & set(_WAYS_TO_COURT):
            return topics
        return ("review/litigation",) if total == sum(value or 0.0 for value in counted) else topics

    def _about(self, figure: _Figure, line: Mark) -> tuple[tuple[str, ...], bool]:
        """Return what a figure is about, and whether its own words say so."""
        state, topics = self.state, figure.topics()
        named = bool(topics)
        if topics == ("applications",):
            clause = figure.clause
            away = "outside" in state.topics and not _DISCLOSURE.search(clause.text, clause.first, figure.mark.start)
            strange = away or {"outside"} == {one.id for one in figure.left if one.id == "outside" or one.kind == "channel"}
            topics = ("outside",) if strange and figure.value != 0 else ("requests",)
        if named:
            state.unread, state.aside = "", False
        elif state.aside and not self._fits(figure, line):
            return ("outside",), False
        else:
            topics = self._whole(self._topics(), figure)
            named = "disclosing" in figure.last and all(topic.startswith(_REVIEW) for topic in topics)
            if (
                line.strong
                and not (line.id == "unsure" and any(topic.startswith(_REVIEW) for topic in topics))
                and not {"outside", "published"} & set(topics)
                and not (line.id == "other" and set(topics) & state.reviews.keys())
            ):
                topics = ("requests",)
        if not topics and any(one.kind == "channel" and "申请" in figure.text[one.start : one.end] for one in figure.left):
            topics = ("requests",)
        if figure.value == 0:
            topics = tuple(topic for topic in topics if topic not in {"outside", "published"}) or topics
        return topics, named

    def _fits(self, figure: _Figure, line: Mark) -> bool:
        """Tell whether a figure behind another subject is of the requests before it: by a word of their table, or by the figure."""
        if figure.value > (self.state.received or 0.0):
            return False
        return line.id in _OUTCOMES - {"carried_out"} or bool(figure.column()) or figure.value == self.state.received

    def _elsewhere(self, figure: _Figure, topics: tuple[str, ...], *, named: bool) -> bool:
        """Tell whether a figure counts what is none of the tables' business."""
        state = self.state
        strange = next((one.id for one in [*figure.left, *figure.right] if one.kind == "topic" and one.strong), "")
        state.classing = strange or state.classing
        documents = (
            state.classing != "powers"
            and named
            and topics[0].startswith("proactive/")
            and not figure.last.keys().isdisjoint({"stock", "of_which"})
        )
        if state.classing and not documents and not any(one.id == "new" for one in figure.left):
            return True
        # among letters and hotlines, a review is one of disclosure only where the sentence says so
        reviews = named and figure.value != 0 and all(topic.startswith(_REVIEW) for topic in topics)
        strange = "outside" in state.topics or any(one.id == "outside" for one in figure.left)
        return not {"outside", "powers"}.isdisjoint(topics) or (reviews and strange and not _DISCLOSURE.search(figure.text))

    def _is_partial(self, figure: _Figure, topics: tuple[str, ...]) -> bool:
        """Tell whether a figure is one body's, that of years or of several things, or was so before a change."""
        bodies = [one.id for one in figure.left if one.kind == "scope"]
        several = len(topics) > 1 and figure.value != 0
        years = self.state.done != "in_force" and figure.clause.sentence.of_several_years(figure.mark.start)
        return several or bodies == ["part"] or figure.is_before() or years

    def _line(self, figure: _Figure) -> Mark:
        """Return the word that says which line a figure is of: strong ones come first, then those before the figure."""
        lines = [one for one in figure.left if one.kind == "line"]
        strong = [one for one in lines if one.strong]
        if len(strong) > 1 and strong[-2].id.startswith(f"{strong[-1].id}."):
            # 重复申请不予处理的: the reason before the group is the line, unless there are others
            between = figure.text[strong[-2].end : strong[-1].start]
            if len(between) < ADJACENT and "等" not in between:
                strong.pop()
        behind = [one for one in figure.right if one.kind == "line" and (one.strong or one in figure.touching)]
        pairs = pairwise(figure.right)
        done = [one for word, one in pairs if word.kind == "all" and one.kind == "line" and one.start - word.end <= ADJACENT]
        # 1件因不属于本机关职责作其他处理: the words of the table say more than the reason
        told = [one for one in behind if one.strong and one.id not in _NO_LINE]
        found = (strong[-1:] or lines[-1:] or told[:1] or behind[:1] or done[:1] or [_NO_MARK])[0]
        if found.id == "processed_total" and figure.text[found.start : found.end].endswith("办理"):
            return found._replace(id=figure.handled())
        if found.id == "carried":
            later = "carried_out" if figure.excepted or self.state.line not in {"", "new", "carried_in"} else "unsure"
            return found._replace(id="carried_in" if "of_which" in figure.last else later)
        return found

    def _lines(self, figure: _Figure, line: Mark, topics: tuple[str, ...]) -> list[str]:
        """Return the line that a figure is of, or both where two verbs share it: 收到并答复."""
        state = self.state
        if not line.id and state.line and topics == ("requests",):
            # what is part of a figure before, its sum or its change, is of the same line
            scope = figure.left[-1] if figure.left and figure.left[-1].kind == "scope" else None
            beside = scope is not None and figure.mark.start - scope.end <= 1
            ended = state.value is not None and state.line in _OUTCOMES
            larger = ended or (state.carried and state.line in {"new", "carried_in"})
            if "sum" in figure.last and (larger or figure.value < (state.value or 0.0)):
                return ["unsure"]
            if beside or figure.change is not None or not figure.last.keys().isdisjoint({"sum", "level"}):
                return [state.line]
        handled = line.id in {"", "new"} or figure.text[line.start : line.end].endswith("办理")
        if (
            handled
            and topics == ("requests",)
            and re.compile(data()["figures"]["with_carried"]).match(figure.text, figure.mark.end)
        ):
            return ["new+carried_in"]
        smaller = line.id == state.line and figure.value < (state.value or 0.0) and not (state.carried and line.id == "new")
        whole = bool(figure.column()) or "scope" in figure.last
        part = pattern("of_which").search(figure.text, 0, figure.mark.start) if smaller and not whole else None
        scopes = figure.clause.sentence.scope
        if part is not None and (line.id in state.parted or scopes(part.start()) == scopes(figure.mark.start)):
            # 从办理主体看,市政府办理530件,区县办理4780件
            return ["unsure"]
        weak = [one for one in figure.left if one.kind == "line" and not one.strong][-2:]
        shared = len(weak) == 2 and not line.strong and _TOGETHER.match(figure.text[weak[0].end : weak[1].start])
        return [weak[0].id, line.id] if shared else [line.id]

    def _targets(self, figure: _Figure, topic: str, line: str, *, named: bool) -> Iterator[str]:
        if topic in {"fees", "published"}:
            yield ""
        elif topic == "requests" and not figure.is_money:
            # 3件申请答复被撤销
            revoked = figure.value != 0 and not figure.left and any(one.id == "corrected" for one in figure.right)
            yield from [""] if revoked else self._request(figure, line, named=named)
        elif topic.startswith(_REVIEW) and not figure.is_money:
            undone = next((one.id for one in figure.right if one.kind == "result" and figure.text[one.start] == "被"), "")
            result = figure.of("result") or undone or ("other" if line in {"others", "other"} else "")
            unsure = result in _NO_RESULT or (not result and not named and topic in self.state.counted)
            if result == "concluded" and topic in self.state.reviews:
                # 复议71件,已审结64件,均维持
                self.state.reviews[topic] = figure.value
            yield "" if unsure else f"{topic}/{result or 'total'}"
        elif topic.startswith("proactive/"):
            yield from self._document(figure, topic, named=named)

    def _request(self, figure: _Figure, line: str, *, named: bool) -> Iterator[str]:
        state, column = self.state, figure.column()
        if line == "others":
            # 自然人3件,其他1件: another applicant; 网上3件,其他1件: another channel
            other = "other.other" if state.line.startswith("other.") else "other"
            column, line = {"column": ("other", ""), "channel": ("", "unsure"), "subject": ("", "unsure")}.get(
                state.kind, ("", other)
            )
        if column == "others":
            # 企业5件,其他组织1件
            listed = any(one.id in _ORGANISATIONS for one in figure.clause.sentence.marks)
            column, line = ("other", line) if listed else ("", "unsure")
        if not line and column:
            # 结转下年度2件。自然人30件: who asked is told of what was received
            apart = (
                state.line in {"carried_in", "carried_out"}
                and state.since != figure.clause.sentence.begin
                and state.received is not None
            )
            alike = state.line == "processed_total" and state.value == state.received is not None
            line = "new" if apart or alike else state.line or "new"
        elif not line and named:
            # of requests that were counted before it is a part that has no name here, or their sum
            words = figure.text[: figure.mark.start]
            part = state.value is not None and says("of_which", words)
            again = self.received is not None and _PART_OR_SUM.search(words)
            line = "unsure" if part or again else "new"
        if line:
            yield "" if line in _NO_LINE else f"requests/{line}/{column or 'total'}"

    def _document(self, figure: _Figure, topic: str, *, named: bool) -> Iterator[str]:
        """Yield the cell of the table on proactive disclosure: what it has depends on the form."""
        state, decided = self.state, topic in _DECISIONS
        if topic == "proactive/procurement":
            column = data()["units"].get(self.form, {}).get(figure.mark.unit)
            yield from [f"{topic}/{column}"] if column else []
        elif topic == "proactive/administrative_fees":
            if figure.is_money:
                yield f"{topic}/amount" if self.form == "2021" and figure.mark.unit == "万元" else ""
        elif not figure.is_money and (named or not decided):
            if decided:
                made = state.done in {"issued", "disclosed"} or figure.says("topic").endswith("决定")
                column = "decisions" if made or figure.value == 0 else ""
            elif not named and not _COUNTING.match(figure.text[figure.last.get("stock", _NO_MARK).end : figure.mark.start]):
                column = ""
            else:
                columns = data()["columns"]["2019" if self.form == "2019" else "2021"]
                done = [one for one in figure.left if one.kind == "stock"][-2:]
                if len(done) == 2 and _TOGETHER.match(figure.text[done[0].end : done[1].start]) and done[0].id in columns:
                    # 新制作并公开14件
                    yield f"{topic}/{columns[done[0].id]}"
                column = columns.get(state.done or "unsaid", "")
            yield f"{topic}/{column}" if column else ""

    def _remember(self, figure: _Figure, topics: tuple[str, ...], targets: list[str], *, part: bool) -> None:
        state, value = self.state, figure.value
        state.topics = topics
        if topics == ("requests",) and targets != [""]:
            _, line, column = targets[0].split("/")
            state.kind = "line" if column == "total" else "column"
            line = figure.of("line") or "new" if line == "new+carried_in" else line
            state.carried = state.carried or line == "carried_in"
            if figure.change is not None:
                state.line = state.line or line
            elif part and state.value is not None:
                # 全县304件,其中本级97件: what is said of all after that is said of the whole
                state.parted.add(line)
            elif column == "total" and line == "carried_in" and state.line == "new":
                # what is said of all requests after that is said of these too
                if "of_which" not in figure.last:
                    state.value = state.received = (state.value or 0.0) + value
            elif column == "total":
                if value or not state.value:
                    state.line, state.value, state.since = line, value, figure.clause.sentence.begin
                if line == "new":
                    state.received = self.received = value
                state.answered = state.answered or line == "processed_total"
            elif line != state.line:
                state.line, state.value = line, None
        elif all(topic.startswith(_REVIEW) for topic in topics) and figure.change is None:
            for line, _, column in (target.rpartition("/") for target in targets if target):
                if column == "total":
                    state.reviews[line] = value
                    state.counted.add(line)
                else:
                    state.told[line] = state.told.get(line, 0.0) + value

    # --- nothing, and all ---------------------------------------------------------------------------------------------------

    def _none(self, clause: Clause, none: Mark) -> Iterator[tuple[int, Claim]]:
        """Read 未收到申请: of what is named behind the word, or else before it."""
        said, state = clause.marks, self.state
        if any(mark.kind == "aim" for mark in said):
            return
        behind = [mark for mark in said if mark.start >= none.end]
        if not any(mark.kind in {"topic", "line"} for mark in behind):
            behind = [mark for mark in said if mark.end <= none.start]
        topics = [mark for mark in behind if mark.kind == "topic"]
        named = ["requests" if mark.id == "applications" else mark.id for mark in topics if mark.id != "outside"]
        lines = [mark.id for mark in behind if mark.id in {"carried_in", "carried_out"}]
        if any(mark.id == "carried" for mark in behind) and any(mark.kind == "last_year" for mark in said):
            lines.append("carried_in")
        ended = next((mark.id for mark in said if mark.kind == "result" and mark.id not in _NO_RESULT), "total")
        if not named and any(mark.kind == "channel" and "申请" in clause.text[mark.start : mark.end] for mark in said):
            named = ["requests"]
        elif not topics and not lines and none.end - none.start > 1 and not clause.text[none.end : clause.last].strip(",。;"):
            named = list(self._topics())
        elif not named and ended != "total" and all(topic.startswith(_REVIEW) for topic in self._topics()):
            named = list(state.reviews) if clause.text[none.start - 1] == "均" else list(state.topics)
        reviews = [name for name in named if name.startswith(_REVIEW)]
        if "fees" in named:
            named, reviews = ["fees"], []
        elif reviews and not _lists_requests(topics, clause.text):
            named = reviews
        if lines and not set(named) - {"requests"}:
            targets = [f"requests/{line}/total" for line in lines]
        else:
            made = clause.text[none.start : none.end].endswith(("制发", "制定", "出台", "印发"))
            issued = data()["columns"]["2019" if self.form == "2019" else "2021"]["issued"]
            documents = {name: f"{name}/{issued}" for name in named if made and name.startswith("proactive/")}
            nothing = documents | {"requests": "requests/new/total", "fees": "", **{name: f"{name}/{ended}" for name in reviews}}
            targets = [nothing[name] for name in named if name in nothing]
        for target in dict.fromkeys(targets):
            yield self._claim(clause, target, 0.0, none, "", clause.sentence.scope(none.start))
        if named or lines:
            state.topics = tuple(dict.fromkeys(named)) or ("requests",)

    def _all(self, clause: Clause, said: list[Mark]) -> Iterator[tuple[int, Claim]]:
        """Read 均已办结: a claim of the figure that it refers to."""
        state = self.state
        word = next((mark for mark in said if mark.kind == "all"), None) or self._implied(clause, said)
        if word is None or state.aside or any(mark.kind == "topic" and mark.id == "outside" for mark in said):
            return
        self._bracket(clause.sentence, word.start)
        behind = [mark for mark in said if mark.start >= word.end]
        ended = next((mark for mark in behind if mark.kind == "result" and mark.id not in _NO_RESULT), None)
        targets: list[tuple[str, float]] = []
        way = next((mark.id for mark in behind if mark.id in _WAYS_TO_COURT), None)
        if way is not None and "review/litigation" in state.reviews:
            # 诉讼4件,均为未经复议直接起诉
            state.reviews[way] = state.reviews["review/litigation"]
            targets = [(f"{way}/total", state.reviews[way])]
        elif ended is not None and state.reviews and not _NEGATED.search(clause.text, word.end, ended.start):
            rest = state.told if says("rest", clause.text, clause.first, word.end) else {}
            before = clause.text[clause.first : ended.start]
            said_of = {f"{_REVIEW}{name}" for name, words in _INSTANCES.items() if words.search(before)} & state.reviews.keys()
            targets = [
                (f"{line}/{ended.id}", value - rest.get(line, 0.0))
                for line, value in state.reviews.items()
                if (line in said_of if said_of else rest or line not in state.told or len(state.told) >= len(state.reviews))
            ]
        elif state.value is not None and self._topics() == ("requests",):
            column = next((mark.id for mark in said if mark.kind == "column" and mark.id != "anyone"), "")
            done = any(mark.id == "processed_total" for mark in said)
            near = (mark.id for mark in behind if mark.kind == "line" and mark.strong and mark.start - word.end <= 2 * ADJACENT)
            how = next(near, "unsure")
            if how not in _NO_LINE:
                targets = [(f"requests/{how}/total", state.value)]
            elif state.line in {"new", "processed_total"} and column:
                targets = [(f"requests/{state.line}/{column}", state.value)]
            elif state.line == "new" and done:
                targets = [("requests/processed_total/total", state.value)]
            elif done and state.received is not None and not state.answered:
                # 收到3件,1件予以公开,2件无法提供,均已答复: of whatever was received
                targets = [("requests/processed_total/total", state.received)]
        if word.id == "one" and [value for _, value in targets] != [1.0]:
            return
        targets = [(target, value - (state.excepted if target.startswith("requests/") else 0.0)) for target, value in targets]
        for target, value in targets:
            yield self._claim(clause, target, value, word, "all", clause.sentence.scope(word.start))

    def _implied(self, clause: Clause, said: list[Mark]) -> Mark | None:
        """Return the place of a result or an answer without a figure, which is of all of the figure before: 诉讼1件,结果维持."""
        elision, state = data()["elision"], self.state
        first = next((mark for mark in said if mark.kind == "result" or mark.id == "processed_total"), None)
        words = clause.text[clause.first : clause.last]
        if first is None or re.search(elision["some"], words) or _NEGATED.search(clause.text, clause.first, first.start):
            return None
        before, after = clause.text[clause.first : first.start], clause.text[first.end : clause.last].strip(",。;)")
        if first.kind == "result" and len(state.reviews) == 1 and not state.told and len(before) < 8 and len(after) < 8:
            return Mark(clause.first, first.start, "all", "implied")
        if first.kind == "line" and not after and re.fullmatch(elision["adverbs"], before):
            return Mark(clause.first, clause.first, "all", "implied")
        return None

    def _claim(self, clause: Clause, target: str, value: float, mark: Mark, qualifier: str, scope: str) -> tuple[int, Claim]:
        """Return a claim, and the place of its figure."""
        start, end = clause.span
        while start and self.text[start - 1] in OPENING:
            start -= 1
        _, place, page = self.places[bisect_right(self.places, start, key=itemgetter(0)) - 1]
        low, high = _interval(value, mark.about)
        quote, year = self.text[start:end], clause.sentence.year(mark.start)
        at = clause.sentence.begin + clause.sentence.places[mark.start]
        return at, Claim(target, value, low, high, mark.unit, qualifier, quote, start, end, scope, page, place, year)


def _is_heading(line: str) -> bool:
    """Tell whether a line only says what the paragraph after it is about."""
    if len(line) > _LONGEST_HEADING or not ITEM.match(line) or "。" in line or "未" in line:
        return False
    return not (hints()[0].search(line) and any(figures(prose(line)[0])))


def _settled(said: Sequence[tuple[int, Claim]], text: str, year: int | None) -> Iterator[Claim]:
    """Yield the claims of a sentence; of several figures for one cell only the whole is sure, the others are parts of it."""
    told: dict[tuple[str, int | None], list[tuple[int, Claim]]] = {}
    for at, claim in said:
        if claim.target and not claim.qualifier:
            told.setdefault((claim.target, claim.year), []).append((at, claim))
    carried = sum(claim.value for _, claim in told.get(("requests/carried_in/total", year), ()))
    unsure: set[int] = set()
    for same in told.values():
        begin, whole = max(same, key=lambda one: one[1].value)
        others = [(at, claim) for at, claim in same if claim.value != whole.value and claim.scope in {"", whole.scope}]
        if not others:
            continue
        last = others[-1][1]
        if whole.target.startswith(_REVIEW) and _DISCLOSURE.search(last.quote) and not _DISCLOSURE.search(whole.quote):
            # 行政复议18起,其中涉及政府信息公开的1起
            unsure.add(begin)
            continue
        if carried and whole.target == _RECEIVED and whole.value == last.value + carried:
            # 受理327件,其中上年结转14件,新收313件
            unsure.add(begin)
            continue
        unsure.update(at for at, _ in others)
        first = begin == same[0][0] and (whole.scope != last.scope or says("of_which", text, begin, others[0][0]))
        if not first and whole.value != sum(claim.value for _, claim in others) and not says("sum", whole.quote):
            unsure.add(begin)
    for at, claim in said:
        yield claim._replace(target="") if at in unsure else claim


def _interval(value: float, about: str) -> tuple[float | None, float | None]:
    """Return the bounds that a word like 余 or 近 sets; the figure itself where there is none."""
    if not about:
        return value, value
    size = 1.0
    while value and value % (size * 10) == 0:
        size *= 10
    bounds: dict[str, tuple[float | None, float | None]] = {
        **dict.fromkeys(["余", "多"], (value, value + size - 1)),
        **dict.fromkeys(["左右", "约", "大约"], (value - size, value + size)),
        **dict.fromkeys(["超过", "超", "逾", "突破"], (value + 1, None)),
        **dict.fromkeys(["至少", "不少于", "以上"], (value, None)),
        "近": (value - size, value - 1),
        "不足": (0.0, value - 1),
    }
    return bounds[about]


def _group(topics: Sequence[Mark], text: str) -> tuple[str, ...]:
    """Return the last topic, with those before it that are listed with it: 行政复议、行政诉讼."""
    group: list[Mark] = list(topics[-1:])
    for mark in reversed(topics[:-1]):
        between = text[mark.end : group[0].start]
        # 复议诉讼 is two, 行政复议申请 one
        pair = mark.id.startswith(_REVIEW) and group[0].id.startswith(_REVIEW)
        if not _JOINED.match(between) or not (between or pair):
            break
        group.insert(0, mark)
    names = tuple(dict.fromkeys(mark.id for mark in group))
    return names if names == ("applications",) else tuple("requests" if name == "applications" else name for name in names)


def _leading(topics: list[Mark], text: str) -> list[Mark]:
    """Return the first topic with those that are listed after it."""
    joined = takewhile(lambda pair: _JOINED.match(text[pair[0].end : pair[1].start]), pairwise(topics))
    return [*topics[:1], *(after for _, after in joined)]


def _lists_requests(topics: list[Mark], text: str) -> bool:
    """Tell whether requests are one item of a list, and not what a review was about."""
    for mark, after in pairwise(topics):
        if mark.id == "requests":
            between = text[mark.end : after.start]
            return bool(between and _JOINED.match(between))
    return bool(topics) and topics[-1].id == "requests"
