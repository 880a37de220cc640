"""Word documents in all their kinds: docx and doc, and what goes by these names and is something else."""

import io
import struct
import sys
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

import govstats
from govstats.characters import figure
from govstats.documents import Document, Grid, Paragraph, open_document
from govstats.documents.document import NO_TEXT
from govstats.errors import GovstatsError, MissingReader, UnreadableDocument

NAMESPACES = {
    "w": "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
    "mc": "http://schemas.openxmlformats.org/markup-compatibility/2006",
    "m": "http://schemas.openxmlformats.org/officeDocument/2006/math",
    "v": "urn:schemas-microsoft-com:vml",
}
DECLARED = " ".join(f'xmlns:{prefix}="{name}"' for prefix, name in NAMESPACES.items())
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def archive(members: Mapping[str, str | bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as made:
        for name, member in members.items():
            made.writestr(name, member)
    return content.getvalue()


def word(body: str, **parts: str) -> bytes:
    """A docx with further parts, each named after what it is to the document: styles, numbering, footnotes."""
    members = {"word/document.xml": f"<w:document {DECLARED}><w:body>{body}</w:body></w:document>"}
    related = ""
    for name, content in parts.items():
        members[f"word/{name}.xml"] = f"<w:{name} {DECLARED}>{content}</w:{name}>"
        related += f'<Relationship Id="{name}" Type="{RELATIONS}/{name}" Target="{name}.xml"/>'
    members["word/_rels/document.xml.rels"] = f"<Relationships>{related}</Relationships>"
    return archive(members)


def run(text: str, properties: str = "") -> str:
    return f"<w:r><w:rPr>{properties}</w:rPr><w:t>{text}</w:t></w:r>"


def paragraph(text: str, properties: str = "") -> str:
    return f"<w:p><w:pPr>{properties}</w:pPr>{run(text)}</w:p>"


def cell(content: str, properties: str = "") -> str:
    """A cell with one paragraph of runs, or with blocks."""
    block = content if content.startswith(("<w:p>", "<w:tbl>", "<w:sdt>")) else f"<w:p>{content}</w:p>"
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{block}</w:tc>"


def row(*texts: str) -> str:
    return "<w:tr>" + "".join(cell(run(text)) for text in texts) + "</w:tr>"


def table(*rows: str, widths: Sequence[int] = ()) -> str:
    grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
    return f"<w:tbl><w:tblGrid>{grid}</w:tblGrid>{''.join(rows)}</w:tbl>"


def span(across: int) -> str:
    return f'<w:gridSpan w:val="{across}"/>'


def read(body: str, **parts: str) -> Document:
    return open_document(word(body, **parts))


def grid_of(body: str, **parts: str) -> Grid:
    (grid,) = read(body, **parts).grids
    return grid


def texts(grid: Grid) -> list[list[str]]:
    return [[cell.text for cell in row] for row in grid.rows]


def spans(grid: Grid) -> list[tuple[str, int, int, int, int]]:
    return [(c.text, c.row, c.column, c.rowspan, c.colspan) for row in grid.rows for c in row]


def contents(document: Document) -> list[str | list[list[str]]]:
    return [block.text if isinstance(block, Paragraph) else texts(block) for block in document.blocks]


def words(body: str, **parts: str) -> list[str]:
    return [p.text for p in read(body, **parts).paragraphs]


# --- tables -----------------------------------------------------------------------------------------------------------


def test_cells_merged_both_ways_are_placed() -> None:
    down, on = '<w:vMerge w:val="restart"/>', "<w:vMerge/>"
    grid = grid_of(
        table(
            f"<w:tr>{cell(run('甲'), down)}{cell(run('乙'), span(2))}</w:tr>",
            f"<w:tr>{cell('', on)}{cell(run('1'))}{cell(run('2'))}</w:tr>",
            f"<w:tr>{cell('', on)}{cell(run('3'), span(2))}</w:tr>",
        )
    )
    assert spans(grid) == [("甲", 0, 0, 3, 1), ("乙", 0, 1, 1, 2), ("1", 1, 1, 1, 1), ("2", 1, 2, 1, 1), ("3", 2, 1, 1, 2)]
    assert grid.rows[1][0].place == "table 1 row 2 cell 2"


def test_a_cell_merged_sideways_without_a_span_is_no_blank() -> None:
    begin, on = '<w:hMerge w:val="restart"/>', "<w:hMerge/>"
    merged = f"<w:tr>{cell(run('甲'), begin)}{cell('', on)}{cell(run('6'), on)}{cell(run('乙'))}</w:tr>"
    (first, second) = texts(grid_of(table(merged, row("1", "2", "3", "4"))))
    assert first == ["甲", NO_TEXT, f"6{NO_TEXT}", "乙"]
    assert second == ["1", "2", "3", "4"]


def test_a_merge_that_was_never_begun_hides_no_figure() -> None:
    orphan = f"<w:tr>{cell(run('规章'))}{cell(run('3'), '<w:vMerge/>')}</w:tr>"
    assert texts(grid_of(table(row("信息内容", "件数"), orphan))) == [["信息内容", "件数"], ["规章", "3"]]


def test_rows_that_begin_later_keep_their_columns() -> None:
    later = f'<w:tr><w:trPr><w:gridBefore w:val="2"/><w:gridAfter w:val="1"/></w:trPr>{cell(run("5"))}</w:tr>'
    assert spans(grid_of(table(row("1", "2", "3", "4"), later)))[-1] == ("5", 1, 2, 1, 1)


def test_columns_that_only_uneven_edges_make_are_none() -> None:
    # the edge of the first row lies a hair right of that of the second
    grid = grid_of(
        table(
            f"<w:tr>{cell(run('甲'), span(2))}{cell(run('乙'))}</w:tr>",
            f"<w:tr>{cell(run('1'))}{cell(run('2'), span(2))}</w:tr>",
            widths=[600, 1, 600],
        )
    )
    assert spans(grid) == [("甲", 0, 0, 1, 1), ("乙", 0, 1, 1, 1), ("1", 1, 0, 1, 1), ("2", 1, 1, 1, 1)]
    # where a cell stands in it, a narrow column is one
    assert [c[2] for c in spans(grid_of(table(row("甲", "1", "2"), widths=[600, 1, 600])))] == [0, 1, 2]


def test_a_layout_table_is_walked_into_in_reading_order() -> None:
    inner = table(row("规章", "3"))
    outer = table(
        f"<w:tr>{cell(paragraph('二、主动公开') + inner + paragraph('三、收到和处理') + table(row('自然人', '4')))}</w:tr>"
    )
    found = read(outer)
    assert contents(found) == ["二、主动公开", [["规章", "3"]], "三、收到和处理", [["自然人", "4"]]]
    assert [grid.place for grid in found.grids] == ["table 2", "table 3"]


def test_a_table_inside_a_table_of_figures_is_a_grid_of_its_own() -> None:
    inner = table(row("其中", "2"))
    outer = table(
        row("规章", "3", "62"), f"<w:tr>{cell(run('行政规范性文件'))}{cell(paragraph('7') + inner)}{cell(run('8'))}</w:tr>"
    )
    assert contents(read(outer)) == [[["规章", "3", "62"], ["行政规范性文件", "7", "8"]], [["其中", "2"]]]


def test_a_table_in_a_cell_without_text_keeps_the_cell_from_being_blank() -> None:
    outer = table(row("规章", "3", "62"), f"<w:tr>{cell(run('行政许可'))}{cell(table(row('1', '2')))}{cell(run('8'))}</w:tr>")
    assert contents(read(outer)) == [[["规章", "3", "62"], ["行政许可", NO_TEXT, "8"]], [["1", "2"]]]


def test_a_row_too_low_to_show_its_text_is_not_there() -> None:
    low = row("规章", "2").replace("<w:tr>", '<w:tr><w:trPr><w:trHeight w:hRule="exact" w:val="20"/></w:trPr>')
    assert texts(grid_of(table(low, row("规章", "3")))) == [["规章", "3"]]


def test_rows_and_cells_deleted_in_a_tracked_change_are_gone_and_inserted_ones_are_there() -> None:
    deleted = row("规章", "2").replace("<w:tr>", "<w:tr><w:trPr><w:del/></w:trPr>")
    inserted = row("规章", "3").replace("<w:tr>", "<w:tr><w:trPr><w:ins/></w:trPr>")
    less = f"<w:tr>{cell(run('行政许可'))}{cell(run('9'), '<w:cellDel/>')}{cell(run('1'))}</w:tr>"
    assert texts(grid_of(table(deleted, inserted, less))) == [["规章", "3"], ["行政许可", "1"]]


def test_rows_and_cells_in_content_controls_are_there() -> None:
    held = f"<w:sdt><w:sdtContent>{row('规章', '3')}</w:sdtContent></w:sdt>"
    in_row = f"<w:tr>{cell(run('行政许可'))}<w:sdt><w:sdtContent>{cell(run('4'))}</w:sdtContent></w:sdt></w:tr>"
    in_cell = f"<w:tr>{cell(run('行政处罚'))}{cell('<w:sdt><w:sdtContent>' + paragraph('5') + '</w:sdtContent></w:sdt>')}</w:tr>"
    assert texts(grid_of(table(held, in_row, in_cell))) == [["规章", "3"], ["行政许可", "4"], ["行政处罚", "5"]]


@pytest.mark.parametrize(
    "filled",
    [
        "<w:r><w:drawing/></w:r>",
        "<w:r><w:pict/></w:r>",
        "<w:r><w:object/></w:r>",
        "<w:r><mc:AlternateContent><mc:Choice><w:drawing/></mc:Choice><mc:Fallback><w:pict/></mc:Fallback></mc:AlternateContent></w:r>",
        "<w:r><mc:AlternateContent><mc:Choice><w:contentPart/></mc:Choice></mc:AlternateContent></w:r>",
        "<m:oMath><m:f><m:num/></m:f></m:oMath>",
    ],
    ids=["picture", "old picture", "object", "picture of two kinds", "ink", "fraction"],
)
def test_a_figure_that_is_a_picture_is_no_blank(filled: str) -> None:
    title = paragraph("某某局2021年政府信息公开工作年度报告")
    first = f"<w:tr>{cell(run('规章'))}{cell(run('3'))}{cell(filled)}{cell(run('62'))}</w:tr>"
    second = row("行政规范性文件", "17", "2", "295")
    report = govstats.read(word(title + table(row("信息内容", "本年制发件数", "本年废止件数", "现行有效件数"), first, second)))
    assert report.cells["status"].tolist() == ["reported", "unreadable", "reported", "reported", "reported", "reported"]


# --- text ---------------------------------------------------------------------------------------------------------------


def test_text_is_what_a_reader_sees() -> None:
    raised = run("1", '<w:vertAlign w:val="superscript"/>')
    shown = '<w:vanish w:val="0"/>'
    changed = (
        f"<w:p><w:del><w:r><w:delText>旧</w:delText></w:r></w:del><w:ins>{run('新')}</w:ins><w:moveFrom>{run('走')}</w:moveFrom>"
        f"{run('删', '<w:strike/>')}{run('双', '<w:dstrike/>')}{run('藏', '<w:vanish/>')}{run('显', shown)}"
        f"<w:hyperlink>{run('12')}</w:hyperlink>{raised}</w:p>"
    )
    assert words(changed) == ["新显12[1]"]


def test_signs_of_the_typesetter_become_text() -> None:
    signs = (
        "<w:p><w:r><w:t>2021</w:t><w:noBreakHyphen/><w:t>3</w:t></w:r><w:r><w:br/><w:t>信息</w:t><w:softHyphen/><w:t>公开</w:t></w:r>"
        '<w:r><w:tab/><w:sym w:font="Symbol" w:char="F035"/><w:sym w:font="Wingdings" w:char="F0FC"/></w:r></w:p>'
    )
    assert words(signs) == [f"2021-3\n信息公开\t{NO_TEXT}"]


def test_pronunciation_above_characters_is_not_text() -> None:
    ruby = f"<w:p><w:r><w:ruby><w:rt>{run('yìng')}</w:rt><w:rubyBase>{run('应')}</w:rubyBase></w:ruby></w:r>{run('急')}</w:p>"
    assert words(ruby) == ["应急"]


def test_a_field_shows_its_result_and_neither_its_code_nor_fields_in_it() -> None:
    def sign(kind: str) -> str:
        return f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>'

    inner = sign("begin") + "<w:r><w:instrText>=SUM(ABOVE)</w:instrText></w:r>" + sign("separate") + run("99") + sign("end")
    field = sign("begin") + "<w:r><w:instrText>IF</w:instrText></w:r>" + inner + sign("separate") + run("46") + sign("end")
    assert words(f"<w:p>{run('共')}{field}{run('件')}</w:p>") == ["共46件"]
    assert words(f'<w:p><w:fldSimple w:instr="PAGE">{run("46")}</w:fldSimple></w:p>') == ["46"]
    # a code whose end is lost hides nothing
    assert words(f"<w:p>{sign('begin')}{run('46')}</w:p>") == ["46"]


def test_styles_raise_and_hide_text_and_tell_headings() -> None:
    styles = (
        '<w:style w:styleId="1"><w:name w:val="Normal"/></w:style>'
        '<w:style w:styleId="a0"><w:name w:val="heading 1"/></w:style>'
        '<w:style w:styleId="a1"><w:name w:val="章"/><w:basedOn w:val="a0"/></w:style>'
        '<w:style w:styleId="a2"><w:basedOn w:val="a3"/><w:rPr><w:vertAlign w:val="superscript"/></w:rPr></w:style>'
        '<w:style w:styleId="a3"><w:basedOn w:val="a2"/><w:rPr><w:vanish/></w:rPr></w:style>'
    )
    body = "".join(paragraph("正文", f'<w:pStyle w:val="{name}"/>') for name in ("1", "a0", "a1"))
    assert [p.heading for p in read(body, styles=styles).paragraphs] == [False, True, True]
    mark = run("3", '<w:rStyle w:val="a2"/><w:vanish w:val="0"/>')
    hidden = run("藏", '<w:rStyle w:val="a3"/>')
    assert words(f"<w:p>{run('22')}{mark}{hidden}</w:p>", styles=styles) == ["22[3]"]


def test_text_boxes_are_read_once_wherever_they_are_kept() -> None:
    box = f"<w:txbxContent>{paragraph('框内')}{table(row('规章', '3'))}</w:txbxContent>"
    old = f"<w:pict><v:shape>{box}</v:shape></w:pict>"
    new, only_old = (
        f"<mc:AlternateContent><mc:Choice><w:drawing>{drawn}</w:drawing></mc:Choice><mc:Fallback>{old}</mc:Fallback></mc:AlternateContent>"
        for drawn in (box, "")
    )
    for kept in (new, old, only_old):
        assert contents(read(f"<w:p>{run('前')}<w:r>{kept}</w:r></w:p>")) == ["前", "框内", [["规章", "3"]]]
        in_cell = table(f"<w:tr>{cell(run('甲'))}{cell('<w:r>' + kept + '</w:r>' + run('乙'))}</w:tr>")
        assert contents(read(in_cell)) == [[["甲", "乙"]], "框内", [["规章", "3"]]]
    nested = f"<w:txbxContent><w:p>{run('外')}<w:r>{old}</w:r></w:p></w:txbxContent>"
    assert contents(read(f"<w:p><w:r><w:pict>{nested}</w:pict></w:r></w:p>")) == ["外", "框内", [["规章", "3"]]]


def test_footnotes_follow_the_text() -> None:
    notes = (
        f'<w:footnote w:type="separator" w:id="0">{paragraph("线")}</w:footnote>'
        f'<w:footnote w:id="2">{paragraph("含下属单位。")}</w:footnote>'
    )
    body = f'<w:p>{run("收到22")}<w:r><w:footnoteReference w:id="2"/></w:r>{run("件")}</w:p>'
    found = read(body, footnotes=notes)
    assert [(p.text, p.place) for p in found.paragraphs] == [("收到22件", "paragraph 1"), ("含下属单位。", "footnote 1")]


# --- marks, and what is hidden ------------------------------------------------------------------------------------------


def size(half_points: float) -> str:
    return f'<w:sz w:val="{half_points}"/>'


def position(half_points: int) -> str:
    return f'<w:position w:val="{half_points}"/>'


def script(kind: str) -> str:
    return f'<w:vertAlign w:val="{kind}"/>'


def colour(value: str) -> str:
    return f'<w:color w:val="{value}"/>'


def shading(fill: str) -> str:
    return f'<w:shd w:val="clear" w:color="auto" w:fill="{fill}"/>'


def style(name: str, kind: str, properties: str, more: str = "") -> str:
    return f'<w:style w:styleId="{name}" w:type="{kind}" {more}><w:name w:val="{name}"/><w:rPr>{properties}</w:rPr></w:style>'


def value_in_cell(content: str, properties: str = "", styles: str = "", of_table: str = "") -> float | None:
    """The value of a figure in a row, None where the cell is blank or cannot be read."""
    cells = f"{cell(run('规章'))}{cell(content, properties)}{cell(run('1'))}{cell(run('2'))}"
    grid = grid_of(f"<w:tbl><w:tblPr>{of_table}</w:tblPr><w:tr>{cells}</w:tr></w:tbl>", styles=styles)
    return figure(grid.rows[0][1].text).value


@pytest.mark.parametrize(
    "mark",
    [
        run("2", script("superscript")),
        run("2", script("subscript")),
        run("2", position(8)),
        run("2", position(-6)),
        run("2", size(12)),
        run("①", script("superscript")),
        run("[2]", script("superscript")),
        run("2", '<w:rStyle w:val="small"/>'),
        run("2", '<w:rStyle w:val="raised"/>'),
    ],
)
def test_a_mark_at_a_figure_does_not_join_it(mark: str) -> None:
    styles = style("small", "character", size(12)) + style("raised", "character", position(8))
    assert value_in_cell(run("47") + mark, styles=styles) == 47


@pytest.mark.parametrize(
    "content",
    [
        run("4", size(28)) + run("7", size(21)),
        run("4", size(12)) + run("7", size(21)),
        run("4", size(21)) + run("7", size(12)) + run("2", size(21)),
        run("4") + run("7", script("superscript")) + run("2"),
        run("2", script("superscript")) + run("47"),
        run("47") + run("2", position(3)),
        run("108") + run(".45", size(12)),
        run("108") + run(".45", script("superscript")),
        run("3", script("superscript")),
        run("47") + run("2", '<w:sz w:val="6pt"/>'),
        run("47", position(6)) + run("2", position(6) + "<w:b/>"),
        run("4", position(8)) + run("7", position(-8)),
        run("47", script("superscript")) + run("件", script("subscript")),
    ],
    ids=(
        "smaller small-first small-between raised-between raised-first hardly-raised decimals raised-decimals alone "
        "odd-measure all-raised both-ways both-scripts"
    ).split(),
)
def test_a_figure_whose_digits_may_not_belong_together_is_none(content: str) -> None:
    assert value_in_cell(content) is None


def test_sentences_have_no_figure_out_of_such_pieces() -> None:
    assert words(f"<w:p>{run('收到4', size(12))}{run('7件', size(21))}</w:p>") == [f"收到{NO_TEXT}件"]
    assert words(f"<w:p>{run('收到', size(32))}{run('47', size(12))}{run('件', size(32))}</w:p>") == ["收到47件"]


@pytest.mark.parametrize(
    ("content", "styles", "of_table"),
    [
        (run("47", size(21)) + run("2", size(18)), "", ""),
        (run("47") + run("2", size(12)), style("Normal", "paragraph", size(12), 'w:default="1"'), ""),
        (
            run("47") + run("2", size(12)),
            f"<w:docDefaults><w:rPrDefault><w:rPr>{size(12)}</w:rPr></w:rPrDefault></w:docDefaults>",
            "",
        ),
        (run("47") + run("2", size(12)), style("t", "table", size(12)), '<w:tblStyle w:val="t"/>'),
        (
            f'<w:p><w:pPr><w:pStyle w:val="p"/></w:pPr>{run("47")}{run("2", size(12))}</w:p>',
            style("p", "paragraph", size(12)),
            "",
        ),
    ],
    ids=["next size", "default style", "defaults", "table style", "paragraph style"],
)
def test_digits_of_one_size_on_one_line_are_a_figure(content: str, styles: str, of_table: str) -> None:
    assert value_in_cell(content, styles=styles, of_table=of_table) == 472


@pytest.mark.parametrize("unit", [size(12), script("superscript")])
def test_a_unit_may_be_small(unit: str) -> None:
    assert figure(texts(grid_of(table(f"<w:tr>{cell(run('251000') + run('元', unit))}</w:tr>")))[0][0]).unit == "元"


@pytest.mark.parametrize(
    "hidden", ["<w:vanish/>", "<w:specVanish/>", "<w:strike/>", "<w:dstrike/>", size(2), '<w:rStyle w:val="hidden"/>']
)
def test_a_digit_that_nobody_sees_is_not_read(hidden: str) -> None:
    assert value_in_cell(run("6") + run("6", hidden), styles=style("hidden", "character", "<w:vanish/>")) == 6


@pytest.mark.parametrize(
    ("shown", "shaded"),
    [
        ("<w:webHidden/>", ""),
        ('<w:vanish w:val="0"/>', ""),
        (colour("FF0000"), ""),
        (colour("000000"), "BDD7EE"),
        (colour("auto"), "auto"),
        (colour("000000") + '<w:highlight w:val="yellow"/>', ""),
    ],
)
def test_a_digit_that_is_seen_is_read(shown: str, shaded: str) -> None:
    assert value_in_cell(run("6") + run("6", shown), shading(shaded) if shaded else "") == 66


@pytest.mark.parametrize(
    ("doubtful", "shaded"),
    [
        (colour("FFFFFF"), ""),
        (colour("FEFEFE"), ""),
        (colour("D9E2F3"), "D9E2F3"),
        (colour("FF0000") + shading("FF0000"), ""),
        (colour("000000"), "000000"),
        (colour("FFFFFF"), "1F3864"),
        (colour("FFFFFF") + shading("0000FF"), ""),
        (colour("FFFFFF") + '<w:highlight w:val="white"/>', "1F3864"),
        (colour("FFFFFF") + '<w:highlight w:val="blue"/>', ""),
        ('<w:highlight w:val="black"/>', ""),
        ('<w:color w:val="000000" w:themeColor="background1"/>', ""),
        ('<w:rStyle w:val="white"/>', ""),
    ],
)
def test_a_digit_that_may_have_the_colour_of_its_ground_is_none(doubtful: str, shaded: str) -> None:
    styles = style("white", "character", colour("FFFFFF"))
    assert value_in_cell(run("6") + run("6", doubtful), shading(shaded) if shaded else "", styles) is None
    # words in it are read: the heads of tables are white on a dark ground
    assert words(f"<w:p>{run('合计', doubtful)}</w:p>", styles=styles) == ["合计"]


@pytest.mark.parametrize(
    "digit",
    [
        run("7", '<w:rFonts w:ascii="Wingdings"/>'),
        '<w:r><w:sym w:font="Wingdings" w:char="0037"/></w:r>',
        '<w:r><w:drawing><x:inline xmlns:x="x"/></w:drawing></w:r>',
        '<w:r><w:pict><v:shape style="width:9pt"/></w:pict></w:r>',
        "<w:r><w:object/></w:r>",
        run("7", colour("FFFFFF")),
    ],
    ids=["font of pictures", "symbol", "picture", "old picture", "object", "white on what a table style may have shaded"],
)
def test_a_figure_is_none_where_a_part_of_it_cannot_be_told(digit: str) -> None:
    styles = (
        f'<w:style w:styleId="t"><w:tblStylePr w:type="firstRow"><w:tcPr>{shading("000000")}</w:tcPr></w:tblStylePr></w:style>'
    )
    assert value_in_cell(run("4") + digit, styles=styles, of_table='<w:tblStyle w:val="t"/>') is None


@pytest.mark.parametrize(
    "stamp", ['<w:drawing><x:anchor xmlns:x="x"/></w:drawing>', '<w:pict><v:shape style="position:absolute"/></w:pict>']
)
def test_a_figure_stands_under_a_stamp(stamp: str) -> None:
    assert value_in_cell(run("47") + f"<w:r>{stamp}</w:r>") == 47


# --- forms --------------------------------------------------------------------------------------------------------------


def control(kind: str, content: str) -> str:
    return f"<w:p><w:sdt><w:sdtPr><w:{kind}/></w:sdtPr><w:sdtContent>{content}</w:sdtContent></w:sdt></w:p>"


def form_field(content: str, code: str, result: str | None) -> str:
    def sign(kind: str, inside: str = "") -> str:
        return f'<w:r><w:fldChar w:fldCharType="{kind}">{inside}</w:fldChar></w:r>'

    shown = "" if result is None else sign("separate") + run(result)
    return f"{sign('begin', f'<w:ffData>{content}</w:ffData>')}<w:r><w:instrText>{code}</w:instrText></w:r>{shown}{sign('end')}"


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (control("text", run("47")), 47),
        (control("dropDownList", run("47")), 47),
        (control("comboBox", run("47")), 47),
        (control("date", run("47")), 47),
        (control("showingPlcHdr", run("0")), None),
        (control("showingPlcHdr", run("单击此处输入")), None),
        (form_field('<w:textInput><w:default w:val="9"/></w:textInput>', "FORMTEXT", "47"), 47),
        (form_field("<w:textInput/>", "FORMTEXT", "\u2002\u2002"), None),
        (form_field('<w:ddList><w:result w:val="1"/><w:listEntry w:val="3"/></w:ddList>', "FORMDROPDOWN", None), None),
        (form_field("<w:checkBox/>", "FORMCHECKBOX", None), None),
    ],
)
def test_a_form_shows_what_was_filled_in(content: str, value: float | None) -> None:
    assert value_in_cell(content) == value


@pytest.mark.parametrize(("before", "code"), [("", "FORMCHECKBOX"), ("收到", r"EQ \o\ac(○,47)"), ("收到4", "MACROBUTTON none 7")])
def test_a_field_that_draws_what_its_code_says_is_no_blank(before: str, code: str) -> None:
    (shown,) = words(f"<w:p>{run(before)}{form_field('', code, None)}</w:p>")
    assert shown == before.rstrip("4") + NO_TEXT


# --- lists --------------------------------------------------------------------------------------------------------------


def level(number: int, kind: str, text: str, start: int = 1) -> str:
    return f'<w:lvl w:ilvl="{number}"><w:start w:val="{start}"/><w:numFmt w:val="{kind}"/><w:lvlText w:val="{text}"/></w:lvl>'


NUMBERING = (
    f'<w:abstractNum w:abstractNumId="0">{level(0, "chineseCountingThousand", "%1、")}{level(1, "japaneseCounting", "（%2）")}'
    f"{level(2, 'decimal', '%3.')}</w:abstractNum>"
    f'<w:abstractNum w:abstractNumId="1">{level(0, "bullet", "•")}</w:abstractNum>'
    '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num><w:num w:numId="2"><w:abstractNumId w:val="1"/></w:num>'
    '<w:num w:numId="3"><w:abstractNumId w:val="0"/>'
    '<w:lvlOverride w:ilvl="2"><w:startOverride w:val="8"/></w:lvlOverride></w:num>'
)


HEADINGS = (
    "总体情况",
    "主动公开政府信息情况",
    "收到和处理政府信息公开申请情况",
    "政府信息公开行政复议、行政诉讼情况",
    "存在的主要问题及改进情况",
    "其他需要报告的事项",
)


def item(text: str, deep: int = 0, number: int = 1) -> str:
    return paragraph(text, f'<w:numPr><w:ilvl w:val="{deep}"/><w:numId w:val="{number}"/></w:numPr>')


def test_numbers_of_lists_stand_before_the_text() -> None:
    body = (
        item("总体情况") + item("主动公开", 1) + item("依申请公开", 1) + item("存在问题") + item("改进措施", 1)
        + item("其他", 2) + item("再者", 2) + item("另起", 2, 3) + item("点", 0, 2) + item("无", 0, 0)
    )  # fmt: skip
    assert words(body, numbering=NUMBERING) == [
        "一、总体情况",
        "（一）主动公开",
        "（二）依申请公开",
        "二、存在问题",
        "（一）改进措施",
        "1.其他",
        "2.再者",
        "8.另起",
        "点",
        "无",
    ]


def test_a_list_may_come_with_the_style() -> None:
    styles = '<w:style w:styleId="a1"><w:name w:val="heading 1"/><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:style>'
    body = paragraph("总体情况", '<w:pStyle w:val="a1"/>') * 2
    assert words(body, numbering=NUMBERING, styles=styles) == ["一、总体情况", "二、总体情况"]


def test_the_number_of_a_list_never_joins_a_figure() -> None:
    cells = "".join(cell(item(text, 2)) for text in ("其他", "5", "22（其中1件）", "/", ""))
    grid = grid_of(table(f"<w:tr>{cells}</w:tr>"), numbering=NUMBERING)
    assert texts(grid) == [["1.其他", "5", "22（其中1件）", "/", ""]]


def test_headings_that_word_numbers_are_found() -> None:
    title = paragraph("某某局2021年政府信息公开工作年度报告")
    report = govstats.read(word(title + "".join(map(item, HEADINGS)), numbering=NUMBERING))
    assert [section.number for section in report.sections] == [1, 2, 3, 4, 5, 6]
    assert report.sections[4].text == "五、存在的主要问题及改进情况"


# --- other kinds of docx --------------------------------------------------------------------------------------------------


def test_the_strict_variant_of_the_standard_is_read() -> None:
    strict = f"<w:document {DECLARED}><w:body>{paragraph('正文')}{table(row('规章', '3'))}</w:body></w:document>".replace(
        NAMESPACES["w"], "http://purl.oclc.org/ooxml/wordprocessingml/main"
    )
    assert contents(open_document(archive({"word/document.xml": strict}))) == ["正文", [["规章", "3"]]]


def test_the_document_may_have_any_name_in_the_archive() -> None:
    document = f"<w:document {DECLARED}><w:body>{paragraph('正文')}</w:body></w:document>"
    main = f'<Relationships><Relationship Id="1" Type="{RELATIONS}/officeDocument" Target="/word/document2.xml"/></Relationships>'
    assert contents(open_document(archive({"_rels/.rels": main, "word/document2.xml": document}))) == ["正文"]


@pytest.mark.parametrize(
    ("member", "message"),
    [
        ("ppt/presentation.xml", r"presentation \(pptx\); save it as PDF"),
        ("OFD.xml", "OFD document; convert it to PDF"),
    ],
)
def test_other_archives_are_refused_by_name(member: str, message: str) -> None:
    with pytest.raises(MissingReader, match=message):
        open_document(archive({member: "<workbook/>"}))


def test_damaged_archives_are_refused() -> None:
    whole = word(paragraph("正文"))
    with pytest.raises(UnreadableDocument, match="damaged"):
        open_document(whole[: len(whole) // 2])
    with pytest.raises(UnreadableDocument, match="damaged"):
        open_document(word("<w:p>"))
    at = whole.index(b"word/document.xml") + len(b"word/document.xml") + 4
    with pytest.raises(UnreadableDocument, match="damaged"):
        open_document(whole[:at] + b"\xff\xff\xff\xff" + whole[at + 4 :])
    with pytest.raises(UnreadableDocument, match="no text"):
        open_document(word("<w:p/>"))


def test_archives_that_unpack_to_more_than_a_report_are_refused() -> None:
    with pytest.raises(UnreadableDocument, match="60,000,000 bytes"):
        open_document(archive({"word/document.xml": b" " * 60_000_000}))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_BZIP2) as made:
        made.writestr("word/document.xml", f"<w:document {DECLARED}/>")
    with pytest.raises(UnreadableDocument, match="compression 12"):
        open_document(packed.getvalue())


def test_a_document_of_pictures_says_so() -> None:
    with pytest.raises(UnreadableDocument, match="if its pages are pictures, save them as PDF"):
        read("<w:p><w:r><w:drawing/></w:r></w:p>")


def test_a_document_that_was_never_merged_in_is_not_passed_over() -> None:
    with pytest.raises(UnreadableDocument, match="altChunk"):
        read(paragraph("前文") + '<w:altChunk xmlns:r="r" r:id="1"/>')


def test_entities_are_not_resolved() -> None:
    entities = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    bomb = f"{entities}<w:document {DECLARED}><w:body><w:p><w:r><w:t>正文&b;</w:t></w:r></w:p></w:body></w:document>"
    assert contents(open_document(archive({"word/document.xml": bomb}))) == ["正文"]


@pytest.mark.parametrize("missing", ["lxml", "doc2docx"])
def test_the_extra_is_named(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    content = word(paragraph("正文")) if missing == "lxml" else doc(["正文"])
    with pytest.raises(MissingReader, match=r"pip install .govstats\[word\]."):
        open_document(content)


# --- doc ----------------------------------------------------------------------------------------------------------------


def compound(streams: Mapping[str, bytes]) -> bytes:
    """A compound file of [MS-CFB]: a header, one sector of allocation table, the directory, the streams."""
    names = sorted(streams, key=lambda name: (len(name), name.upper()))
    nothing, end = 0xFFFFFFFF, 0xFFFFFFFE
    sectors = -(-(len(names) + 1) // 4)
    following = [0xFFFFFFFD, *range(2, 1 + sectors), end]
    entries = [("Root Entry", 5, 1, nothing, end, 0)]
    body = b""
    for number, name in enumerate(names, start=1):
        # shorter streams would have to be kept in small sectors
        content = streams[name].ljust(4096, b"\0")
        content += bytes(-len(content) % 512)
        entries.append((name, 2, nothing, number + 1 if number < len(names) else nothing, len(following), len(content)))
        following += [*range(len(following) + 1, len(following) + len(content) // 512), end]
        body += content
    directory = b""
    for name, kind, child, right, start, size in entries:
        encoded = f"{name}\0".encode("utf-16-le")
        directory += struct.pack("<64sHBB3I36xIQ", encoded, len(encoded), kind, 1, nothing, right, child, start, size)
    header = struct.pack("<Q16x5H6x9I", 0xE11AB1A1E011CFD0, 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096, end, 0, end, 0)
    table_of = struct.pack("<128I", *following, *[nothing] * (128 - len(following)))
    return header + struct.pack("<109I", 0, *[nothing] * 108) + table_of + directory.ljust(512 * sectors, b"\0") + body


def papx(modifiers: bytes) -> bytes:
    content = struct.pack("<H", 0) + modifiers
    return bytes([len(content) // 2 + 1]) + content if len(content) % 2 else bytes([0, len(content) // 2]) + content


def doc(
    paragraphs: Sequence[str] = (),
    rows: Sequence[Sequence[str]] = (),
    edges: Sequence[Sequence[int]] = (),
    *,
    flags: int = 0,
    backwards: bool = False,
    characters: int | None = None,
    identity: int = 0xA5EC,
    pages: int = 0,
) -> bytes:
    """A document of Word 97, made after [MS-DOC]: paragraphs, then a table with the edges of its cells, row by row.

    Every paragraph and cell is a piece of its own, as after fast saving; `backwards` keeps the last one first. The other
    arguments are what its header claims.
    """
    pieces = [(f"{text}\r", b"") for text in paragraphs]
    for number, texts_of_row in enumerate(rows):
        pieces += [(f"{text}\x07", struct.pack("<HB", 0x2416, 1)) for text in texts_of_row]
        between = edges[number] if edges else range(0, 1000 * len(texts_of_row) + 1, 1000)
        shape = struct.pack(f"<B{len(texts_of_row) + 1}h", len(texts_of_row), *between) + bytes(20 * len(texts_of_row))
        pieces.append(("\x07", struct.pack("<HBHBHH", 0x2416, 1, 0x2417, 1, 0xD608, len(shape) + 1) + shape))
    pieces.append(("\r", b""))
    start, page = 1024, 4096
    stored, ends, at = b"", [start], 511
    packed, offsets, formats = bytearray(512), [], b""
    where: dict[int, int] = {}
    for number in reversed(range(len(pieces))) if backwards else range(len(pieces)):
        text, modifiers = pieces[number]
        where[number] = start + len(stored)
        stored += text.encode("utf-16-le")
        ends.append(start + len(stored))
        record = papx(modifiers)
        at = (at - len(record)) // 2 * 2
        packed[at : at + len(record)] = record
        offsets.append(at // 2)
    formats = struct.pack(f"<{len(ends)}I", *ends) + b"".join(bytes([offset]) + bytes(12) for offset in offsets)
    assert len(formats) <= at
    assert start + len(stored) <= page
    packed[: len(formats)], packed[511] = formats, len(pieces)
    starts = [sum(len(text) for text, _ in pieces[:number]) for number in range(len(pieces) + 1)]
    plc = struct.pack(f"<{len(starts)}I", *starts)
    plc += b"".join(struct.pack("<HIH", 0, where[number], 0) for number in range(len(pieces)))
    clx = b"\x02" + struct.pack("<I", len(plc)) + plc
    places = [(0, 0)] * 93
    places[33], places[13], places[12] = (12, len(clx)), (0, 12), (12 + len(clx), 4 + 8 * pages if pages else 0)
    counts = [0] * 22
    counts[3] = starts[-1] if characters is None else characters
    fib = struct.pack("<8H16x", identity, 0xC1, 0, 0x0804, 0, 0x1200 | flags, 0xBF, 0)
    fib += struct.pack("<H28xH22iH", 14, 22, *counts, 93) + b"".join(struct.pack("<II", *place) for place in places) + bytes(2)
    text_stream = (fib.ljust(start, b"\0") + stored).ljust(page, b"\0") + bytes(packed)
    listed = struct.pack(f"<{2 * pages + 1}I", *[start] * (pages + 1), *[page // 512] * pages)
    return compound({"WordDocument": text_stream, "1Table": struct.pack("<III", start, ends[-1], page // 512) + clx + listed})


def test_doc_is_read() -> None:
    found = open_document(doc(["二、主动公开政府信息情况"], [["规章", "3", "0", "62"], ["行政规范性文件", "17", "2", "295"]]))
    assert found.format == "word"
    assert contents(found) == ["二、主动公开政府信息情况", [["规章", "3", "0", "62"], ["行政规范性文件", "17", "2", "295"]]]


def test_doc_saved_fast_is_read_in_its_order() -> None:
    content = doc(["第一段", "第二段"], [["规章", "3"]], flags=0x0004, backwards=True)
    assert contents(open_document(content)) == ["第一段", "第二段", [["规章", "3"]]]


def test_doc_with_uneven_edges_has_no_column_between_them() -> None:
    (grid,) = open_document(doc([], [["甲", "乙"], ["1", "2"]], [[0, 1001, 2000], [0, 999, 2000]])).grids
    assert spans(grid) == [("甲", 0, 0, 1, 1), ("乙", 0, 1, 1, 1), ("1", 1, 0, 1, 1), ("2", 1, 1, 1, 1)]


def test_the_real_doc_has_every_column_once(shared: Path) -> None:
    grids = list(open_document(shared / "samples" / "word-97.doc").grids)
    assert [max(c.column + c.colspan for row in grid.rows for c in row) for grid in grids] == [4, 10, 15]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (doc(["正文"], flags=0x0100), "password"),
        (doc(["正文"], characters=2**31 - 1), "claims 2,147,483,647 characters"),
        (doc(["正文"], characters=-1), "claims -1 characters"),
        (doc(["正文"] * 4, pages=5000), "not increasing"),
        (doc(["正文"])[:3000], "damaged"),
        (doc(["正文"])[:600], "without a Word document"),
        (doc(["正文"], identity=0xA5DC), "Word 6 or Word 95"),
        (compound({"WordDocument": b""}), "damaged"),
        (compound({"WordDocument": b"", "Workbook": b""}), "damaged"),
        (compound({"EncryptedPackage": b"", "EncryptionInfo": b""}), "password"),
        (compound({"Workbook": b""}), "no text in them"),
        (compound({"PowerPoint Document": b""}), r"PowerPoint presentation \(ppt\)"),
        (compound({"HwpSummaryInformation": b""}), r"Hangul document \(hwp\)"),
        (compound({"Contents": b""}), "without a Word document"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "without a Word document"),
    ],
)
def test_what_cannot_be_read_is_refused_and_says_why(content: bytes, message: str) -> None:
    with pytest.raises(UnreadableDocument, match=message):
        open_document(content)


def test_damaged_doc_is_read_or_refused_and_nothing_else() -> None:
    whole = doc(["二、主动公开政府信息情况"], [["规章", "3"]])
    for at in range(8, len(whole), 101):
        for damaged in (whole[:at], whole[:at] + b"\xff\xff" + whole[at + 2 :]):
            try:
                open_document(damaged)
            except GovstatsError:
                continue


# --- what is called doc and is none -----------------------------------------------------------------------------------------

PAGE = (
    '<html xmlns:o="urn:schemas-microsoft-com:office:office"><body><p>二、主动公开</p>'
    "<table><tr><td>规章<td>3<o:p></o:p></table></body></html>"
)


def web_archive(page: bytes, charset: str, first: str = "MIME-Version: 1.0\r\n") -> bytes:
    """A page as Word saves it, a "single file web page"."""
    encoded = "".join(f"={byte:02X}" for byte in page)
    lines = "=\r\n".join(encoded[at : at + 72] for at in range(0, len(encoded), 72))
    return (
        f'{first}Content-Type: multipart/related; boundary="----=_Next"\r\n\r\n本文档为“单个文件网页”。\r\n\r\n'
        f"------=_Next\r\nContent-Location: file:///C:/report.htm\r\nContent-Transfer-Encoding: quoted-printable\r\n"
        f'Content-Type: text/html; charset="{charset}"\r\n\r\n{lines}\r\n\r\n'
        "------=_Next\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo=\r\n------=_Next--\r\n"
    ).encode()


@pytest.mark.parametrize(
    "content",
    [
        PAGE.encode("gb18030"),
        PAGE.encode("utf-16"),
        web_archive(PAGE.encode("gb18030"), "gb2312"),
        web_archive(
            PAGE.encode(), "utf-8", "From: <Saved by Blink>\r\nSubject: =?utf-8?Q?x?=\r\n =?utf-8?Q?y?=\r\nMIME-Version: 1.0\r\n"
        ),
    ],
    ids=["gb18030", "utf-16", "web archive", "web archive of a browser"],
)
@pytest.mark.parametrize("name", ["report.doc", "report.docx"])
def test_web_pages_called_doc_are_read(tmp_path: Path, content: bytes, name: str) -> None:
    (tmp_path / name).write_bytes(content)
    found = open_document(tmp_path / name)
    assert found.format == "html"
    assert contents(found) == ["二、主动公开", [["规章", "3"]]]


def test_documents_called_by_the_other_name_are_read(tmp_path: Path) -> None:
    (tmp_path / "report.doc").write_bytes(word(paragraph("正文")))
    (tmp_path / "report.docx").write_bytes(doc(["正文"]))
    assert contents(open_document(tmp_path / "report.doc")) == contents(open_document(tmp_path / "report.docx")) == ["正文"]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"{\\rtf1\\ansi ...}", "RTF"),
        (b'<?xml version="1.0"?><w:wordDocument xmlns:w="x"><w:body/></w:wordDocument>', "one XML file"),
        (b'<?xml version="1.0"?><pkg:package xmlns:pkg="x"/>', "one XML file"),
    ],
)
def test_other_kinds_of_word_documents_are_refused_by_name(content: bytes, kind: str) -> None:
    with pytest.raises(MissingReader, match=kind):
        open_document(content)


def test_a_web_archive_without_a_page_is_refused() -> None:
    first, second = b'Content-Type: multipart/related; boundary="x"\r\n\r\n', b"Content-Type: image/png\r\n\r\n\r\n"
    empty = b"MIME-Version: 1.0\r\n" + first + b"--x\r\n" + second + b"--x--\r\n"
    with pytest.raises(UnreadableDocument, match="holds no page"):
        open_document(empty)
