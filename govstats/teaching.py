"""Exercises and slides: student versions of the exercises, what their check cells say, and slides that need no network."""

from __future__ import annotations

from copy import deepcopy
from importlib.util import find_spec
from math import isclose
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from govstats.display import PAGES
from govstats.errors import MissingExtra, NotebookError
from govstats.notebooks import execute, heading, read_notebook, templates

_CODE_STUB = "# 在这里写代码 YOUR CODE HERE"
_TEXT_STUB = "在这里作答 YOUR ANSWER HERE"


def expect(yours: Any, wanted: Any, zh: str, en: str) -> None:
    """Check an answer; a cell of an exercise that fails says what was expected.

    Parameters
    ----------
    yours : object
        The answer; None is never right.
    wanted : object
        The right answer, or a function that is true of a right one. A function that raises is not true.
    zh, en : str
        What was expected, as a phrase.

    Raises
    ------
    AssertionError
        The answer is not right.

    Examples
    --------
    >>> expect(2, 2, "甲加乙", "a plus b")
    >>> expect(3, lambda count: count > 5, "多于五件", "more than five")
    Traceback (most recent call last):
    AssertionError: 应为：多于五件。你的是：3。 Expected: more than five. Yours: 3.
    """
    if yours is None:
        raise AssertionError(f"还没有作答。应为：{zh}。 No answer yet. Expected: {en}.")
    try:
        right = wanted(yours) if callable(wanted) else isclose(yours, wanted) if isinstance(wanted, float) else yours == wanted
        right = bool(right)
    except Exception:  # noqa: BLE001 an answer may be of any kind, and then it is not the right one
        right = False
    if not right:
        shown = repr(yours) if isinstance(yours, str) else f"{yours}"  # numpy's numbers as one writes them
        raise AssertionError(f"应为：{zh}。你的是：{shown}。 Expected: {en}. Yours: {shown}.")


def exercises() -> list[Path]:
    """Return the master notebooks of the exercises, with their solutions.

    Examples
    --------
    >>> [path.stem for path in exercises()][:2]
    ['1_reading_a_form', '2_missing_is_not_zero']
    """
    return sorted((templates() / "exercises").glob("*.ipynb"))


def student_version(master: NotebookNode) -> NotebookNode:
    """Return an exercise without its solutions and hidden tests, as nbgrader makes it.

    Parameters
    ----------
    master : nbformat.NotebookNode
        With nbgrader's markers and metadata; not changed.

    Raises
    ------
    MissingExtra
        nbgrader is not installed.

    Examples
    --------
    >>> student = student_version(read_notebook(exercises()[0]))
    >>> print(next(cell.source for cell in student.cells if cell.id == "answer-1"))
    to_handle = None
    # 在这里写代码 YOUR CODE HERE
    """
    try:
        from nbgrader.preprocessors import CheckCellMetadata, ClearHiddenTests, ClearSolutions, LockCells
    except ImportError as error:
        raise MissingExtra.of("a student version", error, "teaching") from error
    notebook = deepcopy(master)
    cleared = ClearSolutions(code_stub={"python": _CODE_STUB}, text_stub=_TEXT_STUB)
    for step in (CheckCellMetadata(), LockCells(), cleared, ClearHiddenTests()):
        notebook, _ = step.preprocess(notebook, {})
    return notebook


def write_exercises(folder: str | Path, *, solutions: bool = False) -> list[Path]:
    """Write the exercises into a folder of one's own.

    Parameters
    ----------
    folder : str or pathlib.Path
        Is made if it is not there.
    solutions : bool
        Write the masters, for the teacher and as `source` of nbgrader, rather than what students get.

    Returns
    -------
    list of pathlib.Path
        What was written.

    Raises
    ------
    NotebookError
        A file of that name is there already: what a student wrote is not overwritten.
    MissingExtra
        The student version needs nbgrader, of the extra ``teaching``.
    """
    folder = Path(folder)
    for master in exercises():
        if (folder / master.name).exists():
            raise NotebookError.worded("exercise_is_there", file=folder / master.name)
    folder.mkdir(parents=True, exist_ok=True)
    for master in exercises():
        notebook = read_notebook(master)
        nbformat.write(notebook if solutions else student_version(notebook), folder / master.name)
    return [folder / master.name for master in exercises()]


def write_slides(folder: str | Path) -> list[Path]:
    """Execute the notebooks of the lectures, and write each as slides in one page that needs nothing else.

    Parameters
    ----------
    folder : str or pathlib.Path
        Is made if it is not there; files of the same name are overwritten.

    Returns
    -------
    list of pathlib.Path
        Pages to open in a browser; the key ``s`` shows the notes of the speaker.

    Raises
    ------
    NotebookError
        A cell failed.
    MissingExtra
        The extra ``teaching``, which has reveal.js, is not installed.
    """
    from nbconvert import SlidesExporter

    spec = find_spec("sphinx_revealjs")  # carries reveal.js; found, not imported: Sphinx is not needed
    if spec is None or spec.origin is None:
        raise MissingExtra.of("a slide show", ImportError(name="sphinx_revealjs"), "teaching")
    reveal = Path(spec.origin).parent / "_static" / "revealjs"
    exporter = SlidesExporter(
        extra_template_paths=[str(PAGES), str(reveal)],
        template_file="slides.html.j2",
        exclude_input=True,
        exclude_anchor_links=True,
    )
    Path(folder).mkdir(parents=True, exist_ok=True)
    written = []
    for source in sorted((templates() / "slides").glob("*.ipynb")):
        execution = execute(read_notebook(source), folder=Path.cwd())
        if execution.error:
            raise NotebookError(f"{source}: {execution.error}; mend it in JupyterLab 有单元执行出错，请打开改正")
        html, _ = exporter.from_notebook_node(execution.notebook, resources={"heading": heading(execution.notebook)})
        written.append(Path(folder) / f"{source.stem}.html")
        written[-1].write_text(html, "utf-8")
    return written
