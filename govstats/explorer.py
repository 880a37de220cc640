"""A table in JupyterLab whose cells lead to their place in the source, their edits, their repairs and their history."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import partial
from html import escape
from os import PathLike
from pathlib import Path
from typing import Any

import pandas as pd
from ipywidgets import HTML, Button, ButtonStyle, Dropdown, GridBox, HBox, Layout, VBox

from govstats.api import Report
from govstats.display import STYLE, Piece, fill, show_frame, show_table
from govstats.errors import GovstatsError, UnknownReport, UnusableCells
from govstats.forms import CellKey, Language, known_language
from govstats.panel import Panel
from govstats.reconciliation import reconcile
from govstats.reconciliation.findings import cell_label
from govstats.reconciliation.repairs import repairs
from govstats.report import origin

#: Behind the figures, on a light and on a dark page; what failed also bears a sign.
_PLAIN, _FAILED, _CHOSEN = "rgba(128, 128, 128, .1)", "rgba(213, 94, 0, .25)", "rgba(0, 114, 178, .4)"
_EDITS = ["rule", "severity", "status", "expected", "reported", "message_zh", "message_en"]
_REPAIRS = ["repair", "reported", "proposed", "unique", "origin", "message_zh", "message_en"]
_HISTORY = ["year", "form", "printed", "value", "unit", "status"]
_NO_KERNEL = "要点选单元格，请重新执行本格。 To click cells, execute this cell again."


class Explorer:
    """What `govstats.explore` returns: JupyterLab shows its widgets, a page without a kernel the first state as HTML.

    Attributes
    ----------
    agency, year, table : ipywidgets.Dropdown
        What is looked at; to set a `value` is to choose it.
    buttons : dict of ipywidgets.Button
        The cells of the table, by ``(table, line, column)``.
    report : Report
        That of the agency and year.
    cell : (table, line, column)
        The cell that is told about; None where the document does not have the table.
    """

    def __init__(self, source: Report | Panel, *, folder: str | PathLike[str] | None, language: Language) -> None:
        if not isinstance(source, Report | Panel):
            raise UnusableCells.worded("nothing_to_explore", given=type(source).__name__)
        known_language(language)
        self._source, self._folder, self._language = source, folder, language
        names = sorted(_chosen(source)["agency"].unique()) if isinstance(source, Panel) else [source.agency]
        if not names:
            raise UnknownReport.worded("no_report_to_explore")
        described = ("机关 agency", "年度 year", "表 table")
        choices = [Dropdown(description=text, layout=Layout(width="28em")) for text in described]
        self.agency, self.year, self.table = choices
        self._layout, self._details, self._style = VBox(), HTML(), HTML()
        for choice in choices:
            choice.observe(self._choose, "value")
        row = HBox(choices, layout=Layout(flex_flow="row wrap"))
        self._widget = VBox([row, self._layout, self._details, self._style])
        self._offer(self.agency, [(name or "…", name) for name in names])
        self._open_agency()

    def _offer(self, choice: Dropdown, options: list[tuple[str, Any]], first: int = 0) -> None:
        """Put other options into a list; that its value changes meanwhile is nobody's choice."""
        choice.unobserve(self._choose, "value")
        choice.options = options
        choice.value = options[first][1]
        choice.observe(self._choose, "value")

    def _choose(self, change: dict[str, Any]) -> None:
        opened = {self.agency: self._open_agency, self.year: self._open_year, self.table: self._open_table}
        opened[change["owner"]]()

    def _open_agency(self) -> None:
        source = self._source.only(agency=self.agency.value) if isinstance(self._source, Panel) else self._source
        self._reports = dict(_reports(source, self._folder))
        self._cells, self._repairs = source.cells, repairs(source)
        self._findings = source.findings if isinstance(source, Panel) else reconcile(source)
        self._offer(self.year, [(str(year or "…"), year) for year in self._reports])
        self._open_year()

    def _open_year(self) -> None:
        self.report = self._reports[self.year.value]
        findings, there = self._of_year(self._findings), {cell.table for cell in self.report.read_cells}
        failed = set(findings.loc[findings["status"] == "fail", "table"])
        tables = self.report.statutory_form.tables
        first = max(range(len(tables)), key=lambda at: (tables[at].id in failed, tables[at].id in there, -at))
        self._offer(self.table, [(table.text(self._language), table.id) for table in tables], first)
        self._open_table()

    def _open_table(self) -> None:
        """Make a button of every cell of the table, in its layout."""
        findings = self._of_year(self._findings)
        self._shown = show_table(self.report, self.table.value, findings, self._language)
        pieces = [piece for row in self._shown.rows for piece in row]
        plain, failed, self._marked = (ButtonStyle(button_color=colour) for colour in (_PLAIN, _FAILED, _CHOSEN))
        self._unmarked = {piece.key: failed if piece.failures else plain for piece in pieces if piece.key}
        self.buttons = {piece.key: self._button(piece.key, piece) for piece in pieces if piece.key}
        columns = sum(piece.columns for piece in next(iter(self._shown.rows), ()))
        grid = GridBox(
            [self.buttons[piece.key] if piece.key else _heading(piece) for piece in pieces],
            layout=Layout(grid_template_columns=f"repeat({columns}, auto)", grid_gap="2px", overflow="auto"),
        )
        self._layout.children = (grid, HTML(self._shown.legend() if pieces else self._shown.html()))
        self.cell: CellKey | None = None
        self._details.value = ""
        repairs = self._of_year(self._repairs)
        repaired = set(zip(repairs["table"], repairs["line"], repairs["column"], strict=True))
        for key in sorted(self.buttons, key=lambda key: (key not in repaired, self._unmarked[key] is plain))[:1]:
            self._show(key)

    def _button(self, key: CellKey, piece: Piece) -> Button:
        tooltip, style = piece.title, self._unmarked[key]
        button = Button(description=piece.label, tooltip=tooltip, style=style, layout=_placed(piece))
        button.on_click(partial(self._show, key))
        return button

    def _show(self, key: CellKey, _: object = None) -> None:
        """Tell about a cell; what a click calls."""
        if self.cell:
            self.buttons[self.cell].style = self._unmarked[self.cell]
        self.cell, self.buttons[key].style = key, self._marked
        name, label = "/".join(key), cell_label(self.report.statutory_form.table(key[0]), key, self._language)
        findings = self._of_year(self._findings)
        frames = {
            "勾稽关系 Its edits": findings.loc[[name in cells.split(";") for cells in findings["cells"].fillna("")], _EDITS],
            "可能的改法 Its repairs": self._of_year(_of_cell(self._repairs, key))[_REPAIRS],
            "历年 Its history": _of_cell(self._cells, key).sort_values("year")[_HISTORY],
        }
        shown = {title: show_frame(frame.reset_index(drop=True), language=self._language) for title, frame in frames.items()}
        about = self.buttons[key].tooltip.partition("\n")[0]
        try:
            excerpt, reason = self.report.show(key).html(about), ""
        except GovstatsError as error:
            excerpt, reason = "", str(error)
        told = [line for line in (about, origin(self.report), reason) if line]
        self._details.value = fill("cell", label, name, told, excerpt, shown)

    def _of_year(self, frame: pd.DataFrame) -> pd.DataFrame:
        return frame if self.year.value is None else frame[frame["year"] == self.year.value]

    def html(self) -> str:
        """Return what is shown now as plain HTML: the table, and what is told of the cell."""
        title = f"{self.agency.value or '…'} · {self.year.value or '…'}"
        return STYLE + fill("explored", title, self._shown, self._details.value).replace(STYLE, "")

    def __repr__(self) -> str:
        return f"Explorer({self.agency.value!r}, {self.year.value}, {'/'.join(self.cell or (self.table.value,))})"

    def _ipython_display_(self) -> None:
        from IPython.display import display

        page = self.html()
        name = f"govstats-{hashlib.sha256(page.encode()).hexdigest()[:8]}"
        # Two outputs: of one that holds both, JupyterLab takes the widgets also where their kernel is gone. While they live,
        # they hide the page.
        self._style.value = f"<style>.{name} {{ display: none; }}</style>"
        display({"text/html": f'<div class="{name}">{page}</div>', "text/plain": repr(self)}, raw=True)
        display(self._widget._repr_mimebundle_() | {"text/plain": _NO_KERNEL}, raw=True)


def explore(source: Report | Panel, *, folder: str | PathLike[str] | None = None, language: Language = "zh") -> Explorer:
    """Look at reports in JupyterLab: choose one, see its tables with what fails, click a cell.

    Parameters
    ----------
    source : Report or Panel
    folder : path, optional
        Where the documents of a panel stand, to show a cell in its document.
    language : {"zh", "en"}
        Of labels and sentences.

    Returns
    -------
    Explorer
        A notebook displays it. Of the cell that was clicked it shows the place in the document, the edits that it takes part in,
        the repairs that would change it, and the same cell in the other years of the panel. A page without a kernel shows the
        first state: the first agency, its latest year, and a cell of a failed edit if there is one.

    Raises
    ------
    UnusableCells
        `source` is neither a report nor a panel.
    UnknownReport
        The panel has no report that could be used.
    MissingExtra
        ipywidgets is not installed; it comes with the extra ``notebooks``.

    Examples
    --------
    >>> from govstats import embedded
    >>> explore(embedded.report("淮安市洪泽区人民政府", 2023))
    Explorer('淮安市洪泽区人民政府', 2023, review/reconsideration/total)
    """
    return Explorer(source, folder=folder, language=language)


def _chosen(panel: Panel) -> pd.DataFrame:
    return panel.reports[panel.reports["chosen"].fillna(False).astype(bool)].dropna(subset=["agency", "year"])


def _reports(source: Report | Panel, folder: str | PathLike[str] | None) -> Iterable[tuple[int | None, Report]]:
    """Yield the reports of an agency, the latest first."""
    if isinstance(source, Report):
        yield source.year, source
        return
    reports = _chosen(source).sort_values("year", ascending=False).astype(object)
    for row in reports.where(reports.notna(), None).to_dict("records"):
        known = {name: row[name] for name in ("agency", "year", "form", "title", "source", "format", "sha256")}
        report = Report(**known, origin=Path(folder).expanduser() / row["source"] if folder else None)
        yield row["year"], report.with_cells(source.cells[source.cells["year"] == row["year"]])


def _of_cell(frame: pd.DataFrame, key: CellKey) -> pd.DataFrame:
    return frame[(frame["table"] == key[0]) & (frame["line"] == key[1]) & (frame["column"] == key[2])]


def _heading(piece: Piece) -> HTML:
    align = "start" if piece.scope.startswith("row") else "center"
    text = f'<div style="text-align: {align}; background: {_PLAIN}">{escape(piece.text)}</div>'
    return HTML(text, layout=_placed(piece))


def _placed(piece: Piece) -> Layout:
    return Layout(grid_area=f"auto / auto / span {piece.rows} / span {piece.columns}", width="auto", height="auto")
