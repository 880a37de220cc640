"""Figures that ran together: one way of splitting, or none."""

import pytest

import govstats
from govstats.forms import form
from govstats.recognition.hypotheses import _splits

LINES = [line for line in form("2021").table("requests").lines if not line.subtotal]
HEADER = "申请人情况自然人法人或其他组织总计商业企业科研机构社会公益组织法律服务机构其他"
REVIEW = (
    "行政复议行政诉讼结果维持结果纠正其他结果尚未审结总计未经复议直接起诉复议后起诉" + "结果维持结果纠正其他结果尚未审结总计" * 2
)


def page(rows: dict[str, str], review: str = "0" * 15) -> bytes:
    """A report in one line without separators; lines that are not given print seven zeros."""
    body = "".join(line.zh + rows.get(line.id, "0000000") for line in LINES)
    tables = f"三、收到和处理政府信息公开申请情况{HEADER}{body}四、政府信息公开行政复议、行政诉讼情况{REVIEW}{review}"
    return f"某市教育局2021年政府信息公开工作年度报告 {tables}五、存在的主要问题及改进情况".encode()


def read(rows: dict[str, str], review: str = "0" * 15) -> dict[tuple[str, str], list[float | None]]:
    values: dict[tuple[str, str], list[float | None]] = {}
    for cell in govstats.read(page(rows, review)).read_cells:
        values.setdefault((cell.table, cell.line), []).append(cell.value)
        assert cell.method == "glued" or cell.value is None
    return values


def test_digits_are_split_without_leading_zeros_and_at_gaps() -> None:
    assert _splits(["100"], 2) == [("10", "0")]
    assert _splits(["000"], 3) == [("0", "0", "0")]
    assert _splits(["000"], 2) == []
    assert _splits(["12", "3"], 3) == [("1", "2", "3")]
    assert sorted(_splits(["123"], 2)) == [("1", "23"), ("12", "3")]


def test_of_too_many_ways_those_are_looked_at_that_add_up() -> None:
    # 18 digits can be parted into seven figures in some 12,000 ways; 1234 + 56 + 3 + 789 + 12 + 45 = 2139 is one that adds up
    ways = _splits(["123456378912452139"], 7, [[1, 1, 1, 1, 1, 1, -1]])
    assert ("1234", "56", "3", "789", "12", "45", "2139") in ways
    assert all(sum(map(int, way[:6])) == int(way[6]) for way in ways)


def test_the_sums_of_the_form_leave_one_way() -> None:
    # 151 + 3 = 154 received, 33 granted and 121 without the information: 33 + 118 + 3 = 154 processed
    values = read(
        {
            "new": "15130000154",
            "granted": "330000033",
            "unable.not_held": "11830000121",
            "processed_total": "15130000154",
        }
    )
    assert values["requests", "new"] == [151, 3, 0, 0, 0, 0, 154]
    assert values["requests", "unable.not_held"] == [118, 3, 0, 0, 0, 0, 121]
    assert values["requests", "carried_out"] == [0] * 7


def test_cells_on_which_the_ways_differ_stay_unread() -> None:
    # 11 + 1 = 12 may as well be 1 + 11 = 12 or 1 + 1 + 10 = 12, in the same lines of the columns
    values = read({"new": "111000012", "granted": "111000012", "processed_total": "111000012"})
    assert values["requests", "new"] == [None, None, None, 0, 0, 0, 12]
    assert values["requests", "carried_in"] == [0] * 7


def test_rows_that_add_up_are_read_in_a_table_that_does_not() -> None:
    values = read({"new": "5000005", "granted": "120000012"})
    assert values["requests", "new"] == [5, 0, 0, 0, 0, 0, 5]
    assert values["requests", "granted"] == [12, 0, 0, 0, 0, 0, 12]


def test_an_error_of_the_agency_is_not_parted_away() -> None:
    # 12 + 3 = 15 received, of which the total prints 16: no way adds up, and the columns tell the figures as they are printed
    values = read({"new": "123000016", "granted": "123000015", "processed_total": "123000015"})
    assert values["requests", "new"] == [12, 3, 0, 0, 0, 0, 16]
    assert values["requests", "granted"] == [12, 3, 0, 0, 0, 0, 15]


def test_a_row_with_fewer_digits_than_cells_leaves_the_others() -> None:
    values = read({"new": "5000005", "granted": "55"})
    assert values["requests", "new"] == [5, 0, 0, 0, 0, 0, 5]
    assert values["requests", "granted"] == [None] * 7


def test_blanks_leave_no_trace_so_many_short_rows_leave_the_table_unread() -> None:
    values = read({line.id: "55" for line in LINES} | {"new": "5000005", "processed_total": "5000005"})
    assert values["requests", "new"] == [None] * 7


def test_two_glued_tables_that_differ_leave_both_unread() -> None:
    first, second = (
        page(dict.fromkeys(("new", "granted", "processed_total"), f"{count}00000{count}")).decode() for count in (5, 6)
    )
    report = govstats.read(f"{first}\n{second[second.index('三、收到') :]}".encode())
    assert report.read_cells
    assert all(cell.value is None for cell in report.read_cells if cell.table == "requests")


def test_the_blocks_of_reviews_have_to_balance() -> None:
    assert read({}, "3600036" + "10001" + "00000")["review", "reconsideration"] == [36, 0, 0, 0, 36]
    assert ("review", "reconsideration") not in read({}, "121015" + "00000" + "00000")


@pytest.mark.parametrize("header", ["总计自然人商业企业科研机构社会公益组织法律服务机构其他"])
def test_columns_in_another_order_are_not_split(header: str) -> None:
    text = page({"new": "5000005", "granted": "5000005", "processed_total": "5000005"}).decode().replace(HEADER, header)
    report = govstats.read(text.encode())
    assert all(cell.value is None for cell in report.read_cells if cell.table == "requests")


GRID_HEADER = "申请人情况\t自然人\t商业企业\t科研机构\t社会公益组织\t法律服务机构\t其他\t总计"
#: 30017 + 33069 + 1 = 63087 received and processed, 63000 of them granted (30000 + 33000), 87 without the information.
WHOLE = {
    "new": "30017 33069 0 1 0 0 63087",
    "granted": "30000 33000 0 0 0 0 63000",
    "unable.not_held": "17 69 0 1 0 0 87",
    "processed_total": "30017 33069 0 1 0 0 63087",
}


def rows_apart(rows: dict[str, str]) -> dict[str, list[float | None]]:
    """Read a report in rows of words, in which a figure or two may be merged or lost."""
    rows = {line.id: rows.get(line.id, "0 0 0 0 0 0 0") for line in LINES}
    body = "\n".join("\t".join([line.zh, *rows[line.id].split()]) for line in LINES)
    text = (
        f"某市教育局2021年政府信息公开工作年度报告\n三、收到和处理政府信息公开申请情况\n{GRID_HEADER}\n{body}\n五、存在的主要问题"
    )
    values: dict[str, list[float | None]] = {}
    for cell in govstats.read(text.encode()).read_cells:
        values.setdefault(cell.line, []).append(cell.value)
    return values


def test_a_row_with_two_figures_in_one_is_read_by_its_row_and_columns() -> None:
    values = rows_apart(WHOLE | {"new": "3001733069 0 1 0 0 63087"})
    assert values["new"] == [30017, 33069, 0, 1, 0, 0, 63087]
    assert values["granted"] == [30000, 33000, 0, 0, 0, 0, 63000]


def test_a_merged_row_is_read_beside_an_error_of_the_agency() -> None:
    values = rows_apart(WHOLE | {"new": "3001733069 0 1 0 0 63087", "processed_total": "30017 33070 0 1 0 0 63087"})
    assert values["new"] == [30017, 33069, 0, 1, 0, 0, 63087]
    assert values["processed_total"] == [30017, 33070, 0, 1, 0, 0, 63087]


def test_a_lost_zero_leaves_the_cells_unread_of_which_it_may_be_any() -> None:
    assert rows_apart(WHOLE | {"new": "30017 33069 0 1 0 63087"})["new"] == [30017, 33069, 0, 1, None, None, 63087]


def test_a_lost_figure_is_never_supplied_by_a_sum() -> None:
    assert rows_apart(WHOLE | {"new": "30017 0 1 0 0 63087"})["new"][:3] == [None] * 3


def test_notes_list_the_ways_to_split() -> None:
    page = (
        "某市教育局2021年政府信息公开工作年度报告 二、主动公开政府信息情况第二十条第（一）项信息内容本年制发件数本年废止件数"
        "现行有效件数规章000行政规范性文件693665第二十条第（五）项信息内容本年处理决定数量行政许可24第二十条第（六）项信息内容"
        "本年处理决定数量行政处罚12行政强制0第二十条第（八）项信息内容本年收费金额（单位：万元）行政事业性收费0 "
        "三、收到和处理政府信息公开申请情况"
    )
    notes = [note for note in govstats.read(page.encode()).read_notes if note.kind == "glued_row"]
    assert [note.line for note in notes] == ["normative_documents"]
    assert "10" in notes[0].message_en
    assert "69|36|65" in notes[0].message_en
    assert "69|36|65" in notes[0].message_zh
