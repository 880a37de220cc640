"""What can go wrong, as one tree: catch `GovstatsError` for all of it.

A message says where, what stood there, what was expected and what to do; in English, then in Chinese. What takes more than a line
stands in ``errors.toml``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Self

    import pandas as pd


@cache
def _messages() -> Mapping[str, Mapping[str, str]]:
    return tomllib.loads(Path(__file__).with_name("errors.toml").read_text("utf-8"))


class GovstatsError(Exception):
    """The root of every error that govstats raises on purpose."""

    @classmethod
    def worded(cls, key: str, /, **values: object) -> Self:
        """Return the error with a message of ``errors.toml``, filled in.

        Examples
        --------
        >>> print(GovstatsError.worded("no_form_in_force", year=2007))
        no statutory form was in force for 2007; the first reports are those of 2008 该年度没有法定格式，最早的年报是 2008 年度的
        """
        said = _messages()[key]
        return cls(f"{said['en']} {said['zh']}".format(**values))


class UnreadableDocument(GovstatsError, ValueError):
    """The file is empty, damaged or of a kind that no reader takes."""


class _Missing(ImportError):
    @classmethod
    def of(cls, what: str, error: ImportError, extra: str) -> Self:
        """Say what needs the package that could not be imported, and how to install it."""
        return cls(
            f"{what} needs {error.name}, which is not installed; run: pip install 'govstats[{extra}]' "
            f"缺少软件包 {error.name}，请运行 pip install 'govstats[{extra}]'"
        )


class ProcessDied(UnreadableDocument):
    """The process that read the document asked for more time or memory than a document may take, or an engine crashed."""


class MissingReader(UnreadableDocument, _Missing):
    """The file is of a kind whose reader is not installed; the message names what to install."""


class NotAnAnnualReport(GovstatsError, ValueError):
    """The document is readable, but it is no annual report on government information disclosure."""


class SeveralReports(GovstatsError, ValueError):
    """The document holds more than one report, and reading it would mix them."""


class FormError(GovstatsError, ValueError):
    """A form file contradicts itself, or a form lacks what was asked of it."""


class UnknownForm(FormError, LookupError):
    """There is no such version of the statutory form."""


class UnknownReport(GovstatsError, LookupError):
    """The corpus has no report of that agency and year."""


class UnusableCells(GovstatsError, ValueError):
    """A frame of cells lacks a column that the rules need."""


class UnusableCorrections(GovstatsError, ValueError):
    """A file of corrections has a line that cannot be understood."""


class RefusedCorrection(GovstatsError, ValueError):
    """A correction expects another figure than the one that stands in the cell; nothing was corrected."""


class UnusableRegister(GovstatsError, ValueError):
    """A register of reports cannot be read, or has a value of the wrong kind."""


class UnknownIdentity(GovstatsError, LookupError):
    """A document does not say whose report it is, or of which year."""


class UnusablePanel(GovstatsError, ValueError):
    """A folder holds no panel that `govstats build` made, or one of another version."""


class UnusableExport(GovstatsError, ValueError):
    """There is no such format, the destination does not suit it, or it cannot hold what the panel has."""


class DifferentReports(GovstatsError, ValueError):
    """Documents that were to be compared are not known to be one report."""


class UnusableAddress(GovstatsError, ValueError):
    """An address is not fetched: of another scheme, inside a network, against the wish of its site, or beyond a bound."""


class MissingExtra(GovstatsError, _Missing):
    """A package of an extra is not installed; the message names the extra."""


class UnusableFigure(GovstatsError, ValueError):
    """A figure is asked for in a language or a width that there is not."""


class NotebookError(GovstatsError, ValueError):
    """A notebook template cannot be run: a parameter it does not declare, a case that the corpus lacks."""


def require_columns(frame: pd.DataFrame, needed: Iterable[str], what: str, like: str) -> None:
    """Refuse a frame that lacks columns.

    Parameters
    ----------
    frame : pandas.DataFrame
    needed : iterable of str
    what : str
        What it is a frame of: ``cells``, ``claims`` …
    like : str
        Where such a frame is found: ``Report.cells``.

    Raises
    ------
    UnusableCells

    Examples
    --------
    >>> import pandas as pd
    >>> require_columns(pd.DataFrame({"agency": []}), ["agency", "year"], "cells", "Report.cells")
    Traceback (most recent call last):
    govstats.errors.UnusableCells: the cells frame lacks the column(s) year; it has agency; pass one like Report.cells ...
    """
    if lacking := ", ".join(name for name in needed if name not in frame.columns):
        there = ", ".join(map(str, frame.columns))
        raise UnusableCells.worded("columns_lacking", what=what, lacking=lacking, there=there, like=like)
