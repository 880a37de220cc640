"""What all figures share: words in two languages, widths, a font that prints, what stands around the axes, and looks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from functools import cache, lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

import numpy as np
import pandas as pd

from govstats.errors import MissingExtra, UnusableCells, UnusableFigure
from govstats.files import package_data

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.font_manager import FontProperties
    from numpy.typing import NDArray

    from govstats.forms import Label
    from govstats.report import Report

Language = Literal["zh", "en", "both"]
Width = Literal["column", "page", "slide"]
Floats: TypeAlias = "Sequence[float] | NDArray[Any]"
#: Chinese and English.
Words = tuple[str, str]
#: What stands in a legend: how it looks, and what it is. A look with a face is that of an area, others are those of lines.
Key = Sequence[tuple[dict[str, Any], Words]]

#: From Okabe and Ito's palette, which colour-blind readers can tell apart, and whose luminances differ in print.
BLUE, SKY, VERMILLION = "#0072b2", "#56b4e9", "#d55e00"
#: Rates of fewer cases say little, as `govstats.measures.indicators` has it.
SMALL = 30
INK, QUIET, FAINT = "#222222", "#6b6b6b", "#dddddd"
#: The line of an interval.
INTERVAL: dict[str, Any] = {"color": BLUE, "linewidth": 0.9, "alpha": 0.7, "zorder": 1}
#: More than a bar says: what it is, by its hatching.
HATCHED: dict[str, Any] = {"facecolor": "none", "edgecolor": BLUE, "hatch": "////", "linewidth": 0.8}
#: Inches and points: a column and a page of a journal; a slide of 16:9 that is shown at twice this size.
_WIDTHS: dict[Width, tuple[float, float]] = {"column": (3.35, 7.0), "page": (6.7, 8.5), "slide": (6.67, 9.0)}
_MARGIN = 0.12
#: Inches: how high a figure is until all is drawn, and how long the upright head of a column may be.
_TALLEST, _UPRIGHT = 30, 1.6
#: Height of a line of type, by its size.
_LINE = 1.4 / 72
#: A Chinese character or a word, with the marks that may not begin or end a line.
_PIECES = re.compile(r"[（“《]*(?:[\u2e80-\u9fff]|[^\s\u2e80-\u9fff（“《，。；：、）”》]+)[，。；：、）”》]*\s*|\S\s*")
#: What a format calls the fields of its metadata, and the date, which would differ from run to run.
_METADATA = {
    "png": ("Title", "Description", None),
    "svg": ("Title", "Description", "Date"),
    "pdf": ("Title", "Subject", "CreationDate"),
}


#: How symbols and fields look, as matplotlib names it.
LOOKS: Mapping[str, Any] = package_data("figures/looks.toml")


@cache
def chapter(name: str) -> Mapping[str, Words]:
    """Return a chapter of ``words.toml``: pairs of Chinese and English words by their names."""
    return {entry: (zh, en) for entry, (zh, en) in package_data("figures/words.toml")[name].items()}


def words(name: str, **values: object) -> Words:
    """Return words of ``words.toml``, filled in; a value may be a pair of Chinese and English itself.

    >>> words("caveats.no_value", reason=words("reasons.blank"))
    ('没有数值：空白', 'no value: blank')
    """
    of_chapter, _, entry = name.partition(".")
    pairs = {key: value if isinstance(value, tuple) else (value, value) for key, value in values.items()}
    zh, en = chapter(of_chapter)[entry]
    return zh.format(**{key: pair[0] for key, pair in pairs.items()}), en.format(**{key: pair[1] for key, pair in pairs.items()})


def listed(said: Iterable[Words], between: Words = ("、", ", ")) -> Words:
    """Join words to a list, in each language with its own mark between them.

    >>> listed([("空白", "blank"), ("缺", "missing")])
    ('空白、缺', 'blank, missing')
    """
    zh, en = [*zip(*said, strict=True)] or [(), ()]
    return between[0].join(zh), between[1].join(en)


class Sheet:
    """A figure in one language or both, for one width; lengths are in inches, sizes of type in points.

    First `axes`, which divide what room there will be between them; then what is drawn on them; last `close`, which writes title,
    legend and notes around them. Matplotlib finds the room for these and for all labels.
    """

    def __init__(self, name: str, language: Language, width: Width) -> None:
        for option, value, known in (("language", language, get_args(Language)), ("width", width, get_args(Width))):
            if value not in known:
                raise UnusableFigure(f"{option}={value!r}: expected one of {', '.join(known)} 应为其中之一：{'、'.join(known)}")
        self.name, self.language, self.kind = name, language, width
        self.across, self.body = _WIDTHS[width]
        self.wide, self.small = self.across - 2 * _MARGIN, 0.85 * self.body
        self.label_size = self.body * (0.88 if language == "both" else 1)
        font(self.body)  # which says what to install
        self.figure: Any = _figure_class()(figsize=(self.across, _TALLEST), dpi=160, facecolor="white")
        side = _MARGIN / 2 / self.across
        pads = {"w_pad": _MARGIN / 2, "h_pad": _MARGIN / 2, "wspace": 0, "hspace": 0}
        self.figure.set_layout_engine("constrained", rect=(side, 0, 1 - 2 * side, 1), **pads)

    def words(self, entry: str, **values: object) -> Words:
        """Return words of the figure's own chapter of ``words.toml``, filled in."""
        return words(f"{self.name}.{entry}", **values)

    def say(self, said: Words, between: str = " ") -> str:
        """Return words in the language of the figure."""
        zh, en = said
        return {"zh": zh, "en": en}.get(self.language) or between.join(dict.fromkeys((zh, en)))

    def label(self, said: Words, wide: float, size: float = 0) -> str:
        """Return words as lines that are no wider, the Chinese ones above the English ones."""
        return self.folded(self.say(said, "\n").split("\n"), wide, size or self.label_size)

    def folded(self, texts: Iterable[str], wide: float, size: float) -> str:
        """Return texts below each other, each as lines that are no wider."""
        return "\n".join(line for text in texts for line in fold(text, size, wide))

    def axes(self, bands: int = 1, columns: int = 1, *, tall: float | Floats, used: int = 0, **how: Any) -> NDArray[Any]:
        """Make axes that show nothing yet, in bands so high one below the other; all or so many are used."""
        grid: NDArray[Any] = self.figure.subplots(bands, columns, squeeze=False, height_ratios=np.resize(tall, bands), **how)
        for axes in grid.flat:
            axes.patch.set_visible(False)
            axes.spines[:].set_visible(False)
            axes.tick_params(length=0, pad=3)
            axes.set(xticks=[], yticks=[])
        for axes in grid.flat[used or grid.size :]:
            axes.remove()
        self.grid, self.tall = grid, np.resize(tall, bands).sum()
        return grid

    def close(
        self,
        about: Report | str,
        *,
        finding: Words,
        title: Words | None = None,
        notes: Sequence[Words] = (),
        source: Words | None = None,
        key: Key = (),
    ) -> Figure:
        """Write what stands above and below, and make the figure as high as all of it is.

        `finding` is the alternative text: what one would see.
        """
        title = title or self.words("title")
        who = about
        if not isinstance(who, str):
            who = " · ".join(str(part) for part in (who.agency, who.year) if part is not None)
            source = words("common.report", who=who)
        figure = self.figure
        figure.title, figure.alt = f"{self.say(title, '  ')}{f'（{who}）' * bool(who)}", self.say(finding)
        self._legend(self._lines([title, (who, who)], 1.25 * self.body), key)
        said = self._lines([*notes, source] if source else notes, self.small)
        below = figure.supxlabel(said, ha="left", **text_style(self.small, QUIET))
        layout = figure.get_layout_engine()
        layout.execute(figure)
        around = _TALLEST * (1 - sum(axes.get_position().height for axes in self.grid[:, 0]))
        across, height = self.across, around + self.tall
        if self.kind == "slide":
            across, height = max(across, height * 16 / 9), max(height, across * 9 / 16)
        figure.set_size_inches(across, height)
        below.set_x(_MARGIN / across)
        layout.execute(figure)
        figure.set_layout_engine("none")  # to lay it out again could move it by a hair
        shown: Figure = figure
        return shown

    def nothing(self, about: Report | str, note: Words) -> Figure:
        """Return a small figure that says why there is nothing to draw."""
        self.axes(tall=0.1)
        return self.close(about, finding=note, notes=[note])

    def rows(self, axes: Axes, labels: Sequence[str], middles: Floats | None = None) -> None:
        """Write the labels of rows to the left of axes; the rows are one apart from each other, the first on top."""
        if middles is None:
            middles = [*range(len(labels))]
            axes.set_ylim(len(labels) - 0.5, -0.5)
        axes.set_yticks(middles, labels, **text_style(self.label_size, INK))

    def heads(self, axes: Axes, places: Floats, said: Iterable[Words], wide: float) -> None:
        """Write the heads of columns above axes, folded to their width; upright where a word would not fit."""
        said = list(said)
        labels = [self.label(one, wide, self.small) for one in said]
        upright = self.widest(labels, self.small) > wide
        if upright:
            labels = [self.folded([self.say(one)], _UPRIGHT, self.small) for one in said]
        axes.tick_params(bottom=False, top=True, labelbottom=False, labeltop=True)
        axes.set_xticks(places, labels, rotation=90 * upright, **text_style(self.small, QUIET))

    def bars(self, axes: Axes, labels: Sequence[str], longest: float) -> None:
        """Make axes those of rows of bars that start at one line."""
        self.rows(axes, labels)
        axes.set_xlim(0, longest)
        axes.spines["left"].set(visible=True, color="#bbbbbb", linewidth=0.8)

    def title(self, axes: Axes, text: str) -> None:
        """Write what axes show above them."""
        axes.set_title(text, loc="left", pad=4, **text_style(self.label_size, INK))

    def _lines(self, texts: Iterable[Words], size: float) -> str:
        """Return texts folded to the width, both languages on one line where there is room."""
        parts: list[str] = []
        for said in texts:
            one = self.say(said, "  ")
            fits = self.language != "both" or text_width(one, size) <= self.wide
            parts += [one] if fits else said
        return self.folded(parts, self.wide, size)

    def _legend(self, title: str, key: Key) -> None:
        """Make a legend with as many columns as there is room for; labels that are too long are folded."""
        from matplotlib.lines import Line2D
        from matplotlib.patches import Patch

        beside = 3.6 * self.small / 72
        labels = [self.folded([self.say(said)], self.wide - beside, self.small) for _, said in key]
        handles = [Patch(**how) if "facecolor" in how else Line2D([], [], **how) for how, _ in key]
        columns = max(1, int(self.wide / (self.widest(labels, self.small) + beside)))
        place = {"loc": "outside upper left", "alignment": "left", "borderaxespad": 72 * _MARGIN / self.small}
        look = {"title_fontproperties": font(1.25 * self.body), "prop": font(self.small), **LOOKS["legend"]}
        self.figure.legend(handles, labels, title=title, ncols=columns, **place, **look)

    def widest(self, labels: Iterable[str], size: float = 0) -> float:
        """Return the width of the widest line."""
        lines = (line for label in labels for line in label.split("\n"))
        return max((text_width(line, size or self.label_size) for line in lines), default=0.0)

    def pitch(self, labels: Iterable[str], gap: float = 4) -> float:
        """Return how far apart rows with such labels stand."""
        return max((label.count("\n") + 1 for label in labels), default=0) * self.label_size * _LINE + gap / 72


def write(
    axes: Axes, x: float, y: float, text: str, shift: tuple[float, float], *, size: float, color: str = INK, **place: Any
) -> None:
    """Write at a place in the data, shifted by points."""
    place = {"ha": "left", "va": "center", **place}
    axes.annotate(text, (x, y), shift, textcoords="offset points", annotation_clip=False, **place, **text_style(size, color))


def bar(axes: Axes, row: float, end: float, text: str, *, size: float, ink: str = INK, **look: Any) -> None:
    """Draw a bar of a row, none for nought, and write what it stands for where it ends."""
    if end:
        axes.barh(row, end, **look)
    write(axes, end, row, text, (3, 0), size=size, color=ink)


def text_style(size: float, color: str) -> dict[str, Any]:
    """Return what makes a text Chinese; a dollar sign in it is no formula."""
    return {"fontproperties": font(size), "color": color, "parse_math": False, "linespacing": 1.15}


def annual_reports(agencies: Iterable[object], years: Iterable[int]) -> Words:
    """Say of which reports a figure is made."""
    who = list(dict.fromkeys(map(str, agencies)))
    if len(who) == 1:
        return words("common.reports_of_one", who=who[0], span=span(years))
    return words("common.reports_of_many", number=len(who), span=span(years))


def span(years: Iterable[int]) -> str:
    """Write from which year to which.

    >>> span([2021, 2019, 2020]), span([2019]), span([])
    ('2019–2021', '2019', '')
    """
    when = sorted(set(years))
    return "–".join(dict.fromkeys(map(str, when[:1] + when[-1:])))


def with_unit(labels: pd.Series[str]) -> Words:
    """Return the labels of a series or indicator, the unit after the Chinese one."""
    return f"{labels['label_zh']}{labels['unit'] and '（' + labels['unit'] + '）'}", labels["label_en"]


def only(frame: pd.DataFrame, column: str, how: str, zh: str) -> str:
    """Return the agency or indicator that a frame is about; a figure of one refuses several, and none.

    Raises
    ------
    UnusableCells
    """
    found = frame[column].drop_duplicates().astype("str").tolist()
    if len(found) != 1:
        listed = f" ({', '.join(found[:3])} …)" if found else ""
        raise UnusableCells.worded("figure_about_one", column=column, number=len(found), listed=listed, how=how, zh=zh)
    return found[0]


def short_labels(label: Label) -> Words:
    """Return the labels without the form's numbering and its remarks in brackets."""
    zh = re.sub(r"^(?:（.）|\d+\.|[一二三四五六]、)\s*", "", label.zh)
    en = re.sub(r"^(?:\(\d\)|\d+\.)\s*", "", label.en)
    return re.sub(r"（.*", "", zh), re.sub(r" \(.*", "", en)


@cache
def font(size: float) -> FontProperties:
    """Return the Chinese font by its file: nothing is registered with matplotlib, and other figures stay as they are."""
    try:
        from matplotlib.font_manager import FontProperties
        from pylopdf_fonts_zh_cn import sans_path
    except ImportError as error:
        raise MissingExtra.of("a figure", error, "notebooks") from error
    return FontProperties(fname=str(sans_path()), size=size)


@lru_cache(maxsize=10_000)
def text_width(text: str, size: float) -> float:
    """Return how wide a line is, in inches."""
    from matplotlib.font_manager import get_font

    face = get_font(str(font(size).get_file()))
    face.set_size(size, 72)
    face.set_text(text)
    return float(face.get_width_height()[0]) / 64 / 72


def fold(text: str, size: float, wide: float) -> list[str]:
    """Break a text into lines of at most so many inches, between Chinese characters or words."""
    lines = [""]
    for piece in _PIECES.findall(text):
        if lines[-1] and text_width((lines[-1] + piece).rstrip(), size) > wide:
            lines.append("")
        lines[-1] += piece
    return [line.rstrip() for line in lines]


def in_digits(value: float, *, share: bool = False) -> str:
    """Write a value as a figure has room for it.

    Examples
    --------
    >>> in_digits(0.478, share=True), in_digits(10690.0), in_digits(25.1234), in_digits(1234.56)
    ('48%', '10,690', '25.1', '1,235')
    """
    if share:
        return f"{value:.0%}"
    return f"{value:,.0f}" if abs(value) >= 1000 or float(value).is_integer() else f"{value:,.3g}"


def marker(*, small: object = False, contradicted: object = False) -> dict[str, Any]:
    """Return the look of a point: hollow where there are few cases, a diamond where the report contradicts itself.

    What is null counts as false.
    """
    look: dict[str, Any] = LOOKS["points"]["contradicted" if contradicted is True else "sure"]
    return look | {"markerfacecolor": "white" if small is True else look["color"], "zorder": 3}


def point_key(points: pd.DataFrame, value: Words, more: Key = ()) -> Key:
    """Explain the looks of those of the points that have a value, and more."""
    known = points[points["value"].notna()]
    parts = [
        (True, marker(), value),
        (known["low"].notna().any(), INTERVAL, words("key.interval")),
        (known["small"].eq(True).any(), marker(small=True), words("key.small", number=SMALL)),
        (known["contradicted"].astype("Int64").gt(0).any(), marker(contradicted=True), words("key.contradicted")),
    ]
    return [*((look, said) for here, look, said in parts if here), *more]


def draw_value(axes: Axes, at: float, point: Mapping[Any, Any], *, across: bool, **look: Any) -> None:
    """Draw a value with its interval, across or upright, at a place on the other axis."""
    ends = [] if pd.isna(point["low"]) else [point["low"], point["high"]]
    for values, how in (
        (ends, INTERVAL),
        ([point["value"]], marker(small=point["small"], contradicted=point["contradicted"]) | look),
    ):
        places = [at] * len(values)
        axes.plot(*((values, places) if across else (places, values)), clip_on=False, **how)


@cache
def _figure_class() -> Callable[..., Figure]:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    class ReportFigure(Figure):
        """A figure with a title and an alternative text, which go with it into every format."""

        title = alt = ""

        def __repr__(self) -> str:
            return f"{self.title} {self.alt}"

        def _repr_mimebundle_(self, **_: object) -> tuple[dict[str, Any], dict[str, Any]]:
            from io import BytesIO

            self.savefig(picture := BytesIO(), format="png")
            shown = {"alt": self.alt, "width": round(110 * self.get_figwidth())}
            return {"image/png": picture.getvalue(), "text/plain": repr(self)}, {"image/png": shown}

        def savefig(self, fname: Any, **keywords: Any) -> None:
            kind = str(keywords.get("format") or Path(str(fname)).suffix[1:] or "png").lower()
            if kind in _METADATA:
                title, description, date = _METADATA[kind]
                # a reader of SVG speaks its title; that of a PDF shows both fields
                own = {title: repr(self) if kind == "svg" else self.title, description: self.alt}
                keywords["metadata"] = own | ({date: None} if date else {}) | keywords.get("metadata", {})
            # outlines in SVG look the same where the font is not installed; PDF carries the font
            settings: Any = {"pdf.fonttype": 42, "ps.fonttype": 42, "svg.fonttype": "path", "svg.hashsalt": "govstats"}
            with mpl.rc_context(settings), _truetype(self) if kind in ("pdf", "ps", "eps") else nullcontext():
                super().savefig(fname, **keywords)

    return ReportFigure


@contextmanager
def _truetype(figure: Figure) -> Iterator[None]:
    """Set the texts of a figure in TrueType: the font has PostScript outlines, which matplotlib embeds as if they were not."""
    from matplotlib.text import Text

    source = str(font(10).get_file())
    texts: list[Any] = figure.findobj(Text)
    own = [one for one in (text.get_fontproperties() for text in texts) if one.get_file() == source]
    with TemporaryDirectory(prefix="govstats-") as folder:
        path = Path(folder) / "govstats.ttf"
        _write_truetype(source, "".join(text.get_text() for text in texts), path)
        try:
            for one in own:
                one.set_file(path)
            yield
        finally:
            for one in own:
                one.set_file(source)


def _write_truetype(source: str, used: str, path: Path) -> None:
    """Write the glyphs of some characters as a TrueType font, with the heights of lines that the font has."""
    from fontTools.fontBuilder import FontBuilder
    from fontTools.pens.cu2quPen import Cu2QuPen
    from fontTools.pens.ttGlyphPen import TTGlyphPen
    from fontTools.subset import Options, Subsetter
    from fontTools.ttLib import TTFont

    with TTFont(source, lazy=True) as whole:
        subsetter = Subsetter(Options(layout_features=[], notdef_outline=True))
        subsetter.populate(text=f"{used} lp")  # matplotlib measures the height of a line by “lp”
        subsetter.subset(whole)
        outlines, glyphs = whole.getGlyphSet(), {}
        for name in whole.getGlyphOrder():
            pen = TTGlyphPen(None)
            outlines[name].draw(Cu2QuPen(pen, max_err=1, reverse_direction=True))
            glyphs[name] = pen.glyph()
        del whole["CFF "]
        whole.sfntVersion = "\0\1\0\0"
        builder = FontBuilder(font=whole)
        builder.isTTF = True
        builder.setupMaxp()
        builder.setupGlyf(glyphs)
        builder.setupPost(keepGlyphNames=False)
        builder.save(path)
