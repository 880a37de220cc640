"""How much of a report's prose stood in another one before, measured without keeping a sentence."""

from __future__ import annotations

import hashlib
import re

from govstats.characters import folded
from govstats.report import Report

#: Passages of so many characters are compared: a phrase of officialese is shorter, a sentence longer.
_LENGTH = 12
#: Prose with fewer passages is a title and a date, of which nothing can be said.
_FEWEST = 50
#: Figures, years and stops differ where nothing else does.
_LEFT_OUT = re.compile(r"[\W\d_]+")


def sketch(text: str) -> frozenset[int]:
    """Return the passages of a text as numbers, from which the text cannot be told.

    Parameters
    ----------
    text : str
        Prose, such as `Report.text`.

    Returns
    -------
    frozenset of int
        A number for each passage of twelve characters; figures, stops and blanks are left out.
    """
    plain = _LEFT_OUT.sub("", folded(text)[0])
    passages = {plain[at : at + _LENGTH] for at in range(len(plain) - _LENGTH + 1)}
    return frozenset(int.from_bytes(hashlib.blake2b(one.encode(), digest_size=8).digest(), "big") for one in passages)


def text_reuse(later: Report | str, earlier: Report | str) -> float | None:
    """Return the share of a report's prose that stood in another report before.

    Parameters
    ----------
    later, earlier : Report or str
        The reports, or their prose.

    Returns
    -------
    float or None
        Between 0 and 1, of the passages of `later`; None where either has too little prose to compare. Figures do not count, so
        that a report in which only they were changed is reused entirely.

    Examples
    --------
    >>> text = "本机关贯彻条例，完善制度，健全机制，推进依申请公开规范有序，严格程序，提高答复质量，"
    >>> text += "加强平台建设，配齐工作人员，开展业务培训，接受社会监督，{}年共收到申请{}件。"
    >>> text_reuse(text.format(2023, 12), text.format(2022, 9))
    1.0
    """
    here, before = (sketch(one.text if isinstance(one, Report) else one) for one in (later, earlier))
    if min(len(here), len(before)) < _FEWEST:
        return None
    return len(here & before) / len(here)
