"""What all figures share: language and width, a font that prints, colours, and texts that are measured before room is made."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from functools import cache, lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal, get_args

from govstats.errors import MissingExtra, UnusableFigure

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.font_manager import FontProperties
    from matplotlib.legend import Legend
    from matplotlib.text import Text

    from govstats.forms import Label
    from govstats.report import Report

Language = Literal["zh", "en", "both"]
Width = Literal["column", "page", "slide"]
#: Chinese and English.
Words = tuple[str, str]
#: A text as lines, each with its size and colour.
Block = list[tuple[str, float, str]]
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
_LINE = 1.4 / 72
#: A Chinese character or a word, with the marks that may not begin or end a line.
_PIECES = re.compile(r"[（“《]*(?:[\u2e80-\u9fff]|[^\s\u2e80-\u9fff（“《，。；：、）”》]+)[，。；：、）”》]*\s*|\S\s*")
#: What a format calls the fields of its metadata, and the date, which would differ from run to run.
_METADATA = {
    "png": ("Title", "Description", None),
    "svg": ("Title", "Description", "Date"),
    "pdf": ("Title", "Subject", "CreationDate"),
}


class Sheet:
    """A figure in one language or both, for one width; lengths are in inches, sizes of type in points.

    `open` first, which makes room for title, legend and notes; then `axes` takes parts of the room between them.
    """

    figure: Figure

    def __init__(self, language: Language, width: Width) -> None:
        for name, value, known in (("language", language, get_args(Language)), ("width", width, get_args(Width))):
            if value not in known:
                raise UnusableFigure(f"{name}={value!r}: expected one of {', '.join(known)} 应为其中之一：{'、'.join(known)}")
        self.language, self.kind = language, width
        self.across, self.body = _WIDTHS[width]
        self.wide = self.across - 2 * _MARGIN
        self.small, self.large = 0.85 * self.body, 1.25 * self.body

    def say(self, words: Iterable[str], between: str = " ") -> str:
        """Return words in the language of the figure."""
        zh, en = words
        return {"zh": zh, "en": en}.get(self.language) or between.join(dict.fromkeys((zh, en)))

    def block(self, words: Words, wide: float, *, size: float = 0) -> Block:
        """Return words as lines that are no wider: the Chinese ones over the English ones, which are smaller."""
        size = size or self.body
        both = self.language == "both" and words[0] != words[1]
        zh = [] if self.language == "en" else [(line, size, INK) for line in fold(words[0], size, wide)]
        smaller, color = (0.82 * size, QUIET) if both else (size, INK)
        return zh + [(line, smaller, color) for line in fold(words[1], smaller, wide) if both or self.language == "en"]

    def open(
        self,
        about: Report | str,
        title: Words,
        tall: float,
        *,
        finding: Words,
        notes: Sequence[Words] = (),
        source: Words = ("", ""),
        key: Key = (),
    ) -> None:
        """Make a figure with so much room between what stands above and the notes.

        `finding` is the alternative text: what one would see.
        """
        font(self.body)  # which says what to install
        if isinstance(about, str):
            who = about
        else:
            who = " · ".join(str(part) for part in (about.agency, about.year) if part is not None)
            source = f"{who} 年度报告", f"annual report, {who}"
        if any(source):
            notes = [*notes, (f"来源：{source[0]}", f"Source: {source[1]}")]
        self.figure = figure = _figure(f"{self.say(title, '  ')}{f'（{who}）' if who else ''}", self.say(finding))
        figure.set_size_inches(self.across, 1)
        above = [self._text([title], self.large, INK), self._text([(who, who)], self.body, QUIET)]
        below = self._text(notes, self.small, QUIET)
        legend = self._legend(key)
        parts: list[Any] = [*above, legend, below]
        rooms = [self._height(one) for one in parts]
        self.tall, self._below = tall, rooms[-1] + 2 * _MARGIN * bool(notes)
        across, height = self.across, _MARGIN + sum(rooms[:-1]) + tall + self._below
        if self.kind == "slide":
            fits = max(height, across * 9 / 16)
            self._below += fits - height
            across, height = max(across, fits * 16 / 9), fits
        figure.set_size_inches(across, height)
        self._left = (across - self.across) / 2 + _MARGIN
        left, top = self._left / across, height - _MARGIN
        for text, room in zip(above, rooms, strict=False):
            text.set_position((left, top / height))
            top -= room
        legend.set_bbox_to_anchor((left, top / height))
        below.set(position=(left, _MARGIN / height), va="bottom")

    def nothing(self, about: Report | str, title: Words, note: Words) -> Figure:
        """Return a small figure that says why there is nothing to draw."""
        self.open(about, title, 0, finding=note, notes=[note])
        return self.figure

    def axes(self, left: float, top: float, wide: float, tall: float) -> Axes:
        """Return axes at a distance from the upper left corner of the room."""
        across, height = self.figure.get_size_inches()
        place = (self._left + left) / across, (self._below + self.tall - top - tall) / height, wide / across, tall / height
        axes = self.figure.add_axes(place)
        axes.patch.set_visible(False)
        return axes

    def bars(
        self,
        left: float,
        top: float,
        wide: float,
        labels: Sequence[Block],
        longest: float,
        *,
        stub: bool = True,
        step: float | None = None,
    ) -> Axes:
        """Return axes for rows of bars that start at one line, with the labels left of it."""
        rows = len(labels)
        axes = self.axes(left, top, wide, (step or pitch(labels)) * rows)
        axes.set(xlim=(0, longest), ylim=(rows - 0.5, -0.5))
        axes.set_axis_off()
        axes.plot([0, 0], [-0.5, rows - 0.5], color="#bbbbbb", linewidth=0.8, clip_on=False)
        for row, block in enumerate(labels if stub else ()):
            write_block(axes, 0, row, block, (-5, 0), ha="right")
        return axes

    def years(self, axes: Axes, years: Sequence[int], read: set[int], wide: float) -> None:
        """Put every year on the axis, those without a report in grey; upright where they would touch."""
        axes.set(xlim=(years[0] - 0.6, years[-1] + 0.6), xticks=years, yticks=[])
        upright = wide / (len(years) + 0.2) < text_width("2000 ", self.small)
        axes.set_xticklabels([str(year) for year in years], rotation=90 if upright else 0)
        self.quiet(axes)
        for year, tick in zip(years, axes.get_xticklabels(), strict=True):
            tick.set_color(INK if year in read else "#949494")

    def quiet(self, axes: Axes) -> None:
        """Leave of an axis what is needed to read it."""
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.spines["bottom"].set_color(FAINT)
        axes.tick_params(length=0, pad=2.5)
        for tick in axes.get_xticklabels():
            tick.set(fontproperties=font(self.small), color=QUIET)

    def _text(self, texts: Iterable[Words], size: float, color: str) -> Text:
        """Write texts folded to the width, both languages on one line where there is room."""
        lines = []
        for words in texts:
            one = self.say(words, "  ")
            fits = self.language != "both" or text_width(one, size) <= self.wide
            lines += [line for text in ([one] if fits else words) for line in fold(text, size, self.wide)]
        return self.figure.text(0, 0, "\n".join(lines), va="top", linespacing=1.3, **text_style(size, color))

    def _legend(self, key: Key) -> Legend:
        """Make a legend with as many columns as there is room for; labels that are too long are folded."""
        from matplotlib.lines import Line2D
        from matplotlib.patches import Patch

        handles: list[Any] = []
        for look, words in key:
            label = "\n".join(fold(self.say(words), self.small, self.wide - 3.6 * self.small / 72))
            handles.append(Patch(**look, label=label) if "facecolor" in look else Line2D([], [], **look, label=label))
        for columns in range(max(len(handles), 1), 0, -1):
            legend = self.figure.legend(
                handles=handles,
                loc="upper left",
                ncols=columns,
                frameon=False,
                prop=font(self.small),
                borderaxespad=0,
                borderpad=0,
                handletextpad=0.4,
                columnspacing=1.2,
                handlelength=1.6,
            )
            if columns == 1 or legend.get_window_extent().width / self.figure.dpi <= self.wide:
                break
            legend.remove()
        return legend

    def _height(self, artist: Text | Legend) -> float:
        """Return how much room a text or legend takes, with a gap below it; what is empty takes none."""
        tall = artist.get_window_extent().height / self.figure.dpi
        return tall + 0.06 if tall > 0.01 else 0.0


def pitch(blocks: Iterable[Block], gap: float = 4) -> float:
    """Return how far apart rows with such labels stand."""
    return max((sum(size for _, size, _ in block) * _LINE + gap / 72 for block in blocks), default=0)


def write_block(axes: Axes, x: float, y: float, block: Block, shift: tuple[float, float] = (0, 0), **place: Any) -> None:
    """Write the lines of a block one under the other, their middle (or, by `va`, their bottom or top) at a place."""
    whole = sum(size for _, size, _ in block) * 1.4
    at = shift[1] + {"center": whole / 2, "bottom": whole, "top": 0.0}[place.pop("va", "center")]
    for text, size, color in block:
        write(axes, x, y, text, (shift[0], at - 0.7 * size), size=size, color=color, **place)
        at -= 1.4 * size


def write(
    axes: Axes, x: float, y: float, text: str, shift: tuple[float, float], *, size: float, color: str = INK, **place: Any
) -> None:
    """Write at a place in the data, shifted by points."""
    place = {"ha": "left", "va": "center", **place}
    axes.annotate(text, (x, y), shift, textcoords="offset points", annotation_clip=False, **place, **text_style(size, color))


def text_style(size: float, color: str) -> dict[str, Any]:
    """Return what makes a text Chinese; a dollar sign in it is no formula."""
    return {"fontproperties": font(size), "color": color, "parse_math": False}


def widest(blocks: Iterable[Block]) -> float:
    """Return the width of the widest line, in inches."""
    return max((text_width(text, size) for block in blocks for text, size, _ in block), default=0.0)


def annual_reports(agencies: Iterable[object], years: Iterable[int]) -> Words:
    """Say of which reports a figure is made."""
    who, when = list(dict.fromkeys(map(str, agencies))), sorted(set(years))
    span = "–".join(dict.fromkeys([str(when[0]), str(when[-1])])) if when else ""
    zh, en = (f"{len(who)} 个机关", f"of {len(who)} agencies") if len(who) != 1 else (who[0], f"of {who[0]}")
    return f"{zh} {span} 年度报告", f"annual reports {en}, {span}"


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
        raise MissingExtra(
            f"figures need matplotlib and a Chinese font, and {error.name or 'one of them'} is not installed; "
            'run: pip install "govstats[notebooks]" '
            '绘图需要 matplotlib 与中文字体，尚未安装；请运行 pip install "govstats[notebooks]"'
        ) from error
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
    color = VERMILLION if contradicted is True else BLUE
    return {
        "marker": "D" if contradicted is True else "o",
        "markersize": 4.5 if contradicted is True else 4,
        "color": color,
        "markerfacecolor": "white" if small is True else color,
        "markeredgewidth": 1.1,
        "linestyle": "none",
        "zorder": 3,
    }


def point_key(points: pd.DataFrame, value: Words, more: Key = ()) -> Key:
    """Explain the looks of those of the points that have a value, and more."""
    known = points[points["value"].notna()]
    key = [(marker(), value)]
    if known["low"].notna().any():
        key.append((INTERVAL, ("95% 区间", "95% interval")))
    if known["small"].eq(True).any():
        key.append((marker(small=True), (f"不足 {SMALL} 例", f"fewer than {SMALL}")))
    if known["contradicted"].astype("Int64").gt(0).any():
        key.append((marker(contradicted=True), ("报告自相矛盾", "report contradicts itself")))
    return [*key, *more]


def _figure(title: str, alt: str) -> Figure:
    """Return an empty figure that a notebook shows by itself, without pyplot and the windows it may open."""
    return _figure_class()(title, alt, dpi=160, facecolor="white")


@cache
def _figure_class() -> Callable[..., Figure]:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    class ReportFigure(Figure):
        """A figure with a title and an alternative text, which go with it into every format."""

        def __init__(self, title: str, alt: str, **keywords: Any) -> None:
            super().__init__(**keywords)
            self.title, self.alt = title, alt

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

    texts: list[Any] = [text for text in figure.findobj(Text) if text.get_text()]
    before = [text.get_fontproperties().get_file() for text in texts]
    with TemporaryDirectory(prefix="govstats-") as folder:
        used = "".join(text.get_text() for text in texts)
        path = Path(folder) / "govstats.ttf"
        _write_truetype(str(font(10).get_file()), used, path)
        try:
            for text in texts:
                text.get_fontproperties().set_file(str(path))
            yield
        finally:
            for text, file in zip(texts, before, strict=True):
                text.get_fontproperties().set_file(file)


def _write_truetype(source: str, used: str, path: Path) -> None:
    """Write the glyphs of some characters as a TrueType font."""
    from fontTools.fontBuilder import FontBuilder
    from fontTools.pens.cu2quPen import Cu2QuPen
    from fontTools.pens.ttGlyphPen import TTGlyphPen
    from fontTools.ttLib import TTFont

    with TTFont(source, lazy=True) as whole:
        names: Mapping[int, str] = whole.getBestCmap()
        outlines, metrics = whole.getGlyphSet(), whole["hmtx"]
        cmap = {ord(one): names[ord(one)] for one in sorted({*used, " "}) if ord(one) in names}
        glyphs = {}
        for name in dict.fromkeys([".notdef", *cmap.values()]):
            pen = TTGlyphPen(None)
            outlines[name].draw(Cu2QuPen(pen, max_err=1, reverse_direction=True))
            glyphs[name] = pen.glyph()
        builder = FontBuilder(whole["head"].unitsPerEm, isTTF=True)
        builder.setupGlyphOrder(list(glyphs))
        builder.setupCharacterMap(cmap)
        builder.setupGlyf(glyphs)
        builder.setupHorizontalMetrics({name: metrics[name] for name in glyphs})
        builder.setupHorizontalHeader(ascent=whole["hhea"].ascent, descent=whole["hhea"].descent)
        builder.setupNameTable({"familyName": "Noto Sans SC", "styleName": "Regular", "psName": "NotoSansSC-Regular"})
        builder.setupOS2()
        builder.setupPost()
        builder.save(path)
