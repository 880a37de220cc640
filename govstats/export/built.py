"""The files of a panel as ``govstats build`` wrote them: which there are, their columns, and whether they are still the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from govstats.errors import UnusablePanel
from govstats.files import sha256
from govstats.reconciliation import FINDING_TYPES
from govstats.report import CELL_TYPES, CLAIM_TYPES, NOTE_TYPES

#: The panel's own account of itself: of which columns and reports it is, and what in the folder was no document.
MANIFEST = "panel.json"
#: The folder of what a build keeps, in the folder that it writes to; all of it can be made again.
KEPT = ".build"
#: The columns of `Panel.reports`, with their types.
REPORT_TYPES = {
    **dict.fromkeys(("agency", "agency_printed"), "str"),
    "year": "Int64",
    **dict.fromkeys(("form", "title", "level", "region", "region_code", "department", "basis"), "str"),
    "published": "datetime64[us]",
    "vintage": "Int64",
    "chosen": "boolean",
    **dict.fromkeys(("source", "format", "sha256"), "str"),
    "size": "Int64",
    "tables": "str",
    **dict.fromkeys(("cells", "reported", "unreadable", "claims", "notes"), "Int64"),
    "summary": "boolean",
    **dict.fromkeys(("parent", "error", "message"), "str"),
}
#: The tables of a panel, with the types of their columns.
PANEL_TYPES: Mapping[str, Mapping[str, str]] = {
    "reports": REPORT_TYPES,
    "cells": CELL_TYPES,
    "claims": CLAIM_TYPES | {"report_year": "Int64"},
    "notes": NOTE_TYPES,
    "vintages": CELL_TYPES | {"vintage": "Int64", "source": "str", "published": "datetime64[us]"},
    "document_findings": {
        **dict.fromkeys(("agency", "rule", "severity", "status", "message_zh", "message_en"), "str"),
        "year": "Int64",
        "expected": "Float64",
        "reported": "Float64",
    },
    "texts": {"agency": "str", "year": "Int64", "sketch": "object"},
    "findings": FINDING_TYPES,
}


def columns_sha256() -> str:
    """Return a digest of the columns that a panel has in this version."""
    return hashlib.sha256(json.dumps(PANEL_TYPES).encode()).hexdigest()


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
        raise UnusablePanel(
            f"{folder}: there is no panel in this folder, or its build has not ended ({MANIFEST} is missing); make it: "
            "govstats build FOLDER -o OUT"
            " 该文件夹中没有面板，或尚未生成完；请运行 govstats build 文件夹 -o 输出"
        ) from None
    except ValueError as error:
        raise _damaged(folder / MANIFEST) from error
    if not isinstance(manifest, dict) or manifest.get("columns") != columns_sha256():
        raise UnusablePanel(
            f"{folder}: the panel was made by another version of govstats, with other columns; build it again: "
            "govstats build FOLDER -o OUT"
            " 面板由另一版本的 govstats 生成，列不相同；请重新运行 govstats build 文件夹 -o 输出"
        )
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
        if sha256(path) == manifest_of(folder).get("sha256", {}).get(name):
            return path
    except OSError as error:
        raise _damaged(path) from error
    raise _damaged(path)


def _damaged(path: Path) -> UnusablePanel:
    return UnusablePanel(
        f"{path}: the file is not what the build wrote: it is damaged, changed or gone; build the panel again, which reads no "
        "document twice: govstats build FOLDER -o OUT"
        " 文件损坏、被改动或缺失；请重新运行 govstats build 文件夹 -o 输出，已读的年报不会重读"
    )
