"""What a reading has to say beside its cells, in both languages."""

from __future__ import annotations

from govstats.files import package_data
from govstats.forms import Table
from govstats.report import Note


def messages() -> dict[str, dict[str, str]]:
    """Return for each kind of note its sentence in Chinese (``zh``) and in English (``en``)."""
    return package_data("recognition/notes.toml")


def note(
    kind: str,
    table: Table | None = None,
    line: str = "",
    column: str = "",
    *,
    printed: str = "",
    place: str = "",
    page: int | None = None,
    **details: object,
) -> Note:
    """Compose a note.

    Parameters
    ----------
    kind : str
        One of `messages`.
    table, line, column
        What it is about; an id that the form does not list stands for itself.
    printed, place, page
        What stands in the document, and where.
    **details
        Whatever else the sentences name.
    """
    known = {"table": table, "line": table.line.get(line), "column": table.column.get(column)} if table else {}
    sentences = []
    for language, template in messages()[kind].items():
        labels = {"table": "", "line": line, "column": column}
        labels |= {part: getattr(label, language) for part, label in known.items() if label}
        sentences.append(template.format(**labels, printed=printed, place=place, page=page, **details))
    chinese, english = sentences
    return Note(kind, chinese, english, table.id if table else "", line, column, printed, page, place)
