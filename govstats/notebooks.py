"""Notebook templates, executed by papermill: cases with their parameters, runs with their pages, and the batch of all cases."""

from __future__ import annotations

import ast
import csv
import hashlib
import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path
from subprocess import DEVNULL
from typing import Any, Literal

import pandas as pd

from govstats.errors import MissingExtra, NotebookError, UnknownReport
from govstats.provenance import sources_sha256

try:
    import nbformat
    import papermill
    from jupyter_client.manager import AsyncKernelManager
    from jupyter_core.utils import ensure_event_loop
    from nbformat import NotebookNode
    from papermill.exceptions import PapermillExecutionError
    from papermill.execute import remove_error_markers
    from papermill.translators import PythonTranslator, papermill_translators
except ImportError as missing:
    raise MissingExtra.of("a notebook", missing, "notebooks") from missing

MANIFEST_TYPES = {
    "notebook": "str",
    "agency": "str",
    "year": "Int64",
    "status": "str",
    "seconds": "Float64",
    "error": "str",
    "input_sha256": "str",
    "parameters": "str",
}

_CASE_COLUMNS = ["notebook", "agency", "year"]
#: What tells the rows of the manifest apart.
_CASE_FIELDS = [*_CASE_COLUMNS, "parameters"]
#: What a folder cannot bear in its name.
_NO_NAME = re.compile(r'[\\/:*?"<>|]')
_KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
#: Makes the outputs of a kernel the same on every machine.
KERNEL_ENVIRONMENT = {"MPLBACKEND": "module://matplotlib_inline.backend_inline", "TQDM_DISABLE": "1"}
_KERNELS = 2  # notebooks that are executed at a time
_CELL_SECONDS = 600  # what takes longer hangs, on however busy a machine: the slowest cell of ours takes seconds


def folder_name(text: str) -> str:
    """Return a text as the name of a folder.

    Examples
    --------
    >>> folder_name("甲市/乙县")
    '甲市_乙县'
    """
    return _NO_NAME.sub("_", text)


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
        own = [Path(str(more.pop(name, ""))).stem for name in ("folder", "document")]
        named = [self.agency, "" if self.year is None else str(self.year), *own, *(f"{k}={v}" for k, v in more.items())]
        return folder_name("-".join(dict.fromkeys(filter(None, named)))) or "default"

    @property
    def parameters(self) -> dict[str, Any]:
        """What is injected into the template; with a document of one's own agency and year need not be known."""
        more = dict(self.more)
        known = {"agency": self.agency, "year": self.year}
        return {name: value for name, value in known.items() if value or more.get("document")} | more

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
    raise NotebookError(
        f"{package}: the notebooks are not installed; install govstats again 未随包安装笔记本，请重新安装 govstats"
    )


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
            raise NotebookError(
                f"{target}: is there already and was changed; choose another folder 已有同名文件且内容不同，请另选文件夹"
            )
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
        known = ", ".join(path.name for path in sorted(source.glob("*.ipynb"))) or "none"
        raise NotebookError(
            f"{source}: {len(found)} notebooks begin with {name!r}; there are: {known} 没有或不止一个笔记本以此开头，现有的见前"
        )
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
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            if "notebook" not in (rows.fieldnames or ()):
                raise NotebookError(
                    f"{path}: its columns are {rows.fieldnames}; expected {','.join(_CASE_COLUMNS)} and parameters"
                    f" 列名不符：应有 {','.join(_CASE_COLUMNS)}，其后可列参数"
                )
            listed: dict[Case, int] = {}
            for row in rows:
                where = f"{path}, line {rows.line_num}"
                case = _case(row, where, path.parent)
                if case in listed:
                    raise NotebookError(
                        f"{where}: {case.notebook} for {case.name} stands in line {listed[case]} already; drop one"
                        " 与前面的行重复，请删去一行"
                    )
                listed[case] = rows.line_num
    except FileNotFoundError as error:
        raise NotebookError(
            f"{path}: no such file; it lists the cases to run ({','.join(_CASE_COLUMNS)}) 没有这个文件；应列出要执行的年报"
        ) from error
    return tuple(listed)


def _case(row: Mapping[str | None, Any], where: str, folder: Path) -> Case:
    if None in row:
        raise NotebookError(f"{where}: has more fields than the file has columns: {row[None]} 该行的项数多于列数，请删去多余的项")
    given = {str(name): value.strip() for name, value in row.items() if value and value.strip()}
    notebook, agency, year = (given.pop(column, "") for column in _CASE_COLUMNS)
    more = tuple((name, as_parameter(text)) for name, text in given.items())
    alone = not agency and not year and "document" in given
    if not alone and not re.fullmatch(r"\d{4}", year):
        raise NotebookError(
            f"{where}: the year is {year!r}; expected four digits, or a document instead of agency and year"
            " 年度应为四位数字；用自己的文件时可不写机关和年度"
        )
    if not alone and (not agency or _NO_NAME.search(agency)):
        raise NotebookError(
            f"{where}: the agency is {agency!r}; expected a name that a folder can bear 机关名称不能作为文件夹名，请改正"
        )
    if Path(notebook).name != notebook or not (folder / notebook).is_file():
        known = ", ".join(sorted(template.name for template in folder.glob("*.ipynb"))) or "none"
        raise NotebookError(f"{where}: no notebook {notebook!r} in {folder}; there are: {known} 没有这个笔记本，现有的见前")
    return Case(notebook, agency, int(year) if year else None, more)


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
            raise NotebookError(
                f"{path}: cells {', '.join(without)} have no id; open and save it with JupyterLab"
                " 有单元没有 id，请用 JupyterLab 打开并保存"
            )
        notebook: NotebookNode = nbformat.reads(text, as_version=4)
        nbformat.validate(notebook)
    except FileNotFoundError as error:
        raise NotebookError(f"{path}: no such notebook 没有这个笔记本，请检查路径") from error
    except (ValueError, KeyError, TypeError, AttributeError, nbformat.ValidationError) as error:
        raise NotebookError(
            f"{path}: not a notebook ({type(error).__name__}: {error}) 不是笔记本文件，请用 JupyterLab 重新保存"
        ) from error
    return notebook


def inject(notebook: NotebookNode, parameters: Mapping[str, Any], *, name: str = "notebook") -> NotebookNode:
    r"""Set the parameters of a template, as papermill does.

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
        raise NotebookError(
            f"{name}: {len(tagged)} cells have the tag 'parameters'; expected one, which sets the defaults"
            " 应有且只有一个带 parameters 标签的单元，用来写默认值"
        )
    declared = _assigned(tagged[0].source, name)
    unknown = [parameter for parameter in parameters if parameter not in declared]
    if unknown:
        raise NotebookError(
            f"{name}: declares no parameter {', '.join(unknown)}; it declares {', '.join(declared) or 'none'}"
            f" 笔记本没有这个参数，可用：{', '.join(declared) or '无'}"
        )
    prepared = papermill.execute_notebook(
        notebook, None, dict(parameters), prepare_only=True, kernel_name=_KERNEL["name"], language=_KERNEL["language"]
    )
    for cell in prepared.cells:
        if "injected-parameters" in cell.metadata.tags:
            cell.id = "injected-parameters"
    return _without_traces(prepared)


def _assigned(source: str, name: str) -> list[str]:
    """Return the names that a cell assigns at its top level."""
    try:
        statements = ast.parse(source).body
    except SyntaxError as error:
        raise NotebookError(
            f"{name}: its cell of parameters is not plain Python: {error} 参数单元不是纯 Python，只能写 名称 = 值"
        ) from error
    assignments = [statement for statement in statements if isinstance(statement, ast.Assign | ast.AnnAssign)]
    names = [node for assignment in assignments for node in ast.walk(assignment) if isinstance(node, ast.Name)]
    return [name.id for name in names if isinstance(name.ctx, ast.Store)]


class _Literals(PythonTranslator):  # type: ignore[misc]
    """Writes parameters as Python has them: Chinese is not escaped, and no formatter comes in that happens to be installed."""

    @classmethod
    def codify(cls, parameters: Mapping[str, Any], comment: str = "Parameters") -> str:
        return "\n".join([f"# {comment}", *(f"{name} = {value!r}" for name, value in parameters.items())])


papermill_translators.register(_KERNEL["name"], _Literals)


class _Kernel(AsyncKernelManager):
    """A kernel that says nothing of its own."""

    async def start_kernel(self, **options: Any) -> None:  # type: ignore[override]
        await super().start_kernel(env=os.environ | KERNEL_ENVIRONMENT, stderr=DEVNULL, **options)


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
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="govstats-") as own, ThreadPoolExecutor(1) as thread:
        path = Path(own) / "run.ipynb"
        error = thread.submit(_execute, notebook, path, folder).result()
        executed = remove_error_markers(nbformat.read(path, as_version=4))
    error = _failure(executed) or error
    executed.metadata |= {"kernelspec": _KERNEL, "language_info": {"name": "python", "pygments_lexer": "ipython3"}}
    return Execution(_without_traces(executed), round(time.perf_counter() - started, 2), " ".join(error.split()))


def _execute(notebook: NotebookNode, path: Path, folder: str | Path) -> str:
    """Let papermill execute a notebook and write it; return what went wrong beside the cells."""
    try:
        papermill.execute_notebook(
            notebook,
            path,
            kernel_name=_KERNEL["name"],
            language=_KERNEL["language"],
            progress_bar=False,
            execution_timeout=_CELL_SECONDS,
            start_timeout=_CELL_SECONDS,
            iopub_timeout=_CELL_SECONDS,  # nbclient's four seconds are too few for outputs where every core is busy
            record_timing=False,
            coalesce_streams=True,
            kernel_manager_class=_Kernel,
            extra_arguments=[f"--ipython-dir={path.parent}"],  # no configuration of the user's comes in
            resources={"metadata": {"path": str(folder)}},  # papermill's own way would change that of this process
        )
    except PapermillExecutionError:
        return ""  # the notebook says where; a cell may also be tagged to raise
    except Exception as raised:  # noqa: BLE001 the kernel itself may fail in any way
        return f"{type(raised).__name__}: {raised}"
    finally:
        ensure_event_loop().close()  # that of this thread, which Jupyter leaves open
    return ""


def _failure(notebook: NotebookNode) -> str:
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for number, cell in enumerate(code):
        if cell.metadata.papermill["exception"]:
            for output in cell.outputs:
                if output.output_type == "error":
                    return f"Cell {number} ({cell.id}): {output.ename}: {output.evalue}"
    return ""


def _without_traces(notebook: NotebookNode) -> NotebookNode:
    """Take out what papermill leaves of the time and the place of a run, and the widgets, which a page would load scripts for."""
    for metadata in (notebook.metadata, *(cell.metadata for cell in notebook.cells)):
        metadata.pop("papermill", None)
        if not metadata.get("tags"):
            metadata.pop("tags", None)
    notebook.metadata.pop("widgets", None)
    return notebook


def reference_run(folder: str | Path, case: Case) -> NotebookNode:
    """Read the run of a case that its template is tested against.

    Parameters
    ----------
    folder : str or pathlib.Path
        The folder of the templates; the runs stand in its subfolder ``runs``.
    case : Case
        The case.

    Returns
    -------
    nbformat.NotebookNode
        The executed notebook. Its cells are those of the template with the parameters of the case.

    Raises
    ------
    NotebookError
        There is no run, its cells differ from the template's, or one of them was not executed; the message
        says which and what to run.
    """
    folder = Path(folder)
    path = case.run(folder / "runs")
    remedy = f"run: govstats reproduce --update --case {case.name}"
    if not path.is_file():
        raise NotebookError(f"{path}: no run of {case.notebook} for {case.name}; {remedy} 没有参照结果，请运行上述命令")
    expected = inject(read_notebook(folder / case.notebook), case.parameters, name=case.notebook)
    run = read_notebook(path)
    stored = {cell.id: cell for cell in run.cells}
    for cell in expected.cells:
        where = f"{path}: cell {cell.id!r}"
        if cell.id not in stored:
            raise NotebookError(f"{where} of the template is missing; {remedy} 缺少模板中的单元，请运行上述命令")
        if (cell.cell_type, cell.source) != (stored[cell.id].cell_type, stored[cell.id].source):
            raise NotebookError(f"{where} differs from the template's; {remedy} 与模板不同，请运行上述命令")
        if cell.cell_type == "code" and cell.source.strip() and stored[cell.id].execution_count is None:
            raise NotebookError(
                f"{where} has not been executed, or its outputs were stripped; {remedy} 未执行或输出已清除，请运行上述命令"
            )
    if [cell.id for cell in run.cells] != [cell.id for cell in expected.cells]:
        raise NotebookError(
            f"{path}: its cells are not those of the template, in their order; {remedy} 单元与模板不一致，请运行上述命令"
        )
    return run


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
    earlier = _read_manifest(output, [case]).get(case)
    sha256 = input_sha256(folder / case.notebook, case, _documents(case, folder))
    return read_notebook(case.run(output)) if _is_current(earlier, sha256, output) else None


def input_sha256(template: str | Path, case: Case, documents: Iterable[Path]) -> str:
    """Return a digest of what a run is made from: template, parameters, documents and this package.

    It does not depend on where the files stand, so that manifests of two machines can be compared.
    """
    digest = hashlib.sha256(f"{sources_sha256()} {case}".encode())
    for path in (Path(template), *sorted(documents)):
        digest.update(path.name.encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _documents(case: Case, folder: Path) -> list[Path]:
    """Return the files that a run depends on; a relative path is meant from the folder of the templates."""
    from govstats import embedded

    more = dict(case.more)
    own = [folder / str(more[name]) for name in ("document", "folder") if more.get(name)]
    if own:
        return [file for path in own for file in ([path] if path.is_file() else path.rglob("*")) if file.is_file()]
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
    template = Path(notebooks or templates()) / case.notebook
    path = case.run(Path(output))
    execution = execute(inject(read_notebook(template), case.parameters, name=case.notebook), folder=Path.cwd())
    return _write_run(execution, case, path), execution.error


def _write_run(execution: Execution, case: Case, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(execution.notebook, path)
    page = path.with_suffix(".html")
    page.write_text(_page(execution.notebook, case), "utf-8")
    return page


@dataclass(frozen=True)
class _Row:
    """A row of the manifest."""

    case: Case
    status: Literal["done", "failed", "skipped"]
    seconds: float
    error: str
    input_sha256: str


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

    A case that fails becomes a row of the manifest with its error, never an end of the batch. The manifest is written after
    each case, so that a batch that was interrupted can be resumed.

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
        ``cases.csv`` is missing or wrong, or lists no case of a name in `only`.
    """
    from tqdm import tqdm

    folder, output = Path(notebooks), Path(output)
    listed = cases(folder / "cases.csv") if listed is None else tuple(listed)
    chosen = _chosen(listed, only, folder)
    rows = _read_manifest(output, listed)
    output.mkdir(parents=True, exist_ok=True)
    bar = tqdm(total=len(chosen), unit="case", disable=None if progress is None else not progress)
    with ThreadPoolExecutor(_KERNELS) as pool, bar:
        try:
            runs = [pool.submit(_run, folder, output, case, rows.get(case) if resume else None) for case in chosen]
            for run in as_completed(runs):
                row = run.result()
                rows[row.case] = row
                if update and row.status != "failed":
                    reference = row.case.run(folder / "runs")
                    reference.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(row.case.run(output), reference)
                manifest = _write_manifest(output, [rows[case] for case in listed if case in rows])
                bar.set_postfix_str(row.case.name, refresh=False)
                bar.update()
        except BaseException:
            pool.shutdown(cancel_futures=True)  # after an interrupt, do not start the cases that still wait
            raise
    _write_index(folder, output, [rows[case] for case in listed if case in rows])
    return manifest


def _chosen(listed: tuple[Case, ...], only: Iterable[str] | None, folder: Path) -> list[Case]:
    names = {case.name for case in listed} if only is None else set(only)
    unknown = sorted(names - {case.name for case in listed})
    if unknown or not names:
        known = ", ".join(dict.fromkeys(case.name for case in listed)) or "none"
        raise NotebookError(
            f"{folder / 'cases.csv'}: lists no case {', '.join(unknown)}; it lists {known} 没有列出这一份，现有的见前"
        )
    return [case for case in listed if case.name in names]


def _run(folder: Path, output: Path, case: Case, earlier: _Row | None) -> _Row:
    """Execute one case and write its notebook and its page, unless an earlier run is still good."""
    run = case.run(output)
    page = run.with_suffix(".html")
    sha256 = input_sha256(folder / case.notebook, case, _documents(case, folder))
    if earlier and _is_current(earlier, sha256, output) and page.is_file():
        return replace(earlier, status="skipped")
    for stale in (run, page):
        stale.unlink(missing_ok=True)
    try:
        execution = execute(inject(read_notebook(folder / case.notebook), case.parameters, name=case.notebook), folder=folder)
    except NotebookError as error:
        return _Row(case, "failed", 0.0, " ".join(str(error).split()), sha256)
    _write_run(execution, case, run)
    return _Row(case, "failed" if execution.error else "done", execution.seconds, execution.error, sha256)


def _is_current(row: _Row | None, sha256: str, output: Path) -> bool:
    """Say whether a row of the manifest is of a run that would come out the same today."""
    return row is not None and row.status != "failed" and row.input_sha256 == sha256 and row.case.run(output).is_file()


def _read_manifest(output: Path, listed: Iterable[Case]) -> dict[Case, _Row]:
    """Return the rows of an earlier batch of the cases that are still listed."""
    path = output / "manifest.csv"
    if not path.is_file():
        return {}
    rows: dict[Case, _Row] = {}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            written = {tuple(row[name] for name in _CASE_FIELDS): row for row in csv.DictReader(file)}
        for case in listed:
            if row := written.get(_fields(case)):
                rows[case] = _Row(case, row["status"], float(row["seconds"]), row["error"], row["input_sha256"])  # type: ignore[arg-type]
    except (KeyError, ValueError) as error:
        raise NotebookError(f"{path}: not a manifest ({error}); delete it to start anew 清单已损坏，请删去后重新执行") from error
    return rows


def _fields(case: Case) -> tuple[str, ...]:
    """Return a case as the manifest has it."""
    return case.notebook, case.agency, "" if case.year is None else str(case.year), repr(case.more)


def _write_manifest(output: Path, rows: Iterable[_Row]) -> pd.DataFrame:
    records = [vars(row) | dict(zip(_CASE_FIELDS, _fields(row.case), strict=True)) | {"year": row.case.year} for row in rows]
    manifest = pd.DataFrame(records, columns=list(MANIFEST_TYPES)).astype(MANIFEST_TYPES)
    unfinished = output / "manifest.csv.part"  # an interrupt while writing must not cost the manifest
    manifest.to_csv(unfinished, index=False, lineterminator="\n")
    unfinished.replace(output / "manifest.csv")
    return manifest


_PAGES = Path(__file__).parent / "pages"


def _page(notebook: NotebookNode, case: Case) -> str:
    """Render an executed notebook as a page that needs no network."""
    from nbconvert import HTMLExporter

    exporter = HTMLExporter(extra_template_paths=[str(_PAGES)], template_file="case.html.j2", exclude_anchor_links=True)
    html, _ = exporter.from_notebook_node(notebook, resources={"case": case, "heading": heading(notebook)})
    return str(html)


def heading(notebook: NotebookNode) -> str:
    """Return the first heading in the text of a notebook, empty where there is none."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and (found := re.search(r"^#\s+(.+)$", cell.source, re.MULTILINE)):
            return found[1].strip()
    return ""


def _write_index(folder: Path, output: Path, rows: list[_Row]) -> None:
    from govstats.dashboard import index_fields

    headings = {row.case.notebook: heading(read_notebook(folder / row.case.notebook)) or row.case.notebook for row in rows}
    pages = {row.case: row.case.run(output).with_suffix(".html") for row in rows}
    links = {case: page.relative_to(output).as_posix() for case, page in pages.items() if page.is_file()}
    page = render("index.html.j2", rows=rows, headings=headings, links=links, **index_fields([row.case for row in rows], folder))
    (output / "index.html").write_text(page, "utf-8")


def render(template: str, **fields: Any) -> str:
    """Fill one of the pages of `govstats`, which need no network."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(loader=FileSystemLoader(_PAGES), autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    return environment.get_template(template).render(**fields)
