"""How large and how branching is the package?

    python benchmarks/size.py [--files]

A line of code has something else on it than a comment or a docstring. A branch is an ``if``, ``for``, ``while``, ``except``,
comprehension, conditional or boolean expression; its share is that of all statements.
"""

from __future__ import annotations

import argparse
import ast
import io
import tokenize
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

PACKAGE = Path(__file__).resolve().parent.parent / "govstats"
#: What reading tables takes: documents and recognition without prose and identity.
NOT_TABLES = {"claims.py", "sentences.py", "identity.py"}
BRANCHES = (ast.If, ast.For, ast.While, ast.ExceptHandler, ast.comprehension, ast.IfExp, ast.BoolOp)
NO_CODE = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
}


class Size(NamedTuple):
    """Lines of code, modules, statements and branches of some files."""

    code: int = 0
    modules: int = 0
    statements: int = 0
    branches: int = 0

    def __str__(self) -> str:
        share = self.branches / max(self.statements, 1)
        return f"{self.code:7,} lines of code {self.modules:4} modules {share:6.2f} branches a statement"


def of_file(path: Path) -> Size:
    """Measure a module."""
    source = path.read_text("utf-8")
    nodes = list(ast.walk(ast.parse(source)))
    texts = (node.value for node in nodes if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
    docstrings = {
        line for text in texts if isinstance(text.value, str) for line in range(text.lineno, (text.end_lineno or 0) + 1)
    }
    tokens = (token for token in tokenize.generate_tokens(io.StringIO(source).readline) if token.type not in NO_CODE)
    lines = {line for token in tokens for line in range(token.start[0], token.end[0] + 1)} - docstrings
    statements = sum(isinstance(node, ast.stmt) for node in nodes)
    return Size(len(lines), 1, statements, sum(isinstance(node, BRANCHES) for node in nodes))


def total(sizes: Iterable[Size]) -> Size:
    """Add sizes up."""
    return Size(*(sum(part) for part in zip(*sizes, strict=True)))


def main() -> None:
    """Print the sizes of rooms and of the package."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", action="store_true", help="list every module too")
    arguments = parser.parse_args()
    sizes = {path: of_file(path) for path in sorted(PACKAGE.rglob("*.py"))}
    rooms: dict[str, list[Size]] = {}
    for path, size in sizes.items():
        rooms.setdefault(path.relative_to(PACKAGE).parts[0] if path.parent != PACKAGE else "(top)", []).append(size)
        if arguments.files:
            print(f"{size}  {path.relative_to(PACKAGE)}")
    for room, of_room in rooms.items():
        print(f"{total(of_room)}  {room}")
    tables = [s for p, s in sizes.items() if p.parent.name in {"documents", "recognition"} and p.name not in NOT_TABLES]
    print(f"{total(tables)}  documents and recognition without prose and identity")
    print(f"{total(sizes.values())}  govstats")


if __name__ == "__main__":
    main()
