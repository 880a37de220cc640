"""The crosswalk between forms: what stands behind a series, and where it breaks."""

from __future__ import annotations

from functools import cache
from typing import Any

import pandas as pd
import pytest

from govstats import embedded
from govstats.errors import FormError, UnusableCells
from govstats.forms import form
from govstats.measures import crosswalk, series, series_definitions
from govstats.simulate import simulate

PINGTAN = "平潭综合实验区"


@cache
def corpus() -> pd.DataFrame:
    reports = embedded.register()
    return pd.concat(
        [embedded.report(agency, year).cells for agency, year in reports[["agency", "year"]].itertuples(index=False)]
    )


def pingtan(name: str) -> pd.DataFrame:
    found = series(corpus(), name)
    return found[found["agency"] == PINGTAN].set_index("year")


# Added up by hand from data/figures.csv.
BY_HAND: dict[str, dict[int, float]] = {
    "documents_issued": {2020: 0 + 77, 2025: 0 + 58},
    "documents_issued.normative_documents": {2020: 77, 2025: 58},
    "documents_repealed": {2025: 45},
    "documents_disclosed": {2015: 2949, 2020: 0 + 77},
    "documents_stock": {2020: 7 + 166, 2025: 0 + 546},
    "decisions.penalties": {2020: 538, 2025: 644},
    "decisions.other_services": {2020: 105},
    "items.licensing": {2020: 396 + 442},
    "administrative_fees_amount": {2025: 4166.241619},
    "procurement_amount": {2020: 7380.28959},
    "requests_received": {2015: 0, 2020: 21, 2025: 154},
    "requests_received.organisations": {2020: 1, 2025: 3},
    "requests_carried_out": {2020: 0, 2025: 6},
    "results.granted": {2015: 0, 2020: 7, 2025: 33},
    "results.refused": {2012: 0, 2015: 0, 2020: 0, 2025: 3 + 2 + 3 + 3},
    "results.unable": {2020: 4 + 3, 2025: 50 + 3},
    "results.other": {2020: 4, 2025: 8 + 2 + 1},
    "results.other.fee_overdue": {2025: 2},
    "reconsiderations": {2015: 0, 2020: 0, 2025: 36},
    "litigation": {2015: 0, 2025: 6 + 3},
    "litigation.corrected": {2025: 3 + 0},
    "reconsiderations.upheld": {2025: 25},
}


@pytest.mark.parametrize("name", BY_HAND)
def test_values_are_those_added_up_by_hand(name: str) -> None:
    found = pingtan(name)
    for year, value in BY_HAND[name].items():
        assert found.loc[year, "value"] == pytest.approx(value), year
        assert found.loc[year, "status"] == "reported"


# The column "comparable" of the crosswalk in the rules, one segment or two, and in which form the second begins.
@pytest.mark.parametrize(
    ("name", "segments"),
    [
        ("documents_issued", {"2019": 1, "2021": 1}),
        ("documents_stock", {"2019": 1, "2021": 2}),
        ("documents_disclosed", {"2008": 1, "2019": 2}),
        ("decisions.licensing", {"2019": 1, "2021": 1}),
        ("decisions.penalties", {"2019": 1, "2021": 1}),
        ("items.administrative_fees", {"2019": 1}),
        ("administrative_fees_amount", {"2021": 1}),
        ("procurement_projects", {"2019": 1}),
        ("requests_received", {"2008": 1, "2019": 2, "2021": 2}),
        ("requests_carried_in", {"2019": 1, "2021": 1}),
        ("results.other", {"2019": 1, "2021": 1}),
        ("reconsiderations", {"2008": 1, "2019": 1, "2021": 1}),
        ("reconsiderations.pending", {"2019": 1, "2021": 1}),
    ],
)
def test_series_are_comparable_where_the_rules_say_so(name: str, segments: dict[str, int]) -> None:
    definitions = series_definitions()
    assert definitions[definitions["series"] == name].set_index("form")["segment"].to_dict() == segments


def test_breaks_are_marked_in_the_first_report_after_them() -> None:
    stock = pingtan("documents_stock")
    # three reports on the annex do not have it, which is no break
    assert stock.index[stock["break_before"]].tolist() == [2021]
    assert "现行有效" in str(stock.loc[2021, "reason_zh"])
    assert "in force" in str(stock.loc[2021, "reason_en"])
    assert (stock["reason_zh"] != "").sum() == 1
    assert stock.loc[2015, "status"] == "not_in_form"
    assert stock["segment"].isna().tolist() == [True] * 3 + [False] * 7
    requests = pingtan("requests_received")
    assert requests.index[requests["break_before"]].tolist() == [2019]
    assert not pingtan("decisions.penalties")["break_before"].any()


def test_a_break_is_marked_where_the_form_of_the_break_is_skipped_and_the_order_does_not_matter() -> None:
    cells = corpus()
    chosen = cells[(cells["agency"] == PINGTAN) & cells["year"].isin([2017, 2023, 2024])]
    backwards = pd.concat([rows for _, rows in reversed(list(chosen.groupby("year")))])
    found = series(backwards, "requests_received").set_index("year")
    assert found.index.tolist() == [2017, 2023, 2024]
    assert found["break_before"].tolist() == [False, True, False]
    assert "结转" in str(found.loc[2023, "reason_zh"])


def test_breaks_of_one_agency_are_not_those_of_another() -> None:
    earlier, later = simulate("2008", 1), simulate("2021", 2)
    found = series(pd.concat([earlier, later]), "requests_received")[["agency", "year", "break_before"]].values.tolist()
    assert found == [["示例机关00001", 2015, False], ["示例机关00001", 2023, True], ["示例机关00002", 2023, False]]


def test_other_handling_may_be_printed_as_one_line() -> None:
    whole, line = series(embedded.report("淮安市洪泽区人民政府", 2023), ["results.other", "results.other.other"]).to_dict(
        "records"
    )
    assert (whole["value"], whole["basis"], whole["cells"]) == (0, "subtotal", "requests/other/total")
    assert line["status"] == "absent"
    (lines,) = series(embedded.report(PINGTAN, 2025), "results.other").to_dict("records")
    assert lines["basis"] == "sum"
    assert lines["cells"].count(";") == 2


def test_a_subtotal_beside_its_lines_is_not_counted() -> None:
    cells = simulate("2021", 1, size="large", seed=2)
    lines = cells[cells["line"].str.startswith("other.") & (cells["column"] == "total")]
    subtotal = lines.iloc[:1].assign(line="other", value=99_999.0)
    found = series(pd.concat([cells, subtotal]), "results.other").iloc[0]
    assert (found["value"], found["basis"]) == (lines["value"].sum(), "sum")
    # with one of its lines lost the sum is missing, whatever the subtotal says
    found = series(pd.concat([cells.drop(lines.index[0]), subtotal]), "results.other").iloc[0]
    assert found["status"] == "absent"
    assert pd.isna(found["value"])


@pytest.mark.parametrize("status", ["blank", "not_applicable", "unreadable"])
def test_a_sum_with_a_missing_part_is_missing_and_says_why(status: str) -> None:
    cells = simulate("2021", 1, seed=2)
    part = (cells["line"] == "refused.state_secret") & (cells["column"] == "total")
    cells = cells.assign(value=cells["value"].mask(part), status=cells["status"].mask(part, status))
    found = series(cells, ["results.refused", "results.granted"])
    assert found["status"].tolist() == [status, "reported"]
    assert found["value"].isna().tolist() == [True, False]


def test_two_names_of_one_line_are_not_added() -> None:
    cells = simulate("2008", 1)
    line = cells[(cells["line"] == "不予公开答复数") | (cells["line"] == "否决公开答复数")]
    names = {"不予公开答复数", "否决公开答复数"}
    one = cells[~cells["line"].isin(names)]
    template = cells[cells["line"] == "同意公开答复数"] if line.empty else line[line["line"] == line["line"].iloc[0]]
    both = pd.concat([one, *(template.assign(line=name, value=3.0) for name in sorted(names))])
    assert series(both, "results.refused")["status"].item() == "ambiguous"
    for name in names:
        found = series(pd.concat([one, template.assign(line=name, value=3.0)]), "results.refused").iloc[0]
        assert (found["value"], found["cells"]) == (3, f"statistics/{name}/this_year")


def test_every_result_line_of_the_forms_is_in_a_series() -> None:
    used = {cell for cells in series_definitions()["cells"] for cell in cells.split(";")}
    for version in ("2019", "2021"):
        for line in form(version).table("requests").line:
            assert f"requests/{line}/total" in used, (version, line)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"in": {"2021": ["requests/gone/total"]}}, r"series 'x', form 2021: form 2021 has no cell requests/gone/total"),
        ({"in": {"2008": ["requests/new/total"]}}, "is in no table of form 2008"),
        ({"in": {"2021": ["proactive/licensing/issued"]}}, "has no cell proactive/licensing/issued"),
        ({"in": {"1999": ["requests/new/total"]}}, "the form '1999', which is not known"),
        ({"breaks": {"2019": "why"}}, "breaks at '2019', before which it has no form"),
        ({"breaks": {"2021": "odd"}}, "the reason 'odd'"),
        ({"odd": 1}, "nothing reads the key 'odd'"),
    ],
)
def test_mistakes_in_the_file_are_named(changes: dict[str, Any], message: str) -> None:
    entry = {"id": "x", "zh": "甲", "en": "a", "in": {"2019 2021": ["requests/new/total"]}, **changes}
    with pytest.raises(FormError, match=message):
        crosswalk._series(entry, {"why": {"zh": "甲", "en": "a"}})


def test_unknown_series_and_useless_frames_are_refused() -> None:
    cells = simulate("2021", 1)
    with pytest.raises(FormError, match="requests_received"):
        series(cells, "request_received")
    with pytest.raises(UnusableCells, match="status"):
        series(cells.drop(columns="status"))


def test_a_report_that_lost_its_tables_has_missing_figures_and_keeps_its_segment() -> None:
    found = series(embedded.report("应急管理部", 2023), ["requests_received", "procurement_amount"])
    assert found[["status", "segment"]].values.tolist() == [["absent", 2], ["not_in_form", pd.NA]]


def test_an_empty_frame_has_no_rows_but_all_columns() -> None:
    cells = simulate("2021", 1)
    empty, full = series(cells.iloc[:0]), series(cells)
    assert empty.empty
    assert empty.dtypes.astype(str).to_dict() == full.dtypes.astype(str).to_dict()
