"""What is wrong with rules of the user's own: what follows from others anyway, and what only zeros satisfy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import pandas as pd

from govstats.errors import FormError
from govstats.forms import CellKey, Edit, Form, Language, form, versions
from govstats.reconciliation.edits import as_rows, coefficients, kinds
from govstats.reconciliation.rulebook import OWN, Rule, Rules, RulesFile, loaded, open_lines, weights_in
from govstats.reconciliation.solver import can_be_positive, follows
from govstats.reconciliation.wording import cell_list, listed, named, phrase, quoted, subject
from govstats.report import column_types, typed_frame

_TYPES = column_types("rule form table subject found cells message_zh message_en")


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
    return typed_frame(rows, _TYPES)


def refuse_infeasible(rules: Rules) -> None:
    """Refuse rules that can only hold where cells are zero.

    Raises
    ------
    FormError
        It names the rule and the cells.
    """
    for one in _found(rules, only=("only_zero",)):
        where = f"{one.rule.source}, rule {one.rule.id!r}, form {one.form.version}"
        raise FormError(f"{where}: only zeros satisfy it: {one.said('en')} 只有 0 才能成立：{one.said('zh')}")


def _found(rules: Rules, only: Sequence[str] = ("implied", "redundant", "only_zero")) -> Iterator[_Found]:
    for statutory in map(form, versions()):
        cells = {cell for table in statutory.tables for cell in table.every_cell}
        edits = [(rule, edit) for rule in rules.values() for edit in rule.edits(statutory, statutory, open_lines(statutory))]
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
            if follows(coefficients([edit], places)[0], edit.relation == "==", rows_of(by)):
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
