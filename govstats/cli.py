"""The command ``govstats``: thin over the library.

It ends with 0 when it is done, 1 when a report breaks a rule of severity E or a notebook fails, 2 when an input could not be
used.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import govstats
from govstats.errors import GovstatsError, MissingExtra, NotebookError, UnusableExport, UnusablePanel

if TYPE_CHECKING:
    import pandas as pd
    from distributed import Client

    from govstats.forms import Language

#: Adds a command: its name, its function and what the list of commands says of it.
_Command = Callable[[str, Callable[[argparse.Namespace], int], str], argparse.ArgumentParser]

DONE, FAILED, UNUSABLE = 0, 1, 2
_BROKEN_PIPE = 141  # what a shell reports for a program that SIGPIPE ended
_REPAIRS_SHOWN = 5
_SEVERITIES = ["E", "W", "I"]
_STATUSES = {
    "reported": "填报 reported",
    "blank": "空白 blank",
    "not_applicable": "不适用 not applicable",
    "unreadable": "无法判读 unreadable",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        By default those of the process.

    Returns
    -------
    int
        The exit status: 0 done, 1 the reports have errors of severity E or a notebook failed, 2 an input could not be used.

    Examples
    --------
    >>> main(["read", "没有这个文件.html"])
    2
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # Chinese, also where the system's own encoding has no room for it; file names as they came
            stream.reconfigure(encoding="utf-8", errors="surrogateescape")
    options = parser().parse_args(arguments)
    try:
        status: int = options.command(options)
        sys.stdout.flush()
    except GovstatsError as error:
        _complain(error)
        return UNUSABLE
    except BrokenPipeError:
        # Python flushes stdout once more when it ends; without this that would print a traceback
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _BROKEN_PIPE
    except KeyboardInterrupt:
        _complain("interrupted 已中断")
        return 130
    return status


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        super().error(f"{message}; see {self.prog} --help 命令写法有误，用法见 {self.prog} --help")


def parser() -> argparse.ArgumentParser:
    """Return what reads the command line."""
    parser = _Parser(
        prog="govstats",
        description="Read and reconcile annual reports on government information disclosure. 读取并勾稽政府信息公开年报。",
        epilog="Exit 0: done; 1: a report breaks a rule of severity E, or a notebook fails; 2: an input could not be used.",
    )
    parser.add_argument("--version", action="version", version=f"govstats {govstats.__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Callable[[argparse.Namespace], int], said: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=said)
        added.set_defaults(command=run)
        return added

    for add in (_add_reports, _add_panels, _add_notebooks):
        add(command)
    return parser


def _add_reports(command: _Command) -> None:
    read = command("read", _read, "show what a report says 显示年报内容")
    read.add_argument("file", metavar="FILE", type=Path)
    read.add_argument("--table", metavar="NAME", help="also a table as printed: proactive, requests, review, statistics")

    check = command("check", _check, "reconcile reports 勾稽核对")
    check.add_argument("files", metavar="FILE", type=Path, nargs="+")
    check.add_argument("--corrections", metavar="CSV", type=Path, help="apply documented corrections first 先作已知更正")
    check.add_argument("--rules", metavar="TOML", type=Path, help="also rules of your own 另加自己的规则")
    check.add_argument("--adjudications", metavar="CSV", type=Path, help="what was decided on findings 对核对结果的裁定")
    check.add_argument(
        "--workbook",
        metavar="XLSX",
        type=Path,
        help="of one FILE: its tables for Excel, with what fails and every repair 写成工作簿：各表标出不符之处及改法",
    )

    for one in (read, check):
        one.add_argument("--json", action="store_true", help="one JSON document, for a program to read")
        one.add_argument("--language", choices=["zh", "en"], help="of sentences and labels; by default sentences in both")

    rules = command("rules", _rules, "check rules of your own 检查自己的规则")
    rules.add_argument("action", choices=["check"], help="tell which follow from others, and which only zeros satisfy")
    rules.add_argument("file", metavar="FILE", type=Path, help="a TOML file; see docs/howto/own_rules.md")
    rules.add_argument("--language", choices=["zh", "en"], help="of sentences; by default both")

    explain = command("explain", _explain, "tell how a sentence is understood 解释一句话怎样读")
    explain.add_argument("sentence", metavar="SENTENCE", help="with figures, between quotation marks")
    explain.add_argument("--year", metavar="YEAR", type=int, help="of the report that it would stand in 报告年度")
    explain.add_argument(
        "--form", choices=["2008", "2019", "2021"], default="2021", help="version of the form; default: %(default)s"
    )
    explain.add_argument("--language", choices=["zh", "en"], help="of the rules; by default both")


def _add_panels(command: _Command) -> None:
    fetch = command("fetch", _fetch, "fetch reports from websites into a folder 从网站抓取年报")
    fetch.add_argument("addresses", metavar="URL|LIST", nargs="+", help="or files with an address a line 网址，或网址清单")
    fetch.add_argument("--into", metavar="FOLDER", type=Path, required=True, help="a folder that build reads; files there stay")
    fetch.add_argument("--links", metavar="REGEX", help="of link texts: the addresses are lists of reports 网址为列表页")
    fetch.add_argument("--delay", metavar="SECONDS", type=float, default=2.0, help="between two requests; default: %(default)s")
    fetch.add_argument("--agent", metavar="TEXT", help="how the program calls itself; name somebody who can be reached")
    fetch.add_argument("--private", action="store_true", help="allow addresses inside a network 允许内网地址")

    build = command("build", _build, "read a folder of reports into a panel 汇成面板数据")
    build.add_argument("folder", metavar="FOLDER", help="documents in any mix of formats; also an address such as s3://…")
    build.add_argument("-o", "--output", metavar="OUT", type=Path, required=True, help="where the panel is kept")
    build.add_argument("--agencies", metavar="CSV", type=Path, help="corrects the identities of agencies 更正机关名称")
    build.add_argument("--rules", metavar="TOML", type=Path, help="also rules of your own 另加自己的规则")
    build.add_argument(
        "--adjudications", metavar="CSV", type=Path, help="decisions on findings; else adjudications.csv in FOLDER"
    )
    build.add_argument("--scheduler", metavar="ADDRESS", help="of dask.distributed: read on its workers")

    january = command("new-year", _new_year, "what a new year's reports bring 新一年的年报")
    january.add_argument("folder", metavar="FOLDER", help="reports of all years, in any mix of formats 历年的年报")
    january.add_argument("--year", metavar="YEAR", type=int, help="the year reported on; by default the latest 报告年度")
    january.add_argument("--notebook", metavar="NUMBER", action="append", default=[], help="only this one; may be repeated")
    january.add_argument("--notebooks", metavar="FOLDER", type=Path, help="of the notebooks; by default those of govstats")
    january.add_argument("-o", "--output", metavar="OUT", type=Path, default=Path("build/new-year"), help="default: %(default)s")

    for one in (build, january):
        one.add_argument("--register", metavar="CSV", type=Path, help="what is known of the reports; else register.csv in FOLDER")
        one.add_argument("--processes", metavar="N", type=int, help="read in so many processes")

    export = command("export", _export, "write a panel for another program 导出面板数据")
    export.add_argument("panel", metavar="OUT", type=Path, help="what govstats build wrote")
    export.add_argument("--format", required=True, metavar="FORMAT", help="parquet duckdb csv xlsx dta sav datapackage")
    export.add_argument("-o", "--output", metavar="FILE", type=Path, required=True, help="a file; for datapackage a folder")
    export.add_argument("--language", choices=["zh", "en"], default="zh", help="of labels; default: %(default)s")
    export.add_argument("--shape", choices=["long", "wide"], help="one row a cell, or one row a report")


def _add_notebooks(command: _Command) -> None:
    run = command("run", _run, "execute one notebook for one report 为一份年报执行一个笔记本")
    run.add_argument("notebook", metavar="NOTEBOOK", help="its number (10), the beginning of its name, or a path")
    run.add_argument("--document", metavar="FILE", type=Path, help="a report of your own, in any format that is read 自己的年报")
    run.add_argument("--folder", metavar="FOLDER", type=Path, help="a folder of reports 自己的年报文件夹")
    run.add_argument("--agency", metavar="NAME", default="", help="whose report it is, if the document does not say so")
    run.add_argument("--year", metavar="YEAR", type=int, help="the year reported on 报告年度")
    run.add_argument("--set", metavar="NAME=VALUE", action="append", default=[], help="another parameter of the notebook")
    run.add_argument("--notebooks", metavar="FOLDER", type=Path, help="of the notebooks; by default those of govstats")
    run.add_argument("-o", "--output", metavar="OUT", type=Path, default=Path("build/run"), help="default: %(default)s")

    write = command("notebooks", _notebooks, "write the notebooks into a folder of your own 写出笔记本")
    write.add_argument("folder", metavar="DIR", type=Path)

    exercises = command("exercises", _exercises, "write the exercises, without solutions 写出练习（学生版）")
    exercises.add_argument("folder", metavar="DIR", type=Path)
    exercises.add_argument("--solutions", action="store_true", help="the masters, for the teacher and nbgrader 教师版，含答案")

    slides = command("slides", _slides, "make the slides of the course, a page a lecture 生成课程幻灯片")
    slides.add_argument("folder", metavar="DIR", type=Path)

    again = command("reproduce", _reproduce, "execute the notebooks for every listed case 逐份执行笔记本")
    again.add_argument("--notebooks", metavar="FOLDER", type=Path, default=Path("notebooks"), help="with templates and cases.csv")
    again.add_argument("-o", "--output", metavar="OUT", type=Path, default=Path("build/reproduce"), help="default: %(default)s")
    again.add_argument("--resume", action="store_true", help="skip what is done and has not changed since")
    again.add_argument("--case", metavar="NAME", action="append", help="only this one (平潭综合实验区-2025); may be repeated")
    again.add_argument("--update", action="store_true", help="also rewrite the reference runs that the tests compare with")


def _complain(message: object) -> None:
    print("govstats:", " ".join(str(message).split()), file=sys.stderr)


def _opened(file: Path, read: Callable[[Path], govstats.Report]) -> govstats.Report | Exception:
    """Read a file, or say why it cannot be used."""
    try:
        return read(file)
    except (GovstatsError, OSError) as error:
        _complain(error if file.name in str(error) else f"{file}: {error}")
        return error


def _read(options: argparse.Namespace) -> int:
    report = _opened(options.file, govstats.read)
    if isinstance(report, Exception):
        return UNUSABLE
    cells, table = report.cells, None
    if options.table:
        cells = cells[cells["table"] == options.table]
        table = report.table(options.table, language=options.language or "zh")
    if options.json:
        frames = {"cells": cells, "claims": report.claims, "notes": report.notes}
        _print_json(_identity(report) | {name: _records(frame) for name, frame in frames.items()})
        return DONE
    counts = Counter(report.cells["status"])
    print(_headline(report))
    print("  单元格 cells:", " · ".join([str(counts.total()), *(f"{_STATUSES[status]} {counts[status]}" for status in counts)]))
    print("  正文所称 claims:", len(report.claims))
    print("  说明 notes:", len(report.notes))
    for note in _records(report.notes):
        place = f" ({note['place']})" if note["place"] else ""
        print(f"  - {note['kind']}{place}:", _sentence(note, options.language, "\n    "))
    if table is not None:
        print(f"\n{_for_terminal(table)}")
    return DONE


def _rules(options: argparse.Namespace) -> int:
    found = govstats.check_rules(options.file)
    for row in _records(found):
        print("  ✗", row["rule"], row["found"], f"({row['form']})", _sentence(row, options.language, "\n    "))
    print(f"有问题的勾稽式 edits to look at {len(found)}")
    return FAILED if len(found) else DONE


def _explain(options: argparse.Namespace) -> int:
    from govstats.recognition.explanations import explain_sentence

    found = explain_sentence(options.sentence, year=options.year, form=options.form)
    for one in found:
        print(one.text(options.language))
    if not found:
        print("没有计数的数字，也没有“均”“未”一类的词 no figure that counts something, and no word for all or nothing")
    return DONE


def _reader_of(files: Sequence[Path]) -> Callable[[Path], govstats.Report]:
    """Return what reads a file: of several each in a process that may die, where the extra ``panel`` is installed."""
    if len(files) > 1:
        with suppress(ImportError):
            from govstats.panel.workers import in_a_process

            return lambda file: in_a_process(file.name, govstats.read, file.absolute())
    return govstats.read


def _check(options: argparse.Namespace) -> int:
    if options.workbook and (len(options.files) > 1 or options.workbook.resolve() == options.files[0].resolve()):
        raise UnusableExport(
            f"--workbook {options.workbook}: expected one FILE and another file to write to 只能核对一份文件，且不能写回原文件"
        )
    checked: list[dict[str, Any]] = []
    refused: list[dict[str, Any]] = []
    failed = False
    read = _reader_of(options.files)
    for file in options.files:
        report = _opened(file, read)
        if isinstance(report, Exception):
            refused.append({"source": str(file), "error": type(report).__name__, "message": str(report)})
            continue
        findings = govstats.reconcile(
            report, rules=options.rules, corrections=options.corrections, adjudications=options.adjudications
        )
        wrong = findings[(findings["status"] == "fail") & findings["decision"].ne("dismissed")]
        repairs = govstats.repairs(report, rules=options.rules, corrections=options.corrections)
        if options.workbook:
            _write_workbook(options.workbook, report, findings, repairs, options.language or "zh")
        failed = failed or bool((wrong["severity"] == "E").any())
        counts = {status: int((findings["status"] == status).sum()) for status in ("fail", "pass", "not_assessable")}
        if options.json:
            checked.append(_identity(report) | {"counts": counts, "findings": _records(findings), "repairs": _records(repairs)})
            continue
        print(_headline(report))
        worst_first = wrong.sort_values("severity", key=lambda column: column.map(_SEVERITIES.index), kind="stable")
        for finding in _records(worst_first):
            decision = f" ({finding['decision']})" if finding["decision"] else ""
            print("  ✗", finding["severity"], finding["rule"] + decision, _sentence(finding, options.language, "\n         "))
        one_each = _records(repairs.drop_duplicates("repair"))
        for repair in one_each[:_REPAIRS_SHOWN]:
            print("  →", _sentence(repair, options.language, "\n    "))
        if len(one_each) > _REPAIRS_SHOWN:
            print(f"  → 另有 {len(one_each) - _REPAIRS_SHOWN} 种改法，见 --json; more repairs with --json")
        print(f"  不符 failed {counts['fail']} · 相符 passed {counts['pass']}", end=" · ")
        print(f"无法核对 not assessable {counts['not_assessable']}", flush=True)
    if options.json:
        _print_json({"reports": checked, "refused": refused})
    elif options.workbook and not refused:
        print(f"打开 open {options.workbook}")
    return UNUSABLE if refused else FAILED if failed else DONE


def _write_workbook(
    path: Path, report: govstats.Report, findings: pd.DataFrame, repairs: pd.DataFrame, language: Language
) -> None:
    from govstats.display import show_table
    from govstats.export.checked import write_checked

    tables = [show_table(report, table.id, language=language) for table in report.statutory_form.tables]
    write_checked(path, _headline(report).partition("\n")[0], tables, findings, repairs, language=language)


def _fetch(options: argparse.Namespace) -> int:
    from govstats.fetching import fetch

    lists = [given for given in options.addresses if "://" not in given and Path(given).is_file()]
    lines = [Path(given).read_text("utf-8-sig", "replace").split() if given in lists else [given] for given in options.addresses]
    named = {"agent": options.agent} if options.agent else {}
    rows = fetch(
        [address for some in lines for address in some],
        options.into,
        links=options.links,
        delay=options.delay,
        private=options.private,
        **named,
    )
    for row in _records(rows):
        print(f"{row['status']:13} {row['address']}  {row['document'] or row['reason']}")
    counts = rows["status"].value_counts()
    print(" · ".join(f"{status} {count}" for status, count in counts.items()))
    return DONE if {"new", "changed", "unchanged"} & set(counts.index) else UNUSABLE


def _build(options: argparse.Namespace) -> int:
    with _client(options.scheduler) as client:
        panel = govstats.read_corpus(
            options.folder,
            output=options.output,
            register=options.register,
            agencies=options.agencies,
            rules=options.rules,
            adjudications=options.adjudications,
            client=client,
            processes=options.processes,
        )
    from govstats.panel import STATES

    failed = panel.reports[panel.reports["error"].notna()]
    for row in _records(failed):
        about = row["source"] or "-".join(str(row[name]) for name in ("agency", "year") if row[name] is not None)
        _complain_of_document(about, row)
    documents, chosen_ones = int(panel.reports["source"].notna().sum()), int(panel.reports["chosen"].sum())
    print(f"文件 documents {documents} · 年报 reports {chosen_ones} · 未能使用 not usable {len(failed)}")
    if panel.others:
        print(f"  其余文件未读 other files {len(panel.others)}: {', '.join(panel.others[:5])}{' …' * (len(panel.others) > 5)}")
    decisions = panel.findings["decision"].value_counts()
    if len(decisions):
        print("  裁定 decisions:", " · ".join(f"{word} {count}" for word, count in decisions.items()))
    counts = panel.coverage()["state"].value_counts()
    for state, (zh, en) in STATES.items():
        if count := counts.get(state):
            print(f"  {zh} {en}: {count}")
    print(f"打开 open {options.output}")
    return DONE if chosen_ones else UNUSABLE


def _client(scheduler: str | None) -> AbstractContextManager[Client | None]:
    """Connect with a cluster, if one is given."""
    if not scheduler:
        return nullcontext()
    try:
        from distributed import Client
    except ImportError as error:
        raise MissingExtra.of("--scheduler", error, "scale") from error
    try:
        client: Client = Client(scheduler)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise UnusablePanel(
            f"--scheduler {scheduler}: cannot be reached: {error}; start one: dask scheduler"
            " 连接不上调度器，请先启动：dask scheduler"
        ) from error
    return client


def _export(options: argparse.Namespace) -> int:
    from govstats.export import export

    export(options.panel, options.output, options.format, language=options.language, shape=options.shape)
    print(f"打开 open {options.output}")
    return DONE


def _run(options: argparse.Namespace) -> int:
    from govstats import notebooks

    template = notebooks.find_template(options.notebook, options.notebooks)
    unclear = [text for text in options.set if "=" not in text]
    if unclear:
        raise NotebookError(f"--set {unclear[0]}: expected NAME=VALUE, such as --set indicator=refusal_rate 应为 名称=值")
    own = {name: str(path.resolve()) for name in ("document", "folder") if (path := getattr(options, name))}
    missing = [path for path in own.values() if not Path(path).exists()]
    if missing:
        raise NotebookError(f"{missing[0]}: no such file or folder 没有这个文件或文件夹")
    given = {name: notebooks.as_parameter(value) for name, _, value in (text.partition("=") for text in options.set)}
    case = notebooks.Case(template.name, options.agency, options.year, tuple((own | given).items()))
    page, error = notebooks.run(case, options.output, notebooks=template.parent)
    if error:
        _complain(f"{template.name}: {error}")
    print(f"打开 open {page}")
    return FAILED if error else DONE


def _new_year(options: argparse.Namespace) -> int:
    from govstats.january import rerun

    if options.output.resolve().is_relative_to(Path(options.folder).resolve()):
        raise UnusablePanel(
            f"{options.output}: lies in {options.folder}, so that its pages would be read as reports the next time; give another "
            "folder: -o OUT 输出文件夹在年报文件夹之内，下次会被当作年报来读，请另选"
        )
    read = {"output": options.output / "panel", "register": options.register, "processes": options.processes}
    new = govstats.new_year(govstats.read_corpus(options.folder, **read), options.year)
    print(new.summary())
    for document in _records(new.unusable):
        _complain_of_document(document["source"] or document["agency"], document)
    shown = new.table_of_reports()
    for column, said in (("state", "未见报告 no document"), ("timing", "逾期 late")):
        if names := list(shown.loc[shown[column] == said, "agency"]):
            print(f"  {said}: {'、'.join(names)}")
    for finding in _records(new.failed):
        print("  ✗", finding["severity"], finding["rule"], finding["agency"], _sentence(finding, None, "\n         "))
    page, manifest = rerun(new, options.folder, options.output, notebooks=options.notebooks, only=options.notebook)
    wrong = _complain_of_runs(manifest)
    print(f"打开 open {page}")
    return FAILED if wrong or bool(new.new["failures"].sum()) else DONE


def _notebooks(options: argparse.Namespace) -> int:
    from govstats.notebooks import write_templates

    for path in write_templates(options.folder):
        print(path)
    print(f"执行 run: govstats reproduce --notebooks {options.folder}")
    return DONE


def _exercises(options: argparse.Namespace) -> int:
    from govstats.teaching import write_exercises

    for path in write_exercises(options.folder, solutions=options.solutions):
        print(path)
    return DONE


def _slides(options: argparse.Namespace) -> int:
    from govstats.teaching import write_slides

    for page in write_slides(options.folder):
        print(f"打开 open {page}")
    return DONE


def _reproduce(options: argparse.Namespace) -> int:
    from govstats.notebooks import reproduce

    manifest = reproduce(options.notebooks, options.output, resume=options.resume, only=options.case, update=options.update)
    if options.case:  # what failed in an earlier batch is not news
        manifest = manifest[(manifest["agency"] + "-" + manifest["year"].astype("str")).isin(options.case)]
    wrong = _complain_of_runs(manifest)
    counts = manifest["status"].value_counts()
    print(
        f"完成 done {counts.get('done', 0)} · 沿用 skipped {counts.get('skipped', 0)} · 失败 failed {wrong}"
        f" · 打开 open {options.output / 'index.html'}"
    )
    return FAILED if wrong else DONE


def _complain_of_document(about: str | None, row: dict[str, Any]) -> None:
    _complain(": ".join(filter(None, [about, row["error"], row["message"]])))


def _complain_of_runs(manifest: pd.DataFrame) -> int:
    """Say which notebooks failed; return how many."""
    wrong = manifest[manifest["status"] == "failed"]
    for row in wrong.itertuples():
        _complain(f"{row.notebook} {row.agency} {row.year}: {row.error}")
    return len(wrong)


def _headline(report: govstats.Report) -> str:
    form = report.statutory_form
    return (
        f"{report.agency or '机关不明 agency unknown'} {report.year or '年度不明 year unknown'}"
        f" · {form.zh} {form.en}\n  {report.title or '无标题 no title'} · {report.source} ({report.format})"
    )


def _sentence(row: dict[str, Any], language: str | None, between: str) -> str:
    languages = [language] if language else ["zh", "en"]
    return between.join(row[f"message_{one}"] for one in languages)


def _for_terminal(table: pd.DataFrame) -> str:
    """Lay a table out with its stub as one indented column, which the width of a terminal asks for."""
    import pandas as pd

    if len(table) == 1:  # the table on reconsideration and litigation has its lines side by side
        table = table.T
    stub: list[str] = []
    rows: list[list[str]] = []
    above: list[str] = []
    for index, figures in zip(table.index, table.to_numpy().tolist(), strict=True):
        path = _labels(index)
        for depth, label in enumerate(path, start=1):
            if depth == len(path) or above[:depth] != path[:depth]:
                stub.append("  " * (depth - 1) + label)
                rows.append(figures if depth == len(path) else [""] * len(figures))
        above = path
    header = ["".join(_labels(column)[-1:]) for column in table.columns]
    with pd.option_context("display.unicode.east_asian_width", True):
        return pd.DataFrame(rows, index=stub, columns=header).to_string(header=any(header))


def _labels(index: str | tuple[str, ...]) -> list[str]:
    return list(filter(None, [index] if isinstance(index, str) else index))


def _identity(report: govstats.Report) -> dict[str, Any]:
    fields = ("agency", "year", "form", "title", "source", "format", "sha256")
    sections = [section._asdict() for section in report.sections]
    return {name: getattr(report, name) for name in fields} | {"sections": sections}


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a frame as JSON has them, with null for what is missing."""
    rows: list[dict[str, Any]] = json.loads(frame.to_json(orient="records", date_format="iso", double_precision=15))
    return rows


def _print_json(document: dict[str, Any]) -> None:
    print(json.dumps(document, ensure_ascii=False, indent=1))
