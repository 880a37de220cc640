"""Why a figure of the prose was read as it was: the words that bear on it, and the rule that decided."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from govstats.recognition.claims import NO_CLAIM, Reading, readings
from govstats.recognition.sentences import data


class Explanation(NamedTuple):
    """What was made of a figure.

    Attributes
    ----------
    quote : str
        The clause it stands in.
    value : float
    unit : str
    target : str
        The cell, or sum of cells, that it is held to claim; empty where it has none.
    rule : str
        Which rule decided, one of those in `claims.toml`.
    words : tuple of (str, str)
        The words that bear on it, in the order of the text, each with what it stands for.
    message_zh, message_en : str
        The rule in words.
    """

    quote: str
    value: float
    unit: str
    target: str
    rule: str
    words: tuple[tuple[str, str], ...]
    message_zh: str
    message_en: str

    def text(self, language: str | None = None) -> str:
        """Return it in lines for reading, the rule in Chinese, in English or by default in both."""
        said = [self.message_zh] * (language != "en") + [self.message_en] * (language != "zh")
        words = " · ".join(f"{word}={stands_for}" for word, stands_for in self.words)
        return "\n  ".join([f"“{self.quote}” {self.value:g}{self.unit} → {self.target or '—'}", words or "—", *said])


def explain_sentence(sentence: str, *, year: int | None = None, form: str = "2021") -> list[Explanation]:
    """Explain every figure of a sentence, and every word for all or nothing.

    Parameters
    ----------
    sentence : str
    year : int, optional
        The year that the report is of.
    form : str
        Version of the statutory form.

    Returns
    -------
    list of Explanation
        In the order of the text; numbers that count nothing (days, people, telephone numbers) are left out.

    Examples
    --------
    >>> for one in explain_sentence("收到政府信息公开申请3件，满意率98%，接听热线5件。"):
    ...     print(one.value, one.target or "—", one.rule)
    3.0 requests/new/total cell
    98.0 — percentage
    5.0 — elsewhere
    """
    return [explained(reading) for reading in readings(sentence, [(0, "", None)], year, form)]


def explained(reading: Reading) -> Explanation:
    """Put what was made of a figure in words."""
    claim, rule = reading.claim, data()["rules"][reading.rule]
    target = "" if reading.rule in NO_CLAIM else claim.target
    return Explanation(claim.quote, claim.value, claim.unit, target, reading.rule, reading.words, rule["zh"], rule["en"])


def find(said: Sequence[Reading], quote: str, start: int, value: float, target: str) -> Explanation | None:
    """Return the explanation of one claim among those of a report; None where it is of another."""
    wanted = (quote, start, value, target)
    same = (one for one in said if (one.claim.quote, one.claim.start, one.claim.value, one.claim.target) == wanted)
    return next(map(explained, same), None)
