"""Pages that labels and positions decide: the plan of a page holds for whatever figures it is filled with."""

import re
from random import Random

import pytest

from govstats.documents import open_document
from govstats.forms import form
from govstats.recognition.records import records
from govstats.recognition.regular import read_regular
from govstats.recognition.tables import read_tables

from .layouts import SETTINGS, copy, requests_body, requests_header

FORM = form("2021")
#: Beside plain counts what pages print: units, thousands, signs for none, a remark, an amount in yuan, years, glued zeros, marks.
PRINTED = ("3", "0", "0", "12", "1,024", "3件", "/", "—", "22（其中修订3件）", "251000元", "2019", "2020", "007", "22①", "")
#: The share of figures that is filled anew, and with what.
FILLINGS = {
    "zeros": (1.0, ("0",)),
    "one figure everywhere": (1.0, ("7",)),
    "any count": (1.0, tuple(map(str, range(300)))),
    "a few other counts": (0.03, tuple(map(str, range(30)))),
    "a few counts like years": (0.05, ("2012", "2023", "5")),
    "a few blanks": (0.01, ("",)),
    "anything": (0.1, PRINTED),
}


def page(profile: str, seed: int, setting: str = "html") -> str:
    typeset = SETTINGS[setting](copy(profile, "2021", seed))
    assert isinstance(typeset, str)
    return typeset


def table(*rows: str) -> str:
    return "<table>" + "".join(f"<tr><td>{'<td>'.join(row.split())}" for row in rows) + "</table>"


@pytest.mark.parametrize("profile", ["distinct", "small", "zeros left out", "few blanks", "many blanks"])
@pytest.mark.parametrize("filling", FILLINGS)
def test_what_the_labels_tell_is_what_the_whole_recognition_tells(profile: str, filling: str) -> None:
    random, (share, choices) = Random(filling), FILLINGS[filling]
    decided = 0
    for seed in range(8):
        first = page(profile, seed)
        # one plan is made, for the page as it was, and must hold for the others
        read_regular(open_document(first.encode()), FORM)
        for _ in range(4):
            filled = re.sub(r"(?<=>)\d+(?=<)", lambda old: random.choice(choices) if random.random() < share else old[0], first)
            document = open_document(filled.encode())
            if (found := read_regular(document, FORM)) is not None:
                decided += 1
                assert (list(found[0]), found[1]) == read_tables(records(document, FORM), FORM)
    assert decided or profile != "distinct" or filling == "anything"


def test_figures_in_their_cells() -> None:
    report = copy("distinct", "2021", 3)
    cells, notes = read_regular(open_document(str(SETTINGS["html"](report)).encode()), FORM) or ([], [])
    assert {cell.key: cell.printed for cell in cells} == report.printed
    assert not notes


@pytest.mark.parametrize(
    "beside",
    [
        "<p>规章 3 1 20</p>",
        "<p>行政复议、行政诉讼</p><p>1 0 0 0 1</p><p>（七）总计</p><p>1 2 3 4 5 6 21</p>",
        table("信息内容 本年处理决定数量", "行政处罚 8"),
    ],
)
def test_lines_beside_the_tables_leave_it_to_the_whole_recognition(beside: str) -> None:
    text = page("distinct", 4)
    assert read_regular(open_document(text.encode()), FORM) is not None
    assert read_regular(open_document(text.replace("<body>", f"<body>{beside}").encode()), FORM) is None
    assert read_regular(open_document(f"{text}{beside}".encode()), FORM) is None


@pytest.mark.parametrize(("total", "adds_up"), [("9", True), ("8", False)])
def test_a_row_with_a_blank_has_to_add_up(total: str, adds_up: bool) -> None:
    report = copy("distinct", "2021", 1)
    figures = dict(zip(FORM.table("requests").column, ["7", "2", "0", "0", "0", "", total], strict=True))
    report.printed.update({("requests", "granted", column): figure for column, figure in figures.items()})
    report.tables["requests"] = [requests_header(FORM.table("requests")) + requests_body(report)]
    typeset = SETTINGS["html"](report)
    assert isinstance(typeset, str)
    assert (read_regular(open_document(typeset.encode()), FORM) is not None) is adds_up
