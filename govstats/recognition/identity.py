"""Who reports on which year, under which form, and which statutory sections the report has."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from itertools import pairwise
from typing import NamedTuple

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
_LED_TITLE = re.compile(r"^(?:标题|名称|信息名称|题名)[::]\s*(.+)$")
#: A title runs on into the line of the content management system: …年度报告发布时间: 2013-02-25.
_RUNS_ON = re.compile(r"(?:(?:信息)?发布(?:时间|日期|机构|单位)|来源|时间|日期|作者|浏览|字[号体])[::].*$")
_LED_PUBLISHER = re.compile(r"(?:发布机构|发布单位|公开主体|信息来源|来源|编制单位)[::]\s*([\u4e00-\u9fff]{4,30})")
_ORGAN = r"([\u4e00-\u9fff]{2,24}?(?:人民政府办公[厅室]|人民政府|办公[厅室]|委员会|管委会|分局|[局厅委部院省市县区旗镇乡办]))"
_DISCLOSURE = r"(?:政府|政务)信息公开"
#: Sentences that say whose report this is, the plainest first; the last ones name whom to ask.
_NAMED_IN_SENTENCES = tuple(
    re.compile(pattern, re.MULTILINE)
    for pattern in (
        rf"(?:公布|公开|发布|编制)《?{_ORGAN}20\d\d年(?:度)?{_DISCLOSURE}",
        rf"(?:^|[,。;]){_ORGAN}现?向社会(?:公布|公开|发布)",
        rf"由{_ORGAN}(?:信息公开工作领导小组)?(?:办公[厅室])?(?:根据|依据|按照|负责|汇总|编制)",
        rf"(?:^|[,。;]){_ORGAN}(?:根据|按照|结合)[^。]{{0,60}}?编制",
        rf"20\d\d年(?:度)?的?{_ORGAN}{_DISCLOSURE}(?:工作|情况)",
        rf"(?:请与|联系){_ORGAN}(?:联系|[(,。;])",
    )
)
_YEAR_OF_WORK = re.compile(rf"(20\d\d)年(?:度)?{_DISCLOSURE}(?:工作)?(?:情况|年度|报告)")
_QUOTED = re.compile(r"《[^《》]*》")
#: An agency that names no place: its full name stands elsewhere in the report (ningxia-2020: 自治区应急管理厅).
_GENERIC = re.compile(r"^(?:本|我)?(?:自治区|自治州|省|市|州|县|区|旗)(?!\w{0,6}(?:市|县|区|镇|乡))")
_AGENCY_END = re.compile(r"(?:局|厅|委|会|部|政府|办公室|办|院|中心|所|队|站|省|市|县|区|旗|镇|乡|街道)$")
_NOT_AN_AGENCY = re.compile(r"^(?:我|本)|关于|做好|中华人民共和国|条例|按照|根据|编制|公布|现将|报告|及其|信息公开|年度|应当")
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
    notes: list[Note] = []
    period = _period_year(text)
    title = _title(document, lines, period)
    found_year = (title.year if title else None) or period
    found_agency = _agency(document, lines, text, title)
    if year is None and title and title.year and period and title.year != period:
        notes.append(note("year_conflict", printed=title.text, title_year=title.year, period_year=period))
    if year is not None and found_year not in {None, year}:
        notes.append(note("year_given", given=year, found=found_year))
    if agency and title and title.agency and title.agency not in agency and agency not in title.agency:
        notes.append(note("agency_given", given=agency, found=title.agency))
    year = year if year is not None else found_year
    agency = agency or found_agency
    if agency is None:
        notes.append(note("no_agency"))
    if year is None:
        notes.append(note("no_year"))
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


def reports_named(document: Document) -> list[tuple[int, str, int, str]]:
    """Return the titles that stand on lines of their own, also two in one line, each with its block, agency, year and place."""
    titles = []
    for number, block in enumerate(document.blocks):
        text = block.text if isinstance(block, Paragraph) and len(block.text) < 2 * _LONGEST_TITLE else ""
        for part in _TITLE_ENDS.split(_compact(text)) if text.endswith(_TITLE_END) else ():
            match = _title_in(part)
            if match and (name := match["agency1"] or match["agency2"]) and not _NOT_AN_AGENCY.search(name):
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
    """Return the best title: whole lines before parts, with agency and year before those without.

    Pages link to the reports of other years: of several titles that of the reporting period is meant.
    """
    best = None
    for text in _title_texts(document, lines):
        match = _title_in(text)
        if not match:
            continue
        name = (match["agency1"] or match["agency2"] or match["agency3"] or "").strip("()")
        if name and _NOT_AN_AGENCY.search(name):
            continue
        title = _Title(name, _year(match["year1"] or match["year2"] or ""), text)
        if title.agency and title.year and period in {None, title.year}:
            return title
        if best is None or bool(title.agency) + bool(title.year) > bool(best.agency) + bool(best.year):
            best = title
    return best


def _title_in(text: str) -> re.Match[str] | None:
    """Return what a text says if it is a title and nothing else."""
    return _TITLE.fullmatch(text) if "信息公开" in text and text.endswith(("报告", "年报")) else None


def _title_texts(document: Document, lines: list[Line]) -> Iterator[str]:
    """Yield what may be the title: what is marked as one, then short lines, alone and with their neighbours."""
    for line in lines:
        if led := _LED_TITLE.match(line.text):
            yield led[1]
            yield _RUNS_ON.sub("", led[1])
    for text in (line.text for line in lines if line.heading):
        yield text
    if "title" in document.metadata:
        whole = "".join(normalised(document.metadata["title"]).split())
        yield whole
        yield from re.split(r"[_|\-–—]", whole)
    short = [line.text if len(line.text) <= _LONGEST_TITLE else "" for line in lines]
    for text in filter(None, short):
        yield re.sub(r"^\([^()]{1,6}\)", "", _RUNS_ON.sub("", text))
    # a title over two or three lines; the line before belongs to it only where it names an agency
    for before, text, after in zip(["", *short], short, [*short[1:], ""], strict=False):
        if text and after:
            yield text + after
        if text and _AGENCY_END.search(before):
            yield before + text
            yield before + text + after
    for line in lines:
        if "信息公开" in line.text:
            yield from re.findall(r"《([^《》]{10,60})》", line.text)
    # a page in one line: its title stands where the text begins, or after the crumbs of the navigation
    for line in lines[:12]:
        if len(line.text) > _LONGEST_TITLE:
            for match in _TITLE.finditer(line.text[:400]):
                yield match[0]


def _year(text: str) -> int | None:
    digits = text.translate(_DIGITS)
    return int(digits) if digits.isdigit() else None


def _period_year(text: str) -> int | None:
    """Return the year that the sentences on the reporting period name most often."""
    years: list[str] = []
    told = 0
    for found in _FIRST_OF_JANUARY.finditer(text):
        if _PERIOD.search(text, max(told, found.start() - _LONGEST_PERIOD), found.start()):
            years.append(found[1])
            told = found.end()
    # the title of a work plan that is cited may be of another year
    years = years or _YEAR_OF_WORK.findall(_QUOTED.sub("", text))
    return int(max(dict.fromkeys(years), key=years.count)) if years else None


def _agency(document: Document, lines: list[Line], text: str, title: _Title | None) -> str | None:
    name = title.agency if title else ""
    if name and not _GENERIC.match(name):
        return name
    publisher = _compact(document.metadata.get("publisher", ""))
    candidates = [
        *(match for pattern in _NAMED_IN_SENTENCES for match in pattern.findall(text)),
        *([publisher] if publisher else []),
        *_LED_PUBLISHER.findall(text),
        *_signatures(lines),
    ]
    if name:
        core = re.sub(r"^(?:本|我)", "", name)
        longer = Counter(re.findall(rf"(?<![\u4e00-\u9fff])([\u4e00-\u9fff]{{2,8}}{re.escape(core)})(?![\u4e00-\u9fff])", text))
        longer.update(match for match in candidates if match.endswith(core) and match != core)
        full = [(count, len(match), match) for match, count in longer.items() if not _NOT_AN_AGENCY.search(match)]
        return max(full)[2] if full else name
    return next((match for match in candidates if not _NOT_AN_AGENCY.search(match) and not _GENERIC.match(match)), None)


def _signatures(lines: list[Line]) -> Iterator[str]:
    """Yield the names that stand above a date at the end."""
    for before, line in reversed(list(pairwise(lines))):
        if re.fullmatch(r"\(?20\d\d年\d{1,2}月\d{1,2}日\)?", line.text) and re.fullmatch(r"[\u4e00-\u9fff]{4,25}", before.text):
            yield before.text


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
