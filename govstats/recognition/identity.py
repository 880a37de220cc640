"""Who reports on which year, under which form, and which statutory sections the report has."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from importlib import resources
from itertools import pairwise, takewhile
from typing import Any, NamedTuple

from rapidfuzz import fuzz

from govstats.characters import normalised
from govstats.documents import Block, Document, Paragraph
from govstats.forms import Form, form, form_of_year, versions
from govstats.recognition.labels import Key, distinctive, key
from govstats.recognition.notes import note
from govstats.report import Note, SectionHeading

_NAME = r"[\u4e00-\u9fff·()]{0,40}?"
_YEAR = r"(?P<year{0}>20\d\d|二[〇○零Oo0][〇○零一二三四五六七八九Oo0]{{2}})年?(?:度)?"
_KIND = r"(?:政府|政务)信息公开(?:工作)?(?:年度)?(?:工作)?(?:报告|年报)"
#: 某局2021年政府信息公开工作年度报告, 2019年某局…, and without a year.
_TITLE = re.compile(
    rf"(?:关于)?(?:(?P<agency1>{_NAME}){_YEAR.format(1)}|{_YEAR.format(2)}(?P<agency2>{_NAME})|(?P<agency3>{_NAME}))(?:的)?{_KIND}"
)
#: 报告, 年报, and pinyin in brackets.
_TITLE_END = tuple("告报報)）")
_TITLE_ENDS = re.compile(r"(?<=报告)(?=.)")
#: A reporting period begins on a first of January, so many characters behind the word that tells of it at most.
_FIRST_OF_JANUARY = re.compile(r"(20\d\d)年?1月0?1日?")
_PERIOD = re.compile(r"(?:期限|期间|时间|时限|周期|数据)[^。;]{0,25}$")
_LONGEST_PERIOD = 27
_LED_TITLE = re.compile(r"^(?:标题|名称|信息名称|题名)[::]?(.+)$")
#: A title runs on into the line of the content management system: …年度报告发布时间: 2013-02-25.
_RUNS_ON = re.compile(r"(?:(?:信息)?发布(?:时间|日期|机构|单位)|来源|时间|日期|作者|浏览|字[号体])[::].*$")
_YEAR_OF_WORK = re.compile(r"(20\d\d)年(?:度)?(?:政府|政务)信息公开(?:工作)?(?:情况|年度|报告)")
#: What the year of a sentence is of: not of what is planned in it.
_YEAR_OF_SENTENCE = re.compile(
    r"(?:^|[。、)]|要求,|截[至止]|[我本][局委办市县区镇乡])(20\d\d)年(?:度?共|12月31日|度?(?:来|以来)?,|度?未)(?![^。\n]{0,30}(?:将|计划|拟))",
    re.MULTILINE,
)
_LAST_SECTIONS = re.compile(r"\n五、[^\n]{0,8}问题")
_FIRST_SECTION = re.compile("(?:一、|第一部分)")
_QUOTED = re.compile(r"《[^《》]*》")
_MARKUP = re.compile(r"^[#*=\s]+|[#*=\s]+$")
_DATE = re.compile(r"\(?20\d\d年\d{1,2}月\d{1,2}日\)?")
#: Whether it speaks for itself or for its government nobody can tell.
_GOVERNMENT_OFFICE = re.compile("政府办(?:公[厅室])?$|公开办(?:公室)?$|电子政务办(?:公室)?$|中心$")
_OFFICE_ITSELF = re.compile("[我本]办(?:公室)?[^理结]")
_DIGITS = str.maketrans("〇○零Oo一二三四五六七八九", "00000123456789")
_LONGEST_TITLE = 70
#: Shorter lines are figures and crumbs.
_SHORTEST = 4
#: A cell with a title or a name of the publisher: 名称, 发布机构, 来源.
_LINE_IN_CELL = re.compile(":|：|信息公开|信息公開|机构|機構|来源|來源")
_SECTION = re.compile("一|二|三|四|五|六|情况|事项|问题")
_LONGEST_HEADING = 40
_HEADING_LIKENESS = 0.7
#: So many statutory sections make a report.
_SECTIONS = 3
#: Labels of a form's own that are needed to tell it, and those after which nobody looks further.
_LEAST, _SURE = 2, 3
_NOT_WORD = re.compile(r"[\W_]+")


class Line(NamedTuple):
    """A line of the document, for reading: normalised, without white space; in a grid with its row and the place in it."""

    text: str
    block: Block
    row: int = 0
    at: int = 0

    @property
    def heading(self) -> bool:
        """The document marks it as a heading or title."""
        return isinstance(self.block, Paragraph) and self.block.heading

    @property
    def place(self) -> str:
        """Where it stands."""
        return self.block.place if isinstance(self.block, Paragraph) else self.block.rows[self.row][self.at].place


@dataclass(frozen=True)
class Identity:
    """What a report says of itself."""

    agency: str | None
    year: int | None
    form: Form
    title: str | None
    sections: tuple[SectionHeading, ...]
    notes: tuple[Note, ...]
    #: Something in the document shows that it is an annual report: its title, its sections or its tables.
    is_annual_report: bool


class _Title(NamedTuple):
    agency: str
    year: int | None
    text: str


class Candidate(NamedTuple):
    """A name or year that one place of a document gives, and what kind of place that is."""

    kind: str
    name: str


def identify(document: Document, *, agency: str | None, year: int | None, form_version: str | None) -> Identity:
    """Find out who reports on which year.

    Parameters
    ----------
    document : Document
        Of any format.
    agency, year, form_version
        What the caller knows already; it is believed.

    Returns
    -------
    Identity
        Null where the document does not say; `notes` tells what was concluded from what.
    """
    lines = _lines(document)
    text = "\n".join(line.text for line in lines)
    years = list(_years_said(text))
    period = _period_year(years)
    title = _title(document, lines, period)
    of_title = [Candidate("title", str(title.year))] if title and title.year else []
    told_year = _heaviest([*of_title, *years])
    found_year = int(told_year) if told_year else None
    names = _names(_agencies_said(document, lines, text), text)
    found_agency = _agency(names, title.agency if title else "", text)
    notes = [
        *_year_notes(title, period, year, found_year),
        *_agency_notes(title.agency if title else "", agency, found_agency, names),
    ]
    year = year if year is not None else found_year
    agency = agency or found_agency
    by_table, hits = _form_of_tables(document)
    if form_version:
        chosen = form(form_version)
    elif by_table:
        chosen = by_table
    else:
        chosen = form_of_year(year) if year and year >= form(versions()[0]).first_year else form(versions()[-1])
        notes.append(note("form_from_year", version=chosen.version))
    sections = _sections(lines, chosen)
    known = title is not None or len({section.number for section in sections}) >= _SECTIONS or hits >= 3
    known = known or (period is not None and "信息公开" in text)
    return Identity(agency, year, chosen, title.text if title else None, sections, tuple(notes), known)


def _year_notes(title: _Title | None, period: int | None, given: int | None, found: int | None) -> Iterator[Note]:
    """Yield what contradicts what about the year, or that nothing tells it."""
    if given is None and title and title.year and period and title.year != period:
        yield note("year_conflict", printed=title.text, title_year=title.year, period_year=period, followed=found)
    if given is not None and found not in {None, given}:
        yield note("year_given", given=given, found=found)
    if given is None and found is None:
        yield note("no_year")


def _agency_notes(title: str, given: str | None, found: str | None, names: Sequence[Candidate]) -> Iterator[Note]:
    """Yield what contradicts what about the agency, or that nothing tells it."""
    if given and title and not _agree(given, title):
        yield note("agency_given", given=given, found=title)
    strange = [
        one.name
        for one in names
        if one.kind in {"sentence", "compiler", "signature"} and not _related(one.name, found or one.name)
    ]
    if not given and strange:
        yield note("agency_conflict", followed=found, other="、".join(dict.fromkeys(strange)))
    if not given and found is None:
        yield note("no_agency")


def reports_named(document: Document) -> list[tuple[int, str, int, str]]:
    """Return the titles that stand on lines of their own, also two in one line, each with its block, agency, year and place."""
    titles = []
    for number, block in enumerate(document.blocks):
        text = block.text if isinstance(block, Paragraph) and len(block.text) < 2 * _LONGEST_TITLE else ""
        for part in _TITLE_ENDS.split(_compact(text)) if text.endswith(_TITLE_END) else ():
            match = _title_in(part)
            if match and (name := match["agency1"] or match["agency2"]) and not _words("clauses").search(name):
                titles.append((number, name, _year(match["year1"] or match["year2"] or "") or 0, block.place))
    return [title for before, title in pairwise([(0, "", 0, ""), *titles]) if title[1:3] != before[1:3]]


def reports_in(document: Document) -> list[tuple[str, int, str, Document]]:
    """Part a document that holds several reports: a comparison, a yearbook, an agency beside its superior.

    Parameters
    ----------
    document : Document
        Of any format.

    Returns
    -------
    list of (agency, year, place, Document)
        One for each title on a line of its own under which statutory tables or sections stand; at most one in an ordinary
        document.
    """
    titles = reports_named(document)
    if len(titles) < 2:
        return []
    parts = []
    for (start, agency, year, place), (end, *_) in pairwise([*titles, (len(document.blocks), "", 0, "")]):
        part = replace(document, blocks=document.blocks[start:end], metadata={}, again=None)
        if _form_of_tables(part)[0] or len({one.number for one in _sections(_lines(part), form(versions()[-1]))}) >= _SECTIONS:
            parts.append((agency, year, place, part))
    return parts


def _lines(document: Document) -> list[Line]:
    """Return what may be a title, a heading or a line about the publisher; table cells only where they look like one."""
    texts: list[str] = []
    places: list[tuple[Block, int, int]] = []
    labels = _printed_labels()
    for block in document.blocks:
        if isinstance(block, Paragraph):
            parts = block.text.split("\n")
            texts += parts
            places += [(block, 0, 0)] * len(parts)
        else:
            # in most tables nothing else stands, and there are many cells
            others = {text for row in block.texts for text in row if len(text) >= _SHORTEST} - labels
            for number, row in enumerate(block.texts if others else ()):
                for at, text in enumerate(row):
                    if text in others and (len(row) == 1 or _LINE_IN_CELL.search(text)):
                        texts.append(text.replace("\n", " "))
                        places.append((block, number, at))
    # all lines at once take a fraction of the time that one by one would
    compact = ["".join(text.split()) for text in normalised("\n".join(texts)).split("\n")]
    return [Line(text, *place) for text, place in zip(compact, places, strict=False) if len(text) >= _SHORTEST]


@cache
def _printed_labels() -> frozenset[str]:
    """Return the labels of the statutory tables, which are no lines of their own."""
    tables = [table for version in versions() for table in form(version).tables]
    labels = (label for table in tables for label in (*table.lines, *table.columns, *table.groups))
    headers = (text for table in tables for text in (table.corner, *(band.zh for band in table.bands)))
    return frozenset([*headers, *(text for label in labels for text in (label.zh, *label.also))])


def _compact(text: str) -> str:
    return "".join(normalised(text).split())


# --- title, agency, year ------------------------------------------------------------------------------------------------


def _title(document: Document, lines: list[Line], period: int | None) -> _Title | None:
    """Return the best title: what is marked as one before other lines, with agency and year before those without.

    Pages link to the reports of other years: of several titles that of the reporting period is meant.
    """
    parts: list[_Title] = []
    for texts in (_marked_titles(document, lines), _title_texts(lines)):
        titles = [title for title in map(_title_of, texts) if title]
        full = [title for title in titles if title.agency and title.year]
        if full:
            return next((title for title in full if title.year == period), full[0])
        parts += titles
    return max(parts, key=lambda title: bool(title.agency) + bool(title.year), default=None)


def _title_of(text: str) -> _Title | None:
    """Return what a text says if it is a title and nothing else, and its agency no clause."""
    match = _title_in(text)
    if match is None:
        return None
    name = _bare(match["agency1"] or match["agency2"] or match["agency3"] or "")
    return None if name and _words("clauses").search(name) else _Title(name, _year(match["year1"] or match["year2"] or ""), text)


def _title_in(text: str) -> re.Match[str] | None:
    """Return the parts of a text that is a title and nothing else."""
    return _TITLE.fullmatch(text) if "信息公开" in text and text.endswith(("报告", "年报")) else None


def _marked_titles(document: Document, lines: list[Line]) -> Iterator[str]:
    """Yield what the document marks as its title."""
    for line in lines:
        if led := _LED_TITLE.match(line.text):
            yield from (led[1], _RUNS_ON.sub("", led[1]))
    yield from (_MARKUP.sub("", line.text) for line in lines if line.heading or _MARKUP.match(line.text))
    if whole := _compact(document.metadata.get("title", "")):
        yield from (whole, *re.split(r"[_|\-–—]", whole))


def _title_texts(lines: list[Line]) -> Iterator[str]:
    """Yield short lines, alone and with their neighbours, then what the preface cites; the report itself cites others."""
    short = [line.text if len(line.text) <= _LONGEST_TITLE else "" for line in lines]
    yield from (re.sub(r"^\([^()]{1,6}\)", "", _RUNS_ON.sub("", text)) for text in short if text)
    # a title over two or three lines; the line before belongs to it only where it names an agency
    for before, text, after in zip(["", *short], short, [*short[1:], ""], strict=False):
        lead = before if _words("ends").search(before) else ""
        yield from (text + after, lead + text, lead + text + after)
    preface = list(takewhile(lambda line: not _FIRST_SECTION.match(line.text), lines))
    for line in preface:
        yield from re.findall(r"《([^《》]{10,60})》", line.text if "信息公开" in line.text else "")
    # a page in one line: its title stands where the text begins, or after the crumbs of the navigation
    for line in preface[:12]:
        if len(line.text) > _LONGEST_TITLE:
            yield from (match[0] for match in _TITLE.finditer(_FIRST_SECTION.split(line.text[:400])[0]))


def _year(text: str) -> int | None:
    digits = text.translate(_DIGITS)
    return int(digits) if digits.isdigit() else None


def _years_said(text: str) -> Iterator[Candidate]:
    """Yield the year of the sentences on the reporting period, of those on the work, and the one that all others begin with."""
    told = 0
    for found in _FIRST_OF_JANUARY.finditer(text):
        if _PERIOD.search(text, max(told, found.start() - _LONGEST_PERIOD), found.start()):
            told = found.end()
            yield Candidate("period", found[1])
    plain = _QUOTED.sub("", "\n".join(line for line in text.split("\n") if not _title_in(line)))
    # the title of a work plan that is cited may be of another year
    yield from (Candidate("sentence", year) for year in _YEAR_OF_WORK.findall(plain))
    begun = {found[1] for found in _YEAR_OF_SENTENCE.finditer(_LAST_SECTIONS.split(plain)[0])}
    yield from (Candidate("sentences", year) for year in begun if len(begun) == 1)


def _period_year(said: Sequence[Candidate]) -> int | None:
    """Return the year that the period is said to be most often, else that of the work."""
    years = [one.name for kind in ("period", "sentence") for one in said if one.kind == kind]
    first = [one.name for one in said if one.kind == "period"] or years
    return int(max(dict.fromkeys(first), key=first.count)) if first else None


def _agencies_said(document: Document, lines: list[Line], text: str) -> Iterator[Candidate]:
    """Yield whom sentences, labels and signatures name; an office to write to, a label or a crumb names nobody."""
    if publisher := _compact(document.metadata.get("publisher", "")):
        yield Candidate("publisher", publisher)
    for kind, pattern in _named_in_sentences():
        yield from (Candidate(kind, name) for name in pattern.findall(text))
    for before, line in reversed(list(pairwise(lines))):
        if _DATE.fullmatch(line.text) and re.fullmatch(r"[\u4e00-\u9fff]{4,25}", before.text):
            yield Candidate("signature", before.text)


def _bare(name: str) -> str:
    """Return a name without the verb before it, and without the office that writes for it."""
    return _words("office").sub("", _verbs().sub("", name.strip("()")))


def _names(said: Iterable[Candidate], text: str) -> list[Candidate]:
    """Return the candidates whose names are names; an office of a government speaks for itself only where it says so."""
    bare = [one._replace(name=_bare(one.name)) for one in said]
    names = [
        one for one in bare if len(one.name) > 2 and _words("ends").search(one.name) and not _words("clauses").search(one.name)
    ]
    if _OFFICE_ITSELF.search(text):
        return names
    return [one for one in names if one.kind not in {"contact", "compiler"} or not _GOVERNMENT_OFFICE.search(one.name)]


def _agency(said: Sequence[Candidate], title: str, text: str) -> str | None:
    """Return the name of the title, in full where it names no place, else that on which most of the evidence agrees."""
    if title and not _words("generic").match(title):
        return title
    full = [one for one in said if not _words("generic").match(one.name)]
    if title:
        core = re.sub(r"^(?:本|我)", "", title)
        longer = re.findall(rf"(?<![\u4e00-\u9fff])([\u4e00-\u9fff]{{2,8}}{re.escape(core)})(?![\u4e00-\u9fff])", text)
        longer = [name for name in longer if not _words("clauses").search(name)]
        longer += [one.name for one in full if one.name != core and (one.name.endswith(core) or _abbreviates(core, one.name))]
        return max(longer, key=lambda name: (longer.count(name), len(name)), default=title)
    name = _heaviest(full or [one for one in said if one.kind == "sentence"])
    return next((one.name for one in full if one.name == f"{name}人民政府"), name)


def _abbreviates(short: str, name: str) -> bool:
    """Tell whether the letters of a short name stand in order in a full one: 市科委, 某市科学技术委员会."""
    return re.search(".*".join(map(re.escape, short)), name) is not None


def _heaviest(said: Sequence[Candidate]) -> str | None:
    """Return the name, or year, that most of the evidence is for; None where two have the same."""
    weights: Counter[str] = Counter()
    # what is said twice in one way is one piece of evidence
    for one in dict.fromkeys(said):
        weights[one.name] += _data()["weights"][one.kind]
    alike = {name: sum(weight for other, weight in weights.items() if _agree(name, other)) for name in weights}
    best = sorted(alike, key=lambda name: (-alike[name], -weights[name], -len(name)))[:2]
    rivals = [name for name in best[1:] if not _agree(name, best[0])]
    tied = any((alike[name], weights[name]) == (alike[best[0]], weights[best[0]]) for name in rivals)
    return None if tied or not best else best[0]


def _related(name: str, other: str) -> bool:
    """Tell whether two names begin with one place, or one is the other in short."""
    return name[:2] == other[:2] or _agree(name, other) or _abbreviates(name, other) or _abbreviates(other, name)


def _agree(name: str, other: str) -> bool:
    """Tell whether two names may be of one agency: a part of it, or what stands before it."""
    return name in other or other in name


@cache
def _data() -> dict[str, Any]:
    """Return what identity.toml says."""
    return tomllib.loads((resources.files(__package__) / "identity.toml").read_text("utf-8"))


@cache
def _words(name: str) -> re.Pattern[str]:
    return re.compile(_data()[name])


@cache
def _verbs() -> re.Pattern[str]:
    """Return an expression for what stands before a name, verb last: 结合实际编写."""
    before = "".join(f"(?<!{word})" for word in _data()["not_verbs"])
    return re.compile(f"^(?:.*?(?:{before}(?:{'|'.join(_data()['verbs'])})了?)+)(?=[\u4e00-\u9fff]{{2}})")


@cache
def _named_in_sentences() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Return the kinds of sentences that name the agency, each with its expression."""
    organ, disclosure = _data()["organ"], _data()["disclosure"]
    return tuple(
        (kind, re.compile(word.replace("@organ", organ).replace("@disclosure", disclosure), re.MULTILINE))
        for kind, words in _data()["sentences"].items()
        for word in words
    )


# --- form and sections --------------------------------------------------------------------------------------------------


def _form_of_tables(document: Document) -> tuple[Form | None, int]:
    """Return the form whose own labels stand in the tables, else in the text: a circular that the prose cites decides nothing."""
    labels = {text for grid in document.grids for row in grid.texts for text in row if len(text) >= _SHORTEST}
    hits = {version: len(own & labels) for version, own in distinctive().items()}
    best = max(hits, key=hits.__getitem__)
    if hits[best] < _SURE or hits[best] < sum(hits.values()):
        # labels may be numbered or torn, or stand in the text; whatever the figures are, they part labels
        texts = [text for grid in document.grids for row in grid.texts for text in row]
        hits = _labels_in("".join(["0" if text.isdecimal() else text for text in texts]))
        if max(hits.values()) < _LEAST:
            hits = _labels_in("".join(paragraph.text for paragraph in document.paragraphs))
        best = max(hits, key=hits.__getitem__)
    return form(best) if hits[best] >= _LEAST else None, hits[best]


def _labels_in(text: str) -> dict[str, int]:
    """Return how many labels of its own each form has in a text."""
    words = _NOT_WORD.sub("", normalised(text))
    return {version: sum([word in words for word in own]) for version, own in distinctive().items()}


def _sections(lines: list[Line], of_form: Form) -> tuple[SectionHeading, ...]:
    """Return the headings of the statutory sections, as they are printed."""
    found = []
    for line in lines:
        text = line.text
        if len(text) <= _LONGEST_HEADING and _SECTION.search(text) and (number := _section_of(text, of_form)):
            found.append(SectionHeading(number, text, line.place))
            continue
        if "情况" not in text and "事项" not in text:
            continue
        # the text of the section goes on in the same paragraph, or the whole page is one line
        compact = _NOT_WORD.sub("", text)
        places = sorted((compact.find(word.number + word.word), number, word) for number, word in _expected(of_form))
        found += [SectionHeading(number, f"{word.number}、{word.word}", line.place) for at, number, word in places if at >= 0]
    return tuple(found)


@cache
def _expected(of_form: Form) -> tuple[tuple[int, Key], ...]:
    return tuple((int(section.id), key(text)) for section in of_form.sections for text in (section.zh, *section.also))


@lru_cache(maxsize=1024)
def _section_of(text: str, of_form: Form) -> int:
    """Return the number of the section that a line is the heading of; 0 where it is none."""
    found = key(text)
    best, number = 0.0, 0
    for section, word in _expected(of_form):
        if found.number and found.number != word.number:
            continue
        # a number of its own is half of a heading: 五、存在问题与不足
        likeness = fuzz.ratio(found.word, word.word) / 100 + (0.15 if found.number else 0.0)
        if likeness > best:
            best, number = likeness, section
    return number if best >= _HEADING_LIKENESS else 0
