"""The rules on what only the document itself can tell: its sections and its text."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd

from govstats.characters import folded_text
from govstats.forms import Language, form, versions
from govstats.reconciliation.findings import Findings, Wording, known_rule
from govstats.reconciliation.matrix import plain_values, report_numbers
from govstats.reconciliation.wording import Words, in_both, in_words, listed, shortened
from govstats.report import Report

#: Under all headings together, in characters.
_LEAST_PROSE = 20
_NUMERALS = "一二三四五六七"
_PUNCTUATION = re.compile(r"[\W_]+")
_TITLES_OF_WORKS = re.compile("《[^《》]*》")
#: 2022年,某局认真贯彻…; a year with a month, or of a law, tells of an event.
_OPENING_YEAR = re.compile(r"\W*(20\d\d)年度?(?=[,我本全在])")


class DocumentFinding(NamedTuple):
    """What became of a rule on a document; None where a side has no figure."""

    wording: Wording
    expected: float | None = None
    reported: float | None = None


def document_findings(report: Report) -> list[DocumentFinding]:
    """Apply the rules S01, S06, NF and NE to a report; none where its form is not known."""
    if report.form not in versions():
        return []
    text = _Text(report)
    found = [_year(report, text)]
    statutory = form(report.form)
    if not statutory.sections:
        return found
    if statutory.version in known_rule("NF").settings["forms"]:
        words = known_rule("NF").settings
        six = text.sections.get(6)
        mentioned = six is not None and re.search(words["mentioned_by"], re.sub(words["other_fees"], "", six)) is not None
        found.append(_found("NF", _status(mentioned, six, text)))
    five = text.sections.get(5)
    long_enough = _size(five or "") >= known_rule("NE").settings["shortest"]
    found.append(_found("NE", _status(long_enough, five, text), quote=shortened(five or "")))
    return [_sections(report), *found]


def add_document_findings(findings: Findings, number: int, told: Iterable[DocumentFinding]) -> None:
    """Add what was found on the document of a report number."""
    for one in told:
        expected, reported = (np.nan if side is None else side for side in (one.expected, one.reported))
        findings.add(number, 0, findings.say([one.wording]), expected, reported)


def add_told_before(findings: Findings, reports: pd.DataFrame, told: pd.DataFrame) -> None:
    """Add what was found on many documents before; `told` has the columns of the findings."""
    numbers, rows = report_numbers(reports, told)
    names = ("rule", "severity", "status", "message_zh", "message_en")
    said = zip(*(plain_values(told[name].iloc[rows]) for name in names), strict=True)
    wordings = [Wording(rule, severity, status, None, "", zh, en) for rule, severity, status, zh, en in said]
    sides = (told[name].iloc[rows].to_numpy(dtype=float, na_value=np.nan) for name in ("expected", "reported"))
    findings.add(numbers, 0, findings.say(wordings) + np.arange(len(wordings)), *sides)


def _found(
    rule: str, status: str, expected: float | None = None, reported: float | None = None, *, message: str = "", **fields: Words
) -> DocumentFinding:
    fields_of = in_both(lambda language: {name: in_words(said, language) for name, said in fields.items()})
    return DocumentFinding(known_rule(rule).wording(status, fields_of, message=message), expected, reported)


def _sections(report: Report) -> DocumentFinding:
    titles = {int(section.id): section for section in form(report.form).sections}
    found = [section.number for section in report.sections if section.number in titles]
    lacking = [section for section in titles if section not in found]
    # a table of contents repeats the headings: they are in order if they can be read off one after the other
    rest = iter(found)
    in_order = all(section in rest for section in titles)
    status, message, mentioned = "fail", "", lacking
    if not lacking and not in_order:
        message, mentioned = "order", found
    elif not lacking:
        status = "pass" if report.read_cells else "not_assessable"

    def missing(language: Language) -> str:
        return listed((titles[one].text(language) for one in mentioned), language, limit=12)

    return _found("S01", status, len(titles), len(titles) - len(lacking), message=message, missing=missing)


class _Text:
    """The prose of a report, parted by its headings."""

    def __init__(self, report: Report) -> None:
        plain = _compact(report.text)
        headings = {(one.number, _compact(one.text)) for one in report.sections}
        # a table of contents has the headings too
        found = sorted((at, at + len(heading), number) for number, heading in headings for at in _occurrences(plain, heading))
        #: The text under each heading, the longest where one comes again, without white space.
        self.sections: dict[int, str] = {}
        starts = [*(start for start, *_ in found), len(plain)]
        for _, end, number in found:
            # the next section may have a title that is not that of the form
            text = plain[end : starts[bisect_left(starts, end)]].partition(f"{_NUMERALS[number]}、")[0]
            self.sections[number] = max(self.sections.get(number, ""), text, key=len)
        self._lost = any(note.kind == "unread_page" for note in report.read_notes)

    @cached_property
    def incomplete(self) -> bool:
        """Whether pages were not read, or there are headings and tables alone: what is not there may have been left out."""
        return self._lost or _size("".join(self.sections.values())) < _LEAST_PROSE


def _compact(text: str) -> str:
    return "".join(folded_text(text).split())


def _occurrences(text: str, word: str) -> Iterator[int]:
    at = text.find(word) if word else -1
    while at >= 0:
        yield at
        at = text.find(word, at + len(word))


def _size(text: str) -> int:
    """Return the number of characters without punctuation."""
    return len(_PUNCTUATION.sub("", text))


def _status(passed: bool, section: str | None, text: _Text) -> str:
    if section is None or (text.incomplete and not passed):
        return "not_assessable"
    return "pass" if passed else "fail"


def _year(report: Report, text: _Text) -> DocumentFinding:
    conflict = next((note for note in report.read_notes if note.kind == "year_conflict"), None)
    overview = text.sections.get(1)
    first, _, rest = _TITLES_OF_WORKS.sub("", overview or "").partition("。")
    found = _OPENING_YEAR.match(first)
    year = report.year
    if conflict is not None:
        return _found("S06", "fail", message="conflict", quote=shortened(conflict.printed))
    if year is None or overview is None:
        return _found("S06", "not_assessable")
    # an opening that names the year as well may tell of what went before
    if found and int(found[1]) != year and str(year) not in first and f"{year}年" not in rest[:200]:
        return _found("S06", "fail", float(year), float(found[1]), quote=shortened(first), subject=str(year))
    return _found("S06", "pass", subject=str(year))
