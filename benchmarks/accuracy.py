"""How many cells are right, missed and wrong, of govstats and of what a user would write instead?

    python benchmarks/accuracy.py [--figure FILE.png]

What a user would write: the tables of a library (``pandas.read_html``, camelot, python-docx, ``pandas.read_excel``; MarkItDown
and docling where they are installed), the row whose label holds that of the form, and the last figures of it. Documents are those
of the corpus, whose figures were transcribed by hand, pictures of their pages at 150 dpi, workbooks of their tables, and every
setting of the tests that is a web page, with figures drawn at random. A wrong cell costs ten points, a right one gains one.
"""

from __future__ import annotations

import argparse
import importlib.util
import io
import re
import sys
import tempfile
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from tqdm import tqdm

import govstats
from govstats.characters import figure
from govstats.documents import open_document
from govstats.forms import form

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.layouts import PROFILES, SETTINGS, copy  # noqa: E402
from tests.test_layouts import typeset  # noqa: E402

#: What a wrong figure costs, in right ones.
PRICE = 10
#: Documents whose pages are also given as pictures, and the pixels a point of these.
SCANNED, SHARPNESS = ("hongze-2023.pdf", "shuyang-fgj-2023.pdf", "pingtan-2022.pdf"), 150 / 72
SEED = 1

Key = tuple[str, str, str]
Rows = Sequence[Sequence[str]]


class Source(NamedTuple):
    """A document, what it shows in each cell, and the cells that no careful person could tell."""

    kind: str
    form: str
    content: bytes
    shown: Mapping[Key, float | None]
    doubtful: Collection[Key] = ()


# --- documents --------------------------------------------------------------------------------------------------------------


def corpus() -> Iterator[Source]:
    """Yield the documents of the corpus, pictures of some, and their tables as workbooks."""
    figures = pd.read_csv(ROOT / "data" / "figures.csv", dtype=str, keep_default_na=False)
    for _, row in pd.read_csv(ROOT / "data" / "reports.csv", dtype=str, keep_default_na=False).iterrows():
        of_report = figures[(figures["agency"] == row["agency"]) & (figures["year"] == row["year"])]
        keys = of_report[["table", "line", "column"]].itertuples(index=False, name=None)
        shown = {key: in_unit(key, printed) for key, printed in zip(keys, of_report["printed"], strict=True)}
        if not shown:  # a report without tables
            continue
        for path in sorted((ROOT / "data" / "documents").glob(f"{row['slug']}.*")):
            content = path.read_bytes()
            yield Source(path.suffix.strip("."), row["form"], content, shown)
            if path.name in SCANNED:
                yield Source("scan", row["form"], pictures(content), shown)
            if path.suffix == ".html":
                yield Source("xlsx", row["form"], workbook(content), shown)


def in_unit(key: Key, printed: str) -> float | None:
    """Return a printed figure in the unit of the form."""
    _, value, unit = figure(printed)[:3]
    return value / 1e4 if value is not None and key[2] == "amount" and unit else value


def pictures(document: bytes) -> bytes:
    """Return the pages of a PDF document as pictures in one file."""
    import pypdfium2

    pages = [page.render(scale=SHARPNESS).to_pil().convert("L") for page in pypdfium2.PdfDocument(document)]
    out = io.BytesIO()
    pages[0].save(out, "TIFF", save_all=True, append_images=pages[1:], resolution=150)
    return out.getvalue()


def workbook(page: bytes) -> bytes:
    """Return the tables of a web page in one sheet each, with their merged cells, as they are pasted."""
    from openpyxl import Workbook

    book = Workbook()
    for grid in open_document(page).grids:
        sheet = book.create_sheet()
        for cell in (cell for row in grid.rows for cell in row):
            text = cell.text.replace("\n", "")
            sheet.cell(cell.row + 1, cell.column + 1, int(text) if text.isdecimal() else text)
            if cell.rowspan * cell.colspan > 1:
                ends = {"end_row": cell.row + cell.rowspan, "end_column": cell.column + cell.colspan}
                sheet.merge_cells(start_row=cell.row + 1, start_column=cell.column + 1, **ends)
    book.remove(book.worksheets[0])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def settings() -> Iterator[Source]:
    """Yield every setting of the tests that is a web page, in every profile."""
    # a page of two reports is refused
    for setting in (name for name in SETTINGS if name.startswith("html") and name != "html of two agencies"):
        for number, profile in enumerate(PROFILES):
            report = copy(profile, ("2021", "2019")[number % 2], SEED)
            page = typeset(report, setting)
            shown = {key: report.value(key) for key in report.printed.keys() - report.absent}
            yield Source("html settings", report.form.version, page, shown, report.obscure)


# --- readers ----------------------------------------------------------------------------------------------------------------


def by_govstats(source: Source) -> dict[Key, float]:
    """Return what govstats reports."""
    try:
        cells = govstats.read(source.content).read_cells
    except govstats.GovstatsError:
        return {}
    return {cell.key: cell.value for cell in cells if cell.status == "reported" and cell.value is not None}


def looked_up(rows_of: Callable[[bytes], Iterable[Rows]]) -> Callable[[Source], dict[Key, float]]:
    """Look labels of the form up in the rows of tables, and take the last figures of a row."""

    def read(source: Source) -> dict[Key, float]:
        try:
            rows = [row for table in rows_of(source.content) for row in table]
        except Exception:  # noqa: BLE001  what another library does not read, it has not read
            return {}
        found: dict[Key, float] = {}
        read_rows = [(re.sub(r"[\W\d]", "", "".join(row)), numbers(row)) for row in rows]
        for table in form(source.form).tables:
            if table.id == "review":
                # one row, three blocks beside one another
                wide = (values for _, values in read_rows if len(values) >= len(table.cells))
                found |= dict(zip(table.cells, next(wide, [])[-len(table.cells) :], strict=False))
                continue
            for line in table.lines:
                label = re.sub(r"[\W\d]", "", line.zh)
                keys = [key for key in table.cells if key[1] == line.id]
                values = next((values for said, values in read_rows if label in said and len(values) >= len(keys)), [])
                found |= dict(zip(keys, values[-len(keys) :] if keys else [], strict=False))
        return found

    return read


def numbers(row: Sequence[str]) -> list[float]:
    """Return the figures in a row."""
    texts = (re.sub(r"[\s,]", "", text) for text in row)
    return [float(text) for text in texts if re.fullmatch(r"-?\d+(\.\d+)?", text)]


def of_pandas(content: bytes) -> Iterator[Rows]:
    """Yield the tables of a web page."""
    for frame in pd.read_html(io.BytesIO(content)):  # type: ignore[arg-type]
        yield frame.astype("object").fillna("").map(str).to_numpy().tolist()


def of_excel(content: bytes) -> Iterator[Rows]:
    """Yield the sheets of a workbook."""
    for frame in pd.read_excel(io.BytesIO(content), sheet_name=None, header=None, dtype=str).values():
        yield frame.fillna("").to_numpy().tolist()


def of_camelot(content: bytes) -> Iterator[Rows]:
    """Yield the tables of a PDF document between rulings."""
    from camelot.io import read_pdf

    for table in read_pdf(io.BytesIO(content), "all"):
        yield table.df.to_numpy().tolist()


def of_docx(content: bytes) -> Iterator[Rows]:
    """Yield the tables of a Word document."""
    from docx import Document

    for table in Document(io.BytesIO(content)).tables:
        # a merged cell is given once for each place it takes
        yield [list({id(cell._tc): cell.text for cell in row.cells}.values()) for row in table.rows]


def of_markdown(text: str) -> Rows:
    """Return the rows of all tables in Markdown."""
    return [line.strip().strip("|").split("|") for line in text.splitlines() if line.count("|") > 2]


def of_markitdown(content: bytes) -> Iterator[Rows]:
    """Yield the tables that MarkItDown makes of a document."""
    from markitdown import MarkItDown

    yield of_markdown(MarkItDown().convert_stream(io.BytesIO(content)).text_content)


def of_docling(content: bytes) -> Iterator[Rows]:
    """Yield the tables that docling makes of a document."""
    from docling.document_converter import DocumentConverter

    suffix = ".pdf" if content.startswith(b"%PDF") else ".docx" if content.startswith(b"PK") else ".html"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"report{suffix}")
        path.write_bytes(content)
        yield of_markdown(DocumentConverter().convert(path).document.export_to_markdown())


#: A reader, the package that it needs, and the kinds of documents that it takes.
READERS: dict[str, tuple[Callable[[Source], dict[Key, float]], str, tuple[str, ...]]] = {
    "govstats": (by_govstats, "govstats", ("html", "html settings", "pdf", "docx", "xlsx", "scan", "txt", "md")),
    "pandas.read_html": (looked_up(of_pandas), "pandas", ("html", "html settings")),
    "pandas.read_excel": (looked_up(of_excel), "openpyxl", ("xlsx",)),
    "camelot": (looked_up(of_camelot), "camelot", ("pdf",)),
    "python-docx": (looked_up(of_docx), "docx", ("docx",)),
    "MarkItDown": (looked_up(of_markitdown), "markitdown", ("html", "html settings", "pdf", "docx", "xlsx")),
    "docling": (looked_up(of_docling), "docling", ("html", "html settings", "pdf", "docx")),
}
DISTRIBUTIONS = {"camelot": "camelot-py", "docx": "python-docx"}


# --- the table --------------------------------------------------------------------------------------------------------------


def measured(sources: Sequence[Source]) -> pd.DataFrame:
    """Return right, missed and wrong cells by kind of document and reader."""
    rows = []
    readers = {name: reader for name, reader in READERS.items() if importlib.util.find_spec(reader[1])}
    for source in tqdm(sources, "documents", unit="document", disable=None):
        for name, (read, _, kinds) in readers.items():
            if source.kind in kinds:
                found = {key: value for key, value in read(source).items() if key not in source.doubtful}
                shown = source.shown.items()
                known = {key: value for key, value in shown if value is not None and key not in source.doubtful}
                right = sum(key in known and abs(known[key] - value) < 1e-6 for key, value in found.items())
                rows.append((source.kind, name, len(known), right, len(known.keys() - found.keys()), len(found) - right))
    frame = pd.DataFrame(rows, columns=["documents", "reader", "cells", "right", "missed", "wrong"])
    table = frame.groupby(["documents", "reader"], sort=False).sum()
    table["score"] = ((table["right"] - PRICE * table["wrong"]) / table["cells"]).round(3)
    return table


def drawn(table: pd.DataFrame, file: Path) -> None:
    """Draw right, missed and wrong cells, a bar a kind of document and reader."""
    import matplotlib.pyplot as plt

    shares = table[["right", "missed", "wrong"]].div(table["cells"], axis=0).iloc[::-1]
    fig, axes = plt.subplots(figsize=(7, 0.3 * len(shares) + 0.8), layout="constrained")
    shares.plot.barh(stacked=True, ax=axes, color=["#2b6a99", "#d9d9d9", "#c0392b"], width=0.8)
    axes.set_yticks(range(len(shares)), [f"{documents}: {reader}" for documents, reader in shares.index])
    axes.set(ylabel="", xlabel="share of the cells shown")
    axes.spines[["top", "right"]].set_visible(False)
    for at, wrong in enumerate(table["wrong"].iloc[::-1]):
        axes.text(shares.sum(axis=1).max() * 1.01, at, f"{wrong:,} wrong", va="center", fontsize=8)
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=3, frameon=False)
    fig.savefig(file, dpi=150)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--figure", type=Path, help="draw the table too")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    table = measured([*corpus(), *settings()])
    print(table.to_string())
    used: dict[str, Any] = {name: DISTRIBUTIONS.get(package, package) for name, (_, package, _) in READERS.items()}
    names = [name for name in used if importlib.util.find_spec(READERS[name][1])]
    print("versions:", ", ".join(f"{used[name]} {version(used[name])}" for name in names))
    if arguments.figure:
        drawn(table, arguments.figure)


if __name__ == "__main__":
    main()
