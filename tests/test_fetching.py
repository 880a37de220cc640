"""Fetching, from a server on this machine that misbehaves in every way that one has met."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import pandas as pd
import pytest

import govstats
from govstats.documents.limits import limits
from govstats.errors import UnusableAddress
from govstats.panel import read_corpus
from govstats.panel.reading import local_executor

from .hostile import nested_forms

httpcore = pytest.importorskip("httpcore")
pytest.importorskip("protego")
pytest.importorskip("stamina")
warcio = pytest.importorskip("warcio.archiveiterator")

import stamina  # noqa: E402

from govstats import fetching  # noqa: E402
from govstats.cli import main  # noqa: E402
from govstats.fetching import fetch  # noqa: E402

TABLE = (
    "<table><tr><td>信息内容<td>本年制发件数<td>本年废止件数<td>现行有效件数<tr><td>规章<td>{}<td>0<td>62"
    "<tr><td>行政规范性文件<td>4<td>1<td>30<tr><td>信息内容<td colspan=3>本年处理决定数量<tr><td>行政许可<td colspan=3>97</table>"
)
REPORT = (
    "<title>沭阳县财政局{year}年政府信息公开工作年度报告</title><h1>沭阳县财政局{year}年政府信息公开工作年度报告</h1>" + TABLE
)

Answer = tuple[int, Mapping[str, str], bytes] | Callable[[BaseHTTPRequestHandler], None]


def page(content: str, **headers: str) -> Answer:
    said = {"Content-Type": "text/html; charset=utf-8"} | {name.replace("_", "-"): value for name, value in headers.items()}
    return 200, said, content.encode()


def report(year: int, count: int = 3, **headers: str) -> Answer:
    return page(REPORT.format(count, year=year), **headers)


@dataclass
class Site:
    """A server: its answers by path (a list is given one after the other), and what it was asked."""

    port: int
    answers: dict[str, Answer | list[Answer]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str], float]] = field(default_factory=list)

    def __call__(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def paths(self) -> list[str]:
        return [path for path, *_ in self.asked if path != "/robots.txt"]


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            found.asked.append((self.path, dict(self.headers), time.monotonic()))
            answer = found.answers.get(self.path, (404, {}, b""))
            if isinstance(answer, list):
                answer = answer.pop(0) if len(answer) > 1 else answer[0]
            if callable(answer):
                self.close_connection = True
                answer(self)
                return
            code, headers, content = answer
            self.send_response(code)
            for name, value in {"Content-Length": str(len(content)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *arguments: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *arguments: object) -> None:
            """A client that hangs up is none of the server's business."""

    monkeypatch.setattr(fetching, "_FIRST_WAIT", 0.01)
    with Server(("127.0.0.1", 0), Handler) as server:
        found = Site(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield found
        server.shutdown()
        thread.join()


def got(addresses: str | list[str], into: Path, **options: Any) -> pd.DataFrame:
    return fetch(addresses, into, **{"private": True, "delay": 0.0, **options})


def outcome(addresses: str | list[str], into: Path, **options: Any) -> list[tuple[str, str]]:
    rows = got(addresses, into, **options)
    return list(zip(rows["status"], rows["reason"], strict=True))


# --- what is kept -----------------------------------------------------------------------------------------------------------


def test_a_report_is_kept_as_it_came_and_goes_into_a_panel(site: Site, tmp_path: Path) -> None:
    site.answers[quote("/2024/年报.html")] = report(2024)
    (row,) = got(site("/2024/年报.html"), tmp_path).to_dict("records")
    assert (row["status"], row["reason"]) == ("new", "")
    assert (tmp_path / row["document"]).read_bytes() == REPORT.format(3, year=2024).encode()
    (known,) = pd.read_csv(tmp_path / "register.csv").to_dict("records")
    assert known["address"] == site("/2024/年报.html")
    assert (known["document"], known["vintage"]) == (row["document"], 1)
    panel = read_corpus(tmp_path)
    assert panel.reports[["agency", "year"]].values.tolist() == [["沭阳县财政局", 2024]]
    with next((tmp_path / ".fetched").glob("*.warc.gz")).open("rb") as archive:
        record = next(iter(warcio.ArchiveIterator(archive)))
        assert unquote(record.rec_headers["WARC-Target-URI"]) == site("/2024/年报.html")
        assert record.content_stream().read() == REPORT.format(3, year=2024).encode()
        assert record.http_headers.get_header("content-type") == "text/html; charset=utf-8"


def test_an_unchanged_report_costs_one_conditional_request(site: Site, tmp_path: Path) -> None:
    site.answers["/a.html"] = [report(2024, ETag='"1"', Last_Modified="Mon, 20 Jan 2025 08:00:00 GMT"), (304, {}, b"")]
    assert outcome(site("/a.html"), tmp_path) == [("new", "")]
    assert outcome(site("/a.html"), tmp_path) == [("unchanged", "")]
    *_, (path, headers, _) = site.asked
    assert (path, headers["If-None-Match"]) == ("/a.html", '"1"')
    assert headers["If-Modified-Since"] == "Mon, 20 Jan 2025 08:00:00 GMT"
    site.answers["/b.html"] = report(2023)
    assert [outcome(site("/b.html"), tmp_path)[0][0] for _ in range(2)] == ["new", "unchanged"]
    assert len(pd.read_csv(tmp_path / "register.csv")) == 2


def test_a_changed_report_is_a_vintage_beside_the_old_one(site: Site, tmp_path: Path) -> None:
    site.answers["/a.html"] = [report(2024, 3), report(2024, 4)]
    first, second = (got(site("/a.html"), tmp_path).iloc[0] for _ in range(2))
    assert (first["status"], second["status"]) == ("new", "changed")
    assert (tmp_path / first["document"]).exists()
    register = pd.read_csv(tmp_path / "register.csv")
    assert register[["document", "vintage"]].values.tolist() == [[first["document"], 1], [second["document"], 2]]
    vintages = read_corpus(tmp_path).vintages.query("line == 'rules' and column == 'issued'")
    assert vintages[["vintage", "value"]].values.tolist() == [[2, 4]]


def test_a_file_that_was_deleted_is_fetched_again_and_what_a_person_wrote_stays(site: Site, tmp_path: Path) -> None:
    site.answers["/a.html"] = report(2024, ETag='"1"')
    first = got(site("/a.html"), tmp_path).iloc[0]
    register = pd.read_csv(tmp_path / "register.csv", dtype=str).assign(agency="沭阳县财政局", remark="看过")
    register.to_csv(tmp_path / "register.csv", index=False)
    (tmp_path / first["document"]).unlink()
    site.answers["/b.html"] = report(2023)
    assert [status for status, _ in outcome([site("/a.html"), site("/b.html")], tmp_path)] == ["new", "new"]
    assert "If-None-Match" not in site.asked[-2][1]
    kept = pd.read_csv(tmp_path / "register.csv", dtype=str)
    assert kept["remark"].tolist()[0] == "看过"
    assert (tmp_path / first["document"]).exists()


@pytest.mark.parametrize("name", ["pingtan-2012.pdf", "mem-2021.docx"])
def test_a_page_leads_to_the_file_of_its_report_and_no_further(name: str, site: Site, tmp_path: Path) -> None:
    links = f'<a href="/f/{name}">某局2024年政府信息公开工作年度报告</a><a href="guide.pdf">公开指南</a><a href=x.html>年报</a>'
    site.answers["/page.html"] = page("<p>某局年度报告见附件。</p>" + links)
    content = (Path(__file__).parent.parent / "data" / "documents" / name).read_bytes()
    site.answers[f"/f/{name}"] = 200, {"Content-Type": "application/octet-stream"}, content
    (row,) = got(site("/page.html"), tmp_path).to_dict("records")
    assert (row["address"], row["status"]) == (site(f"/f/{name}"), "new")
    assert site.paths() == ["/page.html", f"/f/{name}"]
    assert pd.read_csv(tmp_path / "register.csv")["found_on"].tolist() == [site("/page.html")]


def test_a_list_of_reports_is_followed_by_rule_on_its_own_host(site: Site, tmp_path: Path) -> None:
    site.answers["/list"] = page(
        '<a href="/1.html">某局2023年政府信息公开工作年度报告</a><a title="2024年年报" href="2.html#top">…</a>'
        '<a href="/3.html">指南</a>'
        '<a href="http://localhost:1/4.html">别处的年报</a><a href="/1.html">2023年年报</a>'
    )
    site.answers |= {"/1.html": report(2023), "/2.html": report(2024)}
    assert outcome(site("/list"), tmp_path, links="年度报告|年报") == [("new", ""), ("new", "")]
    assert site.paths() == ["/list", "/1.html", "/2.html"]
    ((status, reason),) = outcome(site("/list"), tmp_path, links="决算")
    assert status == "no report"
    assert "no link on the page fits '决算'" in reason


# --- what is polite ---------------------------------------------------------------------------------------------------------


def test_robots_are_obeyed(site: Site, tmp_path: Path) -> None:
    site.answers["/robots.txt"] = 200, {}, b"User-agent: *\nDisallow: /private/\nCrawl-delay: 0.3\n"
    site.answers |= {"/private/a.html": report(2024), "/b.html": report(2024), "/c.html": report(2023)}
    rows = outcome([site("/private/a.html"), site("/b.html"), site("/c.html")], tmp_path)
    assert [status for status, _ in rows] == ["refused", "new", "new"]
    assert "robots.txt does not allow it" in rows[0][1]
    first, second = (at for path, _, at in site.asked if path in {"/b.html", "/c.html"})
    assert second - first >= 0.3


def test_a_site_whose_robots_cannot_be_read_is_not_fetched(site: Site, tmp_path: Path) -> None:
    site.answers |= {"/robots.txt": (503, {}, b""), "/a.html": report(2024)}
    assert [status for status, _ in outcome(site("/a.html"), tmp_path)] == ["failed"]
    assert site.paths() == []


def test_a_host_is_asked_once_in_a_while_and_told_by_whom(site: Site, tmp_path: Path) -> None:
    site.answers |= {"/a.html": report(2024), "/b.html": report(2023)}
    got([site("/a.html"), site("/b.html")], tmp_path, delay=0.2, agent="study of someone@example.org")
    times = [at for *_, at in site.asked]
    assert all(later - earlier >= 0.2 for earlier, later in pairwise(times))
    assert {headers["User-Agent"] for _, headers, _ in site.asked} == {"study of someone@example.org"}


@pytest.mark.parametrize("code", [429, 500, 503])
def test_what_may_pass_is_tried_again(code: int, site: Site, tmp_path: Path) -> None:
    site.answers["/a.html"] = [(code, {"Retry-After": "0"}, b""), report(2024)]
    assert outcome(site("/a.html"), tmp_path) == [("new", "")]
    assert site.paths() == ["/a.html", "/a.html"]


def test_the_host_says_how_long_to_wait(site: Site, tmp_path: Path) -> None:
    site.answers["/a.html"] = [(503, {"Retry-After": "1"}, b""), report(2024)]
    assert outcome(site("/a.html"), tmp_path) == [("new", "")]
    first, second = (at for path, _, at in site.asked if path == "/a.html")
    assert second - first >= 1


# --- what misbehaves --------------------------------------------------------------------------------------------------------


def dripping(handler: BaseHTTPRequestHandler) -> None:
    """An answer of which a byte comes now and then."""
    for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n" + b"X-Slow: y\r\n" * 10_000:
        handler.wfile.write(bytes([byte]))
        handler.wfile.flush()
        time.sleep(0.02)


def endless(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        handler.wfile.write(b"<p>" * 10_000)


def cut_short(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n<title>")


def silent(_: BaseHTTPRequestHandler) -> None:
    time.sleep(1)


def garbage(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"\x00\x01 no HTTP\r\n\r\n")


@pytest.mark.parametrize(
    ("answer", "status", "reason"),
    [
        (dripping, "failed", "takes longer than 0.3 s; raise it by most_seconds"),
        (silent, "failed", "takes longer than 0.3 s"),
        (endless, "refused", "longer than 1,000,000 bytes; raise it by most_bytes"),
        (cut_short, "failed", "连接失败"),
        (garbage, "failed", "连接失败"),
        ((404, {}, b""), "refused", "the host answered 404; look whether the page moved"),
        ((302, {"Location": "/a"}, b""), "refused", "more than 5 redirects"),
        ((302, {}, b""), "refused", "the host answered 302"),
        ((304, {}, b""), "refused", "the host answered 304"),
        ((206, {"Content-Range": "bytes 0-99/1000"}, REPORT.encode()[:99]), "refused", "the host answered 206"),
        ((200, {"X-A": "a" * 300_000}, b""), "failed", "连接失败"),
        ((200, {"Content-Length": "-5"}, b"1"), "failed", "连接失败"),
        ((200, {"Transfer-Encoding": "chunked", "Content-Length": ""}, b"zz\r\n"), "failed", "连接失败"),
        (
            page("<a href='http://[x'>年报</a><a href='http://h:99999/年报.pdf'>年报</a>"),
            "refused",
            "h:99999/年报.pdf: it is not fetched",
        ),
        (page("<a href=x>年报</a>" + "<div>" * 20_000), "no report", "elements inside one another"),
        (page("<script src=app.js></script>" + "<div>" * 20_000), "no report", "elements inside one another"),
        ((200, {}, b"<" + b"\xff" * 300), "no report", "no text in UTF-8"),
        ((302, {"Location": "file:///etc/passwd"}, b""), "refused", "file:///etc/passwd: it is not fetched"),
        ((302, {"Location": "http://[::1"}, b""), "refused", "is not fetched"),
        ((302, {"Location": "http://a:99999/"}, b""), "refused", "is not fetched"),
        ((200, {}, b"\x00\x01\x02" * 100), "no report", "no text in UTF-8"),
        ((200, {}, b""), "no report", "the document is empty"),
        (page("<html><script src=app.js></script><div id=app></div>"), "needs scripts", "save it from a browser"),
        (page("<p>" + "本局的其他消息。" * 60), "no report", ""),
    ],
)
def test_what_misbehaves_is_a_row_with_its_reason(
    answer: Answer, status: str, reason: str, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "_TRIES", 1)
    site.answers |= {"/a": answer, "/good.html": report(2024)}
    first, second = outcome([site("/a"), site("/good.html")], tmp_path, most_seconds=0.3, most_bytes=1_000_000)
    assert first[0] == status
    assert reason in first[1]
    assert second == ("new", "")
    assert not list(tmp_path.rglob("*.part"))


def test_what_always_fails_is_given_up_after_three_tries(site: Site, tmp_path: Path) -> None:
    site.answers["/a.html"] = 503, {"Retry-After": "0"}, b""
    assert outcome(site("/a.html"), tmp_path) == [("failed", f"{site('/a.html')}: the host answered 503 网站暂时不可用")]
    assert site.paths() == ["/a.html"] * 3


def test_a_run_that_was_interrupted_goes_on_where_it_was(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site.answers |= {"/a.html": [report(2024, ETag='"1"'), (304, {}, b"")], "/b.html": report(2023)}
    get = fetching._Client.get

    def interrupted(client: Any, address: str, *given: Any, **named: Any) -> Any:
        if address.endswith("/b.html"):
            raise KeyboardInterrupt
        return get(client, address, *given, **named)

    with monkeypatch.context() as patch:
        patch.setattr(fetching._Client, "get", interrupted)
        with pytest.raises(KeyboardInterrupt):
            got([site("/a.html"), site("/b.html")], tmp_path)
    assert outcome([site("/a.html"), site("/b.html")], tmp_path) == [("unchanged", ""), ("new", "")]
    assert site.paths() == ["/a.html", "/a.html", "/b.html"]
    assert len(pd.read_csv(tmp_path / "register.csv")) == 2


def test_what_a_site_writes_into_headers_as_it_is_does_no_harm(site: Site, tmp_path: Path) -> None:
    """A redirect to a Chinese name that is not encoded, and an ETag that is no ASCII, which cannot be sent back."""
    site.answers["/a"] = 302, {"Location": "/年报.html".encode().decode("latin-1")}, b""
    site.answers[quote("/年报.html")] = report(2024, ETag='"\xe9"')
    assert [outcome(site("/a"), tmp_path)[0][0] for _ in range(2)] == ["new", "unchanged"]


def test_a_redirect_and_a_list_are_held_to_the_same_rules(site: Site, tmp_path: Path) -> None:
    site.answers["/robots.txt"] = 200, {}, b"User-agent: *\nDisallow: /private/\n"
    site.answers["/a"] = 302, {"Location": "/private/a.html"}, b""
    site.answers["/list"] = 404, {}, "<a href=/b.html>年报</a>".encode()
    site.answers |= {"/private/a.html": report(2024), "/b.html": report(2024)}
    ((status, reason),) = outcome(site("/a"), tmp_path)
    assert (status, "robots.txt does not allow it" in reason) == ("refused", True)
    ((status, reason),) = outcome(site("/list"), tmp_path, links="年报")
    assert (status, "the host answered 404" in reason) == ("refused", True)
    assert site.paths() == ["/a", "/list"]


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_file_that_ends_the_process_which_looks_at_it_is_a_row(site: Site, tmp_path: Path) -> None:
    local_executor(1).shutdown()  # a process that has read a picture holds more addresses than this bound
    site.answers |= {"/a.pdf": (200, {}, nested_forms(16, 4)), "/b.html": report(2024)}
    with limits(forms=1 << 40, memory=2_000_000_000):
        first, second = outcome([site("/a.pdf"), site("/b.html")], tmp_path)
    assert first[0] == "no report"
    assert "a.pdf: the process that read it died" in first[1]
    assert second == ("new", "")


def test_a_packed_answer_is_kept_as_it_came(site: Site, tmp_path: Path) -> None:
    """Nobody asked for compression; a site that compresses all the same gives a gzip file, which is read."""
    packed = gzip.compress(REPORT.format(3, year=2024).encode())
    site.answers["/a.html"] = 200, {"Content-Encoding": "gzip"}, packed
    (row,) = got(site("/a.html"), tmp_path).to_dict("records")
    assert (tmp_path / row["document"]).read_bytes() == packed
    assert govstats.read(tmp_path / row["document"]).year == 2024


def test_names_stay_inside_the_folder(site: Site, tmp_path: Path) -> None:
    site.answers["/..%2F..%2Fpasswd"] = report(2024)
    (row,) = got(site("/..%2F..%2Fpasswd"), tmp_path / "in").to_dict("records")
    assert (tmp_path / "in" / row["document"]).resolve().is_relative_to((tmp_path / "in").resolve())
    assert not list(tmp_path.glob("passwd*"))


# --- what is safe -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1/",
        "http://localhost/",
        "http://[::1]/",
        "http://10.0.0.1/",
        "http://169.254.169.254/latest",
        "http://2130706433/",
        "http://0.0.0.0/",
        "http://100.64.0.1/",
        "http://[::ffff:127.0.0.1]/",
        "http://[fe80::1]/",
        "http://[fd00::1]/",
    ],
)
def test_addresses_inside_a_network_are_not_fetched_unless_asked(address: str, tmp_path: Path) -> None:
    ((status, reason),) = outcome(address, tmp_path, private=False)
    assert status == "refused"
    assert "which is no public address; private=True (--private) allows it" in reason


@pytest.mark.parametrize(
    "address", ["file:///etc/passwd", "ftp://example.org/a", "javascript:alert(1)", "/etc/passwd", "http:///a"]
)
def test_other_schemes_are_not_fetched(address: str, tmp_path: Path) -> None:
    ((status, reason),) = outcome(address, tmp_path)
    assert (status, "expected http:// or https://" in reason) == ("refused", True)


def test_a_name_that_also_stands_for_an_address_inside_is_not_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    both = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80)) for address in ("93.184.215.14", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: both)
    ((status, reason),) = outcome("http://both.example/", tmp_path, private=False)
    assert (status, "stands for 10.0.0.1, which is no public address" in reason) == ("refused", True)


def test_a_name_that_stands_for_another_address_a_moment_later_leads_nowhere_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The address that is checked is the one that is connected to."""
    resolved, connected = iter(["93.184.215.14", "127.0.0.1", "127.0.0.1"]), []

    def resolve(_: str, port: int, **__: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(resolved), port))]

    async def connect(_: object, address: str, *__: Any, **___: Any) -> None:
        connected.append(address)
        raise httpcore.ConnectError

    monkeypatch.setattr(fetching, "_TRIES", 1)
    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(httpcore.AnyIOBackend, "connect_tcp", connect)
    assert [
        status for status, _ in outcome(["http://rebinding.example/", "http://rebinding.example/"], tmp_path, private=False)
    ] == [
        "failed",
        "refused",
    ]
    assert connected == ["93.184.215.14"]


def test_a_redirect_into_a_network_is_checked_like_any_address(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the server of this test may be reached; where it leads to is not public."""
    site.answers["/a.html"] = 302, {"Location": "http://10.1.2.3/secret.html"}, b""
    checked = fetching._public_address

    def this_server_alone(host: str, port: int, **_: bool) -> str:
        return checked(host, port, private=port == site.port)

    monkeypatch.setattr(fetching, "_public_address", this_server_alone)
    ((status, reason),) = outcome(site("/a.html"), tmp_path, private=False)
    assert (status, "10.1.2.3, which is no public address" in reason) == ("refused", True)


def test_what_cannot_be_asked(tmp_path: Path) -> None:
    with pytest.raises(UnusableAddress, match="no address is given"):
        fetch([], tmp_path)
    with pytest.raises(UnusableAddress, match="no regular expression"):
        fetch("http://example.org", tmp_path, links="(")


def test_tries_are_active() -> None:
    """Another test may have switched them off."""
    assert stamina.is_active()


def test_a_list_and_a_long_address_are_told_apart(site: Site, tmp_path: Path) -> None:
    """An address may be longer than the name of any file; a list may be in another encoding."""
    site.answers |= {"/a.html": report(2024), "/" + "a" * 300: report(2023)}
    (tmp_path / "list.txt").write_bytes(f"{site('/a.html')}\n".encode() + "年报\n".encode("gbk"))
    options = ["--into", str(tmp_path / "in"), "--private", "--delay", "0"]
    assert main(["fetch", str(tmp_path / "list.txt"), site("/" + "a" * 300), *options]) == 0
    assert len(pd.read_csv(tmp_path / "in" / "register.csv")) == 2
