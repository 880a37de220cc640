"""Collects each template once for each of its cases: source from the template, expected outputs from its run.

The items are nbval's, so that its tags and comments (``NBVAL_IGNORE_OUTPUT`` …) hold. Under ``--nbval`` this steps aside.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import nbval.kernel
import pytest
from nbformat import NotebookNode
from nbval.plugin import IPyNbCell, IPyNbFile, find_comment_markers, find_metadata_tags

from govstats.errors import NotebookError
from govstats.notebooks import KERNEL_ENVIRONMENT, Case, cases, reference_run

HERE = Path(__file__).parent


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    option = parent.config.option
    if file_path.suffix == ".ipynb" and file_path.parent == HERE and not (option.nbval or option.nbval_lax):
        return Template.from_parent(parent, path=file_path)
    return None


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
    """A template for one case; its cells share a kernel."""

    def __init__(self, *args: Any, case: Case, **keywords: Any) -> None:
        super().__init__(*args, **keywords)
        self.case = case
        self.cells: list[CaseCell] = []
        self.executed = 0
        self.broken = ""

    def collect(self) -> Iterator[pytest.Item]:
        try:
            self.nb = reference_run(HERE, self.case)
        except NotebookError as error:
            raise self.CollectError(str(error)) from None
        code = [cell for cell in self.nb.cells if cell.cell_type == "code"]
        self.cells = [CaseCell.of(self, number, cell) for number, cell in enumerate(code)]
        yield from self.cells

    def setup(self) -> None:
        option = self.config.option
        if not option.nbval_kernel_name:
            option.nbval_current_env = True  # else a python3 kernel of the user's may import another govstats
        self.ipython = TemporaryDirectory(prefix="govstats-")
        with pytest.MonkeyPatch.context() as patch, Path(os.devnull).open("w") as null:
            patch.setattr(nbval.kernel, "open", lambda *_: null, raising=False)  # which nbval would leave open, with a warning
            for name, value in (KERNEL_ENVIRONMENT | {"IPYTHONDIR": self.ipython.name}).items():
                patch.setenv(name, value)
            super().setup()

    def teardown(self) -> None:
        super().teardown()
        self.ipython.cleanup()


class CaseCell(IPyNbCell):
    """A cell; the cells before it have been executed when it runs, also where pytest was asked for this one alone."""

    @classmethod
    def of(cls, case: CaseFile, number: int, cell: NotebookNode) -> CaseCell:
        options = defaultdict(bool, find_metadata_tags(cell.metadata)) | dict(find_comment_markers(cell.source))
        options.setdefault("check", True)
        item: CaseCell = cls.from_parent(case, name=f"Cell {number}", cell_num=number, cell=cell, options=options)
        return item

    def runtest(self) -> None:
        case = self.parent
        for cell in case.cells[case.executed : self.cell_num + 1]:
            if case.broken:
                pytest.skip(f"{case.broken} of {case.name} failed before")
            case.executed += 1
            try:
                IPyNbCell.runtest(cell)
            except pytest.skip.Exception:
                if cell is self:
                    raise
            except Exception as error:
                if "outputs differ" not in str(error):
                    case.broken = cell.name
                if cell is self:
                    raise

    def reportinfo(self) -> tuple[Any, int, str]:
        return self.path, 0, f"{self.parent.name}::{self.name}"
