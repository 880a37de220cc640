"""The forms against a second copy of them: ids typed from the vocabulary, edits built by hand from the rules."""

from __future__ import annotations

import csv
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from govstats import FormError, UnknownForm
from govstats.forms import Edit, Form, Label, form, form_of_year, load_form

COLUMNS = ("natural_person", "commercial", "research", "social", "legal", "other", "total")
REFUSED = (
    "state_secret",
    "prohibited_by_law",
    "security_stability",
    "third_party_rights",
    "internal_affairs",
    "process_information",
    "enforcement_files",
    "administrative_inquiry",
)
UNABLE = ("not_held", "needs_creation", "unclear_after_correction")
NOT_PROCESSED = ("petition", "repeated", "public_publication", "excessive", "confirm_or_reissue")
OTHER = ("correction_overdue", "fee_overdue", "other")
GROUPS = {"refused": REFUSED, "unable": UNABLE, "not_processed": NOT_PROCESSED}

RESULTS_2019 = (
    "granted",
    "partly_granted",
    *(f"{group}.{line}" for group, parts in GROUPS.items() for line in parts),
    "other",
)
RESULTS_2021 = (*RESULTS_2019[:-1], *(f"other.{line}" for line in OTHER))
RESULTS = {"2019": RESULTS_2019, "2021": RESULTS_2021}

PROACTIVE = {
    "2019": {
        **dict.fromkeys(("rules", "normative_documents"), ("produced", "newly_disclosed", "disclosed_total")),
        **dict.fromkeys(
            ("licensing", "other_services", "penalties", "coercive_measures"),
            ("items_previous_year", "items_change", "decisions"),
        ),
        "administrative_fees": ("items_previous_year", "items_change"),
        "procurement": ("projects", "amount"),
    },
    "2021": {
        **dict.fromkeys(("rules", "normative_documents"), ("issued", "repealed", "in_force")),
        **dict.fromkeys(("licensing", "penalties", "coercive_measures"), ("decisions",)),
        "administrative_fees": ("amount",),
    },
}
REVIEW_LINES = ("reconsideration", "litigation_direct", "litigation_after_reconsideration")
REVIEW_COLUMNS = ("upheld", "corrected", "other", "pending", "total")

Row = dict[tuple[str, str], int]


def request_lines(version: str) -> tuple[str, ...]:
    return ("new", "carried_in", *RESULTS[version], "processed_total", "carried_out")


def request_edits(version: str) -> dict[tuple[str, str], Row]:
    """The equalities of the table on requests as RULES.md words them, as coefficients of left side minus right side."""
    rows: dict[tuple[str, str], Row] = {}
    for line in request_lines(version):
        rows["T3R", line] = {(line, column): 1 for column in COLUMNS[:-1]} | {(line, "total"): -1}
    for column in COLUMNS:
        rows["T3C", column] = {(line, column): 1 for line in RESULTS[version]} | {("processed_total", column): -1}
        rows["T3B", column] = {
            ("new", column): 1,
            ("carried_in", column): 1,
            ("processed_total", column): -1,
            ("carried_out", column): -1,
        }
    return rows


def coefficients(edit: Edit) -> Row:
    row: Counter[tuple[str, str]] = Counter()
    for sign, side in ((1, edit.left), (-1, edit.right)):
        for table, line, column, coefficient in side:
            assert table == edit.table
            row[line, column] += sign * coefficient
    return dict(row)


def edits_of(form: Form, *rules: str, printed: tuple[tuple[str, str], ...] = ()) -> dict[tuple[str, str], Row]:
    chosen = [edit for edit in form.edits(printed) if edit.rule in rules]
    rows = {(edit.rule, edit.subject): coefficients(edit) for edit in chosen}
    assert len(rows) == len(chosen)
    return rows


def matrix(rows: dict[tuple[str, str], Row], version: str) -> np.ndarray:
    cells = [(line, column) for line in request_lines(version) for column in COLUMNS]
    return np.array([[row.get(cell, 0) for cell in cells] for row in rows.values()])


@pytest.mark.parametrize(("version", "lines", "edits", "rank"), [("2021", 25, 39, 37), ("2019", 23, 37, 35)])
def test_the_table_on_requests_is_bound_by_its_equalities(version: str, lines: int, edits: int, rank: int) -> None:
    by_hand = request_edits(version)
    assert len(request_lines(version)) == lines
    assert matrix(by_hand, version).shape == (edits, lines * 7)
    assert np.linalg.matrix_rank(matrix(by_hand, version)) == rank

    assert edits_of(form(version), "T3R", "T3C", "T3B", "T3S") == by_hand
    assert all(edit.relation == "==" for edit in form(version).edits() if edit.table == "requests")


@pytest.mark.parametrize("version", ["2019", "2021"])
def test_one_wrong_request_cell_shows_and_shows_where(version: str) -> None:
    by_hand = matrix(request_edits(version), version)
    edits_a_cell = np.count_nonzero(by_hand, axis=0)
    assert edits_a_cell.min() == 2
    assert edits_a_cell.max() == 3
    # two cells whose residuals are multiples of each other could not be told apart; with ±1 that is sign alone
    signed = {tuple(column * column[np.flatnonzero(column)[0]]) for column in by_hand.T}
    assert len(signed) == by_hand.shape[1]


@pytest.mark.parametrize("version", ["2019", "2021"])
def test_a_printed_subtotal_is_the_sum_of_its_lines(version: str) -> None:
    printed = tuple(("requests", group) for group in GROUPS)
    parts = tuple(("requests", f"{group}.{line}") for group, lines in GROUPS.items() for line in lines)
    assert edits_of(form(version), "T3S", printed=printed + parts) == {
        ("T3S", f"{group}/{column}"): {(f"{group}.{line}", column): 1 for line in lines} | {(group, column): -1}
        for group, lines in GROUPS.items()
        for column in COLUMNS
    }


def test_other_handling_printed_as_one_line_stands_for_its_three_lines() -> None:
    printed = (("requests", "other"),)
    assert edits_of(form("2021"), "T3R", "T3C", "T3B", "T3S", printed=printed) == request_edits("2019")


def test_other_handling_printed_with_its_lines_is_their_sum() -> None:
    printed = (("requests", "other"), *(("requests", f"other.{line}") for line in OTHER))
    subtotals = {
        ("T3S", f"other/{column}"): {(f"other.{line}", column): 1 for line in OTHER} | {("other", column): -1}
        for column in COLUMNS
    }
    rows = {("T3R", "other"): {("other", column): 1 for column in COLUMNS[:-1]} | {("other", "total"): -1}}
    assert edits_of(form("2021"), "T3R", "T3C", "T3B", "T3S", printed=printed) == request_edits("2021") | subtotals | rows


@pytest.mark.parametrize("version", ["2019", "2021"])
def test_each_block_of_the_table_on_reviews_adds_up(version: str) -> None:
    assert edits_of(form(version), "T4S") == {
        ("T4S", line): {(line, column): 1 for column in REVIEW_COLUMNS[:-1]} | {(line, "total"): -1} for line in REVIEW_LINES
    }


def test_the_edits_on_proactive_disclosure() -> None:
    documents = ("rules", "normative_documents")
    items = ("licensing", "other_services", "penalties", "coercive_measures", "administrative_fees")
    assert edits_of(form("2021"), "T2I", "T2O1", "T2O3") == {
        ("T2I", line): {(line, "in_force"): 1, (line, "issued"): -1, (line, "repealed"): 1} for line in documents
    }
    assert edits_of(form("2019"), "T2I", "T2O1", "T2O3") == {
        **{("T2O1", line): {(line, "disclosed_total"): 1, (line, "newly_disclosed"): -1} for line in documents},
        **{("T2O3", line): {(line, "items_previous_year"): 1, (line, "items_change"): 1} for line in items},
    }
    for version in ("2019", "2021"):
        assert {edit.relation for edit in form(version).edits() if edit.table == "proactive"} == {">="}


def block(**figures: float | None) -> dict[tuple[str, str, str], float | None]:
    return {("review", "reconsideration", column): figure for column, figure in figures.items()}


@pytest.mark.parametrize(
    ("figures", "blank", "difference", "holds"),
    [
        pytest.param(block(upheld=10, corrected=1, other=0, pending=2, total=13), None, 0, True, id="10 + 1 + 2 are 13"),
        pytest.param(block(upheld=10, corrected=1, other=0, pending=2, total=3), None, 10, False, id="and not 3"),
        pytest.param(block(upheld=10, corrected=1, other=None, pending=2, total=13), None, None, None, id="a blank is not zero"),
        pytest.param(block(upheld=10, corrected=1, other=None, pending=2, total=13), 0, 0, True, id="unless one says so"),
        pytest.param(block(upheld=0, corrected=0, other=0, pending=0, total=None), 0, None, None, id="a blank total never is"),
        pytest.param(block(upheld=10, corrected=1, pending=2, total=13), 0, None, None, id="nor a cell that is not there"),
        pytest.param(block(upheld=0.1, corrected=0.2, other=0, pending=0, total=0.3), None, 0, True, id="binary fractions"),
        pytest.param(block(upheld=1, corrected=0, other=0, pending=0, total=1.00001), None, -1e-5, False, id="ten fen"),
    ],
)
def test_an_edit_holds_or_not_or_is_open(
    figures: dict[tuple[str, str, str], float | None], blank: float | None, difference: float | None, holds: bool | None
) -> None:
    (edit,) = (edit for edit in form("2021").edits() if edit.rule == "T4S" and edit.subject == "reconsideration")
    found = edit.difference(figures, blank=blank)
    assert found == (None if difference is None else pytest.approx(difference, abs=1e-9))
    assert edit.holds(figures, blank=blank) is holds


@pytest.mark.parametrize(("in_force", "difference", "holds"), [(7, -1, False), (8, 0, True), (60, 52, True)])
def test_an_inequality_holds_from_its_bound_on(in_force: float, difference: float, holds: bool) -> None:
    (edit,) = (edit for edit in form("2021").edits() if edit.rule == "T2I" and edit.subject == "rules")
    figures: dict[tuple[str, str, str], float | None] = {
        ("proactive", "rules", column): figure for column, figure in (("issued", 10), ("repealed", 2), ("in_force", in_force))
    }
    assert (edit.difference(figures), edit.holds(figures)) == (difference, holds)


def test_the_balance_edits_of_a_table_are_its_equalities() -> None:
    assert {edit.rule for edit in form("2021").table("requests").balance_edits()} == {"T3R", "T3C", "T3B"}
    assert form("2021").table("proactive").balance_edits() == [], "table two has inequalities only"


@pytest.mark.parametrize(("version", "count"), [("2021", 200), ("2019", 198)])
def test_the_cells_of_a_form(version: str, count: int) -> None:
    by_hand = {("proactive", line, column) for line, columns in PROACTIVE[version].items() for column in columns}
    by_hand |= {("requests", line, column) for line in request_lines(version) for column in COLUMNS}
    by_hand |= {("review", line, column) for line in REVIEW_LINES for column in REVIEW_COLUMNS}
    cells = form(version).cells
    assert len(cells) == count
    assert set(cells) == by_hand
    assert [cell[1] for cell in cells if cell[0] == "requests" and cell[2] == "total"] == list(request_lines(version))


def vocabulary(shared: Path, version: str) -> dict[tuple[str, str, str], dict[str, str]]:
    with (shared / "vocabulary.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if version in row["forms"].split()]
    return {(row["table"], row["kind"], row["id"]): row for row in rows if "in claims only" not in row["label_en"]}


def labels(form: Form) -> dict[tuple[str, str, str], Label]:
    found: dict[tuple[str, str, str], Label] = {}
    for table in form.tables:
        found |= {(table.id, "line", line.id): line for line in table.lines}
        found |= {(table.id, "column", column.id): column for column in table.columns}
    return found


@pytest.mark.parametrize("version", ["2019", "2021"])
def test_ids_and_labels_are_those_of_the_vocabulary(shared: Path, version: str) -> None:
    agreed, ours = vocabulary(shared, version), labels(form(version))
    if version == "2021":
        del agreed["requests", "line", "other"]  # listed as a line of 2019; below it is a subtotal over its three lines
        assert ours.pop(("requests", "line", "other")) in form("2021").table("requests").lines
    assert set(ours) == set(agreed)
    for key, row in agreed.items():
        assert ours[key].zh in row["label_zh"].split(" | "), key
        # the English labels carry the form's numbering, as the Chinese ones do
        assert re.sub(r"^(\(\d+\)|\d+\.) ", "", ours[key].en) == row["label_en"], key


@pytest.mark.parametrize("version", ["2019", "2021"])
def test_units_are_those_of_the_vocabulary(shared: Path, version: str) -> None:
    agreed = vocabulary(shared, version)
    for table, line, column in form(version).cells:
        by_line, by_column = agreed.get((table, "line", line), {}), agreed[table, "column", column]
        assert form(version).table(table).unit(line, column) == (by_column["unit"] or by_line.get("unit", "件"))


@pytest.mark.parametrize(("year", "version"), [(2008, "2008"), (2018, "2008"), (2019, "2019"), (2020, "2019"), (2021, "2021")])
def test_the_form_of_a_year(year: int, version: str) -> None:
    assert form_of_year(year).version == version


def test_an_unknown_form_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownForm, match=r"'1999'; known: 2008, 2019, 2021"):
        form("1999")
    with pytest.raises(UnknownForm, match="2007"):
        form_of_year(2007)


NEXT = """
version = "2031"
label_zh = "下一版格式"
label_en = "the next version"
source = "某号文"
first_year = 2031
as_in = "2021"

[[tables]]
id = "review"
as_in = "2019"

[[tables]]
id = "hearings"
zh = "听证情况"
en = "hearings"
columns = [{ id = "held", zh = "举行", en = "held" }, { id = "total", zh = "总计", en = "total" }]
lines = [{ id = "public", zh = "公开", en = "public" }, { id = "closed", zh = "不公开", en = "closed" }]
bands = [{ zh = "第一项", en = "item 1", lines = ["public", "closed"], columns = ["held", "total"] }]
edits = [{ rule = "T4S", each = "line", left = ["held"], relation = "==", right = ["total"] }]
"""


def load(folder: Path, text: str) -> Form:
    path = folder / "2031.toml"
    path.write_text(text, encoding="utf-8")
    return load_form(path)


def test_a_form_version_is_added_by_adding_a_file(tmp_path: Path) -> None:
    added = load(tmp_path, NEXT)
    assert [section.zh for section in added.sections] == [section.zh for section in form("2021").sections]
    assert added.table("review").lines == form("2019").table("review").lines
    assert added.table("hearings").cells == tuple(
        ("hearings", line, column) for line in ("public", "closed") for column in ("held", "total")
    )
    assert edits_of(added, "T4S").keys() == {("T4S", line) for line in (*REVIEW_LINES, "public", "closed")}


@pytest.mark.parametrize(
    ("stands", "instead", "complaint"),
    [
        pytest.param('id = "closed"', 'id = "public"', "table 'hearings'.*line 'public'.*twice", id="a line twice"),
        pytest.param('{ id = "total",', '{ id = "held",', "table 'hearings'.*column 'held'.*twice", id="a column twice"),
        pytest.param('"closed"], columns', '"secret"], columns', "table 'hearings'.*line 'secret'", id="band with unknown line"),
        pytest.param(
            'columns = ["held", ', 'columns = ["hold", ', "table 'hearings'.*column 'hold'", id="band with unknown column"
        ),
        pytest.param('lines = ["public", "closed"]', 'lines = ["public"]', "line 'closed'.*no band", id="line without a band"),
        pytest.param('left = ["held"]', 'left = ["hold"]', "table 'hearings'.*T4S.*'hold'", id="edit with unknown column"),
        pytest.param('relation = "=="', 'relation = "="', "table 'hearings'.*T4S.*'='", id="edit with unknown relation"),
        pytest.param('each = "line"', 'each = "lien"', "table 'hearings'.*T4S.*'lien'", id="edit for each unknown"),
        pytest.param('en = "closed"', 'em = "closed"', "table 'hearings'.*'closed'.*'en'.*missing", id="a key misspelt"),
        pytest.param(
            'en = "closed"', 'en = "closed", unti = "件"', "table 'hearings'.*'closed'.*'unti'", id="a key nothing reads"
        ),
        pytest.param('id = "hearings"', "", "hearings|second table|'id'", id="a table without id"),
        pytest.param('source = "某号文"', "", "'source'", id="no source"),
        pytest.param('version = "2031"', 'version = "2013"', "'2013'", id="another version than its name"),
        pytest.param('as_in = "2019"', 'as_in = "2008"', "table 'review'.*2008", id="taken over from a form without that table"),
        pytest.param('as_in = "2019"', 'as_in = "1999"', "1999", id="taken over from an unknown form"),
        pytest.param("first_year = 2031", "first_year 2031", "line 6", id="no TOML"),
    ],
)
def test_a_broken_form_file_is_refused_naming_the_place(tmp_path: Path, stands: str, instead: str, complaint: str) -> None:
    assert NEXT.count(stands) == 1
    with pytest.raises(FormError, match=rf"2031\.toml.*({complaint})"):
        load(tmp_path, NEXT.replace(stands, instead))
