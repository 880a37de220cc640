"""govstats: the annual reports on government information disclosure of Chinese agencies, as tidy and reconciled data.

What it offers is listed in ``__init__.pyi`` and imported where it is first used.

Examples
--------
>>> import govstats
>>> page = "某某局2021年政府信息公开工作年度报告\\n信息内容\\t本年处理决定数量\\n行政处罚\\t3\\n行政强制\\t0\\n"
>>> report = govstats.read(page.encode())
>>> report.agency, report.year, report.form
('某某局', 2021, '2021')
"""

from __future__ import annotations

from typing import Any

import lazy_loader

__version__ = "0.1.0"

_import, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
#: The extra that a function needs.
_EXTRAS = {"read_corpus": "panel", "indicators": "panel", "new_year": "panel", "explore": "notebooks", "fetch": "fetch"}


def __getattr__(name: str) -> Any:
    try:
        return _import(name)
    except ImportError as error:
        from govstats.errors import MissingExtra

        if name not in _EXTRAS or isinstance(error, MissingExtra):
            raise
        raise MissingExtra.of(name, error, _EXTRAS[name]) from error
