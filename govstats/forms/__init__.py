"""The statutory forms as data, one file a version, and the loader that checks them."""

from govstats.forms.form import (
    Band,
    Bilingual,
    CellKey,
    Column,
    Edit,
    Form,
    Label,
    Language,
    Line,
    Table,
    form,
    form_of_year,
    known_language,
    load_form,
    versions,
)

__all__ = [
    "Band",
    "Bilingual",
    "CellKey",
    "Column",
    "Edit",
    "Form",
    "Label",
    "Language",
    "Line",
    "Table",
    "form",
    "form_of_year",
    "known_language",
    "load_form",
    "versions",
]
