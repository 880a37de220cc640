"""Many reports as one panel: read once, kept on disk, reconciled over the years."""

from __future__ import annotations

import json
import shutil
import weakref
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property, partial
from os import PathLike
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from loky import cpu_count

from govstats.agencies import identify
from govstats.errors import UnknownReport, UnusablePanel, require_columns
from govstats.export import connected, create_tables
from govstats.export.database import MANIFEST, REPORT_TYPES, arrow_table, manifest_of, query, quoted, whole_table
from govstats.files import package_data
from govstats.panel.building import Store, findings_of_batch, placed, read_new, registered, write_panel
from govstats.panel.reading import Folder
from govstats.panel.register import EXPECTED_TYPES, read_expected
from govstats.reconciliation import rules as known_rules
from govstats.reconciliation.corrections import read_adjudications
from govstats.report import column_types, typed_frame

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["MANIFEST", "REPORT_TYPES", "STATES", "Folder", "Panel", "read_corpus"]

#: Decisions on findings that stand in the folder of the documents.
_ADJUDICATIONS = "adjudications.csv"
#: The agencies that should publish, in the same place.
_EXPECTED = "expected.csv"
#: What a panel has of an agency and year, from the best to the worst, with the labels that figures print.
STATES = {state: (zh, en) for state, (zh, en) in package_data("panel/states.toml").items()}
#: The columns of `Panel.summary`, with their types; those by which it groups stand behind the second.
_SUMMARY_TYPES = column_types(
    "rule severity reports:Int64 pass:Int64 fail:Int64 not_assessable:Int64 failures:Int64 failure_rate:Float64 low:Float64 "
    "high:Float64"
)
#: The columns of `Panel.coverage`, with their types.
_COVERAGE_TYPES = {"agency": "str", "year": "Int64", "state": "str", "documents": "Int64", "failures": "Int64", "message": "str"}


class _Temporary:
    """A folder that goes when the last panel that reads from it does."""

    def __init__(self) -> None:
        self.path = mkdtemp(prefix="govstats-")
        weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)


def _table(name: str, about: str) -> cached_property[pd.DataFrame]:
    """Return what reads a table of a panel where it is first asked for."""
    table: cached_property[pd.DataFrame] = cached_property(lambda panel: panel._frame(name))
    table.__doc__ = about
    return table


@dataclass(frozen=True, eq=False)
class Panel:
    """Reports of many agencies and years, as `read_corpus` and ``govstats build`` make it.

    Parameters
    ----------
    folder : path
        Where the panel stands on disk.
    agencies, years : tuple, optional
        Only these; all by default. See `only`.

    Attributes
    ----------
    reports : DataFrame
        One row a document, also of those that could not be used (`error`, `message`), and of those that the register lists and
        the folder lacks; columns as in `REPORT_TYPES`. `agency` is the name that all years share, `agency_printed` what the
        document says. `vintage` counts the versions of a report by date of publication, `chosen` marks the one document of each
        agency and year whose figures are the panel's: of the earliest vintage that has tables, the one with the fewest doubts.
    cells, claims, notes : DataFrame
        Those of `govstats.Report`, of the chosen documents; claims also have the year of the report they stand in, `report_year`.
    findings : DataFrame
        As `govstats.reconcile` returns them, the rules across years and vintages included.
    vintages : DataFrame
        The cells of the other documents, with `vintage`, `source` and `published`.
    document_findings : DataFrame
        Those of `findings` that only the documents themselves can tell: their sections, their year, their last sections.
    rules : DataFrame
        ``rule severity title_zh title_en``: those that were applied, ours and your own.
    texts : DataFrame
        ``agency year sketch``: the prose as numbers from which its reuse is measured (`govstats.reconciliation.reuse`).
    """

    folder: Path
    agencies: tuple[str, ...] | None = None
    years: tuple[int, ...] | None = None
    _temporary: _Temporary | None = field(default=None, repr=False)

    reports = _table("reports", "One row a document.")
    cells = _table("cells", "One row a cell of the chosen documents.")
    claims = _table("claims", "One row a figure that the prose of a chosen document claims.")
    notes = _table("notes", "One row for everything that could not be read or decided in a chosen document.")
    findings = _table("findings", "One row a rule and what it applies to.")
    vintages = _table("vintages", "One row a cell of the documents that were not chosen.")
    document_findings = _table("document_findings", "What became of the rules that only the documents themselves can tell.")
    rules = _table("rules", "One row a rule that was applied.")
    texts = _table("texts", "The prose of the chosen documents as numbers.")

    def __post_init__(self) -> None:
        object.__setattr__(self, "folder", Path(self.folder).expanduser())
        self._manifest  # noqa: B018 - refuses a folder without a panel

    @property
    def others(self) -> list[str]:
        """The files of the folder that are no documents."""
        return list(self._manifest["others"])

    @property
    def expected(self) -> pd.DataFrame | None:
        """The agencies that should publish, as ``expected.csv`` in the folder of the documents has them; None without one.

        The columns are those of `govstats.panel.register.read_expected`.
        """
        if (rows := self._manifest.get("expected")) is None:
            return None
        expected = read_expected(pd.DataFrame(rows, columns=list(EXPECTED_TYPES)))
        return expected if self.agencies is None else expected[expected["agency"].isin(self.agencies)]

    def only(self, *, agency: str | Iterable[str] | None = None, year: int | str | Iterable[int] | None = None) -> Panel:
        """Return the part of the panel that is about some agencies or years.

        Parameters
        ----------
        agency : str or iterable of str, optional
        year : int, iterable of int, or a year as text, optional

        Returns
        -------
        Panel
            Its frames are read from disk without the rest. Findings are those of the whole panel: a rule across years still
            knows the year before.

        Raises
        ------
        UnknownReport
            The whole panel has no reports of an agency, or none of any of the years.
        """
        agencies, years = self.agencies, self.years
        if agency is not None:
            asked = (agency,) if isinstance(agency, str) else tuple(agency)
            known = dict.fromkeys(self.reports["agency"].dropna() if agencies is None else agencies)
            if unknown := [name for name in asked if name not in known]:
                near = get_close_matches(str(unknown[0]), known) or list(known)[:3]
                raise UnknownReport.worded("panel_lacks_agency", agency=unknown[0], count=len(known), near=", ".join(near))
            agencies = asked
        if year is not None:
            given = [year] if isinstance(year, str) or not isinstance(year, Iterable) else list(year)
            asked_years = [int(one) for one in given if str(one).isdecimal()]
            there = sorted(set(Panel(self.folder).reports["year"].dropna().astype(int)))
            if given and not set(asked_years) & set(there):
                raise UnknownReport.worded("panel_lacks_year", year=given[0], years=", ".join(map(str, there)))
            years = tuple(one for one in asked_years if years is None or one in years)
        return Panel(self.folder, agencies, years, self._temporary)

    def coverage(self, expected: pd.DataFrame | None = None) -> pd.DataFrame:
        """Say of every agency and year what the panel has.

        Parameters
        ----------
        expected : DataFrame, optional
            When agencies existed: ``agency from until``, the first and the last year, null where that is open; an agency may have
            several rows. `Panel.expected` is such a frame; the table ``coverage`` of exports is made without one. Of an agency
            that stands there years in which it did not exist are left out, unless there is a document; and one of which there is
            no document has the years of the panel.

        Returns
        -------
        DataFrame
            One row an agency and year, from the first year of the panel to the last: ``agency year state documents failures
            message``. `state` is ``consistent``, ``inconsistent`` (rules of severity E fail, `failures` of them, and nobody
            dismissed that), ``incomplete`` (tables, lines or columns are not there), ``undecided`` (none fails, but more findings
            of severity E are not assessable than pass: figures are blank or unreadable), ``without tables``, ``failed`` (there is
            a document that could not be used; `message` says why) or ``missing`` (no document).
        """
        of_report = ["agency", "year"]
        reports = self.reports.dropna(subset=of_report)
        if reports.empty:
            return typed_frame([], _COVERAGE_TYPES)
        known = typed_frame([], EXPECTED_TYPES) if expected is None else expected
        require_columns(known, ("agency", "from", "until"), "expected", "agency from until")
        agencies = list(dict.fromkeys([*reports["agency"], *known["agency"]]))
        # one without a document has the years of the panel too
        listed = pd.DataFrame({"agency": agencies, "year": reports["year"].min(), "chosen": False})
        chosen = reports[reports["chosen"]]
        tables = chosen.assign(table=chosen["tables"].str.split()).explode("table")[[*of_report, "table"]]
        with connected(None) as connection:
            sources = {"reports": pd.concat([reports, listed]), "cells": tables.dropna(), "findings": self.findings}
            create_tables(connection, sources, comments=False)
            connection.execute(query("export/coverage.sql"))
            connection.register("expected", arrow_table(known))
            frame: pd.DataFrame = connection.sql(query("panel/existed.sql")).df().astype(_COVERAGE_TYPES)
        in_order = frame.sort_values(of_report, key=lambda one: one.map(agencies.index) if one.name == "agency" else one)
        return in_order.reset_index(drop=True)

    def summary(self, by: str | Iterable[str] = ()) -> pd.DataFrame:
        """Count the reports that pass each rule, fail it, or cannot be checked by it.

        Parameters
        ----------
        by : str or iterable of str
            Columns of `reports` to count apart by, such as ``level``, ``region``, ``form`` or ``year``.

        Returns
        -------
        DataFrame
            One row a rule, and within it a group: ``rule severity``, the columns of `by`, ``reports pass fail not_assessable
            failures failure_rate low high``. A report fails a rule where one finding fails, be it the only one; else it is not
            assessable where one finding is; else it passes, also where somebody dismissed what fails. So the three add up to
            `reports`, those that the rule speaks of. `failures` counts the findings that fail.
            `failure_rate` is fail / (pass + fail), null where neither is there;
            `low` and `high` are what it would be if all that could not be checked passed, or failed. Where the register does not
            say a group, it is null. `severity` is that of the rule; a finding may be milder.

        Raises
        ------
        UnusablePanel
            Reports have no such column.

        Examples
        --------
        >>> from govstats import embedded
        >>> panel = read_corpus(embedded.folder())
        >>> panel.summary("form").query("rule == 'T4S'")[["form", "reports", "pass", "fail", "failures"]].values.tolist()
        [['2019', 5, 3, 0, 0], ['2021', 17, 15, 1, 2]]
        """
        groups = [by] if isinstance(by, str) else list(by)
        if unknown := [name for name in groups if name not in REPORT_TYPES]:
            raise UnusablePanel.worded("no_column_of_reports", name=unknown[0])
        rules = self.rules.assign(position=range(len(self.rules)))
        columns = "".join(f", reports.{quoted(name)}" for name in groups)
        with connected(None) as connection:
            create_tables(connection, {"reports": self.reports, "findings": self.findings, "rules": rules}, comments=False)
            frame: pd.DataFrame = connection.sql(query("panel/summary.sql").format(groups=columns)).df()
        return frame.astype({name: REPORT_TYPES[name] for name in groups} | _SUMMARY_TYPES)

    @cached_property
    def _manifest(self) -> Mapping[str, Any]:
        return manifest_of(self.folder)

    def _frame(self, name: str) -> pd.DataFrame:
        if manifest_of(self.folder) != self._manifest:
            raise UnusablePanel.worded("panel_built_again", folder=self.folder)
        wanted = pc.scalar(True)
        if self.agencies is not None and name != "rules":
            wanted &= pc.field("agency").isin(pa.array(self.agencies, pa.string()))
        if self.years is not None and name != "rules":
            wanted &= pc.field("report_year" if name == "claims" else "year").isin(pa.array(self.years, pa.int64()))
        return pd.read_parquet(whole_table(self.folder, name), filters=wanted)


def read_corpus(
    folder: str | PathLike[str],
    *,
    output: str | PathLike[str] | None = None,
    register: str | PathLike[str] | pd.DataFrame | None = None,
    agencies: str | PathLike[str] | pd.DataFrame | None = None,
    rules: str | PathLike[str] | None = None,
    adjudications: str | PathLike[str] | pd.DataFrame | None = None,
    client: Client | None = None,
    processes: int | None = None,
    storage_options: Mapping[str, Any] | None = None,
) -> Panel:
    """Read a folder of annual reports into a panel.

    Parameters
    ----------
    folder : path or address
        Documents in any mix of formats, in folders of any depth; an address that fsspec knows (``s3://…``) works like a path.
        Files with other suffixes are left alone; `Panel.others` lists them.
    output : path, optional
        Where the panel is kept. What was read before is not read again: a build that was interrupted goes on where it stopped,
        and of a folder that has grown only the new documents are read. A temporary folder by default, which goes with the panel.
    register : path or DataFrame, optional
        What is known of the reports: CSV with any of the columns ``document slug agency year form level region region_code
        published vintage parent summary``. By default ``register.csv`` or ``reports.csv`` in the folder, if there is one. What
        it says is believed; what it lacks is recognised.
    agencies : path or DataFrame, optional
        A table that corrects the identities of agencies; see `govstats.agencies.identify`.
    rules : path, optional
        A file of rules of your own, as `govstats.reconcile` takes it.
    adjudications : path or DataFrame, optional
        What people decided on findings; by default ``adjudications.csv`` in the folder, if there is one.
    client : dask.distributed.Client, optional
        Read on its workers, which must see the folder under the same path or address.
    processes : int, optional
        Read in so many processes; by default as many as there are cores where that pays.
    storage_options : mapping, optional
        For the file system of an address.

    Returns
    -------
    Panel
        A document that could not be used is a row of `Panel.reports` with its error.

    Raises
    ------
    UnreadableDocument
        There is no such folder.
    UnusableRegister
        The register has a line that cannot be understood.
    UnusablePanel
        `output` is a folder that holds something else.
    MissingExtra
        The packages of the extra ``panel`` are not installed.

    Examples
    --------
    >>> from govstats import embedded
    >>> panel = read_corpus(embedded.folder())
    >>> panel.only(agency="平潭综合实验区").coverage().query("state == 'inconsistent'")["year"].tolist()
    [2020]
    """
    if processes is not None and processes < 1:
        raise UnusablePanel.worded("too_few_processes", processes=processes)
    identify([], corrections=agencies)  # refuses a table that cannot be used before the reading begins
    temporary = _Temporary() if output is None else None
    root = Path(temporary.path if temporary else output or "").expanduser().absolute()
    documents = Folder.of(folder, storage_options)
    applied = known_rules(rules).rename(columns={"id": "rule"})
    known = registered(documents, register, agencies)
    decided = documents.table(_ADJUDICATIONS) if adjudications is None else adjudications
    decided = None if decided is None else read_adjudications(decided, rules=applied["rule"])
    listed = documents.table(_EXPECTED)
    expected = None if listed is None else json.loads(read_expected(listed).to_json(orient="records"))
    items, others = documents.documents(known, output=root)
    store = Store(root, temporary=temporary is not None)
    with store.alone():
        sources = read_new(store, documents, items, client=client, processes=processes)
        check = partial(findings_of_batch, rules=rules, adjudications=decided)
        told = {"others": others, "expected": expected}
        write_panel(store, placed(store.reports(), sources, known, agencies), told, check, applied, processes or cpu_count())
    return Panel(root, _temporary=temporary)
