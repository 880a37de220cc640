"""What a document says of itself: who reports on which year, under which form, in which sections, when it was published."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from itertools import chain, pairwise, takewhile
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from rapidfuzz import fuzz, process

from govstats.characters import folded_text, normalised
from govstats.documents import Document, Paragraph
from govstats.files import package_data
from govstats.forms import Form, form, form_of_year, versions
from govstats.recognition.labels import Key, distinctive, key
from govstats.recognition.notes import note
from govstats.recognition.sentences import decide, held, holding
from govstats.report import Note, SectionHeading

_IDENTITY = "recognition/identity.toml"
_DIGITS = str.maketrans("〇○零Oo一二三四五六七八九", "00000123456789", "年度")
_LONGEST_TITLE = 70
#: Shorter lines are figures and crumbs.
_SHORTEST = 4
#: 报告, 年报, and pinyin in brackets.
_TITLE_END = tuple("告报報)）")
_LONGEST_HEADING = 40
#: In percent; a number that is right counts so much.
_HEADING_LIKENESS, _OF_A_NUMBER = 70, 15
#: How like the heading of a section is if its number is another.
_SAME_TITLE = 90
#: So many statutory sections make a report.
_SECTIONS = 3
#: Labels of a form's own that are needed to tell it, and those after which nobody looks further.
_LEAST, _SURE = 2, 3

_DATE = r"(20\d\d)\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})(?!\d{3})"
_LABEL = r"(?<!文件)(?<!政策)(?<!通知)(?:[发發]\s*[布佈]|公\s*[开開布佈])\s*(?:日\s*期|[时時]\s*[间間])"
_LABELLED = re.compile(rf"{_LABEL}[\s:：|｜\[【(（]*{_DATE}")
_LABEL_AT_THE_END = re.compile(rf"(?:^|[^\u4e00-\u9fff])(?:信息)?{_LABEL}[\s:：]*$")
_DATE_AT_THE_START = re.compile(rf"[\s\[【(（]*{_DATE}")
#: 时间：2022-01-20 15:08 at the head of a page: the minute is that of the content management system.
_STAMPED = re.compile(rf"(?:[时時]\s*[间間]|日\s*期)\s*[:：]\s*{_DATE}\s*日?\s*\d{{1,2}}:\d\d")
_DIGITS_ALONE = re.compile(r"(20\d\d)(\d\d)(\d\d)")
#: A line that says more is a sentence of the report.
_LONGEST_LINE = 200
_REPORT_BEGINS = re.compile(r"一\s*[、.．]")


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
    facts = holding(
        agency_given=agency,
        agency_found=found_agency,
        agencies_differ=agency and title.agency and not _agree(agency, title.agency),
        others=others,
        year_given=year,
        year_found=found_year,
        years_differ=year != found_year,
        title_off=period and title.year not in {"", period},
        form_told=by_table or form_version,
    )
    details: dict[str, dict[str, Any]] = {
        "year_conflict": {"printed": title.text, "title_year": title.year, "period_year": period, "followed": found_year},
        "year_given": {"given": year, "found": found_year},
        "agency_given": {"given": agency, "found": title.agency},
        "agency_conflict": {"followed": found_agency or "—", "other": "、".join(others)},
        "form_from_year": {"version": chosen.version},
    }
    notes = tuple(note(kind, **details.get(kind, {})) for kind in held("notes", facts, _IDENTITY))
    told_sections = {section.number for section in sections}
    known = title.text or hits >= _SURE or len(told_sections) >= _SECTIONS or (period and "信息公开" in text)
    return Identity(agency or found_agency, year or found_year, chosen, title.text or None, sections, notes, bool(known))


def reports_named(document: Document) -> list[tuple[int, str, int, str]]:
    """Return the titles that stand on lines of their own, also two in one line, each with its block, agency, year and place."""
    titles = [(0, "", 0, "")]
    for number, block in enumerate(document.blocks):
        text = block.text if isinstance(block, Paragraph) and len(block.text) < 2 * _LONGEST_TITLE else ""
        for title in map(_title_of, _words("title_ends").split(_compact(text))):
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
            cells = (cell for row in block.rows for cell in row if len(row) == 1 or _words("line_in_cell").search(cell.text))
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
    match = _words("title").fullmatch(text) if text.endswith(_TITLE_END) else None
    name = _bare(match[2]) if match else ""
    if match is None or _words("clauses").search(name):
        return Evidence(kind)
    year = next(filter(None, match.group(1, 3, 4)), "").translate(_DIGITS)
    return Evidence(kind, name * bool(_words("ends").search(name)), year, text)


def _marked(document: Document, lines: list[Line]) -> list[str]:
    """Return what the document marks as its title."""
    bare = [_words("around_title").sub("", line.text) for line in lines]
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
    preface = list(takewhile(lambda line: not _words("first_section").match(line.text), lines))
    yield from chain.from_iterable(_words("quoted").findall(line.text) for line in preface)
    # a page in one line: its title stands where the text begins, or after the crumbs of the navigation
    long = (
        _words("first_section").split(_words("quoted").sub("", line.text[:400]))[0]
        for line in preface[:12]
        if len(line.text) > _LONGEST_TITLE
    )
    yield from (match[0] for match in _words("title").finditer("\n".join(long)))


def _said(document: Document, text: str) -> Iterator[Evidence]:
    """Yield what sentences, labels, addresses of sites and signatures say, as identity.toml lists them."""
    # the title of a work plan that is cited may be of another year
    text = _words("short_for").sub("", text)
    plain = _words("quoted").sub("", "\n".join(line for line in text.split("\n") if not _words("title").fullmatch(line)))
    publisher = _compact(document.metadata.get("publisher", ""))
    texts = {"text": f"{text}\n发布机构:{publisher}", "plain": plain, "body": _words("last_sections").split(plain)[0]}
    host = re.escape(urlsplit(document.metadata.get("url", "")).hostname or "") or r"[a-z0-9-]+(?:\.[a-z0-9-]+)+"
    for row in _data()["evidence"]:
        found = dict.fromkeys(chain.from_iterable(_compiled(word, host).findall(texts[row["in"]]) for word in row["words"]))
        if len(found) == 1 or not row.get("unanimous"):
            values = map(_name, found) if row["says"] == "agency" else found
            yield from (Evidence(row["kind"], **{row["says"]: value}) for value in values)


# --- who is meant -----------------------------------------------------------------------------------------------------------


def _bare(name: str) -> str:
    """Return a name without the verbs around it, and without the office that writes for it."""
    name = _words("short_for").sub("", name).strip("()")
    return _words("office").sub("", _words("verbs").sub("", name))


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
    mediate = _data()["mediate"].get(one.kind, "^$")
    facts = holding(doubtful=re.search(mediate, one.agency), bureau=_words("bureau").search(one.agency))
    facts |= {f"{who}_speaks" for who, words in _data()["speaks"].items() if re.search(words, text)}
    meant = {"name": one.agency, "government": re.sub("(?<=政府)办公?[厅室]?$", "", one.agency)}
    return meant.get(decide("meant", facts, _IDENTITY), "")


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
    return ranked[0] * sure, [*ranked[: not sure], *against]


def _abbreviates(short: str, name: str) -> bool:
    """Tell whether the letters of a short name stand in order in a full one: 市科委, 某市科学技术委员会."""
    letters = iter(name)
    return all(letter in letters for letter in short)


def _agree(name: str, other: str) -> bool:
    """Tell whether two names may be of one agency: a part of it, what stands before it, or short for it."""
    return _abbreviates(*sorted([name, other], key=len))


def _data() -> dict[str, Any]:
    """Return what identity.toml says."""
    return package_data(_IDENTITY)


@lru_cache(maxsize=512)
def _compiled(written: str, host: str = "") -> re.Pattern[str]:
    """Return an expression of identity.toml, with what stands for @organ and the like in it."""
    slots = _data() | {"host": host}
    return re.compile(re.sub("@([a-z]+)", lambda slot: str(slots[slot[1]]), written), re.MULTILINE)


def _words(name: str) -> re.Pattern[str]:
    return _compiled(_data()[name])


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
    words = _words("no_word").sub("", normalised(text))
    return {version: sum([word in words for word in own]) for version, own in distinctive().items()}


def _sections(lines: list[Line], of_form: Form) -> tuple[SectionHeading, ...]:
    """Return the headings of the statutory sections, as they are printed."""
    found = []
    for line in lines:
        short = len(line.text) <= _LONGEST_HEADING and _words("section").search(line.text)
        if number := _section_of(line.text, of_form) if short else 0:
            found.append(SectionHeading(number, line.text, line.place))
        elif "情况" in line.text or "事项" in line.text:
            # the text of the section goes on in the same paragraph, or the whole page is one line
            compact = _words("no_word").sub("", line.text)
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
    if best is None and _words("renumbered").match(text):
        # a section of the agency's own before it moves a section on: 七、其他需要报告的事项
        titles = [word.word for _, word in expected]
        best = process.extractOne(found.word, titles, scorer=fuzz.ratio, score_cutoff=_SAME_TITLE)
    return expected[best[2]][0] if best else 0


# --- when it was published, and whether it sums up units -------------------------------------------------------------------


def published(document: Document) -> dt.date | None:
    """Return the date of publication that a document states.

    Parameters
    ----------
    document : Document

    Returns
    -------
    datetime.date or None
        The one that stands beside 发布日期, 发布时间, 公开日期 … above the report, else anywhere in the document, else what the
        head of the page says. None where nothing is said, or several dates are. The dates of writing (成文日期, 生成日期), of the
        document (发文日期) and below the signature are none of publication.

    Examples
    --------
    >>> from govstats.documents import open_document
    >>> published(open_document("某局2021年政府信息公开工作年度报告\\n发布时间：2022-01-20 15:08\\n一、总体情况".encode()))
    datetime.date(2022, 1, 20)
    """
    above: set[dt.date] = set()
    below: set[dt.date] = set()
    stamped: set[dt.date] = set()
    dates = above
    waiting = False
    for text in _short_lines(document):
        if _REPORT_BEGINS.match(text):
            dates = below
        if waiting and (found := _DATE_AT_THE_START.match(text)):
            dates.update(_date(found))
        if found := _LABELLED.search(text):
            dates.update(_date(found))
        elif dates is above and (found := _STAMPED.match(text)):
            stamped.update(_date(found))
        waiting = _LABEL_AT_THE_END.search(text) is not None
    stated = above or below or stamped
    head = document.metadata.get("published", "")
    named = _DATE_AT_THE_START.match(head) or _DIGITS_ALONE.match(head)
    of_page = set(_date(named)) if named else set()
    fitting = stated & of_page if len(stated) > 1 else stated or of_page
    return next(iter(fitting)) if len(fitting) == 1 else None


def _short_lines(document: Document) -> Iterator[str]:
    """Yield the short lines; those of tables only before the report, where they say what the document is."""
    begun = False
    for block in document.blocks:
        if isinstance(block, Paragraph):
            begun = begun or block.text[:1] == "一"
            yield from block.text.split("\n") if len(block.text) <= _LONGEST_LINE else ()
        elif not begun:
            yield from (text for row in block.texts for text in row if text)


def _date(found: re.Match[str]) -> Iterator[dt.date]:
    with suppress(ValueError):  # 2022-02-30
        yield dt.date(*map(int, found.groups()))


def is_summary(text: str) -> bool:
    """Tell whether a text says that the figures of the report are sums over units: all towns of a county, all bureaus of a city.

    Parameters
    ----------
    text : str
        The prose of the report.

    Examples
    --------
    >>> is_summary("本报告数据为全区汇总数据。"), is_summary("本报告数据仅为本机关数据，不含所属单位。")
    (True, False)
    """
    sentences = folded_text(text.replace("\n", "。")).split("。")
    return any(_words("sums_up").search(sentence) and not _words("sums_up_not").search(sentence) for sentence in sentences)
