"""The files of a panel as ``govstats build`` wrote them: which there are, their columns, and whether they are still the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from govstats.errors import UnusablePanel
from govstats.reconciliation import FINDING_TYPES
from govstats.report import CELL_TYPES, CLAIM_TYPES, NOTE_TYPES, column_types

#: The panel's own account of itself: of which columns and reports it is, and what in the folder was no document.
MANIFEST = "panel.json"
#: The folder of what a build keeps, in the folder that it writes to; all of it can be made again.
KEPT = ".build"
#: The columns of `Panel.reports`, with their types.
REPORT_TYPES = column_types(
    "agency agency_printed year:Int64 form title level region region_code department basis published:datetime64[us] "
    "vintage:Int64 chosen:boolean source format sha256 size:Int64 tables cells:Int64 reported:Int64 unreadable:Int64 "
    "claims:Int64 notes:Int64 summary:boolean parent error message"
)
#: The tables of a panel, with the types of their columns.
PANEL_TYPES: Mapping[str, Mapping[str, str]] = {
    "reports": REPORT_TYPES,
    "cells": CELL_TYPES,
    "claims": CLAIM_TYPES | {"report_year": "Int64"},
    "notes": NOTE_TYPES,
    "vintages": CELL_TYPES | column_types("vintage:Int64 source published:datetime64[us]"),
    "document_findings": column_types(
        "agency rule severity status message_zh message_en year:Int64 expected:Float64 reported:Float64"
    ),
    "texts": column_types("agency year:Int64 sketch:object"),
    "findings": FINDING_TYPES,
}


def columns_sha256() -> str:
    """Return a digest of the columns that a panel has in this version."""
    return hashlib.sha256(json.dumps(PANEL_TYPES).encode()).hexdigest()


def file_sha256(path: Path) -> str:
    """Return the digest of a file that may be large."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def manifest_of(folder: Path) -> Mapping[str, Any]:
    """Return what a panel says of itself.

    Raises
    ------
    UnusablePanel
        The folder holds no panel, or one of another version.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        raise UnusablePanel.worded("no_panel_here", folder=folder, manifest=MANIFEST) from None
    except ValueError as error:
        raise _damaged(folder / MANIFEST) from error
    if not isinstance(manifest, dict) or manifest.get("columns") != columns_sha256():
        raise UnusablePanel.worded("panel_of_another_version", folder=folder)
    return manifest


def whole_table(folder: Path, name: str) -> Path:
    """Return the file of a table of `PANEL_TYPES`.

    Raises
    ------
    UnusablePanel
        It is not what the build wrote.
    """
    path = folder / f"{name}.parquet"
    try:
        if file_sha256(path) == manifest_of(folder).get("sha256", {}).get(name):
            return path
    except OSError as error:
        raise _damaged(path) from error
    raise _damaged(path)


def _damaged(path: Path) -> UnusablePanel:
    return UnusablePanel.worded("damaged_panel", path=path)
