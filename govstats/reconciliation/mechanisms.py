"""How a figure comes to be wrong, and how a repair is put into words."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from itertools import pairwise
from typing import Any

import numpy as np

from govstats.forms import CellKey, Form, Language

Changes = Mapping[CellKey, tuple[float, float]]

_TOLERANCE = 1e-6
_TEN_THOUSAND = 1e4


@cache
def _data() -> Mapping[str, Any]:
    return tomllib.loads((resources.files(__package__) / "mechanisms.toml").read_text("utf-8"))


@cache
def _entries() -> Mapping[str, Mapping[str, Any]]:
    return {entry["id"]: entry for entry in _data()["mechanisms"]}


def far_fetched(name: str) -> float:
    """Return how far-fetched it is that a figure came about so."""
    return float(_entries()[name]["far_fetched"])


def mechanism_label(name: str, language: Language) -> str:
    """Return a mechanism in words.

    >>> mechanism_label("transposed", "zh")
    '相邻两位数字颠倒'
    """
    return str(_entries()[name][language])


def say(message: str, language: Language, **fields: str) -> str:
    """Return a sentence about a repair."""
    return str(_data()["sentences"][language][message]).format(**fields)


def mechanisms(form: Form, figures: Mapping[CellKey, float], changes: Changes) -> list[str]:
    """Return how a set of figures came to be wrong.

    Parameters
    ----------
    form : Form
        Which says what stands beside what.
    figures : dict of (table, line, column) to float
        As reported, of all cells around.
    changes : dict of (table, line, column) to (float, float)
        What is reported and what it should be.

    Returns
    -------
    list of str
        One for cells that changed together, else one for each cell in order.
    """
    reported, proposed = zip(*changes.values(), strict=True)
    if len(changes) == 2 and reported == proposed[::-1]:
        return ["swapped"]
    for name, along in (("row_shifted", _row), ("column_shifted", _column)):
        if len(changes) > 2 and _is_shifted(along(form, changes), figures, changes):
            return [name]
    if len(changes) == 1 and reported[0] == 0 < proposed[0] and next(iter(changes))[2] == "total":
        return ["left_at_zero"]
    return [mechanism(was, ought, is_total=key[2] == "total") for key, (was, ought) in changes.items()]


def _row(form: Form, changes: Changes) -> Sequence[CellKey]:
    table, line, _ = next(iter(changes))
    return [(table, line, column) for column in form.table(table).columns_of.get(line, ())]


def _column(form: Form, changes: Changes) -> Sequence[CellKey]:
    name, _, column = next(iter(changes))
    table = form.table(name)
    return [(name, line.id, column) for line in table.lines if not line.subtotal and column in table.columns_of[line.id]]


def _is_shifted(along: Sequence[CellKey], figures: Mapping[CellKey, float], changes: Changes) -> bool:
    """Tell whether figures that stand beside one another have each moved one place on; some may equal their neighbour."""
    at = [place for place, key in enumerate(along) if key in changes]
    moved = along[at[0] : at[-1] + 1] if at else ()
    if len(at) < len(changes) or not all(key in figures for key in moved):
        return False
    return all(figures[after] == changes.get(before, (0.0, figures[before]))[1] for before, after in pairwise(moved))


def mechanism(reported: float, proposed: float, *, is_total: bool = False) -> str:
    """Name how one figure became another.

    Parameters
    ----------
    reported, proposed : float
        NaN where several figures would do.
    is_total : bool
        The figure sums up others.

    Returns
    -------
    str
        An id of ``mechanisms.toml``.

    Examples
    --------
    >>> mechanism(275, 257), mechanism(27, 275), mechanism(2275, 275), mechanism(258, 275), mechanism(276, 275)
    ('transposed', 'dropped', 'doubled', 'other', 'mistyped')
    """
    if np.isnan(proposed):
        return "other"
    if reported == -proposed:
        return "sign"
    if proposed and abs(reported / proposed - _TEN_THOUSAND) < _TOLERANCE * _TEN_THOUSAND:
        return "unit"
    was, ought = (f"{abs(figure):.4f}".rstrip("0").rstrip(".") for figure in (reported, proposed))
    differing = [place for place, (one, other) in enumerate(zip(was, ought, strict=False)) if one != other]
    if len(was) == len(ought):
        if len(differing) == 1:
            return "mistyped"
        if len(differing) == 2 and differing[1] - differing[0] == 1 and was[differing[0]] == ought[differing[1]]:
            return "transposed" if was[differing[1]] == ought[differing[0]] else "other"
    if any(ought[:at] + ought[at + 1 :] == was for at in range(len(ought))):
        return "dropped"
    if any(was[:at] + was[at + 1 :] == ought and was[at] in was[max(0, at - 1) : at] for at in range(len(was))):
        return "doubled"
    if any(was[:at] + was[at + 1 :] == ought for at in range(len(was))):
        return "mistyped"
    return "not_updated" if is_total and proposed > reported else "other"
