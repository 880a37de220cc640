"""PDF documents: what stands on the page is read, wherever the file has it from, and nothing else."""

from __future__ import annotations

import contextlib
import csv
import io
import logging
import random
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

import govstats
from govstats.documents import Cell, Grid, open_document
from govstats.documents.document import Box
from govstats.documents.page import PageTable, Segment, Word, cell_of, without_running_heads
from govstats.errors import GovstatsError, UnreadableDocument
from govstats.report import ReadCell

fpdf = pytest.importorskip("fpdf", reason="drawing PDF documents needs fpdf2")
pikepdf = pytest.importorskip("pikepdf", reason="turning pages needs pikepdf")
pdfplumber = pytest.importorskip("pdfplumber", reason="an independent reader of PDF documents")
fonts = pytest.importorskip("pylopdf_fonts_zh_cn", reason="drawing Chinese text needs a font of the extra notebooks")
subset = pytest.importorskip("fontTools.subset")

Finish = Callable[["Page"], None]

HEADER = ("信息内容", "本年制发件数", "本年废止件数", "现行有效件数")
ROWS = (
    ("第二十条第（一）项",),
    HEADER,
    ("规章", "3", "0", "62"),
    ("行政规范性文件", "17", "2", "295"),
    ("第二十条第（五）项",),
    ("信息内容", "本年处理决定数量"),
    ("行政许可", "1042"),
    ("第二十条第（六）项",),
    ("信息内容", "本年处理决定数量"),
    ("行政处罚", "7"),
    ("行政强制", "10"),
    ("第二十条第（八）项",),
    ("信息内容", "本年收费金额（单位：万元）"),
    ("行政事业性收费", "12.5"),
)
KEYS = {
    ("规章", 1): ("rules", "issued"),
    ("规章", 2): ("rules", "repealed"),
    ("规章", 3): ("rules", "in_force"),
    ("行政规范性文件", 1): ("normative_documents", "issued"),
    ("行政规范性文件", 2): ("normative_documents", "repealed"),
    ("行政规范性文件", 3): ("normative_documents", "in_force"),
    ("行政许可", 1): ("licensing", "decisions"),
    ("行政处罚", 1): ("penalties", "decisions"),
    ("行政强制", 1): ("coercive_measures", "decisions"),
    ("行政事业性收费", 1): ("administrative_fees", "amount"),
}
FIGURES = {key: float(next(row for row in ROWS if row[0] == label)[at]) for (label, at), key in KEYS.items()}
LEFTS, TOP, TALL = (60, 200, 310, 420, 530), 160, 22
TITLE = "某市某区示范局2023年政府信息公开工作年度报告"


@pytest.fixture(scope="session")
def font(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The characters of these tests out of a Chinese font, which takes seconds to put into a document."""
    logging.getLogger("fontTools").setLevel(logging.ERROR)
    path = tmp_path_factory.mktemp("font") / "few.otf"
    options = subset.Options()
    options.layout_features = []
    loaded = subset.load_font(str(fonts.sans_path()), options)
    few = subset.Subsetter(options)
    few.populate(text="".join(map(chr, range(32, 127))) + "".join(map("".join, ROWS)) + TITLE + "二、主动公开情况内部资料总计")
    few.subset(loaded)
    subset.save_font(loaded, str(path), options)
    loaded.close()
    return path


class Page:
    """A page with the table on proactive disclosure."""

    def __init__(self, font: Path) -> None:
        self.pdf = fpdf.FPDF(unit="pt", format=(595, 842))
        self.pdf.set_auto_page_break(False)
        self.pdf.add_font("few", "", str(font))
        self.pdf.add_page()
        self.at: dict[tuple[str, str], tuple[float, float]] = {}

    def put(self, text: str, x: float, y: float, size: float = 10) -> None:
        """Write text with the middle of its line at a place."""
        self.pdf.set_font("few", "", size)
        self.pdf.text(x - self.pdf.get_string_width(text) / 2, y + 0.38 * size, text)

    def table(
        self, rows: tuple[tuple[str, ...], ...] = ROWS, *, ruled: bool = True, moved: tuple[str, str] | None = None
    ) -> None:
        self.put(TITLE, 297, 60, 16)
        self.put("二、主动公开政府信息情况", 160, 130, 14)
        for number, row in enumerate(rows):
            y = TOP + TALL * (number + 0.5)
            edges = (*LEFTS[: len(row)], LEFTS[-1])
            for at, text in enumerate(row):
                x = (edges[at] + edges[at + 1]) / 2
                if (row[0], at) in KEYS:
                    self.at[KEYS[row[0], at]] = x, y
                if ruled:
                    self.pdf.rect(edges[at], TOP + TALL * number, edges[at + 1] - edges[at], TALL)
                if (row[0], at) not in KEYS or KEYS[row[0], at] != moved:
                    self.put(text, x, y)

    def bytes(self) -> bytes:
        return bytes(self.pdf.output())


def figures(content: bytes) -> dict[tuple[str, str], float | None]:
    return {(cell.line, cell.column): cell.value for cell in read_cells(content)}


def read_cells(content: bytes) -> list[ReadCell]:
    return [cell for cell in govstats.read(content).read_cells if cell.table == "proactive"]


def changed(content: bytes, change: Callable[[Any], None]) -> bytes:
    with pikepdf.open(io.BytesIO(content)) as pdf:
        change(pdf)
        out = io.BytesIO()
        pdf.save(out)
    return out.getvalue()


def drawn(font: Path, finish: Finish | None = None, *, ruled: bool = True, moved: tuple[str, str] | None = None) -> bytes:
    page = Page(font)
    page.table(ruled=ruled, moved=moved)
    if finish is not None:
        finish(page)
    return page.bytes()


@pytest.mark.parametrize("ruled", [True, False])
def test_a_drawn_table_is_read(font: Path, ruled: bool) -> None:
    assert figures(drawn(font, ruled=ruled)) == FIGURES


# --- what is in the file but not on the page --------------------------------------------------------------------------------


def white(page: Page) -> None:
    x, y = page.at["rules", "in_force"]
    page.pdf.set_text_color(255, 255, 255)
    page.put("8", x + 8, y)


def without_ink(page: Page) -> None:
    x, y = page.at["rules", "in_force"]
    with page.pdf.local_context(text_mode="INVISIBLE"):
        page.put("8", x + 8, y)


def out_of_the_page(page: Page) -> None:
    x, y = page.at["rules", "in_force"]
    with page.pdf.rotation(30, x, y):
        page.pdf.set_text_color(200, 200, 200)
        page.put("2023", x, y, 30)


def watermark(page: Page) -> None:
    page.pdf.set_text_color(200, 200, 200)
    page.put("内部资料2023", 330, 220, 40)


@pytest.mark.parametrize("ruled", [True, False])
@pytest.mark.parametrize("finish", [white, without_ink, out_of_the_page, watermark])
def test_what_is_not_shown_is_not_read(font: Path, finish: Finish, ruled: bool) -> None:
    assert figures(drawn(font, finish, ruled=ruled)) == FIGURES


def test_white_text_on_a_dark_cell_is_shown(font: Path) -> None:
    def finish(page: Page) -> None:
        x, y = page.at["rules", "in_force"]
        page.pdf.set_fill_color(0, 60, 120)
        page.pdf.rect(x - 40, y - 10, 80, 20, style="F")
        page.pdf.set_text_color(255, 255, 255)
        page.put("62", x, y)

    assert figures(drawn(font, finish, moved=("rules", "in_force"))) == FIGURES


def test_a_figure_that_was_painted_over_is_gone(font: Path) -> None:
    def finish(page: Page) -> None:
        x, y = page.at["licensing", "decisions"]
        page.pdf.set_fill_color(255, 255, 255)
        page.pdf.rect(x - 20, y - 8, 40, 16, style="F")
        page.put("2042", x, y)

    assert figures(drawn(font, finish)) == FIGURES | {("licensing", "decisions"): 2042}


def test_a_figure_that_was_struck_out_is_deleted(font: Path) -> None:
    def finish(page: Page) -> None:
        x, y = page.at["licensing", "decisions"]
        page.put("1042", x - 14, y)
        page.pdf.line(x - 26, y, x - 2, y)
        page.put("2042", x + 14, y)

    content = drawn(font, finish, moved=("licensing", "decisions"))
    assert figures(content) == FIGURES | {("licensing", "decisions"): 2042}


# --- what is put on a page, and what hides it ---------------------------------------------------------------------------------

LICENSING = ("licensing", "decisions")
#: The middle of its cell, from the lower left corner of the page.
X, Y = 365, 842 - (TOP + 6.5 * TALL)
UNREADABLE = "unreadable"


def of_licensing(content: bytes) -> float | str | None:
    """Read what the cell says, or its status; the other cells have to be as they were."""
    cells = {(cell.line, cell.column): cell for cell in read_cells(content)}
    assert {key: cell.value for key, cell in cells.items() if key != LICENSING} == {
        key: value for key, value in FIGURES.items() if key != LICENSING
    }
    cell = cells.get(LICENSING)
    # a cell that holds something that is no text is not blank
    return UNREADABLE if cell is None else cell.value if cell.status == "reported" else cell.status


def helvetica() -> Any:
    return pikepdf.Dictionary(
        Font=pikepdf.Dictionary(
            H=pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica)
        )
    )


def written(text: str, x: float = X, y: float = Y) -> str:
    return f"BT /H 10 Tf {x - 2.8 * len(text)} {y - 3.8} Td ({text}) Tj ET"


def with_note(kind: str, drawn: str = "", *, dx: float = 0, flags: int = 4, **keys: Any) -> Callable[[Any], None]:
    """Put an annotation on the figure, 40 points wide and 16 high."""

    def change(pdf: Any) -> None:
        note = pikepdf.Dictionary(
            Type=pikepdf.Name.Annot,
            Subtype=pikepdf.Name("/" + kind),
            Rect=[X - 20 + dx, Y - 8, X + 20 + dx, Y + 8],
            QuadPoints=[X - 12, Y + 5, X + 12, Y + 5, X - 12, Y - 5, X + 12, Y - 5],
            F=flags,
            **keys,
        )
        if drawn:
            look = pdf.make_stream(drawn.encode())
            look.Type, look.Subtype, look.BBox = pikepdf.Name.XObject, pikepdf.Name.Form, [0, 0, 40, 16]
            look.Resources = helvetica()
            note.AP = pikepdf.Dictionary(N=look)
        pdf.pages[0].Annots = pdf.make_indirect(pikepdf.Array([pdf.make_indirect(note)]))
        if kind == "Widget":
            fields = pikepdf.Dictionary(Fields=pdf.pages[0].Annots, DA=pikepdf.String("/H 10 Tf 0 g"), DR=helvetica())
            pdf.Root.AcroForm = fields

    return change


TYPED = written("2042", 20, 8)
ON_WHITE = f"1 g 0 0 40 16 re f 0 g {TYPED}"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param(with_note("FreeText", ON_WHITE), 2042, id="typed over"),
        pytest.param(with_note("FreeText", TYPED), UNREADABLE, id="typed over without a ground"),
        pytest.param(with_note("FreeText", TYPED, dx=24), UNREADABLE, id="typed beside"),
        pytest.param(with_note("FreeText", ON_WHITE, flags=2), 1042, id="hidden"),
        pytest.param(
            with_note("FreeText", Contents=pikepdf.String("2042"), DA=pikepdf.String("/H 10 Tf 0 g")), UNREADABLE, id="no look"
        ),
        pytest.param(with_note("StrikeOut", "1 0 0 RG 6 8 m 34 8 l S"), UNREADABLE, id="struck out"),
        pytest.param(with_note("StrikeOut", C=[1, 0, 0]), UNREADABLE, id="struck out, no look"),
        pytest.param(with_note("Ink", InkList=[[X - 14, Y - 5, X, Y + 1, X + 14, Y + 5]], C=[1, 0, 0]), UNREADABLE, id="crossed"),
        pytest.param(with_note("Line", "1 0 0 RG 2 w 4 4 m 36 12 l S"), UNREADABLE, id="line"),
        pytest.param(with_note("Redact", "0 g 0 0 40 16 re f"), UNREADABLE, id="blackened"),
        pytest.param(with_note("Square", IC=[0, 0, 0], C=[0, 0, 0]), UNREADABLE, id="blackened, no look"),
        pytest.param(with_note("Stamp", "1 0 0 rg 8 2 20 12 re f"), UNREADABLE, id="half covered"),
        pytest.param(with_note("Highlight", C=[1, 1, 0]), 1042, id="highlighted"),
        pytest.param(with_note("Underline", C=[1, 0, 0]), 1042, id="underlined"),
        pytest.param(with_note("Squiggly", C=[1, 0, 0]), 1042, id="underlined in waves"),
        pytest.param(with_note("Link"), 1042, id="link"),
    ],
)
def test_notes_on_a_page_are_looked_at(font: Path, change: Callable[[Any], None], expected: float | str) -> None:
    assert of_licensing(changed(drawn(font), change)) == expected


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param(with_note("Widget", TYPED, FT=pikepdf.Name.Tx, T=pikepdf.String("a")), 2042, id="text"),
        pytest.param(
            with_note(
                "Widget", FT=pikepdf.Name.Tx, T=pikepdf.String("a"), V=pikepdf.String("2042"), DA=pikepdf.String("/H 10 Tf 0 g")
            ),
            2042,
            id="text, no look",
        ),
        pytest.param(
            with_note(
                "Widget",
                FT=pikepdf.Name.Ch,
                Ff=131072,
                T=pikepdf.String("a"),
                V=pikepdf.String("2042"),
                Opt=[pikepdf.String("2042")],
                DA=pikepdf.String("/H 10 Tf 0 g"),
            ),
            2042,
            id="choice",
        ),
        pytest.param(
            with_note("Widget", "0 g 12 4 m 20 2 l 28 14 l S", FT=pikepdf.Name.Btn, T=pikepdf.String("a")), UNREADABLE, id="tick"
        ),
        pytest.param(with_note("Widget", TYPED, flags=2, FT=pikepdf.Name.Tx, T=pikepdf.String("a")), "blank", id="hidden"),
    ],
)
def test_form_fields_say_what_they_show(font: Path, change: Callable[[Any], None], expected: float | str) -> None:
    assert of_licensing(changed(drawn(font, moved=LICENSING), change)) == expected


def with_content(code: str, prepare: Callable[[Any], None] | None = None) -> Callable[[Any], None]:
    """Paint something after everything else on the page."""

    def change(pdf: Any) -> None:
        page = pdf.pages[0]
        page.contents_coalesce()
        page.Resources.Font.H = helvetica().Font.H
        if prepare is not None:
            prepare(pdf)
        page.Contents = pdf.make_stream(b"q " + page.Contents.read_bytes() + b" Q " + code.encode())

    return change


def layers(pdf: Any) -> None:
    """Give the page two layers, of which the first is switched off, and what is shown where both are on."""
    off, on = (pdf.make_indirect(pikepdf.Dictionary(Type=pikepdf.Name.OCG, Name=pikepdf.String(name))) for name in "ab")
    pdf.Root.OCProperties = pikepdf.Dictionary(OCGs=[off, on], D=pikepdf.Dictionary(OFF=[off], Order=[off, on]))
    both = pikepdf.Dictionary(Type=pikepdf.Name.OCMD, OCGs=[off, on], P=pikepdf.Name.AllOn)
    pdf.pages[0].Resources.Properties = pikepdf.Dictionary(A=off, B=on, C=pdf.make_indirect(both))


def picture(grey: int) -> Callable[[Any], None]:
    def change(pdf: Any) -> None:
        image = pdf.make_stream(bytes([grey]) * 16)
        image.Type, image.Subtype, image.ColorSpace = pikepdf.Name.XObject, pikepdf.Name.Image, pikepdf.Name.DeviceGray
        image.Width, image.Height, image.BitsPerComponent = 4, 4, 8
        pdf.pages[0].Resources.XObject = pikepdf.Dictionary(I=image)

    return change


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param(with_content(f"/OC /A BDC {written('2042')} EMC", layers), "blank", id="layer off"),
        pytest.param(with_content(f"/OC /B BDC {written('2042')} EMC", layers), 2042, id="layer on"),
        pytest.param(with_content(f"/OC /A BDC /OC /B BDC {written('2042')} EMC EMC", layers), "blank", id="layer in a layer"),
        pytest.param(with_content(f"/OC /C BDC {written('2042')} EMC", layers), "blank", id="both layers"),
        pytest.param(with_content(f"q 0 0 20 20 re W n {written('2042')} Q"), "blank", id="clipped"),
        pytest.param(with_content(f"q 0 0 m 300 0 l 0 300 l h W n {written('2042')} Q"), "blank", id="clipped by a polygon"),
        pytest.param(with_content(f"q {X - 50} {Y - 10} 100 20 re W n {written('2042')} Q"), 2042, id="clipped around"),
        pytest.param(with_content(f"q {X - 50} {Y - 10} 50 20 re W n {written('2042')} Q"), UNREADABLE, id="half clipped"),
        pytest.param(with_content(f"0.98 g {written('2042')}"), "blank", id="nearly white"),
        pytest.param(with_content(f"0.7 g {written('2042')}"), 2042, id="grey"),
        pytest.param(with_content(f"{written('2042')} {written('2042')}"), 2042, id="twice"),
        pytest.param(with_content(f"q 20 0 0 10 {X - 10} {Y - 5} cm /I Do Q", picture(60)), UNREADABLE, id="picture"),
        pytest.param(
            with_content(f"0 g {X} {Y - 5} m {X} {Y + 9} {X + 9} {Y + 9} {X + 9} {Y - 5} c f"), UNREADABLE, id="outline"
        ),
        pytest.param(with_content(f"0.7 w {X - 6} {Y} m {X + 6} {Y} l S"), UNREADABLE, id="stroke"),
    ],
)
def test_a_cell_says_what_is_painted_in_it(font: Path, change: Callable[[Any], None], expected: float | str) -> None:
    assert of_licensing(changed(drawn(font, moved=LICENSING), change)) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param(f"1 g {X - 25} {Y - 9} 50 18 re f 0 g {written('7')}", 7, id="shorter"),
        pytest.param(f"1 g {X - 25} {Y - 9} 50 18 re f", "blank", id="whitened"),
        pytest.param(f"1 g {X} {Y - 9} 25 18 re f", UNREADABLE, id="half whitened"),
        pytest.param(f"1 G 30 w {X - 25} {Y + 8} m {X + 25} {Y + 8} l S", "blank", id="under a broad stroke"),
        pytest.param(f"q 50 0 0 18 {X - 25} {Y - 9} cm /I Do Q", "blank", id="under a white picture"),
        pytest.param(f"q 6 0 0 8 {X + 13} {Y - 4} cm /I Do Q 0 g {X + 13} {Y - 4} 6 8 re f", UNREADABLE, id="beside a picture"),
    ],
)
def test_what_is_painted_over_a_figure_hides_it(font: Path, code: str, expected: float | str) -> None:
    assert of_licensing(changed(drawn(font), with_content(code, picture(255)))) == expected


def test_labels_are_read_where_no_font_draws_them(font: Path) -> None:
    def forget(pdf: Any) -> None:
        for item in pdf.objects:
            for key in ("/FontFile2", "/FontFile3"):
                if isinstance(item, pikepdf.Dictionary) and key in item:
                    del item[key]

    assert figures(changed(drawn(font), forget)) == FIGURES


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_what_lies_outside_the_crop_box_is_not_read(font: Path, quarters: int) -> None:
    def crop(pdf: Any) -> None:
        # the upper part of the table, from above the row of licensing on
        pdf.pages[0].CropBox = [0, 842 - (TOP + 5 * TALL), 595, 842]
        pdf.pages[0].Rotate = 90 * quarters

    read = {key: value for key, value in figures(changed(drawn(font), crop)).items() if value is not None}
    assert read == {key: value for key, value in FIGURES.items() if key[0] in {"rules", "normative_documents"}}


@pytest.mark.parametrize(("printed", "value"), [("128600", 128600), ("12860.5", 12860.5)])
def test_a_figure_over_the_edge_of_the_table_stays_whole(font: Path, printed: str, value: float) -> None:
    def finish(page: Page) -> None:
        page.put(printed, 527, page.at[LICENSING][1])

    content = drawn(font, finish, moved=LICENSING)
    assert of_licensing(content) == value
    assert not any(printed[-2:] in block.text for block in open_document(content).paragraphs)


def test_a_digit_at_the_ruling_left_of_it_is_whole(font: Path) -> None:
    """The ink of a thick ruling reaches into its box."""

    def finish(page: Page) -> None:
        y = page.at[LICENSING][1]
        page.pdf.set_line_width(2.8)
        page.pdf.line(LEFTS[1], y - TALL / 2, LEFTS[1], y + TALL / 2)
        page.pdf.set_font("few", "", 10)
        page.put("1042", LEFTS[1] + 0.1 + page.pdf.get_string_width("1042") / 2, y)

    assert of_licensing(drawn(font, finish, moved=LICENSING)) == 1042


# --- figures that are none --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ruled", [True, False])
@pytest.mark.parametrize(("size", "raised"), [(6, 4), (7, 3), (7.5, 2.5)])
def test_a_raised_digit_is_a_footnote_mark(font: Path, ruled: bool, size: float, raised: float) -> None:
    def finish(page: Page) -> None:
        x, y = page.at["rules", "in_force"]
        page.put("1", x + 8, y - raised, size)
        x, y = page.at["licensing", "decisions"]
        page.put("12", x + 15, y - raised, size)

    cells = {(cell.line, cell.column): cell for cell in read_cells(drawn(font, finish, ruled=ruled))}
    assert {key: cell.value for key, cell in cells.items()} == FIGURES
    assert "".join(cells["rules", "in_force"].printed.split()) == "62[1]"


def lower_and_smaller(page: Page) -> None:
    x, y = page.at["rules", "in_force"]
    page.put("1", x + 8, y + 2, 6)


def printed_over(page: Page) -> None:
    x, y = page.at["rules", "in_force"]
    page.put("48", x + 1, y)


def beside(page: Page) -> None:
    x, y = page.at["rules", "in_force"]
    page.put("5", x + 12.5, y)


@pytest.mark.parametrize("finish", [lower_and_smaller, printed_over, beside])
def test_digits_that_make_no_figure_are_left_undecided(font: Path, finish: Finish) -> None:
    cells = {(cell.line, cell.column): cell for cell in read_cells(drawn(font, finish))}
    assert cells["rules", "in_force"].status == "unreadable"
    assert {key: cell.value for key, cell in cells.items() if cell.status == "reported"} == {
        key: value for key, value in FIGURES.items() if key != ("rules", "in_force")
    }


def test_numbers_of_glyphs_are_no_figures(font: Path) -> None:
    # without a table of codes, the glyphs of 3 and 7 may be numbered like 5 and 6
    def finish(page: Page) -> None:
        page.pdf.add_font("glyphs", "", str(font))
        page.pdf.set_font("glyphs", "", 10)
        x, y = page.at["rules", "in_force"]
        page.pdf.text(x - 6, y + 4, "62")

    def forget(pdf: Any) -> None:
        tables = [o for o in pdf.objects if isinstance(o, pikepdf.Dictionary) and "/ToUnicode" in o and o.get("/Type") == "/Font"]
        del tables[-1]["/ToUnicode"]

    content = changed(drawn(font, finish, moved=("rules", "in_force")), forget)
    cells = {(cell.line, cell.column): cell for cell in read_cells(content)}
    assert cells["rules", "in_force"].status == "unreadable"
    assert sum(cell.status == "reported" for cell in cells.values()) == len(FIGURES) - 1


def test_a_figure_that_leaves_its_cell_stays_whole(font: Path) -> None:
    def finish(page: Page) -> None:
        x, y = page.at["rules", "in_force"]
        page.put("123456", x - 45, y)

    assert figures(drawn(font, finish, moved=("rules", "in_force"))) == FIGURES | {("rules", "in_force"): 123456}


# --- pages ------------------------------------------------------------------------------------------------------------------


def stored_turned(quarters: int) -> Callable[[Any], None]:
    """Store the content of a page on its side, so that the page is shown upright all the same."""

    def turn(pdf: Any) -> None:
        for page in pdf.pages:
            matrix = {1: "0 1 -1 0 842 0", 2: "-1 0 0 -1 595 842", 3: "0 -1 1 0 0 595"}[quarters]
            page.contents_coalesce()
            page.Contents = pdf.make_stream(f"q {matrix} cm\n".encode() + page.Contents.read_bytes() + b"\nQ")
            page.mediabox = [0, 0, 595, 842] if quarters == 2 else [0, 0, 842, 595]
            page.Rotate = 90 * quarters

    return turn


def shown_turned(quarters: int) -> Callable[[Any], None]:
    def turn(pdf: Any) -> None:
        for page in pdf.pages:
            page.Rotate = 90 * quarters

    return turn


@pytest.mark.parametrize("ruled", [True, False])
@pytest.mark.parametrize("quarters", [1, 2, 3])
@pytest.mark.parametrize("turn", [stored_turned, shown_turned])
def test_pages_on_their_side_are_read(
    font: Path, turn: Callable[[int], Callable[[Any], None]], quarters: int, ruled: bool
) -> None:
    assert figures(changed(drawn(font, ruled=ruled), turn(quarters))) == FIGURES


def test_digits_one_below_the_other_are_read_downwards(font: Path) -> None:
    def finish(page: Page) -> None:
        x, y = page.at["coercive_measures", "decisions"]
        page.put("2", x, y + 5, 8)
        page.put("1", x, y - 4, 8)

    assert figures(drawn(font, finish, moved=("coercive_measures", "decisions"))).get(("coercive_measures", "decisions")) != 21


def test_characters_in_any_order_are_read(font: Path) -> None:
    pieces: list[tuple[str, float, float, float]] = []

    class Scattered(Page):
        def put(self, text: str, x: float, y: float, size: float = 10) -> None:
            self.pdf.set_font("few", "", size)
            left = x - self.pdf.get_string_width(text) / 2
            for character in text:
                pieces.append((character, left, y + 0.38 * size, size))
                left += self.pdf.get_string_width(character)

    page = Scattered(font)
    page.table()
    random.Random(4).shuffle(pieces)
    for character, left, base, size in pieces:
        page.pdf.set_font("few", "", size)
        page.pdf.text(left, base, character)
    assert figures(page.bytes()) == FIGURES


def test_lines_of_neighbouring_headers_at_half_a_line_are_told_apart(font: Path) -> None:
    page = Page(font)
    page.table()
    content = page.bytes()
    grid = next(grid for grid in open_document(content).grids)
    assert [cell.text for cell in grid.rows[1]] == list(HEADER)
    page = Page(font)
    for number, (upper, lower) in enumerate([("总计", "情况"), ("主动", "公开"), ("年度", "报告")]):
        page.put(upper, 100 + 30 * number, 100 + 3.5 * number, 10)
        page.put(lower, 100 + 30 * number, 112 + 3.5 * number, 10)
        page.pdf.rect(85 + 30 * number, 90, 30, 40)
    page.put("7", 100, 142)
    page.pdf.rect(85, 130, 90, 24)
    cells = [cell.text for grid in open_document(page.bytes()).grids for row in grid.rows for cell in row]
    assert cells == ["总计\n情况", "主动\n公开", "年度\n报告", "7"]


def test_labels_of_two_rows_are_not_joined_where_headers_stand_beside_their_columns(font: Path) -> None:
    page = Page(font)
    page.put(TITLE, 297, 60, 16)
    page.put("二、主动公开政府信息情况", 160, 130, 14)
    for number, row in enumerate(ROWS):
        for at, text in enumerate(row):
            # labels stand at the left side of their cells, figures at the right
            half = page.pdf.get_string_width(text) / 2
            x = LEFTS[at] + 3 + half if (row[0], at) not in KEYS else (*LEFTS[: len(row)], LEFTS[-1])[at + 1] - 3 - half
            page.put(text, x, TOP + 15 * number)
    read = {key: value for key, value in figures(page.bytes()).items() if value is not None}
    assert read.items() <= FIGURES.items()


def test_labels_and_figures_of_wide_cells_are_paired_by_their_order(font: Path) -> None:
    # over three columns one label stands at the left, and its figure in the middle
    page = Page(font)
    page.put(TITLE, 297, 60, 16)
    for number, row in enumerate(ROWS):
        edges = (*LEFTS[: len(row)], LEFTS[-1])
        for at, text in enumerate(row):
            half = page.pdf.get_string_width(text) / 2
            middle = (edges[at] + edges[at + 1]) / 2
            page.put(text, middle if (row[0], at) in KEYS else edges[at] + 3 + half, TOP + TALL * number)
    assert figures(page.bytes()) == FIGURES


def test_a_remark_that_wraps_is_no_figure_of_a_table_without_lines(font: Path) -> None:
    def finish(page: Page) -> None:
        x, y = page.at["rules", "in_force"]
        page.put("62（本年", x, y - 6, 8)
        page.put("3件）", x, y + 3, 8)

    read = figures(drawn(font, finish, ruled=False, moved=("rules", "in_force")))
    assert read.get(("rules", "in_force")) in {None, 62}


def test_a_heading_parts_two_tables_without_lines(font: Path) -> None:
    page = Page(font)
    page.table(ruled=False)
    page.put("二、主动公开情况", 150, TOP + TALL * (len(ROWS) + 0.5), 10)
    for at in range(10):
        page.put("总计", 80 + 48 * at, TOP + TALL * (len(ROWS) + 1.5))
        page.put(str(at), 80 + 48 * at, TOP + TALL * (len(ROWS) + 2.5))
    content = page.bytes()
    grids = list(open_document(content).grids)
    assert [[cell.text for cell in row] for row in grids[-1].rows] == [["总计"] * 10, [*"0123456789"]]
    assert figures(content) == FIGURES


def test_spanners_that_are_set_flush_left_begin_over_their_first_column(font: Path) -> None:
    page = Page(font)
    page.pdf.set_font("few", "", 10)
    for row, label in enumerate(["", "规章", "行政许可"]):
        page.pdf.text(60, 300 + 22 * row, label)
        for at in range(6):
            page.pdf.text(150 + 60 * at, 300 + 22 * row, str(10 * row + at) if row else "总计")
    page.pdf.text(150, 278, "主动公开")
    page.pdf.text(150 + 60 * 2, 278, "本年")
    (grid,) = open_document(page.bytes()).grids
    assert [(cell.text, cell.column) for cell in grid.rows[0]] == [("主动公开", 1), ("本年", 3)]


# --- real documents -----------------------------------------------------------------------------------------------------------

SAMPLES = ("borderless", "font-without-ascent", "repeated-header", "split-over-pages")


def printed(path: Path) -> dict[tuple[str, str, str], str]:
    with path.open(encoding="utf-8") as file:
        return {(row["table"], row["line"], row["column"]): row["printed"] for row in csv.DictReader(file)}


@pytest.mark.parametrize("name", SAMPLES)
def test_samples_are_read_in_every_cell(shared: Path, name: str) -> None:
    report = govstats.read(shared / "samples" / f"{name}.pdf")
    assert {(cell.table, cell.line, cell.column): cell.printed for cell in report.read_cells} == printed(
        shared / "samples" / "cells.csv"
    )


@pytest.mark.parametrize("name", ["reports/hongze-2023/report.pdf", "samples/split-over-pages.pdf", "samples/borderless.pdf"])
def test_places_lead_to_the_page_as_another_reader_sees_it(shared: Path, name: str) -> None:
    cells = [cell for cell in govstats.read(shared / name).read_cells if cell.status == "reported"]
    assert len(cells) > 150
    with pdfplumber.open(shared / name) as pdf:
        for cell in cells[::23]:
            box = Box.in_place(cell.place)
            assert box is not None
            assert cell.page is not None
            page = pdf.pages[cell.page - 1]
            part = page.crop((max(box.left - 1, 0), max(box.top - 1, 0), box.right + 1, box.bottom + 1))
            assert "".join(cell.printed.split()) in "".join(part.extract_text().split())


def test_the_second_reader_is_asked_only_where_there_are_doubts(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from govstats.documents import pdf

    asked: list[list[int]] = []
    read = pdf.camelot_tables

    def counted(content: bytes, words: Mapping[int, Sequence[Word]]) -> dict[int, list[PageTable]]:
        asked.append(list(words))
        return read(content, words)

    monkeypatch.setattr(pdf, "camelot_tables", counted)
    assert len(govstats.read(shared / "samples" / "split-over-pages.pdf").read_cells) == 200
    assert not asked
    # two sums of the table on reviews, on page four, do not come out
    assert len(govstats.read(shared / "reports" / "hongze-2023" / "report.pdf").read_cells) == 186
    assert asked == [[4]]


def test_a_table_that_a_font_makes_camelot_misplace_is_left_out(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from govstats.documents import pdf as reader

    content = (shared / "samples" / "font-without-ascent.pdf").read_bytes()
    with reader._opened(content, "sample") as pdf:
        words = {number: reader._read_page(pdf, number - 1).words for number in (1, 2)}
    assert sum(map(len, reader.camelot_tables(content, words).values())) == 2
    # every font is believed
    monkeypatch.setattr(reader, "_TALLEST_FONT", float("inf"))
    assert reader.camelot_tables(content, words) == {1: [], 2: []}


# --- what cannot be read ----------------------------------------------------------------------------------------------------


def test_a_page_with_more_than_a_page_holds_is_left_alone(font: Path) -> None:
    def fill(pdf: Any) -> None:
        pdf.add_blank_page(page_size=(595, 842))
        page = pdf.pages[-1]
        page.Resources = pdf.pages[0].Resources
        name = next(iter(page.Resources.Font.keys()))
        places = "".join(f"1 0 0 1 {number % 140 * 4} {number // 140 * 5} Tm <0001> Tj " for number in range(22_000))
        page.Contents = pdf.make_stream(f"BT {name} 4 Tf {places} ET".encode())

    started = time.process_time()
    document = open_document(changed(drawn(font), fill))
    assert document.unread == (2,)
    assert any(isinstance(block, Grid) for block in document.blocks)
    assert time.process_time() - started < 5


def test_a_page_that_is_cropped_beside_itself_shows_nothing(font: Path) -> None:
    def crop(pdf: Any) -> None:
        pdf.add_blank_page(page_size=(595, 842))
        pdf.pages[1].CropBox = [700, 900, 800, 1000]

    assert figures(changed(drawn(font), crop)) == FIGURES


@pytest.mark.parametrize("password", ["", "geheim"])
def test_only_a_password_to_open_a_document_locks_it(font: Path, password: str) -> None:
    with pikepdf.open(io.BytesIO(drawn(font))) as pdf:
        out = io.BytesIO()
        pdf.save(out, encryption=pikepdf.Encryption(user=password, owner="other"))
    if password:
        with pytest.raises(UnreadableDocument, match="locked with a password"):
            govstats.read(out.getvalue())
    else:
        assert figures(out.getvalue()) == FIGURES


def test_damaged_documents_are_read_or_refused(font: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # optical recognition of what is left of a page takes seconds
    monkeypatch.setattr("govstats.documents.pdf._recognise", lambda *_, **__: ())
    content = drawn(font)
    chance = random.Random(9)
    for number in range(30):
        damaged = bytearray(content[: len(content) * (number + 1) // 31] if number % 2 else content)
        for _ in range(number):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        damaged[:8] = b"%PDF-1.7"
        with contextlib.suppress(GovstatsError):
            govstats.read(bytes(damaged))


def test_digits_on_two_lines_of_a_cell_are_two_readings() -> None:
    # 275 over 9: a figure that wrapped, or two figures
    lines = [("2", 0, 0), ("7", 5, 0), ("5", 10, 0), ("9", 5, 12)]
    words = [Word(digit, Box(left, top, left + 5, top + 10)) for digit, left, top in lines]
    assert cell_of(words, 18.0)[:2] == ("275\n9", ("2759",))


def test_a_number_alone_at_the_end_of_a_page_counts_pages_or_is_a_figure() -> None:
    def line(text: str) -> list[Segment]:
        return [Segment(text, Box(0, 0, 10, 10), (), 10)]

    def left(*pages: tuple[str, ...]) -> list[list[str]]:
        return [[found[0].text for found in page] for page in without_running_heads([list(map(line, page)) for page in pages])]

    assert left(("a", "b", "7"), ("c", "8")) == [["a", "b"], ["c"]]
    assert left(("a", "b", "1"), ("c", "122"), ("d", "3")) == [["a", "b"], ["c", "122"], ["d"]]


def test_text_that_hangs_out_of_a_cell_left_open_by_a_page_break_stands_in_it() -> None:
    from govstats.documents.page_tables import Sheet

    def word(text: str, left: float, top: float) -> Word:
        return Word(text, Box(left, top, left + 20, top + 10))

    # 结果维持 in the left cell, which no ruling ends at 40; the right cell is closed there
    words = [word("结果", 10, 24), word("维持", 10, 36), word("附注", 10, 52), word("复议后起诉", 110, 24), word("页脚", 110, 36)]
    across = [Box(0, 20, 200, 20), Box(100, 40, 200, 40)]
    down = [Box(at, 20, at, 40) for at in (0, 100, 200)]
    [table], rest = Sheet(words, across, down).ruled
    assert [cell.text for cell in table.cells] == ["结果\n维持", "复议后起诉"]
    assert {one.text for one in rest} == {"附注", "页脚"}


def test_a_row_that_a_page_break_tore_is_one_row_and_a_repeated_header_is_none_of_it() -> None:
    from govstats.documents.page import _merge_upwards

    def row(number: int, *texts: str) -> list[Cell]:
        return [Cell(text, number, column) for column, text in enumerate(texts)]

    above = row(0, "（四）无", "2.没有现成信息", "264", "292")
    torn = [[*above], row(1, "法提供", "需要另行制作", "", "")]
    _merge_upwards(torn, 1)
    assert [cell.text for cell in torn[0]] == ["（四）无\n法提供", "2.没有现成信息\n需要另行制作", "264", "292"]
    assert {cell.text for cell in torn[1]} == {""}
    # the end of a figure may be one of its own
    wrapped = [[*above], row(1, "", "", "7", "")]
    _merge_upwards(wrapped, 1)
    assert (wrapped[0][2].text, wrapped[0][2].readings, wrapped[0][3]) == ("264\n7", ("2647", "264"), above[3])
    repeated = [[*above], row(1, "", "", "自然人", "总计")]
    _merge_upwards(repeated, 1)
    assert repeated[0] == above
