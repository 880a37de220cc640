"""The numbers behind the figures, by hand, and what the figures say."""

import builtins
from collections.abc import Iterable
from io import BytesIO
from typing import Any

import pandas as pd
import pytest

import govstats
from govstats import embedded
from govstats.errors import GovstatsError, UnusableCells
from govstats.figures import (
    claims_by_report,
    drawing,
    flows,
    outcomes_by_applicant,
    reasons_for_refusal,
    refusal_reasons,
    requests_by_applicant_and_outcome,
    residuals,
    rules_by_outcome,
    where_edits_cross,
)
from govstats.forms import form
from govstats.report import ReadCell, Report

#: Lines and columns with a figure; every other cell of the table is 0. Refused: 2 + 5 = 7 natural persons.
FIGURES = {
    ("granted", "natural_person"): 290,
    ("granted", "legal"): 3,
    ("refused.state_secret", "natural_person"): 2,
    ("refused.enforcement_files", "natural_person"): 5,
    ("refused.enforcement_files", "commercial"): 1,
    ("unable.not_held", "commercial"): 4,
    ("other.fee_overdue", "research"): 1,
    ("other.other", "research"): 6,
    ("refused.state_secret", "total"): 2,
    ("refused.enforcement_files", "total"): 6,
    ("processed_total", "natural_person"): 1234,
}


def cell(line: str, column: str, value: float | None, status: str = "reported") -> ReadCell:
    printed = "" if value is None else f"{value:g}"
    return ReadCell("requests", line, column, value, printed, status, "件", None, "line 1", "text")


def report(cells: Iterable[ReadCell], version: str = "2021") -> Report:
    return Report("某市人民政府", 2023, version, None, "example.txt", "text", "", read_cells=list(cells))


def full(changed: dict[tuple[str, str], ReadCell | None] | None = None, figures: dict[tuple[str, str], int] = FIGURES) -> Report:
    """A report with every cell of the table; `changed` replaces cells, or drops them where it has None."""
    keys = [(line, column) for _, line, column in form("2021").table("requests").cells]
    cells = [(changed or {}).get(key, cell(*key, float(figures.get(key, 0)))) for key in keys]
    return report(cell for cell in cells if cell)


def row(frame: pd.DataFrame, **wanted: str) -> dict[str, Any]:
    for name, value in wanted.items():
        frame = frame[frame[name] == value]
    (found,) = frame.to_dict("records")
    return {str(name): value for name, value in found.items()}


def texts(figure: Any) -> list[str]:
    """Every text in a figure."""
    from matplotlib.text import Text

    return [text.get_text() for text in figure.findobj(Text) if text.get_visible()]


def words(figure: Any) -> list[str]:
    """Every text in a figure, line by line."""
    return [line for text in texts(figure) for line in text.split("\n")]


def bars(figure: Any) -> list[float]:
    return sorted(bar.get_width() for axes in figure.axes for bar in axes.patches if bar.get_width())


def test_outcomes_sum_the_lines_of_each_group() -> None:
    counts = outcomes_by_applicant(full())
    assert len(counts) == 6 * 6
    assert row(counts, applicant="natural_person", outcome="granted")["value"] == 290
    assert row(counts, applicant="natural_person", outcome="refused")["value"] == 7
    assert row(counts, applicant="commercial", outcome="unable")["value"] == 4
    assert row(counts, applicant="research", outcome="other")["value"] == 7
    assert row(counts, applicant="social", outcome="not_processed")["value"] == 0
    assert counts.value.sum() == 290 + 3 + 7 + 1 + 4 + 7
    assert row(counts, applicant="legal", outcome="partly_granted") == {
        "agency": "某市人民政府",
        "year": 2023,
        "applicant": "legal",
        "applicant_zh": "法律服务机构",
        "applicant_en": "legal service organisations",
        "outcome": "partly_granted",
        "outcome_zh": "部分公开",
        "outcome_en": "granted in part",
        "value": 0,
        "known": 0,
        "status": "reported",
        "cells": 1,
    }


@pytest.mark.parametrize("status", ["blank", "unreadable", "not_applicable"])
def test_what_is_no_figure_is_not_zero(status: str) -> None:
    key = ("granted", "legal")
    found = row(outcomes_by_applicant(full({key: cell(*key, None, status)})), applicant="legal", outcome="granted")
    assert found["value"] is None
    assert (found["known"], found["status"]) == (0, status)


def test_a_missing_cell_is_missing() -> None:
    found = row(outcomes_by_applicant(full({("granted", "legal"): None})), applicant="legal", outcome="granted")
    assert found["value"] is None
    assert found["status"] == "missing"


def test_a_sum_with_a_blank_part_is_incomplete() -> None:
    key = ("refused.third_party_rights", "natural_person")
    found = row(outcomes_by_applicant(full({key: cell(*key, None, "blank")})), applicant="natural_person", outcome="refused")
    assert found["value"] is None
    assert (found["known"], found["status"], found["cells"]) == (7, "incomplete", 8)


def test_a_subtotal_printed_without_its_parts_stands_for_them() -> None:
    counts = outcomes_by_applicant(report([cell("other", "social", 9.0)]))
    assert row(counts, applicant="social", outcome="other")["value"] == 9
    assert row(counts, applicant="legal", outcome="other")["status"] == "missing"


def test_a_subtotal_printed_beside_its_parts_is_not_counted_twice() -> None:
    counts = outcomes_by_applicant(report([*full().read_cells, cell("refused", "natural_person", 99.0)]))
    assert row(counts, applicant="natural_person", outcome="refused")["value"] == 7


def test_the_form_of_2019_has_one_line_of_other_handling() -> None:
    counts = outcomes_by_applicant(report([cell("other", "social", 9.0)], "2019"))
    assert row(counts, applicant="social", outcome="other")["value"] == 9


def test_refusal_reasons_are_those_of_all_applicants() -> None:
    counts = refusal_reasons(full())
    assert counts.value.tolist() == [2, 0, 0, 0, 0, 0, 6, 0]
    assert counts.reason_zh.tolist()[6] == "属于行政执法案卷"
    assert counts.reason_en.tolist()[5] == "deliberative or process information"


def test_no_table_gives_empty_frames_with_their_columns() -> None:
    nothing = report([], "2008")
    assert outcomes_by_applicant(nothing).columns.tolist() == outcomes_by_applicant(full()).columns.tolist()
    assert refusal_reasons(nothing).dtypes.tolist() == refusal_reasons(full()).dtypes.tolist()
    assert outcomes_by_applicant(nothing).empty
    assert refusal_reasons(nothing).empty


pytest_figures = pytest.mark.parametrize("draw", [requests_by_applicant_and_outcome, reasons_for_refusal])


@pytest_figures
@pytest.mark.parametrize("version", ["2008", "2019", "2021"])
def test_a_report_without_the_table_says_so(draw: Any, version: str) -> None:
    pytest.importorskip("matplotlib")
    assert "这份文件里没有申请情况表  no requests table in this document" in words(draw(report([], version)))


@pytest_figures
def test_figures_render_without_a_warning_and_without_touching_matplotlib(draw: Any) -> None:
    matplotlib = pytest.importorskip("matplotlib")
    from matplotlib import font_manager

    settings, fonts = dict(matplotlib.rcParams), list(font_manager.fontManager.ttflist)
    figure = draw(full())
    figure.savefig(picture := BytesIO(), format="png")
    data, about = figure._repr_mimebundle_()
    assert data["image/png"] == picture.getvalue()
    assert data["image/png"].startswith(b"\x89PNG")
    assert about["image/png"]["alt"] == figure.alt
    assert dict(matplotlib.rcParams) == settings
    assert font_manager.fontManager.ttflist == fonts
    assert " at 0x" not in repr(figure)


def test_a_pdf_has_its_text_line_by_line() -> None:
    pytest.importorskip("matplotlib")
    pdfium = pytest.importorskip("pypdfium2")
    flows(full()).savefig(stored := BytesIO(), format="pdf")
    with pdfium.PdfDocument(stored.getvalue()) as document:
        lines = document[0].get_textpage().get_text_range().splitlines()
    assert {"予以公开", "granted in full"} <= {line.strip("0123456789 ") for line in lines}


def test_outcome_figure_draws_the_counts() -> None:
    pytest.importorskip("matplotlib")
    figure = requests_by_applicant_and_outcome(full())
    assert bars(figure) == [1, 3, 4, 7, 7, 290]
    assert {"某市人民政府 · 2023", "自然人", "natural persons", "无法提供", "290", "1,234"} <= set(words(figure))


def test_reason_figure_puts_the_most_frequent_first() -> None:
    pytest.importorskip("matplotlib")
    figure = reasons_for_refusal(full())
    labels = [word for word in words(figure) if word.startswith("属于")]
    assert labels[:2] == ["属于行政执法案卷", "属于国家秘密"]
    assert bars(figure) == [2, 6]


def test_what_is_no_figure_is_said_and_not_drawn() -> None:
    pytest.importorskip("matplotlib")
    blank, part = ("granted", "natural_person"), ("refused.third_party_rights", "natural_person")
    figure = requests_by_applicant_and_outcome(full({blank: cell(*blank, None, "blank"), part: cell(*part, None, "unreadable")}))
    assert bars(figure) == [1, 3, 4, 7, 7]
    assert {"空白", "blank", "≥ 7"} <= set(words(figure))
    assert any("空白 1 项、不全（≥） 1 项" in word and "1 blank, 1 incomplete (≥)" in word for word in words(figure))
    blank = ("refused.state_secret", "total")
    assert bars(reasons_for_refusal(full({blank: cell(*blank, None, "blank")}))) == [6]


def test_a_year_without_requests_is_said() -> None:
    pytest.importorskip("matplotlib")
    nothing = full(figures={})
    assert "本年度没有办结的申请  no request was processed this year" in words(requests_by_applicant_and_outcome(nothing))
    assert "本年度没有不予公开的申请  no request was refused this year" in words(reasons_for_refusal(nothing))


@pytest_figures
def test_a_missing_extra_is_named(draw: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import_module = builtins.__import__

    def without_matplotlib(name: str, *args: Any, **keywords: Any) -> Any:
        if name.startswith("matplotlib"):
            raise ModuleNotFoundError("No module named 'matplotlib'", name="matplotlib")
        return import_module(name, *args, **keywords)

    drawing.font.cache_clear()
    monkeypatch.setattr(builtins, "__import__", without_matplotlib)
    with pytest.raises(GovstatsError, match=r"matplotlib, which is not installed.*pip install 'govstats\[notebooks\]'"):
        draw(full())


def test_residuals_are_printed_totals_less_the_sum_of_the_parts() -> None:
    hongze = embedded.report("淮安市洪泽区人民政府", 2023)
    missed = residuals(hongze)
    # 10 + 1 + 0 + 0 and 5 + 0 + 0 + 0 under totals of 0
    assert missed.loc[missed["difference"] != 0, ["rule", "along", "id", "difference"]].values.tolist() == [
        ["T4S", "line", "reconsideration", -11.0],
        ["T4S", "line", "litigation_after_reconsideration", -5.0],
    ]
    # 25 lines of applicants, of which three are printed as one, 7 columns of results and of the balance, 3 blocks
    assert missed["rule"].value_counts().to_dict() == {"T3R": 23, "T3C": 7, "T3B": 7, "T4S": 3}


def test_the_likeliest_repairs_stand_in_the_table() -> None:
    hongze = embedded.report("淮安市洪泽区人民政府", 2023)
    figure = where_edits_cross(hongze, "review", govstats.repairs(hongze, reread=False))
    assert [text for text in texts(figure) if text.startswith("→")] == ["→11", "→5"]
    assert {"−11", "−5", "T4S"} <= set(texts(figure))


def test_flows_say_what_came_and_what_became_of_it() -> None:
    # 0 + 21 came in; 7 + 6 + 0 + 7 + 3 + 4 + 0 went out
    figure: Any = flows(embedded.report("平潭综合实验区", 2020), language="en")
    assert [text for text in texts(figure) if text.isdigit()] == ["0", "21", "7", "6", "0", "7", "3", "4", "0"]
    assert figure.alt.startswith("Requests to handle: 21 (carried in: 0, new: 21); processed: 27, granted in full: 7;")
    assert figure.alt.endswith("21 came in, but 27 are accounted for.")


def test_a_table_that_adds_up_has_no_residual_but_nought() -> None:
    figure = where_edits_cross(embedded.report("平潭综合实验区", 2025), "requests")
    assert not [text for text in texts(figure) if text.startswith(("+", "−", "→"))]


def test_a_table_that_the_document_lacks_is_no_table_that_adds_up() -> None:
    lost = embedded.report("应急管理部", 2023)
    for name in ("requests", "review", "proactive"):
        figure: Any = where_edits_cross(lost, name)
        assert figure.alt == "这份文件里没有这张表 this table is not in the document"
        figure.savefig(BytesIO(), format="png")


def test_claims_are_counted_by_what_became_of_them() -> None:
    counts = pd.DataFrame(
        {"agency": ["甲局", "乙局"], "year": [2023, 2023], "claims": [6, 0], "agree": [4, 0], "differ": [2, 0], "open": [0, 0]}
    )
    figure = claims_by_report(counts)
    # what claims nothing has no bar, and no part of a bar is drawn for nothing
    assert [text for text in texts(figure) if text[:1] in ("甲", "乙")] == ["甲局 2023"]
    assert [text.get_text() for text in figure.axes[1].texts] == ["4", "2", "0"]
    assert len(figure.axes[0].patches) == 2


def test_rules_are_drawn_by_what_became_of_reports() -> None:
    rows = [("T3B", "E", "county", 8, 5, 2, 1), ("T3B", "E", None, 3, 3, 0, 0)]
    summary = pd.DataFrame(rows, columns=["rule", "severity", "level", "reports", "pass", "fail", "not_assessable"])
    figure: Any = rules_by_outcome(summary, language="en")
    assert figure.alt == "Rules with most reports that fail: T3B county 2 of 8."
    assert [text.get_text() for text in figure.axes[1].texts] == ["5", "3", "2", "0", "1", "0"]
    # shares of eight, and of three
    assert [patch.get_width() for patch in figure.axes[0].patches] == [5 / 8, 1, 2 / 8, 1 / 8]
    with pytest.raises(UnusableCells, match="there are 0 rows to draw"):
        rules_by_outcome(summary.head(0))
