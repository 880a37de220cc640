"""Error localisation: every minimal set of cells, and no other, as trying all sets finds them."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, count, permutations
from pathlib import Path
from runpy import run_path

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp

from govstats.reconciliation.repairs import repairs
from govstats.reconciliation.solver import Rows, components, minimal_changes
from govstats.simulate import plant, simulate


def rows(equalities: np.ndarray, *inequalities: np.ndarray) -> Rows:
    """Rows over counts that are not negative."""
    matrix = np.vstack([equalities, *inequalities])
    count = matrix.shape[1]
    return Rows(matrix, np.arange(len(matrix)) < len(equalities), np.zeros(count, bool), np.ones(count, bool))


def one_row(*figures: float) -> tuple[Rows, np.ndarray]:
    """Four parts and their total."""
    equality = np.array([[1.0, 1.0, 1.0, 1.0, -1.0]])
    return rows(equality), np.array(figures, float)


def table(rows: int, columns: int) -> np.ndarray:
    """Equalities of a table with totals: the last column is the sum of the others, the last row as well."""
    cells = np.arange((rows + 1) * (columns + 1)).reshape(rows + 1, columns + 1)
    equalities = np.zeros((rows + columns + 2, cells.size))
    for equality, along in zip(equalities, [*cells, *cells.T], strict=True):
        equality[along[:-1]], equality[along[-1]] = 1, -1
    return equalities


def test_any_cell_of_a_single_sum_may_be_wrong_if_its_value_can_be() -> None:
    # 10 + 1 + 0 + 0 printed with total 0 (hongze-2023): no part can be 11 less, so the total it is
    found = minimal_changes(*one_row(10, 1, 0, 0, 0))
    assert found.solutions == [((4,), (11.0,))]
    # 5 + 0 + 0 + 0 with total 0: the part or the total
    assert minimal_changes(*one_row(5, 0, 0, 0, 0)).solutions == [((0,), (0.0,)), ((4,), (5.0,))]
    # 2 + 1 + 0 + 0 with total 5: any part could be 2 more, or the total is 3
    assert minimal_changes(*one_row(2, 1, 0, 0, 5)).solutions == [
        ((0,), (4.0,)),
        ((1,), (3.0,)),
        ((2,), (2.0,)),
        ((3,), (2.0,)),
        ((4,), (3.0,)),
    ]


def test_where_all_holds_nothing_has_to_change() -> None:
    found = minimal_changes(*one_row(2, 1, 0, 0, 3))
    assert (found.solutions, found.complete) == ([], True)


def test_a_blank_takes_any_value_at_no_cost() -> None:
    # 2 + 1 + (blank) + 0 = 5: the blank may be 2
    assert minimal_changes(*one_row(2, 1, np.nan, 0, 5)).solutions == []
    # 7 + 1 + (blank) + 0 = 5: no blank is -3; the 7 may be at most 4, or the total 8
    found = minimal_changes(*one_row(7, 1, np.nan, 0, 5))
    assert [solution.cells for solution in found.solutions] == [(0,), (4,)]


def test_a_value_is_left_open_where_the_blank_leaves_it_open() -> None:
    # 7 + 1 + (blank) + 0 = 5: the 7 may be any number up to 4, the total any from 8 up
    assert np.isnan([solution.values for solution in minimal_changes(*one_row(7, 1, np.nan, 0, 5)).solutions]).all()
    # 2 + 1 + (blank) + 0 = 2: with a part 2 it is 0 or 1, the other 0; the total 3 or more
    assert [solution.cells for solution in minimal_changes(*one_row(2, 1, np.nan, 0, 2)).solutions] == [(0,), (1,), (4,)]
    # in the last case the 1 can only be 0, and the blank 0 as well
    assert minimal_changes(*one_row(2, 1, np.nan, 0, 2)).solutions[1].values == (0.0,)


def test_what_equalities_say_of_a_blank_binds_the_others() -> None:
    # a + b = 5, c + d = 7, b + d = 20, where a is 2, c is 1, b and d are blank
    equalities = np.array([[1.0, 1, 0, 0, -1, 0, 0], [0, 0, 1, 1, 0, -1, 0], [0, 1, 0, 1, 0, 0, -1]])
    edits = rows(equalities)
    # b is 3 and d is 6: the 20 is 9; or b is 14, and the 5 is 16; or d is 17, and the 7 is 18; a or c cannot be 11 less
    found = minimal_changes(edits, np.array([2, np.nan, 1, np.nan, 5, 7, 20]))
    assert found.solutions == [((4,), (16.0,)), ((5,), (18.0,)), ((6,), (9.0,))]


def test_blanks_that_no_equality_determines_bind_the_others_too() -> None:
    # four blank parts, of which the first is at most the last cell: totals 3 and 4 along, 5 and 2 down
    equalities = np.hstack([table(2, 2), np.zeros((6, 1))])
    at_most = np.array([[-1.0, 0, 0, 0, 0, 0, 0, 0, 0, 1.0]])
    edits = rows(equalities, at_most)
    blank = np.nan
    # the first part is 1 at least, as the one beside it is 2 at most: 3 are wanted
    assert minimal_changes(edits, np.array([blank, blank, 3, blank, blank, 4, 5, 2, 7, 1])).solutions == []
    (found,) = minimal_changes(edits, np.array([blank, blank, 3, blank, blank, 4, 5, 2, 7, 0])).solutions
    assert found.cells == (9,)
    assert np.isnan(found.values).all()


def test_a_negative_count_has_to_change() -> None:
    assert minimal_changes(*one_row(-2, 1, 0, 0, 3)).solutions == [((0,), (2.0,))]


def test_a_fraction_of_a_count_has_to_change() -> None:
    assert minimal_changes(*one_row(2.5, 1, 0, 0, 4)).solutions == [((0,), (3.0,))]


def test_amounts_differ_by_the_fen() -> None:
    edits, figures = one_row(25.1, 0.000001, 0, 0, 25.1)
    edits = replace(edits, whole=np.zeros(5, bool))
    assert minimal_changes(edits, figures).solutions == [((0,), (25.099999,)), ((1,), (0.0,)), ((4,), (25.100001,))]


def test_less_weight_goes_first() -> None:
    edits, figures = one_row(5, 0, 0, 0, 0)
    weights = np.array([0.5, 1, 1, 1, 1])
    assert minimal_changes(edits, figures, weights).solutions == [((0,), (0.0,))]


def test_large_figures_are_exact() -> None:
    # 11398889 as in the report of a ministry; a total that lacks 1 is found, and nothing else
    figures = np.array([11398889, 2, 11398891, 3, 4, 7, 11398892, 6, 11398897], float)
    edits = rows(table(2, 2))
    assert minimal_changes(edits, figures).solutions == [((8,), (11398898.0,))]


def test_cells_that_have_to_change_together_may_take_several_values() -> None:
    # parts of 3 under totals of 4: 5 have to go from each row and each column, from two cells, 3 of one and 2 of the other;
    # to change all totals takes seven cells
    figures = np.array([3, 3, 3, 4] * 3 + [4, 4, 4, 12], float)
    edits = rows(table(3, 3))
    found = minimal_changes(edits, figures)
    parts = {0, 1, 2, 4, 5, 6, 8, 9, 10}
    kept = [{first, 4 + second, 8 + third} for first, second, third in permutations(range(3))]
    assert [solution.cells for solution in found.solutions] == sorted(tuple(sorted(parts - three)) for three in kept)
    assert all(np.isnan(solution.values).all() for solution in found.solutions)


def test_out_of_time_is_said() -> None:
    found = minimal_changes(*one_row(2, 1, 0, 0, 5), seconds=0.0)
    assert (found.solutions, found.complete) == ([], False)


def test_on_a_busy_machine_the_clock_ends_no_search(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.monotonic", count(step=60).__next__)
    found = minimal_changes(*one_row(2, 1, 0, 0, 5))
    assert (len(found.solutions), found.complete) == (5, True)


def test_a_long_list_is_cut_and_said_to_be() -> None:
    # 1200 parts of 1 under a total of 1199: any part may be 0
    equality = np.array([[*[1.0] * 1200, -1.0]])
    edits = rows(equality)
    found = minimal_changes(edits, np.array([*[1.0] * 1200, 1199.0]))
    assert (len(found.solutions), found.complete) == (1000, False)


def can_be(edits: Rows, figures: np.ndarray, changed: tuple[int, ...]) -> bool:
    """Tell whether all edits can hold if these cells change, by a programme over these and the blank cells."""
    values = figures.copy()
    values[list(changed)] = np.nan
    open_to = np.isnan(values)
    known = np.nan_to_num(values)
    if (known < 0).any() or (edits.whole & (known % 1 != 0)).any():
        return False
    sums = edits.matrix @ known
    if not open_to.any():
        return bool((sums[edits.equal] == 0).all() and (sums >= 0).all())
    result = milp(
        np.zeros(open_to.sum()),
        integrality=edits.whole[open_to].astype(int),
        bounds=Bounds(0, np.inf),
        constraints=LinearConstraint(edits.matrix[:, open_to], -sums, np.where(edits.equal, -sums, np.inf)),
    )
    return int(result.status) == 0


def tried(edits: Rows, figures: np.ndarray, weights: np.ndarray) -> list[tuple[int, ...]] | None:
    """Try all sets of up to three cells; None where a set of four might be as light as any of them."""
    known = np.flatnonzero(~np.isnan(figures)).tolist()
    sets = [cells for count in range(4) for cells in combinations(known, count)]
    weight = {cells: round(float(weights[list(cells)].sum()), 6) for cells in sets}
    found: list[tuple[int, ...]] = []
    for cells in sorted(sets, key=weight.__getitem__):
        if found and weight[cells] > weight[found[0]]:
            break
        if can_be(edits, figures, cells):
            found.append(cells)
    return sorted(found) if found and weight[found[0]] < 4 * weights.min() else None


@pytest.mark.parametrize("blanks", [0.0, 0.15, 0.4])
def test_sets_are_those_that_trying_all_of_them_finds(blanks: float) -> None:
    random = np.random.default_rng(round(100 * blanks))
    equalities = table(2, 3)
    sizes: list[int] = []
    while len(sizes) < 10:
        parts = random.integers(0, random.choice([2, 5, 40]), (2, 3))
        true = np.block([[parts, parts.sum(1, keepdims=True)], [parts.sum(0), parts.sum()]]).ravel().astype(float)
        edits = rows(equalities, np.zeros((1, 12)))
        larger, smaller = sorted(random.choice(12, 2, replace=False).tolist(), key=true.__getitem__, reverse=True)
        edits.matrix[-1, [larger, smaller]] = 1, -1
        figures = true.copy()
        wrong = random.choice(12, random.integers(1, 4), replace=False)
        figures[wrong] = np.maximum(figures[wrong] + random.integers(-4, 9, len(wrong)), -1)
        figures[random.random(12) < blanks] = np.nan
        weights = random.choice([0.8, 1.0], 12)
        sets = tried(edits, figures, weights)
        if sets is not None:
            found = minimal_changes(edits, figures, weights)
            assert ([solution.cells for solution in found.solutions], found.complete) == (sets if sets[0] else [], True)
            sizes.append(len(sets[0]))
    assert len(set(sizes)) > 1


def test_a_shifted_row_is_among_the_minimal_sets() -> None:
    planted = plant(simulate("2021", 10, seed=21), ["row_shifted"], seed=22)
    found = repairs(planted.cells)
    assert found["complete"].all()
    for agency, errors in planted.errors.groupby("agency"):
        mine = found[found["agency"] == agency]
        listed = [frozenset(zip(one["line"], one["column"], one["proposed"], strict=True)) for _, one in mine.groupby("repair")]
        truth = frozenset(zip(errors["line"], errors["column"], errors["true"].astype(float), strict=True))
        assert listed
        assert len(listed[0]) < len(truth) or truth in listed


def test_cells_hang_together_by_edits() -> None:
    groups = components(np.array([[1.0, 1, -1, 0, 0, 0], [0.0, 0, 0, 1, -1, 0]]))
    assert [group.tolist() for group in groups] == [[0, 1, 2], [3, 4], [5]]


def test_the_benchmark_finds_the_same_sets_by_a_programme_that_is_solved_again_and_again() -> None:
    benchmark = run_path(str(Path(__file__).parent.parent / "benchmarks" / "editing.py"))
    for kind, blanks in (("swapped", 0), ("2 x mistyped", 0), ("mistyped", 5)):
        frame, figures, truth = benchmark["planted"](kind, blanks, 3, 4)
        ours, theirs = (benchmark[name](frame, figures).sets for name in ("by_govstats", "by_programme"))
        for given, enumerated, changed, row in zip(ours, theirs, truth, figures, strict=True):
            least = min(map(len, enumerated))
            assert {one for one in given if len(one) == least} == {one for one in enumerated if len(one) == least}
            assert all(benchmark["explains"](row, one) for one in (*given, changed))
            assert not benchmark["explains"](row, frozenset())
