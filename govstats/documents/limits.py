"""What a document may ask for before it is no report: bounds of pages, texts, tables, time and memory.

Each bound lies some ten times above the largest report that is known. ``GOVSTATS_LIMIT_ROWS=50000`` in the environment raises
one, `limits` in Python does.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar

from govstats.errors import ProcessDied, UnreadableDocument

#: What is bounded: how much of it is allowed, and its unit in English and in Chinese, where a message names it.
_BOUNDS = {
    # Of a file, packed or not.
    "bytes": (200_000_000, "bytes", "字节"),
    # Of a web page.
    "depth": (10_000, "elements inside one another", "层嵌套的网页元素"),
    "attributes": (2_000, "attributes of one element", "个元素属性"),
    "options": (10_000, "options of form fields", "个下拉选项"),
    "style_rules": (50_000_000, "elements times rules of style sheets", "次样式匹配"),
    "selector": (2_000, "characters of a selector", "字的样式选择器"),
    "selector_ways": (1_000_000_000, "", ""),
    "nested_rules": (50, "rules of a style sheet inside one another", "层嵌套的样式规则"),
    # Of a document.
    "paragraphs": (20_000, "paragraphs", "段文字"),
    "rows": (20_000, "rows of tables", "行表格"),
    "columns": (500, "cells in a row", "格一行"),
    "lines": (200_000, "lines of text", "行文字"),
    # Of a file of Office; the characters are those of a doc.
    "part": (50_000_000, "bytes in a part of the file when it is unpacked", "字节（文件内一个部件解压后）"),
    "elements": (500_000, "elements in a part of the file", "个元素（文件内一个部件）"),
    "runs": (2_000, "pieces of one paragraph", "块文字（一个段落内）"),
    "fields": (200_000, "fields of a sheet", "格工作表"),
    "characters": (200_000, "characters", "字"),
    # Of PDF; forms count as often as they are drawn.
    "pages": (200, "pages", "页"),
    "scanned_pages": (40, "pages that are pictures, each of which takes seconds", "页图片（每页需数秒识别）"),
    "forms": (20_000, "forms to draw", "次嵌套图形"),
    "marks": (4_000, "marks of content inside one another", "层嵌套的内容标记"),
    # Of a page of it, which is left unread beyond.
    "page_characters": (20_000, "", ""),
    "page_objects": (100_000, "", ""),
    "page_shadings": (200, "", ""),
    # Of a picture.
    "pixels": (50_000_000, "pixels of a page", "像素一页"),
    "strip": (300, "times as long as it is wide", "倍长宽比"),
    # Of a process that reads for others: bytes of addresses, most of which it never fills, and seconds for a document, or for a
    # page that is recognised from a picture.
    "memory": (6_000_000_000, "", ""),
    "seconds": (300, "", ""),
}
#: How much is allowed where nobody says otherwise.
DEFAULTS = {name: most for name, (most, *_) in _BOUNDS.items()}
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
    name, en, zh = ("seconds", "took too long", "用时过长") if late else ("memory", "died", "内存不足或引擎出错")
    most, variable = limit(name), f"GOVSTATS_LIMIT_{name.upper()}"
    what = f"{most:,} seconds for a document or a page of a scan" if late else f"{most:,} bytes of memory"
    return ProcessDied(
        f"{document}: the process that read it {en}; at most {what} are allowed: expected one annual report; if it is one, "
        f"save or print it anew, or raise the bound with the environment variable {variable}"
        f" 读取该文件的进程被终止：{zh}，上限 {most:,} {'秒' if late else '字节'}；如确为年报，请重新保存或打印，"
        f"或用环境变量 {variable} 提高上限"
    )


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
        _, en, zh = _BOUNDS[name]
        raise UnreadableDocument(
            f"{document}: {value:,} {en}; at most {most:,} are read: expected one annual report; if it is one, "
            f"raise the bound with the environment variable GOVSTATS_LIMIT_{name.upper()}"
            f" 超过上限：{value:,} {zh}，最多 {most:,}；如确为年报，请用环境变量 GOVSTATS_LIMIT_{name.upper()} 提高上限"
        )
