"""Rules, indicators and weights of a user's own: the same notation, the same findings, refused where they cannot be meant."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import govstats
from govstats.cli import main
from govstats.errors import FormError
from govstats.measures import definitions
from govstats.reconciliation import reconcile, rules
from govstats.simulate import simulate

COLUMNS = ["agency", "year", "form", "table", "line", "column", "value", "status"]


def written(folder: Path, *own: str, more: str = "") -> Path:
    """Write rules, each given as ``id severity each table: left relation right``, sides as lists of TOML."""
    path = folder / "my_rules.toml"
    entries = []
    for one in own:
        head, _, edit = one.partition(": ")
        name, severity, each, table = head.split()
        left, relation, right = edit.split(" ")
        sides = [", ".join(f'"{term}"' for term in side.split("+") if term) for side in (left, right)]
        entries.append(
            f'[[rules]]\nid = "{name}"\nseverity = "{severity}"\ntitle_zh = "规则{name}"\ntitle_en = "rule {name}"\n'
            f'edits = [{{ table = "{table}", each = "{each}", left = [{sides[0]}], '
            f'relation = "{relation}", right = [{sides[1]}] }}]\n'
        )
    path.write_text("\n".join(entries) + more, "utf-8")
    return path


def cells(**figures: float | tuple[float, float]) -> pd.DataFrame:
    """Make cells of 2022, and of 2023 where there are two figures; a name is ``table__line__column``."""
    rows = [
        ("某区", 2022 + at, "2021", *name.split("__"), figure, "reported")
        for name, figures_of in figures.items()
        for at, figure in enumerate(figures_of if isinstance(figures_of, tuple) else (figures_of,))
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


SHARE = "MY1 W report requests: 3*requests/processed_total/total >= 10*requests/unable.not_held/total"


@pytest.mark.parametrize(("not_held", "status"), [(30, "pass"), (31, "fail"), (None, "not_assessable")])
def test_a_share_is_an_edit_with_coefficients(tmp_path: Path, not_held: float | None, status: str) -> None:
    source = cells(requests__processed_total__total=100, **{"requests__unable.not_held__total": not_held or 0})
    source.loc[source["line"] == "unable.not_held", ["value", "status"]] = [not_held, "reported" if not_held else "blank"]
    found = reconcile(source, rules=written(tmp_path, SHARE)).query("rule == 'MY1'")
    assert found[["severity", "status"]].to_numpy().tolist() == [["W", status]]
    if status == "fail":
        # 3 × 100 = 300 is less than 10 × 31 = 310
        assert found[["expected", "reported", "difference"]].to_numpy().tolist() == [[310, 300, -10]]
        assert found["message_zh"].item().endswith("：3×（七）总计 100＝300，少于10×（四）1.本机关不掌握相关政府信息 31＝310。")
        assert (
            found["message_en"]
            .item()
            .endswith(": 3 × (7) total processed 100 = 300, less than 10 × (4) 1. information not held 31 = 310.")
        )
    if status == "pass":
        assert found["message_en"].item() == "“requests received and processed”: rule MY1."


def test_edits_go_over_tables_and_years_and_groups_are_sums(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "TWO I report review: before.requests/new/total+requests/new/total >= review/reconsideration/total",
        "ORG W report requests: requests/new/organisations >= requests/carried_out/total",
    )
    kinds = dict.fromkeys(("research", "social", "legal", "other"), (0, 0))
    source = cells(
        requests__new__total=(4, 3),
        review__reconsideration__total=(9, 8),
        requests__new__commercial=(2, 3),
        **{f"requests__new__{kind}": two for kind, two in kinds.items()},
        requests__carried_out__total=(3, 3),
    )
    found = reconcile(source, rules=path).query("rule in ('TWO', 'ORG')")
    # 4 + 3 < 8; of 2022 the year before is not there. 2 + 0 + 0 + 0 + 0 < 3, and 3 is not
    assert found[["rule", "year", "severity", "status", "difference"]].to_numpy().tolist() == [
        ["ORG", 2022, "W", "fail", -1],
        ["TWO", 2023, "I", "fail", -1],
        ["ORG", 2023, "W", "pass", 0],
    ]


def test_own_findings_follow_ours_and_the_others_are_as_they_were(tmp_path: Path) -> None:
    source = simulate("2021", 3, seed=1)
    path = written(tmp_path, SHARE)
    found, ours = reconcile(source, rules=path), reconcile(source)
    pd.testing.assert_frame_equal(found[found["rule"] != "MY1"].reset_index(drop=True), ours)
    assert [*rules(path)["id"]] == [*rules()["id"], "MY1"]
    assert "MY1" not in set(reconcile(source)["rule"])


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("MY1 W line requests: totals >= legal", r"edit 1: no form has the cell requests/.*/totals.*没有这一单元格"),
        ("MY1 W report requests: requests/new/total >= requests/newer/total", "nearest: requests/new/total"),
        ("MY1 W report request: requests/new/total >= requests/new/legal", "is of the table 'request', which is not known"),
        ("MY1 X report requests: requests/new/total >= requests/new/legal", "has the severity 'X'"),
        ("T3R W report requests: requests/new/total >= requests/new/legal", "rule 'T3R'.*已有同名规则"),
        ("MY1 W report requests: requests/new/total > requests/new/legal", "has the relation '>'"),
        # of two forms: no report has both
        ("MY1 W report proactive: proactive/rules/in_force >= proactive/rules/disclosed_total", "not beside the others"),
    ],
)
def test_what_cannot_be_applied_is_refused_with_its_place(tmp_path: Path, rule: str, said: str) -> None:
    with pytest.raises(FormError, match=rf"my_rules\.toml.*{said}"):
        reconcile(simulate(), rules=written(tmp_path, rule))


def test_a_file_that_is_not_there_or_no_toml_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FormError, match="cannot be opened, or is no text"):
        reconcile(simulate(), rules=tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("[[rules]\n", "utf-8")
    with pytest.raises(FormError, match=r"bad\.toml: is no TOML"):
        reconcile(simulate(), rules=tmp_path / "bad.toml")


def test_a_side_is_a_list_and_a_file_of_notepad_is_read(tmp_path: Path) -> None:
    path = written(tmp_path, SHARE)
    text = path.read_text("utf-8")
    path.write_text(text, "utf-8-sig")  # Notepad marks the beginning
    assert "MY1" in set(rules(path)["id"])
    path.write_text(text.replace('left = ["', 'left = "').replace('"], relation', '", relation'), "utf-8")
    with pytest.raises(FormError, match=r"edit 1: left is '.*'; expected a list such as .*应为列表"):
        rules(path)


def test_what_follows_from_others_and_what_only_zeros_satisfy_is_told(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        # a total is at least one of its parts
        "IMP W report requests: requests/new/total >= requests/new/legal",
        SHARE,
        # where 3 a ≥ 10 b holds, 4 a ≥ 10 b does
        SHARE.replace("MY1", "RED").replace("3*", "4*"),
        # what is granted is a part of what is processed, and cannot be twice of it
        "ZERO W report requests: requests/granted/total >= 2*requests/processed_total/total",
    )
    found = govstats.check_rules(path).query("form == '2021'").set_index("rule")["found"]
    assert found["IMP"] == "implied"
    assert found["RED"] == "redundant"
    assert found["ZERO"] == "only_zero"
    # 3 a ≥ 10 b says something, but for the rule that leaves only zeros
    fine = govstats.check_rules(written(tmp_path, SHARE))
    assert fine.empty
    assert list(fine.columns) == ["rule", "form", "table", "subject", "found", "cells", "message_zh", "message_en"]
    refused = written(tmp_path, "ZERO W report requests: requests/granted/total >= 2*requests/processed_total/total")
    with pytest.raises(FormError, match=r"rule 'ZERO', form 2019: only zeros .* 只有 0 才能成立"):
        reconcile(simulate(), rules=refused)


def test_over_two_years_the_carry_over_counts_among_what_is_known(tmp_path: Path) -> None:
    # what is carried out of a year is carried into the next (T3Y), and what is carried out is at most what came in
    path = written(
        tmp_path, "IMP W report requests: before.requests/new/total+before.requests/carried_in/total >= requests/carried_in/total"
    )
    assert set(govstats.check_rules(path)["found"]) == {"implied"}


def test_of_severity_e_a_rule_binds_repairs(tmp_path: Path) -> None:
    source = simulate("2021", 1, seed=1)
    wrong = (source["table"] == "review") & (source["line"] == "litigation_direct")
    source.loc[wrong, "value"] = 0.0
    source.loc[wrong & source["column"].isin(["upheld", "total"]), "value"] = 900.0
    assert govstats.repairs(source).empty
    edit = "requests/processed_total/total >= review/litigation_direct/total"
    bound = govstats.repairs(source, rules=written(tmp_path, f"MINE E report review: {edit}"))
    assert bound[["line", "column", "rules"]].to_numpy().tolist() == [
        ["litigation_direct", "upheld", "MINE"],
        ["litigation_direct", "total", "MINE"],
    ]
    assert govstats.repairs(source, rules=written(tmp_path, f"MINE W report review: {edit}")).empty


def test_weights_decide_which_sets_are_least(tmp_path: Path) -> None:
    figures = {"upheld": 10, "corrected": 1, "other": 0, "pending": 0, "total": 12}
    source = cells(**{f"review__reconsideration__{column}": figure for column, figure in figures.items()})
    every = govstats.repairs(source)
    # 11 for 12, or any part one more
    assert set(every["column"]) == set(figures)
    weights = {"review/*/total": 0.5}
    assert govstats.repairs(source, weights=weights)["column"].tolist() == ["total"]
    path = written(tmp_path, SHARE, more='\n[weights]\n"review/*/total" = 0.5\n')
    assert govstats.repairs(source, rules=path, weights=path)["column"].tolist() == ["total"]
    assert "total" not in set(govstats.repairs(source, weights={"review/reconsideration/total": 2})["column"])
    for wrong in ({"review/*/totals": 2}, {"review/*/total": 0}, {"review/*/total": "2"}):
        with pytest.raises(FormError, match="weights"):
            govstats.repairs(source, weights=wrong)  # type: ignore[arg-type]


INDICATOR = """
[[indicators]]
id = "mine"
zh = "我的比率"
kind = "share"
numerator = ["requests/unable.not_held/total"]
denominator = ["requests/unable/total"]
"""


def test_an_indicator_of_ones_own_stands_beside_ours(tmp_path: Path) -> None:
    lines = {"not_held": 3, "needs_creation": 1, "unclear_after_correction": 0}
    source = cells(**{f"requests__unable.{line}__total": figure for line, figure in lines.items()})
    path = written(tmp_path, SHARE, more=INDICATOR)
    found = govstats.indicators(source, names="mine", formulas=path)
    assert found[["value", "numerator", "denominator", "status"]].to_numpy().tolist() == [[0.75, 3, 4, "computed"]]
    told = definitions(path).set_index("indicator").loc["mine"]
    assert [told["label_zh"], told["label_en"], told["source"]] == ["我的比率", "我的比率", str(path)]
    assert "mine" not in set(definitions()["indicator"])
    for wrong, said in (('id = "disclosure_rate"', "twice"), ('kind = "shares"', "shares"), ("requests/unabel/total", "unabel")):
        old = {"twice": 'id = "mine"', "shares": 'kind = "share"', "unabel": "requests/unable/total"}[said]
        with pytest.raises(FormError, match=rf"my_rules\.toml.*{said}"):
            govstats.indicators(source, formulas=written(tmp_path, SHARE, more=INDICATOR.replace(old, wrong)))


def test_a_panel_carries_own_rules_into_its_counts_and_exports(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    from govstats import embedded
    from govstats.export import export

    documents = tmp_path / "reports"
    documents.mkdir()
    report = embedded.documents("平潭综合实验区", 2025)[0]
    (documents / report.name).write_bytes(report.read_bytes())
    # 50 of 148 were not held: 3 × 148 = 444 is less than 500
    panel = govstats.read_corpus(documents, rules=written(tmp_path, SHARE.replace(" W ", " E ")))
    assert panel.findings.query("rule == 'MY1'")["status"].tolist() == ["fail"]
    assert panel.coverage()[["state", "failures"]].to_numpy().tolist() == [["inconsistent", 1]]
    assert panel.summary().query("rule == 'MY1'")[["severity", "fail"]].to_numpy().tolist() == [["E", 1]]
    duckdb = pytest.importorskip("duckdb")
    with duckdb.connect(str(export(panel, tmp_path / "panel.duckdb", "duckdb")), read_only=True) as connection:
        told = connection.sql("SELECT title_zh, difference FROM failed WHERE rule = 'MY1'").fetchall()
    assert told == [("规则MY1", -56.0)]


def test_over_two_years_an_inequality_binds_repairs_where_it_hangs_together_with_the_carry_over(tmp_path: Path) -> None:
    # 2 carried out of the first year and into the second; at most as many as were received in the first
    rule = "MINE E report requests: before.requests/new/total >= 4*requests/carried_in/total"
    columns = {"carried_in": (0, 2), "new": (7, 5), "processed_total": (5, 7), "carried_out": (2, 0)}
    source = cells(**{f"requests__{line}__total": two for line, two in columns.items()})
    assert govstats.repairs(source).empty
    # 7 are fewer than 4 × 2; 7 + 0 = 5 + 2 and 5 + 2 = 7 + 0 hold
    found = govstats.repairs(source, rules=written(tmp_path, rule))
    assert not found.empty
    assert found["rules"].str.contains("MINE").all()
    for _, repair in found.groupby("repair"):
        figures = source.set_index(["year", "line"])["value"].astype(float)
        figures.update(repair.set_index(["year", "line"])["proposed"].astype(float))
        known = figures.to_dict()
        if repair["proposed"].notna().all():
            assert known[2022, "new"] >= 4 * known[2023, "carried_in"]
            assert known[2022, "carried_out"] == known[2023, "carried_in"]


def test_completions_and_draws_keep_to_rules_of_severity_e(tmp_path: Path) -> None:
    source = simulate("2021", 1, size="small", seed=3)
    lost = (source["table"] == "review") & (source["line"] == "reconsideration") & source["column"].isin(["upheld", "pending"])
    block = (source["table"] == "review") & (source["line"] == "reconsideration")
    source.loc[block, "value"] = [0.0, 1.0, 1.0, 0.0, 7.0]
    source.loc[lost, ["value", "status"]] = [None, "blank"]
    # of upheld and pending, 5 together, nothing says which is which, but that two are pending at the most
    decided = "review/reconsideration/corrected+review/reconsideration/other"
    path = written(tmp_path, f"MY1 E report review: {decided} >= review/reconsideration/pending")
    alone, bound = (govstats.completions(source, rules=rules).set_index("column") for rules in (None, path))
    assert alone.loc[["pending"], ["low", "high"]].to_numpy().tolist() == [[0, 5]]
    assert bound.loc[["pending"], ["low", "high", "rules"]].to_numpy().tolist() == [[0, 2, "T4S;MY1"]]
    assert bound.loc[["upheld"], ["low", "high"]].to_numpy().tolist() == [[3, 5]]
    drawn = [one.loc[lost, "value"].tolist() for one in govstats.draws(source, 30, seed=1, rules=path)]
    assert {tuple(one) for one in drawn} == {(3, 2), (4, 1), (5, 0)}


def test_weights_and_indicators_of_a_file_are_checked_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for more, told in (
        ('\n[weights]\n"review/*/totals" = 0.5\n', "review/*/totals"),
        ('\n[[indicators]]\nid = "mine"\nnumerator = []\n', "indicator 'mine'"),
    ):
        path = written(tmp_path, SHARE, more=more)
        assert main(["rules", "check", str(path)]) == 2
        assert told in capsys.readouterr().err
