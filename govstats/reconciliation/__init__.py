"""Reconciliation (勾稽): the rules of a form applied to the figures that reports print."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd

from govstats.reconciliation.comparison import FormatComparison, check_what_is_beside, compare_formats
from govstats.reconciliation.corrections import Corrections, as_corrected, decided
from govstats.reconciliation.edits import check_edits, check_edits_over_years
from govstats.reconciliation.findings import FINDING_TYPES, Findings
from govstats.reconciliation.matrix import ManyReports, Source, known_of, matrices
from govstats.reconciliation.prose import check_prose, said_in
from govstats.reconciliation.rulebook import RulesFile, check_rules, loaded, rules
from govstats.reconciliation.structure import check_structure

__all__ = [
    "FINDING_TYPES",
    "FormatComparison",
    "ManyReports",
    "Source",
    "check_rules",
    "compare_formats",
    "reconcile",
    "rules",
]


def reconcile(
    source: Source,
    *,
    rules: RulesFile | None = None,
    corrections: Corrections | None = None,
    adjudications: Corrections | None = None,
    claims: pd.DataFrame | None = None,
    texts: pd.DataFrame | None = None,
    vintages: pd.DataFrame | None = None,
    reports: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Apply every rule to reports; a failed rule is a row, never an exception.

    Parameters
    ----------
    source : Report, DataFrame or panel
        A report; or cells with the columns of `Report.cells`, of any number of agencies and years; or a panel, which has cells
        and all that follows. Only a report knows its sections (S01), what could not be read (S03) and its text (S06, NE, NF).
        The rules across years have findings where the report of the year before is there too.
    rules : path, optional
        A file of rules of your own, checked beside ours; ``docs/howto/own_rules.md`` shows how one is written.
    corrections : path or DataFrame, optional
        Documented corrections to apply first, as `govstats.correct` takes them.
    adjudications : path or DataFrame, optional
        What people decided on findings, as `govstats.reconciliation.corrections.read_adjudications` takes it: `decision` says so.
        Give the table as `corrections` too, and what it corrects is applied.
    claims : DataFrame, optional
        What the prose claims, with the columns of `Report.claims`: NT, NS, NC and NZ hold it against the cells of the same agency
        and year, T3Y against those of the year beside where a table lacks a figure. A column ``report_year`` tells in the report
        of which year a claim stands: what a report says of the year before is held against that year as such. The claims of the
        report, if left out; without claims these rules have no findings.
    texts : DataFrame, optional
        The prose as numbers, ``agency year sketch`` (as of `reuse.sketch`): XD measures how much of it stood in the report of the
        year before.
    vintages : DataFrame, optional
        The cells of further documents of the same reports, with ``vintage`` and ``source`` beside the columns of `Report.cells`:
        XV for a republished vintage, XF for another format of the same.
    reports : DataFrame, optional
        ``agency year`` with ``parent`` and ``summary``: XH holds a report that says it is a summary against the sum over the
        agencies below; with ``vintage source chosen``: of what vintage the cells are (the first, if left out).

    Returns
    -------
    pandas.DataFrame
        One row for each rule and what it applies to, reports in the order of the frame, rules in the order of the form. Columns
        ``rule severity status agency year table expected reported difference cells message_zh message_en decision``.

        `status` is ``pass``, ``fail`` or ``not_assessable``: a rule whose cells are missing, blank, not applicable or unreadable
        was not passed, a blank is not a zero. Where the known parts alone exceed the total, no figure in the blank could help
        and the rule fails. `expected` is the sum of the parts (the lower bound where the rule is an inequality) or what the prose
        claims, `reported` what the form prints for it, in the form's unit (a total or a change that the prose claims, in NS and
        NC), and `difference` is `reported` − `expected`; null where a side is not known.
        `cells` names all cells the rule looks at, ``table/line/column`` joined by semicolons:
        ``findings.cells.str.split(";")`` gives lists; of two years those of the later one, to which the finding belongs.
        `table` is null where a rule speaks of the whole report. `decision` is ``confirmed``, ``dismissed`` or ``corrected`` where
        somebody decided so, ``stale`` where the figures have changed since, null elsewhere; it changes nothing of the finding.

    Raises
    ------
    FormError
        The file of rules cannot be read, or has a rule that cannot be applied; the message names the place.
    UnusableCells
        The frame lacks one of the columns ``agency year form table line column value status``, or the claims lack one.

    Notes
    -----
    The rules are data: their titles, severities and sources in ``rules()``, their equations with the forms. The equations of all
    reports that print the same lines are checked by one sparse matrix product. Balance edits follow the form itself
    (国办公开办函〔2021〕30号), which prints the relation of T3B.

    Examples
    --------
    A block of the table on reconsideration and litigation whose total was not filled in properly:

    >>> import pandas as pd
    >>> from govstats import reconcile
    >>> figures = {"upheld": 10, "corrected": 1, "other": 0, "pending": 0, "total": 0}
    >>> cells = pd.DataFrame(
    ...     [("某区", 2023, "2021", "review", "reconsideration", column, value, "reported") for column, value in figures.items()],
    ...     columns=["agency", "year", "form", "table", "line", "column", "value", "status"],
    ... )
    >>> failed = reconcile(cells).query("rule == 'T4S' and status == 'fail'")
    >>> failed.message_zh.item()
    '“行政复议”：结果维持 10＋结果纠正 1＋其他结果 0＋尚未审结 0＝11，而表上总计为 0，比各项之和少 11。'

    A text that claims more requests than its table has, because it adds those carried over:

    >>> from govstats import embedded
    >>> conflicts = reconcile(embedded.report("沭阳县人民政府", 2025)).query("rule == 'NT' and status == 'fail'")
    >>> conflicts[["cells", "expected", "reported"]].values.tolist()
    [['requests/new/total', 749.0, 713.0], ['requests/new/natural_person', 741.0, 705.0]]
    """
    known = known_of(as_corrected(source, corrections))
    given: dict[str, Any] = {"claims": claims, "texts": texts, "vintages": vintages, "reports": reports}
    known = replace(known, **{name: frame for name, frame in given.items() if frame is not None})
    by_form = matrices(known.cells, known.without_cells)
    findings = Findings(loaded(rules))
    check_structure(by_form, findings, known)
    for matrix in by_form.matrices:
        check_edits(matrix, findings)
    told = known.claims
    if told is None and known.report is not None:
        told = known.report.claims.assign(report_year=known.report.year)
    said = said_in(told)
    check_prose(by_form, findings, said)
    check_edits_over_years(by_form, findings, () if known.claims is None else said)
    check_what_is_beside(by_form, findings, known)
    frame = findings.frame(by_form.reports)
    return frame if adjudications is None else decided(frame, source, adjudications, findings.rules)
