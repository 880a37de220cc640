"""Figures of many reports: their numbers by hand, where lines may go, and what is said where there is no figure."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from scipy.stats import binomtest

from govstats import embedded, figures
from govstats.errors import FormError, UnusableCells
from govstats.figures.drawing import BLUE
from govstats.forms import form
from govstats.measures import indicators
from govstats.panel import STATES
from govstats.report import CELL_TYPES, typed_frame

pytest.importorskip("matplotlib")


def cells(agency: str, year: int, version: str, changed: dict[str, float | str]) -> pd.DataFrame:
    """Every cell of a form with 0, but for the cells named (``table/line/column``); a text is a status."""
    rows = []
    keys = form(version).cells or [key.split("/") for key in changed]  # which lines an annex has, its province decides
    for key in keys:
        told = changed.get("/".join(key), 0.0)
        known = not isinstance(told, str)
        rows.append(
            {"agency": agency, "year": year, "form": version, "table": key[0], "line": key[1], "column": key[2]}
            | {"value": told if known else None, "printed": str(told), "status": "reported" if known else told}
        )
    frame = pd.DataFrame(rows).reindex(columns=list(CELL_TYPES))
    return typed_frame([tuple(row) for row in frame.astype(object).where(frame.notna(), None).to_numpy()], CELL_TYPES)


def requests(received: float, granted: float, rest: float, total: float | None = None) -> dict[str, float | str]:
    """Natural persons ask, some are granted, the rest cannot be provided; `total` is printed where it is not their sum."""
    processed = granted + rest if total is None else total
    figures = {"new": received, "granted": granted, "unable.not_held": rest, "processed_total": processed}
    return {f"requests/{line}/{column}": value for line, value in figures.items() for column in ("natural_person", "total")}


def lines(figure: Any) -> list[list[int]]:
    """The years that each line joins, axes by axes."""
    found = []
    for axes in figure.axes:
        for line in axes.lines:
            years = list(line.get_xdata())
            if len(set(years)) > 1 and line.get_color() == BLUE:
                found.append([int(year) for year in years])
    return found


def texts(figure: Any) -> list[str]:
    """Every text in a figure, or in axes."""
    from matplotlib.text import Text

    return [text.get_text() for text in figure.findobj(Text) if text.get_visible() and text.get_text()]


def words(figure: Any) -> list[str]:
    return [line for text in texts(figure) for line in text.split("\n")]


def rows(axes: Any) -> list[str]:
    return [text.get_text() for text in axes.get_yticklabels() if text.get_text()]


def rendered(figure: Any) -> bool:
    """Draw it: a glyph that the font lacks would be a warning, and warnings are errors."""
    for kind in ("png", "svg"):
        figure.savefig(BytesIO(), format=kind)
    return True


@pytest.fixture(scope="module")
def over_years() -> pd.DataFrame:
    """2018 on the annex, 2019 and 2020 without a break, 2021 lacks, 2022 contradicts itself, 2023 has a blank, 2024 a figure."""
    blank: dict[str, float | str] = {"requests/new/total": "blank"}
    return pd.concat(
        [
            cells("甲局", 2018, "2008", {"statistics/受理依申请公开信息总数/this_year": 4.0}),
            cells("甲局", 2019, "2019", requests(23, 8, 15)),
            cells("甲局", 2020, "2019", requests(40, 30, 10)),
            cells("甲局", 2022, "2021", requests(50, 30, 20, total=49)),
            cells("甲局", 2023, "2021", requests(60, 30, 30) | blank),
            cells("甲局", 2024, "2021", requests(70, 35, 35)),
        ]
    )


def test_points_are_joined_over_adjacent_comparable_years_only(over_years: pd.DataFrame) -> None:
    points = figures.points_over_years(over_years, ["requests_received"]).set_index("year")
    assert points["value"].tolist() == [4, 23, 40, 50, pd.NA, 70]
    assert points["line"].tolist() == [1, 2, 2, 3, pd.NA, 4]
    assert points["break_before"].tolist() == [False, True, False, False, False, False]
    assert points.loc[2023, "status"] == "blank"
    assert str(points.loc[2019, "reason_zh"]).startswith("2008年")
    assert points["unit"].unique().tolist() == ["件"]


def test_points_of_an_indicator_have_its_interval(over_years: pd.DataFrame) -> None:
    points = figures.points_over_years(over_years, ["disclosure_rate", "requests_processed"])
    assert points["name"].drop_duplicates().tolist() == ["disclosure_rate", "requests_processed"]
    rate = points[points["name"] == "disclosure_rate"].set_index("year")
    interval = binomtest(8, 23).proportion_ci(method="wilson")
    assert list(rate.loc[2019, ["value", "low", "high"]]) == pytest.approx([8 / 23, interval.low, interval.high])
    assert rate["small"].tolist()[1:] == [True, False, False, False, False]
    assert rate.loc[2018, "status"] == "not_in_form"
    # 30 + 20 = 50 under a total of 49
    for name in ("disclosure_rate", "requests_processed"):
        doubtful = points[(points["name"] == name) & points["contradicted"]]
        assert doubtful["year"].tolist() == [2022]


def test_no_line_leads_into_a_break_or_over_a_missing_year(over_years: pd.DataFrame) -> None:
    figure: Any = figures.series_over_years(over_years, ["requests_received", "requests_processed", "disclosure_rate"])
    # of the requests received 2023 is blank; of those processed, and so of the rate, it is not
    assert lines(figure) == [[2019, 2020], *[[2019, 2020], [2022, 2023, 2024]] * 2]
    assert rendered(figure)


def test_the_figure_says_why_there_is_no_figure(over_years: pd.DataFrame) -> None:
    figure: Any = figures.series_over_years(over_years, ["requests_received", "disclosure_rate"])
    said = words(figure)
    assert {"空白", "blank", "表式无此项", "not in form", "2019", "35%"} <= set(said)
    assert {"95% 区间 95% interval", "不足 30 例 fewer than 30", "报告自相矛盾 report contradicts itself"} <= set(said)
    received = figure.axes[0]
    assert [tick.get_text() for tick in received.get_xticklabels()] == [str(year) for year in range(2018, 2025)]
    assert [tick.get_color() for tick in received.get_xticklabels()].count("#949494") == 1


def test_markers_tell_small_numbers_and_contradictions(over_years: pd.DataFrame) -> None:
    rate: Any = figures.series_over_years(over_years, ["disclosure_rate"]).axes[0]
    points = {line.get_xdata()[0]: line for line in rate.lines if line.get_marker() in ("o", "D")}
    assert [year for year, line in points.items() if line.get_markerfacecolor() == "white"] == [2019]
    assert [year for year, line in points.items() if line.get_marker() == "D"] == [2022]


def test_a_figure_of_one_agency_refuses_several(over_years: pd.DataFrame) -> None:
    both = pd.concat([over_years, over_years.assign(agency="乙局")])
    with pytest.raises(UnusableCells, match=r"has 2 \(甲局, 乙局 …\); choose one: panel\.only"):
        figures.series_over_years(both, ["requests_received"])
    with pytest.raises(UnusableCells, match="has 0; choose one"):
        figures.series_over_years(over_years[:0], ["requests_received"])
    with pytest.raises(UnusableCells, match="the panel is empty"):
        figures.coverage(states(0))


# the chain of carry-overs


@pytest.fixture(scope="module")
def chain() -> pd.DataFrame:
    def carried(carried_in: float | str, carried_out: float | str, column: str = "natural_person") -> dict[str, float | str]:
        return {
            f"requests/{line}/{one}": value
            for line, value in (("carried_in", carried_in), ("carried_out", carried_out))
            for one in (column, "total")
        }

    return pd.concat(
        [
            cells("甲局", 2019, "2019", carried(0, 3)),
            cells("甲局", 2020, "2019", carried(3, 5)),
            cells("甲局", 2021, "2021", carried(7, "blank", "commercial")),
            cells("甲局", 2022, "2021", carried(2, 9)),
            cells("甲局", 2024, "2021", carried(9, 0)),
        ]
    )


def test_carry_overs_are_those_of_years_that_follow_each_other(chain: pd.DataFrame) -> None:
    found = figures.carry_overs(chain)
    totals = found[found["column"] == "total"]
    # not 2024, since 2023 is not there
    assert totals["year"].tolist() == [2020, 2021, 2022]
    assert totals["carried_out"].tolist() == [3, 5, pd.NA]
    assert totals["carried_in"].tolist() == [3, 7, 2]
    assert totals["difference"].tolist() == [0, 2, pd.NA]
    assert totals["status"].tolist() == ["agree", "disagree", "unknown"]
    # 2021: five natural persons were carried over and none arrived, seven companies arrived and none was carried over
    apart = found[(found["year"] == 2021) & (found["status"] == "disagree")].set_index("column")["difference"]
    assert apart.to_dict() == {"natural_person": -5, "commercial": 7, "total": 2}


def test_the_chain_says_what_agrees(chain: pd.DataFrame) -> None:
    figure: Any = figures.carry_over_chain(chain)
    said = words(figure)
    assert rows(figure.axes[0]) == ["=  2019→2020", "≠  2020→2021", "?  2021→2022"]
    # the blank
    assert said.count("?") == 1
    # 6 applicants × 3 pairs: in 2021 two disagree, in 2022 natural persons (0 and 2) do, and the blank leaves one pair open
    assert any("14 对相符，3 对不符，1 对无从比较" in word for word in said)
    assert sorted(bar.get_width() for bar in figure.axes[0].patches) == [2, 3, 3, 5, 7]
    assert rendered(figure)


def test_a_chain_without_links_says_so(chain: pd.DataFrame) -> None:
    said = words(figures.carry_over_chain(chain[chain["year"].isin([2020, 2022])]))
    assert any("no two years that follow each other" in word for word in said)


# what a panel has


def states(agencies: int) -> pd.DataFrame:
    """Agency number n is in state n modulo 6 in 2023, in the next one in 2024."""
    rows = [(f"第{number}局", 2023 + later, list(STATES)[(number + later) % 6]) for number in range(agencies) for later in (0, 1)]
    return typed_frame(rows, {"agency": "str", "year": "Int64", "state": "str"})


def test_coverage_has_a_symbol_for_each_agency_and_year() -> None:
    figure: Any = figures.coverage(states(8))
    drawn = {
        (int(year), int(row)): (line.get_marker(), line.get_fillstyle(), str(line.get_markerfacecolor()))
        for line in figure.axes[0].lines
        if line.get_linestyle() == "None"
        for year, row in zip(line.get_xdata(), line.get_ydata(), strict=True)
    }
    assert len(drawn) == 8 * 2
    # the same state, the same look; another state, another form or fill
    looks = [drawn[2023, row] for row in range(6)]
    assert len(set(looks)) == 6
    assert [drawn[2023, row] for row in (6, 7)] == looks[:2]
    assert [drawn[2024, row] for row in range(6)] == [*looks[1:], looks[0]]
    # 0 and 6 in 2023, 5 in 2024
    assert "勾稽相符（3） consistent (3)" in words(figure)
    assert rendered(figure)


def test_many_agencies_are_counted_by_state_and_year() -> None:
    many = states(100)
    counts = figures.coverage_by_year(many)
    # numbers 0, 6 … 96 are 17; 5, 11 … 95 are 16, whose next state is the first
    assert counts.loc["consistent"].to_dict() == {2023: 17, 2024: 16}
    assert counts.sum().tolist() == [100, 100]
    figure: Any = figures.coverage(many)
    assert {"勾稽相符（33）", "consistent (33)"} <= set(words(figure))
    assert "第1局" not in words(figure)
    assert len(figure.axes[0].patches) == 12
    assert rendered(figure)


# indicators side by side


@pytest.fixture(scope="module")
def several() -> pd.DataFrame:
    blank: dict[str, float | str] = {"requests/partly_granted/natural_person": "blank", "requests/partly_granted/total": "blank"}
    return pd.concat(
        [
            cells("甲局", 2022, "2021", requests(100, 90, 10)),
            cells("甲局", 2023, "2021", requests(100, 20, 80)),
            cells("乙局", 2023, "2021", requests(10, 4, 6)),
            cells("丙局", 2023, "2021", requests(50, 30, 20, total=49)),
            cells("丁局", 2023, "2021", requests(40, 10, 30) | blank),
            cells("戊局", 2023, "2021", requests(0, 0, 0)),
        ]
    )


def test_agencies_are_sorted_by_their_latest_value(several: pd.DataFrame) -> None:
    figure: Any = figures.indicators_compared(indicators(several, names="disclosure_rate"), highlight="乙局")
    names = rows(figure.axes[0])
    # 30/49, 4/10, 20/100 (not 90/100 of the year before); blank and 0/0 have none
    assert names == ["丙局", "乙局", "甲局", "丁局", "戊局"]
    of_2022, of_2023 = map(words, figure.axes)
    assert "90%" in of_2022
    assert {"61%", "40%", "20%", "空白", "blank", "0÷0", "0/0"} <= set(of_2023)
    assert rendered(figure)


def test_dots_tell_how_far_to_rely_on_them(several: pd.DataFrame) -> None:
    of_2023: Any = figures.indicators_compared(indicators(several, names="disclosure_rate")).axes[1]
    dots = {line.get_ydata()[0]: line for line in of_2023.lines if line.get_marker() in ("o", "D")}
    assert [dots[row].get_marker() for row in (0, 1, 2)] == ["D", "o", "o"]
    assert [dots[row].get_markerfacecolor() == "white" for row in (0, 1, 2)] == [False, True, False]
    # a blank of 丁局 read as zero: 10 of 40
    (range_,) = (list(line.get_xdata()) for line in of_2023.lines if line.get_marker() == "|")
    assert range_ == pytest.approx([0.25, 0.25])


def test_one_indicator_at_a_time(several: pd.DataFrame) -> None:
    rates = indicators(several, names=["disclosure_rate", "refusal_rate"])
    with pytest.raises(UnusableCells, match=r"the frame has 2 \(disclosure_rate, refusal_rate …\)"):
        figures.indicators_compared(rates)


def test_indicators_and_rules_of_ones_own_are_drawn_by_their_words(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(
        '[[rules]]\nid = "MY1"\nseverity = "W"\ntitle_zh = "新收不为零"\ntitle_en = "some are received"\n'
        'edits = [{ table = "requests", each = "report", left = ["requests/new/total"], relation = ">=", right = [] }]\n'
        '[[indicators]]\nid = "mine"\nzh = "本机关不掌握"\nen = "not held by us"\nkind = "share"\n'
        'numerator = ["requests/unable.not_held/total"]\ndenominator = ["requests/processed_total/total"]\n',
        "utf-8",
    )
    cells = embedded.report("平潭综合实验区", 2025).cells
    mine = indicators(cells, names="mine", formulas=own)
    assert figures.indicators_compared(mine, formulas=own, language="en").alt.startswith("not held by us in 2025")  # type: ignore[attr-defined]
    with pytest.raises(FormError, match="is about the indicator 'mine', which is not known"):
        figures.indicators_compared(mine)
    summary = pd.DataFrame([{"rule": "MY1", "severity": "W", "reports": 1, "pass": 1, "fail": 0, "not_assessable": 0}])
    drawn = figures.rules_by_outcome(summary, rules=own, language="en")
    said = [" ".join(one.get_text().split()) for one in drawn.findobj(lambda part: hasattr(part, "get_text"))]  # type: ignore[attr-defined]
    assert "MY1 some are received" in said


def test_groups_have_a_row_each(several: pd.DataFrame) -> None:
    reports = pd.DataFrame({"agency": ["甲局", "甲局", "乙局", "丙局", "丁局", "戊局"], "year": [2022, *[2023] * 5]})
    reports["level"] = ["province", "province", "county", "county", "county", "township"]
    pooled = indicators(several, by=["level", "year"], names="disclosure_rate", reports=reports)
    figure: Any = figures.indicators_compared(pooled)
    assert [axes.get_title("left") for axes in figure.axes] == ["2022", "2023"]
    # 4 of 10, without 丙局, which contradicts itself; 20 of 100
    assert rows(figure.axes[0]) == ["县级 county", "省级 province", "乡级 township"]
    assert [text.get_text() for text in figure.axes[0].texts] == ["90%"]
    assert {"40%", "20%"} <= {text.get_text() for text in figure.axes[1].texts}
    single: Any = figures.indicators_compared(indicators(several, by="year", names="disclosure_rate"))
    assert rows(single.axes[0]) == ["2022", "2023"]
    # 20 + 4 of 100 + 10
    assert [text.get_text() for text in single.axes[0].texts] == ["90%", "22%"]


def test_an_indicator_that_no_form_has_is_drawn_as_missing(over_years: pd.DataFrame) -> None:
    figure: Any = figures.indicators_compared(indicators(over_years[over_years["year"] == 2018], names="disclosure_rate"))
    assert [figure.axes[0].get_title("left"), *rows(figure.axes[0])] == ["2018", "甲局"]
    assert [text.get_text() for text in figure.axes[0].texts] == ["表式无此项\nnot in form"]
    assert rendered(figure)


def test_names_of_many_agencies_are_left_out(several: pd.DataFrame) -> None:
    one = several[several["agency"] == "甲局"]
    rates = indicators(pd.concat([one.assign(agency=f"第{number}局") for number in range(61)]), names="disclosure_rate")
    figure: Any = figures.indicators_compared(rates)
    assert [axes.get_title("left") for axes in figure.axes] == ["2022", "2023"]
    assert [text.get_text() for axes in figure.axes for text in axes.texts] == []
    assert [rows(axes) for axes in figure.axes] == [[], []]
    assert any("61 rows, names left out" in word for word in words(figure))


def test_caveats_name_what_stands_against_comparing(several: pd.DataFrame) -> None:
    rates = indicators(several, names="disclosure_rate")
    reports = pd.DataFrame({"agency": ["甲局", "甲局"], "year": [2022, 2023], "chosen": [True, True], "summary": [False, True]})
    found = figures.caveats(rates, reports)
    assert [tuple(row) for row in found[["agency", "year", "caveat", "zh"]].to_numpy()] == [
        ("甲局", 2023, "summary", "汇总了下级机关"),
        ("乙局", 2023, "small", "不足 30 例"),
        ("丙局", 2023, "contradicted", "报告自相矛盾"),
        ("丁局", 2023, "no_value", "没有数值：空白"),
        ("丁局", 2023, "blanks", "空白若作零，数值不同"),
        ("戊局", 2023, "no_value", "没有数值：0÷0"),
    ]
    pooled = figures.caveats(indicators(several, by="year", names="disclosure_rate"))
    # in 2023 丁局, with its blank, and 丙局, which contradicts itself, are left out
    assert pooled[pooled["year"] == 2023]["caveat"].tolist() == ["blanks", "left_out"]
    assert pooled[pooled["year"] == 2022].empty


@pytest.mark.parametrize(
    "draw",
    [
        figures.coverage,
        figures.coverage_by_year,
        figures.quality_map,
        figures.indicators_compared,
        figures.caveats,
        figures.claims_by_report,
        figures.rules_by_outcome,
        figures.points_over_years,
        figures.series_over_years,
        figures.carry_overs,
        figures.carry_over_chain,
    ],
)
def test_a_frame_of_another_kind_is_refused_with_what_it_lacks(draw: Callable[[pd.DataFrame], object]) -> None:
    with pytest.raises(UnusableCells, match=r"lacks the column\(s\) .*; it has place; pass one like .*缺少列"):
        draw(pd.DataFrame({"place": ["甲"]}))
