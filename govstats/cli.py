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
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import govstats
from govstats.errors import GovstatsError, MissingExtra, NotebookError, UnusableExport, UnusablePanel
from govstats.files import package_data

if TYPE_CHECKING:
    import pandas as pd
    from distributed import Client

    from govstats.forms import Language

DONE, FAILED, UNUSABLE = 0, 1, 2
_BROKEN_PIPE = 141  # what a shell reports for a program that SIGPIPE ended
_TYPES: dict[str, Callable[[str], Any]] = {"path": Path, "whole": int, "number": float}


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
        status: int | None = options.command(options)
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
    return status or DONE


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        super().error(f"{message}; see {self.prog} --help 命令写法有误，用法见 {self.prog} --help")


def parser() -> argparse.ArgumentParser:
    """Return what reads the command line, as ``cli.toml`` describes it."""
    said = package_data("cli.toml")
    parser = _Parser(prog="govstats", **said["program"])
    parser.add_argument("--version", action="version", version=f"govstats {govstats.__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, command in said["commands"].items():
        added = commands.add_parser(name, help=command["help"])
        added.set_defaults(command=globals()[f"_{name.replace('-', '_')}"])
        shared = {argument: said["shared"][argument] for argument in command.get("shared", ())}
        for argument, how in (command["arguments"] | shared).items():
            added.add_argument(*argument.split(), **how | ({"type": _TYPES[how["type"]]} if "type" in how else {}))
    return parser


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
    counts, notes = Counter(report.cells["status"]), _records(report.notes)
    _tell("read", report, counts, notes, options.language, "" if table is None else _for_terminal(table))
    return DONE


def _rules(options: argparse.Namespace) -> int:
    from govstats.measures import definitions

    found = govstats.check_rules(options.file)
    definitions(options.file)  # refuses indicators that cannot be worked out
    _tell("rules", _records(found), options.language)
    return FAILED if len(found) else DONE


def _explain(options: argparse.Namespace) -> None:
    from govstats.recognition.claims import explain_sentence

    found = explain_sentence(options.sentence, year=options.year, form=options.form)
    _tell("explained", [one.text(options.language) for one in found])


def _check(options: argparse.Namespace) -> int:
    from govstats.reconciliation.findings import standing
    from govstats.sources import read_apart

    if options.workbook and (len(options.files) > 1 or options.workbook.resolve() == options.files[0].resolve()):
        raise UnusableExport.worded("one_workbook", workbook=options.workbook)
    checked: list[dict[str, Any]] = []
    refused: list[dict[str, Any]] = []
    failed = False
    read = read_apart if len(options.files) > 1 else govstats.read
    for file in options.files:
        report = _opened(file, read)
        if isinstance(report, Exception):
            refused.append({"source": str(file), "error": type(report).__name__, "message": str(report)})
            continue
        findings = govstats.reconcile(
            report, rules=options.rules, corrections=options.corrections, adjudications=options.adjudications
        )
        wrong = standing(findings)
        repairs = govstats.repairs(report, rules=options.rules, corrections=options.corrections)
        if options.workbook:
            _write_workbook(options.workbook, report, findings, repairs, options.language or "zh")
        failed = failed or bool((wrong["severity"] == "E").any())
        counts = {status: int((findings["status"] == status).sum()) for status in ("fail", "pass", "not_assessable")}
        if options.json:
            checked.append(_identity(report) | {"counts": counts, "findings": _records(findings), "repairs": _records(repairs)})
            continue
        _tell("checked", report, _records(wrong), _records(repairs.drop_duplicates("repair")), counts, options.language)
    if options.json:
        _print_json({"reports": checked, "refused": refused})
    elif options.workbook and not refused:
        print(f"打开 open {options.workbook}")
    return UNUSABLE if refused else FAILED if failed else DONE


def _write_workbook(
    path: Path, report: govstats.Report, findings: pd.DataFrame, repairs: pd.DataFrame, language: Language
) -> None:
    from govstats.display import fill, show_table

    try:
        from govstats.export.workbook import write_checked
    except ImportError as error:
        raise MissingExtra.of("--workbook", error, "export") from error

    title = fill("headline", report, template="terminal.txt.j2").partition("\n")[0]
    tables = [show_table(report, table.id, language=language) for table in report.statutory_form.tables]
    write_checked(path, title, tables, findings, repairs, language=language)


def _fetch(options: argparse.Namespace) -> int:
    addresses: list[str] = []
    for given in options.addresses:
        is_list = "://" not in given and Path(given).is_file()
        addresses += Path(given).read_text("utf-8-sig", "replace").split() if is_list else [given]
    named = {"agent": options.agent} if options.agent else {}
    rows = govstats.fetch(addresses, options.into, links=options.links, delay=options.delay, private=options.private, **named)
    counts = Counter(rows["status"])
    _tell("fetched", _records(rows), counts)
    return DONE if {"new", "changed", "unchanged"} & counts.keys() else UNUSABLE


def _build(options: argparse.Namespace) -> int:
    with _client(options.scheduler) as client:
        panel = govstats.read_corpus(options.folder, output=options.output, client=client, **_how_to_read(options))
    from govstats.panel import STATES

    failed = panel.reports[panel.reports["error"].notna()]
    for row in _records(failed):
        _complain_of_document(row)
    documents, chosen_ones = int(panel.reports["source"].notna().sum()), int(panel.reports["chosen"].sum())
    counts = panel.coverage(panel.expected)["state"].value_counts()
    states = [(said, counts[state]) for state, said in STATES.items() if state in counts]
    decisions = panel.findings["decision"].value_counts().to_dict()
    _tell("built", documents, chosen_ones, len(failed), panel.others, decisions, states, options.output)
    return DONE if chosen_ones else UNUSABLE


def _how_to_read(options: argparse.Namespace) -> dict[str, Any]:
    return {name: getattr(options, name) for name in ("register", "agencies", "rules", "adjudications", "processes")}


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
        raise UnusablePanel.worded("no_scheduler", scheduler=scheduler, error=error) from error
    return client


def _export(options: argparse.Namespace) -> None:
    from govstats.export import export

    export(options.panel, options.output, options.format, language=options.language, shape=options.shape)
    print(f"打开 open {options.output}")


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
        raise UnusablePanel.worded("output_among_reports", output=options.output, folder=options.folder)
    panel = govstats.read_corpus(options.folder, output=options.output / "panel", **_how_to_read(options))
    new = govstats.new_year(panel, options.year)
    for document in _records(new.unusable):
        _complain_of_document(document)
    _tell("new_year", new.summary(), _records(new.table_of_reports()), _records(new.failed))
    page, manifest = rerun(new, options.folder, options.output, notebooks=options.notebooks, only=options.notebook)
    wrong = _complain_of_runs(manifest)
    print(f"打开 open {page}")
    return FAILED if wrong or bool(new.new["failures"].sum()) else DONE


def _notebooks(options: argparse.Namespace) -> None:
    from govstats.notebooks import write_templates

    print(*write_templates(options.folder), sep="\n")
    print(f"执行 run: govstats reproduce --notebooks {options.folder}")


def _exercises(options: argparse.Namespace) -> None:
    from govstats.teaching import write_exercises

    print(*write_exercises(options.folder, solutions=options.solutions), sep="\n")


def _slides(options: argparse.Namespace) -> None:
    from govstats.teaching import write_slides

    for page in write_slides(options.folder):
        print(f"打开 open {page}")


def _reproduce(options: argparse.Namespace) -> int:
    from govstats.notebooks import reproduce

    manifest = reproduce(options.notebooks, options.output, resume=options.resume, only=options.case, update=options.update)
    if options.case:  # what failed in an earlier batch is not news
        manifest = manifest[(manifest["agency"] + "-" + manifest["year"].astype("str")).isin(options.case)]
    wrong = _complain_of_runs(manifest)
    _tell("reproduced", Counter(manifest["status"]), options.output / "index.html")
    return FAILED if wrong else DONE


def _complain_of_document(row: dict[str, Any]) -> None:
    about = row["source"] or "-".join(str(row[name]) for name in ("agency", "year") if row[name] is not None)
    _complain(": ".join(filter(None, [about, row["error"], row["message"]])))


def _complain_of_runs(manifest: pd.DataFrame) -> int:
    """Say which notebooks failed; return how many."""
    wrong = manifest[manifest["status"] == "failed"]
    for row in wrong.itertuples():
        _complain(f"{row.notebook} {row.agency} {row.year}: {row.error}")
    return len(wrong)


def _tell(macro: str, *fields: object) -> None:
    from govstats.display import fill

    print(fill(macro, *fields, template="terminal.txt.j2").rstrip("\n"), flush=True)


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
