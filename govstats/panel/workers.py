"""Processes of this machine that read for this one: a document that ends one of them ends nothing else."""

from __future__ import annotations

import faulthandler
import os
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from loky import get_reusable_executor

from govstats.documents.limits import chosen_limits, ended, ended_beyond_limits, limits

_Result = TypeVar("_Result")


def local_executor(workers: int) -> Executor:
    """Return processes of this machine, the same ones each time."""
    executor: Executor = get_reusable_executor(max_workers=workers, initializer=_end_with, initargs=(os.getpid(),))
    return executor


def _end_with(parent: int) -> None:
    """End this process when the one that it reads for is gone: loky's stay for ever where that was killed."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(2)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def bounded(bounds: Mapping[str, int], function: Callable[..., _Result], *given: Any) -> _Result:
    """Call a function with the bounds of another process; the system ends this one where it goes beyond those of a process."""
    faulthandler.disable()  # which loky enabled; what became of the document is told by its row
    with limits(**bounds), ended_beyond_limits():
        return function(*given)


def in_a_process(document: str, function: Callable[..., _Result], *given: Any) -> _Result:
    """Call a function that reads a document in a process of its own.

    Raises
    ------
    ProcessDied
        It took too much time or memory, or an engine crashed.
    """
    try:
        return local_executor(1).submit(bounded, chosen_limits(), function, *given).result()
    except (BrokenProcessPool, MemoryError) as error:
        raise ended(document, late=was_late(error)) from error


def was_late(error: BaseException) -> bool:
    """Tell whether a process died because its time was up: loky lists the signals that ended its processes."""
    return "SIGALRM" in str(error)
