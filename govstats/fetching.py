"""Fetch published reports: politely, within bounds, and kept as they came.

The client is httpcore, the transport of httpx. It connects through an object of ours, which checks the address that a name stands
for and connects to that one, so that no second resolution leads elsewhere; and it gives the bytes of an answer as they came. Each
request has an event loop of its own, which ends it at its deadline however slowly bytes drip in.
Redirects are followed here, one by one, since each is an address to be checked.
"""

from __future__ import annotations

import asyncio
import csv
import hashlib
import ipaddress
import logging
import re
import socket
import time
from codecs import BOM_UTF8
from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BytesIO
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, unquote, urljoin, urlsplit

import httpcore
import pandas as pd
import stamina
from anyio.from_thread import start_blocking_portal
from protego import Protego
from tqdm import tqdm
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from govstats.documents import decoded, open_document
from govstats.documents.html import parsed
from govstats.errors import GovstatsError, ProcessDied, UnusableAddress
from govstats.files import write
from govstats.recognition import recognise
from govstats.sources import apart

logging.getLogger("stamina").addHandler(logging.NullHandler())  # that a try is followed by another is no news

#: What a folder knows of its files; `build` reads it as its register, and columns that a person adds stay.
REGISTER = "register.csv"
COLUMNS = "document address found_on vintage fetched sha256 content_type etag last_modified".split()
#: Where the answers are archived with their headers; `build` passes hidden files over.
_ARCHIVE = ".fetched"
_AGENT = "govstats (research on government information disclosure; one request at a time)"
#: Bytes of an answer, seconds until it is there, redirects on the way, files that one page leads to.
MOST_BYTES, MOST_SECONDS, _MOST_REDIRECTS, _MOST_FILES = 50_000_000, 120.0, 5, 20
#: Seconds between two requests to a host, unless its robots.txt asks for more; and the most that it is given.
DELAY, _LONGEST_DELAY = 2.0, 60.0
_TRIES, _FIRST_WAIT = 3, 1.0
#: Bytes of robots.txt that count (RFC 9309).
_MOST_ROBOTS = 500_000
#: Codes after which a later try may succeed.
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_SUFFIXES = "pdf doc docx xls xlsx htm html txt md csv ods zip gz png jpg tif".split()
_FILE = re.compile(rf"\.(?:{'|'.join(suffix for suffix in _SUFFIXES if not suffix.startswith('htm'))})$", re.IGNORECASE)
_REPORT = re.compile("信息公开.*(?:年度?报告?|年报)|年度报告|年报")
#: A page with less text and a script shows its text by that script.
_LEAST_TEXT = 200
_NEEDS_SCRIPTS = "the page shows its text by a script; save it from a browser 网页内容由脚本生成，请用浏览器另存"
_UNSAFE = re.compile(r"[^\w.-]+")


class _Passing(Exception):
    """A failure after which a later try may succeed, and the seconds to wait if the host names them."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


def _may_pass(error: Exception) -> bool | float:
    """Tell stamina whether a later try may succeed, and when."""
    return isinstance(error, _Passing) and (error.wait or True)


#: What becomes of an address that leads to no answer, or to one that cannot be looked at.
_FAILURES: Mapping[type[Exception], str] = {UnusableAddress: "refused", _Passing: "failed", ProcessDied: "no report"}


class Answer(NamedTuple):
    """What a host answered: the last address, the code, the headers by their lower-case names, and the bytes."""

    address: str
    code: int
    headers: Mapping[str, str]
    content: bytes


def fetch(
    addresses: str | Sequence[str],
    into: str | PathLike[str],
    *,
    links: str | None = None,
    delay: float = DELAY,
    agent: str = _AGENT,
    private: bool = False,
    most_bytes: int = MOST_BYTES,
    most_seconds: float = MOST_SECONDS,
) -> pd.DataFrame:
    """Fetch reports into a folder that `build` reads.

    Parameters
    ----------
    addresses : str or sequence of str
        Of reports, of pages that link to the file of a report, or, with `links`, of lists of reports.
    into : path
        The folder. ``register.csv`` in it says where each file came from; ``.fetched`` keeps the answers with their headers
        (WARC).
    links : str, optional
        Follow the links of the pages at `addresses` whose text fits this regular expression, on the same host.
    delay : float
        Seconds between two requests to a host; ``Crawl-delay`` of its ``robots.txt`` counts where it is longer.
    agent : str
        How the program calls itself; name somebody who can be reached.
    private : bool
        Allow addresses in private, loopback and link-local networks.
    most_bytes : int
        Of an answer.
    most_seconds : float
        Until an answer is complete.

    Returns
    -------
    DataFrame
        One row a file: ``address``, ``status`` (``new``, ``changed``, ``unchanged``, ``refused``, ``failed``, ``no report``,
        ``needs scripts``), ``document`` (its path in the folder) and ``reason``. A changed report is a new file, with the next
        ``vintage`` in the register, beside the old one.

    Raises
    ------
    UnusableAddress
        `links` is no regular expression, or there is no address.
    MissingExtra
        The extra ``fetch`` is not installed.

    Examples
    --------
    >>> fetch("http://example.org/list.html", "reports", links="(年报")
    Traceback (most recent call last):
    govstats.errors.UnusableAddress: '(年报' is no regular expression (...
    """
    wanted = [addresses] if isinstance(addresses, str) else list(addresses)
    try:
        pattern = re.compile(links) if links is not None else None
    except re.error as error:
        raise UnusableAddress.worded("no_regular_expression", links=links, error=error) from error
    if not wanted:
        raise UnusableAddress("no address is given; expected the address of a report, or of a page that links to it 请给出网址")
    client = _Client(agent, delay, private, most_bytes, most_seconds)
    visit = _Visit(Path(into), client)
    rows: list[dict[str, object]] = []
    for address in tqdm(wanted, "fetched", unit="page", disable=None):
        rows += visit.report(address) if pattern is None else visit.list_of_reports(address, pattern)
    return pd.DataFrame(rows, columns=["address", "status", "document", "reason"])


# --- the client -------------------------------------------------------------------------------------------------------------


def _public_address(host: str, port: int, *, private: bool) -> str:
    """Return the one address to connect to, or refuse a host that stands for one inside a network."""
    try:
        found = [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError) as error:
        raise _Passing(f"{host}: the host is not known ({error}) 找不到该主机") from error
    inside = [address for address in found if not ipaddress.ip_address(address.partition("%")[0]).is_global]
    if inside and not private:
        raise UnusableAddress.worded("no_public_address", host=host, address=inside[0])
    return found[0]


@dataclass
class _Client:
    """Gets one address after the other: at most one request a host at a time, and no more than a site allows."""

    agent: str
    delay: float
    private: bool
    most_bytes: int
    most_seconds: float
    robots: dict[str, Protego] = field(default_factory=dict)
    #: When a host may be asked again.
    next_at: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.retry = stamina.RetryingCaller(attempts=_TRIES, wait_initial=_FIRST_WAIT, timeout=None)

    def get(self, address: str, headers: Mapping[str, str] | None = None, *, by_robots: bool = True) -> Answer:
        """Return the answer of an address that may be asked, after the redirects; refusals are `UnusableAddress`."""
        for _ in range(_MOST_REDIRECTS + 1):
            self.check(address, by_robots=by_robots)
            answer = self.retry(_may_pass, self.get_once, address, headers or {})
            target = answer.headers.get("location")
            if answer.code not in _REDIRECTS or not target:
                return answer
            try:
                address = urljoin(address, target)
            except ValueError:  # what stands there is no address
                address = target
        raise UnusableAddress(f"{address}: more than {_MOST_REDIRECTS} redirects 重定向过多")

    def check(self, address: str, *, by_robots: bool) -> None:
        """Refuse what is no address of the web, and what the site does not want to be fetched."""
        try:
            _as_sent(address)
        except ValueError as error:
            raise UnusableAddress.worded("no_address", address=address) from error
        if not by_robots:
            return
        robots = urljoin(address, "/robots.txt")
        if robots not in self.robots:
            answer = self.get(robots, by_robots=False)
            # RFC 9309: none means that all is allowed, a failure that nothing is
            text = answer.content[:_MOST_ROBOTS].decode("utf-8", "replace") if answer.code < 300 else ""
            self.robots[robots] = Protego.parse("User-agent: *\nDisallow: /" if answer.code >= 500 else text)
        if not self.robots[robots].can_fetch(address, self.agent):
            raise UnusableAddress.worded("robots_refuse", address=address)

    def get_once(self, address: str, headers: Mapping[str, str]) -> Answer:
        """Ask a host once, when it may be asked again."""
        host = urlsplit(address).netloc
        robots = self.robots.get(urljoin(address, "/robots.txt"))
        wait = robots.crawl_delay(self.agent) if robots else None
        time.sleep(max(0.0, self.next_at.get(host, 0.0) - time.monotonic()))
        try:
            with start_blocking_portal() as portal:  # in a thread: a notebook has an event loop already
                return portal.call(self.receive, address, headers)
        except (TimeoutError, httpcore.TimeoutException) as error:
            raise _Passing(
                f"{address}: the answer takes longer than {self.most_seconds:g} s; raise it by most_seconds 下载超时"
            ) from error
        except (httpcore.NetworkError, httpcore.ProtocolError) as error:
            raise _Passing(f"{address}: {type(error).__name__} {error} 连接失败") from error
        finally:
            self.next_at[host] = time.monotonic() + min(max(self.delay, wait or 0.0), _LONGEST_DELAY)

    async def receive(self, address: str, headers: Mapping[str, str]) -> Answer:
        """Return an answer that is whole by the deadline and within the bound."""
        sent = [("User-Agent", self.agent), ("Accept-Encoding", "identity"), *headers.items()]
        async with (
            asyncio.timeout(self.most_seconds),
            httpcore.AsyncConnectionPool(network_backend=_CheckedNetwork(self.private)) as pool,
            pool.stream("GET", _as_sent(address), headers=sent) as response,
        ):
            said = {_text_of(name).lower(): _text_of(value) for name, value in response.headers}
            if response.status in _PASSING:
                after = said.get("retry-after", "")
                seconds = min(float(after), _LONGEST_DELAY) if after.isdecimal() else None
                raise _Passing(f"{address}: the host answered {response.status} 网站暂时不可用", seconds)
            content = bytearray()
            async for chunk in response.aiter_stream():
                content += chunk
                if len(content) > self.most_bytes:
                    raise UnusableAddress.worded("too_long_an_answer", address=address, most=self.most_bytes)
        return Answer(address, response.status, said, bytes(content))


def _text_of(header: bytes) -> str:
    """Return a header as text: sites put Chinese names into addresses as they are."""
    try:
        return header.decode()
    except UnicodeDecodeError:
        return header.decode("latin-1")


def _as_sent(address: str) -> str:
    """Return an address in ASCII; ValueError where it is none of the web, names no host, or no port that there is."""
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not (host := parts.hostname):
        raise ValueError(address)
    netloc = (f"[{host}]" if ":" in host else host.encode("idna").decode()) + (f":{parts.port}" if parts.port else "")
    return quote(parts._replace(netloc=netloc, fragment="").geturl(), safe="/:?#[]@!$&'()*+,;=%~")


class _CheckedNetwork(httpcore.AnyIOBackend):
    """Connects to checked addresses alone."""

    def __init__(self, private: bool) -> None:
        self.private = private

    async def connect_tcp(self, host: str, port: int, *given: Any, **options: Any) -> httpcore.AsyncNetworkStream:
        return await super().connect_tcp(_public_address(host, port, private=self.private), port, *given, **options)


# --- a visit ----------------------------------------------------------------------------------------------------------------


class _Visit:
    """Keeps what the addresses of a run answer, beside what earlier runs kept.

    Parameters
    ----------
    folder : path
    client : _Client
    """

    def __init__(self, folder: Path, client: _Client) -> None:
        self.folder, self.client = folder, client
        (folder / _ARCHIVE).mkdir(parents=True, exist_ok=True)
        self.register = folder / REGISTER
        known = pd.DataFrame(columns=COLUMNS, dtype=str)
        if self.register.exists():
            known = pd.read_csv(self.register, dtype=str, keep_default_na=False, encoding="utf-8-sig")
        self.known = known.assign(**{name: "" for name in COLUMNS if name not in known.columns})
        self.archive = folder / _ARCHIVE / f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}.warc.gz"

    def list_of_reports(self, address: str, pattern: re.Pattern[str]) -> Iterator[dict[str, object]]:
        """Yield what became of each report that a list links to."""
        try:
            page = self._get(address, {})
            links = apart(address, _links, page) or ()
        except tuple(_FAILURES) as error:
            yield _row(address, _FAILURES[type(error)], reason=str(error))
            return
        host = urlsplit(page.address).netloc
        found = [link for link, text in links if pattern.search(text) and urlsplit(link).netloc == host]
        if not found:
            yield _row(address, "no report", reason=f"no link on the page fits {pattern.pattern!r} 该页没有符合规则的链接")
        for link in dict.fromkeys(found):
            yield from self.report(link)

    def report(self, address: str, found_on: str = "") -> Iterator[dict[str, object]]:
        """Yield what became of an address: of the report there, or of the files that its page links to."""
        before = self._last(address)
        conditions = {"If-None-Match": before.get("etag", ""), "If-Modified-Since": before.get("last_modified", "")}
        try:
            answer = self._get(address, {name: value for name, value in conditions.items() if value and value.isascii()})
            if answer.code == 304:
                yield _row(address, "unchanged", before["document"])
                return
            kind, reason, files = apart(answer.address, _look_at, answer)
        except tuple(_FAILURES) as error:
            yield _row(address, _FAILURES[type(error)], reason=str(error))
        else:
            if files and not found_on:
                for file in files:
                    yield from self.report(file, found_on=address)
            elif kind != "report":
                yield _row(address, kind, reason=reason)
            else:
                yield self._keep(address, answer, found_on, before)

    def _last(self, address: str) -> Mapping[Hashable, str]:
        """Return what the register knows of the last version of an address; nothing where its file is gone."""
        rows = self.known[self.known["address"] == address].tail(1).to_dict("records")
        return rows[0] if rows and (self.folder / rows[0]["document"]).is_file() else {}

    def _get(self, address: str, headers: Mapping[str, str]) -> Answer:
        """Return a whole answer, which is archived, or that what `headers` tell of has not changed."""
        answer = self.client.get(address, headers)
        if answer.code == 304 and headers:
            return answer
        if answer.code != 200:
            raise UnusableAddress(f"{address}: the host answered {answer.code}; look whether the page moved 网址可能已变更")
        self._archive(answer)
        return answer

    def _keep(self, address: str, answer: Answer, found_on: str, before: Mapping[Hashable, str]) -> dict[str, object]:
        """Keep the bytes of a report, if they are not those that are kept already."""
        sha256 = hashlib.sha256(answer.content).hexdigest()
        if before.get("sha256") == sha256:
            return _row(address, "unchanged", before["document"])
        document = _place_of(answer, sha256)
        write(self.folder / document, answer.content)
        versions = int((self.known["address"] == address).sum())
        said = {"address": address, "found_on": found_on, "document": document, "sha256": sha256, "vintage": str(versions + 1)}
        said |= {"fetched": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", "content_type": answer.headers.get("content-type", "")}
        said |= {"etag": answer.headers.get("etag", ""), "last_modified": answer.headers.get("last-modified", "")}
        self.known = pd.concat([self.known, pd.DataFrame([said], dtype=str)], ignore_index=True).fillna("")
        write(self.register, self.known.to_csv(index=False, quoting=csv.QUOTE_MINIMAL).encode("utf-8-sig"))
        return _row(address, "changed" if before else "new", document)

    def _archive(self, answer: Answer) -> None:
        headers = StatusAndHeaders(f"{answer.code}", [*answer.headers.items()], protocol="HTTP/1.1")
        with self.archive.open("ab") as file:
            writer = WARCWriter(file, gzip=True)
            body = {"payload": BytesIO(answer.content), "length": len(answer.content)}
            writer.write_record(writer.create_warc_record(answer.address, "response", http_headers=headers, **body))


def _row(address: str, status: str, document: str = "", reason: str = "") -> dict[str, object]:
    return {"address": address, "status": status, "document": document, "reason": reason}


def _place_of(answer: Answer, sha256: str) -> str:
    """Return where in the folder an answer is kept: under its host, by its last name and its sha256."""
    parts = urlsplit(answer.address)
    name = _UNSAFE.sub("_", unquote(parts.path.rstrip("/").rpartition("/")[2])).strip("._")[-80:] or "report"
    stem, dot, suffix = name.rpartition(".")
    stem, suffix = (stem, suffix.lower()) if dot and suffix.lower() in _SUFFIXES else (name, "html")
    return f"{_UNSAFE.sub('_', parts.netloc)}/{stem}-{sha256[:8]}.{suffix}"


def _look_at(answer: Answer) -> tuple[str, str, list[str]]:
    """Tell what an answer is: a report; a page that links to files of one; neither, and why."""
    text, reason, report = "", "", None
    try:
        document = open_document(answer.content)
        text = "".join(paragraph.text for paragraph in document.paragraphs)
        report = recognise(document)
    except GovstatsError as error:
        reason = str(error).replace("<bytes>", answer.address)
    if report is not None and report.read_cells:
        return "report", "", []
    is_page = answer.content.removeprefix(BOM_UTF8).lstrip().startswith(b"<")
    links = _links(answer) if is_page else None
    files = [link for link, said in links or () if _FILE.search(urlsplit(link).path) and _REPORT.search(said + unquote(link))]
    if files:
        return "page", "", list(dict.fromkeys(files))[:_MOST_FILES]
    if report is not None:
        return "report", "", []
    if links is not None and len(text) < _LEAST_TEXT and b"<script" in answer.content:
        return "needs scripts", _NEEDS_SCRIPTS, []
    return "no report", reason, []


def _links(answer: Answer) -> list[tuple[str, str]] | None:
    """Return the addresses that a page links to, with the text of each link; None where it is no page that can be read."""
    try:
        page = parsed(decoded(answer.content, answer.address).encode())
    except GovstatsError:
        return None
    found = []
    for node in page.css("a[href]"):
        with suppress(ValueError):  # what stands there is no address
            link = urljoin(answer.address, (node.attributes.get("href") or "").strip()).partition("#")[0]
            found.append((link, f"{node.attributes.get('title') or ''}{node.text()}".strip()))
    return found
