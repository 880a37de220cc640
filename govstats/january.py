"""A new year's reports beside those of the year before: what came, what is late, what changed, what does not follow."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from os import PathLike
from pathlib import Path
from typing import Any

import pandas as pd

from govstats.display import MISSING, fill_page, show_frame
from govstats.errors import UnknownReport
from govstats.figures.drawing import chapter, in_digits, words
from govstats.figures.over_years import REASONS, carry_overs, points_over_years
from govstats.files import write
from govstats.measures import indicators
from govstats.notebooks import Case, find_template, folder_name, headings, links, reproduce, templates
from govstats.panel import STATES, Folder, Panel, read_corpus
from govstats.panel.register import expected_reports
from govstats.reconciliation.findings import FINDING_TYPES, standing
from govstats.reconciliation.rulebook import having, loaded
from govstats.report import column_types

#: Rules that hold a report against that of the year before.
RULES = (*(rule.id for rule in having("edits")), "XO", "XD", "NC")
#: Whether a report was published by the date of article 49 of the Regulations.
TIMINGS = chapter("timings")
#: Notebooks about one report, and those about a folder, which are executed once.
_OF_A_REPORT, _OF_A_FOLDER = ("10", "20", "30", "50"), ("60", "40")
_REPORT_TYPES = column_types(
    "agency state last:Int64 published:datetime64[us] days:Int64 timing failures:Int64 agree:Int64 disagree:Int64 "
    "not_assessable:Int64 source message"
)
_CHANGE_TYPES = column_types(
    "agency name label_zh label_en unit share:bool before:Float64 value:Float64 change:Float64 contradicted_before:boolean "
    "contradicted:boolean status"
)
#: What a register says that helps to read a report, by the names of `Panel.reports`.
_REGISTERED = ["agency", "year", "level", "region", "region_code", "published", "parent", "summary"]


@dataclass(frozen=True, eq=False)
class NewYear:
    """The reports of a year beside those of the year before, as `govstats.new_year` returns them.

    Attributes
    ----------
    panel : Panel
        All years.
    year : int
        The year reported on.
    reports : DataFrame
        One row an agency of which the panel has a report of this year or an earlier one, or which the register lists for this
        year: ``agency state last published days timing failures agree disagree not_assessable source message``. `state` is that
        of `Panel.coverage`; `last` the latest earlier year with a report, null where there is none; `days` those from 1 January
        to publication; `timing` is ``in_time``, ``late`` or ``not_assessable`` (the date, or which date of article 49 holds, is
        not known). `failures` counts the rules of severity E that fail; `agree`, `disagree` and `not_assessable` those of
        `findings`, null where the report of the year before is not there.
    changes : DataFrame
        One row a new report and figure: ``agency name label_zh label_en unit share before value change
        contradicted_before contradicted status``. `status` is ``compared``, ``no_report_before``, ``break`` (the form gave the
        figure another meaning), or what a cell is that has no figure; `change` is null unless compared. `contradicted`: the
        figure stands in an edit of severity E that fails; `contradicted_before`: that of the year before does.
    findings : DataFrame
        As of `govstats.reconcile`: the rules across the two years and your own, failed or not, the severest failures first.
    chain : DataFrame
        What the year before carried over beside what the new reports say they were handed, as `govstats.figures.carry_overs`.
    unusable : DataFrame
        ``source agency year error message`` of all documents that could not be used and are of these two years, or
        of a year that is not known: one of them may be a report that is missed.
    """

    panel: Panel
    year: int
    reports: pd.DataFrame
    changes: pd.DataFrame
    findings: pd.DataFrame
    chain: pd.DataFrame
    unusable: pd.DataFrame

    @cached_property
    def new(self) -> pd.DataFrame:
        """The rows of `reports` whose report of this year is there and can be used."""
        return self.reports[~self.reports["state"].isin(["missing", "failed"])]

    @cached_property
    def failed(self) -> pd.DataFrame:
        """The rows of `findings` that fail and nobody dismissed: what does not follow, or is worth a look."""
        return standing(self.findings).reset_index(drop=True)

    def summary(self, language: str = "both") -> str:
        """Say in one sentence what came, what is late and what does not follow.

        Parameters
        ----------
        language : {"both", "zh", "en"}
        """
        counts = Counter(chain(self.reports["state"], self.reports["timing"].dropna(), self.failed["severity"]))
        known: dict[str, int] = dict.fromkeys([*STATES, *TIMINGS, *"EWI"], 0) | counts
        known |= {"year": self.year, "came": len(self.new), "wrong": int((self.new["failures"] > 0).sum())}
        known["compared"] = int((self.new["last"] == self.year - 1).sum())
        parts = [words(f"new_year.{name}", **known) for name in ("came", "compared" if known["compared"] else "alone")]
        zh, en = ("".join(part) for part in zip(*parts, strict=True))
        return {"zh": zh, "en": en}.get(language) or f"{zh}\n{en}"

    def table_of_reports(self) -> pd.DataFrame:
        """Return `reports` for eyes: states and timings in words of both languages, those in doubt first."""
        ranked = self.reports.assign(rank=self.reports["state"].map(list(STATES).index))
        shown = ranked.sort_values(["rank", "disagree"], ascending=False, kind="stable").drop(columns="rank")
        said = {"state": STATES, "timing": TIMINGS}
        in_words = {name: shown[name].map({key: " ".join(pair) for key, pair in known.items()}) for name, known in said.items()}
        return shown.assign(**in_words).reset_index(drop=True)

    def table_of_changes(self) -> pd.DataFrame:
        """Return `changes` for eyes: one row an agency, one column a figure, ``before → value`` or why there is none."""
        labels = dict(zip(self.changes["name"], self.changes["label_zh"] + " " + self.changes["label_en"], strict=True))
        texts = [_change_in_words(row) for row in self.changes.to_dict("records")]
        wide = self.changes.assign(text=texts).pivot_table("text", "agency", "name", aggfunc="first", sort=False)
        return wide.rename(columns=labels).rename_axis(columns=None).reset_index()


def _change_in_words(row: Mapping[Any, Any]) -> str:
    if pd.isna(row["before"]) and pd.isna(row["value"]):
        return " ".join(REASONS.get(row["status"], (MISSING, "")))
    sides = [
        (MISSING if pd.isna(row[side]) else in_digits(row[side], share=row["share"]))
        + "（自相矛盾 contradicts itself）" * (row[f"contradicted{suffix}"] is True)
        for side, suffix in (("before", "_before"), ("value", ""))
    ]
    reason = REASONS.get(row["status"])
    return " → ".join(sides) + (f"（{' '.join(reason)}）" if reason else "")


def new_year(source: Panel | str | PathLike[str], year: int | None = None) -> NewYear:
    """Set the reports of a year beside those of the year before.

    Parameters
    ----------
    source : Panel, path or address
        All years that there are; a folder is read with `read_corpus`.
    year : int, optional
        The year reported on; by default the latest of which there is a report.

    Returns
    -------
    NewYear
        Frames: `reports` (which came, which are missing or late), `changes` (the main figures of both years), `findings` (what
        does not follow from the year before), `chain` (the carry-overs), `unusable` (documents that could not be used).

    Raises
    ------
    UnknownReport
        There is no report of that year and the year before.
    MissingExtra
        The packages of the extras ``panel`` or ``notebooks`` are not installed.

    See Also
    --------
    govstats.january.NewYear : the columns.

    Examples
    --------
    Pingtan's report of 2025 gives 546 normative documents in force, where the year before leads to 453:

    >>> from govstats import embedded
    >>> new = new_year(embedded.folder(), 2025)
    >>> new.new[["agency", "last", "timing"]].values.tolist()
    [['上海市人民政府办公厅', 2019, 'not_assessable'],
     ['沭阳县人民政府', <NA>, 'not_assessable'],
     ['平潭综合实验区', 2024, 'in_time']]
    >>> new.failed[["rule", "severity", "expected", "reported"]].values.tolist()
    [['T2Y', 'W', 453.0, 546.0]]
    """
    panel = source if isinstance(source, Panel) else read_corpus(source)
    known = panel.reports.loc[panel.reports["chosen"], "year"].dropna()
    if year is None:
        if known.empty:
            raise UnknownReport.worded("no_known_year", where=source if not isinstance(source, Panel) else panel.folder)
        year = int(known.max())
    # of whole panels, and larger ones, only two years are worked through
    pair = panel.only(year=(year - 1, year))
    findings, chain = _findings(pair, year), carry_overs(pair)
    of_others = panel.reports["year"].ne(year) & panel.reports["year"].ne(year - 1)
    lost = panel.reports[panel.reports["error"].notna() & ~of_others.fillna(False)]
    unusable = lost[["source", "agency", "year", "error", "message"]]
    return NewYear(
        panel,
        year,
        _reports(panel, pair, findings[findings["decision"].ne("dismissed")], year),
        _changes(pair, year),
        findings,
        chain[chain["year"] == year].reset_index(drop=True),
        unusable.reset_index(drop=True),
    )


def _reports(panel: Panel, pair: Panel, across: pd.DataFrame, year: int) -> pd.DataFrame:
    coverage = panel.coverage(panel.expected)
    usable = ~coverage["state"].isin(["missing", "failed"])
    now = coverage[coverage["year"] == year].set_index("agency").reindex(coverage["agency"].unique())
    now["state"] = now["state"].fillna("missing")
    now["last"] = coverage[usable & (coverage["year"] < year)].groupby("agency")["year"].max()
    # an agency that had no report yet, and that neither a register nor expected.csv expects, misses none
    listed = () if panel.expected is None else panel.expected["agency"]
    should = () if panel.expected is None else expected_reports(panel.expected, [year])["agency"]
    known = now["last"].notna() & ~now.index.isin(listed) | now.index.isin(should)
    now = now[(now["state"] != "missing") | known | now["message"].notna()]
    chosen = pair.reports[pair.reports["chosen"] & (pair.reports["year"] == year)].set_index("agency")
    timely = indicators(pair, names=["publication_days", "late_publication"])
    timely = timely[timely["year"] == year].set_index("agency")
    days, late = (timely.loc[timely["indicator"] == name, "value"] for name in ("publication_days", "late_publication"))
    came = ~now["state"].isin(["missing", "failed"])
    counts = pd.crosstab(across["agency"], across["status"]).reindex(columns=["pass", "fail", "not_assessable"], fill_value=0)
    counts = counts[counts.index.isin(now.index[now["last"] == year - 1])]
    now = now.join([chosen[["published", "source"]], counts.rename(columns={"pass": "agree", "fail": "disagree"})])
    timing = late.map({0.0: "in_time", 1.0: "late"}).reindex(now.index).fillna("not_assessable")
    now["days"], now["timing"] = days, timing.where(came)
    now["failures"] = now["failures"].where(came)
    return now.rename_axis("agency").reset_index()[list(_REPORT_TYPES)].astype(_REPORT_TYPES)


def _changes(pair: Panel, year: int) -> pd.DataFrame:
    points = points_over_years(pair)
    now, before = (points[points["year"] == one].set_index(["agency", "name"]) for one in (year, year - 1))
    both = now.join(before[["value", "status", "line", "contradicted"]].add_suffix("_before"))
    both = both.rename(columns={"value_before": "before"})
    compared = (both["line"] == both["line_before"]).fillna(False)
    why = both["status"].where(both["value"].isna(), both["status_before"].fillna("no_report_before"))
    broken = both[["value", "before"]].notna().all(axis=1) & ~compared
    both["status"] = why.mask(broken, "break").mask(compared, "compared")
    both["change"] = (both["value"] - both["before"]).where(compared)
    return both.reset_index()[list(_CHANGE_TYPES)].astype(_CHANGE_TYPES)


def _findings(pair: Panel, year: int) -> pd.DataFrame:
    found = pair.findings
    found = found[(found["year"] == year) & (found["rule"].isin(RULES) | ~found["rule"].isin(loaded()))]
    order = {"status": ["fail", "not_assessable", "pass"], "severity": ["E", "W", "I"]}
    found = found.sort_values(list(order), key=lambda one: one.map(order[str(one.name)].index), kind="stable")
    return found[list(FINDING_TYPES)].reset_index(drop=True)


def rerun(
    new: NewYear,
    folder: str | PathLike[str],
    output: str | PathLike[str],
    *,
    notebooks: str | PathLike[str] | None = None,
    only: Collection[str] = (),
) -> tuple[Path, pd.DataFrame]:
    """Execute the notebooks of the new cases, and write the page of the year.

    What was executed before, and has not changed since, is not executed again: each agency has a copy of its own documents in
    ``agencies``, so that a report that comes later touches the notebooks of no other agency.

    Parameters
    ----------
    new : NewYear
        Its panel is kept on disk as long as the pages are made.
    folder : path or address
        That the panel was read from.
    output : path
        Takes ``new-year.html``, ``agencies`` and what `govstats.notebooks.reproduce` writes.
    notebooks : path, optional
        The folder of the templates; by default those that come with govstats.
    only : collection of str
        Numbers of notebooks, such as ``10``; all by default: 10, 30 and 50 for each new report, 20 where one has errors of
        severity E, 60 and 40 once.

    Returns
    -------
    page : pathlib.Path
        To open in a browser.
    manifest : pandas.DataFrame
        As of `govstats.notebooks.reproduce`.

    Raises
    ------
    NotebookError
        There is no such notebook.
    """
    source, output = Path(notebooks or templates()), Path(output)
    found = {number: find_template(number, source) for number in only or sorted((*_OF_A_REPORT, *_OF_A_FOLDER))}
    listed = _cases(new, folder, output, found)
    manifest = reproduce(source, output, listed=listed, resume=True)
    decision = ["decision"] * int(new.failed["decision"].notna().any())
    failed = new.failed[["severity", "agency", "rule", "message_zh", "message_en", *decision]]
    tables = {"failed": failed, "changes": new.table_of_changes(), "unusable": new.unusable}
    names = {name: " ".join(said) for name, said in chapter("headings").items()}
    text = fill_page(
        "new_year.html.j2",
        new=new,
        reports=new.table_of_reports().astype(object).where(lambda one: one.notna(), None).to_dict("records"),
        links=links(output, listed),
        headings=headings(source, listed),
        once=_OF_A_FOLDER,
        tables={name: show_frame(frame.rename(columns=names)) for name, frame in tables.items()},
        wrong=manifest[manifest["status"] == "failed"].to_dict("records"),
    )
    page = output / "new-year.html"
    write(page, text)
    return page, manifest


def _cases(new: NewYear, folder: str | PathLike[str], output: Path, found: Mapping[str, Path]) -> list[Case]:
    if new.new.empty:
        return []
    wrong = set(new.new.loc[new.new["state"] == "inconsistent", "agency"])
    whole = (("folder", str(new.panel.folder.resolve())),)
    first = new.table_of_reports().loc[lambda one: one["agency"].isin(new.new["agency"]), "agency"].iloc[0]
    listed = [Case(found[number].name, first, new.year, whole) for number in _OF_A_FOLDER if number in found]
    for agency in new.new["agency"]:
        own = output.resolve() / "agencies" / folder_name(agency)
        _copy_documents(new.panel, agency, folder, own)
        wanted = [found[number].name for number in _OF_A_REPORT if number in found and (number != "20" or agency in wrong)]
        listed += [Case(name, agency, new.year, (("folder", str(own)),)) for name in wanted]
    return listed


def _copy_documents(panel: Panel, agency: str, folder: str | PathLike[str], own: Path) -> None:
    """Lay the documents of an agency apart, with what the panel knows of them."""
    shutil.rmtree(own, ignore_errors=True)
    documents = panel.reports[(panel.reports["agency"] == agency) & panel.reports["error"].isna()]
    content = Folder.of(folder).content
    for source in documents["source"]:
        (own / source).parent.mkdir(parents=True, exist_ok=True)
        (own / source).write_bytes(content(source))
    register = documents.rename(columns={"source": "document"})[["document", *_REGISTERED]]
    register.to_csv(own / "register.csv", index=False)
