"""What holds whatever the input: properties that hypothesis tries to break.

The same examples come each time; ``GOVSTATS_EXAMPLES=2000 python -m pytest -n 0 tests/test_properties.py --hypothesis-seed=7``
draws others.
"""

from __future__ import annotations

import csv
import io
import os
import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from html import escape
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pyarrow.parquet as pq
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

import govstats
from govstats.characters import figure, folded, folded_text, normalised, numeral, simplified
from govstats.documents import open_document
from govstats.errors import GovstatsError
from govstats.export import export
from govstats.forms import CellKey
from govstats.reconciliation import reconcile
from govstats.report import CELL_TYPES, typed_frame
from govstats.simulate import simulate

from . import layouts

#: So many for each property; 0 are those of a test, which are the same each time.
EXAMPLES = int(os.environ.get("GOVSTATS_EXAMPLES", "0"))


def tried(times: int) -> settings:
    """Return how a property is tried: so many times in a test."""
    checks = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
    return settings(
        max_examples=EXAMPLES or times, derandomize=not EXAMPLES, database=None, deadline=None, suppress_health_check=checks
    )


#: Any characters, and those that have a part in figures, numerals, pinyin and folding more often.
TEXTS = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from("一二两〇零十百千万亿点负半几壹萬億０１,，.．-－+减增()（）abcāǎüńγ關係復⻑⾏⼀陝陜①²½ﬃ㈠㍿ /—元件%"),
        st.sampled_from("\u0301\u200b\u3000\x85\xad\u2028"),
    ),
    max_size=20,
)
#: What reports are made of, and what spoils them.
PIECES = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        "某局2021年政府信息公开工作年度报告 一、总体情况 信息内容 本年制发件数 本年处理决定数量 行政许可 规章 行政处罚 "
        "（一）予以公开 三、收到和处理政府信息公开申请情况 总计 自然人 收到申请3件 予以公开两千零五件 同比增长12% 關(guān)于 "
        "<table> <tr> <td> <td\tcolspan=3> </table> <p> <div> <style> <script> <!-- --> &nbsp; &#49; | |---|---| , \t \n 1 0 "
        "１２ 1,024 / — 万元 \u200b \ufeff \x00 \x0c \ud7ff =1+1".split(" ")
    ),
)
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=8)


# --- characters and numerals ----------------------------------------------------------------------------------------------


@given(st.integers(-(10**15) + 1, 10**15 - 1), st.sampled_from(["", "件", " 条"]), st.sampled_from(["", "（其中修订 1 件）"]))
@tried(100)
def test_a_count_is_read_back_however_wide_it_is_printed(count: int, unit: str, remark: str) -> None:
    full = str.maketrans({chr(code): chr(code + 0xFEE0) for code in range(0x21, 0x7F)})
    for printed in (f"{count}{unit}{remark}", f"{count:,}{unit}{remark}", f" {count:,}{unit}{remark}\u200b".translate(full)):
        assert (figure(printed).status, figure(printed).value) == ("reported", count)


@given(TEXTS)
@tried(300)
def test_a_text_has_a_finite_figure_or_a_reason(text: str) -> None:
    read = figure(text)
    assert (read.value is not None) == (read.status == "reported")
    assert read.value is None or np.isfinite(read.value)
    assert figure(f" {text}\u3000").status == read.status or len(text) > 58


@given(st.text("0123456789,.零〇一二两三四五六七八九十百千万亿壹贰", max_size=12))
@tried(200)
def test_what_looks_like_a_numeral_is_a_number_or_none(text: str) -> None:
    number = numeral(text)
    assert number is None or (number >= 0 and np.isfinite(number))


def in_chinese(number: int) -> str:
    """Write a number below 100,000,000 in Chinese numerals, each figure with its power."""
    if number >= 10_000:
        below = number % 10_000
        return f"{in_chinese(number // 10_000)}万" + ("零" if 0 < below < 1000 else "") + (in_chinese(below) if below else "")
    written = ""
    for power, unit in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        if digit := number // power % 10:
            skipped = written and number // (10 * power) % 10 == 0
            written += ("零" if skipped else "") + "零一二三四五六七八九"[digit] + unit
    return written or "零"


@given(st.integers(0, 10**8 - 1))
@example(20_005)
@example(10_010_010)
@tried(200)
def test_a_number_is_read_back_from_chinese_numerals(number: int) -> None:
    assert numeral(in_chinese(number)) == number


@given(TEXTS)
@tried(300)
def test_folding_twice_is_folding_once_and_every_character_keeps_its_place(text: str) -> None:
    plain, places = folded(text)
    assert plain == folded_text(text)
    assert len(places) == len(plain)
    assert list(places) == sorted(set(places))
    assert all(folded_text(text[at]) == character for character, at in zip(plain, places, strict=True))
    assert folded_text(plain) == plain
    assert simplified(simplified(text)) == simplified(text)
    assert normalised(normalised(text)) == normalised(text)


# --- documents and grids --------------------------------------------------------------------------------------------------


@given(st.lists(PIECES, max_size=40).map("".join), st.sampled_from(["utf-8", "gb18030", "utf-16"]))
@tried(150)
def test_a_document_of_any_text_is_read_or_refused(text: str, encoding: str) -> None:
    content = text.encode(encoding, "surrogatepass" if encoding == "utf-8" else "replace")
    with suppress(GovstatsError):
        found = reconcile(govstats.read(content))
        assert set(found["status"]) <= {"pass", "fail", "not_assessable"}


@given(
    st.sampled_from(
        [b"", b"%PDF-1.7\n", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\x89PNG\r\n\x1a\n", b"\x1f\x8b\x08"]
    ),
    st.binary(max_size=300),
)
@tried(100)
def test_a_document_of_any_bytes_is_read_or_refused(magic: bytes, content: bytes) -> None:
    with suppress(GovstatsError):
        govstats.read(magic + content)


Place = tuple[int, int, int, int]


@st.composite
def grids(draw: st.DrawFn) -> Mapping[Place, str]:
    """Draw a grid without gaps: row, column, rows and columns of each cell, and its text; each row and column begins a cell."""
    rows, columns = draw(st.integers(2, 6)), draw(st.integers(2, 6))
    free = {(row, column) for row in range(rows) for column in range(columns)}
    found: dict[Place, str] = {}
    for row in range(rows):
        for column in range(columns):
            if (row, column) not in free:
                continue
            down, across = draw(st.integers(1, 2)), draw(st.integers(1, 3))
            span = {(row + y, column + x) for y in range(down) for x in range(across)}
            if not span <= free:
                down, across, span = 1, 1, {(row, column)}
            free -= span
            found[row, column, down, across] = draw(WORDS)
    assume({row for row, *_ in found} == set(range(rows)))
    assume({column for _, column, *_ in found} == set(range(columns)))
    return found


def as_page(grid: Mapping[Place, str]) -> str:
    rows: dict[int, str] = {}
    for (row, _, down, across), text in grid.items():
        rows[row] = rows.get(row, "") + f"<td rowspan={down} colspan={across}>{escape(text)}</td>"
    return f"<table>{''.join(f'<tr>{cells}</tr>' for cells in rows.values())}</table>"


def read_back(content: bytes) -> Mapping[Place, str]:
    (grid,) = open_document(content).grids
    return {(one.row, one.column, one.rowspan, one.colspan): one.text for row in grid.rows for one in row}


@given(grids())
@tried(150)
def test_a_printed_grid_is_read_back_with_its_spans(grid: Mapping[Place, str]) -> None:
    assert read_back(as_page(grid).encode()) == grid


@given(st.integers(2, 5).flatmap(lambda width: st.lists(st.lists(WORDS, min_size=width, max_size=width), min_size=2, max_size=6)))
@tried(30)
def test_rows_are_read_back_from_a_sheet_and_from_markdown(rows: Sequence[Sequence[str]]) -> None:
    # what repeats its neighbour may be a written-out span, and numbers from 0 on those that pandas puts beside a table
    assume(rows[0][0] != "0" and not any(one == other for texts in rows for one, other in pairwise(texts)))
    expected = {(row, column, 1, 1): text for row, texts in enumerate(rows) for column, text in enumerate(texts)}
    book = openpyxl.Workbook()
    for row, column, *_ in expected:
        cell = book.worksheets[0].cell(row + 1, column + 1)
        cell.value, cell.data_type = expected[row, column, 1, 1], "s"
    book.save(file := io.BytesIO())
    assert read_back(file.getvalue()) == expected
    # what marks something in Markdown is no text
    plain = [[re.sub(r"[\\*_~`<>&#!\[\]:|-]", "/", text) for text in texts] for texts in rows]
    header, *body = ("|".join(["", *texts, ""]) for texts in plain)
    page = "\n".join([header, "|---" * len(rows[0]) + "|", *body])
    assert [*read_back(page.encode()).values()] == [text for texts in plain for text in texts]


# --- which line, which column ---------------------------------------------------------------------------------------------


@given(st.integers(0, 10**6), st.data())
@tried(40)
def test_where_rows_are_lost_moved_or_strange_no_figure_lands_in_another_cell(seed: int, data: st.DataObject) -> None:
    report = layouts.copy("distinct", "2021", seed)
    (rows,) = report.tables["requests"]
    body = rows[layouts.HEADER :]
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(body) - 1))
        change = data.draw(st.sampled_from(["lost", "moved", "strange"]))
        if change == "strange":
            body.insert(at, [layouts.Box(data.draw(WORDS), 1, layouts.STUB), *(layouts.Box("7") for _ in range(layouts.COLUMNS))])
        else:
            row = body.pop(at)
            if change == "moved":
                body.insert(min(at + 1, len(body)), row)
    report.tables["requests"] = [[*rows[: layouts.HEADER], *body]]
    read = govstats.read(layouts.html_of(report).encode())
    wrong = {
        (cell.table, cell.line, cell.column): cell.value
        for cell in read.read_cells
        if cell.status == "reported" and cell.value != report.value((cell.table, cell.line, cell.column))
    }
    assert wrong == {}


# --- edits ----------------------------------------------------------------------------------------------------------------


Sum = tuple[list[CellKey], list[CellKey]]


def sums(keys: Iterable[CellKey]) -> dict[tuple[str, CellKey], Sum]:
    """Return the parts and the wholes of each sum of the form of 2021, by rule and last cell, as the form is printed."""
    persons = ("natural_person", "commercial", "research", "social", "legal", "other")
    results = ("granted", "partly_granted", "refused.", "unable.", "not_processed.", "other.")
    lines = list(dict.fromkeys(line for table, line, _ in keys if table == "requests"))
    found: list[tuple[str, Sum]] = [
        ("T3R", ([("requests", line, one) for one in persons], [("requests", line, "total")])) for line in lines
    ]
    for column in (*persons, "total"):
        new, carried_in, processed, carried_out = (
            ("requests", line, column) for line in ("new", "carried_in", "processed_total", "carried_out")
        )
        found.append(("T3B", ([new, carried_in], [processed, carried_out])))
        found.append(("T3C", ([("requests", line, column) for line in lines if line.startswith(results)], [processed])))
    for line in ("reconsideration", "litigation_direct", "litigation_after_reconsideration"):
        outcomes = [("review", line, one) for one in ("upheld", "corrected", "other", "pending")]
        found.append(("T4S", (outcomes, [("review", line, "total")])))
    return {(rule, of_sum[1][-1]): of_sum for rule, of_sum in found}


def outcome(of_sum: Sum, value: Mapping[CellKey, int | None]) -> str:
    """Tell whether a sum of counts holds, cannot hold, or depends on counts that are not known, none of which is negative."""
    parts, wholes = ([value[key] for key in side] for side in of_sum)
    surplus = sum(one or 0 for one in parts) - sum(one or 0 for one in wholes)
    if None not in parts + wholes:
        return "fail" if surplus else "pass"
    nothing = set(parts) == {None} or set(wholes) == {None}
    impossible = (surplus > 0 and None not in wholes) or (surplus < 0 and None not in parts)
    return "fail" if impossible and not nothing else "not_assessable"


@given(
    st.integers(0, 10**6),
    st.lists(st.tuples(st.integers(0, 10**6), st.one_of(st.none(), st.integers(0, 10**7))), max_size=8),
)
@tried(30)
def test_a_sum_passes_or_fails_as_it_does_when_it_is_worked_out_again(
    seed: int, changes: Iterable[tuple[int, int | None]]
) -> None:
    cells = simulate("2021", 1, seed=seed)
    counted = cells.index[cells["column"] != "amount"]
    for at, count in changes:
        said = (pd.NA, "", "blank") if count is None else (float(count), str(count), "reported")
        cells.loc[counted[at % len(counted)], ["value", "printed", "status"]] = said
    keys = list(zip(cells["table"], cells["line"], cells["column"], strict=True))
    value = {key: None if pd.isna(one) else int(one) for key, one in zip(keys, cells["value"], strict=True)}
    found = reconcile(cells).query("rule in ['T3R', 'T3B', 'T3C', 'T4S']")
    last = (tuple(names.rpartition(";")[2].split("/")) for names in found["cells"])
    told = dict(zip(zip(found["rule"], last, strict=True), found["status"], strict=True))
    assert told == {key: outcome(of_sum, value) for key, of_sum in sums(keys).items()}


# --- exports --------------------------------------------------------------------------------------------------------------

AGENCIES = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=12)
#: Of a printed cell: its text, and its figure where it has one.
PRINTED = st.one_of(
    st.integers(-(10**12), 10**12).map(lambda count: (str(count), float(count), "reported")),
    st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12).map(lambda text: (text, None, "unreadable")),
    st.sampled_from(["=1+1", "+1", "-", "-5", "'x", "''", "@A1", "\t1", "＝1", "－1a", '"', ",\n"]).map(
        lambda text: (text, None, "unreadable")
    ),
    st.just(("", None, "blank")),
)


def a_panel(agency: str, printed: Sequence[tuple[str, float | None, str]]) -> Any:
    places = [(line, column) for line in ("new", "carried_in", "granted") for column in ("natural_person", "legal", "total")]
    rows = [
        (agency, 2021, "2021", "requests", line, column, value, text, status, "", 1, "", "grid", None)
        for (line, column), (text, value, status) in zip(places, printed, strict=False)
    ]
    none = pd.DataFrame()
    return SimpleNamespace(reports=none, cells=typed_frame(rows, CELL_TYPES), claims=none, findings=none, notes=none)


@given(AGENCIES, st.lists(PRINTED, min_size=1, max_size=9))
@tried(12)
def test_what_was_exported_is_read_back_equal(agency: str, printed: list[tuple[str, float | None, str]]) -> None:
    panel = a_panel(agency, printed)
    expected = [(agency, text, value) for text, value, _ in printed]
    with tempfile.TemporaryDirectory() as folder:
        with export(panel, f"{folder}/long.csv", "csv").open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
        texts = [(row["agency"].removeprefix("'"), row["printed"].removeprefix("'")) for row in rows]
        values = [float(row["value"]) if row["value"] else None for row in rows]
        assert [(*two, value) for two, value in zip(texts, values, strict=True)] == expected
        for row in rows:
            assert not row["printed"].startswith(tuple("=@＝＠\t\r"))
        table = pq.read_table(export(panel, Path(folder, "long.parquet"), "parquet")).select(["agency", "printed", "value"])
        assert [tuple(row.values()) for row in table.to_pylist()] == expected
