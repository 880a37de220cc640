"""Who reports on which year, under which form, and which statutory sections the report has."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from importlib import resources
from itertools import chain, pairwise, takewhile
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
_YEAR = r"(?:20\d\d|二[〇○零Oo0][〇○零一二三四五六七八九Oo0]{2})年?(?:度)?"
_KIND = rf"(?:(?<!人民)政府|政务|(?<=政府)|(?<=[局委厅办年度]))信息公开(?:工作)?({_YEAR})?(?:年度)?(?:工作)?(?:报告|年报)"
#: 某局2021年政府信息公开工作年度报告, 2019年某局…, and without a year.
_TITLE = re.compile(rf"(?:关于)?({_YEAR})?([\u4e00-\u9fff·()]{{0,40}}?)(?:关于)?({_YEAR})?(?:的)?{_KIND}")
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
_SHORT_FOR = re.compile(r"\((?:以下|下文)?(?:简|统)?称[^()]*\)|(?<=[局委])\([^()\d]{2,16}[局委办会]\)")
_QUOTED = re.compile(r"《([^《》]*)》")
_DIGITS = str.maketrans("〇○零Oo一二三四五六七八九", "00000123456789", "年度")
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


class Evidence(NamedTuple):
    """What one place of a document says of the agency and the year; identity.toml gives the weight of each kind of place."""

    kind: str
    agency: str = ""
    year: str = ""
    text: str = ""


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
    said = list(_said(document, text))
    period = next((one.year for kind in ("period", "sentence") for one in said if one.kind == kind and one.year), "")
    title = _title(document, lines, period)
    found_year = int(_heaviest(_weighed([title, *said], "year"))[0] or 0) or None
    found_agency, others = _agency([title, *said], text)
    by_table, hits = _form_of_tables(document)
    of_year = year or found_year or 0
    by_year = form_of_year(of_year) if of_year >= form(versions()[0]).first_year else form(versions()[-1])
    chosen = form(form_version) if form_version else by_table or by_year
    sections = _sections(lines, chosen)
    told: list[tuple[object, str, dict[str, Any]]] = [
        (
            title.year and period and title.year != period and not year,
            "year_conflict",
            {"printed": title.text, "title_year": title.year, "period_year": period},
        ),
        (year and found_year and year != found_year, "year_given", {"given": year, "found": found_year}),
        (not year and not found_year, "no_year", {}),
        (agency and title.agency and not _agree(agency, title.agency), "agency_given", {"given": agency, "found": title.agency}),
        (others and not agency, "agency_conflict", {"followed": found_agency or "—", "other": "、".join(others)}),
        (not agency and not found_agency, "no_agency", {}),
        (not by_table and not form_version, "form_from_year", {"version": chosen.version}),
    ]
    notes = tuple(note(kind, **{"followed": found_year, **fields}) for holds, kind, fields in told if holds)
    told_sections = {section.number for section in sections}
    known = title.text or hits >= _SURE or len(told_sections) >= _SECTIONS or (period and "信息公开" in text)
    return Identity(agency or found_agency, year or found_year, chosen, title.text or None, sections, notes, bool(known))


def reports_named(document: Document) -> list[tuple[int, str, int, str]]:
    """Return the titles that stand on lines of their own, also two in one line, each with its block, agency, year and place."""
    titles = [(0, "", 0, "")]
    for number, block in enumerate(document.blocks):
        text = block.text if isinstance(block, Paragraph) and len(block.text) < 2 * _LONGEST_TITLE else ""
        for title in map(_title_of, _TITLE_ENDS.split(_compact(text))):
            if title.agency and (title.agency, int(title.year or 0)) != titles[-1][1:3]:
                titles.append((number, title.agency, int(title.year or 0), block.place))
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


# --- evidence: titles, sentences, signatures --------------------------------------------------------------------------------


def _title(document: Document, lines: list[Line], period: str) -> Evidence:
    """Return the best title: with agency and year before those without, what is marked as one before other lines.

    Pages link to the reports of other years: of several titles that of the reporting period is meant.
    """
    marked = [_title_of(text, "heading") for text in _marked(document, lines)]
    return max(
        [*marked, *map(_title_of, _title_texts(lines)), Evidence("title")],
        key=lambda one: (bool(one.text), bool(one.agency) + bool(one.year), one.kind == "heading", one.year == period),
    )


def _title_of(text: str, kind: str = "title") -> Evidence:
    """Return what a text says if it is a title and nothing else, and its agency no clause."""
    match = _TITLE.fullmatch(text) if text.endswith(_TITLE_END) else None
    name = _bare(match[2]) if match else ""
    if match is None or _words("clauses").search(name):
        return Evidence(kind)
    year = next(filter(None, match.group(1, 3, 4)), "").translate(_DIGITS)
    return Evidence(kind, name * bool(_words("ends").search(name)), year, text)


def _marked(document: Document, lines: list[Line]) -> list[str]:
    """Return what the document marks as its title."""
    bare = [_AROUND_TITLE.sub("", line.text) for line in lines]
    whole = _compact(document.metadata.get("title", ""))
    marked = [text for text, line in zip(bare, lines, strict=True) if line.heading or text != line.text]
    return [*marked, whole, *re.split(r"[_|\-–—]", whole)]


def _title_texts(lines: list[Line]) -> Iterator[str]:
    """Yield short lines, alone and with their neighbours, then what the preface cites; the report itself cites others."""
    short = [line.text if len(line.text) <= _LONGEST_TITLE else "" for line in lines]
    yield from short
    # a title over two or three lines; the line before belongs to it only where it names an agency
    for before, text, after in zip(["", *short], short, [*short[1:], ""], strict=False):
        lead = before * bool(_words("ends").search(before))
        yield from (text + after, lead + text, lead + text + after)
    preface = list(takewhile(lambda line: not _FIRST_SECTION.match(line.text), lines))
    yield from chain.from_iterable(_QUOTED.findall(line.text) for line in preface)
    # a page in one line: its title stands where the text begins, or after the crumbs of the navigation
    long = (_FIRST_SECTION.split(_QUOTED.sub("", line.text[:400]))[0] for line in preface[:12] if len(line.text) > _LONGEST_TITLE)
    yield from (match[0] for match in _TITLE.finditer("\n".join(long)))


def _said(document: Document, text: str) -> Iterator[Evidence]:
    """Yield what sentences, labels, addresses of sites and signatures say, as identity.toml lists them."""
    # the title of a work plan that is cited may be of another year
    text = _SHORT_FOR.sub("", text)
    plain = _QUOTED.sub("", "\n".join(line for line in text.split("\n") if not _TITLE.fullmatch(line)))
    publisher = _compact(document.metadata.get("publisher", ""))
    texts = {"text": f"{text}\n发布机构:{publisher}", "plain": plain, "body": _LAST_SECTIONS.split(plain)[0]}
    host = urlsplit(document.metadata.get("url", "")).hostname
    for row in _data()["evidence"]:
        patterns = _patterns(row["kind"], row["says"], re.escape(host or "") or r"[a-z0-9-]+(?:\.[a-z0-9-]+)+")
        found = dict.fromkeys(chain.from_iterable(pattern.findall(texts[row["in"]]) for pattern in patterns))
        if row["says"] == "agency":
            yield from (Evidence(row["kind"], agency=name) for name in map(_name, found))
        elif len(found) == 1 or not row.get("unanimous"):
            yield from (Evidence(row["kind"], year=year) for year in found)


# --- who is meant -----------------------------------------------------------------------------------------------------------


def _bare(name: str) -> str:
    """Return a name without the verbs around it, and without the office that writes for it."""
    return _words("office").sub("", _words("verbs").sub("", name.strip("()")))


def _name(printed: str) -> str:
    """Return the name in what is printed where one stands; nothing where it is a clause."""
    name = _bare(printed)
    return name * bool(len(name) > 2 and _words("ends").search(name) and not _words("clauses").search(name))


def _agency(said: Sequence[Evidence], text: str) -> tuple[str | None, list[str]]:
    """Return the name that most of the evidence is for, unless another has nearly as much, and the names that contradict it."""
    generic = _words("generic")
    full = [one.agency for one in said if one.agency and not generic.match(one.agency)]
    meant = [one._replace(agency=_in_full(_meant(one, text), full, text)) for one in said]
    sure = [one for one in meant if one.kind in _data()["generic_kinds"] or not generic.match(one.agency)]
    weights = _weighed(sure, "agency")
    found, against = _heaviest(weights, _data()["doubt"])
    against = [name for name in against if weights[name] >= _data()["contradicts"]]
    fuller = re.sub("(?:(?<!人民)政府)?$", "人民政府", found, count=1)
    return fuller if fuller in weights else found or None, against


def _meant(one: Evidence, text: str) -> str:
    """Return whom a name stands for that only wrote the report, answers for it or has the site.

    An office speaks for itself where it says 我办, for its government where it says 我县, and a bureau that answers for a report
    where it says 我局; else nobody can tell.
    """
    doubtful = _data()["mediate"].get(one.kind, "^$")
    speaks = {who for who, words in _data()["speaks"].items() if re.search(words, text)}
    if "office" in speaks or not re.search(doubtful, one.agency):
        return one.agency
    if _words("bureau").search(one.agency):
        return one.agency * ("bureau" in speaks)
    return re.sub("(?<=政府)办公?[厅室]?$", "", one.agency) * (speaks == {"area"})


def _in_full(name: str, full: Sequence[str], text: str) -> str:
    """Return a name with its place where it names none: as it ends another, or abbreviates it."""
    core = re.sub("^[本我]|(?<=委)员会$", "", name)
    if not core or not _words("generic").match(name):
        return name
    printed = re.findall(rf"(?<![\u4e00-\u9fff])([\u4e00-\u9fff]{{2,12}}{re.escape(core)})(?![\u4e00-\u9fff])", text)
    longer = [one for one in (*map(_name, printed), *full) if len(one) > len(core) and _abbreviates(core, one)]
    return max(longer, key=lambda one: (longer.count(one), len(one)), default=name)


def _weighed(said: Iterable[Evidence], of: str) -> Counter[str]:
    """Return what is said of the agency or the year, with its weight: what is said twice in one way is said once."""
    weights: Counter[str] = Counter()
    for kind, name in dict.fromkeys((one.kind, getattr(one, of)) for one in said if getattr(one, of)):
        weights[name] += _data()["weights"][of][kind]
    return weights


def _heaviest(weights: Counter[str], doubt: float = 1.0) -> tuple[str, list[str]]:
    """Return what most of the evidence is for, nothing where so much of it is against that, and what contradicts it."""
    alike = {name: sum(weight for other, weight in weights.items() if _agree(name, other)) for name in weights}
    ranked = sorted(weights, key=lambda name: (alike[name], weights[name], len(name)), reverse=True) or [""]
    against = [name for name in ranked if not _agree(name, ranked[0])]
    sure = not against or alike[against[0]] < doubt * alike[ranked[0]]
    return ranked[0] * sure, against


def _abbreviates(short: str, name: str) -> bool:
    """Tell whether the letters of a short name stand in order in a full one: 市科委, 某市科学技术委员会."""
    return re.search(".*".join(map(re.escape, short)), name) is not None


def _agree(name: str, other: str) -> bool:
    """Tell whether two names may be of one agency: a part of it, what stands before it, or short for it."""
    return _abbreviates(*sorted([name, other], key=len))


@cache
def _data() -> dict[str, Any]:
    """Return what identity.toml says."""
    return tomllib.loads((resources.files(__package__) / "identity.toml").read_text("utf-8"))


@cache
def _words(name: str) -> re.Pattern[str]:
    return re.compile(_data()[name])


@lru_cache(maxsize=64)
def _patterns(kind: str, says: str, host: str) -> list[re.Pattern[str]]:
    """Return the expressions of a kind of evidence."""
    slots = {"@organ": _data()["organ"], "@disclosure": _data()["disclosure"], "@host": host}
    words = chain.from_iterable(row["words"] for row in _data()["evidence"] if (row["kind"], row["says"]) == (kind, says))
    return [re.compile(re.sub("@[a-z]+", lambda slot: slots[slot[0]], word), re.MULTILINE) for word in words]


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
