"""Documented corrections: beside what was read, on request, and never where they do not fit."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import govstats
from govstats import embedded
from govstats.errors import RefusedCorrection, UnusableCorrections
from govstats.reconciliation.corrections import read_corrections

HEADER = "agency,year,cell,old,new,reason,source,date"
AGENCY = "淮安市洪泽区人民政府"
TOTAL = f"{AGENCY},2023,review/reconsideration/total,0,11,总计漏填,来函,2024-05-06"
# 5 + 0 + 0 + 0 under a total of 0
SECOND = f"{AGENCY},2023,review/litigation_after_reconsideration/total,0,5,总计漏填,来函,2024-05-06"
ELSEWHERE = "某某市人民政府,2023,review/reconsideration/total,1,2,另一机关,来函,2024-05-06"


@pytest.fixture
def report() -> govstats.Report:
    return embedded.report(AGENCY, 2023)


def written(folder: Path, *lines: str) -> Path:
    path = folder / "corrections.csv"
    path.write_text("\n".join([HEADER, *lines]) + "\n", "utf-8")
    return path


def test_as_reported_as_read_and_as_corrected_stand_side_by_side(report: govstats.Report, tmp_path: Path) -> None:
    cells = govstats.correct(report, written(tmp_path, TOTAL, ELSEWHERE))
    pd.testing.assert_frame_equal(cells[list(report.cells.columns)], report.cells)
    changed = cells[cells["corrected"].ne(cells["value"]).fillna(False)]
    assert changed[["table", "line", "column", "printed", "value", "corrected"]].values.tolist() == [
        ["review", "reconsideration", "total", "0", 0.0, 11.0]
    ]
    assert changed[["reason", "correction_source", "correction_date"]].values.tolist() == [["总计漏填", "来函", "2024-05-06"]]
    assert cells["reason"].notna().sum() == 1


def test_what_is_worked_out_uses_them_only_when_asked(report: govstats.Report, tmp_path: Path) -> None:
    path = written(tmp_path, TOTAL, SECOND)
    failing = govstats.reconcile(report).query("status == 'fail'")
    assert len(failing) == 2
    corrected = govstats.reconcile(report, corrections=path)
    assert not (corrected["status"] == "fail").any()
    # the headings of a report are known in both
    assert corrected["rule"].tolist() == govstats.reconcile(report)["rule"].tolist()
    assert govstats.repairs(report, corrections=path).empty
    assert len(govstats.reconcile(report).query("status == 'fail'")) == 2


def test_a_cell_without_a_figure_is_corrected_where_none_is_expected() -> None:
    report = embedded.report("上海市科学技术委员会", 2024)
    known = {"agency": report.agency, "year": 2024, "cell": "requests/carried_out/total", "old": None, "new": 1}
    known |= {"reason": "总计漏填", "source": "来函", "date": "2025-05-06"}
    cells = govstats.correct(report, pd.DataFrame([known]))
    row = cells[cells["reason"].notna()]
    assert row[["status", "corrected"]].values.tolist() == [["blank", 1.0]]
    assert row["value"].isna().all()
    assert len(govstats.completions(report)) == 1
    assert govstats.completions(report, corrections=pd.DataFrame([known])).empty


@pytest.mark.parametrize(
    ("line", "said"),
    [
        # the report prints 0, the correction was written for another figure
        (TOTAL.replace(",0,11,", ",1,11,"), ["line 3", "review/reconsideration/total has 0", "printed '0'", "expects 1"]),
        (TOTAL.replace(",0,11,", ",,11,"), ["has 0", "expects no figure"]),
        (TOTAL.replace("reconsideration/total", "reconsideration/sum"), ["no cell review/reconsideration/sum"]),
    ],
)
def test_a_correction_that_does_not_fit_is_refused(report: govstats.Report, tmp_path: Path, line: str, said: list[str]) -> None:
    with pytest.raises(RefusedCorrection) as refused:
        govstats.correct(report, written(tmp_path, SECOND, line))
    assert all(part in str(refused.value) for part in [*said, "nothing was corrected"])


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (TOTAL.replace(",11,", ",eleven,"), "new is 'eleven'; expected a number"),
        (TOTAL.replace(",11,", f",{'1234567890' * 4},"), "expected a number of at most 15 digits"),
        (TOTAL.replace("来函", ""), "source is empty"),
        (TOTAL.replace("2024-05-06", "6.5.2024"), "expected YYYY-MM-DD"),
        (TOTAL.replace("review/", ""), "expected table/line/column"),
        (TOTAL.replace(",2023,", ",,"), "year is empty"),
        (TOTAL, "is corrected in"),
    ],
)
def test_a_line_that_cannot_be_understood_is_named(report: govstats.Report, tmp_path: Path, line: str, said: str) -> None:
    path = written(tmp_path, TOTAL, line)
    with pytest.raises(UnusableCorrections) as error:
        govstats.correct(report, path)
    assert f"{path}, line 3" in str(error.value)
    assert said in str(error.value)


def test_a_file_that_is_no_list_of_corrections_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "corrections.csv"
    with pytest.raises(UnusableCorrections, match="cannot be opened, or is no CSV"):
        read_corrections(path)
    path.write_text("agency,year\n某区,2023\n", "utf-8")
    with pytest.raises(UnusableCorrections, match=r"lacks the column\(s\) cell, old, new, reason, source, date"):
        read_corrections(path)


def test_large_figures_with_separators_are_understood(tmp_path: Path) -> None:
    path = written(tmp_path, '某区,2023,requests/new/total,"1,024","1,042",颠倒,来函,2024-05-06')
    assert read_corrections(path)[["old", "new"]].values.tolist() == [[1024.0, 1042.0]]


def test_a_corrected_amount_is_not_held_against_its_printed_unit() -> None:
    report = embedded.report("上海市人民政府办公厅", 2019)
    # 251000元 is 25.1; 25.3 after the correction
    known = {"agency": report.agency, "year": 2019, "cell": "proactive/procurement/amount", "old": 25.1, "new": 25.3}
    known |= {"reason": "金额有误", "source": "来函", "date": "2020-05-06"}
    before, after = (
        govstats.reconcile(report, corrections=corrections).query("rule == 'S05' and cells == 'proactive/procurement/amount'")
        for corrections in (None, pd.DataFrame([known]))
    )
    assert before[["status", "reported"]].values.tolist() == [["pass", 25.1]]
    assert after[["status", "reported"]].values.tolist() == [["pass", 25.3]]


def test_a_corrected_figure_is_not_said_to_be_printed(report: govstats.Report, tmp_path: Path) -> None:
    """The parts of the block are 10, 1, 0 and 0; a correction that makes their total 12 is wrong as well."""
    twelve = written(tmp_path, TOTAL.replace(",0,11,", ",0,12,"))
    for given, told in ((None, False), (twelve, True)):
        findings = govstats.reconcile(report, corrections=given).query("rule == 'T4S' and status == 'fail'")
        (failed,) = findings[findings["cells"].str.endswith("review/reconsideration/total")].to_dict("records")
        assert (
            ("更正后的总计为 12，" if told else "表上总计为 0，") in failed["message_zh"],
            "表上" in failed["message_zh"],
        ) == (True, not told)
        assert ("but the total as corrected is 12," if told else "but the total printed is 0,") in failed["message_en"]
        assert ("其中总计是更正后的数字，不是所印的。" in failed["message_zh"]) is told
        assert ("The figure of total is as corrected, not as printed." in failed["message_en"]) is told
        found = govstats.repairs(report, corrections=given, reread=False).query("line == 'reconsideration'").set_index("column")
        assert ("was corrected to 12 and should be 11" in found["message_en"]["total"]) is told
        assert (found["message_zh"].str.contains("印作").sum(), len(found)) == ((4, 5) if told else (1, 1))
