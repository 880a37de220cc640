"""The statutory layout, checked against the printed form, and the HTML, read back with its spans."""

from collections.abc import Iterable
from typing import Any

import pandas as pd
import pytest
from selectolax.lexbor import LexborHTMLParser, LexborNode

from govstats.display import layout, report_html, show_frame, table_html
from govstats.errors import FormError
from govstats.forms import form
from govstats.report import Note, ReadCell, Report


def cell(table: str, line: str, column: str, printed: str, status: str = "reported", **more: Any) -> ReadCell:
    value = float(printed) if status == "reported" else None
    return ReadCell(table, line, column, value, printed, status, "件", None, "line 7", "text")._replace(**more)


def report(cells: Iterable[ReadCell], version: str = "2021", **more: Any) -> Report:
    return Report("某市人民政府", 2023, version, None, "example.txt", "text", "", read_cells=list(cells), **more)


def numbered(table: str, version: str = "2021") -> Report:
    """A report whose cells of a table print 1, 2, 3 … in the order of the form."""
    keys = form(version).table(table).cells
    return report([cell(*key, str(number)) for number, key in enumerate(keys, start=1)], version)


def finding(table: str, cells: str, *, status: str = "fail", rule: str = "T4S") -> dict[str, object]:
    return {
        "rule": rule,
        "severity": "E",
        "status": status,
        "agency": "某市人民政府",
        "year": 2023,
        "table": table,
        "expected": 11.0,
        "reported": 0.0,
        "difference": -11.0,
        "cells": cells,
        "message_zh": "“行政复议”的各项之和为 11 <总计> 印作 0",
        "message_en": "the parts add up to 11, the total prints 0",
    }


def grid(html: str) -> list[list[LexborNode]]:
    """Lay the cells of a table out over all the places they span, and check that they fill it without a gap or overlap."""
    places: dict[tuple[int, int], LexborNode] = {}
    for row, line in enumerate(LexborHTMLParser(html).css("tr")):
        for node in line.css("th, td"):
            column = next(at for at in range(1000) if (row, at) not in places)
            for down in range(int(node.attributes.get("rowspan") or 1)):
                for right in range(int(node.attributes.get("colspan") or 1)):
                    assert (row + down, column + right) not in places
                    places[row + down, column + right] = node
    rows, columns = (1 + max(place[axis] for place in places) for axis in (0, 1))
    assert len(places) == rows * columns
    return [[places[row, column] for column in range(columns)] for row in range(rows)]


def texts(nodes: Iterable[LexborNode]) -> list[str]:
    return [node.text() for node in nodes]


def test_requests_have_the_stub_and_the_double_header_of_the_form() -> None:
    frame = layout(numbered("requests"), "requests")
    assert frame.shape == (25, 7)
    assert [tuple(column) for column in frame.columns] == [
        ("自然人", ""),
        ("法人或其他组织", "商业企业"),
        ("法人或其他组织", "科研机构"),
        ("法人或其他组织", "社会公益组织"),
        ("法人或其他组织", "法律服务机构"),
        ("法人或其他组织", "其他"),
        ("总计", ""),
    ]
    assert tuple(frame.index[0]) == ("一、本年新收政府信息公开申请数量", "", "")
    assert tuple(frame.index[2]) == ("三、本年度办理结果", "（一）予以公开", "")
    assert tuple(frame.index[4]) == ("三、本年度办理结果", "（三）不予公开", "1.属于国家秘密")
    assert tuple(frame.index[24]) == ("四、结转下年度继续办理", "", "")
    assert frame.iloc[0].tolist() == ["1", "2", "3", "4", "5", "6", "7"]
    assert frame.iloc[24, 6] == "175"


def test_labels_in_english() -> None:
    frame = layout(numbered("requests"), "requests", "en")
    assert tuple(frame.index[4]) == ("3. results of this year", "(3) refused", "1. state secret")
    assert tuple(frame.columns[1]) == ("legal persons and other organisations", "commercial enterprises")


def test_review_is_one_row_under_three_header_rows() -> None:
    frame = layout(numbered("review"), "review")
    assert frame.shape == (1, 15)
    assert tuple(frame.columns[0]) == ("行政复议", "", "结果维持")
    assert tuple(frame.columns[5]) == ("行政诉讼", "未经复议直接起诉", "结果维持")
    assert tuple(frame.columns[14]) == ("行政诉讼", "复议后起诉", "总计")
    assert frame.iloc[0].tolist() == [str(number) for number in range(1, 16)]


@pytest.mark.parametrize(("version", "cells"), [("2019", 22), ("2021", 10)])
def test_proactive_names_band_line_and_column_of_each_cell(version: str, cells: int) -> None:
    frame = layout(numbered("proactive", version), "proactive")
    assert frame.shape == (cells, 1)
    assert frame.index[0][:2] == ("第二十条第（一）项", "规章")
    assert frame["填报数"].tolist() == [str(number) for number in range(1, cells + 1)]


def test_the_annex_keeps_the_printed_order_and_its_own_lines() -> None:
    lines = ["网上申请数", "本地自设指标/其他", "主动公开文件数"]
    annex = report([cell("statistics", line, "this_year", "3") for line in lines], "2008")
    assert layout(annex, "statistics").index.tolist() == lines
    assert layout(annex, "statistics").columns.tolist() == ["本年度"]
    assert layout(annex, "statistics", "en").index.tolist() == [
        "of which online",
        "本地自设指标/其他",
        "documents disclosed proactively",
    ]


def test_states_of_a_cell_can_be_told_apart() -> None:
    read = report(
        [
            cell("review", "reconsideration", "upheld", "0"),
            cell("review", "reconsideration", "corrected", "", "blank"),
            cell("review", "reconsideration", "other", "/", "not_applicable"),
            cell("review", "reconsideration", "pending", "1 2", "unreadable"),
        ]
    )
    assert layout(read, "review").iloc[0, :5].tolist() == ["0", "", "/", "? 1 2", "…"]
    last = grid(table_html(read, "review"))[-1]
    assert texts(last[:5]) == ["0", "空白", "/", "? 1 2", "…"]
    assert [node.attributes.get("class") for node in last[:5]] == [
        None,
        "govstats-blank",
        "govstats-not_applicable",
        "govstats-unreadable",
        "govstats-missing",
    ]


def test_a_table_that_is_not_there_is_all_missing() -> None:
    assert set(layout(report([]), "requests").to_numpy().flat) == {"…"}
    assert "文件中没有这张表" in table_html(report([]), "requests")
    assert "does not have this table" in table_html(report([]), "requests", language="en")
    assert layout(report([], "2008"), "statistics").shape == (0, 2)


def test_a_table_that_the_form_lacks_is_refused() -> None:
    with pytest.raises(FormError, match="form 2021 has no table 'statistics'"):
        layout(report([]), "statistics")


def test_a_printed_subtotal_is_a_line_of_its_group() -> None:
    read = numbered("requests")
    subtotal = report([*read.read_cells, cell("requests", "refused", "total", "88")])
    frame = layout(subtotal, "requests")
    assert frame.shape == (26, 7)
    assert tuple(frame.index[4]) == ("三、本年度办理结果", "（三）不予公开", "小计")
    assert frame.iloc[4].tolist() == ["…"] * 6 + ["88"]
    assert grid(table_html(subtotal, "requests"))[6][1].attributes["rowspan"] == "9"


def test_a_subtotal_printed_alone_stands_for_its_parts() -> None:
    cells = [read for read in numbered("requests").read_cells if not read.line.startswith("other.")]
    frame = layout(report([*cells, cell("requests", "other", "total", "4")]), "requests")
    assert frame.shape == (23, 7)
    assert frame.loc[("三、本年度办理结果", "（六）其他处理", ""), ("总计", "")] == "4"


@pytest.mark.parametrize(
    ("version", "table", "rows", "columns"),
    [("2021", "requests", 27, 10), ("2019", "requests", 25, 10), ("2021", "review", 4, 15), ("2021", "proactive", 14, 4)],
)
def test_html_spans_fill_the_table(version: str, table: str, rows: int, columns: int) -> None:
    read = numbered(table, version)
    for language in ("zh", "en"):
        laid = grid(table_html(read, table, language=language))
        assert (len(laid), len(laid[0])) == (rows, columns)
    figures = list(dict.fromkeys(node.text() for row in laid for node in row if node.tag == "td"))
    assert figures == [read.printed for read in read.read_cells]


def test_html_header_is_that_of_the_form() -> None:
    laid = grid(table_html(numbered("requests"), "requests"))
    assert texts(laid[0][3:]) == ["自然人", *["法人或其他组织"] * 5, "总计"]
    assert texts(laid[1][3:]) == ["自然人", "商业企业", "科研机构", "社会公益组织", "法律服务机构", "其他", "总计"]
    assert texts(laid[6][:4]) == ["三、本年度办理结果", "（三）不予公开", "1.属于国家秘密", "29"]
    assert laid[6][2].attributes["title"] == "1. state secret"
    review = grid(table_html(numbered("review"), "review"))
    assert texts(review[row][5] for row in range(4)) == ["行政诉讼", "未经复议直接起诉", "结果维持", "6"]
    assert texts(review[row][0] for row in range(4)) == ["行政复议", "行政复议", "结果维持", "1"]


def test_bands_of_proactive_share_one_width() -> None:
    laid = grid(table_html(numbered("proactive", "2019"), "proactive"))
    assert texts(laid[1]) == ["信息内容", *["本年新制作数量"] * 2, *["本年新公开数量"] * 2, *["对外公开总数量"] * 2]
    assert texts(laid[-2]) == ["信息内容", *["采购项目数量"] * 3, *["采购总金额"] * 3]


def test_failed_cells_have_a_sign_a_number_and_a_sentence() -> None:
    failed = "review/reconsideration/upheld;review/reconsideration/total"
    findings = pd.DataFrame(
        [
            finding("review", "review/litigation_direct/total", status="not_assessable"),
            finding("review", "review/litigation_direct/total", status="pass"),
            finding("requests", "requests/new/total", rule="T3R"),
            finding("review", failed),
            finding("review", "review/reconsideration/total", rule="S04"),
        ]
    )
    html = table_html(numbered("review"), "review", findings=findings)
    marked = [node for node in grid(html)[-1] if "govstats-failed" in (node.attributes.get("class") or "")]
    assert texts(marked) == ["(⚠\ufe0e1) 1", "(⚠\ufe0e1,2) 5"]
    assert texts(LexborHTMLParser(html).css("li")) == [
        "⚠\ufe0e1 T4S “行政复议”的各项之和为 11 <总计> 印作 0",
        "⚠\ufe0e2 S04 “行政复议”的各项之和为 11 <总计> 印作 0",
    ]
    title = marked[0].attributes["title"]
    assert title
    assert title.split("\n") == ["line 7 · 读法 text · 印作“1”", "⚠\ufe0e1 T4S “行政复议”的各项之和为 11 <总计> 印作 0"]
    assert "govstats-failed" not in table_html(numbered("review"), "review").split("</style>")[1]


def test_lines_of_the_annex_are_marked_by_their_printed_label() -> None:
    annex = report([cell("statistics", "甲/乙", "this_year", "3")], "2008")
    html = table_html(annex, "statistics", findings=pd.DataFrame([finding("statistics", "statistics/甲/乙/this_year")]))
    assert texts(LexborHTMLParser(html).css("td.govstats-failed")) == ["(⚠\ufe0e1) 3"]


def test_source_on_hover_has_page_and_place() -> None:
    read = report([cell("review", "reconsideration", "upheld", "10", page=4, place="table 3, row 4", method="grid")])
    title = "page 4 · table 3, row 4 · read as grid · printed “10”"
    assert grid(table_html(read, "review", language="en"))[-1][0].attributes["title"] == title


def test_everything_from_a_document_is_escaped() -> None:
    evil = '<script>"&'
    read = Report(
        evil,
        2008,
        "2008",
        evil,
        evil,
        "text",
        "",
        read_cells=[cell("statistics", evil, "this_year", evil, "unreadable", place=evil)],
        read_notes=[Note("unreadable_cell", evil, evil)],
    )
    html = report_html(read)
    assert "<script" not in html
    assert table_html(read, "statistics").count("&lt;script&gt;&#34;&amp;") == 4


def test_report_html_says_who_when_and_what_could_not_be_read() -> None:
    notes = [Note("unreadable_row", f"第 {number} 行无法判读", f"row {number} cannot be read") for number in range(12)]
    html = report_html(report([cell("review", "reconsideration", "upheld", "10")], read_notes=notes))
    (shown,) = LexborHTMLParser(html).css(".govstats")
    text = shown.text()
    assert "某市人民政府 · 2023" in text
    assert "国办公开办函〔2021〕30号" in text
    assert "第 9 行无法判读" in text
    assert "第 10 行无法判读" not in text
    assert "2 条见 more in report.notes" in text


def test_report_html_marks_failed_edits() -> None:
    block = {"upheld": "10", "corrected": "1", "other": "0", "pending": "0", "total": "0"}
    cells = [
        cell("review", line, column, printed if line == "reconsideration" else "0")
        for line in ("reconsideration", "litigation_direct", "litigation_after_reconsideration")
        for column, printed in block.items()
    ]
    marked = LexborHTMLParser(report_html(report(cells))).css("td.govstats-failed")
    assert texts(marked) == ["(⚠\ufe0e1) 10", "(⚠\ufe0e1) 1", "(⚠\ufe0e1) 0", "(⚠\ufe0e1) 0", "(⚠\ufe0e1) 0"]


def test_html_is_the_same_each_time_and_without_scripts_and_ids() -> None:
    one, other = (report_html(numbered("requests")) for _ in range(2))
    assert one == other
    tree = LexborHTMLParser(one)
    assert not tree.css("script")
    assert not tree.css("[id]")
    assert " at 0x" not in one


def test_a_frame_for_eyes_has_whole_counts_one_column_for_two_languages_and_missing_told_apart() -> None:
    frame = pd.DataFrame(
        {
            "rule": ["T3B", "S04"],
            "expected": pd.array([4, None], "Float64"),
            "share": [0.25, 1.0],
            "message_zh": ["不平衡<1>", "空白"],
            "message_en": ["out of balance", "blank"],
            "sure": [True, False],
        }
    )
    shown = show_frame(frame)
    assert list(shown.rows.columns) == ["rule", "expected", "share", "message", "sure"]
    assert shown.rows.iloc[0].tolist() == ["T3B", "4", "0.25", "不平衡<1> out of balance", "是 yes"]
    assert shown.rows.iloc[1].tolist() == ["S04", "…", "1", "空白 blank", "否 no"]
    assert "不平衡&lt;1&gt; out of balance" in shown._repr_html_()
    assert show_frame(frame, language="en").rows["message"].tolist() == ["out of balance", "blank"]
    numbers = LexborHTMLParser(shown._repr_html_()).css("td.govstats-number")
    assert texts(numbers) == ["4", "0.25", "…", "1"]


def test_a_frame_without_rows_says_so_and_one_with_an_index_shows_it() -> None:
    empty = show_frame(pd.DataFrame({"rule": []}), empty="没有。 None.")
    assert empty._repr_html_() == "<p>没有。 None.</p>"
    counts = pd.crosstab(pd.Series(["a", "a"], name="table"), pd.Series([2020, 2021], name="year"))
    cells = LexborHTMLParser(show_frame(counts)._repr_html_()).css("th, td")
    assert texts(cells) == ["表 table", "2020", "2021", "a", "1", "1"]


def test_a_frame_says_why_there_is_no_value_and_names_its_columns_in_both_languages() -> None:
    frame = pd.DataFrame(
        {"line": ["new", "granted"], "value": [3.0, None], "status": ["reported", "blank"], "unit_x": ["件", "件"]}
    )
    shown = show_frame(frame)
    assert shown.rows["value"].tolist() == ["3", "空白 blank"]
    assert texts(LexborHTMLParser(shown._repr_html_()).css("th")) == ["行 line", "数值 value", "状态 status", "unit_x"]
    assert texts(LexborHTMLParser(show_frame(frame, language="en")._repr_html_()).css("th")) == [
        "line",
        "value",
        "status",
        "unit_x",
    ]
    assert show_frame(frame, language="zh").rows["value"].tolist() == ["3", "空白"]
