"""What a user can do wrong, in one family, and sentences that a report tells in its language.

Belongs here: the exceptions that the command line and the notebooks show without a traceback.
Does not belong here: bugs. They stay ordinary exceptions and show themselves.
"""

from __future__ import annotations

from collections.abc import Callable

INSTALL = "Install what the lock pins: pip install -r requirements.lock"  # mends a missing package


class Sentence:
    """A text with fields in braces and their values, told in a language when that is known.

    Parameters
    ----------
    text
        In English.
    values
        Of the fields; a tuple holds texts to be listed.
    """

    def __init__(self, text: str, **values: object) -> None:
        self.text, self.values = text, values

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sentence) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash((self.text, frozenset(self.values.items())))

    def told(self, translated: Callable[[str], str] = str) -> str:
        """Return it with the text, and the texts that it lists, translated."""
        values = {
            name: ", ".join(map(translated, value)) if isinstance(value, tuple) else value
            for name, value in self.values.items()
        }
        return translated(self.text).format(**values)


class UserError(Exception):
    """A mistake the user can mend: what is wrong, where, and how to mend it.

    Parameters
    ----------
    what
        What was expected and what was found, without a final full stop.
    where
        File, table, column, row or parameter; empty where there is none to name.
    mend
        What the user can do about it.
    """

    def __init__(self, what: str, *, where: str = "", mend: str = "") -> None:
        self.what, self.where, self.mend = what, where, mend
        super().__init__(str(self))

    def __str__(self) -> str:
        """Return the whole message on one line: ``where: what. mend.``."""
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text}. {self.mend}" if self.mend else text


class NoEstimateError(UserError):
    """What data cannot answer; reports say so in their language.

    Parameters
    ----------
    what
        As of :class:`UserError`, with fields in braces: a :class:`Sentence`.
    where, mend
        As of :class:`UserError`.
    values
        Of the fields.
    """

    def __init__(self, what: str, *, where: str = "", mend: str = "", **values: object) -> None:
        self._sentence = Sentence(what, **values)
        super().__init__(self._sentence.told(), where=where, mend=mend)

    def told(self, translated: Callable[[str], str]) -> str:
        """Return what is wrong in another language."""
        return self._sentence.told(translated)
