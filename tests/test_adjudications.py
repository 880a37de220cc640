"""Decisions on findings and repairs: they stand beside what was reported, for the figures that they speak of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

import govstats
from govstats import embedded
from govstats.cli import main
from govstats.errors import RefusedCorrection, UnusableCells, UnusableCorrections
from govstats.figures import points_over_years, quality_by_report
from govstats.panel import Panel
from govstats.reconciliation.corrections import ADJUDICATION_TYPES, read_adjudications, standing

AGENCY = "淮安市洪泽区人民政府"
#: The blocks whose totals were left at 0: 10 + 1 + 0 + 0, and 5 + 0 + 0 + 0.
FIRST, SECOND = (f"review/{line}" for line in ("reconsideration", "litigation_after_reconsideration"))
COLUMNS = ("upheld", "corrected", "other", "pending", "total")
DATE = "2024-05-06"


@pytest.fixture
def report() -> govstats.Report:
    return embedded.report(AGENCY, 2023)


def decision(word: str, block: str = FIRST, figures: str = "10;1;0;0;0", **others: Any) -> dict[str, object]:
    cells = ";".join(f"{block}/{column}" for column in COLUMNS)
    row = {"agency": AGENCY, "year": 2023, "rule": "T4S", "cells": cells, "figures": figures, "decision": word, "new": ""}
    return row | {"by": "张三", "date": DATE, "reason": "来函"} | others


def table(*rows: dict[Any, Any]) -> pd.DataFrame:
    return pd.DataFrame(rows)


def decisions(report: govstats.Report, *rows: dict[Any, Any]) -> list[object]:
    """What the two failures of T4S carry; None for nothing."""
    found = govstats.reconcile(report, adjudications=table(*rows)).query("rule == 'T4S' and status == 'fail'")
    return found["decision"].astype(object).where(found["decision"].notna(), None).tolist()


def test_a_decision_stands_beside_its_finding_and_changes_nothing_of_it(report: govstats.Report) -> None:
    assert decisions(report, decision("dismissed")) == ["dismissed", None]
    assert decisions(report, decision("confirmed", SECOND, "5;0;0;0;0")) == [None, "confirmed"]
    # the last of several
    assert decisions(report, decision("confirmed"), decision("dismissed")) == ["dismissed", None]
    # of another report, another rule, other cells
    for other in ({"agency": "某市"}, {"year": 2022}, {"rule": "T3R"}, {"cells": f"{FIRST}/total", "figures": "0"}):
        assert decisions(report, decision("dismissed", **other)) == [None, None]
    without = govstats.reconcile(report)
    found = govstats.reconcile(report, adjudications=table(decision("dismissed")))
    pd.testing.assert_frame_equal(found.drop(columns="decision"), without.drop(columns="decision"))
    assert without["decision"].isna().all()


def test_a_finding_on_a_whole_report_is_decided_without_cells(report: govstats.Report) -> None:
    whole = govstats.reconcile(report).query("rule == 'S01'")
    decided = govstats.adjudicate(report, whole, "confirmed", by="张三", reason="来函", date=DATE)
    assert decided[["cells", "figures"]].to_numpy().tolist() == [["", ""]]
    assert govstats.reconcile(report, adjudications=decided).query("rule == 'S01'")["decision"].tolist() == ["confirmed"]


def test_where_a_figure_has_changed_since_it_is_stale_and_says_so(report: govstats.Report) -> None:
    # the total was 2 when it was decided; it was blank
    for before in ("10;1;0;0;2", "10;1;0;0;"):
        assert decisions(report, decision("dismissed", figures=before)) == ["stale", None]
        (told,) = standing(report, table(decision("dismissed", figures=before))).to_dict("records")
        assert (told["figures"], told["now"], told["stale"]) == (before, "10;1;0;0;0", True)
    # written another way it is the same figure
    assert decisions(report, decision("dismissed", figures="10.0;1;0;0;0")) == ["dismissed", None]


def test_what_is_corrected_goes_the_way_of_corrections(report: govstats.Report) -> None:
    found = govstats.repairs(report).query("line == 'reconsideration' and proposed == 11")
    decided = govstats.adjudicate(report, found, "corrected", by="张三", reason="来函", date=DATE)
    assert decided[["cells", "figures", "new", "rule"]].to_numpy().tolist() == [[f"{FIRST}/total", "0", "11", "T4S"]]
    cells = govstats.correct(report, decided)
    changed = cells[cells["reason"].notna()]
    assert changed[["value", "corrected", "correction_source", "correction_date"]].to_numpy().tolist() == [[0, 11, "张三", DATE]]
    both = govstats.reconcile(report, corrections=decided, adjudications=decided).query("rule == 'T4S'")
    # of the third block, litigation without reconsideration, nothing was wrong
    assert both.sort_values("cells")[["status", "decision"]].astype(object).where(
        lambda one: one.notna(), None
    ).to_numpy().tolist() == [
        ["fail", None],
        ["pass", None],
        ["pass", "corrected"],
    ]
    # on request only, and never where another figure stands
    assert decisions(report, *decided.to_dict("records")) == ["corrected", None]
    with pytest.raises(RefusedCorrection, match=r"has 0 .* expects 2"):
        govstats.correct(report, decided.assign(figures="2"))


def test_what_was_decided_is_written_down_with_the_figures_of_the_day(report: govstats.Report, tmp_path: Path) -> None:
    failed = govstats.reconcile(report).query("rule == 'T4S' and status == 'fail'")
    decided = govstats.adjudicate(report, failed, "dismissed", by="张三", reason="来函", date=DATE)
    assert decided["figures"].tolist() == ["10;1;0;0;0", "5;0;0;0;0"]
    path = tmp_path / "adjudications.csv"
    decided.to_csv(path, index=False)
    again = read_adjudications(path)
    assert list(again.columns) == list(ADJUDICATION_TYPES)
    pd.testing.assert_frame_equal(again, decided)
    for rows, word in ((failed, "corrected"), (govstats.repairs(report), "dismissed"), (failed, "perhaps")):
        with pytest.raises(UnusableCorrections):
            govstats.adjudicate(report, rows, word, by="张三", reason="来函")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"decision": "perhaps"}, "decision is 'perhaps'; expected one of confirmed, dismissed, corrected"),
        ({"by": ""}, "by is empty"),
        ({"figures": "10;1"}, "as many as cells"),
        ({"figures": "ten;1;0;0;0"}, "figures is 'ten;1;0;0;0'; expected numbers"),
        ({"cells": "review"}, "cells is 'review'; expected table/line/column"),
        ({"date": "yesterday"}, "date is 'yesterday'"),
        ({"decision": "corrected", "new": "1"}, "as many as cells"),
    ],
)
def test_what_cannot_be_understood_is_refused_with_its_line(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(UnusableCorrections, match=rf"row 1: .*{said}.*[一-龥]"):
        read_adjudications(table(decision("confirmed"), decision("dismissed", **wrong)))


def test_what_is_dismissed_flags_no_indicator() -> None:
    columns = ["agency", "year", "form", "table", "line", "column", "value", "status"]
    keys = [(AGENCY, 2023, "2021", "review", "reconsideration", column) for column in COLUMNS]
    # 10 + 1 + 0 + 0 is 11, and 12 is printed
    cells = pd.DataFrame(
        [(*key, figure, "reported") for key, figure in zip(keys, (10, 1, 0, 0, 12), strict=True)], columns=columns
    )

    def rate(*rows: dict[str, object]) -> list[object]:
        found = govstats.reconcile(cells, adjudications=table(*rows)) if rows else govstats.reconcile(cells)
        told = govstats.indicators(cells, names="correction_rate.reconsideration", findings=found)
        return told[["status", "value"]].round(4).to_numpy().tolist()[0]

    now: dict[str, Any] = {"figures": "10;1;0;0;12"}
    assert rate() == ["contradicted", 0.0833]
    assert rate(decision("confirmed", **now)) == ["contradicted", 0.0833]
    assert rate(decision("dismissed", figures="10;1;0;0;13")) == ["contradicted", 0.0833]
    assert rate(decision("dismissed", **now)) == ["computed", 0.0833]


def drawn(panel: Panel) -> tuple[list[int], list[bool]]:
    """Return the errors that the map of quality shows, and whether the figure of reconsiderations is drawn as contradicted."""
    points = points_over_years(panel, ["reconsiderations"])
    return quality_by_report(panel)["E"].tolist(), points["contradicted"].tolist()


def test_a_panel_finds_them_beside_its_documents_and_they_survive_another_reading(tmp_path: Path) -> None:
    documents = tmp_path / "reports"
    documents.mkdir()
    page = embedded.documents(AGENCY, 2023)[0]
    (documents / page.name).write_bytes(page.read_bytes())
    dismissed = table(decision("dismissed"), decision("dismissed", SECOND, "5;0;0;0;0"))
    out = tmp_path / "panel"
    before = govstats.read_corpus(documents, output=out)
    assert before.coverage()[["state", "failures"]].to_numpy().tolist() == [["inconsistent", 2]]
    assert drawn(before) == ([2], [True])
    dismissed.to_csv(documents / "adjudications.csv", index=False)
    panel = govstats.read_corpus(documents, output=out)
    assert panel.coverage()[["state", "failures"]].to_numpy().tolist() == [["consistent", 0]]
    assert panel.findings["decision"].dropna().tolist() == ["dismissed", "dismissed"]
    counted = panel.summary().query("rule == 'T4S'")[["pass", "fail", "failures", "failure_rate"]]
    assert counted.to_numpy().tolist() == [[1, 0, 0, 0.0]]
    assert panel.findings.query("rule == 'T4S'")["status"].tolist().count("fail") == 2
    # what somebody dismissed is no failure of the map either, and contradicts no figure; the database shows what was decided
    assert drawn(panel) == ([0], [False])
    with duckdb.connect(str(out / "govstats.duckdb"), read_only=True) as database:
        decided = database.sql("SELECT decision FROM failed WHERE rule = 'T4S'").fetchall()
    assert decided == [("dismissed",), ("dismissed",)]
    # the page is published anew with another total: the first decision is stale, and the failure counts
    (documents / "adjudications.csv").unlink()
    changed = govstats.read_corpus(documents, output=out, adjudications=dismissed.assign(figures=["10;1;0;0;3", "5;0;0;0;0"]))
    assert changed.findings["decision"].dropna().tolist() == ["stale", "dismissed"]
    assert changed.coverage()["failures"].tolist() == [1]


def test_a_table_beside_the_documents_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "adjudications.csv").write_bytes("agency,reason\n某局,来函\n".encode("gbk"))
    with pytest.raises(UnusableCorrections, match=r"adjudications\.csv: .*no CSV in UTF-8.*[一-龥]"):
        govstats.read_corpus(tmp_path)
    table(decision("confirmed"), decision("perhaps")).to_csv(tmp_path / "adjudications.csv", index=False)
    with pytest.raises(UnusableCorrections, match=r"^adjudications\.csv, line 3: decision is 'perhaps'"):
        govstats.read_corpus(tmp_path)


def test_only_findings_and_repairs_are_decided_on(report: govstats.Report) -> None:
    with pytest.raises(UnusableCells, match=r"the findings frame lacks the column\(s\) rule, cells"):
        govstats.adjudicate(report, report.cells, "dismissed", by="张三", reason="来函")


def test_the_command_line_takes_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = str(embedded.documents(AGENCY, 2023)[0])
    path = tmp_path / "adjudications.csv"
    table(decision("confirmed"), decision("dismissed", SECOND, "5;0;0;0;0")).to_csv(path, index=False)
    assert main(["check", page, "--adjudications", str(path)]) == 1
    assert "T4S (confirmed)" in capsys.readouterr().out
    table(decision("dismissed"), decision("dismissed", SECOND, "5;0;0;0;0")).to_csv(path, index=False)
    capsys.readouterr()
    openpyxl = pytest.importorskip("openpyxl")
    assert main(["check", page, "--adjudications", str(path), "--workbook", str(tmp_path / "a.xlsx")]) == 0
    assert "failed 2（其中已排除 of these dismissed 2）" in capsys.readouterr().out
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx").worksheets[0]
    assert [sheet.cell(row, 3).value.partition(" ")[0] for row in (4, 5)] == ["(dismissed)", "(dismissed)"]


def test_coverage_knows_when_an_agency_existed(tmp_path: Path) -> None:
    documents = tmp_path / "reports"
    documents.mkdir()
    for agency, year in ((AGENCY, 2023), ("平潭综合实验区", 2020), ("平潭综合实验区", 2025)):
        page = embedded.documents(agency, year)[0]
        (documents / page.name).write_bytes(page.read_bytes())
    panel = govstats.read_corpus(documents)

    def missing(*expected: tuple[str, int | None, int | None]) -> list[tuple[str, int]]:
        known = pd.DataFrame(expected, columns=["agency", "from", "until"]) if expected else None
        told = panel.coverage(known).query("state == 'missing'")
        return sorted(zip(told["agency"], told["year"], strict=True))

    pingtan = [("平潭综合实验区", year) for year in (2021, 2022, 2023, 2024)]
    hongze = [(AGENCY, year) for year in (2020, 2021, 2022, 2024, 2025)]
    assert missing() == sorted([*pingtan, *hongze])
    # from 2022 to 2023, of which there is a document
    assert missing((AGENCY, 2022, 2023)) == sorted([*pingtan, (AGENCY, 2022)])
    # what there is a document of is never left out
    assert missing((AGENCY, 2024, None)) == sorted([*pingtan, (AGENCY, 2024), (AGENCY, 2025)])
    assert (
        len(panel.coverage(pd.DataFrame({"agency": [AGENCY], "from": [2024], "until": [None]})).query("state != 'missing'")) == 3
    )
    # an agency without a document, which was there twice
    twice = [("某局", None, 2020), ("某局", 2025, None)]
    assert missing(*twice) == sorted([*pingtan, *hongze, ("某局", 2020), ("某局", 2025)])


def test_a_decision_on_a_rule_that_there_is_not_is_refused(report: govstats.Report, tmp_path: Path) -> None:
    file = tmp_path / "adjudications.csv"
    table(decision("dismissed"), decision("dismissed", rule="T4Z")).to_csv(file, index=False)
    with pytest.raises(UnusableCorrections, match=r"adjudications\.csv, line 3: rule is 'T4Z'[,;] expected one or several"):
        govstats.reconcile(report, adjudications=file)
    with pytest.raises(UnusableCorrections, match="应为以分号相连的已知规则编号"):
        govstats.reconcile(report, adjudications=file)
    # a rule of one's own is known where it is applied
    own = tmp_path / "own.toml"
    edit = '{ table = "review", each = "line", left = ["total"], relation = ">=", right = ["upheld"] }'
    own.write_text(f'[[rules]]\nid = "T4Z"\nseverity = "W"\ntitle_zh = "不少于维持"\nedits = [{edit}]\n', "utf-8")
    found = govstats.reconcile(report, rules=own, adjudications=file).query("rule == 'T4S'")
    assert "dismissed" in set(found["decision"])
