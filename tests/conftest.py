from __future__ import annotations

import gc
import os
from functools import partial
from pathlib import Path

import pytest

from govstats.export import database

# each test process has a core, and threads that wait for each other would take it from the others
os.environ["GOVSTATS_LIMIT_THREADS"] = "1"
gc.set_threshold(100_000)  # to look for garbage as often as Python does took a tenth of the time


def pytest_collection_finish() -> None:
    """Spare the garbage collector what was imported and collected, which stays."""
    gc.freeze()


def pytest_unconfigure() -> None:
    gc.unfreeze()  # else libraries say on their way out that something leaked


@pytest.fixture
def uncommented(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the comments out of databases, which take half of a small build; tests/test_export.py reads them."""
    for make in (database.create_tables, database.add_views):
        monkeypatch.setattr(database, make.__name__, partial(make, comments=False))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The real reports and their transcriptions, which stand beside the repository and are no part of it."""
    path = Path(__file__).parent.parent.parent / "shared"
    if not path.is_dir():
        pytest.skip(f"needs the real reports in {path}, which are no part of the repository")
    return path
