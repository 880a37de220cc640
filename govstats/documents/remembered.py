"""What an engine said of pictures before, a file a document: a later version of the reader need not ask it again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy.typing as npt

from govstats.files import write

_Answer = TypeVar("_Answer")


class _Answers(NamedTuple):
    """By a digest of what was asked: those of the file, and those that were needed this time."""

    before: dict[str, Any]
    now: dict[str, Any]


_answers: ContextVar[_Answers | None] = ContextVar("answers", default=None)


@contextmanager
def remembered(path: Path) -> Iterator[None]:
    """Have `answered` give the answers that a file holds, and keep there what was needed of them and what is new.

    Parameters
    ----------
    path : Path
        Of the file; one that is damaged holds no answers. Where its folder is not there, nothing is kept.
    """
    answers = _Answers({}, {})
    with suppress(OSError, ValueError):
        digest, text = path.read_text("utf-8").split("\n", 1)
        if digest == hashlib.sha256(text.encode()).hexdigest():
            answers.before.update(json.loads(text))
    token = _answers.set(answers)
    try:
        yield
    finally:
        _answers.reset(token)
    if answers.now.keys() != answers.before.keys() and path.parent.is_dir():
        text = json.dumps(answers.now, ensure_ascii=False)
        write(path, f"{hashlib.sha256(text.encode()).hexdigest()}\n{text}")


def answered(engine: str, pictures: Sequence[npt.NDArray[Any]], ask: Callable[[], _Answer]) -> _Answer:
    """Return what an engine says of pictures, or said before of the same ones.

    Parameters
    ----------
    engine : str
        What tells it, its models, its settings and the question from others.
    pictures : sequence of array
        All that its answer depends on.
    ask : callable
        Returns the answer as JSON has it: lists, texts, numbers.
    """
    answers = _answers.get()
    if answers is None:
        return ask()
    asked = hashlib.sha256(engine.encode())
    for picture in pictures:
        asked.update(f"{picture.shape} {picture.dtype}".encode())
        asked.update(picture.tobytes())
    key = asked.hexdigest()
    answers.now[key] = answers.before[key] if key in answers.before else ask()
    answer: _Answer = answers.now[key]
    return answer
