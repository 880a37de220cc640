"""The exercises of the course, solved and as students get them, and its slides."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import nbformat
import pytest
from IPython.display import display
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook

from govstats import teaching
from govstats.cli import main
from govstats.errors import NotebookError
from govstats.notebooks import inject, read_notebook
from govstats.teaching import exercises, expect, student_version, write_exercises, write_slides

SHORT = {path.stem[0]: path for path in exercises()}


def failure(notebook: NotebookNode) -> tuple[str, Exception | None]:
    """Execute a notebook here, where a warning is an error; return the cell that fails and its error."""
    namespace: dict[str, Any] = {"display": display}
    try:
        for cell in notebook.cells:
            if cell.cell_type == "code":
                exec(cell.source, namespace)
    except Exception as error:  # noqa: BLE001 it is what is asked for
        return cell.id, error
    finally:
        plt.close("all")
    return "", None


def test_there_are_nine_and_their_lectures() -> None:
    assert sorted(SHORT) == list("123456789")
    lectures = [read_notebook(path) for path in sorted((exercises()[0].parent.parent / "slides").glob("*.ipynb"))]
    named = re.findall(r"^(\d)\. ", "\n".join(notebook.cells[-1].source for notebook in lectures), re.MULTILINE)
    assert named == list("123456789")


@pytest.mark.parametrize("path", exercises(), ids=lambda path: path.stem)
def test_the_solved_exercise_passes_and_the_students_fails_at_its_first_check(path: Path) -> None:
    master = read_notebook(path)
    assert failure(master) == ("", None)

    student = student_version(master)
    text = nbformat.writes(student)
    assert not re.search("SOLUTION|HIDDEN", text)
    cell, error = failure(student)
    checks = [cell.id for cell in student.cells if cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("grade")]
    assert cell == checks[0]
    assert isinstance(error, AssertionError)
    assert re.search(r"应为：.+ Expected: .+\.$", str(error))
    written = [cell.source for cell in student.cells if cell.cell_type == "markdown" and "nbgrader" in cell.metadata]
    assert written == ["在这里作答 YOUR ANSWER HERE"]


@pytest.mark.parametrize("seed", range(2, 10))
def test_each_student_has_a_sheet_whose_error_can_be_found(seed: int) -> None:
    assert failure(inject(read_notebook(SHORT["3"]), {"seed": seed})) == ("", None)


def test_sheets_differ() -> None:
    def sheet(seed: int) -> str:
        namespace: dict[str, Any] = {"seed": seed}
        exec(next(cell.source for cell in read_notebook(SHORT["3"]).cells if cell.id == "sheet"), namespace)
        return str(namespace["figures"].to_csv())

    assert sheet(7) == sheet(7)
    assert len({sheet(seed) for seed in range(1, 31)}) == 30


@pytest.mark.parametrize(
    ("yours", "wanted", "right"),
    [
        (0.1 + 0.2, 0.3, True),
        (3, 3.0, True),
        (2, lambda count: count > 1, True),
        (2, 3, False),
        ("三", 3.0, False),  # which cannot be compared
        ([], lambda found: found[0], False),
        (None, lambda _: True, False),
    ],
)
def test_an_answer_of_any_kind_is_right_or_not(yours: Any, wanted: Any, right: bool) -> None:
    if right:
        expect(yours, wanted, "某数", "a number")
    else:
        with pytest.raises(AssertionError, match=r"应为：某数。.* Expected: a number\."):
            expect(yours, wanted, "某数", "a number")


def test_the_command_writes_both_versions_and_overwrites_nobodys_work(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["exercises", str(tmp_path / "key"), "--solutions"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 9
    masters, students = tmp_path / "key", tmp_path / "students"
    assert all(nbformat.read(masters / path.name, as_version=4) == read_notebook(path) for path in exercises())
    assert main(["exercises", str(students)]) == 0
    assert {path.name for path in students.iterdir()} == {path.name for path in masters.iterdir()}
    with pytest.raises(NotebookError, match=r"1_reading_a_form\.ipynb: is there already"):
        write_exercises(students)
    assert main(["exercises", str(students)]) == 2


def test_slides_stand_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "templates" / "slides"
    folder.mkdir(parents=True)
    slide = {"slideshow": {"slide_type": "slide"}}
    cells = [
        nbformat.v4.new_markdown_cell("# 一 One", id="title", metadata=slide),
        new_code_cell("import matplotlib.pyplot as plt\nplt.plot([1, 2]);", id="drawn"),
        nbformat.v4.new_markdown_cell("要说的话 what to say", id="notes", metadata={"slideshow": {"slide_type": "notes"}}),
    ]
    nbformat.write(new_notebook(cells=cells), folder / "1.ipynb")
    monkeypatch.setattr(teaching, "templates", lambda: tmp_path / "templates")
    (page,) = write_slides(tmp_path / "out")
    text = page.read_text("utf-8")
    assert "Reveal.initialize" in text
    assert "<title>一 One</title>" in text
    assert re.search(r'<aside class="notes">\s*.*要说的话', text, re.DOTALL)
    assert 'src="data:image/png;base64,iVBOR' in text
    assert not re.search(r'(?:src|href)="(?:https?:|//|[\w/]+\.(?:js|css))|@import', text)
    nbformat.write(new_notebook(cells=[new_code_cell("1 / 0", id="broken")]), folder / "1.ipynb")
    with pytest.raises(NotebookError, match=r"1\.ipynb: Cell 0 \(broken\): ZeroDivisionError"):
        write_slides(tmp_path / "out")
