"""A table in JupyterLab whose cells lead to their place in the source, their edits, their repairs and their history."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import partial
from html import escape
from os import PathLike
from pathlib import Path
from typing import Any

import pandas as pd
from ipywidgets import HTML, Button, ButtonStyle, Dropdown, GridBox, HBox, Layout, VBox
from selectolax.lexbor import LexborHTMLParser, LexborNode

import govstats
from govstats.display import STYLE, show_frame, table_html, table_keys
from govstats.errors import GovstatsError, UnknownReport
from govstats.forms import CellKey, Language, known_language
from govstats.panel import Panel
from govstats.reconciliation.source import known_of
from govstats.reconciliation.wording import cell_label
from govstats.report import Report
from govstats.sources import origin

#: Behind the figures, on a light and on a dark page; what failed also bears a sign.
_PLAIN, _FAILED, _CHOSEN = "rgba(128, 128, 128, .1)", "rgba(213, 94, 0, .25)", "rgba(0, 114, 178, .4)"
_EDITS = ["rule", "severity", "status", "expected", "reported", "message_zh", "message_en"]
_REPAIRS = ["repair", "reported", "proposed", "unique", "origin", "message_zh", "message_en"]
_HISTORY = ["year", "form", "printed", "value", "unit", "status"]
_DEAD = "要点选单元格，请重新执行本格。 To click cells, execute this cell again."


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
    cell : (table, line, column) or None
        The cell that is told about; None where the document does not have the table.
    """

    def __init__(self, source: Report | Panel, *, folder: str | PathLike[str] | None, language: Language) -> None:
        known_of(source)  # refuses what is neither
        known_language(language)
        self._source, self._folder, self._language = source, folder, language
        self.agency, self.year, self.table = (Dropdown(description=text) for text in ("机关 agency", "年度 year", "表 table"))
        for choice in (self.agency, self.year, self.table):
            choice.observe(self._choose, "value")
        self._layout, self._details, self._style = VBox(), HTML(), HTML()
        self._widget = VBox([HBox([self.agency, self.year, self.table]), self._layout, self._details, self._style])
        names = sorted(_chosen(source)["agency"].unique()) if isinstance(source, Panel) else [source.agency]
        if not names:
            raise UnknownReport(
                "the panel has no report that could be used; panel.reports says why 面板中没有可用的年报，原因见 panel.reports"
            )
        self._offer(self.agency, [(name or "…", name) for name in names])
        self._open_agency()

    def _offer(self, choice: Dropdown, options: Sequence[tuple[str, Any]], first: int = 0) -> None:
        """Put other options into a list; that its value changes meanwhile is nobody's choice."""
        choice.unobserve(self._choose, "value")
        choice.options = options
        choice.value = options[first][1]
        choice.observe(self._choose, "value")

    def _choose(self, change: dict[str, Any]) -> None:
        chosen = change["owner"]
        (self._open_agency if chosen is self.agency else self._open_year if chosen is self.year else self._open_table)()

    def _open_agency(self) -> None:
        source = self._source
        if isinstance(source, Panel):
            source = source.only(agency=self.agency.value)
        years = sorted(_chosen(source)["year"], reverse=True) if isinstance(source, Panel) else [source.year]
        self._own, self._repairs = source, govstats.repairs(source)
        self._findings = source.findings if isinstance(source, Panel) else govstats.reconcile(source)
        self._offer(self.year, [(str(year or "…"), year) for year in years])
        self._open_year()

    def _open_year(self) -> None:
        self.report = _report(self._own, self.year.value, self._folder)
        findings = self._this_year(self._findings)
        failed = set(findings.loc[findings["status"] == "fail", "table"])
        tables = self.report.statutory_form.tables
        there = {cell.table for cell in self.report.read_cells}
        first = max(range(len(tables)), key=lambda at: (tables[at].id in failed, tables[at].id in there, -at))
        self._offer(self.table, [(table.title(self._language), table.id) for table in tables], first)
        self._open_table()

    def _open_table(self) -> None:
        """Make a button of every cell of `table_html`, in its layout."""
        page = LexborHTMLParser(self._table())
        keys = iter(table_keys(self.report, self.table.value))
        usual, failed, self._marked = (ButtonStyle(button_color=colour) for colour in (_PLAIN, _FAILED, _CHOSEN))
        pieces: list[HTML | Button] = []
        self.buttons, self._unmarked = {}, {}
        for node in page.css("tr > *"):
            place = Layout(grid_area="auto / auto / span {} / span {}".format(*_spans(node)), width="auto", height="auto")
            if node.tag == "th":
                align = "start" if node.attributes["scope"].startswith("row") else "center"
                pieces.append(HTML(f'<div style="text-align: {align}; background: {_PLAIN}">{escape(node.text())}</div>', layout=place))
                continue
            key = next(keys)
            self._unmarked[key] = failed if "govstats-failed" in (node.attributes.get("class") or "") else usual
            self.buttons[key] = Button(description=node.text(), tooltip=node.attributes.get("title"), layout=place)
            self.buttons[key].style = self._unmarked[key]
            self.buttons[key].on_click(partial(self._show, key))
            pieces.append(self.buttons[key])
        columns = sum(_spans(node)[1] for node in page.css("tr:first-child > *"))
        grid = GridBox(pieces, layout=Layout(grid_template_columns=f"repeat({columns}, auto)", grid_gap="2px", overflow="auto"))
        for table in page.css("table"):
            table.decompose()
        below = page.body.inner_html if page.body else ""
        self._layout.children = (grid, HTML(below))
        self.cell = None
        self._details.value = ""
        repairs = self._this_year(self._repairs)
        repaired = set(zip(repairs["table"], repairs["line"], repairs["column"], strict=True))
        for key in sorted(self.buttons, key=lambda key: (key not in repaired, self._unmarked[key] is not failed))[:1]:
            self._show(key)

    def _show(self, key: CellKey, _: object = None) -> None:
        """Tell about a cell; what a click calls."""
        if self.cell is not None:
            self.buttons[self.cell].style = self._unmarked[self.cell]
        self.cell, self.buttons[key].style = key, self._marked
        name = "/".join(key)
        findings = self._this_year(self._findings)
        edits = findings[[name in cells.split(";") for cells in findings["cells"].fillna("")]]
        repairs = _of_cell(self._this_year(self._repairs), key)
        label = cell_label(self.report.statutory_form.table(key[0]), key, self._language)
        history = _of_cell(self._own.cells, key).sort_values("year")
        frames = {
            "勾稽关系 Its edits": edits[_EDITS],
            "可能的改法 Its repairs": repairs[_REPAIRS],
            "历年 Its history": history[_HISTORY],
        }
        told = [f"<h4>{escape(label)} <code>{escape(name)}</code></h4>", "<p><strong>出处 Where it stands</strong></p>", self._place(key)]
        for title, frame in frames.items():
            shown = show_frame(frame.reset_index(drop=True), language=self._language)
            told += [f"<p><strong>{title}</strong></p>", shown._repr_html_()]
        self._details.value = _styled_once("\n".join(told))

    def _place(self, key: CellKey) -> str:
        about = (self.buttons[key].tooltip or "").partition("\n")[0]
        lines = [about, origin(self.report)]
        shown = ""
        try:
            excerpt = self.report.show(key)
        except GovstatsError as error:
            lines.append(str(error))
        else:
            png = excerpt._repr_png_()
            shown = excerpt._repr_html_() or f'<img alt="{escape(about)}" src="data:image/png;base64,{base64.b64encode(png or b"").decode()}">'
        return "".join(f"<p>{escape(line)}</p>" for line in lines if line) + shown

    def _this_year(self, frame: pd.DataFrame) -> pd.DataFrame:
        return frame if self.year.value is None else frame[frame["year"] == self.year.value]

    def _table(self) -> str:
        findings = self._this_year(self._findings)
        return table_html(self.report, self.table.value, findings=findings, language=self._language)

    def html(self) -> str:
        """Return what is shown now as plain HTML: the table, and what is told of the cell."""
        title = f"{self.agency.value or '…'} · {self.year.value or '…'}"
        return _styled_once(f"<p><strong>{escape(title)}</strong></p>\n{self._table()}\n{self._details.value}")

    def __repr__(self) -> str:
        return f"Explorer({self.agency.value!r}, {self.year.value}, {self.table.value!r})"

    def _ipython_display_(self) -> None:
        from IPython.display import display

        page = self.html()
        first = f"govstats-{hashlib.sha256(page.encode()).hexdigest()[:8]}"
        # Two outputs: of one that has both, JupyterLab takes the widgets also when their kernel is gone. Where they live, they
        # hide the page before them.
        self._style.value = f"<style>.{first} {{ display: none; }}</style>"
        display({"text/html": f'<div class="{first}">{page}</div>', "text/plain": repr(self)}, raw=True)
        display(self._widget._repr_mimebundle_() | {"text/plain": _DEAD}, raw=True)


def _chosen(panel: Panel) -> pd.DataFrame:
    reports = panel.reports
    return reports[reports["chosen"].fillna(False).astype(bool)].dropna(subset=["agency", "year"])


def _report(source: Report | Panel, year: int | None, folder: str | PathLike[str] | None) -> Report:
    if isinstance(source, Report):
        return source
    row = _chosen(source).set_index("year").loc[year]
    known = [None if pd.isna(row[name]) else row[name] for name in ("form", "title", "source", "format", "sha256")]
    origin = None if folder is None else Path(folder).expanduser() / row["source"]
    return Report(row["agency"], year, *known, origin=origin).with_cells(source.cells[source.cells["year"] == year])


def _of_cell(frame: pd.DataFrame, key: CellKey) -> pd.DataFrame:
    return frame[(frame["table"] == key[0]) & (frame["line"] == key[1]) & (frame["column"] == key[2])]


def _styled_once(html: str) -> str:
    return STYLE + html.replace(STYLE, "")


def _spans(node: LexborNode) -> tuple[int, int]:
    down, right = (int(node.attributes.get(name) or 1) for name in ("rowspan", "colspan"))
    return down, right
