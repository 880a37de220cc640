"""Notebook templates, executed by nbclient: cases with their parameters, runs with their pages, and the batch of all cases."""

from __future__ import annotations

import ast
import asyncio
import hashlib
import json
import os
import re
import shutil
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from io import StringIO
from pathlib import Path
from subprocess import DEVNULL
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

from govstats import embedded
from govstats.api import Report
from govstats.display import PAGES, fill_page
from govstats.documents.limits import bound_memory
from govstats.errors import GovstatsError, MissingExtra, NotebookError, UnknownReport
from govstats.figures import quality_by_report, quality_map
from govstats.figures.drawing import in_digits
from govstats.figures.over_years import REASONS
from govstats.files import lines_of, write
from govstats.files import sha256 as file_sha256
from govstats.measures import definitions, indicators
from govstats.report import column_types, sources_sha256
from govstats.sources import choose_reports, read_apart

try:
    import nbformat
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError
    from nbformat import NotebookNode
    from nbformat.v4 import new_code_cell, new_notebook
except ImportError as missing:
    raise MissingExtra.of("a notebook", missing, "notebooks") from missing

#: Whose report something is: the agency and the year.
_Whose = tuple[str | None, int | None]
#: The indicators that the first page of a batch shows of each report.
SHOWN = ("disclosure_rate", "refusal_rate", "unable_rate", "carry_over_rate", "correction_rate")
#: The columns of the manifest of a batch, with their types.
MANIFEST_TYPES = column_types("notebook agency year:Int64 status seconds:Float64 error input_sha256 parameters")

#: Parameters that say where reports of one's own stand.
_OWN = ("folder", "document")
_CASE_COLUMNS = ["notebook", "agency", "year"]
#: What a folder cannot bear in its name.
_NO_NAME = re.compile(r'[\\/:*?"<>|]')
#: Bytes of a name that every file system takes, with room for a suffix.
_LONGEST_NAME = 200
_INJECTED = "injected-parameters"
_KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
#: Makes the outputs of a kernel the same on every machine.
KERNEL_ENVIRONMENT = {"MPLBACKEND": "module://matplotlib_inline.backend_inline", "TQDM_DISABLE": "1"}
_KERNELS = 2  # notebooks that are executed at a time
_CELL_SECONDS = 600  # what takes longer hangs, on however busy a machine: the slowest cell of ours takes seconds


def folder_name(text: str) -> str:
    """Return a text as the name of a folder; of one that is too long, its beginning and a digest of all of it.

    Examples
    --------
    >>> folder_name("甲市/乙县")
    '甲市_乙县'
    """
    name = _NO_NAME.sub("_", text)
    if len(name.encode()) <= _LONGEST_NAME:
        return name
    return f"{name.encode()[: _LONGEST_NAME // 2].decode(errors='ignore')}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"


@dataclass(frozen=True)
class Case:
    """A template to execute, and the parameters to execute it with.

    Attributes
    ----------
    notebook : str
        The file of the template.
    agency : str
    year : int or None
        Of the report; both may be left out where a document is given.
    more : tuple of (str, object)
        Other parameters of the template, by name: ``document``, ``folder``, ``indicator``, ``seed`` …
    """

    notebook: str
    agency: str = ""
    year: int | None = None
    more: tuple[tuple[str, Any], ...] = ()

    @property
    def name(self) -> str:
        """The folder of its run: ``平潭综合实验区-2025``, or the name of the document; other parameters follow it."""
        more = dict(self.more)
        own = [Path(str(more.pop(name, ""))).stem for name in _OWN]
        named = [self.agency, "" if self.year is None else str(self.year), *own, *(f"{k}={v}" for k, v in more.items())]
        return folder_name("-".join(dict.fromkeys(filter(None, named)))) or "default"

    @property
    def parameters(self) -> dict[str, Any]:
        """What is injected into the template; with a document of one's own agency and year need not be known."""
        more = dict(self.more)
        known = {"agency": self.agency, "year": self.year}
        return {name: value for name, value in known.items() if value or more.get("document")} | more

    def places(self, folder: Path) -> dict[str, Path]:
        """Return where its ``document`` and its ``folder`` stand, if it has them; a relative path is meant from `folder`."""
        return {name: folder / str(value) for name, value in self.more if name in _OWN and value}

    def run(self, folder: Path) -> Path:
        """Return where its executed notebook stands below a folder of runs."""
        return folder / self.name / self.notebook


def templates() -> Path:
    """Return the folder of the notebooks that come with govstats, with their ``cases.csv``.

    Raises
    ------
    NotebookError
        The package was installed without them.
    """
    package = Path(__file__).resolve().parent
    for folder in (package / "templates", package.parent / "notebooks"):
        if (folder / "cases.csv").is_file():
            return folder
    raise NotebookError.worded("notebooks_not_installed", package=package)


def write_templates(folder: str | Path) -> list[Path]:
    """Write the notebooks, and the list of cases to begin with, into a folder of one's own.

    Parameters
    ----------
    folder : str or pathlib.Path
        Is made if it is not there.

    Returns
    -------
    list of pathlib.Path
        What was written.

    Raises
    ------
    NotebookError
        A file of that name is there already and is another one: nothing is overwritten.
    """
    source, folder = templates(), Path(folder)
    chosen = [*sorted(source.glob("*.ipynb")), source / "cases.csv"]
    for path in chosen:
        target = folder / path.name
        if target.exists() and target.read_bytes() != path.read_bytes():
            raise NotebookError.worded("file_was_changed", file=target)
    folder.mkdir(parents=True, exist_ok=True)
    return [Path(shutil.copyfile(path, folder / path.name)) for path in chosen]


def find_template(name: str, folder: str | Path | None = None) -> Path:
    """Return the template that a number, the beginning of a name or a path means.

    Examples
    --------
    >>> find_template("10").name
    '10_one_report.ipynb'
    """
    if Path(name).is_file():
        return Path(name)
    source = Path(folder) if folder else templates()
    found = sorted(source.glob(f"{name}*.ipynb"))
    if len(found) != 1:
        raise NotebookError.worded("which_notebook", folder=source, count=len(found), name=name, known=_listed(source))
    return found[0]


def cases(path: str | Path) -> tuple[Case, ...]:
    """Read the list of cases.

    Parameters
    ----------
    path : str or pathlib.Path
        A CSV file with the column ``notebook`` and a column for each parameter: ``agency``, ``year``, ``document``, ``folder``,
        ``indicator``, ``seed`` … An empty field leaves a parameter as the template has it. The notebooks stand beside it.

    Returns
    -------
    tuple of Case
        In the order of the file.

    Raises
    ------
    NotebookError
        The file is missing, or a row cannot be run; the message names its line.
    """
    path = Path(path)
    _, header, rows = lines_of(path, NotebookError)
    if "notebook" not in header:
        raise NotebookError.worded("columns_of_cases", path=path, header=header, expected=",".join(_CASE_COLUMNS))
    lines: dict[Case, str] = {}
    for where, row in rows:
        if more := row[len(header) :]:
            raise NotebookError.worded("too_many_fields", where=where, more=more)
        given = zip(header, map(str.strip, row), strict=False)
        case = _case({name: text for name, text in given if text}, where, path.parent)
        if case in lines:
            raise NotebookError.worded("case_twice", where=where, notebook=case.notebook, name=case.name, before=lines[case])
        lines[case] = where
    return tuple(lines)


def _case(given: dict[str, str], where: str, folder: Path) -> Case:
    notebook, agency, year = (given.pop(column, "") for column in _CASE_COLUMNS)
    more = tuple((name, as_parameter(text)) for name, text in given.items())
    alone = not agency and not year and "document" in given
    if not alone and not re.fullmatch(r"\d{4}", year):
        raise NotebookError.worded("year_of_case", where=where, year=year)
    if not alone and (not agency or _NO_NAME.search(agency)):
        raise NotebookError.worded("agency_of_case", where=where, agency=agency)
    if Path(notebook).name != notebook or not (folder / notebook).is_file():
        raise NotebookError.worded("no_such_notebook", where=where, notebook=notebook, folder=folder, known=_listed(folder))
    return Case(notebook, agency, int(year) if year else None, more)


def _listed(folder: Path) -> str:
    return ", ".join(path.name for path in sorted(folder.glob("*.ipynb"))) or "none"


def as_parameter(text: str) -> Any:
    """Return the value that a text stands for: a Python literal (``3``, ``["pdf"]``), else the text itself.

    Examples
    --------
    >>> as_parameter("3"), as_parameter("refusal_rate")
    (3, 'refusal_rate')
    """
    try:
        value = ast.literal_eval(text)
    except (SyntaxError, ValueError):
        return text
    return tuple(value) if isinstance(value, list) else value


def read_notebook(path: str | Path) -> NotebookNode:
    """Read a notebook whose cells have ids, which runs are compared by.

    Raises
    ------
    NotebookError
        The file is missing, no notebook, or of a format (before 4.5) whose cells have no ids.
    """
    try:
        text = Path(path).read_text("utf-8")
        without = [str(number) for number, cell in enumerate(json.loads(text)["cells"]) if "id" not in cell]
        if without:
            raise NotebookError.worded("cells_without_id", path=path, cells=", ".join(without))
        notebook: NotebookNode = nbformat.reads(text, as_version=4)
        nbformat.validate(notebook)
    except FileNotFoundError as error:
        raise NotebookError(f"{path}: no such notebook 没有这个笔记本，请检查路径") from error
    except (ValueError, KeyError, TypeError, AttributeError, nbformat.ValidationError) as error:
        raise NotebookError.worded("no_notebook", path=path, kind=type(error).__name__, error=error) from error
    return notebook


def inject(notebook: NotebookNode, parameters: Mapping[str, Any], *, name: str = "notebook") -> NotebookNode:
    r"""Set the parameters of a template, in cells with the tags that papermill has for them.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        A template: exactly one of its cells has the tag ``parameters`` and assigns the defaults.
    parameters : mapping of str to object
        The values, written into the new cell as Python literals.
    name : str
        What to call the notebook in messages.

    Returns
    -------
    nbformat.NotebookNode
        A copy with a cell ``injected-parameters`` behind the tagged one.

    Raises
    ------
    NotebookError
        There is not one such cell, or it does not assign a name that is to be set.

    Examples
    --------
    >>> from nbformat.v4 import new_code_cell, new_notebook
    >>> defaults = new_code_cell('agency = "应急管理部"', metadata={"tags": ["parameters"]})
    >>> inject(new_notebook(cells=[defaults]), {"agency": "平潭综合实验区"}).cells[1].source
    "# Parameters\nagency = '平潭综合实验区'"
    """
    tagged = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
    if len(tagged) != 1:
        raise NotebookError.worded("one_cell_of_parameters", name=name, count=len(tagged))
    declared = _assigned(tagged[0].source, name)
    unknown = [parameter for parameter in parameters if parameter not in declared]
    if unknown:
        listed = {"unknown": ", ".join(unknown), "declared": ", ".join(declared) or "—"}
        raise NotebookError.worded("parameter_not_declared", name=name, **listed)
    source = "\n".join(["# Parameters", *(f"{parameter} = {value!r}" for parameter, value in parameters.items())])
    injected = deepcopy(notebook)
    injected.cells = [cell for cell in injected.cells if _INJECTED not in cell.metadata.get("tags", [])]
    cell = new_code_cell(source, id=_INJECTED, metadata={"tags": [_INJECTED]})
    injected.cells.insert(injected.cells.index(tagged[0]) + 1, cell)
    return injected


def _assigned(source: str, name: str) -> list[str]:
    """Return the names that a cell assigns at its top level."""
    try:
        statements = ast.parse(source).body
    except SyntaxError as error:
        raise NotebookError.worded("parameters_not_python", name=name, error=error) from error
    assignments = [statement for statement in statements if isinstance(statement, ast.Assign | ast.AnnAssign)]
    names = [node for assignment in assignments for node in ast.walk(assignment) if isinstance(node, ast.Name)]
    return [name.id for name in names if isinstance(name.ctx, ast.Store)]


class _Kernel(AsyncKernelManager):
    """A kernel that says nothing of its own, and takes no more memory than a process that reads."""

    async def start_kernel(self, **options: Any) -> None:  # type: ignore[override]
        await super().start_kernel(env=os.environ | KERNEL_ENVIRONMENT, stderr=DEVNULL, **options)
        bound_memory(self.provisioner.pid)  # type: ignore[union-attr]  # it was started


@dataclass(frozen=True)
class Execution:
    """An executed notebook; `error` is one line naming cell and exception, empty where every cell ran."""

    notebook: NotebookNode
    seconds: float
    error: str


def execute(notebook: NotebookNode, *, folder: str | Path) -> Execution:
    """Execute every cell in a fresh kernel of this environment.

    Outputs come without what differs between two runs: timings, the version of Python, progress bars.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        Not changed.
    folder : str or pathlib.Path
        The working directory of the kernel.

    Returns
    -------
    Execution
        Where a cell raised, the notebook up to it; an exception is never raised for what a cell does.
    """
    executed = deepcopy(notebook)
    code = [cell for cell in executed.cells if cell.cell_type == "code"]
    for cell in code:
        cell.execution_count, cell.outputs = None, []
    started, error = time.perf_counter(), ""
    with TemporaryDirectory(prefix="govstats-") as own, ThreadPoolExecutor(1) as thread:
        client = NotebookClient(
            executed,
            kernel_name=_KERNEL["name"],
            timeout=_CELL_SECONDS,
            startup_timeout=_CELL_SECONDS,
            iopub_timeout=_CELL_SECONDS,  # nbclient's four seconds are too few for outputs where every core is busy
            raise_on_iopub_timeout=True,
            record_timing=False,
            coalesce_streams=True,
            store_widget_state=False,  # a page would load scripts for it
            kernel_manager_class=_Kernel,
            extra_arguments=[f"--ipython-dir={own}"],  # no configuration of the user's comes in
            resources={"metadata": {"path": str(folder)}},
        )
        try:
            thread.submit(asyncio.run, client.async_execute()).result()  # a notebook that calls this has an event loop already
        except CellExecutionError as raised:
            number, cell = [(number, cell) for number, cell in enumerate(code) if cell.execution_count][-1]
            error = f"Cell {number} ({cell.id}): {raised.ename}: {raised.evalue}"
        except Exception as raised:  # noqa: BLE001 the kernel itself may fail in any way
            error = f"{type(raised).__name__}: {raised}"
    executed.metadata |= {"kernelspec": _KERNEL, "language_info": {"name": "python", "pygments_lexer": "ipython3"}}
    return Execution(executed, round(time.perf_counter() - started, 2), " ".join(error.split()))


def earlier_run(folder: str | Path, case: Case, output: str | Path) -> NotebookNode | None:
    """Read what `reproduce` made of a case.

    Parameters
    ----------
    folder : str or pathlib.Path
        The folder of the templates.
    case : Case
        The case.
    output : str or pathlib.Path
        Where `reproduce` wrote.

    Returns
    -------
    nbformat.NotebookNode or None
        None where the case was not run or failed, or where its template, documents or this package have changed since.
    """
    folder, output = Path(folder), Path(output)
    sha256 = input_sha256(folder / case.notebook, case, _documents(case, folder))
    return read_notebook(case.run(output)) if _record_if_current(case, output, sha256) else None


def input_sha256(template: str | Path, case: Case, documents: Iterable[Path]) -> str:
    """Return a digest of what a run is made from: template, parameters, documents and this package.

    It does not depend on where the files stand, so that manifests of two machines can be compared.
    """
    digest = hashlib.sha256(f"{sources_sha256()} {case}".encode())
    for path in (Path(template), *sorted(documents)):
        digest.update(path.name.encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _documents(case: Case, folder: Path) -> list[Path]:
    """Return the files that a run depends on."""
    if own := case.places(folder):
        return [file for path in own.values() for file in (path, *path.rglob("*")) if file.is_file()]
    try:
        # the package lists every document with its sha256: some templates read the whole corpus
        return [*embedded.documents(case.agency, case.year or 0), embedded.folder() / "datapackage.json"]
    except UnknownReport:
        return []  # the template may need none; if it does, its cell says which report the corpus lacks


def run(case: Case, output: str | Path, *, notebooks: str | Path | None = None) -> tuple[Path, str]:
    """Execute one template for one case, and write its notebook and a page to read.

    Parameters
    ----------
    case : Case
        Its document and folder are meant from the working directory.
    output : str or pathlib.Path
        Takes a folder named after the case.
    notebooks : str or pathlib.Path, optional
        The folder of the template; by default that of the notebooks that come with govstats.

    Returns
    -------
    page : pathlib.Path
        To open in a browser.
    error : str
        One line naming cell and exception, empty where every cell ran.

    Raises
    ------
    NotebookError
        There is no such template, or it does not declare one of the parameters.
    """
    path = case.run(Path(output))
    execution = _run(case, path, Path(notebooks or templates()), Path.cwd())
    return path.with_suffix(".html"), execution.error


def _run(case: Case, path: Path, templates: Path, folder: Path) -> Execution:
    """Execute a case in a working directory, and write what came of it."""
    template = read_notebook(templates / case.notebook)
    execution = execute(inject(template, case.parameters, name=case.notebook), folder=folder)
    _write_run(execution, case, path)
    return execution


def _write_run(execution: Execution, case: Case, path: Path) -> None:
    """Write an executed notebook, and a page of it that needs no network."""
    from nbconvert import HTMLExporter

    exporter = HTMLExporter(extra_template_paths=[str(PAGES)], template_file="case.html.j2", exclude_anchor_links=True)
    about = {"case": case, "heading": heading(execution.notebook)}
    html, _ = exporter.from_notebook_node(execution.notebook, resources=about)
    write(path, nbformat.writes(execution.notebook) + "\n")
    write(path.with_suffix(".html"), html)


def reproduce(
    notebooks: str | Path = "notebooks",
    output: str | Path = "build/reproduce",
    *,
    listed: Iterable[Case] | None = None,
    resume: bool = False,
    only: Iterable[str] | None = None,
    update: bool = False,
    progress: bool | None = None,
) -> pd.DataFrame:
    """Execute the templates for every listed case, and write pages to read.

    A case that fails becomes a row of the manifest with its error, never an end of the batch. What became of a case is kept
    beside its run, so that a batch that was interrupted can be resumed.

    Parameters
    ----------
    notebooks : str or pathlib.Path
        A folder with templates and ``cases.csv``.
    output : str or pathlib.Path
        Takes ``index.html``, ``manifest.csv`` and a folder for each case with the executed notebooks and their pages.
    listed : iterable of Case, optional
        The cases; by default those of ``cases.csv``.
    resume : bool
        Skip the cases that are done already and whose template, documents and package are still the same.
    only : iterable of str, optional
        Names of cases (``平潭综合实验区-2025``) to run; the other rows of the manifest stay as they are.
    update : bool
        Also rewrite the reference runs in ``notebooks/runs``, which the templates are tested against.
    progress : bool, optional
        Show a progress bar on stderr; by default where that is a terminal.

    Returns
    -------
    pandas.DataFrame
        The manifest, one row a case: ``notebook agency year status seconds error input_sha256 parameters``. `status` is ``done``,
        ``failed`` or ``skipped``; `seconds` is what the execution took, also where it is skipped now; `error` is one line.

    Raises
    ------
    NotebookError
        ``cases.csv`` is missing or wrong, or lists no case of a name in `only`; or `output` cannot be written.
    """
    from tqdm.contrib.concurrent import thread_map

    folder, output = Path(notebooks), Path(output)
    listed = cases(folder / "cases.csv") if listed is None else tuple(listed)
    chosen = _chosen(listed, only, folder)
    run = partial(_run_in_batch, folder, output, resume, update)
    try:
        output.mkdir(parents=True, exist_ok=True)
        thread_map(run, chosen, max_workers=_KERNELS, unit="case", disable=None if progress is None else not progress)
        became = {case: row for case in listed if (row := _last_record(case, output))}
        rows = [row | vars(case) | {"case": case, "parameters": repr(case.more)} for case, row in became.items()]
        manifest = pd.DataFrame(rows, columns=list(MANIFEST_TYPES)).astype(MANIFEST_TYPES)
        write(output / "manifest.csv", manifest.to_csv(index=False, lineterminator="\n"))
        _write_index(folder, output, rows)
    except OSError as error:
        raise NotebookError.worded("runs_not_written", output=output, error=error) from error
    return manifest


def _chosen(listed: tuple[Case, ...], only: Iterable[str] | None, folder: Path) -> list[Case]:
    names = {case.name for case in listed} if only is None else set(only)
    unknown = sorted(names - {case.name for case in listed})
    if unknown or not names:
        known = ", ".join(dict.fromkeys(case.name for case in listed)) or "none"
        raise NotebookError.worded("case_not_listed", file=folder / "cases.csv", unknown=", ".join(unknown), known=known)
    return [case for case in listed if case.name in names]


def _run_in_batch(folder: Path, output: Path, resume: bool, update: bool, case: Case) -> None:
    """Execute one case, unless an earlier run is still good; keep what became of it."""
    run = case.run(output)
    sha256 = input_sha256(folder / case.notebook, case, _documents(case, folder))
    row = _record_if_current(case, output, sha256) if resume else {}
    if row:
        row["status"] = "skipped"
    else:
        for stale in (run, run.with_suffix(".html")):
            stale.unlink(missing_ok=True)
        try:
            execution = _run(case, run, folder, folder)
        except NotebookError as error:
            execution = Execution(new_notebook(), 0.0, " ".join(str(error).split()))
        row = {"status": "failed" if execution.error else "done", "seconds": execution.seconds, "error": execution.error}
        row |= {"input_sha256": sha256, "output_sha256": _digests(run)}
    write(run.with_suffix(".json"), json.dumps(row, ensure_ascii=False))
    if update and row["status"] != "failed":
        write(case.run(folder / "runs"), run.read_bytes())


def _last_record(case: Case, output: Path) -> dict[str, Any]:
    """Return what became of a case the last time, which stands beside its run; empty where it was never executed."""
    with suppress(OSError, ValueError):  # ValueError: somebody wrote into it
        return dict(json.loads(case.run(output).with_suffix(".json").read_text("utf-8")))
    return {}


def _record_if_current(case: Case, output: Path, sha256: str) -> dict[str, Any]:
    """Return what became of a case the last time; empty if it was not done, or would come out otherwise today."""
    row = _last_record(case, output)
    same = row.get("input_sha256") == sha256 and row.get("output_sha256") == _digests(case.run(output))
    return row if same and row["status"] != "failed" else {}


def _digests(run: Path) -> dict[str, str]:
    """Return the digests of a run and its page, which have to be there and whole where it is not made again."""
    return {path.suffix: file_sha256(path) for path in (run, run.with_suffix(".html")) if path.is_file()}


def heading(notebook: NotebookNode) -> str:
    """Return the first heading in the text of a notebook, empty where there is none."""
    texts = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    found = re.search(r"^#\s+(.+)$", texts, re.MULTILINE)
    return found[1].strip() if found else ""


def headings(folder: Path, listed: Iterable[Case]) -> dict[str, str]:
    """Return the headings of the templates of cases."""
    return {name: heading(read_notebook(folder / name)) or name for name in {case.notebook for case in listed}}


def links(output: Path, listed: Iterable[Case]) -> dict[Case, str]:
    """Return the way from a folder of runs to the page of each case that has one."""
    pages = {case: case.run(output).with_suffix(".html") for case in listed}
    return {case: page.relative_to(output).as_posix() for case, page in pages.items() if page.is_file()}


def _write_index(folder: Path, output: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write the first page of a batch: a row a report with what it says and what fails in it, and the way to its notebooks."""
    cases = [row["case"] for row in rows]
    reports, of_cases = _reports_of(cases, folder)
    lines, drawn = [], StringIO()
    if reports:
        quality = quality_by_report(reports)
        lines = _rows_by_report(reports, quality, of_cases)
        quality_map(quality, width="column").savefig(drawn, format="svg")
    said = definitions().set_index("indicator").loc[list(SHOWN), ["label_zh", "label_en", "formula_zh", "formula_en"]]
    index = fill_page(
        "index.html.j2",
        rows=rows,
        headings=headings(folder, cases),
        links=links(output, cases),
        reports=lines,
        indicators=said.to_dict("index"),
        picture=drawn.getvalue()[drawn.getvalue().find("<svg") :],
        is_missing=pd.isna,
        in_digits=in_digits,
        reasons=REASONS,
    )
    write(output / "index.html", index)


def _reports_of(cases: Iterable[Case], folder: Path) -> tuple[list[Report], dict[Case, _Whose]]:
    """Read the reports that cases are about, and those beside them in their folder or in the corpus; and say which is whose."""
    found: dict[_Whose, Report] = {}
    of_cases: dict[Case, _Whose] = {}
    corpus = {*embedded.register()[["agency", "year"]].itertuples(index=False, name=None)}
    read: set[Path | None] = set()
    for case in cases:
        own = case.places(folder)
        of_cases[case] = whose = (case.agency or None, case.year)
        place = own.get("folder")
        reports: Sequence[Report] = []
        with suppress(GovstatsError):  # the row of its notebook says what is the matter
            if "document" in own:
                reports = [read_apart(own["document"], agency=case.agency or None, year=case.year)]
                of_cases[case] = reports[0].agency, reports[0].year
            elif place not in read and (place or whose in corpus):
                read.add(place)
                reports = choose_reports(folder=place or "")
        for report in reports:
            found.setdefault((report.agency, report.year), report)
    return list(found.values()), of_cases


def _rows_by_report(reports: Sequence[Report], quality: pd.DataFrame, of_cases: Mapping[Case, _Whose]) -> list[dict[Any, Any]]:
    """Return a row of the page for each report, by agency and year."""
    cells = pd.concat([report.cells for report in reports], ignore_index=True)
    rates: dict[_Whose, dict[str, Mapping[Any, Any]]] = {}
    for rate in indicators(cells, names=SHOWN).to_dict("records"):
        rates.setdefault((rate["agency"], rate["year"]), {})[rate["indicator"]] = rate
    lines = quality.sort_values(["agency", "year"], kind="stable").to_dict("records")
    for line in lines:
        whose = line["agency"], line["year"]
        line["cases"] = [case for case, other in of_cases.items() if other == whose]
        line["rates"] = rates.get(whose, {})
    return lines
