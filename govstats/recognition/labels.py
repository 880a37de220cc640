"""Labels as they stand in documents, matched with the labels of the form."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from itertools import chain
from typing import NamedTuple

from rapidfuzz import fuzz

from govstats.characters import normalised
from govstats.documents import Cell
from govstats.forms import Form, Label, Line, Table, form, versions

#: Below this likeness (2 × common characters / both lengths) a label is another label: 予以公开 and 不予公开 reach 0.75.
ALIKE = 0.78
#: From this likeness on a label is the form's own, not a misprint of it.
SURE = 0.97
#: A misprinted label must be this much more like one line than like the next.
_MARGIN = 0.08

#: No label of the form is half as long, remarks in brackets and torn lines included.
LONGEST = 120
#: A piece of a group's label that stands above the label of its first line is not longer.
_LONGEST_CRUMB = 8
#: The same few hundred labels come again in every report; a corpus has more misprints than memory should hold.
_MOST_KNOWN = 20_000

_NUMBER = re.compile(
    r"\s*(?:其中\s*:?)?\s*(?:(\(\s*(?:[一二三四五六七八九十]{1,3}|\d{1,2})\s*\))|([一二三四五六七八九十]{1,3}|\d{1,2})\s*[、.,:．])\s*"
    r"|\s*(\d{1,2})(?=[^\d\W])|"
)
#: A part of the line above is another line (其中：行政许可).
_PART = "其中"
_NOT_WORD = re.compile(r"[\W_]+")
_BRACKETED = re.compile(r"\([^()]*\)?")


class Key(NamedTuple):
    """A label without its numbering, white space and punctuation; `plain` is also without what stands in brackets."""

    number: str
    word: str
    plain: str


@lru_cache(maxsize=16384)
def key(text: str) -> Key:
    """Return what identifies a label, however it is printed.

    Examples
    --------
    >>> key("（二）部分公开（区分处理的，只计这一情形）").plain
    '部分公开'
    >>> key("３、 其 他").number, key("3.其他").word
    ('3', '其他')
    """
    text = normalised(text)
    number, rest = "".join(_NUMBER.findall(text)[0]), _NUMBER.sub("", text, count=1)
    word, plain = _NOT_WORD.sub("", rest), _NOT_WORD.sub("", _BRACKETED.sub("", rest))
    return Key("".join(number.split()), word, plain or word)


def words_of(pieces: Iterable[Cell]) -> list[str]:
    """Return the words of labels as they stand in a document."""
    return [key(piece.text).word for piece in pieces]


def words_of_form(labels: Iterable[Label]) -> list[str]:
    """Return the words of labels of the form."""
    return [key(label.zh).word for label in labels]


class LabelIndex:
    """The labels of one table, to be found in a document; the words of its groups may stand torn in front of them."""

    def __init__(self, labels: Sequence[Label], groups: Sequence[Label] = ()) -> None:
        self.entries = [(label.id, key(text)) for label in labels for text in _variants(label)]
        self.exact: dict[str, list[tuple[str, str]]] = {}
        for name, variant in self.entries:
            for word in {variant.word, variant.plain}:
                self.exact.setdefault(word, []).append((name, variant.number))
        self.words = [(name, variant.plain) for name, variant in self.entries]
        headings = [label for label in labels if isinstance(label, Line) and label.subtotal]
        texts = sorted((normalised(label.zh) for label in (*groups, *headings)), key=len, reverse=True)
        # of a group's label a piece may stand above the label of its first line (三、 or （四）无)
        words, characters = "|".join(map(_spaced, texts)), re.escape("".join(texts))
        prefix = rf"\A(?:\s*(?:{words}|[{characters}]{{1,{_LONGEST_CRUMB}}}(?=\s)))+\s*(?=[(\d])"
        self._of_groups = re.compile(prefix if texts else r"\A")
        self.find = lru_cache(maxsize=_MOST_KNOWN)(self._find)

    def _find(self, text: str) -> dict[str, float]:
        """Return the likely ids for a printed label, with their likeness between 0 and 1; empty where nothing fits."""
        own = self._of_groups.sub("", normalised(text), count=1)
        found = key(own)
        first, *rest = own.split("\n")
        # below the first line a number of its own begins another label of the form; so does a label below a label
        two = any(key(line).number for line in rest) or (key(first).word in self.exact and self._find("".join(rest)))
        if not found.word or len(text) > LONGEST or two:
            return {}
        if exact := self.exact.get(found.word) or self.exact.get(found.plain):
            likeness = {name: _agreement(found.number, number) for name, number in exact}
        else:
            entries = () if _PART in found.plain else self.entries
            alike = sorted((self._likeness(found, name, variant), name) for name, variant in entries)
            likeness = {name: best for best, name in alike if best >= ALIKE}
        # of two labels that end alike, the longer one is meant
        most = max(likeness.values(), default=0.0)
        return {name: alike for name, alike in likeness.items() if alike > most - _MARGIN}

    def _likeness(self, found: Key, name: str, variant: Key) -> float:
        """Compare a printed label that is no variant of the form's with one that is."""
        alike = 0.0
        if len(variant.plain) >= 4 and found.plain.endswith(variant.plain):
            alike = 0.95 * (not self._names_another(found.word, name, variant))
        elif 4 <= len(found.plain) <= len(variant.word) + max(1, len(variant.word) // 8):
            alike = max(fuzz.ratio(found.plain, variant.plain), fuzz.ratio(found.word, variant.word)) / 100
        return alike * _agreement(found.number, variant.number)

    def _names_another(self, text: str, name: str, variant: Key) -> bool:
        """Tell whether a text that ends with one label begins with another: two lines joined in one row."""
        before = text.removesuffix(variant.word).removesuffix(variant.plain)
        return any(len(word) >= 4 and word in before and another != name for another, word in self.words)


def _agreement(found: str, expected: str) -> float:
    """Weigh the numbering: ``3.其他`` and ``（六）其他`` are two lines."""
    if not found or not expected or found == expected:
        return 1.0 if found == expected else 0.97
    # misnumbered lists are common (一是…三是…三是), a change of the kind of number is not
    return 0.85 if found.startswith("(") == expected.startswith("(") and found.isdigit() == expected.isdigit() else 0.6


@cache
def line_index(table: Table) -> LabelIndex:
    """Return the index of a table's lines."""
    return LabelIndex(table.lines, table.groups)


@cache
def column_index(table: Table) -> LabelIndex:
    """Return the index of a table's columns."""
    return LabelIndex(table.columns)


@cache
def own_words(table: Table) -> tuple[frozenset[str], frozenset[str]]:
    """Return the words that only lines of a table have, and those that only columns have."""
    lines, columns = frozenset(line_index(table).exact), frozenset(column_index(table).exact)
    return lines - columns, columns - lines


@cache
def _printed(of_form: Form) -> Mapping[str, frozenset[str]]:
    """Return the texts that the tables of a form print beside figures: for lines, columns, corners and all others."""
    texts: dict[str, set[str]] = {"line": set(), "column": set(), "corner": set(), "other": set()}
    for table in of_form.tables:
        texts["line"].update(*map(_variants, table.lines))
        texts["column"].update(*map(_variants, table.columns))
        texts["corner"].add(table.corner)
        texts["other"].update([table.zh, *(band.zh for band in table.bands), *(column.spanner_zh for column in table.columns)])
        texts["other"].update(*map(_variants, table.groups))
    return {of: frozenset(some - {""}) for of, some in texts.items()}


def _variants(label: Label) -> tuple[str, ...]:
    return label.zh, *label.also


@cache
def form_words(of_form: Form) -> frozenset[str]:
    """Every label of a form as a key word: what is no figure and no label of an agency's own."""
    return frozenset(word for text in _texts(of_form) for word in key(text)[1:])


@lru_cache(maxsize=_MOST_KNOWN)
def is_of_some_form(word: str) -> bool:
    """Tell whether a word stands in a label of any version of the form, or is a misprint of one."""
    return any(word in one or fuzz.ratio(word, one) >= 100 * ALIKE for one in _words_of_all_forms())


@cache
def _words_of_all_forms() -> frozenset[str]:
    return frozenset().union(*(form_words(form(version)) for version in versions()))


@cache
def _texts(of_form: Form) -> frozenset[str]:
    """Every label of the tables of a form, as printed."""
    return frozenset().union(*_printed(of_form).values())


@cache
def printed_labels(of_form: Form, *, glued: bool = False) -> re.Pattern[str]:
    """Return a pattern that finds the form's labels in running text, with their numbering.

    Where figures are `glued` to the number of the next label (``00000002.其他法律…``), only its own number is the label's.
    """
    texts = set(map(normalised, _texts(of_form).union(*map(_variants, of_form.sections))))
    number = r"(?:其中\s*:?)?\s*(?:\([一二三四五六七八九十\d]{1,3}\)|[一二三四五六七八九十]{1,2}、|(?<![\d.])\d{1,2}[、.])?\s*"
    words = sorted({_spaced(_NUMBER.sub("", text, count=1)) for text in texts}, key=len, reverse=True)
    labels = [f"{number}(?:{'|'.join(words)})"]
    if glued:
        numbered = {(key(text).number, _NUMBER.sub("", text, count=1)) for text in texts if key(text).number.isdecimal()}
        # an annex numbers its lines as it likes; one digit is the least that can be the label's
        of_annex = chain.from_iterable(table.lines for table in of_form.tables if table.open)
        numbered |= {("[1-9]", normalised(text)) for line in of_annex for text in _variants(line)}
        labels = sorted((rf"{digit}[、.]\s*{_spaced(word)}" for digit, word in numbered), key=len, reverse=True) + labels
    return re.compile("|".join(labels))


def _spaced(word: str) -> str:
    """Allow white space between the characters of a label: it is torn where a line of the page ended."""
    return r"\s*".join(re.escape(character) for character in word if not character.isspace())


@cache
def distinctive() -> Mapping[str, frozenset[str]]:
    """Return for each form version the label words that no other version has."""
    words = {version: form_words(form(version)) for version in versions()}
    count = Counter(chain.from_iterable(words.values()))
    return {version: frozenset(word for word in own if count[word] == 1 and len(word) >= 4) for version, own in words.items()}


@cache
def header_words(of_form: Form) -> frozenset[str]:
    """Return the words that only headers have: columns, corners, and groups of lines that stand side by side, but no lines."""
    words = {of: {key(text).word for text in texts} for of, texts in _printed(of_form).items()}
    groups = {key(group.zh).word for table in of_form.tables if table.lines_across for group in table.groups}
    return frozenset((words["column"] | words["corner"] | groups) - words["line"])


@cache
def table_words(of_form: Form) -> frozenset[str]:
    """Return the first words of lines and columns: a text with several of them may be a table."""
    return frozenset(key(label.zh).plain for table in of_form.tables for label in (*table.lines, *table.columns))
