"""Every error says in English, then in Chinese, what is the matter and what to do."""

import ast
import re
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from string import Formatter

import pandas as pd
import pytest

import govstats
from govstats import cli, embedded, errors, measures, sources
from govstats.export import export
from govstats.panel import Panel
from govstats.reconciliation.corrections import read_corrections

PACKAGE = Path(govstats.__file__).parent
ERRORS = {name for name, one in vars(errors).items() if isinstance(one, type) and issubclass(one, errors.GovstatsError)}
#: How these end is chosen beforehand, in both languages.
CHOSEN_BEFORE = [": ; expected one; "]
CHINESE = re.compile("[\u4e00-\u9fff]{2}")
REPORT = "某某局2021年政府信息公开工作年度报告\n信息内容\t本年处理决定数量\n行政处罚\t3\n行政强制\t0\n"


def messages() -> Iterator[tuple[str, str]]:
    """Yield where an error of ours is made, and the words that it is made with."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ERRORS and node.args:
                parts = [part.value for part in ast.walk(node.args[0]) if isinstance(part, ast.Constant)]
                yield f"{path.relative_to(PACKAGE)}:{node.lineno}", "".join(part for part in parts if isinstance(part, str))
    for key, said in worded().items():
        yield f"errors.toml: {key}", said["en"] + said["zh"]


def worded() -> dict[str, dict[str, str]]:
    return tomllib.loads((PACKAGE / "errors.toml").read_text("utf-8"))


def test_every_error_of_the_package_is_in_both_languages() -> None:
    found = list(messages())
    assert len(found) > 120
    assert [(where, said) for where, said in found if not CHINESE.search(said) and said not in CHOSEN_BEFORE] == []


@pytest.mark.parametrize(
    ("fails", "english", "chinese"),
    [
        (lambda _: govstats.read("没有.pdf"), "没有.pdf: the file cannot be opened", "应为文件路径"),
        (lambda _: govstats.read("https://example.org/a.html"), "it is an address; save the page", "请先存成文件"),
        (lambda _: govstats.read("今天天气很好。".encode()), "this is no annual report", "这不是政府信息公开工作年度报告"),
        (lambda _: govstats.read(b"%PDF-1.7 nothing"), "the PDF document is damaged", "文件已损坏，请重新下载"),
        (
            lambda _: govstats.read(REPORT.encode(), form="2022"),
            "no form version '2022'; known: 2008, 2019, 2021",
            "没有这个格式版本",
        ),
        (
            lambda _: govstats.read(REPORT.encode()).show("proactive/rules/issued"),
            "has no cell proactive/rules/issued",
            "没有这一单元格",
        ),
        (
            lambda _: embedded.report("平潭", 2025),
            "has no agency '平潭'; it has, the nearest first: 平潭综合实验区",
            "自带年报中没有该机关",
        ),
        (lambda _: sources.choose_report("平潭综合实验区"), "no year is given", "请给出机关和年度"),
        (
            lambda _: measures.series(embedded.report("平潭综合实验区", 2025), names="nosuch"),
            "there is no series 'nosuch'",
            "没有这个名称",
        ),
        (lambda _: govstats.reconcile(pd.DataFrame({"agency": []})), "lacks the column(s) year, form", "数据框缺少列 year"),
        (lambda folder: govstats.read_corpus(folder / "nosuch"), "there is no such folder", "没有这个文件夹"),
        (Panel, "there is no panel in this folder", "govstats build 文件夹 -o 输出"),
        (
            lambda folder: export(folder, folder / "a.dta", "stata"),
            "there is no export format 'stata'; known are parquet",
            "没有这种导出格式",
        ),
        (
            lambda folder: read_corrections(folder / "c.csv"),
            "line 2: reason is empty; expected a text",
            "应为 2024-05-06 这样的日期",
        ),
    ],
)
def test_what_users_meet(fails: Callable[[Path], object], english: str, chinese: str, tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text(
        "agency,year,cell,old,new,reason,source,date\n某局,2023,review/reconsideration/total,0,11,,来函,2024\n", encoding="utf-8"
    )
    with pytest.raises(errors.GovstatsError) as caught:
        fails(tmp_path)
    said = str(caught.value)
    assert english in said
    assert chinese in said.split(english)[1]


def test_a_command_that_is_written_wrongly_is_told_in_both_languages(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        cli.main(["check"])
    said = capsys.readouterr().err
    assert "the following arguments are required: FILE" in said
    assert "命令写法有误，用法见 govstats check --help" in said


def test_each_message_is_used_and_filled_in() -> None:
    """Every call of `worded` names an entry of ``errors.toml`` and gives what its sentences ask for; no entry is left over."""
    given: dict[str, set[str]] = {}
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "worded":
                (named,) = node.args
                assert isinstance(named, ast.Constant)
                given[str(named.value)] = {keyword.arg or "" for keyword in node.keywords}
    assert worded().keys() == given.keys()
    for key, sentences in worded().items():
        asked = {name.split(".")[0] for one in sentences.values() for _, name, _, _ in Formatter().parse(one) if name}
        # a mapping that is unpacked (no name) may have more
        assert given[key] == asked or ("" in given[key] and given[key] - {""} <= asked)
        assert CHINESE.search(sentences["zh"])
        assert not CHINESE.search(sentences["en"])
