"""Many reports as one panel: read once, kept on disk, reconciled over the years."""

from __future__ import annotations

import json
import shutil
import weakref
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from os import PathLike
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from govstats.errors import UnknownReport, UnusablePanel
from govstats.panel.building import MANIFEST, build, columns_sha256
from govstats.panel.store import REPORT_TYPES

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["MANIFEST", "REPORT_TYPES", "Panel", "build", "read_corpus"]


class _Temporary:
    """A folder that goes when the last panel that reads from it does."""

    def __init__(self) -> None:
        self.path = mkdtemp(prefix="govstats-")
        weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)


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
    texts : DataFrame
        ``agency year sketch``: the prose as numbers from which its reuse is measured (`govstats.reconciliation.reuse`).
    """

    folder: Path
    agencies: tuple[str, ...] | None = None
    years: tuple[int, ...] | None = None
    _temporary: _Temporary | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "folder", Path(self.folder).expanduser())
        if self._manifest.get("columns") != columns_sha256():
            raise UnusablePanel(
                f"{self.folder}: the panel was made by another version of govstats, with other columns; build it again: "
                "govstats build FOLDER -o OUT"
                " 面板由另一版本的 govstats 生成，列不相同；请重新运行 govstats build 文件夹 -o 输出"
            )

    @cached_property
    def reports(self) -> pd.DataFrame:
        """One row a document."""
        return self._frame("reports")

    @cached_property
    def cells(self) -> pd.DataFrame:
        """One row a cell of the chosen documents."""
        return self._frame("cells")

    @cached_property
    def claims(self) -> pd.DataFrame:
        """One row a figure that the prose of a chosen document claims."""
        return self._frame("claims")

    @cached_property
    def notes(self) -> pd.DataFrame:
        """One row for everything that could not be read or decided in a chosen document."""
        return self._frame("notes")

    @cached_property
    def findings(self) -> pd.DataFrame:
        """One row a rule and what it applies to."""
        return self._frame("findings")

    @cached_property
    def vintages(self) -> pd.DataFrame:
        """One row a cell of the documents that were not chosen."""
        return self._frame("vintages")

    @cached_property
    def document_findings(self) -> pd.DataFrame:
        """What became of the rules that only the documents themselves can tell."""
        return self._frame("document_findings")

    @cached_property
    def texts(self) -> pd.DataFrame:
        """The prose of the chosen documents as numbers."""
        return self._frame("texts")

    @property
    def others(self) -> list[str]:
        """The files of the folder that are no documents."""
        return list(self._manifest["others"])

    def only(self, *, agency: str | Iterable[str] | None = None, year: int | Iterable[int] | None = None) -> Panel:
        """Return the part of the panel that is about some agencies or years.

        Parameters
        ----------
        agency : str or iterable of str, optional
        year : int or iterable of int, optional

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
                raise UnknownReport(
                    f"the panel has no reports of {unknown[0]!r}; expected one of its {len(known)} agencies: {', '.join(near)} …"
                    f" 面板中没有该机关，名称接近的：{', '.join(near)}"
                )
            agencies = asked
        if year is not None:
            asked_years = tuple(map(int, year)) if isinstance(year, Iterable) else (int(year),)
            there = sorted(set(Panel(self.folder).reports["year"].dropna().astype(int)))
            if asked_years and not set(asked_years) & set(there):
                listed = ", ".join(map(str, there))
                raise UnknownReport(f"the panel has no reports of {asked_years[0]}; it has {listed} 面板中没有该年度的年报")
            years = tuple(one for one in asked_years if years is None or one in years)
        return Panel(self.folder, agencies, years, self._temporary)

    def coverage(self) -> pd.DataFrame:
        """Say of every agency and year what the panel has.

        Returns
        -------
        DataFrame
            One row an agency and year, from the first year of the panel to the last: ``agency year state documents failures
            message``. `state` is ``consistent``, ``inconsistent`` (rules of severity E fail, `failures` of them), ``incomplete``
            (tables, lines or columns are not there), ``without tables``, ``failed`` (there is a document that could not be used;
            `message` says why) or ``missing`` (no document).
        """
        from govstats.panel.coverage import coverage

        return coverage(self)

    @cached_property
    def _manifest(self) -> dict[str, Any]:
        try:
            return dict(json.loads((self.folder / MANIFEST).read_text("utf-8")))
        except (FileNotFoundError, NotADirectoryError):
            raise UnusablePanel(
                f"{self.folder}: there is no panel in this folder, or its build has not ended ({MANIFEST} is missing); make it: "
                "govstats build FOLDER -o OUT"
                " 该文件夹中没有面板，或尚未生成完；请运行 govstats build 文件夹 -o 输出"
            ) from None

    def _frame(self, name: str) -> pd.DataFrame:
        if Panel(self.folder)._manifest != self._manifest:
            raise UnusablePanel(
                f"{self.folder}: another panel was built in this folder since this one was opened; open it again"
                " 打开之后面板已重新生成，请重新打开"
            )
        wanted = None
        if self.agencies is not None:
            wanted = pc.field("agency").isin(pa.array(self.agencies, pa.string()))
        if self.years is not None:
            of_years = pc.field("report_year" if name == "claims" else "year").isin(pa.array(self.years, pa.int64()))
            wanted = of_years if wanted is None else wanted & of_years
        return pd.read_parquet(self.folder / f"{name}.parquet", filters=wanted)


def read_corpus(
    folder: str | PathLike[str],
    *,
    output: str | PathLike[str] | None = None,
    register: str | PathLike[str] | pd.DataFrame | None = None,
    agencies: str | PathLike[str] | pd.DataFrame | None = None,
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
    temporary = None
    if output is None:
        temporary = _Temporary()
        output = temporary.path
    build(
        folder,
        output,
        register=register,
        agencies=agencies,
        client=client,
        processes=processes,
        storage_options=storage_options,
    )
    return Panel(Path(output), _temporary=temporary)
