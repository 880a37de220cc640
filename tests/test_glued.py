"""Figures that ran together: one way of splitting, or none."""

import pytest

import govstats
from govstats.forms import form
from govstats.recognition.glued import _splits

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
    assert _splits(("100",), 2) == [("10", "0")]
    assert _splits(("000",), 3) == [("0", "0", "0")]
    assert _splits(("000",), 2) == []
    assert sorted(_splits(("12", "3"), 3)) == [("1", "2", "3")]
    assert sorted(_splits(("123",), 2)) == [("1", "23"), ("12", "3")]


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


def test_two_ways_leave_the_row_unread() -> None:
    # 11 + 1 = 12 may as well be 1 + 11 = 12, in the same lines of both columns
    values = read({"new": "111000012", "granted": "111000012", "processed_total": "111000012"})
    assert values["requests", "new"] == [None] * 7
    assert values["requests", "carried_in"] == [0] * 7


def test_a_table_that_does_not_add_up_is_split_only_where_there_is_no_choice() -> None:
    values = read({"new": "5000005", "granted": "120000012"})
    assert values["requests", "new"] == [5, 0, 0, 0, 0, 0, 5]
    assert values["requests", "granted"] == [None] * 7


def test_blanks_leave_no_trace_so_short_rows_leave_the_table_unread() -> None:
    values = read({"new": "5000005", "granted": "55"})
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
