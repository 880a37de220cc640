"""Recognition: a document becomes a report; nothing is guessed."""

from itertools import product
from pathlib import Path
from typing import Any

import pytest

import govstats
from govstats import Report
from govstats.documents import open_document
from govstats.errors import GovstatsError, NotAnAnnualReport, SeveralReports
from govstats.forms import form

TITLE = "某市教育局2021年政府信息公开工作年度报告"
HEADER = ["自然人", "商业企业", "科研机构", "社会公益组织", "法律服务机构", "其他", "总计"]
LINES = [line for line in form("2021").table("requests").lines if not line.subtotal]
REVIEW = ["结果维持", "结果纠正", "其他结果", "尚未审结", "总计"]


def read(text: str) -> Report:
    return govstats.read(text.encode())


def values(report: Report, line: str, table: str = "requests") -> list[float | None]:
    """The values of a line in the order of the form, None where nothing was read."""
    return [cell.value for cell in report.read_cells if (cell.table, cell.line) == (table, line)]


def statuses(report: Report, line: str, table: str = "requests") -> list[str]:
    return [cell.status for cell in report.read_cells if (cell.table, cell.line) == (table, line)]


def kinds(report: Report) -> set[tuple[str, str]]:
    return {(note.kind, note.line) for note in report.read_notes}


def requests(rows: dict[str, list[str]], header: list[str] | None = None) -> str:
    """A page whose table three has the given rows; all others print seven zeros."""
    body = [["", *(header or HEADER)], *([line.zh, *rows.get(line.id, ["0"] * 7)] for line in LINES)]
    return f"<h1>{TITLE}</h1><table>" + "".join("<tr>" + "".join(f"<td>{text}" for text in row) for row in body) + "</table>"


# --- who, when, which form ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "agency", "year"),
    [
        ("某市教育局2021年政府信息公开工作年度报告", "某市教育局", 2021),
        ("2019年某部政府信息公开工作报告", "某部", 2019),
        ("2024 年某市科委政府信息公开工作\n年度报告", "某市科委", 2024),
        ("自治区应急管理厅\n2020 年政府信息公开工作年度报告\n本报告见“青山自治区应急管理厅”网站。", "青山自治区应急管理厅", 2020),
        ("標題\n應(yīng)急局2023年政府信息公開工作報(bào)告", "应急局", 2023),
        ("二〇一二年某区政府信息公开工作年度报告", "某区", 2012),
        ("标题: 某县2012年政府信息公开工作年度报告发布时间: 2013-02-25 00:00\n由某县各乡镇人民政府编制", "某县", 2012),
        ("某县政府信息公开工作年度报告\n所列数据的统计期限自2022年1月1日起至12月31日止。", "某县", 2022),
        # what ends the period begins none, and what another sentence names is no period
        ("某县政府信息公开工作年度报告\n统计期限自2022年1月1日至2023年1月1日。数据截至2022年1月1日。", "某县", 2022),
        ("某县政府信息公开工作年度报告\n办理期限见规定。2021年1月1日修订。统计时间2022年1月1日起。", "某县", 2022),
        ("文件\n某局文件\n某局2021年政府信息公开工作年度报告\n2022年1月7日", "某局", 2021),
        ("现向社会公布甲市统计局2024年政府信息公开情况。统计期限为2024年1月1日至12月31日", "甲市统计局", 2024),
        ("信息公开年报\n乙县农业局现向社会公开如下内容，数据统计时限为2023年1月1日至12月31日。", "乙县农业局", 2023),
        (
            "政府信息公开年度报告由丙县司法局编制，统计期限为2022年1月1日起。参考《丁省办公厅关于做好2021年年报的通知》",
            "丙县司法局",
            2022,
        ),
        (
            "某局2021年度政府信息公开年报\n按国办公开办函〔2019〕60号编制，引用《某办2020年政府信息公开工作年度报告》",
            "某局",
            2021,
        ),
    ],
)
def test_agency_and_year_come_from_the_title_then_from_the_text(text: str, agency: str, year: int) -> None:
    report = read(text)
    assert (report.agency, report.year) == (agency, year)


def test_what_the_caller_knows_is_believed() -> None:
    report = govstats.read(TITLE.encode(), agency="某局", year=2020, form="2019")
    assert (report.agency, report.year, report.form) == ("某局", 2020, "2019")


def test_a_contradiction_between_caller_and_document_is_noted() -> None:
    report = govstats.read(TITLE.encode(), agency="某省财政厅", year=2030)
    assert (report.agency, report.year) == ("某省财政厅", 2030)
    assert {"agency_given", "year_given"} <= {note.kind for note in report.read_notes}
    assert "某省财政厅" in next(note.message_zh for note in report.read_notes if note.kind == "agency_given")
    agreed = govstats.read(TITLE.encode(), agency=read(TITLE).agency, year=read(TITLE).year)
    assert not {"agency_given", "year_given"} & {note.kind for note in agreed.read_notes}


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (".", r"it is a folder; .*这是文件夹"),
        ("https://example.org/a.html", r"it is an address; .*这是网址"),
        (TITLE, r"expected the path of a file, or a text as bytes 应为文件路径"),
        (None, r"None is a NoneType; expected the path of a file, or its bytes"),
    ],
)
def test_what_is_no_file_is_named(source: Any, message: str) -> None:
    with pytest.raises(govstats.UnreadableDocument, match=message):
        govstats.read(source)


def test_a_year_or_a_name_of_another_kind_is_refused() -> None:
    wrongs: list[dict[str, Any]] = [{"year": "2023"}, {"year": 20.5}, {"agency": 3}]
    for wrong in wrongs:
        with pytest.raises(govstats.UnknownIdentity, match=r"expected a .*应为"):
            govstats.read(TITLE.encode(), **wrong)


def test_a_path_is_no_report_to_reconcile() -> None:
    with pytest.raises(govstats.UnusableCells, match=r"'report\.html' is a str; expected a Report.*govstats.read"):
        govstats.reconcile("report.html")  # type: ignore[arg-type]
    with pytest.raises(govstats.FormError, match="language='fr': expected 'zh' or 'en'"):
        read(requests({})).table("requests", language="fr")  # type: ignore[arg-type]


def test_the_form_comes_from_the_tables_not_from_the_circular_that_is_cited() -> None:
    table = "信息内容\t本年新制作数量\t本年新公开数量\t对外公开总数量\n规章\t0\t0\t0\n规范性文件\t1\t1\t2\n"
    report = read(f"{TITLE}\n按照国办公开办函〔2021〕30号编制。\n{table}")
    assert report.form == "2019"


def test_a_report_without_tables_says_so_and_takes_its_form_from_the_year() -> None:
    report = read("2019年某部政府信息公开工作报告\n一、总体情况\n正文。\n二、主动公开政府信息情况\n")
    assert report.form == "2019"
    assert report.cells.empty
    assert [note.table for note in report.read_notes if note.kind == "missing_table"] == ["proactive", "requests", "review"]
    assert ("form_from_year", "") in kinds(report)
    assert [section.number for section in report.sections] == [1, 2]


@pytest.mark.parametrize("text", ["今天天气很好。", "<html><body><p>政府采购公告</p><table><tr><td>数量<td>3</table>"])
def test_other_documents_are_refused_with_what_was_expected(text: str) -> None:
    with pytest.raises(NotAnAnnualReport, match=r"this is no annual report .* 这不是政府信息公开工作年度报告"):
        read(text)
    with pytest.raises(GovstatsError):
        read(text)


def test_two_reports_in_one_document_are_refused_with_their_places_or_read_apart() -> None:
    first = requests({"granted": ["1", "0", "0", "0", "0", "0", "1"]})
    second = requests({"granted": ["2", "0", "0", "0", "0", "0", "2"]}).replace("某市教育局2021年", "某市水利局2022年")
    with pytest.raises(SeveralReports, match=r"某市教育局 2021 \(paragraph 1\); 某市水利局 2022 \(paragraph 2\)"):
        read(first + second)
    water = govstats.read((first + second).encode(), year=2022)
    assert (water.agency, water.year) == ("某市水利局", 2022)
    assert values(water, "granted") == [2, 0, 0, 0, 0, 0, 2]
    assert values(govstats.read((first + second).encode(), agency="某市教育局"), "granted") == [1, 0, 0, 0, 0, 0, 1]


@pytest.mark.parametrize(
    "page",
    [
        "<table><tr><td>{title1}</td><td>{title2}</td></tr><tr><td>{table1}</td><td>{table2}</td></tr></table>",
        "<p>{words1} {words2}</p>{table1}{table2}",
        "{title1}{table1}{title2}<h2>一、总体情况</h2><p>受理申请8件。</p><h2>三、收到和处理政府信息公开申请情况</h2><h2>六、其他需要报告的事项</h2>",
    ],
)
def test_reports_side_by_side_or_without_tables_are_not_mixed(page: str) -> None:
    first = requests({"granted": ["1", "0", "0", "0", "0", "0", "1"]})
    second = requests({"granted": ["2", "0", "0", "0", "0", "0", "2"]}).replace("某市教育局2021年", "某市水利局2022年")
    pieces: dict[str, str] = {}
    for number, whole in ((1, first), (2, second)):
        title, table = whole.split("</h1>")
        pieces |= {f"title{number}": title + "</h1>", f"table{number}": table, f"words{number}": title.partition("<h1>")[2]}
    with pytest.raises(SeveralReports, match=r"holds 2 annual reports: 某市教育局 2021 .*; 某市水利局 2022"):
        read(page.format(**pieces))


def test_links_to_the_reports_of_other_years_are_no_reports() -> None:
    links = "".join(f"<li><a>某市教育局{year}年政府信息公开工作年度报告</a></li>" for year in (2019, 2020, 2022))
    page = requests({"granted": ["1", "0", "0", "0", "0", "0", "1"]})
    period = "<p>所列数据的统计期限自2021年1月1日起。</p>"
    for report in (read(page + links), read(links + page.replace("h1", "p") + period)):
        assert (report.year, values(report, "granted")) == (2021, [1, 0, 0, 0, 0, 0, 1])


# --- cells ----------------------------------------------------------------------------------------------------------------


def test_every_line_of_table_three_is_read_with_its_place() -> None:
    report = read(requests({"granted": ["46", "2", "1", "0", "1", "0", "50"]}))
    assert len(report.cells) == 175
    assert values(report, "granted") == [46, 2, 1, 0, 1, 0, 50]
    (cell,) = (c for c in report.read_cells if (c.line, c.column) == ("granted", "natural_person"))
    assert (cell.printed, cell.place, cell.method, cell.unit) == ("46", "table 1 row 4 cell 2", "grid", "件")


def test_zero_blank_none_and_unreadable_are_kept_apart() -> None:
    report = read(requests({"granted": ["0", "", "/", "约3", "1,024", "２", "1026"]}))
    assert statuses(report, "granted") == [
        "reported",
        "blank",
        "not_applicable",
        "unreadable",
        "reported",
        "reported",
        "reported",
    ]
    assert values(report, "granted") == [0, None, None, None, 1024, 2, 1026]


def test_a_column_of_remarks_goes_to_the_notes() -> None:
    report = read(requests({"granted": ["1", "0", "0", "0", "0", "0", "1", "5"]}, [*HEADER, "备注"]))
    assert values(report, "granted") == [1, 0, 0, 0, 0, 0, 1]
    assert ("outside_form", "granted") in kinds(report)


def test_columns_in_another_order_follow_their_header() -> None:
    report = read(requests({"granted": ["6", "1", "2", "0", "0", "3", "0"]}, ["总计", *HEADER[:6]]))
    assert values(report, "granted") == [1, 2, 0, 0, 3, 0, 6]


def test_a_lost_cell_leaves_its_row_unread() -> None:
    report = read(requests({"granted": ["5", "3", "0", "0", "0", "8"]}))
    assert set(statuses(report, "granted")) == {"unreadable"}
    assert ("unreadable_row", "granted") in kinds(report)


def test_a_table_of_years_is_not_the_statutory_one() -> None:
    years = [f"{year}年" for year in range(2015, 2022)]
    assert read(requests({}, years)).cells["status"].eq("reported").sum() == 0


def test_rows_between_two_known_ones_are_placed_only_if_none_is_lost() -> None:
    page = requests({"refused.internal_affairs": ["4", "0", "0", "0", "0", "0", "4"], "processed_total": ["4", *["0"] * 5, "4"]})
    torn = page.replace("5.属于三类内部事务信息", "")
    report = read(torn)
    assert values(report, "refused.internal_affairs") == [4, 0, 0, 0, 0, 0, 4]
    assert ("torn_label", "refused.internal_affairs") in kinds(report)
    row = "<tr><td>6.属于四类过程性信息<td>0<td>0<td>0<td>0<td>0<td>0<td>0"
    assert row in torn
    assert values(read(torn.replace(row, "")), "refused.internal_affairs") == []


def test_neighbouring_lines_that_were_swapped_are_read_by_their_labels_and_noted() -> None:
    four, five = "4.保护第三方合法权益", "5.属于三类内部事务信息"
    page = requests({"refused.third_party_rights": ["7", "0", "0", "0", "0", "0", "7"]})
    report = read(page.replace(four, "甲").replace(five, four).replace("甲", five))
    assert values(report, "refused.internal_affairs") == [7, 0, 0, 0, 0, 0, 7]
    assert any(kind == "out_of_order" for kind, _ in kinds(report))


def test_a_line_printed_twice_with_different_figures_is_undecided() -> None:
    row = "<tr><td>（二）部分公开<td>{0}<td>0<td>0<td>0<td>0<td>0<td>{0}"
    page = requests({}).replace("<tr><td>1.属于国家秘密", row.format(3) + "<tr><td>1.属于国家秘密")
    report = read(page)
    assert set(statuses(report, "partly_granted")) == {"unreadable"}
    assert ("duplicate_line", "partly_granted") in kinds(report)


def test_two_copies_of_a_table_that_differ_are_undecided() -> None:
    page = requests({"granted": ["1", "0", "0", "0", "0", "0", "1"]}) + requests({"granted": ["2", "0", "0", "0", "0", "0", "2"]})
    report = read(page)
    assert not report.cells["status"].eq("reported").any()
    assert ("two_tables", "") in kinds(report)


def test_an_agencys_own_row_goes_to_the_notes() -> None:
    own = "<tr><td>其中：网上提交的申请<td>9<td>0<td>0<td>0<td>0<td>0<td>9"
    report = read(requests({}).replace("<tr><td>二、上年结转", own + "<tr><td>二、上年结转"))
    assert len(report.cells) == 175
    assert any(note.kind == "outside_form" and "网上提交" in note.message_zh for note in report.read_notes)


def test_other_handling_may_be_printed_as_one_line() -> None:
    page = requests({})
    for line in LINES:
        if line.group == "other":
            page = page.replace(f"<tr><td>{line.zh}" + "<td>0" * 7, "")
    page = page.replace(
        "<tr><td>（七）总计", "<tr><td>（六）其他处理" + "<td>3<td>0<td>0<td>0<td>0<td>0<td>3" + "<tr><td>（七）总计"
    )
    report = read(page)
    assert values(report, "other") == [3, 0, 0, 0, 0, 0, 3]
    assert not any(note.kind == "missing_line" for note in report.read_notes)


@pytest.mark.parametrize(
    ("header", "printed", "value"),
    [
        ("本年收费金额（单位：万元）", "7730.28", 7730.28),
        ("本年收费金额（单位：元）", "251000", 25.1),
        ("本年收费金额（单位：万元）", "251000元", 25.1),
        ("本年收費金額（單位：萬元）", "194", 194.0),
        ("本年收费金额（单位：万元）", "3件", None),
    ],
)
def test_amounts_are_given_in_the_unit_of_the_form(header: str, printed: str, value: float | None) -> None:
    text = f"{TITLE}\n行政处罚\t1\n第二十条第（八）项\n信息内容\t{header}\n行政事业性收费\t{printed}\n"
    assert values(read(text), "administrative_fees", "proactive") == [value]


def test_glued_figures_are_not_split() -> None:
    text = f"{TITLE} 第二十条第（一）项信息内容本年制发件数本年废止件数现行有效件数规章000行政规范性文件693665第二十条第（五）项"
    report = read(
        text
        + "信息内容本年处理决定数量行政许可2418第二十条第（六）项信息内容本年处理决定数量行政处罚644行政强制64第二十条第（八）项"
    )
    assert set(statuses(report, "normative_documents", "proactive")) == {"unreadable"}
    assert values(report, "licensing", "proactive") == [2418]


def test_a_list_in_the_prose_is_not_the_table() -> None:
    report = read(f"{TITLE}\n信息类别\t数量\n行政许可\t34\n行政处罚\t1\n行政强制\t5\n行政事业性收费\t2\n")
    assert report.cells.empty


def test_page_numbers_between_cells_are_not_figures() -> None:
    rows = "\n".join(f"{line.zh}\n0\n0\n0\n— 3 —\n0\n0\n0\n0" if line.id == "granted" else line.zh + "\n0" * 7 for line in LINES)
    assert values(read(f"{TITLE}\n{rows}\n"), "granted") == [0.0] * 7


# --- the table on reviews -------------------------------------------------------------------------------------------------


def review(blocks: list[str], figures: list[int], columns: list[str] | None = None) -> str:
    top = "".join(f"<td colspan=5>{block}" for block in blocks)
    leaves = "".join(f"<td>{column}" for column in (columns or REVIEW)) * 3
    return f"<h1>{TITLE}</h1><table><tr>{top}<tr>{leaves}<tr>" + "".join(f"<td>{figure}" for figure in figures) + "</table>"


STATUTORY = ["行政复议", "未经复议直接起诉", "复议后起诉"]


def test_lines_side_by_side_are_parted_by_their_header() -> None:
    report = read(review(STATUTORY, [1, 2, 3, 4, 10, 5, 0, 0, 0, 5, 0, 0, 7, 0, 7]))
    assert values(report, "reconsideration", "review") == [1, 2, 3, 4, 10]
    assert values(report, "litigation_direct", "review") == [5, 0, 0, 0, 5]
    assert values(report, "litigation_after_reconsideration", "review") == [0, 0, 7, 0, 7]


def test_blocks_and_columns_in_another_order_follow_their_labels() -> None:
    report = read(review(["复议后起诉", "未经复议直接起诉", "行政复议"], [1, 0, 0, 0, 1, 2, 0, 0, 0, 2, 3, 0, 0, 0, 3]))
    assert values(report, "reconsideration", "review") == [3, 0, 0, 0, 3]
    total_first = read(review(STATUTORY, [10, 1, 2, 3, 4, *[0] * 10], ["总计", *REVIEW[:4]]))
    assert values(total_first, "reconsideration", "review") == [1, 2, 3, 4, 10]


# of 总计 half would be lost
@pytest.mark.parametrize(
    ("column", "damage"),
    [
        *product(range(15), ["{}è", "{0[0]}{0}"]),
        *product([0, 1, 2, 3, 8, 12], ["{0[0]}{0[1]}纪{0[3]}", "{0[0]}{0[1]}{0[3]}", "{0[0]}{0[1]}继"]),
    ],
)
def test_a_damaged_label_over_one_column_costs_no_table(column: int, damage: str) -> None:
    label = (REVIEW * 3)[column]
    page = review(STATUTORY, [1, 2, 3, 4, 10, 5, 0, 6, 0, 11, 7, 8, 0, 0, 15])
    parts = page.split("<td>")
    first = next(at for at, part in enumerate(parts) if part.startswith(REVIEW[0]))
    parts[first + column] = parts[first + column].replace(label, damage.format(label))
    read_as = read("<td>".join(parts))
    assert [values(read_as, line, "review") for line in ("reconsideration", "litigation_direct")] == [
        [1, 2, 3, 4, 10],
        [5, 0, 6, 0, 11],
    ]
    assert values(read_as, "litigation_after_reconsideration", "review") == [7, 8, 0, 0, 15]


@pytest.mark.parametrize("lost", range(1, 15))
def test_a_stub_beside_the_reviews_is_no_figure_where_a_tab_was_lost(lost: int) -> None:
    """A row numbered 1 had fifteen cells again, when two of its figures ran together."""
    header = [
        ["类别", "行政复议", *[""] * 4, "行政诉讼", *[""] * 9],
        ["", *REVIEW, "未经复议直接起诉", *[""] * 4, "复议后起诉", *[""] * 4],
    ]
    header.append([*[""] * 6, *REVIEW * 2])
    figures = ["12", "34", "56", "78", "180", "23", "45", "67", "89", "224", "11", "22", "33", "44", "110"]
    row = ["1", *figures[: lost - 1], figures[lost - 1] + figures[lost], *figures[lost + 1 :]]
    table = "\n".join("\t".join(cells) for cells in [*header, row])
    text = f"{TITLE}\n四、政府信息公开行政复议、行政诉讼情况\n{table}\n五、存在的主要问题及改进情况\n"
    assert not read(text).cells["status"].eq("reported").any()


def test_a_block_of_sums_leaves_the_table_unread() -> None:
    page = review([*STATUTORY, "合计"], [1, 0, 0, 0, 1] * 4).replace(
        "".join(f"<td>{c}" for c in REVIEW) * 3, "".join(f"<td>{c}" for c in REVIEW) * 4
    )
    assert not read(page).cells["status"].eq("reported").any()


def test_a_copy_without_its_header_contradicts_the_table() -> None:
    page = requests({"new": ["11", "0", "0", "0", "0", "0", "11"]})
    table = page[page.index("<table>") :]
    copy = table.replace("".join(f"<td>{text}" for text in ["", *HEADER]), "").replace("<td>11", "<td>22")
    assert copy.count("<td>22") == 2
    report = read(page + "<p>附" + copy)
    assert statuses(report, "new") == ["unreadable"] * 7
    assert ("two_tables", "") in kinds(report)


def test_the_end_of_a_torn_label_is_not_that_of_the_row_below() -> None:
    header = "|" + "|".join(HEADER) + "|\n|" + "---|" * 7
    rows = {
        "new": ("一、本年新", "收政府信息公开申请数量", [1, 0, 0, 0, 0, 0, 1]),
        "carried_in": ("二", "、上年结转政府信息公开申请数量", [2, 0, 0, 0, 0, 0, 2]),
    }
    torn = [f"{begin}\n\n|" + "|".join(map(str, row)) + f"|\n|{'---|' * 7}\n\n{end}\n" for begin, end, row in rows.values()]
    others = [f"|{line.zh}|" + "0|" * 7 for line in LINES if line.id not in rows]
    report = read(f"# {TITLE}\n\n{header}\n\n" + "\n".join(torn) + "\n" + "\n".join([others[0], "|" + "---|" * 8, *others[1:]]))
    assert set(values(report, "new")) <= {None, 0.0, 1.0}


BANDS = "信息内容{0}本年制发件数{0}本年废止件数{0}现行有效件数\n规章{0}{1}\n行政规范性文件{0}4{0}5{0}6\n"


@pytest.mark.parametrize("gap", [" ", "\t"])
def test_a_label_that_stands_again_without_figures_may_be_the_one_they_belong_to(gap: str) -> None:
    line = f"行政规范性文件{gap}4{gap}5{gap}6\n"
    bands = BANDS.format(gap, gap.join("123"))
    above = read(f"{TITLE}\n" + bands.replace("规章" + gap + gap.join("123"), "规章\n行政规范性文件\n3 3 3"))
    below = read(f"{TITLE}\n" + bands.replace(line, line + f"行政规范性文件{gap}\n") + "本年处理决定数量\n行政许可 7")
    assert {None}.issuperset(
        values(above, "normative_documents", "proactive") + values(below, "normative_documents", "proactive")
    )
    assert values(below, "rules", "proactive") == [1, 2, 3]


@pytest.mark.parametrize("blank", ["行政许可", "<div><span>行政许可</span></div>"])
def test_a_part_of_the_line_above_is_another_line(blank: str) -> None:
    report = read(f"{TITLE}\n" + BANDS.format(" ", "1 2 3") + f"本年处理决定数量\n{blank}\n其中：行政许可 299\n行政处罚 7\n")
    assert {None}.issuperset(values(report, "licensing", "proactive"))
    assert values(report, "penalties", "proactive") == [7]


@pytest.mark.parametrize("word", ["#REF!", "undefined"])
def test_digits_before_a_word_that_is_no_label_are_not_parted(word: str) -> None:
    # what else is printed would agree with 99, 5, 47, 0, 1, 2 and 154
    printed = dict.fromkeys(("new", "processed_total"), "99  5  47  0  1  2  154") | {
        "granted": f"99  5470  12154  {word}  6  3624  7"
    }
    rows = [line.zh + "  " + printed.get(line.id, "0  0  0  0  0  0  0") for line in LINES]
    report = read(f"{TITLE}\n{'  '.join(HEADER)}\n" + "\n".join(rows))
    assert {None}.issuperset(values(report, "granted"))
    assert values(report, "new") == [99, 5, 47, 0, 1, 2, 154]


def test_a_total_that_is_less_than_a_part_may_be_a_part_where_rows_are_filled_up() -> None:
    def page(row: str) -> str:
        rows = [line.zh + "|" + (row if line.id == "granted" else "7|0|0|0|0|0|7") + "| |" for line in LINES]
        return f"# {TITLE}\n\n||{'|'.join(HEADER)}| |\n{'|---' * 9}|\n|" + "\n|".join(rows)

    assert values(read(page("2050|539|97|346|423|5674|20")), "granted") == [None] * 7
    assert values(read(page("2050|539|97|346|423|5674|9130")), "granted") == [2050, 539, 97, 346, 423, 5674, 9130]


def test_a_column_of_an_agencys_own_among_tabs_leaves_a_doubt() -> None:
    header = "信息内容\t本年制发件数\t上年数\t本年废止件数\t现行有效件数"
    page = f"{TITLE}\n第二十条第（一）项\t\t\t\t\n{header}\n规章\t48\t1939\t55767\t917\n行政规范性文件\t86710\t1\t4429\t\n"
    page += (
        "第二十条第（五）项\t\t\n信息内容\t本年处理决定数量\n行政许可\t7\n信息内容\t本年处理决定数量\n行政处罚\t8\n行政强制\t9\n"
    )
    assert values(read(page), "penalties", "proactive") == [8]
    assert {None}.issuperset(values(read(page), "normative_documents", "proactive"))


def test_the_names_of_columns_in_a_line_are_no_caption() -> None:
    rules = (
        "规章：本年制发件数{}，本年废止件数{}，现行有效件数{}\n行政规范性文件：本年制发件数{}，本年废止件数{}，现行有效件数{}\n"
    )
    others = "行政许可：本年处理决定数量{}\n行政处罚：本年处理决定数量{}\n行政强制：本年处理决定数量\n"
    last = f"上一年（2020年）：\n{rules.format(*range(166, 172))}{others.format(87, 60)}"
    this = f"本年（2021年）：\n{rules.format(4, 5, '', 6, 7, '')}{others.format(11, 79)}"
    report = read(f"{TITLE}\n二、主动公开政府信息情况\n{last}{this}三、收到和处理政府信息公开申请情况\n")
    assert 87 not in values(report, "licensing", "proactive")


def test_where_a_space_parts_thousands_two_figures_may_be_one() -> None:
    apart = "本年处理决定数量\n行政许可 4 095\n行政处罚 12 031\n"
    assert values(read(f"{TITLE}\n" + BANDS.format(" ", "1 121 90") + apart), "rules", "proactive") == [None] * 3
    report = read(f"{TITLE}\n" + BANDS.format(" ", "1 12 90") + apart)
    assert values(report, "rules", "proactive") == [1, 12, 90]


def test_a_figure_behind_the_row_of_the_reviews_may_be_its_last() -> None:
    header = f"行政复议 行政诉讼\n{' '.join(REVIEW)} 未经复议直接起诉 复议后起诉\n{' '.join(REVIEW * 2)}\n"
    row = "1 2 3 4 10 5 0 0 0 5 0 0 7 0 7"
    assert values(read(f"{TITLE}\n{header}{row}\n"), "reconsideration", "review") == [1, 2, 3, 4, 10]
    assert (
        values(read(f"{TITLE}\n{header}2 331 139 108 37044 996 82 77 63 540 81 5 4 7 97\n148\n"), "litigation_direct", "review")
        == [None] * 5
    )


# --- the annex before 2019 ------------------------------------------------------------------------------------------------


def test_the_annex_keeps_printed_labels_as_lines() -> None:
    text = (
        "某区2012年政府信息公开工作年度报告\n项目\t单位\t2012年度\t累计\n网站公开\t条\t21\t80\n"
        "自有渠道公开\t条\t0\t3\n1、当面申请数\t条\t1\t2\n受理依申请公开信息总数\t条\t1\t2\n"
    )
    report = read(text)
    assert report.form == "2008"
    assert values(report, "网站公开", "statistics") == [21, 80]
    assert values(report, "自有渠道公开", "statistics") == [0, 3]
    assert [cell.column for cell in report.read_cells if cell.line == "当面申请数"] == ["this_year", "cumulative"]


def test_lines_of_another_provinces_annex_keep_their_own_labels() -> None:
    rows = [
        "统计指标|单位|统计数",
        "（一）主动公开政府信息数|条|5",
        "1.当面申请数|件|1",
        "2.网络申请数|件|2",
        "3.传真申请数|件|0",
        "4.信函申请数|件|3",
    ]
    table = "".join("<tr>" + "".join(f"<td>{cell}" for cell in row.split("|")) for row in rows)
    report = read(f"<h1>某县2016年政府信息公开工作年度报告</h1><table>{table}</table>")
    assert {cell.line: cell.value for cell in report.read_cells} == {
        "主动公开政府信息数": 5,
        "当面申请数": 1,
        "网络申请数": 2,
        "传真申请数": 0,
        "信函申请数": 3,
    }
    assert {cell.column for cell in report.read_cells} == {"this_year"}


# --- size -----------------------------------------------------------------------------------------------------------------


def test_a_page_of_thousands_of_familiar_rows_comes_to_an_end() -> None:
    rows = "".join(f"<tr><td>{line.zh}" + "<td>0" * 7 for line in LINES * 100)
    assert govstats.read(f"<h1>{TITLE}</h1><table>{rows}</table>".encode()).agency == "某市教育局"


# --- one decision for every figure ------------------------------------------------------------------------------------------


def table_of(rows: list[list[str]]) -> str:
    return "<table>" + "".join("<tr>" + "".join(f"<td>{text}" for text in row) + "</tr>" for row in rows) + "</table>"


def test_a_row_with_a_cell_too_many_has_no_positions() -> None:
    # 10 + 2 + 0 + 0 + 1 + 3 = 16 was printed with a stray 77 between
    report = read(requests({"granted": ["10", "2", "0", "77", "0", "1", "3", "16"], "new": ["5", "0", "0", "0", "0", "0", "5"]}))
    assert values(report, "granted") == [None] * 7
    assert values(report, "new") == [5, 0, 0, 0, 0, 0, 5]
    assert ("unreadable_row", "granted") in kinds(report)


def test_blanks_and_one_cell_more_than_the_other_rows_leave_a_row_without_positions() -> None:
    report = read(requests({"granted": ["", "2", "", "", "", "1", "", "3"]}))
    assert values(report, "granted") == [None] * 7


def test_a_figure_that_spans_two_lines_belongs_to_neither() -> None:
    page = (
        requests({})
        .replace(f"<tr><td>{LINES[2].zh}<td>0<td>0", f"<tr><td>{LINES[2].zh}<td rowspan=2>7<td>0", 1)
        .replace(f"<tr><td>{LINES[3].zh}<td>0<td>0", f"<tr><td>{LINES[3].zh}<td>0", 1)
    )
    report = read(page)
    assert values(report, "granted")[0] is None
    assert values(report, "granted")[1:] == [0] * 6
    assert values(report, "partly_granted") == [0] * 6
    assert ("spanning_figure", "granted") in kinds(report)


def test_a_figure_whose_cell_reaches_over_a_page_break_is_of_its_line() -> None:
    """Below it stands what was drawn there, but no label beside it."""
    page = requests({}).replace(
        f"<tr><td>{LINES[2].zh}" + "<td>0" * 7, f"<tr><td rowspan=2>{LINES[2].zh}" + "<td rowspan=2>7" * 7
    )
    below = page.index(f"<tr><td>{LINES[3].zh}")
    report = read(page[:below] + "<tr><td><img alt=''>" + page[below:])
    assert values(report, "granted") == [7] * 7


@pytest.mark.parametrize("odd", ["约39", "见备注", "39？"])
def test_one_odd_figure_does_not_lose_its_row(odd: str) -> None:
    report = read(requests({"new": [odd, "2", "0", "0", "0", "0", "41"]}))
    assert values(report, "new") == [None, 2, 0, 0, 0, 0, 41]
    assert statuses(report, "new")[0] == "unreadable"


def test_a_part_of_the_table_that_stands_twice_with_other_figures_is_undecided() -> None:
    again = [["", *HEADER], *([line.zh, *["9"] * 7] for line in LINES[:3])]
    report = read(requests({}) + "<p>附</p>" + table_of(again))
    assert all(values(report, line.id) == [None] * 7 for line in LINES[:3])
    assert values(report, LINES[3].id) == [0] * 7


def test_a_table_under_another_years_caption_is_not_read() -> None:
    again = [["", *HEADER], *([line.zh, *["9"] * 7] for line in LINES)]
    report = read(requests({}) + "<p>2020年度数据</p>" + table_of(again))
    assert values(report, "granted") == [0] * 7


def test_a_caption_stands_above_the_header_that_is_one_line_of_text() -> None:
    header = "信息内容 本年制发件数 本年废止数 现行有效件数"
    text = f"{TITLE}\n第二十条第（一）项\n{header}\n规章 {{}}\n行政规范性文件 5 6 7\n"
    report = read(text.format("1 2 3") + "2020年主动公开政府信息情况\n" + text.removeprefix(TITLE).format("50 51 52"))
    assert values(report, "rules", "proactive") == [1, 2, 3]


def test_two_lines_in_one_row_are_none() -> None:
    rows = [["", *HEADER], *([line.zh, *["0"] * 7] for line in LINES[:-1])]
    rows[-1] = [rows[-1][0], "17", "3", f"26 {LINES[-1].zh}", "4", "1", "1", "6"]
    report = read(f"<h1>{TITLE}</h1>" + table_of(rows))
    assert values(report, "processed_total") == [None] * 7


def test_misread_labels_of_columns_are_told_by_the_one_cell_that_is_like_them() -> None:
    # recognition lost a character of three labels; no row adds up, so that only the header tells the columns
    header = ["自然", "商企业", "科研构", *HEADER[3:]]
    rows = [["", *header], *([line.zh, *map(str, range(at, at + 7))] for at, line in enumerate(LINES, start=11))]
    rows[1][3] = ""
    report = read(f"<h1>{TITLE}</h1>" + table_of(rows))
    assert values(report, "new") == [11, 12, None, 14, 15, 16, 17]
    assert values(report, "carried_in") == [12, 13, 14, 15, 16, 17, 18]


def test_a_misread_header_is_that_of_the_rows_overleaf() -> None:
    header = "<tr><td rowspan=2>项目<td rowspan=2>自然<td colspan=5>法人或其他组织<td rowspan=2>总计<tr><td>" + "<td>".join(
        HEADER[1:6]
    )
    rows = [[line.zh, *map(str, range(at, at + 7))] for at, line in enumerate(LINES, start=11)]
    for row in rows[3:]:
        row[3] = ""
    first = table_of(rows[:3]).replace("<table>", f"<table>{header}")
    report = read(f"<h1>{TITLE}</h1>{first}<p>第二页{table_of(rows[3:])}")
    assert values(report, LINES[3].id) == [14, 15, None, 17, 18, 19, 20]


def test_two_labels_in_one_cell_name_no_line() -> None:
    # a scan lost the ruling between 规章 and 行政规范性文件
    page = """<table><tr><td colspan=4>第二十条第（一）项
        <tr><td>信息内容<td>本年制发件数<td>本年废止件数<td>现行有效件数
        <tr><td rowspan=2>规章<br>行政规范性文件<td>30<td>586<td>1008<tr><td>158<td>1108<td>619
        <tr><td colspan=4>第二十条第（五）项<tr><td>信息内容<td colspan=3>本年处理决定数量<tr><td>行政许可<td colspan=3>5
        <tr><td>行政处罚<td colspan=3>6<tr><td>行政强制<td colspan=3>7</table>"""
    report = read(f"<h1>{TITLE}</h1>" + page + table_of([["", *HEADER], *([line.zh, *["0"] * 7] for line in LINES)]))
    assert {None}.issuperset(values(report, "rules", "proactive") + values(report, "normative_documents", "proactive"))
    assert values(report, "licensing", "proactive") == [5]


def test_a_label_below_its_figures_owns_them_where_labels_and_rows_are_as_many() -> None:
    def pipes(*cells: str) -> str:
        return "| " + " | ".join(cells) + " |"

    before = "\n".join([pipes("", *HEADER), pipes(*["---"] * 8), *(pipes(line.zh, *["0"] * 7) for line in LINES[:2])])
    torn = f"{pipes('', *['3'] * 6, '18')}\n\n{LINES[2].zh}\n\n{pipes('', *['5'] * 6, '30')}\n\n{LINES[3].zh}\n"
    after = "\n".join(pipes(line.zh, *["0"] * 7) for line in LINES[4:])
    report = read(f"# {TITLE}\n\n{before}\n{torn}\n{after}\n")
    assert values(report, "granted") == [3] * 6 + [18]
    assert values(report, "partly_granted") == [5] * 6 + [30]


def test_a_piece_of_its_groups_label_above_a_label_is_no_part_of_it() -> None:
    page = requests({"refused.state_secret": ["2", "0", "0", "0", "0", "0", "2"]})
    report = read(page.replace("1.属于国家秘密", "三、<br>1.属于国家秘密").replace("2.其他法律", "本年<br>2.其他法律"))
    assert values(report, "refused.state_secret") == [2, 0, 0, 0, 0, 0, 2]
    assert values(report, "refused.prohibited_by_law") == [0] * 7


def amount(header: str, above: str, label: str = "行政事业性收费", figure: str = "251000") -> float | None:
    rows = [["信息内容", "本年处理决定数量"], ["行政处罚", "3"], ["行政强制", "0"], ["信息内容", header], [label, figure]]
    return values(read(f"<h1>{TITLE}</h1><p>{above}</p>" + table_of(rows)), "administrative_fees", "proactive")[0]


def test_the_unit_may_stand_above_the_table_or_in_the_label() -> None:
    assert amount("本年收费金额", "单位：元") == 25.1
    assert amount("本年收费金额", "（单位：件、元）") == 25.1
    assert amount("本年收费金额", "以下为各项数据", "行政事业性收费（元）") == 25.1
    assert amount("本年收费金额（单位：万元）", "单位：元") is None
    assert amount("本年收费金额（单位：万元）", "单位：万元", figure="25.1") == 25.1


def test_bands_of_two_versions_of_the_form_in_one_table() -> None:
    rows = [
        ["信息内容", "本年新制作数量", "本年新公开数量", "对外公开总数量"],
        ["规章", "0", "0", "0"],
        ["规范性文件", "2", "2", "9"],
        ["信息内容", "本年处理决定数量"],
        ["行政许可", "5"],
    ]
    report = read(f"<h1>{TITLE}</h1>" + table_of(rows))
    found = {cell.key[1:]: cell.value for cell in report.read_cells}
    assert found["normative_documents", "disclosed_total"] == 9
    assert found["licensing", "decisions"] == 5


def test_a_misprinted_label_in_a_page_of_one_line_costs_no_other_line() -> None:
    body = " ".join(f"{line.zh} 0000000" for line in LINES).replace("公开出版物", "公开出板物")
    report = read(f"{TITLE} 三、收到和处理政府信息公开申请情况 {' '.join(HEADER)} {body} 五、存在的主要问题及改进情况")
    assert all(values(report, line.id) == [0] * 7 for line in LINES)


def test_the_rest_of_a_label_below_its_figures_is_not_the_next_ones() -> None:
    """Text of a PDF with a narrow stub: figures beside the first characters of a label, the others below (pdfplumber)."""
    rows = ["8.属 7 0 0 0 0 0 7", "于行", "政查", "询事", "项", "（四 1.本 21 4 1 0 0 0 26", "（七）总计 97 7 3 0 1 0 108"]
    page = "\n".join(["某局2023年政府信息公开工作年度报告", *rows])
    cells = govstats.read(page.encode()).cells.query("column == 'total' and status == 'reported'")
    assert set(zip(cells["line"], cells["value"], strict=True)) <= {
        ("refused.administrative_inquiry", 7),
        ("processed_total", 108),
    }


def test_a_figure_that_ran_into_the_next_row_makes_neither_wrong() -> None:
    """One cell a line, and the total of 总计 stands behind the figures of the line below (stcsm-2024 by pdftotext)."""
    page = (Path(__file__).parent.parent / "data" / "documents" / "hongze-2023.html").read_text("utf-8")
    grids = [[cell.text.replace("\n", "") for row in grid.rows for cell in row] for grid in open_document(page.encode()).grids]
    texts = next(grid for grid in grids if "（七）总计" in grid)
    total, carried = texts.index("（七）总计"), texts.index("四、结转下年度继续办理")
    assert carried == total + 8
    moved = texts[: total + 7] + texts[carried : carried + 7] + [texts[total + 7]]
    title = ["某局2023年政府信息公开工作年度报告", "三、收到和处理政府信息公开申请情况"]
    cells = govstats.read("\n".join([*title, *moved]).encode()).cells.query("table == 'requests'")
    read = cells[cells["status"] == "reported"].set_index(["line", "column"])["value"]
    assert ("carried_out", "total") not in read.index
    assert len(read) > 60


def test_a_label_of_an_annex_that_ends_below_its_figures_is_whole() -> None:
    """A label that was cut short is another line's name."""
    rows = [
        "指标 本年度 历年累计",
        "1、主动公开文件数 5 50",
        "2、受理依申请公开信息总 3 30",
        "数",
        "3、当面申请数 1 10",
        "4、网上申请数 2 20",
    ]
    page = "\n".join(["某局2017年政府信息公开工作年度报告", "附表", *rows])
    cells = govstats.read(page.encode()).cells.query("status == 'reported' and column == 'this_year'")
    assert dict(zip(cells["line"], cells["value"], strict=True)).get("受理依申请公开信息总数") == 3


def test_a_section_is_known_by_its_title_where_its_number_is_another() -> None:
    parts = [
        "某县民政局2022年政府信息公开工作年度报告",
        "一、总体情况\n2022年，我局推进公开。\n（一）主动公开政府信息情况\n公开信息3条。",
        "二、主动公开政府信息情况\n三、收到和处理政府信息公开申请情况\n四、政府信息公开行政复议、行政诉讼情况",
        "五、工作亮点\n开通热线。\n六、存在的主要问题及改进情况\n公开还不及时。\n七、其他需要报告的事项\n没有收取信息处理费。",
    ]
    report = govstats.read("\n".join(parts).encode())
    assert [(section.number, section.text[:2]) for section in report.sections] == [
        (number, f"{'一二三四六七'[number - 1]}、") for number in range(1, 7)
    ]
    # the other way round a number alone makes no section
    other = "\n".join(parts).replace("其他需要报告的事项", "下一步打算")
    assert [section.number for section in govstats.read(other.encode()).sections] == [1, 2, 3, 4, 5]
