"""The rules as data: ours, and those that a user adds in a file of the same kind."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from functools import cache, lru_cache, partial
from os import PathLike, fspath
from typing import Any, NamedTuple, NoReturn

import pandas as pd

from govstats.errors import FormError
from govstats.files import package_data, parsed_toml, refuse_keys, refuse_unknown, text_of
from govstats.forms import CellKey, Edit, Form, Language, expanded, form, refuse_edit, versions
from govstats.reconciliation.findings import Rule, Rules, cell_list, listed, named, phrase, quoted, subject
from govstats.reconciliation.solver import as_rows, can_be_positive, follows, kinds
from govstats.report import column_types, typed_frame

#: A file of rules that are added to ours.
RulesFile = str | PathLike[str]

#: The scope of the user's own rules.
OWN = "own"
_SEVERITIES = ("E", "W", "I")
_NAMED = ("id", "severity", "scope", "title_zh", "title_en", "source")


@lru_cache(1_000)
def edits_of(rule: Rule, now: Form, before: Form, own_lines: frozenset[tuple[str, str]]) -> tuple[Edit, ...]:
    """Return the linear edits of a rule on reports on two forms; `own_lines` are the tables and lines printed in open tables."""
    forms = rule.settings.get("forms", (now.version, before.version))
    if not {now.version, before.version} <= set(forms):
        return ()
    templates = ({"severity": rule.severity, **template} for template in rule.settings.get("edits", ()))
    return tuple(edit for template in templates for edit in _edits_on(now, template, own_lines, rule.id))


def loaded(own: RulesFile | None = None, *, feasible: bool = True) -> Rules:
    """Return the rules by id, ours first, after all checks.

    Parameters
    ----------
    own : path, optional
        A file of the user's own.
    feasible : bool
        Refuse rules that can only hold where cells are 0.

    Raises
    ------
    FormError
        The file cannot be read or is no TOML, an id stands there twice or is one of ours, an edit names a cell that no form has,
        there is a key that nothing reads, or rules can only hold where cells are 0.
    """
    return _parsed() if own is None else _parsed(fspath(own), text_of(own), feasible)


@cache
def _parsed(file: str = "", text: str = "", feasible: bool = False) -> Rules:
    ours = package_data("reconciliation/rules.toml")
    shared = ours["edits"]["messages"]
    known = {entry["id"]: _rule(entry, shared) for entry in ours["rules"]}
    raw = parsed_toml(file, text)
    if file:
        refuse_keys(file, raw, (), ("rules", "weights", "indicators", "sources", "notes"))
    for entry in raw.get("rules", ()):
        where = f"{file}, rule {entry.get('id', '?')!r}"
        _check(where, entry)
        if entry["id"] in known:
            raise FormError(f"{where}: there is a rule of this id already; give it another 已有同名规则，请换一个 id")
        known[entry["id"]] = _rule({"scope": OWN, "source": file, "title_en": entry["title_zh"], **entry}, shared)
    for one in _found(known, only=("only_zero",)) if feasible else ():
        place = f"{one.rule.source}, rule {one.rule.id!r}, form {one.form.version}"
        raise FormError(f"{place}: only zeros satisfy it: {one.said('en')} 只有 0 才能成立：{one.said('zh')}")
    return known


def weights_in(given: RulesFile | Mapping[str, Any] | None) -> Mapping[str, float]:
    """Return what changing cells costs, from a mapping or a file of rules.

    Raises
    ------
    FormError
        A weight is no number above zero, or no form has such a cell.
    """
    where, weights = "weights", {} if given is None else given
    if isinstance(weights, str | PathLike):
        where = fspath(weights)
        weights = parsed_toml(where, text_of(weights)).get("weights", {})
    known = ["/".join(cell) for version in versions() for table in form(version).tables for cell in table.every_cell]
    for written, weight in weights.items():
        if not isinstance(weight, int | float) or weight <= 0:
            raise FormError(f"{where}: {written} = {weight!r}; expected a number above 0 权重应为大于 0 的数")
        if not fnmatch.filter(known, written):
            _refuse_cells(where, written, known)
    return weights


def _rule(entry: Mapping[str, Any], shared: Mapping[str, Any]) -> Rule:
    own = entry.get("messages", {})
    messages = {**{name: said for name, said in shared.items() if name.split()[0] not in own}, **own}
    settings = {name: value for name, value in entry.items() if name not in (*_NAMED, "messages")}
    return Rule(**{name: entry[name] for name in _NAMED}, messages=messages, settings=settings)


def _check(where: str, entry: Mapping[str, Any]) -> None:
    """Refuse a rule that cannot be applied, naming the place."""
    refuse_keys(where, entry, ("id", "severity", "title_zh", "edits"), ("title_en", "source", "forms", "messages"))
    refuse_unknown(where, "has the severity", [entry["severity"]], _SEVERITIES)
    refuse_unknown(where, "is for the form", entry.get("forms", ()), versions())
    forms = [form(version) for version in entry.get("forms", versions())]
    for number, template in enumerate(entry["edits"], start=1):
        place = f"{where}, edit {number}"
        refuse_edit(place, template, ("table", "each"), ("lines", "columns", "severity"))
        refuse_unknown(place, "is of the table", [template["table"]], dict.fromkeys(t.id for one in forms for t in one.tables))
        edits = [edit for one in forms for edit in _edits_on(one, template, open_lines(one))]
        for name in template.get("lines", template.get("columns", [None])):
            lacking = [_lacking(edit, forms) for edit in edits if name in (None, edit.subject)]
            if all(lacking):
                known = ["/".join(cell) for one in forms for table in one.tables for cell in table.every_cell]
                _refuse_cells(place, "/".join(min(lacking, key=len)[0]), known)


def open_lines(statutory: Form) -> frozenset[tuple[str, str]]:
    """Return the lines of open tables, of which reports print some, each with its table."""
    return frozenset((table.id, line) for table in statutory.tables if table.open for line in table.line)


def _edits_on(
    statutory: Form, template: Mapping[str, Any], own_lines: frozenset[tuple[str, str]], rule: str = ""
) -> Iterator[Edit]:
    """Yield the edits of a template on a report that prints some lines of open tables."""
    table = next((table for table in statutory.tables if table.id == template["table"]), None)
    if table is not None:
        printed = frozenset(line for name, line in own_lines if name == table.id)
        yield from expanded(rule, table, template, printed, statutory.tables)


def _lacking(edit: Edit, forms: Sequence[Form]) -> list[CellKey]:
    """Return the cells of an edit that the form lacks which has most of those of the year."""
    found: list[CellKey] = []
    for year in (0, -1):
        cells = [cell for cell, of in edit.places if of == year]
        by_form = [[cell for cell in cells if not _has(one, cell)] for one in forms]
        found += sorted(by_form, key=len)[0]
    return found


def _has(statutory: Form, cell: CellKey) -> bool:
    """Tell whether a form has a cell; agencies add lines to an open table."""
    tables = (table for table in statutory.tables if table.id == cell[0])
    return any(cell in table.every_cell or (table.open and cell[2] in table.column) for table in tables)


def _refuse_cells(where: str, wrong: str, known: Sequence[str]) -> NoReturn:
    nearest = ", ".join(get_close_matches(wrong, dict.fromkeys(known)))
    raise FormError.worded("rule_cell_unknown", where=where, wrong=wrong, nearest=nearest)


def having(setting: str, rules: Rules | None = None) -> list[Rule]:
    """Return the rules that have a setting, in their order; those with ``edits`` are linear and need no code."""
    return [rule for rule in (rules or loaded()).values() if rule.settings.get(setting)]


def known_rule(name: str) -> Rule:
    """Return one of our rules by its id.

    Raises
    ------
    FormError
        An edit of a form names a rule that ``rules.toml`` lacks.
    """
    if name not in loaded():
        raise FormError.worded("rule_unknown", name=name)
    return loaded()[name]


def rules(own: RulesFile | None = None) -> pd.DataFrame:
    """Return the rules, in the order of the findings of `reconcile`; XF is that of `compare_formats` too.

    Parameters
    ----------
    own : path, optional
        A file of rules of your own, which follow ours; ``docs/howto/own_rules.md`` shows how one is written.

    Returns
    -------
    pandas.DataFrame
        Columns ``id severity scope title_zh title_en source``, all text. `severity` is ``E`` (cannot be right), ``W`` (probably
        wrong or in need of an explanation) or ``I`` (worth knowing); a finding about a blank cell may be milder than its rule.

    Raises
    ------
    FormError
        The file cannot be read, or has a rule that cannot be applied; the message names the place.

    Examples
    --------
    >>> from govstats.reconciliation import rules
    >>> rules().set_index("id").title_zh["T3B"]
    '第一项加第二项之和等于第三项加第四项之和'
    """
    return typed_frame([[getattr(rule, name) for name in _NAMED] for rule in loaded(own).values()], dict.fromkeys(_NAMED, "str"))


# --- what is wrong with them: what follows from others anyway, and what only zeros satisfy ----------------------------------

_CHECKED_TYPES = column_types("rule form table subject found cells message_zh message_en")


class _Found(NamedTuple):
    """An edit of a rule on a form, what was found of it, and the cells of which that is said."""

    rule: Rule
    form: Form
    edit: Edit
    what: str
    cells: Sequence[CellKey] = ()

    def said(self, language: Language) -> str:
        """Say what was found."""
        about = subject(self.form.table(self.edit.table), self.edit, language)
        cells = listed((named(self.form.table(cell[0]), cell)(language) for cell in self.cells), language)
        return phrase(self.what, language, subject=about, cells=cells, title=quoted(self.rule.title(language), language))


def check_rules(own: RulesFile) -> pd.DataFrame:
    """Tell which rules of a file say nothing, and which say more than can be meant.

    Parameters
    ----------
    own : path
        As `govstats.reconcile` takes it.

    Returns
    -------
    pandas.DataFrame
        One row an edit on a form: ``rule form table subject found cells message_zh message_en``; none where all is well. `found`
        is ``implied`` where the edit holds whenever those of the form do, ``redundant`` where it does when the other rules of the
        file hold too, and ``only_zero`` where some cells, named in `cells`, could not be other than 0 if all edits held; such a
        file is refused by `govstats.reconcile` and `govstats.repairs`.

    Raises
    ------
    FormError
        The file cannot be read, or has a rule that cannot be applied, or a weight of no cell.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp(), "my_rules.toml")
    >>> edit = '{ table = "requests", each = "line", left = ["total"], relation = ">=", right = ["legal"] }'
    >>> rule = f'[[rules]]\\nid = "M1"\\nseverity = "W"\\ntitle_zh = "不少于其中一项"\\nedits = [{edit}]\\n'
    >>> _ = path.write_text(rule, encoding="utf-8")
    >>> check_rules(path).query("subject == 'new'")[["rule", "form", "found"]].values.tolist()
    [['M1', '2019', 'implied'], ['M1', '2021', 'implied']]
    """
    rows = []
    weights_in(own)
    for one in _found(loaded(own, feasible=False)):
        about = one.rule.id, one.form.version, one.edit.table, one.edit.subject
        rows.append((*about, one.what, cell_list(one.cells), one.said("zh"), one.said("en")))
    return typed_frame(rows, _CHECKED_TYPES)


def _found(rules: Rules, only: Sequence[str] = ("implied", "redundant", "only_zero")) -> Iterator[_Found]:
    for statutory in map(form, versions()):
        cells = {cell for table in statutory.tables for cell in table.every_cell}
        edits = [(rule, edit) for rule in rules.values() for edit in edits_of(rule, statutory, statutory, open_lines(statutory))]
        mine = [(rule, edit) for rule, edit in edits if rule.scope == OWN and cells.issuperset(edit.cells)]
        joining = [edit for rule, edit in edits if rule.scope != OWN and rule.binds and edit.severity == "E"]
        if mine:
            yield from _on(statutory, mine, joining, only)


def _on(statutory: Form, mine: Sequence[tuple[Rule, Edit]], joining: Sequence[Edit], only: Sequence[str]) -> Iterator[_Found]:
    """Yield what is found of edits on a form; `joining` are ours that join two years."""
    facts = list(statutory.edits((table.id, line.id) for table in statutory.tables for line in table.lines))
    if any(edit.offsets for _, edit in mine):
        facts += [replace(edit, offsets=(-1,) * len(edit.cells)) for edit in facts] + [*joining]
    own = [edit for _, edit in mine]
    places = list(dict.fromkeys(place for edit in (*facts, *own) for place in edit.places))
    signed, whole = kinds(statutory, [cell for cell, _ in places])
    rows_of = partial(as_rows, places=places, signed=signed, whole=whole)
    kept = own
    for rule, edit in reversed(mine) if "implied" in only else ():
        others = [one for one in kept if one is not edit]
        for what, by in (("implied", facts), ("redundant", [*facts, *others])):
            if follows(rows_of([edit]), rows_of(by)):
                kept = others
                yield _Found(rule, statutory, edit, what)
                break
    free, together = can_be_positive(rows_of(facts)), can_be_positive(rows_of([*facts, *own]))
    alone = [can_be_positive(rows_of([*facts, edit])) if (free & ~together).any() else free for edit in own]
    some_alone = any((free & ~one).any() for one in alone)
    for (rule, edit), positive in zip(mine, alone, strict=True):
        zero = free & ~(positive if some_alone else together)
        cells = [cell for cell, year in edit.places if zero[places.index((cell, year))]]
        if cells:
            yield _Found(rule, statutory, edit, "only_zero", list(dict.fromkeys(cells)))
