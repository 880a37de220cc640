"""The statutory forms: which lines and columns a report must print, and how its figures hang together; one file a version."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache, cached_property
from importlib import resources
from pathlib import Path
from typing import Any, Literal, get_args

from govstats.errors import FormError, UnknownForm
from govstats.files import parsed_toml, refuse_keys, refuse_unknown, text_of

Language = Literal["zh", "en"]
Relation = Literal["==", ">="]
CellKey = tuple[str, str, str]

#: Figures are equal up to one fen, in 万元. Counts differ by more.
ONE_FEN = 1e-6
#: Yuan in 万元, the unit of amounts.
TEN_THOUSAND = 1e4


def signed(written: str) -> tuple[int, str]:
    """Return the coefficient of a term of a sum, and what it adds or takes off.

    >>> signed("-rules"), signed("rules"), signed("3*rules")
    ((-1, 'rules'), (1, 'rules'), (3, 'rules'))
    """
    sign, name = (-1, written[1:]) if written.startswith("-") else (1, written)
    times, _, rest = name.partition("*")
    return (sign * int(times), rest) if times.isdecimal() else (sign, name)


def cell_key(written: str) -> CellKey:
    """Return the table, line and column of ``table/line/column``; the line of an annex may hold a slash of its own."""
    table, _, rest = written.partition("/")
    line, _, column = rest.rpartition("/")
    return table, line, column


def known_language(language: str) -> None:
    """Refuse a language that labels do not have.

    Raises
    ------
    FormError
        It is neither ``zh`` nor ``en``.
    """
    if language not in get_args(Language):
        raise FormError(f"language={language!r}: expected 'zh' or 'en' 语言应为 zh 或 en")


class Bilingual:
    """What has a Chinese and an English name."""

    zh: str
    en: str

    def text(self, language: Language) -> str:
        """Return the name in one language."""
        return self.zh if language == "zh" else self.en


@dataclass(frozen=True)
class Label(Bilingual):
    """An id of the vocabulary with the label that the form prints for it.

    Attributes
    ----------
    id : str
        The id, the same over all versions of the form.
    zh, en : str
        The label as the form prints it, and in English.
    also : tuple of str
        Variants of the Chinese label that published reports print.
    unit : str
        The unit of the figures (``件``, ``万元``), empty where the form gives none.
    """

    id: str
    zh: str
    en: str
    also: tuple[str, ...] = ()
    unit: str = ""


@dataclass(frozen=True)
class Line(Label):
    """A line of a table; a ``subtotal`` is a group heading that may carry figures of its own."""

    group: str = ""
    subtotal: bool = False


@dataclass(frozen=True)
class Column(Label):
    """A column of a table; ``signed`` figures may be negative, a spanner stands over several columns."""

    spanner_zh: str = ""
    spanner_en: str = ""
    signed: bool = False


@dataclass(frozen=True)
class Band(Bilingual):
    """Lines that share a header row: ``第二十条第（五）项`` of the table on proactive disclosure."""

    zh: str
    en: str
    lines: tuple[str, ...]
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Edit:
    """One linear edit: the sum of `left` is equal to (``==``) or at least (``>=``) the sum of `right`.

    Attributes
    ----------
    rule : str
        The id in ``rules.toml``.
    table, subject : str
        The table, and the line or column the edit is about.
    left, right : tuple of (table, line, column, coefficient)
        The cells on both sides.
    offsets : tuple of int
        For each cell of both sides in which year it stands: -1 is the year before; empty where all are of one year.
    severity : str
        That of the rule, if empty.
    """

    rule: str
    table: str
    subject: str
    left: tuple[tuple[str, str, str, int], ...]
    relation: Relation
    right: tuple[tuple[str, str, str, int], ...]
    offsets: tuple[int, ...] = ()
    severity: str = ""

    @cached_property
    def cells(self) -> tuple[CellKey, ...]:
        """The cells that the edit mentions."""
        return tuple((table, line, column) for table, line, column, _ in self.left + self.right)

    @cached_property
    def terms(self) -> tuple[tuple[CellKey, int], ...]:
        """Its cells, each with its coefficient in `left` less `right`."""
        signs = (*(sign for *_, sign in self.left), *(-sign for *_, sign in self.right))
        return tuple(zip(self.cells, signs, strict=True))

    @cached_property
    def places(self) -> tuple[tuple[CellKey, int], ...]:
        """Its cells, each with the year in which it stands: -1 is the year before."""
        return tuple(zip(self.cells, self.offsets or (0,) * len(self.cells), strict=True))

    @cached_property
    def lines(self) -> frozenset[str]:
        """The lines in which its cells stand."""
        return frozenset(line for _, line, _ in self.cells)

    def difference(self, figures: Mapping[CellKey, float | None], *, blank: float | None = None) -> float | None:
        """Return the sum of `left` less the sum of `right`.

        Parameters
        ----------
        figures : mapping of (table, line, column) to float or None
            The figures by cell; None for a blank.
        blank : float, optional
            What a blank among the parts, on the `left`, counts. A blank total is never a figure.

        Returns
        -------
        float or None
            None where a cell is not among the figures, or a blank leaves the sums open.

        Examples
        --------
        The total of a block of three outcomes, and one of them blank:

        >>> parts = (("review", "reconsideration", "upheld", 1), ("review", "reconsideration", "other", 1))
        >>> edit = Edit("T4S", "review", "reconsideration", parts, "==", (("review", "reconsideration", "total", 1),))
        >>> figures = dict(zip(edit.cells, [10, None, 11]))
        >>> edit.difference(figures), edit.difference(figures, blank=0)
        (None, -1)
        """
        if not figures.keys() >= set(self.cells):
            return None
        values, parts = [figures[cell] for cell in self.cells], len(self.left)
        values[:parts] = [blank if value is None else value for value in values[:parts]]
        known = [coefficient * value for (_, coefficient), value in zip(self.terms, values, strict=True) if value is not None]
        return sum(known) if len(known) == len(values) else None

    def holds(self, figures: Mapping[CellKey, float | None], *, blank: float | None = None) -> bool | None:
        """Tell whether figures satisfy the edit, to one fen of an amount in 万元; None where `difference` is not known.

        >>> Edit("T2O3", "proactive", "licensing", (("proactive", "licensing", "items", 1),), ">=", ()).holds(
        ...     {("proactive", "licensing", "items"): -8}
        ... )
        False
        """
        difference = self.difference(figures, blank=blank)
        if difference is None:
            return None
        return difference >= -ONE_FEN and (self.relation == ">=" or difference <= ONE_FEN)


@dataclass(frozen=True, eq=False)
class Table(Bilingual):
    """One statutory table.

    Attributes
    ----------
    id, zh, en, corner : str
        Its id, its title and what stands in its upper left corner.
    section : int
        The section of the report it belongs to; 0 where the form has none.
    lines_across : bool
        The lines stand side by side in one row (the table on reconsideration and litigation).
    open : bool
        Agencies add lines of their own, which keep their printed label as id (the annex before 2019).
    """

    id: str
    zh: str
    en: str
    lines: tuple[Line, ...]
    columns: tuple[Column, ...]
    bands: tuple[Band, ...]
    groups: tuple[Label, ...]
    edit_templates: tuple[Mapping[str, Any], ...]
    corner: str = ""
    section: int = 0
    lines_across: bool = False
    open: bool = False

    @cached_property
    def line(self) -> Mapping[str, Line]:
        """Its lines by id."""
        return {line.id: line for line in self.lines}

    @cached_property
    def position(self) -> Mapping[str, int]:
        """The place of each line in the order of the form."""
        return {line.id: number for number, line in enumerate(self.lines)}

    @cached_property
    def column(self) -> Mapping[str, Column]:
        """Its columns by id."""
        return {column.id: column for column in self.columns}

    @cached_property
    def columns_of(self) -> Mapping[str, tuple[str, ...]]:
        """For each line the columns it has a cell in."""
        return {line: band.columns for band in self.bands for line in band.lines}

    @cached_property
    def cells(self) -> tuple[CellKey, ...]:
        """Every cell that the form asks for, in reading order; without subtotals."""
        return () if self.open else tuple(cell for cell in self.every_cell if not self.line[cell[1]].subtotal)

    @cached_property
    def every_cell(self) -> tuple[CellKey, ...]:
        """Every cell in reading order, those of subtotals and of open tables too."""
        return tuple((self.id, line.id, column) for line in self.lines for column in self.columns_of[line.id])

    def cells_of(self, line: str, column: str) -> tuple[CellKey, ...]:
        """Return the cells that a figure of the prose is the sum of.

        Parameters
        ----------
        line, column : str
            Of the table; or a group of lines (``refused``, ``litigation``), lines joined by ``+``, and ``organisations`` for
            all columns under a spanner.

        Returns
        -------
        tuple of (table, line, column)
            The cell itself where the table has it; empty where it has no such lines or columns.

        Examples
        --------
        >>> review = form("2021").table("review")
        >>> [line for _, line, _ in review.cells_of("litigation", "total")]
        ['litigation_direct', 'litigation_after_reconsideration']
        >>> [column for *_, column in form("2021").table("requests").cells_of("new", "organisations")]
        ['commercial', 'research', 'social', 'legal', 'other']
        """
        if "+" in line:
            each = [self.cells_of(one, column) for one in line.split("+")]
            return tuple(cell for cells in each for cell in cells) if all(each) else ()
        whole = self.line.get(line)
        lines = self.parts(line) if whole is None or whole.subtotal else (line,)
        columns = tuple(one.id for one in self.columns if one.spanner_zh) if column == "organisations" else (column,)
        if any(one not in self.columns_of[part] for part in lines for one in columns):
            return ()
        return tuple((self.id, part, one) for part in lines for one in columns)

    def options(self, line: str, column: str) -> tuple[tuple[CellKey, ...], ...]:
        """Return the cells of `cells_of`, and what a report may print in their place: the subtotal of a group.

        >>> [[line for _, line, _ in option] for option in form("2021").table("requests").options("other", "total")]
        [['other.correction_overdue', 'other.fee_overdue', 'other.other'], ['other']]
        """
        cells = self.cells_of(line, column)
        if line in self.line and self.line[line].subtotal and cells:
            return cells, tuple(dict.fromkeys((self.id, line, one) for *_, one in cells))
        return (cells,) if cells else ()

    def parts(self, group: str) -> tuple[str, ...]:
        """Return the ids of the lines in a group."""
        return tuple(line.id for line in self.lines if line.group == group)

    def alone(self, printed: Collection[str]) -> set[str]:
        """Return the subtotals that a report prints without their parts: they stand for them."""
        subtotals = (line.id for line in self.lines if line.subtotal and line.id in printed)
        return {line for line in subtotals if not any(part in printed for part in self.parts(line))}

    def shown(self, printed: Collection[str]) -> set[str]:
        """Return the lines that a report should have which prints some of those that the form leaves open."""
        alone = self.alone(printed)
        return {line.id for line in self.lines if (line.id in printed if line.subtotal else line.group not in alone)}

    def edits(self, printed: Iterable[str] = ()) -> tuple[Edit, ...]:
        """Return the edits that bind the lines of a report, as `Form.edits` does for all tables."""
        return _edits(self, frozenset(printed))

    def balance_edits(self, printed: Iterable[str] = ()) -> list[Edit]:
        """Return the edits that are equalities."""
        return [edit for edit in self.edits(printed) if edit.relation == "=="]

    def unit(self, line: str, column: str) -> str:
        """Return the unit of a cell: that of its column, else that of its line."""
        return self.column[column].unit or (self.line[line].unit if line in self.line else "")


@dataclass(frozen=True, eq=False)
class Form(Bilingual):
    """One version of the statutory form.

    Examples
    --------
    >>> from govstats.forms import form
    >>> form("2021").table("requests").line["granted"].zh
    '（一）予以公开'
    >>> len(form("2021").table("requests").cells)
    175
    """

    version: str
    zh: str
    en: str
    source: str
    first_year: int
    last_year: int | None
    sections: tuple[Label, ...]
    tables: tuple[Table, ...]

    def table(self, name: str) -> Table:
        """Return a table by its id.

        Raises
        ------
        FormError
            The form has no such table.
        """
        known = {table.id: table for table in self.tables}
        if name not in known:
            raise FormError(f"form {self.version} has no table {name!r}; it has {', '.join(known)} 该格式没有这张表，请选其一")
        return known[name]

    @cached_property
    def cells(self) -> tuple[CellKey, ...]:
        """Every cell that the form asks for, in reading order."""
        return tuple(cell for table in self.tables for cell in table.cells)

    def edits(self, printed: Iterable[tuple[str, str]] = ()) -> tuple[Edit, ...]:
        """Return the edits that bind a report.

        Parameters
        ----------
        printed : iterable of (table, line)
            The lines that the report prints beyond those every report must print: subtotals, lines of an
            open table. A subtotal printed without any of its parts stands for them (several reports of 2021 and later
            print （六）其他处理 as one line), so the parts that are printed belong here too.

        Returns
        -------
        tuple of Edit
            In the order of the form.
        """
        lines = frozenset(printed)
        return tuple(edit for table in self.tables for edit in table.edits(line for name, line in lines if name == table.id))


@cache
def _edits(table: Table, printed: frozenset[str]) -> tuple[Edit, ...]:
    return tuple(edit for template in table.edit_templates for edit in expanded(template["rule"], table, template, printed))


def expanded(
    rule: str, table: Table, template: Mapping[str, Any], printed: frozenset[str], tables: Iterable[Table] = ()
) -> Iterator[Edit]:
    """Turn one edit of a form or rule file into one edit for each line, column or subtotal it speaks of.

    Parameters
    ----------
    rule : str
    table : Table
    template : mapping
        `each` is ``line``, ``column``, ``subtotal`` or ``report``; `left` and `right` name columns, lines or, for a report, whole
        cells (``table/line/column``), of which lines and columns may be those of `Table.cells_of`. ``-`` before a name subtracts,
        ``3*`` takes it three times, ``before.`` is the year before, ``.*`` after it all parts.
    printed : frozenset of str
        As of `Form.edits`.
    tables : iterable of Table
        Those of the form, for cells of a report.
    """
    alone, present = table.alone(printed), set(printed) if table.open else table.shown(printed)
    each, order = template["each"], [line.id for line in table.lines if line.id in present]
    others = {one.id: one for one in tables}

    def terms(subject: str, written: Iterable[str]) -> Iterator[tuple[tuple[str, str, str, int], int]]:
        """Yield the cells that a side adds or takes off, each with its sign, and with the year in which it stands."""
        for sign, name in map(signed, written):
            now = name.removeprefix("before.")
            lines: Iterable[str] = (now,)
            if each == "report":
                key = cell_key(now)
                cells = [*(others[key[0]].cells_of(*key[1:]) if key[0] in others else ())] or [key]
            elif each == "line":
                cells = [(table.id, subject, now)]
            else:
                if now.endswith(".*"):
                    lines = (part for part in table.parts(now[:-2]) if part in present)
                elif now in table.line and table.line[now].subtotal and now not in alone:
                    lines = table.parts(now)
                cells = [(table.id, line, subject) for line in lines]
            yield from (((*cell, sign), -1 if name != now else 0) for cell in cells)

    if each == "subtotal":
        for line in (line for line in order if table.line[line].subtotal and line not in alone):
            for column in table.columns_of[line]:
                parts = tuple((table.id, part, column, 1) for part in table.parts(line))
                yield Edit(rule, table.id, f"{line}/{column}", parts, "==", ((table.id, line, column, 1),))
        return
    subjects = {
        "report": [""],
        "line": template.get("lines", order + sorted(present - set(order))),
        "column": template.get("columns", [*table.column]),
    }
    for subject in subjects[each]:
        left, right = ([*terms(subject, template[side])] for side in ("left", "right"))
        if each == "column" and table.open and (not left or any(line not in present for (_, line, *_), _ in right)):
            continue
        years = tuple(year for _, year in left + right)
        sides = [tuple(term for term, _ in side) for side in (left, right)]
        severity = template.get("severity", "")
        yield Edit(rule, table.id, subject, sides[0], template["relation"], sides[1], years if any(years) else (), severity)


def _labels(where: str, kind: type[Any], rows: Sequence[Mapping[str, Any]], unit: str = "") -> tuple[Any, ...]:
    known = [field.name for field in fields(kind)]
    for row in rows:
        refuse_keys(f"{where}, {kind.__name__.lower()} {row.get('id', '?')!r}", row, ("id", "en"), known)
    return tuple(kind(**{"unit": unit, "zh": row["id"], **row, "also": tuple(row.get("also", ()))}) for row in rows)


def _inherited(where: str, raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a table with what it takes over ``as_in`` an earlier version, lines replaced where it says so."""
    if "as_in" not in raw:
        return raw
    refuse_keys(where, raw, ("id", "as_in"), ("replace",))
    source = f"forms/{raw['as_in']}.toml"
    for table in _file(raw["as_in"], where).get("tables", ()):
        if table["id"] == raw["id"]:
            earlier = _inherited(source, table)
            break
    else:
        raise FormError(f"{where}: is to be as_in {source}, which has no such table 沿用的格式中没有这张表，请改正 as_in")
    replace: Mapping[str, list[Mapping[str, Any]]] = raw.get("replace", {})
    refuse_unknown(where, f"replaces in {source} the line", replace, (line["id"] for line in earlier["lines"]))
    return {**earlier, "lines": [new for line in earlier["lines"] for new in replace.get(line["id"], [line])]}


def _table(file: str, raw: Mapping[str, Any]) -> Table:
    where = f"{file}, table {raw.get('id', '?')!r}"
    raw = _inherited(where, raw)
    optional = ("corner", "section", "unit", "bands", "groups", "lines_across", "open", "edits")
    refuse_keys(where, raw, ("id", "zh", "en", "columns", "lines"), optional)
    columns = _labels(where, Column, raw["columns"])
    lines = _labels(where, Line, raw["lines"], raw.get("unit", ""))
    everything = {"zh": "", "en": "", "lines": [line.id for line in lines], "columns": [column.id for column in columns]}
    bands = raw.get("bands", [everything])
    for band in bands:
        refuse_keys(f"{where}, a band", band, ("zh", "en", "lines", "columns"))
    table = Table(
        **{key: raw[key] for key in ("id", "zh", "en", "corner", "section", "lines_across", "open") if key in raw},
        lines=lines,
        columns=columns,
        bands=tuple(Band(band["zh"], band["en"], tuple(band["lines"]), tuple(band["columns"])) for band in bands),
        groups=_labels(where, Label, raw.get("groups", [])),
        edit_templates=tuple(raw.get("edits", [])),
    )
    _check(where, table)
    return table


def _check(where: str, table: Table) -> None:
    """Refuse a form file that contradicts itself, naming the place."""
    for labels in (table.lines, table.columns):
        ids = [label.id for label in labels]
        if twice := [one for one in ids if ids.count(one) > 1]:
            raise FormError(f"{where}: {type(labels[0]).__name__.lower()} {twice[0]!r} stands there twice 重复出现，请删去一个")
    for band in table.bands:
        refuse_unknown(where, f"band {band.zh!r} names the line", band.lines, table.line)
        refuse_unknown(where, f"band {band.zh!r} names the column", band.columns, table.column)
    groups = {line.id for line in table.lines} | {group.id for group in table.groups}
    for line in table.lines:
        if line.id not in table.columns_of:
            raise FormError(f"{where}: line {line.id!r} belongs to no band 该行不属于任何一段，请写入 bands")
        refuse_unknown(where, f"line {line.id!r} belongs to the group", filter(None, [line.group]), groups)
    for template in table.edit_templates:
        edit = f"{where}, an edit of rule {template.get('rule', '?')}"
        refuse_edit(edit, template, ("rule", "each"), ("lines",))
        names = [*template.get("left", ()), *template.get("right", ()), *template.get("lines", ())]
        refuse_unknown(edit, "names", (signed(name)[1].removesuffix(".*") for name in names), (*table.line, *table.column))


def refuse_edit(where: str, template: Mapping[str, Any], needed: Sequence[str], optional: Sequence[str]) -> None:
    """Refuse an edit of a form or of rules that lacks a key, or has one that nothing reads.

    Raises
    ------
    FormError
    """
    sides = () if template.get("each") == "subtotal" else ("left", "relation", "right")
    refuse_keys(where, template, (*needed, *sides), optional)
    refuse_unknown(where, "is for each", [template["each"]], ("line", "column", "subtotal", "report"))
    for side in ("left", "right", "lines", "columns"):
        if not isinstance(names := template.get(side, []), list) or not all(isinstance(name, str) for name in names):
            raise FormError(f'{where}: {side} is {names!r}; expected a list such as ["total"] 应为列表，如 ["total"]')
    refuse_unknown(where, "has the relation", filter(None, [template.get("relation")]), get_args(Relation))


@cache
def _file(version: str, asked_by: str = "") -> Mapping[str, Any]:
    path = resources.files(__package__) / f"{version}.toml"
    if not path.is_file():
        asked = asked_by and f"{asked_by}: "
        raise UnknownForm.worded("no_such_form", asked_by=asked, version=version, known=", ".join(versions()))
    return parsed_toml(f"forms/{version}.toml", path.read_text("utf-8"))


@cache
def versions() -> tuple[str, ...]:
    """Return the known form versions, oldest first.

    Examples
    --------
    >>> from govstats.forms import versions
    >>> versions()
    ('2008', '2019', '2021')
    """
    files = resources.files(__package__).iterdir()
    return tuple(sorted(file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml")))


@cache
def form(version: str) -> Form:
    """Load one version of the statutory form.

    Parameters
    ----------
    version : str
        The year the circular named it for: ``"2021"``, ``"2019"``, or ``"2008"`` for the annex before.

    Raises
    ------
    UnknownForm
        There is no file for that version.
    FormError
        The file contradicts itself.

    Examples
    --------
    >>> from govstats.forms import form
    >>> form("2019").source
    '国办公开办函〔2019〕60号'
    """
    return _form(f"forms/{version}.toml", version, _file(version))


def load_form(path: Path) -> Form:
    """Load a form version from a file of your own, before it becomes one of the known ones.

    Parameters
    ----------
    path : Path
        Written like the files in ``govstats/forms`` and named after its version. What it takes over ``as_in`` another version
        comes from those.

    Raises
    ------
    FormError
        The file is no TOML, contradicts itself or has a key that nothing reads; the message names the place.
    """
    return _form(str(path), path.stem, parsed_toml(str(path), text_of(path)))


def _form(file: str, version: str, raw: Mapping[str, Any]) -> Form:
    needed = ("version", "label_zh", "label_en", "source", "first_year", "tables")
    refuse_keys(file, raw, needed, ("last_year", "as_in", "sections"))
    if raw["version"] != version:
        raise FormError.worded("form_of_another_name", file=file, said=raw["version"])
    return Form(
        version=version,
        zh=raw["label_zh"],
        en=raw["label_en"],
        source=raw["source"],
        first_year=raw["first_year"],
        last_year=raw.get("last_year"),
        sections=_labels(file, Label, [{"id": str(at), **one} for at, one in enumerate(_sections(file, raw), start=1)]),
        tables=tuple(_table(file, table) for table in raw["tables"]),
    )


def _sections(file: str, raw: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    if "sections" not in raw and "as_in" in raw:
        return _sections(file, _file(raw["as_in"], file))
    return list(raw.get("sections", ()))


def form_of_year(year: int) -> Form:
    """Return the form that was in force for a fiscal year.

    Raises
    ------
    UnknownForm
        No form was in force: the first reports are those of 2008.

    Examples
    --------
    >>> from govstats.forms import form_of_year
    >>> form_of_year(2020).version
    '2019'
    """
    for known in map(form, versions()):
        if known.first_year <= year <= (known.last_year or year):
            return known
    raise UnknownForm.worded("no_form_in_force", year=year)
