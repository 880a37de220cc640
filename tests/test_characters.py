"""Characters and numerals."""

import pytest

from govstats.characters import figure, folded, folded_text, normalised, simplified


@pytest.mark.parametrize(
    ("printed", "value"),
    [
        ("0", 0.0),
        ("１，０２４", 1024.0),
        ("11,398,889", 11398889.0),
        (" 7730.28 ", 7730.28),
        ("－7", -7.0),
        ("−7", -7.0),
        ("32 项", 32.0),
        ("31批次", 31.0),
        ("6件次", 6.0),
        ("22（其中修订 16 件）", 22.0),
        ("6423.03 万", 64230300.0),
        ("251000元", 251000.0),
        ("0.5亿元", 50000000.0),
        ("**12**", 12.0),
        ("1萬元", 10000.0),
    ],
)
def test_figures_are_read_as_printed(printed: str, value: float) -> None:
    assert figure(printed).status == "reported"
    assert figure(printed).value == pytest.approx(value, abs=1e-9)


@pytest.mark.parametrize("printed", ["", "  ", "\u3000", "&nbsp;", "\u200b", "\xa0\n"])
def test_nothing_is_blank(printed: str) -> None:
    assert figure(printed) == ("blank", None, "", "")


@pytest.mark.parametrize("printed", ["/", "／", "—", "——", "-", "不适用", "无此项", "無", "N/A", "\\"])
def test_signs_for_none_are_not_zero(printed: str) -> None:
    assert figure(printed).status == "not_applicable"
    assert figure(printed).value is None


@pytest.mark.parametrize(
    "printed",
    [
        "9007199254740993",
        "1000000000000000",
        "9,007,199,254,740,993",
        "1234567890123.456",
        "100000000亿元",
        "3.5件",
        "1.23456万条",
    ],
)
def test_what_no_float_holds_and_a_part_of_one_is_unreadable(printed: str) -> None:
    assert figure(printed) == ("unreadable", None, "", "")


def test_as_many_digits_as_a_float_holds_are_read() -> None:
    assert figure("999999999999999").value == 999999999999999
    assert figure("1.2万件").value == 12000


@pytest.mark.parametrize("printed", ["12①", "12²", "约30", "30余", "12 3", "1,02", "0?", "O", "3-5", "2021年", "12\n3", "二十"])
def test_what_is_not_one_number_is_unreadable(printed: str) -> None:
    assert figure(printed).status == "unreadable"
    assert figure(printed).value is None


def test_pinyin_and_traditional_characters_are_undone() -> None:
    assert simplified("應(yīng)急管理部關(guān)于行政復(fù)議") == "应急管理部关于行政复议"
    assert simplified("規章") == "规章"


def test_brackets_that_are_no_pinyin_stay() -> None:
    assert simplified("网站（www）和公众号（app）") == "网站（www）和公众号（app）"


def test_what_is_folded_keeps_its_place() -> None:
    assert folded("“⻑ 沙”：\n１２件") == ("“长沙”:12件", [0, 1, 3, 4, 5, 7, 8, 9])
    assert folded_text("“⻑ 沙”：\n１２件") == "“长沙”:12件"


def test_radicals_and_full_width_forms_are_folded() -> None:
    assert normalised("⾏政⼀（１）") == "行政一(1)"
