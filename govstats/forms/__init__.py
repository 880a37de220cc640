"""The statutory forms as data, one file a version, and the loader that checks them."""

from govstats.forms.form import (
    ONE_FEN,
    Band,
    CellKey,
    Column,
    Edit,
    Form,
    Label,
    Language,
    Line,
    Table,
    expanded,
    form,
    form_of_year,
    known_language,
    load_form,
    versions,
)

__all__ = [
    "ONE_FEN",
    "Band",
    "CellKey",
    "Column",
    "Edit",
    "Form",
    "Label",
    "Language",
    "Line",
    "Table",
    "expanded",
    "form",
    "form_of_year",
    "known_language",
    "load_form",
    "versions",
]
