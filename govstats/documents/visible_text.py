"""What a reader of a page sees: the rest is taken out of its tree, and what form fields show is written into it."""

from __future__ import annotations

import colorsys
import math
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Literal, NamedTuple

from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from govstats.documents.document import NO_TEXT

#: Elements that begin a line of their own.
BLOCKS = frozenset(
    "address article aside blockquote body center dd div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header "
    "hr html li main nav ol p pre section ul table tbody thead tfoot tr td th caption br".split()
)
CELLS = frozenset({"td", "th"})
_CODE = "script, style, noscript, template, datalist, rp"
_FIELDS = frozenset("input select textarea".split())
_PICTURES = frozenset("img svg canvas object embed picture video iframe math meter progress".split())
_REPLACED = _FIELDS | _PICTURES
#: Fields that are not shown, or show no text.
_NO_FIELDS = frozenset("hidden checkbox radio file range color button submit reset".split())
_SPACER = re.compile(r"spacer|blank|transparent|pixel", re.IGNORECASE)

# What a browser does of its own, and what attributes do, in the words of a style sheet.
_DEFAULTS = dict.fromkeys(("s", "strike", "del"), "text-decoration:line-through;") | {
    "sup": "vertical-align:super;font-size:smaller;",
    "sub": "vertical-align:sub;font-size:smaller;",
    "small": "--mark:small;font-size:smaller;",
    "rt": "--mark:rt;font-size:50%;",
    "big": "font-size:larger;",
    "a": "color:#00e;",
    "mark": "background-color:yellow;color:black;",
    "bdo": "unicode-bidi:bidi-override;",
}
_ATTRIBUTES = {
    "hidden": "display:none;",
    "bgcolor": "background-color:{};",
    "background": "background-image:url({});",
    "color": "color:{};",
}
_SIZES = dict(zip("xx-small x-small small medium large x-large xx-large".split(), (9, 10, 13, 16, 18, 24, 32), strict=True))
_FONT = dict(zip("1234567", "x-small small medium large x-large xx-large 48px".split(), strict=True))

_ZERO = r"[+]?0*(?:\.0\d*)?%?|-.*"
#: What hides an element whatever stands in it.
_HIDING = {
    "display": "none",
    "opacity": _ZERO,
    "zoom": _ZERO,
    "filter": rf".*opacity\(\s*(?:{_ZERO})\).*",
    "text-decoration": ".*line-through.*",
    "clip-path": r"inset\((?:[5-9]\d|100)%.*|(?:circle|ellipse)\(\s*0.*|polygon\((?:[\s,]|0(?:px|%)?(?![\d.]))+\)",
}
#: What does so if the element is a box, and nothing if it is a part of a line.
_HIDING_BOXES = {
    "content-visibility": "hidden",
    "transform": r".*scale(?:3d|x|y)?\(\s*0*(?:\.0\d*)?\s*[,)].*|.*translate\w*\([^)]*-\d{3,}(?:px|pt|vw).*|matrix\(\s*0\s*,.*",
    "scale": r"0*(?:\.0\d*)?(?:\s.*)?",
}
#: What may hide a figure, cut it or turn it round.
_DOUBTFUL = {
    "clip-path": "(?!none).+",
    "filter": ".*blur.*",
    "unicode-bidi": ".*override",
    "-webkit-text-security": "(?!none).+",
    "mask": "(?!none).+",
    "mask-image": "(?!none).+",
}
#: What sets text off from that beside it, so that nobody can say whether the two are one figure.
_SET_OFF = {
    "float": "(?!none).+",
    "position": "absolute|fixed",
    "transform": "(?!none).+",
    "scale": "(?!none|1$).+",
    "rotate": "(?!none).+",
    "translate": "(?!none).+",
    "order": "-?[1-9].*",
    "direction": "rtl",
    "vertical-align": "(?:text-)?top",
}
_NO_RECTANGLE = re.compile(r"rect\(\s*(?:[01](?:px)?[\s,]*)+\)")
_OWN_LINE = re.compile(r"block|flex|grid|table(?:-.*)?|list-item|flow-root")
#: What else bears on how text is seen, by itself or with one of these.
_OTHER = frozenset(
    "--content background-color background-image color font-size margin-left margin-top overflow position vertical-align "
    "visibility -webkit-text-fill-color".split()
)
_PROPERTIES = _OTHER.union(_HIDING, _HIDING_BOXES, _DOUBTFUL, _SET_OFF)
_STYLED = ", ".join(["style", "font", *(f"[{name}]" for name in _ATTRIBUTES), *_FIELDS, *_PICTURES, *(_DEFAULTS.keys() - {"a"})])
_SAME = {"overflow-x": "overflow", "overflow-y": "overflow", "text-decoration-line": "text-decoration"}
#: What else than a colour stands in ``background``.
_NO_COLOUR = re.compile(
    r"(?:no-)?repeat(?:-[xy])?|space|round|scroll|fixed|local|center|left|right|top|bottom|cover|contain|auto|none|[a-z]+-box|[-.\d].*"
)
_COMMENT = re.compile(r"/\*.*?\*/|<!--|-->", re.DOTALL)
_SCREEN = re.compile(r"\s*(?:not\s+print|(?:only\s+)?(?:screen|all)?\s*(?:and\s*)?(?:\(\s*min-width[^)]*\)\s*)?)", re.IGNORECASE)
_PSEUDO_ELEMENT = re.compile(r"::?(before|after)$")
_PASSING = re.compile(r":(?:hover|focus|active|visited|target|checked|first-l)")
_COMMA = re.compile(r",(?![^(\[]*[)\]])")
_LENGTH = re.compile(r"([-+]?(?:\d+\.?\d*|\.\d+))([a-z]*|%)")
_PIXELS = {"": 1, "px": 1, "pt": 4 / 3, "pc": 16, "in": 96, "cm": 37.8, "mm": 3.78, "q": 0.945, "rem": 16, "vw": 12.8, "vh": 8.0}
#: Those that may pass for white, and the plainest; of two others only that they are the same is known.
_COLOURS: dict[str, tuple[float, ...]] = {
    name: (*bytes.fromhex(code), 1)
    for name, code in (
        pair.split("=")
        for pair in "white=ffffff snow=fffafa ivory=fffff0 whitesmoke=f5f5f5 ghostwhite=f8f8ff floralwhite=fffaf0 azure=f0ffff "
        "mintcream=f5fffa aliceblue=f0f8ff seashell=fff5ee honeydew=f0fff0 lavenderblush=fff0f5 oldlace=fdf5e6 gainsboro=dcdcdc "
        "lightyellow=ffffe0 silver=c0c0c0 black=000000 red=ff0000 blue=0000ff green=008000 yellow=ffff00 gray=808080".split()
    )
} | {"transparent": (0, 0, 0, 0)}
_AS_ABOVE = frozenset({"inherit", "currentcolor", "unset", "revert", ""})
_DIGITS = re.compile(r"\d+")
_TOUCHING = re.compile(r"[\d.,)）\]①-⑳]\s*\0\s*[\d.,]")
_BRACKET = re.compile(r"[\[\]()（）［］]")
_LETTER = re.compile(r"[^\W\d_]")
_SMALLEST, _SMALLER = 3.0, 0.85
#: How far text is moved, as a part of its size, that reads as raised; and, in pixels, that is off every screen.
_RAISED, _OFF_SCREEN, _PAGE_WIDTH = 0.2, 300.0, 1000.0
#: How far colours differ that nobody tells apart, and that some do.
_SAME_COLOUR, _LIKE_COLOUR = 16, 32

Colour = tuple[float, ...] | str | None


def keep_visible(tree: LexborHTMLParser) -> None:
    """Leave in a page what a reader sees of it as text.

    What a style hides is taken out, what form fields of a table show is put in, and raised marks stand in brackets (``22[1]``).
    `NO_TEXT` stands for a picture in a cell, and where one figure cannot be told from two.

    Parameters
    ----------
    tree : LexborHTMLParser
        Is changed.

    Examples
    --------
    >>> tree = LexborHTMLParser("<table><tr><td>22<sup>1</sup><td>3<i style='opacity: 0'>4</i><td><input value=5></table>")
    >>> keep_visible(tree)
    >>> [cell.text().strip() for cell in tree.css("td")]
    ['22[1]', '3', '5']
    """
    # most pages show all their text, and asking every node costs more than all else
    styles = {node.attributes.get("style") or "" for node in tree.css("[style]")}
    styled = tree.css_first(_STYLED) is not None or any(map(_bears_on_sight, styles))
    if styled:
        _write_rules(tree)
    # backwards, since what stands in a node is gone with it
    for node in reversed(tree.css(_CODE)):
        node.decompose()
    if styled and tree.body is not None:
        _Reader(tree).read(tree.body)


def events(node: LexborNode, leave_out: Collection[str] = ()) -> Iterator[tuple[Literal["start", "text", "end"], LexborNode]]:
    """Yield what stands in a node, in order; without recursion, since broken pages nest without end.

    Parameters
    ----------
    node : LexborNode
        Which is not yielded itself.
    leave_out : collection of str
        Tags that are not looked into: they start and do not end.
    """
    open_nodes = [(node, node.iter(include_text=True, skip_empty=False))]
    while open_nodes:
        child = next(open_nodes[-1][1], None)
        if child is None:
            ended, _ = open_nodes.pop()
            if open_nodes:
                yield "end", ended
        elif child.tag == "-text":
            yield "text", child
        elif not (child.tag or "-").startswith("-"):
            yield "start", child
            if child.tag not in leave_out:
                open_nodes.append((child, child.iter(include_text=True, skip_empty=False)))


# --- style sheets ---------------------------------------------------------------------------------------------------------


def _write_rules(tree: LexborHTMLParser) -> None:
    """Write the rules of the page's style sheets into the elements, so that what is written last holds."""
    sheets = (node.text() for node in tree.css("style") if not _elsewhere(f"@media {node.attributes.get('media') or ''}"))
    found = (rule for sheet in sheets for rule in _rules(sheet))
    rules = sorted(
        ((_specificity(selector), number, selector, body) for number, (selector, body) in enumerate(found)), reverse=True
    )
    for *_, selector, body in rules:
        try:
            nodes = tree.css(selector)
        except SelectolaxError:
            continue
        for node in nodes:
            node.attrs["style"] = f"{body};{node.attributes.get('style') or ''}"


def _rules(sheet: str) -> Iterator[tuple[str, str]]:
    """Yield selector and declarations of what bears on how text is seen; not what holds in print or on telephones only."""
    within: list[str] = []
    parts = re.split(r"([{}])", _COMMENT.sub("", sheet))
    for text, brace in zip(parts[::2], parts[1::2], strict=False):
        if brace == "{":
            within.append(text.rpartition(";")[2].strip())
        elif within:
            head = within.pop()
            if not any(map(_elsewhere, within)):
                yield from _rule(head, text)


def _elsewhere(head: str) -> bool:
    """Tell a rule for paper or telephones."""
    return head.lower().startswith("@media") and not any(map(_SCREEN.fullmatch, head[len("@media") :].split(",")))


def _rule(head: str, body: str) -> Iterator[tuple[str, str]]:
    said, bears_on_sight = _declarations(body), _bears_on_sight(body)
    for selector in map(str.strip, _COMMA.split(head)):
        if _PSEUDO_ELEMENT.search(selector):
            if "content" in said:
                yield _PSEUDO_ELEMENT.sub("", selector) or "*", f"--content:{said['content']}"
        elif not _PASSING.search(selector) and bears_on_sight:
            yield selector, body


def _specificity(selector: str) -> tuple[int, int, int]:
    return (
        selector.count("#"),
        len(re.findall(r"\.[\w-]|\[|(?<!:):(?!:|not|is|where)", selector)),
        len(re.findall(r"(?:^|[\s>+~])[a-z]", selector, re.IGNORECASE)),
    )


@lru_cache(maxsize=4096)
def _declarations(style: str) -> Mapping[str, str]:
    plain: dict[str, str] = {}
    important: dict[str, str] = {}
    for part in _COMMENT.sub("", style.lower()).split(";"):
        name, _, rest = part.partition(":")
        value, mark, _ = rest.partition("!")
        if value.strip():
            (important if mark else plain).update(_longhand(name.strip(), value.strip()))
    return plain | important


def _bears_on_sight(style: str) -> bool:
    return bool(_PROPERTIES & _declarations(style).keys()) or not _look(_Look(), "td", style).shown


def _longhand(name: str, value: str) -> dict[str, str]:
    """Part the properties that say several things."""
    if name == "font":
        sizes = [word.partition("/")[0] for word in value.split() if word[:1].isdigit() or word[:1] == "." or word in _SIZES]
        return {"font-size": next((size for size in sizes if not size.isdigit() or size == "0"), "inherit")}
    if name == "background":
        image = re.search(r"(?:url|gradient)\(.*", value)
        words = re.sub(r"\burl\([^)]*\)", "", value)
        colour = next(
            (word for word in re.findall(r"[\w#]+\([^)]*\)|[-\w#.]+", words) if not _NO_COLOUR.fullmatch(word)), "transparent"
        )
        return {"background-color": colour, "background-image": image[0] if image else "none"}
    return {_SAME.get(name, name): value}


# --- looks ----------------------------------------------------------------------------------------------------------------


class _Look(NamedTuple):
    """How text is seen: what of its style bears on that.

    Attributes
    ----------
    shown, visible, sure : bool
        Nothing around it hides it; ``visibility``, which what stands within may change; nothing may cut it or turn it round.
    size : float
        Of the letters, in pixels; not a number where nobody can say.
    raised : str
        ``mark``, or what else sets it off from what stands before it.
    colour, background : tuple of float, str or None
        Red, green, blue and how much of it is there; a name that is not known; None where nobody can say.
    """

    shown: bool = True
    visible: bool = True
    sure: bool = True
    size: float = 16.0
    raised: str = ""
    colour: Colour = (0, 0, 0, 1)
    background: Colour = (255, 255, 255, 1)


@lru_cache(maxsize=4096)
def _look(above: _Look, tag: str, style: str) -> _Look:
    said = _declarations(style)
    size = _font_size(said, above.size)
    small_box = _is_small_box(said, size)
    unlike_box = _says(said, _HIDING_BOXES) or abs(_pixels(said, "text-indent", size)) >= _OFF_SCREEN
    hidden_box = unlike_box or (small_box and tag not in CELLS)
    visibility = said.get("visibility", "")
    colour = said.get("-webkit-text-fill-color", said.get("color", "inherit"))
    return _Look(
        shown=above.shown and not (_says(said, _HIDING) or _is_off_screen(said, size) or (hidden_box and _is_box(tag, said))),
        visible=visibility not in {"hidden", "collapse"} and (above.visible or visibility in {"visible", "initial"}),
        sure=above.sure and not (_says(said, _DOUBTFUL) or small_box or hidden_box),
        size=size,
        raised=above.raised if tag in BLOCKS else _raised(said, size, above),
        colour=above.colour if colour in _AS_ABOVE else _colour(colour) or colour,
        background=_background(said, above.background),
    )


def _says(said: Mapping[str, str], values: Mapping[str, str]) -> str:
    return next((f"{name}:{said[name]}" for name in values.keys() & said.keys() if re.fullmatch(values[name], said[name])), "")


def _pixels(said: Mapping[str, str], name: str, size: float, whole: float = _PAGE_WIDTH) -> float:
    """Return a length; not a number where it is not given, or in another way."""
    found = _LENGTH.fullmatch(said.get(name, ""))
    if not found:
        return math.nan
    relative = {"em": size, "ex": size / 2, "ch": size / 2, "%": whole / 100}
    return float(found[1]) * (relative | _PIXELS).get(found[2], math.nan)


def _font_size(said: Mapping[str, str], above: float) -> float:
    value = said.get("font-size", "inherit")
    steps = {"smaller": above / 1.2, "larger": above * 1.2, "initial": 16.0} | dict.fromkeys(_AS_ABOVE, above) | _SIZES
    size = steps[value] if value in steps else _pixels(said, "font-size", above, above)
    # a number without a unit is a size on old pages, and nothing on new ones
    return math.nan if value.isdigit() and 0 < size < _SMALLEST else size


def _is_box(tag: str, said: Mapping[str, str]) -> bool:
    """Tell an element that has a width and height from a part of a line."""
    display = said.get("display", "block" if tag in BLOCKS else "inline")
    return display not in {"inline", "contents"} or said.get("position") in {"absolute", "fixed"} or "float" in said


def _is_small_box(said: Mapping[str, str], size: float) -> bool:
    sides = (_pixels(said, name, size) for name in ("width", "height", "max-width", "max-height"))
    return said.get("overflow", "visible") != "visible" and any(side <= 1 for side in sides)


def _is_off_screen(said: Mapping[str, str], size: float) -> bool:
    position = said.get("position", "static")
    clipped = position in {"absolute", "fixed"} and _NO_RECTANGLE.fullmatch(said.get("clip", ""))
    sides = ("left", "top", "right", "bottom") if position != "static" else ()
    moved = [_pixels(said, name, size) for name in ("margin-left", "margin-top", *sides)]
    far_right = bool(sides) and _pixels(said, "left", size) > 3 * _PAGE_WIDTH
    return bool(clipped) or far_right or any(by <= -_OFF_SCREEN for by in moved)


def _raised(said: Mapping[str, str], size: float, above: _Look) -> str:
    align = said.get("vertical-align", "")
    moved = [_pixels(said, "vertical-align", size, size)]
    if said.get("position") == "relative":
        moved += [_pixels(said, name, size) for name in ("top", "bottom")]
    small_at_top = align in {"top", "text-top"} and size < _SMALLER * above.size
    if align in {"super", "sub"} or small_at_top or any(abs(by) > _RAISED * size for by in moved):
        return "mark"
    if "--mark" in said and size < _SMALLER * above.size:
        return "mark"
    return _says(said, _SET_OFF) or above.raised


@lru_cache(maxsize=1024)
def _colour(value: str) -> tuple[float, ...] | None:
    """Return red, green, blue and how much of it is there; None where the value is none that is known."""
    if value in _COLOURS:
        return _COLOURS[value]
    if re.fullmatch(r"#?(?:[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})", value):
        code = value.removeprefix("#")
        red, green, blue, *alpha = bytes.fromhex(code if len(code) > 4 else "".join(2 * digit for digit in code))
        return (red, green, blue, alpha[0] / 255 if alpha else 1)
    kind, _, inner = value.partition("(")
    numbers = [float(number) / 100 if percent else float(number) for number, percent in re.findall(r"(-?\d*\.?\d+)(%?)", inner)]
    if kind in {"rgb", "rgba"} and len(numbers) in {3, 4}:
        scale = 255 if re.match(r"\s*[\d.]+%", inner) else 1
        return (*(number * scale for number in numbers[:3]), numbers[3] if len(numbers) == 4 else 1)
    if kind in {"hsl", "hsla"} and len(numbers) in {3, 4}:
        hue, saturation, light, *alpha_part = numbers
        return (*(255 * part for part in colorsys.hls_to_rgb(hue / 360 % 1, light, saturation)), *(alpha_part or [1]))
    return None


def _background(said: Mapping[str, str], above: Colour) -> Colour:
    value = said.get("background-color", "transparent")
    colour = _colour(value) or (above if value in _AS_ABOVE else value)
    if said.get("background-image", "none") not in {"none", *_AS_ABOVE}:
        return None
    return _mixed(colour, above)


def _mixed(colour: Colour, below: Colour) -> Colour:
    """Return what is seen of a colour through which another shines."""
    if not isinstance(colour, tuple) or colour[3] >= 1:
        return colour
    if colour[3] <= 0 or not isinstance(below, tuple):
        return below
    return (*(part * colour[3] + under * (1 - colour[3]) for part, under in zip(colour[:3], below[:3], strict=True)), 1)


@lru_cache(maxsize=4096)
def _seen(look: _Look, sure_of_colours: bool) -> Literal["seen", "hidden", "doubtful"]:
    if not (look.shown and look.visible) or look.size < _SMALLEST:
        return "hidden"
    seen = _mixed(look.colour, look.background)
    apart: float = _LIKE_COLOUR
    if isinstance(look.colour, tuple) and look.colour[3] <= 0.05:
        return "hidden"
    if isinstance(seen, tuple) and isinstance(look.background, tuple):
        apart = max(abs(one - other) for one, other in zip(seen[:3], look.background[:3], strict=True))
    elif seen == look.background is not None:
        apart = 0
    if apart < _SAME_COLOUR:
        return "hidden" if sure_of_colours else "doubtful"
    return "seen" if look.sure and apart >= _LIKE_COLOUR else "doubtful"


# --- the page -------------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Piece:
    """Text, or what stands for it, at a node; content and decoration are what a style sheet puts into it."""

    node: LexborNode
    text: str
    look: _Look
    kind: Literal["text", "field", "picture", "content", "decoration"] = "text"


class _Reader:
    """One pass over the page, in which nothing is changed before the end."""

    def __init__(self, tree: LexborHTMLParser) -> None:
        self.tables = len(tree.css("table"))
        #: A sheet that is not here may colour the ground.
        self.sure_of_colours = tree.css_first("link[rel*=stylesheet i]") is None
        self.line: list[_Piece] = []
        self.cells: list[list[_Piece]] = []
        self.pieces: list[_Piece] = []
        self.gone: list[LexborNode] = []
        self.own_lines: list[LexborNode] = []

    def read(self, body: LexborNode) -> None:
        looks = [self.look(body, _Look())]
        for event, node in events(body, leave_out=_REPLACED):
            tag = node.tag or ""
            if tag in BLOCKS:
                self.end_line()
            if event == "text":
                self.add(_Piece(node, node.text_content or "", looks[-1]))
            elif event == "end":
                looks.pop()
                if tag in CELLS:
                    self.end_cell(node)
            elif tag in _FIELDS:
                self.add(_Piece(node, _field(node), self.look(node, looks[-1]), "field"))
            elif tag in _PICTURES:
                self.add(_Piece(node, _picture(node), self.look(node, looks[-1]), "picture"))
            else:
                if tag in CELLS:
                    self.cells.append([])
                looks.append(self.look(node, looks[-1]))
        self.end_line()
        self.change()

    def look(self, node: LexborNode, above: _Look) -> _Look:
        style = _style(node)
        if not style:
            return above
        tag, said = node.tag or "", _declarations(style)
        look = _look(above, tag, style)
        hides = (above.shown and not look.shown) or (above.visible and not look.visible)
        if hides and self.tables and len(node.css("table")) >= self.tables:
            # a page whose script shows its text later hides all of it; a second copy for telephones is hidden beside the first
            return look._replace(shown=above.shown, visible=above.visible, sure=above.sure)
        if tag not in BLOCKS and _OWN_LINE.fullmatch(said.get("display", "")):
            self.end_line()
            self.own_lines.append(node)
        elif said.get("display") == "none" and tag not in _REPLACED:
            self.gone.append(node)
        content = said.get("--content", "none").strip("\"' ")
        pictured = look.background is None and above.background is not None
        if pictured or content not in {"", "none", "normal"}:
            a_figure = "(" in content or _DIGITS.search(content)
            self.add(_Piece(node, NO_TEXT, look, "content" if a_figure else "decoration"))
        return look

    def add(self, piece: _Piece) -> None:
        if piece.kind == "text" and piece.text.isspace():
            return
        seen = _seen(piece.look, self.sure_of_colours)
        if seen == "hidden" or (piece.kind != "text" and not self.cells):
            piece.text = ""
        elif seen == "doubtful":
            piece.text = _DIGITS.sub(NO_TEXT, piece.text)
        self.pieces.append(piece)
        if piece.text and self.cells:
            self.cells[-1].append(piece)
        if piece.text:
            self.line.append(piece)

    def end_line(self) -> None:
        """Tell the marks behind a figure, and pieces of which nobody can say whether they are one."""
        line, self.line = self.line, []
        if not any(_DIGITS.search(piece.text) for piece in line):
            return
        for before, piece in pairwise(line):
            if piece.look.raised == "mark" != line[0].look.raised:
                going_on = before.look.raised == "mark" and before.text[-1] == "]"
                if not _BRACKET.search(piece.text):
                    before.text = before.text[:-1] if going_on else before.text
                    piece.text = f"{'' if going_on else '['}{piece.text.strip()}]"
            elif _differ(before.look, piece.look) and _TOUCHING.search(f"{before.text}\0{piece.text}"):
                piece.text = NO_TEXT + piece.text

    def end_cell(self, cell: LexborNode) -> None:
        """Keep the signs for what is no text only where a figure may stand, and fields only in tables of data."""
        pieces = self.cells.pop()
        beside = [piece for piece in pieces if piece.kind != "text"]
        if beside and cell.css_first("table") is not None:
            dropped = beside
        else:
            text = "".join(piece.text for piece in pieces if piece.kind in {"text", "field"}).strip()
            label = _LETTER.search(text) is not None
            dropped = [
                piece
                for piece in beside
                if (piece.kind in {"picture", "content"} and label) or (piece.kind == "decoration" and text)
            ]
        for piece in dropped:
            piece.text = ""

    def change(self) -> None:
        for node in self.own_lines:
            node.insert_before("\n")
            node.insert_after("\n")
        for piece in self.pieces:
            if piece.kind in {"field", "picture"} or (piece.kind == "text" and piece.text != piece.node.text_content):
                piece.node.replace_with(piece.text)
            elif piece.kind in {"content", "decoration"}:
                piece.node.insert_child(piece.text)
        for node in reversed(self.gone):
            node.decompose()


def _style(node: LexborNode) -> str:
    """Return what a browser, old attributes, style sheets and the element itself say of its style; the last holds."""
    attributes = node.attributes
    style = _DEFAULTS.get(node.tag or "", "")
    if not attributes:
        return style
    style += "".join(words.format(attributes[name]) for name, words in _ATTRIBUTES.items() if name in attributes)
    if node.tag == "font" and (size := attributes.get("size")):
        style += f"font-size:{_FONT.get(size, 'larger' if size[0] == '+' else 'smaller')};"
    return style + (attributes.get("style") or "")


def _differ(one: _Look, other: _Look) -> bool:
    """Tell pieces of text apart that may not be one figure; also where nobody can say how large one is."""
    alike = one.size >= _SMALLER * other.size and other.size >= _SMALLER * one.size
    return one.raised != other.raised or not alike


def _field(node: LexborNode) -> str:
    """Return what a form field shows, apart from what stands beside it."""
    attributes = node.attributes
    if node.tag == "textarea":
        return f" {node.text()} "
    if node.tag == "select":
        options = node.css("option")
        chosen = [option for option in options if "selected" in option.attributes] or options[:1]
        several = "multiple" in attributes or (attributes.get("size") or "1") not in {"0", "1"}
        return NO_TEXT if several else f" {chosen[-1].text().strip()} " if chosen else ""
    kind = (attributes.get("type") or "text").lower()
    if kind in _NO_FIELDS:
        return ""
    value = attributes.get("value") or ""
    return NO_TEXT if kind in {"password", "image"} or (attributes.get("placeholder") and not value) else f" {value} "


def _picture(node: LexborNode) -> str:
    """Return the sign for a picture; nothing for one that only keeps a place."""
    attributes = node.attributes
    said = _declarations(attributes.get("style") or "")
    sides = (_LENGTH.match(said.get(name) or attributes.get(name) or "") for name in ("width", "height"))
    spacer = any(side and float(side[1]) <= _SMALLEST for side in sides)
    source = attributes.get("src") or ""
    return "" if spacer or _SPACER.search(source.rpartition("/")[2]) or (node.tag == "img" and not source) else NO_TEXT
