"""The embedded corpus: is it whole, and does govstats read its documents as people transcribed them."""

import csv
import hashlib
import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType

import pandas as pd
import pypdfium2
import pypdfium2.raw
import pytest

import govstats
from govstats import embedded
from govstats.errors import GovstatsError, UnknownReport
from govstats.forms import form

DATA = Path(__file__).resolve().parents[1] / "data"
SHARED = DATA.parent.parent / "shared"


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


REGISTER = rows_of(DATA / "reports.csv")
FIGURES = rows_of(DATA / "figures.csv")
DOCUMENTS = [(row, path) for row in REGISTER for path in sorted((DATA / "documents").glob(f"{row['slug']}.*"))]
AMOUNTS = {("administrative_fees", "amount"), ("procurement", "amount")}

each_document = pytest.mark.parametrize(("row", "path"), DOCUMENTS, ids=[path.name for _, path in DOCUMENTS])


@pytest.fixture(scope="module")
def typeset() -> ModuleType:
    spec = importlib.util.spec_from_file_location("typeset", DATA / "typeset.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def transcribed(row: dict[str, str]) -> dict[tuple[str, str, str], str]:
    of_report = [cell for cell in FIGURES if (cell["agency"], cell["year"]) == (row["agency"], row["year"])]
    return {(cell["table"], cell["line"], cell["column"]): cell["printed"] for cell in of_report}


def expected(key: tuple[str, str, str], printed: str) -> tuple[float | None, str]:
    """What a cell says, worked out here and not with govstats: value in the form's unit, and status."""
    if not printed.strip():
        return None, "blank"
    text = re.sub(r"[（(].*?[）)]", "", printed).replace(",", "").replace("，", "").strip()
    number = re.match(r"-?\d+(\.\d+)?", text)
    assert number, printed
    in_yuan = key[1:] in AMOUNTS and text.endswith("元") and not text.endswith("万元")
    return float(number[0]) / (10000 if in_yuan else 1), "reported"


def test_committed_files_are_what_the_script_makes(typeset: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("fpdf", reason="fpdf2 is not installed: the PDF documents cannot be typeset")
    pytest.importorskip("pylopdf_fonts_zh_cn", reason="the Chinese font is not installed: the PDF documents cannot be typeset")
    assert typeset.main(["--check"]) == 0, capsys.readouterr().err


def test_every_file_has_its_hash_in_the_data_package() -> None:
    resources = json.loads((DATA / "datapackage.json").read_text("utf-8"))["resources"]
    for resource in resources:
        content = (DATA / resource["path"]).read_bytes()
        assert resource["bytes"] == len(content), resource["path"]
        assert resource["hash"] == f"sha256:{hashlib.sha256(content).hexdigest()}", resource["path"]
        if resource["format"] not in {"docx", "pdf"}:
            content.decode(resource["encoding"])
    listed = {resource["path"] for resource in resources}
    assert listed == {
        "reports.csv",
        "figures.csv",
        "claims.csv",
        *(f"documents/{path.name}" for path in (DATA / "documents").iterdir()),
    }
    assert len(listed) == len(resources) == len({resource["name"] for resource in resources})


def test_the_tables_have_the_columns_that_their_schema_names() -> None:
    tables = [one for one in json.loads((DATA / "datapackage.json").read_text("utf-8"))["resources"] if "schema" in one]
    assert [table["name"] for table in tables] == ["register", "figures", "claims"]
    for resource in tables:
        rows = rows_of(DATA / resource["path"])
        schema = resource["schema"]
        assert list(rows[0]) == [field["name"] for field in schema["fields"]]
        if keys := schema.get("primaryKey"):
            assert len({tuple(row[key] for key in keys) for row in rows}) == len(rows)
        for field in schema["fields"]:
            assert " / " in field["title"], f"{field['name']} has no title in both Chinese and English"
            assert " / " in field["description"], f"{field['name']} is not described in both Chinese and English"
            allowed = field.get("constraints", {}).get("enum")
            assert allowed is None or {row[field["name"]] for row in rows} <= set(allowed)


def test_every_figure_stands_where_its_form_has_a_cell() -> None:
    for row in REGISTER:
        statutory, cells = form(row["form"]), transcribed(row)
        if row["slug"] in {"mem-2019", "mem-2023"}:
            assert not cells
            continue
        if row["form"] == "2008":
            assert {(table, column) for table, _, column in cells} == {("statistics", "this_year"), ("statistics", "cumulative")}
            continue
        missing = set(statutory.cells) - set(cells)
        extra = {(table, line) for table, line, _ in set(cells) - set(statutory.cells)}
        if row["slug"] in {"hongze-2023", "hongze-2024"}:
            assert extra == {("requests", "other")}
            assert {line for _, line, _ in missing} == {"other.correction_overdue", "other.fee_overdue", "other.other"}
        elif row["slug"] == "haidong-2021":
            assert not extra
            assert {line for _, line, _ in missing} == {"granted", "partly_granted"}
        else:
            assert not missing, row["slug"]
            assert not extra, row["slug"]


def test_the_figures_are_those_of_the_transcriptions() -> None:
    if not SHARED.is_dir():
        pytest.skip("the real reports are not beside this checkout (../shared)")
    for row in REGISTER:
        places = SHARED / "reports" / row["slug"] / "cells.csv", SHARED / "figures" / f"{row['slug']}.csv"
        truth = [cell for place in places if place.is_file() for cell in rows_of(place)]
        sure = {(c["table"], c["line"], c["column"]): c["printed"] for c in truth if not c["printed"].endswith("?")}
        assert transcribed(row) == sure, row["slug"]


def test_published_errors_are_kept() -> None:
    cells = embedded.figures("平潭综合实验区", 2020).set_index(["table", "line", "column"])["printed"]
    assert cells["requests", "processed_total", "total"] == "21"
    parts = [cells["requests", line.id, "total"] for line in form("2019").table("requests").lines[2:-2] if not line.subtotal]
    assert sum(map(int, parts)) == 27
    review = embedded.figures("淮安市洪泽区人民政府", 2023).set_index(["table", "line", "column"])["printed"]["review"]
    assert review["reconsideration"].tolist() == ["10", "1", "0", "0", "0"]
    assert review["litigation_after_reconsideration"].tolist() == ["5", "0", "0", "0", "0"]


def test_every_report_comes_in_two_formats_and_pingtan_in_html_throughout() -> None:
    for row in REGISTER:
        assert len([path for other, path in DOCUMENTS if other is row]) >= 2, row["slug"]
    assert {row["slug"] for row, path in DOCUMENTS if path.suffix == ".html"} == {row["slug"] for row in REGISTER}


def test_a_page_is_in_gb18030_and_does_not_say_so() -> None:
    content = (DATA / "documents" / "pingtan-2023.html").read_bytes()
    assert b"charset" not in content
    assert "平潭综合实验区" in content.decode("gb18030")
    with pytest.raises(UnicodeDecodeError):
        content.decode("utf-8")


def test_register_has_dates_years_and_empty_addresses() -> None:
    register = embedded.register()
    of = {str(row["slug"]): row for row in register.to_dict("records")}
    assert of["pingtan-2025"]["publication_date"] == pd.Timestamp("2026-03-10")
    assert of["pingtan-2025"]["source_address"].startswith("https://www.pingtan.gov.cn/")
    assert of["pingtan-2024"]["publication_date"] is pd.NaT
    assert of["pingtan-2024"]["source_address"] == ""
    assert register["year"].dtype == "Int64"
    shuyang = of["shuyang-county-2025"]
    assert (shuyang["agency"], shuyang["level"], shuyang["region_code"]) == ("沭阳县人民政府", "county", "321322")


def test_what_a_caller_does_to_a_frame_does_not_reach_the_next() -> None:
    for load in (embedded.register, embedded.figures):
        frame = load()
        frame["agency"] = "x"
        assert "x" not in set(load()["agency"])


def test_figures_select_and_keep_blanks() -> None:
    cells = embedded.figures("上海市人民政府办公厅", 2019)
    assert len(cells) == 198
    assert (cells["printed"] == "").sum() == 135
    assert set(embedded.figures(year=2020)["agency"]) == {"平潭综合实验区", "宁夏回族自治区应急管理厅"}
    assert len(embedded.figures("应急管理部", 2019)) == 0


def test_documents_come_preferred_first() -> None:
    assert [path.name for path in embedded.documents("宁夏回族自治区应急管理厅", 2020)] == [
        "ningxia-2020.html",
        "ningxia-2020.md",
        "ningxia-2020.txt",
    ]
    assert [path.suffix for path in embedded.documents("应急管理部", 2021)] == [".html", ".txt", ".docx", ".pdf"]


def test_pdf_documents_are_small_and_hold_nothing_that_depends_on_the_machine() -> None:
    paths = sorted((DATA / "documents").glob("*.pdf"))
    assert {row["form"] for row, path in DOCUMENTS if path in paths} == {"2008", "2019", "2021"}
    for path in paths:
        content = path.read_bytes()
        assert len(content) < 110_000, path.name
        assert b"FlateDecode" not in content, f"{path.name}: what zlib makes of it is not the same everywhere"
        assert b"/CreationDate (D:20000101000000Z)" in content


def pdf_pages(slug: str) -> list[tuple[float, float, str, int]]:
    """Width, height, text and number of drawn lines and boxes of each page."""
    with pypdfium2.PdfDocument(DATA / "documents" / f"{slug}.pdf") as pdf:
        return [
            (
                *page.get_size(),
                page.get_textpage().get_text_range(),
                sum(item.type == pypdfium2.raw.FPDF_PAGEOBJ_PATH for item in page.get_objects()),
            )
            for page in pdf
        ]


def test_pdf_tables_go_over_pages_with_and_without_their_header() -> None:
    for slug, pages_with_header in {"pingtan-2025": [2, 3], "pingtan-2020": [2]}.items():
        cells = embedded_cells(slug)
        assert set(cells.loc[cells["table"] == "requests", "page"]) == {2, 3}
        texts = [text for _, _, text, _ in pdf_pages(slug)]
        assert [number for number, text in enumerate(texts, 1) if "申请人情况" in text] == pages_with_header


def test_pdf_pages_lie_on_their_side_or_have_no_rulings() -> None:
    assert all(width > height for slug in ("mem-2021", "shanghai-office-2019") for width, height, *_ in pdf_pages(slug))
    assert all(width < height for slug in ("hongze-2023", "pingtan-2017") for width, height, *_ in pdf_pages(slug))
    # a running head has one line, and stands on no first page
    assert [rulings for *_, rulings in pdf_pages("pingtan-2017")] == [0, 1]
    assert [rulings for *_, rulings in pdf_pages("pingtan-2012")] == [17 * 3]


def embedded_cells(slug: str) -> pd.DataFrame:
    row = next(row for row in REGISTER if row["slug"] == slug)
    return embedded.report(row["agency"], int(row["year"]), "pdf").cells


def test_an_unknown_agency_is_told_the_nearest_first() -> None:
    with pytest.raises(
        UnknownReport, match=r"no agency '洪泽区人民政府'; it has, the nearest first: 淮安市洪泽区人民政府; "
    ) as caught:
        embedded.documents("洪泽区人民政府", 2023)
    assert isinstance(caught.value, GovstatsError)
    assert isinstance(caught.value, LookupError)
    for row in REGISTER:
        assert row["agency"] in str(caught.value)


def test_an_unknown_year_is_told_the_years_there_are() -> None:
    with pytest.raises(UnknownReport, match=r"no report of 应急管理部 for the year 2020; it has 2019, 2021, 2023 自带"):
        embedded.report("应急管理部", 2020)


def test_an_unknown_format_is_told_the_formats_there_are() -> None:
    with pytest.raises(UnknownReport, match=r"海东市应急管理局 2021 is not .* as 'pdf'; it is there as html, text 自带"):
        embedded.report("海东市应急管理局", 2021, "pdf")


@each_document
def test_read_knows_whose_report_it_is(row: dict[str, str], path: Path) -> None:
    report = govstats.read(path)
    assert (report.agency, report.year, report.form) == (row["agency"], int(row["year"]), row["form"])
    assert report.title == row["title"]
    assert report.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


@each_document
def test_read_finds_every_cell_as_transcribed(row: dict[str, str], path: Path) -> None:
    figures = transcribed(row)
    want = {key: (*expected(key, printed), printed) for key, printed in figures.items()}
    cells = govstats.read(path).cells.to_dict("records")
    read = {
        (cell["table"], cell["line"], cell["column"]): (
            None if pd.isna(cell["value"]) else round(cell["value"], 9),
            cell["status"],
            cell["printed"],
        )
        for cell in cells
    }
    assert len(read) == len(cells), "a cell stands there twice"
    wrong = [
        f"{'/'.join(key)}: read {read.get(key)}, transcribed {want.get(key)}"
        for key in sorted(set(want) | set(read))
        if (read.get(key) or (None,)) != (want.get(key) or (None,))
    ]
    assert not wrong, f"{path.name}: {len(wrong)} of {len(want)} cells: " + "; ".join(wrong[:5])


@pytest.mark.parametrize("row", REGISTER, ids=[row["slug"] for row in REGISTER])
def test_every_format_of_a_report_gives_the_same_cells(row: dict[str, str]) -> None:
    fields = ("table", "line", "column", "value", "printed", "status", "unit")
    said = {}
    for name, suffix in embedded.FORMATS.items():
        if (DATA / "documents" / f"{row['slug']}{suffix}").is_file():
            cells = embedded.report(row["agency"], int(row["year"]), name).cells.to_dict("records")
            said[name] = {tuple(str(cell[field]) for field in fields) for cell in cells}
    for name, others in said.items():
        assert sorted(others ^ said["html"]) == [], f"html and {name} differ"


@pytest.mark.parametrize(("agency", "year"), [("应急管理部", 2019), ("应急管理部", 2023)])
def test_a_report_that_lost_its_tables_says_so(agency: str, year: int) -> None:
    for name in ("html", "text"):
        report = embedded.report(agency, year, name)
        assert report.cells.empty
        lost = report.notes.loc[report.notes["kind"] == "missing_table", "table"]
        assert sorted(lost) == ["proactive", "requests", "review"]


def test_lines_that_a_copy_lost_are_noted() -> None:
    for name in ("html", "text"):
        notes = embedded.report("海东市应急管理局", 2021, name).notes
        assert sorted(notes.loc[notes["kind"] == "missing_line", "line"]) == ["granted", "partly_granted"]
