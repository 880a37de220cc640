"""What the name of an agency says, and what a text adds to it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import groupby, islice
from typing import NamedTuple, TypeVar

from govstats.agencies.divisions import WORDS, Division, is_part_of_words, mentions, of_code, place, places_in, short_names_within
from govstats.characters import folded_text

T = TypeVar("T")


def _any_of(names: Iterable[str]) -> str:
    """Return a pattern for any of some names, the longest first."""
    return "|".join(sorted(names, key=len, reverse=True))


_PATTERNS = {name: re.compile(pattern) for name, pattern in WORDS["patterns"].items()}
#: The organs of the State Council by all their names.
_NATIONAL = {name: full for full, others in WORDS["national"].items() for name in (full, *others)}
_NATIONAL_NAME = re.compile(_any_of(_NATIONAL))
#: The kinds of organs by the words that tell them.
_KINDS = {word: kind for kind, of_kind in WORDS["departments"].items() for word in of_kind}
_DEPARTMENT = re.compile(_any_of(_KINDS))
#: Areas without a code of which more is known than what they are called; any of them, with its organ after it.
_KNOWN_AREAS: Mapping[str, Mapping[str, str]] = WORDS["special"]["known"]
_AREA = re.compile(
    rf"(?P<name>{'|'.join(_KNOWN_AREAS)}|[\u4e00-\u9fff]{{0,12}}?(?:{_any_of(WORDS['special']['endings'])}))"
    r"(?P<organ>(?:管理委员会|管委会|人民政府|.{2,16}(?:局|委|办|室|中心))?.*)$"
)
_ANYTHING = re.compile("")
_AFTER_A_SHORT_NAME = re.compile(rf"(?:{_AREA.pattern})|(?:[\u4e00-\u9fff]{{0,6}}(?:{'|'.join(WORDS['located']['endings'])})$)")
#: How far before a word a place is sought that belongs to it.
_BEFORE = 24
_OCCURRENCES = 50
#: How often a text names a place before it is taken for that of the agency; there are few provinces to be mistaken for.
_TIMES = {"province": 2}


class Identity(NamedTuple):
    """Who an agency is; the columns of `identify` after ``printed``."""

    agency: str | None
    level: str | None = None
    region: str | None = None
    region_code: str | None = None
    within: str | None = None
    department: str | None = None
    basis: str = "undecided"
    note_zh: str = ""
    note_en: str = ""


class Name(NamedTuple):
    """The parts of a name.

    Attributes
    ----------
    printed : str
        Folded.
    divisions : tuple of Division
        Those that its place may be; empty where it names none.
    place : str
        The words that name the place; ``市`` in 市应急管理局.
    rest : str
        What follows the place, in full.
    national : str
        The organ of the State Council that it is, or belongs to.
    short : bool
        The place is named without 省 or 市.
    """

    printed: str
    divisions: tuple[Division, ...]
    place: str
    rest: str
    national: str = ""
    short: bool = False


@lru_cache(maxsize=4096)
def department(organ: str) -> str | None:
    """Return the kind of an organ.

    Examples
    --------
    >>> department("政务服务和大数据管理局"), department("人民政府办公室"), department("")
    ('政务服务', '办公厅', None)
    """
    found = _DEPARTMENT.search(organ)
    return _KINDS[found[0]] if found else None


def _in_full(organ: str) -> str:
    full: str | None = WORDS["short"].get(organ)
    return full or re.sub("管委会(?=$|办公室$)", "管理委员会", organ)


@lru_cache(maxsize=65536)
def parts(printed: str) -> Name:
    """Take a name apart.

    Examples
    --------
    >>> name = parts("江苏省沭阳县政府")
    >>> [division.title for division in name.divisions], name.rest
    (['沭阳县'], '人民政府')
    >>> parts("市应急局").place, parts("市应急局").rest
    ('市', '应急管理局')
    """
    plain = _PATTERNS["leading"].sub("", _PATTERNS["remark"].sub("", folded_text(printed)))
    prefix = _NATIONAL_NAME.match(plain)
    national, rest = (_NATIONAL[prefix[0]], plain[prefix.end() :]) if prefix else ("", plain)
    if prefix and _PATTERNS["after_national"].fullmatch(rest):
        return Name(plain, (), "", rest, national)
    found = place(rest, follows=_ANYTHING if prefix else _AFTER_A_SHORT_NAME)
    if found.divisions:
        return Name(plain, found.divisions, rest[: found.end], _in_full(rest[found.end :]), national, found.short)
    generic = _PATTERNS["no_place"].match(plain)
    where = generic[1] if generic else ""
    return Name(plain, (), where, _in_full(plain.removeprefix(where)))


def of_name(name: Name, year: int | None, text: str) -> Identity:
    """Conclude who an agency is from its name, and from what else the document says where the name is not enough."""
    if name.national and not name.divisions:
        agency = name.national + name.rest
        return Identity(agency, "national", "全国", None, None, department(agency), "printed")
    if not name.divisions:
        return _without_place(name, year, text)
    name = _before_its_time(name, year)
    divisions = _at_the_time(name.divisions, year)
    if len(divisions) == 1:
        return _identity(name, divisions[0], "printed")
    found = _told_by_text(divisions, name.place, folded_text(text), year)
    if found is not None:
        return _identity(name, found, "text")
    identities = [_identity(name, division, "text") for division in divisions]
    level = _only({identity.level for identity in identities})
    candidates = "、".join(sorted(str(identity.agency) for identity in identities))
    message = _message("candidates", name=name.printed, candidates=candidates)
    return Identity(name.place + name.rest, level, department=identities[0].department, **message)


def _only(values: Collection[T]) -> T | None:
    """Return the one value that there is, None where there are several."""
    return next(iter(values)) if len(values) == 1 else None


def _before_its_time(name: Name, year: int | None) -> Name:
    """Take an area that was a division only later for what it was then: 两江新区 before 2025."""
    division = name.divisions[0]
    if year is None or len(name.divisions) > 1 or division.since <= year + 1 or not _AREA.fullmatch(name.place):
        return name
    above = division.above
    return name if above is None else name._replace(divisions=(above,), place=above.title, rest=division.name + name.rest)


def _message(kind: str, **values: object) -> dict[str, str]:
    message: dict[str, str] = WORDS["messages"][kind]
    return {f"note_{language}": message[language].format(**values) for language in ("zh", "en")}


def _at_the_time(divisions: Iterable[Division], year: int | None) -> list[Division]:
    """Leave out what did not exist yet or any more, and take names of one area for one."""
    known = list(divisions)
    chosen = [division for division in known if division.stood_in(year)] or known
    # the one whose name is its own before the one that it has become
    return list({division.now.code: division for division in reversed(chosen)}.values())


def _history(division: Division) -> dict[str, str]:
    """Return the notes on a division that is called otherwise today, or is no more."""
    now, into = division.now, of_code(division.joined)
    if now.title != division.title:
        return _message("former", printed=division.title, now=now.title, year=division.until)
    if division.until == 9999 or now is not division:
        return {}
    if into:
        return _message("joined", printed=division.path, now=into.path, year=division.until)
    return _message("dissolved", printed=division.path, year=division.until)


@lru_cache(maxsize=65536)
def _identity(name: Name, division: Division, basis: str) -> Identity:
    """Put the identity together for a name whose place is known."""
    now = division.now
    if basis == "printed" and now.title != division.title:
        basis = "former name"
    title = name.place if name.short else now.title
    rest = name.rest
    if rest.startswith("行政公署") and not now.name.endswith(("地区", "盟")):
        rest = "人民政府" + rest.removeprefix("行政公署")
    kind_of_organ = department(rest) or department(name.national)
    known = Identity(
        name.national + title + rest, now.level, now.path, now.code, now.code, kind_of_organ, basis, **_history(division)
    )
    if rest.endswith(tuple(WORDS["located"]["without_level"])):
        return known._replace(level=None, region_code=None)
    if (town := _PATTERNS["township"].fullmatch(rest)) and town["name"] not in short_names_within(now):
        organ = "街道办事处" if rest.endswith("办事处") else rest[town.end("name") :]
        return known._replace(level="township", region=now.path + town["name"], region_code=None, department=department(organ))
    if branch := _PATTERNS["branch"].fullmatch(rest):
        return _branch(known, now, branch["place"])
    if not name.national and (area := _AREA.fullmatch(rest)):
        return _area(known, "" if area["name"] in _KNOWN_AREAS else title, area["name"], area["organ"])
    if strange := _strange_place(rest, now):
        message = _message("strange_place", name=name.printed, place=strange)
        return Identity(known.agency, department=department(rest.removeprefix(strange)), **message)
    return known


def _strange_place(organ: str, of: Division) -> str:
    """Return the words before an organ that seem to name a part of the division, and no known one; 天河教育局 of 广州市."""
    if found := _PATTERNS["before_a_government"].match(organ):
        return found[1]
    if _DEPARTMENT.match(organ):
        return ""
    if found := _PATTERNS["strange_place"].match(organ):
        return found[0]
    return next((organ[:end] for end in range(2, min(len(organ), 8)) if organ[:end] in short_names_within(of)), "")


def _branch(known: Identity, of_city: Division, where: str) -> Identity:
    """Place 鹿城区分局 or 鼓楼分局 in the city whose organ it belongs to."""
    for name in (where, where + "区", where + "县", where + "市"):
        inside = [d for d in place(name, (of_city,)).divisions if d.until == 9999 and d is not of_city]
        if len(inside) == 1:
            code = inside[0].code
            return known._replace(level=inside[0].level, region=inside[0].path, region_code=code, within=code)
    return known._replace(level="county", region_code=None)


def _area(known: Identity, title: str, area: str, organ: str) -> Identity:
    """Place an area that has no code in the division around it."""
    organ = _in_full(organ)
    told = _KNOWN_AREAS.get(area, {"level": "county"})
    known = known._replace(agency=title + area + organ, level=told["level"], region_code=None, department=department(organ))
    around = of_code(told.get("within", ""))
    if answers_for := of_code(told.get("code", "")):
        around, known = answers_for, known._replace(region_code=answers_for.code)
    return known._replace(region=around.path, within=around.code) if around else known


# --- what a text adds ---------------------------------------------------------------------------------------------------


def _without_place(name: Name, year: int | None, text: str) -> Identity:
    """Conclude from a name that tells no place: 市应急管理局, 应急管理厅, 平潭综合实验区."""
    organ = agency = office = name.place + name.rest
    area, town = _AREA.fullmatch(organ), _PATTERNS["township"].fullmatch(organ)
    if area and area["name"] in _KNOWN_AREAS:
        return _area(Identity(organ, basis="printed"), "", area["name"], area["organ"])
    level = WORDS["levels"].get(name.place, "province" if organ.endswith("厅") else None)
    if area:
        level, office, agency = "county", area["organ"], area["name"] + _in_full(area["organ"])
    elif town:
        level, office = "township", organ[town.end("name") :]
    if text and (area or town or name.place or _PATTERNS["ends_like_an_organ"].search(organ)):
        division = _place_in(folded_text(text), name, level, year, is_town=town is not None)
        if division is not None:
            return _identity(name._replace(divisions=(division,), place=division.title), division, "text")
    return Identity(agency, level, department=department(office), **_message("no_place", name=name.printed))


def _sought(name: Name) -> str:
    """Return the words of a name that stand behind its place in a text, or the place itself."""
    organ = name.place + name.rest
    town = _PATTERNS["township"].fullmatch(organ)
    return name.place if name.divisions else town["name"] if town else organ


def _place_in(text: str, name: Name, level: str | None, year: int | None, *, is_town: bool) -> Division | None:
    """Return the one division that a text names as the place of an agency whose name tells none."""

    def fits(division: Division) -> bool:
        if name.place:
            return division.name.endswith(name.place) and (division.level == "county" or name.place not in ("县", "区"))
        return level != "province" or division.level == level

    named = {division.now for division in _places_before(text, (_sought(name), name.printed), name.place, year) if fits(division)}
    heard = Counter(division.now for division in filter(fits, mentions(text)) if division.stood_in(year))
    if not named and (name.place or level == "province"):
        named = {division for division in heard if heard[division] >= _TIMES.get(division.level, 3)}
    # 市应急管理局 of a county may speak of the one of its prefecture: no other place may be meant
    rivals = [other for division in named for other in heard if other is not division and not division.lies_in(other)]
    return _only(named) if is_town or not rivals else None


def _occurrences(text: str, word: str) -> Iterator[int]:
    return (found.start() for found in islice(re.finditer(re.escape(word), text), _OCCURRENCES))


def _places_before(text: str, sought: Iterable[str], last: str, year: int | None) -> Iterator[Division]:
    """Yield the places that stand before words in a text."""
    starts = (start for word in dict.fromkeys(sought) for start in _occurrences(text, word))
    return filter(None, (_place_before(text, start, last, year) for start in starts))


def _told_by_text(divisions: list[Division], word: str, text: str, year: int | None) -> Division | None:
    """Choose among divisions of one name: the text names one with its city, or the city or province of one alone."""
    named = Counter(division for division in _places_before(text, (word,), word, year) if division in divisions)
    counts = Counter(division.code for division in mentions(text))
    cities = Counter({division: counts[division.code[:4] + "00"] for division in divisions})
    provinces = Counter({division: counts[division.code[:2] + "0000"] for division in divisions})
    if named:
        (chosen, times), *others = named.items()
        # named once, it may have been visited: then no other city may be spoken of
        return chosen if not others and (times > 1 or +cities == +Counter({chosen: cities[chosen]})) else None
    heard = +cities or +provinces
    return next(iter(heard)) if len(heard) == 1 and heard.total() > 1 else None


def _place_before(text: str, at: int, last: str, year: int | None) -> Division | None:
    """Return the one division whose name ends before a word, or with it where `last` belongs to its name."""
    before = text[max(0, at - _BEFORE) : at] + last
    for start in range(len(before) - 1):
        found = place(before[start:])
        if found.divisions and start + found.end == len(before):
            if found.names == 1 and is_part_of_words(before, start, len(before)):
                continue
            return _only(_at_the_time(found.divisions, year))
    return None


def hint(name: str | None, *texts: str | None) -> str:
    """Return the little of a document that `identify` needs to tell who an agency is; mostly nothing.

    Parameters
    ----------
    name : str
        The agency, as printed.
    *texts : str
        The title, the prose and what else the document says.

    Returns
    -------
    str
        Empty where the name is enough; else the words before its mentions, and the divisions that are named.

    Examples
    --------
    >>> hint("淮安市洪泽区人民政府", "洪泽区位于江苏省")
    ''
    >>> hint("鼓楼区人民政府", "鼓楼区人民政府在福州市八一七路。福州市统一部署。")
    '鼓楼区人民政府 福州市 福州市'
    """
    known = parts(name or "")
    if len(known.divisions) == 1 or not known.printed or of_name(known, None, "").basis != "undecided":
        return ""
    plain = folded_text("\n".join(filter(None, texts)))
    sought = dict.fromkeys((_sought(known), known.printed))
    spans = [(max(0, at - _BEFORE), at + len(word)) for word in sought for at in _occurrences(plain, word)]
    spans += ((start, end) for start, end, _ in places_in(plain))
    inside = {at for start, end in spans for at in range(start, end)}
    pieces = groupby(range(len(plain)), key=inside.__contains__)
    return " ".join("".join(plain[at] for at in piece) for is_inside, piece in pieces if is_inside)
