"""Rules across years and vintages: whose finding it is, how severe, how it is said, and what is left alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from govstats import embedded
from govstats.errors import UnusableCells
from govstats.reconciliation import reconcile
from govstats.reconciliation.matrix import Reports
from govstats.reconciliation.reuse import sketch

from .test_forms import COLUMNS, request_lines
from .test_rules import (
    BLANK,
    CARRIED,
    IN,
    NEW,
    OUT,
    PROSE,
    PROSE_BEFORE,
    claim,
    claims_of,
    filled,
    frame,
    texts,
    with_year_before,
)

YEARS = ["T3Y", "T4Y", "T4P", "T2Y", "T2O2", "A02", "XO", "XD"]


def found(source: Reports | pd.DataFrame, rule: str, status: str = "fail") -> pd.DataFrame:
    findings = reconcile(source)
    return findings[(findings["rule"] == rule) & (findings["status"] == status)]


# --- whose finding it is ----------------------------------------------------------------------------------------------------


def test_a_finding_belongs_to_the_later_year_in_whatever_order_the_years_stand() -> None:
    both = with_year_before({**CARRIED, OUT: 3}).cells
    for cells in (both, both.iloc[::-1], both.astype({"agency": "category", "line": "category"})):
        (late,) = found(cells, "T3Y").to_dict("records")
        assert (late["agency"], late["year"], late["expected"], late["reported"], late["cells"]) == ("某区", 2022, 3, 1, IN)


def test_findings_of_years_stand_after_those_of_the_report_in_the_order_of_the_rules() -> None:
    findings = reconcile(with_year_before({}).cells)
    late = findings.loc[findings["year"] == 2022, "rule"].drop_duplicates().tolist()
    assert late[-6:] == ["T3Y", "T4Y", "T4P", "T2Y", "XO", "XD"]
    assert not set(findings.loc[findings["year"] == 2021, "rule"]) & set(YEARS)


def test_years_of_several_agencies_are_not_mixed() -> None:
    # the second agency lacks the year between
    first = with_year_before({**CARRIED, OUT: 3}).cells
    second = pd.concat([frame("2021", {OUT: 9}).assign(year=2020), frame("2021")]).assign(agency="某县")
    assert found(pd.concat([first, second]), "T3Y")["agency"].tolist() == ["某区"]


def test_an_agency_or_year_that_is_not_known_has_no_year_before() -> None:
    both = with_year_before({OUT: 9}).cells
    assert found(both.assign(agency=None), "T3Y").empty
    assert found(both.assign(year=pd.array([pd.NA] * len(both), dtype="Int64")), "T3Y").empty


# --- severity and wording ---------------------------------------------------------------------------------------------------


def test_the_total_cannot_differ_and_a_column_may_have_been_sorted_otherwise() -> None:
    changes = {**CARRIED, OUT: 3, "requests/carried_out/legal": 2}
    said = found(with_year_before(changes), "T3Y").set_index("cells")["severity"].to_dict()
    assert said == {IN: "E", "requests/carried_in/legal": "W"}


def test_the_message_names_both_years_and_their_figures() -> None:
    (said,) = found(with_year_before({**CARRIED, OUT: 3}), "T3Y").to_dict("records")
    assert said["message_zh"] == (
        "“总计”一栏：上年的“四、结转下年度继续办理” 3（2021 年报告），而本年“二、上年结转政府信息公开申请数量” 1，后者少 2。"
    )
    assert said["message_en"].startswith(
        "Column “total”: last year’s “4. carried over to the next year” 3 (report of 2021), but "
    )
    assert said["message_en"].endswith("1; the latter is 2 less.")


def test_an_edit_of_two_tables_names_lines_with_their_headings() -> None:
    source = with_year_before({"requests/processed_total/total": 3}, {"review/reconsideration/total": 20})
    (said,) = found(source, "T4P").to_dict("records")
    assert (said["table"], said["severity"]) == ("review", "I")
    assert said["message_zh"] == (
        "本年“行政复议” 20＋“行政诉讼·未经复议直接起诉” 0＝20，多于"
        "“三、本年度办理结果·（七）总计” 11＋上年的“三、本年度办理结果·（七）总计” 3＝14（上年的据 2021 年报告）。"
    )
    assert said["message_en"] == (
        "“administrative reconsideration” 20 + “litigation without prior reconsideration” 0 = 20, more than "
        "“3. results of this year·(7) total processed” 11 + last year’s “3. results of this year·(7) total processed” 3 = 14 "
        "(last year’s from the report of 2021)."
    )


def test_what_stands_in_for_a_figure_makes_a_finding_milder_and_is_quoted() -> None:
    source = with_year_before({**CARRIED, OUT: BLANK}, claims=claims_of(claim(OUT, 4, year=2021, quote="结转下年4件")))
    (said,) = found(source, "T3Y").to_dict("records")
    assert (said["severity"], said["expected"], said["reported"]) == ("W", 4, 1)
    assert "取自文字：“结转下年4件”" in said["message_zh"]
    assert "taken from the prose" in said["message_en"]


def test_a_lost_table_is_said_once_and_not_for_every_column() -> None:
    lost = filled("requests", request_lines("2021"), COLUMNS, None)
    (said,) = found(with_year_before(lost), "T3Y", "not_assessable").to_dict("records")
    assert (said["cells"], said["severity"]) == (IN, "E")
    assert "文中未见" in said["message_zh"]


# --- claims of the year before ------------------------------------------------------------------------------------------------


def test_what_a_report_says_of_the_year_before_is_not_held_against_that_year_as_its_own() -> None:
    both = with_year_before({**CARRIED, NEW: 11}).cells
    claims = claims_of(claim(NEW, 13, year=2021, quote="2021年收到13件"))
    # whose sentence it is was not known: it is taken for that of 2021
    unknown = found(Reports(both, claims=claims), "NT")
    assert unknown[["year", "severity", "expected", "reported", "cells"]].values.tolist() == [[2021, "W", 13, 11, NEW]]
    looking_back = found(Reports(both, claims=claims.assign(report_year=2022)), "NT")
    assert looking_back[["year", "severity", "expected", "reported", "cells"]].values.tolist() == [[2022, "I", 13, 11, ""]]
    assert "2021 年报告的表中为 11，比文中少 2" in looking_back["message_zh"].item()
    # and where it agrees, or is about the office alone, nothing is said
    agreeing = claims_of(claim(NEW, 11, year=2021), claim(NEW, 5, year=2021, scope="本机关")).assign(report_year=2022)
    assert found(Reports(both, claims=agreeing), "NT").empty


def test_the_report_of_the_year_may_say_what_the_year_before_left_blank() -> None:
    claims = claims_of(claim(OUT, 1, year=2021)).assign(report_year=2022)
    assert found(with_year_before({**CARRIED, OUT: BLANK}, claims=claims), "T3Y", "not_assessable").empty


# --- prose taken over ---------------------------------------------------------------------------------------------------------


def test_samples_measure_what_whole_texts_do() -> None:
    random = np.random.default_rng(5)
    shares = []
    for _ in range(40):
        first, second, third = ("".join(map(chr, random.integers(0x4E00, 0x9FA0, 1500))) for _ in range(3))
        # 3,000 characters have 2,989 passages, and the first 1,500 have 1,489 of them
        later, earlier = sketch(first + second, sampled=True), sketch(first + third, sampled=True)
        assert all(0 <= number < 2**32 for number in later)
        shares.append(len(later & earlier) / len(later))
    whole = 1489 / 2989
    error = np.sqrt(3 * whole * (1 - whole) / 2989)
    # the mean of 40 samples is within three of its standard errors, and no single one beyond five
    assert abs(np.mean(shares) - whole) < 3 * error / np.sqrt(40)
    assert np.abs(np.array(shares) - whole).max() < 5 * error
    assert 0.6 * error < np.std(shares) < 1.4 * error


def test_sampled_sketches_as_a_panel_keeps_them() -> None:
    both = texts(PROSE * 2, PROSE * 2)
    numbers = [np.array(sorted(sketch("".join(map(chr, range(0x4E00, 0x5400))), sampled=True)), dtype=np.uint32)] * 2
    source = with_year_before({}, texts=both.assign(sketch=pd.Series(numbers)))
    said = found(source, "XD").query("table.isna()")
    assert said[["expected", "reported"]].astype(object).values.tolist() == [[pd.NA, 1.0]]
    assert said["message_zh"].item() == "文字的 100% 见于 2021 年的报告（数字不计）。"


def test_of_a_line_of_prose_nothing_is_said() -> None:
    assert found(with_year_before({}, texts=texts(PROSE[:40], PROSE[:40])), "XD").query("table.isna()").empty
    assert found(with_year_before({}, texts=texts(PROSE, PROSE_BEFORE).iloc[:1]), "XD").query("table.isna()").empty


# --- other documents of a report ------------------------------------------------------------------------------------------------


def other(changes: dict[str, float | str | None], vintage: int, source: str) -> pd.DataFrame:
    return frame("2021", changes).assign(vintage=vintage, source=source)


def test_another_format_of_the_same_vintage_has_to_agree() -> None:
    source = Reports(frame("2021"), vintages=other({NEW: 21}, 1, "report.pdf"))
    (said,) = found(source, "XF").to_dict("records")
    assert (said["severity"], said["expected"], said["reported"], said["cells"]) == ("E", 12, 21, NEW)
    assert "采用的文件作“12”，report.pdf 作“21”" in said["message_zh"]
    assert found(source, "XV").empty


def test_of_which_vintage_the_cells_are_is_told_by_the_reports() -> None:
    described = pd.DataFrame(
        {
            "agency": ["某区"] * 2,
            "year": [2022] * 2,
            "vintage": [2, 1],
            "source": ["second.html", "first.html"],
            "chosen": [True, False],
        }
    )
    source = Reports(frame("2021"), vintages=other({NEW: 21}, 1, "first.html"), reports=described)
    # what was archived first is expected, what came later is reported
    assert found(source, "XV")[["expected", "reported"]].values.tolist() == [[21, 12]]


def test_each_document_is_compared_for_itself() -> None:
    vintages = pd.concat([other({NEW: 21}, 2, "b.html"), other({NEW: 22}, 3, "c.html"), other({}, 2, "d.pdf")])
    source = Reports(frame("2021"), vintages=vintages)
    assert found(source, "XV")["reported"].tolist() == [21, 22]
    # all three tables of the one that agrees, two of the others
    assert len(found(source, "XV", "pass")) == 3 + 2 + 2


def test_a_document_that_was_read_as_another_form_is_said_not_to_be_compared() -> None:
    again = frame("2019").assign(year=2022, vintage=2, source="b.html")
    (said,) = reconcile(Reports(frame("2021"), vintages=again)).query("rule == 'XV'").to_dict("records")
    assert (said["status"], said["cells"]) == ("not_assessable", "")
    assert "b.html）是另一种格式（2019）" in said["message_zh"]


def test_documents_of_reports_that_are_not_there_are_left_aside() -> None:
    source = Reports(frame("2021"), vintages=other({NEW: 21}, 2, "b.html").assign(year=2020))
    assert found(source, "XV").empty


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"vintages": frame("2021")}, "vintages frame lacks the column\\(s\\) vintage, source"),
        ({"texts": pd.DataFrame({"agency": ["某区"]})}, "texts frame lacks the column\\(s\\) year, sketch"),
    ],
)
def test_a_frame_without_the_needed_columns_is_refused_by_name(more: dict[str, Any], message: str) -> None:
    with pytest.raises(UnusableCells, match=message):
        reconcile(with_year_before({}, **more))


# --- the real case --------------------------------------------------------------------------------------------------------------


def test_seven_years_of_pingtan() -> None:
    cells = pd.concat([embedded.report("平潭综合实验区", year).cells for year in range(2019, 2026)], ignore_index=True)
    findings = reconcile(cells).query("rule in @YEARS")
    failed = findings[findings["status"] == "fail"]
    assert sorted(failed[["year", "rule", "expected", "reported"]].itertuples(index=False, name=None)) == [
        # 278 licences, then 2293
        (2021, "XO", 278, 2293),
        # 698 + 77 − 132, 470 + 62 − 33, 440 + 58 − 45
        (2023, "T2Y", 643, 470),
        (2024, "T2Y", 499, 440),
        # a case pending in 2023 of which 2024 knows nothing
        (2024, "T4Y", 1, 0),
        (2025, "T2Y", 453, 546),
    ]
    # what one year carries out the next one carries in: six pairs, seven columns
    assert findings.loc[findings["rule"] == "T3Y", "status"].tolist() == ["pass"] * 42
    assert findings.loc[findings["rule"] == "T2O2", "status"].tolist() == ["pass"] * 5
    assert set(findings["status"]) == {"pass", "fail"}
