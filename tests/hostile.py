"""Inputs that cost a careless reader more than they are long, of every format, each of a given number of pieces.

``python -m tests.hostile --bytes 1000000`` reads each of them in a process of its own, and says what became of it, in how many
seconds and in how much memory.
"""

from __future__ import annotations

import argparse
import base64
import gzip
import io
import struct
import sys
import time
import zipfile
import zlib
from collections.abc import Callable, Mapping
from math import isqrt
from pathlib import Path
from typing import Any, NamedTuple

import govstats
from govstats.documents.limits import limits

Maker = Callable[[int], bytes]


# --- pages and texts ------------------------------------------------------------------------------------------------------

TEXTS: dict[str, Maker] = {
    "open list items": lambda n: b"<table><tr><td>1</table>" + b"<li>" * n,
    "open divisions": lambda n: b"<div>" * n,
    "paragraphs in open divisions": lambda n: b"<div><p>" * n,
    "many attributes": lambda n: b"<p " + b" ".join(b"a%d=1" % i for i in range(n)) + b">x</p>",
    "the same attribute": lambda n: b"<p " + b"a=1 " * n + b">x</p>",
    "tags of tables without an end": lambda n: b"<table" * n,
    "tags of paragraphs without an end": lambda n: b"<p " * n,
    "open formats": lambda n: b"<b><i>" * n + b"x",
    "open fonts": lambda n: b"<a><font>" * n + b"x",
    "cells in a row": lambda n: b"<table><tr>" + b"<td>1" * n,
    "rows": lambda n: b"<table>" + b"<tr><td>1<td>2" * n,
    "tables": lambda n: b"<table><tr><td>1</table>" * n,
    "tables in tables": lambda n: b"<table><tr><td>" * n,
    "rules of one element": lambda n: b"<style>" + b"p{color:red} " * n + b"</style><p>x</p>" * 20,
    "open rules": lambda n: b"<style>" + b"{" * n,
    "declarations": lambda n: b"<p style='" + b"a:b;" * n + b"'>x</p>",
    "variables of variables": lambda n: (
        b"<p style='" + b"".join(b"--a%d:var(--a%d);" % (i, i + 1) for i in range(n)) + b"color:var(--a0)'>x</p>"
    ),
    "open brackets in a style": lambda n: b"<p style='color:var(" + b"(" * n + b"'>x</p>",
    "open comments": lambda n: b"<p>x</p>" + b"<!--" * n,
    "entities": lambda n: b"<p>" + b"&#49;" * n + b"</p>",
    "a long name of an agency": lambda n: (
        "<title>{0}市人民政府2023年政府信息公开工作年度报告</title><p>现将{0}市民政局报告如下。</p>".format("某" * n).encode()
    ),
    "selectors of one rule": lambda n: b"<style>" + b",".join([b"p"] * n) + b"{color:red}</style><p>x</p>",
    "one long selector": lambda n: b"<style>" + b"div " * n + b"{color:red}</style>" + b"<div>" * 100 + b"x",
    "rules and elements": lambda n: (
        b"<style>" + b"".join(b".c%d{display:none}" % i for i in range(n)) + b"</style>" + b"<p class=c1>x</p>" * n
    ),
    "wide spans": lambda n: b"<table>" + b"<tr><td colspan=1000 rowspan=1000>1" * n + b"</table>",
    "spans to the end": lambda n: b"<table>" + b"<tr><td rowspan=0>1<td>2" * n + b"</table>",
    "Markdown rows": lambda n: b"|a|b|\n|---|---|\n" + b"|1|2|\n" * n,
    "Markdown cells": lambda n: b"|a|b|\n|---|---|\n" + b"|1" * n,
    "a long rule": lambda n: b"|" + b"-" * n,
    "a rule of pieces": lambda n: b"---|" * n + b"x",
    "white space": lambda n: b" \t" * n + b"x",
    "empty lines": lambda n: b"\n" * n + b"x",
    "rows with tabs": lambda n: b"a\t1\n" * n,
    "cells led by tabs": lambda n: b"\ta\n" * n,
    "rows led by tabs": lambda n: b"\t\xe8\xa7\x84\xe7\xab\xa0\n\t1\n\n" * n,
    "digits": lambda n: b"1" * n,
    "lines of a digit": lambda n: b"1\n" * n,
    "digits apart": lambda n: b"1 " * n,
    "labels": lambda n: "规章\n".encode() * n,
    "lines of a label and figures": lambda n: "规章 1 2 3\n".encode() * n,
    "rows of a label and figures": lambda n: b"<table>" + "<tr><td>规章<td>1<td>2<td>3".encode() * n,
    "claims in one sentence": lambda n: "本年收到申请3件，其中予以公开2件，".encode() * n,
    "open brackets in a sentence": lambda n: "（其中".encode() * n + "3件".encode(),
    "sentences": lambda n: "收到申请3件。".encode() * n,
    "titles": lambda n: "某市2024年政府信息公开工作年度报告\n".encode() * n,
    "a long name": lambda n: "某某市".encode() * n + "局".encode(),
    "one character": lambda n: "的".encode() * n,
    "one letter": lambda n: b"a" * n,
    "zero bytes": lambda n: b"\0" * n,
    "archives in archives": lambda n: (
        b"MIME-Version: 1.0\nContent-Type: multipart/related; boundary=a\n\n"
        + b"--a\nContent-Type: multipart/related; boundary=a\n\n" * n
    ),
    "open quotes": lambda n: b'"' * n,
    "comma-separated rows": lambda n: b"a,1,2\n" * n,
    "open tables in Markdown": lambda n: b"|a|b|\n|---|---|\n" + b"<table" * n,
    "torn rows": lambda n: b"|a|b|\n|---|---|\n" + b"|a\n" * n,
    "torn cells": lambda n: b"|a|b|\n|---|---|\n" + b"a|b" * n,
    "escaped quotes": lambda n: b"<p " + b'a=\\"b\\" ' * n,
    "metadata": lambda n: b"<meta name=title content=x>" * n,
    "options": lambda n: b"<table><tr><td><select>" + b"<option>1" * n + b"</table>",
    "fields": lambda n: b"<table><tr><td>" + b"<input value=1>" * n + b"</table>",
    "raised marks": lambda n: b"<p>" + b"<sup>1</sup>2" * n,
    "hidden divisions": lambda n: b"<div style='display:none'>" * n + b"<table><tr><td>1</table>",
    "half characters": lambda n: b"\x81" * n,
    "UTF-32": lambda n: "规章 1".encode("utf-32") * n,
}


def _archived(before: bytes, part: bytes, after: bytes = b"") -> Maker:
    """Return what makes a web archive of so many parts."""
    return lambda n: b"MIME-Version: 1.0\nContent-Type: multipart/related; boundary=a\n" + before + part * n + after


WEB_ARCHIVES: dict[str, Maker] = {
    "parts": _archived(b"\n", b"--a\nContent-Type: image/png\n\nx\n"),
    "pages": _archived(b"\n", b"--a\nContent-Type: text/html\n\n<p>1\n"),
    "headers": _archived(b"", b"X-A: 1\n"),
    "one long header": _archived(b"X-A: ", b" a\n"),
    "lines of a boundary": _archived(b"\n", b"--a\n"),
    "almost boundaries": _archived(b"\n", b"--b\n"),
    "messages in messages": _archived(b"\n--a\n", b"Content-Type: message/rfc822\n\n"),
    "parameters": _archived(b"\n--a\nContent-Type: text/html", b"; a=1", b"\n\n<p>1"),
    "numbered parameters": lambda n: _archived(
        b"\n--a\nContent-Type: text/html" + b"".join(b"; a*%d=1" % i for i in range(n)), b"", b"\n\n<p>1"
    )(0),
    "comments in a header": _archived(b"\n--a\nContent-Type: text/html", b"(", b"\n\n<p>1"),
    "quoted-printable": _archived(b"\n--a\nContent-Type: text/html\nContent-Transfer-Encoding: quoted-printable\n\n", b"=\n=31"),
    "broken base64": _archived(b"\n--a\nContent-Type: text/html\nContent-Transfer-Encoding: base64\n\n", b"PHA=\n+"),
    "a page of divisions": lambda n: _archived(
        b"\n--a\nContent-Type: text/html\nContent-Transfer-Encoding: base64\n\n" + base64.b64encode(b"<div>" * n), b""
    )(0),
}
ENCODINGS: dict[str, Maker] = {
    "UTF-16": lambda n: ("规章 1\n" * n).encode("utf-16"),
    "UTF-16 without a mark": lambda n: ("规章 1\n" * n).encode("utf-16-be"),
    "half of a pair": lambda n: b"\xff\xfe" + b"\x00\xd8" * n,
    "marks of byte order": lambda n: b"\xef\xbb\xbf" * n + b"x",
    "overlong characters": lambda n: b"\xc0\xaf" * n,
    "GB 18030": lambda n: ("规章 1 㐀\n" * n).encode("gb18030"),
    "four bytes cut off": lambda n: b"\x81\x30" * n,
    "Big5": lambda n: b"<meta charset=big5>" + ("規章 1\n" * n).encode("big5"),
    "another page's encoding": lambda n: b"<meta charset=shift_jis>" + ("規章 1\n" * n).encode("shift_jis"),
    "an encoding that there is not": lambda n: b"<meta charset=" + b"x" * n + b">1",
    "encodings": lambda n: b"<meta charset=gb2312>" * n + b"1",
    "escapes of ISO 2022": lambda n: b"\x1b$B0l\x1b(B" * n,
    "marks of direction": lambda n: "\u202e1\u202c".encode() * n,
    "combining marks": lambda n: b"1" + "\u0301".encode() * n,
    "characters without width": lambda n: "1\u200b".encode() * n,
    "ligatures": lambda n: "\ufdfa".encode() * n,
    "one mark of fullness": lambda n: "１，".encode() * n,
    "Chinese numerals": lambda n: "一百零".encode() * n + "件".encode(),
    "numerals in tables": lambda n: ("行政处罚\t" + "亿" * n + "\n行政强制\t1\n").encode(),
    "pinyin": lambda n: "應(yīng)".encode() * n,
    "signs of minus": lambda n: b"-" * n + b"1",
    "commas of thousands": lambda n: b"1" + b",000" * n,
    "points": lambda n: b"1" + b".0" * n,
    "a quotation of many lines": lambda n: b'a\tb\n"' + b"\n" * n,
}
MARKDOWN: dict[str, Maker] = {
    "quotes in quotes": lambda n: b"> " * n + b"x",
    "lists in lists": lambda n: b"".join(b" " * (i % 100) + b"- a\n" for i in range(n)),
    "headings": lambda n: "# 一、总体情况\n".encode() * n,
    "stars": lambda n: b"*" * n + b"x",
    "stars around words": lambda n: b"**a" * n,
    "open links": lambda n: b"[" * n + b"x",
    "rules": lambda n: b"|---|\n" * n,
    "rules under rows": lambda n: b"|a|\n|---|\n" * n,
    "pipes": lambda n: b"|" * n,
    "a rule that ends in a figure": lambda n: b"|a|b|\n|" + b"-" * n + b"1|\n|1|2|\n",
    "escaped pipes": lambda n: b"|a|b|\n|---|---|\n" + b"|\\" * n,
    "tables of a page": lambda n: b"|a|b|\n|---|---|\n" + b"<table><tr><td>1</table>\n" * n,
    "grids of signs": lambda n: b"+--+--+\n|1 |2 |\n" * n,
}
SEPARATED: dict[str, Maker] = {
    "fields": lambda n: b"a,b,c\n" + b"1," * n,
    "rows of quotes": lambda n: b'"a","1","2"\n' * n,
    "a field of lines": lambda n: b'a,1,2\n"' + b"x\n" * n + b'",1,2\n',
    "semicolons": lambda n: b"a;1;2\n" * n,
    "a long field": lambda n: b"a,1,2\nb,3," + b"4" * n,
    "growing rows": lambda n: b"".join(b"," * (i % 300) + b"1\n" for i in range(n)),
}

# --- PDF ------------------------------------------------------------------------------------------------------------------


def pdf(
    content: bytes, *more: bytes, page: bytes = b"", pages: bytes = b"[3 0 R]", stream: bytes = b"", root: bytes = b""
) -> bytes:
    """Return a PDF document of one page with some content; `more` are the objects from the fifth on."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R " + root + b">>",
        b"<< /Type /Pages /Count 1 /Kids " + pages + b" >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R " + page + b" >>",
        b"<< " + stream + b" /Length %d >>\nstream\n" % len(content) + content + b"\nendstream",
        *more,
    ]
    body = b"".join(b"%d 0 obj\n" % number + text + b"\nendobj\n" for number, text in enumerate(objects, start=1))
    return b"%PDF-1.4\n" + body + b"trailer << /Size %d /Root 1 0 R >>\n%%%%EOF" % (len(objects) + 1)


def form(content: bytes, following: int = 0) -> bytes:
    """Return a form that draws something, which it calls F."""
    named = b"/Resources << /XObject << /F %d 0 R >> >>" % following if following else b""
    return b"<< /Type /XObject /Subtype /Form /BBox [0 0 200 200] %b /Length %d >>\nstream\n%b\nendstream" % (
        named,
        len(content),
        content,
    )


def nested_forms(depth: int, copies: int) -> bytes:
    """Return a PDF with one page that draws a form, which draws the next one so many times, and so on: pdfium expands all."""
    forms = [form(b"/F Do " * copies, following) for following in range(6, 5 + depth)]
    return pdf(b"/F Do", *forms, form(b"0 0 9 9 re f"), page=b"/Resources << /XObject << /F 5 0 R >> >>")


_FONT = b"/Resources << /Font << /A 5 0 R >> >>"
_HELVETICA = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"


def _typed(text: bytes, **more: bytes) -> bytes:
    return pdf(b"BT /A 9 Tf 50 700 Td " + text + b" ET", _HELVETICA, page=_FONT, **more)


def _flate(content: bytes) -> bytes:
    return pdf(zlib.compress(content, 9), stream=b"/Filter /FlateDecode")


PDFS: dict[str, Maker] = {
    "forms in forms": lambda n: nested_forms(n, 1),
    "forms drawn four times": lambda n: nested_forms(2 + n.bit_length() // 2, 4),
    "forms that draw themselves": lambda n: pdf(
        b"/F Do " * n, form(b"/F Do", 5), page=b"/Resources << /XObject << /F 5 0 R >> >>"
    ),
    "one form": lambda n: pdf(b"/F Do " * n, form(b"0 0 9 9 re f"), page=b"/Resources << /XObject << /F 5 0 R >> >>"),
    "rulings across": lambda n: pdf(b"".join(b"0 %.2f m 500 %.2f l S " % (i / n * 800, i / n * 800) for i in range(n))),
    "rulings both ways": lambda n: pdf(
        b"".join(b"0 %d m 500 %d l S %d 0 m %d 800 l S " % (i % 800, i % 800, i % 500, i % 500) for i in range(n))
    ),
    "one path": lambda n: pdf(b"0 0 m " + b"".join(b"%d %d l " % (i % 500, i % 800) for i in range(n)) + b"S"),
    "curves": lambda n: pdf(b"0 0 m " + b"1 2 3 4 5 6 c " * n + b"S"),
    "rectangles": lambda n: pdf(b"".join(b"%d %d 9 9 re S " % (i % 50 * 10, i // 50 % 80 * 10) for i in range(n))),
    "dots": lambda n: pdf(b"".join(b"%d %d 1 1 re f " % (i % 500, i // 500 % 800) for i in range(n))),
    "open states": lambda n: pdf(b"q " * n + b"0 0 9 9 re f"),
    "clip paths": lambda n: pdf(b"0 0 500 500 re W n " * n + b"0 0 9 9 re f"),
    "marked contents": lambda n: pdf(b"/A BMC " * n + b"0 0 9 9 re f"),
    "numbers": lambda n: pdf(b"1 " * n),
    "open brackets": lambda n: pdf(b"[" * n),
    "open dictionaries": lambda n: pdf(b"/A << /B " * n),
    "open strings": lambda n: pdf(b"(" * n),
    "characters": lambda n: _typed(b"(1) Tj " * n),
    "one string": lambda n: _typed(b"(" + b"1" * n + b") Tj"),
    "lines": lambda n: _typed(b"(1 2 3) Tj 0 -1 Td " * n),
    "characters on each other": lambda n: _typed(b"(1) Tj 0 0 Td " * n),
    "characters out of sight": lambda n: _typed(b"3 Tr (1) Tj " * n),
    "kerned characters": lambda n: _typed(b"[" + b"(1) -900 " * n + b"] TJ"),
    "large type": lambda n: _typed(b"/A 900 Tf " + b"(1) Tj " * n),
    "turned type": lambda n: _typed(b"".join(b".7 .7 -.7 .7 %d 300 Tm (1) Tj " % (i % 500) for i in range(n))),
    "a table of figures": lambda n: _typed(
        b"".join(b"1 0 0 1 %d %d Tm (1) Tj " % (i % 12 * 40, i // 12 % 99 * 8) for i in range(n))
    ),
    "pages": lambda n: pdf(b"", pages=b"[" + b"3 0 R " * n + b"]").replace(b"/Count 1", b"/Count %d" % n),
    "pages that are claimed": lambda n: pdf(b"").replace(b"/Count 1", b"/Count %d" % n),
    "a tree of pages": lambda n: pdf(
        b"", *(b"<< /Type /Pages /Count 1 /Kids [%d 0 R] >>" % (i + 6) for i in range(n)), b"3 0 R", pages=b"[5 0 R]"
    ),
    "a circle of pages": lambda n: pdf(b"", *[b"<< /Type /Pages /Count 1 /Kids [5 0 R] >>"] * n, pages=b"[5 0 R]"),
    "objects": lambda n: pdf(b"", *[b"null"] * n),
    "references": lambda n: pdf(b"", *(b"%d 0 R" % (i + 6) for i in range(n)), page=b"/Resources 5 0 R"),
    "arrays in arrays": lambda n: pdf(b"", b"[" * n + b"]" * n, page=b"/Resources 5 0 R"),
    "dictionaries in dictionaries": lambda n: pdf(b"", b"<< /A " * n + b"1" + b">>" * n, page=b"/Resources 5 0 R"),
    "annotations": lambda n: pdf(
        b"", b"<< /Type /Annot /Subtype /Square /Rect [9 9 99 99] >>", page=b"/Annots [" + b"5 0 R " * n + b"]"
    ),
    "fields": lambda n: pdf(
        b"",
        b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (a) /V (1) /Rect [9 9 99 99] >>",
        page=b"/Annots [" + b"5 0 R " * n + b"]",
        root=b"/AcroForm << /Fields [5 0 R] >>",
    ),
    "fields in fields": lambda n: pdf(
        b"", *(b"<< /T (a) /Kids [%d 0 R] >>" % (i + 6) for i in range(n)), root=b"/AcroForm << /Fields [5 0 R] >>"
    ),
    "outlines": lambda n: pdf(
        b"", *(b"<< /Title (a) /First %d 0 R /Next 5 0 R >>" % (i + 6) for i in range(n)), root=b"/Outlines 5 0 R"
    ),
    "a bomb of blanks": lambda n: _flate(b" " * (100 * n)),
    "a bomb of strokes": lambda n: _flate(b"0 0 9 9 re f " * (10 * n)),
    "filters on filters": lambda n: pdf(b"x", stream=b"/Filter [" + b"/ASCIIHexDecode " * n + b"]"),
    "pictures in the line": lambda n: pdf(b"BI /W 1 /H 1 /BPC 8 /CS /G ID \0 EI " * n),
    "a picture that is claimed": lambda n: pdf(
        b"500 0 0 800 0 0 cm /F Do",
        b"<< /Subtype /Image /Width %d /Height %d /BitsPerComponent 1 /ColorSpace /DeviceGray /Length 1 >>\nstream\nx\nendstream"
        % (10 * n, 10 * n),
        page=b"/Resources << /XObject << /F 5 0 R >> >>",
    ),
    "a large page": lambda n: pdf(b"0 0 9 9 re f", page=b"/MediaBox [0 0 %d %d]" % (n, n)),
    "shadings": lambda n: pdf(
        b"/F sh " * n,
        b"<< /ShadingType 1 /ColorSpace /DeviceGray /Function << /FunctionType 2 /Domain [0 1] /N 1 >> >>",
        page=b"/Resources << /Shading << /F 5 0 R >> >>",
    ),
    "fonts": lambda n: pdf(
        b"BT " + b"".join(b"/A%d 9 Tf (1) Tj " % i for i in range(n)) + b"ET",
        _HELVETICA,
        page=b"/Resources << /Font << " + b"".join(b"/A%d 5 0 R " % i for i in range(n)) + b">> >>",
    ),
    "a font that draws itself": lambda n: pdf(
        b"BT /A 9 Tf " + b"(a) Tj " * n + b"ET",
        b"<< /Type /Font /Subtype /Type3 /FontBBox [0 0 9 9] /FontMatrix [1 0 0 1 0 0] /CharProcs << /a 6 0 R >> /FirstChar 97"
        b" /LastChar 97 /Widths [9] /Encoding << /Differences [97 /a] >> /Resources << /Font << /A 5 0 R >> >> >>",
        b"<< /Length 26 >>\nstream\nBT /A 9 Tf (aaaa) Tj ET   \nendstream",
        page=_FONT,
    ),
    "layers": lambda n: pdf(
        b"/OC /L BDC " * n + b"0 0 9 9 re f " + b"EMC " * n,
        b"<< /Type /OCG /Name (a) >>",
        page=b"/Resources << /Properties << /L 5 0 R >> >>",
    ),
    "tables of objects": lambda n: pdf(b"") + b"\nxref\n0 1\n0000000000 65535 f \ntrailer << /Root 1 0 R /Prev 9 >>" * n,
    "ends": lambda n: pdf(b"") + b"\nstartxref\n9\n%%EOF" * n,
    "blanks before the head": lambda n: b" " * min(n, 1000) + pdf(b"") + b" " * n,
}

# --- packed files ---------------------------------------------------------------------------------------------------------


def packed(members: Mapping[str, bytes], *, stored: bool = False) -> bytes:
    """Return a zip archive, whose members say that they were made in 1980."""
    with zipfile.ZipFile(file := io.BytesIO(), "w", zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, compress_type=archive.compression)
    return file.getvalue()


def _matryoshka(n: int) -> bytes:
    content = b"<p>1"
    for _ in range(min(n, 500)):
        content = packed({"a.zip": content}, stored=True)
    return content


PACKED: dict[str, Maker] = {
    "a bomb in gzip": lambda n: gzip.compress(b"1\n" * (50 * n), mtime=0),
    "a bomb in zip": lambda n: packed({"a.html": b"<p>" + b" " * (100 * n)}),
    "gzip in gzip": lambda n: gzip.compress(gzip.compress(b"1" * n, mtime=0), mtime=0),
    "zip in zip": _matryoshka,
    "members of gzip": lambda n: gzip.compress(b"1\n", mtime=0) * n,
    "gzip cut off": lambda n: gzip.compress(b"1\n" * n, mtime=0)[:-9],
    "zeros behind gzip": lambda n: gzip.compress(b"1\n", mtime=0) + b"\0" * n,
    "files": lambda n: packed({f"{i}.html": b"<p>1" for i in range(n)}),
    "hidden files": lambda n: packed({f"__MACOSX/{i}": b"" for i in range(n)} | {"a.html": b"<p>1"}),
    "a long name": lambda n: packed({"a" * min(n, 60_000) + ".html": b"<p>1"}),
    "folders": lambda n: packed({"a/" * min(n, 30_000) + "a.html": b"<p>1"}),
    "a name that leads out": lambda n: packed({"../" * min(n, 20_000) + "a.html": b"<p>1"}),
    "zip cut off": lambda n: packed({"a.html": b"<p>1" * n})[:-30],
    "zip with a comment": lambda n: packed({"a.html": b"<p>1"}) + b"PK\x05\x06" * n,
    "a size that is claimed": lambda n: packed({"a.html": b"<p>1"}).replace(struct.pack("<II", 6, 4), struct.pack("<II", 6, n)),
    "a locked file": lambda n: packed({"a.html": b"<p>1" * n}, stored=True).replace(
        b"PK\x01\x02\x14\x03\x14\0\0\0", b"PK\x01\x02\x14\x03\x14\0\1\0"
    ),
    "a PDF in zip": lambda n: packed({"a.pdf": PDFS["characters"](n)}),
}

# --- Word -----------------------------------------------------------------------------------------------------------------

_W = b'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def docx(body: bytes, before: bytes = b"", **parts: bytes) -> bytes:
    """Return a docx document; parts are ``styles``, ``numbering`` …, without their root."""
    members = {"word/document.xml": before + b"<w:document " + _W + b"><w:body>" + body + b"</w:body></w:document>"}
    for name, content in parts.items():
        members[f"word/{name}.xml"] = b"<w:%b %b>%b</w:%b>" % (name.encode(), _W, content, name.encode())
    return packed(members)


def _p(text: bytes = b"1", before: bytes = b"") -> bytes:
    return b"<w:p>" + before + b"<w:r><w:t>" + text + b"</w:t></w:r></w:p>"


def _tc(inside: bytes = _p(), properties: bytes = b"") -> bytes:
    return b"<w:tc><w:tcPr>" + properties + b"</w:tcPr>" + inside + b"</w:tc>"


def _tbl(rows: bytes) -> bytes:
    return b"<w:tbl>" + rows + b"</w:tbl>"


def _tr(cells: bytes) -> bytes:
    return b"<w:tr>" + cells + b"</w:tr>"


def _in(n: int, tag: bytes, inside: bytes) -> bytes:
    return b"<w:%b>" % tag * n + inside + b"</w:%b>" % tag * n


_BOXED = b"<w:r><w:pict><w:txbxContent>%b</w:txbxContent></w:pict></w:r>"
_LISTED = b'<w:pPr><w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr></w:pPr>'
_LEVEL = b'<w:lvl w:ilvl="0"><w:numFmt w:val="decimal"/><w:lvlText w:val="%1"/></w:lvl>'
_NUM = b'<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>'
WORD: dict[str, Maker] = {
    "rows": lambda n: docx(_tbl(_tr(_tc() * 2) * n)),
    "cells in a row": lambda n: docx(_tbl(_tr(_tc() * n))),
    "tables": lambda n: docx(_tbl(_tr(_tc() * 2)) * n),
    "tables in tables": lambda n: docx(b"<w:tbl><w:tr><w:tc>" * n + _p() + b"</w:tc></w:tr></w:tbl>" * n),
    "tables in a cell": lambda n: docx(_tbl(_tr(_tc(_tbl(_tr(_tc())) * n)))),
    "paragraphs": lambda n: docx(_p() * n),
    "paragraphs in a cell": lambda n: docx(_tbl(_tr(_tc(_p() * n) + _tc()))),
    "runs": lambda n: docx(b"<w:p>" + b"<w:r><w:t>1</w:t></w:r>" * n + b"</w:p>"),
    "raised runs": lambda n: docx(
        b"<w:p>"
        + b'<w:r><w:t>1</w:t></w:r><w:r><w:rPr><w:vertAlign w:val="superscript"/></w:rPr><w:t>2</w:t></w:r>' * n
        + b"</w:p>"
    ),
    "one text": lambda n: docx(_p(b"1" * n)),
    "wide spans": lambda n: docx(_tbl(_tr(_tc(properties=b'<w:gridSpan w:val="99999"/>') * 2) * n)),
    "merged rows": lambda n: docx(_tbl(_tr(_tc(properties=b"<w:vMerge/>") * 2) * n)),
    "merged cells": lambda n: docx(_tbl(_tr(_tc(properties=b"<w:hMerge/>") * n))),
    "columns": lambda n: docx(_tbl(b"<w:tblGrid>" + b'<w:gridCol w:w="9"/>' * n + b"</w:tblGrid>" + _tr(_tc() * 2))),
    "cells before a row": lambda n: docx(
        _tbl(b'<w:tr><w:trPr><w:gridBefore w:val="99999"/></w:trPr>' + _tc() + b"</w:tr>" + _tr(_tc()) * n)
    ),
    "entities of entities": lambda n: docx(  # noqa: ARG005
        _p(b"&e9;"),
        b'<!DOCTYPE a [<!ENTITY e0 "1">'
        + b"".join(b'<!ENTITY e%d "%b">' % (i, b"&e%d;" % (i - 1) * 10) for i in range(1, 10))
        + b"]>",
    ),
    "a file from outside": lambda n: docx(_p(b"&e;" * n), b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]>'),
    "content controls in content controls": lambda n: docx(_in(n, b"sdt", b"<w:sdtContent>" + _p() + b"</w:sdtContent>")),
    "elements in elements": lambda n: docx(_in(n, b"x", _p())),
    "insertions in insertions": lambda n: docx(b"<w:p>" + _in(n, b"ins", b"<w:r><w:t>1</w:t></w:r>") + b"</w:p>"),
    "attributes": lambda n: docx(b"<w:p " + b" ".join(b'a%d="1"' % i for i in range(n)) + b"/>" + _p()),
    "boxes": lambda n: docx(b"<w:p>" + _BOXED % _p() * n + b"</w:p>"),
    "boxes in boxes": lambda n: docx(
        b"<w:p><w:r><w:pict><w:txbxContent>" * n + _p() + b"</w:txbxContent></w:pict></w:r></w:p>" * n
    ),
    "two drawings": lambda n: docx(
        b'<w:p xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006">'
        + b"<mc:AlternateContent><mc:Choice><w:r><w:t>1</w:t></w:r></mc:Choice><mc:Fallback>2</mc:Fallback></mc:AlternateContent>"
        * n
        + b"</w:p>"
    ),
    "lists": lambda n: docx(
        _p(before=_LISTED) * n, numbering=b'<w:abstractNum w:abstractNumId="0">' + _LEVEL + b"</w:abstractNum>" + _NUM
    ),
    "kinds of lists": lambda n: docx(
        _p(before=_LISTED),
        numbering=b'<w:abstractNum w:abstractNumId="0">'
        + _LEVEL
        + b"</w:abstractNum>"
        + b"".join(b'<w:num w:numId="%d"><w:abstractNumId w:val="0"/></w:num>' % i for i in range(n)),
    ),
    "levels of a list": lambda n: docx(
        _p(before=_LISTED) * 9, numbering=b'<w:abstractNum w:abstractNumId="0">' + _LEVEL * n + b"</w:abstractNum>" + _NUM
    ),
    "places in a number": lambda n: docx(
        _p(before=_LISTED) * 9,
        numbering=b'<w:abstractNum w:abstractNumId="0">' + _LEVEL.replace(b"%1", b"%1" * n) + b"</w:abstractNum>" + _NUM,
    ),
    "styles": lambda n: docx(
        _p(before=b'<w:pPr><w:pStyle w:val="s1"/></w:pPr>'),
        styles=b"".join(b'<w:style w:type="paragraph" w:styleId="s%d"/>' % i for i in range(n)),
    ),
    "styles on styles": lambda n: docx(
        _p(before=b'<w:pPr><w:pStyle w:val="s1"/></w:pPr>') * 9,
        styles=b"".join(
            b'<w:style w:type="paragraph" w:styleId="s%d"><w:basedOn w:val="s%d"/></w:style>' % (i, i + 1) for i in range(n)
        ),
    ),
    "a circle of styles": lambda n: docx(
        _p(before=b'<w:pPr><w:pStyle w:val="s"/></w:pPr>') * n,
        styles=b'<w:style w:type="paragraph" w:styleId="s"><w:basedOn w:val="s"/></w:style>',
    ),
    "footnotes": lambda n: docx(_p(), footnotes=(b"<w:footnote>" + _p() + b"</w:footnote>") * n),
    "fields": lambda n: docx(b"<w:p>" + b'<w:r><w:fldChar w:fldCharType="begin"/></w:r>' * n + b"</w:p>" + _p()),
    "tabs": lambda n: docx(b"<w:p>" + b"<w:r><w:tab/><w:t>1</w:t></w:r>" * n + b"</w:p>"),
    "parts": lambda n: packed({f"word/{i}.xml": b"" for i in range(n)}),
    "a bomb of blanks": lambda n: docx(_p(b" " * (100 * n))),
    "a part cut off": lambda n: packed({"word/document.xml": b"<w:document " + _W + b"><w:body>" + _p() * n}),
    "a part that is no XML": lambda n: packed({"word/document.xml": b"\0" * n}),
    "a part of UTF-16": lambda n: packed({"word/document.xml": ("<a>" + "一" * n + "</a>").encode("utf-16")}),
}


_COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def compound(directory: bytes, stream: bytes, table: Callable[[list[int]], list[int]] = list) -> bytes:
    """Return a compound file of Office 97: tables of sectors, one sector of a directory, and a stream that begins after it."""
    sectors = -(-len(stream) // 512)
    tables = (sectors + 130) // 127
    chain = [0xFFFFFFFD] * tables + [0xFFFFFFFE] + [*range(tables + 2, tables + 1 + sectors), 0xFFFFFFFE]
    numbers = (table(chain) + [0xFFFFFFFF] * 128 * tables)[: 128 * tables]
    version = (_COMPOUND, 0x3E, 3, 0xFFFE, 9, 6, 0, tables, tables, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
    head = struct.pack("<8s16xHHHHH6xIIIIIIIII", *version) + struct.pack(f"<{tables}I", *range(tables))
    own = struct.pack(f"<{len(numbers)}I", *numbers)
    return (
        head.ljust(512, b"\xff")
        + own
        + directory.replace(b"HERE", struct.pack("<I", tables + 1)).ljust(512, b"\0")
        + stream.ljust(512 * sectors, b"\0")
    )


def entry(name: str, kind: int, child: int = -1, size: int = 0) -> bytes:
    """Return an entry of a directory in a compound file."""
    text = name.encode("utf-16-le")
    about = (len(text) + 2, kind, 1, -1, -1, child)
    return text.ljust(64, b"\0") + struct.pack("<HBBiii", *about).ljust(52, b"\0") + b"HERE" + struct.pack("<Q", size)


_ROOT = entry("Root Entry", 5, child=1)


def _doc(n: int, characters: int, **more: Any) -> bytes:
    header = struct.pack("<HH", 0xA5EC, 0xC1).ljust(0x4C, b"\0") + struct.pack("<i", characters)
    return compound(_ROOT + entry("WordDocument", 2, size=512 * n + 5000), header.ljust(512 * n + 5000, b"1"), **more)


def _noise(stream: str, byte: bytes) -> Maker:
    return lambda n: _COMPOUND + f"{stream}\0".encode("utf-16-le") + byte * n


COMPOUND: dict[str, Maker] = {
    "doc without text": lambda n: _doc(n, 0),
    "doc with a claimed length": lambda n: _doc(n, 100_000_000),
    "doc with a negative length": lambda n: _doc(n, -1),
    "doc that claims what it has": lambda n: _doc(n, 100 * n),
    "doc in a circle": lambda n: _doc(n, 0, table=lambda chain: [chain[0]] * (len(chain) - 1) + [len(chain) - 2]),
    "doc whose directory is a circle": lambda n: _doc(n, 0, table=lambda chain: [max(0, at - 1) for at in range(len(chain))]),
    "doc of noise": _noise("WordDocument", b"\x55"),
    "doc of zeros": _noise("WordDocument", b"\0"),
    "xls of noise": _noise("Workbook", b"\x55"),
    "xls without sheets": lambda n: compound(_ROOT + entry("Workbook", 2, size=512 * n + 5000), b"\0" * (512 * n + 5000)),
    "xls of records": lambda n: compound(
        _ROOT + entry("Workbook", 2, size=4 * n + 5020),
        struct.pack("<HHHHHHII", 0x809, 16, 0x600, 5, 0, 0, 0, 0) + struct.pack("<HH", 0x5C, 0) * (n + 1250),
    ),
}

# --- workbooks ------------------------------------------------------------------------------------------------------------

_X = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_R = b'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'


def xlsx(rows: bytes, sheets: int = 1, behind: bytes = b"", **parts: bytes) -> bytes:
    """Return a workbook whose sheets have some rows."""
    listed = b"".join(b'<sheet name="s%d" sheetId="%d" r:id="r1"/>' % (i, i + 1) for i in range(sheets))
    kind = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
    relation = b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">%b</Relationships>'
    own = b'<Relationship Id="r%d" Type="' + kind + b'%b" Target="%b"/>'
    members = {
        "_rels/.rels": relation % (own % (1, b"officeDocument", b"xl/workbook.xml")),
        "xl/_rels/workbook.xml.rels": relation
        % (own % (1, b"worksheet", b"worksheets/sheet1.xml") + own % (2, b"sharedStrings", b"sharedStrings.xml")),
        "xl/workbook.xml": b"<workbook " + _X + b" " + _R + b"><sheets>" + listed + b"</sheets></workbook>",
        "xl/worksheets/sheet1.xml": b"<worksheet " + _X + b"><sheetData>" + rows + b"</sheetData>" + behind + b"</worksheet>",
    }
    return packed(members | {f"xl/{name}.xml": content for name, content in parts.items()})


def _row(number: int, cells: bytes) -> bytes:
    return b'<row r="%d">' % number + cells + b"</row>"


def ods(rows: bytes) -> bytes:
    """Return a workbook of OpenDocument."""
    names = b"".join(
        b' xmlns:%b="urn:oasis:names:tc:opendocument:xmlns:%b:1.0"' % (name, name) for name in (b"office", b"table", b"text")
    )
    content = b"<office:document-content" + names + b"><office:body><office:spreadsheet>" + rows
    content += b"</office:spreadsheet></office:body></office:document-content>"
    kind = b"application/vnd.oasis.opendocument.spreadsheet"
    manifest = b'<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'
    return packed({"mimetype": kind, "META-INF/manifest.xml": manifest, "content.xml": content})


def _table(rows: bytes) -> bytes:
    return b'<table:table table:name="a">' + rows + b"</table:table>"


_ODS_CELL = b'<table:table-cell office:value-type="string"><text:p>1</text:p></table:table-cell>'
WORKBOOKS: dict[str, Maker] = {
    "rows": lambda n: xlsx(b"".join(_row(i, b"<c><v>1</v></c><c><v>2</v></c>") for i in range(1, n + 1))),
    "cells in a row": lambda n: xlsx(_row(1, b"<c><v>1</v></c>" * n)),
    "a cell far away": lambda n: xlsx(_row(1, b'<c r="A1"><v>1</v></c>') + _row(n, b'<c r="XFD%d"><v>1</v></c>' % n)),
    "rows far apart": lambda n: xlsx(b"".join(_row(300 * i, b'<c r="A%d"><v>1</v></c>' % (300 * i)) for i in range(1, n + 1))),
    "a cell beyond all": lambda n: xlsx(_row(1, b'<c r="' + b"Z" * n + b'1"><v>1</v></c>')),
    "cells at one place": lambda n: xlsx(_row(1, b'<c r="A1"><v>1</v></c>' * n)),
    "merged cells": lambda n: xlsx(
        _row(1, b'<c r="A1"><v>1</v></c>'), behind=b"<mergeCells>" + b'<mergeCell ref="A1:XFD1048576"/>' * n + b"</mergeCells>"
    ),
    "sheets": lambda n: xlsx(_row(1, b'<c r="A1"><v>1</v></c>'), sheets=n),
    "shared strings": lambda n: xlsx(
        _row(1, b'<c r="A1" t="s"><v>0</v></c>'), sharedStrings=b"<sst " + _X + b">" + b"<si><t>1</t></si>" * n + b"</sst>"
    ),
    "pieces of a string": lambda n: xlsx(
        _row(1, b'<c r="A1" t="s"><v>0</v></c>'), sharedStrings=b"<sst " + _X + b"><si>" + b"<r><t>1</t></r>" * n + b"</si></sst>"
    ),
    "one string in many cells": lambda n: xlsx(
        b"".join(_row(i, b'<c t="s"><v>0</v></c>') for i in range(1, min(n, 5000) + 1)),
        sharedStrings=b"<sst " + _X + b"><si><t>" + b"1" * 1000 + b"</t></si></sst>",
    ),
    "formulas": lambda n: xlsx(b"".join(_row(i, b'<c r="A%d"><f>1+1</f></c>' % i) for i in range(1, n + 1))),
    "one long formula": lambda n: xlsx(_row(1, b'<c r="A1"><f>1' + b"+1" * n + b"</f></c>")),
    "cells without an end": lambda n: xlsx(_row(1, b'<c r="A1"><f>' * n)),
    "elements in elements": lambda n: xlsx(b"<x>" * n + b"</x>" * n),
    "a bomb of blanks": lambda n: xlsx(_row(1, b'<c r="A1"><v>1</v></c>') + b" " * (100 * n)),
    "ods rows": lambda n: ods(_table((b"<table:table-row>" + _ODS_CELL * 2 + b"</table:table-row>") * n)),
    "ods rows repeated": lambda n: ods(
        _table(b'<table:table-row table:number-rows-repeated="%d">' % (100 * n) + _ODS_CELL + b"</table:table-row>")
    ),
    "ods cells repeated": lambda n: ods(
        _table(
            b"<table:table-row>"
            + _ODS_CELL.replace(b"cell ", b'cell table:number-columns-repeated="%d" ' % (100 * n), 1)
            + b"</table:table-row>"
        )
    ),
    "ods rows and cells repeated": lambda n: ods(
        _table(
            b'<table:table-row table:number-rows-repeated="%d">' % n
            + _ODS_CELL.replace(b"cell ", b'cell table:number-columns-repeated="%d" ' % n, 1)
            + b"</table:table-row>"
        )
    ),
    "ods tables in tables": lambda n: ods(_in_ods(n)),
    "ods tables": lambda n: ods(_table(b"<table:table-row>" + _ODS_CELL + b"</table:table-row>") * n),
}


def _in_ods(n: int) -> bytes:
    return (
        b'<table:table table:name="a"><table:table-row><table:table-cell>' * n
        + b"</table:table-cell></table:table-row></table:table>" * n
    )


# --- pictures -------------------------------------------------------------------------------------------------------------


def png(width: int, height: int, rows: bytes, *more: bytes, interlaced: bool = False) -> bytes:
    """Return a picture of one bit a pixel, its rows as they are packed, behind some other chunks."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, interlaced))
    text = b"".join(chunk(b"tEXt", content) for content in more)
    return b"\x89PNG\r\n\x1a\n" + head + text + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")


def _white(width: int, height: int) -> bytes:
    return (b"\0" + b"\xff" * -(-width // 8)) * height


def tiff(entries: int, following: Callable[[int], int], directories: int = 1) -> bytes:
    """Return a picture of 9 by 9 pixels with some directories, each leading to another."""
    length = 2 + 12 * (6 + entries) + 4
    told = {256: 9, 257: 9, 258: 8, 262: 1, 273: 0, 279: 81}
    own = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in told.items())
    own += b"".join(struct.pack("<HHII", 300 + i % 60_000, 4, 1, 0) for i in range(entries))
    places = (8 + length * i for i in map(following, range(directories)))
    return (
        b"II*\0\x08\0\0\0"
        + b"".join(
            struct.pack("<H", (6 + entries) % 65536) + own + struct.pack("<I", place if place < 8 + length * directories else 0)
            for place in places
        )
        + b"\xff" * 81
    )


PICTURES: dict[str, Maker] = {
    "a large PNG": lambda n: png(side := 10 * isqrt(n), side, _white(side, side)),
    "a long PNG": lambda n: png(8, n, _white(8, n)),
    "a wide PNG": lambda n: png(n, 8, _white(n, 8)),
    "a size that is claimed": lambda n: png(100 * n, 100 * n, b""),
    "texts in a PNG": lambda n: png(9, 9, _white(9, 9), *[b"a\0b"] * n),
    "a bomb of text in a PNG": lambda n: png(9, 9, _white(9, 9), b"a\0" + b"b" * (100 * n)),
    "a bomb behind the rows": lambda n: png(9, 9, _white(9, 9) + b"\0" * (100 * n)),
    "PNG cut off": lambda n: png(side := 10 * isqrt(n), side, _white(side, side))[:-20],
    "an interlaced PNG": lambda n: png(n, 9, _white(n, 30), interlaced=True),
    "pages of TIFF": lambda n: tiff(0, lambda i: i + 1, n),
    "a circle of TIFF": lambda n: tiff(0, lambda i: 0, n),  # noqa: ARG005
    "tags of TIFF": lambda n: tiff(min(n, 60_000), lambda i: i + 1),
    "a BMP that is claimed": lambda n: b"BM" + struct.pack("<IIIIiiHHIIiiII", 54, 0, 54, 40, n, n, 1, 24, 0, 0, 0, 0, 0, 0),
    "marks of JPEG": lambda n: b"\xff\xd8" + b"\xff\xe0\0\x02" * n,
    "a JPEG of noise": lambda n: b"\xff\xd8\xff\xe0" + b"\x55" * n,
    "frames of GIF": lambda n: b"GIF89a\x09\0\x09\0\0\0\0" + b",\0\0\0\0\x09\0\x09\0\0\x02\x02\x44\x01\0" * n + b";",
    "lines and lines": lambda n: png(1000, n, (b"\0" + b"\x55" * 125) * n),
    "rulings": lambda n: png(1000, n, (b"\0" + b"\xff" * 125 + b"\0" * 126) * (n // 2 + 1)),
}

#: Every input by its format.
INPUTS: dict[str, Maker] = {
    f"{kind}: {name}": make
    for kind, makers in {
        "page": TEXTS,
        "mhtml": WEB_ARCHIVES,
        "encoding": ENCODINGS,
        "markdown": MARKDOWN,
        "csv": SEPARATED,
        "pdf": PDFS,
        "packed": PACKED,
        "docx": WORD,
        "compound": COMPOUND,
        "workbook": WORKBOOKS,
        "picture": PICTURES,
    }.items()
    for name, make in makers.items()
}
# --- what becomes of them -------------------------------------------------------------------------------------------------


class Outcome(NamedTuple):
    """What became of an input: ``read``, or the error; in how many seconds of the processor, and in how many bytes of memory."""

    what: str
    seconds: float
    memory: int


def outcome(content: bytes) -> Outcome:
    """Read an input in this process; on Linux the memory is what it took at most while it was read."""
    status = Path("/proc/self/status")
    if status.exists():
        Path("/proc/self/clear_refs").write_text("5")  # the most of memory counts anew
    started = time.process_time()
    what = "read"
    try:
        govstats.read(content)
    except govstats.GovstatsError as error:
        what = type(error).__name__
    seconds = time.process_time() - started
    most = status.read_text().partition("VmHWM:")[2].split()[0] if status.exists() else 0
    return Outcome(what, seconds, 1000 * int(most))


def read_apart(content: bytes) -> Outcome:
    """Read an input in another process, which may end."""
    from govstats.panel.reading import in_a_process

    with limits(seconds=60):
        return in_a_process("the input", outcome, content)


def sized(make: Maker, size: int) -> bytes:
    """Return an input of about so many bytes, or of a million pieces."""
    pieces = 1000
    while len(content := make(pieces)) < size and pieces < 1_000_000:
        pieces *= 2
    return content


def main() -> None:
    parser = argparse.ArgumentParser(description="Read hostile inputs and say what became of each.")
    parser.add_argument("--bytes", type=int, default=1_000_000)
    parser.add_argument("--only", default="", help="a part of the names")
    options = parser.parse_args()
    say = sys.stdout.write
    slow = dead = 0
    for name, make in INPUTS.items():
        if options.only not in name:
            continue
        content = sized(make, options.bytes)
        try:
            one = read_apart(content)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told
            one = Outcome(f"{type(error).__name__} {error}"[:300], 0, 0)
            dead += 1
        slow += one.seconds > 20 or one.memory > 1e9
        say(f"{name:45} {len(content):12,} bytes {one.seconds:7.2f} s {one.memory / 1e6:7.0f} MB  {one.what}\n")
        sys.stdout.flush()
    say(f"{len(INPUTS)} inputs, {dead} that ended otherwise, {slow} beyond 20 s or 1 GB\n")


if __name__ == "__main__":
    main()
