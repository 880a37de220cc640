"""Indicators against values worked out by hand, intervals against scipy and against every combination tried one by one."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import cache
from itertools import product
from pathlib import Path
from runpy import run_path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest
from scipy.stats import t as student

import govstats
from govstats import embedded
from govstats.errors import FormError, UnusableCells
from govstats.measures import definitions, indicators, rates, wilson
from govstats.measures.rates import across_agencies
from govstats.reconciliation.reuse import sketch
from govstats.simulate import plant, simulate

PINGTAN, SHUYANG, HONGZE, SHANGHAI = "平潭综合实验区", "沭阳县人民政府", "淮安市洪泽区人民政府", "上海市人民政府办公厅"


def rows_by(found: pd.DataFrame, *keys: str) -> dict[Any, dict[Any, Any]]:
    """The rows by what tells them apart."""
    values = found.to_dict("records")
    rows: dict[Any, dict[Any, Any]]
    rows = {tuple(row[key] for key in keys) if len(keys) > 1 else row[keys[0]]: dict(row) for row in values}
    assert len(rows) == len(found)
    return rows


def of(found: pd.DataFrame, name: str) -> dict[Any, Any]:
    return rows_by(found[found["indicator"] == name], "indicator")[name]


def register() -> pd.DataFrame:
    return embedded.register().rename(columns={"publication_date": "published"})


# Each numerator and denominator is added up by hand from the columns "total" of data/figures.csv.
BY_HAND = {
    (PINGTAN, 2025): {
        "disclosure_rate": (33 + 38, 148),
        "full_disclosure_rate": (33, 148),
        "partial_disclosure_rate": (38, 148),
        "substantive_disclosure_rate": (71, 33 + 38 + (3 + 2 + 3 + 3) + (50 + 3)),
        "substantive_disclosure_rate_strict": (71, 33 + 38 + 11),
        "refusal_rate": (3 + 2 + 3 + 3, 148),
        "refusal_share.refused.internal_affairs": (3, 11),
        "refusal_share.refused.process_information": (2, 11),
        "refusal_share.refused.state_secret": (0, 11),
        "refusal_concentration": (3**2 + 2**2 + 3**2 + 3**2, 11**2),
        "unable_rate": (50 + 3 + 0, 148),
        "not_held_share": (50, 53),
        "not_processed_rate": (2, 148),
        "other_rate": (8 + 2 + 1, 148),
        "completion_rate": (148, 154 + 0),
        "carry_over_rate": (6, 154 + 0),
        "applicant_share.natural_person": (151, 154),
        "applicant_share.organisations": (3, 154),
        "disclosure_rate.natural_person": (33 + 38, 147),
        "disclosure_rate.organisations": (0, 1),
        "dispute_rate": (36 + 6 + 3, 148),
        "correction_rate": (3 + 3 + 0, 45 - 0),
        "correction_rate.reconsideration": (3, 36),
        "correction_rate.litigation": (3, 6 + 3),
        "correction_rate.litigation_direct": (3, 6),
        "corrected_share": (6, 45),
        "upheld_rate": (25 + 3 + 3, 45),
        "conclusion_rate": (45, 45),
    },
    (SHUYANG, 2025): {
        "disclosure_rate": (294 + 101, 718),
        "substantive_disclosure_rate": (395, 395 + (2 + 2 + 13 + 2 + 4 + 9) + (111 + 2)),
        "substantive_disclosure_rate_strict": (395, 395 + 32),
        "refusal_rate": (32, 718),
        "refusal_concentration": (4 + 4 + 169 + 4 + 16 + 81, 32**2),
        "unable_rate": (113, 718),
        "not_held_share": (111, 113),
        "not_processed_rate": (12 + 7, 718),
        "other_rate": (9 + 7 + 143, 718),
        "completion_rate": (718, 713 + 36),
        "carry_over_rate": (31, 749),
        "backlog_change": (31 - 36, 36),
        "applicant_share.natural_person": (705, 713),
        "applicant_share.organisations": (3 + 5, 713),
        "applicant_share.legal": (5, 713),
        "disclosure_rate.natural_person": (290 + 99, 710),
        "disclosure_rate.organisations": (1 + 3 + 2, 3 + 5),
        "dispute_rate": (61 + 3 + 10, 718),
        "correction_rate": (10, 74 - 15 - 0 - 1),
        "correction_rate.reconsideration": (10, 61 - 15),
        "corrected_share": (10, 74),
        "upheld_rate": (27 + 3 + 8, 58),
        "conclusion_rate": (74 - 16, 74),
        "conclusion_rate.litigation_after_reconsideration": (10 - 1, 10),
    },
    (HONGZE, 2023): {
        "disclosure_rate": (0 + 4, 21),
        "substantive_disclosure_rate": (4, 4 + (1 + 1 + 1) + (10 + 3)),
        "refusal_rate": (3, 21),
        "refusal_concentration": (1 + 1 + 1, 3**2),
        "unable_rate": (13, 21),
        "not_held_share": (10, 13),
        "not_processed_rate": (1, 21),
        # （六） is printed as one line
        "other_rate": (0, 21),
        "completion_rate": (21, 21),
        "applicant_share.natural_person": (21, 21),
    },
}


@pytest.mark.parametrize(("agency", "year"), BY_HAND)
def test_values_are_those_worked_out_by_hand(agency: str, year: int) -> None:
    found = rows_by(indicators(embedded.report(agency, year)), "indicator")
    for name, (numerator, denominator) in BY_HAND[agency, year].items():
        row = found[name]
        assert (row["numerator"], row["denominator"], row["status"]) == (numerator, denominator, "computed"), name
        assert row["value"] == pytest.approx(float(Fraction(numerator, denominator)), abs=1e-12), name
        assert row["reports"] == 1, name
        small = (
            11
            if name == "refusal_concentration" and agency == PINGTAN
            else denominator**0.5
            if "concentration" in name
            else denominator
        )
        assert row["small"] == (small < 30), name


def test_differences_and_net_counts_have_neither_denominator_nor_wilson_interval() -> None:
    found = indicators(embedded.report(SHUYANG, 2025))
    difference = of(found, "disclosure_rate_difference")
    assert difference["value"] == pytest.approx(389 / 710 - 6 / 8)
    assert pd.isna(difference["low"])
    assert difference["small"]
    net = of(found, "documents_net.normative_documents")
    assert net["value"] == 6 - 1
    assert pd.isna(net["denominator"])
    assert of(found, "documents_net")["value"] == 5


def test_zero_over_zero_is_missing() -> None:
    found = indicators(embedded.report(PINGTAN, 2025))
    backlog = of(found, "backlog_change")
    assert (backlog["numerator"], backlog["denominator"], backlog["status"]) == (6, 0, "undefined")
    assert pd.isna(backlog["value"])


def test_reports_before_2019_have_no_indicators_of_requests() -> None:
    found = indicators(embedded.report(PINGTAN, 2015), names=["disclosure_rate", "documents_net"])
    assert found["status"].tolist() == ["not_in_form"] * 2
    assert found["value"].isna().all()


ANNEX = {"受理依申请公开信息总数": 50, "当面申请数": 20, "网上申请数": 25, "信函申请数": 5, "对申请的答复总数": 48}
ANNEX |= {
    "同意公开答复数": 30,
    "同意部分公开答复数": 6,
    "否决公开答复数": 4,
    "其他类型答复数": 8,
    "行政复议数": 3,
    "行政诉讼数": 2,
}


def annex(agency: str, figures: dict[str, int]) -> pd.DataFrame:
    cells = simulate("2008", 1)
    cells = cells[(cells["column"] == "this_year") & cells["line"].isin(list(figures))]
    return cells.assign(agency=agency, value=cells["line"].map(figures).astype("Float64"))


def test_the_annexes_have_the_rates_that_their_lines_allow() -> None:
    found = rows_by(indicators(annex("甲局", ANNEX)), "indicator")
    by_hand = {
        "annex_disclosure_rate": (36, 48),
        "annex_full_disclosure_rate": (30, 48),
        "annex_refusal_rate": (4, 48),
        "annex_other_rate": (8, 48),
        "annex_channel_share.当面申请数": (20, 50),
        "annex_channel_share.信函申请数": (5, 50),
        "annex_dispute_rate": (5, 48),
    }
    for name, (numerator, denominator) in by_hand.items():
        row = found[name]
        assert (row["numerator"], row["denominator"], row["status"]) == (numerator, denominator, "computed"), name
        assert row["value"] == pytest.approx(numerator / denominator), name
    # a line that the annex does not have is not zero
    assert found["annex_channel_share.传真申请数"]["status"] == "absent"
    assert found["disclosure_rate"]["status"] == "not_in_form"
    assert found["dispute_rate"]["status"] == "not_in_form"


def test_an_annex_whose_replies_do_not_add_up_has_no_rate_to_rely_on() -> None:
    cells = pd.concat([annex("甲局", ANNEX), annex("乙局", ANNEX | {"对申请的答复总数": 60})])
    found = rows_by(indicators(cells, names="annex_disclosure_rate"), "agency")
    assert {agency: row["status"] for agency, row in found.items()} == {"甲局": "computed", "乙局": "contradicted"}
    pooled = of(indicators(cells, by="form", names="annex_disclosure_rate"), "annex_disclosure_rate")
    assert (pooled["numerator"], pooled["denominator"], pooled["left_out"], pooled["contradicted"]) == (36, 48, 1, 1)


def test_every_indicator_of_the_annexes_says_with_what_it_can_be_compared() -> None:
    known = definitions().set_index("indicator")
    of_annexes = known["forms"] == "2008"
    assert of_annexes.sum() == 11
    assert not known.loc[of_annexes, ["note_zh", "note_en"]].isin([""]).any(axis=None)
    assert known.loc["annex_refusal_rate", "formula_zh"] == "不予公开答复数或否决公开答复数·本年度÷对申请的答复总数·本年度"


def test_a_report_that_lost_its_tables_says_so() -> None:
    found = indicators(embedded.report("应急管理部", 2023), names="disclosure_rate")
    assert found[["agency", "year", "status"]].values.tolist() == [["应急管理部", 2023, "absent"]]


# --- intervals --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
def test_wilson_is_that_of_scipy(confidence: float) -> None:
    pairs = [(k, n) for n in (1, 2, 5, 29, 30, 148, 718, 11_398_889) for k in {0, 1, n // 3, n // 2, n - 1, n}]
    low, high = wilson([k for k, _ in pairs], [n for _, n in pairs], confidence=confidence)
    for at, (k, n) in enumerate(pairs):
        expected = binomtest(k, n).proportion_ci(confidence_level=confidence, method="wilson")
        assert (low[at], high[at]) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_wilson_of_what_is_no_share_is_missing() -> None:
    low, high = wilson([0, 3, -1, np.nan], [0, 2, 5, 5])
    assert np.isnan([low, high]).all()
    with pytest.raises(ValueError, match="between 0 and 1"):
        wilson(1, 2, confidence=95)


def test_shares_have_a_wilson_interval_and_ratios_have_none() -> None:
    found = indicators(embedded.report(PINGTAN, 2025), confidence=0.9)
    expected = binomtest(71, 148).proportion_ci(confidence_level=0.9, method="wilson")
    rate = of(found, "disclosure_rate")
    assert (rate["low"], rate["high"]) == pytest.approx((expected.low, expected.high))
    for name in ("dispute_rate", "backlog_change", "refusal_concentration", "data_quality"):
        assert pd.isna(of(found, name)["low"]), name


def by_agency(*rates: tuple[float, float]) -> pd.DataFrame:
    return pd.DataFrame(rates, columns=["numerator", "denominator"]).assign(group=0)


def test_the_pooled_interval_is_that_of_the_rate_without_each_agency() -> None:
    counted = [(10, 20), (30, 100), (5, 80), (60, 90), (1, 40)]
    found = across_agencies(by_agency(*counted), confidence=0.9).loc[0]
    over, under = sum(k for k, _ in counted), sum(n for _, n in counted)
    without = [(over - k) / (under - n) for k, n in counted]
    variance = 4 / 5 * sum((one - over / under) ** 2 for one in without)
    freedom = under**2 / sum(n * n for _, n in counted) - 1
    # the ends of Wilson's interval are the rates from which the observed one is t standard errors away
    t, cases = student.ppf(0.95, freedom), over / under * (1 - over / under) / variance
    for end in (found["low"], found["high"]):
        assert abs(over / under - end) == pytest.approx(t * (end * (1 - end) / cases) ** 0.5)
    assert found["low"] < over / under < found["high"]


def test_the_intra_class_correlation_is_that_of_the_single_requests() -> None:
    counted = [(10, 20), (30, 100), (5, 80), (60, 90), (1, 40)]
    requests = [[1.0] * k + [0.0] * (n - k) for k, n in counted]
    everything = np.concatenate(requests)
    between = sum(len(one) * (np.mean(one) - everything.mean()) ** 2 for one in requests) / 4
    within = sum(((np.array(one) - np.mean(one)) ** 2).sum() for one in requests) / (len(everything) - 5)
    size = (len(everything) - sum(len(one) ** 2 for one in requests) / len(everything)) / 4
    expected = (between - within) / (between + (size - 1) * within)
    assert across_agencies(by_agency(*counted)).loc[0, "correlation"] == pytest.approx(expected)


def test_agencies_that_agree_have_the_interval_of_their_requests() -> None:
    for counted in ([(10, 20), (50, 100)], [(0, 20), (0, 100)], [(20, 20), (100, 100)]):
        found = across_agencies(by_agency(*counted)).loc[0]
        over, under = np.sum(counted, axis=0)
        expected = binomtest(over, under).proportion_ci(method="wilson")
        assert (found["low"], found["high"]) == pytest.approx((expected.low, expected.high))


def test_beside_one_agency_with_nearly_everything_little_can_be_told() -> None:
    for most in (1_000, 10_000_000, 10**12):
        found = across_agencies(by_agency((most // 2, most), (0, 1), (0, 1))).loc[0]
        assert (found["low"], found["high"]) == pytest.approx((0, 1), abs=1e-3)


def test_an_agency_without_requests_tells_nothing() -> None:
    counted = [(10, 20), (30, 100), (5, 80)]
    found, with_none = across_agencies(by_agency(*counted)), across_agencies(by_agency(*counted, (0, 0)))
    pd.testing.assert_frame_equal(found, with_none)
    alone = across_agencies(by_agency((10, 20), (0, 0))).loc[0]
    assert (alone["agencies"], alone["agency_mean"]) == (1, 0.5)
    assert alone[["low", "high", "correlation"]].isna().all()


def test_years_of_one_agency_are_one_agency() -> None:
    reports = [simulate("2021", 1, size="large", seed=seed) for seed in range(4)]
    agencies = ["甲局", "甲局", "乙局", "丙局"]
    cells = pd.concat(
        [one.assign(agency=name, year=2020 + at) for at, (one, name) in enumerate(zip(reports, agencies, strict=True))]
    )
    each = rows_by(indicators(cells, names="disclosure_rate"), "agency", "year")
    first, second = each["甲局", 2020], each["甲局", 2021]
    counted = [(first["numerator"] + second["numerator"], first["denominator"] + second["denominator"])]
    counted += [(each[who]["numerator"], each[who]["denominator"]) for who in (("乙局", 2022), ("丙局", 2023))]
    expected = across_agencies(by_agency(*counted)).loc[0]
    row = of(indicators(cells, by="form", names="disclosure_rate"), "disclosure_rate")
    for name in ("low", "high", "agencies", "agency_mean", "agency_median", "correlation"):
        assert row[name] == pytest.approx(expected[name]), name


@pytest.mark.parametrize("correlation", [0, 0.02, 0.1, 0.3])
def test_the_pooled_interval_covers_the_rate(correlation: float) -> None:
    benchmark = run_path(str(Path(__file__).parent.parent / "benchmarks" / "coverage.py"))
    pooled, of_requests = benchmark["covered"](60, correlation, rate=0.5, spread=1.0, samples=2000)
    assert 0.92 <= pooled <= 0.97
    assert of_requests < 0.7 or not correlation


# --- repairs ----------------------------------------------------------------------------------------------------------------


def test_the_interval_over_repairs_of_results_that_do_not_add_up() -> None:
    # results 7 + 6 + 0 + 7 + 3 + 4 = 27 against a total of 21: either 7 or 6 of them is 6 too many
    report = embedded.report(PINGTAN, 2020)
    found = indicators(report, repairs=True)
    rate = of(found, "disclosure_rate")
    assert (rate["numerator"], rate["denominator"], rate["value"]) == (13, 21, pytest.approx(13 / 21))
    assert (rate["low_repairs"], rate["high_repairs"], rate["repaired"]) == (pytest.approx(7 / 21), pytest.approx(7 / 21), 1)
    assert (rate["contradicted"], rate["status"]) == (1, "contradicted")
    assert pd.isna(rate["low"])
    full, part = of(found, "full_disclosure_rate"), of(found, "partial_disclosure_rate")
    assert (full["low_repairs"], full["high_repairs"]) == (pytest.approx((7 - 6) / 21), pytest.approx(7 / 21))
    assert (part["low_repairs"], part["high_repairs"]) == (0, pytest.approx(6 / 21))
    # (7 + 6 − 6) ÷ (7 + 6 − 6 + 0 + 7)
    assert of(found, "substantive_disclosure_rate")["low_repairs"] == pytest.approx(7 / 14)
    # natural persons 6 + 6 − 6 of 20, organisations 1 of 1
    assert of(found, "disclosure_rate_difference")["high_repairs"] == pytest.approx(6 / 20 - 1)
    untouched = of(found, "unable_rate")
    assert (untouched["low_repairs"], untouched["repaired"]) == (untouched["value"], 0)
    assert indicators(report, repairs=govstats.repairs(report)).equals(found)


def test_without_repairs_there_is_no_interval_over_them() -> None:
    rate = of(indicators(embedded.report(PINGTAN, 2020)), "disclosure_rate")
    assert pd.isna(rate["low_repairs"])
    assert pd.isna(rate["repaired"])
    assert rate["contradicted"] == 1


def test_several_groups_of_repairs_are_combined() -> None:
    # 10 + 1 + 0 + 0 = 11 with a total of 0; 5 + 0 + 0 + 0 with a total of 0, which may also be five too many
    found = indicators(embedded.report(HONGZE, 2023), repairs=True)
    dispute = of(found, "dispute_rate")
    assert (dispute["value"], dispute["status"], dispute["contradicted"], dispute["reports"]) == (0, "contradicted", 1, 0)
    assert (dispute["low_repairs"], dispute["high_repairs"]) == (pytest.approx((11 + 0) / 21), pytest.approx((11 + 5) / 21))
    corrected = of(found, "correction_rate")
    assert (corrected["numerator"], corrected["denominator"], corrected["status"]) == (1, 0, "inconsistent")
    assert pd.isna(corrected["value"])
    assert (corrected["low_repairs"], corrected["high_repairs"]) == (pytest.approx(1 / 16), pytest.approx(1 / 11))
    assert of(found, "documents_net")["contradicted"] == 0


def repair(agency: str, number: int, group: int, line: str, change: float | None, complete: bool = True) -> dict[str, Any]:
    proposed = None if change is None else 100.0 + change
    cell = {"table": "requests", "line": line, "column": "total"}
    change_of = {"reported": 100.0, "proposed": proposed, "group": group, "complete": complete}
    return {"repair": number, "agency": agency, "year": 2023, **cell, **change_of}


def repairs_frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame(rows).astype({"reported": "Float64", "proposed": "Float64", "complete": "boolean"})


def test_what_a_repair_leaves_open_has_no_interval() -> None:
    cells = simulate("2021", 1, size="large", seed=3)
    agency = cells["agency"].iloc[0]
    for rows in ([repair(agency, 1, 1, "granted", None)], [repair(agency, 1, 1, "new", 1, complete=False)]):
        rate = of(indicators(cells, names="disclosure_rate", repairs=repairs_frame(rows)), "disclosure_rate")
        assert pd.notna(rate["value"])
        assert pd.isna(rate["low_repairs"])
        assert rate["repaired"] == 1
    nothing_found = repairs_frame([{**repair(agency, 1, 1, "granted", 1, complete=False), "line": None, "column": None}])
    assert pd.isna(of(indicators(cells, repairs=nothing_found), "disclosure_rate")["low_repairs"])


def test_a_sum_is_contradicted_also_where_its_known_parts_alone_exceed_it() -> None:
    # 33 + 38 + 11 + 53 + 2 + 8 without the two other lines is more than 100, and less than 148
    cells = embedded.report(PINGTAN, 2025).cells
    cells = cells[~(cells["line"].isin(["other.fee_overdue", "other.other"]) & (cells["column"] == "total"))]
    assert of(indicators(cells), "disclosure_rate")["contradicted"] == 0
    total = (cells["line"] == "processed_total") & (cells["column"] == "total")
    assert of(indicators(cells.assign(value=cells["value"].mask(total, 100.0))), "disclosure_rate")["contradicted"] == 1


def test_pooled_extremes_are_those_of_every_combination(monkeypatch: pytest.MonkeyPatch) -> None:
    cells = simulate("2021", 4, size="large", seed=5)
    agencies = cells["agency"].unique().tolist()
    steps = {
        agency: [("granted", 40 * at + 7), ("processed_total", -30 * at - 11), ("refused.state_secret", 5)]
        for at, agency in enumerate(agencies[:3])
    }
    rows = []
    for group, (agency, changes) in enumerate(steps.items()):
        rows += [repair(agency, 10 * group + at, group, line, change) for at, (line, change) in enumerate(changes)]
    total = cells[(cells["table"] == "requests") & (cells["column"] == "total")].groupby("line")["value"].sum()
    values = []
    for chosen in product(*steps.values()):
        over, under = total["granted"] + total["partly_granted"], total["processed_total"]
        over += sum(change for line, change in chosen if line == "granted")
        under += sum(change for line, change in chosen if line == "processed_total")
        values.append(over / under)
    for combinations in (10_000, 3):
        monkeypatch.setattr(rates, "_COMBINATIONS", combinations)
        found = of(indicators(cells, by="year", names="disclosure_rate", repairs=repairs_frame(rows)), "disclosure_rate")
        assert (found["low_repairs"], found["high_repairs"]) == (pytest.approx(min(values)), pytest.approx(max(values)))
        assert found["repaired"] == 3


def test_the_bounds_are_those_of_the_repaired_reports() -> None:
    planted = plant(simulate("2021", 16, seed=4), ["mistyped", "not_updated"], tables=("requests", "review"), seed=3)
    repairs = govstats.repairs(planted.cells)
    found = indicators(planted.cells, repairs=repairs)
    checked = 0
    for agency, rows in repairs.groupby("agency"):
        choices = [[rows[rows["repair"] == one] for one in group["repair"].unique()] for _, group in rows.groupby("group")]
        if not rows["complete"].all() or rows["proposed"].isna().any() or not 1 < np.prod([len(one) for one in choices]) <= 8:
            continue
        own = planted.cells[planted.cells["agency"] == agency]
        values = []
        for combination in product(*choices):
            repaired = own
            for key, proposed in pd.concat(combination).set_index(["table", "line", "column"])["proposed"].items():
                repaired = _with(repaired, "/".join(map(str, key)), value=proposed)
            values.append(indicators(repaired)["value"].astype(float))
        every, bounds = pd.concat(values, axis=1), found[found["agency"] == agency].reset_index()
        pd.testing.assert_series_equal(every.min(axis=1), bounds["low_repairs"].astype(float), check_names=False)
        pd.testing.assert_series_equal(every.max(axis=1), bounds["high_repairs"].astype(float), check_names=False)
        checked += 1
    assert checked >= 3


# --- blanks -----------------------------------------------------------------------------------------------------------------


def test_blanks_may_be_zeros_and_blank_totals_are_the_sums_of_their_parts() -> None:
    # the office of Shanghai prints no totals of results: 258 + 12 + 1 + 1 granted and 3 in part, of 805
    found = indicators(embedded.report(SHANGHAI, 2019))
    rate = of(found, "disclosure_rate")
    assert (rate["status"], rate["denominator"]) == ("blank", 805)
    assert pd.isna(rate["value"])
    assert (rate["low_blanks"], rate["high_blanks"]) == (pytest.approx((272 + 3) / 805),) * 2
    # refused 14 + 5 + (3 + 1) + (10 + 2) = 35; unable (252 + 12 + 1) + (44 + 3) + 25 = 337; 149 + 9 not processed; nothing else
    for name, expected in {"refusal_rate": 35, "unable_rate": 337, "not_processed_rate": 158, "other_rate": 0}.items():
        assert of(found, name)["high_blanks"] == pytest.approx(expected / 805), name
    # 859 received and 18 carried in are printed
    known = of(found, "completion_rate")
    assert (known["value"], known["low_blanks"]) == (pytest.approx(805 / 877),) * 2
    # 5 + 8 upheld of 7 − 2 + 9 − 1, the third block is blank
    assert of(found, "upheld_rate")["low_blanks"] == pytest.approx(13 / 13)


@pytest.mark.parametrize("version", ["2019", "2021"])
def test_where_every_zero_and_many_totals_are_blank_the_bounds_are_the_values(version: str) -> None:
    cells = simulate(version, 4, seed=8)
    results = ~cells["line"].isin(["new", "carried_in", "carried_out", "processed_total"]) & (cells["table"] == "requests")
    blank = (cells["value"] == 0) | (results & (cells["column"] == "total"))
    found = indicators(cells.assign(value=cells["value"].mask(blank), status=cells["status"].mask(blank, "blank")))
    known = indicators(cells)
    assert found["value"].isna().sum() > known["value"].isna().sum()
    for bound in ("low_blanks", "high_blanks"):
        pd.testing.assert_series_equal(found[bound], known["value"], check_names=False)


def _with(cells: pd.DataFrame, key: str, **changes: Any) -> pd.DataFrame:
    table, line, column = key.split("/")
    rows = (cells["table"] == table) & (cells["line"] == line) & (cells["column"] == column)
    assert rows.sum() == 1
    return cells.assign(**{name: cells[name].mask(rows, value) for name, value in changes.items()})


def test_a_blank_that_the_sums_show_to_be_more_than_zero_stays_missing() -> None:
    cells = simulate("2021", 1, size="large", seed=3)
    assert cells.query("line == 'granted' and column == 'natural_person'")["value"].item() > 0
    blank = _with(cells, "requests/granted/natural_person", value=pd.NA, status="blank")
    rate = of(indicators(blank), "disclosure_rate.natural_person")
    assert rate["status"] == "blank"
    assert pd.isna(rate["low_blanks"])


def test_unreadable_and_lost_cells_are_not_zeros() -> None:
    cells = simulate("2021", 1, size="large", seed=3)
    unreadable = of(indicators(_with(cells, "requests/granted/total", value=pd.NA, status="unreadable")), "disclosure_rate")
    assert (unreadable["status"], unreadable["reports"]) == ("unreadable", 0)
    lost = cells[~((cells["line"] == "granted") & (cells["column"] == "total"))]
    absent = of(indicators(lost), "disclosure_rate")
    assert absent["status"] == "absent"
    assert pd.isna(absent["low_blanks"])
    assert pd.isna(unreadable["high_blanks"])


# --- groups -----------------------------------------------------------------------------------------------------------------


@cache
def corpus() -> pd.DataFrame:
    reports = embedded.register()
    return pd.concat(
        [embedded.report(agency, year).cells for agency, year in reports[["agency", "year"]].itertuples(index=False)]
    )


def test_pooled_is_the_sum_over_the_sum_and_says_who_was_left_out() -> None:
    found = rows_by(indicators(corpus(), by="year", names="disclosure_rate", repairs=True), "year")
    # 2019: 8 of 23 in Pingtan; Shanghai has blanks (275 of 805 if they are zeros)
    row = found[2019]
    assert (row["numerator"], row["denominator"], row["reports"], row["left_out"]) == (8, 23, 1, 1)
    assert (row["low_blanks"], row["high_blanks"]) == (pytest.approx((8 + 275) / (23 + 805)), pytest.approx(8 / 23))
    # 2025: Pingtan, Shuyang and the office of Shanghai
    row = found[2025]
    assert (row["numerator"], row["denominator"], row["reports"], row["left_out"]) == (71 + 395 + 208, 148 + 718 + 1191, 3, 0)
    assert row["agencies"] == 3
    assert row["agency_mean"] == pytest.approx((71 / 148 + 395 / 718 + 208 / 1191) / 3)
    assert row["agency_median"] == pytest.approx(71 / 148)
    # one agency tells nothing of others
    assert pd.isna(found[2019]["low"])
    # 2023: 42 + 4 of 81 + 21, of which the blocks that do not add up are no part
    assert found[2023]["contradicted"] == 0
    assert found[2020]["repaired"] == 1
    # 2020: 0 of 4; the results of Pingtan add up to 27 of 21, and every repair leaves 7 disclosed
    row = found[2020]
    assert (row["numerator"], row["denominator"], row["left_out"], row["contradicted"]) == (0, 4, 1, 1)
    assert (row["low_repairs"], row["high_repairs"]) == (pytest.approx(7 / 25),) * 2
    assert found[2015]["status"] == "not_in_form"


def test_pooling_by_level_and_region_needs_to_be_told_them() -> None:
    with pytest.raises(UnusableCells, match="level"):
        indicators(corpus(), by="level")
    found = indicators(corpus(), by=["level", "year"], names="disclosure_rate", reports=register())
    assert list(found.columns[:3]) == ["level", "year", "indicator"]
    row = found[(found["level"] == "county") & (found["year"] == 2025)].iloc[0]
    assert (row["numerator"], row["denominator"]) == (466, 866)
    regions = rows_by(indicators(corpus(), by="region", names="disclosure_rate", reports=register()), "region")
    assert regions["江苏省宿迁市沭阳县"]["denominator"] == 718 + 26


def test_a_report_that_contradicts_itself_is_left_out_of_the_group() -> None:
    found = rows_by(indicators(corpus(), by="year", names="correction_rate.reconsideration", repairs=True), "year")
    # Hongze prints a total of 0 with one corrected; of what is concluded Pingtan has 1 of 2, Suqian 17 of 440 - 26
    row = found[2023]
    assert (row["numerator"], row["denominator"], row["reports"], row["left_out"]) == (1 + 17, 2 + 414, 3, 1)
    # repaired, it has 1 of 11
    assert (row["low_repairs"], row["high_repairs"]) == (pytest.approx((18 + 1) / (416 + 11)),) * 2


def test_nothing_is_pooled_across_a_break(monkeypatch: pytest.MonkeyPatch) -> None:
    _, known = rates._file()
    broken = [replace(one, segments={"2019": 1, "2021": 2}) for one in known if one.id == "disclosure_rate"]
    monkeypatch.setattr(rates, "chosen", lambda *_: broken)
    found = rows_by(indicators(corpus(), by="agency"), "agency")
    assert found[PINGTAN]["status"] == "break"
    assert pd.isna(found[PINGTAN]["value"])
    assert found[SHUYANG]["status"] == "computed"


def test_the_same_in_one_frame_as_report_by_report() -> None:
    years = [2015, 2019, 2023]  # of each form, with blanks, with totals that are wrong, without tables
    together = indicators(corpus()[corpus()["year"].isin(years)])
    chosen = embedded.register()[["agency", "year"]].query("year in @years").itertuples(index=False)
    alone = pd.concat([indicators(embedded.report(agency, year), findings=False) for agency, year in chosen])
    # nor does a frame of cells know when they were published
    together, alone = (found[~found["indicator"].str.contains("publication")] for found in (together, alone))
    # two reports of the ministry lost their tables, and a frame of cells does not know them
    with_cells = alone[~((alone["agency"] == "应急管理部") & alone["year"].isin([2019, 2023]))]
    pd.testing.assert_frame_equal(together.reset_index(drop=True), with_cells.reset_index(drop=True))


def test_many_reports_against_a_pivot() -> None:
    cells = pd.concat([simulate("2019", 20, seed=1), simulate("2021", 20, seed=2)])
    wide = cells[(cells["table"] == "requests") & (cells["column"] == "total")]
    wide = wide.pivot_table(index=["agency", "year"], columns="line", values="value", aggfunc="sum")
    refused = wide[[line for line in wide if str(line).startswith("refused.")]].sum(axis=1)
    other = wide[[line for line in wide if str(line).split(".")[0] == "other"]].sum(axis=1)
    found = indicators(cells).pivot_table(index=["agency", "year"], columns="indicator", values="value", dropna=False)
    for name, counted in {"refusal_rate": refused, "other_rate": other}.items():
        expected = (counted / wide["processed_total"].where(wide["processed_total"] > 0)).astype(float)
        pd.testing.assert_series_equal(found[name].astype(float), expected, check_names=False)


# --- what comes from outside ------------------------------------------------------------------------------------------------


def test_requests_per_inhabitant_need_a_population() -> None:
    cells = corpus()
    population = pd.DataFrame({"region_code": ["321322"], "year": [2025], "population": [1_650_000]})
    found = indicators(cells, names="requests_per_10k", population=population, reports=register())
    rows = rows_by(found, "agency", "year")
    assert rows[SHUYANG, 2025]["value"] == pytest.approx(713 / 165)
    assert rows[PINGTAN, 2025]["status"] == "not_given"
    by_agency = population.assign(agency=SHUYANG)
    again = indicators(embedded.report(SHUYANG, 2025), names="requests_per_10k", population=by_agency)
    assert again["value"].item() == pytest.approx(713 / 165)
    twice = pd.concat([population, population])
    with pytest.raises(UnusableCells, match="stands twice"):
        indicators(cells, names="requests_per_10k", population=twice, reports=register())


@pytest.mark.parametrize(
    ("agency", "level", "published", "days", "late"),
    [
        ("某县人民政府", "county", "2024-03-31", 90, 0),
        ("某县人民政府", "county", "2024-04-01", 91, 1),
        ("某省", "province", "2024-02-29", 59, 0),
        ("某综合实验区", "county", "2024-03-01", 60, 0),
        ("某经济技术开发区管理委员会", "county", "2024-02-05", 35, 0),
        ("某合作区执行委员会", "prefecture", "2024-03-31", 90, 0),
        ("某市城市管理委员会", "prefecture", "2024-02-01", 31, 1),
        ("新疆生产建设兵团", "province", "2024-03-31", 90, 0),
        ("新疆生产建设兵团", "province", "2024-04-01", 91, 1),
        ("新疆生产建设兵团第十四师", "prefecture", "2024-03-31", 90, 0),
        ("新疆生产建设兵团第一师阿拉尔市", "prefecture", "2024-03-31", 90, 0),
        ("新疆生产建设兵团第一师十二团", "", "2024-03-31", 90, None),
        ("新疆生产建设兵团财政局", "province", "2024-02-01", 31, 1),
        ("新疆生产建设兵团第十四师教育局", "prefecture", "2024-02-01", 31, 1),
        ("某市财政局", "prefecture", "2024-01-31", 30, 0),
        ("某市人民政府办公厅", "prefecture", "2024-02-01", 31, 1),
        ("某部", "national", "2024-02-01", 31, 1),
        ("某镇人民政府", "township", "2024-01-31", 30, 0),
        ("某镇人民政府", "township", "2024-02-20", 50, None),
        ("某街道办事处", "township", "2024-04-02", 92, 1),
        ("某市财政局", "prefecture", None, None, None),
    ],
)
def test_publication_is_held_against_the_dates_of_article_49(
    agency: str, level: str, published: Any, days: int | None, late: int | None
) -> None:
    cells = simulate("2021", 1).assign(agency=agency)
    reports = pd.DataFrame({"agency": [agency], "year": [2023], "level": [level], "published": [pd.Timestamp(published)]})
    found = indicators(cells, names=["publication_days", "late_publication"], reports=reports)
    for value, expected in zip(found["value"], (days, late), strict=True):
        assert (None if pd.isna(value) else value) == expected


def test_a_report_knows_when_it_was_published() -> None:
    # 2026-03-10: 31 + 28 + 9 days after 1 January, and a special area answers as a government
    found = indicators(embedded.report(PINGTAN, 2025), names=["publication_days", "late_publication"])
    assert found["value"].tolist() == [68, 0]


def test_a_date_before_the_end_of_the_year_is_inconsistent() -> None:
    cells = simulate("2021", 1)
    reports = pd.DataFrame({"agency": [cells["agency"].iloc[0]], "year": [2023], "published": pd.to_datetime(["2023-03-01"])})
    found = indicators(cells, names="publication_days", reports=reports)
    assert found["status"].tolist() == ["inconsistent"]


def test_quality_counts_failed_among_assessable_rules() -> None:
    rows = [("E", "fail"), ("E", "pass"), ("W", "fail"), ("W", "pass"), ("W", "not_assessable"), ("I", "fail")]
    findings = pd.DataFrame(rows, columns=["severity", "status"]).assign(agency="示例机关00001", year=2023)
    found = indicators(simulate("2021", 2), by="year", names="data_quality", findings=findings)
    assert found[["numerator", "denominator", "reports", "left_out"]].values.tolist() == [[2, 4, 1, 1]]


def test_text_reuse_counts_passages_of_the_year_before() -> None:
    sentences = ["甲乙丙丁戊己庚辛壬癸" * 2 + chr(0x4E00 + at) * 12 for at in range(12)]
    texts = pd.DataFrame(
        {"agency": "示例机关00001", "year": [2022, 2023], "sketch": [sketch("".join(sentences[:6])), sketch("".join(sentences))]}
    )
    found = of(indicators(simulate("2021", 1), names="text_reuse", texts=texts), "text_reuse")
    earlier, later = texts["sketch"]
    assert (found["numerator"], found["denominator"]) == (len(earlier & later), len(later))
    assert 0 < found["value"] < 1


def test_a_panel_brings_its_own_frames() -> None:
    class Panel:
        cells = embedded.report(SHUYANG, 2025).cells
        reports = register().assign(chosen=True)[["agency", "year", "form", "level", "region", "published", "chosen"]]
        findings = govstats.reconcile(cells)
        texts = None

    found = indicators(Panel(), by="level", names=["publication_days", "disclosure_rate"])  # type: ignore[arg-type]
    rows = rows_by(found, "level", "indicator")
    # 2022-01-29 and 2024-01-24; the third report is not dated
    national = rows["national", "publication_days"]
    assert (national["numerator"], national["denominator"], national["left_out"]) == (28 + 23, 2, 1)
    assert rows["county", "disclosure_rate"]["denominator"] == 718
    lost = rows_by(indicators(Panel(), names="disclosure_rate"), "agency", "year")  # type: ignore[arg-type]
    assert lost["应急管理部", 2023]["status"] == "absent"
    assert lost[PINGTAN, 2015]["status"] == "not_in_form"


# --- definitions and mistakes -----------------------------------------------------------------------------------------------


def test_definitions_are_in_words_and_unique() -> None:
    known = rows_by(definitions(), "indicator")
    assert known["completion_rate"]["formula_en"].startswith("(7) total processed / (1. requests received this year")
    assert known["refusal_share.refused.state_secret"]["label_zh"] == "不予公开理由：属于国家秘密"
    assert known["requests_per_10k"]["formula_zh"] == "一、本年新收政府信息公开申请数量÷人口×10000"
    assert not definitions()[["label_zh", "label_en", "kind", "formula_zh", "formula_en", "source"]].isin([""]).any().any()
    assert set(indicators(simulate("2021", 1))["indicator"]) == set(known)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"numerator": ["requests/gone/total"]}, "has no cell requests/gone/total"),
        ({"numerator": ["gone/granted/total"]}, "is in no table"),
        ({"kind": "odd"}, "of the kind 'odd'"),
        ({"source": "odd"}, "the source 'odd'"),
        ({"note": "odd"}, "the note 'odd'"),
        ({"numerator": ["given/odd"]}, "needs 'given/odd'"),
        ({"forms": ["1999"]}, "names the form '1999'"),
        ({"odd": 1}, "nothing reads the key 'odd'"),
        ({"kind": "net"}, "a net must have"),
        ({"kind": "difference"}, "a difference must have"),
    ],
)
def test_mistakes_in_the_file_are_named(changes: dict[str, Any], message: str) -> None:
    raw, _ = rates._file()
    entry: dict[str, Any] = {"id": "x", "zh": "甲", "en": "a", "kind": "share", "source": "result"}
    entry |= {"numerator": ["requests/granted/total"], "denominator": ["requests/processed_total/total"]}
    with pytest.raises(FormError, match=message):
        rates._indicator("here", {**entry, **changes}, raw)


def test_unknown_indicators_and_useless_frames_are_refused() -> None:
    cells = simulate("2021", 1)
    with pytest.raises(FormError, match="no indicator 'odd'"):
        indicators(cells, names="odd")
    with pytest.raises(UnusableCells, match="value"):
        indicators(cells.drop(columns="value"))
    with pytest.raises(UnusableCells, match="repairs frame"):
        indicators(cells, repairs=pd.DataFrame({"repair": [1]}))
    reports = pd.DataFrame({"agency": ["示例机关00001"] * 2, "year": [2023, 2023]})
    with pytest.raises(UnusableCells, match="twice"):
        indicators(cells, reports=reports)
    with pytest.raises(UnusableCells, match="agency"):
        indicators(cells, reports=reports.drop(columns="agency"))


def test_an_empty_frame_has_no_rows_but_all_columns() -> None:
    cells = simulate("2021", 1)
    empty, full = indicators(cells.iloc[:0]), indicators(cells)
    assert empty.empty
    assert empty.dtypes.astype(str).to_dict() == full.dtypes.astype(str).to_dict()


# --- deduced figures ----------------------------------------------------------------------------------------------------------


def test_figures_that_the_edits_determine_count_where_they_are_asked_for() -> None:
    # 平潭 2025 prints 33 granted and 38 in part, of 148
    cells = embedded.report(PINGTAN, 2025).cells
    blank = _with(cells, "requests/granted/total", value=pd.NA, status="blank")
    blank = _with(blank, "requests/new/total", value=pd.NA, status="blank")
    assert of(indicators(blank), "disclosure_rate")["status"] == "blank"
    found = indicators(blank, deduced=True)
    rate = of(found, "disclosure_rate")
    assert (rate["numerator"], rate["denominator"], rate["status"], rate["deduced"]) == (71, 148, "computed", 1)
    assert (of(found, "refusal_rate")["deduced"], of(found, "refusal_rate")["status"]) == (0, "computed")
    pooled = of(indicators(blank, by="year", names="disclosure_rate", deduced=True), "disclosure_rate")
    assert (pooled["numerator"], pooled["deduced"], pooled["reports"]) == (71, 1, 1)
    assert "deduced" not in indicators(blank).columns
    nameless = replace(embedded.report(PINGTAN, 2025).with_cells(blank.assign(agency=None)), agency=None)
    assert of(indicators(nameless, deduced=True), "disclosure_rate")["deduced"] == 1


def test_nothing_is_deduced_from_figures_that_contradict_each_other_or_leave_a_choice() -> None:
    cells = embedded.report(PINGTAN, 2025).cells
    # results of all applicants add up to 148: both totals together are 71, each of them is open
    several = cells
    for line, column in product(("granted", "partly_granted"), ("natural_person", "total")):
        several = _with(several, f"requests/{line}/{column}", value=pd.NA, status="blank")
    wrong = _with(cells, "requests/granted/natural_person", value=99)
    wrong = _with(wrong, "requests/granted/total", value=pd.NA, status="blank")
    for spoilt in (several, wrong):
        rate = of(indicators(spoilt, deduced=True), "disclosure_rate")
        assert (rate["status"], rate["deduced"]) == ("blank", 0)
