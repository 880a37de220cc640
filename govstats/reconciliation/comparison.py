"""The rules on what stands beside a report: formats and vintages (XF, XV), what it sums up (XH), the year before (XO, XD)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from math import isnan, nan
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from govstats.errors import DifferentReports, require_columns
from govstats.forms import ONE_FEN, CellKey, Language, Table, cell_key
from govstats.reconciliation.edits import Pairs, pairs_of_years
from govstats.reconciliation.findings import Findings, cell_label, listed, no_figure, number, phrase, quoted, without_figure
from govstats.reconciliation.matrix import ABSENT, REPORTED, STATUS, UNREADABLE, ByForm, Located, Reports, keys_of, matrices
from govstats.reconciliation.reuse import reused_passages
from govstats.reconciliation.rulebook import known_rule, loaded
from govstats.report import Report, column_types, typed_frame

#: What each format says of a cell, as columns of the comparison.
_COMPARED: Mapping[str, Any] = column_types("value:Float64 printed status place")
#: A table that shares fewer of its cells with the form of the year before is another table.
_SHARED_CELLS = 0.8
_REPORT = ("agency", "year")
_ReportKey = tuple[object, int]


class _Shown(NamedTuple):
    """What a document shows in a cell; `value` is NaN where it has no figure, `printed` empty where only the figure is known."""

    value: float
    status: int
    printed: str = ""

    @property
    def decided(self) -> bool:
        """Whether the document shows the cell and it can be read."""
        return self.status not in {ABSENT, UNREADABLE}

    def agrees(self, other: _Shown) -> bool:
        """Tell whether another document shows the same figure, or lacks it for the same reason."""
        without = isnan(self.value) and isnan(other.value) and self.status == other.status
        return without or abs(self.value - other.value) <= ONE_FEN

    def text(self, language: Language) -> str:
        """Return what stands there; where the same is read in two units, also what it means."""
        figure = "" if isnan(self.value) else number(self.value)
        printed = self.printed.strip() or (figure if self.status == REPORTED else "")
        text = quoted(printed, language) if printed else no_figure(self.status, language)
        return text if figure in {"", printed} else phrase("remark", language, text=text, remark=figure)


_NOT_SHOWN = _Shown(nan, ABSENT)
_Shows = Mapping[CellKey, _Shown]


def check_what_is_beside(by_form: ByForm, findings: Findings, known: Reports) -> None:
    """Hold reports against those of the year before, against their other documents, and against the reports below them."""
    pairs = pairs_of_years(by_form)
    for some in pairs:
        _check_amounts(some, findings)
        _check_ratios(some, findings)
        _check_repetition(some, findings)
    if known.texts is not None and pairs:
        _check_texts(by_form.reports, pairs, known.texts, findings)
    if known.vintages is not None:
        _check_vintages(by_form, findings, known.vintages, known.reports)
    if known.reports is not None:
        _check_summaries(by_form, findings, known.reports)


@dataclass(frozen=True, eq=False)
class FormatComparison:
    """One report as it was read from several documents.

    Attributes
    ----------
    documents : pandas.DataFrame
        The documents, numbered from 1 as they were given: columns ``number format source sha256``.
    cells : pandas.DataFrame
        One row a cell that at least one document has, in the order of the form. Columns ``agency year form table line column
        agreement``, and for each document ``value printed status place`` with its number: ``value_1 … place_1 value_2 …``, all
        missing where the document does not show the cell. `agreement` is ``equal``, ``different``, ``only_some`` (what was
        read agrees, but one document does not show the cell or it is unreadable there), or ``none`` (nowhere readable).
    findings : pandas.DataFrame
        What became of rule XF, with the columns of `govstats.reconcile`: a row for each cell that differs, else one for each
        table. `expected` is the figure in the first document, `reported` the first that differs from it.
    """

    documents: pd.DataFrame
    cells: pd.DataFrame
    findings: pd.DataFrame


def compare_formats(first: Report, second: Report, *more: Report) -> FormatComparison:
    """Compare the cells of one report as they were read from documents in several formats.

    Parameters
    ----------
    first, second, *more : Report
        The same report, read from different documents.

    Returns
    -------
    FormatComparison
        Its `cells` say where the documents agree, its `findings` what became of rule XF. A figure that only one document shows
        was not compared: the rule is then ``not_assessable``, never ``pass``. A blank and a zero differ, and so do a blank
        and a ``/``; ``1,024`` and ``1024`` do not.

    Raises
    ------
    DifferentReports
        The reports are not known to be of one agency, one year and one form.

    Examples
    --------
    >>> from govstats.report import ReadCell, Report
    >>> def read(format, printed):
    ...     cell = ReadCell("review", "reconsideration", "upheld", float(printed), printed, "reported", "件", None, "", "grid")
    ...     return Report("某区", 2023, "2021", None, f"report.{format}", format, "", read_cells=[cell])
    >>> found = compare_formats(read("html", "10"), read("word", "19"))
    >>> found.cells.agreement.item(), found.findings.query("status == 'fail'").message_zh.item()
    ('different', '“行政复议·结果维持”在各文件中不同：html 作“10”，word 作“19”。')
    """
    reports = (first, second, *more)
    _check_identity(reports)
    read = [{cell.key: cell for cell in report.read_cells} for report in reports]
    shown = [
        {key: _Shown(nan if one.value is None else one.value, STATUS[one.status], one.printed) for key, one in cells.items()}
        for cells in read
    ]
    findings, agreement = Findings(loaded()), dict[CellKey, str]()
    for table in first.statutory_form.tables:
        agreement |= _compare(0, "XF", table, list(zip(_names(reports), shown, strict=True)), findings)
    identity = pd.DataFrame({"agency": pd.array([first.agency], dtype="str"), "year": pd.array([first.year], dtype="Int64")})
    about = [(at, one.format, one.source, one.sha256) for at, one in enumerate(reports, start=1)]
    numbered = typed_frame(about, column_types("number:Int64 format source sha256"))
    rows = [(first.agency, first.year, first.form, *key, agreed) for key, agreed in agreement.items()]
    cells = typed_frame(rows, column_types("agency year:Int64 form table line column agreement"))
    for number_of, own in enumerate(read, start=1):
        for name, dtype in _COMPARED.items():
            cells[f"{name}_{number_of}"] = pd.array([getattr(own.get(key), name, None) for key in agreement], dtype=dtype)
    return FormatComparison(numbered, cells, findings.frame(identity))


def _check_identity(reports: Sequence[Report]) -> None:
    for name in ("agency", "year", "form"):
        found = [getattr(report, name) for report in reports]
        if None in found or len(set(found)) > 1:
            said = "; ".join(f"{report.source}: {getattr(report, name)}" for report in reports)
            raise DifferentReports.worded("different_reports", name=name, said=said)


def _names(reports: Sequence[Report]) -> list[str]:
    """Name each document by its format, with its number where two have one format."""
    formats = [report.format for report in reports]
    return [name if formats.count(name) == 1 else f"{name} {position}" for position, name in enumerate(formats, start=1)]


def _compare(
    report: int, rule: str, table: Table, documents: Sequence[tuple[str, _Shows]], findings: Findings, *, source: str = ""
) -> dict[CellKey, str]:
    """Add a finding for each cell that differs, and one for the table where cells could not be compared or all agree.

    Of the documents, as each shows the table, the one whose cells count may have no name. Returns for every cell that one shows,
    in the order of the form, how far they agree, as in `FormatComparison.cells`.
    """
    note = partial(findings.note, report, rule, table=table, source=source)
    place = {key: at for at, key in enumerate(table.every_cell)}
    found = dict.fromkeys(key for _, cells in documents for key in cells if key[0] == table.id)
    agreement: dict[CellKey, str] = {}
    for key in sorted(found, key=lambda key: place.get(key, len(place))):
        shown = [cells.get(key, _NOT_SHOWN) for _, cells in documents]
        decided = [one for one in shown if one.decided]
        differing = [one for one in decided if not one.agrees(decided[0])]
        agreement[key] = "none" if not decided else "equal" if len(decided) == len(documents) else "only_some"
        if differing:
            agreement[key] = "different"
            sides: dict[str, Any] = {"expected": decided[0].value, "reported": differing[0].value}
            sides |= {"left": shown[0].text, "right": shown[-1].text}
            note("fail", cells=[key], missing=partial(_said, [name for name, _ in documents], shown), **sides)
    unread = [key for key, agreed in agreement.items() if agreed in {"only_some", "none"}]
    if unread or not agreement:
        message = "not_assessable" if agreement else "no_table"
        note("not_assessable", message=message, cells=unread, missing=partial(_unread, table, list(agreement), documents))
    elif "different" not in agreement.values():
        note("pass")
    return agreement


def _said(names: Sequence[str], shown: Sequence[_Shown], language: Language) -> str:
    """Say what stands in a cell in each document that shows it."""
    return phrase("clause", language).join(
        phrase("document_has" if name else "chosen_has", language, document=name, text=one.text(language))
        for name, one in zip(names, shown, strict=True)
        if one is not _NOT_SHOWN
    )


def _unread(table: Table, keys: Sequence[CellKey], documents: Sequence[tuple[str, _Shows]], language: Language) -> str:
    """Name for each document the cells that cannot be read in it."""
    said = []
    for name, shows in documents:
        lacking = [key for key in keys if not shows.get(key, _NOT_SHOWN).decided]
        if lacking:
            labels = listed((cell_label(table, key, language) for key in lacking), language, limit=3)
            cells = phrase("whole_table", language) if len(lacking) == len(keys) else labels
            said.append(phrase("cells_of", language, document=name or phrase("chosen_document", language), cells=cells))
    return phrase("semicolon", language).join(said)


# --- vintages: XV, XF ---------------------------------------------------------------------------------------------------------


def _shown(report: Located) -> dict[CellKey, _Shown]:
    """Return what a report shows."""
    values, states = (array[:, report.at].tolist() for array in (report.matrix.value, report.matrix.status))
    shown = zip(report.matrix.cells, values, states, strict=True)
    return {key: _Shown(value, state) for key, value, state in shown if state != ABSENT}


def _check_vintages(by_form: ByForm, findings: Findings, vintages: pd.DataFrame, described: pd.DataFrame | None = None) -> None:
    """Hold other documents of a report against the one whose cells count.

    Parameters
    ----------
    by_form : ByForm
    findings : Findings
    vintages : DataFrame
        The cells of the other documents, with ``vintage`` and ``source`` beside the columns of `Report.cells`. A document of
        another vintage is republished (XV), one of the same vintage is another format (XF).
    described : DataFrame, optional
        ``agency year vintage source``, and ``chosen`` where several documents of a report are listed: of what vintage the cells
        are; the first, if left out.
    """
    needed = ("agency", "year", "form", "table", "line", "column", "value", "status", "vintage", "source")
    require_columns(vintages, needed, "vintages", "Panel.vintages")
    if vintages.empty:
        return
    places = by_form.located()
    chosen = _chosen(described)
    named = ["agency", "year", "form", "vintage", "source"]
    documents = list(keys_of(vintages.drop_duplicates(named), named))
    # every document becomes a report of its own, with the number that it has among the documents
    number_of_row = vintages.groupby(named, sort=False, dropna=False, observed=True).ngroup()
    _, others = matrices(vintages.assign(agency=number_of_row.astype("str")))
    for matrix in others:
        for at, report in enumerate(matrix.reports.tolist()):
            agency, year, _, number_of, name = documents[report]
            place = places.get((agency, year))
            if place is None or None in (agency, year):
                continue
            vintage, source = chosen.get((agency, year), (1, ""))
            rule = "XF" if number_of == vintage else "XV"
            if place.matrix.form is not matrix.form:
                form = matrix.form.version
                findings.note(place.number, rule, "not_assessable", message="other_form", source=str(name), missing=form)
                continue
            two = [(source, _shown(place)), (str(name), _shown(Located(matrix, at, report)))]
            in_order = two[::-1] if number_of < vintage else two
            for table in matrix.form.tables:
                _compare(place.number, rule, table, in_order, findings, source=str(name))


def _chosen(described: pd.DataFrame | None) -> Mapping[_ReportKey, tuple[int, str]]:
    """Return of what vintage and source the cells of each report are."""
    if described is None or "vintage" not in described.columns:
        return {}
    listed = described if "chosen" in described.columns else described.assign(chosen=True)
    names = [*_REPORT, "vintage", "source", "chosen"]
    rows = keys_of(listed.reindex(columns=names), names)
    return {(agency, year): (vintage, source or "") for agency, year, vintage, source, chosen in rows if vintage and chosen}


# --- summaries: XH ----------------------------------------------------------------------------------------------------------


def _check_summaries(by_form: ByForm, findings: Findings, described: pd.DataFrame) -> None:
    """Hold reports that say they are a summary against the sum over the agencies below.

    Parameters
    ----------
    by_form : ByForm
    findings : Findings
    described : DataFrame
        ``agency year parent summary``: to whom an agency belongs, and whether a report says that it sums up those below. Without
        the last two there are no findings. An agency that belongs to another in any year is expected in every year.
    """
    if not {"parent", "summary"} <= set(described.columns):
        return
    require_columns(described, ("agency", "year"), "reports", "Panel.reports")
    summaries = described[described["summary"].astype("boolean").fillna(False) & described["year"].notna()]
    if summaries.empty:
        return
    belonging = described[described["parent"].notna() & (described["parent"] != described["agency"])]
    below = belonging.groupby("parent", sort=False, observed=True)["agency"].unique()
    places = by_form.located()
    for agency, year in dict.fromkeys(zip(summaries["agency"], summaries["year"].astype(int), strict=True)):
        place = places.get((agency, year))
        if place is None or agency not in below.index:
            continue
        children = {str(child): places.get((child, year)) for child in below[agency]}
        absent = [child for child, its in children.items() if its is None]
        if absent:
            findings.note(place.number, "XH", "not_assessable", message="absent", missing=partial(listed, absent))
            continue
        read = {name: _shown(its) for name, its in {"": place, **children}.items() if its is not None}
        for table in place.matrix.form.tables:
            _check_summary(place, read, table, findings)


def _check_summary(summary: Located, read: Mapping[str, _Shows], table: Table, findings: Findings) -> None:
    """Hold a table against the sum over others; `read` has what all of them show, that of the summary without a name."""
    patterns = known_rule("XH").settings["cells"]
    note = partial(findings.note, summary.number, "XH", table=table)
    outcomes = set()
    for key in summary.matrix.cells[summary.matrix.rows_of[table.id]]:
        shown = {name: cells.get(key, _NOT_SHOWN) for name, cells in read.items()}
        if not any(fnmatchcase("/".join(key), pattern) for pattern in patterns) or set(shown.values()) == {_NOT_SHOWN}:
            continue
        reported, *parts = (one.value for one in shown.values())
        expected = sum(parts)
        outcome = "not_assessable" if isnan(reported - expected) else "fail" if abs(reported - expected) > ONE_FEN else "pass"
        if outcome == "not_assessable":
            note(outcome, cells=[key], missing=partial(_without_figure, shown))
        elif outcome == "fail":
            note(outcome, cells=[key], expected=expected, reported=reported, missing=str(len(parts)))
        outcomes.add(outcome)
    if outcomes == {"pass"}:
        note("pass", missing=str(len(read) - 1))


def _without_figure(shown: Mapping[str, _Shown], language: Language) -> str:
    """Name the reports that have no figure."""
    return without_figure(((name or phrase("summary", language), one.status) for name, one in shown.items()), language)


# --- the year before: S05, XO, XD --------------------------------------------------------------------------------------------


def _check_amounts(pairs: Pairs, findings: Findings) -> None:
    """Add to S05 that an amount is about ten thousand times that of the year before, or a ten-thousandth."""
    jump = known_rule("S05").settings["jump"]
    every = [cell for table in pairs.now.form.tables for cell in table.cells if "元" in table.unit(*cell[1:])]
    cells = [cell for cell in every if cell in pairs.before.index]
    now, before = pairs.beside(cells)[0]
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = np.abs(np.log(now / before))
    jumped = (np.abs(apart - np.log(jump["factor"])) <= np.log(jump["within"])) & (now > 0) & (before > 0)
    for cell, chosen in zip(cells, jumped, strict=True):
        _note_both("S05", pairs.where(chosen), cell, findings, message="jump")


def _check_ratios(pairs: Pairs, findings: Findings) -> None:
    settings = known_rule("XO").settings
    floors = {cell_key(written): group["floor"] for group in settings["figures"] for written in group["cells"]}
    cells = [cell for cell in pairs.now.cells if cell in floors and cell in pairs.before.index]
    if not cells:
        return
    figures, _ = pairs.beside(cells)
    least = np.maximum(figures.min(axis=0), np.array([[floors[cell]] for cell in cells]))
    apart = figures.max(axis=0) > settings["ratio"] * least
    for cell, chosen in zip(cells, apart, strict=True):
        _note_both("XO", pairs.where(chosen), cell, findings)
    _note_years("XO", "pass", pairs.where(~np.isnan(least).all(axis=0) & ~apart.any(axis=0)), findings)


def _note_both(rule: str, pairs: Pairs, cell: CellKey, findings: Findings, *, message: str = "") -> None:
    """Add a failure that names the figures of the two years."""
    table = pairs.now.form.table(cell[0])
    for report, year, (now, before) in zip(pairs.reports, pairs.years, pairs.beside([cell])[0][:, 0].T.tolist(), strict=True):
        said: dict[str, Any] = {"left": number(before), "right": number(now), "expected": before, "reported": now}
        findings.note(report, rule, "fail", message=message, table=table, cells=[cell], before=str(year), **said)


def _note_years(rule: str, status: str, pairs: Pairs, findings: Findings, **about: Any) -> None:
    """Add a finding for each report, which names the year before."""
    for year in np.unique(pairs.years).tolist():
        findings.note(pairs.where(pairs.years == year).reports, rule, status, before=str(year), **about)


def _check_repetition(pairs: Pairs, findings: Findings) -> None:
    """Find tables that are those of the year before, figure by figure."""
    settings = known_rule("XD").settings
    for table in pairs.now.form.tables:
        if table.id not in pairs.before.rows_of:
            continue
        lines = (*table.lines, *pairs.before.form.table(table.id).lines)
        subtotals = {line.id for line in lines if line.subtotal}
        rows = pairs.now.cells[pairs.now.rows_of[table.id]]
        cells = [cell for cell in rows if cell in pairs.before.index and cell[1] not in subtotals]
        if len(cells) < _SHARED_CELLS * len(table.cells):
            continue
        both = pairs.where(pairs.both_have(table.id))
        figures, status = both.beside(cells)
        reported, lost = status == REPORTED, (status == UNREADABLE).any(axis=0)
        equal = np.where(reported.all(axis=0), figures[0] == figures[1], reported[0] == reported[1])
        same, unread = (equal | lost).all(axis=0), lost.any(axis=0)
        now = np.nan_to_num(figures[0])
        flows = now[[column not in settings["stocks"] for *_, column in cells]]
        different = np.array([len(set(column) - {0.0}) for column in flows.T.tolist()], dtype=np.intp)
        remarkable = same & (different >= settings["different_figures"][table.id])
        _note_years("XD", "pass", both.where(~same), findings, table=table)
        _note_years("XD", "pass", both.where(same & ~remarkable), findings, message="few", table=table)
        _note_years("XD", "not_assessable", both.where(remarkable & unread), findings, table=table)
        for at in np.flatnonzero(remarkable & ~unread).tolist():
            said: dict[str, Any] = {"before": str(both.years[at]), "count": str(np.count_nonzero(now[:, at]))}
            findings.note(both.reports[at], "XD", "fail", table=table, cells=cells, **said)


def _check_texts(reports: pd.DataFrame, found: Sequence[Pairs], texts: pd.DataFrame, findings: Findings) -> None:
    """Measure how much of the prose stood in the report of the year before."""
    reused, at_most = reused_passages(texts), 100 * known_rule("XD").settings["text_reuse"]
    shares = dict(zip(keys_of(reused, _REPORT), (reused["reused_passages"] / reused["passages"]).tolist(), strict=True))
    keys = list(keys_of(reports, _REPORT))
    for report, year in (both for pairs in found for both in zip(pairs.reports.tolist(), pairs.years.tolist(), strict=True)):
        if keys[report] in shares:
            percent = int(100 * shares[keys[report]])
            outcome, message = ("fail", "reused") if percent >= at_most else ("pass", "text")
            said: dict[str, Any] = {"before": str(year), "share": str(percent)}
            findings.note(report, "XD", outcome, message=message, reported=percent / 100, **said)
