"""Hostile inputs: read or refused, in time that grows as they do."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

import pytest

import govstats
from govstats.documents.limits import DEFAULTS, limit, limits

from .hostile import TEXTS

PIECES = 3000
#: Seconds of the process that are noise.
NOISE = 0.3


def seconds(content: bytes) -> float:
    started = time.process_time()
    with suppress(govstats.GovstatsError):
        govstats.read(content)
    return time.process_time() - started


@pytest.mark.parametrize("name", TEXTS)
def test_twice_the_input_takes_less_than_three_times_the_time(name: str) -> None:
    make: Callable[[int], bytes] = TEXTS[name]
    seconds(make(10))  # what is imported once
    once, twice = (min(seconds(make(pieces)) for _ in range(2)) for pieces in (PIECES, 2 * PIECES))
    assert twice < 3 * once + NOISE


def test_bounds_are_raised_by_argument_and_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    page = b"<p " + b" ".join(b"a%d=1" % number for number in range(3000)) + b">" + "规章".encode()
    with pytest.raises(govstats.UnreadableDocument, match=r"3,000 attributes of one element; .* GOVSTATS_LIMIT_ATTRIBUTES"):
        govstats.read(page)
    with limits(attributes=4000), pytest.raises(govstats.NotAnAnnualReport):
        govstats.read(page)
    monkeypatch.setenv("GOVSTATS_LIMIT_ATTRIBUTES", "4000")
    assert limit("attributes") == 4000 != DEFAULTS["attributes"]
    with pytest.raises(govstats.NotAnAnnualReport):
        govstats.read(page)
