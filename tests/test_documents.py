"""Readers: bytes become paragraphs and grids, each with its place."""

from pathlib import Path

import pytest

from govstats.documents import Document, Grid, open_document
from govstats.errors import MissingReader, UnreadableDocument


def document(text: str, encoding: str = "utf-8") -> Document:
    return open_document(text.encode(encoding))


def texts(grid: Grid) -> list[list[str]]:
    return [[cell.text for cell in row] for row in grid.rows]


def only_grid(text: str) -> Grid:
    (grid,) = document(text).grids
    return grid


# --- bad input ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [b"", b"   \n\t ", b"\xef\xbb\xbf", b"<html><body></body></html>"])
def test_nothing_to_read_is_refused(content: bytes) -> None:
    with pytest.raises(UnreadableDocument, match=r"empty|no text"):
        open_document(content)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnreadableDocument, match=r"不存在\.html: the file cannot be opened"):
        open_document(tmp_path / "不存在.html")


def test_another_format_is_refused_by_name() -> None:
    with pytest.raises(MissingReader, match="RTF document, which govstats does not read"):
        open_document(b"{\\rtf1 }")


@pytest.mark.parametrize("start", [b"\x89PNG\r\n", b"\xff\xd8\xff\xe0", b"%PDF-1.7\n"])
def test_a_damaged_file_is_refused(start: bytes) -> None:
    with pytest.raises(UnreadableDocument, match="damaged"):
        open_document(start + b"\0" * 50)


def test_random_bytes_are_no_text() -> None:
    with pytest.raises(UnreadableDocument, match="no text in UTF-8"):
        open_document(bytes(range(256)) * 40)


# --- encodings ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("declared", "encoding"),
    [("", "utf-8"), ("", "gb18030"), ("gb2312", "gb18030"), ("gb2312", "utf-8"), ("big5", "big5hkscs"), ("", "utf-16")],
)
def test_the_encoding_is_found_whatever_is_declared(declared: str, encoding: str) -> None:
    meta = f'<meta charset="{declared}">' if declared else ""
    sentence = "規章與辦理結果" if "big5" in encoding else "二〇二一年镕规章"
    read = open_document(f"<html><head>{meta}</head><body><p>{sentence}</p></body></html>".encode(encoding))
    assert [paragraph.text for paragraph in read.paragraphs] == [sentence]


def test_a_page_cut_off_inside_a_character_is_still_read() -> None:
    content = ("<p>" + "政府信息公开" * 50 + "</p>").encode()[:-6]
    assert next(open_document(content).paragraphs).text.startswith("政府信息公开")


# --- HTML -----------------------------------------------------------------------------------------------------------------


def test_spans_place_cells_and_bogus_ones_are_clipped() -> None:
    grid = only_grid(
        "<table><tr><td rowspan=99>甲<td colspan=2>乙<tr><td>1<td>2<tr><td colspan=99>丙</table><p>后文</p>",
    )
    assert texts(grid) == [["甲", "乙"], ["1", "2"], ["丙"]]
    assert [(cell.row, cell.column, cell.rowspan, cell.colspan) for row in grid.rows for cell in row] == [
        (0, 0, 3, 1),
        (0, 1, 1, 2),
        (1, 1, 1, 1),
        (1, 2, 1, 1),
        (2, 1, 1, 2),
    ]
    assert grid.rows[1][1].place == "table 1 row 2 cell 2"


def test_a_layout_table_is_walked_into() -> None:
    read = document(
        "<table><tr><td><p>一、总体情况</p><table><tr><td>规章<td>3</table></td><td>侧栏</td></tr></table>",
    )
    assert [p.text for p in read.paragraphs] == ["一、总体情况", "侧栏"]
    assert [texts(grid) for grid in read.grids] == [[["规章", "3"]]]


def test_blank_cells_stay_cells() -> None:
    grid = only_grid("<table><tr><td>规章<td>&nbsp;<td><o:p></o:p><td><p><br></p></table>")
    assert texts(grid) == [["规章", "", "", ""]]


def test_runs_join_and_blocks_part_figures() -> None:
    grid = only_grid("<table><tr><td><span>1</span><b>2</b><td><p>1</p><p>2</p><td>1<br>2</table>")
    assert texts(grid) == [["12", "1\n2", "1\n2"]]


def test_struck_out_and_hidden_text_is_not_read_and_footnotes_do_not_join() -> None:
    grid = only_grid(
        "<table><tr><td><s>3</s>446<td><del>1</del>2<td>22<sup>1</sup><td>7<span style='display: none'>9</span></table>",
    )
    assert texts(grid) == [["446", "2", "22[1]", "7"]]


def test_a_page_that_a_script_would_show_is_read_and_a_hidden_copy_is_not() -> None:
    table = "<table><tr><td>规章<td>{}</table>"
    hidden = '<div style="display:none">{}</div>'
    assert texts(only_grid("<p>正文</p>" + hidden.format(table.format(3)))) == [["规章", "3"]]
    assert texts(only_grid(table.format(3) + hidden.format(table.format(4)))) == [["规章", "3"]]


def test_the_head_tells_title_and_publisher() -> None:
    read = document("<title>年报_网站</title><meta name=ContentSource content=某某局><p>正文</p><p>第二段</p>")
    assert read.metadata == {"title": "年报_网站", "publisher": "某某局"}


def test_pages_that_nest_without_end_are_read_or_refused() -> None:
    assert [p.text for p in document("<div>" * 3000 + "深处").paragraphs] == ["深处"]
    with pytest.raises(UnreadableDocument, match="inside 50 other tables"):
        document("<table><tr><td>" * 200 + "深处")


def test_a_cell_that_holds_a_whole_page_of_paragraphs_comes_to_an_end() -> None:
    page = "<table><tr><td>" + "".join(f"<p>第{number}段</p>" for number in range(20_000)) + "<td>3</table>"
    text, figure = only_grid(page).texts[0]
    assert figure == "3"
    assert text.split("\n") == [f"第{number}段" for number in range(20_000)]


def test_a_page_kept_as_a_string_of_a_script_is_unescaped() -> None:
    page = (
        r'var page = "<p class=\"a\">\u4e00、总体情况<\/p>'
        r'<table class=\"b\"><tr><td colspan=\"2\">规章<\/td><td>3<\/td><\/tr><\/table>";'
    )
    read = document(page)
    assert [p.text for p in read.paragraphs][1] == "一、总体情况"
    assert [(cell.text, cell.column) for grid in read.grids for row in grid.rows for cell in row] == [("规章", 0), ("3", 2)]


# --- text and Markdown ----------------------------------------------------------------------------------------------------


def test_tabs_make_rows_whose_columns_are_not_trusted() -> None:
    read = document("标题\n规章\t3\t0\t62\n行政许可\t34\n结尾")
    (grid,) = read.grids
    assert (grid.aligned, grid.bounded) == (False, False)
    assert texts(grid) == [["规章", "3", "0", "62"], ["行政许可", "34"]]
    assert grid.rows[1][1].place == "line 3 cell 2"
    assert [p.place for p in read.paragraphs] == ["line 1", "line 4"]


def test_one_cell_a_line_makes_rows_and_a_figure_is_never_continued() -> None:
    read = document("前文\n\n\t三、本\n年度\n\t46\n\t0\n\n\t四、结转\n\t3\n\n四、下一节\n")
    (grid,) = read.grids
    assert texts(grid) == [["三、本\n年度", "46", "0"], ["四、结转", "3"]]
    assert [p.text for p in read.paragraphs] == ["前文", "四、下一节"]


def test_pipe_tables_are_bounded_and_aligned_where_rows_are_equal() -> None:
    grid = only_grid("| 规章 | 3 |\n|---|---|\n| 行政许可 |  |\n")
    assert (grid.aligned, grid.bounded) == (True, True)
    assert texts(grid) == [["规章", "3"], ["行政许可", ""]]
    ragged = only_grid("| 规章 | 3 |\n|---|---|\n| 行政许可 | 1 | 2 |\n")
    assert ragged.aligned is False


def test_a_row_broken_over_lines_is_one_row() -> None:
    grid = only_grid("| 甲 | 乙 |\n|---|---|\n| 5.要求行政机关确认或重新出\n具已获取信息 | 0 |\n| 丙 | 1 |\n")
    assert texts(grid)[1] == ["5.要求行政机关确认或重新出具已获取信息", "0"]


def test_html_tables_in_markdown_are_grids_and_lines_keep_their_numbers() -> None:
    read = document("# 标题\n\n| 甲 | 1 |\n|---|---|\n\n<table>\n<tr><td>规章<td>3</tr>\n</table>\n\n后文\n")
    assert [texts(grid) for grid in read.grids] == [[["甲", "1"]], [["规章", "3"]]]
    assert [(p.text, p.place, p.heading) for p in read.paragraphs] == [("标题", "line 1", True), ("后文", "line 10", False)]


def test_markup_does_not_hide_that_a_page_is_not_utf8() -> None:
    page = "<p>" + "<!-- x -->" * 5000 + "规章" + "</p>"
    assert [p.text for p in open_document(page.encode("gb18030")).paragraphs] == ["规章"]
