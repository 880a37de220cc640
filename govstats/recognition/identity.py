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
from urllib.parse import urlsplit

from rapidfuzz import fuzz, process

from govstats.characters import normalised
from govstats.documents import Document, Paragraph
from govstats.forms import Form, form, form_of_year, versions
from govstats.recognition.labels import Key, distinctive, key
from govstats.recognition.notes import note
from govstats.report import Note, SectionHeading

#: 人民政府 is the end of a name, and no 政府信息.
_KIND = r"(?:(?<!人民)政府|政务|(?<=政府)|(?<=[局委厅办年度]))信息公开(?:工作)?(?:年度)?(?:工作)?(?:报告|年报)"
_YEAR = r"(?:20\d\d|二[〇○零Oo0][〇○零一二三四五六七八九Oo0]{2})年?(?:度)?"
#: 某局2021年政府信息公开工作年度报告, 2019年某局…, and without a year.
_TITLE = re.compile(rf"(?:关于)?((?:{_YEAR})?[\u4e00-\u9fff·()]{{0,40}}?(?:(?:关于)?{_YEAR})?)(?:的)?{_KIND}")
_YEAR_OF_TITLE = re.compile(rf"^{_YEAR}|(?:关于)?{_YEAR}$")
#: 报告, 年报, and pinyin in brackets.
_TITLE_END = tuple("告报報)）")
_TITLE_ENDS = re.compile(r"(?<=报告)(?=.)")
#: What a page puts around a title: a label, marks, a bracket; it runs on into the line of the content management system.
_AROUND_TITLE = re.compile(
    r"^(?:标题|名称|信息名称|题名)[::]?|^[#*=|\s]+|[#*=|\s]+$|^\([^()]{1,6}\)"
    r"|(?:(?:信息)?发布(?:时间|日期|机构|单位)|来源|时间|日期|作者|浏览|字[号体])[::].*$"
)
_LAST_SECTIONS = re.compile(r"\n五、[^\n]{0,8}问题")
_FIRST_SECTION = re.compile("(?:一、|第一部分)")
_QUOTED = re.compile(r"《[^《》]*》")
_DATE = re.compile(r"\(?20\d\d年\d{1,2}月\d{1,2}日\)?")
_DIGITS = str.maketrans("〇○零Oo一二三四五六七八九", "00000123456789")
_LONGEST_TITLE = 70
#: Shorter lines are figures and crumbs.
_SHORTEST = 4
#: A cell with a title or a name of the publisher: 名称, 发布机构, 来源.
_LINE_IN_CELL = re.compile("[:：]|信息公[开開].*[告報报]|机构|機構|来源|來源")
_SECTION = re.compile("一|二|三|四|五|六|情况|事项|问题")
_LONGEST_HEADING = 40
#: In percent; a number that is right counts so much.
_HEADING_LIKENESS, _OF_A_NUMBER = 70, 15
#: The heading of a section, not of a part of one, such as （二）主动公开政府信息情况; how like it is if its number is another.
_RENUMBERED, _SAME_TITLE = re.compile("[一二三四五六七八九十]+、"), 90
#: So many statutory sections make a report.
_SECTIONS = 3
#: Labels of a form's own that are needed to tell it, and those after which nobody looks further.
_LEAST, _SURE = 2, 3
_NOT_WORD = re.compile(r"[\W_]+")


class Line(NamedTuple):
    """A line of the document, for reading: normalised, without white space; and whether the document marks it as a heading."""

    text: str
    place: str
    heading: bool = False


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


_NO_TITLE = _Title("", None, "")


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
    dated = [one.name for one in years if one.kind == "period"] or [one.name for one in years if one.kind == "sentence"]
    period = int(Counter(dated).most_common(1)[0][0]) if dated else None
    title = _title(document, lines, period)
    told_year = _heaviest([Candidate("title", str(title.year)), *years] if title.year else years)
    found_year = int(told_year) if told_year else None
    named = _names(_agencies_said(document, lines, text))
    names = _names(one._replace(name=_meant(one.name, one.kind, text)) for one in named)
    found_agency = _agency(names, title.agency, named, text)
    by_table, hits = _form_of_tables(document)
    of_year = year or found_year or 0
    by_year = form_of_year(of_year) if of_year >= form(versions()[0]).first_year else form(versions()[-1])
    chosen = form(form_version) if form_version else by_table or by_year
    sections = _sections(lines, chosen)
    rivals = [one.name for one in names if found_agency and one.kind in _data()["rivals"] and one.name[:2] != found_agency[:2]]
    others = "、".join(dict.fromkeys(name for name in rivals if not _abbreviates(*sorted([name, found_agency or ""], key=len))))
    years_differ = title.year and period and title.year != period
    agencies_differ = agency and title.agency and not _agree(agency, title.agency)
    told: list[tuple[object, str, dict[str, Any]]] = [
        (years_differ and not year, "year_conflict", {"printed": title.text, "title_year": title.year, "period_year": period}),
        (year and found_year and year != found_year, "year_given", {"given": year, "found": found_year}),
        (not year and not found_year, "no_year", {}),
        (agencies_differ, "agency_given", {"given": agency, "found": title.agency}),
        (others and not agency, "agency_conflict", {"followed": found_agency, "other": others}),
        (not agency and not found_agency, "no_agency", {}),
        (not by_table and not form_version, "form_from_year", {"version": chosen.version}),
    ]
    notes = tuple(note(kind, **{"followed": found_year, **fields}) for holds, kind, fields in told if holds)
    told_sections = {section.number for section in sections}
    known = title.text or hits >= _SURE or len(told_sections) >= _SECTIONS or (period and "信息公开" in text)
    year = found_year if year is None else year
    return Identity(agency or found_agency, year, chosen, title.text or None, sections, notes, bool(known))


def reports_named(document: Document) -> list[tuple[int, str, int, str]]:
    """Return the titles that stand on lines of their own, also two in one line, each with its block, agency, year and place."""
    titles = [(0, "", 0, "")]
    for number, block in enumerate(document.blocks):
        text = block.text if isinstance(block, Paragraph) and len(block.text) < 2 * _LONGEST_TITLE else ""
        for title in map(_title_of, _TITLE_ENDS.split(_compact(text))):
            if title.agency and (title.agency, title.year or 0) != titles[-1][1:3]:
                titles.append((number, title.agency, title.year or 0, block.place))
    return titles[1:]


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
    found: list[Line] = []
    for block in document.blocks:
        if isinstance(block, Paragraph):
            found += [Line(text, block.place, block.heading) for text in block.text.split("\n")]
        else:
            cells = (cell for row in block.rows for cell in row if len(row) == 1 or _LINE_IN_CELL.search(cell.text))
            found += [Line(cell.text.replace("\n", " "), cell.place) for cell in cells]
    # all lines at once take a fraction of the time that one by one would
    compact = ["".join(text.split()) for text in normalised("\n".join(line.text for line in found)).split("\n")]
    return [line._replace(text=text) for line, text in zip(found, compact, strict=False) if len(text) >= _SHORTEST]


def _compact(text: str) -> str:
    return "".join(normalised(text).split())


# --- title, agency, year ------------------------------------------------------------------------------------------------


def _title(document: Document, lines: list[Line], period: int | None) -> _Title:
    """Return the best title: what is marked as one before other lines, with agency and year before those without.

    Pages link to the reports of other years: of several titles that of the reporting period is meant.
    """
    parts = [_NO_TITLE]
    for texts in (_marked_titles(document, lines), _title_texts(lines)):
        titles = list(map(_title_of, texts))
        full = [title for title in titles if title.agency and title.year]
        if full:
            return next((title for title in full if title.year == period), full[0])
        parts += titles
    return max(parts, key=lambda title: (bool(title.text), bool(title.agency) + bool(title.year)))


def _title_of(text: str) -> _Title:
    """Return what a text says if it is a title and nothing else, and its agency no clause."""
    match = _TITLE.fullmatch(text) if text.endswith(_TITLE_END) else None
    if match is None or _words("clauses").search(name := _bare(_YEAR_OF_TITLE.sub("", match[1]))):
        return _NO_TITLE
    year = _YEAR_OF_TITLE.search(match[1])
    digits = re.sub("关于|年|度", "", year[0]).translate(_DIGITS) if year else ""
    return _Title(name, int(digits) if digits else None, text)


def _marked_titles(document: Document, lines: list[Line]) -> Iterator[str]:
    """Yield what the document marks as its title."""
    bare = [_AROUND_TITLE.sub("", line.text) for line in lines]
    yield from (text for text, line in zip(bare, lines, strict=True) if line.heading or text != line.text)
    whole = _compact(document.metadata.get("title", ""))
    yield from (whole, *re.split(r"[_|\-–—]", whole))


def _title_texts(lines: list[Line]) -> Iterator[str]:
    """Yield short lines, alone and with their neighbours, then what the preface cites; the report itself cites others."""
    short = [line.text if len(line.text) <= _LONGEST_TITLE else "" for line in lines]
    yield from short
    # a title over two or three lines; the line before belongs to it only where it names an agency
    for before, text, after in zip(["", *short], short, [*short[1:], ""], strict=False):
        lead = before if _words("ends").search(before) else ""
        yield from (text + after, lead + text, lead + text + after)
    preface = list(takewhile(lambda line: not _FIRST_SECTION.match(line.text), lines))
    for line in preface:
        yield from re.findall(r"《([^《》]{10,60})》", line.text)
    # a page in one line: its title stands where the text begins, or after the crumbs of the navigation
    begins = "\n".join(
        _FIRST_SECTION.split(_QUOTED.sub("", line.text[:400]))[0] for line in preface[:12] if len(line.text) > _LONGEST_TITLE
    )
    yield from (match[0] for match in _TITLE.finditer(begins))


def _years_said(text: str) -> Iterator[Candidate]:
    """Yield the years that sentences name as that of the report; those of one kind that differ say nothing."""
    # the title of a work plan that is cited may be of another year
    plain = _QUOTED.sub("", "\n".join(line for line in text.split("\n") if not _TITLE.fullmatch(line)))
    texts = {"period": text, "sentences": _LAST_SECTIONS.split(plain)[0]}
    for kind, pattern in _named_in("years", ""):
        found = pattern.findall(texts.get(kind, plain))
        if kind not in _data()["unanimous"] or len(set(found)) == 1:
            yield from (Candidate(kind, year) for year in found)


def _agencies_said(document: Document, lines: list[Line], text: str) -> Iterator[Candidate]:
    """Yield whom sentences, labels, addresses of sites and signatures name; an office to write to or a crumb names nobody."""
    yield Candidate("publisher", _compact(document.metadata.get("publisher", "")))
    host = urlsplit(document.metadata.get("url", "")).hostname
    for kind, pattern in _named_in("sentences", re.escape(host) if host else r"[a-z0-9-]+(?:\.[a-z0-9-]+)+"):
        yield from (Candidate(kind, name) for name in pattern.findall(text))
    for before, line in reversed(list(pairwise(lines))):
        if _DATE.fullmatch(line.text) and re.fullmatch(r"[\u4e00-\u9fff]{4,25}", before.text):
            yield Candidate("signature", before.text)


def _bare(name: str) -> str:
    """Return a name without the verb before it, and without the office that writes for it."""
    return _words("office").sub("", _words("verbs").sub("", name.strip("()")))


def _names(said: Iterable[Candidate]) -> list[Candidate]:
    """Return the candidates whose names are names."""
    bare = (one._replace(name=_bare(one.name)) for one in said)
    ends, clauses = _words("ends"), _words("clauses")
    return [one for one in bare if len(one.name) > 2 and ends.search(one.name) and not clauses.search(one.name)]


def _meant(name: str, kind: str, text: str) -> str:
    """Return whom a name stands for that only wrote the report, answers for it or has the site.

    An office speaks for itself where it says 我办, for its government where it says 我县, and a bureau that answers for a report
    where it says 我局; else nobody can tell.
    """
    doubtful = _data()["mediate"].get(kind)
    if not doubtful or not re.search(doubtful, name) or _words("office_speaks").search(text):
        return name
    bureau = _words("bureau_speaks").search(text)
    if _words("bureau").search(name):
        return name if bureau else ""
    return re.sub("(?<=政府)办公?[厅室]?$", "", name) if _words("area_speaks").search(text) and not bureau else ""


def _agency(said: Sequence[Candidate], title: str, named: Sequence[Candidate], text: str) -> str | None:
    """Return the name of the title, in full where it names no place, else that on which most of the evidence agrees."""
    generic = _words("generic")
    full = [one for one in said if not generic.match(one.name)]
    itself = [one for one in said if one.kind in _data()["generic_kinds"] and not one.name.endswith("政府")]
    name = title or _heaviest(full or itself)
    if not name or not generic.match(name):
        return next((one.name for one in full if one.name == f"{name}人民政府" and not title), name)
    core = re.sub(r"^(?:本|我)", "", name)
    longer = re.findall(rf"(?<![\u4e00-\u9fff])([\u4e00-\u9fff]{{2,12}}{re.escape(core)})(?![\u4e00-\u9fff])", text)
    longer = [one for one in map(_bare, longer) if not _words("clauses").search(one)]
    places = [one.name for one in named if not generic.match(one.name)]
    longer += [one for one in places if one.endswith(core) or _abbreviates(core, one)]
    return max((one for one in longer if one != core), key=lambda one: (longer.count(one), len(one)), default=name)


def _heaviest(said: Sequence[Candidate]) -> str | None:
    """Return the name, or year, that most of the evidence is for; None where two have the same."""
    weights: Counter[str] = Counter()
    # what is said twice in one way is one piece of evidence
    for one in dict.fromkeys(said):
        weights[one.name] += _data()["weights"][one.kind]
    alike = {name: sum(weight for other, weight in weights.items() if _agree(name, other)) for name in weights}
    ranked = sorted(weights, key=lambda name: (alike[name], weights[name], len(name)), reverse=True)
    rivals = [name for name in ranked[:2] if not _agree(name, ranked[0])]
    tied = any((alike[name], weights[name]) == (alike[ranked[0]], weights[ranked[0]]) for name in rivals)
    return ranked[0] if ranked and not tied else None


def _abbreviates(short: str, name: str) -> bool:
    """Tell whether the letters of a short name stand in order in a full one: 市科委, 某市科学技术委员会."""
    return re.search(".*".join(map(re.escape, short)), name) is not None


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


@lru_cache(maxsize=64)
def _named_in(group: str, host: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Return the kinds of sentences that name the agency, or the year, each with its expression."""
    slots = {"@organ": _data()["organ"], "@disclosure": _data()["disclosure"], "@host": host}
    return tuple(
        (kind, re.compile(re.sub("@[a-z]+", lambda slot: slots[slot[0]], word), re.MULTILINE))
        for kind, words in _data()[group].items()
        for word in words
    )


# --- form and sections --------------------------------------------------------------------------------------------------


def _form_of_tables(document: Document) -> tuple[Form | None, int]:
    """Return the form whose own labels stand in the tables, else in the text: a circular that the prose cites decides nothing."""
    texts = [text for grid in document.grids for row in grid.texts for text in row]
    hits = {version: len(own.intersection(texts)) for version, own in distinctive().items()}
    if max(hits.values()) < max(_SURE, sum(hits.values())):
        # labels may be numbered or torn, or stand in the text; whatever the figures are, they part labels
        in_tables = _labels_in("".join(["0" if text.isdecimal() else text for text in texts]))
        sure = max(in_tables.values()) >= _LEAST
        hits = in_tables if sure else _labels_in("".join(paragraph.text for paragraph in document.paragraphs))
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
        short = len(line.text) <= _LONGEST_HEADING and _SECTION.search(line.text)
        if number := _section_of(line.text, of_form) if short else 0:
            found.append(SectionHeading(number, line.text, line.place))
        elif "情况" in line.text or "事项" in line.text:
            # the text of the section goes on in the same paragraph, or the whole page is one line
            compact = _NOT_WORD.sub("", line.text)
            places = sorted((compact.find(word.number + word.word), number, word) for number, word in _expected(of_form))
            found += [SectionHeading(number, f"{word.number}、{word.word}", line.place) for at, number, word in places if at >= 0]
    return tuple(found)


@cache
def _expected(of_form: Form) -> tuple[tuple[int, Key], ...]:
    return tuple((int(section.id), key(text)) for section in of_form.sections for text in (section.zh, *section.also))


@lru_cache(maxsize=1024)
def _section_of(text: str, of_form: Form) -> int:
    """Return the number of the section that a line is the heading of; 0 where it is none."""
    found, expected = key(text), _expected(of_form)
    words = {at: word.word for at, (_, word) in enumerate(expected) if found.number in {"", word.number}}
    # a number of its own is half of a heading: 五、存在问题与不足
    likeness = _HEADING_LIKENESS - (_OF_A_NUMBER if found.number else 0)
    best = process.extractOne(found.word, words, scorer=fuzz.ratio, score_cutoff=likeness)
    if best is None and _RENUMBERED.match(text):
        # a section of the agency's own before it moves a section on: 七、其他需要报告的事项
        titles = [word.word for _, word in expected]
        best = process.extractOne(found.word, titles, scorer=fuzz.ratio, score_cutoff=_SAME_TITLE)
    return expected[best[2]][0] if best else 0
