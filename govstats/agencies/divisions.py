"""The divisions of GB/T 2260, as they are and as they were since 2008."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from typing import NamedTuple

from govstats.characters import folded
from govstats.files import Kind, one_of, package_data

#: What the names of organs are made of.
WORDS = package_data("agencies/organs.toml")
LEVELS = ("national", "province", "prefecture", "county", "township")

#: 积石山保安族东乡族撒拉族自治县.
_LONGEST_NAME = 15


@dataclass(frozen=True, eq=False)
class Division:
    """A division as it stood from one year to another.

    Attributes
    ----------
    code, name : str
        Of GB/T 2260.
    since, until : int
        The year it came to be, 0 before 2008; the year it ceased to be, 9999 where it still is.
    became : str
        The code under which the same area goes on, where the name or the code changed.
    joined : str
        The code of the division that took it in; it is another one.
    """

    code: str
    name: str
    since: int
    until: int
    became: str
    joined: str

    @cached_property
    def level(self) -> str:
        """``province``, ``prefecture`` or ``county``."""
        return "province" if self.code.endswith("0000") else "prefecture" if self.code.endswith("00") else "county"

    @cached_property
    def above(self) -> Division | None:
        """The prefecture, or the province where there is none between, or None."""
        for code in (self.code[:4] + "00", self.code[:2] + "0000"):
            if code != self.code and (found := of_code(code)):
                return found
        return None

    @cached_property
    def path(self) -> str:
        """The full name: 江苏省淮安市洪泽区."""
        return (self.above.path if self.above else "") + self.name

    @cached_property
    def title(self) -> str:
        """The name that its organs carry: a district has that of its city before its own.

        >>> of_code("320813").title, of_code("321322").title
        ('淮安市洪泽区', '沭阳县')
        """
        above = self.above
        if above and self.level == "county" and self.name.endswith("区"):
            of_city = above.level == "prefecture" or above.name.endswith("市")
            return (above.name if of_city else "") + self.name
        # 巢湖市 was a prefecture and is a county: the one that is no more has its province before it
        is_gone = self.until < 9999 and self.now is self
        return self.path if is_gone and any(one.name == self.name and one.until == 9999 for one in divisions()) else self.name

    @cached_property
    def now(self) -> Division:
        """What the same area is today; itself where it has been dissolved."""
        division = self
        while division.became and (found := of_code(division.became)) and found is not division:
            division = found
        return division

    def lies_in(self, other: Division) -> bool:
        """Tell whether it is a part of another division."""
        above = {"province": 2, "prefecture": 4}
        return other.level in above and other.code != self.code and self.code.startswith(other.code[: above[other.level]])

    def stood_in(self, year: int | None) -> bool:
        """Tell whether a report on a year may name it: the one on the year before its birth is written after it."""
        return year is None or self.since - 1 <= year <= self.until


@cache
def divisions() -> tuple[Division, ...]:
    """Return every division, in the order of the codes."""
    text = (files("govstats.agencies") / "regions.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return tuple(
        Division(row["code"], row["name"], int(row["since"] or 0), int(row["until"] or 9999), row["became"], row["joined"])
        for row in rows
    )


@cache
def _by_code() -> dict[str, Division]:
    return {division.code: division for division in sorted(divisions(), key=lambda division: division.until)}


def of_code(code: str) -> Division | None:
    """Return the division with a code, that of today before a former one."""
    return _by_code().get(code)


#: What a person may write for a level and for a code, in a table of reports or of agencies.
LEVEL: Kind = one_of(LEVELS)
CODE: Kind = (
    lambda text: _by_code()[text].code,
    "six digits of a division in GB/T 2260, or nothing",
    "应为 GB/T 2260 的六位代码，或留空",
)


def _names(division: Division) -> set[str]:
    """Return what a division is called: 乾县 has a simplified form that is another character in most words."""
    return {division.name, folded(division.name)[0], *_without_nationalities(division.name)}


Named = Mapping[str, tuple[Division, ...]]


def _named(names: Iterable[tuple[str, Division]]) -> Named:
    """Return the divisions of each name, each once."""
    found: dict[str, dict[Division, None]] = {}
    for name, division in names:
        found.setdefault(name, {})[division] = None
    return {name: tuple(of_name) for name, of_name in found.items()}


@cache
def _by_name() -> Named:
    named = _named((name, division) for division in divisions() for name in _names(division))
    aliases: dict[str, str] = WORDS["aliases"]
    return {**named, **{alias: (*named.get(alias, ()), *named[name]) for alias, name in aliases.items()}}


@cache
def _by_short_name() -> Named:
    """Return provinces and prefectures by their names without 省, 市 …: 江苏, 南京, 恩施."""
    above = [division for division in divisions() if division.level != "county"]
    endings = re.compile("(..+?)(?:特别行政区|自治区|自治州|地区|省|市|州|盟)")
    names = ((name, division) for division in above for name in (division.name, *_without_nationalities(division.name)))
    short = [(found[1], division) for name, division in names if (found := endings.fullmatch(name))]
    provinces = {division.name[:2]: division for division in above if division.level == "province"}
    return {**_named(short), **{name: (provinces[name],) for name in ("广西", "宁夏", "新疆")}}


@cache
def short_names_within(division: Division) -> frozenset[str]:
    """Return what the parts of a division are called without 县 and 区, where two characters are left."""
    parts = [] if division.level == "county" else [part for part in divisions() if part.lies_in(division)]
    short = (re.sub("(?:地区|.)$", "", name) for part in parts for name in _names(part))
    return frozenset(name for name in short if len(name) > 1)


@cache
def _with_nationalities() -> re.Pattern[str]:
    peoples = sorted(WORDS["nationalities"]["names"], key=len, reverse=True)
    # 回 is a people only with 族 after it, 蒙古 also without
    named = "|".join(people + ("族?" if len(people) > 1 else "族") for people in peoples)
    return re.compile(f"(..+?)(?:{named})*族?自治([州县旗])")


def _without_nationalities(name: str) -> list[str]:
    """Return 耿马县 for 耿马傣族佤族自治县, nothing for what is not autonomous."""
    found = _with_nationalities().fullmatch(name)
    return [found[1] + found[2]] if found else []


class Place(NamedTuple):
    """What a text begins with: the divisions that may be meant, how far their names reach, and how many names that are.

    `short` tells that the last one stands there without 省 or 市.
    """

    divisions: tuple[Division, ...]
    end: int
    names: int = 0
    short: bool = False


def place(text: str, inside: tuple[Division, ...] = (), *, follows: re.Pattern[str] | None = None) -> Place:
    """Return the divisions that a text begins with, each a part of the one before.

    Parameters
    ----------
    text : str
        Folded.
    inside : tuple of Division
        Where the first one lies, if that is known.
    follows : compiled pattern, optional
        What may follow a short name; nothing but the name of a part of it, if left out.

    Examples
    --------
    >>> found = place("江苏淮安市洪泽区人民政府")
    >>> [division.path for division in found.divisions], found.end
    (['江苏省淮安市洪泽区'], 8)
    >>> [division.path for division in place("鼓楼区人民政府").divisions][:2]
    ['江苏省南京市鼓楼区', '江苏省徐州市鼓楼区']
    """
    found = _in_full(text, 0, inside)
    if found.divisions != inside and found.divisions[0].level != "province":
        return found
    short = found
    # 福建福州…: at most two short names
    while step := _step(text, short.end, short.divisions, _by_short_name()):
        short = Place(step[1], step[0], short.names + 1, True)
        further = _in_full(text, short.end, short.divisions, short.names)
        if further.end > short.end:
            return further
        if follows is not None and follows.match(text, short.end):
            return short
        if short.divisions[0].level == "province" and _of_a_province(text[: short.end], text[short.end :]):
            return short._replace(short=False)
    return found


def _of_a_province(name: str, organ: str) -> bool:
    """Tell whether an organ is one of a province: 江苏教育厅 and 上海科委 are, 吉林科技局 is not."""
    return organ.endswith("厅") or (name in {"北京", "天津", "上海", "重庆"} and organ in WORDS["short"])


def _in_full(text: str, at: int, found: tuple[Division, ...], names: int = 0) -> Place:
    while step := _step(text, at, found, _by_name()):
        at, found = step
        names += 1
    return Place(found, at, names)


def _step(text: str, at: int, inside: tuple[Division, ...], names: Named) -> tuple[int, tuple[Division, ...]] | None:
    for end in range(min(len(text), at + _LONGEST_NAME), at + 1, -1):
        if named := names.get(text[at:end]):
            fitting = tuple(d for d in named if not inside or any(d.lies_in(other) for other in inside))
            if fitting:
                return end, fitting
    return None


def places_in(text: str) -> Iterator[tuple[int, int, tuple[Division, ...]]]:
    """Yield where the full names of divisions stand in a text, and which divisions have that name.

    Examples
    --------
    >>> [place[:2] for place in places_in("主动公开县级信息，和县、开县；安徽省马鞍山市和县")]
    [(9, 11), (12, 14), (15, 18), (18, 22), (22, 24)]
    """
    names = _by_name()
    reached = 0
    for end, letter in enumerate(text, start=1):
        if letter in "省市县区州旗盟":
            for start in range(max(0, end - _LONGEST_NAME), end - 1):
                if named := names.get(text[start:end]):
                    if start == reached or not is_part_of_words(text, start, end):
                        yield start, end, named
                        reached = end
                    break


def is_part_of_words(text: str, start: int, end: int) -> bool:
    """Tell whether what looks like a name may be the end of one word and the beginning of another: 公开县级, 居民和县直部门."""
    misleads = end - start == 2 or text[end - 2] == "和"
    return misleads and start > 0 and "\u4e00" <= text[start - 1] <= "\u9fff"


def mentions(text: str) -> Iterator[Division]:
    """Yield the divisions whose full names stand in a text, as often as they stand there.

    Examples
    --------
    >>> [division.name for division in mentions("按照江苏省和泰州市的要求，泰州市已办理")]
    ['江苏省', '泰州市', '泰州市']
    """
    for _, _, named in places_in(text):
        yield from named
