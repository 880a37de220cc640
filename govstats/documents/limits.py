"""What a document may ask for before it is no report: bounds of pages, texts, tables, time and memory.

Each bound of ``limits.toml`` lies some ten times above the largest report that is known. ``GOVSTATS_LIMIT_ROWS=50000`` in the
environment raises one, `limits` in Python does.
"""

from __future__ import annotations

import os
import signal
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from govstats.errors import ProcessDied, UnreadableDocument

_BOUNDS: dict[str, dict[str, Any]] = tomllib.loads(Path(__file__).with_name("limits.toml").read_text("utf-8"))
#: How much is allowed where nobody says otherwise.
DEFAULTS: dict[str, int] = {name: bound["most"] for name, bound in _BOUNDS.items()}
_chosen: ContextVar[dict[str, int]] = ContextVar("limits", default={})  # noqa: B039  never changed in place


@contextmanager
def limits(**chosen: int) -> Iterator[None]:
    """Read with other bounds.

    Parameters
    ----------
    **chosen : int
        Names of `DEFAULTS`, and what to allow.

    Examples
    --------
    >>> from govstats.documents import open_document
    >>> with limits(rows=1):
    ...     open_document("规章\\t3\\n行政许可\\t4\\n".encode())
    Traceback (most recent call last):
    govstats.errors.UnreadableDocument: <bytes>: 2 rows of tables; at most 1 are read: ... GOVSTATS_LIMIT_ROWS ...
    """
    token = _chosen.set(_chosen.get() | chosen)
    try:
        yield
    finally:
        _chosen.reset(token)


def limit(name: str) -> int:
    """Return a bound: what `limits` chose, else what the environment says, else the default."""
    return _chosen.get().get(name) or int(os.environ.get(f"GOVSTATS_LIMIT_{name.upper()}") or DEFAULTS[name])


def chosen_limits() -> Mapping[str, int]:
    """Return all bounds as they are here, for a process elsewhere to read with."""
    return {name: limit(name) for name in DEFAULTS}


@contextmanager
def ended_beyond_limits() -> Iterator[None]:
    """Have the system end this process where it takes more time or memory; for a process that does nothing but read.

    An engine that is at work in C hears of nothing else. Where the system has no such bounds, there are none.
    """
    try:
        import resource
    except ImportError:  # Windows
        yield
        return
    before = resource.getrlimit(resource.RLIMIT_AS)
    with suppress(OSError, ValueError):  # the system allows less, or cannot bound it
        resource.setrlimit(resource.RLIMIT_AS, (limit("memory"), before[1]))
    signal.setitimer(signal.ITIMER_REAL, limit("seconds"))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        resource.setrlimit(resource.RLIMIT_AS, before)


def bound_memory(process: int) -> None:
    """Bound the memory of another process, where the system can do that."""
    with suppress(ImportError, AttributeError, OSError, ValueError):
        import resource

        _, most = resource.prlimit(process, resource.RLIMIT_AS)
        resource.prlimit(process, resource.RLIMIT_AS, (limit("memory"), most))


def start_clock_again() -> None:
    """Give the next document or page the full time; nothing happens where no clock runs."""
    if hasattr(signal, "getitimer") and signal.getitimer(signal.ITIMER_REAL)[0]:
        signal.setitimer(signal.ITIMER_REAL, limit("seconds"))


def ended(document: str, *, late: bool) -> ProcessDied:
    """Return what to say of a document whose reading ended the process that read it.

    Parameters
    ----------
    document : str
        For the message.
    late : bool
        It took too long; else it took too much memory, or an engine crashed.
    """
    if late:
        return ProcessDied.worded("beyond_seconds", document=document, most=limit("seconds"))
    return ProcessDied.worded("beyond_memory", document=document, most=limit("memory"))


def require(name: str, value: int, document: str) -> None:
    """Refuse a document that asks for more than a bound.

    Parameters
    ----------
    name : str
        Of `DEFAULTS`.
    value : int
        How much it asks for.
    document : str
        For the message.

    Raises
    ------
    UnreadableDocument
    """
    if value > (most := limit(name)):
        bound = _BOUNDS[name] | {"most": most, "name": name.upper()}
        raise UnreadableDocument.worded("beyond_limit", document=document, value=value, **bound)
