"""Which report is meant: a file of one's own, a report in a folder, or one of the corpus."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from govstats import embedded
from govstats.errors import UnknownReport
from govstats.sources import choose_panel, choose_report, choose_reports, is_typeset, neighbours, origin, other_formats

PINGTAN = "平潭综合实验区"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two years of one agency, one of them in two formats."""
    for year in (2024, 2025):
        for path in embedded.documents(PINGTAN, year)[:2]:
            shutil.copy(path, tmp_path)
    return tmp_path


def test_a_document_needs_no_agency_and_a_hint_of_the_caller_is_believed(folder: Path) -> None:
    document = folder / "pingtan-2025.html"
    report = choose_report(document=document)
    assert (report.agency, report.year, report.source) == (PINGTAN, 2025, "pingtan-2025.html")
    assert choose_report("某局", 2030, document=document).agency == "某局"
    assert [(one.agency, one.year) for one in neighbours(report)] == [(PINGTAN, 2024)]


def test_a_folder_has_its_own_reports_and_says_which(folder: Path) -> None:
    report = choose_report(PINGTAN, 2025, folder=folder)
    others = other_formats(report, folder=folder)
    assert {report.source, *(other.source for other in others)} == {"pingtan-2025.html", "pingtan-2025.md"}
    assert [one.year for one in neighbours(report, folder=folder)] == [2024]
    assert sorted(one.year or 0 for one in choose_reports(folder=folder)) == [2024, 2025]
    with pytest.raises(UnknownReport, match=f"no report of '某局' for 2025; it has: {PINGTAN} 2024; {PINGTAN} 2025"):
        choose_report("某局", 2025, folder=folder)


def test_a_panel_of_one_document_holds_it_alone(folder: Path) -> None:
    assert choose_panel(document=folder / "pingtan-2025.html").reports["year"].tolist() == [2025]
    assert set(choose_panel(folder=folder).reports["year"]) == {2024, 2025}
    assert [one.year for one in choose_reports(document=folder / "pingtan-2025.html")] == [2025]


def test_what_the_project_typeset_says_so_and_nothing_else_does(folder: Path) -> None:
    document = folder / "pingtan-2025.html"
    assert is_typeset(choose_report(document=document))
    assert "不是原件" in origin(choose_report(PINGTAN, 2025))
    document.write_text(document.read_text("utf-8") + "\n", "utf-8")
    assert origin(choose_report(document=document)) == ""


def test_without_a_year_the_corpus_is_not_guessed_from() -> None:
    with pytest.raises(UnknownReport, match="no year is given"):
        choose_report(PINGTAN)
