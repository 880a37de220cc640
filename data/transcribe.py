"""Draft the rows of a report for ``reports.csv`` and ``figures.csv``, to be compared with the original figure by figure.

    python data/transcribe.py FILE SLUG

Figures are those that govstats reads; what it leaves undecided, and what the document lacks, becomes ``?``. As long as a ``?`` is
left, ``typeset.py`` refuses to typeset. The corpus is what reading is measured against: a draft that nobody has compared with the
original measures nothing.

为一份年报草拟 reports.csv 和 figures.csv 的各行，须与原件逐格核对；没有判读出来的写作“?”，全部改定以前 typeset.py 不排印。
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import govstats
from govstats.agencies import identify

HERE = Path(__file__).resolve().parent


def draft(report: govstats.Report, slug: str) -> tuple[dict[str, str], list[dict[str, str]]]:
    """Return the row of the register and the rows of figures of a report."""
    if report.agency is None or report.year is None:
        raise SystemExit(f"{report.source}: does not say whose report of which year it is; expected both 没有写明机关或年度")
    who = identify([report.agency], years=[report.year]).iloc[0]
    known = {name: "" if who.isna()[name] else str(who[name]) for name in ("agency", "level", "region", "region_code")}
    said = {"slug": slug, "year": str(report.year), "form": str(report.form), "title": report.title or "?"}
    published = report.published.isoformat() if report.published else ""
    printed = {cell.key: cell.printed for cell in report.read_cells if cell.status != "unreadable"}
    keys = printed if report.statutory_form.tables[0].open else dict.fromkeys([*report.statutory_form.cells, *printed])
    of_report = {"agency": known["agency"], "year": said["year"], "form": said["form"]}
    figures = [
        of_report | {"table": table, "line": line, "column": column, "printed": printed.get((table, line, column), "?")}
        for table, line, column in keys
    ]
    return said | known | {"publication_date": published, "source_address": "", "remark_zh": "", "remark_en": ""}, figures


def added(name: str, rows: Sequence[Mapping[str, str]]) -> None:
    """Put rows behind those of a table, in the order of its columns."""
    with (HERE / name).open(encoding="utf-8", newline="") as file:
        columns = next(csv.reader(file))
    with (HERE / name).open("a", encoding="utf-8", newline="") as file:
        csv.DictWriter(file, columns, lineterminator="\n").writerows(rows)


def main(arguments: Sequence[str]) -> int:
    """Add the rows, and say how many figures are still to be found."""
    if len(arguments) != 2:
        sys.stderr.write("usage: python data/transcribe.py FILE SLUG\n")
        return 2
    file, slug = arguments
    with (HERE / "reports.csv").open(encoding="utf-8", newline="") as register:
        if slug in {row["slug"] for row in csv.DictReader(register)}:
            sys.stderr.write(f"data/reports.csv: has a report {slug} already; choose another name 已有同名年报，请另起名\n")
            return 2
    report, figures = draft(govstats.read(file), slug)
    added("reports.csv", [report])
    added("figures.csv", figures)
    unknown = sum(row["printed"] == "?" for row in figures)
    sys.stdout.write(
        f"{len(figures)} figures, {unknown} of them ?: compare each with the original, then run data/typeset.py "
        f"共 {len(figures)} 格，其中 {unknown} 格待补；请与原件逐格核对，再运行 data/typeset.py\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
