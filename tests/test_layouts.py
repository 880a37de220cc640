"""Whatever the layout: a figure is read right, or the report says that it was not read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random

import pytest

import govstats

from .layouts import DISTORTIONS, SETTINGS, Copy, copy

#: What a careful person reads more of than govstats does, and why that is left so. No figure may be WRONG here either.
MAY_BE_MISSED = {
    # settings
    "html with footnotes": "a bare mark such as ① or * behind a figure may be part of it",
    "html of preformatted text": "lines of the page run together",
    "tabs": "tabs are lost or gained often: a row with blanks has to add up",
    "tabs lost and gained": "tabs are lost or gained often: a row with blanks has to add up",
    "cells led by tabs": "tabs are lost or gained often: a row with blanks has to add up",
    "glued to labels": "units and remarks of figures fall apart at their spaces",
    "one line": "units and remarks of figures fall apart at their spaces",
    "one line with glued numbers": "the last figure of a row and the number of the next label are one word",
    "review on two lines": "a broken row of figures has to add up",
    # distortions
    "header slipped": "a header that contradicts itself places nothing",
    "header lost": "fifteen figures without a header may be any block in any order",
    "blanks lost at row ends": "a cell lost in the middle looks the same",
    "empty column behind labels": "a blank may be the first figure, and the last one a remark",
    "remarks column": "with a remark in it, a row that has a blank looks full",
    "organisations in one column": "another table than that of the form",
    "rows as tables": "rows with blanks have no header",
    "labels misprinted": "a short label with a wrong character is too much like another",
    "proactive listed": "one figure a row: another table than that of the form",
    "reviews downwards": "one figure a row: another table than that of the form",
    "review without pending": "a row one short may have lost any cell",
    "review of reconsideration only": "a table without its other two lines",
    "review with sums": "figures beyond those of the form",
    "review with stub": "a number in the stub may be the first figure",
    "review with sixteenth cell": "a phantom cell may be a blank",
}
#: In Markdown a blank and the filler of a span look alike: only rows without blanks can be told when they slipped sideways.
WITHOUT_BLANKS = ("distinct", "no requests", "small", "large", "mistyped")

#: Setting, distortion, form, profile and seed of documents in which figures landed in wrong cells while this reader was made.
ONCE_WRONG = [
    ("html", "header slipped", "2021", "distinct", 1),
    ("html", "label twice", "2021", "large", 2),
    ("html", "remarks column", "2021", "zeros left out", 0),
    ("html", "review with sums", "2021", "distinct", 0),
    ("html with pictures", "", "2021", "no requests", 0),
    ("html with footnotes", "empty column before total", "2021", "mistyped", 5666),
    ("html with footnotes", "label twice", "2019", "small", 2037),
    ("html beside own tables", "labels lost", "2019", "mistyped", 2599),
    ("html beside offices", "other in one line", "2021", "small", 6018),
    ("html beside offices", "lines left out", "2021", "large", 138),
    ("html beside last year", "review without pending", "2019", "distinct", 1217),
    ("html beside last year", "proactive transposed", "2021", "no requests", 1772),
    ("html of two agencies", "requests with applicants down", "2021", "large", 1066),
    ("html of two agencies", "review halves swapped", "2021", "large", 5757),
    ("html of preformatted text", "columns in another order", "2021", "mistyped", 1370),
    ("rows of words apart", "total in front", "2021", "large", 1304),
    ("rows with pipes", "", "2019", "many blanks", 0),
    ("cells a line", "columns in another order", "2019", "distinct", 1426),
    ("cells a line", "proactive columns swapped", "2021", "distinct", 1607),
    ("one line", "total in front", "2021", "large", 1578),
    ("tabs", "total in front", "2019", "distinct", 2107),
    ("tabs lost and gained", "label twice", "2021", "small", 5801),
    ("groups on their own", "review results swapped", "2019", "large", 6025),
    ("notes between", "organisations in one column", "2021", "distinct", 5411),
    ("labels before figures", "", "2021", "decorated", 0),
    ("markdown", "header slipped", "2021", "zeros left out", 0),
    ("markdown", "proactive columns swapped", "2021", "distinct", 0),
    ("markdown torn", "", "2021", "decorated", 0),
    ("markdown torn", "figures merged downwards", "2021", "mistyped", 6229),
]


def typeset(report: Copy, setting: str, distortion: str = "") -> bytes:
    if distortion:
        DISTORTIONS[distortion](report)
    page = SETTINGS[setting](report)
    return page if isinstance(page, bytes) else page.encode()


def compare(report: Copy, page: bytes) -> tuple[list[str], list[str]]:
    """Return the cells that were read wrong, and those that were missed though the page shows them."""
    try:
        cells = govstats.read(page).read_cells
    except govstats.GovstatsError:
        cells = ()
    read = {cell[:3]: cell.value for cell in cells if cell.status == "reported"}
    shown = {key: report.value(key) for key in {*report.printed, *read}}
    wrong = [
        f"{'/'.join(key)} = {value}, shown: {report.printed.get(key)!r}"
        for key, value in read.items()
        if shown[key] is None or value != pytest.approx(shown[key])
    ]
    missed = {key for key, value in shown.items() if value is not None} - set(read)
    return wrong, ["/".join(key) for key in sorted(missed)]


def copies(profiles: Sequence[str], seed: int) -> Iterator[Copy]:
    for number, profile in enumerate(profiles):
        yield copy(profile, ("2021", "2019")[number % 2], seed)


def check(report: Copy, page: bytes, layout: str) -> None:
    wrong, missed = compare(report, page)
    assert not wrong
    assert not missed or report.obscure or layout in MAY_BE_MISSED


def test_the_list_names_layouts() -> None:
    assert set(MAY_BE_MISSED) <= {*SETTINGS, *DISTORTIONS}


@pytest.mark.parametrize("setting", SETTINGS)
def test_setting(setting: str) -> None:
    for report in copies(("distinct", "large", "zeros left out", "many blanks", "decorated"), seed=1):
        check(report, typeset(report, setting), setting)


@pytest.mark.parametrize("distortion", DISTORTIONS)
def test_distortion(distortion: str) -> None:
    for report in copies(("distinct", "large", "zeros left out", "many blanks", "decorated"), seed=2):
        check(report, typeset(report, "html", distortion), distortion)


@pytest.mark.parametrize(("setting", "distortion", "version", "profile", "seed"), ONCE_WRONG)
def test_once_wrong(setting: str, distortion: str, version: str, profile: str, seed: int) -> None:
    report = copy(profile, version, seed)
    wrong, _ = compare(report, typeset(report, setting, distortion))
    assert not wrong


@pytest.mark.parametrize("seed", range(60))
def test_distortion_in_a_setting(seed: int) -> None:
    random = Random(seed)
    setting, distortion = random.choice(sorted(SETTINGS)), random.choice(sorted(DISTORTIONS))
    report = copy(random.choice(WITHOUT_BLANKS), random.choice(["2019", "2021"]), seed)
    wrong, _ = compare(report, typeset(report, setting, distortion))
    assert not wrong, f"{distortion} in {setting}"
