"""Who should be there: agencies that were renamed or merged, and rates over reports that nobody has seen."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import govstats
from govstats import embedded
from govstats.errors import UnusableRegister
from govstats.measures import nonresponse
from govstats.panel.register import expected_reports, read_expected

pytestmark = pytest.mark.usefixtures("uncommented")
EXPECTED = """agency,name,level,region,from,until,successor,reason,source
甲局,旧甲局,county,某县,,2018,,,
甲局,,county,某县,2019,,,2019年更名,某县机构改革方案
乙局,,county,某县,2010,2018,甲局,并入甲局,某县机构改革方案
丙局,,county,某县,,,,,
"""
#: Granted, granted in part, and results in all: what each report says of all applicants.
REPORTS: dict[tuple[str, int], Sequence[float | None]] = {
    ("旧甲局", 2018): (6, 2, 10),
    ("丙局", 2018): (1, 1, 20),
    ("甲局", 2019): (5, 0, 10),
    ("丁局", 2019): (0, 0, 4),
}


@pytest.fixture
def expected(tmp_path: Path) -> Path:
    (tmp_path / "expected.csv").write_text(EXPECTED, "utf-8")
    return tmp_path / "expected.csv"


def cells(reports: Mapping[tuple[str, int], Sequence[float | None]] = REPORTS) -> pd.DataFrame:
    lines = ("granted", "partly_granted", "processed_total")
    rows = [
        (*report, "2021", "requests", line, "total", figure, "blank" if figure is None else "reported")
        for report, figures in reports.items()
        for line, figure in zip(lines, figures, strict=True)
    ]
    frame = pd.DataFrame(rows, columns=["agency", "year", "form", "table", "line", "column", "value", "status"])
    return frame.astype({"year": "Int64", "value": "Float64"})


def test_an_agency_that_was_renamed_is_one_and_one_that_was_merged_ends(expected: Path) -> None:
    there = expected_reports(expected, [2009, 2018, 2019])
    known = there.groupby("year")["name"].agg(list).to_dict()
    assert known == {2009: ["旧甲局", "丙局"], 2018: ["旧甲局", "乙局", "丙局"], 2019: ["甲局", "丙局"]}
    assert there.loc[there["year"] == 2018, "agency"].tolist() == ["甲局", "乙局", "丙局"]


def test_bounds_over_the_missing_are_those_worked_out_by_hand(expected: Path) -> None:
    found = nonresponse(cells(), expected, names="disclosure_rate").set_index("year")
    of_county = found[found["level"] == "county"]
    counts = of_county[["expected", "reports", "counted", "unexpected"]].T.to_dict("list")
    assert counts == {2018: [3, 2, 2, 0], 2019: [2, 1, 1, 0]}
    assert found.loc[found["level"].isna(), ["expected", "reports", "unexpected"]].values.tolist() == [[0, 0, 1]]
    names = [
        "response_rate",
        "value",
        "low_worst",
        "high_worst",
        "low_alike",
        "high_alike",
        "agency_mean",
        "mean_low",
        "mean_high",
    ]
    by_hand = {
        # 10 of 30; the third has up to 20 cases, 15 on average, and a rate of 0.1 + 0.1 × 0.7 to 0.1 + 0.9 × 0.7
        2018: [2 / 3, 10 / 30, 10 / 50, 30 / 50, (10 + 15 * 0.17) / 45, (10 + 15 * 0.73) / 45, 0.45, 0.9 / 3, 1.9 / 3],
        2019: [1 / 2, 5 / 10, 5 / 20, 15 / 20, 0.5, 0.5, 0.5, 0.25, 0.75],
    }
    for year, values in by_hand.items():
        assert [*of_county.loc[year, names]] == pytest.approx(values)


def test_no_figures_of_the_missing_lead_beyond_the_bounds() -> None:
    generator = np.random.default_rng(3)
    reports: dict[tuple[str, int], Sequence[float]] = {}
    for number in range(4):
        granted, partly, rest = generator.integers(0, 9, 3)
        reports[f"甲{number}", 2020] = (float(granted), float(partly), float(granted + partly + rest + 1))
    table = pd.DataFrame({"agency": [f"甲{number}" for number in range(6)]})
    (found,) = nonresponse(cells(reports), table, by="year", names="full_disclosure_rate").to_dict("records")
    granted, _, cases = np.array(list(reports.values())).T
    largest, pooled, means = int(cases.max()), [], []
    for one, other in product(product(range(largest + 1), (0, 0.5, 1)), repeat=2):
        sizes, shares = np.array([one[0], other[0]]), np.array([one[1], other[1]])
        pooled.append((granted.sum() + sizes @ shares) / (cases.sum() + sizes.sum()))
        means.append(np.concatenate([granted / cases, shares[sizes > 0]]).mean())
    assert (found["low_worst"], found["high_worst"]) == pytest.approx((min(pooled), max(pooled)))
    assert (found["mean_low"], found["mean_high"]) == pytest.approx((min(means), max(means)))


def test_a_report_that_does_not_say_it_is_missing_and_one_without_cases_is_not(expected: Path) -> None:
    told = cells(REPORTS | {("丙局", 2018): (None, 1, 20), ("丙局", 2019): (0, 0, 0)})
    found = nonresponse(told, expected, names="disclosure_rate", by="year").set_index("year")
    assert found[["expected", "reports", "counted", "unexpected"]].values.tolist() == [[3, 2, 1, 0], [2, 2, 2, 1]]
    # of 2018 there are 8 of 10, and two may have as many; of 2019 nothing is missing
    assert [*found.loc[2018, ["low_worst", "high_worst"]]] == pytest.approx([8 / 30, 28 / 30])
    assert [*found.loc[2019, ["value", "low_worst", "high_alike", "mean_low", "mean_high"]]] == [0.5] * 5


def test_of_what_nobody_answered_nothing_is_known(expected: Path) -> None:
    found = nonresponse(cells(), expected, names="disclosure_rate", by="year", years=[2017]).set_index("year").loc[2017]
    assert (found["expected"], found["reports"], found["unexpected"]) == (3, 0, 0)
    assert found[["value", "low_worst", "high_alike"]].isna().all()
    assert [*found[["mean_low", "mean_high"]]] == [0, 1]


def test_a_panel_that_lacks_an_agency(tmp_path: Path) -> None:
    known = embedded.register().query("year == 2024")[["agency", "level"]]
    for agency in known["agency"]:
        shutil.copy(embedded.documents(agency, 2024)[0], tmp_path)
    panel = govstats.read_corpus(tmp_path, register=embedded.register().query("year == 2024"))
    table = pd.concat([known, pd.DataFrame({"agency": ["某县人民政府"], "level": ["county"]})])
    found = nonresponse(panel, table, years=[2024], names="refusal_rate").set_index("level")
    counties = int((known["level"] == "county").sum())
    assert (found.loc["county", "expected"], found.loc["county", "reports"]) == (counties + 1, counties)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("戊局,,village,,,,,,", "line 6: level is 'village'; expected one of national"),
        ("戊局,,,,2019,18,,,", "line 6: until is '18'; expected a year"),
        ("戊局,,,,2019,2018,,,", "line 6: from is after until"),
        ("戊局,,,,,2018,己局,,", "line 6: the successor 己局 is no agency of the table"),
        ("丙局,新丙局,,,2020,,,,", "line 6: another line is of the agency 丙局 in the same year"),
        ("戊局,旧甲局,,,2018,,,,", "line 6: another line is of the name 旧甲局"),
        (",旧甲局,,,2019,,,,", "line 6: agency is empty"),
    ],
)
def test_a_line_that_cannot_be_is_named(expected: Path, line: str, message: str) -> None:
    expected.write_text(EXPECTED + line + "\n", "utf-8")
    with pytest.raises(govstats.UnusableRegister, match=message):
        read_expected(expected)


def test_questions_without_an_answer_are_refused(expected: Path) -> None:
    with pytest.raises(govstats.FormError, match="no indicator between 0 and 1 'dispute_rate'"):
        nonresponse(cells(), expected, names="dispute_rate")
    with pytest.raises(govstats.UnusableCells, match="by='form'"):
        nonresponse(cells(), expected, by="form", names="disclosure_rate")
    both = cells(REPORTS | {("甲局", 2018): (0, 0, 0)})
    with pytest.raises(govstats.UnusableCells, match="甲局 2018: two reports are of this expected agency"):
        nonresponse(both, expected, names="disclosure_rate")


def test_a_panel_finds_the_table_beside_its_documents(tmp_path: Path) -> None:
    page = embedded.documents("平潭综合实验区", 2025)[0]
    documents = tmp_path / "reports"
    documents.mkdir()
    (documents / page.name).write_bytes(page.read_bytes())
    without = govstats.read_corpus(documents)
    assert without.expected is None
    with pytest.raises(UnusableRegister, match=r"expected\.csv.*应公布机关表"):
        nonresponse(without)
    (documents / "expected.csv").write_text("agency,until\n平潭综合实验区,\n甲局,\n乙局,2020\n", "utf-8")
    panel = govstats.read_corpus(documents)
    states = panel.coverage(panel.expected).set_index("agency")["state"].to_dict()
    assert states == {"平潭综合实验区": "consistent", "甲局": "missing"}
    part = panel.only(agency="平潭综合实验区").expected
    assert part is not None
    assert part["agency"].tolist() == ["平潭综合实验区"]
    assert nonresponse(panel, by="year", names="disclosure_rate")[["expected", "reports"]].to_numpy().tolist() == [[2, 1]]
    assert govstats.new_year(panel).reports.query("state == 'missing'")["agency"].tolist() == ["甲局"]
    (documents / "expected.csv").write_text("agency,untill\n甲局,2020\n", "utf-8")
    with pytest.raises(UnusableRegister, match=r"expected\.csv: has the column\(s\) untill; .*列名"):
        govstats.read_corpus(documents)
    (documents / "expected.csv").write_text("agency,until\n甲局,soon\n", "utf-8")
    with pytest.raises(UnusableRegister, match=r"expected\.csv, line 2: until is 'soon'"):
        govstats.read_corpus(documents)
