from __future__ import annotations

import csv
import io
import struct
import sys
import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pytest

import govstats
from govstats.characters import figure
from govstats.documents import open_document, scan
from govstats.documents.document import Box, Grid, Paragraph
from govstats.documents.page import PageCell, PageTable, Word, blocks_of, segment_of
from govstats.documents.page_tables import Sheet, filled, frames_of
from govstats.documents.scan import _given, read_image, recognise_picture
from govstats.errors import MissingReader, UnreadableDocument
from govstats.panel.reading import Folder, Item, read_chunk
from govstats.recognition import recognise

if TYPE_CHECKING:
    from PIL.Image import Image as PILImage

pytest.importorskip("rapidocr", reason="recognising pictures needs the extra ocr")
pytest.importorskip("onnxruntime", reason="recognising pictures needs the extra ocr")
fonts = pytest.importorskip("pylopdf_fonts_zh_cn", reason="drawing Chinese pictures needs a font of the extra notebooks")
Image = pytest.importorskip("PIL.Image")
ImageDraw = pytest.importorskip("PIL.ImageDraw")
ImageFilter = pytest.importorskip("PIL.ImageFilter")
ImageFont = pytest.importorskip("PIL.ImageFont")

ROWS = [
    ["信息内容", "本年制发件数", "本年废止件数", "现行有效件数"],
    ["规章", "3", "0", "62"],
    ["行政规范性文件", "17", "", "295"],
    ["行政许可", "1100", "10650.15", "146986"],
    ["行政处罚", "1", "/", "-7"],
]
LEFTS, TOP, TALL = (80, 330, 530, 730, 930), 160, 44


def drawn(rows: Sequence[Sequence[str]] = ROWS, *, ruled: bool = True) -> PILImage:
    """Draw a table under a heading, as at 150 dpi."""
    page: PILImage = Image.new("L", (1010, 460), 255)
    pen = ImageDraw.Draw(page)
    pen.text((80, 60), "二、主动公开政府信息情况", font=ImageFont.truetype(str(fonts.sans_path()), 32), fill=0)
    font = ImageFont.truetype(str(fonts.sans_path()), 22)
    bottom = TOP + TALL * len(rows)
    if ruled:
        for number in range(len(rows) + 1):
            pen.line((LEFTS[0], TOP + TALL * number, LEFTS[-1], TOP + TALL * number), fill=0, width=2)
        for left in LEFTS:
            pen.line((left, TOP, left, bottom), fill=0, width=2)
    for number, row in enumerate(rows):
        for at, text in enumerate(row):
            middle = (LEFTS[at] + LEFTS[at + 1]) / 2, TOP + TALL * (number + 0.5)
            pen.text(middle, text, font=font, fill=0, anchor="mm")
    return page


def scanned(page: PILImage, angle: float, *, noise: float = 12.0, quality: int = 60) -> bytes:
    """Return what a scanner makes of a page: turned, grey, noisy, compressed."""
    turned = page.rotate(angle, resample=Image.Resampling.BICUBIC, fillcolor=255, expand=abs(angle) > 45)
    values = np.asarray(turned, np.float64) * 0.9 + np.random.default_rng(7).normal(0, noise, (turned.height, turned.width))
    return saved(Image.fromarray(np.clip(values, 0, 255).astype(np.uint8)), "JPEG", quality=quality)


def saved(page: PILImage, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    page.save(file, kind, **options)
    return file.getvalue()


def texts(grid: Grid) -> list[list[str]]:
    return [[cell.text for cell in row] for row in grid.rows]


def only_grid(content: bytes) -> Grid:
    (grid,) = (block for block in read_image(content, "scan.jpg") if isinstance(block, Grid))
    return grid


@pytest.fixture(scope="module")
def skewed() -> Grid:
    return only_grid(scanned(drawn(), 1.5))


def test_a_ruled_table_on_a_skewed_noisy_scan(skewed: Grid) -> None:
    assert texts(skewed) == ROWS
    assert all(cell.confidence is None or cell.confidence >= 0.9 for row in skewed.rows for cell in row)


def test_an_empty_cell_is_blank_and_has_no_confidence(skewed: Grid) -> None:
    blank = skewed.rows[2][2]
    assert (blank.text, blank.confidence, blank.readings) == ("", None, ())


def test_what_is_struck_out_on_a_scan_is_unreadable_and_what_is_empty_is_blank() -> None:
    page = drawn(ROWS[:3])
    pen = ImageDraw.Draw(page)
    for number in range(3):
        pen.line((800, TOP + TALL + 8 + 6 * number, 860, TOP + 2 * TALL - 10 - 8 * number), fill=0, width=5)
    report = govstats.read(scanned(page, 0.8), agency="某市教育局", year=2023)
    cells = {(cell.line, cell.column): cell for cell in report.read_cells}
    assert [cells["rules", column].value for column in ("issued", "repealed", "in_force")] == [3, 0, None]
    assert [cells["normative_documents", column].value for column in ("issued", "repealed", "in_force")] == [17, None, 295]
    assert cells["rules", "in_force"].status == "unreadable"
    assert cells["normative_documents", "repealed"].status == "blank"
    kinds = {note.kind for note in report.read_notes if (note.line, note.column) == ("rules", "in_force")}
    assert kinds & {"unreadable_cell", "unsure_recognition"}


def test_a_stamp_over_a_table_invents_no_figure() -> None:
    page = drawn()
    pen = ImageDraw.Draw(page)
    pen.ellipse((770, 215, 910, 355), outline=110, width=6)
    pen.regular_polygon((840, 285, 30), 5, fill=110)
    report = govstats.read(scanned(page, 0.4, noise=8), agency="某市教育局", year=2023)
    shown = {("rules", "issued"): 3, ("rules", "repealed"): 0, ("rules", "in_force"): 62}
    shown |= {("normative_documents", "issued"): 17, ("normative_documents", "in_force"): 295}
    cells = {(cell.line, cell.column): cell.value for cell in report.read_cells if cell.status == "reported"}
    assert {key: value for key, value in cells.items() if key[0] in {"rules", "normative_documents"}}.items() <= shown.items()
    assert ("rules", "issued") in cells


def test_places_lead_to_the_scan_as_it_is_and_not_as_it_was_set_upright(skewed: Grid) -> None:
    cell = skewed.rows[4][3]
    assert (cell.text, cell.page) == ("-7", 1)
    box = Box.in_place(cell.place)
    assert box is not None
    # -7 was drawn around (830, 358); the page of 1010 × 460 turned by 1.5° around its middle brings it here
    angle = np.radians(1.5)
    x, y = 830 - 505, 358 - 230
    there = 505 + x * np.cos(angle) + y * np.sin(angle), 230 - x * np.sin(angle) + y * np.cos(angle)
    assert box.left < there[0] < box.right
    assert box.top < there[1] < box.bottom
    assert box.bottom - box.top < 1.3 * TALL


def test_a_heading_is_a_paragraph_of_its_own() -> None:
    first, second = read_image(saved(drawn(ROWS[:2]), "PNG"), "page.png")
    assert isinstance(first, Paragraph)
    assert (first.text, first.page) == ("二、主动公开政府信息情况", 1)
    assert isinstance(second, Grid)


def test_numbers_without_lines_between_them_are_not_joined() -> None:
    rows = [
        ["自然人", "企业", "科研", "总计"],
        ["30017", "0", "24784", "54801"],
        ["3363", "1", "0", "3364"],
        ["8", "11", "5", "24"],
    ]
    words = recognise_picture(np.asarray(drawn(rows, ruled=False)), "page").words
    figures = sorted(word.text for word in words if word.text.isdecimal())
    assert figures == sorted(text for row in rows[1:] for text in row)


@pytest.mark.parametrize("angle", [90, 180])
def test_a_page_that_lies_on_its_side_or_head(angle: int) -> None:
    assert texts(only_grid(scanned(drawn(ROWS[:3]), angle, noise=5.0))) == ROWS[:3]


def photographed(page: PILImage, narrower: int) -> bytes:
    """A photograph from below: so many pixels of what is seen at the top are beside the page, left and right."""
    width, height = page.size
    corners = [(-narrower, 0), (0, height), (width, height), (width + narrower, 0)]
    sides = [side for corner in corners for side in corner]
    return scanned(page.transform(page.size, Image.Transform.QUAD, sides, fillcolor=255), 0.3, noise=5.0)


def test_a_photograph_whose_edges_converge() -> None:
    assert texts(only_grid(photographed(drawn(), 20))) == ROWS


def test_a_ruling_that_leans_is_no_digit() -> None:
    found = texts(only_grid(photographed(drawn(), 35)))
    assert found[:4] == ROWS[:4]
    assert figure(found[4][-1]).value in {-7, None}


def test_pages_of_a_tiff() -> None:
    first = drawn(ROWS[:3])
    second = drawn([["项目", "一", "二", "三"], ["重复申请", "33", "8302", "44"]])
    content = saved(first, "TIFF", save_all=True, append_images=[second])
    cells = [cell for block in read_image(content, "pages.tif") if isinstance(block, Grid) for row in block.rows for cell in row]
    assert [cell.page for cell in cells if cell.text in {"295", "8302"}] == [1, 2]


def test_a_long_picture_is_read_without_shrinking_it() -> None:
    long = Image.new("L", (1010, 4400), 255)
    for top in (0, 3900):
        long.paste(drawn(ROWS[:3]), (0, top))
    first, last = (block for block in read_image(saved(long, "PNG"), "long.png") if isinstance(block, Grid))
    assert (texts(first), texts(last)) == (ROWS[:3], ROWS[:3])


def test_pages_pasted_below_one_another_have_an_angle_each() -> None:
    long = Image.new("L", (1010, 4400), 225)
    for top, angle in ((0, 0.9), (1450, -0.8), (2950, 1.0)):
        long.paste(Image.open(io.BytesIO(scanned(drawn(), angle))), (0, top))
    grids = [block for block in read_image(saved(long, "PNG"), "long.png") if isinstance(block, Grid)]
    assert [texts(grid) for grid in grids] == [ROWS] * 3
    box = Box.in_place(grids[1].rows[4][3].place)
    assert box is not None
    # -7 was drawn around (830, 358); the page of 1010 × 460 was turned by -0.8° around its middle
    turned = np.radians(-0.8)
    x, y = 830 - 505, 358 - 230
    there = 505 + x * np.cos(turned) + y * np.sin(turned), 1450 + 230 - x * np.sin(turned) + y * np.cos(turned)
    assert box.left < there[0] < box.right
    assert box.top < there[1] < box.bottom


def test_a_page_of_a_real_scan(shared: Path) -> None:
    pdfium = pytest.importorskip("pypdfium2")
    with (shared / "samples" / "cells.csv").open(encoding="utf-8") as file:
        printed = [row["printed"] for row in csv.DictReader(file) if row["table"] != "requests"]
    pdf = pdfium.PdfDocument(shared / "samples" / "scanned.pdf")
    words = recognise_picture(pdf[1].render(scale=150 / 72).to_numpy(), "scanned.pdf, page 2").words
    pdf.close()
    found = [word for word in words if all(c in "0123456789." for c in word.text)]
    top_to_bottom = [word.text for word in sorted(found, key=lambda word: (round(word.box.top / 20), word.box.left))]
    proactive = ["3", "0", "62", "17", "2", "295", "133", "0", "0", "10650.15"]
    assert printed[: len(proactive)] == proactive
    rest = "30017 33069 24784 6574 35244 12199 141887 3363 0 0 9133 50 5 12551".split()
    assert top_to_bottom == proactive + rest
    assert all(word.confidence is not None and word.confidence > 0.95 for word in found)


@pytest.mark.parametrize("kind", ["black", "noise", "gradient"])
def test_a_picture_without_text_yields_nothing(kind: str) -> None:
    ramp = np.linspace(0, 255, 300)
    pictures = {
        "black": np.zeros((300, 300)),
        "noise": np.random.default_rng(3).uniform(0, 255, (300, 300)),
        "gradient": np.outer(ramp, ramp) / 255,
    }
    assert read_image(saved(Image.fromarray(pictures[kind].astype(np.uint8)), "PNG"), "picture.png") == ()


@pytest.mark.parametrize("size", [(1, 1), (8, 2000), (2000, 8), (20, 20)])
def test_a_picture_of_hardly_any_size(size: tuple[int, int]) -> None:
    assert read_image(saved(Image.new("L", size, 128), "PNG"), "dot.png") == ()


@pytest.mark.parametrize("size", [(3, 2000), (2000, 3)])
def test_a_line_is_no_page(size: tuple[int, int]) -> None:
    with pytest.raises(UnreadableDocument, match=r"666 times as long as it is wide; at most 300 .* GOVSTATS_LIMIT_STRIP"):
        read_image(saved(Image.new("L", size, 128), "PNG"), "line.png")


@pytest.mark.parametrize("mode", ["1", "P", "RGBA", "LA", "CMYK", "I;16"])
def test_pixels_of_every_kind_stand_on_white(mode: str) -> None:
    page = Image.new("L", (40, 30), 255)
    page.paste(0, (10, 10, 20, 20))
    if mode in {"RGBA", "LA"}:
        # nothing but the square is drawn, on a transparent ground that is black below
        page = Image.new(mode, (40, 30), 0)
        page.paste((0, 0, 0, 255) if mode == "RGBA" else (0, 255), (10, 10, 20, 20))
    elif mode == "I;16":
        page = Image.fromarray(np.asarray(page).astype(np.uint16) * 257)
    else:
        page = page.convert(mode)
    (pixels,) = scan.pictures_in(saved(page, "TIFF" if mode == "CMYK" else "PNG"), "square")
    assert pixels.dtype == np.uint8
    assert (pixels[15, 15].max(), pixels[5, 5].min()) == (0, 255)


@pytest.mark.parametrize("size", [(12_000, 9_000), (60_000, 40_000)])
def test_a_huge_picture_is_refused_before_it_is_unpacked(size: tuple[int, int]) -> None:
    head = b"IHDR" + struct.pack(">IIBBBBB", *size, 1, 0, 0, 0, 0)
    pixels = b"IDAT" + zlib.compress(b"")
    chunks = (struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) for chunk in (head, pixels))
    with pytest.raises(UnreadableDocument, match=r"map\.png: .*[\d,]{9,} pixels"):
        read_image(b"\x89PNG\r\n\x1a\n" + b"".join(chunks), "map.png")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "BMP"])
def test_a_truncated_picture_is_refused(kind: str) -> None:
    content = saved(drawn(), kind)
    with pytest.raises(UnreadableDocument, match="damaged, cut off or too large"):
        read_image(content[: len(content) // 2], "half")
    with pytest.raises(UnreadableDocument, match="damaged, cut off or too large"):
        read_image(content[:12], "head")


def test_without_rapidocr_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    scan._load.cache_clear()
    monkeypatch.setitem(sys.modules, "rapidocr", None)
    with pytest.raises(MissingReader, match=r'scan\.png: .*pip install "govstats\[ocr\]"'):
        read_image(saved(drawn(), "PNG"), "scan.png")


def test_recognition_says_nothing(capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:
    scan._load.cache_clear()
    assert read_image(saved(Image.new("L", (200, 200), 255), "PNG"), "white.png") == ()
    assert capfd.readouterr() == ("", "")
    assert not caplog.records


def test_a_digit_that_a_ruling_cut_into_has_to_be_confirmed_by_a_sum() -> None:
    """What is left of a 0 is read as a C; whatever it was, no sum was asked."""
    drawing: PILImage = Image.new("L", (96, 48), 255)
    ImageDraw.Draw(drawing).text((48, 24), "C", font=ImageFont.truetype(str(fonts.sans_path()), 36), fill=0, anchor="mm")
    ((text, confidence),) = scan._recognise(scan._load(), [np.asarray(drawing)])
    assert text == "0"
    assert 0.5 < confidence <= 0.9


def test_boxes_on_a_turned_page_keep_their_sides() -> None:
    # a page of 200 × 100 that lay on its side: its upright left is the given bottom
    back = np.array([[0.0, 1, 0], [-1, 0, 100], [0, 0, 1]])
    assert _given({0: back}, Box(10, 40, 30, 50)) == Box(40, 70, 50, 90)


def test_only_places_on_pictures_lead_to_the_page_as_it_was_given() -> None:
    box = Box(1, 2, 3, 4)
    table = PageTable(box, (1, 3), (PageCell(box, 0, 0, text="3"),), 1, True)
    paragraph, grid = blocks_of([[[segment_of([Word("文", box)])]], [table]], [Box._make, lambda box: box.scaled(10)])
    assert isinstance(paragraph, Paragraph)
    assert paragraph.place == "box 1.0 2.0 3.0 4.0"
    assert isinstance(grid, Grid)
    assert grid.rows[0][0].place == "table 1 row 1 cell 1 box 10.0 20.0 30.0 40.0"


def test_blank_cells_below_a_row_of_figures_are_the_rest_of_it() -> None:
    """A page break tore the row; blank cells below a header are a row."""

    def part(*rows: tuple[str, str]) -> PageTable:
        boxes = [Box(10 * at, 20 * row, 10 * at + 10, 20 * row + 20) for row in range(len(rows)) for at in range(2)]
        cells = [PageCell(box, at // 2, at % 2, text=rows[at // 2][at % 2]) for at, box in enumerate(boxes)]
        return PageTable(Box(0, 0, 20, 20 * len(rows)), (0, 10, 20), tuple(cells), len(rows), True)

    [grid] = blocks_of([[part(("甲", "乙"), ("3", "4"))], [part(("", ""))]], [Box._make, Box._make])
    assert isinstance(grid, Grid)
    assert grid.texts == [["甲", "乙"], ["3", "4"], []]
    [grid] = blocks_of([[part(("甲", "乙"))], [part(("", ""))]], [Box._make, Box._make])
    assert isinstance(grid, Grid)
    assert grid.texts == [["甲", "乙"], ["", ""]]


def test_a_table_goes_on_below_a_page_break_on_a_picture_of_several_pages() -> None:
    def part(top: float, *texts: str) -> PageTable:
        cells = [PageCell(Box(10 * at, top, 10 * at + 10, top + 20), 0, at, text=text) for at, text in enumerate(texts)]
        return PageTable(Box(0, top, 20, top + 20), (0, 10, 20), tuple(cells), 1, True)

    [grid] = blocks_of([[part(0, "甲", "乙"), part(80, "3", "4")]], [Box._make])
    assert isinstance(grid, Grid)
    assert grid.texts == [["甲", "乙"], ["3", "4"]]


def line_of_text(size: int, noise: float) -> npt.NDArray[np.uint8]:
    """Draw a line of dense characters above a ruling of the same length, a ruling across both, and noise."""
    page: PILImage = Image.new("L", (700, 200), 255)
    pen = ImageDraw.Draw(page)
    text = "要求行政机关确认或重新出具已获取信息"
    pen.text((30, 60), text, font=ImageFont.truetype(str(fonts.sans_path()), size), fill=0)
    pen.line((30, 150, 30 + size * len(text), 150), fill=0, width=2)
    pen.line((330, 30, 330, 180), fill=0, width=2)
    values = np.asarray(page, np.float64) * 0.9 + np.random.default_rng(7).normal(0, noise, (200, 700))
    return np.clip(values, 0, 255).astype(np.uint8)


def test_a_dense_line_of_text_is_no_ruling() -> None:
    grey = line_of_text(18, 8)
    # the strokes of the text join into a line that is long enough for a ruling
    text = scan._strokes(grey, 32)[60:90]
    assert any(line.sum() > 7 * 18 for line in text)
    across, down, _ = scan._rulings(grey, 18)
    assert [round(at) for at, _, _ in across] == [150]
    assert [round(at) for at, _, _ in down] == [330]


def ruled_lines(width: int, strokes: bool) -> npt.NDArray[np.uint8]:
    """Draw nine pale rows between three pale rulings, with a dark upright stroke in each row, close behind the first of them."""
    page: PILImage = Image.new("L", (500, 400), 250)
    pen = ImageDraw.Draw(page)
    for y in range(50, 351, 30):
        pen.line((50, y, 450, y), fill=180, width=width)
    for x in (50, 250, 450):
        pen.line((x, 50, x, 350), fill=180, width=width)
    for y in range(50, 350, 30) if strokes else ():
        # a 1 that stands flush left, four pixels from the rulings above and below
        pen.line((56, y + 5, 56, y + 25), fill=20, width=2)
    return np.asarray(page.filter(ImageFilter.GaussianBlur(0.8)))


def test_strokes_that_stand_under_one_another_are_no_ruling() -> None:
    _, down, covered = scan._rulings(ruled_lines(2, strokes=True), 20)
    assert sorted(int(at) for at, _, _ in down) == [50, 250, 450]
    assert not covered[55:75, 56].any()


def test_a_short_ruling_between_thick_ones_is_found() -> None:
    grey = ruled_lines(4, strokes=False).copy()
    # below the second row nothing stands in the middle
    grey[115:346, 240:260] = np.where(grey[115:346, 230:231] < 240, grey[115:346, 230:231], 250)
    _, down, _ = scan._rulings(grey, 20)
    assert [(round(start / 10), round(end / 10)) for at, start, end in down.tolist() if round(at / 10) == 25] == [(5, 11)]


@pytest.mark.parametrize("overleaf", [False, True])
def test_rulings_that_a_page_break_left_open_begin_or_end_where_others_do(overleaf: bool) -> None:
    page: PILImage = Image.new("L", (500, 301), 250)
    pen = ImageDraw.Draw(page)
    for y, left in ((50, 50), (110, 50), (150, 250)):
        pen.line((left, y, 450, y), fill=90, width=2)
    for x, top in ((50, 50), (150, 110), (250, 50), (450, 50)):
        pen.line((x, top, x, 150), fill=90, width=2)
    # a stroke of a character below the ruling, which ends elsewhere
    pen.line((200, 110, 200, 140), fill=60, width=2)
    grey = np.asarray(page.filter(ImageFilter.GaussianBlur(0.8)))
    _, down, _ = scan._rulings(grey[:: -1 if overleaf else 1], 20)
    assert sorted(round(at / 10) for at, _, _ in down.tolist()) == [5, 15, 25, 45]
    assert {round(side / 10) for side in down[:, 1 if overleaf else 2]} == {15}


def test_two_rows_at_the_head_of_a_page_have_short_rulings_only() -> None:
    page: PILImage = Image.new("L", (500, 300), 250)
    pen = ImageDraw.Draw(page)
    for y in (90, 120):
        pen.line((50, y, 450, y), fill=90, width=2)
    for x in (50, 150, 250, 450):
        pen.line((x, 60, x, 120), fill=90, width=2)
    _, down, _ = scan._rulings(np.asarray(page.filter(ImageFilter.GaussianBlur(0.8))), 20)
    assert sorted(round(at / 10) for at, _, _ in down.tolist()) == [5, 15, 25, 45]


def rulings_beside(*strokes: tuple[int, int, int, int], fill: int = 60) -> tuple[list[int], list[int]]:
    """Return where rulings are found across and down a table of two rows and three columns in which such strokes stand."""
    page: PILImage = Image.new("L", (500, 300), 250)
    pen = ImageDraw.Draw(page)
    for y in (50, 100, 150):
        pen.line((50, y, 450, y), fill=90, width=2)
    for x, top in ((50, 50), (150, 50), (250, 100), (450, 50)):
        pen.line((x, top, x, 150), fill=90, width=2)
    for stroke in strokes:
        pen.line(stroke, fill=fill, width=2)
    across, down, _ = scan._rulings(np.asarray(page.filter(ImageFilter.GaussianBlur(0.8))), 20)
    return sorted(round(at / 10) for at, _, _ in across.tolist()), sorted(
        round(top / 10) for at, top, _ in down.tolist() if at > 200
    )


@pytest.mark.parametrize(
    ("strokes", "reason"),
    [
        ([(51, 75, 149, 75), *((x, 65, x, 85) for x in range(56, 149, 8))], "strokes go on above and below it"),
        ([(51, 62, 149, 62), *((x, 62, x, 85) for x in range(56, 149, 16))], "no character fits between it and a ruling"),
        ([(200, 75, 449, 75)], "it spans no cell"),
    ],
)
def test_a_line_of_strokes_that_fills_its_cell_is_no_ruling(strokes: Sequence[tuple[int, int, int, int]], reason: str) -> None:
    assert rulings_beside()[0] == [5, 10, 15]
    assert rulings_beside(*strokes)[0] == [5, 10, 15], reason


def test_a_ruling_is_not_carried_on_through_a_label() -> None:
    # of a label in the cell above the ruling at 250
    label = [(250, 52, 250, 98), *((230, y, 270, y) for y in range(56, 98, 8))]
    assert rulings_beside()[1] == [5, 10]
    assert rulings_beside(*label, fill=190)[1] == [5, 10]


def test_strokes_in_line_with_a_ruling_do_not_hide_it() -> None:
    page: PILImage = Image.new("L", (500, 300), 250)
    pen = ImageDraw.Draw(page)
    for y in (50, 110, 220):
        pen.line((50, y, 450, y), fill=90, width=2)
    for x, top in ((50, 50), (250, 110), (450, 50)):
        pen.line((x, top, x, 220), fill=90, width=2)
    # of a character in the cell above the ruling that parts the second row
    for top, bottom in ((60, 66), (74, 83), (92, 101)):
        pen.line((250, top, 250, bottom), fill=60, width=2)
    _, down, covered = scan._rulings(np.asarray(page.filter(ImageFilter.GaussianBlur(0.8))), 28)
    assert [(round(start / 10), round(end / 10)) for at, start, end in down.tolist() if round(at / 10) == 25] == [(11, 22)]
    assert not covered[60:101, 250].any()
    assert covered[115:215, 250].all()


# a steep one as in Song; a 1 leans by less than a hundredth
@pytest.mark.parametrize(
    ("blur", "right", "text"), [(1, 36, "/"), (2, 36, "/"), (3, 36, "/"), (1, 30, "/"), (2, 30, "/"), (1, 25, "1")]
)
def test_a_slash_is_one_however_blurred_and_steep(blur: float, right: int, text: str) -> None:
    page: PILImage = Image.new("L", (60, 60), 255)
    ImageDraw.Draw(page).line((25, 45, right, 13), fill=0, width=4)
    ink = np.asarray(page.filter(ImageFilter.GaussianBlur(blur))) < 200
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    assert scan._checked(ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], "1", 0.99)[0] == text


@pytest.mark.parametrize(
    ("begins", "beside", "label", "expected"),
    [
        pytest.param(100, (), False, 140, id="in a cell: strokes of a label join it"),
        pytest.param(100, ((0, 70),), False, 100, id="it goes on behind the cell: faded"),
        pytest.param(30, (), False, 30, id="in the first cell: nobody knows"),
        pytest.param(30, (), True, 70, id="in the first cell, and strokes go on above and below"),
        pytest.param(143, (), False, 140, id="at another"),
    ],
)
def test_a_ruling_that_ends_inside_a_cell_ends_at_its_edge(
    begins: int, beside: tuple[tuple[int, int], ...], label: bool, expected: int
) -> None:
    across = np.array([[50.0, begins, 210], *((50, *ends) for ends in beside)])
    down = np.array([[x, 0.0, 100] for x in (0, 70, 140, 210)])
    covered = np.zeros((100, 220), bool)
    covered[50, begins:210] = True
    dark = np.where(covered, 90, 0)
    if label:
        dark[40:60, begins:70:3] = 90
    scan._end_on_others(across, down, covered, dark, 5.0)
    assert across[0].tolist() == [50, expected, 210]
    assert not covered[50, begins : max(expected - 5, begins)].any()
    assert covered[50, max(expected, begins) : 210].all()


def test_a_minus_in_small_type_is_no_speck() -> None:
    # on a page of large headings the usual type has 30 pixels, and a minus in a table has six by two
    grey = np.full((120, 160), 240, np.uint8)
    grey[20:40, 20:40] = 60
    grey[60:62, 70:76] = 140
    assert scan._taken_apart(grey, 30.0).ink[60:62, 71:75].all()


@pytest.mark.parametrize(
    ("text", "apart"),
    [
        pytest.param("三本年度办理结果", 26, id="gaps in characters and between them"),
        pytest.param("总计", 20, id="two that touch"),
        pytest.param("尚未审结", 37, id="wide apart"),
    ],
)
def test_a_label_that_is_set_downwards_is_read_as_one_line(text: str, apart: int) -> None:
    drawing: PILImage = Image.new("L", (300, 300), 255)
    pen, font = ImageDraw.Draw(drawing), ImageFont.truetype(str(fonts.sans_path()), 22)
    for number, character in enumerate(text):
        pen.text((100, 40 + apart * number), character, font=font, fill=0, anchor="mm")
    page = scan._taken_apart(np.asarray(drawing), 22.0)
    (piece,) = scan._parted(page, scan._Piece((85, 25, 115, 240), 0), 20.0)
    ((read, confidence),) = scan._recognise(scan._load(), [scan._crop(page, piece)])
    assert read == text
    assert confidence > 0.98


def test_lines_that_stand_close_are_parted_though_boxes_hold_both_or_the_edge_of_one() -> None:
    drawing: PILImage = Image.new("L", (300, 300), 255)
    pen, font = ImageDraw.Draw(drawing), ImageFont.truetype(str(fonts.sans_path()), 20)
    for number, line in enumerate(("结果", "纠正")):
        pen.text((100, 50 + 25 * number), line, font=font, fill=0, anchor="mm")
    # where most boxes hold two lines, characters are taken for higher than they are
    page = scan._taken_apart(np.asarray(drawing), 31.0)
    whole = [piece.box for piece in scan._parted(page, scan._Piece((75, 35, 125, 90), 0), 19.0)]
    assert [scan._recognise(scan._load(), [scan._crop(page, scan._Piece(box, 0))])[0][0] for box in whole] == ["结果", "纠正"]
    # the upper box reaches into the lower line, and the other way round
    edges = [(75, 35, 125, 70), (75, 55, 125, 90)]
    assert [piece.box for box in edges for piece in scan._parted(page, scan._Piece(box, 0), 19.0)] == whole


def test_boxes_that_overlap_in_a_label_set_downwards_are_one_piece() -> None:
    """A box that the detector found begins with the lowest stroke of the character above."""
    drawing: PILImage = Image.new("L", (300, 300), 255)
    pen, font = ImageDraw.Draw(drawing), ImageFont.truetype(str(fonts.sans_path()), 22)
    for number, character in enumerate("其他结果"):
        pen.text((100, 40 + 33 * number), character, font=font, fill=0, anchor="mm")
    page = scan._taken_apart(np.asarray(drawing), 22.0)
    # the characters stand in 28–52, 61–85, 94–118 and 127–151
    (piece,) = scan._pieces(page, [(85, 25, 115, 88), (85, 76, 115, 155)])
    assert piece.box[1] < 36
    assert piece.box[3] > 146


def test_strokes_of_a_character_that_the_detector_overlooked_are_one_piece() -> None:
    drawing: PILImage = Image.new("L", (300, 100), 255)
    font = ImageFont.truetype(str(fonts.sans_path()), 22)
    ImageDraw.Draw(drawing).text((100, 40), "二、", font=font, fill=0, anchor="mm")
    (piece,) = scan._pieces(scan._taken_apart(np.asarray(drawing), 22.0), [])
    assert piece.box[3] - piece.box[1] > 14


@pytest.mark.parametrize(("lying", "quarters"), [(False, 0), (True, 1)])
def test_labels_set_downwards_do_not_turn_a_page(monkeypatch: pytest.MonkeyPatch, lying: bool, quarters: int) -> None:
    # the last page of a report: a heading, three lines of text, fourteen labels of four characters that stand upright
    boxes = [(80, 40 * at, 80 + 24 * signs, 40 * at + 30) for at, signs in enumerate((20, 14, 15, 10))]
    boxes += [(56 * at, 200, 56 * at + 28, 320) for at in range(14)]
    corners = np.array([[(left, top), (right, top), (right, bottom), (left, bottom)] for left, top, right, bottom in boxes])
    turns: list[int] = []

    def read(*page_and_turn: Any) -> Sheet:
        turns.append(page_and_turn[-1])
        return Sheet([Word("四", Box(0, 0, 9, 9), (), 1.0)])

    monkeypatch.setattr(scan, "_detect", lambda *_: corners[:, :, ::-1] if lying else corners)
    monkeypatch.setattr(scan, "_read", read)
    recognise_picture(np.full((900, 900), 255, np.uint8), "page")
    assert turns == [quarters]


def test_rulings_of_one_double_line_make_no_table() -> None:
    frames = frames_of([Box(0, 0, 100, 0), Box(0, 4, 100, 4)], [Box(50, -1, 50, 5)])
    assert filled(frames, []) == ([], [])


def test_a_layer_of_text_under_a_scan_is_set_aside_and_noted() -> None:
    """What a scanner recognised is worse than what is recognised here: the picture counts, and a note names the page."""
    import fpdf

    page = drawn(ROWS[:3])
    pdf = fpdf.FPDF(unit="pt", format=(page.width * 72 / 150, page.height * 72 / 150))
    pdf.add_page()
    pdf.image(io.BytesIO(saved(page, "PNG")), 0, 0, pdf.w, pdf.h)
    pdf.set_font("helvetica", size=9)
    with pdf.local_context(text_mode="INVISIBLE"):
        pdf.text(60, 100, "9999 8888 7777")
    document = open_document(bytes(pdf.output()))
    (grid,) = document.grids
    assert (texts(grid), document.layered) == (ROWS[:3], (1,))
    text = "某县教育局2023年政府信息公开工作年度报告\n一、总体情况\n二、主动公开政府信息情况\n三、收到和处理政府信息公开申请情况"
    notes = recognise(replace(open_document(text.encode()), layered=(2,))).read_notes
    assert [note.page for note in notes if note.kind == "layer_of_text"] == [2]


def test_what_was_recognised_before_is_not_recognised_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "page.png").write_bytes(saved(drawn(ROWS[:3]), "PNG"))
    folder, kept = Folder.of(tmp_path), tmp_path / "kept"
    kept.mkdir()
    item = Item("page.png", "", "某市教育局", 2023)
    first = read_chunk(folder, kept, [item])
    assert {3.0, 62.0, 17.0, 295.0} <= {*first["cells"]["value"].to_pylist()}
    asked: list[str] = []
    engine = scan._load()
    monkeypatch.setattr(type(engine.rapidocr), "__call__", lambda *_: asked.append("detection"))
    assert read_chunk(folder, kept, [item]) == first
    assert not asked
    # one bit of it flipped: it is asked again
    (path,) = kept.iterdir()
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    read_chunk(folder, kept, [item])
    assert asked == ["detection"]


def test_noise_and_rulings_that_lean_are_no_ink_in_a_blank_cell_of_a_scan() -> None:
    page = Image.open(io.BytesIO(scanned(drawn(ROWS[:3]), 1.5)))
    assert texts(next(open_document(saved(page, "PDF", resolution=150)).grids)) == ROWS[:3]
