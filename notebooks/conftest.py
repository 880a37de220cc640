"""Collects each template once for each of its cases: source from the template, expected outputs from its reference run.

A case is executed as ``govstats reproduce`` executes it, and each cell is compared by nbval. With ``--runs build/reproduce`` the
runs that are there are compared, where template, documents and package are still those they were made from; the others are
executed. Under ``--nbval`` this steps aside.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from nbformat import NotebookNode
from nbval.plugin import IPyNbCell, IPyNbFile, find_comment_markers, find_metadata_tags

from govstats.errors import NotebookError
from govstats.notebooks import Case, cases, earlier_run, execute, inject, read_notebook

HERE = Path(__file__).parent


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--runs", metavar="FOLDER", help="what govstats reproduce made in this environment: not executed again")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    option = parent.config.option
    if file_path.suffix == ".ipynb" and file_path.parent == HERE and not (option.nbval or option.nbval_lax):
        return Template.from_parent(parent, path=file_path)
    return None


def reference_run(folder: Path, case: Case) -> NotebookNode:
    """Read the run of a case that its template is tested against: its cells are those of the template with the parameters.

    Raises NotebookError where there is no run, its cells differ from the template's, or one of them was not executed.
    """
    path = case.run(folder / "runs")

    def refused(what: str, zh: str) -> NotebookError:
        return NotebookError(f"{path}: {what}; run: govstats reproduce --update --case {case.name} {zh}，请运行上述命令")

    if not path.is_file():
        raise refused(f"no run of {case.notebook} for {case.name}", "没有参照结果")
    expected = inject(read_notebook(folder / case.notebook), case.parameters, name=case.notebook)
    run = read_notebook(path)
    stored = {cell.id: cell for cell in run.cells}
    for cell in expected.cells:
        there = stored.get(cell.id)
        if there is None:
            raise refused(f"cell {cell.id!r} of the template is missing", "缺少模板中的单元")
        if (cell.cell_type, cell.source) != (there.cell_type, there.source):
            raise refused(f"cell {cell.id!r} differs from the template's", "与模板不同")
        if cell.cell_type == "code" and cell.source.strip() and there.execution_count is None:
            raise refused(f"cell {cell.id!r} has not been executed, or its outputs were stripped", "未执行或输出已清除")
    if list(stored) != [cell.id for cell in expected.cells]:
        raise refused("its cells are not those of the template, in their order", "单元与模板不一致")
    return run


class Template(pytest.File):
    """A notebook with the cases that list it."""

    def collect(self) -> Iterator[pytest.Collector]:
        try:
            listed = [case for case in cases(HERE / "cases.csv") if case.notebook == self.path.name]
        except NotebookError as error:
            raise self.CollectError(str(error)) from None
        if not listed:
            raise self.CollectError(f"{HERE / 'cases.csv'}: lists no case of {self.path.name}, which goes untested; add one")
        for case in listed:
            yield CaseFile.from_parent(self, path=self.path, name=case.name, nodeid=f"{self.nodeid}::{case.name}", case=case)


class CaseFile(IPyNbFile):
    """A template for one case, which is executed once for all its cells."""

    def __init__(self, *args: Any, case: Case, **keywords: Any) -> None:
        super().__init__(*args, **keywords)
        self.case = case

    def collect(self) -> Iterator[pytest.Item]:
        try:
            self.nb = reference_run(HERE, self.case)
        except NotebookError as error:
            raise self.CollectError(str(error)) from None
        code = [cell for cell in self.nb.cells if cell.cell_type == "code"]
        for number, cell in enumerate(code):
            yield CaseCell.of(self, number, cell)

    def setup(self) -> None:
        self.setup_sanitize_files()
        runs = self.config.getoption("--runs", default=None)
        found = earlier_run(HERE, self.case, runs) if runs else None
        self.error = ""
        if found is None:
            execution = execute(self.nb, folder=HERE)
            found, self.error = execution.notebook, execution.error
        self.run = [cell for cell in found.cells if cell.cell_type == "code"]
        begun = [number for number, cell in enumerate(self.run) if cell.execution_count is not None]
        self.ended = max(begun, default=0) if self.error else len(self.run)


class CaseCell(IPyNbCell):
    """A code cell: it ran, and its outputs are those of the reference run."""

    @classmethod
    def of(cls, case: CaseFile, number: int, cell: NotebookNode) -> CaseCell:
        options = defaultdict(bool, find_metadata_tags(cell.metadata)) | dict(find_comment_markers(cell.source))
        options.setdefault("check", True)
        item: CaseCell = cls.from_parent(case, name=f"Cell {number}", cell_num=number, cell=cell, options=options)
        return item

    def runtest(self) -> None:
        case = self.parent
        if self.cell_num > case.ended:
            pytest.skip(f"Cell {case.ended} of {case.name} failed before")
        cell = case.run[self.cell_num]
        if self.cell_num == case.ended:
            self.raise_cell_error(case.error, "\n".join(line for output in cell.outputs for line in output.get("traceback", [])))
        if self.options["check"] and not self.compare_outputs(cell.outputs, self.cell.outputs):
            self.raise_cell_error("Cell outputs differ", "\n".join(self.comparison_traceback))

    def reportinfo(self) -> tuple[Any, int, str]:
        return self.path, 0, f"{self.parent.name}::{self.name}"
