"""What a reader of a page sees: the rest is taken out of its tree, and what form fields show is written into it.

Doubt is cheap here. What hides text without question is followed; any other style that may hide, cut or turn a figure makes it
unreadable.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
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
#: Fields that are not shown, or show no text; and what makes it unclear what a field shows.
_NO_FIELDS = frozenset("hidden checkbox radio file range color button submit reset".split())
_UNCLEAR = {"input": {"password", "image"}, "select": {"multiple", "size"}, "textarea": set[str]()}
#: What is drawn in a cell, except what only keeps a place; and what is drawn behind its text.
_DRAWN = re.compile(
    rf"(?is)<(?:{'|'.join(_PICTURES - {'img'})})\b|--content:|<img(?=[^>]*\bsrc)(?![^>]*(?:\bsrc=[^\s>]*(?:spacer|blank|trans)"
    r"[^/\s>]*[\s>]|\b(?:width|height)\W+[0-3](?:px)?\b(?![.%])))"
)
_BEHIND = re.compile(r"(?i)background[^;]*(?:url|gradient)\(|\sbackground=")
#: What a browser does of its own, and what attributes do, in the words of a style sheet.
_DEFAULTS = dict.fromkeys(("s", "strike", "del"), "text-decoration:line-through;")
_DEFAULTS |= dict.fromkeys(("sup", "sub", "rt"), "vertical-align:super;font-size:smaller;")
_DEFAULTS |= {"small": "font-size:smaller;", "big": "font-size:larger;", "mark": "background:yellow;", "bdo": "--doubt:1;"}
_ATTRIBUTES = {"hidden": "display:none;", "background": "background:url();", "bgcolor": "background:{};"}
_ATTRIBUTES |= {"color": "color:{};", "size": "font-size:{};"}
_STYLED = ", ".join(["style", "font", "[hidden]", "[bgcolor]", "[background]", *_REPLACED, *_DEFAULTS])
# only some are links
_DEFAULTS["a"] = "color:blue;color:inherit;"
#: Where the declarations of the page's sheets are kept.
_SHEET = "-sheet"
_NAMES = "display|visibility|opacity|zoom|text-decoration|vertical-align|font-size|color|background"
#: What a declaration does to the text of an element (``span display:none``); the first pattern that fits counts.
_EFFECTS = {
    "hides": r"display:none|visibility:(?:hidden|collapse)|text-decoration:.*line-through.*|(?:opacity|zoom):0*(?:\.0*)?%?|"
    r"font-size:(?:.*\s)?(?:0+(?![.\d]*[1-9])|[012](?:\.\d+)?p[xt]|0?\.[01]\d*r?em|1?\d%)(?:[\sa-z/].*)?",
    "marks": "vertical-align:su(?:per|b)|(?<=small )font-size:smaller",
    # spelt so that only a browser can tell, shining through, cut, out of sight, turned round, or drawn over
    "doubtful": rf"--doubt:.*|[^:]*\\.*|(?:{_NAMES}|position|float):.*(?:\\|\b(?:var|calc|env|min|max|clamp)\().*|"
    r"(?:color|background):.*\b(?:hsla?|hwb|lab|lch|oklab|oklch|color|color-mix|light-dark)\(.*|color:.*\([^)]*%.*|"
    r"(?:opacity|zoom):(?:0?\.[0-2]|[12]?\d%|-).*|content-visibility:.*|mix-blend-mode:(?!normal).*|content:(?!none|normal).*|"
    r"filter:.*(?:blur|opacity|contrast|brightness|invert|url)\(.*|"
    r"(?:clip|clip-path|(?:-webkit-)?mask.*|-webkit-text-[^f].*|text-shadow|transform|rotate|scale|translate):(?!none|auto).*|"
    r"(?:animation.*|offset.*):(?!none).*|unicode-bidi:.*override|flex-(?:direction|flow):.*reverse.*|"
    r"(?:left|top|right|bottom|inset|margin.*|text-indent):.*(?:-\d{3}|\d{4}|-\d+(?:%|v[wh])|-\d{2,}r?em).*|"
    r"letter-spacing:-(?:[3-9]|\d\d|.*em).*|(?<!\bt[dhr] )(?:max-)?(?:width|height):(?:0(?![.\d]*[1-9]).*|1px)",
    # nobody can say whether it is one figure with the text beside it
    "parts": r"position:(?:absolute|fixed)|float:(?!none).*|(?:left|top|right|bottom|inset|order):(?!0|auto).*|direction:rtl|"
    r"(?:margin|padding)-(?:left|right):(?!0|auto).*|grid-.*|display:(?:block|flex|grid|table.*|list-item|flow-root)|"
    r"vertical-align:(?!baseline|middle|inherit|initial|unset|0).*|font-(?:variant|feature).*:(?!normal).*",
    "compared": rf"(?:{_NAMES}):.*",
    "nothing": ".+",
}
_EFFECT = re.compile(rf"(?s)^\S+ (?:{'|'.join(f'(?P<{effect}>{pattern})' for effect, pattern in _EFFECTS.items())})$")
#: Colours as far as text may vanish in them; the first pattern that is found counts.
_SHADES = {
    "picture": r"(?:url|gradient)\(",
    "clear": r"\btransparent\b|rgba?\([^)]*[,/]\s*0?(?:\.0\d*)?%?\s*\)|#(?:[\da-f]{3}|[\da-f]{6}0)0\b",
    "faint": r"rgba?\((?:[^,)]*,){3}\s*0?\.[1-4]\d*\)|rgba?\([^)]*/.*",
    "white": r"\b(?:white|window)\b|(?<![\da-f])(?:f{3,4}|(?:f[c-f]){3,4})\b|rgba?\((?:\s*25[0-5]\b\s*,?){3}",
    "light": r"\w*(?:white|light|lace|blush|chiffon|snow|ivory|azure|cream|alice|shell|honey|linen|beige|silver|silk|gains)\w*|"
    r"(?<![\da-f])(?:[b-f]{3,4}|(?:[b-f][\da-f]){3,4})\b|rgba?\((?:\s*2\d\d\b\s*,?){3}",
    "dark": r"\b(?:black|windowtext|navy|dark\w+|midnightblue)\b|(?<![\da-f])(?:[0-4]{3,4}|(?:[0-4][\da-f]){3,4})\b|"
    r"rgba?\((?:\s*\d\d?\b\s*,?){3}",
    "other": r"#|\b(?!(?:none|no|repeat|x|y|space|round|scroll|fixed|local|center|left|right|top|bottom|cover|contain|auto|"
    r"box|padding|border|content|inherit|initial|unset|revert|currentcolor)\b)[a-z]",
}
#: On which grounds text may not be seen; most pictures behind text are light.
_ALIKE = {"dark": {"dark"}, "other": {"other"}} | dict.fromkeys(("white", "light"), frozenset({"white", "light", "picture"}))
#: Properties that say the same, or the same among other things.
_SAME = {"font": "font-size", "text-decoration-line": "text-decoration", "-webkit-text-fill-color": "color"}
_SAME |= dict.fromkeys(("background-color", "background-image"), "background")
_NOTHING = frozenset({""})
_SIZE = re.compile(r"([\d.]*\d)(px|pt)")
_HALVED = re.compile(r" (?:[1-6]?\d(?:\.\d+)?%|0?\.[1-6]\d*em)")
_PIXELS = {"px": 1, "pt": 4 / 3}
_SAME_SIZE = re.compile("inherit|100%|1em|unset|")
_NOISE = re.compile(r"(?s)/\*.*?(?:\*/|$)|<!--|-->")
_STRING = re.compile(r"\"[^\"\n]*\"|'[^'\n]*'")
#: A hack for one old browser, which others pass over.
_HACK = re.compile(r".*\\[09]\s*")
_SCREEN = re.compile(
    r"(?is)@media(?:.*,)?\s*(?:only\s+)?(?:screen|all)?(?:\s+and\s+)?(?:\(\s*min-width\s*:\s*(?:\d{1,3}|1[0-2]\d\d)px\s*\))?\s*(?:,.*)?"
)
#: Rules for paper, telephones and the night.
_ELSEWHERE = re.compile(
    r"(?is)@media(?!.*(?:\bnot\b|,)).*(?:print|prefers|max-width\s*:\s*(?:\d{1,3}(?:\.\d+)?px|\d\d(?:\.\d+)?r?em)).*"
)
_PASSING = re.compile(r"(?<!not\():(?:hover|focus|active|visited|target|checked)|::?-|::(?!before|after|first-l)")
_PSEUDO_ELEMENT = re.compile(r"::?(before|after|first-line|first-letter)\b")
_CONTENT = re.compile(r"(?i)content\s*:\s*+(?!none|normal|([\"'])[\s.]*(?:\\0*20)?\1)")
_COMMA = re.compile(r",(?![^(\[]*[)\]])")
#: What a figure consists of.
_FIGURE = re.compile(r"[\d.,，．万亿-]+")
_TOUCHING = re.compile(r"[\d.,)）\]①-⑳]\s*\0\s*[\d.,]")
_BRACKET = re.compile(r"[\[\]()（）［］]")
_LETTER = re.compile(r"[^\W\d_]")


def keep_visible(tree: LexborHTMLParser) -> None:
    """Leave in a page what a reader sees of it as text.

    What a style hides is taken out, what form fields of a table show is put in, and raised marks stand in brackets (``22[1]``).
    `NO_TEXT` stands for a picture in a cell, for figures that a style may hide, and where one figure cannot be told from two.

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
    styled = tree.css_first(_STYLED) is not None or any(_look(_Look(), "span", "", "", style) != _Look() for style in styles)
    if styled:
        for sheet in tree.css("style"):
            _write_rules(tree, sheet)
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


def _write_rules(tree: LexborHTMLParser, sheet: LexborNode) -> None:
    """Write the rules of a style sheet into an attribute of the elements they speak of."""
    heads = [f"@media {sheet.attributes.get('media') or ''}"]
    for text, brace in re.findall(r"([^{}]*)([{}])", _NOISE.sub(" ", sheet.text())):
        body, _, head = text.rpartition(";") if brace == "{" else (text, "", "")
        *around, selectors = heads
        if _bears_on_sight(body) and not any(map(_ELSEWHERE.fullmatch, around)):
            plain = all(map(_SCREEN.fullmatch, around))
            for selector in itertools.filterfalse(_PASSING.search, _COMMA.split(selectors.replace("&", "*"))):
                # the parser refuses what is no selector
                with suppress(SelectolaxError):
                    _write_rule(tree, selector.strip(), body if plain else "--doubt:1")
        heads = [*heads, head] if brace == "{" else heads[:1] + heads[1:-1]


def _write_rule(tree: LexborHTMLParser, selector: str, body: str) -> None:
    if pseudo_element := _PSEUDO_ELEMENT.search(selector):
        body = "--doubt:1" if "first" in pseudo_element[1] else "--content:1" * bool(_CONTENT.search(body))
    for node in tree.css(_PSEUDO_ELEMENT.sub("", selector) or "*"):
        node.attrs[_SHEET] = f"{node.attributes.get(_SHEET) or ''};{body}"


@lru_cache(maxsize=4096)
def _declared(style: str) -> Mapping[str, frozenset[str]]:
    """Return what a style says of each property: several values where it says several."""
    found: dict[str, frozenset[str]] = {}
    for part in _STRING.sub("''", _NOISE.sub(" ", style.lower())).split(";"):
        name, _, value = (word.strip() for word in part.partition("!")[0].partition(":"))
        if value and not _HACK.fullmatch(value):
            name = _SAME.get(name, name)
            found[name] = found.get(name, frozenset()) | {value}
    return found


def _bears_on_sight(style: str) -> bool:
    return any(_effect("span", name, values) != "nothing" for name, values in _declared(style).items())


# --- looks ----------------------------------------------------------------------------------------------------------------


#: Which of a look sets text off from what stands beside it.
_SET_OFF = slice(2, 5)


class _Look(NamedTuple):
    """How text is seen: what of its style bears on that.

    Attributes
    ----------
    hidden : str
        The property that hides it without question.
    doubtful : bool
        It may be hidden, cut or turned round.
    raised : bool
        It is a mark beside a figure.
    size, parts : str
        Of the letters; and what else sets it off from what stands beside it.
    shades, grounds : frozenset of str
        All the `_SHADES` that are spoken of, of the text and of what is behind it.
    """

    hidden: str = ""
    doubtful: bool = False
    raised: bool = False
    size: str = "16"
    parts: str = ""
    shades: frozenset[str] = frozenset({"dark"})
    grounds: frozenset[str] = frozenset({"white"})


@lru_cache(maxsize=4096)
def _look(above: _Look, tag: str, default: str, sheet: str, own: str) -> _Look:
    # what is marked as important competes with the element's own style
    said = {**_declared(default), **_declared(sheet), **_declared(f"{sheet};{own}" if "!" in sheet else own)}
    effects = {name: _effect(tag, name, values) for name, values in said.items()}
    kinds = set(effects.values())
    hides = "".join([name for name in effects if effects[name] == "hides"][:1])
    size = _size("|".join(sorted(said.get("font-size", _NOTHING))), above.size)
    shown_again = above.hidden in {"visibility", "font-size"} & said.keys()
    parts = "".join(f";{name}:{sorted(said[name])}" for name in said if effects[name] == "parts" and tag not in BLOCKS)
    return _Look(
        hidden=hides or above.hidden * (not shown_again),
        doubtful=above.doubtful or shown_again or "doubtful" in kinds or len(_HALVED.findall(size)) > 1,
        raised=above.raised or ("marks" in kinds and tag not in BLOCKS and not parts),
        size=size,
        parts=above.parts + parts,
        shades=_shades(said.get("color", _NOTHING), above.shades),
        grounds=_shades(said.get("background", _NOTHING), above.grounds) - {"clear", "faint"} or above.grounds,
    )


def _effect(tag: str, name: str, values: frozenset[str]) -> str | None:
    """Return what all values of a property do; where rules compete, whether that leaves doubt."""
    effects = {found.lastgroup for value in values for found in _EFFECT.finditer(f"{tag} {name}:{value}")}
    if len(effects) == 1:
        return effects.pop()
    return "doubtful" if effects & {"hides", "doubtful"} else "parts"


def _size(said: str, above: str) -> str:
    if _SAME_SIZE.fullmatch(said):
        return above
    found = _SIZE.search(said)
    return f"{float(found[1]) * _PIXELS[found[2]]:.0f}" if found and "|" not in said else f"{above} {said}"


def _shades(values: frozenset[str], above: frozenset[str]) -> frozenset[str]:
    shades = (frozenset([shade for shade in _SHADES if re.search(_SHADES[shade], value)][:1]) or above for value in values)
    return frozenset().union(*shades)


@lru_cache(maxsize=4096)
def _seen(look: _Look, sure_of_colours: bool) -> Literal["seen", "hidden", "doubtful"]:
    pairs = set(itertools.product(look.shades, look.grounds))
    if look.hidden or (sure_of_colours and (look.shades == {"clear"} or pairs == {("white", "white")})):
        return "hidden"
    alike = any(ground in _ALIKE.get(shade, _SHADES) for shade, ground in pairs)
    return "doubtful" if look.doubtful or alike else "seen"


# --- the page -------------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Piece:
    """Text, or a form field, at a node."""

    node: LexborNode
    text: str
    look: _Look


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
        self.inserted: list[tuple[LexborNode, str]] = []

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
                self.add(_Piece(node, _field(node), self.look(node, looks[-1])))
            elif tag in _PICTURES:
                self.gone.append(node)
            else:
                looks.append(self.look(node, looks[-1]))
                if tag in CELLS:
                    self.cells.append([])
        self.end_line()
        for inner, text in self.inserted:
            inner.insert_child(text)
        for piece in self.pieces:
            if piece.text != piece.node.text_content:
                piece.node.replace_with(piece.text)
        for gone in reversed(self.gone):
            gone.decompose()

    def look(self, node: LexborNode, above: _Look) -> _Look:
        tag, attributes = node.tag or "", node.attributes
        if not attributes and tag not in _DEFAULTS:
            return above
        default = _DEFAULTS.get(tag, "")
        for name in _ATTRIBUTES.keys() & attributes:
            default += _ATTRIBUTES[name].format(attributes[name])
        styles = default, attributes.get(_SHEET) or "", attributes.get("style") or ""
        if not any(styles):
            return above
        look = _look(above, tag, *styles)
        changes = (look.hidden, look.doubtful) != (above.hidden, above.doubtful)
        if changes and self.tables and len(node.css("table")) >= self.tables:
            # a page whose script shows its text later hides all of it; a second copy for telephones is hidden beside the first
            return look._replace(hidden=above.hidden, doubtful=above.doubtful)
        if look.hidden == "display" and tag not in _FIELDS:
            self.gone.append(node)
        if changes and look.doubtful and tag in CELLS and node.parent:
            # it may take no place in its row
            self.inserted += ((cell, NO_TEXT) for cell in node.parent.iter())
        if ";display:" in look.parts.removeprefix(above.parts):
            self.inserted.append((node, "\n"))
        return look

    def add(self, piece: _Piece) -> None:
        seen = _seen(piece.look, self.sure_of_colours)
        if seen == "hidden" or (piece.node.tag in _FIELDS and not self.cells):
            piece.text = ""
        elif seen == "doubtful":
            piece.text = _FIGURE.sub(NO_TEXT, piece.text)
        self.pieces.append(piece)
        for together in (self.line, *self.cells[-1:]):
            together.extend([piece] if piece.text.strip() else [])

    def end_line(self) -> None:
        """Tell the marks behind a figure, and pieces of which nobody can say whether they are one."""
        line, self.line = self.line, []
        for before, piece in itertools.pairwise(line):
            raised = piece.look.raised and not line[0].look.raised and piece.look.parts == line[0].look.parts
            if raised and before.look.raised:
                before.text, piece.text = before.text.removesuffix("]"), f"{piece.text.strip()}]"
            elif raised and not _BRACKET.search(piece.text):
                piece.text = f"[{piece.text.strip()}]"
            elif before.look[_SET_OFF] != piece.look[_SET_OFF] and _TOUCHING.search(f"{before.text}\0{piece.text}"):
                piece.text = NO_TEXT + piece.text

    def end_cell(self, cell: LexborNode) -> None:
        """Tell whether a picture may be a figure; fields of a cell that holds a table are no data."""
        pieces = self.cells.pop()
        text = "".join(piece.text for piece in pieces)
        if cell.css_first("table") is not None:
            for piece in pieces:
                piece.text *= piece.node.tag not in _FIELDS
        elif not _LETTER.search(text):
            html = cell.html or ""
            if _DRAWN.search(html) or (not text.strip() and _BEHIND.search(html)):
                self.inserted.append((cell, NO_TEXT))


def _field(node: LexborNode) -> str:
    """Return what a form field shows, apart from what stands beside it."""
    attributes = node.attributes
    kind, value = (attributes.get("type") or "").lower(), attributes.get("value") or ""
    if kind in _NO_FIELDS:
        return ""
    if node.tag != "input":
        value = (node.css("option[selected]")[-1:] or node.css("option")[:1] or [node])[0].text()
    if _UNCLEAR[node.tag or ""] & {kind, *attributes} or ("placeholder" in attributes and not value):
        return NO_TEXT
    return f" {value.strip()} "
