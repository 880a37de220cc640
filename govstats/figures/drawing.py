"""What all figures share: the Chinese font, the colours, and writing that keeps its size and place in figures of any height."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any
from unicodedata import east_asian_width

from govstats.errors import MissingExtra

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.font_manager import FontProperties

    from govstats.forms import Label
    from govstats.report import Report

#: From Okabe and Ito's palette, which colour-blind readers can tell apart, and whose luminances differ in print.
BLUE, SKY, VERMILLION = "#0072b2", "#56b4e9", "#d55e00"
#: Rates of fewer cases say little, as `govstats.measures.indicators` has it.
SMALL = 30
INK, QUIET, FAINT = "#222222", "#767676", "#dddddd"


def legend_above(figure: Figure, left: float, handles: Sequence[Artist], columns: int = 3) -> None:
    """Explain colours and symbols under the title, from a distance in inches on."""
    place = (left / figure.get_figwidth(), 1 - 0.78 / figure.get_figheight())
    figure.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=place,
        ncols=columns,
        frameon=False,
        prop=font(9),
        borderaxespad=0,
        handletextpad=0.4,
        columnspacing=1.4,
    )


def short_labels(label: Label) -> tuple[str, str]:
    """Return the labels without the form's numbering and its remarks in brackets."""
    zh = re.sub(r"^(?:（.）|\d+\.)\s*", "", label.zh)
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


def empty_figure(width: float, height: float) -> Figure:
    """Return an empty figure that a notebook shows by itself, without pyplot and the windows it may open."""
    font(10)
    from io import BytesIO

    from matplotlib.figure import Figure

    class ReportFigure(Figure):
        def _repr_png_(self) -> bytes:
            picture = BytesIO()
            self.savefig(picture, format="png")
            return picture.getvalue()

    return ReportFigure(figsize=(width, height), dpi=110, facecolor="white")


def bare(axes: Axes, rows: int, width: float) -> Axes:
    """Make room for so many rows of bars that start at one line."""
    axes.set(xlim=(0, width), ylim=(rows - 0.5, -0.5))
    axes.set_axis_off()
    axes.plot([0, 0], [-0.5, rows - 0.5], color="#bbbbbb", linewidth=0.8, clip_on=False)
    return axes


def text_style(size: float, color: str) -> dict[str, Any]:
    """Return what makes a text Chinese; a dollar sign in it is no formula."""
    return {"fontproperties": font(size), "color": color, "parse_math": False}


def write(
    axes: Axes, x: float, y: float, text: str, shift: tuple[float, float], *, size: float = 10, color: str = INK, **place: Any
) -> None:
    """Write at a place in the data, shifted by points."""
    place = {"ha": "left", "va": "center", **place}
    axes.annotate(text, (x, y), shift, textcoords="offset points", annotation_clip=False, **place, **text_style(size, color))


def write_label(axes: Axes, row: int, zh: str, en: str) -> None:
    """Write a label in Chinese over one in English, left of a row."""
    write(axes, 0, row, zh, (-9, 6.5), size=10.5, ha="right")
    write(axes, 0, row, en, (-9, -6.5), size=8, color=QUIET, ha="right")


def write_head(figure: Figure, about: Report | str, title: tuple[str, str]) -> None:
    """Write title and subtitle from the top left corner, at the same distance in figures of any height."""
    inch = 1 / figure.get_figheight()
    left = 0.2 / figure.get_figwidth()
    who = about if isinstance(about, str) else " · ".join(str(part) for part in (about.agency, about.year) if part is not None)
    figure.text(left, 1 - 0.2 * inch, f"{title[0]}  {title[1]}", va="top", **text_style(13, INK))
    figure.text(left, 1 - 0.5 * inch, who, va="top", **text_style(10, QUIET))


def lines_of_notes(notes: Iterable[tuple[str, str]], width: float) -> list[str]:
    """Return notes as lines of a foot: both languages on one where the figure is wide enough."""
    return [
        line for zh, en in notes for line in ([f"{zh}  {en}"] if text_width([f"{zh}  {en}"], 8.5) < width - 0.4 else [zh, en])
    ]


def write_foot(figure: Figure, notes: Iterable[tuple[str, str]]) -> None:
    """Write notes from the bottom left corner."""
    text = "\n".join(lines_of_notes(notes, figure.get_figwidth()))
    figure.text(
        0.2 / figure.get_figwidth(), 0.15 / figure.get_figheight(), text, va="bottom", linespacing=1.5, **text_style(8.5, QUIET)
    )


def message(about: Report | str, title: tuple[str, str], note: tuple[str, str]) -> Figure:
    """Return a small figure that says why there is nothing to draw."""
    figure = empty_figure(7, 1.2)
    write_head(figure, about, title)
    write_foot(figure, [note])
    return figure


def text_width(texts: Iterable[str], size: float) -> float:
    """Return the width in inches of the longest text, closely enough to leave room for it."""
    # Chinese characters are as wide as they are tall, others about half as wide
    return max((sum(1 if east_asian_width(one) in "WF" else 0.56 for one in text) * size / 72 for text in texts), default=0.0)


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


def quiet_axes(axes: Axes) -> None:
    """Leave of an axis what is needed to read it."""
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(FAINT)
    axes.tick_params(length=0, pad=3)
    for tick in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        tick.set(fontproperties=font(8), color=QUIET)


def marker(*, small: object = False, contradicted: object = False) -> dict[str, Any]:
    """Return the look of a point: hollow where there are few cases, a diamond where the report contradicts itself.

    What is null counts as false.
    """
    color = VERMILLION if contradicted is True else BLUE
    return {
        "marker": "D" if contradicted is True else "o",
        "markersize": 5.5 if contradicted is True else 5,
        "color": color,
        "markerfacecolor": "white" if small is True else color,
        "markeredgewidth": 1.1,
        "linestyle": "none",
        "zorder": 3,
    }
