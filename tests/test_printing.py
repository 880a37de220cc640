"""Figures for print: no two texts touch, in any language and width; vector files carry the font and say what one would see."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import cache
from io import BytesIO
from itertools import combinations
from pathlib import Path
from typing import Any, get_args

import pandas as pd
import pytest

import govstats
from govstats import Report, embedded, figures
from govstats.errors import UnusableFigure
from govstats.figures.drawing import Language, Sheet, Width, fold, font, text_width
from govstats.measures import indicators
from govstats.notebooks import cases
from govstats.panel import STATES
from govstats.sources import choose_reports

mpl = pytest.importorskip("matplotlib")
NOTEBOOKS = Path(__file__).parents[1] / "notebooks"

Draw = Callable[..., Any]


@cache
def corpus() -> tuple[list[Report], pd.DataFrame]:
    reports = choose_reports()
    return reports, pd.concat([report.cells for report in reports], ignore_index=True)


@cache
def drawn() -> dict[str, Draw]:
    """What the notebooks draw for the cases that are listed, and what nobody has drawn yet."""
    reports, cells = corpus()
    findings = pd.concat([govstats.reconcile(report) for report in reports])
    known = {(report.agency, report.year): report for report in reports}
    found: dict[str, Draw] = {}
    for case in cases(NOTEBOOKS / "cases.csv"):
        report, number = known.get((case.agency, case.year)), case.notebook[:2]
        if report is None:
            continue
        if number == "10":
            for one in (figures.flows, figures.requests_by_applicant_and_outcome, figures.reasons_for_refusal):
                found[f"{case.name} {one.__name__}"] = bound(one, report)
        if number == "20":
            repairs = govstats.repairs(report, reread=False)
            for table in ("requests", "review"):
                found[f"{case.name} {table}"] = bound(figures.where_edits_cross, report, table, repairs)
        if number == "30":
            mine = cells[cells["agency"] == case.agency]
            found[f"{case.name} series"] = bound(figures.series_over_years, figures.points_over_years(mine))
            found[f"{case.name} chain"] = bound(figures.carry_over_chain, figures.carry_overs(mine))
        if number == "40":
            for name in dict.fromkeys(
                ["disclosure_rate", "data_quality", *[str(dict(case.more).get("indicator", "disclosure_rate"))]]
            ):
                rates = indicators(cells, names=name, findings=findings)
                found[f"{case.name} {name}"] = bound(figures.indicators_compared, rates, highlight=case.agency)
    states = [
        (report.agency, year, state)
        for report in reports
        for year, state in zip(range(2015, 2025), list(STATES) * 2, strict=False)
    ]
    frame = pd.DataFrame(states, columns=["agency", "year", "state"]).drop_duplicates(["agency", "year"])
    many = [frame.assign(agency=frame["agency"] + str(number)) for number in range(200)]
    quality = figures.quality_by_report(reports)
    every_rule = govstats.reconciliation.rules().rename(columns={"id": "rule"})[["rule", "severity"]]
    summary = every_rule.assign(**{"reports": 3456, "pass": 1200, "fail": 1234, "not_assessable": 1022, "failure_rate": 0.51})
    levels = summary.head(4)
    levels.insert(2, "level", ["county", "prefecture", "province", None])
    return found | {
        "coverage": bound(figures.coverage, frame),
        "coverage of many": bound(figures.coverage, pd.concat(many)),
        "rules": bound(figures.rules_by_outcome, summary),
        "rules by level": bound(figures.rules_by_outcome, levels),
        "quality": bound(figures.quality_map, quality),
        "claims": bound(figures.claims_by_report, figures.claims_against_cells(reports)),
    }


def bound(draw: Draw, *args: Any, **keywords: Any) -> Draw:
    return lambda **more: draw(*args, **keywords, **more)


def texts(figure: Any) -> Iterator[Any]:
    """Every text that is shown: beside axes, on them, in the legend."""
    from matplotlib.text import Text

    return (text for text in figure.findobj(Text) if text.get_text().strip() and text.get_visible())


def collisions(figure: Any) -> list[str]:
    """Texts that share more than a pixel, and those that leave the figure."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas: Any = FigureCanvasAgg(figure)
    renderer = canvas.get_renderer()
    figure.draw_without_rendering()
    boxes = [(text.get_text(), text.get_window_extent(renderer)) for text in texts(figure)]
    whole = figure.bbox
    outside = [
        text for text, box in boxes if not (box.x0 > -1 and box.x1 < whole.x1 + 1 and box.y0 > -1 and box.y1 < whole.y1 + 1)
    ]
    touching = [
        f"{one!r} × {other!r}"
        for (one, a), (other, b) in combinations(boxes, 2)
        if min(a.x1, b.x1) - max(a.x0, b.x0) > 1 and min(a.y1, b.y1) - max(a.y0, b.y0) > 1
    ]
    return [f"{text!r} outside" for text in outside] + touching


PAIRS = [*zip(get_args(Language), get_args(Width), strict=True)]


#: Each language and each width once: all nine pairs take three times as long. Of a figure that is drawn of many reports, each
#: pair has its share.
@pytest.mark.parametrize(("language", "width"), PAIRS)
def test_no_text_touches_another(language: Language, width: Width) -> None:
    wrong = {}
    alike: dict[str, list[str]] = defaultdict(list)
    for name in drawn():
        alike[name.split()[-1]].append(name)
    at = PAIRS.index((language, width))
    chosen = [name for names in alike.values() for name in (names if len(names) < len(PAIRS) else names[at :: len(PAIRS)])]
    for name in chosen:
        draw = drawn()[name]
        with mpl.rc_context({"text.hinting": "none"}):  # which takes most of the time
            figure = draw(language=language, width=width)
            found = collisions(figure)
        wide, tall = figure.get_size_inches()
        # 85 and 170 mm, and 16:9
        assert wide == pytest.approx({"column": 3.35, "page": 6.7, "slide": max(6.67, tall * 16 / 9)}[width])
        assert figure.alt
        if found:
            wrong[name] = found
    assert wrong == {}


def test_the_measure_finds_what_touches() -> None:
    sheet = Sheet("flows", "zh", "page")
    sheet.axes(tall=1)
    sheet.close("甲局", finding=("无", "none"))
    assert collisions(sheet.figure) == []
    for x, y, text in ((0.02, 0.5, "第一行"), (0.03, 0.5, "第二行"), (0.99, 0.2, "出界")):
        sheet.figure.text(x, y, text, fontproperties=font(9))
    assert collisions(sheet.figure) == ["'出界' outside", "'第一行' × '第二行'"]


def test_a_pdf_has_a_font_and_no_outlines() -> None:
    import pikepdf
    import pypdfium2

    figure: Any = figures.reasons_for_refusal(embedded.report("平潭综合实验区", 2025))
    before = [text.get_fontproperties().get_file() for text in texts(figure)]
    figure.savefig(file := BytesIO(), format="pdf")
    with pikepdf.open(file) as pdf:
        fonts = [font.DescendantFonts[0] for font in pdf.pages[0].Resources.Font.values()]
        assert {str(font.Subtype) for font in fonts} == {"/CIDFontType2"}
        # TrueType inside as well, not PostScript outlines under its name
        assert all(bytes(font.FontDescriptor.FontFile2.read_bytes())[:4] == b"\0\1\0\0" for font in fonts)
        assert str(pdf.docinfo["/Subject"]) == figure.alt
    with pypdfium2.PdfDocument(file.getvalue()) as pdf:
        text = pdf[0].get_textpage().get_text_bounded()
    assert "属于行政执法案卷" in text
    assert "administrative enforcement case files" in text
    assert [text.get_fontproperties().get_file() for text in texts(figure)] == before


def test_vector_and_picture_say_what_one_would_see() -> None:
    from PIL import Image

    figure: Any = figures.reasons_for_refusal(embedded.report("平潭综合实验区", 2025), language="en", width="column")
    # 3 of internal affairs, of enforcement files and of inquiries, 2 of process information
    assert figure.alt.startswith("Requests refused: 11; most often: internal affairs, administrative enforcement")
    assert repr(figure) == f"Why information was refused（平潭综合实验区 · 2025） {figure.alt}"
    files = {kind: BytesIO() for kind in ("svg", "png")}
    for kind, file in files.items():
        figure.savefig(file, format=kind)
    assert f"<title>{figure!r}</title>" in files["svg"].getvalue().decode()
    with Image.open(files["png"]) as picture:
        assert picture.info["Description"] == figure.alt
    figure.savefig(again := BytesIO(), format="svg")
    assert again.getvalue() == files["svg"].getvalue()


def test_a_figure_is_in_one_language() -> None:
    report = embedded.report("平潭综合实验区", 2025)
    zh, en = (" ".join(text.get_text() for text in texts(figures.flows(report, language=one))) for one in ("zh", "en"))
    assert not [word for word in zh.split() if word.isascii() and word.isalpha()]
    assert [char for char in en if "\u4e00" <= char <= "\u9fff"] == list("平潭综合实验区" * 2)


def test_an_unknown_language_or_width_is_refused() -> None:
    report: Any = embedded.report("平潭综合实验区", 2025)
    draw: Any = figures.flows
    with pytest.raises(UnusableFigure, match="language='fr': expected one of zh, en, both"):
        draw(report, language="fr")
    with pytest.raises(UnusableFigure, match="width='a4': expected one of column, page, slide"):
        draw(report, width="a4")


def test_lines_break_between_characters_and_words_but_not_before_a_mark() -> None:
    wide = text_width("不予公开的理由", 10) + 0.01
    assert fold("不予公开的理由，共八项", 10, wide) == ["不予公开的理", "由，共八项"]
    assert fold("legal service organisations", 10, text_width("legal service", 10) + 0.01) == ["legal service", "organisations"]
