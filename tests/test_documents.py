"""Readers: bytes become paragraphs and grids, each with its place."""

from pathlib import Path

import pytest

from govstats.characters import figure
from govstats.documents import Document, Grid, open_document
from govstats.documents.document import NO_TEXT
from govstats.errors import MissingReader, UnreadableDocument
from govstats.recognition import recognise


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


# --- HTML: what a reader of the page sees ---------------------------------------------------------------------------------


def cell_text(content: str, head: str = "") -> str:
    """Return the text of a cell between two others, which keep their places."""
    page = f"<!DOCTYPE html><html><head>{head}</head><body><table><tr><td>规章<td>{content}</td><td>5</table></body></html>"
    ((label, text, last),) = texts(only_grid(page))
    assert (label, last) == ("规章", "5")
    return text


HIDING = (
    *("display:none", "DISPLAY : NONE !important", "display:/**/none", "display:none;display:", "visibility: collapse"),
    *("opacity: .00", "zoom:0", "text-decoration:red line-through", "text-decoration-line: line-through"),
    *("font-size:0px", "font-size:.1em", "font:0/0 a", "font:1px 宋体"),
    *("color:white", "color:#FFF", "color:#fefefe", "color:rgb(255, 255, 255)"),
    *("color:transparent", "color:rgba(0,0,0,0)", "color:#0000", "-webkit-text-fill-color:transparent"),
    *("color:hsl(0,0%,100%)", "color:rgb(255 255 255 / .9)", "color:var(--nowhere, #fff)", "--a:#fff;color:var(--a)"),
)
#: Styles that may hide a figure, cut it, or turn it round.
DOUBTFUL = (
    *(r"d\69splay:none", r"display:n\6fne", "display:var(--a)", "display:none;display:inline", "opacity:.1", "filter:opacity(0)"),
    *("color:snow", "background:#000", "background-color:black", "--a:var(--b);--b:#eee;color:var(--a)", "font-size:calc(0px)"),
    *("position:absolute;left:-9999px", "position:fixed;top:-100vh", "clip:rect(0,0,0,0)", "margin-left:-9999px"),
    *("clip-path:inset(50%)", "display:inline-block;transform:scale(0)", "width:0;overflow:hidden", "text-indent:-9999px"),
    *("unicode-bidi:bidi-override;direction:rtl", "letter-spacing:-1em", "text-shadow:0 0 0 red", "mask:url(a.png)"),
)
WAYS = {
    "inline": "",
    "class": ".a",
    "id": "p, #a",
    "descendant": "td > span.a",
    "screen": "@media screen and (min-width:9px) {.a",
}


def styled(style: str, way: str) -> str:
    rule = WAYS[way]
    sheet = f"<style>{rule} {{ {style} }}{'}' * (way == 'screen')}</style>" if rule else ""
    inline = "" if rule else f"style='{style}'"
    return cell_text(f"3<span class='b a' id=a {inline}>4</span>", sheet)


@pytest.mark.parametrize("style", HIDING)
@pytest.mark.parametrize("way", WAYS)
def test_a_digit_that_a_style_hides_is_not_read(style: str, way: str) -> None:
    assert styled(style, way) == "3"


@pytest.mark.parametrize("style", DOUBTFUL)
@pytest.mark.parametrize("way", ["inline", "class"])
def test_a_digit_that_a_style_may_hide_makes_its_cell_unreadable(style: str, way: str) -> None:
    assert styled(style, way) == f"3{NO_TEXT}"


@pytest.mark.parametrize(
    ("content", "sheet"),
    [
        ("3<b class=a>4</b>", ".a { display:none } .a { display:inline }"),
        ("3<b class=a>4</b>", "b.a { display:inline } .a { display:none }"),
        ("3<b class=a>4</b>", ".a { display:inline !important } #b, .a { display:none }"),
        ("3<b class=a style='display:inline'>4</b>", ".a { display:none !important }"),
        ("3<b class=a>4</b>", "@supports (display:grid) { .a { display:none } }"),
        ("3<b class=a>4</b>", ".b { color:red; .a { display:none } }"),
        ("3<b class=a>4</b>", ".a::first-letter { font-size:0 }"),
        ("<span style='visibility:hidden'>9<b style='visibility:visible'>34</b></span>", ""),
        ("<span style='font-size:0'>9<b style='font-size:14px'>34</b></span>", ""),
        ("<p class=a><font color=white>34</font></p>", ".a { background: url(dark.png) }"),
        (
            "3<b class=a>4</b>",
            ":root { --a: white } .night { --a: black } body { --a: black } body { --a: white } .a { color: var(--a) }",
        ),
    ],
)
def test_rules_that_compete_make_a_cell_unreadable(content: str, sheet: str) -> None:
    text = cell_text(content, f"<style>{sheet}</style>")
    assert NO_TEXT in text
    assert figure(text).status == "unreadable"


@pytest.mark.parametrize(
    "hidden",
    "<b hidden>4</b>|<del>4</del>|<s>4</s>|<strike>4</strike>|<template>4</template>|<noscript>4</noscript>|<!--4-->|"
    "<script>4</script>|<input type=hidden value=4>|<input value=4 style='display:none'>|<font color=#ffffff>4</font>".split("|"),
)
def test_a_digit_that_is_no_text_of_the_page_is_not_read(hidden: str) -> None:
    assert cell_text(f"3{hidden}") == "3"


@pytest.mark.parametrize(
    ("content", "sheet"),
    [
        ("3<b aria-hidden=true>4</b>", ""),
        ("3<b class=a>4</b>", "@media print { .a { display:none } }"),
        ("3<b class=a>4</b>", "@media (max-width: 600px) { .a { display:none } }"),
        ("3<b class=a>4</b>", ".a:hover { display:none }"),
        ("3<b class=a>4</b>", r".a { font-family: '\5b8b\4f53'; width: 9px\9; color: #333; letter-spacing: -.3pt }"),
        ("3<b class=a style='display:inline'>4</b>", ".a { display:none }"),
        ("3<b hidden style='display:inline'>4</b>", ""),
        ("3<s style='text-decoration:none'>4</s>", ""),
        ("<p class=a><font color=white>34</font></p>", ".a { background: #006 }"),
        ("34", "body { background: url(sky.png) } td { vertical-align: top; background: #fff; color: windowtext }"),
        ("34", "td { color: var(--a); background: var(--b); font-size: var(--c) }"),
        ("34", ":root { --a: #333; --b: var(--a) } td { color: rgb(1 2 3 / var(--d, 1)) } .b { color: var(--b) }"),
        ("34", "@layer base { *, ::before { --a: 0; --b: white } } td { color: var(--b) }"),
        ("<b class=a>34</b>", "td { color: oklch(0.3 0 0) } .a { color: color-mix(in srgb, red, blue); background: #eee }"),
        ("34", "td { font-size: 12px; background: #eee } table td { font-size: 14px; background: #fff }"),
    ],
)
def test_a_digit_that_is_shown_after_all_is_read(content: str, sheet: str) -> None:
    assert cell_text(content, f"<style>{sheet}</style>") == "34"


def test_a_colour_is_in_doubt_where_the_ground_may_be_set_elsewhere() -> None:
    content = "3<font color=white>4</font>"
    assert cell_text(content, "<link rel=stylesheet href=a.css>") == f"3{NO_TEXT}"


def test_a_cell_is_gone_only_where_it_has_no_place() -> None:
    row = "<table><tr><td>规章<td style='{}'>3<td>5</table>"
    assert texts(only_grid(row.format("visibility:hidden"))) == [["规章", "", "5"]]
    assert texts(only_grid(row.format("display:none"))) == [["规章", "5"]]
    assert texts(only_grid(row.format("display:none;display:table-cell"))) == [[f"规章{NO_TEXT}", 2 * NO_TEXT, f"5{NO_TEXT}"]]


@pytest.mark.parametrize(
    "mark",
    "<sup>2</sup>|<sub>2</sub>|<small>2</small>|<b><sup><a>2</a></sup></b>|<ruby><rt>2</rt></ruby>|<b class=a>2</b>".split("|"),
)
def test_a_raised_mark_behind_a_figure_stands_in_brackets(mark: str) -> None:
    sheet = "<style>td .a { vertical-align: super; font-size: 75% }</style>"
    assert cell_text(f"47{mark}", sheet) == "47[2]"
    assert figure(cell_text(f"{mark}47", sheet)).status == "unreadable"


UNLIKE = (
    *("font-size:8px", "font-size:60%", "font-size:smaller", "font:8px a", "vertical-align:text-top", "vertical-align:5px"),
    *("float:right", "display:block", "position:relative;top:-6px", "position:relative;left:-1em"),
)


@pytest.mark.parametrize(
    "content",
    [f"47<span style='{style}'>2</span>" for style in UNLIKE]
    + "4<big>7</big>|1<sup>2</sup>3|<sup>4<sup>7</sup></sup>|<bdo dir=rtl>47</bdo>|47<font size=1>2</font>".split("|")
    + ["4<s style='display:block'>5</s>7"],
)
def test_pieces_that_may_not_be_one_figure_are_not_joined(content: str) -> None:
    assert figure(cell_text(content)).status == "unreadable"


@pytest.mark.parametrize(
    "content",
    "<small>47</small>|<small>4</small><small>7</small>|<font size=1>47</font>|<span style='vertical-align:top'>47</span>|"
    "<span style='font-size:10.5pt'>4</span><span style='font-size:14px'>7</span>|4<span style='vertical-align:middle'>7</span>|"
    "4<sup style='vertical-align:baseline; font-size:inherit'>7</sup>|<small style='font-size:100%'>4</small>7".split("|"),
)
def test_pieces_that_look_alike_are_one_figure(content: str) -> None:
    assert cell_text(content) == "47"


@pytest.mark.parametrize(
    ("field", "shown"),
    [
        *(
            (shown, "39")
            for shown in ("<input value=39>", "<input type=number value=' 39 ' disabled>", "<textarea>39</textarea>")
        ),
        *((shown, "39") for shown in ("<select><option>1<option selected>39</select>", "<select><option>39<option>1</select>")),
        *((nothing, "") for nothing in ("<input>", "<input type=checkbox value=39>", "<input type=submit value=39>")),
        ("<input type=radio value=4>39", "39"),
        ("<input placeholder=0>", NO_TEXT),
        ("<input type=password value=39>", NO_TEXT),
        ("<select multiple><option selected>3<option>9</select>", NO_TEXT),
        ("<input value=3><input value=9>", "3 9"),
    ],
)
def test_a_form_field_says_what_it_shows(field: str, shown: str) -> None:
    assert cell_text(field) == shown


def test_fields_beside_tables_of_data_are_no_text() -> None:
    read = document(
        "<p>正文<select><option>2020</select></p><table><tr><td><input value=搜索><table><tr><td>规章<td>3</table></table>"
    )
    assert [p.text for p in read.paragraphs] == ["正文"]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        *(
            (picture, NO_TEXT)
            for picture in ("<img src=39.png>", "<svg><text>39</text></svg>", "<canvas>39</canvas>", "<a><img src=3.png></a>")
        ),
        *(
            (picture, NO_TEXT)
            for picture in ("<object data=a>39</object>", "<i class=n></i>", "<p style='background:url(39.png)'></p>")
        ),
        ("<math><msup><mn>3</mn><mn>9</mn></msup></math>", NO_TEXT),
        ("3<img src=9.png>", f"3{NO_TEXT}"),
        ("甲<img src=9.png>", "甲"),
        *(
            (spacer, "")
            for spacer in ("<img src=a/spacer.gif>", "<img src=a.gif width=1 height=1>", "<img src=a.gif style='width:1px'>")
        ),
        ("<i class=e>39</i>", "39"),
    ],
)
def test_a_cell_with_a_picture_is_not_blank(content: str, text: str) -> None:
    assert cell_text(content, "<style>.n::before { content: '39' } .e:after { content: '' }</style>") == text
    if text == NO_TEXT:
        page = (
            "<h1>某某市财政局2021年政府信息公开工作年度报告</h1><table><tr><td>信息内容<td>本年处理决定数量"
            "<tr><td>行政处罚<td>{}<tr><td>行政强制<td>0</table>"
        )
        cells = recognise(document(page.format(content.replace("class=n", "style='background:url(39.png)'")))).read_cells
        assert [(cell.line, cell.status) for cell in cells] == [("penalties", "unreadable"), ("coercive_measures", "reported")]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("<table><tr><td>56</table>", "56"),
        ("<table><tr><td><table><tr><td>56<sup>1</sup></table></table>", "56[1]"),
        ("<table><tr><td><td>56<td>&nbsp;</table>", "56"),
        ("<table><tr><td><input value=56></table>", "56"),
        ("<table><tr><td>行政<tr><td>许可</table>", "行政\n许可"),
        ("5<table><tr><td>6</table>", "5\n6"),
        ("<table><tr><td>5<td>6</table>", NO_TEXT),
    ],
)
def test_a_cell_that_holds_a_table_keeps_its_place(content: str, text: str) -> None:
    first, *inner = document(f"<table><tr><td>规章<td>{content}<td>8<td>9</table>").grids
    assert texts(first) == [["规章", text, "8", "9"]]
    assert [cell.column for cell in first.rows[0]] == [0, 1, 2, 3]
    assert [texts(grid) for grid in inner] == ([[["5", "6"]]] if text == NO_TEXT else [])


@pytest.mark.parametrize("hiding", ["display:none", "opacity:0", "visibility:hidden"])
def test_a_hidden_copy_within_what_a_script_shows_is_not_read(hiding: str) -> None:
    table = "<table><tr><td>规章<td>{}</table>"
    hidden = f"<div style='{hiding}'>{{}}</div>"
    assert texts(only_grid(hidden.format(table.format(3) + hidden.format(table.format(4))))) == [["规章", "3"]]


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


def test_a_row_that_lost_its_last_pipe_does_not_take_the_next() -> None:
    grid = only_grid("| 规章 | 3 | 0 |\n|---|---|---|\n| 许可 | 4 | 1\n处罚 | 5 | 2 |\n")
    assert texts(grid) == [["规章", "3", "0"], ["许可", "4", "1"], ["处罚", "5", "2"]]


def test_html_tables_in_markdown_are_grids_and_lines_keep_their_numbers() -> None:
    read = document("# 标题\n\n| 甲 | 1 |\n|---|---|\n\n<table>\n<tr><td>规章<td>3</tr>\n</table>\n\n后文\n")
    assert [texts(grid) for grid in read.grids] == [[["甲", "1"]], [["规章", "3"]]]
    assert [(p.text, p.place, p.heading) for p in read.paragraphs] == [("标题", "line 1", True), ("后文", "line 10", False)]


def test_markup_does_not_hide_that_a_page_is_not_utf8() -> None:
    page = "<p>" + "<!-- x -->" * 5000 + "规章" + "</p>"
    assert [p.text for p in open_document(page.encode("gb18030")).paragraphs] == ["规章"]


def test_numbers_of_pages_are_no_figures_where_they_count_up() -> None:
    page = "规章\n3\n0\n\n{}\n\n\f"
    assert "5" not in "".join(
        paragraph.text for paragraph in open_document((page.format("- 5 -") + page.format(6)).encode()).paragraphs
    )
    kept = [paragraph.text for paragraph in open_document((page.format(5) + page.format(8)).encode()).paragraphs]
    assert kept == ["规章", "3", "0", "5", "规章", "3", "0", "8"]


def test_a_figure_beside_two_in_one_cell_of_markdown_is_in_doubt() -> None:
    """A converter that goes by positions tore 55 in two."""
    grid = next(open_document("|行政规范性文件|34<br>5|5（含失效29件）|189|\n|---|---|---|---|\n|规章|3|0|62|\n".encode()).grids)
    assert texts(grid) == [["行政规范性文件", "34\n5", f"5（含失效29件）{NO_TEXT}", "189"], ["规章", "3", "0", "62"]]


def test_rules_and_escapes_of_pandoc_are_no_figures_nor_in_them() -> None:
    page = "  ------------ ------\n  规章         --\n\n3\\.其他\n\n2088\\.58\n\n  ------------ ------\n"
    assert [paragraph.text.strip() for paragraph in document(page).paragraphs] == ["规章         --", "3.其他", "2088.58"]
