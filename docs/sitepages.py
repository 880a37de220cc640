"""What pages of the site get from code and runs: lists of pages, figures, commands, the data dictionary, search in Chinese."""

from __future__ import annotations

import base64
import html
import json
import os.path
import re
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout, suppress
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sphinx.application import Sphinx
from sphinx.search.en import SearchEnglish

from govstats import cli
from govstats.export import codebook
from govstats.notebooks import Case, cases, heading, read_notebook

REPOSITORY = Path(__file__).resolve().parent.parent
NOTEBOOKS = REPOSITORY / "notebooks"
RUNS = NOTEBOOKS / "runs"

_CONTENTS = {
    "中文": ["安装与试用 </README.zh>", "howto.zh", "teaching.zh"],
    "English": ["Start page <start>", "Install and try </README>", "howto", "teaching"],
    "结果 Results": ["gallery", "notebooks"],
    "参考 Reference": ["dictionary", "api", "commands"],
    "项目 Project": ["README", "/CONTRIBUTING", "/CHANGELOG"],
}
_SOLUTION = re.compile(r"^[ \t]*### BEGIN (SOLUTION|HIDDEN TESTS)\n.*?^[ \t]*### END \1\n?", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\((?![a-z]+:|#|/)([^)#\s]+)(#[^)\s]*)?\)")
_MARK = re.compile(r"^<!-- site: (\w+)(?: (\S+) (\w+))? -->$", re.MULTILINE)


def by_template() -> dict[str, list[Case]]:
    """Return the listed cases of each notebook that have a run, notebooks in the order of their names."""
    found = [case for case in cases(NOTEBOOKS / "cases.csv") if case.run(RUNS).is_file()]
    return {name: [case for case in found if case.notebook == name] for name in sorted({case.notebook for case in found})}


def page_of(run: Path) -> str:
    """Return the name of the page that Sphinx makes of a run."""
    return run.relative_to(REPOSITORY).with_suffix("").as_posix()


def toctree(entries: list[str], options: str = ":hidden:") -> str:
    """Return a toctree of MyST, or nothing where there are no pages."""
    return "\n".join(["```{toctree}", options, "", *entries, "```", ""]) if entries else ""


def pages(folder: str, language: str) -> str:
    """List the pages of a folder in one language; a page that has no other stands for both.

    >>> pages("docs/howto", "zh").splitlines()[3:5]
    ['/docs/howto/adjudications.zh', '/docs/howto/corrections.zh']
    """
    names = sorted(path.stem for path in (REPOSITORY / folder).glob("*.*") if path.suffix in (".md", ".ipynb"))
    chinese = [name for name in names if name.endswith(".zh") or f"{name}.zh" not in names]
    chosen = chinese if language == "zh" else [name for name in names if not name.endswith(".zh")]
    return toctree([f"/{folder}/{name}" for name in chosen], ":maxdepth: 1")


def contents() -> str:
    """Return the contents of the site, as the start page has them."""
    return "".join(toctree(entries, f":hidden:\n:caption: {caption}") for caption, entries in _CONTENTS.items())


def decisions() -> str:
    """List the pages that docs/README.md links to, in its order."""
    return toctree(re.findall(r"\]\((\w+)\.md\)", (REPOSITORY / "docs" / "README.md").read_text("utf-8")))


def figures(output: Path) -> str:
    """Show each figure of each notebook once, from its first run that has it; the pictures become files."""
    output.mkdir(parents=True, exist_ok=True)
    text = []
    for name, found in by_template().items():
        shown: dict[str, str] = {}
        for case in found:
            for cell, section, picture, seen in _pictures(case.run(RUNS)):
                if cell in shown:
                    continue
                file = f"{Path(name).stem}-{cell}.png"
                (output / file).write_bytes(picture)
                image = f'<img src="../{output.name}/{file}" alt="{html.escape(seen)}" loading="lazy">'
                caption = f"{html.escape(section)}<br>{html.escape(_case_name(case.name))}"
                link = f'<a href="../{quote(page_of(case.run(RUNS)))}.html">{image}</a>'
                shown[cell] = f"<figure>{link}<figcaption>{caption}</figcaption></figure>"
        if shown:
            text += [f"## {heading(read_notebook(NOTEBOOKS / name))}", "", '<div class="gallery">', *shown.values(), "</div>", ""]
    return "\n".join(text)


def _pictures(run: Path) -> Iterator[tuple[str, str, bytes, str]]:
    """Give each figure of a run: cell, heading of the section, PNG, and the text that says what one would see."""
    section = ""
    for cell in read_notebook(run).cells:
        if cell.cell_type == "markdown" and (headings := re.findall(r"^#+\s+(.+)$", cell.source, re.MULTILINE)):
            section = headings[-1]
        for output in cell.get("outputs", []):
            if png := output.get("data", {}).get("image/png"):
                yield cell.id, section, base64.b64decode(png), _alternative(output) or section


def _alternative(output: Any) -> str:
    return str(output.get("metadata", {}).get("image/png", {}).get("alt", ""))


def dictionary() -> str:
    """Return the data dictionary: tables with their columns, values, and the cells of the forms as variables."""
    described = [*codebook.datasets("tables").values(), *codebook.datasets("optional").values()]
    return codebook.markdown({one.name: one.columns for one in described}).split("\n", 1)[1]


def commands() -> str:
    """Return what the command line says of itself."""
    names = re.findall(r"^    ([\w-]+)(?: |$)", _help(), re.MULTILINE)
    return "\n".join(f"## {name}\n\n```text\n{_help(name).strip()}\n```\n" for name in names)


def _help(*command: str) -> str:
    with redirect_stdout(StringIO()) as printed, suppress(SystemExit):
        cli.main([*command, "--help"])
    return printed.getvalue()


def fill(app: Sphinx, docname: str, source: list[str]) -> None:
    """Complete the text of a page before Sphinx parses it."""
    if docname.startswith("notebooks/"):
        source[0] = json.dumps(_notebook(docname, json.loads(source[0])), ensure_ascii=False)
        return
    known: dict[str, Callable[..., str]] = {
        "commands": commands,
        "contents": contents,
        "decisions": decisions,
        "dictionary": dictionary,
        "figures": lambda: figures(Path(app.outdir) / "_figures"),
        "pages": pages,
    }
    text = _MARK.sub(lambda mark: known[mark[1]](*(part for part in mark.groups()[1:] if part)), source[0])
    other = docname.removesuffix(".zh") if docname.endswith(".zh") else f"{docname}.zh"
    if (REPOSITORY / f"{other}.md").is_file():
        label = "English" if docname.endswith(".zh") else "中文"
        text = re.sub(r"\A(# .+\n)", rf"\1\n[{label}]({Path(other).name}.md)\n", text)
    source[0] = text


def _notebook(docname: str, notebook: dict[str, Any]) -> dict[str, Any]:
    """Make a page of a notebook: of a template, a run (which names its case and folds its code) or an exercise (unsolved)."""
    folder, name = Path(docname).parent, f"{Path(docname).name}.ipynb"
    if folder.name == "notebooks":
        found = by_template().get(name, [])
        entries = [f"{_case_name(case.name)} </{page_of(case.run(RUNS))}>" for case in found]
        listed = {"id": "runs", "cell_type": "markdown", "metadata": {}, "source": toctree(entries, ":maxdepth: 1")}
        return notebook | {"cells": [notebook["cells"][0], listed]}
    is_run = folder.parent.name == "runs"
    for number, cell in enumerate(notebook["cells"]):
        text = "".join(cell["source"])
        if cell["cell_type"] == "markdown" and is_run:
            text = _LINK.sub(_from_template, text)
            text = re.sub(r"\A(# .+)", rf"\1 · {_case_name(folder.name)}", text) if number == 0 else text
        elif cell["cell_type"] == "code" and is_run:
            cell["metadata"].setdefault("tags", []).append("hide-input")
            if seen := " ".join(filter(None, (_alternative(output) for output in cell["outputs"]))):
                cell["metadata"]["mystnb"] = {"image": {"alt": seen}}
        cell["source"] = text if is_run else unsolved(text)
    return notebook


def unsolved(text: str) -> str:
    r"""Leave out what nbgrader's marks say is a solution or a hidden test.

    >>> unsolved("def rule(cells):\n    ### BEGIN SOLUTION\n    return 1\n    ### END SOLUTION\nrule")
    'def rule(cells):\nrule'
    """
    return _SOLUTION.sub("", text)


def _case_name(folder: str) -> str:
    """Return the name of a case as a reader writes it.

    >>> _case_name("应急管理部-2021")
    '应急管理部 2021'
    """
    return re.sub(r"-(\d{4})\b", r" \1", folder)


def _from_template(link: re.Match[str]) -> str:
    """Lead a link of a run to where it leads from its template."""
    return f"](/{os.path.normpath(f'notebooks/{link[1]}')}{link[2] or ''})"


def set_language(_app: Sphinx, page: str, _template: str, context: dict[str, Any], _doctree: object) -> None:
    """Say in which language a page is: one that has a Chinese sister is English."""
    if (REPOSITORY / f"{page}.zh.md").is_file():
        context["language"] = "en"


class SearchBigrams(SearchEnglish):
    """Search by pairs of Chinese characters.

    Sphinx's own search of Chinese looks a query up as one word, so that it finds only what a dictionary has; a query and a text
    that are cut at every character need none.
    """

    lang = "zh"
    js_splitter_code = """
function splitQuery(query) {
  const pairs = (run) => run.length < 2 ? [run] : [...run].slice(1).map((character, at) => run[at] + character);
  const parts = query.match(/[\\u3400-\\u9fff]+|[^\\u3400-\\u9fff]+/g) || [];
  return parts.flatMap((part) => /[\\u3400-\\u9fff]/.test(part) ? pairs(part) : part.match(/[\\p{L}\\p{N}_]+/gu) || []);
}
"""

    def split(self, input: str) -> list[str]:  # noqa: A002 as the base class has it
        """Return the words, the Chinese characters and their pairs.

        >>> SearchBigrams({}).split("不予公开 refused")
        ['refused', '不', '予', '公', '开', '不予', '予公', '公开']
        """
        chinese = re.findall(r"[\u3400-\u9fff]+", input)
        words = re.findall(r"\w+", re.sub(r"[\u3400-\u9fff]+", " ", input))
        return [*words, *"".join(chinese), *(run[at : at + 2] for run in chinese for at in range(len(run) - 1))]


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect all this to Sphinx."""
    app.add_search_language(SearchBigrams)
    app.connect("source-read", fill)
    app.connect("html-page-context", set_language)
    return {"parallel_read_safe": True}
