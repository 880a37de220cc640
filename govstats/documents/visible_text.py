"""What a reader of a page sees of its text: style sheets, styles, form fields and pictures.

Doubt is cheap here. What hides text without question is followed; any other style that may hide, cut or turn a figure makes it
unreadable. A colour or a size that nobody knows hides nothing.
"""

from __future__ import annotations

import itertools
import re
import tomllib
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from math import comb
from pathlib import Path
from typing import Any, Literal

from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from govstats.documents.document import NO_TEXT
from govstats.documents.limits import limit, require

_DATA: dict[str, dict[str, Any]] = tomllib.loads(Path(__file__).with_name("visible_text.toml").read_text("utf-8"))
BLOCKS, CELLS, FIELDS, PICTURES = (frozenset(names.split()) for names in _DATA["elements"].values())
#: Fields that are not shown, or show no text; and what makes it unclear what a field shows.
_NO_FIELDS, _UNCLEAR = (frozenset(names.split()) for names in _DATA["fields"].values())
#: An image that only keeps a place.
_SPACER = re.compile(
    r"(?is)<img(?!.*\bsrc)|<img.*(?:\bsrc=[^\s>]*(?:spacer|blank|trans)[^/\s>]*[\s>]|\b(?:width|height)\W+[0-3](?:px)?\b(?![.%]))"
)
#: What a browser does of its own, and what attributes do, in the words of a style sheet.
_DEFAULTS = {tag: style for style, tags in _DATA["defaults"].items() for tag in tags.split()}
_DEFAULTS |= dict.fromkeys(PICTURES, "-content:1;")
_ATTRIBUTES = _DATA["attributes"]
_NOT_PLAIN = ", ".join([*_DEFAULTS, *FIELDS, "table", *(f"[{name}]" for name in _ATTRIBUTES)])
_SIGHT = "display|visibility|opacity|zoom|text-decoration|vertical-align|color|background"
_EFFECTS = (f"(?P<{effect}>{'|'.join(patterns)})" for effect, patterns in _DATA["effects"].items())
_EFFECT = re.compile(rf"(?s)\S+ (?:{'|'.join(_EFFECTS)})".replace("@sight", _SIGHT))
_SAME = {name: same for same, names in _DATA["same"].items() for name in names.split()}
_NOTHING: frozenset[str] = frozenset()
_SIZE = re.compile(r"([\d.]*\d)(px|pt)")
_PIXELS = {"px": 1, "pt": 4 / 3}
_SAME_SIZE = re.compile("inherit|100%|1em|unset|")
_VARIABLE = re.compile(r"var\(\s*(--[\w-]+)\s*(?:,((?:[^()]|\([^()]*\))*))?\)")
#: Variables that stand for others, further than any sheet goes.
_DEEPEST_VARIABLE = 8
_SETTING = re.compile(r"(?<![\w-])--[\w-]+\s*:[^;]*")
#: A word that may be a colour or draw a picture.
_COLOUR = re.compile(r"#?[\da-f]{6}\b|#[\da-f]+|[a-z-]+\((?:[^()]|\([^()]*\))*\)|[a-z]+")
#: Old attributes give the digits alone.
_BARE_HEX = re.compile(r"^(?=[\da-f]{6}$)")
#: Colours differ as much as the one of red, green and blue does in which they differ most: not seen, and hardly seen.
_NOT_SEEN, _HARDLY_SEEN = 4, 80
#: A ground through which most of what is behind it shines.
_MOST_CLEAR = 0.5
_NOISE = re.compile(r"(?s)/\*.*?(?:\*/|$)|<!--|-->")
_STRING = re.compile(r"\"[^\"\n]*\"|'[^'\n]*'")
#: A hack for one old browser, which others pass over.
_HACK = re.compile(r".*\\[09]\s*")
_SCREEN = re.compile(r"@media(?:.*,)?(?:only)?(?:screen|all)?(?:and)?(?:\(min-width:(?:\d{1,3}|1[0-2]\d\d)px\))?(?:,.*)?")
#: Rules for paper, telephones and the night.
_ELSEWHERE = re.compile(r"@media(?!.*(?:not|,)).*(?:print|prefers|max-width:(?:\d{1,3}(?:\.\d+)?px|\d\d(?:\.\d+)?r?em)).*")
_PASSING = re.compile(r"(?<!not\():(?:hover|focus|active|visited|target|checked)|::?-|::(?!before|after|first-l)")
_PSEUDO_ELEMENT = re.compile(r"::?(before|after|first)(?:-line|-letter|(?!-))\b")
_CONTENT = re.compile(r"(?i)content\s*:\s*+(?!none|normal|([\"'])[\s.]*(?:\\0*20)?\1)")
#: A selector of a list; commas in brackets part none.
_SELECTOR = re.compile(r"(?:[^,(\[]|\([^)]*\)|\[[^\]]*\]|[(\[])+")
#: What parts the steps of a selector: one up (>), to a sibling (+, ~), and without a sign to any element above.
_STEP, _IN_BRACKETS = re.compile(r"\s*([>+~])\s*|\s+"), re.compile(r"\([^()]*\)|\[[^\]]*\]")
#: What a figure consists of.
_FIGURE = re.compile(r"[\d.,，．万亿-]+")
_TOUCHING = re.compile(r"[\d.,)）\]①-⑳]\s*\0\s*[\d.,]")
#: How much of a line bears on whether two pieces touch.
_AROUND = 80
_BRACKET = re.compile(r"[\[(（［]")

Colour = tuple[int, int, int, float]
#: Text whose colour nobody states is nearly black.
_INK: Colour = (20, 20, 20, 1.0)
_PAPER: Colour = (255, 255, 255, 1.0)
#: Most pictures behind text are light.
_PICTURE: Colour = (230, 230, 230, 1.0)


@dataclass(frozen=True, eq=False)
class Look:
    """How text is seen: what of its style bears on that.

    The same style in the same place gives the same look, so that looks are keys of caches by what they are.

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
    colours, grounds : frozenset of Colour
        All that are spoken of, of the text and of what is behind it.
    variables : dict of str to frozenset of str
        What the variables of the style sheet may stand for.
    """

    hidden: str = ""
    doubtful: bool = False
    raised: bool = False
    size: str = "16"
    parts: str = ""
    colours: frozenset[Colour] = frozenset({_INK})
    grounds: frozenset[Colour] = frozenset({_PAPER})
    variables: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @cached_property
    def sight(self) -> Literal["seen", "hidden", "doubtful"]:
        """Whether text is seen, by its style and its colours."""
        contrasts = [
            opaque * max(abs(one - other) for one, other in zip(colour, ground, strict=False))
            for (*colour, opaque), ground in itertools.product(self.colours, self.grounds)
        ]
        if self.hidden or max(contrasts) < _NOT_SEEN:
            return "hidden"
        return "doubtful" if self.doubtful or min(contrasts) < _HARDLY_SEEN else "seen"

    def shown(self, text: str) -> str:
        """Return what is seen of a text: figures in doubt are none."""
        return text if self.sight == "seen" else _FIGURE.sub(NO_TEXT, text) if self.sight == "doubtful" else ""


PLAIN = Look()
#: A style sheet that is not here may colour the ground.
_UNSURE = Look(grounds=frozenset({_PAPER, _PICTURE}))


class Styles:
    """The styles of a page and what they do.

    Attributes
    ----------
    look : Look
        Of text of which no element says anything.
    bear_on : set of int
        The elements that have a style that bears on sight, and those in which they stand.
    """

    def __init__(self, tree: LexborHTMLParser) -> None:
        self._matched = self._ways = 0
        #: The elements that hold every table of the page: in which its first and its last stand.
        self._around_tables = (
            set.intersection(*map(_lineage, tables[:1] + tables[-1:])) if (tables := tree.css("table")) else set()
        )
        self.look = PLAIN if tree.css_first("link[rel*=stylesheet i]") is None else _UNSURE
        #: What the browser, the sheets of the page and the element itself say.
        self._said: defaultdict[int, tuple[list[str], ...]] = defaultdict(lambda: ([], [], []))
        self.bear_on: set[int] = set()
        for node in tree.css(_NOT_PLAIN):
            attributes = node.attributes
            by_attributes = (_ATTRIBUTES[name].format(attributes[name]) for name in _ATTRIBUTES.keys() & attributes)
            default = "" if node.tag == "img" and _SPACER.match(node.html or "") else _DEFAULTS.get(node.tag or "", "")
            self._say([node], 0, "".join([default, *by_attributes]))
        for sheet in tree.css("style"):
            self._add(tree, sheet)
        for node in tree.css("[style]"):
            if _bears_on_sight(style := node.attributes["style"] or ""):
                self._say([node], 2, style)

    def _say(self, nodes: Iterable[LexborNode], origin: int, style: str) -> None:
        for node in nodes:
            self._said[node.mem_id][origin].append(style)
            around: LexborNode | None = node
            while around and around.mem_id not in self.bear_on:
                self.bear_on.add(around.mem_id)
                around = around.parent

    def _add(self, tree: LexborHTMLParser, sheet: LexborNode) -> None:
        elements, depth, heads = len(tree.css("*")), _depth(tree), [f"@media {sheet.attributes.get('media') or ''}"]
        for text, brace in re.findall(r"([^{}]*)([{}])", _NOISE.sub(" ", sheet.text())):
            body, _, head = text.rpartition(";") if brace == "{" else (text, "", "")
            require("nested_rules", len(heads), "the page")
            around = ["".join(head.lower().split()) for head in heads[:-1]]
            says = dict.fromkeys(("before", "after"), "-content:1" * bool(_CONTENT.search(body)))
            says |= {"": body, "first": "-doubt:1"}
            if not all(map(_SCREEN.fullmatch, around)):
                # of a variable nobody then knows what it stands for
                body, says[""] = _SETTING.sub("", body), "-doubt:1"
            seen = _bears_on_sight(body) and not any(map(_ELSEWHERE.fullmatch, around))
            selectors = _SELECTOR.findall(heads[-1].replace("&", "*")) if seen else []
            for selector in itertools.filterfalse(_PASSING.search, selectors):
                self._matched += elements
                require("style_rules", self._matched, "the page")
                require("selector", len(selector), "the page")
                # the parser tries every way up from an element: one that takes too many is known by its last step, in doubt
                steps = _STEP.findall(_IN_BRACKETS.sub("", selector.strip()))
                above, before = min(steps.count(""), depth // 2), min(steps.count("~"), elements // 2)
                self._ways += (ways := elements * comb(depth, above) * comb(elements, before))
                is_too_much = self._ways > limit("selector_ways")
                self._ways -= ways * is_too_much
                tried = _STEP.split(selector.strip())[-1] if is_too_much else selector.strip()
                whole, *part = _PSEUDO_ELEMENT.split(tried)
                # the parser refuses what is no selector
                with suppress(SelectolaxError):
                    self._say(tree.css(whole or "*"), 1, says["".join(part[:1])] + ";-doubt:1" * is_too_much)
            heads = [*heads, head] if brace == "{" else heads[:1] + heads[1:-1]

    def shown(self, node: LexborNode, above: Look) -> Iterator[tuple[LexborNode, Look, Collection[str]]]:
        """Yield what stands in an element and takes a place, how its text is seen, and what its own style does to it."""
        for inner in node.iter(include_text=True):
            said = self._said.get(inner.mem_id)
            look, effects = _look(above, inner.tag or "", *map(";".join, said)) if said else (above, _NOTHING)
            changes = (look.hidden, look.doubtful) != (above.hidden, above.doubtful)
            if changes and inner.mem_id in self._around_tables:
                # a page whose script shows its text later hides all of it; a copy for telephones is hidden beside the first
                look = replace(look, hidden=above.hidden, doubtful=above.doubtful)
            if look.hidden != "display":
                yield inner, look, effects


def _lineage(node: LexborNode | None) -> set[int]:
    """Return an element and all in which it stands."""
    found = set()
    while node:
        found.add(node.mem_id)
        node = node.parent
    return found


def _depth(tree: LexborHTMLParser) -> int:
    """Return how deep the elements of a page stand inside one another."""
    depth = {0: 0}
    for node in tree.css("*"):
        depth[node.mem_id] = 1 + depth.get(node.parent.mem_id if node.parent else 0, 0)
    return max(depth.values())


@lru_cache(maxsize=4096)
def _declared(style: str) -> Mapping[str, frozenset[str]]:
    """Return what a style says of each property: several values where it says several."""
    found: defaultdict[str, frozenset[str]] = defaultdict(frozenset)
    for part in _STRING.sub("''", _NOISE.sub(" ", style.lower())).split(";"):
        name, _, value = (word.strip() for word in part.partition("!")[0].partition(":"))
        if value and not _HACK.fullmatch(value):
            found[_SAME.get(name, name)] |= {value}
    return found


@lru_cache(maxsize=4096)
def _bears_on_sight(style: str) -> bool:
    return any(_effect("span", name, values) for name, values in _declared(style).items())


@lru_cache(maxsize=4096)
def _look(above: Look, tag: str, default: str, sheet: str, own: str) -> tuple[Look, frozenset[str]]:
    # what is marked as important competes with the element's own style
    said = {**_declared(default), **_declared(sheet), **_declared(f"{sheet};{own}" if "!" in sheet else own)}
    variables = {**above.variables, **{name: said[name] for name in said if name.startswith("--")}}
    said = {name: frozenset().union(*(_meant(value, variables) for value in values)) for name, values in said.items()}
    effects = {name: _effect(tag, name, values) for name, values in said.items()}
    kinds = frozenset(effects.values())
    hides = "".join([name for name in effects if effects[name] == "hides"][:1])
    shown_again = above.hidden in {"visibility", "font-size"} & said.keys()
    parts = "".join(f";{name}:{sorted(said[name])}" for name in said if effects[name] == "parts" and tag not in BLOCKS)
    grounds = _colours(said.get("background", _NOTHING), above.grounds)
    look = Look(
        hidden=hides or above.hidden * (not shown_again),
        doubtful=above.doubtful or shown_again or "doubtful" in kinds,
        raised=above.raised or ("raises" in kinds and tag not in BLOCKS and not parts),
        size=_size("|".join(sorted(said.get("font-size", _NOTHING))), above.size),
        parts=above.parts + parts,
        colours=_colours(said.get("color", _NOTHING), above.colours),
        grounds=frozenset(ground for ground in grounds if ground[3] > _MOST_CLEAR) or above.grounds,
        variables=variables,
    )
    return look, kinds


def _meant(value: str, variables: Mapping[str, frozenset[str]], put_in: tuple[str, ...] = ()) -> frozenset[str]:
    """Return what a value may mean once its variables are put in; one that nobody sets stays as it is."""
    found = _VARIABLE.search(value)
    if found is None or found[1] in put_in or len(put_in) == _DEEPEST_VARIABLE:
        return frozenset({value})
    others = variables.get(found[1], _NOTHING) or {found[2] or value}
    return frozenset().union(
        *(
            {other} if other == value else _meant(value.replace(found[0], other), variables, (*put_in, found[1]))
            for other in others
        )
    )


def _effect(tag: str, name: str, values: frozenset[str]) -> str:
    """Return what all values of a property do, if anything; where rules compete, whether that leaves doubt."""
    found = (_EFFECT.fullmatch(f"{tag} {name}:{value}") for value in values)
    effects = {effect.lastgroup if effect else "" for effect in found}
    if len(effects) == 1:
        return effects.pop() or ""
    return "doubtful" if effects & {"hides", "doubtful"} else "parts"


def _size(said: str, above: str) -> str:
    if _SAME_SIZE.fullmatch(said):
        return above
    found = _SIZE.search(said)
    return f"{float(found[1]) * _PIXELS[found[2]]:.0f}" if found and "|" not in said else f"{above} {said}"


def _colours(values: frozenset[str], above: frozenset[Colour]) -> frozenset[Colour]:
    """Return the colours in some values, of which each may count; those above where a value has none that is known."""
    known = (frozenset(filter(None, map(_colour, _COLOUR.findall(value)))) or above for value in values or {""})
    return frozenset().union(*known)


@lru_cache(maxsize=4096)
def _colour(word: str) -> Colour | None:
    """Return red, green, blue and how opaque it is."""
    from PIL import ImageColor

    name, _, inside = word.partition("(")
    if name.endswith(("url", "gradient")):
        return _PICTURE
    *shade, opacity = [*re.findall(r"[\d.]+%?", inside), "100%"][:4]
    code = f"{name[:3]}({','.join(shade)})" if shade else _BARE_HEX.sub("#", word.replace("transparent", "#0000"))
    with suppress(ValueError):
        red, green, blue, *alpha = ImageColor.getrgb(code)
        return red, green, blue, float(opacity.rstrip("%")) / (100 if "%" in opacity else 1) * (alpha or [255])[0] / 255
    return None


def line_text(pieces: Sequence[tuple[str, Look]]) -> str:
    """Return what the pieces of a line say together.

    Raised marks behind a figure stand in brackets (``22[1]``), `NO_TEXT` between pieces of which nobody can say whether they are
    one figure.
    """
    seen = [(piece, look) for piece, look in pieces if piece.strip()]
    if len(seen) < 2:
        return seen[0][0] if seen else ""
    text, mark, first, before = "", "", seen[0][1], seen[0][1]
    for piece, look in [*pieces, ("", first)]:
        if look.raised > first.raised:
            mark += piece.strip()
            continue
        text += mark if _BRACKET.match(mark) else f"[{mark}]" * bool(mark)
        set_off = bool(mark) or (look.raised, look.size, look.parts) != (before.raised, before.size, before.parts)
        text += NO_TEXT * bool(set_off and _TOUCHING.search(f"{text[-_AROUND:]}\0{piece[:_AROUND]}")) + piece
        mark, before = "", look if piece.strip() else before
    return text


def field_text(node: LexborNode) -> str:
    """Return what a form field shows, apart from what stands beside it."""
    attributes = node.attributes
    kind = (attributes.get("type") or "").lower()
    chosen = node.css("option[selected]")[-1:] or node.css("option")[:1] or [node]
    value = (attributes.get("value") if node.tag == "input" else chosen[0].text()) or ""
    if _UNCLEAR & {kind, *attributes} or ("placeholder" in attributes and not value):
        value = NO_TEXT
    return "" if kind in _NO_FIELDS else f" {value.strip()} "
