"""The report's language: English as it stands in the source, Danish from one gettext catalogue.

The English text is the key (msgid), for short labels and for whole Markdown cells alike. A text
without a translation stays English, so that a report never fails for it; a test finds such texts.
``tools/translate.py`` keeps the catalogue in step with the sources.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from clusterstudy.errors import NoEstimateError, UserError

LOCALES = {"da": "da_DK", "en": "en_GB"}
CATALOGUE = Path(__file__).parent / "locale" / "da.po"

_language = "en"


def use(lang: str) -> None:
    """Make ``lang``, ``da`` or ``en``, the language of all texts and numbers from here on.

    Raises
    ------
    UserError
        If reports are not written in that language.
    """
    global _language
    if lang not in LOCALES:
        raise UserError(f"unknown language {lang!r}", mend=f"Allowed: {', '.join(LOCALES)}")
    _language = lang


def current() -> str:
    """Return the language in use."""
    return _language


def locale() -> str:
    """Return the language in use with its country, as Babel names it."""
    return LOCALES[_language]


def _(text: str) -> str:
    """Return ``text`` in the language in use."""
    return text if _language == "en" else _danish().get(text) or text


def later(text: str) -> str:
    """Mark a constant for translation, which happens where it is used, by ``_(constant)``."""
    return text


def said(error: UserError) -> str:
    """Return why there is no answer, in the language in use where it is a text for reports."""
    return error.told(_) if isinstance(error, NoEstimateError) else error.what


@cache
def _danish() -> dict[str, str]:
    from babel.messages.pofile import read_po

    with CATALOGUE.open("rb") as file:
        catalogue = read_po(file, locale="da")
    return {
        str(message.id): str(message.string)
        for message in catalogue
        if message.id and not message.fuzzy
    }
