"""Texts that users' tools make of documents: torn labels and headers, drawn tables, lost order."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

import govstats
from govstats.documents import open_document
from govstats.forms import form
from govstats.report import Report

from .layouts import Copy, copy, printed_lines

TITLE = "某县水利局2022年政府信息公开工作年度报告"
#: The columns of the table on requests, as a narrow page prints them.
TORN = "法人或其他组织\n自 总\n然人 商业企 科研机 社会公益 法律服务 其他 计\n业 构 组织 机构"
WHOLE = "申请人情况\n法人或其他组织\n自然人 总计\n商业企业 科研机构 社会公益组织 法律服务机构 其他"
#: The same where columns span rows of the header.
SPANNED = "申请人情况\n自然人 法人或其他组织 总计\n商业企业 科研机构 社会公益组织 法律服务机构 其他"
REVIEW_WHOLE = "行政复议 行政诉讼\n未经复议直接起诉 复议后起诉\n" + "\n".join(["结果维持 结果纠正 其他结果 尚未审结 总计"] * 3)
#: Two characters a line, as pdfplumber prints cells that are centred.
REVIEW_TORN = (
    "行政复议 行政诉讼\n未经复议直接起诉 复议后起诉\n结果 结果 其他 尚未\n总计\n"
    "维持 纠正 结果 审结 结果 结果 其他 尚未 结果 结果 其他 尚未\n总计 总计\n维持 纠正 结果 审结 维持 纠正 结果 审结"
)


def whole(label: str, figures: str) -> str:
    return f"{label} {figures}"


def torn(label: str, figures: str) -> str:
    """Set a label in two lines, and its figures between them."""
    return f"{label[:7]}\n{figures}\n{label[7:]}" if len(label) > 9 else whole(label, figures)


def torn_below(label: str, figures: str) -> str:
    return f"{label[:7]} {figures}\n{label[7:]}" if len(label) > 9 else whole(label, figures)


def text(report: Copy, row: Callable[[str, str], str] = whole, header: str = WHOLE, review: str = REVIEW_WHOLE) -> str:
    """Print the tables of a report as text."""
    lines = [TITLE, "三、收到和处理政府信息公开申请情况", header]
    for table in report.form.tables[1:]:
        if table.id == "requests":
            figures = {
                line.zh: " ".join(box.text for box in report.figures("requests", line.id)) for line in printed_lines(table)
            }
            lines += [row(label, of_line) for label, of_line in figures.items()]
        else:
            every = [box.text for line in table.lines for box in report.figures(table.id, line.id)]
            lines += ["四、政府信息公开行政复议、行政诉讼情况", review, " ".join(every)]
    return "\n".join(lines)


def shown(report: Copy, *tables: str) -> dict[tuple[str, str, str], float | None]:
    lines = {line.id for table in report.form.tables for line in printed_lines(table)}
    return {key: report.value(key) for key in report.printed if key[0] in tables and key[1] in lines}


def reported(report: Report) -> dict[tuple[str, str, str], float | None]:
    return {cell.key: cell.value for cell in report.read_cells if cell.status == "reported"}


@pytest.mark.parametrize("row", [whole, torn, torn_below])
@pytest.mark.parametrize("header", [WHOLE, TORN])
def test_labels_and_headers_torn_over_lines_are_read(row: Callable[[str, str], str], header: str) -> None:
    report = copy("distinct", "2021", 3)
    read = govstats.read(text(report, row, header).encode())
    assert reported(read) == shown(report, "requests", "review")


def test_fifteen_figures_under_a_torn_header_need_no_sums() -> None:
    """The halves of the labels of all columns stand there, in their order: figures that do not add up are the agency's."""
    report = copy("distinct", "2021", 3)
    key = ("review", "reconsideration", "total")
    report.printed[key] = str(int(report.printed[key]) + 7)
    assert reported(govstats.read(text(report, review=REVIEW_TORN).encode()))[key] == float(report.printed[key])
    # in another order nobody knows whose figures they are
    swapped = REVIEW_TORN.replace("维持 纠正", "纠正 维持")
    assert key not in reported(govstats.read(text(report, review=swapped).encode()))


def test_a_figure_that_slipped_within_its_row_is_not_read() -> None:
    """The sum of the row still holds, those of its columns do not."""
    report = copy("large", "2021", 3)
    figures = [box.text for box in report.figures("requests", "carried_out")]
    slipped = [figures[0], *figures[2:6], figures[1], figures[6]]
    assert slipped != figures
    page = text(report)
    assert page.count(" ".join(figures)) == 1
    read = reported(govstats.read(page.replace(" ".join(figures), " ".join(slipped)).encode()))
    columns = report.form.table("requests").columns_of["carried_out"]
    assert {key for key in shown(report, "requests") if key not in read} == {
        ("requests", "carried_out", column)
        for column, before, after in zip(columns, figures, slipped, strict=True)
        if before != after
    }


def test_rows_between_figures_without_a_label_and_a_label_without_figures_are_not_read() -> None:
    report = copy("distinct", "2021", 3)
    names = [line.id for line in printed_lines(report.form.table("requests"))]
    first, second, third = names[5:8]

    def slipped(label: str, figures: str) -> str:
        """Set the figures of three lines above their labels; the last label has none."""
        lines = {name: report.form.table("requests").line[name].zh for name in (first, second, third)}
        return f"{figures}\n{label}" if label in lines.values() else whole(label, figures)

    read = reported(govstats.read(text(report, slipped).encode()))
    right = shown(report, "requests")
    assert all(right[key] == value for key, value in read.items() if key[0] == "requests")


def drawn(rows: list[list[str]], wide: int) -> str:
    """Draw a table as a terminal does, in which an ideograph is so many columns wide."""

    def width(cell: str) -> int:
        return sum(wide if sign >= "\u2e80" else 1 for sign in cell)

    widths = [max(map(width, column)) for column in zip(*rows, strict=True)]
    padded = [[cell + " " * (full - width(cell)) for cell, full in zip(row, widths, strict=True)] for row in rows]
    lines = ["│" + "│".join(row) + "│" for row in padded]
    edge = ["─" * full for full in widths]
    middle = "\n├" + "┼".join(edge) + "┤\n"
    return "┌" + "┬".join(edge) + "┐\n" + middle.join(lines) + "\n└" + "┴".join(edge) + "┘"


@pytest.mark.parametrize("wide", [1, 2])
@pytest.mark.parametrize("ascii_only", [False, True])
def test_tables_drawn_with_characters_are_grids(wide: int, ascii_only: bool) -> None:
    table = drawn([["信息内容", "本年制发件数"], ["规章", "3"], ["行政规范性文件", ""]], wide)
    table = table.translate(str.maketrans("┌┬┐├┼┤└┴┘│─", "+++++++++|-")) if ascii_only else table
    grid = next(open_document(f"某局\n{table}\n以上。".encode()).grids)
    assert grid.texts == [["信息内容", "本年制发件数"], ["规章", "3"], ["行政规范性文件", ""]]
    assert (grid.bounded, grid.rows[1][1].place) == (True, "line 5 cell 2")


def test_a_drawn_cell_reaches_over_what_no_stroke_parts() -> None:
    lines = ["┌───────┐", "│A      │", "├───┬───┤", "│1  │   │", "│   ├───┤", "│   │2  │", "└───┴───┘"]
    grid = next(open_document("\n".join(lines).encode()).grids)
    assert [(cell.text, cell.rowspan, cell.colspan) for row in grid.rows for cell in row] == [
        ("A", 1, 2),
        ("1", 2, 1),
        ("", 1, 1),
        ("2", 1, 1),
    ]


def test_a_text_that_lost_the_order_of_its_tables_says_so() -> None:
    """All labels first, and then all figures: what a converter leaves that goes from column to column."""
    report = copy("distinct", "2021", 3)
    parts = [line.split(" ", 1) for line in text(report).splitlines()]
    columns = [label for label, *_ in parts] + [figures for _, *rest in parts for figures in rest]
    lost = govstats.read("\n".join(columns).encode())
    assert [note.kind for note in lost.read_notes].count("lost_order") == 1
    assert "the PDF" in next(note.message_en for note in lost.read_notes if note.kind == "lost_order")
    assert "lost_order" not in {note.kind for note in govstats.read(text(report).encode()).read_notes}


def test_markdown_that_begins_with_underlined_text_is_no_web_page() -> None:
    page = f"<u>首页</u> > 目录\n\n{TITLE}\n\n|信息内容|制发|\n|---|---|\n|规章<sup>注</sup>|3<sup>2</sup>|\n"
    document = open_document(page.encode())
    assert document.format == "markdown"
    # a raised digit is another figure
    assert next(document.grids).texts[1] == ["规章注", "3<sup>2</sup>"]


def test_figures_under_a_header_that_was_cut_are_in_doubt() -> None:
    page = "|信息内容|本年收费金额（单|位：万元）|\n|---|---|---|\n|行政事业性收费|5949.0886|67|\n"
    grid = next(open_document(page.encode()).grids)
    assert [cell.text for cell in grid.rows[1]] == ["行政事业性收费", "5949.0886\ufffc", "67\ufffc"]


def test_two_lines_joined_in_one_row_are_no_torn_label() -> None:
    """Each label is whole, and which figure is whose nobody can tell."""
    page = "|（三）不予公开|1.属于国家秘密|3|1|0|0|0|0|4|\n|---|---|---|---|---|---|---|---|---|\n"
    page += (
        "||2.其他法律行政法规禁止公开<br>3.危及“三安全一稳定”|<br>3379|10<br>|<br>9905|609<br>|33<br>|2449<br>2092|15095<br>|\n"
    )
    page += "||4.保护第三方合法权益|0|0|0|0|0|0|0|\n||5.属于三类内部事务信息|0|0|0|0|0|0|0|\n"
    header = "|||自然人|商业企业|科研机构|社会公益组织|法律服务机构|其他|总计|\n"
    read = govstats.read(f"{TITLE}\n\n三、收到和处理政府信息公开申请情况\n\n{header}{page}".encode(), form="2021")
    joined = ("refused.prohibited_by_law", "refused.security_stability")
    assert not [cell for cell in read.read_cells if cell.line in joined and cell.status == "reported"]


def test_a_header_torn_over_cells_and_rows_of_markdown_is_read() -> None:
    """Its first block stands a row higher than the others, so that a row of it is mostly blank."""
    report = copy("distinct", "2021", 3)
    first, second = ["结果维", "结果纠", "其他结", "尚未审", "总"], ["持", "正", "果", "结", "计"]
    figures = [box.text for line in report.form.table("review").lines for box in report.figures("review", line.id)]
    rows = [
        ["", "行", "政复议", *[""] * 6, "行政", "诉讼", *[""] * 4],
        [*[""] * 6, "未经复", "议直接起诉", "", "", "", "复", "议后起诉", "", ""],
        [*first, *[""] * 10],
        [*second, *first, *first],
        [*[""] * 5, *second, *second],
        figures,
    ]
    lines = ["|" + "|".join(row) + "|" for row in rows]
    lines.insert(1, "|---" * 15 + "|")
    page = "\n".join([TITLE, "", "四、政府信息公开行政复议、行政诉讼情况", "", *lines])
    assert reported(govstats.read(page.encode())) == shown(report, "review")


def test_a_table_whose_text_is_wider_than_its_cells_is_not_cut_by_columns() -> None:
    page = "+---+---+\n| 行政规范性文件 | 3 |\n+---+---+\n".encode()
    assert not list(open_document(page).grids)


def markdown(rows: list[list[str]]) -> str:
    """Set rows as a pipe table."""
    lines = ["|" + "|".join(row) + "|" for row in rows]
    return "\n".join([lines[0], "|---" * len(rows[0]) + "|", *lines[1:]])


def test_a_figure_that_is_repeated_under_a_repeated_heading_is_one() -> None:
    """docling writes the text of a span in each of its columns."""
    rows = [
        ["信息内容", "本年制发件数", "本年废止件数", "现行有效件数"],
        ["规章", "4", "4", "4"],
        ["信息内容", *["本年处理决定数量"] * 3],
        ["行政许可", "107", "107", "107"],
        ["行政处罚", "107", "107", "106"],
    ]
    grid = next(open_document(f"{TITLE}\n\n{markdown(rows)}\n".encode()).grids)
    assert grid.texts == [rows[0], rows[1], ["信息内容", "本年处理决定数量"], ["行政许可", "107"], rows[4]]
    assert grid.rows[3][1].colspan == 3


@pytest.mark.parametrize(("profile", "breaks"), [("distinct", 3), ("large", 1)])
def test_a_header_written_out_over_the_total_and_numbered_columns_are_read(profile: str, breaks: int) -> None:
    """pymupdf4llm writes the last label of a row out to the edge, and names a column without a label by its number."""
    report = copy(profile, "2021", 3)
    table = report.form.table("requests")
    organisations = ["商业<br>企业", "科研<br>机构", "社会公<br>益组织", "法律服<br>务机构", "其他"]
    head = ["项目", "自然<br>人", *["法人或其他组织"] * 5, "总计"]
    lines = [[line.zh, *(box.text for box in report.figures("requests", line.id))] for line in printed_lines(table)]
    header = [["项目", "申请人情况", *(f"Col{at}" for at in range(3, 9))], head, [*head[:2], *organisations, "其他"]]
    overleaf = [["Col1", "Col2", *organisations, "Col8"]]
    # where a page break parts the header, sums tell the columns
    first, rest = (header[:2], overleaf + lines) if breaks == 1 else (header + lines[:breaks], lines[breaks:])
    page = "\n\n".join([TITLE, markdown(first), markdown(rest)])
    read = reported(govstats.read(page.encode()))
    assert {key: value for key, value in read.items() if key[0] == "requests"} == shown(report, "requests")


def test_below_a_block_of_labels_the_last_one_owns_no_row() -> None:
    """Plain pdftotext prints a column of labels, the last over several lines, and then the figures of all of them."""
    report = copy("large", "2021", 3)
    table = report.form.table("requests")
    lines = [line for line in printed_lines(table) if line.id.split(".")[0] in {"granted", "partly_granted", "refused"}]
    following = table.line["unable.not_held"].zh
    block = {line.zh: " ".join(box.text for box in report.figures("requests", line.id)) for line in lines}
    labels = [label[at : at + 5] for label in block for at in range(0, len(label), 5)]
    page = text(report)
    for label, figures in block.items():
        page = page.replace(f"{label} {figures}\n", "")
    page = page.replace(following, "\n".join([*labels, *block.values(), following]), 1)
    read = reported(govstats.read(page.encode()))
    right = shown(report, "requests")
    assert all(right[key] == value for key, value in read.items() if key[0] == "requests")


def bars(cells: Sequence[str], width: int) -> str:
    """Set a row with a bar behind each cell, and more where a cell spans columns."""
    return " | ".join(cells) + " |" + "|" * (width - len(cells))


def bars_behind_lines(cells: Sequence[str], width: int) -> str:
    return "\n".join([*(f"{text} |".strip() for text in cells), "|" * (width - len(cells))])


def bars_between_lines(cells: Sequence[str], width: int) -> str:
    return "\n".join([*(f"{text}\n|".strip() for text in cells), "|" * (width - len(cells))])


def bars_before_rows(cells: Sequence[str], width: int) -> str:
    return f"|\n{bars_behind_lines(cells, width)}"


@pytest.mark.parametrize("row", [bars, bars_behind_lines, bars_between_lines, bars_before_rows])
def test_blanks_between_bars_are_cells(row: Callable[[Sequence[str], int], str]) -> None:
    """trafilatura sets a row a line, others a cell a line: of most rows only some cells are filled in."""
    report = copy("distinct", "2021", 3)
    table = report.form.table("requests")
    names = [line.id for line in printed_lines(table)]
    for name, columns in (
        (names[0], ["research"]),
        (names[2], ["natural_person"]),
        (names[3], ["commercial", "social", "legal"]),
    ):
        for column in columns:
            report.printed["requests", name, column] = ""
    rows = [row([table.line[name].zh, *(box.text for box in report.figures("requests", name))], 10) for name in names]
    header = [row(line.split(), 10) for line in SPANNED.split("\n")]
    read = reported(govstats.read("\n".join([TITLE, "三、收到和处理政府信息公开申请情况", *header, *rows]).encode()))
    assert read == {key: value for key, value in shown(report, "requests").items() if value is not None}


def test_spaces_before_a_bar_part_no_cell() -> None:
    rows = ["信息内容  | 本年制发件数  | 本年废止件数  | 现行有效件数", "规章  | 3  | 0  | 21", "行政规范性文件  | 4  | 2  | 35"]
    page = "\n".join([TITLE, *rows])
    assert {*reported(govstats.read(page.encode())).values()} == {0, 2, 3, 4, 21, 35}


def test_rows_with_blanks_are_not_counted_where_a_converter_joined_columns() -> None:
    """MarkItDown puts the last two figures of some rows into one cell, and a blank one in front of all rows."""
    report = copy("distinct", "2021", 3)
    table = report.form.table("requests")
    printed = {line.id: [box.text for box in report.figures("requests", line.id)] for line in printed_lines(table)}
    rows = [[table.line[name].zh, "", *figures[:5], " ".join(figures[5:])] for name, figures in printed.items()]
    rows[3][4], rows[3][7] = "", rows[3][7].split()[0]
    by_itself = ["", rows[-1][0], "", rows[-1][2], "", "", *rows[-1][5:7], rows[-1][7].split()[-1]]
    page = f"{TITLE}\n\n{markdown(rows[:-1])}\n\n三、\n\n{markdown([by_itself])}\n"
    read = reported(govstats.read(page.encode()))
    right = shown(report, "requests")
    assert all(right[key] == value for key, value in read.items() if key[0] == "requests")


def test_a_figure_below_a_column_that_a_line_lacks_is_not_that_lines() -> None:
    """Plain pdftotext prints column by column."""
    lines = ["二、主动公开政府信息情况", "第二十条第（五）项", "信息内容", "行政许可", "{}", "52768", "第二十条第（六）项"]
    others = ["行政处罚", "本年处理决定数量", "9541", "行政强制", "本年处理决定数量", "71"]
    page = "\n\n".join([TITLE, *lines, *others])
    for column, expected in (("本年处理决定数量", {52768.0}), ("本年废止件数", set())):
        read = reported(govstats.read(page.format(column).encode()))
        assert {value for key, value in read.items() if key[1] == "licensing"} == expected


def test_figures_of_two_cells_that_touch_are_longer_than_any_count() -> None:
    report = copy("large", "2021", 3)
    figures = [box.text for box in report.figures("requests", "new")]
    joined = [*figures[:4], "1000000", "123456", str(sum(map(int, figures[:4])) + 1_123_456)]
    page = text(report)
    assert page.count(" ".join(figures)) == 1
    read = reported(govstats.read(page.replace(" ".join(figures), f"{' '.join(joined[:5])} {joined[5]}{joined[6]}").encode()))
    columns = report.form.table("requests").columns_of["new"]
    found = [read.get(("requests", "new", column)) for column in columns]
    assert found == [float(value) for value in joined]


def test_columns_that_a_converter_joined_are_parted_by_their_header() -> None:
    rows = [
        ["", "第二十条第（", "一）项"],
        ["信息内容", "本年制发件数<br>本年废止件数", "现行有效件数"],
        ["规章", "3<br>0", "62"],
        ["行政规范性文件", "17<br>2", "295"],
    ]
    read = govstats.read(f"{TITLE}\n\n二、主动公开政府信息情况\n\n{markdown(rows)}\n".encode(), form="2021")
    assert list(reported(read).values()) == [3, 0, 62, 17, 2, 295]
    # of a header that was cut with its figures nobody knows
    rows[1:] = [["信息内容", "本年制发件数<br>本年", "废止件数"], ["规章", "34<br>5", "5"]]
    read = govstats.read(f"{TITLE}\n\n二、主动公开政府信息情况\n\n{markdown(rows)}\n".encode(), form="2021")
    assert not reported(read)


@pytest.mark.parametrize("between", ["<br>", " "])
def test_columns_that_a_converter_joined_are_parted_by_the_sum_of_their_row(between: str) -> None:
    """The blank behind the label is half of it: taken for a blank column, it would move the figures to the right."""
    report = copy("large", "2021", 3)
    table = report.form.table("requests")
    rows = [["信息", *(column.zh for column in table.columns)]]
    for line in printed_lines(table):
        figures = [box.text for box in report.figures("requests", line.id)]
        rows.append([line.zh, "", *figures[:3], between.join(figures[3:5]), *figures[5:]])
    rows[5][-1] = "1"  # its total
    page = f"{TITLE}\n\n三、收到和处理政府信息公开申请情况\n\n{markdown(rows)}\n"
    read = reported(govstats.read(page.encode(), form="2021"))
    name = printed_lines(table)[4].id
    others = {key: value for key, value in shown(report, "requests").items() if key[1] != name}
    # where the row fails, what stands behind the joined cells stands there in any case
    behind = {("requests", name, "other"): report.value(("requests", name, "other")), ("requests", name, "total"): 1}
    assert read.items() >= others.items()
    assert read.items() <= (others | behind).items()


def test_beside_a_cell_with_two_figures_a_blank_cell_is_no_column() -> None:
    """MarkItDown adds blank columns and joins others: the seven cells of a row are not its seven columns."""
    report = copy("large", "2021", 3)
    rows = []
    for line in printed_lines(report.form.table("requests")):
        one, two, three, four, *others, last, total = (box.text for box in report.figures("requests", line.id))
        rows.append([line.zh, "", "", one, two, f"{three} {four}", *others, f"{last} {total}"])
    page = f"{TITLE}\n\n三、收到和处理政府信息公开申请情况\n\n{markdown(rows)}\n"
    assert reported(govstats.read(page.encode(), form="2021")) == shown(report, "requests")
    for row in rows:
        row[-1] += "1"
    page = f"{TITLE}\n\n三、收到和处理政府信息公开申请情况\n\n{markdown(rows)}\n"
    assert not reported(govstats.read(page.encode(), form="2021"))


def test_rows_that_a_converter_joined_are_parted_where_their_labels_are_numbered() -> None:
    report = copy("large", "2021", 3)
    table = report.form.table("requests")
    rows = [["信息", *(column.zh for column in table.columns)]]
    for line in printed_lines(table):
        figures = [box.text for box in report.figures("requests", line.id)]
        if line.id == "not_processed.repeated":
            rows[-1] = [
                f"（五）不予<br>处理<br>{rows[-1][0]}<br>{line.zh}",
                *map("<br>".join, zip(rows[-1][1:], figures, strict=True)),
            ]
        else:
            rows.append([line.zh, *figures])
    page = f"{TITLE}\n\n三、收到和处理政府信息公开申请情况\n\n{markdown(rows)}\n"
    assert reported(govstats.read(page.encode(), form="2021")) == shown(report, "requests")


def test_a_label_goes_on_in_rows_without_figures() -> None:
    """pymupdf4llm makes a row of each line of a label; the header is torn too, and no sum holds."""
    report = copy("large", "2021", 3)
    table = report.form.table("requests")
    rows = [
        ["", "", "申", "请人情况", "", "", "", ""],
        ["（本列数据", "自然", "", "法人", "或其他", "组织", "", "总"],
        ["", "人", "商业<br>企业", "科研<br>机构", "社会公<br>益组织", "法律服<br>务机构", "其<br>他", "计"],
    ]
    for line in printed_lines(table):
        figures = [box.text for box in report.figures("requests", line.id)]
        rows.append([line.zh[:7], *figures[:6], f"9{figures[6]}"])
        rows += [[line.zh[7:], *[""] * 7]] * (len(line.zh) > 9)
    page = f"{TITLE}\n\n三、收到和处理政府信息公开申请情况\n\n{markdown(rows)}\n"
    wanted = shown(report, "requests")
    wanted |= {key: float(f"9{report.printed[key]}") for key in wanted if key[2] == "total"}
    assert reported(govstats.read(page.encode(), form="2021")) == wanted


def of_requests(**printed: str) -> str:
    """Print the table on requests as text; rows that are not given have zeros."""
    lines = [line for line in form("2021").table("requests").lines if not line.subtotal]
    rows = [f"{line.zh} {printed.get(line.id, '0 0 0 0 0 0 0')}" for line in lines]
    return "\n".join([TITLE, "三、收到和处理政府信息公开申请情况", WHOLE, *rows])


def figures_of(read: Report, line: str) -> list[float | None]:
    return [cell.value for cell in read.read_cells if (cell.table, cell.line) == ("requests", line)]


def test_a_moved_figure_that_mends_all_sums_leaves_itself_in_doubt_and_no_other() -> None:
    # of 2 and 1 nobody knows which line has them in the wrong order
    read = govstats.read(of_requests(granted="2 1 0 0 4 0 7", processed_total="1 2 0 0 4 0 7").encode(), form="2021")
    assert figures_of(read, "granted") == figures_of(read, "processed_total") == [None, None, 0, 0, 4, 0, 7]


def test_errors_in_two_lines_are_no_moved_figure_where_the_row_would_not_add_up() -> None:
    page = of_requests(
        new="2 0 0 0 0 0 2", granted="2 0 0 0 0 0 2", partly_granted="1 0 0 0 0 0 0", processed_total="2 0 0 0 0 0 3"
    )
    read = govstats.read(page.encode(), form="2021")
    assert figures_of(read, "partly_granted") == [1, 0, 0, 0, 0, 0, 0]
    assert figures_of(read, "processed_total") == [2, 0, 0, 0, 0, 0, 3]


def test_a_row_that_does_not_add_up_is_read_where_others_of_its_shape_do() -> None:
    """A converter forgot spans, and left blank cells behind some labels."""
    rows = {"granted": "3 0 0 0 0 0 3", "partly_granted": "2 0 0 0 0 0 2", "processed_total": "5 0 0 0 0 0 7"}
    lines = [line for line in form("2021").table("requests").lines if not line.subtotal]
    header = "|  | 自然人 | 商业企业 | 科研机构 | 社会公益组织 | 法律服务机构 | 其他 | 总计 |\n|---|---|\n"
    cells = [[line.zh, *[""] * (line.id in rows), *rows.get(line.id, "0 0 0 0 0 0 0").split()] for line in lines]
    page = f"# {TITLE}\n\n三、收到和处理政府信息公开申请情况\n\n{header}" + "\n".join(f"| {' | '.join(row)} |" for row in cells)
    assert figures_of(govstats.read(page.encode(), form="2021"), "processed_total") == [5, 0, 0, 0, 0, 0, 7]
    # a blank that an editor wrote out is one
    assert figures_of(govstats.read(page.replace("|  |", "| &nbsp; |").encode(), form="2021"), "granted") == [3, 0, 0, 0, 0, 0, 3]
    # what stands alone may be a blank and a cell too many
    alone = page.replace("| （一）予以公开 |  |", "| （一）予以公开 |").replace("不计其他情形） |  |", "不计其他情形） |")
    assert figures_of(govstats.read(alone.encode(), form="2021"), "processed_total") == [None] * 7


def test_labels_of_columns_that_ran_together_are_no_column_of_an_agency() -> None:
    page = f"{TITLE}\n二、主动公开政府信息情况\n第二十条第（一）项\n信息内容 本年新制作数量本年新公开数量对外公开总数量\n"
    page += "规章 29 28 161\n规范性文件 2 2 33\n第二十条第（五）项\n信息内容 上一年项目数量 本年增/减 处理决定数量\n"
    page += "行政许可 490 5 83\n"
    read = govstats.read(page.encode(), form="2019")
    assert [cell.value for cell in read.read_cells if cell.line == "rules"] == [29, 28, 161]
