"""What exported tables, columns, values and variables are called: ``codebook.toml``, and for the statutory cells the forms."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import Any, get_args

from jinja2 import Environment

from govstats.errors import FormError
from govstats.files import package_data
from govstats.forms import Bilingual, CellKey, Form, Language, form, versions
from govstats.reconciliation.findings import cell_label, column_label, line_label

#: What Stata takes; the other programs take more.
LONGEST_NAME = 32
_RAW = package_data("export/codebook.toml")
#: What a data package says of itself (``about``) and of each file (``resource``).
PACKAGE: Mapping[str, Mapping[str, Any]] = _RAW["package"]
_GROUPS = ("tables", "optional", "views")


@dataclass(frozen=True)
class Value(Bilingual):
    """A value that stands for something: its number in Stata and SPSS, its labels, and the missing values it is there."""

    id: str
    code: int
    zh: str
    en: str
    stata: str = ""
    spss: int | None = None
    meaning_zh: str = ""
    meaning_en: str = ""


@dataclass(frozen=True)
class Field(Bilingual):
    """A column of an exported table; `values` names the list of its values, `cell` the statutory cell, if it has one."""

    name: str
    type: str = ""
    zh: str = ""
    en: str = ""
    values: str = ""
    cell: CellKey | None = None
    unit: str = ""


@dataclass(frozen=True)
class Dataset(Bilingual):
    """An exported table or view: its name, its titles, what a row is, and the columns that it has in any case."""

    name: str
    zh: str
    en: str
    about_zh: str
    about_en: str
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Variable(Field):
    """A cell of the statutory forms as a column of the wide table."""

    line_zh: str = ""
    line_en: str = ""
    column_zh: str = ""
    column_en: str = ""
    forms: tuple[str, ...] = ()


@cache
def datasets(group: str) -> Mapping[str, Dataset]:
    """Return the ``tables`` that every export has, the ``optional`` ones, or the ``views``, by name in their order.

    >>> list(datasets("tables"))[:3]
    ['reports', 'cells', 'claims']
    """
    known = {}
    for name, entry in _RAW[group].items():
        about = entry["zh"], entry["en"], entry["about_zh"], entry["about_en"]
        known[name] = Dataset(name, *about, tuple(entry.get("columns", "").split()))
    return known


def dataset(name: str) -> Dataset:
    """Return a table or view by its name."""
    return next(group[name] for group in map(datasets, _GROUPS) if name in group)


def field(table: str, name: str) -> Field:
    """Return what is known of a column of a table or view; one that only this panel has is without type and labels.

    >>> field("findings", "status").zh, field("cells", "status").zh
    ('结果；无法核对不等于相符', '状态；空白不等于 0')
    >>> field("wide", "requests_new_total").zh
    '一、本年新收政府信息公开申请数量·总计'
    """
    if table in ("wide", "wide_status") and name in _by_name():
        variable = _by_name()[name]
        return variable if table == "wide" else replace(variable, type="string", values="status")
    entry = _own_fields(table).get(name) or _RAW["fields"].get(name) or {}
    return Field(name, **entry)


@cache
def _by_name() -> Mapping[str, Variable]:
    return {one.name: one for one in variables()}


@cache
def _own_fields(table: str) -> Mapping[str, Any]:
    raw: Mapping[str, Any] = next(_RAW[group][table] for group in _GROUPS if table in _RAW[group])
    return _own_fields(raw["fields_as_in"]) if "fields_as_in" in raw else raw.get("fields", {})


@cache
def values(name: str) -> Mapping[str, Value]:
    """Return a list of values by id; ``form`` is that of the known form versions, and what has no name is empty.

    >>> [(value.zh, value.stata) for value in values("status").values()]
    [('已报告', ''), ('空白', 'a'), ('不适用', 'b'), ('无法辨认', 'c')]
    """
    if name == "form":
        return {version: Value(version, int(version), form(version).zh, form(version).en) for version in versions()}
    entries: Mapping[str, Any] = _RAW["values"][name] if name else {}
    return {id_: Value(id_, **entry) for id_, entry in entries.items()}


def missing_kinds() -> tuple[Value, ...]:
    """Return the statuses of a cell that is in the document and has no figure."""
    return tuple(value for value in values("status").values() if value.stata)


@cache
def variables(names: tuple[str, ...] | None = None) -> tuple[Variable, ...]:
    """Return the cells of forms as variables, in the order of the newest form.

    Parameters
    ----------
    names : tuple of str, optional
        Versions of the form; all that are known by default.

    Returns
    -------
    tuple of Variable
        Also lines that a report need not print (subtotals, the lines that an open table lists). Lines that agencies add to an
        open table are none: each would be a column of its own.

    Raises
    ------
    FormError
        A cell has no variable name that every program takes, or two have the same.

    Examples
    --------
    >>> variables(("2021",))[10].name, len(variables(("2021",)))
    ('requests_new_person', 228)
    """
    newest = sorted(versions() if names is None else names, reverse=True)
    forms: dict[CellKey, list[Form]] = {}
    for version in newest:
        for table in form(version).tables:
            for cell in table.every_cell:
                forms.setdefault(cell, []).append(form(version))
    cells: dict[str, CellKey] = {}
    for cell in forms:
        name = variable_name(cell)
        if not name.isascii() or not name.isidentifier() or len(name) > LONGEST_NAME or cells.setdefault(name, cell) != cell:
            why = f"which {'/'.join(cells[name])} has too" if name in cells else f"not {LONGEST_NAME} ASCII letters or less"
            raise FormError.worded("unusable_variable", cell="/".join(cell), name=name, why=why)
    return tuple(_variable(name, cell, forms[cell]) for name, cell in cells.items())


def variable_name(cell: CellKey) -> str:
    """Return the name of the variable that a cell becomes: its ids, with the short words of ``codebook.toml``.

    >>> variable_name(("requests", "refused.third_party_rights", "natural_person"))
    'requests_refused_rights_person'
    """
    words: Mapping[str, str] = _RAW["short"]
    return "_".join(words.get(word, word) for part in cell for word in part.split("."))


def _variable(name: str, cell: CellKey, forms: Sequence[Form]) -> Variable:
    table = forms[0].table(cell[0])
    labels: dict[str, str] = {}
    for language in get_args(Language):
        labels[language] = cell_label(table, cell, language)
        labels[f"line_{language}"] = line_label(table, cell[1], language)
        labels[f"column_{language}"] = column_label(table, cell[2], language)
    of_forms = tuple(sorted(one.version for one in forms))
    return Variable(name, "number", cell=cell, unit=table.unit(*cell[1:]), forms=of_forms, **labels)


def shortened(label: str, limit: int, size: Callable[[str], int] = len) -> str:
    """Shorten a label in its middle to so many characters, or bytes, keeping both of its ends.

    >>> shortened("endangers national security·legal service organisations", 40)
    'endangers nation…l service organisations'
    """
    shorter, kept = label, len(label)
    while size(shorter) > limit:
        kept -= 1
        tail = kept * 3 // 5
        shorter = f"{label[: kept - tail]}…{label[len(label) - tail :]}"
    return shorter


def markdown(tables: Mapping[str, Sequence[str]], rows: Iterable[Mapping[str, Any]] | None = None) -> str:
    """Return the codebook as Markdown, in Chinese and English.

    Parameters
    ----------
    tables : mapping of str to sequence of str
        The tables of the export with their columns.
    rows : iterable of mapping, optional
        The rows of the view ``codebook``; without them the variables of all forms are listed, and nothing is counted.
    """
    how: dict[str, Any] = {"trim_blocks": True, "lstrip_blocks": True, "keep_trailing_newline": True, "finalize": _entry}
    template = Environment(**how).from_string((resources.files(__package__) / "codebook.md.j2").read_text("utf-8"))
    return template.render(
        kinds=missing_kinds(),
        tables=[(dataset(name), [(column, field(name, column)) for column in columns]) for name, columns in tables.items()],
        lists={name: values(name).values() for name in ("form", *_RAW["values"])},
        variables=variables(),
        rows=rows,
    )


def _entry(value: object) -> str:
    """Return what stands in a table of Markdown for a value."""
    text = f"{value:.15g}" if isinstance(value, float) else "" if value is None else str(value)
    return text.replace("|", "\\|").replace("\n", " ")
