"""Prose that stood in a report before."""

from __future__ import annotations

import pandas as pd

from govstats.reconciliation.reuse import reused_passages, sample, sketch

# characters that all differ, so that every passage is another one
FIRST = "".join(chr(0x4E00 + 7 * number) for number in range(300))
SECOND = "".join(chr(0x4E00 + 7 * number) for number in range(400, 700))


def share(later: str, earlier: str) -> float | None:
    texts = pd.DataFrame({"agency": "某局", "year": [2023, 2022], "sketch": [sketch(later), sketch(earlier)]})
    found = reused_passages(texts)
    return None if found.empty else found["reused_passages"].item() / found["passages"].item()


def test_only_figures_and_stops_were_changed() -> None:
    assert share(f"2023年，{FIRST}共12件。", f"2022年{FIRST}，共 9 件") == 1.0


def test_nothing_was_taken_over() -> None:
    assert share(SECOND, FIRST) == 0.0


def test_half_was_taken_over() -> None:
    # 600 characters have 589 passages of twelve; the first 300 have 289 of them
    assert share(FIRST + SECOND, FIRST) == 289 / 589
    # and all of the shorter text stands in the longer one
    assert share(FIRST, FIRST + SECOND) == 1.0


def test_traditional_characters_are_the_same_text() -> None:
    text = "政府信息公開工作認真貫徹條例嚴格辦理程序" * 4 + FIRST
    assert share(text.translate(str.maketrans("開認貫徹條嚴辦", "开认贯彻条严办")), text) == 1.0


def test_of_a_line_or_two_nothing_can_be_said() -> None:
    assert share("本机关未收到申请。", FIRST) is None
    assert sketch("") == frozenset()


def test_a_sample_has_one_passage_of_four_in_ascending_order() -> None:
    for text in ("", FIRST, "本机关", SECOND, SECOND[:11]):
        taken = sample(text).tolist()
        assert taken == sorted({number // 4 % 2**32 for number in sketch(text) if number % 4 == 0})
        assert set(taken) == sketch(text, sampled=True)
