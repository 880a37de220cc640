"""Inputs that cost a careless reader more than they are long, each of a given number of pieces."""

from __future__ import annotations

from collections.abc import Callable


def nested_forms(depth: int, copies: int) -> bytes:
    """Return a PDF with one page that draws a form, which draws the next one so many times, and so on: pdfium expands all."""
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] /Resources << /XObject << /F 5 0 R >> >> /Contents 4 0 R >>",
        "<< /Length 5 >>\nstream\n/F Do\nendstream",
    ]
    objects += [
        f"<< /Type /XObject /Subtype /Form /BBox [0 0 200 200] /Resources << /XObject << /F {following} 0 R >> >>"
        f" /Length {6 * copies} >>\nstream\n{'/F Do ' * copies}\nendstream"
        for following in range(6, 5 + depth)
    ]
    objects.append("<< /Type /XObject /Subtype /Form /BBox [0 0 200 200] /Length 12 >>\nstream\n0 0 9 9 re f \nendstream")
    body = "".join(f"{number} 0 obj\n{text}\nendobj\n" for number, text in enumerate(objects, start=1))
    return f"%PDF-1.4\n{body}trailer << /Size {len(objects) + 1} /Root 1 0 R >>\n%%EOF".encode()


TEXTS: dict[str, Callable[[int], bytes]] = {
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
