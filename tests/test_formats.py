"""Rule XF: where two formats of one report must be said to differ, and where they must not."""

from collections.abc import Mapping

import pandas as pd
import pytest

import govstats
from govstats import embedded
from govstats.errors import DifferentReports
from govstats.reconciliation import FINDING_TYPES, FormatComparison, compare_formats
from govstats.report import ReadCell, Report

Printed = Mapping[str, str | None]


def report(cells: Printed, format: str = "html", form: str = "2021", **identity: object) -> Report:  # noqa: A002 as the report's
    """A report; None is what cannot be read."""
    read = []
    for place, (key, printed) in enumerate(cells.items(), start=1):
        table, line, column = key.split("/")
        unit = "万元" if column == "amount" else "件"
        digits = (printed or "").replace(",", "").removesuffix("元")
        value = float(digits) / (1e4 if (printed or "").endswith("元") else 1) if digits.replace(".", "").isdecimal() else None
        status = "unreadable" if printed is None else {"": "blank", "/": "not_applicable"}.get(printed, "reported")
        read.append(ReadCell(table, line, column, value, printed or "", status, unit, None, f"line {place}", "grid"))
    known: dict[str, object] = {"agency": "某区", "year": 2022, **identity}
    return Report(form=form, title=None, source=f"report.{format}", format=format, sha256="0" * 64, read_cells=read, **known)  # type: ignore[arg-type]


def rules_of(comparison: FormatComparison) -> list[tuple[str, str, str]]:
    rows = comparison.findings[["status", "table", "cells"]]
    return [(str(a), str(b), str(c)) for a, b, c in rows.itertuples(index=False, name=None)]


UPHELD, CORRECTED = "review/reconsideration/upheld", "review/reconsideration/corrected"
GRANTED = "requests/granted/natural_person"
AMOUNT = "proactive/administrative_fees/amount"
NO_OTHERS = [("not_assessable", "proactive", ""), ("not_assessable", "requests", "")]


def test_equal_cells_pass_and_tables_that_no_document_has_do_not() -> None:
    found = compare_formats(report({UPHELD: "10", CORRECTED: "1"}), report({UPHELD: "10", CORRECTED: "1"}, "word"))
    assert found.cells["agreement"].tolist() == ["equal", "equal"]
    assert rules_of(found) == [*NO_OTHERS, ("pass", "review", "")]
    assert set(found.findings["rule"]) == {"XF"}
    assert set(found.findings["severity"]) == {"E"}


def test_a_cell_that_differs_fails_with_both_figures() -> None:
    found = compare_formats(report({UPHELD: "10", CORRECTED: "1"}), report({UPHELD: "19", CORRECTED: "1"}, "word"))
    assert found.cells["agreement"].tolist() == ["different", "equal"]
    assert rules_of(found) == [*NO_OTHERS, ("fail", "review", UPHELD)]
    failed = found.findings.iloc[-1]
    assert failed[["expected", "reported", "difference"]].tolist() == [10, 19, 9]
    assert (failed["agency"], failed["year"]) == ("某区", 2022)
    assert failed["message_zh"] == "“行政复议·结果维持”在各文件中不同：html 作“10”，word 作“19”。"
    assert failed["message_en"].endswith("differs between the documents: html has “10”, word has “19”.")


@pytest.mark.parametrize(
    ("key", "one", "other"),
    [
        (UPHELD, "1,024", "1024"),
        (UPHELD, "", ""),
        (UPHELD, "/", "/"),
        (AMOUNT, "251000元", "25.1"),
        # one fen of rounding noise: 0.1 + 0.2 in 万元
        (AMOUNT, "0.3", "0.30000000000000004"),
    ],
)
def test_it_is_silent_where_the_same_is_written_in_another_way(key: str, one: str, other: str) -> None:
    found = compare_formats(report({key: one}), report({key: other}, "text"))
    assert found.cells["agreement"].tolist() == ["equal"]
    assert "fail" not in set(found.findings["status"])


@pytest.mark.parametrize(
    ("key", "one", "other"),
    [(UPHELD, "0", ""), (UPHELD, "", "/"), (UPHELD, "/", "0"), (AMOUNT, "25.1", "251000"), (AMOUNT, "25.1", "25.1001")],
)
def test_it_fires_where_something_else_is_written(key: str, one: str, other: str) -> None:
    found = compare_formats(report({key: one}), report({key: other}, "text"))
    assert found.cells["agreement"].tolist() == ["different"]
    assert found.findings["status"].tolist().count("fail") == 1


def test_figures_of_two_units_are_said_in_one() -> None:
    found = compare_formats(report({AMOUNT: "251000元"}), report({AMOUNT: ""}, "word"))
    failed = found.findings[found.findings["status"] == "fail"]
    assert "html 作“251000元”（25.1），word 作空白" in failed["message_zh"].item()
    assert failed["expected"].item() == 25.1
    assert failed["reported"].isna().item()


def test_what_only_one_document_shows_was_not_compared() -> None:
    found = compare_formats(
        report({UPHELD: "10", CORRECTED: "1", GRANTED: "5"}), report({UPHELD: "10", CORRECTED: None, GRANTED: None}, "text")
    )
    assert found.cells.set_index("line")["agreement"].to_dict() == {"granted": "only_some", "reconsideration": "only_some"}
    assert rules_of(found) == [
        ("not_assessable", "proactive", ""),
        ("not_assessable", "requests", GRANTED),
        ("not_assessable", "review", CORRECTED),
    ]
    messages = found.findings["message_zh"].tolist()
    assert messages[1].endswith("text 全表。")
    assert messages[2].endswith("text 行政复议·结果纠正。")


def test_a_difference_does_not_hide_what_was_not_compared() -> None:
    found = compare_formats(report({UPHELD: "10", CORRECTED: "1"}), report({UPHELD: "9"}, "text"))
    assert rules_of(found)[2:] == [("fail", "review", UPHELD), ("not_assessable", "review", CORRECTED)]


def test_what_is_nowhere_readable_is_no_agreement() -> None:
    found = compare_formats(report({UPHELD: None}), report({UPHELD: None}, "text"))
    assert found.cells["agreement"].tolist() == ["none"]
    assert rules_of(found)[2:] == [("not_assessable", "review", UPHELD)]


def test_of_three_documents_one_may_differ() -> None:
    found = compare_formats(report({UPHELD: "10"}), report({UPHELD: "10"}, "word"), report({UPHELD: "1"}, "word"))
    failed = found.findings[found.findings["status"] == "fail"]
    assert failed[["expected", "reported"]].to_numpy().tolist() == [[10, 1]]
    assert "html 作“10”，word 2 作“10”，word 3 作“1”" in failed["message_zh"].item()
    assert found.documents["number"].tolist() == [1, 2, 3]


def test_the_frames_have_their_columns_and_types() -> None:
    found = compare_formats(report({UPHELD: "10"}), report({}, "word"))
    assert list(found.findings.columns) == list(FINDING_TYPES)
    assert {name: str(kind) for name, kind in found.findings.dtypes.items()} == FINDING_TYPES
    assert found.cells.columns.tolist() == [
        *("agency", "year", "form", "table", "line", "column", "agreement"),
        *("value_1", "printed_1", "status_1", "place_1", "value_2", "printed_2", "status_2", "place_2"),
    ]
    assert found.cells["place_1"].tolist() == ["line 1"]
    assert found.cells[["value_2", "printed_2", "status_2", "place_2"]].isna().all(axis=None)
    assert pd.concat([govstats.reconcile(report({UPHELD: "10"})), found.findings]).columns.tolist() == list(FINDING_TYPES)
    assert compare_formats(report({}), report({}, "word")).cells.empty


def test_cells_come_in_the_order_of_the_form() -> None:
    found = compare_formats(report({UPHELD: "10", AMOUNT: "1"}), report({GRANTED: "5", UPHELD: "10"}, "word"))
    assert found.cells["table"].tolist() == ["proactive", "requests", "review"]


@pytest.mark.parametrize(
    ("other", "name"),
    [
        (report({}, agency="某县"), "agency"),
        (report({}, agency=None), "agency"),
        (report({}, year=2021), "year"),
        (report({}, year=None), "year"),
        (report({}, form="2019"), "form"),
    ],
)
def test_reports_that_are_not_known_to_be_one_are_refused(other: Report, name: str) -> None:
    with pytest.raises(DifferentReports, match=rf"{name} differs or is unknown .*report\.html"):
        compare_formats(report({}), other)


@pytest.mark.parametrize("slug", ["应急管理部/2021", "上海市人民政府办公厅/2019", "平潭综合实验区/2025", "平潭综合实验区/2012"])
def test_the_documents_of_the_corpus_agree(slug: str) -> None:
    agency, year = slug.split("/")
    found = govstats.compare_formats(*embedded.documents(agency, int(year)))
    assert "different" not in set(found.cells["agreement"])
    assert "fail" not in set(found.findings["status"])


def test_a_figure_changed_in_one_document_of_the_corpus_is_found() -> None:
    page, *_ = embedded.documents("应急管理部", 2021)
    text = page.read_text("utf-8")
    assert text.count("10650.15") == 1
    found = govstats.compare_formats(page, text.replace("10650.15", "10560.15").encode())
    differing = found.cells[found.cells["agreement"] == "different"]
    assert differing[["line", "value_1", "value_2"]].to_numpy().tolist() == [["administrative_fees", 10650.15, 10560.15]]
