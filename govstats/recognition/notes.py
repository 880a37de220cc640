"""What a reading has to say beside its cells, in both languages."""

from __future__ import annotations

from govstats.forms import Table
from govstats.report import Note

#: Kind of note: sentence in Chinese, sentence in English. `{line}` and `{column}` are the labels of the form.
MESSAGES = {
    "no_agency": ("文件没有写明行政机关名称", "the document does not name its agency"),
    "no_year": ("文件没有写明报告年度", "the document does not name its reporting year"),
    "year_conflict": (
        "标题是{title_year}年，统计期限是{period_year}年；按标题",
        "the title names {title_year}, the reporting period {period_year}; the title was followed",
    ),
    "form_from_year": (
        "文件中没有可以辨认格式的表格；按年度取 {version} 年格式",
        "no table of the document tells its form; the year suggests that of {version}",
    ),
    "missing_table": (
        "文件中没有找到表“{table}”，或表中没有可以对应的数字",
        "the table “{table}” was not found in the document, or none of its figures could be placed",
    ),
    "unreadable_table": (
        "表“{table}”的数字行应有 {columns} 格，文件中有 {count} 格，或表头次序与格式不同，无法确定各数字属于哪一栏：{printed}",
        "the row of “{table}” should have {columns} cells; the document shows {count}, or a header in another order: {printed}",
    ),
    "missing_line": (
        "表“{table}”缺少“{line}”一行，或其行标题与数字无法对应",
        "the table “{table}” lacks the line “{line}”, or its label and figures could not be matched",
    ),
    "missing_cell": ("“{line}”的“{column}”在文件中没有单元格", "“{line}”, “{column}”: the document has no cell there"),
    "out_of_order": (
        "“{line}”一行不在表格规定的位置，按其标题读入",
        "the line “{line}” stands out of its order; it was read by its label",
    ),
    "torn_label": (
        "“{line}”的数字与行标题分离，按前后各行的次序读入",
        "the figures of “{line}” stand apart from their label; the lines before and after place them",
    ),
    "duplicate_line": (
        "“{line}”一行出现不止一次，数字不同：{other}；{printed}",
        "the line “{line}” stands there more than once with different figures: {other}; {printed}",
    ),
    "two_tables": (
        "表“{table}”在文件中出现两次，数字不同（{place} 与 {other}），无法确定哪一个属于本报告",
        "the table “{table}” stands there twice with different figures ({place} and {other}); which one is meant cannot be told",
    ),
    "outside_form": ("格式以外的行或栏“{label}”：{printed}", "a line or column that the form lacks, “{label}”: {printed}"),
    "unreadable_row": (
        "“{line}”一行应有 {columns} 格，文件中有 {count} 个数字：“{printed}”，无法确定各数字属于哪一栏",
        "the line “{line}” should have {columns} cells; the document shows {count}, “{printed}”; which is which is not told",
    ),
    "words_in_row": (
        "“{line}”一行的数字之间有文字，可能是两行并作一行，无法确定各数字属于哪一栏：{printed}",
        "words stand between the figures of the line “{line}”, maybe two lines in one; which is which cannot be told: {printed}",
    ),
    "unplaced_row": (
        "“{line}”一行的 {columns} 个数字“{printed}”，表头没有说明其次序，或按该次序不平衡，无法确定各数字属于哪一栏",
        "the line “{line}” has its {columns} figures, “{printed}”, but no header tells their order, or they do not add up in it",
    ),
    "glued_row": (
        "“{line}”一行应有 {columns} 格，文件中粘连为“{printed}”，有 {count} 种分法，无法确定：{candidates}",
        "the line “{line}” should have {columns} cells; “{printed}” can be split in {count} ways: {candidates}",
    ),
    "unbalanced_row": (
        "“{line}”一行应有 {columns} 格，文件中粘连为“{printed}”，只能分作 {candidates}，但其余各行不能证实",
        "the line “{line}” should have {columns} cells; “{printed}” can only be {candidates}, which no other line confirms",
    ),
    "spanning_figure": (
        "“{line}”的“{column}”为“{printed}”，但该格跨了几行，无法确定属于哪一行",
        "“{line}”, “{column}”: “{printed}” stands for several lines at once; to which it belongs cannot be told",
    ),
    "decided_by_edits": (
        "“{line}”的“{column}”有几种读法（{readings}），只有“{printed}”符合勾稽关系",
        "“{line}”, “{column}” can be read as {readings}; only “{printed}” satisfies the edits of the table",
    ),
    "undecided_readings": (
        "“{line}”的“{column}”有几种读法（{readings}），勾稽关系不能确定是哪一种",
        "“{line}”, “{column}” can be read as {readings}; the edits of the table do not decide which",
    ),
    "unsure_recognition": (
        "“{line}”的“{column}”识别为“{printed}”（置信度 {confidence}），勾稽关系不能证实",
        "“{line}”, “{column}” was recognised as “{printed}” (confidence {confidence}), which no edit of the table confirms",
    ),
    "unread_page": (
        "第 {page} 页没有读取：它是图像而没有安装 govstats[ocr]，或内容过多，不像报告的一页",
        "page {page} was not read: it is a picture and the extra govstats[ocr] is not installed, or it holds far too much",
    ),
    "unreadable_cell": ("“{line}”的“{column}”无法确定：{printed}", "“{line}”, “{column}” cannot be decided: {printed}"),
}


def note(
    kind: str,
    table: Table | None = None,
    line: str = "",
    column: str = "",
    *,
    printed: str = "",
    place: str = "",
    page: int | None = None,
    **details: object,
) -> Note:
    """Compose a note.

    Parameters
    ----------
    kind : str
        One of `MESSAGES`.
    table, line, column
        What it is about; an id that the form does not list stands for itself.
    printed, place, page
        What stands in the document, and where.
    **details
        Whatever else the sentences name.
    """
    known = {"table": table, "line": table.line.get(line), "column": table.column.get(column)} if table else {}
    sentences = []
    for language, template in zip(("zh", "en"), MESSAGES[kind], strict=True):
        labels = {"table": "", "line": line, "column": column}
        labels |= {part: getattr(label, language) for part, label in known.items() if label}
        sentences.append(template.format(**labels, printed=printed, place=place, page=page, **details))
    chinese, english = sentences
    return Note(kind, chinese, english, table.id if table else "", line, column, printed, page, place)
