"""Numbers, amounts, dates and intervals as a Danish or English reader expects them.

Every function writes in the language in use (:mod:`clusterstudy.report.language`) and writes a
missing value as an en dash. Spaces inside a number and its unit do not break across lines.
"""

from __future__ import annotations

import datetime
from functools import cache
from typing import Any

import pandas as pd
from babel.dates import format_date
from babel.numbers import get_decimal_symbol, get_group_symbol

from clusterstudy.report.language import _, locale

MISSING = "–"
NBSP = "\u00a0"


def number(value: Any, digits: int = 0) -> str:
    """Return ``1.234,5`` (da) or ``1,234.5`` (en), with a minus sign rather than a hyphen."""
    if pd.isna(value):
        return MISSING
    rounded = round(float(value), digits) + 0.0  # no negative zero
    return f"{rounded:,.{digits}f}".replace("inf", "∞").translate(_symbols(locale()))


def percent(share: Any, digits: int = 1, *, unit: bool = True) -> str:
    """Return a share such as 0.032 as ``3,2 pct.`` (da) or ``3.2 %`` (en).

    Parameters
    ----------
    unit
        Whether the unit stands behind; not where a heading or an axis names it.
    """
    return _with_unit(_hundredfold(share), digits, _("%") if unit else "")


def whole_percent(share: Any) -> str:
    """Return a share such as 0.032 as ``3 pct.`` (da) or ``3 %`` (en)."""
    return percent(share, 0)


def points(difference: Any, digits: int = 1, *, unit: bool = True) -> str:
    """Return a difference of shares such as 0.02 as ``2,0 pct.point`` or ``2.0 pp``."""
    return _with_unit(_hundredfold(difference), digits, _("pp") if unit else "")


def kroner(thousand: Any, digits: int = 1) -> str:
    """Return an amount in DKK thousand as ``1.234,5 mio. kr.``, below a million as ``850.000 kr.``.

    Parameters
    ----------
    thousand
        The amount in DKK thousand, the unit of all money in the contract.
    digits
        Decimals of millions.
    """
    if pd.isna(thousand):
        return MISSING
    if abs(thousand) < 1000:
        return _("DKK {amount}").format(amount=number(thousand * 1000)).replace(" ", NBSP)
    amount = number(thousand / 1000, digits)
    return _("DKK {amount} million").format(amount=amount).replace(" ", NBSP)


def date(value: Any) -> str:
    """Return a date, or text such as ``2026-03-12``, as ``12. marts 2026`` or ``12 March 2026``."""
    if pd.isna(value):
        return MISSING
    day = datetime.date.fromisoformat(value) if isinstance(value, str) else value
    return format_date(day, "long", locale()).replace(" ", NBSP)


def month(value: Any) -> str:
    """Return the month of a date as ``marts 2026`` or ``March 2026``."""
    if pd.isna(value):
        return MISSING
    return format_date(value, "MMMM y", locale()).replace(" ", NBSP)


def interval(low: Any, high: Any, digits: int = 1, *, share: bool = False) -> str:
    """Return ``[1,1; 5,3]``, in the unit that stands before it.

    Parameters
    ----------
    share
        Whether the bounds are shares, to be written in percent.
    """
    if pd.isna(low) or pd.isna(high):
        return MISSING
    bounds = (_hundredfold(bound) if share else bound for bound in (low, high))
    return "[{}; {}]".format(*(number(bound, digits) for bound in bounds)).replace(" ", NBSP)


def whole_interval(low: Any, high: Any) -> str:
    """Return ``[1; 5]``, in the unit that stands before it."""
    return interval(low, high, 0)


def whole_percent_interval(low: Any, high: Any) -> str:
    """Return the interval of a share, ``[1; 5]``, in the percent that stand before it."""
    return interval(low, high, 0, share=True)


@cache
def _symbols(locale: str) -> dict[int, str]:
    """Return what the signs of a number in Python's notation become."""
    signs = {",": get_group_symbol(locale), ".": get_decimal_symbol(locale), "-": "\u2212"}
    return str.maketrans(signs)


def _hundredfold(share: Any) -> Any:
    return share if pd.isna(share) else share * 100


def _with_unit(value: Any, digits: int, unit: str) -> str:
    written = number(value, digits)
    return f"{written}{NBSP}{unit}" if unit and written != MISSING else written
